"""What is printed and shown: one tagged page, slides that ask for nothing, and the browser edition."""

import functools
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pdfua
import pypdf
import pytest

from kloof.errors import SourceError
from kloof.measures.registry import INDICES
from kloof.words.numbers import LANGUAGES
from kloof_workshop import handout, lite, sessions, slides


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_handout_is_one_tagged_page_with_the_glossary_of_the_sessions(language: str, tmp_path: Path) -> None:
    content = handout.handout_pdf(language)
    assert content == handout.handout_pdf(language)
    path = tmp_path / "handout.pdf"
    path.write_bytes(content)
    reader = pypdf.PdfReader(path)
    root: Any = reader.trailer["/Root"]
    assert len(reader.pages) == 1
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert reader.metadata is not None
    assert (
        reader.metadata.title
        == {"nl": "De kloof meten: één blad bij de workshop", "en": "Measuring the gap: one sheet for the workshop"}[
            language
        ]
    )
    text = " ".join(reader.pages[0].extract_text().split())
    for index in (INDICES[name] for name in handout.TAUGHT):
        assert getattr(index, f"name_{language}").split()[0] in text
        assert " ".join(getattr(index, f"weakness_{language}").split()[:3]) in text
    assert {"nl": "een verwachting vastleggen", "en": "fix an expectation before you look"}[language] in text
    assert [str(finding) for finding in pdfua.validate(str(path)).findings] == []


def notebook_of(*cells: tuple[str, str, list[str]]) -> dict[str, Any]:
    made = []
    for kind, source, tags in cells:
        code = {"outputs": [], "execution_count": None} if kind == "code" else {}
        made.append({"cell_type": kind, "id": f"c{len(made)}", "metadata": {"tags": tags}, "source": [source], **code})
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Slides of all sessions, with the pictures of the second."""
    folder = tmp_path_factory.mktemp("slides")
    for language in LANGUAGES:
        notebooks = {}
        for one in sessions.sessions():
            if one.number == 2:
                made = slides.executed(
                    slides.only_shown(sessions.build(one, language, sessions.SOLUTION)), sessions.folder()
                )
                notebooks[one.number] = made
            elif one.number:
                import nbformat

                texts = slides.joined(sessions.build(one, language))
                texts["cells"] = [cell for cell in texts["cells"] if cell["cell_type"] == "markdown"]
                notebooks[one.number] = nbformat.from_dict(texts)
        (folder / f"slides-{language}.html").write_text(slides.slides_html(notebooks, language), encoding="utf-8")
    return folder


@pytest.mark.browser
@pytest.mark.xdist_group("workshop_browser")
@pytest.mark.parametrize("language", LANGUAGES)
def test_slides_turn_with_the_keyboard_and_ask_for_nothing(browser: Any, deck: Path, language: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    url = (deck / f"slides-{language}.html").as_uri()
    page.goto(url)
    count = page.evaluate("document.querySelectorAll('section').length")
    assert count > 25
    shown = "[...document.querySelectorAll('section')].filter(one => one.checkVisibility()).map(one => one.id)"
    assert page.evaluate(shown) == ["s1"]
    for number in range(1, count + 1):
        assert page.evaluate(shown) == [f"s{number}"]
        assert page.evaluate("document.querySelector('section.now').innerText.trim().length") > 20
        assert page.evaluate("document.querySelector('section.now').scrollHeight") <= 800
        page.keyboard.press("ArrowRight")
    assert page.evaluate(shown) == [f"s{count}"]
    page.keyboard.press("ArrowLeft")
    page.reload()
    assert page.evaluate(shown) == [f"s{count - 1}"]
    page.keyboard.press("Home")
    assert page.evaluate(shown) == ["s1"]
    assert {one.split("#")[0] for one in asked if not one.startswith("data:")} == {url}
    assert complaints == []
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate(
        "[...document.images].every(one => one.complete && one.naturalWidth > 0 && one.alt.length > 10)"
    )
    assert page.evaluate("document.images.length") >= 1
    assert "$" not in page.evaluate("document.body.textContent")
    page.close()


def test_a_solution_that_stops_is_an_error(tmp_path: Path) -> None:
    from kloof.errors import NotebookError

    with pytest.raises(NotebookError, match="ZeroDivisionError"):
        slides.executed(notebook_of(("code", "1 / 0", [])), tmp_path)


# --- the browser edition ---


def test_a_lock_file_is_closed_under_what_packages_need() -> None:
    packages = {"a": {"depends": ["b_c"]}, "b-c": {"depends": ["a", "d"]}, "d": {"depends": []}, "e": {"depends": []}}
    assert lite.closure(packages, ["a"]) == ["a", "b-c", "d"]
    with pytest.raises(SourceError, match="has no nothing"):
        lite.closure(packages, ["nothing"])


def test_the_settings_name_no_other_server() -> None:
    text = str(lite.settings(["micropip", "kloof"]))
    assert "http" not in text
    assert "'disablePyPIFallback': True" in text


def test_a_missing_tool_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no-such-tool is not on this machine"):
        lite._command(["no-such-tool"], tmp_path)
    with pytest.raises(SourceError, match=r"failed: .*broken"):
        lite._command([sys.executable, "-c", "raise SystemExit('broken')"], tmp_path)


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The built browser edition behind a plain static server; skipped where it was not built."""
    folder = sessions.solutions_folder() / "lite"
    if not (folder / "lab" / "index.html").is_file():
        pytest.skip("the browser edition was not built here: make workshop-lite")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run_all(page: Any) -> None:
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=120_000)
    page.wait_for_timeout(1500)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


@pytest.mark.browser
@pytest.mark.xdist_group("workshop_browser")
def test_the_browser_edition_runs_session_1_to_its_first_plot_without_the_internet(browser: Any, served: str) -> None:
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    outside: list[str] = []

    def only_here(route: Any) -> None:
        url = route.request.url
        if url.startswith((served, "data:", "blob:")):
            route.continue_()
        else:
            outside.append(url)
            route.abort()

    context.route("**/*", only_here)
    page = context.new_page()
    page.goto(f"{served}/lab/index.html?path=en/1_what_is_a_gap.ipynb")
    run_all(page)
    page.wait_for_selector(
        ".jp-OutputArea-output svg[role=img], .jp-OutputArea-output img", state="attached", timeout=240_000
    )
    page.wait_for_function(
        "document.body.textContent.includes('Not done yet. Put your answer in answer_1_8')", timeout=60_000
    )
    assert outside == []
    context.close()
