"""Reads a table of cells into observations: each cell is a number, or the reason why there is none.

A grid has a row per area (and year) and a column per figure, as they stand in the file. Whole columns are read at once,
so that a national table takes a second. What is refused is refused with its place in the file.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.catalogue import Catalogue, Indicator
from kloof.errors import SchemaError, SourceError, examples, faults
from kloof.files.areas import areas_of, mine, parent
from kloof.files.cells import clean
from kloof.files.numbers import NOT_YET, Cells, Expected, FloatArray, Parsed, look, settle
from kloof.files.vocabularies import Column, Publication, Vocabulary
from kloof.schema import CODE, COLUMNS, SetAside, empty_observations

MAY_BE_NEGATIVE = frozenset({"thousand_euro", "euro", "score_points", "points", "index"})
LOWEST_REAL = -99990  # below it CBS only writes marks for "no value"


@dataclass(frozen=True)
class Grid:
    """One table of a file, rows in its order.

    `code` is missing for rows that were set aside; `year` is one for all rows or one a row, and gives way to the year
    in a column's title. `everyone` has the codes also of rows set aside because they are of another municipality: they
    say what is published, and how numbers are written; `names` are what the areas are called. `marks` says what the
    text of an empty cell stands for; an empty cell without one is judged by `_status`. `zero_is_missing`: indicators
    of which the source prints 0 where it has none. `zero_was_lost`: indicators of which the source left a real 0 out,
    so that an empty cell says nothing and makes no row. `levels_apart`: a level without any value in a column makes no
    rows. `told` has source and status of each row, where the file itself says them.
    """

    where: str
    code: "pd.Series[str]"
    year: "int | pd.Series[int]"
    cells: pd.DataFrame
    columns: Mapping[str, Column]
    marks: Mapping[str, str] = field(default_factory=dict)
    zero_is_missing: frozenset[str] = frozenset()
    zero_was_lost: frozenset[str] = frozenset()
    levels_apart: bool = False
    comma_parts_thousands: bool = False
    everyone: "pd.Series[str] | None" = None
    names: "pd.Series[str] | None" = None
    told: pd.DataFrame | None = None

    def years(self) -> "pd.Series[int]":
        """Year of each row."""
        return self.year if isinstance(self.year, pd.Series) else pd.Series(self.year, index=self.cells.index)

    def understood(self) -> list[tuple[int, str, str]]:
        """List year, title and indicator of every column."""
        years = sorted(self.years().dropna().astype("int64").unique().tolist())
        return [
            (year, title, column.indicator)
            for title, column in self.columns.items()
            for year in ([column.year] if column.year else years)
        ]


@dataclass(frozen=True)
class Figures:
    """The numbers of one table in one year, rows in the order of the file; what a cell does not say is missing.

    `numbers` has an array per indicator, in the unit of the catalogue, `titles` the title of each in the file.
    """

    where: str
    year: int
    code: NDArray[np.object_]
    numbers: Mapping[str, FloatArray]
    titles: Mapping[str, str]


def observations(
    grids: Sequence[Grid], catalogue: Catalogue, publications: Mapping[str, Publication]
) -> tuple[pd.DataFrame, list[SetAside], list[Figures]]:
    """Read the cells of all grids; give rows with `schema.COLUMNS`, not yet checked, what made no row, and the numbers.

    Raises SchemaError listing every kind of cell that is no number, no known mark, outside sense, or that can be two
    numbers.
    """
    seen = [{title: look(grid.cells[title]) for title in grid.columns} for grid in grids]
    signs = {sign for columns in seen for cells in columns.values() for sign in cells.signs()}
    decimal = next(iter(signs)) if len(signs) == 1 else ""
    parts, aside, figures = [], [], []
    for grid, columns in zip(grids, seen, strict=True):
        rows, left_out, numbers = _read(grid, columns, catalogue, publications, decimal)
        parts.append(rows)
        aside += left_out
        figures += numbers
    parts = [part for part in parts if len(part)]
    return (pd.concat(parts, ignore_index=True) if parts else empty_observations()), aside, figures


def expected(indicator: Indicator, catalogue: Catalogue, times: float = 1.0) -> Expected:
    """Say what a column with this indicator can hold, when its cells are multiplied by `times`."""
    low, high = catalogue.plausible(indicator.id)
    step = 1.0 if indicator.kind == "count" and indicator.unit != "hectare" else indicator.rounding
    return Expected(low / times, high / times, step / times)


def _read(
    grid: Grid, seen: Mapping[str, Cells], catalogue: Catalogue, publications: Mapping[str, Publication], decimal: str
) -> tuple[pd.DataFrame, list[SetAside], list[Figures]]:
    """Read one grid."""
    everyone = grid.code if grid.everyone is None else grid.everyone
    known = everyone.notna().to_numpy()
    own = grid.code.notna().to_numpy()[known]
    code = everyone.to_numpy(dtype=object)[known]
    row_year = grid.years().to_numpy()[known]
    level = np.array([one[:2] for one in code], dtype=object)
    called = code if grid.names is None else code + " " + grid.names.to_numpy(dtype=object)[known]
    wrong, lost, apart = _Faults(grid, called), 0, 0
    columns: dict[str, _Column] = {}
    numbers: dict[int | None, dict[str, FloatArray]] = {}
    for title, column in grid.columns.items():
        indicator = catalogue.indicator(column.indicator)
        parsed = _settled(grid, seen[title], expected(indicator, catalogue, column.times), decimal)
        wrong.see(title, indicator.unit, indicator.kind == "count", parsed, known, own)
        columns[title] = one = _column(grid, column, parsed, known)
        numbers.setdefault(column.year, {})[column.indicator] = one.value
    wrong.refuse()
    parts: dict[str, list[np.ndarray]] = {name: [] for name in COLUMNS}
    groups: dict[int | None, tuple[np.ndarray, np.ndarray, int]] = {}
    for title, one in columns.items():
        column, indicator = grid.columns[title], catalogue.indicator(grid.columns[title].indicator)
        if column.year not in groups:
            groups[column.year] = _grouped(np.full(len(code), column.year) if column.year else row_year, level)
        year, group, number = groups[column.year]
        measured = np.bincount(group, weights=~one.empty, minlength=number) > 0
        publication = publications[column.publication]
        nobody = _nobody(indicator, numbers[column.year])
        status, source = _status(one, measured[group], nobody, publication.blank, grid.marks), publication.sources(year)
        if grid.told is not None:
            status, source = _as_told(grid.told[known], status)
        keep = own.copy()
        if grid.levels_apart:
            keep &= measured[group]
            apart += int((own & ~keep).sum())
        if column.indicator in grid.zero_was_lost:
            lost += int((keep & one.empty).sum())
            keep &= ~one.empty
        parts["code"].append(code[keep])
        parts["year"].append(year[keep])
        parts["indicator"].append(np.full(int(keep.sum()), column.indicator, dtype=object))
        parts["value"].append(one.value[keep])
        parts["unit"].append(np.full(int(keep.sum()), indicator.unit, dtype=object))
        parts["status"].append(status[keep])
        parts["source"].append(source[keep])
    aside = [SetAside("cells", lost, "zero_or_missing_cannot_be_told")] if lost else []
    aside += [SetAside("cells", apart, "no_figures_of_this_level_and_year")] if apart else []
    if not grid.columns:
        return empty_observations(), aside, []
    rows = pd.DataFrame({name: np.concatenate(arrays) for name, arrays in parts.items()})
    text_columns = [name for name in COLUMNS if name not in ("year", "value")]
    rows = rows.astype({"year": "int64", "value": "float64", **dict.fromkeys(text_columns, "str")})
    return rows, aside, _figures(grid, code[own], row_year[own], numbers, own)


@dataclass(frozen=True)
class _Column:
    """A column as it was read: numbers in the unit of the catalogue, and what is known of the cells without."""

    value: FloatArray
    empty: "NDArray[np.bool_]"
    zero: "NDArray[np.bool_]"
    withheld: "NDArray[np.bool_]"
    text: "NDArray[np.object_]"


def _column(grid: Grid, column: Column, parsed: Parsed, known: "NDArray[np.bool_]") -> _Column:
    """Bring a column in the unit of the catalogue; a 0 that stands for no figure is none."""
    value, empty = parsed.value[known], parsed.empty[known]
    zero = value == 0 if column.indicator in grid.zero_is_missing else np.zeros(len(value), dtype=bool)
    value = np.where(zero, np.nan, value)
    value = value if column.times == 1 else np.round(value * column.times, 9)
    return _Column(value, empty | zero, zero, parsed.withheld[known], parsed.text[known])


def _nobody(indicator: Indicator, numbers: Mapping[str, FloatArray]) -> "NDArray[np.bool_] | None":
    """Tell in which rows there is nobody, or no dwelling, to measure; None when the table does not say."""
    base = next((name for name in indicator.weighed_by if name in numbers and name != indicator.id), None)
    return None if base is None else numbers[base] == 0


def _status(
    one: _Column,
    measured: "NDArray[np.bool_]",
    nobody: "NDArray[np.bool_] | None",
    blank: str,
    marks: Mapping[str, str],
) -> "NDArray[np.object_]":
    """Say of every cell whether there is a figure, or why not; `measured`: its column has some at that level and year.

    A cell without a mark says that its figure is withheld only where the source withholds figures and no other cell of
    the column has a mark for that.
    """
    status = np.full(len(one.value), "measured", dtype=object)
    if not one.empty.any():
        return status
    marked = one.withheld.any()
    status[one.empty] = "not_measured" if marked and blank == "suppressed" else blank
    status[one.withheld] = "suppressed"
    status[(one.empty & ~measured) | (one.empty & (one.text == NOT_YET))] = "not_published"
    if nobody is not None:
        status[one.empty & nobody] = "not_applicable"
    for mark, meaning in marks.items():
        status[one.empty & (one.text == mark)] = meaning
    status[one.zero] = "zero_means_missing"
    return status


def _as_told(told: pd.DataFrame, status: "NDArray[np.object_]") -> "tuple[NDArray[np.object_], NDArray[np.object_]]":
    """Give the status that the file itself says, where it says one, and the source."""
    own = told["status"].to_numpy(dtype=object)
    return np.where(own != "", own, status), told["source"].to_numpy(dtype=object)


def _settled(grid: Grid, cells: Cells, holds: Expected, decimal: str) -> Parsed:
    """Decide how the numbers of a column are written."""
    if grid.comma_parts_thousands:
        return settle(replace(cells, grouping=np.where(cells.either == ",", ",", cells.grouping)), holds, decimal)
    return settle(cells, holds, decimal)


def _figures(
    grid: Grid,
    code: "NDArray[np.object_]",
    row_year: "NDArray[np.integer[Any]]",
    numbers: Mapping[int | None, Mapping[str, FloatArray]],
    own: "NDArray[np.bool_]",
) -> list[Figures]:
    """Lay the numbers of the rows that are kept out by year."""
    titles = {(column.year, column.indicator): title for title, column in grid.columns.items()}
    found = []
    for stated, columns in numbers.items():
        kept = {name: value[own] for name, value in columns.items()}
        named = {name: titles[stated, name] for name in columns}
        years = [stated] if stated else np.unique(row_year).tolist()
        for year in years:
            rows = slice(None) if len(years) == 1 else row_year == year
            values = {name: value[rows] for name, value in kept.items()}
            found.append(Figures(grid.where, int(year), code[rows], values, named))
    return found


def _grouped(year: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Give each row the number of its year and level; returns year of each row, its number, how many there are."""
    years, _ = pd.factorize(year)
    levels, names = pd.factorize(level)
    group, which = pd.factorize(years * len(names) + levels)
    return year, group, len(which)


def impossible(
    value: FloatArray, unit: "str | np.ndarray", counted: "bool | np.ndarray", share: FloatArray
) -> dict[str, NDArray[np.bool_]]:
    """Mark numbers that cannot be what their column holds, by its unit and whether it counts; `share` is in percent."""
    below_zero = unit in MAY_BE_NEGATIVE if isinstance(unit, str) else np.isin(unit, list(MAY_BE_NEGATIVE))
    negative = (value < 0) & (value > LOWEST_REAL) & ~np.asarray(below_zero)
    return {
        "unknown mark for missing": value <= LOWEST_REAL,
        "negative": negative,
        "percentage above 100": (share > 100) & (np.asarray(unit) == "percent"),
        "count that is not whole": counted & (np.asarray(unit) != "hectare") & (value % 1 > 0),
    }


class _Faults:
    """Gathers what is wrong with the cells of a grid, to say it all at once."""

    def __init__(self, grid: Grid, code: np.ndarray):
        self.grid, self.code = grid, code
        self.found: dict[str, list[str]] = {}
        self.decimal: dict[str, str] = {}
        self.unclear: list[str] = []

    def see(
        self, title: str, unit: str, counted: bool, parsed: Parsed, known: "NDArray[np.bool_]", own: "NDArray[np.bool_]"
    ) -> None:
        """Look at one column, at the rows that are kept."""
        value, text = parsed.value[known], parsed.text[known]
        column = self.grid.columns[title]
        checks = {"no number": parsed.wrong[known], **impossible(value, unit, counted, value * column.times)}
        for what, bad in checks.items():
            if not bad.any():
                continue
            cells = [
                f"{self.code[n]}, column {title!r}: {text[n] or f'{value[n]:g}'}" for n in np.flatnonzero(bad & own)
            ]
            self.found.setdefault(what, []).extend(cells)
        if parsed.unclear:
            self.unclear.append(f"column {title!r}: {parsed.unclear}")
        for sign, example in parsed.signs.items():
            here = np.flatnonzero((text == example) & own)
            if len(here):
                self.decimal.setdefault(sign, f"{self.code[here[0]]}, column {title!r}: {example}")

    def refuse(self) -> None:
        """Raise SchemaError when anything was wrong."""
        if len(self.decimal) == 2:
            shown = " and ".join(self.decimal.values())
            raise SchemaError(
                f"{self.grid.where} has decimal commas and decimal points: {shown}. Write all numbers in one way."
            )
        found = [f"{what} in {len(cells)} cells ({examples(cells)})" for what, cells in self.found.items() if cells]
        if self.unclear:
            found.append(f"a sign that can part thousands or decimals in {examples(self.unclear, 3)}")
        if found:
            raise SchemaError(faults(self.grid.where, found, "Correct these cells, or empty them when not known."))


def twice(titles: Sequence[str], columns: Mapping[str, Column], where: str) -> None:
    """Refuse a table in which two columns mean the same, or two have one title."""
    doubled = sorted(title for title, times in Counter(titles).items() if times > 1)
    found = [f"column {title!r} stands twice" for title in doubled]
    by_meaning: dict[tuple[str, int | None], list[str]] = {}
    for title, column in columns.items():
        by_meaning.setdefault((column.indicator, column.year), []).append(title)
    found += [
        f"columns {' and '.join(map(repr, both))} both mean {indicator}"
        for (indicator, _), both in by_meaning.items()
        if len(both) > 1
    ]
    if found:
        raise SchemaError(faults(where, found, "Keep one of them."))


ABROAD = "GM0998"  # "Buitenland" in files of municipalities: no place in the Netherlands


@dataclass(frozen=True)
class Reading:
    """One file, recognised: its kind, its tables (name, rows, columns), and its grids of cells.

    `areas` has code, name, level, parent_code; `identity` titles that hold no figure, with the reason (a key of
    [aside] in vocabularies.toml); `not_understood` year and title. `notices` are made of the file's own contents.
    """

    kind: str
    edition: str
    tables: tuple[tuple[str, int, int], ...]
    grids: tuple[Grid, ...]
    areas: pd.DataFrame
    identity: tuple[tuple[str, str], ...] = ()
    not_understood: tuple[tuple[int, str], ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    geometry: Mapping[str, Any] | None = None


def joined(readings: Sequence[Reading]) -> Reading:
    """Put the tables of one file together, each as it was read."""
    first = readings[0]
    if len(readings) == 1:
        return first
    areas = pd.concat([one.areas for one in readings], ignore_index=True)
    return replace(
        first,
        edition=", ".join(dict.fromkeys(one.edition for one in readings)),
        tables=tuple(table for one in readings for table in one.tables),
        grids=tuple(grid for one in readings for grid in one.grids),
        areas=areas.drop_duplicates("code", keep="last").sort_values("code", ignore_index=True),
        identity=tuple(dict.fromkeys(pair for one in readings for pair in one.identity)),
        not_understood=tuple(dict.fromkeys(pair for one in readings for pair in one.not_understood)),
        set_aside=tuple(row for one in readings for row in one.set_aside),
    )


@dataclass(frozen=True)
class Titles:
    """The titles of one table: those with a figure, those that hold none with the reason, and those not known."""

    columns: Mapping[str, Any]
    identity: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def sort_titles(titles: Sequence[str], vocabulary: Vocabulary, where: str, *, numbered: bool = False) -> Titles:
    """Look every title up. Raises SchemaError when a title stands twice or two columns mean the same."""
    columns = {title: found for title in titles if (found := vocabulary.column(title, numbered=numbered))}
    twice(titles, columns, where)
    rest = [title for title in titles if title not in columns]
    identity = tuple((title, why) for title in rest if (why := vocabulary.why_aside(title, numbered=numbered)))
    named = {title for title, _ in identity}
    return Titles(columns, identity, tuple(title for title in rest if title not in named))


def read_codes(cells: "pd.Series[Any]", where: str) -> "tuple[pd.Series[str], list[SetAside]]":
    """Read area codes; the country is NL00 in all of them, and rows about abroad are set aside.

    Raises SchemaError for codes without their prefix.
    """
    code = cells.map(clean).astype("str").replace({"NL01": "NL00", "NL": "NL00"})
    bad = code[~code.str.fullmatch(CODE)]
    if len(bad):
        shown = [f"row {row + 1}: {value!r}" for row, value in zip(bad.index, bad, strict=True)]
        raise SchemaError(f"{where}: {len(bad)} codes without their prefix (GM, WK, BU, PC): {examples(shown)}.")
    abroad = code == ABROAD
    aside = [SetAside("rows", int(abroad.sum()), "abroad", ABROAD)] if abroad.any() else []
    return code.where(~abroad), aside


def read_postcodes(cells: "pd.Series[Any]", where: str) -> "pd.Series[str]":
    """Read four-digit postcodes as area codes. Raises SchemaError for anything else."""
    text = cells.map(lambda cell: f"{cell:.0f}" if isinstance(cell, float) else clean(cell)).astype("str")
    bad = text[~text.str.fullmatch(r"[1-9][0-9]{3}")]
    if len(bad):
        shown = [f"row {row + 1}: {value!r}" for row, value in zip(bad.index, bad, strict=True)]
        raise SchemaError(f"{where}: {len(bad)} postcodes that are not four digits: {examples(shown)}.")
    return "PC" + text


def list_areas(code: "pd.Series[str]", names: "pd.Series[str]") -> pd.DataFrame:
    """List each area once, with the name of its last row; rows that were set aside have no code."""
    rows = pd.DataFrame({"code": code, "name": names}).dropna(subset=["code"])
    return areas_of(rows.assign(parent_code=rows["code"].map(parent)))


def only(reading: Reading, municipality: str) -> Reading:
    """Keep the rows of one municipality; postcodes belong to none and stay.

    Raises SourceError when the file has rows of other municipalities only.
    """
    grids, left_out, here = [], 0, 0
    shown: set[str] = set()
    for grid in reading.grids:
        known = grid.code.notna()
        own = known & (mine(grid.code.fillna(""), municipality) | grid.code.str.startswith("PC").fillna(False))
        here += int(own.sum())
        left_out += int((known & ~own).sum())
        shown |= set(grid.code[known & ~own].str.slice(0, 6))
        everyone = grid.code if grid.everyone is None else grid.everyone
        grids.append(replace(grid, code=grid.code.where(own), everyone=everyone))
    if not here:
        raise SourceError(f"{reading.tables[0][0]} has no rows of {municipality}. It has {examples(sorted(shown))}.")
    aside = [SetAside("rows", left_out, "other_areas", examples(sorted(shown)))] if left_out else []
    if any(grid.code.str.startswith("PC").any() for grid in grids):
        aside.append(SetAside("rows", 0, "postcodes_belong_to_no_municipality"))
    used = {code for grid in grids for code in grid.code.dropna().unique()}
    shapes = reading.geometry
    if shapes:
        shapes = {**shapes, "features": [one for one in shapes["features"] if one["properties"]["code"] in used]}
    return replace(
        reading,
        grids=tuple(grids),
        areas=reading.areas[reading.areas["code"].isin(used)].reset_index(drop=True),
        set_aside=(*reading.set_aside, *aside),
        geometry=shapes,
    )
