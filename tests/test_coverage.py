"""What is known: states of cells, missing ones and why, rounding, comparable years, and whether figures add up."""

import collections
import dataclasses

import pandas as pd
import pytest

import handmade
import real
from kloof import coverage
from kloof.coverage import ABSENT, ENOUGH, PARTLY
from kloof.study import Study, open_study
from town import PEOPLE, town

LEVEL = [20.0, 21, 19, 20, 30, 31, 29, 32, 28, 30, 33, 31]


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda"})


def mixed() -> Study:
    """2015 all, 2016 two thirds, 2017 a suppressed year beside a measured buurt, 2018 nothing, 2019 all but one."""
    cells = {
        2015: LEVEL,
        2016: [*LEVEL[:8], "suppressed", "suppressed", "suppressed", "zero_means_missing"],
        2017: [20.0, *["suppressed"] * 11],
        2019: [*LEVEL[:11], None],
    }
    return town({"income": cells}, indicators=("income",), levels=("income",), year_from=2014, year_to=2019)


# ------------------------------------------------------------------ states


def test_states_of_cells_by_hand() -> None:
    table = coverage.coverage_table(mixed()).set_index("year")
    states = {2014: ABSENT, 2015: ENOUGH, 2016: PARTLY, 2017: PARTLY, 2018: ABSENT, 2019: ENOUGH}
    assert table["state"].to_dict() == states
    assert table["buurten"].to_dict() == {2014: 0, 2015: 12, 2016: 8, 2017: 1, 2018: 0, 2019: 11}
    whole = sum(PEOPLE)
    shares = {2015: 100, 2016: 100 * sum(PEOPLE[:8]) / whole, 2017: 100 * 500 / whole, 2019: 100 - 100 * 1600 / whole}
    for year, share in shares.items():
        assert table.loc[year, "share"] == pytest.approx(share)
    assert table.loc[2016, "reason"] == "suppressed"  # the reason most cells have
    assert table.loc[2019, "reason"] == "not_published"
    assert table.loc[[2014, 2015, 2018], "reason"].isna().all()
    assert set(table["all_buurten"]) == {12}


def test_the_share_of_cells_that_are_filled() -> None:
    study = mixed()
    found = coverage.coverage_finding(study, coverage.coverage_table(study), "01.coverage")
    assert found.estimate == pytest.approx(100 * 2 / 6)
    assert (found.details["filled"]["value"], found.details["cells"]["value"]) == (2, 6)
    assert (found.a.year, found.b.year, found.b.n_units) == (2014, 2019, 12)
    assert found.details["minimum"]["value"] == 80


def test_only_followed_indicators_count(breda: Study) -> None:
    table = coverage.coverage_table(breda)
    found = coverage.coverage_finding(breda, table, "x")
    # golden: dwelling values 2015-2022 and 2024, good health 2016, 2020, 2022 and 2024: 13 of 22 cells
    assert (found.details["filled"]["value"], found.details["cells"]["value"]) == (13, 22)
    measured = {
        (name, year): len(real.figures(name, source, year))
        for name, source in (("good_perceived_health_share", "rivm_50150"), ("mean_dwelling_value", "cbs_kwb_2024"))
        for year in (2016, 2020, 2022, 2024)
        if real.figures(name, source, year)
    }
    own = table.set_index(["indicator", "year"])["buurten"]
    assert {key: own[key] for key in measured} == measured


# ------------------------------------------------------------------ missing


def test_missing_cells_are_those_of_missing_csv(breda: Study) -> None:
    """Rows of missing.csv for a buurt of Breda in the window, less those another source fills (recalculated values)."""
    wanted = (*breda.p.indicators, *breda.p.levels)
    filled = {
        (row["code"], row["year"], row["indicator"])
        for name in ("figures.csv", "kwb_breda.csv")
        for row in real.rows(name)
    }
    counted: collections.Counter[tuple[str, str]] = collections.Counter()
    for row in real.rows("missing.csv"):
        key = row["code"], row["year"], row["indicator"]
        in_window = breda.p.year_from <= int(row["year"]) <= breda.p.year_to
        if row["code"].startswith("BU0758") and in_window and row["indicator"] in wanted:
            if row["reason"] == "suspect" or key not in filled:
                counted[row["indicator"], row["reason"]] += 1
    table = coverage.missing_table(breda)
    assert {(row.indicator, row.status): row.cells for row in table.itertuples()} == dict(counted)
    assert counted["mean_dwelling_value", "zero_means_missing"] == 34
    assert counted["mean_dwelling_value", "suspect"] == 1


def test_missing_is_counted_by_hand() -> None:
    table = coverage.missing_table(mixed()).set_index("status")
    assert table["cells"].to_dict() == {"suppressed": 14, "zero_means_missing": 1, "not_published": 1}
    assert table["buurten"].to_dict() == {"suppressed": 11, "zero_means_missing": 1, "not_published": 1}


# ------------------------------------------------------------------ rounding and comparability


def test_the_step_beside_the_spread() -> None:
    row = coverage.rounding_table(
        town({"income": {2015: LEVEL}}, levels=("income",), indicators=(), year_to=2016)
    ).iloc[0]
    ordered = sorted(LEVEL)
    # quartiles of twelve: a quarter of the way from the third to the fourth, three quarters from the ninth to the tenth
    quartiles = ordered[2] + 0.75 * (ordered[3] - ordered[2]), ordered[8] + 0.25 * (ordered[9] - ordered[8])
    assert (row["year"], row["unit"]) == (2015, "thousand_euro")
    assert row["step"] == pytest.approx(0.1)
    assert row["spread"] == pytest.approx(quartiles[1] - quartiles[0])


def test_comparable_years_and_what_ends_them() -> None:
    years = {2015: LEVEL, 2016: LEVEL, 2017: LEVEL, 2018: [*LEVEL[:4], *[None] * 8]}
    study = town({"income": years}, handmade.broken("income", 2017), indicators=("income",))
    row = coverage.comparability_table(study).iloc[0]
    assert (row["first"], row["last"], row["years"], row["too_thin"]) == (2015, 2016, 2, 1)
    assert (row["broken"], row["break"]) == ("2016–2017", "income@2017")


# ------------------------------------------------------------------ totals


def test_recomputed_totals_agree_with_the_published_rows(breda: Study) -> None:
    """Every exact total of Breda is within rounding; the largest difference is 0.35 of what rounding explains.

    Exact: all areas measured and weighed by their own universe of that year. Most: owner-occupied 2025 over wijken,
    55.35 against 55 percent published in whole points. Among the counts: aged 65+ 2024, 36,400 against 36,370.
    """
    table = coverage.totals_table(breda)
    exact = table[table["exact"].astype(bool)]
    assert len(exact) >= 15
    assert set(exact["within"]) == {"within_rounding"}
    part = (exact["difference"].abs() / exact["allowed"]).sort_values()
    worst = exact.loc[part.index[-1]]
    assert (worst["indicator"], worst["level"], worst["year"]) == ("owner_occupied_share", "wijk", 2025)
    assert part.iloc[-1] == pytest.approx(0.3459, abs=1e-3)
    counts = exact[exact["by"] == "sum"]
    largest = counts.loc[counts["difference"].abs().idxmax()]
    assert (largest["indicator"], largest["level"], largest["year"]) == ("inhabitants_aged_65_plus", "buurt", 2024)
    assert largest["difference"] == 30
    assert "beyond_rounding" not in set(table["within"])


def test_the_totals_are_the_sums_of_the_csv(breda: Study) -> None:
    table = coverage.totals_table(breda).set_index(["indicator", "level", "year"])
    for name, prefix, level in (("households", "BU0758", "buurt"), ("inhabitants", "WK0758", "wijk")):
        parts = real.figures(name, "cbs_kwb_2024", 2024, prefix)
        [published] = real.figures(name, "cbs_kwb_2024", 2024, "GM0758").values()
        row = table.loc[(name, level, 2024)]
        assert (row["recomputed"], row["published"]) == (sum(parts.values()), published)
        # half a step of 5 for every area and for the municipality
        assert row["allowed"] == 2.5 * (len(parts) + 1)
    owned = real.figures("owner_occupied_share", "cbs_kwb_2025", 2025, "WK0758")
    homes = real.figures("dwellings", "cbs_kwb_2025", 2025, "WK0758")
    assert table.loc[("owner_occupied_share", "wijk", 2025), "recomputed"] == pytest.approx(
        real.mean(owned, homes, set(owned))
    )


@pytest.mark.parametrize(
    ("published", "within"),
    [(12600, "within_rounding"), (12632.5, "within_rounding"), (12633, "beyond_rounding"), (12567, "beyond_rounding")],
)  # fmt: skip
def test_a_total_beyond_rounding_is_said_to_be_so(published: float, within: str) -> None:
    """Twelve buurten of 500 to 1,600 inhabitants: 12,600. Thirteen figures to 5 explain 32.5."""
    study = with_municipality(town({"inhabitants": {2015: PEOPLE}}, year_to=2016), "inhabitants", 2015, published)
    row = coverage.totals_table(study).set_index(["indicator", "level"]).loc[("inhabitants", "buurt")]
    assert (row["recomputed"], row["within"], row["allowed"]) == (12600, within, 32.5)


def test_weights_of_another_kind_are_not_held_against_the_figures() -> None:
    """Poor is a share of households: weighed by inhabitants, or with a buurt missing, a difference proves nothing."""
    households = [v / 2 for v in PEOPLE]
    for cells, homes, expected in (
        (LEVEL, {2015: households}, "beyond_rounding"),
        (LEVEL, {}, "weights_approximate"),
        ([*LEVEL[:11], "suppressed"], {2015: households}, "weights_approximate"),
        (LEVEL, {2014: households}, "weights_approximate"),
    ):
        study = town({"poor": {2015: cells}, "households": homes, "inhabitants": {2015: PEOPLE}},
                     indicators=("poor",), year_from=2014, year_to=2016)  # fmt: skip
        study = with_municipality(study, "poor", 2015, 40.0)
        row = coverage.totals_table(study).set_index(["indicator", "level"]).loc[("poor", "buurt")]
        assert row["within"] == expected
        assert row["difference"] == pytest.approx(row["recomputed"] - 40)
        assert row["difference_unit"] == "points"


def with_municipality(study: Study, name: str, year: int, value: float) -> Study:
    """Add the municipality's own row to the observations."""
    unit = study.known.indicator(name).unit
    row = {"code": handmade.CITY, "year": year, "indicator": name, "value": value, "unit": unit}
    extra = pd.DataFrame([{**row, "status": "measured", "source": "cbs"}])
    observations = pd.concat([study.data.observations, extra], ignore_index=True)
    return dataclasses.replace(study, data=dataclasses.replace(study.data, observations=observations))


# ------------------------------------------------------------------ two sources


def test_two_sources_of_the_same_figure_are_counted(breda: Study) -> None:
    """Inhabitants 2017: 47 buurten in both the national and the municipal series; how many are equal, from the CSV."""
    ours = real.figures("inhabitants", "breda_population", 2017)
    theirs = real.figures("inhabitants", "cbs_kwb_2017", 2017)
    both = sorted(set(ours) & set(theirs))
    gaps = [abs(ours[code] - theirs[code]) for code in both]
    table = coverage.agreement_table(breda)
    row = table[(table["indicator"] == "inhabitants") & (table["year"] == 2017)]
    row = row[row["source_other"].isin(["breda_population", "cbs_kwb_2017"])].iloc[0]
    assert (row["pairs"], row["equal"], row["largest"]) == (len(both), gaps.count(0), max(gaps))
    assert row["equal"] == 45


def test_without_a_second_source_there_is_nothing_to_compare() -> None:
    table = coverage.agreement_table(mixed())
    assert table.empty
    assert list(table.columns) == ["indicator", "year", "source", "source_other", "pairs", "equal", "largest"]
