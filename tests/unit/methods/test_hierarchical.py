"""The hierarchical model: against bayesmeta, direct integration, its limits, and what it promises when repeated."""

from collections.abc import Callable

import numpy as np
import pytest
from answers import reason_of
from scipy import integrate, stats

from kloof.errors import NotComputableError
from kloof.methods import hierarchical
from kloof.methods.arrays import Array
from kloof.methods.hierarchical import (
    DEGREES,
    Normals,
    Posterior,
    averaged,
    drawn_in_variance,
    fit,
    fit_heavy,
    half_normal,
    ranks,
)

SCHOOLS = np.array([28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16])  # Rubin 1981, as bayesmeta has them
ERRORS = np.array([14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6])


def jeffreys(error: Array) -> hierarchical.LogPrior:
    """Jeffreys' prior of τ, which bayesmeta writes as √Σ(τ / (τ² + s²))²."""

    def log_density(tau: Array) -> Array:
        ratio = tau[:, None] / (tau[:, None] ** 2 + error**2)
        return 0.5 * np.log(np.maximum((ratio**2).sum(axis=1), 1e-300))

    return log_density


def test_the_published_numbers_of_bayesmeta_come_out() -> None:
    """`bayesmeta(c(11, 13, 16), c(1, 1, 2), tau.prior = "Jeffreys")` in H. Okumura's course on statistics with R.

    bayesmeta joins values of τ until they differ by 0.01 (Kullback and Leibler), which moves its μ and θ by 3 in 10⁵.
    """
    error = np.array([1.0, 1.0, 2.0])
    found = fit(np.array([11.0, 13.0, 16.0]), error, jeffreys(error))
    assert found.tau_quantile(0.5) == pytest.approx(2.35487034, rel=1e-5)
    assert found.tau_mean == pytest.approx(3.67647047, rel=1e-5)
    assert found.coefficients.quantile(0.5) == pytest.approx([12.855986], rel=5e-5)
    assert found.coefficients.average == pytest.approx([12.980341], rel=5e-5)
    assert found.effects.quantile(0.5) == pytest.approx([11.4313117, 12.9298433, 14.439061], rel=5e-5)
    assert found.effects.average == pytest.approx([11.4133994, 12.9395931, 14.588030], rel=5e-5)
    assert found.effects.standard_deviation == pytest.approx([0.9927761, 0.9349359, 1.888808], rel=3e-4)


def test_it_equals_direct_integration_over_both_parameters() -> None:
    """Of the eight schools, by quadrature over τ and μ with a density written out as a product of normals."""
    scale = 12.0

    def whole(of: Callable[[float, float], float]) -> float:
        def weighed(mu: float, tau: float) -> float:
            spread = np.sqrt(tau**2 + ERRORS**2)
            each = 0.5 * ((SCHOOLS - mu) / spread) ** 2 + np.log(spread)
            return of(mu, tau) * float(np.exp(-each.sum() - 0.5 * (tau / scale) ** 2))

        return float(integrate.dblquad(weighed, 0, 80, -60, 80, epsabs=0, epsrel=1e-8)[0])

    def theta(mu: float, tau: float) -> float:
        own = tau**2 / (tau**2 + ERRORS[0] ** 2)
        return float(own * SCHOOLS[0] + (1 - own) * mu)

    mass = whole(lambda *_: 1.0)
    found = fit(SCHOOLS, ERRORS, half_normal(scale))
    assert found.coefficients.average[0] == pytest.approx(whole(lambda mu, _: mu) / mass, rel=1e-6)
    assert found.tau_mean == pytest.approx(whole(lambda _, tau: tau) / mass, rel=1e-6)
    assert found.effects.average[0] == pytest.approx(whole(theta) / mass, rel=1e-6)
    assert fit_heavy(SCHOOLS, ERRORS, half_normal(scale), np.inf).evidence == pytest.approx(np.log(mass), abs=1e-4)


def test_twice_as_many_nodes_move_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for estimate, error in ((SCHOOLS, ERRORS), (np.repeat(SCHOOLS, 40), np.repeat(ERRORS, 40) / 6)):
        before = fit(estimate, error, half_normal(25.0))
        monkeypatch.setattr(hierarchical, "NODES", 480)
        after = fit(estimate, error, half_normal(25.0))
        monkeypatch.setattr(hierarchical, "NODES", 240)
        for one, other in ((before.effects, after.effects), (before.coefficients, after.coefficients)):
            np.testing.assert_allclose(one.average, other.average, rtol=1e-8)
            np.testing.assert_allclose(one.above(0.0), other.above(0.0), atol=1e-8)
        assert before.tau_quantile(0.9) == pytest.approx(after.tau_quantile(0.9), rel=1e-5)


def test_without_spread_all_are_one_and_with_much_each_stands_alone() -> None:
    weight = 1 / ERRORS**2
    pooled = fit(SCHOOLS, ERRORS, half_normal(1e-6))
    np.testing.assert_allclose(pooled.effects.average, weight @ SCHOOLS / weight.sum(), atol=1e-5)
    apart = fit(SCHOOLS * 1e4, ERRORS, half_normal(1e7))
    np.testing.assert_allclose(apart.effects.average, SCHOOLS * 1e4, rtol=1e-3)
    np.testing.assert_allclose(apart.effects.standard_deviation, ERRORS, rtol=1e-2)


def test_it_follows_shifts_scales_and_order() -> None:
    found = fit(SCHOOLS, ERRORS, half_normal(10.0))
    moved = fit(5 - 3 * SCHOOLS[::-1], 3 * ERRORS[::-1], half_normal(30.0))
    np.testing.assert_allclose(moved.effects.average[::-1], 5 - 3 * found.effects.average, rtol=1e-7)
    np.testing.assert_allclose(moved.effects.above(5.0)[::-1], 1 - found.effects.above(0.0), atol=1e-7)


def test_a_covariate_takes_what_it_explains() -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(-1, 1, 200)
    error = np.full(200, 0.5)
    estimate = 2 + 3 * x + rng.normal(0, 0.3, 200) + rng.normal(0, 0.5, 200)
    found = fit(estimate, error, half_normal(2.0), x[:, None])
    low, high = found.coefficients.interval(0.99)
    assert (low < [2, 3]).all() and (high > [2, 3]).all()
    assert found.tau_mean < fit(estimate, error, half_normal(2.0)).tau_mean / 3


def test_heavy_tails_leave_an_odd_place_where_it_is() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(0, 1, 60)
    truth[0] = 15
    error = np.full(60, 0.8)
    estimate = truth + rng.normal(0, 0.8, 60)
    plain, heavy = fit(estimate, error, half_normal(5.0)), fit_heavy(estimate, error, half_normal(5.0))
    assert abs(heavy.effects.average[0] - estimate[0]) < abs(plain.effects.average[0] - estimate[0])
    assert heavy.tau_mean < plain.tau_mean
    np.testing.assert_allclose(heavy.effects.weight.sum(axis=0), 1.0, rtol=1e-9)
    near = fit_heavy(SCHOOLS, ERRORS, half_normal(10.0), degrees=200.0)  # nearly normal again
    np.testing.assert_allclose(near.effects.average, fit(SCHOOLS, ERRORS, half_normal(10.0)).effects.average, atol=0.02)


@pytest.mark.parametrize("odd", [20.0, 1000.0, 1e5])
def test_however_odd_a_place_is_the_grid_is_fine_enough(odd: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The normal model, by which the grid is laid first, is moved by it to where nothing is."""
    rng = np.random.default_rng(10)
    error = np.full(40, 0.8)
    estimate = np.append(odd, 3 + np.hypot(1, 0.8) * rng.standard_normal(39))
    found = fit_heavy(estimate, error, half_normal(50.0))
    assert found.coefficients.average[0] == pytest.approx(3, abs=0.7)
    assert found.effects.average[0] == pytest.approx(odd, rel=0.05)
    monkeypatch.setattr(hierarchical, "_CENTRE_NODES", 200)
    monkeypatch.setattr(hierarchical, "_TAU_NODES", 200)
    finer = fit_heavy(estimate, error, half_normal(50.0))
    assert found.coefficients.average[0] == pytest.approx(finer.coefficients.average[0], abs=0.003)
    assert found.coefficients.standard_deviation[0] == pytest.approx(finer.coefficients.standard_deviation[0], rel=0.02)
    assert found.tau_mean == pytest.approx(finer.tau_mean, rel=0.002)
    np.testing.assert_allclose(found.effects.average[1:], finer.effects.average[1:], atol=0.003)


@pytest.mark.parametrize("degrees", [np.inf, 4.0])
def test_what_is_known_precisely_has_quantiles_of_its_spread(degrees: float) -> None:
    """The density of τ then falls to 10⁻³⁰⁰ on its own grid: steps of nothing."""
    rng = np.random.default_rng(11)
    estimate = 5 + 12 * rng.standard_normal(60)
    found = fit_heavy(estimate, np.full(60, 0.5), half_normal(50.0), degrees)
    low, middle, high = (found.tau_quantile(p) for p in (0.05, 0.5, 0.95))
    assert low < middle < high
    if np.isinf(degrees):  # 59 s² / χ² of 59 degrees
        ends = estimate.std(ddof=1) * np.sqrt(59 / stats.chi2(59).ppf([0.95, 0.05]))
        np.testing.assert_allclose([low, high], ends, rtol=0.02)


def test_quantiles_and_probabilities_of_a_mixture_belong_together() -> None:
    mixture = Normals(np.array([[0.3], [0.7]]), np.array([[-1.0], [2.0]]), np.array([[0.5], [1.5]]))
    middle = mixture.quantile(0.9)
    assert 1 - mixture.above(middle) == pytest.approx([0.9], abs=1e-9)
    drawn = np.random.default_rng(3).normal([-1.0, 2.0], [0.5, 1.5], (200_000, 2))
    picked = np.where(np.random.default_rng(4).random(200_000) < 0.3, drawn[:, 0], drawn[:, 1])
    assert mixture.average[0] == pytest.approx(picked.mean(), abs=0.02)
    assert mixture.standard_deviation[0] == pytest.approx(picked.std(), abs=0.02)


def test_ranks_equal_those_of_draws() -> None:
    rng = np.random.default_rng(5)
    error = rng.uniform(0.5, 2.0, 50)
    found = fit(rng.normal(0, 2, 50) + error * rng.standard_normal(50), error, half_normal(5.0))
    expected, low, high = ranks(found, 0.9)
    chosen = rng.choice(len(found.tau), size=20_000, p=found.weight / found.weight.sum())
    drawn = rng.normal(found.effects.mean[chosen], found.effects.deviation[chosen])
    place = (-drawn).argsort(axis=1).argsort(axis=1) + 1
    np.testing.assert_allclose(expected, place.mean(axis=0), atol=0.5)
    np.testing.assert_allclose(low, np.quantile(place, 0.05, axis=0), atol=1.5)
    np.testing.assert_allclose(high, np.quantile(place, 0.95, axis=0), atol=1.5)
    assert expected.sum() == pytest.approx(50 * 51 / 2, rel=1e-3)


def test_variances_of_few_units_are_drawn_in_to_their_line() -> None:
    rng = np.random.default_rng(6)
    size, degrees = rng.uniform(3, 100, 300), rng.integers(3, 30, 300).astype(float)
    for differ in (0.0, 0.4):
        truth = np.exp(1 - np.log(size) + differ * rng.standard_normal(300))
        own = truth * rng.chisquare(degrees) / degrees
        made = drawn_in_variance(own, degrees, size)
        wrong, before = (np.log(made / truth) ** 2).mean(), (np.log(own / truth) ** 2).mean()
        assert wrong < before / 2
        if not differ:
            assert wrong < 0.01
    alike = drawn_in_variance(rng.chisquare(4, 300) / 4, np.full(300, 4.0), np.full(300, 7.0))
    np.testing.assert_allclose(alike, 1.0, atol=0.25)  # of one size: their mean, or near it
    exact = np.full(300, 1e6)
    np.testing.assert_allclose(drawn_in_variance(truth, exact, size), truth, rtol=1e-3)


def test_what_cannot_be_fitted_says_why() -> None:
    for estimate, error, reason in (
        (SCHOOLS[:2], ERRORS[:2], "too_few_municipalities"),
        (SCHOOLS, 0 * ERRORS, "no_spread"),
        (np.append(SCHOOLS[1:], np.nan), ERRORS, "no_spread"),
    ):
        assert reason_of(fit, estimate, error, half_normal(1.0)) == reason
    with pytest.raises(NotComputableError, match="3 variances"):
        drawn_in_variance(np.ones(3), np.ones(3), np.ones(3))


@pytest.mark.parametrize("tau", [0.0, 1.0, 4.0])
def test_its_ranges_hold_the_truth_as_often_as_they_say(tau: float) -> None:
    """90 percent of the ranges of places, over 40 countries of 120; wrong signs among those called sure."""
    rng = np.random.default_rng(7)
    held, mean_held, wrong, sure = [], 0, 0, 0
    for _ in range(40):
        error = np.exp(rng.normal(0.5, 0.5, 120))
        truth = 1 + tau * rng.standard_normal(120)
        found = fit(truth + error * rng.standard_normal(120), error, half_normal(5.0))
        low, high = found.effects.interval(0.9)
        held.append(((low <= truth) & (truth <= high)).mean())
        middle = found.coefficients.interval(0.9)
        mean_held += int(middle[0][0] <= 1 <= middle[1][0])
        above = found.effects.above(0.0)
        wrong += int(((above > 0.9) & (truth < 0)).sum() + ((above < 0.1) & (truth > 0)).sum())
        sure += int(((above > 0.9) | (above < 0.1)).sum())
    assert np.mean(held) > 0.88
    assert tau == 0 or np.mean(held) < 0.92
    assert mean_held >= 31
    assert wrong <= 0.07 * sure


def test_the_quadrature_with_a_normal_is_the_exact_model() -> None:
    """And its evidence tells tails: of truths from a t with three degrees of freedom, and of normal ones."""
    exact, other = (one(SCHOOLS, ERRORS, half_normal(12.0), *more) for one, more in ((fit, ()), (fit_heavy, (np.inf,))))
    np.testing.assert_allclose(other.effects.average, exact.effects.average, rtol=1e-4)
    np.testing.assert_allclose(other.effects.quantile(0.05), exact.effects.quantile(0.05), rtol=1e-3)
    np.testing.assert_allclose(other.coefficients.quantile(0.05), exact.coefficients.quantile(0.05), rtol=1e-3)
    assert other.tau_mean == pytest.approx(exact.tau_mean, rel=1e-4)
    rng = np.random.default_rng(8)
    error = np.full(300, 1.0)
    for truth, heavier in ((2 * rng.standard_t(3, 300), True), (3 * rng.standard_normal(300), False)):
        estimate = truth + error * rng.standard_normal(300)
        normal, heavy = (fit_heavy(estimate, error, half_normal(10.0), degrees) for degrees in (np.inf, 4.0))
        assert (heavy.evidence > normal.evidence) == heavier


def both_models(estimate: Array, error: Array, prior: hierarchical.LogPrior) -> dict[float, Posterior]:
    return {degrees: fit_heavy(estimate, error, prior, degrees) for degrees in (np.inf, DEGREES)}


def test_an_average_of_models_is_made_by_what_each_makes_of_the_estimates() -> None:
    """Of the eight schools: by hand, and the width of two in three truths against draws of τ and of truths."""
    by = both_models(SCHOOLS, ERRORS, half_normal(12.0))
    both = averaged(by)
    share = 1 / (1 + np.exp(by[np.inf].evidence - by[DEGREES].evidence))
    assert 0.2 < share < 0.8  # eight schools do not tell the two apart
    assert both.heavy == pytest.approx(share, rel=1e-9)
    normal, heavy = by.values()
    for of in ("effects", "coefficients"):
        parts = [getattr(one, of).above(5.0) for one in (normal, heavy)]
        np.testing.assert_allclose(getattr(both, of).above(5.0), (1 - share) * parts[0] + share * parts[1], rtol=1e-9)
    assert both.weight.sum() == pytest.approx(1, rel=1e-9)
    rng = np.random.default_rng(12)
    wide = np.quantile(np.abs(rng.standard_t(DEGREES, 400_000)), stats.norm.cdf(1) - stats.norm.cdf(-1))
    assert both.tau_mean == pytest.approx((1 - share) * normal.tau_mean + share * wide * heavy.tau_mean, rel=0.01)
    for p in (0.05, 0.5, 0.95):
        value = both.tau_quantile(p)
        below = np.interp(value, normal.tau, normal.below), np.interp(value / wide, heavy.tau, heavy.below)
        assert (1 - share) * below[0] + share * below[1] == pytest.approx(p, abs=0.005)
    alone = averaged({np.inf: normal})
    assert (alone.heavy, alone.evidence, alone.tau_mean) == (0.0, normal.evidence, normal.tau_mean)


def test_models_that_the_estimates_rule_out_have_no_say() -> None:
    rng = np.random.default_rng(13)
    estimate = np.append(3 + rng.standard_normal(200), [200.0, -150.0])
    by = both_models(estimate, np.full(202, 0.5), half_normal(20.0))
    both = averaged(by)
    assert both.heavy == pytest.approx(1, abs=1e-7)
    np.testing.assert_allclose(both.effects.average, by[DEGREES].effects.average, rtol=1e-6)
    assert both.effects.weight.shape == by[DEGREES].effects.weight.shape


# ------------------------------------------------------------------ calibration by simulation
SIMULATED, BINS_OF_RANKS, SCALE = 250, 10, 2.0


@pytest.mark.calibration
@pytest.mark.parametrize("degrees", [np.inf, 4.0, None])
@pytest.mark.parametrize(("error_by", "prior_by"), [(1.0, 1.0), (2.0, 1.0), (1.0, 0.2)])
def test_truths_drawn_from_the_prior_lie_evenly_in_the_posterior(
    degrees: float | None, error_by: float, prior_by: float
) -> None:
    """τ, μ and an effect, by χ² in ten bins; and not when the standard errors or the prior are told otherwise.

    Without degrees truths are normal in half of the countries and have heavy tails in the others: both are averaged.

    μ has a flat prior: whatever it is, its place in the posterior is even. Source: Talts et al. 2018, arXiv:1804.06788.
    """
    rng = np.random.default_rng(9)
    places = np.empty((SIMULATED, 3))
    error = np.exp(rng.normal(0, 0.4, 12))
    for at in range(SIMULATED):
        tau, mu = abs(SCALE * rng.standard_normal()), 50 * rng.standard_normal()
        drawn = degrees if degrees is not None else (np.inf, DEGREES)[at % 2]
        mix = 1.0 if np.isinf(drawn) else rng.chisquare(drawn, 12) / drawn
        truth = mu + tau * rng.standard_normal(12) / np.sqrt(mix)
        estimate, told = truth + error * rng.standard_normal(12), half_normal(SCALE * prior_by)
        if degrees is None:
            found = averaged(both_models(estimate, error * error_by, told))
            tau *= 1.0 if np.isinf(drawn) else float(stats.t.ppf(stats.norm.cdf(1), drawn))
        elif np.isinf(degrees):
            found = fit(estimate, error * error_by, told)
        else:
            found = fit_heavy(estimate, error * error_by, told, degrees)
        below = float(np.interp(tau, found.tau, found.below))
        places[at] = below, 1 - found.coefficients.above(mu)[0], 1 - found.effects.above(truth)[0]
    chance = min(stats.chisquare(np.histogram(column, BINS_OF_RANKS, (0, 1))[0]).pvalue for column in places.T)
    assert (chance > 0.01) if error_by == prior_by == 1.0 else (chance < 1e-4)
