"""Wild cluster bootstrap of one coefficient, restricted, in matrix form.

The residuals of the regression that supposes the hypothesis are kept, and their signs (or sizes) are drawn anew for
each cluster; each time the regression is estimated again. With b* the coefficient and A the cluster scores of a draw,
both are linear in the drawn numbers, so all draws are one product of matrices, and both are linear in the hypothesis,
so the interval needs no new draws.

Sources: Cameron, Gelbach & Miller 2008, doi:10.1162/rest.90.3.414 (WCR); Roodman et al. 2019,
doi:10.1177/1536867X19830877 (matrix form, inversion); Webb 2023, doi:10.1111/caje.12661 (six-point weights); MacKinnon
& Webb 2018, doi:10.1111/ectj.12107 (draws within clusters, when few clusters are treated).
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from kloof.dealing import Array
from kloof.errors import NotComputableError
from kloof.inversion import Replays, interval, p_value

RADEMACHER = "rademacher"
WEBB = "webb"
POINTS = {
    RADEMACHER: np.array([-1.0, 1.0]),
    WEBB: np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]),
}
_EQUAL = 1e-9


@dataclass(frozen=True)
class Regression:
    """Rows of a regression: `value` (n), `design` (n × k), `cluster` (n, any whole numbers), `weight` (n).

    `redrawn` (n) names the groups whose residuals are redrawn together: the clusters (WCR), or finer ones, each row its
    own being the ordinary wild bootstrap with clustered errors (WR) of MacKinnon & Webb.
    """

    value: Array
    design: Array
    cluster: NDArray[np.int64]
    weight: Array
    redrawn: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Bootstrapped:
    """A coefficient, its clustered standard error (CR1) and t, the p-value of 0, and the values not rejected."""

    estimate: float
    standard_error: float
    t: float
    p_value: float
    low: float
    high: float
    draws: int
    complete: bool


def numbers(groups: int, kind: str, rng: np.random.Generator, draws: int) -> tuple[Array, bool]:
    """Draw the numbers residuals are multiplied by (groups × draws); or all ways, when there are no more than draws."""
    points = POINTS[kind]
    if groups * np.log(len(points)) <= np.log(draws):
        return np.array(list(product(points, repeat=groups))).T, True
    return points[rng.integers(0, len(points), size=(groups, draws))], False


def bootstrap(
    regression: Regression, place: int, rng: np.random.Generator, draws: int = 1999, kind: str = WEBB
) -> Bootstrapped:
    """Bootstrap the coefficient at `place` in the design: symmetric two-sided p-value, interval by test inversion.

    Residuals are those under the hypothesis tested. All 2^G (Rademacher) or 6^G (Webb) draws are taken when that is no
    more than `draws`. Raises NotComputableError: collinear (the design has no full rank), too_few_clusters (fewer than
    three, or every residual is 0 in all but one), too_few_draws.
    """
    held = _prepare(regression, place)
    if held.scores.shape[0] < 3:
        raise NotComputableError("too_few_clusters", f"{held.scores.shape[0]} clusters: a bootstrap needs three.")
    variance = float((held.scores**2).sum())
    if variance <= (_EQUAL * max(abs(held.estimate), float(np.abs(held.tops).max()))) ** 2:
        raise NotComputableError("too_few_clusters", "No cluster leaves a residual, so there is no spread to redraw.")
    v, complete = numbers(held.tops.shape[1], kind, rng, draws)
    plain, slope = held.changes[0] @ v, held.changes[1] @ v
    replays = Replays(
        top=held.tops[0] @ v,
        slope=held.tops[1] @ v,
        square=(plain**2).sum(axis=0),
        cross=(plain * slope).sum(axis=0),
        bend=(slope**2).sum(axis=0),
        complete=complete,
    )
    error = float(np.sqrt(variance))
    low, high = interval(replays, held.estimate, error)
    clusters, (rows, terms) = held.scores.shape[0], regression.design.shape
    reported = error * float(np.sqrt(clusters / (clusters - 1) * (rows - 1) / (rows - terms)))
    p = p_value(replays, held.estimate, error)
    return Bootstrapped(held.estimate, reported, held.estimate / reported, p, low, high, v.shape[1], complete)


@dataclass(frozen=True)
class _Prepared:
    """What the draws multiply; in pairs, for the value and for the hypothesis.

    `scores`: each cluster's part of the coefficient's error. One drawn number per group adds `tops` (2 × groups) to the
    coefficient and `changes` (2 × clusters × groups) to every cluster's score.
    """

    estimate: float
    scores: Array
    tops: Array
    changes: Array


def _prepare(regression: Regression, place: int) -> _Prepared:
    """Make the matrices of Roodman et al. section 5: what does not depend on the numbers drawn."""
    root = np.sqrt(regression.weight)
    value, design = regression.value * root, regression.design * root[:, None]
    norms = np.linalg.norm(design, axis=0)
    if (norms == 0).any() or np.linalg.matrix_rank(design / np.where(norms > 0, norms, 1.0)) < design.shape[1]:
        raise NotComputableError("collinear", f"The {design.shape[1]} terms of the regression are not independent.")
    others, _ = np.linalg.qr(np.delete(design, place, axis=1))
    own = design[:, place]
    left = own - others @ (others.T @ own)
    norm = float(left @ left)
    restricted = value - others @ (others.T @ value)
    estimate = float(left @ restricted) / norm
    residual = restricted - estimate * left
    names, cluster = np.unique(regression.cluster, return_inverse=True)
    drawn = regression.cluster if regression.redrawn is None else regression.redrawn
    groups, group = np.unique(drawn, return_inverse=True)
    full = np.column_stack([others, left / np.sqrt(norm)])  # orthonormal basis of the whole design

    def sums(rows: Array, by: NDArray[np.intp], count: int) -> Array:
        """Add up rows (n, or n × k) by group."""
        made = np.zeros((count, *rows.shape[1:]))
        np.add.at(made, by, rows)
        return made

    scores = sums(left * residual, cluster, len(names)) / norm
    hats = sums(left[:, None] * full, cluster, len(names))
    tops, changes = [], []
    for kept in (restricted, left):  # under the hypothesis c the residual is restricted - c · left
        tops.append(sums(left * kept, group, len(groups)) / norm)
        direct = np.zeros((len(names), len(groups)))
        np.add.at(direct, (cluster, group), left * kept)
        changes.append((direct - hats @ sums(full * kept[:, None], group, len(groups)).T) / norm)
    return _Prepared(estimate, scores, np.stack(tops), np.stack(changes))
