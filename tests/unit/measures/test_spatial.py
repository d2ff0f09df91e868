"""Indices with places: the neighbourhoods by hand, against plain loops, and their special cases."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.errors import ParameterError
from kloof.measures.spatial import (
    absolute_concentration,
    delta,
    moran_i,
    neighbourhood,
    spatial_dissimilarity,
    spatial_isolation,
)
from kloof.measures.two_groups import dissimilarity, isolation

LINE = np.array([0.0, 100, 200, 1000])


def town(seed: int, units: int = 12) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(1, 50, (2, units)).astype(float)
    east, north = rng.random((2, units)) * 3000
    return a, b, east, north


def test_neighbourhoods_on_a_line_by_hand() -> None:
    none = np.zeros(4)
    nearest = neighbourhood(LINE, none, [0], "nearest", 1).toarray()
    # 100 m lies as far from 0 as from 200: either may be its nearest
    assert nearest[[0, 2, 3]].tolist() == [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    assert nearest.sum(axis=1).tolist() == [2, 2, 2, 2]
    radius = neighbourhood(LINE, none, [0], "radius", 100).toarray()
    assert radius.tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    decay = neighbourhood(LINE, none, [0], "decay", 100).toarray()
    np.testing.assert_allclose(decay, np.exp(-np.abs(np.subtract.outer(LINE, LINE)) / 100), atol=1e-12)
    assert neighbourhood(LINE, none, [0], "nearest", 1, itself=False).diagonal().tolist() == [0] * 4


def test_another_city_is_never_a_neighbour() -> None:
    east, north = np.array([0.0, 10, 0, 10, 20]), np.zeros(5)
    for kind, size in (("nearest", 4), ("radius", 500), ("decay", 50)):
        weights = neighbourhood(east, north, [0, 2], kind, size).toarray()
        assert not weights[:2, 2:].any()
        assert not weights[2:, :2].any()
        assert (weights[:2, :2] > 0).all()
        assert (weights[2:, 2:] > 0).all()


def test_units_at_one_place_and_no_units() -> None:
    same = neighbourhood(np.zeros(4), np.zeros(4), [0], "nearest", 2).toarray()
    assert same.diagonal().tolist() == [1] * 4
    assert same.sum(axis=1).tolist() == [3] * 4
    assert neighbourhood([], [], [0], "nearest", 2).shape == (0, 0)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_against_plain_loops(seed: int) -> None:
    a, b, east, north = town(seed)
    distance = np.hypot(np.subtract.outer(east, east), np.subtract.outer(north, north))
    share_all = a.sum() / (a + b).sum()
    for kind, size in (("nearest", 3), ("radius", 800), ("decay", 600)):
        weights = neighbourhood(east, north, [0], kind, size)
        share = np.empty(a.size)
        for i in range(a.size):
            if kind == "nearest":
                own = np.isin(np.arange(a.size), np.argsort(distance[i])[: size + 1]).astype(float)
            else:
                own = (distance[i] <= size).astype(float) if kind == "radius" else np.exp(-distance[i] / size)
            share[i] = own @ a / (own @ (a + b))
        both = a + b
        apart = (both * np.abs(share - share_all)).sum() / (2 * both.sum() * share_all * (1 - share_all))
        assert spatial_dissimilarity(a, b, weights)[0] == pytest.approx(apart, abs=1e-10)
        assert spatial_isolation(a, b, weights)[0] == pytest.approx(a @ share / a.sum(), abs=1e-10)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_alone_it_is_the_plain_index_and_with_everyone_it_is_nothing(seed: int) -> None:
    a, b, east, north = town(seed)
    alone = neighbourhood(east, north, [0], "radius", 1e-6)
    assert spatial_dissimilarity(a, b, alone)[0] == pytest.approx(dissimilarity(a, b)[0], abs=1e-12)
    assert spatial_isolation(a, b, alone)[0] == pytest.approx(isolation(a, b)[0], abs=1e-12)
    everyone = neighbourhood(east, north, [0], "radius", 1e6)
    assert spatial_dissimilarity(a, b, everyone)[0] == pytest.approx(0, abs=1e-12)
    assert spatial_isolation(a, b, everyone)[0] == pytest.approx(a.sum() / (a + b).sum(), abs=1e-12)


def test_cities_and_replicates_at_once() -> None:
    a, b, east, north = town(3)
    for kind, size in (("nearest", 2), ("radius", 700), ("decay", 500)):
        together = neighbourhood(east, north, [0, 7], kind, size)
        found = spatial_dissimilarity(np.stack([a, b]), np.stack([b, a + 1]), together, [0, 7])
        for at, part in enumerate((slice(7), slice(7, 12))):
            weights = neighbourhood(east[part], north[part], [0], kind, size)
            assert found[0, at] == pytest.approx(spatial_dissimilarity(a[part], b[part], weights)[0], abs=1e-12)
            assert found[1, at] == pytest.approx(spatial_dissimilarity(b[part], a[part] + 1, weights)[0], abs=1e-12)


def test_not_defined_and_missing_are_nan() -> None:
    weights = neighbourhood(LINE, np.zeros(4), [0], "radius", 150)
    for function in (spatial_dissimilarity, spatial_isolation):
        assert math.isnan(function(np.zeros(4), np.ones(4), weights)[0])
        assert math.isnan(function(np.ones(4), np.zeros(4), weights)[0])
        assert math.isnan(function([1, np.nan, 2, 3], np.ones(4), weights)[0])


def test_wrong_neighbourhoods_are_refused_with_all_faults() -> None:
    with pytest.raises(ParameterError) as caught:
        neighbourhood([0, np.nan], [0, 1], [0], "near", -1)
    for part in ("kind 'near' is not known", "size must be above 0, got -1", "1 units have no coordinates"):
        assert part in str(caught.value)
    with pytest.raises(ParameterError, match=r"above 0 and whole, got 1\.5"):
        neighbourhood([0, 1], [0, 1], [0], "nearest", 1.5)


# ------------------------------------------------------------------ Moran's I


def test_moran_by_hand() -> None:
    # values 1 2 6 on a line at 0, 1, 10, nearest one: 0→1, 1→0, 10→1. Mean 3, z −2 −1 3, Σz² 14.
    # Σ zᵢ zⱼ = 2 + 2 − 3 = 1; rows add up to 1, so I = 3/3 · 1/14
    weights = neighbourhood([0, 1, 10], [0, 0, 0], [0], "nearest", 1, itself=False)
    assert moran_i([1, 2, 6], [1, 1, 1], weights)[0] == pytest.approx(1 / 14, abs=1e-14)
    assert moran_i([10, 20, 60], [5, 1, 9], weights)[0] == pytest.approx(1 / 14, abs=1e-14)


def test_moran_of_two_cities_and_of_none() -> None:
    rng = np.random.default_rng(6)
    value, east, north = rng.random((3, 11))
    weights = neighbourhood(east, north, [0, 6, 10], "nearest", 2, itself=False)
    found = moran_i(value, np.ones(11), weights, [0, 6, 10])
    for at, part in enumerate((slice(6), slice(6, 10))):
        near = neighbourhood(east[part], north[part], [0], "nearest", 2, itself=False).toarray() / 2
        off = value[part] - value[part].mean()
        assert found[at] == pytest.approx(off @ near @ off / (off @ off), abs=1e-12)
    assert math.isnan(found[2])  # one unit has no neighbour
    assert np.isnan(moran_i(np.full(11, 0.1), np.ones(11), weights, [0, 6, 10])).all()


def test_a_trend_over_the_map_is_positive_and_a_chessboard_negative() -> None:
    row, column = np.divmod(np.arange(36), 6)
    weights = neighbourhood(column * 100, row * 100, [0], "radius", 100, itself=False)
    assert moran_i(row, np.ones(36), weights)[0] > 0.7
    assert moran_i((row + column) % 2, np.ones(36), weights)[0] == pytest.approx(-1, abs=1e-12)


# ------------------------------------------------------------------ areas


def test_delta_by_hand() -> None:
    # half of the group on a tenth of the land: ½(|.5 − .1| + |.5 − .9|)
    assert delta([5, 5], [1, 9], [1, 9])[0] == pytest.approx(0.4, abs=1e-14)
    assert delta([1, 9], [3, 3], [10, 90])[0] == 0
    assert math.isnan(delta([0, 0], [3, 3], [1, 2])[0])


# Units of 10 people on 1, 2 and 5 hectare, 15 in the group. Least: 10 on 1 ha and 5 on 2 ha, 20/15 a head; most:
# 10 on 5 ha and 5 on 2 ha, 60/15. With 5 in each the mean is 40/15: (60 − 40)/(60 − 20) = ½.
def test_absolute_concentration_by_hand() -> None:
    area = [5, 1, 2]
    assert absolute_concentration([5, 5, 5], [5, 5, 5], area)[0] == pytest.approx(0.5, abs=1e-14)
    assert absolute_concentration([0, 10, 5], [10, 0, 5], area)[0] == pytest.approx(1, abs=1e-14)
    assert absolute_concentration([10, 0, 5], [0, 10, 5], area)[0] == pytest.approx(0, abs=1e-14)
    assert math.isnan(absolute_concentration([5, 5], [5, 5], [2, 2])[0])  # every place has the same area
    two = absolute_concentration([5, 5, 5, 0, 10, 5], [5, 5, 5, 10, 0, 5], [*area, *area], [0, 3])
    assert two == pytest.approx([0.5, 1])


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_absolute_concentration_stays_on_its_scale(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 30, (2, 6)) + 1.0
    area = rng.integers(1, 9, 6)
    found = absolute_concentration(a, b, area)[0]
    assert math.isnan(found) or -1e-12 <= found <= 1 + 1e-12
