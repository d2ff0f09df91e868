"""The answers of session 4: they depend on the hypothesis that the participant registered, so they judge it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from kloof.errors import KloofError
from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    JUDGEMENTS,
    LOWER,
    NOT_TESTABLE,
    SAME,
    SUPPORTED,
    UNCLEAR,
    VERDICTS,
    Finding,
    judge,
    verdict_of,
)
from kloof.paths import project_folder
from kloof.study.panel import RULE
from kloof.study.study import Study
from kloof_workshop.exercise import OTHER, RIGHT, Answer
from kloof_workshop.own import Hypothesis, preset_of, read_hypothesis, tested

Names = Mapping[str, Any]


def registered(_: Names) -> Answer:
    """4.1: a hypothesis that is on file, unchanged, and not chosen on its own outcome."""
    return Answer(unit="hypothesis", judge=_kind_of_hypothesis)


def _kind_of_hypothesis(given: Any) -> str:
    if isinstance(given, str):
        return "text_for_hypothesis"
    if isinstance(given, Mapping):
        return "not_registered"
    if not isinstance(given, Hypothesis):
        return "result_for_hypothesis" if isinstance(given, Finding) else OTHER
    try:
        filed = read_hypothesis(given.name)
    except KloofError:
        return "not_registered"
    if filed != given:
        return "changed_after_registration"
    study = _study(given)
    rule = RULE.fullmatch(study.p.focus)
    if rule and rule[3] == given.indicator and study.p.year_from <= int(rule[4]) <= study.p.year_to:
        return "chosen_on_outcome"
    return RIGHT


@cache
def _study(hypothesis: Hypothesis) -> Study:
    """Open the study of a hypothesis once: every check of the session asks for it."""
    return hypothesis.study("en")


@cache
def _tested(hypothesis: Hypothesis) -> tuple[Finding, ...]:
    return tuple(tested(hypothesis, _study(hypothesis)).values())


def _own(names: Names) -> Hypothesis | None:
    given = names.get("answer_4_1")
    return given if _kind_of_hypothesis(given) in (RIGHT, "chosen_on_outcome") else None


def _first(_: Any) -> str:
    """Say that exercise 4.1 comes first."""
    return "register_first"


def judged(names: Names) -> Answer:
    """4.2: the judgement on the change of the gap."""
    own = _own(names)
    if own is None:
        return Answer(judge=_first)
    finding = _tested(own)[0]
    right = judge(finding)
    by_sign = HIGHER if (finding.estimate or 0) > 0 else LOWER
    wrong = [("verdict_for_judgement", verdict) for verdict in VERDICTS]
    wrong += [("unclear_is_not_same", SAME)] if right == UNCLEAR else []
    wrong += [("direction_from_estimate", by_sign)] if right in (UNCLEAR, SAME) else []
    wrong += [("sign_turned", LOWER if right == HIGHER else HIGHER)] if right in (HIGHER, LOWER) else []
    wrong += [("not_what_it_says", name) for name in JUDGEMENTS]
    return Answer(right, tuple(pair for pair in wrong if pair[1] != right), unit="code", choices=JUDGEMENTS)


def decided(names: Names) -> Answer:
    """4.3: the verdict on the hypothesis."""
    own = _own(names)
    if own is None:
        return Answer(judge=_first)
    right = verdict_of(_tested(own)[0], own.expected)
    wrong = [("judgement_for_verdict", name) for name in JUDGEMENTS]
    wrong += [("undecided_is_not_contradicted", CONTRADICTED)] if right not in (SUPPORTED, CONTRADICTED) else []
    wrong += [("wished_for", SUPPORTED)]
    wrong += [("testable_it_was", NOT_TESTABLE)]
    wrong += [("not_what_it_says", name) for name in VERDICTS]
    return Answer(right, tuple(pair for pair in wrong if pair[1] != right), unit="code", choices=VERDICTS)


def agreeing(names: Names) -> Answer:
    """4.4: how many of the registered lists give the same verdict."""
    own = _own(names)
    if own is None:
        return Answer(judge=_first)
    votes = [verdict_of(finding, own.expected) for finding in _tested(own)]
    right = votes.count(votes[0])
    wrong = (
        ("all_for_agreeing", len(votes)),
        ("headline_not_counted", right - 1),
        ("rest_of_part", len(votes) - right),
        ("share_for_count", right / len(votes)),
        ("share_for_count", 100 * right / len(votes)),
        ("counted_too_many", len(votes) + 1),
    )
    return Answer(right, tuple(pair for pair in wrong if pair[1] != right), 0.001)


def reported(names: Names) -> Answer:
    """4.5: the folder of the report of this hypothesis."""
    own = _own(names)

    def kind(given: Any) -> str:
        if own is None:
            return "register_first"
        if not isinstance(given, str):
            return "folder_for_report"
        folder = project_folder() / given
        if folder.suffix in (".html", ".pdf", ".json"):
            return "file_for_folder"
        made_with = preset_of(folder)
        if made_with is None:
            return "no_report"
        return RIGHT if made_with == own.name else "report_of_another"

    return Answer(unit="folder", judge=kind)


def defended(_: Names) -> Answer:
    """4.6: the sentence that the verdict allows, whatever it is."""
    wrong = (("cause_claimed", "A"), ("people_for_places", "B"), ("no_proof_no_change", "D"))
    return Answer("C", wrong, unit="choice", choices=("A", "B", "C", "D"))


def second(names: Names) -> Answer:
    """4.7: a second hypothesis, elsewhere or under another list."""

    def kind(given: Any) -> str:
        found = _kind_of_hypothesis(given)
        if found != RIGHT:
            return found
        first = names.get("answer_4_1")
        if not isinstance(first, Hypothesis):
            return "register_first"
        parts = [_study(one).p for one in (first, given)]
        same = all(
            getattr(parts[0], name) == getattr(parts[1], name)
            for name in ("municipality", "source", "focus", "indicators", "year_from", "year_to")
        )
        return "same_as_first" if same and first.measure == given.measure else RIGHT

    return Answer(unit="hypothesis", judge=kind)


MAKERS_OF_OWN: Mapping[str, Callable[[Names], Answer]] = {
    "4.1": registered,
    "4.2": judged,
    "4.3": decided,
    "4.4": agreeing,
    "4.5": reported,
    "4.6": defended,
    "4.7": second,
}
