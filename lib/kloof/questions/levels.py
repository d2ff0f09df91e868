"""How segregated: levels of focus and rest, the buurten ranked, and the indices with their ranges."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPUTABLE, Finding, Side, in_unit, judge, with_range
from kloof.measures.bounds import gap_range
from kloof.methods.gap import ABSOLUTE, gap
from kloof.methods.regression import correlation, slope
from kloof.results import Section
from kloof.study.panel import by_year, series, sizes
from kloof.study.step import step
from kloof.study.study import Study, comparable_run, usable_years


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
        "smallest_effect": study.smallest_of_level(name),
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
        Side(year, group, level, *ends, int(side.sum()), int(((rows["group"] == group) & ~rows["counted"]).sum()))
        for group, level, ends, side in (
            ("focus", focus, reach.focus, is_focus), ("rest", rest, reach.rest, ~is_focus),
        )
    ]  # fmt: skip
    kinds = ("rounding", "suppression") if missing else ("rounding",)
    return Finding(
        id=number, estimate=gap(value, weight, is_focus, ABSOLUTE), low=reach.difference[0], high=reach.difference[1],
        a=sides[0], b=sides[1], range_kind=kinds, sources=tuple(sorted(set(measured["source"]))),
        details=in_unit("number", n_missing=missing), **base,
    )  # fmt: skip


def relation_finding(
    study: Study, names: tuple[str, str], number: str, measure: str, least: tuple[float, float]
) -> Finding:
    """Judge how one figure goes with another over the buurten, in the last year in which both have enough coverage.

    `names` are the outcome and the other figure. `measure`: slope, the difference in the outcome that goes with `per`
    more of the other, or correlation; `least` is `per` and the smallest of it that matters. Buurten count by what the
    outcome is about. A link over buurten is none over people, and flags say so.
    """
    outcome = study.known.indicator(names[0])
    per, smallest = least
    years = [usable_years(study, name, study.p.year_from, study.p.year_to) for name in names]
    both = sorted(set(years[0][0]) & set(years[1][0]))
    straight = measure == "slope"
    base: dict[str, Any] = {
        "id": number, "kind": "relation", "measure": measure, "indicator": names[0],
        "unit": study.known.unit_of_change(names[0]) if straight else "index",
        "decimals": None, "focus": study.focus.name, "coverage_minimum": study.coverage_minimum,
        "smallest_effect": smallest, "flags": ("modelled" if outcome.modelled else "register", "over_buurten"),
    }  # fmt: skip
    if not both:
        return Finding(reason="no_common_years" if years[0][0] and years[1][0] else "no_figures", **base)
    rows = [level_rows(study, name, both[-1]).query("counted").set_index("code") for name in names]
    codes = rows[0].index.intersection(rows[1].index)
    value, beside, weight = (
        table.loc[codes, key].to_numpy(float)
        for table, key in ((rows[0], "value"), (rows[1], "value"), (rows[0], "weight"))
    )
    side = Side(both[-1], names[1], n_units=len(codes), n_missing=len(rows[0]) - len(codes))
    coverage = min(covered[both[-1]] for _, covered in years) * float(weight.sum() / rows[0]["weight"].sum())
    base |= {"a": side, "b": side, "coverage": coverage}
    try:
        found = slope(value, beside / per, weight) if straight else correlation(value, beside, weight)
    except NotComputableError as problem:
        return Finding(reason=problem.reason, **base)
    details = in_unit(study.known.unit_of_change(names[1]), None if per % 1 else 0, per=per)
    details |= in_unit("probability", p_value=found.p_value) | in_unit("number", degrees=found.df)
    used = sorted({source for table in rows for source in table.loc[codes, "source"]})
    return Finding(**with_range(found), range_kind=("process",), details=details, sources=tuple(used), **base)


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
    weighed by their universe), unit, breaks (the years that cannot be set beside the one before, joined by ";"), and a
    column per year (`y2015`); a value that was not measured is missing.
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
        _, met = comparable_run(study, name, years)
        about = {"indicator": name, "unit": study.known.indicator(name).unit}
        breaks = ";".join(str(after) for _, after, _ in met)
        whole = pd.concat([wide, city], ignore_index=True).assign(**about, breaks=breaks)
        made.append(whole.rename(columns={year: f"y{year}" for year in years}).rename(columns={"code": "area"}))
    if not made:
        return pd.DataFrame(columns=["indicator", "area", "group", "unit", "breaks"])
    table = pd.concat(made, ignore_index=True)
    years_given = sorted(str(name) for name in table if str(name).startswith("y2"))
    return table[["indicator", "area", "group", "unit", "breaks", *years_given]]


@step
def levels_now(section: Section, study: Study) -> list[Finding]:
    """Record the level of focus and rest per indicator, in the last year with enough buurten."""
    found = [level_finding(study, name, f"03.level.{name}") for name in study.p.levels]
    made = [finding for finding in found if judge(finding) != NOT_COMPUTABLE]
    section.add(*made, *[finding for finding in found if finding not in made])
    if made:
        columns = "indicator year focus,rest:@unit difference,low,high:@difference_unit not_measured:number"
        rows = pd.DataFrame([_level_row(study, finding) for finding in made])
        section.table("03.levels", f"{columns} unit,difference_unit=unit", rows)
    return found


def _level_row(study: Study, finding: Finding) -> dict[str, Any]:
    """Give the row of one level."""
    return {
        "indicator": finding.indicator, "year": finding.a.year, "focus": finding.a.estimate,
        "rest": finding.b.estimate, "difference": finding.estimate, "low": finding.low, "high": finding.high,
        "not_measured": finding.a.n_missing + finding.b.n_missing, "unit": finding.unit,
        "difference_unit": study.known.units[finding.unit]["change"],
    }  # fmt: skip


@step
def buurten_ranked(section: Section, study: Study, found: Sequence[Finding]) -> pd.DataFrame:
    """Record the ranked buurten and the map of the first indicator that could be computed."""
    made = [finding for finding in found if judge(finding) != NOT_COMPUTABLE]
    if not made:
        return pd.DataFrame()
    finding = made[0]
    name, year = str(finding.indicator), int(finding.a.year or 0)
    indicator = study.known.indicator(name)
    table = ranked_table(study, name, year)
    value, apart = (f"{unit}:{indicator.decimals}" for unit in (indicator.unit, study.known.unit_of_change(name)))
    section.table("03.ranked", f"area group value,low,high:{value} difference:{apart}", table)
    options = {"unit": indicator.unit, "indicator": name, "year": year, "sources": list(finding.sources)}
    mean = city_mean(study, name, year)
    section.figure("03.ranked", "ranked_dots", "03.ranked", finding.id, **options, city_mean=mean)
    if study.data.geometry:
        shown = table.rename(columns={"value": "level", "difference": "value"})
        section.table("03.map", f"area group value:{apart}", shown)
        section.figure("03.map", "choropleth", "03.map", finding.id, **options, diverging=True)
    return table


@step
def buurten_by_year(section: Section, study: Study) -> pd.DataFrame:
    """Record every buurt in every year with enough coverage, per indicator: what the map and list of the page show."""
    table = every_year(study, [*study.p.levels, *study.p.indicators])
    if not table.empty:
        years = ",".join(str(name) for name in table if str(name).startswith("y2"))
        section.table("03.by_year", f"indicator area group=hidden unit breaks=hidden {years}:@unit", table)
    people = people_of_list(study)
    if not people.empty:
        section.table("03.people", "area year persons:persons", people)
    return table


def people_of_list(study: Study) -> pd.DataFrame:
    """Count who lives in each buurt of the list, in the last year of the window with figures: area, year, persons."""
    years = {
        year: rows for year, rows in by_year(study.data, study.known, "inhabitants").items() if year <= study.p.year_to
    }
    if not years:
        return pd.DataFrame()
    last = max(years)
    rows = years[last].loc[lambda table: table["status"] == "measured"]
    listed = rows.index.intersection(list(study.focus.codes))
    return pd.DataFrame({"area": listed, "year": last, "persons": rows.loc[listed, "value"].to_numpy(float)})
