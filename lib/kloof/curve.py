"""The specification curve: all ways to test a claim in the order of their outcome, and below it which way is which."""

from typing import TYPE_CHECKING

from kloof.canvas import (
    GREY,
    INK,
    PALE,
    WIDTH,
    Drawing,
    Hand,
    Items,
    key,
    key_height,
    letter,
    limits,
    panel,
    scale,
    sheet,
)
from kloof.charts import FACES
from kloof.findings import VERDICTS
from kloof.labels import LINE, shorten, wide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHOICES = ("indicator", "measure", "focus_list", "weighing", "window")
TALL, ROW, CUT = 260.0, LINE, 12.0
CLIP = 15.0  # smallest effects that matter; a range that reaches further is cut there
COLOURS = {**FACES, "SUPPORTED": "#0072B2", "CONTRADICTED": "#D55E00", "NEGLIGIBLE": INK, "UNDECIDED": "#9A9A9A"}
MARKS = {"SUPPORTED": "o", "CONTRADICTED": "v", "NEGLIGIBLE": "s", "UNDECIDED": "o", "NOT_TESTABLE": "x"}


def curve(drawing: Drawing) -> "Figure":
    """Draw every way as a dot with its range, in units of the smallest change that matters, over a table of ticks."""
    rows = drawing.rows.sort_values(["estimate"], kind="stable", ignore_index=True)
    options = [(name, option) for name in CHOICES if rows[name].nunique() > 1 for option in dict.fromkeys(rows[name])]
    names = {place: _name(drawing, *place) for place in options}
    items: Items = [
        ([{"marker": MARKS[code], "markersize": 9, "color": COLOURS[code]}], drawing.narrator.word("verdict", code))
        for code in VERDICTS
        if code in set(rows["verdict"])
    ]
    items = [
        *items,
        (
            [{"marker": "D", "markersize": 9, "color": "white", "markeredgecolor": INK, "markeredgewidth": 2}],
            drawing.word("specification", "headline"),
        ),
    ]
    items = [*items, ([{"marker": "s", "markersize": 14, "color": PALE}], drawing.word("curve", "small"))]
    header = 30 + key_height(items) + 12
    left = max(64.0, min(250.0, max((wide(text) for text in names.values()), default=0.0)) + 20)
    figure = sheet(header + TALL + 10 + ROW * len(options) + CUT * len(CHOICES) + 10)
    upper = panel(figure, left, header, WIDTH - left - 16, TALL)
    ends = rows[["estimate", "low", "high"]].clip(-CLIP, CLIP)
    axes = upper.axes
    axes.set_xlim(-1, len(rows))
    low, high = limits(ends)
    axes.set_ylim(min(low, -1.5), max(high, 1.5))
    axes.axhspan(-1, 1, color=PALE, linewidth=0, zorder=0)
    axes.axhline(0, color=GREY, linewidth=1.2, zorder=1)
    for code in set(rows["verdict"]):
        own = rows.index[rows["verdict"] == code]
        axes.vlines(
            own, ends.loc[own, "low"], ends.loc[own, "high"], color=COLOURS[code], linewidth=1.0, zorder=2, alpha=0.55
        )
        axes.plot(
            own,
            ends.loc[own, "estimate"],
            linestyle="none",
            marker=MARKS[code],
            markersize=4,
            color=COLOURS[code],
            zorder=3,
        )
    marked = rows.index[rows["headline"].astype(bool)]
    axes.plot(
        marked,
        ends.loc[marked, "estimate"],
        linestyle="none",
        marker="D",
        markersize=9,
        color="white",
        markeredgecolor=INK,
        markeredgewidth=2,
        zorder=4,
    )
    axes.set_xticks([])
    scale(drawing, upper, "y")
    y, before = header + TALL + 10, None
    for name, option in options:
        y += CUT if before not in (None, name) else 0.0
        before = name
        place = panel(figure, left, y, upper.width, ROW)
        place.axes.set(xlim=axes.get_xlim(), ylim=(0, 1), xticks=[], yticks=[])
        for side in place.axes.spines.values():
            side.set_visible(False)
        own = rows.index[rows[name] == option]
        for code in set(rows["verdict"]):
            part = [index for index in own if rows.at[index, "verdict"] == code]
            place.axes.vlines(part, 0.15, 0.85, color=COLOURS[code], linewidth=max(0.6, upper.width / len(rows) * 0.6))
        letter(figure, (left - 10, y + ROW / 2), shorten(names[name, option], left - 16), Hand("right"))
        y += ROW
    letter(figure, (8, 15), drawing.word("curve", "axis"))
    key(figure, 30, items)
    return figure


def _name(drawing: Drawing, choice: str, option: str) -> str:
    """Name one option of a choice."""
    if choice == "indicator":
        return drawing.subject(option)
    if choice == "focus_list":
        return drawing.variant(option)
    if choice == "measure":
        return drawing.narrator.word("measure", option)
    return drawing.word("curve", option)
