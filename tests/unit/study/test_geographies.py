"""Figures by buurt, postcode or wijk: which areas stand for the list, and what a group of them did."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import real
import statsmodels.api as sm
from answers import reason_of
from town import BUURTEN, FOCUS, PEOPLE, indicator, town

from kloof.schema import COLUMNS, check_observations
from kloof.study.geographies import change_in_group, finest, group_means, lay_out, levels_with, standing_for
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study

RULE = {"indicator": "status", "year": 2010, "highest": 2}
VALUE = [20.0, 22, 24, 26, 30, 31, 32, 33, 34, 35, 36, 37]
LATER = [21.0, 22, 26, 27, 33, 31, 32, 35, 34, 36, 36, 38]


def with_postcodes(rows: list[tuple[str, int, str, float]]) -> Study:
    """The town with figures of postcode areas too."""
    study = town({"inhabitants": {2012: PEOPLE}}, indicator("poor", id="status"))
    frame = pd.DataFrame(
        [(code, year, name, value, "x", "measured", "lbm") for code, year, name, value in rows], columns=list(COLUMNS)
    )
    codes = sorted(set(frame["code"]))
    areas = pd.DataFrame({"code": codes, "name": codes, "level": "postcode", "parent_code": ""})
    data = dataclasses.replace(
        study.data,
        observations=check_observations(pd.concat([study.data.observations, frame], ignore_index=True), "town"),
        areas=pd.concat([study.data.areas, areas], ignore_index=True),
    )
    return dataclasses.replace(study, data=data)


def postcodes() -> list[tuple[str, int, str, float]]:
    """Four postcode areas: two of low status in 2010, all with people and income."""
    rows = []
    for place, (people, status) in enumerate([(100, 1), (300, 2), (200, 3), (400, 5)]):
        code = f"PC100{place}"
        rows += [(code, 2010, "status", float(status)), (code, 2013, "inhabitants", float(people))]
        rows += [(code, 2012, "income", 10.0 + place), (code, 2014, "income", 11.0 + 2 * place)]
    return rows


def test_by_buurt_it_is_the_list_itself() -> None:
    study = town({"income": {2012: VALUE, 2016: LATER}})
    laid = finest(study, "income", (2012, 2020), study.focus, RULE)
    assert (laid.level, laid.years, laid.flags) == ("buurt", (2012, 2016), ("few_focus",))
    assert [code for code, own in zip(laid.codes, laid.is_focus, strict=True) if own] == list(FOCUS)
    assert laid.weight.tolist() == list(PEOPLE)
    assert (laid.coverage, laid.missing) == (100.0, 0)
    means = group_means(laid).set_index(["year", "group"])
    for year, row in ((2012, VALUE), (2016, LATER)):
        for group, part in (("focus", slice(0, 4)), ("rest", slice(4, 12))):
            mean = float(np.average(row[part], weights=PEOPLE[part]))
            assert means.loc[(year, group), ["value", "low", "high"]].tolist() == pytest.approx(
                [mean, mean - 0.05, mean + 0.05]  # rounded to 0.1
            )


def test_postcode_areas_of_low_status_stand_for_the_list() -> None:
    study = with_postcodes(postcodes())
    laid = finest(study, "income", (2011, 2020), study.focus, RULE)
    assert (laid.level, laid.years, laid.codes) == ("postcode", (2012, 2014), ("PC1000", "PC1001", "PC1002", "PC1003"))
    assert laid.is_focus.tolist() == [True, True, False, False]
    assert (laid.weight.tolist(), laid.size.year) == ([100, 300, 200, 400], 2013)
    assert laid.flags == ("by_postcode", "later_weights", "few_focus")
    assert standing_for(study, "postcode", study.focus, 2012, {**RULE, "highest": 3}) == {"PC1000", "PC1001", "PC1002"}


def test_without_the_figure_of_the_rule_nothing_stands_for_the_list() -> None:
    study = with_postcodes([row for row in postcodes() if row[2] != "status"])
    assert reason_of(finest, study, "income", (2011, 2020), study.focus, RULE) == "no_bridge"
    assert lay_out(study, "income", "postcode", (2012, 2014), None, RULE).is_focus.sum() == 0  # without a list it works


def test_a_wijk_stands_for_the_list_when_most_of_its_people_live_in_it() -> None:
    study = town({"income": {2012: VALUE, 2016: LATER}})  # all buurten in WK000100, with 500 … 1600 people
    most = Focus("most", BUURTEN[5:])  # 9100 of the 12600 in all
    few = Focus("few", BUURTEN[:5])
    assert standing_for(study, "wijk", most, 2012, RULE) == {"WK000100"}
    assert standing_for(study, "wijk", few, 2012, RULE) == set()


def test_the_list_of_breda_by_wijk() -> None:
    """Golden: 82 percent of wijk 01 and 53 percent of wijk 05 live in the union (figures.csv, inhabitants of 2012)."""
    study = open_study({"preset": "breda"})
    assert standing_for(study, "wijk", study.focus, 2012, RULE) == {"WK075801", "WK075805"}
    people = real.figures("inhabitants", "breda_population", 2012)
    share = {
        wijk: sum(n for code, n in people.items() if code[2:8] == wijk and code in real.focus())
        / sum(n for code, n in people.items() if code[2:8] == wijk)
        for wijk in {code[2:8] for code in people}
    }
    assert {f"WK{wijk}" for wijk, part in share.items() if part > 0.5} == {"WK075801", "WK075805"}
    assert (share["075801"], share["075805"]) == pytest.approx((0.82, 0.53), abs=0.005)


def test_why_it_cannot_be_laid_out() -> None:
    one = town({"income": {2012: VALUE}})
    none = town({"inhabitants": {2012: PEOPLE}})
    few = town({"income": {year: [20.0, *["suppressed"] * 11] for year in (2012, 2016)}})
    for study, reason in ((one, "one_year_only"), (none, "no_figures"), (few, "too_little_measured")):
        assert levels_with(study, "income", (2010, 2020)) == []
        assert reason_of(finest, study, "income", (2010, 2020), study.focus, RULE) == reason
    whole = town({"income": {2012: VALUE, 2016: LATER}})
    assert reason_of(lay_out, whole, "income", "buurt", (2012, 2016), Focus("all", BUURTEN), RULE) == "no_group_left"


def test_the_change_of_a_group_against_statsmodels() -> None:
    """Weighted mean of the changes of the four listed buurten, HC3 and t(3); rounding to 0.1 stretches it by 0.1."""
    study = town({"income": {2012: VALUE, 2016: LATER}})
    laid = finest(study, "income", (2012, 2020), study.focus, RULE)
    found, low, high = change_in_group(laid, laid.is_focus, 1)
    moved = np.subtract(LATER, VALUE)[:4]
    fit = sm.WLS(moved, np.ones(4), weights=np.array(PEOPLE[:4])).fit(cov_type="HC3", use_t=True)
    ends = fit.conf_int()[0]
    assert found.estimate == pytest.approx(float(np.average(moved, weights=PEOPLE[:4])))
    assert (low, high) == pytest.approx((ends[0] - 0.1, ends[1] + 0.1))
    worse, worse_low, worse_high = change_in_group(laid, laid.is_focus, -1)
    assert (worse.estimate, worse_low, worse_high) == pytest.approx((-found.estimate, -high, -low))
