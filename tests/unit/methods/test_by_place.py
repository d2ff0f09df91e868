"""Differences in all places at once: against the loop over places, against matrices, and what places have in common."""

from dataclasses import astuple

import numpy as np
import pytest

from kloof.methods import by_place
from kloof.methods.arrays import Array
from kloof.methods.by_place import Layout, differences, ranks_by_place
from kloof.methods.contrast import expected_square, satterthwaite, unchecked_difference
from kloof.methods.mobility import percentile_ranks

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
    for name, value in (("_resemblance", 0.0), ("_across", 0.0), ("_ratio", 1.0)):
        monkeypatch.setattr(by_place, name, lambda *_, value=value: value)
    layout, contrast = laid_out()
    found, ranks = differences(contrast, layout), ranks_by_place(contrast, layout.weight, layout.place)
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
        np.testing.assert_allclose(ranks[own], percentile_ranks(contrast[own], weight), rtol=1e-10)


@pytest.mark.parametrize("resemblance", [0.0, 0.37])
def test_degrees_and_variances_equal_those_of_whole_matrices(resemblance: float) -> None:
    layout, _ = laid_out(2)
    degrees, true, seen = (one(resemblance) for one in (layout.degrees, layout.true_variance, layout.seen_variance))
    for side in range(0, 2 * PLACES, 3):
        own = layout.side == side
        share = layout.weight[own] / layout.weight[own].sum()
        centre = np.eye(own.sum()) - share
        form = centre.T @ ((share**2 / expected_square(share))[:, None] * centre)
        alike = layout.cluster[own][:, None] == layout.cluster[own]
        correlation = (1 - resemblance) * np.eye(own.sum()) + resemblance * alike
        both = form @ correlation
        expected = np.trace(both) ** 2 / np.trace(both @ both), share @ correlation @ share, np.trace(both)
        np.testing.assert_allclose([degrees[side], true[side], seen[side]], expected, rtol=1e-9)
        if not resemblance:
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
    resemblance, across, ratio = np.mean(common, axis=0)
    assert resemblance == pytest.approx(within, abs=0.04)
    assert across == pytest.approx(within, abs=0.04)
    assert ratio == pytest.approx(calm**2, rel=0.1)
    assert said == pytest.approx(squared, rel=0.06)


def test_places_where_all_did_the_same_are_flat() -> None:
    layout, contrast = laid_out(4)
    contrast = np.where(layout.place == 7, 3.0, contrast)
    found = differences(contrast, layout)
    assert np.flatnonzero(found.flat).tolist() == [7]
    assert np.isfinite(found.variance).all()
    nothing = differences(np.zeros_like(contrast), layout)
    assert nothing.flat.all() and nothing.common.resemblance == 0
