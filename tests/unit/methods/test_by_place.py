"""Differences in all places at once: against the loop over places, against matrices, and what places have in common."""

from dataclasses import astuple

import numpy as np
import pytest

from kloof.methods import by_place
from kloof.methods.arrays import Array
from kloof.methods.by_place import Layout, differences
from kloof.methods.contrast import expected_square, satterthwaite, unchecked_difference

PLACES = 60


def laid_out(seed: int = 1, places: int = PLACES) -> tuple[Layout, Array]:
    """Give places of unequal size in a mixed order, clusters of five, and a contrast with ties."""
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(places), rng.integers(8, 60, places))
    cluster = np.unique(1000 * place + np.arange(len(place)) // 5, return_inverse=True)[1]
    order = rng.permutation(len(place))
    place, cluster = place[order], cluster[order]
    focus = rng.random(len(place)) < 0.25
    for one in range(places):
        focus[np.flatnonzero(place == one)[:4]] = [True, True, False, False]
    weight = np.exp(rng.normal(0, 1, len(place)))
    return Layout(weight, focus, place, cluster, places), np.round(rng.normal(0, 10, len(place)), 1)


def test_it_equals_the_difference_of_one_place_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_correlations", np.zeros((2, 2))), ("_across", 0.0), ("_ratio", 1.0)):
        monkeypatch.setattr(by_place, name, lambda *_, value=value: value)
    layout, contrast = laid_out()
    found = differences(contrast, layout)
    assert not found.flat.any()
    for one in range(PLACES):
        own = layout.place == one
        weight, focus = layout.weight[own], layout.is_focus[own]
        alone = unchecked_difference(contrast[own][:, None], weight, focus)
        shares = [weight[side] / weight[side].sum() for side in (focus, ~focus)]
        parts = [float(share @ share) for share in shares]
        squared = sum(part**2 / satterthwaite(share) for part, share in zip(parts, shares, strict=True))
        np.testing.assert_allclose(
            [found.estimate[one], found.variance[one], found.size[one], found.degrees[one]],
            [alone.estimate[0], alone.covariance[0, 0], 1 / sum(parts), sum(parts) ** 2 / squared], rtol=1e-10,
        )  # fmt: skip


@pytest.mark.parametrize(("within", "beside"), [(0.0, 0.0), (0.37, 0.0), (0.3, 0.2)])
def test_degrees_and_variances_equal_those_of_whole_matrices(within: float, beside: float) -> None:
    layout, _ = laid_out(2)
    correlations = np.repeat([[within], [beside]], 2 * PLACES, axis=1)
    degrees, true, seen = (
        layout.degrees(within),
        *(one(correlations) for one in (layout.true_variance, layout.seen_variance)),
    )
    for side in range(0, 2 * PLACES, 3):
        own = layout.side == side
        share = layout.weight[own] / layout.weight[own].sum()
        centre = np.eye(own.sum()) - share
        form = centre.T @ ((share**2 / expected_square(share))[:, None] * centre)
        alike = layout.cluster[own][:, None] == layout.cluster[own]
        at = np.flatnonzero(own)
        over = (np.abs(at[:, None] - at) == 1) & ~alike
        inside = (1 - within) * np.eye(own.sum()) + within * alike
        found, whole = form @ inside, inside + beside * over
        expected = np.trace(found) ** 2 / np.trace(found @ found), share @ whole @ share, np.trace(form @ whole)
        np.testing.assert_allclose([degrees[side], true[side], seen[side]], expected, rtol=1e-9)
        if not within:
            assert degrees[side] == pytest.approx(satterthwaite(share), rel=1e-9)


@pytest.mark.parametrize(("within", "calm"), [(0.0, 1.0), (0.4, 1.0), (0.3, 0.5)])
def test_what_all_places_have_in_common_is_found_and_the_variance_is_right(within: float, calm: float) -> None:
    """In thirty countries; both sides of a cluster share its shock, so across it is as within."""
    rng = np.random.default_rng(3)
    common, squared, said = [], 0.0, 0.0
    for seed in range(30):
        layout, _ = laid_out(seed, 150)
        shock = np.sqrt(within) * rng.standard_normal(layout.cluster.max() + 1)[layout.cluster]
        own = shock + np.sqrt(1 - within) * rng.standard_normal(len(layout.place))
        found = differences(np.where(layout.is_focus, calm, 1.0) * own, layout)
        common.append(astuple(found.common))
        squared, said = squared + (found.estimate**2).sum(), said + found.variance.sum()
    *inside, beside_focus, beside_rest, across, ratio = np.mean(common, axis=0)
    assert inside == pytest.approx([within, within], abs=0.04)
    assert max(beside_focus, beside_rest) < 0.2  # few follow each other in this order, and less than none is none
    assert across == pytest.approx(within, abs=0.04)
    assert ratio == pytest.approx(calm**2, rel=0.1)
    assert said == pytest.approx(squared, rel=0.06)


def test_lists_unlike_the_rest_and_neighbours_over_a_border_are_found() -> None:
    """Units in a row, each like the one before it, wherever clusters end; those of lists more than the rest."""
    rng = np.random.default_rng(5)
    common, squared, said = [], 0.0, 0.0
    for _ in range(30):
        place, count = np.repeat(np.arange(150), 24), 150 * 24
        focus = np.arange(count) // 4 % 3 == 0
        like = np.where(focus, 0.35, 0.1)
        own = rng.standard_normal(count)
        for at in range(1, count):
            if place[at] == place[at - 1] and focus[at] == focus[at - 1]:
                own[at] = like[at] * own[at - 1] + np.sqrt(1 - like[at] ** 2) * own[at]
        layout = Layout(np.exp(rng.normal(0, 0.5, count)), focus, place, np.arange(count) // 3, 150)
        found = differences(own, layout)
        common.append(astuple(found.common)[:4])
        squared, said = squared + (found.estimate**2).sum(), said + found.variance.sum()
    within_focus, within_rest, beside_focus, beside_rest = np.mean(common, axis=0)
    assert within_focus > 0.2
    assert 0.03 < within_rest < 0.12
    assert (beside_focus, beside_rest) == pytest.approx((0.35, 0.1), abs=0.07)
    assert said == pytest.approx(squared, rel=0.1)


def test_lists_that_lie_in_one_cluster_each_take_what_they_resemble_from_the_rest() -> None:
    """They have no pairs of two clusters beside which those of one could stand out."""
    rng = np.random.default_rng(6)
    found = []
    for _ in range(20):
        place, cluster = np.repeat(np.arange(60), 20), np.arange(1200) // 4
        own = np.sqrt(0.4) * rng.standard_normal(300)[cluster] + np.sqrt(0.6) * rng.standard_normal(1200)
        layout = Layout(np.exp(rng.normal(0, 0.7, 1200)), np.arange(1200) % 20 < 3, place, cluster, 60)
        found.append(differences(own, layout).common.within_focus)
    assert np.mean(found) == pytest.approx(0.4, abs=0.1)


def test_places_where_all_did_the_same_are_flat() -> None:
    layout, contrast = laid_out(4)
    contrast = np.where(layout.place == 7, 3.0, contrast)
    found = differences(contrast, layout)
    assert np.flatnonzero(found.flat).tolist() == [7]
    assert np.isfinite(found.variance).all()
    nothing = differences(np.zeros_like(contrast), layout)
    assert nothing.flat.all() and not nothing.common.correlations.any()
