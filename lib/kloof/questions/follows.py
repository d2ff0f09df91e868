"""Steps of notebook 09: does liveability improve, does residents' position follow; each is recorded and given back."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPUTABLE, NOT_TESTABLE, Finding, Verdict, all_of, judge, verdict_of
from kloof.methods.lagged import UNIT_AND_YEAR, YEAR
from kloof.questions import liveability
from kloof.questions.geographies import finest, group_means
from kloof.results import Column, Section
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.step import step
from kloof.study.study import Study

ALL = "all"  # the variant of a verdict in which no focus list has a say


def under_lists(study: Study, make: Callable[[Focus], Finding]) -> tuple[dict[str, Finding], str]:
    """Make a finding under every registered list, or once where postcode areas stand for all of them alike."""
    own = make(study.focus)
    if "by_postcode" in own.flags:
        return {ALL: own}, ALL
    others = {focus.name: make(focus) for focus in study.variants if focus != study.focus}
    return {study.focus.name: own, **others}, study.focus.name


@step
def does_it_improve(section: Section, study: Study) -> list[Finding]:
    """Record the trend of the class in the list, and how its score moved against the rest (C7)."""
    entry = claims.registry().claims["C7"]
    found = []
    for names, function in ((entry["classes"], liveability.class_trend), (entry["scores"], liveability.score_gap)):
        for name in names:
            number = f"09.{name}"

            def make(focus: Focus, name: str = name, number: str = number, function: Any = function) -> Finding:
                made: Finding = function(study, name, numbered(study, number, focus), focus)
                return made

            made, headline = under_lists(study, make)
            found.append((made[headline], claims.judge_over("C7", name, made, headline)))
    section.add(*[finding for finding, _ in _computed_first(found)])
    section.decide(*[verdict for _, verdict in found])
    return [finding for finding, _ in found]


def numbered(study: Study, number: str, focus: Focus) -> str:
    """Give a finding its number: under another list than the headline's it carries the name of that list."""
    return number if focus == study.focus else f"{number}.{focus.name}"


def _computed_first(found: list[tuple[Finding, Verdict]]) -> list[tuple[Finding, Verdict]]:
    return sorted(found, key=lambda pair: judge(pair[0]) == NOT_COMPUTABLE)


@step
def score_picture(section: Section, study: Study) -> pd.DataFrame:
    """Record the mean score of the list and of the rest per year, and its picture."""
    name = str(claims.registry().claims["C7"]["scores"][0])
    indicator = study.known.indicator(name)
    try:
        laid = finest(study, name, liveability.window(study), study.focus, liveability.low_status())
    except NotComputableError:
        return pd.DataFrame()
    table = group_means(laid)
    number: dict[str, Any] = {"unit": indicator.unit, "decimals": indicator.decimals}
    columns = [Column("year", "year"), Column("group", "group")]
    section.table("09.score", [*columns, *[Column(key, "number", **number) for key in ("value", "low", "high")]], table)
    options = {"unit": indicator.unit, "indicator": name, "sources": list(laid.sources), "level": laid.level}
    section.figure("09.score", "slope", "09.score", f"09.{name}", **options)
    return table


@step
def does_position_follow(section: Section, study: Study) -> list[Finding]:
    """Record for each kind of surroundings what residents' position did afterwards, and the other way around (C8)."""
    entry = claims.registry().claims["C8"]
    found, rows = [], []
    for name in entry["surroundings"]:
        made, backward, verdict = position_after(study, name)
        forward = made[YEAR]
        if judge(forward) == NOT_COMPUTABLE and name not in entry["needs"]:
            continue
        found.append((forward, verdict))
        rows += [_scaled(finding, name, way) for finding, way in
                 ((forward, "follows"), (made.get(UNIT_AND_YEAR), "strict"), (backward, "precedes"))
                 if finding is not None and finding.estimate is not None]  # fmt: skip
        section.add(*([forward] if backward is None else [forward, backward]))
    section.decide(*[verdict for _, verdict in found])
    if rows:
        table = pd.DataFrame(rows)
        table["headline"] = [row == 0 for row in range(len(table))]
        numbers = [Column(key, "number", "times_smallest") for key in ("estimate", "low", "high")]
        columns = [Column("variant", "variant"), *numbers, Column("verdict", "verdict"), Column("headline", "headline")]
        section.table("09.follows", columns, table)
        first = next(finding.id for finding, _ in found if finding.estimate is not None)
        section.figure("09.follows", "specification", "09.follows", first, smallest_effect=1.0, unit="times_smallest")
    return [finding for finding, _ in found]


def position_after(study: Study, name: str) -> tuple[dict[str, Finding], Finding | None, Verdict]:
    """Give what residents' position did after one kind of surroundings changed, the other way around, and the verdict.

    The findings are by what is taken out: the year, and where it can be computed each area's own trend too.
    """
    number = f"09.{name}.follows"
    forward, backward = liveability.follows(study, name, number)
    made = {YEAR: forward}
    if judge(forward) != NOT_COMPUTABLE:
        strict = liveability.with_unit_effects(study, name, f"{number}.units")
        if judge(strict) != NOT_COMPUTABLE:
            made[UNIT_AND_YEAR] = strict
    return made, backward, claims.judge_over("C8", name, made, YEAR)


def _scaled(finding: Finding, name: str, way: str) -> dict[str, Any]:
    """Give a finding in multiples of its smallest effect, so that figures of different units stand in one picture."""
    small = finding.smallest_effect or 1.0
    numbers = {key: (getattr(finding, key) or 0.0) / small for key in ("estimate", "low", "high")}
    expected = str(claims.registry().claims["C8"]["expected"])
    return {"variant": f"{way}.{name}", **numbers, "verdict": verdict_of(finding, expected)}


@step
def better_without_position(section: Section, study: Study) -> list[Verdict]:
    """Record whether the list became more liveable and safer while residents' position did not improve (H8)."""
    entry = claims.registry().claims["H8"]
    verdicts = []
    for side, names in entry["improved"].items():
        verdict, own = side_without_position(study, side, names)
        verdicts.append(verdict)
        section.add(*[half for half in own if half is not None])
    section.decide(*verdicts)
    return verdicts


def side_without_position(study: Study, side: str, names: list[str]) -> tuple[Verdict, tuple[Finding, Finding | None]]:
    """Judge one side of H8 under every list; give also both halves of the headline list."""
    entry = claims.registry().claims["H8"]

    def make(focus: Focus) -> tuple[Finding, Finding | None]:
        return _both_sides(study, side, names, focus)

    own = make(study.focus)
    lists = [study.focus] if all("by_postcode" in half.flags for half in own if half) else list(study.variants)
    made = {focus.name: own if focus == study.focus else make(focus) for focus in lists}
    votes = {name: _joint(halves) for name, halves in made.items()}
    headline = votes[study.focus.name]
    verdict = claims.under_variants(headline, list(votes.values()), claims.registry().agree_minimum)
    lacking = (names[0],) if judge(own[0]) == NOT_COMPUTABLE else () if own[1] else (entry["positions"][0],)
    missing = lacking if headline == NOT_TESTABLE else ()
    return Verdict("H8", verdict, own[0].id, side, entry["expected"], tuple(votes.items()), missing), own


def _both_sides(study: Study, side: str, names: list[str], focus: Focus) -> tuple[Finding, Finding | None]:
    """Give what became better (or not) of one side, and residents' position in the same years."""
    entry = claims.registry().claims["H8"]
    first = None
    for name in names:
        found = liveability.improved(study, name, numbered(study, f"09.{side}.improved", focus), focus)
        first = first or found
        if judge(found) != NOT_COMPUTABLE and found.a.year and found.b.year:
            apart = int(entry["years_apart"])
            years = found.a.year - apart, found.b.year + apart
            return found, _position(study, numbered(study, f"09.{side}.position", focus), focus, years)
    if first is None:
        raise ValueError("H8 registers no figure for a side.")
    return first, None


def _position(study: Study, number: str, focus: Focus, years: tuple[int, int]) -> Finding | None:
    """Give the change of the first registered position that is known in these years."""
    for name in claims.registry().claims["H8"]["positions"]:
        found = liveability.improved(study, name, number, focus, years)
        if judge(found) != NOT_COMPUTABLE:
            return found
    return None


def _joint(halves: tuple[Finding, Finding | None]) -> str:
    """Join both halves: the surroundings should be better, the position should not."""
    entry = claims.registry().claims["H8"]
    surroundings, position = halves
    if position is None:
        return NOT_TESTABLE
    return all_of(
        [verdict_of(surroundings, str(entry["expected"])), verdict_of(position, str(entry["position_expected"]))]
    )
