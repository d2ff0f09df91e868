"""Claims on mechanisms within all municipalities: made-up countries of which the truth is known."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kloof.catalogue import catalogue
from kloof.cli.main import app
from kloof.country import figures, mechanisms
from kloof.errors import ParameterError
from kloof.findings import CONTRADICTED, SAME, SUPPORTED, UNDECIDED, Finding, judge, verdict_of

TOWNS, EACH = 60, 20
CODES = pd.Index([f"BU{town:04d}{buurt:04d}" for town in range(1, TOWNS + 1) for buurt in range(EACH)])
TOWN = np.repeat(np.arange(TOWNS), EACH)
Tables = dict[str, pd.DataFrame]


def table(values: Mapping[int, Any]) -> pd.DataFrame:
    return pd.DataFrame({year: np.broadcast_to(one, len(CODES)) for year, one in values.items()}, index=CODES)


def country(seed: int = 1, *, noise: float = 1.0, slope: float = 0.0, less: float = 1.0, steep: float = 0.0) -> Tables:
    """Give a country: nuisance followed by assistance, tenure with low incomes, and income that arrives on lists."""
    rng = np.random.default_rng(seed)

    def drawn(columns: int) -> np.ndarray:
        return rng.standard_normal((len(CODES), columns)) + 2 * rng.standard_normal((TOWNS, columns))[TOWN]

    better = np.cumsum(drawn(5), axis=1)  # nuisance in 2014 to 2018: higher is better
    moved = np.c_[np.zeros(len(CODES)), slope * np.diff(better, axis=1)]
    assistance = 20 - np.cumsum(moved + 0.5 * drawn(5), axis=1)
    corporation = 40 + 15 * drawn(1) + 0.5 * drawn(3)
    low = 10 + (0.3 + steep * np.arange(3)) * corporation + drawn(3)
    value = 200 + 50 * rng.standard_normal(len(CODES))
    rank = value.reshape(TOWNS, EACH).argsort(axis=1).argsort(axis=1).ravel()
    growth = 1 + (0.2 + 0.1 * rng.standard_normal(TOWNS)[TOWN]) * np.where(rank < EACH // 5, less, 1.0)
    income = 20 + rng.random(len(CODES))
    return {
        "inhabitants": table({2014: 900.0, 2018: 900.0}), "households": table({2014: 400.0}),
        "livability_nuisance_relative": table(dict(enumerate((better + noise * drawn_alone(rng, 5)).T, 2014))),
        "social_assistance_share": table(dict(enumerate(assistance.T, 2015))),
        "housing_corporation_share": table(dict(enumerate(corporation.T, 2014))),
        "low_income_households_share": table(dict(enumerate(low.T, 2014))),
        "mean_dwelling_value": table({2014: value}),
        "mean_income_per_inhabitant": table({2014: income, 2016: income * growth}),
    }  # fmt: skip


def drawn_alone(rng: np.random.Generator, columns: int) -> np.ndarray:
    return rng.standard_normal((len(CODES), columns))


@pytest.fixture
def of_country(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tables], dict[str, Finding]]:
    """Let the store hold a country, and give the findings on it by number."""

    def use(tables: Tables) -> dict[str, Finding]:
        monkeypatch.setattr(mechanisms, "held", lambda _, name, *__: tables.get(name, pd.DataFrame()).copy())
        made = mechanisms._mechanisms(catalogue())
        return {one.id: one for found in made.values() for one in found}

    return use


NUISANCE = "09.livability_nuisance_relative.everywhere"
Of = Callable[[Tables], dict[str, Finding]]


def test_noise_in_surroundings_alone_would_prove_that_they_barely_help(of_country: Of) -> None:
    """A third of a deviation follows; with ten times as much noise nothing would seem to, and that would be proven."""
    found = of_country(country(2, noise=2.2, slope=0.2))[NUISANCE]
    plain = Finding("a", "a", "a", "points", estimate=found.details["plain"]["value"], range_kind=("process",),
                    low=found.details["plain_low"]["value"], high=found.details["plain_high"]["value"],
                    smallest_effect=found.smallest_effect)  # fmt: skip
    assert verdict_of(plain, SAME) == SUPPORTED
    assert verdict_of(found, SAME) != SUPPORTED
    assert found.details["reliability"]["value"] == pytest.approx(100 / (1 + 2 * 2.2**2), abs=4)
    assert "noise_taken_off" in found.flags
    assert found.indicator == "social_assistance_share"
    assert (found.a.year, found.b.year) == (2014, 2019)
    assert found.details["municipalities"]["value"] == TOWNS


def test_what_follows_and_what_does_not_are_both_found(of_country: Of) -> None:
    nothing, much = (of_country(country(3, noise=0.5, slope=size))[NUISANCE] for size in (0.0, 0.6))
    assert verdict_of(nothing, SAME) == SUPPORTED
    assert verdict_of(much, SAME) == CONTRADICTED
    assert much.low is not None
    assert much.high is not None
    assert much.low < 0.6 < much.high


def test_with_two_measurements_of_a_score_nobody_knows_its_noise(of_country: Of) -> None:
    """What is seen through any noise is there; that nothing is seen proves nothing."""
    for slope, verdict in ((0.4, CONTRADICTED), (0.0, UNDECIDED)):
        tables = country(4, noise=0.5, slope=slope)
        tables["livability_nuisance_relative"] = tables["livability_nuisance_relative"][[2014, 2015]]
        found = of_country(tables)[NUISANCE]
        assert "noise_unknown" in found.flags
        assert "reliability" not in found.details
        assert verdict_of(found, SAME) == verdict


def test_crimes_have_the_noise_of_a_count(of_country: Of) -> None:
    """Rates that are Poisson round a true one: what is taken off is rate over inhabitants, of both ends."""
    tables, rng = country(5), np.random.default_rng(5)
    true = np.exp(3 + 0.5 * rng.standard_normal(len(CODES)))
    rates = {
        year: rng.poisson(0.9 * true * (1 + 0.2 * rng.standard_normal(len(CODES))).clip(0.1)) / 0.9
        for year in (2014, 2015)
    }
    tables["violence_rate"] = table(rates)
    found = of_country(tables)["09.violence_rate.everywhere"]
    change = rates[2015] - rates[2014]
    within = change - pd.Series(change).groupby(TOWN).transform("mean").to_numpy()
    expected = 1 - ((rates[2014] + rates[2015]) / 0.9 + 2 / 12).mean() * (1 - 1 / EACH) / (within**2).mean()
    assert found.details["reliability"]["value"] == pytest.approx(100 * expected, rel=1e-6)


def test_part_of_a_score_that_is_made_of_residents_is_taken_off(of_country: Of) -> None:
    tables = country(6, noise=0.1)
    score, own = (
        tables.pop("livability_nuisance_relative"),
        -0.1 * tables["social_assistance_share"].iloc[:, [0, 1, 2, 3]],
    )
    tables["livability_score_relative"] = score + own.reindex(columns=score.columns).fillna(0.0)
    of_all = of_country(tables)["09.livability_score_relative.everywhere"]
    assert "with_residents" in of_all.flags
    tables["livability_residents_relative"] = own
    without = of_country(tables)["09.livability_score_relative.everywhere"]
    assert "without_residents" in without.flags
    assert without.a.year == 2015
    alone = of_country({**country(6), "livability_nuisance_relative": score[[2015, 2016, 2017, 2018]],
                        "social_assistance_share": tables["social_assistance_share"]})[NUISANCE]  # fmt: skip
    assert without.estimate == pytest.approx(alone.estimate)
    assert of_all.estimate != pytest.approx(alone.estimate, rel=0.01)
    tables["livability_social_cohesion_relative"] = own.assign(**{}).reindex(columns=[2014, 2015, 2016, 2017, 2018])
    assert "without_cohesion" in of_country(tables)["09.livability_score_relative.everywhere"].flags


def test_low_incomes_piling_up_in_corporation_dwellings_are_seen(of_country: Of) -> None:
    number = "08.slope.low_income_households_share.everywhere"
    still, rising = (of_country(country(7, steep=size))[number] for size in (0.0, 0.03))
    assert judge(still) == SAME
    assert judge(rising) == "HIGHER"
    assert rising.low is not None
    assert rising.high is not None
    assert rising.low < 0.3 < rising.high  # 0.03 points a year for each point, told for ten
    assert rising.details["reliability"]["value"] > 99
    without = country(7)
    del without["housing_corporation_share"]
    assert of_country(without)[number].reason == "no_corporation_figures"


def test_less_of_a_movement_arrives_on_lists(of_country: Of) -> None:
    number = "11.mean_income_per_inhabitant.everywhere"
    alike, less = (of_country(country(8, less=size))[number] for size in (1.0, 0.5))
    assert judge(alike) == SAME
    assert judge(less) == "LOWER"
    assert less.estimate == pytest.approx(-50, abs=5)
    worse = country(8)
    worse["mean_income_per_inhabitant"][2016] = 10.0
    assert of_country(worse)[number].reason == "no_improvement"
    late = country(8)
    late["mean_dwelling_value"] = late["mean_dwelling_value"].rename(columns={2014: 2019})
    assert of_country(late)[number].reason == "no_figures"  # its list would be made five years away


def test_both_sides_of_what_happened_are_those_of_all_lists(of_country: Of) -> None:
    tables = country(9)
    value = tables["mean_dwelling_value"][2014]
    listed = value.groupby(TOWN).rank() <= EACH // 5
    tables["crime_rate"] = table({2014: 30.0, 2018: np.where(listed, 20.0 + value / 100, 40.0)})
    side = of_country(tables)["09.safety.everywhere"]
    assert side.estimate == pytest.approx(30 - (20 + value[listed] / 100).mean())
    assert side.details["buurten"]["value"] == TOWNS * EACH // 5
    tables["social_assistance_share"][2021] = 99.0  # not in the years of the crimes, give or take one
    position = of_country(tables)["09.safety.position.everywhere"]
    own = tables["social_assistance_share"][listed]
    assert position.estimate == pytest.approx((own[2015] - own[2019]).mean())


def test_too_few_municipalities_and_a_break_say_so(of_country: Of) -> None:
    few = {name: one[one.index < "BU0030"] for name, one in country(10).items()}
    reasons = {name: one.reason for name, one in of_country(few).items()}
    assert {reasons[NUISANCE], reasons["11.mean_income_per_inhabitant.everywhere"]} == {"too_few_municipalities"}
    broken = country(10)
    broken["mean_income_per_inhabitant"] = broken["mean_income_per_inhabitant"].rename(columns={2016: 2018})
    assert of_country(broken)["11.mean_income_per_inhabitant.everywhere"].reason == "one_year_only"


def test_a_rate_may_be_over_the_count_of_a_year_nearby(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(name: str) -> pd.DataFrame:
        if name not in ("registered_crimes", "inhabitants"):
            raise ParameterError(name)
        years = (2017, 2018, 2021) if name == "registered_crimes" else (2017, 2023)
        value = 10.0 if name == "registered_crimes" else 1000.0
        return pd.DataFrame({"code": "BU00010001", "year": years, "value": [value * year / 2017 for year in years],
                             "status": "measured", "source": "a"})  # fmt: skip

    monkeypatch.setattr(figures.read, "indicator", rows)
    assert list(figures.held(catalogue(), "crime_rate").columns) == [2017]
    near = figures.held(catalogue(), "crime_rate", 2)
    assert list(near.columns) == [2017, 2018, 2021]
    assert near[2021].iloc[0] == pytest.approx(10 * 2021 / 2023)


def test_the_command_prints_every_claim_and_says_what_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = country(12, slope=0.5)
    monkeypatch.setattr(mechanisms, "held", lambda _, name, *__: tables.get(name, pd.DataFrame()).copy())
    told = CliRunner().invoke(app, ["country", "mechanisms"])
    assert told.exit_code == 0, told.output
    line = next(line for line in told.output.splitlines() if "after livability_nuisance_relative" in line)
    assert line.startswith("C8   social_assistance_share after livability_nuisance_relative")
    assert line.split()[-2:] == [str(TOWNS), CONTRADICTED]
    assert "cannot be told: no_figures" in told.output
    content = json.loads(CliRunner().invoke(app, ["country", "mechanisms", "--json"]).output)
    row = next(row for row in content if row["after"] == "livability_nuisance_relative")
    assert row["corrected"][0] > row["slope"][0] > 0
    assert {row["claim"] for row in content} == {"C8", "C11", "C12", "H8"}  # health is not in the store, so no C10
