"""Tells whether a change of liveability comes before a change of residents' position, or the other way around.

Lagged first differences: the change of one between two measurements on the change of the other between the two before.
First differences take out what a buurt always is; unit effects take out the trend it always has; year effects what all
share. An estimate near 0 is only "no effect" when the equivalence test says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kloof.errors import NotComputableError, SchemaError
from kloof.methods.arrays import Array
from kloof.methods.regression import Estimate, clustered, dummies, is_equivalent, within

YEAR = "year"
UNIT_AND_YEAR = "unit_and_year"
Wave = tuple[int | None, int | None]  # the year of the position and that of the surroundings


def match_years(position: Sequence[int], surroundings: Sequence[int], apart: int) -> list[Wave]:
    """Join years of two series in measurements, in order: equal years first, then years at most `apart` apart.

    Years between the joined ones would cut a change in two, so they are left out. The nearest year of each series
    before the first joined one, and after the last, starts or ends one more change: they stand together, unjoined.
    """
    joined: dict[int, int] = {year: year for year in set(position) & set(surroundings)}
    for year in sorted(position):
        near = [other for other in surroundings if other not in joined.values() and abs(other - year) <= apart]
        if year not in joined and near:
            joined[year] = min(near, key=lambda other: (abs(other - year), other))
    pairs: list[tuple[int, int]] = []
    for year, other in sorted(joined.items()):
        if not pairs or other > pairs[-1][1]:
            pairs.append((year, other))
    if not pairs:
        return []
    ends = list(zip((position, surroundings), zip(*pairs, strict=True), strict=True))
    before = tuple(max((year for year in own if year < used[0]), default=None) for own, used in ends)
    after = tuple(min((year for year in own if year > used[-1]), default=None) for own, used in ends)
    return [wave for wave in ((before[0], before[1]), *pairs, (after[0], after[1])) if wave != (None, None)]


@dataclass(frozen=True)
class Waves:
    """Two series of the same buurten at the same measurements, in order: buurt × measurement, missing where not known.

    `position` (income, work) and `surroundings` (liveability, safety) in their own units; `weight` per buurt.
    """

    position: Array
    surroundings: Array
    weight: Array


@dataclass(frozen=True)
class Direction:
    """One direction: the later change of the outcome per unit of the earlier change of the other.

    `per_spread` is the estimate times one standard deviation of the earlier change (within what the effects leave), in
    the unit of the outcome, and `spread` that deviation. `equivalent` tells whether the effect of one such deviation is
    inside ± the smallest effect (two one-sided tests at 5 %). `rows` pairs of changes of `units` buurten were used,
    `left_out` had a missing value.
    """

    found: Estimate
    spread: float
    per_spread: tuple[float, float, float]
    smallest_effect: float
    equivalent: bool
    rows: int
    units: int
    left_out: int


@dataclass(frozen=True)
class Lagged:
    """Both directions: surroundings first (`forward`) and position first (`backward`), with the effects taken out.

    `backward` stands beside the answer; it is None, with its reason in `backward_reason`, when it cannot be computed.
    Flags: `one_lag` when each buurt has one pair of changes, so that buurten are compared with each other only;
    `feedback_bias` with unit effects and fewer than five pairs each: when the outcome feeds back into the surroundings,
    unit effects bias the estimate by about 1 over the number of pairs.
    """

    forward: Direction
    backward: Direction | None
    backward_reason: str | None
    effects: str
    flags: tuple[str, ...]


def lagged_changes(waves: Waves, smallest_position: float, smallest_surroundings: float, effects: str = YEAR) -> Lagged:
    """Regress later changes on earlier ones in both directions, each with its equivalence test.

    `effects` "year" or "unit_and_year"; the latter needs four measurements. Year effects alone leave in what buurten
    with a lasting trend in both series have in common; unit effects take that out, at the price of a bias when there
    are few measurements (see `Lagged`). Look at both. Clustered by buurt. The smallest effects are registered in the
    unit of each outcome, for a change of the other by one standard deviation.

    Raises SchemaError (shapes, weights, effects, smallest effects) and NotComputableError: too_few_years, and what
    `regression.clustered` raises (too_few_buurten, no_variation, not_identified).
    Sources: Granger 1969, doi:10.2307/1912791 (order in time); Allison 2009, doi:10.4135/9781412993869 (first
    differences); Nickell 1981, doi:10.2307/1911408 (the bias); Schuirmann 1987, doi:10.1007/BF01068419 (equivalence).
    """
    _check(waves, effects, (smallest_position, smallest_surroundings))
    measurements = waves.position.shape[1]
    needed = 4 if effects == UNIT_AND_YEAR else 3
    if measurements < needed:
        raise NotComputableError(
            "too_few_years", f"{measurements} measurements; lagged changes with these effects need {needed} or more."
        )
    moved, surrounded = np.diff(waves.position, axis=1), np.diff(waves.surroundings, axis=1)
    forward = _direction(moved, surrounded, waves.weight, effects, smallest_position)
    backward, reason = None, None
    try:
        backward = _direction(surrounded, moved, waves.weight, effects, smallest_surroundings)
    except NotComputableError as problem:
        reason = problem.reason
    pairs = measurements - 2
    flags = ("one_lag",) if pairs == 1 else ()
    if effects == UNIT_AND_YEAR and pairs < 5:
        flags = (*flags, "feedback_bias")
    return Lagged(forward, backward, reason, effects, flags)


def _direction(outcome: Array, cause: Array, weight: Array, effects: str, smallest_effect: float) -> Direction:
    later, earlier = outcome[:, 1:], cause[:, :-1]
    known = np.isfinite(later) & np.isfinite(earlier)
    unit, year = np.nonzero(known)
    if effects == UNIT_AND_YEAR:  # a buurt with one pair says nothing beside its own effect
        paired = known.sum(axis=1)[unit] > 1
        unit, year = unit[paired], year[paired]
    if len(np.unique(unit)) < 3:
        raise NotComputableError("too_few_buurten", f"{len(np.unique(unit))} buurten have the pairs of changes needed.")
    held = weight[unit]
    columns = np.column_stack([later[unit, year], earlier[unit, year], dummies(year)])
    if effects == UNIT_AND_YEAR:
        columns = within(columns, held, unit)
    else:
        columns = np.column_stack([columns, np.ones(len(unit))])
    found = clustered(columns[:, 0], columns[:, 1:], held, unit)
    spread = _spread_left(columns[:, 1], columns[:, 2:], held)
    per_spread = (spread * found.estimate, spread * found.low, spread * found.high)
    left_out = int(later.size - len(unit))
    units = len(np.unique(unit))
    equivalent = is_equivalent(found, smallest_effect / spread)
    return Direction(found, spread, per_spread, smallest_effect, equivalent, len(unit), units, left_out)


def _spread_left(cause: Array, effects: Array, weight: Array) -> float:
    """Give the standard deviation of the earlier change that unit and year effects leave."""
    root = np.sqrt(weight)
    fitted, *_ = np.linalg.lstsq(effects * root[:, None], cause * root, rcond=None)
    left = cause - effects @ fitted
    return float(np.sqrt(weight @ left**2 / weight.sum()))


def _check(waves: Waves, effects: str, smallest: tuple[float, float]) -> None:
    found = []
    if waves.position.ndim != 2 or waves.position.shape != waves.surroundings.shape:
        found.append(f"the series are {waves.position.shape} and {waves.surroundings.shape}, not the same two axes")
    elif waves.weight.shape != waves.position.shape[:1] or not (waves.weight > 0).all():
        found.append("there is not one weight above 0 per buurt")
    if effects not in (YEAR, UNIT_AND_YEAR):
        found.append(f"effects {effects!r} is unknown (known: {YEAR}, {UNIT_AND_YEAR})")
    if not min(smallest) > 0:
        found.append("a smallest effect is not above 0")
    if found:
        raise SchemaError(f"Lagged changes cannot be made: {'; '.join(found)}.")
