"""The matrix of a report: which indicator has which state in which year, as signs that need no colour.

Two kinds of figure share it: what the followed indicators measure (`coverage`), and all that exists (`availability`).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kloof import fmt
from kloof.canvas import GREY, INK, PALE, WIDTH, Drawing, Hand, Mark, key, key_height, letter, panel, sheet
from kloof.labels import LINE, wide, wrap, year_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FULL: tuple[str, Mark] = ("#4A5568", {"marker": "o", "color": "white", "markersize": 8.0})
HALF: tuple[str, Mark] = ("#B4BFCE", {"marker": "o", "color": INK, "fillstyle": "left", "markersize": 11.0})
STATES: Mapping[str, tuple[str, Mark]] = {
    "measured": FULL,
    "present": FULL,
    "partly": HALF,
    "suppressed": HALF,
    "missing": ("#E8E8E8", {"marker": "x", "color": INK, "markeredgewidth": 1.6, "markersize": 8.0}),
    "absent": ("#FFFFFF", {"marker": "_", "color": GREY, "markeredgewidth": 1.6, "markersize": 8.0}),
    "broken": ("#F0E442", {"marker": "d", "color": INK, "markersize": 9.0}),
    "apportioned": ("#A6D3EC", {"marker": "^", "color": INK, "markersize": 9.0}),
}
BARE = "absent"  # a cell with the colour of the sheet
NARROWEST = 24  # width that a cell keeps when names are long
PARTS = {"partly": "share", "suppressed": "without"}  # states whose cell says how large a part, and of which column


def states(drawing: Drawing) -> "Figure":
    """Draw the state of each indicator in each year: a cell per pair, with a sign that needs no colour."""
    from matplotlib.colors import ListedColormap

    rows, codes = drawing.rows, {code: number for number, code in enumerate(STATES)}
    names, years = list(dict.fromkeys(rows["indicator"])), sorted(set(rows["year"]))
    catalogue, language = drawing.narrator.catalogue, drawing.narrator.language
    room = max(220, min(330, WIDTH - 28 - NARROWEST * len(years)))
    labels = [wrap(catalogue.indicator(name).label(language), room) for name in names]
    left = max(wide(label) for label in labels) + 20
    width = min(WIDTH - left - 8, 60.0 * len(years))
    edges = np.cumsum([0.0, *(LINE * (label.count("\n") + 1) + 10 for label in labels)])
    items: list[tuple[Sequence[Mark], str]] = []
    for code in (code for code in STATES if code in set(rows["state"])):
        square = {"marker": "s", "markersize": 18, "color": STATES[code][0], "markeredgecolor": GREY}
        items.append(([{**square, "markeredgewidth": 0.6}, STATES[code][1]], drawing.word(drawing.kind, code)))
    header = key_height(items) + 40
    place = panel(sheet(header + edges[-1] + 10), left, header, width, edges[-1])
    across = {year: at for at, year in enumerate(years)}
    down = {name: at for at, name in enumerate(names)}
    cell = [(down[name], across[year]) for name, year in zip(rows["indicator"], rows["year"], strict=True)]
    numbers = np.full((len(names), len(years)), np.nan)
    numbers[tuple(np.transpose(cell))] = rows["state"].map(codes).where(rows["state"] != BARE)
    faces = ListedColormap([face for face, _ in STATES.values()])
    place.axes.pcolormesh(np.arange(len(years) + 1), edges, numbers, cmap=faces, vmin=0, vmax=len(codes) - 1)
    place.axes.hlines(edges, 0, len(years), color=PALE, linewidth=1)
    place.axes.vlines(range(len(years) + 1), 0, edges[-1], color=PALE, linewidth=1)
    place.axes.spines[:].set_visible(False)
    place.axes.set(xlim=(0, len(years)), ylim=(edges[-1], 0), xticks=[], yticks=[])
    middle = (edges[1:] + edges[:-1]) / 2
    signs: dict[str, list[tuple[float, float]]] = {}
    for row, (line, column) in zip(rows.to_dict("records"), cell, strict=True):
        x, y = column + 0.5, middle[line]
        part = PARTS.get(row["state"])
        share = fmt.number(row[part], "percent", language, 0) if part else ""
        if share and wide(share) < width / len(years) - 4:
            letter(place.figure, (place.across(x), place.down(y)), share, Hand("center"))
        else:
            signs.setdefault(row["state"], []).append((x, y))
    for code, places in signs.items():
        place.axes.plot(*zip(*places, strict=True), linestyle="none", **STATES[code][1])
    for y, label in zip(middle, labels, strict=True):
        letter(place.figure, (left - 10, place.down(y)), label, Hand("right"))
    for index in year_ticks(range(len(years)), width):
        letter(place.figure, (place.across(index + 0.5), header - 14), str(years[index]), Hand("center"))
    key(place.figure, 2, items)
    return place.figure
