"""Reads a table that a person saved from StatLine as CSV: a row per area and period, titles with their topics.

Titles are compared by meaning with those in the catalogue; areas have their code in Regiocode, or are municipalities
by name.
"""

import re

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import SourceError, examples
from kloof.files.cells import CODE_TITLES, NAME_TITLES, YEAR, clean, is_source, normalise, tabulate
from kloof.files.municipalities import Known, code_municipalities
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading, list_areas, read_codes, twice
from kloof.files.statline import NOT_NAMED, no_row_twice, publication_of
from kloof.files.vocabularies import Column, Vocabularies
from kloof.schema import SetAside

YEAR_ROW = re.compile(r"((?:19|20)[0-9]{2})(?:JJ00)?\*{0,2}")  # stars mark provisional figures
MUNICIPALITIES = ("regios", "gemeenten")
SES = "ses_woa"


def read_statline_csv(opened: Opened, words: Vocabularies, catalogue: Catalogue, known: Known) -> Reading | None:
    """Read a CSV of StatLine with the column Perioden; None when it is none, or has none of the titles kloof knows.

    Raises SourceError when years contradict, SchemaError for codes without their prefix, rows that stand twice and
    columns that mean the same.
    """
    titles = [clean(title) for title in (opened.rows or [[]])[0]]
    meant = {normalise(title): title for title in titles}
    region = next((meant[one] for one in meant if one.startswith("regiocode") or one in CODE_TITLES), None)
    place = region or next((meant[one] for one in MUNICIPALITIES if one in meant), None)
    columns = _columns(titles, catalogue)
    if "perioden" not in meant or place is None or not columns or opened.rows is None:
        return None
    body = [row for row in opened.rows[1:] if not (len(row) == 1 and is_source(row[0]))]
    cells = tabulate(opened.name, titles, body)
    twice(titles, columns, opened.name)
    if region:
        code, aside = read_codes(cells[place], opened.name)
    else:
        code, aside = code_municipalities(cells[place], known, opened.name)
    below = len(opened.rows) - 1 - len(body)
    if below:
        aside.append(SetAside("rows", below, "source_line"))
    year, code, left_out = _years(opened, cells[meant["perioden"]], code)
    no_row_twice(code, year, opened.name)
    table, publication = publication_of(titles, opened.stem, columns, words, opened.name)
    if table == NOT_NAMED and all(column.indicator.startswith(SES) for column in columns.values()):
        publication = SES
    columns = {title: Column(column.indicator, publication) for title, column in columns.items()}
    named = next((meant[one] for one in (*NAME_TITLES, *MUNICIPALITIES) if one in meant), place)
    rest = [title for title in titles if title not in columns]
    why = {title: _why_aside(title, words) for title in rest} | {place: "code" if region else "name"}
    years = sorted(int(one) for one in year[code.notna()].unique())
    return Reading(
        kind="statline_csv",
        edition=f"{table} {years[0]}-{years[-1]}" if len(years) > 1 else f"{table} {years[0]}",
        tables=((opened.name, len(cells) + below, len(titles)),),
        grids=(Grid(opened.name, code, year, cells, columns, levels_apart=True),),
        areas=list_areas(code, cells[named].map(clean).astype("str")),
        identity=tuple((title, reason) for title in rest if (reason := why[title])),
        not_understood=tuple((years[-1], title) for title in rest if not why[title]),
        set_aside=(*aside, *left_out),
    )


def _columns(titles: list[str], catalogue: Catalogue) -> dict[str, Column]:
    """Find the titles that the catalogue knows."""
    topics = {normalise(name): one.id for one in catalogue.indicators.values() for name in one.columns}
    return {title: Column(topics[normalise(title)], "") for title in titles if normalise(title) in topics}


def _why_aside(title: str, words: Vocabularies) -> str | None:
    """Find why a title holds no figure."""
    return next((why for kind in ("statline", SES) if (why := words[kind].why_aside(normalise(title)))), None)


def _years(
    opened: Opened, periods: "pd.Series[str]", code: "pd.Series[str]"
) -> "tuple[pd.Series[int], pd.Series[str], list[SetAside]]":
    """Read the year of each row; rows of other periods are set aside."""
    text = periods.map(clean).astype("str")
    other = ~text.str.fullmatch(YEAR_ROW) & code.notna()
    code = code.where(~other)
    years = {int(one[:4]) for one in text[code.notna()]}
    named = {int(one) for one in YEAR.findall(opened.stem)} | ({opened.year} if opened.year else set())
    if not years:
        raise SourceError(f"{opened.name} has no rows of whole years: Perioden holds {examples(sorted(set(text)))}.")
    if len(named) == 1 and not named <= years:
        shown = ", ".join(map(str, sorted(years)))
        raise SourceError(
            f"{opened.name}: Perioden says {shown}, and its name or --year says {named.pop()}. Correct the wrong one."
        )
    lost = examples(sorted(set(text[other])))
    aside = [SetAside("rows", int(other.sum()), "periods_that_are_no_years", lost)] if other.any() else []
    return text.str.slice(0, 4).where(code.notna(), "0").astype("int64"), code, aside
