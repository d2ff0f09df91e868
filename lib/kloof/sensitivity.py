"""Every verdict on a change of a gap under all reasonable ways to test it: a specification curve per claim.

Crossed are indicator, measure, focus list, weighing, window, the smallest effect that matters and whether rounding
counts. The draws are fewer than behind the verdicts (DRAWS); the headline way is the finding that was published.
Sources: Simonsohn, Simmons & Nelson 2020, doi:10.1038/s41562-020-0912-z; Steegen et al. 2016,
doi:10.1177/1745691616658637.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kloof import claims, events, gaps, models
from kloof.dealing import Array
from kloof.errors import NotComputableError
from kloof.findings import NOT_TESTABLE, Finding, from_json, verdict_of
from kloof.gaps import Change, Followed
from kloof.panel import Focus
from kloof.specification import DEPENDS, NO_VERDICT, ROBUST, specification_curve
from kloof.study import Study

DRAWS = 399
ROBUST_FROM = 0.8  # the part of the ways that must agree before a verdict is called robust
DECISIVE = 0.1  # a choice is named when changing it alone gives another verdict in this part of the pairs
SINGLE = "single"
CHOICES = ("indicator", "measure", "focus_list", "weighing", "window", "smallest", "rounding")
WEIGHING = ("all", "unweighted", "similar")
SMALLEST = {"half": 0.5, "registered": 1.0, "double": 2.0}
TESTS = ("gap_change", "gap_change_before", "beyond_trend")
Way = tuple[str, models.Comparison, tuple[int, int]]


@dataclass(frozen=True)
class Robustness:
    """How a claim fares under all ways: `table` has one row per way, the others say how many agree.

    `verdict` is that of the claim; `votes` the ways that could be tested, `agree` those with the same verdict.
    `label` is robust (most agree and none decides otherwise), depends (on the choices in `depends_on`, most decisive
    first), single (there is one way only) or no_verdict.
    """

    claim: str
    verdict: str
    table: pd.DataFrame
    votes: int
    agree: int
    label: str
    depends_on: tuple[str, ...]

    @property
    def agree_share(self) -> float | None:
        """Part of the ways that agree (0-1); None when no way could be tested."""
        return self.agree / self.votes if self.votes and self.label != NO_VERDICT else None


def windows(kind: str, followed: Followed, is_before: Sequence[bool]) -> list[Way]:
    """Give the windows in which a test can be made: name, comparison, and the years named on both sides.

    ends: first and last year; later: the first year left out; sooner: the last left out; trend: the ends of each
    buurt's line through all years. Since an event only ends and later exist: the trend before it is the test itself.
    """
    times, years, count = np.array(followed.times), followed.years, len(followed.years)
    if kind == "beyond_trend":
        since = [place for place, before in enumerate(is_before) if not before]
        made: list[Way] = []
        for name, start in (("ends", 0), ("later", 1)):
            try:
                comparison = models.beyond_line(times[start:], is_before[start:])
            except NotComputableError:
                continue
            before, after = (np.concatenate([np.zeros(start), part]) for part in comparison)
            made.append((name, (before, after), (years[since[0]], years[since[-1]])))
        return made
    last = count - 1 if kind == "gap_change" else events.last_before(is_before) if any(is_before) else -1
    spans = [("ends", 0, last), ("later", 1, last), ("sooner", 0, last - 1)]
    made = [
        (name, models.two_years(count, first, end), (years[first], years[end]))
        for name, first, end in (spans if last > 1 else spans[:1])
        if first < end
    ]
    if last > 1:
        lines = models.own_lines(times[: last + 1])
        rest = np.zeros(count - last - 1)
        made.append(("trend", _padded(lines, rest), (years[0], years[last])))
    return made


def _padded(comparison: models.Comparison, rest: Array) -> models.Comparison:
    """Let the years behind a comparison count nothing."""
    return np.concatenate([comparison[0], rest]), np.concatenate([comparison[1], rest])


def ways(study: Study, claim: str, published: Mapping[str, Finding]) -> pd.DataFrame:
    """Compute one claim under every way: a row per combination of CHOICES with estimate, low, high and verdict.

    `published` gives the finding of each part of the claim (indicator.measure), which is its headline way.
    Estimates are in units of the smallest effect registered for that indicator and measure, so that they can share an
    axis.
    """
    entry = claims.registry().claims[claim]
    kind, expected = str(entry["kind"]), str(entry["expected"])
    few = replace(study, p=replace(study.p, draws=min(DRAWS, study.p.draws)))
    start = study.p.trend_from if kind != "gap_change" else None
    if "window" in entry:
        first, last = entry["window"]
        p = replace(few.p, year_from=max(few.p.year_from, first), year_to=min(few.p.year_to, last))
        few = replace(few, p=p)
    rows = []
    for name in study.p.indicators:
        for focus in study.variants:
            followed = gaps.follow(few, name, focus, start)
            for measure in gaps.MEASURES:
                headline = published.get(f"{name}.{measure}")
                for weighing, window, found in _each(few, followed, kind, (measure, focus)):
                    shown = found
                    is_headline = (focus.name, weighing, window) == (study.focus.name, "all", "ends")
                    if is_headline and headline is not None:
                        shown = {"counted": headline, "not_counted": found["not_counted"]}
                    options = (name, measure, focus.name, weighing, window)
                    rows += _votes(options, shown, expected)
    return pd.DataFrame(rows, columns=[*CHOICES, "estimate", "low", "high", "verdict"])


def _each(
    study: Study, followed: Followed, kind: str, of: tuple[str, Focus]
) -> list[tuple[str, str, dict[str, Finding]]]:
    """Compute one measure under one focus list for each weighing and window: with rounding counted and not."""
    measure, focus = of
    if followed.panel is None:
        return []
    made = []
    for window, comparison, years in windows(kind, followed, events.is_before(study, followed)):
        for weighing in WEIGHING:
            number = f"12.{kind}.{followed.indicator}.{measure}.{focus.name}"
            change = Change(number, kind, measure, comparison, years, weighing)
            finding, interval = gaps.judged(study, followed, change, focus)
            plain = finding
            if interval is not None and finding.low is not None and finding.high is not None:
                ends = interval.rounding[0] - interval.estimate, interval.rounding[1] - interval.estimate
                grown = min(ends[0], 0.0), max(ends[1], 0.0)
                below, above = grown if followed.orientation > 0 else (-grown[1], -grown[0])
                plain = replace(finding, low=finding.low - below, high=finding.high - above)
            made.append((weighing, window, {"counted": finding, "not_counted": plain}))
    return made


def _votes(options: tuple[str, ...], found: Mapping[str, Finding], expected: str) -> list[tuple[Any, ...]]:
    """Judge one finding with each smallest effect, with rounding counted and not."""
    rows = []
    for rounding, finding in found.items():
        unit = finding.smallest_effect or 1.0
        numbers = [None if value is None else value / unit for value in (finding.estimate, finding.low, finding.high)]
        for name, times in SMALLEST.items():
            verdict = verdict_of(replace(finding, smallest_effect=unit * times), expected)
            rows.append((*options, name, rounding, *numbers, verdict))
    return rows


def recorded(
    rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]], expected: str
) -> pd.DataFrame:
    """Lay out what a notebook recorded itself: each part of a claim under each focus list it was judged with.

    With the columns of `ways`; the smallest effect is varied for the headline list, whose interval is known.
    """
    made: list[tuple[Any, ...]] = []
    for row in rows:
        entry = findings.get(row["finding"] or "")
        finding = from_json(entry) if entry else None
        for place, (name, verdict) in enumerate(row["variants"]):
            options = (*_part(row["row"], finding), name, "all", "ends")
            own = finding is not None and place == 0 and finding.smallest_effect and finding.low is not None
            if own and finding is not None and verdict_of(finding, expected) == verdict:
                made += _votes(options, {"counted": finding}, expected)
            else:
                made.append((*options, "registered", "counted", None, None, None, verdict))
    return pd.DataFrame(made, columns=[*CHOICES, "estimate", "low", "high", "verdict"])


def _part(row: str, finding: Finding | None) -> tuple[str, str]:
    """Split the name of a part in its indicator and measure, where that is what it is made of."""
    name, _, measure = row.partition(".")
    whole = finding is None or name != finding.indicator or not measure or "." in measure
    return (row, "all") if whole else (name, measure)


def robustness(claim: str, verdict: str, table: pd.DataFrame) -> Robustness:
    """Say how many ways agree with the verdict of a claim, and which choices decide about it."""
    voting = table[table["verdict"] != NOT_TESTABLE]
    agree = int((voting["verdict"] == verdict).sum())
    if verdict == NOT_TESTABLE or voting.empty:
        return Robustness(claim, verdict, table, len(voting), agree, NO_VERDICT, ())
    if len(voting) == 1:
        return Robustness(claim, verdict, table, 1, agree, SINGLE, ())
    headline = dict(zip(CHOICES, voting.iloc[0][list(CHOICES)], strict=True))
    flips = specification_curve(table, CHOICES, headline).choices
    decided = voting["verdict"].isin(("SUPPORTED", "CONTRADICTED", "NEGLIGIBLE")) & (voting["verdict"] != verdict)
    is_robust = agree >= ROBUST_FROM * len(voting) and not decided.any()
    depends = list(flips.loc[flips["flip_share"].fillna(0.0) >= DECISIVE, "choice"])
    depends = depends or list(flips.loc[flips["flips"] > 0, "choice"])[:1]
    label = ROBUST if is_robust else DEPENDS
    return Robustness(claim, verdict, table, len(voting), agree, label, () if is_robust else tuple(depends))


def explore(
    study: Study, rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]]
) -> list[Robustness]:
    """Lay out every claim that was judged: computed anew for changes of a gap, as recorded for the others."""
    made: list[Robustness] = []
    entries = claims.registry().claims
    for claim, verdict in claims.overall(rows).items():
        own = [row for row in rows if row["claim"] == claim]
        entry = entries[claim]
        if entry["kind"] in TESTS and set(entry.get("indicators", study.p.indicators)) >= set(study.p.indicators):
            found = {row["row"]: from_json(findings[row["finding"]]) for row in own if row["finding"]}
            table = ways(study, claim, found)
        elif entry["kind"] == "turn":
            table = _turned(made)
        else:
            table = recorded(own, findings, str(entry["expected"]))
        if not table.empty:
            made.append(robustness(claim, verdict, table))
    return made


def _turned(made: Sequence[Robustness]) -> pd.DataFrame:
    """Read the mayors' turn from its two halves, way by way, where both were tested in the same way."""
    halves = [next((one.table for one in made if one.claim == claim), pd.DataFrame()) for claim in ("C3", "C2")]
    if any(half.empty for half in halves):
        return pd.DataFrame()
    both = halves[0].merge(halves[1], on=list(CHOICES), suffixes=("_before", "_since"), validate="one_to_one")
    verdict = [
        claims.turned(before, since)
        for before, since in zip(both["verdict_before"], both["verdict_since"], strict=True)
    ]
    names = {f"{name}_before": name for name in ("estimate", "low", "high")}
    return both.rename(columns=names).assign(verdict=verdict)[[*CHOICES, *names.values(), "verdict"]]
