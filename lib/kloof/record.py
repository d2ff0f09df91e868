"""The steps of the notebooks: each computes one thing, records it in the section, and gives it back to look at."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kloof import claims, coverage, events, gaps, levels, replication
from kloof.findings import NOT_COMPUTABLE, Finding, Verdict, judge
from kloof.gaps import MEASURES, Followed, follow
from kloof.models import ABSOLUTE, RELATIVE
from kloof.panel import Focus
from kloof.results import Column, Section
from kloof.study import Study

UNIT = "@unit"  # a number in the unit that its own row names


def what_exists(section: Section, study: Study) -> pd.DataFrame:
    """Record which figures exist per indicator and year, and whether that covers the period (K1)."""
    table = coverage.coverage_table(study)
    finding = coverage.coverage_finding(study, table, "01.coverage")
    section.add(finding)
    section.decide(claims.threshold_verdict("K1", finding))
    columns = [
        Column("indicator", "indicator"), Column("year", "year"), Column("state", "code"),
        Column("share", "number", "percent", 0), Column("buurten", "number", "number"), Column("reason", "status"),
    ]  # fmt: skip
    section.table("01.coverage", columns, table)
    section.figure("01.coverage", "coverage", "01.coverage", "01.coverage")
    return table


def what_is_missing(section: Section, study: Study) -> pd.DataFrame:
    """Record how many cells have no value, and why."""
    table = coverage.missing_table(study)
    columns = [
        Column("indicator", "indicator"),
        Column("status", "status"),
        Column("cells", "number", "number"),
        Column("buurten", "number", "number"),
    ]
    section.table("01.missing", columns, table)
    return table


def how_rounded(section: Section, study: Study) -> pd.DataFrame:
    """Record the step of rounding beside the spread between buurten."""
    table = coverage.rounding_table(study)
    columns = [
        Column("indicator", "indicator"),
        Column("year", "year"),
        Column("step", "number", UNIT, 1),
        Column("spread", "number", UNIT, 1),
        Column("unit", "unit"),
    ]
    section.table("01.rounding", columns, table)
    return table


def how_comparable(section: Section, study: Study) -> pd.DataFrame:
    """Record the comparable run of years per indicator, and the breaks that end it."""
    table = coverage.comparability_table(study)
    columns = [
        Column("indicator", "indicator"),
        Column("first", "year"),
        Column("last", "year"),
        Column("years", "number", "number"),
        Column("break", "break"),
    ]
    section.table("01.comparability", columns, table)
    return table


def do_totals_agree(section: Section, study: Study) -> pd.DataFrame:
    """Record what areas add up to beside the municipality's published figure, largest difference first."""
    table = coverage.totals_table(study)
    columns = [
        Column("indicator", "indicator"), Column("level", "code"), Column("year", "year"), Column("published", "number", UNIT),
        Column("recomputed", "number", UNIT), Column("difference", "number", "@difference_unit"), Column("within", "code"), Column("unit", "unit"), Column("difference_unit", "unit"),
    ]  # fmt: skip
    section.table("01.totals", columns, table)
    return table


def do_sources_agree(section: Section, study: Study) -> pd.DataFrame:
    """Record how often two sources of the same figure differ."""
    table = coverage.agreement_table(study)
    columns = [
        Column("indicator", "indicator"),
        Column("year", "year"),
        Column("source", "source"),
        Column("source_other", "source"),
        Column("pairs", "number", "number"),
        Column("equal", "number", "number"),
        Column("largest", "number", "number"),
    ]
    if not table.empty:
        section.table("01.agreement", columns, table)
    return table


def replicate(section: Section, study: Study) -> pd.DataFrame:
    """Record the replication table and whether the study can be recomputed (K2); without a study, nothing."""
    if not replication.has_study(study):
        return pd.DataFrame()
    table = replication.replication_table(study)
    findings = replication.replication_findings(study, table, "02.replication")
    section.add(*findings)
    section.decide(claims.threshold_verdict("K2", findings[0]))
    columns = [
        Column("id", "published"), Column("period", "period"), Column("published", "number", UNIT), Column("recomputed", "number", UNIT),
        Column("difference", "number", "@difference_unit"), Column("status", "code"), Column("trace", "trace"), Column("needs", "code"),
        Column("unit", "unit"), Column("difference_unit", "unit"),
    ]  # fmt: skip
    section.table("02.replication", columns, table)
    return table


def levels_now(section: Section, study: Study) -> list[Finding]:
    """Record the level of focus and rest per indicator, in the last year with enough buurten (K3)."""
    found = [levels.level_finding(study, name, f"03.level.{name}") for name in study.p.levels]
    made = [finding for finding in found if judge(finding) != NOT_COMPUTABLE]
    section.add(*made, *[finding for finding in found if finding not in made])
    counted = claims.registry().claims["K3"]["indicators"]
    section.decide(*[claims.level_verdict(study, finding) for finding in found if finding.indicator in counted])
    rows = [
        {"indicator": f.indicator, "year": f.a.year, "focus": f.a.estimate, "rest": f.b.estimate, "difference": f.estimate, "low": f.low,
         "high": f.high, "not_measured": f.a.n_missing + f.b.n_missing, "unit": f.unit,
         "difference_unit": study.known.units[f.unit]["change"]}
        for f in made
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    columns = [
        Column("indicator", "indicator"), Column("year", "year"), Column("focus", "number", UNIT), Column("rest", "number", UNIT),
        Column("difference", "number", "@difference_unit"), Column("low", "number", "@difference_unit"), Column("high", "number", "@difference_unit"),
        Column("not_measured", "number", "number"), Column("unit", "unit"), Column("difference_unit", "unit"),
    ]  # fmt: skip
    if rows:
        section.table("03.levels", columns, table)
    return found


def buurten_ranked(section: Section, study: Study, found: Sequence[Finding]) -> pd.DataFrame:
    """Record the ranked buurten and the map of the first indicator that could be computed."""
    made = [finding for finding in found if judge(finding) != NOT_COMPUTABLE]
    if not made:
        return pd.DataFrame()
    finding = made[0]
    name, year = str(finding.indicator), int(finding.a.year or 0)
    indicator = study.known.indicator(name)
    table = levels.ranked_table(study, name, year)
    value = {"kind": "number", "unit": indicator.unit, "decimals": indicator.decimals}
    columns = [
        Column("area", "area"),
        Column("group", "group"),
        *[Column(key, **value) for key in ("value", "low", "high", "difference")],
    ]
    section.table("03.ranked", columns, table)
    options = {"unit": indicator.unit, "indicator": name, "year": year, "sources": list(finding.sources)}
    section.figure(
        "03.ranked",
        "ranked_dots",
        "03.ranked",
        finding.id,
        **options,
        city_mean=levels.city_mean(study, name, year),
    )
    if study.data.geometry:
        shown = table.rename(columns={"value": "level", "difference": "value"})
        section.table("03.map", [Column("area", "area"), Column("group", "group"), Column("value", **value)], shown)
        section.figure("03.map", "choropleth", "03.map", finding.id, **options, diverging=True)
    return table


def spread_over_years(section: Section, study: Study) -> pd.DataFrame:
    """Record how far apart the buurten are, year by year, and the picture of the first followed indicator."""
    table = levels.spread_table(study)
    if table.empty:
        return table
    columns = [
        Column("indicator", "indicator"),
        Column("year", "year"),
        Column("index", "index"),
        Column("estimate", "number", "index"),
        Column("low", "number", "index"),
        Column("high", "number", "index"),
        Column("buurten", "number", "number"),
    ]
    relative = table[table["index"] != "weighted_sd"]
    section.table("03.spread", columns, relative)
    name = str(table["indicator"].iloc[0])
    indicator = study.known.indicator(name)
    drawn = levels.distribution_table(study, name)
    value = Column("value", "number", indicator.unit, indicator.decimals)
    section.table(
        "03.distribution",
        [Column("year", "year"), Column("area", "area"), Column("group", "group"), value],
        drawn,
    )
    finding = next((f.id for f in section.findings.values() if f.indicator == name), None)
    section.figure("03.distribution", "distribution", "03.distribution", finding, unit=indicator.unit, indicator=name)
    return table


def indices_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record every index of every group and year, and a finding of each group's dissimilarity."""
    table = pd.concat([levels.index_table(study, name) for name in study.p.groups], ignore_index=True)
    section.add(*levels.index_findings(study, table, "03.index"))
    columns = [
        Column("group_name", "group_name"), Column("year", "year"), Column("index", "index"), Column("estimate", "number", "index"), Column("low", "number", "index"),
        Column("high", "number", "index"), Column("expected", "number", "index"), Column("buurten", "number", "number"), Column("not_measured", "number", "number"),
    ]  # fmt: skip
    if not table.empty:
        section.table("03.indices", columns, table)
    return table


def other_places(section: Section, study: Study) -> pd.DataFrame:
    """Record the dissimilarity of the same groups in the comparison municipalities."""
    table = levels.comparison_table(study) if study.p.comparisons else pd.DataFrame()
    columns = [
        Column("group_name", "group_name"),
        Column("area", "area"),
        Column("year", "year"),
        Column("estimate", "number", "index"),
        Column("low", "number", "index"),
        Column("high", "number", "index"),
        Column("buurten", "number", "number"),
    ]
    if not table.empty:
        section.table("03.comparison", columns, table.sort_values(["group_name", "estimate"], kind="stable"))
    return table


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


def _changer(study: Study, track: Followed, measure: str, number: str) -> Any:
    """Give the function that computes one change under any focus list."""

    def make(focus: Focus) -> Finding:
        own = track if focus == study.focus else follow(study, track.indicator, focus)
        return gaps.gap_change(study, own, measure, number if focus == study.focus else f"{number}.{focus.name}", focus)

    return make


def gap_pictures(section: Section, study: Study, followed: Sequence[Followed]) -> list[pd.DataFrame]:
    """Record the two lines and the gap between them, for each indicator that can be followed."""
    tables = []
    for track in followed:
        if track.panel is None:
            continue
        indicator = study.known.indicator(track.indicator)
        table = gaps.gap_table(study, track)
        level = {"unit": indicator.unit, "decimals": indicator.decimals}
        gap = {"unit": study.known.units[indicator.unit]["change"], "decimals": indicator.decimals}
        columns = [
            Column("year", "year"), Column("focus", "number", **level), Column("rest", "number", **level), Column("gap", "number", **gap),
            Column("gap_low", "number", **gap), Column("gap_high", "number", **gap), Column("relative", "number", "percent", 1),
            Column("link", "code"), Column("buurten", "number", "number"),
        ]  # fmt: skip
        name = f"04.{track.indicator}"
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


def placebos(section: Section, study: Study, followed: Sequence[Followed]) -> list[Finding]:
    """Record what noise alone would make of each gap (regression to the mean)."""
    found = [gaps.placebo_finding(study, track, f"04.{track.indicator}.placebo") for track in followed if track.panel]
    section.add(*found)
    return found


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
        rows += [_variant_row(study, track, measure, name, finding) for name, finding in found]
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


def _variant_row(study: Study, track: Followed, measure: str, name: str, finding: Finding) -> dict[str, Any]:
    from kloof.findings import decide

    return {
        "measure": measure,
        "variant": name,
        "estimate": finding.estimate,
        "low": finding.low,
        "high": finding.high,
        "verdict": decide(judge(finding), "HIGHER"),
        "headline": name == study.focus.name,
    }


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


def event_pictures(section: Section, study: Study, followed: Sequence[Followed]) -> list[pd.DataFrame]:
    """Record the gap with the trend before the event drawn on, for each indicator with a trend."""
    tables = []
    for track in followed:
        flags = events.is_before(study, track)
        if track.panel is None or sum(flags) < 2 or all(flags):
            continue
        indicator = study.known.indicator(track.indicator)
        gap = {"unit": study.known.units[indicator.unit]["change"], "decimals": indicator.decimals}
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
