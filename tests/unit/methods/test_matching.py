"""Nearest neighbours: the same by plain loops, who may be one, what re-use and ties do, and what changes nothing."""

from dataclasses import replace

import numpy as np
import pytest
from answers import reason_of

from kloof.methods.arrays import Array
from kloof.methods.matching import Matched, beside_neighbours, beyond_another

Case = tuple[tuple[Array, Array], tuple[Array, Array], Array]


def case(seed: int = 1, units: int = 8, donors: int = 60, effect: float = 0.0) -> Case:
    """Give outcomes, what all were before, and weights."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(-0.5, 1, (units, 3)), rng.normal(0, 1, (donors, 3))
    x[:, 1], z[:, 1] = 40 + 9 * x[:, 1], 40 + 9 * z[:, 1]
    outcomes = [3 * a[:, 0] - 0.2 * a[:, 1] + rng.normal(0, 2, len(a)) for a in (x, z)]
    return (outcomes[0] + effect, outcomes[1]), (x, z), rng.uniform(1, 3, units)


def by_loops(
    outcomes: tuple[Array, Array], before: tuple[Array, Array], weight: Array, k: int, caliper: float
) -> Array:
    """Compute the estimate, the one without correction and the standard error without any array trick."""
    (own, theirs), (x, z) = outcomes, before
    inverse = np.linalg.inv(np.cov(np.vstack([x, z]).T))

    def apart(a: Array, b: Array) -> float:
        return float(np.sqrt((a - b) @ inverse @ (a - b)))

    near = []
    for unit in x:
        order = sorted(range(len(z)), key=lambda at: apart(unit, z[at]))
        near.append([at for at in order[:k] if apart(unit, z[at]) <= caliper])
    kept = [at for at in range(len(x)) if near[at]]
    share = {at: weight[at] / sum(weight[one] for one in kept) for at in kept}
    used = {}
    for at in kept:
        for one in near[at]:
            used.setdefault(one, []).append(share[at] / len(near[at]))
    rows = sorted(used)
    total = np.array([sum(used[one]) for one in rows])
    design = np.column_stack([np.ones(len(rows)), z[rows]])
    inner = np.linalg.inv(design.T @ np.diag(total) @ design)
    slope = inner @ design.T @ (total * theirs[rows])
    meat = sum((w * (y - d @ slope)) ** 2 * np.outer(d, d) for w, y, d in zip(total, theirs[rows], design, strict=True))
    doubt = len(rows) / (len(rows) - 4) * inner @ meat @ inner
    plain = {at: own[at] - np.mean([theirs[one] for one in near[at]]) for at in kept}
    gap = {at: x[at] - np.mean([z[one] for one in near[at]], axis=0) for at in kept}
    done = {at: plain[at] - gap[at] @ slope[1:] for at in kept}
    estimate = sum(share[at] * done[at] for at in kept)
    squares = sum(part**2 for part in share.values())
    variance = sum(share[at] ** 2 * (done[at] - estimate) ** 2 / (1 - 2 * share[at] + squares) for at in kept)
    for one in rows:
        others = sorted((at for at in range(len(z)) if at != one), key=lambda at: apart(z[one], z[at]))[:k]
        own_variance = k / (k + 1) * (theirs[one] - np.mean(theirs[others])) ** 2
        variance += (sum(used[one]) ** 2 - sum(part**2 for part in used[one])) * own_variance
    apart_in_all = sum(share[at] * gap[at] for at in kept)
    variance += apart_in_all @ doubt[1:, 1:] @ apart_in_all
    return np.array([estimate, sum(share[at] * plain[at] for at in kept), np.sqrt(variance)])


@pytest.mark.parametrize(("k", "caliper"), [(1, 9.0), (3, 9.0), (4, 0.7)])
def test_the_estimate_and_its_error_equal_those_by_plain_loops(k: int, caliper: float) -> None:
    for seed in (1, 2, 3):
        given = case(seed)
        found = beside_neighbours(*given, k, caliper)
        np.testing.assert_allclose([found.estimate, found.plain, found.error], by_loops(*given, k, caliper), rtol=1e-9)
        assert found.used.sum() == pytest.approx(1)


def test_a_line_takes_off_what_neighbours_differ_and_an_effect_is_found() -> None:
    """Where the outcome is a line in what all were before, only the effect is left, however far the neighbours are."""
    _, (x, z), weight = case()
    line = tuple(5 + 2 * a[:, 0] - a[:, 1] + a[:, 2] for a in (x, z))
    found = beside_neighbours((line[0] - 7, line[1]), (x, z), weight, 3, 9.0)
    assert found.estimate == pytest.approx(-7, abs=1e-9)
    assert abs(found.plain + 7) > 0.1


def test_what_is_too_far_has_no_neighbour_and_counts_nothing() -> None:
    (own, theirs), (x, z), weight = case()
    far = np.vstack([x, [[40.0, 40.0, 0.0]]])
    found = beside_neighbours((np.append(own, 1e6), theirs), (far, z), np.append(weight, 5.0), 3, 2.0)
    assert not found.found[-1]
    assert found.near[-1] == 0
    assert np.isnan(found.distance[-1])
    assert abs(found.estimate) < 100
    assert (found.distance[:-1] <= 2.0).all()


def test_all_that_are_equally_near_are_neighbours_whatever_their_order() -> None:
    x = np.array([[0.0, 0.0], [3.0, 1.0], [1.0, 3.0]])
    z = np.array([[1.0, 0.0], [-1.0, 0.0], [3.0, 1.0], [1.0, 3.0], [5.0, 5.0], [-4.0, 2.0]])
    theirs = np.array([2.0, 6.0, 1.0, 0.0, 3.0, 9.0])
    found = beside_neighbours((np.zeros(3), theirs), (x, z), np.ones(3), 1, 9.0)
    assert found.near.tolist() == [2, 1, 1]
    order = np.array([5, 1, 3, 0, 2, 4])
    turned = beside_neighbours((np.zeros(3), theirs[order]), (x, z[order]), np.ones(3), 1, 9.0)
    assert turned.estimate == pytest.approx(found.estimate, rel=1e-12)
    assert turned.error == pytest.approx(found.error, rel=1e-12)


def test_units_of_measurement_and_levels_of_the_outcome_change_nothing() -> None:
    (own, theirs), (x, z), weight = case()
    found = beside_neighbours((own, theirs), (x, z), weight, 4, 1.5)
    turn = np.array([[2.0, 0.5, 0.0], [0.0, 0.01, 0.3], [1.0, 0.0, -30.0]])
    other = beside_neighbours((own + 50, theirs + 50), (x @ turn + 9, z @ turn + 9), 3 * weight, 4, 1.5)
    assert other.estimate == pytest.approx(found.estimate, rel=1e-9)
    assert other.error == pytest.approx(found.error, rel=1e-9)
    np.testing.assert_array_equal(other.near, found.near)


def test_the_same_neighbour_for_all_lends_its_chance_to_all() -> None:
    """One donor near all units: the range is as wide as its own chance at least; spread over many it is narrower."""
    rng = np.random.default_rng(5)
    x = rng.normal(0, 0.01, (12, 2))
    z = np.vstack([rng.normal(0, 0.01, (1, 2)), rng.normal(6, 1, (200, 2))])
    theirs = np.append(0.0, rng.normal(0, 10, 200))
    one = beside_neighbours((np.zeros(12), theirs), (x, z), np.ones(12), 1, 9.0)
    assert one.used.max() == pytest.approx(1)
    assert one.error > 0.5  # of units that all did the same
    near = np.vstack([rng.normal(0, 0.01, (201, 2)), z])
    many = beside_neighbours((np.zeros(12), np.append(rng.normal(0, 10, 201), theirs)), (x, near), np.ones(12), 1, 9.0)
    assert many.used.max() < 1


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("no_similar_buurten", lambda x, z: (x + 50, z)),
        ("no_variation", lambda x, z: (np.column_stack([x, x[:, 0]]), np.column_stack([z, z[:, 0]]))),
        ("no_variation", lambda x, z: (0 * x, 0 * z)),
        ("too_few_buurten", lambda x, z: (x, z[:3])),
    ],
)
def test_what_cannot_be_compared_says_why(reason: str, change: object) -> None:
    (own, theirs), before, weight = case()
    x, z = change(*before)  # type: ignore[operator]
    assert reason_of(beside_neighbours, (own, theirs[: len(z)]), (x, z), weight, 3, 0.5) == reason


def test_what_some_did_beyond_others_is_welchs() -> None:
    first = beside_neighbours(*case(1, effect=4.0), 3, 9.0)
    second = beside_neighbours(*case(2), 3, 9.0)
    middle, low, high = beyond_another(first, second, 0.9)
    assert middle == pytest.approx(first.estimate - second.estimate)
    alone: Matched = replace(second, error=1e-12)
    assert beyond_another(first, alone, 0.9)[1:] == pytest.approx(
        tuple(end - second.estimate for end in first.interval(0.9)), rel=1e-6
    )
    assert high - low > first.interval(0.9)[1] - first.interval(0.9)[0]
