"""Holds one comparison with everything a sentence about it needs, and judges it.

A verdict is a pure function of a Finding: no word like "rose" is ever typed by hand.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

HIGHER = "HIGHER"
LOWER = "LOWER"
SAME = "SAME"
UNCLEAR = "UNCLEAR"
NOT_COMPARABLE = "NOT_COMPARABLE"
NOT_COMPUTABLE = "NOT_COMPUTABLE"
JUDGEMENTS = (HIGHER, LOWER, SAME, UNCLEAR, NOT_COMPARABLE, NOT_COMPUTABLE)

SUPPORTED = "SUPPORTED"
CONTRADICTED = "CONTRADICTED"
NEGLIGIBLE = "NEGLIGIBLE"
UNDECIDED = "UNDECIDED"
NOT_TESTABLE = "NOT_TESTABLE"
DIFFERENCES = (  # kinds whose estimate is a difference
    "gap", "gap_change", "gap_change_before", "gap_change_window", "beyond_trend",
    "matthew", "top_change", "behind", "behind_similar",
)  # fmt: skip

VERDICTS = (SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE)

NOT_HIGHER = "NOT_HIGHER"
STAYS_AWAY = (SAME, NOT_HIGHER)
EXPECTATIONS = (HIGHER, LOWER, *STAYS_AWAY)  # what a claim may expect; the last two say that something stays away


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a year, a group of buurten, and the estimate there."""

    year: int | None = None
    group: str | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    n_units: int = 0
    n_missing: int = 0
    n_total: float | None = None


@dataclass(frozen=True)
class Finding:
    """One computed comparison.

    `estimate` is b minus a in `unit` (for a level: the level itself), `low`-`high` the widest range it can take,
    and `range_kind` says what that range is about: rounding, suppression, process, placebo. Nothing here is text.
    """

    id: str
    kind: str
    measure: str
    unit: str
    indicator: str | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    range_kind: tuple[str, ...] = ()
    smallest_effect: float | None = None
    a: Side = field(default_factory=Side)
    b: Side = field(default_factory=Side)
    focus: str | None = None
    coverage: float | None = None
    coverage_minimum: float = 0.0
    comparability: str = "comparable"
    breaks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    reason: str | None = None
    decimals: int | None = None
    flags: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Give the finding as plain numbers and codes, with its judgement."""
        return {**asdict(self), "judgement": judge(self)}


def judge(finding: Finding) -> str:
    """Judge a finding; the first line that holds wins, and one always does.

    Source of the order: an estimate that may not be compared is never given a direction; an interval wholly
    inside ± the smallest effect is the same (two one-sided tests, Schuirmann 1987); silence is not sameness.
    A number that is not one (NaN) is absent, as it is in results.json.
    """
    f = finding
    low, high = _given(f.low), _given(f.high)
    if _given(f.estimate) is None or (f.coverage is not None and not f.coverage >= f.coverage_minimum):
        return NOT_COMPUTABLE
    if f.comparability == "broken":
        return NOT_COMPARABLE
    if low is None or high is None:
        return UNCLEAR
    if f.smallest_effect is not None and -f.smallest_effect <= low and high <= f.smallest_effect:
        return SAME
    if low > 0:
        return HIGHER
    if high < 0:
        return LOWER
    return UNCLEAR


def _given(value: float | None) -> float | None:
    """Return a number, or None when there is none."""
    return None if value is None or math.isnan(value) else value


def _decided(judgement: str, expected: str) -> str:
    """Turn a judgement into a verdict on a claim that expected HIGHER or LOWER."""
    if judgement in (NOT_COMPARABLE, NOT_COMPUTABLE):
        return NOT_TESTABLE
    if judgement == UNCLEAR:
        return UNDECIDED
    if judgement == SAME:
        return NEGLIGIBLE
    return SUPPORTED if judgement == expected else CONTRADICTED


def verdict_of(finding: Finding, expected: str) -> str:
    """Turn a finding into a verdict on a claim that expected HIGHER or LOWER, SAME, or NOT_HIGHER.

    That something stayed away is supported by a test that shows it is too small to matter, never by silence, and
    contradicted by one that shows it is large enough to matter: with s the smallest effect, SAME is supported by a
    range within ± s and contradicted by one wholly above s or below -s; NOT_HIGHER ("stayed the same or fell") is
    supported by a range that stays at or below s and contradicted by one wholly above it.
    Source: Lakens 2017, doi:10.1177/1948550617697177 (equivalence, and one of its two tests alone).
    """
    judgement = judge(finding)
    low, high = _given(finding.low), _given(finding.high)
    if expected not in STAYS_AWAY or judgement in (NOT_COMPARABLE, NOT_COMPUTABLE):
        return _decided(judgement, expected)
    if low is None or high is None:
        return UNDECIDED
    smallest = finding.smallest_effect or 0.0
    if high <= smallest and (expected == NOT_HIGHER or low >= -smallest):
        return SUPPORTED
    if low > smallest or (expected != NOT_HIGHER and high < -smallest):
        return CONTRADICTED
    return UNDECIDED


def combine(verdicts: Sequence[str]) -> str:
    """Join the verdicts of registered variants: one that all share, otherwise undecided.

    Variants that cannot be tested do not vote; when none can, neither can the claim.
    """
    votes = {verdict for verdict in verdicts if verdict != NOT_TESTABLE}
    if not votes:
        return NOT_TESTABLE
    return votes.pop() if len(votes) == 1 else UNDECIDED


def all_of(parts: Sequence[str]) -> str:
    """Join verdicts on parts that a claim needs all of: it fails with any of them, and holds when each does.

    Not testable when a part is not; a part that is contradicted, or too small to matter, decides; else supported when
    all are, and undecided otherwise.
    """
    for deciding in (NOT_TESTABLE, CONTRADICTED, NEGLIGIBLE):
        if deciding in parts:
            return deciding
    return SUPPORTED if parts and set(parts) == {SUPPORTED} else UNDECIDED


@dataclass(frozen=True)
class Verdict:
    """A claim judged: the verdict, the finding behind it, and how its registered variants voted."""

    claim: str
    verdict: str
    finding: str | None
    row: str
    expected: str | None = None
    variants: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    flips_at: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the verdict as plain codes, with the number of variants that agree."""
        votes = [verdict for _, verdict in self.variants]
        return {**asdict(self), "agree": votes.count(self.verdict), "of": len(votes)}


def from_json(entry: Mapping[str, Any]) -> Finding:
    """Read back what `Finding.as_json` wrote."""
    parts = {key: value for key, value in entry.items() if key != "judgement"}
    for key in ("range_kind", "breaks", "sources", "flags"):
        parts[key] = tuple(parts[key])
    return Finding(**{**parts, "a": Side(**parts["a"]), "b": Side(**parts["b"])})
