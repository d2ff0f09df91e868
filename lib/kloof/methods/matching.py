"""Units beside others that were like them: nearest neighbours with replacement, and a range that counts their re-use.

What a unit would have done is read from the units nearest to it in what they were before (Mahalanobis distance). What
still differs between a unit and its neighbours is taken off by a line through the neighbours (bias correction), for
nearest is not equal. A neighbour that serves many units lends its own chance to all of them, so re-use widens the
range, and so does what the line leaves open.
Sources: Abadie & Imbens 2006, doi:10.1111/j.1468-0262.2006.00655.x (variance); Abadie & Imbens 2011,
doi:10.1198/jbes.2009.07333 (bias correction).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kloof.errors import NotComputableError
from kloof.methods.arrays import LEVEL, Array, Flags
from kloof.methods.contrast import expected_square, satterthwaite

_TIE = 1e-9  # part of a distance within which two neighbours are equally near


@dataclass(frozen=True)
class Matched:
    """What n units did beyond their neighbours: the weighted mean, its standard error and degrees of freedom.

    `plain` is the estimate without the bias correction. `found` (n) tells which units have a neighbour at all, `near`
    (n) how many and `distance` (n) how far the nearest is (nan: none), `used` (donors) what each donor counts in all:
    above 0 in those that are a neighbour, 1 together.
    """

    estimate: float
    plain: float
    error: float
    degrees: float
    found: Flags
    near: NDArray[np.int64]
    distance: Array
    used: Array

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Give the limits of the estimate by the t distribution."""
        from scipy.special import stdtrit

        margin = float(stdtrit(self.degrees, (1 + level) / 2)) * self.error
        return self.estimate - margin, self.estimate + margin


def beside_neighbours(
    outcome: tuple[Array, Array], before: tuple[Array, Array], weight: Array, neighbours: int, caliper: float
) -> Matched:
    """Compare units with their nearest donors: `outcome` of both (n, d) and what both were `before` (n × c, d × c).

    `weight` (n) is what each unit counts. A unit gets its nearest `neighbours` donors, and all that are as near as the
    last of them, none further than `caliper` (in standard deviations, Mahalanobis). Raises NotComputableError:
    no_similar_buurten (fewer than two units have a donor within the caliper), no_variation (what they were before does
    not differ, or one part of it follows from the others), too_few_buurten (donors no more than neighbours).
    """
    (own, theirs), (x, z) = outcome, before
    if len(theirs) <= neighbours:
        raise NotComputableError("too_few_buurten", f"{len(theirs)} donors are too few to find {neighbours} near ones.")
    x, z = whitened(x, z)
    near, distance = _nearest(x, z, neighbours, caliper)
    count = np.array([len(one) for one in near])
    found = count > 0
    if found.sum() < 2:
        raise NotComputableError("no_similar_buurten", f"{int(found.sum())} units have a donor within the caliper.")
    share = np.where(found, weight, 0.0) / weight[found].sum()
    lent = np.zeros((len(x), len(z)))  # what each donor counts for each unit
    for unit in np.flatnonzero(found):
        lent[unit, near[unit]] = share[unit] / count[unit]
    used = lent.sum(axis=0)
    slope, doubt = _slope(theirs, z, used)
    part = np.divide(lent, share[:, None], out=np.zeros_like(lent), where=found[:, None])
    beyond = own - part @ theirs
    apart = x - part @ z
    corrected = beyond - apart @ slope
    estimate = float(share @ corrected)
    kept = share[found]
    spread = float((kept**2 / expected_square(kept)) @ (corrected[found] - estimate) ** 2)
    again = used**2 - (lent**2).sum(axis=0)
    spread += float(again @ _variance(theirs, z, np.flatnonzero(used), neighbours))
    spread += float(share @ apart @ doubt @ (share @ apart))
    return Matched(
        estimate, float(share @ beyond), float(np.sqrt(spread)), satterthwaite(kept), found, count, distance, used
    )


def beyond_another(found: Matched, rest: Matched, level: float = LEVEL) -> tuple[float, float, float]:
    """Give what some units did beyond what others did, both beside their neighbours, with its limits by Welch's t.

    Neighbours that both share would only make it narrower; that is left out. Source: Welch 1947,
    doi:10.1093/biomet/34.1-2.28.
    """
    from scipy.special import stdtrit

    variances = np.array([found.error, rest.error]) ** 2
    degrees = variances.sum() ** 2 / (variances**2 / np.array([found.degrees, rest.degrees])).sum()
    middle = found.estimate - rest.estimate
    margin = float(stdtrit(degrees, (1 + level) / 2) * np.sqrt(variances.sum()))
    return middle, middle - margin, middle + margin


def whitened(x: Array, z: Array) -> tuple[Array, Array]:
    """Turn what units and donors were so that plain distance is Mahalanobis distance, by the spread of all of them."""
    both = np.concatenate([x, z])
    covariance = np.atleast_2d(np.cov(both, rowvar=False))
    scale = np.sqrt(np.diag(covariance))
    if (scale == 0).any() or np.linalg.matrix_rank(covariance / np.outer(scale, scale)) < len(scale):
        raise NotComputableError("no_variation", "What units were before doesn't differ, or follows from the rest.")
    turn = np.linalg.inv(np.linalg.cholesky(covariance)).T
    centre = both.mean(axis=0)
    return (x - centre) @ turn, (z - centre) @ turn


def _nearest(x: Array, z: Array, neighbours: int, caliper: float) -> tuple[list[NDArray[np.intp]], Array]:
    """Find the donors of each unit, and how far the nearest is."""
    from scipy.spatial import cKDTree

    tree = cKDTree(z)
    furthest = tree.query(x, k=[neighbours])[0][:, 0]
    reach = np.minimum(furthest * (1 + _TIE), caliper)
    near = [np.array(sorted(one), dtype=np.intp) for one in tree.query_ball_point(x, reach)]
    distance = np.array([
        np.linalg.norm(z[one] - unit, axis=1).min(initial=np.inf) for one, unit in zip(near, x, strict=True)
    ])  # fmt: skip
    return near, np.where(np.isfinite(distance), distance, np.nan)


def _slope(outcome: Array, z: Array, used: Array) -> tuple[Array, Array]:
    """Fit a line through the donors that are used, by what they count; give its slopes and their robust covariance.

    Flat where the donors are too few for one.
    """
    rows, width = used > 0, z.shape[1] + 1
    if rows.sum() <= width + 1:
        return np.zeros(width - 1), np.zeros((width - 1, width - 1))
    weight, design = used[rows], np.column_stack([np.ones(rows.sum()), z[rows]])
    inverse = np.linalg.pinv((design.T * weight) @ design)
    coefficient = inverse @ (design.T @ (weight * outcome[rows]))
    pull = (weight * (outcome[rows] - design @ coefficient))[:, None] * design
    covariance = rows.sum() / (rows.sum() - width) * (inverse @ (pull.T @ pull) @ inverse)
    return coefficient[1:], covariance[1:, 1:]


def _variance(outcome: Array, z: Array, rows: NDArray[np.intp], neighbours: int) -> Array:
    """Estimate the variance of the outcome of donors (`rows`; 0 for others) from the donors nearest to each."""
    from scipy.spatial import cKDTree

    made = np.zeros(len(outcome))
    for row, near in zip(rows, cKDTree(z).query(z[rows], k=neighbours + 1)[1], strict=True):
        others = near[near != row][:neighbours]
        made[row] = len(others) / (len(others) + 1) * (outcome[row] - outcome[others].mean()) ** 2
    return made
