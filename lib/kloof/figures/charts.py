"""The charts of a report, one function per kind of figure: statistics by seaborn, the rest on its plain axes.

Each takes a Drawing whose table has the columns that `kloof.figures.draw.NEEDS` names and gives a figure.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from kloof.errors import ReportError
from kloof.figures.canvas import (
    COLOURS,
    FOCUS,
    GREY,
    INK,
    LETTER_COLOURS,
    NARROW,
    PALE,
    REST,
    WIDTH,
    Drawing,
    Hand,
    Mark,
    from_zero,
    key,
    key_height,
    letter,
    limits,
    name_breaks,
    name_halves,
    panel,
    row_panel,
    scale,
    sheet,
    year_axis,
)
from kloof.figures.labels import LINE, room_between, spread, swarm, wide, wrap
from kloof.findings import VERDICTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_DOT: Mark = {"marker": "o", "markersize": 9.0, "markeredgewidth": 1.6}
ON_LIST: Mark = {**_DOT, "color": FOCUS}
OFF_LIST: Mark = {**_DOT, "color": REST, "markerfacecolor": "white"}
RANGE: Mark = {"linestyle": "-", "linewidth": 5.0, "color": "#C4C4C4", "solid_capstyle": "butt"}
TREND: Mark = {"linestyle": "-", "linewidth": 1.8, "color": GREY}
MEDIAN: Mark = {"marker": "|", "markersize": 13.0, "markeredgewidth": 2.4, "color": INK}
_LINES = ["focus", "rest"]
_TALL = 250.0  # of the panel with both lines
DISTANCE = "#F3D08A"
DASHED = (0, (1.5, 1.5))
FACES = dict.fromkeys(VERDICTS, "#BDBDBD") | {"SUPPORTED": INK, "CONTRADICTED": "white"}
SIGNS = dict.fromkeys(VERDICTS, "") | {"NEGLIGIBLE": "≈", "UNDECIDED": "?", "NOT_TESTABLE": "–"}


def stretches(rows: pd.DataFrame, values: Sequence[str]) -> "pd.Series[int]":
    """Give each row the number of its piece; a break, a bridge or a year without a value starts a new one."""
    empty = rows[list(values)].isna().any(axis=1)
    return (rows["link"].isin(["broken", "bridged"]) | empty | empty.shift(fill_value=False)).cumsum()


def series(axes: "Axes", rows: pd.DataFrame, value: str, colour: str) -> None:
    """Draw one line over the years, piece by piece; a bridged break is dashed, any other break is a gap."""
    import seaborn as sns

    pieces = rows.assign(piece=stretches(rows, [value])).dropna(subset=[value])
    style = {"color": colour, "marker": "o", "markersize": 8}
    sns.lineplot(pieces, x="year", y=value, units="piece", estimator=None, ax=axes, **style)
    for before, after in pairwise(rows.to_dict("records")):
        if after["link"] == "bridged":
            years, ends = [before["year"], after["year"]], [before[value], after[value]]
            axes.plot(years, ends, color=colour, linestyle=DASHED, zorder=1)


def ranges(axes: "Axes", rows: pd.DataFrame, low: str, high: str) -> None:
    """Draw low–high through the point of each year; a range that is not known is left out."""
    known = rows.dropna(subset=[low, high])
    axes.vlines(known["year"], known[low], known[high], color=str(RANGE["color"]), linewidth=5, zorder=1)


def _dots(axes: "Axes", rows: pd.DataFrame, size: float) -> None:
    """Draw a dot per buurt at value and place: rest open, focus filled and on top."""
    import seaborn as sns

    for group, face, order in (("rest", "white", 3), ("focus", FOCUS, 4)):
        part = rows[rows["group"] == group]
        style = {
            "color": face,
            "edgecolor": COLOURS[group],
            "s": size**2,
            "linewidth": size / 6,
            "zorder": order,
        }
        sns.scatterplot(part, x="value", y="place", ax=axes, **style)


def gap_lines(drawing: Drawing) -> "Figure":
    """Draw focus and rest with the gap shaded and named at both ends; below, the gap with its range."""
    rows = drawing.rows.sort_values("year", ignore_index=True)
    names = {group: wrap(drawing.word("group", group), 120, bold=True) for group in COLOURS}
    left = max(60.0, wide(drawing.bare(-rows[["focus", "rest", "gap"]].abs().max().max(), 1)) + 18)
    width = WIDTH - left - max(wide(text, bold=True) for text in names.values()) - 18
    breaks = [
        ((before["year"] + after["year"]) / 2, drawing.word("link", after["link"]))
        for before, after in pairwise(rows.to_dict("records"))
        if after["link"] in ("broken", "bridged")
    ]
    halves = _halves(rows, drawing.options.get("before_until"))
    rooms = _gap_rooms(drawing, rows, width, [year for year, _ in breaks] + ([sum(halves) / 2] if halves else []))
    top = 40 + LINE * (bool(breaks) + bool(halves) + any(room is None for *_, room in rooms))
    figure = sheet(top + _TALL + 72 + 150 + 34)
    upper, lower = panel(figure, left, top, width, _TALL), panel(figure, left, top + _TALL + 72, width, 150)
    for group, colour in COLOURS.items():
        series(upper.axes, rows, group, colour)
    for _, piece in rows.groupby(stretches(rows, _LINES)):
        upper.axes.fill_between(piece["year"], piece["focus"], piece["rest"], color=PALE, zorder=0, lw=0)
    ends = rows[rows["year"].isin([year for year, *_ in rooms])]
    upper.axes.vlines(ends["year"], ends["focus"], ends["rest"], color=INK, linewidth=1.2, zorder=2)
    series(lower.axes, rows, "gap", INK)
    ranges(lower.axes, rows, "gap_low", "gap_high")
    upper.axes.set_ylim(limits(rows[_LINES]))
    lower.axes.set_ylim(limits(rows[["gap", "gap_low", "gap_high"]]))
    for place in (upper, lower):
        year_axis(place, list(rows["year"]))
        scale(drawing, place, "y")
        if place.axes.get_ylim()[0] < 0 < place.axes.get_ylim()[1]:
            place.axes.axhline(0, color=GREY, linewidth=1.2, zorder=0)
        for year, _ in breaks:
            place.axes.axvline(year, color=GREY, linewidth=1, linestyle=(0, (2, 3)), zorder=0)
    letter(figure, (8, 15), drawing.axis("axis", "level"))
    letter(figure, (8, top + _TALL + 46), drawing.axis("axis", "gap", change=True))
    row = name_breaks(upper, breaks, 36 + LINE / 2)
    if halves:
        row = name_halves(drawing, (upper, lower), halves, row)
    for end, (year, text, room) in enumerate(rooms):
        if room is None:  # above the lines, over its own year
            letter(figure, (upper.across(year), row), text, Hand("center"))
            continue
        side, x = ("right", upper.across(year) - 8) if end else ("left", upper.across(year) + 8)
        letter(figure, (x, top + room), text, Hand(side))
    last = {group: rows[group].dropna().iloc[-1] for group in COLOURS}
    places = spread([upper.down(value) for value in last.values()], 2 * LINE + 4, top, top + _TALL)
    for (group, text), y in zip(names.items(), places, strict=True):
        letter(figure, (left + width + 10, y), text, Hand("left", LETTER_COLOURS[group], bold=True))
    return figure


def _halves(rows: pd.DataFrame, until: int | None) -> tuple[int, int] | None:
    """Give the last year in the table up to `until` and the first after it; None when it does not divide them."""
    if until is None or not rows["year"].min() <= until < rows["year"].max():
        return None
    return int(rows.loc[rows["year"] <= until, "year"].max()), int(rows.loc[rows["year"] > until, "year"].min())


def _gap_rooms(
    drawing: Drawing, rows: pd.DataFrame, width: float, marks: Sequence[float]
) -> list[tuple[int, str, float | None]]:
    """Name the gap at both ends of the longest stretch without a break.

    Gives year, text, and how far below the top it fits between lines and beside marks.
    """
    pieces = [piece for _, piece in rows.groupby(stretches(rows, _LINES)) if piece["gap"].notna().all()]
    (low, high), first, last = limits(rows[_LINES]), rows["year"].min(), rows["year"].max()
    rooms: list[tuple[int, str, float | None]] = []
    whole = max(pieces, key=len, default=None)
    for piece, end in ((whole, 0), (whole, -1)) if whole is not None else ():
        year, gap = int(piece["year"].iloc[end]), drawing.write(abs(piece["gap"].iloc[end]), change=True)
        text = drawing.say(("gap_lines", "gap"), {"value": gap})
        along = (piece["year"].to_numpy() - first + 0.5) / (last - first + 1) * width
        apart = [abs(mark - year) / (last - first + 1) * width for mark in marks if (mark < year) == (end < 0)]
        sides = (high - piece[_LINES].to_numpy()) / (high - low) * _TALL
        room = room_between(along, sides.min(axis=1), sides.max(axis=1), text, at_end=end < 0)
        room = room if min(apart, default=width) > wide(text) + 12 else None
        if year not in [named for named, *_ in rooms]:
            rooms.append((year, text, room))
    return rooms


def ranked_dots(drawing: Drawing) -> "Figure":
    """Draw one dot per buurt from low to high: focus filled and always named, the city mean as a line."""
    rows = drawing.rows.dropna(subset=["value"]).sort_values(["value", "area"], ignore_index=True)
    items = [([ON_LIST], drawing.word("one", "focus")), ([OFF_LIST], drawing.word("one", "rest"))]
    header = 30 + key_height(items) + LINE * 2 + 8
    names = [drawing.narrator.area(code) for code in rows["area"]]
    place, rows["place"] = row_panel(names, list(rows["group"] == "focus"), header, 34)
    pitch = place.height / len(rows)
    axes, size = place.axes, min(9.0, max(4.0, pitch * 0.8))
    axes.set_xlim(limits(rows[["value", "low", "high"]]))
    start = axes.get_xlim()[0]
    axes.hlines(rows["place"], start, rows["value"], color=PALE, linewidth=min(1.0, pitch / 8), zorder=0)
    known = rows.dropna(subset=["low", "high"])
    axes.hlines(known["place"], known["low"], known["high"], color="#C4C4C4", linewidth=size / 2, zorder=1)
    _dots(axes, rows, size)
    scale(drawing, place, "x")
    axes.tick_params(top=True, labeltop=True)
    letter(place.figure, (8, 15), drawing.axis("axis", "level"))
    key(place.figure, 30, items)
    mean = drawing.options.get("city_mean")
    if mean is not None:
        axes.axvline(mean, color=INK, linewidth=1.4, zorder=2)
        text = drawing.say(("ranked_dots", "mean"), {"value": drawing.write(mean)})
        x = min(max(place.across(mean), wide(text) / 2 + 8), WIDTH - 8 - wide(text) / 2)
        letter(place.figure, (x, header - 8 - LINE * 1.5), text, Hand("center"))
    return place.figure


def distribution(drawing: Drawing) -> "Figure":
    """Draw a strip of dots per year, one per buurt, with the middle half and the median below it."""
    rows = drawing.rows.dropna(subset=["value"])
    years = sorted(set(rows["year"]))
    items = [([ON_LIST], drawing.word("one", "focus")), ([OFF_LIST], drawing.word("one", "rest"))]
    items.append(([RANGE, MEDIAN], drawing.word("distribution", "half")))
    header, left = 30 + key_height(items) + 12, 64.0
    pitch = 104.0 if rows.groupby("year").size().max() <= 80 else 150.0
    height = pitch * len(years)
    place = panel(sheet(header + height + 34), left, header, WIDTH - left - 16, height)
    axes = place.axes
    axes.set_ylim(height, 0)
    axes.set_xlim(limits(rows[["value"]]))
    spots = [[place.across(value) for value in rows.loc[rows["year"] == year, "value"]] for year in years]
    for size in (9.0, 7.0, 5.5, 4.5, 3.5, 2.5):
        away = [swarm(spot, size + 0.6) for spot in spots]
        if (widest := max(abs(step) for steps in away for step in steps)) < pitch / 2 - 17:
            break
    squeeze = min(1.0, (pitch / 2 - 17) / widest) if widest else 1.0
    for index, year in enumerate(years):
        strip, base = rows[rows["year"] == year], (index + 1) * pitch
        middle = base - pitch / 2 - 12
        _dots(axes, strip.assign(place=[middle + step * squeeze for step in away[index]]), size)
        low, median, high = strip["value"].quantile([0.25, 0.5, 0.75])
        axes.hlines(base - 12, low, high, color=str(RANGE["color"]), linewidth=6, zorder=2)
        axes.plot(median, base - 12, **MEDIAN, zorder=3)
        axes.axhline(base, color=GREY, linewidth=0.6)
        letter(place.figure, (left - 10, header + base - pitch / 2), str(year), Hand("right", bold=True))
    axes.set_yticks([])
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.axis("axis", "level"))
    key(place.figure, 30, items)
    return place.figure


def slope(drawing: Drawing) -> "Figure":
    """Draw focus against rest over two or more years, both lines named and valued at their ends."""
    import seaborn as sns

    rows = drawing.rows.dropna(subset=["value"]).sort_values("year")
    parts = {group: rows[rows["group"] == group] for group in COLOURS if (rows["group"] == group).any()}
    starts = {group: drawing.write(part["value"].iloc[0]) for group, part in parts.items()}
    names = {group: wrap(drawing.group(group), 130, bold=True) for group in parts}
    finishes = {group: f"{drawing.write(part['value'].iloc[-1])}\n{names[group]}" for group, part in parts.items()}
    left = max(wide(text, bold=True) for text in starts.values()) + 22
    width = WIDTH - left - max(wide(text, bold=True) for text in finishes.values()) - 24
    place = panel(sheet(36 + 300 + 34), left, 36, width, 300)
    axes, style = place.axes, {"estimator": None, "marker": "o", "markersize": 9, "legend": False}
    sns.lineplot(rows, x="year", y="value", hue="group", palette=COLOURS, ax=axes, **style)
    ranges(axes, rows, "low", "high")
    axes.set_ylim(limits(rows[["value", "low", "high"]]))
    year_axis(place, list(rows["year"]))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    letter(place.figure, (8, 15), drawing.axis("axis", "level"))
    for texts, at, lines in ((starts, 0, 1), (finishes, -1, 3)):
        x, align, half = (left - 6, "right", LINE / 2) if at == 0 else (left + width + 6, "left", LINE * lines / 2 + 3)
        wanted = [place.down(part["value"].iloc[at]) for part in parts.values()]
        for group, y in zip(parts, spread(wanted, 2 * half, 36 + half, 336 - half), strict=True):
            letter(place.figure, (x, y), texts[group], Hand(align, LETTER_COLOURS[group], bold=True))
    return place.figure


def event_study(drawing: Drawing) -> "Figure":
    """Draw the gap per year with its range, the first period's trend on, the distance from it as a bar."""
    import seaborn as sns

    rows = drawing.rows.sort_values("year", ignore_index=True)
    before, since = rows[rows["period"] == "before"], rows[rows["period"] == "since"]
    if before.empty or since.empty:
        raise ReportError(f"figure {drawing.name} needs years of both periods, before and since.")
    until = int(before["year"].max())
    trend = drawing.say(("event_study", "trend"), {"year": str(until)})
    items = [([RANGE, {**_DOT, "color": INK}], drawing.word("event_study", "gap")), ([TREND], trend)]
    items.append(([{"marker": "s", "markersize": 13, "color": DISTANCE}], drawing.word("event_study", "bar")))
    label = wrap(drawing.gap_label(), NARROW - 16)
    above = 8 + LINE * (label.count("\n") + 1)
    top = above + key_height(items, NARROW) + LINE + 10
    left = max(60.0, wide(drawing.bare(-rows[["gap", "trend"]].abs().max().max(), 1)) + 18)
    place = panel(sheet(top + _TALL + 34, NARROW), left, top, NARROW - left - 16, _TALL)
    axes, style = place.axes, {"estimator": None, "color": INK, "marker": "o", "markersize": 9, "zorder": 4}
    axes.bar(
        since["year"],
        since["gap"] - since["trend"],
        bottom=since["trend"],
        width=0.5,
        color=DISTANCE,
        zorder=0,
    )
    axes.plot(before["year"], before["trend"], color=GREY, linewidth=1.8, zorder=3)
    drawn_on = rows[rows["year"] >= until]
    axes.plot(drawn_on["year"], drawn_on["trend"], color=GREY, linewidth=1.8, linestyle=DASHED, zorder=3)
    for part in (before, since):
        sns.lineplot(part.dropna(subset=["gap"]), x="year", y="gap", ax=axes, **style)
    ranges(axes, rows, "low", "high")
    axes.set_ylim(from_zero(rows[["gap", "low", "high", "trend"]]))
    axes.axhline(0, color=GREY, linewidth=1.2, zorder=1)
    year_axis(place, list(rows["year"]))
    scale(drawing, place, "y")
    letter(place.figure, (8, above / 2), label)
    key(place.figure, above, items)
    name_halves(drawing, (place,), (until, int(since["year"].min())), top - LINE / 2 - 4)
    return place.figure


def specification(drawing: Drawing) -> "Figure":
    """Draw every variant of a calculation as a dot with its range, marked by its verdict."""
    import seaborn as sns

    rows = drawing.rows.sort_values(["estimate", "variant"], ignore_index=True)
    marked = rows["headline"].astype(bool)
    small = drawing.options.get("smallest_effect")
    items: list[tuple[Sequence[Mark], str]] = []
    for code in (code for code in VERDICTS if code in set(rows["verdict"])):
        marks = [] if code == "NOT_TESTABLE" else [{**_DOT, "color": INK, "markerfacecolor": FACES[code]}]
        items.append((marks, f"{SIGNS[code]} {drawing.narrator.word('verdict', code)}".strip()))
    items.append(([{"marker": "D", "markersize": 9, "color": INK}], drawing.word("specification", "headline")))
    if small is not None:
        text = drawing.say(("specification", "small"), {"value": drawing.write(small, change=True)})
        items.append(([{"marker": "s", "markersize": 14, "color": PALE}], text))
    header = 30 + key_height(items) + 12
    names = [drawing.variant(str(code)) for code in rows["variant"]]
    place, rows["place"] = row_panel(names, list(marked), header, 34)
    pitch = place.height / len(rows)
    axes, size = place.axes, min(9.0, max(4.0, pitch * 0.8))
    if small is not None:
        axes.axvspan(-small, small, color=PALE, linewidth=0, zorder=0)
    axes.axvline(0, color=GREY, linewidth=1.2, zorder=1)
    axes.hlines(rows["place"], rows["low"], rows["high"], color="#8A8A8A", linewidth=size / 4, zorder=2)
    style = {
        "hue": "verdict",
        "palette": FACES,
        "legend": False,
        "edgecolor": INK,
        "linewidth": size / 6,
        "zorder": 3,
    }
    for part, marker, area in ((rows[~marked], "o", size**2), (rows[marked], "D", size**2 * 1.3)):
        known = part.dropna(subset=["estimate"])
        if known.empty:  # no list but the headline, or none with a number: nothing to draw with this marker
            continue
        sns.scatterplot(known, x="estimate", y="place", ax=axes, marker=marker, s=area, **style)
    for code, centre in zip(rows["verdict"], rows["place"], strict=True):
        if SIGNS[code] and pitch > LINE - 4:
            letter(place.figure, (WIDTH - 12, header + centre), SIGNS[code], Hand("center", GREY))
    axes.set_xlim(limits(rows[["estimate", "low", "high"]].assign(least=-(small or 0.0), most=small or 0.0)))
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.axis("specification", "axis", change=True))
    key(place.figure, 30, items)
    return place.figure
