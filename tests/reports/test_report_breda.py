"""The Breda report as a reader gets it, and the committed run of it."""

import ast
import csv
import json
import math
import re
import shlex
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from opened import Opened
from pypdf import PdfReader

from conftest import PROJECT, CommandLine
from kloof.catalogue import catalogue
from kloof.report import audit, pdfback
from kloof.report.publish import DATA, REPORT
from kloof.run import report
from kloof.run.audited import audit_report

pytestmark = pytest.mark.xdist_group("breda")
LANGUAGES = ("nl", "en")


def read(folder: Path) -> dict[str, Any]:
    """Read the results of a report."""
    content: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return content


class Visible(HTMLParser):
    """Collects the text a reader sees, without drawings and style."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.text = 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.hidden += tag in ("svg", "style", "title")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("svg", "style", "title")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text += data


def visible(page: str) -> str:
    """Give the text of a page with single spaces."""
    reader = Visible()
    reader.feed(page)
    return " ".join(reader.text.split())


def same(a: Any, b: Any, place: str = "") -> list[str]:
    """List where two documents differ; numbers may differ in the eighth digit, as other processors round otherwise."""
    if isinstance(a, dict) and isinstance(b, dict):
        found = [f"{place}/{key} is in one only" for key in a.keys() ^ b.keys()]
        return found + [fault for key in a.keys() & b.keys() for fault in same(a[key], b[key], f"{place}/{key}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            fault for number, pair in enumerate(zip(a, b, strict=True)) for fault in same(*pair, f"{place}/{number}")
        ]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (a, b))
    if numbers and math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-7):
        return []
    return [] if a == b else [f"{place}: {a!r} is not {b!r}"]


def test_everything_a_report_promises_is_there(breda_report: Path) -> None:
    results = read(breda_report)
    for language in LANGUAGES:
        folder = breda_report / language
        for page, paper in (REPORT, DATA):
            assert (folder / page).stat().st_size > 100_000
            assert (folder / paper).read_bytes()[:5] == b"%PDF-"
        assert {path.stem for path in (folder / "figures").glob("*.svg")} == set(results["figures"])
        assert len(list((folder / "notebooks").glob("*.ipynb"))) == 13
    names = {path.stem for path in (breda_report / "tables").glob("*.csv")}
    assert set(results["tables"]) <= names
    assert not list(breda_report.parent.glob(".making-*")), "a half-made report was left behind"


def test_the_committed_run_is_what_the_code_makes(breda_report: Path, project: Path) -> None:
    example = project / "reports" / "example"
    differences = same(read(example), read(breda_report))
    assert not differences, (
        f"reports/example is out of date; list in CHANGELOG.md what moved, then make example: {differences[:5]}"
    )
    names = {path.relative_to(example) for path in example.rglob("*") if path.is_file()}
    made = {path.relative_to(breda_report) for path in breda_report.rglob("*") if path.is_file()}
    left_out = {Path("ro-crate-metadata.json")}  # names every module, so it changes with any of them
    assert names == {name for name in made if "notebooks" not in name.parts} - left_out
    for language, (name, paper) in product(LANGUAGES, (REPORT, DATA)):
        pages = [(folder / language / name).read_text(encoding="utf-8") for folder in (example, breda_report)]
        assert visible(pages[0]) == visible(pages[1])
        texts = [pdfback.texts((folder / language / paper).read_bytes()) for folder in (example, breda_report)]
        assert texts[0] == texts[1]


def test_two_runs_give_the_same_bytes(breda_report: Path, home: Path) -> None:
    """In another folder; not against the committed run, since other processors round the last digit otherwise."""
    made = report.make_report("breda", {}, ["en"], only=["03", "04", "09"])
    again = sorted(made.rglob("*.ipynb"))
    assert len(again) == 3
    for path in again:
        [first] = (breda_report / "en").rglob(path.name)
        assert path.read_bytes() == first.read_bytes(), f"{path.name} differs between two runs"


def test_the_changelog_tells_the_headline_numbers(project: Path) -> None:
    results = read(project / "reports" / "example")
    told = " ".join((project / "CHANGELOG.md").read_text(encoding="utf-8").split())
    real, relative = (results["findings"][name] for name in results["lead"][:2])
    assert (real["unit"], relative["unit"]) == ("thousand_euro", "percent")
    assert f"from {real['a']['year']} to {real['b']['year']}" in told
    assert f"from {real['a']['estimate']:.2f} to {real['b']['estimate']:.2f} thousand euro" in told
    assert f"from {relative['a']['estimate']:.1f} to {relative['b']['estimate']:.1f} percent" in told


def test_what_the_readme_says_to_type_works(
    breda_report: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder in which `make report` made the report; what make itself does is another's test."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(console|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    monkeypatch.setenv("KLOOF_HOME", str(breda_report.parents[1]))
    monkeypatch.chdir(breda_report.parents[1])
    lines = blocks["console"].splitlines()
    assert len(lines) >= 4
    for line in lines:
        program, *words = shlex.split(line.removeprefix("$ "))
        assert program == "kloof"
        code, out, err = command_line(*words)
        assert out and code == 0, f"{line}\n{out}{err}"
    *first, last = ast.parse(blocks["python"]).body
    names: dict[str, Any] = {}
    exec(compile(ast.Module(first, []), "README", "exec"), names)
    assert isinstance(last, ast.Expr)
    table = eval(compile(ast.Expression(last.value), "README", "eval"), names)
    assert table.set_index("year")["gap"][2023] > 9


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("files", [REPORT, DATA], ids=["report", "data"])
def test_a_wrong_number_in_a_real_page_is_caught(breda_report: Path, language: str, files: tuple[str, str]) -> None:
    page = (breda_report / language / files[0]).read_text(encoding="utf-8")
    wrong = re.sub(r"(<data[^>]*>€\D?)\d+", r"\g<1>777", page, count=1)
    assert wrong != page
    known = audit.labels(catalogue(), language)
    faults = audit.audit_html(wrong, read(breda_report), language, known, whole=files == DATA)
    assert any("777" in fault and "stands for" in fault for fault in faults)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", [REPORT[1], DATA[1]])
def test_a_pdf_is_tagged_and_in_its_language(breda_report: Path, language: str, paper: str) -> None:
    document = PdfReader(breda_report / language / paper)
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith(language)
    assert "Breda" in str(document.metadata.title)
    assert "Breda" in document.pages[0].extract_text()


def test_a_finished_report_is_read_back_whole(breda_report: Path) -> None:
    """Both pages and both PDFs, in both languages, which carry the same numbers; and every file made again."""
    found = audit_report(breda_report, again=True)
    assert (found.faults, found.notes) == ([], [])


def test_results_hold_no_sentence_path_or_clock(breda_report: Path, project: Path) -> None:
    text = (breda_report / "results.json").read_text(encoding="utf-8")
    assert str(project) not in text
    assert str(breda_report.parents[1]) not in text
    assert not re.search(r"\d{2}:\d{2}:\d{2}", text)
    sentences = [value for value in _strings(json.loads(text)["findings"]) if len(value.split()) > 2]
    assert sentences == []


def _strings(place: Any) -> list[str]:
    """List all text values."""
    if isinstance(place, str):
        return [place]
    if isinstance(place, dict):
        return [text for value in place.values() for text in _strings(value)]
    return [text for value in place for text in _strings(value)] if isinstance(place, list) else []


@pytest.mark.parametrize("language", LANGUAGES)
def test_executed_notebooks_are_clean(breda_report: Path, project: Path, language: str) -> None:
    for path in sorted((breda_report / language / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        notebook = json.loads(text)
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        kinds = {output.get("name", output["output_type"]) for output in outputs}
        assert kinds <= {"execute_result", "display_data", "stdout"}, f"{path.name} warned or failed: {kinds}"
        shown = ["".join(output.get("data", {}).get("text/plain", "")) for output in outputs]
        agreed = [text for text in shown if text.startswith("Agreement")]
        assert agreed, f"{path.name} sets no number by hand beside that of the library"
        assert all(re.search(r"same +True", text) for text in agreed), agreed
        assert "papermill" not in notebook["metadata"]
        assert str(project) not in text
        assert str(breda_report.parents[1]) not in text


def test_missing_is_said_and_not_filled(breda_report: Path) -> None:
    results = read(breda_report)
    untested = [row for row in results["verdicts"] if row["claim"] == "C1" and row["verdict"] == "NOT_TESTABLE"]
    assert {name for row in untested for name in row["missing"]} == {
        "households_around_social_minimum_share", "low_education_persons", "social_assistance_share",
    }  # fmt: skip
    broken = results["findings"]["04.mean_income_per_inhabitant.break"]
    assert (broken["judgement"], broken["a"]["year"], broken["b"]["year"]) == ("NOT_COMPARABLE", 2023, 2024)
    page = visible((breda_report / "nl" / DATA[0]).read_text(encoding="utf-8"))
    assert "2023 en 2024 zijn voor inkomen per inwoner niet te vergelijken" in page


def test_tables_are_files_with_full_numbers(breda_report: Path) -> None:
    with (breda_report / "tables" / "04.mean_dwelling_value.csv").open(encoding="utf-8") as file:
        rows = {int(row["year"]): row for row in csv.DictReader(file)}
    recorded = read(breda_report)["tables"]["04.mean_dwelling_value"]
    keys = [column["key"] for column in recorded["columns"]]
    assert list(rows) == list(range(2015, 2025))
    assert [str(value) for value in recorded["rows"][0]] == [rows[2015][key] for key in keys]


@pytest.mark.browser
@pytest.mark.parametrize(("language", "width", "scheme"), [("nl", 1280, "light"), ("en", 360, "dark")])
@pytest.mark.parametrize("name", [REPORT[0], DATA[0]])
def test_a_whole_page_in_a_browser(
    breda_report: Path, browser: Any, name: str, language: str, width: int, scheme: str
) -> None:
    """Nothing asked for, nothing complained about, no link that leads nowhere, and axe-core finds nothing at AA."""
    file = breda_report / language / name
    with Opened(browser, file, width, color_scheme=scheme) as opened:
        assert {url for url in opened.asked if not url.startswith("data:")} == {file.as_uri()}
        links = opened.ask("[...document.querySelectorAll('a')].map(link => link.getAttribute('href'))")
        for link in dict.fromkeys(link for link in links if not link.startswith("http")):
            path, _, anchor = link.partition("#")
            target = file.parent / path if path else file
            assert target.is_file(), link
            assert not anchor or f'id="{anchor}"' in target.read_text(encoding="utf-8"), link
        assert opened.ask("document.documentElement.scrollWidth") <= width
        opened.page.locator(".map [data-code=BU07580103]").click()
        assert "Geeren-zuid" in opened.page.locator(".chosen h4").text_content()
        assert opened.violations() == []
        assert opened.complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_small_enough_to_send(breda_report: Path, language: str) -> None:
    """The report as page and PDF; with the data page, seven indicators on four scales, and all pictures."""
    folder = breda_report / language
    assert sum((folder / name).stat().st_size for name in REPORT) <= 1_000_000
    files = [path for path in folder.rglob("*") if path.suffix in (".html", ".svg")]
    assert sum(path.stat().st_size for path in files) <= 3_000_000
