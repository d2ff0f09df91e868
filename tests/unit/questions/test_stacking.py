"""Piling up: slopes against polyfit, bounds worked by hand, and the postcodes where buurten have no figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import real
from estate import Cell, estate, same
from test_tenures import heerlen

from kloof.findings import HIGHER, LOWER, NOT_COMPUTABLE, SAME, UNCLEAR, judge
from kloof.questions import stacking
from kloof.study import claims
from kloof.study.study import Study, open_study

NAME = "low_income_households_share"
CORPORATION = [10.0, 20, 30, 40, 50, 60, 70, 80, 15, 25, 35, 45]
NOISE = np.array([0.3, -0.2, 0.1, -0.4, 0.2, 0.3, -0.3, 0.1, -0.1, 0.2, -0.2, 0.0])
HOMES = [100.0 * place for place in range(5, 17)]


def linked(slopes: dict[int, float], noise: float = 1.0, **cells: Any) -> Study:
    """A share that rises with the corporation share by a slope of its own in each year."""
    rows = {year: [float(v) for v in 5 + slope * np.array(CORPORATION) + noise * NOISE * (1 + 0.1 * (year - 2016))]
            for year, slope in slopes.items()}  # fmt: skip
    given = {NAME: rows, "housing_corporation_share": dict.fromkeys(slopes, CORPORATION)}
    return estate({**given, "households": dict.fromkeys(slopes, HOMES), **cells})


def line(study_rows: list[float]) -> float:
    """Slope of a weighted line; polyfit weighs residuals, so by the root."""
    return float(np.polyfit(CORPORATION, study_rows, 1, w=np.sqrt(HOMES))[0])


def test_the_slope_of_each_year_and_its_change() -> None:
    """With as many own starts as years and two years, the change per year is the difference of both slopes."""
    study = linked({2016: 0.2, 2018: 0.3})
    found = stacking.slope_finding(study, NAME, "x")
    rows = {
        y: [float(v) for v in 5 + s * np.array(CORPORATION) + NOISE * (1 + 0.1 * (y - 2016))]
        for y, s in ((2016, 0.2), (2018, 0.3))
    }
    first, last = (10 * line(rows[year]) for year in (2016, 2018))
    assert (found.a.estimate, found.b.estimate) == pytest.approx((first, last))
    assert found.estimate == pytest.approx((last - first) / 2)
    assert (judge(found), found.unit, found.details["step"]["value"]) == (HIGHER, "points", 10)
    assert {"ecological", "dwellings_as_households"} <= set(found.flags)
    table = stacking.slope_table(study, NAME).set_index("year")
    assert table["estimate"].tolist() == pytest.approx([first, last])
    assert (table["low"] < table["estimate"]).all()


def test_a_link_that_weakens_one_that_stays_and_who_moved_in() -> None:
    assert judge(stacking.slope_finding(linked({2016: 0.3, 2018: 0.2}), NAME, "x")) == LOWER
    still = stacking.slope_finding(linked({2016: 0.2, 2018: 0.2}, noise=0.1), NAME, "x")
    assert judge(still) == SAME
    assert still.smallest_effect == claims.registry().claims["C11"]["smallest_effect"] == 0.1
    found = stacking.inflow_finding(linked({2016: 0.2}), "x")
    assert (judge(found), found.reason) == (NOT_COMPUTABLE, "no_moves_by_income")


def test_a_share_of_inhabitants_stands_for_no_dwellings() -> None:
    rows: dict[int, list[Cell]] = {2016: [float(v) for v in 3 + 0.1 * np.array(CORPORATION) + NOISE]}
    dwellings: dict[int, list[Cell]] = {2016: same(400)}
    study = estate(
        {"social_assistance_share": rows, "housing_corporation_share": {2016: CORPORATION}, "dwellings": dwellings}
    )
    found = stacking.slope_finding(study, "social_assistance_share", "x")
    assert found.reason == "one_year_only"
    assert "dwellings_as_households" not in found.flags
    now = stacking.slope_now(study, "social_assistance_share", "x")
    assert (judge(now), now.measure, now.a.year) == (HIGHER, "buurt", 2016)


@pytest.mark.parametrize(("cells", "reason"), [
    ({"income": {2016: same(1)}}, "no_figures"),
    ({NAME: {2016: same(40)}}, "no_corporation_figures"),
    ({NAME: {2016: same(40)}, "housing_corporation_share": {2017: CORPORATION}}, "no_corporation_figures"),
    ({NAME: {2016: [40.0, *["suppressed"] * 11]}, "housing_corporation_share": {2016: CORPORATION}},
     "too_little_measured"),
])  # fmt: skip
def test_what_cannot_be_linked_says_why(cells: Any, reason: str) -> None:
    study = estate({"households": {2016: HOMES}, **cells})
    found = [stacking.slope_finding(study, NAME, "x"), stacking.slope_now(study, NAME, "y")]
    found += stacking.within_findings(study, NAME, ("a", "b"))
    assert {(judge(one), one.reason) for one in found} == {(NOT_COMPUTABLE, reason)}


def housed(share: dict[int, list[float]], corporation: list[float]) -> Study:
    return estate(
        {NAME: dict(share), "housing_corporation_share": dict.fromkeys(share, corporation),
         "households": dict.fromkeys(share, same(100))}
    )  # fmt: skip


def test_when_all_housing_is_of_one_kind_the_bounds_meet() -> None:
    """Half of the buurten is all corporation, the other half none: 30 there and 10 elsewhere, then 50 and 10."""
    kinds = [100.0] * 6 + [0.0] * 6
    study = housed({2016: [30.0] * 6 + [10.0] * 6, 2018: [50.0] * 6 + [10.0] * 6}, kinds)
    level, change = stacking.within_findings(study, NAME, ("a", "b"))
    assert ((level.low, level.high, level.estimate), judge(level)) == (pytest.approx((40, 40, 40)), HIGHER)
    assert {key: d["value"] for key, d in level.details.items()} == pytest.approx(
        {"within_low": 50, "within_high": 50, "elsewhere_low": 10, "elsewhere_high": 10}
    )
    assert (change.low, change.high) == pytest.approx((20, 20))
    assert (judge(change), change.a.year, change.b.year) == (HIGHER, 2016, 2018)


def test_in_mixed_buurten_much_stays_possible_and_one_year_gives_no_change() -> None:
    """20 percent poor, 40 percent corporation: none to all of the poor there, 0 to 50 percent; elsewhere 0 to 33."""
    study = housed({2016: [20.0] * 12, 2018: [25.0] * 12}, [40.0] * 12)
    level, change = stacking.within_findings(study, NAME, ("a", "b"))
    assert {key: d["value"] for key, d in level.details.items()} == pytest.approx(
        {"within_low": 0, "within_high": 62.5, "elsewhere_low": 0, "elsewhere_high": 100 * 25 / 60}
    )
    assert (change.low, change.high) == pytest.approx((-50, 62.5))
    assert (judge(level), judge(change)) == (UNCLEAR, UNCLEAR)
    table = stacking.bounds_table(study, NAME)
    assert table.loc[0, ["within_low", "within_high"]].tolist() == pytest.approx([0, 50])
    level, change = stacking.within_findings(housed({2016: [20.0] * 12}, [40.0] * 12), NAME, ("a", "b"))
    assert judge(level) == UNCLEAR
    assert (judge(change), change.reason) == (NOT_COMPUTABLE, "one_year_only")


@pytest.mark.shared
def test_the_slopes_of_heerlen(shared: Path) -> None:
    """Golden: CBS key figures of Heerlen by name, polyfit weighed by the households of 2016.

    1.81 points around the minimum per 10 points of corporation dwellings in 2016, 1.85 in 2018: no change that matters.
    """
    path = shared / "data" / "kwb" / "heerlen_2016_2020.db"
    weight = heerlen(path, 2016, "Bevolking_Particuliere_huishoudens_Huishoudens_totaal")
    slopes = []
    for year in (2016, 2018):
        poor = heerlen(path, year, "Inkomen_Inkomen_van_huishoudens_Huish_onder_of_rond_sociaal_minimum")
        owned = heerlen(path, year, "Wonen_Woningen_naar_eigendom_Huurwoningen_In_bezit_woningcorporatie")
        names = sorted(set(poor) & set(owned))
        rows = [[column[name] for name in names] for column in (owned, poor, weight)]
        slopes.append(10 * float(np.polyfit(rows[0], rows[1], 1, w=np.sqrt(rows[2]))[0]))
    study = open_study({"preset": "heerlen", "source": str(path)})
    found = stacking.slope_finding(study, "households_around_social_minimum_share", "x")
    assert (found.a.estimate, found.b.estimate) == pytest.approx(slopes, abs=1e-9)
    assert slopes == pytest.approx([1.806, 1.852], abs=0.0005)
    assert judge(found) == SAME


def test_low_incomes_and_corporation_dwellings_of_breda_by_buurt() -> None:
    """Golden: 6.45 points of low incomes for each 10 points of corporation dwellings in 2024, over 48 buurten.

    Weighed by households of the first year, 2016: a least-squares line by numpy through kwb_panel.csv.
    """
    low, homes, households = (
        real.figures(name, real.PANEL, year)
        for name, year in (
            ("low_income_households_share", 2024), ("housing_corporation_share", 2024), ("households", 2016),
        )
    )  # fmt: skip
    codes = sorted(set(low) & set(homes) & set(households))
    weight = np.sqrt([households[code] for code in codes])
    slope = 10 * float(np.polyfit([homes[code] for code in codes], [low[code] for code in codes], 1, w=weight)[0])
    found = stacking.slope_now(open_study({"preset": "breda"}), NAME, "x")
    assert (found.measure, found.a.year, found.details["areas"]["value"]) == ("buurt", 2024, len(codes))
    assert found.estimate == pytest.approx(slope, abs=1e-9)
    assert slope == pytest.approx(6.45, abs=0.005)
    assert judge(found) == HIGHER
    assert "postcodes" not in found.flags
