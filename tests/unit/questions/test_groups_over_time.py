"""What chance, the years and the scale do to an index: by hand on a town of twelve buurten, and golden on Breda."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from estate import Cell, estate
from town import BUURTEN, indicator, town

from kloof.catalogue import Group
from kloof.figures import draw
from kloof.findings import CONTRADICTED, NOT_TESTABLE, SUPPORTED
from kloof.questions import groups, groups_over_time
from kloof.results import Section, join_sections
from kloof.run.in_notebook import header
from kloof.study.study import Study, open_study
from kloof.words.sentences import Narrator

PEOPLE = [1000] * 12


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda"})


def workers(by_year: dict[int, list[Any]], people: dict[int, list[Any]] | None = None) -> Study:
    """A town with the group of workers among the inhabitants, its buurten in three wijken of four."""
    study = town(
        {"workers": by_year, "inhabitants": people or dict.fromkeys(by_year, PEOPLE)},
        indicator("workers", rounding=1.0), groups=("work",), indicators=(), levels=(),
    )  # fmt: skip
    known = dataclasses.replace(study.known, groups={"work": Group("work", "werk", "work", "inhabitants", "workers")})
    parents = {code: f"WK0001{place // 4:02d}" for place, code in enumerate(BUURTEN)}
    areas = study.data.areas.assign(parent_code=study.data.areas["code"].map(parents))
    return dataclasses.replace(study, known=known, data=dataclasses.replace(study.data, areas=areas))


APART = [100, 100, 100, 100, 300, 300, 300, 300, 500, 500, 500, 500]
MIXED = [300] * 12


def dissimilarity(group: list[int], rest: list[int]) -> float:
    a, b = sum(group), sum(rest)
    return sum(abs(x / a - y / b) for x, y in zip(group, rest, strict=True)) / 2


def test_chance_by_hand() -> None:
    """An even town has D = 0 and is no further from chance than chance; a divided one is."""
    even = groups_over_time.chance_of_groups(Section("x"), workers({2016: MIXED})).set_index("index")
    assert even.loc["dissimilarity", "estimate"] == 0
    # 12 homes of 1000 people, 30 percent working: E D = T/2AB Σ E|a - tP| with E|a - tP| ≈ sqrt(2/π · tPQ(1 - t/T))
    expected = 12000 / (2 * 3600 * 8400) * 12 * np.sqrt(2 / np.pi * 1000 * 0.3 * 0.7 * (1 - 1 / 12))
    assert even.loc["dissimilarity", "expected"] == pytest.approx(expected, rel=0.02)
    assert even.loc["dissimilarity", "p_value"] > 0.9
    # taking off twice the push of chance leads below 0, where D ends
    assert (even.loc["dissimilarity", ["low", "high"]].tolist(), even[["low", "high"]].min(axis=None)) == ([0, 0], 0)
    apart = groups_over_time.chance_of_groups(Section("x"), workers({2016: APART})).set_index("index")
    own = dissimilarity(APART, [1000 - count for count in APART])
    found = apart.loc["dissimilarity"]
    assert found["estimate"] == pytest.approx(own)
    assert found["low"] < own < found["high"] and found["high"] - found["low"] < 0.05
    assert found["p_value"] == pytest.approx(1 / 10000)
    assert found["corrected"] == pytest.approx(own, abs=0.01) and found["corrected"] < own
    assert apart["corrected"].isna().tolist() == [False, True, True]


def test_the_parts_of_a_change_sum_to_it_and_name_the_mixing() -> None:
    made = groups_over_time.change_of_groups(Section("x"), workers({2016: APART, 2018: MIXED})).iloc[0]
    own = dissimilarity(APART, [1000 - count for count in APART])
    assert (made["first"], made["last"], made["buurten"]) == (2016, 2018, 12)
    assert (made["index_then"], made["index_later"], made["moved"]) == pytest.approx((own, 0.0, -own))
    assert made[[*groups_over_time.SPLIT.values()]].sum() == pytest.approx(made["moved"], abs=1e-10)
    assert made["structure"] == pytest.approx(-own, abs=1e-9)  # sizes and the share of workers stayed as they were
    assert made["low"] < made["moved"] < made["high"] < 0


def test_growth_of_the_buurten_alone_is_no_mixing_and_one_year_leaves_no_change() -> None:
    people = {2016: PEOPLE, 2018: [2000] * 4 + PEOPLE[4:]}
    jobs = {2016: APART, 2018: [200] * 4 + APART[4:]}
    made = groups_over_time.change_of_groups(Section("x"), workers(jobs, people)).iloc[0]
    assert made["structure"] == pytest.approx(0, abs=1e-9)
    assert made["sizes"] + made["group_size"] == pytest.approx(made["moved"], abs=1e-10)
    assert groups_over_time.change_of_groups(Section("x"), workers({2016: APART})).empty


def test_wijken_along_which_people_live_apart_keep_the_index_and_random_parts_do_not() -> None:
    section = Section("x")
    made = groups_over_time.scale_of_groups(section, workers({2016: APART})).iloc[0]
    assert made["by_buurt"] == pytest.approx(made["by_wijk"])  # four equal buurten in each wijk
    assert made["at_random"] < made["by_wijk"] and made["low"] <= made["at_random"] <= made["high"] < made["by_wijk"]
    assert made["wijken"] == 3
    assert list(section.figures) == ["03.scale"]
    study = workers({2016: APART})
    areas = study.data.areas.assign(parent_code="")
    alone = dataclasses.replace(study, data=dataclasses.replace(study.data, areas=areas))
    assert groups_over_time.scale_of_groups(Section("x"), alone).empty


def test_breda(breda: Study) -> None:
    """Golden: D = 0.2427 of 2017 (test_levels) with its 11 wijken; chance alone would give a seventh of it."""
    section = Section("03_how_segregated")
    chance = groups_over_time.chance_of_groups(section, breda).set_index(["group_name", "index"])
    found = chance.loc[("households_around_social_minimum", "dissimilarity")]
    assert found["estimate"] == pytest.approx(0.2427, abs=5e-5)
    assert 0.03 < found["expected"] < 0.04 and found["p_value"] == pytest.approx(0.0001)
    same = groups.index_table(breda, "inhabitants_aged_0_14").set_index(["index", "year"])["estimate"]
    change = groups_over_time.change_of_groups(section, breda).set_index("group_name")
    assert sorted(change.index) == [
        "inhabitants_aged_0_14", "inhabitants_aged_65_plus", "low_income_households",  # the minimum has one year
    ]  # fmt: skip
    assert change.loc["inhabitants_aged_0_14", "index_then"] == pytest.approx(same["dissimilarity", 2016], abs=1e-9)
    parts = change[[*groups_over_time.SPLIT.values()]].sum(axis=1)
    assert (parts - change["moved"]).abs().max() < 1e-10
    scale = groups_over_time.scale_of_groups(section, breda)
    assert set(scale["wijken"]) == {11}
    assert (scale["by_buurt"] > scale["by_wijk"]).all() and (scale["by_wijk"] > scale["at_random"]).all()
    for language in ("nl", "en"):
        teller = Narrator(join_sections(header(breda), [section.as_json()]), breda.known, language)
        assert "<svg" in draw.draw("03.scale", teller) and draw.alt("03.scale", teller)


def test_the_same_seed_gives_the_same_numbers() -> None:
    study = workers({2016: APART, 2018: MIXED})
    for step in (
        groups_over_time.chance_of_groups,
        groups_over_time.change_of_groups,
        groups_over_time.scale_of_groups,
    ):
        first, second = step(Section("x"), study), step(Section("x"), study)
        pd.testing.assert_frame_equal(first, second)


GROUP = "low_income_households"
HOMES: list[Cell] = [400.0 + 25 * place for place in range(12)]
SHARE = np.array([40.0, 35, 30, 25, 20, 15, 12, 10, 8, 6, 5, 4])
WOBBLE = np.array([0.6, -0.4, 0.3, -0.2, 0.5, -0.3, 0.2, -0.1, 0.3, -0.2, 0.1, -0.4])


def dissimilarity_of_shares(share: np.ndarray, homes: list[Cell]) -> float:
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
    ends = dissimilarity_of_shares(SHARE, HOMES), dissimilarity_of_shares(after, HOMES)
    assert (found.a.estimate, found.b.estimate) == pytest.approx(ends)
    assert found.estimate == pytest.approx(ends[1] - ends[0])
    assert (found.a.year, found.b.year, found.a.n_units) == (2016, 2019, 12)
    assert found.low is not None and found.high is not None and found.low < ends[1] - ends[0] < found.high
    assert found.coverage == pytest.approx(100)
    shares: dict[int, list[Cell]] = {2016: [float(v) for v in SHARE]}
    one = estate({f"{GROUP}_share": shares, "households": {2016: HOMES}})
    assert groups_over_time.index_change(one, GROUP, "x").reason == "one_year_only"
    assert groups_over_time.index_change(estate({"households": {2016: HOMES}}), GROUP, "x").reason == "no_counts"


def test_a_buurt_counts_only_when_both_years_have_it() -> None:
    """A buurt without a figure in the last year is left out of the first too, and of the coverage."""
    after: list[Cell] = [float(v) for v in SHARE + WOBBLE]
    after[11] = "suppressed"
    cells: dict[int, list[Cell]] = {2016: [float(v) for v in SHARE], 2019: after}
    study = estate({f"{GROUP}_share": cells, "households": {2016: HOMES, 2019: HOMES}}, draws=199)
    found = groups_over_time.index_change(study, GROUP, "x")
    assert found.a.n_units == found.b.n_units == 11
    assert found.a.estimate == pytest.approx(dissimilarity_of_shares(SHARE[:11], HOMES[:11]))
    total = sum(float(h) for h in HOMES)  # type: ignore[arg-type]
    assert found.coverage == pytest.approx(100 * (total - float(HOMES[11])) / total)  # type: ignore[arg-type]


def test_rounding_stretches_the_range_by_at_least_what_an_ill_rounded_figure_does() -> None:
    after = SHARE * np.linspace(1.2, 0.7, 12) + WOBBLE
    exact = groups_over_time.index_change(place(SHARE, after), GROUP, "x")
    rounded = groups_over_time.index_change(place(SHARE, after, rounding=1.0), GROUP, "x")
    assert rounded.estimate == pytest.approx(exact.estimate, abs=1e-6)
    shift = np.where(SHARE > 16, 0.5, -0.5)
    widest = dissimilarity_of_shares(after + shift, HOMES) - dissimilarity_of_shares(SHARE - shift, HOMES)
    assert exact.high is not None and rounded.high is not None and exact.low is not None and rounded.low is not None
    assert exact.estimate is not None
    assert rounded.high - exact.high >= widest - exact.estimate - 1e-9
    narrowest = dissimilarity_of_shares(after - shift, HOMES) - dissimilarity_of_shares(SHARE + shift, HOMES)
    assert exact.low - rounded.low >= exact.estimate - narrowest - 1e-9


@pytest.mark.parametrize(("after", "wanted"), [
    (SHARE * np.linspace(0.6, 1.7, 12) + WOBBLE, SUPPORTED),  # lived closer together
    (SHARE * np.linspace(1.5, 0.4, 12) + WOBBLE, CONTRADICTED),  # further apart
    (SHARE + 6 * WOBBLE, CONTRADICTED),  # a little, by more than matters: whether that is chance is not asked
    (SHARE + 0.5 * WOBBLE, SUPPORTED),  # too little to matter
])  # fmt: skip
def test_the_claim_says_that_it_did_not_grow(after: np.ndarray, wanted: str) -> None:
    section = Section("04")
    groups_over_time.sorting_by_income(section, place(SHARE, after))
    votes = {row.row: row for row in section.verdicts}
    assert (votes[GROUP].verdict, votes[GROUP].finding) == (wanted, f"04.index.{GROUP}")
    other = votes["households_around_social_minimum"]
    assert (other.verdict, other.missing) == (NOT_TESTABLE, ("households_around_social_minimum",))
