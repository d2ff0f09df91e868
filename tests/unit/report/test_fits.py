# ruff: noqa: E501 - planted texts stay on one line
"""What a template or a view could call wrong: names, cells, ranges, notes, meanings, years, and what may run."""

import re
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import sample

from kloof.catalogue import catalogue
from kloof.report.audit import audit_html
from kloof.report.page import render_html, script_hash

NOTES = '<sup class="ref notes"><a href="#bron-{}" aria-label="Bron {}">{}</a></sup>'


@cache
def made(language: str) -> str:
    """The sample page, in which the first finding has a note."""
    html = render_html(sample.view(language)).replace("\u00a0", " ")
    return html.replace("</p>", f"{NOTES.format(1, 1, 1)}</p>", 1)


@cache
def results() -> dict[str, Any]:
    """The sample results, whose first finding has a source."""
    document = deepcopy(sample.results())
    document["findings"]["03.gap"]["sources"] = ["kwb"]
    return document


def faults(language: str, pattern: str, new: str) -> list[str]:
    """The faults of a page in which the first group of a pattern is another text."""
    match = re.search(pattern, made(language), re.DOTALL)
    assert match is not None, pattern
    return audit_html(made(language)[: match.start(1)] + new + made(language)[match.end(1) :], results(), language)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_right_page_has_no_other_names(language: str) -> None:
    assert audit_html(made(language), results(), language) == []


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(("pattern", "new", "told"), [
    (r"<h1>[^<]*(Breda)", "Tilburg", r"<h1>: says “.*Tilburg.*”, the place is Breda"),
    (r"<title>[^<]*– (Breda)", "Tilburg", r"<title>: says “.* – Tilburg”, the place is Breda"),
    (r"class=\"place\">(Breda)", "Tilburg", r"<span>: says “Tilburg”, the place is Breda"),
    (r"data-table=\"03.levels\".*?<th scope=\"row\">(Valkenberg)", "Geeren-noord", r"table 03\.levels: says “Geeren-noord” for BU07580101, which is called “Valkenberg”"),
    (r"data-table=\"03.levels\".*?data-ref=\"(0/1)\"", "1/1", r"table 03\.levels: .* is the number of another cell \(/tables/03\.levels/rows/1/1\)"),
    (r"data-table=\"03.levels\".*?data-ref=\"(0/1)\"", "0/2", r"is the number of another cell \(/tables/03\.levels/rows/0/2\)"),
    (r"data-table=\"03.levels\".*?</th>(\s*<td[^>]*>.*?</td>)", "", r"table 03\.levels: row 1 has 3 cells for 4 columns"),
    (r"<sup class=\"ref notes\"><a href=\"#bron-(1)", "2", r"leads to the sources 2, its finding has 1"),
    (r"<sup class=\"ref notes\"><a [^>]*>(1)", "2", r"a note says “2” and leads to 1"),
    (r"<sup class=\"ref notes\"><a [^>]*aria-label=\"Bron (1)", "2", r"a note says “1” and leads to 1"),
    (r"<tr id=\"bron-1\">.*?<cite>([^<]*)", "De Telegraaf", r"source 1: says De Telegraaf, results\.json has Statistics Netherlands"),
    (r"<tr id=\"bron-(2)\"", "3", r"source 3: says Politie, via het CBS, results\.json has None"),
    (r"<li class=\"SUPPORTED\"><b>.*?</b>: ([^<]*)", "?", r"legend: says “● .*: \?”, SUPPORTED means"),
    (r"<li class=\"(SUPPORTED)\"><b>", "MIXED", r"legend: says .* MIXED means"),
    (r"()</main>", "<script>alert(1)</script>", r"has a script that is not that of kloof"),
    (r"<(script)>", 'script src="x.js"', r"has a script that is not that of kloof"),
    (r"script-src '(sha256-[^']*)", script_hash("alert(1)"), r"<meta>: lets run sha256-.*, and not the one script of kloof"),
    (r"<(main)", 'main onclick="x()"', r"<main>: has onclick “x\(\)”"),
    (r"()</main>", '<a href="javascript:x()">a</a>', r"<a>: has href “javascript:x\(\)”"),
    (r"()</main>", '<iframe srcdoc="x"></iframe>', r"<iframe>: has <iframe>"),
    (r"()</main>", '<img src="https://example.org/x.png">', r"<img>: has src “https://example\.org/x\.png”"),
])  # fmt: skip
def test_what_is_called_otherwise_is_found(language: str, pattern: str, new: str, told: str) -> None:
    found = faults(language, pattern, new)
    assert any(re.search(told, one) for one in found), found


RANGE = '<p data-finding="03.gap">(<data data-ref="/findings/03.gap/{}" value="{}">{}</data> – <data data-ref="/findings/03.gap/{}" value="{}">{}</data>)</p>'


@pytest.mark.parametrize(
    ("low", "high", "first", "told"),
    [
        (17, 29, "low", None), (17, 29, "high", "prints the upper end of a range first: € 29.000, € 17.000"),
        (-29, -17, "low", None), (-29, -17, "high", "prints the upper end"), (-5, 9, "high", None),
        (29, 17, "low", "a range goes from 29.0 to 17.0"),
    ],
)  # fmt: skip
def test_the_lower_end_of_a_range_stands_first(low: int, high: int, first: str, told: str | None) -> None:
    document = deepcopy(results())
    document["findings"]["03.gap"] |= {"low": low, "high": high}
    ends = {
        name: (name, value * 1000, f"{'−' * (value < 0)}€ {abs(value)}.000")
        for name, value in (("low", low), ("high", high))
    }
    ordered = [*ends[first], *ends["high" if first == "low" else "low"]]
    found = [one for one in audit_html(RANGE.format(*ordered), document, "nl", whole=False) if "range" in one]
    assert [told in one for one in found] == [True] if told else found == []


def test_the_order_of_a_range_in_sizes_and_in_a_row() -> None:
    document = deepcopy(results())
    document["findings"]["03.gap"] |= {"low": -29, "high": -17}
    sizes = RANGE.format("high", 17000, "€ 17.000", "low", 29000, "€ 29.000")
    assert [one for one in audit_html(sizes, document, "nl", whole=False) if "range" in one] == []
    columns = [{"key": key, "kind": "number", "unit": "number", "decimals": 0} for key in ("low", "high")]
    document["tables"]["x"] = {"columns": columns, "rows": [[5, 3]]}
    cells = "".join(
        f'<td><data data-ref="/tables/x/rows/0/{at}" value="{n}">{n}</data></td>' for at, n in ((0, 5), (1, 3))
    )
    page = f'<div data-table="x"><table><tbody><tr>{cells}</tr></tbody></table></div>'
    assert "table x: row 1 has a range from 5.0 to 3.0" in audit_html(page, document, "nl", whole=False)


@pytest.mark.parametrize(("text", "holds"), [
    ("{} in 2015", True), ("{} in 2019", True), ("{} in 2012", False), ("in 2012", True), ("in 2021", False),
])  # fmt: skip
def test_a_year_is_one_of_what_it_stands_by(text: str, *, holds: bool) -> None:
    """The gap is of 2015 and 2019; 2012 is a year of the document, which text that stands by nothing may name."""
    number = '<data data-ref="/findings/03.gap/estimate" value="23000">€ 23.000</data>'
    found = audit_html(f"<p>Het was {text.format(number)}.</p>", results(), "nl", whole=False)
    assert [one for one in found if "not traced" in one] == [] if holds else "which is not traced" in "".join(found)


def test_a_year_beside_a_cell_is_of_its_row_or_column() -> None:
    number = '<data data-ref="/tables/03.levels/rows/0/1" value="118000">€ 118.000</data>'
    page = "<p>Dat was {} in {}.</p>"
    assert audit_html(page.format(number, 2015), results(), "nl", whole=False) == []
    assert len(audit_html(page.format(number, 2019), results(), "nl", whole=False)) == 1


def test_a_row_of_an_indicator_is_called_by_its_label() -> None:
    document = deepcopy(results())
    columns = [{"key": "indicator", "kind": "indicator", "unit": None, "decimals": None}]
    document["tables"]["x"] = {"columns": columns, "rows": [["mean_dwelling_value"], ["low_income_households"]]}
    table = '<div data-table="x"><table><tbody><tr><th>{}</th></tr><tr><th>{}</th></tr></tbody></table></div>'
    known = catalogue()
    names = known.indicators["mean_dwelling_value"].label("en"), known.groups["low_income_households"].en
    assert audit_html(table.format(*names), document, "en", names, whole=False) == []
    found = audit_html(table.format(*names[::-1]), document, "en", names, whole=False)
    assert len([one for one in found if "which is called" in one]) == 2


@pytest.mark.parametrize(("name", "holds"), [
    ("Valkenberg: € 118.000", True), ("Valkenberg", True), ("Plan 9 oost", False), ("Valken", False),
])  # fmt: skip
def test_an_area_of_a_map_and_a_list_has_its_own_name(name: str, *, holds: bool) -> None:
    for page in (
        "<path data-code='BU07580101'><title>{}</title></path>",
        "<li data-code='BU07580101'><b class='name'>{}</b></li>",
    ):
        found = audit_html(page.format(name), results(), "nl", whole=False)
        assert any("which is called “Valkenberg”" in one for one in found) != holds
