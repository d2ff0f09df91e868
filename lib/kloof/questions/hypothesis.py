"""The one step of the notebook of a researcher's hypothesis: what was registered is tested, as it was registered."""

from dataclasses import replace
from typing import Any

from kloof.errors import ParameterError
from kloof.findings import Finding
from kloof.questions import gaps
from kloof.questions.gaps import follow
from kloof.questions.runner import judged
from kloof.results import Column, Section
from kloof.study import claims
from kloof.study.panel import resolve_focus
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
    pairs = [(replace(one, flags=(mark, *one.flags)), verdict) for one, verdict in judged(narrowed, claim)]
    section.add(*[finding for finding, _ in pairs])
    section.decide(*[verdict for _, verdict in pairs])
    _picture(section, narrowed, entry, claim)
    return [finding for finding, _ in pairs]


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
