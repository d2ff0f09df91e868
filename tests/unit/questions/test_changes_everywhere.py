"""All municipalities together in a report: what is recorded is what the country says, and where this one stands."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kloof.country import gaps as country
from kloof.country.gaps import National, OwnList, country_change
from kloof.findings import judge
from kloof.questions import other_places as whole_country
from kloof.questions.other_places import own_list_of
from kloof.results import Section
from kloof.study.panel import Focus, series
from kloof.study.study import Study, open_study

SCALES = ("absolute", "real", "relative")
ID = "13.country.mean_dwelling_value.real"


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study("breda", language="en")


def recorded(study: Study) -> Section:
    section = Section("13_is_this_place_special")
    whole_country.changes_everywhere(section, study)
    return section


@pytest.fixture(scope="module")
def section(breda: Study) -> Section:
    return recorded(breda)


@pytest.fixture(scope="module")
def found() -> National:
    return country_change("mean_dwelling_value", (2017, 2024), scale="real", place="Breda")


def test_the_mean_and_the_place_are_those_of_the_whole_country(section: Section, found: National) -> None:
    mean, place = section.findings[ID], section.findings[f"{ID}.place"]
    assert (mean.estimate, mean.low, mean.high) == found.mean
    assert {name: mean.details[name]["value"] for name in ("grew", "shrank", "municipalities")} == {
        "grew": found.grew, "shrank": found.shrank, "municipalities": len(found.places)
    }  # fmt: skip
    assert mean.details["told"]["value"] == found.grew + found.shrank
    own = found.places.set_index("municipality").loc["GM0758"]
    assert (place.estimate, place.low, place.high) == (own["expected"], own["low"], own["high"])
    assert [place.details[f"rank_{end}"]["value"] for end in ("low", "high")] == [own["rank_low"], own["rank_high"]]
    assert judge(mean) == "HIGHER"
    assert judge(section.findings["13.country.mean_dwelling_value.relative"]) == "LOWER"
    assert mean.smallest_effect == 10.0
    assert mean.sources, "the figures of this place in both years name their source"
    table = section.tables["13.country"].frame()
    assert (len(table), list(table.loc[table["group"] == "focus", "area"])) == (len(found.places), ["GM0758"])
    names = [name for name in section.findings if not name.endswith((".place", ".own_list"))]
    assert (names[0], [name.rpartition(".")[2] for name in names[:3]]) == (ID, ["real", "relative", "absolute"])


def test_a_place_without_a_change_of_its_own_has_no_place(breda: Study) -> None:
    alone = replace(breda.p, municipality="GM9999", indicators=("mean_dwelling_value",), levels=())
    section = recorded(replace(breda, p=alone))
    assert ID in section.findings and not [name for name in section.findings if name.endswith(".place")]


# ------------------------------------------------------------------ the list that the study was given
def test_the_own_list_is_told_beside_all_others(breda: Study, section: Section) -> None:
    """Of dwelling values only: the income of 2024 stands at large buurten alone, and cannot be compared."""
    made = {name: one for name, one in section.findings.items() if name.endswith(".own_list")}
    assert set(made) == {f"13.country.mean_dwelling_value.{scale}.own_list" for scale in SCALES}
    values = series(breda.data, breda.known, "mean_dwelling_value").pivot(index="code", columns="year", values="value")
    homes = series(breda.data, breda.known, "households").pivot(index="code", columns="year", values="value")[2017]
    both = pd.DataFrame({"first": values[2017], "last": values[2024], "weight": homes}).dropna()
    listed = both.index.isin(breda.focus.codes)
    first, last = (
        np.average(both.loc[~listed, year], weights=both.loc[~listed, "weight"])
        - np.average(both.loc[listed, year], weights=both.loc[listed, "weight"])
        for year in ("first", "last")
    )
    printed = made["13.country.mean_dwelling_value.absolute.own_list"]
    assert printed.details["own"]["value"] == pytest.approx(last - first, rel=1e-9)
    real = made["13.country.mean_dwelling_value.real.own_list"]
    assert real.details["own"]["value"] == pytest.approx(18.06, abs=0.01)
    mean = section.findings[ID].estimate
    assert real.estimate is not None and mean is not None
    assert real.details["own"]["value"] > real.estimate > mean  # drawn in to the mean
    assert [one["value"] for one in (real.details["listed"], real.details["municipalities"])] == [11, 241]
    assert (real.smallest_effect, real.flags) == (10.0, ("list_made_later", "last_prices"))


@pytest.mark.parametrize(("chance", "ends", "judgement", "told"), [
    (0.913, (1.0, 30.0), "HIGHER", 91.3),
    (0.9999999, (5.0, 40.0), "HIGHER", 99.9),  # downwards: nothing is certain
    (0.04, (-20.0, -2.0), "LOWER", 4.0), (0.5, (-4.0, 4.0), "SAME", 50.0), (0.8, (-4.0, 30.0), "UNCLEAR", 80.0),
])  # fmt: skip
def test_more_than_chance_is_a_probability_of_ninety_percent(
    breda: Study,
    found: National,
    monkeypatch: pytest.MonkeyPatch,
    chance: float,
    ends: tuple[float, float],
    judgement: str,
    told: float,
) -> None:
    own = OwnList(9.0, sum(ends) / 2, *ends, chance, chance / 2, (1 - chance) / 2, 241)
    monkeypatch.setattr(whole_country, "of_own_list", lambda *_: own)
    (made,) = own_list_of(breda, found)
    assert (made.id, judge(made), made.details["grew"]["value"]) == (f"{ID}.own_list", judgement, told)


def test_without_list_or_years_nothing_is_told(breda: Study, found: National, monkeypatch: pytest.MonkeyPatch) -> None:
    by_rule = Focus("lowest:10:mean_dwelling_value:2017", breda.focus.codes, "mean_dwelling_value", 2017)
    assert own_list_of(breda, found) != []
    assert own_list_of(replace(breda, focus=by_rule), found) == []
    assert own_list_of(replace(breda, focus=Focus("one", breda.focus.codes[:1])), found) == []  # no spread to see
    monkeypatch.setattr(whole_country, "usable_years", lambda *_: ([2017, 2018, 2023], {}))
    assert own_list_of(breda, found) == []


def test_nothing_is_recorded_without_the_country(breda: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    few = pd.DataFrame({"municipality": ["GM0758"], "estimate": [1.0]})
    monkeypatch.setattr(country, "embedded", lambda _: few)
    assert recorded(breda).findings == {}
    monkeypatch.setattr(country, "embedded_questions", list)
    assert recorded(breda).findings == {}
