"""The wild cluster bootstrap against a plain loop that estimates anew in every draw, and against wildboottest."""

import math
from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm

from kloof import eventstudy, wildcluster
from kloof.errors import NotComputableError
from kloof.wildcluster import RADEMACHER, WEBB, Regression
from panels import lettered, random_paths


def regression(paths, redrawn=None, weight=None):
    value, design, buurt, own = eventstudy.stacked(paths, paths.times[:, None])
    return Regression(value, design, buurt, own if weight is None else weight, redrawn)


def t_statistic(value: np.ndarray, r: Regression, place: int, c: float) -> float:
    """WLS by normal equations, then the clustered t of "the coefficient is c", in plain steps."""
    bread = np.linalg.inv(r.design.T @ (r.weight[:, None] * r.design))
    beta = bread @ r.design.T @ (r.weight * value)
    residual = value - r.design @ beta
    meat = np.zeros_like(bread)
    for name in np.unique(r.cluster):
        rows = r.cluster == name
        score = r.design[rows].T @ (r.weight[rows] * residual[rows])
        meat += np.outer(score, score)
    return float((beta[place] - c) / math.sqrt((bread @ meat @ bread)[place, place]))


def loop(r: Regression, place: int, c: float, v: np.ndarray) -> list[float]:
    """Cameron, Gelbach & Miller 2008, steps 1-3: restricted fit, redraw, estimate, t around the hypothesis."""
    others = np.delete(r.design, place, axis=1)
    start = r.value - c * r.design[:, place]
    gamma = np.linalg.lstsq(others * np.sqrt(r.weight)[:, None], start * np.sqrt(r.weight), rcond=None)[0]
    fitted = others @ gamma + c * r.design[:, place]
    residual = r.value - fitted
    drawn = r.cluster if r.redrawn is None else r.redrawn
    group = np.unique(drawn, return_inverse=True)[1]
    return [t_statistic(fitted + residual * column[group], r, place, c) for column in v.T]


@pytest.mark.parametrize("finer", [False, True])
@pytest.mark.parametrize("c", [0.0, 0.4])
def test_every_draw_is_what_a_loop_makes(finer: bool, c: float) -> None:
    paths = random_paths(1, 9, np.arange(4.0))
    r = regression(paths, np.arange(36) if finer else None)
    found = wildcluster.bootstrap(r, 0, np.random.default_rng(5), 99, WEBB)
    v, complete = wildcluster.numbers(36 if finer else 9, WEBB, np.random.default_rng(5), 99)
    assert not complete
    observed = abs(t_statistic(r.value, r, 0, 0.0))
    if c == 0.0:
        as_far = sum(abs(t) >= observed for t in loop(r, 0, 0.0, v))
        assert found.p_value == (as_far + 1) / 100
    # the interval: c is kept just inside and rejected just outside
    for limit, outwards in ((found.low, -1), (found.high, 1)):
        for step, kept in ((-1e-6, True), (1e-6, False)):
            tried = limit + outwards * step * (found.high - found.low)
            replayed = loop(r, 0, tried, v)
            p = (sum(abs(t) >= abs(t_statistic(r.value, r, 0, tried)) - 1e-12 for t in replayed) + 1) / 100
            assert (p > 0.05) == kept


def test_all_signs_when_there_are_few_clusters() -> None:
    """2^8 Rademacher draws by a loop over all of them; the two that change nothing count."""
    paths = random_paths(2, 8, np.arange(3.0))
    r = regression(paths)
    found = wildcluster.bootstrap(r, 0, np.random.default_rng(0), 256, RADEMACHER)
    assert (found.complete, found.draws) == (True, 256)
    v = np.array(list(product([-1.0, 1.0], repeat=8))).T
    observed = abs(t_statistic(r.value, r, 0, 0.0))
    assert found.p_value == sum(abs(t) >= observed - 1e-9 for t in loop(r, 0, 0.0, v)) / 256
    assert not wildcluster.bootstrap(r, 0, np.random.default_rng(0), 255, RADEMACHER).complete


def test_as_wildboottest_has_it() -> None:
    """Stored: wildboottest 0.3.2 and pyfixest 0.60.0, `y ~ ft + C(i) + C(t)` unweighted, cluster i, type 11.

    t 1.0855690174 and CRV1 error 0.3962766674; all 1024 Rademacher draws: p = 0.263671875 = 270/1024, counting t*
    above t only: the two draws that change nothing (all +1, all -1) are in ours. Webb with 99,999 draws: p = 0.272073.
    """
    paths = lettered()
    r = regression(paths, weight=np.ones(60))
    signs = wildcluster.bootstrap(r, 0, np.random.default_rng(1), 1999, RADEMACHER)
    assert signs.t == pytest.approx(1.0855690174108952)
    assert signs.standard_error == pytest.approx(0.3962766673524688)
    assert signs.complete
    assert signs.p_value * 1024 == 272
    webb = wildcluster.bootstrap(r, 0, np.random.default_rng(1), 39_999, WEBB)
    assert webb.p_value == pytest.approx(0.272073, abs=4 * math.sqrt(0.27 * 0.73 / 40_000))


def test_the_error_is_that_of_statsmodels() -> None:
    """WLS with clustered covariance and its small-sample factor (CR1)."""
    r = regression(random_paths(3, 12, np.arange(5.0)))
    fit = sm.WLS(r.value, r.design, weights=r.weight).fit(cov_type="cluster", cov_kwds={"groups": r.cluster})
    found = wildcluster.bootstrap(r, 0, np.random.default_rng(0), 99)
    assert found.estimate == pytest.approx(fit.params[0])
    assert found.standard_error == pytest.approx(fit.bse[0])
    assert found.t == pytest.approx(fit.tvalues[0])


def test_the_points_have_mean_0_and_variance_1() -> None:
    for points in wildcluster.POINTS.values():
        assert points.mean() == pytest.approx(0.0)
        assert (points**2).mean() == pytest.approx(1.0)


def test_the_same_seed_and_the_order_of_rows() -> None:
    r = regression(random_paths(4, 12, np.arange(4.0)))
    one = wildcluster.bootstrap(r, 0, np.random.default_rng(7), 399)
    assert one == wildcluster.bootstrap(r, 0, np.random.default_rng(7), 399)
    order = np.random.default_rng(0).permutation(48)
    mixed = Regression(r.value[order], r.design[order], r.cluster[order], r.weight[order])
    other = wildcluster.bootstrap(mixed, 0, np.random.default_rng(7), 399)
    assert other.p_value == one.p_value
    assert other.low == pytest.approx(one.low)


def test_what_cannot_be_computed_says_why() -> None:
    r = regression(random_paths(5, 6, np.arange(3.0)))
    twice = Regression(r.value, np.column_stack([r.design, r.design[:, 0]]), r.cluster, r.weight)
    with pytest.raises(NotComputableError, match="not independent") as caught:
        wildcluster.bootstrap(twice, 0, np.random.default_rng(0), 99)
    assert caught.value.reason == "collinear"
    with pytest.raises(NotComputableError, match="2 clusters") as caught:
        wildcluster.bootstrap(Regression(r.value, r.design, r.cluster % 2, r.weight), 0, np.random.default_rng(0), 99)
    assert caught.value.reason == "too_few_clusters"
    exact = Regression(r.design @ np.arange(r.design.shape[1]), r.design, r.cluster, r.weight)
    with pytest.raises(NotComputableError, match="no spread") as caught:
        wildcluster.bootstrap(exact, 0, np.random.default_rng(0), 99)
    assert caught.value.reason == "too_few_clusters"
    with pytest.raises(NotComputableError) as caught:
        wildcluster.bootstrap(r, 0, np.random.default_rng(0), 15)
    assert caught.value.reason == "too_few_draws"


def rejected(units: int, size: int, effect: float, n: int = 200) -> tuple[float, float]:
    """Share rejected at 5 percent by redrawing clusters, and by redrawing every figure."""
    rng = np.random.default_rng(units + size)
    times, focus, seen = np.arange(6.0), np.arange(units) < size, [0, 0]
    for _ in range(n):
        value = rng.standard_normal((units, 6)) + effect * focus[:, None] * times / 5
        paths = random_paths(0, units, times, size=size)
        r = regression(type(paths)(value, value, value, times, np.ones(units), focus))
        finer = Regression(r.value, r.design, r.cluster, r.weight, np.arange(len(r.value)))
        for place, chosen in enumerate((r, finer)):
            seen[place] += wildcluster.bootstrap(chosen, 0, rng, 199).p_value <= 0.05
    return seen[0] / n, seen[1] / n


def test_size_power_and_the_weakness_with_few_treated() -> None:
    """MacKinnon & Webb: with 2 of 30 focus, redrawing clusters hardly rejects; redrawing every figure still does."""
    error = 3 * math.sqrt(0.05 * 0.95 / 200)
    assert all(share <= 0.05 + error for share in rejected(30, 8, 0.0))
    assert min(rejected(30, 8, 2.0)) >= 0.8
    by_cluster, by_figure = rejected(30, 2, 4.0, 100)
    assert by_cluster <= 0.15
    assert by_figure >= 0.35
