"""The rules that turn findings into verdicts, case by case, and the registry they are read from."""

import dataclasses
import hashlib
import itertools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from town import town

from conftest import PROJECT
from kloof import findings
from kloof.catalogue import catalogue
from kloof.errors import CatalogueError
from kloof.findings import (
    CHANCE,
    CONTRADICTED,
    EXPECTATIONS,
    HAPPENED,
    HIGHER,
    LOWER,
    MIXED,
    NEGLIGIBLE,
    NOT_HIGHER,
    NOT_TESTABLE,
    QUESTIONS,
    SAME,
    SUPPORTED,
    UNDECIDED,
    VERDICTS,
    Finding,
    Side,
    Verdict,
    verdict_of,
)
from kloof.study import claims
from kloof.study.claims import Judging

S, C, M, N, U, X = SUPPORTED, CONTRADICTED, MIXED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE
FLAT = [20.0] * 12
LISTS = ("four", "other", "third")


def change(low: float, high: float, **fields: Any) -> Finding:
    base: dict[str, Any] = {
        "id": "x", "kind": "gap_change", "measure": "absolute", "unit": "points", "indicator": "income",
        "estimate": (low + high) / 2, "low": low, "high": high, "smallest_effect": 1.0,
    }  # fmt: skip
    return Finding(**{**base, **fields})


def counted(low: float, high: float, **fields: Any) -> Finding:
    """A change of which only rounding leaves something open; by chance nothing can be said."""
    made = change(low, high, rounding_low=low, rounding_high=high, **fields)
    return dataclasses.replace(made, low=-9.0, high=9.0)


# One finding for each verdict on a claim that expects HIGHER, by either question.
FOUND: dict[str, dict[str, Finding]] = {
    question: {
        S: make(2, 4), C: make(-4, -2), N: make(-0.5, 0.5), U: make(-2, 3),
        X: make(0, 0, estimate=None, reason="no_figures"),
    }
    for question, make in ((CHANCE, change), (HAPPENED, counted))
}  # fmt: skip


# ------------------------------------------------------------------ variants


@pytest.mark.parametrize(
    ("headline", "variants", "expected"),
    [
        # what is not decided stays what it is, whatever the others say
        (U, (U, S, S), U),
        (X, (X, S, S), X),
        # alone
        (S, (S,), S),
        (C, (C,), C),
        (N, (N,), N),
        # another decided verdict undoes it, even a single one among many
        (S, (S, C), U),
        (S, (S, S, S, N), U),
        (N, (N, S), U),
        (C, (C, C, C, S), U),
        # an undecided one does not, as long as half of those that vote agree
        (S, (S, U), S),
        (S, (S, U, U), U),
        (S, (S, S, U, U), S),
        (C, (C, C, U), C),
        # one that cannot be tested has no vote
        (S, (S, X, X, X), S),
        (S, (S, X, U), S),
        (S, (S, X, U, U), U),
    ],
)
def test_a_verdict_under_variants(headline: str, variants: tuple[str, ...], expected: str) -> None:
    assert claims.under_variants(headline, variants, 0.5) == expected


def test_how_many_must_agree_is_registered() -> None:
    assert claims.under_variants(S, (S, S, U), 2 / 3) == S
    assert claims.under_variants(S, (S, S, U), 0.7) == U
    assert claims.under_variants(S, (S, U, U, U), 0.25) == S
    assert claims.registry().agree_minimum == 0.5


def test_variants_never_turn_a_verdict_into_its_opposite() -> None:
    for votes in itertools.product(VERDICTS, repeat=3):
        for minimum in (0.0, 0.5, 1.0):
            assert claims.under_variants(votes[0], votes, minimum) in (votes[0], U)
            if len(set(votes)) == 1:
                assert claims.under_variants(votes[0], votes, minimum) == votes[0]


# ------------------------------------------------------------------ one part of a claim


def judged(*verdicts: str, how: Judging | None = None) -> Verdict:
    """Judge a part of a claim of which the lists give these verdicts."""
    how = how or Judging(HIGHER, CHANCE)
    found = {
        name: dataclasses.replace(FOUND[how.question][one], id=name, focus=name)
        for name, one in zip(LISTS, verdicts, strict=False)
    }
    verdict = claims.judge_over("C2", "income.absolute", found, LISTS[0], how)
    assert [name for name, _ in verdict.variants] == list(found)
    assert (verdict.finding, verdict.question, verdict.counts) == ("four", how.question, how.counts)
    return verdict


def test_a_part_is_judged_under_every_list() -> None:
    verdict = judged(S, S, U)
    assert (verdict.claim, verdict.row, verdict.expected, verdict.verdict) == ("C2", "income.absolute", HIGHER, S)
    assert verdict.variants == (("four", S), ("other", S), ("third", U))
    assert (verdict.as_json()["agree"], verdict.as_json()["of"]) == (2, 3)
    assert judged(S, C).verdict == U
    assert judged(N, N, X).verdict == N
    assert judged(U, S, S).verdict == U


@pytest.mark.parametrize("own", [S, C, N, U, X])
def test_another_list_has_no_veto_on_what_happened_to_this_one(own: str) -> None:
    """Other buurten are another fact, told beside it; only what is more than chance should not hang on the list."""
    for others in itertools.product([S, C, N, U, X], repeat=2):
        verdict = judged(own, *others, how=Judging(HIGHER, HAPPENED))
        assert verdict.verdict == own
        assert verdict.variants == tuple(zip(LISTS, (own, *others), strict=True))


def test_what_is_missing_is_named_only_when_the_headline_cannot_be_tested() -> None:
    for question in QUESTIONS:
        assert judged(X, S, how=Judging(HIGHER, question)).missing == ("income",)
        assert judged(X, S, how=Judging(HIGHER, question)).verdict == X
        assert judged(S, X, how=Judging(HIGHER, question)).missing == ()


@pytest.mark.parametrize(("verdict", "flips"), [(S, 2), (C, -2), (N, None), (U, None), (X, None)])
def test_how_far_a_verdict_is_from_flipping(verdict: str, flips: float | None) -> None:
    """2 to 4 reaches 0 when the estimate is 2 less; -4 to -2 when it is 2 more."""
    assert judged(verdict).flips_at == flips


def test_a_claim_that_expects_less_is_supported_by_less() -> None:
    for question in QUESTIONS:
        how = Judging(LOWER, question)
        assert judged(C, how=how).verdict == S  # the finding is LOWER, or shrank
        assert judged(S, how=how).verdict == C
        assert judged(S, how=how).expected == LOWER


def test_fault_1_a_part_without_marks_is_judged_by_the_one_rule() -> None:
    """Fault 1: findings and claims each had a rule for what stays away, and they differed."""
    for question, expected in itertools.product(QUESTIONS, EXPECTATIONS):
        for found in FOUND[question].values():
            assert claims.part_verdict(found, Judging(expected, question)) == verdict_of(found, expected, question)


def stepped(found: Finding, back: int, ahead: int = 3) -> Finding:
    """Say in how many steps a gap grew and in how many it shrank."""
    steps = {"steps_ahead": {"value": ahead, "unit": "number"}, "steps_back": {"value": back, "unit": "number"}}
    return dataclasses.replace(found, details=steps)


@pytest.mark.parametrize(
    ("outcome", "back", "every_step", "expected"),
    [
        (S, 0, True, S),
        (S, 1, True, M),  # it grew, and not in every step
        (S, 1, False, S),  # the claim does not ask for every step
        (C, 1, True, C),
        (C, 0, True, C),
        (N, 2, True, N),  # what stayed did not grow in some steps either
        (U, 2, True, U),
        (X, 2, True, X),
    ],
)
def test_what_should_hold_in_every_step_holds_in_part_when_one_turned_back(
    outcome: str, back: int, every_step: bool, expected: str
) -> None:
    """ "Only grown" is a claim about each step; that the ends grew makes half of it true."""
    found = stepped(FOUND[HAPPENED][outcome], back)
    assert claims.part_verdict(found, Judging(HIGHER, HAPPENED, every_step=every_step)) == expected


def test_two_measurements_have_no_step_back() -> None:
    assert claims.part_verdict(FOUND[HAPPENED][S], Judging(HIGHER, HAPPENED, every_step=True)) == S


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_list_chosen_on_the_figure_tests_nothing_and_what_explains_itself_supports_nothing(question: str) -> None:
    how = Judging(HIGHER, question)
    for outcome, found in FOUND[question].items():
        assert claims.part_verdict(dataclasses.replace(found, flags=("chosen_on_it",)), how) == X
        own = dataclasses.replace(found, flags=("leans_on_itself",))
        assert claims.part_verdict(own, how) == (U if outcome == S else outcome)


def test_how_a_part_is_judged_is_what_it_registers_and_else_what_its_claim_does() -> None:
    first, since = claims.registry().claims["C2"]["parts"]
    assert claims.judging("C2", first) == Judging(HIGHER, CHANCE)
    assert claims.judging("C2", since, counts=False) == Judging(HIGHER, HAPPENED, counts=False)
    assert claims.judging("C1") == Judging(HIGHER, HAPPENED, every_step=True)
    before, beyond = claims.registry().claims["C3"]["parts"]
    assert claims.judging("C3", before) == Judging(HIGHER, HAPPENED)
    assert claims.judging("C3", beyond) == Judging(NOT_HIGHER, CHANCE)
    assert claims.judging("C8") == Judging(SAME, CHANCE)


def test_a_part_that_no_list_has_a_say_in_names_what_its_claim_registers_as_missing() -> None:
    """H9 asks for moves that are in no open figure."""
    lacking = claims.alone("H9", "all", FOUND[CHANCE][X])
    assert (lacking.verdict, lacking.missing) == (X, ("moves_into_corporation_dwellings_by_income",))
    assert lacking.variants == (("all", X),)
    assert claims.alone("H9", "all", FOUND[CHANCE][S]).missing == ()


# ------------------------------------------------------------------ what is not followed


def test_what_a_claim_needs_and_nobody_follows_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    place = town({"income": {2015: FLAT, 2016: FLAT}}, indicators=("income",))
    rules = claims.registry()
    needs = {**rules.claims["C1"], "needs": ["income", "poor", "crime_rate"]}
    monkeypatch.setattr(claims, "registry", lambda: dataclasses.replace(rules, claims={**rules.claims, "C1": needs}))
    rows = claims.untested(place, "C1")
    assert [(row.row, row.verdict, row.missing, row.finding) for row in rows] == [
        ("poor", X, ("poor",), None),
        ("crime_rate", X, ("crime_rate",), None),
    ]
    assert claims.untested(place, "C2") == []  # registers no needs


# ------------------------------------------------------------------ joining


def row(claim: str, verdict: str, *, counts: bool = True) -> dict[str, Any]:
    return {"claim": claim, "verdict": verdict, "counts": counts}


def test_the_parts_of_a_claim_are_joined_by_its_quantifier_in_registered_order() -> None:
    rows = [
        row(claim, verdict)
        for claim, verdicts in (
            ("M1", (U, C)), ("C1", (S, S, X)), ("C2", (X, X)), ("C3", (S, S, N)), ("H1", (S, S, N)), ("C9", (U, X)),
        )
        for verdict in verdicts
    ]  # fmt: skip
    joined = claims.overall(rows)
    # C3 asks for most of its parts, H1 for all: the same votes say different things
    assert joined == {"C1": S, "H1": M, "C2": X, "C3": S, "M1": C, "C9": U}
    assert list(joined) == [claim for claim in claims.registry().claims if claim in joined]


def test_fault_4_a_part_that_does_not_count_is_told_and_has_no_say() -> None:
    """Fault 4: amounts in the prices of their own years never decide; a claim with nothing else is not joined."""
    rows = [row("C1", S, counts=False), row("C1", C), row("H1", S, counts=False)]
    assert claims.overall(rows) == {"C1": C}
    assert claims.overall([row("C1", C, counts=False), row("C1", U)]) == {"C1": U}


def test_the_score_counts_each_verdict_once() -> None:
    rows = [row("C3", verdict) for verdict in (S, S, M, U, X)]
    rows += [row("C2", C), row("C1", S)]
    table = claims.score(rows).set_index("claim")
    assert list(table.index) == ["C2", "C3"]  # C1 is not part of the debate, M1 has no rows
    assert table.loc["C3"].to_dict() == {
        "supported": 2, "contradicted": 0, "mixed": 1, "negligible": 0, "undecided": 1, "not_testable": 1, "of": 5,
    }  # fmt: skip
    assert table.loc["C2", ["contradicted", "of"]].tolist() == [1, 1]
    assert claims.score([]).empty


def test_the_synthesis_table_says_number_unit_and_votes() -> None:
    verdict = dataclasses.replace(judged(S, S, U), finding="a")
    level = change(-4, -2, kind="gap", unit="thousand_euro", a=Side(2015))
    points = change(2, 4, unit="percent", range_kind=("process",), rounding_low=-1.0, rounding_high=7.0)
    alone = Verdict("H9", C, "b", "all", HIGHER, (("all", C),), (), -20.0, counts=False)
    untested = Verdict("C1", X, None, "poor", None, (), ("poor",))
    found = {"a": points.as_json(), "b": level.as_json()}
    table = claims.verdict_table([row.as_json() for row in (verdict, alone, untested)], found)
    first, second, third = table.to_dict("records")
    assert (first["unit"], first["estimate"], first["range"], first["high"]) == ("points", 3, 2, 4)
    assert (first["agree"], first["of"], first["flips_at"]) == (2, 3, 2)
    assert (first["happened"], first["chance"]) == ("WITHIN_ROUNDING", "HIGHER")
    assert [one["question"] for one in (first, second, third)] == [CHANCE, "told", CHANCE]
    # without a kind of range there is no range to print, and one vote is no vote
    assert (second["unit"], second["estimate"]) == ("thousand_euro", -3)
    assert table.loc[1, ["range", "high", "agree", "of"]].isna().all()
    assert (third["indicator"], third["verdict"]) == ("poor", X)
    assert table.loc[2, ["estimate", "unit", "measure", "happened", "chance"]].isna().all()


# ------------------------------------------------------------------ the registry


def test_what_is_registered_is_known_elsewhere() -> None:
    rules, known = claims.registry(), catalogue()
    for name, claim in rules.claims.items():
        named = {*claim.get("needs", ()), *claim.get("indicators", ())}
        assert named <= set(known.indicators), name
        assert (PROJECT / "notebooks" / f"{claim['notebook']}.ipynb").is_file()
        assert claim["nl"] != claim["en"]
        for part in [claim, *claim.get("parts", ())] if claims.is_judged(name) else []:
            assert {**claim, **part}["expected"] in findings.EXPECTATIONS
            assert {**claim, **part}["question"] in QUESTIONS
        if claims.is_judged(name):
            assert claim["quantifier"] in findings.QUANTIFIERS


def test_what_no_figure_can_test_is_no_claim() -> None:
    """Notes on the data, a description, a calculation and bounds get no verdict."""
    roles = {name: claim.get("role", "claim") for name, claim in claims.registry().claims.items()}
    assert {name: role for name, role in roles.items() if role != "claim"} == {
        "K1": "note", "K2": "note", "K3": "description", "C13": "calculation", "H10": "bounds",
    }  # fmt: skip
    assert {name for name in roles if not claims.is_judged(name)} == {"K1", "K2", "K3", "C13", "H10"}


DESCRIBES = ("C1", "H1", "H4", "H6", "H7", "C6", "C9", "H11", "H2", "H8")
ABOUT_CAUSES = ("C4", "C8", "C10", "C11", "C12", "M1")


def test_descriptions_are_judged_by_what_happened_and_causes_by_chance() -> None:
    """As the specification of the two questions lists them; C2, C3, C7 and H3 have parts of either sort."""

    def questions(name: str) -> set[str]:
        claim = claims.registry().claims[name]
        return {str({**claim, **part}["question"]) for part in claim.get("parts") or [{}]}

    assert {name: questions(name) for name in DESCRIBES} == {name: {HAPPENED} for name in DESCRIBES}
    assert {name: questions(name) for name in ABOUT_CAUSES} == {name: {CHANCE} for name in ABOUT_CAUSES}
    assert all(questions(name) == {HAPPENED, CHANCE} for name in ("C2", "C3", "C7", "H3"))


def test_the_hash_is_that_of_the_file(home: Path) -> None:
    path = home / "notebooks" / "claims.toml"
    before = claims.registry().sha256
    assert before == hashlib.sha256(path.read_bytes()).hexdigest()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"within_years = 20", b"within_years = 21", 1))
    changed = claims.registry()
    assert changed.sha256 != before
    assert changed.claims["C6"]["within_years"] == 21
    path.write_bytes(content + b"\n")
    assert claims.registry().sha256 not in (before, changed.sha256)  # a byte that says nothing counts too
    path.write_bytes(content)
    assert claims.registry().sha256 == before


def edit(home: Path, change: Callable[[str], str]) -> None:
    path = home / "notebooks" / "claims.toml"
    content = path.read_text(encoding="utf-8")
    assert change(content) != content
    path.write_text(change(content), encoding="utf-8")


def test_a_claim_that_lacks_a_part_is_refused_with_every_fault(home: Path) -> None:
    edit(home, lambda text: text.replace('kind = "coverage"\n', "", 1).replace('short_en = "Only grown"\n', "", 1))
    with pytest.raises(CatalogueError, match=r"claims.toml: K1 lacks kind; C1 lacks short_en"):
        claims.registry()


def test_a_registry_that_cannot_be_read_says_so(home: Path) -> None:
    edit(home, lambda text: text.replace("agree_minimum = 0.5", "agree_minimum =", 1))
    with pytest.raises(CatalogueError, match=r"claims.toml is not valid TOML"):
        claims.registry()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("agree_minimum = 0.5\n", "", "it has no agree_minimum"),
        ('quantifier = "all"\n', "", "C1 lacks quantifier"),
        ('expected = "HIGHER"', 'expected = "HIGH"', r"C1 has expected 'HIGH'; known: HIGHER, LOWER, SAME, NOT_HIGHER"),
        ('quantifier = "all"', 'quantifier = "some"', r"C1 has quantifier 'some'; known: all, most, each"),
        ('question = "happened", measures', 'question = "what", measures', r"C2 has question 'what'; known: happened"),
        ('role = "note"', 'role = "notes"', r"K1 has role 'notes'; known: claim, note"),
    ],
)
def test_a_rule_without_its_number_is_refused(home: Path, old: str, new: str, message: str) -> None:
    edit(home, lambda text: text.replace(old, new, 1))
    with pytest.raises(CatalogueError, match=message):
        claims.registry()


def test_the_registry_is_valid_toml_with_one_entry_per_claim() -> None:
    raw = tomllib.loads((PROJECT / "notebooks" / "claims.toml").read_text(encoding="utf-8"))
    opinion, study, mayors = (
        [f"{kind}{number}" for number in range(1, last + 1)] for kind, last in (("C", 13), ("H", 11), ("M", 2))
    )
    assert list(claims.registry().claims) == list(raw["claim"])
    assert set(raw["claim"]) == {"K1", "K2", "K3", *opinion, *study, *mayors}
    assert list(claims.registry().conclusions) == ["N1", "N2", "N3", "N4", "N5", "N6"]
