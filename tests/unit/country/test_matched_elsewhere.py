"""The list of one place beside buurten elsewhere: who may be a neighbour, by which year, and what is said of it."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kloof.catalogue import catalogue
from kloof.cli.main import app
from kloof.country import gaps, matched
from kloof.country.gaps import Question
from kloof.country.matched import Alike, beside, judged_range
from kloof.errors import NotComputableError, ParameterError

WOZ = "mean_dwelling_value"
ASKED = Question(WOZ, 2017, 2024, "absolute", f"lowest:20%:{WOZ}:first")
PLACE, BUURTEN, PLACES = "GM9000", 20, 40
Tables = dict[str, pd.DataFrame]


def country(effect: float = 0.0, noise: float = 5.0, moved: float = 0.0, seed: int = 1) -> Tables:
    """Give a country where values grow by what they are and by tenure; the list of the first place by `effect` less.

    `moved` is what the whole first place does beyond the rest of the country.
    """
    rng = np.random.default_rng(seed)
    codes = pd.Index([f"BU{9000 + place:04d}{buurt:04d}" for place in range(PLACES) for buurt in range(BUURTEN)])
    level = rng.normal(250, 50, len(codes))
    owned = np.clip(30 + 0.15 * level + rng.normal(0, 8, len(codes)), 0, 100)
    first = codes.str.startswith("BU9000")
    listed = first & (np.where(first, level, np.inf).argsort().argsort() < 4)
    grown = level * 1.2 + 0.3 * owned + rng.normal(0, noise, len(codes)) - effect * listed - moved * first
    return {
        WOZ: pd.DataFrame({2016: level, 2017: level, 2024: grown}, index=codes),
        "owner_occupied_share": pd.DataFrame({2016: owned}, index=codes),
        "dwellings": pd.DataFrame({2017: rng.integers(200, 2000, len(codes)).astype(float)}, index=codes),
        "inhabitants": pd.DataFrame({2016: rng.integers(300, 4000, len(codes)).astype(float)}, index=codes),
    }


@pytest.fixture
def of_country(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tables], None]:
    """Let the store hold a synthetic country."""

    def use(tables: Tables) -> None:
        for module in (gaps, matched):
            monkeypatch.setattr(module, "held", lambda _, name: tables.get(name, pd.DataFrame()).copy())

    return use


Use = Callable[[Tables], None]


def test_a_list_that_fell_behind_is_found_beside_its_neighbours(of_country: Use) -> None:
    tables = country(effect=30.0, noise=1.0)
    of_country(tables)
    found = beside(catalogue(), ASKED, PLACE, Alike(caliper=1.0))
    assert found.change[0] == pytest.approx(30, abs=2)
    assert found.change[1] < 30 < found.change[2]
    assert found.beyond[0] == pytest.approx(30, abs=3)
    assert (found.judgement, found.own) == ("HIGHER", "HIGHER")
    assert found.flags == ()
    assert len(found.buurten) == 4
    assert found.buurten["code"].str.startswith("BU9000").all()
    assert found.candidates == (PLACES - 1) * BUURTEN
    assert found.unit == "thousand_euro"
    assert found.most <= 1 / 4 + 1e-12
    assert (found.balance["after"].abs() < found.balance["before"].abs().clip(lower=0.2)).all()
    assert found.balance["year"].tolist() == [2016, 2016, 2016]
    level, heavy = (tables[key][year][found.buurten["code"]] for key, year in ((WOZ, 2016), ("dwellings", 2017)))
    assert found.balance["listed"][0] == pytest.approx(np.average(level, weights=heavy))


def test_what_moved_the_whole_place_stands_beside_it(of_country: Use) -> None:
    of_country(country(moved=40.0, noise=1.0))
    found = beside(catalogue(), ASKED, PLACE, Alike(caliper=1.0))
    assert found.change[0] == pytest.approx(40, abs=3)
    assert found.others[0] == pytest.approx(40, abs=3)
    assert found.beyond[1] < 0 < found.beyond[2]
    assert found.judgement == "HIGHER"
    assert found.own != "HIGHER"


def test_the_level_is_of_an_earlier_year_and_so_is_the_list(of_country: Use) -> None:
    """A figure that is low by chance in 2017 alone makes no list, and finds no neighbours that are low by nature."""
    tables = country(noise=1.0)
    own = tables[WOZ].index[:BUURTEN]
    chance = tables[WOZ].loc[own, 2016].sort_values().index[10:14]
    tables[WOZ].loc[chance, 2017] -= 150
    of_country(tables)
    found = beside(catalogue(), ASKED, PLACE, Alike(caliper=1.0))
    assert not set(chance) & set(found.buurten["code"])
    assert abs(found.change[0]) < 3
    tables[WOZ] = tables[WOZ].drop(columns=2016)
    of_country(tables)
    again = beside(catalogue(), ASKED, PLACE, Alike(caliper=9.0))
    assert again.flags == (matched.SAME_YEAR,)
    assert set(chance) == set(again.buurten["code"])
    assert again.change[2] < -50  # it seems to gain, by the return of chance alone


def test_neighbours_come_from_elsewhere_unless_they_may_be_near(of_country: Use) -> None:
    """The place has twins of its listed buurten: with the same municipality allowed they are the neighbours."""
    tables = country(noise=1.0)
    index = tables[WOZ].index
    listed = tables[WOZ].loc[index[:BUURTEN], 2016].nsmallest(4).index
    twins = [code for code in index[:BUURTEN] if code not in listed][:4]
    for code, twin in zip(listed, twins, strict=True):
        for table in (tables[WOZ], tables["owner_occupied_share"], tables["inhabitants"]):
            table.loc[twin] = table.loc[code]
        tables[WOZ].loc[twin, 2016] += 0.01  # behind the listed in the order
        tables[WOZ].loc[twin, 2024] += 500
    of_country(tables)
    plan = Alike(neighbours=1, caliper=1.0)
    own = list(listed)
    assert abs(beside(catalogue(), ASKED, PLACE, plan, own).plain) < 40
    near = beside(catalogue(), ASKED, PLACE, Alike(neighbours=1, caliper=1.0, same_municipality=True), own)
    assert near.plain == pytest.approx(500, abs=5)
    assert near.candidates == PLACES * BUURTEN - 4


@pytest.mark.parametrize(("scale", "unit"), [("real", "thousand_euro"), ("relative", "points")])
def test_each_scale_has_its_own_change(scale: str, unit: str, of_country: Use) -> None:
    tables = country(noise=0.0)
    tables[WOZ][2024] = tables[WOZ][2017] * 1.5
    of_country(tables)
    asked = Question(WOZ, 2017, 2024, scale, ASKED.focus)
    found = beside(catalogue(), asked, PLACE, Alike(caliper=1.0))
    assert found.unit == unit
    assert found.change[0] == pytest.approx(0, abs=1e-6)
    table, _, _ = matched._table(catalogue(), asked, gaps.rule_of(catalogue(), asked), Alike(), None)
    if scale == "relative":
        assert table["change"].to_numpy() == pytest.approx(50)
    else:
        factor = gaps.prices(catalogue(), WOZ, (2017, 2024))[0]
        assert (table["change"] / tables[WOZ][2017]).to_numpy() == pytest.approx(1.5 - factor)


def test_the_order_of_codes_and_a_constant_change_nothing(of_country: Use) -> None:
    tables = country(effect=10.0)
    of_country(tables)
    found = beside(catalogue(), ASKED, PLACE, Alike(trend=False))
    moved = {name: table.iloc[::-1] for name, table in tables.items()}
    moved[WOZ] = moved[WOZ] + 100
    of_country(moved)
    other = beside(catalogue(), ASKED, PLACE, Alike())
    assert other.change == pytest.approx(found.change, rel=1e-8)
    assert other.beyond == pytest.approx(found.beyond, rel=1e-8)


def test_what_is_not_there_is_counted_or_said(of_country: Use) -> None:
    tables = country()
    lowest = tables[WOZ].loc[tables[WOZ].index[:BUURTEN], 2016].nsmallest(4).index
    tables[WOZ].loc[lowest[0], 2024] = np.nan
    tables[WOZ].iloc[100:110, 2] = np.nan
    tables["owner_occupied_share"] = tables["owner_occupied_share"].rename(columns={2016: 2024})
    of_country(tables)
    found = beside(catalogue(), ASKED, PLACE, Alike(caliper=1.0))
    assert [(one.step, one.rows) for one in found.set_aside] == [("listed GM9000", 1), ("candidates", 10)]
    assert len(found.buurten) == 3
    assert found.flags == ("later_tenure",)
    tables[WOZ].loc[lowest[1], [2016, 2017]] = 5.0
    tables["owner_occupied_share"] = pd.DataFrame()
    of_country(tables)
    alone = beside(catalogue(), ASKED, PLACE, Alike(caliper=0.5))
    assert alone.flags == ("no_tenure",)
    assert alone.unmatched == 1
    assert "2 of 3 buurten" in repr(alone)


def test_the_trend_before_can_be_matched_on(of_country: Use) -> None:
    tables = country()
    tables[WOZ][2015] = tables[WOZ][2016] - np.random.default_rng(3).normal(5, 3, len(tables[WOZ]))
    of_country(tables)
    found = beside(catalogue(), ASKED, PLACE, Alike(trend=True, caliper=1.5))
    assert found.balance["name"].tolist() == ["level", "trend", "owner_occupied_share", "log_inhabitants"]
    assert found.balance["year"].tolist() == [2016, 2015, 2016, 2016]
    of_country({**tables, WOZ: tables[WOZ].drop(columns=2015)})
    with pytest.raises(ParameterError, match=r"needs two earlier years; the store has \[2016\]"):
        beside(catalogue(), ASKED, PLACE, Alike(trend=True))


def test_what_cannot_be_asked_says_so(of_country: Use) -> None:
    of_country(country())
    for asked, alike, words in (
        (Question(WOZ, 2017, 2024, "place", ASKED.focus), Alike(), "scale 'place' is not known. Valid: absolute, real"),
        (Question(WOZ, 2017, 2023, "absolute", ASKED.focus), Alike(), "of 2023; it has 2016, 2017, 2024"),
        (ASKED, Alike(neighbours=0), "0 neighbours within 0.5: give 1 or more, and above 0"),
        (ASKED, Alike(caliper=0.0), "5 neighbours within 0: give 1 or more"),
    ):
        with pytest.raises(ParameterError, match=words):
            beside(catalogue(), asked, PLACE, alike)
    with pytest.raises(NotComputableError, match="GM0758 has no listed buurt"):
        beside(catalogue(), ASKED, "GM0758", Alike())


@pytest.mark.parametrize(
    ("ends", "said"),
    [((5.0, 1.0, 12.0), "HIGHER"), ((-5.0, -12.0, -1.0), "LOWER"), ((1.0, -5.0, 9.0), "SAME"),
     ((1.0, -5.0, 12.0), "UNCLEAR"), ((5.0, 1.0, 9.0), "SAME"), ((np.nan, np.nan, np.nan), "UNCLEAR")],
)  # fmt: skip
def test_a_range_is_judged_against_nothing_and_the_smallest_effect(ends: matched.Range, said: str) -> None:
    assert judged_range(ends, 10.0) == said


def test_the_command_tells_the_balance_and_what_to_keep_in_mind(of_country: Use) -> None:
    tables = country(effect=60.0)
    tables = {name: table.rename(index=lambda code: code.replace("BU9000", "BU0758")) for name, table in tables.items()}
    tables[WOZ] = tables[WOZ].drop(columns=2016)
    of_country(tables)
    runner = CliRunner()
    asked = ["country", "matched", WOZ, "--place", "Breda", "--scale", "absolute", "--caliper", "1"]
    told = runner.invoke(app, asked)
    assert told.exit_code == 0, told.output
    assert "The list fell behind its neighbours; beyond the rest of its place: HIGHER." in told.output
    assert "regression to the mean" in told.output
    assert "log_inhabitants" in told.output
    content = json.loads(runner.invoke(app, [*asked, "--json"]).output)
    assert content["place"] == "GM0758"
    assert content["change"][1] < content["change"][0] < content["change"][2]
    assert content["flags"] == ["same_year_level"]
