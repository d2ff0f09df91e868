"""The map of districts and neighbourhoods by its names of today, in every form it comes in; water, years, names."""

import csv
import json
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet
import pytest
import shapefile
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from real_files import cells_of_a_year

from kloof.catalogue import Catalogue
from kloof.errors import SchemaError, SourceError
from kloof.files.recognise import Recognised, recognise

HEAD = [
    "gemeentecode", "gemeentenaam", "water", "aantal_inwoners", "percentage_koopwoningen", "gemiddelde_woningwaarde",
]  # fmt: skip
ROWS: list[list[Any]] = [
    ["GM0758", "Breda", "NEE", 188078, 55, 390],
    ["GM0034", "Almere", "JA", -99997, -99997, -99997],
    ["GM0034", "Almere", "NEE", 226630, 58, -99995],
]
SQUARE = [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]


def geopackage(path: Path, head: list[str], rows: list[list[Any]], system: int = 4326) -> None:
    """A GeoPackage of one layer, its shapes with and without a box in their head."""
    shape = shapely.to_wkb(shapely.from_geojson(json.dumps({"type": "Polygon", "coordinates": SQUARE})))
    boxes = [(0, b""), (1, b"\x00" * 32)]  # without and with the box around the shape
    heads = [boxes[n // 2 % 2] for n in range(len(rows))]
    blobs = [b"GP\x00" + bytes([1 | kind << 1]) + b"\x00" * 4 + box + shape for kind, box in heads]
    with closing(sqlite3.connect(path)) as base:
        base.execute("create table gpkg_contents (table_name text)")
        base.execute("create table gpkg_geometry_columns (table_name text, column_name text, srs_id int)")
        base.execute("insert into gpkg_contents values ('gemeenten'), ('layer_styles')")
        base.execute("insert into gpkg_geometry_columns values ('gemeenten', 'geom', ?)", [system])
        base.execute("create table layer_styles (styleName text)")
        base.execute(f"create table gemeenten (fid integer, geom blob, {', '.join(head)})")
        marks = ", ".join("?" * (len(head) + 2))
        base.executemany(
            f"insert into gemeenten values ({marks})",
            [[n, blob, *row] for n, (blob, row) in enumerate(zip(blobs, rows, strict=True))],
        )
        base.commit()


def text(path: Path, head: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows([head, *rows])


def parquet(path: Path, head: list[str], rows: list[list[Any]]) -> None:
    pd.DataFrame(rows, columns=head).to_parquet(path)


def geojson(path: Path, head: list[str], rows: list[list[Any]]) -> None:
    shape = {"type": "Polygon", "coordinates": SQUARE}
    features = [{"type": "Feature", "properties": dict(zip(head, row, strict=True)), "geometry": shape} for row in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


FORMS: dict[str, Callable[[Path, list[str], list[list[Any]]], None]] = {
    "map_2024.gpkg": geopackage, "map_2024.csv": text, "map_2024.tsv": text, "map_2024.parquet": parquet,
    "map_2024.geojson": geojson,
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_the_map_says_the_same_and_water_is_set_aside(
    tmp_path: Path, catalogue: Catalogue, name: str
) -> None:
    path = tmp_path / name
    FORMS[name](path, HEAD, ROWS)
    found = recognise(path, catalogue)
    assert cells_of_a_year(found) == {
        ("GM0758", "inhabitants"): 188078.0, ("GM0758", "owner_occupied_share"): 55.0,
        ("GM0758", "mean_dwelling_value"): 390.0, ("GM0034", "inhabitants"): 226630.0,
        ("GM0034", "owner_occupied_share"): 58.0, ("GM0034", "mean_dwelling_value"): "not_published",
    }  # fmt: skip
    assert found.sources["source_id"].tolist() == ["cbs_map_2024"] and found.not_understood == ()
    assert ("water", 1, "GM0034") in [(one.reason, one.rows, one.detail) for one in found.set_aside]
    assert found.areas[["code", "name"]].to_numpy().tolist() == [["GM0034", "Almere"], ["GM0758", "Breda"]]
    if name.endswith(("gpkg", "geojson")):
        assert found.geometry is not None
        shapes = {one["properties"]["code"]: one["geometry"]["coordinates"] for one in found.geometry["features"]}
        assert shapes == {"GM0758": SQUARE, "GM0034": SQUARE}
    else:
        assert found.geometry is None


@pytest.mark.shared
def test_the_municipalities_of_2024_equal_their_file(shared: Path, catalogue: Catalogue) -> None:
    path = shared / "data" / "wild" / "fin_gemeente_2024_stats.parquet"
    found = recognise(path, catalogue)
    table = pyarrow.parquet.read_table(path).to_pydict()
    land = [n for n, water in enumerate(table["water"]) if water == "NEE"]
    expected = {
        (table["gemeentecode"][n], indicator): table[title][n]
        for _, title, indicator in found.understood
        for n in land
        if table[title][n] not in (-99997, -99995) and not math.isnan(table[title][n])
    }
    assert len(land) == 342 and len(found.understood) == 125
    assert {key: value for key, value in cells_of_a_year(found).items() if isinstance(value, float)} == expected
    assert expected["GM0758", "inhabitants"] == 188078 and expected["GM0758", "mean_gas_use"] == 670


@pytest.mark.shared
def test_the_map_of_baarn_equals_its_file(shared: Path, catalogue: Catalogue) -> None:
    path = shared / "data" / "wild" / "baarn_buurten.geojson"
    found = recognise(path, catalogue)
    shapes = json.loads(path.read_text(encoding="utf-8"))["features"]
    expected = {
        (one["properties"]["buurtcode"], indicator): one["properties"][title]
        for _, title, indicator in found.understood
        for one in shapes
        if one["properties"][title] not in (-99997, -99995)
    }
    assert len(shapes) == 21 and len(found.understood) == 148 and len(expected) == 663
    assert {key: value for key, value in cells_of_a_year(found).items() if isinstance(value, float)} == expected
    assert set(found.observations["year"]) == {2024}


LOW = "percentage_huishoudens_met_laag_inkomen"


@pytest.mark.parametrize(
    ("beside", "indicators"),
    [
        ("percentage_huishoudens_met_laagste_inkomen",
         {"households_below_low_income_line_share": 7.0, "low_income_households_share": 40.0}),
        ("percentage_huishoudens_met_lage_koopkracht",
         {"low_income_households_share": 7.0, "households_below_low_income_line_share": 40.0}),
        ("percentage_huishoudens_met_hoog_inkomen", {"high_income_households_share": 40.0}),
    ],
)  # fmt: skip
def test_a_name_with_two_meanings_is_settled_by_the_name_beside_it(
    tmp_path: Path, catalogue: Catalogue, beside: str, indicators: dict[str, float]
) -> None:
    path = tmp_path / "map_2022.csv"
    text(path, ["gemeentecode", LOW, beside], [["GM0758", 7, 40]])
    found = recognise(path, catalogue)
    assert {name: value for (_, name), value in cells_of_a_year(found).items()} == indicators
    assert found.not_understood == (((2022, LOW),) if len(indicators) == 1 else ())


def test_shapes_of_one_area_are_joined_and_counted(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "map_2024.geojson"
    geojson(path, ["gemeentecode"], [["GM0034"], ["GM0758"], ["GM0034"]])
    found = recognise(path, catalogue)
    assert found.geometry is not None and found.observations.empty and found.share_understood == 100
    assert [(one["properties"]["code"], one["geometry"]["type"]) for one in found.geometry["features"]] == [
        ("GM0034", "MultiPolygon"),
        ("GM0758", "Polygon"),
    ]
    assert found.geometry["features"][0]["geometry"]["coordinates"] == [SQUARE, SQUARE]
    assert ("shapes_of_one_area_joined", "1: GM0034") in [(one.reason, one.detail) for one in found.set_aside]


def test_geopackages_that_are_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "map_2024.gpkg"
    geopackage(path, HEAD, ROWS, system=3857)
    with pytest.raises(SourceError, match=r"coordinates in EPSG:3857; kloof reads EPSG:28992 and EPSG:4326"):
        recognise(path, catalogue)
    path.unlink()
    geopackage(path, ["naam"], [["x"]])
    with pytest.raises(
        SourceError, match=r"without area codes\. Its layers: gemeenten \(fid, geom, naam\), layer_styles"
    ):
        recognise(path, catalogue)
    with closing(sqlite3.connect(path)) as base:
        base.execute("alter table gemeenten add column gemeentecode text default 'GM0758'")
        base.execute("update gemeenten set geom = x'00010203040506070809'")
        base.commit()
    with pytest.raises(SourceError, match=r"map_2024\.gpkg, gemeenten: 1 shapes do not begin as a GeoPackage says"):
        recognise(path, catalogue)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(SourceError, match=r"map_2024\.gpkg is cut off: 5000 of \d+ bytes"):
        recognise(path, catalogue)


KNOWN = pd.DataFrame(
    [
        ("GM0758", "Breda"), ("BU07580001", "Utrecht"), ("GM0344", "Utrecht"), ("GM0373", "Bergen (NH.)"),
        ("GM0893", "Bergen (L.)"), ("GM0164", "Hengelo"), ("GM1900", "Súdwest-Fryslân"),
    ],
    columns=["code", "name"],
)  # fmt: skip


def by_name(folder: Path, catalogue: Catalogue, *names: str, codes: Path | None = None) -> Recognised:
    path = folder / "map_2024.csv"
    text(path, ["gemeentenaam", "aantal_inwoners"], [[name, n] for n, name in enumerate(names, 1)])
    return recognise(path, catalogue, areas=KNOWN, codes=codes)


def test_municipalities_get_their_code_by_a_name_that_only_one_has(tmp_path: Path, catalogue: Catalogue) -> None:
    found = by_name(tmp_path, catalogue, "breda", "Utrecht (gemeente)", "Hengelo (O.)", "Bergen (L.)", "Utrecht (PV)")
    rows = found.observations
    assert dict(zip(rows["code"], rows["value"], strict=True)) == {"GM0758": 1, "GM0344": 2, "GM0164": 3, "GM0893": 4}
    assert ("name_not_known", 1, "Utrecht (PV)") in [(one.reason, one.rows, one.detail) for one in found.set_aside]
    with pytest.raises(
        SourceError, match=r"1 are of several \(Bergen is GM0373 or GM0893\)\. Put a column gemeentecode"
    ):
        by_name(tmp_path, catalogue, "Breda", "Bergen")
    with pytest.raises(SourceError, match=r"1 of 2 names are not known \(Bredaa, nearest Breda\).*--codes FILE"):
        by_name(tmp_path, catalogue, "Bredaa", "Utrecht")
    book = tmp_path / "codes.csv"
    book.write_text("code,name\nGM9001,Bredaa\nGM9002,Utrecht\n", encoding="utf-8")
    assert by_name(tmp_path, catalogue, "Bredaa", "Utrecht", codes=book).areas["code"].tolist() == ["GM9001", "GM9002"]


SCORES = "bu_code,bu_naam,jaar,versie,kscore,lbm,afw,fys,onv,soc,vrz,won\n"


def test_scores_of_the_third_leefbaarometer_have_a_year_a_row(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "Leefbaarometer-scores buurten 2002-2024.csv"
    rows = "BU07580001,Valkenberg,2022,3,7,4.22,0.12,0.01,-0.02,0.03,0.04,0.06\n"
    path.write_text(SCORES + rows + "BU07580001,Valkenberg,2002,3,6,4.1,-0.1,,,,,\n", encoding="utf-8")
    found = recognise(path, catalogue)
    assert (found.kind, found.edition) == ("leefbaarometer_3", "Leefbaarometer 3.0 2002-2022")
    assert found.sources["source_id"].tolist() == ["lbm3"] and found.share_understood == 100
    rows_2002 = found.observations[found.observations["year"] == 2002]
    got = dict(zip(rows_2002["indicator"], rows_2002["value"], strict=True))
    assert got == {"livability_class": 6.0, "livability_score": 4.1, "livability_score_relative": -0.1}
    assert {one.reason: one.rows for one in found.set_aside} == {"no_figures_of_this_level_and_year": 5}
    assert found.observations["value"].count() == 3 + 8
    with pytest.raises(SourceError, match=r"has years of its own in jaar\. Leave --year out"):
        recognise(path, catalogue, year=2022)


def test_scores_by_postcode_and_sheets_of_a_workbook(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "scores.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame([["see below"]]).to_excel(book, sheet_name="Uitleg", index=False)
        for sheet, head, code in (("pc4", "PC4", 4811), ("wijken", "wk_code", "WK075800")):
            pd.DataFrame([[code, 2024, 0.5]], columns=[head, "jaar", "afw"]).to_excel(
                book, sheet_name=sheet, index=False
            )
    found = recognise(path, catalogue)
    assert cells_of_a_year(found) == {
        ("PC4811", "livability_score_relative"): 0.5,
        ("WK075800", "livability_score_relative"): 0.5,
    }
    assert [name for name, _, _ in found.tables] == ["scores.xlsx, pc4", "scores.xlsx, wijken"]


def test_geoparquet_and_shapefiles_bring_their_boundaries(tmp_path: Path, catalogue: Catalogue) -> None:
    import pyarrow as pa

    shape = shapely.from_geojson(json.dumps({"type": "Polygon", "coordinates": SQUARE}))
    table = pa.Table.from_pandas(pd.DataFrame([[*row, shape.wkb] for row in ROWS], columns=[*HEAD, "geometry"]))
    about = {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": None}}}
    path = tmp_path / "map_2024.parquet"
    pyarrow.parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(about)}), path)
    found = recognise(path, catalogue)
    assert found.geometry is not None and len(cells_of_a_year(found)) == 6
    assert {one["properties"]["code"]: one["geometry"]["coordinates"] for one in found.geometry["features"]} == {
        "GM0758": SQUARE,
        "GM0034": SQUARE,
    }
    assert found.geometry["crs"]["properties"]["name"].endswith("EPSG::4326")
    about["columns"]["geometry"]["crs"] = {"id": {"authority": "EPSG", "code": 28992}}
    pyarrow.parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(about)}), path)
    with pytest.raises(SourceError, match=r"declares EPSG:28992, but 0, 0 are degrees"):
        recognise(path, catalogue)
    name = tmp_path / "map_2024.dbf"
    with shapefile.Writer(str(name), shapeType=shapefile.POLYGON) as writer:
        writer.field("GM_CODE", "C", 8)
        writer.field("AANT_INW", "N", 9)
        for code, corner in (("GM0758", 110_000.0), ("GM0034", 140_000.0)):
            writer.poly([[[corner, 400_000.0], [corner, 400_001.0], [corner + 1, 400_001.0], [corner, 400_000.0]]])
            writer.record(code, 5)
    name.with_suffix(".prj").write_text('PROJCS["RD_New",GEOGCS["GCS_Amersfoort"]]', encoding="utf-8")
    found = recognise(name, catalogue)
    assert found.geometry is not None and found.geometry["crs"]["properties"]["name"].endswith("EPSG::28992")
    assert [one["geometry"]["coordinates"][0][0][0] for one in found.geometry["features"]] == [110_000.0, 140_000.0]
    assert cells_of_a_year(found) == {("GM0758", "inhabitants"): 5.0, ("GM0034", "inhabitants"): 5.0}


def test_two_rows_of_an_area_are_refused_where_nothing_says_that_one_is_water(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    path = tmp_path / "map_2024.csv"
    text(path, [HEAD[0], *HEAD[3:]], [[row[0], *row[3:]] for row in ROWS])
    with pytest.raises(SchemaError, match=r"1 areas have more than one row \(GM0034\)\. Keep one each; .* water"):
        recognise(path, catalogue)


@settings(max_examples=30, deadline=None)
@given(rows=st.permutations(range(len(ROWS))), columns=st.permutations(range(len(HEAD))))
def test_the_order_of_rows_and_columns_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue, rows: list[int], columns: list[int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "order_2024.csv"
    text(path, HEAD, ROWS)
    straight = cells_of_a_year(recognise(path, catalogue))
    text(path, [HEAD[n] for n in columns], [[ROWS[m][n] for n in columns] for m in rows])
    assert cells_of_a_year(recognise(path, catalogue)) == straight


def test_postcodes_in_another_form_than_text(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "cbs_pc4_2023.parquet"
    parquet(path, ["postcode", "aantal_inwoners", "aantal_woningen"], [[4811, 5660, -99997], [4812, 7505, 3815]])
    found = recognise(path, catalogue)
    assert cells_of_a_year(found) == {
        ("PC4811", "inhabitants"): 5660.0, ("PC4812", "inhabitants"): 7505.0, ("PC4811", "dwellings"): "suppressed",
        ("PC4812", "dwellings"): 3815.0,
    }  # fmt: skip
    assert found.kind == "cbs_postcodes" and found.sources["source_id"].tolist() == ["cbs_pc4_2023"]
