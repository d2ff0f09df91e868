"""Fewer of a group or more of others, and over how many buurten: worked by hand, by brute force, on real figures."""

import dataclasses
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from estate import Cell, estate, same
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tenures import heerlen

from kloof.errors import NotComputableError
from kloof.findings import HIGHER, LOWER, NOT_COMPUTABLE, SAME, UNCLEAR, judge
from kloof.methods.shares import share_change
from kloof.questions import dilution, groups, groups_over_time
from kloof.study import claims
from kloof.study.study import Study, open_study

LOW = "low_income_households"
ASSISTED = "social_assistance_recipients"


def people(group: dict[int, list[Cell]], others: dict[int, list[Any]], **changes: Any) -> Study:
    """A town counted by persons: a group and all others in each buurt, so that no share is in between."""
    whole = {year: [g + o for g, o in zip(group[year], others[year], strict=True)] for year in group}  # type: ignore[operator]
    return estate({ASSISTED: group, "inhabitants": whole}, **changes)


FIXED: list[Cell] = [200.0, 210, 190, 205, *[100.0] * 8]
AROUND = [800.0, 790, 810, 795, *[900.0] * 8]


def test_more_others_and_the_same_group_is_dilution() -> None:
    """Focus: 805 of 4000 before. Others grow by a quarter, the group stays: all of the change is theirs."""
    study = people({2016: FIXED, 2018: FIXED}, {2016: AROUND, 2018: [v * 1.25 for v in AROUND]})
    found = dilution.dilution_finding(study, ASSISTED, "x")
    before, after = 100 * 805 / 4000, 100 * 805 / (805 + 1.25 * 3195)
    value = {key: detail["value"] for key, detail in found.details.items()}
    assert (value["share_before"], value["share_after"]) == pytest.approx((before, after))
    assert (value["own_part"], value["others_part"]) == pytest.approx((0, after - before))
    assert found.estimate == pytest.approx(after - before)
    assert {found.details[key]["decimals"] for key in ("share_before", "share_after", "own_part", "lead_low")} == {1}
    assert value["lead"] == pytest.approx(value["others_part"] - value["own_part"])
    assert max(value["others_part_low"], value["lead_low"]) == pytest.approx(found.low)
    assert max(value["others_part_high"], value["lead_high"]) == pytest.approx(found.high)
    assert (judge(found), found.unit, found.indicator) == (LOWER, "points", ASSISTED)
    table = dilution.parts_table(found)
    assert table["end"].tolist() == pytest.approx([before, before, after, after])
    assert table["start"].tolist() == pytest.approx([0, before, before, 0])


def test_both_conditions_must_hold() -> None:
    """The group grows and others hardly: others press the share by less than nothing that can be told apart.

    m = part of the others, v = part of the group: m - v is far below 0, m is not, so the larger one, m, is told.
    """
    growing = [v * 1.5 for v in FIXED]  # type: ignore[operator]
    others = [v * f for v, f in zip(AROUND, [1.1, 0.9, 1.12, 0.9, *[1.0] * 8], strict=True)]
    found = dilution.dilution_finding(people({2016: FIXED, 2018: growing}, {2016: AROUND, 2018: others}), ASSISTED, "x")
    m, v = (found.details[key]["value"] for key in ("others_part", "own_part"))
    assert m - v < -5
    assert (found.estimate, judge(found)) == (pytest.approx(m), UNCLEAR)
    study = people({2016: FIXED, 2018: [v / 2 for v in FIXED]}, {2016: AROUND, 2018: AROUND})  # type: ignore[operator]
    found = dilution.dilution_finding(study, ASSISTED, "x")
    assert (judge(found), found.details["others_part"]["value"]) == (HIGHER, pytest.approx(0))


def test_rounding_widens_what_chance_leaves_and_the_difference_of_the_parts() -> None:
    rows = {2016: FIXED, 2018: FIXED}, {2016: AROUND, 2018: [v * 1.02 for v in AROUND]}
    exact = dilution.dilution_finding(people(*rows), ASSISTED, "x")
    coarse = dilution.dilution_finding(people(*rows, counts=100.0), ASSISTED, "x")
    assert exact.estimate == coarse.estimate
    assert (coarse.low or 0) < (exact.low or 0) < (exact.high or 0) < (coarse.high or 0)
    assert (judge(exact), judge(coarse)) == (LOWER, UNCLEAR)
    # where the group halves by itself the difference decides: each count may be off the worst way
    rows = {2016: FIXED, 2018: [v / 2 for v in FIXED]}, {2016: AROUND, 2018: AROUND}  # type: ignore[operator]
    exact, coarse = (dilution.dilution_finding(people(*rows, counts=step), ASSISTED, "x") for step in (0.0, 5.0))
    study = people(*rows, counts=5.0)
    held = dilution.members(study, ASSISTED)
    counted, reach = held.counted(study.focus.codes), held.reach(study.focus.codes)
    split = share_change(counted, reach)
    own, around = split.fewer_vulnerable_range, split.more_others_range
    assert own is not None
    assert around is not None
    assert reach == pytest.approx(5.0)  # 2.5 of the whole and 2.5 of the group
    assert exact.estimate == coarse.estimate == pytest.approx(split.more_others - split.fewer_vulnerable)
    for end, limit in (("low", around[0] - own[1]), ("high", around[1] - own[0])):
        wider = getattr(coarse, end) - getattr(exact, end)
        assert wider == pytest.approx(limit - coarse.estimate)


def test_members_are_counted_with_their_bounds_and_what_is_left_out() -> None:
    """40 percent of 500 is 200; with half a point and 2.5 households: 39.5 % of 497.5 to 40.5 % of 502.5."""
    study = estate({f"{LOW}_share": {2016: same(40), 2018: same(40)}, "households": {2016: same(500), 2018: same(600)}},
                   rounding=1.0, counts=5.0)  # fmt: skip
    held = dilution.members(study, LOW)
    assert held.group[0].tolist() == pytest.approx([200, 240])
    assert (held.group_low[0, 0], held.group_high[0, 0]) == pytest.approx((0.395 * 497.5, 0.405 * 502.5))
    assert (held.others_low[0, 0], held.others_high[0, 0]) == pytest.approx((0.595 * 497.5, 0.605 * 502.5))
    assert held.reach(held.codes) == pytest.approx(max(0.405 * 602.5 - 240, 0.605 * 602.5 - 360))
    rows: dict[int, list[Cell]] = {year: same(40) for year in (2016, 2018)}
    rows[2018] = ["suppressed", *same(40)[1:]]
    study = estate({f"{LOW}_share": rows, "households": dict.fromkeys((2016, 2018), same(500))})
    held = dilution.members(study, LOW)
    assert (len(held.codes), held.set_aside[0].rows, held.coverage) == (11, 1, pytest.approx(100 * 11 / 12))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"income": {2016: same(1)}}, "no_figures"),
        ({f"{LOW}_share": {2016: same(40)}, "households": {2016: same(500)}}, "one_year_only"),
        ({f"{LOW}_share": {2016: same(40), 2018: same(40)}, "households": {}}, "no_counts"),
        (
            {f"{LOW}_share": {2016: [40.0, *["suppressed"] * 11]}, "households": {2016: same(500)}},
            "too_little_measured",
        ),
        (  # each year in other buurten, as in files with other codes
            {
                f"{LOW}_share": {2016: [*same(40)[:6], *[None] * 6], 2018: [*[None] * 6, *same(40)[6:]]},
                "households": dict.fromkeys((2016, 2018), same(500)),
            },
            "too_little_measured",
        ),
    ],
)
def test_what_cannot_be_counted_says_why(cells: Any, reason: str) -> None:
    study = estate(cells)
    with pytest.raises(NotComputableError) as problem:
        dilution.members(study, LOW)
    assert problem.value.reason == reason
    for found in (
        dilution.dilution_finding(study, LOW, "x"), dilution.spread_finding(study, LOW, "x"),
        dilution.where_finding(study, LOW, "x"),
    ):  # fmt: skip
        assert (judge(found), found.reason) == (NOT_COMPUTABLE, reason)


def test_a_list_without_counts_or_a_base_of_another_source_says_so() -> None:
    study = people({2016: FIXED, 2018: FIXED}, {2016: AROUND, 2018: AROUND})
    elsewhere = dataclasses.replace(study.focus, codes=("BU99990000",))
    found = dilution.dilution_finding(study, ASSISTED, "x", elsewhere)
    assert (judge(found), found.reason) == (NOT_COMPUTABLE, "too_few_buurten")
    study = estate(
        {f"{LOW}_share": dict.fromkeys((2016, 2018), same(40)), "households": {2016: same(500), 2018: same(500)}}
    )
    rows = study.data.observations
    apart = rows.assign(source=rows["source"].where(rows["indicator"] != "households", "elsewhere"))
    study = dataclasses.replace(study, data=dataclasses.replace(study.data, observations=apart))
    with pytest.raises(NotComputableError) as problem:
        dilution.members(study, LOW)
    assert problem.value.reason == "another_source"
    [first, _] = groups.group_counts(study, LOW)
    assert (first.undefined, first.codes, first.n_apart, first.n_missing) == ("another_source", (), 12, 12)
    assert groups_over_time.index_change(study, LOW, "x").reason == "another_source"


def test_where_the_group_went() -> None:
    later = [v + d for v, d in zip(FIXED, [-50, -30, 0, 10, 20, 20, 0, 0, 0, 0, 0, -5], strict=True)]  # type: ignore[operator]
    study = people({2016: FIXED, 2018: later}, {2016: AROUND, 2018: AROUND})
    found = dilution.where_finding(study, ASSISTED, "x")
    assert {key: detail["value"] for key, detail in found.details.items()} == {
        "in_focus": -70, "in_rest": 35, "in_city": -35,
    }  # fmt: skip
    assert found.unit == "persons"
    table = dilution.where_table(study, dilution.members(study, ASSISTED))
    assert table["number_change"].tolist()[:3] == [-50, -30, -5]
    assert table["group"].tolist()[:3] == ["focus", "focus", "rest"]


def test_the_parts_of_an_index_add_up_and_dissimilarity_has_no_composition() -> None:
    rng = np.random.default_rng(3)
    first, second = ([float(v) for v in rng.integers(50, 300, 12)] for _ in range(2))
    study = people({2016: first, 2018: second}, {2016: AROUND, 2018: [v * 1.1 for v in AROUND]})
    table = dilution.split_table(ASSISTED, dilution.members(study, ASSISTED)).set_index("index")
    parts = table[["composition", "spread_of_group", "spread_of_others"]]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(table["change"].to_numpy())
    assert (table["after"] - table["before"]).to_numpy() == pytest.approx(table["change"].to_numpy())
    assert table.loc["dissimilarity", "composition"] == pytest.approx(0)
    # the isolation index by its formula: the mean, over members, of the group's share of their buurt
    isolation = [sum(g / sum(row) * g / (g + o) for g, o in zip(row, rest, strict=True))
                 for row, rest in ((first, AROUND), (second, [v * 1.1 for v in AROUND]))]  # fmt: skip
    assert table.loc["isolation", ["before", "after"]].tolist() == pytest.approx(isolation)


@given(st.lists(st.tuples(st.floats(1, 50), st.floats(0, 6)), min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_its_range_holds_every_corner_and_the_middle(boxes: list[tuple[float, float]]) -> None:
    low = np.array([max(value - reach, 0.5) for value, reach in boxes])
    high = np.array([value + reach for value, reach in boxes])
    lowest, highest = dilution.effective_range(low, high)
    corners = [dilution.effective_number(np.array(one)) for one in itertools.product(*zip(low, high, strict=True))]
    assert 1 <= lowest <= min(corners) + 1e-9
    assert lowest <= dilution.effective_number((low + high) / 2) + 1e-9
    assert highest >= max(corners) - 1e-6
    grid = [dilution.effective_number(low + (high - low) * t) for t in np.linspace(0, 1, 7)]
    assert highest >= max(grid) - 1e-6


def test_a_group_that_gathers_is_found_and_a_still_one_is_the_same() -> None:
    rng = np.random.default_rng(1)
    first: list[Cell] = [float(v) for v in 100 + rng.normal(0, 3, 12)]
    gathered = [v * (3.0 if place < 3 else 0.3) for place, v in enumerate(first)]  # type: ignore[operator]
    around = [1000.0] * 12
    found = dilution.spread_finding(people({2016: first, 2018: gathered}, {2016: around, 2018: around}), ASSISTED, "x")
    assert judge(found) == LOWER
    before, after = (sum(row) ** 2 / sum(v * v for v in row) for row in (first, gathered))  # type: ignore[operator, arg-type]
    assert (found.a.estimate, found.b.estimate) == pytest.approx((before, after))
    assert (found.estimate, found.unit, found.focus) == (pytest.approx(after - before), "neighbourhoods", None)
    moved = [v + d for v, d in zip(first, rng.normal(0, 0.5, 12), strict=True)]  # type: ignore[operator]
    still = dilution.spread_finding(people({2016: first, 2018: moved}, {2016: around, 2018: around}), ASSISTED, "x")
    assert judge(still) == SAME
    assert still.smallest_effect == claims.registry().claims["H4"]["smallest_effect"] == 1.0
    assert dilution.effective_number(np.array([7.0] * 5)) == pytest.approx(5)
    assert dilution.effective_number(np.array([9.0, 0, 0])) == pytest.approx(1)
    assert dilution.effective_number(np.array([2.0, 1, 1])) == pytest.approx(16 / 6)


@pytest.mark.shared
def test_households_around_the_minimum_in_heerlen(shared: Path) -> None:
    """Golden: CBS key figures of Heerlen 2016 and 2018 by name with sqlite3, formulas written out.

    In the 11 poorest buurten 16.49 % became 16.07 %, half by the group and half by others; the effective number of
    buurten went from 29.18 to 28.90.
    """
    path = shared / "data" / "kwb" / "heerlen_2016_2020.db"
    income = heerlen(path, 2016, "Inkomen_Inkomen_van_personen_Gemiddeld_inkomen_per_inwoner\u00a0")
    poorest = sorted(income, key=lambda name: (income[name], name))[:11]
    shares = {
        y: heerlen(path, y, "Inkomen_Inkomen_van_huishoudens_Huish_onder_of_rond_sociaal_minimum") for y in (2016, 2018)
    }
    homes = {y: heerlen(path, y, "Bevolking_Particuliere_huishoudens_Huishoudens_totaal") for y in (2016, 2018)}
    both = sorted(set(shares[2016]) & set(shares[2018]))
    counts = {y: {name: shares[y][name] / 100 * homes[y][name] for name in both} for y in (2016, 2018)}
    v0, v1 = (sum(counts[y][name] for name in poorest) for y in (2016, 2018))
    o0, o1 = (sum(homes[y][name] for name in poorest) - v for y, v in ((2016, v0), (2018, v1)))
    own = 50 * (v1 / (v1 + o0) - v0 / (v0 + o0) + v1 / (v1 + o1) - v0 / (v0 + o1))
    study = open_study({"preset": "heerlen", "source": str(path)})
    found = dilution.dilution_finding(study, "households_around_social_minimum", "x")
    value = {key: detail["value"] for key, detail in found.details.items()}
    assert value["own_part"] == pytest.approx(own, abs=1e-9)
    assert value["change"] == pytest.approx(100 * (v1 / (v1 + o1) - v0 / (v0 + o0)), abs=1e-9)
    assert (value["share_before"], value["share_after"]) == pytest.approx((16.49, 16.07), abs=0.005)
    spread = dilution.spread_finding(study, "households_around_social_minimum", "x")
    for side, year in ((spread.a, 2016), (spread.b, 2018)):
        row = list(counts[year].values())
        assert side.estimate == pytest.approx(math.fsum(row) ** 2 / math.fsum(v * v for v in row), abs=1e-9)
        assert side.n_units == 48


def test_without_figures_of_a_group_nothing_of_its_people_is_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise NotComputableError("one_year_only", "of one year only")

    monkeypatch.setattr(dilution, "members", none)
    found = dilution.spread_finding(open_study({"preset": "breda"}), ASSISTED, "x")
    assert (found.reason, found.coverage, judge(found)) == ("one_year_only", 0.0, NOT_COMPUTABLE)
