"""Who moved up, who moved down: change by place at the start, and how far the ranking of buurten was shuffled.

Noise moves buurten too: those at an end of a noisy base year move towards the middle next (regression to the mean).
`base` must therefore come from an earlier year than the change; a result that does not says so in its flags. Rank
mobility has no such safeguard: noise alone shuffles ranks, so it bounds true mobility from above.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.errors import NotComputableError, ParameterError
from kloof.methods.arrays import Array
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.methods.regression import Estimate, from_t, one_sided, weighted_mean

RANKS = "ranks"


@dataclass(frozen=True)
class Moves:
    """Every buurt's figure `before` and `after`, its place at the start (`base`, of an earlier year) and its weight.

    `price_ratio` is the price index after over before: `after` is divided by it. 1 for what is not money.
    """

    base: Array
    before: Array
    after: Array
    weight: Array
    price_ratio: float = 1.0


@dataclass(frozen=True)
class QuantileChange:
    """Change by quantile of the base, and the joint test that the top rose and the bottom did not.

    `table` has one row per quantile, lowest first: quantile, buurten, weight, and estimate, low, high of its mean
    change. `p_value` is small when the top rose AND the bottom rose less than the smallest effect; `p_against` is small
    when the top fell OR the bottom rose by more than that. Flags: `same_year_base`, `small_quantile` (fewer than five
    buurten in the top or bottom).
    """

    table: pd.DataFrame
    top: Estimate
    bottom: Estimate
    p_value: float
    p_against: float
    flags: tuple[str, ...]


def percentile_ranks(value: Array, weight: Array) -> Array:
    """Give the part of the weight below each unit, plus half of that of all units with its value: 0 to 1.

    Ties share one rank, so the order of the rows is irrelevant.
    """
    _, place = np.unique(value, return_inverse=True)
    held = np.bincount(place, weights=weight)
    below = np.cumsum(held) - held
    return np.asarray(((below + held / 2) / weight.sum())[place])


def quantiles(value: Array, weight: Array, groups: int) -> NDArray[np.int64]:
    """Give each unit its quantile, 0 to groups - 1, each holding about as much weight; equal values share one.

    Raises NotComputableError(too_few_buurten) when a quantile stays empty.
    """
    place = np.minimum((percentile_ranks(value, weight) * groups).astype(np.int64), groups - 1)
    if len(np.unique(place)) < groups:
        raise NotComputableError(
            "too_few_buurten", f"{len(value)} buurten cannot fill {groups} quantiles: one of them is empty."
        )
    return place


def change_of(moves: Moves, measure: str) -> Array:
    """Give each buurt's change: "absolute" in the unit, "relative" in percent, or "ranks" in percentile points.

    Raises ParameterError (measure, price ratio) and NotComputableError(not_positive): no percent of 0 or less.
    """
    if not moves.price_ratio > 0:
        raise ParameterError(f"price_ratio must be above 0, got {moves.price_ratio}.")
    after = moves.after / moves.price_ratio
    if measure == ABSOLUTE:
        return np.asarray(after - moves.before)
    if measure == RANKS:
        return 100 * (percentile_ranks(after, moves.weight) - percentile_ranks(moves.before, moves.weight))
    if measure != RELATIVE:
        raise ParameterError(f"measure {measure!r} is unknown; known: {ABSOLUTE}, {RELATIVE}, {RANKS}.")
    if moves.before.min() <= 0:
        raise NotComputableError("not_positive", "A change in percent needs figures above 0 at the start.")
    return np.asarray(100 * (after / moves.before - 1))


def quantile_mobility(moves: Moves, measure: str, smallest_effect: float = 0.0, groups: int = 5) -> QuantileChange:
    """Test the Matthew effect: the top quantile of the base rose and the bottom one stagnated or fell.

    `smallest_effect` is in the unit of the change: a bottom that rose less than this stagnated. Each part is a
    one-sided t test (HC3, quantile's buurten - 1 degrees of freedom); the joint claim is made only when both reject
    their opposite, so its p-value is the larger one (intersection-union test). The reverse is a union: twice the
    smaller one. A quantile needs three buurten. Raises what `change_of`, `quantiles` and `regression.clustered` raise.
    Sources: Merton 1968, doi:10.1126/science.159.3810.56 (Matthew effect); Berger 1982,
    doi:10.1080/00401706.1982.10487790 (intersection-union).
    """
    change, place = change_of(moves, measure), quantiles(moves.base, moves.weight, groups)
    found = [weighted_mean(change[place == group], moves.weight[place == group]) for group in range(groups)]
    bottom, top = found[0], found[-1]
    (top_up, top_down), (bottom_up, bottom_down) = one_sided(top), one_sided(bottom, smallest_effect)
    flags: tuple[str, ...] = ("same_year_base",) if np.array_equal(moves.base, moves.before) else ()
    flags += ("small_quantile",) if min(top.rows, bottom.rows) < 5 else ()
    table = pd.DataFrame(
        {
            "quantile": np.arange(1, groups + 1),
            "buurten": [part.rows for part in found],
            "weight": np.bincount(place, weights=moves.weight),
            "estimate": [part.estimate for part in found],
            "low": [part.low for part in found],
            "high": [part.high for part in found],
        }
    )
    against = min(1.0, 2 * min(top_down, bottom_up))
    return QuantileChange(table, top, bottom, max(top_up, bottom_down), against, flags)


@dataclass(frozen=True)
class RankMobility:
    """How far the ranking was shuffled.

    `matrix`: quantile before × quantile after, parts of the row's weight that sum to 1; `buurten`: the same in numbers
    of buurten. `shorrocks` is 0 when nobody leaves a quantile, 1 when the start says nothing about the end.
    `rank_correlation` is Spearman's, weighed. `fields_ok` is the mean absolute change of the logarithm, the sum of
    `growth` (what moved all in one direction) and `transfer` (what buurten gained while others lost); the three are
    None when a figure is not above 0.
    """

    matrix: pd.DataFrame
    buurten: pd.DataFrame
    shorrocks: float
    rank_correlation: Estimate
    fields_ok: float | None
    growth: float | None
    transfer: float | None


def rank_mobility(moves: Moves, groups: int = 5) -> RankMobility:
    """Describe the mobility between `before` and `after` (put in the prices of `before`); `base` is not used.

    The interval of the rank correlation is a delete-one jackknife, ranks made anew, t on (buurten - 1) degrees of
    freedom, on Fisher's z scale. Raises NotComputableError: too_few_buurten (an empty quantile, fewer than five
    buurten), no_variation (all ranks equal, or the same order before and after).
    Sources: Shorrocks 1978, doi:10.2307/1913682; Fields & Ok 1999, Economica 66: 455-471.
    """
    before, after, weight = moves.before, moves.after / moves.price_ratio, moves.weight
    if len(before) < 5:
        raise NotComputableError("too_few_buurten", f"{len(before)} buurten are too few for a ranking.")
    first, second = (quantiles(value, weight, groups) for value in (before, after))
    counts, held = np.zeros((groups, groups), dtype=np.int64), np.zeros((groups, groups))
    np.add.at(counts, (first, second), 1)
    np.add.at(held, (first, second), weight)
    parts = held / held.sum(axis=1, keepdims=True)
    labels = pd.RangeIndex(1, groups + 1)
    shares, buurten = (pd.DataFrame(cells, index=labels, columns=labels) for cells in (parts, counts))
    whole = growth = transfer = None
    if min(before.min(), after.min()) > 0:
        change = np.log(after / before)
        share = weight / weight.sum()
        whole, mean = float(share @ np.abs(change)), float(share @ change)
        growth, transfer = abs(mean), 2 * float(share @ np.maximum(-change if mean >= 0 else change, 0.0))
    shorrocks = (groups - float(np.trace(parts))) / (groups - 1)
    return RankMobility(shares, buurten, shorrocks, _rank_correlation(before, after, weight), whole, growth, transfer)


def _rank_correlation(before: Array, after: Array, weight: Array) -> Estimate:
    def correlation(keep: NDArray[np.bool_]) -> float:
        held = weight[keep]
        ranks = np.stack([percentile_ranks(value[keep], held) for value in (before, after)])
        spread = np.atleast_2d(np.cov(ranks, aweights=held))
        product = spread[0, 0] * spread[1, 1]
        return float(spread[0, 1] / np.sqrt(product)) if product > 0 else np.nan

    units = len(before)
    everyone = np.ones(units, dtype=np.bool_)
    estimate = correlation(everyone)
    without = np.array([correlation(np.arange(units) != place) for place in range(units)])
    if not np.isfinite(without).all() or abs(estimate) > 1 - 1e-12 or np.abs(without).max() > 1 - 1e-12:
        raise NotComputableError("no_variation", "The ranks do not vary, or did not move at all: there is no interval.")
    scores = np.arctanh(without)
    error = float(np.sqrt((units - 1) / units * ((scores - scores.mean()) ** 2).sum()))
    found = from_t(float(np.arctanh(estimate)), error, units - 1, units, units)
    low, high, low_90, high_90 = (float(np.tanh(end)) for end in (found.low, found.high, found.low_90, found.high_90))
    scaled = error * (1 - estimate**2)
    return replace(found, estimate=estimate, se=scaled, low=low, high=high, low_90=low_90, high_90=high_90)
