"""Did a group come to live further apart (H11)? The change of D by hand, and what rounding can add to it."""

from typing import Any

import numpy as np
import pytest
from estate import Cell, estate

from kloof.findings import CONTRADICTED, NOT_TESTABLE, SUPPORTED
from kloof.questions import groups_over_time
from kloof.results import Section
from kloof.study.study import Study

GROUP = "low_income_households"
HOMES: list[Cell] = [400.0 + 25 * place for place in range(12)]
SHARE = np.array([40.0, 35, 30, 25, 20, 15, 12, 10, 8, 6, 5, 4])
WOBBLE = np.array([0.6, -0.4, 0.3, -0.2, 0.5, -0.3, 0.2, -0.1, 0.3, -0.2, 0.1, -0.4])


def dissimilarity(share: np.ndarray, homes: list[Cell]) -> float:
    """Half the sum of differences between where the group and where the rest live (Duncan & Duncan 1955)."""
    base = np.array([float(h) for h in homes])  # type: ignore[arg-type]
    group, rest = share / 100 * base, (1 - share / 100) * base
    return float(np.abs(group / group.sum() - rest / rest.sum()).sum() / 2)


def place(before: np.ndarray, after: np.ndarray, **changes: Any) -> Study:
    """A town with the shares of the group in two years."""
    cells: dict[int, list[Cell]] = {2016: list(before.tolist()), 2019: list(after.tolist())}
    return estate({f"{GROUP}_share": cells, "households": {2016: HOMES, 2019: HOMES}}, draws=199, **changes)


def test_the_change_is_that_of_two_indices() -> None:
    after = SHARE * np.linspace(1.3, 0.5, 12) + WOBBLE
    found = groups_over_time.index_change(place(SHARE, after), GROUP, "x")
    ends = dissimilarity(SHARE, HOMES), dissimilarity(after, HOMES)
    assert (found.a.estimate, found.b.estimate) == pytest.approx(ends)
    assert found.estimate == pytest.approx(ends[1] - ends[0])
    assert (found.a.year, found.b.year, found.a.n_units) == (2016, 2019, 12)
    assert found.low is not None and found.high is not None and found.low < ends[1] - ends[0] < found.high
    assert found.coverage == pytest.approx(100)


def test_a_buurt_counts_only_when_both_years_have_it() -> None:
    """A buurt without a figure in the last year is left out of the first too, and of the coverage."""
    after: list[Cell] = [float(v) for v in SHARE + WOBBLE]
    after[11] = "suppressed"
    cells: dict[int, list[Cell]] = {2016: [float(v) for v in SHARE], 2019: after}
    study = estate({f"{GROUP}_share": cells, "households": {2016: HOMES, 2019: HOMES}}, draws=199)
    found = groups_over_time.index_change(study, GROUP, "x")
    assert found.a.n_units == found.b.n_units == 11
    assert found.a.estimate == pytest.approx(dissimilarity(SHARE[:11], HOMES[:11]))
    total = sum(float(h) for h in HOMES)  # type: ignore[arg-type]
    assert found.coverage == pytest.approx(100 * (total - float(HOMES[11])) / total)  # type: ignore[arg-type]


def test_rounding_stretches_the_range_by_at_least_what_an_ill_rounded_figure_does() -> None:
    after = SHARE * np.linspace(1.2, 0.7, 12) + WOBBLE
    exact = groups_over_time.index_change(place(SHARE, after), GROUP, "x")
    rounded = groups_over_time.index_change(place(SHARE, after, rounding=1.0), GROUP, "x")
    assert rounded.estimate == pytest.approx(exact.estimate, abs=1e-6)
    shift = np.where(SHARE > 16, 0.5, -0.5)
    widest = dissimilarity(after + shift, HOMES) - dissimilarity(SHARE - shift, HOMES)
    assert exact.high is not None and rounded.high is not None and exact.low is not None and rounded.low is not None
    assert exact.estimate is not None
    assert rounded.high - exact.high >= widest - exact.estimate - 1e-9
    narrowest = dissimilarity(after - shift, HOMES) - dissimilarity(SHARE + shift, HOMES)
    assert exact.low - rounded.low >= exact.estimate - narrowest - 1e-9


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        (SHARE * np.linspace(0.6, 1.7, 12) + WOBBLE, SUPPORTED),  # lived closer together
        (SHARE * np.linspace(1.5, 0.4, 12) + WOBBLE, CONTRADICTED),  # further apart
        (SHARE + 6 * WOBBLE, CONTRADICTED),  # a little, by more than matters: whether that is chance is not asked
        (SHARE + 0.5 * WOBBLE, SUPPORTED),  # too little to matter
    ],
)
def test_the_claim_says_that_it_did_not_grow(after: np.ndarray, wanted: str) -> None:
    section = Section("04")
    groups_over_time.sorting_by_income(section, place(SHARE, after))
    votes = {row.row: row for row in section.verdicts}
    assert votes[GROUP].verdict == wanted
    assert votes[GROUP].finding == f"04.index.{GROUP}"
    other = votes["households_around_social_minimum"]
    assert (other.verdict, other.missing) == (NOT_TESTABLE, ("households_around_social_minimum",))


def test_what_lacks_says_why() -> None:
    shares: dict[int, list[Cell]] = {2016: [float(v) for v in SHARE]}
    one = estate({f"{GROUP}_share": shares, "households": {2016: HOMES}})
    assert groups_over_time.index_change(one, GROUP, "x").reason == "one_year_only"
    assert groups_over_time.index_change(estate({"households": {2016: HOMES}}), GROUP, "x").reason == "no_counts"
