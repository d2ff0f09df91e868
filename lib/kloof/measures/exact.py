"""Finds the highest and lowest an index can be over a box: the methods behind `bounds`.

Four kinds: by a search over sets of units or a linear programme (dissimilarity), by a threshold (weighted means,
isolation), by one number that ties the units together (spreads, Theil's T: a Bregman divergence), and outer bounds,
which the true ends lie within (Gini, concentration profile).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kloof.errors import NotComputableError
from kloof.measures.registry import Index
from kloof.measures.tables import CountBox, FloatArray, divide, times_log
from kloof.measures.two_groups import dissimilarity

# branch and bound stops when this many numbers have been visited (half a second); the bound still holds then
_MOST_CELLS = 1_200_000
_TOLERANCE = 1e-12
_TURNS = 100

IndexFunction = Callable[[ArrayLike, ArrayLike, ArrayLike], FloatArray]


def highest_mean(values: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the highest weighted mean of `values` (..., N) with weights between low and high (N,): exact.

    A ratio of linear functions is highest where the weight is high for values above a threshold (the mean
    itself) and low below it; the N + 1 thresholds are all tried. A threshold without any weight is no
    candidate.
    """
    order = np.argsort(-values, axis=-1)
    value, base, extra = np.take_along_axis(values, order, -1), low[order], (high - low)[order]
    above = np.cumsum(value * extra, axis=-1) + (value * base).sum(axis=-1, keepdims=True)
    below = np.cumsum(extra, axis=-1) + low.sum()
    mean = np.divide(above, below, out=np.full(above.shape, -np.inf), where=below > 0)
    none_raised = np.full(values.shape[:-1], -np.inf)
    if low.sum() > 0:
        none_raised = (value * base).sum(axis=-1) / low.sum()
    return np.asarray(np.maximum(mean.max(axis=-1), none_raised), dtype=np.float64)


def _shares(chosen: FloatArray, box: CountBox) -> tuple[FloatArray, FloatArray]:
    """Return the highest part of group and lowest part of rest that can live in the chosen units (..., N)."""
    group_in, group_out = (chosen * box.a_high).sum(axis=-1), ((1 - chosen) * box.a_low).sum(axis=-1)
    rest_in, rest_out = (chosen * box.b_low).sum(axis=-1), ((1 - chosen) * box.b_high).sum(axis=-1)
    group, rest = group_in + group_out, rest_in + rest_out
    # without any group at all the part of it goes to 0; without any rest outside, all of the rest is inside
    highest = np.divide(group_in, group, out=np.zeros(group.shape), where=group > 0)
    lowest = np.divide(rest_in, rest, out=np.ones(rest.shape), where=rest > 0)
    return highest, lowest


def _difference_ends(box: CountBox) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest aᵢ/A − bᵢ/B of each unit."""

    def ends(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
        most_elsewhere, least_elsewhere = high.sum() - high, low.sum() - low
        least = np.divide(low, low + most_elsewhere, out=np.ones(low.shape), where=low + most_elsewhere > 0)
        most = np.divide(high, high + least_elsewhere, out=np.zeros(low.shape), where=high + least_elsewhere > 0)
        return least, most

    (group_least, group_most), (rest_least, rest_most) = ends(*box[:2]), ends(*box[2:])
    return group_least - rest_most, group_most - rest_least


def _climb_split(chosen: FloatArray, box: CountBox) -> tuple[float, FloatArray]:
    """Move one unit at a time in or out of the chosen units while D rises."""
    best = float(np.subtract(*_shares(chosen, box)))
    while True:
        flipped = np.abs(chosen - np.eye(chosen.size))
        values = np.subtract(*_shares(flipped, box))
        at = int(values.argmax())
        if values[at] <= best + _TOLERANCE:
            return best, chosen
        best, chosen = float(values[at]), flipped[at]


def _by_totals(nodes: FloatArray, filled: FloatArray, box: CountBox) -> FloatArray:
    """Bound D above for every completion of `nodes`, by relaxing the two totals with multipliers.

    With A and B the totals that belong to a choice S, and for any numbers l and m, exactly
    D(S) = l − m + Σ_S [(1−l)aᵢ/A − (1−m)bᵢ/B] + Σ_not S [m bᵢ/B − l aᵢ/A], with a high in S and low outside,
    b the other way round. The best S for given 1/A and 1/B is chosen unit by unit, and that maximum is convex
    in (1/A, 1/B), so over all totals that are possible it is highest at a corner. l and m come from `filled`.
    """
    free = np.isnan(nodes)
    inside = np.where(free, 0.0, nodes)
    outside = np.where(free, 0.0, 1 - nodes)
    group = inside @ box.a_high + outside @ box.a_low
    rest = inside @ box.b_low + outside @ box.b_high
    groups = group + free @ box.a_low, group + free @ box.a_high
    rests = rest + free @ box.b_low, rest + free @ box.b_high
    group_part, rest_part = (part[:, None] for part in _shares(filled, box))
    bound = np.full(len(nodes), -np.inf)
    open_ended = (groups[0] <= 0) | (rests[0] <= 0)
    for group in groups:
        for rest in rests:
            per_group = 1 / np.where(open_ended, 1.0, group)[:, None]
            per_rest = 1 / np.where(open_ended, 1.0, rest)[:, None]
            take = (1 - group_part) * box.a_high * per_group - (1 - rest_part) * box.b_low * per_rest
            leave = rest_part * box.b_high * per_rest - group_part * box.a_low * per_group
            score = np.where(free, np.maximum(take, leave), np.where(nodes == 1, take, leave))
            bound = np.maximum(bound, score.sum(axis=-1))
    return np.where(open_ended, np.inf, (group_part - rest_part)[:, 0] + bound)


def highest_split(box: CountBox) -> tuple[float, float]:
    """Return the highest D found, and a bound no D in the box exceeds; equal when the search was finished.

    D is the highest of a(S)/A − b(S)/B over sets S of units, and for one S it is highest with a high inside
    and low outside S, b the other way round: a search over S. Units whose aᵢ/A − bᵢ/B can't change sign are
    decided; for the others branch and bound, a level a unit, all nodes of a level at once, with two bounds:
    `_by_totals` and the chord of max(0, aᵢ/A − bᵢ/B), of which the maximum is a weighted mean.
    """
    low, high = _difference_ends(box)
    free = (low < 0) & (high > 0)
    slope = np.where(free, high / np.where(free, high - low, 1.0), (low >= 0).astype(np.float64))
    chord = np.where(free, -low * slope, 0.0)
    best, split = max(
        (_climb_split((slope > cut).astype(np.float64), box) for cut in (0.25, 0.5, 0.75)),
        key=lambda found: found[0],
    )
    width = (box.a_high - box.a_low) / box.a_high.sum() + (box.b_high - box.b_low) / box.b_high.sum()
    nodes = np.where(free, np.nan, slope)[None]
    cells = 0
    for unit in [None, *(int(one) for one in np.argsort(-width) if free[one])]:
        if unit is not None:
            nodes = np.repeat(nodes, 2, axis=0)
            nodes[::2, unit], nodes[1::2, unit] = 0.0, 1.0
        still = np.isnan(nodes)
        lines = np.where(still, slope, nodes)
        bound = highest_mean(lines, *box[:2]) + highest_mean(-lines, *box[2:]) + still @ chord
        filled = np.where(still, split, nodes)
        best = max(best, float(np.subtract(*_shares(filled, box)).max()))
        for guide in (np.broadcast_to(split, nodes.shape), filled):
            bound = np.minimum(bound, _by_totals(nodes, guide, box))
        worth = bound > best + _TOLERANCE
        nodes, bound = nodes[worth], bound[worth]
        cells += nodes.size
        if not nodes.size:
            return best, best
        if cells > _MOST_CELLS:
            return best, min(1.0, float(bound.max()))
    return best, best


def lowest_split(box: CountBox) -> tuple[float, float]:
    """Return the lowest D found, and a bound no D in the box goes under.

    A linear programme in x = a/A, t = 1/A, y = b/B, s = 1/B. Its dual weights c (0–1) prove the bound
    whatever the tolerance of the solver: D ≥ Σ c(x − y) for every c, and the lowest Σcx and highest Σcy are
    means (`highest_mean`).
    """
    from scipy.optimize import linprog
    from scipy.sparse import block_array, csr_array, eye_array

    size = box.a_low.size
    one, none = eye_array(size), None
    a_low, a_high = (csr_array(ends[:, None] / box.a_high.sum()) for ends in box[:2])
    b_low, b_high = (csr_array(ends[:, None] / box.b_high.sum()) for ends in box[2:])
    limits = block_array(
        [
            [one, none, none, -a_high, none],
            [-one, none, none, a_low, none],
            [none, one, none, none, -b_high],
            [none, -one, none, none, b_low],
            [one, -one, -one, none, none],
        ]
    )
    sums = np.zeros((2, 3 * size + 2))
    sums[0, :size] = sums[1, size : 2 * size] = 1
    cost = np.zeros(3 * size + 2)
    cost[2 * size : 3 * size] = 1
    solved = linprog(cost, A_ub=limits, b_ub=np.zeros(5 * size), A_eq=sums, b_eq=np.ones(2), method="highs")
    if not solved.success:
        raise NotComputableError(
            "solver", f"The lowest D was not found: {solved.message} Check the size of the counts."
        )
    weights = np.clip(-solved.ineqlin.marginals[4 * size :], 0, 1)
    proven = -highest_mean(-weights, *box[:2]) - highest_mean(weights, *box[2:])
    group = np.clip(solved.x[:size] / solved.x[-2] * box.a_high.sum(), *box[:2])
    rest = np.clip(solved.x[size : 2 * size] / solved.x[-1] * box.b_high.sum(), *box[2:])
    return float(dissimilarity(group, rest)[0]), max(0.0, float(proven))


def isolation_ends(box: CountBox) -> tuple[float, float]:
    """Return the exact ends of isolation Σ aᵢ²/(aᵢ+bᵢ) / Σ aᵢ; an end may be a limit (nobody left in it).

    Each term falls with bᵢ, so b is high for the lowest and low for the highest. aᵢ²/(aᵢ+bᵢ) is convex in aᵢ,
    so by Dinkelbach 1967 (doi:10.1287/mnsc.13.7.492) the ratio is at its end h where the best of Σ
    aᵢ²/(aᵢ+bᵢ) − h aᵢ is 0, and that is solved unit by unit: the highest at aᵢ low or high, the lowest where
    the derivative 1 − bᵢ²/(aᵢ+bᵢ)² − h is 0, at aᵢ = bᵢ(1/√(1−h) − 1), or at the nearest end.
    """

    def inside(group: FloatArray, rest: FloatArray) -> FloatArray:
        both = group + rest
        return np.asarray(np.divide(group**2, both, out=np.zeros(both.shape), where=both > 0))

    def lowest(h: float) -> FloatArray:
        wanted = box.b_high * (1 / np.sqrt(max(1 - h, 1e-300)) - 1)
        return np.asarray(np.minimum(np.maximum(wanted, box.a_low), box.a_high))

    def highest(h: float) -> FloatArray:
        gain = inside(box.a_high, box.b_low) - h * box.a_high - inside(box.a_low, box.b_low) + h * box.a_low
        return np.where(gain >= 0, box.a_high, box.a_low)

    ends = []
    for choose, rest in ((lowest, box.b_high), (highest, box.b_low)):
        group, end = box.a_high, np.inf
        for _ in range(100):
            if not group.sum() > 0:
                break
            before, end = end, float(inside(group, rest).sum() / group.sum())
            if abs(before - end) <= 1e-15:
                break
            group = choose(end)
        ends.append(end)
    return ends[0], ends[1]


def gini_ends(box: CountBox) -> tuple[float, float]:
    """Return a low and a high that no Gini of the box goes beyond.

    With u = aᵢbⱼ and v = aⱼbᵢ of each pair of units, G = Σ|u − v| / (Σ(u + v) + Σaᵢbᵢ). Every u and v lies between the
    products of its ends, and each pair takes the u and v that suit it: more is free than in a table, so that the ends
    are too wide, and never too narrow. The lowest has u and v alike, and as large as can be, or as near as they come;
    for the highest one is high and the other low, chosen by the method of Dinkelbach 1967.
    """
    first, second = np.triu_indices(box.a_low.size, 1)
    u_low, v_low = box.a_low[first] * box.b_low[second], box.a_low[second] * box.b_low[first]
    u_high, v_high = box.a_high[first] * box.b_high[second], box.a_high[second] * box.b_high[first]
    less = np.minimum(u_high, v_high)
    more = np.maximum(np.maximum(u_low, v_low), less)
    low = divide((more - less).sum(), (more + less).sum() + box.a_high @ box.b_high, 0.0)
    high, own = 0.0, box.a_low @ box.b_low
    for _ in range(_TURNS):
        raised = (1 - high) * (u_high - v_high) + (1 + high) * (u_low - v_low) >= 0
        u, v = np.where(raised, u_high, u_low), np.where(raised, v_low, v_high)
        before, high = high, float(divide(np.abs(u - v).sum(), (u + v).sum() + own, 0.0))
        if high <= before:  # nothing is higher; without anybody it is 0
            return float(low), before
    return float(low), 1.0


def profile_ends(box: CountBox) -> tuple[float, float]:
    """Return a low and a high that no concentration profile of the box goes beyond.

    R = Σ pᵢ |aᵢ/A − bᵢ/B| with pᵢ the share of the group in a unit and P in all: each factor at its own end, and pᵢ at
    most P where the difference is negative. With v the part of the group where pᵢ > P, R ≤ v + (1 − v) P/(1 − P).
    """
    low, high = _difference_ends(box)
    least = divide(box.a_low, box.a_low + box.b_high, 0.0) @ np.maximum(np.maximum(low, -high), 0.0)
    share, group, rest = divide(box.a_high, box.a_high + box.b_low, 0.0), box.a_high.sum(), box.b_low.sum()
    most = np.maximum(share * high, np.minimum(share, group / (group + rest)) * -low).sum()
    return float(least), float(min(most, max(1.0, divide(group, rest, np.inf))))


_SPREAD_TURNS = 40  # Dinkelbach's steps square the error; what still moves after so many is no bound
_STILL = 1e-12  # the part of itself by which a ratio that is at rest still moves, and by which a low counts as lower
_CELLS, _ZOOMS, _MOST = 24, 9, 50  # cells of an interval, times they are cut again, and most that are at once
_REACHED = 1e-7  # the part of the highest value by which a table may miss an end
_MUCH = 1e300  # instead of infinity, which times 0 is nothing

Two = tuple[FloatArray, FloatArray]


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

    terms: Callable[[FloatArray, FloatArray, FloatArray], Two]
    nearest: Callable[[FloatArray, FloatArray, CountBox], list[Two]]
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

    def nearest(c: FloatArray, ratio: FloatArray, box: CountBox) -> list[Two]:
        value = np.clip(spread.nearest(c, ratio), box.a_low, box.a_high)
        return [(value, weight) for weight in (box.b_low, box.b_high)]

    def excess(c: FloatArray, own: FloatArray) -> FloatArray:
        value = spread.nearest(own, np.zeros_like(own))
        return spread.deviation(value, c) / spread.size(value)

    return _Form(lambda v, w, c: (w * spread.deviation(v, c), w * spread.size(v)), nearest, excess, spread.of_ratio)


def _evenness_form(even: _Evenness, index: Index) -> _Form:
    """Make the form of an index 1 − ΣF / F(A, B).

    φ − ratio·ψ is lowest where a or b is at its high: not to fall with a its share must be above c, and not to fall
    with b below it, as the slope of F to a falls with the share and that to b rises. With the tangent d above F(P) at
    the own share P, 1 − ratio is F(P) / (F(P) + d) times as large as 1 − index, so that the ratio lies at most d / F(P)
    above the index.
    """
    power = (index.parameter.default if index.parameter else None) or 0.5

    def terms(a: FloatArray, b: FloatArray, c: FloatArray) -> Two:
        tangent = even.slope(c, power) * a + even.slope(1 - c, 1 - power) * b
        return tangent - even.whole(a, b, power), tangent

    def nearest(c: FloatArray, ratio: FloatArray, box: CountBox) -> list[Two]:
        k = np.clip(1 - ratio, 0, 1)
        group = np.minimum(even.per_other(c, k, power), _MUCH) * box.b_high
        rest = np.minimum(even.per_other(1 - c, k, 1 - power), _MUCH) * box.a_high
        return [(np.clip(group, *box[:2]), box.b_high), (box.a_high, np.clip(rest, *box[2:]))]

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


def _best(form: _Form, centre: FloatArray, box: CountBox, sign: int) -> tuple[FloatArray, Two]:
    """Give for each centre (K,) the highest ratio (sign 1) or the lowest (-1), and its table (K, N).

    φ − ratio·ψ is convex in x and in y: its highest is at a corner. A ratio that has not come to rest is no bound: it
    is infinite.
    """
    c = centre[:, None]
    first, second = form.terms(box.a_high, box.b_high, c)
    ratio = first.sum(axis=-1, keepdims=True) / second.sum(axis=-1, keepdims=True)
    tables = [(x, y) for x in box[:2] for y in box[2:]]
    for _ in range(_SPREAD_TURNS):
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


def _highest(form: _Form, box: CountBox, centres: tuple[float, float]) -> tuple[float, Two]:
    """Give the lowest over centres of the highest ratio, and the tables that are highest at the centres tried last."""
    bound = np.inf
    for _ in range(_ZOOMS):
        edges = np.linspace(*centres, _CELLS + 1)
        ratio, tables = _best(form, (edges[:-1] + edges[1:]) / 2, box, 1)
        at = int(np.argmin(ratio))
        bound = min(bound, float(ratio[at]))
        centres = edges[max(at - 1, 0)], edges[min(at + 2, _CELLS)]
    return bound, tables
