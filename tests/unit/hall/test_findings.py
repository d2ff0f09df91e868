"""A finding gets exactly one judgement, by one order of questions, and a verdict follows from it."""

import dataclasses
import itertools
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof import findings
from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    JUDGEMENTS,
    LOWER,
    NEGLIGIBLE,
    NOT_COMPARABLE,
    NOT_COMPUTABLE,
    NOT_HIGHER,
    NOT_TESTABLE,
    SAME,
    SUPPORTED,
    UNCLEAR,
    UNDECIDED,
    VERDICTS,
    Finding,
    Side,
    Verdict,
    all_of,
    combine,
    from_json,
    judge,
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
        estimate=draw(maybe),
        low=draw(maybe),
        high=draw(maybe),
        smallest_effect=draw(st.none() | st.floats(0, 2)),
        coverage=draw(st.none() | st.floats(0, 100) | st.just(NAN)),
        coverage_minimum=draw(st.sampled_from([0.0, 50.0, 80.0])),
        comparability=draw(st.sampled_from(["comparable", "bridged", "broken"])),
    )


def absent(value: float | None) -> bool:
    return value is None or math.isnan(value)


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
    other = dataclasses.replace(found, estimate=turned(found.estimate), low=turned(found.high), high=turned(found.low))
    assert judge(other) == {HIGHER: LOWER, LOWER: HIGHER}.get(judge(found), judge(found))


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.0, 5.0, UNCLEAR),  # zero is possible
        (-5.0, 0.0, UNCLEAR),
        (1e-9, 5.0, HIGHER),
        (-5.0, -1e-9, LOWER),
        (-1.0, 1.0, SAME),  # exactly the smallest effect still is inside
        (-1.0, 0.2, SAME),
        (-1.001, 1.0, UNCLEAR),
        (-1.0, 1.001, UNCLEAR),
        (0.2, 0.9, SAME),  # certainly above zero, and certainly too small to matter
        (0.2, 1.1, HIGHER),
        (-1.1, -0.2, LOWER),
        (0.0, 0.0, SAME),
        (None, 5.0, UNCLEAR),
        (0.5, None, UNCLEAR),
        (0.5, NAN, UNCLEAR),
    ],
)
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
    (HIGHER, HIGHER): SUPPORTED,
    (LOWER, LOWER): SUPPORTED,
    (HIGHER, LOWER): CONTRADICTED,
    (LOWER, HIGHER): CONTRADICTED,
    (SAME, HIGHER): NEGLIGIBLE,
    (SAME, LOWER): NEGLIGIBLE,
    (UNCLEAR, HIGHER): UNDECIDED,
    (UNCLEAR, LOWER): UNDECIDED,
    (NOT_COMPARABLE, HIGHER): NOT_TESTABLE,
    (NOT_COMPARABLE, LOWER): NOT_TESTABLE,
    (NOT_COMPUTABLE, HIGHER): NOT_TESTABLE,
    (NOT_COMPUTABLE, LOWER): NOT_TESTABLE,
}


JUDGED = {
    HIGHER: finding(),
    LOWER: finding(estimate=-2.0, low=-2.5, high=-1.5),
    SAME: finding(estimate=0.1, low=-0.5, high=0.7),
    UNCLEAR: finding(low=-1.5),
    NOT_COMPARABLE: finding(comparability="broken"),
    NOT_COMPUTABLE: finding(estimate=None),
}


def test_every_judgement_leads_to_a_verdict() -> None:
    assert set(DECISIONS) == set(itertools.product(JUDGEMENTS, (HIGHER, LOWER)))
    assert {name: judge(made) for name, made in JUDGED.items()} == {name: name for name in JUDGEMENTS}
    assert {pair: verdict_of(JUDGED[pair[0]], pair[1]) for pair in DECISIONS} == DECISIONS


@pytest.mark.parametrize(
    ("votes", "wanted"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, NOT_TESTABLE], SUPPORTED),
        ([NEGLIGIBLE, NEGLIGIBLE, NOT_TESTABLE], NEGLIGIBLE),
        ([SUPPORTED, CONTRADICTED], UNDECIDED),
        ([SUPPORTED, UNDECIDED], UNDECIDED),
        ([SUPPORTED, NEGLIGIBLE], UNDECIDED),
        ([NOT_TESTABLE, NOT_TESTABLE], NOT_TESTABLE),
        ([], NOT_TESTABLE),
    ],
)
def test_variants_are_joined(votes: list[str], wanted: str) -> None:
    assert combine(votes) == wanted


@given(st.lists(st.sampled_from(VERDICTS), max_size=6))
def test_the_order_of_variants_and_saying_it_twice_do_not_matter(votes: list[str]) -> None:
    assert combine(votes) == combine(votes[::-1]) == combine(votes * 2) == combine([*votes, NOT_TESTABLE])


def test_a_finding_survives_json() -> None:
    told = finding(
        a=Side(2014, "gap", 1.0, 0.5, 1.5, 54, 2, 180_000.0),
        b=Side(2019, "gap", 3.0),
        range_kind=("process", "rounding"),
        breaks=("income@2018",),
        sources=("cbs",),
        flags=("register",),
        details={"p_value": {"value": 0.03, "unit": "probability"}},
        coverage=91.5,
        coverage_minimum=80.0,
        focus="union",
        decimals=1,
    )
    entry = told.as_json()
    assert entry["judgement"] == HIGHER
    assert from_json(json.loads(json.dumps(entry))) == told


@given(random_findings())
def test_the_judgement_travels_with_the_numbers(found: Finding) -> None:
    entry = found.as_json()
    assert entry["judgement"] == judge(found)
    assert judge(from_json(entry)) == judge(found)
    assert set(entry) == {field.name for field in dataclasses.fields(Finding)} | {"judgement"}


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
        (1.0, 1.5, UNDECIDED, UNDECIDED),
        (1.1, 1.5, CONTRADICTED, CONTRADICTED),
        (-1.5, -0.2, UNDECIDED, SUPPORTED),
        (-1.5, -1.1, CONTRADICTED, SUPPORTED),
        (-1.5, 0.9, UNDECIDED, SUPPORTED),
        (-1.5, 1.5, UNDECIDED, UNDECIDED),  # silence is not sameness
        (None, None, UNDECIDED, UNDECIDED),
    ],
)
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
    ("parts", "verdict"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, UNDECIDED], UNDECIDED),
        ([UNDECIDED, CONTRADICTED], CONTRADICTED),  # one part that fails is enough
        ([NEGLIGIBLE, SUPPORTED], NEGLIGIBLE),
        ([NEGLIGIBLE, CONTRADICTED], CONTRADICTED),
        ([NOT_TESTABLE, CONTRADICTED], NOT_TESTABLE),
        ([], UNDECIDED),
    ],
)
def test_a_joint_claim_holds_when_each_part_does(parts: list[str], verdict: str) -> None:
    assert all_of(parts) == all_of(parts[::-1]) == verdict
