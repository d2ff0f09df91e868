"""Levels, ranks and indices: by hand on a town of twelve buurten, and the golden numbers of Breda from its CSV."""

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import real
from town import BUURTEN, FOCUS, PEOPLE, indicator, town

from kloof.catalogue import Group
from kloof.findings import HIGHER, LOWER, NOT_COMPUTABLE, NOT_TESTABLE, SUPPORTED, judge
from kloof.measures.registry import INDICES
from kloof.questions import groups as of_groups
from kloof.questions import levels
from kloof.results import Section
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study
from kloof.words import sentences

MINIMUM, ENDS = "households_around_social_minimum", ["low", "estimate", "high"]
LEVEL = [20.0, 21, 19, 20, 30, 31, 29, 32, 28, 30, 33, 31]
WEIGHT = np.array(PEOPLE, dtype=float)
EXACT = indicator("inhabitants", rounding=0.0)  # so that only the figures are rounded, not their weights


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda"})


@pytest.fixture(scope="module")
def minimum(breda: Study) -> pd.DataFrame:
    """Indices of the households around the social minimum in Breda: the range over nine suppressed buurten is slow."""
    return of_groups.index_table(breda, MINIMUM).set_index("index")


def test_a_list_chosen_on_the_figure_itself_tests_nothing() -> None:
    chosen = Focus("lowest:4:income:2016", FOCUS, "income", 2016)
    how = claims.Judging(LOWER)
    for focus, verdict in ((chosen, NOT_TESTABLE), (None, SUPPORTED)):
        study = town({"income": {2016: LEVEL}}, focus=focus, year_to=2017)
        found = levels.level_finding(study, "income", "x")
        assert (judge(found), claims.part_verdict(found, how)) == (LOWER, verdict)
        assert ("chosen_on_it" in found.flags) == (focus is chosen)


def test_a_buurt_without_a_household_count_stays_in_the_range_and_in_the_count() -> None:
    poor = indicator("poor", smallest_effect=1.0)  # printed to whole percents, weighed by households
    share: list[Any] = [20, 21, "suppressed", 20, 30, 31, 29, 32, 28, 30, 33, 31]
    homes: list[Any] = [100, 100, "suppressed", 100, *[200] * 8]
    people = [300, 300, 250, 300, *[500] * 8]
    cells = {"poor": {2016: share}, "households": {2016: homes}, "inhabitants": {2016: people}}
    exact = {name: indicator(name, rounding=0.0) for name in ("households", "inhabitants")}
    found = levels.level_finding(town(cells, poor, *exact.values(), year_to=2017), "poor", "x")
    assert found.a.estimate == pytest.approx(61 / 3)
    # the third buurt holds nobody up to 250 households, at 19.5 to 33.5 percent like the lowest and highest measured
    assert found.a.low == pytest.approx((19.5 + 20.5 + 19.5 + 2.5 * 19.5) / 5.5)
    assert found.a.high == pytest.approx((20.5 + 21.5 + 20.5 + 2.5 * 33.5) / 5.5)
    assert (found.a.n_units, found.a.n_missing, found.b.n_missing, found.details["n_missing"]["value"]) == (3, 1, 0, 1)
    assert (found.range_kind, found.coverage) == (("rounding", "suppression"), pytest.approx(100 * 1900 / 2150))


def test_a_level_by_hand() -> None:
    found = levels.level_finding(town({"income": {2016: LEVEL}}, EXACT, year_to=2017), "income", "x")
    focus, rest = np.average(LEVEL[:4], weights=WEIGHT[:4]), np.average(LEVEL[4:], weights=WEIGHT[4:])
    assert (found.a.group, found.b.group) == ("focus", "rest")
    assert (found.a.estimate, found.b.estimate, found.estimate) == pytest.approx((focus, rest, focus - rest))
    # printed to 0.1: each mean within 0.05, their difference within 0.1
    assert (found.a.low, found.a.high, found.b.low, found.b.high) == pytest.approx(
        (focus - 0.05, focus + 0.05, rest - 0.05, rest + 0.05)
    )
    assert (found.low, found.high) == pytest.approx((focus - rest - 0.1, focus - rest + 0.1))
    assert (found.a.n_units, found.b.n_units, found.range_kind) == (4, 8, ("rounding",))
    assert (judge(found), found.unit, found.coverage) == (LOWER, "thousand_euro", 100)
    found = levels.level_finding(town({"income": {2016: LEVEL}}, year_to=2017), "income", "x")
    # inhabitants to the nearest five: a weighted mean has its extremes in a corner, so all corners are tried
    corners = [WEIGHT[:4] + np.array(off) for off in itertools.product((-2.5, 2.5), repeat=4)]
    lowest = min(np.average(np.array(LEVEL[:4]) - 0.05, weights=corner) for corner in corners)
    highest = max(np.average(np.array(LEVEL[:4]) + 0.05, weights=corner) for corner in corners)
    assert (found.a.low, found.a.high) == pytest.approx((lowest, highest))
    cells = [*LEVEL[:4], "suppressed", "suppressed", *LEVEL[6:]]
    found = levels.level_finding(town({"income": {2016: cells}}, EXACT, year_to=2017), "income", "x")
    assert found.b.estimate == pytest.approx(np.average(LEVEL[6:], weights=WEIGHT[6:]))
    lowest = np.average([18.95] * 2 + [v - 0.05 for v in LEVEL[6:]], weights=WEIGHT[4:])
    highest = np.average([33.05] * 2 + [v + 0.05 for v in LEVEL[6:]], weights=WEIGHT[4:])
    assert (found.b.low, found.b.high) == pytest.approx((lowest, highest))
    assert (found.a.n_missing, found.b.n_missing, found.details["n_missing"]["value"]) == (0, 2, 2)
    assert found.range_kind == ("rounding", "suppression")
    assert found.coverage == pytest.approx(100 - 100 * WEIGHT[4:6].sum() / WEIGHT.sum())


def test_the_last_year_with_enough_buurten_counts_and_both_groups_are_needed() -> None:
    thin = [None] * 6 + LEVEL[6:]  # 81 of 126 hundred inhabitants: too few
    study = town({"income": {2015: LEVEL, 2016: [v + 1 for v in LEVEL], 2017: thin}})
    assert (levels.last_year(study, "income"), levels.level_finding(study, "income", "x").a.year) == ((2016, 100), 2016)
    study = town({"income": {2016: [*["suppressed"] * 4, *LEVEL[4:]]}}, indicator("income"), year_to=2017)
    low = {**study.known.settings, "coverage_minimum": 50.0}
    object.__setattr__(study.known, "settings", low)
    assert levels.level_finding(study, "income", "x").reason == "no_group_left"


@pytest.mark.parametrize(("cells", "reason"), [
    ({"income": {2016: [None] * 6 + LEVEL[6:]}}, "too_little_measured"),
    ({"income": {}, "poor": {2016: LEVEL}}, "no_figures"),
])  # fmt: skip
def test_a_level_that_cannot_be_made_says_why(cells: dict[str, dict[int, list[float]]], reason: str) -> None:
    found = levels.level_finding(town(cells, year_to=2017), "income", "x")
    assert (judge(found), found.reason) == (NOT_COMPUTABLE, reason)


def test_the_golden_levels_of_breda(breda: Study) -> None:
    """Share of households around the minimum 2017 (cbs_kwb_2017, by households 2017): focus 12.51, rest 5.56 percent.

    Dwelling value 2024 (cbs_kwb_panel, by households 2024): focus 269.0, rest 432.8 thousand euro.
    """
    for name, source, year, weigh, size_source, printed in (
        ("households_around_social_minimum_share", "cbs_kwb_2017", 2017, "households", "cbs_kwb_2017", (12.51, 5.56)),
        ("mean_dwelling_value", real.PANEL, 2024, "households", real.PANEL, (268.96, 432.77)),
    ):
        value, size = real.figures(name, source, year), real.figures(weigh, size_source, year)
        codes = {code for code in value if size.get(code, 0) > 0}
        means = real.mean(value, size, codes & real.focus()), real.mean(value, size, codes - real.focus())
        found = levels.level_finding(breda, name, "x")
        assert (found.a.year, found.a.n_units + found.b.n_units) == (year, len(codes))
        assert (found.a.estimate, found.b.estimate) == pytest.approx(means, abs=1e-9)
        assert means == pytest.approx(printed, abs=0.005)
    assert judge(levels.level_finding(breda, "households_around_social_minimum_share", "x")) == HIGHER
    found = levels.level_finding(breda, f"{MINIMUM}_share", "x")
    assert found.b.year == 2017
    assert found.details["n_missing"]["value"] == 56 - len(real.figures(f"{MINIMUM}_share", "cbs_kwb_2017", 2017))
    measured = sum(real.figures("households", "cbs_kwb_2017", 2017).values())  # 47 buurten, equal in the panel
    everyone = sum(real.figures("households", real.PANEL, 2017).values())
    assert found.coverage == pytest.approx(100 * measured / everyone)


def test_buurten_are_ranked_from_low_to_high_with_their_distance_to_the_city() -> None:
    cells = [*LEVEL[:11], "suppressed"]
    study = town({"income": {2016: cells}}, year_to=2017)
    table = levels.ranked_table(study, "income", 2016)
    city = np.average(LEVEL[:11], weights=WEIGHT[:11])
    assert levels.city_mean(study, "income", 2016) == pytest.approx(city)
    assert table["area"].tolist()[:4] == [BUURTEN[2], BUURTEN[0], BUURTEN[3], BUURTEN[1]]  # equal ones by code
    assert (table["difference"].iloc[0], table["group"].tolist()[:4]) == (pytest.approx(19 - city), ["focus"] * 4)
    assert table["area"].iloc[-1] == BUURTEN[11]
    assert np.isnan(table["value"].iloc[-1])
    assert (table["low"].iloc[0], table["high"].iloc[0]) == pytest.approx((18.95, 19.05))
    study = town({"income": {2016: LEVEL}, "inhabitants": {2016: [0, *PEOPLE[1:]]}}, year_to=2017)
    assert BUURTEN[0] not in set(levels.level_rows(study, "income", 2016)["code"])
    assert levels.level_finding(study, "income", "x").a.n_units == 3
    study = town({"income": {2015: LEVEL, 2016: [*LEVEL[:11], "suppressed"], 2017: [None] * 6 + LEVEL[6:]}})
    table = levels.distribution_table(study, "income")
    assert table.groupby("year").size().to_dict() == {2015: 12, 2016: 11}
    assert set(table.loc[table["group"] == "focus", "area"]) == set(FOCUS)


def minimum_2017() -> tuple[np.ndarray, np.ndarray]:
    """Households around the minimum in Breda 2017 and the other households, from share and households by buurt."""
    share = real.figures("households_around_social_minimum_share", "cbs_kwb_2017", 2017)
    households = real.figures("households", "cbs_kwb_2017", 2017)
    codes = sorted(set(share) & set(households))
    group = np.array([share[code] / 100 * households[code] for code in codes])
    return group, np.array([households[code] for code in codes]) - group


def test_the_golden_dissimilarity_of_breda(minimum: pd.DataFrame) -> None:
    """Golden: D = 0.2427 over 47 buurten; 0.5 Σ |a/A − b/B| in a loop over the CSV."""
    group, rest = minimum_2017()
    assert len(group) == 47
    d = 0.0
    for a, b in zip(group, rest, strict=True):
        d += abs(a / group.sum() - b / rest.sum()) / 2
    table = minimum
    assert d == pytest.approx(0.2427, abs=5e-5)
    assert table.loc["dissimilarity", "estimate"] == pytest.approx(d, abs=1e-12)
    isolation = (group * group / (group + rest)).sum() / group.sum()
    assert table.loc["isolation", "estimate"] == pytest.approx(isolation, abs=1e-12)

    assert (set(table["buurten"]), set(table["not_measured"])) == ({47}, {9})
    # of those in buurten with a count or a bound
    inhabitants = real.figures("inhabitants", "breda_population", 2017)
    missing = {code for code in inhabitants if inhabitants[code] > 0} - set(
        real.figures("households_around_social_minimum_share", "cbs_kwb_2017", 2017)
    )
    outside = sum(inhabitants[code] + 4 for code in missing)
    households = (group + rest).sum()
    assert set(table["coverage"].round(9)) == {round(100 * households / (households + outside), 9)}


def test_beside_dissimilarity_stands_what_chance_alone_would_give(breda: Study) -> None:
    """The same households dealt at random over the same homes, 300 times; only for D."""
    group, rest = (np.rint(counts).astype(int) for counts in minimum_2017())
    dealt = np.random.default_rng(2).multivariate_hypergeometric(group + rest, group.sum(), 300, method="marginals")
    apart = np.abs(dealt / group.sum() - (group + rest - dealt) / rest.sum()).sum(axis=1) / 2
    table = of_groups.index_table(breda, "households_around_social_minimum").set_index("index")
    error = apart.std() / math.sqrt(300)
    assert table.loc["dissimilarity", "expected"] == pytest.approx(apart.mean(), abs=4 * error)
    assert table["expected"].notna().sum() == 1


def test_the_range_of_an_index_holds_every_table_that_could_have_been_rounded_so(minimum: pd.DataFrame) -> None:
    """Tables drawn from the published intervals: share ± 0.05 point, households ± 2.5, and any for the suppressed."""
    share = real.figures("households_around_social_minimum_share", "cbs_kwb_2017", 2017)
    households = real.figures("households", "cbs_kwb_2017", 2017)
    inhabitants = real.figures("inhabitants", "breda_population", 2017)
    rng, codes = np.random.default_rng(1), sorted(set(share) & set(households))
    hidden = [inhabitants[code] + 2.5 for code in sorted(inhabitants) if code not in share and inhabitants[code] > 0]
    base = np.array([households[code] for code in codes]) + rng.uniform(-2.5, 2.5, (500, 47))
    drawn = np.array([share[code] for code in codes]) + rng.uniform(-0.05, 0.05, (500, 47))
    group = np.clip(drawn, 0, 100) / 100 * base
    size = rng.random((500, len(hidden))) * np.array(hidden)
    extra = rng.random(size.shape) * size
    a, b = np.concatenate([group, extra], axis=1), np.concatenate([base - group, size - extra], axis=1)
    outside = []
    for index in of_groups.COUNT_INDICES:
        seen, (low, estimate, high) = INDICES[index].function(a, b, (0,))[:, 0], minimum.loc[index, ENDS]
        if not (low <= seen.min() <= seen.max() <= high and low < estimate < high):
            outside.append((index, low, seen.min(), seen.max(), high))
    assert outside == []


def test_an_index_finding_is_that_of_the_last_year(breda: Study) -> None:
    table = of_groups.index_table(breda, "inhabitants_aged_65_plus")
    found = {finding.indicator: finding for finding in of_groups.index_findings(breda, table, "03.index")}
    own = found["inhabitants_aged_65_plus"]
    last = table[table["index"] == "dissimilarity"].iloc[-1]
    assert (own.b.year, own.estimate, own.low, own.high) == (last["year"], last["estimate"], last["low"], last["high"])
    assert own.details["expected"]["value"] == last["expected"]
    assert own.low < own.estimate < own.high
    assert found["households_around_social_minimum"].reason == "no_counts"  # not in this table


def test_counts_of_a_group_by_hand() -> None:
    """The share of the poor in households: 10 % of 100 is 10, between 9.5 % of 97.5 and 10.5 % of 102.5."""
    poor = [10.0, "suppressed", *[20.0] * 9, 30.0]
    homes = [100, 50, *[100] * 9, 0]
    study = town({"poor": {2016: poor}, "households": {2016: homes}}, year_to=2017)
    study.known.groups["poor"] = Group("poor", "arm", "poor", "households", share="poor")  # type: ignore[index]
    [made] = of_groups.group_counts(study, "poor")
    assert (made.year, len(made.group), made.n_missing) == (2016, 10, 1)  # the last buurt has no households
    assert (made.group[0], made.rest[0]) == (10, 90)
    assert (made.group_low[0], made.group_high[0]) == pytest.approx((0.095 * 97.5, 0.105 * 102.5))
    assert (made.group_low[-1], made.group_high[-1], made.rest_low[-1], made.rest_high[-1]) == (0, 52.5, 0, 52.5)
    assert made.coverage == pytest.approx(100 * 1000 / 1050)
    homes = [100] * 12
    study = town({"poor": {2016: [*[10.0] * 8, *["suppressed"] * 4]}, "households": {2016: homes}}, year_to=2017)
    study.known.groups["poor"] = Group("poor", "arm", "poor", "households", share="poor")  # type: ignore[index]
    (made,) = of_groups.group_counts(study, "poor")
    assert (made.coverage, made.undefined) == (pytest.approx(100 * 800 / 1200), "too_little_measured")
    assert of_groups.index_table(study, "poor").empty
    study = town({"workers": {2016: [400] * 12}, "inhabitants": {2016: [1000] * 12}}, year_to=2017)
    study.known.groups["work"] = Group("work", "werk", "work", "inhabitants", count="workers")  # type: ignore[index]
    [made] = of_groups.group_counts(study, "work")
    # workers to 100: 350–450; inhabitants to 5: 997.5–1002.5; the rest from 997.5 − 450 to 1002.5 − 350
    assert (made.group[0], made.rest[0]) == (400, 600)
    assert (made.group_low[0], made.group_high[0], made.rest_low[0], made.rest_high[0]) == (350, 450, 547.5, 652.5)


def group_of(part: dict[int, list[Any]], whole: dict[int, list[Any]], **changes: Any) -> Study:
    """A town with the group of workers among the inhabitants."""
    workers = indicator("workers", **changes)
    study = town({"workers": part, "inhabitants": whole}, workers, groups=("work",), indicators=(), levels=())
    groups = {"work": Group("work", "werk", "work", "inhabitants", count="workers")}
    return dataclasses.replace(study, known=dataclasses.replace(study.known, groups=groups))


@pytest.mark.parametrize("rounding", [100.0, 0.0])  # with room for somebody, and without
@pytest.mark.parametrize(("workers", "reason"), [(0, "group_is_empty"), (1000, "group_is_everyone")])
def test_a_group_of_nobody_or_everybody_has_no_index(rounding: float, workers: int, reason: str) -> None:
    years = {2016: [workers] * 12, 2017: [workers] * 12}
    study = group_of(years, {year: [1000] * 12 for year in years}, rounding=rounding)
    section = Section("03")
    assert of_groups.indices_of_groups(section, study).empty
    [found] = section.findings.values()
    assert (judge(found), found.reason, found.estimate) == (NOT_COMPUTABLE, reason, None)
    for language in ("nl", "en"):
        assert sentences.template(language, "reason", reason)
    own = dataclasses.replace(study, p=dataclasses.replace(study.p, municipality=study.data.municipality))
    assert of_groups.comparison_table(own).empty


def test_the_last_year_in_which_a_group_has_members_counts() -> None:
    workers = {2016: [400] * 4 + [100] * 8, 2017: [0] * 12}
    study = group_of(workers, {year: [1000] * 12 for year in workers})
    table = of_groups.index_table(study, "work")
    assert set(table["year"]) == {2016}
    [found] = of_groups.index_findings(study, table, "x")
    # 1,600 of 2,400 workers and 2,400 of 9,600 others live in four of twelve: ½ (|⅔ − ¼| + |⅓ − ¾|) = 5/12
    assert (found.b.year, found.estimate) == (2016, pytest.approx(5 / 12))
    section = Section("03")
    assert of_groups.indices_of_groups(section, town({"income": {2016: LEVEL, 2017: LEVEL}}, groups=())).empty
    assert (section.findings, section.tables) == ({}, {})


def test_the_spread_over_years_by_hand() -> None:
    study = town({"income": {2015: LEVEL, 2016: LATER}}, indicators=("income",))
    table = of_groups.spread_table(study).set_index(["year", "index"])
    for year, row in ((2015, LEVEL), (2016, LATER)):
        mean = np.average(row, weights=WEIGHT)
        sd = math.sqrt(np.average((np.array(row) - mean) ** 2, weights=WEIGHT))
        theil = np.average(np.array(row) / mean * np.log(np.array(row) / mean), weights=WEIGHT)
        for index, value in (("weighted_sd", sd), ("coefficient_of_variation", sd / mean), ("theil_between", theil)):
            found = table.loc[(year, index)]
            assert found["estimate"] == pytest.approx(value)
            assert found["low"] < value < found["high"]
            assert found["buurten"] == 12
    # every figure within 0.05: a standard deviation moves by at most that
    sd = table.loc[(2015, "weighted_sd")]
    assert sd["high"] - sd["estimate"] <= 0.05 + 1e-9 and sd["estimate"] - sd["low"] <= 0.05 + 1e-9
    # with one figure below 0 there is no Theil; the coefficient of variation needs only a mean above 0
    below = [-1.0, *LEVEL[1:]]
    study = town({"income": {2016: below, 2017: below}}, indicators=("income",))
    section = Section("03")
    table = of_groups.spread_over_years(section, study)
    assert set(table["index"]) == {"weighted_sd", "coefficient_of_variation"}
    wide = section.tables["03.spread_wide"]
    keys = [column["key"] for column in wide["columns"]]
    for row in wide["rows"]:
        assert row[keys.index("theil_between")] is None and row[keys.index("coefficient_of_variation")] > 0


LATER = [v * 1.1 for v in LEVEL]


def test_cities_are_compared_in_one_year(breda: Study) -> None:
    table = of_groups.comparison_table(breda)
    for name in breda.p.groups:
        rows = table[table["group_name"] == name]
        assert len(set(rows["year"])) == 1
        assert breda.p.municipality in set(rows["area"])
    # golden: Tilburg, households around the minimum 2017, from kwb_other.csv in a loop
    share = real.figures("households_around_social_minimum_share", "cbs_kwb_2017", 2017, "BU0855")
    homes = real.figures("households", "cbs_kwb_2017", 2017, "BU0855")
    codes = [code for code in share if homes.get(code, 0) > 0]
    a = np.array([share[code] / 100 * homes[code] for code in codes])
    b = np.array([homes[code] for code in codes]) - a
    d = sum(abs(x / a.sum() - y / b.sum()) for x, y in zip(a, b, strict=True)) / 2
    row = table[(table["area"] == "GM0855") & (table["group_name"] == "households_around_social_minimum")].iloc[0]
    assert row["estimate"] == pytest.approx(d, abs=1e-12)
    assert row["low"] <= d <= row["high"]


def test_the_last_year_that_all_cities_share_counts() -> None:
    """The town has 2015 to 2017, the other city 2015 and 2016, a third has nothing and is left out."""
    here = {2015: [400] * 4 + [100] * 8, 2016: [300] * 4 + [100] * 8, 2017: [100] * 12}
    study = group_of(here, {year: [1000] * 12 for year in here})
    there = {2015: (100, 100), 2016: (300, 100)}
    rows = [
        (f"BU0002{place:04d}", year, name, float(value), "persons", "measured", "cbs")
        for year, workers in there.items()
        for place, part in enumerate(workers)
        for name, value in (("workers", part), ("inhabitants", 1000))
    ]
    extra = pd.DataFrame(rows, columns=list(study.data.observations.columns))
    codes = sorted(set(extra["code"]))
    areas = pd.DataFrame({"code": codes, "name": codes, "level": "buurt", "parent_code": ""})
    data = dataclasses.replace(
        study.data,
        observations=pd.concat([study.data.observations, extra], ignore_index=True),
        areas=pd.concat([study.data.areas, areas], ignore_index=True),
    )
    p = dataclasses.replace(study.p, municipality="GM0001", comparisons=("GM0002", "GM0003"))
    table = of_groups.comparison_table(dataclasses.replace(study, data=data, p=p)).set_index("area")
    assert (list(table.index), set(table["year"])) == (["GM0001", "GM0002"], {2016})
    # 1,200 of 2,000 workers and 2,800 of 10,000 others in four of twelve: 0.6 - 0.28; and 300/400 - 700/1600
    assert table["estimate"].tolist() == pytest.approx([0.32, 0.3125])
