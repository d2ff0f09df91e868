"""Before or since an event: what the gap did before it, what beyond that trend, and how much was there by then."""

import numpy as np
import pandas as pd

from kloof import gaps, models
from kloof.errors import NotComputableError
from kloof.findings import Finding, Side
from kloof.gaps import Followed
from kloof.models import ABSOLUTE
from kloof.panel import Focus
from kloof.study import Study


def is_before(study: Study, followed: Followed) -> list[bool]:
    """Tell for each comparable year whether its figure was true before the event.

    A dwelling value of 2021 is the value on 1 January 2020: before March 2020, whatever the table's year says.
    """
    return [time < study.p.event_time for time in followed.times]


def before_event(study: Study, followed: Followed, measure: str, number: str, focus: Focus | None = None) -> Finding:
    """Judge the change of the gap from the first year to the last one before the event."""
    flags = is_before(study, followed)
    base = gaps.shared_fields(study, followed, "gap_change_before", measure, focus or study.focus)
    panel = followed.panel
    if panel is None or sum(flags) < 2:
        return gaps.absent(followed, number, base, followed.reason or "too_few_years_before")
    last = max(place for place, before in enumerate(flags) if before)
    states = gaps.two_states(panel, 0, last)
    try:
        interval = models.change_of_gap(states, measure, study.rng(number), study.p.draws)
    except NotComputableError as problem:
        return gaps.absent(followed, number, base, problem.reason)
    ends = sorted(followed.orientation * bound for bound in (interval.low, interval.high))
    a, b = gaps.sides(followed.orientation, states, measure, (panel.years[0], panel.years[last]), len(panel.missing))
    if min(a.estimate or 0, b.estimate or 0) < 0:
        base["measure"] = f"{measure}_reversed"
    return Finding(
        id=number, estimate=followed.orientation * interval.estimate, low=ends[0], high=ends[1], a=a, b=b,
        range_kind=("process", "rounding"), **base,
    )  # fmt: skip


def beyond_trend(study: Study, followed: Followed, measure: str, number: str, focus: Focus | None = None) -> Finding:
    """Judge the gap since the event against each buurt's own trend before it, drawn on.

    Side a is the gap on the drawn-on trend, side b the gap that was measured, both averaged over the years since.
    """
    flags = is_before(study, followed)
    base = gaps.shared_fields(study, followed, "beyond_trend", measure, focus or study.focus)
    panel = followed.panel
    if panel is None:
        return gaps.absent(followed, number, base, followed.reason or "no_figures")
    half = (panel.high - panel.low) / 2
    try:
        states = models.beyond_trend_states(panel.value, half, followed.times, flags, panel.weight, panel.is_focus)
        interval = models.change_of_gap(states, measure, study.rng(number), study.p.draws)
    except NotComputableError as problem:
        return gaps.absent(followed, number, base, problem.reason)
    if sum(flags) == 2:
        base["flags"] = (*base["flags"], "trend_from_two_years")
    since = [year for year, before in zip(panel.years, flags, strict=True) if not before]
    ends = sorted(followed.orientation * bound for bound in (interval.low, interval.high))
    a, b = gaps.sides(followed.orientation, states, measure, (since[0], since[-1]), len(panel.missing))
    if min(a.estimate or 0, b.estimate or 0) < 0:
        base["measure"] = f"{measure}_reversed"
    return Finding(
        id=number, estimate=followed.orientation * interval.estimate, low=ends[0], high=ends[1], a=a, b=b,
        range_kind=("process", "rounding"), **base,
    )  # fmt: skip


def share_by_event(study: Study, followed: Followed, number: str) -> Finding:
    """Give the percentage of the gap's change that was there by the last year before the event."""
    flags = is_before(study, followed)
    base = gaps.shared_fields(study, followed, "share_accrued", ABSOLUTE, study.focus)
    base |= {"unit": "percent", "decimals": 0, "smallest_effect": None}
    panel = followed.panel
    if panel is None or sum(flags) < 2 or all(flags):
        return gaps.absent(
            followed,
            number,
            base,
            followed.reason or ("no_year_since" if all(flags) else "too_few_years_before"),
        )
    last = max(place for place, before in enumerate(flags) if before)
    columns = panel.value[:, 0], panel.value[:, last], panel.value[:, -1]
    try:
        share, low, high = models.share_accrued(
            *columns, panel.weight, panel.is_focus, study.rng(number), study.p.draws
        )
    except NotComputableError as problem:
        return gaps.absent(followed, number, base, problem.reason)
    a = Side(panel.years[0], "gap", n_units=len(panel.codes))
    b = Side(panel.years[-1], "gap", n_units=len(panel.codes))
    details = {"by_year": {"value": panel.years[last], "unit": "year"}}
    return Finding(
        id=number,
        estimate=share,
        low=low,
        high=high,
        a=a,
        b=b,
        range_kind=("process",),
        details=details,
        **base,
    )


def event_table(study: Study, followed: Followed) -> pd.DataFrame:
    """Give the picture's table: year, gap with its rounding range, the trend before drawn on, and the period."""
    flags = is_before(study, followed)
    panel = followed.panel
    columns = ["year", "gap", "low", "high", "trend", "period"]
    if panel is None:
        return pd.DataFrame(columns=columns)
    table = gaps.gap_table(study, followed)
    table = table[table["year"].isin(panel.years)]
    trend = np.full(len(panel.years), np.nan)
    if sum(flags) >= 2:
        drawn = models.trend_of_gap(panel.value, followed.times, flags, panel.weight, panel.is_focus)
        trend = followed.orientation * drawn
    periods = ["before" if before else "since" for before in flags]
    return table.rename(columns={"gap_low": "low", "gap_high": "high"}).assign(trend=trend, period=periods)[columns]
