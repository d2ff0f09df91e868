"""Gaps, states and intervals against numbers worked by hand, all permutations, and a second version of each formula."""

import dataclasses
import math
from itertools import combinations

import numpy as np
import pytest
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kloof.errors import NotComputableError
from kloof.methods import contrast, randomisation
from kloof.methods import gap as models
from kloof.methods.gap import ABSOLUTE, RELATIVE, Paths, Rule, States

FOCUS = np.array([True] * 3 + [False] * 6)


def exact(before: np.ndarray, after: np.ndarray, weight: np.ndarray, is_focus: np.ndarray, half: float = 0.0) -> States:
    """States known to within `half`."""
    return States(before, after, before - half, before + half, after - half, after + half, weight, is_focus)


def nine(seed: int, spread: float = 0.2) -> States:
    rng = np.random.default_rng(seed)
    before = 10 + 5 * rng.random(9)
    return exact(before, before * np.exp(spread * rng.standard_normal(9)), 0.5 + rng.random(9), FOCUS)


def swapped(states: States) -> States:
    return dataclasses.replace(states, is_focus=~states.is_focus)


def change(states: States, measure: str = ABSOLUTE, draws: int = 999, seed: int = 3) -> models.Interval:
    return models.change_of_gap(
        states, measure, randomisation.deal(states.is_focus, np.random.default_rng(seed), draws)
    )


def paths(value: object, is_focus: object, weight: object = None, half: float = 0.0) -> Paths:
    figures = np.array(value, dtype=float)
    size = np.ones(len(figures)) if weight is None else np.array(weight, dtype=float)
    return Paths(figures, figures - half, figures + half, np.arange(figures.shape[1], dtype=float), size,
                 np.array(is_focus, dtype=bool))  # fmt: skip


# ------------------------------------------------------------------ gaps


def test_a_gap_by_hand() -> None:
    # focus (1·10 + 3·20)/4 = 17.5; rest (2·30 + 2·50)/4 = 40; 17.5 − 40 = −22.5, that is −56.25 % of 40
    value, weight = np.array([10.0, 20, 30, 50]), np.array([1.0, 3, 2, 2])
    is_focus = np.array([True, True, False, False])
    assert models.gap(value, weight, is_focus, ABSOLUTE) == pytest.approx(-22.5)
    assert models.gap(value, weight, is_focus, RELATIVE) == pytest.approx(-56.25)
    # each within 1: focus 16.5–18.5, rest 39–41: −24.5 to −20.5, and 16.5/41 − 1 to 18.5/39 − 1
    bounds = models.gap_bounds(value - 1, value + 1, weight, is_focus, ABSOLUTE)
    assert bounds == pytest.approx((-24.5, -20.5))
    bounds = models.gap_bounds(value - 1, value + 1, weight, is_focus, RELATIVE)
    assert bounds == pytest.approx((100 * (16.5 / 41 - 1), 100 * (18.5 / 39 - 1)))


def test_no_ratio_to_nothing() -> None:
    is_focus = np.array([True, False])
    for value in ([3.0, 0.0], [0.0, 0.0]):
        with pytest.raises(NotComputableError, match="mean 0") as caught:
            models.gap(np.array(value), np.ones(2), is_focus, RELATIVE)
        assert caught.value.reason == "rest_is_zero"
    with pytest.raises(NotComputableError) as caught:
        models.gap_bounds(np.array([1.0, -0.5]), np.array([2.0, 0.5]), np.ones(2), is_focus, RELATIVE)
    assert caught.value.reason == "rest_may_be_zero"


# ------------------------------------------------------------------ randomisation


ALL_DEALS = np.array([[float(place in chosen) for place in range(9)] for chosen in combinations(range(9), 3)])


def part(value: np.ndarray, weight: np.ndarray, members: np.ndarray) -> float:
    """Weighted mean over members, in a loop."""
    top = bottom = 0.0
    for v, w, m in zip(value, weight, members, strict=True):
        top, bottom = top + v * w * m, bottom + w * m
    return top / bottom


def kept(states: States, measure: str, c: float) -> bool:
    """Whether a change c of the focus buurten is not rejected, by dealing the labels in all 84 ways."""

    def statistic(members: np.ndarray) -> float:
        if measure == ABSOLUTE:
            moved = states.after - states.before - c * states.is_focus
            return part(moved, states.weight, members) - part(moved, states.weight, 1 - members)
        after = np.where(states.is_focus, states.after * math.exp(-c), states.after)
        sides = [(part(after, states.weight, side), part(states.before, states.weight, side))
                 for side in (members, 1 - members)]  # fmt: skip
        return math.log(sides[0][0] / sides[0][1]) - math.log(sides[1][0] / sides[1][1])

    observed = statistic(states.is_focus.astype(float))
    dealt = [statistic(members) for members in ALL_DEALS]
    above = (sum(value >= observed - 1e-12 for value in dealt) + 1) / (len(dealt) + 1)
    below = (sum(value <= observed + 1e-12 for value in dealt) + 1) / (len(dealt) + 1)
    return min(above, below) > 0.025


@pytest.mark.parametrize("measure", [ABSOLUTE, RELATIVE])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_closed_form_equals_a_grid_over_all_permutations(measure: str, seed: int) -> None:
    states = nine(seed)
    if measure == ABSOLUTE:
        moved = states.after - states.before
        (low, high), p = randomisation.constant_change(moved, states.weight, states.is_focus, ALL_DEALS)
        grid = np.linspace(-12, 12, 961)
    else:
        (low, high), p = randomisation.growth(states.before, states.after, states.weight, states.is_focus, ALL_DEALS)
        grid = np.linspace(-1.2, 1.2, 961)
    step = grid[1] - grid[0]
    inside = np.array([kept(states, measure, c) for c in grid])
    assert inside[0] == inside[-1] == False  # noqa: E712
    held = grid[inside]
    assert np.flatnonzero(inside).tolist() == list(range(inside.argmax(), inside.argmax() + inside.sum()))
    assert held[0] - step < low <= held[0]
    assert held[-1] <= high < held[-1] + step
    assert (low <= 0 <= high) == kept(states, measure, 0.0)
    assert p > 0.025 or not kept(states, measure, 0.0)


def test_the_p_value_counts_the_observed_labels() -> None:
    # the three focus buurten rise by 9, 8, 7 and the others by 0 to 5: no deal of the 84 is as extreme but the own one
    moved = np.array([9.0, 8, 7, 0, 1, 2, 3, 4, 5])
    _, p = randomisation.constant_change(moved, np.ones(9), FOCUS, ALL_DEALS)
    assert p == pytest.approx(2 / 85)
    others = ALL_DEALS[(ALL_DEALS != FOCUS).any(axis=1)]
    assert randomisation.constant_change(moved, np.ones(9), FOCUS, others)[1] == pytest.approx(1 / 84)


def test_deals_that_repeat_the_observed_labels_are_always_outside() -> None:
    """Of 84 equal deals floor(0.025 · 85) = 2 stay outside; the own one is one of them, so the next is the limit."""
    moved = np.arange(9.0)
    ties = []
    for members in ALL_DEALS:
        if (members != FOCUS).any():
            overlap = (members * FOCUS).sum() / 3 - ((1 - members) * FOCUS).sum() / 6
            dealt = moved[members == 1].mean() - moved[members == 0].mean()
            ties.append((moved[:3].mean() - moved[3:].mean() - dealt) / (1 - overlap))
    (low, high), _ = randomisation.constant_change(moved, np.ones(9), FOCUS, ALL_DEALS)
    assert (low, high) == pytest.approx((sorted(ties)[0], sorted(ties)[-1]))


def test_deal_gives_every_buurt_its_turn() -> None:
    is_focus = np.arange(20) < 5
    labels = randomisation.deal(is_focus, np.random.default_rng(0), 4000)
    assert labels.shape == (4000, 20)
    assert set(labels.sum(axis=1)) == {5.0}
    assert np.abs(labels.mean(axis=0) - 1 / 4).max() < 4 * math.sqrt(3 / 16 / 4000)


def test_few_ways_to_deal_are_all_tried_once() -> None:
    labels = randomisation.deal(FOCUS, np.random.default_rng(0), 84)
    assert {tuple(row) for row in labels} == {tuple(row) for row in ALL_DEALS}
    assert len(labels) == 84
    assert len(randomisation.deal(FOCUS, np.random.default_rng(0), 83)) == 83


def test_limits_by_hand() -> None:
    # 199 draws and the observed one: floor(0.025 · 200) = 5 on each side, the fifth included
    ordered = np.arange(1.0, 200)
    assert randomisation.limits(ordered) == (5, 195)
    assert randomisation.limits(ordered[:-2], always=2) == (3, 195)
    assert reason_of(randomisation.limits, np.arange(38.0)) == "too_few_draws"


def test_a_growth_needs_means_above_0() -> None:
    after = np.array([1.0, 1, 1, 0, 0, 0, 1, 1, 1])  # one deal holds the three zeros
    for before, later in ((np.ones(9), after), (after, np.ones(9))):
        with pytest.raises(NotComputableError, match="above 0") as caught:
            randomisation.growth(before, later, np.ones(9), FOCUS, ALL_DEALS)
        assert caught.value.reason == "not_positive"


def test_a_growth_that_nothing_can_exclude_has_no_limit() -> None:
    """With two zeros in the rest, a deal of one focus buurt and both zeros grows as the focus does, without end."""
    after = np.array([1.0, 1, 1, 0, 0, 1, 1, 1, 1])
    (low, high), _ = randomisation.growth(np.ones(9), after, np.ones(9), FOCUS, ALL_DEALS)
    assert high == math.inf
    assert -math.inf < low < math.log(1.5) < high


# ------------------------------------------------------------------ the interval


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_of_a_change_is_the_guarded_dealing_of_it(seed: int) -> None:
    states = nine(seed)
    labels = randomisation.deal(FOCUS, np.random.default_rng(3), 999)
    low, high, p = contrast.guarded(states.after - states.before, states.weight, FOCUS, labels)
    found = change(states)
    assert found.randomisation == (low, high)
    assert found.p_value == p


def test_a_growth_is_dealt_by_what_each_buurt_adds_to_it() -> None:
    """Each buurt's influence on the log growth of its group's mean, by small steps of both its figures."""
    states = nine(5, spread=0.05)
    weight = states.weight
    added = np.empty(9)
    for place in range(9):
        side = FOCUS if FOCUS[place] else ~FOCUS
        share, total = weight[place] / weight[side].sum(), 0.0
        for value, sign in ((states.after, 1), (states.before, -1)):
            mean, moved = part(value, weight, side), value.copy()
            moved[place] += 1e-6 * (value[place] - mean) / share
            total += sign * (math.log(part(moved, weight, side)) - math.log(mean)) / 1e-6
        added[place] = math.log(part(states.after, weight, side) / part(states.before, weight, side)) + total
    labels = randomisation.deal(FOCUS, np.random.default_rng(3), 999)
    low, high, _ = contrast.guarded(added, weight, FOCUS, labels)
    ratio = part(states.before, weight, FOCUS) / part(states.before, weight, ~FOCUS)
    found = change(states, RELATIVE)
    expected = tuple(100 * ratio * (math.exp(end) - 1) for end in (low, high))
    assert found.randomisation == pytest.approx(expected, rel=1e-3)


@given(seed=st.integers(0, 10_000), measure=st.sampled_from([ABSOLUTE, RELATIVE]), half=st.floats(0, 0.4))
@settings(max_examples=40, deadline=None)
def test_the_interval_is_what_dealing_leaves_stretched_by_rounding(seed: int, measure: str, half: float) -> None:
    states = dataclasses.replace(nine(seed))
    rounded = exact(states.before, states.after, states.weight, FOCUS, half)
    sharp, wide = change(states, measure, 299, seed), change(rounded, measure, 299, seed)
    assert sharp.low <= sharp.estimate <= sharp.high
    assert (sharp.low, sharp.high) == pytest.approx(sharp.randomisation)
    assert sharp.rounding == pytest.approx((sharp.estimate, sharp.estimate))
    assert wide.estimate == sharp.estimate
    assert wide.randomisation == sharp.randomisation
    if measure == ABSOLUTE:  # four means that may each be `half` off
        assert wide.rounding == pytest.approx((sharp.estimate - 4 * half, sharp.estimate + 4 * half))
    assert sharp.low - wide.low == pytest.approx(sharp.estimate - wide.rounding[0], abs=1e-9)
    assert wide.high - sharp.high == pytest.approx(wide.rounding[1] - sharp.estimate, abs=1e-9)


def test_rounding_of_a_ratio_by_hand() -> None:
    # before: focus 8, rest 10; after: focus 6, rest 12; all within 1. 100 (6/12 − 8/10) = −30; at its lowest
    # 100 (5/13 − 9/9), at its highest 100 (7/11 − 7/11)
    before, after = np.where(FOCUS, 8.0, 10.0), np.where(FOCUS, 6.0, 12.0)
    found = change(exact(before, after, np.ones(9), FOCUS, 1.0), RELATIVE)
    assert found.estimate == pytest.approx(-30)
    assert found.rounding == pytest.approx((100 * (5 / 13 - 9 / 9), 100 * (7 / 11 - 7 / 11)))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_turning_signs_and_sides(seed: int) -> None:
    """Turning all figures over, and trading the places of focus and rest, each turn the answer over."""
    states = nine(seed)
    found = change(states, draws=299)
    negative = change(exact(-states.before, -states.after, states.weight, FOCUS), draws=299)
    assert (negative.low, negative.estimate, negative.high) == pytest.approx((-found.high, -found.estimate, -found.low))
    assert negative.p_value == found.p_value
    # dealing the labels of the rest instead: the same deals, with the sides traded
    labels = randomisation.deal(FOCUS, np.random.default_rng(seed), 299)
    moved = states.after - states.before
    one, p_one = randomisation.constant_change(moved, states.weight, FOCUS, labels)
    other, p_other = randomisation.constant_change(moved, states.weight, ~FOCUS, 1 - labels)
    assert other == pytest.approx((-one[1], -one[0]))
    grown = randomisation.growth(states.before, states.after, states.weight, FOCUS, labels)
    traded = randomisation.growth(states.before, states.after, states.weight, ~FOCUS, 1 - labels)
    assert traded[0] == pytest.approx((-grown[0][1], -grown[0][0]))
    assert (p_one, grown[1]) == (p_other, traded[1])
    assert change(swapped(states), draws=299).estimate == pytest.approx(-found.estimate)


@given(seed=st.integers(0, 10_000), amount=st.floats(-5, 5), factor=st.floats(0.2, 5))
@settings(max_examples=25, deadline=None)
def test_what_happens_to_all_buurten_changes_nothing(seed: int, amount: float, factor: float) -> None:
    states = nine(seed)
    found = change(states, draws=299)
    added = change(exact(states.before, states.after + amount, states.weight, FOCUS), draws=299)
    assert (added.low, added.estimate, added.high) == pytest.approx((found.low, found.estimate, found.high), abs=1e-9)
    found = change(states, RELATIVE, draws=299)
    grown = change(exact(states.before, factor * states.after, states.weight, FOCUS), RELATIVE, draws=299)
    assert (grown.low, grown.estimate, grown.high) == pytest.approx((found.low, found.estimate, found.high), abs=1e-9)
    scaled = exact(factor * states.before, factor * states.after, states.weight, FOCUS)
    unit = change(scaled, RELATIVE, draws=299)
    assert (unit.low, unit.high, unit.p_value) == pytest.approx((found.low, found.high, found.p_value))
    heavier = dataclasses.replace(states, weight=factor * states.weight)
    assert change(heavier, draws=299).low == pytest.approx(change(states, draws=299).low)


def test_a_planted_change_lies_inside_and_its_absence_outside() -> None:
    rng = np.random.default_rng(8)
    is_focus = np.arange(40) < 10
    before = 100 + 10 * rng.standard_normal(40)
    after = before + rng.standard_normal(40) - 6 * is_focus
    found = change(exact(before, after, np.ones(40), is_focus))
    assert found.low < -6 < found.high < 0
    assert found.p_value == pytest.approx(1 / 1000)


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(6)
    states = exact(10 + rng.random(30), 10 + rng.random(30), 1 + rng.random(30), np.arange(30) < 9)
    for measure in (ABSOLUTE, RELATIVE):
        assert change(states, measure, seed=1) == change(states, measure, seed=1)
        assert change(states, measure, seed=1).randomisation != change(states, measure, seed=2).randomisation


def test_too_few_buurten() -> None:
    # 8 choose 3 is 56, 9 choose 3 is 84: with fewer than 80 ways to deal no 95 percent interval exists
    values = np.arange(1.0, 9)
    with pytest.raises(NotComputableError, match="3 of 8") as caught:
        change(exact(values, values + 1, np.ones(8), np.arange(8) < 3))
    assert caught.value.reason == "too_few_buurten"
    assert change(nine(1)).low < change(nine(1)).high


@pytest.mark.parametrize("measure", [ABSOLUTE, RELATIVE])
def test_one_buurt_in_a_group_has_no_spread_so_the_labels_alone_are_dealt(measure: str) -> None:
    rng = np.random.default_rng(2)
    before, only = 1 + rng.random(100), np.arange(100) < 1
    states = exact(before, before + rng.random(100), np.ones(100), only)
    found = change(states, measure)
    labels = randomisation.deal(only, np.random.default_rng(3), 999)
    assert len(labels) == 100
    if measure == ABSOLUTE:
        bounds, p = randomisation.constant_change(states.after - states.before, np.ones(100), only, labels)
    else:
        (low, high), p = randomisation.growth(states.before, states.after, np.ones(100), only, labels)
        ratio = before[0] / before[1:].mean()
        bounds = 100 * ratio * (math.exp(low) - 1), 100 * ratio * (math.exp(high) - 1)
    assert (found.low, found.high) == pytest.approx(bounds)
    assert found.p_value == p


def test_a_ratio_that_nothing_rules_out_has_no_range() -> None:
    """As in a place of nine buurten that grew a hundredfold or fell as far; the change in units has its range."""
    wild = nine(3, 6.0)
    with pytest.raises(NotComputableError, match="1000 times") as caught:
        change(wild, RELATIVE)
    assert caught.value.reason == "no_limit"
    assert change(wild).low < change(wild).high
    assert change(nine(0, 6.0), RELATIVE).high > 10_000  # wide, and still a range


def test_where_all_buurten_did_the_same_the_labels_alone_are_dealt() -> None:
    before = np.arange(30.0)
    found = change(exact(before, before + 2 - 1.5 * (before < 9), np.ones(30), before < 9))
    assert (found.low, found.estimate, found.high) == pytest.approx((-1.5, -1.5, -1.5))
    assert found.p_value == pytest.approx(1 / 1000)


def test_a_growth_needs_groups_with_means_above_0() -> None:
    before = np.where(FOCUS, -1.0, 3.0) + np.arange(9) / 100
    with pytest.raises(NotComputableError, match="above 0") as caught:
        change(exact(before, before + 1, np.ones(9), FOCUS), RELATIVE)
    assert caught.value.reason == "not_positive"


# ------------------------------------------------------------------ states


def test_the_ends_of_exact_lines_are_the_figures() -> None:
    years = np.arange(5.0)
    value = np.array([[2.0], [10], [7]]) + np.array([[1.0], [-2], [0]]) * years
    made = models.states_of(paths(value, [1, 0, 0]), models.own_lines(years))
    np.testing.assert_allclose(made.before, [2, 10, 7])
    np.testing.assert_allclose(made.after, [6, 2, 7])


def test_the_line_of_three_years_by_hand() -> None:
    # ordinates 1, 2, 6 at 0, 1, 2: slope 2.5, mean 3, ends 0.5 and 5.5. The first end is (5 y₁ + 2 y₂ − y₃)/6:
    # rounding within 0.5 moves it by at most (5 + 2 + 1)/6 · 0.5 = 2/3
    made = models.states_of(paths([[1, 2, 6]] * 2, [1, 0], half=0.5), models.own_lines(np.arange(3.0)))
    assert (made.before[0], made.after[0]) == pytest.approx((0.5, 5.5))
    assert (made.before_low[0], made.before_high[0]) == pytest.approx((0.5 - 2 / 3, 0.5 + 2 / 3))
    assert (made.after_low[0], made.after_high[0]) == pytest.approx((5.5 - 2 / 3, 5.5 + 2 / 3))


def test_bounds_that_are_cut_at_zero_stay_bounds() -> None:
    """A share printed 0 lies between 0 and 0.5, not 0.25 around 0: the drawn-on line takes the ends as they are."""
    figures = Paths(np.zeros((2, 3)), np.zeros((2, 3)), np.full((2, 3), 0.5), np.arange(3.0), np.ones(2),
                    np.array([True, False]))  # fmt: skip
    made = models.states_of(figures, models.beyond_line(figures.times, [True, True, False]))
    # the line drawn on is 2 y₂ − y₁: from 2·0 − 0.5 to 2·0.5 − 0
    assert (made.before_low[0], made.before_high[0]) == pytest.approx((-0.5, 1.0))
    assert (made.after_low[0], made.after_high[0]) == pytest.approx((0, 0.5))


def test_beyond_exact_lines_is_nothing() -> None:
    times = np.array([0.0, 1, 3, 4, 7])
    value = np.array([[5.0], [1], [9], [2]]) + np.array([[1.0], [2], [-1], [0.5]]) * times
    figures = dataclasses.replace(paths(value, [1, 1, 0, 0]), times=times)
    for flags in ([True, True, False, False, False], [True, True, True, True, False]):
        made = models.states_of(figures, models.beyond_line(times, flags))
        np.testing.assert_allclose(made.after, made.before)
        np.testing.assert_allclose(made.after, value[:, ~np.array(flags)].mean(axis=1))


def test_beyond_the_line_by_hand() -> None:
    # before the event 1, 3 (at 0 and 1): the line is at 5 and 7 (mean 6) at 2 and 3; measured 4 and 9 (mean 6.5)
    made = models.states_of(
        paths([[1, 3, 4, 9]] * 2, [1, 0]), models.beyond_line(np.arange(4.0), [True, True, False, False])
    )
    assert (made.before[0], made.after[0]) == pytest.approx((6, 6.5))


def test_false_events_use_the_years_before_only() -> None:
    times, before = np.array([0.0, 1, 2, 4, 5, 6]), [True] * 5 + [False]
    made = models.false_events(times, before)
    assert len(made) == 3  # at 2, 4 and 5: each leaves two years before it and one since
    for place, comparison in zip((2, 3, 4), made, strict=True):
        own = models.beyond_line(times[:5], [at < place for at in range(5)])
        for part, expected in zip(comparison, own, strict=True):
            np.testing.assert_allclose(part, [*expected, 0.0])
    later = models.false_events(times, before, 1)
    assert len(later) == 2
    assert all(part[0] == 0 == part[5] for one in later for part in one)
    assert models.false_events(times, before, 2) == ()  # three years before
    assert models.false_events(times, [True] * 3 + [False] * 3) == ()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [([True, False, False], "too_few_years_before"), ([True, True, True], "no_year_since")],
)
def test_without_years_there_is_no_trend(flags: list[bool], reason: str) -> None:
    assert reason_of(models.beyond_line, np.arange(3.0), flags) == reason


def test_the_trend_of_the_gap_by_hand() -> None:
    # gaps −1, −2, −9 with the first two before: the line goes on to −3
    figures = paths([[4, 4, 0], [5, 6, 9]], [1, 0])
    np.testing.assert_allclose(models.trend_of_gap(figures, [True, True, False]), [-1, -2, -3])


# ------------------------------------------------------------------ placebo


def still(seed: int, noise: float, years: int = 6) -> Paths:
    """Forty buurten that never change, seen with noise."""
    rng = np.random.default_rng(seed)
    value = rng.normal(100, 5, 40)[:, None] + noise * rng.standard_normal((40, years))
    return paths(value, np.arange(40) < 10)


def test_noise_by_hand() -> None:
    # residuals around own lines, after the yearly mean is out: buurten go 0 0 3 and 3 3 0; less the mean 1.5 they are
    # ∓1.5 ∓1.5 ±1.5; a line through −1.5, −1.5, 1.5 leaves 0.5, −1, 0.5: 1.5 squared for each of two buurten, over
    # (2 − 1)(3 − 2): √(2 · 1.5) = √3
    figures = paths([[0, 0, 3], [3, 3, 0]], [1, 0])
    np.testing.assert_allclose(models.noise_of(figures, 0.0, ABSOLUTE), math.sqrt(3))
    np.testing.assert_allclose(models.noise_of(figures, 12.0, ABSOLUTE), math.sqrt(12))  # rounding alone is more
    two = paths([[0, 3], [3, 0]], [1, 0])
    np.testing.assert_allclose(models.noise_of(two, 1.0, ABSOLUTE), 1 / math.sqrt(12))


def test_noise_is_found_back_and_relative_noise_goes_with_the_level() -> None:
    figures = still(1, 2.0, years=30)
    found = models.noise_of(figures, 0.0, ABSOLUTE)
    assert found[0] == pytest.approx(2.0, rel=0.05)
    shared = 50 * np.random.default_rng(9).standard_normal(30)  # what happens to all buurten in a year is no noise
    np.testing.assert_allclose(
        models.noise_of(dataclasses.replace(figures, value=figures.value + shared), 0.0, ABSOLUTE), found
    )
    level = np.where(np.arange(40) < 20, 10.0, 1000.0)
    shaky = level[:, None] * np.exp(0.02 * np.random.default_rng(3).standard_normal((40, 30)))
    found = models.noise_of(paths(shaky, np.arange(40) < 10), 0.0, RELATIVE)
    np.testing.assert_allclose(found / shaky.mean(axis=1), 0.02, rtol=0.05)
    zero = paths(np.where(np.arange(40)[:, None] == 0, 0.0, shaky), np.arange(40) < 10)
    np.testing.assert_allclose(models.noise_of(zero, 6.0, RELATIVE), 6 / math.sqrt(12))  # no ratio to 0


def placebo(figures: Paths, rule: Rule | None = None, seed: int = 5, noise: float = 3.0) -> models.Placebo:
    comparison = models.two_years(figures.value.shape[1], 0, -1)
    return models.placebo(figures, comparison, np.full(40, noise), np.random.default_rng(seed), 1999, rule)


def test_without_a_rule_noise_moves_nothing_on_average() -> None:
    found = placebo(still(2, 3.0))
    # a change of a difference of two means: 3 · √2 · √(1/10 + 1/30) = 1.549; twice 1.96 of these between the limits
    spread = 3 * math.sqrt(2) * math.sqrt(1 / 10 + 1 / 30)
    assert found.mean == 0
    assert found.high - found.low == pytest.approx(2 * 1.959964 * spread)
    assert (found.noise, found.reselected) == (pytest.approx(3.0), False)


@pytest.mark.parametrize(("extreme", "sign"), [("lowest", 1), ("highest", -1)])
def test_a_list_chosen_on_noise_recovers(extreme: str, sign: int) -> None:
    """The lowest of a noisy first year rise afterwards, the highest fall; chosen on the last year the other way."""
    figures = still(3, 3.0)
    found = placebo(figures, Rule(extreme, 0))
    assert found.reselected
    # of a deviation from the mean the part σ²/(τ² + σ²) was noise: the gap of about −2 · 0.95 standard deviations
    truth = figures.value.mean(axis=1).std()
    part_noise = 9 / (truth**2 + 9)
    ranked = stats.norm.ppf((np.arange(40) + 0.5) / 40)
    gap = (ranked[:10].mean() - ranked[10:].mean()) * math.sqrt(truth**2 + 9)
    assert sign * found.mean == pytest.approx(-gap * part_noise, rel=0.25)
    assert found.mean_relative is not None
    assert np.sign(found.mean_relative) == sign
    assert sign * placebo(figures, Rule(extreme, 5)).mean < 0
    middle = placebo(figures, Rule(extreme, 2))  # chosen on a year that is not compared: nothing to recover from
    assert abs(middle.mean) < 0.15
    assert placebo(figures, Rule(extreme, 0), noise=1e-9).mean == pytest.approx(0, abs=1e-6)


def test_a_placebo_without_a_ratio() -> None:
    figures = paths(np.random.default_rng(1).normal(0, 1, (40, 4)), np.arange(40) < 10)
    assert placebo(figures).mean_relative is None


# ------------------------------------------------------------------ share accrued


def test_the_share_by_hand() -> None:
    # focus fell by 3 and then 1 more, the rest rose by 1 and then 1 more (weights 1): −4 of −6 by the middle year
    rng = np.random.default_rng(0)
    early = np.where(FOCUS, -3.0, 1.0) + 1e-3 * rng.standard_normal(9)
    whole = np.where(FOCUS, -4.0, 2.0) + 1e-3 * rng.standard_normal(9)
    share, low, high = models.share_accrued(early, whole, np.ones(9), FOCUS)
    assert share == pytest.approx(100 * 4 / 6, abs=0.1)
    assert low < share < high
    assert high - low < 0.2


def test_the_share_uses_the_weights() -> None:
    early, whole = np.where(FOCUS, -2.0, 0.0), np.where(FOCUS, -4.0, 0.0)
    early[0], whole[0] = -2.4, -4.8
    weight = np.ones(9)
    weight[0] = 2.0
    share, *_ = models.share_accrued(early, whole, weight, FOCUS)
    assert share == pytest.approx(50)
    early[0] = -2.8  # (−2.8·2 − 2 − 2)/4 = −2.4 of (−4.8·2 − 4 − 4)/4 = −4.4
    share, *_ = models.share_accrued(early, whole, weight, FOCUS)
    assert share == pytest.approx(100 * 2.4 / 4.4)


def test_a_share_of_nothing_is_refused() -> None:
    whole = np.array([1.0, 0, -1, 1, -1, 1, -1, 1, -1])  # both groups moved by 0
    with pytest.raises(NotComputableError, match="may be 0") as caught:
        models.share_accrued(np.ones(9), whole, np.ones(9), FOCUS)
    assert caught.value.reason == "no_change_to_split"


@pytest.mark.parametrize("size", [5, 11])
@pytest.mark.parametrize("uneven", [0.4, 0.8])
def test_the_share_is_inside_its_range_also_with_few_buurten(size: int, uneven: float) -> None:
    """Half of the change is there by the middle year; 1,200 towns with large and small buurten, 40 of them the rest.

    The standard error of a coverage of 95 percent is 0.63 points, so 94 can be told from 92.
    """
    rng, is_focus = np.random.default_rng(size), np.arange(size + 40) < size
    held = []
    for _ in range(1200):
        weight = np.exp(uneven * rng.standard_normal(size + 40))
        noise = 0.1 * rng.standard_normal((2, size + 40))
        early, whole = 0.5 * is_focus + noise[0], 1.0 * is_focus + noise[0] + noise[1]
        try:
            _, low, high = models.share_accrued(early, whole, weight, is_focus)
        except NotComputableError:
            continue
        held.append(low <= 50 <= high)
    assert len(held) > 1100
    assert np.mean(held) >= 0.94
