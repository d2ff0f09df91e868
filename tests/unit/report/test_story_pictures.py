"""The pictures of the report: no two titles alike, and alt texts that say the shape and not the paragraph again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kloof.catalogue import catalogue
from kloof.report.build import REPORT_ONLY, Builder
from kloof.report.story import Storyteller, story
from kloof.report.views import FigureView
from kloof.study import claims
from kloof.words.sentences import Narrator, text_of


@pytest.fixture(scope="module")
def document(project: Path) -> dict[str, Any]:
    """The committed run, with the pictures of the report where it was made before they were."""
    made: dict[str, Any] = json.loads((project / "reports/example/results.json").read_text(encoding="utf-8"))
    lead = f"04.{made['parameters']['indicators'][0]}"
    lines, relative = made["figures"][lead], f"{lead}.relative"
    options = {**lines["options"], "index": 100}
    made["figures"].setdefault("04.answer", {**lines, "kind": "answer", "options": options})
    made["figures"].setdefault("12.curve_short", {**made["figures"]["12.curve.C1"], "kind": "curve_short"})
    if "04.multiples" not in made["tables"]:
        keys = [column["key"] for column in made["tables"][lead]["columns"]]
        name = lead.removeprefix("04.")
        rows = [[name, *(row[keys.index(key)] for key in ("year", "relative", "link"))] for row in
                made["tables"][lead]["rows"]]  # fmt: skip
        wanted = ("indicator", "year", "relative", "link")
        columns = [{"key": key, "kind": "code", "unit": None, "decimals": None} for key in wanted]
        made["tables"]["04.multiples"] = {"columns": columns, "rows": rows}
        made["figures"]["04.multiples"] = {
            "kind": "multiples", "table": "04.multiples", "finding": None,
            "options": {"unit": "percent", "findings": {name: relative}},
        }  # fmt: skip
    return made


def builder_of(document: Mapping[str, Any], language: str) -> Builder:
    entries = claims.registry().entries
    overall = {claim: document["overall"][claim] for claim in entries if claim in document["overall"]}
    return Builder(Narrator(document, catalogue(), language), entries, dict.fromkeys(document["figures"], ""), overall)


def shown(document: Mapping[str, Any], language: str) -> list[FigureView]:
    view = story(builder_of(document, language), None)
    return [one for one in (view.lead_figure, *(one for p in view.parts for one in (*p.figures, p.map))) if one]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_two_titles_are_alike_and_no_alt_text_is_a_paragraph(document: dict[str, Any], language: str) -> None:
    figures = shown(document, language)
    kinds = [document["figures"][one.id]["kind"] for one in figures]
    assert kinds == ["answer", "choropleth", "multiples", "event_study", "standing", "municipalities", "curve_short"]
    titles = [text_of(one.title) for one in figures]
    assert len(set(titles)) == len(titles), titles
    assert all(title[0].isupper() or not title[0].isalpha() for title in titles)
    teller = builder_of(document, language).teller
    for one in shown(document, language):
        finding = document["findings"].get(document["figures"][one.id]["finding"])
        said = [text_of(teller.sentence(finding))] if finding else []
        assert not any(sentence[:40] in one.alt for sentence in (*said, text_of(one.title))), one.id


def test_the_trend_with_the_event_is_that_of_the_first_gap(document: dict[str, Any]) -> None:
    made = Storyteller(builder_of(document, "nl"))
    [figure] = made.event().figures
    assert figure.id == f"05.{document['parameters']['indicators'][0]}"


def test_the_data_page_has_the_whole_pictures_and_not_the_short_ones(document: dict[str, Any]) -> None:
    made = builder_of(document, "nl")
    entry = {**document["sections"][3], "figures": ["04.answer", "04.mean_dwelling_value", "04.multiples"]}
    assert [one.id for one in made.section(entry).figures] == ["04.mean_dwelling_value"]
    assert {document["figures"][name]["kind"] for name in document["figures"] if made.of_report(name)} == {*REPORT_ONLY}
