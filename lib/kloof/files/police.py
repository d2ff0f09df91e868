"""Reads exports of data.politie.nl: registered crimes and nuisance by kind, area and year. Areas have names only.

0 is a count and blank is not. The long export has a row per kind, year and area; the wide one a column per year.
"""

import re
from pathlib import Path

import pandas as pd

from kloof.errors import SourceError, examples
from kloof.files.areas import areas_to_name, code_names
from kloof.files.cells import YEAR, clean, is_source, tabulate
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading, list_areas
from kloof.files.vocabularies import Column, Vocabularies, Vocabulary
from kloof.schema import SetAside

_LONG = {("Soort misdrijf", "Geregistreerde misdrijven"): "police", ("Overlast", "Geregistreerde overlast"): "nuisance"}
AREAS = ("Wijken en buurten", "Districts and neighborhoods")
SUBJECT = re.compile(r"(?:Type of crime|Soort misdrijf)\s*:\s*(.+)")


def read_police(
    opened: Opened, words: Vocabularies, municipality: str | None, codes: Path | None, areas: pd.DataFrame | None
) -> Reading | None:
    """Read an export of the police; None when it is none.

    Raises ParameterError when the municipality or the names of its areas are not known, SourceError when the export
    is of a kind of crime that kloof does not know, or is cut off.
    """
    rows = opened.rows or []
    if not rows:
        return None
    first = [clean(cell) for cell in rows[0]]
    for (kind, figure), vocabulary in _LONG.items():
        if first[:3] == [kind, "Perioden", "Wijken en buurten"] and len(first) == 4 and first[3].startswith(figure):
            return _long(opened, first, words[vocabulary], areas_to_name(municipality, codes, areas, opened.name))
    head = next((n for n, row in enumerate(rows[:10]) if row and clean(row[0]) in AREAS), None)
    if head is None or not first[0].startswith("Geregistreerde misdrijven"):
        return None
    return _wide(opened, head, words["police"], areas_to_name(municipality, codes, areas, opened.name))


def _long(opened: Opened, titles: list[str], vocabulary: Vocabulary, known: tuple[str, pd.DataFrame]) -> Reading:
    """Read rows of kind, year, area, count."""
    assert opened.rows is not None
    kind_title, year_title, area_title, figure = titles
    cells = tabulate(opened.name, titles, opened.rows[1:])
    year = cells[year_title].map(clean).astype("str")
    odd = sorted(set(year[~year.str.fullmatch(YEAR)]))
    if odd:
        raise SourceError(f"{opened.name}: periods that are no years: {examples(odd)}. Export whole years.")
    kind = cells[kind_title].map(clean).astype("str")
    code, aside = code_names(cells[area_title].astype("str"), kind + " " + year, known[1], opened.name)
    years = year.astype("int64")
    grids, unknown = [], []
    for name in kind.unique():
        column = vocabulary.column(name)
        own = kind == name
        if column is None:
            unknown += [(one, f"{figure}: {name}") for one in sorted(years[own].unique().tolist())]
            continue
        title = f"{figure}: {name}"
        part = cells.loc[own, [figure]].rename(columns={figure: title})
        grids.append(Grid(opened.name, code[own], years[own], part, {title: column}))
    return Reading(
        kind=f"{vocabulary.kind}_export",
        edition=f"{known[0]} {years.min()}-{years.max()}",
        tables=((opened.inside or opened.name, len(cells), len(titles)),),
        grids=tuple(grids),
        areas=_named(code, known[1]),
        identity=((kind_title, "dimension"), (year_title, "dimension"), (area_title, "name")),
        not_understood=tuple(unknown),
        set_aside=tuple(aside),
    )


def crime_grids(
    where: str, cells: pd.DataFrame, code: "pd.Series[str]", year: "pd.Series[int]", words: Vocabularies
) -> tuple[tuple[Grid, ...], tuple[tuple[int, str], ...]]:
    """Lay rows of OData with a field SoortMisdrijf out by kind of crime; also year and kind of those not known."""
    figure = next(title for title in cells.columns if title.startswith("GeregistreerdeMisdrijven_"))
    kind = cells["SoortMisdrijf"].map(clean).astype("str")
    grids, unknown = [], []
    for name in kind.unique():
        own = kind == name
        column = words["police"].column(name)
        title = f"{figure}: {name}"
        if column is None:
            unknown += [(one, title) for one in sorted(year[own].unique().tolist())]
            continue
        part = cells.loc[own, [figure]].rename(columns={figure: title})
        grids.append(Grid(where, code[own], year[own], part, {title: column}))
    return tuple(grids), tuple(unknown)


def _wide(opened: Opened, head: int, vocabulary: Vocabulary, known: tuple[str, pd.DataFrame]) -> Reading:
    """Read a row per area and a column per year, below lines that say of which crime."""
    assert opened.rows is not None
    above = [clean(cell) for row in opened.rows[:head] for cell in row]
    subject = next((match[1] for text in above if (match := SUBJECT.match(text))), "")
    found = vocabulary.column(subject)
    if found is None:
        raise SourceError(
            f"{opened.name} is about {subject or 'a kind of crime it does not name'}, which vocabularies.toml has no "
            "line for. Add it under [vocabulary.police.indicators]."
        )
    years = [clean(cell) for cell in opened.rows[head - 1][1:]]
    if not years or not all(re.fullmatch(YEAR, year) for year in years):
        raise SourceError(f"{opened.name}: the line above the units should name years, not {examples(years)}.")
    titles = [clean(opened.rows[head][0]), *years]
    body = [row for row in opened.rows[head + 1 :] if row]
    below = [row for row in body if is_source(row[0])]
    cells = tabulate(opened.name, titles, [row for row in body if row not in below])
    names = cells[titles[0]].astype("str")
    code, aside = code_names(names, pd.Series("", index=cells.index, dtype="str"), known[1], opened.name)
    columns = {year: Column(found.indicator, found.publication, int(year)) for year in years}
    return Reading(
        kind="police_export",
        edition=f"{known[0]} {years[0]}-{years[-1]}",
        tables=((opened.inside or opened.name, len(cells) + len(below), len(titles)),),
        grids=(Grid(opened.name, code, int(years[0]), cells, columns),),
        areas=_named(code, known[1]),
        identity=((titles[0], "name"),),
        set_aside=(*aside, *([SetAside("rows", len(below), "source_line")] if below else [])),
    )


def _named(code: "pd.Series[str]", book: pd.DataFrame) -> pd.DataFrame:
    """List the areas found, by the names that the list of areas gives them."""
    return list_areas(code, code.map(book.set_index("code")["name"]))
