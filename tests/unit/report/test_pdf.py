"""The PDF: accessible, the same every time, complete, and safe for any text."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pdfua
import pytest
import sample
from pypdf import PdfReader

from kloof.errors import ReportError
from kloof.report import pdf
from kloof.report.page import render_html, words
from kloof.report.pdf import as_data, column_widths, figure_width, render_pdf
from kloof.report.pdfback import audit_pdf
from kloof.report.pdfback import texts as read_back
from kloof.report.views import ReportView
from kloof.words.sentences import text_of

DAY = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module", params=["nl", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(language: str) -> bytes:
    return render_pdf(sample.view(language), DAY)


@pytest.fixture(scope="module")
def reader(made: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(made))


def texts(reader: PdfReader) -> list[str]:
    return [page.extract_text() for page in reader.pages]


def test_same_view_and_day_same_bytes_and_packing_takes_nothing_else(
    made: bytes, language: str, reader: PdfReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert render_pdf(sample.view(language), DAY) == made
    assert render_pdf(sample.view(language), datetime(2026, 11, 25, tzinfo=UTC)) != made
    monkeypatch.setattr(pdf, "_packed", lambda raw: raw)
    plain = render_pdf(sample.view(language), DAY)
    assert len(made) < 0.5 * len(plain)
    before = PdfReader(io.BytesIO(plain))
    assert (texts(before), structure(before), before.metadata) == (texts(reader), structure(reader), reader.metadata)


def test_tagged_with_language_title_pages_bookmarks_and_text(reader: PdfReader, language: str) -> None:
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert (reader.metadata.title, reader.metadata.author) == (sample.view(language).title, "kloof")
    assert "Breda" in str(reader.metadata.get("/Keywords"))
    assert reader.metadata.creation_date == DAY
    assert b"pdfuaid:part" in reader.xmp_metadata.stream.get_data()
    assert len(reader.pages) == 5
    assert {(round(float(p.mediabox.width)), round(float(p.mediabox.height))) for p in reader.pages} == {(595, 842)}
    view = sample.view(language)
    top = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert (top[:2], len(top)) == ([part.question for part in view.sections], 3)
    whole = re.sub(r"\s+", " ", " ".join(texts(reader)))
    for piece in (
        "Café ’t Ginneken & <Zuid>",
        "€",
        "● ",
        "○ ",
        "Plan 9 oost",
        "doi:10.2307/2088328",
        "breda_2014_2019",
    ):
        assert piece in whole
    assert {"nl": "minder dan 10", "en": "fewer than 10"}[language] in whole.replace("\u00a0", " ")
    head = {"nl": "Inwoners (personen)", "en": "Inhabitants (persons)"}[language]
    assert sum(head in text for text in texts(reader)) == 2


def structure(reader: PdfReader) -> list[tuple[str, str]]:
    """Every tag of a document with its alt text, in reading order."""
    found: list[tuple[str, str]] = []

    def walk(node: object) -> None:
        node = getattr(node, "get_object", lambda: node)()
        if isinstance(node, list):
            for inner in node:
                walk(inner)
        elif isinstance(node, dict):
            if "/S" in node:
                found.append((str(node["/S"]), str(node.get("/Alt", ""))))
            if "/K" in node:
                walk(node["/K"])

    walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"])
    return found


def test_figures_have_alt_text_tables_have_heads_and_a_second_checker_finds_no_fault(
    made: bytes, reader: PdfReader, language: str, tmp_path: Path
) -> None:
    found = structure(reader)
    kinds = [kind for kind, _ in found]
    drawn = [alt for kind, alt in found if kind == "/Figure"]
    assert sample.view(language).sections[1].figures[0].alt in drawn and all(drawn)
    assert kinds.count("/Table") == 5
    assert kinds.count("/TH") >= 9 + 2 * 4 + 2 + 5 and {"/H1", "/H2", "/Caption", "/L", "/TOC"} <= set(kinds)
    path = tmp_path / "report.pdf"
    path.write_bytes(made)
    report = pdfua.validate(str(path))
    assert [str(finding) for finding in report.findings] == []


FILES = ("kwb_2024.csv @1a1a", "politie.csv @2b2b")


def resting(language: str) -> ReportView:
    """The sample with sentences that rest on sources: twice in the lead, and in the section on the gap."""
    view = sample.view(language)
    lead = (replace(view.lead[0], sources=(1, 2)), replace(view.lead[1], sources=(2,)), *view.lead[2:])
    section = view.sections[1]
    assert section.answer is not None
    section = replace(section, answer=replace(section.answer, sources=(2,)))
    return replace(view, lead=lead, sections=(view.sections[0], section), files=FILES)


@pytest.fixture(scope="module")
def noted(language: str) -> bytes:
    return render_pdf(resting(language), DAY)


def test_a_source_is_told_where_a_section_first_rests_on_it(language: str) -> None:
    data = as_data(resting(language))
    first, second = (data["lead"][at]["notes"] for at in (0, 1))
    assert [(note["number"], note["first"]) for note in (*first, *second)] == [("1", True), ("2", True), ("2", False)]
    assert first[1]["label"] == second[0]["label"]
    [own] = data["sections"][1]["answer"]["notes"]
    assert (own["number"], own["first"]) == ("2", True)
    assert own["label"] != first[1]["label"]
    assert data["cited"]["2"]["file"] == FILES[1]


def test_footnotes_name_source_and_file_and_lead_to_the_list(noted: bytes, language: str, tmp_path: Path) -> None:
    reader = PdfReader(io.BytesIO(noted))
    assert [kind for kind, _ in structure(reader)].count("/Note") == 3
    whole = [re.sub(r"\s+", " ", text) for text in texts(reader)]
    assert all(file in whole[0] for file in FILES)
    assert sum(text.count(FILES[1]) for text in whole) == 3  # the lead, the section, and the list of sources
    notes = [note.get_object() for page in reader.pages for note in page.get("/Annots", [])]
    inside = [note for note in notes if "/Dest" in note]
    spoken = {"nl": "Voetnoot", "en": "Footnote"}[language]
    assert [str(note["/Contents"]) for note in inside].count(f"{spoken} 2") == 3
    listed = next(at for at, page in enumerate(reader.pages) if "1 Statistics Netherlands" in page.extract_text())
    ends = [note["/Dest"].get_object() for note in inside if not isinstance(note["/Dest"], str)]
    assert sum(end[0].get_object() == reader.pages[listed].get_object() for end in ends) >= 3
    path = tmp_path / "report.pdf"
    path.write_bytes(noted)
    assert [str(finding) for finding in pdfua.validate(str(path)).findings] == []
    assert audit_pdf(read_back(noted), render_html(resting(language)), language) == []


def test_pictures_and_tables_lead_to_their_files(reader: PdfReader, language: str) -> None:
    notes = [note.get_object() for page in reader.pages for note in page.get("/Annots", [])]
    asked = {str(note["/A"]["/URI"]) for note in notes if "/A" in note}
    html = render_html(sample.view(language))
    offered = set(re.findall(r'<a href="([^"]+)" download>', html))
    section = sample.view(language).sections[1]
    assert {section.tables[0].csv, section.figures[0].file, section.figures[0].csv} <= asked & offered
    assert offered <= asked


def test_the_first_page_holds_sentences_picture_verdicts_and_the_rest_comes_after(noted: bytes, language: str) -> None:
    view = resting(language)
    assert view.lead_figure is not None
    page = PdfReader(io.BytesIO(noted)).pages[0]
    said = re.sub(r"\s+", " ", page.extract_text()).replace("\u00a0", " ")
    for entry in view.lead:
        assert text_of(entry.sentences[0]).replace("\u00a0", " ") in said
    assert all(cell.claim in said for cell in view.strip)
    answers = words(language)["answers"]
    assert said.index(view.lead_figure.note) < said.index(answers)  # the picture beside the sentences
    made = render_pdf(replace(view, lead=view.lead * 5), DAY)
    pages = [re.sub(r"\s+", " ", text) for text in texts(PdfReader(io.BytesIO(made)))]
    assert view.lead_figure.note not in pages[0]
    whole = " ".join(pages)
    assert whole.index(words(language)["answers"]) < whole.index(view.lead_figure.note)


def test_text_is_never_markup_and_what_cannot_be_typeset_is_refused() -> None:
    wicked = '#panic("x") $x$ *b* _i_ <l> @ref [c] \\ // ~ `r'
    view = sample.view("nl")
    limits = ((wicked,), *view.sections[0].limits)
    made = render_pdf(
        replace(view, title=wicked, sections=(replace(view.sections[0], limits=limits), *view.sections[1:])), DAY
    )
    reader = PdfReader(io.BytesIO(made))
    assert reader.metadata.title == wicked
    assert sum(wicked.replace(" ", "") in text.replace(" ", "").replace("\n", "") for text in texts(reader)) >= 2
    with pytest.raises(ReportError, match=r"03\.lines has no alt text"):
        render_pdf(replace(view, lead_figure=replace(view.lead_figure, alt="")), DAY)
    with pytest.raises(ReportError, match="the nl PDF could not be typeset"):
        render_pdf(replace(view, lead_figure=replace(view.lead_figure, svg='<svg viewBox="0 0 9 9">')), DAY)
    with pytest.raises(ReportError, match=r"03\.lines has no viewBox"):
        render_pdf(replace(view, lead_figure=replace(view.lead_figure, svg="<svg/>")), DAY)


def test_codes_become_signs_and_missing_cells_give_their_reason() -> None:
    data = as_data(sample.view("nl"))
    claims = data["back"][0]["tables"][0]
    assert [row[1]["sign"] for row in claims["rows"]] == ["●", "?", "–", "≈", "○", "◐"]
    levels = data["sections"][1]["tables"][0]
    assert levels["notes"] == ["– te weinig woningen om te publiceren"]
    assert levels["rows"][2][2] == {"content": [{"kind": "text", "text": "–", "href": ""}], "code": "", "sign": "",
                                    "anchor": ""}  # fmt: skip


def test_widths_follow_the_text_and_a_tall_figure_is_made_narrower() -> None:
    weights, width = column_widths(["Buurt", "2019"], [["Geeren-noord", "1,2"], ["Hoge Vucht", "10,0"]])
    assert weights == [14.0, 6.0]
    assert width == 0.35
    long = "een heel lange omschrijving van meer dan dertig letters"
    weights, width = column_widths(["Naam"] * 2, [[long] * 2])
    assert (weights, width) == ([36.0] * 2, 1.0)
    # more of them than fit beside a date: that keeps its room of 10 + 2, and they share what is left
    weights, width = column_widths(["Naam"] * 5 + ["Dag"], [[long] * 5 + ["2026-11-24"]])
    assert weights == [pytest.approx((118 - 12) / 5)] * 5 + [12.0]
    assert width == 1.0
    assert column_widths(["Merk"], [["0123456789" * 5]]) == ([52.0], pytest.approx(0.722))
    figure = sample.view("nl").sections[0].figures[0]
    assert figure_width(figure) == 0.88
    tall = replace(figure, svg='<svg viewBox="0 0 640 900"/>')  # 130 mm high: 130 / 900 * 640 = 92.4 mm of 168 mm
    assert figure_width(tall) == pytest.approx(0.55, abs=0.001)
    long = replace(figure, svg='<svg viewBox="0 0 640 1700"/>')  # a page high: 215 / 1700 * 640 = 80.9 mm
    assert figure_width(long) == pytest.approx(0.482, abs=0.001)


def test_a_long_figure_fits_on_a_page_with_its_title_and_note(language: str) -> None:
    view = sample.view(language)
    figure = view.sections[0].figures[0]
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 1700"><path d="M0 0h640v1700h-640Z"/></svg>'
    note = f"{figure.note} " + "Valkenberg, Chassé, Fellenoord, Schorsmolen en Station. " * 4
    long = replace(figure, svg=drawn, note=note)
    section = replace(view.sections[0], figures=(long, *view.sections[0].figures[1:]))
    made = render_pdf(replace(view, sections=(section, *view.sections[1:])), DAY)
    pages = texts(PdfReader(io.BytesIO(made)))
    at = next(place for place, text in enumerate(pages) if text_of(figure.title) in re.sub(r"\s+", " ", text) and place)
    assert "Schorsmolen" in pages[at]
    assert figure.csv.removeprefix("../") in pages[at]
