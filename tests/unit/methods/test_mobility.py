"""Quantile and rank mobility: hand-made towns, scipy and loops as second versions, the joint test's error rates."""

import numpy as np
import pytest
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kloof.errors import NotComputableError, ParameterError
from kloof.methods import mobility
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.methods.mobility import RANKS, Moves


def town(rng: np.random.Generator, top: float = 0.0, bottom: float = 0.0, noise: float = 1.0) -> Moves:
    """Fifty buurten; the true top fifth changes by `top`, the true bottom fifth by `bottom`."""
    truth = np.sort(20 + 4 * rng.standard_normal(50))
    change = np.r_[np.full(10, bottom), np.zeros(30), np.full(10, top)]
    base, before, after = (level + noise * rng.standard_normal(50) for level in (truth, truth, truth + change))
    return Moves(base, before, after, 0.8 + 0.4 * rng.random(50))


def test_ranks_by_hand_and_by_scipy() -> None:
    # weights 1 2 1 4 of 8: 5 has nothing below: 0.5/8; the two 7s hold 6 with 1 below: (1+3)/8; 9: (7+0.5)/8
    ranks = mobility.percentile_ranks(np.array([5.0, 7, 9, 7]), np.array([1.0, 2, 1, 4]))
    assert ranks == pytest.approx([0.5 / 8, 4 / 8, 7.5 / 8, 4 / 8])
    value = np.random.default_rng(1).integers(0, 12, 40).astype(float)
    assert mobility.percentile_ranks(value, np.ones(40)) == pytest.approx((stats.rankdata(value) - 0.5) / 40)


def test_changes_by_hand() -> None:
    moves = Moves(np.arange(3.0), np.array([10.0, 20, 40]), np.array([22.0, 22, 22]), np.ones(3), price_ratio=1.1)
    assert mobility.change_of(moves, ABSOLUTE) == pytest.approx([10, 0, -20])
    assert mobility.change_of(moves, RELATIVE) == pytest.approx([100, 0, -50])
    # afterwards all share rank 0.5: from 1/6, 3/6, 5/6
    assert mobility.change_of(moves, RANKS) == pytest.approx([100 / 3, 0, -100 / 3])


def test_quantiles_against_a_loop() -> None:
    rng = np.random.default_rng(2)
    moves = town(rng, top=3.0, bottom=-1.0)
    found = mobility.quantile_mobility(moves, ABSOLUTE)
    order = np.argsort(moves.base)
    middle = np.cumsum(moves.weight[order]) - moves.weight[order] / 2
    place = np.empty(50, dtype=int)
    place[order] = np.floor(5 * middle / moves.weight.sum())
    for row in found.table.itertuples():
        members = place == row.quantile - 1
        change, weight = (moves.after - moves.before)[members], moves.weight[members]
        mean = (weight * change).sum() / weight.sum()
        # HC3 of a weighted mean: Σ (w e / (1 - h))² / (Σw)², h = w/Σw
        loose = weight * (change - mean) / (1 - weight / weight.sum())
        margin = stats.t.ppf(0.975, members.sum() - 1) * np.sqrt((loose**2).sum()) / weight.sum()
        assert (row.buurten, row.weight) == (members.sum(), pytest.approx(weight.sum()))
        assert (row.estimate, row.low, row.high) == pytest.approx((mean, mean - margin, mean + margin))
    upper = stats.t.sf(found.top.estimate / found.top.se, found.top.df)
    lower = stats.t.cdf(found.bottom.estimate / found.bottom.se, found.bottom.df)
    assert found.p_value == pytest.approx(max(upper, lower))
    assert found.p_against == pytest.approx(min(1, 2 * min(1 - upper, 1 - lower)))


def test_the_joint_test_errs_seldom_and_finds_what_is_there() -> None:
    rng = np.random.default_rng(3)

    def share(runs: int, *, against: bool = False, smallest: float = 0.0, **shape: float) -> float:
        found = [mobility.quantile_mobility(town(rng, **shape), ABSOLUTE, smallest) for _ in range(runs)]
        return float(np.mean([(one.p_against if against else one.p_value) < 0.05 for one in found]))

    assert share(200) <= 0.02  # nothing happens: both would have to err
    assert share(250, top=4.0, bottom=2.0) <= 0.02  # both rise
    assert share(250, top=6.0, smallest=1.0, bottom=1.0) <= 0.092  # at the edge: 5 % ± 3 Monte Carlo errors
    assert share(120, top=3.0, bottom=-2.0) > 0.8
    assert share(120, top=3.0, smallest=2.0) > 0.8  # a bottom that stagnates
    assert share(250, against=True, smallest=0.0) <= 0.092
    assert share(100, against=True, top=-3.0, bottom=3.0) > 0.8


def test_a_base_of_the_same_year_regresses_to_the_mean_and_says_so() -> None:
    rng = np.random.default_rng(4)
    tops = []
    for _ in range(100):
        moves = town(rng, noise=2.0)
        same = Moves(moves.before, moves.before, moves.after, moves.weight)
        naive, sound = (mobility.quantile_mobility(each, ABSOLUTE) for each in (same, moves))
        assert (naive.flags, sound.flags) == (("same_year_base",), ())
        tops.append((naive.top.estimate, sound.top.estimate))
    naive_mean, sound_mean = np.mean(tops, axis=0)
    assert naive_mean < -0.7
    assert abs(sound_mean) < 0.2


def test_few_buurten_in_a_quantile() -> None:
    rng = np.random.default_rng(5)
    found = mobility.quantile_mobility(Moves(*rng.random((3, 20)), np.ones(20)), ABSOLUTE)
    assert found.flags == ("small_quantile",)
    with pytest.raises(NotComputableError) as caught:
        mobility.quantile_mobility(Moves(*rng.random((3, 12)), np.ones(12)), ABSOLUTE)
    assert caught.value.reason == "too_few_buurten"
    with pytest.raises(NotComputableError, match="one of them is empty"):
        mobility.quantiles(np.array([1.0, 1, 1, 2, 3]), np.ones(5), 5)


# ------------------------------------------------------------------ ranks


def test_rank_mobility_by_hand() -> None:
    # six buurten in two halves; 1 and 6 trade places, so each half keeps two of three: Shorrocks (2 - 4/3)/(2-1)
    before = np.array([1.0, 2, 3, 4, 5, 6])
    after = np.array([6.0, 2, 3, 4, 5, 1])
    found = mobility.rank_mobility(Moves(before, before, after, np.ones(6)), groups=2)
    assert found.matrix.to_numpy() == pytest.approx(np.array([[2, 1], [1, 2]]) / 3)
    assert found.buurten.to_numpy().tolist() == [[2, 1], [1, 2]]
    assert found.shorrocks == pytest.approx(2 / 3)
    # Spearman 1 - 6Σd²/(n(n²-1)) = 1 - 6·50/210; |ln 6| twice over six buurten, no growth
    assert found.rank_correlation.estimate == pytest.approx(1 - 300 / 210)
    assert found.fields_ok == pytest.approx(np.log(6) / 3)
    assert (found.growth, found.transfer) == pytest.approx((0, np.log(6) / 3))
    dearer = mobility.rank_mobility(Moves(before, before, 1.1 * after, np.ones(6), price_ratio=1.1), groups=2)
    assert (dearer.fields_ok, dearer.growth) == pytest.approx((found.fields_ok, 0))  # prices alone move nobody


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_identities_of_rank_mobility(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after, weight = np.exp(rng.standard_normal((3, 30)))
    found = mobility.rank_mobility(Moves(before, before, after, weight), groups=3)
    assert found.fields_ok == pytest.approx((found.growth or 0) + (found.transfer or 0), abs=1e-10)
    assert found.matrix.sum(axis=1).to_numpy() == pytest.approx(np.ones(3))
    assert int(found.buurten.to_numpy().sum()) == 30
    back = mobility.rank_mobility(Moves(after, after, before, weight), groups=3)
    assert found.rank_correlation.estimate == pytest.approx(back.rank_correlation.estimate)
    order = rng.permutation(30)
    shuffled = mobility.rank_mobility(Moves(*(part[order] for part in (before, before, np.exp(after), weight))), 3)
    assert shuffled.shorrocks == pytest.approx(found.shorrocks)  # only the ranks count
    assert shuffled.rank_correlation.low == pytest.approx(found.rank_correlation.low)


def test_the_rank_correlation_covers_the_truth() -> None:
    rng, held, gaussian = np.random.default_rng(6), 0, 0.8
    truth = 6 / np.pi * np.arcsin(gaussian / 2)  # Spearman of a bivariate normal (Pearson 1907)
    for _ in range(150):
        before, after = 50 + rng.multivariate_normal([0, 0], [[1, gaussian], [gaussian, 1]], size=50).T
        found = mobility.rank_mobility(Moves(before, before, after, np.ones(50))).rank_correlation
        assert found.estimate == pytest.approx(stats.spearmanr(before, after).statistic)
        held += found.low <= truth <= found.high
    assert held >= 134  # 95 % of 150 is 142.5, ± 3 Monte Carlo errors


def test_what_mobility_refuses() -> None:
    level = np.array([1.0, 2, 3, 4, 5, 6])
    with pytest.raises(ParameterError, match="known: absolute, relative, ranks"):
        mobility.change_of(Moves(level, level, level, level), "log")
    with pytest.raises(ParameterError, match="price_ratio must be above 0"):
        mobility.change_of(Moves(level, level, level, level, 0.0), ABSOLUTE)
    for moves, call, reason in (
        (Moves(level, level - 1, level, level), lambda m: mobility.change_of(m, RELATIVE), "not_positive"),
        (Moves(level, level, level, level), mobility.rank_mobility, "too_few_buurten"),
        (Moves(level, level, level, np.ones(6)), lambda m: mobility.rank_mobility(m, 2), "no_variation"),
        (Moves(*[level[:4]] * 4), lambda m: mobility.rank_mobility(m, 2), "too_few_buurten"),
    ):
        assert reason_of(call, moves) == reason
    below = mobility.rank_mobility(Moves(level, level - 3, level[[1, 0, 2, 3, 5, 4]], np.ones(6)), 2)
    assert (below.fields_ok, below.growth, below.transfer) == (None, None, None)
