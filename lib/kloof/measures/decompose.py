"""Splits a change into structure and the mere sizes of buurten and groups.

A measure moves when people sort themselves differently (structure: the odds ratios of the table) and also when buurten
or groups merely grow. The parts are found by giving one year's table the margins of the other (`decompose.fit`). All
functions take two years of counts (..., G, N), groups × units, the units in the same order, and `starts`; they answer
for all municipalities at once. A part that cannot be computed is nan for its municipality, never 0.
"""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike

from kloof.errors import ParameterError
from kloof.measures.resample import Measure, mutual_information_of_sums
from kloof.measures.tables import FloatArray, Segments, divide

DECOMPOSITIONS = ("nested", "shapley", "karmel_maclachlan")
_STRUCTURE, _UNITS, _GROUPS = "structural", "unit_marginal", "group_marginal"


def _two_years(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
    before, after = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if before.ndim < 2 or before.shape != after.shape:
        raise ParameterError(
            f"the two years must have the same groups and units (..., G, N); got {before.shape} and {after.shape}. "
            "Give a unit that exists in one year only a row of zeros in the other."
        )
    return before, after


def common(first: ArrayLike, second: ArrayLike, starts: ArrayLike = (0,)) -> tuple[FloatArray, FloatArray]:
    """Keep the units inhabited and the groups present in both years; all other counts become 0.

    Raises ParameterError when the shapes of the two years differ.
    """
    before, after = _two_years(first, second)
    cut = Segments(starts, before.shape[-1])
    both_units = (before.sum(axis=-2) > 0) & (after.sum(axis=-2) > 0)
    both_groups = (cut.total(before) > 0) & (cut.total(after) > 0)
    keep = both_units[..., None, :] & (cut.spread(both_groups.astype(np.float64)) > 0)
    return np.where(keep, before, 0.0), np.where(keep, after, 0.0)


def _with_margins_of(
    table: FloatArray, units_of: FloatArray, groups_of: FloatArray, cut: Segments, starts: ArrayLike
) -> FloatArray:
    return fit(table, units_of.sum(axis=-2), cut.total(groups_of), starts)


def decompose(
    first: ArrayLike,
    second: ArrayLike,
    starts: ArrayLike = (0,),
    measure: Measure = mutual_information_of_sums,
    method: str = "nested",
) -> dict[str, FloatArray]:
    """Split second − first exactly: additions + removals + structural + unit_marginal + group_marginal (+ interaction).

    measure: any function of counts (..., G, N) and starts, such as `mutual_information_of_sums`,
    `theil_h_of_sums` or `Dissimilarity(0)` of `resample`. Returns (..., n_segments) per name, with first, second and
    change (second − first).
    additions and removals: units (or groups) that are empty in the first or in the second year.
    method: "nested" sets structure against both margins together and then the margins against each other, averaged
    over the orders (Elbers 2021, doi:10.1177/0049124121986204); "shapley" averages over all orders of the three;
    "karmel_maclachlan" goes from the first year to the second, with an interaction of the two margins (Karmel &
    Maclachlan 1988, Economic Record 64(3)), so it doesn't mirror when the years are swapped.
    The first two flip sign when the years are swapped. nan where a year is undefined or its zeros forbid the margins.
    Raises ParameterError (method, shapes).
    """
    if method not in DECOMPOSITIONS:
        raise ParameterError(f'method "{method}" is not known. Known: {", ".join(DECOMPOSITIONS)}.')
    before, after = _two_years(first, second)
    cut = Segments(starts, before.shape[-1])
    tables = dict(zip((1, 2), common(before, after, starts), strict=True))
    value = {
        (structure, units, groups): measure(
            tables[structure]
            if structure == units == groups
            else _with_margins_of(tables[structure], tables[units], tables[groups], cut, starts),
            starts,
        )
        for structure in (1, 2)
        for units in (1, 2)
        for groups in (1, 2)
    }
    whole = {"first": measure(before, starts), "second": measure(after, starts)}
    parts = {
        **whole,
        "change": whole["second"] - whole["first"],
        "additions": whole["second"] - value[2, 2, 2],
        "removals": value[1, 1, 1] - whole["first"],
    }
    if method == "karmel_maclachlan":
        return parts | _one_way(value)
    return parts | (_nested(value) if method == "nested" else _all_orders(value))


def _nested(value: dict[tuple[int, int, int], FloatArray]) -> dict[str, FloatArray]:
    def over(structure: int, *turns: Sequence[int]) -> FloatArray:
        (u2, g2), (u1, g1), (v2, h2), (v1, h1) = turns
        return (
            value[structure, u2, g2] - value[structure, u1, g1] + value[structure, v2, h2] - value[structure, v1, h1]
        ) / 4

    return {
        _STRUCTURE: (value[2, 1, 1] - value[1, 1, 1] + value[2, 2, 2] - value[1, 2, 2]) / 2,
        _UNITS: over(1, (2, 1), (1, 1), (2, 2), (1, 2)) + over(2, (2, 1), (1, 1), (2, 2), (1, 2)),
        _GROUPS: over(1, (1, 2), (1, 1), (2, 2), (2, 1)) + over(2, (1, 2), (1, 1), (2, 2), (2, 1)),
    }


def _all_orders(value: dict[tuple[int, int, int], FloatArray]) -> dict[str, FloatArray]:
    parts = {name: np.zeros_like(value[1, 1, 1]) for name in (_STRUCTURE, _UNITS, _GROUPS)}
    for order in permutations(range(3)):
        state = [1, 1, 1]
        for turned in order:
            was = value[state[0], state[1], state[2]]
            state[turned] = 2
            name = (_STRUCTURE, _UNITS, _GROUPS)[turned]
            parts[name] = parts[name] + (value[state[0], state[1], state[2]] - was) / 6
    return parts


def _one_way(value: dict[tuple[int, int, int], FloatArray]) -> dict[str, FloatArray]:
    units, groups = value[1, 2, 1] - value[1, 1, 1], value[1, 1, 2] - value[1, 1, 1]
    return {
        _STRUCTURE: value[2, 2, 2] - value[1, 2, 2],
        _UNITS: units,
        _GROUPS: groups,
        "interaction": value[1, 2, 2] - value[1, 1, 1] - units - groups,
    }


SWEEPS = 3
STEPS = 80
CLOSE = 1e-13
_FLOOR = 700.0


def fit(counts: ArrayLike, unit_margin: ArrayLike, group_margin: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Scale counts (..., G, N) to unit margins (..., N) and group margins (..., G, S).

    The result sums to 1 per segment. Both margins may be in any unit: only their shares count. A unit or group with
    margin 0 becomes 0. A segment whose zeros make the margins impossible is nan throughout; the margins of all others
    agree to 1e-13.
    """
    table = np.asarray(counts, dtype=np.float64)
    cut = Segments(starts, table.shape[-1])
    units, groups = np.asarray(unit_margin, dtype=np.float64), np.asarray(group_margin, dtype=np.float64)
    units = units * cut.spread(divide(np.ones(1), cut.total(units), 0.0))
    wanted = np.moveaxis(groups * divide(np.ones(1), groups.sum(axis=-2), 0.0)[..., None, :], -2, -1)
    # one scale for every unit keeps the products far from overflow; rows are scaled anew in any case
    table = table * divide(np.ones(1), table.sum(axis=-2), 0.0)[..., None, :]
    shape = np.broadcast_shapes(table.shape[:-2], units.shape[:-1], wanted.shape[:-2])
    log_multiplier = np.zeros((*shape, cut.starts.size, table.shape[-2]))
    live = wanted > 0

    def scaled(multiplier: FloatArray) -> FloatArray:
        weighted = table * cut.spread(np.moveaxis(multiplier, -1, -2))
        return weighted * (units * divide(np.ones(1), weighted.sum(axis=-2), 0.0))[..., None, :]

    for step in range(SWEEPS + STEPS):
        fitted = scaled(np.where(live, np.exp(log_multiplier), 0.0))
        columns = np.moveaxis(cut.total(fitted), -2, -1)
        off = columns - wanted
        if np.abs(off).max(initial=0.0) <= CLOSE and step >= 1:
            break
        if step < SWEEPS:
            ratio = divide(wanted, columns, 1.0)
            move = np.log(np.where(ratio > 0, ratio, 1.0))
        else:
            move = _newton(fitted, columns, off, units, cut)
        log_multiplier = np.where(live, log_multiplier + move, -_FLOOR)
        # the largest multiplier is 1; one that runs off to 0, where only the limit fits, stops at the floor
        log_multiplier -= np.maximum(log_multiplier.max(axis=-1, keepdims=True), -_FLOOR)
        log_multiplier = np.maximum(log_multiplier, -_FLOOR)
    rows = np.abs(fitted.sum(axis=-2) - units)
    bad = (np.abs(off).max(axis=-1) > CLOSE * 10) | (cut.total((rows > CLOSE).astype(np.float64)) > 0)
    return np.where(cut.spread(bad.astype(np.float64))[..., None, :] > 0, np.nan, fitted)


def _newton(fitted: FloatArray, columns: FloatArray, off: FloatArray, units: FloatArray, cut: Segments) -> FloatArray:
    """Step of the dual: (diag(columns) − Σ m mᵀ/u) Δ = wanted − columns, at most 2 in any logarithm."""
    groups = fitted.shape[-2]
    shared = fitted * divide(np.ones(1), units, 0.0)[..., None, :]
    pairs = cut.total(fitted[..., :, None, :] * shared[..., None, :, :])
    curvature = -np.moveaxis(pairs, -1, -3)
    diagonal = np.arange(groups)
    curvature[..., diagonal, diagonal] += columns
    # the multipliers are known up to a common factor: fix their sum; the ridge keeps groups that never meet solvable
    scale = columns.max(axis=-1)[..., None, None]
    curvature += scale / groups
    curvature[..., diagonal, diagonal] += 1e-13 * scale[..., 0] + (scale[..., 0] == 0)
    return np.clip(np.linalg.solve(curvature, -off[..., None])[..., 0], -2.0, 2.0)
