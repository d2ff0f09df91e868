"""Gaps between the focus list and the rest of a municipality, how they changed, and how far that could be chance.

The figures are registrations, not samples: an interval here says how far a change could move because buurten differ
in what happens to them (process), because figures are rounded, or both; it is never a sampling margin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from kloof.bounds import mean_range
from kloof.errors import NotComputableError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEVEL = 0.95
FEWEST_DEALS = 80  # twice 1 / (1 - level): with fewer ways to deal the labels no two-sided 5 percent test can reject
ABSOLUTE = "absolute"
RELATIVE = "relative"


@dataclass(frozen=True)
class Interval:
    """An estimate with the widest range it can take, and the parts that range was made of."""

    estimate: float
    low: float
    high: float
    randomisation: tuple[float, float]
    robust: tuple[float, float] | None
    rounding: tuple[float, float]
    p_value: float


@dataclass(frozen=True)
class States:
    """Two states of every buurt (before and after) with their rounding bounds, weights and who is focus.

    All arrays have one entry per buurt; `weight` in people, households or dwellings.
    """

    before: Array
    after: Array
    before_low: Array
    before_high: Array
    after_low: Array
    after_high: Array
    weight: Array
    is_focus: Flags


def weighted_means(value: Array, weight: Array, is_focus: Flags) -> tuple[Array, Array]:
    """Give the weighted mean over the focus buurten and over the rest, along the first axis of `value`."""
    focus = np.tensordot(weight[is_focus], value[is_focus], axes=(0, 0)) / weight[is_focus].sum()
    rest = np.tensordot(weight[~is_focus], value[~is_focus], axes=(0, 0)) / weight[~is_focus].sum()
    return np.asarray(focus), np.asarray(rest)


def gap(value: Array, weight: Array, is_focus: Flags, measure: str) -> float:
    """Give focus minus rest in the unit of `value`, or that difference in percent of the rest (relative)."""
    focus, rest = weighted_means(value, weight, is_focus)
    difference = float(focus - rest)
    if measure == ABSOLUTE:
        return difference
    if rest == 0:
        raise NotComputableError("rest_is_zero", "The rest of the municipality has mean 0, so there is no ratio.")
    return 100 * difference / float(rest)


def gap_bounds(low: Array, high: Array, weight: Array, is_focus: Flags, measure: str) -> tuple[float, float]:
    """Give the range of a gap when every buurt may lie anywhere in its rounding interval; weights are kept."""
    focus = mean_range(low[is_focus], high[is_focus], weight[is_focus], weight[is_focus])
    rest = mean_range(low[~is_focus], high[~is_focus], weight[~is_focus], weight[~is_focus])
    if measure == ABSOLUTE:
        return focus[0] - rest[1], focus[1] - rest[0]
    if rest[0] <= 0:
        raise NotComputableError(
            "rest_may_be_zero", "The rest may have mean 0 within its rounding, so there is no ratio."
        )
    return 100 * (focus[0] / rest[1] - 1), 100 * (focus[1] / rest[0] - 1)


def change_of_gap(states: States, measure: str, rng: np.random.Generator, draws: int = 1999) -> Interval:
    """Give the change of a gap between two states of the buurten, and how far it can move.

    The interval is the widest of two, each stretched by its worst rounding: (1) randomisation inference: all constant
    changes (absolute) or growth factors (relative) that are not rejected at 5 % when the labels of the focus list are
    dealt at random over the buurten, weights kept; (2) weighted least squares of the change on the label with the HC3
    variance and the t distribution on (smallest group - 1) degrees of freedom, which does not assume that both
    groups vary alike. With one buurt in a group (2) does not exist and only (1) is used.

    Sources: Fisher 1935, ch. 3; Ding, Li & Miratrix 2017, doi:10.1515/jci-2015-0014 (randomisation); MacKinnon & White
    1985, doi:10.1016/0304-4076(85)90158-7 (HC3); Bell & McCaffrey 2002 (few degrees of freedom).
    """
    units, size = len(states.is_focus), int(states.is_focus.sum())
    if comb(units, size) < FEWEST_DEALS:
        raise NotComputableError(
            "too_few_buurten",
            f"{size} of {units} buurten can be dealt in too few ways for a 95 percent interval.",
        )
    estimate = gap(states.after, states.weight, states.is_focus, measure)
    estimate -= gap(states.before, states.weight, states.is_focus, measure)
    labels = deal(states.is_focus, rng, draws)
    if measure == ABSOLUTE:
        dealt, p_value = _randomised_constant(states, labels)
    else:
        dealt, p_value = _randomised_growth(states, labels)
    robust = _robust(states, measure)
    rounding = _rounding_of_change(states, measure)
    ranges = [dealt] if robust is None else [dealt, robust]
    low = min(bounds[0] for bounds in ranges) + min(rounding[0] - estimate, 0.0)
    high = max(bounds[1] for bounds in ranges) + max(rounding[1] - estimate, 0.0)
    return Interval(estimate, low, high, dealt, robust, rounding, p_value)


def deal(is_focus: Flags, rng: np.random.Generator, draws: int) -> Array:
    """Deal the focus labels at random over the buurten: draws × buurten, as many focus buurten in each."""
    order = rng.random((draws, len(is_focus))).argsort(axis=1)
    return (order < is_focus.sum()).astype(np.float64)


def _difference(labels: Array, weight: Array, value: Array) -> Array:
    """Weighted mean over the labelled minus over the others, for every row of labels."""
    inside = labels * weight
    outside = (1 - labels) * weight
    return np.asarray(inside @ value / inside.sum(axis=1) - outside @ value / outside.sum(axis=1))


def _limits(ordered: Array) -> tuple[float, float]:
    """Give the limits that leave (1 - level)/2 of the draws, the observed one included, outside on each side."""
    outside = int(np.floor((1 - LEVEL) / 2 * (len(ordered) + 1)))
    if outside < 1:
        raise NotComputableError(
            "too_few_draws", f"{len(ordered)} draws are too few for a {LEVEL:.0%} interval; take 199 or more."
        )
    return float(ordered[outside - 1]), float(ordered[-outside])


def _randomised_constant(states: States, labels: Array) -> tuple[tuple[float, float], float]:
    """Invert the randomisation test for a constant change of the focus buurten, exactly.

    A change c is not rejected as long as the dealt statistic of (change - c·label) is not extreme; that statistic is
    linear in c, so each draw gives the c at which it ties: (T - T_dealt) / (1 - share_dealt).
    """
    change = states.after - states.before
    own = states.is_focus.astype(np.float64)
    observed = float(_difference(own[None, :], states.weight, change)[0])
    dealt = _difference(labels, states.weight, change)
    overlap = _difference(labels, states.weight, own)
    differs = overlap < 1
    ties = np.sort((observed - dealt[differs]) / (1 - overlap[differs]))
    extreme = int((np.abs(dealt) >= abs(observed) - 1e-12).sum())
    return _limits(ties), (extreme + 1) / (len(dealt) + 1)


def _growth(labels: Array, weight: Array, before: Array, after: Array) -> Array:
    """Log growth of the labelled group's mean minus that of the others, for every row of labels."""
    inside = labels * weight
    outside = (1 - labels) * weight
    return np.asarray(
        np.log(inside @ after) - np.log(inside @ before) - np.log(outside @ after) + np.log(outside @ before)
    )


def _randomised_growth(states: States, labels: Array) -> tuple[tuple[float, float], float]:
    """Invert the randomisation test for a growth factor of the focus buurten, by bisection on each side."""
    if min((labels * states.weight @ value).min() for value in (states.before, states.after)) <= 0:
        raise NotComputableError("not_positive", "A growth factor needs a mean above 0 in every group that is dealt.")
    own = states.is_focus.astype(np.float64)
    observed = float(_growth(own[None, :], states.weight, states.before, states.after)[0])
    allowed = max(int(np.floor((1 - LEVEL) / 2 * (len(labels) + 1))), 1)

    def beyond(shift: float, side: int) -> int:
        after = states.after * np.exp(-shift * own)
        dealt = _growth(labels, states.weight, states.before, after)
        return int((side * dealt >= side * (observed - shift) - 1e-12).sum())

    def limit(side: int) -> float:
        inner, outer = observed, observed - side * 0.05
        while beyond(outer, side) >= allowed and abs(outer - observed) < 20:
            inner, outer = outer, observed + 2 * (outer - observed)
        for _ in range(40):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if beyond(middle, side) >= allowed else (inner, middle)
        return inner

    ratio = 1 + gap(states.before, states.weight, states.is_focus, RELATIVE) / 100
    dealt = _growth(labels, states.weight, states.before, states.after)
    extreme = int((np.abs(dealt) >= abs(observed) - 1e-12).sum())
    bounds = sorted(100 * ratio * float(np.expm1(limit(side))) for side in (1, -1))
    return (bounds[0], bounds[1]), (extreme + 1) / (len(labels) + 1)


def _robust(states: States, measure: str) -> tuple[float, float] | None:
    """Weighted least squares of the change on the label, HC3 variance, few degrees of freedom."""
    import statsmodels.api as sm
    from scipy import stats

    smallest = int(min(states.is_focus.sum(), (~states.is_focus).sum()))
    if smallest < 2:
        return None
    change = states.after - states.before
    centre = gap(change, states.weight, states.is_focus, ABSOLUTE)
    if measure == RELATIVE:
        before_focus, before_rest = weighted_means(states.before, states.weight, states.is_focus)
        after_focus, after_rest = weighted_means(states.after, states.weight, states.is_focus)
        linear_focus = states.after / after_rest - states.before / before_rest
        linear_rest = after_focus / after_rest**2 * states.after - before_focus / before_rest**2 * states.before
        change = 100 * np.where(states.is_focus, linear_focus, linear_rest)
        centre = 100 * float(after_focus / after_rest - before_focus / before_rest)
    design = sm.add_constant(states.is_focus.astype(np.float64))
    fit = sm.WLS(change, design, weights=states.weight / states.weight.mean()).fit(cov_type="HC3")
    margin = float(stats.t.ppf((1 + LEVEL) / 2, smallest - 1) * fit.bse[1])
    return centre - margin, centre + margin


def _rounding_of_change(states: States, measure: str) -> tuple[float, float]:
    """Range of the change when every figure of both years lies anywhere in its rounding interval (outer bound)."""
    before = gap_bounds(states.before_low, states.before_high, states.weight, states.is_focus, measure)
    after = gap_bounds(states.after_low, states.after_high, states.weight, states.is_focus, measure)
    return after[0] - before[1], after[1] - before[0]


def fitted_states(
    value: Array, low: Array, high: Array, times: Sequence[float], weight: Array, is_focus: Flags
) -> States:
    """Replace first and last year by the ends of each buurt's own straight line through all years.

    Takes buurt × year arrays; the result feeds `change_of_gap`, which then judges the trend instead of two years.
    """
    design = np.column_stack([np.ones(len(times)), np.asarray(times, dtype=np.float64)])
    hat = design @ np.linalg.pinv(design)
    middle, half = value @ hat.T, (high - low) / 2 @ np.abs(hat).T
    return States(
        middle[:, 0], middle[:, -1], middle[:, 0] - half[:, 0], middle[:, 0] + half[:, 0],
        middle[:, -1] - half[:, -1], middle[:, -1] + half[:, -1], weight, is_focus,
    )  # fmt: skip


def beyond_trend_states(
    value: Array,
    half: Array,
    times: Sequence[float],
    is_before: Sequence[bool],
    weight: Array,
    is_focus: Flags,
) -> States:
    """Compare what happened since an event with each buurt's own straight line before it, drawn on.

    `value` and `half` (half the rounding interval) are buurt × year. *before* = the drawn-on line, averaged over the
    years since; *after* = the figures of those years, averaged. Raises NotComputableError with fewer than two years before the event or none since.
    """
    flags = np.asarray(is_before, dtype=bool)
    if flags.sum() < 2:
        raise NotComputableError(
            "too_few_years_before", f"A trend needs two years before the event; there is {int(flags.sum())}."
        )
    if flags.all():
        raise NotComputableError("no_year_since", "There is no comparable year since the event.")
    clock = np.asarray(times, dtype=np.float64)
    design = np.column_stack([np.ones(len(clock)), clock])
    weights_before = design[~flags].mean(axis=0) @ np.linalg.pinv(design[flags])
    drawn_on, spread = value[:, flags] @ weights_before, half[:, flags] @ np.abs(weights_before)
    since, since_half = value[:, ~flags].mean(axis=1), half[:, ~flags].mean(axis=1)
    return States(
        drawn_on, since, drawn_on - spread, drawn_on + spread, since - since_half, since + since_half, weight, is_focus
    )  # fmt: skip


def trend_of_gap(
    value: Array, times: Sequence[float], is_before: Sequence[bool], weight: Array, is_focus: Flags
) -> Array:
    """Draw the straight line through the gaps before an event over all years (for the picture)."""
    gaps = np.array([gap(value[:, year], weight, is_focus, ABSOLUTE) for year in range(value.shape[1])])
    clock, flags = np.asarray(times, dtype=np.float64), np.asarray(is_before, dtype=bool)
    slope, start = np.polyfit(clock[flags], gaps[flags], 1)
    return np.asarray(start + slope * clock)


@dataclass(frozen=True)
class Placebo:
    """What a gap would seem to do if nothing changed and only noise moved the figures."""

    noise: float
    mean: float
    low: float
    high: float
    reselected: bool


def placebo(
    value: Array, weight: Array, is_focus: Flags, rounding: float, rng: np.random.Generator, *,
    reselect: str | None = None, draws: int = 1999
) -> Placebo:  # fmt: skip
    """Replay the change of a gap with a constant truth and noise of the size seen in the figures.

    `value` is buurt × year. The truth of each buurt is its mean; the noise is the spread of the figures around each
    buurt's own straight line, after what all buurten shared in a year is taken out and weighed like the gap (rounding alone when there are fewer
    than three years). With `reselect` ("lowest" or
    "highest") the focus list is chosen anew on the noisy first year, as a rule would: that shows how much
    regression to the mean alone makes of it. Source: Davis 1976, doi:10.1093/oxfordjournals.aje.a112321; Galton 1886.
    """
    units, years = value.shape
    noise = rounding / np.sqrt(12)
    if years > 2:
        design = np.column_stack([np.ones(years), np.arange(years)])
        own = value - value.mean(axis=0)
        residual = own - own @ (design @ np.linalg.pinv(design)).T
        spread = (weight[:, None] * residual**2).sum() / weight.sum() * units / ((units - 1) * (years - 2))
        noise = max(noise, float(np.sqrt(spread)))
    truth = value.mean(axis=1)
    first = truth + noise * rng.standard_normal((draws, units))
    last = truth + noise * rng.standard_normal((draws, units))
    if reselect is None:
        labels = np.broadcast_to(is_focus.astype(np.float64), (draws, units))
    else:
        order = (first if reselect == "lowest" else -first).argsort(axis=1).argsort(axis=1)
        labels = (order < is_focus.sum()).astype(np.float64)
    inside, outside = labels * weight, (1 - labels) * weight
    change = last - first
    gaps = (inside * change).sum(axis=1) / inside.sum(axis=1) - (outside * change).sum(axis=1) / outside.sum(axis=1)
    low, high = _limits(np.sort(gaps))
    return Placebo(float(noise), float(gaps.mean()), low, high, reselect is not None)


def share_accrued(
    first: Array,
    middle: Array,
    last: Array,
    weight: Array,
    is_focus: Flags,
    rng: np.random.Generator,
    draws: int = 1999,
) -> tuple[float, float, float]:
    """Give the percentage of a gap's change from first to last that was there by the middle year, with an interval.

    The interval comes from resampling buurten within focus and rest (percentile bootstrap, Efron 1979,
    doi:10.1214/aos/1176344552). Raises NotComputableError(no_change_to_split) when the change itself may be 0: a share of
    nothing has no meaning.
    """
    moved = np.stack([middle - first, last - first], axis=1)
    picks = [np.flatnonzero(is_focus), np.flatnonzero(~is_focus)]
    means = []
    for members in picks:
        chosen = members[rng.integers(0, len(members), size=(draws, len(members)))]
        share = weight[chosen] / weight[chosen].sum(axis=1, keepdims=True)
        means.append((share[..., None] * moved[chosen]).sum(axis=1))
    change = means[0] - means[1]
    low, high = _limits(np.sort(change[:, 1]))
    if low <= 0 <= high:
        raise NotComputableError(
            "no_change_to_split", "The change of the gap may be 0, so it cannot be split over periods."
        )
    focus, rest = weighted_means(moved, weight, is_focus)
    by_middle, whole = focus - rest
    bounds = _limits(np.sort(100 * change[:, 0] / change[:, 1]))
    return 100 * float(by_middle / whole), bounds[0], bounds[1]
