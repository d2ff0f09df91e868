"""What chance, the years between and the size of the areas do to an index, and whether a group came to live apart.

Four kinds of uncertainty stand beside each other and are never mixed: the range of rounding and empty cells is in
`groups`; here are chance in who lives where, what chance alone would give, and, for a change, which buurten make up
the town.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kloof.findings import END_ERROR, Finding, Side, in_unit
from kloof.measures.bounds import index_range, share_counts
from kloof.measures.chance import bias_corrected, more_than_chance
from kloof.measures.counts import prepare
from kloof.measures.decompose import decompose
from kloof.measures.intervals import Limits, interval
from kloof.measures.resample import Difference, Dissimilarity, Drawing, Measure, theil_h_of_sums, two_groups
from kloof.measures.scale import by_scale
from kloof.measures.tables import CountBox
from kloof.measures.two_groups import isolation
from kloof.methods.randomisation import PERCENTILE, error_of_ends
from kloof.questions.groups import GroupCounts, group_counts
from kloof.questions.runner import ALL_ALIKE, Part, Ways, kind, record
from kloof.results import Section
from kloof.study.panel import base_of, series
from kloof.study.step import step
from kloof.study.study import Study, comparable_run

_MEASURES: dict[str, Measure] = {
    "dissimilarity": Dissimilarity(0),
    "isolation": two_groups(isolation, 0),
    "theil_h": theil_h_of_sums,
}
_SCALE = (0.0, 1.0)  # of all three
_DRAWS = 9999
PARTITIONS = 9999
_RESAMPLES = 10  # times the draws that are asked for
SPLIT = {
    "additions": "appeared",
    "removals": "disappeared",
    "structural": "structure",
    "unit_marginal": "sizes",
    "group_marginal": "group_size",
}


def _counted(study: Study, name: str) -> list[GroupCounts]:
    """Give the years in which a group has an index."""
    return [counts for counts in group_counts(study, name) if not counts.undefined]


@step
def chance_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record, for the last year of each group, how far chance in who lives where can move its indices.

    Columns: group_name, year, index, estimate, low-high (95 percent, people of each buurt drawn anew), expected (what
    nobody choosing would give: the same people dealt over the same homes), p_value of that, corrected (D without the
    upward push of chance).
    """
    rows = []
    for name in study.p.groups:
        for counts in _counted(study, name)[-1:]:
            table = np.stack([counts.group, counts.rest])
            people = Drawing(study.rng("people"), _DRAWS)
            drawn = interval(_MEASURES, table, people, "people_bootstrap", how=Limits(scale=_SCALE)).set_index("index")
            null = more_than_chance(_MEASURES, table, Drawing(study.rng("null"), _DRAWS)).set_index("index")
            for index in _MEASURES:
                one, other = drawn.loc[index], null.loc[index]
                corrected = float(bias_corrected(*table)[0]) if index == "dissimilarity" else None
                rows.append(
                    (name, counts.year, index, one["estimate"], one["low"], one["high"], other["expected"], corrected,
                     other["p_value"], _error(one, _DRAWS))
                )  # fmt: skip
    columns = ["group_name", "year", "index", "estimate", "low", "high", "expected", "corrected", "p_value", END_ERROR]
    made = pd.DataFrame(rows, columns=columns)
    if not made.empty:
        laid = f"group_name year index estimate,low,high,expected,corrected:index p_value,{END_ERROR}=hidden"
        section.table("03.chance", laid, made)
    return made


@step
def change_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record how the dissimilarity of each group changed between its first and last comparable year, and of what.

    Columns: group_name, first and last year, index_then, index_later, moved, low-high (the buurten drawn anew, the same
    in both years), and parts that sum to it: appeared, disappeared (buurten that were empty in one year), structure
    (who lives with whom), sizes (of the buurten) and group_size; over the buurten measured in both years.
    """
    rows = []
    for name in study.p.groups:
        made = _pair(study, name)
        if made is None:
            continue
        years, table = made
        found = interval(
            {"change": Difference(_MEASURES["dissimilarity"])}, table,
            Drawing(study.rng("units"), _DRAWS), "unit_bootstrap",
        ).iloc[0]  # fmt: skip
        parts = decompose(table[0], table[1], measure=_MEASURES["dissimilarity"])
        split = [float(parts[part][0]) for part in SPLIT]
        rows.append(
            (name, *years, float(parts["first"][0]), float(parts["second"][0]), float(parts["change"][0]),
             found["low"], found["high"], *split, table.shape[-1], _error(found, _DRAWS))
        )  # fmt: skip
    numbers = ("index_then", "index_later", "moved", "low", "high", *SPLIT.values())
    changes = pd.DataFrame(rows, columns=["group_name", "first", "last", *numbers, "buurten", END_ERROR])
    if not changes.empty:
        columns = "group_name first,last=year index_then,index_later,moved,low,high:index "
        columns += "appeared,disappeared=hidden:index structure,sizes,group_size:index buurten:number "
        section.table("03.change", f"{columns} {END_ERROR}=hidden", changes)
    return changes


def _pair(study: Study, name: str) -> tuple[tuple[int, int], np.ndarray] | None:
    """Lay out the first and last year of a group that may be compared: years × (group, rest) × buurten of both."""
    group = study.known.group(name)
    indicator = study.known.indicator(group.share or group.count or "")
    made = _counted(study, name)
    for first in made[:-1]:
        last = made[-1]
        verdict = indicator.compare(first.year, last.year, {*first.sources, *last.sources})
        both = [code for code in first.codes if code in set(last.codes)]
        if verdict.status != "broken" and len(both) > 1:
            years = []
            for counts in (first, last):
                place = [counts.codes.index(code) for code in both]
                years.append(np.stack([counts.group[place], counts.rest[place]]))
            return (first.year, last.year), np.stack(years)
    return None


@step
def scale_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record the dissimilarity of each group by buurt, by wijk, and over random parts as large as a wijk.

    Columns: group_name, year, by_buurt, by_wijk, at_random, low-high (95 percent of the random partitions), wijken.
    """
    parents = study.data.areas.set_index("code")["parent_code"]
    rows = []
    for name in study.p.groups:
        for counts in _counted(study, name)[-1:]:
            wijk = parents.reindex(list(counts.codes))
            if wijk.isna().any() or wijk.nunique() < 2:
                continue
            sides: list[dict[str, Any]] = [
                {"unit": code, "parent": above, "group": side, "count": count}
                for side, values in (("group", counts.group), ("rest", counts.rest))
                for code, above, count in zip(counts.codes, wijk, values, strict=True)
            ]
            prepared = prepare(pd.DataFrame(sides))
            found = by_scale(prepared, ["dissimilarity"], study.rng("scale"), PARTITIONS, ("group", None))
            found = found.set_index("scale")
            random = found.loc["random"]
            rows.append(
                (name, counts.year, found.loc["unit", "estimate"], found.loc["parent", "estimate"],
                 random["estimate"], random["low"], random["high"], wijk.nunique(), _error(random, PARTITIONS))
            )  # fmt: skip
    columns = ["group_name", "year", "by_buurt", "by_wijk", "at_random", "low", "high", "wijken", END_ERROR]
    made = pd.DataFrame(rows, columns=columns)
    if not made.empty:
        laid = f"group_name year by_buurt,by_wijk,at_random,low,high:index wijken:number {END_ERROR}=hidden"
        section.table("03.scale", laid, made)
        section.figure("03.scale", "scales", "03.scale")
    return made


def _error(drawn: Any, draws: int) -> float:
    """Give the standard error of the ends low and high, had others been drawn."""
    return error_of_ends(float(drawn["low"]), float(drawn["high"]), draws, PERCENTILE)


def _drawn(study: Study, row: Any) -> dict[str, Any]:
    """Give the detail of a finding about an index that tells the error of its ends."""
    return in_unit("index", **{END_ERROR: _error(row, _RESAMPLES * study.p.draws)})


def _fields(study: Study, name: str, number: str, kind_of: str, index: str, smallest: float | None) -> dict[str, Any]:
    """Give the fields that findings about an index of a group share; without `smallest`, with the registered one."""
    return {
        "id": number, "kind": kind_of, "measure": index, "unit": "index", "indicator": name,
        "focus": study.focus.name, "coverage_minimum": study.coverage_minimum, "flags": ("register",),
        "smallest_effect": study.smallest_effect(name, "index") if smallest is None else smallest,
    }  # fmt: skip


def index_change(
    study: Study, name: str, number: str, index: str = "dissimilarity", smallest: float | None = None
) -> Finding:
    """Judge how an index of a group changed from the first to the last comparable year with counts.

    Both years hold the same buurten: those in which group and base are published in both. The range is that of buurten
    drawn anew (each with both its years), stretched at both ends by the most that rounding can add.
    Source: Duncan & Duncan 1955, doi:10.2307/2088328 (D); Efron 1979, doi:10.1214/aos/1176344552 (bootstrap).
    """
    group = study.known.group(name)
    part = group.share or group.count or ""
    base = _fields(study, name, number, "index_change", index, smallest)
    made = group_counts(study, name)
    defined = [counts for counts in made if not counts.undefined]
    run, _ = comparable_run(study, part, [counts.year for counts in defined])
    if len(run) < 2:
        reason = "one_year_only" if run else (made[-1].undefined if made else None) or "no_counts"
        return Finding(reason=reason, coverage=max((counts.coverage for counts in made), default=0.0), **base)
    first, last = run[0], run[-1]
    kept, held = _matched(study, part, group.base, (first, last))
    if not kept:  # as where the files of both years have other codes
        return Finding(reason="too_little_measured", coverage=0.0, a=Side(first), b=Side(last), **base)
    boxes = [_box(frame, kept, is_share=group.share is not None) for frame in held]
    counts = np.stack([np.stack([box.a_low + box.a_high, box.b_low + box.b_high]) / 2 for box in boxes])
    drawing = Drawing(study.rng("units"), _RESAMPLES * study.p.draws)
    row = interval({index: Difference(_MEASURES[index])}, counts, drawing, "unit_bootstrap").iloc[0]
    if row["reason"] is not None:
        return Finding(reason="too_few_buurten", a=Side(first), b=Side(last), **base)
    ends = [index_range(index, *box) for box in boxes]
    estimate = float(row["estimate"])
    exact = ends[1].low - ends[0].high, ends[1].high - ends[0].low
    low = float(row["low"]) + min(exact[0] - estimate, 0.0)
    high = float(row["high"]) + max(exact[1] - estimate, 0.0)
    sides = [
        Side(year, "all", float(_MEASURES[index](table, (0,))[0]), end.low, end.high, n_units=len(kept))
        for year, table, end in zip((first, last), counts, ends, strict=True)
    ]
    whole = [float(frame["base"].sum()) for frame in held]
    coverage = min(
        100 * float(frame.loc[kept, "base"].sum()) / all_of for frame, all_of in zip(held, whole, strict=True)
    )
    used = sorted({source for counts in defined if counts.year in (first, last) for source in counts.sources})
    return Finding(
        estimate=estimate, low=low, high=high, rounding_low=exact[0], rounding_high=exact[1], a=sides[0], b=sides[1],
        range_kind=("process", "rounding"), details=_drawn(study, row),
        coverage=coverage, sources=tuple(used), **base,
    )  # fmt: skip


def _matched(study: Study, part: str, base: str, years: Sequence[int]) -> tuple[list[str], list[pd.DataFrame]]:
    """Give the buurten with group and base of one source in both years, and per year the frame of both with bounds."""
    groups = series(study.data, study.known, part)
    tables = {"part": groups, "base": base_of(study.data, study.known, base, groups)}
    held = []
    for year in years:
        columns: dict[str, Any] = {}
        for prefix, table in tables.items():
            here = table[table["year"] == year].set_index("code")
            columns |= {prefix: here["value"], f"{prefix}_low": here["low"], f"{prefix}_high": here["high"]}
        held.append(pd.DataFrame(columns))
    known = [set(frame.index[frame["part"].notna() & (frame["base"] > 0)]) for frame in held]
    return sorted(known[0] & known[1]), held


def _box(frame: pd.DataFrame, kept: Sequence[str], *, is_share: bool) -> CountBox:
    """Give the bounds of group and rest that rounding leaves, of the buurten kept."""
    rows = frame.loc[list(kept)]
    if is_share:
        return share_counts(rows["part_low"], rows["part_high"], rows["base_low"], rows["base_high"])
    rest_low = (rows["base_low"] - rows["part_high"]).clip(lower=0)
    rest_high = (rows["base_high"] - rows["part_low"]).clip(lower=0)
    return CountBox(*(side.to_numpy(float) for side in (rows["part_low"], rows["part_high"], rest_low, rest_high)))


@kind("index_change")
def index_changed(study: Study, part: Part) -> Ways:
    """Compute the change of a group's index, dissimilarity when none is named; no focus list has a say in it."""
    smallest = part.entry.get("smallest_effect")
    return {ALL_ALIKE: index_change(study, part.name, part.number, part.measure or "dissimilarity", smallest)}


@kind("group_index")
def index_beside(study: Study, part: Part) -> Ways:
    """Compute how far a group's index lies above the number that is registered; no focus list has a say in it."""
    least, than = float(part.entry["smallest_effect"]), float(part.entry["than"])
    return {ALL_ALIKE: index_level(study, part.name, part.number, part.measure, (than, least))}


def index_level(study: Study, name: str, number: str, index: str, registered: tuple[float, float]) -> Finding:
    """Judge whether an index of a group lies above a number, in the last year with counts.

    `registered` is that number and the smallest distance from it that matters. The range is that of buurten drawn anew,
    stretched at both ends by the most that rounding and buurten without a figure can add.
    """
    than, smallest = registered
    base = _fields(study, name, number, "group_index", index, smallest)
    made = group_counts(study, name)
    defined = [counts for counts in made if not counts.undefined]
    if not defined:
        reason = (made[-1].undefined if made else None) or "no_counts"
        return Finding(reason=reason, coverage=max((counts.coverage for counts in made), default=0.0), **base)
    last = defined[-1]
    drawing = Drawing(study.rng("units"), _RESAMPLES * study.p.draws)
    table = np.stack([last.group, last.rest])
    row = interval({index: _MEASURES[index]}, table, drawing, "unit_bootstrap").iloc[0]
    if row["reason"] is not None:
        return Finding(reason="too_few_buurten", b=Side(last.year), **base)
    level = float(row["estimate"])
    ends = index_range(index, last.group_low, last.group_high, last.rest_low, last.rest_high)
    kinds = ("process", "rounding", "suppression") if last.n_missing else ("process", "rounding")
    return Finding(
        estimate=level - than, low=float(row["low"]) - than + min(ends.low - level, 0.0),
        high=float(row["high"]) - than + max(ends.high - level, 0.0), range_kind=kinds, coverage=last.coverage,
        a=Side(last.year, "than", than), details=_drawn(study, row), sources=last.sources,
        b=Side(last.year, "all", level, ends.low, ends.high, len(last.codes), last.n_missing), **base,
    )  # fmt: skip


@step
def sorting_by_income(section: Section, study: Study) -> list[Finding]:
    """Record how the dissimilarity of each registered group changed, and judge that it did not grow (H11)."""
    return record(section, study, "H11")
