"""Finds the highest and lowest an index can be over a box: the methods behind `bounds`.

Three kinds: proven by a search over sets of units or a linear programme (dissimilarity), proven by a
threshold (weighted means, isolation), and searched without proof (all others).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kloof.errors import NotComputableError
from kloof.formulas import FloatArray, dissimilarity
from kloof.indices import Index
from kloof.moves import moved, slope

# branch and bound stops when this many numbers have been visited (half a second); the bound still holds then
_MOST_CELLS = 1_200_000
_TOLERANCE = 1e-12
_STARTS = 4
_SMALL = 10  # with so few coordinates all corners are tried, and all starts
_FEW = 12  # with more coordinates than this to flip,
_MANY = 0.6  # those that raise the index by this part of the highest rise are flipped together
_AGREE = 1e-7  # two descents that end closer than this found the same lowest point
_NOT_DEFINED = 1e6  # what the minimiser sees where the index is not defined
_LOWEST = -1e300  # what a climb sees there

# many walks first go as far as tells which are worth it; the best are walked to the end
_FINE = MappingProxyType({"gtol": 1e-9, "ftol": 1e-14, "maxiter": 500})
_ROUGH = MappingProxyType({"gtol": 1e-5, "ftol": 1e-9, "maxiter": 100})
_WALKED = 3

IndexFunction = Callable[[ArrayLike, ArrayLike, ArrayLike], FloatArray]
_SMOOTH = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10)  # Gini's corners are sharpened in these steps


class CountBox(NamedTuple):
    """Low and high of two numbers per unit: counts of group and rest, or value and weight."""

    a_low: FloatArray
    a_high: FloatArray
    b_low: FloatArray
    b_high: FloatArray


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


def lowest_split(box: CountBox) -> tuple[float, float, FloatArray]:
    """Return the lowest D found, a bound no D in the box goes under, and the table (2N,) of the first.

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
    return float(dissimilarity(group, rest)[0]), max(0.0, float(proven)), np.concatenate([group, rest])


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


def searched_ends(index: Index, box: CountBox, even: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the lowest and highest value found by search, both reached by a table in the box.

    Highest: from several corners of the box (a small one: from the highest), flip coordinates while that raises the
    index. Lowest: a bounded descent from the table `even` (2N,) and from the centre, and from random tables when
    these two do not end at the same value: for a given size of both groups H and the correlation ratio are convex in
    the shares, and with fixed weights the indices of means are quasi-convex in the values, so that one lowest point
    is the rule. With free weights they can be highest inside the box and have several lowest points: then ascents
    are tried too, and more starts are used, of which the best are followed to the end. Gini, whose corners stop a
    descent too early, is followed while its corners are sharpened.
    """
    size = box.a_low.size
    search = _Search(index, box)
    centre = np.full(2 * size, 0.5)
    at_even = np.clip(np.divide(even - search.low, search.width, out=centre.copy(), where=search.width > 0), 0, 1)
    unlike = np.where(at_even < 0.5, 1.0, 0.0)  # as far from even as its own table allows
    share = np.divide(box.a_high, box.a_high + box.b_high, out=np.zeros(size), where=box.a_high + box.b_high > 0)
    above = (share > box.a_high.sum() / (box.a_high.sum() + box.b_high.sum())).astype(np.float64)
    apart = np.concatenate([above, 1 - above])
    corners = [unlike, apart, search.uphill(centre), *rng.integers(0, 2, (_STARTS, 2 * size)).astype(np.float64)]
    small = search.free.size <= _SMALL
    if small:
        corners.append(search.best_corner())
    tops = [search.climb(corner) for corner in corners]
    others = rng.random((_STARTS, 2 * size))
    if index.needs == "means" and bool((box.b_low < box.b_high).any()):
        beside = [np.concatenate([at_even[:size], corner[size:]]) for corner in corners]
        low = -search.best(-1.0, [at_even, centre, *beside, *others])
        return low, search.best(1.0, [*tops, centre, *others])
    lows = [search.lowest(start) for start in (at_even, centre)]
    if small or abs(lows[0] - lows[1]) > _AGREE or not np.isfinite(lows).all():
        lows += [search.lowest(start) for start in others]
    return min(lows), max(search.height(place) for place in tops)


class _Search:
    """Looks for the ends of one index over one box; a place (2N,) has each coordinate at 0 (low) to 1 (high)."""

    def __init__(self, index: Index, box: CountBox):
        """Take the index and the box; coordinates without width stay where they are."""
        self.index = index
        self.low = np.concatenate([box.a_low, box.b_low])
        self.width = np.concatenate([box.a_high, box.b_high]) - self.low
        self.free = np.flatnonzero(self.width > 0)

    def table(self, place: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the two numbers of each unit at a place, or at many (..., 2N)."""
        both, size = self.low + place * self.width, self.low.size // 2
        return both[..., :size], both[..., size:]

    def height(self, place: FloatArray) -> float:
        """Return the index at a place, minus infinity where it is not defined."""
        return float(np.nan_to_num(self.index.function(*self.table(place), (0,))[0], nan=-np.inf))

    def best(self, sign: float, starts: list[FloatArray]) -> float:
        """Return the highest value met from some places (sign 1), or minus the lowest (-1); -infinity without any."""
        roughly: dict[bytes, FloatArray] = {}  # many climbs end at one top, from which there is one way on
        for start in starts:
            if start.tobytes() not in roughly:
                roughly[start.tobytes()] = self.descend(start, -sign, _ROUGH)
        walked = [*starts, *(roughly[start.tobytes()] for start in starts)]
        heights = [self._worth(sign, place) for place in walked]
        first = sorted(range(len(walked)), key=lambda at: -heights[at])[:_WALKED]
        finely = {walked[at].tobytes(): walked[at] for at in first}
        return max(*heights, *(self._worth(sign, self.descend(place, -sign)) for place in finely.values()))

    def _worth(self, sign: float, place: FloatArray) -> float:
        """Return the index at a place, or minus it (sign -1); -infinity where it is not defined."""
        height = self.height(place)
        return sign * height if height > -np.inf else -np.inf

    def lowest(self, start: FloatArray) -> float:
        """Return the lowest value met by a descent from a place, infinity when the index is nowhere defined there."""
        found = [self.height(place) for place in (start, self.descend(start, 1.0))]
        return min((value for value in found if value > -np.inf), default=np.inf)

    def best_corner(self) -> FloatArray:
        """Return the highest of all corners, when there are few."""
        count = self.free.size
        corners = np.zeros((2**count, self.low.size))
        corners[:, self.free] = np.arange(2**count)[:, None] >> np.arange(count) & 1
        found = self.index.function(*self.table(corners), (0,))[:, 0]
        return np.asarray(corners[np.nan_to_num(found, nan=-np.inf).argmax()])

    def uphill(self, place: FloatArray) -> FloatArray:
        """Return the corner to which the index rises from a place."""
        found = slope(self.index.id, *self.table(place))
        return place if found is None else (found[1] > 0).astype(np.float64)

    def climb(self, corner: FloatArray) -> FloatArray:
        """Flip the coordinate that raises the index most (with many: the best few at once), until none does."""
        reached = self.height(corner)
        while True:
            found = moved(self.index.id, *self.table(corner), *self.table(1 - corner))
            rise = np.nan_to_num(found[1:], nan=_LOWEST) - max(reached, _LOWEST)
            rise[self.width == 0] = -np.inf
            if not rise.max() > _TOLERANCE:
                return corner
            most = _MANY if np.count_nonzero(rise > _TOLERANCE) > _FEW else 1.0
            for part in (most, 1.0):
                flipped = np.where(rise >= part * rise.max(), 1 - corner, corner)
                height = self.height(flipped)
                if height >= reached + rise.max() - _TOLERANCE:
                    break
            if height <= reached + _TOLERANCE:  # what seemed a rise was the rounding of floating point
                return corner
            reached, corner = height, flipped

    def descend(self, place: FloatArray, sign: float, steps: Mapping[str, float] = _FINE) -> FloatArray:
        """Return where a descent from `place` ends: near the lowest (sign 1) or the highest (sign -1) value."""
        from scipy.optimize import minimize

        if not self.free.size:
            return place
        whole, bounds = place.copy(), [(0, 1)] * self.free.size

        def aim(free: FloatArray, smooth: float) -> tuple[float, FloatArray]:
            whole[self.free] = free
            found = slope(self.index.id, *self.table(whole), smooth)
            if found is None:
                return _NOT_DEFINED, np.zeros(free.size)
            return sign * found[0], sign * (found[1] * self.width)[self.free]

        free = place[self.free]
        for smooth in _SMOOTH if self.index.id == "gini" else (0.0,):
            options = dict(steps)
            free = minimize(aim, free, args=(smooth,), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
        whole[self.free] = free
        return whole
