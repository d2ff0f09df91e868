"""Randomisation inference: how far a change could be chance, had the labels of the focus list been dealt at random.

A change of the focus buurten is not rejected as long as dealing the labels anew gives something as extreme often
enough. Each deal ties with the observed statistic at one change only, and that one has a closed form: the interval is
read from the ordered ties, without a search. Labels are draws × buurten, True for focus; weights stay with the buurten.

Sources: Fisher 1935, ch. 3; Ernst 2004, doi:10.1214/088342304000000396 (intervals by inversion); Phipson & Smyth 2010,
doi:10.2202/1544-6115.1585 (the observed labels count as one of the draws).
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from kloof.errors import NotComputableError
from kloof.methods.arrays import LEVEL, Array, Flags

_TIED = 1e-12  # two statistics that differ less are equal: only floating point sets them apart


def deal(is_focus: Flags, rng: np.random.Generator, draws: int) -> Flags:
    """Deal the focus labels over the buurten: draws × buurten, True for focus, as many of these in each.

    At random, by drawing one buurt after the other out of those that are left; when there are no more ways to deal than
    draws, each way once.
    """
    units, size = len(is_focus), int(is_focus.sum())
    if comb(units, size) <= draws:
        chosen = np.array(list(combinations(range(units), size)), dtype=np.intp)
        labels = np.zeros((len(chosen), units), dtype=bool)
        np.put_along_axis(labels, chosen, True, axis=1)
        return labels
    left = np.tile(np.arange(units, dtype=np.uint16)[:, None], draws)
    labels, each = np.zeros((draws, units), dtype=bool), np.arange(draws)
    for place in range(size):
        taken = rng.integers(place, units, size=draws)
        labels[each, left[taken, each]] = True
        left[taken, each] = left[place]
    return labels


def limits(ordered: Array, always: int = 0) -> tuple[float, float]:
    """Give the limits that leave (1 - level)/2 of the draws outside on each side.

    The observed labels count as one more draw. `always` draws are outside on both sides whatever the limit: those that
    dealt the observed labels again. Raises NotComputableError(too_few_draws) when no limit leaves so few outside.
    """
    outside = int(np.floor((1 - LEVEL) / 2 * (len(ordered) + always + 1))) - always
    if outside < 1:
        raise NotComputableError(
            "too_few_draws", f"{len(ordered)} draws are too few for a {LEVEL:.0%} interval; take 199 or more."
        )
    return float(ordered[outside - 1]), float(ordered[-outside])


PERCENTILE = 1.36  # an end leaves 2.5 percent of the draws outside on its own side: √(0.025 · 0.975) / (1.96 · φ(1.96))
BOTH_SIDES = 0.95  # an end is where 5 percent lie outside on both sides together: √(0.05 · 0.95) / (1.96 · 2φ(1.96))
SPREAD = 0.71  # an end lies 1.96 standard deviations of the draws away: √½


def error_of_ends(low: float, high: float, draws: int, kind: float) -> float:
    """Give the standard error of the ends of a range, had others been drawn.

    It is half the range over the root of the draws, times a constant for what the ends are (`kind`), which is that of a
    normal distribution: by the density at its quantile, or the error of its standard deviation. A constant, so that
    the error itself hardly hangs on what was drawn; the changes of Breda's gaps had 0.7 to 1.9 times it.
    Source: David & Nagaraja 2003, Order Statistics, doi:10.1002/0471722162, section 10.2 (error of a quantile).
    """
    return kind * (high - low) / 2 / float(np.sqrt(draws))


def dealt_p_value(dealt: Array, observed: float) -> float:
    """Give the part of the draws, the observed one included, that lie at least as far from 0."""
    return (int((np.abs(dealt) >= abs(observed) - _TIED).sum()) + 1) / (len(dealt) + 1)


def constant_change(change: Array, weight: Array, is_focus: Flags, labels: Flags) -> tuple[tuple[float, float], float]:
    """Give the constant changes of the focus buurten that are not rejected, and the p-value of no change.

    The dealt statistic of (change - c · label) is linear in c, so each draw ties at (T - T_dealt) / (1 - share_dealt),
    where share_dealt is the difference in the part of the observed focus buurten between the dealt groups.
    """
    inside = labels @ weight
    outside = weight.sum() - inside

    def difference(value: Array) -> Array:
        held = labels @ (weight * value)
        return np.asarray(held / inside - (weight @ value - held) / outside)

    observed = float(weight[is_focus] @ change[is_focus] / weight[is_focus].sum())
    observed -= float(weight[~is_focus] @ change[~is_focus] / weight[~is_focus].sum())
    dealt, overlap = difference(change), difference(is_focus.astype(np.float64))
    differs = (labels != is_focus).any(axis=1)
    ties = np.sort((observed - dealt[differs]) / (1 - overlap[differs]))
    return limits(ties, int((~differs).sum())), dealt_p_value(dealt, observed)


def growth(
    before: Array, after: Array, weight: Array, is_focus: Flags, labels: Flags
) -> tuple[tuple[float, float], float]:
    """Give the log growth of the focus buurten's mean over that of the rest that is not rejected, and the p-value of 0.

    With u = exp(-growth), the focus figures of `after` are multiplied by u. A dealt group with before-sum B, after-sum
    R + uF (F from observed focus buurten, R from others) and the other group with B', R' + uF' ties with the observed
    log growth T where (R + uF) B' = e^T u B (R' + uF'): a quadratic in u with one positive root.
    Raises NotComputableError(not_positive) when a dealt group can have a mean that is not above 0.
    """
    focus = is_focus.astype(np.float64)

    def split(value: Array) -> tuple[Array, Array]:
        held = labels @ (weight * value)
        return held, weight @ value - held

    first, other_first = split(before)
    held, other_held = split(after * focus)
    kept, other_kept = split(after * (1 - focus))
    if min(part.min() for part in (first, other_first, held + kept, other_held + other_kept)) <= _TIED:
        raise NotComputableError("not_positive", "A growth factor needs a mean above 0 in every group that is dealt.")
    dealt = np.log((held + kept) / first) - np.log((other_held + other_kept) / other_first)
    own = [weight[side] @ value[side] for side in (is_focus, ~is_focus) for value in (before, after)]
    observed = float(np.log(own[1] / own[0]) - np.log(own[3] / own[2]))
    differs = (labels != is_focus).any(axis=1)
    square = (np.exp(observed) * first * other_held)[differs]
    linear = (np.exp(observed) * first * other_kept - other_first * held)[differs]
    loose = (other_first * kept)[differs]
    root = np.sqrt(linear**2 + 4 * square * loose)
    with np.errstate(divide="ignore", invalid="ignore"):  # where no growth ties, however large, the tie is infinite
        ties = np.where(
            linear >= 0, np.log(linear + root) - np.log(2 * loose), np.log(2 * square) - np.log(root - linear)
        )
    return limits(np.sort(ties), int((~differs).sum())), dealt_p_value(dealt, observed)


_EQUAL = 1e-9  # relative; two statistics that differ less are equal: only floating point sets them apart
_DOUBLINGS = 60
_HALVINGS = 45


@dataclass(frozen=True)
class Replays:
    """Replayed statistics as functions of c: (top - c·slope) / sqrt(square - 2c·cross + c²·bend), one entry per draw.

    `complete`: every possible draw is there once, the observed one included; otherwise it counts as one more draw.
    """

    top: Array
    slope: Array
    square: Array
    cross: Array
    bend: Array
    complete: bool

    def only(self, kept: Flags) -> "Replays":
        """Give some of the replays."""
        top, slope, square, cross, bend = (
            part[kept] for part in (self.top, self.slope, self.square, self.cross, self.bend)
        )
        return Replays(top, slope, square, cross, bend, self.complete)

    def at(self, c: float) -> Array:
        """Give the absolute statistics under the hypothesis that the effect is c; without any spread it is infinite."""
        variance = self.square - 2 * c * self.cross + c * c * self.bend
        top = np.abs(self.top - c * self.slope)
        scale = _EQUAL**2 * (self.square + c * c * self.bend)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = top / np.sqrt(np.maximum(variance, 0.0))
        return np.asarray(np.where(variance > scale, found, np.where(top > _EQUAL, np.inf, 0.0)))


def p_value(replays: Replays, estimate: float, standard_error: float, c: float = 0.0) -> float:
    """Give the part of the replays that are at least as far from c as the estimate; never 0.

    Two-sided and symmetric. Source: Phipson & Smyth 2010, doi:10.2202/1544-6115.1585 (the observed one counts).
    """
    return _part(replays, int(_as_far(replays, estimate, standard_error, c).sum()))


def _as_far(replays: Replays, estimate: float, standard_error: float, c: float) -> Flags:
    """Tell which replays are at least as far from c as the estimate."""
    return np.asarray(replays.at(c) >= abs(estimate - c) / standard_error * (1 - _EQUAL))


def _part(replays: Replays, as_far: int) -> float:
    """Give the part of the replays, the observed one included, that are as far."""
    draws = len(replays.top)
    return max(as_far, 1) / draws if replays.complete else (as_far + 1) / (draws + 1)


def interval(replays: Replays, estimate: float, standard_error: float, level: float = LEVEL) -> tuple[float, float]:
    """Give the values of c around the estimate that the test does not reject at 1 - `level`.

    Each limit is found by doubling the distance until c is rejected and halving back; on the way back a replay that
    answers alike at both ends is taken to do so in between. Raises NotComputableError(too_few_draws) when no distance
    leads to a rejection.
    Source: Ernst 2004, doi:10.1214/088342304000000396; Roodman et al. 2019, doi:10.1177/1536867X19830877, section 3.5.
    """
    limits = []
    for side in (-1.0, 1.0):
        inside, outside = 0.0, standard_error
        for _ in range(_DOUBLINGS):
            if p_value(replays, estimate, standard_error, estimate + side * outside) <= 1 - level:
                break
            inside, outside = outside, 2 * outside
        else:
            raise NotComputableError(
                "too_few_draws",
                f"{len(replays.top)} draws reject no value at {1 - level:.0%}, however far: there are too few groups or"
                " too few draws.",
            )
        within, beyond = (
            _as_far(replays, estimate, standard_error, estimate + side * end) for end in (inside, outside)
        )
        open_ones, settled = replays, 0
        for _ in range(_HALVINGS):
            differs = within != beyond
            settled += int((within & ~differs).sum())
            open_ones, within, beyond = open_ones.only(differs), within[differs], beyond[differs]
            middle = (inside + outside) / 2
            found = _as_far(open_ones, estimate, standard_error, estimate + side * middle)
            if _part(replays, settled + int(found.sum())) <= 1 - level:
                outside, beyond = middle, found
            else:
                inside, within = middle, found
        limits.append(estimate + side * inside)
    return limits[0], limits[1]
