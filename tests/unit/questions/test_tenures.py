"""Mixing: the pace and the move of the focus buurten beside a registered limit, worked by hand."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import real
from estate import Cell, estate, same, two
from town import BUURTEN

from kloof.findings import HIGHER, LOWER, NOT_COMPUTABLE, UNCLEAR, judge
from kloof.questions import tenures
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study

NAME = "housing_corporation_share"
YEARS = (2016, 2017, 2018, 2019)


def homes(by_year: dict[int, list[Cell]], *, rounding: float = 1.0, **changes: Any) -> Study:
    """Each buurt has a hundred dwellings in every year."""
    return estate({NAME: by_year, "dwellings": {year: same(100) for year in by_year}}, rounding=rounding, **changes)


FALLING = {year: two(60 - 2 * (year - 2016), 30) for year in YEARS}


def test_the_registered_rules_are_those_that_are_worked_out_here() -> None:
    entry = claims.registry().claims["C6"]
    assert (entry["within_years"], entry["part_of_needed"]) == (20, 0.5)


def test_a_pace_beside_half_of_what_is_needed() -> None:
    """Focus 60, 58, 56, 54; the city ends at (4·54 + 8·30)/12 = 38, so 16 points in 20 years: 0.8 a year is needed.

    Realised is 2 a year, 2 - 0.4 = 1.6 above half of needed. All focus buurten move alike, so only rounding is left:
    slope weights -0.3 -0.1 0.1 0.3, half a point each: 0.4. The distance is 16 ± 1, so needed is 0.75 to 0.85.
    """
    found = tenures.pace_finding(homes(FALLING), NAME, "x")
    assert found.estimate == pytest.approx(1.6)
    assert ((found.low, found.high), judge(found)) == (pytest.approx((1.6 - 0.5 * 0.85, 2.4 - 0.5 * 0.75)), HIGHER)
    value = {key: detail["value"] for key, detail in found.details.items()}
    assert (value["realised"], value["realised_low"], value["realised_high"]) == pytest.approx((2, 1.6, 2.4))
    assert (value["needed"], value["target"], value["ratio"]) == pytest.approx((0.8, 38, 250))
    assert (value["target_year"], value["arrival"], value["part"]) == (2039, 2027, 50)
    assert (value["share_before"], value["share_after"]) == pytest.approx((60, 54))
    assert (found.a.year, found.b.year, found.measure, found.unit) == (2016, 2019, "tempo", "points")
    assert (found.a.low, found.a.high) == pytest.approx((59.5, 60.5))
    assert "arithmetic_not_forecast" in found.flags


def test_a_share_that_must_rise_counts_too_and_what_moves_away_never_arrives() -> None:
    """Mirror image: 40, 42, 44, 46 against 70; the goal is 62, the same distance and pace."""
    found = tenures.pace_finding(homes({year: [100 - v for v in row] for year, row in FALLING.items()}), NAME, "x")
    assert (found.estimate, found.details["target"]["value"]) == (pytest.approx(1.6), pytest.approx(62))
    found = tenures.pace_finding(homes({year: two(60 + 2 * (year - 2016), 30) for year in YEARS}), NAME, "x")
    assert (found.measure, judge(found), found.details["realised"]["value"]) == ("tempo_away", LOWER, pytest.approx(-2))
    assert "arrival" not in found.details


def test_rounding_can_leave_a_slow_pace_undecided() -> None:
    """0.1 a year with rounding of 0.4 around it, where half of needed is about 0.5: from -0.3 to 0.5."""
    rows = {year: two(60 - (year - 2016) * 0.1, 30) for year in YEARS}
    coarse, exact = (tenures.pace_finding(homes(rows, rounding=step), NAME, "x") for step in (1.0, 0.0))
    assert (coarse.high or 0) - (exact.high or 0) == pytest.approx(0.4 + 0.5 * 0.05)
    assert judge(exact) == LOWER
    apart = {
        year: [*np.array([40.0, 50, 70, 80]) + (year - 2016) * np.array([3.0, -4, 2, -2]), *[30.0] * 8]
        for year in YEARS
    }
    assert judge(tenures.pace_finding(homes(apart, rounding=0.0), NAME, "x")) == UNCLEAR


def test_a_stock_that_barely_moved_and_buurten_that_are_there_already() -> None:
    """60 to 59.5 of 60, towards 40: moved 0.5 ± 1 by rounding, the limit is 2: -1.5, from -2.5 to -0.5."""
    rows = {2016: two(60, 30), 2017: two(70, 30), 2018: two(50, 30), 2019: two(59.5, 30)}
    found = tenures.stock_finding(homes(rows), NAME, "x")
    assert (found.estimate, (found.low, found.high)) == (pytest.approx(-1.5), pytest.approx((-2.5, -0.5)))
    assert (judge(found), found.measure) == (LOWER, "moved")
    value = {key: detail["value"] for key, detail in found.details.items()}
    assert (value["moved"], value["moved_low"], value["moved_high"]) == pytest.approx((0.5, -0.5, 1.5))
    assert (value["limit"], value["city"]) == pytest.approx((2, 40))
    assert judge(tenures.stock_finding(homes(FALLING), NAME, "x")) == HIGHER
    away = tenures.stock_finding(homes({2016: two(60, 30), 2019: two(61, 30)}), NAME, "x")
    assert (away.measure, away.details["moved_size"]["value"]) == ("moved_away", pytest.approx(1))
    rows = {year: two(38.2, 38) for year in YEARS}
    for make in (tenures.pace_finding, tenures.stock_finding):
        found = make(homes(rows), NAME, "x")
        assert (judge(found), found.reason) == (NOT_COMPUTABLE, "already_there")


@pytest.mark.parametrize(("cells", "reason"), [
    ({}, "no_figures"),
    ({NAME: {2016: same(40)}, "dwellings": {2016: same(100)}}, "one_year_only"),
    ({NAME: {y: ["suppressed"] * 9 + [30.0] * 3 for y in YEARS}, "dwellings": {2016: same(100)}},
     "too_little_measured"),
])  # fmt: skip
def test_without_a_series_there_is_no_answer(cells: Any, reason: str) -> None:
    study = estate(cells or {"income": {2016: same(1)}})
    for make in (tenures.pace_finding, tenures.stock_finding):
        found = make(study, NAME, "x")
        assert (judge(found), found.reason) == (NOT_COMPUTABLE, reason)
    assert tenures.share_table(tenures.mix_of(study, NAME)).empty


def test_the_picture_holds_both_groups_as_one_whole_and_leaves_out_what_cannot_be_counted() -> None:
    table = tenures.share_table(tenures.mix_of(homes(FALLING), NAME)).set_index(["year", "group"])
    assert table.loc[(2019, "focus")].tolist() == pytest.approx([54, 53.5, 54.5])
    assert table.loc[(2016, "rest")].tolist() == pytest.approx([30, 29.5, 30.5])
    weighed = estate({NAME: {y: [10.0, 20, 30, 40, *[30.0] * 8] for y in (2016, 2017)},
                      "dwellings": {2016: same(100), 2017: [300.0, 100, 100, 100, *[100.0] * 8]}})  # fmt: skip
    path = tenures.share_table(tenures.mix_of(weighed, NAME)).query("group == 'focus'")["value"]
    assert path.tolist() == pytest.approx([25, (30 + 20 + 30 + 40) / 6])  # each year by its own dwellings
    pair = Focus("pair", BUURTEN[:2])
    assert tenures.pace_finding(homes(FALLING), NAME, "x", pair).reason == "too_few_buurten"
    cells: Any = {NAME: FALLING, "dwellings": {year: same(100) for year in YEARS}, "inhabitants": {2016: same(200)}}
    cells["dwellings"][2018] = [*same(100)[:-1], "suppressed"]
    mix = tenures.mix_of(estate(cells), NAME)
    assert (len(mix.codes), [row.rows for row in mix.set_aside if row.reason == "size_not_known"]) == (11, [1])


COLUMNS = {
    "share": "Wonen_Woningen_naar_eigendom_Huurwoningen_In_bezit_woningcorporatie",
    "homes": "Wonen_Woningvoorraad",
    "income": "Inkomen_Inkomen_van_personen_Gemiddeld_inkomen_per_inwoner\u00a0",
}


def heerlen(path: Path, year: int, column: str) -> dict[str, float]:
    """Read one column of the buurten by name, with nothing but sqlite3."""
    with sqlite3.connect(path) as base:
        table = f"Kerncijfers_wijken_en_buurten_{year}_pp"
        rows = base.execute(f'select "Wijk_Buurt\ufeff", "{column}" from "{table}"').fetchall()
    skip = ("Heerlen", "Bron: CBS")
    return {n: v for n, v in rows if n not in skip and not n.startswith("Wijk ") and v is not None}


@pytest.mark.shared
def test_the_pace_of_heerlen(shared: Path) -> None:
    """Golden: corporation dwellings in the 11 poorest buurten of 2016, CBS key figures 2016-2019, in loops and polyfit.

    0.285 points a year towards the city, 0.943 needed to have its 36.6 % in 2039.
    """
    path = shared / "data" / "kwb" / "heerlen_2016_2020.db"
    income = heerlen(path, 2016, COLUMNS["income"])
    poorest = sorted(income, key=lambda name: (income[name], name))[:11]
    shares, homes = ({year: heerlen(path, year, COLUMNS[key]) for year in YEARS} for key in ("share", "homes"))
    everywhere = set.intersection(*(set(row) for row in shares.values()))
    focus, city = {}, {}
    for year in YEARS:
        for names, into in ((poorest, focus), (sorted(everywhere), city)):
            total = sum(homes[year][name] for name in names)
            into[year] = sum(shares[year][name] * homes[year][name] for name in names) / total
    slope = float(np.polyfit(YEARS, [focus[year] for year in YEARS], 1)[0])
    needed = (focus[2019] - city[2019]) / 20
    found = tenures.pace_finding(open_study({"preset": "heerlen", "source": str(path)}), NAME, "x")
    assert found.details["realised"]["value"] == pytest.approx(-slope, abs=1e-9)
    assert found.details["needed"]["value"] == pytest.approx(needed, abs=1e-9)
    assert found.estimate == pytest.approx(-slope - needed / 2, abs=1e-9)
    assert (-slope, needed, city[2019]) == pytest.approx((0.285, 0.943, 36.56), abs=0.005)
    assert judge(found) == UNCLEAR


def test_breda_has_both_tenures_of_2016_to_2024_by_buurt() -> None:
    """Golden: 52.4 percent of corporations in 2016 and 48.4 in 2024, each year weighed by its households, in a loop."""
    study = open_study({"preset": "breda"})
    found = tenures.pace_finding(study, NAME, "x")
    assert (found.a.year, found.b.year, found.a.n_units) == (2016, 2024, 54)
    for side, printed in ((found.a, 52.4), (found.b, 48.4)):
        share, homes = (real.figures(name, real.PANEL, side.year) for name in (NAME, "households"))
        assert side.estimate == pytest.approx(real.mean(share, homes, set(share) & real.focus()), abs=1e-9)
        assert side.estimate == pytest.approx(printed, abs=0.05)
    assert "other_weights" in found.flags
    city = tenures.city_table(study, (NAME, "owner_occupied_share")).set_index(["indicator", "year"])["share"]
    # CBS, all editions of 2015-2025: 55 percent owner-occupied, 56 in 2019
    assert [city["owner_occupied_share", year] for year in (2015, 2016, 2019, 2024, 2025)] == [55, 55, 56, 55, 55]
    assert [city[NAME, year] for year in (2015, 2025)] == [31, 28]
