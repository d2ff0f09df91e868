"""Steps of notebooks 04 and 05 and of a hypothesis of your own: how gaps changed, before an event and since."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from kloof.catalogue import MONEY
from kloof.errors import ParameterError
from kloof.findings import (
    CHANCE,
    END_ERROR,
    GREW,
    HAPPENED,
    HIGHER,
    NO_FIGURES,
    STAYED,
    Finding,
    error_of,
    happened,
    in_unit,
    judge,
    verdict_of,
)
from kloof.methods.gap import ABSOLUTE, REAL, RELATIVE
from kloof.questions import (  # noqa: F401 (some only register the kinds they compute)
    before_or_since,
    gap_changes,
    groups,
    groups_over_time,
    ladder,
    levels,
    other_places,
)
from kloof.questions.gap_changes import Followed, follow
from kloof.questions.runner import ALL_ALIKE, Part, Ways, computed_first, judged, kind, of_lists, record, under_lists
from kloof.results import Section
from kloof.study import claims
from kloof.study.panel import Focus, resolve_focus
from kloof.study.step import step
from kloof.study.study import Study, comparable_run, usable_years


def _applies(study: Study, name: str, measure: str) -> bool:
    """Tell whether a scale applies to an indicator."""
    return measure in gap_changes.scales_of(study, name)


@of_lists("gap_change", "gap_change_window", applies=_applies, counts=gap_changes.counts_for)
def changed(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute the change of a gap on one scale, within the years that the claim registers if it does."""
    if "window" in part.entry:
        first, last = part.entry["window"]
        p = replace(study.p, year_from=max(study.p.year_from, first), year_to=min(study.p.year_to, last))
        study = replace(study, p=p)
    track = follow(study, part.name, focus)
    variant = "ends" if focus == study.focus or part.how.question == CHANCE else "counted"
    found = gap_changes.change_of_gap(study, track, part.measure, number, focus, variant=variant)
    return replace(with_prices(study, track, found, focus), kind=part.kind)


def with_prices(study: Study, track: Followed, finding: Finding, focus: Focus) -> Finding:
    """Flag a gap in amounts as printed that grew while it did not in constant prices, with its size in those.

    Prices alone make every gap in amounts grow: unsaid, a reader takes it for what happened to the buurten.
    """
    is_printed = finding.measure == ABSOLUTE and study.known.indicator(track.indicator).unit in MONEY
    if not is_printed or happened(finding) != GREW:
        return finding
    real = gap_changes.change_of_gap(study, track, REAL, f"{finding.id}.real", focus, variant="counted")
    fell = real.rounding_high is not None and real.rounding_high <= 0
    if happened(real) != STAYED and not fell:
        return finding
    told = in_unit(real.unit, real.decimals, real_before=real.a.estimate, real_after=real.b.estimate)
    return replace(finding, flags=(*finding.flags, "prices_only"), details={**finding.details, **told})


_AT_EVENT = {"gap_change_before": before_or_since.before_event, "gap_change_since": before_or_since.since_event}


@of_lists(*_AT_EVENT, applies=_applies, counts=gap_changes.counts_for)
def split_at_event(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute the change of a gap before the event, or since."""
    track = follow(study, part.name, focus, study.p.trend_from)
    asked = focus == study.focus or part.how.question == CHANCE
    return _AT_EVENT[part.kind](study, track, part.measure, number, focus, chance=asked)


@of_lists("beyond_trend", applies=_applies, counts=gap_changes.counts_for)
def beyond_its_trend(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute how far a gap went beyond the trend before the event since."""
    track = follow(study, part.name, focus, study.p.trend_from)
    return before_or_since.beyond_trend(study, track, part.measure, number, focus)


@step
def changes(section: Section, study: Study, followed: Sequence[Followed]) -> list[Finding]:
    """Record the change of each gap on every scale that applies, judged where a claim is about it (C1)."""
    found = {finding.id: finding for finding in record(section, study, "C1")}
    for track in followed:
        for measure in gap_changes.scales_of(study, track.indicator):
            number = f"04.{track.indicator}.{measure}"
            if number not in found:
                made = gap_changes.change_of_gap(study, track, measure, number)
                found[number] = with_prices(study, track, made, study.focus)
    section.add(*computed_first([finding for name, finding in found.items() if name not in section.findings]))
    broken = [gap_changes.break_finding(study, track, f"04.{track.indicator}.break") for track in followed]
    section.add(*[finding for finding in broken if finding is not None])
    for track in followed:
        section.leave_out(track.panel.set_aside if track.panel else ())
    return list(found.values())


@step
def scales(section: Section, study: Study, found: Sequence[Finding], notebook: str = "04") -> pd.DataFrame:
    """Record what happened beside whether it is more than chance: a row per indicator and scale."""
    del study
    rows = [
        {
            "indicator": finding.indicator, "measure": finding.measure, "first": finding.a.year,
            "last": finding.b.year, "was": finding.a.estimate, "became": finding.b.estimate,
            "estimate": finding.estimate, "low": finding.low, "high": finding.high, "happened": happened(finding),
            "chance": judge(finding), "unit": finding.unit,
            "change_unit": {"percent": "points"}.get(finding.unit, finding.unit), END_ERROR: error_of(vars(finding)),
            **{key: finding.details.get(key, {}).get("value") for key in ("steps_ahead", "steps_back")},
        }
        for finding in found
        if finding.estimate is not None
    ]  # fmt: skip
    if not rows:
        return pd.DataFrame()
    columns = "indicator measure first,last=year was,became:@unit estimate,low,high:@change_unit happened chance "
    columns += f"steps_ahead,steps_back:number unit change_unit,{END_ERROR}=hidden"
    table = pd.DataFrame(rows)
    section.table(f"{notebook}.scales", columns, table)
    return table


@step
def changes_in_window(section: Section, study: Study) -> list[Finding]:
    """Record the change of each gap within the years of the study, and judge it (H1)."""
    return record(section, study, "H1")


@step
def gap_pictures(
    section: Section, study: Study, followed: Sequence[Followed], notebook: str = "04", finding: str = ""
) -> list[pd.DataFrame]:
    """Record the two lines and the gap between them of each indicator that can be followed, in constant prices.

    Each picture belongs to the change on its own scale, or to the `finding` that is named.
    """
    tables = []
    for track in followed:
        if track.panel is None:
            continue
        indicator = study.known.indicator(track.indicator)
        shown, measure = gap_changes.for_picture(study, track)
        table = gap_changes.picture_table(study, shown)
        change = study.known.unit_of_change(track.indicator)
        level, gap = (f"{unit}:{indicator.decimals}" for unit in (indicator.unit, change))
        columns = f"year focus,rest:{level} gap,gap_low,gap_high:{gap} relative:percent:1 link=code buurten:number"
        name = f"{notebook}.{track.indicator}"
        section.table(name, columns, table)
        flags = before_or_since.is_before(study, track)
        before = [year for year, is_before in zip(track.years, flags, strict=True) if is_before]
        sources = list(track.panel.sources)
        options: dict[str, Any] = {"unit": indicator.unit, "indicator": track.indicator, "sources": sources}
        if before and before[-1] != track.years[-1]:
            options["before_until"] = before[-1]
        section.figure(name, "gap_lines", name, finding or f"{name}.{measure}", **options)
        tables.append(table)
        own = section.findings.get(f"{name}.{measure}")
        if notebook == "04" and ANSWER not in section.figures and own is not None and happened(own) != NO_FIGURES:
            base = {} if indicator.unit in gap_changes.WITHOUT_ZERO else {"index": INDEX_BASE}
            section.figure(ANSWER, "answer", name, own.id, **options, **base)
    if notebook == "04":
        _multiples(section, study, followed)
    return tables


ANSWER, MULTIPLES = "04.answer", "04.multiples"
INDEX_BASE = 100  # of the list and the rest in the first year


def _multiples(section: Section, study: Study, followed: Sequence[Followed]) -> None:
    """Record the gap in proportion to the rest by year, of every indicator of which that was compared."""
    tables, found = [], dict[str, str]()
    sources: set[str] = set()
    for track in followed:
        own = section.findings.get(f"04.{track.indicator}.{RELATIVE}")
        if track.panel is None or own is None or happened(own) == NO_FIGURES:
            continue
        table = gap_changes.picture_table(study, track)
        tables.append(table[table["year"].isin(track.years)].assign(indicator=track.indicator))
        found[track.indicator] = own.id
        sources |= set(own.sources)
    if not tables:
        return
    columns = "indicator year relative:percent:1 link=code"
    section.table(MULTIPLES, columns, pd.concat(tables, ignore_index=True))
    section.figure(MULTIPLES, "multiples", MULTIPLES, None, unit="percent", findings=found, sources=sorted(sources))


@step
def placebos(section: Section, study: Study, followed: Sequence[Followed]) -> list[Finding]:
    """Record what noise alone would make of each gap (regression to the mean)."""
    found = [
        gap_changes.placebo_finding(study, track, f"04.{track.indicator}.placebo") for track in followed if track.panel
    ]
    section.add(*found)
    return found


@step
def variants(section: Section, study: Study, followed: Sequence[Followed]) -> pd.DataFrame:
    """Record the change of the first gap that can be followed under every focus list, weighting and comparison."""
    track = next((track for track in followed if track.panel is not None), None)
    if track is None:
        return pd.DataFrame()
    steady = follow(study, track.indicator, steady=True)
    rows = []
    scale = gap_changes.for_picture(study, track)[1]
    for measure in (scale, RELATIVE):
        number = f"04.{track.indicator}.{measure}"
        found = [
            (
                focus.name,
                gap_changes.change_of_gap(study, follow(study, track.indicator, focus), measure, number, focus),
            )
            for focus in study.variants
        ]
        ways = ("trend", "unweighted", "similar")
        found += [
            (way, gap_changes.change_of_gap(study, track, measure, f"{number}.{way}", variant=way)) for way in ways
        ]
        found.append(("steady", gap_changes.change_of_gap(study, steady, measure, f"{number}.steady")))
        rows += [_variant_row(study, measure, name, finding) for name, finding in found]
    table = pd.DataFrame(rows)
    change = f"{study.known.unit_of_change(track.indicator)}:{study.known.indicator(track.indicator).decimals}"
    for name, measure, unit in ((ABSOLUTE, scale, change), (RELATIVE, RELATIVE, "points")):
        own = table[table["measure"] == measure]
        columns = f"variant estimate,low,high:{unit} verdict headline {END_ERROR}=hidden"
        section.table(f"04.variants.{name}", columns, own)
        if own["estimate"].isna().all():
            continue
        smallest = study.smallest_effect(track.indicator, measure)
        section.figure(
            f"04.variants.{name}", "specification", f"04.variants.{name}", f"04.{track.indicator}.{measure}",
            smallest_effect=smallest, unit=unit.partition(":")[0], indicator=track.indicator,
        )  # fmt: skip
    return table


def _variant_row(study: Study, measure: str, name: str, finding: Finding) -> dict[str, Any]:
    return {
        "measure": measure, "variant": name, "estimate": finding.estimate, "low": finding.low, "high": finding.high,
        "verdict": verdict_of(finding, HIGHER, HAPPENED), "headline": name == study.focus.name,
        END_ERROR: error_of(vars(finding)),
    }  # fmt: skip


@step
def before_and_since(section: Section, study: Study, followed: Sequence[Followed]) -> list[Finding]:
    """Record the NO (C3), the YES (C2) and their mirror image (M1), each under every registered focus list."""
    record(section, study, "C3", "C2", "M1")
    others = []
    for track in followed:
        for measure in gap_changes.scales_of(study, track.indicator):
            for name, make in (("before", before_or_since.before_event), ("since", before_or_since.since_event)):
                number = f"05.{track.indicator}.{measure}.{name}"
                if number not in section.findings:
                    others.append(make(study, track, measure, number))
    section.add(*computed_first(others))
    shares = [before_or_since.share_by_event(study, track, f"05.{track.indicator}.share") for track in followed]
    section.add(*computed_first(shares))
    return [one for one in section.findings.values() if one.kind in ("gap_change_before", "gap_change_since")]


@step
def event_pictures(section: Section, study: Study, followed: Sequence[Followed]) -> list[pd.DataFrame]:
    """Record the gap with the trend before the event drawn on, for each indicator with a trend."""
    tables = []
    for track in followed:
        flags = before_or_since.is_before(study, track)
        if track.panel is None or sum(flags) < 2 or all(flags):
            continue
        indicator = study.known.indicator(track.indicator)
        shown, measure = gap_changes.for_picture(study, track)
        table = before_or_since.event_table(study, shown)
        name, unit = f"05.{track.indicator}", f"{study.known.unit_of_change(track.indicator)}:{indicator.decimals}"
        section.table(name, f"year gap,low,high,trend:{unit} period=code", table)
        section.figure(
            name, "event_study", name, f"{name}.{measure}.before", unit=indicator.unit, indicator=track.indicator,
            sources=list(track.panel.sources),
        )  # fmt: skip
        tables.append(table)
    return tables


# ------------------------------------------------------------------ a hypothesis of a researcher

DRAWN = ("gap_change", "gap_change_before", "beyond_trend", "behind_similar")  # kinds about a gap over the years


@kind("gap")
def behind_now(study: Study, part: Part) -> Ways:
    """Compute how far each list is behind; a list that was chosen on this very figure has no say beside another."""
    chosen = [focus for focus in study.variants if focus.indicator == part.name and focus != study.focus]
    study = replace(study, variants=tuple(focus for focus in study.variants if focus not in chosen))
    return under_lists(
        study, part, lambda number, focus: levels.level_finding(replace(study, focus=focus), part.name, number)
    )


@kind("relation")
def goes_with(study: Study, part: Part) -> Ways:
    """Compute how one figure goes with another over the buurten; no focus list has a say in it."""
    names = part.name, str(part.entry["other"])
    least = float(part.entry.get("per", 1.0)), float(part.entry["smallest_effect"])
    return {ALL_ALIKE: levels.relation_finding(study, names, part.number, part.measure, least)}


def as_registered(study: Study, entry: Mapping[str, Any]) -> Study:
    """Give the study with the figures, years, focus list, other places and smallest effect of a hypothesis.

    Raises ParameterError when a figure or group is not in the catalogue, naming the command that lists them.
    """
    figures = [name for name in (entry.get("indicator"), entry.get("other")) if name]
    if strange := [name for name in figures if name not in study.known.indicators]:
        raise ParameterError(
            f"{entry['id']}: indicator {strange[0]!r} is not in the catalogue. See: kloof list indicators."
        )
    if "group" in entry and entry["group"] not in study.known.groups:
        raise ParameterError(f"{entry['id']}: group {entry['group']!r} is not in the catalogue (data/catalogue.toml).")
    smallest = {entry["indicator"]: float(entry["smallest_effect"])} if entry.get("indicator") else {}
    p = replace(
        study.p,
        year_from=entry.get("year_from") or study.p.year_from,
        year_to=entry.get("year_to") or study.p.year_to,
        smallest_effects={**study.p.smallest_effects, **smallest},
        comparisons=tuple(entry.get("places") or study.p.comparisons),
    )
    study = study.beside(p.comparisons)
    if not entry.get("focus"):
        return replace(study, p=p)
    focus = resolve_focus(study.data, study.known, entry["focus"], study.p.year_from)
    others = tuple(variant for variant in study.variants if variant.name != focus.name)
    return replace(study, p=p, focus=focus, variants=(focus, *others))


ANY_YEAR = (0, 9999)
ONE_YEAR = ("gap", "group_index", "relation")  # kinds that look at one year; all others compare two


def faults_of_figures(study: Study, entry: Mapping[str, Any]) -> list[str]:
    """List why a hypothesis cannot be tested on these figures, with the years that there are; nothing is computed.

    `study` as `as_registered` gives it, `entry` as in `hypotheses.faults_of`, without faults there.
    """
    trend = entry["kind"] in ("gap_change_before", "beyond_trend")
    window = study.p.trend_from if trend else study.p.year_from, study.p.year_to
    there = years_there(study, entry)
    shared = set.intersection(*(set(years) for years in there.values()))
    inside = sorted(year for year in shared if window[0] <= year <= window[1])
    needs = 1 if entry["kind"] in ONE_YEAR else 2
    figure = next(iter(there))
    told = "; ".join(f"{name}: {', '.join(map(str, years)) or 'none'}" for name, years in there.items())
    where = f"{study.p.municipality} has figures for enough buurten in these years: {told}"
    span = f"{window[0]}-{window[1]}"
    if len(inside) < needs:
        return [f"no figures to test it with in {span} ({where}); it takes {needs} of them. Set year_from and year_to"]
    if needs == 2 and len(comparable_run(study, _figure_of(study, figure), inside)[0]) < 2:
        return [f"no two years in {span} can be compared: a break lies between them ({where})"]
    if entry["kind"] == "beside_places":
        measure = str(entry["measures"][0])
        pair, numbers = other_places.common_run(study, figure, measure)
        if pair is None:
            others = {place: sorted(made) for place, made in numbers.items() if place != study.p.municipality}
            had = "; ".join(f"{place}: {', '.join(map(str, years))}" for place, years in others.items()) or "none"
            return [f"fewer than three other municipalities have figures in two of its years ({where}; others: {had})"]
    return []


def years_there(study: Study, entry: Mapping[str, Any]) -> dict[str, list[int]]:
    """Give the years in which each figure or group of a hypothesis is known for enough buurten of the place."""
    wide = replace(study, p=replace(study.p, year_from=ANY_YEAR[0], year_to=ANY_YEAR[1]))
    figures = [name for name in (entry.get("indicator"), entry.get("other")) if name]
    there = {name: usable_years(study, name, *ANY_YEAR)[0] for name in figures}
    if group := entry.get("group"):
        there[group] = [counts.year for counts in groups.group_counts(wide, group) if not counts.undefined]
    return there


def _figure_of(study: Study, name: str) -> str:
    """Give the indicator whose breaks count for a figure or a group."""
    group = study.known.groups.get(name)
    return (group.share or group.count or "") if group else name


def own_hypothesis(section: Section, study: Study, claim: str) -> list[Finding]:
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
    if entry["kind"] in DRAWN:
        start = narrowed.p.trend_from if entry["kind"] in ("gap_change_before", "beyond_trend") else None
        track = follow(narrowed, entry["indicator"], None, start)
        gap_pictures(section, narrowed, [track], claim, pairs[0][0].id)
    return [finding for finding, _ in pairs]
