"""Pictures of an argument: claims and what leans on them, a verdict under all ways to test it, a sum and its parts.

A verdict is told by its word in the box of the claim; the line repeats it by its pattern and colour.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kloof.figures.canvas import (
    GREY,
    INK,
    PALE,
    WIDTH,
    Drawing,
    Hand,
    Items,
    Mark,
    Panel,
    key,
    key_height,
    letter,
    limits,
    panel,
    row_panel,
    scale,
    sheet,
)
from kloof.figures.charts import SIGNS
from kloof.figures.labels import LINE, wide, wrap
from kloof.findings import VERDICTS
from kloof.study import claims

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LEFT, RIGHT = (8.0, 262.0), (378.0, 632.0)
LINES: dict[str, dict[str, Any]] = {
    "SUPPORTED": {"color": "#0072B2", "linewidth": 3.0, "linestyle": "-"},
    "CONTRADICTED": {"color": "#D55E00", "linewidth": 3.0, "linestyle": (0, (5, 2))},
    "MIXED": {"color": INK, "linewidth": 1.6, "linestyle": (0, (6, 2, 1, 2))},
    "NEGLIGIBLE": {"color": INK, "linewidth": 1.6, "linestyle": "-"},
    "UNDECIDED": {"color": GREY, "linewidth": 1.6, "linestyle": (0, (3, 3))},
    "NOT_TESTABLE": {"color": GREY, "linewidth": 1.2, "linestyle": (0, (1, 3))},
}
BOX_ROOM, GAP, PAD = 234.0, 12.0, 10.0


def graph(drawing: Drawing) -> "Figure":
    """Draw a box per conclusion and per claim, and a line wherever a conclusion leans on a claim."""
    rows = drawing.rows
    entries, language = claims.registry().entries, drawing.narrator.language
    conclusions = list(dict.fromkeys(rows["conclusion"]))
    leaned = sorted(set(rows["claim"]), key=lambda name: (name[0], int(name[1:])))
    verdicts, stands = (
        dict(zip(rows[one], rows[two], strict=True)) for one, two in (("claim", "verdict"), ("conclusion", "stands"))
    )
    texts = {name: _text(entries, name, language) for name in (*conclusions, *leaned)}
    below = {name: drawing.word("argument", stands[name]) for name in conclusions}
    for name in leaned:
        below[name] = f"{SIGNS[verdicts[name]]} {drawing.narrator.word('verdict', verdicts[name])}".strip()
    below = {name: wrap(text, BOX_ROOM) for name, text in below.items()}
    used = [code for code in LINES if code in set(rows["verdict"])]
    items = [([{**LINES[code], "solid_capstyle": "butt"}], drawing.narrator.word("verdict", code)) for code in used]
    top = 12 + key_height(items) + LINE + 8
    height = {name: LINE * (texts[name].count("\n") + below[name].count("\n") + 2) + PAD for name in texts}
    whole = max(sum(height[name] + GAP for name in side) for side in (conclusions, leaned))
    figure = sheet(top + whole)
    places = _places(conclusions, height, top, whole) | _places(leaned, height, top, whole)
    for row in rows.to_dict("records"):
        ends = (
            places[row["conclusion"]] + height[row["conclusion"]] / 2,
            places[row["claim"]] + height[row["claim"]] / 2,
        )
        _line(figure, ends, LINES[row["verdict"]])
    for names, (start, end), strong in ((conclusions, LEFT, True), (leaned, RIGHT, False)):
        for name in names:
            _box(figure, (start, places[name]), (end - start, height[name]), strong=strong)
            upper = LINE * (texts[name].count("\n") + 1)
            letter(figure, (start + 10, places[name] + PAD / 2 + upper / 2), texts[name], Hand(bold=strong))
            lower = places[name] + height[name] - PAD / 2 - LINE * (below[name].count("\n") + 1) / 2
            letter(figure, (start + 10, lower), below[name], Hand(bold=not strong))
    letter(figure, (LEFT[0], top - LINE), drawing.word("argument", "conclusions"), Hand(colour=GREY))
    letter(figure, (RIGHT[0], top - LINE), drawing.word("argument", "claims"), Hand(colour=GREY))
    key(figure, 4, items)
    return figure


def _text(entries: Any, name: str, language: str) -> str:
    """Name a conclusion or a claim; one that is not registered keeps its bare name."""
    short = entries[name][f"short_{language}"] if name in entries else ""
    return wrap(f"{name} {short}".strip(), BOX_ROOM, bold=True)


def _places(names: list[str], height: dict[str, float], top: float, whole: float) -> dict[str, float]:
    """Spread boxes evenly over the height: the top of each."""
    gap = (whole - sum(height[name] for name in names)) / max(len(names), 1)
    places, y = {}, top
    for name in names:
        places[name] = y
        y += height[name] + gap
    return places


def _line(figure: "Figure", ends: tuple[float, float], style: dict[str, Any]) -> None:
    """Draw a line from the middle of a left box to the middle of a right one."""
    from matplotlib.lines import Line2D

    whole = figure.get_figheight() * 72
    across, down = [LEFT[1] / WIDTH, RIGHT[0] / WIDTH], [1 - end / whole for end in ends]
    figure.add_artist(Line2D(across, down, zorder=1, **style))


def _box(figure: "Figure", corner: tuple[float, float], size: tuple[float, float], *, strong: bool) -> None:
    """Draw a box by its upper left corner and its size."""
    from matplotlib.patches import Rectangle

    whole = figure.get_figheight() * 72
    place = corner[0] / WIDTH, 1 - (corner[1] + size[1]) / whole
    style: dict[str, Any] = {"facecolor": "white", "edgecolor": INK, "linewidth": 1.8 if strong else 0.9, "zorder": 2}
    figure.add_artist(Rectangle(place, size[0] / WIDTH, size[1] / whole, **style))


CHOICES = ("indicator", "measure", "focus_list", "weighing", "window")
_TALL, CUT, LABEL_ROOM = 260.0, 12.0, 250.0
CLIP = 15.0  # smallest effects that matter; a range that reaches further is cut there
VERDICT_COLOURS = {
    "SUPPORTED": "#0072B2", "CONTRADICTED": "#D55E00", "MIXED": "#CC79A7", "NEGLIGIBLE": INK,
    "UNDECIDED": "#9A9A9A", "NOT_TESTABLE": PALE,
}  # fmt: skip
MARKS = {"SUPPORTED": "o", "CONTRADICTED": "v", "MIXED": "D", "NEGLIGIBLE": "s", "UNDECIDED": "o", "NOT_TESTABLE": "x"}
HEADLINE: Mark = {"marker": "D", "markersize": 9, "color": "white", "markeredgecolor": INK, "markeredgewidth": 2}


def curve(drawing: Drawing) -> "Figure":
    """Draw every way as a dot with its range, in units of the smallest change that matters, over a table of ticks."""
    rows = drawing.rows.sort_values(["estimate"], kind="stable", ignore_index=True)
    options = [(name, option) for name in CHOICES if len(set(rows[name])) > 1 for option in dict.fromkeys(rows[name])]
    names = {place: wrap(_name(drawing, *place), LABEL_ROOM) for place in options}
    heights = {place: LINE * (name.count("\n") + 1) for place, name in names.items()}
    used, items = curve_key(drawing, rows)
    header = 30 + key_height(items) + 12
    left = max((wide(text) for text in names.values()), default=44.0) + 20
    figure = sheet(header + _TALL + 10 + sum(heights.values()) + CUT * len(CHOICES))
    upper = panel(figure, left, header, WIDTH - left - 16, _TALL)
    outcomes(upper, rows, used)
    scale(drawing, upper, "y")
    y, before = header + _TALL + 10, None
    for name, option in options:
        y += CUT if before not in (None, name) else 0.0
        before = name
        _ticks(panel(figure, left, y, upper.width, heights[name, option]), rows, rows[name] == option, used)
        letter(figure, (left - 10, y + heights[name, option] / 2), names[name, option], Hand("right"))
        y += heights[name, option]
    letter(figure, (8, 15), drawing.word("curve", "axis"))
    key(figure, 30, items)
    return figure


def curve_key(drawing: Drawing, rows: pd.DataFrame) -> tuple[list[str], Items]:
    """Give the verdicts that occur, and the key of a curve: their signs, the headline way, and what is too small."""
    used = [code for code in VERDICTS if code in set(rows["verdict"])]
    signs: list[tuple[list[Mark], str]] = [
        (
            [{"marker": MARKS[code], "markersize": 9, "color": VERDICT_COLOURS[code]}],
            drawing.narrator.word("verdict", code),
        )
        for code in used
    ]
    signs.append(([HEADLINE], drawing.word("specification", "headline")))
    signs.append(([{"marker": "s", "markersize": 14, "color": PALE}], drawing.word("curve", "small")))
    return used, signs


def outcomes(place: Panel, rows: pd.DataFrame, used: list[str]) -> None:
    """Draw the outcomes in order with their ranges, the headline way as an open diamond."""
    axes, ends = place.axes, rows[["estimate", "low", "high"]].clip(-CLIP, CLIP)
    low, high = limits(ends)
    axes.set(xlim=(-1, len(rows)), ylim=(min(low, -1.5), max(high, 1.5)), xticks=[])
    axes.axhspan(-1, 1, color=PALE, linewidth=0, zorder=0)
    axes.axhline(0, color=GREY, linewidth=1.2, zorder=1)
    style: dict[str, Any] = {"linestyle": "none", "zorder": 3, "markersize": 4}
    for code in used:
        own = rows.index[rows["verdict"] == code]
        known = ends.loc[own].dropna()
        _strokes(place, known, {"color": VERDICT_COLOURS[code], "linewidth": 1.0, "zorder": 2, "alpha": 0.55})
        axes.plot(own, ends.loc[own, "estimate"], marker=MARKS[code], color=VERDICT_COLOURS[code], **style)
    marked = rows.index[rows["headline"].astype(bool)]
    axes.plot(marked, ends.loc[marked, "estimate"], **{**style, **HEADLINE, "zorder": 4})


def _ticks(place: Panel, rows: pd.DataFrame, chosen: "pd.Series[bool]", used: list[str]) -> None:
    """Draw a tick for every way that takes one option, in the colour of its verdict."""
    place.axes.set(xlim=(-1, len(rows)), ylim=(0, 1), xticks=[], yticks=[])
    for side in place.axes.spines.values():
        side.set_visible(False)
    for code in used:
        own = rows[chosen & (rows["verdict"] == code)].assign(low=0.15, high=0.85)
        _strokes(place, own, {"color": VERDICT_COLOURS[code], "linewidth": max(0.6, 0.6 * place.width / len(rows))})


def _strokes(place: Panel, rows: pd.DataFrame, style: Mark) -> None:
    """Draw a stroke from low to high at each row, all in one path: hundreds of paths would swell the page."""
    spots = np.repeat(rows.index.to_numpy(float), 3)
    ends = np.column_stack([rows["low"], rows["high"], np.full(len(rows), np.nan)]).ravel()
    place.axes.plot(spots, ends, solid_capstyle="butt", **style)


def _name(drawing: Drawing, choice: str, option: str) -> str:
    """Name one option of a choice."""
    if choice == "indicator":
        return drawing.subject(option)
    if choice == "focus_list":
        return drawing.variant(option)
    if choice == "measure":
        return drawing.narrator.word("measure", option)
    return drawing.word("curve", option)


LEVELS = ("share_before", "share_after")
UP, DOWN = "#CC79A7", "#009E73"  # Okabe-Ito; the arrowhead says the direction too
PART, NEGATIVE, _REST = "#56B4E9", "#E69F00", "#D9D9D9"  # Okabe & Ito; what is not explained is grey


def waterfall(drawing: Drawing) -> "Figure":
    """Draw the parts of a gap from top to bottom, each with its value, and the gap itself last."""
    rows = drawing.rows.reset_index(drop=True)
    ends = rows["estimate"].where(rows["part"] != "gap", 0.0).cumsum()
    starts = (ends - rows["estimate"]).where(rows["part"] != "gap", 0.0)
    stops = ends.where(rows["part"] != "gap", rows["estimate"])
    names = [drawing.word("waterfall", str(part)) for part in rows["part"]]
    place, rows["place"] = row_panel(names, [part == "gap" for part in rows["part"]], 44, 34)
    axes, pitch = place.axes, place.height / len(rows)
    colours = []
    for part, value in zip(rows["part"], rows["estimate"], strict=True):
        colours.append(INK if part == "gap" else _REST if part == "unexplained" else PART if value >= 0 else NEGATIVE)
    axes.barh(rows["place"], stops - starts, left=starts, height=pitch * 0.6, color=colours, zorder=2)
    for index in range(len(rows) - 1):
        reach = [rows["place"][index] - pitch * 0.3, rows["place"][index + 1] + pitch * 0.3]
        axes.plot([stops[index]] * 2, reach, color=GREY, linewidth=1, zorder=1)
    axes.axvline(0, color=GREY, linewidth=1.2, zorder=1)
    texts = [drawing.write(value, change=True) for value in rows["estimate"]]
    low, high = limits(rows[["estimate"]].assign(start=starts, stop=stops, zero=0.0))
    room = max(wide(text) for text in texts) / place.width * (high - low)
    axes.set_xlim(low, high + room)
    scale(drawing, place, "x")
    for text, start, stop, down in zip(texts, starts, stops, rows["place"], strict=True):
        letter(place.figure, (place.across(max(start, stop)) + 6, place.top + down), text, Hand("left"))
    letter(place.figure, (8, 15), drawing.axis("waterfall", "axis", change=True))
    return place.figure


def share_parts(drawing: Drawing) -> "Figure":
    """Draw the first level, each part from where the one before ended, and the last level; every row with its number.

    Levels are dots and parts are bars with an arrowhead, so that a part is told by its shape too. The scale does not
    begin at 0: what counts is how far each part reaches.
    """
    rows = drawing.rows
    names = [drawing.word("share_parts", str(part)) for part in rows["part"]]
    place, centres = row_panel(names, [part in LEVELS for part in rows["part"]], 42, 34)
    axes = place.axes
    ends = rows[["start", "end"]].astype("float64").assign(start=lambda own: own["start"].where(own["start"] != 0))
    low, high = limits(ends)
    room = 0.35 * (high - low)
    axes.set_xlim(low, high + room)
    spots = list(zip(rows.to_dict("records"), centres, strict=True))
    for row, y in spots:
        is_level = row["part"] in LEVELS
        change = float(row["end"]) - float(row["start"])
        if is_level:
            axes.plot(row["end"], y, marker="o", markersize=11, color=INK, zorder=3)
        else:
            colour = UP if change > 0 else DOWN
            axes.hlines(y, row["start"], row["end"], color=colour, linewidth=9, zorder=2)
            axes.plot(row["end"], y, marker=">" if change > 0 else "<", markersize=13, color=colour, zorder=3)
        text = drawing.write(float(row["value"]), change=not is_level)
        right = place.across(float(row["end"]) if is_level else max(float(row["start"]), float(row["end"]))) + 14
        letter(place.figure, (min(right, WIDTH - 6 - wide(text)), place.top + y), text, Hand("left"))
    for (before, y), (_, after) in pairwise(spots):
        axes.vlines(before["end"], y, after, color=GREY, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
    axes.axvline(float(rows["end"].iloc[0]), color=PALE, linewidth=1, zorder=0)
    scale(drawing, place, "x")
    letter(place.figure, (8, LINE - 2), drawing.axis("axis", "level"))
    return place.figure
