"""The difference between focus and rest in every place at once, by sums over groups: `contrast` gives it of one.

Two things one place cannot say for itself are said by all together. Units near each other resemble each other, so that
a list of neighbours knows less than as many units apart: correlations inside clusters, and over their borders
(`_correlations`). And what is listed varies less or more than the rest: one ratio of variances (`_ratio`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kloof.methods.arrays import Array, Flags

Numbers = NDArray[np.intp]
_EQUAL = 1e-9  # relative; a spread that is smaller is only floating point
_LENT = 10.0  # places: lists that lie in one cluster each then still learn from the rest
_MOST = 0.95  # correlation inside clusters; nearer to 1 a cluster would be one unit


@dataclass(frozen=True)
class Layout:
    """Units of k places in two sides: `weight`, `is_focus`, and numbers of `place` (below `count`) and `cluster`.

    Every place has two units or more with weight on either side; a cluster lies in one place. Numbers start at 0 and
    leave none out. Units lie in the order of their codes: the next one of its place is taken to be a neighbour.
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

    def paired(self, value: Array) -> Array:
        """Sum over what each unit is a pair with on its side, for each of three kinds of pairs (3 × units).

        Itself; the others of its cluster; and the units before and after it that lie in another cluster.
        """
        over = (np.diff(self.place) == 0) & (np.diff(self.side) == 0) & (np.diff(self.cluster) != 0)
        beside = np.zeros(len(value))
        beside[1:] += over * value[:-1]
        beside[:-1] += over * value[1:]
        return np.stack([value, self.by_part(value)[self.part[0]] - value, beside])

    @cached_property
    def pairs(self) -> Array:
        """What the share of each unit is paired with, for each kind (3 × units)."""
        return self.paired(self.share)

    @cached_property
    def products(self) -> Array:
        """Sum of the products of the shares of all pairs of each kind in each side (3 × 2k)."""
        return np.stack([self.by_side(self.share * one) for one in self.pairs])

    @cached_property
    def seen(self) -> Array:
        """What the CR2 variance of each side is on average by the pairs of each kind alone (3 × 2k)."""
        lost = self.products[:, self.side] - 2 * self.pairs
        lost[0] += 1
        return np.stack([self.by_side(self.factor * one) for one in lost])

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

    def true_variance(self, correlations: Array) -> Array:
        """Give the variance of the mean of each side (2k), per unit of variance.

        `correlations`: of two units of a cluster, and of two over a border, in each side (2 × 2k).
        """
        return np.asarray(self.products[0] + (correlations * self.products[1:]).sum(axis=0))

    def seen_variance(self, correlations: Array) -> Array:
        """Give what the CR2 variance of each side is on average (2k), per unit of variance; see `true_variance`."""
        return np.asarray(self.seen[0] + (correlations * self.seen[1:]).sum(axis=0))

    def degrees(self, within: Array | float = 0.0) -> Array:
        """Give Satterthwaite's degrees of freedom of the CR2 variance of each side (2k).

        tr(BR)² / tr(BRBR), summed: B is its quadratic form, R has 1 on its diagonal and the correlation `within` for
        two units of a cluster. The few pairs over borders are left out.
        """
        s, f, squares = self.share, self.factor, self.squares
        clustered = squares + self.products[1]  # the variance when units of a cluster are one
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
        rest = 1 - within
        whole = rest**2 * alone + 2 * within * rest * mixed + within**2 * together
        return np.asarray((self.seen[0] + within * self.seen[1]) ** 2 / whole)


@dataclass(frozen=True)
class Common:
    """What all places have in common.

    `within`, the correlation of two units of a cluster, both of the focus or both of the rest; `beside`, that of two
    that follow each other in two clusters; `across`, that of a unit of the focus and one of the rest of its cluster;
    `ratio`, the variance of a unit of the focus in parts of that of the rest.
    """

    within_focus: float
    within_rest: float
    beside_focus: float
    beside_rest: float
    across: float
    ratio: float

    @property
    def correlations(self) -> Array:
        """Of two units of a cluster and of two over a border, both of the focus and both of the rest (2 × 2)."""
        return np.array([[self.within_focus, self.within_rest], [self.beside_focus, self.beside_rest]])


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

    Without correlations the variance is that of `contrast.difference` (CR2). Else it is that, times what it should be
    over what it is on average, in each side; less what focus and rest of a cluster have in common. What places have in
    `common` is learnt from these, or known from others.
    Source: Moulton 1986, doi:10.1016/0304-4076(86)90021-7 (one correlation inside groups); see `contrast` for CR2.
    """
    means = layout.means(contrast)
    residual = contrast - means[layout.side]
    seen = layout.by_side(layout.factor * residual**2)
    known = _correlations(residual, seen, layout) if common is None else common.correlations
    correlations = np.tile(known, layout.count)
    degrees, true = layout.degrees(correlations[0]), layout.true_variance(correlations)
    variance = seen * true / layout.seen_variance(correlations)
    ratio = _ratio(variance / true, degrees) if common is None else common.ratio
    true = true * np.tile([ratio, 1.0], layout.count)
    apart, made = layout.joined(true), layout.joined(variance)
    if common is None:
        across = min(_across(residual, made / apart, apart, ratio, layout), float(np.sqrt(known[0].prod())))
        common = Common(*(float(one) for one in (*known.flat, across, ratio)))
    whole = apart - 2 * common.across * np.sqrt(ratio) * layout.of_clusters(np.prod(layout.halves, axis=0))
    largest = np.zeros(layout.count)
    np.maximum.at(largest, layout.place, np.abs(contrast))
    return Differences(
        means[::2] - means[1::2], made * whole / apart, 1 / whole, apart**2 / layout.joined(true**2 / degrees),
        made <= (_EQUAL * largest) ** 2, common,
    )  # fmt: skip


def _correlations(residual: Array, seen: Array, layout: Layout) -> Array:
    """Give the correlations by which products of pairs come out as expected: (inside, over a border) × (focus, rest).

    Residuals of a side sum to nothing, so that the products of one kind of pairs say something of all kinds: of each
    side they, and the squares, are sums whose expectations are linear in the correlations and known but for the
    variance. The sides are added in parts of their own variance, so that no odd one speaks for all. Focus and rest are
    each lent what both say in a few places, for where lists have no pairs to speak of. 0 or more.
    """
    share, pairs, products = layout.share, layout.pairs, layout.products
    found = share * residual
    made = [layout.by_side(found * one) for one in layout.paired(found)[1:]]
    expected = [
        [(one == other) * products[one] + products[one] * products[other]
         - 2 * layout.by_side(share * pairs[one] * pairs[other]) for other in range(3)]
        for one in (1, 2)
    ]  # fmt: skip
    scale = _scale(seen / layout.squares) / layout.squares**2
    beyond = np.array(
        [[(scale * (own * layout.seen[kind] - seen * by[kind])).reshape(-1, 2).sum(axis=0) for kind in range(3)]
         for own, by in zip(made, expected, strict=True)]
    )  # fmt: skip
    beyond += _LENT / layout.count * beyond.sum(axis=2, keepdims=True)
    solved = [np.linalg.lstsq(beyond[:, 1:, side], -beyond[:, 0, side])[0] for side in (0, 1)]
    return np.asarray(np.clip(np.stack(solved, axis=1), 0.0, _MOST))


def _across(residual: Array, variance: Array, apart: Array, ratio: float, layout: Layout) -> float:
    """Give the correlation of a unit of the focus and one of the rest of its cluster, 0 or more."""
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


def _sums(group: Numbers, value: Array, count: int = 0) -> Array:
    """Sum the values of each group, of which there are `count` or as many as there are numbers."""
    return np.bincount(group, weights=value, minlength=count).astype(np.float64)
