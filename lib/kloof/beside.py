"""One measure in several municipalities: a dot with its range for each, this one filled."""

from typing import TYPE_CHECKING

from kloof.canvas import INK, PALE, Drawing, Mark, key, key_height, letter, limits, row_panel, scale
from kloof.labels import LINE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OWN: Mark = {"marker": "D", "markersize": 10, "color": "#0072B2"}
OTHER: Mark = {"marker": "o", "markersize": 9, "color": INK, "markerfacecolor": "white", "markeredgewidth": 1.6}


def standing(drawing: Drawing) -> "Figure":
    """Draw one dot per municipality from high to low with the range that the figures leave open."""
    rows = drawing.rows.sort_values(["value", "area"], ascending=[False, True], ignore_index=True)
    items = [([OWN], drawing.word("standing", "own")), ([OTHER], drawing.word("standing", "other"))]
    header = 30 + key_height(items) + LINE
    own = list(rows["group"] == "focus")
    place, centres = row_panel([drawing.narrator.area(code) for code in rows["area"]], own, header, 34)
    axes = place.axes
    axes.set_xlim(limits(rows[["value", "low", "high"]]))
    axes.hlines(centres, *axes.get_xlim(), color=PALE, linewidth=1, zorder=0)
    axes.hlines(centres, rows["low"], rows["high"], color="#8A8A8A", linewidth=3, zorder=1)
    for centre, value, is_own in zip(centres, rows["value"], own, strict=True):
        axes.plot(value, centre, linestyle="none", zorder=2, **(OWN if is_own else OTHER))
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.word("standing", "axis"))
    key(place.figure, 30, items)
    return place.figure
