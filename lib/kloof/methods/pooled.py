"""One relation within many municipalities at once, with the noise in what it leans on taken out.

What is measured with noise hardly seems to go with anything: its slope is drawn to 0, and the more buurten are pooled,
the surer that wrong answer. So the part of its variance that is noise is taken off first. The noise is known from
rounding and from counting, or from a third measurement: what a figure loses in one change and gains back in the next.

Sources: Fuller 1987, Measurement Error Models, doi:10.1002/9780470316665, section 1.2 (known error variance); Heise
1969, doi:10.2307/2092790, and Wiley & Wiley 1970, doi:10.2307/2093858 (three measurements); Frisch & Waugh 1933,
doi:10.2307/1907330 (means taken out); Tukey 1958, doi:10.1214/aoms/1177706647 (leaving out one municipality at a time).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kloof.errors import NotComputableError
from kloof.methods.arrays import Array, Flags
from kloof.methods.ratio import Ratio, fieller
from kloof.methods.regression import Estimate, clustered, from_t, jackknifed, left_out, within

Labels = NDArray[np.generic]


@dataclass(frozen=True)
class Pooled:
    """A relation as the figures stand (`plain`) and without the noise in what it leans on (`corrected`).

    `reliability` is the part of the variance within municipalities that is no noise (0 to 1); None where nothing tells.
    `corrected` is None then, and where all of it may be noise. `farthest` is how far from 0 the relation can be if as
    much of it is noise as can be: one deviation of the outcome, by the slope of the cause on the outcome turned around
    (Frisch 1934, Statistical Confluence Analysis).
    """

    plain: Estimate
    corrected: Estimate | None
    reliability: float | None
    farthest: float
    buurten: int
    municipalities: int

    @property
    def ends(self) -> tuple[float, float, float]:
        """Give the estimate with its range; where the noise is not known, all that the noise can have hidden."""
        if self.corrected is not None:
            return self.corrected.estimate, self.corrected.low, self.corrected.high
        low, high = self.plain.low, self.plain.high
        return (
            self.plain.estimate,
            min(low, -self.farthest) if low < 0 else low,
            max(high, self.farthest) if high > 0 else high,
        )


@dataclass(frozen=True)
class Cause:
    """What a relation leans on, by buurt: `change` × pair of years, and `measured` × year, missing where not known.

    `noise` is the variance of the noise in each change as far as it is known beforehand; None where it is not.
    """

    change: Array
    measured: Array
    noise: Array | None


def followed(later: Array, cause: Cause, weight: Array, municipality: Labels) -> Pooled:
    """Set later changes beside earlier ones of a cause, within municipalities: what goes with one deviation of it.

    `later` is buurt × pair as `cause.change`; `weight` and `municipality` one per buurt. What all buurten of a
    municipality share in a pair of years is taken out. The noise is the larger of what is known beforehand and what a
    third measurement tells, which supposes that true changes are not undone. `plain` has the variance of
    `regression.clustered` (CR1) and takes the deviation for known; `corrected` is a jackknife of all that is estimated.

    Raises NotComputableError: too_few_buurten, no_variation, and what `regression.clustered` raises.
    """
    unit, pair = np.nonzero(np.isfinite(later) & np.isfinite(cause.change))
    unit, pair = _beside_others(unit, pair, municipality)
    used = np.isin(np.arange(len(municipality)), unit)
    town = np.unique(municipality[used], return_inverse=True)[1]
    if len(unit) == 0 or town.max() < 2:
        raise NotComputableError("too_few_buurten", "Fewer than three municipalities have two buurten with both.")
    of_town = np.full(len(municipality), -1)
    of_town[used] = town
    group = of_town[unit] * later.shape[1] + pair
    held = weight[unit]
    outcome, moved = within(np.column_stack([later[unit, pair], cause.change[unit, pair]]), held, group).T
    room = held * (1 - held / np.bincount(group, weights=held)[group])
    noise = None if cause.noise is None else room * cause.noise[unit, pair]
    summed = _sums([room, moved**2 * held, moved * outcome * held, outcome**2 * held, noise], of_town[unit])
    kept, square, product, squared, beforehand = summed
    if square[0] <= 0 or squared[0] <= 0:
        raise NotComputableError("no_variation", "One of the figures changes alike everywhere within municipalities.")
    taken = _larger(_third(cause.measured[used], weight[used], town, 2.0 * kept), beforehand)
    slope = clustered(outcome, moved[:, None], held, of_town[unit])
    corrected, reliability = None, None
    if taken.size:
        reliability, sure = _reliability(square, taken)
        if sure:
            corrected = jackknifed(product / np.sqrt((square - taken) * kept))
    return Pooled(
        _times(slope, float(np.sqrt(square[0] / kept[0]))), corrected, reliability,
        float(np.sqrt(squared[0] / kept[0])), len(np.unique(unit)), int(town.max()) + 1,
    )  # fmt: skip


def steeper(outcome: Array, cause: Array, noise: Array, weight: Array, places: tuple[Labels, Array]) -> Pooled:
    """Give the change per year of the slope of an outcome on a cause, within municipalities.

    `outcome`, `cause` and `noise` (the variance known beforehand) are buurt × year; `places` names the municipality of
    each buurt and gives the years. The slope of each year is that of the buurten that have both figures then, and its
    change that of a straight line over the years. Both ranges leave out one municipality at a time.

    Raises NotComputableError: one_year_only, too_few_buurten, no_variation, only_noise.
    """
    municipality, years = places
    if len(years) < 2:
        raise NotComputableError("one_year_only", "A change of a slope needs two years with both figures.")
    unit, place = np.nonzero(np.isfinite(outcome) & np.isfinite(cause))
    unit, place = _beside_others(unit, place, municipality)
    used = np.isin(np.arange(len(municipality)), unit)
    if len(np.unique(municipality[used])) < 3 or len(np.unique(place)) < len(years):
        raise NotComputableError("too_few_buurten", "In a year fewer than three municipalities have buurten with both.")
    town = np.unique(municipality[used], return_inverse=True)[1]
    towns, of_town = int(town.max()) + 1, np.full(len(municipality), -1)
    of_town[used] = town
    held, group = weight[unit], of_town[unit] * len(years) + place
    there, here = within(np.column_stack([outcome[unit, place], cause[unit, place]]), held, group).T
    room = held * (1 - held / np.bincount(group, weights=held)[group])
    counts = (years - years.mean()) / ((years - years.mean()) ** 2).sum()
    own = of_town[unit]
    columns = (here**2 * held, here * there * held, room)
    made = [_sums([one[place == at] for one in columns], own[place == at], towns) for at in range(len(years))]
    square, product, rooms = (np.stack(parts) for parts in zip(*made, strict=True))
    if square[:, 0].min() <= 0:
        raise NotComputableError("no_variation", "The cause is alike everywhere within municipalities.")
    all_room = rooms.sum(axis=0)
    taken = _larger(_third(cause[used], weight[used], town, all_room), _sums([room * noise[unit, place]], own)[0])
    reliability, sure = _reliability(square.sum(axis=0), taken)
    each = taken / all_room * rooms
    if not sure or (each >= square).any():
        raise NotComputableError("only_noise", "All differences in the cause may be noise, and so may any slope.")
    plain, corrected = (jackknifed(counts @ (product / one)) for one in (square, square - each))
    return Pooled(plain, corrected, reliability, abs(plain.estimate), len(np.unique(unit)), towns)


@dataclass(frozen=True)
class Arrived:
    """How much of a movement arrives on the lists and in the rest, of one part of it, and the one over the other."""

    focus: float
    rest: float
    ratio: Ratio
    buurten: int
    municipalities: int


@dataclass(frozen=True)
class Growths:
    """Growth of buurten in one or more pairs of years, one row each; `pair` numbers the years.

    `own` adds up to the growth of the mean of its group, the list or the rest (`gap.log_growth`).
    """

    own: Array
    weight: Array
    listed: Flags
    municipality: Labels
    pair: NDArray[np.int64]


def arrived(growths: Growths) -> Arrived:
    """Set the growth on the lists, and in the rest, beside that of all other buurten of their municipality.

    What all lists, and all other buurten, of the country did in a pair of years is taken out: compared is where a
    municipality moved more than others. List and rest count alike in a municipality, and both stand beside the same
    movement, but that a buurt is not in its own: so noise makes both too small by the same part and leaves their ratio
    as it is (`pass_through.by_buurten`). Municipalities with fewer than two buurten on the list or off it take no part.
    The range is Fieller's, with a covariance that leaves out one municipality at a time.

    Raises NotComputableError: too_few_municipalities (fewer than five), no_movement.
    """
    pairs = int(growths.pair.max(initial=0)) + 1

    def cells(town: NDArray[np.int64], of: Growths) -> NDArray[np.int64]:
        return np.asarray((town * pairs + of.pair) * 2 + of.listed)

    town = np.unique(growths.municipality, return_inverse=True)[1]
    cell = cells(town, growths)
    several = np.bincount(cell, minlength=2 * pairs * (int(town.max(initial=0)) + 1)).reshape(-1, 2).min(axis=1) > 1
    kept = several[cell // 2]
    labels, town = np.unique(growths.municipality[kept], return_inverse=True)
    if len(labels) < 5:
        raise NotComputableError("too_few_municipalities", f"{len(labels)} municipalities are too few for a range.")
    used = Growths(*(getattr(growths, name)[kept] for name in ("own", "weight", "listed", "municipality", "pair")))
    cell, size = cells(town, used), 2 * pairs * len(labels)
    whole, grown = (
        np.bincount(cell, weights=one, minlength=size) for one in (used.weight, used.weight * used.own)
    )  # fmt: skip
    both, other = whole.reshape(-1, 2).sum(axis=1)[cell // 2], cell ^ 1
    without = (grown[cell] - used.weight * used.own) / (whole[cell] - used.weight)
    movement = (whole[cell] * without + grown[other]) / both
    share = both * used.weight / whole[cell]
    columns = [share, share * movement, share * used.own, share * movement**2, share * movement * used.own]
    sums = np.stack([np.bincount(cell, weights=one, minlength=size) for one in columns])
    by_town = sums.reshape(5, len(labels), pairs, 2)
    total = by_town.sum(axis=1, keepdims=True)
    held, x, y, xx, xy = np.concatenate([total, total - by_town], axis=1)
    held = np.maximum(held, 1e-300)  # a pair of years of one municipality alone is nothing without it
    square, product = (xx - x**2 / held).sum(axis=1), (xy - x * y / held).sum(axis=1)
    if (square[0] <= 1e-12 * xx[0].sum(axis=0)).any():
        raise NotComputableError("no_movement", "All municipalities moved alike, so nothing can arrive more or less.")
    rest, focus = (product / square.mean(axis=1, keepdims=True)).T
    found = fieller(float(focus[0]), float(rest[0]), left_out(np.column_stack([focus, rest])), len(labels) - 1)
    return Arrived(float(focus[0]), float(rest[0]), found, len(used.own), len(labels))


# ------------------------------------------------------------------ sums, with each municipality left out


def _sums(columns: Sequence[Array | None], town: NDArray[np.int64], towns: int = 0) -> list[Array]:
    """Add up columns: the whole first, then without each municipality; of None an empty array."""
    made = []
    for column in columns:
        if column is None:
            made.append(np.empty(0))
            continue
        parts = np.bincount(town, weights=column, minlength=towns)
        made.append(np.concatenate([[parts.sum()], parts.sum() - parts]))
    return made


def _third(measured: Array, weight: Array, town: NDArray[np.int64], room: Array) -> Array | None:
    """Give the noise that a third measurement tells, `room` times its variance; None with fewer, or where it has none.

    Noise in the middle of three measurements raises one change and lowers the next by as much, so that their covariance
    is minus its variance.
    """
    undone, rooms = np.zeros_like(room), np.zeros_like(room)
    for place in range(measured.shape[1] - 2):
        three = measured[:, place : place + 3]
        own = np.flatnonzero(np.isfinite(three).all(axis=1))
        held, group = weight[own], town[own]
        if len(own) == 0:
            continue
        first, second = within(np.diff(three[own], axis=1), held, group).T
        share = held / np.bincount(group, weights=held)[group]
        made = _sums([-first * second * held, held * (1 - share)], group, len(room) - 1)
        undone, rooms = undone + made[0], rooms + made[1]
    return np.asarray(room * undone / rooms) if undone[0] > 0 and (rooms > 0).all() else None


def _beside_others(
    unit: NDArray[np.int64], column: NDArray[np.int64], municipality: Labels
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Leave out what is alone in its municipality and column: it is the mean that is taken out."""
    town = np.unique(municipality, return_inverse=True)[1][unit]
    group = town * (int(column.max(initial=0)) + 1) + column
    several = np.bincount(group)[group] > 1 if len(group) else np.zeros(0, dtype=bool)
    return unit[several], column[several]


def _larger(third: Array | None, beforehand: Array) -> Array:
    """Give the larger of both noises, by the whole; an empty one is not known."""
    if third is None or (beforehand.size and beforehand[0] >= third[0]):
        return beforehand
    return third


def _reliability(square: Array, noise: Array) -> tuple[float, bool]:
    """Give the part of the variance that is no noise, and whether it is surely some."""
    parts = 1 - noise / square
    if np.ptp(parts) <= 1e-12:
        return float(parts[0]), bool(parts[0] > 0)
    found = jackknifed(parts)
    return found.estimate, found.low > 0


def _times(found: Estimate, factor: float) -> Estimate:
    """Put an estimate in another unit."""
    return from_t(factor * found.estimate, factor * found.se, found.df, found.rows, found.clusters)
