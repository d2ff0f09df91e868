"""Is this place special? The same measures in other municipalities, with the rank of this one and its range.

And how the gap changed in all municipalities together, with where this one, and its own list, stand among them.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import floor
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue, Group
from kloof.country import gaps as country
from kloof.country.figures import COVERED, held
from kloof.country.gaps import OWN_RANGE, National, Question, of_own_list
from kloof.country.matched import LATER_TENURE, NO_TENURE, SAME_YEAR, Alike, Beside, beside
from kloof.country.segregation import embedded_segregation
from kloof.errors import NotComputableError, ParameterError
from kloof.findings import NOT_COMPUTABLE, Finding, Side, in_unit, judge, with_range
from kloof.measures.country import counts_everywhere, measure_everywhere, own_municipality
from kloof.measures.registry import INDICES
from kloof.methods.gap import ABSOLUTE, REAL, RELATIVE
from kloof.methods.regression import beside_others
from kloof.questions import groups
from kloof.questions.groups import group_counts
from kloof.questions.runner import ALL_ALIKE, Part, Ways, kind
from kloof.results import Section
from kloof.store import read
from kloof.store.shared import common
from kloof.study import claims
from kloof.study.dataset import STORE
from kloof.study.panel import balance, series
from kloof.study.step import step
from kloof.study.study import Study, comparable_run, list_flags, usable_years

SPREAD = "coefficient_of_variation"
EVENNESS = "dissimilarity"
MEAN = "mean"
FEWEST_BESIDE = 3  # municipalities, this one included: with fewer a rank says nothing
RANKS = ("rank", "rank_low", "rank_high")
_FLAGS = {SAME_YEAR: "same_year_base", LATER_TENURE: LATER_TENURE, NO_TENURE: NO_TENURE}
_COLUMNS = ("subject", "index", "area", "year", "estimate", "low", "high", "buurten", "not_measured")


def measures(study: Study) -> pd.DataFrame:
    """Compute every measure for this municipality and the comparisons, each in the last year that they all allow.

    Columns: COLUMNS and rank, rank_low, rank_high (1 is the furthest apart). Measures: dissimilarity of each group, and
    the coefficient of variation of each indicator; `low`-`high` is what rounding (and missing buurten) leaves open.
    A measure with fewer than three municipalities is left out.
    """
    even = groups.comparison_table(study).rename(columns={"group_name": "subject"}).assign(index=EVENNESS)
    names = dict.fromkeys((*study.p.levels, *study.p.indicators))
    table = pd.concat([even, *[_spread(study, name) for name in names]], ignore_index=True).reindex(
        columns=list(_COLUMNS)
    )
    kept = []
    for _, rows in table.groupby(["subject", "index"], sort=False):
        if len(rows) >= FEWEST_BESIDE and (rows["area"] == study.p.municipality).any():
            kept.append(rows.assign(**ranks(rows)).sort_values(["rank", "area"], kind="stable"))
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=[*_COLUMNS, *RANKS])


def ranks(rows: pd.DataFrame) -> dict[str, list[int]]:
    """Rank by estimate, 1 for the highest, with the best and the worst place that the ranges allow.

    The best place counts only those that are certainly higher (their low above this high), the worst place all that
    may be (their high above this low); equal estimates share the better place.
    """
    estimate, low, high = (rows[name].to_numpy(float) for name in ("estimate", "low", "high"))
    own = np.eye(len(rows), dtype=bool)
    return {
        "rank": [int(count) + 1 for count in (estimate[None, :] > estimate[:, None]).sum(axis=1)],
        "rank_low": [int(count) + 1 for count in (low[None, :] > high[:, None]).sum(axis=1)],
        "rank_high": [int(count) + 1 for count in ((high[None, :] > low[:, None]) & ~own).sum(axis=1)],
    }


def _spread(study: Study, name: str) -> pd.DataFrame:
    """Compute the coefficient of variation of an indicator in every municipality, in the last year that all have."""
    indicator = study.known.indicator(name)
    by_place: dict[str, dict[int, pd.DataFrame]] = {}
    for place in dict.fromkeys((study.p.municipality, *study.p.comparisons)):
        years = _measured(study, name, indicator.weighed_by, place)
        if years:
            by_place[place] = years
    shared = set.intersection(*(set(years) for years in by_place.values())) if by_place else set()
    rows = []
    for place, years in by_place.items() if shared else ():
        here, year = years[max(shared)], max(shared)
        try:
            found = groups.spread_of(SPREAD, here)
        except NotComputableError:
            continue
        rows.append((name, SPREAD, place, year, *found, len(here), int(here.attrs["missing"])))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _measured(study: Study, name: str, weighed_by: Sequence[str], place: str) -> dict[int, pd.DataFrame]:
    """Give per year the buurten of a municipality with figure and weight, when these hold enough of its people."""
    table = series(study.data, study.known, name, "buurt", place)
    made = {}
    for year in sorted(set(table["year"])):
        if not study.p.year_from <= year <= study.p.year_to:
            continue
        here = table[table["year"] == year].set_index("code")
        for weigher in weighed_by:
            weight = series(study.data, study.known, weigher, "buurt", place)
            weight = weight[weight["year"] == year].set_index("code").reindex(here.index)
            if weight["value"].notna().any():
                break
        else:
            continue
        known = here["value"].notna() & (weight["value"] > 0)
        whole = float(weight["value"].sum())
        if not known.any() or 100 * float(weight.loc[known, "value"].sum()) < study.coverage_minimum * whole:
            continue
        joined = here[known].assign(weight=weight["value"], weight_low=weight["low"], weight_high=weight["high"])
        joined.attrs["missing"] = int((~known & ~(weight["value"] == 0)).sum())
        made[int(year)] = joined
    return made


def by_year(study: Study, name: str, measure: str, place: str) -> dict[int, float]:
    """Give a measure of one municipality in every year of the window that it has enough figures for.

    Of an indicator its mean or its spread over the buurten (mean, coefficient_of_variation), of a group an index.
    """
    if name in study.known.groups:
        made = [counts for counts in group_counts(study, name, place) if not counts.undefined]
        return {one.year: float(INDICES[measure].function(one.group, one.rest, (0,))[0]) for one in made}
    found: dict[int, float] = {}
    for year, here in _measured(study, name, study.known.indicator(name).weighed_by, place).items():
        if measure == MEAN:
            found[year] = float(np.average(here["value"], weights=here["weight"]))
            continue
        try:
            found[year] = groups.spread_of(measure, here)[0]
        except NotComputableError:
            continue
    return found


def common_run(study: Study, name: str, measure: str) -> tuple[tuple[int, int] | None, dict[str, dict[int, float]]]:
    """Give the first and last year that can be compared and that most municipalities share, and every place's numbers.

    None when this municipality has no two comparable years that at least three others have too.
    """
    places = dict.fromkeys((study.p.municipality, *study.p.comparisons))
    numbers = {place: made for place in places if (made := by_year(study, name, measure, place))}
    group = study.known.groups.get(name)
    figure = (group.share or group.count or "") if group else name
    run, _ = comparable_run(study, figure, sorted(numbers.get(study.p.municipality, {})))
    pairs = [(first, last) for first in run for last in run if first < last]
    beside = {pair: sum(pair[0] in made and pair[1] in made for made in numbers.values()) - 1 for pair in pairs}
    enough = [pair for pair in pairs if beside[pair] >= FEWEST_BESIDE]
    return max(enough, key=lambda pair: (pair[1] - pair[0], pair[1]), default=None), numbers


@kind("beside_places")
def changed_beside(study: Study, part: Part) -> Ways:
    """Compute how the place changed beside other municipalities; no focus list has a say in it."""
    smallest = float(part.entry["smallest_effect"])
    return {ALL_ALIKE: beside_places(study, part.name, part.number, part.measure, smallest)}


def beside_places(study: Study, name: str, number: str, measure: str, smallest: float) -> Finding:
    """Judge whether a measure of this municipality changed more than those of the others did on average.

    Over the longest comparable years that at least three others have too. The range is that of a single case beside
    others (`regression.beside_others`): it says how far a municipality like them could lie from their mean.
    """
    years, numbers = common_run(study, name, measure)
    is_mean = measure == MEAN
    unit = study.known.unit_of_change(name) if is_mean else "index"
    base: dict[str, Any] = {
        "id": number, "kind": "beside_places", "measure": measure, "indicator": name, "unit": unit,
        "focus": study.focus.name, "smallest_effect": smallest, "flags": ("register", "only_complete_buurten"),
    }  # fmt: skip
    if years is None:
        return Finding(reason="too_few_municipalities" if study.p.municipality in numbers else "no_figures", **base)
    moved = {place: made[years[1]] - made[years[0]] for place, made in numbers.items() if {*years} <= made.keys()}
    own = moved.pop(study.p.municipality)
    others = np.array(list(moved.values()))
    a, b = Side(years[0], "others", float(others.mean()), n_units=len(others)), Side(years[1], "all", own)
    try:
        found = beside_others(own, others)
    except NotComputableError as problem:
        return Finding(reason=problem.reason, a=a, b=b, **base)
    details = in_unit("probability", p_value=found.p_value) | in_unit("number", degrees=found.df)
    return Finding(**with_range(found), range_kind=("process",), a=a, b=b, details=details,
                   sources=sources_of(study, name, years), **base)  # fmt: skip


def sources_of(study: Study, name: str, years: Sequence[int]) -> tuple[str, ...]:
    """Name the sources of a figure or a group in some years."""
    group = study.known.groups.get(name)
    table = series(study.data, study.known, (group.share or group.count or "") if group else name)
    used = table.loc[table["year"].isin(list(years)) & (table["source"] != ""), "source"]
    return tuple(sorted({part for source in used for part in source.split("|")}))


@step
def standings(section: Section, study: Study) -> pd.DataFrame:
    """Record where this municipality stands on each measure: against the middle one of the others, and its rank."""
    table = measures(study)
    found = [
        place_finding(study, rows, f"13.{index}.{subject}")
        for (subject, index), rows in table.groupby(["subject", "index"], sort=False)
    ]
    if not found:
        base: dict[str, Any] = {"kind": "place_among", "measure": EVENNESS, "unit": "index", "focus": study.focus.name}
        found = [Finding(id="13.none", reason="too_few_municipalities", **base)]
    section.add(*sorted(found, key=lambda finding: judge(finding) == NOT_COMPUTABLE))
    if table.empty:
        return table
    shown = table.rename(columns={"subject": "part", "index": "measure"})
    columns = f"part measure=hidden area year estimate,low,high:index {','.join(RANKS)}:number"
    section.table("13.places", columns, shown)
    first = found[0]
    rows = table[(table["subject"] == first.indicator) & (table["index"] == first.measure)]
    rows = rows.assign(group=np.where(rows["area"] == study.p.municipality, "focus", "rest"), value=rows["estimate"])
    section.table("13.first", "area group value,low,high:index", rows)
    section.figure("13.first", "standing", "13.first", first.id, unit="index", sources=list(first.sources))
    return table


def place_finding(study: Study, rows: pd.DataFrame, number: str) -> Finding:
    """Set this municipality against the middle one of the others, with its rank; rows: COLUMNS and RANKS."""
    own = rows[rows["area"] == study.p.municipality].iloc[0]
    others = rows[rows["area"] != study.p.municipality]
    year, middle = int(own["year"]), float(others["estimate"].median())
    details = in_unit("number", **{key: int(own[key]) for key in RANKS}, places=len(rows))
    name = str(own["subject"])
    return Finding(
        id=number, kind="place_among", measure=str(own["index"]), unit="index", indicator=name,
        estimate=float(own["estimate"]) - middle, low=float(own["low"] - others["high"].median()),
        high=float(own["high"] - others["low"].median()), range_kind=("rounding", "suppression"),
        smallest_effect=study.smallest_effect(name, "index"), details=details, focus=study.focus.name,
        a=Side(year, "others", middle, n_units=int(others["buurten"].sum())),
        b=Side(year, "all", float(own["estimate"]), float(own["low"]), float(own["high"]), int(own["buurten"])),
        sources=sources_of(study, name, [year]), flags=("register", "only_complete_buurten"),
    )  # fmt: skip


FEWEST_IN_COUNTRY = 30  # municipalities with a number: with fewer this is no country
QUANTILES = {"p10": 0.1, "p25": 0.25, "middle": 0.5, "p75": 0.75, "p90": 0.9}
EDGES = ("p10", "p90")  # only drawn
NUMBERS = ("estimate", "low", "high", "expected", *QUANTILES)
COUNTS = (*RANKS, "municipalities", "without")


@step
def country_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record the dissimilarity of each group here and in all municipalities, in the last year of this one.

    Columns: group_name, year, estimate, low-high (what rounding and suppression allow at most), expected (what chance
    alone would give here), rank (1 is the furthest apart), rank_low-rank_high (the places that the ranges allow),
    municipalities, without (those that have no number: one buurt, too little measured), and the value below which 10,
    25, 50, 75 and 90 percent of the municipalities lie. Groups for which fewer than 30 municipalities have a number
    are left out. Without a store of the country only the place among all is recorded, of the groups and years that
    data/national_segregation.csv holds.
    """
    if study.data.name != STORE:
        section.add(*_among_embedded(study))
    made = [_of_group(study, name) for name in study.p.groups] if study.data.name == STORE else []
    rows = []
    for name, table in [one for one in made if one]:
        finding = place_finding(study, table, f"03.country.{name}")
        section.add(finding)
        own = table[table["area"] == study.p.municipality].iloc[0]
        row: dict[str, Any] = {"group_name": name, "municipalities": len(table)}
        row |= {key: own[key] for key in ("year", *NUMBERS[:4], *COUNTS) if key in own}
        row |= {key: table["estimate"].quantile(share) for key, share in QUANTILES.items()}
        rows.append(row)
    country = pd.DataFrame(rows, columns=["group_name", "year", *NUMBERS, *COUNTS])
    if not country.empty:
        numbers = " ".join(f"{key}={'hidden' if key in EDGES else 'number'}:index" for key in NUMBERS)
        section.table("03.country", f"group_name year {numbers} {','.join(COUNTS)}:number", country)
        section.figure("03.country", "country", "03.country", f"03.country.{country['group_name'].iloc[0]}")
    return country


def _among_embedded(study: Study) -> list[Finding]:
    """Set this municipality among those that the project holds figures of, in the last of their years in the window."""
    found = []
    for name in study.p.groups:
        held = embedded_segregation(name, EVENNESS, (study.p.year_from, study.p.year_to))
        levels = pd.DataFrame() if held is None else held[held["first"].isna()]
        if levels.empty:
            continue
        last = levels[levels["year"] == levels["year"].max()].rename(columns={"municipality": "area"})
        if study.p.municipality in set(last["area"]):
            table = last.assign(subject=name, **ranks(last))
            found.append(place_finding(study, table, f"03.country.{name}"))
    return found


def _of_group(study: Study, name: str) -> tuple[str, pd.DataFrame] | None:
    """Give the measure of a group for every municipality of the store that has one, with its rank; None for too few."""
    own = [counts for counts in group_counts(study, name) if not counts.undefined]
    if not own:
        return None
    edition, least = (own[-1].year, own[-1].sources), study.coverage_minimum
    key = (name, edition, least)
    table = common("among", lambda: key, lambda: _among_all(study.known, name, edition, least))
    return (name, table) if len(table) >= FEWEST_IN_COUNTRY and study.p.municipality in set(table["area"]) else None


def _among_all(known: Catalogue, name: str, edition: tuple[int, tuple[str, ...]], least: float) -> pd.DataFrame:
    """Measure a group in every municipality in a year and from some sources, and rank those that have a number."""
    group = known.group(name)
    rows = _rows(group, *edition)
    counted = counts_everywhere(rows, known, group, own_municipality(rows["code"].unique()))
    found = measure_everywhere(counted, [EVENNESS], least)
    table = found[found["estimate"].notna()].rename(columns={"municipality": "area", "n_units": "buurten"})
    without = int(found["municipality"].nunique() - len(table))
    return table.assign(subject=name, without=without, **ranks(table))


def _rows(group: Group, year: int, sources: tuple[str, ...]) -> pd.DataFrame:
    """Get the figures of all buurten for the year and the sources that a municipality's counts are made of."""
    found: list[pd.DataFrame] = []
    for name in dict.fromkeys((group.share or group.count or "", group.base, "inhabitants")):
        try:
            found.append(read.indicator(name))
        except ParameterError:  # the store has no such figure at all: the counts then say so
            continue
    rows = pd.concat(found, ignore_index=True)
    buurten = rows["code"].str.startswith("BU") & (rows["year"] == year)
    chosen: pd.DataFrame = rows[buurten & rows["source"].isin(sources)].reset_index(drop=True)
    return chosen


@step
def beside_neighbours(section: Section, study: Study) -> list[Finding]:
    """Record what the list did beside buurten like it elsewhere, of the first figure of C1 that the store has so.

    With other figures than those of the store, or where there is nothing alike, nothing.
    """
    for name in claims.registry().claims["C1"]["indicators"] if study.data.name == STORE else ():
        made = _beside(study, name)
        if made is not None:
            section.add(_of_neighbours(study, made))
            break
    return list(section.findings.values())


def _beside(study: Study, name: str) -> Beside | None:
    """Compare from the second year to the last, so that the level is of the first; of two years, one to the other."""
    counts = held(study.known, name).notna().sum()
    years = [int(year) for year in counts.index if counts[year] >= COVERED * counts.max()]
    if len(years) < 2:
        return None
    rule = f"lowest:20%:{name}:first"  # not asked: the list is that of the study
    asked = Question(name, years[min(1, len(years) - 2)], years[-1], RELATIVE, rule)
    try:
        made = beside(study.known, asked, study.p.municipality, Alike(), study.focus.codes)
    except (NotComputableError, ParameterError):
        return None
    return None if np.isnan(made.others[0]) else made


def _of_neighbours(study: Study, made: Beside) -> Finding:
    """Make the finding of what the list did beyond its neighbours, and the rest of the place beyond theirs."""
    name = made.question.indicator
    flags = [_FLAGS[flag] for flag in made.flags]
    flags += ["modelled"] if study.known.indicator(name).modelled else []
    matched = len(made.buurten) - made.unmatched
    beyond = dict(zip(("beyond", "beyond_low", "beyond_high"), made.beyond, strict=True))
    details = in_unit(made.unit, 1, others=made.others[0], **beyond)
    details |= in_unit("number", 0, matched=matched, neighbours=made.used)
    return Finding(
        id=f"13.{name}.{RELATIVE}.neighbours", kind="beside_neighbours", measure=RELATIVE, unit=made.unit,
        indicator=name, decimals=1, focus=study.focus.name, estimate=made.change[0], low=made.change[1],
        high=made.change[2], range_kind=("process",), smallest_effect=made.smallest_effect,
        a=Side(made.question.first, n_units=matched, n_missing=made.unmatched),
        b=Side(made.question.last, n_units=made.used), flags=tuple(flags), details=details,
    )  # fmt: skip


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
