"""The specification curve: all ways to test a claim in the order of their outcome, and below it which way is which."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kloof.canvas import (
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
    scale,
    sheet,
)
from kloof.findings import VERDICTS
from kloof.labels import LINE, wide, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHOICES = ("indicator", "measure", "focus_list", "weighing", "window")
TALL, CUT, ROOM = 260.0, 12.0, 250.0
CLIP = 15.0  # smallest effects that matter; a range that reaches further is cut there
COLOURS = {
    "SUPPORTED": "#0072B2", "CONTRADICTED": "#D55E00", "NEGLIGIBLE": INK, "UNDECIDED": "#9A9A9A", "NOT_TESTABLE": PALE,
}  # fmt: skip
MARKS = {"SUPPORTED": "o", "CONTRADICTED": "v", "NEGLIGIBLE": "s", "UNDECIDED": "o", "NOT_TESTABLE": "x"}
HEADLINE: Mark = {"marker": "D", "markersize": 9, "color": "white", "markeredgecolor": INK, "markeredgewidth": 2}


def curve(drawing: Drawing) -> "Figure":
    """Draw every way as a dot with its range, in units of the smallest change that matters, over a table of ticks."""
    rows = drawing.rows.sort_values(["estimate"], kind="stable", ignore_index=True)
    options = [(name, option) for name in CHOICES if len(set(rows[name])) > 1 for option in dict.fromkeys(rows[name])]
    names = {place: wrap(_name(drawing, *place), ROOM) for place in options}
    heights = {place: LINE * (name.count("\n") + 1) for place, name in names.items()}
    used = [code for code in VERDICTS if code in set(rows["verdict"])]
    items: Items = [
        *[
            ([{"marker": MARKS[code], "markersize": 9, "color": COLOURS[code]}], drawing.narrator.word("verdict", code))
            for code in used
        ],
        ([HEADLINE], drawing.word("specification", "headline")),
        ([{"marker": "s", "markersize": 14, "color": PALE}], drawing.word("curve", "small")),
    ]
    header = 30 + key_height(items) + 12
    left = max((wide(text) for text in names.values()), default=44.0) + 20
    figure = sheet(header + TALL + 10 + sum(heights.values()) + CUT * len(CHOICES))
    upper = panel(figure, left, header, WIDTH - left - 16, TALL)
    _dots(upper, rows, used)
    scale(drawing, upper, "y")
    y, before = header + TALL + 10, None
    for name, option in options:
        y += CUT if before not in (None, name) else 0.0
        before = name
        _ticks(panel(figure, left, y, upper.width, heights[name, option]), rows, rows[name] == option, used)
        letter(figure, (left - 10, y + heights[name, option] / 2), names[name, option], Hand("right"))
        y += heights[name, option]
    letter(figure, (8, 15), drawing.word("curve", "axis"))
    key(figure, 30, items)
    return figure


def _dots(place: Panel, rows: pd.DataFrame, used: list[str]) -> None:
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
        _strokes(place, known, {"color": COLOURS[code], "linewidth": 1.0, "zorder": 2, "alpha": 0.55})
        axes.plot(own, ends.loc[own, "estimate"], marker=MARKS[code], color=COLOURS[code], **style)
    marked = rows.index[rows["headline"].astype(bool)]
    axes.plot(marked, ends.loc[marked, "estimate"], **{**style, **HEADLINE, "zorder": 4})


def _ticks(place: Panel, rows: pd.DataFrame, chosen: "pd.Series[bool]", used: list[str]) -> None:
    """Draw a tick for every way that takes one option, in the colour of its verdict."""
    place.axes.set(xlim=(-1, len(rows)), ylim=(0, 1), xticks=[], yticks=[])
    for side in place.axes.spines.values():
        side.set_visible(False)
    for code in used:
        own = rows[chosen & (rows["verdict"] == code)].assign(low=0.15, high=0.85)
        _strokes(place, own, {"color": COLOURS[code], "linewidth": max(0.6, 0.6 * place.width / len(rows))})


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
