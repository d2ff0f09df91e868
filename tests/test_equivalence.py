"""TOST against statsmodels' ttost_ind and ttost_paired, simulated power, and intervals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from kloof import equivalence
from kloof.errors import NotComputableError


@pytest.mark.parametrize("seed", range(5))
def test_as_statsmodels_has_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(12) + 0.2, rng.standard_normal(15)
    pooled = math.sqrt((11 * x.var(ddof=1) + 14 * y.var(ddof=1)) / 25 * (1 / 12 + 1 / 15))
    found = equivalence.by_t(x.mean() - y.mean(), pooled, 25, 0.8)
    p, low, high = ttost_ind(x, y, -0.8, 0.8, usevar="pooled")
    assert (found.p_value, found.p_below, found.p_above) == pytest.approx((p, low[1], high[1]))
    pairs = rng.standard_normal(9)
    paired = equivalence.by_t(pairs.mean(), pairs.std(ddof=1) / 3, 8, 0.9)
    assert paired.p_value == pytest.approx(ttost_paired(pairs, np.zeros(9), -0.9, 0.9)[0])


@given(estimate=st.floats(-3, 3), error=st.floats(0.05, 2), degrees=st.sampled_from([3.0, 11.5, math.inf]))
@settings(max_examples=50, deadline=None)
def test_tost_at_5_percent_is_a_90_percent_interval_inside(estimate: float, error: float, degrees: float) -> None:
    margin = stats.t.ppf(0.95, degrees) * error
    for smallest in (0.5, 1.7):
        inside = equivalence.by_interval(estimate - margin, estimate + margin, smallest)
        assert equivalence.by_t(estimate, error, degrees, smallest).equivalent == inside
    declared = equivalence.by_t(estimate, error, degrees, 1.0).smallest_declared
    assert declared == pytest.approx(abs(estimate) + margin)
    assert equivalence.by_t(estimate, error, degrees, declared * (1 + 1e-9)).equivalent
    assert not equivalence.by_t(estimate, error, degrees, declared * (1 - 1e-6)).equivalent
    turned = equivalence.by_t(-estimate, error, degrees, 1.0)
    assert turned.p_above == pytest.approx(equivalence.by_t(estimate, error, degrees, 1.0).p_below)


def test_draws_by_hand() -> None:
    # errors -9 … 9 (19 draws), estimate 1: at least 1 + 8.5 = 9.5 never, so (0+1)/20; at most 1 - 8.5 = -7.5: 2, 3/20
    errors = np.arange(-9.0, 10)
    found = equivalence.by_draws(1.0, errors, 8.5)
    assert (found.p_below, found.p_above, found.p_value) == pytest.approx((0.05, 0.15, 0.15))
    assert not found.equivalent
    # one draw of 20 may lie outside: beyond 1 - (-9) = 10
    assert found.smallest_declared == pytest.approx(10)
    assert equivalence.by_draws(1.0, errors, 10.001).equivalent
    assert not equivalence.by_draws(1.0, errors, 10.0).equivalent


def test_many_draws_are_the_t() -> None:
    errors = 0.7 * np.random.default_rng(0).standard_t(9, 200_000)
    one, two = equivalence.by_draws(0.3, errors, 1.2), equivalence.by_t(0.3, 0.7, 9, 1.2)
    assert one.p_below == pytest.approx(two.p_below, abs=0.002)
    assert one.p_above == pytest.approx(two.p_above, abs=0.002)
    assert one.smallest_declared == pytest.approx(two.smallest_declared, rel=0.01)


@pytest.mark.parametrize(("smallest", "effect"), [(3.0, 0.0), (3.0, 1.0), (2.0, 0.0), (3.0, 3.0)])
def test_power_is_what_simulation_gives(smallest: float, effect: float) -> None:
    """100,000 estimates with estimated errors; at an effect on the edge at most 5 percent: the size of the test."""
    rng = np.random.default_rng(1)
    estimate = effect + rng.standard_normal(100_000)
    error = np.sqrt(rng.chisquare(10, 100_000) / 10)
    critical = stats.t.ppf(0.95, 10)
    share = np.mean((estimate - critical * error >= -smallest) & (estimate + critical * error <= smallest))
    found = equivalence.power(1.0, 10, smallest, effect)
    assert found == pytest.approx(share, abs=4 * math.sqrt(0.25 / 100_000))
    if effect == smallest:
        assert found <= 0.05


def test_power_with_a_known_error() -> None:
    # normal: 2 Φ(3 - 1.644854) - 1
    assert equivalence.power(1.0, math.inf, 3.0) == pytest.approx(2 * stats.norm.cdf(3 - 1.6448536) - 1)
    assert equivalence.power(1.0, math.inf, 1.5) == 0.0
    assert equivalence.power(1.0, 1e7, 3.0) == pytest.approx(equivalence.power(1.0, math.inf, 3.0), abs=1e-4)


def test_what_cannot_be_computed_says_why() -> None:
    for call, reason in (
        (lambda: equivalence.by_t(1, 1, 5, 0), "no_smallest_effect"),
        (lambda: equivalence.by_t(1, 0, 5, 1), "no_spread"),
        (lambda: equivalence.by_draws(1, np.zeros(18), 1), "too_few_draws"),
        (lambda: equivalence.by_interval(0, 1, float("nan")), "no_smallest_effect"),
        (lambda: equivalence.power(0, 5, 1), "no_spread"),
    ):
        with pytest.raises(NotComputableError) as caught:
            call()
        assert caught.value.reason == reason


def test_how_often_equivalence_is_wrong() -> None:
    """4,000 samples whose true effect lies on the edge: at most 5 percent are declared equivalent."""
    rng = np.random.default_rng(2)
    values = 1.0 + rng.standard_normal((4000, 20))
    wrong = sum(equivalence.by_t(v.mean(), v.std(ddof=1) / math.sqrt(20), 19, 1.0).equivalent for v in values)
    assert abs(wrong - 200) <= 3 * math.sqrt(0.05 * 0.95 * 4000)
