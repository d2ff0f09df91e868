"""Steps of notebook 10: do residents' resources explain the differences; each is recorded and given back to look at."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kloof import carried, claims, gaps, track, within
from kloof.carried import GAP, R_SQUARED, WEIGHTED
from kloof.facets import Laid, lay_out, leans_on_itself
from kloof.findings import SUPPORTED, UNDECIDED, Finding, Verdict
from kloof.results import Column, Section
from kloof.sources import STORE
from kloof.steps import step
from kloof.study import Study

VARIANTS = (WEIGHTED, "unweighted", "ranks")


@step
def lay_out_all(section: Section, study: Study) -> list[Laid]:
    """Lay out every outcome of C10, and record which figure of which year stands for what."""
    laid = [lay_out(study, outcome) for outcome in claims.registry().claims["C10"]["outcomes"]]
    rows = [
        {
            "outcome": one.outcome,
            "block": facet.block,
            "indicator": facet.indicator,
            "year": facet.year,
            "sharing": "shared" if facet.shared else "own",
        }
        for one in laid
        for facet in one.facets
    ]
    if rows:
        columns = [Column("outcome", "indicator"), Column("block", "code"), Column("indicator", "indicator")]
        columns += [Column("year", "year"), Column("sharing", "code")]
        section.table("10.columns", columns, pd.DataFrame(rows))
    return laid


@step
def who_leads(section: Section, study: Study, laid: Sequence[Laid]) -> list[Verdict]:
    """Record how much of each gap and of all differences resources carry, and whether they lead (C10).

    The part of the gap is repeated under every focus list, that of R² unweighted and in ranks. Resources that are made
    of the same figures as the outcome cannot support the claim: it is undecided then, whatever the number.
    """
    found: list[Finding] = []
    verdicts: list[Verdict] = []
    for one in laid:
        number = f"10.{one.outcome}"
        in_gap = carried.lead_in_gap(study, one, f"{number}.{GAP}", study.focus)
        by_list = {
            focus.name: in_gap.finding
            if focus == study.focus
            else carried.lead_in_gap(study, one, f"{number}.{GAP}.{focus.name}", focus).finding
            for focus in study.variants
        }
        in_all = {
            way: carried.lead_in_r_squared(
                study, one, f"{number}.{R_SQUARED}{'' if way == WEIGHTED else f'.{way}'}", way
            )
            for way in VARIANTS
        }
        by_way = {way: made.finding for way, made in in_all.items()}
        found += [in_gap.finding, by_way[WEIGHTED]]
        pairs = ((GAP, by_list, study.focus.name), (R_SQUARED, by_way, WEIGHTED))
        for measure, made, headline in pairs:
            verdict = claims.judge_over("C10", f"{one.outcome}.{measure}", made, headline)
            verdicts.append(_withheld(verdict, one))
        _tables(section, one, in_gap, in_all[WEIGHTED])
    section.add(*sorted(found, key=lambda finding: finding.estimate is None))
    section.decide(*verdicts)
    return verdicts


def _withheld(verdict: Verdict, laid: Laid) -> Verdict:
    """Withhold support that rests on the outcome itself, and name what would fill a block."""
    if verdict.verdict == SUPPORTED and leans_on_itself(laid):
        return replace(verdict, verdict=UNDECIDED)
    return replace(verdict, missing=laid.missing) if verdict.missing and laid.missing else verdict


def _tables(section: Section, laid: Laid, in_gap: carried.Carried, in_all: carried.Carried) -> None:
    """Record the parts of the gap with their waterfall, and the shares of R²."""
    number = f"10.{laid.outcome}"
    if not in_gap.table.empty:
        unit = in_gap.finding.unit
        columns = [Column("part", "code")]
        columns += [Column(key, "number", unit, 1) for key in ("estimate", "low", "high")]
        section.table(f"{number}.{GAP}", columns, in_gap.table)
        section.figure(
            f"{number}.{GAP}",
            "waterfall",
            f"{number}.{GAP}",
            in_gap.finding.id,
            unit=unit,
            indicator=laid.outcome,
            sources=list(laid.sources),
            year=laid.year,
        )
    if not in_all.table.empty:
        columns = [Column("part", "code"), Column("columns", "number", "number")]
        columns += [Column(key, "number", "percent", 0) for key in ("estimate", "low", "high", "by_chance")]
        section.table(f"{number}.{R_SQUARED}", columns, in_all.table)


@step
def meeting_ends(section: Section, study: Study) -> list[Finding]:
    """Record whether making ends meet became harder in the focus list than elsewhere (H5), with its picture."""
    name = claims.registry().claims["H5"]["indicators"][0]
    found: list[Finding] = []
    for measure in claims.registry().claims["H5"]["measures"]:
        number = f"10.{name}.{measure}"
        finding, verdict = claims.judge_row(study, "H5", f"{name}.{measure}", _meeting(study, number, measure))
        found.append(finding)
        section.decide(verdict)
    followed = gaps.follow(study, name)
    section.add(*found)
    section.leave_out(followed.panel.set_aside if followed.panel else ())
    track.gap_pictures(section, study, [followed], "10")
    return found


def _meeting(study: Study, number: str, measure: str) -> Any:
    """Give the function that computes the change of the gap under a focus list."""
    return lambda focus: carried.harder_to_meet_ends(
        study, number if focus == study.focus else f"{number}.{focus.name}", measure, focus
    )


@step
def all_municipalities(section: Section, study: Study) -> pd.DataFrame:
    """Record the same shares within all municipalities of the store; with other figures, nothing."""
    if study.data.name != STORE:
        return pd.DataFrame()
    findings, table = within.in_store(study.known)
    section.add(*findings)
    if not table.empty:
        columns = [Column("indicator", "indicator"), Column("year", "year"), Column("part", "code")]
        columns += [Column(key, "number", "percent", 0) for key in ("estimate", "low", "high")]
        columns += [Column("buurten", "number", "number"), Column("municipalities", "number", "number")]
        section.table("10.within", columns, table)
    return table
