"""Where a municipality stands among others: ranks by brute force, ranges that hold, and the numbers of real places."""

import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from kloof.figures import canvas, draw, panels
from kloof.findings import NOT_COMPUTABLE, judge
from kloof.questions import groups, other_places
from kloof.results import Section
from kloof.run.in_notebook import narrator
from kloof.study.study import Study, open_study
from kloof.words.sentences import text_of

AREAS = ("GM0001", "GM0002", "GM0003", "GM0004")


def places(*rows: tuple[float, float, float], **columns: Any) -> pd.DataFrame:
    """Municipalities with estimate, low and high."""
    frame = pd.DataFrame(rows, columns=["estimate", "low", "high"])
    base = {"subject": "income", "index": other_places.SPREAD, "area": AREAS[: len(rows)], "year": 2019, "buurten": 12}
    return frame.assign(**{**base, "not_measured": 0, **columns})


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 4), st.integers(0, 4)).map(
            lambda row: (float(row[0]), float(row[0] - row[1]), float(row[0] + row[2]))
        ),
        min_size=1, max_size=4,
    ),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_best_and_worst_place_hold_whatever_the_figures_are(rows: list[tuple[float, float, float]], seed: int) -> None:
    """Both are reached by putting this place at one end of its range and all others at the other."""
    found = other_places.ranks(places(*rows))
    rng = np.random.default_rng(seed)

    def place_of(values: list[float], own: int) -> int:
        return 1 + sum(value > values[own] for value in values)

    for own in range(len(rows)):
        assert found["rank"][own] == place_of([row[0] for row in rows], own)
        best = [row[2] if place == own else row[1] for place, row in enumerate(rows)]
        worst = [row[1] if place == own else row[2] for place, row in enumerate(rows)]
        assert (found["rank_low"][own], found["rank_high"][own]) == (place_of(best, own), place_of(worst, own))
        drawn = [float(rng.uniform(low, high)) for _, low, high in rows]
        assert found["rank_low"][own] <= place_of(drawn, own) <= found["rank_high"][own]


def spread(value: np.ndarray, weight: np.ndarray) -> float:
    """Coefficient of variation, weighted, with numpy's own average and covariance."""
    return float(np.sqrt(np.cov(value, aweights=weight, ddof=0)) / np.average(value, weights=weight))


def rounded(value: np.ndarray, weight: np.ndarray, off: float, off_weight: float) -> pd.DataFrame:
    """Buurten whose figures and weights are printed that far from what they are at most."""
    ends = {"low": value - off, "high": value + off}
    ends |= {"weight_low": np.maximum(weight - off_weight, 0), "weight_high": weight + off_weight}
    return pd.DataFrame({"value": value, "weight": weight, **ends})


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.floats(0.01, 3.0), st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=60)
def test_no_figures_within_rounding_leave_the_range(seed: int, buurten: int, rounding: float, of_weight: float) -> None:
    rng = np.random.default_rng(seed)
    value, weight = rng.uniform(5, 40, buurten), rng.uniform(1, 9, buurten)
    rows = rounded(value, weight, rounding / 2, of_weight)
    estimate, least, most = groups.spread_of(other_places.SPREAD, rows)
    assert estimate == pytest.approx(spread(value, weight))
    assert least <= estimate <= most
    low, high, light, heavy = (rows[key].to_numpy() for key in ("low", "high", "weight_low", "weight_high"))
    above = value > np.average(value, weights=weight)
    for figures in (np.where(above, high, low), np.where(above, low, high), *rng.uniform(low, high, (5, buurten))):
        for sizes in (light, heavy, np.where(above, light, heavy), rng.uniform(light, heavy)):
            if sizes.any():
                assert least - 1e-12 <= spread(figures, sizes) <= most + 1e-12
    exact = rounded(value, weight, 0.0, 0.0)
    assert groups.spread_of(other_places.SPREAD, exact) == pytest.approx((spread(value, weight),) * 3)


def test_the_range_by_hand() -> None:
    """10 and 20 weigh alike, each off by 1: the deviation over the mean is 4 / 15 of 11 and 19, 6 / 15 of 9 and 21."""
    rows = rounded(np.array([10.0, 20.0]), np.ones(2), 1.0, 0.0)
    assert groups.spread_of(other_places.SPREAD, rows) == pytest.approx((5 / 15, 4 / 15, 6 / 15))
    rows = rounded(np.array([0.0, 1.0]), np.ones(2), 2.0, 0.0)
    assert groups.spread_of(other_places.SPREAD, rows) == pytest.approx((1.0, 0.0, np.inf))  # the mean may be 0


@pytest.fixture(scope="module")
def breda() -> tuple[Study, Section, pd.DataFrame]:
    study = open_study({"preset": "breda", "draws": 199})
    section = Section("13_is_this_place_special")
    table = other_places.standings(section, study)
    return study, section, table


def test_one_municipality_against_the_middle_of_the_others(breda: tuple[Study, Section, pd.DataFrame]) -> None:
    """The median of 30, 10 and 20 is 20: 25 is 5 more, at least 24 - 22 and at most 26 - 18."""
    study = breda[0]
    rows = places((25, 24, 26), (30, 29, 31), (10, 9, 11), (20, 18, 22), index=other_places.SPREAD)
    rows["area"] = [study.p.municipality, *AREAS[1:]]
    rows["subject"] = "mean_income_per_inhabitant"
    made = other_places.place_finding(study, rows.assign(**other_places.ranks(rows)), "13.x")
    assert (made.estimate, made.low, made.high) == (5.0, 2.0, 8.0)
    assert {key: entry["value"] for key, entry in made.details.items()} == {
        "rank": 2, "rank_low": 2, "rank_high": 2, "places": 4,
    }  # fmt: skip
    assert (made.a.estimate, made.a.n_units, made.b.n_units, judge(made)) == (20.0, 36, 12, "HIGHER")


def test_real_places_against_pandas(breda: tuple[Study, Section, pd.DataFrame]) -> None:
    """The spread of income per inhabitant in 2017 out of the embedded file, six municipalities, buurten weighed."""
    study, _, table = breda
    rows = study.data.observations
    rows = rows[(rows["year"] == 2017) & (rows["status"] == "measured") & rows["code"].str.startswith("BU")]
    wide = rows.pivot_table(index="code", columns="indicator", values="value")
    own = table[table["subject"] == "mean_income_per_inhabitant"].set_index("area")
    assert set(own["year"]) == {2017}
    for area in (study.p.municipality, *study.p.comparisons):
        here = wide[wide.index.str[2:6] == area[2:6]]
        [weigher] = [
            one for one in study.known.indicator("mean_income_per_inhabitant").weighed_by if here[one].notna().any()
        ][:1]
        here = here[here["mean_income_per_inhabitant"].notna() & (here[weigher] > 0)]
        wanted = spread(here["mean_income_per_inhabitant"].to_numpy(), here[weigher].to_numpy())
        assert (own.loc[area, "estimate"], own.loc[area, "buurten"]) == (pytest.approx(wanted), len(here))
        off = study.known.indicator("mean_income_per_inhabitant").reach, study.known.indicator(weigher).reach
        box = rounded(here["mean_income_per_inhabitant"].to_numpy(), here[weigher].to_numpy(), *off)
        ends = groups.spread_of(other_places.SPREAD, box)[1:]
        assert own.loc[area, ["low", "high"]].tolist() == pytest.approx(list(ends))
    assert list(own["rank"]) == sorted(own["rank"])  # the furthest apart comes first
    assert list(own["estimate"]) == sorted(own["estimate"], reverse=True)


def test_the_spread_is_of_the_last_year_that_all_have(
    breda: tuple[Study, Section, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = breda[0]
    here = rounded(np.array([10.0, 20.0]), np.ones(2), 0.0, 0.0)
    here.attrs["missing"] = 0
    years = dict.fromkeys((2014, 2016, 2018), here) | {2016: here.assign(value=[10.0, 10.0])}
    monkeypatch.setattr(
        other_places, "_measured",
        lambda *asked: years if asked[-1] == study.p.municipality else {year: years[year] for year in (2014, 2016)},
    )  # fmt: skip
    rows = other_places._spread(study, "mean_income_per_inhabitant")
    assert (set(rows["year"]), set(rows["estimate"])) == ({2016}, {0.0})


def test_every_measure_has_its_finding_and_its_rows(breda: tuple[Study, Section, pd.DataFrame]) -> None:
    study, section, table = breda
    assert set(section.findings) == {f"13.{i}.{s}" for s, i in zip(table["subject"], table["index"], strict=True)}
    assert (table.groupby(["subject", "index"]).size() >= other_places.FEWEST_BESIDE).all()
    assert (table["low"] <= table["estimate"]).all() and (table["estimate"] <= table["high"]).all()
    for finding in section.findings.values():
        rows = table[(table["subject"] == finding.indicator) & (table["index"] == finding.measure)]
        others = rows.loc[rows["area"] != study.p.municipality, "estimate"]
        own = rows.loc[rows["area"] == study.p.municipality, "estimate"].iloc[0]
        assert finding.estimate == pytest.approx(own - np.median(others))
        assert finding.sources


def test_without_others_there_is_no_rank_and_it_is_said(breda: tuple[Study, Section, pd.DataFrame]) -> None:
    study = breda[0]
    for few in ((), study.p.comparisons[:1]):
        alone = dataclasses.replace(study, p=dataclasses.replace(study.p, comparisons=few))
        section = Section("13_is_this_place_special")
        assert other_places.standings(section, alone).empty
        [finding] = section.findings.values()
        assert judge(finding) == NOT_COMPUTABLE
        assert section.figures == {}
        for language in ("nl", "en"):
            told = dataclasses.replace(alone, p=dataclasses.replace(alone.p, language=language))
            teller = narrator(told, section)
            said = text_of(teller.sentence(teller.results["findings"][finding.id]))
            assert said and "{" not in said


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_chart_shows_each_municipality_once(breda: tuple[Study, Section, pd.DataFrame], language: str) -> None:
    study, section, _ = breda
    study = dataclasses.replace(study, p=dataclasses.replace(study.p, language=language))
    teller = narrator(study, section)
    drawing = canvas.prepare("13.first", teller, draw.NEEDS)
    axes = panels.standing(drawing).axes[0]
    dots = [line for line in axes.lines if line.get_marker() in ("D", "o")]
    values = [float(line.get_xdata()[0]) for line in dots]  # type: ignore[index]
    assert values == sorted(drawing.rows["value"], reverse=True)
    own = float(drawing.rows.loc[drawing.rows["group"] == "focus", "value"].iloc[0])
    filled = [line for line in dots if to_hex(line.get_markerfacecolor()) != "#ffffff"]
    assert [float(line.get_xdata()[0]) for line in filled] == [own]  # type: ignore[index]
    svg = draw.draw("13.first", teller)
    for code in drawing.rows["area"]:
        assert len(re.findall(f">{re.escape(teller.area(code))}<", svg)) == 1
    assert "{" not in draw.alt("13.first", teller)
