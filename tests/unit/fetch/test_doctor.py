"""The doctor tells what answers, what does not, and what is something else than the registry says."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from odata_server import Table, World, crime_table, kwb_table, serving
from stage import QUICK

from kloof.fetch.doctor import BY_HAND, MISMATCH, UNREACHABLE, VERIFIED, Finding, examine, lines_to_change
from kloof.fetch.registry import Source, read_registry
from kloof.fetch.web import Line


@pytest.fixture(scope="module")
def tables(shared: Path) -> dict[str, Table]:
    kwb = kwb_table(shared / "data" / "kwb" / "amsterdam_2017.csv", "83765NED", 2017)
    crime = crime_table(shared / "data" / "national" / "buurten_2024.parquet")
    return {"83765NED": kwb, "47018NED": crime}


@pytest.fixture
def world(tables: dict[str, Table]) -> Iterator[World]:
    layer = [{"id": "1", "geometry": None, "properties": {"statcode": "BU1"}}]
    with serving(World({name: replace(table) for name, table in tables.items()}, {"layer": layer})) as running:
        running.files["/page"] = b"<html>a page for people</html>"
        yield running


@pytest.fixture
def registry(world: World, project: Path) -> dict[str, Source]:
    known = read_registry(project / "data" / "sources.toml")
    return {
        "kwb": replace(known["kwb"], address=world.base, tables={2017: "83765NED"}),
        "crime": replace(
            known["crime"], address=world.base, tables=dict.fromkeys((2021, 2022, 2023, 2024), "47018NED")
        ),
        "boundaries_buurt": replace(known["boundaries_buurt"], address=f"{world.base}/wfs", tables={2020: "layer"}),
        "buurt_changes": replace(known["buurt_changes"], address=f"{world.base}/page", tables={2020: "list"}),
    }


def look(registry: dict[str, Source]) -> list[Finding]:
    told: list[Finding] = []
    found = examine(registry.values(), Line(QUICK), 2, told.append)
    assert told == found
    return found


def only(source: Source) -> Finding:
    (found,) = look({source.id: source})
    return found


def test_what_is_as_registered_is_verified_and_the_lines_to_change_are_given_and_not_written(
    registry: dict[str, Source], project: Path
) -> None:
    path = project / "data" / "sources.toml"
    before = path.read_bytes(), path.stat().st_mtime_ns
    found = look(registry)
    assert [(finding.source, finding.verdict) for finding in found] == [
        ("kwb", VERIFIED), ("crime", VERIFIED), ("boundaries_buurt", VERIFIED), ("buurt_changes", BY_HAND),
    ]  # fmt: skip
    assert found[1].years == (2021, 2022, 2023, 2024)
    assert lines_to_change(registry, found) == [
        "[source.kwb]", "verified = true", "[source.crime]", "verified = true",
        "[source.boundaries_buurt]", "verified = true",
    ]  # fmt: skip
    verified = {name: replace(source, verified=True) for name, source in registry.items()}
    assert lines_to_change(verified, found) == []  # nothing is to change once it is so
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_table_of_another_year_or_title_is_a_mismatch(registry: dict[str, Source], world: World) -> None:
    finding = only(replace(registry["kwb"], tables={2018: "83765NED"}))
    assert finding.verdict == MISMATCH
    assert finding.detail == (
        "it is not about 2018: its title is 'Kerncijfers wijken en buurten 2017', its period '2017'"
    )  # fmt: skip
    world.tables["83765NED"].title = "Bijenteelt 2017"
    assert "its title is 'Bijenteelt 2017', without kerncijfers, wijken, en, buurten" in only(registry["kwb"]).detail


def test_dimensions_years_and_values_that_are_not_there_are_named(registry: dict[str, Source]) -> None:
    crime = registry["crime"]
    assert "it has no dimension RegioS" in only(replace(crime, region="RegioS")).detail
    late = only(replace(crime, tables={**crime.tables, 2025: "47018NED"}))
    assert late.detail == "Perioden has no 2025 (it has 2021JJ00, 2022JJ00, 2023JJ00, 2024JJ00)"
    kind = only(replace(crime, keep={"SoortMisdrijf": ("9.9.9",)}))
    assert kind.detail == "SoortMisdrijf has no 9.9.9 (it has 0.0.0, 1.1.1)"
    few = only(replace(crime, tables={2022: "47018NED", 2023: "47018NED"}))
    assert (few.verdict, few.detail) == (VERIFIED, "it also has 2021, 2024")


def test_what_is_not_there_is_a_mismatch_and_what_does_not_answer_is_unreachable(registry: dict[str, Source]) -> None:
    gone = only(replace(registry["kwb"], tables={2017: "1NED"}))
    assert (gone.verdict, "HTTP 404" in gone.detail) == (MISMATCH, True)
    silent = only(replace(registry["kwb"], address="http://127.0.0.1:9"))
    assert (silent.verdict, "no connection" in silent.detail) == (UNREACHABLE, True)


def test_a_source_is_verified_when_each_of_its_tables_holds_and_no_longer_when_one_does_not(
    registry: dict[str, Source],
) -> None:
    half = replace(registry["kwb"], tables={2017: "83765NED", 2018: "1NED"})
    found = look({"kwb": half})
    assert "verified = true" not in lines_to_change({"kwb": half}, found)
    lines = lines_to_change({"kwb": replace(half, verified=True)}, found)
    assert lines[:2] == ["[source.kwb]", "verified = false"]
    assert lines[2].startswith("# 2018: 1NED: ")
