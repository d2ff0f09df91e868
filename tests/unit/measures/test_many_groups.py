"""Indices of many groups: by hand, against plain loops, and the properties that the registry claims."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kloof.errors import ParameterError
from kloof.measures import many_groups
from kloof.measures.registry import INDICES
from kloof.measures.two_groups import correlation_ratio, dissimilarity, exposure, gini, interaction, isolation, theil_h

MANY = [name for name, index in INDICES.items() if index.needs == "groups"]
SEGREGATION = [name for name in MANY if INDICES[name].family not in {"diversity"} and name != "integration"]
NESTED = [name for name, index in INDICES.items() if index.needs == "parents"]


def one(name: str, counts: object) -> float:
    return float(INDICES[name].function(np.asarray(counts, dtype=float))[0])


@st.composite
def tables(draw: st.DrawFn, groups: int | None = None) -> np.ndarray:
    shape = (groups or draw(st.integers(2, 4)), draw(st.integers(1, 7)))
    counts = draw(hnp.arrays(np.float64, shape, elements=st.integers(0, 200).map(float)))
    counts[0, 0] += 1
    counts[1, -1] += 1
    return counts


# Three groups in two units, 6 0 2 and 2 4 2: T = 16, totals 8 4 4, P = ½ ¼ ¼; unit 1 has ¾ 0 ¼, unit 2 ¼ ½ ¼.
# I = ½·½ + 2·¼·¾ = 5/8; E = ½ ln 2 + ½ ln 4 = 1.5 ln 2.
# D: Σ t|π−P| = 8(¼ + ¼ + 0)·2 = 8, over 2·16·5/8 = 20. G: each group 2·8·8·|πᵢ−πⱼ| = 64·2·(½ + ½ + 0) = 128 over
# 2·256·5/8 = 320. M: (6 ln 1.5 + 2 ln ½ + 4 ln 2 + 0)/16 = (6 ln 1.5 + 2 ln 2)/16.
# dev² per group: 16·(1/16) = 1, 1, 0. P = (1/½ + 1/¾)/16 = (10/3)/16. R = 2/(16·5/8). C = (1/½ + 1/¼)/(16·2).
# integration: ½(2·¾·¼) + ½(1 − 1/16 − 1/4 − 1/16) = ½(3/8 + 5/8) = ½.
TABLE = np.array([[6.0, 2], [0, 4], [2, 2]])
M = (6 * math.log(1.5) + 2 * math.log(2)) / 16
WORKED = {
    "multigroup_dissimilarity": 2 / 5,
    "multigroup_gini": 2 / 5,
    "mutual_information": M,
    "multigroup_theil_h": M / (1.5 * math.log(2)),
    "normalised_exposure": 10 / 48,
    "relative_diversity": 1 / 5,
    "squared_coefficient_of_variation": 6 / 32,
    "entropy": 1.5 * math.log(2),
    "normalised_entropy": 1.5 * math.log(2) / math.log(3),
    "simpson_interaction": 5 / 8,
    "simpson_concentration": 3 / 8,
    "integration": 1 / 2,
}


@pytest.mark.parametrize("name", MANY)
def test_worked_by_hand(name: str) -> None:
    assert one(name, TABLE) == pytest.approx(WORKED[name], abs=1e-14)


def test_local_linkage_by_hand_and_its_parts_add_up() -> None:
    first = 0.75 * math.log(1.5)
    second = 0.25 * math.log(0.5) + 0.5 * math.log(2)
    counts = np.column_stack([TABLE, np.zeros(3)])
    linkage = many_groups.local_linkage(counts)
    assert linkage[:2] == pytest.approx([first, second], abs=1e-14)
    assert math.isnan(linkage[2])
    parts = many_groups.local_mutual_information(counts)
    assert parts == pytest.approx([first / 2, second / 2, 0], abs=1e-14)
    assert parts.sum() == pytest.approx(M, abs=1e-14)


@given(tables(groups=2))
@settings(deadline=None)
def test_two_groups_give_the_indices_of_two_groups(counts: np.ndarray) -> None:
    a, b = counts
    for name, plain in (
        ("multigroup_dissimilarity", dissimilarity),
        ("multigroup_gini", gini),
        ("multigroup_theil_h", theil_h),
        ("relative_diversity", correlation_ratio),
        ("normalised_exposure", correlation_ratio),
        ("squared_coefficient_of_variation", correlation_ratio),
    ):
        assert one(name, counts) == pytest.approx(plain(a, b)[0], abs=1e-12), name


@given(tables())
@settings(deadline=None)
def test_inside_the_scale_and_even_is_zero(counts: np.ndarray) -> None:
    for name in MANY:
        index = INDICES[name]
        assert index.lowest <= one(name, counts) <= min(index.highest, math.log(len(counts)) + 1) + 1e-12, name
    even = np.outer(counts.sum(axis=1), np.arange(1, 6))
    for name in SEGREGATION:
        assert one(name, even) == pytest.approx(0, abs=1e-13), name
    apart = np.diag(counts.sum(axis=1))
    if (counts.sum(axis=1) > 0).all():
        for name in SEGREGATION:
            highest = one("entropy", counts) if INDICES[name].highest == math.inf else 1.0
            assert one(name, apart) == pytest.approx(highest, abs=1e-12), name


@given(tables(), st.floats(0.01, 1000), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_size_order_and_splitting_change_nothing(counts: np.ndarray, factor: float, random: object) -> None:
    order = np.random.default_rng(random.randint(0, 9999))  # type: ignore[attr-defined]
    shuffled = counts[order.permutation(len(counts))][:, order.permutation(counts.shape[1])]
    split = np.concatenate([counts[:, 1:], counts[:, :1] * 0.25, counts[:, :1] * 0.75], axis=1)
    empty = np.concatenate([counts, np.zeros((len(counts), 2))], axis=1)
    for name in MANY:
        value = one(name, counts)
        for changed in (counts * factor, counts * 2.0**40, shuffled, split, empty):
            assert one(name, changed) == pytest.approx(value, abs=1e-11), name


def moves(counts: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Exchange people of two groups between two units towards the mix, and move people of one to a smaller share."""
    groups, units = counts.shape
    i, j = rng.permutation(units)[:2]
    k, m = rng.permutation(groups)[:2]
    both = counts.sum(axis=0)
    share = counts / both
    exchanged = moved = None
    if share[k, i] > share[k, j] and share[m, j] > share[m, i]:
        least = min(share[k, i] - share[k, j], share[m, j] - share[m, i]) / (1 / both[i] + 1 / both[j])
        people = rng.random() * min(counts[k, i], counts[m, j], least)
        exchanged = counts.copy()
        exchanged[[k, k, m, m], [i, j, j, i]] += [-people, people, -people, people]
    if share[k, i] > share[k, j]:
        people = rng.random() * counts[k, i]
        after = counts.copy()
        after[k, [i, j]] += [-people, people]
        new = after / after.sum(axis=0)
        moved = after if new[k, i] >= new[k, j] else None
    return exchanged, moved


def test_exchanges_and_moves_do_what_the_registry_says_and_no_more() -> None:
    rng = np.random.default_rng(5)
    raised: set[str] = set()
    for _ in range(2000):
        counts = rng.integers(0, 60, (rng.integers(3, 5), rng.integers(2, 6))) + 0.5
        exchanged, moved = moves(counts, rng)
        for name in SEGREGATION:
            value = one(name, counts)
            claims = INDICES[name].invariances
            if exchanged is not None:
                assert "exchange" in claims
                assert one(name, exchanged) <= value + 1e-12, name
            if moved is not None and one(name, moved) > value + 1e-9:
                raised.add(name)
    assert raised == {name for name in SEGREGATION if "transfer" not in INDICES[name].invariances}


@given(tables(), tables())
@settings(max_examples=40, deadline=None)
def test_segments_and_replicates_equal_one_at_a_time(first: np.ndarray, second: np.ndarray) -> None:
    groups = max(len(first), len(second))
    parts = [np.concatenate([part, np.zeros((groups - len(part), part.shape[1]))]) for part in (first, second)]
    both = np.concatenate(parts, axis=1)
    starts = [0, parts[0].shape[1], both.shape[1]]
    for name in MANY:
        batch = INDICES[name].function(np.stack([both, both + 1]), starts)
        assert batch.shape == (2, 3)
        for row, more in enumerate((0, 1)):
            alone = [one(name, part + more) for part in parts]
            np.testing.assert_allclose(batch[row], [*alone, np.nan], atol=1e-12, err_msg=name)


@given(tables(), st.lists(st.integers(0, 2), min_size=7, max_size=7))
@settings(deadline=None)
def test_between_and_within_parents_add_up(counts: np.ndarray, homes: list[int]) -> None:
    parent = np.array(homes[: counts.shape[1]])
    found = {name: float(INDICES[name].function(counts, parent)[0]) for name in NESTED}
    assert all(value >= 0 for value in found.values())
    for index, whole in (("mutual_information", "mutual_information"), ("theil_h", "multigroup_theil_h")):
        parts = found[f"{index}_between_parents"] + found[f"{index}_within_parents"]
        assert parts == pytest.approx(one(whole, counts), abs=1e-12)
    merged = np.stack([counts[:, parent == number].sum(axis=1) for number in range(3)], axis=1)
    assert found["mutual_information_between_parents"] == pytest.approx(one("mutual_information", merged), abs=1e-12)


def test_parents_of_two_cities_at_once() -> None:
    rng = np.random.default_rng(2)
    counts = rng.integers(1, 40, (3, 9)).astype(float)
    parent = np.array([4, 1, 4, 1, 1, 4, 4, 5, 5])  # the numbers need no order, and may recur in another city
    for name in NESTED:
        together = INDICES[name].function(counts, parent, [0, 5])
        alone = [INDICES[name].function(counts[:, part], parent[part])[0] for part in (slice(5), slice(5, 9))]
        np.testing.assert_allclose(together, alone, atol=1e-14)
    with pytest.raises(ParameterError, match="parent must hold one value per unit"):
        INDICES[NESTED[0]].function(counts, parent[:3])


@pytest.mark.parametrize("name", [*MANY, *NESTED])
def test_what_is_not_defined_is_nan(name: str) -> None:
    parents = ([0, 0],) if name in NESTED else ()
    function = INDICES[name].function
    assert math.isnan(function(np.zeros((3, 2)), *parents)[0])
    alone = function(np.array([[3.0, 4], [0, 0]]), *parents)[0]
    defined = {"entropy": 0, "normalised_entropy": 0, "simpson_interaction": 0, "simpson_concentration": 1}
    expected = {**defined, "integration": 0}.get(name, math.nan)
    assert alone == pytest.approx(expected, nan_ok=True)
    assert math.isnan(function(np.array([[3.0, 4], [1, np.nan]]), *parents)[0])


def test_counts_must_be_groups_by_units() -> None:
    with pytest.raises(ParameterError, match=r"groups × units, \(..., G, N\); got shape \(3,\)"):
        many_groups.entropy([1, 2, 3])


# ------------------------------------------------------------------ exposure among more than two groups


@given(tables(groups=3))
@settings(deadline=None)
def test_exposures_to_all_groups_add_up_to_one(counts: np.ndarray) -> None:
    a, b, c = counts
    own = isolation(a, b + c)[0]
    to_others = [exposure(np.stack(part))[0] for part in ((a, b, c), (a, c, b))]
    if c.sum() == 0:
        assert math.isnan(to_others[1])
        to_others[1] = 0
    assert own + sum(to_others) == pytest.approx(1, abs=1e-12)
    assert exposure(np.stack([a, b + c, 0 * a]))[0] == pytest.approx(interaction(a, b + c)[0], abs=1e-14)
