"""Expected values without segregation: exact sums and simulation; the test of "more than chance"."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kloof import chance, formulas, sums
from kloof.errors import ParameterError
from kloof.resample import Drawing, replicates


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 4000), st.sampled_from([0.0, 1.0]) | st.floats(1e-9, 1))
def test_the_binomial_deviation_is_its_sum(n: int, p: float) -> None:
    values = np.arange(n + 1)
    exact = (np.abs(values - n * p) * stats.binom.pmf(values, n, p)).sum()
    assert chance.binomial_deviation(n, p) == pytest.approx(exact, rel=1e-9, abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 3000), st.data())
def test_the_hypergeometric_deviation_is_its_sum(people: int, data: st.DataObject) -> None:
    members = data.draw(st.integers(0, people))
    size = data.draw(st.integers(0, people))
    values = np.arange(size + 1)
    exact = (np.abs(values - size * members / people) * stats.hypergeom.pmf(values, people, members, size)).sum()
    assert chance.hypergeometric_deviation(people, members, size) == pytest.approx(exact, rel=1e-9, abs=1e-11)


def test_a_deviation_in_a_country_keeps_its_digits() -> None:
    """24 million people: scipy's exact mass function, summed, against the closed form."""
    values = np.arange(1201)
    exact = (np.abs(values - 1200 * 0.09) * stats.hypergeom.pmf(values, 24_000_000, 2_160_000, 1200)).sum()
    assert chance.hypergeometric_deviation(24_000_000, 2_160_000, 1200) == pytest.approx(exact, rel=1e-8)
    assert chance.binomial_deviation(20_000_000, 0.25) == pytest.approx(np.sqrt(2 * 2e7 * 0.1875 / np.pi), rel=1e-7)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_expected_d_of_a_permutation_is_the_formula_of_the_registry(seed: int) -> None:
    rng = np.random.default_rng(seed)
    starts = np.array([0, 4, 5, 20, 20])
    a, b = rng.poisson(rng.gamma(1, 8, 30)) * 1.0, rng.poisson(rng.gamma(1, 60, 30)) * 1.0
    ours = chance.expected_dissimilarity(a, b, starts, "permutation")
    assert ours == pytest.approx(formulas.expected_under_evenness(a, b, starts), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(("members", "accuracy"), [((2.0, 1.0, 5.0), 2e-6), ((3.0, 9.0, 60.0), 2e-4)])
def test_expected_d_under_evenness_is_the_mean_over_all_tables(members: tuple[float, ...], accuracy: float) -> None:
    """Three units, all outcomes of the three binomials added up; with 8 members every number of them is summed."""
    sizes, group = np.array([9.0, 30.0, 200.0]), np.array(members)
    whole = group.sum() / sizes.sum()
    grids = np.meshgrid(*(np.arange(size + 1) for size in sizes), indexing="ij")
    weight = np.ones_like(grids[0])
    for grid, size in zip(grids, sizes, strict=True):
        weight = weight * stats.binom.pmf(grid, size, whole)
    a = np.stack([grid.ravel() for grid in grids], axis=-1)
    d = formulas.dissimilarity(a, sizes - a)[:, 0]
    known = ~np.isnan(d)
    exact = (d[known] * weight.ravel()[known]).sum() / weight.ravel()[known].sum()
    assert chance.expected_dissimilarity(group, sizes - group)[0] == pytest.approx(exact, rel=accuracy)


def test_the_rule_for_many_members_joins_the_other(monkeypatch) -> None:
    rng = np.random.default_rng(3)
    sizes = rng.integers(300, 3000, 60) * 1.0
    members = np.rint(sizes * 0.2)
    assert members.sum() > chance._MANY / 2
    found = []
    for many in (0, 10**9):
        monkeypatch.setattr(chance, "_MANY", many)
        found.append(chance.expected_dissimilarity(members, sizes - members)[0])
    plain = chance.expected_dissimilarity(members, sizes - members, null="permutation")[0]
    assert found[0] == pytest.approx(found[1], rel=5e-6)
    assert plain / found[1] - 1 == pytest.approx(-(0.75 * 0.6**2 / 0.16 + 1) / (2 * sizes.sum()), rel=0.5)


def test_expected_gini_is_the_sum_over_pairs() -> None:
    rng = np.random.default_rng(4)
    starts = np.array([0, 30, 31, 90])
    sizes = np.rint(np.exp(rng.normal(6, 1.5, 140)))
    sizes[[3, 50]] = 0
    members = np.rint(sizes * 0.2)
    ours = chance.expected_gini(members, sizes - members, starts)
    for number, part in enumerate(np.split(np.arange(140), starts[1:])):
        t, share = sizes[part], members[part].sum() / sizes[part].sum()
        pairs = np.sqrt(t[:, None] * t * (t[:, None] + t))
        np.fill_diagonal(pairs, 0)
        exact = np.sqrt(2 / np.pi * share * (1 - share)) * pairs.sum() / (2 * t.sum() ** 2 * share * (1 - share))
        assert ours[number] == pytest.approx(exact, abs=1e-9)


def test_expected_gini_is_near_the_simulated_mean_where_units_hold_five_members() -> None:
    sizes = np.repeat([100.0, 400.0], 25)
    members = sizes * 0.05
    drawn = replicates(
        {"g": sums.two_groups(formulas.gini)},
        np.stack([members, sizes - members]),
        (0,),
        "evenness",
        Drawing(np.random.default_rng(1), 2000),
    )["g"]
    off = chance.expected_gini(members, sizes - members)[0] - drawn.mean()
    assert abs(off) < 0.01 * drawn.mean() + 5 * drawn.std() / np.sqrt(2000)


@pytest.fixture(scope="module")
def tested() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    sizes = np.array([300.0] * 12)
    even = rng.binomial(300, 0.1, 12) * 1.0
    apart = np.array([60.0, 10] * 6)
    nobody = np.zeros(12)
    members = np.concatenate([even, apart, nobody, [40.0]])
    people = np.concatenate([sizes, sizes, sizes, [300.0]])
    measures = {"dissimilarity": sums.Dissimilarity(0), "theil_h": sums.theil_h}
    return chance.more_than_chance(
        measures, np.stack([members, people - members]), Drawing(rng, 400), (0, 12, 24, 36), "permutation"
    ).set_index(["index", "segment"])


def test_more_than_chance_tells_segregation_from_chance(tested) -> None:
    for index in ("dissimilarity", "theil_h"):
        even, apart = tested.loc[(index, 0)], tested.loc[(index, 1)]
        assert even["p_value"] > 0.05
        assert apart["p_value"] == 1 / 401
        assert even["low"] < even["estimate"] < even["high"] < apart["estimate"]
    row = tested.loc[("dissimilarity", 1)]
    members = np.array([60.0, 10] * 6)
    exact = chance.expected_dissimilarity(members, 300 - members, null="permutation")[0]
    assert row["expected"] == pytest.approx(exact, abs=5 * row["standard_error"] / 20)
    assert (tested["range_kind"] == "null").all()


def test_what_cannot_be_tested_is_missing_with_a_reason(tested) -> None:
    for index in ("dissimilarity", "theil_h"):
        assert tested.loc[(index, 2), "reason"] == "group_is_empty"
        assert tested.loc[(index, 3), "reason"] == "one_unit"
        assert tested.loc[(index, slice(2, 3)), ["low", "high", "expected", "p_value"]].isna().all(axis=None)
    assert tested["reason"].isna().sum() == 4


def test_p_values_are_uniform_when_nobody_sorts() -> None:
    rng = np.random.default_rng(12)
    starts = np.arange(300) * 10
    members = rng.binomial(200, 0.15, 3000) * 1.0
    rows = chance.more_than_chance(
        {"d": sums.Dissimilarity(0)}, np.stack([members, 200 - members]), Drawing(rng, 199), starts
    )
    assert stats.kstest(rows["p_value"], "uniform").pvalue > 0.001
    assert (rows["p_value"] <= 0.05).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 300))


def test_another_null_is_refused() -> None:
    with pytest.raises(ParameterError, match='null "random" is not known: permutation, evenness, systematic'):
        chance.more_than_chance({}, np.ones((2, 2)), Drawing(np.random.default_rng(0)), null="random")
