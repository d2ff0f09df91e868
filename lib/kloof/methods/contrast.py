"""The difference between focus and rest in something each buurt did, with a spread that lets both groups differ.

In a balanced panel with unit and year effects and weights that stay with the buurt, every coefficient of focus × year
terms is a difference of two weighted means of a contrast over the years of each buurt's own figures, and clustering by
buurt is then the ordinary robust variance of that difference. So the estimator takes contrasts (buurt × coefficient),
not panels.
"""

from dataclasses import dataclass
from math import comb

import numpy as np

from kloof.errors import NotComputableError
from kloof.methods.arrays import LEVEL, Array, Flags
from kloof.methods.randomisation import Replays, interval, p_value

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
    width = contrasts.shape[1]
    estimate, covariance = np.zeros(width), np.zeros((width, width))
    squared = np.zeros(width)
    for side, sign in ((is_focus, 1.0), (~is_focus, -1.0)):
        share = weight[side] / weight[side].sum()
        middle = share @ contrasts[side]
        residual = contrasts[side] - middle
        factor = share**2 / expected_square(share)
        part = (factor[:, None] * residual).T @ residual
        estimate += sign * middle
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


OWN = "own"  # every buurt's own squared residual, weighed by its share: the variance of `difference` (CR2)
ALIKE = "alike"  # one variance for each group, from all its buurten alike; steadier when a few buurten weigh most
FEW = 8  # with a group smaller than this the dealt statistics reject too often, so `guarded` adds the t interval
_LOST = 1e-13  # a variance that is a smaller part of the squared figures is only floating point


def _moments(contrasts: Array, weight: Array, labels: Array, variance: str) -> tuple[Array, Array]:
    """Difference (draws × k) and its estimated covariance (draws × k × k) under every dealt label."""
    draws, width = len(labels), contrasts.shape[1]
    centre, products = np.zeros((draws, width)), np.zeros((draws, width, width))
    crossed = (contrasts[:, :, None] * contrasts[:, None, :]).reshape(len(weight), -1)
    for side, sign in ((labels, 1.0), (1 - labels, -1.0)):
        share = side * weight
        share /= share.sum(axis=1, keepdims=True)
        centre += sign * (share @ contrasts)
        if variance == OWN:
            factor, middle = share**2 / expected_square(share), share @ contrasts
        else:
            count = side.sum(axis=1, keepdims=True)
            factor = side * (share**2).sum(axis=1, keepdims=True) / (count - 1)
            middle = side @ contrasts / count
        first = factor @ contrasts
        second = (factor @ crossed).reshape(draws, width, width)
        outer = middle[:, :, None] * first[:, None, :]
        square = factor.sum(axis=1)[:, None, None] * middle[:, :, None] * middle[:, None, :]
        products += second + square - outer - outer.transpose(0, 2, 1)
    return centre, products


def _complete(labels: Array, is_focus: Flags) -> bool:
    """Whether the labels are every way to deal, once."""
    return len(labels) == comb(len(is_focus), int(is_focus.sum())) and len(np.unique(labels, axis=0)) == len(labels)


def standard_error(contrast: Array, weight: Array, is_focus: Flags, variance: str) -> float:
    """Give the standard error of focus minus rest of one contrast, by its own residuals or alike.

    Raises NotComputableError(too_few_buurten), or (no_spread) when all buurten of both groups did the same.
    """
    check_groups(is_focus)
    own = is_focus[None, :].astype(np.float64)
    squared = float(_moments((contrast - contrast.mean())[:, None], weight, own, variance)[1][0, 0, 0])
    if squared <= _LOST * np.abs(contrast).max(initial=0.0) ** 2:
        raise NotComputableError(
            "no_spread", "All buurten of a group did the same, so nothing shows how far they could have differed."
        )
    return float(np.sqrt(squared))


def replays(contrast: Array, weight: Array, is_focus: Flags, labels: Array, variance: str = OWN) -> Replays:
    """Deal the labels and studentise each time: statistics as functions of c, the change of focus that is supposed."""
    scale = float(np.abs(contrast - contrast.mean()).max()) or 1.0
    both = np.stack([(contrast - contrast.mean()) / scale, is_focus.astype(np.float64)], axis=1)
    centre, products = _moments(both, weight, labels, variance)
    return Replays(
        top=scale * centre[:, 0],
        slope=centre[:, 1],
        square=scale**2 * products[:, 0, 0],
        cross=scale * products[:, 0, 1],
        bend=products[:, 1, 1],
        complete=_complete(labels, is_focus),
    )


def studentised(
    contrast: Array, weight: Array, is_focus: Flags, labels: Array, variance: str = OWN
) -> tuple[float, float, float]:
    """Give the limits of focus minus rest of one contrast, and the p-value of 0, by dealing studentised labels.

    `contrast`, `weight`, `is_focus` one per buurt; `variance` OWN or ALIKE. Raises NotComputableError
    (too_few_buurten, no_spread, too_few_draws).
    """
    error = standard_error(contrast, weight, is_focus, variance)
    estimate = float(_moments(contrast[:, None], weight, is_focus[None, :].astype(np.float64), OWN)[0][0, 0])
    dealt = replays(contrast, weight, is_focus, labels, variance)
    low, high = interval(dealt, estimate, error)
    return low, high, p_value(dealt, estimate, error)


def guarded(contrast: Array, weight: Array, is_focus: Flags, labels: Array) -> tuple[float, float, float]:
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
