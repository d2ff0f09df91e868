"""Steps of notebook 12: every claim with its verdict, what is left when all tests count, and what stands on it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.findings import (
    DECIDED,
    DIFFERENCES,
    END_ERROR,
    MIXED,
    NOT_TESTABLE,
    SUPPORTED,
    UNDECIDED,
    VERDICTS,
    Finding,
    Side,
    Verdict,
    in_unit,
    scale_of,
)
from kloof.questions.all_tests import (
    AGAINST,
    ON_TESTED,
    OPEN,
    PARTLY,
    UNTESTED,
    Adjusted,
    after_all_tests,
    one_number,
    stands_on,
)
from kloof.questions.robustness import CHOICES, Robustness, explore, is_computed
from kloof.results import Recorded, Section
from kloof.study import claims, load
from kloof.study.panel import series
from kloof.study.step import step
from kloof.study.study import Study

Parts = Sequence[Mapping[str, Any]]
HEADCOUNT = "M2"
FIRST_CURVE = "12.curve.C1"  # drawn in the report, where there is one
CURVE = ("estimate", "low", "high")


def rows_of(parts: Parts) -> tuple[list[Mapping[str, Any]], dict[str, Mapping[str, Any]]]:
    """Give all verdicts and all findings of the parts."""
    rows = [row for part in parts for row in part["verdicts"]]
    return rows, {name: finding for part in parts for name, finding in part["findings"].items()}


@step
def headcount(section: Section, study: Study) -> Finding:
    """Record how many people live in the focus buurten, as far as M2 goes for one municipality.

    M2 is about all areas of the manifest together, whose buurten are not published: it is not testable here.
    """
    table = series(study.data, study.known, "inhabitants")
    own = table[table["code"].isin(study.focus.codes) & (table["status"] == "measured")]
    base: dict[str, Any] = {
        "id": "12.people", "kind": "headcount", "measure": "people", "unit": "persons", "indicator": "inhabitants",
        "focus": study.focus.name, "flags": ("register",),
    }  # fmt: skip
    finding = Finding(reason="no_figures", **base)
    if not own.empty:
        year = int(own["year"].max())
        last = own[own["year"] == year]
        total, low, high = (float(last[name].sum()) for name in ("value", "low", "high"))
        side = Side(year, "focus", n_units=len(last), n_missing=len(study.focus.codes) - len(last))
        finding = Finding(estimate=total, low=low, high=high, range_kind=("rounding",), a=side, **base)
    entry = claims.registry().claims[HEADCOUNT]
    missing = tuple(entry["missing"])
    section.add(finding)
    section.decide(Verdict(HEADCOUNT, NOT_TESTABLE, finding.id, "all", None, (), missing))
    return finding


@step
def robustness(section: Section, study: Study, parts: Parts) -> list[Robustness]:
    """Record every verdict under all reasonable ways to test it, with the curve of each change of a gap."""
    rows, findings = rows_of(parts)
    found = explore(study, rows, findings)
    table = [
        {
            "claim": one.claim, "verdict": one.verdict, "votes": one.votes,
            "agree_ways": None if one.agree_share is None else one.agree,
            "agree_share": None if one.agree_share is None else 100 * one.agree_share,
            "label": one.label, "depends_on": ";".join(one.depends_on),
        }
        for one in found
    ]  # fmt: skip
    columns = "claim verdict votes,agree_ways:number agree_share:percent:0 label=code depends_on=choices"
    section.table("12.robustness", columns, pd.DataFrame(table))
    for one in found:
        drawn = _drawn(study, one)
        if len(drawn) < 2:
            continue
        section.add(_told(study, one))
        name = f"12.curve.{one.claim}"
        columns = f"{','.join(CURVE)}:number:2 verdict headline {','.join(CHOICES[:5])}=choice"
        section.table(name, columns, drawn)
        section.figure(name, "curve", name, f"12.robust.{one.claim}")
    curves = [name for name in section.tables if name.startswith("12.curve.")]
    if curves:
        first = FIRST_CURVE if FIRST_CURVE in curves else curves[0]
        section.figure("12.curve_short", "curve_short", first, section.figures[first]["finding"])
    return found


def _told(study: Study, one: Robustness) -> Finding:
    """Give the part of the ways that agree with a verdict.

    Where nothing was decided, the part that decides at all; where a claim holds in part, how many ways say what.
    """
    if one.verdict == MIXED:
        votes = one.table["verdict"].value_counts()
        told = {"ways": one.votes, **{name.lower(): int(votes.get(name, 0)) for name in DECIDED}}
        made = _count(study, f"12.robust.{one.claim}", "robustness_mixed", one.claim, one.votes, **told)
        return replace(made, decimals=0)
    is_open = one.verdict == UNDECIDED
    part = one.decides_share if is_open else one.agree_share
    share = None if part is None else 100 * part
    counted = {"decides": round((part or 0.0) * one.votes)} if is_open else {"agree": one.agree}
    return Finding(
        id=f"12.robust.{one.claim}", kind="robustness_open" if is_open else "robustness", measure=one.claim,
        unit="percent", estimate=share, low=share, high=share, decimals=0, focus=study.focus.name,
        details=in_unit("number", ways=one.votes, **counted),
        reason=None if one.votes else "no_figures",
    )  # fmt: skip


def _count(study: Study, number: str, kind: str, measure: str, found: int, **more: int) -> Finding:
    """Make the finding of a count, with other counts beside it."""
    return Finding(id=number, kind=kind, measure=measure, unit="number", estimate=found, low=found, high=found,
                   details=in_unit("number", **more), focus=study.focus.name)  # fmt: skip


def _drawn(study: Study, one: Robustness) -> pd.DataFrame:
    """Give the ways a curve draws: those with a number, with the registered smallest effect and rounding counted."""
    table = one.table
    if one.verdict == NOT_TESTABLE or not is_computed(one.claim):
        return pd.DataFrame()
    table = table[(table["smallest"] == "registered") & (table["rounding"] == "counted") & table["estimate"].notna()]
    first = table[["indicator", "measure"]].iloc[:1]
    headline = (table["focus_list"] == study.focus.name) & (table["weighing"] == "all") & (table["window"] == "ends")
    for name in first:
        headline &= table[name] == first[name].iloc[0]
    ordered = table.assign(headline=headline).sort_values(["estimate", *CHOICES], kind="stable", ignore_index=True)
    return ordered[[*CURVE, "verdict", "headline", *CHOICES[:5]]]


def synthesise(study: Study, section: Section, parts: Parts, robust: Sequence[Robustness] = ()) -> pd.DataFrame:
    """Record the claims with the number behind each, all verdicts by part, and the score of the debate."""
    rows, findings = rows_of([*parts, section.as_json()])
    votes = [row["verdict"] for row in rows]
    tested = len(votes) - votes.count(NOT_TESTABLE)
    counted = {name.lower(): votes.count(name) for name in VERDICTS} | {"parts": tested}
    section.add(_count(study, "12.score", "score", "parts", tested, **counted))
    section.headline = "12.score"
    section.add(*_mixed(study, rows))
    shares = {one.claim: one.agree_share for one in robust}
    summary = [_claim_row(claim, verdict, rows, findings, shares) for claim, verdict in claims.overall(rows).items()]
    number = "estimate:@unit range=range:@unit high=hidden:@unit"
    columns = f"claim verdict part measure=hidden {number} agree_share:percent:0 change unit {END_ERROR}=hidden"
    section.table("12.claims", columns, pd.DataFrame(summary))
    table = claims.verdict_table(rows, findings)
    table = table.rename(columns={"indicator": "part"}).assign(part=lambda rows: rows["part"].fillna("all"))
    columns = f"claim part measure=hidden verdict happened chance question=code {number} agree of=hidden:number "
    section.table("12.verdicts", f"{columns} flips_at=hidden unit {END_ERROR}=hidden", table)
    section.tables = Recorded({"12.claims": section.tables["12.claims"], **section.tables})
    counts = claims.score(rows)
    if not counts.empty:
        names = ",".join(name for name in counts.columns if name != "claim")
        section.table("12.score", f"claim {names}:number", counts)
    return table


def _mixed(study: Study, rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Tell of each claim that holds in part which of its parts go which way."""
    made = []
    for claim, verdict in claims.overall(rows).items():
        if verdict != MIXED:
            continue
        votes = [row["verdict"] for row in rows if row["claim"] == claim and row["counts"]]
        found, decided = votes.count(SUPPORTED), sum(vote in DECIDED for vote in votes)
        made.append(_count(study, f"12.mixed.{claim}", "mixed", claim, found, decided=decided, parts=len(votes)))
    return made


@step
def registered_again(section: Section, study: Study, parts: Parts) -> pd.DataFrame:
    """Record the verdicts of version 0.1 beside these, and why each claim was registered again."""
    del study
    rows, _ = rows_of(parts)
    now = claims.overall(rows)
    table = load.earlier_verdicts().rename(columns={"verdict": "before"})
    table = table[table["claim"].isin(list(claims.registry().claims))]
    table = table.assign(verdict=table["claim"].map(now))
    if not table.empty:
        section.table("12.again", "claim before=verdict verdict registered_again=code", table)
    return table


def _claim_row(
    claim: str,
    verdict: str,
    rows: Sequence[Mapping[str, Any]],
    findings: Mapping[str, Mapping[str, Any]],
    shares: Mapping[str, float | None],
) -> dict[str, Any]:
    """Give a claim with the one number behind its verdict."""
    row = one_number([row for row in rows if row["claim"] == claim], findings, verdict)
    finding = findings.get(row["finding"] or "") or {}
    ranged = bool(finding.get("range_kind"))
    share = shares.get(claim)
    return {
        "claim": claim, "verdict": verdict, "part": finding.get("indicator") or "all",
        "measure": scale_of(finding) if finding else None, "estimate": finding.get("estimate"),
        "range": finding.get("low") if ranged else None, "high": finding.get("high") if ranged else None,
        "agree_share": None if share is None else 100 * share, "change": claim, "unit": unit_of(finding),
        END_ERROR: finding.get("details", {}).get(END_ERROR, {}).get("value"),
    }  # fmt: skip


def unit_of(finding: Mapping[str, Any]) -> str | None:
    """Give the unit in which a finding's estimate is told: a difference of percentages is in points."""
    is_difference = finding.get("kind") in DIFFERENCES and finding.get("unit") == "percent"
    return "points" if is_difference else finding.get("unit")


@step
def all_tests(section: Section, study: Study, parts: Parts) -> dict[str, Adjusted]:
    """Record which verdicts are left when every test that was made counts (Holm)."""
    rows, findings = rows_of(parts)
    found = after_all_tests(rows, findings, claims.registry())
    decided = {name: one for name, one in found.items() if one.alone in DECIDED}
    left = sum(one.verdict in DECIDED for one in decided.values())
    section.add(_count(study, "12.holm", "all_tests", "holm", left, decided=len(decided), tests=len(found)))
    table = []
    for name, one in decided.items():
        claim, _, part = name.partition("/")
        finding = findings[next(row["finding"] for row in rows if (row["claim"], row["row"]) == (claim, part))]
        table.append(
            {
                "claim": claim, "part": finding["indicator"] or "all", "measure": finding["measure"],
                "verdict": one.alone, "p": one.p_value, "p_adjusted": one.adjusted, "after": one.verdict,
            }
        )  # fmt: skip
    if table:
        columns = "claim part measure=hidden verdict p,p_adjusted:probability after=verdict"
        section.table("12.holm", columns, pd.DataFrame(table))
    return found


@step
def argument(section: Section, study: Study, parts: Parts) -> pd.DataFrame:
    """Record on which verdicts the conclusions stand, as a table and as a graph."""
    rows, _ = rows_of([*parts, section.as_json()])
    overall = claims.overall(rows)
    conclusions = claims.registry().conclusions
    stands = {name: stands_on(entry["leans_on"], overall) for name, entry in conclusions.items()}
    edges = [
        {"conclusion": name, "stands": stands[name], "claim": claim, "verdict": overall.get(claim, NOT_TESTABLE)}
        for name, entry in conclusions.items()
        for claim in entry["leans_on"]
    ]
    made = list(stands.values())
    counted = {name: made.count(name) for name in (ON_TESTED, PARTLY, AGAINST, OPEN, UNTESTED)}
    section.add(_count(study, "12.argument", "argument", "conclusions", len(made), **counted))
    section.table("12.argument", "conclusion=claim stands=code claim verdict", pd.DataFrame(edges))
    section.figure("12.argument", "argument", "12.argument", "12.argument")
    section.figures = Recorded({"12.argument": section.figures["12.argument"], **section.figures})
    return pd.DataFrame(edges)


WORLD_RATES = ("happened_wrong", "chance_wrong", "seen", "claim_wrong", "claim_silent")
USUAL = (56, 8)  # buurten and years of the synthetic municipalities whose error rates a report prints


@step
def worlds(section: Section, study: Study) -> pd.DataFrame:
    """Record how often answers are wrong in synthetic worlds of this size, with a picture: a row per world.

    In percent of the trials: the most wrong of the four scales about what happened and about chance, how often what was
    planted was seen on the scale that sees it best, the most wrong of the joined claims, and how often a claim says
    nothing, on average.
    """
    del study
    rates = load.world_rates()
    usual = rates[rates["buurten"] == USUAL[0]] if len(rates) else rates
    rows = [_world_row(str(name), own) for name, own in usual.groupby("world", sort=False)] if len(usual) else []
    if not rows:
        return pd.DataFrame()
    table = pd.DataFrame(rows)
    columns = f"world=code {','.join(WORLD_RATES)}:percent n:number municipality=hidden"
    section.table("12.worlds", columns, table)
    section.figure("12.worlds", "worlds", "12.worlds")
    return table


def _world_row(name: str, own: pd.DataFrame) -> dict[str, Any]:
    """Sum up one world."""
    shares = {key: part["share"] for key, part in own.groupby(["question", "outcome"])}
    absent = pd.Series([np.nan])
    seen = shares.get(("chance", "seen"), absent).max()
    return {
        "world": name, "municipality": own["municipality"].iloc[0], "n": int(own["n"].min()),
        "happened_wrong": shares.get(("happened", "wrong"), absent).max(),
        "chance_wrong": shares.get(("chance", "wrong"), absent).max(), "seen": seen if seen else np.nan,
        "claim_wrong": shares.get(("joined", "wrong"), absent).max(),
        "claim_silent": shares.get(("joined", "silent"), absent).mean(),
    }  # fmt: skip


@step
def claim_error_rates(section: Section, study: Study) -> pd.DataFrame:
    """Record how often each claim would be supported, false or true by a known size, on synthetic municipalities.

    One row per part of a claim, of the usual size: the percentage supported with the switch off (an error), and with an
    effect that is small, registered and large; `effect` is the registered one.
    """
    del study
    rates = load.verdict_rates()
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
    columns = "claim calibrated=code places,years:number effect:@unit wrongly,small,registered,large:percent n:number"
    section.table("12.calibration", f"{columns} municipality,unit=hidden", table)
    return table
