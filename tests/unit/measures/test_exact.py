"""How small and how large an index can be by the one number that ties its units: never beyond, reached, refused."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.measures import exact
from kloof.measures.registry import get_index
from kloof.measures.tables import CountBox

SPREADS = ("weighted_sd", "coefficient_of_variation", "theil_between")
EVENNESS = ("theil_h", "correlation_ratio", "hutchens", "atkinson", "atkinson(0.1)", "atkinson(0.8)")


@st.composite
def boxes(draw: st.DrawFn, most: int = 6) -> CountBox:
    """Two numbers per unit as they are published: rounded to a step that is small beside them."""
    size = draw(st.integers(2, most))
    values = np.array(draw(st.lists(st.integers(20, 400), min_size=size, max_size=size)), dtype=float)
    weights = np.array(draw(st.lists(st.integers(1, 300), min_size=size, max_size=size)), dtype=float)
    step, people = draw(st.sampled_from([0.5, 1.0, 5.0])), draw(st.sampled_from([0.0, 0.5, 2.5]))
    return CountBox(values - step, values + step, np.maximum(weights - people, 0), weights + people)


def found(index_id: str, box: CountBox) -> exact.Ends | None:
    return exact.bounds_of(get_index(index_id), box)


@pytest.mark.parametrize("index_id", [*SPREADS, *EVENNESS])
@given(box=boxes(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_no_table_of_the_box_lies_beyond_the_ends(index_id: str, box: CountBox, seed: int) -> None:
    ends = found(index_id, box)
    assert ends is not None
    place = np.random.default_rng(seed).beta(0.3, 0.3, (400, 2, box.a_low.size))  # often near a corner
    first = box.a_low + place[:, 0] * (box.a_high - box.a_low)
    second = box.b_low + place[:, 1] * (box.b_high - box.b_low)
    met = get_index(index_id).function(first, second, (0,))[:, 0]
    room = 1e-12 * max(1.0, ends.high)
    assert ends.low - room <= np.nanmin(met)
    assert np.nanmax(met) <= ends.high + room


@pytest.mark.parametrize("index_id", [*SPREADS, *EVENNESS])
def test_the_ends_that_count_as_exact_are_those_of_a_fine_grid(index_id: str) -> None:
    """Two units of which all four numbers are free, in 25 steps: no end is further away than a step can bring."""
    box = CountBox(*(np.array(ends) for ends in ([20.0, 31.0], [23.0, 34.0], [90.0, 40.0], [95.0, 44.0])))
    axes = [np.linspace(*ends, 25) for side in (box[:2], box[2:]) for ends in zip(*side, strict=True)]
    grid = np.array(list(product(*axes)))
    met = get_index(index_id).function(grid[:, :2], grid[:, 2:], (0,))[:, 0]
    ends = found(index_id, box)
    assert ends is not None
    assert ends.exact
    room = 0.02 * (met.max() - met.min())
    assert met.min() - room <= ends.low <= met.min() + 1e-12
    assert met.max() - 1e-12 <= ends.high <= met.max() + room


def test_by_hand() -> None:
    fixed = np.array([1.0, 1.0])
    ends = found("weighted_sd", CountBox(np.array([1.0, 4.0]), np.array([2.0, 6.0]), fixed, fixed))
    assert ends == (pytest.approx(1.0), pytest.approx(2.5), True)  # 2 and 4, 1 and 6
    # group 1–2 and 2, rest 2 and 2: even with 2; with 1 the shares are 1/3 and 1/2, 1 − (2/3 + 1) · 7 / (3 · 4) = 1/36
    ends = found("correlation_ratio", CountBox(np.array([1.0, 2.0]), np.array([2.0, 2.0]), 2 * fixed, 2 * fixed))
    assert ends is not None
    assert (ends.low, ends.high) == pytest.approx((0, 1 / 36), abs=1e-12)


def test_with_values_below_0_there_is_a_range_as_long_as_no_mean_can_be_0() -> None:
    box = CountBox(np.array([-2.0, 8.0]), np.array([-1.0, 10.0]), np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    grid = np.array(list(product(*(np.linspace(*ends, 15) for ends in ((-2, -1), (8, 10), (2, 3))))))
    weights = np.column_stack([np.ones(len(grid)), grid[:, 2]])
    met = get_index("coefficient_of_variation").function(grid[:, :2], weights, (0,))[:, 0]
    ends = found("coefficient_of_variation", box)
    assert ends is not None
    assert (ends.low, ends.high) == pytest.approx((met.min(), met.max()), rel=1e-3)
    assert ends.low <= met.min() + 1e-12
    assert met.max() <= ends.high + 1e-12


def test_theil_looks_past_tables_with_a_value_below_0() -> None:
    fixed = np.array([1.0, 1.0])
    ends = found("theil_between", CountBox(np.array([-1.0, 3.0]), np.array([1.0, 3.0]), fixed, fixed))
    cut = found("theil_between", CountBox(np.array([0.0, 3.0]), np.array([1.0, 3.0]), fixed, fixed))
    assert ends == cut
    assert cut is not None
    assert cut.high == pytest.approx(np.log(2))  # one unit has all


def test_nothing_where_a_mean_can_be_0_or_the_index_has_no_such_form() -> None:
    one = np.array([3.0, 3.0])
    nothing = CountBox(np.zeros(2), np.array([1.0, 3.0]), np.zeros(2), one)
    assert [found(index_id, nothing) is None for index_id in SPREADS] == [False, True, True]
    assert found("gini", nothing) is None


def test_a_box_without_room_has_the_index_itself() -> None:
    first, second = np.array([10.0, 20.0, 0.0]), np.array([5.0, 40.0, 8.0])
    for index_id in (*SPREADS, *EVENNESS):
        ends = found(index_id, CountBox(first, first, second, second))
        own = float(get_index(index_id).function(first, second, (0,))[0])
        assert ends == (pytest.approx(own, abs=1e-9), pytest.approx(own, abs=1e-9), True)


def test_bounds_hold_when_nothing_comes_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one step of Dinkelbach, or few cells, the ends may only lie further apart."""
    box = CountBox(
        *(np.array(ends) for ends in ([20.0, 31.0, 4.0], [29.0, 44.0, 9.0], [90.0, 40.0, 9.0], [99.0, 64, 80]))
    )
    for index_id in ("theil_h", "weighted_sd"):
        whole = found(index_id, box)
        assert whole is not None
        for name in ("_SPREAD_TURNS", "_ZOOMS"):
            with monkeypatch.context() as patch:
                patch.setattr(exact, name, 1)
                rough = found(index_id, box)
            assert rough is not None
            assert rough.low <= whole.low
            assert rough.high >= whole.high
            assert not rough.exact
