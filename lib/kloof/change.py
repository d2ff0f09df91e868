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

from kloof import formulas, margins
from kloof.errors import ParameterError, examples
from kloof.segments import FloatArray, Segments, divide
from kloof.sums import Measure, mutual_information, times_log

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


def part(name: str, measure: Measure = mutual_information, method: str = "nested") -> Measure:
    """Return one part of the change as a measure of two years (..., 2, G, N), for `uncertainty.interval`."""

    def of_years(counts: FloatArray, starts: ArrayLike) -> FloatArray:
        return decompose(counts[..., 0, :, :], counts[..., 1, :, :], starts, measure, method)[name]

    return of_years


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


def _local(counts: FloatArray, cut: Segments) -> tuple[FloatArray, FloatArray]:
    """Return the share of each unit in its segment and how far its mixture is from the segment's, in nats (..., N)."""
    people = counts.sum(axis=-2)
    groups = cut.total(counts)
    city = cut.spread(divide(groups, groups.sum(axis=-2)[..., None, :], 0.0))
    mixture = divide(counts, people[..., None, :], 0.0)
    ratio = divide(mixture, city, 0.0)
    local = (mixture * np.log(np.where(ratio > 0, ratio, 1.0))).sum(axis=-2)
    return divide(people, cut.spread(cut.total(people)), 0.0), local


def structural_of_units(first: ArrayLike, second: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return what each unit (..., N) contributes to the structural part of the change of M; they add up to it.

    Half the unit's share in the first year times the change of its local M at the first year's margins, plus the same
    for the second year. 0 for a unit that is empty in a year (it is in additions or removals), nan throughout a
    municipality whose structural part is. Source: Elbers 2021, doi:10.1177/0049124121986204.
    Raises ParameterError (shapes).
    """
    before, after = common(first, second, starts)
    cut = Segments(starts, before.shape[-1])
    total = np.zeros(before.shape[:-2] + before.shape[-1:])
    for here, there, sign in ((before, after, 1.0), (after, before, -1.0)):
        share, local = _local(here, cut)
        moved = _with_margins_of(there, here, here, cut, starts)
        other = np.where(np.isnan(moved).any(axis=-2), np.nan, _local(np.nan_to_num(moved), cut)[1])
        total = total + sign * share * (other - local) / 2
    nobody = cut.total(before.sum(axis=-2)) * cut.total(after.sum(axis=-2)) == 0
    return np.where(cut.spread(nobody.astype(np.float64)) > 0, np.nan, total)


def entropy_change(first: ArrayLike, second: ArrayLike, starts: ArrayLike = (0,)) -> dict[str, FloatArray]:
    """Split the change of M over the common units and groups as the entropy form does, at the mean of both years.

    M = E(units) − Σ p(group) E(units | group): unit_entropy, group_marginal and invariant add up to the change of M
    over the common part. Source: Mora & Ruiz-Castillo 2009, Research on Economic Inequality 17; midpoint weights.
    Raises ParameterError (shapes).
    """
    tables = common(first, second, starts)
    cut = Segments(starts, tables[0].shape[-1])

    def entropy(weights: FloatArray) -> FloatArray:
        total = cut.total(weights)
        return divide(times_log(total) - cut.total(times_log(weights)), total)

    units = [entropy(table.sum(axis=-2)) for table in tables]
    shares = [divide(cut.total(table), cut.total(table.sum(axis=-2))[..., None, :], 0.0) for table in tables]
    # a group that is in neither year has share 0 in both: its entropy, undefined, must not count
    within = [np.where(share > 0, entropy(table), 0.0) for table, share in zip(tables, shares, strict=True)]
    return {
        "unit_entropy": units[1] - units[0],
        _GROUPS: -((shares[1] - shares[0]) * (within[0] + within[1])).sum(axis=-2) / 2,
        "invariant": -((shares[1] + shares[0]) * (within[1] - within[0])).sum(axis=-2) / 2,
    }


def within_between(
    counts: ArrayLike, starts: ArrayLike, wijken: ArrayLike, relative: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Split M (or H, when relative) of counts (..., G, N) into between wijken (..., S) and within each wijk (..., W).

    wijken: offsets of the wijken along N; each municipality begins with a wijk. between + the sum of its wijken = the
    whole, so differences between two years split the change. Source: Reardon, Yun & Eitle 2000, Demography 37(3).
    Raises ParameterError when a municipality doesn't begin with a wijk.
    """
    table = np.asarray(counts, dtype=np.float64)
    cut, parts = Segments(starts, table.shape[-1]), Segments(wijken, table.shape[-1])
    loose = np.setdiff1d(cut.starts, parts.starts)
    if loose.size:
        raise ParameterError(
            f"no wijk begins at {examples(loose.tolist())}, where a municipality begins; sort the units."
        )
    wijk_starts = np.searchsorted(parts.starts, cut.starts)
    by_wijk = parts.total(table)
    up = Segments(wijk_starts, by_wijk.shape[-1])
    people = by_wijk.sum(axis=-2)
    share = divide(people, up.spread(up.total(people)))
    inside = np.where(people > 0, mutual_information(table, wijken), 0.0) * share
    between = mutual_information(by_wijk, wijk_starts)
    if not relative:
        return between, inside
    groups = cut.total(table)
    entropy = divide(times_log(groups.sum(axis=-2)) - times_log(groups).sum(axis=-2), groups.sum(axis=-2))
    return divide(between, entropy), divide(inside, up.spread(entropy))


def composition_of_dissimilarity(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], starts: ArrayLike = (0,)
) -> dict[str, FloatArray]:
    """Split the change of D into a spatial part and a composition part by swapping the shares of units by rank.

    first, second: group and rest (..., N) of each year. Each unit gets, with its own size, the share that holds its
    rank in the other year; the two ways are averaged (Shapley). Unlike `decompose`, "composition" then means the whole
    distribution of shares, and "spatial" which units, of what size, hold them. Returns first, second, change,
    spatial and composition, (..., n_segments). Source: Cortes et al. 2020, doi:10.1007/s42001-019-00059-3.
    """
    sides = [tuple(np.asarray(side, dtype=np.float64) for side in year) for year in (first, second)]
    size = sides[0][0].shape[-1]
    cut = Segments(starts, size)
    people = [group + rest for group, rest in sides]
    share = [divide(group, total, 0.0) for (group, _), total in zip(sides, people, strict=True)]
    value = [formulas.dissimilarity(group, rest, starts) for group, rest in sides]
    swapped = []
    for own, other in ((0, 1), (1, 0)):
        members = _by_rank(share[own], share[other], cut) * people[own]
        swapped.append(formulas.dissimilarity(members, people[own] - members, starts))
    return {
        "first": value[0],
        "second": value[1],
        "change": value[1] - value[0],
        "spatial": (value[1] - swapped[0] + swapped[1] - value[0]) / 2,
        "composition": (value[1] - swapped[1] + swapped[0] - value[0]) / 2,
    }


def _by_rank(own: FloatArray, other: FloatArray, cut: Segments) -> FloatArray:
    """Give each unit the quantile of `other` at its average rank in `own` over the number of units, per segment."""
    segment = np.broadcast_to(np.repeat(np.arange(cut.starts.size), cut.lengths), own.shape)
    order = np.lexsort((own, segment), axis=-1)
    ordered = np.take_along_axis(own, order, -1)
    place = np.broadcast_to(np.arange(own.shape[-1]), own.shape)
    first_of_segment = np.isin(np.arange(own.shape[-1]), cut.starts)
    new = np.concatenate([np.ones_like(ordered[..., :1], dtype=bool), np.diff(ordered) != 0], axis=-1)
    new = new | first_of_segment
    # of a run of equal shares: where it starts, and where it ends
    left = np.maximum.accumulate(np.where(new, place, 0), axis=-1)
    ends = np.concatenate([new[..., 1:], np.ones_like(new[..., :1])], axis=-1)
    right = np.minimum.accumulate(np.where(ends, place, own.shape[-1])[..., ::-1], axis=-1)[..., ::-1]
    begin, length = cut.spread(cut.starts.astype(np.float64)), cut.spread(cut.lengths.astype(np.float64))
    rank = (left + right) / 2 + 1 - begin
    position = rank / length * (length - 1)
    low = np.minimum(np.floor(position), length - 1)
    high = np.minimum(low + 1, length - 1)
    sorted_other = np.take_along_axis(other, np.lexsort((other, segment), axis=-1), -1)
    at_low = np.take_along_axis(sorted_other, (begin + low).astype(np.intp), -1)
    at_high = np.take_along_axis(sorted_other, (begin + high).astype(np.intp), -1)
    result = np.empty_like(own)
    np.put_along_axis(result, order, at_low + (position - low) * (at_high - at_low), -1)
    return result
