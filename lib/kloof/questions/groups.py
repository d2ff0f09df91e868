"""Groups of people over the buurten of a place: their counts, indices and ranges, in one year and over the years."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kloof.errors import NotComputableError
from kloof.findings import Finding, Side, in_unit
from kloof.measures.bounds import IndexRange, index_range, share_counts
from kloof.measures.registry import INDICES
from kloof.measures.tables import CountBox
from kloof.measures.two_groups import expected_under_evenness
from kloof.memo import remembered
from kloof.questions import levels
from kloof.questions.levels import level_rows
from kloof.results import Section
from kloof.study.panel import ANOTHER_SOURCE, base_of, series
from kloof.study.step import step
from kloof.study.study import Study, usable_years


@step
def spread_over_years(section: Section, study: Study) -> pd.DataFrame:
    """Record how far apart the buurten are, year by year, and the picture of the first followed indicator."""
    table = spread_table(study)
    if table.empty:
        return table
    relative = table[table["index"] != "weighted_sd"]
    section.table("03.spread", "indicator year index estimate,low,high:index buurten:number", relative)
    wide = relative.pivot(index=["indicator", "year", "buurten"], columns="index", values="estimate").reset_index()
    variation = relative[relative["index"] == "coefficient_of_variation"].set_index(["indicator", "year"])
    shown = wide.join(variation[["low", "high"]], on=["indicator", "year"])
    numbers = ("coefficient_of_variation", "low", "high", "theil_between")
    shown = shown.reindex(columns=["indicator", "year", *numbers, "buurten"])  # one may exist in no year at all
    section.table("03.spread_wide", f"indicator year {','.join(numbers)}:index buurten:number", shown)
    name = str(table["indicator"].iloc[0])
    indicator = study.known.indicator(name)
    columns = f"year area group value:{indicator.unit}:{indicator.decimals}"
    section.table("03.distribution", columns, levels.distribution_table(study, name))
    finding = next((f.id for f in section.findings.values() if f.indicator == name), None)
    section.figure("03.distribution", "distribution", "03.distribution", finding, unit=indicator.unit, indicator=name)
    return table


@step
def indices_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record every index of every group and year, and a finding of each group's dissimilarity."""
    made = [index_table(study, name) for name in study.p.groups]
    table = pd.concat(made, ignore_index=True) if made else pd.DataFrame()
    section.add(*index_findings(study, table, "03.index"))
    if table.empty:
        return table
    columns = "group_name year index estimate,low,high,expected:index buurten,not_measured:number"
    section.table("03.indices", columns, table)
    wide = table.pivot(index=["group_name", "year", "buurten", "not_measured"], columns="index", values="estimate")
    ranges = table[table["index"] == "dissimilarity"].set_index(["group_name", "year"])[["low", "high", "expected"]]
    shown = wide.reset_index().join(ranges, on=["group_name", "year"])
    columns = "group_name year dissimilarity,low,high,expected,isolation,theil_h,gini:index not_measured:number"
    section.table("03.indices_wide", columns, shown)
    return table


@step
def indices_elsewhere(section: Section, study: Study) -> pd.DataFrame:
    """Record the dissimilarity of the same groups in the comparison municipalities."""
    table = comparison_table(study) if study.p.comparisons else pd.DataFrame()
    if not table.empty:
        ordered = table.sort_values(["group_name", "estimate"], kind="stable")
        section.table("03.comparison", "group_name area year estimate,low,high:index buurten:number", ordered)
    return table


COUNT_INDICES = ("dissimilarity", "isolation", "theil_h", "gini", "correlation_ratio")
Box = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]
MEAN_INDICES = ("weighted_sd", "coefficient_of_variation", "theil_between")


@dataclass(frozen=True)
class GroupCounts:
    """Counts of a group and of the rest of its base per buurt, with the bounds rounding and suppression leave.

    `codes` belong to `group` and `rest`; the bounds are longer, since they keep a place for buurten without a count.
    `n_apart` of the `n_missing` buurten have both counts, of two sources.
    """

    year: int
    codes: tuple[str, ...]
    group: np.ndarray
    rest: np.ndarray
    group_low: np.ndarray
    group_high: np.ndarray
    rest_low: np.ndarray
    rest_high: np.ndarray
    n_missing: int
    coverage: float
    coverage_minimum: float
    sources: tuple[str, ...]
    n_apart: int = 0

    @property
    def undefined(self) -> str | None:
        """Say why there is no index: too little is measured, nobody is in the group, or everybody; None if there is."""
        if self.coverage < self.coverage_minimum:
            return "too_little_measured" if self.coverage > 0 else ANOTHER_SOURCE if self.n_apart else "no_counts"
        if not self.group.sum() > 0:
            return "group_is_empty"
        return None if self.rest.sum() > 0 else "group_is_everyone"


def group_counts(study: Study, name: str, municipality: str | None = None) -> list[GroupCounts]:
    """Give the counts of one group for every year of the window in which both parts are published by buurt.

    A suppressed buurt keeps a place in the bounds: its group anywhere from nobody to everybody in its base; a base
    that is itself missing is bounded by the buurt's inhabitants. What cannot be bounded at all is only counted. Group
    and base are of one source (`base_of`): a buurt that two sources draw differently would be two places.
    """
    group = study.known.group(name)
    part = series(study.data, study.known, group.share or group.count or "", "buurt", municipality)
    base = base_of(study.data, study.known, group.base, part, "buurt", municipality)
    people = series(study.data, study.known, "inhabitants", "buurt", municipality)
    made = []
    for year in sorted(set(part["year"]) & set(base["year"])):
        if not study.p.year_from <= year <= study.p.year_to:
            continue
        here = [table[table["year"] == year].set_index("code") for table in (part, base, people)]
        made.append(_counts_of_year(study, group.share is not None, int(year), here))
    return made


def _counts_of_year(study: Study, is_share: bool, year: int, tables: list[pd.DataFrame]) -> GroupCounts:
    part, base, people = tables
    base = base.reindex(part.index)
    whole = base["value"].notna() & (base["value"] > 0)
    both = part["value"].notna() & whole
    empty = base["value"] == 0
    top = base["high"].where(whole, people["high"].reindex(part.index))
    bounded = ~both & ~empty & (top > 0)
    counted = base["value"].where(whole, top)[both | bounded]
    coverage = 100 * float(base.loc[both, "value"].sum() / counted.sum()) if both.any() else 0.0
    if is_share and both.any():  # shares of nobody have no box
        value = part["value"] / 100 * base["value"]
        boxes = share_counts(
            part.loc[both, "low"], part.loc[both, "high"], base.loc[both, "low"], base.loc[both, "high"]
        )
    else:
        value = part["value"]
        rest_low = (base["low"] - part["high"]).clip(lower=0)
        rest_high = (base["high"] - part["low"]).clip(lower=0)
        boxes = CountBox(*(side[both].to_numpy(float) for side in (part["low"], part["high"], rest_low, rest_high)))
    rest = (base["value"] - value).clip(lower=0)
    outer = np.zeros(int(bounded.sum())), top[bounded].to_numpy(float)
    bounds = [np.concatenate([box, outer[place % 2]]) for place, box in enumerate(boxes)]
    group, left = value[both].to_numpy(float), rest[both].to_numpy(float)
    return GroupCounts(
        year, tuple(part.index[both]), group, left, bounds[0], bounds[1], bounds[2], bounds[3],
        n_missing=int((~both & ~empty).sum()), coverage=coverage, coverage_minimum=study.coverage_minimum,
        sources=tuple(sorted({name for source in part.loc[both, "source"] for name in source.split("|")})),
        n_apart=int((part["value"].notna() & (base["status"] == ANOTHER_SOURCE)).sum()),
    )  # fmt: skip


def index_table(study: Study, name: str, municipality: str | None = None) -> pd.DataFrame:
    """Compute every count index of a group for every year in which it exists: with people in the group and outside.

    Columns: group_name, year, index, estimate, low, high, method, expected (D if people were spread at random),
    buurten, not_measured, coverage. `low`-`high` is what rounding and suppression leave open; with method "outer" the
    true range may be narrower.
    """
    rows = []
    for counts in group_counts(study, name, municipality):
        if counts.undefined:
            continue
        chance = float(expected_under_evenness(counts.group, counts.rest)[0])
        for index in COUNT_INDICES:
            estimate = float(INDICES[index].function(counts.group, counts.rest, (0,))[0])
            reach = _reach(index, counts)
            low, high = min(reach.low, estimate), max(reach.high, estimate)
            expected = chance if index == "dissimilarity" else None
            ends = (estimate, low, high, reach.method, expected)
            rows.append((name, counts.year, index, *ends, len(counts.group), counts.n_missing, counts.coverage))
    numbers = ("estimate", "low", "high", "method", "expected", "buurten", "not_measured", "coverage")
    return pd.DataFrame(rows, columns=["group_name", "year", "index", *numbers])


def _reach(index: str, counts: GroupCounts) -> IndexRange:
    return _range(index, (counts.group_low, counts.group_high, counts.rest_low, counts.rest_high))


def _range(index: str, box: Box) -> IndexRange:
    """Compute the range of an index over a box once in a run: the highest dissimilarity can take half a second."""
    a_low, a_high, b_low, b_high = (np.asarray(end, float) for end in box)
    ends = (a_low, a_high, b_low, b_high)
    key = (index, [end.tobytes() for end in ends])
    return remembered("index_range", lambda: key, lambda: index_range(index, *ends))


def index_findings(study: Study, table: pd.DataFrame, number: str) -> list[Finding]:
    """Make a finding of the dissimilarity of each group in its last year; without one, say why."""
    found = []
    for name in study.p.groups:
        rows = table[(table["group_name"] == name) & (table["index"] == "dissimilarity")]
        base: dict[str, Any] = {
            "id": f"{number}.{name}", "kind": "index", "measure": "dissimilarity", "indicator": name, "unit": "index",
            "focus": study.focus.name, "coverage_minimum": study.coverage_minimum, "flags": ("register",),
            "smallest_effect": study.smallest_effect(name, "index"),
        }  # fmt: skip
        if rows.empty:
            made = group_counts(study, name)
            fullest = max(made, key=lambda counts: counts.coverage, default=None)
            reason = (fullest.undefined if fullest else None) or "no_counts"
            found.append(Finding(reason=reason, coverage=fullest.coverage if fullest else 0.0, **base))
            continue
        row = rows.iloc[-1]
        found.append(
            Finding(
                estimate=row["estimate"], low=row["low"], high=row["high"], coverage=row["coverage"],
                range_kind=("rounding", "suppression") if row["not_measured"] else ("rounding",),
                b=Side(int(row["year"]), "all", n_units=int(row["buurten"]), n_missing=int(row["not_measured"])),
                details=in_unit("index", expected=row["expected"]), **base,
            )
        )  # fmt: skip
    return found


def comparison_table(study: Study) -> pd.DataFrame:
    """Compute the dissimilarity of the groups in the comparison municipalities, in the last year they all allow.

    A municipality without any year for a group is left out of that group's comparison; without a year that the rest
    share there is no comparison.
    """
    rows = []
    for name in study.p.groups:
        places = (study.p.municipality, *study.p.comparisons)
        by_year = {
            place: {counts.year: counts for counts in group_counts(study, name, place) if not counts.undefined}
            for place in places
        }
        by_year = {place: years for place, years in by_year.items() if years}
        shared = set.intersection(*(set(years) for years in by_year.values())) if by_year else set()
        if not shared:
            continue
        for place, years in by_year.items():
            last = years[max(shared)]
            estimate = float(INDICES["dissimilarity"].function(last.group, last.rest, (0,))[0])
            reach = _reach("dissimilarity", last)
            ends = min(reach.low, estimate), max(reach.high, estimate)
            rows.append((place, name, last.year, estimate, *ends, len(last.group), last.n_missing))
    return pd.DataFrame(
        rows, columns=["area", "group_name", "year", "estimate", "low", "high", "buurten", "not_measured"]
    )


def spread_table(study: Study) -> pd.DataFrame:
    """Compute how far apart the buurten are on each followed indicator, year by year.

    Weighted standard deviation, coefficient of variation and Theil between-part of the mean, each with the range
    rounding leaves; over the buurten measured in that year.
    """
    rows = []
    for name in study.p.indicators:
        years, _ = usable_years(study, name, study.p.year_from, study.p.year_to)
        for year in years:
            measured = level_rows(study, name, year).query("counted")
            for index in MEAN_INDICES:
                try:
                    rows.append((name, year, index, *spread_of(index, measured), len(measured)))
                except NotComputableError:
                    continue
    return pd.DataFrame(rows, columns=["indicator", "year", "index", "estimate", "low", "high", "buurten"])


def spread_of(index: str, measured: pd.DataFrame) -> tuple[float, float, float]:
    """Compute how far apart buurten are, with the low and the high that rounding of figures and of weights leaves.

    Takes value, low, high, weight, weight_low, weight_high. Raises NotComputableError where the index is not defined.
    """
    value, weight = (measured[key].to_numpy(float) for key in ("value", "weight"))
    estimate = float(INDICES[index].function(value, weight, (0,))[0])
    reach = _range(index, (measured["low"], measured["high"], measured["weight_low"], measured["weight_high"]))
    return estimate, min(reach.low, estimate), max(reach.high, estimate)
