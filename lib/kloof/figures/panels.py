"""Small pictures beside each other: what exists in which year, groups from low to high, and an index among others."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kloof.figures.canvas import (
    GREY,
    INK,
    NARROW,
    PALE,
    REST,
    WIDTH,
    Drawing,
    Hand,
    Mark,
    from_zero,
    key,
    key_height,
    letter,
    limits,
    panel,
    row_panel,
    scale,
    sheet,
)
from kloof.figures.labels import LINE, wide, wrap, year_ticks
from kloof.words.numbers import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


BUURT: Mark = {"marker": "o", "markersize": 9.0, "color": INK}
WIJK: Mark = {"marker": "s", "markersize": 8.0, "color": REST}
RANDOM: Mark = {"marker": "|", "markersize": 12.0, "color": GREY, "markeredgewidth": 2.4}
BAND: Mark = {"marker": "s", "markersize": 14.0, "color": PALE}
MIDDLE_HALF: Mark = {"marker": "s", "markersize": 14.0, "color": "#B5B5B5"}
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
        ([MIDDLE_HALF], drawing.word("country", "half")),
        ([RANDOM], drawing.word("country", "middle")),
    ]
    header = 30 + key_height(items, NARROW) + LINE
    place, centres = row_panel(names, [True] * len(names), header, 34, NARROW)
    axes = place.axes
    for row, centre in zip(rows.to_dict("records"), centres, strict=True):
        for ends, color in ((("p10", "p90"), PALE), (("p25", "p75"), "#B5B5B5")):
            line = [row[end] for end in ends]
            axes.plot(line, [centre, centre], color=color, linewidth=12, solid_capstyle="butt", zorder=1)
        axes.plot([row["low"], row["high"]], [centre, centre], color=INK, linewidth=1.5, zorder=2)
        axes.plot(row["middle"], centre, linestyle="none", zorder=3, **RANDOM)
        axes.plot(row["estimate"], centre, linestyle="none", zorder=4, **HERE)
    axes.set_xlim(from_zero(rows[["estimate", "low", "high", "p10", "p90"]]))
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.word("scales", "axis"))
    key(place.figure, 30, items)
    return place.figure


HAPPENED_WRONG: Mark = {"marker": "+", "markersize": 10.0, "markeredgewidth": 2.0, "color": INK}
BY_CHANCE: Mark = {"marker": "o", "markersize": 9.0, "color": REST}
JOINED: Mark = {"marker": "s", "markersize": 8.0, "color": INK, "markerfacecolor": "white", "markeredgewidth": 1.6}
SEEN: Mark = {"marker": "D", "markersize": 8.0, "color": GREY, "markerfacecolor": "white", "markeredgewidth": 1.6}
AT_MOST = 5.0  # percent: the error that a test may make


def worlds(drawing: Drawing) -> "Figure":
    """Draw a row per synthetic world: how often each answer was wrong there, and how often it saw what was planted."""
    rows = drawing.rows
    names = [drawing.narrator.word("code", "world", name) for name in rows["world"]]
    marks = {"happened_wrong": HAPPENED_WRONG, "chance_wrong": BY_CHANCE, "claim_wrong": JOINED, "seen": SEEN}
    items: list[tuple[list[Mark], str]] = [([mark], drawing.word("worlds", name)) for name, mark in marks.items()]
    items.append(([BAND], drawing.word("worlds", "at_most")))
    header = 30 + key_height(items) + LINE
    place, centres = row_panel(names, [False] * len(names), header, 34)
    axes = place.axes
    axes.set_xlim(-2.0, 102.0)
    axes.axvspan(0.0, AT_MOST, color=PALE, linewidth=0, zorder=0)
    axes.hlines(centres, 0.0, 100.0, color=PALE, linewidth=1, zorder=1)
    for name, mark in marks.items():
        axes.plot(rows[name].astype("float64"), centres, linestyle="none", zorder=3, **mark)
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.word("worlds", "axis"))
    key(place.figure, 30, items)
    return place.figure


OWN: Mark = {"marker": "D", "markersize": 10, "color": "#0072B2"}
OTHER: Mark = {"marker": "o", "markersize": 9, "color": INK, "markerfacecolor": "white", "markeredgewidth": 1.6}


def standing(drawing: Drawing) -> "Figure":
    """Draw one dot per municipality from high to low with the range that the figures leave open."""
    rows = drawing.rows.sort_values(["value", "area"], ascending=[False, True], ignore_index=True)
    items = [([OWN], drawing.word("standing", "own")), ([OTHER], drawing.word("standing", "other"))]
    header = 30 + key_height(items, NARROW) + LINE
    own = list(rows["group"] == "focus")
    place, centres = row_panel([drawing.narrator.area(code) for code in rows["area"]], own, header, 34, NARROW)
    axes = place.axes
    axes.set_xlim(from_zero(rows[["value", "low", "high"]]))
    axes.hlines(centres, *axes.get_xlim(), color=PALE, linewidth=1, zorder=0)
    axes.axvline(0, color=GREY, linewidth=1.2, zorder=0)
    axes.hlines(centres, rows["low"], rows["high"], color="#8A8A8A", linewidth=3, zorder=1)
    for centre, value, is_own in zip(centres, rows["value"], own, strict=True):
        axes.plot(value, centre, linestyle="none", zorder=2, **(OWN if is_own else OTHER))
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.span(drawing.word("standing", "axis")))
    key(place.figure, 30, items)
    return place.figure


_LINE: Mark = {"linestyle": "-", "linewidth": 1.6, "color": GREY}
_MEAN: Mark = {"linestyle": "--", "linewidth": 1.8, "color": REST}


def municipalities(drawing: Drawing) -> "Figure":
    """Draw every municipality in order with its range, this one marked, and the mean of all beside no change."""
    rows = drawing.rows.sort_values(["value", "area"], ignore_index=True)
    items: list[tuple[list[Mark], str]] = [
        ([_LINE], drawing.word("municipalities", "other")), ([OWN], drawing.word("municipalities", "own")),
        *([([_MEAN], drawing.word("municipalities", "mean"))] if drawing.stated is not None else []),
    ]  # fmt: skip
    header = 30 + key_height(items, NARROW) + 12
    place = panel(sheet(header + 300 + 12, NARROW), 62, header, NARROW - 74, 300)
    axes = place.axes
    axes.set_xlim(-2, len(rows) + 1)
    axes.set_ylim(from_zero(rows[["value", "low", "high"]]))
    axes.vlines(rows.index, rows["low"], rows["high"], color=GREY, linewidth=0.9, zorder=1)
    axes.axhline(0, color=INK, linewidth=1.2, zorder=2)
    if drawing.stated is not None:
        axes.axhline(float(drawing.stated["estimate"]), zorder=3, **_MEAN)
    own = rows[rows["group"] == "focus"]
    axes.vlines(own.index, own["low"], own["high"], color=OWN["color"], linewidth=2.4, zorder=4)
    axes.plot(own.index, own["value"], linestyle="none", zorder=5, **OWN)
    axes.set_xticks([])
    scale(drawing, place, "y")
    letter(place.figure, (8, 15), drawing.measure("municipalities", "axis", change=True))
    key(place.figure, 30, items)
    return place.figure


_DOT: Mark = {"marker": "o", "markersize": 9.0, "color": INK}
_RANGE: Mark = {"linestyle": "-", "linewidth": 2.2, "color": INK}
CHANCE: Mark = {"marker": "s", "markersize": 14, "color": PALE}


def groups(drawing: Drawing) -> "Figure":
    """Draw a dot with its range per group, on a band that holds what chance alone would give."""
    rows = drawing.rows.sort_values("group_number", ignore_index=True)
    last = int(rows["group_number"].max())
    names = []
    for group, buurten in zip(rows["group_number"].astype(int), rows["buurten"].astype(int), strict=True):
        case = "lowest" if group == 1 else "highest" if group == last else "between"
        names.append(drawing.say(("groups", case), {"number": str(group), "n": str(buurten)}))
    items = [([_RANGE, _DOT], drawing.word("groups", "dot")), ([CHANCE], drawing.word("groups", "chance"))]
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
    axes.plot(rows["estimate"], rows["place"], linestyle="none", **_DOT, zorder=3)
    axes.set_xlim(limits(rows[["low", "high", "chance_low", "chance_high"]].assign(zero=0.0)))
    scale(drawing, place, "x")
    letter(place.figure, (8, 15), drawing.axis("groups", "axis"))
    key(place.figure, 30, items)
    return place.figure


FULL: tuple[str, Mark] = ("#4A5568", {"marker": "o", "color": "white", "markersize": 8.0})
HALF_THERE: tuple[str, Mark] = ("#B4BFCE", {"marker": "o", "color": INK, "fillstyle": "left", "markersize": 11.0})
STATES: Mapping[str, tuple[str, Mark]] = {
    "measured": FULL,
    "present": FULL,
    "partly": HALF_THERE,
    "suppressed": HALF_THERE,
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
        share = number(row[part], "percent", language, 0) if part else ""
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
