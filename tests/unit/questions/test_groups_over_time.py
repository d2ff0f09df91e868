"""What chance, the years and the scale do to an index: by hand on a town of twelve buurten, and golden on Breda."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from town import BUURTEN, indicator, town

from kloof.catalogue import Group
from kloof.figures import draw
from kloof.questions import groups, groups_over_time
from kloof.report.notebook import header
from kloof.results import Section, join_sections
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
    apart = groups_over_time.chance_of_groups(Section("x"), workers({2016: APART})).set_index("index")
    own = dissimilarity(APART, [1000 - count for count in APART])
    found = apart.loc["dissimilarity"]
    assert found["estimate"] == pytest.approx(own)
    assert found["low"] < own < found["high"] and found["high"] - found["low"] < 0.05
    assert found["p_value"] == pytest.approx(1 / 1000)
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


def test_growth_of_the_buurten_alone_is_no_mixing() -> None:
    people = {2016: PEOPLE, 2018: [2000] * 4 + PEOPLE[4:]}
    jobs = {2016: APART, 2018: [200] * 4 + APART[4:]}
    made = groups_over_time.change_of_groups(Section("x"), workers(jobs, people)).iloc[0]
    assert made["structure"] == pytest.approx(0, abs=1e-9)
    assert made["sizes"] + made["group_size"] == pytest.approx(made["moved"], abs=1e-10)


def test_one_year_or_a_break_leaves_no_change() -> None:
    assert groups_over_time.change_of_groups(Section("x"), workers({2016: APART})).empty


def test_wijken_along_which_people_live_apart_keep_the_index_and_random_parts_do_not() -> None:
    section = Section("x")
    made = groups_over_time.scale_of_groups(section, workers({2016: APART})).iloc[0]
    assert made["by_buurt"] == pytest.approx(made["by_wijk"])  # four equal buurten in each wijk
    assert made["at_random"] < made["by_wijk"] and made["low"] <= made["at_random"] <= made["high"] < made["by_wijk"]
    assert made["wijken"] == 3
    assert list(section.figures) == ["03.scale"]


def test_without_wijken_there_is_no_scale() -> None:
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
    assert 0.03 < found["expected"] < 0.04 and found["p_value"] == pytest.approx(0.001)
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
        assert "<svg" in draw.draw("03.scale", teller)
        assert draw.alt("03.scale", teller)


def test_the_same_seed_gives_the_same_numbers() -> None:
    study = workers({2016: APART, 2018: MIXED})
    for step in (
        groups_over_time.chance_of_groups,
        groups_over_time.change_of_groups,
        groups_over_time.scale_of_groups,
    ):
        first, second = step(Section("x"), study), step(Section("x"), study)
        pd.testing.assert_frame_equal(first, second)
