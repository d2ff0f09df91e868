"""A file is read as its mapping says, cell by cell as every other file, and refused where the mapping does not fit."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.catalogue import Catalogue, catalogue
from kloof.errors import KloofError
from kloof.files.mapped import Where, _cell_of, read_map
from kloof.files.recognise import Recognised, recognise

TABLE = 'areas = "where"\nyear = 2020\n'
COLUMNS = '"people" = "inhabitants"\n'
OWN = """
[indicator.playgrounds]
nl = "Speelplekken"
en = "Playgrounds"
unit = "number"
kind = "count"
"""
Read = Callable[..., Recognised]


@pytest.fixture
def known() -> Catalogue:
    return catalogue()


@pytest.fixture
def read(tmp_path: Path, known: Catalogue) -> Read:
    """Read a text by a mapping of which tables and columns are given."""

    def call(text: str, table: str = TABLE, columns: str = COLUMNS, more: str = "", **rest: object) -> Recognised:
        path, said = tmp_path / "own.csv", tmp_path / "own.csv.toml"
        path.write_text(text, encoding="utf-8")
        written = f'[table]\n{table}\n[source]\nid = "own_x"\npublisher = "Me"\ntitle = "Mine"\n'
        said.write_text(f"{written}[columns]\n{columns}\n{more}", encoding="utf-8")
        mapping, wider = read_map(said, known)
        return recognise(path, wider, mapping=mapping, **rest)  # type: ignore[arg-type]

    return call


def figures(found: Recognised) -> list[tuple[object, ...]]:
    rows = found.observations.astype("object").where(found.observations.notna(), None)
    return [tuple(row) for row in rows[["code", "year", "indicator", "value", "status"]].to_numpy().tolist()]


def test_columns_get_their_meaning_and_everything_is_accounted_for(read: Read) -> None:
    text = "title\nwhere,name,people,homes,rest\nBU03440001, Hoek ,120,x,9\nGM0344,Utrecht,.,70,8\n"
    text += ",total,1,1,1\nBron: me\n"
    table = f'{TABLE}header = 2\nname = "name"\nmissing = {{ "x" = "suppressed" }}'
    found = read(text, table, '"people" = "inhabitants"\n"homes" = { indicator = "households", times = 10 }\n')
    assert figures(found) == [
        ("BU03440001", 2020, "households", None, "suppressed"), ("BU03440001", 2020, "inhabitants", 120, "measured"),
        ("GM0344", 2020, "households", 700, "measured"), ("GM0344", 2020, "inhabitants", None, "not_published"),
    ]  # fmt: skip
    assert found.areas[["code", "name"]].to_numpy().tolist() == [["BU03440001", "Hoek"], ["GM0344", "Utrecht"]]
    assert found.not_understood == ((2020, "rest"),)
    assert dict(found.identity) == {"where": "code", "name": "name"}
    aside = {row.reason: (row.rows, row.detail) for row in found.set_aside}
    sha = hashlib.sha256(found.mapping["text"].encode()).hexdigest()[:12]  # type: ignore[index]
    assert aside == {
        "row_without_area": (1, ""), "source_line": (1, ""),
        "read_by_a_mapping": (0, f"own.csv.toml, sha256 {sha}"),
    }  # fmt: skip
    assert found.sources.iloc[0][["source_id", "publisher", "title"]].tolist() == ["own_x", "Me", "Mine (own.csv.toml)"]


def test_a_column_with_years_titles_with_years_and_rows_that_count(read: Read) -> None:
    text = "where,when,kind,people\nGM0344,2020JJ00,all,1\nGM0344,2021JJ00,all,2\nGM0344,2021JJ00,men,7\n"
    text += "GM0344,2021KW01,all,5\n"
    found = read(text, 'areas = "where"\nyear = "when"\nkeep = { kind = "all" }')
    assert [row[1::2] for row in figures(found)] == [(2020, 1), (2021, 2)]
    aside = {row.reason: row.rows for row in found.set_aside}
    assert (aside["left_out_by_the_mapping"], aside["periods_that_are_no_years"]) == (1, 1)
    with pytest.raises(KloofError, match=r"stands more than once in a year \(GM0344\).*They differ in kind, people"):
        read(text, 'areas = "where"\nyear = "when"')
    wide = "where,people 2019,people 20\nGM0344,5,6\n"
    found = read(wide, 'areas = "where"', '"people {yyyy}" = "inhabitants"\n"people {yy}" = "inhabitants"')
    assert [row[1::2] for row in figures(found)] == [(2019, 5), (2020, 6)]


def test_names_codes_without_prefix_and_postcodes(read: Read) -> None:
    book = pd.DataFrame({"code": ["BU03440001", "GM0344"], "name": ["Hoek", "Utrecht"]})
    by_name = f'{TABLE}areas_are = "names"\nmunicipality = "GM0344"'
    assert figures(read("where,people\nHoek,5\nUtrecht,9\n", by_name, areas=book))[0][0] == "BU03440001"
    assert figures(read("where,people\n3440001,5\n", f'{TABLE}prefix = "BU"'))[0][0] == "BU03440001"
    assert figures(read("where,people\n1011,5\n", f'{TABLE}areas_are = "postcodes"'))[0][0] == "PC1011"


def test_every_form_of_table(tmp_path: Path, known: Catalogue) -> None:
    frame = pd.DataFrame({"where": ["GM0344", "BU03440001"], "people": [90, 5]})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_excel(tmp_path / "a.xlsx", sheet_name="one", index=False)
    records = frame.to_dict("records")
    shapes = [{"type": "Feature", "properties": one, "geometry": None} for one in records]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": shapes}), "utf-8")
    (tmp_path / "a.json").write_text(json.dumps(records), "utf-8")
    with sqlite3.connect(tmp_path / "a.db") as database:
        frame.to_sql("one", database, index=False)
        frame.head(1).to_sql("two", database, index=False)
    database.close()
    said = tmp_path / "a.toml"
    for name in ("a.parquet", "a.xlsx", "a.geojson", "a.json", "a.db"):
        sheet = 'sheet = "one"\n' if name == "a.db" else ""
        said.write_text(f'[table]\n{sheet}{TABLE}[source]\nid = "own_a"\n[columns]\n{COLUMNS}', "utf-8")
        mapping, _ = read_map(said, known)
        found = recognise(tmp_path / name, known, mapping=mapping)
        assert [row[0::3] for row in figures(found)] == [("BU03440001", 5), ("GM0344", 90)], name
    said.write_text(f'[table]\nsheet = "too"\n{TABLE}[source]\nid = "own_a"\n[columns]\n{COLUMNS}', "utf-8")
    with pytest.raises(KloofError, match=r"no sheet 'too'; did you mean \"two\"\? it has one, two"):
        recognise(tmp_path / "a.db", known, mapping=read_map(said, known)[0])


def test_boundaries_come_with_the_rows_that_count(tmp_path: Path, known: Catalogue) -> None:
    def feature(code: str, kind: str, x: float) -> dict[str, object]:
        properties = {"where": code, "kind": kind, "people": 1}
        return {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": [x, 52]}}

    shapes = [feature("BU03440001", "land", 5.1), feature("BU03440001", "water", 5.2), feature("BU03440002", "land", 5)]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": shapes}), "utf-8")
    said = tmp_path / "a.toml"
    said.write_text(
        f'[table]\nkeep = {{ kind = "land" }}\n{TABLE}[source]\nid = "own_a"\n[columns]\n{COLUMNS}', "utf-8"
    )
    found = recognise(tmp_path / "a.geojson", known, mapping=read_map(said, known)[0])
    assert found.geometry is not None
    here = [(one["properties"]["code"], one["geometry"]["coordinates"][0]) for one in found.geometry["features"]]
    assert here == [("BU03440001", 5.1), ("BU03440002", 5)]
    assert "EPSG::4326" in found.geometry["crs"]["properties"]["name"]


def test_an_own_indicator_goes_along(read: Read, known: Catalogue) -> None:
    found = read("where,people\nGM0344,5\n", columns='"people" = "playgrounds"', more=OWN)
    assert figures(found) == [("GM0344", 2020, "playgrounds", 5, "measured")]
    assert "playgrounds" not in known.indicators
    with pytest.raises(KloofError, match="indicator playgrounds has no en, kind"):
        read("", columns='"people" = "playgrounds"', more='[indicator.playgrounds]\nnl = "x"\nunit = "number"')
    with pytest.raises(KloofError, match="indicator inhabitants is known as something else"):
        read("", more=OWN.replace("playgrounds", "inhabitants"))


@pytest.mark.parametrize(
    ("table", "columns", "text", "says"),
    [
        ('areas = "where"', COLUMNS, "", "year is not filled in"),
        (TABLE, '"people" = ""', "", r"\[columns\] gives no column an indicator"),
        (TABLE, '"people" = "inhabitant"', "", 'not known; did you mean "inhabitants"?'),
        (f'{TABLE}decimals = ","', COLUMNS, "", 'no key decimals; did you mean "decimal"?'),
        (f'{TABLE}missing = {{ "x" = "secret" }}', COLUMNS, "", "'secret' is none of not_published, suppressed"),
        (f'{TABLE}decimal = ","\nthousands = ","', COLUMNS, "", "cannot stand before decimals and between thousands"),
        (TABLE, COLUMNS, "where,peeple\nGM0344,5\n", "no column 'people': did you mean \"peeple\""),
        (TABLE, COLUMNS, "where,people\nGM344,5\n", r"codes without their prefix .*row 1: 'GM344'"),
        (TABLE, COLUMNS, "where,people\nGM0344,many\n", "no number in 1 cells"),
        (TABLE, COLUMNS, "where,people\nGM0344,-4\n", "negative in 1 cells"),
        (f"{TABLE}header = 9", COLUMNS, "where,people\nGM0344,4\n", "header must be a row between 1 and 2"),
        ('areas = "where"\nyear = "people"', COLUMNS, "where,people\nGM0344,4\n", r"1 cells are no year \(4\)"),
        (f'{TABLE}decimal = ","', COLUMNS, "where;people\nGM0344;1.054\n", "no number in 1 cells"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(read: Read, table: str, columns: str, text: str, says: str) -> None:
    with pytest.raises(KloofError, match=says):
        read(text or "where,people\nGM0344,5\n", table, columns)


def test_a_mapping_that_is_not_there_or_is_no_toml(tmp_path: Path, known: Catalogue) -> None:
    with pytest.raises(KloofError, match=r"is not there\. Make one: kloof data map FILE"):
        read_map(tmp_path / "no.toml", known)
    (tmp_path / "no.toml").write_text("[table", encoding="utf-8")
    with pytest.raises(KloofError, match="is not valid TOML"):
        read_map(tmp_path / "no.toml", known)


@given(st.integers(0, 10**9), st.integers(0, 99), st.sampled_from([(",", "."), (".", ","), (",", " "), (".", "")]))
def test_a_number_is_read_as_the_mapping_says_it_is_written(whole: int, rest: int, signs: tuple[str, str]) -> None:
    decimal, thousands = signs
    text = f"{whole:,}".replace(",", thousands) + f"{decimal}{rest:02d}"
    where = Where(decimal=decimal, thousands=thousands)
    assert float(_cell_of(text, {}, where)) == pytest.approx(whole + rest / 100)
