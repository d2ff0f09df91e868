import math
import time
from itertools import product

import numpy as np
import pytest
from answers import reason_of
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.errors import NotComputableError, ParameterError, SchemaError
from kloof.measures import exact
from kloof.measures.bounds import (
    GapRange,
    IndexRange,
    dissimilarity_range,
    gap_range,
    index_range,
    mean_range,
    rounding_box,
    share_counts,
)
from kloof.measures.registry import INDICES, get_index
from kloof.measures.tables import CountBox

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
COUNT_INDICES = [name for name, index in INDICES.items() if index.needs == "counts"]
MEANS = [name for name, index in INDICES.items() if index.needs == "means"]


def slow_d(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """D written out, for arrays (K, N)."""
    return np.abs(a / a.sum(-1, keepdims=True) - b / b.sum(-1, keepdims=True)).sum(-1) / 2


def corners(*low_high: np.ndarray) -> np.ndarray:
    """All corners of the boxes laid end to end, (2^n, n)."""
    low, high = np.concatenate(low_high[::2]), np.concatenate(low_high[1::2])
    return np.array(list(product(*zip(low, high, strict=True))))


def inside(rng: np.random.Generator, box: Arrays, draws: int) -> tuple[np.ndarray, np.ndarray]:
    a_low, a_high, b_low, b_high = box
    u, v = rng.random((draws, a_low.size)), rng.random((draws, a_low.size))
    return a_low + u * (a_high - a_low), b_low + v * (b_high - b_low)


@st.composite
def boxes(draw: st.DrawFn, most: int = 4, from_0: bool = True) -> Arrays:
    """Whole-number boxes of at most `most` units; the second always has someone in it."""
    size = draw(st.integers(1, most))
    numbers = st.lists(st.integers(0, 30).map(float), min_size=size, max_size=size).map(np.array)
    a_low, a_wide, b_low, b_wide = (draw(numbers) for _ in range(4))
    shift = 0 if from_0 else 15
    return a_low + from_0 - shift, a_low + a_wide + from_0 - shift, b_low + 1, b_low + b_wide + 1


def city(seed: int, suppressed: int = 0, points: float = 0.1, spread: float = 0.5) -> Arrays:
    """56 neighbourhoods: base rounded to 5, share rounded to `points`; some shares suppressed (0 to all)."""
    rng = np.random.default_rng(seed)
    base = np.round(np.exp(rng.normal(7.2, 0.8, 56)) / 5) * 5
    share = 100 / (1 + np.exp(2 - spread * rng.normal(size=56)))
    low, high = rounding_box(np.round(share / points) * points, points, floor=0, cap=100)
    hidden = rng.choice(56, suppressed, replace=False)
    low[hidden], high[hidden] = 0, 100
    return share_counts(low, high, *rounding_box(base, 5, floor=0))


# ------------------------------------------------------------------ boxes


def test_rounding_box() -> None:
    low, high = rounding_box([0, 5, 100], 5, floor=0)
    assert (low.tolist(), high.tolist()) == ([0, 2.5, 97.5], [2.5, 7.5, 102.5])
    low, high = rounding_box([99.98, 100, 0], 0.1, floor=0, cap=100)
    np.testing.assert_allclose((low, high), ([99.93, 99.95, 0], [100, 100, 0.05]))
    low, high = rounding_box([-1.2, np.nan], 0.2)
    np.testing.assert_allclose((low, high), ([-1.3, np.nan], [-1.1, np.nan]))


def test_rounding_box_lists_its_faults() -> None:
    with pytest.raises(ParameterError) as caught:
        rounding_box([-1, 50, 101], 0, floor=0, cap=100)
    assert "2 faults" in str(caught.value)
    assert "step must be above 0, got 0" in str(caught.value)
    assert "2 values lie beyond floor 0 or cap 100 (-1.0, 101.0)" in str(caught.value)


def test_share_counts_by_hand() -> None:
    # 9.5–10.5 % of 97.5–102.5: group from 9.2625 to 10.7625, rest from 87.2625 to 92.7625
    box = share_counts([9.5], [10.5], [97.5], [102.5])
    np.testing.assert_allclose(np.ravel(box), [9.2625, 10.7625, 87.2625, 92.7625])


@given(
    st.floats(0, 100),
    st.floats(0, 100),
    st.floats(0, 1e4),
    st.floats(0, 1e4),
    st.floats(0, 1),
    st.floats(0, 1),
)
@settings(deadline=None)
def test_share_counts_is_an_outer_box(
    share: float, other_share: float, base: float, other_base: float, u: float, v: float
) -> None:
    (s_low, s_high), (n_low, n_high) = sorted((share, other_share)), sorted((base, other_base))
    g_low, g_high, r_low, r_high = (float(ends[0]) for ends in share_counts([s_low], [s_high], [n_low], [n_high]))
    n = n_low + u * (n_high - n_low)
    group = n * (s_low + v * (s_high - s_low)) / 100
    assert g_low - 1e-8 <= group <= g_high + 1e-8
    assert r_low - 1e-8 <= n - group <= r_high + 1e-8


def test_share_above_100_is_refused() -> None:
    with pytest.raises(SchemaError, match="share is above 100 at 1"):
        share_counts([10, 95], [11, 105], [1, 1], [1, 1])


# ------------------------------------------------------------------ means and gaps


def test_mean_range_by_hand() -> None:
    # Values 1–2 and 4–6, weights 1–3 and 1. Lowest (3·1 + 4)/4 = 1.75, highest (2 + 6)/2 = 4.
    assert mean_range([1, 4], [2, 6], [1, 1], [3, 1]) == pytest.approx((1.75, 4))


@given(boxes(from_0=False))
@settings(deadline=None)
def test_mean_range_equals_the_corners(box: Arrays) -> None:
    points = corners(*box)
    y, w = np.split(points, 2, axis=1)
    means = (y * w).sum(1) / w.sum(1)
    assert mean_range(*box) == pytest.approx((means.min(), means.max()), abs=1e-10)
    y, w = inside(np.random.default_rng(1), box, 200)
    means = (y * w).sum(1) / w.sum(1)
    low, high = mean_range(*box)
    assert low - 1e-10 <= means.min()
    assert means.max() <= high + 1e-10


def test_mean_range_when_all_weights_can_vanish() -> None:
    assert mean_range([1, 5], [2, 7], [0, 0], [4, 2]) == (1, 7)
    assert mean_range([1, -9], [2, 99], [0, 0], [4, 0]) == (1, 2)
    with pytest.raises(NotComputableError, match="Every weight is 0") as caught:
        mean_range([1, 5], [2, 7], [0, 0], [0, 0])
    assert caught.value.reason == "no_weight"


def test_gap_range_by_hand() -> None:
    # Focus: 10–12. Rest: 20–22 and 30–32 with equal fixed weights, so 25–27.
    found = gap_range([10, 20, 30], [12, 22, 32], [5, 1, 1], [9, 1, 1], [True, False, False])
    assert found == GapRange((10, 12), (25, 27), (-17, -13), (10 / 27, 12 / 25))
    assert gap_range([-1, 2], [1, 3], [1, 1], [1, 1], [True, False]).ratio is None
    assert gap_range([2, -1], [3, 1], [1, 1], [1, 1], [True, False]).ratio is None


def test_gap_range_refuses_an_empty_side_and_a_wrong_list() -> None:
    box = ([1, 2], [1, 2], [1, 0], [1, 0])
    for focus in ([True, True], [False, False], [True, False]):
        with pytest.raises(NotComputableError, match="has no units with weight"):
            gap_range(*box, focus)
    with pytest.raises(SchemaError, match=r"one bool per unit \(2\)"):
        gap_range(*box, [0, 1])


# ------------------------------------------------------------------ dissimilarity


def test_dissimilarity_range_by_hand() -> None:
    # Two units, group 1–2 and 1, rest 1 and 1: x₁ = a/(a+1) in ½–⅔, y₁ = ½, D = |x₁ − y₁| in 0–1/6.
    found = dissimilarity_range([1, 1], [2, 1], [1, 1], [1, 1])
    assert (found.low, found.high) == pytest.approx((0, 1 / 6), abs=1e-12)
    assert found.method == "exact"


@given(boxes())
@settings(max_examples=60, deadline=None)
def test_dissimilarity_range_against_corners_and_grid(box: Arrays) -> None:
    found = dissimilarity_range(*box)
    size = box[0].size
    points = corners(*box)
    # D is convex in the shares, so the highest is at a corner
    assert found.high == pytest.approx(slow_d(points[:, :size], points[:, size:]).max(), abs=1e-9)
    a, b = inside(np.random.default_rng(5), box, 3000)
    seen = slow_d(a, b)
    assert found.low - 1e-9 <= seen.min()
    assert seen.max() <= found.high + 1e-9
    assert found.method == "exact"


@given(boxes(most=2))
@settings(max_examples=40, deadline=None)
def test_the_lowest_dissimilarity_is_reached(box: Arrays) -> None:
    """With two units D = |x₁ − y₁|, and x₁, y₁ fill their intervals: the lowest is the gap between these."""
    if box[0].size == 1:
        assert dissimilarity_range(*box).high == pytest.approx(0, abs=1e-12)
        return
    (x_low, x_high), (y_low, y_high) = (
        (low[0] / (low[0] + high[1]), high[0] / (high[0] + low[1])) for low, high in (box[:2], box[2:])
    )
    found = dissimilarity_range(*box)
    assert found.low == pytest.approx(max(0, x_low - y_high, y_low - x_high), abs=1e-9)
    assert found.high == pytest.approx(max(x_high - y_low, y_high - x_low), abs=1e-9)


def test_the_lowest_dissimilarity_of_three_units_on_a_grid() -> None:
    box = tuple(np.array(ends, dtype=float) for ends in ([10, 2, 3], [14, 5, 3], [3, 8, 8], [6, 12, 9]))
    axes = [np.linspace(low, high, 9) for low, high in zip([*box[0], *box[2]], [*box[1], *box[3]], strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 6)
    least = slow_d(grid[:, :3], grid[:, 3:]).min()
    found = dissimilarity_range(*box)
    assert least - 0.02 <= found.low <= least + 1e-9


@pytest.mark.parametrize(("seed", "suppressed", "points"), [(0, 0, 0.1), (1, 0, 1.0), (2, 9, 0.1), (3, 9, 1.0)])
def test_a_city_takes_less_than_a_second(seed: int, suppressed: int, points: float) -> None:
    box = city(seed, suppressed, points)
    begun = time.perf_counter()
    found = dissimilarity_range(*box)
    assert time.perf_counter() - begun < 1
    assert found.method == "exact"
    a, b = inside(np.random.default_rng(seed), box, 2000)
    # from the middle of the box, walk to the corner where every unit is as far from the rest as it can be
    a[0] = np.where((box[0] + box[1]) / (box[2] + box[3]) > a.sum() / b.sum(), box[1], box[0])
    b[0] = np.where(a[0] == box[1], box[2], box[3])
    seen = slow_d(a, b)
    assert found.low <= seen.min() + 1e-12
    assert seen.max() <= found.high + 1e-12
    assert found.high - seen.max() < 0.005  # the corner is close to the highest, or the highest


def test_a_search_that_is_stopped_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    box = city(0, points=1.0, spread=0.05)
    finished = dissimilarity_range(*city(0, points=1.0))
    monkeypatch.setattr(exact, "_MOST_CELLS", 500)
    stopped = dissimilarity_range(*box)
    assert stopped.method == "outer"
    a, b = inside(np.random.default_rng(0), box, 2000)
    assert slow_d(a, b).max() < stopped.high < 0.2
    # stopping early may only widen the range
    again = dissimilarity_range(*city(0, points=1.0))
    assert again.low == finished.low
    assert again.high >= finished.high


@given(boxes(most=5))
@settings(max_examples=60, deadline=None)
def test_the_bounds_of_the_search_hold_from_a_bad_start(box: Arrays) -> None:
    """Without a good first guess only the bounds keep the branch with the highest D alive."""
    points = corners(*box)
    size = box[0].size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_climb_split", lambda chosen, _: (-1.0, np.zeros_like(chosen)))
        found, bound = exact.highest_split(CountBox(*box))
    assert found == pytest.approx(slow_d(points[:, :size], points[:, size:]).max(), abs=1e-12)
    assert bound == found


@given(boxes(most=4), st.integers(0, 999))
@settings(deadline=None)
def test_the_bound_by_totals_holds_for_any_multipliers(box: Arrays, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = box[0].size
    choices = np.array(list(product([0.0, 1.0], repeat=size)))
    a = np.where(choices == 1, box[1], box[0])
    b = np.where(choices == 1, box[2], box[3])
    values = (a / a.sum(1, keepdims=True) - b / b.sum(1, keepdims=True)) * choices
    node = np.where(rng.random(size) < 0.3, rng.integers(0, 2, size), np.nan)
    fits = (np.isnan(node) | (choices == node)).all(axis=1)
    for guide in rng.integers(0, 2, (8, 1, size)).astype(float):
        bound = exact._by_totals(node[None], guide, CountBox(*box))
        assert bound[0] >= values.sum(axis=1)[fits].max() - 1e-12


def test_one_unit_is_never_uneven() -> None:
    found = dissimilarity_range([0], [9], [0], [9])
    assert (found.low, found.high) == pytest.approx((0, 0), abs=1e-12)


def test_suppressed_everywhere_says_nothing() -> None:
    found = dissimilarity_range([0, 0, 0], [9, 9, 9], [0, 0, 0], [9, 9, 9])
    assert (found.low, found.high) == pytest.approx((0, 1), abs=1e-12)


# ------------------------------------------------------------------ any index


@pytest.mark.parametrize("index_id", [*COUNT_INDICES, *MEANS])
def test_a_box_without_width_gives_the_estimate(index_id: str) -> None:
    a, b = np.array([10.0, 20, 30, 0]), np.array([30.0, 20, 10, 7])
    found = index_range(index_id, a, a, b, b)
    estimate = float(INDICES[index_id].function(a, b, (0,))[0])
    assert (found.low, found.high) == pytest.approx((estimate, estimate), abs=1e-12)
    assert found.low <= estimate <= found.high


def climbed(index_id: str, box: Arrays, rng: np.random.Generator) -> tuple[float, float]:
    """The lowest and highest met by random tables, corners, and walks from the best that change a few numbers."""
    low, width = np.concatenate(box[::2]), np.concatenate(box[1::2]) - np.concatenate(box[::2])
    size = box[0].size

    def values(place: np.ndarray) -> np.ndarray:
        tables = low + place * width
        found = get_index(index_id).function(tables[..., :size], tables[..., size:], (0,))[..., 0]
        return np.asarray(found)

    places = np.concatenate(
        [np.full((1, 2 * size), 0.5), rng.random((60, 2 * size)), rng.integers(0, 2, (60, 2 * size))]
    )
    ends = []
    for sign in (-1.0, 1.0):
        around = places
        for _ in range(25):
            met = np.nan_to_num(sign * values(around), nan=-np.inf)
            best = around[met.argmax()]
            ends.append(sign * met.max())
            changed = np.tile(best, (40, 1))
            at = rng.integers(0, 2 * size, (40, 2))
            changed[np.arange(40)[:, None], at] = np.clip(rng.uniform(-0.3, 1.3, (40, 2)), 0, 1)
            around = np.concatenate([best[None], changed])
    return min(ends), max(ends)


@pytest.mark.parametrize("index_id", [*COUNT_INDICES, "atkinson(0.1)", "atkinson(0.8)", *MEANS])
@given(
    box=boxes(most=6),
    part=st.sampled_from([0.003, 0.05, 1.0]),
    kept=st.sampled_from([1.0, 0.5]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_no_table_of_the_box_lies_outside_the_range(
    index_id: str, box: Arrays, part: float, kept: float, seed: int
) -> None:
    """Boxes as narrow as rounding makes them, and as wide as nobody would publish."""
    a_low, a_high, b_low, b_high = box
    rng = np.random.default_rng(seed)
    a_low, b_low = (low * (rng.random(low.size) < kept) for low in (a_low, b_low))
    box = a_low, a_low + part * (a_high - a_low), b_low, b_low + part * (b_high - b_low)
    if not (box[1].sum() > 0 and box[3].sum() > 0):
        return
    found = index_range(index_id, *box)
    low, high = climbed(index_id, box, rng)
    slack = 1e-9 * max(1.0, high)
    assert found.low <= low + slack
    assert high <= found.high + slack
    if index_id in {"gini", "concentration_profile"}:
        assert found.method == "outer"
    elif index_id in {"dissimilarity", "minmax", "isolation", "interaction"}:
        assert found.method == "exact"
    if index_id in COUNT_INDICES and part < 0.01 and kept == 1:
        assert found.high - found.low < 0.2


@given(box=boxes(most=2))
@settings(max_examples=40, deadline=None)
def test_the_ends_of_isolation_are_reached(box: Arrays) -> None:
    found = index_range("isolation", *box)
    size = box[0].size
    axes = [np.linspace(low, high, 41) for low, high in zip(*box[:2], strict=True)]
    a = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, size)
    lowest, highest = (((a * a / (a + b)).sum(1) / a.sum(1)) for b in (box[3], box[2]))
    # within what one step of the grid can miss
    assert lowest.min() - 0.005 <= found.low <= lowest.min() + 1e-12
    assert found.high == pytest.approx(highest.max(), abs=1e-12)
    mirrored = index_range("interaction", *box)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-12)


def test_isolation_when_the_group_can_vanish() -> None:
    # one unit, group 0–10 among 10 others: 10/20 at most, and near 0 with one member left
    found = index_range("isolation", [0], [10], [10], [10])
    assert found == IndexRange(pytest.approx(0, abs=1e-12), pytest.approx(0.5), "exact")


# Values 0 and 1 with weights 1–3 and 2: the second has a share x of the weight from 2/5 to 2/3.
# The variance is x(1 − x): highest at x = ½, inside the box, where sd = ½; lowest at 2/3, √(2/9).
def test_the_highest_spread_can_lie_inside_the_box() -> None:
    found = index_range("weighted_sd", [0, 1], [0, 1], [1, 2], [3, 2])
    assert (found.low, found.high) == pytest.approx((math.sqrt(2 / 9), 0.5), abs=1e-6)
    assert found.method == "outer"  # the bound is the highest, but no corner shows it


@pytest.mark.parametrize("index_id", sorted({*COUNT_INDICES, *MEANS} - {"gini", "concentration_profile"}))
def test_a_city_as_it_is_published_has_exact_ends(index_id: str) -> None:
    """56 units, of which for the counts nine are suppressed: no corner that a test could list."""
    if index_id in MEANS:
        share, _, base, top = city(5)
        box = share, share + 1, base, top
    else:
        box = city(5, suppressed=9)
    assert index_range(index_id, *box).method == "exact"


@pytest.mark.parametrize("index_id", COUNT_INDICES)
def test_every_corner_of_a_small_box_lies_inside_the_range(index_id: str) -> None:
    rng = np.random.default_rng(4)
    for size in (1, 2, 3, 3, 3):
        low = rng.integers(0, 20, (2, size)).astype(float)
        box = low[0], low[0] + rng.integers(1, 20, size), low[1], low[1] + rng.integers(1, 20, size)
        points = corners(*box)
        points = points[(points[:, :size].sum(1) > 0) & (points[:, size:].sum(1) > 0)]
        at_corners = INDICES[index_id].function(points[:, :size], points[:, size:], (0,))
        found = index_range(index_id, *box)
        assert found.low <= at_corners.min() + 1e-9
        assert at_corners.max() <= found.high + 1e-9


def test_gini_by_hand() -> None:
    """Group 10–14, 20 and 5, rest 30, 60 and 45: only one number is free.

    Pairs aᵢbⱼ and aⱼbᵢ: 600–840 and 600, 450–630 and 150, 900 and 300; own products 300–420, 1,200 and 225. Lowest:
    600 and 600, 450 and 150, 900 and 300: 900 / (3,000 + 420 + 1,425). Highest: 840, 630 and 900: 1,320 over
    3,420 + 300 + 1,425. The table with 14 has 1,320 over 3,420 + 420 + 1,425: the outer bound is a little wider.
    """
    found = index_range("gini", [10, 20, 5], [14, 20, 5], [30, 60, 45], [30, 60, 45])
    assert (found.low, found.high) == pytest.approx((900 / 4845, 1320 / 5145))
    assert found.method == "outer"
    # the rest in one unit only, the group possibly in the other only
    assert index_range("gini", [0, 0], [70, 20], [160, 0], [170, 0]) == IndexRange(0, 1, "outer")


def test_what_the_box_says_nothing_of_has_the_whole_scale() -> None:
    box = [0.0, 0.0], [1.0, 3.0], [0.0, 1.0], [1.0, 1.0]
    for index_id in ("coefficient_of_variation", "theil_between"):
        assert index_range(index_id, *box) == IndexRange(0, np.inf, "scale")
    assert index_range("weighted_sd", *box).high == pytest.approx(1.5)


# ------------------------------------------------------------------ errors


def test_all_faults_of_a_box_at_once() -> None:
    with pytest.raises(SchemaError) as caught:
        dissimilarity_range([1, -2, np.nan], [1, 3, 4], [5, 0, 0], [4, 1, np.inf])
    message = str(caught.value)
    assert message.startswith("4 faults in the box.")
    for part in (
        "group is missing or infinite at 2",
        "group is below 0 at 1",
        "rest is missing or infinite at 2",
        "rest has its low above its high at 0",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (([1], [1, 2], [1], [1]), "the shapes differ"),
        (([[1]], [[1]], [[1]], [[1]]), "not one-dimensional"),
        (([], [], [], []), "there are no units"),
    ],
)
def test_wrong_shapes(box: tuple[list[float], ...], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        mean_range(*box)


@pytest.mark.parametrize(
    ("a_high", "b_high", "reason"),
    [([0, 0], [1, 1], "group_is_empty"), ([1, 1], [0, 0], "group_is_everyone")],
)
@pytest.mark.parametrize("index_id", COUNT_INDICES)
def test_nobody_in_the_box(index_id: str, a_high: list[float], b_high: list[float], reason: str) -> None:
    assert reason_of(index_range, index_id, [0, 0], a_high, [0, 0], b_high) == reason


def test_an_index_that_is_unknown_or_not_defined() -> None:
    with pytest.raises(ParameterError, match=r"The range of entropy is not computed: it needs counts \(..., G, N\)"):
        index_range("entropy", [1], [1], [1], [1])
    with pytest.raises(ParameterError, match='did you mean "gini"'):
        index_range("gin", [1], [1], [1], [1])
    assert reason_of(index_range, "coefficient_of_variation", [-2, 1], [-1, 1], [1, 1], [1, 1]) == "not_defined"
    assert reason_of(index_range, "theil_between", [1, 1], [2, 2], [0, 0], [0, 0]) == "no_weight"
