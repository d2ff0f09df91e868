"""Trend of an ordered class, such as the Leefbaarometer's 1 (very insufficient) to 9 (excellent), in focus and rest.

The steps between classes need not be equally large, so no mean of classes is compared: the odds of lying above any
class boundary change by the same factor per year (proportional odds). Only classes of one model version are compared.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.errors import NotComputableError, SchemaError, examples, faults
from kloof.methods.arrays import Array
from kloof.methods.regression import Estimate, from_t

MOST_STEPS = 25  # of Newton, each doubling the digits that are right
FARTHEST = 30.0  # log odds; fitted values further apart mean that a group of rows has one outcome only


@dataclass(frozen=True)
class Classes:
    """One row per area and year: its class (whole numbers, higher is better), year, area, group and model version."""

    classes: NDArray[np.int64]
    years: NDArray[np.int64]
    areas: NDArray[np.generic]
    is_focus: NDArray[np.bool_]
    versions: NDArray[np.generic]


@dataclass(frozen=True)
class OrdinalTrend:
    """The trend per year in log odds of a higher class: in focus, in rest, and focus minus rest.

    `effects` translates it (average marginal effects): one row per group ("focus", "rest", "difference") and class,
    with estimate, low and high in points per year of the areas in that class; class 0 is the class as a number, in
    classes per year. `rows` of `areas` were used; every area counts alike. Flags: `proportional_odds` is assumed;
    `classes_absent` when a class between the lowest and highest does not occur.
    """

    focus: Estimate
    rest: Estimate
    difference: Estimate
    effects: pd.DataFrame
    rows: int
    areas: int
    flags: tuple[str, ...]


def ordinal_trend(data: Classes, most_iterations: int = 500) -> OrdinalTrend:
    """Fit an ordered logit on year, focus and focus × year, with a variance clustered by area.

    t on (areas - 1) degrees of freedom; marginal effects by the delta method. Raises SchemaError (lengths, missing),
    and NotComputableError: several_model_versions, too_few_years (one year), no_group_left (no focus or no rest),
    one_class, too_few_buurten (a group of fewer than two areas), did_not_converge (the fit has no maximum, as when a
    group has one class only, or no variance).
    Sources: McCullagh 1980, doi:10.1111/j.2517-6161.1980.tb01109.x; Liang & Zeger 1986, doi:10.1093/biomet/73.1.13.
    """
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.tools.numdiff import approx_fprime
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning

    _check(data)
    labels, observed = np.unique(data.classes, return_inverse=True)
    areas, cluster = np.unique(data.areas, return_inverse=True)
    time = data.years - data.years.mean()
    design = np.column_stack([time, data.is_focus, data.is_focus * time]).astype(np.float64)
    model = OrderedModel(observed, design, distr="logit")
    shared = {"method": "bfgs", "disp": False, "maxiter": most_iterations}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        for category in (ConvergenceWarning, HessianInversionWarning):
            warnings.simplefilter("error", category)
        try:
            fit = model.fit(cov_type="cluster", cov_kwds={"groups": cluster}, **shared)
            point, covariance = _exact(design, observed, np.asarray(fit.params), cluster)
        except (ConvergenceWarning, HessianInversionWarning, np.linalg.LinAlgError, ValueError) as problem:
            raise _unfit(str(problem)) from None
    variances = np.diag(covariance)
    if not (np.isfinite(point).all() and np.isfinite(variances).all() and (variances > 0).all()):
        raise _unfit("the variance does not exist")
    if np.ptp(design @ point[:3]) > FARTHEST:
        raise _unfit("a group of rows has one class only")

    def numbers(params: Array) -> Array:
        return np.concatenate([params[[0]] + params[[2]], params[[0]], params[[2]], _effects(model, params, labels)])

    gradient = np.atleast_2d(approx_fprime(point, numbers, centered=True))
    errors = np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))
    values = numbers(point)
    found = [
        from_t(float(value), float(error), len(areas) - 1, len(observed), len(areas))
        for value, error in zip(values, errors, strict=True)
    ]
    whole = int(labels[-1] - labels[0]) + 1 == len(labels)
    flags = ("proportional_odds",) if whole else ("proportional_odds", "classes_absent")
    focus, rest, difference, *effects = found
    return OrdinalTrend(focus, rest, difference, _table(labels, effects), len(observed), len(areas), flags)


def _exact(design: Array, observed: NDArray[np.intp], start: Array, cluster: NDArray[np.intp]) -> tuple[Array, Array]:
    """Take the fit of statsmodels to its exact maximum; give that and its variance clustered by area.

    The fit stops at a small gradient and takes second derivatives by differences of the likelihood: ranges then differ
    in the sixth digit from one processor to another. Here first derivatives are exact (complex step) and second ones
    are differences of those, of each kind of row once: many areas have the same year, group and class. Raises
    LinAlgError without a maximum. Source: Squire & Trapp 1998, doi:10.1137/S003614459631241X.
    """
    kinds, kind_of, times = np.unique(
        np.column_stack([design, observed]), axis=0, return_inverse=True, return_counts=True
    )
    design, observed, rows = kinds[:, :3], kinds[:, 3].astype(np.intp), np.arange(len(kinds))

    def scores(params: Array) -> Array:
        steps = params + 1e-30j * np.eye(len(params))
        parts = []
        for one in steps:
            cuts = np.cumsum(np.concatenate([one[3:4], np.exp(one[4:])]))
            below = 1 / (1 + np.exp(-(cuts[None, :] - (design @ one[:3])[:, None])))
            edges = np.column_stack([np.zeros(len(rows)), below, np.ones(len(rows))])
            parts.append(np.log(edges[rows, observed + 1] - edges[rows, observed]).imag * 1e30)
        return np.column_stack(parts)

    def curvature(params: Array) -> Array:
        shifts = 1e-5 * np.eye(len(params))
        ends = [[times @ scores(params + sign * shift) for sign in (1, -1)] for shift in shifts]
        found = np.array([(up - down) / 2e-5 for up, down in ends])
        return np.asarray(-(found + found.T) / 2)

    point = start
    for _ in range(MOST_STEPS):
        step = np.linalg.solve(curvature(point), times @ scores(point))
        point = point + step
        if np.abs(step).max() < 1e-12:
            break
    inverse = np.linalg.inv(curvature(point))
    np.linalg.cholesky(inverse)
    own = scores(point)[kind_of]
    sums = np.stack([np.bincount(cluster, weights=column) for column in own.T], axis=1)
    groups, (size, freedom) = len(sums), own.shape
    small = groups / (groups - 1) * (size - 1) / (size - freedom)
    return point, small * inverse @ (sums.T @ sums) @ inverse


def _effects(model: Any, params: Array, labels: NDArray[np.int64]) -> Array:
    """Average marginal effects of a year, group by group: first on the class as a number, then on each class in points.

    For cut points c and linear predictor η, dP(class k)/dη = f(c_(k-1) - η) - f(c_k - η), f the logistic density.
    """
    cuts = model.transform_threshold_params(params[3:])
    means = []
    for side in (True, False):
        rows = model.exog[(model.exog[:, 1] == 1) == side]
        below = 1 / (1 + np.exp(-(cuts[None, :] - (rows @ params[:3])[:, None])))
        density = below * (1 - below)
        slope = params[0] + params[2] * side
        by_class = (density[:, :-1] - density[:, 1:]).mean(axis=0) * slope
        means.append(np.concatenate([[by_class @ labels], 100 * by_class]))
    return np.concatenate([means[0], means[1], means[0] - means[1]])


def _table(labels: NDArray[np.int64], found: list[Estimate]) -> pd.DataFrame:
    names = [(group, int(label)) for group in ("focus", "rest", "difference") for label in (0, *labels)]
    rows = [(*name, one.estimate, one.low, one.high) for name, one in zip(names, found, strict=True)]
    return pd.DataFrame(rows, columns=["group", "class", "estimate", "low", "high"])


def _unfit(why: str) -> NotComputableError:
    return NotComputableError(
        "did_not_converge", f"The ordinal model has no fit ({why}). Follow the scores, or a share of classes, instead."
    )


def _check(data: Classes) -> None:
    sizes = {name: len(part) for name, part in vars(data).items()}
    found = [f"{name} has {size} rows, not {sizes['classes']}" for name, size in sizes.items()
             if size != sizes["classes"]]  # fmt: skip
    if not np.issubdtype(data.classes.dtype, np.integer) or (data.classes < 1).any():
        found.append("a class is missing or not a whole number from 1")
    if found or not sizes["classes"]:
        raise SchemaError(faults("the classes", found or ["there are no rows"], "Set areas without a class aside."))
    versions = np.unique(data.versions).tolist()
    if len(versions) > 1:
        raise NotComputableError(
            "several_model_versions", f"Classes of {examples(versions)} are not comparable; take one model version."
        )
    if len(np.unique(data.years)) < 2:
        raise NotComputableError("too_few_years", "A trend needs two or more years.")
    if data.is_focus.all() or not data.is_focus.any():
        raise NotComputableError("no_group_left", "The rows hold only focus areas, or none.")
    for side in (data.is_focus, ~data.is_focus):
        if len(np.unique(data.areas[side])) < 2:
            raise NotComputableError("too_few_buurten", "Focus and rest need two or more areas each.")
    if len(np.unique(data.classes)) < 2:
        raise NotComputableError("one_class", "All areas are in one class in all years, so there is no trend to judge.")
