"""What an undecided verdict would need: how many buurten, or more years, to see the smallest distance that matters.

The standard error is read from the interval that left the verdict undecided, rounding and all. With more buurten of the
same kind it shrinks with the root of their number. With more years shocks add up while noise does not, and an effect
that goes on at the same pace grows (`power`). Seen means in 80 % of cases, at 5 % two-sided; where a claim asks for
more than one thing, all at once. Where no number can be given, the report says why.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import HAPPENED, STAYS_AWAY, UNDECIDED, Finding, Side, in_unit
from kloof.methods import power
from kloof.methods.power import POWER, Town, least_count, power_of
from kloof.methods.regression import t_quantile
from kloof.questions import policy
from kloof.questions.all_tests import DECIDED, NOT_CHANCE
from kloof.questions.gap_changes import follow
from kloof.questions.verdict import USUAL, Parts, rows_of, unit_of
from kloof.results import Section
from kloof.study import claims, load
from kloof.study.step import step
from kloof.study.study import Study

MOST_BUURTEN = 20_000  # more than the country has
MOST_YEARS = 50
MANY = 500  # degrees of freedom from which a t is a normal distribution
OVER_YEARS = ("gap_change", "gap_change_before", "gap_change_window", "fell_less")  # grow when the change goes on
BOTH, BUURTEN, NOTHING, ENOUGH = "needed", "needed_buurten", "needed_nothing", "needed_enough"
UNREGISTERED = "unregistered"  # nothing says what distance matters, so it is told how often trials decided
TOO_FEW = "too_few"  # too few buurten, or all alike, to reckon with


@dataclass(frozen=True)
class Needed:
    """What would show an effect of `smallest` (in the finding's unit): buurten now and needed, years now and more.

    `buurten` is None when the whole country would not be enough, `years` when more years cannot be reckoned with, or
    fifty would not be enough.
    """

    smallest: float
    buurten_now: int
    buurten: int | None
    years_now: int
    years: int | None

    @property
    def about(self) -> int | None:
        """Give the buurten needed in two digits and zeros, rounded up: a range that was drawn tells no more of them."""
        if self.buurten is None or self.buurten == self.buurten_now:
            return self.buurten
        step: int = 10 ** max(len(str(self.buurten)) - 2, 0)
        return -(-self.buurten // step) * step


@dataclass(frozen=True)
class Edge:
    """The distance from the line that should be seen, and of each thing that must be seen at once half its range.

    `halves`: half a range in the unit of the distance and its degrees of freedom; these None when they are not known.
    """

    distance: float
    halves: tuple[tuple[float, float | None], ...]


def of_finding(finding: Mapping[str, Any], edge: Edge, *, stays_away: bool, town: Town | None = None) -> Needed | None:
    """Say what a finding needs to be told from its line at a distance; None with too few buurten or no spread.

    `stays_away`: the claim is that something stays away, so what must be seen is that an effect of 0 is within the
    smallest one. `town`: the variances per year of the figure behind it; without it years are not reckoned with. Of
    several things at once each may be missed, so that their misses are added (Bonferroni): at most so many are needed.
    """
    now = finding["b"]["n_units"] or finding["a"]["n_units"]
    if now < 4:
        return None
    free = [now - 1.0 if degrees is None else degrees for _, degrees in edge.halves]
    errors = [half / t_quantile(degrees) for (half, _), degrees in zip(edge.halves, free, strict=True)]
    if not max(errors) > 0:
        return None

    def chance(effect: float, spread: float, degrees: float) -> float:
        if not spread > 0:
            return 1.0
        return power.power(spread, degrees, effect) if stays_away else power_of(effect, spread, degrees)

    def with_buurten(count: int) -> bool:
        times = count / now
        missed = 0.0
        for error, degrees in zip(errors, free, strict=True):
            more = degrees * times
            missed += 1 - chance(edge.distance, error / float(np.sqrt(times)), more if more < MANY else np.inf)
        return 1 - missed >= POWER

    def with_years(more: int) -> bool:
        assert town is not None
        effect, spread = _after(edge.distance, errors[0], town, (years_now, more))
        return chance(effect, spread, free[0]) >= POWER

    years_now = max((finding["b"]["year"] or 0) - (finding["a"]["year"] or 0), 0)
    grows = town is not None and years_now and not stays_away
    years = _first(with_years, MOST_YEARS) if grows else None
    return Needed(edge.distance, now, least_count(with_buurten, now, MOST_BUURTEN), years_now, years)


def _after(smallest: float, error: float, town: Town, years: tuple[int, int]) -> tuple[float, float]:
    """Give an effect that goes on at the same pace, and the standard error, some years later."""
    now, more = years
    variances = [town.shock * count + 2 * town.noise for count in (now, now + more)]
    return smallest * (now + more) / now, error * float(np.sqrt(variances[1] / variances[0]))


def _first(holds: Callable[[int], bool], most: int) -> int | None:
    """Give the first number from 1 for which it holds."""
    return next((count for count in range(1, most + 1) if holds(count)), None)


def _town(study: Study, finding: Mapping[str, Any]) -> Town | None:
    """Give the variances per year of the figure behind a change of a gap; None when they cannot be told apart."""
    if finding["kind"] not in OVER_YEARS:
        return None
    try:
        made = policy.town(study, follow(study, finding["indicator"]))[0]
    except NotComputableError:
        return None
    return made if made.shock + made.noise > 0 else None


Judged = tuple[Mapping[str, Any], Mapping[str, Any], Needed | str]  # row of a verdict, its finding, what it needs


def _judge(study: Study, row: Mapping[str, Any], finding: Mapping[str, Any]) -> Needed | str:
    """Give what an undecided part of a claim needs, or why that cannot be said."""
    if reason := why_not(study, row, finding):
        return reason
    edge = edge_of(finding)
    if edge is None:
        return UNREGISTERED
    stays = row["expected"] in STAYS_AWAY
    return of_finding(finding, edge, stays_away=stays, town=_town(study, finding)) or TOO_FEW


@step
def what_is_needed(section: Section, study: Study, parts: Parts) -> pd.DataFrame:
    """Record beside each undecided verdict what would show the smallest distance that matters, or why it is not said.

    A table with a row per undecided part that a number is known of, and for each claim one finding that tells it, with
    one for each reason why other parts of it have none.
    """
    rows, findings = rows_of(parts)
    undecided = [row for row in rows if row["verdict"] == UNDECIDED and row["finding"] in findings]
    judged = [(row, findings[row["finding"]], _judge(study, row, findings[row["finding"]])) for row in undecided]
    table = [
        {
            "claim": row["claim"], "part": finding["indicator"] or "all", "measure": finding["measure"],
            "smallest": found.smallest, "buurten_now": found.buurten_now, "buurten_needed": found.about,
            "years_now": found.years_now or None, "years_more": found.years, "unit": unit_of(finding),
        }
        for row, finding, found in judged
        if isinstance(found, Needed)
    ]  # fmt: skip
    if table:
        columns = "claim part measure=hidden smallest:@unit buurten_now,buurten_needed,years_now,years_more:number:0"
        section.table("12.needed", f"{columns} unit", pd.DataFrame(table))
    for claim in claims.overall(rows):
        own = [one for one in judged if one[0]["claim"] == claim]
        section.add(*_of_claim(study, claim, own))
    return pd.DataFrame(table)


def _of_claim(study: Study, claim: str, judged: Sequence[Judged]) -> list[Finding]:
    """Make the findings of the undecided parts of a claim: one for those with a number, one for each reason of others.

    Of those with a number the first is told, the others are in the table.
    """
    made = [_told(study, claim, finding, found) for _, finding, found in judged if isinstance(found, Needed)][:1]
    reasons: dict[str, Mapping[str, Any]] = {}
    for _, finding, found in judged:
        if isinstance(found, str):
            reasons.setdefault(found, finding)
    also = bool(made)
    return [*made, *(_without(study, claim, reason, finding, also=also) for reason, finding in reasons.items())]


def _told(study: Study, claim: str, finding: Mapping[str, Any], found: Needed) -> Finding:
    """Make the finding that tells what an undecided claim needs; a claim set beside a line has sentences of its own."""
    counts = {"buurten_now": found.buurten_now, "buurten_needed": found.about, "years_more": found.years}
    kind = NOTHING if found.buurten is None else BUURTEN if found.years is None else BOTH
    kind = ENOUGH if found.buurten == found.buurten_now else kind
    details = in_unit("percent", 0, power=100 * POWER)
    details |= in_unit("number", **{key: n for key, n in counts.items() if n is not None})
    details |= {key: finding["details"][key] for key in ("part", "horizon") if key in finding["details"]}
    return Finding(
        id=f"12.needed.{claim}", kind=kind, measure=claim, unit=unit_of(finding) or "number",
        indicator=finding["indicator"], estimate=found.smallest, low=found.smallest, high=found.smallest,
        decimals=finding["decimals"], focus=study.focus.name, a=Side(), b=Side(), details=details,
    )  # fmt: skip


def _without(study: Study, claim: str, reason: str, finding: Mapping[str, Any], *, also: bool = False) -> Finding:
    """Make the finding that tells why there is no number, by trials where there are any; `also`: beside one that is."""
    base: dict[str, Any] = {
        "id": f"12.needed.{claim}.{reason}", "measure": claim, "indicator": finding["indicator"],
        "focus": study.focus.name,
    }  # fmt: skip
    if reason == FEW_YEARS:
        least = claims.registry().claims[claim]["years_for_range"]
        details = {"years": finding["details"]["years"]}
        return Finding(
            kind=f"needed_{reason}", unit="number", estimate=least, low=least, high=least, details=details, **base
        )
    found = trials_of(load.verdict_rates(), claim, finding["measure"]) if reason == UNREGISTERED else None
    if found is None:
        return Finding(kind="needed_none_also" if also else "needed_none", unit="number", reason=f"needed_{reason}",
                       **base)  # fmt: skip
    details = in_unit("percent", 0, decided=found.decided) | in_unit("years", 0, span=found.years)
    details |= in_unit("number", count=found.count, n=found.n)
    return Finding(
        kind=f"needed_trials_{found.units}", unit=found.unit, estimate=found.effect, low=found.effect,
        high=found.effect, details=details, **base,
    )  # fmt: skip


# why no number of buurten or years is given
TOGETHER = "together"  # decided on its own, and not when all parts of the claim that were tested count
LISTS = "lists"  # decided, but the registered variants do not agree
BOUNDS = "bounds"  # the range is what figures by buurt leave open
FIGURES = "figures"  # the range is rounding and missing figures only
LINE = "line"  # the trend before the event is no straight line, or that cannot be tested
FEW_YEARS = "few_years"  # too few years for any range
NO_RANGE = "no_range"  # what is divided by may be 0, so that there is no range
REGISTERED = "registered"  # the switch by which a claim is true by the size that just matters


def edge_of(finding: Mapping[str, Any]) -> Edge | None:
    """Say what distance from its line matters for a finding that has a range; None when nothing registered says so.

    Matthew (C4) asks for a top that rose and a bottom that did not: each by the smallest change that matters.
    """
    kind, details = finding["kind"], finding["details"]
    whole = ((max(finding["high"] - finding["estimate"], finding["estimate"] - finding["low"]), _degrees(details)),)
    if kind == "matthew":
        return Edge(details["stagnation"]["value"], (_half(details, "bottom"), _half(details, "top")))
    distance = finding["smallest_effect"]
    return Edge(distance, whole) if distance else None


def _degrees(details: Mapping[str, Any]) -> float | None:
    """Give the degrees of freedom that a finding tells."""
    value = details.get("degrees", {}).get("value")
    return None if value is None else float(value)


def _half(details: Mapping[str, Any], name: str) -> tuple[float, float | None]:
    """Give half the range of one of the numbers under details, and its degrees of freedom: its buurten less one."""
    value, low, high = (details[key]["value"] for key in (name, f"{name}_low", f"{name}_high"))
    held = details.get(f"{name}_buurten", {}).get("value")
    return max(high - value, value - low), None if held is None else float(held - 1)


def why_not(study: Study, row: Mapping[str, Any], finding: Mapping[str, Any]) -> str | None:
    """Say why no number of buurten or years decides an undecided part of a claim; None when one may."""
    if row["question"] == HAPPENED:
        return FIGURES
    if row["alone"] in DECIDED:
        return TOGETHER
    if {"line_does_not_hold", "line_not_tested"} & set(finding["flags"]):
        return LINE
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
