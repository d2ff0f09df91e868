"""Every verdict on a change of a gap under all reasonable ways to test it: a specification curve per claim.

Crossed are indicator, measure, focus list, weighing, window, the smallest effect that matters and whether rounding
counts. The draws are fewer than behind the verdicts (DRAWS); the headline way is the finding that was published.
Sources: Simonsohn, Simmons & Nelson 2020, doi:10.1038/s41562-020-0912-z; Steegen et al. 2016,
doi:10.1177/1745691616658637.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import ParameterError, SchemaError, examples, faults
from kloof.findings import CHANCE, DECIDED, MIXED, NOT_TESTABLE, UNDECIDED, VERDICTS, Finding, from_json
from kloof.methods import gap
from kloof.questions import gap_changes, gap_tables  # noqa: F401 (gap_tables registers which scales apply, and which count)
from kloof.questions.gap_changes import Change, Followed
from kloof.questions.runner import Part, parts_of
from kloof.study import claims
from kloof.study.claims import Judging
from kloof.study.panel import Focus
from kloof.study.study import Study

_DRAWS = 399
ROBUST_FROM = 0.8  # the part of the ways that must agree before a verdict is called robust
DECISIVE = 0.1  # a choice is named when changing it alone gives another verdict in this part of the pairs
SINGLE = "single"
CHOICES = ("indicator", "measure", "focus_list", "weighing", "window", "smallest", "rounding")
WEIGHING = ("all", "unweighted", "similar")
SMALLEST = {"half": 0.5, "registered": 1.0, "double": 2.0}
TESTS = ("gap_change", "gap_change_window")  # kinds of which every way to test is computed anew
Way = tuple[str, gap.Comparison, tuple[int, int]]


@dataclass(frozen=True)
class Robustness:
    """How a claim fares under all ways: `table` has one row per way, the others say how many agree.

    `verdict` is that of the claim; `votes` the ways that could be tested, `agree` those with the same verdict.
    `label` is robust (most agree and none decides otherwise), depends (on the choices in `depends_on`, most decisive
    first), open (nothing was decided, and no way decides), single (there is one way only) or no_verdict.
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
        """Part of the ways that agree (0-1); None without a test, or one verdict to agree on."""
        return self.agree / self.votes if self.votes and self.verdict in DECIDED and self.verdict != MIXED else None

    @property
    def decides_share(self) -> float | None:
        """Part of the ways that decide anything (0-1); None when no way could be tested."""
        return int(self.table["verdict"].isin(DECIDED).sum()) / self.votes if self.votes else None


def windows(followed: Followed) -> list[Way]:
    """Give the windows in which a test can be made: name, comparison, and the years named on both sides.

    ends: first and last year; later: the first year left out; sooner: the last left out; trend: the ends of each
    buurt's line through all years.
    """
    times, years, count = np.array(followed.times), followed.years, len(followed.years)
    last = count - 1
    spans = [("ends", 0, last), ("later", 1, last), ("sooner", 0, last - 1)]
    made: list[Way] = [
        (name, gap.two_years(count, first, end), (years[first], years[end]))
        for name, first, end in (spans if last > 1 else spans[:1])
    ]
    return [*made, ("trend", gap.own_lines(times), (years[0], years[last]))] if last > 1 else made


def ways(study: Study, claim: str, published: Mapping[str, Finding]) -> pd.DataFrame:
    """Compute one claim under every way: a row per combination of CHOICES with estimate, low, high and verdict.

    `published` gives the finding of each part of the claim (indicator.measure), which is its headline way.
    Estimates are in units of the smallest effect registered for that indicator and measure, so that they can share an
    axis.
    """
    entry = claims.registry().claims[claim]
    kind, scales = str(entry["kind"]), dict[str, list[Part]]()
    for part in parts_of(study, claim):
        if part.how.counts:
            scales.setdefault(part.name, []).append(part)
    few = replace(study, p=replace(study.p, draws=min(_DRAWS, study.p.draws)))
    if "window" in entry:
        first, last = entry["window"]
        p = replace(few.p, year_from=max(few.p.year_from, first), year_to=min(few.p.year_to, last))
        few = replace(few, p=p)
    rows = []
    for name, parts in scales.items():
        for focus in study.variants:
            followed = gap_changes.follow(few, name, focus)
            for part in parts:
                measure, headline = part.measure, published.get(part.row)
                for weighing, window, found in _each(few, followed, kind, ((measure, part.how), focus)):
                    shown = found
                    is_headline = (focus.name, weighing, window) == (study.focus.name, "all", "ends")
                    if is_headline and headline is not None:
                        shown = {"counted": headline, "not_counted": found["not_counted"]}
                    options = (name, measure, focus.name, weighing, window)
                    rows += _votes(options, shown, part.how)
    return pd.DataFrame(rows, columns=[*CHOICES, "estimate", "low", "high", "verdict"])


def _each(
    study: Study, followed: Followed, kind: str, of: tuple[tuple[str, Judging], Focus]
) -> list[tuple[str, str, dict[str, Finding]]]:
    """Compute one measure under one focus list for each weighing and window: with rounding counted and not."""
    (measure, how), focus = of
    if followed.panel is None:
        return []
    made = []
    for window, comparison, years in windows(followed):
        for weighing in WEIGHING:
            number = f"12.{kind}.{followed.indicator}.{measure}.{focus.name}"
            change = Change(number, kind, measure, comparison, years, weighing, how.question == CHANCE)
            finding, interval = gap_changes.computed(study, followed, change, focus)
            plain = finding
            if interval is not None and finding.low is not None and finding.high is not None:
                ends = interval.rounding[0] - interval.estimate, interval.rounding[1] - interval.estimate
                grown = min(ends[0], 0.0), max(ends[1], 0.0)
                sign = gap_changes.on_scale(study, followed, measure)[0].orientation
                below, above = grown if sign > 0 else (-grown[1], -grown[0])
                plain = replace(finding, low=finding.low - below, high=finding.high - above)
            plain = replace(plain, rounding_low=finding.estimate, rounding_high=finding.estimate)
            made.append((weighing, window, {"counted": finding, "not_counted": plain}))
    return made


def _votes(options: tuple[str, ...], found: Mapping[str, Finding], how: Judging) -> list[tuple[Any, ...]]:
    """Judge one finding with each smallest effect, with rounding counted and not."""
    rows = []
    for rounding, finding in found.items():
        unit = finding.smallest_effect or 1.0
        numbers = [None if value is None else value / unit for value in (finding.estimate, finding.low, finding.high)]
        for name, times in SMALLEST.items():
            verdict = claims.part_verdict(replace(finding, smallest_effect=unit * times), how)
            rows.append((*options, name, rounding, *numbers, verdict))
    return rows


def recorded(rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Lay out what a notebook recorded itself: each part of a claim under each focus list it was judged with.

    With the columns of `ways`; the smallest effect is varied for the headline list, whose interval is known.
    """
    made: list[tuple[Any, ...]] = []
    for row in rows:
        entry = findings.get(row["finding"] or "")
        finding = from_json(entry) if entry else None
        how = Judging(str(row["expected"]), row["question"])
        for place, (name, verdict) in enumerate(row["variants"]):
            options = (*_part(row["row"], finding), name, "all", "ends")
            own = finding is not None and place == 0 and finding.smallest_effect and finding.low is not None
            if own and finding is not None and claims.part_verdict(finding, how) == verdict:
                made += _votes(options, {"counted": finding}, how)
            else:
                made.append((*options, "registered", "counted", None, None, None, verdict))
    return pd.DataFrame(made, columns=[*CHOICES, "estimate", "low", "high", "verdict"])


def _part(row: str, finding: Finding | None) -> tuple[str, str]:
    """Split the name of a part in its indicator and measure, where that is what it is made of."""
    name, _, measure = row.partition(".")
    whole = finding is None or name != finding.indicator or not measure or "." in measure
    return (row, "all") if whole else (name, measure)


def robustness_of(claim: str, verdict: str, table: pd.DataFrame) -> Robustness:
    """Say how many ways agree with the verdict of a claim, and which choices decide about it."""
    voting = table[table["verdict"] != NOT_TESTABLE]
    agree = int((voting["verdict"] == verdict).sum())
    if verdict == NOT_TESTABLE or voting.empty:
        return Robustness(claim, verdict, table, len(voting), agree, NO_VERDICT, ())
    if len(voting) == 1:
        return Robustness(claim, verdict, table, 1, agree, SINGLE, ())
    headline = dict(zip(CHOICES, voting.iloc[0][list(CHOICES)], strict=True))
    flips = specification_curve(table, CHOICES, headline).choices
    decided = voting["verdict"].isin(DECIDED) & (voting["verdict"] != verdict)
    is_robust = agree >= ROBUST_FROM * len(voting) and not decided.any()
    depends = list(flips.loc[flips["flip_share"].fillna(0.0) >= DECISIVE, "choice"])
    depends = depends or list(flips.loc[flips["flips"] > 0, "choice"])[:1]
    label = DEPENDS if not is_robust else NONE_DECIDES if verdict == UNDECIDED else ROBUST
    return Robustness(claim, verdict, table, len(voting), agree, label, () if is_robust else tuple(depends))


def is_computed(claim: str) -> bool:
    """Tell whether every way to test a claim is computed anew: those on the change of followed gaps."""
    entry = claims.registry().claims[claim]
    return entry["kind"] in TESTS and "parts" not in entry and bool(entry.get("followed"))


def explore(
    study: Study, rows: Sequence[Mapping[str, Any]], findings: Mapping[str, Mapping[str, Any]]
) -> list[Robustness]:
    """Lay out every claim that was judged: computed anew for changes of a gap, as recorded for the others."""
    made: list[Robustness] = []
    for claim, verdict in claims.overall(rows).items():
        own = [row for row in rows if row["claim"] == claim]
        if is_computed(claim):
            found = {row["row"]: from_json(findings[row["finding"]]) for row in own if row["finding"]}
            table = ways(study, claim, found)
        else:
            table = recorded(own, findings)
        if not table.empty:
            made.append(robustness_of(claim, verdict, table))
    return made


ROBUST = "robust"
DEPENDS = "depends"
NONE_DECIDES = "open"
NO_VERDICT = "no_verdict"


@dataclass(frozen=True)
class Specifications:
    """The curve and what it says.

    `curve`: the given rows in order of their estimate, with `place` (0 = lowest, in the order to plot; without an
    estimate last), `is_headline` and `agrees`. `options`: one row per choice and option: choice, option, votes, agree,
    agree_share. `choices`: one row per choice, most decisive first: choice, pairs (comparisons in which only this
    choice differs), flips (pairs with another verdict), flip_share, from_headline (options that, changed alone, give
    another verdict than the headline).

    `verdict` is the headline's; `votes` the combinations that could be tested, `agree` those with that verdict,
    `agree_share` their part (0-1; None when the headline decides nothing), `not_tested` the others. `label` is "robust"
    (enough agree, and no combination decides otherwise), "open" (the headline decides nothing, and no combination
    does), "depends" on the choices in `depends_on`, or "no_verdict" when the headline could not be tested.
    """

    curve: pd.DataFrame
    options: pd.DataFrame
    choices: pd.DataFrame
    verdict: str
    votes: int
    agree: int
    agree_share: float | None
    not_tested: int
    label: str
    depends_on: tuple[str, ...]


def specification_curve(
    table: pd.DataFrame, choices: Sequence[str], headline: Mapping[str, object], agree_minimum: float = 0.8
) -> Specifications:
    """Lay out the verdicts of all combinations and say what they depend on.

    `table` has one row per combination: a column for each of `choices`, estimate, low, high (missing when not
    computable) and verdict; not every combination need be there. `headline` gives the option of each choice. A
    combination that cannot be tested does not vote. The verdict depends on a choice when changing it alone flips at
    least one pair of combinations that could both be tested.

    Raises SchemaError (columns, missing options, unknown verdicts, a combination twice) and ParameterError when the
    headline is not one of the rows or agree_minimum is not in 0-1.
    Sources: Simonsohn, Simmons & Nelson 2020, doi:10.1038/s41562-020-0912-z; Steegen et al. 2016,
    doi:10.1177/1745691616658637.
    """
    names = list(choices)
    _check(table, names, agree_minimum)
    is_headline = (table[names] == pd.Series({name: headline.get(name) for name in names})).all(axis=1)
    if int(is_headline.sum()) != 1:
        shown = ", ".join(f"{name} = {headline.get(name)}" for name in names)
        raise ParameterError(f"The headline ({shown}) is not one of the {len(table)} combinations.")
    verdict = str(table.loc[is_headline, "verdict"].iloc[0])
    curve = table.assign(is_headline=is_headline, agrees=table["verdict"] == verdict)
    curve = curve.sort_values(["estimate", *names], na_position="last", ignore_index=True, key=_sortable)
    curve.insert(0, "place", range(len(curve)))
    voting = curve[curve["verdict"] != NOT_TESTABLE]
    rows = [_choice(voting, names, name) for name in names]
    flips = pd.DataFrame(rows, columns=["choice", "pairs", "flips", "flip_share", "from_headline"])
    order = flips["flip_share"].fillna(-1.0).sort_values(ascending=False, kind="stable").index
    flips = flips.loc[order].reset_index(drop=True)
    votes, agree = len(voting), int(voting["agrees"].sum())
    if verdict == NOT_TESTABLE:
        label = NO_VERDICT
    else:
        other = voting["verdict"].isin(DECIDED) & ~voting["agrees"]
        is_robust = agree >= agree_minimum * votes and not other.any()
        label = DEPENDS if not is_robust else NONE_DECIDES if verdict == UNDECIDED else ROBUST
    depends = tuple(flips.loc[flips["flips"] > 0, "choice"]) if label == DEPENDS else ()
    return Specifications(
        curve=curve,
        options=_options(voting, names),
        choices=flips,
        verdict=verdict,
        votes=votes,
        agree=agree,
        agree_share=agree / votes if verdict in DECIDED else None,
        not_tested=len(curve) - votes,
        label=label,
        depends_on=depends,
    )


def _sortable(column: "pd.Series[float]") -> "pd.Series[float]":
    """Sort numbers as numbers and options of any kind by their text."""
    return column if column.name == "estimate" else column.astype("str")  # type: ignore[return-value]


def _choice(
    voting: pd.DataFrame, names: list[str], name: str
) -> tuple[str, int, int, float | None, tuple[object, ...]]:
    """Count the pairs of combinations that differ in one choice only, and those with another verdict."""
    others = [other for other in names if other != name]
    pairs = _pairs(voting, others)
    alike = _pairs(voting, [*others, "verdict"])
    headline = voting[voting["is_headline"]]
    near = pd.Series(data=not headline.empty, index=voting.index)
    for other in others:
        near &= voting[other].isin(headline[other])
    away = tuple(voting.loc[near & ~voting["agrees"], name])
    return name, pairs, pairs - alike, (pairs - alike) / pairs if pairs else None, away


def _pairs(voting: pd.DataFrame, shared: list[str]) -> int:
    """Count the pairs of combinations that have all of `shared` in common."""
    sizes = Counter(zip(*(voting[name].tolist() for name in shared), strict=True)) if shared else {(): len(voting)}
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _options(voting: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    rows = []
    for name in names:
        for option, group in voting.groupby(name, sort=True):
            agree = int(group["agrees"].sum())
            rows.append((name, option, len(group), agree, agree / len(group)))
    return pd.DataFrame(rows, columns=["choice", "option", "votes", "agree", "agree_share"])


def _check(table: pd.DataFrame, names: list[str], agree_minimum: float) -> None:
    if not 0 <= agree_minimum <= 1:
        raise ParameterError(f"agree_minimum must be between 0 and 1, got {agree_minimum}.")
    needed = [*names, "estimate", "low", "high", "verdict"]
    found = [f"column {name} is missing" for name in needed if name not in table.columns]
    found += ["no choice is named"] * (not names)
    if not found:
        open_choices = table.index[table[names].isna().any(axis=1)].tolist()
        unknown = sorted(set(table["verdict"].astype("str")) - set(VERDICTS))
        twice = table.index[table.duplicated(names)].tolist()
        found += [f"an option is missing in row {examples(open_choices)}"] * bool(open_choices)
        found += [f"unknown verdict {examples(unknown)} (known: {', '.join(VERDICTS)})"] * bool(unknown)
        found += [f"the same combination twice in row {examples(twice)}"] * bool(twice)
    if found:
        raise SchemaError(faults("the table of specifications", found, "Give one row per combination of choices."))
