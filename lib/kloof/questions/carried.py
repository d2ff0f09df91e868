"""How much of a gap, and of all differences between buurten, residents' resources carry beside housing and liveability.

Bookkeeping, not a cause: what goes together with the outcome is shared out over the blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import END_ERROR, Finding, Side, in_unit, with_range
from kloof.methods import oaxaca, shapley
from kloof.methods.arrays import Flags
from kloof.methods.blocks import Explained
from kloof.methods.mobility import percentile_ranks
from kloof.methods.randomisation import PERCENTILE, SPREAD, error_of_ends
from kloof.methods.regression import Estimate, from_t, least
from kloof.questions import explanations, gap_changes, gap_tables
from kloof.questions.explanations import LEADING, Explanation, explanation, leans_on_itself
from kloof.questions.runner import Part, Ways, kind, record, under_lists
from kloof.results import Section
from kloof.study import claims
from kloof.study.dataset import STORE
from kloof.study.panel import Focus
from kloof.study.step import step
from kloof.study.study import Study, list_flags

REFERENCE = "pooled_with_group"
GAP, R_SQUARED = "gap", "r_squared"
WEIGHTED = "weighted"
_RESAMPLES = 5  # times the draws that are asked for: ends of a bootstrap ask for more of them than a mean


@dataclass(frozen=True)
class Piece:
    """One part of a gap with its range."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Carried:
    """A finding and the table behind it (part, estimate, low, high), empty when it could not be made."""

    finding: Finding
    table: pd.DataFrame


def smallest_share() -> float:
    """Give the smallest lead that matters, in percent of the gap and in points of R²."""
    return float(claims.registry().claims["C10"]["smallest_share"])


def _fields(study: Study, laid: Explanation, measure: str) -> dict[str, Any]:
    """Fields that both findings share, and what a reader must know about the figures."""
    known = study.known
    names = [laid.outcome, *[facet.indicator for facet in laid.facets]]
    flags = ["modelled"] if any(known.indicator(name).modelled for name in names) else ["register"]
    flags += ["years_apart"] if any(facet.year != laid.year for facet in laid.facets) else []
    flags += ["left_out"] if laid.left_out else []
    if leans_on_itself(laid):
        flags.append("leans_on_itself")
    elif any(facet.shared for facet in laid.facets):
        flags.append("shares_component")
    indicator = known.indicator(laid.outcome)
    unit = known.units[indicator.unit]["change"] if measure == GAP else "points"
    return {
        "kind": "lead", "measure": measure, "indicator": laid.outcome, "unit": unit,
        "decimals": 1 if measure == GAP else 0,  # what chance gives R² is drawn, and known to some tenths
        "coverage": laid.coverage, "coverage_minimum": study.coverage_minimum, "sources": laid.sources,
        "flags": tuple(flags),
    }  # fmt: skip


def _absent(laid: Explanation, number: str, fields: dict[str, Any], reason: str) -> Carried:
    side = Side(laid.year, n_units=len(laid.codes))
    fields = {**fields, "coverage": None} if laid.data is None else fields
    return Carried(Finding(id=number, reason=reason, a=side, b=side, **fields), pd.DataFrame())


def lead_in_gap(study: Study, laid: Explanation, number: str, focus: Focus) -> Carried:
    """Judge whether resources carry more of the gap of a focus list than the largest of the other blocks.

    The gap is turned so that it is positive. The table adds up: the blocks and what they leave unexplained make the
    gap. Raises nothing: what cannot be computed is a finding with its reason.
    """
    fields = _fields(study, laid, GAP) | {"focus": focus.name}
    fields["flags"] = (*fields["flags"], *list_flags(study, focus, laid.year))
    if focus.indicator == laid.outcome:
        fields["flags"] = (*fields["flags"], "list_on_outcome")
    if laid.data is None:
        return _absent(laid, number, fields, laid.reason or "no_figures")
    is_focus = np.isin(laid.codes, focus.codes)
    try:
        parts, leads = _split(laid.data, is_focus, study.rng("split"), _RESAMPLES * study.p.draws)
    except NotComputableError as problem:
        return _absent(laid, number, fields, problem.reason)
    if parts["gap"].low <= 0 <= parts["gap"].high:
        return _absent(laid, number, fields, "no_gap_to_explain")
    if parts["gap"].estimate < 0:
        parts = {name: Piece(-part.estimate, -part.high, -part.low) for name, part in parts.items()}
        leads = {name: from_t(-one.estimate, one.se, one.df, one.rows, one.clusters) for name, one in leads.items()}
    error_of = partial(error_of_ends, draws=_RESAMPLES * study.p.draws, kind=SPREAD)
    blocks, gap, lead = list(laid.data.blocks), parts["gap"], least(leads)
    unexplained = parts["unexplained_focus"].estimate + parts["unexplained_rest"].estimate
    told = {**{name: parts[name].estimate for name in ("gap", *blocks)}, "unexplained": unexplained}
    details = in_unit(fields["unit"], 1, **told) | in_unit("number", degrees=lead.df)
    details |= in_unit(fields["unit"], **{END_ERROR: error_of(lead.low, lead.high)})
    finding = Finding(
        id=number, **with_range(lead), range_kind=("process",), smallest_effect=smallest_share() / 100 * gap.estimate,
        a=Side(laid.year, "focus", n_units=int(is_focus.sum())),
        b=Side(laid.year, "rest", n_units=int((~is_focus).sum())), details=details, **fields,
    )  # fmt: skip
    rows = [{"part": name, **vars(parts[name])} for name in blocks]
    rows += [{"part": "unexplained", "estimate": unexplained}, {"part": "gap", **vars(gap)}]
    rows = [{**row, END_ERROR: error_of(row["low"], row["high"])} if "low" in row else row for row in rows]
    return Carried(finding, pd.DataFrame(rows))


def _split(
    data: Explained, is_focus: Flags, rng: np.random.Generator, draws: int
) -> tuple[dict[str, Piece], dict[str, Estimate]]:
    """Split the gap; give its parts, and the lead of resources over each other block.

    Raises NotComputableError as `oaxaca.two_fold`, and when one of the groups is empty.
    """
    if not is_focus.any() or is_focus.all():
        raise NotComputableError("no_group_left", "No focus buurt, or no other buurt, has all figures.")
    made = oaxaca.two_fold(data, is_focus, REFERENCE, rng, draws, LEADING)
    rows = made.parts.to_dict("records")
    parts = {str(row["part"]): Piece(*(float(row[key]) for key in ("estimate", "low", "high"))) for row in rows}
    return parts, dict(made.leads)


def lead_in_r_squared(study: Study, laid: Explanation, number: str, variant: str = WEIGHTED) -> Carried:
    """Judge whether resources carry more of the differences between all buurten (R²) than the largest other block.

    `variant`: "weighted" by inhabitants; "unweighted"; "ranks": every figure in percentile ranks.
    """
    fields = _fields(study, laid, R_SQUARED)
    if laid.data is None:
        return _absent(laid, number, fields, laid.reason or "no_figures")
    data = _varied(laid.data, variant)
    try:
        found, chance, error = shapley.lead(data, LEADING, study.rng("lead"), study.p.draws)
        table = pd.DataFrame() if variant != WEIGHTED else _shares(study, data)
    except NotComputableError as problem:
        return _absent(laid, number, fields, problem.reason)
    side = Side(laid.year, n_units=len(laid.codes))
    told = {str(row["part"]): float(row["estimate"]) for row in table.to_dict("records")}
    details = in_unit("percent", 0, **told) | in_unit("number", degrees=found.df)
    details |= in_unit("points", **{"by_chance": 100 * chance, END_ERROR: 100 * error})
    finding = Finding(
        id=number, **with_range(found, 100), range_kind=("process",), smallest_effect=smallest_share(), a=side, b=side,
        details=details, **fields,
    )  # fmt: skip
    return Carried(finding, table)


def _shares(study: Study, data: Explained) -> pd.DataFrame:
    """Give the share of R² of each block with its range and what chance would give it, and the whole, in percent."""
    draws = _RESAMPLES * study.p.draws
    found = shapley.r_squared_shares(data, study.rng("shares"), draws)
    table = found.shares.rename(columns={"block": "part"}).drop(columns="p_value")
    whole = {"estimate": found.r_squared, "low": found.r_squared_low, "high": found.r_squared_high}
    columns = len(data.design().T)
    joined = pd.concat([table, pd.DataFrame([{"part": R_SQUARED, "columns": columns, **whole}])], ignore_index=True)
    for key in ("estimate", "low", "high", "by_chance"):
        joined[key] = 100 * joined[key]
    errors = [
        error_of_ends(low, high, draws, PERCENTILE) for low, high in zip(joined["low"], joined["high"], strict=True)
    ]
    return joined.assign(**{END_ERROR: errors})


def _varied(data: Explained, variant: str) -> Explained:
    """Weigh all buurten alike, or put every figure in percentile ranks."""
    if variant == "unweighted":
        return replace(data, weight=np.ones(len(data.weight)))
    if variant == "ranks":
        blocks = {
            name: np.column_stack([percentile_ranks(column, data.weight) for column in block.T])
            for name, block in data.blocks.items()
        }
        return replace(data, outcome=percentile_ranks(data.outcome, data.weight), blocks=blocks)
    return data


VARIANTS = (WEIGHTED, "unweighted", "ranks")


@step
def lay_out_all(section: Section, study: Study) -> list[Explanation]:
    """Lay out every outcome of C10, and record which figure of which year stands for what."""
    laid = [explanation(study, outcome) for outcome in claims.registry().claims["C10"]["outcomes"]]
    rows = [
        {"outcome": one.outcome, **vars(facet), "sharing": "shared" if facet.shared else "own"}
        for one in laid
        for facet in one.facets
    ]
    if rows:
        section.table("10.columns", "outcome=indicator block=code indicator year sharing=code", pd.DataFrame(rows))
    return laid


@kind("lead")
def leading(study: Study, part: Part) -> Ways:
    """Compute how far resources lead: in the gap of every focus list, or in R² by every way to weigh."""
    laid = explanation(study, part.name)
    if part.measure == GAP:
        return under_lists(study, part, lambda number, focus: lead_in_gap(study, laid, number, focus).finding)
    return {
        way: lead_in_r_squared(study, laid, part.number if way == WEIGHTED else f"{part.number}.{way}", way).finding
        for way in VARIANTS
    }


@step
def who_leads(section: Section, study: Study, laid: Sequence[Explanation]) -> list[Finding]:
    """Record how much of each gap and of all differences resources carry, and whether they lead (C10).

    The part of the gap is repeated under every focus list, that of R² unweighted and in ranks. Resources that are made
    of the same figures as the outcome cannot support the claim: it is undecided then, whatever the number.
    """
    found = record(section, study, "C10")
    for one in laid:
        number = f"10.{one.outcome}"
        in_gap = lead_in_gap(study, one, f"{number}.{GAP}", study.focus)
        _tables(section, one, in_gap, lead_in_r_squared(study, one, f"{number}.{R_SQUARED}"))
        named = {f"{one.outcome}.{measure}" for measure in (GAP, R_SQUARED)}
        section.verdicts = [
            replace(verdict, missing=one.missing)
            if verdict.claim == "C10" and verdict.row in named and verdict.missing and one.missing
            else verdict
            for verdict in section.verdicts
        ]
    return found


def _tables(section: Section, laid: Explanation, in_gap: Carried, in_all: Carried) -> None:
    """Record the parts of the gap with their waterfall, and the shares of R²."""
    number = f"10.{laid.outcome}"
    if not in_gap.table.empty:
        unit, columns = in_gap.finding.unit, f"part=code estimate,low,high:{in_gap.finding.unit}:1 {END_ERROR}=hidden"
        section.table(f"{number}.{GAP}", columns, in_gap.table)
        section.figure(
            f"{number}.{GAP}", "waterfall", f"{number}.{GAP}", in_gap.finding.id, unit=unit, indicator=laid.outcome,
            sources=list(laid.sources), year=laid.year,
        )  # fmt: skip
    if not in_all.table.empty:
        columns = f"part=code columns:number estimate,low,high,by_chance:percent:0 {END_ERROR}=hidden"
        section.table(f"{number}.{R_SQUARED}", columns, in_all.table)


@step
def meeting_ends(section: Section, study: Study) -> list[Finding]:
    """Record whether making ends meet became harder in the focus list than elsewhere (H5), with its picture."""
    found = record(section, study, "H5")
    followed = gap_changes.follow(study, str(claims.registry().claims["H5"]["indicators"][0]))
    section.leave_out(followed.panel.set_aside if followed.panel else ())
    gap_tables.gap_pictures(section, study, [followed], "10")
    return found


@step
def all_municipalities(section: Section, study: Study) -> pd.DataFrame:
    """Record the same shares within all municipalities of the store; with other figures, nothing."""
    if study.data.name != STORE:
        return pd.DataFrame()
    findings, table = explanations.in_store(study.known)
    section.add(*(finding for finding in findings if finding.id not in section.findings))
    if not table.empty:
        columns = "indicator year part=code estimate,low,high:percent:0 buurten,municipalities:number"
        section.table("10.within", columns, table)
    return table
