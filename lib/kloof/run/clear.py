"""Takes outputs and execution counts out of notebooks, and leaves every other byte of a file as it is."""

import json
from collections.abc import Iterator
from pathlib import Path

from kloof.errors import ParameterError
from kloof.paths import write_whole

EMPTY = {"outputs": "[]", "execution_count": "null"}
Span = tuple[int, int]
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


def cleared(text: str) -> str:
    r"""Give the text of a notebook with no output and no execution count, and nothing else changed.

    Raises ParameterError when the text is not that of a notebook (JSON with a list of cells, as since nbformat 4).

    >>> cleared('{"cells": [{"cell_type": "code", "execution_count": 3,  "outputs": [1]}],\n "nbformat": 4}')
    '{"cells": [{"cell_type": "code", "execution_count": null,  "outputs": []}],\n "nbformat": 4}'
    """
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ParameterError(f"it is not JSON: {problem}") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ParameterError("it holds no list of cells, which a notebook of format 4 has")
    made, end = [], 0
    for name, (first, last) in _spans(text):
        if json.loads(text[first:last]) not in ([], None):
            made += [text[end:first], EMPTY[name]]
            end = last
    return "".join([*made, text[end:]])


def clear(path: Path) -> bool:
    """Clear a notebook where it stands; tell whether it held anything. Raises ParameterError naming the file."""
    text, new = _both(path)
    if new != text:
        write_whole(path, new.encode("utf-8"))
    return new != text


def read_cleared(path: Path) -> str:
    """Read a notebook as it is without outputs. Raises ParameterError naming the file."""
    return _both(path)[1]


def holds_output(path: Path) -> bool:
    """Tell whether a notebook holds an output or an execution count. Raises ParameterError naming the file."""
    text, new = _both(path)
    return new != text


def _both(path: Path) -> tuple[str, str]:
    """Read a notebook as it is, line ends included, and as it is when it is cleared."""
    try:
        text = path.read_bytes().decode("utf-8")
        return text, cleared(text)
    except UnicodeDecodeError as problem:
        raise ParameterError(f"{path} cannot be read: {problem}. Give the file of a notebook (.ipynb).") from None
    except ParameterError as problem:
        raise ParameterError(f"{path} is not a notebook: {problem}. Give the file of a notebook (.ipynb).") from None


def _spans(text: str) -> Iterator[tuple[str, Span]]:
    """Give where the outputs and the execution counts of the code cells stand, in order; the text is valid."""
    for key, (first, _) in _members(text, _skip(text, 0)):
        for cell in _items(text, first) if key == "cells" else ():
            members = list(_members(text, cell))
            if any(name == "cell_type" and text[slice(*span)] == '"code"' for name, span in members):
                yield from ((name, span) for name, span in members if name in EMPTY)


def _members(text: str, start: int) -> Iterator[tuple[str, Span]]:
    """Give the keys of an object that begins at a place, each with where its value stands."""
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        first = _skip(text, _skip(text, at) + 1)
        last = _DECODER.raw_decode(text, first)[1]
        yield key, (first, last)
        at = _next(text, last)


def _items(text: str, start: int) -> Iterator[int]:
    """Give where the items of a list that begins at a place begin."""
    at = _skip(text, start + 1)
    while text[at] != "]":
        yield at
        at = _next(text, _DECODER.raw_decode(text, at)[1])


def _next(text: str, end: int) -> int:
    """Step over a comma to what follows a value, or to the sign that closes."""
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    """Step over white space."""
    while text[at] in _SPACE:
        at += 1
    return at
