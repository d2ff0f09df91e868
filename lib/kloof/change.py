"""Splits a change into structure and the mere sizes of buurten and groups.

A measure moves when people sort themselves differently (structure: the odds ratios of the table) and also when buurten
or groups merely grow. The parts are found by giving one year's table the margins of the other (`margins.fit`). All
functions take two years of counts (..., G, N), groups × units, the units in the same order, and `starts`; they answer
for all municipalities at once. A part that cannot be computed is nan for its municipality, never 0.
"""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike

from kloof import margins
from kloof.errors import ParameterError
from kloof.segments import FloatArray, Segments
from kloof.sums import Measure, mutual_information

METHODS = ("nested", "shapley", "karmel_maclachlan")
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
    return margins.fit(table, units_of.sum(axis=-2), cut.total(groups_of), starts)


def decompose(
    first: ArrayLike,
    second: ArrayLike,
    starts: ArrayLike = (0,),
    measure: Measure = mutual_information,
    method: str = "nested",
) -> dict[str, FloatArray]:
    """Split second − first exactly: additions + removals + structural + unit_marginal + group_marginal (+ interaction).

    measure: any function of counts (..., G, N) and starts, such as `sums.mutual_information`, `sums.theil_h` or
    `sums.Dissimilarity(0)`. Returns (..., n_segments) per name, with first, second and change (second − first).
    additions and removals: units (or groups) that are empty in the first or in the second year.
    method: "nested" sets structure against both margins together and then the margins against each other, averaged
    over the orders (Elbers 2021, doi:10.1177/0049124121986204); "shapley" averages over all orders of the three;
    "karmel_maclachlan" goes from the first year to the second, with an interaction of the two margins (Karmel &
    Maclachlan 1988, Economic Record 64(3)), so it doesn't mirror when the years are swapped.
    The first two flip sign when the years are swapped. nan where a year is undefined or its zeros forbid the margins.
    Raises ParameterError (method, shapes).
    """
    if method not in METHODS:
        raise ParameterError(f'method "{method}" is not known. Known: {", ".join(METHODS)}.')
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
