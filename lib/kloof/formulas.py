"""The formula of every index, for all cities, years and replicates at once.

Every index function takes two arrays of shape (..., N) and the offsets `starts` of the segments along the
last axis (one segment = one municipality in one year; one city: `starts=(0,)`); it returns (..., n_segments).
Leading axes are replicates. For counts, `a` is the group and `b` the rest, in people or households; for
means, `a` is the value and `b` its weight. Units with nobody in them add nothing. What is not defined (nobody
in the group, nobody in the rest, no weight) is nan, never 0. A unit with a missing count must not be in the
arrays: `indices.measure` sets it aside.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kloof.errors import ParameterError, examples

FloatArray = NDArray[np.float64]


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

    def total(self, values: FloatArray) -> FloatArray:
        """Sum (..., N) to (..., n_segments); a segment without units sums to 0."""
        if self._filled.all():
            return np.asarray(np.add.reduceat(values, self.starts, axis=-1), dtype=np.float64)
        sums = np.zeros((*values.shape[:-1], self.starts.size))
        if self._filled.any():
            sums[..., self._filled] = np.add.reduceat(values, self.starts[self._filled], axis=-1)
        return sums

    def spread(self, totals: FloatArray) -> FloatArray:
        """Give each unit the value of its segment: (..., n_segments) to (..., N)."""
        return np.repeat(totals, self.lengths, axis=-1)


def _arrays(a: ArrayLike, b: ArrayLike, starts: ArrayLike) -> tuple[FloatArray, FloatArray, Segments]:
    first, second = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    return first, second, Segments(starts, first.shape[-1])


def _divide(above: FloatArray, below: FloatArray, empty: float = np.nan) -> FloatArray:
    """Divide where `below` is positive and put `empty` elsewhere, without a warning."""
    result = np.full(np.broadcast_shapes(above.shape, below.shape), empty)
    return np.asarray(np.divide(above, below, out=result, where=below > 0), dtype=np.float64)


def _times_log(weight: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return weight · ln(ratio) with 0 · ln(0) = 0, the limit."""
    return weight * np.log(ratio, out=np.zeros_like(ratio), where=ratio > 0)


def dissimilarity(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """D = ½ Σ |aᵢ/A − bᵢ/B|, 0–1. Source: Duncan & Duncan 1955, doi:10.2307/2088328.

    Written as Σ |aᵢB − bᵢA| / 2AB: with whole counts a proportional table gives exactly 0.
    """
    group, rest, cut = _arrays(a, b, starts)
    group_total, rest_total = cut.total(group), cut.total(rest)
    apart = cut.total(np.abs(group * cut.spread(rest_total) - rest * cut.spread(group_total)))
    return _divide(apart, 2 * group_total * rest_total)


def isolation(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Share of the own group around the average member: Σ aᵢ/A · aᵢ/(aᵢ+bᵢ), share of the group–1.

    Source: Bell 1954, doi:10.2307/2574118. nan when there is no rest (it would be 1 by definition, not by
    segregation).
    """
    group, rest, cut = _arrays(a, b, starts)
    own = _divide(cut.total(group * _divide(group, group + rest, 0.0)), cut.total(group))
    return np.where(cut.total(rest) > 0, own, np.nan)


def interaction(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Share of the rest around the average member of the group: Σ aᵢ/A · bᵢ/(aᵢ+bᵢ) = 1 − isolation.

    Source: Bell 1954, doi:10.2307/2574118.
    """
    group, rest, cut = _arrays(a, b, starts)
    other = _divide(cut.total(group * _divide(rest, group + rest, 0.0)), cut.total(group))
    return np.where(cut.total(rest) > 0, other, np.nan)


def gini(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Twice the area between the segregation curve and the diagonal, 0–1, by sorting: O(N log N).

    With units sorted by share, G = Σ aᵢ (2Bᵢ − bᵢ) / AB − 1, Bᵢ the running sum of b; units with equal shares
    lie on one straight piece, so their order is no matter. Source: James & Taeuber 1985, doi:10.2307/270845.
    """
    group, rest, cut = _arrays(a, b, starts)
    share = _divide(group, group + rest, 0.0)
    segment = np.broadcast_to(np.repeat(np.arange(cut.starts.size), cut.lengths), share.shape)
    order = np.lexsort((share, segment), axis=-1)
    group, rest = np.take_along_axis(group, order, -1), np.take_along_axis(rest, order, -1)
    running = np.cumsum(rest, axis=-1)
    before = np.concatenate([np.zeros((*running.shape[:-1], 1)), running], axis=-1)[..., cut.starts]
    area = cut.total(group * (2 * (running - cut.spread(before)) - rest))
    return _divide(area, cut.total(group) * cut.total(rest)) - 1


def theil_h(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """H: mutual information of unit and group over the entropy of the groups, 0–1.

    H = Σ [aᵢ ln(aᵢT/Atᵢ) + bᵢ ln(bᵢT/Btᵢ)] / [A ln(T/A) + B ln(T/B)]; the same for any base of the logarithm.
    Source: Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795.
    """
    group, rest, cut = _arrays(a, b, starts)
    group_total, rest_total = cut.total(group), cut.total(rest)
    both, everyone = group + rest, group_total + rest_total
    information, entropy = np.zeros_like(everyone), np.zeros_like(everyone)
    for part, total in ((group, group_total), (rest, rest_total)):
        ratio = _divide(part * cut.spread(everyone), both * cut.spread(total), 0.0)
        information = information + cut.total(_times_log(part, ratio))
        entropy = entropy + _times_log(total, _divide(everyone, total, 0.0))
    return _divide(information, np.where((group_total > 0) & (rest_total > 0), entropy, np.nan))


def correlation_ratio(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """η² = (isolation − P)/(1 − P): variance of the shares over its maximum P(1 − P), 0–1.

    Written as Σ (aᵢT − Atᵢ)²/tᵢ / TAB: never negative. Source: Bell 1954, doi:10.2307/2574118.
    """
    group, rest, cut = _arrays(a, b, starts)
    group_total, rest_total = cut.total(group), cut.total(rest)
    both, everyone = group + rest, group_total + rest_total
    off = (group * cut.spread(everyone) - both * cut.spread(group_total)) ** 2
    return _divide(cut.total(_divide(off, both, 0.0)), everyone * group_total * rest_total)


def _moments(a: ArrayLike, b: ArrayLike, starts: ArrayLike) -> tuple[FloatArray, FloatArray]:
    value, weight, cut = _arrays(a, b, starts)
    total = cut.total(weight)
    mean = _divide(cut.total(weight * value), total)
    return mean, np.sqrt(_divide(cut.total(weight * (value - cut.spread(mean)) ** 2), total))


def weighted_sd(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """√(Σ wᵢ(yᵢ − ȳ)²/W) with ȳ = Σ wᵢyᵢ/W, in the unit of y. Source: Williamson 1965, doi:10.1086/450136."""
    return _moments(a, b, starts)[1]


def coefficient_of_variation(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Weighted standard deviation over the weighted mean; nan when the mean is not positive.

    Source: Williamson 1965, equation for V_w, doi:10.1086/450136.
    """
    mean, spread = _moments(a, b, starts)
    return _divide(spread, mean)


def theil_between(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """T between units: Σ wᵢ/W · yᵢ/ȳ · ln(yᵢ/ȳ), 0 ln 0 = 0; nan when a value with weight is below 0.

    Source: Shorrocks 1980, between-group part of the class at c = 1, doi:10.2307/1913126.
    """
    value, weight, cut = _arrays(a, b, starts)
    total = cut.total(weight)
    mean = _divide(cut.total(weight * value), total)
    relative = _divide(value, cut.spread(mean))
    negative = cut.total(((value < 0) & (weight > 0)).astype(np.float64)) > 0
    return np.where(negative, np.nan, _divide(cut.total(weight * _times_log(relative, relative)), total))


def expected_under_evenness(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return the D to expect when the same people lived at random in the same homes (exact, no simulation).

    Small counts push D up by chance alone. Each unit keeps its size tᵢ and the city its A and B, so aᵢ is
    hypergeometric and E D = T/2AB · Σ E|aᵢ − tᵢP|. With m the first whole number above tᵢP, the mean absolute
    deviation is 2m(T − A − tᵢ + m)/T · Pr(aᵢ = m), because (x − tᵢP)·Pr(x) telescopes. Counts are rounded to
    whole people.
    Source: Cortese, Falk & Cohen 1976 (the idea), doi:10.2307/2094840; Diaconis & Zabell 1991 (such sums),
    Statistical Science 6(3).
    """
    from scipy.special import gammaln

    def log_choose(among: FloatArray, chosen: FloatArray) -> FloatArray:
        return np.asarray(gammaln(among + 1) - gammaln(chosen + 1) - gammaln(among - chosen + 1))

    group, rest, cut = _arrays(a, b, starts)
    both = np.rint(group) + np.rint(rest)
    group_total, rest_total = cut.total(np.rint(group)), cut.total(np.rint(rest))
    everyone = group_total + rest_total
    people, members = cut.spread(everyone), cut.spread(group_total)
    above = np.floor(_divide(both * members, people, 0.0)) + 1
    possible = (above <= both) & (above <= members)
    others = np.where(possible, people - members - both + above, 0.0)
    above = np.where(possible, above, 0.0)
    log_chance = (
        log_choose(members, above)
        + log_choose(people - members, np.where(possible, both - above, 0.0))
        - log_choose(people, both)
    )
    deviation = np.where(possible, 2 * above * others * np.exp(np.where(possible, log_chance, 0.0)), 0.0)
    return _divide(cut.total(deviation), 2 * group_total * rest_total)
