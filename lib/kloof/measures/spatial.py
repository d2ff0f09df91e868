"""Indices that need to know where a unit lies or how large it is: clustering and concentration.

A *local environment* is a unit with what lies near it, in the same segment: `neighbourhood` makes the matrix of
weights, and the shares of a unit become those of its environment (Reardon & O'Sullivan 2004,
doi:10.1111/j.0081-1750.2004.00150.x).
All municipalities at once: a third coordinate keeps the segments apart in one search tree.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kloof.errors import ParameterError, faults
from kloof.measures.means import Means
from kloof.measures.tables import FloatArray, Formula, Pair, Segments, divide
from kloof.measures.two_groups import dissimilarity

KINDS = ("nearest", "radius", "decay")
_NEGLIGIBLE = 25.0  # e^-25 = 1e-11: what lies 25 times the scale away is left out of the decay


def neighbourhood(
    east: ArrayLike, north: ArrayLike, starts: ArrayLike, kind: str, size: float, itself: bool = True
) -> Any:
    """Return the weights of the local environments as a sparse array (N, N), row = the unit in the middle.

    east, north (N,): coordinates of the units in metres. kind: "nearest", the `size` nearest others at weight 1 (at
    equal distance which one is arbitrary, the same at every run); "radius", all within `size` metres at weight 1;
    "decay", e^(−distance/size). itself: whether a unit is part of its own environment, at weight 1. Raises
    ParameterError on unknown kind, size that is not positive, missing coordinates.
    """
    from scipy.sparse import csr_array
    from scipy.spatial import cKDTree

    place = np.column_stack([np.asarray(side, dtype=np.float64) for side in (east, north)])
    found = [] if kind in KINDS else [f"kind {kind!r} is not known (known: {', '.join(KINDS)})"]
    if not size > 0 or (kind == "nearest" and size != int(size)):
        found.append(f"size must be above 0{' and whole' * (kind == 'nearest')}, got {size:g}")
    if not np.isfinite(place).all():
        found.append(f"{int((~np.isfinite(place)).any(axis=1).sum())} units have no coordinates")
    if found:
        raise ParameterError(faults("the neighbourhood", found, "Give metres; set units without a place aside."))
    units = len(place)
    if not units:
        return csr_array((0, 0))
    segment = Segments(starts, units).of_unit
    reach = {"nearest": np.inf, "radius": size, "decay": _NEGLIGIBLE * size}[kind]
    extent = float(np.ptp(place, axis=0).max())
    apart = 2 * (extent + 1) if kind == "nearest" else 2 * reach + 1
    tree = cKDTree(np.column_stack([place, segment * apart]))
    if kind == "nearest":
        rows, columns = _nearest(tree, segment, int(size))
        weights = np.ones(rows.size)
    else:
        pairs = tree.sparse_distance_matrix(tree, reach, output_type="coo_matrix")
        rows, columns = pairs.row, pairs.col
        weights = np.exp(-pairs.data / size) if kind == "decay" else np.ones(rows.size)
    others = rows != columns
    if itself:
        rows, columns = (np.r_[side[others], np.arange(units)] for side in (rows, columns))
        weights = np.r_[weights[others], np.ones(units)]
    else:
        rows, columns, weights = rows[others], columns[others], weights[others]
    return csr_array((weights, (rows, columns)), shape=(units, units))


def _nearest(tree: Any, segment: NDArray[np.intp], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of each unit and its `count` nearest others in its segment, fewer where the segment holds fewer."""
    units = segment.size
    found = tree.query(tree.data, k=min(count + 1, units))[1].reshape(units, -1)
    itself = found == np.arange(units)[:, None]
    # units at one and the same place can push the unit itself off its own list: then the farthest goes instead
    itself[~itself.any(axis=1), -1] = True
    keep = ~itself & (segment[found] == segment[:, None])
    return np.nonzero(keep)[0], found[keep]


class Environment:
    """A group and the rest in the units, and in their local environments (group and rest around a unit)."""

    def __init__(self, a: ArrayLike, b: ArrayLike, weights: Any, starts: ArrayLike = (0,)):
        """Take counts (..., N), the weights (N, N) of `neighbourhood` and the offsets of the segments."""
        self.pair = Pair(a, b, starts)
        group, rest = (_around(weights, part) for part in (self.pair.group, self.pair.rest))
        self.share = divide(group, group + rest, 0.0)


def _around(weights: Any, values: FloatArray) -> FloatArray:
    """Weighted sum over the environment of each unit, (..., N)."""
    flat = values.reshape(-1, values.shape[-1])
    return np.asarray((weights @ flat.T).T).reshape(values.shape)


def _spatial_dissimilarity(table: Environment) -> FloatArray:
    """D~ = Σ tᵢ |π~ᵢ − P| / 2TP(1 − P), 0–1, π~ the share of the group in the environment of the unit.

    Source: Reardon & O'Sullivan 2004, doi:10.1111/j.0081-1750.2004.00150.x, for two groups.
    """
    pair = table.pair
    everyone = pair.members + pair.others
    off = np.abs(table.share - pair.cut.level(divide(pair.members, everyone, 0.0)))
    return pair.cut.total(pair.both * off) * everyone / (2 * pair.pairs)


def _spatial_isolation(table: Environment) -> FloatArray:
    """Share of the own group in the environment of the average member, Σ aᵢ/A · π~ᵢ, 0–1.

    With weights e^(−distance/scale) this is the distance-decay isolation of Morgan 1983, with distance 0 to the own
    unit.
    Source: Reardon & O'Sullivan 2004, doi:10.1111/j.0081-1750.2004.00150.x.
    """
    pair = table.pair
    return pair.cut.total(pair.group * table.share) * pair.others / pair.pairs


class Neighbours:
    """A mean per unit and the weights of its neighbours."""

    def __init__(self, value: ArrayLike, weight: ArrayLike, weights: Any, starts: ArrayLike = (0,)):
        """Take value and weight (..., N), weights (N, N) of `neighbourhood` without itself, and the offsets."""
        self.means = Means(value, weight, starts)
        around = np.asarray(weights.sum(axis=1)).ravel()
        self.linked = around > 0
        self.standard = (weights.multiply(divide(np.ones_like(around), around, 0.0)[:, None])).tocsr()


def _moran_i(table: Neighbours) -> FloatArray:
    """I = N/Σw · Σᵢ Σⱼ wᵢⱼ zᵢ zⱼ / Σ zᵢ², z the value less the plain mean of the units, each row of w adding up to 1.

    About −1 to 1; −1/(N − 1) is expected when values lie at random. nan when no unit has a neighbour, all values
    are equal, or a unit without weight is in the arrays. Source: Moran 1950, doi:10.1093/biomet/37.1-2.17.
    """
    means = table.means
    value, cut = np.where(means.weight > 0, means.value, np.nan), means.cut
    units = cut.lengths.astype(np.float64)
    off = value - cut.level(divide(cut.total(value), units))
    across = cut.total(off * _around(table.standard, off))
    square = cut.total(off**2)
    level = 1e-24 * cut.total(value**2)  # the spread of equal values is a rounding error, not a spread
    linked = cut.total(table.linked.astype(np.float64))
    return divide(across * units, np.where(square > level, square, np.nan) * linked)


class Areas:
    """A group and the rest, with the area of each unit (any unit of area)."""

    def __init__(self, a: ArrayLike, b: ArrayLike, area: ArrayLike, starts: ArrayLike = (0,)):
        """Take counts (..., N), areas (N,) and the offsets of the segments."""
        self.pair = Pair(a, b, starts)
        self.area = np.broadcast_to(np.asarray(area, dtype=np.float64), self.pair.group.shape)
        self.starts = self.pair.cut.starts


def _delta(table: Areas) -> FloatArray:
    """½ Σ |aᵢ/A − areaᵢ/area|, 0–1: D of the group against the land. Source: Massey & Denton 1988."""
    return dissimilarity(table.pair.group, table.area, table.starts)


def _absolute_concentration(table: Areas) -> FloatArray:
    """(most − mean)/(most − least), 0–1: mean area around the group's members, on the scale of what is possible.

    least and most: the mean when the A members fill the smallest, or the largest, units up to their populations, the
    last unit in part. Source: Massey & Denton 1988, doi:10.1093/sf/67.2.281, ACO; they take the last unit whole,
    so that their scale does not end at exactly 0 and 1.
    """
    pair, cut = table.pair, table.pair.cut
    order = np.lexsort((table.area, np.broadcast_to(cut.of_unit, table.area.shape)), axis=-1)
    area, people = (np.take_along_axis(part, order, -1) for part in (table.area, pair.both))
    before = cut.running(people) - people
    members, everyone = cut.level(pair.members), cut.level(pair.members + pair.others)
    least = cut.total(area * np.clip(members - before, 0, people))
    most = cut.total(area * np.clip(before + people - (everyone - members), 0, people))
    mean = cut.total(table.area * pair.group)
    return np.where(np.isnan(pair.pairs), np.nan, divide(most - mean, most - least))


spatial_dissimilarity = Formula(Environment, _spatial_dissimilarity)
spatial_isolation = Formula(Environment, _spatial_isolation)
moran_i = Formula(Neighbours, _moran_i)
delta = Formula(Areas, _delta)
absolute_concentration = Formula(Areas, _absolute_concentration)
