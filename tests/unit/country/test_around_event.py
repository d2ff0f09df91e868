"""An event in all municipalities: the departure by hand, both placebos, shorter lines, and when nothing can be said."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answers import once, reason_of
from event_trials import BEGAN, EVENT_WORLDS, LEAST, SPAN, one_panel
from typer.testing import CliRunner

from kloof.catalogue import catalogue
from kloof.cli.main import app
from kloof.country import events, gaps
from kloof.country.events import (
    LAST_YEAR,
    LINE,
    around_event,
    asked_of,
    estimates,
    judged,
    judgement_of,
    panel_of,
)
from kloof.country.gaps import Question
from kloof.errors import NotComputableError, ParameterError
from kloof.figures.plots import plot

WOZ = "mean_dwelling_value"
YEARS = tuple(range(2013, 2023))
EVENT = 2019.0  # a dwelling value holds for a year before: those of 2013 to 2019 are from before January 2019
ASKED = Question(WOZ, YEARS[0], YEARS[-1], "absolute", f"lowest:20%:{WOZ}:first")
BUURTEN, BEFORE = 10, 7
Use = Callable[[dict[str, pd.DataFrame]], None]


def country(places: int = 31, seed: int = 1, since: float = 0.0) -> dict[str, pd.DataFrame]:
    """Give a synthetic country whose two lowest of ten buurten fall behind by an amount since the event."""
    rng = np.random.default_rng(seed)
    codes = pd.Index([f"BU{9000 + place:04d}{buurt:04d}" for place in range(places) for buurt in range(BUURTEN)])
    level = np.tile(np.linspace(150.0, 400.0, BUURTEN), places) + rng.normal(0, 5, len(codes))
    lowest = level.reshape(places, BUURTEN).argsort(axis=1).argsort(axis=1).ravel() < 2
    value = {}
    for at, year in enumerate(YEARS):
        value[year] = level * 1.03**at + rng.normal(0, 4, len(codes)) - since * lowest * (at >= BEFORE)
    return {
        WOZ: pd.DataFrame(value, index=codes),
        "dwellings": pd.DataFrame({2013: rng.integers(200, 2000, len(codes)).astype(float)}, index=codes),
        "inhabitants": pd.DataFrame({2013: np.full(len(codes), 900.0)}, index=codes),
    }


@pytest.fixture
def of_country(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Let the store hold a synthetic country."""

    def use(tables: dict[str, pd.DataFrame]) -> None:
        for module in (gaps, events):
            monkeypatch.setattr(module, "held", lambda _, name: tables.get(name, pd.DataFrame()).copy())

    return use


def by_hand(tables: dict[str, pd.DataFrame], scale: str, chosen: slice, rest: slice, against: str = LINE) -> float:
    """Compute the departure of the gap of one municipality: its years since, less its line from 2014 to 2019."""
    own = tables[WOZ].iloc[:BUURTEN]
    weight = tables["dwellings"][2013].iloc[:BUURTEN]
    order = own[2013].sort_values().index
    gap = []
    for year in YEARS:
        value = own[year]
        means = [np.average(value[order[part]], weights=weight[order[part]]) for part in (chosen, rest)]
        gap.append(100 * (1 - means[0] / means[1]) if scale == "relative" else means[1] - means[0])
    since = np.mean(gap[BEFORE:])
    if against == LAST_YEAR:
        return float(since - gap[BEFORE - 1])
    slope, start = np.polyfit(YEARS[1:BEFORE], gap[1:BEFORE], 1)
    return float(since - np.mean([start + slope * year for year in YEARS[BEFORE:]]))


@pytest.mark.parametrize("scale", ["absolute", "relative"])
def test_the_departure_of_a_municipality_equals_that_by_hand(scale: str, of_country: Use) -> None:
    tables = country()
    of_country(tables)
    panel, _ = panel_of(catalogue(), replace(ASKED, scale=scale))
    made, _ = estimates(panel, asked_of(panel, EVENT, LINE))
    key = events.DEPARTURE
    listed = by_hand(tables, scale, slice(0, 2), slice(2, None))
    following, beyond = (by_hand(tables, scale, part, slice(4, None)) for part in (slice(2, 4), slice(0, 2)))
    assert made["listed"][key]["estimate"][0] == pytest.approx(listed, rel=1e-9)
    assert made["next"][key]["estimate"][0] == pytest.approx(following, rel=1e-9)
    assert made["own"][key]["estimate"][0] == pytest.approx(beyond - 2 * following, rel=1e-9)
    simple, _ = estimates(panel, asked_of(panel, EVENT, LAST_YEAR))
    expected = by_hand(tables, scale, slice(0, 2), slice(2, None), LAST_YEAR)
    assert simple["listed"][key]["estimate"][0] == pytest.approx(expected, rel=1e-9)


def test_every_other_number_of_a_municipality_equals_that_by_hand(of_country: Use) -> None:
    """By year since the base, beyond the line, from shorter lines, and of earlier years taken as the event."""
    tables = country(since=20.0)
    of_country(tables)
    panel, _ = panel_of(catalogue(), ASKED)
    asked = asked_of(panel, EVENT, LINE)
    made, _ = estimates(panel, asked)
    found = {key: table["estimate"][0] for key, table in made["listed"].items()}
    own, weight = tables[WOZ].iloc[:BUURTEN], tables["dwellings"][2013].iloc[:BUURTEN]
    order = own[2013].sort_values().index
    means = [np.average(own.loc[order[part]], weights=weight[order[part]], axis=0) for part in (slice(2), slice(2, 10))]
    gap, years = means[1] - means[0], np.array(YEARS)

    def beyond(first: int, start: int, last: int) -> float:
        line = np.polyval(np.polyfit(years[first:start], gap[first:start], 1), years[start:last])
        return float((gap[start:last] - line).mean())

    for at in range(len(YEARS)):
        assert found.get(("change", at), 0.0) == pytest.approx(gap[at] - gap[BEFORE - 1], abs=1e-8)
    line = np.polyval(np.polyfit(years[1:BEFORE], gap[1:BEFORE], 1), years)
    expected = {("beyond", at): gap[at] - line[at] for at in range(BEFORE, len(YEARS))}
    expected |= {("false", at): beyond(1, at, BEFORE) for at in range(3, BEFORE)}
    expected |= {("shorter", at): beyond(at, BEFORE, len(YEARS)) for at in range(2, BEFORE - 2)}
    expected[events.DEPARTURE] = beyond(1, BEFORE, len(YEARS))
    assert {key: value for key, value in found.items() if key[0] != "change"} == pytest.approx(expected, abs=1e-8)
    simple, _ = estimates(panel, asked_of(panel, EVENT, LAST_YEAR))
    for at in range(2, BEFORE):
        assert simple["listed"]["false", at]["estimate"][0] == pytest.approx(gap[at:BEFORE].mean() - gap[at - 1])


def test_a_lead_is_on_the_false_event_whatever_its_direction(of_country: Use) -> None:
    tables = country(since=40.0)
    lowest = tables[WOZ][2013].groupby(tables[WOZ].index.str.slice(2, 6)).rank() <= 2
    tables[WOZ].loc[lowest, [2018, 2019]] += 15  # a false event, the other way
    of_country(tables)
    panel, _ = panel_of(catalogue(), ASKED)
    found = judged(panel, ASKED, EVENT, 10.0, by_year=False)
    asked = asked_of(panel, EVENT, LINE)
    made, _ = estimates(panel, asked)
    for row, at in zip(found.in_time.to_dict("records"), range(3, BEFORE), strict=True):
        table, other = (made["listed"][key] for key in (events.DEPARTURE, ("false", at)))
        assert row["departure"] == pytest.approx(other["estimate"].mean(), abs=1)
        assert row["lead_low"] < (table["estimate"].mean() - abs(other["estimate"].mean()))
    turned = judged(replace(panel, better=-1), ASKED, EVENT, 10.0, by_year=False)
    assert turned.departure[0] == pytest.approx(-found.departure[0], rel=1e-9)
    np.testing.assert_allclose(turned.in_time["lead_low"], found.in_time["lead_low"], rtol=1e-7)


def test_the_spread_of_a_ratio_is_how_it_moves_with_every_figure(of_country: Use) -> None:
    """The error by moving the figures of each buurt by a little, one after the other (CR2 in each group)."""
    tables = country()
    of_country(tables)
    panel, _ = panel_of(catalogue(), replace(ASKED, scale="relative"))
    counts = asked_of(panel, EVENT, LINE)[events.DEPARTURE]
    only = {events.DEPARTURE: counts}
    made, _ = estimates(panel, only)
    rows = panel.municipality == panel.municipality[0]
    weight, value, turn = panel.weight[rows], panel.value[rows], panel.turn[rows]
    for kind, factors in (("listed", (1, -1, -1)), ("own", (1, -2, 1))):
        groups = [turn <= 1, (turn > 1) & (turn <= 2), turn > 2]
        if kind == "listed":
            groups = [groups[0], ~groups[0]]

        def ratio(figures: np.ndarray) -> float:
            means = [np.average(figures[side], weights=weight[side], axis=0) for side in groups]  # noqa: B023
            ratios = sum(factor * mean / means[-1] for factor, mean in zip(factors, means[:-1], strict=False))  # noqa: B023
            return float(100 * ratios @ counts)

        moved = np.zeros_like(value)
        for at in np.ndindex(*value.shape):
            nudge = np.zeros_like(value)
            nudge[at] = 1e-3
            moved[at] = (ratio(value + nudge) - ratio(value - nudge)) / 2e-3
        variance = 0.0
        for side in groups:
            share = weight[side] / weight[side].sum()
            pull = (moved[side] / share[:, None] * (value[side] - share @ value[side])).sum(axis=1)
            variance += (share**2 * pull**2 / (1 - 2 * share + share @ share)).sum()
        assert made[kind][events.DEPARTURE]["error"][0] == pytest.approx(np.sqrt(variance), rel=1e-5)


def test_what_all_share_and_the_order_of_codes_change_nothing(of_country: Use) -> None:
    tables = country(since=12.0)
    of_country(tables)
    found = around_event(WOZ, EVENT, scale="absolute")
    moved = {**tables, WOZ: (tables[WOZ] + np.arange(len(YEARS)) ** 2).iloc[::-1]}
    of_country(moved)
    other = around_event(WOZ, EVENT, scale="absolute")
    assert other.departure == pytest.approx(found.departure, rel=1e-7)
    pd.testing.assert_frame_equal(other.yearly, found.yearly, rtol=1e-6)
    assert found.yearly["period"].tolist() == ["before"] * 6 + ["base"] + ["since"] * 3
    of_country({**tables, WOZ: tables[WOZ] * 7})
    larger, _ = panel_of(catalogue(), replace(ASKED, scale="relative"))
    of_country(tables)
    plain, _ = panel_of(catalogue(), replace(ASKED, scale="relative"))
    only = {events.DEPARTURE: asked_of(plain, EVENT, LINE)[events.DEPARTURE]}
    both = [estimates(panel, only)[0]["own"][events.DEPARTURE] for panel in (plain, larger)]
    pd.testing.assert_frame_equal(*both, rtol=1e-9)


def test_real_amounts_are_put_in_prices_of_the_last_year(of_country: Use) -> None:
    tables = country()
    of_country(tables)
    real, _ = panel_of(catalogue(), replace(ASKED, scale="real"))
    factors = gaps.prices(catalogue(), WOZ, YEARS)
    assert factors[-1] == 1
    assert (np.diff(factors) < 0).all()
    plain, _ = panel_of(catalogue(), ASKED)
    np.testing.assert_allclose(real.value, plain.value * factors, rtol=1e-12)


# ------------------------------------------------------------------ what is said of it
def world(name: str, places: int = 60, seed: int = 4) -> events.Events:
    """Judge one synthetic country of a world."""
    rng = np.random.default_rng(seed)
    panel = one_panel(next(one for one in EVENT_WORLDS if one.name == name), rng, places)
    asked = Question("synthetic", SPAN[0], SPAN[-1], "absolute")
    return judged(panel, asked, BEGAN, LEAST, by_year=False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing_happens", ("SAME", "")),
        ("twice", ("HIGHER", "")),
        ("twice_back", ("LOWER", "")),
        ("everywhere", ("UNCLEAR", events.EVERYWHERE)),
        ("bend_before", ("UNCLEAR", events.BENT)),
        ("bend_then_back", ("UNCLEAR", events.BENT)),
    ],
)
def test_an_event_is_told_from_what_moves_everywhere_and_from_a_bend(name: str, said: tuple[str, str]) -> None:
    found = world(name)
    assert (found.judgement, found.reason) == said
    assert len(found.in_time) == 7
    assert found.by_line["year"].tolist() == list(range(2012, 2018))


def test_a_list_that_chance_made_does_not_depart_from_its_own_first_year() -> None:
    """Through the first year, by whose chance the list was made, the line of the gap would lead down."""
    panel = one_panel(next(one for one in EVENT_WORLDS if one.noisy), np.random.default_rng(2), 60)
    asked = Question("synthetic", SPAN[0], SPAN[-1], "absolute")
    kept = judged(panel, asked, BEGAN, LEAST, by_year=False)
    through = judged(replace(panel, skipped=0), asked, BEGAN, LEAST, by_year=False)
    assert kept.departure[1] < 0 < kept.departure[2]
    assert through.departure[1] > 0


FALSE = pd.DataFrame({"year": [2016], "departure": [2.0], "low": [1.0], "high": [3.0], "lead_low": [1.0]})
LINES = pd.DataFrame({"year": [2015], "departure": [12.0], "low": [9.0], "high": [15.0]})


@pytest.mark.parametrize(
    ("departure", "false", "lines", "own", "said"),
    [
        ((12.0, 8.0, 16.0), {}, {}, (5.0, 1.0, 9.0), ("HIGHER", "")),
        ((-12.0, -16.0, -8.0), {}, {"low": -15.0, "high": -9.0}, (-5.0, -9.0, -1.0), ("LOWER", "")),
        ((12.0, 8.0, 16.0), {}, {}, (5.0, -1.0, 9.0), ("UNCLEAR", events.EVERYWHERE)),
        ((12.0, 8.0, 16.0), {"lead_low": -0.1}, {}, (5.0, 1.0, 9.0), ("UNCLEAR", events.BENT)),
        ((12.0, 8.0, 16.0), {}, {"low": -0.1}, (5.0, 1.0, 9.0), ("UNCLEAR", events.BENT)),
        ((-12.0, -16.0, -8.0), {}, {"low": -15.0, "high": 0.1}, (-5.0, -9.0, -1.0), ("UNCLEAR", events.BENT)),
        ((4.0, -8.0, 16.0), {}, {}, (5.0, 1.0, 9.0), ("UNCLEAR", events.CHANCE)),
        ((4.0, 1.0, 9.0), {}, {"departure": 7.0}, (5.0, 1.0, 9.0), ("SAME", "")),
        ((4.0, 1.0, 9.0), {"departure": 5.0}, {"departure": 7.0}, (5.0, 1.0, 9.0), ("SAME", "")),
        ((4.0, 1.0, 9.0), {}, {"departure": -10.1}, (5.0, 1.0, 9.0), ("UNCLEAR", events.BENT)),
        (
            (4.0, 1.0, 9.0),
            {"departure": -7.0, "lead_low": -1.0},
            {"departure": 7.0},
            (5.0, 1.0, 9.0),
            ("UNCLEAR", events.BENT),
        ),
    ],
)
def test_a_judgement_needs_its_range_and_both_placebos(
    departure: events.Range, false: dict[str, float], lines: dict[str, float], own: events.Range, said: tuple[str, str]
) -> None:
    assert judgement_of(departure, FALSE.assign(**false), LINES.assign(**lines), own, 10.0) == said
    assert judgement_of(departure, FALSE.iloc[:0], LINES, own, 10.0) == ("UNCLEAR", events.UNTESTED)


# ------------------------------------------------------------------ when nothing can be said
@pytest.mark.parametrize(
    ("event", "years", "reason"),
    [
        (2013.9, YEARS, "too_few_years_before"),
        (2030.0, YEARS, "no_year_since"),
        (EVENT, (2013, 2014, 2015, 2016, 2021), "no_year_just_before"),
    ],
)
def test_too_few_years_say_so(event: float, years: tuple[int, ...], reason: str, of_country: Use) -> None:
    tables = country()
    of_country({**tables, WOZ: tables[WOZ][list(years)]})
    assert reason_of(around_event, WOZ, event) == reason


def test_with_four_years_before_no_line_is_tested(of_country: Use) -> None:
    tables = country()
    of_country({**tables, WOZ: tables[WOZ].iloc[:, 3:]})
    assert around_event(WOZ, EVENT, scale="absolute").reason == events.UNTESTED
    assert around_event(WOZ, EVENT, scale="absolute", against=LAST_YEAR).reason != events.UNTESTED


def test_what_is_left_out_is_counted(of_country: Use) -> None:
    tables = country(33)
    tables[WOZ].iloc[:200, 4] = np.nan  # a thin year
    tables[WOZ].iloc[8, 2] = np.nan
    tables[WOZ].iloc[10:16, 1] = np.nan  # the second municipality has four buurten left
    tables[WOZ].iloc[20:30] = np.linspace(100.0, 200.0, BUURTEN)[:, None] * np.ones(len(YEARS))  # nothing moves
    of_country(tables)
    found = around_event(WOZ, EVENT, scale="absolute")
    assert found.municipalities == 31
    assert [(one.step, one.rows, one.reason) for one in found.set_aside] == [
        ("year 2017", 140, "too_little_measured"), ("not in every year", 7, "not_measured_in_every_year"),
        ("municipalities", 1, "too_few_buurten"), ("municipalities", 1, "no_spread"),
    ]  # fmt: skip
    assert 2017 not in found.yearly["year"].tolist()
    of_country({**tables, WOZ: tables[WOZ].iloc[:300]})
    with pytest.raises(NotComputableError, match="28 municipalities have lists to compare; together they need 30"):
        around_event(WOZ, EVENT, scale="absolute")


@pytest.mark.parametrize(("spread", "left_out"), [(0.0, 1), (1e-9, 1), (1e-4, 0)])
def test_a_municipality_in_which_all_moved_alike_has_no_spread(spread: float, left_out: int, of_country: Use) -> None:
    """What differs between its buurten is floating point only, which says nothing of chance."""
    tables = country()
    own = tables[WOZ].index[:BUURTEN]
    alike = tables[WOZ].copy()
    alike.loc[own] = alike.loc[own, [2013]].to_numpy() + 10 / 3 * (np.array(alike.columns) - 2013)
    alike.loc[own] += np.random.default_rng(2).normal(0, spread, (BUURTEN, len(YEARS)))
    of_country({**tables, WOZ: alike})
    panel, _ = panel_of(catalogue(), ASKED)
    _, aside = estimates(panel, asked_of(panel, EVENT, LINE))
    assert [(one.reason, one.rows) for one in aside] == [("no_spread", 1)][:left_out]


def test_what_cannot_be_asked_says_so(of_country: Use) -> None:
    tables = country()
    of_country(tables)
    for asked, words in (
        ({"years": (2010, 2022)}, "no mean_dwelling_value by buurt of 2010; it has 2013, 2014"),
        ({"against": "curve"}, "'curve' is nothing to hold years against. Valid: line, last_year"),
        ({"scale": "nominal"}, "scale 'nominal' is not known"),
    ):
        with pytest.raises(ParameterError, match=words):
            around_event(WOZ, EVENT, **asked)
    thin = tables[WOZ].copy()
    thin.iloc[100:, 0] = np.nan
    of_country({**tables, WOZ: thin})
    with pytest.raises(ParameterError, match="2013 has mean_dwelling_value of 100 buurten, against 310"):
        around_event(WOZ, EVENT, (2013, 2022))
    with pytest.raises(NotComputableError, match="The store has no crime_rate by buurt"):
        around_event("crime_rate", EVENT)
    of_country({**tables, "dutch_background_share": tables[WOZ].rename(columns={2013: 2023})})
    rule = f"lowest:20%:{WOZ}:first"
    with pytest.raises(NotComputableError, match="of 2021 and of 2022 are not the same figure: in 2022"):
        around_event("dutch_background_share", EVENT, (2014, 2022), "absolute", rule)


def test_the_command_tells_every_year_and_what_it_means(
    of_country: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_country(country(since=40.0))
    once(monkeypatch, events, "around_event")
    runner = CliRunner()
    asked = ["country", "events", WOZ, "--event", "2019", "--scale", "absolute"]
    told = runner.invoke(app, [*asked, "--picture", str(tmp_path / "a.svg")])
    assert told.exit_code == 0, told.output
    assert "Since the event the gap is larger than its line before it leads to" in told.output
    assert "taken as the event 2017" in told.output
    assert (tmp_path / "a.svg").stat().st_size > 5_000
    content = json.loads(runner.invoke(app, [*asked, "--json"]).output)
    assert content["judgement"] == "HIGHER"
    assert content["yearly"][6] == {"year": 2019, "period": "base"} | dict.fromkeys(
        [f"{name}{end}" for name in ("change", "beyond") for end in ("", "_low", "_high", "_spread")]
    )
    refused = runner.invoke(app, [*asked[:3], "--event", "corona"])
    assert isinstance(refused.exception, ParameterError)


def test_the_picture_has_every_year_and_what_lies_beyond(of_country: Use) -> None:
    of_country(country())
    found = around_event(WOZ, EVENT, scale="absolute")
    axes = plot(found)
    drawn = [line.get_ydata() for line in axes.lines if len(line.get_xdata()) == len(YEARS)]
    np.testing.assert_allclose(drawn[0], found.yearly["change"].fillna(0))
    np.testing.assert_allclose(drawn[1], found.yearly["beyond"])
