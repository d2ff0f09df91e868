"""Pass-through: how much of what happens to a city or country arrives in the focus buurten, and how much in the rest.

An elasticity is the slope of the yearly change in log of a group's mean on that of a movement the group is no part of.
Focus and rest share the years, so their errors hang together; years, not buurten, are what there is few of.

Sources: Zellner 1962, doi:10.1080/01621459.1962.10480664 (equations that share their errors); Guryan, Kroft &
Notowidigdo 2009, doi:10.1257/app.1.4.34 (leave-one-out means); `ratio` (focus over rest).
"""

from dataclasses import dataclass

import numpy as np

from kloof.errors import NotComputableError
from kloof.methods.arrays import Array, Flags
from kloof.methods.contrast import difference, expected_square
from kloof.methods.gap import weighted_means
from kloof.methods.ratio import Ratio, fieller, fieller_p_value

REGISTERED = 50 / 90  # the author's image: a vaccine that works for 90 percent there and for 50 percent here
_STILL = 1e-18  # squared change in log per year that is only floating point
_LEAST = 6  # years: four changes leave two degrees of freedom, too few to say anything; the claim asks for six years


@dataclass(frozen=True)
class PassThrough:
    """Elasticity of focus and rest, their covariance (2 × 2) and degrees of freedom, and focus over rest.

    `p_registered` is the p-value of "focus gets the registered part of what the rest gets".
    """

    focus: float
    rest: float
    covariance: Array
    degrees: int
    ratio: Ratio
    p_registered: float


def leave_one_out(value: Array, weight: Array) -> Array:
    """Give the mean of all other buurten for each buurt and year: buurt × year in and out, in the unit of the figure.

    Raises NotComputableError(too_few_buurten) when a buurt has no others.
    """
    others = weight.sum() - weight
    if len(weight) < 2 or (others <= 0).any():
        raise NotComputableError("too_few_buurten", "A mean of the others needs others; there is one buurt.")
    return np.asarray((weight @ value - weight[:, None] * value) / others[:, None])


def pass_through(
    value: Array, movement: Array, weight: Array, is_focus: Flags, registered: float = REGISTERED
) -> PassThrough:
    """Estimate the elasticities of focus and rest to a movement, and judge their ratio.

    `value` buurt × year, above 0; `movement` per year (national, without this municipality) or buurt × year
    (`leave_one_out`). Each group's log change is regressed on a constant and the log change of its movement (for buurt
    × year: the weighted mean over the group). Errors of one year are shared by the groups; the t has years - 3 degrees
    of freedom. Raises NotComputableError: too_few_years (under six), not_positive, no_movement (it never varies),
    no_spread (a perfect fit), divisor_is_zero.
    """
    years = value.shape[1]
    if years < _LEAST:
        raise NotComputableError("too_few_years", f"A pass-through needs {_LEAST} years; there are {years}.")
    slopes, residual, driver = _fit(*_by_group(value, movement, weight, is_focus))
    squares = (driver**2).sum(axis=1)
    degrees = years - 3
    errors = residual @ residual.T / degrees
    if (np.diag(errors) <= 1e-24).any():
        raise NotComputableError("no_spread", "A group follows the movement exactly, so no interval can be given.")
    covariance = errors * (driver @ driver.T) / np.outer(squares, squares)
    focus, rest = (float(slope) for slope in slopes)
    return PassThrough(
        focus,
        rest,
        np.asarray(covariance),
        degrees,
        fieller(focus, rest, covariance, degrees),
        fieller_p_value(focus, rest, covariance, degrees, registered),
    )


def group_elasticities(value: Array, movement: Array, weight: Array, is_focus: Flags) -> tuple[float, float]:
    """Give the elasticities of focus and rest alone, as `pass_through` does, for series too short for an interval.

    Raises NotComputableError: too_few_years (under four: two changes always fit), not_positive, no_movement.
    """
    if value.shape[1] < 4:
        raise NotComputableError("too_few_years", f"An elasticity needs four years; there are {value.shape[1]}.")
    focus, rest = _fit(*_by_group(value, movement, weight, is_focus))[0]
    return float(focus), float(rest)


def _by_group(value: Array, movement: Array, weight: Array, is_focus: Flags) -> tuple[Array, Array]:
    """Give the means of focus and rest, and the movement of each: both 2 × year."""
    moved = weighted_means(movement, weight, is_focus) if movement.ndim == 2 else (movement, movement)
    return np.stack(weighted_means(value, weight, is_focus)), np.stack(moved)


def unit_elasticities(value: Array, movement: Array) -> Array:
    """Give the elasticity of each buurt to its movement (buurt × year, both above 0): one value per buurt.

    A contrast to judge with `contrast`: does the weighted mean differ between focus and rest, as far as buurten
    differ among themselves? What all focus buurten share in a year is then not counted as chance.
    Raises NotComputableError: not_positive, no_movement.
    """
    return _fit(value, movement)[0]


def by_buurten(value: Array, movement: Array, weight: Array, is_focus: Flags) -> Ratio:
    """Give the ratio of the mean elasticity of the focus buurten to that of the rest, as far as buurten differ.

    `value` and `movement` (`leave_one_out`) buurt × year, above 0. A group follows a mean that is mostly its own more
    closely than another group does, noise and all; a buurt is not in the mean of the others, so noise in it makes
    both groups' elasticities too small by the same part, and their ratio is not moved. The covariance is that of two
    weighted means (CR2, Welch's degrees of freedom: see `contrast`).
    Raises NotComputableError: not_positive, no_movement, too_few_buurten, no_spread, divisor_is_zero.
    Source: Fuller 1987, Measurement Error Models, section 1.1 (attenuation).
    """
    found = unit_elasticities(value, movement)
    whole = difference(found[:, None], weight, is_focus)
    means, variances = [], []
    for side in (is_focus, ~is_focus):
        share = weight[side] / weight[side].sum()
        middle = float(share @ found[side])
        means.append(middle)
        variances.append(float(share**2 / expected_square(share) @ (found[side] - middle) ** 2))
    return fieller(means[0], means[1], np.diag(variances), float(whole.degrees[0]))


def _fit(level: Array, movement: Array) -> tuple[Array, Array, Array]:
    """Regress the log changes of each row on a constant and those of its movement.

    Gives the slopes, the residuals and the centred movement.
    """
    if min(level.min(), movement.min()) <= 0:
        raise NotComputableError("not_positive", "An elasticity needs figures above 0 in every year.")
    change, driver = np.diff(np.log(level), axis=1), np.diff(np.log(movement), axis=1)
    driver = driver - driver.mean(axis=1, keepdims=True)
    squares = (driver**2).sum(axis=1)
    if (squares <= _STILL * driver.shape[1]).any():
        raise NotComputableError("no_movement", "The movement grows by the same percentage each year: no slope.")
    slopes = (driver * change).sum(axis=1) / squares
    residual = change - change.mean(axis=1, keepdims=True) - slopes[:, None] * driver
    return slopes, residual, driver
