"""Regression to the mean against simulation, the truncated normal of scipy, and regressions on the true noise."""

import math

import numpy as np
import pytest
from scipy import stats

from kloof import models, regression_to_mean
from kloof.errors import NotComputableError
from kloof.models import Paths
from kloof.regression_to_mean import Selection

ENDS = np.array([-1.0, 0, 0, 0, 1])
FIRST = np.array([1.0, 0, 0, 0, 0])


def noisy(seed: int, units: int, noise: float, shock: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shocks = shock * rng.standard_normal((units, 5))
    shocks[:, 0] = 0
    truth = rng.standard_normal((units, 1)) + shocks.cumsum(axis=1)
    return truth + noise * rng.standard_normal((units, 5)), truth


@pytest.mark.parametrize(("cutoff", "measurements"), [(0.0, 1), (1.0, 1), (1.0, 3), (-0.5, 2)])
def test_the_effect_of_a_cutoff(cutoff: float, measurements: int) -> None:
    """Against the mean of a truncated normal (scipy), and 400,000 simulated buurten."""
    between, within = 1.0, 0.49
    total = math.sqrt(between + within / measurements)
    beyond = stats.truncnorm(cutoff / total, np.inf, scale=total).mean()
    found = regression_to_mean.cutoff_effect(between, within, cutoff, measurements)
    assert found == pytest.approx(within / measurements / total**2 * beyond)
    rng = np.random.default_rng(1)
    truth = rng.standard_normal(400_000)
    base = truth + 0.7 / math.sqrt(measurements) * rng.standard_normal(400_000)
    chosen = base > cutoff
    assert found == pytest.approx((base - truth)[chosen].mean(), abs=4 * 0.7 / math.sqrt(chosen.sum()))


def test_the_example_worked_by_hand() -> None:
    # σ_b² = σ_w² = 0.5, cut-off at the mean: 0.5/1 · φ(0)/0.5 = 0.3989; far out the hazard is nearly z + 1/z
    assert regression_to_mean.cutoff_effect(0.5, 0.5, 0.0) == pytest.approx(0.5 * 2 / math.sqrt(2 * math.pi))
    assert regression_to_mean.cutoff_effect(0.5, 0.5, 40.0) == pytest.approx(0.5 * (40 + 1 / 40), rel=1e-5)
    assert regression_to_mean.cutoff_effect(1.0, 0.0, 1.0) == 0.0


def test_shocks_and_noise_are_told_apart() -> None:
    value, _ = noisy(2, 20_000, noise=0.5, shock=0.3)
    focus = np.arange(20_000) < 4000
    shock, noise = regression_to_mean.variance_parts(value, focus)
    assert shock == pytest.approx(0.09, rel=0.1)
    assert noise == pytest.approx(0.25, rel=0.05)
    moved = value + focus[:, None] * np.array([0, 3, -1, 4, 9]) + np.array([0, 1, 5, 2, 2])
    assert regression_to_mean.variance_parts(moved, focus) == pytest.approx((shock, noise))
    only_shocks = noisy(3, 5000, noise=0.0, shock=0.3)[0]
    assert regression_to_mean.variance_parts(only_shocks, np.arange(5000) < 900)[1] < 0.01
    printed = np.round(noisy(4, 20_000, noise=0.0, shock=1.0)[0] / 2) * 2
    shock, noise = regression_to_mean.variance_parts(printed, np.arange(20_000) < 4000, rounding=2.0)
    assert noise >= 4 / 12
    assert shock == pytest.approx(1.0, rel=0.1)


def test_variance_parts_by_hand() -> None:
    # changes per buurt, group mean taken off: focus ±(1, -1), rest ±(2, 0): Σ first·second = -2, spread 2 + 2 + 8 = 12;
    # 4 buurten less 2 means = 2: neighbours -2/(2·1) = -1, spread 12/(2·2) = 3: noise 1, shock 3 - 2 = 1
    value = np.array([[0.0, 1, 0], [0, -1, 0], [0, 2, 2], [0, -2, -2]])
    assert regression_to_mean.variance_parts(value, np.arange(4) < 2) == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize("years", [1, 3])
def test_the_expected_change_is_the_regression_on_the_choice(years: int) -> None:
    """20,000 buurten: the slope of the true noise change on the figures chosen on, fitted by least squares."""
    value, truth = noisy(5, 20_000, noise=0.7)
    chosen_on = np.where(np.arange(5) < years, 1 / years, 0.0)
    noise = 0.49 * np.eye(5)
    found = regression_to_mean.expected_change(value, ENDS, chosen_on, noise)
    own = (value - truth) @ ENDS
    slope = stats.linregress(value @ chosen_on, own).slope
    assert stats.linregress(value @ chosen_on, found).slope == pytest.approx(slope, abs=0.02)
    assert found.mean() == pytest.approx(0.0, abs=1e-9)
    if years == 1:
        part = regression_to_mean.reliability(value, chosen_on, noise)
        assert part == pytest.approx(1 / 1.49, abs=0.02)
        np.testing.assert_allclose(found, -(1 - part) * (value[:, 0] - value[:, 0].mean()))


def test_choosing_on_years_outside_the_change_needs_no_correction() -> None:
    value, _ = noisy(6, 50, noise=0.7)
    later = np.array([0.0, -1, 0, 0, 1])
    assert np.abs(regression_to_mean.expected_change(value, later, FIRST, 0.49 * np.eye(5))).max() == 0.0
    # unless noise lasts a year: then the next year shares it
    lasting = 0.49 * np.eye(5) + 0.2 * (np.eye(5, k=1) + np.eye(5, k=-1))
    assert np.abs(regression_to_mean.expected_change(value, later, FIRST, lasting)).max() > 0.0


def test_all_noise_comes_back_wholly() -> None:
    """When noise is all there is, everybody is expected to return to the mean; never beyond it."""
    value = np.random.default_rng(7).standard_normal((40, 5))
    found = regression_to_mean.expected_change(value, ENDS, FIRST, 100.0 * np.eye(5))
    np.testing.assert_allclose(found, value[:, 0].mean() - value[:, 0])
    assert regression_to_mean.reliability(value, FIRST, 100.0 * np.eye(5)) == 0.0


def test_the_placebo_moves_as_far_as_the_real_thing() -> None:
    """Its mean is what a list chosen anew shows on average over 3,000 towns with the same constant truth."""
    truth = np.random.default_rng(8).standard_normal(56)
    weight = np.exp(0.3 * np.random.default_rng(9).standard_normal(56))
    rng = np.random.default_rng(10)
    selection = Selection(FIRST, 11)
    real = []
    for _ in range(3000):
        value = truth[:, None] + 0.6 * rng.standard_normal((56, 5))
        focus, rest = models.weighted_means(value @ ENDS, weight, selection.chosen(value))
        real.append(focus - rest)
    value = truth[:, None] + 0.6 * rng.standard_normal((56, 5))
    means = []
    for _ in range(12):  # the truth is itself estimated, so one town's placebo is a little off
        value = truth[:, None] + 0.6 * rng.standard_normal((56, 5))
        paths = Paths(value, value, value, np.arange(5.0), weight, selection.chosen(value))
        means.append(regression_to_mean.placebo(paths, ENDS, selection, np.full(56, 0.6), rng, 999).mean())
    assert np.mean(real) > 0.4
    assert np.mean(means) == pytest.approx(np.mean(real), rel=0.1)


def test_a_selection_by_hand() -> None:
    value = np.array([[3.0, 9], [1, 9], [2, 0], [1, 0]])
    assert Selection(np.array([1.0, 0]), 2).chosen(value).tolist() == [False, True, False, True]
    assert Selection(np.array([0.5, 0.5]), 1, lowest=False).chosen(value).tolist() == [True, False, False, False]
    ties = np.zeros((3, 1))
    assert Selection(np.array([1.0]), 1).chosen(ties).tolist() == [True, False, False]


def test_the_naive_gap_shows_a_trend_and_the_corrected_one_does_not() -> None:
    """Must-show 4 of the argument: nothing changes, yet a list chosen on the noisy base year seems to recover."""
    shown = regression_to_mean.demonstration(np.random.default_rng(11), 300)
    assert shown.naive >= 25
    assert shown.naive_change > 0.3
    assert shown.corrected <= 5 + 3 * 100 * math.sqrt(0.05 * 0.95 / 300)
    assert abs(shown.corrected_change) < 0.03


def test_a_true_change_survives_the_correction() -> None:
    rng = np.random.default_rng(12)
    found = []
    for _ in range(200):
        value = rng.standard_normal((56, 1)) + 0.5 * rng.standard_normal((56, 5))
        focus = Selection(FIRST, 11).chosen(value)
        value = value - 2.0 * focus[:, None] * (np.arange(5) / 4)
        paths = Paths(value, value, value, np.arange(5.0), np.ones(56), focus)
        corrected = regression_to_mean.corrected(paths, ENDS, FIRST, 0.25 * np.eye(5))
        found.append(corrected[focus].mean() - corrected[~focus].mean())
    assert np.mean(found) == pytest.approx(-2.0, abs=0.06)


def test_what_cannot_be_computed_says_why() -> None:
    flat = np.ones((6, 5))
    for call, reason in (
        (lambda: regression_to_mean.cutoff_effect(0, 0, 1), "no_spread"),
        (lambda: regression_to_mean.variance_parts(np.ones((6, 2)), np.arange(6) < 3), "too_few_years"),
        (lambda: regression_to_mean.variance_parts(flat, np.arange(6) < 1), "too_few_buurten"),
        (lambda: regression_to_mean.reliability(flat, FIRST, np.eye(5)), "no_spread"),
        (lambda: regression_to_mean.expected_change(flat, ENDS, FIRST, np.eye(5)), "no_spread"),
    ):
        with pytest.raises(NotComputableError) as caught:
            call()
        assert caught.value.reason == reason
