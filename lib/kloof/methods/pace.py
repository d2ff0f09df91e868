"""Is the mix of dwellings in the focus buurten changing fast enough? Realised against needed points per year.

Pace is the slope of the straight line through the share of the focus buurten as one whole (dwellings counted together).
The arrival is where that line, started at the last year, meets the target: arithmetic, not a forecast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kloof.errors import NotComputableError, ParameterError
from kloof.measures.bounds import mean_range
from kloof.methods.arrays import Array
from kloof.methods.contrast import satterthwaite
from kloof.methods.regression import Estimate, from_t

ALREADY_THERE = "already_there"
MOVES_AWAY = "moves_away"
STANDS_STILL = "stands_still"


@dataclass(frozen=True)
class Tenure:
    """A share of dwellings over the years: `share` (percent, buurt × year) with its rounding bounds, and `dwellings`.

    `years` are calendar years in rising order; `dwellings` (buurt × year) weigh the shares.
    """

    share: Array
    low: Array
    high: Array
    dwellings: Array
    years: NDArray[np.int64]
    is_focus: NDArray[np.bool_]


@dataclass(frozen=True)
class Pace:
    """The pace in points per year, and what it comes to.

    `start` and `last` are the focus share in the first and last year, `target` the share to reach by `target_year`,
    `needed` the points per year for that. `found` is the realised pace with its process interval, `low`-`high` the same
    widened by `rounding` (what rounding alone leaves open). `ratio` (realised / needed, 1 is fast enough, below 0 is
    the wrong way) with its range is None when nothing is needed. `arrival` is the year (with decimals) in which the
    target is met at the realised pace; `arrival_low` and `arrival_high` are the earliest and latest year that the range
    allows, None for an end at which the target is never met. `reason` says why there is no arrival: already_there,
    moves_away or stands_still.
    """

    start: float
    last: float
    target: float
    target_year: int
    needed: float
    found: Estimate
    rounding: tuple[float, float]
    low: float
    high: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    arrival: float | None
    arrival_low: float | None
    arrival_high: float | None
    reason: str | None


def focus_share(tenure: Tenure) -> Array:
    """Give the share of the focus buurten as one whole in each year, percent."""
    held = tenure.dwellings[tenure.is_focus]
    return np.asarray((tenure.share[tenure.is_focus] * held).sum(axis=0) / held.sum(axis=0))


def city_share(tenure: Tenure) -> Array:
    """Give the share of all buurten as one whole in each year, percent."""
    return np.asarray((tenure.share * tenure.dwellings).sum(axis=0) / tenure.dwellings.sum(axis=0))


def pace(tenure: Tenure, target_year: int, target: float | None = None, *, close_enough: float = 0.5) -> Pace:
    """Compare the realised pace with what it takes to reach `target` (percent) by `target_year`.

    Without a target it is the mix of the whole city in the last year. Within `close_enough` points the target has been
    reached. The interval is a delete-one jackknife over the focus buurten of the slope of their joint share, which
    allows for dwellings that were built or demolished in between, and t on Satterthwaite's degrees of freedom: fewer
    where few buurten hold most dwellings. With 5 and 11 focus buurten it misses 1 to 4 percent; on (buurten - 1) it
    missed 6 to 10. Where all focus buurten moved alike, only rounding leaves a range.

    Raises ParameterError (years that do not rise, a target year not after the last, a target outside 0-100) and
    NotComputableError: too_few_years (fewer than two), too_few_buurten (fewer than three in focus),
    no_dwellings.
    Sources: Tukey 1958, doi:10.1214/aoms/1177706647 (jackknife); `contrast.satterthwaite`.
    """
    _check(tenure, target_year, target)
    path = focus_share(tenure)
    goal = float(city_share(tenure)[-1]) if target is None else target
    remaining = goal - float(path[-1])
    weights = _slope_weights(tenure.years)
    found = _jackknife(tenure, weights)
    rounding = _rounding(tenure, weights)
    low = found.low + min(rounding[0] - found.estimate, 0.0)
    high = found.high + max(rounding[1] - found.estimate, 0.0)
    last_year = int(tenure.years[-1])
    needed = remaining / (target_year - last_year)
    near = abs(remaining) <= close_enough
    ratio = ratio_low = ratio_high = arrival = earliest = latest = None
    reason: str | None = ALREADY_THERE
    if not near:
        ratio = found.estimate / needed
        ratio_low, ratio_high = sorted((low / needed, high / needed))
        arrival, at_low, at_high = (_arrival(last_year, remaining, value) for value in (found.estimate, low, high))
        earliest, latest = (at_high, at_low) if remaining > 0 else (at_low, at_high)
        reason = None if arrival else STANDS_STILL if found.estimate == 0 else MOVES_AWAY
    return Pace(
        start=float(path[0]),
        last=float(path[-1]),
        target=goal,
        target_year=target_year,
        needed=needed,
        found=found,
        rounding=rounding,
        low=low,
        high=high,
        ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        arrival=arrival,
        arrival_low=earliest,
        arrival_high=latest,
        reason=reason,
    )


def _arrival(last_year: int, remaining: float, per_year: float) -> float | None:
    """Give the year in which a pace covers what remains; None when it never does."""
    return last_year + remaining / per_year if per_year * remaining > 0 else None


def _slope_weights(years: NDArray[np.int64]) -> Array:
    """Give what each year counts in the least-squares slope; between two years it is their difference."""
    off = years - years.mean()
    return np.asarray(off / (off @ off))


def _jackknife(tenure: Tenure, weights: Array) -> Estimate:
    held = tenure.dwellings[tenure.is_focus]
    part = tenure.share[tenure.is_focus] * held
    units = len(held)
    estimate = float((part.sum(axis=0) / held.sum(axis=0)) @ weights)
    without = ((part.sum(axis=0) - part) / (held.sum(axis=0) - held)) @ weights
    off = without - without.mean()
    error = float(np.sqrt((units - 1) / units * (off @ off)))
    if error > 1e-12:
        return from_t(estimate, error, satterthwaite((held / held.sum(axis=0)).mean(axis=1)), units, units)
    same = float(estimate == 0)
    return Estimate(estimate, 0.0, estimate, estimate, estimate, estimate, same, units - 1, units, units)


def _rounding(tenure: Tenure, weights: Array) -> tuple[float, float]:
    """Range of the slope when every share lies anywhere in its rounding interval; dwellings are kept."""
    low = high = 0.0
    for place, weight in enumerate(weights):
        held = tenure.dwellings[tenure.is_focus, place]
        box = tenure.low[tenure.is_focus, place], tenure.high[tenure.is_focus, place]
        ends = sorted(weight * end for end in mean_range(*box, held, held))
        low, high = low + ends[0], high + ends[1]
    return float(low), float(high)


def _check(tenure: Tenure, target_year: int, target: float | None) -> None:
    years = tenure.years
    if len(years) < 2:
        raise NotComputableError("too_few_years", "A pace needs two or more years.")
    if (np.diff(years) <= 0).any():
        raise ParameterError(f"The years must rise, got {', '.join(map(str, years))}.")
    if target_year <= years[-1]:
        raise ParameterError(f"target_year {target_year} is not after the last year with figures, {years[-1]}.")
    if target is not None and not 0 <= target <= 100:
        raise ParameterError(f"target must be a percentage, got {target}.")
    if tenure.is_focus.sum() < 3:
        raise NotComputableError("too_few_buurten", f"{int(tenure.is_focus.sum())} focus buurten are too few.")
    held = tenure.dwellings[tenure.is_focus]
    if ((held.sum(axis=0) - held) <= 0).any():
        raise NotComputableError("no_dwellings", "With one focus buurt left out no dwelling is left in some year.")
