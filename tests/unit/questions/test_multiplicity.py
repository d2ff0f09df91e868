"""Holm by hand, and verdicts that do not survive it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.errors import CatalogueError
from kloof.findings import CONTRADICTED, NEGLIGIBLE, SUPPORTED, UNDECIDED
from kloof.questions import all_tests


def by_hand(p_values: list[float]) -> list[float]:
    """Holm 1979: the i-th smallest times (m - i), never below the one before, at most 1."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    made, most = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[place]))
        made[place] = most
    return made


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(deadline=None, max_examples=15)
def test_holm_is_what_holm_wrote(p_values: list[float]) -> None:
    named = {str(place): p for place, p in enumerate(p_values)}
    assert list(all_tests.holm(named).values()) == pytest.approx(by_hand(p_values))


def test_of_two_tests_the_smaller_counts_twice() -> None:
    assert all_tests.holm({"C1": 0.01, "C3": 0.04}) == pytest.approx({"C1": 0.02, "C3": 0.04})
    assert all_tests.holm({}) == {}


def test_verdicts_after_the_count() -> None:
    verdicts = {"C1": SUPPORTED, "C3": CONTRADICTED, "H1": NEGLIGIBLE, "H2": UNDECIDED}
    p_values = {"C1": 0.009, "C3": 0.03, "H1": 0.001, "H2": 0.6}
    found = all_tests.adjusted_verdicts(verdicts, p_values)
    assert {name: one.verdict for name, one in found.items()} == {
        "C1": SUPPORTED, "C3": UNDECIDED, "H1": NEGLIGIBLE, "H2": UNDECIDED,
    }  # fmt: skip
    assert found["C3"].alone == CONTRADICTED
    assert found["C3"].adjusted == pytest.approx(0.06)
    assert found["C1"].adjusted == pytest.approx(0.027)


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
