"""Both versions of CBS OData are spoken as CBS speaks them: columns with their groups, filters by beginning, limits."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from odata_server import World, crime_table, kwb_table, matcher, national_table, serving
from stage import QUICK, knowing

from kloof.catalogue import Catalogue, read_catalogue
from kloof.errors import FetchError
from kloof.fetch import odata
from kloof.fetch.download import understood
from kloof.fetch.get import How, Wish, fetch
from kloof.fetch.rawstore import folder, read_lock, read_raw
from kloof.fetch.registry import Source, read_registry
from kloof.fetch.table import Column
from kloof.fetch.web import Line, RefusedError

LINE = Line(QUICK)


@pytest.fixture(scope="module")
def world(shared: Path) -> Iterator[World]:
    data = shared / "data"
    parquet = data / "national" / "buurten_2024.parquet"
    tables = (
        kwb_table(data / "kwb" / "amsterdam_2017.csv", "83765NED", 2017), national_table(parquet), crime_table(parquet),
    )  # fmt: skip
    with serving(World({table.id: table for table in tables})) as running:
        yield running


@pytest.fixture(scope="module")
def sources(world: World, project: Path) -> dict[str, Source]:
    registry = read_registry(project / "data" / "sources.toml")
    here = {name: replace(registry[name], address=world.base) for name in ("kwb", "crime")}
    return here | {"kwb4": replace(here["kwb"], service="odata4", address=f"{world.base}/odata/v1/CBS")}


@pytest.fixture(scope="module")
def catalogue(project: Path) -> Catalogue:
    return read_catalogue(project / "data" / "catalogue.toml")


def test_columns_carry_their_groups_units_and_kinds(sources: dict[str, Source]) -> None:
    table = odata.describe_table(LINE, sources["kwb"], 2017)
    by_key = {column.key: column for column in table.columns}
    assert (table.title, table.version, table.period) == (
        "Kerncijfers wijken en buurten 2017", "2019-06-01T02:00:00", "2017",
    )  # fmt: skip
    assert by_key["AantalInwoners_5"] == Column("AantalInwoners_5", "Bevolking|Aantal inwoners", "aantal", "topic")
    assert table.dimensions == ("WijkenEnBuurten",)
    assert len(table.columns) == 109
    ring = {"1": ("a", "2"), "2": ("b", "1")}
    assert odata._above("1", ring, "its columns") == ["b", "a"]  # a ring of groups does not hold us


def test_version_4_says_the_same_of_the_same_table(sources: dict[str, Source]) -> None:
    three = {
        c.key: (c.title, c.unit) for c in odata.describe_table(LINE, sources["kwb"], 2017).columns if c.type == "topic"
    }
    four = odata.describe_table(LINE, sources["kwb4"], 2017)
    assert {c.key: (c.title, c.unit) for c in four.columns if c.key in three} == three
    assert four.dimensions == ("Measure", "WijkenEnBuurten")
    assert four.version == "1 2019-06-01T02:00:00"


@pytest.mark.parametrize("name", ["kwb", "kwb4"])
def test_a_table_that_is_not_there_is_named(sources: dict[str, Source], name: str) -> None:
    with pytest.raises(RefusedError, match=r"kwb 2019 \(table 84583NED\), its description: HTTP 404"):
        odata.describe_table(LINE, sources[name], 2019)


def test_the_filter_keeps_what_it_should_by_an_independent_parser(world: World, sources: dict[str, Source]) -> None:
    table = odata.describe_table(LINE, sources["crime"], 2024)
    asked = odata.table_question(sources["crime"], table, 2024, "GM0758")
    assert asked.filter == (
        "(startswith(WijkenEnBuurten,'NL') or startswith(WijkenEnBuurten,'GM0758')"
        " or startswith(WijkenEnBuurten,'WK0758') or startswith(WijkenEnBuurten,'BU0758'))"
        " and (startswith(SoortMisdrijf,'0.0.0')) and (startswith(Perioden,'2024'))"
    )
    test = matcher(asked.filter)
    kept = [row for row in world.tables["47018NED"].rows if test(row)]
    wanted = [
        row
        for row in world.tables["47018NED"].rows
        if row["WijkenEnBuurten"][2:6] == "0758" and row["SoortMisdrijf"] == "0.0.0 " and row["Perioden"] == "2024JJ00"
    ]
    assert kept == wanted
    assert len(kept) == 57
    assert odata.count(LINE, asked.count, "rows") == 57


def test_a_quote_in_a_value_is_doubled() -> None:
    text = odata.condition({"Naam": ("'s-Graven",)})
    assert text == "(startswith(Naam,'''s-Graven'))"
    assert matcher(text)({"Naam": "'s-Gravenhage"})
    assert not matcher(text)({"Naam": "Den Haag"})


def test_columns_are_asked_of_the_server_until_the_address_grows_too_long(sources: dict[str, Source]) -> None:
    table = odata.describe_table(LINE, sources["kwb"], 2017)
    topics = [column.key for column in table.columns if column.type == "topic"]
    few, many = (odata.table_question(sources["kwb"], table, 2017, "GM0363", topics[:n]) for n in (3, 108))
    assert "$select=ID,WijkenEnBuurten," + ",".join(topics[:3]) in few.first
    assert "$select" not in many.first
    assert (len(few.keep), len(many.keep)) == (3, 108)
    assert max(len(few.first), len(many.first)) < 2000


def test_measures_are_a_filter_in_version_4(sources: dict[str, Source]) -> None:
    table = odata.describe_table(LINE, sources["kwb4"], 2017)
    asked = odata.table_question(sources["kwb4"], table, 2017, "GM0363", ["AantalInwoners_5"])
    assert asked.filter.endswith(" and (Measure eq 'AantalInwoners_5')")
    assert odata.count(LINE, asked.count, "rows") == 580
    assert (
        odata.table_question(sources["kwb4"], table, 2017, "all", ["AantalInwoners_5"]).filter
        == "(Measure eq 'AantalInwoners_5')"
    )


def test_the_small_service_refuses_more_than_ten_thousand_rows_and_is_asked_once(world: World) -> None:
    before = len(world.asked)
    for where in ("UntypedDataSet", "UntypedDataSet?$skip=10"):
        with pytest.raises(RefusedError, match="HTTP 500: The"):
            odata.table_page(LINE, f"{world.base}/ODataApi/odata/85984NED/{where}", "table 85984NED, page 1")
    assert len(world.asked) == before + 2


def test_the_feed_gives_pages_of_ten_thousand_and_what_it_does_not_give_is_said(world: World) -> None:
    page = odata.table_page(LINE, f"{world.base}/ODataFeed/odata/85984NED/UntypedDataSet?$format=json", "page 1")
    assert len(page.rows) == 10_000
    assert page.next
    assert len(odata.table_page(LINE, page.next, "page 2").rows) == 8_309
    assert odata.count(LINE, f"{world.base}/ODataApi/odata/9NED/UntypedDataSet/$count", "rows") is None
    with pytest.raises(FetchError, match="the answer has no list of rows under `value`"):
        odata.table_page(LINE, f"{world.base}/odata/v1/CBS/83765NED/Properties", "table 83765NED, page 1")


def test_a_dimension_that_the_table_has_not_is_named(sources: dict[str, Source]) -> None:
    table = odata.describe_table(LINE, sources["kwb"], 2017)
    wrong = replace(sources["kwb"], region="RegioS", period="Perioden")
    with pytest.raises(
        FetchError, match=r"table 83765NED has no dimension RegioS, Perioden \(it has WijkenEnBuurten\)"
    ):
        odata.table_question(wrong, table, 2017, "GM0363")


def test_understood_columns_are_found_by_meaning(sources: dict[str, Source], catalogue: Catalogue) -> None:
    columns = odata.describe_table(LINE, sources["kwb"], 2017).columns
    keys = understood(columns, catalogue)
    titles = {column.title for column in columns if column.key in keys}
    wanted = {"Bevolking|Aantal inwoners", "Wonen|Woningen naar eigendom Koopwoningen", "Regioaanduiding|Gemeentenaam"}
    assert wanted <= titles
    assert len(keys) == 108  # of this year the catalogue understands every column
    assert understood([Column("Koopwoningen_47", "Koopwoningen", "%", "topic")], catalogue) == ("Koopwoningen_47",)
    assert understood([Column("Omzet_3", "Bedrijven|Omzet", "euro", "topic")], catalogue) == ()
    assert understood([Column("RegioS", "Bevolking|Aantal inwoners", "", "region")], catalogue) == ()


def downloaded4(
    sources: dict[str, Source], catalogue: Catalogue, home: Path, *, every: bool = False
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Download a table in version 4; give its rows and what is said of it."""
    wish, how = Wish(("kwb4",), (2017,), ("GM0363",), every), How(patience=QUICK, today="2026-11-24")
    fetch(home, {"kwb4": replace(sources["kwb4"], id="kwb4")}, catalogue, wish, how, lambda _: None).check()
    return read_raw(folder(home) / read_lock(home)["kwb4/83765NED/2017/GM0363"].current.file)


def test_a_whole_download_in_version_4_holds_the_cells_of_the_raw_file(
    sources: dict[str, Source], tmp_path: Path, shared: Path, catalogue: Catalogue
) -> None:
    rows, meta = downloaded4(sources, catalogue, tmp_path, every=True)
    assert len(rows) == 580 * 108
    measures = [column["key"] for column in meta["columns"] if "|" in column["title"]]
    wide = rows.pivot(index="WijkenEnBuurten", columns="Measure", values="Value")[measures]
    with (shared / "data" / "kwb" / "amsterdam_2017.csv").open(encoding="utf-8", newline="") as file:
        expected = {line[4]: line[2:] for line in list(csv.reader(file))[1:]}
    assert {code: cells.astype("str").tolist() for code, cells in wide.iterrows()} == expected
    assert meta["labels"]["WijkenEnBuurten"]["GM0363"] == "Amsterdam"


def test_only_measures_that_are_understood_are_kept_in_version_4(
    sources: dict[str, Source], tmp_path: Path, catalogue: Catalogue
) -> None:
    rows, meta = downloaded4(sources, knowing(catalogue, "inhabitants", "households"), tmp_path)
    places = {"Gemeentenaam_1", "SoortRegio_2", "Codering_3", "IndelingswijzigingWijkenEnBuurten_4"}
    codes = {"MeestVoorkomendePostcode_102", "Dekkingspercentage_103"}
    kept = places | codes | {"AantalInwoners_5", "ParticuliereHuishoudensHuishoudensTotaal_28"}
    assert set(rows["Measure"]) == kept
    assert len(rows) == meta["rows"] == 580 * 8
    assert len(meta["other_columns"]) == 100
    assert {column["key"] for column in meta["other_columns"]} & kept == set()
