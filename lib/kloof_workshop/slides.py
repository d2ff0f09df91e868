"""Slides from the same notebooks: the cells tagged `slide`, with the pictures their code makes, in one file.

The file asks for nothing: it works from disk, with the arrow keys.
"""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kloof.errors import NotebookError
from kloof.paths import write_whole
from kloof.words.numbers import LANGUAGES
from kloof_workshop import sessions
from kloof_workshop.exercise import words

FORMULA = re.compile(r"^\$(.+)\$$", flags=re.MULTILINE)
SPOKEN = {  # the one notation of formulas in the sessions, as letters that any browser has
    r"\\tfrac\{1\}\{2\}": "½",
    r"\\sum_i": "Σ",
    r"\\left\||\\right\|": "|",
    r"\\frac\{a_i\}\{A\}": "aᵢ/A",
    r"\\frac\{b_i\}\{B\}": "bᵢ/B",
    r"a_i": "aᵢ",
    r"b_i": "bᵢ",
}


def executed(notebook: Mapping[str, Any], where: Path) -> Any:
    """Run a notebook in a kernel and give it back with its outputs. Raises NotebookError when a cell fails."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    made: Any = nbformat.from_dict(joined(notebook))  # type: ignore[no-untyped-call]
    client = NotebookClient(
        made, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(where)}},
        extra_arguments=["--log-level=50"],
    )  # fmt: skip
    try:
        client.execute()
    except CellExecutionError as problem:
        raise NotebookError(f"a solution of the workshop stopped: {problem.ename}: {problem.evalue}") from None
    return made


def joined(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Write the text of every cell in one piece, as a kernel wants it."""
    cells = [{**cell, "source": "".join(cell["source"])} for cell in notebook["cells"]]
    return {**notebook, "cells": cells}


def plain_formulas(text: str) -> str:
    """Write the formulas of a text in ordinary letters."""

    def spoken(found: re.Match[str]) -> str:
        line = found[1]
        for pattern, letters in SPOKEN.items():
            line = re.sub(pattern, letters, line)
        return line

    text = FORMULA.sub(lambda found: f"**{spoken(found)}**", text)
    return re.sub(r"\$([^$]+)\$", spoken, text)


def pictures(cell: Any, language: str) -> str:
    """Give the pictures a cell made, inside the page."""
    made = []
    for output in cell.get("outputs", []):
        for kind in ("image/svg+xml", "image/png"):
            if kind in (data := output.get("data", {})):
                content = data[kind]
                code = content if kind == "image/png" else base64.b64encode(content.encode("utf-8")).decode("ascii")
                named = re.search(r'aria-label="([^"]*)"', content)
                said = named[1] if named else words()["slides"]["picture"][language]
                made.append(f'<img src="data:{kind};base64,{code.strip()}" alt="{said}">')
                break
    return "".join(made)


def pages(notebook: Any, language: str) -> list[str]:
    """Turn the cells tagged `slide` into pages; a picture goes on the page before it."""
    from markdown_it import MarkdownIt

    markdown, made = MarkdownIt("commonmark").enable("table"), list[str]()
    for cell in notebook.cells:
        if "slide" not in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            made.append(markdown.render(plain_formulas(cell.source)))
        elif made:
            made[-1] += pictures(cell, language)
    return made


def slides_html(notebooks: Mapping[int, Any], language: str) -> str:
    """Write the slides of all sessions in one page; `notebooks` are executed solutions by session."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    text = words()["slides"]
    environment = Environment(
        loader=PackageLoader("kloof_workshop", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    shown = [Markup(page) for number in sorted(notebooks) for page in pages(notebooks[number], language)]
    return environment.get_template("slides.html.j2").render(
        slides=shown,
        language=language,
        title=text["title"][language],
        help=text["help"][language],
        of=text["of"][language],
    )


def only_shown(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the code of a session that puts no picture on a slide: nothing is run for it."""
    cells = notebook["cells"]
    draws = any(cell["cell_type"] == "code" and "slide" in cell["metadata"].get("tags", []) for cell in cells)
    return {**notebook, "cells": [cell for cell in cells if draws or cell["cell_type"] == "markdown"]}


def write_slides() -> list[Path]:
    """Run the solutions and write slides-nl.html and slides-en.html to reports/workshop."""
    made = []
    for language in LANGUAGES:
        notebooks = {}
        for one in sessions.sessions():
            if not one.number:
                continue
            solution = sessions.build(one, language, sessions.SOLUTION)
            notebooks[one.number] = executed(only_shown(solution), sessions.folder())
        path = sessions.solutions_folder() / f"slides-{language}.html"
        write_whole(path, slides_html(notebooks, language))
        made.append(path)
    return made
