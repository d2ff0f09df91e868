"""Does the study reproduce? The statuses, the printed precision, and every trace followed back to its CSV."""

import dataclasses
import hashlib
import re
from pathlib import Path

import pandas as pd
import pytest
import real

from kloof.errors import SourceError
from kloof.questions import replication
from kloof.questions.replication import (
    DIFFERS,
    INCONSISTENT,
    NO_SOURCE,
    OTHER_DEFINITION,
    OTHER_YEAR,
    OWN_SUM,
    REPRODUCED,
    Recomputed,
    status_of,
)
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda"})


@pytest.fixture(scope="module")
def table(breda: Study) -> pd.DataFrame:
    return replication.replication_table(breda).set_index("id")


def planted(study: Study, changes: dict[str, dict[str, object]], without: tuple[str, ...] = ()) -> pd.DataFrame:
    """The published table with some cells changed and some rows left out."""
    assert study.data.published is not None
    rows = study.data.published.set_index("id")
    for name, cells in changes.items():
        for key, value in cells.items():
            rows.loc[name, key] = value
    return rows.drop(index=list(without)).reset_index()


def replicated(study: Study, published: pd.DataFrame) -> pd.DataFrame:
    """Replicate another published table with the recipes of those of its rows that have one."""
    made = []
    for row in published.to_dict("records"):
        implied = replication.implied_growth(published, str(row["id"]))
        step = replication.printed_step(str(row["printed_as"]), float(row["value"]))
        made.append((row["id"], status_of(implied, float(row["value"]), step, str(row["period"]))))
    return pd.DataFrame(made, columns=["id", "status"]).set_index("id")


# ------------------------------------------------------------------ the study against itself


def test_the_study_contradicts_its_own_growth(table: pd.DataFrame) -> None:
    """P03 prints 4 percent; P01 and P02 print 25,600 and 27,500 euro: 7.42 percent, and 7.0 to 7.8 with rounding."""
    row = table.loc["P03"]
    assert row["status"] == INCONSISTENT
    assert row["recomputed"] == pytest.approx(100 * (27500 / 25600 - 1))
    assert row["difference"] == pytest.approx(100 * 1900 / 25600 - 4)
    assert row["trace"] == "published.csv P01, P02"
    assert pd.isna(row["needs"])


def test_a_study_that_agrees_with_itself_only_repeats_its_own_sum(breda: Study) -> None:
    assert replicated(breda, planted(breda, {"P03": {"value": 7, "printed_as": "7%"}})).loc["P03", "status"] == OWN_SUM
    for other in (4, 6, 9):
        changed = {"P03": {"value": other, "printed_as": f"{other}%"}}
        assert replicated(breda, planted(breda, changed)).loc["P03", "status"] == INCONSISTENT
    lower = {"P02": {"value": 26600, "printed_as": "26.600"}}  # 3.9 percent
    assert replicated(breda, planted(breda, lower)).loc["P03", "status"] == OWN_SUM


def test_the_rounding_of_the_levels_is_given_its_room(breda: Study) -> None:
    """26,750 printed as 26.800 over 25,650 printed as 25.600 is 4.3: the printed levels alone say 4.7, that is 5."""
    rounded_up = {"P02": {"value": 26800, "printed_as": "26.800"}}
    assert 100 * (26800 / 25600 - 1) > 4.5
    assert replicated(breda, planted(breda, rounded_up)).loc["P03", "status"] == OWN_SUM
    exact = {"P02": {"value": 26801, "printed_as": "26.801"}, "P01": {"value": 25601, "printed_as": "25.601"}}
    assert replicated(breda, planted(breda, exact)).loc["P03", "status"] == INCONSISTENT


def test_without_both_levels_there_is_nothing_to_hold_a_growth_against(breda: Study) -> None:
    for missing in ("P01", "P02"):
        published = planted(breda, {}, without=(missing,))
        assert replication.implied_growth(published, "P03") is None
        assert replicated(breda, published).loc["P03", "status"] == NO_SOURCE
    elsewhere = planted(breda, {"P01": {"place": "Tilburg"}})
    assert replication.implied_growth(elsewhere, "P03") is None
    points = planted(breda, {"P03": {"unit": "percent_or_points"}})
    assert replication.implied_growth(points, "P03") is None  # a change in points is not a growth


def test_other_growths_have_no_levels_in_the_study(table: pd.DataFrame) -> None:
    assert set(table.loc[["P09", "P10", "P11"], "status"]) == {NO_SOURCE}


# ------------------------------------------------------------------ precision and status


@pytest.mark.parametrize(
    ("printed", "value", "step"),
    [
        ("25.600", 25600, 100.0),
        ("101.631", 101631, 1.0),
        ("8.525", 8525, 1.0),
        ("4%", 4, 1.0),
        ("ongeveer 11%", 11, 1.0),
        ("2,5%", 2.5, 0.1),
        ("12,25 procent", 12.25, 0.01),
        ("1.234,5", 1234.5, 0.1),
        ("9.900", 9900, 1.0),
        ("met 1% afgenomen", -1, 1.0),
    ],
)
def test_the_precision_of_a_printed_figure(printed: str, value: float, step: float) -> None:
    assert replication.printed_step(printed, value) == pytest.approx(step)


@pytest.mark.parametrize(
    ("value", "about", "changes", "expected"),
    [
        (27451.0, 2018, {}, REPRODUCED),  # printed in hundreds: 27,451 is 27,500
        (27449.0, 2018, {}, DIFFERS),
        (27500.0, 2017, {}, OTHER_YEAR),
        (27500.0, None, {}, OTHER_YEAR),  # equal, but nobody knows of which year
        (27500.0, 2018, {"same_definition": False}, OTHER_DEFINITION),
        (27500.0, 2018, {"own_sum": True}, OWN_SUM),
        (20000.0, 2018, {"own_sum": True}, OWN_SUM),
    ],
)
def test_only_the_same_figure_of_the_same_year_from_elsewhere_is_reproduced(
    value: float, about: int | None, changes: dict[str, bool], expected: str
) -> None:
    made = Recomputed(value, "x", None, 2018, about, **changes)
    assert status_of(made, 27500.0, 100.0, "2018") == expected
    assert status_of(None, 27500.0, 100.0, "2018") == NO_SOURCE


def test_a_level_says_nothing_of_a_period() -> None:
    assert status_of(Recomputed(4.0, "x", None, 2015, 2015), 4.0, 1.0, "2015-2018") == OTHER_YEAR
    assert status_of(Recomputed(4650.0, "x", None, 2015, 2015), 4650.0, 1.0, "2015-01") == REPRODUCED


GOLDEN = {
    **dict.fromkeys((f"P{number:02}" for number in range(1, 28) if number != 4), NO_SOURCE),
    "P01": OTHER_YEAR,  # 24,800 in the edition of 2015, whose year is not stated
    "P02": OTHER_YEAR,  # 27,600 in that of 2018
    "P03": INCONSISTENT,
    "P07": OWN_SUM,
    "P08": OWN_SUM,
    "P19": OTHER_DEFINITION,  # persons, not households
    "P20": OTHER_DEFINITION,
    "P21": OTHER_DEFINITION,
    "P26": OTHER_DEFINITION,  # a list joined from the press
}


def test_every_row_of_the_study_has_its_status(table: pd.DataFrame) -> None:
    assert list(table.index) == [row["id"] for row in real.rows("published.csv")]
    assert table["status"].to_dict() == GOLDEN
    # what is not reproduced says what it would need, as the recipes register it
    needs = {row["id"]: row["needs"] for row in real.rows("recipes.csv")}
    for name, row in table.iterrows():
        if row["status"] not in (REPRODUCED, INCONSISTENT):
            assert row["needs"] == needs[name] != ""


def test_no_edition_gives_the_income_that_the_study_prints(table: pd.DataFrame) -> None:
    """The editions of 2015 to 2024, by hand: none prints 25.6 or 27.5, so none can be known by its figure."""
    names = ("municipal_2015_2018.csv", "kwb_panel.csv")
    income = {
        int(row["year"]): float(row["value"])
        for name in names
        for row in real.rows(name)
        if (row["code"], row["indicator"]) == ("GM0758", "mean_income_per_inhabitant")
    }
    assert sorted(income) == list(range(2015, 2025))
    assert {25.6, 27.5}.isdisjoint(income.values())
    for name, edition in (("P01", 2015), ("P02", 2018)):
        row = table.loc[name]
        assert (row["editions"], row["equal_editions"], row["trace_year"]) == (10, 0, edition)
        assert pd.isna(row["about"])
        assert row["recomputed"] == pytest.approx(1000 * income[edition])


def test_an_edition_that_gives_the_printed_figure_is_counted_and_proves_nothing(breda: Study) -> None:
    """Had the study printed 26,200 for 2015, the edition of 2016 would be equal: its year stays unknown."""
    published = planted(breda, {"P01": {"value": 26200, "printed_as": "26.200"}})
    data = dataclasses.replace(breda.data, published=published)
    row = replication.replication_table(dataclasses.replace(breda, data=data)).set_index("id").loc["P01"]
    assert (row["equal_editions"], row["status"]) == (1, OTHER_YEAR)


# ------------------------------------------------------------------ traces


def municipal(file: str, source: str, code: str, year: str, indicator: str) -> float:
    """One figure of the municipality as a whole, read from its file."""
    [value] = [
        float(line["value"])
        for line in real.rows(file)
        if (line["source_id"], line["code"], line["year"], line["indicator"]) == (source, code, year, indicator)
    ]
    return value


def test_a_trace_can_be_followed_to_its_row(table: pd.DataFrame) -> None:
    for name, scale in (("P01", 1000), ("P02", 1000), ("P19", 1), ("P20", 1), ("P21", 1)):
        row = table.loc[name]
        trace = re.fullmatch(r"data/breda/(\S+\.csv) (\S+) (GM\d+) (\d{4}) (\w+)", row["trace"])
        assert trace is not None
        assert row["recomputed"] == pytest.approx(scale * municipal(*trace.groups()))
        _, source, code, year, indicator = trace.groups()
        assert (row["trace_source"], code, row["trace_indicator"]) == (source, "GM0758", indicator)
        assert row["trace_year"] == int(year)


def test_persons_are_not_told_as_households(table: pd.DataFrame) -> None:
    for name in ("P19", "P20", "P21"):
        assert (table.loc[name, "unit"], table.loc[name, "recomputed_unit"]) == ("households", "persons")
        assert pd.isna(table.loc[name, "difference"])
    assert (table.loc["P02", "recomputed_unit"], table.loc["P02", "difference"]) == ("euro", pytest.approx(100.0))


def test_a_share_names_the_count_and_the_row_it_was_divided_by(table: pd.DataFrame) -> None:
    """P08: the 8,720 households of P06 over the 88,160 of 2018, 9.89 percent; P07: less the 8,525 of 86,599 of 2015."""
    row = table.loc["P08"]
    trace = re.fullmatch(r"published\.csv (\w+) / data/breda/(\S+) (\S+) (\S+) (\d{4}) (\w+)", row["trace"])
    assert trace is not None
    name, *rest = trace.groups()
    assert (name, municipal(*rest)) == ("P06", 88160)
    assert row["recomputed"] == pytest.approx(100 * 8720 / 88160, abs=1e-9)
    change = table.loc["P07"]
    assert change["recomputed"] == pytest.approx(100 * 8720 / 88160 - 100 * 8525 / 86599, abs=1e-9)
    assert "P05" in change["trace"]
    assert change["trace_source"] == "cbs_kwb_2015|cbs_kwb_panel"


def test_a_list_from_elsewhere_confirms_no_number_of_areas(breda: Study, table: pd.DataFrame) -> None:
    row = table.loc["P26"]
    assert (row["recomputed"], row["trace"]) == (len(real.focus()), "focus_lists.csv union")
    assert row["status"] == OTHER_DEFINITION  # eleven as well, but not the list that the study counts
    # a rule that takes eleven because it was told to take eleven says nothing at all
    by_rule = Focus("lowest:11:mean_income_per_inhabitant:2017", breda.focus.codes, "mean_income_per_inhabitant", 2017)
    told = replication.replication_table(dataclasses.replace(breda, focus=by_rule)).set_index("id")
    assert told.loc["P26", "status"] == NO_SOURCE


# ------------------------------------------------------------------ findings and faults


def test_the_findings_count_the_rows(breda: Study, table: pd.DataFrame) -> None:
    counted, *single = replication.replication_findings(breda, table.reset_index(), "02.replication")
    assert counted.estimate == 0.0  # of all printed figures: none has an open figure of its year and definition
    assert {key: part["value"] for key, part in counted.details.items()} == {
        "rows": 26, "compared": 0, REPRODUCED: 0, DIFFERS: 0, OTHER_YEAR: 2, OTHER_DEFINITION: 4, OWN_SUM: 2,
        INCONSISTENT: 1, NO_SOURCE: 17,
    }  # fmt: skip
    found = {finding.id: finding for finding in single}
    contradiction = found["02.replication.P03"]
    assert contradiction.estimate == pytest.approx(7.421875)
    assert contradiction.details["printed"]["value"] == 4
    unknown = found["02.replication.P01"]
    assert (unknown.measure, unknown.estimate, unknown.b.year) == ("year_unknown", 24800.0, 2015)
    assert {key: part["value"] for key, part in unknown.details.items()} == {
        "printed": 25600.0, "editions": 10, "equal_editions": 0, "edition": 2015,
    }  # fmt: skip
    assert found.keys() == {"02.replication.P01", "02.replication.P02", "02.replication.P03"}


def test_the_share_is_of_all_printed_figures(breda: Study, table: pd.DataFrame) -> None:
    better = table.reset_index()
    better.loc[better["id"] == "P01", "status"] = REPRODUCED
    better.loc[better["id"] == "P02", "status"] = DIFFERS
    counted = replication.replication_findings(breda, better, "02.replication")[0]
    assert counted.estimate == pytest.approx(100 * 2 / 26)
    assert (counted.details["compared"]["value"], counted.details[REPRODUCED]["value"]) == (2, 1)


def test_recipes_are_refused_with_every_fault(home: Path) -> None:
    """A row nobody published, a recipe and an indicator nobody knows, an edition and a definition too few."""
    folder = home / "data" / "breda"
    path, registry = folder / "recipes.csv", folder / "registry.csv"
    before = path.read_bytes()
    content = before.decode("utf-8")
    for old, new in (
        ("P27,none,", "P99,none,"),
        ("P05,none,", "P05,guess,"),
        ("P02,municipal,mean_income_per_inhabitant,2018,,same", "P02,municipal,mean_luck,,,similar"),
    ):
        assert old in content
        content = content.replace(old, new)
    path.write_bytes(content.encode("utf-8"))
    old, new = (hashlib.sha256(text).hexdigest() for text in (before, content.encode("utf-8")))
    registry.write_text(registry.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(SourceError, match=r"5 faults in recipes.csv") as caught:
        replication.replication_table(open_study({"preset": "breda"}))
    for fault in (
        "P99 is not in published.csv", "P05 has recipe 'guess'", "indicator 'mean_luck'", "P02 needs an edition",
        "P02 needs a definition: same or other",
    ):  # fmt: skip
        assert fault in str(caught.value)


def test_a_study_without_published_figures_has_nothing_to_replicate(breda: Study) -> None:
    assert replication.has_study(breda)
    bare = dataclasses.replace(breda, data=dataclasses.replace(breda.data, published=None))
    assert not replication.has_study(bare)
    unnamed = dataclasses.replace(breda, p=dataclasses.replace(breda.p, published=""))
    assert not replication.has_study(unnamed)
