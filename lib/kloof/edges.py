"""How far from its line a part of a claim should be told, where its finding has no smallest effect; or why not.

Such parts set a number beside a registered line, or ask for more than one thing at once. The distance that matters
then follows from what is registered: a stock that stood still lies the limit away from it, a group that moved by the
smallest change that matters lies that much away. Where nothing is registered to derive it from, or where no number of
buurten or years would help, the reason is given and no distance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kloof.errors import ParameterError
from kloof.multiplicity import DECIDED
from kloof.record import USUAL
from kloof.standing import NOT_CHANCE
from kloof.study import Study

# why no number of buurten or years is given
FOLLOWS = "follows"  # read from the verdicts on other claims
LISTS = "lists"  # decided, but the registered variants do not agree
BOUNDS = "bounds"  # the range is what figures by buurt leave open
FIGURES = "figures"  # the range is rounding and missing figures only
FEW_YEARS = "few_years"  # too few years for any range
NO_RANGE = "no_range"  # what is divided by may be 0, so that there is no range
REGISTERED = "registered"  # the switch by which a claim is true by the size that just matters


@dataclass(frozen=True)
class Edge:
    """The distance from the line that should be seen, and of each thing that must be seen at once half its range.

    `halves`: half a range in the unit of the distance and its degrees of freedom; these None when they are not known.
    """

    distance: float
    halves: tuple[tuple[float, float | None], ...]


def edge_of(study: Study, finding: Mapping[str, Any]) -> Edge | None:
    """Say what distance from its line matters for a finding that has a range; None when nothing registered says so.

    The pace (C6) stands `part` of the needed pace away from a stock that stands still and the rest of it from one that
    is fast enough: the lesser counts. The moved stock (H6) stands its limit away from one that stood still. Matthew
    (C4) asks for a top that rose and a bottom that did not, dilution (C9) for a part of others that lowers the share
    and that is the larger one: each by the smallest change that matters. What is left of a gap (C13) should be seen
    when it is the smallest gap that matters.
    """
    kind, details, name = finding["kind"], finding["details"], finding["indicator"]
    whole = ((max(finding["high"] - finding["estimate"], finding["estimate"] - finding["low"]), _degrees(details)),)
    if kind == "pace":
        part = details["part"]["value"] / 100
        return Edge(min(part, 1 - part) * details["needed"]["value"], whole)
    if kind == "stock":
        return Edge(details["limit"]["value"], whole)
    if kind == "matthew":
        return Edge(details["stagnation"]["value"], (_half(details, "bottom"), _half(details, "top")))
    halves = (_half(details, "others_part"), _half(details, "lead")) if kind == "dilution" else whole
    if kind == "dilution" and study.known.indicator(name).unit == "percent":
        distance = _smallest(study, name)
    elif kind == "gap_left":
        distance = _smallest(study, name, finding["measure"])
    else:
        distance = finding["smallest_effect"]
    return Edge(distance, halves) if distance else None


def _degrees(details: Mapping[str, Any]) -> float | None:
    """Give the degrees of freedom that a finding tells."""
    value = details.get("degrees", {}).get("value")
    return None if value is None else float(value)


def _half(details: Mapping[str, Any], name: str) -> tuple[float, float | None]:
    """Give half the range of one of the numbers under details, and its degrees of freedom: its buurten less one."""
    value, low, high = (details[key]["value"] for key in (name, f"{name}_low", f"{name}_high"))
    held = details.get(f"{name}_buurten", {}).get("value")
    return max(high - value, value - low), None if held is None else float(held - 1)


def _smallest(study: Study, name: str, measure: str = "absolute") -> float | None:
    """Give the smallest change that matters; None when none is registered."""
    try:
        return study.smallest_effect(name, measure)
    except ParameterError:
        return None


def why_not(study: Study, row: Mapping[str, Any], finding: Mapping[str, Any], kind: str) -> str | None:
    """Say why no number of buurten or years decides an undecided part of a claim of this kind; None when one may."""
    if kind == "turn":
        return FOLLOWS
    votes = dict(row["variants"])
    if votes and votes.get(study.focus.name, next(iter(votes.values()))) in DECIDED:
        return LISTS
    if finding["low"] is None or finding["high"] is None:
        return FEW_YEARS if "too_few_years_for_range" in finding["flags"] else NO_RANGE
    if "bounds" in finding["range_kind"]:
        return BOUNDS
    return FIGURES if set(finding["range_kind"]) <= NOT_CHANCE else None


@dataclass(frozen=True)
class Trials:
    """What trials say of a claim that is true by `effect`: percent that got a verdict, of `n`, and in what places."""

    effect: float
    unit: str
    units: str
    count: int
    years: int
    decided: float
    n: int


def trials_of(rates: pd.DataFrame, claim: str, measure: str) -> Trials | None:
    """Read from the calibration how often a claim is decided when it is true by the size that is registered there.

    `rates` as data/calibration.csv; of a claim with more than one part the one of this measure, or the first. None when
    there is nothing of the usual size.
    """
    if rates.empty:
        return None
    own = rates[(rates["claim"] == claim) & (rates["switch"] == REGISTERED)]
    own = own[(own["count"] == USUAL[0]) & (own["years"] == USUAL[1])]
    if own.empty:
        return None
    part = measure if (own["part"] == measure).any() else own["part"].iloc[0]
    own = own[own["part"] == part]
    first = own.iloc[0]
    share = float(own.loc[own["verdict"].isin(DECIDED), "share"].sum())
    thousands = first["unit"] == "thousand_euro"  # so that an effect of some hundreds is told
    effect = float(first["effect"]) * (1000 if thousands else 1)
    unit = "euro" if thousands else str(first["unit"])
    count, years = int(first["count"]), int(first["years"])
    return Trials(effect, unit, str(first["units"]), count, years, share, int(first["n"]))
