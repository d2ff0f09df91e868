"""Liveability in the list, what follows a change of it, and whether residents moved along (C7, C8, H8)."""

import csv
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import real
import statsmodels.api as sm
from scipy.stats import t
from spoken import check_spoken

from kloof.catalogue import catalogue
from kloof.figures import draw
from kloof.files.recognise import recognise
from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    LOWER,
    MIXED,
    NOT_COMPUTABLE,
    NOT_TESTABLE,
    SAME,
    SUPPORTED,
    UNCLEAR,
    UNDECIDED,
    judge,
)
from kloof.methods.lagged import UNIT_AND_YEAR
from kloof.methods.ordinal import Classes, ordinal_trend
from kloof.paths import dump
from kloof.questions import liveability
from kloof.questions import liveability as surroundings
from kloof.results import Section
from kloof.run import in_notebook as notebook
from kloof.schema import COLUMNS, check_observations
from kloof.store import add, read
from kloof.study import claims
from kloof.study.dataset import DataSet, choose_sources
from kloof.study.study import Study, open_study

YEARS = (2012, 2014, 2016, 2018)
SCORE, SAFETY = "livability_score_relative", "livability_safety_relative"
PEOPLE = 20_000.0  # in each made-up area: so many that rounding says little


def country(figures: Mapping[str, Mapping[int, Any]], areas: int, low: int) -> Study:
    """A study whose figures are those of `areas` made-up postcode areas, the first `low` of low status."""
    study = open_study({"preset": "breda", "draws": 199})
    codes = [f"PC{1000 + place}" for place in range(areas)]
    years = sorted({year for by_year in figures.values() for year in by_year})
    given: dict[str, Mapping[int, Any]] = {"inhabitants": {year: np.full(areas, PEOPLE) for year in years}, **figures}
    given["socioeconomic_status_label"] = {2010: np.where(np.arange(areas) < low, 2.0, 4.0)}
    rows = [
        (code, year, name, float(value), study.known.indicator(name).unit, "measured", "made_up")
        for name, by_year in given.items()
        for year, row in by_year.items()
        for code, value in zip(codes, row, strict=True)
    ]
    frame = check_observations(pd.DataFrame(rows, columns=list(COLUMNS)), "made up")
    own = study.data.areas[study.data.areas["level"] != "postcode"]
    extra = pd.DataFrame({"code": codes, "name": codes, "level": "postcode", "parent_code": ""})
    data = DataSet("made_up", "GM0758", frame, pd.concat([own, extra], ignore_index=True), study.data.sources, ())
    return dataclasses.replace(study, data=data)


def moving(areas: int, link: float, spread: float = 0.5) -> dict[str, dict[int, Any]]:
    """Safety in four years, and people on a benefit in the years after: fewer where safety improved before, by `link`.

    The later change has a standard deviation of `spread` points.
    """
    rng = np.random.default_rng(3)
    steps = 0.03 * rng.standard_normal((areas, 3))
    safety = np.cumsum(np.column_stack([0.1 * rng.standard_normal(areas), steps]), axis=1)
    better = link * steps[:, 1] / 0.03 + np.sqrt(1 - link**2) * rng.standard_normal(areas)  # 2014-2016 comes before
    first = 30 + rng.standard_normal(areas)
    shares = {2017: first, 2019: first - spread * better}
    return {
        SAFETY: {year: np.round(safety[:, at], 3) for at, year in enumerate(YEARS)},
        "benefit_recipients": {year: np.round(PEOPLE / 100 * share) for year, share in shares.items()},
    }


@pytest.mark.parametrize(("position", "around", "waves"), [
    ((2016, 2017, 2018), (2016, 2017, 2018), [(2016, 2016), (2017, 2017), (2018, 2018)]),
    # the liveability of 2014 starts the change that comes before; 2012 could start none
    ((2017, 2019), (2012, 2014, 2016, 2018), [(None, 2014), (2017, 2016), (2019, 2018)]),
    # equal years first: 2020 is joined to 2021, and 2022 to itself; 2023 would cut the change 2022-2024 in two
    (
        (2012, 2016, 2020, 2022, 2024),
        (2021, 2022, 2023, 2024, 2025),
        [(2016, None), (2020, 2021), (2022, 2022), (2024, 2024), (None, 2025)],
    ),
    ((2010, 2016), (2013, 2016), [(2010, 2013), (2016, 2016)]),  # those before stand together, unjoined
    ((2010,), (2014,), []),
    ((), (2014,), []),
    # 2016 is as near to 2015 as to 2017: the earlier one, so that an earlier change stays earlier
    ((2016,), (2015, 2017), [(2016, 2015), (None, 2017)]),
])  # fmt: skip
def test_years_are_joined_in_order(position: Any, around: Any, waves: Any) -> None:
    assert liveability.match_years(position, around, 1) == waves


def test_only_years_that_are_near_are_joined() -> None:
    assert liveability.match_years((2016,), (2018,), 1) == []
    assert liveability.match_years((2016,), (2018,), 2) == [(2016, 2018)]
    # 2011 would be joined to 2007, back over 2010 with 2012: time does not run that way
    assert liveability.match_years((2010, 2011), (2007, 2012), 4) == [(None, 2007), (2010, 2012), (2011, None)]


def breda_changes(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, later change (fewer benefits above 0) and earlier change of the postcodes of Breda, in plain loops."""
    people = {year: real.figures("inhabitants", f"cbs_pc4_{year}", year, "PC") for year in (2017, 2019)}
    benefits = {year: real.figures("benefit_recipients", f"cbs_pc4_{year}", year, "PC") for year in (2017, 2019)}
    score = {year: real.figures(name, "lbm2_pc4", year, "PC") for year in (2014, 2016)}
    part = {year: real.figures("livability_residents_relative", "lbm2_pc4", year, "PC") for year in (2014, 2016)}
    weight, later, earlier = [], [], []
    for code in sorted(score[2014]):
        weight.append(people[2017][code])
        later.append(100 * (benefits[2017][code] / people[2017][code] - benefits[2019][code] / people[2019][code]))
        taken_off = part[2016][code] - part[2014][code] if name == SCORE else 0.0
        earlier.append(score[2016][code] - score[2014][code] - taken_off)
    return np.array(weight), np.array(later), np.array(earlier)


def deviation(value: np.ndarray, weight: np.ndarray) -> float:
    return float(np.sqrt(np.average((value - np.average(value, weights=weight)) ** 2, weights=weight)))


@pytest.mark.parametrize("name", [SAFETY, SCORE])
def test_breda_by_postcode_against_statsmodels(name: str) -> None:
    """Golden: 25 postcode areas, benefits 2017-2019 on liveability 2014-2016 (kwb_breda.csv), HC3 and t(24).

    From the overall score the residents' part is taken off. The estimate is that of one weighted standard deviation of
    the earlier change, and it matters from a fifth of a standard deviation of the later one.
    """
    weight, later, earlier = breda_changes(name)
    fit = sm.WLS(later, sm.add_constant(earlier), weights=weight).fit(cov_type="HC3")
    spread = deviation(earlier, weight)
    margin = t.ppf(0.975, 24) * fit.bse[1] * spread
    found, back = liveability.follows(open_study({"preset": "breda"}), name, "x")
    assert (found.indicator, found.measure, found.kind) == ("benefit_recipients_share", name, "follows")
    middle = fit.params[1] * spread
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (middle, middle - margin, middle + margin), abs=1e-9
    )
    assert found.smallest_effect == pytest.approx(0.2 * deviation(later, weight))
    assert (found.a.year, found.b.year, found.a.n_units) == (2014, 2019, 25)
    assert {"by_postcode", "one_lag", "later_weights", "noise_hides", "modelled_liveability"} <= set(found.flags)
    assert ("without_residents" in found.flags, judge(found)) == (name == SCORE, UNCLEAR)
    assert back is None  # no benefits before 2017, so nothing can come before a change of liveability


def test_crimes_and_assistance_of_breda_by_wijk() -> None:
    """Crimes of 2012-2022 and social assistance of 2016-2025 stand beside each other by wijk only: 11 of them.

    Crimes t-1 to t before assistance t to t+1 from 2016-2017 to 2021-2022, and the other way around a year less.
    """
    found, back = liveability.follows(open_study({"preset": "breda"}), "crime_rate", "x")
    assert back is not None
    assert (found.indicator, found.a.year, found.b.year) == ("social_assistance_share", 2016, 2023)
    assert (back.indicator, back.measure, back.kind) == ("crime_rate", "social_assistance_share", "precedes")
    assert (found.details["pairs"]["value"], back.details["pairs"]["value"]) == (6 * 11, 5 * 11)
    assert "by_wijk" in found.flags and "one_lag" not in found.flags


@pytest.mark.parametrize(("link", "expected"), [(0.5, HIGHER), (-0.5, LOWER), (0.0, SAME)])
def test_a_planted_link_is_found_and_its_absence_is_tested(link: float, expected: str) -> None:
    """One standard deviation of the earlier change moves the later one by `link` of its own: 0.5 points of benefits."""
    found, _ = liveability.follows(country(moving(600, link), 600, 100), SAFETY, "x")
    assert (judge(found), found.estimate) == (expected, pytest.approx(0.5 * link, abs=0.06))
    assert found.smallest_effect == pytest.approx(0.1, abs=0.01)


def test_silence_is_not_sameness_and_the_smallest_effect_is_at_most_that_of_the_position() -> None:
    """The same without a link in 30 areas: nothing is found, and nothing is ruled out."""
    found, _ = liveability.follows(country(moving(30, 0.0), 30, 8), SAFETY, "x")
    assert judge(found) == UNCLEAR
    # where benefits move by 5 points, a fifth of that is more than the 0.5 points that matter
    found, _ = liveability.follows(country(moving(100, 0.0, 5.0), 100, 20), SAFETY, "x")
    assert found.smallest_effect == 0.5


def test_without_a_position_in_the_same_years_there_is_no_answer() -> None:
    figures = moving(40, 0.0)
    found, back = liveability.follows(country({SAFETY: figures[SAFETY]}, 40, 10), SAFETY, "x")
    assert (judge(found), found.reason, back) == (NOT_COMPUTABLE, "no_common_years", None)
    strict = liveability.with_unit_effects(country(figures, 40, 10), SAFETY, "x")
    assert (judge(strict), strict.reason) == (NOT_COMPUTABLE, "too_few_years")  # three measurements, four are needed


THREE = "livability_score"
WITHOUT_RESIDENTS = ("dwellings", "surroundings", "facilities", "nuisance")


def version_three(**left_out: bool) -> Study:
    """A country in the schema of leefbaarometer3.csv: scores to six digits, five parts of which only cohesion moves on.

    Benefits fall in 2019 where social cohesion rose before, and have nothing to do with the other parts.
    """
    rng = np.random.default_rng(9)
    years = (2014, 2016, 2018)
    parts = {
        one: 0.03 * rng.standard_normal((400, 3)).cumsum(axis=1) for one in (*WITHOUT_RESIDENTS, "social_cohesion")
    }
    rise = parts["social_cohesion"][:, 1] - parts["social_cohesion"][:, 0]
    shares = {2017: np.full(400, 30.0), 2019: 30.0 - rise / rise.std() + 0.2 * rng.standard_normal(400)}
    figures: dict[str, dict[int, Any]] = {
        THREE: {year: np.round(4.10226485 + sum(parts.values())[:, at], 6) for at, year in enumerate(years)},
        "benefit_recipients": {year: np.round(PEOPLE / 100 * share) for year, share in shares.items()},
    }
    if "parts" not in left_out:
        for name, part in parts.items():
            figures[f"livability_{name}_relative"] = {year: np.round(part[:, at], 6) for at, year in enumerate(years)}
    return country(figures, 400, 80)


def test_of_version_three_social_cohesion_is_taken_off_and_every_step_runs() -> None:
    """Score less cohesion is the other four parts and a constant; these have no link, which the score as it is has."""
    study = version_three()
    found, _ = liveability.follows(study, THREE, "x")
    assert {"without_cohesion", "modelled_liveability"} <= set(found.flags)
    assert not {"with_residents", "without_residents"} & set(found.flags) and judge(found) in (SAME, UNCLEAR)
    rows = study.data.observations.set_index(["indicator", "year", "code"])["value"].sort_index()
    four = sum(rows[f"livability_{name}_relative", 2016] - rows[f"livability_{name}_relative", 2014]
               for name in WITHOUT_RESIDENTS).to_numpy()  # fmt: skip
    fewer = (rows["benefit_recipients", 2017] - rows["benefit_recipients", 2019]).to_numpy() / PEOPLE * 100
    assert found.estimate == pytest.approx(np.polyfit(four, fewer, 1)[0] * four.std(), abs=1e-6)
    found, _ = liveability.follows(version_three(parts=False), THREE, "x")
    assert "with_residents" in found.flags
    assert judge(found) == HIGHER  # by construction: cohesion is in the score
    # the notebook stopped here: it asked for the residents' part of version 2.0 in years of 3.0
    section = recorded(study)
    rows = [(row.claim, row.row, row.verdict) for row in section.verdicts if row.finding]
    made = {(claim, row): verdict for claim, row, verdict in rows}
    for key in (("C7", f"{THREE}.level"), ("C7", f"{THREE}.gap"), ("C8", THREE)):
        assert made[key] != NOT_TESTABLE
    assert "09.score" in section.figures
    assert section.findings["09.liveability.improved"].indicator == THREE
    relative = country({SCORE: {year: 0.1 * np.arange(40.0) for year in (2020, 2022, 2024)}}, 40, 10)
    assert recorded(relative).findings[f"09.{SCORE}"].reason is None


@pytest.mark.shared
def test_version_three_of_breda_as_it_is_published(shared: Path) -> None:
    """leefbaarometer3.csv: the parts and the constant make the score, in each year that has all of them."""
    table = pd.read_csv(shared / "figures" / "leefbaarometer3.csv").pivot(
        index=["code", "year"], columns="indicator", values="value"
    )
    parts = table.drop(columns=THREE).dropna()
    assert (sorted(parts.index.unique("year")), len(parts.columns)) == ([2014, 2018, 2020, 2022, 2024], 5)
    rest = table.loc[parts.index, THREE] - parts.sum(axis=1)
    assert rest.to_numpy() == pytest.approx(4.10226485, abs=3e-5)
    taken_off = table.loc[parts.index, THREE] - parts["livability_social_cohesion_relative"]
    four = parts[[f"livability_{name}_relative" for name in WITHOUT_RESIDENTS]].sum(axis=1)
    assert (taken_off - four).to_numpy() == pytest.approx(4.10226485, abs=3e-5)


def classes(step: float) -> dict[str, dict[int, Any]]:
    """Classes of four years in 200 areas: in the first 60 `step` classes a year more, elsewhere none."""
    rng, low = np.random.default_rng(5), np.arange(200) < 60
    start = np.where(low, 4.0, 6.0) + 0.6 * rng.standard_normal(200)
    levels = {year: start + step * (year - 2012) * low + 0.6 * rng.standard_normal(200) for year in YEARS}
    return {"livability_class": {year: np.clip(np.round(level), 1, 9) for year, level in levels.items()}}


@pytest.mark.parametrize(("step", "expected"), [(0.3, HIGHER), (-0.3, LOWER), (0.0, SAME)])
def test_a_planted_trend_of_the_class(step: float, expected: str) -> None:
    study = country(classes(step), 200, 60)
    found = liveability.class_trend(study, "livability_class", "x", study.focus)
    assert (judge(found), found.estimate) == (expected, pytest.approx(6 * step, abs=0.45))
    assert (found.unit, found.smallest_effect, found.a.n_units) == ("classes", 0.5, 60)
    moved = {key: found.details[key]["value"] for key in ("up", "down", "still", "listed")}
    assert moved["up"] + moved["down"] + moved["still"] == moved["listed"] == 60


def test_the_class_and_the_score_of_breda() -> None:
    """Golden: Breda, 4 of 25 postcode areas of low status. t(3) in place of t(24), and the factor 4 / 3 of variance."""
    study = open_study({"preset": "breda"})
    found = liveability.class_trend(study, "livability_class", "x", study.focus)
    by_year = {year: real.figures("livability_class", "lbm2_pc4", year, "PC") for year in YEARS}
    status = real.figures("socioeconomic_status_label", "scp_status_pc4", 2010, "PC")
    rows = [(by_year[year][code], year, code, status.get(code, 9) <= 2) for code in by_year[2012] for year in YEARS]
    level, when, code, listed = (list(part) for part in zip(*rows, strict=True))
    whole = np.array(level, dtype=np.int64), np.array(when, dtype=np.int64)
    trend = ordinal_trend(Classes(*whole, np.array(code), np.array(listed, dtype=np.bool_), np.full(len(rows), "2.0")))
    own = trend.effects[(trend.effects["group"] == "focus") & (trend.effects["class"] == 0)].iloc[0]
    error = (own["high"] - own["low"]) / 2 / t.ppf(0.975, 24) * np.sqrt(4 / 3)
    # another order of rows: the optimiser's digits
    assert found.estimate == pytest.approx(6 * own["estimate"], abs=1e-4)
    assert found.high == pytest.approx(6 * (own["estimate"] + t.ppf(0.975, 3) * error), abs=1e-3)
    assert {"by_postcode", "few_focus", "proportional_odds"} <= set(found.flags)
    assert ([found.details[key]["value"] for key in ("up", "down", "still")], judge(found)) == ([1, 1, 2], UNCLEAR)
    # Golden: −0.322 in 2012 and −0.339 in 2018, weighed by inhabitants of 2017 (kwb_breda.csv), in loops
    found = liveability.score_gap(study, SCORE, "x", study.focus)
    score = {year: real.figures(SCORE, "lbm2_pc4", year, "PC") for year in (2012, 2018)}
    people = real.figures("inhabitants", "cbs_pc4_2017", 2017, "PC")
    low = {code for code in score[2012] if status.get(code, 9) <= 2}
    gap = {year: real.mean(row, people, low) - real.mean(row, people, set(row) - low) for year, row in score.items()}
    assert low == {"PC4812", "PC4816", "PC4826", "PC4827"}
    assert (gap[2012], gap[2018]) == pytest.approx((-0.322, -0.339), abs=0.0005)
    assert found.estimate == pytest.approx(gap[2018] - gap[2012], abs=1e-9)
    sides = [found.details[key]["value"] for key in ("apart_a", "apart_b")]
    assert sides == pytest.approx([gap[2012], gap[2018]], abs=1e-9)
    assert (found.smallest_effect, judge(found)) == (0.067, UNCLEAR)


@pytest.mark.parametrize(("shift", "expected"), [(0.3, HIGHER), (-0.3, LOWER), (0.0, SAME)])
def test_a_planted_shift_of_the_score(shift: float, expected: str) -> None:
    rng = np.random.default_rng(8)
    first = np.round(0.2 * rng.standard_normal(200), 3)
    last = np.round(first + 0.02 * rng.standard_normal(200) + shift * (np.arange(200) < 60), 3)
    study = country({SCORE: {2012: first, 2018: last}}, 200, 60)
    found = liveability.score_gap(study, SCORE, "x", study.focus)
    assert (judge(found), found.estimate) == (expected, pytest.approx(shift, abs=0.01))


def test_of_a_score_of_which_less_is_better_everything_is_turned_round() -> None:
    """The range too: its ends change sign and place, and stand on both sides of the estimate."""
    rng = np.random.default_rng(8)
    first = np.round(0.2 * rng.standard_normal(60), 3)
    last = np.round(first + 0.05 * rng.standard_normal(60) + 0.3 * (np.arange(60) < 20), 3)
    study = country({SCORE: {2012: first, 2018: last}}, 60, 20)
    entry = dataclasses.replace(study.known.indicator(SCORE), better=-1)
    known = dataclasses.replace(study.known, indicators={**study.known.indicators, SCORE: entry})
    more = liveability.score_gap(study, SCORE, "x", study.focus)
    less = liveability.score_gap(dataclasses.replace(study, known=known), SCORE, "x", study.focus)
    assert (less.estimate, less.low, less.high) == (-more.estimate, -more.high, -more.low)
    assert more.low < more.estimate < more.high
    laid = np.arange(60) < 20
    moved = last - first
    assert more.estimate == pytest.approx(moved[laid].mean() - moved[~laid].mean())
    error = np.sqrt(moved[laid].var(ddof=1) / 20 + moved[~laid].var(ddof=1) / 40)
    assert more.high - more.low == pytest.approx(4 * error, rel=0.2)  # t of 36 or so degrees, and a little rounding


def improving(up: float, fewer: float, years: tuple[int, int] = (2017, 2019)) -> Study:
    """Classes that go up in the areas of low status, and benefits that fall there by so many points."""
    rng = np.random.default_rng(2)
    shares = np.full(200, 12.0), 12.0 - fewer + 0.05 * rng.standard_normal(200)
    counts = {year: np.round(PEOPLE / 100 * share) for year, share in zip(years, shares, strict=True)}
    return country({**classes(up), "benefit_recipients": counts}, 200, 60)


@pytest.mark.parametrize(("up", "fewer", "better", "beside", "together"), [
    (0.3, 0.0, SUPPORTED, SUPPORTED, SUPPORTED),  # better, and as many benefits
    (0.3, -2.0, SUPPORTED, SUPPORTED, SUPPORTED),  # better, and more benefits
    (0.3, 2.0, SUPPORTED, CONTRADICTED, MIXED),  # better, and fewer benefits
    (-0.3, 0.0, CONTRADICTED, SUPPORTED, MIXED),  # not better, and as many benefits
    (-0.3, 2.0, CONTRADICTED, CONTRADICTED, CONTRADICTED),  # the other way round in both
])  # fmt: skip
def test_fault_7_each_half_has_a_number_and_a_verdict_of_its_own(
    up: float, fewer: float, better: str, beside: str, together: str
) -> None:
    """Fault 7: H8 printed a number that had not decided it, and either half refuted the whole."""
    section = Section("09_liveability")
    surroundings.better_without_position(section, scored(up, fewer))
    verdicts = {verdict.row: verdict for verdict in section.verdicts}
    halves = verdicts["liveability"], verdicts["liveability.position"]
    assert [half.verdict for half in halves] == [better, beside]
    assert [half.finding for half in halves] == ["09.liveability.improved", "09.liveability.position"]
    first, second = (section.findings[str(half.finding)] for half in halves)
    assert (first.indicator, second.indicator) == (THREE, "benefit_recipients_share")
    assert first.estimate == pytest.approx(up, abs=0.02)
    assert second.estimate == pytest.approx(fewer, abs=0.05)  # above 0: better
    assert claims.overall([row.as_json() for row in section.verdicts])["H8"] == together
    assert (verdicts["safety"].verdict, verdicts["safety"].missing) == (NOT_TESTABLE, ("crime_rate",))
    assert verdicts["safety.position"].verdict == NOT_TESTABLE  # nothing to set it beside


def scored(up: float, fewer: float) -> Study:
    """Scores that go up in the listed buurten, and benefits that fall there by so many points, in the same years."""
    rng = np.random.default_rng(3)
    first, listed = 4.0 + 0.1 * rng.standard_normal(200), np.arange(200) < 60
    last = first + up * listed + 0.01 * rng.standard_normal(200)
    shares = np.full(200, 12.0), 12.0 - fewer + 0.05 * rng.standard_normal(200)
    counts = {year: np.round(PEOPLE / 100 * share) for year, share in zip((2016, 2018), shares, strict=True)}
    scores = {2016: np.round(first, 6), 2018: np.round(last, 6)}
    return country({THREE: scores, "benefit_recipients": counts}, 200, 60)


def test_a_position_of_other_years_or_beside_nothing_says_nothing() -> None:
    """Benefits of 2008 and 2010 say nothing about liveability of 2012-2018; what is wanted is named."""
    section = Section("09_liveability")
    surroundings.better_without_position(section, improving(0.3, 0.0, (2008, 2010)))
    found = {verdict.row: verdict for verdict in section.verdicts}
    beside = found["liveability.position"]
    assert (beside.verdict, beside.missing) == (NOT_TESTABLE, ("social_assistance_share",))
    # that benefits did not fall says nothing of a better neighbourhood when no figure tells of one
    section = Section("09_liveability")
    surroundings.better_without_position(section, improving(0.3, -2.0))
    verdicts = {row.row: row.verdict for row in section.verdicts}
    assert verdicts["liveability.position"] == SUPPORTED
    assert verdicts["safety"] == verdicts["safety.position"] == NOT_TESTABLE


def recorded(study: Study) -> Section:
    """Run every step of notebook 09."""
    section = Section("09_liveability")
    surroundings.does_it_improve(section, study)
    surroundings.score_picture(section, study)
    surroundings.does_position_follow(section, study)
    surroundings.better_without_position(section, study)
    return section


def verdicts_of(section: Section) -> dict[str, str]:
    return {f"{row.claim} {row.row}": row.verdict for row in section.verdicts}


@pytest.fixture(scope="module")
def breda() -> tuple[Study, Section]:
    study = open_study({"preset": "breda", "draws": 199})
    return study, recorded(study)


def test_the_verdicts_of_breda(breda: tuple[Study, Section]) -> None:
    assert verdicts_of(breda[1]) == {
        "C7 livability_score.level": CONTRADICTED,  # the score itself rose from 2012 to 2024
        "C7 livability_score.gap": SUPPORTED,  # and no more than that of the rest
        "C8 livability_score": UNDECIDED,
        "C8 livability_nuisance_relative": UNDECIDED,
        "C8 crime_rate": SUPPORTED,
        "H8 liveability": SUPPORTED,
        "H8 safety": SUPPORTED,
        "H8 liveability.position": CONTRADICTED,
        "H8 safety.position": CONTRADICTED,
    }
    people = real.figures("inhabitants", "breda_population", 2012)  # of the first year that is compared
    score = {year: real.figures(THREE, "lbm3", year) for year in (2012, 2024)}
    codes = set(score[2012]) & set(score[2024]) & {code for code, count in people.items() if count > 0}
    listed, rest = codes & real.focus(), codes - real.focus()
    up, other = (real.mean(score[2024], people, some) - real.mean(score[2012], people, some) for some in (listed, rest))
    level, apart = (breda[1].findings[f"09.livability_score{end}"] for end in (".level", ""))
    assert level.estimate == pytest.approx(up, abs=1e-6)
    assert apart.estimate == pytest.approx(up - other, abs=1e-6)


def test_the_steps_give_the_same_twice(breda: tuple[Study, Section]) -> None:
    assert dump(recorded(breda[0]).as_json()) == dump(breda[1].as_json())


@pytest.mark.parametrize(("language", "words"), [("nl", "55 buurten"), ("en", "55 neighbourhoods")])
def test_the_picture_is_about_version_three(breda: tuple[Study, Section], language: str, words: str) -> None:
    study, section = breda
    teller = dataclasses.replace(notebook.narrator(study, section), language=language)
    assert words in draw.note("09.score", teller)
    assert words not in draw.alt("09.score", teller), "the note beside it says so"
    assert draw.draw("09.score", teller).startswith("<svg")
    assert draw.draw("09.follows", teller).startswith("<svg")


def test_the_picture_counts_in_the_smallest_that_matters(breda: tuple[Study, Section]) -> None:
    section = breda[1]
    names = [column["key"] for column in section.tables["09.follows"]["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in section.tables["09.follows"]["rows"]]
    finding = section.findings["09.livability_score.follows"]
    assert rows[0]["variant"] == "follows.livability_score"
    assert rows[0]["estimate"] == pytest.approx((finding.estimate or 0) / (finding.smallest_effect or 1))
    assert [row["headline"] for row in rows] == [True, *[False] * (len(rows) - 1)]


def test_every_judgement_has_a_sentence() -> None:
    """Each kind of this notebook under each judgement, by buurt and by postcode, with all numbers filled in."""
    study = open_study({"preset": "breda", "draws": 199})
    trend = liveability.class_trend(study, "livability_class", "09.a", study.focus)
    gap = liveability.score_gap(study, SCORE, "09.b", study.focus)
    mean = liveability.improved(study, SAFETY, "09.c", study.focus)
    for base in (trend, dataclasses.replace(trend, kind="improved"), gap, mean,
                 *liveability.follows(study, "crime_rate", "09.d")):  # fmt: skip
        small = base.smallest_effect or 1.0
        for ends in ((small, 2 * small), (-2 * small, -small), (-small / 2, small / 2), (-2 * small, 2 * small)):
            for language in ("nl", "en"):
                check_spoken(study, base, ends, "09_liveability", language)


@pytest.mark.shared
def test_heerlen_has_crimes_and_assistance_only(shared: Path) -> None:
    """No Leefbaarometer in the file; crimes 2016-2018 before assistance 2017-2019, two pairs for nearly every buurt."""
    source = str(shared / "data" / "kwb" / "heerlen_2016_2020.db")
    section = recorded(open_study({"preset": "heerlen", "source": source, "draws": 199}))
    verdicts = verdicts_of(section)
    assert {row for row, verdict in verdicts.items() if verdict == NOT_TESTABLE} == {
        "C7 livability_score.level", "C7 livability_score.gap", "C8 livability_score", "H8 liveability",
        "H8 liveability.position",
    }  # fmt: skip
    assert [verdicts[f"C8 {name}"] for name in ("violence_rate", "vandalism_rate", "burglary_rate")] == [UNDECIDED] * 3
    found = section.findings["09.violence_rate.follows"]
    assert (found.indicator, found.a.year, found.b.year) == ("social_assistance_share", 2016, 2019)
    assert (found.details["pairs"]["value"], found.details["areas"]["value"]) == (109, 55)
    missing = {row.row: row.missing for row in section.verdicts if row.claim == "H8"}
    assert missing == {
        "liveability": ("livability_score",), "liveability.position": ("livability_score",), "safety": (),
        "safety.position": (),
    }  # fmt: skip
    votes = dict(next(row for row in section.verdicts if row.row == "violence_rate").variants)
    assert votes.keys() == {"year", UNIT_AND_YEAR}
    assert "09.score" not in section.figures


FILES = (
    "leefbaarometer/lbm2_PC4DIMENSIE.csv", "leefbaarometer/lbm2_PC4LBR.csv", "pc4/cbs_pc4_2017.csv",
    "pc4/cbs_pc4_2019.csv",
)  # fmt: skip
WANTED = (
    SCORE, "livability_residents_relative", SAFETY, "livability_class", "benefit_recipients", "inhabitants",
)  # fmt: skip


def numbers(path: Path, delimiter: str, columns: tuple[str, ...]) -> dict[str, tuple[float, ...]]:
    """Numbers by postcode of the rows that have all of them, with nothing but the csv module."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file, delimiter=delimiter)
        key = (lines.fieldnames or [""])[0]
        rows = {f"PC{line[key]}": [line.get(name) or "" for name in columns] for line in lines}
    found = {code: tuple(float(cell) for cell in cells) for code, cells in rows.items() if all(cells)}
    return {code: row for code, row in found.items() if min(row) > -99990}  # -99997: too few, or not known


@pytest.mark.shared
def test_all_postcode_areas_of_the_country(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leefbaarometer 2.0 and the CBS figures of all postcode areas, put in a store as `kloof data add` does.

    The list: areas of class 5 or lower in 2008, which is before the years compared. Golden, against the csv files read
    by hand: between 2012 and 2018 their score went from 0.368 to 0.375 below that of the others, which is tested to be
    no change that matters (C7); and one standard deviation of safety 2014-2016 is followed by a change of benefits
    2017-2019 of 0.00 points, within 0.025, where a fifth of a standard deviation is 0.114 (C8).
    """
    known, folder, data = catalogue(), tmp_path / "store", shared / "data"
    for name in FILES:
        add.add(recognise(data / name, known), folder)
    rows = choose_sources(pd.concat([read.indicator(name, folder) for name in WANTED], ignore_index=True))[0]
    codes = sorted({code for code in rows["code"] if code.startswith("PC")})
    areas = pd.DataFrame({"code": codes, "name": codes, "level": "postcode", "parent_code": ""})
    study = open_study({"preset": "breda", "draws": 199})
    study = dataclasses.replace(study, data=DataSet("nl", "NL00", rows, areas, study.data.sources, ()))
    rule = {"indicator": "livability_class", "year": 2008, "highest": 5}
    monkeypatch.setattr(liveability, "low_status", lambda: rule)

    found = liveability.score_gap(study, SCORE, "x", study.focus)
    score = numbers(data / FILES[0], ",", ("RLBRMTR12", "RLBRMTR14", "RLBRMTR16", "RLBRMTR18"))
    people = {code: row[0] for code, row in numbers(data / FILES[2], "|", ("INWONER",)).items()}
    low = {code for code, row in numbers(data / FILES[1], ",", ("KL08",)).items() if row[0] <= 5}
    kept = {code for code in score if people.get(code, 0) > 0}
    apart = []
    for at in (0, 3):
        row = {code: score[code][at] for code in kept}
        apart.append(real.mean(row, people, kept & low) - real.mean(row, people, kept - low))
    assert (judge(found), found.estimate) == (SAME, pytest.approx(apart[1] - apart[0], abs=1e-9))
    assert apart == pytest.approx([-0.368, -0.375], abs=0.0005)
    assert found.a.n_units == len(kept)
    trend = liveability.class_trend(study, "livability_class", "z", study.focus)
    assert (judge(trend), [trend.details[key]["value"] for key in ("up", "down", "listed")]) == (SAME, [156, 38, 425])

    follows, _ = liveability.follows(study, SAFETY, "y")
    safety = numbers(data / FILES[0], ",", ("RLBVEI14", "RLBVEI16"))
    then = [numbers(data / name, "|", ("INWONER", "UITKMINAOW")) for name in FILES[2:]]
    both = [code for code in safety if code in then[0] and code in then[1]]
    first, last = (np.array([100 * by_code[code][1] / by_code[code][0] for code in both]) for by_code in then)
    weight = np.array([then[0][code][0] for code in both])
    earlier = np.array([safety[code][1] - safety[code][0] for code in both])
    middle = earlier - np.average(earlier, weights=weight)
    slope = (weight * middle * (first - last)).sum() / (weight * middle**2).sum()
    assert (judge(follows), follows.details["areas"]["value"]) == (SAME, len(both))
    assert follows.estimate == pytest.approx(slope * deviation(earlier, weight), abs=1e-9)
    assert (follows.estimate, follows.smallest_effect) == pytest.approx((0.001, 0.114), abs=0.0005)
    assert max(abs(follows.low or 9), abs(follows.high or 9)) < 0.025
