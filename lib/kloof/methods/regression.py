"""One coefficient with an interval that few units and unequal spread do not make too narrow.

Every method that fits a line takes the coefficient of the first column of its design from here. The figures are
registrations: the interval says how far the coefficient could move because units differ in what happens to them, not
because of sampling.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kloof.errors import NotComputableError
from kloof.methods.arrays import LEVEL, Array

_ALONE = 1e-9  # a row whose leverage is as near to 1 has a group of its own
_NOTHING = 1e-12  # what is smaller than this part of the largest figure is floating point, not variation


@dataclass(frozen=True)
class Estimate:
    """A number with its interval at `LEVEL` and the one that two one-sided tests of 5 % read (`low_90`, `high_90`).

    `p_value` is two-sided, of 0. `df` are the degrees of freedom of the t distribution that was used, `rows` and
    `clusters` what the number rests on. All but those in the unit of the estimate.
    """

    estimate: float
    se: float
    low: float
    high: float
    low_90: float
    high_90: float
    p_value: float
    df: float
    rows: int
    clusters: int


def t_quantile(degrees: float, level: float = LEVEL) -> float:
    """Give how many standard errors an interval reaches to each side, by the t distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + level) / 2))


def from_t(estimate: float, se: float, df: float, rows: int, clusters: int) -> Estimate:
    """Make an estimate from its standard error and the t distribution on `df` degrees of freedom.

    Raises NotComputableError(no_variation) when the standard error is 0 or no number: then nothing varies.
    """
    from scipy.special import stdtr

    if not (np.isfinite(estimate) and np.isfinite(se) and se > 0 and df > 0):
        raise NotComputableError("no_variation", "Nothing varies around this number, so it has no interval.")
    wide, narrow = (t_quantile(df, level) * se for level in (LEVEL, 2 * LEVEL - 1))
    chance = float(2 * stdtr(df, -abs(estimate) / se))
    return Estimate(
        estimate, se, estimate - wide, estimate + wide, estimate - narrow, estimate + narrow, chance, df, rows, clusters
    )


def jackknifed(value: Array) -> Estimate:
    """Make an estimate of a number (first) and what it is without each cluster (the others): t on clusters - 1.

    Source: Tukey 1958, doi:10.1214/aoms/1177706647.
    """
    count = len(value) - 1
    return from_t(float(value[0]), float(np.sqrt(left_out(value[:, None])[0, 0])), count - 1, count, count)


def left_out(values: Array) -> Array:
    """Give the covariance of numbers (columns) out of what they are without each cluster (all rows but the first)."""
    off = values[1:] - values[1:].mean(axis=0)
    return np.asarray((len(off) - 1) / len(off) * (off.T @ off))


def one_sided(found: Estimate, at: float = 0.0) -> tuple[float, float]:
    """Give the p-values against "not above `at`" and against "not below `at`": small means above, and below."""
    from scipy.special import stdtr

    distance = (found.estimate - at) / found.se
    return float(stdtr(found.df, -distance)), float(stdtr(found.df, distance))


@dataclass(frozen=True)
class Least:
    """The smallest of several differences with its interval at `LEVEL`, its name, and its degrees of freedom."""

    estimate: float
    low: float
    high: float
    name: str
    df: float


def least(differences: Mapping[str, Estimate]) -> Least:
    """Give the smallest of one or more differences, with an interval that holds whichever of them truly is smallest.

    It is above 0 only when each of them is, so the low end is the lowest of theirs: no allowance is needed for looking
    at several (intersection-union: Berger 1982, doi:10.2307/1267823). It is below 0 as soon as one of them is, so the
    high end is the lowest of theirs, each at a level that allows for the number of them (Bonferroni). Together they
    miss at most 1 - `LEVEL`.
    """
    from scipy.special import stdtrit

    level = 1 - (1 - LEVEL) / 2 / len(differences)
    high = min(one.estimate + float(stdtrit(one.df, level)) * one.se for one in differences.values())
    name = min(differences, key=lambda key: differences[key].estimate)
    low = min(one.low for one in differences.values())
    return Least(differences[name].estimate, low, high, name, differences[name].df)


def is_equivalent(found: Estimate, smallest_effect: float) -> bool:
    """Tell whether the coefficient is inside ± the smallest effect by two one-sided tests at 5 %.

    Read from the 90 % interval. Source: Schuirmann 1987, doi:10.1007/BF01068419.
    """
    return bool(-smallest_effect < found.low_90 and found.high_90 < smallest_effect)


def clustered(outcome: Array, design: Array, weight: Array, cluster: NDArray[np.generic]) -> Estimate:
    """Fit weighted least squares and give the first coefficient with a variance that allows for clusters of rows.

    Where every row is its own cluster: HC3. Otherwise CR1, and t on (clusters - 1) degrees of freedom in both cases.
    Arrays have one entry per row; weights above 0. Raises NotComputableError: too_few_buurten (fewer than three
    clusters, no more rows than columns, or, for HC3, a row that fixes a coefficient by itself), not_identified (a
    column is a combination of the others), no_variation.
    Sources: MacKinnon & White 1985, doi:10.1016/0304-4076(85)90158-7 (HC3); Liang & Zeger 1986,
    doi:10.1093/biomet/73.1.13, and Cameron & Miller 2015, doi:10.3368/jhr.50.2.317 (CR1, t on clusters - 1).
    """
    from statsmodels.regression.linear_model import WLS

    labels, groups = np.unique(cluster, return_inverse=True)
    check_design(design, len(labels))
    model = WLS(outcome, design, weights=weight / weight.mean())
    if len(labels) == len(outcome):
        leverage = (np.linalg.qr(model.wexog)[0] ** 2).sum(axis=1)
        if leverage.max() > 1 - _ALONE:
            raise NotComputableError("too_few_buurten", "A group of one buurt does not show how far it could vary.")
        fit = model.fit(cov_type="HC3", use_t=True)
    else:
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    if np.abs(fit.resid).max() <= _NOTHING * np.abs(outcome).max():
        raise NotComputableError("no_variation", "The line goes through every point, so it has no interval.")
    return from_t(float(fit.params[0]), float(fit.bse[0]), len(labels) - 1, len(outcome), len(labels))


def check_design(design: Array, clusters: int) -> None:
    """Refuse a design that identifies nothing: see `clustered` for the reasons."""
    rows, columns = design.shape
    if clusters < 3 or rows <= columns:
        raise NotComputableError(
            "too_few_buurten", f"{rows} rows in {clusters} clusters are too few for {columns} coefficients."
        )
    scale = np.abs(design).max(axis=0)
    if (scale == 0).any() or np.linalg.matrix_rank(design / scale) < columns:
        raise NotComputableError(
            "not_identified", "A column of the design is empty or a combination of the others; leave one out."
        )


def weighted_mean(value: Array, weight: Array) -> Estimate:
    """Give a weighted mean over units with an interval (HC3, t on units - 1); see `clustered` for what it raises."""
    return clustered(value, np.ones((len(value), 1)), weight, np.arange(len(value)))


def slope(outcome: Array, other: Array, weight: Array) -> Estimate:
    """Give the slope of a weighted line of one figure on another over units (HC3, t on units - 1).

    In units of the outcome for one of the other. Raises what `clustered` raises.
    """
    return clustered(outcome, np.column_stack([other, np.ones(len(other))]), weight, np.arange(len(other)))


def correlation(outcome: Array, other: Array, weight: Array) -> Estimate:
    """Give the weighted correlation of two figures over units: the slope when both have mean 0 and deviation 1.

    Its interval is that of the slope, which takes both deviations for known. Raises NotComputableError(no_variation)
    when one of them does not vary, and what `clustered` raises.
    """
    both = np.stack([outcome, other])
    centred = both - np.average(both, axis=1, weights=weight)[:, None]
    deviation = np.sqrt(np.average(centred**2, axis=1, weights=weight))
    if (deviation <= _NOTHING * np.abs(both).max(axis=1)).any():
        raise NotComputableError("no_variation", "One of the figures is the same everywhere.")
    first, second = centred / deviation[:, None]
    return slope(first, second, weight)


def beside_others(own: float, others: Array) -> Estimate:
    """Set one number beside those of others: its distance from their mean, with the interval of a single case.

    0 is outside it when a further case drawn as the others were would seldom lie so far from them; t on others - 1.
    Raises NotComputableError: too_few_municipalities (fewer than three others), no_variation.
    Source: Crawford & Howell 1998, doi:10.1076/clin.12.4.482.7241.
    """
    count = len(others)
    if count < 3:
        raise NotComputableError("too_few_municipalities", f"{count} others do not show how far they vary.")
    spread = float(np.std(others, ddof=1)) * float(np.sqrt(1 + 1 / count))
    return from_t(own - float(np.mean(others)), spread, count - 1, count + 1, count)


def within(values: Array, weight: Array, unit: NDArray[np.generic]) -> Array:
    """Take the weighted mean of each unit out of every column: (rows × columns), as unit effects do.

    Frisch & Waugh 1933, doi:10.2307/1907330. Means are not counted as coefficients in the variance: they lie within
    the clusters.
    """
    labels, place = np.unique(unit, return_inverse=True)
    columns = values.reshape(len(values), -1)
    total = np.bincount(place, weights=weight, minlength=len(labels))
    means = np.column_stack(
        [np.bincount(place, weights=weight * column, minlength=len(labels)) / total for column in columns.T]
    )
    left = columns - means[place]
    return np.where(np.abs(left) <= _NOTHING * np.abs(columns).max(axis=0), 0.0, left)


def dummies(labels: NDArray[np.generic]) -> Array:
    """Give one 0/1 column per label but the first."""
    return np.asarray(labels[:, None] == np.unique(labels)[None, 1:], dtype=np.float64)
