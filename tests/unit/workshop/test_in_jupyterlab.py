"""JupyterLab as `make workshop` opens it: the start page, beside it only the sessions, a walk in each language."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import copy_project, jupyterlab, wait_for_kernel
from kloof_workshop import answers, checks, exercise, sessions

SLIDER = ".jupyter-widgets .noUi-handle, .jupyter-widgets .ui-slider-handle"
PICTURE = ".jupyter-widgets svg[role=img]"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab whose root is the participants' folder."""
    root = copy_project(tmp_path / "home")
    whole = tmp_path / "JUPYTERLAB_SETTINGS_DIR" / "@jupyterlab" / "notebook-extension"
    whole.mkdir(parents=True)  # else a cell out of sight is not in the page
    (whole / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    makefile = Path(__file__).parents[3] / "Makefile"
    (recipe,) = [line for line in makefile.read_text().splitlines() if "jupyter lab" in line and "index.ipynb" in line]
    given = [word for word in recipe.split() if word.startswith("--")]
    assert given == ["--notebook-dir=notebooks/workshop", "--LabApp.default_url=/lab/tree/index.ipynb"]
    with jupyterlab(tmp_path, root, *given) as address:
        yield address


def run_until(page: Any, cell: Any, seen: Any, code: str = "") -> None:
    """Put code in a cell, if any is given, and run it until something is seen."""
    from playwright.sync_api import Error

    for more in (3, 2, 1, 0):  # once more, for what JupyterLab forgets on a busy machine
        cell.locator(".cm-content").click()
        if code:
            page.keyboard.press("Control+a")
            page.keyboard.insert_text(code)
        page.keyboard.press("Control+Enter")
        try:
            seen.first.wait_for(timeout=20_000 if more else 60_000)
            return
        except Error:
            page.keyboard.press("Escape")  # it may ask something meanwhile
            if not more:
                raise


def walk(page: Any, one: sessions.Session, language: str) -> None:
    """Answer the first exercise of a session: not at all, wrong, in a cell that stops, and right."""
    title, number, words = sessions.title(one, language), f"{one.number}.1", exercise.words()
    cells = ["".join(cell["source"]) for cell in sessions.build(one, language)["cells"]]
    page.get_by_role("link", name=title, exact=True).first.click()
    panel = page.locator(f".jp-NotebookPanel:has(h1:has-text('{title}'))")
    variable, right = checks.variable(number), answers.fixed(number).right
    begin, answer, check = (
        panel.locator(".jp-Notebook .jp-Cell").nth(next(at for at, text in enumerate(cells) if sought in text))
        for sought in ('language = "', f"{variable} = ", f'check("{number}")')
    )
    wait_for_kernel(panel)
    run_until(page, begin, begin.locator(".jp-OutputArea-output"))
    kind = checks.kind_of([1, 2], answers.fixed(number))
    for code, said in (
        ("", words["say"]["not_done"][language].split("**")[2].split("`")[0]),
        (f"{variable} = [1, 2]", words["kind"][kind][f"title_{language}"]),
        (f"{variable} = 1 / 0", words["say"]["stopped"][language].split("`")[2]),
        (f"{variable} = {right!r}", words["solution"]["title"][language]),
    ):
        if code:
            stops = answer.locator(".jp-OutputArea-output >> text=ZeroDivisionError")
            count = answer.locator(".jp-InputPrompt").inner_text()
            again = answer.locator(f".jp-InputPrompt:not(:text-is('{count}')):not(:text('*'))")
            seen = stops if "/ 0" in code else again
            run_until(page, answer, seen, code)
        run_until(page, check, check.locator(".jp-OutputArea-output").filter(has_text=said.strip()))
    solution = check.locator("details pre")
    assert not solution.is_visible()  # folded until it is opened
    check.locator("summary").click()
    assert variable in solution.inner_text()


@pytest.mark.browser
@pytest.mark.xdist_group("workshop_browser")
def test_sessions_are_walked_and_a_slider_moves(browser: Any, lab: str) -> None:
    from playwright.sync_api import Error

    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(lab)
    page.wait_for_selector(".jp-RenderedMarkdown h1:has-text('The workshop')", timeout=120_000)
    page.wait_for_selector(".jp-DirListing-item", timeout=60_000)
    assert sorted(page.locator(".jp-DirListing-itemName").all_inner_texts()) == ["en", "index.ipynb", "nl"]
    for number, language in ((1, "nl"), (3, "en")):
        walk(page, sessions.session(number), language)
        page.locator(".lm-TabBar-tab", has_text="index.ipynb").click()
    title = sessions.title(sessions.session(2), "en")
    page.get_by_role("link", name=title).click()
    page.wait_for_selector(f".jp-RenderedMarkdown h1:has-text('{title}')", timeout=60_000)
    wait_for_kernel(page.locator(f".jp-NotebookPanel:has(h1:has-text('{title}'))"))
    for more in (2, 1, 0):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        try:
            page.wait_for_selector(PICTURE, state="attached", timeout=90_000)
            break
        except Error:
            page.keyboard.press("Escape")
            if not more:
                raise
    before = page.locator(PICTURE).inner_html()
    handle = page.locator(SLIDER).first
    handle.scroll_into_view_if_needed()
    handle.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    moved = f"before => document.querySelector('{PICTURE}').innerHTML !== before"
    page.wait_for_function(moved, arg=before, timeout=30_000)
    page.close()
