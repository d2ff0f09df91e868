"""Steps of notebooks 04 and 05: how gaps changed, before and since; each is recorded and given back to look at."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kloof.findings import HIGHER, NOT_COMPUTABLE, Finding, Verdict, judge, verdict_of
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.questions import events, gaps
from kloof.questions.gaps import MEASURES, Followed, follow
from kloof.results import Column, Section
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.step import step
from kloof.study.study import Study


@step
def changes(section: Section, study: Study, followed: Sequence[Followed]) -> list[Finding]:
    """Record the change of each gap, absolute and relative, judged under every registered focus list (C1)."""
    found = []
    for track in followed:
        for measure in MEASURES:
            number = f"04.{track.indicator}.{measure}"
            finding, verdict = claims.judge_row(
                study, "C1", f"{track.indicator}.{measure}", _changer(study, track, measure, number)
            )
            found.append((finding, verdict))
    section.add(*[finding for finding, _ in sorted(found, key=lambda pair: judge(pair[0]) == NOT_COMPUTABLE)])
    section.decide(*[verdict for _, verdict in found], *claims.untested(study, "C1"))
    broken = [gaps.break_finding(study, track, f"04.{track.indicator}.break") for track in followed]
    section.add(*[finding for finding in broken if finding is not None])
    for track in followed:
        section.leave_out(track.panel.set_aside if track.panel else ())
    return [finding for finding, _ in found]


@step
def changes_in_window(section: Section, study: Study, claim: str = "H1") -> list[Finding]:
    """Record the change of each gap within the years that a claim registers as its window, and judge it."""
    first, last = claims.registry().claims[claim]["window"]
    p = replace(study.p, year_from=max(study.p.year_from, first), year_to=min(study.p.year_to, last))
    narrowed, found = replace(study, p=p), []
    for name in study.p.indicators:
        track = follow(narrowed, name)
        for measure in MEASURES:
            make = _changer(narrowed, track, measure, f"04.{claim}.{name}.{measure}", "gap_change_window")
            found.append(claims.judge_row(narrowed, claim, f"{name}.{measure}", make))
    section.add(*[finding for finding, _ in sorted(found, key=lambda pair: judge(pair[0]) == NOT_COMPUTABLE)])
    section.decide(*[verdict for _, verdict in found], *claims.untested(study, claim))
    return [finding for finding, _ in found]


def _changer(study: Study, track: Followed, measure: str, number: str, kind: str = "gap_change") -> Any:
    """Give the function that computes one change under any focus list."""

    def make(focus: Focus) -> Finding:
        own = track if focus == study.focus else follow(study, track.indicator, focus)
        name = number if focus == study.focus else f"{number}.{focus.name}"
        return replace(gaps.gap_change(study, own, measure, name, focus), kind=kind)

    return make


@step
def gap_pictures(
    section: Section, study: Study, followed: Sequence[Followed], notebook: str = "04"
) -> list[pd.DataFrame]:
    """Record the two lines and the gap between them, for each indicator that can be followed."""
    tables = []
    for track in followed:
        if track.panel is None:
            continue
        indicator = study.known.indicator(track.indicator)
        table = gaps.gap_table(study, track)
        level: dict[str, Any] = {"unit": indicator.unit, "decimals": indicator.decimals}
        gap: dict[str, Any] = {"unit": study.known.units[indicator.unit]["change"], "decimals": indicator.decimals}
        columns = [
            Column("year", "year"),
            *[Column(key, "number", **level) for key in ("focus", "rest")],
            *[Column(key, "number", **gap) for key in ("gap", "gap_low", "gap_high")],
            Column("relative", "number", "percent", 1),
            Column("link", "code"),
            Column("buurten", "number", "number"),
        ]
        name = f"{notebook}.{track.indicator}"
        section.table(name, columns, table)
        before = [
            year for year, is_before in zip(track.years, events.is_before(study, track), strict=True) if is_before
        ]
        options: dict[str, Any] = {
            "unit": indicator.unit,
            "indicator": track.indicator,
            "sources": list(track.panel.sources),
        }
        if before and before[-1] != track.years[-1]:
            options["before_until"] = before[-1]
        section.figure(name, "gap_lines", name, f"{name}.absolute", **options)
        tables.append(table)
    return tables


@step
def placebos(section: Section, study: Study, followed: Sequence[Followed]) -> list[Finding]:
    """Record what noise alone would make of each gap (regression to the mean)."""
    found = [gaps.placebo_finding(study, track, f"04.{track.indicator}.placebo") for track in followed if track.panel]
    section.add(*found)
    return found


@step
def variants(section: Section, study: Study, followed: Sequence[Followed]) -> pd.DataFrame:
    """Record the change of the first gap that can be followed under every focus list, weighting and comparison."""
    track = next((track for track in followed if track.panel is not None), None)
    if track is None:
        return pd.DataFrame()
    rows = []
    for measure in MEASURES:
        number = f"04.{track.indicator}.{measure}"
        made = _changer(study, track, measure, number)
        found = [(focus.name, made(focus)) for focus in study.variants]
        ways = ("trend", "unweighted", "similar")
        found += [(way, gaps.gap_change(study, track, measure, f"{number}.{way}", variant=way)) for way in ways]
        rows += [_variant_row(study, measure, name, finding) for name, finding in found]
    table = pd.DataFrame(rows)
    change = study.known.units[study.known.indicator(track.indicator).unit]["change"]
    for measure, unit in ((ABSOLUTE, change), (RELATIVE, "points")):
        own = table[table["measure"] == measure]
        columns = [
            Column("variant", "variant"),
            *[
                Column(
                    key,
                    "number",
                    unit,
                    study.known.indicator(track.indicator).decimals if measure == ABSOLUTE else None,
                )
                for key in ("estimate", "low", "high")
            ],
            Column("verdict", "verdict"),
            Column("headline", "headline"),
        ]
        section.table(f"04.variants.{measure}", columns, own)
        if own["estimate"].isna().all():
            continue
        smallest = study.smallest_effect(track.indicator, measure)
        section.figure(
            f"04.variants.{measure}",
            "specification",
            f"04.variants.{measure}",
            f"04.{track.indicator}.{measure}",
            smallest_effect=smallest,
            unit=unit,
            indicator=track.indicator,
        )
    return table


def _variant_row(study: Study, measure: str, name: str, finding: Finding) -> dict[str, Any]:
    return {
        "measure": measure,
        "variant": name,
        "estimate": finding.estimate,
        "low": finding.low,
        "high": finding.high,
        "verdict": verdict_of(finding, HIGHER),
        "headline": name == study.focus.name,
    }


@step
def before_and_since(section: Section, study: Study, followed: Sequence[Followed]) -> list[Verdict]:
    """Record the NO (C3), the YES (C2) and their mirror image (M1), each under every registered focus list."""
    found: list[Finding] = []
    verdicts: list[Verdict] = []
    for track in followed:
        for measure in MEASURES:
            row = f"{track.indicator}.{measure}"
            pairs = {}
            for claim, function, name in (
                ("C3", events.before_event, "before"),
                ("C2", events.beyond_trend, "since"),
            ):
                number = f"05.{track.indicator}.{measure}.{name}"
                finding, pairs[claim] = claims.judge_row(
                    study, claim, row, _eventer(study, track, measure, number, function)
                )
                found.append(finding)
            verdicts += [pairs["C3"], pairs["C2"], claims.turn_verdict(pairs["C3"], pairs["C2"])]
        found.append(events.share_by_event(study, track, f"05.{track.indicator}.share"))
    section.add(*sorted(found, key=lambda finding: judge(finding) == NOT_COMPUTABLE))
    section.decide(*sorted(verdicts, key=lambda verdict: verdict.claim))
    return verdicts


def _eventer(study: Study, track: Followed, measure: str, number: str, function: Any) -> Any:
    """Give the function that computes one half of the before-and-since question under any focus list."""

    def make(focus: Focus) -> Finding:
        own = track if focus == study.focus else follow(study, track.indicator, focus, study.p.trend_from)
        made: Finding = function(
            study, own, measure, number if focus == study.focus else f"{number}.{focus.name}", focus
        )
        return made

    return make


@step
def event_pictures(section: Section, study: Study, followed: Sequence[Followed]) -> list[pd.DataFrame]:
    """Record the gap with the trend before the event drawn on, for each indicator with a trend."""
    tables = []
    for track in followed:
        flags = events.is_before(study, track)
        if track.panel is None or sum(flags) < 2 or all(flags):
            continue
        indicator = study.known.indicator(track.indicator)
        gap: dict[str, Any] = {"unit": study.known.units[indicator.unit]["change"], "decimals": indicator.decimals}
        table = events.event_table(study, track)
        name = f"05.{track.indicator}"
        columns = [
            Column("year", "year"),
            *[Column(key, "number", **gap) for key in ("gap", "low", "high", "trend")],
            Column("period", "code"),
        ]
        section.table(name, columns, table)
        section.figure(
            name,
            "event_study",
            name,
            f"{name}.absolute.before",
            unit=indicator.unit,
            indicator=track.indicator,
            sources=list(track.panel.sources),
        )
        tables.append(table)
    return tables
