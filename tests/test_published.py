"""A page that kloof makes passes its own audit, also where the assignment is another than that of the example."""

import re
from typing import Any

import pytest

from kloof import audit, claims, page, plots, record, report
from kloof.errors import ReportError
from kloof.narrate import Narrator
from kloof.notebook import header
from kloof.results import Section, join_sections
from kloof.study import Study, open_study

LANGUAGES = ("nl", "en")


def recorded(study: Study) -> dict[str, Any]:
    """Results of notebook 03 alone: levels, and the ranked buurten with their map."""
    section = Section("03_how_segregated")
    record.buurten_ranked(section, study, record.levels_now(section, study))
    document = join_sections(header(study), [section.as_json()])
    overall = claims.overall(document["verdicts"])
    return {**document, "lead": list(section.findings)[:1], "overall": overall, "command": "kloof run --preset breda"}


def made(study: Study, document: dict[str, Any], language: str) -> str:
    """Make the page of results, and read it back; raises ReportError when it says what they do not."""
    teller = Narrator(document, study.known, language)
    pictures = {name: plots.draw(name, teller, study.data.geometry) for name in document["figures"]}
    html = page.render_html(
        report.build(document, study.known, language, pictures, claims.registry().entries, document["overall"])
    )
    audit.check(html, document, language, audit.labels(study.known, language))
    return html


@pytest.fixture(scope="module")
def union() -> str:
    """The codes of the list `union`, as somebody would type them."""
    return ",".join(open_study({"preset": "breda", "draws": 199}).focus.codes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_codes_as_focus(union: str, language: str) -> None:
    """Its size is told in words: it is that of the list, whatever its name."""
    study = open_study({"preset": "breda", "draws": 199, "focus": union, "levels": ["mean_dwelling_value"]})
    document = recorded(study)
    html = made(study, document, language)
    assert re.search({"nl": r"11 gekozen buurten", "en": r"11 chosen neighbourhoods"}[language], html)
    with pytest.raises(ReportError, match="12"):
        audit.check(
            re.sub(r"11( gekozen| chosen)", r"12\1", html), document, language, audit.labels(study.known, language)
        )


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
    word = {"nl": "procentpunt", "en": "percentage point"}[language]
    assert all(word in title for title in titles if re.search(r"\d", title))
    assert sum(word in title for title in titles) > 40


