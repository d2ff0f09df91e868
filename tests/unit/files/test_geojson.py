"""GeoJSON: coordinates in metres or degrees, as declared, and never when the numbers contradict it."""

import json
from pathlib import Path
from typing import Any

import pytest

from kloof.catalogue import Catalogue
from kloof.errors import SourceError
from kloof.files.recognise import recognise

RD, DEGREES = (113489.0, 400649.0), (4.77, 51.58)


def shapes(folder: Path, name: str = "map_2020.geojson", point: tuple[float, float] = RD, **options: Any) -> Path:
    properties = options.pop("properties", {"BU_CODE": "BU07580001", "BU_NAAM": "Valkenberg", "AANT_INW": 1990})
    ring = [[point, (point[0] + 1, point[1]), point]]
    features = [{"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": ring}}]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | options), encoding="utf-8")
    return path


def crs(name: str) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


@pytest.mark.parametrize(
    ("point", "options", "expected"),
    [
        (RD, {"crs": crs("urn:ogc:def:crs:EPSG::28992")}, "28992"),
        (DEGREES, {"crs": crs("urn:ogc:def:crs:OGC:1.3:CRS84")}, "4326"),
        (DEGREES, {}, "4326"),  # RFC 7946: degrees when nothing is declared
    ],
)
def test_coordinates_are_as_declared(
    tmp_path: Path, catalogue: Catalogue, point: tuple[float, float], options: dict, expected: str
) -> None:
    found = recognise(shapes(tmp_path, point=point, **options), catalogue)
    assert found.geometry is not None
    assert found.geometry["crs"]["properties"]["name"] == f"urn:ogc:def:crs:EPSG::{expected}"
    assert found.geometry["features"][0]["properties"] == {"code": "BU07580001"}
    assert found.observations[["code", "year", "value"]].to_numpy().tolist() == [["BU07580001", 2020, 1990.0]]
    assert found.areas["name"].tolist() == ["Valkenberg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"113489, 400649, which are no degrees\. Declare its crs"),
        ({"crs": crs("EPSG:4326")}, r"which are no degrees"),
        ({"crs": crs("EPSG:28992"), "point": DEGREES}, r"declares EPSG:28992, but 4\.77, 51\.58 are degrees"),
        ({"crs": crs("EPSG:3857")}, r"coordinates in .*3857.*reads EPSG:28992"),
        ({"properties": {"naam": "x"}}, r"without area codes: its properties are naam"),
        ({"numberMatched": 2, "point": DEGREES}, r"one page of several: it has 1 of 2 areas.*kloof data fetch"),
        ({"links": [{"rel": "next", "href": "x"}], "point": DEGREES}, r"it has 1 of more areas"),
        ({"features": []}, r"without features"),
        ({"features": [3]}, r"without features, or with some that are none"),
        ({"name": "map.geojson", "point": DEGREES}, r"the year is read from the name"),
    ],
)
def test_maps_that_are_refused(tmp_path: Path, catalogue: Catalogue, options: dict, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        recognise(shapes(tmp_path, **options), catalogue)


def test_the_year_of_a_map_is_in_it_or_in_its_name_and_two_that_disagree_are_refused(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    dated = {"BU_CODE": "BU07580001", "jrstatcode": "2019BU07580001", "jaar": 2019, "AANT_INW": 5}
    found = recognise(shapes(tmp_path, "map.geojson", DEGREES, properties=dated), catalogue)
    assert found.observations["year"].tolist() == [2019]
    found = recognise(shapes(tmp_path, "map.geojson", DEGREES, metadata={"year": 2022}), catalogue)
    assert found.observations["year"].tolist() == [2022]
    assert recognise(shapes(tmp_path, "map.geojson", DEGREES), catalogue, year=2021).observations["year"].tolist() == [
        2021
    ]
    with pytest.raises(SourceError, match=r"column jaar says 2019, column jrstatcode says 2019, its name says 2020"):
        recognise(shapes(tmp_path, point=DEGREES, properties=dated), catalogue)
    with pytest.raises(SourceError, match=r"its metadata says 2022, --year says 2021\. Correct the one that is wrong"):
        recognise(shapes(tmp_path, "map.geojson", DEGREES, metadata={"year": 2022}), catalogue, year=2021)
    with pytest.raises(SourceError, match=r"column jaar holds 20x9; it should begin with a year"):
        recognise(shapes(tmp_path, point=DEGREES, properties=dated | {"jaar": "20x9"}), catalogue)


def test_one_municipality_keeps_its_own_shapes(tmp_path: Path, catalogue: Catalogue) -> None:
    path = shapes(tmp_path, point=DEGREES)
    content = json.loads(path.read_text(encoding="utf-8"))
    other = json.loads(json.dumps(content["features"][0]))
    other["properties"]["BU_CODE"] = "BU03440001"
    content["features"].append(other)
    path.write_text(json.dumps(content), encoding="utf-8")
    found = recognise(path, catalogue, municipality="GM0344")
    assert found.geometry is not None
    assert [one["properties"]["code"] for one in found.geometry["features"]] == ["BU03440001"]


def test_scores_of_the_third_leefbaarometer_are_a_source_of_their_own(tmp_path: Path, catalogue: Catalogue) -> None:
    scores = {"bu_code": "BU07580001", "bu_naam": "Valkenberg", "kscore": 7, "afw": 0.12, "soc": -0.02, "onv": 0.01}
    found = recognise(shapes(tmp_path, "buurtscore_2022.geojson", DEGREES, properties=scores), catalogue)
    assert set(found.sources["source_id"]) == {"lbm3"} and found.share_understood == 100
    got = dict(zip(found.observations["indicator"], found.observations["value"], strict=True))
    assert got == {
        "livability_class": 7.0, "livability_score_relative": 0.12, "livability_social_cohesion_relative": -0.02,
        "livability_nuisance_relative": 0.01,
    }  # fmt: skip
