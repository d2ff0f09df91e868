"""The PDF read back against its page: the same says nothing, and whatever was changed in the PDF is found."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sample
from earlier import earlier_report, files, keep_only_first, leftovers

from kloof.errors import ReportError
from kloof.report import pdf
from kloof.report.page import render_html
from kloof.report.pdf import render_pdf
from kloof.report.pdfback import audit_pdf, check_pdf, texts
from kloof.report.views import Cell, Paragraph, ReportView, TableView
from kloof.run import report
from kloof.run.execute import STOCK, How
from kloof.words.sentences import Number, Sentence

DAY = datetime(2026, 11, 24, tzinfo=UTC)
Swap = Callable[[str], str]


@pytest.fixture(scope="module", params=["nl", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pages(language: str) -> list[str]:
    return texts(render_pdf(sample.view(language), DAY))


@pytest.fixture(scope="module")
def html(language: str) -> str:
    return render_html(sample.view(language))


def worded(sentence: Sentence, swap: Swap) -> Sentence:
    return tuple(replace(part, text=swap(part.text)) if isinstance(part, Number) else swap(part) for part in sentence)


def paragraph(entry: Paragraph, swap: Swap) -> Paragraph:
    return replace(entry, sentences=tuple(worded(sentence, swap) for sentence in entry.sentences))


def answered(view: ReportView, swap: Swap) -> ReportView:
    """The view with other words in the answer of its last section only."""
    last = view.sections[-1]
    assert last.answer is not None
    return replace(view, sections=(*view.sections[:-1], replace(last, answer=paragraph(last.answer, swap))))


def tabled(view: ReportView, table: TableView) -> ReportView:
    """The view with another first table in its first section."""
    first = view.sections[0]
    return replace(view, sections=(replace(first, tables=(table, *first.tables[1:])), *view.sections[1:]))


def swapped(old: str, new: str) -> Swap:
    return lambda text: text.replace(old, new)


def planted(language: str, html: str, change: Callable[[ReportView], ReportView]) -> list[str]:
    """The faults of a PDF that was made from another view than its page."""
    view, other = sample.view(language), change(sample.view(language))
    assert other != view
    return audit_pdf(texts(render_pdf(other, DAY)), html, language)


def test_a_pdf_that_says_what_its_page_says(pages: list[str], html: str, language: str) -> None:
    assert audit_pdf(pages, html, language) == []
    check_pdf(pages, html, language)


def test_a_wrong_number_or_direction_in_an_answer(html: str, language: str) -> None:
    """Though the right one stands on the first page, and the wrong one somewhere on the page."""
    right, wrong = {"nl": ("€\u00a023.000", "€\u00a0141.000"), "en": ("€23,000", "€141,000")}[language]
    found = planted(language, html, lambda view: answered(view, swapped(right, wrong)))
    assert len(found) == 1 and "the PDF does not say “In 2019" in found[0]
    right, wrong = {"nl": ("groeide", "kromp"), "en": ("grew", "shrank")}[language]
    found = planted(language, html, lambda view: answered(view, swapped(right, wrong)))
    assert any("the PDF does not say “In 2019" in fault for fault in found)
    assert any(fault.endswith(f"{wrong} is not on the HTML page") for fault in found)


def test_two_cells_that_changed_places(html: str, language: str) -> None:
    def change(view: ReportView) -> ReportView:
        table = view.sections[0].tables[0]
        name, first, second, *others = table.rows[0]
        assert first != second
        return tabled(view, replace(table, rows=((name, second, first, *others), *table.rows[1:])))

    assert len(found := planted(language, html, change)) == 1
    assert "Valkenberg" in found[0]


def test_a_wrong_verdict_head_caption_and_limit(html: str, language: str) -> None:
    def change(view: ReportView) -> ReportView:
        strip = (replace(view.strip[0], word=view.strip[1].word), *view.strip[1:])
        table = view.sections[0].tables[0]
        table = replace(table, head=(*table.head[:-1], "2022 (%)"), caption=worded(table.caption, swapped("e", "o")))
        view = tabled(replace(view, strip=strip), table)
        first = replace(view.sections[0], limits=view.sections[0].limits[1:])
        return replace(view, sections=(first, *view.sections[1:]))

    found = planted(language, html, change)
    said = [fault.removeprefix("the PDF does not say “")[:6] for fault in found if "does not say" in fault]
    assert len(said) == 5, found  # the verdict in the strip and in its legend
    assert any("2022 is not on the HTML page" in fault for fault in found)


@pytest.mark.parametrize("above", [20, 24, 28, 32])
def test_a_row_stands_on_one_page(language: str, above: int) -> None:
    view = sample.view(language)
    long, other = (
        " ".join(f"{word} in {name}" for name in ("Haagpoort", "Heuvel", "Tuinzigt", "Doornbos", "Kesteren", "Belcrum"))
        for word in ("corporatiewoningen", "koopwoningen")
    )
    column = (Number("12,5" if language == "nl" else "12.5", "/findings/01.share/estimate"),)
    rows = (*((Cell((f"Rij {'abcdefghij'[row % 10]}",)), Cell(("",)), Cell(("",))) for row in range(above)),
            (Cell((long,)), Cell((other,)), Cell(column, True)))  # fmt: skip
    table = replace(view.sections[0].tables[0], head=("Naam", "Zin", "Getal (%)"), rows=rows, note=None)
    made = tabled(view, table)
    pages, html = texts(render_pdf(made, DAY)), render_html(made)
    assert sum(f"{long}{other}".replace(" ", "") in "".join(page.split()) for page in pages) == 1
    assert audit_pdf(pages, html, language) == []
    wrong = [page.replace(str(column[0].text), "99") for page in pages]
    assert any("does not say" in fault for fault in audit_pdf(wrong, html, language))


def test_numbers_and_directions_of_the_pdf_must_stand_on_the_page() -> None:
    page = '<p><data data-ref="/x">€ 1.200</data> en <data data-ref="/y">2019</data></p>'
    assert audit_pdf(["Inhoud\nVraag . . . . . . . 7\n€ 1.200\nen 2019\n1"], page, "nl") == []
    assert audit_pdf(["€ 1.200 en 2019\n1", "12 steeg\n2"], page, "nl") == [
        "PDF page 2: 12 is not on the HTML page",
        "PDF page 2: steeg is not on the HTML page",
    ]
    assert audit_pdf(["Het is € 1.300 in 2019."], page, "nl") == [
        "the PDF does not say “€ 1.200 en 2019”",
        "PDF page 1: 1.300 is not on the HTML page",
    ]
    with pytest.raises(ReportError, match=r"2 faults in the nl PDF.*1\.300"):
        check_pdf(["Het is € 1.300 in 2019."], page, "nl")
    with pytest.raises(ReportError, match="cannot be read"):
        texts(b"no PDF")


def test_names_of_files_numbers_of_sources_ends_of_lines_and_ligatures_change_nothing() -> None:
    page = '<p class="files"><a href="../tables/03.levels.csv" download>Tabel</a></p><p>zin<sup class="notes"><a href="#bron-7">7</a> <a href="#bron-8">8</a></sup></p>'  # noqa: E501
    assert audit_pdf(["tables/03.levels.csv zin7,8"], page, "nl") == []
    assert audit_pdf(["zin 9"], page, "nl") == ["PDF page 1: 9 is not on the HTML page"]
    page = (
        '<h2>Woonwaarde</h2><p>zin</p><p class="files"><a href="../woonwaarde2016.csv" download>x</a>'
        '<a href="../Woonwaarde_2016.csv" download>y</a></p>'
    )
    assert audit_pdf(["Woonwaarde zin woonwaarde2016.csv Woonwaarde_2016.csv"], page, "nl") == []
    page = "<p>De WOZ-waarde van het officiële deel is gelijk.</p>"
    assert audit_pdf(["De WOZ\x02\r\nwaarde van het o\ufb03ciële\r\ndeel is ge\xad\r\nlijk."], page, "nl") == []


def test_numbers_of_a_picture_that_paper_cannot_move_may_stand_in_the_pdf(html: str, language: str) -> None:
    pages = [*texts(render_pdf(sample.view(language), DAY)), "Legenda 60.000"]
    moving = '<svg><g class="scale"><text>60.000</text></g></svg>'
    assert [one.partition(": ")[2] for one in audit_pdf(pages, html, language)] == ["60.000 is not on the HTML page"]
    assert audit_pdf(pages, html, language, [moving]) == []


def test_a_run_refuses_a_pdf_of_other_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier report stays as it was; only the PDF is planted with a fault, the page is right."""
    before = earlier_report(home)
    keep_only_first(home)

    def planted(view: ReportView, stamp: datetime) -> bytes:
        return render_pdf(answered(view, lambda text: re.sub(r"\d+", "987", text)), stamp)

    monkeypatch.setattr(pdf, "render_pdf", planted)
    with pytest.raises(ReportError, match=r"faults? in the nl PDF.*Van de indicatoren"):
        report.make_report("breda", {}, ("nl",), how=How(STOCK))
    assert (files(home), leftovers(home)) == (before, [])


SAID = "De bron is doi:10.1016/S0167-7152(97)00043-6, en het oppervlakte-aandeel groeide van 12,5 naar 1.234."


@pytest.mark.parametrize(("last", "hyphen", "swap", "held"), [
    ("doi:10.1016/", "", {}, True), ("en het opper", "-", {}, True), ("en het", "", {}, True),
    ("van 1", "", {}, False),  # no line ends inside a number: its halves may stand there by chance
    ("en het opper", "-", {"groeide": "kromp"}, False),
])  # fmt: skip
def test_a_sentence_may_be_cut_where_a_line_may_end(last: str, hyphen: str, swap: dict[str, str], held: bool) -> None:
    """In an address, in a word that is divided, between words; what follows must be the rest of it."""
    at = SAID.index(last) + len(last)
    begins = SAID[at:]
    for old, new in swap.items():
        begins = begins.replace(old, new)
    pages = [f"{SAID[:at]}{hyphen}\r\n1", begins]
    assert (audit_pdf(pages, f"<main><p>{SAID}</p></main>", "nl") == []) is held
