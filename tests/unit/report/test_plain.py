"""The language of the report that is read: short sentences, few numbers, no names of code; quotes are left alone."""

import re

import pytest

from kloof.report.plain import faults_of_language
from kloof.report.readback import parse

LONG = "Dit is " + "een heel " * 12 + "zin."  # 27 words


def faults(html: str) -> list[str]:
    """Read a page; years are 1900 to 2099, a number goes with its unit, and no name holds a number."""
    loose = re.compile(r"\d+(?: dwellings?)?").findall
    return list(faults_of_language(parse(html), loose, re.compile(r"(19|20)\d\d").fullmatch))  # type: ignore[arg-type]


@pytest.mark.parametrize(("html", "said"), [
    (f"<p>{LONG}</p>", "27 words"),
    ("<p>Van <data>1</data> naar <data>2</data>, en toen naar <data>3</data>.</p>", "3 numbers"),
    ("<p>Van <data>1</data> naar <data>2</data>, en toen naar 7.</p>", "3 numbers"),
    ("<p>From <data>1</data> to <data>2</data>, then 1990 dwellings.</p>", "3 numbers"),
    ("<p>De lijst union telt.</p>", "union"),
    ("<p>De lijst bredavandaag telt.</p>", "bredavandaag"),
    ("<li>Typ kloof data add om meer te weten.</li>", "kloof data"),
    ("<p>Het staat in figures.csv.</p>", "csv"),
    ("<h3>De buurt BU07580004</h3>", "BU07580004"),
])  # fmt: skip
def test_what_a_reader_stumbles_over(html: str, said: str) -> None:
    """Each is a fault that names it."""
    assert [fault for fault in faults(html) if said in fault]


@pytest.mark.parametrize("html", [
    f"<p>{LONG[:60]}. {LONG[:60]}.</p>",
    "<p>Van <data>1</data> in <data>2016</data> naar <data>2</data> in <data>2024</data>.</p>",
    "<p>Van <data>1</data> naar <data>2</data>. In <data>3</data> was het anders.</p>",
    "<p>In <data>2019</data> dwelling value was lower: <data>1</data> against <data>2</data>.</p>",
    f"<p><cite>{LONG}</cite> Zo staat het er.</p>",
    "<p>BredaVandaag noemde namen.</p>",
    f"<svg><text>{LONG}</text></svg>",
    '<p class="files">figures.csv</p>',
])  # fmt: skip
def test_what_reads_well(html: str) -> None:
    """Two numbers in a sentence besides years, a new sentence, a quotation, a proper name, a drawing, a file to get."""
    assert faults(html) == []
