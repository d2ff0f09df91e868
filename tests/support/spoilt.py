"""Makes spoilt copies of real files: every kind of mistake that people, Excel and scripts make, at several places.

An `Original` is a real file as rows of text, with what must be stored of it. A `Spoilt` copy is another file with what
must be stored of that: the same figures where the mistake is one of writing only, and nothing that is not true.
"""

import csv
import gzip
import io
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import KloofError
from kloof.files.plausible import Allowed
from kloof.files.recognise import Recognised, recognise

Rows = list[list[str]]
Truth = dict[tuple[str, int, str], float | None]
MISSING = {"", ".", "na", "nan", "none"}
WHOLE = re.compile(r"\d{4,}")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Original:
    """A real file: titles and rows of text, the columns by indicator, and how it is read and written."""

    key: str
    name: str
    titles: list[str]
    rows: Rows
    column: dict[str, int]
    code: int
    first: int  # row of the first buurt or postcode
    truth: Truth
    year: int
    decimal: str = "."
    separator: str = ","
    municipality: str | None = None
    write: str = "csv"

    def by_name(self, *names: str) -> list[str]:
        """Those of the indicators that this file has."""
        return [name for name in names if name in self.column]


@dataclass(frozen=True)
class Spoilt:
    """A copy: kind of mistake, place, name of the file, its bytes, and what may be stored."""

    kind: str
    where: str
    name: str
    data: bytes
    truth: Truth
    municipality: str | None = None


def number(cell: str) -> float | None:
    """The number in a cell of an original."""
    text = cell.strip().replace(",", ".")
    return None if text.lower() in MISSING or text.startswith("-999") else float(text)


def text(titles: list[str], rows: Rows, separator: str) -> bytes:
    """Write rows as text."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows([titles, *rows])
    return out.getvalue().encode("utf-8")


def workbook(sheets: dict[str, Rows]) -> bytes:
    """Write sheets of rows as xlsx; numbers as numbers."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell.strip()) else cell for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def database(folder: Path, tables: dict[str, tuple[list[str], Rows]]) -> bytes:
    """Write tables as SQLite; numbers as numbers, empty cells as NULL."""
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as base, base:
        for name, (titles, rows) in tables.items():
            listed = ", ".join('"{}"'.format(title.replace('"', '""')) for title in titles)
            base.execute(f'create table "{name}" ({listed})')
            cells = [[_sql(cell) for cell in row] for row in rows]
            base.executemany(f'insert into "{name}" values ({", ".join("?" * len(titles))})', cells)
    return path.read_bytes()


def _sql(cell: str) -> Any:
    return None if not cell.strip() else float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell.strip()) else cell


def written(one: Original, folder: Path, titles: list[str], rows: Rows, name: str = "") -> tuple[str, bytes]:
    """Write a table as this original is written: name and bytes."""
    name = name or one.name
    if one.write == "csv":
        return name, text(titles, rows, one.separator)
    return name, database(folder, {f"Kerncijfers_wijken_en_buurten_{one.year}_pp": (titles, rows)})


# ------------------------------------------------------------------ the originals


def _csv(data: bytes, separator: str) -> tuple[list[str], Rows]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator))
    return rows[0], rows[1:]


def _original(
    key: str, name: str, titles: list[str], rows: Rows, code: str, year: int, catalogue: Catalogue, folder: Path,
    **how: Any,
) -> Original:  # fmt: skip
    """Read a real file with the library once, to know its columns, and its cells by this module's own reader."""
    place = titles.index(code)
    one = Original(key, name, titles, rows, {}, place, 0, {}, year, **how)
    found = read_as(written(one, folder, titles, rows), folder, catalogue, one.municipality)
    column = {indicator: titles.index(title) for _, title, indicator in found.understood if title in titles}
    names = dict(zip(found.areas["level"] + found.areas["name"], found.areas["code"], strict=True))
    truth: Truth = {}
    for row in rows:
        area = row[place].strip()
        if one.write == "sqlite":
            level = "gemeente" if area == "Heerlen" else "wijk" if area.startswith("Wijk ") else "buurt"
            area = names.get(level + area, "")
        elif re.fullmatch(r"\d{4}", area):
            area = f"PC{area}"
        if area:
            truth |= {(area, year, name): number(row[at]) for name, at in column.items()}
    first = next((n for n, row in enumerate(rows) if row[place].startswith("BU")), 3)
    return replace(one, column=column, truth=truth, first=first)


def read_as(file: tuple[str, bytes], folder: Path, catalogue: Catalogue, municipality: str | None) -> Recognised:
    """Write a file and read it by the library."""
    path = folder / file[0]
    path.write_bytes(file[1])
    try:
        return recognise(path, catalogue, municipality=municipality, allowed=Allowed(last_year=2026))
    finally:
        path.unlink()


NATIONAL_SLICE = ("GM0758", "GM0917", "GM0344", "GM1680", "GM0599", "GM0014")


def originals(data: Path, catalogue: Catalogue, folder: Path) -> list[Original]:
    """The real files: KWB of Amsterdam (2017, 2019), of six municipalities (2017, field names), Heerlen, PC4."""
    found = []
    for year, decimal in ((2017, "."), (2019, ",")):
        titles, rows = _csv((data / "kwb" / f"amsterdam_{year}.csv").read_bytes(), ",")
        code = "Regioaanduiding.Codering..code."
        found.append(
            _original(f"amsterdam_{year}", f"kwb_{year}.csv", titles, rows, code, year, catalogue, folder,
                      decimal=decimal)
        )  # fmt: skip
    titles, rows = _csv(gzip.decompress((data / "national" / "kwb_2017.csv.gz").read_bytes()), ",")
    place = titles.index("WijkenEnBuurten")
    own = {one[2:] for one in NATIONAL_SLICE}
    rows = [row for row in rows if row[place][2:6] in own or row[place].startswith("NL")]
    found.append(_original("fields_2017", "83765NED.csv", titles, rows, "WijkenEnBuurten", 2017, catalogue, folder))
    with closing(sqlite3.connect(f"{(data / 'kwb' / 'heerlen_2016_2020.db').as_uri()}?mode=ro", uri=True)) as base:
        for year in (2016, 2017):
            cursor = base.execute(f"select * from Kerncijfers_wijken_en_buurten_{year}_pp")
            titles = [column[0] for column in cursor.description]
            rows = [["" if cell is None else f"{cell:g}" if isinstance(cell, float) and abs(cell) < 1e5 else
                     f"{cell:.0f}" if isinstance(cell, float) else str(cell) for cell in row]
                    for row in cursor.fetchall() if not str(row[0]).startswith("Bron")]  # fmt: skip
            found.append(
                _original(f"heerlen_{year}", f"heerlen_{year}.db", titles, rows, titles[0], year, catalogue, folder,
                          municipality="GM0917", write="sqlite")
            )  # fmt: skip
    titles, rows = _csv((data / "pc4" / "cbs_pc4_2017.csv").read_bytes(), "|")
    found.append(
        _original("pc4_2017", "cbs_pc4_2017.csv", titles, rows[:600], "PC4", 2017, catalogue, folder, separator="|")
    )
    return found


# ------------------------------------------------------------------ the mistakes


def in_column(one: Original, name: str, change: Callable[[str], str]) -> Rows:
    """Change every cell of a column."""
    place = one.column[name]
    return [[change(cell) if n == place else cell for n, cell in enumerate(row)] for row in one.rows]


def grouped(sign: str) -> Callable[[str], str]:
    """Part thousands with a sign."""
    return lambda cell: f"{int(cell):,}".replace(",", sign) if WHOLE.fullmatch(cell.strip()) else cell


def times(factor: float, decimal: str) -> Callable[[str], str]:
    """Multiply the numbers in a column."""

    def change(cell: str) -> str:
        value = number(cell)
        return cell if value is None else f"{value * factor:.10g}".replace(".", decimal)

    return change


def zero(cell: str) -> str:
    """Write 0 where a figure is missing."""
    return "0" if number(cell) is None else cell


def shifted(one: Original, places: list[int], step: int) -> Rows:
    """Move some columns down (1) or up (-1) by a row; the end that comes free is empty."""
    rows = [list(row) for row in one.rows]
    for n, row in enumerate(rows):
        before = n - step
        for place in places:
            row[place] = one.rows[before][place] if 0 <= before < len(one.rows) else ""
    return rows


COUNTS = ("inhabitants", "households", "income_recipients", "dwellings", "inhabitants_aged_65_plus")
MEANS = ("mean_dwelling_value", "mean_income_per_inhabitant", "mean_household_size")
SHARES = ("owner_occupied_share", "low_income_persons_share", "households_around_social_minimum_share",
          "low_income_households_share")  # fmt: skip
RARE = ("social_assistance_recipients", "inhabitants_non_western_background", "high_income_persons_share", "births")


def copies(one: Original, folder: Path) -> Iterator[Spoilt]:
    """Make every spoilt copy of an original."""

    def copy(kind: str, where: str, rows: Rows, *, name: str = "", titles: list[str] | None = None,
             truth: Truth | None = None) -> Spoilt:  # fmt: skip
        file = written(one, folder, titles or one.titles, rows, name)
        return Spoilt(kind, where, *file, one.truth if truth is None else truth, one.municipality)

    counts, means, shares = one.by_name(*COUNTS), one.by_name(*MEANS), one.by_name(*SHARES)
    rare = one.by_name(*RARE)
    large = [name for name in (*counts, *one.by_name("mean_dwelling_value")) if any(
        WHOLE.fullmatch(row[one.column[name]].strip()) for row in one.rows)]  # fmt: skip
    for name in large:
        for what, sign in (("point", "."), ("comma", ",")):
            yield copy(f"thousands with a {what}", name, in_column(one, name, grouped(sign)))
    for what, sign in (("point", "."), ("comma", ",")):
        rows = [[grouped(sign)(cell) if n in one.column.values() else cell for n, cell in enumerate(row)]
                for row in one.rows]  # fmt: skip
        yield copy(f"thousands with a {what}", "everywhere", rows)
    other = {".": ",", ",": "."}[one.decimal]
    for name in (*means, *shares):
        if any(one.decimal in row[one.column[name]] for row in one.rows):
            yield copy("another decimal sign", name, in_column(one, name, lambda c: c.replace(one.decimal, other)))
            yield copy("decimal sign lost", name, in_column(one, name, lambda c: c.replace(one.decimal, "")))
    for name in shares:
        yield copy("fractions for percents", name, in_column(one, name, times(0.01, one.decimal)))
    for name in one.by_name("mean_dwelling_value", "mean_income_per_inhabitant"):
        yield copy("euros for thousands", name, in_column(one, name, times(1000, one.decimal)))
        yield copy("millions for thousands", name, in_column(one, name, times(0.001, one.decimal)))
    for name in counts[:2]:
        yield copy("thousands for persons", name, in_column(one, name, times(0.001, one.decimal)))
    for name in (*means, *shares, *rare):
        if any(number(row[one.column[name]]) is None for row in one.rows):
            yield copy("zeros for missing", name, in_column(one, name, zero))
    rows = [[zero(cell) if n in one.column.values() else cell for n, cell in enumerate(row)] for row in one.rows]
    yield copy("zeros for missing", "everywhere", rows)
    for name in (*counts, *means, *shares, *rare):
        for step, way in ((1, "down"), (-1, "up")):
            yield copy(f"a column a row {way}", name, shifted(one, [one.column[name]], step))
    for step, way in ((1, "down"), (-1, "up")):
        yield copy(f"the table a row {way}", "all figures", shifted(one, sorted(set(one.column.values())), step))
    pairs = [
        ("inhabitants", "households"), ("owner_occupied_share", "rental_share"), (*means[:2],),
        ("low_income_persons_share", "high_income_persons_share"), ("inhabitants", "dwellings"),
    ]  # fmt: skip
    for pair in pairs:
        if len(one.by_name(*pair)) == 2:
            a, b = (one.column[name] for name in pair)
            rows = [list(row) for row in one.rows]
            for row in rows:
                row[a], row[b] = row[b], row[a]
            yield copy("columns swapped", " and ".join(pair), rows)
    yield from _in_part(one, copy)
    yield from _rows_wrong(one, copy)
    yield from _years_wrong(one, folder, copy)
    for mark in ("n.b.", "*", "?", "-1", "1e99", "#N/A", "< 5", "-99996"):
        name = (counts or means)[0]
        rows = [list(row) for row in one.rows]
        rows[one.first + 4][one.column[name]] = mark
        truth = dict(one.truth)
        key = next(key for key in one.truth if key[2] == name and key[0] == _code(one, rows[one.first + 4]))
        truth[key] = None
        yield copy("a mark for missing", f"{name} {mark}", rows, truth=truth)


def _code(one: Original, row: list[str]) -> str:
    """Area of a row."""
    area = row[one.code].strip()
    if one.write == "sqlite":
        at = [other[one.code].strip() for other in one.rows].index(area)
        codes = list(dict.fromkeys(key[0] for key in one.truth))
        return codes[at]
    return f"PC{area}" if re.fullmatch(r"\d{4}", area) else area


def _in_part(one: Original, copy: Callable[..., Spoilt]) -> Iterator[Spoilt]:
    """Mistakes of one kind in some of the rows only: from a row on, between two rows, in a single row."""
    size = len(one.rows)
    single = max(range(one.first, size), key=lambda n: number(one.rows[n][one.column["inhabitants"]]) or 0)
    spans = {
        "from a third on": (size // 3, size),
        "in the middle": (size // 2, size // 2 + 40),
        "up to a half": (0, size // 2),
    }
    some = one.by_name("inhabitants", "mean_dwelling_value", "owner_occupied_share", "low_income_persons_share")
    has_wijken = any(row[one.code].startswith(("WK", "Wijk ")) for row in one.rows)

    def mixed(rows: Rows, low: int, high: int) -> Rows:
        return [*one.rows[:low], *rows[low:high], *one.rows[high:]]

    for where, (low, high) in spans.items():
        for step, way in ((1, "down"), (-1, "up")):
            for name in some:
                if name == "mean_dwelling_value" and not has_wijken:
                    continue  # nothing in a file of postcodes says what a mean in 40 of its rows should be
                rows = mixed(shifted(one, [one.column[name]], step), low, high)
                yield copy(f"a column a row {way}, in part", f"{name}, {where}", rows)
            rows = mixed(shifted(one, sorted(set(one.column.values())), step), low, high)
            yield copy(f"the table a row {way}, in part", where, rows)
        for name in some[1:]:
            yield copy("zeros for missing, in part", f"{name}, {where}", mixed(in_column(one, name, zero), low, high))
    for where, (low, high) in {**spans, "in a single row": (single, single + 1)}.items():
        for name in one.by_name("owner_occupied_share", "low_income_persons_share"):
            rows = mixed(in_column(one, name, times(0.01, one.decimal)), low, high)
            yield copy("fractions for percents, in part", f"{name}, {where}", rows)
        for name in one.by_name("mean_dwelling_value", "mean_income_per_inhabitant"):
            rows = mixed(in_column(one, name, times(1000, one.decimal)), low, high)
            yield copy("euros for thousands, in part", f"{name}, {where}", rows)
        for name in one.by_name("inhabitants", "households"):
            for what, sign in (("point", "."), ("comma", ",")):
                rows = mixed(in_column(one, name, grouped(sign)), low, high)
                yield copy(f"thousands with a {what}, in part", f"{name}, {where}", rows)
    places = sorted(set(one.column.values()))
    rows = [list(row) for row in one.rows]
    for before, place in pairwise(places):
        rows[single][before] = one.rows[single][place]
    yield copy("a row a column left", "a single row", rows)


def _rows_wrong(one: Original, copy: Callable[..., Spoilt]) -> Iterator[Spoilt]:
    """Rows doubled, cut off, or with a wrong total."""
    place = one.column["inhabitants"]
    for at, where in ((one.first + 2, "a row"), (1, "the second row"), (len(one.rows) - 1, "the last row")):
        yield copy("a row twice", where, [*one.rows[: at + 1], one.rows[at], *one.rows[at + 1 :]])
        changed = [cell if n != place else str(int(number(cell) or 0) + 50) for n, cell in enumerate(one.rows[at])]
        yield copy("a row twice, changed", where, [*one.rows, changed])
    yield copy("all rows twice", "all", [*one.rows, *one.rows])
    if one.write == "csv":
        name, data = text(one.titles, one.rows, one.separator), b""
        for part in (0.3, 0.7, 0.99):
            data = name[: int(len(name) * part)]
            whole = data.count(b"\n") - 1
            kept = {_code(one, row) for row in one.rows[:whole]}
            truth = {key: value for key, value in one.truth.items() if key[0] in kept}
            yield Spoilt("cut off in a row", f"at {part:.0%}", one.name, data, truth, one.municipality)
    for step, where in ((10, "ten times"), (1.02, "2 % more")):
        rows = [list(row) for row in one.rows]
        row = next((row for row in rows if row[one.code].startswith("GM") or row[one.code] == "Heerlen"), None)
        if row is not None:
            row[place] = str(round(float(number(row[place]) or 0) * step))
            yield copy("municipality off", where, rows)
    parts = [n for n, row in enumerate(one.rows) if (number(row[place]) or 0) >= 1000][2:]
    if not one.key.startswith("pc4"):
        for at in (parts[3], parts[len(parts) // 2], parts[-1]):
            rows = [list(row) for row in one.rows]
            rows[at][place] = rows[at][place].strip()[:-1]
            yield copy("a digit lost", f"inhabitants, row {at}", rows)


def _years_wrong(one: Original, folder: Path, copy: Callable[..., Spoilt]) -> Iterator[Spoilt]:
    """Years that contradict, lie ahead, or stand beside each other."""
    if one.key == "fields_2017":
        yield from _years_of_fields(one, copy)
    elif one.write == "csv":
        yield from _years_of_text(one, copy)
    else:
        table = (one.titles, one.rows)
        data = database(folder, {"Kerncijfers_wijken_en_buurten_2031_pp": table})
        yield Spoilt("a year ahead", "table 2031", one.name, data, {}, one.municipality)
        data = database(folder, {"Kerncijfers_wijken_en_buurten_2018_pp": table})
        yield Spoilt("table against the name", "table 2018", one.name, data, {}, one.municipality)
        data = database(folder, {f"Kerncijfers_wijken_en_buurten_{one.year}_pp": table, "kwb2018": table})
        both = one.truth | {("?", 2018, "inhabitants"): 1.0}
        yield Spoilt("a second table", "kwb2018", one.name, data, both, one.municipality)


def _years_of_fields(one: Original, copy: Callable[..., Spoilt]) -> Iterator[Spoilt]:
    """Periods of a table by field names that disagree with its name or with another sheet."""
    for period, name in (("2016JJ00", one.name), ("2017JJ00", "kwb_2018.csv"), ("2031JJ00", "kwb.csv"),
                         ("2016JJ00", "kwb_2017.csv")):  # fmt: skip
        rows = [[*row, period] for row in one.rows]
        moved = {(code, int(period[:4]), what): value for (code, _, what), value in one.truth.items()}
        truth = moved if period[:4] < "2030" and name != one.name else {} if period != "2017JJ00" else one.truth
        yield copy("Perioden against the name", f"{period} in {name}", rows, name=name,
                   titles=[*one.titles, "Perioden"], truth=truth)  # fmt: skip
    yield copy("named by another year", "84286NED.csv", one.rows, name="84286NED.csv", truth={})
    half = len(one.rows) // 2
    rows = [[*row, "2017JJ00" if n < half else "2016JJ00"] for n, row in enumerate(one.rows)]
    truth = {}
    for n, row in enumerate(one.rows):
        year = 2017 if n < half else 2016
        truth |= {(_code(one, row), year, what): number(row[at]) for what, at in one.column.items()}
    yield copy("a second year below", "2017 and 2016", rows, titles=[*one.titles, "Perioden"], name="kwb.csv",
               truth=truth)  # fmt: skip
    for sheets in (("83765NED", "84286NED"), ("2017", "2018"), ("kwb", "Blad2")):
        rows = [[*row, "2017JJ00"] for row in one.rows]
        later = [[*row, "2018JJ00"] for row in one.rows]
        titles = [*one.titles, "Perioden"]
        data = workbook({sheets[0]: [titles, *rows], sheets[1]: [titles, *later]})
        both = {(code, year, what): value for (code, _, what), value in one.truth.items() for year in (2017, 2018)}
        yield Spoilt("a second sheet", " and ".join(sheets), "kwb.xlsx", data, both, one.municipality)


def _years_of_text(one: Original, copy: Callable[..., Spoilt]) -> Iterator[Spoilt]:
    """Names, periods and codes of a CSV that are of different years."""
    stem = "cbs_pc4" if one.key.startswith("pc4") else "kwb"
    for name in (f"{stem}_2031.csv", f"{stem}_2099.csv"):
        yield copy("a year ahead", name, one.rows, name=name, truth={})
    year = {2017: 2018, 2019: 2018}[one.year]
    if not one.key.startswith("pc4"):
        yield copy("named by another year", f"{stem}_{year}.csv", one.rows, name=f"{stem}_{year}.csv", truth={})
        for period in (f"{year}JJ00", f"{year}"):
            rows = [[*row, period] for row in one.rows]
            moved = {(code, year, what): value for (code, _, what), value in one.truth.items()}
            yield copy("Perioden against the name", f"{period} in {one.name}", rows,
                       titles=[*one.titles, "Perioden"], truth=moved)  # fmt: skip
        half = one.first + 30
        rows = [[*row, f"{one.year}JJ00" if n < half else "2018JJ00"] for n, row in enumerate(one.rows)]
        truth = {}
        for n, row in enumerate(one.rows):
            when = one.year if n < half else 2018
            truth |= {(_code(one, row), when, what): number(row[at]) for what, at in one.column.items()}
        yield copy("a second year below", f"{one.year} and 2018", rows, titles=[*one.titles, "Perioden"],
                   truth=truth)  # fmt: skip
        if one.key == "amsterdam_2019":
            for name in ("kwb_2020.csv", "kwb_2015.csv"):
                rows = [list(row) for row in one.rows]
                for row in rows:  # the codes that Amsterdam has since 2022
                    old = row[one.code].strip()
                    if old[:2] in ("WK", "BU"):
                        letter = f"{chr(65 + int(old[6:8]) // 26)}{chr(65 + int(old[6:8]) % 26)}"
                        row[one.code] = old[:6] + letter + old[8:]
                yield copy("codes of another year", name, rows, name=name, truth={})


# ------------------------------------------------------------------ what became of them


@dataclass(frozen=True)
class Outcome:
    """What became of a copy: refused, right or wrong, with the reason or the first figures that are wrong."""

    spoilt: Spoilt
    verdict: str
    shown: str


def judge(spoilt: Spoilt, folder: Path, catalogue: Catalogue) -> Outcome:
    """Read a copy, and compare what would be stored with what is true."""
    try:
        found = read_as((spoilt.name, spoilt.data), folder, catalogue, spoilt.municipality)
    except KloofError as problem:
        return Outcome(spoilt, "refused", str(problem))
    rows = found.observations
    keys = zip(rows["code"], rows["year"].tolist(), rows["indicator"], strict=True)
    stored: Truth = dict(zip(keys, rows["value"].where(rows["value"].notna(), None).tolist(), strict=True))
    stored = {key: None if value is None or isnan(value) else value for key, value in stored.items()}
    wrong = [f"{key}: {value} for {spoilt.truth.get(key)}" for key, value in stored.items()
             if value is not None and not _same(value, key, spoilt.truth)]  # fmt: skip
    lost = [f"{key}: {value} lost" for key, value in spoilt.truth.items()
            if value is not None and stored.get(key) is None]  # fmt: skip
    if lost and not wrong:
        counted = [one for one in found.set_aside if one.reason in COUNTED]
        lost = [] if counted else lost
    return Outcome(spoilt, "wrong" if wrong or lost else "right", "; ".join((wrong + lost)[:3]))


COUNTED = ("sheet_not_read",)
COUNTED_THINGS = ("social_assistance_recipients", "births", "inhabitants_non_western_background")


def _same(value: float, key: tuple[str, int, str], truth: Truth) -> bool:
    """Tell whether a figure is true; a count of nobody where nobody lives is."""
    true = truth.get(key)
    if true is None:
        return value == 0 and key[2] in COUNTED_THINGS and truth.get((*key[:2], "inhabitants")) == 0
    return abs(value - true) <= 1e-9 * max(1.0, abs(true))


def summary(outcomes: list[Outcome]) -> str:
    """A line per kind: how many copies, and what became of them."""
    table = pd.DataFrame([(one.spoilt.kind, one.verdict) for one in outcomes], columns=["kind", "verdict"])
    return str(table.groupby(["kind", "verdict"]).size().unstack(fill_value=0))
