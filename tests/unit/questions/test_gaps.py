"""From panel to finding: orientation, breaks, variants, selection, and the golden numbers of Breda."""

import csv
import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pandas as pd
import pytest
import real
from town import BUURTEN, FOCUS, PEOPLE, indicator, town

from kloof.findings import (
    GREW,
    HIGHER,
    LOWER,
    NO_FIGURES,
    NOT_COMPARABLE,
    NOT_COMPUTABLE,
    SHRANK,
    STAYED,
    UNCLEAR,
    WITHIN_ROUNDING,
    happened,
    judge,
)
from kloof.methods import gap
from kloof.methods.gap import ABSOLUTE, PLACE, REAL, RELATIVE, Rule
from kloof.questions import gap_changes as gaps
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study

RISING = [20.0, 21, 19, 20, 30, 31, 29, 32, 28, 30, 33, 31]  # the focus buurten are poorer
LATER = [19.0, 20.5, 18, 19.4, 33, 34.2, 32.1, 35, 31.2, 33, 36, 34.1]  # and fall about 4 behind


def judged(study: Study, name: str, measure: str = ABSOLUTE, **options: Any) -> Any:
    return gaps.change_of_gap(study, gaps.follow(study, name), measure, "t", **options)


def test_a_gap_that_grows_is_higher_whichever_way_is_good_and_in_the_units_of_its_measure() -> None:
    """Where more is better the focus falls behind; where less is better the same figures, mirrored, rise."""
    income = judged(town({"income": {2015: RISING, 2016: LATER}}), "income")
    poor = judged(town({"poor": {2015: [60 - v for v in RISING], 2016: [60 - v for v in LATER]}}), "poor")
    weight = np.array(PEOPLE, dtype=float)
    by_hand = [
        np.average(values[4:], weights=weight[4:]) - np.average(values[:4], weights=weight[:4])
        for values in (RISING, LATER)
    ]
    for found in (income, poor):
        assert (found.a.estimate, found.b.estimate) == pytest.approx(by_hand)
        assert (found.estimate, judge(found)) == (pytest.approx(by_hand[1] - by_hand[0]), HIGHER)
        assert (found.a.year, found.b.year, found.a.n_units, found.a.n_missing) == (2015, 2016, 12, 0)
        assert found.a.n_total == weight.sum()
    # the step of income is 0.1 and of poor 1: a gap of two means can be half a step off on both sides
    assert (income.a.low, income.a.high) == pytest.approx((by_hand[0] - 0.1, by_hand[0] + 0.1))
    assert (poor.a.low, poor.a.high) == pytest.approx((by_hand[0] - 1, by_hand[0] + 1))
    back = judged(town({"income": {2015: LATER, 2016: RISING}}), "income")
    assert (judge(back), back.estimate) == (LOWER, pytest.approx(-income.estimate))
    study = town({"poor": {2015: RISING, 2016: LATER}}, indicator("poor", smallest_effect=1.5))
    absolute, relative = (judged(study, "poor", measure) for measure in (ABSOLUTE, RELATIVE))
    assert (absolute.unit, absolute.smallest_effect) == ("points", 1.5)
    assert (relative.unit, relative.smallest_effect) == ("percent", 2.0)
    assert absolute.range_kind == ("process", "rounding")
    assert set(absolute.details) == {"p_value", "p_error", "degrees", "end_error", "steps", "steps_ahead", "steps_back"}
    # four means, each half a step of 1 off either way; chance leaves more open than rounding
    assert absolute.rounding_high - absolute.rounding_low == pytest.approx(4)
    assert (absolute.rounding_low + absolute.rounding_high) / 2 == pytest.approx(absolute.estimate)
    assert absolute.low < absolute.rounding_low and absolute.rounding_high < absolute.high


def test_the_side_that_counts_as_behind() -> None:
    turned = [35.0] * 4 + LATER[4:]
    for years in ({2015: RISING, 2016: turned}, {2015: turned, 2016: RISING}):
        for measure in (ABSOLUTE, RELATIVE):
            assert judged(town({"income": years}), "income", measure).measure == f"{measure}_reversed"
    assert judged(town({"income": {2015: RISING, 2016: LATER}}), "income").measure == ABSOLUTE
    neutral = indicator("income", better=0)
    low = gaps.follow(town({"income": {2015: RISING, 2016: LATER}}, neutral), "income")
    high = gaps.follow(town({"income": {2015: [-v for v in RISING], 2016: [-v for v in LATER]}}, neutral), "income")
    level = gaps.follow(town({"income": {2015: [5.0] * 12, 2016: LATER}}, neutral), "income")
    assert (low.orientation, high.orientation, level.orientation) == (-1, 1, 1)


def test_years_across_a_break_are_not_compared() -> None:
    years = {2015: RISING, 2016: LATER, 2017: [v + 50 for v in LATER]}
    study = town({"income": years}, handmade.broken("income", 2017))
    followed = gaps.follow(study, "income")
    assert (followed.years, followed.breaks) == ((2015, 2016), ((2016, 2017, ("income@2017",)),))
    found = gaps.break_finding(study, followed, "x")
    assert found is not None
    assert judge(found) == NOT_COMPARABLE
    assert (found.comparability, found.breaks, found.low, found.high) == ("broken", ("income@2017",), None, None)
    gap = gaps.change_of_gap(study, followed, ABSOLUTE, "y").b.estimate
    assert (found.a.year, found.b.year, found.a.estimate) == (2016, 2017, pytest.approx(gap))
    assert found.b.estimate == pytest.approx(gap)  # all went up by 50, so the gap is the same on the new footing
    table = gaps.picture_table(study, followed)
    assert table["year"].tolist() == [2015, 2016, 2017]
    assert table["link"].tolist() == ["comparable", "comparable", "broken"]
    bridged = town({"income": years}, handmade.broken("income", 2017, bridged=True))
    assert gaps.follow(bridged, "income").years == (2015, 2016, 2017)
    assert gaps.break_finding(bridged, gaps.follow(bridged, "income"), "x") is None


def test_the_picture_s_table_by_hand() -> None:
    table = gaps.picture_table(
        town({"income": {2015: RISING, 2016: LATER}}),
        gaps.follow(town({"income": {2015: RISING, 2016: LATER}}), "income"),
    )
    weight = np.array(PEOPLE, dtype=float)
    focus, rest = np.average(RISING[:4], weights=weight[:4]), np.average(RISING[4:], weights=weight[4:])
    first = table.iloc[0]
    assert (first["focus"], first["rest"]) == pytest.approx((focus, rest))
    assert (first["gap"], first["relative"]) == pytest.approx((rest - focus, 100 * (1 - focus / rest)))
    assert (first["gap_low"], first["gap_high"]) == pytest.approx((rest - focus - 0.1, rest - focus + 0.1))
    assert (first["year"], first["buurten"]) == (2015, 12)


@pytest.mark.parametrize(("years", "reason"), [
    ({2015: RISING}, "one_year_only"),
    ({2015: RISING[:6] + [None] * 6, 2016: LATER[:6] + [None] * 6}, "too_little_measured"),
    ({2015: ["suppressed"] * 4 + RISING[4:], 2016: LATER}, "no_group_left"),
    ({2015: ["suppressed"] * 12, 2016: ["suppressed"] * 12}, "no_figures"),
])  # fmt: skip
def test_what_cannot_be_followed_says_why(years: Any, reason: str) -> None:
    # the focus buurten hold 26 of the 126 hundred inhabitants: without them 79 percent is measured
    study = town({"income": years})
    study = dataclasses.replace(
        study, known=dataclasses.replace(study.known, settings={**study.known.settings, "coverage_minimum": 75.0})
    )
    followed = gaps.follow(study, "income")
    assert (followed.panel, followed.reason) == (None, reason)
    found = gaps.change_of_gap(study, followed, RELATIVE, "x")
    assert (judge(found), found.reason, found.estimate) == (NOT_COMPUTABLE, reason, None)
    assert gaps.placebo_finding(study, followed, "y").reason == reason
    assert gaps.picture_table(study, followed).empty and gaps.break_finding(study, followed, "z") is None


def test_a_missing_buurt_is_left_out_of_both_years_and_counted() -> None:
    study = town({"income": {2015: RISING, 2016: [*LATER[:11], "suppressed"]}})
    found = judged(study, "income")
    weight = np.array(PEOPLE[:11], dtype=float)
    assert found.a.estimate == pytest.approx(
        np.average(RISING[4:11], weights=weight[4:]) - np.average(RISING[:4], weights=weight[:4])
    )
    assert (found.a.n_units, found.a.n_missing) == (11, 1)
    assert "left_out" in found.flags
    assert found.coverage == pytest.approx(100 * weight.sum() / sum(PEOPLE))


def test_similar_buurten_are_those_within_the_focus_range_at_the_start() -> None:
    start = [20.0, 25, 22, 24, 20, 25, 19.9, 25.1, 21, 30, 40, 23]
    study = town({"income": {2015: start, 2016: LATER}})
    followed = gaps.follow(study, "income")
    similar = gaps.similar_level(gaps.paths_of(followed))
    chosen = {code for code, inside in zip(BUURTEN, similar, strict=True) if inside}
    assert chosen == {*FOCUS, BUURTEN[4], BUURTEN[5], BUURTEN[8], BUURTEN[11]}
    found = gaps.change_of_gap(study, followed, ABSOLUTE, "x", variant="similar")
    assert judge(found) == UNCLEAR  # 8 choose 4 is 70, too few to say what chance does
    assert (found.low, found.high, found.range_kind) == (None, None, ("rounding",))
    kept, heavy = [4, 5, 8, 11], np.array(PEOPLE, dtype=float)
    wanted = [np.average(np.array(v)[kept], weights=heavy[kept]) - np.average(v[:4], weights=heavy[:4])
              for v in (start, LATER)]  # fmt: skip
    assert found.estimate == pytest.approx(wanted[1] - wanted[0])  # what happened stands without chance
    assert happened(found) == GREW
    alone = town({"income": {2015: RISING, 2016: LATER}})
    assert judged(alone, "income", variant="similar").reason == "no_similar_buurten"


def test_unweighted_counts_every_buurt_alike_and_the_trend_takes_the_ends_of_the_lines() -> None:
    study = town({"income": {2015: RISING, 2016: LATER}})
    found = judged(study, "income", variant="unweighted")
    assert (found.a.estimate, found.a.n_total) == (pytest.approx(np.mean(RISING[4:]) - np.mean(RISING[:4])), 12)
    middle = [(first + last) / 2 for first, last in zip(RISING, LATER, strict=True)]
    straight = {2015: RISING, 2016: middle, 2017: LATER}
    study = town({"income": straight}, indicator("income", rounding=0.0))
    ends, trend = judged(study, "income"), judged(study, "income", variant="trend")
    assert (trend.estimate, trend.low, trend.high) == pytest.approx((ends.estimate, ends.low, ends.high))
    bent = town({"income": {**straight, 2016: LATER}}, indicator("income", rounding=0.0))
    # the line of three years rises by (last − first) whatever the middle one, from (5·first + 2·middle − last)/6
    found = judged(bent, "income", variant="trend")
    assert found.estimate == pytest.approx(ends.estimate)
    first, last = ends.a.estimate, ends.b.estimate
    assert found.a.estimate == pytest.approx((5 * first + 2 * last - last) / 6)


def test_flags_say_what_a_reader_must_know() -> None:
    def flags(*entries: Any, focus: Focus | None = None) -> set[str]:
        study = town({"income": {2015: RISING, 2016: LATER}}, *entries, focus=focus)
        return set(judged(study, "income").flags)

    assert flags() == {"register", "few_focus", "list_date_unknown"}
    assert flags(indicator("income", modelled=True)) == {"modelled", "few_focus", "list_date_unknown"}
    assert flags(indicator("income", measured=-1.0)) == {"register", "dated_earlier", "few_focus", "list_date_unknown"}
    assert "other_weights" in flags(indicator("income", universe="households"))
    assert flags(focus=Focus("five", BUURTEN[:5])) == {"register", "list_date_unknown"}
    by_rule = Focus("lowest:4:poor:2015", FOCUS, "poor", 2015)
    assert flags(focus=by_rule) == {"register", "few_focus"}
    on_itself = Focus("lowest:4:income:2015", FOCUS, "income", 2015)
    assert flags(focus=on_itself) == {"register", "few_focus", "selected_on_outcome", "corrected_for_selection"}
    assert flags(focus=Focus("lowest:4:income:2010", FOCUS, "income", 2010)) == {"register", "few_focus"}


def shaky(seed: int = 1) -> dict[int, list[float]]:
    """Twelve buurten that stay what they are, seen with noise as large as their differences."""
    rng = np.random.default_rng(seed)
    truth = 30 + rng.standard_normal(12)
    return {2015 + year: [round(float(v), 1) for v in truth + rng.standard_normal(12)] for year in range(5)}


@pytest.mark.parametrize("measure", [ABSOLUTE, RELATIVE])
def test_a_list_chosen_on_the_outcome_is_given_the_benefit_of_regression_to_the_mean(measure: str) -> None:
    years = shaky()
    order = np.argsort(years[2015])
    codes = tuple(sorted(BUURTEN[place] for place in order[:4]))
    chosen = Focus("lowest:4:income:2015", codes, "income", 2015)
    corrected = judged(town({"income": years}, focus=chosen), "income", measure)
    naive = judged(town({"income": years}, focus=Focus("same codes", codes)), "income", measure)
    assert (corrected.estimate, corrected.a, corrected.b) == (pytest.approx(naive.estimate), naive.a, naive.b)
    shift = corrected.details["selection_shift"]["value"]
    assert shift < -0.3  # the gap of the worst shrinks by chance alone
    assert corrected.low == pytest.approx(naive.low)
    assert corrected.high == pytest.approx(naive.high - shift)  # so that a growth hidden by it stays possible
    assert "selection_shift" not in naive.details


def test_each_list_is_corrected_for_its_own_choice() -> None:
    """The headline list was chosen on income; a variant on something else needs no correction, and the reverse."""
    years = shaky(2)
    headline = Focus("lowest:4:income:2015", FOCUS, "income", 2015)
    other = Focus("lowest:4:poor:2015", FOCUS, "poor", 2015)
    study = town({"income": years}, focus=headline)
    followed = gaps.follow(study, "income")
    assert "corrected_for_selection" in gaps.change_of_gap(study, followed, ABSOLUTE, "x", headline).flags
    assert "corrected_for_selection" not in gaps.change_of_gap(study, followed, ABSOLUTE, "x", other).flags
    turned = town({"income": years}, focus=other)
    found = gaps.change_of_gap(turned, gaps.follow(turned, "income"), ABSOLUTE, "x", headline)
    assert "corrected_for_selection" in found.flags
    assert gaps.rule_of(followed, headline) == Rule("lowest", 0)
    assert gaps.rule_of(followed, Focus("highest:4:income:2017", FOCUS, "income", 2017)) == Rule("highest", 2)
    assert gaps.rule_of(followed, Focus("lowest:4:income:1999", FOCUS, "income", 1999)) is None


def test_the_placebo_stands_beside_the_measured_change_and_draws_the_same_in_any_order() -> None:
    study = town({"income": shaky(3)})
    found = gaps.placebo_finding(study, gaps.follow(study, "income"), "04.income.placebo")
    change = judged(study, "income")
    assert found.details["observed"]["value"] == pytest.approx(change.estimate)
    assert found.measure == ("inside" if found.low <= change.estimate <= found.high else "outside")
    assert found.range_kind == ("placebo",)
    assert found.low < found.estimate < found.high
    jump = {year: [v - 40 * (year == 2019) * (at < 4) for at, v in enumerate(row)] for year, row in shaky(3).items()}
    moved = town({"income": jump}, indicator("income", rounding=0.1))
    assert gaps.placebo_finding(moved, gaps.follow(moved, "income"), "04.income.placebo").details["noise"]["value"] > 3
    study = town({"income": {2015: RISING, 2016: LATER}})
    followed = gaps.follow(study, "income")
    first = gaps.change_of_gap(study, followed, RELATIVE, "04.a")
    gaps.change_of_gap(study, followed, RELATIVE, "04.b")
    assert gaps.change_of_gap(study, followed, RELATIVE, "04.a") == first


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda", "draws": 199})


def test_the_gap_in_dwelling_values_of_breda(breda: Study) -> None:
    """Golden: 104.7 thousand euro in 2015, 162.7 in 2024, over 50 buurten; 41.36 and 37.67 percent of the rest.

    Recomputed here with loops from the CSV; 1e-9 is floating point. The printed digits are what a reader can check.
    """
    values, codes, people = real.dwelling_values()
    followed = gaps.follow(breda, "mean_dwelling_value")
    assert (followed.years, set(followed.panel.codes), followed.breaks) == (tuple(range(2015, 2025)), codes, ())
    inside, outside = codes & real.focus(), codes - real.focus()
    assert (len(codes), len(inside)) == (50, 11)
    means = {year: [real.mean(row, people, some) for some in (inside, outside)] for year, row in values.items()}
    for measure, printed in ((ABSOLUTE, (104.74, 162.74)), (RELATIVE, (41.36, 37.67))):
        found = gaps.change_of_gap(breda, followed, measure, f"04.mean_dwelling_value.{measure}")
        ends = [rest - focus if measure == ABSOLUTE else 100 * (1 - focus / rest)
                for focus, rest in (means[2015], means[2024])]  # fmt: skip
        assert (found.a.estimate, found.b.estimate) == pytest.approx(ends, abs=1e-9)
        assert ends == pytest.approx(printed, abs=0.005)
        assert measure == RELATIVE or judge(found) == HIGHER
    table = gaps.picture_table(breda, followed).set_index("year")
    for year, sides in means.items():
        assert table.loc[year, ["focus", "rest"]].tolist() == pytest.approx(sides, abs=1e-9)


def test_the_gap_in_good_health_of_breda(breda: Study) -> None:
    """Golden: 8.92 points in 2016, 9.38 in 2024, over 51 buurten (rivm_50150), weighed by inhabitants of 2016."""
    people = real.figures("inhabitants", real.PANEL, 2016)
    values = {y: real.figures("good_perceived_health_share", "rivm_50150", y) for y in (2016, 2020, 2022, 2024)}
    codes = set.intersection(*(set(by_code) for by_code in values.values()))
    found = gaps.change_of_gap(breda, gaps.follow(breda, "good_perceived_health_share"), ABSOLUTE, "x")
    for side, year in ((found.a, 2016), (found.b, 2024)):
        gap = real.mean(values[year], people, codes - real.focus()) - real.mean(
            values[year], people, codes & real.focus()
        )
        assert side.estimate == pytest.approx(gap, abs=1e-9)
    assert (found.a.estimate, found.b.estimate) == pytest.approx((8.92, 9.38), abs=0.005)
    assert found.a.n_units == len(codes) == 51


EXACT = indicator("income", rounding=0.0, smallest_effect=0.5)


def middle_of_list(values: Sequence[float], *, more_is_better: bool = True) -> float:
    """Mean percentile of the focus buurten among all people, by pandas: 0 is worst off, ties share their place."""
    frame = pd.DataFrame({"value": values, "weight": PEOPLE, "focus": [True] * 4 + [False] * 8})
    frame["value"] *= 1 if more_is_better else -1
    held = frame.groupby("value")["weight"].sum().sort_index()
    share = (held.cumsum() - held / 2) / held.sum() * 100
    own = frame[frame["focus"]]
    return float((own["value"].map(share) * own["weight"]).sum() / own["weight"].sum())


@pytest.mark.parametrize("ties", [False, True])
def test_the_place_of_a_list_is_its_mean_percentile(ties: bool) -> None:
    before = [20.0, 25, 22, 24, 20 if ties else 20.5, 25.5, 19.9, 25.1, 21, 30, 40, 23]
    after = [18.0, 24, 24 if ties else 24.5, 26, 22, 26.5, 20, 27, 23, 31, 44, 25]
    income = judged(town({"income": {2015: before, 2016: after}}, EXACT), "income", PLACE)
    poor = judged(
        town({"poor": {2015: [60 - v for v in before], 2016: [60 - v for v in after]}},
             indicator("poor", rounding=0.0)), "poor", PLACE,
    )  # fmt: skip
    for found, turned in ((income, 1), (poor, -1)):
        sides = [[v if turned > 0 else 60 - v for v in values] for values in (before, after)]
        wanted = [middle_of_list(values, more_is_better=turned > 0) for values in sides]
        assert (found.a.estimate, found.b.estimate) == pytest.approx(wanted)
        assert found.estimate == pytest.approx(wanted[0] - wanted[1])  # above 0: the list fell
        assert (found.measure, found.unit) == (PLACE, "rank_points")
        assert (found.rounding_low, found.rounding_high) == pytest.approx((found.estimate, found.estimate))


def test_what_rounding_leaves_of_a_place_is_found_by_trying_every_figure() -> None:
    """Five buurten, two of them listed, each at any of five points of its rounding interval in either year."""
    weight, inside = np.array([3.0, 1, 2, 2, 4]), np.array([True, True, False, False, False])
    value = np.array([[10.0, 11.0], [12.0, 11.0], [11.0, 12.0], [13.0, 12.0], [12.0, 15.0]])
    track = gaps.follow(town({"income": {2015: RISING, 2016: LATER}}, EXACT), "income")
    assert track.panel is not None
    panel = dataclasses.replace(
        track.panel, codes=BUURTEN[:5], value=value, low=value - 0.5, high=value + 0.5, weight=weight, is_focus=inside
    )
    laid = gaps.by_place(dataclasses.replace(track, panel=panel)).panel
    assert laid is not None

    def behind(values: tuple[float, ...]) -> float:
        """50 less the mean percentile of the list, by comparing each pair."""
        at = [
            100 * sum(w * ((v < own) + 0.5 * (v == own)) for v, w in zip(values, weight, strict=True)) / weight.sum()
            for own in values
        ]
        return 50 - float(np.average(np.array(at)[inside], weights=weight[inside]))

    for year in (0, 1):
        tried = [behind(one) for one in itertools.product(*[v + np.linspace(-0.5, 0.5, 5) for v in value[:, year]])]
        bounds = gap.gap_bounds(laid.low[:, year], laid.high[:, year], weight, inside, ABSOLUTE)
        own = gap.gap(laid.value[:, year], weight, inside, ABSOLUTE)
        assert own == pytest.approx(behind(tuple(value[:, year])))
        assert bounds == pytest.approx((min(tried), max(tried)))


def prices(project: Path) -> dict[int, float]:
    """Consumer prices as they are kept, by the csv module."""
    with (project / "data" / "price_index.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["year"]): float(row["index"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize(("measured", "earlier"), [(0.5, 0), (-1.0, 1)])
def test_amounts_are_put_in_the_prices_of_the_last_year(project: Path, measured: float, earlier: int) -> None:
    """A dwelling value of a year is of the first of January of the year before: so are its prices."""
    entry = indicator("income", rounding=0.1, smallest_effect=0.5, measured=measured)
    found = judged(town({"income": {2015: RISING, 2019: LATER}}, entry), "income", REAL)
    index, weight = prices(project), np.array(PEOPLE, dtype=float)
    factor = index[2019 - earlier] / index[2015 - earlier]
    assert factor > 1.02
    first, last = (
        np.average(v[4:], weights=weight[4:]) - np.average(v[:4], weights=weight[:4]) for v in (RISING, LATER)
    )
    assert (found.a.estimate, found.b.estimate) == pytest.approx((factor * first, last))
    assert found.estimate == pytest.approx(last - factor * first)
    # rounding grows with the prices: half a step of four means, two of them in dearer euros
    assert found.rounding_high - found.rounding_low == pytest.approx(0.2 * (1 + factor))
    assert "last_prices" in found.flags
    assert found.measure == REAL


def test_a_year_without_prices_leaves_no_real_change() -> None:
    found = judged(town({"income": {1990: RISING, 2016: LATER}}, EXACT), "income", REAL)
    assert (found.estimate, found.reason, happened(found)) == (None, "no_price_index", NO_FIGURES)


def test_fault_4_amounts_in_the_prices_of_their_years_have_no_say(breda: Study) -> None:
    """Fault 4: nominal decides nothing of money, whatever else it is; what is no money has no real scale."""
    study = town({"income": {2015: RISING, 2016: LATER}, "poor": {2015: RISING, 2016: LATER}}, EXACT)
    assert gaps.scales_of(study, "income") == (ABSOLUTE, REAL, RELATIVE, PLACE)
    assert gaps.scales_of(study, "poor") == (ABSOLUTE, RELATIVE, PLACE)
    assert [gaps.counts_for(study, "income", measure) for measure in gaps.MEASURES] == [False, True, True, False]
    assert [gaps.counts_for(study, "poor", measure) for measure in (ABSOLUTE, RELATIVE, PLACE)] == [True, True, False]
    neutral = town({"income": {2015: RISING, 2016: LATER}}, indicator("income", better=0))
    assert PLACE not in gaps.scales_of(neutral, "income")  # neither end is the better one
    assert RELATIVE not in gaps.scales_of(breda, "livability_score")  # no proportion of a score with an arbitrary 0
    for name, entry in breda.known.indicators.items():
        assert gaps.counts_for(breda, name, ABSOLUTE) == (entry.unit not in ("euro", "thousand_euro"))


def test_fault_5_each_indicator_and_scale_has_its_own_smallest_effect(breda: Study) -> None:
    """Fault 5: two points of the relative gap for all are 0.12 points of a share of low incomes.

    What is registered of the relative gap is about what is registered of the gap itself, in percent of a usual level.
    """
    measures = (ABSOLUTE, RELATIVE, PLACE)
    found = {name: [breda.smallest_effect(name, one) for one in measures] for name in breda.p.indicators}
    assert (found["mean_income_per_inhabitant"][:2], found["mean_dwelling_value"][:2]) == ([0.5, 2.0], [10, 3.0])
    assert found["low_income_households_share"][:2] == [1.0, 3.0]
    for name, (own, relative, _) in found.items():
        track = gaps.follow(breda, name)
        if RELATIVE not in gaps.scales_of(breda, name) or track.panel is None:
            continue
        inside = track.panel.is_focus
        rest = np.average(track.panel.value[~inside, 0], weights=track.panel.weight[~inside])
        assert 0.5 <= relative / (100 * own / rest) <= 2.0, name
    assert breda.smallest_effect("mean_income_per_inhabitant", REAL) == 0.5
    assert len({relative for _, relative, _ in found.values()}) > 2


@pytest.mark.parametrize(
    ("shift", "answer"), [(3.0, GREW), (-3.0, SHRANK), (0.0, STAYED), (1.1, WITHIN_ROUNDING), (0.95, WITHIN_ROUNDING)]
)
def test_what_happened_to_a_gap_is_its_change_within_rounding(shift: float, answer: str) -> None:
    """Steps of 0.1 leave 0.1 of either year open, so 0.2 of the change; 1 matters: 1.1 is not surely larger than 0."""
    after = [v - shift for v in RISING[:4]] + RISING[4:]
    step = {WITHIN_ROUNDING: 1.0}.get(answer, 0.1)
    entry = indicator("income", rounding=step, smallest_effect=1.0)
    found = judged(town({"income": {2015: RISING, 2016: after}}, entry), "income")
    assert found.estimate == pytest.approx(shift)
    assert (found.rounding_low, found.rounding_high) == pytest.approx((shift - 2 * step, shift + 2 * step))
    assert happened(found) == answer


def test_the_path_counts_the_steps_from_one_measurement_to_the_next() -> None:
    years = dict(enumerate((0.0, 1.0, 0.5, 2.0, 2.0), start=2015))
    cells = {year: [v - shift for v in RISING[:4]] + RISING[4:] for year, shift in years.items()}
    found = judged(town({"income": cells}, EXACT), "income")
    assert {key: found.details[key]["value"] for key in ("steps", "steps_ahead", "steps_back")} == {
        "steps": 4, "steps_ahead": 2, "steps_back": 1,
    }  # fmt: skip
    assert "steps" not in judged(town({"income": cells}, EXACT), "income", variant="trend").details


def test_fault_15_a_break_belongs_to_a_source(breda: Study) -> None:
    """Fault 15: the break of 2018 on income holds for copies that stop printing it, not for the panel of all years."""
    track = gaps.follow(breda, "mean_income_per_inhabitant")
    assert (track.years, set(track.panel.sources)) == (tuple(range(2016, 2024)), {real.PANEL})
    entry = breda.known.indicator("mean_income_per_inhabitant")
    assert entry.compare(2016, 2023, {real.PANEL}).status != "broken"
    assert entry.compare(2016, 2023, {"cbs_84583NED"}).status == "broken"


@pytest.mark.parametrize(("name", "years", "weights", "smallest"), [
    ("mean_income_per_inhabitant", range(2016, 2024), "inhabitants", (0.5, 2.0, 5.0)),
    ("mean_dwelling_value", range(2015, 2025), "households", (10.0, 3.0, 5.0)),
])  # fmt: skip
def test_fault_4_the_four_scales_of_breda_are_what_its_files_say(
    project: Path, breda: Study, name: str, years: range, weights: str, smallest: tuple[float, float, float]
) -> None:
    """Fault 4: +1.6 thousand euro of income is -0.4 in constant prices, and a smaller gap in proportion."""
    if name == "mean_dwelling_value":
        values, codes, heavy = real.dwelling_values()
    else:
        values = {year: real.figures(name, real.PANEL, year) for year in years}
        heavy = real.figures(weights, real.PANEL, 2016)
        codes = {code for code in set.intersection(*map(set, values.values())) if heavy.get(code, 0) > 0}
    inside, index = real.focus() & codes, prices(project)
    first, last = years[0], years[-1]
    lag = 1 if name == "mean_dwelling_value" else 0
    focus, rest = ({y: real.mean(values[y], heavy, some) for y in (first, last)} for some in (inside, codes - inside))
    factor = index[last - lag] / index[first - lag]
    wanted = {
        ABSOLUTE: (rest[first] - focus[first], rest[last] - focus[last]),
        REAL: (factor * (rest[first] - focus[first]), rest[last] - focus[last]),
        RELATIVE: tuple(100 * (1 - focus[year] / rest[year]) for year in (first, last)),
        PLACE: tuple(
            sum(
                heavy[own] * sum(heavy[c] * ((values[year][c] < values[year][own])
                                             + 0.5 * (values[year][c] == values[year][own])) for c in codes)
                for own in inside
            ) * 100 / sum(heavy[c] for c in inside) / sum(heavy[c] for c in codes)
            for year in (first, last)
        ),
    }  # fmt: skip
    found = {measure: judged(breda, name, measure, variant="counted") for measure in wanted}
    for measure, sides in wanted.items():
        assert (found[measure].a.estimate, found[measure].b.estimate) == pytest.approx(sides, rel=1e-6)
    assert found[ABSOLUTE].estimate > found[REAL].estimate
    assert (found[ABSOLUTE].b.year, found[ABSOLUTE].a.year) == (last, first)
    assert tuple(found[measure].smallest_effect for measure in (ABSOLUTE, RELATIVE, PLACE)) == smallest
    assert happened(found[ABSOLUTE]) == GREW  # as printed, like all prices
    assert (happened(found[RELATIVE]), happened(found[PLACE])) == (SHRANK, STAYED)
    assert happened(found[REAL]) == (GREW if name == "mean_dwelling_value" else WITHIN_ROUNDING)
