"""Sums per municipality, and tables of counts with what many indices share: totals are computed once.

One segment is one municipality in one year (or whatever the keys are); the segments lie behind each other on the
last axis, and `starts` holds their offsets. Leading axes are replicates. `Pair` is a group and the rest, `Groups`
all groups; both compute a total the first time it is asked for.
"""

from collections.abc import Callable
from functools import cached_property, partial, update_wrapper
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kloof.errors import ParameterError, examples

FloatArray = NDArray[np.float64]
Table = TypeVar("Table")
_NOBODY = 1e-300  # 0 · ln(this) is 0, the limit, without a masked (slow) logarithm


class Segments:
    """Sums per segment of the last axis, and the way back from a segment to its units."""

    def __init__(self, starts: ArrayLike, size: int):
        """Take the offsets of the segments and the number of units; raises ParameterError on bad offsets."""
        self.starts = np.asarray(starts, dtype=np.intp)
        self.lengths = np.diff(self.starts.ravel(), append=size)
        if self.starts.ndim != 1 or not self.starts.size or self.starts[0] != 0 or (self.lengths < 0).any():
            raise ParameterError(
                f"starts must rise from 0 to at most {size}, the number of units; "
                f"got {examples(np.atleast_1d(self.starts).tolist())}."
            )
        self._filled = self.lengths > 0
        self._all_filled = bool(self._filled.all())

    @cached_property
    def of_unit(self) -> NDArray[np.intp]:
        """The number of the segment of each unit, (N,)."""
        return np.repeat(np.arange(self.starts.size), self.lengths)

    def total(self, values: FloatArray) -> FloatArray:
        """Sum (..., N) to (..., n_segments); a segment without units sums to 0."""
        if self.starts.size == 1:
            return np.asarray(np.add.reduce(values, axis=-1, keepdims=True), dtype=np.float64)
        if self._all_filled:
            return np.asarray(np.add.reduceat(values, self.starts, axis=-1), dtype=np.float64)
        sums = np.zeros((*values.shape[:-1], self.starts.size))
        if self._filled.any():
            sums[..., self._filled] = np.add.reduceat(values, self.starts[self._filled], axis=-1)
        return sums

    def spread(self, totals: FloatArray) -> FloatArray:
        """Give each unit the value of its segment: (..., n_segments) to (..., N)."""
        return np.repeat(totals, self.lengths, axis=-1)

    def level(self, totals: FloatArray) -> FloatArray:
        """As `spread`, for arithmetic with units: one segment stays (..., 1) and is not written out."""
        return totals if self.starts.size == 1 else self.spread(totals)

    def running(self, values: FloatArray) -> FloatArray:
        """Add up within each segment from its first unit on, (..., N) to (..., N)."""
        sums = np.cumsum(values, axis=-1)
        if self.starts.size == 1:
            return sums
        before = np.concatenate([np.zeros((*sums.shape[:-1], 1)), sums], axis=-1)[..., self.starts]
        return np.asarray(sums - self.level(before))

    def order(self, shares: FloatArray) -> NDArray[np.intp]:
        """Order of the units (..., N) by share (0–1) inside their segment; equal shares keep the order of the units.

        The first 16 bits of the share go through a radix sort, after which few units are out of place: the stable sort
        of the whole shares that follows has little to do. A quarter to a third of the time of sorting the places at
        once, on processors where numpy sorts long numbers fast and on those where it doesn't.
        """
        if not shares.size or not (shares.min() >= 0 and shares.max() <= 1):  # what is missing has no bits to sort by
            return self._inside(np.argsort(shares, axis=-1, kind="stable"))
        coarse = np.argsort((shares * 65535.0).astype(np.uint16), axis=-1, kind="stable")
        return self._inside(_then(coarse, _picked(shares, coarse)))

    def _inside(self, order: NDArray[np.intp]) -> NDArray[np.intp]:
        """Bring an order of all units back to an order inside each segment."""
        if self.starts.size == 1:
            return order
        small = self.starts.size <= 2**16  # 16 bits have a radix sort
        return _then(order, (self.of_unit.astype(np.uint16) if small else self.of_unit)[order])

    def curve(self, group: FloatArray, rest: FloatArray, shares: FloatArray) -> FloatArray:
        """Σ aᵢ (2Bᵢ − bᵢ) with the units in order of share and Bᵢ the running sum of b: AB (1 + Gini), per segment."""
        order = self.order(shares)
        group, rest = _picked(group, order), _picked(rest, order)
        area = self.running(rest)
        area *= 2
        area -= rest
        area *= group
        return self.total(area)


def _picked(values: FloatArray, order: NDArray[np.intp]) -> FloatArray:
    """Values (..., N) in an order of the last axis."""
    return values[order] if order.ndim == 1 else np.take_along_axis(values, order, -1)


def _then(order: NDArray[np.intp], keys: NDArray[Any]) -> NDArray[np.intp]:
    """Sort what is in an order once more, by keys that are in that order already; equals stay as they are."""
    again = np.argsort(keys, axis=-1, kind="stable")
    return order[again] if order.ndim == 1 else np.take_along_axis(order, again, -1)


def divide(above: FloatArray, below: FloatArray, empty: float = np.nan) -> FloatArray:
    """Divide where `below` is positive and put `empty` elsewhere, without a warning."""
    positive = below > 0
    if positive.all():
        return np.asarray(above / below, dtype=np.float64)
    result = np.full(np.broadcast_shapes(above.shape, below.shape), empty)
    return np.asarray(np.divide(above, below, out=result, where=positive), dtype=np.float64)


def times_log(weight: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return weight · ln(ratio) with 0 · ln(0) = 0, the limit."""
    return np.asarray(weight * np.log(np.maximum(ratio, _NOBODY)))


class Pair:
    """Group `a` and rest `b`, (..., N) each, in people or households, with their totals (..., n_segments)."""

    def __init__(self, a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)):
        """Take the counts and the offsets of the segments; raises ParameterError on bad offsets."""
        self.group, self.rest = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
        self.cut = Segments(starts, self.group.shape[-1])

    @cached_property
    def both(self) -> FloatArray:
        """People of each unit."""
        return np.asarray(self.group + self.rest)

    @cached_property
    def divisor(self) -> FloatArray:
        """People of each unit, and 1 where there are none: what is divided by it is 0 there."""
        return np.where(self.both == 0, 1.0, self.both)

    @cached_property
    def members(self) -> FloatArray:
        """People in the group, per segment."""
        return self.cut.total(self.group)

    @cached_property
    def others(self) -> FloatArray:
        """People in the rest, per segment."""
        return self.cut.total(self.rest)

    @cached_property
    def pairs(self) -> FloatArray:
        """Members × others, and nan where one of them is not there: no index is defined then."""
        product = self.members * self.others
        return np.where(product == 0, np.nan, product)

    @cached_property
    def off(self) -> FloatArray:
        """aᵢT − tᵢA = aᵢB − bᵢA of each unit: exactly 0 for whole counts in proportion."""
        return np.asarray(self.group * self.cut.level(self.others) - self.rest * self.cut.level(self.members))

    @cached_property
    def information(self) -> FloatArray:
        """Σ aᵢ ln(aᵢT/Atᵢ) + bᵢ ln(bᵢT/Btᵢ): people × mutual information (nats), per segment."""
        everyone = self.members + self.others
        total = np.zeros_like(everyone)
        for part, sums in ((self.group, self.members), (self.rest, self.others)):
            weight = self.cut.level(divide(everyone, sums, 0.0))
            total = total + self.cut.total(times_log(part, part * weight / self.divisor))
        return np.maximum(total, 0.0)


class Groups:
    """Counts of all groups, (..., G, N), in people or households, with totals (..., G, n_segments)."""

    def __init__(self, counts: ArrayLike, starts: ArrayLike = (0,)):
        """Take the counts and the offsets of the segments; raises ParameterError on bad shape or offsets."""
        self.counts = np.asarray(counts, dtype=np.float64)
        if self.counts.ndim < 2:
            raise ParameterError(f"counts must be groups × units, (..., G, N); got shape {self.counts.shape}.")
        self.cut = Segments(starts, self.counts.shape[-1])

    @cached_property
    def both(self) -> FloatArray:
        """People of each unit, (..., N)."""
        return np.asarray(np.add.reduce(self.counts, axis=-2))

    @cached_property
    def divisor(self) -> FloatArray:
        """People of each unit, and 1 where there are none."""
        return np.where(self.both == 0, 1.0, self.both)

    @cached_property
    def members(self) -> FloatArray:
        """People of each group, (..., G, n_segments)."""
        return self.cut.total(self.counts)

    @cached_property
    def everyone(self) -> FloatArray:
        """All people, (..., n_segments)."""
        return np.asarray(np.add.reduce(self.members, axis=-2))

    @cached_property
    def others(self) -> FloatArray:
        """People outside each group, (..., G, n_segments)."""
        return np.asarray(self.everyone[..., None, :] - self.members)

    @cached_property
    def pairs(self) -> FloatArray:
        """Σ members × others = T² × Simpson's interaction, and nan where fewer than two groups are there."""
        product = np.add.reduce(self.members * self.others, axis=-2)
        return np.where(np.count_nonzero(self.members, axis=-2) < 2, np.nan, product)

    @cached_property
    def off(self) -> FloatArray:
        """nᵢₖT − tᵢNₖ of each cell, (..., G, N)."""
        people, groups = self.cut.level(self.everyone), self.cut.level(self.members)
        return np.asarray(self.counts * people[..., None, :] - groups * self.both[..., None, :])

    @cached_property
    def squares(self) -> FloatArray:
        """Σᵢ (nᵢₖT − tᵢNₖ)²/tᵢ per group, (..., G, n_segments)."""
        return self.cut.total(self.off**2 / self.divisor[..., None, :])

    @cached_property
    def unit_information(self) -> FloatArray:
        """Σₖ nᵢₖ ln(nᵢₖT/(tᵢNₖ)): people × local linkage (nats) of each unit, (..., N)."""
        weight = self.cut.level(
            divide(np.broadcast_to(self.everyone[..., None, :], self.members.shape), self.members, 0.0)
        )
        ratio = self.counts / self.divisor[..., None, :]
        ratio *= weight
        return np.asarray(np.add.reduce(times_log(self.counts, ratio), axis=-2))

    @cached_property
    def information(self) -> FloatArray:
        """People × mutual information (nats), per segment."""
        return np.maximum(self.cut.total(self.unit_information), 0.0)

    @cached_property
    def entropy(self) -> FloatArray:
        """People × entropy of the groups (nats), per segment: Σ Nₖ ln(T/Nₖ), by log1p so that a tiny group counts."""
        return np.asarray(np.add.reduce(self.members * np.log1p(divide(self.others, self.members, 0.0)), axis=-2))


class Formula(Generic[Table]):
    """A formula over a table that shares its totals, callable on plain arrays as well: formula(a, b, starts)."""

    def __init__(self, table: Callable[..., Table], of: Callable[..., FloatArray]):
        """Take the kind of table (`Pair`, `Groups`, ...) and the formula over it."""
        self.table, self.of = table, of
        update_wrapper(self, of if not isinstance(of, partial) else of.func)

    def __call__(self, *arrays: ArrayLike, starts: ArrayLike | None = None) -> FloatArray:
        """Make the table of the arrays (with `starts` as the last, or by name) and apply the formula to it."""
        return self.of(self.table(*arrays) if starts is None else self.table(*arrays, starts))

    def at(self, value: float) -> "Formula[Table]":
        """Return the formula at another value of its parameter."""
        return Formula(self.table, partial(self.of, value=value))


class CountBox(NamedTuple):
    """Low and high of two numbers per unit: counts of group and rest, or value and weight."""

    a_low: FloatArray
    a_high: FloatArray
    b_low: FloatArray
    b_high: FloatArray
