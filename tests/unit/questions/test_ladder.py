"""Buurten placed by an earlier year, and what is said of top and bottom: by hand, by another formula, on Breda."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import real
from scipy import stats
from town import BUURTEN, PEOPLE, indicator, town

from kloof.findings import (
    CONTRADICTED,
    HIGHER,
    LOWER,
    MIXED,
    NEGLIGIBLE,
    NOT_COMPUTABLE,
    SAME,
    SUPPORTED,
    UNCLEAR,
    judge,
    verdict_of,
)
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.methods.mobility import RANKS
from kloof.questions import all_tests, ladder, starting_place
from kloof.questions import gap_changes as gaps
from kloof.questions.starting_place import Placed, in_constant_prices, place, placed_variants
from kloof.results import Section
from kloof.schema import empty_observations
from kloof.study import claims
from kloof.study.load import price_index
from kloof.study.study import Study, open_study

LEVELS = [float(level) for level in range(10, 22)]
ALIKE = [100.0] * 12
T_3 = 3.182446305284263  # t, 3 degrees of freedom: 97.5 %
T_3_WIDE = 4.176534848  # and 98.75 %
TOP = (4.0, 5.0, 6.0, 5.0)
STILL = (0.0, 0.2, -0.2, 0.0)
MIDDLE = (0.8, 1.2, 1.0, 1.0)


def study(*years: list[float], name: str = "poor", **changes: Any) -> Study:
    """A town with one indicator, everybody alike in size; percentages of something that is better when it is higher."""
    base = {"better": 1, "rounding": 0.0, "universe": "inhabitants", "smallest_effect": 1.0}
    entry = indicator(name, **{**base, **changes})
    cells = {"inhabitants": {2015: ALIKE}, name: dict(zip((2015, 2016, 2019), years, strict=False))}
    made = town(cells, entry)
    units = {**made.known.units, "rank_points": {"change": "rank_points"}}
    return dataclasses.replace(made, known=dataclasses.replace(made.known, units=units))


def moved(bottom: tuple[float, ...], top: tuple[float, ...], **changes: Any) -> tuple[Study, Placed]:
    after = np.array(LEVELS) + np.r_[bottom, MIDDLE, top]
    made = study(LEVELS, LEVELS, list(after), **changes)
    return made, place(made, changes.get("name", "poor"))


def test_the_first_year_places_and_the_second_starts_the_change_in_its_prices(project: Path) -> None:
    made = study(LEVELS[::-1], LEVELS, [level + 1 for level in LEVELS])
    placed = place(made, "poor")
    assert (placed.base.tolist(), placed.base_year, placed.years) == (LEVELS[::-1], 2015, (2016, 2019))
    assert (placed.moves.before.tolist(), placed.flags) == (LEVELS, ())
    with (project / "data" / "price_index.csv").open(encoding="utf-8") as file:
        index = {int(row["year"]): float(row["index"]) for row in csv.DictReader(file)}
    placed = place(study(LEVELS, LEVELS, LEVELS, name="income"), "income")
    assert placed.moves.before.tolist() == pytest.approx(LEVELS)
    assert placed.moves.after.tolist() == pytest.approx([level * index[2016] / index[2019] for level in LEVELS])
    assert placed.base.tolist() == pytest.approx([level * index[2016] / index[2015] for level in LEVELS])
    assert "constant_prices" in placed.flags
    # a dwelling value is of a year before its table
    earlier = place(study(LEVELS, LEVELS, LEVELS, name="income", measured=-1.0), "income")
    assert earlier.moves.after.tolist() == pytest.approx([level * index[2015] / index[2018] for level in LEVELS])


def test_with_two_years_another_figure_of_the_claim_places(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = claims.registry()
    changed = {**rules.claims, "C4": {**rules.claims["C4"], "indicators": ["poor", "income"]}}
    monkeypatch.setattr(claims, "registry", lambda: dataclasses.replace(rules, claims=changed))
    poor = indicator("poor", better=1, rounding=0.0, universe="inhabitants", smallest_effect=1.0)
    other = [5.0, "suppressed", *LEVELS[2:]]
    cells: Any = {"inhabitants": {2015: ALIKE}, "poor": {2015: LEVELS, 2016: LEVELS},
                  "income": {2014: other, 2016: ALIKE}}  # fmt: skip
    placed = place(town(cells, poor), "poor")
    assert (placed.base_year, placed.years) == (2014, (2015, 2016))  # not the income of 2016: that is after the start
    assert (placed.flags, placed.base.tolist()) == (("placed_otherwise",), [5.0, *LEVELS[2:]])
    panel = placed.track.panel
    assert BUURTEN[1] not in panel.codes and BUURTEN[1] in panel.missing
    assert panel.coverage == pytest.approx(100 * 11 / 12)
    del cells["income"]
    placed = place(town(cells, poor), "poor")
    assert (placed.track.panel, placed.track.reason) == (None, "no_earlier_year")


def test_a_year_without_a_price_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    made = study(LEVELS, LEVELS, LEVELS, name="income")
    monkeypatch.setattr(gaps, "price_index", lambda *_: ({2015: 100.0, 2016: 101.0}, ("x",)))
    track = in_constant_prices(made, gaps.follow(made, "income"))
    assert (track.panel, track.reason) == (None, "no_price_index")
    found = ladder.matthew(made, place(made, "income"), ABSOLUTE, "x", 3)
    assert (judge(found), found.reason) == (NOT_COMPUTABLE, "no_price_index")


def test_consumer_prices_are_those_that_cbs_published(project: Path) -> None:
    """CBS, 71905ned (1900 = 100): 2772.8 in 2014, 2962.7 in 2019; and the yearly changes it published."""
    index, _ = price_index(empty_observations(), range(2014, 2025))
    assert (index[2014], index[2019]) == (2772.8, 2962.7)
    for year, change in {2015: 0.6, 2016: 0.3, 2017: 1.4, 2018: 1.7, 2019: 2.6, 2020: 1.3, 2021: 2.7, 2022: 10.0,
                         2023: 3.8, 2024: 3.3}.items():  # fmt: skip
        assert 100 * (index[year] / index[year - 1] - 1) == pytest.approx(change, abs=0.06)


def test_what_moved_in_a_town_where_the_top_alone_gained() -> None:
    """Four top buurten: mean 5, HC3 error √2/3; four bottom ones: mean 0, error √0.08/3. The smallest change is 1."""
    made, placed = moved(STILL, TOP)
    found = ladder.matthew(made, placed, ABSOLUTE, "06.poor.absolute", 3)
    top, bottom = np.sqrt(2) / 3, np.sqrt(0.08) / 3
    details = {name: entry["value"] for name, entry in found.details.items()}
    assert details["top"] == pytest.approx(5)
    assert (details["bottom_buurten"], details["top_buurten"]) == (len(STILL), len(TOP))
    assert (details["top_low"], details["top_high"]) == pytest.approx((5 - T_3 * top, 5 + T_3 * top))
    assert (details["bottom_low"], details["bottom_high"]) == pytest.approx((-T_3 * bottom, T_3 * bottom))
    assert found.estimate == pytest.approx(1)  # what the bottom stays under the smallest change; the top has 5
    assert (found.low, found.high) == (pytest.approx(1 - T_3 * bottom), pytest.approx(1 + T_3_WIDE * bottom))
    assert (judge(found), found.measure, details["year_base"], details["groups"]) == (HIGHER, ABSOLUTE, 2015, 3)
    found = ladder.top_change(made, placed, "06.poor.top", 3)
    assert (found.a.estimate, found.b.estimate, found.estimate) == pytest.approx((19.5, 24.5, 5))
    assert (found.low, found.high) == pytest.approx((5 - T_3 * np.sqrt(2) / 3, 5 + T_3 * np.sqrt(2) / 3))
    assert (judge(found), found.a.n_units, found.a.year, found.b.year) == (HIGHER, 4, 2016, 2019)
    assert "small_quantile" in found.flags
    # bottom 0 on average, the others 1 (four of them) and 5 (four): 3 behind. HC3: sums of squares over (n - 1)²
    found = ladder.behind(made, placed, ABSOLUTE, "x", 3)
    rest = np.r_[MIDDLE, TOP]
    error = np.sqrt(0.08 / 9 + ((rest - 3) ** 2).sum() / 49)
    t_11 = 2.200985160082949
    assert (found.estimate, found.low, found.high) == pytest.approx((3, 3 - t_11 * error, 3 + t_11 * error))
    assert judge(found) == HIGHER
    relative = ladder.behind(made, placed, RELATIVE, "x", 3)
    grown = 100 * np.r_[STILL, MIDDLE, TOP] / np.array(LEVELS)
    assert (relative.estimate, relative.smallest_effect) == (pytest.approx(grown[4:].mean() - grown[:4].mean()), 2.0)
    wider = ladder.behind(*moved(STILL, TOP, rounding=1.0), ABSOLUTE, "x", 3)
    assert (found.low, found.high) == pytest.approx(((wider.low or 0) + 2, (wider.high or 0) - 2))  # 1 on either side
    table = ladder.group_table(made, placed, ABSOLUTE, 3)
    assert (table["estimate"].tolist(), table["buurten"].tolist()) == (pytest.approx([0, 1, 5]), [4, 4, 4])
    assert (table["chance_low"] > -0.2).all() and (table["chance_high"] < 5).all()
    assert table["chance_low"].max() < 2 < table["chance_high"].min()  # the mean of all changes
    # four of twelve drawn without putting back: the error of their mean is √(variance/4 · 8/11)
    error = np.sqrt(np.var(np.r_[STILL, MIDDLE, TOP]) / 4 * 8 / 11)
    assert (table["chance_high"] - table["chance_low"]).mean() == pytest.approx(2 * 1.96 * error, rel=0.12)
    again = ladder.group_table(made, placed, ABSOLUTE, 3)
    assert again.equals(table)


@pytest.mark.parametrize(("bottom", "top", "judgement", "measure"), [
    (STILL, TOP, HIGHER, ABSOLUTE),
    ((-4.0, -5.0, -4.0, -5.0), TOP, HIGHER, ABSOLUTE),  # weak ones got worse
    ((3.0, 3.2, 2.8, 3.0), TOP, LOWER, ABSOLUTE),  # both moved ahead
    (STILL, (-4.0, -5.0, -6.0, -5.0), LOWER, "absolute_top_fell"),
    (STILL, (0.1, -0.1, 0.0, 0.0), SAME, ABSOLUTE),
    ((0.0, 3.0, -3.0, 0.0), TOP, UNCLEAR, ABSOLUTE),
    (STILL, (9.0, -9.0, 5.0, 5.0), UNCLEAR, ABSOLUTE),
])  # fmt: skip
def test_every_judgement_of_matthew(bottom: Any, top: Any, judgement: str, measure: str) -> None:
    made, placed = moved(bottom, top)
    found = ladder.matthew(made, placed, ABSOLUTE, "x", 3)
    assert (judge(found), found.measure) == (judgement, measure)


def test_each_verdict_on_matthew_has_the_p_value_of_what_it_says() -> None:
    """By hand on the two groups: support needs both, either refutes, alike asks both to stay within ± 1.

    The error of a mean of n that count alike is s / √(n - 1) by HC3, with t on n - 1.
    """
    for bottom, top, verdict in (
        ((3.0, 3.2, 2.8, 3.1), TOP, CONTRADICTED),
        (STILL, TOP, SUPPORTED),
        (STILL, (0.1, -0.1, 0.0, 0.0), NEGLIGIBLE),
    ):
        found = ladder.matthew(*moved(bottom, top), ABSOLUTE, "x", 3)
        assert (verdict_of(found, HIGHER), found.details["degrees"]["value"]) == (verdict, 3)

        def p_of(group: tuple[float, ...], line: float, way: str) -> float:
            distance = (np.mean(group) - line) / (np.std(group, ddof=1) / np.sqrt(3))
            return float(stats.t(3).sf(distance) if way == "greater" else stats.t(3).cdf(distance))

        told = {key: found.details[key]["value"] for key in ("p_value", "p_against", "p_alike")}
        both = max(p_of(top, 0.0, "greater"), p_of(bottom, 1.0, "less"))
        either = min(1.0, 2 * min(p_of(top, 0.0, "less"), p_of(bottom, 1.0, "greater")))
        alike = max(p_of(part, way, name) for part in (bottom, top) for way, name in ((1.0, "less"), (-1.0, "greater")))
        assert told == pytest.approx({"p_value": both, "p_against": either, "p_alike": alike}, rel=1e-6)
        said = {SUPPORTED: both, CONTRADICTED: either, NEGLIGIBLE: alike}[verdict]
        p = all_tests.p_value_of(found.as_json(), verdict, HIGHER)
        assert p is not None
        assert said - 1e-9 <= p < 0.05


def test_strictly_the_bottom_may_not_rise_at_all_and_rounding_widens_both_ends() -> None:
    made, placed = moved((0.5, 0.6, 0.5, 0.4), TOP)
    assert judge(ladder.matthew(made, placed, ABSOLUTE, "x", 3)) == HIGHER  # less than 1: stood still
    strict = ladder.matthew(made, placed, ABSOLUTE, "x", 3, strict=True)
    assert (judge(strict), strict.estimate) == (LOWER, pytest.approx(-0.5))
    made, placed = moved(STILL, (0.1, -0.1, 0.0, 0.0))
    assert judge(ladder.matthew(made, placed, ABSOLUTE, "x", 3, strict=True)) == SAME
    # rounded to 1: before and after may each be half off
    sharp, blunt = (ladder.matthew(*moved(STILL, TOP, rounding=step), ABSOLUTE, "x", 3).details for step in (0.0, 1.0))
    for part in ("top", "bottom"):
        assert blunt[f"{part}_low"]["value"] == pytest.approx(sharp[f"{part}_low"]["value"] - 1)
        assert blunt[f"{part}_high"]["value"] == pytest.approx(sharp[f"{part}_high"]["value"] + 1)


def test_ranks_do_not_know_amounts() -> None:
    """All figures doubled: the order stays, so no rank moves and there is nothing to test."""
    made = study(LEVELS, LEVELS, [2 * level for level in LEVELS])
    found = ladder.matthew(made, place(made, "poor"), RANKS, "x", 3)
    assert (judge(found), found.reason) == (NOT_COMPUTABLE, "no_variation")
    swapped = [*LEVELS[:4][::-1], *LEVELS[4:8][::-1], *LEVELS[8:][::-1]]
    made = study(LEVELS, LEVELS, swapped)
    found = ladder.matthew(made, place(made, "poor"), RANKS, "x", 3)
    assert found.details["top"]["value"] == pytest.approx(0)
    assert found.details["stagnation"]["value"] == claims.registry().claims["C4"]["smallest_ranks"]
    assert (found.unit, found.range_kind) == ("rank_points", ("process",))


def test_noise_around_a_constant_truth_seldom_looks_like_matthew_or_its_opposite() -> None:
    """The naive base would: who is low by chance in the first year of the change climbs."""
    made, placed = moved(STILL, TOP)
    panel, rng = placed.track.panel, np.random.default_rng(1)
    assert panel is not None
    truth = np.repeat(rng.standard_normal(50), 3).reshape(50, 3)
    wrong, naive = {HIGHER: 0, LOWER: 0}, 0
    for _ in range(150):
        value = truth + rng.standard_normal((50, 3))
        parts = {"value": value, "low": value, "high": value, "weight": np.ones(50), "is_focus": np.arange(50) < 9}
        track = dataclasses.replace(placed.track, panel=dataclasses.replace(panel, codes=("x",) * 50, **parts))
        for column in (0, 1):
            own = dataclasses.replace(placed, track=track, base=value[:, column])
            judgement = judge(ladder.matthew(made, own, ABSOLUTE, "x", 5, strict=True))
            if column == 0:
                wrong[judgement] = wrong.get(judgement, 0) + 1
            else:
                naive += judgement == LOWER
    assert wrong[HIGHER] <= 2  # both halves at 2.5 %: hardly ever
    assert wrong[LOWER] <= 14  # 5 % of 150 is 7.5, error 2.7
    assert naive > 90


def test_only_buurten_that_started_alike_are_compared_with_the_list() -> None:
    """The list started at 10-13 and lost 1; of the others one started at 12 and stood still, the rest gained 9."""
    first = [10.0, 11, 12, 13, 12, 30, 31, 32, 33, 34, 35, 36]
    second = [10.5, 11.5, 12, 13, 12, 30, 31, 32, 33, 34, 35, 36]
    last = [second[place] - 1 for place in range(4)] + [12.0] + [level + 9 for level in second[5:]]
    made = study(first, second, last)
    whole = ladder.behind_similar(made, "poor", ABSOLUTE, "x", made.focus)
    # one buurt to compare with: nothing can be said of chance, and what happened is told all the same
    assert (whole.low, whole.high, judge(whole), whole.estimate) == (None, None, UNCLEAR, pytest.approx(1))
    for figures in (first, second, last):
        figures[5:10] = [11.0, 12, 13, 10, 12]
    found = ladder.behind_similar(study(first, second, last), "poor", ABSOLUTE, "x", made.focus)
    assert (found.estimate, found.a.year, found.b.year, found.a.n_units) == (pytest.approx(1), 2016, 2019, 10)
    assert "same_year_base" not in found.flags
    two = study(first, last)
    assert "same_year_base" in ladder.behind_similar(two, "poor", ABSOLUTE, "x", two.focus).flags


def test_what_cannot_be_followed_is_said_everywhere() -> None:
    made = study(LEVELS)
    placed = place(made, "poor")
    found = [
        ladder.matthew(made, placed, ABSOLUTE, "a", 3), ladder.top_change(made, placed, "b", 3),
        ladder.behind(made, placed, ABSOLUTE, "c", 3), ladder.behind_similar(made, "poor", ABSOLUTE, "d", made.focus),
        starting_place.stayed(made, placed, "e", 3)[0], *starting_place.converged(made, placed, "f")[0],
    ]  # fmt: skip
    assert {(judge(finding), finding.reason) for finding in found} == {(NOT_COMPUTABLE, "one_year_only")}
    assert [finding.id for finding in found[-2:]] == ["f.beta", "f.sigma"]
    assert ladder.first_of([found[0], dataclasses.replace(found[1], estimate=1.0)])[0].id == "b"
    few = ladder.matthew(*moved(STILL, TOP), ABSOLUTE, "a", 5)
    assert few.reason == "too_few_buurten"  # two buurten in a fifth


def test_variants_are_those_of_the_registry() -> None:
    made = study(LEVELS, LEVELS, LEVELS)
    ways = placed_variants(place(made, "poor"))
    assert list(ways) == ["groups_5", "groups_3", "groups_4", "unweighted"]
    assert [groups for _, groups in ways.values()] == [5, 3, 4, 5]
    panel = ways["unweighted"][0].track.panel
    assert set(panel.weight) == {1.0}


def test_who_stayed_where_and_what_converged() -> None:
    """The first two of the bottom third trade places with the first two of the middle one."""
    last = [14.0, 15, 12, 13, 10, 11, 16, 17, 18, 19, 20, 21]
    made = study(LEVELS, LEVELS, last)
    finding, table = starting_place.stayed(made, place(made, "poor"), "x", 3)
    assert finding.details["stayed"]["value"] == pytest.approx(100 * 8 / 12)
    assert table.to_numpy().tolist() == [[1, 50, 50, 0], [2, 50, 50, 0], [3, 0, 0, 100]]
    ranks = [np.argsort(np.argsort(values)) for values in (LEVELS, last)]
    assert finding.estimate == pytest.approx(float(np.corrcoef(ranks)[0, 1]))
    rng = np.random.default_rng(3)
    truth = np.arange(10.0, 22)
    first, second, last = (list(truth + 2 * rng.standard_normal(12)) for _ in range(3))
    made = study(first, second, last)
    (beta, sigma), table = starting_place.converged(made, place(made, "poor"), "x")
    rate = (np.array(last) - second) / 3
    by_hand = np.cov(first, rate)[0, 1] / np.cov(first, second)[0, 1]
    assert beta.estimate == pytest.approx(100 * by_hand)
    rows = table.set_index("method")["estimate"]
    assert rows["same_year"] == pytest.approx(100 * np.cov(second, rate)[0, 1] / np.var(second, ddof=1))
    assert rows["earlier_year"] == pytest.approx(100 * np.cov(first, rate)[0, 1] / np.var(first, ddof=1))
    assert (sigma.measure, sigma.unit) == ("weighted_sd", "points")
    assert (sigma.a.year, sigma.a.estimate, sigma.b.estimate) == (
        2015, pytest.approx(np.std(first)), pytest.approx(np.std(last)),
    )  # fmt: skip


def test_dwelling_values_of_breda_by_another_way() -> None:
    """Figures: dwelling values 2015-2024 and households of 2016 (data/breda); prices as above.

    Golden: top € 111,618 and bottom € 63,366 in prices of 2015 (the year both ends of the change start to be valued).
    """
    study_of_breda = open_study({"preset": "breda", "draws": 199})
    placed = place(study_of_breda, "mean_dwelling_value")
    found = ladder.matthew(study_of_breda, placed, ABSOLUTE, "06.mean_dwelling_value.absolute", 5)
    index, _ = price_index(study_of_breda.data.observations, (2015, 2023))
    panel = placed.track.panel
    assert panel is not None
    values, _, people = real.dwelling_values()
    base, before, after = (values[year] for year in (2015, 2016, 2024))
    order = sorted(panel.codes, key=lambda code: base[code])
    total, below, groups = sum(people[code] for code in order), 0.0, {}
    for code in order:
        alike = [other for other in order if base[other] == base[code]]
        if alike[0] == code:
            held = sum(people[other] for other in alike)
            groups |= dict.fromkeys(alike, int(5 * (below + held / 2) / total))
            below += held
    change = {code: after[code] * index[2015] / index[2023] - before[code] for code in order}
    for name, group in (("bottom", 0), ("top", 4)):
        own = {code for code in order if groups[code] == group}
        assert found.details[name]["value"] == pytest.approx(real.mean(change, people, own), rel=1e-9)
    assert found.details["top"]["value"] == pytest.approx(111.618, abs=5e-4)
    assert (found.details["bottom"]["value"], judge(found)) == (pytest.approx(63.366, abs=5e-4), LOWER)


@pytest.mark.parametrize(("behind", "alike"), [(1.0, SUPPORTED), (-1.0, CONTRADICTED)])
def test_fault_13_the_buurten_that_started_alike_have_a_say_of_their_own(behind: float, alike: str) -> None:
    """Fault 13: whether the list fell behind those that started as low was told, and had no voice in the verdict.

    The weak fell behind the strong either way; the list lost ten more or ten fewer than the others that began there.
    """
    rng = np.random.default_rng(4)
    start = np.array([10.0, 11, 12, 13, 10.5, 11.5, 12.5, 11, 12, 10.2, 32, 33])
    growth = np.r_[np.full(4, 1 - 5 * behind), np.full(6, 1 + 5 * behind), np.full(2, 40)] + 0.2 * rng.normal(size=12)
    levels = [start, start + 0.01 * rng.normal(size=12), start + growth]
    entry = indicator(
        "poor", id="mean_dwelling_value", better=1, rounding=0.0, smallest_effect=1.0, universe="inhabitants"
    )
    rows = {year: [float(v) for v in row] for year, row in zip((2015, 2016, 2019), levels, strict=True)}
    income = dataclasses.replace(entry, id="mean_income_per_inhabitant")  # named by the claim, without figures here
    made = town({entry.id: rows}, entry, income, draws=199)
    section = Section("06")
    ladder.fell_behind(section, made, [place(made, entry.id)])
    votes = {row.row: row for row in section.verdicts if row.finding}
    own = votes["mean_dwelling_value.similar.absolute"]
    assert (own.verdict, own.question, own.counts) == (alike, "chance", True)
    finding = section.findings[own.finding]
    weight = np.array(PEOPLE, dtype=float)
    change = levels[2] - levels[1]
    wanted = np.average(change[4:10], weights=weight[4:10]) - np.average(change[:4], weights=weight[:4])
    assert finding.estimate == pytest.approx(wanted)
    assert votes["mean_dwelling_value.behind.absolute"].verdict == SUPPORTED
    joined = claims.overall([row.as_json() for row in section.verdicts])["H3"]
    assert joined == (SUPPORTED if alike == SUPPORTED else MIXED)
