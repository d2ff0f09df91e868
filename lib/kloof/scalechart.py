"""Two pictures of an index per group: what the size of the areas does to it, and where it stands in the country."""

from typing import TYPE_CHECKING

from kloof.canvas import GREY, INK, PALE, REST, Drawing, Mark, key, key_height, letter, limits, row_panel, scale
from kloof.labels import LINE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BUURT: Mark = {"marker": "o", "markersize": 9.0, "color": INK}
WIJK: Mark = {"marker": "s", "markersize": 8.0, "color": REST}
RANDOM: Mark = {"marker": "|", "markersize": 12.0, "color": GREY, "markeredgewidth": 2.4}
BAND: Mark = {"marker": "s", "markersize": 14.0, "color": PALE}
HALF: Mark = {"marker": "s", "markersize": 14.0, "color": "#B5B5B5"}
HERE: Mark = {"marker": "D", "markersize": 9.0, "color": REST}


def scales(drawing: Drawing) -> "Figure":
    """Draw a row per group: its index by buurt and by wijk, and the band that random parts of a wijk's size give."""
    rows = drawing.rows
    names = [drawing.subject(name)[0].upper() + drawing.subject(name)[1:] for name in rows["group_name"]]
    items: list[tuple[list[Mark], str]] = [
        ([BUURT], drawing.word("scales", "buurt")),
        ([WIJK], drawing.word("scales", "wijk")),
        ([BAND, RANDOM], drawing.word("scales", "random")),
    ]
    header = 30 + key_height(items) + LINE
    place, centres = row_panel(names, [True] * len(names), header, 34)
    axes = place.axes
    for row, centre in zip(rows.to_dict("records"), centres, strict=True):
        axes.plot(
            [row["low"], row["high"]], [centre, centre], color=PALE, linewidth=12, solid_capstyle="butt", zorder=1
        )
        for column, mark in (("at_random", RANDOM), ("by_wijk", WIJK), ("by_buurt", BUURT)):
            axes.plot(row[column], centre, linestyle="none", zorder=3, **mark)
    axes.set_xlim(limits(rows[["by_buurt", "by_wijk", "at_random", "low", "high"]].assign(least=0.0)))
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.word("scales", "axis"))
    key(place.figure, 30, items)
    return place.figure


def country(drawing: Drawing) -> "Figure":
    """Draw a row per group: where most municipalities lie, the middle one, and this one with its range."""
    rows = drawing.rows
    names = [drawing.subject(name)[0].upper() + drawing.subject(name)[1:] for name in rows["group_name"]]
    items: list[tuple[list[Mark], str]] = [
        ([HERE], drawing.narrator.area(drawing.narrator.results["place"]["code"])),
        ([BAND], drawing.word("country", "most")),
        ([HALF], drawing.word("country", "half")),
        ([RANDOM], drawing.word("country", "middle")),
    ]
    header = 30 + key_height(items) + LINE
    place, centres = row_panel(names, [True] * len(names), header, 34)
    axes = place.axes
    for row, centre in zip(rows.to_dict("records"), centres, strict=True):
        for ends, color in ((("p10", "p90"), PALE), (("p25", "p75"), "#B5B5B5")):
            line = [row[end] for end in ends]
            axes.plot(line, [centre, centre], color=color, linewidth=12, solid_capstyle="butt", zorder=1)
        axes.plot([row["low"], row["high"]], [centre, centre], color=INK, linewidth=1.5, zorder=2)
        axes.plot(row["middle"], centre, linestyle="none", zorder=3, **RANDOM)
        axes.plot(row["estimate"], centre, linestyle="none", zorder=4, **HERE)
    axes.set_xlim(limits(rows[["estimate", "low", "high", "p10", "p90"]].assign(least=0.0)))
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.word("scales", "axis"))
    key(place.figure, 30, items)
    return place.figure
