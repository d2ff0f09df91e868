"""Reads Kerncijfers wijken en buurten with the short names of kwb-YYYY.xls, and the municipal panel: a row per area."""

import re

import pandas as pd

from kloof.errors import SchemaError, SourceError, examples, faults
from kloof.files.cells import YEAR, clean, same_years, tabulate
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading, list_areas, read_codes, sort_titles
from kloof.files.vocabularies import Vocabularies

CODE, NAME = "gwb_code_10", "regio"
_FEWEST = 0.5  # share of the titles that must be short names of CBS
_LEVELS = {"land": "NL", "gemeente": "GM", "wijk": "WK", "buurt": "BU"}


def read_kwb_workbook(opened: Opened, words: Vocabularies) -> Reading | None:
    """Read a KWB edition as CBS publishes it: one sheet (or CSV) with a row of short names, codes in gwb_code_10.

    Editions without gwb_code_10 (2013 to 2015) have the code in gwb_code. The year stands in the name of the sheet,
    else of the file. Raises SchemaError when codes and kinds of area contradict, or a code stands twice.
    """
    if opened.sheets is not None:
        candidates = opened.sheets
    elif opened.rows is not None:
        candidates = {opened.name: opened.rows}
    else:
        return None
    for sheet, rows in candidates.items():
        titles = [clean(title).casefold() for title in rows[0]] if rows else []
        code_title = next((title for title in (CODE, "gwb_code") if title in titles), None)
        if code_title is None or words["workbook"].known(titles) < _FEWEST * len(titles):
            continue
        where = f"{opened.name}, {sheet}" if opened.sheets else opened.name
        found = sort_titles(titles, words["workbook"], where)
        cells = tabulate(where, titles, [row for row in rows[1:] if any(clean(cell) for cell in row)])
        code, aside = read_codes(cells[code_title], where)
        _check_rows(cells, code, where)
        year = _year(opened, sheet)
        return Reading(
            kind="kwb_workbook",
            edition=f"KWB {year}",
            tables=((where, len(cells), len(titles)),),
            grids=(Grid(where, code, year, cells, found.columns),),
            areas=list_areas(code, cells[NAME].map(clean).astype("str") if NAME in cells else code),
            identity=found.identity,
            not_understood=tuple((year, title) for title in found.unknown),
            set_aside=tuple(aside),
        )
    return None


def _year(opened: Opened, sheet: str) -> int:
    """Find the edition: in the name of the sheet, which must not say another year than that of the file."""
    named = set(re.findall(YEAR, sheet))
    if opened.sheets is None or len(named) != 1:
        return opened.one_year(opened.stem)
    year = opened.one_year(sheet)
    same_years(opened.path, {f"sheet {sheet}": {year}})
    return year


def _check_rows(cells: pd.DataFrame, code: "pd.Series[str]", where: str) -> None:
    """Refuse rows whose kind of area contradicts their code, and codes that stand twice."""
    found = []
    double = sorted(code[code.duplicated() & code.notna()].unique())
    if double:
        found.append(f"{len(double)} codes stand twice ({examples(double)})")
    if "recs" in cells:
        kind = cells["recs"].map(clean).str.casefold().map(_LEVELS)
        wrong = code[(kind != code.str.slice(0, 2)) & code.notna()]
        if len(wrong):
            shown = [f"{one} {clean(given)}" for one, given in zip(wrong, cells["recs"][wrong.index], strict=True)]
            found.append(f"{len(wrong)} codes are not of the kind in recs ({examples(shown)})")
    if found:
        raise SchemaError(faults(where, found, "Download it again, or correct these rows."))


def read_panel(opened: Opened, words: Vocabularies) -> Reading | None:
    """Read the municipal panel: a row per municipality and year, figures of the map and of the police."""
    rows = opened.rows or []
    titles = [clean(title) for title in rows[0]] if rows else []
    if not {"jaar", "gemeentecode"} <= set(titles) or words["panel"].known(titles) < _FEWEST * len(titles):
        return None
    found = sort_titles(titles, words["panel"], opened.name)
    cells = tabulate(opened.name, titles, rows[1:])
    year = cells["jaar"].map(clean).astype("str")
    odd = sorted(set(year[~year.str.fullmatch(YEAR)]))
    if odd:
        raise SourceError(f"{opened.name}: column jaar holds {examples(odd)}; it should hold years.")
    years = year.astype("int64")
    code, aside = read_codes(cells["gemeentecode"], opened.name)
    names = cells.get("gemeentenaam", code)
    order = years.sort_values(kind="stable").index
    return Reading(
        kind="municipal_panel",
        edition=f"{years.min()}-{years.max()}",
        tables=((opened.name, len(cells), len(titles)),),
        grids=(Grid(opened.name, code, years, cells, found.columns, levels_apart=True),),
        areas=list_areas(code[order], names[order].astype("str")),
        identity=found.identity,
        not_understood=tuple((int(years.max()), title) for title in found.unknown),
        set_aside=tuple(aside),
    )
