"""Report and data page lead to each other: from every number to where it is looked up, and back to where it is told."""

from dataclasses import replace
from io import BytesIO

import both
import pytest
import sample
from pypdf import PdfReader

from kloof.report.links import SETTINGS, linked
from kloof.report.readback import Node, parse
from kloof.report.views import Line, PartView, StoryView
from kloof.words.sentences import Number

TOLD_IN = {  # of the committed run: what each notebook is told in
    "03-how-segregated": "neighbourhoods",
    "04-did-the-gap-grow": "grew",
    "05-before-or-since-corona": "event",
    "11-policy": "claim-c12",
    "13-is-this-place-special": "special",
    "back-methods": "sure",
}


@pytest.fixture(scope="module", params=["nl", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ids(root: Node) -> set[str]:
    return {node.attrs["id"] for node in root.walk() if "id" in node.attrs}


def targets(root: Node, file: str) -> list[str]:
    """Anchors in another file to which a page leads."""
    found = [node.attrs.get("href", "") for node in root.walk() if node.tag == "a"]
    return [href.partition("#")[2] for href in found if href.startswith(f"{file}#")]


def test_every_number_of_the_report_has_a_way_to_the_data_page_beside_it(language: str) -> None:
    root = parse(both.pages(language)[1])
    files = [node for node in root.walk() if node.has_class("files")]
    for number in (node for node in root.walk() if node.tag == "data"):
        around = list(number.ancestors())
        if any(place.tag == "figure" or place.has_class("explorer") for place in around):
            continue  # the line under a picture or the explorer has the way
        line = next(place for place in around if place.tag in ("p", "li"))
        assert targets(line, "data.html"), line.text()
    pictures = [node for node in root.walk() if node.tag == "figure" or node.has_class("explorer")]
    assert len(pictures) >= 3
    assert sum(bool(targets(node, "data.html")) for node in files) == len(pictures)


def test_every_way_arrives_and_every_section_leads_back(language: str) -> None:
    data, told = map(parse, both.pages(language))
    for there, here in ((targets(told, "data.html"), ids(data)), (targets(data, "index.html"), ids(told))):
        assert len(there) > 15
        assert [anchor for anchor in there if anchor not in here] == []
    data, told = both.views(language)
    ways = {part.anchor: part.told_in for part in (*data.sections, *data.back)}
    assert None not in ways.values()
    assert {anchor: way[0] for anchor, way in ways.items() if way and anchor in TOLD_IN} == TOLD_IN
    titles = {part.id: part.title for part in told.parts}
    assert ways["04-did-the-gap-grow"] == ("grew", titles["grew"])


def test_on_paper_the_two_lead_to_each_other_too(language: str) -> None:
    data, told = (PdfReader(BytesIO(paper)) for paper in both.papers(language))
    for document, file, least in ((data, "report.pdf", 15), (told, "data.pdf", 15)):
        notes = [note.get_object() for one in document.pages for note in one.get("/Annots", [])]
        assert sum(note["/A"].get("/URI") == file for note in notes if "/A" in note) >= least


def story(*lines: Line) -> StoryView:
    """A report of one part."""
    part = PartView("grew", "Groeide het?", lines)
    head = Line(("Ja.",))
    return StoryView("nl", "Titel", "Breda", head, (), None, (), (), (), (part,), "2026-11-24", "en")


def test_a_line_leads_to_the_notebook_of_its_first_number_and_one_without_numbers_nowhere() -> None:
    data = sample.view("nl")
    gap, place = Number("€ 1", "/findings/03.gap/estimate"), Number("11", "/place/focus")
    known = Line((("Toen ", gap),), link="elders")
    lines = Line((("Toen ", gap, place),)), Line((("Er zijn ", place),)), Line(("Niets.",)), known
    linked_data, told = linked(data, story(*lines))
    assert [line.link for line in told.parts[0].lines] == ["kloof", SETTINGS, None, "elders"]
    assert next(part.told_in for part in linked_data.sections if part.anchor == "kloof") == ("grew", "Groeide het?")
    data, _ = linked(sample.view("nl"), replace(story(), parts=()))
    assert {part.told_in for part in (*data.sections, *data.back)} == {None}
