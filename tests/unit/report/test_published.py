"""A page that kloof makes passes its own audit, also where the assignment is another than that of the example."""

import re
from pathlib import Path
from typing import Any

import pytest

from kloof.catalogue import catalogue
from kloof.errors import ReportError
from kloof.figures import draw
from kloof.questions import gap_changes as gaps
from kloof.questions import gap_tables, levels, verdict
from kloof.report import audit, build, page
from kloof.report import publish as publishing
from kloof.results import Section, join_sections
from kloof.run.in_notebook import header, narrator
from kloof.study import claims
from kloof.study.study import Study, open_study
from kloof.words.sentences import Narrator

LANGUAGES = ("nl", "en")


def recorded(study: Study) -> dict[str, Any]:
    """Results of notebook 03 alone: levels, and the ranked buurten with their map."""
    section = Section("03_how_segregated")
    levels.buurten_ranked(section, study, levels.levels_now(section, study))
    document = join_sections(header(study), [section.as_json()])
    overall = claims.overall(document["verdicts"])
    return {**document, "lead": list(section.findings)[:1], "overall": overall, "command": "kloof run --preset breda"}


def made(study: Study, document: dict[str, Any], language: str) -> str:
    """Make the page of results, and read it back; raises ReportError when it says what they do not."""
    teller = Narrator(document, study.known, language)
    pictures = {name: draw.draw(name, teller, study.data.geometry) for name in document["figures"]}
    html = page.render_html(
        build.build(document, study.known, language, pictures, claims.registry().entries, document["overall"])
    )
    audit.check(html, document, language, audit.labels(study.known, language))
    return html


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_codes_as_focus(language: str) -> None:
    """Its name in a sentence holds its size: that number is known, and no other passes for it."""
    codes = open_study({"preset": "breda", "draws": 199}).focus.codes[:7]
    typed = ", ".join((*codes, codes[0]))  # one of them twice: seven buurten all the same
    study = open_study({"preset": "breda", "draws": 199, "focus": typed, "levels": ["mean_dwelling_value"]})
    assert len(study.focus.codes) == 7
    document = recorded(study)
    html = made(study, document, language)
    told = {"nl": "7 gekozen buurten", "en": "7 chosen neighbourhoods"}[language]
    assert told in html
    with pytest.raises(ReportError, match=r"\b8\b"):
        audit.check(html.replace(told, f"8{told[1:]}"), document, language, audit.labels(study.known, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_share_as_the_only_level(language: str) -> None:
    """On the map stands by how many points a buurt differs from the municipality."""
    study = open_study({"preset": "breda", "draws": 199, "levels": ["good_perceived_health_share"]})
    document = recorded(study)
    html = made(study, document, language)
    [column] = [one for one in document["tables"]["03.map"]["columns"] if one["key"] == "value"]
    assert column["unit"] == "points"
    units = {one["key"]: one["unit"] for one in document["tables"]["03.ranked"]["columns"]}
    assert (units["value"], units["difference"]) == ("percent", "points")
    titles = re.findall(r'data-ref="/tables/03\.map/rows/\d+/2"[^>]*>\s*<title>([^<]*)</title>', html)
    assert len(titles) == len(document["tables"]["03.map"]["rows"])
    word = {"nl": "procentpunt", "en": "percentage\xa0point"}[language]
    assert not [title for title in titles if re.search(r"\d", title) and word not in title]
    assert sum(word in title for title in titles) > 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_codes_has_a_name_in_the_curve_of_all_ways(language: str) -> None:
    """Its codes would leave no room for the drawing: it is named by its size, as in a sentence."""
    codes = open_study({"preset": "breda", "draws": 199}).focus.codes[:7]
    given = {"focus": ",".join(codes), "focus_variants": ["union"], "indicators": ["good_perceived_health_share"]}
    study = open_study({"preset": "breda", "draws": 199, "language": language, **given})
    part = Section("04_did_the_gap_grow")
    gap_tables.changes(part, study, gaps.follow_all(study))
    section = Section("12_verdict")
    verdict.robustness(section, study, [part.as_json()])
    teller = narrator(study, section)
    svg = draw.draw("12.curve.C1", teller)
    assert {"nl": "7 gekozen buurten", "en": "7 chosen neighbourhoods"}[language] in " ".join(
        re.findall(r">([^<>]+)<", svg)
    )
    assert codes[0] not in svg


def test_languages_that_do_not_carry_the_same_are_refused(tmp_path: Path) -> None:
    pages = {"nl": {"03.gap": [("/findings/a",)]}, "en": {"03.gap": [("/findings/b",)]}}

    def publish(languages: tuple[str, ...], english: str = "en") -> None:
        answers = {**pages, "en": pages[english]}
        settled = ({"tables": {}}, catalogue(), tmp_path, languages, None)
        publishing.publish(*settled, lambda asked: [answers[language] for _, _, _, language, _ in asked])

    for languages in (LANGUAGES, LANGUAGES[::-1]):
        with pytest.raises(ReportError, match=r"03\.gap: nl has /findings/a where en has /findings/b"):
            publish(languages)
        publish(languages, english="nl")
    publish(("en",))
