"""The curve of all combinations: shares and flips counted by hand and in loops, order irrelevant, faults named."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kloof.errors import ParameterError, SchemaError
from kloof.findings import CONTRADICTED, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED, UNDECIDED, VERDICTS
from kloof.questions import robustness
from kloof.questions.robustness import DEPENDS, NO_VERDICT, ROBUST, specification_curve

CHOICES = ("focus", "weights", "window")
OPTIONS = {"focus": ("union", "press"), "weights": ("people", "none"), "window": (2014, 2015, 2016)}
HEADLINE = {"focus": "union", "weights": "people", "window": 2014}


def grid(verdicts: list[str]) -> pd.DataFrame:
    rows = list(product(*OPTIONS.values()))
    table = pd.DataFrame(rows, columns=list(CHOICES))
    estimate = np.arange(len(rows)) * np.array([1.0, -1.0] * (len(rows) // 2))
    return table.assign(estimate=estimate, low=estimate - 1, high=estimate + 1, verdict=verdicts)


def test_robust_undecided_and_open_by_hand() -> None:
    # 12 combinations; one undecided: 11 of 12 agree, nothing decides otherwise
    found = specification_curve(grid([SUPPORTED] * 11 + [UNDECIDED]), CHOICES, HEADLINE)
    assert (found.verdict, found.label, found.depends_on) == (SUPPORTED, ROBUST, ())
    assert (found.votes, found.agree, found.agree_share, found.not_tested) == (12, 11, pytest.approx(11 / 12), 0)
    # with three undecided of twelve a quarter does not agree
    assert specification_curve(grid([SUPPORTED] * 9 + [UNDECIDED] * 3), CHOICES, HEADLINE).label == DEPENDS
    assert specification_curve(grid([SUPPORTED] * 9 + [UNDECIDED] * 3), CHOICES, HEADLINE, 0.75).label == ROBUST
    # one combination that decides otherwise is enough
    assert specification_curve(grid([SUPPORTED] * 11 + [CONTRADICTED]), CHOICES, HEADLINE).label == DEPENDS
    none = specification_curve(grid([UNDECIDED] * 12), CHOICES, HEADLINE)
    assert (none.verdict, none.label, none.agree_share, none.depends_on) == (UNDECIDED, "open", None, ())
    one = specification_curve(grid([UNDECIDED] * 11 + [SUPPORTED]), CHOICES, HEADLINE)
    assert (one.label, one.agree_share) == (DEPENDS, None)  # a way that decides is what it depends on
    table = grid([SUPPORTED] * 6 + [UNDECIDED] * 5 + [NOT_TESTABLE])
    table.loc[11, ["estimate", "low", "high"]] = np.nan
    before = table.copy()
    curve = specification_curve(table, CHOICES, HEADLINE).curve
    pd.testing.assert_frame_equal(table, before)
    assert curve["place"].tolist() == list(range(12))
    assert curve["estimate"].iloc[:11].is_monotonic_increasing and np.isnan(curve["estimate"].iloc[11])
    assert (curve.loc[curve["is_headline"], list(CHOICES)].to_dict("records"), curve["agrees"].sum()) == ([HEADLINE], 6)


def test_the_choice_that_flips_is_named() -> None:
    # the press list says negligible whatever the rest
    table = grid([SUPPORTED] * 6 + [NEGLIGIBLE] * 6)
    found = specification_curve(table, CHOICES, HEADLINE)
    assert (found.label, found.depends_on) == (DEPENDS, ("focus",))
    by = found.choices.set_index("choice")
    # 6 pairs differ in the list only, all flip; 6 in weights only; 4 windows of 3 pairs each
    assert by.loc["focus", ["pairs", "flips", "flip_share"]].tolist() == [6, 6, 1.0]
    assert by.loc["weights", ["pairs", "flips", "flip_share"]].tolist() == [6, 0, 0.0]
    assert by.loc["window", ["pairs", "flips", "flip_share"]].tolist() == [12, 0, 0.0]
    assert (by.loc["focus", "from_headline"], by.loc["window", "from_headline"]) == (("press",), ())
    shares = found.options.set_index(["choice", "option"])["agree_share"]
    assert (shares["focus", "union"], shares["focus", "press"], shares["window", 2015]) == (1.0, 0.0, 0.5)
    table = pd.DataFrame({"window": [1, 2], "estimate": [1.0, 2], "low": [0.0, 1], "high": [2.0, 3],
                          "verdict": [UNDECIDED, SUPPORTED]})  # fmt: skip
    found = robustness.specification_curve(table, ["window"], {"window": 1})
    assert (found.label, found.depends_on, found.choices.loc[0, "from_headline"]) == (DEPENDS, ("window",), (2,))


@given(drawn=st.lists(st.sampled_from(VERDICTS), min_size=12, max_size=12), seed=st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_flips_against_all_pairs_and_order(drawn: list[str], seed: int) -> None:
    table = grid(drawn)
    found = specification_curve(table, CHOICES, HEADLINE)
    rows = [row for row in table.to_dict("records") if row["verdict"] != NOT_TESTABLE]
    for name in CHOICES:
        pairs = [(a, b) for a, b in combinations(rows, 2) if {key for key in CHOICES if a[key] != b[key]} == {name}]
        row = found.choices.set_index("choice").loc[name]
        assert (row["pairs"], row["flips"]) == (len(pairs), sum(a["verdict"] != b["verdict"] for a, b in pairs))
    assert found.votes + found.not_tested == 12
    if drawn[0] == NOT_TESTABLE:
        assert (found.label, found.agree_share, found.depends_on) == (NO_VERDICT, None, ())
    else:
        assert found.agree == sum(row["verdict"] == drawn[0] for row in rows)
    shuffled = specification_curve(table.sample(frac=1, random_state=seed), CHOICES, HEADLINE)
    pd.testing.assert_frame_equal(shuffled.curve, found.curve)
    assert (shuffled.label, set(shuffled.depends_on)) == (found.label, set(found.depends_on))


def test_faults_are_named_all_at_once() -> None:
    table = grid([SUPPORTED] * 12)
    with pytest.raises(SchemaError, match=r"2 faults.*column length is missing.*column low is missing"):
        specification_curve(table.drop(columns="low"), [*CHOICES, "length"], HEADLINE)
    bad = pd.concat([table, table.tail(1)], ignore_index=True)
    bad.loc[0, "verdict"], bad.loc[1, "focus"] = "TRUE", None
    with pytest.raises(SchemaError, match=r"3 faults.*missing in row 1.*unknown verdict TRUE.*twice in row 12"):
        specification_curve(bad, CHOICES, HEADLINE)
    with pytest.raises(SchemaError, match="no choice is named"):
        specification_curve(table, [], {})
    with pytest.raises(ParameterError, match=r"headline \(focus = other, weights = people, window = 2014\) is not"):
        specification_curve(table, CHOICES, {**HEADLINE, "focus": "other"})
    with pytest.raises(ParameterError, match="agree_minimum must be between 0 and 1, got 80"):
        specification_curve(table, CHOICES, HEADLINE, 80)
