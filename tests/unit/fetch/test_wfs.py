"""Layers of a WFS come whole, a page at a time, with their geometry."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from odata_server import Fault, World, serving
from stage import QUICK

from kloof.catalogue import Catalogue, read_catalogue
from kloof.errors import FetchError
from kloof.fetch import wfs
from kloof.fetch.get import How, Report, Wish, fetch
from kloof.fetch.rawstore import folder, read_lock, read_raw
from kloof.fetch.registry import Source, read_registry
from kloof.fetch.web import Line, RefusedError

KEY = "boundaries_buurt/buurt_gegeneraliseerd/2020/all"


@pytest.fixture(scope="module")
def features(shared: Path) -> list[dict[str, object]]:
    """The real buurten of Breda, under the names that PDOK gives."""
    raw = json.loads((shared / "data" / "geo" / "breda_buurten_2020.geojson").read_text(encoding="utf-8"))
    code = next(name for name in raw["features"][0]["properties"] if name.upper() == "BU_CODE")
    return [
        {"type": "Feature", "id": f"buurt.{number}", "geometry": feature["geometry"],
         "properties": {"statcode": feature["properties"][code], "statnaam": f"buurt {number}"}}
        for number, feature in enumerate(raw["features"])
    ]  # fmt: skip


@pytest.fixture
def world(features: list[dict[str, object]]) -> Iterator[World]:
    with serving(World(layers={"buurt_gegeneraliseerd": features}, page=20)) as running:
        yield running


@pytest.fixture
def source(project: Path, world: World) -> Source:
    registry = read_registry(project / "data" / "sources.toml")
    return replace(registry["boundaries_buurt"], address=f"{world.base}/cbs/{{year}}/wfs")


def get(home: Path, source: Source, project: Path, **how: object) -> Report:
    catalogue: Catalogue = read_catalogue(project / "data" / "catalogue.toml")
    given = How(patience=QUICK, today="2026-11-24", **how)
    return fetch(home, {source.id: source}, catalogue, Wish((), (2020,), ("GM0758",)), given, lambda _: None)


def test_a_layer_comes_whole_with_its_geometry(
    source: Source, project: Path, tmp_path: Path, features: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wfs, "PAGE", 20)
    report = get(tmp_path, source, project)
    report.check()
    assert [(outcome.job.region, outcome.rows) for outcome in report.outcomes] == [("all", 56)]
    rows, meta = read_raw(folder(tmp_path) / read_lock(tmp_path)[KEY].current.file)
    assert [json.loads(text) for text in rows["geometry"]] == [feature["geometry"] for feature in features]
    assert rows["statcode"].tolist() == [feature["properties"]["statcode"] for feature in features]
    assert {column["key"]: column["type"] for column in meta["columns"]} == {
        "feature": "dimension", "statcode": "region", "statnaam": "topic", "geometry": "topic",
    }  # fmt: skip
    assert meta["columns"][-1]["unit"] == "urn:ogc:def:crs:EPSG::28992"


def test_pages_follow_from_the_number_of_features(source: Source, world: World) -> None:
    first = wfs.layer_page(Line(QUICK), wfs.layer_question(source, 2020).first, "page 1")
    assert (len(first.rows), first.total) == (20, 56)
    assert first.next
    assert "startIndex=20" in first.next
    assert "/cbs/2020/wfs?" in first.next


@pytest.mark.parametrize("kind", ["500", "cut", "truncated", "html"])
def test_passing_faults_pass(source: Source, project: Path, tmp_path: Path, world: World, kind: str) -> None:
    world.faults = [Fault(kind, 1, 2)]
    get(tmp_path, source, project).check()
    assert read_lock(tmp_path)[KEY].current.rows == 56


def test_a_page_of_features_served_twice_is_noticed(
    source: Source, project: Path, tmp_path: Path, features: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wfs, "START", wfs.re.compile(r"(?<=never=)\d+"))  # every page is the first
    monkeypatch.setattr(wfs, "PAGE", 20)
    with pytest.raises(FetchError, match="page 1 links to a page that was read before"):
        get(tmp_path, source, project).check()
    assert read_lock(tmp_path) == {}


def test_without_a_version_a_refresh_compares_what_arrives(
    source: Source, project: Path, tmp_path: Path, world: World
) -> None:
    get(tmp_path, source, project).check()
    assert get(tmp_path, source, project, refresh=True).outcomes[0].state == "unchanged"
    first = world.layers["buurt_gegeneraliseerd"][0]
    changed = {**first, "properties": {**first["properties"], "statnaam": "another name"}}
    world.layers["buurt_gegeneraliseerd"] = [changed, *world.layers["buurt_gegeneraliseerd"][1:]]
    outcome = get(tmp_path, source, project, refresh=True).outcomes[0]
    assert outcome.state == "changed"
    assert outcome.difference
    assert [(column.title, column.cells) for column in outcome.difference.columns] == [("statnaam", 1)]


def test_a_layer_that_is_not_there_or_empty_is_an_error(source: Source, world: World) -> None:
    other = replace(source, tables={2020: "straat"})
    with pytest.raises(RefusedError, match=r"boundaries_buurt 2020 \(layer straat\), its first feature: HTTP 400"):
        wfs.describe_layer(Line(QUICK), other, 2020)
    world.layers["straat"] = []
    with pytest.raises(FetchError, match=r"boundaries_buurt 2020 \(layer straat\) has no features"):
        wfs.describe_layer(Line(QUICK), other, 2020)


def test_one_file_is_taken_as_it_is(source: Source, project: Path, tmp_path: Path, world: World) -> None:
    world.files = {"/lists/recode_2020.xlsx": b"PK\x03\x04 recode list", "/lists/recode_2021.xlsx": b""}
    lists = replace(
        source, service="file", address=f"{world.base}/lists/recode_{{year}}.xlsx", tables={2020: "recode list"}
    )
    get(tmp_path, lists, project).check()
    entry = read_lock(tmp_path)["boundaries_buurt/recode list/2020/all"].current
    assert entry.file.endswith(".xlsx")
    assert (folder(tmp_path) / entry.file).read_bytes() == b"PK\x03\x04 recode list"
    assert get(tmp_path, lists, project).outcomes[0].state == "present"
    world.files["/lists/recode_2020.xlsx"] = b""
    report = get(tmp_path, lists, project, refresh=True)
    with pytest.raises(FetchError, match="the file is empty"):
        report.check()
    assert read_lock(tmp_path)["boundaries_buurt/recode list/2020/all"].current == entry
