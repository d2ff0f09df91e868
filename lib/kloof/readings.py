"""What was made of one file before its cells are read: grids, areas, and every column and row that is not used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from kloof.errors import SchemaError, SourceError, examples
from kloof.grids import Grid, twice
from kloof.places import areas_of, mine, parent
from kloof.schema import CODE, SetAside
from kloof.sheets import clean
from kloof.vocabularies import Vocabulary

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
