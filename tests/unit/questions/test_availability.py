"""The matrix of what exists: each state by hand, the command, and the step of notebook 01."""

import csv
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import handmade
import pandas as pd
import pytest
from handmade import B1, B2, B3, B4, B5, CITY
from readable import Row, file

from kloof.catalogue import Catalogue, catalogue
from kloof.questions import coverage
from kloof.questions.coverage import availability
from kloof.results import Section
from kloof.store import add
from kloof.study.load import load
from kloof.study.panel import series
from kloof.study.study import open_study

CommandLine = Callable[..., tuple[int, str, str]]
FULL = [1.0, 2.0, 3.0, 4.0, 5.0]
PEOPLE = [100.0] * 5


def states(cells: handmade.Cells, known: Catalogue | None = None, **more: object) -> dict[tuple[str, int], str]:
    known = known or handmade.known()
    table = availability(handmade.data(cells).observations, known, CITY, **more)  # type: ignore[arg-type]
    return {(row.indicator, row.year): row.state for row in table.itertuples()}


def test_each_state_by_hand() -> None:
    """Of five buurten four are 80 percent, which is enough; three are 60, which is not."""
    known = handmade.known(income=handmade.broken("income", 2018))
    cells: handmade.Cells = {
        "inhabitants": dict.fromkeys(range(2014, 2020), PEOPLE),
        "income": {
            2014: [*FULL[:4], "suppressed"], 2015: [*FULL[:3], "suppressed", "not_published"],
            2016: ["suppressed"] * 5, 2017: ["not_published"] * 5, 2018: FULL, 2019: [*FULL[:2], None, None, "suspect"],
        },
    }  # fmt: skip
    table = availability(handmade.data(cells).observations, known, CITY)
    assert table["indicator"].unique().tolist() == ["inhabitants", "income"]
    income = table[table["indicator"] == "income"].set_index("year")
    assert income["state"].to_dict() == {
        2014: "present", 2015: "suppressed", 2016: "suppressed", 2017: "absent", 2018: "broken", 2019: "suppressed",
    }  # fmt: skip
    assert (income["without"].tolist(), income["measured"].tolist()) == ([20, 40, 100, 100, 0, 60], [4, 3, 0, 0, 5, 2])
    assert (set(income["areas"]), income["break"].dropna().to_dict()) == ({5}, {2018: "income@2018"})
    assert set(table.loc[table["indicator"] == "inhabitants", "state"]) == {"present"}


def test_a_break_counts_from_the_last_year_with_figures_and_by_its_sources() -> None:
    cells: handmade.Cells = {"income": {2014: FULL, 2019: FULL}}
    assert states(cells, handmade.known(income=handmade.broken("income", 2016)))["income", 2019] == "broken"
    bridged = handmade.known(income=handmade.broken("income", 2016, bridged=True))
    assert states(cells, bridged)["income", 2019] == "present"
    other = handmade.known(income=handmade.broken("income", 2016, sources=frozenset({"cbs", "city"})))
    assert states(cells, other)["income", 2019] == "present"
    rows = handmade.data(cells, {2019: "city"}).observations
    table = availability(rows, other, CITY).set_index("year")
    assert table.loc[2019, "state"] == "broken"
    assert table["state"].tolist() == ["present", "absent", "absent", "absent", "absent", "broken"]


def test_apportioned_goes_before_the_rest_and_each_year_has_its_own_division() -> None:
    known = handmade.known(income=handmade.broken("income", 2015))
    cells: handmade.Cells = {"income": {2014: FULL, 2015: FULL, 2016: FULL}}
    marks = pd.DataFrame({"code": [B3, "GM0009"], "year": [2015, 2016], "indicator": "income", "source": "cbs"})
    found = states(cells, known, apportioned=marks)
    assert found == {("income", 2014): "present", ("income", 2015): "apportioned", ("income", 2016): "present"}
    # two buurten exist in 2014 and three others in 2015: each year has all of its own
    cells: handmade.Cells = {"income": {2014: [1.0, 2.0, None, None, None], 2015: [None, None, 3.0, 4.0, 5.0]}}
    table = availability(handmade.data(cells).observations, handmade.known(), CITY)
    assert table[["measured", "areas", "state"]].to_numpy().tolist() == [[2, 2, "present"], [3, 3, "present"]]


def test_levels_and_municipalities_are_looked_at_one_by_one() -> None:
    cells: handmade.Cells = {"income": {2014: FULL}}
    rows = handmade.data(cells).observations
    city = rows.iloc[:1].assign(code=CITY, year=2016, indicator="poor", unit="percent", value=9.0)
    elsewhere = rows.iloc[:1].assign(code=handmade.ELSEWHERE, year=2020)
    both = pd.concat([rows, city, elsewhere], ignore_index=True)
    known = handmade.known()
    assert availability(both, known, CITY)["year"].tolist() == [2014]
    table = availability(both, known, CITY, "gemeente")
    assert table[["indicator", "year", "state", "areas"]].to_numpy().tolist() == [["poor", 2016, "present", 1]]
    assert availability(both, known, CITY, "wijk").empty
    assert {B1, B2, B4, B5} < set(rows["code"])


def test_the_cells_of_breda_are_counted_in_the_data_set() -> None:
    known = catalogue()
    data = load("breda", "GM0758", known)
    table = availability(data.observations, known, "GM0758")
    own = data.observations[data.observations["code"].str.startswith("BU0758")]
    for row in table.itertuples():
        if known.indicator(row.indicator).derive:
            continue
        cells = own[(own["indicator"] == row.indicator) & (own["year"] == row.year)]
        assert row.measured == (cells["status"] == "measured").sum()
        assert (row.state == "absent") == (row.measured == 0 and not (cells["status"] == "suppressed").any())
    assert (table["state"] != "absent").sum() == table.loc[table["measured"] > 0].shape[0]
    made = table[table["indicator"].map(lambda name: known.indicator(name).derive is not None)]
    assert set(made["indicator"]) >= {"income_recipients_share", "crime_rate"}
    for row in made.itertuples():
        made_by_panel = series(data, known, row.indicator)
        there = (made_by_panel["year"] == row.year) & (made_by_panel["status"] == "measured")
        assert row.measured == there.sum(), (row.indicator, row.year)
    broken = table[table["state"] == "broken"]
    # golden: the registered breaks that the figures of Breda cross
    assert broken[["indicator", "year"]].to_numpy().tolist() == [
        ["mean_income_per_inhabitant", 2024], ["registered_crimes", 2023], ["crime_rate", 2023],
    ]  # fmt: skip


def test_the_command_prints_draws_and_writes(home: Path, command_line: CommandLine) -> None:
    rows: list[Row] = [
        *[(f"BU0344000{n}", year, "inhabitants", 100 + n, "cbs") for n in range(5) for year in (2021, 2023)],
        *[(f"BU0344000{n}", 2023, "mean_dwelling_value", 300 if n < 2 else "suppressed", "cbs") for n in range(5)],
        ("GM0344", 2023, "inhabitants", 510, "cbs"),
    ]  # fmt: skip
    add.add(file("a.csv", rows, {"GM0344": "Utrecht"}))
    svg, table = home / "c.svg", home / "out" / "c.csv"
    asked = ("data", "coverage", "--municipality")
    code, out, err = command_line(*asked, "GM0344", "--svg", svg, "--csv", table)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:4] == ["Utrecht, 2021–2023", "", f"{'Bevolking':<25}21 22 23", f"{'  Inwoners':<25} ●  ·  ●"]
    assert lines[5:7] == [f"{'Wonen':<25}21 22 23", "  Gemiddelde WOZ-waarde   ·  ·  ◐"]
    assert "◐  voor te weinig buurten (deel zonder cijfer)" in out
    assert out.endswith("Next: kloof run --preset municipality --set municipality=GM0344\n")
    root = ElementTree.fromstring(svg.read_text(encoding="utf-8"))
    assert root.get("role") == "img"
    assert root.get("aria-label", "").startswith("Een tabel van tekens voor 2021–2023:")
    with table.open(encoding="utf-8") as written:
        cells = list(csv.DictReader(written))
    assert len(cells) == 6
    assert {cell["state"] for cell in cells} <= {"present", "suppressed", "absent", "broken", "apportioned"}
    assert [cell["without"] for cell in cells if cell["indicator"] == "mean_dwelling_value"] == [
        "100.0", "100.0", "60.0",
    ]  # fmt: skip
    code, out, err = command_line(*asked, "GM0344", "--language", "en", "--level", "gemeente")
    assert (code, "Population     23\n  Inhabitants   ●\n" in out) == (0, True)
    add.add(file("b.csv", [("GM0758", 2023, "inhabitants", 510, "cbs")]))
    missing = "kloof: store has no figure of any buurt of GM0758. Try --level gemeente.\n"
    assert command_line(*asked, "GM0758") == (2, "", missing)


@pytest.mark.parametrize(("words", "message"), [
    (["--municipality", "GM0344"], "The store (data/store) is empty. Fill it: kloof data fetch --municipality GM0344"),
    (["--municipality", "GM0758", "--language", "de"], "language 'de' is not known. Valid: nl, en."),
    (["--municipality", "GM0758", "--level", "straat"], "level 'straat' is not known. Valid: buurt, wijk, gemeente."),
    (["--municipality", "GM0758", "--source", "nope"], "source 'nope' is neither an embedded data set (breda) nor"),
    ([], "Missing option '--municipality'"),
])  # fmt: skip
def test_what_cannot_be_shown_is_said(home: Path, command_line: CommandLine, words: list[str], message: str) -> None:
    code, out, err = command_line("data", "coverage", *words)
    assert (code, out) == (2, "")
    assert message in err


def test_notebook_01_records_the_matrix_of_its_own_years() -> None:
    study = open_study({"preset": "breda"})
    section = Section("01")
    table = coverage.everything_that_exists(section, study)
    assert table["year"].between(2014, 2024).all()
    filled = table.groupby("indicator")["state"].agg(lambda cells: (cells != "absent").any())
    assert filled.all()
    recorded = section.tables["01.availability"]
    assert [column["key"] for column in recorded["columns"]][:3] == ["indicator", "year", "state"]
    assert len(recorded["rows"]) == len(table) == 11 * len(filled)
    assert section.figures["01.availability"]["kind"] == "availability"
