"""Pass-through against statsmodels OLS, a loop over the others, and simulated towns with known elasticities."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from answers import reason_of
from handmade import holds

from kloof.methods import gap, pass_through


def towns(seed: int, focus_part: float, years: int = 12, noise: float = 0.003) -> tuple[np.ndarray, ...]:
    """A town whose rest gets 90 percent and focus `focus_part` of what the country does; and the country."""
    rng = np.random.default_rng(seed)
    moved = np.concatenate([[0.0], 0.02 + 0.03 * rng.standard_normal(years - 1)])
    country = 100 * np.exp(moved.cumsum())
    focus = np.arange(30) < 8
    part = np.where(focus, focus_part, 0.9)[:, None]
    own = np.where(focus[:, None], 1.0, 1.0) * noise * rng.standard_normal((30, years))
    shared = noise * rng.standard_normal((2, years))[np.where(focus, 0, 1)]
    value = 50 * np.exp(part * moved.cumsum() + (own + shared).cumsum(axis=1))
    return value, country, np.exp(0.5 * rng.standard_normal(30)), focus


def test_as_statsmodels_has_it() -> None:
    """Slopes, their errors and degrees of freedom by OLS on the log changes of the group means."""
    value, country, weight, focus = towns(1, 0.5)
    found = pass_through.pass_through(value, country, weight, focus)
    driver = sm.add_constant(np.diff(np.log(country)))
    fits = [sm.OLS(np.diff(np.log(mean)), driver).fit() for mean in gap.weighted_means(value, weight, focus)]
    assert (found.focus, found.rest) == pytest.approx(tuple(fit.params[1] for fit in fits))
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), [fit.bse[1] for fit in fits])
    assert found.degrees == fits[0].df_resid == 9
    # focus less r times the rest is itself a regression: its t is that of the hypothesis "the ratio is r"
    changes = [np.diff(np.log(mean)) for mean in gap.weighted_means(value, weight, focus)]
    for ratio in (50 / 90, 1.0):
        p = pass_through.pass_through(value, country, weight, focus, ratio).p_registered
        assert p == pytest.approx(sm.OLS(changes[0] - ratio * changes[1], driver).fit().pvalues[1], abs=1e-9)
    assert found.ratio.estimate == pytest.approx(found.focus / found.rest)
    assert found.ratio.degrees == 9
    alike = sm.OLS(changes[0] - changes[1], driver).fit()
    assert found.ratio.p_alike == pytest.approx(alike.pvalues[1], abs=1e-9)


def test_the_others_by_a_loop() -> None:
    rng = np.random.default_rng(2)
    value, weight = 1 + rng.random((6, 4)), 1 + rng.random(6)
    found = pass_through.leave_one_out(value, weight)
    for i in range(6):
        others = [j for j in range(6) if j != i]
        np.testing.assert_allclose(found[i], weight[others] @ value[others] / weight[others].sum())


def test_elasticities_of_buurten_and_leave_one_out_movements() -> None:
    value, _, weight, focus = towns(3, 0.5)
    movement = pass_through.leave_one_out(value, weight)
    found = pass_through.unit_elasticities(value, movement)
    for i in (0, 9):
        fit = sm.OLS(np.diff(np.log(value[i])), sm.add_constant(np.diff(np.log(movement[i])))).fit()
        assert found[i] == pytest.approx(fit.params[1])
    assert found[focus].mean() < found[~focus].mean()
    grouped = pass_through.pass_through(value, movement, weight, focus)
    means = gap.weighted_means(movement, weight, focus)
    own = gap.weighted_means(value, weight, focus)
    for slope, mean, mine in zip((grouped.focus, grouped.rest), means, own, strict=True):
        fit = sm.OLS(np.diff(np.log(mine)), sm.add_constant(np.diff(np.log(mean)))).fit()
        assert slope == pytest.approx(fit.params[1])


def test_two_that_do_the_very_same_are_alike_without_a_spread() -> None:
    none = np.zeros((2, 2))
    assert pass_through.fieller(0.5, 0.5, none, 9).p_alike == 1
    assert pass_through.fieller(0.5, 0.9, none, 9).p_alike == 0


def test_what_everything_does_by_a_factor_changes_nothing() -> None:
    value, country, weight, focus = towns(4, 0.5)
    one = pass_through.pass_through(value, country, weight, focus)
    other = pass_through.pass_through(3 * value * np.exp(0.02 * np.arange(12)), 7 * country, 5 * weight, focus)
    assert (other.focus, other.rest, other.p_registered) == pytest.approx((one.focus, one.rest, one.p_registered))


def test_the_registered_ratio_is_kept_when_true_and_refused_when_not() -> None:
    """300 towns of 12 years: 50/90 is refused in 5 % when true, and so is 1; 1 is refused in most when it is not."""
    refused = equal = covered = 0
    for seed in range(300):
        true = pass_through.pass_through(*towns(seed, 0.5))
        refused += true.p_registered <= 0.05
        equal += pass_through.pass_through(*towns(seed, 0.5), 1.0).p_registered <= 0.05
        covered += holds(true.ratio, 50 / 90)
    assert abs(refused - 15) <= 3 * math.sqrt(0.05 * 0.95 * 300)
    assert covered == 300 - refused
    assert equal >= 0.8 * 300
    false = sum(pass_through.pass_through(*towns(seed, 0.9), 1.0).p_registered <= 0.05 for seed in range(300))
    assert false <= 15 + 3 * math.sqrt(0.05 * 0.95 * 300)


def test_what_cannot_be_computed_says_why() -> None:
    value, country, weight, focus = towns(5, 0.5)
    steady = 100 * 1.02 ** np.arange(12.0)
    for call, reason in (
        (lambda: pass_through.pass_through(value[:, :5], country[:5], weight, focus), "too_few_years"),
        (lambda: pass_through.pass_through(value - 50, country, weight, focus), "not_positive"),
        (lambda: pass_through.pass_through(value, steady, weight, focus), "no_movement"),
        (lambda: pass_through.unit_elasticities(value, np.tile(steady, (30, 1))), "no_movement"),
        (lambda: pass_through.pass_through(np.tile(country, (30, 1)), country, weight, focus), "no_spread"),
        (lambda: pass_through.leave_one_out(value[:1], weight[:1]), "too_few_buurten"),
    ):
        assert reason_of(call) == reason
