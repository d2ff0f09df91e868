"""Steps of notebook 06: who moved up, who stayed behind; each is recorded and given back to look at."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kloof import claims, drift, fifths
from kloof.findings import Finding, Verdict
from kloof.mobility import ABSOLUTE, RANKS
from kloof.placing import MONEY, Placed, place, variants
from kloof.results import Column, Section
from kloof.steps import step
from kloof.study import Study


def place_all(study: Study) -> list[Placed]:
    """Place the buurten of every indicator that C4 names."""
    return [place(study, name) for name in claims.registry().claims["C4"]["indicators"]]


def _groups() -> int:
    """Give the registered number of groups."""
    return int(claims.registry().claims["C4"]["groups"])


def _named(claim: str, started: Sequence[Placed]) -> list[Placed]:
    """Keep the indicators that a claim names."""
    return [placed for placed in started if placed.track.indicator in claims.registry().claims[claim]["indicators"]]


@step
def top_and_bottom(section: Section, study: Study, started: Sequence[Placed]) -> list[Verdict]:
    """Record whether the top rose while the bottom did not (C4), and whether the top rose (H2).

    Each is repeated with other numbers of groups and with every buurt counted alike; C4 also with a bottom that may not
    rise at all.
    """
    found: list[Finding] = []
    verdicts: list[Verdict] = []
    for placed in started:
        name = placed.track.indicator
        for measure in claims.registry().claims["C4"]["measures"]:
            number = f"06.{name}.{measure}"
            made = {way: fifths.matthew(study, own, measure, _number(number, way), groups)
                    for way, (own, groups) in variants(placed).items()}  # fmt: skip
            made["strict"] = fifths.matthew(study, placed, measure, f"{number}.strict", _groups(), strict=True)
            found.append(next(iter(made.values())))
            verdicts.append(claims.judge_over("C4", f"{name}.{measure}", made, next(iter(made))))
    for placed in _named("H2", started):
        number = f"06.{placed.track.indicator}.top"
        made = {way: fifths.top_change(study, own, _number(number, way), groups)
                for way, (own, groups) in variants(placed).items()}  # fmt: skip
        found.append(next(iter(made.values())))
        verdicts.append(claims.judge_over("H2", f"{placed.track.indicator}.top", made, next(iter(made))))
    section.add(*fifths.first_of(found))
    section.decide(*verdicts, *claims.untested(study, "H2"))
    for placed in started:
        section.leave_out(placed.track.panel.set_aside if placed.track.panel else ())
    return verdicts


def _number(number: str, way: str) -> str:
    """Name the finding of a variant; the headline keeps the plain name."""
    return number if way == f"groups_{_groups()}" else f"{number}.{way}"


@step
def fell_behind(section: Section, study: Study, started: Sequence[Placed]) -> list[Verdict]:
    """Record whether the bottom group fell behind the others, and the list those that started alike (H3)."""
    found: list[Finding] = []
    verdicts: list[Verdict] = []
    for placed in _named("H3", started):
        name = placed.track.indicator
        money = study.known.indicator(name).unit in MONEY
        for measure in claims.registry().claims["H3"]["measures"] if money else (ABSOLUTE,):
            number = f"06.{name}.behind.{measure}"
            made = {way: fifths.behind(study, own, measure, _number(number, way), groups)
                    for way, (own, groups) in variants(placed).items()}  # fmt: skip
            found.append(next(iter(made.values())))
            verdicts.append(claims.judge_over("H3", f"{name}.behind.{measure}", made, next(iter(made))))
            number = f"06.{name}.similar.{measure}"
            finding, verdict = claims.judge_row(
                study, "H3", f"{name}.similar.{measure}", _similar(study, name, measure, number)
            )
            found.append(finding)
            verdicts.append(verdict)
    section.add(*fifths.first_of(found))
    section.decide(*verdicts, *claims.untested(study, "H3"))
    return verdicts


def _similar(study: Study, name: str, measure: str, number: str) -> Any:
    """Give the function that computes how far a focus list fell behind."""
    return lambda focus: fifths.behind_similar(
        study, name, measure, number if focus == study.focus else f"{number}.{focus.name}", focus
    )


@step
def group_pictures(section: Section, study: Study, started: Sequence[Placed]) -> list[pd.DataFrame]:
    """Record the change of each group with what chance alone would give, for each indicator that could be placed."""
    tables = []
    for placed in started:
        name, number = placed.track.indicator, f"06.{placed.track.indicator}"
        if placed.track.panel is None or section.findings[f"{number}.{ABSOLUTE}"].estimate is None:
            continue
        indicator = study.known.indicator(name)
        unit = study.known.units[indicator.unit]["change"]
        for measure, own, decimals in ((ABSOLUTE, unit, indicator.decimals), (RANKS, "rank_points", 1)):
            if section.findings[f"{number}.{measure}"].estimate is None:  # all of a group moved alike: no range
                continue
            table = fifths.group_table(study, placed, measure, f"{number}.{measure}", _groups())
            few = unit == "thousand_euro" and table[["low", "high"]].abs().max().max() < fifths.NARROW
            places = 1 if few and measure == ABSOLUTE else decimals
            columns = [
                Column("group_number", "number", "number"),
                Column("buurten", "number", "number"),
                *[
                    Column(key, "number", own, places)
                    for key in ("estimate", "low", "high", "chance_low", "chance_high")
                ],
            ]
            section.table(f"{number}.groups.{measure}", columns, table)
            tables.append(table)
        section.figure(
            number,
            "groups",
            f"{number}.groups.{ABSOLUTE}",
            f"{number}.{ABSOLUTE}",
            unit=unit,
            indicator=name,
            sources=list(placed.track.panel.sources),
        )
    return tables


@step
def ranks_kept(section: Section, study: Study, started: Sequence[Placed]) -> list[Finding]:
    """Record how far the ranking of the buurten was shuffled, and from which group to which."""
    found = []
    for placed in started:
        number = f"06.{placed.track.indicator}.mobility"
        finding, table = drift.stayed(study, placed, number, _groups())
        found.append(finding)
        if not table.empty:
            columns = [Column("from_group", "number", "number")]
            columns += [Column(key, "number", "percent", 0) for key in table.columns if key != "from_group"]
            section.table(number, columns, table)
    section.add(*fifths.first_of(found))
    return found


@step
def grown_together(section: Section, study: Study, started: Sequence[Placed]) -> pd.DataFrame:
    """Record whether distances shrank (beta, sigma), and what noise in the first year would have made of it."""
    found, tables = [], []
    for placed in started:
        name = placed.track.indicator
        made, table = drift.converged(study, placed, f"06.{name}")
        found += made
        tables += [] if table.empty else [table.assign(indicator=name)]
    section.add(*fifths.first_of(found))
    if not tables:
        return pd.DataFrame()
    joined = pd.concat(tables, ignore_index=True).dropna(subset=["estimate"])
    columns = [Column("indicator", "indicator"), Column("method", "code")]
    columns += [Column(key, "number", "percent", 1) for key in ("estimate", "low", "high")]
    section.table("06.convergence", columns, joined)
    return joined
