"""The difference between two groups, its covariance and degrees of freedom, and its dealt tests.

Second implementations: statsmodels' HC2 and WLS with a table of dummies, scipy's Welch test, Bell & McCaffrey's
matrices written out, loops over all ways to deal the labels.
"""

import math
from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.linalg import sqrtm

from kloof.errors import NotComputableError
from kloof.methods import contrast, randomisation
from kloof.methods.contrast import ALIKE, OWN, combination, size_and_degrees_of
from kloof.methods.randomisation import Replays

FOCUS = np.arange(12) < 4


def town(seed: int, units: int = 12, size: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(units), np.exp(rng.standard_normal(units)), np.arange(units) < size


# ------------------------------------------------------------------ the estimator


def test_equal_weights_are_welch() -> None:
    """Against scipy's ttest_ind(equal_var=False): estimate, error, degrees, p-value and interval."""
    value, _, focus = town(1)
    found = contrast.difference(value[:, None], np.ones(12), focus)
    welch = stats.ttest_ind(value[focus], value[~focus], equal_var=False)
    assert found.degrees[0] == pytest.approx(welch.df)
    assert found.estimate[0] / found.standard_error[0] == pytest.approx(welch.statistic)
    assert found.p_value()[0] == pytest.approx(welch.pvalue)
    low, high = found.interval(0.9)
    assert (low[0], high[0]) == pytest.approx(tuple(welch.confidence_interval(0.9)))


def test_equal_weights_are_hc2() -> None:
    """Against statsmodels OLS with cov_type HC2."""
    value, _, focus = town(2)
    fit = sm.OLS(value, np.column_stack([np.ones(12), focus])).fit(cov_type="HC2")
    found = contrast.difference(value[:, None], np.ones(12), focus)
    assert found.estimate[0] == pytest.approx(fit.params[1])
    assert found.standard_error[0] == pytest.approx(fit.bse[1])


def test_a_contrast_over_years_is_the_regression_with_unit_and_year_effects() -> None:
    """The slope of the gap and its last change: statsmodels WLS on the whole table of dummies."""
    times = np.array([0.0, 1, 2, 4, 5])
    _, weight, focus = town(12)
    value = np.random.default_rng(12).standard_normal((12, 5)).cumsum(axis=1)
    unit, year = np.repeat(np.arange(12), 5), np.tile(np.arange(5), 12)
    effects = np.column_stack([np.eye(12)[unit], np.eye(5)[year][:, 1:]])
    centred = times - times.mean()
    for own, terms in (
        (value @ centred / (centred**2).sum(), times[:, None]),
        (value[:, 4] - value[:, 3], np.delete(np.eye(5), 3, axis=1)),
    ):
        design = np.column_stack([focus[unit, None] * terms[year], effects])
        fit = sm.WLS(value.ravel(), design, weights=weight[unit]).fit()
        found = contrast.difference(own[:, None], weight, focus)
        assert found.estimate[0] == pytest.approx(fit.params[terms.shape[1] - 1])


def test_the_weighted_variance_is_cr2_by_its_matrices() -> None:
    """Bell & McCaffrey: A_i = (I - H Φ …)^(-1/2) of the equal-variance working model, each buurt a cluster."""
    value, weight, focus = town(3)
    design = np.column_stack([np.ones(12), focus])
    bread = np.linalg.inv(design.T @ (weight[:, None] * design)) @ (design * weight[:, None]).T
    hat = np.eye(12) - design @ bread
    scale = np.diag(hat @ hat.T)  # expected squared residual under equal variances
    residual = hat @ value
    variance = (bread[1] ** 2 * residual**2 / scale).sum()
    found = contrast.difference(value[:, None], weight, focus)
    assert found.covariance[0, 0] == pytest.approx(variance)
    # the same through the general square root, buurt by buurt
    adjusted = [float(sqrtm(np.array([[1 / one]])).real[0, 0]) for one in scale]
    assert found.covariance[0, 0] == pytest.approx(((bread[1] * adjusted * residual) ** 2).sum())


def test_the_variance_is_unbiased_and_the_degrees_match_its_spread() -> None:
    """10,000 draws with variances 1 and 9: mean of the estimate, and 2 mean² / variance for each group alone."""
    rng = np.random.default_rng(4)
    weight = np.exp(rng.standard_normal(12))
    value = rng.standard_normal((12, 10_000)) * np.where(FOCUS, 3.0, 1.0)[:, None]
    found = []
    for side, sigma in ((FOCUS, 9.0), (~FOCUS, 1.0)):
        share = weight[side] / weight[side].sum()
        residual = value[side] - share @ value[side]
        part = (share[:, None] ** 2 * residual**2 / contrast.expected_square(share)[:, None]).sum(axis=0)
        assert part.mean() == pytest.approx(sigma * (share**2).sum(), rel=0.04)
        assert 2 * part.mean() ** 2 / part.var() == pytest.approx(contrast.satterthwaite(share), rel=0.08)
        found.append(part)
    made = np.diag(contrast.difference(value[:, :500], weight, FOCUS).covariance)
    np.testing.assert_allclose(made, (found[0] + found[1])[:500])


@given(size=st.integers(2, 30))
def test_equal_shares_have_one_degree_less(size: int) -> None:
    assert contrast.satterthwaite(np.full(size, 1 / size)) == pytest.approx(size - 1)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10), shift=st.floats(-5, 5))
@settings(max_examples=30, deadline=None)
def test_units_of_figures_and_weights_do_not_matter(seed: int, scale: float, shift: float) -> None:
    value, weight, focus = town(seed)
    one = contrast.difference(value[:, None], weight, focus)
    other = contrast.difference((scale * value + shift)[:, None], 7 * weight, focus)
    assert other.estimate[0] == pytest.approx(scale * one.estimate[0])
    assert other.standard_error[0] == pytest.approx(scale * one.standard_error[0])
    assert other.degrees[0] == pytest.approx(one.degrees[0])
    traded = contrast.difference(value[:, None], weight, ~focus)
    assert traded.estimate[0] == pytest.approx(-one.estimate[0])
    assert traded.degrees[0] == pytest.approx(one.degrees[0])


def test_what_cannot_be_computed_says_why() -> None:
    value, weight, focus = town(5)
    with pytest.raises(NotComputableError, match="1 buurten") as caught:
        contrast.difference(value[:, None], weight, np.arange(12) < 1)
    assert caught.value.reason == "too_few_buurten"
    with pytest.raises(NotComputableError, match="did the same") as caught:
        contrast.difference(np.where(focus, 1.0, 0.0)[:, None], weight, focus)
    assert caught.value.reason == "no_spread"
    for variance in (OWN, ALIKE):
        assert reason_of(contrast.standard_error, np.where(focus, 1.0, 0.0), weight, focus, variance) == "no_spread"


# ------------------------------------------------------------------ dealing, by loops


def t_of(value: np.ndarray, weight: np.ndarray, focus: np.ndarray, variance: str) -> float:
    """The studentised difference in plain loops."""
    top = squared = 0.0
    for side, sign in ((focus, 1), (~focus, -1)):
        share = [w / weight[side].sum() for w in weight[side]]
        middle = sum(s * v for s, v in zip(share, value[side], strict=True))
        squares = sum(s * s for s in share)
        top += sign * middle
        if variance == OWN:
            squared += sum(
                s**2 * (v - middle) ** 2 / (1 - 2 * s + squares) for s, v in zip(share, value[side], strict=True)
            )
        else:
            squared += squares * np.var(value[side], ddof=1)
    return top / math.sqrt(squared)


@pytest.mark.parametrize("variance", [OWN, ALIKE])
@pytest.mark.parametrize("c", [-0.7, 0.0, 1.3])
def test_every_deal_is_what_a_loop_makes(variance: str, c: float) -> None:
    value, weight, focus = town(6, 8, 3)
    labels = randomisation.deal(focus, np.random.default_rng(0), 99)
    assert len(labels) == 56
    made = contrast.replays(value, weight, focus, labels, variance)
    assert made.complete
    loop = [abs(t_of(value - c * focus, weight, row.astype(bool), variance)) for row in labels]
    np.testing.assert_allclose(made.at(c), loop, rtol=1e-9)
    error = contrast.standard_error(value, weight, focus, variance)
    estimate = contrast.difference(value[:, None], weight, focus).estimate[0]
    assert (estimate - c) / error == pytest.approx(t_of(value - c * focus, weight, focus, variance))
    observed = abs(t_of(value - c * focus, weight, focus, variance))
    assert randomisation.p_value(made, estimate, error, c) == sum(t >= observed - 1e-9 for t in loop) / 56


@pytest.mark.parametrize("variance", [OWN, ALIKE])
def test_the_limits_are_where_a_search_finds_them(variance: str) -> None:
    value, weight, focus = town(7, 11, 4)
    labels = np.array([[i in chosen for i in range(11)] for chosen in combinations(range(11), 4)])
    low, high, p = contrast.studentised(value, weight, focus, labels, variance)

    def chance(c: float) -> float:
        moved = value - c * focus
        observed = abs(t_of(moved, weight, focus, variance))
        return float(
            np.mean([abs(t_of(moved, weight, row.astype(bool), variance)) >= observed - 1e-9 for row in labels])
        )

    assert p == pytest.approx(chance(0.0))
    width = high - low
    for inside, outside in ((low + 1e-4 * width, low - 1e-4 * width), (high - 1e-4 * width, high + 1e-4 * width)):
        assert chance(inside) > 0.05 >= chance(outside)


def test_random_deals_count_the_observed_one() -> None:
    value, weight, focus = town(8, 30, 9)
    value = value + 40.0 * focus
    labels = randomisation.deal(focus, np.random.default_rng(1), 199)
    assert contrast.studentised(value, weight, focus, labels)[2] == pytest.approx(1 / 200)


def test_the_guarded_limits_are_the_widest_and_the_t_is_added_when_few() -> None:
    value, weight, _ = town(9, 40, 4)
    for size in (7, 8):
        focus = np.arange(40) < size
        labels = randomisation.deal(focus, np.random.default_rng(2), 499)
        parts = [contrast.studentised(value, weight, focus, labels, variance) for variance in (OWN, ALIKE)]
        robust = contrast.difference(value[:, None], weight, focus)
        if size == 7:
            parts.append((robust.interval()[0][0], robust.interval()[1][0], robust.p_value()[0]))
        low, high, p = contrast.guarded(value, weight, focus, labels)
        assert low == min(part[0] for part in parts)
        assert high == max(part[1] for part in parts)
        assert p == max(part[2] for part in parts)


def test_too_few_draws_to_reject_anything() -> None:
    ones = np.ones(15)
    flat = Replays(top=ones, slope=ones, square=ones, cross=ones, bend=ones, complete=False)
    with pytest.raises(NotComputableError, match="15 draws") as caught:
        randomisation.interval(flat, 0.0, 1.0)
    assert caught.value.reason == "too_few_draws"


def test_a_replay_without_spread_is_infinitely_far_or_nothing() -> None:
    zero = np.zeros(2)
    still = Replays(np.array([1.0, 0.0]), zero, zero, zero, zero, True)
    assert still.at(0.0).tolist() == [math.inf, 0.0]


# ------------------------------------------------------------------ how often it is wrong


def rejections(units: int, size: int, factor: float, effect: float, n: int = 500) -> dict[str, float]:
    """Share rejected at 5 percent: the dealing that assumes equal spread, studentised, guarded, and the t."""
    rng = np.random.default_rng(units)
    focus = np.arange(units) < size
    counts = dict.fromkeys(("dealing", OWN, ALIKE, "guarded", "t"), 0)
    for _ in range(n):
        weight = np.exp(0.5 * rng.standard_normal(units))
        value = rng.standard_normal(units) * np.where(focus, factor, 1.0) + effect * focus
        labels = randomisation.deal(focus, rng, 199)
        (low, high), _ = randomisation.constant_change(value, weight, focus, labels)
        counts["dealing"] += low > 0 or high < 0
        chance = {}
        estimate = (
            weight[focus] @ value[focus] / weight[focus].sum() - weight[~focus] @ value[~focus] / weight[~focus].sum()
        )
        for name in (OWN, ALIKE):
            made = contrast.replays(value, weight, focus, labels, name)
            chance[name] = randomisation.p_value(made, estimate, contrast.standard_error(value, weight, focus, name))
            counts[name] += chance[name] <= 0.05
        t = contrast.difference(value[:, None], weight, focus).p_value()[0]
        counts["t"] += t <= 0.05
        counts["guarded"] += max(chance.values()) <= 0.05 and (size >= 8 or t <= 0.05)
    return {name: count / n for name, count in counts.items()}


def test_size_and_power() -> None:
    """56 buurten, 11 focus. Studentised holds its level when focus varies alike, and far better when it varies more."""
    error = 3 * math.sqrt(0.05 * 0.95 / 500)
    same = rejections(56, 11, 1.0, 0.0)
    assert all(abs(same[name] - 0.05) <= error for name in (OWN, ALIKE))
    assert max(same["guarded"], same["t"]) <= 0.05 + error
    more = rejections(56, 11, 3.0, 0.0)
    assert more["dealing"] > 0.15
    assert max(more["guarded"], more["t"]) <= 0.05 + error
    assert max(more[OWN], more[ALIKE]) <= 0.12
    few = rejections(15, 4, 3.0, 0.0, 300)
    assert few["guarded"] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
    on = rejections(56, 11, 1.0, 1.5)
    assert on["guarded"] >= 0.9


def test_a_sum_of_three_groups_has_the_spread_and_degrees_of_each_times_its_square() -> None:
    """With equal weights: the sum of factor² · s² / n, Welch's degrees, and the size of it when all vary alike."""
    rng = np.random.default_rng(1)
    sizes, factors = (5, 8, 20), (1.0, -2.0, 1.0)
    group = np.repeat([0, 1, 2], sizes)
    value = rng.normal(0, 1 + group, len(group))
    parts = [(group == at, factor) for at, factor in enumerate(factors)]
    found = combination(value[:, None], np.ones(len(group)), parts)
    each = np.array([factor**2 * value[group == at].var(ddof=1) / sizes[at] for at, factor in enumerate(factors)])
    assert found.estimate[0] == pytest.approx(sum(f * value[group == at].mean() for at, f in enumerate(factors)))
    assert found.covariance[0, 0] == pytest.approx(each.sum())
    assert found.degrees[0] == pytest.approx(each.sum() ** 2 / (each**2 / (np.array(sizes) - 1)).sum())
    size, degrees = size_and_degrees_of(np.ones(len(group)), parts)
    alike = np.array(factors) ** 2 / sizes
    assert size == pytest.approx(1 / alike.sum())
    assert degrees == pytest.approx(alike.sum() ** 2 / (alike**2 / (np.array(sizes) - 1)).sum())
