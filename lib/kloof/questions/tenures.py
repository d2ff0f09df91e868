"""Whether the mix of dwellings in the focus buurten moves towards that of the city, and fast enough (C6, H6).

Both questions are about a number beside a registered limit, so the finding's estimate is the number minus the limit:
LOWER means that it stays under it. The number, its range and the limit are in the details.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPUTABLE, Finding, Side, in_unit, judge
from kloof.measures.bounds import mean_range
from kloof.methods.arrays import Array
from kloof.methods.gap import ABSOLUTE
from kloof.methods.pace import ALREADY_THERE, Pace, Tenure, city_share, focus_share, pace
from kloof.questions import dilution, gap_changes, levels, stacking
from kloof.questions.gap_changes import Followed
from kloof.questions.runner import ALL_ALIKE, Part, Ways, computed_first, kind, of_lists, record
from kloof.results import Section
from kloof.schema import SetAside
from kloof.study import claims
from kloof.study.panel import Focus, sizes
from kloof.study.step import step
from kloof.study.study import Study

CLOSE_ENOUGH = 0.5  # points from the city's share at which there is nothing left to reach


@dataclass(frozen=True)
class Mix:
    """One kind of tenure followed in the buurten that have it and a number of dwellings in every comparable year."""

    followed: Followed
    tenure: Tenure | None
    codes: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    reason: str | None = None


def mix_of(study: Study, name: str, focus: Focus | None = None) -> Mix:
    """Lay one tenure share out over its comparable years, each year weighed by that year's dwellings.

    Without a panel, or when the dwellings of a whole year are missing, `reason` says why there is none.
    """
    followed = gap_changes.follow(study, name, focus)
    panel = followed.panel
    if panel is None:
        return Mix(followed, None, (), (), followed.reason)
    counted = [sizes(study.data, study.known, study.known.indicator(name).weighed_by, year) for year in panel.years]
    held: Array = np.column_stack([size.value.reindex(list(panel.codes)).to_numpy(float) for size in counted])
    known: NDArray[np.bool_] = np.asarray(np.isfinite(held).all(axis=1))
    is_focus = panel.is_focus[known]
    if not is_focus.any() or is_focus.all():
        return Mix(followed, None, (), panel.set_aside, "no_weights")
    dropped = SetAside(f"dwellings {name} {panel.years[0]}-{panel.years[-1]}", int((~known).sum()), "size_not_known")
    ends = {"share": panel.value[known], "low": panel.low[known], "high": panel.high[known]}
    tenure = Tenure(**ends, dwellings=held[known], years=np.array(panel.years), is_focus=is_focus)
    codes = tuple(code for code, kept in zip(panel.codes, known, strict=True) if kept)
    return Mix(followed, tenure, codes, (*panel.set_aside, dropped))


def _base(study: Study, mix: Mix, kind: str, measure: str, focus: Focus) -> dict[str, Any]:
    """Fields that every finding about tenure shares; a difference of shares is in points."""
    base = gap_changes.shared_fields(study, mix.followed, kind, ABSOLUTE, focus)
    flags = ("arithmetic_not_forecast",) if kind == "pace" else ()
    return base | {"measure": measure, "decimals": 2, "smallest_effect": None, "flags": (*base["flags"], *flags)}


def _sides(mix: Mix, tenure: Tenure) -> tuple[Side, Side]:
    """Give the share of the focus buurten as one whole in the first and in the last year, with rounding."""
    inside, path = tenure.is_focus, focus_share(tenure)
    n, missing = len(mix.codes), len(mix.followed.panel.missing) if mix.followed.panel else 0
    made = []
    for place in (0, -1):
        held = tenure.dwellings[inside, place]
        low, high = mean_range(tenure.low[inside, place], tenure.high[inside, place], held, held)
        made.append(Side(int(tenure.years[place]), "focus", float(path[place]), low, high, n, missing, held.sum()))
    return made[0], made[1]


def _ends(tenure: Tenure) -> dict[str, Any]:
    """Give the share of the focus buurten as one whole in the first and in the last year, percent."""
    path = focus_share(tenure)
    return in_unit("percent", 1, share_before=float(path[0]), share_after=float(path[-1]))


def pace_finding(study: Study, name: str, number: str, focus: Focus | None = None) -> Finding:
    """Judge the realised pace towards the city's mix against the registered part of the pace that is needed (C6).

    `estimate` is realised minus that part of needed, in points per year, both counted towards the city: below 0 the
    mix moves slower. The range holds the process interval of the pace and what rounding leaves open of the pace and of
    the distance still to go. Not computable: no panel, too few buurten, or already at the city's share.
    """
    focus, registered = focus or study.focus, claims.registry().claims["C6"]
    mix = mix_of(study, name, focus)
    base = _base(study, mix, "pace", "tempo", focus)
    if mix.tenure is None:
        return gap_changes.absent(mix.followed, number, base, mix.reason)
    target_year = int(mix.tenure.years[-1]) + int(registered["within_years"])
    try:
        found = pace(mix.tenure, target_year, close_enough=CLOSE_ENOUGH)
    except NotComputableError as problem:
        return gap_changes.absent(mix.followed, number, base, problem.reason)
    if found.reason == ALREADY_THERE:
        return gap_changes.absent(mix.followed, number, base, found.reason)
    way = 1.0 if found.needed > 0 else -1.0
    part = float(registered["part_of_needed"])
    needed = _needed_range(mix.tenure, target_year, way)
    realised = way * found.found.estimate, *sorted((way * found.low, way * found.high))
    exact = sorted(way * end for end in found.rounding)
    a, b = _sides(mix, mix.tenure)
    return Finding(
        id=number, estimate=realised[0] - part * abs(found.needed), low=realised[1] - part * needed[1],
        high=realised[2] - part * needed[0], rounding_low=exact[0] - part * needed[1],
        rounding_high=exact[1] - part * needed[0], a=a, b=b, range_kind=("process", "rounding"),
        details=_ends(mix.tenure) | _pace_details(found, realised, part),
        **(base if found.arrival else {**base, "measure": "tempo_away"}),
    )  # fmt: skip


def _pace_details(found: Pace, realised: tuple[float, ...], part: float) -> dict[str, Any]:
    """Give the numbers behind the pace; the arrival only where there is one."""
    ends = dict(zip(("realised", "realised_low", "realised_high"), realised, strict=True))
    ratio = None if found.ratio is None else 100 * found.ratio
    details = in_unit("points", 2, **ends, needed=abs(found.needed)) | in_unit("percent", 1, target=found.target)
    details |= in_unit("percent", 0, ratio=ratio, part=100 * part) | in_unit("number", degrees=found.found.df)
    years = {"target_year": found.target_year} | ({"arrival": int(found.arrival)} if found.arrival else {})
    return details | in_unit("year", **years)


def _needed_range(tenure: Tenure, target_year: int, way: float) -> tuple[float, float]:
    """Give the range of the needed pace when rounding is undone in whatever way; never below 0."""
    held, low, high = tenure.dwellings[:, -1], tenure.low[:, -1], tenure.high[:, -1]
    inside = tenure.is_focus
    city = mean_range(low, high, held, held)
    focus = mean_range(low[inside], high[inside], held[inside], held[inside])
    years = target_year - int(tenure.years[-1])
    ends = sorted(way * distance / years for distance in (city[0] - focus[1], city[1] - focus[0]))
    return max(ends[0], 0.0), max(ends[1], 0.0)


def stock_finding(study: Study, name: str, number: str, focus: Focus | None = None) -> Finding:
    """Judge how far the share of the focus buurten moved towards the city's against the smallest change that matters.

    `estimate` is the move minus that smallest change, in points: below 0 the stock barely moved (H6). Not computable as
    `pace_finding`, with the city's share of the first year as the goal.
    """
    focus = focus or study.focus
    mix = mix_of(study, name, focus)
    base = _base(study, mix, "stock", "moved", focus) | {"decimals": 1}
    if mix.tenure is None:
        return gap_changes.absent(mix.followed, number, base, mix.reason)
    tenure, limit = mix.tenure, study.smallest_effect(name)
    distance = float(city_share(tenure)[0] - focus_share(tenure)[0])
    if abs(distance) <= CLOSE_ENOUGH:
        return gap_changes.absent(mix.followed, number, base, ALREADY_THERE)
    ends = replace(
        tenure,
        **{key: getattr(tenure, key)[:, [0, -1]] for key in ("share", "low", "high", "dwellings")},
        years=tenure.years[[0, -1]],
    )
    span = int(tenure.years[-1] - tenure.years[0])
    try:
        found = pace(ends, int(tenure.years[-1]) + 1, close_enough=CLOSE_ENOUGH)
    except NotComputableError as problem:
        return gap_changes.absent(mix.followed, number, base, problem.reason)
    way = 1.0 if distance > 0 else -1.0
    moved = way * span * found.found.estimate, *sorted((way * span * found.low, way * span * found.high))
    exact = sorted(way * span * end for end in found.rounding)
    a, b = _sides(mix, tenure)
    ends_moved = dict(zip(("moved", "moved_low", "moved_high"), moved, strict=True))
    details = _ends(tenure) | in_unit("points", 1, **ends_moved, moved_size=abs(moved[0]), limit=limit)
    details |= in_unit("percent", 1, city=float(city_share(tenure)[0])) | in_unit("number", degrees=found.found.df)
    return Finding(
        id=number, estimate=moved[0] - limit, low=moved[1] - limit, high=moved[2] - limit,
        rounding_low=exact[0] - limit, rounding_high=exact[1] - limit, a=a, b=b,
        range_kind=("process", "rounding"), details=details,
        **(base if moved[0] >= 0 else {**base, "measure": "moved_away"}),
    )  # fmt: skip


def share_table(mix: Mix) -> pd.DataFrame:
    """Give the share of focus and rest in each year, each as one whole: year, group, value, low, high."""
    rows = []
    tenure = mix.tenure
    for place, year in enumerate(tenure.years if tenure is not None else ()):
        assert tenure is not None
        for group, inside in (("focus", tenure.is_focus), ("rest", ~tenure.is_focus)):
            held = tenure.dwellings[inside, place]
            value = float(np.average(tenure.share[inside, place], weights=held))
            low, high = mean_range(tenure.low[inside, place], tenure.high[inside, place], held, held)
            rows.append((int(year), group, value, low, high))
    return pd.DataFrame(rows, columns=["year", "group", "value", "low", "high"])


def city_table(study: Study, names: tuple[str, ...]) -> pd.DataFrame:
    """Give what is published of each tenure for the municipality as a whole: indicator, year, share, source."""
    rows = study.data.observations
    here = rows[(rows["code"] == study.p.municipality) & rows["indicator"].isin(names) & (rows["status"] == "measured")]
    here = here.assign(share=here["value"]).sort_values(["indicator", "year"], ignore_index=True)
    return here[["indicator", "year", "share", "source"]]


def _registered(claim: str, key: str) -> list[str]:
    """Give what a claim registers under a key: its indicators or its groups."""
    return [str(name) for name in claims.registry().claims[claim][key]]


_MADE: dict[str, Callable[[Study, str, str, Focus], Finding]] = {
    "pace": pace_finding, "stock": stock_finding, "dilution": dilution.dilution_finding,
}  # fmt: skip
_OF_ALL: dict[str, Callable[[Study, str, str], Finding]] = {
    "spread_over": dilution.spread_finding, "slope_change": stacking.slope_finding,
}  # fmt: skip


@of_lists(*_MADE)
def of_a_list(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute what becomes of the dwellings, or of a group, in the listed buurten."""
    return _MADE[part.kind](study, part.name, number, focus)


@kind(*_OF_ALL)
def of_all(study: Study, part: Part) -> Ways:
    """Compute what is about all buurten of the municipality."""
    return {ALL_ALIKE: _OF_ALL[part.kind](study, part.name, part.number)}


@step
def mixing(section: Section, study: Study) -> list[Finding]:
    """Record the pace at which the focus buurten move towards the city's mix (C6) and how far they moved (H6)."""
    found = record(section, study, "C6", "H6")
    for finding in (finding for finding in found if finding.kind == "pace"):
        name = str(finding.indicator)
        mix = mix_of(study, name)
        section.leave_out(mix.set_aside)
        table = share_table(mix)
        if len(table) < 4:
            continue
        section.table(f"08.{name}", "year group value,low,high:percent:1", table)
        sources = list(finding.sources)
        section.figure(f"08.{name}", "slope", f"08.{name}", finding.id, unit="percent", indicator=name, sources=sources)
    return found


@step
def tenure_now(section: Section, study: Study) -> pd.DataFrame:
    """Record who owns the dwellings: the last year by buurt, and all that is published of the whole municipality."""
    names = tuple(_registered("C6", "indicators"))
    found = [levels.level_finding(study, name, f"08.level.{name}") for name in names]
    made = [finding for finding in found if judge(finding) != NOT_COMPUTABLE]
    section.add(*made)
    for finding in made[:1]:
        name, year = str(finding.indicator), int(finding.a.year or 0)
        ranked = levels.ranked_table(study, name, year)
        section.table("08.ranked", "area group value,low,high,difference:percent:0", ranked)
        section.figure(
            "08.ranked", "ranked_dots", "08.ranked", finding.id, unit="percent", indicator=name, year=year,
            sources=list(finding.sources), city_mean=levels.city_mean(study, name, year),
        )  # fmt: skip
    table = city_table(study, names)
    if not table.empty:
        section.table("08.city", "indicator year share:percent:0 source", table)
    return table


@step
def fewer_or_others(section: Section, study: Study) -> list[Finding]:
    """Record whether the share of each group moved by the group itself or by others coming (C9), and where it went."""
    names = _registered("C9", "groups")
    parts = record(section, study, "C9")
    where = [dilution.where_finding(study, name, f"08.where.{name}") for name in names]
    section.add(*[finding for finding in where if judge(finding) != NOT_COMPUTABLE])
    splits = []
    by_number = {finding.id: finding for finding in parts}
    for name in names:
        try:
            held = dilution.members(study, name)
        except NotComputableError:
            continue
        section.leave_out(held.set_aside)
        splits.append(dilution.split_table(name, held))
        unit = str(study.known.indicator(study.known.group(name).base).unit)
        columns = f"area group number_before,number_after,number_change:{unit}:0"
        section.table(f"08.where.{name}", columns, dilution.where_table(study, held))
        finding = by_number[f"08.dilution.{name}"]
        if judge(finding) != NOT_COMPUTABLE:
            _waterfall(section, name, finding)
    if splits:
        columns = "group_name index index_before,index_after,composition,spread_of_group,spread_of_others:index"
        table = pd.concat(splits, ignore_index=True)
        table = table.rename(columns={"before": "index_before", "after": "index_after"})
        section.table("08.index_split", f"{columns} buurten:number", table)
    return parts


def _waterfall(section: Section, name: str, finding: Finding) -> None:
    """Record the split of one group as a picture: one per notebook, that of the first group that has one."""
    if any(entry["kind"] == "share_parts" for entry in section.figures.values()):
        return
    section.table(f"08.parts.{name}", "part=code start,end,value:percent:1", dilution.parts_table(finding))
    section.figure(
        f"08.parts.{name}", "share_parts", f"08.parts.{name}", finding.id, unit="percent",
        indicator=finding.indicator, sources=list(finding.sources),
    )  # fmt: skip


@step
def fewer_buurten(section: Section, study: Study) -> list[Finding]:
    """Record over how many buurten each group is spread, and whether that became fewer (H4)."""
    return record(section, study, "H4")


@step
def piling_up(section: Section, study: Study) -> list[Finding]:
    """Record whether the link with corporation housing grew (C11), and what is possible within it (H10, H9)."""
    names, bounded = _registered("C11", "indicators"), _registered("H10", "indicators")
    now = [stacking.slope_now(study, name, f"08.link.{name}") for name in names]
    slopes = record(section, study, "C11")
    within, changes = [], []
    for name in bounded:
        level, change = stacking.within_findings(study, name, (f"08.within.{name}", f"08.within_change.{name}"))
        within.append(level)
        changes.append(change)
    inflow = stacking.inflow_finding(study, "08.inflow")
    section.add(*computed_first([*[one for one in (*now, *within) if judge(one) != NOT_COMPUTABLE], *changes, inflow]))
    section.decide(claims.alone("H9", "all", inflow))
    _tables(section, study, names, bounded)
    return [*slopes, *changes]


def _tables(section: Section, study: Study, names: Sequence[str], bounded: Sequence[str]) -> None:
    """Record the slopes and the bounds of every year; a share that cannot be had leaves no rows."""
    slopes, bounds = list[pd.DataFrame](), list[pd.DataFrame]()
    asked = [(slopes, stacking.slope_table, name) for name in names]
    asked += [(bounds, stacking.bounds_table, name) for name in bounded]
    for rows, make, name in asked:
        try:
            rows.append(make(study, name))
        except NotComputableError:
            continue
    if slopes:
        columns = "indicator year estimate,low,high:points:2 buurten:number"
        section.table("08.slopes", columns, pd.concat(slopes, ignore_index=True))
    if bounds:
        columns = "indicator year within_low,within_high,elsewhere_low,elsewhere_high:percent:1"
        section.table("08.bounds", columns, pd.concat(bounds, ignore_index=True))
