"""The documentation: its pages are built without a warning, its links hold, and what it says to type works."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bs4
import matplotlib
import pandas as pd
import pytest
import requests
from readable import Row, file

import kloof
from conftest import PROJECT, CommandLine, copy_project, home_at
from kloof.findings import VERDICTS
from kloof.paths import dump, write_whole
from kloof.run import batch, dispatch, report
from kloof.run.batch import fulfil
from kloof.store.add import add as put_in

pytestmark = pytest.mark.xdist_group("docs")

DOCS = PROJECT / "docs"
PAGES = sorted(path.relative_to(DOCS) for path in DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = [page for page in PAGES if BLOCK.search((DOCS / page).read_text(encoding="utf-8"))]
TEXTS = {"nl": "# Is het zo?\n\nNederlands.", "en": "# Is it so?\n\nEnglish."}


def copied(target: Path) -> Path:
    """Copy what the pages are made of."""
    home = copy_project(target)
    shutil.copytree(DOCS, home / "docs", ignore=shutil.ignore_patterns("gallery", "__pycache__"))
    shutil.copy(PROJECT / "README.md", home)
    return home


def notebook(*code: str, **outputs: str) -> dict[str, Any]:
    """A short notebook in two languages."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {"tags": [language]},
         "source": f'{text}\n\n<div lang="{language}"></div>'}
        for language, text in TEXTS.items()
    ]  # fmt: skip
    printed = [{"output_type": "stream", "name": name, "text": text} for name, text in outputs.items()]
    for place, source in enumerate(code):
        metadata = {"tags": [] if place else ["parameters"]}
        cell = {"cell_type": "code", "metadata": metadata, "source": source, "execution_count": None}
        cells.append({**cell, "outputs": printed})
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    cells = [{**cell, "id": f"c{place}"} for place, cell in enumerate(cells)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages, with a tutorial and a gallery of one short notebook each."""
    home = copied(tmp_path_factory.mktemp("docs") / "home")
    for language in TEXTS:
        folder = home / "reports" / "breda" / language / "notebooks"
        folder.mkdir(parents=True)
        for stem in ("00_explore", "04_did_the_gap_grow"):
            said = notebook("1 + 1", stdout="shown", stderr="a warning with a path")
            (folder / f"{stem}.ipynb").write_text(json.dumps(said), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(home / "trees"), "docs", "built"],
        cwd=home, env={**os.environ, "KLOOF_HOME": str(home)}, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (home / "jupyter_execute").exists()
    return home / "built"


def page(site: Path, name: str) -> bs4.BeautifulSoup:
    """A built page."""
    return bs4.BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")


def test_every_page_is_there_and_no_place_is_left_empty(site: Path) -> None:
    for source in PAGES:
        text = (site / source.with_suffix(".html")).read_text(encoding="utf-8")
        assert "made:" not in text, source


def test_nothing_is_asked_of_another_machine(site: Path) -> None:
    for path in site.rglob("*.html"):
        found = bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        asked = [tag.get("src") for tag in found.find_all(["script", "img", "iframe"])]
        asked += [tag.get("href") for tag in found.find_all("link")]
        assert [one for one in asked if one and re.match(r"(https?:)?//", one)] == [], path
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", styles)


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    found = {tag["id"] for tag in page(site, "reference.html").find_all("dt", id=True)}
    missing = {f"kloof.{name}" for name in kloof.__all__} - found
    assert not missing, f"name these in docs/reference.md: {sorted(missing)}"
    assert {f"kloof.Study.{name}" for name in ("table", "panel", "counts", "leading")} <= found


def test_the_tables_are_those_of_the_library(site: Path) -> None:
    words = page(site, "verdicts.html").get_text()
    assert all(code in words for code in (*VERDICTS, "klopt niet", "C1", "H11"))
    for name in ("glossary.html", "nl/begrippen.html"):
        (first, *_) = page(site, name).find_all("table")
        assert [row.td.get_text() for row in first.find_all("tr")[1:]] == list(kloof.INDICES)


def test_every_command_is_in_the_reference(site: Path, command_line: CommandLine) -> None:
    text = page(site, "commands.html").get_text()
    groups: tuple[tuple[str, ...], ...] = ((), ("data",), ("hypothesis",), ("country",), ("workshop",))
    for group in groups:
        told = command_line(*group, "--help")[1].partition("Commands")[2]
        names = re.findall(r"^│ ([a-z]+) ", told, flags=re.MULTILINE)
        assert len(names) > 2
        assert [name for name in names if " ".join(["kloof", *group, name]) not in text] == []
    assert "--smallest-effect" in text


@pytest.mark.parametrize("language", TEXTS)
def test_a_notebook_is_shown_in_one_language(site: Path, language: str) -> None:
    (other,) = TEXTS.keys() - {language}
    found = page(site, f"gallery/{language}/04_did_the_gap_grow.html")
    said = found.article.get_text()
    assert found.html["lang"] == language
    assert [text.split("\n\n")[1] in said for text in (TEXTS[language], TEXTS[other])] == [True, False]
    assert "shown" in said
    assert "a warning with a path" not in said
    link = found.article.find("a", string=lambda text: text in ("Nederlands", "English"))
    assert (site / "gallery" / language / link["href"]).resolve().is_file()
    tutorial = page(site, "tutorial.html" if language == "en" else "nl/notebooks.html")
    assert any("00_explore" in tag["href"] for tag in tutorial.article.find_all("a"))


def test_its_search_finds_something_on_disk(site: Path, browser: Any) -> None:
    opened = browser.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(f"{(site / 'search.html').as_uri()}?q=dissimilarity")
    opened.wait_for_selector("ul.search li a", timeout=10_000)
    assert "glossary.html" in opened.content()
    opened.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


# ------------------------------------------------------------------ what is typed

PARAMETERS = """preset: str = "breda"  # p
language: str = "nl"  # l
municipality: str = ""  # m
source: str = ""  # s
focus_variants: list = []  # v"""
SHORT = "04_did_the_gap_grow"
OPEN = f"import kloof\nstudy = kloof.open_study(globals())\nsection = kloof.Section({SHORT!r})"
STEP = "from kloof.questions import coverage\ncoverage.how_comparable(section, study)\nkloof.finish(study, section)"
FILE = "heerlen_2016_2020.db"


def rows(code: str, value: float) -> list[Row]:
    """Figures of ten buurten of a municipality."""
    buurten = [f"BU{code[2:]}{number:04d}" for number in range(10)]
    made: list[Row] = [(code, 2024, "inhabitants", 10_000, "cbs")]
    for place, buurt in enumerate(buurten):
        made += [
            (buurt, 2024, "inhabitants", 1000, "cbs"),
            (buurt, 2024, "mean_dwelling_value", value + 10 * place, "cbs"),
            (buurt, 2024, "owner_occupied_share", 50 + place, "cbs"),
            (buurt, 2024, "good_perceived_health_share", 70 + place, "monitor"),
        ]
    return made


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A clone with one short notebook and no network, in which one types; a batch works here, and pages are short."""

    def publish(document: Any, folder: Path, languages: Any, *_: object) -> None:
        write_whole(folder / "results.json", dump(document))
        for language in languages:
            for name in ("index.html", "report.pdf", "data.html", "data.pdf"):
                write_whole(folder / language / name, "page")

    def head(*_: object, **__: object) -> None:
        raise requests.exceptions.ConnectTimeout

    monkeypatch.setattr(requests, "head", head)
    for module in (batch, report):
        monkeypatch.setattr(module, "publish_beside", publish)
    monkeypatch.setattr(dispatch, "give_out", lambda orders, *_: map(fulfil, orders))
    home = copied(tmp_path / "home")
    for path in (home / "notebooks").glob("*.ipynb"):
        path.unlink()
    content = json.dumps(notebook(PARAMETERS, OPEN, STEP))
    (home / "notebooks" / f"{SHORT}.ipynb").write_text(content, encoding="utf-8")
    monkeypatch.chdir(home)
    with home_at(home):
        yield home


def lines(block: str) -> list[str]:
    """What is typed in a block of the console."""
    typed = block.replace("\\\n", " ").splitlines()
    assert all(line.startswith("$ ") for line in typed), "what is printed is not quoted on these pages"
    return [line.removeprefix("$ ") for line in typed]


@pytest.mark.parametrize("name", TYPED, ids=str)
def test_what_a_page_says_to_type_works(
    name: Path, desk: Path, command_line: CommandLine, request: pytest.FixtureRequest
) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    if FILE in text:
        shared = request.getfixturevalue("shared")
        (desk / FILE).symlink_to(shared / "data" / "kwb" / FILE)
    if "GM0344" in text:
        for code, value in (("GM0344", 200), ("GM0363", 300)):
            put_in(file(f"{code}.csv", rows(code, value), {code: code}))
        assert command_line("batch", "--municipality", "GM0344", "--language", "nl")[0] == 0  # last month's
    names: dict[str, Any] = {}
    for kind, block in BLOCK.findall(text):
        if kind == "python":
            shown(block, names)
            continue
        for line in lines(block):
            program, *words = shlex.split(line)
            if program == "cp":
                subprocess.run([program, *words], check=True)
                continue
            assert program == "kloof", line
            code, out, err = command_line(*words)
            if words[:2] == ["data", "fetch"] and "--plan" not in words:  # there is no network in a test
                assert code == 2 and "you seem to be offline" in err, f"{line}\n{out}{err}"
                continue
            # a doctor tells what a machine lacks, and the pages that are read back are none here
            fine = (0, 1) if words[0] in ("audit", "verify") or words[:2] == ["workshop", "doctor"] else (0,)
            assert out and code in fine, f"{line}\n{out}{err}"


def test_the_readme_is_short_and_what_it_names_is_there() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) < 900
    lacking = [
        link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link and not (PROJECT / link).exists()
    ]
    assert lacking == []
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, flags=re.MULTILINE))
    assert {"report", "test", "lab", "shell", "workshop"} <= targets
    assert [name for name in targets if not re.search(rf"^{name}:.*##", makefile, flags=re.MULTILINE)] == []


def shown(code: str, names: dict[str, Any]) -> Any:
    """Run a cell, and give what it ends with, as a notebook shows it."""
    matplotlib.use("agg")
    tree = ast.parse(code)
    last = tree.body.pop()
    exec(compile(tree, "page", "exec"), names)
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "page", "eval"), names)


def test_ten_lines_from_the_reference_make_an_analysis(capsys: pytest.CaptureFixture[str]) -> None:
    kind, block = BLOCK.findall((DOCS / "reference.md").read_text(encoding="utf-8"))[0]
    assert kind == "python"
    assert len([line for line in block.splitlines() if line]) <= 10
    names: dict[str, Any] = {}
    table = shown(block, names)
    told = capsys.readouterr().out
    # the gap of a year by hand: the weighted mean of the rest less that of the list
    woz = names["woz"]

    def behind(year: int) -> float:
        now = woz[woz["year"] == year]
        sides = [now[now["listed"] == side] for side in (False, True)]
        rest, listed = ((side["value"] * side["weight"]).sum() / side["weight"].sum() for side in sides)
        return float(rest - listed)

    assert f"{behind(2015) - behind(2024):.4f}" in re.search(r"C\(year\)\[T\.2024\]:listed.*", told)[0]
    gaps = kloof.gap_table(woz).set_index("year")["gap"]
    assert gaps[2024] - gaps[2015] == pytest.approx(behind(2024) - behind(2015))
    assert isinstance(table, pd.DataFrame)
    assert table["year"].is_unique
    assert table["estimate"].between(0.2, 0.4).all()
