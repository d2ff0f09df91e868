"""Answers the question of a notebook for all its figures, scales, lists and claims, and judges a claim by itself.

A notebook shows one number made by hand; what is recorded here is the same for everything else, in reading order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kloof.catalogue import known
from kloof.findings import Finding, Verdict, happened, judge
from kloof.methods.gap import ABSOLUTE
from kloof.questions import (
    before_or_since,
    carried,
    coverage,
    gap_tables,
    groups,
    groups_over_time,
    ladder,
    levels,
    liveability,
    needed,
    other_places,
    policy,
    replication,
    spending,
    tenures,
    verdict,
)  # fmt: skip
from kloof.questions.gap_changes import change_of_gap, follow, follow_all, scales_of
from kloof.questions.runner import record
from kloof.questions.verdict import Parts
from kloof.results import Section
from kloof.shown import Shown
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.study import Study
from kloof.typed import typed


def _how_segregated(section: Section, study: Study) -> None:
    now = levels.levels_now(section, study)
    levels.buurten_ranked(section, study, now)
    levels.buurten_by_year(section, study)
    groups.spread_over_years(section, study)
    groups.indices_of_groups(section, study)
    groups_over_time.chance_of_groups(section, study)
    groups_over_time.change_of_groups(section, study)
    groups_over_time.scale_of_groups(section, study)
    groups.indices_elsewhere(section, study)
    other_places.country_of_groups(section, study)


def _did_the_gap_grow(section: Section, study: Study) -> None:
    followed = follow_all(study)
    changes = gap_tables.changes(section, study, followed)
    gap_tables.scales(section, study, changes)
    gap_tables.gap_pictures(section, study, followed)
    gap_tables.placebos(section, study, followed)
    gap_tables.variants(section, study, followed)
    gap_tables.changes_in_window(section, study)
    groups_over_time.sorting_by_income(section, study)


def _before_or_since_corona(section: Section, study: Study) -> None:
    followed = follow_all(study, study.p.trend_from)
    found = gap_tables.before_and_since(section, study, followed)
    gap_tables.scales(section, study, found, "05")
    gap_tables.event_pictures(section, study, followed)
    before_or_since.in_all_municipalities(section, study)


def _matthew(section: Section, study: Study) -> None:
    started = ladder.place_all(study)
    ladder.top_and_bottom(section, study, started)
    ladder.group_pictures(section, study, started)
    ladder.fell_behind(section, study, started)
    ladder.ranks_kept(section, study, started)
    ladder.grown_together(section, study, started)


def _resources(section: Section, study: Study) -> None:
    laid = carried.lay_out_all(section, study)
    carried.who_leads(section, study, laid)
    carried.meeting_ends(section, study)
    carried.all_municipalities(section, study)


def _verdict(section: Section, study: Study, parts: Parts) -> None:
    verdict.headcount(section, study)
    robust = verdict.robustness(section, study, parts)
    verdict.synthesise(study, section, parts, robust)
    verdict.registered_again(section, study, parts)
    needed.what_is_needed(section, study, parts)
    verdict.all_tests(section, study, parts)
    verdict.argument(section, study, parts)
    verdict.claim_error_rates(section, study)
    verdict.worlds(section, study)


SYNTHESIS = "12_verdict"  # the question that is asked of what the others left
QUESTIONS: Mapping[str, Sequence[Callable[[Section, Study], Any]]] = {  # the steps of each, in reading order
    "01_what_do_we_know": (
        coverage.what_exists,
        coverage.everything_that_exists,
        coverage.what_is_missing,
        coverage.how_rounded,
        coverage.how_comparable,
        coverage.what_jumped,
        coverage.do_totals_agree,
        coverage.do_sources_agree,
    ),
    "02_does_it_reproduce": (replication.replicate,),
    "03_how_segregated": (_how_segregated,),
    "04_did_the_gap_grow": (_did_the_gap_grow,),
    "05_before_or_since_corona": (_before_or_since_corona,),
    "06_matthew": (_matthew,),
    "07_money": (
        spending.crowding_out,
        spending.what_is_there,
    ),
    "08_housing": (
        tenures.mixing,
        tenures.fewer_or_others,
        tenures.fewer_buurten,
        tenures.piling_up,
        tenures.tenure_now,
    ),
    "09_liveability": (
        liveability.does_it_improve,
        liveability.score_picture,
        liveability.does_position_follow,
        liveability.better_without_position,
    ),
    "10_resources": (_resources,),
    "11_policy": (
        policy.does_it_arrive,
        policy.how_long,
        policy.who_left_assistance,
    ),
    "13_is_this_place_special": (
        other_places.standings,
        other_places.changes_everywhere,
        other_places.beside_neighbours,
    ),
}


def answered(study: Study, question: str, earlier: Callable[[Study], Parts]) -> Section:
    """Record everything that belongs to a question; `earlier` gives the parts of the notebooks before a synthesis.

    Raises ParameterError for an unknown question.
    """
    section = Section(question)
    if question == SYNTHESIS:
        _verdict(section, study, earlier(study))
    else:
        for step in known(question, QUESTIONS, "question"):
            step(section, study)
    return section


@typed
def gap_change(study: Study, indicator: str, scale: str = ABSOLUTE, focus: Focus | None = None) -> Finding:
    """Judge how the gap of an indicator changed over its longest run of comparable years, on a scale and under a list.

    `scale`: absolute (as printed), real (constant prices, amounts only), relative (percent of the rest), place (mean
    percentile of the listed buurten). `focus`: one of `study.variants`, else the list of the study. The finding has the
    change (above 0: the list fell further behind), its range of chance and of rounding, and both answers; where there
    is no number it has a `reason`. Raises ParameterError for an unknown indicator, or a scale that does not apply.

    >>> from kloof import open_study
    >>> change = gap_change(open_study("breda"), "mean_income_per_inhabitant", "relative")
    >>> round(change.estimate, 3), change.unit, change.a.year, change.b.year
    (-2.571, 'percent', 2016, 2023)
    """
    name = study.known.indicator(indicator).id
    known(scale, {one: one for one in scales_of(study, name)}, f"scale of {name}")
    chosen = focus or study.focus
    number = f"04.{name}.{scale}" + ("" if chosen == study.focus else f".{chosen.name}")
    return change_of_gap(study, follow(study, name, chosen), scale, number, chosen)


@dataclass(frozen=True, repr=False)
class JudgedClaim(Shown):
    """A registered claim judged: each part with its finding (None where there was nothing to compute) and verdict."""

    claim: str
    verdict: str
    parts: tuple[tuple[Finding | None, Verdict], ...]
    study: Study
    section: Section

    @property
    def language(self) -> str:
        """Language in which it shows itself."""
        return self.study.p.language

    def in_short(self) -> dict[str, object]:
        """Give the verdict, and the number and verdict of every part."""
        rows = {row.row: f"{row.verdict} {finding.in_short()['estimate'] if finding else ''}".strip()
                for finding, row in self.parts}  # fmt: skip
        return {"claim": self.claim, "verdict": self.verdict, **rows}

    def in_card(self) -> dict[str, object]:
        """Give the claim in words, its verdict and those on its parts."""
        entry = claims.registry().claims[self.claim]
        words = {name: entry[name] for name in ("nl", "en")}
        changes = {name: entry[name] for name in ("change_nl", "change_en") if name in entry}
        return {
            "claim": self.claim,
            **words,
            "verdict": self.verdict,
            "parts": [row for _, row in self.parts],
            **changes,
        }

    def table(self) -> pd.DataFrame:
        """Give a row per part: indicator, measure, estimate, low, high, unit, happened, chance, verdict, counts, agree.

        `happened` and `chance` are the two answers, `counts` tells whether the part has a say, `agree` how many of the
        focus lists give the same verdict, as "3 of 5"; a part that could not be computed has a `reason` instead.
        """
        rows = []
        for finding, row in self.parts:
            name, _, measure = row.row.partition(".")
            agree = sum(vote == row.verdict for _, vote in row.variants)
            rows.append({
                "indicator": finding.indicator if finding and finding.indicator else name,
                "measure": finding.measure if finding else measure,
                **{key: getattr(finding, key, None) for key in ("estimate", "low", "high", "unit")},
                "happened": happened(finding) if finding else None, "chance": judge(finding) if finding else None,
                "verdict": row.verdict, "counts": row.counts, "agree": f"{agree} of {len(row.variants)}",
                "reason": finding.reason if finding else None,
            })  # fmt: skip
        return pd.DataFrame(rows)


@typed
def judge_claim(study: Study, section: Section, claim: str) -> JudgedClaim:
    """Judge a registered claim: all its parts, on every scale, under every focus list; recorded in the section.

    What the section holds of it already is not computed again. Raises ParameterError for an unknown claim or one that
    gets no verdict.

    >>> from kloof import Section, open_study
    >>> c2 = judge_claim(open_study("breda"), Section("own"), "C2")
    >>> c2.verdict, c2.table().columns[:3].tolist()
    ('CONTRADICTED', ['indicator', 'measure', 'estimate'])
    """
    entries = {name: entry for name, entry in claims.registry().claims.items() if claims.is_judged(name)}
    known(claim, entries, "claim")
    if not any(row.claim == claim for row in section.verdicts):
        record(section, study, claim)
    rows = [row for row in section.verdicts if row.claim == claim]
    overall = claims.overall([row.as_json() for row in rows])[claim]
    parts = tuple((section.findings.get(row.finding or ""), row) for row in rows)
    return JudgedClaim(claim, overall, parts, study, section)
