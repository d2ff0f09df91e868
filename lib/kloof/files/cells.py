"""Hands the cells of an edition of Kerncijfers wijken en buurten (KWB) over as they stand.

Editions: SQLite with a table per year, CSV with one header row (R, OData), StatLine CSV, and our own tidy
CSV. What the titles and cells mean is for `kloof.files.kwb`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from kloof.ceilings import database, database_table
from kloof.errors import SchemaError, SourceError, examples
from kloof.schema import SetAside

_TABLE = re.compile(r"kerncijfers_wijken_en_buurten_(\d{4})(?!\d)", re.IGNORECASE)
YEAR = re.compile(r"(?<!\d)(?:19|20)[0-9]{2}(?!\d)")
WHOLE_YEAR = re.compile(r"((?:19|20)[0-9]{2})(?:JJ00|-01-01(?:[T ]00:00(?::00)?)?)?")  # CBS, and dates of 1 January
PERIOD_TITLES = ("perioden", "jaar")
TIDY = ("code", "year", "indicator", "value")
TIDY_MORE = ("unit", "source", "status", "name")

NAME_TITLES = ("wijk buurt", "wijken en buurten", "wijkenenbuurten", "naam", "regioaanduiding naam")
CODE_TITLES = ("regioaanduiding codering", "codering")
OTHER_IDENTITY = (
    "",
    "id",
    "regioaanduiding gemeentenaam",
    "gemeentenaam",
    "regioaanduiding soort regio",
    "soort regio",
)

FIELD = re.compile(r"(?:k_\d|[A-Z])[A-Za-z0-9]*_\d{1,3}")
FIELD_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
UNIT_WORDS = re.compile(
    r"(?: (?:aantal inwoners per km2?|aantal|x 1 000 euro|euro|per 1 000 inwoners|per km2?"
    r"|km2?|m[23]?|kwh|ha|code|omschrijving|naam))+$"
)


@dataclass(frozen=True)
class Sheet:
    """One year of a file: cells as they stand, one row per area, columns by their original title."""

    year: int
    where: str
    cells: pd.DataFrame

    @property
    def titles(self) -> list[str]:
        """Original titles of the columns."""
        return [str(title) for title in self.cells.columns]

    def column(self, titles: Iterable[str]) -> str | None:
        """Find the column whose title means one of `titles`."""
        return next((title for title in self.titles if normalise(title) in titles), None)

    def names(self) -> "pd.Series[str]":
        """Names of the areas; codes where the file has no names."""
        title = self.column(NAME_TITLES) or self.column(CODE_TITLES)
        if title is None:
            raise SchemaError(f"{self.where} has no column with areas; expected a title such as Wijken en buurten.")
        return self.cells[title].map(clean).astype("str")


@cache
def normalise(title: str) -> str:
    """Reduce a column title of any edition to the words that carry its meaning.

    Compatibility forms, invisible signs, accents, case, punctuation, `proc` for %, trailing unit words and
    the number StatLine puts behind a field name (another one in every table) do not count; `auto s` is
    `autos`. Idempotent.
    """
    text = "".join(sign for sign in unicodedata.normalize("NFKC", title) if unicodedata.category(sign) != "Cf").strip()
    if FIELD.fullmatch(text):
        text = FIELD_WORDS.sub(" ", text.removeprefix("k_"))
    text = re.sub(r"_\d{1,3}$", "", text)
    text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)).lower()
    text = re.sub(r"[^a-z0-9]+", " ", text)
    text = re.sub(r"(?:(?<=\d)|\b)(?:proc)+\b", " ", text)
    words = " ".join(text.split())
    return UNIT_WORDS.sub("", re.sub(r"(?<=[a-z]) s\b", "s", words))


def read_sheets(path: Path, rows: list[list[str]] | None, said: int | None) -> tuple[str, list[Sheet], list[SetAside]]:
    """Recognise the edition; return its sheets, one for each year, and what of the file is in none of them.

    `rows` are those of a text, None for a database; `said` is the year of a file that does not say it. Raises
    SourceError when it is no edition of KWB, when its year is not known, or when its name, tables and columns say
    different years.
    """
    if rows is None:
        sheets, aside = _sqlite(path)
        same_years(path, {sheet.where.removeprefix(f"{path.name}, "): {sheet.year} for sheet in sheets})
        return "kwb_sqlite", sheets, aside
    head = next((number for number, row in enumerate(rows[:8]) if len(row) > 1), 0)
    titles = rows[head]
    if set(TIDY) <= set(titles):
        return "tidy_csv", [Sheet(0, path.name, tabulate(path.name, titles, rows[head + 1 :]))], []
    topics = next((n for n in range(head, min(head + 6, len(rows) - 1)) if rows[n + 1][0] == "Wijken en buurten"), None)
    if topics is not None and titles[0] != "Wijken en buurten":
        titles = [rows[topics + 1][0], *rows[topics][1:]]
        above = " ".join(rows[0])
        year = one_year(path, above if YEAR.search(above) else path.stem, said)
        same_years(path, {f"its first line ({above[:40]!r})": {year}})
        return "statline_csv", [Sheet(year, path.name, tabulate(path.name, titles, rows[topics + 2 :]))], []
    if not any(normalise(title) in (*NAME_TITLES, *CODE_TITLES) for title in titles):
        raise SourceError(
            f"{path.name} is no KWB file: its first line is {','.join(titles)[:60]!r}. Expected a CSV with "
            f"a column Wijken en buurten, a StatLine CSV, or the columns {', '.join(TIDY)}."
        )
    cells = tabulate(path.name, titles, rows[head + 1 :])
    period = next((title for title in titles if normalise(title) in PERIOD_TITLES), None)
    if period is None:
        return "kwb_csv", [Sheet(one_year(path, path.stem, said), path.name, cells)], []
    sheets, aside = _by_period(path, cells, period)
    if said is not None and {sheet.year for sheet in sheets} != {said}:
        raise SourceError(f"{path.name} has years of its own in {period}. Leave --year out.")
    return "kwb_csv", sheets, aside


def _by_period(path: Path, cells: pd.DataFrame, title: str) -> tuple[list[Sheet], list[SetAside]]:
    """Take a sheet for each year that a column names; it counts for more than the name of the file."""
    line = cells.iloc[:, 0].map(is_source) | cells[title].isna()
    text = cells[title].map(clean).astype("str")
    odd = sorted(set(text[~text.map(lambda one: bool(WHOLE_YEAR.fullmatch(one))) & ~line]))
    if odd:
        raise SourceError(f"{path.name}: column {title} holds {examples(odd)}; it should hold years, such as 2017JJ00.")
    year = text.str.slice(0, 4).mask(line).ffill().bfill()
    sheets = [Sheet(int(one), path.name, part.reset_index(drop=True)) for one, part in cells.groupby(year, sort=True)]
    return sheets, other_year_in_name(path, {sheet.year for sheet in sheets})


def other_year_in_name(path: Path, years: Collection[int]) -> list[SetAside]:
    """Notice that the name of a file says another year than the column with periods, which counts."""
    named = {int(one) for one in YEAR.findall(path.stem)}
    if not named or named & set(years):
        return []
    shown = ", ".join(map(str, sorted(years)))
    return [SetAside("kwb_years", 0, "name_says_another_year", f"{path.name}: {shown}")]


def same_years(path: Path, inside: Mapping[str, Collection[int]]) -> None:
    """Refuse a file whose name says another year than what is in it; `inside` has the years by where they stand."""
    named = {int(one) for one in YEAR.findall(path.stem)}
    every: dict[str, Collection[int]] = {f"the name {path.name}": named} if named else {}
    every.update(inside)
    low, high = min(named, default=0), max(named, default=9999)
    wrong = any(not low <= year <= high for years in inside.values() for year in years)
    if wrong:
        said = [f"{place} says {', '.join(map(str, sorted(years)))}" for place, years in every.items()]
        raise SourceError(f"{path.name}: the years disagree: {'; '.join(said)}. Correct what is wrong.")


def one_year(path: Path, text: str, said: int | None = None) -> int:
    """Take the only year that `text` names, or `said`; raise SourceError for none, several, or two that disagree."""
    years = set(YEAR.findall(text))
    found = f"finds {', '.join(sorted(years))}" if years else "finds none"
    if said is not None and not years <= {str(said)}:
        raise SourceError(f"{path.name}: --year says {said}, and kloof {found}. Leave --year out, or rename the file.")
    if said is None and len(years) != 1:
        raise SourceError(
            f"{path.name}: the year is read from the name and kloof {found}. Name it like kwb_2017.csv, or say it: "
            "--year 2017."
        )
    return said or int(years.pop())


def _sqlite(path: Path) -> tuple[list[Sheet], list[SetAside]]:
    """Read every yearly KWB table of a SQLite database, and count the rows of the others."""
    with database(path) as base:
        tables = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        years = {table: int(found[1]) for table in tables if (found := _TABLE.match(table))}
        sheets, aside = [], []
        for table in tables:
            if table not in years and not table.startswith("sqlite_"):
                rows = base.execute('SELECT count(*) FROM "{}"'.format(table.replace('"', '""'))).fetchone()[0]
                aside.append(SetAside("tables", rows, "sheet_not_read", table))
        for table, year in years.items():
            where = f"{path.name}, table {table}"
            sheets.append(Sheet(year, where, tabulate(where, *database_table(base, table))))
    if not years:
        listed = examples(tables) or "none"
        raise SourceError(
            f"{path.name} has no table named like Kerncijfers_wijken_en_buurten_2016. Its tables: {listed}."
        )
    twice = [table for table, year in years.items() if Counter(years.values())[year] > 1]
    if twice:
        raise SchemaError(f"{path.name} has more than one table for a year: {', '.join(twice)}. Keep one of them.")
    return sorted(sheets, key=lambda sheet: sheet.year), aside


def tabulate(where: str, titles: list[str], rows: list[list[str]] | list[tuple[object, ...]]) -> pd.DataFrame:
    """Put rows under their titles; every row must have all cells, apart from the `Bron: CBS` line."""
    double = [title for title, times in Counter(titles).items() if times > 1]
    if double:
        raise SchemaError(f"{where}: two columns have the same title ({examples(double)}). Rename or remove one.")
    full = [[*row, *[None] * (len(titles) - 1)] if len(row) == 1 and is_source(row[0]) else list(row) for row in rows]
    odd = [number for number, row in enumerate(full, 1) if len(row) != len(titles)]
    if odd:
        shown = f"row {examples(odd)} below the titles has not {len(titles)} cells"
        raise SourceError(f"{where} is damaged: {shown}. Download it again.")
    return pd.DataFrame(full, columns=titles, dtype="object")


def is_source(name: object) -> bool:
    """Tell whether a cell is the line that names the source."""
    return isinstance(name, str) and re.match(r"\s*Bron\b", name) is not None


def clean(name: object) -> str:
    """Name of an area without invisible signs and double blanks."""
    text = "" if name is None else str(name)
    if text.isascii():  # most codes and cells: nothing to normalise
        return " ".join(text.split())
    text = unicodedata.normalize("NFC", text)
    return " ".join("".join(sign for sign in text if unicodedata.category(sign) != "Cf").split())
