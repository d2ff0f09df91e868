"""Panel event study of focus against rest: unit and year effects, focus × year terms, clustered by buurt.

A coefficient is a set of counts for the years (years × coefficient). In a balanced panel with weights that stay with
the buurt, least squares with unit and year effects and F × z(t) terms gives focus minus rest of those counts applied to
each buurt's own figures (Frisch & Waugh 1933); so `estimate` computes that, and not a table of dummies.

Sources: Frisch & Waugh 1933, doi:10.2307/1907330; Roth et al. 2023, doi:10.1016/j.jeconom.2023.03.008 (event studies,
pre-trends); see `differences` for the clustered covariance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kloof.dealing import Array, Flags
from kloof.differences import Difference, difference
from kloof.errors import NotComputableError
from kloof.models import ABSOLUTE, Paths, around_event, weighted_means


@dataclass(frozen=True)
class Coefficients:
    """What focus did beyond the rest (k coefficients): the difference, and its range by rounding (k, k).

    In the unit of the figure (per year for a slope), or points of the relative gap. `contrasts` are the buurt × k
    figures whose difference it is: for a relative gap linear around the group means (delta method).
    """

    found: Difference
    rounding_low: Array
    rounding_high: Array
    contrasts: Array


def each_year(years: int, base: int) -> Array:
    """Give the counts of F × year for every year but the base: years × (years - 1), in order of the years.

    `base` is the place of the base year. Raises NotComputableError(one_year) with fewer than two years.
    """
    if years < 2:
        raise NotComputableError("one_year", f"An event study compares years; there is {years}.")
    counts = np.eye(years)
    counts[base] -= 1.0
    return np.delete(counts, base % years, axis=1)


def slope(times: Array, among: Sequence[bool] | None = None) -> Array:
    """Give the counts of F × t: years × 1, the least-squares slope per year over the years `among` (all).

    Raises NotComputableError(one_year) with fewer than two of them, (collinear) when their times are equal.
    """
    flags = np.ones(len(times), dtype=bool) if among is None else np.asarray(among, dtype=bool)
    if flags.sum() < 2:
        raise NotComputableError("one_year", f"A slope needs two years; there is {int(flags.sum())}.")
    centred = np.where(flags, times - times[flags].mean(), 0.0)
    squares = float(centred @ centred)
    if squares == 0:
        raise NotComputableError("collinear", "The years of a slope all stand at one moment.")
    return np.asarray(centred / squares)[:, None]


def beyond_trend(times: Array, is_before: Sequence[bool]) -> Array:
    """Give the counts of F × year since an event, beyond the line through the years before it, drawn on.

    One column for every year since. The same as a regression with unit and year effects, F × t and F × each year since.
    Raises NotComputableError as `models.around_event` does.
    """
    flags, design = around_event(times, is_before)
    counts = np.eye(len(times))[:, ~flags]
    counts[flags] = -(design[~flags] @ np.linalg.pinv(design[flags])).T
    return counts


def of_regressors(regressors: Array) -> Array:
    """Give the counts of any F × z(t) terms: years × k regressors in, years × k counts out.

    They make the least-squares coefficients. Raises NotComputableError(collinear) when the regressors and a constant
    are not independent.
    """
    design = np.column_stack([np.ones(len(regressors)), regressors])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise NotComputableError(
            "collinear", f"{design.shape[1]} terms over {len(design)} years are not independent of each other."
        )
    return np.asarray(np.linalg.pinv(design)[1:].T)


def estimate(paths: Paths, counts: Array, measure: str = ABSOLUTE) -> Coefficients:
    """Estimate coefficients with their covariance, clustered by buurt, and the range rounding leaves them.

    `counts` years × k. For a relative measure each is that of the path of 100 (focus / rest - 1).
    Raises NotComputableError: too_few_buurten, no_spread, rest_is_zero, rest_may_be_zero.
    """
    focus, rest = weighted_means(paths.value, paths.weight, paths.is_focus)
    up, down = np.maximum(counts, 0), np.minimum(counts, 0)
    ends = [weighted_means(bound, paths.weight, paths.is_focus) for bound in (paths.low, paths.high)]
    (focus_low, rest_low), (focus_high, rest_high) = ends
    if measure == ABSOLUTE:
        contrasts = paths.value @ counts
        low, high = focus_low - rest_high, focus_high - rest_low
    else:
        if (rest == 0).any():
            raise NotComputableError("rest_is_zero", "The rest of the municipality has mean 0, so there is no ratio.")
        if (rest_low <= 0).any():
            raise NotComputableError(
                "rest_may_be_zero", "The rest may have mean 0 within its rounding, so there is no ratio."
            )
        own, others = paths.value / rest - 1, (paths.value - rest) * focus / rest**2
        contrasts = 100 * np.where(paths.is_focus[:, None], own, others) @ counts
        low, high = 100 * (focus_low / rest_high - 1), 100 * (focus_high / rest_low - 1)
    found = difference(contrasts, paths.weight, paths.is_focus)
    return Coefficients(found, low @ up + high @ down, high @ up + low @ down, contrasts)


def stacked(paths: Paths, regressors: Array) -> tuple[Array, Array, NDArray[np.int64], Array]:
    """Lay a panel out as a regression: values, design, buurt of each row, weights; buurt by buurt, year by year.

    `regressors` years × k; the design has the F × z(t) terms first, then a dummy for each buurt and each year but the
    first. For methods that need the rows themselves, such as `wildcluster`.
    """
    units, years = paths.value.shape
    buurt = np.repeat(np.arange(units), years)
    year = np.tile(np.arange(years), units)
    focus: Flags = paths.is_focus[buurt]
    design = np.column_stack(
        [focus[:, None] * regressors[year], buurt[:, None] == np.arange(units), year[:, None] == np.arange(1, years)]
    )
    return paths.value.ravel(), np.asarray(design, dtype=np.float64), buurt, paths.weight[buurt]
