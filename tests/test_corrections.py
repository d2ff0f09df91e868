"""Bias corrections: exact sums, brute-force jackknife, what happens at the ends, and municipalities at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kloof import chance, corrections, formulas, sums
from kloof.errors import ParameterError


def exact_drawn(a: np.ndarray, b: np.ndarray) -> float:
    """Mean of D over all outcomes of both multinomials' margins, by adding up every pair of counts."""
    total = 0.0
    for x, y in zip(a, b, strict=True):
        one, two = np.arange(a.sum() + 1), np.arange(b.sum() + 1)
        apart = np.abs(one[:, None] / a.sum() - two[None, :] / b.sum())
        chances = stats.binom.pmf(one, a.sum(), x / a.sum())[:, None] * stats.binom.pmf(two, b.sum(), y / b.sum())
        total += (apart * chances).sum()
    return total / 2


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
    assert abs(corrections.expected_when_drawn(a, b)[0] - exact) < allowed


def test_cells_with_few_people_on_both_sides_are_summed_out_exactly() -> None:
    a, b = np.array([1.0, 2, 0, 4, 3]), np.array([2.0, 1, 3, 4, 0])
    assert corrections.expected_when_drawn(a, b)[0] == pytest.approx(
        exact_drawn(a.astype(int), b.astype(int)), abs=1e-12
    )


def jackknife_by_hand(table: np.ndarray, measure) -> float:
    people, mean = table.sum(), 0.0
    for cell in np.argwhere(table > 0):
        less = table.copy()
        less[tuple(cell)] -= 1
        mean += table[tuple(cell)] * measure(less, (0,))[0] / people
    return people * measure(table, (0,))[0] - (people - 1) * mean


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(2, 7))
def test_the_jackknife_is_that_of_leaving_out_each_person(seed: int, groups: int, units: int) -> None:
    table = np.random.default_rng(seed).integers(0, 9, size=(groups, units)) * 1.0
    table[:, 0] += 2
    for index, measure in (("mutual_information", sums.mutual_information), ("theil_h", sums.theil_h)):
        ours = corrections.jackknife(table, index=index)[0]
        assert ours == pytest.approx(jackknife_by_hand(table, measure), abs=1e-11)


def test_the_jackknife_takes_off_the_known_bias_of_m() -> None:
    """Independent groups and units: M of the chances is 0, of counts (G − 1)(N − 1)/2T on average (Miller 1955)."""
    rng = np.random.default_rng(9)
    starts = np.arange(400) * 6
    sizes = rng.integers(150, 300, 2400)
    members = rng.binomial(sizes, 0.4)
    table = np.stack([members, sizes - members]) * 1.0
    plain, corrected = sums.mutual_information(table, starts), corrections.jackknife(table, starts)
    expected = 5 / (2 * np.add.reduceat(sizes, starts))
    assert plain.mean() == pytest.approx(expected.mean(), abs=4 * plain.std() / 20)
    assert abs(corrected.mean()) < 4 * corrected.std() / 20
    assert plain.mean() > 12 * plain.std() / 20


@pytest.mark.parametrize(
    "function",
    [
        corrections.bias_corrected,
        corrections.density_corrected,
        corrections.modified_dissimilarity,
        corrections.modified_gini,
        corrections.expected_when_drawn,
    ],
)
def test_all_municipalities_at_once_and_undefined_ones_missing(function) -> None:
    rng = np.random.default_rng(2)
    starts = np.array([0, 7, 8, 19, 22, 22])
    a, b = rng.poisson(6, 30) * 1.0, rng.poisson(30, 30) * 1.0
    a[19:22] = 0
    together = function(a, b, starts)
    assert np.isnan(together).tolist() == [False, False, False, True, True, False]
    for number, (begin, end) in enumerate(((0, 7), (7, 8), (8, 19))):
        assert together[number] == pytest.approx(function(a[begin:end], b[begin:end])[0], abs=1e-9)
    replicas = function(np.stack([a, b]), np.stack([b, a]), starts)
    assert replicas[0] == pytest.approx(together, nan_ok=True, abs=1e-9)


def test_carrington_troske_is_0_at_chance_1_apart_and_minus_1_when_even() -> None:
    assert corrections.carrington_troske([0.2, 1.0, 0.0, 0.6, 0.1], 0.2) == pytest.approx([0, 1, -1, 0.5, -0.5])
    assert corrections.winship([0.2, 1.0, 0.0, 0.6], 0.2) == pytest.approx([0, 1, -0.25, 0.5])


def test_corrections_bring_d_nearer_to_the_truth_when_the_group_is_small() -> None:
    """Units of 300 people, shares around 4 %: D of the counts is far above D of the chances behind them."""
    rng = np.random.default_rng(11)
    share = 0.04 * np.exp(rng.normal(0, 0.5, 80))
    truth = formulas.dissimilarity(300 * share, 300 * (1 - share))[0]
    members = rng.binomial(300, share, size=(300, 80)) * 1.0
    plain = formulas.dissimilarity(members, 300 - members)[:, 0].mean() - truth
    drawn = corrections.bias_corrected(members, 300 - members)[:, 0].mean() - truth
    density = corrections.density_corrected(members, 300 - members)[:, 0].mean() - truth
    assert plain > 0.02
    assert abs(drawn) < 0.5 * plain
    assert abs(density) < 0.5 * plain


def test_without_people_or_with_one_group_there_is_no_warning_and_no_number() -> None:
    nobody = np.zeros(4)
    for function in (corrections.bias_corrected, corrections.density_corrected, corrections.modified_gini):
        assert np.isnan(function(nobody, nobody)).all()
        assert np.isnan(function(nobody + 3, nobody)).all()
    assert np.isnan(corrections.jackknife(np.zeros((3, 4)))).all()
    assert np.isnan(corrections.jackknife(np.array([[1.0, 0], [0, 0]]))).all()
    assert np.isnan(corrections.jackknife(np.array([[4.0, 2], [0, 0]]), index="theil_h")).all()


def test_other_indices_have_no_jackknife_here() -> None:
    with pytest.raises(ParameterError, match='index "gini" has no jackknife here: mutual_information or theil_h'):
        corrections.jackknife(np.ones((2, 2)), index="gini")
    with pytest.raises(ParameterError, match='null "systematic" has no closed form here'):
        chance.expected_dissimilarity([1.0], [1.0], null="systematic")
