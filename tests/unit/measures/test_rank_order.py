"""Rank-order indices: against numerical integration, and at their ends."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from slow_rank_order import entropy, slow

from kloof.errors import ParameterError
from kloof.measures.rank_order import Ordered, rank_order_relative_diversity, rank_order_theil_h

BOTH = [rank_order_theil_h, rank_order_relative_diversity]


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_equals_a_fit_integrated_by_quadrature(degree: int, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(1, 40, (6, 5)).astype(float)
    for function, kind in zip(BOTH, ("theil", "variance"), strict=True):
        assert function.at(degree)(counts)[0] == pytest.approx(slow(counts, degree, kind), abs=1e-8)


@pytest.mark.parametrize("classes", [3, 4, 5, 10, 12])
@pytest.mark.parametrize("function", BOTH)
def test_even_is_zero_and_apart_is_one_at_the_usual_degree(function: object, classes: int) -> None:
    even = np.outer(np.full(classes, 20.0), [1, 2, 5])
    assert function(even)[0] == pytest.approx(0, abs=1e-12)  # type: ignore[operator]
    # class by class its own unit: the two sides of every threshold live apart
    assert function(np.eye(classes) * 7)[0] == pytest.approx(1, abs=1e-9)  # type: ignore[operator]


@given(st.integers(0, 10_000), st.floats(0.1, 100))
@settings(max_examples=30, deadline=None)
def test_order_turned_round_size_and_splitting_change_nothing(seed: int, factor: float) -> None:
    counts = np.random.default_rng(seed).integers(1, 40, (5, 6)).astype(float)
    split = np.concatenate([counts[:, 1:], counts[:, :1] * 0.3, counts[:, :1] * 0.7, np.zeros((5, 1))], axis=1)
    for function in BOTH:
        value = function(counts)[0]
        for changed in (counts[::-1], counts * factor, split):
            assert function(changed)[0] == pytest.approx(value, abs=1e-10)


def test_cities_and_replicates_at_once() -> None:
    counts = np.random.default_rng(1).integers(0, 40, (2, 5, 9)).astype(float)
    for function in BOTH:
        found = function(counts, [0, 4, 9])
        assert found.shape == (2, 3)
        for row in range(2):
            alone = [function(counts[row][:, part])[0] for part in (slice(4), slice(4, 9))]
            np.testing.assert_allclose(found[row], [*alone, np.nan], atol=1e-12)


@pytest.mark.parametrize("function", BOTH)
def test_what_is_not_defined(function: object) -> None:
    def one(counts: object) -> float:
        return float(function(np.asarray(counts, dtype=float))[0])  # type: ignore[operator]

    assert math.isnan(one(np.zeros((5, 3))))
    # everybody in two of five classes: one threshold splits people, a parabola needs three
    assert math.isnan(one([[5, 6], [0, 0], [7, 1], [0, 0], [0, 0]]))
    # 62 percent in the lowest class: the thresholds at .62, .76, .88 and .97 leave the half below .62 to guesswork
    assert math.isnan(one(np.outer([62.0, 14, 12, 9, 3], [1, 2]) + np.eye(5, 2)))
    assert not math.isnan(one(np.outer([20.0, 20, 20, 20, 20], [1, 2]) + np.eye(5, 2)))
    assert math.isnan(one([[1, 2], [3, np.nan], [4, 5], [6, 7]]))


def test_how_much_the_thresholds_hold() -> None:
    # shares of ∫ E over the whole, by quadrature
    for low, high, enough in ((0.2, 0.8, True), (1 / 3, 2 / 3, True), (0.62, 0.97, False)):
        part = quad(entropy, low, high)[0] / 0.5
        assert (part >= 0.4) is enough
        table = Ordered(np.array([[low * 100], [(high - low) * 100], [(1 - high) * 100]]))
        assert bool(table.enough[0]) is enough


def test_a_degree_that_the_classes_do_not_carry_is_refused() -> None:
    counts = np.eye(4)
    with pytest.raises(ParameterError, match="whole number from 0 to 2 with 4 classes; got 3"):
        rank_order_theil_h.at(3)(counts)
    with pytest.raises(ParameterError, match="at least 3 classes × units; got shape"):
        rank_order_theil_h(np.eye(2))
