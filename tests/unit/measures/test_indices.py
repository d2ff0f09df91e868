import math
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kloof.errors import CatalogueError, ParameterError
from kloof.measures.registry import FAMILIES, INDICES, NEEDS, get_index, read_registry
from kloof.measures.tables import Segments
from kloof.measures.two_groups import expected_under_evenness

COUNT_INDICES = [name for name, index in INDICES.items() if index.needs == "counts"]
EVENNESS = [name for name in COUNT_INDICES if INDICES[name].family == "evenness"]
MEANS = [name for name, index in INDICES.items() if index.needs == "means"]


def one(index_id: str, a: object, b: object) -> float:
    return float(INDICES[index_id].function(np.asarray(a), np.asarray(b), (0,))[0])


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(2, 9))
    cells = hnp.arrays(np.float64, size, elements=st.integers(0, 400).map(float))
    a, b = draw(cells), draw(cells)
    a[draw(st.integers(0, size - 1))] += 1
    b[draw(st.integers(0, size - 1))] += 1
    return a, b


# Three units, group 10 20 30 and rest 30 20 10. A = B = 60, T = 120, P = ½, shares ¼ ½ ¾.
# D = ½(20/60 + 0 + 20/60) = 1/3. Isolation = 10/60·¼ + 20/60·½ + 30/60·¾ = 1/24 + 4/24 + 9/24 = 7/12.
# η² = (7/12 − 1/2)/(1/2) = 1/6.
# Gini = Σ tᵢtⱼ|pᵢ−pⱼ| / 2T²P(1−P): 1600·2·(¼+½+¼) / (2·14400·¼) = 3200/7200 = 4/9.
# H: E = ln 2, E₁ = E₃ = ¼ ln 4 + ¾ ln(4/3) = 0.5623351446188083, E₂ = E, so
# H = ⅔(1 − E₁/E).
WORKED = {
    "dissimilarity": 1 / 3,
    "isolation": 7 / 12,
    "interaction": 5 / 12,
    "correlation_ratio": 1 / 6,
    "gini": 4 / 9,
    "theil_h": 2 / 3 * (1 - 0.5623351446188083 / 0.6931471805599453),
    # Σ √(aᵢbᵢ) = √300 + 20 + √300, over 60; Atkinson at ½ is 1 minus its square; minmax is 2D/(1 + D) = (2/3)/(4/3)
    "hutchens": 1 - (2 * math.sqrt(300) + 20) / 60,
    "atkinson": 1 - ((2 * math.sqrt(300) + 20) / 60) ** 2,
    "minmax": 1 / 2,
    # Σ aᵢ/A |pᵢ − ½| / ½ = 2(10/60·¼ + 0 + 30/60·¼)
    "concentration_profile": 1 / 3,
}


@pytest.mark.parametrize("index_id", COUNT_INDICES)
def test_worked_by_hand(index_id: str) -> None:
    assert one(index_id, [10, 20, 30], [30, 20, 10]) == pytest.approx(WORKED[index_id], abs=1e-14)


# Values 1 and 3 with weights 3 and 1: mean 6/4 = 1.5; variance (3·0.25 + 1·2.25)/4 = 0.75.
# T = ¾·⅔·ln ⅔ + ¼·2·ln 2 = ½(ln ⅔ + ln 2) = ½ ln(4/3).
@pytest.mark.parametrize(
    ("index_id", "value"),
    [
        ("weighted_sd", math.sqrt(0.75)),
        ("coefficient_of_variation", math.sqrt(0.75) / 1.5),
        ("theil_between", 0.5 * math.log(4 / 3)),
    ],
)
def test_means_worked_by_hand(index_id: str, value: float) -> None:
    assert one(index_id, [1, 3], [3, 1]) == pytest.approx(value, abs=1e-14)


@pytest.mark.parametrize("index_id", MEANS)
def test_a_unit_without_weight_adds_nothing(index_id: str) -> None:
    assert one(index_id, [1, 3, 99], [3, 1, 0]) == pytest.approx(one(index_id, [1, 3], [3, 1]), abs=1e-14)
    assert one(index_id, [2, 2, 2], [5, 1, 3]) == pytest.approx(0, abs=1e-14)


def test_means_that_are_not_defined() -> None:
    assert math.isnan(one("weighted_sd", [1, 2], [0, 0]))
    assert math.isnan(one("coefficient_of_variation", [-1, 1], [1, 1]))
    assert math.isnan(one("theil_between", [-1, 5], [1, 1]))
    # a value of 0 is allowed: ½·0 + ½·2·ln 2
    assert one("theil_between", [0, 4], [1, 1]) == pytest.approx(math.log(2), abs=1e-14)


@pytest.mark.parametrize("index_id", COUNT_INDICES)
@pytest.mark.parametrize(("a", "b"), [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([0], [0]), ([5], [0]), ([], [])])
def test_not_defined_is_nan_not_zero(index_id: str, a: list[float], b: list[float]) -> None:
    assert math.isnan(one(index_id, a, b))


def test_atkinson_worked_by_hand_at_a_third() -> None:
    # units 1|8 and 8|1 of 9|9: Σ (aᵢ/9)^⅓ (bᵢ/9)^⅔ = (1·4 + 2·1)/9 = ⅔, to the power 3/2
    assert get_index("atkinson(0.3333333333333333)").function([1, 8], [8, 1])[0] == pytest.approx(
        1 - (2 / 3) ** 1.5, abs=1e-14
    )


@pytest.mark.parametrize("index_id", [*COUNT_INDICES, *MEANS])
def test_a_missing_count_spreads_and_is_never_zero(index_id: str) -> None:
    assert math.isnan(one(index_id, [1, np.nan, 3], [2, 2, 2]))
    assert math.isnan(one(index_id, [1, 2, 3], [2, np.nan, 2]))


@given(tables())
@settings(deadline=None)
def test_inside_the_scale_and_symmetric(table: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = table
    for name in EVENNESS:
        value = one(name, a, b)
        assert 0 <= value <= INDICES[name].highest + 1e-12, name
        if "symmetry" in INDICES[name].invariances or name == "atkinson":  # at ½ it is symmetric, elsewhere not
            assert value == pytest.approx(one(name, b, a), abs=1e-12), name
    assert one("isolation", a, b) + one("interaction", a, b) == pytest.approx(1, abs=1e-12)
    share = a.sum() / (a.sum() + b.sum())
    assert share - 1e-12 <= one("isolation", a, b) <= 1
    # the Gini index lies between D and 2D − D²
    d = one("dissimilarity", a, b)
    assert d - 1e-12 <= one("gini", a, b) <= 2 * d - d * d + 1e-12


@given(tables(), st.permutations(range(9)), st.floats(0.001, 1000))
@settings(deadline=None)
def test_order_scale_and_splitting_change_nothing(
    table: tuple[np.ndarray, np.ndarray], order: list[int], factor: float
) -> None:
    a, b = table
    shuffled = [at for at in order if at < a.size]
    halves = np.array([0.25, 0.75])
    for name in COUNT_INDICES:
        value = one(name, a, b)
        assert one(name, a[shuffled], b[shuffled]) == pytest.approx(value, abs=1e-11), name
        assert one(name, a * factor, b * factor) == pytest.approx(value, abs=1e-11), name
        split = one(name, np.concatenate([a[1:], a[0] * halves]), np.concatenate([b[1:], b[0] * halves]))
        assert split == pytest.approx(value, abs=1e-11), name
        if "composition" in INDICES[name].invariances:
            assert one(name, a * factor, b) == pytest.approx(value, abs=1e-11), name


@given(hnp.arrays(np.float64, st.integers(1, 8), elements=st.integers(1, 300).map(float)), st.integers(1, 9))
@settings(deadline=None)
def test_proportional_counts_are_even(a: np.ndarray, factor: int) -> None:
    for name in EVENNESS:
        assert one(name, a, a * factor) == pytest.approx(0, abs=1e-13), name
    assert one("dissimilarity", a, a * factor) == 0
    assert one("isolation", a, a * factor) == pytest.approx(1 / (1 + factor), abs=1e-13)


@pytest.mark.parametrize("index_id", EVENNESS)
def test_complete_separation_is_one(index_id: str) -> None:
    assert one(index_id, [4, 9, 0, 0], [0, 0, 7, 2]) == pytest.approx(1, abs=1e-14)


@given(tables(), st.data())
@settings(deadline=None)
def test_an_exchange_towards_the_mix_never_raises_evenness(
    table: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    """Two units exchange as many of the group as of the rest, without crossing: unit sizes stay the same."""
    a, b = table
    share = np.divide(a, a + b, out=np.zeros(a.size), where=a + b > 0)
    i, j = data.draw(st.integers(0, a.size - 1)), data.draw(st.integers(0, a.size - 1))
    if a[i] + b[i] == 0 or a[j] + b[j] == 0 or share[i] <= share[j]:
        return
    sizes = 1 / (a[i] + b[i]) + 1 / (a[j] + b[j])
    most = min(a[i], b[j], (share[i] - share[j]) / sizes)
    moved = data.draw(st.floats(0, 1)) * most
    after_a, after_b = a.copy(), b.copy()
    after_a[[i, j]] += [-moved, moved]
    after_b[[i, j]] += [moved, -moved]
    for name in COUNT_INDICES:
        if "exchange" in INDICES[name].invariances:
            assert one(name, after_a, after_b) <= one(name, a, b) + 1e-12, name


@given(tables(), tables())
@settings(max_examples=40, deadline=None)
def test_segments_and_replicates_equal_one_at_a_time(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> None:
    a, b = (np.concatenate([one_side, other]) for one_side, other in zip(first, second, strict=True))
    size = first[0].size
    for name in (*COUNT_INDICES, *MEANS):
        index = INDICES[name]
        # the third segment has no units at all
        batch = index.function(np.stack([a, a + 1]), np.stack([b, b + 2]), [0, size, a.size])
        assert batch.shape == (2, 3)
        for row, (up_a, up_b) in enumerate([(0, 0), (1, 2)]):
            alone = [one(name, part_a + up_a, part_b + up_b) for part_a, part_b in (first, second)]
            np.testing.assert_allclose(batch[row], [*alone, np.nan], atol=1e-12, err_msg=name)


@pytest.mark.parametrize("starts", [[1], [], [0, 4], [0, 2, 1], 0])
def test_bad_offsets_are_refused(starts: object) -> None:
    with pytest.raises(ParameterError, match="starts must rise from 0 to at most 3"):
        Segments(starts, 3)  # type: ignore[arg-type]


def test_the_registry_is_complete() -> None:
    assert len(INDICES) >= 40
    for name, index in INDICES.items():
        assert index.id == index.base == name
        assert index.family in FAMILIES
        assert index.needs in NEEDS
        assert (index.family == "means") == (index.needs == "means")
        assert index.lowest < index.highest
        assert index.doi.startswith("10.")
        assert re.search(r"\d{4}", index.source)
        texts = [index.text(kind, language) for kind in ("what", "good", "weakness") for language in ("nl", "en")]
        assert all(text.endswith(".") and len(text.split()) >= 5 for text in texts), name
        assert len({*texts, index.name_nl, index.name_en}) >= 7, name
        assert (index.parameter is None) <= (not index.neighbourhood)
    with pytest.raises(ParameterError, match='"disimilarity" is not known; did you mean "dissimilarity"'):
        get_index("disimilarity")


@pytest.mark.parametrize(
    ("index_id", "message"),
    [
        ("gini(2)", "gini takes no number in brackets"),
        ("atkinson(1)", "b must be above 0 and below 1"),
        ("atkinson(high)", "b must be a number"),
        ("atkinson(0.5", 'index "atkinson\\(0.5" is not known; did you mean "atkinson"'),
        ("dissimilarity_of_nearest(0)", "nearest must be above 0"),
    ],
)
def test_a_wrong_parameter_is_named(index_id: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        get_index(index_id)


def test_the_table_of_the_registry_lists_all_its_faults() -> None:
    text = files("kloof.measures").joinpath("indices.toml").read_text(encoding="utf-8")
    broken = (
        text.replace('family = "exposure"', 'family = "exposing"', 1)
        .replace('needs = "counts"\n', "", 1)
        .replace('good.nl = "Bekend', 'goed.nl = "Bekend', 1)
        .replace("[gini]", "[ginni]")
        .replace("range = [0, inf]", "range = [1, 1]", 1)
        .replace('"composition"', '"composure"', 1)
    )
    with pytest.raises(CatalogueError) as caught:
        read_registry(broken)
    for part in (
        "[ginni] has no function",
        "[gini] is missing",
        "[dissimilarity] lacks needs",
        "[dissimilarity] has an unknown key goed",
        "[dissimilarity] good needs a text in nl and in en",
        "[dissimilarity] invariance 'composure' is not known",
        "[isolation] family 'exposing' is not one of evenness, exposure",
        "[mutual_information] range [1, 1] is not [lowest, highest]",
    ):
        assert part in str(caught.value)


@given(tables(), st.data())
@settings(deadline=None)
def test_a_move_to_a_smaller_share_never_raises_what_claims_so(
    table: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    """People of the group move to a unit where its share is lower, and stays lower: the principle of transfers."""
    a, b = table
    i, j = data.draw(st.integers(0, a.size - 1)), data.draw(st.integers(0, a.size - 1))
    moved = data.draw(st.floats(0, 1)) * a[i]
    after = a.copy()
    after[[i, j]] += [-moved, moved]
    both, later = a + b, after + b
    if min(both[i], both[j], later[i], later[j]) <= 0:
        return
    if not a[i] / both[i] > a[j] / both[j] or not after[i] / later[i] >= after[j] / later[j]:
        return
    for name in COUNT_INDICES:
        if "transfer" in INDICES[name].invariances:
            assert one(name, after, b) <= one(name, a, b) + 1e-12, name


def test_what_is_not_claimed_does_not_hold() -> None:
    """Each property an index of two groups lacks in the registry is broken by some table."""
    rng = np.random.default_rng(11)
    broken = set()
    for _ in range(400):
        a, b = rng.integers(1, 60, (2, 5)).astype(float)
        share = a / (a + b)
        i, j = sorted(rng.permutation(5)[:2], key=lambda at: -share[at])
        most = min(a[i], b[j], (share[i] - share[j]) / (1 / (a[i] + b[i]) + 1 / (a[j] + b[j])))
        step = np.zeros(5)
        step[[i, j]] = -most / 2, most / 2
        for name in (*COUNT_INDICES, "atkinson(0.3)"):
            function = get_index(name).function
            value = function(a, b)[0]
            if abs(function(4 * a, b)[0] - value) > 1e-6:
                broken.add((name, "composition"))
            if abs(function(b, a)[0] - value) > 1e-6:
                broken.add((name, "symmetry"))
            if function(a + step, b - step)[0] > value + 1e-6:
                broken.add((name, "exchange"))
    for name in COUNT_INDICES:
        lacking = {"composition", "symmetry", "exchange"} - set(INDICES[name].invariances)
        tried = "atkinson(0.3)" if name == "atkinson" else name
        assert lacking == {claim for which, claim in broken if which == tried}, name


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_huge_counts_change_nothing(seed: int) -> None:
    a, b = np.random.default_rng(seed).integers(0, 50, (2, 6)).astype(float) + 1
    for name in COUNT_INDICES:
        assert one(name, a * 2.0**40, b * 2.0**40) == pytest.approx(one(name, a, b), abs=1e-12), name


# ------------------------------------------------------------------ expected under evenness


def test_expected_by_listing_every_outcome() -> None:
    # Units of 2 and 1, one person in the group. With chance 2/3 that is in unit 1: shares 1|0 against ½|½,
    # D = ½(|1 − ½| + |0 − ½|) = ½; in unit 2 with chance 1/3: rest 2|0, D = 1. Expected 2/3·½ + 1/3·1 = 2/3.
    assert expected_under_evenness([1, 0], [1, 1])[0] == pytest.approx(2 / 3, abs=1e-12)
    assert expected_under_evenness([0, 1], [2, 0])[0] == pytest.approx(2 / 3, abs=1e-12)


@pytest.mark.parametrize("members", [8, 40, 300])
def test_expected_against_people_shuffled_at_random(members: int) -> None:
    rng = np.random.default_rng(20261124)
    sizes = rng.integers(1, 40, 25)
    drawn = rng.multivariate_hypergeometric(sizes, members, size=20_000).astype(float)
    # written out here, not taken from the library
    gaps = np.abs(drawn / members - (sizes - drawn) / (sizes.sum() - members))
    simulated = gaps.sum(axis=1) / 2
    error = simulated.std(ddof=1) / math.sqrt(simulated.size)
    expected = expected_under_evenness(drawn[0], sizes - drawn[0])[0]
    assert abs(expected - simulated.mean()) <= 5 * error
    assert error < 0.002


def test_expected_is_small_for_large_units_and_nan_without_a_group() -> None:
    assert expected_under_evenness([5000.0] * 4, [5000.0] * 4)[0] < 0.01
    assert np.isnan(expected_under_evenness([0, 0], [3, 4])[0])
    assert np.isnan(expected_under_evenness([3, 4], [0, 0])[0])
    assert expected_under_evenness([7], [5])[0] == 0


# ------------------------------------------------------------------ the peers' numbers


@pytest.mark.shared
@pytest.mark.parametrize("case", ["city_56x5", "city_100x3"])
def test_expected_equals_the_drawn_cities_of_the_reference(shared: Path, case: str) -> None:
    counts = pd.read_csv(shared / "peers" / "cases" / f"{case}.csv", dtype={"group": str})
    reference = pd.read_csv(shared / "peers" / "reference.csv")
    nulls = reference[(reference["case"] == case) & (reference["index"] == "D_null_mean")]
    for row in nulls.itertuples():
        members = counts["group"] == row.groups[0]
        a = counts[members].set_index("unit")["count"]
        b = counts[~members].groupby("unit")["count"].sum().reindex(a.index)
        # the reference drew 40,000 binomial cities; its sd stands in the note
        error = float(str(row.note).split()[-1]) / math.sqrt(40_000)
        assert abs(expected_under_evenness(a, b)[0] - row.own_value) <= 5 * error
