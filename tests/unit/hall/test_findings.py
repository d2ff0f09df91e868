"""A finding answers two questions, each by one order of rules, and a verdict follows from one of the answers."""

import dataclasses
import itertools
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof import findings
from kloof.findings import (
    ALL,
    ANSWERS,
    CHANCE,
    CONTRADICTED,
    DECIDED,
    EACH,
    EXPECTATIONS,
    GREW,
    HAPPENED,
    HIGHER,
    JUDGEMENTS,
    LOWER,
    MIXED,
    MOST,
    NEGLIGIBLE,
    NO_FIGURES,
    NOT_COMPARABLE,
    NOT_COMPUTABLE,
    NOT_HIGHER,
    NOT_TESTABLE,
    QUANTIFIERS,
    QUESTIONS,
    SAME,
    SHRANK,
    STAYED,
    SUPPORTED,
    UNCLEAR,
    UNDECIDED,
    VERDICTS,
    WITHIN_ROUNDING,
    Finding,
    Side,
    Verdict,
    from_json,
    happened,
    join,
    join_aspects,
    judge,
    told,
    verdict_of,
)

NAN = math.nan


def finding(**fields: object) -> Finding:
    """Make a finding that is HIGHER unless told otherwise."""
    base: dict[str, object] = {"estimate": 2.0, "low": 1.5, "high": 2.5, "smallest_effect": 1.0}
    return Finding(**{"id": "t", "kind": "gap_change", "measure": "absolute", "unit": "points", **base, **fields})


number = st.floats(-3, 3) | st.sampled_from([-1.0, -0.0, 0.0, 1.0, NAN])
maybe = st.none() | number


@st.composite
def random_findings(draw: st.DrawFn) -> Finding:
    """Draw findings of every sort; the range is not always in order, and numbers may be missing."""
    return finding(
        estimate=draw(maybe), low=draw(maybe), high=draw(maybe), rounding_low=draw(maybe), rounding_high=draw(maybe),
        smallest_effect=draw(st.none() | st.floats(0, 2)), coverage=draw(st.none() | st.floats(0, 100) | st.just(NAN)),
        coverage_minimum=draw(st.sampled_from([0.0, 50.0, 80.0])),
        comparability=draw(st.sampled_from(["comparable", "bridged", "broken"])),
    )  # fmt: skip


def absent(value: float | None) -> bool:
    return value is None or math.isnan(value)


def sorted_pair(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Put both ends of a range in order, where both are there."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return low, high
    return min(low, high), max(low, high)


@given(random_findings())
def test_each_finding_has_one_judgement_and_the_first_question_wins(found: Finding) -> None:
    questions = {
        NOT_COMPUTABLE: absent(found.estimate)
        or (found.coverage is not None and not found.coverage >= found.coverage_minimum),
        NOT_COMPARABLE: found.comparability == "broken",
        UNCLEAR: absent(found.low) or absent(found.high),
    }
    asked = [name for name, holds in questions.items() if holds]
    judged = judge(found)
    assert judged in JUDGEMENTS
    if asked:
        assert judged == asked[0]
        return
    assert found.low is not None
    assert found.high is not None
    effect = found.smallest_effect
    inside = effect is not None and max(-found.low, found.high) <= effect
    assert (judged == SAME) == inside
    if judged == HIGHER:
        assert found.low > 0
    if judged == LOWER:
        assert found.high < 0
    if judged == UNCLEAR:
        assert found.low <= 0 <= found.high or found.high >= 0 >= found.low


@given(random_findings())
def test_turning_the_comparison_round_turns_the_judgement_round(found: Finding) -> None:
    def turned(value: float | None) -> float | None:
        return None if value is None else -value

    if not absent(found.low) and not absent(found.high) and found.low > found.high:
        found = dataclasses.replace(found, low=found.high, high=found.low)
    exact = sorted_pair(found.rounding_low, found.rounding_high)
    found = dataclasses.replace(found, rounding_low=exact[0], rounding_high=exact[1])
    other = dataclasses.replace(
        found, estimate=turned(found.estimate), low=turned(found.high), high=turned(found.low),
        rounding_low=turned(found.rounding_high), rounding_high=turned(found.rounding_low),
    )  # fmt: skip
    assert judge(other) == {HIGHER: LOWER, LOWER: HIGHER}.get(judge(found), judge(found))
    assert happened(other) == {GREW: SHRANK, SHRANK: GREW}.get(happened(found), happened(found))


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.0, 5.0, UNCLEAR),  # zero is possible
        (-5.0, 0.0, UNCLEAR), (1e-9, 5.0, HIGHER), (-5.0, -1e-9, LOWER),
        (-1.0, 1.0, SAME),  # exactly the smallest effect still is inside
        (-1.0, 0.2, SAME), (-1.001, 1.0, UNCLEAR), (-1.0, 1.001, UNCLEAR),
        (0.2, 0.9, SAME),  # certainly above zero, and certainly too small to matter
        (0.2, 1.1, HIGHER), (-1.1, -0.2, LOWER), (0.0, 0.0, SAME), (None, 5.0, UNCLEAR), (0.5, None, UNCLEAR),
        (0.5, NAN, UNCLEAR),
    ],
)  # fmt: skip
def test_boundaries_of_the_range(low: float | None, high: float | None, wanted: str) -> None:
    assert judge(finding(low=low, high=high)) == wanted


def test_without_a_smallest_effect_nothing_is_the_same() -> None:
    assert judge(finding(low=-0.001, high=0.001, smallest_effect=None)) == UNCLEAR
    assert judge(finding(low=0.001, high=0.002, smallest_effect=None)) == HIGHER


@pytest.mark.parametrize(
    ("coverage", "wanted"), [(80.0, HIGHER), (79.999, NOT_COMPUTABLE), (None, HIGHER), (NAN, NOT_COMPUTABLE)]
)
def test_coverage_exactly_at_the_minimum_is_enough(coverage: float | None, wanted: str) -> None:
    assert judge(finding(coverage=coverage, coverage_minimum=80.0)) == wanted


def test_what_cannot_be_computed_is_not_called_incomparable_and_a_broken_series_gets_no_direction() -> None:
    assert judge(finding(estimate=None, comparability="broken")) == NOT_COMPUTABLE
    assert judge(finding(estimate=NAN, comparability="broken")) == NOT_COMPUTABLE
    assert judge(finding(coverage=10.0, coverage_minimum=80.0, comparability="broken")) == NOT_COMPUTABLE
    assert judge(finding(comparability="broken")) == NOT_COMPARABLE
    assert judge(finding(low=-0.1, high=0.1, comparability="broken")) == NOT_COMPARABLE
    assert judge(finding(low=None, comparability="broken")) == NOT_COMPARABLE
    assert judge(finding(comparability="bridged")) == HIGHER


DECISIONS = {
    (HIGHER, HIGHER): SUPPORTED, (LOWER, LOWER): SUPPORTED, (HIGHER, LOWER): CONTRADICTED,
    (LOWER, HIGHER): CONTRADICTED, (SAME, HIGHER): NEGLIGIBLE, (SAME, LOWER): NEGLIGIBLE, (UNCLEAR, HIGHER): UNDECIDED,
    (UNCLEAR, LOWER): UNDECIDED, (NOT_COMPARABLE, HIGHER): NOT_TESTABLE, (NOT_COMPARABLE, LOWER): NOT_TESTABLE,
    (NOT_COMPUTABLE, HIGHER): NOT_TESTABLE, (NOT_COMPUTABLE, LOWER): NOT_TESTABLE,
}  # fmt: skip


JUDGED = {
    HIGHER: finding(), LOWER: finding(estimate=-2.0, low=-2.5, high=-1.5),
    SAME: finding(estimate=0.1, low=-0.5, high=0.7), UNCLEAR: finding(low=-1.5),
    NOT_COMPARABLE: finding(comparability="broken"), NOT_COMPUTABLE: finding(estimate=None),
}  # fmt: skip


def test_every_judgement_leads_to_a_verdict() -> None:
    assert set(DECISIONS) == set(itertools.product(JUDGEMENTS, (HIGHER, LOWER)))
    assert {name: judge(made) for name, made in JUDGED.items()} == {name: name for name in JUDGEMENTS}
    assert {pair: verdict_of(JUDGED[pair[0]], pair[1]) for pair in DECISIONS} == DECISIONS


def test_a_finding_survives_json() -> None:
    told = finding(
        a=Side(2014, "gap", 1.0, 0.5, 1.5, 54, 2, 180_000.0), b=Side(2019, "gap", 3.0),
        range_kind=("process", "rounding"), breaks=("income@2018",), sources=("cbs",), flags=("register",),
        details={"p_value": {"value": 0.03, "unit": "probability"}}, rounding_low=1.75, rounding_high=2.25,
        coverage=91.5, coverage_minimum=80.0, focus="union", decimals=1,
    )  # fmt: skip
    entry = told.as_json()
    assert (entry["judgement"], entry["happened"]) == (HIGHER, GREW)
    assert from_json(json.loads(json.dumps(entry))) == told


@pytest.mark.parametrize(("coverage", "said"), [(91.6, "92 percent"), (None, None)])
def test_in_short_a_finding_says_on_how_many_people_it_rests(coverage: float | None, said: str | None) -> None:
    assert finding(coverage=coverage, coverage_minimum=0.0).in_short()["coverage"] == said


@given(random_findings())
def test_both_answers_travel_with_the_numbers(found: Finding) -> None:
    entry = found.as_json()
    assert (entry["judgement"], entry["happened"]) == (judge(found), happened(found))
    back = from_json(entry)
    assert (judge(back), happened(back)) == (judge(found), happened(found))
    assert set(entry) == {field.name for field in dataclasses.fields(Finding)} | {"judgement", "happened"}


@given(random_findings())
def test_the_words_are_those_of_what_happened_and_failing_that_of_chance(found: Finding) -> None:
    entry, answer = found.as_json(), happened(found)
    assert told(entry) == (judge(found) if answer == NO_FIGURES else answer)
    assert told({"judgement": UNCLEAR}) == UNCLEAR  # made before there were two answers


# ------------------------------------------------------------------ what happened


@pytest.mark.parametrize(
    ("estimate", "low", "high", "wanted"),
    [
        (2.0, 1.0, 3.0, GREW), (-2.0, -3.0, -1.0, SHRANK),
        (1.0, 1e-9, 3.0, GREW),  # exactly the smallest effect is enough, and anything above 0
        (-1.0, -3.0, -1e-9, SHRANK),
        (0.999, 1e-9, 3.0, WITHIN_ROUNDING),  # it grew for certain, and by how much that matters cannot be told
        (-0.999, -3.0, -1e-9, WITHIN_ROUNDING),
        (2.0, 0.0, 4.0, WITHIN_ROUNDING),  # that nothing changed is possible
        (-2.0, -4.0, 0.0, WITHIN_ROUNDING),
        (0.0, -1.0, 1.0, STAYED),  # exactly the smallest effect still is inside
        (0.5, 0.2, 1.0, STAYED),  # certainly above 0, and certainly too small to matter
        (1.0, 1.0, 1.0, STAYED),  # no rounding at all, on the border: both hold, and sameness is asked first
        (0.0, -1.001, 1.0, WITHIN_ROUNDING), (0.0, -1.0, 1.001, WITHIN_ROUNDING), (0.0, 0.0, 0.0, STAYED),
        (None, 1.0, 3.0, NO_FIGURES), (NAN, 1.0, 3.0, NO_FIGURES), (2.0, None, 3.0, NO_FIGURES),
        (2.0, 1.0, None, NO_FIGURES), (2.0, NAN, 3.0, NO_FIGURES),
    ],
)  # fmt: skip
def test_borders_of_what_happened(estimate: float | None, low: float | None, high: float | None, wanted: str) -> None:
    """The range of chance holds 0 here, and has no say in it."""
    found = finding(estimate=estimate, low=-9.0, high=9.0, rounding_low=low, rounding_high=high, smallest_effect=1.0)
    assert happened(found) == wanted
    assert happened(dataclasses.replace(found, low=None, high=None)) == wanted


@pytest.mark.parametrize("smallest", [None, 0.0])
def test_without_a_smallest_effect_nothing_stayed_and_the_least_growth_counts(smallest: float | None) -> None:
    def of(estimate: float, low: float, high: float) -> str:
        return happened(finding(estimate=estimate, rounding_low=low, rounding_high=high, smallest_effect=smallest))

    assert of(0.001, 0.001, 0.002) == GREW
    assert of(-0.001, -0.001, -0.001) == SHRANK
    assert of(0.0, 0.0, 0.0) == WITHIN_ROUNDING


@pytest.mark.parametrize(
    "fields", [{"comparability": "broken"}, {"coverage": 79.0, "coverage_minimum": 80.0}, {"rounding_low": None}]
)
def test_nothing_is_told_of_what_may_not_be_compared(fields: dict[str, object]) -> None:
    assert happened(finding(**{"rounding_low": 1.9, "rounding_high": 2.1, **fields})) == NO_FIGURES


@given(random_findings(), st.floats(0, 1))
def test_what_is_said_to_have_happened_holds_for_every_value_that_rounding_leaves_open(
    found: Finding, part: float
) -> None:
    """A full count cannot be wrong about the sign: whichever value within the range was the true one."""
    low, high = sorted_pair(found.rounding_low, found.rounding_high)
    found = dataclasses.replace(found, rounding_low=low, rounding_high=high)
    answer = happened(found)
    assert answer in ANSWERS
    if answer == NO_FIGURES:
        return
    assert low is not None
    assert high is not None
    assert found.estimate is not None
    true, smallest = low + part * (high - low), found.smallest_effect or 0.0
    if answer == GREW:
        assert true > 0
        assert found.estimate >= smallest
    elif answer == SHRANK:
        assert true < 0
        assert found.estimate <= -smallest
    elif answer == STAYED:
        assert abs(true) <= smallest + 1e-12


# ------------------------------------------------------------------ verdicts on what happened

ANSWERED = {
    GREW: finding(rounding_low=1.5, rounding_high=2.5),
    SHRANK: finding(estimate=-2.0, rounding_low=-2.5, rounding_high=-1.5),
    STAYED: finding(estimate=0.1, rounding_low=-0.5, rounding_high=0.7),
    WITHIN_ROUNDING: finding(rounding_low=-0.5, rounding_high=4.5),
    NO_FIGURES: finding(),
}
# rows: what happened; columns: what the claim expects (HIGHER, LOWER, SAME, NOT_HIGHER)
AS_IT_HAPPENED = {
    GREW: (SUPPORTED, CONTRADICTED, CONTRADICTED, CONTRADICTED),
    SHRANK: (CONTRADICTED, SUPPORTED, CONTRADICTED, SUPPORTED),
    STAYED: (NEGLIGIBLE, NEGLIGIBLE, SUPPORTED, SUPPORTED),
    WITHIN_ROUNDING: (UNDECIDED, UNDECIDED, UNDECIDED, UNDECIDED),
    NO_FIGURES: (UNDECIDED, UNDECIDED, UNDECIDED, UNDECIDED),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_fault_1_every_answer_leads_to_a_verdict_by_one_rule(answer: str) -> None:
    """Fault 1: NOT_HIGHER and SAME were judged by two rules that differ; now `verdict_of` is the only one."""
    made = ANSWERED[answer]
    assert happened(made) == answer
    assert EXPECTATIONS == (HIGHER, LOWER, SAME, NOT_HIGHER)
    assert tuple(verdict_of(made, expected, HAPPENED) for expected in EXPECTATIONS) == AS_IT_HAPPENED[answer]


def test_a_range_of_rounding_that_may_have_fallen_supports_that_it_did_not_rise() -> None:
    """From well below 0 to just within the smallest effect: unknown whether it fell, known that it did not rise."""
    made = finding(estimate=-1.0, rounding_low=-3.0, rounding_high=1.0, smallest_effect=1.0)
    assert happened(made) == WITHIN_ROUNDING
    assert verdict_of(made, NOT_HIGHER, HAPPENED) == SUPPORTED
    assert verdict_of(made, SAME, HAPPENED) == UNDECIDED
    over = dataclasses.replace(made, rounding_high=1.001)
    assert verdict_of(over, NOT_HIGHER, HAPPENED) == UNDECIDED


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("fields", [{"comparability": "broken"}, {"estimate": None}, {"coverage": -1.0}])
def test_neither_question_is_answered_without_figures(question: str, fields: dict[str, object]) -> None:
    for expected in EXPECTATIONS:
        assert verdict_of(finding(rounding_low=1.5, rounding_high=2.5, **fields), expected, question) == NOT_TESTABLE


@given(random_findings())
def test_the_two_questions_rest_on_ranges_of_their_own(found: Finding) -> None:
    """Whatever the other range is, the verdict stays."""
    without_chance = dataclasses.replace(found, low=None, high=None)
    without_rounding = dataclasses.replace(found, rounding_low=None, rounding_high=None)
    for expected in EXPECTATIONS:
        assert verdict_of(found, expected, HAPPENED) == verdict_of(without_chance, expected, HAPPENED)
        assert verdict_of(found, expected, CHANCE) == verdict_of(without_rounding, expected, CHANCE)


# ------------------------------------------------------------------ the parts of a claim joined

S, C, M, N, U, X = SUPPORTED, CONTRADICTED, MIXED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE
verdicts = st.sampled_from(VERDICTS)


@pytest.mark.parametrize(
    ("parts", "by_all", "by_most", "by_each"),
    [
        ((S, S), S, S, S),
        ((S, U, X), S, S, S),  # what is undecided or cannot be tested has no say
        ((U, X), U, U, U), ((X, X), X, X, X), ((), X, X, X), ((S, C), M, M, M),
        ((S, S, C), M, S, M),  # "all" fails by one part, and holds in part
        ((S, C, C), M, C, M),
        ((S, S, C, C), M, M, M),  # half is not most
        ((S, S, C, N), M, M, M), ((S, S, S, C, N), M, S, M),
        ((C, N), C, C, C),  # no part of it holds
        ((C, C, N), C, C, C), ((C, N, N), C, N, C), ((N, N), N, N, N), ((N, S), M, M, M), ((M, C), M, M, M),
        ((M, M, S), M, M, M), ((M, S, S), M, S, M),
    ],
)  # fmt: skip
def test_each_quantifier_joins_parts_in_its_way(
    parts: tuple[str, ...], by_all: str, by_most: str, by_each: str
) -> None:
    assert tuple(join(parts, quantifier) for quantifier in (ALL, MOST, EACH)) == (by_all, by_most, by_each)


@given(st.lists(verdicts, max_size=6), verdicts, st.sampled_from(QUANTIFIERS))
def test_a_part_more_never_turns_a_verdict_into_silence(parts: list[str], more: str, quantifier: str) -> None:
    before, after = join(parts, quantifier), join([*parts, more], quantifier)
    assert after in VERDICTS
    if before in DECIDED:
        assert after in DECIDED
        assert more in DECIDED or after == before
    if before == UNDECIDED:
        assert after != NOT_TESTABLE


@given(st.lists(verdicts, max_size=6), st.sampled_from(QUANTIFIERS))
def test_order_and_repetition_do_not_matter_and_silence_is_no_vote(parts: list[str], quantifier: str) -> None:
    joined = join(parts, quantifier)
    assert joined == join(parts[::-1], quantifier) == join(parts * 2, quantifier) == join([*parts, X], quantifier)


@given(st.lists(st.sampled_from(DECIDED), min_size=1, max_size=6))
def test_what_a_joined_verdict_says_holds_of_its_parts(parts: list[str]) -> None:
    """Reckoned from the words: all, most, and "in part" only where some part holds and some does not."""
    holds, fails = {S, M} & set(parts), {C, N, M} & set(parts)
    for quantifier in QUANTIFIERS:
        joined = join(parts, quantifier)
        if joined == MIXED:
            assert holds
            assert fails
    assert (join(parts, ALL) == S) == (set(parts) == {S})
    for verdict in (S, N):
        assert (join(parts, MOST) == verdict) == (parts.count(verdict) * 2 > len(parts))


def test_a_verdict_counts_the_variants_that_agree() -> None:
    variants = (("union", SUPPORTED), ("bndestem", UNDECIDED), ("breda", SUPPORTED), ("old", NOT_TESTABLE))
    entry = Verdict("C1", SUPPORTED, "04.a", "a", HIGHER, variants).as_json()
    assert (entry["agree"], entry["of"]) == (2, 4)
    assert entry["claim"] == "C1"
    assert findings.Verdict("C1", NOT_TESTABLE, None, "a").as_json()["of"] == 0


# ------------------------------------------------------------------ claims that something stays away, and joint claims


@pytest.mark.parametrize(
    ("low", "high", "same", "not_higher"),
    [
        (-0.9, 0.9, SUPPORTED, SUPPORTED),
        (-1.0, 1.0, SUPPORTED, SUPPORTED),  # exactly the smallest effect still is inside
        (0.2, 0.9, SUPPORTED, SUPPORTED),  # certainly above zero, and certainly too small to matter
        (0.2, 1.5, UNDECIDED, UNDECIDED),  # above zero, and not known whether it matters
        (1.0, 1.5, UNDECIDED, UNDECIDED), (1.1, 1.5, CONTRADICTED, CONTRADICTED), (-1.5, -0.2, UNDECIDED, SUPPORTED),
        (-1.5, -1.1, CONTRADICTED, SUPPORTED), (-1.5, 0.9, UNDECIDED, SUPPORTED),
        (-1.5, 1.5, UNDECIDED, UNDECIDED),  # silence is not sameness
        (None, None, UNDECIDED, UNDECIDED),
    ],
)  # fmt: skip
def test_that_something_stays_away_is_held_against_the_smallest_effect(
    low: float | None, high: float | None, same: str, not_higher: str
) -> None:
    found = finding(estimate=0.0, low=low, high=high, smallest_effect=1.0)
    assert (verdict_of(found, SAME), verdict_of(found, NOT_HIGHER)) == (same, not_higher)


@pytest.mark.parametrize(("low", "high", "verdict"), [(0.1, 0.2, CONTRADICTED), (-0.2, 0.0, SUPPORTED)])
def test_without_a_smallest_effect_every_rise_matters(low: float, high: float, verdict: str) -> None:
    assert verdict_of(finding(low=low, high=high, smallest_effect=None), NOT_HIGHER) == verdict


@pytest.mark.parametrize("expected", [SAME, NOT_HIGHER, HIGHER])
@pytest.mark.parametrize("fields", [{"comparability": "broken"}, {"estimate": None}])
def test_what_may_not_be_compared_stays_not_testable(expected: str, fields: dict[str, object]) -> None:
    assert verdict_of(finding(**fields), expected) == NOT_TESTABLE


@given(random_findings())
def test_a_finding_is_decided_by_its_judgement_when_a_direction_is_expected(found: Finding) -> None:
    for expected in (HIGHER, LOWER):
        assert verdict_of(found, expected) == DECISIONS[judge(found), expected]


@given(random_findings())
def test_what_supports_sameness_supports_that_it_did_not_rise(found: Finding) -> None:
    same, not_higher = verdict_of(found, SAME), verdict_of(found, NOT_HIGHER)
    assert same != SUPPORTED or not_higher == SUPPORTED
    assert not_higher != CONTRADICTED or same == CONTRADICTED


@pytest.mark.parametrize(
    ("aspects", "whole"),
    [
        ([[SUPPORTED], [SUPPORTED, NEGLIGIBLE]], MIXED), ([[SUPPORTED, SUPPORTED], [SUPPORTED]], SUPPORTED),
        ([[SUPPORTED], [NOT_TESTABLE]], NOT_TESTABLE),  # half a claim is not the claim
        ([[SUPPORTED], [UNDECIDED]], UNDECIDED),
        ([[CONTRADICTED], [NOT_TESTABLE]], CONTRADICTED),  # and half of it can be wrong
        ([[SUPPORTED], [CONTRADICTED]], MIXED), ([[NEGLIGIBLE], [UNDECIDED]], UNDECIDED), ([], NOT_TESTABLE),
    ],
)  # fmt: skip
def test_a_claim_that_says_several_things_needs_each_of_them(aspects: list[list[str]], whole: str) -> None:
    """Fault 7: each half of such a claim has its own verdict, and none stands for the other."""
    assert join_aspects(aspects) == whole


@pytest.mark.parametrize(
    ("low", "high", "smallest", "judged"),
    [
        (0.3, 2.0, None, HIGHER), (0.1, 2.0, None, UNCLEAR), (-2.0, -0.3, None, LOWER), (-2.0, -0.1, None, UNCLEAR),
        (-0.7, 0.7, 1.0, SAME), (-0.9, 0.7, 1.0, UNCLEAR), (-0.5, 0.9, 1.0, UNCLEAR),
    ],
)  # fmt: skip
def test_what_other_draws_might_judge_otherwise_is_undecided(
    low: float, high: float, smallest: float | None, judged: str
) -> None:
    """Within twice the error of an end, 0.2, of the border that decides."""
    drawn = finding(
        estimate=(low + high) / 2, low=low, high=high, smallest_effect=smallest,
        details={"end_error": {"value": 0.1, "unit": "points"}},
    )  # fmt: skip
    assert judge(drawn) == judged
    written = drawn.as_json()
    assert (findings.NEAR_BORDER in written["flags"]) == (judged == UNCLEAR)
    assert from_json(written).as_json() == written
    assert judge(dataclasses.replace(drawn, details={})) != UNCLEAR


def test_a_border_of_what_stays_away_is_watched_too() -> None:
    drawn = finding(
        estimate=1.5, low=1.1, high=2.0, smallest_effect=1.0, details={"end_error": {"value": 0.1, "unit": "points"}}
    )
    assert verdict_of(drawn, NOT_HIGHER) == verdict_of(drawn, SAME) == UNDECIDED
    assert findings.NEAR_BORDER in drawn.as_json()["flags"]
