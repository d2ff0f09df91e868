"""How small and how large a spread of means can be: proven above, found by turns below, refused where it cannot."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof import bregman, extremes
from kloof.bounds import index_range
from kloof.extremes import CountBox
from kloof.indices import get_index

IDS = ("weighted_sd", "coefficient_of_variation", "theil_between")


@st.composite
def boxes(draw: st.DrawFn, most: int = 6) -> CountBox:
    """Values and weights as they are published: rounded to a step that is small beside them."""
    size = draw(st.integers(2, most))
    values = np.array(draw(st.lists(st.integers(20, 400), min_size=size, max_size=size)), dtype=float)
    weights = np.array(draw(st.lists(st.integers(1, 300), min_size=size, max_size=size)), dtype=float)
    step, people = draw(st.sampled_from([0.5, 1.0, 5.0])), draw(st.sampled_from([0.0, 0.5, 2.5]))
    return CountBox(values - step, values + step, np.maximum(weights - people, 0), weights + people)


def found(index_id: str, box: CountBox) -> bregman.Spread | None:
    return bregman.spread(get_index(index_id), box)


@pytest.mark.parametrize("index_id", IDS)
@given(box=boxes(), seed=st.integers(0, 2**32 - 1))
def test_no_table_of_the_box_lies_beyond_the_ends(index_id: str, box: CountBox, seed: int) -> None:
    ends = found(index_id, box)
    assert ends is not None
    rng = np.random.default_rng(seed)
    place = rng.beta(0.3, 0.3, (400, 2, box.a_low.size))  # often near a corner
    values = box.a_low + place[:, 0] * (box.a_high - box.a_low)
    weights = box.b_low + place[:, 1] * (box.b_high - box.b_low)
    met = get_index(index_id).function(values, weights, (0,))[:, 0]
    room = 1e-12 * max(1.0, ends.bound)
    assert np.nanmax(met) <= ends.bound + room
    assert ends.high <= ends.bound + room
    if ends.settled:
        assert np.nanmin(met) >= ends.low - room


@pytest.mark.parametrize("index_id", IDS)
@given(box=boxes(most=3))
def test_the_highest_is_that_of_corners_and_of_weights_between(index_id: str, box: CountBox) -> None:
    ends = found(index_id, box)
    assert ends is not None
    steps = [np.linspace(*end, 9) for end in zip(*box[2:], strict=True)]
    values = np.array(list(product(*zip(*box[:2], strict=True))))
    weights = np.array(list(product(*steps)))
    met = get_index(index_id).function(values[:, None], weights[None], (0,))[..., 0]
    assert ends.bound >= np.nanmax(met) - 1e-12
    if ends.bound - ends.high < 1e-12:
        assert ends.high >= np.nanmax(met) - 1e-12


@pytest.mark.parametrize("index_id", IDS)
@given(box=boxes())
@settings(max_examples=25, deadline=None)
def test_the_ranges_are_those_of_the_search_among_all_tables(index_id: str, box: CountBox) -> None:
    quick = index_range(index_id, *box, np.random.default_rng(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bregman, "spread", lambda *_: None)
        slow = index_range(index_id, *box, np.random.default_rng(3))
    assert quick.low <= slow.low + 1e-9
    assert quick.high >= slow.high - 1e-9
    assert (quick.low, quick.high) == pytest.approx((slow.low, slow.high), abs=2e-6, rel=1e-5)


def test_by_hand() -> None:
    fixed = np.array([1.0, 1.0])
    ends = found("weighted_sd", CountBox(np.array([1.0, 4.0]), np.array([2.0, 6.0]), fixed, fixed))
    assert ends is not None
    assert ends[:3] == pytest.approx((1.0, 2.5, 2.5))  # 2 and 4, 1 and 6


@pytest.mark.parametrize("index_id", IDS)
def test_nothing_where_there_is_no_room_or_no_mean(index_id: str) -> None:
    one, ratios = np.array([3.0, 3.0]), index_id != "weighted_sd"
    assert found(index_id, CountBox(one, one, one, one)) is None
    below = CountBox(np.array([-1.0, 2.0]), np.array([1.0, 3.0]), one, one)
    assert (found(index_id, below) is None) == ratios
    nothing = CountBox(np.zeros(2), np.array([1.0, 3.0]), np.zeros(2), one)
    assert (found(index_id, nothing) is None) == ratios


def test_an_index_without_such_a_form_is_left_to_the_search() -> None:
    box = CountBox(np.zeros(2), np.array([1.0, 3.0]), np.ones(2), np.ones(2))
    assert found("gini", box) is None


def test_what_is_not_proven_is_searched_further(monkeypatch: pytest.MonkeyPatch) -> None:
    low, high = np.array([0.0, 1.0, 2.0, 0.5]), np.array([10.0, 9.0, 8.0, 4.0])
    light, heavy = np.array([0.0, 1.0, 0.0, 2.0]), np.array([10.0, 5.0, 9.0, 8.0])
    box = CountBox(low, high, light, heavy)
    ends = found("coefficient_of_variation", box)
    assert ends is not None
    assert ends.bound > ends.high + 1e-6
    walked: list[float] = []
    search = extremes._Search.best
    monkeypatch.setattr(
        extremes._Search, "best", lambda own, sign, starts: walked.append(sign) or search(own, sign, starts)
    )
    whole = index_range("coefficient_of_variation", *box, np.random.default_rng(1))
    assert walked == [-1.0, 1.0]
    assert whole.low <= ends.low
    assert ends.high <= whole.high <= ends.bound
