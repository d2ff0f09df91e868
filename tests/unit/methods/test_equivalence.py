"""The power of two one-sided tests against simulation and against the normal limit."""

import math

import numpy as np
import pytest
from scipy import stats

from kloof.errors import NotComputableError
from kloof.methods import power


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


def test_what_cannot_be_computed_says_why() -> None:
    for call, reason in (
        (lambda: power.power(1, 5, 0), "no_smallest_effect"),
        (lambda: power.power(1, 5, float("nan")), "no_smallest_effect"),
        (lambda: power.power(0, 5, 1), "no_spread"),
    ):
        with pytest.raises(NotComputableError) as caught:
            call()
        assert caught.value.reason == reason
