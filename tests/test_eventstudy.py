"""The event study against tables of dummies: statsmodels WLS here, pyfixest and linearmodels by stored answers."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof import dealing, differences, eventstudy, models, studentised
from kloof.errors import NotComputableError
from kloof.models import ABSOLUTE, RELATIVE, Paths
from panels import lettered, random_paths


def cr0(paths: Paths, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Our estimate, and its clustered covariance without small-sample factor (residuals as they are)."""
    found = eventstudy.estimate(paths, counts)
    total = np.zeros((counts.shape[1],) * 2)
    for side in (paths.is_focus, ~paths.is_focus):
        share = paths.weight[side] / paths.weight[side].sum()
        residual = found.contrasts[side] - share @ found.contrasts[side]
        total += (share[:, None] * residual).T @ (share[:, None] * residual)
    return found.found.estimate, total


def by_dummies(paths: Paths, regressors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same by statsmodels WLS on the whole table of dummies, clustered by buurt, without correction."""
    value, design, buurt, weight = eventstudy.stacked(paths, regressors)
    fit = sm.WLS(value, design, weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": buurt, "use_correction": False}
    )
    width = regressors.shape[1]
    return fit.params[:width], np.asarray(fit.cov_params())[:width, :width]


TIMES = np.array([0.0, 1, 2, 4, 5, 7])


@pytest.mark.parametrize("seed", range(3))
def test_contrasts_are_the_regression_with_unit_and_year_effects(seed: int) -> None:
    """Event study, slope, jumps beside a pre-trend: coefficients and clustered covariance as statsmodels has them."""
    paths = random_paths(seed, 14, TIMES)
    before = TIMES < 4
    jumps = np.eye(6)[:, 3:]
    for counts, regressors in (
        (eventstudy.each_year(6, 2), np.delete(np.eye(6), 2, axis=1)),
        (eventstudy.slope(TIMES), TIMES[:, None]),
        (eventstudy.beyond_trend(TIMES, before), np.column_stack([jumps, TIMES])),
        (eventstudy.of_regressors(np.column_stack([TIMES, TIMES**2])), np.column_stack([TIMES, TIMES**2])),
    ):
        width = counts.shape[1]
        estimate, covariance = cr0(paths, counts)
        params, expected = by_dummies(paths, regressors)
        np.testing.assert_allclose(estimate, params[:width], atol=1e-9)
        np.testing.assert_allclose(covariance, expected[:width, :width], rtol=1e-7, atol=1e-10)


def test_the_slope_before_is_the_regression_on_those_years() -> None:
    paths = random_paths(5, 14, TIMES)
    early = Paths(*(a[:, :3] for a in (paths.value, paths.low, paths.high)), TIMES[:3], paths.weight, paths.is_focus)
    counts = eventstudy.slope(TIMES, TIMES < 4)
    assert counts[3:].tolist() == [[0.0]] * 3
    assert eventstudy.estimate(paths, counts).found.estimate[0] == pytest.approx(
        by_dummies(early, TIMES[:3, None])[0][0]
    )


def test_as_pyfixest_and_linearmodels_have_it() -> None:
    """Stored: pyfixest 0.60.0 `feols("y ~ f1+…+f5 | i + t", weights="w", vcov={"CRV1": "i"}, ssc=ssc(k_adj=False,
    G_adj=False))` and `"y ~ ft | i + t"`; linearmodels 7.1 PanelOLS(entity_effects, time_effects, weights,
    clustered, debiased=False), whose covariance carries n / (n - effects) = 60 / 45 on top of it.
    """
    paths = lettered()
    estimate, covariance = cr0(paths, eventstudy.each_year(6, 0))
    np.testing.assert_allclose(
        estimate,
        [0.026643587887520293, -0.6367238842017593, -0.3303602150101387, 1.459447515919295, 2.704927573034255],
    )
    np.testing.assert_allclose(
        np.sqrt(np.diag(covariance)),
        [0.9320427361918866, 1.2199137644600277, 1.3632175521925847, 1.7494709077191388, 1.2678461804426842],
    )
    estimate, covariance = cr0(paths, eventstudy.slope(paths.times))
    assert estimate[0] == pytest.approx(0.5179832376702345)
    assert math.sqrt(covariance[0, 0]) == pytest.approx(0.33861446674726164)
    assert math.sqrt(covariance[0, 0] * 60 / 45) == pytest.approx(0.39099831, rel=1e-7)


def test_by_hand() -> None:
    # focus 1, 3, 8 and 3, 5, 10 (mean 2, 4, 9); rest 0, 1, 2 and 2, 1, 0 (mean 1, 1, 1); gaps 1, 3, 8
    value = np.array([[1.0, 3, 8], [3, 5, 10], [0, 1, 2], [2, 1, 0]])
    value[0] += 0.1 * np.array([1, -1, 0])
    value[1] -= 0.1 * np.array([1, -1, 0])
    paths = Paths(value, value - 0.5, value + 0.5, np.arange(3.0), np.ones(4), np.arange(4) < 2)
    found = eventstudy.estimate(paths, eventstudy.each_year(3, 0))
    np.testing.assert_allclose(found.found.estimate, [2, 7])
    # each gap may be 1 off: a difference of two gaps 2
    np.testing.assert_allclose(found.rounding_low, [0, 5])
    np.testing.assert_allclose(found.rounding_high, [4, 9])
    # the line through 1, 3 gives 5 in the third year: 3 beyond it; rounding 1 + 2·1 + 1
    before = eventstudy.estimate(paths, eventstudy.beyond_trend(paths.times, [True, True, False]))
    assert before.found.estimate[0] == pytest.approx(3)
    assert (before.rounding_low[0], before.rounding_high[0]) == pytest.approx((-1, 7))
    assert eventstudy.estimate(paths, eventstudy.slope(paths.times)).found.estimate[0] == pytest.approx(3.5)


def test_a_relative_gap_is_a_delta_method() -> None:
    """Covariance of the path of 100 (F/R - 1) from numerical derivatives to every buurt's figures."""
    paths = random_paths(6, 10, np.arange(3.0), level=50.0)
    counts = eventstudy.each_year(3, 0)

    def path(value: np.ndarray) -> np.ndarray:
        focus, rest = models.weighted_means(value, paths.weight, paths.is_focus)
        return 100 * (focus / rest - 1)

    found = eventstudy.estimate(paths, counts, RELATIVE)
    np.testing.assert_allclose(found.found.estimate, path(paths.value) @ counts)
    np.testing.assert_allclose(
        models.weighted_means(found.contrasts, paths.weight, paths.is_focus)[0], found.found.estimate, atol=1e-9
    )
    total = np.zeros((2, 2))
    for side in (paths.is_focus, ~paths.is_focus):
        share = paths.weight[side] / paths.weight[side].sum()
        moved = np.empty((int(side.sum()), 2))
        means = share @ paths.value[side]
        for number, place in enumerate(np.flatnonzero(side)):
            step = 1e-6 * (paths.value[place] - means)  # the group's mean moves by this, as with one buurt of share 1
            changed = paths.value.copy()
            changed[side] += step
            moved[number] = (path(changed) - path(paths.value)) @ counts / 1e-6
        factor = share**2 / (1 - 2 * share + (share**2).sum())
        total += (factor[:, None] * moved).T @ moved
    np.testing.assert_allclose(found.found.covariance, total, rtol=1e-4)
    by_models = models.change_of_gap(
        models.states_of(paths, models.two_years(3, 0, 1)), RELATIVE, np.random.default_rng(0), 199
    )
    assert found.found.estimate[0] == pytest.approx(by_models.estimate)
    assert (found.rounding_low[0], found.rounding_high[0]) == pytest.approx(by_models.rounding)


@given(seed=st.integers(0, 999), tilt=st.floats(-3, 3), measure=st.sampled_from([ABSOLUTE, RELATIVE]))
@settings(max_examples=20, deadline=None)
def test_unit_and_year_effects_change_nothing(seed: int, tilt: float, measure: str) -> None:
    paths = random_paths(seed, 9, np.arange(4.0), level=60.0)
    counts = eventstudy.each_year(4, 1)
    year = np.exp(0.1 * np.arange(4.0)) if measure == RELATIVE else tilt * np.arange(4.0)
    value = paths.value * year if measure == RELATIVE else paths.value + year + np.arange(9)[:, None]
    other = Paths(value, value, value, paths.times, paths.weight, paths.is_focus)
    same = Paths(paths.value, paths.value, paths.value, paths.times, paths.weight, paths.is_focus)
    one, two = (eventstudy.estimate(p, counts, measure).found for p in (same, other))
    np.testing.assert_allclose(one.estimate, two.estimate, atol=1e-8)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-6)


def test_what_cannot_be_computed_says_why() -> None:
    times = np.arange(4.0)
    for call, reason in (
        (lambda: eventstudy.each_year(1, 0), "one_year"),
        (lambda: eventstudy.slope(times, [True, False, False, False]), "one_year"),
        (lambda: eventstudy.slope(np.zeros(3)), "collinear"),
        (lambda: eventstudy.beyond_trend(times, [True, False, False, False]), "too_few_years_before"),
        (lambda: eventstudy.beyond_trend(times, [True] * 4), "no_year_since"),
        (lambda: eventstudy.of_regressors(np.ones((4, 1))), "collinear"),
    ):
        with pytest.raises(NotComputableError) as caught:
            call()
        assert caught.value.reason == reason
    zero = Paths(*[np.zeros((6, 3))] * 3, np.arange(3.0), np.ones(6), np.arange(6) < 3)
    with pytest.raises(NotComputableError, match="mean 0") as caught:
        eventstudy.estimate(zero, eventstudy.each_year(3, 0), RELATIVE)
    assert caught.value.reason == "rest_is_zero"
    wide = Paths(np.ones((6, 3)), -np.ones((6, 3)), np.ones((6, 3)), np.arange(3.0), np.ones(6), np.arange(6) < 3)
    with pytest.raises(NotComputableError, match="within its rounding"):
        eventstudy.estimate(wide, eventstudy.each_year(3, 0), RELATIVE)


def test_how_often_a_slope_and_jumps_are_claimed() -> None:
    """Shocks that last, 56 buurten × 8 years, 11 focus: at most 5 percent without an effect; most with a large one."""
    rng = np.random.default_rng(3)
    times, focus = np.arange(8.0), np.arange(56) < 11
    counts = {"slope": eventstudy.slope(times), "jumps": eventstudy.beyond_trend(times, times < 6)}
    seen = {(name, effect): 0 for name in counts for effect in (0.0, 1.0)}
    for _ in range(300):
        value = rng.standard_normal((56, 8)).cumsum(axis=1)
        weight = np.exp(0.5 * rng.standard_normal(56))
        for name, count in counts.items():
            for effect in (0.0, 1.0):
                path = effect * times if name == "slope" else 6 * effect * (times >= 6)
                moved = value + focus[:, None] * path
                found = differences.difference(moved @ count, weight, focus)
                seen[name, effect] += found.p_value()[0] <= 0.05
    error = 3 * math.sqrt(0.05 * 0.95 * 300)
    assert seen["slope", 0.0] <= 15 + error
    assert seen["jumps", 0.0] <= 15 + error
    assert seen["slope", 1.0] >= 0.5 * 300
    assert seen["jumps", 1.0] >= 0.8 * 300


def test_pre_trends_are_tested_together() -> None:
    """The largest of several years by dealing: 5 percent when there is none, whatever the years have in common."""
    rng = np.random.default_rng(4)
    focus = np.arange(56) < 11
    labels = dealing.deal(focus, rng, 199)
    wrong = 0
    for _ in range(200):
        value = rng.standard_normal((56, 5)).cumsum(axis=1)
        wrong += studentised.greatest(value @ eventstudy.each_year(5, 4), np.ones(56), focus, labels)[1] <= 0.05
    assert wrong <= 10 + 3 * math.sqrt(0.05 * 0.95 * 200)
    assert wrong >= 2
