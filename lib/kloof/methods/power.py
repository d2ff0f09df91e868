"""What could be seen at all: smallest detectable change, years needed, and years to close a gap.

Standard errors come from the estimator in use (`contrast`), or from variances of lasting shocks and passing noise
per buurt (`power.variance_parts`) when a horizon is not there yet.

Sources: Bloom 1995, doi:10.1177/0193841X9501900504 (minimum detectable effects); Donner & Klar 2000 and Kish 1965
(unequal weights); Fieller 1954 (`ratio`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kloof.errors import NotComputableError
from kloof.methods import ratio
from kloof.methods.arrays import LEVEL, Array, Flags

ALPHA = 0.05
POWER = 0.80
_FAR = 7.0  # standard errors; the chance of the wrong sign is then under 1e-11, and scipy has no number for it


def power_of(effect: float, standard_error: float, degrees: float, alpha: float = ALPHA) -> float:
    """Chance that a two-sided t test at `alpha` rejects "no effect" when there is one (noncentral t; both sides).

    Raises NotComputableError(no_spread) without a standard error above 0.
    """
    from scipy.special import nctdtr, ndtr, stdtrit

    if not standard_error > 0:
        raise NotComputableError("no_spread", "Power needs a standard error above 0.")
    critical, shift = float(stdtrit(degrees, 1 - alpha / 2)), abs(effect) / standard_error
    if np.isinf(degrees):
        return float(ndtr(shift - critical) + ndtr(-shift - critical))
    far = float(nctdtr(degrees, shift, -critical)) if shift < _FAR else 0.0
    return float(1 - nctdtr(degrees, shift, critical)) + far


def minimum_detectable_effect(
    standard_error: float, degrees: float, power: float = POWER, alpha: float = ALPHA
) -> float:
    """Smallest effect that is seen with chance `power`, in the unit of the standard error.

    Raises NotComputableError: no_spread; no_power when `power` is not between `alpha` and 1.
    """
    from scipy.optimize import brentq

    if not alpha < power < 1:
        raise NotComputableError("no_power", f"Power lies between {alpha:g} and 1; it is {power:g}.")
    power_of(0.0, standard_error, degrees, alpha)
    top = 1.0
    while power_of(top, 1.0, degrees, alpha) < power:
        top *= 2
    return standard_error * float(
        brentq(lambda size: power_of(size, 1.0, degrees, alpha) - power, 0.0, top, xtol=1e-12)
    )


@dataclass(frozen=True)
class Town:
    """A municipality to plan for: sizes of its buurten, who is focus, variances per year of shocks and of noise."""

    weight: Array
    is_focus: Flags
    shock: float
    noise: float


def design(weight: Array, is_focus: Flags) -> tuple[float, float]:
    """Variance of focus minus rest per unit of variance of one buurt, and its degrees of freedom (Welch).

    Σs² over focus plus over the rest, s being shares of weight: one over the effective number of buurten (Kish).
    Raises NotComputableError(too_few_buurten) with fewer than two in a group.
    """
    parts, degrees = [], []
    for side in (is_focus, ~is_focus):
        if side.sum() < 2:
            raise NotComputableError("too_few_buurten", f"A group has {int(side.sum())} buurten; a spread needs two.")
        share = weight[side] / weight[side].sum()
        parts.append(float((share**2).sum()))
        degrees.append(int(side.sum()) - 1)
    return sum(parts), sum(parts) ** 2 / sum(part**2 / free for part, free in zip(parts, degrees, strict=True))


def error_at(town: Town, years: int) -> tuple[float, float]:
    """Give the standard error of the change of the gap over a number of years, and its degrees of freedom.

    Variance (shock · years + 2 · noise) · design: shocks add up, noise stands at both ends.
    Raises NotComputableError: one_year, too_few_buurten.
    """
    if years < 1:
        raise NotComputableError("one_year", "A change needs at least one year between its two ends.")
    factor, degrees = design(town.weight, town.is_focus)
    return float(np.sqrt((town.shock * years + 2 * town.noise) * factor)), degrees


def detectable(town: Town, horizons: tuple[int, ...], power: float = POWER) -> dict[int, float]:
    """Minimum detectable change of the gap per horizon in years, in the unit of the figure."""
    return {years: minimum_detectable_effect(*error_at(town, years), power) for years in horizons}


def years_needed(town: Town, effect: Callable[[int], float], most: int = 100, power: float = POWER) -> int | None:
    """First number of years after which an effect is seen with chance `power`; None when it is not within `most`.

    `effect` gives the true change of the gap so far from the number of years, such as `lambda years: 2.0 * years`.
    """
    for years in range(1, most + 1):
        if power_of(effect(years), *error_at(town, years)) >= power:
            return years
    return None


def least_count(holds: Callable[[int], bool], start: int, most: int) -> int | None:
    """Give the least number from `start` to `most` for which it holds, which then it does for any more; or None."""
    if not holds(most):
        return None
    low, high = start - 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class Closing:
    """Years until the gap is closed at the realised pace; None for never.

    `years` at the pace measured, from `earliest` to `latest` at the paces that are not rejected: `latest` None when a
    pace that never closes the gap is not rejected, all None when every pace that is not rejected never does.
    """

    years: float | None
    earliest: float | None
    latest: float | None


def years_to_close(gap: float, pace: float, covariance: Array, degrees: float, level: float = LEVEL) -> Closing:
    """Give the years until a gap is 0 at its pace per year, with the years that are not rejected (Fieller).

    `gap` now and `pace` in one unit (per year), `covariance` of the two, 2 × 2. A gap and a pace of one sign never
    meet. Raises NotComputableError(no_gap) when the gap itself may be 0: then there is nothing to close.
    """
    from scipy.special import stdtr

    error = float(np.sqrt(covariance[0, 0]))
    if gap == 0 or (error > 0 and 2 * stdtr(degrees, -abs(gap) / error) > 1 - level):
        raise NotComputableError("no_gap", "The gap itself may be 0, so there is nothing to close.")
    turned = np.array([[1.0, -1.0], [-1.0, 1.0]]) * covariance
    low, high, shape = ratio.region(gap, -pace, turned, degrees, level)
    years = -gap / pace if gap * pace < 0 else None
    if shape != ratio.BOUNDED:  # the pace may be 0
        return Closing(years, high if shape == ratio.OUTSIDE else 0.0, None)
    return Closing(years, low, high) if low > 0 else Closing(None, None, None)


def power(standard_error: float, degrees: float, smallest: float, effect: float = 0.0, alpha: float = ALPHA) -> float:
    """Chance that TOST by the t distribution shows equivalence when the truth is `effect`, the error being estimated.

    `standard_error`, `smallest` (the smallest effect of interest, above 0) and `effect` are in one unit; `degrees` may
    be infinite (normal). Exact: the chance given the estimated standard error, integrated over its chi distribution
    (Phillips 1990). Raises NotComputableError(no_smallest_effect, no_spread).
    """
    from scipy.integrate import quad
    from scipy.special import ndtr, stdtrit
    from scipy.stats import chi

    if not smallest > 0:
        raise NotComputableError(
            "no_smallest_effect", f"Equivalence needs a smallest effect above 0; it is {smallest:g}."
        )
    if not standard_error > 0:
        raise NotComputableError("no_spread", "Equivalence needs a standard error above 0.")
    margin, critical = smallest / standard_error, float(stdtrit(degrees, 1 - alpha))
    centre = effect / standard_error

    def given(ratio: float) -> float:
        reach = margin - critical * ratio
        return float(ndtr(reach - centre) - ndtr(-reach - centre)) if reach > 0 else 0.0

    if np.isinf(degrees):
        return given(1.0)
    scale = float(1 / np.sqrt(degrees))
    density = chi(degrees, scale=scale).pdf
    top = min(margin / critical, float(chi(degrees, scale=scale).isf(1e-12)))
    return float(quad(lambda ratio: given(ratio) * density(ratio), 0.0, top, limit=200)[0])


def variance_parts(value: Array, is_focus: Flags, rounding: float = 0.0) -> tuple[float, float]:
    """Split what buurten do from year to year in lasting shocks and passing noise: two variances per year.

    `value` buurt × year. What each group shared in a year is taken out. A passing deviation is undone in the next year,
    so neighbouring changes have covariance -noise; a change has variance shock + 2 noise. Noise is never less than what
    rounding to multiples of `rounding` makes; neither part is below 0. Raises NotComputableError(too_few_years) with
    fewer than three years, too_few_buurten with fewer than two in a group.
    Source: Abowd & Card 1989, doi:10.2307/1912561; Carroll & Samwick 1997, doi:10.1016/S0304-3932(97)00055-6.
    """
    if value.shape[1] < 3:
        raise NotComputableError(
            "too_few_years", f"Lasting and passing changes cannot be told apart in {value.shape[1]} years; three can."
        )
    if min(is_focus.sum(), (~is_focus).sum()) < 2:
        raise NotComputableError("too_few_buurten", "Each group needs two buurten to see what one did of its own.")
    moved = np.diff(value, axis=1)
    own = np.empty_like(moved)
    for side in (is_focus, ~is_focus):
        own[side] = moved[side] - moved[side].mean(axis=0)
    free = len(value) - 2
    neighbours = float((own[:, 1:] * own[:, :-1]).sum() / (free * (own.shape[1] - 1)))
    spread = float((own**2).sum() / (free * own.shape[1]))
    noise = min(max(-neighbours, rounding**2 / 12, 0.0), max(spread / 2, rounding**2 / 12))
    return max(spread - 2 * noise, 0.0), noise
