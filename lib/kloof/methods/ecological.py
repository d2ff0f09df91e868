"""What figures per buurt can say about households: bounds, and a slope that must not be read as theirs.

A buurt's share of vulnerable households and its share of corporation dwellings only bound who lives where. Every result
here carries the flag `ecological`: a slope over buurten is not a slope over households (Robinson 1950,
doi:10.2307/2087176). Dwellings stand for households: `dwellings_as_households`.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.errors import NotComputableError, SchemaError, examples, faults
from kloof.methods.arrays import Array
from kloof.methods.regression import Estimate, clustered, dummies

FLAGS = ("ecological", "dwellings_as_households")


@dataclass(frozen=True)
class Margins:
    """Both shares of every buurt (percent) with the bounds rounding leaves, and its households with theirs.

    `vulnerable` (low, high), `corporation` (low, high), `households` (low, high): one entry per buurt each.
    """

    vulnerable: tuple[Array, Array]
    corporation: tuple[Array, Array]
    households: tuple[Array, Array]


@dataclass(frozen=True)
class WithinBounds:
    """How large the vulnerable share within corporation housing can be, percent.

    `table` has one row per buurt: low, high (within corporation housing; missing without such housing),
    elsewhere_low, elsewhere_high (in other housing; missing without it). `low`-`high`, `elsewhere_low`-`elsewhere_high`
    and `difference_low`-`difference_high` (corporation minus other, points) hold for all buurten together.
    """

    table: pd.DataFrame
    low: float
    high: float
    elsewhere_low: float
    elsewhere_high: float
    difference_low: float
    difference_high: float
    flags: tuple[str, ...] = FLAGS


def within_corporation(margins: Margins) -> WithinBounds:
    """Bound the vulnerable share within corporation housing, by buurt and for all together (method of bounds).

    With p vulnerable and x corporation of a buurt, between max(0, p + x - 1) and min(p, x) of its households are both;
    nothing in the margins narrows that (sharp for 2 × 2). Over a rounding box: the widest of all tables inside it. For
    all buurten together the ratio of sums is optimised exactly over shares and households (Dinkelbach 1967). The
    difference combines the two aggregate ranges, an outer bound when there is rounding and sharp when there is none.

    Raises SchemaError (missing, low above high, outside 0-100) and NotComputableError(no_corporation_housing or
    no_other_housing) when there may be no such dwelling anywhere.
    Sources: Duncan & Davis 1953, doi:10.2307/2088122; Dinkelbach 1967, doi:10.1287/mnsc.13.7.492.
    """
    _check(margins)
    p_low, p_high = (end / 100 for end in margins.vulnerable)
    x_low, x_high = (end / 100 for end in margins.corporation)
    if not (margins.households[0] @ x_low > 0):
        raise NotComputableError("no_corporation_housing", "There may be no corporation dwelling in these buurten.")
    if not (margins.households[0] @ (1 - x_high) > 0):
        raise NotComputableError("no_other_housing", "There may be no other dwelling than those of corporations.")
    low = _lowest_ratio(p_low, x_low, x_high, margins.households)
    high = 1 - _lowest_ratio(1 - p_high, x_low, x_high, margins.households)
    elsewhere_low = _lowest_ratio(p_low, 1 - x_high, 1 - x_low, margins.households)
    elsewhere_high = 1 - _lowest_ratio(1 - p_high, 1 - x_high, 1 - x_low, margins.households)
    table = pd.DataFrame(
        {
            "low": 100 * _share_low(p_low, x_low, x_high),
            "high": 100 * (1 - _share_low(1 - p_high, x_low, x_high)),
            "elsewhere_low": 100 * _share_low(p_low, 1 - x_high, 1 - x_low),
            "elsewhere_high": 100 * (1 - _share_low(1 - p_high, 1 - x_high, 1 - x_low)),
        }
    )
    return WithinBounds(
        table,
        low=100 * low,
        high=100 * high,
        elsewhere_low=100 * elsewhere_low,
        elsewhere_high=100 * elsewhere_high,
        difference_low=100 * (low - elsewhere_high),
        difference_high=100 * (high - elsewhere_low),
    )


def _share_low(p: Array, x_low: Array, x_high: Array) -> Array:
    """Lowest vulnerable share in housing that is a part x of the buurt: where x is least. Missing where x must be 0.

    Where x may be as small as one likes, the share is only known when everybody is vulnerable.
    """
    lowest = np.where(x_high > 0, (p >= 1).astype(np.float64), np.nan)
    np.divide(np.maximum(p + x_low - 1, 0.0), x_low, out=lowest, where=x_low > 0)
    return np.asarray(lowest)


def _lowest_ratio(p: Array, x_low: Array, x_high: Array, households: tuple[Array, Array]) -> float:
    """Give the least Σ n·max(0, p + x - 1) / Σ n·x over the box of x and n.

    For a ratio r the sum Σ n·(max(0, p + x - 1) - r·x) falls apart into buurten; each has its least at an end of x or
    at the kink 1 - p, and at an end of n. Start from a ratio that is reached and lower it until the sum is 0.
    """
    places = np.stack([x_low, x_high, np.clip(1 - p, x_low, x_high)])
    both = np.maximum(p + places - 1, 0.0)
    ratio = float((households[0] @ both[0]) / (households[0] @ places[0]))
    for _ in range(100):
        terms = both - ratio * places
        chosen = terms.argmin(axis=0)
        term, x, inner = (np.take_along_axis(part, chosen[None], axis=0)[0] for part in (terms, places, both))
        n = np.where(term > 0, households[0], households[1])
        lower = float((n @ inner) / (n @ x))
        if lower >= ratio - 1e-15:
            break
        ratio = lower
    return ratio


def _check(margins: Margins) -> None:
    found = []
    lengths = {len(end) for pair in vars(margins).values() for end in pair}
    if len(lengths) != 1 or 0 in lengths:
        raise SchemaError("The margins differ in length or are empty: give one low and one high per buurt.")
    for name, (low, high) in vars(margins).items():
        most = np.inf if name == "households" else 100
        bad = np.flatnonzero(~((low >= 0) & (low <= high) & (high <= most)))
        found += [f"{name} is missing, out of order or out of range at {examples(bad.tolist())}"] * bool(len(bad))
    if found:
        raise SchemaError(faults("the margins", found, "Set buurten without figures aside; shares are percentages."))


@dataclass(frozen=True)
class EcologicalSlope:
    """Vulnerable points per point of corporation share, over buurten.

    `table` has one row per year: year, buurten, estimate, low, high. `per_year` is how much the slope changes per year
    (None with a single year). Flags always name what this is not: `ecological`.
    """

    table: pd.DataFrame
    per_year: Estimate | None
    flags: tuple[str, ...] = field(default=FLAGS)


def slope_by_year(vulnerable: Array, corporation: Array, weight: Array, years: NDArray[np.int64]) -> EcologicalSlope:
    """Regress the vulnerable share on the corporation share in each year, and test whether the slope changes.

    Shares in percent, buurt × year; `weight` per buurt; a cell that is missing is left out of its year. By year: HC3.
    The change per year: one regression with an own start for every year and a slope that moves linearly, clustered by
    buurt. Where both shares are made of the same dwellings, a high slope says nothing of who was housed where.
    Raises NotComputableError (see `regression.clustered`).
    """
    rows = []
    for place, year in enumerate(years):
        known = np.isfinite(vulnerable[:, place]) & np.isfinite(corporation[:, place])
        design = np.column_stack([corporation[known, place], np.ones(known.sum())])
        found = clustered(vulnerable[known, place], design, weight[known], np.flatnonzero(known))
        rows.append((int(year), found.rows, found.estimate, found.low, found.high))
    table = pd.DataFrame(rows, columns=["year", "buurten", "estimate", "low", "high"])
    return EcologicalSlope(table, _slope_change(vulnerable, corporation, weight, years))


def _slope_change(vulnerable: Array, corporation: Array, weight: Array, years: NDArray[np.int64]) -> Estimate | None:
    if len(years) < 2:
        return None
    known = np.isfinite(vulnerable) & np.isfinite(corporation)
    unit, place = np.nonzero(known)
    outcome, share = vulnerable[known], corporation[known]
    start = np.column_stack([np.ones(len(place)), dummies(place)])
    moving = share * (years[place] - years.mean())
    return clustered(outcome, np.column_stack([moving, share, start]), weight[unit], unit)
