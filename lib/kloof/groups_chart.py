"""Draws the change of each group of buurten, lowest first, before what chance alone would give."""

from typing import TYPE_CHECKING

from kloof.canvas import GREY, INK, PALE, Drawing, Mark, key, key_height, letter, limits, row_panel, scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOT: Mark = {"marker": "o", "markersize": 9.0, "color": INK}
RANGE: Mark = {"linestyle": "-", "linewidth": 2.2, "color": INK}
CHANCE: Mark = {"marker": "s", "markersize": 14, "color": PALE}


def groups(drawing: Drawing) -> "Figure":
    """Draw a dot with its range per group, on a band that holds what chance alone would give."""
    rows = drawing.rows.sort_values("group_number", ignore_index=True)
    last = int(rows["group_number"].max())
    names = []
    for number, buurten in zip(rows["group_number"].astype(int), rows["buurten"].astype(int), strict=True):
        case = "lowest" if number == 1 else "highest" if number == last else "between"
        names.append(drawing.say(("groups", case), {"number": str(number), "n": str(buurten)}))
    items = [([RANGE, DOT], drawing.word("groups", "dot")), ([CHANCE], drawing.word("groups", "chance"))]
    header = 30 + key_height(items) + 12
    place, rows["place"] = row_panel(names, [False] * len(rows), header, 34)
    axes, pitch = place.axes, place.height / len(rows)
    axes.barh(
        rows["place"],
        rows["chance_high"] - rows["chance_low"],
        left=rows["chance_low"],
        height=pitch * 0.7,
        color=PALE,
        zorder=0,
    )
    axes.axvline(0, color=GREY, linewidth=1.2, zorder=1)
    axes.hlines(rows["place"], rows["low"], rows["high"], color=INK, linewidth=2.2, zorder=2)
    axes.plot(rows["estimate"], rows["place"], linestyle="none", **DOT, zorder=3)
    axes.set_xlim(limits(rows[["low", "high", "chance_low", "chance_high"]].assign(zero=0.0)))
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.axis("groups", "axis"))
    key(place.figure, 30, items)
    return place.figure
