"""Covariates beside what all municipalities say together: by hand, against a known coefficient, and what is refused."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from answers import once
from typer.testing import CliRunner

from kloof.catalogue import catalogue
from kloof.cli.main import app
from kloof.country import gaps
from kloof.country.figures import by_municipality
from kloof.country.gaps import HEAVY, NORMAL, WITHOUT, National, country_change, pooled, prior_of
from kloof.errors import NotComputableError, ParameterError

WOZ, OWNED, BUURTEN = "mean_dwelling_value", "owner_occupied_share", 10
SLOPE, MEAN, LEFT = 12.0, 20.0, 3.0  # of a standard deviation more; of all; what municipalities differ in beside it
Tables = dict[str, pd.DataFrame]


def country(places: int = 60, seed: int = 3) -> Tables:
    """Give a synthetic country in which the gap grew more the more dwellings of a municipality are owned."""
    rng = np.random.default_rng(seed)
    owned = rng.normal(55, 8, places)
    truth = MEAN + SLOPE * (owned - owned.mean()) / owned.std(ddof=1) + LEFT * rng.standard_normal(places)
    index = pd.Index([f"BU{9000 + place:04d}{buurt:02d}00" for place in range(places) for buurt in range(BUURTEN)])
    before = np.tile(np.linspace(150.0, 400.0, BUURTEN), places)
    lost = np.where(np.arange(len(index)) % BUURTEN < 2, np.repeat(truth, BUURTEN), 0.0)
    after = before + 40 + rng.normal(0, 3, len(index)) - lost
    dwellings = rng.integers(200, 2000, len(index)).astype(float)
    apart = rng.normal(0, 5, (places, BUURTEN))
    weight = dwellings.reshape(places, BUURTEN)
    apart -= (apart * weight).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    return {
        WOZ: pd.DataFrame({2017: before, 2024: after}, index=index),
        OWNED: pd.DataFrame({2015: 0.0, 2018: (owned[:, None] + apart).ravel(), 2022: 99.0}, index=index),
        "dwellings": pd.DataFrame({2017: dwellings}, index=index),
        "inhabitants": pd.DataFrame({2017: rng.integers(400, 3000, len(index)).astype(float)}, index=index),
        "households": pd.DataFrame({2017: np.full(len(index), 500.0)}, index=index),
    }


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tables], None]:
    """Let the store hold a synthetic country."""
    return lambda tables: monkeypatch.setattr(gaps, "held", lambda _, name: tables.get(name, pd.DataFrame()).copy())


def asked(*covariates: str, model: str = "") -> National:
    return country_change(WOZ, (2017, 2024), "absolute", model=model, covariates=list(covariates))


def test_a_covariate_is_the_mean_over_buurten_and_of_a_count_their_sum() -> None:
    tables = country(4)
    tables[OWNED].iloc[:3] = np.nan
    owned, year = by_municipality(catalogue(), OWNED, 2017, tables.__getitem__)
    people, _ = by_municipality(catalogue(), "inhabitants", 2017, tables.__getitem__)
    own, weight = tables[OWNED][2018].iloc[3:BUURTEN], tables["dwellings"][2017].iloc[3:BUURTEN]
    assert (year, list(owned.index)) == (2018, ["GM9000", "GM9001", "GM9002", "GM9003"])
    assert owned["GM9000"] == pytest.approx((own * weight).sum() / weight.sum(), rel=1e-12)
    assert people["GM9001"] == tables["inhabitants"][2017].iloc[BUURTEN : 2 * BUURTEN].sum()


def test_what_goes_with_the_change_comes_out_and_less_is_left(hold: Callable[[Tables], None]) -> None:
    hold(country())
    plain, found = asked(model=NORMAL), asked(OWNED, "inhabitants")
    owned, people = found.covariates
    assert (owned.indicator, owned.year, people.year, found.model) == (OWNED, 2018, 2017, NORMAL)
    assert owned.change[1] < SLOPE < owned.change[2]
    assert owned.change[0] == pytest.approx(SLOPE, abs=1.5)
    assert people.change[1] < 0 < people.change[2]
    assert found.spread[0] < plain.spread[0] / 2
    assert found.mean[0] == pytest.approx(plain.mean[0], abs=0.5)  # centred: still the mean of all
    assert found.mean[2] - found.mean[1] < plain.mean[2] - plain.mean[1]
    assert owned.deviation == pytest.approx(8, abs=2)
    assert f"{OWNED}=" in repr(found)


def test_a_municipality_without_it_is_set_aside_and_counted(hold: Callable[[Tables], None]) -> None:
    tables = country(33)
    tables[OWNED].loc[tables[OWNED].index.str.startswith(("BU9001", "BU9007")), 2018] = np.nan
    hold(tables)
    found = asked(OWNED)
    assert {one.reason: one.rows for one in found.set_aside} == {WITHOUT: 2}
    assert set(found.places["municipality"]) == {f"GM{9000 + place}" for place in range(33)} - {"GM9001", "GM9007"}
    assert "without_covariate  2" in repr(found)
    few = country(31)
    few[OWNED].iloc[: 2 * BUURTEN, 1] = np.nan
    hold(few)
    with pytest.raises(NotComputableError, match=r"29 .* every covariate; together they need 30\. .* data fetch --all"):
        asked(OWNED)


@pytest.mark.parametrize(
    ("covariates", "model", "words"),
    [
        ((OWNED,), HEAVY, "heavy tails take no covariates"),
        (("owned",), "", "indicator 'owned' is not known"),
        ((OWNED, OWNED), "", f"covariate {OWNED} is named twice"),
        (("crime_rate",), "", r"the store has no crime_rate by buurt, .* kloof data fetch --all"),
        (("households",), "", "households is the same in every municipality"),
        ((OWNED, "rental_share"), "", "say the same: one of them follows from the others"),
    ],
)
def test_what_cannot_be_asked_says_so(
    covariates: tuple[str, ...], model: str, words: str, hold: Callable[[Tables], None]
) -> None:
    tables = country(31)
    hold({**tables, "rental_share": 100 - tables[OWNED]})
    with pytest.raises(ParameterError, match=words):
        asked(*covariates, model=model)


def test_without_a_store_of_the_country_it_says_what_to_do() -> None:
    """data/national.csv has the change, and no covariates."""
    told = CliRunner().invoke(app, ["country", "change", "--scale", "real", "--covariates", "inhabitants"])
    assert told.exit_code != 0
    with pytest.raises(ParameterError, match=r"national\.csv holds none\. .* kloof data fetch --all"):
        country_change(WOZ, (2017, 2024), "real", covariates=["inhabitants"])


def test_the_command_prints_them_and_gives_json(
    hold: Callable[[Tables], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(country())
    once(monkeypatch, gaps, "country_change")
    command = ["country", "change", WOZ, "--scale", "absolute", "--covariates", f"{OWNED}, inhabitants"]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    row = next(line for line in told.output.splitlines() if line.startswith(f"{OWNED} 2018"))
    found = gaps.country_change(
        WOZ, (2017, 2024), "absolute", "", "", "", covariates=[OWNED, "inhabitants"]
    ).covariates[0]
    assert f"{found.change[0]:.1f}" in row and f"{found.change[1]:.1f} to {found.change[2]:.1f}" in row
    content = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    assert [one["indicator"] for one in content["covariates"]] == [OWNED, "inhabitants"]
    assert content["covariates"][0]["change"] == pytest.approx(found.change)
    assert content["model"] == NORMAL


def test_its_range_holds_the_truth_as_often_as_it_says() -> None:
    """90 percent, in 120 countries; standard errors are drawn in to their line, as those of real ones are."""
    rng = np.random.default_rng(6)
    held, trials = 0, 120
    for _ in range(trials):
        x = rng.standard_normal(60)
        x = (x - x.mean()) / x.std(ddof=1)
        size = rng.uniform(4, 40, 60)
        degrees = np.maximum(size - 2, 2.0)
        noise = 20 / np.sqrt(size)
        estimate = MEAN + SLOPE * x + 6 * rng.standard_normal(60) + noise * rng.standard_normal(60)
        error = noise * np.sqrt(rng.chisquare(degrees) / degrees)
        table = pd.DataFrame({"estimate": estimate, "error": error, "degrees": degrees, "size": size})
        posterior, _ = pooled(table, prior_of(10.0), covariates=x[:, None])
        low, high = posterior.coefficients.interval(0.9)
        held += int(low[1] <= SLOPE <= high[1])
    assert 0.84 <= held / trials <= 0.96
