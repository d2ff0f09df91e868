# ruff: noqa: E501 - planted errors stay on one line
"""Map and list: what the page carries is what the tables say, in both languages, and a planted error is found."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sample
import turned
from kloof import atlas, audit
from kloof.catalogue import Catalogue, read_catalogue
from kloof.explorer import explorer
from kloof.narrate import Narrator, text_of
from kloof.page import policy, render_html
from kloof.study import Study, open_study


@pytest.fixture(scope="module")
def catalogue(project: Path) -> Catalogue:
    return read_catalogue(project / "data" / "catalogue.toml")


@pytest.fixture(scope="module")
def study(project: Path) -> Study:
    return open_study({"preset": "breda", "language": "nl"})


def content(catalogue: Catalogue, language: str) -> dict[str, Any]:
    """The data that the page of the sample carries."""
    made = explorer(Narrator(turned.results(), catalogue, language))
    assert made is not None
    found: dict[str, Any] = json.loads(made.data)
    return found


def test_no_table_no_explorer(catalogue: Catalogue) -> None:
    document = turned.results()
    del document["tables"]["03.atlas"]
    assert explorer(Narrator(document, catalogue, "nl")) is None


@pytest.mark.parametrize(("language", "printed"), [("nl", "€ 402.000"), ("en", "€402,000")])
def test_every_value_is_there_twice_as_it_is_and_as_it_is_read(
    catalogue: Catalogue, language: str, printed: str
) -> None:
    woz, owners = content(catalogue, language)["indicators"]
    assert woz["values"] == [[118, 141], [201, 250], [96, 250], [None, 355], [402, 398]]
    assert woz["printed"][4][0].replace("\u00a0", " ") == printed
    assert woz["printed"][3] == ["–", woz["printed"][3][1]]
    assert (
        woz["why"][3][0]
        == {"nl": "te weinig mensen of woningen om te publiceren", "en": "too few people or dwellings to publish"}[
            language
        ]
    )
    assert (woz["best"][1], woz["worst"][1]) == ([2, 3], [2, 4])
    assert [year["broken"] for year in woz["years"]] == [0, 1]
    assert owners["values"] == [[41.5], [12.25], [63], [55], [80.1]]


def test_the_classes_divide_the_buurten_of_their_year(catalogue: Catalogue) -> None:
    for one in content(catalogue, "nl")["indicators"]:
        for at, classes in enumerate(one["classes"]):
            values = [row[at] for row in one["values"] if row[at] is not None]
            assert classes["limits"] == sorted(classes["limits"])
            assert all(min(values) < limit <= max(values) for limit in classes["limits"])
            assert len(classes["colours"]) == len(classes["limits"]) + 1 == len(classes["printed"]) + 1


def test_the_languages_differ_in_words_only(catalogue: Catalogue) -> None:
    dutch, english = (content(catalogue, language) for language in ("nl", "en"))
    for ours, theirs in zip(dutch["indicators"], english["indicators"], strict=True):
        for key in ("id", "table", "areas", "values", "best", "worst"):
            assert ours[key] == theirs[key]
    assert dutch["words"].keys() == english["words"].keys()
    assert all(dutch["words"].values())


def test_the_list_without_a_script_is_ranked_with_pointers(catalogue: Catalogue) -> None:
    made = explorer(Narrator(turned.results(), catalogue, "nl"))
    assert made is not None
    assert [row.code for row in made.rows] == [turned.CODES[place] for place in (4, 3, 1, 2, 0)]
    second = made.rows[2]
    assert second.value is not None
    assert second.value.pointer == "/tables/03.atlas.mean_dwelling_value/rows/1/6"
    assert [place.text for place in second.places] == ["3", "4"]
    assert [row.listed for row in made.rows] == [False, False, False, True, True]
    assert text_of(made.note).endswith("vergelijk deze jaren niet.")


def audited(page: str) -> list[str]:
    """The faults of a page in the data behind map and list."""
    document = sample.results() | {"tables": sample.results()["tables"] | turned.results()["tables"]}
    return [fault for fault in audit.audit_html(page, document, "nl") if fault.startswith("map and list")]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda data: data["indicators"][0]["values"][0].__setitem__(1, 142), "BU07580101, 2019: values is 142"),
        (
            lambda data: data["indicators"][0]["printed"][0].__setitem__(1, "€ 142.000"),
            "BU07580101, 2019: € 142.000 stands for 141",
        ),
        (lambda data: data["indicators"][0]["best"][1].__setitem__(1, 2), "BU07580102, 2019: best is 2"),
        (
            lambda data: data["indicators"][0]["printed"][3].__setitem__(0, "€ 0"),
            "BU07580104, 2015: € 0 stands for None",
        ),
        (lambda data: data["indicators"][0]["why"][3].__setitem__(0, ""), "BU07580104, 2015: – stands for None"),
        (lambda data: data["indicators"][1]["areas"].reverse(), "has other areas than its table"),
        (lambda data: data["indicators"][1].__setitem__("table", "03.atlas.x"), "03.atlas.x is not in results.json"),
    ],
)
def test_the_audit_reads_the_data_back(catalogue: Catalogue, spoil: Callable[[Any], None], fault: str) -> None:
    page = render_html(turned.view("nl", catalogue))
    assert audited(page) == []
    block = re.search(r'(?<=<script type="application/json">).*?(?=</script>)', page, re.DOTALL)
    assert block is not None
    data = json.loads(block[0])
    spoil(data)
    assert any(fault in found for found in audited(page.replace(block[0], json.dumps(data))))


def test_a_name_cannot_end_the_script(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sample.AREAS, turned.CODES[0], "</script><script>alert(1)</script>")
    page = render_html(turned.view("nl", catalogue))
    assert page.count("<script") == 2
    assert "alert(1)</script>" not in page


def test_the_policy_lets_only_the_own_script_run(catalogue: Catalogue) -> None:
    page = render_html(turned.view("nl", catalogue))
    script = page[page.rindex("<script>") + 8 : page.rindex("</script>")]
    assert policy(script) in page
    assert "script-src 'sha256-" in policy(script)
    assert "script-src" not in policy("")
    assert "<script" not in render_html(sample.view("nl"))


def test_the_atlas_of_a_real_municipality(study: Study) -> None:
    years = atlas.atlas_years(study, "mean_dwelling_value")
    assert list(years["year"]) == [2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2024]
    assert dict(zip(years["year"], years["link"], strict=True))[2024] == "broken"
    table = atlas.atlas_table(study, "mean_dwelling_value").set_index("area")
    here = table[table["2024"].notna()]
    assert len(here) == int(years.set_index("year").loc[2024, "buurten"])
    # rounding leaves half a thousand on each side: counted here buurt by buurt
    for area, value in here["2024"].items():
        assert here.loc[area, "best_2024"] == 1 + (here["2024"] - 0.5 > value + 0.5).sum()
        assert here.loc[area, "worst_2024"] == len(here) - (here["2024"] + 0.5 < value - 0.5).sum()
    assert (table["2024"].isna() == table["why_2024"].notna()).all()
