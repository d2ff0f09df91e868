"""What every figure shares: its table and words, colours, letters, and places for labels that do not overlap.

Lengths are in units of the viewBox, which is 640 wide, or 470 in the report; y runs down from the top. Colours: Okabe &
Ito 2008, "Color Universal Design". The font comes from the installed package, never from the system.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kloof.errors import ReportError, faults
from kloof.figures.labels import FONT, LETTER, LINE, flow, shorten, spread, wide, wrap, year_ticks
from kloof.findings import VERDICTS
from kloof.words import numbers
from kloof.words.sentences import Narrator, Part, fill, has, text_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


WIDTH = 640.0
NARROW = 470.0  # of a picture in the report: its letters are at least 12 pixels on a telephone 390 wide
FOCUS, REST, INK, GREY, PALE = "#D55E00", "#0072B2", "#222222", "#767676", "#E6E6E6"
COLOURS = {"focus": FOCUS, "rest": REST}
LETTER_COLOURS = {"focus": "#A84A00", "rest": REST}  # the same orange, dark enough for letters on white
STYLE: dict[Any, Any] = {
    "axes.edgecolor": GREY, "axes.linewidth": 0.8, "axes.spines.right": False, "axes.spines.top": False,
    "figure.dpi": 72, "font.family": [FONT], "font.size": LETTER, "lines.linewidth": 2.4, "savefig.dpi": 72,
    "svg.fonttype": "none", "svg.hashsalt": "kloof", "text.color": INK, "text.parse_math": False,
    "xtick.color": GREY, "xtick.labelcolor": INK, "xtick.labelsize": LETTER,
    "ytick.color": GREY, "ytick.labelcolor": INK, "ytick.labelsize": LETTER,
}  # fmt: skip
NUMERIC = frozenset(
    {
        "focus",
        "rest",
        "gap",
        "gap_low",
        "gap_high",
        "value",
        "low",
        "high",
        "trend",
        "estimate",
        "share",
        "without",
        "by_buurt",
        "by_wijk",
        "at_random",
        "chance_low",
        "chance_high",
        "relative",
    }
)
CODES = {
    "group": ("focus", "rest"),
    "link": ("comparable", "broken", "bridged"),
    "period": ("before", "since"),
    "state": ("measured", "partly", "missing", "absent", "broken", "present", "suppressed", "apportioned"),
    "verdict": VERDICTS,
}
Mark = Mapping[str, Any]  # properties of a line or marker of matplotlib
Items = Sequence[tuple[Sequence[Mark], str]]  # of a key: the marks of a sign, and what it means


@dataclass(frozen=True)
class Drawing:
    """One figure to be drawn: its table as a frame, its options, and its words in one language."""

    narrator: Narrator
    name: str
    kind: str
    table: str
    finding: str | None
    options: Mapping[str, Any]
    rows: pd.DataFrame

    @property
    def from_city(self) -> bool:
        """Tell whether the values are differences from the city."""
        return bool(self.options.get("diverging")) and "city_mean" not in self.options

    def word(self, *path: str) -> str:
        """Give a fixed text of figures.toml."""
        return self.narrator.word("figure", *path)

    def say(self, path: Sequence[str], values: Mapping[str, Part]) -> str:
        """Fill a text of figures.toml; a text that begins with a small letter keeps it."""
        pattern = self.word(*path)
        text = text_of(fill(pattern, values))
        return pattern[0] + text[1:] if pattern[0].islower() else text

    def group(self, name: str) -> str:
        """Name focus or rest, in the words of the level of the areas where the figure states one."""
        level = self.options.get("level", "buurt")
        return self.word("group", name) if level == "buurt" else self.word("group_at", str(level), name)

    def unit(self, *, change: bool = False) -> str:
        """Give the unit of the values, or of a difference between two of them."""
        unit = str(self.options.get("unit", "number"))
        return str(self.narrator.catalogue.units.get(unit, {}).get("change", unit)) if change else unit

    def write(self, value: float | None, *, change: bool = False) -> str:
        """Write a value with its unit."""
        known = self.narrator.catalogue.indicators.get(str(self.options.get("indicator")))
        return numbers.number(
            value, self.unit(change=change), self.narrator.language, known.decimals if known else None
        )

    def bare(self, value: float, step: float) -> str:
        """Write a value on a scale with this step, which names the unit elsewhere."""
        return numbers.number(value, self.unit(), self.narrator.language, decimals_of(step), bare=True)

    def subject(self, name: str) -> str:
        """Name an indicator or a group of people."""
        catalogue, language = self.narrator.catalogue, self.narrator.language
        if name in catalogue.groups:
            return str(getattr(catalogue.group(name), language))
        return catalogue.indicator(name).label(language)

    def measure(self, *path: str, change: bool = False) -> str:
        """Name what the values are, with their unit."""
        unit, language = self.unit(change=change), self.narrator.language
        known = self.narrator.catalogue.units.get(unit, {})
        unit_word = self.word("unit", unit) if has("figure", "unit", unit) else str(known.get(language, unit))
        name = str(self.options.get("indicator", ""))
        subject = self.subject(name) if name else ""
        return self.say(path, {"indicator": subject, "unit": unit_word}).replace(" ()", "")

    def axis(self, *path: str, change: bool = False) -> str:
        """Name what stands along an axis, with its unit and, where the figure shows one year, that year."""
        label, year = self.measure(*path, change=change), self.options.get("year")
        return label if year is None else self.say(("axis", "year"), {"measure": label, "year": str(year)})

    @property
    def stated(self) -> Mapping[str, Any] | None:
        """Give the finding that the figure states, when it has one."""
        found: Mapping[str, Any] | None = self.narrator.results["findings"].get(self.finding)
        return found

    @property
    def years(self) -> list[int]:
        """List the years that are drawn: those of the table, else that of the figure or of its finding."""
        if "year" in self.rows:
            return sorted({int(year) for year in self.rows["year"]})
        year = self.options.get("year") or (self.stated or {"b": {"year": None}})["b"]["year"]
        return [] if year is None else [int(year)]

    def span(self, label: str) -> str:
        """Write the years behind a label."""
        years = self.years
        if not years:
            return label
        told = str(years[0]) if years[0] == years[-1] else f"{years[0]}–{years[-1]}"
        return self.say(("axis", "year"), {"measure": label, "year": told})

    def gap_label(self) -> str:
        """Name the gap with its unit, the year of the prices of amounts that are in constant ones, and the years."""
        label, finding = self.measure("axis", "gap", change=True), self.stated
        if finding is not None and "last_prices" in finding["flags"]:
            dated = self.narrator.catalogue.indicator(str(self.options["indicator"])).measured
            label = self.say(("axis", "prices"), {"measure": label, "year": str(math.floor(self.years[-1] + dated))})
        return self.span(label)

    def only(self, rows: pd.DataFrame) -> "Drawing":
        """Keep some rows of the table."""
        return replace(self, rows=rows)

    def bare_index(self) -> "Drawing":
        """Give the same figure with numbers that have no unit, for the scale of an index."""
        return replace(self, options={**self.options, "unit": "number"})

    def variant(self, code: str) -> str:
        """Name a variant of a calculation: a way of computing, or the focus list it was made with."""
        if has("variant", code):
            return self.narrator.word("variant", code)
        named = code in self.narrator.catalogue.focus or ":" in code or code.startswith("BU")
        return self.narrator.focus(code) if named else code


def prepare(name: str, narrator: Narrator, needs: Mapping[str, Sequence[str]]) -> Drawing:
    """Collect what a figure needs; `needs` says which columns the table of each kind of figure must have.

    Raises ReportError: unknown figure, kind, table or group, columns that are missing, or no number to draw.
    """
    figures = narrator.results["figures"]
    if name not in figures:
        raise ReportError(f"results.json has no figure {name}; it has: {', '.join(sorted(figures)) or 'none'}.")
    kind, table, finding, options = (figures[name][key] for key in ("kind", "table", "finding", "options"))
    if kind not in needs:
        raise ReportError(f"figure {name} is of unknown kind {kind!r}; known kinds: {', '.join(sorted(needs))}.")
    if table not in narrator.results["tables"]:
        raise ReportError(f"figure {name} draws table {table}, which results.json does not have.")
    content = narrator.results["tables"][table]
    keys = [column["key"] for column in content["columns"]]
    found = [f"column {key} is missing" for key in needs[kind] if key not in keys]
    if not content["rows"]:
        found.append("there are no rows")
    if found:
        way_out = f"A figure of kind {kind} needs: {', '.join(needs[kind])}."
        raise ReportError(faults(f"table {table} of figure {name}", found, way_out))
    rows = pd.DataFrame(content["rows"], columns=keys)
    for key in NUMERIC.intersection(keys):
        rows[key] = rows[key].astype("float64")
    for key, known in CODES.items():
        unknown = sorted(set(rows[key].dropna()) - set(known)) if key in keys else []
        if unknown:
            listed = f"{key} {', '.join(map(str, unknown))}; known: {', '.join(known)}"
            raise ReportError(f"table {table} of figure {name} has unknown {listed}.")
    drawn = [key for key in needs[kind] if key in ("value", "gap", "estimate", "relative")]
    if drawn and rows[drawn[0]].isna().all():
        raise ReportError(
            f"table {table} of figure {name} has no number in column {drawn[0]}: there is nothing to draw."
        )
    return Drawing(narrator, name, kind, table, finding, options, rows)


def decimals_of(step: float) -> int:
    """Count the digits behind the comma that a scale with this step needs."""
    return next((places for places in range(9) if math.isclose(round(step, places), step, rel_tol=1e-6)), 9)


def limits(values: pd.DataFrame) -> tuple[float, float]:
    """Give the ends of an axis that shows all these values with some room."""
    low, high = float(np.nanmin(values.to_numpy())), float(np.nanmax(values.to_numpy()))
    room = 0.1 * (high - low) or abs(high) * 0.1 or 1.0
    return low - room, high + room


def from_zero(values: pd.DataFrame) -> tuple[float, float]:
    """Give the ends of an axis that shows all these values and zero, with room on the sides where values are."""
    low, high = limits(values.assign(zero=0.0))
    seen = values.to_numpy()
    return (low if np.nanmin(seen) < 0 else 0.0), (high if np.nanmax(seen) > 0 else 0.0)


def sheet(height: float, width: float = WIDTH) -> "Figure":
    """Make an empty figure of this size; it is not registered with pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 72, height / 72))


def size_of(figure: "Figure") -> tuple[float, float]:
    """Give width and height of a figure."""
    return round(figure.get_figwidth() * 72, 6), figure.get_figheight() * 72


@dataclass(frozen=True)
class Panel:
    """Axes in a figure, with the place of their box and of every value in it."""

    figure: "Figure"
    axes: "Axes"
    left: float
    top: float
    width: float
    height: float

    def across(self, value: float) -> float:
        """Give the place of a value on the x axis, from the left side of the figure."""
        low, high = self.axes.get_xlim()
        return self.left + (value - low) / (high - low) * self.width

    def down(self, value: float) -> float:
        """Give the place of a value on the y axis, from the top of the figure."""
        low, high = self.axes.get_ylim()
        return self.top + (high - value) / (high - low) * self.height


def panel(figure: "Figure", left: float, top: float, width: float, height: float) -> Panel:
    """Put axes in a figure, placed by their upper left corner."""
    across, whole = size_of(figure)
    axes = figure.add_axes((left / across, 1 - (top + height) / whole, width / across, height / whole))
    return Panel(figure, axes, left, top, width, height)


@dataclass(frozen=True)
class Hand:
    """How letters are written: on which side of their place, in which colour and weight."""

    align: str = "left"
    colour: str = INK
    bold: bool = False


def letter(figure: "Figure", place: tuple[float, float], text: str, hand: Hand = Hand()) -> None:
    """Write a text, its middle at this height, its lines on even base lines."""
    (across, whole), lines = size_of(figure), text.split("\n")
    for index, part in enumerate(lines):
        down = place[1] + (index - (len(lines) - 1) / 2) * (LINE - 1) + LETTER / 3
        weight = "bold" if hand.bold else "normal"
        style: dict[str, Any] = {"ha": hand.align, "color": hand.colour, "weight": weight}
        figure.text(place[0] / across, 1 - down / whole, part, va="baseline", **style)


def line(figure: "Figure", start: tuple[float, float], end: tuple[float, float], colour: str = GREY) -> None:
    """Draw a thin line in the figure, outside any panel."""
    from matplotlib.lines import Line2D

    width, whole = size_of(figure)
    across, down = [start[0] / width, end[0] / width], [1 - start[1] / whole, 1 - end[1] / whole]
    figure.add_artist(Line2D(across, down, color=colour, linewidth=0.8))


def _key_places(items: Items, width: float) -> list[tuple[int, float]]:
    return flow([wide(text) + (46 if marks else 24) for marks, text in items], width - 16)


def key_height(items: Items, width: float = WIDTH) -> float:
    """Give the height of a key with these items in a figure of this width."""
    return LINE * (1 + _key_places(items, width)[-1][0])


def key(figure: "Figure", top: float, items: Items) -> None:
    """Explain signs: each item is the properties of its lines or markers, and a text."""
    from matplotlib.lines import Line2D

    width, whole = size_of(figure)
    for (marks, text), (row, start) in zip(items, _key_places(items, width), strict=True):
        y = top + LINE * (row + 0.5)
        for mark in marks:
            ends = [start + 8, start + 28] if mark.get("linestyle", "none") != "none" else [start + 18]
            style = {"linestyle": "none", **mark}
            figure.add_artist(Line2D([x / width for x in ends], [1 - y / whole] * len(ends), **style))
        letter(figure, (start + (34 if marks else 12), y), text)


def name_rows(place: Panel, names: Sequence[str], first: Sequence[bool], centres: Sequence[float]) -> None:
    """Write names left of their rows: all when they fit, else those in `first` and what still fits.

    A name that may have moved is joined to its row by a thin line.
    """
    wanted = [place.top + centre for centre in centres]
    least = LINE - 2
    crowded = any(later - sooner < least for sooner, later in pairwise(wanted))
    chosen = [index for index, on in enumerate(first) if on or not crowded]
    ends = place.top, place.top + place.height
    moved = spread([wanted[index] for index in chosen], least, *ends) if crowded else wanted
    spots = dict(zip(chosen, moved, strict=True))
    for index, y in enumerate(wanted):
        if index not in spots and all(abs(y - spot) >= least for spot in spots.values()):
            spots[index] = y
    for index, y in spots.items():
        whole, bold = names[index], first[index]
        text = whole if "\n" in whole else shorten(whole, place.left - 30, bold=bold)
        letter(place.figure, (place.left - 22, y), text, Hand("right", bold=bold))
        if crowded:
            line(place.figure, (place.left - 18, y), (place.left - 2, wanted[index]))


def row_panel(
    names: Sequence[str], first: Sequence[bool], header: float, footer: float, width: float = WIDTH
) -> tuple[Panel, list[float]]:
    """Make a figure with a row per name, named at the left, between header and footer.

    Gives the panel, whose y axis is in units of the figure from its top, and the middle of each row. Up to 25 long
    names are broken over lines; from 80 on the rows become lower.
    """
    heights = [LINE] * len(names)
    if len(names) <= 25:
        names = [wrap(name, 280 * width / WIDTH, bold=True) for name in names]
        heights = [LINE * (name.count("\n") + 1) + 6 for name in names]
    elif len(names) > 80:
        heights = [max(1400.0, sum(first) * LINE) / len(names)] * len(names)
    whole = sum(heights)
    left = min(290.0 * width / WIDTH, max(wide(name, bold=on) for name, on in zip(names, first, strict=True))) + 32
    place = panel(sheet(header + whole + footer, width), left, header, width - left - 16, whole)
    place.axes.set_ylim(whole, 0)
    place.axes.set_yticks([])
    centres = [sum(heights[:index]) + height / 2 for index, height in enumerate(heights)]
    name_rows(place, names, first, centres)
    return place, centres


def scale(drawing: Drawing, place: Panel, side: str) -> None:
    """Put round numbers along the x or y axis, in the language of the figure; none of them leaves it."""
    from matplotlib.ticker import MaxNLocator

    axes = place.axes
    axis, (low, high) = (axes.xaxis, axes.get_xlim()) if side == "x" else (axes.yaxis, axes.get_ylim())
    spots = [float(spot) for spot in MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    texts = {round(spot, 9): drawing.bare(spot, spots[1] - spots[0]) for spot in spots if low <= spot <= high}
    if side == "x":
        texts = {
            spot: text
            for spot, text in texts.items()
            if place.across(spot) + wide(text) / 2 < size_of(place.figure)[0] - 2
        }
    axis.set_ticks(list(texts), labels=list(texts.values()))
    axes.set(xlabel="", ylabel="")
    axis.grid(color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def name_breaks(place: Panel, breaks: Sequence[tuple[float, str]], row: float) -> float:
    """Write above a panel what the dotted lines through it are; give the next free row."""
    if not breaks:
        return row
    room = max(wide(text) for _, text in breaks) + 10
    middles = spread(
        [place.across(year) for year, _ in breaks], room, 8 + room / 2, size_of(place.figure)[0] - 8 - room / 2
    )
    for middle, (_, text) in zip(middles, breaks, strict=True):
        letter(place.figure, (middle, row), text, Hand("center", GREY))
    return row + LINE


def name_halves(drawing: Drawing, places: Sequence[Panel], years: tuple[int, int], row: float) -> float:
    """Draw a thin line between the last year before and the first since, named above; give the next free row."""
    middle, figure = sum(years) / 2, places[0].figure
    for place in places:
        place.axes.axvline(middle, color=GREY, linewidth=1, zorder=0)
    before, since = (
        drawing.say((name,), {"year": str(year)}) for name, year in zip(("before", "since"), years, strict=True)
    )
    x = min(max(places[0].across(middle), wide(before) + 15), size_of(figure)[0] - 15 - wide(since))
    letter(figure, (x - 7, row), before, Hand("right", GREY))
    letter(figure, (x + 7, row), since, Hand("left", GREY))
    return row + LINE


def year_axis(place: Panel, years: Sequence[int]) -> None:
    """Put years along the x axis of a panel, with half a year of room at both ends."""
    place.axes.set_xlim(min(years) - 0.5, max(years) + 0.5)
    chosen = year_ticks(years, place.width)
    place.axes.set_xticks(chosen, labels=[str(year) for year in chosen])
    place.axes.set(xlabel="", ylabel="")
