"""All municipalities together: the change of one by hand, the list, what is left out, prices, and where each stands."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answers import once
from typer.testing import CliRunner

from kloof.catalogue import catalogue
from kloof.cli.main import app
from kloof.country import gaps as national
from kloof.country.gaps import HEAVY, Question, every_change
from kloof.errors import NotComputableError, ParameterError
from kloof.methods import by_place
from kloof.methods.contrast import difference
from kloof.methods.gap import log_growth, weighted_means
from kloof.study.load import price_index

WOZ = "mean_dwelling_value"
ASKED = Question(WOZ, 2017, 2024, "absolute", f"lowest:20%:{WOZ}:first")
BUURTEN = 10


def country(places: int = 40, seed: int = 1, grew: float = 20.0, spread: float = 10.0) -> dict[str, pd.DataFrame]:
    """Give a synthetic country: in each municipality the two lowest of ten buurten fall behind by its own amount."""
    rng = np.random.default_rng(seed)
    truth = grew + spread * rng.standard_normal(places)
    codes = [f"BU{9000 + place:04d}{buurt:04d}" for place in range(places) for buurt in range(BUURTEN)]
    before = np.tile(np.linspace(150.0, 400.0, BUURTEN), places) + rng.normal(0, 5, len(codes))
    order = before.reshape(places, BUURTEN).argsort(axis=1).argsort(axis=1).ravel()
    after = before * 1.2 + rng.normal(0, 6, len(codes)) - np.where(order < 2, np.repeat(truth, BUURTEN), 0.0)
    index = pd.Index(codes)
    return {
        WOZ: pd.DataFrame({2017: before, 2024: after}, index=index),
        "dwellings": pd.DataFrame({2017: rng.integers(200, 2000, len(codes)).astype(float)}, index=index),
        "inhabitants": pd.DataFrame({2017: np.full(len(codes), 900.0)}, index=index),
    }


@pytest.fixture
def of_country(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, pd.DataFrame]], None]:
    """Let the store hold a synthetic country."""

    def use(tables: dict[str, pd.DataFrame]) -> None:
        monkeypatch.setattr(national, "held", lambda _, name: tables.get(name, pd.DataFrame()).copy())
        monkeypatch.setattr(national, "embedded", lambda _: None)

    return use


def by_hand(tables: dict[str, pd.DataFrame], code: str) -> tuple[float, pd.Index]:
    """Compute how much further the two lowest buurten of a municipality lie behind, and name them."""
    own = tables[WOZ][tables[WOZ].index.str.startswith(code)]
    listed = own[2017].sort_values().index[:2]
    weight = tables["dwellings"][2017].reindex(own.index)
    gaps = []
    for year in (2017, 2024):
        rest = own.index.difference(listed)
        means = [np.average(own[year][part], weights=weight[part]) for part in (listed, rest)]
        gaps.append(means[1] - means[0])
    return gaps[1] - gaps[0], listed


def test_the_change_of_a_municipality_equals_that_by_hand(of_country: Callable[..., None]) -> None:
    tables = country()
    of_country(tables)
    table, aside = every_change(catalogue(), ASKED)
    assert len(table) == 40
    assert aside == ()
    for at in (0, 17):
        expected, listed = by_hand(tables, f"BU{9000 + at:04d}")
        assert table["estimate"][at] == pytest.approx(expected, rel=1e-12)
        assert table["listed"][at] == len(listed) == 2
        assert table["buurten"][at] == BUURTEN
    relative, _ = every_change(catalogue(), replace(ASKED, scale="relative"))
    own = tables[WOZ][tables[WOZ].index.str.startswith("BU9000")]
    listed = own[2017].sort_values().index[:2]
    weight = tables["dwellings"][2017]
    behind = [
        100 * (1 - np.average(own[year][listed], weights=weight[listed])
               / np.average(own[year].drop(listed), weights=weight.reindex(own.index.difference(listed, sort=False))))
        for year in (2017, 2024)
    ]  # fmt: skip
    assert relative["estimate"][0] == pytest.approx(behind[1] - behind[0], rel=1e-9)


@pytest.mark.parametrize("scale", ["absolute", "relative"])
def test_all_municipalities_at_once_are_what_each_is_by_itself(
    scale: str, of_country: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the functions of one municipality, where nothing is learnt from the others."""
    for name, value in (("_correlations", np.zeros((2, 2))), ("_across", 0.0), ("_ratio", 1.0)):
        monkeypatch.setattr(by_place, name, lambda *_, value=value: value)
    tables = country(30, seed=4)
    moved = tables[WOZ][2024] + np.random.default_rng(5).normal(0, 60, len(tables[WOZ]))
    tables[WOZ] = tables[WOZ].assign(**{"2024": moved}).drop(columns=2024).rename(columns={"2024": 2024})
    of_country(tables)
    table, _ = every_change(catalogue(), replace(ASKED, scale=scale))
    assert len(table) == 30
    for row in table.to_dict("records"):
        own = tables[WOZ][tables[WOZ].index.str.startswith(f"BU{row['municipality'][2:]}")]
        before, after = own[2017].to_numpy(), own[2024].to_numpy()
        weight = tables["dwellings"][2017].reindex(own.index).to_numpy()
        listed = before.argsort().argsort() < 2
        focus, rest = weighted_means(before, weight, listed)
        contrast = after - before if scale == "absolute" else log_growth(before, after, weight, listed)
        found = difference(contrast[:, None], weight, listed)
        estimate, error = float(found.estimate[0]), float(found.standard_error[0])
        if scale == "absolute":
            estimate = -estimate
        if scale == "relative":
            estimate, error = -100 * focus / rest * np.expm1(estimate), 100 * focus / rest * error
        np.testing.assert_allclose([row["estimate"], row["error"]], [estimate, error], rtol=1e-10, atol=1e-10)


def test_small_buurten_are_not_listed_and_what_has_no_figure_is_counted(of_country: Callable[..., None]) -> None:
    tables = country(3)
    lowest = tables[WOZ][2017].iloc[:BUURTEN].idxmin()
    tables["inhabitants"].loc[lowest, 2017] = 199.0
    tables[WOZ].loc[tables[WOZ].index[2 * BUURTEN - 1], 2024] = np.nan
    tables[WOZ].iloc[2 * BUURTEN + 3 :, 0] = np.nan  # the third municipality has three buurten left, one of them listed
    of_country(tables)
    table, aside = every_change(catalogue(), ASKED)
    assert list(table["municipality"]) == ["GM9000", "GM9001"]
    assert table["buurten"].tolist() == [10, 9]
    assert {one.reason: one.rows for one in aside} == {"no_figure_in_both_years": 8, "too_few_buurten": 1}
    _, listed = by_hand(tables, "BU9000")
    assert lowest in listed  # by hand it is lowest; it is not on the list of the rule
    assert table["estimate"][0] != pytest.approx(by_hand(tables, "BU9000")[0], rel=1e-3)


def test_real_amounts_are_those_of_the_first_year_in_prices_of_the_last(of_country: Callable[..., None]) -> None:
    tables = country(4)
    of_country(tables)
    real, _ = every_change(catalogue(), replace(ASKED, scale="real"))
    dated = [2016, 2023]  # the value of a dwelling is that of a year before
    empty = pd.DataFrame(columns=["indicator", "code", "year", "value", "status", "source"])
    prices, _ = price_index(empty, dated)
    turned = {**tables, WOZ: tables[WOZ].assign(**{}).copy()}
    turned[WOZ][2017] = turned[WOZ][2017] * prices[2023] / prices[2016]
    of_country(turned)
    plain, _ = every_change(catalogue(), ASKED)
    np.testing.assert_allclose(real["estimate"], plain["estimate"], rtol=1e-12)


def test_together_they_are_nearer_to_the_truth_than_each_alone(of_country: Callable[..., None]) -> None:
    tables = country(60, seed=3, grew=30.0, spread=4.0)
    of_country(tables)
    found = national.answer(catalogue(), ASKED, place="GM9005")
    rows = found.places.set_index("municipality")
    own, together = rows["estimate"].std(), rows["expected"].std()
    assert together < own
    assert found.mean[1] < found.mean[0] < found.mean[2]
    assert found.grew > 90
    assert found.shrank == 0
    assert found.unit == "thousand_euro"
    assert rows["rank"].between(1, 60).all()
    assert (rows["rank_low"] <= rows["rank"] + 1).all()
    assert (rows["rank_high"] + 1 >= rows["rank"]).all()
    heavy = national.answer(catalogue(), ASKED, HEAVY)
    assert heavy.mean[0] == pytest.approx(found.mean[0], abs=3)
    assert "60" in repr(found)


def test_what_cannot_be_asked_says_so(of_country: Callable[..., None]) -> None:
    of_country(country(5))
    for asked, words in (
        (replace(ASKED, scale="place"), r"scale 'place' is not known\. Valid: absolute, real, relative\."),
        (replace(ASKED, focus="union"), "does not go for every municipality"),
        (replace(ASKED, focus=f"lowest:5:{WOZ}:first"), "does not go for every municipality"),
        (replace(ASKED, first=2024, last=2017), "2024 is not before 2017"),
        (replace(ASKED, last=2023), f"no {WOZ} by buurt of 2023; it has 2017, 2024"),
        (replace(ASKED, focus="lowest:20%:crime_rate:first"), "no crime_rate by buurt of 2017"),
    ):
        with pytest.raises(ParameterError, match=words):
            every_change(catalogue(), asked)
    with pytest.raises(NotComputableError, match="5 municipalities have a change; together they need 30"):
        national.answer(catalogue(), ASKED)
    with pytest.raises(ParameterError, match="model 'uniform' is not known"):
        national.answer(catalogue(), ASKED, "uniform")


# ------------------------------------------------------------------ what the project holds of the real country
def test_what_the_project_holds_is_of_that_question_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(ASKED, first=2017, last=2024, scale="real")
    kept = national.embedded(asked)
    assert kept is not None and len(kept) == 242
    assert national.embedded(replace(asked, first=2016)) is None
    assert national.embedded(replace(asked, scale="absolute", last=2023)) is None
    monkeypatch.setattr(national, "data_folder", lambda: tmp_path)
    assert national.embedded(asked) is None


def test_without_a_store_breda_stands_among_the_country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once(monkeypatch, national, "pooled")  # all places are of one model
    runner = CliRunner()
    told = runner.invoke(
        app, ["country", "change", "--scale", "real", "--place", "Breda", "--picture", str(tmp_path / "a.svg")]
    )
    assert told.exit_code == 0, told.output
    assert "municipalities  242" in told.output
    assert "→ Breda" in told.output
    assert (tmp_path / "a.svg").stat().st_size > 10_000
    assert "→ Utrecht" in runner.invoke(app, ["country", "change", "--scale", "real", "--place", "Utrecht"]).output
    content = json.loads(runner.invoke(app, ["country", "change", "--scale", "real", "--json"]).output)
    assert content["mean"][0] == pytest.approx(16.456, abs=0.001)
    breda = next(row for row in content["places"] if row["municipality"] == "GM0758")
    assert breda["low"] < breda["expected"] < breda["high"]
    assert breda["rank_low"] < breda["rank"] < breda["rank_high"]
