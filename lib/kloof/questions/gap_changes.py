"""Did the gap grow, and before or since an event? Panels and models in, findings and tables out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import MONEY
from kloof.errors import NotComputableError
from kloof.findings import END_ERROR, NEAR, Finding, Side, in_unit
from kloof.memo import remembered
from kloof.methods import gap
from kloof.methods.arrays import Array, Flags
from kloof.methods.gap import ABSOLUTE, PLACE, REAL, RELATIVE, Comparison, Paths, Rule, States, states_of
from kloof.methods.mobility import percentile_ranks
from kloof.methods.randomisation import deal
from kloof.methods.spending import price_factors
from kloof.shown import Shown, years_of
from kloof.study.load import price_index
from kloof.study.panel import Balanced, Focus, balance, jumps
from kloof.study.study import Study, comparable_run, list_flags, usable_years

MEASURES = (ABSOLUTE, REAL, RELATIVE, PLACE)  # the scales of one change, each with its own answers
ONLY_CHANCE = ("too_few_buurten", "no_limit", "not_positive", "too_few_draws", "no_spread")  # no range, still a change
UNITS = {RELATIVE: "percent", PLACE: "rank_points"}  # of a gap on a scale, where they are not the indicator's own
PLACEBOS = 5  # times the draws that are asked for
DEALS = 30  # times the draws that are asked for
MOST_LABELS = 4_000_000  # of all buurten in all deals: some hundredths of a second
WITHOUT_ZERO = ("score_points",)  # units whose 0 is arbitrary: no proportion of them has a meaning


@dataclass(frozen=True, repr=False)
class Followed(Shown):
    """One indicator followed over its comparable years: the panel, and what had to be left out."""

    indicator: str
    panel: Balanced | None
    years: tuple[int, ...]
    times: tuple[float, ...]
    orientation: int
    covered: dict[int, float]
    breaks: tuple[tuple[int, int, tuple[str, ...]], ...]
    reason: str | None = None

    def in_short(self) -> dict[str, object]:
        """Give the years that can be compared, the buurten in them, the breaks and what was left out."""
        return {
            "indicator": self.indicator, **(self.panel.in_short() if self.panel else {}),
            "years": years_of(self.years), "breaks": [name for *_, names in self.breaks for name in names],
            "reason": self.reason,
        }  # fmt: skip

    def in_card(self) -> dict[str, object]:
        """Give the same, with the reasons why buurten were left out."""
        return {**self.in_short(), **(self.panel.in_card() if self.panel else {})}


def follow(
    study: Study, name: str, focus: Focus | None = None, year_from: int | None = None, *, steady: bool = False
) -> Followed:
    """Lay one indicator out over its longest comparable run of years in the window.

    The orientation makes a positive gap mean: the focus buurten are worse off (for an indicator that is neither good
    nor bad: the side on which they started). With `steady` buurten that jump in those years are left out. When no two
    comparable years are left, `reason` says why. What was followed before is kept with the data: do not change its
    arrays.
    """
    chosen = focus or study.focus
    window = study.p.year_from if year_from is None else year_from, study.p.year_to
    key = "follow", name, chosen.codes, window, study.coverage_minimum, steady
    made: Followed = study.data.once(study.known, key, lambda: _followed(study, name, chosen, window, steady=steady))
    return made


def _followed(study: Study, name: str, focus: Focus, window: tuple[int, int], *, steady: bool) -> Followed:
    """Lay one indicator out; see `follow`."""
    indicator = study.known.indicator(name)
    years, covered = usable_years(study, name, *window)
    run, met = comparable_run(study, name, years)
    times = tuple(year + indicator.measured for year in run)
    base: dict[str, Any] = {
        "indicator": name, "years": tuple(run), "times": times, "covered": covered, "breaks": tuple(met),
    }  # fmt: skip
    if len(run) < 2:
        known = [year for year, share in covered.items() if share > 0]
        reason = "one_year_only" if len(run) == 1 else "too_little_measured" if known else "no_figures"
        return Followed(panel=None, orientation=1, reason=reason, **base)
    try:
        panel = balance(study.data, study.known, name, run, focus, steady=steady)
    except NotComputableError as problem:
        return Followed(panel=None, orientation=1, reason=problem.reason, **base)
    start = gap.gap(panel.value[:, 0], panel.weight, panel.is_focus, ABSOLUTE)
    orientation = -indicator.better or int(np.sign(start)) or 1
    return Followed(panel=panel, orientation=orientation, **base)


def follow_all(study: Study, year_from: int | None = None) -> list[Followed]:
    """Follow every indicator of the study."""
    return [follow(study, name, year_from=year_from) for name in study.p.indicators]


def scales_of(study: Study, name: str) -> tuple[str, ...]:
    """Give the scales on which a change of an indicator's gap is told.

    As printed; in constant prices (money only); in proportion to the rest (not where 0 is arbitrary); and by the place
    of the listed buurten among all (where one end is the better one).
    """
    indicator = study.known.indicator(name)
    left_out = {
        REAL: indicator.unit not in MONEY, RELATIVE: indicator.unit in WITHOUT_ZERO, PLACE: not indicator.better,
    }  # fmt: skip
    return tuple(measure for measure in MEASURES if not left_out.get(measure, False))


def counts_for(study: Study, name: str, measure: str) -> bool:
    """Tell whether a scale has a say in a verdict on a difference.

    Amounts in the prices of their own years have none, since prices alone move them; nor has the place on a ranking,
    which hardly moves when distances do, and would call every one of them too small to matter.
    """
    return measure != PLACE and (measure != ABSOLUTE or study.known.indicator(name).unit not in MONEY)


def in_constant_prices(study: Study, track: Followed, at: int = -1) -> Followed:
    """Put amounts in the prices of one of the years, the last or that at place `at`; other indicators stay as they are.

    A year's price is that of when its figure was true. Consumer prices: `load.price_index`, whose source joins those
    of the panel.
    """
    panel = track.panel
    if panel is None or study.known.indicator(track.indicator).unit not in MONEY:
        return track
    dated = [math.floor(time) for time in track.times]
    key = "price_index", tuple(dated)
    prices, used = study.data.once(study.known, key, lambda: price_index(study.data.observations, dated))
    if not set(dated) <= prices.keys():
        return replace(track, panel=None, reason="no_price_index")
    factors = price_factors(dated, prices, dated[at])
    amounts = {name: getattr(panel, name) * factors for name in ("value", "low", "high")}
    return replace(track, panel=replace(panel, sources=tuple(sorted({*panel.sources, *used})), **amounts))


def for_picture(study: Study, track: Followed) -> tuple[Followed, str]:
    """Give a followed indicator as a picture draws it, and the scale of the finding it belongs to.

    Amounts in constant prices, in the comparable years only: in those of their own years every gap seems to grow.
    """
    real = in_constant_prices(study, track)
    if study.known.indicator(track.indicator).unit not in MONEY or real.panel is None:
        return track, ABSOLUTE
    return replace(real, breaks=()), REAL


def by_place(track: Followed) -> Followed:
    """Lay every year out as places among all buurten, so that the gap is how far the list stands below the middle.

    A buurt's figure is 100 less its percentile (0 worst off), so scaled that focus minus rest is 50 less the weighted
    mean percentile of the focus buurten. Its bounds are exact: every focus buurt at one end of its rounding and every
    other at the other end, for places among themselves add up to the same.
    """
    panel = track.panel
    if panel is None:
        return track
    sign = float(-track.orientation)  # above 0: more is better off
    part = float(panel.weight[~panel.is_focus].sum() / panel.weight.sum())
    years = range(len(panel.years))
    inside = panel.is_focus
    mixed = (np.where(inside[:, None], own, other) for own, other in ((panel.low, panel.high), (panel.high, panel.low)))
    value, worst, best = (
        np.column_stack([100 * percentile_ranks(sign * figures[:, at], panel.weight) for at in years])
        for figures in (panel.value, *mixed)
    )
    means = [panel.weight[inside] @ places[inside] / panel.weight[inside].sum() for places in (value, worst, best)]
    ends = np.sort(np.stack([means[0] - mean for mean in means[1:]]), axis=0)  # of the gap itself: the rest is kept
    turned = part * (100 - value)
    low, high = (np.where(inside[:, None], turned + end, turned) for end in ends)
    return replace(track, orientation=1, panel=replace(panel, value=turned, low=low, high=high))


def on_scale(study: Study, track: Followed, measure: str) -> tuple[Followed, str]:
    """Give a followed indicator as a scale asks for it, and the measure of a gap that is taken of it."""
    if measure == REAL:
        return in_constant_prices(study, track), ABSOLUTE
    if measure == PLACE:
        return by_place(track), ABSOLUTE
    return track, measure


def paths_of(followed: Followed) -> Paths:
    """Give the panel of a followed indicator as paths over time. Raises NotComputableError when there is no panel."""
    panel = followed.panel
    if panel is None:
        raise NotComputableError(followed.reason or "no_figures", f"{followed.indicator} cannot be followed.")
    return Paths(panel.value, panel.low, panel.high, np.array(followed.times), panel.weight, panel.is_focus)


def sides(orientation: int, states: States, measure: str, years: tuple[int, int], n_missing: int) -> tuple[Side, Side]:
    """Describe the oriented gap on both sides of a change, with its rounding range."""
    made = []
    for year, value, low, high in (
        (years[0], states.before, states.before_low, states.before_high),
        (years[1], states.after, states.after_low, states.after_high),
    ):
        estimate = orientation * gap.gap(value, states.weight, states.is_focus, measure)
        bounds = gap.gap_bounds(low, high, states.weight, states.is_focus, measure)
        ordered = sorted(orientation * bound for bound in bounds)
        total = float(states.weight.sum())
        made.append(Side(year, "gap", estimate, ordered[0], ordered[1], len(states.weight), n_missing, total))
    return made[0], made[1]


def _unit_of(study: Study, name: str, measure: str) -> str:
    """Give the unit of a gap: that of a difference in the indicator, percent of the rest's level, or places."""
    return UNITS[measure] if measure in UNITS else study.known.unit_of_change(name)


def flags_of(study: Study, followed: Followed, focus: Focus) -> tuple[str, ...]:
    """Say what a reader must know about these figures under a focus list; each flag has its sentence."""
    indicator = study.known.indicator(followed.indicator)
    panel = followed.panel
    flags = ["modelled"] if indicator.modelled else ["register"]
    if indicator.measured < 0:
        flags.append("dated_earlier")
    if panel is not None:
        flags += ["left_out"] if panel.missing else []
        flags += ["other_weights"] if indicator.universe not in (None, panel.weight_name) else []
        flags += ["recalculated"] if any("recalculated" in source for source in panel.sources) else []
        flags += ["few_focus"] if panel.is_focus.sum() < 5 else []
        jumped = set(jumps(study.data, study.known, panel.years)["code"]) & set(panel.codes)
        flags += ["jumped"] if jumped else []
    if rule_of(followed, focus) is not None:
        flags.append("selected_on_outcome")
    return (*flags, *list_flags(study, focus, followed.years[0] if followed.years else None))


def rule_of(followed: Followed, focus: Focus) -> Rule | None:
    """Give the rule by which a focus list was chosen, if that was on this very indicator in a year that is compared."""
    if focus.indicator != followed.indicator or focus.year not in followed.years:
        return None
    return Rule(focus.name.split(":", maxsplit=1)[0], followed.years.index(focus.year))


def shared_fields(study: Study, followed: Followed, kind: str, measure: str, focus: Focus) -> dict[str, Any]:
    """Fields that every finding about a followed indicator shares."""
    panel, indicator = followed.panel, study.known.indicator(followed.indicator)
    flags = flags_of(study, followed, focus)
    return {
        "kind": kind, "measure": measure, "indicator": followed.indicator, "focus": focus.name,
        "unit": _unit_of(study, followed.indicator, measure),
        "decimals": {RELATIVE: None, PLACE: 1}.get(measure, indicator.decimals),
        "smallest_effect": study.smallest_effect(followed.indicator, measure),
        "coverage": panel.coverage if panel else max(followed.covered.values(), default=0.0),
        "coverage_minimum": study.coverage_minimum, "sources": panel.sources if panel else (),
        "flags": (*flags, "last_prices") if measure == REAL else flags,
    }  # fmt: skip


def absent(followed: Followed, number: str, base: dict[str, Any], reason: str | None) -> Finding:
    """Make the finding that says a number could not be made, and why."""
    years = followed.years or tuple(followed.covered)
    a, b = (Side(year=years[0]), Side(year=years[-1])) if years else (Side(), Side())
    return Finding(id=number, reason=reason or "no_figures", a=a, b=b, **base)


@dataclass(frozen=True)
class Change:
    """One change of a gap to judge: its number and kind, and which two states of which years are compared.

    `years` are the years named on both sides. `weigh` is what the variants do: "similar" compares the focus list only
    with the buurten whose level at the start was within its range; "unweighted" counts every buurt alike. Without
    `chance` only what happened is asked, and the range is that of rounding.
    `false_events` are the same comparison at other moments, by which a departure from a trend is tested; None when no
    trend is drawn on.
    """

    number: str
    kind: str
    measure: str
    comparison: Comparison
    years: tuple[int, int]
    weigh: str = "all"
    chance: bool = True
    false_events: tuple[Comparison, ...] | None = None


def computed(study: Study, followed: Followed, change: Change, focus: Focus) -> tuple[Finding, gap.Interval | None]:
    """Compute one change of a gap under a focus list; what cannot be computed is a finding that says why.

    What happened needs no chance: where no range of chance can be given there is none, and the change stands. A list
    that was chosen on this very indicator in one of the years compared moves by regression to the mean
    alone. How far is not known, only at most how far (`gap.placebo`, as if no deviation lasted): the interval is
    stretched to hold the change as it was measured and with that taken off. The estimate is what was measured. In
    places it has no range at all: who was chosen at an end can only move inward, by noise and by shocks that all share
    in alike, and by how much nothing here tells.
    """
    base = shared_fields(study, followed, change.kind, change.measure, focus)
    scaled, measure = on_scale(study, followed, change.measure)
    interval = None
    try:
        paths = paths_of(scaled)
        states = _weighed(states_of(paths, change.comparison), change.weigh, paths_of(followed))
        estimate, rounding = gap.change_as_counted(states, measure)
        inward = change.measure == PLACE and rule_of(followed, focus) is not None
        asked = change.chance and not inward
        interval = interval_of(study, states, measure) if asked else None
    except NotComputableError as problem:
        if problem.reason not in ONLY_CHANCE or change.false_events is not None:
            return absent(followed, change.number, base, problem.reason), None
    sign, unit = scaled.orientation, _points(study, followed, change)
    exact = sorted(sign * bound for bound in rounding)
    ends: Sequence[float | None] = [None, None] if change.chance else exact
    details: dict[str, Any] = {}
    if interval is not None:
        shift, details = 0.0, chance_details(states, interval, unit)
        if (rule := rule_of(followed, focus)) is not None:
            null = _placebo(study, scaled, replace(change, measure=measure), rule)
            shift = (null.mean if measure == ABSOLUTE else null.mean_relative) or 0.0
            details |= in_unit(unit, selection_shift=sign * shift)
            details[END_ERROR]["value"] = math.hypot(interval.end_error, null.end_error)
            base["flags"] = (*base["flags"], "corrected_for_selection")
        ends = sorted(sign * bound for bound in (interval.low - max(shift, 0.0), interval.high - min(shift, 0.0)))
    missing = len(followed.panel.missing) if followed.panel else 0
    a, b = sides(sign, states, measure, change.years, missing)
    if change.measure == PLACE:
        a, b = _as_places(a), _as_places(b)
    elif min(a.estimate or 0, b.estimate or 0) < 0:
        base["measure"] = f"{change.measure}_reversed"
    finding = Finding(
        id=change.number, estimate=sign * estimate, low=ends[0], high=ends[1], rounding_low=exact[0],
        rounding_high=exact[1], a=a, b=b, details={**details, **_path(paths, change, measure, sign)},
        range_kind=("process", "rounding") if interval is not None else ("rounding",), **base,
    )  # fmt: skip
    if change.false_events is None:
        return finding, interval
    departures = [_estimate(_weighed(states_of(paths, one), change.weigh, paths_of(followed)), measure)
                  for one in change.false_events]  # fmt: skip
    return _beside_false_events(finding, np.abs(departures), unit), interval


def _estimate(states: States, measure: str) -> float:
    """Give the change of the gap between two states, without a range."""
    before, after = (gap.gap(value, states.weight, states.is_focus, measure) for value in (states.before, states.after))
    return after - before


def _beside_false_events(finding: Finding, departures: Array, unit: str) -> Finding:
    """Let a departure from a trend speak only where it is larger than what false events depart from theirs.

    `departures` of the false events, without sign. Where one is as large, no straight line holds for this figure: the
    range is widened to hold the largest of them, so that only "too small to matter" can still be said. Without false
    events the line cannot be tested and there is no range. What lies beyond a line was not counted by anybody: nothing
    is said of what happened.
    """
    finding = replace(finding, rounding_low=None, rounding_high=None)
    details = {**finding.details, **in_unit("number", false_events=len(departures))}
    if not len(departures):
        scale = RELATIVE if finding.measure.startswith(RELATIVE) else ABSOLUTE
        measure, flags = f"{scale}_untested", (*finding.flags, "line_not_tested")
        return replace(finding, low=None, high=None, range_kind=(), measure=measure, details=details, flags=flags)
    estimate, largest = finding.estimate or 0.0, float(departures.max())
    details |= in_unit("number", as_large=int((departures >= abs(estimate)).sum()))
    details |= in_unit(unit, largest_false=largest)
    if largest < abs(estimate) or finding.low is None or finding.high is None:
        return replace(finding, details=details)
    low, high = min(finding.low, estimate - largest), max(finding.high, estimate + largest)
    smallest = finding.smallest_effect or 0.0
    flags = finding.flags if -smallest <= low and high <= smallest else (*finding.flags, "line_does_not_hold")
    return replace(finding, low=low, high=high, details=details, flags=flags)


def _as_places(side: Side) -> Side:
    """Give the mean percentile of the focus buurten where a side holds how far it lies below the middle."""
    low, high = (None if end is None else 50 - end for end in (side.high, side.low))
    return replace(side, estimate=None if side.estimate is None else 50 - side.estimate, low=low, high=high)


def _path(paths: Paths, change: Change, measure: str, sign: int) -> dict[str, Any]:
    """Tell the steps from one measurement to the next within the years compared: how many, ahead and back.

    Only of a comparison of two years: an average or a line has no steps.
    """
    first, last = (np.flatnonzero(counts) for counts in change.comparison)
    if len(first) != 1 or len(last) != 1 or change.weigh != "all":
        return {}
    gaps = [sign * gap.gap(paths.value[:, at], paths.weight, paths.is_focus, measure)
            for at in range(int(first[0]), int(last[0]) + 1)]  # fmt: skip
    steps = np.diff(gaps)
    ahead, back = int((steps > 0).sum()), int((steps < 0).sum())
    return in_unit("number", steps=len(steps), steps_ahead=ahead, steps_back=back)


def chance_details(states: States, interval: gap.Interval, unit: str) -> dict[str, Any]:
    """Give the p-value of dealt labels, the error of the ends, and the degrees of a t for the smaller of the groups."""
    smallest = int(min(states.is_focus.sum(), (~states.is_focus).sum()))
    return in_unit("probability", p_value=interval.p_value, p_error=interval.p_error) | in_unit(
        "number", degrees=max(smallest - 1, 1)
    ) | in_unit(unit, **{END_ERROR: interval.end_error})  # fmt: skip


def interval_of(study: Study, states: States, measure: str) -> gap.Interval:
    """Judge a change of the gap, once in a run: all changes of as many buurten meet the same dealt labels.

    To deal labels is cheap, so they are dealt thirty times as often as the draws that are asked for, and in a
    municipality of many buurten as often as takes no longer.
    """
    units, size = len(states.is_focus), int(states.is_focus.sum())
    draws = max(study.p.draws, min(DEALS * study.p.draws, MOST_LABELS // units))
    key = (measure, study.p.seed, draws, [array.tobytes() for array in vars(states).values()])

    def compute() -> gap.Interval:
        return gap.change_of_gap(states, measure, _labels(study.p.seed, units, size, draws))

    return remembered("change_of_gap", lambda: key, compute)


@lru_cache(maxsize=4)
def _labels(seed: int, units: int, size: int, draws: int) -> Flags:
    return deal(np.arange(units) < size, np.random.default_rng([seed, units, size]), draws)


def _points(study: Study, followed: Followed, change: Change) -> str:
    """Give the unit of a change of the gap: a change of percentages is in points."""
    return str(study.known.units[_unit_of(study, followed.indicator, change.measure)]["change"])


def change_of_gap(
    study: Study, followed: Followed, measure: str, number: str, focus: Focus | None = None, *, variant: str = "ends"
) -> Finding:
    """Judge how the gap changed from the first to the last comparable year.

    `variant`: "ends" compares the two years; "counted" does too, and asks nothing of chance; "trend" the ends of each
    buurt's straight line through all years; "similar" and "unweighted" as in `Change`.
    """
    focus = focus or study.focus
    years, times = followed.years, np.array(followed.times)
    if followed.panel is None:
        base = shared_fields(study, followed, "gap_change", measure, focus)
        return absent(followed, number, base, followed.reason)
    comparison = gap.own_lines(times) if variant == "trend" else gap.two_years(len(years), 0, -1)
    weigh = variant if variant in ("similar", "unweighted") else "all"
    change = Change(number, "gap_change", measure, comparison, (years[0], years[-1]), weigh, variant != "counted")
    return computed(study, followed, change, focus)[0]


def _weighed(states: States, weigh: str, paths: Paths) -> States:
    """Keep only the buurten of a similar level at the start, or weigh all alike. Raises when no other buurt is left."""
    if weigh == "unweighted":
        return replace(states, weight=np.ones(len(states.weight)))
    if weigh == "all":
        return states
    keep = similar_level(paths)
    if states.is_focus[keep].all():
        raise NotComputableError("no_similar_buurten", "No other buurt had a level within the range of the focus list.")
    return States(**{name: array[keep] for name, array in vars(states).items()})


def similar_level(paths: Paths) -> Flags:
    """Mark the focus buurten and every other buurt whose first value lies within the focus range."""
    first = paths.value[:, 0]
    inside = (first >= first[paths.is_focus].min()) & (first <= first[paths.is_focus].max())
    return np.asarray(inside | paths.is_focus)


def _placebo(study: Study, followed: Followed, change: Change, rule: Rule | None) -> gap.Placebo:
    """Replay a change with a constant truth; with a rule the focus list is chosen anew."""
    paths = paths_of(followed)
    noise = gap.noise_of(paths, study.known.indicator(followed.indicator).rounding, change.measure)
    return gap.placebo(paths, change.comparison, noise, study.rng("placebo"), PLACEBOS * study.p.draws, rule)


def placebo_finding(study: Study, followed: Followed, number: str) -> Finding:
    """Set the measured change beside what noise alone would make of it (regression to the mean)."""
    base = shared_fields(study, followed, "placebo", ABSOLUTE, study.focus)
    if followed.panel is None:
        return absent(followed, number, base, followed.reason)
    years = followed.years[0], followed.years[-1]
    change = Change(number, "placebo", ABSOLUTE, gap.two_years(len(followed.years), 0, -1), years)
    null = _placebo(study, followed, change, rule_of(followed, study.focus))
    states = states_of(paths_of(followed), change.comparison)
    a, b = sides(followed.orientation, states, ABSOLUTE, years, len(followed.panel.missing))
    observed = (b.estimate or 0.0) - (a.estimate or 0.0)
    low, high = sorted((followed.orientation * null.low, followed.orientation * null.high))
    reach = NEAR * null.end_error
    base["measure"] = "inside" if low - reach <= observed <= high + reach else "outside"
    unit = base["unit"]
    details = in_unit(unit, **{"observed": observed, END_ERROR: null.end_error}) | in_unit(unit, 1, noise=null.noise)
    estimate = followed.orientation * null.mean + 0.0  # never minus zero
    return Finding(
        id=number, estimate=estimate, low=low, high=high, a=a, b=b, range_kind=("placebo",), details=details, **base
    )


def break_finding(study: Study, followed: Followed, number: str) -> Finding | None:
    """Say which later (or earlier) years cannot be compared with the run, with both gaps and no direction."""
    if not followed.breaks or followed.panel is None:
        return None
    before, after, names = followed.breaks[-1]
    try:
        panel = balance(study.data, study.known, followed.indicator, [before, after], study.focus)
    except NotComputableError:
        return None
    both = replace(followed, panel=panel, times=(0.0, 1.0))
    states = states_of(paths_of(both), gap.two_years(2, 0, 1))
    a, b = sides(followed.orientation, states, ABSOLUTE, (before, after), len(panel.missing))
    estimate = (b.estimate or 0.0) - (a.estimate or 0.0)
    base = shared_fields(study, both, "gap_change", ABSOLUTE, study.focus)
    return Finding(id=number, estimate=estimate, a=a, b=b, comparability="broken", breaks=names, **base)


def picture_table(study: Study, followed: Followed) -> pd.DataFrame:
    """Give the picture's table: year, focus, rest, gap with its rounding range, relative gap, link to the year before.

    Years outside the comparable run are given too, each with its own balanced buurten, linked as broken.
    """
    rows: list[dict[str, Any]] = []
    panel = followed.panel
    if panel is None:
        keys = ("year", "focus", "rest", "gap", "gap_low", "gap_high", "relative", "link", "buurten")
        return pd.DataFrame(columns=list(keys))
    outside = sorted({year for pair in followed.breaks for year in pair[:2]} - set(panel.years))
    blocks = [(panel, list(panel.years))]
    for year in outside:
        try:
            blocks.append((balance(study.data, study.known, followed.indicator, [year], study.focus), [year]))
        except NotComputableError:
            continue
    for block, years in blocks:
        for year in years:
            place = block.column(year)
            value, low, high = block.value[:, place], block.low[:, place], block.high[:, place]
            focus, rest = gap.weighted_means(value, block.weight, block.is_focus)
            bounds = gap.gap_bounds(low, high, block.weight, block.is_focus, ABSOLUTE)
            ordered = sorted(followed.orientation * bound for bound in bounds)
            rows.append({
                "year": year, "focus": float(focus), "rest": float(rest),
                "gap": followed.orientation * float(focus - rest), "gap_low": ordered[0], "gap_high": ordered[1],
                "relative": followed.orientation * 100 * float(focus / rest - 1),
                "link": "broken" if year == years[0] and block is not panel else "comparable",
                "buurten": len(block.codes),
            })  # fmt: skip
    table = pd.DataFrame(rows).sort_values("year", ignore_index=True)
    follows_break = {after for _, after, _ in followed.breaks}
    table.loc[table["year"].isin(follows_break), "link"] = "broken"
    return table
