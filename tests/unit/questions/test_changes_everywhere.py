"""All municipalities together in a report: what is recorded is what the country says, and where this one stands."""

from dataclasses import replace

import pandas as pd
import pytest

from kloof.country import gaps as country
from kloof.country.gaps import national
from kloof.findings import judge
from kloof.questions import whole_country
from kloof.results import Section
from kloof.study.study import Study, open_study

ID = "13.country.mean_dwelling_value.real"


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study("breda", language="en")


def recorded(study: Study) -> Section:
    section = Section("13_is_this_place_special")
    whole_country.changes_everywhere(section, study)
    return section


def test_the_mean_and_the_place_are_those_of_the_whole_country(breda: Study) -> None:
    section = recorded(breda)
    found = national("mean_dwelling_value", (2017, 2024), scale="real", place="Breda")
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


def test_what_most_municipalities_can_say_comes_first(breda: Study) -> None:
    names = [name for name in recorded(breda).findings if not name.endswith(".place")]
    assert names[0] == ID
    assert [name.rpartition(".")[2] for name in names[:3]] == ["real", "relative", "absolute"]


def test_a_place_without_a_change_of_its_own_has_no_place(breda: Study) -> None:
    section = recorded(replace(breda, p=replace(breda.p, municipality="GM9999")))
    assert ID in section.findings
    assert not [name for name in section.findings if name.endswith(".place")]


def test_nothing_is_recorded_without_the_country(breda: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    few = pd.DataFrame({"municipality": ["GM0758"], "estimate": [1.0]})
    monkeypatch.setattr(country, "embedded", lambda _: few)
    assert recorded(breda).findings == {}
    monkeypatch.setattr(country, "embedded_questions", list)
    assert recorded(breda).findings == {}
