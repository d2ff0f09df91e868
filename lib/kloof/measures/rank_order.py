"""Rank-order indices: the segregation of incomes, over the whole distribution, from ordered classes.

At every threshold between two classes the people below and above it form two groups, with p the share below. A
polynomial through the two-group index at these thresholds, weighed by how much a threshold says, is integrated over
all p from 0 to 1 in closed form. Source: Reardon & Bischoff 2011, doi:10.1086/657114; Reardon 2011, "Measures of
Income Segregation", CEPA Working Paper, Stanford.
"""

from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kloof.errors import ParameterError
from kloof.measures.tables import FloatArray, Formula, Pair, divide, times_log
from kloof.measures.two_groups import correlation_ratio, theil_h

LEAST_WEIGHT = 0.4  # of the whole 0–1, weighed by entropy, that must lie between the outer thresholds


class Ordered:
    """Counts of ordered classes, (..., K, N), lowest class first, and the two groups at each of K − 1 thresholds."""

    def __init__(self, counts: ArrayLike, starts: ArrayLike = (0,)):
        """Take the counts and offsets; ParameterError when there are fewer than three classes or these are wrong."""
        table = np.asarray(counts, dtype=np.float64)
        if table.ndim < 2 or table.shape[-2] < 3:
            raise ParameterError(f"ordered classes need at least 3 classes × units; got shape {table.shape}.")
        below = np.cumsum(table, axis=-2)
        self.pair = Pair(below[..., :-1, :], below[..., -1:, :] - below[..., :-1, :], starts)
        self.classes = np.count_nonzero(self.pair.cut.total(table), axis=-2)

    @cached_property
    def share(self) -> FloatArray:
        """Give p of each threshold, (..., K − 1, n_segments)."""
        return divide(self.pair.members, self.pair.members + self.pair.others)

    @cached_property
    def enough(self) -> NDArray[np.bool_]:
        """Whether the thresholds lie wide enough to say something about the whole, (..., n_segments).

        Income classes of which one holds most people leave the polynomial free where it counts: the outer thresholds
        that do split people must hold at least 0.4 of ∫ E(p) dp, E the entropy; three equal classes hold 0.45.
        """
        share = np.where((self.share > 0) & (self.share < 1), self.share, np.nan)
        low, high = np.fmin.reduce(share, axis=-2), np.fmax.reduce(share, axis=-2)
        return np.asarray(np.nan_to_num(_entropy_below(high) - _entropy_below(low)) >= LEAST_WEIGHT)


def _entropy_below(p: FloatArray) -> FloatArray:
    """∫₀ᵖ E(q) dq / ∫₀¹ E(q) dq with E(q) = −q ln q − (1 − q) ln(1 − q), of which the whole integral is ½."""
    q = 1 - p
    return np.asarray(p**2 / 2 - times_log(p**2, p) + times_log(q**2, q) + (1 - q**2) / 2)


def _entropy_moment(power: int) -> float:
    """2 ln 2 ∫ pᵐ E(p) dp with E in bits: what the term pᵐ of the polynomial adds to the index."""
    alternating = [(-1.0) ** (power - k) * comb(power, k) / (power - k + 2) ** 2 for k in range(power + 1)]
    return float(2 / (power + 2) ** 2 + 2 * sum(alternating))


def _variance_moment(power: int) -> float:
    """6 ∫ pᵐ p(1 − p) dp."""
    return 6 / ((power + 2) * (power + 3))


def _degree(table: Ordered, value: float | None) -> int:
    """Degree of the polynomial: 4 from ten classes up, 2 from four up, else 1, where none is asked for."""
    classes = table.pair.group.shape[-2] + 1
    if value is None:
        return 4 if classes >= 10 else 2 if classes >= 4 else 1
    if value != int(value) or not 0 <= value <= classes - 2:
        raise ParameterError(
            f"the degree must be a whole number from 0 to {classes - 2} with {classes} classes; got {value:g}."
        )
    return int(value)


def _integrated(table: Ordered, at: FloatArray, weight: FloatArray, moments: list[float]) -> FloatArray:
    """Fit the polynomial by weighted least squares per segment, and integrate it."""
    usable = weight > 0
    powers = np.where(usable, table.share, 0.0)[..., None] ** np.arange(len(moments))
    design = np.moveaxis(powers * np.where(usable, weight, 0.0)[..., None], -3, -2)
    aim = np.moveaxis(np.where(usable, at * weight, 0.0), -2, -1)[..., None]
    whole = np.asarray(np.isfinite(design).all(axis=(-2, -1)) & np.isfinite(aim).all(axis=(-2, -1)))
    design, aim = (np.where(whole[..., None, None], part, 0.0) for part in (design, aim))
    fitted = (np.linalg.pinv(design) @ aim)[..., 0] @ np.array(moments)
    known = whole & table.enough & (table.classes - 1 >= len(moments))
    return np.where(known, fitted, np.nan)


def _theil_h(table: Ordered, value: float | None = None) -> FloatArray:
    """H^R: Theil's H at every threshold, weighed by the entropy at that threshold; near 0–1.

    nan when fewer classes are occupied than the polynomial has terms plus one, or the thresholds lie too close
    together (`Ordered.enough`).
    """
    degree = _degree(table, value)
    entropy = -(times_log(table.share, table.share) + times_log(1 - table.share, 1 - table.share)) / np.log(2)
    moments = [_entropy_moment(power) for power in range(degree + 1)]
    return _integrated(table, theil_h.of(table.pair), entropy, moments)


def _relative_diversity(table: Ordered, value: float | None = None) -> FloatArray:
    """R^R: the correlation ratio at every threshold, weighed by p(1 − p); near 0–1; nan as for H^R."""
    degree = _degree(table, value)
    variance = 4 * table.share * (1 - table.share)
    moments = [_variance_moment(power) for power in range(degree + 1)]
    return _integrated(table, correlation_ratio.of(table.pair), variance, moments)


rank_order_theil_h = Formula(Ordered, _theil_h)
rank_order_relative_diversity = Formula(Ordered, _relative_diversity)
