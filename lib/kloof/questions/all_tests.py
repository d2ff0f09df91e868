"""What is left of the verdicts when every test that was made counts, and on which of them the conclusions stand.

Findings and verdicts are entries of results.json. A p-value is that of what a verdict says, read from the interval that
decided it, so that both always agree (Altman & Bland 2011, doi:10.1136/bmj.d2090), with the t distribution the interval
was made with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from kloof.errors import CatalogueError, faults
from kloof.findings import (
    CHANCE,
    CONTRADICTED,
    MIXED,
    NEAR,
    NEGLIGIBLE,
    NOT_COMPARABLE,
    NOT_COMPUTABLE,
    NOT_TESTABLE,
    SAME,
    STAYS_AWAY,
    SUPPORTED,
    UNDECIDED,
    VERDICTS,
    ends_to_judge,
    from_json,
    verdict_of,
)
from kloof.methods.arrays import LEVEL
from kloof.study.claims import Registry

NOT_CHANCE = {"rounding", "suppression"}  # ranges that are about the figures only
ON_TESTED, PARTLY, AGAINST, OPEN, UNTESTED = "on_tested", "partly", "against", "open", "untested"


def p_value_of(finding: Mapping[str, Any], verdict: str, expected: str) -> float | None:
    """Give the p-value of what a verdict on a finding says, for a claim with this expectation.

    With s the smallest effect: NEGLIGIBLE, and SUPPORTED where SAME is expected, say that it lies within ± s, with the
    larger p-value of two one-sided tests. CONTRADICTED where SAME is expected says that it lies beyond ± s, and where
    NOT_HIGHER is expected either verdict says on which side of s it lies. Everything else says on which side of 0. A
    side has the two-sided p-value, since the other one might have been found. An undecided verdict has that of what
    its claim expects. None without an estimate and a range of chance.

    The interval is taken as that of a t with the degrees of freedom under `details` (without them: normal), the bound
    towards the line deciding. Where the finding tells a p-value of its own for what the verdict says, the larger
    counts. Of an end and a p-value that were drawn, the one counts that twice the error of drawing makes the worst.
    """
    estimate, (low, high) = finding["estimate"], ends_to_judge(finding)
    if finding["judgement"] in (NOT_COMPARABLE, NOT_COMPUTABLE) or not set(finding["range_kind"]) - NOT_CHANCE:
        return None
    smallest = finding["smallest_effect"] or 0.0
    within = verdict == NEGLIGIBLE or (expected == SAME and verdict != CONTRADICTED)
    told = _told(finding["details"], verdict, within=within, at_zero=expected not in STAYS_AWAY)
    if estimate is None or low is None or high is None:
        return told
    degrees = finding["details"].get("degrees", {}).get("value", float("inf"))
    if within:
        own = max(
            _beyond(smallest - estimate, high - estimate, degrees),
            _beyond(smallest + estimate, estimate - low, degrees),
        )
    else:
        line = smallest if expected in STAYS_AWAY else 0.0
        if expected == SAME and estimate < 0:
            line = -line
        margin = estimate - low if estimate > line else high - estimate
        own = min(2 * _beyond(abs(estimate - line), margin, degrees), 1.0)
    return own if told is None else max(own, told)


def _told(details: Mapping[str, Any], verdict: str, *, within: bool, at_zero: bool) -> float | None:
    """Give the p-value that a finding tells itself for what a verdict says, if it tells one.

    `p_value` is of no effect at all; where support and its opposite are not two sides of one number, `p_against` and
    `p_alike` are of what contradicts the claim and of nothing that matters.
    """
    against = verdict == CONTRADICTED and "p_against" in details
    name = "p_alike" if within else "p_against" if against else "p_value" if at_zero else ""
    value: float | None = details.get(name, {}).get("value")
    if value is None or name != "p_value":
        return value
    return min(value + NEAR * float(details.get("p_error", {}).get("value", 0.0)), 1.0)


def _beyond(distance: float, margin: float, degrees: float) -> float:
    """Give the one-sided p-value of a distance from a line, `margin` being half the interval on the line's side."""
    from scipy.special import stdtr, stdtrit

    if margin <= 0:
        return 0.0 if distance > 0 else 1.0
    if degrees == float("inf"):
        return _normal(-distance / margin * 1.959963984540054)
    return float(stdtr(degrees, -distance / margin * float(stdtrit(degrees, (1 + LEVEL) / 2))))


def _normal(value: float) -> float:
    """Give the part of a standard normal below a value."""
    from math import erfc, sqrt

    return 0.5 * erfc(-value / sqrt(2))


def family(
    rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]], registry: Registry
) -> tuple[dict[str, str], dict[str, float]]:
    """Give the verdict and the p-value of every test that was made: claim/part → each.

    What could not be tested is no test: it could not have found anything by chance. Nor is a verdict on what happened,
    which weighs no chance, one that has no say, or one that was joined from more than its own finding, whose p-value
    that finding does not hold.
    """
    verdicts: dict[str, str] = {}
    p_values: dict[str, float] = {}
    for row in rows:
        claim = registry.claims.get(row["claim"])
        finding = findings.get(row["finding"] or "")
        if claim is None or finding is None or row["verdict"] == NOT_TESTABLE or row["question"] != CHANCE:
            continue
        expected, verdict = str(row["expected"]), row["alone"] or row["verdict"]
        joined = verdict in DECIDED and verdict_of(from_json(finding), expected) != verdict
        p = None if joined else p_value_of(finding, verdict, expected)
        if p is not None and row["counts"]:
            verdicts[f"{row['claim']}/{row['row']}"], p_values[f"{row['claim']}/{row['row']}"] = verdict, p
    return verdicts, p_values


@dataclass(frozen=True)
class Adjusted:
    """A verdict after the count of all tests, the one before, and the p-value before and after."""

    verdict: str
    alone: str
    p_value: float
    adjusted: float


def after_all_tests(
    rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]], registry: Registry
) -> dict[str, Adjusted]:
    """Give each test that was made its verdict after Holm's count of all of them: claim/part → verdict and p-values."""
    return adjusted_verdicts(*family(rows, findings, registry))


def stands_on(leans_on: Sequence[str], overall: Mapping[str, str]) -> str:
    """Say what a conclusion stands on: the verdicts of the claims it leans on.

    on_tested: all supported; against: one is contradicted; partly: one is supported, in part at least, and none
    contradicted; open: tested, and neither; untested: none could be tested.
    """
    votes = [overall.get(claim, NOT_TESTABLE) for claim in leans_on]
    if CONTRADICTED in votes:
        return AGAINST
    if {SUPPORTED, MIXED} & set(votes):
        return ON_TESTED if set(votes) == {SUPPORTED} else PARTLY
    return OPEN if set(votes) - {NOT_TESTABLE} else UNTESTED


def one_number(rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]], overall: str) -> Any:
    """Choose the row that stands for a claim: the first with its verdict, failing that the first with a number.

    A row that has no say in the claim stands for it only when no other row is left.
    """

    def number(row: Mapping[str, Any]) -> bool:
        return (findings.get(row["finding"] or "") or {}).get("estimate") is not None

    voting = [row for row in rows if row["counts"]] or rows
    ranked = sorted(voting, key=lambda row: (not number(row), row["verdict"] != overall, row["verdict"] == UNDECIDED))
    return ranked[0] if ranked else None


ALPHA = 0.05
DECIDED = (SUPPORTED, CONTRADICTED, NEGLIGIBLE)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust the p-values of all tests that were made, by Holm's step-down rule; as statsmodels does, to the digit.

    Its `multipletests` asks for a whole round of garbage collection at each call, which was a quarter of a calibration.
    Raises CatalogueError listing every p-value outside 0 to 1.
    Source: Holm 1979, Scandinavian Journal of Statistics 6, 65-70.
    """
    wrong = [f"{name} has p = {p}" for name, p in p_values.items() if not 0 <= p <= 1]
    if wrong:
        raise CatalogueError(faults("the p-values", wrong, "A p-value lies from 0 to 1."))
    rising = sorted(p_values, key=lambda name: p_values[name])
    left = (p_values[name] * (len(rising) - before) for before, name in enumerate(rising))
    adjusted = dict(zip(rising, accumulate(left, max), strict=True))
    return {name: min(float(adjusted[name]), 1.0) for name in p_values}


def adjusted_verdicts(
    verdicts: Mapping[str, str], p_values: Mapping[str, float], alpha: float = ALPHA
) -> dict[str, Adjusted]:
    """Keep a decided verdict only where its adjusted p-value is at most `alpha`; otherwise it is undecided.

    `p_values` names every test that was made, with the p-value of what its verdict says, in the order of `verdicts` or
    any other. Raises CatalogueError listing every fault: names that differ, an unknown verdict.
    """
    found = [f"{name} has a verdict but no p-value" for name in verdicts if name not in p_values]
    found += [f"{name} has a p-value but no verdict" for name in p_values if name not in verdicts]
    found += [f"{name} has the verdict {verdict!r}" for name, verdict in verdicts.items() if verdict not in VERDICTS]
    if found:
        raise CatalogueError(faults("the verdicts", found, "Give one verdict and one p-value per test."))
    adjusted = holm(p_values)
    made = {}
    for name, verdict in verdicts.items():
        fails = verdict in DECIDED and adjusted[name] > alpha
        made[name] = Adjusted(UNDECIDED if fails else verdict, verdict, p_values[name], adjusted[name])
    return made
