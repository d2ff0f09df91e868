"""Fieller's set against a grid of t tests, coverage, and its three shapes."""

import math

import numpy as np
import pytest
from answers import reason_of
from handmade import holds
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kloof.errors import NotComputableError
from kloof.methods import ratio
from kloof.methods.ratio import BOUNDED, EVERYTHING, OUTSIDE


@given(
    top=st.floats(-5, 5), bottom=st.floats(-5, 5), rho=st.floats(-0.9, 0.9), degrees=st.sampled_from([4.0, math.inf])
)
@settings(max_examples=60, deadline=None)
def test_the_set_is_every_ratio_a_t_test_keeps(top: float, bottom: float, rho: float, degrees: float) -> None:
    if abs(bottom) < 0.01:
        return
    covariance = np.array([[1.0, rho * 0.8], [rho * 0.8, 0.64]])
    found = ratio.fieller(top, bottom, covariance, degrees)
    for r in np.concatenate([np.linspace(-20, 20, 81), [-1e6, 1e6, top / bottom]]):
        t = abs(top - r * bottom) / math.sqrt(1 - 2 * r * rho * 0.8 + r * r * 0.64)
        p = 2 * stats.t.sf(t, degrees)
        assert ratio.fieller_p_value(top, bottom, covariance, degrees, r) == pytest.approx(p, abs=1e-12)
        if abs(p - 0.05) > 1e-6:
            assert holds(found, float(r)) == (p > 0.05)


def test_three_shapes() -> None:
    covariance = np.eye(2)
    assert ratio.fieller(3, 10, covariance, math.inf).shape == BOUNDED
    outside = ratio.fieller(10, 1, covariance, math.inf)
    assert outside.shape == OUTSIDE
    assert outside.low < 0 < outside.high
    assert holds(outside, 1e9)
    assert not holds(outside, 0.0)
    assert ratio.fieller(1, 1, covariance, math.inf).shape == EVERYTHING
    assert holds(ratio.fieller(1, 1, covariance, math.inf), -1e9)


def test_without_error_in_the_divisor_it_is_a_t_interval() -> None:
    found = ratio.fieller(6.0, 2.0, np.array([[1.0, 0], [0, 0]]), 7)
    margin = stats.t.ppf(0.975, 7) / 2
    assert (found.low, found.high) == pytest.approx((3 - margin, 3 + margin))


def test_a_perfect_ratio_is_one_number() -> None:
    """The top is half the bottom in every unit: their errors too, and floating point must not make that "no limit"."""
    covariance = 0.09 * np.array([[0.25, 0.5], [0.5, 1.0]])
    for bottom in (1.7, 2.3, 3.1):
        found = ratio.fieller(bottom / 2, bottom, covariance, 4)
        assert (found.shape, found.low, found.high) == (BOUNDED, pytest.approx(0.5), pytest.approx(0.5))


def test_coverage_is_exact_where_the_delta_method_is_not() -> None:
    """20,000 normal pairs with a divisor of 2 standard errors: the true ratio is inside in 95 percent."""
    rng = np.random.default_rng(0)
    tops, bottoms = 3 + rng.standard_normal(5000), 2 + rng.standard_normal(5000)
    held = sum(holds(ratio.fieller(a, b, np.eye(2), math.inf), 1.5) for a, b in zip(tops, bottoms, strict=True))
    assert held / 5000 == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / 5000))


def test_what_cannot_be_computed_says_why() -> None:
    with pytest.raises(NotComputableError, match="is 0") as caught:
        ratio.fieller(1, 0, np.eye(2), 5)
    assert caught.value.reason == "divisor_is_zero"
    assert reason_of(ratio.fieller_p_value, 1, 1, np.zeros((2, 2)), 5, 0.5) == "no_spread"
    assert ratio.region(10, 0, np.eye(2), 5)[2] == OUTSIDE
