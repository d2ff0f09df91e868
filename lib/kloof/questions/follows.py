"""Steps of notebook 09: does liveability improve, does residents' position follow; each is recorded and given back."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPUTABLE, Finding, judge, verdict_of
from kloof.methods.lagged import UNIT_AND_YEAR, YEAR
from kloof.questions import liveability
from kloof.questions.geographies import Laid, finest, group_means
from kloof.questions.runner import Part, Ways, kind, record, under_lists
from kloof.results import Column, Section
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.step import step
from kloof.study.study import Study


@kind("of_liveability")
def beside_the_rest(study: Study, part: Part) -> Ways:
    """Compute how the score of each list moved against the rest, or where only a class is known, its trend."""
    is_class = study.known.indicator(part.name).kind == "class"
    make = liveability.class_trend if is_class else liveability.score_gap
    return under_lists(study, part, lambda number, focus: make(study, part.name, number, focus))


@kind("level_improved")
def level_improved(study: Study, part: Part) -> Ways:
    """Compute whether a figure itself became better in each list."""
    return under_lists(study, part, lambda number, focus: liveability.improved(study, part.name, number, focus))


@step
def does_it_improve(section: Section, study: Study) -> list[Finding]:
    """Record how liveability moved in the list itself, and how it moved against the rest (C7)."""
    return record(section, study, "C7")


@step
def score_picture(section: Section, study: Study) -> pd.DataFrame:
    """Record the mean score of the list and of the rest per year, and its picture."""
    laid = _first_score(study)
    if laid is None:
        return pd.DataFrame()
    name, table = laid.indicator, group_means(laid)
    indicator = study.known.indicator(name)
    number: dict[str, Any] = {"unit": indicator.unit, "decimals": indicator.decimals}
    columns = [Column("year", "year"), Column("group", "group")]
    section.table("09.score", [*columns, *[Column(key, "number", **number) for key in ("value", "low", "high")]], table)
    options = {"unit": indicator.unit, "indicator": name, "sources": list(laid.sources), "level": laid.level}
    section.figure("09.score", "slope", "09.score", f"09.{name}", **options)
    return table


def _first_score(study: Study) -> Laid | None:
    """Lay out the first registered score that has figures; None without any."""
    named = [name for one in claims.registry().claims["C7"]["scores"] for name in one.split("|")]
    for name in (name for name in named if study.known.indicator(name).kind != "class"):
        try:
            return finest(study, name, liveability.window(study), study.focus, liveability.low_status())
        except NotComputableError:
            continue
    return None


@kind("follows")
def after_surroundings(study: Study, part: Part) -> Ways:
    """Compute what residents' position did after one kind of surroundings changed, by what is taken out.

    The year, and where it can be computed each area's own trend too.
    """
    made = {YEAR: liveability.follows(study, part.name, part.number)[0]}
    if judge(made[YEAR]) != NOT_COMPUTABLE:
        strict = liveability.with_unit_effects(study, part.name, f"{part.number}.units")
        made |= {UNIT_AND_YEAR: strict} if judge(strict) != NOT_COMPUTABLE else {}
    return made


@step
def does_position_follow(section: Section, study: Study) -> list[Finding]:
    """Record for each kind of surroundings what residents' position did afterwards, and the other way around (C8)."""
    found, rows = record(section, study, "C8"), []
    for forward in found:
        if forward.estimate is None:
            continue
        name = forward.measure
        backward = liveability.follows(study, name, forward.id)[1]
        strict = liveability.with_unit_effects(study, name, f"{forward.id}.units")
        ways = ((forward, "follows"), (strict, "strict"), (backward, "precedes"))
        rows += [_scaled(one, name, way) for one, way in ways if one is not None and one.estimate is not None]
        section.add(*([] if backward is None else [backward]))
    if rows:
        table = pd.DataFrame(rows)
        table["headline"] = [row == 0 for row in range(len(table))]
        numbers = [Column(key, "number", "times_smallest") for key in ("estimate", "low", "high")]
        columns = [Column("variant", "variant"), *numbers, Column("verdict", "verdict"), Column("headline", "headline")]
        section.table("09.follows", columns, table)
        first = next(finding.id for finding in found if finding.estimate is not None)
        section.figure("09.follows", "specification", "09.follows", first, smallest_effect=1.0, unit="times_smallest")
    return found


def _scaled(finding: Finding, name: str, way: str) -> dict[str, Any]:
    """Give a finding in multiples of its smallest effect, so that figures of different units stand in one picture."""
    small = finding.smallest_effect or 1.0
    numbers = {key: (getattr(finding, key) or 0.0) / small for key in ("estimate", "low", "high")}
    expected = str(claims.registry().claims["C8"]["expected"])
    return {"variant": f"{way}.{name}", **numbers, "verdict": verdict_of(finding, expected)}


@kind("improved")
def side_improved(study: Study, part: Part) -> Ways:
    """Compute whether the surroundings became better in each list, by the first figure of this side that is known."""
    return under_lists(study, part, lambda number, focus: _better(study, part, number, focus))


@kind("position_beside")
def position_improved(study: Study, part: Part) -> Ways:
    """Compute whether residents' position became better in the years in which this side is known.

    Beside a side that no figure tells of there is nothing to set a position: the claim is on both together.
    """

    def make(number: str, focus: Focus) -> Finding:
        side = _better(study, part, number, focus)
        if judge(side) == NOT_COMPUTABLE:  # nothing to set the position beside
            return side
        apart = int(part.entry["years_apart"])
        years = (side.a.year - apart, side.b.year + apart) if side.a.year and side.b.year else None
        return _first(liveability.improved(study, name, number, focus, years) for name in part.entry["positions"])

    return under_lists(study, part, make)


def _better(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Give the change of the first figure of a side that can be computed."""
    return _first(liveability.improved(study, name, number, focus) for name in part.entry["improved"][part.name])


def _first(found: Iterable[Finding]) -> Finding:
    """Give the first finding that can be computed, or else the first; those behind it are not made."""
    made: list[Finding] = []
    for one in found:
        made.append(one)
        if judge(one) != NOT_COMPUTABLE:
            return one
    return made[0]


@step
def better_without_position(section: Section, study: Study) -> list[Finding]:
    """Record whether the list became more liveable and safer while residents' position did not improve (H8)."""
    return record(section, study, "H8")
