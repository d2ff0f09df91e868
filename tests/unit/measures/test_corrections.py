"""The bias correction of D: exact sums, what happens at the ends, and municipalities at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kloof.measures import chance, two_groups


def exact_drawn(a: np.ndarray, b: np.ndarray) -> float:
    """Mean of D over all outcomes of both multinomials' margins, by adding up every pair of counts."""
    total = 0.0
    for x, y in zip(a, b, strict=True):
        one, two = np.arange(a.sum() + 1), np.arange(b.sum() + 1)
        apart = np.abs(one[:, None] / a.sum() - two[None, :] / b.sum())
        chances = stats.binom.pmf(one, a.sum(), x / a.sum())[:, None] * stats.binom.pmf(two, b.sum(), y / b.sum())
        total += (apart * chances).sum()
    return total / 2


def mean_when_drawn(a: np.ndarray, b: np.ndarray) -> float:
    """What the correction says that D is on average when the people of both groups are drawn anew."""
    return float(2 * two_groups.dissimilarity(a, b)[0] - chance.bias_corrected(a, b)[0])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([1, 3, 10, 60]))
def test_the_mean_of_drawn_d_is_that_of_all_outcomes(seed: int, units: int, mean: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.poisson(mean, units) * 1.0, rng.poisson(4 * mean, units) * 1.0
    a[0] += 1
    b[-1] += 1
    exact = exact_drawn(a.astype(int), b.astype(int))
    # a cell is right to 1.5 % of its standard error when one side has fewer than five people, 0.1 % above that
    allowed = 0.5 * np.sqrt(a / a.sum() ** 2 + b / b.sum() ** 2).sum() * (0.004 if mean < 10 else 0.001)
    assert abs(mean_when_drawn(a, b) - exact) < allowed


def test_cells_with_few_people_on_both_sides_are_summed_out_exactly() -> None:
    a, b = np.array([1.0, 2, 0, 4, 3]), np.array([2.0, 1, 3, 4, 0])
    assert mean_when_drawn(a, b) == pytest.approx(exact_drawn(a.astype(int), b.astype(int)), abs=1e-12)


def test_all_people_of_a_small_group_may_be_drawn_into_one_unit() -> None:
    """Three people in all: that the three stand in one unit has a chance of 8/27 there where two of them live."""
    a, b = np.array([2.0, 1]), np.array([10.0, 30])
    assert mean_when_drawn(a, b) == pytest.approx(exact_drawn(a.astype(int), b.astype(int)), rel=0.01)
    assert mean_when_drawn(a, a[::-1]) == pytest.approx(exact_drawn(a.astype(int), a[::-1].astype(int)), abs=1e-12)


def test_all_municipalities_at_once_and_undefined_ones_missing() -> None:
    rng = np.random.default_rng(2)
    starts = np.array([0, 7, 8, 19, 22, 22])
    a, b = rng.poisson(6, 30) * 1.0, rng.poisson(30, 30) * 1.0
    a[19:22] = 0
    together = chance.bias_corrected(a, b, starts)
    assert np.isnan(together).tolist() == [False, False, False, True, True, False]
    for number, (begin, end) in enumerate(((0, 7), (7, 8), (8, 19))):
        alone = chance.bias_corrected(a[begin:end], b[begin:end])
        assert together[number] == pytest.approx(alone[0], abs=1e-9)
    replicas = chance.bias_corrected(np.stack([a, b]), np.stack([b, a]), starts)
    assert replicas[0] == pytest.approx(together, nan_ok=True, abs=1e-9)


def test_the_correction_brings_d_nearer_to_the_truth_when_the_group_is_small() -> None:
    """Units of 300 people, shares around 4 %: D of the counts is far above D of the chances behind them."""
    rng = np.random.default_rng(11)
    share = 0.04 * np.exp(rng.normal(0, 0.5, 80))
    truth = two_groups.dissimilarity(300 * share, 300 * (1 - share))[0]
    members = rng.binomial(300, share, size=(300, 80)) * 1.0
    plain = two_groups.dissimilarity(members, 300 - members)[:, 0].mean() - truth
    drawn = chance.bias_corrected(members, 300 - members)[:, 0].mean() - truth
    assert plain > 0.02
    assert abs(drawn) < 0.5 * plain


def test_without_people_or_with_one_group_there_is_no_warning_and_no_number() -> None:
    nobody = np.zeros(4)
    assert np.isnan(chance.bias_corrected(nobody, nobody)).all()
    assert np.isnan(chance.bias_corrected(nobody + 3, nobody)).all()
