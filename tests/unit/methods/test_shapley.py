"""Shapley values and LMG shares: all orders in a loop, statsmodels for each R², known games, chance levels."""

from itertools import chain, combinations, permutations

import numpy as np
import pytest
import statsmodels.api as sm
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.errors import NotComputableError, ParameterError
from kloof.methods import shapley
from kloof.methods.blocks import Explained


def test_known_games() -> None:
    # the glove game: left one, right two; only a pair is worth 1 (Shapley: 2/3, 1/6, 1/6)
    pair = shapley.shapley_values(["l", "r1", "r2"], lambda s: float("l" in s and bool(s & {"r1", "r2"})))
    assert [float(part) for part in pair.values()] == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    # a sum is shared as it is, for arrays too
    worth = {"a": np.array([1.0, 2]), "b": np.array([3.0, -1]), "c": np.array([0.0, 5])}
    found = shapley.shapley_values(list(worth), lambda s: sum((worth[one] for one in s), np.zeros(2)))
    assert all(found[name] == pytest.approx(worth[name]) for name in worth)


@given(seed=st.integers(0, 10_000), count=st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_against_all_orders(seed: int, count: int) -> None:
    rng, makers = np.random.default_rng(seed), list("abcde"[:count])
    every = chain.from_iterable(combinations(makers, size) for size in range(count + 1))
    worth = {frozenset(chosen): float(rng.standard_normal()) for chosen in every}
    found = shapley.shapley_values(makers, worth.__getitem__)
    orders = list(permutations(makers))
    for maker in makers:
        joins = [frozenset(order[: order.index(maker)]) for order in orders]
        by_hand = np.mean([worth[before | {maker}] - worth[before] for before in joins])
        assert float(found[maker]) == pytest.approx(by_hand, abs=1e-12)
    whole = worth[frozenset(makers)] - worth[frozenset()]
    assert abs(sum(float(part) for part in found.values()) - whole) < 1e-10


def test_makers_are_checked() -> None:
    for makers in (["a", "a"], [], [str(place) for place in range(13)]):
        with pytest.raises(ParameterError, match="1 to 12 different makers"):
            shapley.shapley_values(makers, len)


def town(rng: np.random.Generator, units: int = 56) -> Explained:
    first = rng.standard_normal((units, 2))
    second = 0.5 * first[:, :1] + rng.standard_normal((units, 1))
    third = rng.standard_normal(units)  # has nothing to do with the outcome
    outcome = first[:, 0] + 0.6 * second[:, 0] + rng.standard_normal(units)
    blocks = {"resources": first, "housing": second, "liveability": third}
    return Explained(outcome, blocks, 0.5 + rng.random(units))


def test_lmg_against_all_orders_of_statsmodels_fits() -> None:
    data = town(np.random.default_rng(1))
    found = shapley.r_squared_shares(data, np.random.default_rng(0), 99)

    def r_squared(names: tuple[str, ...]) -> float:
        columns = [np.atleast_2d(data.blocks[name].T).T for name in names]
        design = sm.add_constant(np.column_stack(columns)) if names else np.ones(56)
        return float(sm.WLS(data.outcome, design, weights=data.weight).fit().rsquared) if names else 0.0

    for row in found.shares.itertuples():
        added = []
        for order in permutations(data.blocks):
            before = order[: order.index(row.block)]
            added.append(r_squared((*before, row.block)) - r_squared(before))
        assert row.estimate == pytest.approx(np.mean(added), abs=1e-10)
    assert found.r_squared == pytest.approx(r_squared(tuple(data.blocks)))
    assert abs(found.shares["estimate"].sum() - found.r_squared) < 1e-10
    fit = sm.WLS(data.outcome, sm.add_constant(data.design()), weights=data.weight).fit()
    assert found.adjusted == pytest.approx(fit.rsquared_adj)
    assert found.shares["columns"].tolist() == [2, 1, 1]


def test_bootstrap_of_shares_against_a_loop() -> None:
    data = town(np.random.default_rng(2), units=30)
    found = shapley.r_squared_shares(data, np.random.default_rng(5), 99)
    counts = np.random.default_rng(5).multinomial(30, np.full(30, 1 / 30), size=99)
    again = []
    for drawn in counts:
        rows = np.repeat(np.arange(30), drawn)
        sample = Explained(data.outcome[rows], {name: block[rows] for name, block in data.blocks.items()},
                           data.weight[rows])  # fmt: skip
        again.append(shapley.r_squared_shares(sample, np.random.default_rng(0), 39).shares["estimate"])
    ordered = np.sort(np.array(again), axis=0)
    assert found.shares["low"].to_numpy() == pytest.approx(ordered[1])  # 100 · 0.025 = 2 outside on each side
    assert found.shares["high"].to_numpy() == pytest.approx(ordered[-2])


@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100))
@settings(max_examples=15, deadline=None)
def test_shares_do_not_depend_on_units_or_order(seed: int, scale: float) -> None:
    data = town(np.random.default_rng(seed), units=25)
    order = np.random.default_rng(seed).permutation(25)
    mixed = data.blocks["resources"] @ np.array([[1.0, 0.3], [0.2, -2.0]])  # the same plane
    blocks = {"liveability": data.blocks["liveability"][order] * scale, "resources": mixed[order],
              "housing": 4 - data.blocks["housing"][order]}  # fmt: skip
    other = Explained(scale * data.outcome[order] + 7, blocks, 2 * data.weight[order])
    one, two = (shapley.r_squared_shares(each, np.random.default_rng(0), 39) for each in (data, other))
    same = two.shares.set_index("block").loc[one.shares["block"], "estimate"]
    assert same.to_numpy() == pytest.approx(one.shares["estimate"].to_numpy(), abs=1e-9)


def test_chance_gives_a_block_something_and_is_told_apart() -> None:
    rng, idle, busy, level = np.random.default_rng(3), 0, 0, []
    for _ in range(150):
        shares = shapley.r_squared_shares(town(rng), rng, 99).shares.set_index("block")
        idle += shares.loc["liveability", "p_value"] <= 0.05
        busy += shares.loc["housing", "p_value"] <= 0.05
        level.append((shares.loc["liveability", "estimate"], shares.loc["liveability", "by_chance"]))
    assert idle <= 16  # 5 % of 150 is 7.5 ± 3 Monte Carlo errors
    assert busy > 135
    measured, expected = np.mean(level, axis=0)
    assert measured > 0.004
    assert expected == pytest.approx(measured, abs=0.004)


def test_a_p_value_counts_the_data_as_one_of_the_draws() -> None:
    """A block that decides the outcome is beaten by none of 99 draws: 1 of 100; one that is nothing by (nearly) all."""
    data = town(np.random.default_rng(5))
    sure = Explained(data.blocks["housing"][:, 0] * 3, data.blocks, data.weight)
    shares = shapley.r_squared_shares(sure, np.random.default_rng(0), 99).shares.set_index("block")
    assert shares.loc["housing", "p_value"] == 1 / 100
    rng, figures = np.random.default_rng(0), data
    found = shapley.r_squared_shares(figures, rng, 49).shares.set_index("block").loc["liveability"]
    again = np.random.default_rng(0)
    again.multinomial(56, np.full(56, 1 / 56), size=49)
    standard, where = shapley._standardised(figures)
    drawn = [shapley._dealt(standard, name, figures.weight, where, again, 49) for name in where][-1]
    assert found["p_value"] == (np.count_nonzero(drawn >= found["estimate"] - 1e-12) + 1) / 50


def test_flags_and_refusals() -> None:
    data = town(np.random.default_rng(4))
    made = {"outcome": ["income"], "housing": ["income", "tenure"], "resources": ["work"]}
    shared = Explained(data.outcome, data.blocks, data.weight, made)
    assert shapley.r_squared_shares(shared, np.random.default_rng(0), 39).sharing == ("housing",)
    flat = Explained(np.full(56, 3.0), data.blocks, data.weight)
    few = Explained(data.outcome[:6], {name: block[:6] for name, block in data.blocks.items()}, data.weight[:6])
    for each, reason in ((flat, "no_variation"), (few, "too_few_buurten")):
        assert reason_of(shapley.r_squared_shares, each, np.random.default_rng(0), 39) == reason
    with pytest.raises(NotComputableError, match="draws are too few"):
        shapley.r_squared_shares(data, np.random.default_rng(0), 38)
