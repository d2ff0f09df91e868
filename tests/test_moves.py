"""How an index moves: against the index itself, one changed number at a time, and against small steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.extremes import CountBox, searched_ends
from kloof.formulas import FloatArray
from kloof.indices import INDICES, get_index
from kloof.moves import moved, slope

SEARCHED = ["gini", "theil_h", "correlation_ratio", "weighted_sd", "coefficient_of_variation", "theil_between"]
ANEW = ["hutchens", "atkinson", "atkinson(0.3)", "concentration_profile"]


def value(index: str, a: FloatArray, b: FloatArray) -> float:
    return float(get_index(index).function(a, b, (0,))[0])


@pytest.mark.parametrize("index", [*SEARCHED, *ANEW])
@given(seed=st.integers(0, 10_000), size=st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_every_change_equals_the_index_computed_anew(index: str, seed: int, size: int) -> None:
    a, b, other_a, other_b = np.random.default_rng(seed).integers(0, 40, (4, size)).astype(float)
    found = moved(index, a, b, other_a, other_b)
    expected = [value(index, a, b)]
    for at in range(2 * size):
        new_a, new_b = a.copy(), b.copy()
        if at < size:
            new_a[at] = other_a[at]
        else:
            new_b[at - size] = other_b[at - size]
        expected.append(value(index, new_a, new_b))
    # a spread of nothing is the root of a rounding error: 1e-6 instead of 0
    np.testing.assert_allclose(found, expected, atol=1e-6 if index in SEARCHED[3:] else 1e-12)


@pytest.mark.parametrize("index", [*SEARCHED, *ANEW])
@given(seed=st.integers(0, 10_000), size=st.integers(2, 7))
@settings(max_examples=25, deadline=None)
def test_the_slope_equals_small_steps(index: str, seed: int, size: int) -> None:
    a, b = 5 + 40 * np.random.default_rng(seed).random((2, size))
    found = slope(index, a, b, 1e-14)
    assert found is not None
    assert found[0] == pytest.approx(value(index, a, b), abs=1e-12)
    step = 1e-4
    for at in range(2 * size):
        nudge = step * (np.arange(2 * size) == at)
        up, down = value(index, a + nudge[:size], b + nudge[size:]), value(index, a - nudge[:size], b - nudge[size:])
        assert found[1][at] == pytest.approx((up - down) / 2 / step, abs=2e-6)


@pytest.mark.parametrize(
    ("index", "a", "b"),
    [
        ("gini", [0, 0], [1, 2]),
        ("theil_h", [1, 2], [0, 0]),
        ("correlation_ratio", [0, 0], [1, 2]),
        ("coefficient_of_variation", [-2, 1], [1, 1]),
        ("theil_between", [-1, 5], [1, 1]),
    ],
)
def test_what_is_not_defined_has_no_slope(index: str, a: list[float], b: list[float]) -> None:
    one, other = np.array(a, dtype=float), np.array(b, dtype=float)
    assert slope(index, one, other) is None
    assert np.isnan(moved(index, one, other, one, other)[0])


@pytest.mark.parametrize("index", SEARCHED)
def test_no_table_of_a_city_lies_outside_the_ends_found(index: str) -> None:
    """Random tables, and walks from the ends: thirty units, too many for all corners."""
    rng = np.random.default_rng(3)
    if get_index(index).needs == "counts":
        base = np.round(np.exp(rng.normal(6, 0.8, 30)))
        share = 1 / (1 + np.exp(2 - rng.normal(size=30)))
        box = CountBox(share * base * 0.9, share * base * 1.1, (1 - share) * base * 0.97, (1 - share) * base * 1.03)
    else:
        level, weight = np.exp(rng.normal(5, 0.4, 30)), np.exp(rng.normal(7, 1, 30))
        box = CountBox(level - 3, level + 3, weight, weight)
    even = np.concatenate([(box.a_low + box.a_high) / 2, (box.b_low + box.b_high) / 2])
    low, high = searched_ends(get_index(index), box, even, np.random.default_rng(1))
    size = len(box.a_low)
    ends = np.concatenate([box.a_low, box.b_low]), np.concatenate([box.a_high - box.a_low, box.b_high - box.b_low])
    for sign, reached in ((1, low), (-1, high)):
        places = rng.random((400, 2 * size))
        for radius in (1, 0.3, 0.1, 0.03, 0.01):
            tables = ends[0] + places * ends[1]
            found = sign * INDICES[index].function(tables[:, :size], tables[:, size:], (0,))[:, 0]
            assert found.min() >= sign * reached - 1e-9
            best = places[found.argsort()[:20]]
            places = np.clip(np.repeat(best, 20, axis=0) + radius * rng.normal(size=(400, 2 * size)), 0, 1)


def test_the_lowest_gini_is_found_in_its_corners() -> None:
    """Two units that can have the same share, and a third that cannot: by hand.

    Group 10–14, 20 and 5, rest 30, 60 and 45: with 10 the first two have shares of a quarter, and the third a tenth.
    Pairs |aᵢbⱼ − aⱼbᵢ|: 0, 10·45 − 5·30 = 300 and 20·45 − 5·60 = 600; 900 over 35 · 135.
    """
    box = CountBox(*(np.array(ends, dtype=float) for ends in ([10, 20, 5], [14, 20, 5], [30, 60, 45], [30, 60, 45])))
    low, high = searched_ends(get_index("gini"), box, np.array([14.0, 20, 5, 30, 60, 45]), np.random.default_rng(0))
    assert low == pytest.approx(900 / 35 / 135, abs=1e-9)
    # with 14: |14·60 − 20·30| = 240, 14·45 − 5·30 = 480, 600; 1,320 over 39 · 135
    assert high == pytest.approx(1320 / 39 / 135, abs=1e-12)
