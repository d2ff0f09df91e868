"""Beta and sigma convergence: statsmodels and loops as second versions, the fallacy, false positives, power."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.sandbox.regression.gmm import IV2SLS

from kloof.errors import NotComputableError, ParameterError
from kloof.measures import means
from kloof.methods import convergence
from kloof.methods.convergence import EARLIER_YEAR, INSTRUMENT, SAME_YEAR, SPREADS, Growth


def town(rng: np.random.Generator, beta: float = 0.0, noise: float = 1.0, units: int = 56) -> Growth:
    """Truth grows by beta of its level per year over 5 years; every year is measured with noise."""
    truth = 20 + 3 * rng.standard_normal(units)
    after = truth + 5 * beta * truth + rng.standard_normal(units)
    earlier, base, final = (level + noise * rng.standard_normal(units) for level in (truth, truth, after))
    return Growth(base, final, 5.0, 0.5 + rng.random(units), earlier)


def test_ordinary_beta_is_the_slope_of_statsmodels() -> None:
    growth = town(np.random.default_rng(1), beta=-0.05)
    fit = sm.WLS(growth.rate, sm.add_constant(growth.base), weights=growth.weight).fit(cov_type="HC3")
    found = convergence.beta_convergence(growth, SAME_YEAR)
    assert found.found.estimate == pytest.approx(fit.params[1])
    assert found.found.se == pytest.approx(fit.bse[1])
    assert found.flags == ("noise_makes_convergence",)
    earlier = convergence.beta_convergence(growth, EARLIER_YEAR)
    fit = sm.WLS(growth.rate, sm.add_constant(growth.earlier), weights=growth.weight).fit(cov_type="HC3")
    assert (earlier.found.estimate, earlier.flags) == (pytest.approx(fit.params[1]), ())


def test_the_instrument_is_two_stage_least_squares_and_its_interval_a_grid() -> None:
    rng = np.random.default_rng(2)
    growth = town(rng, beta=-0.05)
    conditions = rng.standard_normal((56, 2))
    growth = Growth(growth.base, growth.final, 5.0, growth.weight, growth.earlier, conditions)
    found = convergence.beta_convergence(growth).found
    root = np.sqrt(growth.weight)[:, None]
    controls = np.column_stack([np.ones(56), conditions])
    first, second = (np.column_stack([level, controls]) * root for level in (growth.base, growth.earlier))
    assert found.estimate == pytest.approx(IV2SLS(growth.rate * root[:, 0], first, second).fit().params[0])

    def rejected(beta: float) -> bool:
        """Anderson-Rubin: what beta leaves unexplained is related to the instrument, HC3 and t(55)."""
        left = (growth.rate - beta * growth.base) * root[:, 0]
        fit = sm.OLS(left, second).fit(cov_type="HC3")
        return bool(abs(fit.params[0] / fit.bse[0]) > stats.t.ppf(0.975, 55))

    step = (found.high - found.low) / 100
    for end, inward in ((found.low, 1), (found.high, -1)):
        assert not rejected(end + inward * step)
        assert rejected(end - inward * step)
    assert found.low < found.low_90 < found.estimate < found.high_90 < found.high


def test_speed_and_half_life_by_hand() -> None:
    # an exact halving in 5 years: speed ln(2)/5, half-life 5, with a ripple that has no slope
    base = np.array([1.0, 2, 3, 4, 5, 6])
    ripple = np.array([1.0, -1, -1, 1, 0, 0])
    ripple -= np.polyval(np.polyfit(base, ripple, 1), base)
    found = convergence.beta_convergence(Growth(base, base / 2 + 0.01 * ripple, 5.0, np.ones(6)), SAME_YEAR)
    assert found.found.estimate == pytest.approx(-0.1)
    assert found.speed == pytest.approx(np.log(2) / 5)
    assert found.half_life == pytest.approx(5.0)
    away = convergence.beta_convergence(Growth(base, 2 * base + 0.01 * ripple, 5.0, np.ones(6)), SAME_YEAR)
    assert (away.speed, away.half_life) == (None, None)


def test_noise_alone_converges_unless_the_start_is_measured_earlier() -> None:
    rng = np.random.default_rng(3)
    methods = (SAME_YEAR, EARLIER_YEAR, INSTRUMENT)
    converges = dict.fromkeys(methods, 0)
    for _ in range(250):
        growth = town(rng, noise=1.5)
        for method in methods:
            converges[method] += convergence.beta_convergence(growth, method).found.high < 0
    assert converges[SAME_YEAR] > 120  # the fallacy: "convergence" in more than half of the towns
    assert converges[EARLIER_YEAR] <= 14  # one side, 2.5 % of 250 is 6, ± 3 Monte Carlo errors
    assert converges[INSTRUMENT] <= 14


def test_the_instrument_recovers_the_truth_and_has_power() -> None:
    rng = np.random.default_rng(4)
    found = [convergence.beta_convergence(town(rng, beta=-0.08)).found for _ in range(200)]
    assert np.mean([one.estimate for one in found]) == pytest.approx(-0.08, abs=0.003)
    assert sum(one.low <= -0.08 <= one.high for one in found) >= 180
    assert sum(one.high < 0 for one in found) > 160


def test_beta_does_not_depend_on_order_or_origin() -> None:
    growth = town(np.random.default_rng(5), beta=-0.03)
    order = np.random.default_rng(6).permutation(56)
    moved = Growth(*(10 + part[order] for part in (growth.base, growth.final)), 5.0, 7 * growth.weight[order],
                   10 + growth.earlier[order])  # fmt: skip
    for method in (SAME_YEAR, EARLIER_YEAR, INSTRUMENT):
        one, other = (convergence.beta_convergence(each, method).found for each in (growth, moved))
        assert (one.estimate, one.low, one.high) == pytest.approx((other.estimate, other.low, other.high))


def test_what_beta_refuses() -> None:
    rng = np.random.default_rng(7)
    growth = town(rng)
    with pytest.raises(ParameterError, match="known: same_year, earlier_year, instrument"):
        convergence.beta_convergence(growth, "ols")
    bare = Growth(growth.base, growth.final, 5.0, growth.weight)
    with pytest.raises(ParameterError, match="give `earlier`"):
        convergence.beta_convergence(bare)
    useless = Growth(growth.base, growth.final, 5.0, growth.weight, rng.standard_normal(56))
    assert reason_of(convergence.beta_convergence, useless) == "weak_instrument"


# ------------------------------------------------------------------ sigma

FORMULA: dict[str, Callable[..., np.ndarray]] = {name: getattr(means, name) for name in SPREADS}


def pairs(rng: np.random.Generator, ratio: float = 1.0, units: int = 56, skew: float = 0.0) -> tuple[np.ndarray, ...]:
    one, two = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], size=units).T
    if skew:
        return 20 * np.exp(skew * one), 20 * np.exp(skew * ratio * two), 0.5 + rng.random(units)
    return 20 + 3 * one, 20 + 3 * ratio * two, 0.5 + rng.random(units)


@pytest.mark.parametrize("spread", SPREADS)
def test_sigma_is_the_index_of_both_years_and_a_jackknife_in_a_loop(spread: str) -> None:
    before, after, weight = pairs(np.random.default_rng(8), ratio=1.3)
    found = convergence.sigma_convergence(before, after, weight, spread, np.random.default_rng(0), 199)
    index = FORMULA[spread]
    assert (found.before, found.after) == pytest.approx((index(before, weight)[0], index(after, weight)[0]))
    assert found.found.estimate == pytest.approx(found.after - found.before)
    parts = []
    for place in range(56):
        keep = np.arange(56) != place
        parts.append(index(after[keep], weight[keep])[0] - index(before[keep], weight[keep])[0])
    off = np.array(parts) - np.mean(parts)
    assert found.found.se == pytest.approx((55 / 56 * off @ off) ** 0.5, rel=1e-6)
    assert found.critical >= stats.t.ppf(0.975, 55) - 1e-9


def test_the_years_trade_places_as_in_a_loop() -> None:
    before, after, weight = pairs(np.random.default_rng(19), ratio=1.3, units=9, skew=0.6)
    found = convergence.sigma_convergence(before, after, weight, "weighted_sd", np.random.default_rng(4), 39)
    centred = [year - np.average(year, weights=weight) for year in (before, after)]
    spread, chances = FORMULA["weighted_sd"], []
    for swap in np.random.default_rng(4).random((39, 9)) < 0.5:
        one, two = np.where(swap, centred[1], centred[0]), np.where(swap, centred[0], centred[1])
        parts = []
        for place in range(9):
            keep = np.arange(9) != place
            parts.append(spread(two[keep], weight[keep])[0] - spread(one[keep], weight[keep])[0])
        error = np.sqrt(8 / 9 * ((np.array(parts) - np.mean(parts)) ** 2).sum())
        chances.append(abs(spread(two, weight)[0] - spread(one, weight)[0]) / error)
    limit = max(sorted(chances)[-2], stats.t.ppf(0.975, 8))  # 5 % of 39 draws and the observed one are two
    assert found.critical == pytest.approx(limit)
    assert limit > stats.t.ppf(0.975, 8) + 0.1  # in this small skewed town t alone would not do
    assert found.found.high - found.found.estimate == pytest.approx(limit * found.found.se)
    observed = abs(found.found.estimate) / found.found.se
    assert found.found.p_value == pytest.approx(
        max((sum(chance >= observed for chance in chances) + 1) / 40, 2 * stats.t.sf(observed, 8))
    )


def test_pitman_morgan_by_hand() -> None:
    before, after, weight = pairs(np.random.default_rng(9), ratio=1.2)
    found = convergence.sigma_convergence(before, after, weight, "weighted_sd", np.random.default_rng(0), 199)
    # t = (F-1)√(n-2) / (2√(F(1-r²))), F the ratio of variances (Morgan 1939)
    ratio, r = np.var(after) / np.var(before), np.corrcoef(before, after)[0, 1]
    t = (ratio - 1) * np.sqrt(54) / (2 * np.sqrt(ratio * (1 - r**2)))
    assert found.pitman_morgan == pytest.approx(2 * stats.t.sf(abs(t), 54))


@pytest.mark.parametrize("spread", SPREADS)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 50))
@settings(max_examples=15, deadline=None)
def test_sigma_turns_with_the_years_and_scales(spread: str, seed: int, scale: float) -> None:
    before, after, weight = pairs(np.random.default_rng(seed), skew=0.3, units=12)
    one, back, scaled = (
        convergence.sigma_convergence(a, b, w, spread, np.random.default_rng(1), 99).found
        for a, b, w in ((before, after, weight), (after, before, weight), (scale * before, scale * after, 3 * weight))
    )
    assert one.estimate == pytest.approx(-back.estimate, rel=1e-9, abs=1e-12)
    factor = scale if spread == "weighted_sd" else 1.0
    assert (scaled.estimate, scaled.low) == pytest.approx((factor * one.estimate, factor * one.low), rel=1e-6, abs=1e-9)


def test_false_positives_and_power_of_sigma() -> None:
    rng = np.random.default_rng(10)

    def rejected(runs: int, spread: str, **shape: float) -> int:
        hits = 0
        for _ in range(runs):
            found = convergence.sigma_convergence(*pairs(rng, **shape), spread, rng, 199)  # type: ignore[arg-type]
            hits += not found.found.low <= 0 <= found.found.high
        return hits

    assert rejected(300, "weighted_sd") <= 26  # 15 ± 3 Monte Carlo errors
    assert rejected(300, "theil_between", skew=0.4) <= 26
    assert rejected(300, "weighted_sd", skew=0.4) <= 26  # skewed: Pitman-Morgan rejects one in five here
    assert rejected(100, "weighted_sd", ratio=1.3) > 90
    assert rejected(100, "coefficient_of_variation", ratio=1.3) > 90


def test_what_sigma_refuses() -> None:
    rng = np.random.default_rng(0)
    level = np.array([1.0, 2, 3, 4, 5, 6])
    with pytest.raises(ParameterError, match="known: weighted_sd"):
        convergence.sigma_convergence(level, level, np.ones(6), "range", rng)
    for before, spread, reason in (
        (level[:4], "weighted_sd", "too_few_buurten"),
        (level - 3.6, "coefficient_of_variation", "not_positive"),
        (level - 1, "theil_between", "not_positive"),
        (level, "weighted_sd", "no_variation"),
    ):
        assert reason_of(convergence.sigma_convergence, before, before, np.ones(len(before)), spread, rng) == reason
    with pytest.raises(NotComputableError) as caught:
        convergence.sigma_convergence(level, level**2, np.ones(6), "weighted_sd", rng, 18)
    assert caught.value.reason == "too_few_draws"


# ------------------------------------------------------------------ real figures


@pytest.mark.shared
def test_health_in_all_buurten_2012_2020(shared: Path) -> None:
    """RIVM 50090NED, good or very good health of adults: model estimates, which pull buurten together themselves."""
    columns = ["WijkenEnBuurten", "jaar", "Leeftijd", "ErvarenGezondheidGoedZeerGoed_4"]
    table = pd.read_parquet(shared / "data/rivm/rivm_50090NED_2012_2016_2020.parquet", columns=columns)
    table = table[(table["Leeftijd"] == "18+") & table["WijkenEnBuurten"].str.startswith("BU")]
    years = table.pivot(index="WijkenEnBuurten", columns="jaar", values=columns[3]).dropna()
    earlier, base, final = years.to_numpy(float).T
    assert 12_000 < len(years) < 13_100
    growth = Growth(base, final, 4.0, np.ones(len(years)), earlier)
    same, sooner, cleaned = (
        convergence.beta_convergence(growth, method).found for method in (SAME_YEAR, EARLIER_YEAR, INSTRUMENT)
    )
    covariance = np.cov(np.stack([earlier, base, (final - base) / 4]))
    assert same.estimate == pytest.approx(covariance[1, 2] / covariance[1, 1])
    assert cleaned.estimate == pytest.approx(covariance[0, 2] / covariance[0, 1])
    # noise in 2016 makes part of the convergence on 2016: without it there is less
    assert same.high < cleaned.low
    assert same.high < sooner.low
    found = convergence.sigma_convergence(earlier, final, growth.weight, "weighted_sd", np.random.default_rng(0), 99)
    assert (found.before, found.after) == pytest.approx((earlier.std(), final.std()))
    assert found.found.high < 0
