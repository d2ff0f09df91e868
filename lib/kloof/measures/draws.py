"""Draws tables of counts: the same people once more, or dealt at random under a null.

Every model takes `counts` (S, ..., G, n), S municipalities of at most n units (an unused unit is empty), the number of
draws R and a generator, and returns (S, R, ..., G, n). All are exact: no normal approximation anywhere.

* `people_within_units`: each unit keeps its size, the group of each resident is drawn anew from the unit's mixture.
  The default for chance in a published register count: the number of homes is not chance, who lives there partly is.
* `people_in_city`: all people of the city are drawn anew over units and groups at once; sizes of units vary too.
* `people_by_group`: each group's people are drawn anew over the units (Allen, Burgess & Windmeijer 2015).
* `evenness`: each unit keeps its size, each person is of a group with the city's shares. `systematic`: each group's
  people are spread over the units by the units' sizes. `permutation`: the same people dealt anew over the same homes.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kloof.measures.tables import FloatArray, divide

IntArray = NDArray[np.int64]
Model = Callable[[FloatArray, int, np.random.Generator], FloatArray]


def _whole(values: FloatArray) -> IntArray:
    return np.rint(values).astype(np.int64)


def _deal_within(
    sizes: IntArray, shares: FloatArray, draws: int, rng: np.random.Generator, split_axis: int = -2
) -> FloatArray:
    """Multinomial per unit: sizes (S, ..., n) people over shares (S, ..., G, n), as a chain of binomials.

    Draws of one unit follow each other, so the sampler sets up once for the first group.
    """
    groups = shares.shape[split_axis]
    later = np.flip(np.cumsum(np.flip(shares, split_axis), axis=split_axis), split_axis)
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


def within_box(counts: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw each count evenly between its bounds: counts (S, ..., 2, G, n) are low and high, the result drops the 2."""
    low, high = counts[..., 0, :, :], counts[..., 1, :, :]
    at = rng.random((len(low), draws, *low.shape[1:]))
    return low[:, None] + at * (high - low)[:, None]


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
