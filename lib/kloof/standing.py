"""What is left of the verdicts when every registered test counts, and on which of them the conclusions stand.

Findings and verdicts are entries of results.json. A p-value is read from the interval that decided the verdict, so that
both always agree (Altman & Bland 2011, doi:10.1136/bmj.d2090), with the t distribution the interval was made with.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kloof.claims import JUDGED_BY_THRESHOLD, Registry
from kloof.dealing import LEVEL
from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    LOWER,
    NOT_COMPARABLE,
    NOT_COMPUTABLE,
    NOT_TESTABLE,
    SAME,
    STAYS_AWAY,
    SUPPORTED,
    UNDECIDED,
)
from kloof.multiplicity import DECIDED, Adjusted, adjusted_verdicts

# kinds of claims that no chance is weighed for: shares held against a threshold, levels of full counts, a headcount,
# and the turn, which is read from two others
NO_TEST = (*JUDGED_BY_THRESHOLD, "gap", "headcount", "turn")
NOT_CHANCE = {"rounding", "suppression"}  # ranges that are about the figures only
ON_TESTED, PARTLY, AGAINST, OPEN, UNTESTED = "on_tested", "partly", "against", "open", "untested"


def p_value_of(finding: Mapping[str, Any], draws: int) -> float | None:
    """Give the p-value of what a finding was judged to be: of no difference, or (SAME) of one that matters.

    The interval is taken as that of a t with the degrees of freedom under `details` (without them: normal), the bound
    towards 0 or the smallest effect deciding. When dealing labels gave a p-value too the larger counts, unless it is as
    small as that many draws can make it: it then only says "at most". None without an estimate and a range of chance.
    """
    from scipy.special import stdtr, stdtrit

    estimate, low, high = (finding[name] for name in ("estimate", "low", "high"))
    dealt: float | None = finding["details"].get("p_value", {}).get("value")
    if finding["judgement"] in (NOT_COMPARABLE, NOT_COMPUTABLE) or not set(finding["range_kind"]) - NOT_CHANCE:
        return None
    if estimate is None or low is None or high is None:
        return dealt
    degrees = finding["details"].get("degrees", {}).get("value", float("inf"))
    reach = float(stdtrit(degrees, (1 + LEVEL) / 2)) if degrees != float("inf") else 1.959963984540054

    def beyond(distance: float, margin: float) -> float:
        statistic = distance / margin * reach if margin > 0 else float("inf")
        return float(stdtr(degrees, -statistic)) if degrees != float("inf") else _normal(-statistic)

    if finding["judgement"] == SAME:
        smallest = finding["smallest_effect"]
        return max(beyond(smallest - estimate, high - estimate), beyond(smallest + estimate, estimate - low))
    margin = estimate - low if estimate > 0 else high - estimate
    own = min(2 * beyond(abs(estimate), margin), 1.0)
    return own if dealt is None or dealt <= (1 + 1e-9) / (draws + 1) else max(own, dealt)


def _normal(value: float) -> float:
    """Give the part of a standard normal below a value."""
    from math import erfc, sqrt

    return 0.5 * erfc(-value / sqrt(2))


def family(
    rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]], registry: Registry, draws: int
) -> tuple[dict[str, str], dict[str, float | None]]:
    """Give the verdict and the p-value of every registered test: claim/part → each.

    A claim without any row in these results counts as one test that could not be made. A verdict that was reached
    otherwise than by setting an interval against 0 has no p-value to count, and is left out of both.
    """
    verdicts: dict[str, str] = {}
    p_values: dict[str, float | None] = {}
    for name, claim in registry.claims.items():
        if claim["kind"] in NO_TEST:
            continue
        own = [row for row in rows if row["claim"] == name]
        if not own:
            verdicts[name], p_values[name] = NOT_TESTABLE, None
        for row in own:
            finding = findings.get(row["finding"] or "")
            p = p_value_of(finding, draws) if finding and row["verdict"] != NOT_TESTABLE else None
            beyond_smallest = claim["expected"] in STAYS_AWAY and row["verdict"] == CONTRADICTED
            at_zero = (
                finding is not None
                and not beyond_smallest
                and (finding["judgement"] in (HIGHER, LOWER, SAME) or finding["details"].get("p_value"))
            )
            if row["verdict"] in DECIDED and (p is None or not at_zero):
                continue
            verdicts[f"{name}/{row['row']}"], p_values[f"{name}/{row['row']}"] = row["verdict"], p
    return verdicts, p_values


def after_all_tests(
    rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]], registry: Registry, draws: int
) -> dict[str, Adjusted]:
    """Give each registered test its verdict after Holm's count of all of them: claim/part → verdict and p-values."""
    return adjusted_verdicts(*family(rows, findings, registry, draws))


def stands_on(leans_on: Sequence[str], overall: Mapping[str, str]) -> str:
    """Say what a conclusion stands on: the verdicts of the claims it leans on.

    on_tested: all supported; against: one is contradicted; partly: one is supported and none contradicted; open:
    tested, and neither; untested: none could be tested.
    """
    votes = [overall.get(claim, NOT_TESTABLE) for claim in leans_on]
    if CONTRADICTED in votes:
        return AGAINST
    if SUPPORTED in votes:
        return ON_TESTED if set(votes) == {SUPPORTED} else PARTLY
    return OPEN if set(votes) - {NOT_TESTABLE} else UNTESTED


def one_number(rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]], overall: str) -> Any:
    """Choose the row that stands for a claim: the first with its verdict, failing that the first with a number."""

    def number(row: Mapping[str, Any]) -> bool:
        return (findings.get(row["finding"] or "") or {}).get("estimate") is not None

    ranked = sorted(rows, key=lambda row: (not number(row), row["verdict"] != overall, row["verdict"] == UNDECIDED))
    return ranked[0] if ranked else None
