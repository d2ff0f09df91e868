"""What lasts and what passes, against simulation and by hand."""

import numpy as np
import pytest

from kloof.errors import NotComputableError
from kloof.methods import power


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
    for call, reason in (
        (lambda: power.variance_parts(np.ones((6, 2)), np.arange(6) < 3), "too_few_years"),
        (lambda: power.variance_parts(np.ones((6, 5)), np.arange(6) < 1), "too_few_buurten"),
    ):
        with pytest.raises(NotComputableError) as caught:
            call()
        assert caught.value.reason == reason
