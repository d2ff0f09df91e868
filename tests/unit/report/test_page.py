# ruff: noqa: E501 - expectations stay on one line
"""The page: complete, self-contained, the same every time, and safe for any text."""

import base64
import io
import re
import tomllib
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sample
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from kloof.errors import ReportError
from kloof.report.page import inline_svg, legend, machine_value, pieces, render_html, shape, slug, words
from kloof.report.readback import Node, parse
from kloof.report.views import Cell, FigureView
from kloof.words.sentences import Number


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(sample.view("nl"))


@pytest.fixture(scope="module")
def root(page: str) -> Node:
    return parse(page)


def elements(root: Node, tag: str) -> list[Node]:
    return [node for node in root.walk() if node.tag == tag]


def numbers_of(place: Any) -> list[Number]:
    """Every number anywhere in a view."""
    if isinstance(place, Number):
        return [place]
    if is_dataclass(place):
        return [number for entry in fields(place) for number in numbers_of(getattr(place, entry.name))]
    return [number for inner in place for number in numbers_of(inner)] if isinstance(place, tuple) else []


def test_same_view_same_bytes(page: str) -> None:
    assert render_html(sample.view("nl")) == page


def test_every_number_carries_its_pointer_and_every_finding_its_judgement(root: Node) -> None:
    printed = Counter((node.pointer, node.text()) for node in elements(root, "data"))
    assert printed == Counter((number.pointer, number.text) for number in numbers_of(sample.view("nl")))
    said = [
        (node.attrs["data-finding"], node.attrs["data-judgement"])
        for node in root.walk()
        if "data-finding" in node.attrs
    ]
    assert said == [
        ("03.gap", "GREW"), ("03.health", "UNCLEAR"), ("03.tenure", "NOT_COMPUTABLE"),
        ("01.share", "HIGHER"), ("03.gap", "GREW"), ("03.health", "UNCLEAR"), ("03.tenure", "NOT_COMPUTABLE"),
    ]  # fmt: skip


def test_title_headings_and_first_screen_stand_in_order(root: Node, page: str) -> None:
    assert elements(root, "html")[0].attrs["lang"] == "nl"
    assert elements(root, "title")[0].text() == "Groeit de kloof tussen buurten in Breda? – Breda"
    assert [node.text() for node in elements(root, "h1")] == ["Groeit de kloof tussen buurten in Breda?"]
    order = ("<h1>", 'class="lead"', 'data-figure="03.lines"', 'class="strip"', 'class="contents"', "data-section")
    places = [page.index(mark) for mark in order]
    assert places == sorted(places)


def test_nothing_is_loaded_from_elsewhere(page: str, root: Node) -> None:
    for node in root.walk():
        for name in ("src", "srcset", "action", "poster"):
            assert name not in node.attrs
        if node.tag == "link":
            assert node.attrs["href"] == "data:,"
        if "href" in node.attrs and node.attrs["href"].startswith("http"):
            assert (node.tag, node.attrs["href"]) == ("a", "https://doi.org/10.2307/2088328")
    assert page.count("<script") == 1, "its own"
    assert set(re.findall(r"url\((?!#)([^)]{0,15})", page)) == {"data:font/woff2"}
    assert "@import" not in page


def test_awkward_names_are_text_not_markup_and_every_anchor_resolves(page: str, root: Node) -> None:
    assert "<Zuid>" not in page and "Café ’t Ginneken &amp; &lt;Zuid&gt;" in page
    wicked = replace(sample.view("nl"), title='<script>alert("x")</script>', attribution="</cite><img src=x onerror=y>")
    html = parse(render_html(wicked))
    assert [node.parent.tag for node in elements(html, "script") if node.parent] == ["body"]
    assert not elements(html, "img")
    assert elements(html, "h1")[0].text() == '<script>alert("x")</script>'
    ids = [node.attrs["id"] for node in root.walk() if "id" in node.attrs]
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    leads = {
        node.attrs[key][1:]
        for node in root.walk()
        for key in ("href", "xlink:href")
        if node.attrs.get(key, "").startswith("#")
    }
    assert leads - set(ids) == set()
    assert {"kloof", "f1-1", "f3-1"} <= set(ids)


def test_tables_scope_align_offer_a_download_and_give_reasons_for_missing_cells(root: Node) -> None:
    levels = next(node for node in root.walk() if node.attrs.get("data-table") == "03.levels")
    heads = [node for node in levels.walk() if node.tag == "th"]
    assert [node.attrs["scope"] for node in heads] == ["col"] * 4 + ["row"] * 6
    assert [node.has_class("num") for node in heads] == [False, True, True, True] + [False] * 6
    assert [one.attrs["href"] for one in levels.walk() if one.tag == "a" and "download" in one.attrs] == [
        "tables/03.levels.csv"
    ]
    gaps = elements(root, "i")
    assert len(gaps) == 3
    for gap in gaps:
        assert gap.text() == "–"
        assert gap.attrs == {"role": "img", "title": "te weinig woningen om te publiceren"}  # its title is read out
    notes = [node.text() for node in elements(root, "p") if node.has_class("note")]
    assert notes.count("– te weinig woningen om te publiceren") == 2


def test_what_is_folded_and_what_can_be_downloaded(root: Node) -> None:
    parts = [node for node in root.walk() if "data-section" in node.attrs]
    assert [part.attrs["data-section"] for part in parts] == ["01.state", "03.gap", "claims"]
    for part in parts[:2]:
        folded = [node for node in part.walk() if node.tag == "details"]
        assert len(folded) == 1
        assert "open" not in folded[0].attrs
        limits = next(node for node in part.walk() if node.tag == "h3")
        assert limits.text() == "Wat dit niet zegt"
        assert all(node.tag != "details" for node in limits.ancestors())
    drawn = elements(root, "svg")
    assert (len(drawn), {node.attrs["role"] for node in drawn}) == (3, {"img"})
    assert drawn[0].attrs["aria-label"].endswith("€ 141.000 & groeide.")
    files = {node.attrs["href"] for node in elements(root, "a") if "download" in node.attrs}
    assert {"figures/03.lines.svg", "figures/03.lines.csv", "figures/01.map.svg"} <= files


def test_an_incomplete_view_is_refused_with_all_faults() -> None:
    view = sample.view("nl")
    assert view.lead_figure is not None
    bare = replace(view.sections[0], limits=(), anchor="kloof")
    lost = replace(view.strip[0], anchor="nergens")
    broken = replace(
        view, sections=(bare, *view.sections[1:]), strip=(lost,), lead_figure=replace(view.lead_figure, alt=" ")
    )
    with pytest.raises(
        ReportError,
        match=r"4 faults in the nl report.*01\.state.*limits.*kloof is used twice.*C1 leads to nergens.*no alt",
    ):
        render_html(broken)


def test_table_shape_says_wide_and_tall_and_uneven_rows_are_refused() -> None:
    nine, sixty = sample.view("nl").sections[0].tables
    assert shape(nine).classes == "wide columns-8 fill"
    assert shape(sixty).classes == "wide tall", "a name of many letters makes it wider than a phone"
    short = replace(sixty, rows=tuple((Cell(("Belcrum",)), *row[1:]) for row in sixty.rows))
    assert shape(short).classes == "tall"
    table = sample.view("nl").sections[1].tables[0]
    with pytest.raises(ReportError, match=r"table 03\.levels: rows 1 have not as many cells"):
        shape(replace(table, rows=(table.rows[0], (*table.rows[1], Cell(("x",))))))


@pytest.mark.parametrize(("svg", "fault"), [
    ('<svg viewBox="0 0 1 1"><g></svg>', "not well-formed"),
    ('<svg xmlns="http://www.w3.org/2000/svg"/>', "no viewBox"),
    ('<svg viewBox="0 0 1 1"><script/></svg>', "holds a <script>"),
    ('<svg viewBox="0 0 1 1"><g onclick="x"/></svg>', r"script \(onclick\)"),
    ('<svg viewBox="0 0 1 1"><image href="http://example.org/a.png"/></svg>', "points outside itself"),
])  # fmt: skip
def test_a_figure_that_cannot_stand_in_a_page_is_refused(svg: str, fault: str) -> None:
    with pytest.raises(ReportError, match=f"figure f.*{fault}"):
        inline_svg(FigureView("f", ("t",), "alt", "", svg, "f.svg", "f.csv"), "f")


def test_svg_loses_its_size_and_metadata_and_gains_a_name() -> None:
    figure = FigureView("f", ("t",), 'a "b" & <c>', "", sample.lines("nl"), "f.svg", "f.csv")
    made = inline_svg(figure, "eerste")
    assert made.startswith("<svg ") and "<metadata>" not in made and 'width="640pt"' not in made
    assert 'role="img" aria-label="a &quot;b&quot; &amp; &lt;c>"' in made
    assert 'clip-path="url(#eerste-1)"' in made and 'xlink:href="#eerste-2"' in made


def test_embedded_letters_cover_all_text_and_pages_share_them(page: str, root: Node) -> None:
    fonts = re.findall(r'font-family: "([^"]+)"; font-weight: (\d+);.*?base64,([^)]+)\)', page)
    assert [(family, weight) for family, weight, _ in fonts] == [
        ("Kloof Serif", "400"), ("Kloof Serif", "600"), ("Kloof Sans", "400"), ("Kloof Sans", "600"), ("Kloof Signs", "400"),
    ]  # fmt: skip
    letters = [set(TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap()) for _, _, data in fonts]
    used = {ord(letter) for letter in root.text() if letter.isprintable()}
    for face in letters[:4]:
        assert used - face - letters[4] == set()
    assert {ord("●"), ord("○")} <= letters[4]
    assert len(page.encode()) < 200_000

    def faces(html: str) -> list[str]:
        return re.findall(r"base64,([^)]+)\)", html)

    usual, odd = (render_html(replace(sample.view("nl"), title=title)) for title in ("Qûébec", "Þing"))
    assert faces(usual) == faces(page)
    for one in faces(odd)[:4]:
        assert {ord("Þ"), ord("Q")} <= set(TTFont(io.BytesIO(base64.b64decode(one))).getBestCmap())
    assert render_html(sample.view("nl")) == page, "and leave nothing behind"


@pytest.mark.parametrize(("text", "language", "value"), [
    ("€ 27.300", "nl", "27300"), ("€27,300", "en", "27300"), ("12,5 %", "nl", "12.5"),
    ("−1.2 percentage points", "en", "-1.2"), ("−€ 1.234,5", "nl", "-1234.5"), ("minder dan 10", "nl", "<10"),
    ("2019", "nl", "2019"),
])  # fmt: skip
def test_value_for_programs(text: str, language: str, value: str) -> None:
    assert machine_value(text, language) == value


def test_references_code_and_addresses_are_marked() -> None:
    sentence = (
        "Zie ‹Duncan 1955›, doi:10.2307/2088328, en `a_b`; ook https://example.org/x. Klaar",
        Number("12 %", "/p"),
    )
    found = [(piece.kind, piece.text, piece.href or piece.pointer) for piece in pieces(sentence, "nl")]
    assert found == [
        ("text", "Zie ", ""), ("cite", "Duncan 1955", ""), ("text", ", ", ""),
        ("link", "doi:10.2307/2088328", "https://doi.org/10.2307/2088328"), ("text", ", en ", ""), ("code", "a_b", ""),
        ("text", "; ook ", ""), ("link", "https://example.org/x", "https://example.org/x"), ("text", ". Klaar", ""),
        ("number", "12 %", "/p"),
    ]  # fmt: skip


@given(st.text(max_size=60))
def test_no_text_is_lost_in_pieces(text: str) -> None:
    joined = "".join(piece.text for piece in pieces((text,), "nl"))
    assert joined == re.sub(r"`([^`]+)`|‹([^›]+)›", lambda match: match[1] or match[2], text)


def test_legend_has_each_verdict_once_in_fixed_order() -> None:
    strip = sample.view("nl").strip
    assert [cell.verdict for cell in legend((*strip, *strip))] == [
        "SUPPORTED", "CONTRADICTED", "MIXED", "NEGLIGIBLE", "UNDECIDED", "NOT_TESTABLE",
    ]  # fmt: skip
    assert slug("03.Gap_é") == "03-gap"


def test_fixed_words_stand_in_both_languages_without_digits(project: Path) -> None:
    def walk(place: dict[str, Any], path: str) -> None:
        if not all(isinstance(inner, dict) for inner in place.values()):
            assert sorted(place) == ["en", "nl"], path
            assert not re.search(r"\d", place["nl"] + place["en"]), path
            return
        for key, inner in place.items():
            walk(inner, f"{path}.{key}")

    walk(tomllib.loads((project / "lib/kloof/words/page.toml").read_text(encoding="utf-8")), "page.toml")
    assert words("nl")["limits"] == "Wat dit niet zegt"
    assert words("en")["meaning"]["UNDECIDED"] == "both ways remain possible"


def test_a_sentence_leads_to_its_sources_and_they_to_their_files() -> None:
    view = sample.view("nl")
    lead = (replace(view.lead[0], sources=(1, 2)), *view.lead[1:])
    root = parse(render_html(replace(view, lead=lead, files=("kwb_2024.csv @1a1a", "politie.csv @2b2b"))))
    notes = next(node for node in root.walk() if node.has_class("notes"))
    links = [node.attrs for node in notes.walk() if node.tag == "a"]
    assert [(link["href"], link["aria-label"]) for link in links] == [("#bron-1", "Bron 1"), ("#bron-2", "Bron 2")]
    rows = {node.attrs["id"]: node.text() for node in root.walk() if node.attrs.get("id", "").startswith("bron-")}
    assert rows.keys() == {"bron-1", "bron-2"}
    assert "Statistics Netherlands" in rows["bron-1"] and "politie.csv @2b2b" in rows["bron-2"]
