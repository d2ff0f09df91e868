"""What resources carry: which figures stand for what, both leads against other formulas, all municipalities at once."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from town import FOCUS, PEOPLE, indicator, town

from kloof.catalogue import catalogue
from kloof.errors import NotComputableError, ParameterError
from kloof.findings import HIGHER, LOWER, NOT_COMPUTABLE, SAME, SUPPORTED, judge
from kloof.methods import oaxaca, shapley
from kloof.methods.blocks import Explained
from kloof.methods.regression import from_t, least
from kloof.questions import carried, explanations
from kloof.questions import explanations as country_shares
from kloof.questions.explanations import Explanation, Facet, choose, explanation
from kloof.results import Section
from kloof.store import read
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.study import Study, open_study

LISTS = {"resources": 2, "housing": 2, "liveability": 2}


def made(seed: int = 0, units: int = 40, *, resources: float = 2.0, housing: float = 0.5) -> Explained:
    rng = np.random.default_rng(seed)
    blocks = {name: rng.standard_normal((units, size)) for name, size in LISTS.items()}
    outcome = resources * blocks["resources"][:, 0] + housing * blocks["housing"][:, 0] + rng.standard_normal(units)
    return Explained(outcome, blocks, 0.5 + rng.random(units))


def test_which_figures_stand_for_what_and_what_lacks() -> None:
    there = {"mean_income_per_inhabitant": [2008, 2017], "net_participation_share": [2019],
             "low_education_share": [2014], "good_perceived_health_share": [2012, 2016],
             "owner_occupied_share": [2018, 2024], "housing_corporation_share": [2010], "single_family_share": [2014],
             "violence_rate": [2012, 2016, 2018], "vandalism_rate": [2014]}  # fmt: skip
    found, lacking = choose("mean_dwelling_value", 2014, there)
    assert lacking == []
    assert [(one.block, one.name, one.indicator, one.year) for one in found] == [
        ("resources", "income", "mean_income_per_inhabitant", 2017),  # 3 apart; 2008 is 6
        ("resources", "schooling", "low_education_share", 2014),  # work is 5 apart; health would be a third column
        ("housing", "tenure", "housing_corporation_share", 2010),  # it stands first in its list, and 4 apart is near
        ("housing", "type", "single_family_share", 2014),  # the value itself is the outcome
        ("liveability", "safety", "violence_rate", 2012),  # of equally near years the first
        ("liveability", "nuisance", "vandalism_rate", 2014),
    ]
    found, lacking = choose("good_perceived_health_share", 2020, {"good_perceived_health_share": [2020]})
    assert found == []
    assert "good_perceived_health_share" not in lacking
    assert {"mean_income_per_inhabitant", "owner_occupied_share", "crime_rate"} <= set(lacking)
    there = {"mean_income_per_inhabitant": [2017], "net_participation_share": [2017], "owner_occupied_share": [2017],
             "violence_rate": [2017], "vandalism_rate": [2017]}  # fmt: skip
    found, lacking = choose("mean_dwelling_value", 2017, there)
    assert lacking == []
    assert [(one.block, one.name) for one in found] == [
        ("resources", "income"), ("housing", "tenure"), ("liveability", "safety"),
    ]  # fmt: skip
    # health is made of income: work is the figure of the resources that explains it without explaining itself
    for_health, _ = choose("good_perceived_health_share", 2017, there)
    assert [(one.name, one.shared) for one in for_health] == [("work", False), ("tenure", True), ("safety", False)]


def test_what_shares_data_with_the_outcome_is_registered() -> None:
    names = ("mean_income_per_inhabitant", "net_participation_share", "owner_occupied_share",
             "mean_dwelling_value", "social_assistance_share", "crime_rate", "vandalism_rate",
             "good_perceived_health_share")  # fmt: skip
    there = {name: [2020] for name in names}
    found, _ = choose("good_perceived_health_share", 2020, there)
    assert {one.indicator: one.shared for one in found} == {
        "mean_income_per_inhabitant": True, "net_participation_share": False, "owner_occupied_share": True,
        "mean_dwelling_value": False, "crime_rate": False, "vandalism_rate": False,
    }  # fmt: skip
    del there["net_participation_share"]
    found, _ = choose("mean_income_per_inhabitant", 2020, there)
    shared = {one.indicator: one.shared for one in found}
    assert shared["social_assistance_share"]  # benefits are income
    assert shared["good_perceived_health_share"]  # estimated from income
    assert not shared["owner_occupied_share"]


def test_every_registered_figure_is_in_the_catalogue() -> None:
    rules, known = claims.registry().claims["C10"], catalogue()
    names = [name for block in rules["facets"].values() for listed in block.values() for name in listed]
    assert set(names) | set(rules["outcomes"]) | set(rules["components"]) <= set(known.indicators)
    assert set(rules["components"]) <= set(names)
    assert list(rules["facets"]) == list(LISTS)
    facet_names = [facet for block in rules["facets"].values() for facet in block]
    assert len(facet_names) == len(set(facet_names))  # a column is named by its facet
    assert {part for parts in rules["components"].values() for part in parts} <= set(facet_names)


def place(**cells: Any) -> Study:
    """A town in which handmade figures bear the registered names; those without cells are only known."""
    base = {"better": 1, "rounding": 0.0, "universe": "inhabitants", "smallest_effect": 1.0, "derive": None}
    facets_of = claims.registry().claims["C10"]["facets"].values()
    names = {name for block in facets_of for listed in block.values() for name in listed}
    rates = ("violence_rate", "crime_rate")
    entries = [
        indicator("poor", **{**base, "id": name, "kind": "rate" if name in rates else "share"})
        for name in sorted(names)
    ]
    return town(cells, *entries)


ROWS = {
    name: list(column)
    for name, column in zip("abcdef", 50 + np.random.default_rng(4).standard_normal((6, 12)), strict=True)
}


def figures(**changes: Any) -> dict[str, Any]:
    return {"good_perceived_health_share": {2015: ROWS["a"], 2016: ROWS["b"]},
            "mean_income_per_inhabitant": {2015: ROWS["c"]}, "owner_occupied_share": {2016: ROWS["d"]},
            "violence_rate": {2016: ROWS["e"]}} | changes  # fmt: skip


def test_an_outcome_is_laid_out_in_its_best_year() -> None:
    laid = explanation(place(**figures()), "good_perceived_health_share")
    assert (laid.year, laid.reason, len(laid.codes), laid.left_out) == (2016, None, 12, 0)
    assert [(one.block, one.indicator, one.year) for one in laid.facets] == [
        ("resources", "mean_income_per_inhabitant", 2015), ("housing", "owner_occupied_share", 2016),
        ("liveability", "violence_rate", 2016),
    ]  # fmt: skip
    assert laid.data.outcome.tolist() == ROWS["b"]
    assert laid.data.blocks["liveability"][:, 0].tolist() == pytest.approx(np.log1p(ROWS["e"]))  # a rate
    assert (laid.is_focus.sum(), laid.data.sharing()) == (len(FOCUS), ("resources", "housing"))
    assert explanations.leans_on_itself(laid)
    # a year with more buurten wins from a later one
    fewer = figures(good_perceived_health_share={2015: ROWS["a"], 2016: [None, *ROWS["b"][1:]]})
    assert explanation(place(**fewer), "good_perceived_health_share").year == 2015
    gone = figures(mean_income_per_inhabitant={2015: ["suppressed", *ROWS["c"][1:]]})
    laid = explanation(place(**gone), "good_perceived_health_share")
    assert (len(laid.codes), laid.left_out, laid.coverage) == (11, 1, pytest.approx(100 * (1 - 500 / 12600)))


def test_a_block_without_figures_stops_it_and_says_what_would_help() -> None:
    cells = figures()
    del cells["violence_rate"]
    study = place(**cells)
    laid = explanation(study, "good_perceived_health_share")
    assert (laid.reason, laid.data) == ("block_without_figures", None)
    assert "crime_rate" in laid.missing
    for found in (carried.lead_in_gap(study, laid, "x", study.focus), carried.lead_in_r_squared(study, laid, "y")):
        assert (judge(found.finding), found.finding.reason) == (NOT_COMPUTABLE, "block_without_figures")
        assert found.table.empty


@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_the_lead_is_what_the_shares_say_less_chance(seed: int) -> None:
    data = made(seed)
    found, chance, _ = shapley.lead(data, "resources", np.random.default_rng(0), 49)
    shares = shapley.r_squared_shares(data, np.random.default_rng(0), 49)
    own = shares.shares.set_index("block")["estimate"]
    assert found.estimate + chance == pytest.approx(own["resources"] - own[found.name])
    assert own[found.name] > own.drop("resources").max() - 0.1  # but for what chance gives, the largest
    # another scale, another sign, another order of blocks: the same
    blocks = {"liveability": data.blocks["liveability"], "housing": 3 - 2 * data.blocks["housing"],
              "resources": data.blocks["resources"]}  # fmt: skip
    again, other, _ = shapley.lead(
        Explained(7 - data.outcome, blocks, 3 * data.weight), "resources", np.random.default_rng(0), 49
    )
    assert again.estimate + other == pytest.approx(own["resources"] - own[again.name])


def test_the_least_of_several_differences_by_hand() -> None:
    """The lead over b is smaller, that over c is less sure: the low end is that of c, the high end that of b."""
    three = {"b": from_t(1.0, 1.0, 10, 11, 11), "c": from_t(1.5, 2.0, 10, 11, 11)}
    found = least(three)
    assert (found.estimate, found.name, found.low) == (1.0, "b", pytest.approx(1.5 - 2 * stats.t.ppf(0.975, 10)))
    assert found.high == pytest.approx(1.0 + stats.t.ppf(0.9875, 10))
    alone = least({"b": three["b"]})
    assert (alone.low, alone.high) == (three["b"].low, pytest.approx(three["b"].high))


def test_the_error_of_the_lead_is_a_jackknife_of_statsmodels_fits() -> None:
    data = made(2, 20)

    def r_squared(rows: Any, names: tuple[str, ...]) -> float:
        design = sm.add_constant(np.column_stack([data.blocks[name][rows] for name in names]))
        return float(sm.WLS(data.outcome[rows], design, weights=data.weight[rows]).fit().rsquared)

    def share(rows: Any, a: str, b: str, c: str) -> float:
        alone = r_squared(rows, (a,)) / 3
        pairs = sum(r_squared(rows, (a, other)) - r_squared(rows, (other,)) for other in (b, c)) / 6
        return alone + pairs + (r_squared(rows, (a, b, c)) - r_squared(rows, (b, c))) / 3

    def leads(rows: Any) -> Any:
        a, b, c = "resources", "housing", "liveability"
        own = share(rows, a, b, c)
        return np.array([own - share(rows, b, a, c), own - share(rows, c, a, b)])

    everyone = np.arange(20)
    found, chance, _ = shapley.lead(data, "resources", np.random.default_rng(0), 49)
    assert found.name == "liveability"
    assert found.estimate + chance == pytest.approx(leads(everyone)[1])
    without = np.array([leads(everyone != place) for place in everyone])
    error = np.sqrt(19 / 20 * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    shares = shapley.r_squared_shares(data, np.random.default_rng(0), 49).shares.set_index("block")["by_chance"]
    estimate = leads(everyone) - shares["resources"] + shares[["housing", "liveability"]].to_numpy()
    ends = [(estimate - stats.t.ppf(0.975, 19) * error).min(), (estimate + stats.t.ppf(0.9875, 19) * error).min()]
    assert [found.low, found.high] == pytest.approx(ends, abs=0.03)  # chance: few draws


@pytest.mark.parametrize("columns", [(1, 1, 1), (2, 2, 2), (2, 1, 2), (1, 2, 2)])
def test_of_three_equal_blocks_none_is_found_ahead_or_behind(columns: tuple[int, ...]) -> None:
    """Each block stands for one thing, measured by one column or two, and all three carry as much: 120 towns.

    By construction no answer is right; each of the four may be given in 5 percent of towns (6 of 120, error 2.4).
    """
    rng = np.random.default_rng(6)
    counted = dict.fromkeys(("ahead", "behind", "ahead in the gap", "behind in the gap"), 0)
    for _ in range(120):
        need = rng.standard_normal(45)
        things = [np.sqrt(0.5) * (need + rng.standard_normal(45)) for _ in columns]
        blocks = {
            name: np.column_stack([thing, *[0.7 * (thing + rng.standard_normal(45)) for _ in range(count - 1)]])
            for name, thing, count in zip(LISTS, things, columns, strict=True)
        }
        outcome = sum(things) + 0.6 * rng.standard_normal(45)
        is_focus = (-need + 0.3 * rng.standard_normal(45)).argsort().argsort() < 9
        data = Explained(np.asarray(outcome), blocks, np.exp(0.5 * rng.standard_normal(45)))
        found, *_ = shapley.lead(data, "resources", rng, 29)
        split = least(oaxaca.two_fold(data, is_focus, "pooled_with_group", rng, 99, "resources").leads)
        for name, yes in zip(counted, (found.low > 0, found.high < 0, split.low > 0, split.high < 0), strict=True):
            counted[name] += yes
    assert max(counted.values()) <= 10, counted


def test_what_a_lead_refuses() -> None:
    with pytest.raises(ParameterError, match="'money' is not a block beside others; known: resources, housing"):
        shapley.lead(made(), "money", np.random.default_rng(0))
    with pytest.raises(ParameterError, match="lead 'money' is not a block"):
        oaxaca.two_fold(made(), np.arange(40) < 9, "pooled", np.random.default_rng(0), 99, "money")
    with pytest.raises(NotComputableError, match="too few for 6 columns"):
        shapley.lead(made(1, 8), "resources", np.random.default_rng(0))


def laid_out(data: Explained, **changes: Any) -> Explanation:
    codes = tuple(f"BU0001{place:04d}" for place in range(len(data.outcome)))
    columns = tuple(Facet(block, block, name, 2016, False) for block, name in
                    (("resources", "poor"), ("housing", "poor"), ("liveability", "crime_rate")))  # fmt: skip
    fields: dict[str, Any] = {
        "year": 2016, "facets": columns, "data": data, "codes": codes, "coverage": 100.0,
    } | changes  # fmt: skip
    return Explanation("poor", **fields)


def small(**changes: Any) -> Study:
    return dataclasses.replace(town({"poor": {2016: [20.0] * 12}}, draws=199), **changes)


def test_the_parts_of_the_gap_add_up_and_the_lead_is_their_difference() -> None:
    data = made(3, 40)
    is_focus = np.arange(40) < 12
    outcome = data.outcome - 4 * is_focus
    data = dataclasses.replace(data, outcome=outcome)
    laid = laid_out(data)
    focus = Focus("twelve", laid.codes[:12])
    found = carried.lead_in_gap(small(), laid, "x", focus)
    table = found.table.set_index("part")["estimate"]
    assert table[["resources", "housing", "liveability", "unexplained"]].sum() == pytest.approx(table["gap"])
    gap = np.average(outcome[is_focus], weights=data.weight[is_focus]) - np.average(
        outcome[~is_focus], weights=data.weight[~is_focus]
    )
    assert table["gap"] == pytest.approx(-gap)  # turned: behind counts as positive
    assert found.finding.estimate == pytest.approx(table["resources"] - max(table["housing"], table["liveability"]))
    assert found.finding.smallest_effect == pytest.approx(0.1 * table["gap"])
    design = np.column_stack([np.ones(40), data.design(), is_focus])
    slope = sm.WLS(outcome, design, weights=data.weight).fit().params
    means = [np.average(data.blocks["resources"][s], axis=0, weights=data.weight[s]) for s in (is_focus, ~is_focus)]
    assert table["resources"] == pytest.approx(-(means[0] - means[1]) @ slope[1:3])
    # the other way round: the same parts
    other = carried.lead_in_gap(small(), laid_out(dataclasses.replace(data, outcome=-outcome)), "x", focus)
    assert other.finding.estimate == pytest.approx(found.finding.estimate)
    assert (other.finding.low, other.finding.high) == pytest.approx((found.finding.low, found.finding.high))


def test_both_leads_can_be_judged_either_way_and_resources_must_explain_to_lead() -> None:
    rng = np.random.default_rng(8)
    is_focus = np.arange(60) < 20
    for strong, weak, expected in (("resources", "housing", HIGHER), ("housing", "resources", LOWER)):
        blocks = {name: rng.standard_normal((60, 1)) for name in LISTS}
        blocks[strong] = blocks[strong] - 3 * is_focus[:, None]
        outcome = 2 * blocks[strong][:, 0] + 0.1 * blocks[weak][:, 0] + 0.5 * rng.standard_normal(60)
        laid = laid_out(Explained(outcome, blocks, np.ones(60)))
        assert judge(carried.lead_in_gap(small(), laid, "x", Focus("twenty", laid.codes[:20])).finding) == expected
        whole = carried.lead_in_r_squared(small(), laid, "y")
        assert judge(whole.finding) == expected
        assert whole.table["part"].tolist() == ["resources", "housing", "liveability", "r_squared"]
        assert whole.table["estimate"].tolist()[:3] == pytest.approx(
            [whole.finding.details[one]["value"] for one in LISTS]
        )


def test_a_gap_that_may_be_zero_has_no_parts() -> None:
    laid = laid_out(made(5))
    for focus, reason in (
        (Focus("some", laid.codes[:12]), "no_gap_to_explain"),
        (Focus("none", ("BU00020001",)), "no_group_left"),
    ):
        found = carried.lead_in_gap(small(), laid, "x", focus)
        assert (judge(found.finding), found.finding.reason) == (NOT_COMPUTABLE, reason)


def test_variants_of_r_squared_are_other_numbers() -> None:
    laid = laid_out(dataclasses.replace(made(5), weight=np.exp(np.linspace(0, 3, 40))))
    found = [carried.lead_in_r_squared(small(), laid, "x", way) for way in ("weighted", "unweighted", "ranks")]
    assert len({round(one.finding.estimate or 0, 6) for one in found}) == 3
    alike = carried.lead_in_r_squared(small(), laid_out(dataclasses.replace(made(5), weight=np.ones(40))), "x")
    assert found[1].finding.estimate == pytest.approx(alike.finding.estimate)
    assert [one.table.empty for one in found] == [False, True, True]


def test_flags_say_what_the_figures_lean_on() -> None:
    own = Facet("resources", "income", "poor", 2016, True)
    other = Facet("housing", "tenure", "poor", 2012, False)
    for columns, flag in (
        ((own, other), "leans_on_itself"),
        ((own, dataclasses.replace(own, shared=False), other), "shares_component"),
    ):
        laid = laid_out(made(), facets=columns)
        flags = carried.lead_in_r_squared(small(), laid, "x").finding.flags
        assert {flag, "years_apart", "register"} <= set(flags)
        assert not {"leans_on_itself", "shares_component"} - {flag} & set(flags)
    for count in (0, 2):
        laid = dataclasses.replace(laid_out(made()), left_out=count)
        flags = carried.lead_in_r_squared(small(), laid, "x").finding.flags
        assert ("left_out" in flags) == (count > 0)
    on_list = carried.lead_in_gap(small(), laid_out(made()), "x", Focus("rule", FOCUS, "poor", 2016)).finding.flags
    assert "list_on_outcome" in on_list


def country(seed: int, towns: int = 8, units: int = 15) -> tuple[Explained, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(towns), units)
    blocks = {name: rng.standard_normal((towns * units, size)) + label[:, None] for name, size in LISTS.items()}
    outcome = blocks["resources"][:, 0] + 0.3 * blocks["housing"][:, 1] + rng.standard_normal(towns * units) - 9 * label
    return Explained(outcome, blocks, 0.5 + rng.random(towns * units)), label


def test_within_is_a_regression_with_a_constant_per_municipality_and_leaves_out_one_at_a_time() -> None:
    data, label = country(1)
    found = country_shares.within_shares(data, label, "resources")
    dummies = np.asarray(label[:, None] == np.unique(label), dtype=float)
    base = sm.WLS(data.outcome, dummies, weights=data.weight).fit().ssr

    def r_squared(names: tuple[str, ...]) -> float:
        design = np.column_stack([dummies, *[data.blocks[name] for name in names]])
        return 1 - float(sm.WLS(data.outcome, design, weights=data.weight).fit().ssr) / base

    assert found.r_squared.estimate == pytest.approx(r_squared(tuple(LISTS)))
    assert sum(share.estimate for share in found.shares.values()) == pytest.approx(found.r_squared.estimate)
    for name in ("housing", "liveability"):
        apart = found.shares["resources"].estimate - found.shares[name].estimate
        assert found.leads[name].estimate == pytest.approx(apart)
    assert found.leads.keys() == {"housing", "liveability"}
    a, b, c = LISTS
    by_hand = r_squared((a,)) / 3 + sum(r_squared((a, o)) - r_squared((o,)) for o in (b, c)) / 6
    by_hand += (r_squared((a, b, c)) - r_squared((b, c))) / 3
    assert (found.shares["resources"].estimate, found.buurten, found.municipalities) == (pytest.approx(by_hand), 120, 8)
    richer = dataclasses.replace(data, outcome=data.outcome + 100 * (label == 3))
    again = country_shares.within_shares(richer, label, "resources")
    assert again.leads["housing"].estimate == pytest.approx(found.leads["housing"].estimate)
    rows = np.r_[np.arange(120), 0]
    alone = Explained(data.outcome[rows], {name: block[rows] for name, block in data.blocks.items()}, data.weight[rows])
    more = country_shares.within_shares(alone, np.r_[label, 99], "resources")
    one, other = found.leads["housing"], more.leads["housing"]
    assert (other.estimate, other.se) == pytest.approx((one.estimate, one.se))
    assert (more.buurten, more.municipalities) == (120, 8)
    without = []
    for name in range(8):
        keep = label != name
        part = Explained(data.outcome[keep], {k: b[keep] for k, b in data.blocks.items()}, data.weight[keep])
        without.append(country_shares.within_shares(part, label[keep], "resources").leads["housing"].estimate)
    off = np.array(without) - np.mean(without)
    assert (found.leads["housing"].se, found.leads["housing"].df) == (pytest.approx(np.sqrt(7 / 8 * (off @ off))), 7)
    with pytest.raises(NotComputableError, match="too few for an interval"):
        country_shares.within_shares(data, np.minimum(label, 3), "resources")
    with pytest.raises(ParameterError, match="'x' is not a block"):
        country_shares.within_shares(data, label, "x")


def test_noise_in_what_explains_is_taken_off_before_it_is_shared_out() -> None:
    """Crimes with as much noise as truth carry half of what they do; taken off, they carry it all again."""
    rng, town = np.random.default_rng(11), np.repeat(np.arange(60), 20)
    true = {name: rng.standard_normal(1200) for name in ("resources", "liveability")}
    outcome = true["resources"] + true["liveability"] + 0.5 * rng.standard_normal(1200)
    measured = {**true, "liveability": true["liveability"] + rng.standard_normal(1200)}
    data = Explained(outcome, {name: one[:, None] for name, one in measured.items()}, np.ones(1200))
    noise = np.c_[np.zeros(1200), np.ones(1200)]
    plain = country_shares.within_shares(data, town, "resources")
    mended = country_shares.within_shares(data, town, "resources", noise)
    assert plain.leads["liveability"].low > 0.1
    assert mended.leads["liveability"].low < 0 < mended.leads["liveability"].high
    assert mended.r_squared.estimate == pytest.approx(2 / 2.25, abs=0.04)
    with pytest.raises(NotComputableError, match="may be noise"):
        country_shares.within_shares(data, town, "resources", 5 * noise)


def test_health_in_the_store_is_judged_in_each_year_that_has_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sources in 2020: the one with most buurten counts. In 2012 there is nothing but health."""
    rng = np.random.default_rng(5)
    codes = [f"BU{town:04d}{buurt:04d}" for town in range(1, 9) for buurt in range(1, 16)]
    income, owned = rng.standard_normal(120), rng.standard_normal(120)
    health = 70 + 3 * income + 0.5 * owned + rng.standard_normal(120)

    def rows(year: int, values: Any, source: str = "a", count: int = 120) -> pd.DataFrame:
        return pd.DataFrame(
            {"code": codes[:count], "year": year, "value": values[:count], "status": "measured", "source": source}
        )

    held = {
        "good_perceived_health_share": pd.concat(
            [rows(2012, health), rows(2020, health), rows(2020, health * 0 + 1, "b", 60)]
        ),
        "inhabitants": rows(2024, np.full(120, 500.0)),
        "mean_income_per_inhabitant": rows(2020, income),
        "owner_occupied_share": rows(2024, owned),
        "registered_crimes": rows(2024, np.exp(4 + rng.standard_normal(120))),
    }

    def ask(name: str) -> pd.DataFrame:
        if name not in held:
            raise ParameterError(name)
        return held[name]

    monkeypatch.setattr(read, "indicator", ask)
    found, table = country_shares.in_store(catalogue())
    assert [(one.id, judge(one), one.reason) for one in found] == [
        ("10.within.2012", NOT_COMPUTABLE, "block_without_figures"), ("10.within.2020", HIGHER, None),
    ]  # fmt: skip
    assert (table["part"].tolist(), set(table["municipalities"])) == ([*LISTS, "r_squared"], {8})
    assert set(table["buurten"]) == {120}
    assert {"leans_on_itself", "modelled", "years_apart"} <= set(found[1].flags)
    assert table.set_index("part").loc["resources", "estimate"] > 60
    held = {name: figures[figures["code"] < "BU0004"] for name, figures in held.items()}
    found, table = country_shares.in_store(catalogue())
    assert [one.reason for one in found] == ["block_without_figures", "too_few_municipalities"]
    assert table.empty


def test_breda_cannot_say_whether_ends_are_harder_to_meet_and_names_the_file() -> None:
    study = open_study({"preset": "breda", "draws": 199})
    section = Section("10_resources")
    found = carried.meeting_ends(section, study)
    assert {(judge(one), one.reason) for one in found} == {(NOT_COMPUTABLE, "no_figures")}
    assert {row.missing for row in section.verdicts} == {("difficulty_making_ends_meet_share",)}
    assert "50090NED" in claims.registry().claims["H5"]["change_nl"]


def test_ends_are_harder_to_meet_when_the_gap_grows() -> None:
    entry = indicator(
        "poor", id="difficulty_making_ends_meet_share", rounding=0.0, universe="inhabitants", smallest_effect=1.0
    )
    before = [30.0, 31, 29, 30, 20, 21, 19, 20, 22, 18, 20, 21]
    after = [value + (6 if place < 4 else 1) + 0.1 * (place % 3) for place, value in enumerate(before)]
    made_town = town({entry.id: {2012: before, 2020: after}}, entry)
    section = Section("10_resources")
    found = {one.measure: one for one in carried.meeting_ends(section, made_town)}
    assert (found.keys(), judge(found["absolute"])) == ({"absolute", "relative", "place"}, HIGHER)
    assert found["absolute"].estimate == pytest.approx(5, abs=0.2)
    weight = np.array(PEOPLE, dtype=float)
    sides = [[np.average(np.array(row)[part], weights=weight[part]) for part in (slice(4), slice(4, 12))]
             for row in (before, after)]  # fmt: skip
    wanted = [100 * (focus / rest - 1) for focus, rest in sides]
    assert found["relative"].estimate == pytest.approx(wanted[1] - wanted[0])
    votes = {row.row: row.verdict for row in section.verdicts}
    assert votes[f"{entry.id}.absolute"] == SUPPORTED
    assert list(section.figures) == [f"10.{entry.id}"]


@pytest.mark.shared
def test_heerlen_2017_by_statsmodels(shared: Any) -> None:
    """Source: KWB Heerlen 2016-2020 (CBS 83765NED and others). Shares of R² of income: 40, 43 and 8 percent."""
    study = open_study(
        {"preset": "heerlen", "source": str(shared / "data" / "kwb" / "heerlen_2016_2020.db"), "draws": 199}
    )
    laid = explanation(study, "mean_income_per_inhabitant")
    assert [(one.indicator, one.year) for one in laid.facets] == [
        ("net_participation_share", 2018), ("low_education_share", 2019), ("housing_corporation_share", 2017),
        ("mean_dwelling_value", 2017), ("violence_rate", 2017), ("vandalism_rate", 2017),
    ]  # fmt: skip
    assert (laid.year, len(laid.codes), laid.data is not None and laid.data.sharing()) == (2017, 48, ())
    found = carried.lead_in_r_squared(study, laid, "10.mean_income_per_inhabitant.r_squared")
    data = laid.data
    fit = sm.WLS(data.outcome, sm.add_constant(data.design()), weights=data.weight).fit()
    told = {name: entry["value"] for name, entry in found.finding.details.items()}
    assert told["r_squared"] == pytest.approx(100 * fit.rsquared)
    assert [round(told[name]) for name in LISTS] == [40, 43, 8]
    assert judge(found.finding) not in (HIGHER, LOWER, SAME)
