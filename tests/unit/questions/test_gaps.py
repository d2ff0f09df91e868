"""From panel to finding: orientation, breaks, variants, selection, and the golden numbers of Breda."""

import dataclasses
from typing import Any

import handmade
import numpy as np
import pytest
import real
from town import BUURTEN, FOCUS, PEOPLE, indicator, town

from kloof.findings import HIGHER, LOWER, NOT_COMPARABLE, NOT_COMPUTABLE, judge
from kloof.methods.gap import ABSOLUTE, RELATIVE, Rule
from kloof.questions import gaps
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study

RISING = [20.0, 21, 19, 20, 30, 31, 29, 32, 28, 30, 33, 31]  # the focus buurten are poorer
LATER = [19.0, 20.5, 18, 19.4, 33, 34.2, 32.1, 35, 31.2, 33, 36, 34.1]  # and fall about 4 behind


def judged(study: Study, name: str, measure: str = ABSOLUTE, **options: Any) -> Any:
    return gaps.gap_change(study, gaps.follow(study, name), measure, "t", **options)


# ------------------------------------------------------------------ direction


def test_a_gap_that_grows_is_higher_whichever_way_is_good() -> None:
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
        assert found.estimate == pytest.approx(by_hand[1] - by_hand[0])
        assert judge(found) == HIGHER
        assert (found.a.year, found.b.year, found.a.n_units, found.a.n_missing) == (2015, 2016, 12, 0)
        assert found.a.n_total == weight.sum()
    # the step of income is 0.1 and of poor 1: a gap of two means can be half a step off on both sides
    assert (income.a.low, income.a.high) == pytest.approx((by_hand[0] - 0.1, by_hand[0] + 0.1))
    assert (poor.a.low, poor.a.high) == pytest.approx((by_hand[0] - 1, by_hand[0] + 1))
    back = judged(town({"income": {2015: LATER, 2016: RISING}}), "income")
    assert judge(back) == LOWER
    assert back.estimate == pytest.approx(-income.estimate)


def test_units_and_smallest_effects_go_with_the_measure() -> None:
    study = town({"poor": {2015: RISING, 2016: LATER}}, indicator("poor", smallest_effect=1.5))
    absolute, relative = (judged(study, "poor", measure) for measure in (ABSOLUTE, RELATIVE))
    assert (absolute.unit, absolute.smallest_effect) == ("points", 1.5)
    assert (relative.unit, relative.smallest_effect) == ("percent", 2.0)
    assert absolute.range_kind == ("process", "rounding")
    assert set(absolute.details) == {
        "randomisation_low",
        "randomisation_high",
        "rounding_low",
        "rounding_high",
        "p_value",
        "degrees",
    }
    parts = {key: part["value"] for key, part in absolute.details.items()}
    assert absolute.low <= parts["randomisation_low"] <= absolute.estimate
    assert parts["rounding_high"] - parts["rounding_low"] == pytest.approx(4)  # four means, each half a point


def test_a_measure_is_reversed_when_the_focus_is_better_off_on_either_side() -> None:
    turned = [35.0] * 4 + LATER[4:]
    for years in ({2015: RISING, 2016: turned}, {2015: turned, 2016: RISING}):
        for measure in (ABSOLUTE, RELATIVE):
            assert judged(town({"income": years}), "income", measure).measure == f"{measure}_reversed"
    assert judged(town({"income": {2015: RISING, 2016: LATER}}), "income").measure == ABSOLUTE


def test_an_indicator_without_a_good_side_takes_that_on_which_the_focus_started() -> None:
    neutral = indicator("income", better=0)
    low = gaps.follow(town({"income": {2015: RISING, 2016: LATER}}, neutral), "income")
    high = gaps.follow(town({"income": {2015: [-v for v in RISING], 2016: [-v for v in LATER]}}, neutral), "income")
    level = gaps.follow(town({"income": {2015: [5.0] * 12, 2016: LATER}}, neutral), "income")
    assert (low.orientation, high.orientation, level.orientation) == (-1, 1, 1)


# ------------------------------------------------------------------ what cannot be compared


def test_years_across_a_break_are_not_compared() -> None:
    years = {2015: RISING, 2016: LATER, 2017: [v + 50 for v in LATER]}
    study = town({"income": years}, handmade.broken("income", 2017))
    followed = gaps.follow(study, "income")
    assert followed.years == (2015, 2016)
    assert followed.breaks == ((2016, 2017, ("income@2017",)),)
    found = gaps.break_finding(study, followed, "x")
    assert found is not None
    assert judge(found) == NOT_COMPARABLE
    assert (found.comparability, found.breaks, found.low, found.high) == ("broken", ("income@2017",), None, None)
    gap = gaps.gap_change(study, followed, ABSOLUTE, "y").b.estimate
    assert (found.a.year, found.b.year, found.a.estimate) == (2016, 2017, pytest.approx(gap))
    assert found.b.estimate == pytest.approx(gap)  # all went up by 50, so the gap is the same on the new footing
    table = gaps.gap_table(study, followed)
    assert table["year"].tolist() == [2015, 2016, 2017]
    assert table["link"].tolist() == ["comparable", "comparable", "broken"]
    bridged = town({"income": years}, handmade.broken("income", 2017, bridged=True))
    assert gaps.follow(bridged, "income").years == (2015, 2016, 2017)
    assert gaps.break_finding(bridged, gaps.follow(bridged, "income"), "x") is None


def test_the_picture_s_table_by_hand() -> None:
    table = gaps.gap_table(
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


@pytest.mark.parametrize(
    ("years", "reason"),
    [
        ({2015: RISING}, "one_year_only"),
        ({2015: RISING[:6] + [None] * 6, 2016: LATER[:6] + [None] * 6}, "too_little_measured"),
        ({2015: ["suppressed"] * 4 + RISING[4:], 2016: LATER}, "no_group_left"),
        ({2015: ["suppressed"] * 12, 2016: ["suppressed"] * 12}, "no_figures"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_says_why(years: Any, reason: str) -> None:
    # the focus buurten hold 26 of the 126 hundred inhabitants: without them 79 percent is measured
    study = town({"income": years})
    study = dataclasses.replace(
        study, known=dataclasses.replace(study.known, settings={**study.known.settings, "coverage_minimum": 75.0})
    )
    followed = gaps.follow(study, "income")
    assert (followed.panel, followed.reason) == (None, reason)
    found = gaps.gap_change(study, followed, RELATIVE, "x")
    assert (judge(found), found.reason, found.estimate) == (NOT_COMPUTABLE, reason, None)
    assert gaps.placebo_finding(study, followed, "y").reason == reason
    assert gaps.gap_table(study, followed).empty
    assert gaps.break_finding(study, followed, "z") is None


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


# ------------------------------------------------------------------ variants


def test_similar_buurten_are_those_within_the_focus_range_at_the_start() -> None:
    start = [20.0, 25, 22, 24, 20, 25, 19.9, 25.1, 21, 30, 40, 23]
    study = town({"income": {2015: start, 2016: LATER}})
    followed = gaps.follow(study, "income")
    similar = gaps.similar_level(gaps.paths_of(followed))
    chosen = {code for code, inside in zip(BUURTEN, similar, strict=True) if inside}
    assert chosen == {*FOCUS, BUURTEN[4], BUURTEN[5], BUURTEN[8], BUURTEN[11]}
    found = gaps.gap_change(study, followed, ABSOLUTE, "x", variant="similar")
    assert found.reason == "too_few_buurten"  # 8 choose 4 is 70
    alone = town({"income": {2015: RISING, 2016: LATER}})
    assert judged(alone, "income", variant="similar").reason == "no_similar_buurten"


def test_unweighted_counts_every_buurt_alike() -> None:
    study = town({"income": {2015: RISING, 2016: LATER}})
    found = judged(study, "income", variant="unweighted")
    assert found.a.estimate == pytest.approx(np.mean(RISING[4:]) - np.mean(RISING[:4]))
    assert found.a.n_total == 12


def test_the_trend_variant_takes_the_ends_of_the_lines() -> None:
    middle = [(first + last) / 2 for first, last in zip(RISING, LATER, strict=True)]
    straight = {2015: RISING, 2016: middle, 2017: LATER}
    study = town({"income": straight}, indicator("income", rounding=0.0))
    ends, trend = judged(study, "income"), judged(study, "income", variant="trend")
    assert trend.estimate == pytest.approx(ends.estimate)
    assert (trend.low, trend.high) == pytest.approx((ends.low, ends.high))
    bent = town({"income": {**straight, 2016: LATER}}, indicator("income", rounding=0.0))
    # the line of three years rises by (last − first) whatever the middle one, from (5·first + 2·middle − last)/6
    found = judged(bent, "income", variant="trend")
    assert found.estimate == pytest.approx(ends.estimate)
    first, last = ends.a.estimate, ends.b.estimate
    assert found.a.estimate == pytest.approx((5 * first + 2 * last - last) / 6)


# ------------------------------------------------------------------ flags


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


# ------------------------------------------------------------------ selection


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
    assert corrected.estimate == pytest.approx(naive.estimate)
    assert (corrected.a, corrected.b) == (naive.a, naive.b)
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
    assert "corrected_for_selection" in gaps.gap_change(study, followed, ABSOLUTE, "x", headline).flags
    assert "corrected_for_selection" not in gaps.gap_change(study, followed, ABSOLUTE, "x", other).flags
    turned = town({"income": years}, focus=other)
    found = gaps.gap_change(turned, gaps.follow(turned, "income"), ABSOLUTE, "x", headline)
    assert "corrected_for_selection" in found.flags
    assert gaps.rule_of(followed, headline) == Rule("lowest", 0)
    assert gaps.rule_of(followed, Focus("highest:4:income:2017", FOCUS, "income", 2017)) == Rule("highest", 2)
    assert gaps.rule_of(followed, Focus("lowest:4:income:1999", FOCUS, "income", 1999)) is None


def test_the_placebo_stands_beside_the_measured_change() -> None:
    study = town({"income": shaky(3)})
    found = gaps.placebo_finding(study, gaps.follow(study, "income"), "04.income.placebo")
    change = judged(study, "income")
    assert found.details["observed"]["value"] == pytest.approx(change.estimate)
    assert found.measure == ("inside" if found.low <= change.estimate <= found.high else "outside")
    assert found.range_kind == ("placebo",)
    assert found.low < found.estimate < found.high
    jump = {
        year: [v - 40 * (year == 2019) * (place < 4) for place, v in enumerate(row)] for year, row in shaky(3).items()
    }
    moved = town({"income": jump}, indicator("income", rounding=0.1))
    assert gaps.placebo_finding(moved, gaps.follow(moved, "income"), "04.income.placebo").details["noise"]["value"] > 3


def test_the_same_number_gives_the_same_finding_in_any_order() -> None:
    study = town({"income": {2015: RISING, 2016: LATER}})
    followed = gaps.follow(study, "income")
    first = gaps.gap_change(study, followed, RELATIVE, "04.a")
    gaps.gap_change(study, followed, RELATIVE, "04.b")
    assert gaps.gap_change(study, followed, RELATIVE, "04.a") == first


# ------------------------------------------------------------------ golden numbers


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda"})


def test_the_gap_in_dwelling_values_of_breda(breda: Study) -> None:
    """Golden: 104.7 thousand euro in 2015, 162.7 in 2024, over 50 buurten; 41.36 and 37.67 percent of the rest.

    Recomputed here with loops from the CSV; 1e-9 is floating point. The printed digits are what a reader can check.
    """
    values, codes, people = real.dwelling_values()
    followed = gaps.follow(breda, "mean_dwelling_value")
    assert followed.years == tuple(range(2015, 2025))
    assert followed.panel is not None
    assert set(followed.panel.codes) == codes
    assert len(codes) == 50
    inside, outside = codes & real.focus(), codes - real.focus()
    assert len(inside) == 11
    means = {
        year: (real.mean(values[year], people, inside), real.mean(values[year], people, outside)) for year in values
    }
    absolute = gaps.gap_change(breda, followed, ABSOLUTE, "04.mean_dwelling_value.absolute")
    relative = gaps.gap_change(breda, followed, RELATIVE, "04.mean_dwelling_value.relative")
    for side, year in ((absolute.a, 2015), (absolute.b, 2024)):
        focus, rest = means[year]
        assert side.estimate == pytest.approx(rest - focus, abs=1e-9)
    for side, year in ((relative.a, 2015), (relative.b, 2024)):
        focus, rest = means[year]
        assert side.estimate == pytest.approx(100 * (1 - focus / rest), abs=1e-9)
    assert (absolute.a.estimate, absolute.b.estimate) == pytest.approx((104.74, 162.74), abs=0.005)
    assert (relative.a.estimate, relative.b.estimate) == pytest.approx((41.36, 37.67), abs=0.005)
    assert judge(absolute) == HIGHER
    assert followed.breaks == ()
    table = gaps.gap_table(breda, followed).set_index("year")
    for year, (focus, rest) in means.items():
        assert (table.loc[year, "focus"], table.loc[year, "rest"]) == pytest.approx((focus, rest), abs=1e-9)


def test_the_gap_in_good_health_of_breda(breda: Study) -> None:
    """Golden: 8.92 points in 2016, 9.38 in 2024, over 51 buurten (rivm_50150), weighed by inhabitants of 2016."""
    people = real.figures("inhabitants", real.PANEL, 2016)
    values = {
        year: real.figures("good_perceived_health_share", "rivm_50150", year) for year in (2016, 2020, 2022, 2024)
    }
    codes = set.intersection(*(set(by_code) for by_code in values.values()))
    found = gaps.gap_change(breda, gaps.follow(breda, "good_perceived_health_share"), ABSOLUTE, "x")
    for side, year in ((found.a, 2016), (found.b, 2024)):
        gap = real.mean(values[year], people, codes - real.focus()) - real.mean(
            values[year], people, codes & real.focus()
        )
        assert side.estimate == pytest.approx(gap, abs=1e-9)
    assert (found.a.estimate, found.b.estimate) == pytest.approx((8.92, 9.38), abs=0.005)
    assert found.a.n_units == len(codes) == 51
