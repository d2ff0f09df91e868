"""What the report that is read says where the results are otherwise than those of Breda."""

import copy
import re
from collections import defaultdict
from typing import Any

import pytest
import told
from both import SVG

from kloof.report import page, story
from kloof.report.readback import parse
from kloof.report.views import StoryView
from kloof.words.sentences import text_of

LANGUAGES = ("nl", "en")
FIRST = "04.mean_income_per_inhabitant"
OTHERS = re.compile(
    r"onderzoek\b|\bstudie|opiniestuk|artikel|burgemeester|rekenkamer|manifest\b"
    r"|\bstudy|opinion piece|article|mayor|audit office|manifesto",
    re.IGNORECASE,
)


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins for the drawings: what the report says does not hang on them."""
    monkeypatch.setattr(told, "Drawn", lambda *_: defaultdict(lambda: SVG))


def headline(view: StoryView) -> str:
    """Give the first sentences as they are read."""
    return " ".join(text_of(sentence) for sentence in view.headline.sentences)


def other(**changes: Any) -> dict[str, Any]:
    """Copy the results of Breda with other answers, by finding."""
    document = copy.deepcopy(told.results())
    for finding in list(document["findings"].values()):
        if finding["kind"] == "gap_change" and not finding["id"].startswith(FIRST):
            finding["happened"] = "STAYED"
    for scale, code in changes.items():
        document["findings"][f"{FIRST}.{scale}"]["happened"] = code
    return document


@pytest.mark.parametrize(("codes", "dutch", "english"), [
    (
        {"absolute": "GREW", "real": "GREW", "relative": "GREW"},
        "In euro’s van elk jaar, in vaste prijzen en in verhouding groeide de kloof in inkomen per inwoner.",
        "In euros of each year, in constant prices and in proportion the gap in income per inhabitant grew.",
    ),
    (
        {"absolute": "STAYED", "real": "SHRANK", "relative": "SHRANK"},
        "In euro’s van elk jaar bleef de kloof in inkomen per inwoner gelijk, "
        "in vaste prijzen en in verhouding kromp hij.",
        "In euros of each year the gap in income per inhabitant stayed the same, "
        "in constant prices and in proportion it shrank.",
    ),
    (
        {"absolute": "WITHIN_ROUNDING", "real": "WITHIN_ROUNDING", "relative": "GREW"},
        "In verhouding groeide de kloof in inkomen per inwoner. "
        "In euro’s van elk jaar en in vaste prijzen is het door afronding niet te zeggen.",
        "In proportion the gap in income per inhabitant grew. "
        "In euros of each year and in constant prices it cannot be told within rounding.",
    ),
])  # fmt: skip
def test_the_headline_of_each_combination(codes: dict[str, str], dutch: str, english: str) -> None:
    """A clause for each answer, decided ones first."""
    document = other(**codes)
    assert [headline(told.view(document, language)) for language in LANGUAGES] == [dutch, english]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_place_without_a_debate_has_no_word_of_one(language: str) -> None:
    """No study, no article, no mayors; no reading of theirs, and no tile of a claim that cannot be tested."""
    document = copy.deepcopy(told.results())
    del document["debate"]
    view = told.view(document, language)
    assert not view.sides and not view.voices and all(tile.verdict != "NOT_TESTABLE" for tile in view.tiles)
    root = parse(page.render_story(view))
    read = [one.text() for one in root.walk() if one.tag in ("p", "li", "h1", "h2", "h3") and "svg" not in one.marks]
    assert [text for text in read if OTHERS.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_place_with_one_year(language: str) -> None:
    """What needs two years is one line, and the headline says why."""
    document = copy.deepcopy(told.results())
    del document["debate"]
    for finding in document["findings"].values():
        if finding["happened"] != "NO_FIGURES" or finding["kind"] == "index_change":
            finding |= {"happened": "NO_FIGURES", "estimate": None, "judgement": "NOT_COMPUTABLE", "reason": "one_year"}
    view = told.view(document, language)
    assert {"nl": "geen jaren", "en": "no years"}[language] in headline(view)
    for name in ("grew", "event"):
        part = next(part for part in view.parts if part.id == name)
        assert len(part.lines) == 1
        assert not part.figures


def test_the_longest_series_leads_with_its_portraits(monkeypatch: pytest.MonkeyPatch) -> None:
    """An indicator that was followed for a year or two gives way; the study's first one leads if it is long enough."""
    document = other()
    for scale in ("absolute", "real", "relative"):
        document["findings"][f"{FIRST}.{scale}"]["a"]["year"] = 2022
    assert "lage inkomens" in headline(told.view(document, "nl"))
    assert "inkomen per inwoner" in headline(told.view(other(), "nl"))
    # that of the headline, in its years, and neither the next nor the last one that was followed
    asked: list[tuple[str, int, int]] = []
    made = story.Portraits

    def portraits(teller: Any, name: str, first: int, last: int, *rest: Any) -> Any:
        asked.append((name, first, last))
        return made(teller, name, first, last, *rest)

    monkeypatch.setattr(story, "Portraits", portraits)
    document = other()
    told.view(document, "nl")
    leading = document["findings"][f"{FIRST}.real"]
    assert asked == [(leading["indicator"], leading["a"]["year"], leading["b"]["year"])]


def test_what_rounding_leaves_open_is_not_beyond_chance() -> None:
    """Nobody reads “cannot be told” and then “that is more than chance”."""
    document = other(real="WITHIN_ROUNDING", relative="WITHIN_ROUNDING")
    for scale in ("real", "relative"):
        document["findings"][f"{FIRST}.{scale}"]["judgement"] = "LOWER"
    part = next(part for part in told.view(document, "nl").parts if part.id == "grew")
    lines = [line for line in part.lines if str(line.finding).startswith(FIRST)]
    assert len(lines) == 2
    assert not [line for line in lines if "toeval" in " ".join(map(text_of, line.sentences))]


def test_a_rank_among_all_is_told_only_where_there_is_none_among_a_few() -> None:
    """“At least 6 municipalities” and a rank of 160 would be about two different comparisons."""
    document = other()
    told_of = [[line.finding for line in special(document)]]
    for name in [name for name in document["findings"] if name.startswith("13.dissimilarity.")]:
        del document["findings"][name]
    told_of.append([line.finding for line in special(document)])
    ranks = ([str(name) for name in names if name and ".country.mean_" not in str(name)] for names in told_of)
    few, every = ({name.partition(".")[0] for name in names} for names in ranks)
    assert (few, every) == ({"13"}, {"03"})


def special(document: dict[str, Any]) -> tuple[Any, ...]:
    """Give the lines about the place among others."""
    return tuple(next(part for part in told.view(document, "nl").parts if part.id == "special").lines)
