"""The one step of the notebook of a researcher's hypothesis: what was registered is tested, as it was registered."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kloof.errors import ParameterError
from kloof.findings import NOT_TESTABLE, Finding, Verdict
from kloof.questions import events, gaps, levels
from kloof.questions.gaps import follow
from kloof.results import Column, Section
from kloof.study import claims
from kloof.study.panel import Focus, resolve_focus
from kloof.study.study import Study


def as_registered(study: Study, entry: dict[str, Any]) -> Study:
    """Give the study with the indicator, years, focus list and smallest effect of a hypothesis.

    Raises ParameterError when the indicator is not in the catalogue, naming the command that lists them.
    """
    name = entry["indicator"]
    if name not in study.known.indicators:
        raise ParameterError(f"{entry['id']}: indicator {name!r} is not in the catalogue. See: kloof list indicators.")
    p = replace(
        study.p,
        year_from=entry.get("year_from") or study.p.year_from,
        year_to=entry.get("year_to") or study.p.year_to,
        smallest_effects={**study.p.smallest_effects, name: float(entry["smallest_effect"])},
    )
    if not entry.get("focus"):
        return replace(study, p=p)
    focus = resolve_focus(study.data, study.known, entry["focus"])
    others = tuple(variant for variant in study.variants if variant.name != focus.name)
    return replace(study, p=p, focus=focus, variants=(focus, *others))


def hypothesis(section: Section, study: Study, claim: str) -> list[Finding]:
    """Test a registered hypothesis under every focus list, record its findings and verdicts, and say what it is worth.

    A finding carries the flag registered_before or exploratory. Raises ParameterError for an id that is not registered.
    """
    entries = claims.registry().claims
    if claim not in entries or "exploratory" not in entries[claim]:
        own = ", ".join(name for name, entry in entries.items() if "exploratory" in entry) or "none"
        raise ParameterError(f"{claim} is not a registered hypothesis of your own (there is: {own}).")
    entry = dict(entries[claim])
    narrowed = as_registered(study, entry)
    mark = "exploratory" if entry["exploratory"] else "registered_before"
    found = []
    for measure in entry["measures"]:
        make = _maker(narrowed, entry, measure, f"{claim}.{entry['indicator']}.{measure}", mark)
        found.append(_judged(narrowed, entry, claim, f"{entry['indicator']}.{measure}", make))
    section.add(*[finding for finding, _ in found])
    section.decide(*[verdict for _, verdict in found])
    _picture(section, narrowed, entry, claim)
    return [finding for finding, _ in found]


def _judged(
    study: Study, entry: dict[str, Any], claim: str, row: str, make: Callable[[Focus], Finding]
) -> tuple[Finding, Verdict]:
    """Judge under every focus list; a level says nothing of a list that was chosen on that very figure (as for K3)."""
    if entry["test"] != "gap":
        return claims.judge_row(study, claim, row, make)
    voting = tuple(focus for focus in study.variants if focus.indicator != entry["indicator"])
    if study.focus in voting:
        return claims.judge_row(replace(study, variants=voting), claim, row, make)
    finding, votes = make(study.focus), ((study.focus.name, NOT_TESTABLE),)
    return finding, Verdict(claim, NOT_TESTABLE, finding.id, row, entry["expected"], votes)


def _maker(study: Study, entry: dict[str, Any], measure: str, number: str, mark: str) -> Callable[[Focus], Finding]:
    """Give the function that computes the test under any focus list."""
    name, test = entry["indicator"], entry["test"]

    def make(focus: Focus) -> Finding:
        own = number if focus == study.focus else f"{number}.{focus.name}"
        if test == "gap":
            finding = levels.level_finding(replace(study, focus=focus), name, own)
        elif test == "gap_change":
            finding = gaps.gap_change(study, follow(study, name, focus), measure, own, focus)
        else:
            track = follow(study, name, focus, study.p.trend_from)
            function = events.before_event if test == "gap_change_before" else events.beyond_trend
            finding = function(study, track, measure, own, focus)
        return replace(finding, flags=(mark, *finding.flags))

    return make


def _picture(section: Section, study: Study, entry: dict[str, Any], claim: str) -> None:
    """Record the two lines and the gap between them, when the indicator can be followed."""
    track = follow(study, entry["indicator"], None, None if entry["test"] == "gap_change" else study.p.trend_from)
    if track.panel is None or entry["test"] == "gap":
        return
    indicator = study.known.indicator(track.indicator)
    change = study.known.units[indicator.unit]["change"]
    columns = [
        Column("year", "year"),
        *[Column(key, "number", indicator.unit, indicator.decimals) for key in ("focus", "rest")],
        *[Column(key, "number", change, indicator.decimals) for key in ("gap", "gap_low", "gap_high")],
        Column("relative", "number", "percent", 1), Column("link", "code"), Column("buurten", "number", "number"),
    ]  # fmt: skip
    name = f"{claim}.{track.indicator}"
    section.table(name, columns, gaps.gap_table(study, track))
    first = f"{name}.{entry['measures'][0]}"
    options = {"unit": indicator.unit, "indicator": track.indicator, "sources": list(track.panel.sources)}
    section.figure(name, "gap_lines", name, first, **options)
