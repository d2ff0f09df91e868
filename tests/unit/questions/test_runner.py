"""The claim runner: which parts a claim has, what stands in for what, and what chance alone could have decided."""

import dataclasses
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from town import BUURTEN, FOCUS, indicator, town

from kloof.errors import CatalogueError
from kloof.findings import (
    CHANCE,
    CONTRADICTED,
    HAPPENED,
    HIGHER,
    NOT_TESTABLE,
    SUPPORTED,
    UNDECIDED,
    Finding,
    Side,
    Verdict,
    verdict_of,
)
from kloof.questions import (  # noqa: F401 (each registers the kinds it computes)
    carried,
    gap_tables,
    groups_over_time,
    ladder,
    liveability,
    policy,
    runner,
    spending,
    tenures,
)
from kloof.questions.runner import KINDS, Part, judged, parts_of, record, under_lists
from kloof.results import Section
from kloof.study import claims, hypotheses
from kloof.study.dataset import STORE
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study

FLAT = [20.0, 21, 19, 20, 30, 31, 29, 32, 28, 30, 33, 31]
Made = Mapping[str, Finding]


@pytest.fixture
def study() -> Study:
    """A town under two lists, with one figure followed and another only known."""
    made = town({"income": {2015: FLAT, 2016: FLAT}}, indicator("income", rounding=0.0), indicators=("income",))
    return dataclasses.replace(made, variants=(Focus("other", BUURTEN[1:5]), *made.variants))


def change(estimate: float | None, margin: float = 0.5, **fields: Any) -> Finding:
    """A finding with a range of chance of a normal, or none that could be computed."""
    ends = {} if estimate is None else {"low": estimate - margin, "high": estimate + margin}
    base: dict[str, Any] = {
        "id": "x", "kind": "planted", "measure": "absolute", "unit": "points", "estimate": estimate,
        "range_kind": ("process",), "a": Side(2015), "b": Side(2016), **ends,
    }  # fmt: skip
    return Finding(**{**base, **({"reason": "no_figures"} if estimate is None else {}), **fields})


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let claim C1 be about what a test plants: part → finding, with whatever the registry should say."""
    before = claims.registry()

    def plant(found: Made, **entry: Any) -> None:
        own = {"kind": "planted", "indicators": list(found), "expected": HIGHER, "question": CHANCE,
               "quantifier": "all", "notebook": "04_did_the_gap_grow", **entry}  # fmt: skip
        made = dataclasses.replace(before, claims={**before.claims, "C1": own})
        monkeypatch.setattr(claims, "registry", lambda: made)
        each = {name: one for row, one in found.items() for name in row.split("|")}
        each |= dict(entry.pop("each", {}))

        def compute(_: Study, part: Part) -> Made:
            one = each[part.name]
            return {"four": dataclasses.replace(one, id=part.number, indicator=one.indicator or part.name)}

        monkeypatch.setitem(KINDS, "planted", compute)

    yield plant


def test_each_kind_of_a_claim_is_computed_and_nothing_is_computed_that_no_claim_asks_for() -> None:
    """A kind with steps of its own (people counted; moves that no open figure has) is not given to the runner."""
    asked = {
        {**entry, **part}["kind"]
        for name, entry in claims.registry().claims.items() if claims.is_judged(name)
        for part in entry.get("parts") or [{}]
    }  # fmt: skip
    assert (asked - set(KINDS), set(KINDS) - asked) == ({"headcount", "inflow"}, set(hypotheses.KINDS) - asked)


def test_a_kind_that_nothing_computes_is_refused(planted: Any, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    planted({"income": change(2.0)})
    monkeypatch.delitem(KINDS, "planted")
    with pytest.raises(CatalogueError, match="C1: nothing computes parts of kind 'planted'"):
        parts_of(study, "C1")


def test_the_parts_of_the_registered_claims_have_rows_and_numbers_of_their_own() -> None:
    known = open_study({"preset": "breda", "draws": 199})
    numbers: dict[str, tuple[str, str]] = {}
    for name in claims.registry().claims:
        if not claims.is_judged(name) or claims.registry().claims[name]["kind"] in ("headcount", "inflow"):
            continue
        parts = parts_of(known, name)
        assert len({part.row for part in parts}) == len(parts), name
        for part in parts:
            # two claims may be about one number, and then it is the same one: C2, C3 and M1 about the line beyond
            assert numbers.setdefault(part.number, (part.kind, part.name)) == (part.kind, part.name), part.number
    rows = {part.row: part for part in parts_of(known, "C2")}
    assert rows["mean_dwelling_value.relative.beyond"].how.question == CHANCE
    assert rows["mean_dwelling_value.real"].number == "05.mean_dwelling_value.real.since"
    assert rows["mean_dwelling_value.real"].how.question == HAPPENED
    assert "low_income_households_share.real" not in rows  # a share has no prices
    # Fault 4: on Breda the nominal gaps in income and dwelling value have no vote in C1, C2, C3 and H1.
    # Nor has any ranking: these claims are about distances.
    for claim in ("C1", "C2", "C3", "H1"):
        silent = {part.row for part in parts_of(known, claim) if not part.how.counts}
        named = [name for name in known.p.indicators if name in claims.registry().claims[claim]["indicators"]]
        wanted = {"mean_income_per_inhabitant.absolute", "mean_dwelling_value.absolute"}
        assert silent == wanted | {f"{name}.place" for name in named}, claim


def test_the_first_figure_that_can_be_computed_stands_for_all_that_may(planted: Any, study: Study) -> None:
    each = {"a": change(None), "b": change(3.0), "c": change(-3.0)}
    planted({"a|b|c": change(None)}, each=each)
    [(finding, verdict)] = judged(study, "C1")
    assert (finding.id, verdict.row, verdict.verdict) == ("04.b", "b", SUPPORTED)
    assert judged(study, "C1", ["b"])[0][1] == judged(study, "C1", ["a|b|c"])[0][1] == verdict
    planted({"a|b": change(None)}, each=dict.fromkeys("ab", change(None)), needs=["a"])
    [(finding, verdict)] = judged(study, "C1")
    assert (finding.id, verdict.row, verdict.verdict, verdict.missing) == ("04.a", "a", NOT_TESTABLE, ("a",))


@pytest.mark.parametrize(("entry", "rows"), [
    ({}, {"a", "b"}),  # a claim that says nothing of what it needs names all it lacks
    ({"needs": ["a"]}, {"a"}),  # and otherwise only what it needs
    ({"needs": ["a", "b"]}, {"a", "b"}),
    ({"needs": ["a", "share"]}, {"a", "b"}),  # a group is needed by the figure that counts it
])  # fmt: skip
def test_a_part_without_figures_is_left_out_unless_it_is_needed(
    planted: Any, study: Study, entry: dict[str, Any], rows: set[str]
) -> None:
    planted({"a": change(3.0), "b": change(None, indicator="share")}, **entry)
    found = {verdict.row: verdict for _, verdict in judged(study, "C1")}
    assert (found.keys(), found["a"].verdict) == (rows, SUPPORTED)
    if "b" in rows:
        assert (found["b"].verdict, found["b"].missing) == (NOT_TESTABLE, ("share",))


@pytest.mark.parametrize("reason", ["no_improvement", "rest_moves_against", "chosen_on_outcome"])
def test_what_could_not_be_asked_of_figures_that_are_there_misses_none(planted: Any, study: Study, reason: str) -> None:
    planted({"a": change(None, reason=reason)}, needs=["a"])
    [(_, verdict)] = judged(study, "C1")
    assert (verdict.verdict, verdict.missing) == (NOT_TESTABLE, ())


def test_only_followed_figures_are_parts_and_findings_with_a_number_come_first(planted: Any, study: Study) -> None:
    planted({"income": change(3.0), "poor": change(3.0)}, followed=True, needs=["income", "poor"])
    section = Section("04")
    record(section, study, "C1")
    rows = {row.row: row for row in section.verdicts}
    assert (rows["income"].verdict, rows["income"].finding) == (SUPPORTED, "04.income")
    assert (rows["poor"].verdict, rows["poor"].finding, rows["poor"].missing) == (NOT_TESTABLE, None, ("poor",))
    planted({"a": change(None), "b": change(3.0), "c": change(None)})
    section = Section("04")
    found = record(section, study, "C1")
    assert [one.id for one in found] == ["04.a", "04.b", "04.c"]
    assert list(section.findings) == ["04.b", "04.a", "04.c"]
    assert [row.row for row in section.verdicts] == ["a", "b", "c"]
    planted({"a": change(3.0)}, role="note")
    section = Section("04")
    record(section, study, "C1")
    assert (list(section.findings), section.verdicts) == (["04.a"], [])


def test_each_list_has_a_finding_and_that_of_the_headline_comes_first(study: Study, planted: Any) -> None:
    planted({"a": change(1.0)})
    [part] = parts_of(study, "C1")
    found = under_lists(study, part, lambda number, focus: change(float(len(focus.codes)), id=number, focus=focus.name))
    assert [(way, one.id, one.focus) for way, one in found.items()] == [
        ("four", "04.a", "four"), ("other", "04.a.other", "other"),
    ]  # fmt: skip
    assert study.focus == Focus("four", FOCUS)
    alike = under_lists(study, part, lambda number, _: change(1.0, id=number, flags=("by_postcode",)))
    assert [(way, one.id) for way, one in alike.items()] == [("all", "04.a")]


@given(st.lists(st.floats(0.05, 8.0), min_size=1, max_size=7), st.integers(0, 3), st.integers(0, 3))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_decided_by_chance_stands_when_all_tested_parts_count(
    planted: Any, study: Study, distances: list[float], told: int, happened: int
) -> None:
    """Parts at so many standard errors from 0; beside them others that are only told, and some about what happened."""
    margin = float(stats.norm.ppf(0.975))  # of a standard error of 1
    tested = {f"t{at}": change(distance, margin) for at, distance in enumerate(distances)}
    silent = {f"s{at}": change(9.0, margin) for at in range(told)}
    counted = {f"h{at}": change(9.0, margin, rounding_low=8.0, rounding_high=10.0) for at in range(happened)}
    parts = [
        {"indicators": list(tested)},
        *([{"indicators": list(counted), "question": HAPPENED}] if counted else []),
        *([{"indicators": list(silent), "kind": "silent", "measures": ["absolute"]}] if silent else []),
    ]
    planted(tested | silent | counted, parts=parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "silent", KINDS["planted"])
        patch.setitem(runner.VOTES, "silent", lambda *_: False)
        found = {verdict.row.removesuffix(".absolute"): verdict for _, verdict in judged(study, "C1")}
    adjusted = multipletests([2 * float(stats.norm.sf(distance)) for distance in distances], method="holm")[1]
    for name, after in zip(tested, adjusted, strict=True):
        alone = verdict_of(tested[name], HIGHER)
        if alone == SUPPORTED and after > 0.05 * (1 + 1e-9):
            assert (found[name].verdict, found[name].alone) == (UNDECIDED, SUPPORTED)
        elif alone == UNDECIDED or after < 0.05 * (1 - 1e-9):
            assert (found[name].verdict, found[name].alone) == (alone, None)
    for name in (*silent, *counted):
        assert (found[name].verdict, found[name].alone, found[name].counts) == (SUPPORTED, None, name in counted)


def test_a_part_more_makes_chance_no_easier(planted: Any, study: Study) -> None:
    """One part at 2.1 standard errors decides a claim; one of two does not, and the other is as it was."""
    margin = float(stats.norm.ppf(0.975))
    planted({"a": change(-2.1, margin)})
    assert [verdict.verdict for _, verdict in judged(study, "C1")] == [CONTRADICTED]
    planted({"a": change(-2.1, margin), "b": change(0.3, margin)})
    first, second = (verdict for _, verdict in judged(study, "C1"))
    assert (first.verdict, first.alone) == (UNDECIDED, CONTRADICTED)
    assert (second.verdict, second.alone) == (UNDECIDED, None)


# ------------------------------------------------------------------ who judges
def of_place(name: str, kind: str = "a") -> tuple[Finding, Verdict]:
    return Finding(name, kind, "a", "points", estimate=1.0, low=0.5, high=2.0), Verdict("C8", SUPPORTED, name, "here")


def of_all(number: str, towns: int, kind: str = "follows_everywhere") -> Finding:
    return Finding(number, kind, "crime_rate", "points", estimate=0.0, low=-0.1, high=0.1, smallest_effect=0.2,
                   range_kind=("process",), details={"municipalities": {"value": towns, "unit": "number"}})  # fmt: skip


@pytest.mark.parametrize(("claim", "name", "towns", "judges"), [
    ("C8", STORE, 30, True), ("C8", STORE, 29, False), ("C8", "breda", 300, False), ("H8", STORE, 300, False),
    ("C1", STORE, 300, False), ("C10", STORE, 300, True),
])  # fmt: skip
def test_all_municipalities_judge_a_mechanism_when_there_are_enough(
    monkeypatch: pytest.MonkeyPatch, claim: str, name: str, towns: int, judges: bool
) -> None:
    every = (
        of_all("09.x.everywhere", towns),
        Finding("09.y", "follows_everywhere", "y", "points", reason="no_figures"),
    )
    shares = [of_all("10.within.2016", towns, "lead"), of_all("10.within.2020", towns, "lead")]
    monkeypatch.setattr(runner, "mechanisms", lambda _: dict.fromkeys(("C8", "H8"), every))
    monkeypatch.setattr(runner, "in_store", lambda _: (shares, None))
    study: Any = SimpleNamespace(data=SimpleNamespace(name=name), known=None)
    place = [of_place("09.a")]
    pairs, beside = runner._with_the_country(study, claim, place)
    if not judges:
        assert list(pairs) == place
        assert list(beside) == ([every[0]] if claim == "H8" and name == STORE else [])
        return
    assert not beside
    (first, verdict), (own, said) = pairs
    assert (first.id, verdict.row, verdict.counts) == (
        ("09.x.everywhere", "x.everywhere", True) if claim == "C8" else ("10.within.2020", "within.2020", True)
    )
    assert verdict.verdict == (SUPPORTED if claim == "C8" else "NEGLIGIBLE")
    assert "in_this_place" in own.flags
    assert (said.verdict, said.counts) == (SUPPORTED, False)
