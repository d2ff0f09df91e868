"""Indices of a table of groups × units, and their value when units count more than once.

Every measure here is called with counts (..., G, N), groups on the second-last axis, and `starts`, the offsets of
the segments (municipalities) along N; it answers (..., n_segments), nan where it is not defined. Drawing a unit
twice is the same as doubling its people, so the bootstrap of units only needs how often each unit was drawn: a
measure that is a function of sums over units then costs one matrix product (`weighted`), without gathering rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kloof import formulas, manygroups
from kloof.segments import FloatArray, divide

Measure = Callable[[FloatArray, ArrayLike], FloatArray]


def times_log(values: FloatArray) -> FloatArray:
    """Return x ln x, with its limit 0 at 0."""
    return np.asarray(values * np.log(np.maximum(values, 1e-300)), dtype=np.float64)


def two_groups(function: Callable[[ArrayLike, ArrayLike, ArrayLike], FloatArray], group: int = 0) -> Measure:
    """Turn an index of `formulas` (group, rest, starts) into a measure of group number `group` against the others."""

    def measure(counts: FloatArray, starts: ArrayLike) -> FloatArray:
        members = counts[..., group, :]
        return function(members, counts.sum(axis=-2) - members, starts)

    return measure


def _entropy(totals: FloatArray) -> FloatArray:
    """Entropy (nats) of totals (G, ...); nan when nobody is counted."""
    everyone = totals.sum(axis=0)
    return divide(times_log(everyone) - times_log(totals).sum(axis=0), everyone)


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
    inside = times_log(counts.sum(axis=-2)) - times_log(counts).sum(axis=-2)
    return np.concatenate([counts, inside[..., None, :]], axis=-2)


def _information(sums: FloatArray) -> FloatArray:
    """M out of the sums; nan when one group is all there is."""
    whole = _entropy(sums[:-1])
    return np.where(whole > 0, whole - divide(sums[-1], sums[:-1].sum(axis=0)), np.nan)


def _relative_information(sums: FloatArray) -> FloatArray:
    return divide(_information(sums), _entropy(sums[:-1]))


mutual_information = OfSums(manygroups.mutual_information, _entropy_columns, _information)
"""M in nats, see `manygroups.mutual_information`."""

theil_h = OfSums(manygroups.multigroup_theil_h, _entropy_columns, _relative_information)
"""H, see `manygroups.multigroup_theil_h`."""


@dataclass(frozen=True)
class Dissimilarity:
    """D of group number `group` against all others, see `formulas.dissimilarity`."""

    group: int = 0

    def _sides(self, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
        members = counts[..., self.group, :]
        return members, counts.sum(axis=-2) - members

    def __call__(self, counts: FloatArray, starts: ArrayLike = (0,)) -> FloatArray:
        """Give D of counts (..., G, N), one number per segment."""
        return formulas.dissimilarity(*self._sides(np.asarray(counts, dtype=np.float64)), starts)

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
