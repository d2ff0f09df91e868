"""Before or since an event: what the gap did before it, what beyond that trend, and how much was there by then."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kloof.country.events import BENT, EVERYWHERE, UNTESTED, Events, around_event
from kloof.errors import NotComputableError, ParameterError
from kloof.findings import UNCLEAR, Finding, Side, in_unit
from kloof.methods import gap
from kloof.methods.gap import ABSOLUTE, RELATIVE, STALE
from kloof.questions import gap_changes
from kloof.questions.gap_changes import Change, Followed
from kloof.results import Section
from kloof.store.shared import common
from kloof.study import claims
from kloof.study.dataset import STORE
from kloof.study.panel import Focus
from kloof.study.step import step
from kloof.study.study import Study

_FLAGS = {UNTESTED: "line_not_tested", BENT: "line_does_not_hold", EVERYWHERE: "moves_everywhere"}


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
        base = gap_changes.shared_fields(study, followed, kind, measure, focus)
        return gap_changes.absent(followed, number, base, followed.reason or "too_few_years_before")
    last = last_before(flags)
    years = followed.years[0], followed.years[last]
    change = Change(number, kind, measure, gap.two_years(len(flags), 0, last), years, chance=chance)
    return gap_changes.computed(study, followed, change, focus)[0]


def since_event(
    study: Study, followed: Followed, measure: str, number: str, focus: Focus | None = None, *, chance: bool = True
) -> Finding:
    """Judge the change of the gap from the last year before the event to the last one; without `chance` as counted.

    Not computable where that last year lies more than two years before the event.
    """
    flags, focus, kind = is_before(study, followed), focus or study.focus, "gap_change_since"
    if followed.panel is None or all(flags) or not any(flags):
        base = gap_changes.shared_fields(study, followed, kind, measure, focus)
        absent = "no_year_since" if flags and all(flags) else "too_few_years_before"
        return gap_changes.absent(followed, number, base, followed.reason or absent)
    last = last_before(flags)
    if study.p.event_time - followed.times[last] > STALE:
        base = gap_changes.shared_fields(study, followed, kind, measure, focus)
        return gap_changes.absent(followed, number, base, "no_year_just_before")
    years = followed.years[last], followed.years[-1]
    change = Change(number, kind, measure, gap.two_years(len(flags), last, len(flags) - 1), years, chance=chance)
    return gap_changes.computed(study, followed, change, focus)[0]


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
        times = gap_changes.paths_of(followed).times
        comparison = gap.beyond_line(times, flags)
    except NotComputableError as problem:
        base = gap_changes.shared_fields(study, followed, kind, measure, focus)
        return gap_changes.absent(followed, number, base, problem.reason)
    since = [year for year, before in zip(followed.years, flags, strict=True) if not before]
    change = Change(
        number, kind, measure, comparison, (since[0], since[-1]), false_events=gap.false_events(times, flags)
    )
    finding, interval = gap_changes.computed(study, followed, change, focus)
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
    base = gap_changes.shared_fields(study, followed, "share_accrued", ABSOLUTE, study.focus)
    base |= {"unit": "percent", "decimals": 0, "smallest_effect": None}
    panel = followed.panel
    if panel is None or sum(flags) < 2 or all(flags):
        absent = "no_year_since" if all(flags) else "too_few_years_before"
        return gap_changes.absent(followed, number, base, followed.reason or absent)
    last = last_before(flags)
    early, whole = panel.value[:, last] - panel.value[:, 0], panel.value[:, -1] - panel.value[:, 0]
    try:
        share, low, high = gap.share_accrued(early, whole, panel.weight, panel.is_focus)
    except NotComputableError as problem:
        return gap_changes.absent(followed, number, base, problem.reason)
    a = Side(panel.years[0], "gap", n_units=len(panel.codes))
    b = Side(panel.years[-1], "gap", n_units=len(panel.codes))
    times = followed.times
    steady = 100 * (times[last] - times[0]) / (times[-1] - times[0])
    details = in_unit("year", by_year=panel.years[last]) | in_unit("percent", 0, steady=steady)
    details |= in_unit("points", 0, ahead=share - steady)
    base["measure"] = "earlier" if low > steady else "later" if high < steady else "as_steady"
    return Finding(
        id=number, estimate=share, low=low, high=high, a=a, b=b, range_kind=("process",), details=details, **base
    )


def event_table(study: Study, followed: Followed) -> pd.DataFrame:
    """Give the picture's table: year, gap with its rounding range, the trend before drawn on, and the period."""
    flags = is_before(study, followed)
    panel = followed.panel
    columns = ["year", "gap", "low", "high", "trend", "period"]
    if panel is None:
        return pd.DataFrame(columns=columns)
    table = gap_changes.picture_table(study, followed)
    table = table[table["year"].isin(panel.years)]
    trend = np.full(len(panel.years), np.nan)
    if sum(flags) >= 2:
        drawn = gap.trend_of_gap(gap_changes.paths_of(followed), flags)
        trend = followed.orientation * drawn
    periods = ["before" if before else "since" for before in flags]
    return table.rename(columns={"gap_low": "low", "gap_high": "high"}).assign(trend=trend, period=periods)[columns]


@step
def in_all_municipalities(section: Section, study: Study) -> list[Finding]:
    """Record what the gaps of C2 did since the event in all municipalities of the store; where it can't tell, nothing.

    It is about every municipality, so it is computed once for a whole batch.
    """
    names = claims.registry().claims["C2"]["indicators"] if study.data.name == STORE else ()
    made = [_remembered(name, study.p.event_time) for name in names]
    found = [_of_all(study, one) for one in made if one is not None]
    section.add(*found)
    return found


def _remembered(name: str, event: float) -> Events | None:
    return common("around_event", lambda: (name, event, claims.registry().sha256), lambda: _since(name, event))


def _since(name: str, event: float) -> Events | None:
    """Ask the store of one figure; None where it has too few years or municipalities, or nothing to weigh by."""
    try:
        return around_event(name, event, scale=RELATIVE)
    except (NotComputableError, ParameterError):
        return None


def _of_all(study: Study, made: Events) -> Finding:
    """Make the finding of what all municipalities say.

    Where a placebo did as much there is no range, so that no direction is read from it; the flag says which.
    """
    name = made.question.indicator
    flags = ["all_municipalities", *(["modelled"] if study.known.indicator(name).modelled else [])]
    flags += [_FLAGS[made.reason]] if made.reason in _FLAGS else []
    ends = (None, None) if made.judgement == UNCLEAR and made.reason in _FLAGS else made.departure[1:]
    since = [int(year) for year in made.yearly.loc[made.yearly["period"] == "since", "year"]]
    details = in_unit("number", 0, municipalities=made.municipalities, false_events=len(made.in_time))
    details |= in_unit(made.unit, 1, elsewhere=made.elsewhere[0], spread=made.spread[0])
    return Finding(
        id=f"05.{name}.{RELATIVE}.everywhere", kind="beyond_everywhere", measure=RELATIVE, unit=made.unit,
        indicator=name, decimals=1, estimate=made.departure[0], low=ends[0], high=ends[1],
        range_kind=("process",) if ends[0] is not None else (), smallest_effect=made.smallest_effect,
        a=Side(int(made.yearly["year"].iloc[0]), n_units=made.municipalities),
        b=Side(since[-1], n_units=made.municipalities), flags=tuple(flags), details=details,
    )  # fmt: skip
