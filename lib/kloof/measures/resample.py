"""A measure on many drawn tables: all municipalities at once, the same numbers for any number of workers.

The work is cut into blocks of municipalities of about the same size (padded with empty units, which add nothing) and
of draws, by the table alone; each block has its own generator, spawned from the one that is given. Memory is that of
the blocks under way plus the answers. A municipality's draws depend on the table it stands in, as with any shared seed.

Every model takes `counts` (S, ..., G, n), S municipalities of at most n units (an unused unit is empty), the number of
draws R and a generator, and returns (S, R, ..., G, n). All are exact: no normal approximation anywhere.

* `people_within_units`: each unit keeps its size, the group of each resident is drawn anew from the unit's mixture.
  The default for chance in a published register count: the number of homes is not chance, who lives there partly is.
* `people_in_city`: all people of the city are drawn anew over units and groups at once; sizes of units vary too.
* `people_by_group`: each group's people are drawn anew over the units (Allen, Burgess & Windmeijer 2015).
* `evenness`: each unit keeps its size, each person is of a group with the city's shares. `systematic`: each group's
  people are spread over the units by the units' sizes. `permutation`: the same people dealt anew over the same homes.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kloof.errors import ParameterError, faults
from kloof.measures import many_groups
from kloof.measures.tables import FloatArray, Segments, divide, times_log
from kloof.measures.two_groups import dissimilarity

IntArray = NDArray[np.int64]
Model = Callable[[FloatArray, int, np.random.Generator], FloatArray]
Measure = Callable[[FloatArray, ArrayLike], FloatArray]
CELLS = 2**17  # counts in a block of tables, or weights in a block of drawn units: a few such arrays fit in cache


def _whole(values: FloatArray) -> IntArray:
    return np.rint(values).astype(np.int64)


def _deal_within(sizes: IntArray, shares: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Multinomial per unit: sizes (S, ..., n) people over shares (S, ..., G, n), as a chain of binomials.

    Draws of one unit follow each other, so the sampler sets up once for the first group.
    """
    groups = shares.shape[-2]
    later = np.flip(np.cumsum(np.flip(shares, -2), axis=-2), -2)
    chance = np.minimum(divide(shares, later, 0.0), 1.0)
    left = np.broadcast_to(sizes[..., None], (*sizes.shape, draws))
    dealt = np.empty((*sizes.shape[:-1], groups, sizes.shape[-1], draws), dtype=np.int64)
    for group in range(groups - 1):
        dealt[..., group, :, :] = rng.binomial(left, chance[..., group, :, None])
        left = left - dealt[..., group, :, :]
    dealt[..., groups - 1, :, :] = left
    return np.ascontiguousarray(np.moveaxis(dealt, -1, 1), dtype=np.float64)


def people_within_units(counts: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw the people of each unit anew from the unit's own mixture; sizes are rounded to whole people."""
    return _deal_within(_whole(counts.sum(axis=-2)), counts, draws, rng)


def evenness(counts: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw the people of each unit from the mixture of the city: no segregation but chance."""
    city = np.broadcast_to(counts.sum(axis=-1, keepdims=True), counts.shape)
    return _deal_within(_whole(counts.sum(axis=-2)), city, draws, rng)


def _halve(total: IntArray, room: NDArray[np.generic], split: Callable[..., IntArray]) -> IntArray:
    """Deal total (...) over room (..., n) by halving the units again and again: split(total, left room, right room)."""
    size = room.shape[-1]
    padded = 1 << max(size - 1, 0).bit_length()
    level = np.zeros((*room.shape[:-1], padded), dtype=room.dtype)
    level[..., :size] = room
    levels = [level]
    while levels[-1].shape[-1] > 1:
        levels.append(levels[-1][..., 0::2] + levels[-1][..., 1::2])
    dealt = total[..., None]
    for level in reversed(levels[:-1]):
        left = split(dealt, level[..., 0::2], level[..., 1::2])
        dealt = np.stack([left, dealt - left], axis=-1).reshape(*left.shape[:-1], -1)
    return dealt[..., :size]


def _multinomial(total: IntArray, room: FloatArray, rng: np.random.Generator) -> IntArray:
    def split(people: IntArray, left: FloatArray, right: FloatArray) -> IntArray:
        return rng.binomial(people, np.minimum(divide(left, left + right, 0.0), 1.0))

    return _halve(total, room, split)


def _repeat(totals: IntArray, draws: int) -> IntArray:
    return np.broadcast_to(totals[:, None], (totals.shape[0], draws, *totals.shape[1:]))


def people_in_city(counts: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw all people of the city anew over units and groups at once (multinomial)."""
    cells = counts.reshape(*counts.shape[:-2], -1)
    dealt = _multinomial(_repeat(_whole(cells.sum(axis=-1)), draws), cells[:, None], rng)
    return dealt.reshape(*dealt.shape[:-1], *counts.shape[-2:]).astype(np.float64)


def people_by_group(counts: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw the people of each group anew over the units (multinomial per group)."""
    return _multinomial(_repeat(_whole(counts.sum(axis=-1)), draws), counts[:, None], rng).astype(np.float64)


def systematic(counts: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Spread the people of each group over the units by the units' sizes (multinomial per group)."""
    sizes = np.broadcast_to(counts.sum(axis=-2, keepdims=True), counts.shape)
    return people_by_group(
        divide(sizes * counts.sum(axis=-1, keepdims=True), sizes.sum(axis=-1, keepdims=True), 0.0), draws, rng
    )


def permutation(counts: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Deal the same people at random over the same homes: both margins stay (multivariate hypergeometric)."""
    whole = _whole(counts)
    room = np.broadcast_to(whole.sum(axis=-2)[:, None], (len(whole), 1, *whole.shape[1:-2], whole.shape[-1]))
    totals = _repeat(whole.sum(axis=-1), draws)

    def split(people: IntArray, left: IntArray, right: IntArray) -> IntArray:
        return rng.hypergeometric(left, right, people)

    dealt = np.empty((len(whole), draws, *whole.shape[1:]))
    for group in range(whole.shape[-2] - 1):
        members = _halve(totals[..., group], room, split)
        dealt[..., group, :] = members
        room = room - members
    dealt[..., -1, :] = room
    return dealt


def times_drawn(lengths: NDArray[np.intp], width: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Count how often each unit comes up in as many drawings as the municipality has units: (S,) to (S, R, width)."""
    of_unit = np.repeat(np.arange(lengths.size), lengths)
    drawn = rng.random((of_unit.size, draws))
    drawn *= lengths[of_unit][:, None]
    place = drawn.astype(np.int64)
    place += (of_unit * (draws * width))[:, None] + np.arange(draws) * width
    return (
        np.bincount(place.ravel(), minlength=lengths.size * draws * width).reshape(-1, draws, width).astype(np.float64)
    )


UNITS = "units"
MODELS: dict[str, Model] = {
    "people_within_units": people_within_units,
    "people_in_city": people_in_city,
    "people_by_group": people_by_group,
    "evenness": evenness,
    "systematic": systematic,
    "permutation": permutation,
}


@dataclass(frozen=True)
class Drawing:
    """How to draw: the generator, how many tables, and how many threads share the work (no matter for the numbers)."""

    rng: np.random.Generator
    draws: int = 1000
    workers: int = 1


@dataclass(frozen=True)
class Block:
    """Some municipalities and some of their draws: places (S, n) of the units on N, N where a unit is only padding."""

    segments: NDArray[np.intp]
    places: NDArray[np.intp]
    lengths: NDArray[np.intp]
    first: int
    draws: int


def blocks(starts: ArrayLike, size: int, draws: int, per_unit: int = 1) -> Iterator[Block]:
    """Cut the work by the municipalities, the draws and the counts per unit only, never by the workers."""
    cells = max(CELLS // per_unit, 1)
    cut = Segments(starts, size)
    order = np.argsort(cut.lengths, kind="stable")
    begin = 0
    while begin < order.size:
        end = begin + 1
        while end < order.size:
            width = cut.lengths[order[end]]
            if width > 1.25 * cut.lengths[order[begin]] + 4 or (end + 1 - begin) * width * draws > cells:
                break
            end += 1
        chosen = order[begin:end]
        lengths = cut.lengths[chosen]
        width = max(int(lengths.max()), 1)
        within = np.arange(width)
        places = np.where(within < lengths[:, None], cut.starts[chosen][:, None] + within, size)
        step = max(1, cells // (width * chosen.size))
        for first in range(0, draws, step):
            yield Block(chosen, places, lengths, first, min(step, draws - first))
        begin = end


def replicates(
    measures: Mapping[str, Measure],
    counts: ArrayLike,
    starts: ArrayLike,
    model: str,
    drawing: Drawing,
) -> dict[str, FloatArray]:
    """Compute each measure on many drawn tables, the same tables for all measures.

    counts: (G, N) groups × units, or (Y, G, N) years; model: a name of MODELS, or "units" for the bootstrap of units,
    which draws the same units in all years. measures: functions of counts (..., G, n) or (..., Y, G, n) and starts,
    see `OfSums`. Returns per measure (draws, n_segments), or (draws, Y,
    n_segments) when it answers per year. Source: Efron & Tibshirani 1993, ch. 6.
    Raises ParameterError: model, draws, counts missing or below 0.
    """
    table = np.asarray(counts, dtype=np.float64)
    draws = drawing.draws
    found = [] if model in MODELS or model == UNITS else [f'model "{model}" is not known: {UNITS}, {", ".join(MODELS)}']
    if draws < 1:
        found.append(f"draws must be at least 1, got {draws}")
    if not (np.isfinite(table).all() and (table >= 0).all()):
        found.append("counts are missing or below 0: set those units aside first")
    if found:
        raise ParameterError(faults("the resampling", found, "Mend these, then draw again."))
    padded = np.concatenate([table, np.zeros((*table.shape[:-1], 1))], axis=-1)
    per_unit = 1 if model == UNITS else int(np.prod(table.shape[:-1]))
    work = list(blocks(starts, table.shape[-1], draws, per_unit))
    jobs = list(zip(work, drawing.rng.spawn(len(work)), strict=True))

    def run(job: tuple[Block, np.random.Generator]) -> dict[str, FloatArray]:
        block, generator = job
        part = np.moveaxis(padded[..., block.places], -2, 0)
        if model == UNITS:
            return _of_units(measures, part, block, generator)
        tables = MODELS[model](part, block.draws, generator)
        return {name: measure(tables, (0,))[..., 0] for name, measure in measures.items()}

    if drawing.workers == 1:
        return _collect(map(run, jobs), work, draws, np.size(starts))
    with ThreadPoolExecutor(drawing.workers) as pool:
        return _collect(pool.map(run, jobs), work, draws, np.size(starts))


def _of_units(
    measures: Mapping[str, Measure], part: FloatArray, block: Block, rng: np.random.Generator
) -> dict[str, FloatArray]:
    weights = times_drawn(block.lengths, block.places.shape[1], block.draws, rng)
    return {name: weighted(measure, weights, part[:, None]) for name, measure in measures.items()}


def _collect(
    parts: Iterator[dict[str, FloatArray]], work: list[Block], draws: int, n_segments: int
) -> dict[str, FloatArray]:
    """Put the answers (S, R, ...) of the blocks in their place: (draws, ..., n_segments)."""
    whole: dict[str, FloatArray] = {}
    for block, part in zip(work, parts, strict=True):
        for name, values in part.items():
            if name not in whole:
                whole[name] = np.full((draws, *values.shape[2:], n_segments), np.nan)
            whole[name][block.first : block.first + block.draws, ..., block.segments] = np.moveaxis(values, 0, -1)
    return whole


def two_groups(function: Callable[[ArrayLike, ArrayLike, ArrayLike], FloatArray], group: int = 0) -> Measure:
    """Turn an index of `two_groups` (group, rest, starts) into a measure of group number `group` against the others."""

    def measure(counts: FloatArray, starts: ArrayLike) -> FloatArray:
        members = counts[..., group, :]
        return function(members, counts.sum(axis=-2) - members, starts)

    return measure


def _entropy(totals: FloatArray) -> FloatArray:
    """Entropy (nats) of totals (G, ...); nan when nobody is counted."""
    everyone = totals.sum(axis=0)
    return divide(times_log(everyone, everyone) - times_log(totals, totals).sum(axis=0), everyone)


@dataclass(frozen=True)
class OfSums:
    """A measure that depends on the units only through sums, with the short cut this allows when units are drawn.

    formula: the measure; columns: counts (..., G, N) to what is summed (..., C, N); combine: the sums (C, ...) to it.
    """

    formula: Measure
    columns: Callable[[FloatArray], FloatArray]
    combine: Callable[[FloatArray], FloatArray]

    def __call__(self, counts: FloatArray, starts: ArrayLike = (0,)) -> FloatArray:
        """Give the measure of counts (..., G, N), one number per segment."""
        return self.formula(counts, starts)

    def weighted(self, weights: FloatArray, counts: FloatArray) -> FloatArray:
        """Give the measure (S, R, ...) of counts (S, 1, ..., G, N) under weights (S, R, N)."""
        columns = self.columns(counts)[:, 0]
        flat = columns.reshape(columns.shape[0], -1, columns.shape[-1])
        sums = (flat @ weights.swapaxes(-1, -2)).reshape(*columns.shape[:-1], weights.shape[1])
        return self.combine(np.moveaxis(np.moveaxis(sums, -1, 1), -1, 0))


def _entropy_columns(counts: FloatArray) -> FloatArray:
    """Give the people of each group and t ln t − Σ n ln n, people times entropy of the unit's mixture."""
    both = counts.sum(axis=-2)
    inside = times_log(both, both) - times_log(counts, counts).sum(axis=-2)
    return np.concatenate([counts, inside[..., None, :]], axis=-2)


def _information(sums: FloatArray) -> FloatArray:
    """M out of the sums; nan when one group is all there is."""
    whole = _entropy(sums[:-1])
    return np.where(whole > 0, whole - divide(sums[-1], sums[:-1].sum(axis=0)), np.nan)


def _relative_information(sums: FloatArray) -> FloatArray:
    return divide(_information(sums), _entropy(sums[:-1]))


mutual_information_of_sums = OfSums(many_groups.mutual_information, _entropy_columns, _information)
"""M in nats, see `many_groups.mutual_information`."""

theil_h_of_sums = OfSums(many_groups.multigroup_theil_h, _entropy_columns, _relative_information)
"""H, see `many_groups.multigroup_theil_h`."""


@dataclass(frozen=True)
class Dissimilarity:
    """D of group number `group` against all others, see `two_groups.dissimilarity`."""

    group: int = 0

    def _sides(self, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        members = counts[..., self.group, :]
        return members, counts.sum(axis=-2) - members

    def __call__(self, counts: FloatArray, starts: ArrayLike = (0,)) -> FloatArray:
        """Give D of counts (..., G, N), one number per segment."""
        return dissimilarity(*self._sides(np.asarray(counts, dtype=np.float64)), starts)

    def weighted(self, weights: FloatArray, counts: FloatArray) -> FloatArray:
        """Give D (S, R, ...) of counts (S, 1, ..., G, N) under weights (S, R, N)."""
        members, rest = (side[:, 0] for side in self._sides(counts))
        lead = members.shape[1:-1]
        values = []
        for one, other in zip(
            members.reshape(len(members), -1, members.shape[-1]).swapaxes(0, 1),
            rest.reshape(len(rest), -1, rest.shape[-1]).swapaxes(0, 1),
            strict=True,
        ):
            everyone = one + other
            both = weights @ np.stack([one, everyone], axis=-1)
            group_total, total = both[..., 0], both[..., 1]
            apart = np.subtract(divide(one, everyone, 0.0)[:, None], divide(group_total, total, 0.0)[..., None])
            np.abs(apart, out=apart)
            apart *= weights
            distance = (apart @ everyone[..., None])[..., 0]
            # |p − P| t summed, over 2 P (1 − P) T, is the same D; rounding must not make it negative or nan
            values.append(divide(distance * total, 2 * group_total * (total - group_total)))
        return np.stack(values, axis=-1).reshape(*weights.shape[:2], *lead)


@dataclass(frozen=True)
class Difference:
    """Second year minus first of a measure, for counts of two years (..., 2, G, N)."""

    measure: Measure

    def __call__(self, counts: FloatArray, starts: ArrayLike = (0,)) -> FloatArray:
        """Give the change of the measure, one number per segment."""
        return self.measure(counts[..., 1, :, :], starts) - self.measure(counts[..., 0, :, :], starts)

    def weighted(self, weights: FloatArray, counts: FloatArray) -> FloatArray:
        """Give the change (S, R) of counts (S, 1, 2, G, N) when the same units count `weights` (S, R, N) times."""
        years = (counts[..., year, :, :] for year in (0, 1))
        first, second = (weighted(self.measure, weights, year) for year in years)
        return second - first


def weighted(measure: Measure, weights: FloatArray, counts: FloatArray) -> FloatArray:
    """Give any measure (S, R, ...) of counts (S, 1, ..., G, N) under weights (S, R, N), by its short cut if any."""
    if hasattr(measure, "weighted"):
        return np.asarray(measure.weighted(weights, counts))
    lead = (1,) * (counts.ndim - 3)
    return measure(counts * weights.reshape(*weights.shape[:2], *lead, weights.shape[-1]), (0,))[..., 0]
