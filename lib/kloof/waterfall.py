"""Waterfalls: each part starts where the one before ended.

One adds parts up to the whole they make, from 0; the other leads from a first number to a last, drawn to scale.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

from kloof.canvas import GREY, INK, PALE, WIDTH, Drawing, Hand, letter, limits, row_panel, scale
from kloof.labels import LINE, wide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = ("share_before", "share_after")
UP, DOWN = "#CC79A7", "#009E73"  # Okabe-Ito; the arrowhead says the direction too
PART, NEGATIVE, REST = "#56B4E9", "#E69F00", "#D9D9D9"  # Okabe & Ito; what is not explained is grey


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
        colours.append(INK if part == "gap" else REST if part == "unexplained" else PART if value >= 0 else NEGATIVE)
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
