"""Pictures of the report that is read: the first answer, one small panel per figure, and a claim in all ways.

They are narrower than those of the data page, so that their letters can be read on a telephone.
"""

from typing import TYPE_CHECKING

import pandas as pd

from kloof.errors import ReportError
from kloof.figures.canvas import (
    COLOURS,
    GREY,
    INK,
    LETTER_COLOURS,
    NARROW,
    Drawing,
    Hand,
    Panel,
    from_zero,
    key,
    key_height,
    letter,
    limits,
    panel,
    scale,
    sheet,
    year_axis,
)
from kloof.figures.charts import RANGE, series
from kloof.figures.diagrams import curve_key, outcomes
from kloof.figures.labels import LINE, spread, wide, wrap
from kloof.findings import GREW, NO_FIGURES, SHRANK, STAYED
from kloof.words.numbers import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_GAP_TALL, _INDEX_TALL, _SMALL_TALL = 150.0, 120.0, 96.0
MOST_PANELS = 6


def compared(drawing: Drawing) -> pd.DataFrame:
    """Give the rows of the years that the finding compares, in order. Raises ReportError when fewer than two are."""
    rows, finding = drawing.rows.sort_values("year"), drawing.stated
    if finding is not None and finding["a"]["year"] is not None:
        rows = rows[rows["year"].between(finding["a"]["year"], finding["b"]["year"])]
    rows = rows.dropna(subset=["focus", "rest", "gap"]).reset_index(drop=True)
    if len(rows) < 2:
        raise ReportError(f"figure {drawing.name} needs two years with a gap among those that its finding compares.")
    return rows


def last_range(drawing: Drawing) -> tuple[float, float, str] | None:
    """Give the range of the last gap and what it is about: chance, or where none was computed, rounding."""
    finding, last = drawing.stated, compared(drawing).iloc[-1]
    if finding is not None and finding["low"] is not None and finding["a"]["estimate"] is not None:
        start = float(finding["a"]["estimate"])
        return start + float(finding["low"]), start + float(finding["high"]), "chance"
    if pd.isna(last["gap_low"]) or pd.isna(last["gap_high"]):
        return None
    return float(last["gap_low"]), float(last["gap_high"]), "rounding"


def indexed(drawing: Drawing) -> pd.DataFrame | None:
    """Put the list and the rest at the base of the figure in the first year; None where no proportion has a meaning."""
    base, rows = drawing.options.get("index"), compared(drawing)
    if base is None or (rows[["focus", "rest"]] <= 0).any(axis=None):
        return None
    sides = {name: rows[name] / rows[name].iloc[0] * float(base) for name in COLOURS}
    return rows.assign(**sides)


def answer(drawing: Drawing) -> "Figure":
    """Draw the gap from zero with its range at the last point; below, in the same years, both sides as an index."""
    rows, ends, index = compared(drawing), last_range(drawing), indexed(drawing)
    drawing = drawing.only(rows)
    first, last = rows.iloc[0], rows.iloc[-1]
    said = drawing.write(last["gap"], change=True)
    names = {group: wrap(drawing.word("group", group), 96, bold=True) for group in COLOURS}
    about = wrap(drawing.word("answer", ends[2]), 110) if ends else ""
    right = max(wide(text, bold=True) for text in (wrap(said, 110, bold=True), *names.values(), about)) + 24
    left = max(44.0, wide(drawing.bare(-rows[["gap"]].abs().max().max(), 1)) + 14)
    label = wrap(drawing.gap_label(), NARROW - 16)
    base = {"year": str(int(first["year"])), "base": str(drawing.options.get("index"))}
    lower_label = wrap(drawing.say(("answer", "index"), base), NARROW - 16) if index is not None else ""
    top = 14 + LINE * (label.count("\n") + 1)
    second = top + _GAP_TALL + 34 + 10
    under = second + 10 + LINE * (lower_label.count("\n") + 1)
    figure = sheet(under + _INDEX_TALL + 30 if index is not None else top + _GAP_TALL + 30, NARROW)
    upper = panel(figure, left, top, NARROW - left - right, _GAP_TALL)
    series(upper.axes, rows, "gap", INK)
    shown = rows[["gap"]]
    if ends:
        upper.axes.vlines(last["year"], ends[0], ends[1], color=str(RANGE["color"]), linewidth=7, zorder=1)
        shown = pd.DataFrame({"gap": [*rows["gap"], *ends[:2]]})
    upper.axes.set_ylim(from_zero(shown))
    upper.axes.axhline(0, color=GREY, linewidth=1.2, zorder=0)
    year_axis(upper, list(rows["year"]))
    scale(drawing, upper, "y")
    letter(figure, (8, top / 2), label)
    _beside(upper, (wrap(said, 110, bold=True), about), float(last["gap"]))
    start = drawing.write(first["gap"], change=True)
    _at_point(upper, (int(first["year"]), float(first["gap"])), start, below=rows["gap"].iloc[1] > first["gap"])
    if index is not None:
        lower = panel(figure, left, under, upper.width, _INDEX_TALL)
        for group, colour in COLOURS.items():
            series(lower.axes, index, group, colour)
        lower.axes.set_ylim(_index_limits(index, float(drawing.options["index"])))
        lower.axes.axhline(float(drawing.options["index"]), color=GREY, linewidth=1.2, zorder=0)
        year_axis(lower, list(rows["year"]))
        scale(drawing.bare_index(), lower, "y")
        letter(figure, (8, second + LINE * (lower_label.count("\n") + 1) / 2), lower_label)
        _name_sides(lower, names, index)
    return figure


def _index_limits(rows: pd.DataFrame, base: float) -> tuple[float, float]:
    """Give the ends of the axis of an index: what it shows, and never less than a tenth of its base."""
    low, high = limits(rows[list(COLOURS)].assign(base=base))
    short = max(0.0, base / 10 - (high - low)) / 2
    return low - short, high + short


def _at_point(place: Panel, point: tuple[int, float], text: str, *, below: bool) -> None:
    """Write a value above or below its point, away from the line, and inside the panel."""
    half = wide(text, bold=True) / 2
    across = min(max(place.across(point[0]), place.left + half + 4), place.left + place.width - half - 2)
    y = place.down(point[1])
    free = {True: y + 16 + LINE / 2 < place.top + place.height, False: y - 16 - LINE / 2 > place.top - 4}
    down = 16 if (below and free[True]) or not free[False] else -16
    letter(place.figure, (across, y + down), text, Hand("center", bold=True))


def _beside(place: Panel, texts: tuple[str, str], value: float) -> None:
    """Write right of a panel the last value, and below it what its range is."""
    said, about = texts
    lines = [LINE * (text.count("\n") + 1) for text in (said, about) if text]
    middle = min(max(place.down(value), place.top + lines[0] / 2), place.top + place.height - sum(lines) + lines[0] / 2)
    x = place.left + place.width + 10
    letter(place.figure, (x, middle), said, Hand("left", bold=True))
    if about:
        letter(place.figure, (x, middle + sum(lines) / 2), about, Hand("left", GREY))


def _name_sides(place: Panel, names: dict[str, str], rows: pd.DataFrame) -> None:
    """Name the lines of the list and the rest right of a panel, in their colours."""
    wanted = [place.down(float(rows[group].iloc[-1])) for group in names]
    room = LINE * max(name.count("\n") + 1 for name in names.values())
    spots = spread(wanted, room + 4, place.top + room / 2 - 8, place.top + place.height - room / 2 + 24)
    for (group, text), y in zip(names.items(), spots, strict=True):
        letter(place.figure, (place.left + place.width + 10, y), text, Hand("left", LETTER_COLOURS[group], bold=True))


# ------------------------------------------------------------------ one small panel per figure


def panels_of(drawing: Drawing) -> list[str]:
    """List the indicators that get a panel, in order of the table; at most six."""
    known = drawing.rows.dropna(subset=["relative"])
    return list(dict.fromkeys(known["indicator"]))[:MOST_PANELS]


def happened_in(drawing: Drawing, name: str) -> str:
    """Give the code of what happened to the gap of one panel, by its own finding."""
    finding = drawing.narrator.results["findings"].get(drawing.options.get("findings", {}).get(name))
    if finding is None or finding["happened"] == NO_FIGURES:
        return NO_FIGURES
    turned = finding["measure"].endswith("_reversed") and finding["happened"] in (GREW, SHRANK)
    return f"{finding['happened']}_reversed" if turned else str(finding["happened"])


def together(drawing: Drawing) -> str:
    """Say by a code what happened in all panels: in the one or all the same, some this and some that, or none."""
    codes = [happened_in(drawing, name).removesuffix("_reversed") for name in panels_of(drawing)]
    if len(set(codes)) == 1 and codes[0] in (GREW, SHRANK, STAYED):
        return f"{'one' if len(codes) == 1 else 'all'}_{codes[0]}"
    moved = {GREW, SHRANK} & set(codes)
    return "both" if len(moved) > 1 else f"some_{moved.pop()}" if moved else "none"


def multiples(drawing: Drawing) -> "Figure":
    """Draw the gap in proportion to the rest by year, a small panel per indicator, all on one scale from zero."""
    names = panels_of(drawing)
    rows = drawing.rows[drawing.rows["indicator"].isin(names)].dropna(subset=["relative"])
    drawing = drawing.only(rows)
    low, high = from_zero(rows[["relative"]])
    left = wide(drawing.bare(-max(abs(low), abs(high)), 1)) + 16
    width = (NARROW - left - 20 - 26) / 2
    label = wrap(drawing.span(drawing.word("multiples", "axis")), NARROW - 16)
    titles = {
        name: (wrap(drawing.subject(name), width - 4, bold=True), drawing.word("multiples", happened_in(drawing, name)))
        for name in names
    }
    heads = {name: LINE * (title.count("\n") + 2) for name, (title, _) in titles.items()}
    pairs = [names[at : at + 2] for at in range(0, len(names), 2)]
    top = 20 + LINE * (label.count("\n") + 1)
    heights = [max(heads[name] for name in pair) + _SMALL_TALL + 50 for pair in pairs]
    figure = sheet(top + sum(heights) - 16, NARROW)
    letter(figure, (8, top / 2 - 4), label)
    for at_row, pair in enumerate(pairs):
        start = top + sum(heights[:at_row])
        head = max(heads[name] for name in pair)
        for at, name in enumerate(pair):
            x = left + at * (width + 26)
            place = panel(figure, x, start + head, width, _SMALL_TALL)
            own = rows[rows["indicator"] == name].sort_values("year", ignore_index=True)
            series(place.axes, own, "relative", INK)
            place.axes.set_ylim(low, high)
            year_axis(place, drawing.years)
            place.axes.set_xticks([drawing.years[0], drawing.years[-1]])
            scale(drawing, place, "y")
            if at:
                place.axes.tick_params(axis="y", labelleft=False)
            place.axes.axhline(0, color=GREY, linewidth=1.2, zorder=0)
            ends = own["relative"].iloc[[0, -1]]
            texts = _rounded(drawing, list(ends))
            points = [(int(own["year"].iloc[at]), float(ends.iloc[at])) for at in (0, -1)]
            rising = points[1][1] > points[0][1]
            near = place.across(points[1][0]) - place.across(points[0][0]) < wide("".join(texts), bold=True) / 2 + 14
            _at_point(place, points[0], texts[0], below=rising)
            if near and place.across(points[1][0]) + 12 + wide(texts[1], bold=True) < x + width:
                spot = place.across(points[1][0]) + 12, place.down(points[1][1])
                letter(figure, spot, texts[1], Hand("left", bold=True))
            else:
                _at_point(place, points[1], texts[1], below=not rising)
            title, what = titles[name]
            letter(figure, (x, start + head - heads[name] + (heads[name] - LINE) / 2), title, Hand(bold=True))
            letter(figure, (x, start + head - LINE / 2), what)
    return figure


def _rounded(drawing: Drawing, values: list[float]) -> list[str]:
    """Write percentages without a digit behind the comma, or with one where they would else read the same."""
    language = drawing.narrator.language
    whole = [number(value, "percent", language, 0) for value in values]
    return whole if len(set(whole)) == len(whole) else [number(value, "percent", language, 1) for value in values]


# ------------------------------------------------------------------ a claim in all ways


def curve_short(drawing: Drawing) -> "Figure":
    """Draw every way to test a claim as a dot with its range, from low to high, without what each way is."""
    rows = drawing.rows.sort_values(["estimate"], kind="stable", ignore_index=True)
    used, items = curve_key(drawing, rows)
    label = wrap(drawing.word("curve", "axis"), NARROW - 16)
    above = 8 + LINE * (label.count("\n") + 1)
    top = above + key_height(items, NARROW) + 10
    figure = sheet(top + 200 + 10, NARROW)
    place = panel(figure, 44, top, NARROW - 44 - 8, 200)
    outcomes(place, rows, used)
    scale(drawing, place, "y")
    letter(figure, (8, above / 2), label)
    key(figure, above, items)
    return figure
