"""Before or since an event: what the gap did before it, what beyond that trend, and how much was there by then."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import Finding, Side
from kloof.methods import gap
from kloof.methods.gap import ABSOLUTE, STALE
from kloof.questions import gaps
from kloof.questions.gaps import Change, Followed
from kloof.study.panel import Focus
from kloof.study.study import Study


def is_before(study: Study, followed: Followed) -> list[bool]:
    """Tell for each comparable year whether its figure was true before the event.

    A dwelling value of 2021 is the value on 1 January 2020: before March 2020, whatever the table's year says.
    """
    return [time < study.p.event_time for time in followed.times]


def before_event(
    study: Study, followed: Followed, measure: str, number: str, focus: Focus | None = None, *, chance: bool = True
) -> Finding:
    """Judge the change of the gap from the first year to the last one before the event; without `chance` as counted."""
    flags, focus, kind = is_before(study, followed), focus or study.focus, "gap_change_before"
    if followed.panel is None or sum(flags) < 2:
        base = gaps.shared_fields(study, followed, kind, measure, focus)
        return gaps.absent(followed, number, base, followed.reason or "too_few_years_before")
    last = last_before(flags)
    years = followed.years[0], followed.years[last]
    change = Change(number, kind, measure, gap.two_years(len(flags), 0, last), years, chance=chance)
    return gaps.computed(study, followed, change, focus)[0]


def since_event(
    study: Study, followed: Followed, measure: str, number: str, focus: Focus | None = None, *, chance: bool = True
) -> Finding:
    """Judge the change of the gap from the last year before the event to the last one; without `chance` as counted.

    Not computable where that last year lies more than two years before the event.
    """
    flags, focus, kind = is_before(study, followed), focus or study.focus, "gap_change_since"
    if followed.panel is None or all(flags) or not any(flags):
        base = gaps.shared_fields(study, followed, kind, measure, focus)
        absent = "no_year_since" if flags and all(flags) else "too_few_years_before"
        return gaps.absent(followed, number, base, followed.reason or absent)
    last = last_before(flags)
    if study.p.event_time - followed.times[last] > STALE:
        base = gaps.shared_fields(study, followed, kind, measure, focus)
        return gaps.absent(followed, number, base, "no_year_just_before")
    years = followed.years[last], followed.years[-1]
    change = Change(number, kind, measure, gap.two_years(len(flags), last, len(flags) - 1), years, chance=chance)
    return gaps.computed(study, followed, change, focus)[0]


def last_before(flags: Sequence[bool]) -> int:
    """Place of the last year before the event."""
    return max(place for place, before in enumerate(flags) if before)


def beyond_trend(study: Study, followed: Followed, measure: str, number: str, focus: Focus | None = None) -> Finding:
    """Judge the gap since the event against each buurt's own trend before it, drawn on.

    Side a is the gap on the drawn-on trend, side b the gap that was measured, both averaged over the years since. That
    trends are straight is tested: earlier years are taken as the event, and only a departure larger than all of theirs
    is judged (`gap.false_events`).
    """
    flags, focus, kind = is_before(study, followed), focus or study.focus, "beyond_trend"
    try:
        times = gaps.paths_of(followed).times
        comparison = gap.beyond_line(times, flags)
    except NotComputableError as problem:
        base = gaps.shared_fields(study, followed, kind, measure, focus)
        return gaps.absent(followed, number, base, problem.reason)
    since = [year for year, before in zip(followed.years, flags, strict=True) if not before]
    change = Change(
        number, kind, measure, comparison, (since[0], since[-1]), false_events=gap.false_events(times, flags)
    )
    finding, interval = gaps.computed(study, followed, change, focus)
    finding = replace(finding, rounding_low=None, rounding_high=None)  # a drawn-on line is not a thing that happened
    if interval is not None and sum(flags) == 2:
        finding = replace(finding, flags=(*finding.flags, "trend_from_two_years"))
    return finding


def share_by_event(study: Study, followed: Followed, number: str) -> Finding:
    """Give the percentage of the gap's change that was there by the last year before the event, beside its yardstick.

    Of growth at one pace the part is there that has passed of the time between the first and the last figure
    (`steady`): a share is large only when it is more than that. `measure` says so: "earlier" or "later" when the whole
    range lies beyond the yardstick, "as_steady" when it holds it.
    """
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
    last = last_before(flags)
    early, whole = panel.value[:, last] - panel.value[:, 0], panel.value[:, -1] - panel.value[:, 0]
    try:
        share, low, high = gap.share_accrued(early, whole, panel.weight, panel.is_focus)
    except NotComputableError as problem:
        return gaps.absent(followed, number, base, problem.reason)
    a = Side(panel.years[0], "gap", n_units=len(panel.codes))
    b = Side(panel.years[-1], "gap", n_units=len(panel.codes))
    times = followed.times
    steady = 100 * (times[last] - times[0]) / (times[-1] - times[0])
    details = {
        "by_year": {"value": panel.years[last], "unit": "year"},
        "steady": {"value": steady, "unit": "percent", "decimals": 0},
        "ahead": {"value": share - steady, "unit": "points", "decimals": 0},
    }
    base["measure"] = "earlier" if low > steady else "later" if high < steady else "as_steady"
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
    table = gaps.picture_table(study, followed)
    table = table[table["year"].isin(panel.years)]
    trend = np.full(len(panel.years), np.nan)
    if sum(flags) >= 2:
        drawn = gap.trend_of_gap(gaps.paths_of(followed), flags)
        trend = followed.orientation * drawn
    periods = ["before" if before else "since" for before in flags]
    return table.rename(columns={"gap_low": "low", "gap_high": "high"}).assign(trend=trend, period=periods)[columns]
