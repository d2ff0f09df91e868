"""Finds how small and how large a spread of means can be over a box, by the one number that ties its units together.

The standard deviation, the coefficient of variation and Theil's T are each the lowest, over a centre c, of a ratio
Σ w·φ(v, c) / Σ w·ψ(v). For the first and the last φ is a Bregman divergence, which the mean of the values minimises
(Banerjee et al. 2005, Journal of Machine Learning Research 6: 1705-1749, proposition 1); for the second it is a
square, which c = Σwv / Σwv² does. For one c every unit has its own best value and weight, found by the method of
Dinkelbach 1967 (doi:10.1287/mnsc.13.7.492), so that only c is left to search.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from kloof.extremes import CountBox, highest_mean
from kloof.formulas import FloatArray
from kloof.indices import Index

_TURNS = 30  # a box in which centres still move after so many turns is too wide for this way
_STILL = 1e-14  # a part of itself that it may move
_CENTRES, _ZOOMS = 17, 9  # the interval around the best centre is an eighth of the one before: 1e-8 of the first
_STARTS = 65
_SMALLEST = 1e-300
_PROVEN = 1e-10  # the part of a bound that may be missing to a highest value that counts as it


class Spread(NamedTuple):
    """The lowest and the highest that were found, both reached.

    `bound` is a value that no table in the box exceeds; `settled` tells whether the search of the lowest came to rest.
    """

    low: float
    high: float
    bound: float
    settled: bool

    @property
    def proven(self) -> bool:
        """Tell whether the highest is the bound, and the search of the lowest came to rest."""
        return self.settled and self.bound - self.high <= _PROVEN * self.bound


class _Form(NamedTuple):
    """φ, ψ, the value with the lowest φ − ratio·ψ, the centre of some values and weights, and the index of a ratio."""

    deviation: Callable[[FloatArray, FloatArray], FloatArray]
    size: Callable[[FloatArray], FloatArray]
    nearest: Callable[[FloatArray, FloatArray], FloatArray]
    centre: Callable[[FloatArray, FloatArray], FloatArray]
    of_ratio: Callable[[float], float]


def _mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray((weights * values).sum(axis=-1) / weights.sum(axis=-1))


def _per_value(values: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray((weights * values).sum(axis=-1) / (weights * values**2).sum(axis=-1))


def _divergence(values: FloatArray, centre: FloatArray) -> FloatArray:
    return np.asarray(values * np.log(np.maximum(values, _SMALLEST) / centre) - values + centre)


_FORMS: Mapping[str, _Form] = MappingProxyType(
    {
        "weighted_sd": _Form(
            lambda v, c: (v - c) ** 2, np.ones_like, lambda c, _: c, _mean, lambda ratio: float(np.sqrt(ratio))
        ),
        # with c = Σwv / Σwv² the ratio is CV² / (1 + CV²)
        "coefficient_of_variation": _Form(
            lambda v, c: (1 - c * v) ** 2,
            np.ones_like,
            lambda c, _: 1 / c,
            _per_value,
            lambda ratio: float(np.sqrt(ratio / (1 - ratio))) if ratio < 1 else np.inf,
        ),
        "theil_between": _Form(_divergence, lambda v: v, lambda c, ratio: c * np.exp(ratio), _mean, float),
    }
)


def spread(index: Index, box: CountBox) -> Spread | None:
    """Find the ends of an index over all values and weights in a box.

    The highest of the lowest over c is at most the lowest over c of the highest, which is convex in c: that is the
    bound, and where its table has c as its own centre it is reached. The lowest is found by turns: the best table
    for c, then the centre of that table, from many c. Gives None for an index without such a form, and for one of
    ratios where a value can be negative or a mean 0.
    """
    form = _FORMS.get(index.id)
    if form is None:
        return None
    ends = float(box.a_low.min()), float(box.a_high.max())
    if index.id != "weighted_sd":
        lowest_mean = -float(highest_mean(-box.a_low, *box[2:]))
        if ends[0] < 0 or lowest_mean <= 0:
            return None
        ends = lowest_mean, ends[1]
        if form.centre is _per_value:
            ends = 1 / ends[1], 1 / ends[0]
    if not ends[0] < ends[1]:
        return None
    with np.errstate(all="ignore"):
        low, settled = _lowest(index, form, box, ends)
        return Spread(low, *_highest(index, form, box, ends), settled)


def _best(form: _Form, centre: FloatArray, box: CountBox, sign: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give for each centre (K,) the highest ratio (sign 1) or the lowest (-1), and its values and weights (K, N).

    A ratio that has not come to rest is no bound: it is infinite.
    """
    c, ratio = centre[:, None], np.zeros((centre.size, 1))
    weight = np.broadcast_to(box.b_high, (centre.size, box.b_high.size))
    for _ in range(_TURNS):
        if sign > 0:  # φ − ratio·ψ is convex in the value: its highest is at an end
            low, high = (form.deviation(end, c) - ratio * form.size(end) for end in (box.a_low, box.a_high))
            value = np.where(high > low, box.a_high, box.a_low)
        else:
            value = np.clip(form.nearest(c, ratio), box.a_low, box.a_high)
        deviation, size = form.deviation(value, c), form.size(value)
        wanted = np.where(sign * (deviation - ratio * size) > 0, box.b_high, box.b_low)
        weight = np.where((wanted * size).sum(axis=-1, keepdims=True) > 0, wanted, weight)
        before = ratio
        ratio = (weight * deviation).sum(axis=-1, keepdims=True) / (weight * size).sum(axis=-1, keepdims=True)
        still = np.abs(ratio - before) <= _STILL * np.abs(ratio)
        if still.all():
            break
    return np.where(still, ratio, sign * np.inf)[:, 0], value, weight


def _lowest(index: Index, form: _Form, box: CountBox, ends: tuple[float, float]) -> tuple[float, bool]:
    """Return the lowest value met from many centres, and whether all came to rest."""
    centre, settled = np.linspace(*ends, _STARTS), False
    for _ in range(_TURNS):
        _, value, weight = _best(form, centre, box, -1)
        before, centre = centre, form.centre(value, weight)
        settled = bool((np.abs(centre - before) <= _STILL * np.abs(centre)).all())
        if settled:
            break
    return float(np.nanmin(index.function(value, weight, (0,))[:, 0])), settled


def _highest(index: Index, form: _Form, box: CountBox, ends: tuple[float, float]) -> tuple[float, float]:
    """Return the highest value met, and the bound at the best centre."""
    met: list[float] = []
    for _ in range(_ZOOMS):
        centre = np.linspace(*ends, _CENTRES)
        ratio, value, weight = _best(form, centre, box, 1)
        met.append(float(np.nanmax(index.function(value, weight, (0,))[:, 0])))
        at = int(np.argmin(ratio))
        ends = centre[max(at - 1, 0)], centre[min(at + 1, _CENTRES - 1)]
    return max(met), form.of_ratio(float(ratio[at]))
