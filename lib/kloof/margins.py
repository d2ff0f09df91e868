"""Fits a table of units × groups to other margins without touching its odds ratios (iterative proportional fitting).

The answer is that of iterative proportional fitting, reached by Newton's method on its dual: with one multiplier per
group the rows always fit, so only as many equations remain as there are groups, and seven steps do what a thousand
sweeps do. Source: Deming & Stephan 1940, doi:10.1214/aoms/1177731829; the dual: Bishop, Fienberg & Holland 1975, ch. 3.
"""

import numpy as np
from numpy.typing import ArrayLike

from kloof.segments import FloatArray, Segments, divide

SWEEPS = 3
STEPS = 80
CLOSE = 1e-13
_FLOOR = 700.0


def fit(counts: ArrayLike, unit_margin: ArrayLike, group_margin: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Scale counts (..., G, N) to unit margins (..., N) and group margins (..., G, S).

    The result sums to 1 per segment. Both margins may be in any unit: only their shares count. A unit or group with
    margin 0 becomes 0. A segment whose zeros make the margins impossible is nan throughout; the margins of all others
    agree to 1e-13.
    """
    table = np.asarray(counts, dtype=np.float64)
    cut = Segments(starts, table.shape[-1])
    units, groups = np.asarray(unit_margin, dtype=np.float64), np.asarray(group_margin, dtype=np.float64)
    units = units * cut.spread(divide(np.ones(1), cut.total(units), 0.0))
    wanted = np.moveaxis(groups * divide(np.ones(1), groups.sum(axis=-2), 0.0)[..., None, :], -2, -1)
    # one scale for every unit keeps the products far from overflow; rows are scaled anew in any case
    table = table * divide(np.ones(1), table.sum(axis=-2), 0.0)[..., None, :]
    shape = np.broadcast_shapes(table.shape[:-2], units.shape[:-1], wanted.shape[:-2])
    log_multiplier = np.zeros((*shape, cut.starts.size, table.shape[-2]))
    live = wanted > 0

    def scaled(multiplier: FloatArray) -> FloatArray:
        weighted = table * cut.spread(np.moveaxis(multiplier, -1, -2))
        return weighted * (units * divide(np.ones(1), weighted.sum(axis=-2), 0.0))[..., None, :]

    for step in range(SWEEPS + STEPS):
        fitted = scaled(np.where(live, np.exp(log_multiplier), 0.0))
        columns = np.moveaxis(cut.total(fitted), -2, -1)
        off = columns - wanted
        if np.abs(off).max(initial=0.0) <= CLOSE and step >= 1:
            break
        if step < SWEEPS:
            ratio = divide(wanted, columns, 1.0)
            move = np.log(np.where(ratio > 0, ratio, 1.0))
        else:
            move = _newton(fitted, columns, off, units, cut)
        log_multiplier = np.where(live, log_multiplier + move, -_FLOOR)
        # the largest multiplier is 1; one that runs off to 0, where only the limit fits, stops at the floor
        log_multiplier -= np.maximum(log_multiplier.max(axis=-1, keepdims=True), -_FLOOR)
        log_multiplier = np.maximum(log_multiplier, -_FLOOR)
    rows = np.abs(fitted.sum(axis=-2) - units)
    bad = (np.abs(off).max(axis=-1) > CLOSE * 10) | (cut.total((rows > CLOSE).astype(np.float64)) > 0)
    return np.where(cut.spread(bad.astype(np.float64))[..., None, :] > 0, np.nan, fitted)


def _newton(fitted: FloatArray, columns: FloatArray, off: FloatArray, units: FloatArray, cut: Segments) -> FloatArray:
    """Step of the dual: (diag(columns) − Σ m mᵀ/u) Δ = wanted − columns, at most 2 in any logarithm."""
    groups = fitted.shape[-2]
    shared = fitted * divide(np.ones(1), units, 0.0)[..., None, :]
    pairs = cut.total(fitted[..., :, None, :] * shared[..., None, :, :])
    curvature = -np.moveaxis(pairs, -1, -3)
    diagonal = np.arange(groups)
    curvature[..., diagonal, diagonal] += columns
    # the multipliers are known up to a common factor: fix their sum; the ridge keeps groups that never meet solvable
    scale = columns.max(axis=-1)[..., None, None]
    curvature += scale / groups
    curvature[..., diagonal, diagonal] += 1e-13 * scale[..., 0] + (scale[..., 0] == 0)
    return np.clip(np.linalg.solve(curvature, -off[..., None])[..., 0], -2.0, 2.0)
