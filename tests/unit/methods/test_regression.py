"""The interval of one coefficient: against statsmodels' own formulas, sandwiches in loops, and its false positives."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from answers import reason_of
from scipy import stats

from kloof.errors import NotComputableError, ParameterError
from kloof.methods import regression, spending


def sample(seed: int, units: int = 30, years: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    unit, year = np.repeat(np.arange(units), years), np.tile(np.arange(years), units)
    x = rng.standard_normal(units * years)
    y = 2 + 0.5 * x + rng.standard_normal(units)[unit] + 0.1 * year + rng.standard_normal(units * years)
    return pd.DataFrame({"y": y, "x": x, "unit": unit, "year": year, "w": np.repeat(0.5 + rng.random(units), years)})


def test_clusters_as_in_a_loop() -> None:
    table = sample(1)
    design = np.column_stack([table["x"], np.ones(len(table))])
    found = regression.clustered(table["y"].to_numpy(), design, table["w"].to_numpy(), table["unit"].to_numpy())
    # the sandwich by hand: (X'WX)^-1 Σ_g s_g s_g' (X'WX)^-1 · G/(G-1) · (N-1)/(N-K)
    w = table["w"].to_numpy()
    bread = np.linalg.inv(design.T @ (w[:, None] * design))
    beta = bread @ design.T @ (w * table["y"].to_numpy())
    residual = table["y"].to_numpy() - design @ beta
    meat = np.zeros((2, 2))
    for unit in range(30):
        rows = np.flatnonzero(table["unit"] == unit)
        score = sum(w[row] * residual[row] * design[row] for row in rows)
        meat += np.outer(score, score)
    variance = (bread @ meat @ bread)[0, 0] * 30 / 29 * 119 / 118
    margin = stats.t.ppf(0.975, 29) * variance**0.5
    assert (found.estimate, found.se) == pytest.approx((beta[0], variance**0.5))
    assert (found.low, found.high) == pytest.approx((beta[0] - margin, beta[0] + margin))
    assert found.high_90 - found.estimate == pytest.approx(stats.t.ppf(0.95, 29) * variance**0.5)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(beta[0]) / variance**0.5, 29))
    assert (found.rows, found.clusters, found.df) == (120, 30, 29)


def test_single_rows_have_hc3() -> None:
    table = sample(2, years=1)
    design = np.column_stack([table["x"], np.ones(30)])
    found = regression.clustered(table["y"].to_numpy(), design, np.ones(30), np.arange(30))
    slope, start = np.polyfit(table["x"], table["y"], 1)
    hat = design @ np.linalg.inv(design.T @ design) @ design.T
    off = table["x"] - table["x"].mean()
    loose = (table["y"] - start - slope * table["x"]) / (1 - np.diag(hat))
    assert found.estimate == pytest.approx(slope)
    assert found.se == pytest.approx(float(np.sqrt(((off * loose) ** 2).sum()) / (off**2).sum()))


def test_within_is_the_dummy_variable_regression() -> None:
    table = sample(3).drop(index=[5, 6, 40])  # not balanced
    unit, w = table["unit"].to_numpy(), table["w"].to_numpy()
    flags = regression.dummies(table["year"].to_numpy())
    taken = regression.within(np.column_stack([table[["y", "x"]], flags]), w, unit)
    found = regression.clustered(taken[:, 0], taken[:, 1:], w, unit)
    full = smf.wls("y ~ x + C(unit) + C(year)", table, weights=table["w"]).fit()
    assert found.estimate == pytest.approx(full.params["x"], abs=1e-12)


def test_one_sided_and_equivalence_by_hand() -> None:
    found = regression.from_t(1.0, 0.5, 10, 11, 11)
    above, below = regression.one_sided(found)
    assert above == pytest.approx(stats.t.sf(2, 10))
    assert above + below == pytest.approx(1)
    assert regression.one_sided(found, 2.0)[1] == pytest.approx(stats.t.sf(2, 10))
    # TOST: p = max(P(T > (1+d)/se), P(T < (1-d)/se)); 1 + 1.812·0.5 = 1.906
    for smallest in (1.90, 1.91):
        largest = max(stats.t.cdf((1 - smallest) / 0.5, 10), stats.t.sf((1 + smallest) / 0.5, 10))
        assert regression.is_equivalent(found, smallest) == (largest < 0.05)
    assert not regression.is_equivalent(found, 1.90)
    assert regression.is_equivalent(found, 1.91)


@pytest.mark.parametrize(
    ("design", "reason"),
    [
        (np.ones((2, 1)), "too_few_buurten"),
        (np.ones((4, 4)), "too_few_buurten"),
        (np.column_stack([np.arange(6) == 2, np.ones(6)]).astype(float), "too_few_buurten"),  # alone in its group
        (np.column_stack([np.arange(6.0), 2 * np.arange(6.0)]), "not_identified"),
        (np.column_stack([np.zeros(6), np.ones(6)]), "not_identified"),
    ],
)
def test_what_identifies_nothing_is_refused(design: np.ndarray, reason: str) -> None:
    rows = len(design)
    assert reason_of(regression.clustered, np.arange(rows) ** 2.0, design, np.ones(rows), np.arange(rows)) == reason


def test_no_variation_is_refused() -> None:
    assert reason_of(regression.weighted_mean, np.full(6, 3.0), np.ones(6)) == "no_variation"


def test_false_positives_of_a_clustered_slope() -> None:
    rng, rejected = np.random.default_rng(11), 0
    unit = np.repeat(np.arange(40), 3)
    for _ in range(400):
        x = rng.standard_normal(40)[unit] + 0.3 * rng.standard_normal(120)
        y = rng.standard_normal(40)[unit] + 0.3 * rng.standard_normal(120)
        found = regression.clustered(y, np.column_stack([x, np.ones(120)]), np.ones(120), unit)
        rejected += found.p_value < 0.05
    assert 8 <= rejected <= 36  # 5 % of 400 is 20, ± 3.7 Monte Carlo errors


def test_deflation_by_hand() -> None:
    index = {2015: 100.0, 2016: 110.0, 2017: 121.0}
    assert spending.deflated([100.0, 110.0, 121.0], [2015, 2016, 2017], index, 2016) == pytest.approx([110] * 3)
    table = spending.deflated(np.ones((2, 3)), [2015, 2016, 2017], index, 2017)
    assert table[1] == pytest.approx([1.21, 1.1, 1.0])
    with pytest.raises(ParameterError, match=r"2 faults.*no value for 2018.*not above 0: 2016 = 0"):
        spending.price_factors([2016, 2018], {2016: 0.0, 2015: 100.0}, 2015)


def test_a_line_and_a_correlation_have_the_interval_of_hc3() -> None:
    table = sample(5, years=1)
    wanted = smf.wls("y ~ x", table, weights=table["w"]).fit(cov_type="HC3", use_t=True)
    found = regression.slope(*(table[name].to_numpy() for name in ("y", "x", "w")))
    assert found.estimate == pytest.approx(wanted.params["x"])
    assert found.se == pytest.approx(wanted.bse["x"])
    assert found.df == len(table) - 1
    between = np.cov(table["y"], table["x"], aweights=table["w"])
    along = regression.correlation(*(table[name].to_numpy() for name in ("y", "x", "w")))
    assert along.estimate == pytest.approx(between[0, 1] / np.sqrt(between[0, 0] * between[1, 1]))
    with pytest.raises(NotComputableError, match="same everywhere"):
        regression.correlation(table["y"].to_numpy(), np.full(len(table), 3.1), table["w"].to_numpy())


def test_one_beside_others_is_the_t_of_crawford_and_howell() -> None:
    """By hand: others 1, 2, 3, 6 have mean 3 and variance 14/3; t = (9 − 3) / √(14/3 · 5/4) on 3."""
    found = regression.beside_others(9.0, np.array([1.0, 2, 3, 6]))
    assert found.estimate == 6.0
    assert found.p_value == pytest.approx(2 * stats.t.sf(6 / np.sqrt(14 / 3 * 5 / 4), 3))
    assert (found.low > 0) == (found.p_value < 0.05)
    with pytest.raises(NotComputableError, match="2 others"):
        regression.beside_others(9.0, np.array([1.0, 2]))
