"""Steps of notebook 08: mixing, dilution, concentration, piling up; each is recorded and given back to look at."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from kloof import claims, dilution, levels, stacking, tenures
from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPUTABLE, Finding, Verdict, judge
from kloof.panel import Focus
from kloof.results import Column, Section
from kloof.steps import step
from kloof.study import Study


def _registered(claim: str, key: str) -> list[str]:
    """Give what a claim registers under a key: its indicators or its groups."""
    return [str(name) for name in claims.registry().claims[claim][key]]


def _record(section: Section, found: Sequence[Finding], verdicts: Sequence[Verdict] = ()) -> list[Finding]:
    """Record findings, those with a number first, and their verdicts."""
    section.add(*sorted(found, key=lambda finding: judge(finding) == NOT_COMPUTABLE))
    section.decide(*verdicts)
    return list(found)


def under_every_list(
    study: Study, claim: str, names: Sequence[str], number: str, make: Callable[..., Finding]
) -> tuple[list[Finding], list[Verdict]]:
    """Judge each part of a claim under every registered focus list; `make` takes study, name, number, focus."""
    found, verdicts = [], []
    for name in names:
        one = partial(_made, make, study, name, f"{number}.{name}")
        finding, verdict = claims.judge_row(study, claim, name, one)
        found.append(finding)
        verdicts.append(verdict)
    return found, verdicts


def _made(make: Callable[..., Finding], study: Study, name: str, number: str, focus: Focus) -> Finding:
    return make(study, name, number if focus == study.focus else f"{number}.{focus.name}", focus)


@step
def mixing(section: Section, study: Study) -> list[Finding]:
    """Record the pace at which the focus buurten move towards the city's mix (C6) and how far they moved (H6)."""
    pace, slow = under_every_list(study, "C6", _registered("C6", "indicators"), "08.pace", tenures.pace_finding)
    stock, same = under_every_list(study, "H6", _registered("H6", "indicators"), "08.stock", tenures.stock_finding)
    found = _record(section, [*pace, *stock], [*slow, *same])
    for finding in pace:
        name = str(finding.indicator)
        mix = tenures.mix_of(study, name)
        section.leave_out(mix.set_aside)
        table = tenures.share_table(mix)
        if len(table) < 4:
            continue
        unit: dict[str, Any] = {"unit": "percent", "decimals": 1}
        columns = [
            Column("year", "year"), Column("group", "group"),
            *[Column(key, "number", **unit) for key in ("value", "low", "high")],
        ]  # fmt: skip
        section.table(f"08.{name}", columns, table)
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
        value: dict[str, Any] = {"kind": "number", "unit": "percent", "decimals": 0}
        columns = [Column("area", "area"), Column("group", "group")]
        columns += [Column(key, **value) for key in ("value", "low", "high", "difference")]
        section.table("08.ranked", columns, levels.ranked_table(study, name, year))
        section.figure(
            "08.ranked", "ranked_dots", "08.ranked", finding.id, unit="percent", indicator=name, year=year,
            sources=list(finding.sources), city_mean=levels.city_mean(study, name, year),
        )  # fmt: skip
    table = tenures.city_table(study, names)
    if not table.empty:
        columns = [Column("indicator", "indicator"), Column("year", "year")]
        columns += [Column("share", "number", "percent", 0), Column("source", "source")]
        section.table("08.city", columns, table)
    return table


@step
def fewer_or_others(section: Section, study: Study) -> list[Finding]:
    """Record whether the share of each group moved by the group itself or by others coming (C9), and where it went."""
    names = _registered("C9", "groups")
    parts, verdicts = under_every_list(study, "C9", names, "08.dilution", dilution.dilution_finding)
    where = [dilution.where_finding(study, name, f"08.where.{name}") for name in names]
    _record(section, [*parts, *[finding for finding in where if judge(finding) != NOT_COMPUTABLE]], verdicts)
    splits = []
    for name, finding in zip(names, parts, strict=True):
        try:
            held = dilution.members(study, name)
        except NotComputableError:
            continue
        section.leave_out(held.set_aside)
        splits.append(dilution.split_table(name, held))
        unit = str(study.known.indicator(study.known.group(name).base).unit)
        columns = [Column("area", "area"), Column("group", "group")]
        columns += [Column(key, "number", unit, 0) for key in ("number_before", "number_after", "number_change")]
        section.table(f"08.where.{name}", columns, dilution.where_table(study, held))
        if judge(finding) != NOT_COMPUTABLE:
            _waterfall(section, name, finding)
    if splits:
        columns = [Column("group_name", "group_name"), Column("index", "index")]
        keys = ("index_before", "index_after", "composition", "spread_of_group", "spread_of_others")
        columns += [Column(key, "number", "index") for key in keys]
        columns.append(Column("buurten", "number", "number"))
        table = pd.concat(splits, ignore_index=True)
        table = table.rename(columns={"before": "index_before", "after": "index_after"})
        section.table("08.index_split", columns, table)
    return parts


def _waterfall(section: Section, name: str, finding: Finding) -> None:
    """Record the split of one group as a picture: one per notebook, that of the first group that has one."""
    if any(entry["kind"] == "share_parts" for entry in section.figures.values()):
        return
    columns = [Column("part", "code")]
    columns += [Column(key, "number", "percent", 1) for key in ("start", "end", "value")]
    section.table(f"08.parts.{name}", columns, dilution.parts_table(finding))
    section.figure(
        f"08.parts.{name}", "share_parts", f"08.parts.{name}", finding.id, unit="percent",
        indicator=finding.indicator, sources=list(finding.sources),
    )  # fmt: skip


@step
def fewer_buurten(section: Section, study: Study) -> list[Finding]:
    """Record over how many buurten each group is spread, and whether that became fewer (H4)."""
    names = _registered("H4", "groups")
    found = [dilution.spread_finding(study, name, f"08.spread.{name}") for name in names]
    verdicts = [claims.alone("H4", name, finding) for name, finding in zip(names, found, strict=True)]
    return _record(section, found, verdicts)


@step
def piling_up(section: Section, study: Study) -> list[Finding]:
    """Record whether the link with corporation housing grew (C11), and what is possible within it (H10, H9)."""
    names, bounded = _registered("C11", "indicators"), _registered("H10", "indicators")
    now = [stacking.level_finding(study, name, f"08.link.{name}") for name in names]
    slopes = [stacking.slope_finding(study, name, f"08.slope.{name}") for name in names]
    verdicts = [claims.alone("C11", name, finding) for name, finding in zip(names, slopes, strict=True)]
    within, changes = [], []
    for name in bounded:
        level, change = stacking.within_findings(study, name, (f"08.within.{name}", f"08.within_change.{name}"))
        within.append(level)
        changes.append(change)
        verdicts.append(claims.alone("H10", name, change))
    inflow = stacking.inflow_finding(study, "08.inflow")
    verdicts.append(claims.alone("H9", "all", inflow))
    told = [finding for finding in (*now, *within) if judge(finding) != NOT_COMPUTABLE]
    _record(section, [*slopes, *told, *changes, inflow], verdicts)
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
    head = [Column("indicator", "indicator"), Column("year", "year")]
    if slopes:
        columns = [Column(key, "number", "points", 2) for key in ("estimate", "low", "high")]
        columns.append(Column("buurten", "number", "number"))
        section.table("08.slopes", [*head, *columns], pd.concat(slopes, ignore_index=True))
    if bounds:
        keys = ("within_low", "within_high", "elsewhere_low", "elsewhere_high")
        columns = [Column(key, "number", "percent", 1) for key in keys]
        section.table("08.bounds", [*head, *columns], pd.concat(bounds, ignore_index=True))
