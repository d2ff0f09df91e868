"""Judges a registered claim: each of its parts is computed by the function of its kind, under every registered way.

`notebooks/claims.toml` says which parts a claim has; a kind is one function from a part to its findings. A new claim is
an entry there, and, when its kind is new, one function with `@kind`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any

from kloof.country.gaps import FEWEST
from kloof.country.mechanisms import mechanisms
from kloof.errors import CatalogueError
from kloof.findings import CHANCE, DECIDED, NOT_COMPUTABLE, UNDECIDED, Finding, Verdict, judge
from kloof.questions.all_tests import ALPHA, holm, p_value_of
from kloof.questions.explanations import in_store
from kloof.results import Section
from kloof.shown import Shown
from kloof.study import claims
from kloof.study.claims import Judging
from kloof.study.dataset import STORE
from kloof.study.panel import Focus
from kloof.study.study import Study

Ways = Mapping[str, Finding]  # way → finding; the first is the headline
ALL_ALIKE = "all"  # the way of a finding in which no focus list has a say
ANSWERS = ("no_improvement", "rest_moves_against", "not_behind")  # reasons that tell something of the place itself
NOT_MISSING = (*ANSWERS, "chosen_on_outcome")  # the figure is there, and more of it would not help


@dataclass(frozen=True)
class Part:
    """One part of a claim: what is computed of which figure and how it is judged.

    `name` is an indicator, a group or a side of the claim; `measure` the scale ("" when its kind has one only); `row`
    names the part in the verdicts and `number` its headline finding. `entry` is what the claim registers, with what the
    part registers otherwise.
    """

    claim: str
    kind: str
    name: str
    measure: str
    row: str
    number: str
    how: Judging
    entry: Mapping[str, Any] = field(repr=False)


class JudgedParts(Shown, list[tuple[Finding, Verdict]]):
    """The parts of a claim, each its headline finding and its verdict."""

    def in_short(self) -> dict[str, object]:
        """Give the verdict on every part, with its number."""
        return {
            f"{verdict.claim} {verdict.row}": f"{verdict.verdict} {finding.in_short()['estimate']}"
            for finding, verdict in self
        }

    def in_card(self) -> dict[str, object]:
        """Give every part with its verdict and finding."""
        return {str(number): pair for number, pair in enumerate(self, 1)}


Kind = Callable[[Study, Part], Ways]
OfList = Callable[[Study, Part, str, Focus], Finding]
Scaled = Callable[[Study, str, str], bool]  # asked of an indicator and a scale
KINDS: dict[str, Kind] = {}
SCALES: dict[str, Scaled] = {}  # kind → does a scale apply to an indicator?
VOTES: dict[str, Scaled] = {}  # kind → has a scale of an indicator a say?


def kind(*names: str, applies: Scaled | None = None, counts: Scaled | None = None) -> Callable[[Kind], Kind]:
    """Register the function that computes parts of these kinds.

    `applies` tells whether a scale applies to an indicator, and `counts` whether it then has a say in the verdict.
    """

    def keep(function: Kind) -> Kind:
        for name in names:
            KINDS[name] = function
            if applies is not None:
                SCALES[name] = applies
            if counts is not None:
                VOTES[name] = counts
        return function

    return keep


def under_lists(study: Study, part: Part, make: Callable[[str, Focus], Finding]) -> Ways:
    """Make a finding under every registered list, the headline's first; that of another list carries its name.

    Where postcode areas stand for all lists alike it is made once.
    """
    own = make(part.number, study.focus)
    if "by_postcode" in own.flags:
        return {ALL_ALIKE: own}
    others = [focus for focus in study.variants if focus != study.focus]
    return {study.focus.name: own} | {focus.name: make(f"{part.number}.{focus.name}", focus) for focus in others}


def of_lists(*names: str, applies: Scaled | None = None, counts: Scaled | None = None) -> Callable[[OfList], OfList]:
    """Register the function that makes the finding of a part under one list: it is asked under each of them."""

    def keep(function: OfList) -> OfList:
        @kind(*names, applies=applies, counts=counts)
        @wraps(function)
        def ways(study: Study, part: Part) -> Ways:
            return under_lists(study, part, lambda number, focus: function(study, part, number, focus))

        return function

    return keep


def parts_of(study: Study, claim: str) -> list[Part]:
    """List the parts of a claim: what it registers, times figures, times scales that apply.

    With `followed` only the indicators of the study that it names count: of what is not followed `claims.untested` says
    so. Raises CatalogueError when no module that was loaded computes parts of a kind: which scales apply, and which
    count, is then not known either.
    """
    entry = claims.registry().claims[claim]
    made = []
    for own in entry.get("parts") or [{}]:
        whole = {**entry, **own}
        if whole["kind"] not in KINDS:
            raise CatalogueError(f"{claim}: nothing computes parts of kind {whole['kind']!r}; import its module.")
        for name in _names(study, whole):
            for measure in whole.get("measures", [""]):
                if measure and not SCALES.get(whole["kind"], _always)(study, name, measure):
                    continue
                counts = VOTES.get(whole["kind"], _always)(study, name, measure)
                row = whole.get("row", "{name}.{measure}" if measure else "{name}").format(name=name, measure=measure)
                number = _numbering(claim, whole).format(row=row, name=name, measure=measure)
                how = claims.judging(claim, own, counts=counts) if claims.is_judged(claim) else Judging("HIGHER")
                made.append(Part(claim, str(whole["kind"]), name, measure, row, number, how, whole))
    return made


def _numbering(claim: str, entry: Mapping[str, Any]) -> str:
    """Give the pattern of the number of a part's headline finding; that of a hypothesis begins with its own id."""
    if "exploratory" in entry:
        return f"{claim}.{{row}}"
    return str(entry.get("id", f"{str(entry['notebook'])[:2]}.{{row}}"))


def _always(study: Study, name: str, measure: str) -> bool:
    """Tell that a scale applies and counts."""
    del study, name, measure
    return True


def _names(study: Study, entry: Mapping[str, Any]) -> list[str]:
    """Name the figures of a part: the registered indicators, groups, or whatever it lists under `of`."""
    key = entry.get("of") or next(key for key in ("indicators", "groups") if key in entry)
    names = [str(name) for name in entry[key]]
    return [name for name in study.p.indicators if name in names] if entry.get("followed") else names


def judged(study: Study, claim: str, rows: Iterable[str] | None = None) -> JudgedParts:
    """Compute the parts of a claim, or those of some `rows`, and judge each: its headline finding and its verdict.

    A part without figures that the claim does not need is left out. What is decided by chance in some part must stand
    when all parts of the claim that were tested for chance count (Holm 1979), or it is undecided: a claim with more
    parts is not easier to hit.
    """
    wanted = None if rows is None else set(rows)
    needs = set(claims.registry().claims[claim].get("needs", ()))
    made = []
    for asked in parts_of(study, claim):
        if wanted is not None and not wanted & {asked.row, *(own.row for own in _alternatives(asked))}:
            continue
        part, found = _computed(study, asked)
        headline = next(iter(found))
        own = found[headline]
        absent = judge(own) == NOT_COMPUTABLE and own.reason not in ANSWERS
        if absent and not part.entry.get("followed") and not {part.name, own.indicator} & needs and needs:
            continue
        verdict = claims.judge_over(claim, part.row, found, headline, part.how)
        missing = () if own.reason in NOT_MISSING else verdict.missing
        made.append((own, replace(verdict, missing=missing, aspect=str(part.entry.get("aspect", "")))))
    return JudgedParts(_counted_together(made))


def _alternatives(part: Part) -> list[Part]:
    """Give the parts that a part of figures which can stand for each other ("a|b") may become."""
    return [replace(part, name=name, row=part.row.replace(part.name, name),
                    number=part.number.replace(part.name, name)) for name in part.name.split("|")]  # fmt: skip


def _computed(study: Study, part: Part) -> tuple[Part, Ways]:
    """Compute a part; of figures that can stand for each other ("a|b") the first that can be computed counts."""
    made: list[tuple[Part, Ways]] = []
    for own in _alternatives(part):
        made.append((own, KINDS[part.kind](study, own)))
        if judge(next(iter(made[-1][1].values()))) != NOT_COMPUTABLE:
            return made[-1]
    return made[0]


def _counted_together(made: Sequence[tuple[Finding, Verdict]]) -> list[tuple[Finding, Verdict]]:
    """Leave undecided what chance alone could have decided in one of so many parts."""
    tested = {}
    for finding, verdict in made:
        if verdict.question == CHANCE and verdict.counts:
            p = p_value_of(finding.as_json(), verdict.verdict, str(verdict.expected))
            if p is not None:
                tested[verdict.row] = p
    adjusted = holm(tested)
    return [
        (finding, replace(verdict, verdict=UNDECIDED, alone=verdict.verdict)
         if verdict.verdict in DECIDED and (adjusted.get(verdict.row) or 0.0) > ALPHA else verdict)
        for finding, verdict in made
    ]  # fmt: skip


def record(section: Section, study: Study, *names: str) -> list[Finding]:
    """Judge claims and record their findings, those with a number first, and their verdicts.

    Gives the findings on this place, without those on all municipalities together.
    """
    found: dict[str, Finding] = {}
    for claim in names:
        pairs, beside = _with_the_country(study, claim, judged(study, claim))
        found |= {finding.id: finding for finding in (*(one for one, _ in pairs), *beside)}
        if claims.is_judged(claim):
            section.decide(*[verdict for _, verdict in pairs], *_untested(study, claim))
    section.add(*computed_first([finding for name, finding in found.items() if name not in section.findings]))
    return [finding for finding in found.values() if "all_municipalities" not in finding.flags]


Pairs = Sequence[tuple[Finding, Verdict]]


def _with_the_country(study: Study, claim: str, place: Pairs) -> tuple[Pairs, Sequence[Finding]]:
    """Let all municipalities of the store judge a claim on a mechanism, when there are enough of them with its figures.

    What this place alone says stays in sight and has no say then: it has too few buurten and years. Of a claim on what
    happened nobody but the place can judge: what all others did is given beside it.
    """
    if study.data.name != STORE:
        return place, ()
    every = {**mechanisms(study.known), "C10": in_store(study.known)[0]}.get(claim, ())
    told = [one for one in every if judge(one) != NOT_COMPUTABLE and one.details["municipalities"]["value"] >= FEWEST]
    if not told or claims.judging(claim).question != CHANCE:
        return place, told
    judging = [one for one in told if one.kind != "lead"] or told[-1:]  # of the same in several years the last
    here = [
        (replace(one, flags=(*one.flags, "in_this_place")), replace(said, counts=False)) for one, said in place
    ]  # fmt: skip
    return [*_counted_together([(one, _of_all(claim, one)) for one in judging]), *here], ()


def _of_all(claim: str, finding: Finding) -> Verdict:
    """Judge what all municipalities together say of a claim; the part is named as its finding, without the notebook."""
    return claims.judge_over(claim, finding.id.partition(".")[2], {ALL_ALIKE: finding}, ALL_ALIKE)


def _untested(study: Study, claim: str) -> list[Verdict]:
    """Give a row for what a claim needs and no part of it is made of: not followed here, or in no figure at all."""
    entry = claims.registry().claims[claim]
    parts = [] if entry.get("followed") else parts_of(study, claim)
    others = {name for part in parts for name in part.name.split("|")}
    alone = entry.get("followed") or not set(entry.get("needs", ())) & others
    return claims.untested(study, claim) if alone else []


def computed_first(found: Sequence[Finding]) -> list[Finding]:
    """Put the findings with a number before those without, each in their order."""
    return sorted(found, key=lambda finding: judge(finding) == NOT_COMPUTABLE)
