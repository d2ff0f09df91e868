"""Power against statsmodels and simulation; years to close a gap by a grid of paces; what lasts and what passes."""

import math

import numpy as np
import pytest
from answers import reason_of
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from kloof.methods import power
from kloof.methods.power import Closing, Town


@pytest.mark.parametrize(("first", "second"), [(11, 45), (4, 11), (40, 160)])
def test_as_statsmodels_has_it(first: int, second: int) -> None:
    error, degrees = math.sqrt(1 / first + 1 / second), first + second - 2
    solver = TTestIndPower()
    size = solver.solve_power(nobs1=first, ratio=second / first, alpha=0.05, power=0.8)
    assert power.minimum_detectable_effect(error, degrees) == pytest.approx(size, rel=1e-5)
    assert power.power_of(0.6, error, degrees) == pytest.approx(
        solver.power(0.6, first, 0.05, ratio=second / first), rel=1e-6
    )
    ten = solver.solve_power(nobs1=first, ratio=second / first, alpha=0.1, power=0.9)
    assert power.minimum_detectable_effect(error, degrees, 0.9, 0.1) == pytest.approx(ten, rel=1e-5)


def test_the_normal_limit_by_hand() -> None:
    # 2.8016 standard errors: 1.959964 + 0.841621; without an effect the level itself
    assert power.minimum_detectable_effect(2.0, math.inf) == pytest.approx(2 * 2.801585, rel=1e-5)
    assert power.power_of(0.0, 1.0, math.inf) == pytest.approx(0.05)
    assert power.power_of(0.0, 1.0, 7) == pytest.approx(0.05)
    assert power.power_of(-3.0, 1.0, 7) == pytest.approx(power.power_of(3.0, 1.0, 7))
    assert power.power_of(500.0, 1.0, 7) == pytest.approx(1.0)


def test_the_design_by_hand() -> None:
    # focus shares 1/4, 3/4: 1/16 + 9/16 = 0.625; rest four halves of two: 0.25; degrees (0.875)²/(0.625²/1 + 0.25²/3)
    weight, focus = np.array([1.0, 3, 2, 2, 2, 2]), np.arange(6) < 2
    assert power.design(weight, focus) == pytest.approx((0.875, 0.875**2 / (0.625**2 + 0.0625 / 3)))
    town = Town(weight, focus, shock=4.0, noise=1.0)
    assert power.error_at(town, 3)[0] == pytest.approx(math.sqrt((12 + 2) * 0.875))


def test_the_error_of_a_horizon_is_what_happens() -> None:
    rng = np.random.default_rng(0)
    weight, focus = np.exp(0.5 * rng.standard_normal(20)), np.arange(20) < 6
    town = Town(weight, focus, shock=0.25, noise=0.09)
    change = 0.5 * rng.standard_normal((20_000, 20, 4)).sum(axis=2) + 0.3 * math.sqrt(2) * rng.standard_normal(
        (20_000, 20)
    )
    gap = (
        change[:, focus] @ weight[focus] / weight[focus].sum()
        - change[:, ~focus] @ weight[~focus] / weight[~focus].sum()
    )
    assert power.error_at(town, 4)[0] == pytest.approx(gap.std(), rel=0.03)


def test_horizons_and_years() -> None:
    town = Town(np.ones(56), np.arange(56) < 11, shock=1.0, noise=0.5)
    seen = power.detectable(town, (2, 5, 8))
    assert list(seen) == [2, 5, 8]
    assert seen[2] < seen[5] < seen[8]
    for years, effect in seen.items():
        assert power.power_of(effect, *power.error_at(town, years)) == pytest.approx(0.8)
    # at 0.6 a year: the first year in which 0.6 t is at least what can be detected
    needed = power.years_needed(town, lambda years: 0.6 * years)
    assert needed is not None
    assert 0.6 * needed >= power.detectable(town, (needed,))[needed]
    assert 0.6 * (needed - 1) < power.detectable(town, (needed - 1,))[needed - 1]
    assert power.years_needed(town, lambda _: 0.5) is None


@pytest.mark.parametrize("first", [3, 4, 41, 100])
def test_the_least_number_that_holds(first: int) -> None:
    assert power.least_count(lambda number: number >= first, 3, 100) == first
    assert power.least_count(lambda number: number >= first, 3, first - 1) is None


# ------------------------------------------------------------------ years to close


COVARIANCE = np.array([[1.0, 0.1], [0.1, 0.04]])


def kept(gap: float, pace: float, years: float) -> bool:
    """Whether a gap of 0 in so many years is not rejected by a t test on 9 degrees of freedom."""
    variance = COVARIANCE[0, 0] + 2 * years * COVARIANCE[0, 1] + years**2 * COVARIANCE[1, 1]
    return 2 * stats.t.sf(abs(gap + pace * years) / math.sqrt(variance), 9) > 0.05


@pytest.mark.parametrize("sign", [1, -1])
def test_the_years_are_those_a_t_test_keeps(sign: int) -> None:
    found = power.years_to_close(sign * 10.0, sign * -1.0, COVARIANCE, 9)
    assert found.years == pytest.approx(10.0)
    assert found.earliest is not None
    assert found.latest is not None
    for edge, outwards in ((found.earliest, -1), (found.latest, 1)):
        assert kept(10.0, -1.0, edge - 0.001 * outwards)
        assert not kept(10.0, -1.0, edge + 0.001 * outwards)
    assert found.earliest < 10 < found.latest


def test_never_is_said_when_it_is_not_excluded() -> None:
    slow = power.years_to_close(10.0, -0.3, COVARIANCE, 9)
    assert slow.years == pytest.approx(10 / 0.3)
    assert slow.latest is None
    assert slow.earliest is not None
    assert kept(10.0, -0.3, slow.earliest + 0.01)
    assert not kept(10.0, -0.3, slow.earliest - 0.01)
    assert kept(10.0, -0.3, 1e9)


def test_never_when_every_pace_widens() -> None:
    assert power.years_to_close(10.0, 1.0, COVARIANCE, 9) == Closing(None, None, None)
    widening = power.years_to_close(10.0, 0.2, COVARIANCE, 9)  # but closing is not excluded
    assert widening.years is None
    assert widening.latest is None
    assert widening.earliest is not None
    still = power.years_to_close(10.0, 0.0, COVARIANCE, 9)
    assert still.years is None
    assert still.earliest is not None
    assert kept(10.0, 0.0, still.earliest + 0.01)
    assert not kept(10.0, 0.0, still.earliest - 0.01)


def test_the_years_cover_the_truth() -> None:
    """3,000 estimates of a gap 10 closing 0.8 a year: 12.5 years lies inside in 95 percent."""
    rng = np.random.default_rng(2)
    draws = rng.multivariate_normal([10.0, -0.8], COVARIANCE, 3000)
    inside = 0
    for gap, pace in draws:
        found = power.years_to_close(gap, pace, COVARIANCE, math.inf)
        inside += (found.earliest or math.inf) <= 12.5 and (found.latest is None or found.latest >= 12.5)
    assert inside / 3000 == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / 3000))


# ------------------------------------------------------------------ two one-sided tests


@pytest.mark.parametrize(("smallest", "effect"), [(3.0, 0.0), (3.0, 1.0), (2.0, 0.0), (3.0, 3.0)])
def test_power_is_what_simulation_gives(smallest: float, effect: float) -> None:
    """100,000 estimates with estimated errors; at an effect on the edge at most 5 percent: the size of the test."""
    rng = np.random.default_rng(1)
    estimate = effect + rng.standard_normal(100_000)
    error = np.sqrt(rng.chisquare(10, 100_000) / 10)
    critical = stats.t.ppf(0.95, 10)
    share = np.mean((estimate - critical * error >= -smallest) & (estimate + critical * error <= smallest))
    found = power.power(1.0, 10, smallest, effect)
    assert found == pytest.approx(share, abs=4 * math.sqrt(0.25 / 100_000))
    if effect == smallest:
        assert found <= 0.05


def test_power_with_a_known_error() -> None:
    # normal: 2 Φ(3 - 1.644854) - 1
    assert power.power(1.0, math.inf, 3.0) == pytest.approx(2 * stats.norm.cdf(3 - 1.6448536) - 1)
    assert power.power(1.0, math.inf, 1.5) == 0.0
    assert power.power(1.0, 1e7, 3.0) == pytest.approx(power.power(1.0, math.inf, 3.0), abs=1e-4)


# ------------------------------------------------------------------ what lasts and what passes


def noisy(seed: int, units: int, noise: float, shock: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shocks = shock * rng.standard_normal((units, 5))
    shocks[:, 0] = 0
    truth = rng.standard_normal((units, 1)) + shocks.cumsum(axis=1)
    return truth + noise * rng.standard_normal((units, 5)), truth


def test_shocks_and_noise_are_told_apart() -> None:
    value, _ = noisy(2, 20_000, noise=0.5, shock=0.3)
    focus = np.arange(20_000) < 4000
    shock, noise = power.variance_parts(value, focus)
    assert shock == pytest.approx(0.09, rel=0.1)
    assert noise == pytest.approx(0.25, rel=0.05)
    moved = value + focus[:, None] * np.array([0, 3, -1, 4, 9]) + np.array([0, 1, 5, 2, 2])
    assert power.variance_parts(moved, focus) == pytest.approx((shock, noise))
    only_shocks = noisy(3, 5000, noise=0.0, shock=0.3)[0]
    assert power.variance_parts(only_shocks, np.arange(5000) < 900)[1] < 0.01
    printed = np.round(noisy(4, 20_000, noise=0.0, shock=1.0)[0] / 2) * 2
    shock, noise = power.variance_parts(printed, np.arange(20_000) < 4000, rounding=2.0)
    assert noise >= 4 / 12
    assert shock == pytest.approx(1.0, rel=0.1)


def test_variance_parts_by_hand() -> None:
    # changes per buurt, group mean taken off: focus ±(1, -1), rest ±(2, 0): Σ first·second = -2, spread 2 + 2 + 8 = 12;
    # 4 buurten less 2 means = 2: neighbours -2/(2·1) = -1, spread 12/(2·2) = 3: noise 1, shock 3 - 2 = 1
    value = np.array([[0.0, 1, 0], [0, -1, 0], [0, 2, 2], [0, -2, -2]])
    assert power.variance_parts(value, np.arange(4) < 2) == pytest.approx((1.0, 1.0))


def test_what_cannot_be_computed_says_why() -> None:
    town = Town(np.ones(6), np.arange(6) < 1, 1.0, 1.0)
    for call, reason in (
        (lambda: power.power_of(1, 0, 5), "no_spread"),
        (lambda: power.minimum_detectable_effect(1, 5, power=0.05), "no_power"),
        (lambda: power.minimum_detectable_effect(0, 5), "no_spread"),
        (lambda: power.error_at(town, 3), "too_few_buurten"),
        (lambda: power.error_at(Town(np.ones(6), np.arange(6) < 3, 1, 1), 0), "one_year"),
        (lambda: power.years_to_close(1.0, -1.0, COVARIANCE, 9), "no_gap"),
        (lambda: power.years_to_close(0.0, -1.0, np.zeros((2, 2)), 9), "no_gap"),
        (lambda: power.power(1, 5, 0), "no_smallest_effect"),
        (lambda: power.power(1, 5, float("nan")), "no_smallest_effect"),
        (lambda: power.power(0, 5, 1), "no_spread"),
        (lambda: power.variance_parts(np.ones((6, 2)), np.arange(6) < 3), "too_few_years"),
        (lambda: power.variance_parts(np.ones((6, 5)), np.arange(6) < 1), "too_few_buurten"),
    ):
        assert reason_of(call) == reason
