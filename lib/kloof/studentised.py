"""Randomisation inference for a difference between focus and rest when the two may vary differently.

Dealing the labels of a raw difference (see `dealing`) supposes that focus and rest vary alike; divided by a standard
error that lets them differ, the dealt statistic stays valid with many buurten and exact where they do vary alike.
Contrasts are buurt × coefficient (see `differences`); labels are draws × buurten (see `dealing.deal`).

Sources: Janssen 1997, doi:10.1016/S0167-7152(97)00043-6; Ding, Li & Miratrix 2017, doi:10.1515/jci-2015-0014; Wu &
Ding 2021, doi:10.1080/01621459.2020.1750415.
"""

from math import comb

import numpy as np

from kloof.dealing import Array, Flags
from kloof.differences import check_groups, difference, expected_square
from kloof.errors import NotComputableError
from kloof.inversion import Replays, interval, p_value

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
