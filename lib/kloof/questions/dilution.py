"""What became of a group in the buurten: fewer of them or more of others around them, in fewer buurten or not.

A group is counted in a first and a last year, in the same buurten; where only its share is published, the count is the
share of the households. Every count carries the bounds that rounding leaves. Claims C9 and H4.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import Finding, Side, in_unit
from kloof.measures.bounds import index_range
from kloof.measures.registry import INDICES
from kloof.methods.arrays import Array
from kloof.methods.regression import Estimate, from_t
from kloof.methods.shares import Counted, destinations, dilution_difference, index_change, share_change
from kloof.schema import SetAside
from kloof.study import claims
from kloof.study.panel import ANOTHER_SOURCE, Focus, base_of, series, sizes
from kloof.study.study import Study, comparable_run, list_flags, usable_years

_SPLIT = ("dissimilarity", "isolation", "theil_h")
_NOTHING = 1e-12


@dataclass(frozen=True)
class Members:
    """A group and all others in the buurten that have both counts in two years.

    `group` and `others` (with `_low`, `_high`) are buurt × 2. `indicator` is what the group is read from, `coverage`
    the percent of the base in these buurten in the first year.
    """

    indicator: str
    codes: tuple[str, ...]
    years: tuple[int, int]
    group: Array
    group_low: Array
    group_high: Array
    others: Array
    others_low: Array
    others_high: Array
    coverage: float
    sources: tuple[str, ...]
    set_aside: tuple[SetAside, ...]

    def counted(self, codes: Sequence[str] | None = None) -> Counted:
        """Count some buurten, or all of them. Raises NotComputableError: too_few_buurten, when none is there."""
        keep = np.ones(len(self.codes), dtype=bool) if codes is None else np.isin(self.codes, list(codes))
        if not keep.any():
            raise NotComputableError("too_few_buurten", f"None of the buurten has both counts in {self.years}.")
        return Counted(self.group[keep, 0], self.others[keep, 0], self.group[keep, 1], self.others[keep, 1])

    def reach(self, codes: Sequence[str]) -> float:
        """Give how far a count may be off on average over these buurten, the widest of group and others, both years."""
        keep = np.isin(self.codes, list(codes))
        off = [
            np.maximum(high - value, value - low)[keep].mean(axis=0).max()
            for value, low, high in (
                (self.group, self.group_low, self.group_high),
                (self.others, self.others_low, self.others_high),
            )
        ]
        return float(max(off))


def indicator_of(study: Study, name: str) -> str:
    """Name the indicator from which a group is read."""
    group = study.known.group(name)
    return str(group.share or group.count)


def members(study: Study, name: str) -> Members:
    """Count a group in the first and the last of its comparable years, in a base of the same source.

    Raises NotComputableError: no_figures, too_little_measured (also: no buurt has both counts in both years),
    one_year_only, no_counts (the base is not published), another_source (it is, but not by the source of the group).
    """
    group, indicator = study.known.group(name), indicator_of(study, name)
    usable, covered = usable_years(study, indicator, study.p.year_from, study.p.year_to)
    part = series(study.data, study.known, indicator)
    base = base_of(study.data, study.known, group.base, part)
    based = set(base.loc[base["status"] == "measured", "year"])
    run, _ = comparable_run(study, indicator, [year for year in usable if year in based])
    if len(run) < 2:
        some = [year for year, share in covered.items() if share > 0]
        without = ANOTHER_SOURCE if (base["status"] == ANOTHER_SOURCE).any() else "no_counts"
        reason = "one_year_only" if len(run) == 1 else without if usable else "too_little_measured"
        raise NotComputableError(reason if some else "no_figures", f"{name} has {run or 'no year'} by buurt.")
    years = run[0], run[-1]
    parts, bases = (
        {key: _wide(table, key, years) for key in ("value", "low", "high")} for table in (part, base)
    )  # fmt: skip
    bases = {key: rows.reindex(parts["value"].index) for key, rows in bases.items()}
    known = (parts["value"].notna() & bases["value"].notna()).all(axis=1) & (bases["value"] > 0).all(axis=1)
    if not known.any():  # as where the files of both years have other codes
        raise NotComputableError("too_little_measured", f"{name} has no buurt with both counts in {years}.")
    inhabited = sizes(study.data, study.known, (group.base,), years[0]).inhabited()
    left_out = int((~known & inhabited.reindex(known.index, fill_value=False)).sum())
    p, n = ({key: rows[known].to_numpy(float) for key, rows in of.items()} for of in (parts, bases))
    if group.share is not None:
        ends = [(p[key] / 100 * n[key], (1 - p[other] / 100) * n[key]) for key, other in _PAIRS]
    else:
        ends = [(p[key], np.maximum(n[key] - p[other], 0.0)) for key, other in _PAIRS]
    (value, others), (low, others_low), (high, others_high) = ends
    codes = tuple(known.index[known])
    used = part.loc[part["code"].isin(codes) & part["year"].isin(years), "source"]
    return Members(
        indicator, codes, years, value, low, high, others, others_low, others_high,
        coverage=sizes(study.data, study.known, (group.base,), years[0]).share(codes),
        sources=tuple(sorted({one for source in used for one in source.split("|") if one})),
        set_aside=(SetAside(f"members {name} {years[0]}-{years[1]}", left_out, "not_measured_in_every_year"),),
    )  # fmt: skip


_PAIRS = (("value", "value"), ("low", "high"), ("high", "low"))


def _wide(table: pd.DataFrame, key: str, years: tuple[int, int]) -> pd.DataFrame:
    """Give one column of a series as buurt × 2."""
    return table[table["year"].isin(years)].pivot(index="code", columns="year", values=key).reindex(columns=list(years))


def base_fields(study: Study, name: str, kind: str, measure: str, focus: Focus | None) -> dict[str, Any]:
    """Fields that every finding about a group shares."""
    flags = ["register"]
    if focus is not None:
        years, _ = usable_years(study, indicator_of(study, name), study.p.year_from, study.p.year_to)
        flags += list_flags(study, focus, min(years, default=None))
    if focus is not None and focus.indicator in (name, indicator_of(study, name)):
        flags.append("selected_on_outcome")
    return {
        "kind": kind, "measure": measure, "indicator": indicator_of(study, name),
        "focus": None if focus is None else focus.name, "coverage_minimum": study.coverage_minimum,
        "flags": tuple(flags),
    }  # fmt: skip


def dilution_finding(study: Study, name: str, number: str, focus: Focus | None = None) -> Finding:
    """Judge whether others coming lowers a group's share in the focus buurten, and more than the group itself (C9).

    With m the part of the change due to the others and v that due to the group, `estimate` is the larger of m and
    m - v: below 0 both hold, so that dilution is at work and is the stronger of the two. Its range runs from the larger
    of the two lower ends to the larger of the two upper ends (intersection-union test, Berger 1982, for both at once;
    either one refutes), each a jackknife over the focus buurten widened by what rounding leaves open. Both stand in the
    details, m - v as `lead`.
    """
    focus = focus or study.focus
    base = base_fields(study, name, "dilution", "split", focus) | {"unit": "points", "decimals": 1}
    try:
        held = members(study, name)
        counted = held.counted(focus.codes)
        split = share_change(counted, held.reach(focus.codes))
        difference, others = dilution_difference(counted), _others_part(counted)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, coverage=0.0, **base)
    difference_low, difference_high = difference.low, difference.high
    others_low, others_high = others.low, others.high
    exact: tuple[float | None, float | None] = None, None
    if split.fewer_vulnerable_range is not None and split.more_others_range is not None:
        own, around = split.fewer_vulnerable_range, split.more_others_range
        difference_low += min(around[0] - own[1] - difference.estimate, 0.0)
        difference_high += max(around[1] - own[0] - difference.estimate, 0.0)
        others_low += min(around[0] - others.estimate, 0.0)
        others_high += max(around[1] - others.estimate, 0.0)
        exact = max(around[0] - own[1], around[0]), max(around[1] - own[0], around[1])
    n = len(counted.vulnerable_before)
    a = Side(held.years[0], "focus", split.before, n_units=n, n_missing=len(focus.codes) - n)
    b = Side(held.years[1], "focus", split.after, n_units=n, n_missing=len(focus.codes) - n)
    details = in_unit(
        "points", 1, change=split.change, own_part=split.fewer_vulnerable, others_part=split.more_others,
        others_part_low=others_low, others_part_high=others_high,
        lead=difference.estimate, lead_low=difference_low, lead_high=difference_high,
    )  # fmt: skip
    details |= in_unit("percent", 1, share_before=split.before, share_after=split.after)
    return Finding(
        id=number, estimate=max(difference.estimate, others.estimate), low=max(difference_low, others_low),
        high=max(difference_high, others_high), rounding_low=exact[0], rounding_high=exact[1], a=a, b=b,
        coverage=held.coverage, sources=held.sources, range_kind=("process", "rounding"),
        details=details | in_unit("number", degrees=difference.df), **base,
    )  # fmt: skip


def _others_part(counted: Counted) -> Estimate:
    """Give the part of the change due to the others, with a delete-one jackknife over the buurten (Tukey 1958)."""
    counts = np.stack(list(vars(counted).values()), axis=1)
    return _jackknife(counts, lambda rows: share_change(Counted(*rows.T)).more_others, still=True)


def _jackknife(rows: Array, number: Callable[[Array], float], *, still: bool = False) -> Estimate:
    """Give a number of the buurten with a delete-one jackknife over them (Tukey 1958), t on buurten - 1.

    With `still` that no buurt differs is an answer too. Raises NotComputableError: too_few_buurten, no_variation.
    """
    units = len(rows)
    if units < 3:
        raise NotComputableError("too_few_buurten", f"{units} buurten are too few for an interval.")
    without = np.array([number(np.delete(rows, place, axis=0)) for place in range(units)])
    off, found = without - without.mean(), number(rows)
    error = float(np.sqrt((units - 1) / units * (off @ off)))
    if still and error <= _NOTHING:  # as when the number of others did not move at all
        return Estimate(found, 0.0, found, found, found, found, float(found == 0), units - 1, units, units)
    return from_t(found, error, units - 1, units, units)


def parts_table(finding: Finding) -> pd.DataFrame:
    """Lay the split out as a waterfall: step, start, end, value, from the first year's share to the last year's."""
    before, own, around, after = (
        float(finding.details[key]["value"]) for key in ("share_before", "own_part", "others_part", "share_after")
    )
    rows = [
        ("share_before", 0.0, before, before),
        ("own_part", before, before + own, own),
        ("others_part", before + own, before + own + around, around),
        ("share_after", 0.0, after, after),
    ]
    return pd.DataFrame(rows, columns=["part", "start", "end", "value"])


def split_table(name: str, held: Members) -> pd.DataFrame:
    """Split the change of each index over all buurten: composition of the city, spread of the group, of the others."""
    rows = []
    for index in _SPLIT:
        found = index_change(partial(_value, index), held.counted())
        found.pop("structure")
        rows.append({"group_name": name, "index": index, **found, "buurten": len(held.codes)})
    return pd.DataFrame(rows)


def _value(index: str, group: Array, rest: Array) -> float:
    return float(INDICES[index].function(group, rest, (0,))[0])


def where_table(study: Study, held: Members) -> pd.DataFrame:
    """Give the number in each buurt before and after, largest fall first: area, group, both numbers, the change."""
    flags = np.isin(held.codes, study.focus.codes)
    table = destinations(list(held.codes), held.counted(), flags).table
    group = np.where(table["is_focus"], "focus", "rest")
    table = table.assign(area=table["place"], group=group)
    named = {"before": "number_before", "after": "number_after", "change": "number_change"}
    return table.rename(columns=named)[["area", "group", *named.values()]]


def where_finding(study: Study, name: str, number: str) -> Finding:
    """Set the net change of the number in the focus buurten beside that in the rest; it says nothing of who moved."""
    unit = str(study.known.indicator(study.known.group(name).base).unit)
    base = base_fields(study, name, "where", "net", study.focus) | {"unit": unit, "decimals": 0}
    try:
        held = members(study, name)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, coverage=0.0, **base)
    flags = np.isin(held.codes, study.focus.codes)
    went = destinations(list(held.codes), held.counted(), flags)
    a, b = (Side(year, "focus", n_units=len(held.codes)) for year in held.years)
    return Finding(
        id=number, estimate=went.focus, a=a, b=b, coverage=held.coverage, sources=held.sources,
        details=in_unit(unit, 0, in_focus=went.focus, in_rest=went.rest, in_city=went.city), **base,
    )  # fmt: skip


def effective_number(counts: Array) -> float:
    """Give over how many buurten a group is spread, counted as if each of them held as many: (Σv)² / Σv².

    The reciprocal of the Herfindahl index; 1 when all are in one buurt. Source: Laakso & Taagepera 1979,
    doi:10.1177/001041407901200101; Hill 1973, doi:10.2307/1934352 (order 2).
    """
    return float(counts.sum() ** 2 / (counts @ counts))


def effective_range(low: Array, high: Array) -> tuple[float, float]:
    """Give how low and how high the effective number can be when every count lies anywhere from low to high.

    Of N counts it is N / (1 + CV²), which falls with their coefficient of variation, and never below 1.
    """
    once = np.ones(len(low))
    spread = index_range("coefficient_of_variation", low, high, once, once)
    lowest, highest = (len(low) / (1 + end**2) for end in (spread.high, spread.low))
    return max(lowest, 1.0), highest


def spread_finding(study: Study, name: str, number: str) -> Finding:
    """Judge whether a group came to live in fewer buurten: the change of its effective number of buurten (H4).

    The interval is a delete-one jackknife over all buurten, widened by rounding. The smallest change that matters is
    registered with the claim.
    """
    registered = claims.registry().claims["H4"]
    base = base_fields(study, name, "spread_over", "effective_number", None)
    base |= {"unit": "neighbourhoods", "decimals": 1, "smallest_effect": float(registered["smallest_effect"])}
    try:
        held = members(study, name)
        if len(held.group) > 2 and not (held.group.sum(axis=0) > 0).all():
            raise NotComputableError("group_is_empty", f"{name} has nobody in one of the years.")
        found = _jackknife(held.group, lambda rows: effective_number(rows[:, 1]) - effective_number(rows[:, 0]))
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, coverage=0.0, **base)
    ranges = [effective_range(held.group_low[:, year], held.group_high[:, year]) for year in (0, 1)]
    levels = [effective_number(held.group[:, year]) for year in (0, 1)]
    rounding = ranges[1][0] - ranges[0][1], ranges[1][1] - ranges[0][0]
    sides = [
        Side(held.years[year], "all", levels[year], *ranges[year], n_units=len(held.codes)) for year in (0, 1)
    ]  # fmt: skip
    return Finding(
        id=number, estimate=found.estimate, low=found.low + min(rounding[0] - found.estimate, 0.0),
        high=found.high + max(rounding[1] - found.estimate, 0.0), rounding_low=rounding[0], rounding_high=rounding[1],
        a=sides[0], b=sides[1], coverage=held.coverage, sources=held.sources, range_kind=("process", "rounding"),
        details=in_unit("number", degrees=found.df), **base,
    )  # fmt: skip
