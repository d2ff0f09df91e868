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
from kloof.questions.replication import DIFFERS, INCONSISTENT, NO_SOURCE, OTHER_YEAR, REPRODUCED
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
        made.append((row["id"], replication._status(implied, float(row["value"]), step, str(row["period"]))))
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


def test_a_study_that_agrees_with_itself_is_reproduced(breda: Study) -> None:
    assert (
        replicated(breda, planted(breda, {"P03": {"value": 7, "printed_as": "7%"}})).loc["P03", "status"] == REPRODUCED
    )
    for other in (4, 6, 9):
        changed = {"P03": {"value": other, "printed_as": f"{other}%"}}
        assert replicated(breda, planted(breda, changed)).loc["P03", "status"] == INCONSISTENT
    lower = {"P02": {"value": 26600, "printed_as": "26.600"}}  # 3.9 percent
    assert replicated(breda, planted(breda, lower)).loc["P03", "status"] == REPRODUCED


def test_the_rounding_of_the_levels_is_given_its_room(breda: Study) -> None:
    """26,750 printed as 26.800 over 25,650 printed as 25.600 is 4.3: the printed levels alone say 4.7, that is 5."""
    rounded_up = {"P02": {"value": 26800, "printed_as": "26.800"}}
    assert 100 * (26800 / 25600 - 1) > 4.5
    assert replicated(breda, planted(breda, rounded_up)).loc["P03", "status"] == REPRODUCED
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
    assert set(table.loc[["P07", "P09", "P10", "P11"], "status"]) == {NO_SOURCE}


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
    ("value", "year", "expected"),
    [
        (27451.0, 2018, REPRODUCED),  # printed in hundreds: 27,451 is 27,500
        (27449.0, 2018, DIFFERS),
        (27500.0, 2017, OTHER_YEAR),
        (27500.0, None, REPRODUCED),
    ],
)
def test_two_figures_agree_when_equal_as_printed(value: float, year: int | None, expected: str) -> None:
    made = replication.Recomputed(value, "x", 1, year)
    assert replication._status(made, 27500.0, 100.0, "2018") == expected
    assert replication._status(None, 27500.0, 100.0, "2018") == NO_SOURCE


def test_every_row_of_the_study_has_a_status(breda: Study, table: pd.DataFrame) -> None:
    assert list(table.index) == [row["id"] for row in real.rows("published.csv")]
    count = table["status"].value_counts().to_dict()
    assert count == {NO_SOURCE: 22, OTHER_YEAR: 2, INCONSISTENT: 1, REPRODUCED: 1}
    # what has no open source says what it would need, as the recipes register it
    needs = {row["id"]: row["needs"] for row in real.rows("recipes.csv")}
    for name, row in table.iterrows():
        if row["status"] in (NO_SOURCE, OTHER_YEAR):
            assert row["needs"] == needs[name] != ""


# ------------------------------------------------------------------ traces


def test_a_trace_can_be_followed_to_its_rows(breda: Study, table: pd.DataFrame) -> None:
    """P02: the mean of 47 buurten of 2017 in kwb_breda.csv, by inhabitants of the same file; again from those rows."""
    row = table.loc["P02"]
    pattern = r"data/breda/(\S+\.csv) (\S+) (BU\w+)–(BU\w+) (\d{4}) (\w+) × (\S+) (\d{4}) (\w+)"
    trace = re.fullmatch(pattern, row["trace"])
    assert trace is not None
    file, source, first, last, year, indicator, weight_source, weight_year, weight = trace.groups()
    found = {
        line["code"]: float(line["value"])
        for line in real.rows(file)
        if (line["source_id"], line["year"], line["indicator"]) == (source, year, indicator)
        and line["code"].startswith("BU0758")
    }
    people = real.figures(weight, weight_source, int(weight_year))
    assert (min(found), max(found), len(found)) == (first, last, row["areas"])
    assert 1000 * real.mean(found, people, set(found)) == pytest.approx(row["recomputed"], abs=1e-6)
    assert (row["trace_source"], row["trace_indicator"], row["trace_year"]) == (source, indicator, int(year))


def test_a_share_names_the_count_and_the_rows_it_was_divided_by(table: pd.DataFrame) -> None:
    """P08: the 8,720 households of P06 over the households of 47 buurten in 2017, 86,710: 10.06 percent."""
    row = table.loc["P08"]
    trace = re.fullmatch(r"published\.csv (\w+) / data/breda/(\S+) (\S+) BU\w+–BU\w+ (\d{4}) (\w+)", row["trace"])
    assert trace is not None
    name, file, source, year, indicator = trace.groups()
    [count] = [float(line["value"]) for line in real.rows("published.csv") if line["id"] == name]
    households = [
        float(line["value"])
        for line in real.rows(file)
        if (line["source_id"], line["year"], line["indicator"]) == (source, year, indicator)
        and line["code"].startswith("BU0758")
    ]
    assert count == 8720
    assert len(households) == row["areas"] == 47
    assert row["recomputed"] == pytest.approx(100 * count / sum(households), abs=1e-9)
    assert row["status"] == OTHER_YEAR


def test_the_number_of_areas_is_that_of_the_registered_list(breda: Study, table: pd.DataFrame) -> None:
    row = table.loc["P26"]
    assert (row["status"], row["recomputed"], row["trace"]) == (REPRODUCED, len(real.focus()), "focus_lists.csv union")
    # a rule that takes eleven because it was told to take eleven confirms nothing
    by_rule = Focus("lowest:11:mean_income_per_inhabitant:2017", breda.focus.codes, "mean_income_per_inhabitant", 2017)
    told = replication.replication_table(dataclasses.replace(breda, focus=by_rule)).set_index("id")
    assert told.loc["P26", "status"] == NO_SOURCE
    short = Focus("bndestem", breda.focus.codes[:8])
    assert (
        replication.replication_table(dataclasses.replace(breda, focus=short)).set_index("id").loc["P26", "status"]
        == DIFFERS
    )


# ------------------------------------------------------------------ findings and faults


def test_the_findings_count_the_rows(breda: Study, table: pd.DataFrame) -> None:
    counted, contradiction = replication.replication_findings(breda, table.reset_index(), "02.replication")
    assert counted.estimate == pytest.approx(100 * 4 / 26)
    assert {key: part["value"] for key, part in counted.details.items()} == {
        "rows": 26, "recomputed": 4, "reproduced": 1, "inconsistent": 1, "other_year": 2, "no_source": 22,
    }  # fmt: skip
    assert contradiction.id == "02.replication.P03"
    assert contradiction.estimate == pytest.approx(7.421875)
    assert contradiction.details["printed"]["value"] == 4


def test_recipes_are_refused_with_every_fault(home: Path) -> None:
    """A row nobody published, a recipe and an indicator nobody knows, and a mean of no year: one message."""
    folder = home / "data" / "breda"
    path, registry = folder / "recipes.csv", folder / "registry.csv"
    before = path.read_bytes()
    content = before.decode("utf-8")
    for old, new in (
        ("P27,none,", "P99,none,"),
        ("P05,none,", "P05,guess,"),
        ("P02,weighted_mean,mean_income_per_inhabitant,2017", "P02,weighted_mean,mean_luck,"),
    ):
        assert old in content
        content = content.replace(old, new)
    path.write_bytes(content.encode("utf-8"))
    old, new = (hashlib.sha256(text).hexdigest() for text in (before, content.encode("utf-8")))
    registry.write_text(registry.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(SourceError, match=r"4 faults in recipes.csv") as caught:
        replication.replication_table(open_study({"preset": "breda"}))
    for fault in ("P99 is not in published.csv", "P05 has recipe 'guess'", "indicator 'mean_luck'", "P02 needs a year"):
        assert fault in str(caught.value)


def test_a_study_without_published_figures_has_nothing_to_replicate(breda: Study) -> None:
    assert replication.has_study(breda)
    bare = dataclasses.replace(breda, data=dataclasses.replace(breda.data, published=None))
    assert not replication.has_study(bare)
    unnamed = dataclasses.replace(breda, p=dataclasses.replace(breda.p, published=""))
    assert not replication.has_study(unnamed)
