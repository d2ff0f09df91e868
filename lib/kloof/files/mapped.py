"""Reads any file by a mapping: a small TOML in which a person said what its columns mean.

The mapping only says where things stand and what they mean. Cells are read and refused as in every other file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.catalogue import Catalogue, with_own
from kloof.ceilings import is_there
from kloof.documents import ANY, read_toml
from kloof.errors import KloofError, SchemaError, SourceError, examples, faults, nearest
from kloof.files.areas import areas_to_name, code_names
from kloof.files.cells import WHOLE_YEAR, is_source
from kloof.files.geojson import boundaries
from kloof.files.numbers import MISSING
from kloof.files.opening import Opened
from kloof.files.plain import chosen, each, framed, tables_of, text_of, texts
from kloof.files.reading import Grid, Reading, list_areas, read_codes, read_postcodes, twice
from kloof.files.vocabularies import YEAR_SIGN, Column, Publication
from kloof.schema import STATUSES, SetAside

BY_CODES, BY_NAMES, BY_POSTCODES = "codes", "names", "postcodes"
WIDTH = {"GM": 4, "WK": 6, "BU": 8, "PC": 4}  # digits of a code behind its prefix
OTHER_PERIOD = re.compile(r"(?:19|20)[0-9]{2}(?:MM|KW|HJ|W1)[0-9]{2}")
SAID_BY = {  # what stands in an empty cell for each reason, once the mapping has said which mark means it
    "not_published": ".", "suppressed": "x", "zero_means_missing": "-", "suspect": "na",
}  # fmt: skip
VALUES: dict[str, Any] = {
    "header": (int, list),
    "year": (int, str),
    "missing": dict,
    "keep": dict,
    "leave_out": list,
}
TABLES = ("table", "source", "columns", "indicator")


@dataclass(frozen=True)
class Where:
    """Where things stand in a file: the table [table] of a mapping.

    `header` are the rows of the titles, counted from 1; `areas` the column that says which area a row is, by codes,
    names or postcodes (`areas_are`), `prefix` what codes lack (GM, WK, BU), `name` the column with names beside codes.
    `year` is a year, or the column that holds it; not needed when all titles hold one. `missing` says for a mark which
    status it means. `decimal` and `thousands` are signs in numbers; without them they are found out by the cells. Only
    rows with these values count (`keep`); rows of these areas don't (`leave_out`).
    """

    sheet: str = ""
    header: tuple[int, ...] = (1,)
    areas: str = ""
    areas_are: str = BY_CODES
    prefix: str = ""
    name: str = ""
    municipality: str = ""
    year: int | str = 0
    missing: Mapping[str, str] = field(default_factory=dict)
    decimal: str = ""
    thousands: str = ""
    keep: Mapping[str, str] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileMap:
    """A mapping: its name and text, where things stand, whose figures they are, what titles mean, own indicators."""

    name: str
    text: str
    where: Where
    publication: Publication
    columns: Mapping[str, Column]
    indicators: Mapping[str, Mapping[str, Any]]

    @property
    def told(self) -> str:
        """Name it with the begin of its hash, as reports tell it."""
        return f"{self.name}, sha256 {sha256(self.text.encode('utf-8')).hexdigest()[:12]}"


def read_map(path: Path, catalogue: Catalogue) -> tuple[FileMap, Catalogue]:
    """Read a mapping; give it, and the catalogue with the indicators that it registers.

    Raises SourceError when it is not there or no TOML, SchemaError listing everything in it that leads nowhere.
    """
    if not is_there(path):
        raise SourceError(f"{path} is not there. Make one: kloof data map FILE")
    raw = read_toml(path, SourceError, wanted={f"{name}?": {ANY: {}} if name == "indicator" else {} for name in TABLES})
    text = path.read_text(encoding="utf-8")
    found = [f"[{name}] is not known; it has {', '.join(TABLES)}" for name in raw if name not in TABLES]
    own = raw.get("indicator", {})
    try:
        known = with_own(catalogue, own, path.name)
    except KloofError as problem:
        found.append(str(problem))
        known = catalogue
    where = _where(raw.get("table", {}), found)
    publication = _publication(raw.get("source", {}), path, found)
    columns: dict[str, Column] = {}
    for title, meaning in raw.get("columns", {}).items():
        column = _column(title, meaning, publication, known, found)
        columns |= {title: column} if column else {}
    if not columns:
        found.append("[columns] gives no column an indicator")
    if not where.year and not all("{yy" in title for title in columns):
        found.append("[table] year is not filled in: write a year, or the title of the column that holds it")
    if found:
        raise SchemaError(faults(path.name, found, "Correct these lines."))
    return FileMap(path.name, text, where, publication, columns, own), known


def _where(given: Mapping[str, Any], found: list[str]) -> Where:
    """Read [table], noting everything that is no such key or value."""
    known = [one.name for one in fields(Where)]
    found += [
        f"[table] has no key {key}; {nearest(key, known)}it has {', '.join(known)}" for key in set(given) - {*known}
    ]
    own = {key: value for key, value in given.items() if key in known}
    for key in [key for key, value in own.items() if not isinstance(value, VALUES.get(key, str))]:
        found.append(f"[table] {key} cannot be {own.pop(key)!r}")
    own["header"] = tuple([own["header"]] if isinstance(own.get("header"), int) else own.get("header", (1,)))
    if odd := [row for row in own["header"] if not isinstance(row, int)]:
        found.append(f"[table] header names rows by their number, not by {examples(odd)}")
    own["missing"] = dict(own.get("missing", {}))
    own["keep"] = {key: text_of(value) for key, value in own.get("keep", {}).items()}
    own["leave_out"] = tuple(own.get("leave_out", ()))
    where = Where(**own)
    found += [] if where.areas else ["[table] areas does not say which column tells the area"]
    if where.areas_are not in (BY_CODES, BY_NAMES, BY_POSTCODES):
        found.append(f"[table] areas_are is {BY_CODES}, {BY_NAMES} or {BY_POSTCODES}, not {where.areas_are!r}")
    if where.prefix not in ("", *WIDTH):
        found.append(f"[table] prefix is one of {', '.join(WIDTH)}, not {where.prefix!r}")
    odd = [one for one in where.missing.values() if one not in STATUSES or one == "measured"]
    found += [f"[table] missing: {one!r} is none of {', '.join(SAID_BY)}" for one in odd]
    if isinstance(where.year, int) and where.year and not 1990 <= where.year <= 2100:
        found.append(f"[table] year {where.year} is no year")
    if where.decimal not in ("", ",", ".") or where.thousands not in ("", ",", ".", " "):
        found.append("[table] decimal is , or . and thousands is , or . or a blank")
    if where.decimal and where.decimal == where.thousands:
        found.append(f"[table] {where.decimal} cannot stand before decimals and between thousands")
    return where


def _publication(given: Mapping[str, Any], path: Path, found: list[str]) -> Publication:
    """Read [source]."""
    known = ("id", "publisher", "title", "licence", "table")
    found += [f"[source] has no key {key}; it has {', '.join(known)}" for key in set(given) - {*known}]
    name = str(given.get("id", ""))
    if not re.fullmatch(r"own_[a-z0-9_]{1,60}", name):
        found.append(f"[source] id must be own_ and small letters, digits and _, not {name!r}")
    title = str(given.get("title", "")) or path.name
    told = f"{title} ({path.name})"
    publisher, licence, table = (str(given.get(key, "")) for key in ("publisher", "licence", "table"))
    return Publication(name, publisher, told, licence, table)


def _column(title: str, meaning: Any, publication: Publication, known: Catalogue, found: list[str]) -> Column | None:
    """Read one line of [columns]; nothing for a column that is left out."""
    given = {"indicator": meaning} if isinstance(meaning, str) else meaning
    if not isinstance(given, dict):
        found.append(f"column {title!r} is an indicator or a table, not {meaning!r}")
        return None
    if odd := set(given) - {"indicator", "times", "year"}:
        found.append(f"column {title!r} has unknown {', '.join(sorted(odd))}; known: indicator, times, year")
        return None
    name = str(given.get("indicator", ""))
    if not name:
        return None
    if name not in known.indicators:
        hint = nearest(name, list(known.indicators))
        found.append(f"column {title!r}: indicator {name} is not known; {hint}or register it as [indicator.{name}]")
        return None
    times, year = given.get("times", 1.0), given.get("year")
    if not isinstance(times, (int, float)) or not 0 < times < inf or not isinstance(year, int | None):
        found.append(f"column {title!r}: times is a number above 0 and year a whole one, not {times!r} and {year!r}")
        return None
    return Column(name, publication.id, year, float(times))


def read_mapped(
    opened: Opened, mapping: FileMap, municipality: str | None, places: tuple[Path | None, pd.DataFrame | None]
) -> Reading:
    """Read a file as a mapping says.

    `places` are a codebook and the areas known, for files with names. Raises ParameterError and SchemaError naming
    what the mapping says and the file has not, SourceError for rows that were cut off.
    """
    where = mapping.where
    tables = tables_of(opened)
    sheet, table = chosen(opened.name, tables, where.sheet)
    others = [SetAside("sheets", len(rows), "sheet_not_read", one) for one, rows in tables.items() if one != sheet]
    cells = framed(f"{opened.name}, {sheet}" if opened.sheets else opened.name, table, where.header)
    titles = list(cells.columns)
    columns = _columns_of(titles, mapping, opened.name)
    year_title = where.year if isinstance(where.year, str) else ""
    needed = [title for title in (where.areas, where.name, year_title, *where.keep) if title]
    _are_there(needed, titles, f"{opened.name}, by {mapping.name}")
    twice(titles, columns, opened.name)
    rows, aside = _rows_that_count(cells, where)
    year, other = _years(rows, where, opened.name)
    if other:
        aside.append(SetAside("rows", other, "periods_that_are_no_years"))
        rows, year = rows[year.notna()], year.dropna()
    code, names, more = _areas(rows, year, where, municipality, places, opened.name)
    _once(code, year, rows, where, opened.name)
    marks = {**dict.fromkeys(MISSING, "not_published"), **{mark: status for status, mark in SAID_BY.items()}}
    given = pd.DataFrame({title: _cells_of(rows[title], where) for title in columns}, index=rows.index)
    grid = Grid(opened.name, code, year.astype("int64"), given, columns, marks=marks)
    used = {**dict.fromkeys(where.keep, "dimension"), where.name: "name", year_title: "dimension"}
    used |= {where.areas: "name" if where.areas_are == BY_NAMES else "code"}
    first = int(min(year.min(), *(column.year or 9999 for column in columns.values())))
    rest = [title for title in titles if title not in columns and title not in used]
    drawn = opened.shapes or (isinstance(opened.content, Mapping) and "features" in opened.content)
    geometry, notices = boundaries(opened, code.dropna()) if drawn else (None, [])
    return Reading(
        kind="mapped",
        edition=mapping.name,
        tables=((sheet, len(cells), len(titles)),),
        grids=(grid,),
        areas=list_areas(code, names),
        identity=tuple((title, why) for title, why in used.items() if title),
        not_understood=tuple((first, title) for title in rest),
        set_aside=(*others, *aside, *more, *notices, SetAside("file", 0, "read_by_a_mapping", mapping.told)),
        geometry=geometry,
    )


def _columns_of(titles: Sequence[str], mapping: FileMap, name: str) -> dict[str, Column]:
    """Give each title of the file its meaning; a title of the mapping with {yyyy} stands for one a year."""
    found: dict[str, Column] = {}
    for written, column in mapping.columns.items():
        if "{yy" not in written:
            _are_there([written], titles, f"{name}, by {mapping.name}")
            found[written] = column
            continue
        text = YEAR_SIGN.sub(lambda sign: f"(?P<year>[0-9]{{{len(sign[1])}}})", re.escape(written))
        matches = {title: match for title in titles if (match := re.fullmatch(text, title))}
        if not matches:
            raise SchemaError(f"{name} has no title like {written!r} of {mapping.name}; it has {examples(titles)}.")
        for title, match in matches.items():
            year = int(match["year"])
            own = year if year > 99 else 2000 + year
            found.setdefault(title, Column(column.indicator, column.publication, own, column.times))
    return found


def _are_there(wanted: Sequence[str], titles: Sequence[str], where: str) -> None:
    """Refuse titles that the file has not."""
    absent = [f"no column {title!r}: {nearest(title, titles)}" for title in wanted if title not in titles]
    if absent:
        raise SchemaError(faults(where, absent, f"It has {examples(list(titles))}."))


def _rows_that_count(cells: pd.DataFrame, where: Where) -> tuple[pd.DataFrame, list[SetAside]]:
    """Set the rows aside that are no area, or that the mapping leaves out."""
    aside = []
    area = texts(cells[where.areas])
    source = cells[cells.columns[0]].map(is_source)
    blank = (area == "") & ~source
    out = area.isin(where.leave_out)
    for title, value in where.keep.items():
        out |= texts(cells[title]) != value
    out &= ~blank & ~source
    detail = ", ".join([*(f"{title} = {value}" for title, value in where.keep.items()), *where.leave_out[:5]])
    for bad, reason, told in (
        (source, "source_line", ""), (blank, "row_without_area", ""), (out, "left_out_by_the_mapping", detail),
    ):  # fmt: skip
        aside += [SetAside("rows", int(bad.sum()), reason, told)] if bad.any() else []
    return cells[~(source | blank | out)], aside


def _years(rows: pd.DataFrame, where: Where, name: str) -> tuple["pd.Series[Any]", int]:
    """Give the year of each row, missing for another period than a year, and how many are."""
    if not isinstance(where.year, str):
        return pd.Series(where.year, index=rows.index, dtype="float64"), 0
    text = texts(rows[where.year])
    other = text.map(lambda one: OTHER_PERIOD.fullmatch(one) is not None)
    match = text.map(WHOLE_YEAR.fullmatch)
    odd = text[match.isna() & ~other]
    if len(odd):
        raise SchemaError(
            f"{name}, column {where.year!r}: {len(odd)} cells are no year ({examples(list(odd.unique()))})."
        )
    year = match.map(lambda one: float(one[1]) if one else float("nan")).astype("float64")
    return year, int(other.sum())


def _areas(
    rows: pd.DataFrame, year: "pd.Series[Any]", where: Where, municipality: str | None,
    places: tuple[Path | None, pd.DataFrame | None], name: str,
) -> "tuple[pd.Series[str], pd.Series[str], list[SetAside]]":  # fmt: skip
    """Give the code and the name of each row, and what was set aside."""
    text = texts(rows[where.areas])
    if where.areas_are == BY_NAMES:
        _, book = areas_to_name(municipality or where.municipality or None, *places, name)
        code, aside = code_names(text, year.astype("str"), book, name)
        return code, code.map(book.drop_duplicates("code").set_index("code")["name"]), aside
    if where.areas_are == BY_POSTCODES:
        code, aside = read_postcodes(text, name), []
    else:
        bare = text.str.fullmatch(r"\d+").fillna(False) if where.prefix else pd.Series(False, index=text.index)
        whole = where.prefix + text.str.zfill(WIDTH.get(where.prefix, 0))
        code, aside = read_codes(text.where(~bare, whole), name)
    named = texts(rows[where.name]) if where.name else code.str.removeprefix("PC")
    return code, named.where(code.notna()), aside


def _once(code: "pd.Series[str]", year: "pd.Series[Any]", rows: pd.DataFrame, where: Where, name: str) -> None:
    """Refuse areas that stand more than once in a year, and say which columns tell these rows apart."""
    key = pd.DataFrame({"code": code, "year": year})
    double = key.duplicated(keep=False) & code.notna()
    if not double.any():
        return
    groups = [key["code"][double], key["year"][double]]
    apart = [
        title for title in rows.columns if rows.loc[double, title].astype("str").groupby(groups).nunique().gt(1).any()
    ]
    text = [title for title in apart if title != where.areas][:5]
    shown = examples(sorted(set(code[double])))
    raise SchemaError(
        f"{name}: {int(double.sum())} rows are of an area that stands more than once in a year ({shown}). Say which "
        f"count: keep = {{ COLUMN = VALUE }} in [table]. They differ in {examples(text) or 'nothing'}."
    )


def _cells_of(cells: "pd.Series[Any]", where: Where) -> "pd.Series[Any]":
    """Write marks for missing and numbers as the reader of all files knows them, where the mapping says how."""
    if not where.missing and not where.decimal and not where.thousands:
        return cells
    marks = {mark: SAID_BY[status] for mark, status in where.missing.items()}
    return each(cells, lambda cell: _cell_of(cell, marks, where))


def _cell_of(cell: Any, marks: Mapping[str, str], where: Where) -> Any:
    """Write one cell; a number that is not written as the mapping says becomes something that is refused as none."""
    text = text_of(cell)
    if text in marks:
        return marks[text]
    if not isinstance(cell, str) or not (where.decimal or where.thousands) or not re.search("[,.]", text):
        return cell
    whole = rf"\d{{1,3}}(?:{re.escape(where.thousands)}\d{{3}})+|\d+" if where.thousands else r"\d+"
    rest = rf"(?:{re.escape(where.decimal)}\d+)?" if where.decimal else ""
    if not re.fullmatch(rf"[-+]?(?:{whole}){rest}", text):
        return f"{text} (not as decimal = {where.decimal!r}, thousands = {where.thousands!r})"
    number = text.replace(where.thousands, "") if where.thousands else text
    return float(number.replace(where.decimal, ".") if where.decimal else number)
