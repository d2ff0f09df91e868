# ruff: noqa: E501 - planted texts stay on one line
"""Faults planted in a finished report on Breda: each is named with the place where it stands, and nothing else is."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest

from kloof.run.audited import Audited, audit_report

pytestmark = pytest.mark.xdist_group("breda")


@dataclass(frozen=True)
class Plant:
    """What is put in the place of the first group of a pattern; `told` is what the audit must say of it."""

    kind: str
    where: str
    new: str
    told: str


WORDS = {  # kind, pattern (its first group is replaced), Dutch and English text put there, and what is told when not that
    "index.html": [
        ("direction", r"<p class=\"headline\">.*?\b(groeide|grew)\b", "kromp", "shrank"),
        ("negation", r"id=\"claims\".*?<p class=\"small limits\">()", "Niet waar: ", "Not so: "),
        ("focus and rest", r"<p class=\"lead-sentence\">(.*?)<", "De rest van de stad", "The rest of the city"),
        ("number word", r"<section class=\"part\" id=\"grew\".*?<p class=\"nuance\"[^>]*>()", "Ruim de helft minder. ", "More than half less. "),
        ("year in text", r"<article class=\"portrait\".*?(\b2016\b)", "2017", "2017"),
        ("place in heading", r"<h1>[^<]*(Breda)", "Tilburg", "Tilburg"),
        ("place in title", r"<title>[^<]*– (Breda)", "Tilburg", "Tilburg"),
        ("name of an area", r"<article class=\"portrait\" id=\"buurt-bu07580103\">\s*<div><h3>([^<]*)", "Geeren-noord", "Geeren-noord"),
        ("verdict word", r"data-verdict=\"CONTRADICTED\"><a [^>]*><span class=\"word\"><span[^>]*>.</span>([^<]*)", "klopt", "holds"),
        ("verdict code", r"(data-verdict=\"MIXED\"><a )", "data-verdict=\"SUPPORTED\"><a ", "data-verdict=\"SUPPORTED\"><a ", "SUPPORTED"),
        ("yes or no of the debate", r"<div class=\"side\"><h2 class=\"small-head\">(JA|YES)", "NEE", "NO"),
        ("answer to the debate", r"<div class=\"side\">.*?>○ (Klopt niet|Does not hold)", "Klopt", "Holds"),
        ("quotation", r"<p class=\"quote\"><cite>([^<]*)", "Dat heeft niemand gezegd.", "Nobody said so."),
        ("alt text", r"<svg[^>]*role=\"img\" aria-label=\"()", "Het daalde sterk. ", "It fell sharply. "),
        ("number in a drawing", r"<figure id=\"eerste-figuur\".*?<text[^>]*>(2016)", "2061", "2061"),
        ("path in a drawing", r"<figure id=\"eerste-figuur\".*?<path d=\"(m0 434)", "m7 434", "m7 434"),
        ("value of the map", r"data-values=\"03.by_year\">\{\"areas\":\[\[\"BU07580700\",\"(Bavel)", "Bavelaar", "Bavelaar"),
        ("pointer", r"<section class=\"part\" id=\"event\".*?data-ref=\"([^\"]*)", "/findings/04.none/estimate", "/findings/04.none/estimate"),
        ("value for programs", r"<section class=\"part\" id=\"event\".*? value=\"([^\"]*)", "987654", "987654"),
        ("link", r"href=\"(data.html#12-verdict)\"", "https://example.org/", "https://example.org/"),
        ("label of an indicator", r"<option value=\"livability_score\">([^<]*)", "Levensgeluk", "Levensgeluk"),
        ("date", r"<footer.*?<time>([^<]*)", "2031-01-01", "2031-01-01"),
        ("script", r"()</main>", *2 * ["<script>alert(1)</script>"], "alert(1)"),
        ("style", r"(body \{)", *2 * ["body { --planted: 1;"], "planted"),
        ("policy", r"(script-src 'sha256-)", "script-src 'unsafe-inline' 'sha256-", "script-src 'unsafe-inline' 'sha256-"),
        ("hidden", r"<p class=\"(to-data)\"", *2 * ["to-data\" hidden=\"planted"], "planted"),
    ],
    "data.html": [
        ("direction", r"<section class=\"part\" id=\"04.*?\b(groeide|grew)\b", "kromp", "shrank"),
        ("negation", r"<section class=\"part\" id=\"11.*?<p class=\"(?:nuance|answer)\"[^>]*>[^<]*?(\w+ )", "Niet waar: ", "Not so: "),
        ("focus and rest", r"<section class=\"part\" id=\"05.*?(rest van de stad|rest of the city)", "lijst", "list"),
        ("number word", r"<section class=\"part\" id=\"08.*?<p class=\"nuance\"[^>]*>()", "Het verdrievoudigde. ", "Thrice as much. "),
        ("low and high", r"\((?:tussen|between) (<data [^>]*>[^<]*</data>)", *2 * ["<data>1.234.567</data>"], "1.234.567"),
        ("untraced year", r"<div class=\"limits block\">.*?<ul><li>()", "Sinds 2017. ", "Since 2017. "),
        ("place in heading", r"<h1>[^<]*(Breda)", "Tilburg", "Tilburg"),
        ("place in the bar", r"<span class=\"place\">(Breda)", "Tilburg", "Tilburg"),
        ("name of an area in a row", r"data-table=\"01.jumps\".*?<th scope=\"row\">([^<]*)", *2 * ["Bavel"], "says “Bavel”"),
        ("label of an indicator", r"data-table=\"03.levels\".*?<th scope=\"row\">([^<]*)", "Levensgeluk", "Levensgeluk"),
        ("digit in a cell", r"data-table=\"03.levels\".*?<td><data [^>]*>([^<]*)", "777", "777"),
        ("head of a column", r"data-table=\"03.indices_wide\".*?<th scope=\"col\"[^>]*>([^<]*)", "Omgekeerd", "Reversed"),
        ("caption of a table", r"data-table=\"03.spread_wide\".*?class=\"caption\"[^>]*>([^<]*)", "Niets ", "Nothing "),
        ("reason of an empty cell", r"<i role=\"img\" title=\"([^\"]*)", "geheim", "secret"),
        ("verdict word", r"data-claim=\"C4\"[^>]*><a [^>]*><span class=\"word\"><span[^>]*>.</span>([^<]*)", "klopt", "holds"),
        ("verdict symbol", r"data-claim=\"C8\"[^>]*><a [^>]*><span class=\"word\"><span[^>]*>(.)", "○", "○"),
        ("meaning in the legend", r"<li class=\"UNDECIDED\"><b>.*?</b>: ([^<]*)", "het klopt", "it holds"),
        ("number of a note", r"<section class=\"part\" id=\"04.*?<sup class=\"ref notes\"><a [^>]*>(\d+)", "28", "28"),
        ("publisher", r"<tr id=\"bron-3\">.*?<cite>([^<]*)", "De Telegraaf", "De Telegraaf"),
        ("title of a source", r"<tr id=\"bron-5\">.*?</th><td><cite>([^<]*)", "Horoscoop", "Horoscope"),
        ("alt text", r"<figure id=\"figuur-05.*?<svg[^>]*aria-label=\"()", "Het steeg sterk. ", "It rose sharply. "),
        ("number in a drawing", r"<figure id=\"figuur-08.*?<text[^>]*>(20\d\d)", "2071", "2071"),
        ("path in a drawing", r"<figure id=\"figuur-12.*?<path d=\"(m0 \d+)", "m9 909", "m9 909"),
        ("note of a figure", r"<figure id=\"figuur-03-ranked\".*?<p class=\"note\">()", "Bron: De Telegraaf. ", "Source: De Telegraaf. "),
        ("value of the map", r"data-values=\"03.by_year\">\{\"areas\":\[\[\"BU07580700\",\"(Bavel)", "Bavelaar", "Bavelaar"),
        ("hash of a file", r"<code>([0-9a-f]{64})</code>", *2 * ["0" * 64], "0" * 30),
        ("command", r"<code class=\"command\">([^<]*)", "rm -r /", "rm -r /"),
        ("quotation", r"data-table=\"back.claims\".*?<cite>([^<]*)", "Dat heeft niemand gezegd.", "Nobody said so."),
        ("left out", r"data-table=\"back.left_out\".*?<td[^>]*><code>([^<]*)", "424242", "424242"),
        ("script", r"()</main>", *2 * ["<script>alert(2)</script>"], "alert(2)"),
        ("handler", r"<(main) id=\"inhoud\"", *2 * ["main onclick=\"planted()\""], "planted()"),
    ],
}  # fmt: skip
PICTURES = [  # file, pattern, what is put there, and what is told
    ("03.map", r"<title>Bavel: ([^<]*)<", "999.000", "999.000"),
    ("03.ranked", r"<text[^>]*>(Bavel)<", "Tilburg", "Tilburg"),
    ("04.answer", r"<text[^>]*>(2016)<", "2061", "2061"),
    ("04.multiples", r"<path d=\"(m0 \d+)", "m1 909", "m1 909"),
    ("12.curve_short", r"()</svg>", "<text>kromp</text>", "<text> “kromp”"),
    ("05.mean_dwelling_value", r"fill=\"(#f3d08a)\"", "#000000", "fill of <path> says “#000000”"),
    ("09.score", r"viewBox=\"([^\"]*)\"", "0 0 1 1", "viewbox of <svg> says “0 0 1 1”"),
]
TABLES = [
    ("03.levels", r"mean_dwelling_value,2024,([\d.]+)", "268.96", "column focus: says “268.96”"),
    ("13.places", r"dissimilarity,(GM0505)", "GM0855", "column area: says “GM0855”"),
    ("03.by_year", r"area,(group)", "side", "column group: says “side”"),
    ("12.curve.C1", r"\n([^\n]*\n)\Z", "", "lacks"),
    ("back.inputs.nl", r"areas.csv,([0-9a-f]+)", "0" * 64, "0" * 30),
    ("back.parameters.en", r"(GM0855), GM0772", "GM0344", "GM0344"),
]


def put(path: Path, plants: list[Plant]) -> None:
    """Put all faults into a file, each at its own place; their text ends up where no other is."""
    text = path.read_text(encoding="utf-8")
    places = []
    for plant in plants:
        match = re.search(plant.where, text, re.DOTALL)
        assert match is not None, (path.name, plant)
        places.append((*match.span(1), plant.new))
    places.sort(reverse=True)
    for begin, end, new in places:
        text = text[:begin] + new + text[end:]
    assert all(text.count(new) for *_, new in places), f"faults in one place of {path.name}"
    path.write_text(text, encoding="utf-8")


def plants() -> dict[str, list[Plant]]:
    """Give the faults of every page, picture and table."""
    found = {
        f"{language}/{name}": [Plant(kind, where, new[at], [*new, new[at].strip()][2]) for kind, where, *new in rows]
        for at, language in enumerate(("nl", "en"))
        for name, rows in WORDS.items()
    }
    found |= {
        f"{language}/figures/{name}.svg": [Plant("picture", *row)]
        for language in ("nl", "en")
        for name, *row in PICTURES
    }
    return found | {f"tables/{name}.csv": [Plant("table", *row)] for name, *row in TABLES}


def of_papers(folder: Path) -> dict[str, str]:
    """Put a fault into every PDF; give what must be told of each."""
    with pikepdf.open(folder / "en" / "data.pdf", allow_overwriting_input=True) as paper:
        paper.docinfo["/Title"] = "Tilburg"
        paper.save()
    with pikepdf.open(folder / "nl" / "data.pdf", allow_overwriting_input=True) as paper:
        del paper.pages[-1]
        paper.save()
    shutil.copy(folder / "en" / "report.pdf", folder / "nl" / "report.pdf")
    (folder / "en" / "report.pdf").write_bytes(b"%PDF-1.7 planted")
    return {
        "en/data.pdf": "is drawn otherwise", "nl/data.pdf": "lacks", "nl/report.pdf": "Did the gap",
        "en/report.pdf": "cannot be read",
    }  # fmt: skip


@pytest.fixture(scope="module")
def planted(breda_report: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Audited, list[tuple[str, str, str]]]:
    """Audit a report that is full of faults, once; with every fault that must be named: file, kind, text."""
    folder = shutil.copytree(breda_report, tmp_path_factory.mktemp("planted") / "breda")
    expected = []
    for name, rows in plants().items():
        put(folder / name, rows)
        expected += [(name, row.kind, row.told) for row in rows]
    expected += [(name, "paper", told) for name, told in of_papers(folder).items()]
    (folder / "nl" / "figures" / "01.coverage.svg").unlink()
    (folder / "en" / "extra.html").write_text("<p>planted</p>", encoding="utf-8")
    notebook = next((folder / "nl" / "notebooks").glob("04*.ipynb"))
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("2023", "2032", 1), encoding="utf-8")
    expected += [
        ("nl/figures/01.coverage.svg", "file", "is not there"), ("en/extra.html", "file", "was added"),
        (f"nl/notebooks/{notebook.name}", "file", "is not what was made"),
    ]  # fmt: skip
    return audit_report(folder), expected


def test_every_planted_fault_is_named_where_it_stands(planted: tuple[Audited, list[tuple[str, str, str]]]) -> None:
    found, expected = planted
    missed = [
        one for one in expected if not any(fault.startswith(one[0]) and one[2] in fault for fault in found.faults)
    ]
    assert missed == [], f"{len(missed)} of {len(expected)} planted faults were not caught"
    assert len(expected) > 130


def test_no_other_file_is_named(planted: tuple[Audited, list[tuple[str, str, str]]], breda_report: Path) -> None:
    found, expected = planted
    touched = {name for name, *_ in expected}
    files = {path.relative_to(breda_report).as_posix() for path in breda_report.rglob("*") if path.is_file()}
    named = {fault.split(" ")[0].rstrip(":") for fault in found.faults} & files
    assert named <= touched
    assert found.notes == []
