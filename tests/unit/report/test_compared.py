# ruff: noqa: E501 - planted texts stay on one line
"""Two files that differ are told apart: by section, element, cell or line, and failing that by byte."""

from datetime import UTC, datetime

import pytest
import sample

from kloof.report.compared import MANY, _unequal, compare
from kloof.report.pdf import render_pdf

PAGE = """<!doctype html><main><section data-section="04"><p data-finding="04.gap">Het groeide met <data data-ref="/a" value="3">3</data>.</p>
<svg aria-label="Een lijn"><path d="M1 2"/><text>2016</text></svg></section>
<div data-table="03.levels"><table><tr><th>Bavel</th><td>1</td></tr><tr><th>City</th><td>2</td></tr></table></div></main>
"""
CSV = "area,year,value\nBavel,2016,1\nCity,2016,2\nIJpelaar,2016,\n"


@pytest.mark.parametrize(("name", "old", "new", "told"), [
    ("x.html", "groeide", "kromp", "section 04, finding 04.gap: says “Het kromp met”, results.json gives “Het groeide met”"),
    ("x.html", '="3"', '="4"', "section 04, finding 04.gap: value of <data> says “4”, results.json gives “3”"),
    ("x.html", "Een lijn", "Een steile lijn", "section 04: aria-label of <svg> says “Een steile lijn”, results.json gives “Een lijn”"),
    ("x.html", "M1 2", "M1 9", "section 04: d of <path> says “M1 9”, results.json gives “M1 2”"),
    ("x.html", "2016", "2017", "section 04: says “2017”, results.json gives “2016”"),
    ("x.html", "<td>2", "<td>3", "table 03.levels, row “City”: says “3”, results.json gives “2”"),
    ("x.html", "<tr><th>Bavel</th><td>1</td></tr>", "", "table 03.levels: lacks <tr> “Bavel1”"),
    ("x.html", "</main>", "<script>alert(1)</script></main>", "<main>: has <script> “alert(1)”, which results.json does not give"),
    ("x.html", "<main>", '<main hidden="">', "<main>: <main> has hidden “”, which results.json does not give"),
    ("x.html", ' data-ref="/a"', "", "section 04, finding 04.gap: <data> has no data-ref, results.json gives “/a”"),
    ("x.html", "met <data", "met  <data", "section 04, finding 04.gap: has other spaces in “Het groeide met”"),
    ("x.html", "<main>", "<main><!-- a note -->", "is written otherwise from byte 22 (line 1) on: “…”"),
    ("x.html", "<!doctype html>", "\ufeff<!doctype html>", "<>: has “\ufeff”, which results.json does not give"),
    ("x.svg", "<path ", "<path onload='x()' ", "section 04: <path> has onload “x()”, which results.json does not give"),
    ("x.csv", "City,2016,2", "City,2016,3", "row 3, column value: says “3”, results.json gives “2”"),
    ("x.csv", "City,2016,2\n", "", "row 3: lacks “City, 2016, 2”"),
    ("x.csv", "City", "City\nCity", "row 3: has “City”, which results.json does not give"),
    ("x.csv", "year", "jaar", "row 1, column year: says “jaar”, results.json gives “year”"),
    ("x.csv", "\nCity", "\r\nCity", "is written otherwise from byte"),
    ("results.json", "2016,2", "2016,3", "line 3: says “City,2016,3”, results.json gives “City,2016,2”"),
])  # fmt: skip
def test_what_differs_is_told_with_its_place(name: str, old: str, new: str, told: str) -> None:
    text = CSV if name in ("x.csv", "results.json") else PAGE
    found = compare(name, text.replace(old, new, 1).encode(), text.encode())
    begin, _, rest = told.partition("“…”")
    assert [one[: len(begin)] for one in found if begin in one] == [begin], found
    assert rest == ""
    assert compare(name, text.encode(), text.encode()) == []


def test_every_difference_is_told_once_where_it_is() -> None:
    wrong = PAGE.replace("groeide", "kromp").replace("M1 2", "M0 0").replace("City", "Stad").replace("<td>1", "<td>9")
    assert len(compare("x.html", wrong.encode(), PAGE.encode())) == 4
    text = "Een lange zin die heel lang hetzelfde is en dan opeens groter wordt en daarna nog lang doorgaat. " * 2
    [told] = compare("x.html", text.replace("groter", "kleiner", 1).encode(), text.encode())
    assert "opeens kleiner wordt" in told and "opeens groter wordt" in told and len(told) < 220


@pytest.mark.parametrize(("name", "found", "told"), [
    ("x.html", b"<p>\xff</p>", "is no text: byte 3 is no UTF-8"),
    ("x.csv", b"a,b\n\xff", "is no text: byte 4 is no UTF-8"),
    ("x.pdf", b"no paper", "the PDF cannot be read"),
    ("x.html", b"<div>" * 50_000, "its elements stand too deep in each other"),
    ("x.png", b"\x89PNG", "is no text"),
])  # fmt: skip
def test_what_cannot_be_read_is_a_fault_too(name: str, found: bytes, told: str) -> None:
    [first, *_] = compare(name, found, PAGE.encode())
    assert told in first


def test_papers_are_told_apart_by_their_lines_and_failing_that_by_their_bytes() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made, other = (render_pdf(sample.view(language), day) for language in ("nl", "en"))
    later = render_pdf(sample.view("nl"), datetime(2026, 1, 2, tzinfo=UTC))
    assert any("page 1: says" in told and "results.json gives" in told for told in compare("x.pdf", other, made))
    assert compare("x.pdf", later, made) == [
        "is drawn otherwise: its words are those that results.json gives, its bytes are not"
    ]


def test_many_things_are_paired_in_their_order() -> None:
    """Beyond so many pairs nothing is looked for elsewhere: hostile files must not keep the audit busy."""
    many = list(range(int(MANY**0.5) + 10))
    pairs = [*_unequal([-1, *many, -1], [-2, *many[1:], -3, -2], lambda one: one)]
    assert pairs[0] == (-1, -2)
    assert len(pairs) >= len(many)
    few = [*_unequal([1, 2, 3, 4], [1, 3, 5, 4], lambda one: one)]
    assert few == [(2, None), (None, 5)]
