"""How segregated: levels of focus and rest, the buurten ranked, and the indices with their ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kloof.bounds import IndexRange, gap_range, index_range, share_counts
from kloof.errors import NotComputableError
from kloof.extremes import CountBox
from kloof.findings import Finding, Side
from kloof.formulas import expected_under_evenness
from kloof.indices import INDICES
from kloof.memo import remembered
from kloof.models import ABSOLUTE, gap
from kloof.panel import series, sizes
from kloof.study import Study, usable_years

COUNT_INDICES = ("dissimilarity", "isolation", "theil_h", "gini", "correlation_ratio")
Box = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]
MEAN_INDICES = ("weighted_sd", "coefficient_of_variation", "theil_between")


def last_year(study: Study, name: str) -> tuple[int | None, float]:
    """Give the last year of the window with enough coverage, and its coverage; without one, the best coverage met."""
    years, covered = usable_years(study, name, study.p.year_from, study.p.year_to)
    return (years[-1], covered[years[-1]]) if years else (None, max(covered.values(), default=0.0))


def level_finding(study: Study, name: str, number: str) -> Finding:
    """Compare the level of focus and rest in the last year with enough coverage.

    The range is what rounding leaves open, of the figures and of their weights, with every buurt without a figure
    anywhere between the lowest and the highest measured one, and every buurt without a weight anywhere between nobody
    and all its inhabitants: that assumption is stated with the number.
    """
    indicator = study.known.indicator(name)
    year, coverage = last_year(study, name)
    chosen = study.focus.indicator == name
    base: dict[str, Any] = {
        "kind": "gap", "measure": ABSOLUTE, "indicator": name, "unit": indicator.unit, "decimals": indicator.decimals,
        "focus": study.focus.name, "coverage": coverage, "coverage_minimum": study.coverage_minimum,
        "flags": ("modelled" if indicator.modelled else "register", *(("chosen_on_it",) if chosen else ())),
        "smallest_effect": study.smallest_effect(name),
    }  # fmt: skip
    if year is None:
        return Finding(id=number, reason="too_little_measured" if coverage else "no_figures", **base)
    rows = level_rows(study, name, year)
    measured = rows[rows["counted"]]
    is_focus = (measured["group"] == "focus").to_numpy()
    if not is_focus.any() or is_focus.all():
        return Finding(id=number, reason="no_group_left", **base)
    value, weight = measured["value"].to_numpy(float), measured["weight"].to_numpy(float)
    bounded = rows[rows["weight_high"].notna()]
    reach = gap_range(
        bounded["low"].fillna(measured["low"].min()),
        bounded["high"].fillna(measured["high"].max()),
        bounded["weight_low"],
        bounded["weight_high"],
        (bounded["group"] == "focus").to_numpy(),
    )
    focus, rest = (float(np.average(value[side], weights=weight[side])) for side in (is_focus, ~is_focus))
    missing = int((~rows["counted"]).sum())
    sides = [
        Side(
            year,
            group,
            level,
            *ends,
            n_units=int(side.sum()),
            n_missing=int(((rows["group"] == group) & ~rows["counted"]).sum()),
        )
        for group, level, ends, side in (
            ("focus", focus, reach.focus, is_focus),
            ("rest", rest, reach.rest, ~is_focus),
        )
    ]
    kinds = ("rounding", "suppression") if missing else ("rounding",)
    return Finding(
        id=number, estimate=gap(value, weight, is_focus, ABSOLUTE), low=reach.difference[0], high=reach.difference[1],
        a=sides[0], b=sides[1], range_kind=kinds, sources=tuple(sorted(set(measured["source"]))),
        details={"n_missing": {"value": missing, "unit": "number"}}, **base,
    )  # fmt: skip


def level_rows(study: Study, name: str, year: int) -> pd.DataFrame:
    """Give every buurt that holds anybody in one year: code, group, value, low, high, weight and its bounds, status.

    `weight` is missing where the count is; `weight_low`-`weight_high` then reaches from 0 to the buurt's inhabitants,
    and `weight_high` is missing where these are not known either. `counted` tells which buurten can enter a mean.
    """
    table = series(study.data, study.known, name)
    size = sizes(study.data, study.known, study.known.indicator(name).weighed_by, year)
    here = table[table["year"] == year].set_index("code")
    here = here[size.inhabited().reindex(here.index, fill_value=False)]
    weighed = {"weight": size.value, "weight_low": size.low, "weight_high": size.high}
    here = here.assign(**{column: values.reindex(here.index) for column, values in weighed.items()})
    counted = (here["status"] == "measured") & here["weight"].notna()
    group = np.where(here.index.isin(study.focus.codes), "focus", "rest")
    return here.assign(group=group, counted=counted).reset_index()


def ranked_table(study: Study, name: str, year: int) -> pd.DataFrame:
    """Rank the buurten on one indicator: area, group, value, low, high, difference from the municipality's mean."""
    rows = level_rows(study, name, year)
    counted = rows[rows["counted"]]
    mean = float(np.average(counted["value"], weights=counted["weight"]))
    table = rows.assign(area=rows["code"], difference=rows["value"] - mean)
    return table.sort_values(["value", "area"], ignore_index=True)[
        ["area", "group", "value", "low", "high", "difference"]
    ]


def city_mean(study: Study, name: str, year: int) -> float:
    """Mean over the measured buurten, weighed by their universe."""
    rows = level_rows(study, name, year).query("counted")
    return float(np.average(rows["value"], weights=rows["weight"]))


def distribution_table(study: Study, name: str) -> pd.DataFrame:
    """Give every measured buurt in every year with enough coverage: year, area, group, value."""
    years, _ = usable_years(study, name, study.p.year_from, study.p.year_to)
    table = series(study.data, study.known, name).query("status == 'measured'")
    table = table[table["year"].isin(years)]
    group = np.where(table["code"].isin(study.focus.codes), "focus", "rest")
    return table.assign(area=table["code"], group=group)[["year", "area", "group", "value"]].reset_index(drop=True)


def every_year(study: Study, names: Sequence[str]) -> pd.DataFrame:
    """Give every buurt that holds anybody, and the municipality, on each indicator in every year with enough coverage.

    One row per indicator and area: indicator, area, group (focus, rest, or city: the mean over the measured buurten,
    weighed by their universe), unit, and a column per year (`y2015`); a value that was not measured is missing.
    """
    made = []
    for name in dict.fromkeys(names):
        years, _ = usable_years(study, name, study.p.year_from, study.p.year_to)
        rows = pd.concat([level_rows(study, name, year).assign(year=year) for year in years]) if years else None
        if rows is None or not rows["counted"].any():
            continue
        rows["value"] = rows["value"].where(rows["counted"])
        wide = rows.pivot(index=["code", "group"], columns="year", values="value").reset_index()
        means = pd.Series({year: city_mean(study, name, year) for year in years})
        city = means.to_frame().T.assign(code=study.p.municipality, group="city")
        whole = pd.concat([wide, city], ignore_index=True).assign(indicator=name, unit=study.known.indicator(name).unit)
        made.append(whole.rename(columns={year: f"y{year}" for year in years}).rename(columns={"code": "area"}))
    if not made:
        return pd.DataFrame(columns=["indicator", "area", "group", "unit"])
    table = pd.concat(made, ignore_index=True)
    return table[
        ["indicator", "area", "group", "unit", *sorted(str(name) for name in table if str(name).startswith("y2"))]
    ]


@dataclass(frozen=True)
class GroupCounts:
    """Counts of a group and of the rest of its base per buurt, with the bounds rounding and suppression leave.

    `codes` belong to `group` and `rest`; the bounds are longer, since they keep a place for buurten without a count.
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

    @property
    def undefined(self) -> str | None:
        """Say why there is no index: too little is measured, nobody is in the group, or everybody; None if there is."""
        if self.coverage < self.coverage_minimum:
            return "too_little_measured" if self.coverage > 0 else "no_counts"
        if not self.group.sum() > 0:
            return "group_is_empty"
        return None if self.rest.sum() > 0 else "group_is_everyone"


def group_counts(study: Study, name: str, municipality: str | None = None) -> list[GroupCounts]:
    """Give the counts of one group for every year of the window in which both parts are published by buurt.

    A suppressed buurt keeps a place in the bounds: its group anywhere from nobody to everybody in its base; a base
    that is itself missing is bounded by the buurt's inhabitants. What cannot be bounded at all is only counted.
    """
    group = study.known.group(name)
    part = series(study.data, study.known, group.share or group.count or "", "buurt", municipality)
    base = series(study.data, study.known, group.base, "buurt", municipality)
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
    if is_share:
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
    low_high = [np.concatenate([box, outer[place % 2]]) for place, box in enumerate(boxes)]
    return GroupCounts(
        year=year,
        codes=tuple(part.index[both]),
        group=value[both].to_numpy(float),
        rest=rest[both].to_numpy(float),
        group_low=low_high[0],
        group_high=low_high[1],
        rest_low=low_high[2],
        rest_high=low_high[3],
        n_missing=int((~both & ~empty).sum()),
        coverage=coverage,
        coverage_minimum=study.coverage_minimum,
        sources=tuple(sorted({name for source in part.loc[both, "source"] for name in source.split("|")})),
    )


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
            rows.append(
                (
                    name,
                    counts.year,
                    index,
                    estimate,
                    low,
                    high,
                    reach.method,
                    expected,
                    len(counts.group),
                    counts.n_missing,
                    counts.coverage,
                )
            )
    columns = [
        "group_name",
        "year",
        "index",
        "estimate",
        "low",
        "high",
        "method",
        "expected",
        "buurten",
        "not_measured",
        "coverage",
    ]
    return pd.DataFrame(rows, columns=columns)


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
        details = {"expected": {"value": row["expected"], "unit": "index"}}
        found.append(
            Finding(
                estimate=row["estimate"], low=row["low"], high=row["high"], coverage=row["coverage"],
                range_kind=("rounding", "suppression") if row["not_measured"] else ("rounding",),
                b=Side(int(row["year"]), "all", n_units=int(row["buurten"]), n_missing=int(row["not_measured"])),
                details=details, **base,
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
            weight = measured["weight"].to_numpy(float)
            for index in MEAN_INDICES:
                estimate = float(INDICES[index].function(measured["value"].to_numpy(float), weight, (0,))[0])
                try:
                    box = (measured["low"], measured["high"], measured["weight_low"], measured["weight_high"])
                    reach = _range(index, box)
                except NotComputableError:
                    continue
                rows.append(
                    (
                        name,
                        year,
                        index,
                        estimate,
                        min(reach.low, estimate),
                        max(reach.high, estimate),
                        len(measured),
                    )
                )
    return pd.DataFrame(rows, columns=["indicator", "year", "index", "estimate", "low", "high", "buurten"])
