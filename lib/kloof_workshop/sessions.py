"""Builds the workshop: one source per session becomes exercises and solutions, in Dutch and English.

A source is a Python file in jupytext's percent format under notebooks/workshop-teacher/source. Tags: `nl`, `en`
(text in one language), `exercise` (code of the solution), `hint` (two hints, split by a line `---`), `check`,
`stretch`, `slide`, `full` and `lite` (only in JupyterLab, or only in the browser edition), and, for `steps` to walk:
`worked` (an example that shows operations), `predict` (a guess), `play` (a slider), `report`, `pairs` (a talk in twos).
In code, `[[Dutch||English]]` chooses by language; `{{name}}` is a figure computed from the data (`facts`).
"""

import ast
import hashlib
import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kloof.errors import NotebookError, ParameterError, faults
from kloof.paths import project_folder, write_together, write_whole
from kloof.words.numbers import LANGUAGES
from kloof_workshop import facts, steps
from kloof_workshop.exercise import SOLUTIONS, words

CHOICE = re.compile(r"\[\[([^\[\]]*?)\|\|([^\[\]]*?)\]\]")
FACT = re.compile(r"\{\{(\w+)\}\}")
GIVEN = re.compile(r"\s*# given$", flags=re.MULTILINE)
BLANK = re.compile(r"^# .*____.*\n", flags=re.MULTILINE)  # a line to fill in: of use to who has not solved it
ANSWER = re.compile(r"answer_(\d_\d)")
GIVES_ANSWER = re.compile(r"^answer_(\d_\d)\b", flags=re.MULTILINE)
EXERCISE, SOLUTION = "exercise", "solution"
START = "index"
OWN = {"nl": "antwoorden", "en": "answers"}  # what a participant's file is called when it is set aside


@dataclass(frozen=True)
class Session:
    """One source: its number (0 for the start page), its file name in each language, its minutes and its cells."""

    number: int
    names: Mapping[str, str]
    minutes: int
    cells: tuple[Mapping[str, Any], ...]


def folder() -> Path:
    """Folder that participants open: nothing in it gives an answer away."""
    return project_folder() / "notebooks" / "workshop"


def teacher_folder() -> Path:
    """Folder with what participants do not open: the sources, which hold the solutions, and the teacher's notes."""
    return project_folder() / "notebooks" / "workshop-teacher"


def solutions_folder() -> Path:
    """Folder in which solutions, slides and handouts are made."""
    return project_folder() / "reports" / "workshop"


@cache
def read(path: Path) -> Session:
    """Read a source. Raises NotebookError when it does not say its names and minutes."""
    import jupytext

    notebook = jupytext.read(path, fmt="py:percent")
    about = notebook.metadata.get("kloof", {})
    if lacks := [name for name in ("number", "minutes", *LANGUAGES) if name not in about]:
        raise NotebookError(f"{path.name}: its header lacks kloof: {', '.join(lacks)}.")
    names = {language: str(about[language]) for language in LANGUAGES}
    cells = tuple(
        {"kind": cell.cell_type, "tags": list(cell.metadata.get("tags", [])), "source": cell.source}
        for cell in notebook.cells
    )
    return Session(int(about["number"]), names, int(about["minutes"]), cells)


def sessions() -> list[Session]:
    """Read all sources: the start page first, then the sessions in order."""
    paths = sorted((teacher_folder() / "source").glob("*.py"))
    return sorted((read(path) for path in paths), key=lambda one: one.number)


def session(number: int) -> Session:
    """Read one session. Raises ParameterError with the valid numbers."""
    found = {one.number: one for one in sessions() if one.number}
    if number not in found:
        raise ParameterError(f"session {number} does not exist. Valid: {', '.join(map(str, found))}.")
    return found[number]


def build(
    source: Session, language: str, edition: str = EXERCISE, *, lite: bool = False, only: Container[int] | None = None
) -> dict[str, Any]:
    """Make one notebook of a session. Raises NotebookError listing all figures that do not exist.

    With `lite` the cells of the browser edition take the place of those for JupyterLab. The start page lists the
    sessions in `only` (None: all).
    """
    values = {**facts.figures(language), **_plan(language, only)}
    made, unknown = [], list[str]()
    for place, cell in enumerate(source.cells):
        tags = cell["tags"]
        hidden = {"lite"} if not lite else {"full"}
        hidden |= {name for name in LANGUAGES if name != language and source.number}
        if hidden & set(tags):
            continue
        text = CHOICE.sub(lambda found: found[1] if language == "nl" else found[2], cell["source"])
        own = values if source.number else {**facts.figures(_of(tags)), **_plan(_of(tags), only)}
        unknown += [name for name in FACT.findall(text) if name not in own]
        text = FACT.sub(lambda found: own.get(found[1], "?"), text)  # noqa: B023
        if "hint" in tags:
            text = folded(text, language)
        if EXERCISE in tags:
            text = stub(text, language) if edition == EXERCISE else BLANK.sub("", GIVEN.sub("", text))
        made.append(_cell(source.number, place, cell["kind"], text, tags))
    if source.number and edition == EXERCISE:
        made += _closing(source, language)
    if unknown:
        raise NotebookError(
            faults(source.names[language], [f"{{{{{name}}}}}" for name in unknown], "See facts.figures.")
        )
    return {
        "cells": made,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _closing(source: Session, language: str) -> list[dict[str, Any]]:
    """Make the cells with which any session ends: what to hand in."""
    place = len(source.cells)
    code = "\n\n".join(["from kloof_workshop.record import hand_in", f"hand_in({source.number})"])
    return [
        _cell(source.number, place, "markdown", words()["build"]["closing"][language], ["hand_in"]),
        _cell(source.number, place + 1, "code", code, ["hand_in"]),
    ]


def worked(source: Session, language: str, *, lite: bool = False) -> dict[str, str]:
    """Give the code that solves each exercise of a session."""
    made = {}
    for cell in build(source, language, SOLUTION, lite=lite)["cells"]:
        text = "".join(cell["source"])
        if EXERCISE in cell["metadata"].get("tags", []) and (found := GIVES_ANSWER.search(text)):
            made[found[1].replace("_", ".")] = text
    return made


def solutions(language: str) -> dict[str, str]:
    """Give the worked solutions of all sessions."""
    return {name: code for one in sessions() if one.number for name, code in worked(one, language).items()}


def _of(tags: Sequence[str]) -> str:
    return "nl" if "nl" in tags else "en"


def _cell(number: int, place: int, kind: str, text: str, tags: Sequence[str]) -> dict[str, Any]:
    """Make a cell; its id depends on its place only, so that it is the same in both languages and each time."""
    code: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    name = hashlib.sha256(f"workshop {number} {place}".encode()).hexdigest()[:8]
    kept = [tag for tag in tags if tag not in LANGUAGES]
    return {
        "cell_type": kind,
        "id": name,
        "metadata": {"tags": kept} if kept else {},
        "source": text.splitlines(keepends=True),
        **code,
    }


def folded(text: str, language: str) -> str:
    """Fold the hints of an exercise: each opens with a click."""
    titles = words()["build"]["hint"][language]
    hints = re.split(r"\n+---\n+", text.strip())
    return "\n\n".join(
        f"<details><summary>{title}</summary>\n\n{hint.strip()}\n\n</details>"
        for title, hint in zip(titles, hints, strict=True)
    )


def stub(source: str, language: str) -> str:
    """Turn a solution into an exercise: keep comments and statements marked `# given`, open every answer."""
    lines = source.splitlines()
    kept = dict[int, str]()
    covered = set[int]()
    for statement in ast.parse(source).body:
        last = statement.end_lineno or statement.lineno
        covered |= set(range(statement.lineno, last + 1))
        names = [ast.unparse(target) for target in getattr(statement, "targets", [])]
        if GIVEN.search(lines[last - 1]):
            kept |= {line: GIVEN.sub("", lines[line - 1]) for line in range(statement.lineno, last + 1)}
        elif names and ANSWER.fullmatch(names[0]):
            kept[statement.lineno] = f"{names[0]} = ...  # {words()['build']['here'][language]}"
    kept |= {number: line for number, line in enumerate(lines, 1) if number not in covered and line.startswith("#")}
    return "\n".join(kept[number] for number in sorted(kept))


def _plan(language: str, only: Container[int] | None = None) -> dict[str, str]:
    """Give what the texts say about the sessions themselves: titles, minutes, the table of contents, the timetable."""
    plan = [(one, title(one, language)) for one in sessions() if one.number]
    rows = [
        f"| {one.number} | [{name}]({language}/{one.names[language]}.ipynb) | {one.minutes} |"
        for one, name in plan
        if only is None or one.number in only
    ]
    made = {f"minutes_{one.number}": str(one.minutes) for one, _ in plan}
    made |= {f"title_{one.number}": name for one, name in plan}
    return {**made, "contents": "\n".join(rows)}


def title(source: Session, language: str) -> str:
    """Give the title of a session: its first heading in the language."""
    for cell in source.cells:
        if cell["kind"] == "markdown" and language in cell["tags"]:
            return str(cell["source"]).split("\n", maxsplit=1)[0].lstrip("# ").strip()
    return source.names[language]


def dumped(notebook: Mapping[str, Any]) -> str:
    """Write a notebook the way Jupyter does; the same notebook gives the same text."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def generated() -> Iterator[tuple[Path, str]]:
    """Make everything that is committed: start page, exercises in both languages, the teacher's notes and solutions."""
    for one in sessions():
        if not one.number:
            yield folder() / f"{START}.ipynb", dumped(build(one, "en"))
            continue
        for language in LANGUAGES:
            yield folder() / language / f"{one.names[language]}.ipynb", dumped(build(one, language))
    for language, name in (("en", "INSTRUCTOR.md"), ("nl", "INSTRUCTOR.nl.md")):
        yield teacher_folder() / name, notes(language)
    every = {language: solutions(language) for language in LANGUAGES}
    yield teacher_folder() / SOLUTIONS, json.dumps(every, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def notes(language: str) -> str:
    """Write the notes for the teacher. Raises NotebookError listing all figures that do not exist."""
    text = (teacher_folder() / "source" / f"instructor.{language}.md").read_text(encoding="utf-8")
    values = {
        **facts.figures(language),
        **_plan(language),
        **facts.for_teacher(language, {one.number: one.minutes for one in sessions()}, *walked(language)),
    }
    if unknown := [name for name in FACT.findall(text) if name not in values]:
        raise NotebookError(faults(f"instructor.{language}.md", unknown, "See facts.for_teacher."))
    return FACT.sub(lambda found: values[found[1]], text)


def walked(language: str) -> tuple[dict[int, steps.Count], list[steps.Need]]:
    """Count the minutes of every session, and list what each exercise needs and where that was shown.

    Raises NotebookError when an exercise needs an operation that no example showed before.
    """
    pairs = {
        one.number: (build(one, language)["cells"], build(one, language, SOLUTION)["cells"])
        for one in sessions()
        if one.number
    }
    needs = steps.walk(pairs)
    if unseen := [f"{need.number} needs {', '.join(need.unseen)}" for need in needs if need.unseen]:
        raise NotebookError(faults("what no example showed", unseen, "Show it before, in a cell tagged worked."))
    return steps.count_all(pairs), needs


def drift() -> list[str]:
    """List the committed files that are not what their source makes: changed by hand, or not made again."""
    return [
        path.relative_to(folder().parent).as_posix()
        for path, text in generated()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def write() -> list[Path]:
    """Write everything that is committed, and the solutions to reports/workshop; return what was written."""
    made = list(generated())
    for one in sessions():
        for language in LANGUAGES if one.number else ():
            made.append(
                (solutions_folder() / language / f"{one.names[language]}.ipynb", dumped(build(one, language, SOLUTION)))
            )
    write_together(dict(made))
    return [path for path, _ in made]


def reset(number: int, languages: Sequence[str] = LANGUAGES) -> list[tuple[Path, Path | None]]:
    """Restore a session; a file that differs is first set aside whole under a name that is free.

    Returns for each language the restored file, and where the participant's own file went (None: it was untouched).
    """
    source, done = session(number), []
    for language in languages:
        path = folder() / language / f"{source.names[language]}.ipynb"
        fresh = dumped(build(source, language))
        before = path.read_bytes() if path.is_file() else None
        aside = None
        if before is not None and before != fresh.encode("utf-8"):
            aside = _set_aside(path, before, language)
        if before is None or aside is not None:
            write_whole(path, fresh)
        done.append((path, aside))
    return done


def _set_aside(path: Path, content: bytes, language: str) -> Path:
    """Keep a participant's file under the first free name; an earlier one is never written over."""
    count = 1
    while True:
        aside = path.with_name(f"{path.stem}_{OWN[language]}_{count}.ipynb")
        try:
            kept = aside.open("xb")
        except FileExistsError:
            count += 1
            continue
        try:
            with kept:
                kept.write(content)
        except OSError as problem:  # half of it is worth nothing, and the whole is still where it was
            aside.unlink()
            problem.filename = str(aside)
            raise
        return aside
