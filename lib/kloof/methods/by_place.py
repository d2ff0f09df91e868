"""The difference between focus and rest in every place at once, by sums over groups: `contrast` gives it of one.

Two things one place cannot say for itself are said by all together. Units near each other resemble each other, so that
a list of neighbours knows less than as many units apart: one correlation inside the clusters of all places
(`_resemblance`). And what is listed varies less or more than the rest: one ratio of variances (`_ratio`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kloof.methods.arrays import Array, Flags

Numbers = NDArray[np.intp]
_EQUAL = 1e-9  # relative; a spread that is smaller is only floating point
_MOST = 0.95  # correlation inside clusters; nearer to 1 a cluster would be one unit


@dataclass(frozen=True)
class Layout:
    """Units of k places in two sides: `weight`, `is_focus`, and numbers of `place` (below `count`) and `cluster`.

    Every place has two units or more with weight on either side; a cluster lies in one place. Numbers start at 0 and
    leave none out.
    """

    weight: Array
    is_focus: Flags
    place: Numbers
    cluster: Numbers
    count: int

    @cached_property
    def side(self) -> Numbers:
        """Number of the side of each unit: twice its place, and one more for the rest."""
        return np.asarray(2 * self.place + ~self.is_focus)

    @cached_property
    def share(self) -> Array:
        """What each unit weighs in its side."""
        return np.asarray(self.weight / self.by_side(self.weight)[self.side])

    @cached_property
    def squares(self) -> Array:
        """Sum of the squared shares of each side (2k): its variance when units vary alike and apart."""
        return self.by_side(self.share**2)

    @cached_property
    def expected_square(self) -> Array:
        """Expected squared residual of each unit, per unit of variance."""
        return np.asarray(1 - 2 * self.share + self.squares[self.side])

    @cached_property
    def factor(self) -> Array:
        """What each squared residual weighs in the variance (CR2)."""
        return np.asarray(self.share**2 / self.expected_square)

    @cached_property
    def part(self) -> tuple[Numbers, Numbers]:
        """Number of the part of a cluster in one side that each unit is in, and the side of each such part."""
        _, first, part = np.unique(2 * self.cluster + ~self.is_focus, return_index=True, return_inverse=True)
        return part, self.side[first]

    def by_side(self, value: Array) -> Array:
        """Sum over the units of each side (2k)."""
        return _sums(self.side, value, 2 * self.count)

    def by_part(self, value: Array) -> Array:
        """Sum over the units of each part of a cluster."""
        return _sums(self.part[0], value)

    def of_parts(self, value: Array) -> Array:
        """Sum what parts of clusters have over each side (2k)."""
        return _sums(self.part[1], value, 2 * self.count)

    @cached_property
    def clustered(self) -> Array:
        """Sum of the squared shares of the parts of clusters (2k): its variance when units of a cluster are one."""
        return self.of_parts(self.by_part(self.share) ** 2)

    @cached_property
    def clustered_square(self) -> Array:
        """Expected squared residual of each unit when units of a cluster are one, per unit of variance."""
        return np.asarray(1 - 2 * self.by_part(self.share)[self.part[0]] + self.clustered[self.side])

    @cached_property
    def halves(self) -> Array:
        """What the focus and the rest of each cluster weigh in their sides (2 × clusters)."""
        return self.by_half(self.share)

    def by_half(self, value: Array) -> Array:
        """Sum over the units of the focus and of the rest of each cluster (2 × clusters)."""
        found = _sums(2 * self.cluster + ~self.is_focus, value, 2 * int(self.cluster.max()) + 2)
        return np.asarray(found.reshape(-1, 2).T)

    def of_clusters(self, value: Array) -> Array:
        """Sum what clusters have over each place (k)."""
        first = np.unique(self.cluster, return_index=True)[1]
        return _sums(self.place[first], value, self.count)

    def means(self, value: Array) -> Array:
        """Give the weighted mean of each side (2k)."""
        return self.by_side(self.share * value)

    def joined(self, value: Array) -> Array:
        """Add the two sides of each place (k)."""
        return np.asarray(value.reshape(-1, 2).sum(axis=1))

    def true_variance(self, resemblance: float) -> Array:
        """Give the variance of the mean of each side (2k), per unit of variance."""
        return np.asarray((1 - resemblance) * self.squares + resemblance * self.clustered)

    def seen_variance(self, resemblance: float) -> Array:
        """Give what the CR2 variance of each side is on average (2k), per unit of variance."""
        clustered = self.by_side(self.factor * self.clustered_square)
        return np.asarray((1 - resemblance) * self.squares + resemblance * clustered)

    def degrees(self, resemblance: float = 0.0) -> Array:
        """Give Satterthwaite's degrees of freedom of the CR2 variance of each side (2k).

        tr(BR)² / tr(BRBR), summed: B is its quadratic form, R has 1 on its diagonal and the resemblance for two units
        of a cluster.
        """
        s, f, squares, clustered = self.share, self.factor, self.squares, self.clustered
        f0, f1, f2, ff = (self.by_side(value) for value in (f, f * s, f * s**2, f**2))
        alone = squares**2 * f0**2 - 4 * squares * f0 * f1 + 2 * f0 * f2 + 2 * f1**2
        alone += self.by_side(f**2 * (2 * self.expected_square - 1))
        t, c0, c1, cc = (self.by_part(value) for value in (s, f, f * s, f**2))
        side = self.part[1]
        lost = c0 - f0[side] * t
        mixed = self.of_parts(cc - 2 * (t * cc + lost * c1) + t**2 * ff[side] + 2 * t * lost * f1[side])
        mixed += self.of_parts(lost**2) * squares
        p, q = self.of_parts(c0**2), self.of_parts(c0 * t)
        together = p - 4 * self.of_parts(c0**2 * t) + 2 * f0 * self.of_parts(c0 * t**2)
        together += 2 * p * clustered + 2 * q**2 - 4 * f0 * q * clustered + f0**2 * clustered**2
        rest = 1 - resemblance
        whole = rest**2 * alone + 2 * resemblance * rest * mixed + resemblance**2 * together
        return np.asarray(self.seen_variance(resemblance) ** 2 / whole)


@dataclass(frozen=True)
class Common:
    """What all places have in common.

    `resemblance`, the correlation of units of a cluster on one side; `across`, that of a unit of the focus and one of
    the rest; `ratio`, the variance of a unit of the focus in parts of that of the rest.
    """

    resemblance: float
    across: float
    ratio: float


@dataclass(frozen=True)
class Differences:
    """Focus minus rest of a contrast in k places.

    `estimate`, `variance` of it; `size` (effective: 1 / size is the variance, per unit of that of the rest) and
    `degrees` of freedom of the variance, neither of which hangs on what the units of that place did; `flat` tells where
    no unit differs from its side; `common`, what all places have in common.
    """

    estimate: Array
    variance: Array
    size: Array
    degrees: Array
    flat: Flags
    common: Common


def differences(contrast: Array, layout: Layout, common: Common | None = None) -> Differences:
    """Give focus minus rest in every place, with the variance that counts how much units of a cluster resemble.

    Without resemblance the variance is that of `contrast.difference` (CR2). Else it is that, times what it should be
    over what it is on average, in each side; less what focus and rest of a cluster have in common. What places have in
    `common` is learnt from these, or known from others.
    Source: Moulton 1986, doi:10.1016/0304-4076(86)90021-7 (one correlation inside groups); see `contrast` for CR2.
    """
    means = layout.means(contrast)
    residual = contrast - means[layout.side]
    seen = layout.by_side(layout.factor * residual**2)
    resemblance = _resemblance(residual, seen, layout) if common is None else common.resemblance
    degrees, true = layout.degrees(resemblance), layout.true_variance(resemblance)
    variance = seen * true / layout.seen_variance(resemblance)
    ratio = _ratio(variance / true, degrees) if common is None else common.ratio
    true = true * np.tile([ratio, 1.0], layout.count)
    apart, made = layout.joined(true), layout.joined(variance)
    if common is None:
        across = min(_across(residual, made / apart, apart, ratio, layout), resemblance)
        common = Common(resemblance, across, ratio)
    whole = apart - 2 * common.across * np.sqrt(ratio) * layout.of_clusters(np.prod(layout.halves, axis=0))
    largest = np.zeros(layout.count)
    np.maximum.at(largest, layout.place, np.abs(contrast))
    return Differences(
        means[::2] - means[1::2], made * whole / apart, 1 / whole, apart**2 / layout.joined(true**2 / degrees),
        made <= (_EQUAL * largest) ** 2, common,
    )  # fmt: skip


def _resemblance(residual: Array, seen: Array, layout: Layout) -> float:
    """Give the correlation of units of a cluster on one side, 0 or more, by which pairs come out as they are expected.

    Of each side the products of pairs and the squares are sums whose expectations are known but for the variance and
    the correlation; the sides are added in parts of their own variance, so that no odd one speaks for all.
    """
    share = layout.share
    pairs = layout.of_parts(layout.by_part(share * residual) ** 2) - layout.by_side((share * residual) ** 2)
    t = layout.by_part(share)
    apart = layout.of_parts(layout.by_part(share**2) + t**2 * layout.squares[layout.part[1]])
    apart -= 2 * layout.of_parts(t * layout.by_part(share**2)) + layout.by_side(share**2 * layout.expected_square)
    one = layout.of_parts(t**2 * (1 - 2 * t)) + layout.clustered**2
    one -= layout.by_side(share**2 * layout.clustered_square)
    scale = _scale(seen / layout.squares) / layout.squares**2
    alone, together = layout.seen_variance(0.0), layout.seen_variance(1.0)
    against = float(scale @ (pairs * (together - alone) - seen * (one - apart)))
    found = float(scale @ (seen * apart - pairs * alone)) / against if against else 0.0
    return min(max(found, 0.0), _MOST)


def _across(residual: Array, variance: Array, apart: Array, ratio: float, layout: Layout) -> float:
    """Give the correlation of a unit of the focus and one of the rest of its cluster, 0 or more: see `_resemblance`."""
    focus, rest = layout.halves
    common = layout.of_clusters(focus * rest)
    pairs = layout.of_clusters(np.prod(layout.by_half(layout.share * residual), axis=0))
    expected = layout.of_clusters(focus * rest * (1 - focus - rest)) + common**2
    scale = _scale(variance) / apart**2
    against = np.sqrt(ratio) * float(scale @ (expected * variance))
    return max(float(scale @ pairs) / against, 0.0) if against else 0.0


def _scale(variance: Array) -> Array:
    """Give what each counts: less where more happens, but none more than twice what a usual one does."""
    usual = variance[variance > 0]
    return 1 / (variance + np.exp(np.log(usual).mean())) if usual.size else np.zeros_like(variance)


def _ratio(variance: Array, degrees: Array) -> float:
    """Give the ratio of the variance of a unit of the focus to that of the rest, the same in every place.

    By the mean difference of their logs, each less what its degrees of freedom make of it (as `drawn_in_variance`).
    """
    from scipy.special import digamma, polygamma

    known = (variance > 0).reshape(-1, 2).all(axis=1)
    if not known.any():
        return 1.0
    log = np.log(np.where(variance > 0, variance, 1.0)) - digamma(degrees / 2) + np.log(degrees / 2)
    weight = known / polygamma(1, degrees / 2).reshape(-1, 2).sum(axis=1)
    return float(np.exp(weight @ (log[::2] - log[1::2]) / weight.sum()))


def ranks_by_place(value: Array, weight: Array, place: Numbers) -> Array:
    """Give the part of the weight of its place below each unit, plus half of that of its equals: 0 to 1."""
    order = np.lexsort((value, place))
    new = np.concatenate([[True], (np.diff(value[order]) != 0) | (np.diff(place[order]) != 0)])
    equals = np.empty(len(value), np.intp)
    equals[order] = np.cumsum(new) - 1
    held, whole = _sums(equals, weight), _sums(place, weight)
    below = (np.cumsum(held) - held)[equals] - (np.cumsum(whole) - whole)[place]
    return np.asarray((below + held[equals] / 2) / whole[place])


def _sums(group: Numbers, value: Array, count: int = 0) -> Array:
    """Sum the values of each group, of which there are `count` or as many as there are numbers."""
    return np.bincount(group, weights=value, minlength=count).astype(np.float64)
