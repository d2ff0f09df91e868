"""Steps of notebooks 01 to 03: each computes one thing, records it in the section, and gives it back to look at."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kloof import claims, coverage, levels, replication, sources
from kloof.availability import ABSENT, availability
from kloof.findings import NOT_COMPUTABLE, Finding, judge
from kloof.results import Column, Section
from kloof.steps import step
from kloof.study import Study

UNIT = "@unit"  # a number in the unit that its own row names
CHANGE = "@difference_unit"
AVAILABILITY = (
    Column("indicator", "indicator"), Column("year", "year"), Column("state", "code"),
    Column("without", "number", "percent", 0), Column("measured", "number", "number"),
    Column("areas", "number", "number"), Column("break", "break"),
)  # fmt: skip
USUAL = (56, 8)  # buurten and years of the synthetic municipalities whose error rates a report prints


def columns_of(kinds: dict[str, str], **units: str) -> list[Column]:
    """Describe the columns of a table: key → kind, and for numbers key → unit."""
    return [Column(key, kind, units.get(key)) for key, kind in kinds.items()]


@step
def what_exists(section: Section, study: Study) -> pd.DataFrame:
    """Record which figures exist per indicator and year, and whether that covers the period (K1)."""
    table = coverage.coverage_table(study)
    finding = coverage.coverage_finding(study, table, "01.coverage")
    section.add(finding)
    section.decide(claims.threshold_verdict("K1", finding))
    columns = [
        Column("indicator", "indicator"), Column("year", "year"), Column("state", "code"),
        Column("share", "number", "percent", 0), Column("buurten", "number", "number"), Column("reason", "status"),
    ]  # fmt: skip
    section.table("01.coverage", columns, table)
    section.figure("01.coverage", "coverage", "01.coverage", "01.coverage")
    return table


@step
def everything_that_exists(section: Section, study: Study) -> pd.DataFrame:
    """Record the state of every indicator of the data in every year of the window, whether it is followed or not."""
    table = availability(study.data.observations, study.known, study.p.municipality, apportioned=study.data.apportioned)
    table = table[table["year"].between(study.p.year_from, study.p.year_to)]
    filled = table.loc[table["state"] != ABSENT, "indicator"].unique()
    table = table[table["indicator"].isin(filled)]
    if not table.empty:
        section.table("01.availability", AVAILABILITY, table)
        section.figure("01.availability", "availability", "01.availability")
    return table


@step
def what_is_missing(section: Section, study: Study) -> pd.DataFrame:
    """Record how many cells have no value, and why."""
    table = coverage.missing_table(study)
    columns = [
        Column("indicator", "indicator"),
        Column("status", "status"),
        Column("cells", "number", "number"),
        Column("buurten", "number", "number"),
    ]
    section.table("01.missing", columns, table)
    return table


@step
def how_rounded(section: Section, study: Study) -> pd.DataFrame:
    """Record the step of rounding beside the spread between buurten."""
    table = coverage.rounding_table(study)
    columns = [
        Column("indicator", "indicator"),
        Column("year", "year"),
        Column("step", "number", UNIT, 1),
        Column("spread", "number", UNIT, 1),
        Column("unit", "unit"),
    ]
    section.table("01.rounding", columns, table)
    return table


@step
def how_comparable(section: Section, study: Study) -> pd.DataFrame:
    """Record the comparable run of years per indicator, and the breaks that end it."""
    table = coverage.comparability_table(study)
    columns = [
        Column("indicator", "indicator"),
        Column("first", "year"),
        Column("last", "year"),
        Column("years", "number", "number"),
        Column("break", "break"),
    ]
    section.table("01.comparability", columns, table)
    return table


@step
def do_totals_agree(section: Section, study: Study) -> pd.DataFrame:
    """Record what areas add up to beside the municipality's published figure, largest difference first."""
    table = coverage.totals_table(study)
    kinds = {"indicator": "indicator", "level": "code", "year": "year", "published": "number", "recomputed": "number"}
    kinds |= {"difference": "number", "within": "code", "unit": "unit", "difference_unit": "unit"}
    columns = columns_of(kinds, published=UNIT, recomputed=UNIT, difference=CHANGE)
    section.table("01.totals", columns, table)
    return table


@step
def do_sources_agree(section: Section, study: Study) -> pd.DataFrame:
    """Record how often two sources of the same figure differ."""
    table = coverage.agreement_table(study)
    columns = [
        Column("indicator", "indicator"),
        Column("year", "year"),
        Column("source", "source"),
        Column("source_other", "source"),
        Column("pairs", "number", "number"),
        Column("equal", "number", "number"),
        Column("largest", "number", "number"),
    ]
    if not table.empty:
        section.table("01.agreement", columns, table)
    return table


@step
def replicate(section: Section, study: Study) -> pd.DataFrame:
    """Record the replication table and whether the study can be recomputed (K2); without a study, nothing."""
    if not replication.has_study(study):
        return pd.DataFrame()
    table = replication.replication_table(study)
    findings = replication.replication_findings(study, table, "02.replication")
    section.add(*findings)
    section.decide(claims.threshold_verdict("K2", findings[0]))
    kinds = {
        "id": "published",
        "period": "period",
        "published": "number",
        "recomputed": "number",
        "difference": "number",
    }
    kinds |= {"status": "code", "trace": "trace", "trace_source": "hidden", "trace_indicator": "hidden"}
    kinds |= {
        "trace_year": "hidden",
        "areas": "hidden",
        "published_step": "hidden",
        "unit": "unit",
        "difference_unit": "unit",
    }
    shown = table.assign(trace=table["trace"].fillna(table["needs"]))
    columns = columns_of(kinds, published=UNIT, recomputed=UNIT, difference=CHANGE, areas="number")
    section.table("02.replication", columns, shown)
    return table


@step
def levels_now(section: Section, study: Study) -> list[Finding]:
    """Record the level of focus and rest per indicator, in the last year with enough buurten (K3)."""
    found = [levels.level_finding(study, name, f"03.level.{name}") for name in study.p.levels]
    made = [finding for finding in found if judge(finding) != NOT_COMPUTABLE]
    section.add(*made, *[finding for finding in found if finding not in made])
    counted = claims.registry().claims["K3"]["indicators"]
    section.decide(*[claims.level_verdict(study, finding) for finding in found if finding.indicator in counted])
    if made:
        kinds = {"indicator": "indicator", "year": "year", "focus": "number", "rest": "number", "difference": "number"}
        kinds |= {
            "low": "number",
            "high": "number",
            "not_measured": "number",
            "unit": "unit",
            "difference_unit": "unit",
        }
        units = {
            "focus": UNIT,
            "rest": UNIT,
            "difference": CHANGE,
            "low": CHANGE,
            "high": CHANGE,
            "not_measured": "number",
        }
        section.table("03.levels", columns_of(kinds, **units), pd.DataFrame([_level_row(study, f) for f in made]))
    return found


def _level_row(study: Study, finding: Finding) -> dict[str, Any]:
    """Give the row of one level."""
    return {
        "indicator": finding.indicator,
        "year": finding.a.year,
        "focus": finding.a.estimate,
        "rest": finding.b.estimate,
        "difference": finding.estimate,
        "low": finding.low,
        "high": finding.high,
        "not_measured": finding.a.n_missing + finding.b.n_missing,
        "unit": finding.unit,
        "difference_unit": study.known.units[finding.unit]["change"],
    }


@step
def buurten_ranked(section: Section, study: Study, found: Sequence[Finding]) -> pd.DataFrame:
    """Record the ranked buurten and the map of the first indicator that could be computed."""
    made = [finding for finding in found if judge(finding) != NOT_COMPUTABLE]
    if not made:
        return pd.DataFrame()
    finding = made[0]
    name, year = str(finding.indicator), int(finding.a.year or 0)
    indicator = study.known.indicator(name)
    table = levels.ranked_table(study, name, year)
    value: dict[str, Any] = {"kind": "number", "unit": indicator.unit, "decimals": indicator.decimals}
    apart = {**value, "unit": str(study.known.units[indicator.unit]["change"])}  # percentages differ by points
    columns = [
        Column("area", "area"),
        Column("group", "group"),
        *[Column(key, **value) for key in ("value", "low", "high")],
        Column("difference", **apart),
    ]
    section.table("03.ranked", columns, table)
    options = {"unit": indicator.unit, "indicator": name, "year": year, "sources": list(finding.sources)}
    section.figure(
        "03.ranked",
        "ranked_dots",
        "03.ranked",
        finding.id,
        **options,
        city_mean=levels.city_mean(study, name, year),
    )
    if study.data.geometry:
        shown = table.rename(columns={"value": "level", "difference": "value"})
        section.table("03.map", [Column("area", "area"), Column("group", "group"), Column("value", **apart)], shown)
        section.figure("03.map", "choropleth", "03.map", finding.id, **options, diverging=True)
    return table


@step
def buurten_by_year(section: Section, study: Study) -> pd.DataFrame:
    """Record every buurt in every year with enough coverage, per indicator: what the map and list of the page show."""
    table = levels.every_year(study, [*study.p.levels, *study.p.indicators])
    if not table.empty:
        years = [Column(str(name), "number", UNIT) for name in table if str(name).startswith("y2")]
        kinds = {"indicator": "indicator", "area": "area", "group": "hidden", "unit": "unit"}
        section.table("03.by_year", [*columns_of(kinds), *years], table)
    return table


@step
def spread_over_years(section: Section, study: Study) -> pd.DataFrame:
    """Record how far apart the buurten are, year by year, and the picture of the first followed indicator."""
    table = levels.spread_table(study)
    if table.empty:
        return table
    columns = [
        Column("indicator", "indicator"),
        Column("year", "year"),
        Column("index", "index"),
        Column("estimate", "number", "index"),
        Column("low", "number", "index"),
        Column("high", "number", "index"),
        Column("buurten", "number", "number"),
    ]
    relative = table[table["index"] != "weighted_sd"]
    section.table("03.spread", columns, relative)
    wide = relative.pivot(index=["indicator", "year", "buurten"], columns="index", values="estimate").reset_index()
    variation = relative[relative["index"] == "coefficient_of_variation"].set_index(["indicator", "year"])
    shown = wide.join(variation[["low", "high"]], on=["indicator", "year"])
    numbers = ("coefficient_of_variation", "low", "high", "theil_between")
    shown = shown.reindex(columns=["indicator", "year", *numbers, "buurten"])  # one may exist in no year at all
    kinds = {"indicator": "indicator", "year": "year", **dict.fromkeys(numbers, "number"), "buurten": "number"}
    columns = columns_of(kinds, **dict.fromkeys(numbers, "index"), buurten="number")
    section.table("03.spread_wide", columns, shown)
    name = str(table["indicator"].iloc[0])
    indicator = study.known.indicator(name)
    drawn = levels.distribution_table(study, name)
    value = Column("value", "number", indicator.unit, indicator.decimals)
    section.table(
        "03.distribution",
        [Column("year", "year"), Column("area", "area"), Column("group", "group"), value],
        drawn,
    )
    finding = next((f.id for f in section.findings.values() if f.indicator == name), None)
    section.figure("03.distribution", "distribution", "03.distribution", finding, unit=indicator.unit, indicator=name)
    return table


@step
def indices_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record every index of every group and year, and a finding of each group's dissimilarity."""
    made = [levels.index_table(study, name) for name in study.p.groups]
    table = pd.concat(made, ignore_index=True) if made else pd.DataFrame()
    section.add(*levels.index_findings(study, table, "03.index"))
    if table.empty:
        return table
    kinds = {"group_name": "group_name", "year": "year", "index": "index", "estimate": "number", "low": "number"}
    kinds |= {"high": "number", "expected": "number", "buurten": "number", "not_measured": "number"}
    units = dict.fromkeys(("estimate", "low", "high", "expected"), "index")
    section.table("03.indices", columns_of(kinds, **units, buurten="number", not_measured="number"), table)
    wide = table.pivot(index=["group_name", "year", "buurten", "not_measured"], columns="index", values="estimate")
    ranges = table[table["index"] == "dissimilarity"].set_index(["group_name", "year"])[["low", "high", "expected"]]
    shown = wide.reset_index().join(ranges, on=["group_name", "year"])
    numbers = ("dissimilarity", "low", "high", "expected", "isolation", "theil_h", "gini")
    kinds = {"group_name": "group_name", "year": "year", **dict.fromkeys(numbers, "number"), "not_measured": "number"}
    columns = columns_of(kinds, **dict.fromkeys(numbers, "index"), not_measured="number")
    section.table("03.indices_wide", columns, shown)
    return table


@step
def other_places(section: Section, study: Study) -> pd.DataFrame:
    """Record the dissimilarity of the same groups in the comparison municipalities."""
    table = levels.comparison_table(study) if study.p.comparisons else pd.DataFrame()
    columns = [
        Column("group_name", "group_name"),
        Column("area", "area"),
        Column("year", "year"),
        Column("estimate", "number", "index"),
        Column("low", "number", "index"),
        Column("high", "number", "index"),
        Column("buurten", "number", "number"),
    ]
    if not table.empty:
        section.table("03.comparison", columns, table.sort_values(["group_name", "estimate"], kind="stable"))
    return table


@step
def error_rates(section: Section, study: Study) -> pd.DataFrame:
    """Record how often the tests of a change would be wrong, measured on synthetic municipalities of this size.

    One row per test and true change: the percentage of synthetic municipalities for which it said larger or smaller.
    """
    del study
    rates = sources.error_rates()
    if rates.empty:
        return rates
    usual = rates[(rates["buurten"] == USUAL[0]) & (rates["years"] == USUAL[1])]
    keys = ["municipality", "test", "measure", "switch", "effect", "n"]
    wide = usual.pivot(index=keys, columns="judgement", values="share").reset_index()
    wide["effect_unit"] = wide["measure"].map({"absolute": "thousand_euro", "relative": "points"})
    kinds = {"test": "code", "measure": "measure", "switch": "code", "effect": "number", "said_higher": "number"}
    kinds |= {"said_lower": "number", "n": "number", "municipality": "hidden", "effect_unit": "hidden"}
    columns = columns_of(kinds, effect="@effect_unit", said_higher="percent", said_lower="percent", n="number")
    section.table("12.error_rates", columns, wide.rename(columns={"HIGHER": "said_higher", "LOWER": "said_lower"}))
    return wide


@step
def claim_error_rates(section: Section, study: Study) -> pd.DataFrame:
    """Record how often each claim would be supported, false or true by a known size, on synthetic municipalities.

    One row per part of a claim, of the usual size: the percentage supported with the switch off (an error), and with an
    effect that is small, registered and large; `effect` is the registered one.
    """
    del study
    rates = sources.verdict_rates()
    if rates.empty:
        return rates
    usual = rates[(rates["count"] == USUAL[0]) & (rates["years"] == USUAL[1]) & (rates["verdict"] == "SUPPORTED")]
    keys = ["municipality", "claim", "part", "unit", "count", "years"]
    wide = usual.pivot(index=keys, columns="switch", values="share")
    wide = wide.reindex(columns=["off", "small", "registered", "large"])
    registered = usual[usual["switch"] == "registered"].set_index(keys)["effect"]
    wide = wide.assign(effect=registered, n=usual[usual["switch"] == "off"].set_index(keys)["n"])
    order = usual.drop_duplicates(keys).set_index(keys).index
    table = wide.reindex(order).reset_index()
    thousands = table["unit"] == "thousand_euro"  # so that an effect of some hundreds is told
    effect, unit = table["effect"], table["unit"]
    table = table.assign(effect=effect.where(~thousands, 1000 * effect), unit=unit.where(~thousands, "euro"))
    table = table.rename(columns={"part": "calibrated", "off": "wrongly", "count": "places"})
    kinds = {"claim": "claim", "calibrated": "code", "places": "number", "years": "number", "effect": "number"}
    kinds |= {"wrongly": "number", "small": "number"}
    kinds |= {"registered": "number", "large": "number", "n": "number", "municipality": "hidden", "unit": "hidden"}
    shares = dict.fromkeys(("wrongly", "small", "registered", "large"), "percent")
    section.table(
        "12.calibration",
        columns_of(kinds, effect="@unit", n="number", places="number", years="number", **shares),
        table,
    )
    return table
