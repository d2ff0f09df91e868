"""Steps of notebook 11: does generic policy arrive, how long is the breath, who left assistance; each is recorded."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from kloof import claims, policy
from kloof.findings import NOT_COMPUTABLE, Finding, Verdict, all_of, judge, verdict_of
from kloof.panel import Focus
from kloof.results import Column, Section
from kloof.steps import step
from kloof.study import Study

Maker = Callable[[str, Focus], Finding]  # number and focus list → finding


def _entry(claim: str) -> Any:
    return claims.registry().claims[claim]


def _under(study: Study, number: str, make: Maker) -> Callable[[Focus], Finding]:
    """Give a function of the focus list alone; under another list than the headline's the number carries its name."""
    return lambda focus: make(number if focus == study.focus else f"{number}.{focus.name}", focus)


@step
def does_it_arrive(section: Section, study: Study) -> list[Finding]:
    """Record what arrives in the list of a movement of the municipality, under every list, beside the image (C12)."""
    entry, found, rows, shown = _entry("C12"), [], [], []
    for name in entry["indicators"]:
        make = _under(study, f"11.{name}.arrives", partial(policy.arrives, study, name))
        finding, verdict = claims.judge_row(study, "C12", name, make)
        lacks = judge(finding) == NOT_COMPUTABLE
        if lacks and finding.reason not in ("no_improvement", "rest_moves_against") and name not in entry["needs"]:
            continue
        found.append(finding)
        if not lacks or name in entry["needs"]:
            section.decide(verdict)
        if lacks:
            continue
        rows.append(_arrival(finding))
        shown.append((finding, make))
    section.add(*sorted(found, key=_rank))
    for finding, _ in shown:
        beside = policy.image(finding, f"{finding.id}.image")
        section.add(*([beside] if beside else []))
    if rows:
        parts = [Column(key, "number", "percent", 0) for key in ("arrives_focus", "arrives_rest", "estimate")]
        ends = [Column(key, "number", "percent", 0) for key in ("low", "high")]
        columns = [Column("indicator", "indicator"), *parts, *ends, Column("years", "number", "number")]
        section.table("11.arrives", columns, pd.DataFrame(rows))
        first, make = min(shown, key=lambda pair: _rank(pair[0]))
        options = {"unit": "percent", "indicator": first.indicator, "smallest_effect": first.smallest_effect}
        _specification(section, study, "C12", ("11.arrives_lists", first), make, options)
    return found


def _rank(finding: Finding) -> int:
    """Order findings: those with a range, those without one, those that could not be computed."""
    return 2 if judge(finding) == NOT_COMPUTABLE else 1 if finding.low is None else 0


def _arrival(finding: Finding) -> dict[str, Any]:
    parts = {key: finding.details[key]["value"] for key in ("arrives_focus", "arrives_rest", "years")}
    ends = {"estimate": finding.estimate, "low": finding.low, "high": finding.high}
    return {"indicator": finding.indicator, **parts, **ends}


def _specification(
    section: Section,
    study: Study,
    claim: str,
    named: tuple[str, Finding],
    make: Callable[[Focus], Finding],
    options: Any,
) -> None:
    """Record a finding under every registered list, and its picture."""
    name, headline = named
    expected = str(_entry(claim)["expected"])
    rows = []
    for focus in study.variants:
        finding = headline if focus == study.focus else make(focus)
        numbers = {key: getattr(finding, key) for key in ("estimate", "low", "high")}
        verdict = verdict_of(finding, expected)
        rows.append({"variant": focus.name, **numbers, "verdict": verdict, "headline": focus == study.focus})
    numbered = [Column(key, "number", options["unit"], headline.decimals) for key in ("estimate", "low", "high")]
    columns = [Column("variant", "variant"), *numbered, Column("verdict", "verdict"), Column("headline", "headline")]
    section.table(name, columns, pd.DataFrame(rows))
    section.figure(name, "specification", name, headline.id, **options)


@step
def how_long(section: Section, study: Study) -> list[Finding]:
    """Record what is left of each gap after the registered years, and when a programme would be seen (C13)."""
    entry, found, seen, rows = _entry("C13"), [], [], []
    drawn = None
    for name in entry["indicators"]:
        for measure in entry["measures"]:
            make = _under(
                study, f"11.{name}.left.{measure}",
                partial(policy.left, study, name, measure),
            )  # fmt: skip
            finding, verdict = claims.judge_row(study, "C13", f"{name}.{measure}", make)
            if judge(finding) == NOT_COMPUTABLE and name not in entry["needs"]:
                continue
            section.decide(verdict)
            found.append(finding)
            if finding.estimate is not None and drawn is None:
                drawn = finding, make
        programme, smallest = policy.seen(study, name, f"11.{name}.seen")
        rows += [_horizon(study, name, years, change, programme) for years, change in smallest.items()]
        seen += [programme] if smallest else []
    section.add(*sorted(found, key=_rank), *seen)
    if rows:
        numbers = [Column(key, "number", "@unit") for key in ("smallest", "gap")]
        columns = [Column("indicator", "indicator"), Column("horizon", "number", "years", 0), *numbers]
        section.table("11.horizons", [*columns, Column("unit", "unit")], pd.DataFrame(rows))
    if drawn is not None:
        first, make = drawn
        options = {"unit": first.unit, "indicator": first.indicator}
        _specification(section, study, "C13", ("11.left_lists", first), make, options)
    return found


def _horizon(study: Study, name: str, years: int, smallest: float, programme: Finding) -> dict[str, Any]:
    """Give the row of one number of years: the smallest change that would be seen, and today's gap."""
    gap = programme.details.get("gap_now", {}).get("value")
    unit = str(study.known.units[study.known.indicator(name).unit]["change"])
    return {"indicator": name, "horizon": years, "smallest": smallest, "gap": gap, "unit": unit}


@step
def who_left_assistance(section: Section, study: Study) -> list[Verdict]:
    """Record whether social assistance fell in the list and in the rest, and less in the list (H7)."""
    entry, verdicts = _entry("H7"), []
    for name in entry["indicators"]:
        falls = {focus.name: _falls(study, name, focus) for focus in study.variants}
        section.add(*falls[study.focus.name])
        for measure in entry["measures"]:
            make = _under(
                study, f"11.{name}.fell_less.{measure}",
                partial(policy.fell_less, study, name, measure),
            )  # fmt: skip
            less = {focus.name: make(focus) for focus in study.variants}
            votes = {focus: _fell_less(falls[focus], finding) for focus, finding in less.items()}
            headline = less[study.focus.name]
            own = votes[study.focus.name]
            verdict = claims.under_variants(own, list(votes.values()), claims.registry().agree_minimum)
            lacking = (name,) if judge(headline) == NOT_COMPUTABLE else ()
            row = f"{name}.{measure}"
            verdicts.append(
                Verdict("H7", verdict, headline.id, row, str(entry["expected"]), tuple(votes.items()), lacking)
            )
            section.add(headline)
    section.decide(*verdicts)
    return verdicts


def _falls(study: Study, name: str, focus: Focus) -> list[Finding]:
    tail = "" if focus == study.focus else f".{focus.name}"
    return [policy.fell(study, name, group, f"11.{name}.fell.{group}{tail}", focus) for group in ("focus", "rest")]


def _fell_less(falls: Sequence[Finding], less: Finding) -> str:
    """Join the parts: it fell in the list, it fell in the rest, and less in the list."""
    entry = _entry("H7")
    parts = [verdict_of(finding, str(entry["group_expected"])) for finding in falls]
    return all_of([*parts, verdict_of(less, str(entry["expected"]))])
