"""What is true in a synthetic world, reckoned from its unrounded figures and from what was planted.

Nothing of the methods under test is used here: the sums are done anew. A part of a claim that is about what happened
holds when the true change is at least the smallest effect; a part that is about more than chance when what was planted
goes that way at all. A claim is TRUE or FALSE as its registered quantifier joins its parts, and IN_PART between both.
Together: each of the things that it says holds of all figures, or one of them of none. A ranking has no say:

* C1 (all): on every scale but money of each year's prices the gap grew, and in every step; where some step went back
  the part holds by half. H1 (all): the same from 2015 to 2019, the years of the study that are there, steps left aside.
* C2 (together): since the event the gap grew, and the planted gap in proportion lies above its own line before it.
* C3 (most): before the event most gaps grew, and most planted gaps lie at most the smallest effect above that line.
* M1 (together): before the event the planted gap in proportion shrank, and since it lies above its line.
* C4 (most): of dwelling values and incomes the planted figures of the highest fifth rose and those of the lowest rose
  less than the smallest effect, in amounts and in places; fifths by the first year, changes from the second.
* H3 (all): the lowest fifth truly fell behind all others, and by what was planted the list fell behind the other
  buurten that began within its range; in amounts of constant prices and in proportion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from kloof.methods.arrays import Array, Flags
from kloof_synth.calibration import YEARS
from kloof_synth.town import FEW
from kloof_synth.worlds import BASE, EARNED, EVENT, FIRST, LOW, VALUE, Made, of_worlds

TRUE, FALSE, IN_PART = "TRUE", "FALSE", "IN_PART"
NOMINAL, REAL, RELATIVE, PLACE = "absolute", "real", "relative", "place"
SCALES = (NOMINAL, REAL, RELATIVE, PLACE)
VOTING = {VALUE: (REAL, RELATIVE), EARNED: (REAL, RELATIVE), LOW: (NOMINAL, RELATIVE)}
STUDIED = 2019  # last year of the window of H1
FIFTHS = 5
SMALLEST_RANKS = 5.0  # percentile points, as registered with C4
EXACT = 1e-9  # of a planted change: less is floating point


@dataclass(frozen=True)
class Known:
    """One figure of the buurten that have it in every year, as anybody can count them.

    `true` (buurt × year, in the prices of each year) and `planted` (in those of the last); `shown` the printed figures
    of the first year; `weight` the printed size in the first year; `factors` to the prices of the last; `worse` is 1
    where a higher figure is worse, otherwise -1; `before` marks the years whose figure was true before the event.
    """

    true: Array
    planted: Array
    shown: Array
    weight: Array
    listed: Flags
    factors: Array
    worse: float
    before: Flags
    smallest: float
    smallest_relative: float


def known_of(made: Made, name: str) -> Known:
    """Take what can be counted of one figure out of a synthetic municipality."""
    entry = of_worlds().indicator(name)
    there = made.world.where.size >= FEW
    value = made.world.figures[name][1][there]
    step = of_worlds().indicator(str(entry.universe)).rounding
    counted = made.world.figures[str(entry.universe)][1][there, 0]
    year, month = EVENT.split("-")
    times = FIRST + np.arange(YEARS) + entry.measured
    return Known(
        value, made.planted[name][there], np.round(value[:, 0] / entry.rounding) * entry.rounding,
        np.round(counted / step) * step if step else counted, made.world.where.is_focus[there], made.factors[name],
        -float(entry.better), times < int(year) + (int(month) - 1) / 12, float(entry.smallest_effect or 0.0),
        float(entry.smallest_effect_relative or 0.0),
    )  # fmt: skip


def mean(value: Array, weight: Array) -> Array:
    """Weigh along the first axis."""
    return np.asarray((value.T @ weight) / weight.sum())


def percentiles(value: Array, weight: Array) -> Array:
    """Give the percent of the weight that lies lower, ties for half."""
    lower = (value[None, :] < value[:, None]).astype(np.float64) @ weight
    tied = (value[None, :] == value[:, None]).astype(np.float64) @ weight
    return np.asarray(100 * (lower + tied / 2) / weight.sum())


def gaps_of(one: Known, value: Array, scale: str) -> Array:
    """Give the gap of each year: above 0 the list is worse off."""
    if scale == PLACE:
        ranks = np.column_stack([percentiles(-one.worse * column, one.weight) for column in value.T])
        return 50 - mean(ranks[one.listed], one.weight[one.listed])
    listed, rest = (mean(value[side], one.weight[side]) for side in (one.listed, ~one.listed))
    return np.asarray(one.worse * (100 * (listed / rest - 1) if scale == RELATIVE else listed - rest))


def true_gaps(one: Known, scale: str) -> Array:
    """Give the true gap of each year on a scale."""
    return gaps_of(one, one.true * one.factors if scale == REAL else one.true, scale)


def planted_gaps(one: Known, scale: str) -> Array:
    """Give the gap that could be expected in each year on a scale."""
    return gaps_of(one, one.planted / one.factors if scale == NOMINAL else one.planted, scale)


def smallest(one: Known, scale: str) -> float:
    """Give the smallest change that matters on a scale."""
    return {RELATIVE: one.smallest_relative, PLACE: float(of_worlds().settings["smallest_effect_place"])}.get(
        scale, one.smallest
    )


def direction(change: float, unit: float) -> int:
    """Give the direction of what was planted: 0 where it is nothing but floating point."""
    return 0 if abs(change) <= EXACT * max(unit, 1.0) else int(np.sign(change))


def all_of(parts: Sequence[float]) -> str:
    """Join parts of which all should hold."""
    return IN_PART if not parts else TRUE if min(parts) == 1 else FALSE if max(parts) == 0 else IN_PART


def most_of(parts: Sequence[float]) -> str:
    """Join parts of which more than half should hold."""
    holds, fails = (sum(part == end for part in parts) for end in (1.0, 0.0))
    return TRUE if 2 * holds > len(parts) else FALSE if 2 * fails > len(parts) else IN_PART


def at_once(*aspects: Sequence[float], join: Callable[[Sequence[float]], str] = all_of) -> str:
    """Join the things that a claim says at once: one that is false refutes it."""
    made = {join(parts) for parts in aspects}
    return TRUE if made == {TRUE} else FALSE if FALSE in made else IN_PART


def _changes(made: Made, first: Callable[[Known], int], last: Callable[[Known], int]) -> list[float]:
    """Tell of every scale that votes whether the gap truly grew between two years: 1 or 0."""
    parts = []
    for name, scales in VOTING.items():
        one = known_of(made, name)
        for scale in scales:
            gaps = true_gaps(one, scale)
            parts.append(float(gaps[last(one)] - gaps[first(one)] >= smallest(one, scale)))
    return parts


def _first(one: Known) -> int:
    del one
    return 0


def _last(one: Known) -> int:
    del one
    return YEARS - 1


def _in_study(one: Known) -> int:
    del one
    return STUDIED - FIRST


def _at_event(one: Known) -> int:
    return int(np.flatnonzero(one.before)[-1])


def _beyond(one: Known) -> float:
    """Give how far the planted gap in proportion lies above the line of the years before the event, on average.

    Every buurt is drawn on along its own line, as the registered definition has it.
    """
    times = np.arange(YEARS, dtype=np.float64)
    lines = np.polynomial.polynomial.polyfit(times[one.before], one.planted[:, one.before].T, 1)
    drawn = (lines[0][:, None] + lines[1][:, None] * times)[:, ~one.before].mean(axis=1)
    measured = one.planted[:, ~one.before].mean(axis=1)
    before, after = gaps_of(one, np.column_stack([drawn, measured]), RELATIVE)
    return float(after - before)


def _only_grown(made: Made) -> str:
    parts = []
    for name, scales in VOTING.items():
        one = known_of(made, name)
        for scale in scales:
            gaps = true_gaps(one, scale)
            grew = gaps[-1] - gaps[0] >= smallest(one, scale)
            parts.append(0.0 if not grew else 0.5 if (np.diff(gaps) < 0).any() else 1.0)
    return all_of(parts)


def _grown_in_study(made: Made) -> str:
    return all_of(_changes(made, _first, _in_study))


def _hit_harder(made: Made) -> str:
    beyond = [float(direction(_beyond(known_of(made, name)), 1.0) > 0) for name in BASE]
    return at_once(_changes(made, _at_event, _last), beyond)


def _there_before(made: Made) -> str:
    every = [known_of(made, name) for name in BASE]
    no_further = [float(_beyond(one) <= one.smallest_relative) for one in every]
    return at_once(_changes(made, _first, _at_event), no_further, join=most_of)


def _turned(made: Made) -> str:
    before, since = [], []
    for name in BASE:
        one = known_of(made, name)
        gaps = planted_gaps(one, RELATIVE)
        before.append(float(direction(float(gaps[_at_event(one)] - gaps[0]), 1.0) < 0))
        since.append(float(direction(_beyond(one), 1.0) > 0))
    return at_once(before, since)


def _fifth(one: Known, lowest: bool) -> Flags:
    """Mark the lowest or the highest fifth of the people by the printed figures of the first year."""
    place = np.minimum((percentiles(one.shown, one.weight) / 100 * FIFTHS).astype(int), FIFTHS - 1)
    return np.asarray(place == (0 if lowest else FIFTHS - 1))


def _strong_and_weak(made: Made) -> str:
    parts = []
    for name in (VALUE, EARNED):
        one = known_of(made, name)
        low, high = _fifth(one, lowest=True), _fifth(one, lowest=False)
        if not low.any() or not high.any():
            continue
        amounts = one.planted[:, [1, -1]] / one.factors[1]  # in the prices of the year in which the change starts
        ranks = np.column_stack([percentiles(column, one.weight) for column in amounts.T])
        for value, least in ((amounts, one.smallest), (ranks, SMALLEST_RANKS)):
            change = value[:, 1] - value[:, 0]
            up, down = (float(mean(change[side], one.weight[side])) for side in (high, low))
            parts.append(float(direction(up, 1.0) > 0 and down < least))
    return most_of(parts)


def _fell_behind(made: Made) -> str:
    happened, planted = [], []
    for name in (VALUE, EARNED):
        one = known_of(made, name)
        low = _fifth(one, lowest=True)
        if not low.any():
            continue
        ends = (one.true * one.factors / one.factors[1])[:, [1, -1]]
        for change, least in (
            (ends[:, 1] - ends[:, 0], one.smallest),
            (100 * (ends[:, 1] / ends[:, 0] - 1), one.smallest_relative),
        ):
            others, own = (float(mean(change[side], one.weight[side])) for side in (~low, low))
            happened.append(float(others - own >= least))
        began = one.shown
        alike = (began >= began[one.listed].min(initial=inf)) & (began <= began[one.listed].max(initial=-inf))
        alike |= one.listed
        if one.listed[alike].all():
            continue
        few = Known(**{**vars(one), **{key: getattr(one, key)[alike] for key in ("true", "planted", "shown", "weight",
                                                                                  "listed")}})  # fmt: skip
        for scale in (REAL, RELATIVE):
            gaps = planted_gaps(few, scale)
            planted.append(float(direction(float(gaps[-1] - gaps[1]), 1.0) > 0))
    return all_of([*happened, *planted])


CLAIMS: dict[str, Callable[[Made], str]] = {
    "C1": _only_grown, "H1": _grown_in_study, "C2": _hit_harder, "C3": _there_before, "M1": _turned,
    "C4": _strong_and_weak, "H3": _fell_behind,
}  # fmt: skip


def truth_of(claim: str, made: Made) -> str:
    """Say whether a claim is TRUE, FALSE or true IN_PART in a synthetic municipality.

    IN_PART too where no part of it can be reckoned: in a small place nobody may live in a fifth.
    """
    return CLAIMS[claim](made)
