"""The rules that turn findings into verdicts, case by case, and the registry they are read from."""

import dataclasses
import hashlib
import itertools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from town import BUURTEN, FOCUS, indicator, town

from conftest import PROJECT
from kloof import findings
from kloof.catalogue import catalogue
from kloof.errors import CatalogueError
from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    LOWER,
    NEGLIGIBLE,
    NOT_TESTABLE,
    SUPPORTED,
    UNDECIDED,
    VERDICTS,
    Finding,
    Side,
    Verdict,
)
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.study import Study

S, C, N, U, X = SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE
FLAT = [20.0] * 12
LISTS = ("four", "other", "third")


def study(*names: str, **changes: Any) -> Study:
    """A town with as many focus lists as names; the first one is the headline."""
    made = town({"income": {2015: FLAT, 2016: FLAT}}, **changes)
    lists = tuple(Focus(name, FOCUS if place == 0 else BUURTEN[place : place + 4]) for place, name in enumerate(names))
    return dataclasses.replace(made, focus=lists[0], variants=lists)


def change(low: float, high: float, **fields: Any) -> Finding:
    base: dict[str, Any] = {
        "id": "x", "kind": "gap_change", "measure": "absolute", "unit": "points", "indicator": "income",
        "estimate": (low + high) / 2, "low": low, "high": high, "smallest_effect": 1.0,
    }  # fmt: skip
    return Finding(**{**base, **fields})


# One finding for each verdict on a claim that expects HIGHER.
FOUND: dict[str, Finding] = {
    S: change(2, 4),
    C: change(-4, -2),
    N: change(-0.5, 0.5),
    U: change(-2, 3),
    X: change(0, 0, estimate=None, reason="no_figures"),
}


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


def judged(*verdicts: str, claim: str = "C1") -> Verdict:
    """Judge a part of a claim of which the lists give these verdicts."""
    by_list = dict(zip(LISTS, verdicts, strict=False))

    def make(focus: Focus) -> Finding:
        return dataclasses.replace(FOUND[by_list[focus.name]], id=focus.name, focus=focus.name)

    headline, verdict = claims.judge_row(study(*by_list), claim, "income.absolute", make)
    assert (headline.id, verdict.finding) == ("four", "four")
    assert [name for name, _ in verdict.variants] == list(by_list)
    return verdict


def test_a_part_is_judged_under_every_list() -> None:
    verdict = judged(S, S, U)
    assert (verdict.claim, verdict.row, verdict.expected, verdict.verdict) == ("C1", "income.absolute", HIGHER, S)
    assert verdict.variants == (("four", S), ("other", S), ("third", U))
    assert (verdict.as_json()["agree"], verdict.as_json()["of"]) == (2, 3)
    assert judged(S, C).verdict == U
    assert judged(N, N, X).verdict == N
    assert judged(U, S, S).verdict == U


def test_what_is_missing_is_named_only_when_the_headline_cannot_be_tested() -> None:
    assert judged(X, S).missing == ("income",)
    assert judged(X, S).verdict == X
    assert judged(S, X).missing == ()


@pytest.mark.parametrize(("verdict", "flips"), [(S, 2), (C, -2), (N, None), (U, None), (X, None)])
def test_how_far_a_verdict_is_from_flipping(verdict: str, flips: float | None) -> None:
    """2 to 4 reaches 0 when the estimate is 2 less; -4 to -2 when it is 2 more."""
    assert judged(verdict).flips_at == flips


def test_a_claim_that_expects_less_is_supported_by_less(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = claims.registry()
    turned = dataclasses.replace(rules, claims={**rules.claims, "C1": {**rules.claims["C1"], "expected": LOWER}})
    monkeypatch.setattr(claims, "registry", lambda: turned)
    assert judged(C).verdict == S  # the finding is LOWER
    assert judged(S).verdict == C
    assert judged(S).expected == LOWER


# ------------------------------------------------------------------ thresholds, levels, turns


@pytest.mark.parametrize(
    ("share", "expected", "flips"),
    [(80.0, S, 0.0), (79.9, C, -0.1), (100.0, S, 20.0), (0.0, C, -80.0), (None, X, None)],
)
def test_a_share_is_held_against_its_threshold(share: float | None, expected: str, flips: float | None) -> None:
    for claim in ("K1", "K2"):
        verdict = claims.threshold_verdict(
            claim, Finding("01.coverage", "coverage", "share", "percent", estimate=share)
        )
        assert (verdict.claim, verdict.finding, verdict.row, verdict.verdict) == (claim, "01.coverage", "all", expected)
        assert verdict.flips_at == (flips if flips is None else pytest.approx(flips))


@pytest.mark.parametrize(
    ("better", "low", "high", "expected"),
    [
        (1, -4, -2, S),  # a lower income is worse
        (1, 2, 4, C),
        (-1, 2, 4, S),  # more poverty is worse
        (-1, -4, -2, C),
        (1, -0.5, 0.5, N),
        (-1, -0.5, 0.5, N),
        (1, -2, 3, U),
    ],
)
def test_worse_off_depends_on_which_side_is_good(better: int, low: float, high: float, expected: str) -> None:
    place = town({"income": {2015: FLAT, 2016: FLAT}}, indicator("income", better=better))
    verdict = claims.level_verdict(place, change(low, high, kind="gap"))
    assert (verdict.claim, verdict.row, verdict.verdict, verdict.missing) == ("K3", "income", expected, ())
    assert verdict.expected == (LOWER if better > 0 else HIGHER)


def test_a_level_without_figures_cannot_be_tested() -> None:
    verdict = claims.level_verdict(town({"income": {2015: FLAT, 2016: FLAT}}), FOUND[X])
    assert (verdict.verdict, verdict.missing) == (X, ("income",))


# Rows: the verdict of C3 (it grew before). Columns: of C2 (it grew beyond the trend since). M1 says: it shrank before
# and grew since. In the order S, C, N, U, X.
TURN = {
    S: (C, C, C, C, X),
    C: (S, C, U, U, X),
    N: (U, C, U, U, X),
    U: (U, C, U, U, X),
    X: (X, X, X, X, X),
}


@pytest.mark.parametrize("before", VERDICTS)
@pytest.mark.parametrize("since", VERDICTS)
def test_the_turn_is_read_from_its_two_halves(before: str, since: str) -> None:
    expected = dict(zip((S, C, N, U, X), TURN[before], strict=True))[since]
    halves = (
        Verdict("C3", before, "05.a", "income.absolute", HIGHER, (), ("income",) if before == X else ()),
        Verdict("C2", since, "05.b", "income.absolute", HIGHER, (), ("income",) if since == X else ()),
    )
    turn = claims.turn_verdict(*halves)
    assert (turn.claim, turn.verdict, turn.finding, turn.row) == ("M1", expected, "05.a", "income.absolute")
    assert turn.missing == (("income",) if X in (before, since) else ())  # named once


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


def test_the_parts_of_a_claim_are_joined_in_registered_order() -> None:
    rows = [
        {"claim": claim, "verdict": verdict}
        for claim, verdicts in (
            ("M1", (U, C)), ("C1", (S, S, X)), ("K1", (C,)), ("C2", (X, X)), ("C3", (S, N)), ("K3", (N, N)),
        )
        for verdict in verdicts
    ]  # fmt: skip
    joined = claims.overall(rows)
    assert joined == {"K1": C, "K3": N, "C1": S, "C2": X, "C3": U, "M1": U}
    assert list(joined) == [claim for claim in claims.registry().claims if claim in joined]


def test_the_score_counts_each_verdict_once() -> None:
    rows = [{"claim": "C3", "verdict": verdict} for verdict in (S, S, U, X)]
    rows += [{"claim": "C2", "verdict": C}, {"claim": "C1", "verdict": S}]
    table = claims.score(rows).set_index("claim")
    assert list(table.index) == ["C2", "C3"]  # C1 is not part of the debate, M1 has no rows
    assert table.loc["C3"].to_dict() == {
        "supported": 2, "contradicted": 0, "negligible": 0, "undecided": 1, "not_testable": 1, "of": 4,
    }  # fmt: skip
    assert table.loc["C2", ["contradicted", "of"]].tolist() == [1, 1]
    assert claims.score([]).empty


def test_the_synthesis_table_says_number_unit_and_votes() -> None:
    verdict = dataclasses.replace(judged(S, S, U), finding="a")
    level = change(-4, -2, kind="gap", unit="thousand_euro", a=Side(2015))
    points = change(2, 4, unit="percent", range_kind=("process",))
    alone = Verdict("K1", C, "b", "all", HIGHER, (("all", C),), (), -20.0)
    untested = Verdict("C1", X, None, "poor", None, (), ("poor",))
    found = {"a": points.as_json(), "b": level.as_json()}
    table = claims.verdict_table([row.as_json() for row in (verdict, alone, untested)], found)
    first, second, third = table.to_dict("records")
    assert (first["unit"], first["estimate"], first["low"], first["high"]) == ("points", 3, 2, 4)
    assert (first["agree"], first["of"], first["flips_at"]) == (2, 3, 2)
    # without a kind of range there is no range to print, and one vote is no vote
    assert (second["unit"], second["estimate"]) == ("thousand_euro", -3)
    assert table.loc[1, ["low", "high", "agree", "of"]].isna().all()
    assert (third["indicator"], third["verdict"]) == ("poor", X)
    assert table.loc[2, ["estimate", "unit", "measure"]].isna().all()


# ------------------------------------------------------------------ the registry


def test_what_is_registered_is_known_elsewhere() -> None:
    rules, known = claims.registry(), catalogue()
    for name, claim in rules.claims.items():
        named = {*claim.get("needs", ()), *claim.get("indicators", ())}
        assert named <= set(known.indicators), name
        assert claim["expected"] in findings.EXPECTATIONS
        assert (PROJECT / "notebooks" / f"{claim['notebook']}.ipynb").is_file()
        assert claim["nl"] != claim["en"]


def test_the_hash_is_that_of_the_file(home: Path) -> None:
    path = home / "notebooks" / "claims.toml"
    before = claims.registry().sha256
    assert before == hashlib.sha256(path.read_bytes()).hexdigest()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"threshold = 80.0", b"threshold = 80.1", 1))
    changed = claims.registry()
    assert changed.sha256 != before
    assert changed.claims["K1"]["threshold"] == 80.1
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
        ("threshold = 80.0\n", "", "K1 lacks threshold"),
        ('expected = "HIGHER"', 'expected = "HIGH"', r"K1 expects 'HIGH'"),
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
