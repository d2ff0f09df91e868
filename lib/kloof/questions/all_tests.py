"""What is left of the verdicts when every registered test counts, and on which of them the conclusions stand.

Findings and verdicts are entries of results.json. A p-value is read from the interval that decided the verdict, so that
both always agree (Altman & Bland 2011, doi:10.1136/bmj.d2090), with the t distribution the interval was made with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kloof.errors import CatalogueError, faults
from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    LOWER,
    NEGLIGIBLE,
    NOT_COMPARABLE,
    NOT_COMPUTABLE,
    NOT_TESTABLE,
    SAME,
    STAYS_AWAY,
    SUPPORTED,
    UNDECIDED,
    VERDICTS,
)
from kloof.methods.arrays import LEVEL
from kloof.study.claims import Registry

# kinds of claims that no chance is weighed for: levels of full counts, a headcount
NO_TEST = ("gap", "headcount")
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


@dataclass(frozen=True)
class Adjusted:
    """A verdict after the count of all tests, the one before, and the p-value before and after (None: no test)."""

    verdict: str
    alone: str
    p_value: float | None
    adjusted: float | None


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


ALPHA = 0.05
DECIDED = (SUPPORTED, CONTRADICTED, NEGLIGIBLE)


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Adjust the p-values of all registered tests; a test that could not be made counts in the family and stays None.

    Counting it as p = 1 costs the others no less than a test that found nothing: what is missing now may be delivered
    later and must not change what the family was. Raises CatalogueError listing every p-value outside 0 to 1.
    """
    from statsmodels.stats.multitest import multipletests

    wrong = [f"{name} has p = {p}" for name, p in p_values.items() if p is not None and not 0 <= p <= 1]
    if wrong:
        raise CatalogueError(faults("the p-values", wrong, "A p-value lies from 0 to 1."))
    if not p_values:
        return {}
    adjusted = multipletests([1.0 if p is None else p for p in p_values.values()], method="holm")[1]
    return {
        name: None if p is None else float(after) for (name, p), after in zip(p_values.items(), adjusted, strict=True)
    }


def adjusted_verdicts(
    verdicts: Mapping[str, str], p_values: Mapping[str, float | None], alpha: float = ALPHA
) -> dict[str, Adjusted]:
    """Keep a decided verdict only where its adjusted p-value is at most `alpha`; otherwise it is undecided.

    `p_values` names every registered test: that of a difference for SUPPORTED and CONTRADICTED, that of equivalence for
    NEGLIGIBLE, in the order of `verdicts` or any other. Raises CatalogueError listing every fault: names that differ,
    an unknown verdict, a decided verdict without p-value.
    """
    found = [f"{name} has a verdict but is not registered" for name in verdicts if name not in p_values]
    found += [f"{name} is registered but has no verdict" for name in p_values if name not in verdicts]
    found += [f"{name} has the verdict {verdict!r}" for name, verdict in verdicts.items() if verdict not in VERDICTS]
    found += [
        f"{name} is {verdict} without a p-value"
        for name, verdict in verdicts.items()
        if verdict in DECIDED and name in p_values and p_values[name] is None
    ]
    if found:
        raise CatalogueError(faults("the verdicts", found, "Give one verdict and one p-value per registered test."))
    adjusted = holm(p_values)
    made = {}
    for name, verdict in verdicts.items():
        after = adjusted[name]
        fails = verdict in DECIDED and after is not None and after > alpha
        made[name] = Adjusted(UNDECIDED if fails else verdict, verdict, p_values[name], after)
    return made
