"""Finds slips in notebooks before they run: what is no Python, names that nothing makes, and what kloof does not have.

A cell is read, never run.
"""

import ast
import builtins
import re
import symtable
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from kloof.errors import NotebookError, faults, nearest
from kloof.run.engine import MAY_FAIL, SKIPPED
from kloof.run.kinds import Reader
from kloof.run.notebooks import PARAMETERS, cells_of
from kloof.study.asked import misspelled
from kloof.study.parameters import HELP, SETTINGS, Parameters, is_given, unknown_names

LINE = re.compile(r"(\w+): (str|int|float|list|dict) = (.+)  # .+")
FREE = ("preset", "language")  # always given to a notebook, so that its own value is no matter
GIVEN = {*dir(builtins), "display", "get_ipython", "In", "Out", "exit", "quit", "_", "__", "___", "__name__", "__doc__"}
MAKES_ANY = re.compile(r"^\s*%(run|load|pylab|store|macro|reset|config)\b|\bexec\(|^\s*from .+ import \*", re.MULTILINE)
TIMED = re.compile(r"^([ \t]*)%time(?:it)?[ \t]+", re.MULTILINE)
WHOLE = re.compile(r"\s*%%(\w+)[ \t]*(\w*)[^\n]*\n?")  # a magic of a whole cell
AS_PYTHON = ("time", "timeit", "prun", "capture")  # of those, what runs the cell as it is


@dataclass(frozen=True)
class _Cell:
    """A cell as Python: what it makes and wants, at once and in functions that may be called later."""

    number: int
    tree: ast.Module
    made: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]
    any_name: bool


def check(paths: Iterable[Path]) -> None:
    """Refuse notebooks with slips before anything runs. Raises NotebookError with all of them."""
    found = [fault for path in paths for fault in faults_of(path)]
    if found:
        raise NotebookError(faults("the notebooks", found, "Nothing was run. Mend them; kloof check looks again."))


def faults_of(path: Path) -> list[str]:
    """List the slips in a notebook, each with its cell and line, and the nearest that is right.

    A cell that is not run, or that may fail, is left aside.
    """
    try:
        cells = cells_of(path)
    except NotebookError as problem:
        return [str(problem)]
    found, read = [], list[_Cell]()
    for number, cell in enumerate(cells, 1):
        tags, source = cell["metadata"].get("tags", []), "".join(cell["source"])
        if cell["cell_type"] != "code" or {MAY_FAIL, SKIPPED} & {*tags}:
            continue
        if PARAMETERS in tags:
            found += [f"{path.name}: {fault}" for fault in [*_misnamed(source), *own_values(source)]]
        try:
            read.append(_read(number, source))
        except (SyntaxError, ValueError) as problem:  # ValueError: a null character
            line = f", line {problem.lineno}" if isinstance(problem, SyntaxError) and problem.lineno else ""
            found.append(f"{path.name}, cell {number}{line}: {getattr(problem, 'msg', problem)}")
    return found + [f"{path.name}, cell {fault}" for fault in _of_names(read, path.parent)]


def own_values(source: str) -> Iterator[str]:
    """Find parameters with another type than theirs, or a value of their own where the others have the preset's."""
    hints = {**get_type_hints(Parameters), SETTINGS: dict}
    for line in source.splitlines():
        if not (found := LINE.fullmatch(line)) or found[1] not in hints:
            continue
        name, kind, value = found.groups()
        wanted = {str: "str", int: "int", tuple[str, ...]: "list"}.get(hints[name], "dict")
        if kind != wanted:
            yield f"parameter {name} is a {wanted}, not {kind}"
        elif name not in FREE and is_given(_literal(value)):
            yield f"parameter {name} has a value of its own, {value}: leave it to the preset, or the notebooks differ"


def _literal(text: str) -> Any:
    """Give the value that stands there; its text where it is no plain value."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _misnamed(source: str) -> Iterator[str]:
    """Find parameters that are nearly one of kloof's, as `open_study` refuses them."""
    lines = [found.groups() for line in source.splitlines() if (found := LINE.fullmatch(line))]
    values: Mapping[str, Any] = {name: _literal(value) for name, _, value in lines}
    yield from (f"parameter {unknown_names([name])} is not one that kloof knows" for name in misspelled(values))


def _read(number: int, source: str) -> _Cell:
    """Read a cell. Raises SyntaxError, or ValueError for a null character."""
    code = _as_python(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in a text is no slip
        tree = ast.parse(code)
        compile(code, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        table = symtable.symtable(code, "cell", "exec")
    made = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    now = {one.get_name() for one in table.get_symbols() if one.is_referenced()}
    later = set[str]()
    for inner in _inner(table):
        made |= {one.get_name() for one in inner.get_symbols() if one.is_declared_global() and one.is_assigned()}
        wanted = {one.get_name() for one in inner.get_symbols() if one.is_global() and one.is_referenced()}
        if inner.get_type() == "function" and inner.get_name() not in ("listcomp", "setcomp", "dictcomp", "genexpr"):
            later |= wanted
        else:
            now |= wanted
    any_name = bool(MAKES_ANY.search(source))
    return _Cell(number, tree, frozenset(made), frozenset(now), frozenset(later), any_name)


def _inner(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """Give every scope inside a scope."""
    for child in table.get_children():
        yield child
        yield from _inner(child)


def _as_python(source: str) -> str:
    """Turn the magics of IPython into calls, as it does before it runs a cell; a cell of another language is empty."""
    if magic := WHOLE.match(source):
        if magic[1] not in AS_PYTHON:
            return ""
        captured = f"{magic[2]} = None" if magic[1] == "capture" and magic[2] else ""
        source = f"{captured}\n{source[magic.end() :]}"
    source = TIMED.sub(r"\1", source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        return str(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    return source


def _of_names(cells: list[_Cell], folder: Path) -> Iterator[str]:
    """Find names that nothing makes before they are used, and what kloof does not have, in order."""
    seen, reader = set(GIVEN), Reader(folder)
    every = seen.union(*(cell.made for cell in cells))
    known = True
    for cell in cells:
        known &= not cell.any_name
        lines = {node.id: node.lineno for node in reversed([*ast.walk(cell.tree)]) if isinstance(node, ast.Name)}
        lost = (cell.now - cell.made - seen) | (cell.later - every) if known else set()
        for name in sorted(lost, key=lambda one: (lines.get(one, 0), one)):
            near = nearest(name, (every if name in every else seen | cell.made) - {name}).strip()
            yield f"{cell.number}, line {lines.get(name, 1)}: {name!r} is made nowhere above{near and f': {near}'}"
        seen |= cell.made
        yield from (f"{cell.number}, line {line}: {fault}" for line, fault in reader.faults(cell.tree))


def strange_parameters(source: str) -> Iterator[str]:
    """Find lines of the parameters' cell that are none, and names that kloof does not know."""
    for line in source.splitlines():
        if not LINE.fullmatch(line):
            yield f"parameter line {line!r} is not `name: type = value  # help`"
    names = re.findall(r"^(\w+):", source, flags=re.MULTILINE)
    yield from (
        f"parameter {unknown_names([name])} is not one that kloof knows" for name in names
        if name not in (*HELP, SETTINGS)
    )  # fmt: skip
