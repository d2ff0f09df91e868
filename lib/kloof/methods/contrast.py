"""The difference between focus and rest in something each buurt did, with a spread that lets both groups differ.

In a balanced panel with unit and year effects and weights that stay with the buurt, every coefficient of focus × year
terms is a difference of two weighted means of a contrast over the years of each buurt's own figures, and clustering by
buurt is then the ordinary robust variance of that difference. So the estimator takes contrasts (buurt × coefficient),
not panels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from kloof.errors import NotComputableError
from kloof.methods.arrays import LEVEL, Array, Flags
from kloof.methods.randomisation import Replays, interval, p_value

Parts = Sequence[tuple[Flags, float]]  # groups of buurten, each with what its mean is multiplied by
_EQUAL = 1e-9  # relative; a spread that is smaller is only floating point


@dataclass(frozen=True)
class Difference:
    """Focus minus rest of k contrasts: `estimate` (k), `covariance` (k × k), `degrees` of freedom of each t (k)."""

    estimate: Array
    covariance: Array
    degrees: Array

    @property
    def standard_error(self) -> Array:
        """Square root of the variances (k)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def interval(self, level: float = LEVEL) -> tuple[Array, Array]:
        """Give the limits of each coefficient by the t distribution (k, k)."""
        from scipy.special import stdtrit

        margin = stdtrit(self.degrees, (1 + level) / 2) * self.standard_error
        return self.estimate - margin, self.estimate + margin

    def p_value(self, c: float = 0.0) -> Array:
        """Give the two-sided p-value of "the coefficient is c" by the t distribution (k)."""
        from scipy.special import stdtr

        return np.asarray(2 * stdtr(self.degrees, -np.abs(self.estimate - c) / self.standard_error))


def check_groups(is_focus: Flags) -> None:
    """Raise NotComputableError(too_few_buurten) unless both groups have two buurten to see a spread in."""
    smallest = int(min(is_focus.sum(), (~is_focus).sum()))
    if smallest < 2:
        raise NotComputableError(
            "too_few_buurten", f"The smallest group has {smallest} buurten; a spread within a group needs two."
        )


def difference(contrasts: Array, weight: Array, is_focus: Flags) -> Difference:
    """Give focus minus rest of each contrast with its robust covariance and few degrees of freedom.

    What `unchecked_difference` gives, where every contrast varies. Raises NotComputableError(too_few_buurten), or
    (no_spread) when a contrast does not vary within the groups.
    """
    found = unchecked_difference(contrasts, weight, is_focus)
    if (np.diag(found.covariance) <= (_EQUAL * np.abs(contrasts).max(axis=0)) ** 2).any():
        raise NotComputableError(
            "no_spread", "All buurten of a group did the same, so nothing shows how far they could have differed."
        )
    return found


def unchecked_difference(contrasts: Array, weight: Array, is_focus: Flags) -> Difference:
    """Give focus minus rest of each contrast, also of one that does not vary: variance 0, infinite degrees of freedom.

    `contrasts` buurt × k, `weight` and `is_focus` one per buurt. The variance sums (share · residual)² / m, where m is
    the expected squared residual when buurten within a group vary alike: unbiased then, whatever the two groups differ
    (CR2). The degrees of freedom are Satterthwaite's for each group, joined by Welch.
    Raises NotComputableError(too_few_buurten).
    Sources: Bell & McCaffrey 2002, Survey Methodology 28; Imbens & Kolesár 2016, doi:10.1162/REST_a_00552; Pustejovsky
    & Tipton 2018, doi:10.1080/07350015.2016.1247004; Welch 1947, doi:10.1093/biomet/34.1-2.28.
    """
    check_groups(is_focus)
    return combination(contrasts, weight, ((is_focus, 1.0), (~is_focus, -1.0)))


def combination(contrasts: Array, weight: Array, parts: Parts) -> Difference:
    """Give a sum of the weighted means of several groups, each times its own factor, as `unchecked_difference` does.

    `parts` are the groups (flags, one per buurt) with their factors; focus 1 and rest -1 give the difference. Every
    group needs two buurten; what varies in none of them has variance 0.
    """
    width = contrasts.shape[1]
    estimate, covariance = np.zeros(width), np.zeros((width, width))
    squared = np.zeros(width)
    for side, times in parts:
        share = weight[side] / weight[side].sum()
        middle = share @ contrasts[side]
        residual = contrasts[side] - middle
        factor = share**2 / expected_square(share)
        part = times**2 * ((factor[:, None] * residual).T @ residual)
        estimate += times * middle
        covariance += part
        squared += np.diag(part) ** 2 / satterthwaite(share)
    variance = np.diag(covariance)
    degrees = np.divide(variance**2, squared, out=np.full(width, np.inf), where=squared > 0)
    return Difference(estimate, covariance, degrees)


def expected_square(share: Array) -> Array:
    """Give the expected squared residual from a weighted mean, per unit of variance: 1 - 2s + Σs²."""
    return np.asarray(1 - 2 * share + (share**2).sum(axis=-1, keepdims=True))


def satterthwaite(share: Array) -> float:
    """Give the degrees of freedom of the variance of one weighted mean: tr(B)² / tr(B²) of its quadratic form ε'Bε.

    Equal shares of n give n - 1. Source: Satterthwaite 1946, doi:10.2307/3002019; Bell & McCaffrey 2002.
    """
    factor = share**2 / expected_square(share)
    centre = np.eye(len(share)) - share  # takes the weighted mean off every buurt
    form = centre.T @ (factor[:, None] * centre)
    return float(np.trace(form) ** 2 / (form * form).sum())


def size_and_degrees_of(weight: Array, parts: Parts) -> tuple[float, float]:
    """Give of a `combination` of groups its effective size, and the degrees of freedom of its variance.

    As the groups would have them if all buurten varied alike: the variance of one buurt divided by the size is that of
    the combination. Neither hangs on what the buurten did, as the degrees of `unchecked_difference` do.
    """
    shares = [weight[side] / weight[side].sum() for side, _ in parts]
    squares = [times**2 * float(share @ share) for share, (_, times) in zip(shares, parts, strict=True)]
    squared = sum(part**2 / satterthwaite(share) for part, share in zip(squares, shares, strict=True))
    return 1 / sum(squares), sum(squares) ** 2 / squared


OWN = "own"  # every buurt's own squared residual, weighed by its share: the variance of `difference` (CR2)
ALIKE = "alike"  # one variance for each group, from all its buurten alike; steadier when a few buurten weigh most
FEW = 8  # with a group smaller than this the dealt statistics reject too often, so `guarded` adds the t interval
_LOST = 1e-13  # a variance that is a smaller part of the squared figures is only floating point


_AT_ONCE = 1000  # draws whose shares stay near the processor


def _moments(contrasts: Array, weight: Array, labels: Flags, variance: str) -> tuple[Array, Array]:
    """Difference (k × draws) and its estimated covariance (k × k × draws) under every dealt label."""
    parts = [
        _some_moments(contrasts, weight, labels[first : first + _AT_ONCE].astype(np.float64), variance)
        for first in range(0, len(labels), _AT_ONCE)
    ]
    return np.concatenate([part[0] for part in parts], axis=-1), np.concatenate([part[1] for part in parts], axis=-1)


def _some_moments(contrasts: Array, weight: Array, labels: Array, variance: str) -> tuple[Array, Array]:
    draws, (units, width) = len(labels), contrasts.shape
    centre, products = np.zeros((width, draws)), np.zeros((width, width, draws))
    crossed = (contrasts[:, :, None] * contrasts[:, None, :]).reshape(units, -1)
    summed = np.column_stack([np.ones(units), contrasts, crossed])
    every = np.column_stack([weight, weight**2, weight[:, None] * contrasts, summed])
    inside = np.ascontiguousarray((labels @ every).T)
    for side, held, sign in ((labels, inside, 1.0), (1 - labels, every.sum(axis=0)[:, None] - inside, -1.0)):
        total, squared, mean = held[0], held[1], held[2 : width + 2] / held[0]
        centre += sign * mean
        if variance == OWN:  # share² over its expected square (see there), both times the squared total
            room = side * weight
            room *= -2 * total[:, None]
            room += (total**2 + squared)[:, None]
            sums = np.ascontiguousarray((np.divide(side, room, out=room) @ (weight[:, None] ** 2 * summed)).T)
            middle = mean
        else:
            sums = held[width + 2 :]
            middle = sums[1 : width + 1] / sums[0]
            sums = sums * (squared / total**2 / (sums[0] - 1))
        for one in range(width):
            for other in range(one, width):
                product = sums[1 + width + one * width + other] + sums[0] * middle[one] * middle[other]
                product -= middle[one] * sums[1 + other] + middle[other] * sums[1 + one]
                products[one, other] += product
                products[other, one] = products[one, other]
    return centre, products


def _complete(labels: Flags, is_focus: Flags) -> bool:
    """Whether the labels are every way to deal, once."""
    if len(labels) != comb(len(is_focus), int(is_focus.sum())):
        return False
    return len(np.unique(np.packbits(labels, axis=1), axis=0)) == len(labels)


def standard_error(contrast: Array, weight: Array, is_focus: Flags, variance: str) -> float:
    """Give the standard error of focus minus rest of one contrast, by its own residuals or alike.

    Raises NotComputableError(too_few_buurten), or (no_spread) when all buurten of both groups did the same.
    """
    check_groups(is_focus)
    squared = float(_moments((contrast - contrast.mean())[:, None], weight, is_focus[None, :], variance)[1][0, 0, 0])
    if squared <= _LOST * np.abs(contrast).max(initial=0.0) ** 2:
        raise NotComputableError(
            "no_spread", "All buurten of a group did the same, so nothing shows how far they could have differed."
        )
    return float(np.sqrt(squared))


def replays(contrast: Array, weight: Array, is_focus: Flags, labels: Flags, variance: str = OWN) -> Replays:
    """Deal the labels and studentise each time: statistics as functions of c, the change of focus that is supposed."""
    scale = float(np.abs(contrast - contrast.mean()).max()) or 1.0
    both = np.stack([(contrast - contrast.mean()) / scale, is_focus.astype(np.float64)], axis=1)
    centre, products = _moments(both, weight, labels, variance)
    return Replays(
        top=scale * centre[0],
        slope=centre[1],
        square=scale**2 * products[0, 0],
        cross=scale * products[0, 1],
        bend=products[1, 1],
        complete=_complete(labels, is_focus),
    )


def studentised(
    contrast: Array, weight: Array, is_focus: Flags, labels: Flags, variance: str = OWN
) -> tuple[float, float, float]:
    """Give the limits of focus minus rest of one contrast, and the p-value of 0, by dealing studentised labels.

    `contrast`, `weight`, `is_focus` one per buurt; `variance` OWN or ALIKE. Raises NotComputableError
    (too_few_buurten, no_spread, too_few_draws).
    """
    error = standard_error(contrast, weight, is_focus, variance)
    estimate = float(_moments(contrast[:, None], weight, is_focus[None, :], OWN)[0][0, 0])
    dealt = replays(contrast, weight, is_focus, labels, variance)
    low, high = interval(dealt, estimate, error)
    return low, high, p_value(dealt, estimate, error)


def guarded(contrast: Array, weight: Array, is_focus: Flags, labels: Flags) -> tuple[float, float, float]:
    """Give the widest limits of both studentised dealings, and the larger of their p-values of 0.

    The residuals' own variance is right for the weighted gap but unsteady when few buurten weigh most; one variance
    for each group is steady but supposes that large and small vary alike. What both keep is kept. With fewer than FEW
    buurten in a group the t interval of `difference` is added, since no dealt statistic is reliable there.
    """
    found = [studentised(contrast, weight, is_focus, labels, variance) for variance in (OWN, ALIKE)]
    if min(is_focus.sum(), (~is_focus).sum()) < FEW:
        robust = difference(contrast[:, None], weight, is_focus)
        low, high = robust.interval()
        found.append((float(low[0]), float(high[0]), float(robust.p_value()[0])))
    return min(part[0] for part in found), max(part[1] for part in found), max(part[2] for part in found)
