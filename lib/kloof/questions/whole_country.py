"""How the gap changed in all municipalities together, and where this one, and its own list, stand among them."""

from dataclasses import replace
from math import floor
from typing import Any

import numpy as np
import pandas as pd

from kloof.country import gaps as country
from kloof.country.gaps import OWN_RANGE, National, Question, of_own_list
from kloof.errors import NotComputableError
from kloof.findings import Finding, Side, in_unit
from kloof.methods.gap import ABSOLUTE, REAL, RELATIVE
from kloof.questions.other_places import sources_of
from kloof.results import Section
from kloof.store.shared import common
from kloof.study.panel import balance
from kloof.study.step import step
from kloof.study.study import Study, comparable_run, list_flags, usable_years

_TOLD = (REAL, RELATIVE, ABSOLUTE)  # in this order
TABLE = "13.country"


@step
def changes_everywhere(section: Section, study: Study) -> pd.DataFrame:
    """Record the mean change of the gap over all municipalities, and this one's place among them with its range.

    A finding on the mean, one on the place and one on the list that the study was given, for each figure of the study
    and scale that the store or the project has for enough municipalities; the table, a row for each municipality, is of
    the first of them.
    """
    answers = [one for question in asked(study) if (one := _together(study, question)) is not None]
    answers.sort(key=lambda one: -len(one.places))  # first what most of them can say
    for one in answers:
        section.add(mean_of(study, one), *place_of(study, one), *own_list_of(study, one))
    return _laid_out(section, answers[0]) if answers else pd.DataFrame()


def asked(study: Study) -> list[Question]:
    """List what can be asked of every municipality about the figures of a study."""
    wanted = dict.fromkeys((*study.p.indicators, *study.p.levels))
    held = country.embedded_questions()
    return [one for name in wanted for scale in _TOLD for one in held if (one.indicator, one.scale) == (name, scale)]


def _together(study: Study, question: Question) -> National | None:
    """Answer a question for every municipality, this one beside all; none where too few have an answer."""

    def compute() -> National | None:
        try:
            return country.answer(study.known, question)
        except NotComputableError:
            return None

    found = common("everywhere", lambda: question, compute)
    return None if found is None else replace(found, place=study.p.municipality)


def _fields(study: Study, found: National, kind: str) -> dict[str, Any]:
    """Give what findings on the same question share."""
    one = found.question
    return {
        "kind": kind, "measure": one.scale, "unit": found.unit, "indicator": one.indicator, "focus": study.focus.name,
        "range_kind": ("process",), "smallest_effect": found.smallest_effect,
        "flags": ("of_the_lowest_fifth", *(["last_prices"] if one.scale == REAL else [])),
        "sources": sources_of(study, one.indicator, [one.first, one.last]),
    }  # fmt: skip


def mean_of(study: Study, found: National) -> Finding:
    """Say how the gap changed in the mean municipality, and in which part of them it surely grew or shrank."""
    one = found.question
    estimate, low, high = found.mean
    details = in_unit("number", 0, municipalities=len(found.places)) | in_unit(found.unit, spread=found.spread[0])
    details |= in_unit("percent", 0, grew=found.grew, shrank=found.shrank, told=found.grew + found.shrank)
    buurten = int(found.places["buurten"].sum())
    return Finding(
        id=f"13.country.{one.indicator}.{one.scale}", estimate=estimate, low=low, high=high, details=details,
        a=Side(one.first, n_units=buurten), b=Side(one.last, n_units=buurten),
        **_fields(study, found, "country_change"),
    )  # fmt: skip


def place_of(study: Study, found: National) -> list[Finding]:
    """Say how the gap changed here with what all municipalities teach, and which place that is; nothing without one."""
    one = found.question
    rows = found.places[found.places["municipality"] == found.place]
    if rows.empty:
        return []
    own = rows.iloc[0]
    counts = {name: int(own[name]) for name in ("rank_low", "rank_high", "listed")}
    details = in_unit("number", 0, **counts, municipalities=len(found.places))
    details |= in_unit(found.unit, own=float(own["estimate"]))
    buurten = int(own["buurten"])
    return [
        Finding(
            id=f"13.country.{one.indicator}.{one.scale}.place", estimate=float(own["expected"]),
            low=float(own["low"]), high=float(own["high"]), details=details,
            a=Side(one.first, n_units=buurten), b=Side(one.last, n_units=buurten),
            **_fields(study, found, "country_place"),
        )
    ]  # fmt: skip


def own_list_of(study: Study, found: National) -> list[Finding]:
    """Say how the gap of the list that the study was given changed, with what all other municipalities teach.

    Nothing for a list that a rule made, as the country has its own rule, nor where this place lacks one of both years,
    has too little measured, or has other figures since.
    """
    one, name = found.question, found.question.indicator
    years, _ = usable_years(study, name, one.first, one.last)
    run, _ = comparable_run(study, name, years)
    if study.focus.indicator is not None or not {one.first, one.last} <= set(run):
        return []
    table, _ = common("changes", lambda: one, lambda: country.held_or_embedded(study.known, one))
    try:
        panel = balance(study.data, study.known, name, (one.first, one.last), study.focus)
        buurten = pd.DataFrame(
            {"before": panel.value[:, 0], "after": panel.value[:, 1], "weight": panel.weight, "listed": panel.is_focus},
            index=list(panel.codes),
        )
        own = of_own_list(study.known, one, study.p.municipality, buurten, table)
    except NotComputableError:
        return []
    if panel.coverage < study.coverage_minimum:
        return []
    chances = {
        "grew": own.above_zero, "shrank": 1 - own.above_zero, "grew_more": own.above_smallest,
        "shrank_more": own.below_smallest, "within": OWN_RANGE,
    }  # fmt: skip
    details: dict[str, Any] = {
        key: {"value": floor(1000 * chance + 1e-9) / 10, "unit": "percent", "decimals": 0 if key == "within" else 1}
        for key, chance in chances.items()  # downwards, so that nothing that may be otherwise has a chance of 100
    }
    details |= in_unit("number", 0, municipalities=own.others, listed=int(panel.is_focus.sum()))
    details |= in_unit(found.unit, own=own.own)
    flags = (*list_flags(study, study.focus, one.first), *(["last_prices"] if one.scale == REAL else []))
    shared = {**_fields(study, found, "country_own_list"), "flags": flags, "sources": panel.sources}
    return [
        Finding(
            id=f"13.country.{name}.{one.scale}.own_list", estimate=own.expected, low=own.low, high=own.high,
            a=Side(one.first, n_units=len(panel.codes)), b=Side(one.last, n_units=len(panel.codes)), details=details,
            coverage=panel.coverage, coverage_minimum=study.coverage_minimum, **shared,
        )
    ]  # fmt: skip


def _laid_out(section: Section, found: National) -> pd.DataFrame:
    """Record every municipality of an answer, and the picture of them."""
    one = found.question
    table = pd.DataFrame({
        "area": found.places["municipality"],
        "group": np.where(found.places["municipality"] == found.place, "focus", "rest"),
        "value": found.places["expected"], "low": found.places["low"], "high": found.places["high"],
        "rank_low": found.places["rank_low"], "rank_high": found.places["rank_high"],
    })  # fmt: skip
    section.table(TABLE, f"area group value,low,high:{found.unit} rank_low,rank_high:number", table)
    finding = f"13.country.{one.indicator}.{one.scale}"
    section.figure(TABLE, "municipalities", TABLE, finding, indicator=one.indicator, unit=found.unit)
    return table
