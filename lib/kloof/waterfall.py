"""Draws a sum as a waterfall: each part starts where the last one ended, and the last bar is the whole."""

from typing import TYPE_CHECKING

from kloof.canvas import GREY, INK, Drawing, Hand, letter, limits, row_panel, scale
from kloof.labels import wide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
