"""The random-effects summary on the BCG trials as metafor prints them, and against statsmodels and grids."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar
from statsmodels.stats.meta_analysis import combine_effects

from kloof.errors import NotComputableError
from kloof.methods import meta
from kloof.methods.meta import PAULE_MANDEL, REML

# Colditz et al. 1994, 13 trials of the BCG vaccine: cases and others, vaccinated and not
BCG = np.array([
    [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761],
    [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232],
    [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825],
], dtype=float)  # fmt: skip


def bcg() -> tuple[np.ndarray, np.ndarray]:
    """Log risk ratios and their standard errors."""
    a, b, c, d = BCG.T
    return np.log(a / (a + b) / (c / (c + d))), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def test_as_metafor_prints_it() -> None:
    """`rma(yi, vi, data = dat.bcg)`: tau² 0.3132, estimate -0.7145 (Viechtbauer 2010, doi:10.18637/jss.v036.i03),
    I² 0.9222139 (tests of R's performance), Q(12) = 152.2330 (tests of metafor against Stata's metan).
    """
    found = meta.summarise(*bcg(), REML)
    assert found.tau_squared == pytest.approx(0.3132, abs=5e-5)
    assert found.estimate == pytest.approx(-0.7145, abs=5e-5)
    assert found.i_squared == pytest.approx(92.22139, abs=5e-4)
    assert found.q == pytest.approx(152.2330, abs=5e-5)
    assert found.q_p_value == pytest.approx(stats.chi2.sf(found.q, 12))
    assert found.municipalities == 13
    # Hartung & Knapp by hand, and the prediction on 11 degrees of freedom
    effect, error = bcg()
    weight = 1 / (error**2 + found.tau_squared)
    squared = (weight * (effect - found.estimate) ** 2).sum() / 12 / weight.sum()
    assert found.high - found.estimate == pytest.approx(stats.t.ppf(0.975, 12) * math.sqrt(squared))
    assert found.predicted_high is not None
    reach = stats.t.ppf(0.975, 11) * math.sqrt(found.tau_squared + squared)
    assert found.predicted_high - found.estimate == pytest.approx(reach)


def test_reml_is_the_highest_of_its_likelihood() -> None:
    """A search over the restricted log-likelihood written out."""
    effect, error = bcg()

    def minus(tau: float) -> float:
        weight = 1 / (error**2 + tau)
        centre = weight @ effect / weight.sum()
        return 0.5 * (-np.log(weight).sum() + math.log(weight.sum()) + weight @ (effect - centre) ** 2)

    best = minimize_scalar(minus, bounds=(0, 3), method="bounded", options={"xatol": 1e-10}).x
    assert meta.tau_squared(effect, error, REML) == pytest.approx(best, rel=1e-5)


def test_paule_mandel_makes_q_what_it_should_be() -> None:
    """Its definition: Q(tau²) = k - 1; and the whole summary as statsmodels has it."""
    effect, error = bcg()
    tau = meta.tau_squared(effect, error, PAULE_MANDEL)
    weight = 1 / (error**2 + tau)
    assert weight @ (effect - weight @ effect / weight.sum()) ** 2 == pytest.approx(12, rel=1e-6)
    found = meta.summarise(effect, error, PAULE_MANDEL)
    fit = combine_effects(effect, error**2, method_re="iterated", use_t=True, atol=1e-10, maxiter=500)
    assert found.estimate == pytest.approx(fit.mean_effect_re, rel=1e-6)
    assert found.standard_error == pytest.approx(math.sqrt(fit.var_hksj_re), rel=1e-6)
    assert found.q == pytest.approx(fit.q)


@pytest.mark.parametrize("method", [PAULE_MANDEL, REML])
def test_units_do_not_matter(method: str) -> None:
    effect, error = bcg()
    one = meta.summarise(effect, error, method)
    for scale in (1e-4, 1e5):
        other = meta.summarise(scale * effect, scale * error, method)
        assert other.tau_squared == pytest.approx(scale**2 * one.tau_squared, rel=1e-6)
        assert other.i_squared == pytest.approx(one.i_squared, rel=1e-6)
        assert (other.low, other.high) == pytest.approx((scale * one.low, scale * one.high), rel=1e-6)


@pytest.mark.parametrize("method", [PAULE_MANDEL, REML])
def test_alike_municipalities_have_no_tau_and_no_narrower_interval(method: str) -> None:
    effect, error = np.array([1.0, 1.1, 0.9, 1.0]), np.array([0.5, 0.6, 0.5, 0.4])
    found = meta.summarise(effect, error, method)
    assert (found.tau_squared, found.i_squared) == (0.0, 0.0)
    assert found.standard_error == pytest.approx(1 / math.sqrt((1 / error**2).sum()))
    reach = stats.t.ppf(0.975, 2) * found.standard_error
    assert found.predicted_high == pytest.approx(found.estimate + reach)


def test_equal_errors_are_a_t_test() -> None:
    """With the same error everywhere and spread beyond it: mean ± t · s/√k, whatever the error."""
    effect = np.array([1.0, 4, 2, 7, 5])
    found = meta.summarise(effect, np.full(5, 0.3), PAULE_MANDEL)
    margin = stats.t.ppf(0.975, 4) * effect.std(ddof=1) / math.sqrt(5)
    assert (found.low, found.high) == pytest.approx((3.8 - margin, 3.8 + margin), rel=1e-6)
    assert found.tau_squared == pytest.approx(effect.var(ddof=1) - 0.09, rel=1e-6)
    assert meta.tau_squared(effect, np.full(5, 0.3), REML) == pytest.approx(effect.var(ddof=1) - 0.09, rel=1e-9)
    assert meta.summarise(effect[:2], np.full(2, 0.3)).predicted_low is None


def test_the_place_of_one() -> None:
    effect, error = np.array([1.0, 2, 3, 2, 1, 9]), np.full(6, 0.2)
    found = meta.place(effect, error, 5)
    assert (found.rank, found.municipalities) == (6, 6)
    # the others: mean 1.8, variance 0.7; its own distance 7.2 with error √(0.04 + 0.66 + 0.7/5), t on 3
    assert found.distance == pytest.approx(7.2)
    spread = math.sqrt(0.04 + 0.66 + 0.14)
    assert found.high - found.distance == pytest.approx(stats.t.ppf(0.975, 3) * spread, rel=1e-6)
    assert found.p_value == pytest.approx(2 * stats.t.sf(7.2 / spread, 3), rel=1e-5)
    # all six: mean 3, variance 9.2; kept (9.2 - 0.04) / 9.2 of its distance
    assert found.drawn_in == pytest.approx(3 + (9.16 / 9.2) * 6, rel=1e-6)
    assert meta.place(effect, error, 0).rank == 1


def test_how_often_it_is_wrong() -> None:
    """15 municipalities, errors 0.2 to 1, tau 0.5: at most 5 % wrong means and places; the prediction is too short."""
    rng = np.random.default_rng(0)
    error = np.linspace(0.2, 1.0, 15)
    wrong = seen = outside = special = 0
    for _ in range(400):
        noise = 0.5 * rng.standard_normal(15) + error * rng.standard_normal(15)
        found = meta.summarise(noise, error, REML)
        wrong += found.low > 0 or found.high < 0
        assert found.predicted_low is not None
        assert found.predicted_high is not None
        outside += not found.predicted_low <= 0.5 * rng.standard_normal() <= found.predicted_high
        special += meta.place(noise, error, 7, REML).p_value <= 0.05
        seen += meta.summarise(noise + 1.0, error, REML).low > 0
    most = 20 + 3 * math.sqrt(0.05 * 0.95 * 400)
    assert 4 <= wrong <= most
    assert 30 <= outside <= 75  # as the docstring says: 87 percent inside
    assert special <= most
    assert seen >= 0.95 * 400


def test_what_cannot_be_computed_says_why() -> None:
    one = np.ones(1)
    for call, reason in (
        (lambda: meta.summarise(one, one), "too_few_municipalities"),
        (lambda: meta.place(np.ones(3), np.ones(3), 0), "too_few_municipalities"),
        (lambda: meta.summarise(np.ones(3), np.array([1.0, 0, 1])), "no_spread"),
        (lambda: meta.summarise(np.array([1.0, np.nan, 1]), np.ones(3)), "no_spread"),
    ):
        with pytest.raises(NotComputableError) as caught:
            call()
        assert caught.value.reason == reason
