"""Bounds an index over a box by the one number that ties its units together.

Each index here is, but for a rising function of it, the lowest over a centre c of Σ φ(x, y, c) / Σ ψ(x, y, c), a sum
over units of two numbers x and y. For spreads of means, value and weight, φ is a weight times a Bregman divergence,
which the mean of the values minimises (Banerjee et al. 2005, Journal of Machine Learning Research 6: 1705-1749,
proposition 1), or for the coefficient of variation a square, which c = Σwv / Σwv² does. For evenness, group and rest,
the index is 1 − ΣF(aᵢ, bᵢ) / F(A, B) with F concave and F(ka, kb) = kF(a, b): F(A, B) is the lowest of its tangents,
which add up over units, and φ is how far F lies below the tangent at share c. For one c every unit has its own best
numbers, found by the method of Dinkelbach 1967 (doi:10.1287/mnsc.13.7.492), so that only c is left to search.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from kloof.extremes import CountBox, highest_mean
from kloof.formulas import FloatArray
from kloof.indices import Index
from kloof.segments import divide, times_log

_TURNS = 40  # Dinkelbach's steps square the error; what still moves after so many is no bound
_STILL = 1e-12  # the part of itself by which a ratio that is at rest still moves, and by which a low counts as lower
_CELLS, _ZOOMS, _MOST = 24, 9, 50  # cells of an interval, times they are cut again, and most that are at once
_REACHED = 1e-7  # the part of the highest value by which a table may miss an end
_MUCH = 1e300  # instead of infinity, which times 0 is nothing

Pair = tuple[FloatArray, FloatArray]


class Ends(NamedTuple):
    """A low and a high that no table of the box goes beyond; exact: there are tables that reach them."""

    low: float
    high: float
    exact: bool


class _Form(NamedTuple):
    """How an index is made of its units, all for centres (K, 1).

    terms: φ and ψ of x, y and c. nearest: tables of which one has, unit by unit, the lowest φ − ratio·ψ. excess: how
    far the ratio at c can lie above that at the table's own centre, the further that is from c the more.
    """

    terms: Callable[[FloatArray, FloatArray, FloatArray], Pair]
    nearest: Callable[[FloatArray, FloatArray, CountBox], list[Pair]]
    excess: Callable[[FloatArray, FloatArray], FloatArray]
    of_ratio: Callable[[float], float]


class _Spread(NamedTuple):
    """φ and ψ for a weight of 1, and the value with the lowest φ − ratio·ψ."""

    deviation: Callable[[FloatArray, FloatArray], FloatArray]
    size: Callable[[FloatArray], FloatArray]
    nearest: Callable[[FloatArray, FloatArray], FloatArray]
    of_ratio: Callable[[float], float]


class _Evenness(NamedTuple):
    """F, its slope to a at share p, and a per b where the slope is k times that; for b, turn p and power round."""

    whole: Callable[[FloatArray, FloatArray, float], FloatArray]
    slope: Callable[[FloatArray, float], FloatArray]
    per_other: Callable[[FloatArray, FloatArray, float], FloatArray]


_SPREADS: Mapping[str, _Spread] = MappingProxyType(
    {
        "weighted_sd": _Spread(
            lambda v, c: (v - c) ** 2, np.ones_like, lambda c, _: c, lambda ratio: float(np.sqrt(ratio))
        ),
        # with c = Σwv / Σwv² the ratio is CV² / (1 + CV²)
        "coefficient_of_variation": _Spread(
            lambda v, c: (1 - c * v) ** 2,
            np.ones_like,
            lambda c, _: 1 / c,
            lambda ratio: float(np.sqrt(ratio / (1 - ratio))) if ratio < 1 else np.inf,
        ),
        "theil_between": _Spread(
            lambda v, c: times_log(v, v / c) - v + c, lambda v: v, lambda c, ratio: c * np.exp(ratio), float
        ),
    }
)

_POWER = _Evenness(
    lambda a, b, power: a**power * b ** (1 - power),
    lambda p, power: power * ((1 - p) / p) ** (1 - power),
    lambda p, k, power: p / (1 - p) * k ** (-1 / (1 - power)),
)
_EVENNESS: Mapping[str, _Evenness] = MappingProxyType(
    {
        "theil_h": _Evenness(
            lambda a, b, _: -times_log(a, divide(a, a + b, 0.0)) - times_log(b, divide(b, a + b, 0.0)),
            lambda p, _: -np.log(p),
            lambda p, k, _: p**k / (1 - p**k),
        ),
        "correlation_ratio": _Evenness(
            lambda a, b, _: a * divide(b, a + b, 0.0),
            lambda p, _: (1 - p) ** 2,
            lambda p, k, _: 1 / (np.sqrt(k) * (1 - p)) - 1,
        ),
        "hutchens": _POWER,
        "atkinson": _POWER,
    }
)


def _spread_form(spread: _Spread) -> _Form:
    """Make the form of a spread of means: the ratio at c lies φ/ψ of the own centre above that at the own centre."""

    def nearest(c: FloatArray, ratio: FloatArray, box: CountBox) -> list[Pair]:
        value = np.clip(spread.nearest(c, ratio), box.a_low, box.a_high)
        return [(value, weight) for weight in (box.b_low, box.b_high)]

    def excess(c: FloatArray, own: FloatArray) -> FloatArray:
        value = spread.nearest(own, np.zeros_like(own))
        return spread.deviation(value, c) / spread.size(value)

    return _Form(lambda v, w, c: (w * spread.deviation(v, c), w * spread.size(v)), nearest, excess, spread.of_ratio)


def _evenness_form(even: _Evenness, index: Index) -> _Form:
    """Make the form of an index 1 − ΣF / F(A, B).

    φ − ratio·ψ is convex, and k times as large for k times a and b: it has no lowest point inside a box, so that it is
    lowest on an edge. With the tangent d above F(P) at the own share P, 1 − ratio is F(P) / (F(P) + d) times as large
    as 1 − index, so that the ratio lies at most d / F(P) above the index.
    """
    power = (index.parameter.default if index.parameter else None) or 0.5

    def terms(a: FloatArray, b: FloatArray, c: FloatArray) -> Pair:
        tangent = even.slope(c, power) * a + even.slope(1 - c, 1 - power) * b
        return tangent - even.whole(a, b, power), tangent

    def nearest(c: FloatArray, ratio: FloatArray, box: CountBox) -> list[Pair]:
        k = np.clip(1 - ratio, 0, 1)
        groups = np.minimum(even.per_other(c, k, power), _MUCH)
        rests = np.minimum(even.per_other(1 - c, k, 1 - power), _MUCH)
        return [
            *((np.clip(groups * rest, *box[:2]), rest) for rest in box[2:]),
            *((group, np.clip(rests * group, *box[2:])) for group in box[:2]),
        ]

    def excess(c: FloatArray, own: FloatArray) -> FloatArray:
        above, tangent = terms(own, 1 - own, c)
        return above / (tangent - above)

    exponent = 1 / (1 - power) if index.base == "atkinson" else 1.0
    return _Form(terms, nearest, excess, lambda ratio: float(1 - max(1 - ratio, 0.0) ** exponent))


def bounds_of(index: Index, box: CountBox) -> Ends | None:
    """Bound an index over all tables of a box; None for an index without such a form, or of ratios to a mean of 0.

    High: the highest of the lowest over c is at most the lowest over c of the highest, whatever c are tried. Low: no
    table whose own centre lies in a cell of centres goes below the lowest ratio at the middle of the cell, less the
    excess there; cells that can hold something lower than what is met are cut again.
    """
    if index.id in _SPREADS:
        form, centres = _spread_form(_SPREADS[index.id]), (float(box.a_low.min()), float(box.a_high.max()))
        if index.id != "weighted_sd":
            if index.id == "theil_between":  # a table with a value below 0 has none
                box = box._replace(a_low=np.maximum(box.a_low, 0), a_high=np.maximum(box.a_high, 0))
            lowest_mean = -float(highest_mean(-box.a_low, *box[2:]))
            if lowest_mean <= 0:
                return None
            centres = lowest_mean, centres[1]
            if index.id == "coefficient_of_variation":
                squares = np.maximum(box.a_low**2, box.a_high**2)
                centres = lowest_mean / float(highest_mean(squares, *box[2:])), 1 / lowest_mean
    elif index.base in _EVENNESS:
        form = _evenness_form(_EVENNESS[index.base], index)
        (a_low, a_high), (b_low, b_high) = (np.sum(side, axis=1) for side in (box[:2], box[2:]))
        centres = a_low / (a_low + b_high), a_high / (a_high + b_low)
    else:
        return None
    with np.errstate(all="ignore"):
        low, above_low = (form.of_ratio(ratio) for ratio in _lowest(form, box, centres))
        bound, tables = _highest(form, box, centres)
        high, met = form.of_ratio(bound), float(np.fmax.reduce(index.function(*tables, (0,))[:, 0]))
    return Ends(low, high, max(above_low - low, high - met) <= _REACHED * met)


def _best(form: _Form, centre: FloatArray, box: CountBox, sign: int) -> tuple[FloatArray, Pair]:
    """Give for each centre (K,) the highest ratio (sign 1) or the lowest (-1), and its table (K, N).

    φ − ratio·ψ is convex in x and in y: its highest is at a corner. A ratio that has not come to rest is no bound: it
    is infinite.
    """
    c = centre[:, None]
    first, second = form.terms(box.a_high, box.b_high, c)
    ratio = first.sum(axis=-1, keepdims=True) / second.sum(axis=-1, keepdims=True)
    tables = [(x, y) for x in box[:2] for y in box[2:]]
    for _ in range(_TURNS):
        if sign < 0:
            tables = form.nearest(c, ratio, box)
        made = np.array([np.broadcast_arrays(*table, *form.terms(*table, c)) for table in tables])  # (tables, 4, K, N)
        at = (sign * (made[:, 2] - ratio * made[:, 3])).argmax(axis=0)
        x, y, first, second = np.take_along_axis(made, at[None, None], axis=0)[0]
        before, size = ratio, second.sum(axis=-1, keepdims=True)
        ratio = np.where(size > 0, first.sum(axis=-1, keepdims=True) / size, ratio)  # no weight: nothing is better
        still = np.abs(ratio - before) <= _STILL * np.abs(ratio)
        if still.all():
            break
    return np.where(still, ratio, sign * np.inf)[:, 0], (x, y)


def _lowest(form: _Form, box: CountBox, centres: tuple[float, float]) -> tuple[float, float]:
    """Give a ratio that no table's own ratio lies below, and the lowest that was met: a table lies at or below it."""
    met, edges = np.inf, np.linspace(*centres, _CELLS + 1)
    left, right = edges[:-1], edges[1:]
    for _ in range(_ZOOMS):
        middle = (left + right) / 2
        ratio, _ = _best(form, middle, box, -1)
        met = min(met, float(np.abs(ratio).min()))
        excess = np.maximum(form.excess(middle, left), form.excess(middle, right))
        bound = np.maximum(np.nan_to_num(ratio - excess, nan=0.0), 0.0)
        lower = bound < met * (1 - _STILL)
        if not lower.any():
            return met, met
        if np.count_nonzero(lower) > _MOST:
            break
        edges = np.linspace(left[lower], right[lower], _CELLS + 1)
        left, right = edges[:-1].ravel(), edges[1:].ravel()
    return float(bound[lower].min()), met


def _highest(form: _Form, box: CountBox, centres: tuple[float, float]) -> tuple[float, Pair]:
    """Give the lowest over centres of the highest ratio, and the tables that are highest at the centres tried last."""
    bound = np.inf
    for _ in range(_ZOOMS):
        edges = np.linspace(*centres, _CELLS + 1)
        ratio, tables = _best(form, (edges[:-1] + edges[1:]) / 2, box, 1)
        at = int(np.argmin(ratio))
        bound = min(bound, float(ratio[at]))
        centres = edges[max(at - 1, 0)], edges[min(at + 2, _CELLS)]
    return bound, tables
