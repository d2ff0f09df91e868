"""What is left of verdicts when all tests count, and what conclusions stand on: by hand, scipy and statsmodels."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_ind

from kloof.errors import CatalogueError
from kloof.findings import (
    CONTRADICTED,
    HAPPENED,
    HIGHER,
    LOWER,
    MIXED,
    NEGLIGIBLE,
    NOT_HIGHER,
    NOT_TESTABLE,
    SAME,
    SUPPORTED,
    UNDECIDED,
    Finding,
    Verdict,
    from_json,
    verdict_of,
)
from kloof.questions import all_tests
from kloof.study.claims import Registry
from kloof_synth import trials
from kloof_synth.switches import switches
from kloof_synth.town import Setting


def finding(
    estimate: float | None, margin: float | None, degrees: int | None = None, p: float | None = None, **changes: Any
) -> dict[str, Any]:
    """A finding with a symmetric range, as results.json has it."""
    details: dict[str, Any] = {} if degrees is None else {"degrees": {"value": degrees, "unit": "number"}}
    if p is not None:
        details["p_value"] = {"value": p, "unit": "probability"}
    ends = None if estimate is None or margin is None else (estimate - margin, estimate + margin)
    base: dict[str, Any] = {
        "id": "x", "kind": "gap_change", "measure": "absolute", "unit": "percent", "estimate": estimate,
        "low": ends and ends[0], "high": ends and ends[1], "range_kind": ("process", "rounding"),
        "smallest_effect": 0.5, "details": details,
    }  # fmt: skip
    return Finding(**{**base, **changes}).as_json()


def p_of(*given: Any, expected: str = HIGHER, **changes: Any) -> float:
    """The p-value of the verdict on a finding."""
    made = finding(*given, **changes)
    p = all_tests.p_value_of(made, verdict_of(from_json(made), expected), expected)
    assert p is not None
    return p


@given(st.floats(-8, 8), st.floats(0.1, 3), st.one_of(st.none(), st.integers(1, 60)))
@settings(deadline=None, max_examples=80)
def test_a_p_value_is_the_one_of_the_interval(estimate: float, error: float, degrees: int | None) -> None:
    """The interval is that of a t test: the same test gives the p-value, and both reject together."""
    known = stats.norm if degrees is None else stats.t(degrees)
    margin = float(known.ppf(0.975)) * error
    made = finding(estimate, margin, degrees, smallest_effect=None)
    p = all_tests.p_value_of(made, UNDECIDED, HIGHER)
    assert p == pytest.approx(min(1.0, float(2 * known.sf(abs(estimate) / error))), rel=1e-6, abs=1e-12)
    if abs(abs(estimate) - margin) > 1e-6:
        assert (p < 0.05) == (made["judgement"] in ("HIGHER", "LOWER"))


def test_p_values_by_hand() -> None:
    """4 (1 to 10): 3 from the end near 0, so 4 / (3 / 1.96) standard errors; mirrored the same."""
    wanted = float(2 * stats.norm.sf(4 / (3 / stats.norm.ppf(0.975))))
    above = all_tests.p_value_of({**finding(4, 3), "low": 1, "high": 10}, SUPPORTED, HIGHER)
    below = all_tests.p_value_of({**finding(-4, 3), "low": -10, "high": -1}, SUPPORTED, LOWER)
    assert above == pytest.approx(wanted)
    assert below == pytest.approx(wanted)
    # the Matthew effect tells one p-value of support and one of its opposite, which are not two sides of a number
    made = finding(-3.0, 1.0, 8, p=0.97)
    made["details"] |= {"p_against": {"value": 0.004}, "p_alike": {"value": 0.6}}
    assert all_tests.p_value_of(made, CONTRADICTED, HIGHER) == pytest.approx(0.004)
    assert all_tests.p_value_of(made, SUPPORTED, HIGHER) == pytest.approx(0.97)
    assert all_tests.p_value_of(made, NEGLIGIBLE, HIGHER) >= 0.6  # type: ignore[operator]
    own = p_of(3.0, 1.5)
    assert own < 0.001
    assert p_of(3.0, 1.5, p=0.03) == pytest.approx(0.03)  # the larger of the two
    assert p_of(3.0, 3.5, p=0.03) == pytest.approx(p_of(3.0, 3.5))  # here the interval's is larger
    drawn = finding(3.0, 1.5, p=0.01)
    drawn["details"]["p_error"] = {"value": 0.002, "unit": "probability"}
    assert all_tests.p_value_of(drawn, SUPPORTED, HIGHER) == pytest.approx(0.014)  # and twice its error of drawing
    assert p_of(3.0, 0.0) == 0.0  # a range without width
    # ten times its standard error by 11 buurten: t with 10 degrees of freedom, not the normal distribution
    error = 0.3
    margin = float(stats.t(10).ppf(0.975)) * error
    assert p_of(3.0, margin, 10) == pytest.approx(float(2 * stats.t(10).sf(10)))
    assert p_of(3.0, margin, 10) > 1e-7 and p_of(3.0, margin) < 1e-13


def test_sameness_has_the_p_value_of_two_one_sided_tests() -> None:
    """Against statsmodels' ttost_ind on made samples: the larger of two one-sided tests at ± the smallest effect."""
    first, second = stats.norm.rvs(size=(2, 40), random_state=4) / 4
    difference = first.mean() - second.mean()
    pooled = math.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 40)
    made = finding(difference, float(stats.t(78).ppf(0.975)) * pooled, 78)
    assert made["judgement"] == SAME
    wanted = pytest.approx(float(ttost_ind(first, second, -0.5, 0.5)[0]))
    assert all_tests.p_value_of(made, NEGLIGIBLE, HIGHER) == wanted
    assert all_tests.p_value_of(made, SUPPORTED, SAME) == wanted


@pytest.mark.parametrize(("expected", "estimate", "line"), [
    (SAME, 3.0, 0.5), (SAME, -3.0, -0.5), (NOT_HIGHER, 3.0, 0.5), (NOT_HIGHER, -3.0, 0.5), (NOT_HIGHER, 0.1, 0.5),
])  # fmt: skip
@pytest.mark.parametrize("margin", [0.3, 2.0])
def test_what_stays_away_meets_the_smallest_effect(expected: str, estimate: float, line: float, margin: float) -> None:
    """Beyond it, or on a side of it: a t test at that line, two-sided; the verdict says so when p is at most 0.05."""
    error = margin / float(stats.t(9).ppf(0.975))
    wanted = float(2 * stats.t(9).sf(abs(estimate - line) / error))
    made = finding(estimate, margin, 9, p=0.9)  # dealt labels say something of 0 only
    verdict = verdict_of(from_json(made), expected)
    assert all_tests.p_value_of(made, verdict, expected) == pytest.approx(wanted, rel=1e-6)
    assert (verdict != UNDECIDED) == (wanted <= 0.05)


@pytest.mark.parametrize(("changes", "wanted"), [
    ({"range_kind": ("rounding", "suppression")}, None), ({"range_kind": ()}, None),
    ({"comparability": "broken"}, None), ({"coverage": 40.0, "coverage_minimum": 80.0}, None),
    ({"low": None, "high": None}, 0.2),
])  # fmt: skip
def test_what_is_no_test_of_chance_has_no_p_value(changes: dict[str, Any], wanted: float | None) -> None:
    assert all_tests.p_value_of(finding(3.0, 1.0, p=0.2, **changes), UNDECIDED, HIGHER) == wanted


RESAMPLED = {"index_change", "share_accrued", "image"}  # ranges between percentiles of resamples, and a copy of one


def test_a_finding_whose_range_is_that_of_a_t_says_with_how_many_degrees_of_freedom() -> None:
    """Every claim that is calibrated, once for each of its scales, where it is true."""
    per_row = {(one.claim, one.row.rpartition(".")[2]): one for one in switches()}
    without, kinds = set(), set()
    for one in per_row.values():
        for made, _ in trials.judged(one, Setting(100, 8, one.sizes[-1]), (3, 0), 99):
            if "process" not in made.range_kind or made.estimate is None or made.low is None:
                continue
            kinds.add(made.kind)
            if not made.details.get("degrees", {}).get("value", 0) >= 1:
                without.add(made.kind)
    assert without <= RESAMPLED
    assert len(kinds) > 20


REGISTRY = Registry(
    {
        name: {"kind": kind, "expected": expected}
        for name, kind, expected in (
            ("A", "gap_change", "HIGHER"), ("B", "pace", "LOWER"), ("C", "coverage", "HIGHER"),
            ("D", "gap_change", "HIGHER"), ("E", "follows", "SAME"), ("F", "turn", "LOWER"),
        )
    },
    0.5,
    "",
)  # fmt: skip


def rows_of(**made: tuple[str, dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Verdicts by chance with the findings behind them: claim_part = (expected, finding)."""
    rows, findings = [], {}
    for name, (expected, found) in made.items():
        claim, _, part = name.partition("_")
        verdict = Verdict(claim, verdict_of(from_json(found), expected), name, part, expected)
        rows.append(verdict.as_json())
        findings[name] = found
    return rows, findings


def test_every_test_that_was_made_counts_once_and_what_is_no_test_not_at_all() -> None:
    rows, findings = rows_of(
        A_x=("HIGHER", finding(3.0, 1.0)), A_y=("HIGHER", finding(3.0, 2.9)), B_x=("LOWER", finding(0.1, 0.2)),
        E_x=("SAME", finding(2.0, 1.0)), A_none=("HIGHER", finding(None, None)),
        A_bounds=("HIGHER", finding(3.0, 1.0, range_kind=("rounding",))), A_told=("HIGHER", finding(3.0, 1.0)),
        A_counted=("HIGHER", finding(3.0, 1.0)), Z_x=("HIGHER", finding(3.0, 1.0)),
    )  # fmt: skip
    rows.append(Verdict("A", NOT_TESTABLE, None, "absent").as_json())
    by_row = {(row["claim"], row["row"]): row for row in rows}
    by_row["A", "told"]["counts"] = False
    by_row["A", "counted"]["question"] = HAPPENED
    verdicts, p_values = all_tests.family(rows, findings, REGISTRY)
    # D has no row and A/none no number: no tests. A/bounds weighs no chance, nor does A/counted, which says what
    # happened. A/told has no say in its claim, Z is not registered. E lies beyond the smallest effect.
    assert verdicts == {"A/x": SUPPORTED, "A/y": SUPPORTED, "B/x": NEGLIGIBLE, "E/x": CONTRADICTED}
    assert p_values["A/x"] == pytest.approx(p_of(3.0, 1.0))
    assert p_values["E/x"] == pytest.approx(p_of(2.0, 1.0, expected=SAME))


def test_what_a_part_expects_and_was_alone_is_what_its_p_value_is_of() -> None:
    """A part may expect otherwise than its claim: its own expectation counts, not the registered one of the claim."""
    rows, findings = rows_of(A_x=("NOT_HIGHER", finding(-0.2, 0.5)))
    verdicts, p_values = all_tests.family(rows, findings, REGISTRY)
    assert verdicts == {"A/x": SUPPORTED}
    assert p_values["A/x"] == pytest.approx(p_of(-0.2, 0.5, expected=NOT_HIGHER))
    # the number of a joined claim may say the opposite of its verdict: then it is not what was tested
    rows, findings = rows_of(A_x=("HIGHER", finding(3.0, 1.0)))
    rows[0]["verdict"] = CONTRADICTED
    assert all_tests.family(rows, findings, REGISTRY) == ({}, {})
    rows[0]["verdict"] = UNDECIDED  # the lists did not agree: tested, and not decided
    assert all_tests.family(rows, findings, REGISTRY)[0] == {"A/x": UNDECIDED}
    # parts of a claim are counted together first; Holm over all tests must not take that for silence
    rows, findings = rows_of(A_x=("HIGHER", finding(3.0, 2.9)))
    rows[0] |= {"verdict": UNDECIDED, "alone": SUPPORTED}
    verdicts, p_values = all_tests.family(rows, findings, REGISTRY)
    assert verdicts == {"A/x": SUPPORTED}
    assert p_values["A/x"] == pytest.approx(p_of(3.0, 2.9))


def test_holm_over_all_tests_against_statsmodels() -> None:
    """Nine tests; the one that was never made costs nothing; a verdict falls when Holm's p exceeds 0.05."""
    margins = (0.9, 1.6, 2.0, 2.3, 2.5, 2.7, 2.9, 4.0, 8.0)
    given_ = {f"A_{place}": ("HIGHER", finding(3.0, margin)) for place, margin in enumerate(margins)}
    rows, findings = rows_of(**given_)
    registry = Registry({name: REGISTRY.claims[name] for name in ("A", "D")}, 0.5, "")
    found = all_tests.after_all_tests(rows, findings, registry)
    raw = [2 * stats.norm.sf(3 / (margin / stats.norm.ppf(0.975))) for margin in margins]
    holm = multipletests(raw, method="holm")[1]
    assert [one.adjusted for one in found.values()] == pytest.approx(list(holm), rel=1e-6)
    stands = [found[f"A/{place}"].verdict == SUPPORTED for place in range(9)]
    assert stands == [p <= 0.05 for p in holm]
    assert [row["verdict"] for row in rows].count(SUPPORTED) == 7 > sum(stands) > 0


@pytest.mark.parametrize(("votes", "wanted"), [
    ([SUPPORTED, SUPPORTED], all_tests.ON_TESTED), ([SUPPORTED, NOT_TESTABLE], all_tests.PARTLY),
    ([SUPPORTED, UNDECIDED], all_tests.PARTLY), ([SUPPORTED, CONTRADICTED], all_tests.AGAINST),
    ([NOT_TESTABLE, CONTRADICTED], all_tests.AGAINST), ([NOT_TESTABLE, UNDECIDED], all_tests.OPEN),
    ([NEGLIGIBLE, NOT_TESTABLE], all_tests.OPEN), ([NOT_TESTABLE, NOT_TESTABLE], all_tests.UNTESTED),
])  # fmt: skip
def test_what_a_conclusion_stands_on(votes: list[str], wanted: str) -> None:
    names = [f"C{place}" for place in range(len(votes))]
    assert all_tests.stands_on(names, dict(zip(names, votes, strict=True))) == wanted
    assert all_tests.stands_on(names[::-1], dict(zip(names, votes, strict=True))) == wanted


def test_a_claim_without_any_verdict_is_as_one_that_cannot_be_tested() -> None:
    assert all_tests.stands_on(["C1", "C2"], {"C1": SUPPORTED}) == all_tests.PARTLY
    assert all_tests.stands_on(["C1"], {}) == all_tests.UNTESTED


def test_the_number_of_a_claim_is_of_a_part_with_its_verdict() -> None:
    findings = {"a": finding(None, None), "b": finding(1.0, 3.0), "c": finding(5.0, 1.0), "d": finding(6.0, 1.0)}
    rows = [
        {"finding": name, "verdict": verdict, "counts": True}
        for name, verdict in (
            ("a", SUPPORTED), ("b", UNDECIDED), ("c", SUPPORTED), ("d", SUPPORTED), (None, NOT_TESTABLE),
        )
    ]  # fmt: skip

    def chosen(*places: int, overall: str) -> Any:
        return all_tests.one_number([rows[place] for place in places], findings, overall)["finding"]

    assert chosen(0, 1, 2, 3, overall=SUPPORTED) == "c"  # the first with the verdict and a number
    assert chosen(1, 4, overall=SUPPORTED) == "b"  # none with the verdict: the first with a number
    assert chosen(1, 2, overall=NEGLIGIBLE) == "c"  # a decided one before an undecided one
    assert chosen(0, 4, overall=NOT_TESTABLE) is None  # no number at all: the verdict decides
    assert all_tests.one_number([], findings, SUPPORTED) is None


def test_fault_4_the_number_of_a_claim_is_of_a_part_that_has_a_say() -> None:
    """Fault 4: the number beside a claim about money was the nominal one, which decides nothing."""
    findings = {name: finding(3.0, 1.0) for name in ("nominal", "real", "relative")} | {"none": finding(None, None)}
    rows = [
        {"finding": "nominal", "verdict": SUPPORTED, "counts": False},
        {"finding": "real", "verdict": CONTRADICTED, "counts": True},
        {"finding": "relative", "verdict": SUPPORTED, "counts": True},
    ]
    assert all_tests.one_number(rows, findings, SUPPORTED)["finding"] == "relative"
    assert all_tests.one_number(rows[:2], findings, CONTRADICTED)["finding"] == "real"
    assert all_tests.one_number(rows[:2], findings, MIXED)["finding"] == "real"  # no part has the word of the claim
    silent = {"finding": "none", "verdict": NOT_TESTABLE, "counts": True}
    assert all_tests.one_number([rows[0], silent], findings, NOT_TESTABLE)["finding"] == "none"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(deadline=None, max_examples=15)
def test_holm_is_what_holm_wrote(p_values: list[float]) -> None:
    named = {str(place): p for place, p in enumerate(p_values)}
    assert list(all_tests.holm(named).values()) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_verdicts_after_the_count() -> None:
    verdicts = {"C1": SUPPORTED, "C3": CONTRADICTED, "H1": NEGLIGIBLE, "H2": UNDECIDED}
    p_values = {"C1": 0.009, "C3": 0.03, "H1": 0.001, "H2": 0.6}
    found = all_tests.adjusted_verdicts(verdicts, p_values)
    assert {name: one.verdict for name, one in found.items()} == {
        "C1": SUPPORTED, "C3": UNDECIDED, "H1": NEGLIGIBLE, "H2": UNDECIDED,
    }  # fmt: skip
    assert (found["C3"].alone, found["C3"].adjusted) == (CONTRADICTED, pytest.approx(0.06))
    assert found["C1"].adjusted == pytest.approx(0.027)
    assert all_tests.holm({"C1": 0.01, "C3": 0.04}) == pytest.approx({"C1": 0.02, "C3": 0.04})
    assert all_tests.holm({}) == {}


def test_all_faults_are_listed() -> None:
    with pytest.raises(CatalogueError) as caught:
        all_tests.adjusted_verdicts({"A": SUPPORTED, "B": "MAYBE", "C": UNDECIDED}, {"A": 0.3, "B": 0.1, "D": 0.2})
    for part in ("3 faults", "C has a verdict but", "D has a p-value but", "'MAYBE'"):
        assert part in str(caught.value)
    with pytest.raises(CatalogueError, match=r"2 faults.*A has p = 1\.5.*B has p = nan"):
        all_tests.holm({"A": 1.5, "B": float("nan")})


def test_a_registry_without_effects_claims_something_only_when_its_smallest_p_is_tiny() -> None:
    """24 tests: a claim stands only with p at most 0.05 / 24; of nothing that happens in 1 - (1 - 0.05/24)^24 < 5 %."""
    rng = np.random.default_rng(0)
    for smallest in (0.9, 1.01):
        p_values = {str(place): float(p) for place, p in enumerate(0.01 + 0.99 * rng.random(24))}
        p_values["3"] = smallest * 0.05 / 24
        verdicts = dict.fromkeys(p_values, SUPPORTED)
        standing = [n for n, one in all_tests.adjusted_verdicts(verdicts, p_values).items() if one.verdict == SUPPORTED]
        assert standing == (["3"] if smallest < 1 else [])
