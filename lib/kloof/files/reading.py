"""Reads a table of cells into observations: each cell is a number, or the reason why there is none.

A grid has a row per area (and year) and a column per figure, as they stand in the file. Whole columns are read at once,
so that a national table takes a second. What is refused is refused with its place in the file.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.catalogue import Catalogue
from kloof.errors import SchemaError, SourceError, examples, faults
from kloof.files.areas import areas_of, mine, parent
from kloof.files.cells import clean
from kloof.files.vocabularies import Column, Publication, Vocabulary
from kloof.schema import CODE, COLUMNS, SetAside, empty_observations

FloatArray = NDArray[np.float64]
MISSING = frozenset({"", ".", "x", "-", "na", "nan", "null", "none", "<na>"})
MARK = re.compile(r"-(?:99997|99995|99999999)(?:[.,]0+)?")
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
MAY_BE_NEGATIVE = frozenset({"thousand_euro", "euro", "score_points", "points", "index"})
LOWEST_REAL = -99990  # below it CBS only writes marks for "no value"


@dataclass(frozen=True)
class Grid:
    """One table of a file, rows in its order.

    `code` is missing for rows that were set aside; `year` is one for all rows or one a row, and gives way to the year
    in a column's title. `marks` says what the text of an empty cell stands for; a cell without a mark is `suppressed`
    when its column has values at that level and year, else `not_published`. `zero_is_missing`: indicators of which the
    source prints 0 where it has none. `zero_was_lost`: indicators of which the source left a real 0 out, so that an
    empty cell says nothing and makes no row. `levels_apart`: a level without any value in a column makes no rows.
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
class Parsed:
    """The cells of a column: numbers (missing where there is none), which cells have none, the text of those."""

    value: np.ndarray
    empty: np.ndarray
    text: np.ndarray
    wrong: np.ndarray
    comma: np.ndarray
    point: np.ndarray


def observations(
    grids: Iterable[Grid], catalogue: Catalogue, publications: Mapping[str, Publication]
) -> tuple[pd.DataFrame, list[SetAside]]:
    """Read the cells of all grids; give rows with `schema.COLUMNS`, not yet checked, and what made no row.

    Raises SchemaError listing every kind of cell that is no number, no known mark, or outside sense.
    """
    parts, aside = [], []
    for grid in grids:
        rows, left_out = _read(grid, catalogue, publications)
        parts.append(rows)
        aside += left_out
    parts = [part for part in parts if len(part)]
    return (pd.concat(parts, ignore_index=True) if parts else empty_observations()), aside


def _read(
    grid: Grid, catalogue: Catalogue, publications: Mapping[str, Publication]
) -> tuple[pd.DataFrame, list[SetAside]]:
    """Read one grid."""
    mine = grid.code.notna().to_numpy()
    code = grid.code.to_numpy(dtype=object)[mine]
    row_year = grid.years().to_numpy()[mine]
    level = np.array([one[:2] for one in code], dtype=object)
    groups: dict[int | None, tuple[np.ndarray, np.ndarray, int]] = {}
    wrong, lost, apart = _Faults(grid, code), 0, 0
    parts: dict[str, list[np.ndarray]] = {name: [] for name in COLUMNS}
    for title, column in grid.columns.items():
        indicator = catalogue.indicator(column.indicator)
        parsed = parse(grid.cells[title], comma_parts_thousands=grid.comma_parts_thousands)
        value, empty, text = parsed.value[mine], parsed.empty[mine], parsed.text[mine]
        wrong.see(title, indicator.unit, indicator.kind == "count", parsed, mine)
        zero = value == 0 if column.indicator in grid.zero_is_missing else np.zeros(len(value), dtype=bool)
        value, empty = np.where(zero, np.nan, value), empty | zero
        if column.year not in groups:
            groups[column.year] = _grouped(np.full(len(code), column.year) if column.year else row_year, level)
        year, group, number = groups[column.year]
        measured = np.bincount(group, weights=~empty, minlength=number) > 0
        status = np.where(empty, np.where(measured[group], "suppressed", "not_published"), "measured").astype(object)
        for mark, meaning in grid.marks.items():
            status[empty & (text == mark)] = meaning
        status[zero] = "zero_means_missing"
        keep = np.ones(len(code), dtype=bool)
        if grid.levels_apart:
            keep &= measured[group]
            apart += int((~keep).sum())
        if column.indicator in grid.zero_was_lost:
            lost += int((keep & empty).sum())
            keep &= ~empty
        publication = publications[column.publication]
        kept = year[keep]
        names = {one: publication.source(one) for one in np.unique(kept).tolist()}
        parts["code"].append(code[keep])
        parts["year"].append(kept)
        parts["indicator"].append(np.full(len(kept), column.indicator, dtype=object))
        parts["value"].append((value if column.times == 1 else np.round(value * column.times, 9))[keep])
        parts["unit"].append(np.full(len(kept), indicator.unit, dtype=object))
        parts["status"].append(status[keep])
        parts["source"].append(np.array([names[one] for one in kept.tolist()], dtype=object))
    wrong.refuse()
    aside = [SetAside("cells", lost, "zero_or_missing_cannot_be_told")] if lost else []
    aside += [SetAside("cells", apart, "no_figures_of_this_level_and_year")] if apart else []
    if not grid.columns:
        return empty_observations(), aside
    rows = pd.DataFrame({name: np.concatenate(arrays) for name, arrays in parts.items()})
    text_columns = [name for name in COLUMNS if name not in ("year", "value")]
    return rows.astype({"year": "int64", "value": "float64", **dict.fromkeys(text_columns, "str")}), aside


def _grouped(year: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Give each row the number of its year and level; returns year of each row, its number, how many there are."""
    years, _ = pd.factorize(year)
    levels, names = pd.factorize(level)
    group, which = pd.factorize(years * len(names) + levels)
    return year, group, len(which)


def parse(cells: pd.Series, *, comma_parts_thousands: bool = False) -> Parsed:
    """Read a column; text is read once per different text."""
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        value = cells.to_numpy(dtype="float64", na_value=np.nan)
        marked = np.isin(value, (-99997, -99995, -99999999))
        empty = np.isnan(value) | marked
        text = np.where(marked, np.where(value == -99997, "-99997", "-99999999"), "").astype(object)
        none = np.zeros(len(value), dtype=bool)
        return Parsed(np.where(empty, np.nan, value), empty, text, none, none, none)
    plain = cells.astype("object")
    if plain.map(lambda one: isinstance(one, (list, dict))).any():
        plain = plain.map(lambda one: repr(one) if isinstance(one, (list, dict)) else one)  # no number, and said so
    places, texts = pd.factorize(plain, use_na_sentinel=True)
    known = [_cell(text, comma_parts_thousands) for text in texts] + [(np.nan, True, "", False, "")]
    number, empty, shown, wrong, sign = (np.array(part, dtype=object) for part in zip(*known, strict=True))
    return Parsed(
        number[places].astype("float64"),
        empty[places].astype(bool),
        shown[places],
        wrong[places].astype(bool),
        sign[places] == ",",
        sign[places] == ".",
    )


def _cell(cell: object, comma_parts_thousands: bool) -> tuple[float, bool, str, bool, str]:
    """Read one cell: number, whether it is empty, its text, whether it is neither, its decimal sign."""
    if isinstance(cell, bool):
        return np.nan, False, str(cell), True, ""
    if isinstance(cell, (int, float)):
        text = f"{cell:.0f}" if float(cell).is_integer() else repr(cell)
        sign = ""
    else:
        text = str(cell).replace("\u00a0", " ").strip()
        sign = "," if "," in text else "." if "." in text else ""
    if text.lower() in MISSING or MARK.fullmatch(text):
        return np.nan, True, text, False, ""
    if comma_parts_thousands and THOUSANDS.fullmatch(text):
        return float(text.replace(",", "")), False, text, False, ""
    if not NUMBER.fullmatch(text):
        return np.nan, False, text, True, ""
    return float(text.replace(",", ".")), False, text, False, sign


def impossible(
    value: FloatArray, unit: "str | np.ndarray", counted: "bool | np.ndarray", share: FloatArray
) -> dict[str, NDArray[np.bool_]]:
    """Mark numbers that cannot be what their column holds, by its unit and whether it counts; `share` is in percent."""
    negative = (value < 0) & (value > LOWEST_REAL) & ~np.isin(unit, list(MAY_BE_NEGATIVE))
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

    def see(self, title: str, unit: str, counted: bool, parsed: Parsed, mine: np.ndarray) -> None:
        """Look at one column."""
        value, text = parsed.value[mine], parsed.text[mine]
        column = self.grid.columns[title]
        checks = {"no number": parsed.wrong[mine], **impossible(value, unit, counted, value * column.times)}
        for what, bad in checks.items():
            cells = [f"{self.code[n]}, column {title!r}: {text[n] or f'{value[n]:g}'}" for n in np.flatnonzero(bad)]
            self.found.setdefault(what, []).extend(cells)
        for sign, with_it in ((",", parsed.comma[mine]), (".", parsed.point[mine])):
            if with_it.any():
                first = int(np.flatnonzero(with_it)[0])
                self.decimal.setdefault(sign, f"{self.code[first]}, column {title!r}: {text[first]}")

    def refuse(self) -> None:
        """Raise SchemaError when anything was wrong."""
        if len(self.decimal) == 2:
            shown = " and ".join(self.decimal.values())
            raise SchemaError(
                f"{self.grid.where} has decimal commas and decimal points: {shown}. Write all numbers in one way."
            )
        found = [f"{what} in {len(cells)} cells ({examples(cells)})" for what, cells in self.found.items() if cells]
        if found:
            raise SchemaError(faults(self.grid.where, found, "Correct these cells, or empty them when not known."))


def twice(titles: Sequence[str], columns: Mapping[str, Column], where: str) -> None:
    """Refuse a table in which two columns mean the same, or two have one title."""
    doubled = sorted({title for title in titles if list(titles).count(title) > 1})
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
    bad = text[~text.str.fullmatch(r"[1-9]\d{3}")]
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
        grids.append(replace(grid, code=grid.code.where(own)))
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
