"""Holds one comparison with everything a sentence about it needs, and judges it.

A verdict is a pure function of a Finding: no word like "rose" is ever typed by hand.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from kloof.errors import ParameterError
from kloof.shown import MOST_COLUMNS, Shown, ends_of, shorten
from kloof.typed import shown, typed

HIGHER = "HIGHER"
LOWER = "LOWER"
SAME = "SAME"
UNCLEAR = "UNCLEAR"
NOT_COMPARABLE = "NOT_COMPARABLE"
NOT_COMPUTABLE = "NOT_COMPUTABLE"
JUDGEMENTS = (HIGHER, LOWER, SAME, UNCLEAR, NOT_COMPARABLE, NOT_COMPUTABLE)

GREW = "GREW"
SHRANK = "SHRANK"
STAYED = "STAYED"
WITHIN_ROUNDING = "WITHIN_ROUNDING"
NO_FIGURES = "NO_FIGURES"
ANSWERS = (GREW, SHRANK, STAYED, WITHIN_ROUNDING, NO_FIGURES)  # to: what happened?

HAPPENED = "happened"
CHANCE = "chance"
QUESTIONS = (HAPPENED, CHANCE)  # by which one a part of a claim is judged

SUPPORTED = "SUPPORTED"
CONTRADICTED = "CONTRADICTED"
MIXED = "MIXED"
NEGLIGIBLE = "NEGLIGIBLE"
UNDECIDED = "UNDECIDED"
NOT_TESTABLE = "NOT_TESTABLE"
DIFFERENCES = (  # kinds whose estimate is a difference
    "gap", "gap_change", "gap_change_before", "gap_change_window", "gap_change_since", "beyond_trend",
    "matthew", "top_change", "behind", "behind_similar", "relation", "beside_places",
)  # fmt: skip

VERDICTS = (SUPPORTED, CONTRADICTED, MIXED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE)
DECIDED = (SUPPORTED, CONTRADICTED, MIXED, NEGLIGIBLE)

ALL = "all"
MOST = "most"
EACH = "each"
TOGETHER = "together"
QUANTIFIERS = (ALL, MOST, EACH, TOGETHER)  # how the parts of a claim are joined

NOT_HIGHER = "NOT_HIGHER"
STAYS_AWAY = (SAME, NOT_HIGHER)
END_ERROR = "end_error"  # the detail that says how far other draws would move an end of a range (standard error)
NEAR_BORDER = "near_border"  # the flag of a finding that other draws might have judged otherwise
NEAR = 2.0  # times that error: an end as near to a border might have fallen on its other side

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


@dataclass(frozen=True, repr=False)
class Finding(Shown):
    """One computed comparison.

    `estimate` is b minus a in `unit` (for a level: the level itself), `low`-`high` the widest range it can take,
    and `range_kind` says what that range is about: rounding, suppression, process, placebo. `rounding_low`-
    `rounding_high` is the part of it that the figures themselves leave open, when what happened is asked: these areas
    are all there are, so that chance has no say in it. Nothing here is text.
    """

    id: str
    kind: str
    measure: str
    unit: str
    indicator: str | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    rounding_low: float | None = None
    rounding_high: float | None = None
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

    def in_short(self) -> dict[str, object]:
        """Give its number with range, unit and counts, and both answers; or why there is none."""
        years = [str(side.year) for side in (self.a, self.b) if side.year is not None]
        return {
            "about": f"{self.kind} {self.measure} of {self.indicator}" if self.indicator else self.kind,
            "years": " to ".join(dict.fromkeys(years)),
            "estimate": ends_of(self.estimate, self.low, self.high, self.unit),
            "n": [side.n_units for side in (self.a, self.b) if side.n_units],
            "coverage": None if self.coverage is None else f"{self.coverage:.0f} percent",
            "sources": self.sources,
            "answers": f"{happened(self)}, {judge(self)}" + (f" ({self.reason})" if self.reason else ""),
        }

    def __repr__(self) -> str:
        said = self.in_short()
        about = ", ".join(str(said[name]) for name in ("about", "years") if said[name])
        rest = "; ".join(str(said[name]) for name in ("estimate", "coverage", "answers") if said[name])
        return f"{shorten(f'Finding {self.id}: {about}', MOST_COLUMNS)}\n{shorten(f'  {rest}', MOST_COLUMNS)}"

    def as_json(self) -> dict[str, Any]:
        """Give the finding as plain numbers and codes, with both answers; flagged when other draws might judge anew."""
        as_drawn = replace(self, details={})
        near = any(verdict_of(self, expected) != verdict_of(as_drawn, expected) for expected in EXPECTATIONS)
        flags = (*self.flags, NEAR_BORDER) if near and NEAR_BORDER not in self.flags else self.flags
        return {**asdict(replace(self, flags=flags)), "judgement": judge(self), "happened": happened(self)}


@typed
def judge(finding: Finding) -> str:
    """Judge a finding; the first line that holds wins, and one always does.

    Source of the order: an estimate that may not be compared is never given a direction; an interval wholly
    inside ± the smallest effect is the same (two one-sided tests, Schuirmann 1987); silence is not sameness.
    A number that is not one (NaN) is absent, as it is in results.json. Ends that other draws would have put elsewhere
    are judged where the range is widest, see `ends_to_judge`.
    """
    f = finding
    low, high = ends_to_judge(vars(f))
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


def happened(finding: Finding) -> str:
    """Say what happened to these very areas, chance left aside: they are all there are, and were counted.

    GREW and SHRANK: the whole range of rounding on one side of 0, and the estimate at least the smallest effect;
    STAYED: the whole range within that effect; else WITHIN_ROUNDING. NO_FIGURES where nothing can be compared, and of a
    finding that is about chance alone. Source: Abadie, Athey, Imbens & Wooldridge 2020, doi:10.3982/ECTA12675 (a
    population that is observed whole has no sampling error).
    """
    estimate, low, high = (_given(value) for value in (finding.estimate, finding.rounding_low, finding.rounding_high))
    if judge(finding) in (NOT_COMPARABLE, NOT_COMPUTABLE) or estimate is None or low is None or high is None:
        return NO_FIGURES
    smallest = finding.smallest_effect or 0.0
    if smallest and -smallest <= low and high <= smallest:
        return STAYED
    if low > 0 and estimate >= smallest:
        return GREW
    return SHRANK if high < 0 and estimate <= -smallest else WITHIN_ROUNDING


def told(entry: Mapping[str, Any]) -> str:
    """Give the code that chooses the words of a finding of results.json: what happened, or failing that, chance."""
    answer: str = entry.get("happened", NO_FIGURES)
    judgement: str = entry["judgement"]
    return judgement if answer == NO_FIGURES else answer


def ends_to_judge(finding: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Give the ends by which a finding of results.json is judged: outside those drawn, by twice the error of drawing.

    So a finding that other draws might judge otherwise is undecided.
    """
    low, high = _given(finding["low"]), _given(finding["high"])
    reach = NEAR * error_of(finding, END_ERROR)
    return None if low is None else low - reach, None if high is None else high + reach


def in_unit(unit: str, *decimals: int | None, **numbers: Any) -> dict[str, dict[str, Any]]:
    """Give numbers by name as details of a finding, all in one unit and with as many decimals."""
    how = {"unit": unit, **({"decimals": decimals[0]} if decimals else {})}
    return {name: {"value": number, **how} for name, number in numbers.items()}


def with_range(found: Any, times: float = 1.0) -> dict[str, Any]:
    """Give what was estimated with its range, as fields of a finding."""
    return {name: times * getattr(found, name) for name in ("estimate", "low", "high")}


def error_of(finding: Mapping[str, Any], name: str = END_ERROR) -> float:
    """Give how far other draws would move the ends of the range (standard error); 0 where nothing was drawn."""
    return float(finding["details"].get(name, {}).get("value", 0.0))


def _given(value: float | None) -> float | None:
    """Return a number, or None when there is none."""
    return None if value is None or math.isnan(value) else value


def scale_of(entry: Mapping[str, Any]) -> str:
    """Name the scale of a finding of results.json: amounts that were put in constant prices are not as printed."""
    scale = str(entry["measure"]).removesuffix("_reversed")
    return "real" if scale == "absolute" and "constant_prices" in entry["flags"] else scale


def _decided(judgement: str, expected: str) -> str:
    """Turn a judgement into a verdict on a claim that expected HIGHER or LOWER."""
    if judgement in (NOT_COMPARABLE, NOT_COMPUTABLE):
        return NOT_TESTABLE
    if judgement == UNCLEAR:
        return UNDECIDED
    if judgement == SAME:
        return NEGLIGIBLE
    return SUPPORTED if judgement == expected else CONTRADICTED


@typed
def verdict_of(finding: Finding, expected: str, question: str = CHANCE) -> str:
    """Turn a finding into a verdict on a claim that expected HIGHER or LOWER, SAME, or NOT_HIGHER.

    `question` says which of both answers counts: what happened, or whether that is more than chance. That something
    stayed away is supported by a range that is too small to matter, never by silence, and contradicted by one that is
    large enough to matter: with s the smallest effect, SAME is supported by a range within ± s and contradicted by one
    wholly above s or below -s; NOT_HIGHER ("stayed the same or fell") is supported by a range that stays at or below s
    and contradicted by one wholly above it.
    Source: Lakens 2017, doi:10.1177/1948550617697177 (equivalence, and one of its two tests alone). Raises
    ParameterError for an expectation or a question that is none.
    """
    for name, given, valid in (("expected", expected, EXPECTATIONS), ("question", question, QUESTIONS)):
        if given not in valid:
            raise ParameterError(f"{name} {shown(given)} is not known. Valid: {', '.join(valid)}.")
    judgement = judge(finding)
    if judgement in (NOT_COMPARABLE, NOT_COMPUTABLE):
        return NOT_TESTABLE
    if question == HAPPENED:
        return _as_it_happened(finding, expected)
    low, high = ends_to_judge(vars(finding))
    if expected not in STAYS_AWAY:
        return _decided(judgement, expected)
    if low is None or high is None:
        return UNDECIDED
    smallest = finding.smallest_effect or 0.0
    if high <= smallest and (expected == NOT_HIGHER or low >= -smallest):
        return SUPPORTED
    if low > smallest or (expected != NOT_HIGHER and high < -smallest):
        return CONTRADICTED
    return UNDECIDED


def _as_it_happened(finding: Finding, expected: str) -> str:
    """Set what happened beside what a claim expected."""
    answer, high = happened(finding), _given(finding.rounding_high)
    if expected == NOT_HIGHER and high is not None and high <= (finding.smallest_effect or 0.0):
        return SUPPORTED
    if answer in (NO_FIGURES, WITHIN_ROUNDING):
        return UNDECIDED
    if expected in STAYS_AWAY:
        return SUPPORTED if answer == STAYED else CONTRADICTED
    if answer == STAYED:
        return NEGLIGIBLE
    return SUPPORTED if (answer == GREW) == (expected == HIGHER) else CONTRADICTED


def join(verdicts: Sequence[str], quantifier: str) -> str:
    """Join the verdicts on the parts of a claim; a part that is undecided or cannot be tested has no say.

    The verdict of all decided parts when they are alike. Else, for "most", that of more than half of them. Else MIXED
    when some part is supported, in part at least, and CONTRADICTED when none is. Without a decided part UNDECIDED, or
    NOT_TESTABLE when none could be tested: a part more never turns a verdict into silence.
    """
    votes = [verdict for verdict in verdicts if verdict in DECIDED]
    if not votes:
        return UNDECIDED if UNDECIDED in verdicts else NOT_TESTABLE
    if len(set(votes)) == 1:
        return votes[0]
    most = max(VERDICTS, key=votes.count)
    if quantifier == MOST and 2 * votes.count(most) > len(votes):
        return most
    return MIXED if {SUPPORTED, MIXED} & set(votes) else CONTRADICTED


def join_aspects(aspects: Sequence[Sequence[str]]) -> str:
    """Join the verdicts on a claim that says several things at once, of each of which there are one or more parts.

    When each aspect has a decided part they are joined as "all". Where one has none, half a claim is not the claim: it
    can still be contradicted, else it is NOT_TESTABLE or UNDECIDED, whichever that aspect is.
    """
    made = [join(verdicts, ALL) for verdicts in aspects]
    if all(verdict in DECIDED for verdict in made):
        return join(made, ALL)
    if CONTRADICTED in made:
        return CONTRADICTED
    return NOT_TESTABLE if NOT_TESTABLE in made or not made else UNDECIDED


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """A part of a claim judged: the verdict, the finding behind it, and how its registered variants voted.

    `question` says which of both answers it rests on; a part that does not `count` is told, and has no say in the
    verdict on the claim. `alone` is what it would be if no other part of the claim had been tested, where that differs.
    `aspect` names what it is a part of, in a claim that says several things at once.
    """

    claim: str
    verdict: str
    finding: str | None
    row: str
    expected: str | None = None
    variants: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    flips_at: float | None = None
    question: str = CHANCE
    counts: bool = True
    alone: str | None = None
    aspect: str = ""

    def in_short(self) -> dict[str, object]:
        """Give what was expected, by which question it was judged, and how the lists voted."""
        return {
            "finding": self.finding, "expected": self.expected, "question": self.question,
            "counts": self.counts, "lists": dict(self.variants), "missing": self.missing,
        }  # fmt: skip

    def __repr__(self) -> str:
        return shorten(f"Verdict {self.claim}, {self.row}: {self.verdict} by {self.question}", MOST_COLUMNS)

    def as_json(self) -> dict[str, Any]:
        """Give the verdict as plain codes, with the number of variants that agree."""
        votes = [verdict for _, verdict in self.variants]
        return {**asdict(self), "agree": votes.count(self.verdict), "of": len(votes)}


def from_json(entry: Mapping[str, Any]) -> Finding:
    """Read back what `Finding.as_json` wrote."""
    parts = {key: value for key, value in entry.items() if key not in ("judgement", "happened")}
    for key in ("range_kind", "breaks", "sources", "flags"):
        parts[key] = tuple(parts[key])
    return Finding(**{**parts, "a": Side(**parts["a"]), "b": Side(**parts["b"])})
