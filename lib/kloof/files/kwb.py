"""Reads raw CBS files of Kerncijfers wijken en buurten (KWB) into observations, whatever edition wrote them.

Columns are matched by meaning (`normalise`), cells are read by one rule, areas get the code of the file, of a
codebook or, when there is none, a local one. What was left out and why travels along.
"""

import difflib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import CatalogueError, ParameterError, SchemaError, examples, faults
from kloof.files.areas import Places, areas_of, check_codes, coded, mine, named, others, parent
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
    read_sheets,
)
from kloof.files.municipalities import Known
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading
from kloof.files.vocabularies import Column, Publication, Vocabularies
from kloof.schema import STATUSES, SetAside

EDITIONS = "cbs_kwb"
OWN = Publication("own", "", "", "")
OWN_FILE = "own_file"  # source of rows of a tidy file that names none: whose figures they are is for its owner to say


def read_kwb(
    opened: Opened, words: Vocabularies, catalogue: Catalogue, municipality: str | None, places: Known
) -> Reading:
    """Read a KWB file (SQLite, CSV, StatLine CSV, our own tidy CSV) for one municipality, or with None all areas in it.

    `places` are a codebook and the areas known, for files that carry names only. A cell without value is `suppressed`
    when its column has values in other rows of that year, else `not_published`. Without codes in the file and without
    a codebook that fits, areas get local codes such as `BU0917x001`, numbered by name, that mean nothing outside this
    file; the same level and name is the same area in all years.
    Raises ParameterError (municipality, codes), SourceError (no KWB file, municipality not in it, levels that cannot
    be told), SchemaError (columns, duplicates) and CatalogueError (one title for two indicators).
    """
    path = Path(opened.inside) if opened.inside else opened.path
    kind, sheets, apart = read_sheets(path, opened.rows, opened.year)
    if kind == "tidy_csv":
        grids, areas, aside, unknown = _tidy(sheets[0], municipality, catalogue, places)
    else:
        grids, areas, aside, unknown = _wide(sheets, municipality, catalogue, places)
        if kind != "statline_csv":
            _need_inhabitants(grids)
    titles = dict.fromkeys(title for sheet in sheets for title in sheet.titles)
    identity = {title: why for title in titles if (why := words["statline"].why_aside(normalise(title)))}
    by_name = {sheet.column(NAME_TITLES) for sheet in sheets if not sheet.column(CODE_TITLES)}
    identity |= dict.fromkeys(identity.keys() & by_name, "name")
    used = {title for grid in grids for title in grid.columns}
    years = sorted({year for grid in grids for year in grid.years()[grid.code.notna()].unique().tolist()})
    return Reading(
        kind=kind,
        edition=f"KWB {', '.join(map(str, years))}",
        tables=tuple((sheet.where, len(sheet.cells), len(sheet.titles)) for sheet in sheets),
        grids=tuple(grids),
        areas=areas,
        identity=tuple((title, why) for title, why in identity.items() if title not in used),
        not_understood=tuple((year, title) for year, title in unknown if title not in identity),
        set_aside=(*apart, *aside),
    )


Laid = tuple[list[Grid], pd.DataFrame, list[SetAside], list[tuple[int, str]]]  # grids, areas, aside, titles not known


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


def _need_inhabitants(grids: list[Grid]) -> None:
    """Refuse a whole table without the number of inhabitants: nothing can be weighed without it."""
    found = [
        f"{grid.where} has no column for inhabitants"
        for grid in grids
        if not any(column.indicator == "inhabitants" for column in grid.columns.values())
    ]
    if found:
        raise SchemaError(faults("the columns", found, "Expected a title such as Bevolking|Aantal inwoners."))


def _wide(sheets: list[Sheet], municipality: str | None, catalogue: Catalogue, known: Known) -> Laid:
    """Lay sheets with a column per indicator out."""
    sheets, aside = _without_source_rows(sheets)
    with_codes = all(sheet.column(CODE_TITLES) for sheet in sheets)
    if with_codes:
        if known[0] is not None:
            raise ParameterError(f"{sheets[0].where} carries its own codes; leave out the codebook.")
        places, areas, more = coded(sheets, municipality)
    elif municipality is None:
        raise ParameterError(
            f"{sheets[0].where} carries names only, and no municipality was named. Say which one it is about: "
            "--municipality GM and four digits."
        )
    else:
        places, areas, more = _by_name(sheets, municipality, known)
    grids, unknown = [], []
    for sheet, place in zip(sheets, places, strict=True):
        matched = _match(sheet, catalogue)
        identity = (*NAME_TITLES, *CODE_TITLES, *OTHER_IDENTITY, *PERIOD_TITLES)
        rest = [title for title in sheet.titles if title not in matched and normalise(title) not in identity]
        unknown += [(sheet.year, title) for title in rest]
        columns = {title: Column(indicator, EDITIONS) for title, indicator in matched.items()}
        own = place.reindex(sheet.cells.index)
        everyone = sheet.cells[sheet.column(CODE_TITLES)].map(clean).astype("str") if with_codes else own
        grids.append(Grid(sheet.where, own, sheet.year, sheet.cells, columns, everyone=everyone, names=sheet.names()))
    return grids, areas, [*aside, *more], unknown


def _by_name(sheets: list[Sheet], municipality: str, known: Known) -> Places:
    """Give names the codes of a codebook, else of the areas known where these are all of them, else local ones."""
    codes, areas = known
    own = areas[areas["code"].str.slice(2, 6) == municipality[2:]]
    if codes is not None or not {"WK", "BU"} <= set(own["code"].str.slice(0, 2)):
        return named(sheets, municipality, codes)
    try:
        return named(sheets, municipality, own)
    except SchemaError as problem:
        if "the codebook for" not in str(problem):
            raise
        notice = SetAside("kwb_codes", 0, "known_areas_do_not_fit", str(problem)[:200])
    places, found, aside = named(sheets, municipality, None)
    return places, found, [*aside, notice]


def _without_source_rows(sheets: list[Sheet]) -> tuple[list[Sheet], list[SetAside]]:
    """Set the closing line with the source aside."""
    kept, rows = [], 0
    for sheet in sheets:
        source = sheet.names().map(is_source).astype("bool")
        rows += int(source.sum())
        kept.append(Sheet(sheet.year, sheet.where, sheet.cells[~source].reset_index(drop=True)))
    return kept, [SetAside("kwb_rows", rows, "source_line")] if rows else []


def _tidy(sheet: Sheet, municipality: str | None, catalogue: Catalogue, known: Known) -> Laid:
    """Take rows that already have our shape; unit, source, status and name are optional columns."""
    if known[0] is not None:
        raise ParameterError(f"{sheet.where} carries its own codes; leave out the codebook.")
    rows = pd.DataFrame({title: sheet.cells[title].map(clean).astype("str") for title in sheet.titles})
    check_codes(rows["code"], municipality, rows.get("name", rows["code"]), sheet.where)
    found = _tidy_faults(rows, catalogue)
    if found:
        raise SchemaError(faults(sheet.where, found, "Correct these rows; missing values may stay blank."))
    own = mine(rows["code"], municipality)
    rows["year"] = rows["year"].astype("int64")
    rows["source"] = rows["source"].mask(rows["source"] == "", OWN_FILE) if "source" in rows else OWN_FILE
    rows["status"] = rows.get("status", "")
    places = rows.loc[own].sort_values("year", kind="stable")
    places = places.assign(parent_code=places["code"].map(parent), name=places.get("name", places["code"]))
    grids = [
        Grid(
            sheet.where, part["code"].where(own[part.index]), part["year"],
            part[["value"]].rename(columns={"value": name}), {name: Column(name, OWN.id)}, everyone=part["code"],
            told=part[["source", "status"]],
        )
        for name, part in ((str(name), part) for name, part in rows.groupby("indicator", sort=False))
    ]  # fmt: skip
    rest = [title for title in sheet.titles if title not in (*TIDY, *TIDY_MORE)]
    unknown = [(year, title) for year in sorted(rows["year"].unique().tolist()) for title in rest]
    return grids, areas_of(places[["code", "name", "parent_code"]]), others(rows["code"], own), unknown


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
