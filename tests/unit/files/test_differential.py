"""200 cells of every real file, chosen at random, are stored as they stand there; read here without kloof's readers."""

import gzip
import io
import json
import math
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pandas as pd
import pytest
from real_files import FILES, Read

pytestmark = pytest.mark.shared

Cell = tuple[str, int | None, str, object]  # code or name of the area, year where the row has one, title, what it says
CELLS = 200
NO_FIGURES = {"wild/fin_gemeente_2024.geojson", "wild/wijk_2023_v0.dbf"}
CODES = (
    "code", "Regioaanduiding.Codering..code.", "WijkenEnBuurten", "buurtcode", "gemeentecode", "BU_CODE", "PC4",
    "postcode", "CODE", "GBD", "Regiocode (gemeente, wijk, buurt) (code)", "neighborhood",
)  # fmt: skip
YEARS = ("jaar", "Perioden")
EUROS = {"breda/woz_2015_2022.csv": 0.001, "pc4/cbs_pc4_median_income.xlsx": 0.001}
TIMES = {"median_disposable_income": 0.001, "cancer_deaths_share": 100, "respiratory_deaths_share": 100}
OF_NOTHING = {"suspect", "zero_means_missing"}  # figures that the source has and nobody should use


def wide(table: pd.DataFrame) -> Iterator[Cell]:
    """The cells of a table with a row per area; water of an area has a row of its own, without figures."""
    table = table[table["water"] != "JA"] if "water" in table else table
    code = next((title for title in CODES if title in table), str(table.columns[0]))
    year = next((title for title in YEARS if title in table), None)
    for row in table.to_dict("records"):
        when = None if year is None else int(str(row[year])[:4])
        for title, cell in row.items():
            yield str(row[code]).strip(), when, str(title).strip(), cell


def text(data: bytes, skip: int = 0, **how: Any) -> pd.DataFrame:
    first = data.decode("utf-8-sig").splitlines()[skip]
    separator = ";" if ";" in first else max(",|", key=first.count)
    return pd.read_csv(io.BytesIO(data), sep=separator, skiprows=skip, dtype="str", keep_default_na=False, **how)


def cells(path: Path, titles: list[str]) -> Iterator[Cell]:
    """All cells of a raw file; `titles` are those of a workbook that has them over several rows."""
    name, data = path.name, path.read_bytes()
    if name == "heerlen_2016_2020.db":
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as base:
            for year in range(2016, 2021):
                table = pd.read_sql(f"select * from Kerncijfers_wijken_en_buurten_{year}_pp", base)
                yield from ((area, year, title, cell) for area, _, title, cell in wide(table))
    elif name == "cbs_pc4_median_income.xlsx":
        yield from wide(pd.read_excel(path, skiprows=12, names=["code", *titles], engine="openpyxl"))
    elif path.suffix == ".xlsx":
        yield from wide(pd.read_excel(path, nrows=500, engine="openpyxl"))
    elif path.suffix == ".parquet":
        table = duckdb.sql(f"select * from '{path}'").df()
        yield from wide(table[table["Leeftijd"] == "18+"] if "Leeftijd" in table else table)
    elif path.suffix == ".geojson":
        yield from wide(pd.DataFrame([one["properties"] for one in json.loads(data)["features"]]))
    elif path.suffix == ".json":
        content = json.loads(data)
        rows = [content, *content.pop("wijken", []), *content.pop("buurten", [])]
        if path.parent.name == "leefbaarometer":
            rows = [{"code": code, **area} for code, area in content.items()]
        yield from wide(pd.json_normalize(rows))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            data = archive.read(archive.namelist()[0])
        if path.parent.name == "police":
            yield from wide(text(data, 4).iloc[1:])
        else:
            table = text(data)
            kind, year, area, count = table.columns
            for row in table.to_dict("records"):
                yield row[area], int(row[year]), f"{count}: {row[kind]}", row[count]
    elif name == "amsterdam_2015.csv":
        yield from wide(text(data, 3).iloc[1:-1])
    else:
        yield from wide(text(gzip.decompress(data) if path.suffix == ".gz" else data))


def number(cell: object) -> float | None:
    """The number in a cell; None where it holds none."""
    shown = "" if cell is None else str(cell).strip()
    shown = shown.replace(",", "") if shown.count(",") == 1 and len(shown.partition(",")[2]) == 3 else shown
    shown = shown.replace(",", ".")
    if shown.lower() in ("", ".", "-", "na", "nan", "none") or shown.startswith(("-9999", "-99997")):
        return None
    return float(shown)


@pytest.mark.parametrize("name", [name for name in FILES if name not in NO_FIGURES])
def test_cells_chosen_at_random_equal_the_file(name: str, read: Read, shared: Path) -> None:
    found = read(name)
    meaning: dict[str, dict[int, str]] = {}
    for year, title, indicator in found.understood:
        meaning.setdefault(title.strip(), {})[year] = indicator
    names = found.areas.drop_duplicates("name", keep=False)
    areas = dict(zip(names["name"].str.strip(), names["code"], strict=True))
    areas |= {code: code for code in found.areas["code"]} | {code[2:]: code for code in found.areas["code"]}
    areas |= {"NL01": "NL00", "NL": "NL00"} if "NL00" in set(found.areas["code"]) else {}
    rows = found.observations
    keys = zip(rows["code"], rows["year"].tolist(), rows["indicator"], strict=True)
    stored = dict(zip(keys, zip(rows["value"].tolist(), rows["status"], strict=True), strict=True))
    known = [one for one in cells(shared / "data" / name, list(meaning)) if one[0] in areas and one[2] in meaning]
    chosen = Random(name).sample(known, min(CELLS, len(known)))
    assert len(chosen) == min(CELLS, len(known)) and len(known) >= 26
    for area, when, title, cell in chosen:
        years = meaning[title]
        year = when if when in years else next(iter(years))
        value, status = stored.get((areas[area], year, years[year]), (None, "absent"))
        expected = number(cell)
        if expected is None or status in OF_NOTHING:
            assert value is None or math.isnan(value), (area, title, cell, value)
        else:
            times = EUROS.get(name, 1.0) if years[year] == "mean_dwelling_value" else TIMES.get(years[year], 1.0)
            assert value == pytest.approx(expected * times), (area, year, title, cell, status)
