"""Reads the attributes of the map of wijken and buurten and of other maps of areas, whatever form carries them.

A layer is a table with a row per shape, or the same table without shapes: the figures of CBS by postcode, the panel of
municipalities, Kerncijfers wijken en buurten (KWB) with the short names of kwb-YYYY.xls, whose codes are in gwb_code_10
and in 2013 to 2015 in gwb_code. Rows of water repeat the code of the land beside them and are set aside.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from kloof.errors import SchemaError, SourceError, examples
from kloof.files.cells import YEAR, clean, tabulate
from kloof.files.municipalities import TITLES, Known, code_municipalities
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading, Titles, list_areas, read_codes, read_postcodes, sort_titles
from kloof.files.shapes import Geometry, collection, system
from kloof.files.vocabularies import Vocabularies, Vocabulary
from kloof.schema import SetAside

POSTCODES = ("pc4", "postcode4", "postcode")
CODES = (
    "bu_code", "buurtcode", "wk_code", "wijkcode", "gm_code", "gemeentecode", "statcode", "gwb_code_10", "gwb_code",
    "code", *POSTCODES,
)  # fmt: skip
OF_SHORT_NAMES = {"gwb_code_10", "gwb_code"}
NAMES = ("bu_naam", "buurtnaam", "wk_naam", "wijknaam", "regio", "gm_naam", "gemeentenaam", "statnaam", "name")
LEVELS = {"land": "NL", "gemeente": "GM", "wijk": "WK", "buurt": "BU"}
LEEFBAAROMETER = "leefbaarometer3"
KINDS = {
    "map": "wijk- en buurtkaart",
    "panel": "gemeentekaart",
    "postcode": "CBS-PC4",
    LEEFBAAROMETER: "Leefbaarometer 3.0",
    "workbook": "KWB",
}
FORMS = {"json": "geojson", "sqlite": "geopackage"}
TABLE_KINDS = {
    "postcode": "cbs_postcodes", "panel": "municipal_panel", LEEFBAAROMETER: "leefbaarometer_3",
    "workbook": "kwb_workbook",
}  # fmt: skip
STEP = 10  # CBS rounds shares by postcode to whole tens, and counts to fives
# one name with two meanings: the line of low incomes while the lowest 40 % had a name of their own, then these
LOW, LOWEST = "percentage_huishoudens_met_laag_inkomen", "percentage_huishoudens_met_laagste_inkomen"
NOW, LINE = "percentage_huishoudens_met_lage_koopkracht", "households_below_low_income_line_share"
_FEWEST = 0.5  # share of the titles that must be known, or it is another table


@dataclass(frozen=True)
class Layer:
    """One table of a map, read: its grid (none without figures), code of each row, and what was not used."""

    code: "pd.Series[str]"
    grids: tuple[Grid, ...]
    areas: pd.DataFrame
    titles: Titles
    years: tuple[int, ...]
    kind: str
    aside: tuple[SetAside, ...]


def code_title(titles: Iterable[str]) -> str | None:
    """Find the column with the code of the area itself: that of the smallest area there is."""
    by_name = {title.casefold(): title for title in titles}
    return next((by_name[name] for name in CODES if name in by_name), None)


def read_map_table(opened: Opened, words: Vocabularies, known: Known) -> Reading | None:
    """Read tables of text, parquet, dBase or a workbook with the attributes of a map; None when there is none."""
    layers, columns = [], []
    shapes: list[tuple[str, Geometry]] = []
    for part, titles, rows in _tables(opened):
        named = code_title(titles) is not None or {title.casefold() for title in titles} & set(TITLES)
        if not named or _vocabulary(titles, words).known(titles) < _FEWEST * len(titles):
            continue
        where = f"{opened.name}, {part}" if part else opened.name
        cells = tabulate(where, titles, rows) if isinstance(rows, list) else rows.set_axis(titles, axis=1)
        layers.append((where, read_layer(opened, part, cells, words, known)))
        columns.append(len(titles))
        if opened.shapes:
            shapes += with_code(layers[-1][1].code, opened.shapes)
    if not shapes:
        return map_reading(opened, layers, columns) if layers else None
    crs = system(opened.projection, [shape for _, shape in shapes], opened.name)
    return map_reading(opened, layers, columns, *collection(shapes, crs))


def with_code(code: "pd.Series[str]", shapes: Sequence[Geometry | None]) -> list[tuple[str, Geometry]]:
    """Put the code of each row beside its shape; rows that were set aside or have no shape are left out."""
    return [(one, shape) for one, shape in zip(code, shapes, strict=True) if isinstance(one, str) and shape]


def _tables(opened: Opened) -> Iterable[tuple[str, list[str], list[list[Any]] | pd.DataFrame]]:
    """Give each table of a file: its name when there are several, its titles, and its rows."""
    if opened.table is not None:
        yield "", list(map(str, opened.table.columns)), opened.table.reset_index(drop=True)
    elif opened.rows:
        yield "", [clean(title) for title in opened.rows[0]], opened.rows[1:]
    for sheet, rows in (opened.sheets or {}).items():
        if rows:
            yield sheet, [clean(title) for title in rows[0]], [row for row in rows[1:] if any(map(clean, row))]


def map_reading(
    opened: Opened,
    layers: Sequence[tuple[str, Layer]],
    columns: Sequence[int],
    geometry: Mapping[str, Any] | None = None,
    notices: Iterable[SetAside] = (),
) -> Reading:
    """Put the layers of one map together."""
    years = sorted({year for _, layer in layers for year in layer.years})
    span = f"{years[0]}" if len(years) == 1 else f"{years[0]}-{years[-1]}"
    areas = pd.concat([layer.areas for _, layer in layers], ignore_index=True)
    return Reading(
        kind=FORMS.get(opened.form) or TABLE_KINDS.get(layers[0][1].kind, "map_table"),
        edition=f"{KINDS[layers[0][1].kind]} {span}",
        tables=tuple((name, len(layer.code), count) for (name, layer), count in zip(layers, columns, strict=True)),
        grids=tuple(grid for _, layer in layers for grid in layer.grids),
        areas=areas.drop_duplicates("code").sort_values("code", ignore_index=True),
        identity=tuple(dict.fromkeys(one for _, layer in layers for one in layer.titles.identity)),
        not_understood=tuple(
            dict.fromkeys((layer.years[-1], title) for _, layer in layers for title in layer.titles.unknown)
        ),
        set_aside=(*(one for _, layer in layers for one in layer.aside), *notices),
        geometry=geometry,
    )


def read_layer(
    opened: Opened,
    part: str,
    cells: pd.DataFrame,
    words: Vocabularies,
    known: Known,
    metadata: Mapping[str, Any] | None = None,
) -> Layer:
    """Read the attributes of one layer; `part` is its name in the file, blank when the file is all of it.

    Raises SourceError when codes or the year cannot be told, or two places name another year; SchemaError for codes
    without their prefix and columns that mean the same.
    """
    where = f"{opened.name}, {part}" if part else opened.name
    titles = [str(title) for title in cells.columns]
    vocabulary = _vocabulary(titles, words)
    found = _sorted(titles, vocabulary, where)
    code, aside = _codes(cells, where, known)
    by_name = {title.casefold(): title for title in titles}
    water = next((by_name[name] for name in ("water", "h2o") if name in by_name), None)
    if water is not None:
        wet = cells[water].map(clean).str.upper().eq("JA") & code.notna()
        if wet.any():
            aside.append(SetAside("rows", int(wet.sum()), "water", examples(sorted(set(code[wet])))))
            code = code.where(~wet)
    year = _years(opened, part, cells, by_name, metadata)
    name = next((by_name[name] for name in NAMES if name in by_name), None)
    names = code.str.removeprefix("PC") if name is None else cells[name].map(clean).astype("str")
    if "recs" in by_name:
        _of_its_kind(cells[by_name["recs"]], code, where)
    if found.columns:
        _once(code, year, where, vocabulary.kind)
    if vocabulary.kind == "postcode":
        aside += _coarse(cells, found.columns)
    figures = cells[list(found.columns)]
    order = code.index if isinstance(year, int) else year.sort_values(kind="stable").index
    grids = (Grid(where, code, year, figures, found.columns, levels_apart=isinstance(year, pd.Series)),)
    return Layer(
        code=code,
        grids=grids if found.columns else (),
        areas=list_areas(code[order], names[order]),
        titles=found,
        years=(year,) if isinstance(year, int) else tuple(sorted(int(one) for one in year.unique())),
        kind=vocabulary.kind,
        aside=tuple(aside),
    )


def _coarse(cells: pd.DataFrame, columns: Iterable[str]) -> list[SetAside]:
    """Notice shares that are whole tens only."""
    coarse = []
    for title in columns:
        if title.upper().startswith(("P_", "PERCENTAGE_")):
            number = pd.to_numeric(cells[title], errors="coerce")
            if (number[number >= 0] % STEP == 0).all():
                coarse.append(title)
    return [SetAside("cells", 0, "shares_rounded_to_whole_tens", ", ".join(coarse))] if coarse else []


def _of_its_kind(kinds: "pd.Series[Any]", code: "pd.Series[str]", where: str) -> None:
    """Refuse rows whose kind of area contradicts their code."""
    level = kinds.map(clean).str.casefold().map(LEVELS)
    wrong = code[(level != code.str.slice(0, 2)) & code.notna()]
    if len(wrong):
        shown = [f"{one} {clean(given)}" for one, given in zip(wrong, kinds[wrong.index], strict=True)]
        raise SchemaError(
            f"{where}: {len(wrong)} codes are not of the kind in recs ({examples(shown)}). Download it again, or "
            "correct these rows."
        )


def _once(code: "pd.Series[str]", year: "int | pd.Series[int]", where: str, kind: str) -> None:
    """Refuse figures of which an area has two rows in a year."""
    rows = pd.DataFrame({"code": code, "year": year}).dropna(subset=["code"])
    double = sorted(set(rows["code"][rows.duplicated()]))
    if double:
        water = "; in the map of CBS the others are water, which its column water says" if kind == "map" else ""
        raise SchemaError(
            f"{where}: {len(double)} areas have more than one row ({examples(double)}). Keep one each{water}."
        )


def _vocabulary(titles: list[str], words: Vocabularies) -> Vocabulary:
    """Choose the vocabulary that knows most of the titles; the short names of KWB only beside their own codes."""
    short = OF_SHORT_NAMES & {title.casefold() for title in titles}
    return max((words[kind] for kind in KINDS if short or kind != "workbook"), key=lambda one: one.known(titles))


def _sorted(titles: list[str], vocabulary: Vocabulary, where: str) -> Titles:
    """Look every title up; the name with two meanings is settled by those beside it, and without one not understood."""
    by_name = {title.casefold(): title for title in titles}
    low = by_name.get(LOW)
    column = vocabulary.column(LOW)
    if low is None or column is None or NOW in by_name:
        return sort_titles(titles, vocabulary, where)
    found = sort_titles([title for title in titles if title != low], vocabulary, where)
    if LOWEST not in by_name:
        return replace(found, unknown=(*found.unknown, low))
    return replace(found, columns={**found.columns, low: replace(column, indicator=LINE)})


def _codes(cells: pd.DataFrame, where: str, known: Known) -> "tuple[pd.Series[str], list[SetAside]]":
    """Read the code of each row; municipalities may go by their name."""
    titles = [str(title) for title in cells.columns]
    title = code_title(titles)
    if title is not None and title.casefold() in POSTCODES:
        return read_postcodes(cells[title], where), []
    if title is not None:
        return read_codes(cells[title], where)
    name = next((title for title in titles if title.casefold() in TITLES), None)
    if name is None:
        raise SourceError(
            f"{where} has no area codes: its columns are {examples(titles, 6)}. One of {', '.join(CODES)} should be "
            "among them."
        )
    return code_municipalities(cells[name], known, where)


def _years(
    opened: Opened, part: str, cells: pd.DataFrame, by_name: Mapping[str, str], metadata: Mapping[str, Any] | None
) -> "int | pd.Series[int]":
    """Find the year of each row, in its columns, the metadata, or else the name; refuse when two say another year."""
    where = f"{opened.name}, {part}" if part else opened.name
    name_and_part = f"{opened.stem} {part}"
    said: dict[str, set[str]] = {}
    for name in ("jaar", "jrstatcode"):
        if name in by_name:
            text = cells[by_name[name]].map(lambda cell: f"{cell:.0f}" if isinstance(cell, float) else clean(cell))
            years = text.astype("str").str.slice(0, 4)
            if bad := sorted(set(text[~years.str.fullmatch(YEAR)])):
                raise SourceError(
                    f"{where}: column {by_name[name]} holds {examples(bad)}; it should begin with a year."
                )
            said[f"column {by_name[name]}"] = set(years)
            if len(set(years)) > 1:
                if opened.year is not None:
                    raise SourceError(f"{where} has years of its own in {by_name[name]}. Leave --year out.")
                return years.astype("int64")
    if metadata and re.fullmatch(YEAR, str(metadata.get("year"))):
        said["its metadata"] = {str(metadata["year"])}
    if opened.year is not None:
        said["--year"] = {str(opened.year)}
    if len(set(YEAR.findall(name_and_part))) == 1 or not said:
        said["its name"] = {str(opened.one_year(name_and_part))}
    if len(set().union(*said.values())) > 1:
        shown = ", ".join(f"{place} says {', '.join(sorted(years))}" for place, years in said.items())
        raise SourceError(f"{where}: {shown}. Correct the one that is wrong, or rename the file.")
    return int(next(iter(said.values())).pop())
