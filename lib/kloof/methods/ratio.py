"""A ratio of two estimates, with all ratios that a t test does not reject: its divisor may be near 0.

Source: Fieller 1954, doi:10.1111/j.2517-6161.1954.tb00159.x.
"""

from dataclasses import dataclass

import numpy as np

from kloof.errors import NotComputableError
from kloof.methods.arrays import LEVEL, Array

BOUNDED = "bounded"  # from low to high
OUTSIDE = "outside"  # everything up to low and everything from high: the divisor may be 0
EVERYTHING = "everything"  # no ratio is rejected
_LOST = 1e-12  # relative; a smaller difference of two products is only floating point


@dataclass(frozen=True)
class Ratio:
    """top / bottom, and the ratios not rejected: their shape, and the two ends (infinite for EVERYTHING).

    `p_alike` is the two-sided p-value of "both are the same", on the `degrees` of freedom of the interval.
    """

    estimate: float
    low: float
    high: float
    shape: str
    degrees: float
    p_alike: float


def fieller(top: float, bottom: float, covariance: Array, degrees: float, level: float = LEVEL) -> Ratio:
    """Give top / bottom with all ratios that are not rejected (see `region`).

    Raises NotComputableError(divisor_is_zero) when `bottom` is 0.
    """
    if bottom == 0:
        raise NotComputableError("divisor_is_zero", "The divisor of the ratio is 0.")
    ends = region(top, bottom, covariance, degrees, level)
    try:
        alike = fieller_p_value(top, bottom, covariance, degrees, 1.0)
    except NotComputableError:  # both do the same, noise and all: alike or not is then no matter of chance
        alike = float(np.isclose(top, bottom))
    return Ratio(top / bottom, *ends, degrees, alike)


def region(
    top: float, bottom: float, covariance: Array, degrees: float, level: float = LEVEL
) -> tuple[float, float, str]:
    """Give the ends and the shape of all ratios r for which top - r·bottom is not rejected by a t test.

    `covariance` of (top, bottom), 2 × 2; `degrees` of freedom, may be infinite; `bottom` may be 0.
    """
    from scipy.special import stdtrit

    squared = float(stdtrit(degrees, (1 + level) / 2)) ** 2
    square = bottom**2 - squared * covariance[1, 1]
    linear = top * bottom - squared * covariance[0, 1]
    loose = top**2 - squared * covariance[0, 0]
    root = linear**2 - square * loose
    if abs(root) <= _LOST * linear**2:
        root = 0.0
    if root < 0 or square == 0:
        return -np.inf, np.inf, EVERYTHING
    ends = sorted(((linear - np.sqrt(root)) / square, (linear + np.sqrt(root)) / square))
    return float(ends[0]), float(ends[1]), BOUNDED if square > 0 else OUTSIDE


def fieller_p_value(top: float, bottom: float, covariance: Array, degrees: float, ratio: float) -> float:
    """Give the two-sided p-value of "top is `ratio` times bottom" by the t distribution; it divides by nothing."""
    from scipy.special import stdtr

    counts = np.array([1.0, -ratio])
    variance = float(counts @ covariance @ counts)
    if variance <= 0:
        raise NotComputableError("no_spread", "The ratio cannot be tested without a spread.")
    return float(2 * stdtr(degrees, -abs(top - ratio * bottom) / np.sqrt(variance)))
