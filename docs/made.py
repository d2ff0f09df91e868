"""What the documentation does not say by hand: executed notebooks, commands, indices, claims and verdicts.

A page has a line `<!-- made: NAME -->` where one of these comes. Links of included files lead to their pages here.
"""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

MEANING = ("page", "meaning")  # where page.toml says what a verdict means
INDEX = {"en": ("id", "name", "family", "range", "source"), "nl": ("id", "naam", "soort", "bereik", "bron")}
LANGUAGES = {"en": "English", "nl": "Nederlands"}
PROJECT = Path(__file__).resolve().parents[1]
GALLERY = Path(__file__).resolve().parent / "gallery"
EXECUTED = ("reports/breda", "reports/breda-only")  # a whole run first, then notebooks that were run alone
FIRST = "00"  # the notebook that is the tutorial
PLAIN = ("JudgedClaim", "Section", "Study")  # nobody makes one by its fields
PAGES = {  # files of the project that have a page
    "data/ADDING.md": "/how-to/figures.md",
    "notebooks/hypotheses/README.md": "/how-to/hypothesis.md",
}


# ------------------------------------------------------------------ executed notebooks


def gallery(app: Any) -> None:
    """Write each executed notebook as a page per language, with the text of that language alone."""
    shutil.rmtree(GALLERY, ignore_errors=True)
    given = app.config.kloof_executed
    for language in LANGUAGES:
        (GALLERY / language).mkdir(parents=True)
        for stem, path in executed([given] if given else EXECUTED, language).items():
            page = one_language(json.loads(path.read_text(encoding="utf-8")), stem, language)
            (GALLERY / language / f"{stem}.ipynb").write_text(json.dumps(page), encoding="utf-8")


def executed(folders: Any, language: str) -> dict[str, Path]:
    """Find the executed notebooks by name, in reading order; the first folder that has one counts."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in (PROJECT / folder / language / "notebooks").glob("[0-9]*.ipynb"):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def one_language(notebook: dict[str, Any], stem: str, language: str) -> dict[str, Any]:
    """Leave out the text of the other language; below the title come the other language and how to run it."""
    others = LANGUAGES.keys() - {language}
    cells = [cell for cell in notebook["cells"] if not others & set(cell["metadata"].get("tags", []))]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            cell["source"] = re.sub(r'\s*<div lang="\w+"></div>\s*$', "", "".join(cell["source"]))
    (other,) = others
    run = "`make lab`" if stem.startswith(FIRST) else f"`kloof run --only {stem[:2]} --language {language}`"
    below = f"[{LANGUAGES[other]}](../{other}/{stem}.ipynb) · {run}"
    title, _, rest = cells[0]["source"].partition("\n")
    cells[0]["source"] = f"{title}\n\n{below}\n{rest}"
    return {**notebook, "cells": cells}


def titles(language: str) -> dict[str, str]:
    """Give the question of each page of the gallery."""
    found = {}
    for path in sorted((GALLERY / language).glob("*.ipynb")):
        cell = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        found[path.stem] = cell["source"].partition("\n")[0].removeprefix("# ")
    return found


def _links(pages: Mapping[str, str], language: str) -> str:
    return "\n".join(f"- [{title}](/gallery/{language}/{stem}.ipynb)" for stem, title in pages.items())


def _listed(language: str, wanted: Callable[[str], bool]) -> str:
    rows = {stem: title for stem, title in titles(language).items() if wanted(stem)}
    tree = "\n".join(f"/gallery/{language}/{stem}" for stem in rows)
    return f"{_links(rows, language)}\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"


def _tutorial(language: str) -> str:
    if not any(stem.startswith(FIRST) for stem in titles(language)):
        raise FileNotFoundError(f"notebook {FIRST} was not executed in {language}, and it is the tutorial: make docs")
    return _listed(language, lambda stem: stem.startswith(FIRST))


def _questions(language: str) -> str:
    return _listed(language, lambda stem: not stem.startswith(FIRST))


# ------------------------------------------------------------------ tables and help


def _commands() -> str:
    """Give the help of every command, from the program itself."""
    import typer
    from typer.cli import get_docs_for_click

    from kloof.cli.main import program

    command = typer.main.get_command(program())
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="kloof"), name="kloof")
    text = text.partition("\n## ")[2]
    text = re.sub(r"\*\*Commands\*\*:\n\n(\* .*\n)+\n", "", text)
    text = re.sub(r"\*\*Options\*\*:\n\n\* `--help`.*\n", "", text)
    text = re.sub(r"\* `--help`.*\n", "", text).replace("**Usage**:\n\n", "")
    return f"## {text}"


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def _indices(language: str) -> str:
    """Give a table of the indices."""
    from kloof.measures.registry import INDICES
    from kloof.words.sentences import template

    rows = [
        (f"`{one.id}`", one.text("name", language), template(language, "glossary", "family", one.family),
         f"{one.lowest:g} – {one.highest:g}".replace("inf", "∞"), one.source)
        for one in INDICES.values()
    ]  # fmt: skip
    return _table(INDEX[language], rows)


def _glossary(language: str) -> str:
    """Give the glossary, with the table of all indices before the entries."""
    from kloof.words.glossary import glossary

    intro, mark, entries = glossary(language).partition("\n## ")
    return f"{intro}\n{_indices(language)}{mark}{entries}"


def _verdicts() -> str:
    """Give the six words for a verdict with what they mean, in both languages."""
    from kloof.findings import VERDICTS
    from kloof.words.sentences import template

    rows = [
        (f"`{code}`", *(template(language, *path, code) for language in LANGUAGES for path in (("verdict",), MEANING)))
        for code in VERDICTS
    ]
    return _table(("in `results.json`", "word", "meaning", "woord", "betekenis"), rows)


def _claims() -> str:
    """Give the registered claims."""
    from kloof.study.claims import registry

    pages = titles("en")

    def where(stem: str) -> str:
        return f"[{stem[:2]}](/gallery/en/{stem}.ipynb)" if stem in pages else stem[:2]

    rows = [(name, claim["en"], claim["source"].replace("_", " "), where(claim["notebook"]))
            for name, claim in registry().claims.items()]  # fmt: skip
    return _table(("claim", "what is claimed", "by", "notebook"), rows)


MADE: Mapping[str, Callable[[], str]] = {
    "commands": _commands,
    "verdicts": _verdicts,
    "claims": _claims,
    "answered": lambda: _links(titles("en"), "en"),
    **{f"tutorial {language}": partial(_tutorial, language) for language in LANGUAGES},
    **{f"questions {language}": partial(_questions, language) for language in LANGUAGES},
    **{f"glossary {language}": partial(_glossary, language) for language in LANGUAGES},
}


@cache
def made(name: str) -> str:
    """Make the part of a page."""
    return MADE[name]()


def fill(_app: Any, _page: str, source: list[str]) -> None:
    """Put what is made in its place."""
    source[0] = re.sub(r"<!-- made: ([\w ]+?) -->", lambda match: made(match[1]), source[0])


# ------------------------------------------------------------------ how it reads


def linked(_app: Any, path: Path, _page: str, content: list[str]) -> None:
    """Let the links of an included file lead to its page here; what has no page is named without a link."""
    folder = (GALLERY.parent / path).resolve().parent

    def lead(match: re.Match[str]) -> str:
        text, target = match.groups()
        if "://" in target:
            return match[0]
        file = (folder / target).resolve().relative_to(PROJECT).as_posix()
        if file in PAGES:
            return f"[{text}]({PAGES[file]})"
        return f"`{file}`" if text == target else text

    content[0] = re.sub(r"(?<!!)\[([^\]]+)\]\(([^)#]+)\)", lead, content[0])
    content[0] = re.sub(r"^```csv .*$", "```text", content[0], flags=re.MULTILINE)


def signature(_app: Any, what: str, name: str, *_: Any) -> Any:
    """Leave out how an object is made where nobody makes one."""
    return ("", None) if what == "class" and name.rpartition(".")[2] in PLAIN else None


def spoken(_app: Any, page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Say of a page in Dutch that it is: a screen reader then reads it as Dutch."""
    if re.search(r"(^|/)nl(/|$)", page):
        context["language"] = "nl"


def tidied(app: Any, _problem: Exception | None) -> None:
    """Take away what MyST-NB leaves beside the site; the pages have their own copies."""
    shutil.rmtree(Path(app.outdir).parent / "jupyter_execute", ignore_errors=True)
