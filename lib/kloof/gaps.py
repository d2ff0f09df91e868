"""Did the gap grow, and before or since an event? Panels and models in, findings and tables out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kloof import models
from kloof.errors import NotComputableError
from kloof.findings import Finding, Side
from kloof.models import ABSOLUTE, RELATIVE, States
from kloof.panel import Balanced, Focus, balance
from kloof.study import Study, comparable_run, usable_years

MEASURES = (ABSOLUTE, RELATIVE)


@dataclass(frozen=True)
class Followed:
    """One indicator followed over its comparable years: the panel, and what had to be left out."""

    indicator: str
    panel: Balanced | None
    years: tuple[int, ...]
    times: tuple[float, ...]
    orientation: int
    covered: dict[int, float]
    breaks: tuple[tuple[int, int, tuple[str, ...]], ...]
    reason: str | None = None


def follow(study: Study, name: str, focus: Focus | None = None, year_from: int | None = None) -> Followed:
    """Lay one indicator out over its longest comparable run of years in the window.

    The orientation makes a positive gap mean: the focus buurten are worse off (for an indicator that is neither good
    nor bad: the side on which they started). When no two comparable years are left, `reason` says why.
    """
    indicator = study.known.indicator(name)
    first = study.p.year_from if year_from is None else year_from
    years, covered = usable_years(study, name, first, study.p.year_to)
    run, met = comparable_run(study, name, years)
    times = tuple(year + indicator.measured for year in run)
    base: dict[str, Any] = {
        "indicator": name,
        "years": tuple(run),
        "times": times,
        "covered": covered,
        "breaks": tuple(met),
    }
    if len(run) < 2:
        known = [year for year, share in covered.items() if share > 0]
        reason = "one_year_only" if len(run) == 1 else "too_little_measured" if known else "no_figures"
        return Followed(panel=None, orientation=1, reason=reason, **base)
    try:
        panel = balance(study.data, study.known, name, run, focus or study.focus)
    except NotComputableError as problem:
        return Followed(panel=None, orientation=1, reason=problem.reason, **base)
    start = models.gap(panel.value[:, 0], panel.weight, panel.is_focus, ABSOLUTE)
    orientation = -indicator.better or int(np.sign(start)) or 1
    return Followed(panel=panel, orientation=orientation, **base)


def follow_all(study: Study, year_from: int | None = None) -> list[Followed]:
    """Follow every indicator of the study."""
    return [follow(study, name, year_from=year_from) for name in study.p.indicators]


def two_states(panel: Balanced, first: int, last: int) -> States:
    """Take two years of a panel as states before and after."""
    return States(
        panel.value[:, first], panel.value[:, last], panel.low[:, first], panel.high[:, first],
        panel.low[:, last], panel.high[:, last], panel.weight, panel.is_focus,
    )  # fmt: skip


def sides(orientation: int, states: States, measure: str, years: tuple[int, int], n_missing: int) -> tuple[Side, Side]:
    """Describe the oriented gap on both sides of a change, with its rounding range."""
    made = []
    for year, value, low, high in (
        (years[0], states.before, states.before_low, states.before_high),
        (years[1], states.after, states.after_low, states.after_high),
    ):
        estimate = orientation * models.gap(value, states.weight, states.is_focus, measure)
        bounds = models.gap_bounds(low, high, states.weight, states.is_focus, measure)
        ordered = sorted(orientation * bound for bound in bounds)
        total = float(states.weight.sum())
        made.append(Side(year, "gap", estimate, ordered[0], ordered[1], len(states.weight), n_missing, total))
    return made[0], made[1]


def unit_of(study: Study, name: str, measure: str) -> str:
    """Give the unit of a gap: that of a difference in the indicator, or percent of the rest's level."""
    return "percent" if measure == RELATIVE else str(study.known.units[study.known.indicator(name).unit]["change"])


def flags_of(study: Study, followed: Followed) -> tuple[str, ...]:
    """Say what a reader must know about these figures; each flag has its sentence."""
    indicator = study.known.indicator(followed.indicator)
    panel, focus = followed.panel, study.focus
    flags = ["modelled"] if indicator.modelled else ["register"]
    if indicator.measured < 0:
        flags.append("dated_earlier")
    if panel is not None:
        flags += ["left_out"] if panel.missing else []
        flags += ["other_weights"] if indicator.universe not in (None, panel.weight_name) else []
        flags += ["recalculated"] if any("recalculated" in source for source in panel.sources) else []
        flags += ["few_focus"] if panel.is_focus.sum() < 5 else []
    if focus.indicator == followed.indicator and focus.year in followed.years:
        flags.append("selected_on_outcome")
    elif focus.indicator is None:
        flags.append("list_after_window")
    return tuple(flags)


def shared_fields(study: Study, followed: Followed, kind: str, measure: str, focus: Focus) -> dict[str, Any]:
    """Fields that every finding about a followed indicator shares."""
    panel = followed.panel
    relative = measure == RELATIVE
    return {
        "kind": kind,
        "measure": measure,
        "indicator": followed.indicator,
        "unit": unit_of(study, followed.indicator, measure),
        "decimals": None if relative else study.known.indicator(followed.indicator).decimals,
        "focus": focus.name,
        "smallest_effect": study.smallest_effect(followed.indicator, "relative" if relative else "absolute"),
        "coverage": panel.coverage if panel else max(followed.covered.values(), default=0.0),
        "coverage_minimum": study.coverage_minimum,
        "sources": panel.sources if panel else (),
        "flags": flags_of(study, followed),
    }


def absent(followed: Followed, number: str, base: dict[str, Any], reason: str | None) -> Finding:
    """Make the finding that says a number could not be made, and why."""
    years = followed.years or tuple(followed.covered)
    a, b = (Side(year=years[0]), Side(year=years[-1])) if years else (Side(), Side())
    return Finding(id=number, reason=reason or "no_figures", a=a, b=b, **base)


def gap_change(
    study: Study,
    followed: Followed,
    measure: str,
    number: str,
    focus: Focus | None = None,
    *,
    variant: str = "ends",
) -> Finding:
    """Judge how the gap changed from the first to the last comparable year.

    `variant`: "ends" compares the two years; "trend" the ends of each buurt's straight line through all years;
    "similar" compares the focus list only with the buurten whose level at the start was within its range;
    "unweighted" counts every buurt alike. A focus list that was chosen on this very indicator within the window is
    corrected by the placebo's mean: regression to the mean alone would move it that far.
    """
    focus = focus or study.focus
    panel = followed.panel
    base = shared_fields(study, followed, "gap_change", measure, focus)
    if panel is None:
        return absent(followed, number, base, followed.reason)
    states, years = two_states(panel, 0, -1), (panel.years[0], panel.years[-1])
    if variant == "trend":
        states = models.fitted_states(panel.value, panel.low, panel.high, followed.times, panel.weight, panel.is_focus)
    if variant == "unweighted":
        states = _subset(states, np.ones(len(panel.codes), dtype=bool), equal=True)
    if variant == "similar":
        states = _subset(states, similar_level(panel))
    if states.is_focus.all() or not states.is_focus.any():
        return absent(followed, number, base, "no_similar_buurten")
    try:
        interval = models.change_of_gap(states, measure, study.rng(f"{number}"), study.p.draws)
    except NotComputableError as problem:
        return absent(followed, number, base, problem.reason)
    shift = 0.0
    if "selected_on_outcome" in base["flags"] and measure == ABSOLUTE:
        shift = _placebo(study, followed, number).mean
        base["flags"] = (*base["flags"], "corrected_for_selection")
    ends = sorted(followed.orientation * (bound - shift) for bound in (interval.low, interval.high))
    a, b = sides(followed.orientation, states, measure, years, len(panel.missing))
    if min(a.estimate or 0, b.estimate or 0) < 0:
        base["measure"] = f"{measure}_reversed"
    return Finding(
        id=number, estimate=followed.orientation * (interval.estimate - shift), low=ends[0], high=ends[1], a=a, b=b,
        range_kind=("process", "rounding"), details=_details(study, interval, followed, shift, measure), **base,
    )  # fmt: skip


def _details(study: Study, interval: models.Interval, followed: Followed, shift: float, measure: str) -> dict[str, Any]:
    """Parts of the interval, for the table behind the sentence."""
    unit = study.known.units[unit_of(study, followed.indicator, measure)]["change"]
    sign = followed.orientation

    def pair(bounds: tuple[float, float] | None, name: str) -> dict[str, Any]:
        ordered = sorted(sign * bound for bound in bounds) if bounds else [None, None]
        ends = ((f"{name}_low", ordered[0]), (f"{name}_high", ordered[1]))
        return {key: {"value": value, "unit": unit} for key, value in ends}

    return {
        **pair(interval.randomisation, "randomisation"),
        **pair(interval.robust, "robust"),
        **pair(interval.rounding, "rounding"),
        "p_value": {"value": interval.p_value, "unit": "probability"},
        "selection_shift": {"value": sign * shift, "unit": unit},
    }


def _subset(states: States, keep: np.ndarray, *, equal: bool = False) -> States:
    """Keep some buurten, or weigh them all alike."""
    arrays = {name: array[keep] for name, array in vars(states).items()}
    if equal:
        arrays["weight"] = np.ones(int(keep.sum()))
    return States(**arrays)


def similar_level(panel: Balanced) -> np.ndarray:
    """Mark the focus buurten and every other buurt whose first value lies within the focus range."""
    first = panel.value[:, 0]
    inside = (first >= first[panel.is_focus].min()) & (first <= first[panel.is_focus].max())
    return np.asarray(inside | panel.is_focus)


def _placebo(study: Study, followed: Followed, number: str) -> models.Placebo:
    """Replay the change with a constant truth; reselect when the focus list was chosen on this indicator."""
    panel = followed.panel
    assert panel is not None
    rule = study.focus.name.split(":")[0] if "selected_on_outcome" in flags_of(study, followed) else None
    step = study.known.indicator(followed.indicator).rounding
    rng = study.rng(f"placebo {followed.indicator} {number.split('.', maxsplit=1)[0]}")
    return models.placebo(panel.value, panel.weight, panel.is_focus, step, rng, reselect=rule, draws=study.p.draws)


def placebo_finding(study: Study, followed: Followed, number: str) -> Finding:
    """Set the measured change beside what noise alone would make of it (regression to the mean)."""
    panel = followed.panel
    if panel is None:
        base = shared_fields(study, followed, "placebo", ABSOLUTE, study.focus)
        return absent(followed, number, base, followed.reason)
    null = _placebo(study, followed, number)
    states = two_states(panel, 0, -1)
    observed = models.gap(states.after - states.before, states.weight, states.is_focus, ABSOLUTE) * followed.orientation
    low, high = sorted((followed.orientation * null.low, followed.orientation * null.high))
    base = shared_fields(study, followed, "placebo", "inside" if low <= observed <= high else "outside", study.focus)
    base["unit"] = unit_of(study, followed.indicator, ABSOLUTE)
    a, b = sides(followed.orientation, states, ABSOLUTE, (panel.years[0], panel.years[-1]), len(panel.missing))
    details = {
        "observed": {"value": observed, "unit": base["unit"]},
        "noise": {"value": null.noise, "unit": base["unit"], "decimals": 1},
    }
    return Finding(
        id=number, estimate=followed.orientation * null.mean, low=low, high=high, a=a, b=b,
        range_kind=("placebo",), details=details, **base,
    )  # fmt: skip


def break_finding(study: Study, followed: Followed, number: str) -> Finding | None:
    """Say which later (or earlier) years cannot be compared with the run, with both gaps and no direction."""
    if not followed.breaks or followed.panel is None:
        return None
    before, after, names = followed.breaks[-1]
    try:
        panel = balance(study.data, study.known, followed.indicator, [before, after], study.focus)
    except NotComputableError:
        return None
    states = two_states(panel, 0, 1)
    both = Followed(**{**vars(followed), "panel": panel})
    a, b = sides(followed.orientation, states, ABSOLUTE, (before, after), len(panel.missing))
    estimate = (b.estimate or 0.0) - (a.estimate or 0.0)
    base = shared_fields(study, both, "gap_change", ABSOLUTE, study.focus)
    return Finding(id=number, estimate=estimate, a=a, b=b, comparability="broken", breaks=names, **base)


def gap_table(study: Study, followed: Followed) -> pd.DataFrame:
    """Give the picture's table: year, focus, rest, gap with its rounding range, relative gap, link to the year before.

    Years outside the comparable run are given too, each with its own balanced buurten, linked as broken.
    """
    rows: list[dict[str, Any]] = []
    panel = followed.panel
    if panel is None:
        return pd.DataFrame(
            columns=["year", "focus", "rest", "gap", "gap_low", "gap_high", "relative", "link", "buurten"]
        )
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
            focus, rest = models.weighted_means(value, block.weight, block.is_focus)
            bounds = models.gap_bounds(low, high, block.weight, block.is_focus, ABSOLUTE)
            ordered = sorted(followed.orientation * bound for bound in bounds)
            rows.append(
                {
                    "year": year,
                    "focus": float(focus),
                    "rest": float(rest),
                    "gap": followed.orientation * float(focus - rest),
                    "gap_low": ordered[0],
                    "gap_high": ordered[1],
                    "relative": followed.orientation * 100 * float(focus / rest - 1),
                    "link": "broken" if year == years[0] and block is not panel else "comparable",
                    "buurten": len(block.codes),
                }
            )
    table = pd.DataFrame(rows).sort_values("year", ignore_index=True)
    follows_break = {after for _, after, _ in followed.breaks}
    table.loc[table["year"].isin(follows_break), "link"] = "broken"
    return table
