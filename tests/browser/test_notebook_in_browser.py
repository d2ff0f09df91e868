"""A notebook in JupyterLab shows the text of one language, that of its parameter; switching is a re-run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import copy_project, jupyterlab, wait_for_kernel

SEEN = """() => {
  const cells = [...document.querySelectorAll('.jp-MarkdownCell')].filter(cell => cell.getClientRects().length);
  return ['nl', 'en'].map(language => cells.filter(cell => cell.querySelector(`div[lang=${language}]`)).length);
}"""
SETTLED = f"wanted => JSON.stringify(({SEEN})()) === JSON.stringify(wanted)"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab on a copy of the project, in which notebook 04 ends where the study is open."""
    root = copy_project(tmp_path / "home")
    path = root / "notebooks" / "04_did_the_gap_grow.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    last = next(at for at, cell in enumerate(notebook["cells"]) if "open_study" in "".join(cell["source"]))
    notebook["cells"] = notebook["cells"][: last + 3]
    notebook["cells"][last]["source"] += ["\nstudy"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    with jupyterlab(tmp_path, root, f"--notebook-dir={root}") as address:
        yield f"{address}lab/tree/notebooks/{path.name}"


def run_all(page: Any, wanted: list[int]) -> None:
    """Run all cells until these numbers of Dutch and English text cells are seen."""
    from playwright.sync_api import Error

    wait_for_kernel(page.locator(".jp-NotebookPanel"))
    for more in (2, 1, 0):  # and once more, for what it forgets all the same on a busy machine
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        try:
            page.wait_for_function(SETTLED, arg=wanted, timeout=60_000)
            return
        except Error:
            page.keyboard.press("Escape")  # it may ask something meanwhile
            if not more:
                raise


@pytest.mark.browser
def test_one_language_is_in_sight_and_switching_is_a_parameter(browser: Any, lab: str) -> None:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(lab)
    page.wait_for_selector(".jp-RenderedMarkdown h1", timeout=120_000)
    page.wait_for_function(SETTLED, arg=[3, 3], timeout=60_000)
    run_all(page, [3, 0])
    page.wait_for_selector(".jp-OutputArea-output >> text=Dit onderzoek", timeout=60_000)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('language = "en"')
    run_all(page, [0, 3])
    page.wait_for_selector(".jp-OutputArea-output >> text=This study", timeout=60_000)
    page.wait_for_function(SETTLED, arg=[0, 3], timeout=60_000)
    page.goto(f"{lab.rpartition('/')[0]}/README.md")  # the page that `make lab` opens
    page.get_by_role("link", name="00_explore").first.click()
    page.wait_for_selector(".jp-RenderedMarkdown h1 >> text=the figures of a municipality", timeout=60_000)
    page.close()
