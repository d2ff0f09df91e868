"""Reads the national files of woonikveilig: KWB 2024 with police and RIVM figures, as JSON per municipality or parquet.

A derived copy with mistakes of its own, each met here: it writes nothing where the source has a real 0, so an empty
cell of a count or share says nothing; its wijk codes of buurten are wrong, so the wijk follows from the buurt code;
and in a few municipalities the police use other buurt codes, so that the crimes of the buurten are not there.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from kloof.errors import SourceError
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading, list_areas, read_codes, sort_titles
from kloof.files.vocabularies import Column, Vocabularies
from kloof.schema import SetAside

KWB_YEAR = 2024
# a mean over people or dwellings cannot be 0: where the copy has none, CBS published none
NEVER_ZERO = frozenset({"mean_dwelling_value", "mean_income_per_inhabitant", "mean_household_size", "urbanity_class"})
POLICE, HEALTH, KWB = "police_47022", "rivm_50150", "cbs_kwb"
FOUND = 0.5  # of a municipality's crimes, below which its buurten are not the ones the police use
_FEWEST = 50  # crimes in a municipality, below which the share found says nothing


def read_national_parquet(opened: Opened, words: Vocabularies) -> Reading | None:
    """Read the converted national table: a row per area."""
    table = opened.table
    if table is None or not {"code", "level", "has_veiligheid", "inwoners"} <= set(table.columns):
        return None
    return _read(opened, table, words, "woonikveilig_parquet")


def read_national_json(opened: Opened, words: Vocabularies) -> Reading | None:
    """Read one municipality with its wijken and buurten, or the country."""
    content = opened.content
    if not isinstance(content, dict) or not {"schemaVersion", "demografie", "code"} <= set(content):
        return None
    head = {key: value for key, value in content.items() if key not in ("wijken", "buurten")}
    rows = [head]
    for level in ("wijken", "buurten"):
        listed = content.get(level, [])
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise SourceError(f"{opened.name}: {level} should be a list of areas. Download it again.")
        rows += listed
    table = pd.json_normalize(rows, sep=".")
    # a block that is absent for some areas (null) leaves a column of its own name beside those of its parts
    blocks = {title.split(".")[0] for title in table.columns if "." in title}
    table = table.drop(columns=[title for title in table.columns if title in blocks and table[title].isna().all()])
    return _read(opened, table, words, "woonikveilig_json")


def _read(opened: Opened, table: pd.DataFrame, words: Vocabularies, kind: str) -> Reading:
    """Lay the table out by publication, each with what an empty cell means there."""
    found = sort_titles([str(title) for title in table.columns], words["woonikveilig"], opened.name)
    code, aside = read_codes(table["code"], opened.name)
    by_publication: dict[str, dict[str, Column]] = {}
    for title, column in found.columns.items():
        by_publication.setdefault(column.publication, {})[title] = column
    crimes = by_publication.get(POLICE, {})
    unusable = _other_codes(table, code, crimes)
    lost = frozenset(c.indicator for c in by_publication.get(KWB, {}).values()) - NEVER_ZERO
    grids = []
    for publication, columns in by_publication.items():
        cells = table[list(columns)]
        grid = Grid(opened.name, code, KWB_YEAR, cells, columns, levels_apart=True)
        if publication == KWB:
            grid = replace(grid, zero_was_lost=lost)
        elif publication == POLICE:
            # blank: the copy has no crime figures for this buurt, which is not a count of 0
            usable = code.where(~code.str.slice(2, 6).isin(unusable) | ~code.str.startswith("BU"))
            grids.append(replace(grid, code=usable, marks={"": "not_published"}))
            rest = code.where(code.str.slice(2, 6).isin(unusable) & code.str.startswith("BU"))
            grid = replace(grid, code=rest, cells=_emptied(cells), marks={".": "suspect"}, levels_apart=False)
        elif publication not in (KWB, POLICE, HEALTH):
            grid = replace(grid, columns=_with_year(table, columns, found.identity, opened.name))
        grids.append(grid)
    if unusable:
        aside.append(SetAside("cells", 0, "police_use_other_codes", ", ".join(f"GM{one}" for one in sorted(unusable))))
    tables = ((opened.name, len(table), len(table.columns)),)
    unknown = tuple((KWB_YEAR, title) for title in found.unknown)
    areas = list_areas(code, table["name"].astype("str"))
    edition = f"KWB {KWB_YEAR} (85984NED), 47022NED, 50150NED"
    return Reading(kind, edition, tables, tuple(grids), areas, found.identity, unknown, tuple(aside))


def _emptied(cells: pd.DataFrame) -> pd.DataFrame:
    """Give the same table with a mark in every cell."""
    return pd.DataFrame(".", index=cells.index, columns=cells.columns, dtype="object")


def _other_codes(table: pd.DataFrame, code: "pd.Series[str]", crimes: Mapping[str, Column]) -> set[str]:
    """Find municipalities of whose crimes less than half is found in their buurten, in the years together."""
    if not crimes:
        return set()
    total = table[list(crimes)].apply(pd.to_numeric, errors="coerce").sum(axis=1)
    place, level = code.str.slice(2, 6), code.str.slice(0, 2)
    whole = total[level == "GM"].groupby(place).sum()
    found = total[level == "BU"].groupby(place).sum().reindex(whole.index).fillna(0)
    return set(whole.index[(whole >= _FEWEST) & (found < FOUND * whole) & (whole > 0)])


def _with_year(
    table: pd.DataFrame, columns: Mapping[str, Column], identity: tuple[tuple[str, str], ...], where: str
) -> dict[str, Column]:
    """Give columns the year that stands beside them: sterfte_jaar, doodsoorzaken.jaar."""
    beside = {title: title.replace("_jaar", "").replace(".jaar", "") for title, _ in identity if title.endswith("jaar")}
    dated = {}
    for title, column in columns.items():
        about = "doodsoorzaken" if "kanker" in title or "ademhaling" in title else "sterfte"
        year = next((one for one, stem in beside.items() if stem == about), None)
        years = set() if year is None else set(pd.to_numeric(table[year], errors="coerce").dropna().astype(int))
        if len(years) != 1:
            raise SourceError(f"{where}: column {title!r} should have one year beside it, not {sorted(years)}.")
        dated[title] = replace(column, year=int(np.int64(years.pop())))
    return dated
