"""How much of a gap, and of all differences between buurten, residents' resources carry beside housing and liveability.

Bookkeeping, not a cause: what goes together with the outcome is shared out over the blocks.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kloof import claims, gaps, oaxaca, shapley
from kloof.blocks import Explained
from kloof.dealing import Flags
from kloof.errors import NotComputableError
from kloof.facets import LEADING, Laid, leans_on_itself
from kloof.findings import Finding, Side
from kloof.mobility import percentile_ranks
from kloof.panel import Focus
from kloof.study import Study

REFERENCE = "pooled_with_group"
GAP, R_SQUARED = "gap", "r_squared"
WEIGHTED = "weighted"
FOR_A_MEAN = 499  # draws behind a mean by chance: its error is far below a tenth of a point


@dataclass(frozen=True)
class Part:
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


def _fields(study: Study, laid: Laid, measure: str) -> dict[str, Any]:
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
        "kind": "lead",
        "measure": measure,
        "indicator": laid.outcome,
        "unit": unit,
        "decimals": 1,
        "coverage": laid.coverage,
        "coverage_minimum": study.coverage_minimum,
        "sources": laid.sources,
        "flags": tuple(flags),
    }


def _absent(laid: Laid, number: str, fields: dict[str, Any], reason: str) -> Carried:
    side = Side(laid.year, n_units=len(laid.codes))
    fields = {**fields, "coverage": None} if laid.data is None else fields
    return Carried(Finding(id=number, reason=reason, a=side, b=side, **fields), pd.DataFrame())


def lead_in_gap(study: Study, laid: Laid, number: str, focus: Focus) -> Carried:
    """Judge whether resources carry more of the gap of a focus list than the other blocks together.

    The gap is turned so that it is positive. The table adds up: the blocks and what they leave unexplained make the
    gap. Raises nothing: what cannot be computed is a finding with its reason.
    """
    fields = _fields(study, laid, GAP) | {"focus": focus.name}
    if focus.indicator is None:
        fields["flags"] = (*fields["flags"], "list_after_window")
    elif focus.indicator == laid.outcome:
        fields["flags"] = (*fields["flags"], "list_on_outcome")
    if laid.data is None:
        return _absent(laid, number, fields, laid.reason or "no_figures")
    is_focus = np.isin(laid.codes, focus.codes)
    try:
        parts = _split(laid.data, is_focus, study.rng(number), study.p.draws)
    except NotComputableError as problem:
        return _absent(laid, number, fields, problem.reason)
    if parts["gap"].low <= 0 <= parts["gap"].high:
        return _absent(laid, number, fields, "no_gap_to_explain")
    if parts["gap"].estimate < 0:
        parts = {name: Part(-part.estimate, -part.high, -part.low) for name, part in parts.items()}
    blocks, gap, lead = list(laid.data.blocks), parts["gap"], parts["lead"]
    unexplained = parts["unexplained_focus"].estimate + parts["unexplained_rest"].estimate
    told = {**{name: parts[name].estimate for name in ("gap", *blocks)}, "unexplained": unexplained}
    finding = Finding(
        id=number,
        estimate=lead.estimate,
        low=lead.low,
        high=lead.high,
        range_kind=("process",),
        smallest_effect=smallest_share() / 100 * gap.estimate,
        a=Side(laid.year, "focus", n_units=int(is_focus.sum())),
        b=Side(laid.year, "rest", n_units=int((~is_focus).sum())),
        details={name: {"value": value, "unit": fields["unit"], "decimals": 1} for name, value in told.items()},
        **fields,
    )
    rows = [{"part": name, **vars(parts[name])} for name in blocks]
    rows += [{"part": "unexplained", "estimate": unexplained}, {"part": "gap", **vars(gap)}]
    return Carried(finding, pd.DataFrame(rows))


def _split(data: Explained, is_focus: Flags, rng: np.random.Generator, draws: int) -> dict[str, Part]:
    """Split the gap; raises NotComputableError as `oaxaca.two_fold`, and when one of the groups is empty."""
    if not is_focus.any() or is_focus.all():
        raise NotComputableError("no_group_left", "No focus buurt, or no other buurt, has all figures.")
    rows = oaxaca.two_fold(data, is_focus, REFERENCE, rng, draws, LEADING).parts.to_dict("records")
    return {str(row["part"]): Part(*(float(row[key]) for key in ("estimate", "low", "high"))) for row in rows}


def lead_in_r_squared(study: Study, laid: Laid, number: str, variant: str = WEIGHTED) -> Carried:
    """Judge whether resources carry more of the differences between all buurten (R²) than the other blocks together.

    `variant`: "weighted" by inhabitants; "unweighted"; "ranks": every figure in percentile ranks.
    """
    fields = _fields(study, laid, R_SQUARED)
    if laid.data is None:
        return _absent(laid, number, fields, laid.reason or "no_figures")
    data = _varied(laid.data, variant)
    try:
        found, chance = shapley.lead(data, LEADING, study.rng(number), min(study.p.draws, FOR_A_MEAN))
        table = pd.DataFrame() if variant != WEIGHTED else _shares(study, data, f"{number}.shares")
    except NotComputableError as problem:
        return _absent(laid, number, fields, problem.reason)
    side = Side(laid.year, n_units=len(laid.codes))
    told = {str(row["part"]): float(row["estimate"]) for row in table.to_dict("records")}
    details = {name: {"value": value, "unit": "percent", "decimals": 0} for name, value in told.items()}
    finding = Finding(
        id=number,
        estimate=100 * found.estimate,
        low=100 * found.low,
        high=100 * found.high,
        range_kind=("process",),
        smallest_effect=smallest_share(),
        a=side,
        b=side,
        details={**details, "by_chance": {"value": 100 * chance, "unit": "points"}},
        **fields,
    )
    return Carried(finding, table)


def _shares(study: Study, data: Explained, purpose: str) -> pd.DataFrame:
    """Give the share of R² of each block with its range and what chance would give it, and the whole, in percent."""
    found = shapley.r_squared_shares(data, study.rng(purpose), study.p.draws)
    table = found.shares.rename(columns={"block": "part"}).drop(columns="p_value")
    whole = {"estimate": found.r_squared, "low": found.r_squared_low, "high": found.r_squared_high}
    columns = len(data.design().T)
    joined = pd.concat([table, pd.DataFrame([{"part": R_SQUARED, "columns": columns, **whole}])], ignore_index=True)
    for key in ("estimate", "low", "high", "by_chance"):
        joined[key] = 100 * joined[key]
    return joined


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


def harder_to_meet_ends(study: Study, number: str, measure: str, focus: Focus) -> Finding:
    """Judge whether the gap in a figure of H5 grew under a focus list."""
    track = gaps.follow(study, claims.registry().claims["H5"]["indicators"][0], focus)
    return gaps.gap_change(study, track, measure, number, focus)
