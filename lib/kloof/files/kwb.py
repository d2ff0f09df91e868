"""Reads raw CBS files of Kerncijfers wijken en buurten (KWB) into observations, whatever edition wrote them.

Columns are matched by meaning (`normalise`), cells are read by one rule, areas get the code of the file, of a
codebook or, when there is none, a local one. What was left out and why travels along.
"""

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import CatalogueError, ParameterError, SchemaError, examples, faults
from kloof.files.areas import ROUNDED_TO, Codebook, areas_of, check_codes, coded, mine, named, others, parent, sums
from kloof.files.cells import (
    CODE_TITLES,
    FIELD,
    NAME_TITLES,
    OTHER_IDENTITY,
    PERIOD_TITLES,
    TIDY,
    TIDY_MORE,
    YEAR,
    Sheet,
    clean,
    is_source,
    normalise,
    read_content,
    read_sheets,
)
from kloof.files.reading import Figures, Grid
from kloof.files.reading import observations as observations_of
from kloof.files.vocabularies import Column, Publication
from kloof.schema import STATUSES, SetAside, check_observations

EDITION = Publication("kwb_file", "CBS", "Kerncijfers wijken en buurten", "CC BY 4.0", yearly=True, blank="suppressed")
OWN = Publication("own", "", "", "")
OWN_FILE = "own_file"  # source of rows of a tidy file that names none: whose figures they are is for its owner to say


@dataclass(frozen=True)
class Imported:
    """What was read from one file: figures, areas, and everything that was not used.

    `tables` describes each table: where it stands, its rows, and its titles; `figures` has the numbers of each year.
    """

    observations: pd.DataFrame
    areas: pd.DataFrame
    understood: tuple[tuple[int, str, str], ...]
    not_understood: tuple[tuple[int, str], ...]
    set_aside: tuple[SetAside, ...]
    edition: str
    sha256: str
    tables: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    figures: tuple[Figures, ...] = ()


@dataclass(frozen=True)
class _Cells:
    """Tables of cells, and what is known of them."""

    grids: list[Grid]
    areas: pd.DataFrame
    understood: list[tuple[int, str, str]]
    not_understood: list[tuple[int, str]]
    set_aside: list[SetAside]


def read_kwb(
    path: Path,
    municipality: str | None,
    catalogue: Catalogue,
    *,
    codes: Codebook | None = None,
    content: bytes | None = None,
    year: int | None = None,
) -> Imported:
    """Read one KWB file for one municipality (`GM` + 4 digits), or with None for all areas in it.

    Takes SQLite or CSV (`cells`); `codes` is a CSV (or a frame) with columns code, name for files that carry
    names only; `content` are the bytes of the table where the file is packed, `year` its year where it does not say
    it. Returns observations that `check_observations` accepts, in the units of the catalogue, source
    `kwb_file_YEAR`; `set_aside` counts rows of the file, notices have 0 rows. A cell without value is
    `suppressed` when its column has values in other rows of that year, else `not_published`. Without codes in
    the file and without `codes`, areas get local codes such as `BU0917x001`, numbered by name, that mean
    nothing outside this file; the same level and name is the same area in all years.
    Raises ParameterError (municipality, codes), SourceError (file absent, damaged, no KWB file, municipality
    not in it, levels that cannot be told), SchemaError (columns, duplicates, cells outside sense) and
    CatalogueError (one title for two indicators).
    """
    if municipality is not None and not re.fullmatch(r"GM\d{4}", municipality):
        raise ParameterError(f"municipality {municipality!r} is no CBS code; write GM and four digits, such as GM0758.")
    data = read_content(path) if content is None else content
    edition, sheets, apart = read_sheets(path, data, year)
    if edition == "tidy_csv":
        if codes is not None:
            raise ParameterError(f"{path.name} carries its own codes; leave out the codebook.")
        rows, cells, figures = _tidy(sheets[0], municipality, catalogue)
    else:
        cells = _wide(sheets, municipality, catalogue, codes)
        if edition != "statline_csv":
            _need_inhabitants(sheets, cells)
        rows, _, figures = observations_of(cells.grids, catalogue, {EDITION.id: EDITION})
    observations = check_observations(rows, path.name)
    return Imported(
        observations,
        cells.areas,
        tuple(cells.understood),
        tuple(cells.not_understood),
        (*apart, *cells.set_aside, *sums(observations, "inhabitants", ROUNDED_TO["inhabitants"])),
        edition,
        hashlib.sha256(data).hexdigest(),
        tuple((sheet.where, len(sheet.cells), tuple(sheet.titles)) for sheet in sheets),
        tuple(figures),
    )


def _match(sheet: Sheet, catalogue: Catalogue) -> dict[str, str]:
    """Map the titles of a sheet to indicators, by meaning."""
    meaning: dict[str, str] = {}
    for indicator in catalogue.indicators.values():
        for column in {normalise(column) for column in indicator.columns}:
            if column in meaning:
                raise CatalogueError(
                    f"column {column!r} stands at {meaning[column]} and {indicator.id}; keep one of them."
                )
            meaning[column] = indicator.id
    matched = {title: found for title in sheet.titles if (found := _meaning(title, meaning))}
    for indicator_id, times in Counter(matched.values()).items():
        if times > 1:
            both = " and ".join(repr(title) for title, name in matched.items() if name == indicator_id)
            raise SchemaError(f"{sheet.where}: columns {both} both mean {indicator_id}. Remove one of them.")
    return matched


def _meaning(title: str, meaning: Mapping[str, str]) -> str | None:
    """Find the indicator of a title.

    An OData field name has no topic, so the indicator counts when only its columns end in that name.
    """
    short = normalise(title)
    if short in meaning or not FIELD.fullmatch(title):
        return meaning.get(short)
    ends = {indicator for column, indicator in meaning.items() if column.endswith(f" {short}")}
    return ends.pop() if len(ends) == 1 else None


def _need_inhabitants(sheets: list[Sheet], cells: _Cells) -> None:
    """Refuse a whole table without the number of inhabitants: nothing can be weighed without it."""
    have = {year for year, _, indicator in cells.understood if indicator == "inhabitants"}
    found = [f"{sheet.where} has no column for inhabitants" for sheet in sheets if sheet.year not in have]
    if found:
        raise SchemaError(faults("the columns", found, "Expected a title such as Bevolking|Aantal inwoners."))


def _wide(sheets: list[Sheet], municipality: str | None, catalogue: Catalogue, codes: Codebook | None) -> _Cells:
    """Turn sheets with a column per indicator into cells, one row per area, year and indicator."""
    sheets, aside = _without_source_rows(sheets)
    with_codes = all(sheet.column(CODE_TITLES) for sheet in sheets)
    if with_codes:
        if codes is not None:
            raise ParameterError(f"{sheets[0].where} carries its own codes; leave out the codebook.")
        places, areas, more = coded(sheets, municipality)
    elif municipality is None:
        raise ParameterError(
            f"{sheets[0].where} carries names only, and no municipality was named. Say which one it is about: "
            "--municipality GM and four digits."
        )
    else:
        places, areas, more = named(sheets, municipality, codes)
    cells = _Cells([], areas, [], [], aside + more)
    for sheet, place in zip(sheets, places, strict=True):
        matched = _match(sheet, catalogue)
        cells.understood.extend((sheet.year, title, indicator) for title, indicator in matched.items())
        known = (*NAME_TITLES, *CODE_TITLES, *OTHER_IDENTITY, *PERIOD_TITLES)
        rest = [title for title in sheet.titles if title not in matched and normalise(title) not in known]
        cells.not_understood.extend((sheet.year, title) for title in rest)
        columns = {title: Column(indicator, EDITION.id) for title, indicator in matched.items()}
        own = place.reindex(sheet.cells.index)
        everyone = sheet.cells[sheet.column(CODE_TITLES)].map(clean).astype("str") if with_codes else own
        cells.grids.append(
            Grid(sheet.where, own, sheet.year, sheet.cells, columns, everyone=everyone, names=sheet.names())
        )
    return cells


def _without_source_rows(sheets: list[Sheet]) -> tuple[list[Sheet], list[SetAside]]:
    """Set the closing line with the source aside."""
    kept, rows = [], 0
    for sheet in sheets:
        source = sheet.names().map(is_source).astype("bool")
        rows += int(source.sum())
        kept.append(Sheet(sheet.year, sheet.where, sheet.cells[~source].reset_index(drop=True)))
    return kept, [SetAside("kwb_rows", rows, "source_line")] if rows else []


def _tidy(sheet: Sheet, municipality: str | None, catalogue: Catalogue) -> tuple[pd.DataFrame, _Cells, list[Figures]]:
    """Take rows that already have our shape; unit, source, status and name are optional columns."""
    rows = pd.DataFrame({title: sheet.cells[title].map(clean).astype("str") for title in sheet.titles})
    check_codes(rows["code"], municipality, rows.get("name", rows["code"]), sheet.where)
    found = _tidy_faults(rows, catalogue)
    if found:
        raise SchemaError(faults(sheet.where, found, "Correct these rows; missing values may stay blank."))
    own = mine(rows["code"], municipality)
    rows["year"] = rows["year"].astype("int64")
    rows["source"] = rows["source"].mask(rows["source"] == "", OWN_FILE) if "source" in rows else OWN_FILE
    years = sorted(rows["year"].unique().tolist())
    known = rows[["year", "indicator"]].drop_duplicates().sort_values(["year", "indicator"])
    places = rows.loc[own].sort_values("year", kind="stable")
    places = places.assign(parent_code=places["code"].map(parent), name=places.get("name", places["code"]))
    rows["given"] = rows.get("status", "")
    parts = [(name, part) for name, part in rows.groupby("indicator", sort=False)]
    cells = _Cells(
        [
            Grid(sheet.where, part["code"].where(own[part.index]), part["year"], part[["value"]].rename(
                columns={"value": str(name)}), {str(name): Column(str(name), OWN.id)}, everyone=part["code"])
            for name, part in parts
        ],
        areas_of(places[["code", "name", "parent_code"]]),
        [(year, name, name) for year, name in zip(known["year"].tolist(), known["indicator"].tolist(), strict=True)],
        [(year, title) for year in years for title in sheet.titles if title not in (*TIDY, *TIDY_MORE)],
        others(rows["code"], own),
    )  # fmt: skip
    read, _, figures = observations_of(cells.grids, catalogue, {OWN.id: OWN})
    told = pd.concat([part[own[part.index]] for _, part in parts], ignore_index=True)
    status = read["status"].mask(told["given"] != "", told["given"])
    return read.assign(source=told["source"], status=status), cells, figures


def _tidy_faults(rows: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """List rows of a tidy file whose year, indicator, unit or status is not known."""
    units = {name: indicator.unit for name, indicator in catalogue.indicators.items()}
    unit = rows["indicator"].map(units)
    near = {name: difflib.get_close_matches(name, list(units), n=1) for name in rows["indicator"][unit.isna()].unique()}
    hint = {name: f"{name}, nearest {found[0]}" if found else name for name, found in near.items()}
    given = rows.get("unit", unit.fillna(""))
    status = rows.get("status", pd.Series("", index=rows.index))
    checks = [
        ("not a year", ~rows["year"].str.fullmatch(YEAR), rows["year"]),
        ("unknown indicator", unit.isna(), rows["indicator"].map(hint)),
        ("another unit than the catalogue", unit.notna() & (given != "") & (given != unit), given),
        ("unknown status", ~status.isin(["", *STATUSES]), status),
    ]
    return [
        f"{what} in {int(bad.sum())} rows ({examples(list(cell[bad].unique()))})"
        for what, bad, cell in checks
        if bad.any()
    ]
