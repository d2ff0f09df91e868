"""The notebooks of the project: which there are, in what order, their cells, and the parameters that each declares."""

import ast
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kloof.errors import NotebookError, ParameterError
from kloof.paths import project_folder
from kloof.results import SYNTHESIS
from kloof.study import hypotheses

EXPLORE = "00"  # notebooks with this number record nothing, and are no part of a report
PARAMETERS = "parameters"  # the tag of the cell that declares them
OUTPUT = ("outputs", "execution_count")  # what a run leaves in a cell


def notebooks_folder() -> Path:
    """Folder of the notebooks."""
    return project_folder() / "notebooks"


def notebook_paths(only: Sequence[str] = (), *, explore: bool = False) -> list[Path]:
    """Give the notebooks of a report in reading order; `only` picks them by number (03) or name.

    Those of a researcher's own hypotheses come before the synthesis, which reads them too. With `explore` also those
    that only explore, first. Raises ParameterError with the valid numbers when one does not exist.
    """
    every = sorted(notebooks_folder().glob("[0-9][0-9]_*.ipynb"))
    numbered = [path for path in every if explore or not path.stem.startswith(EXPLORE)]
    first = next((place for place, path in enumerate(numbered) if path.stem[:2] >= SYNTHESIS), len(numbered))
    paths = [*numbered[:first], *hypotheses.notebooks(), *numbered[first:]]
    if not only:
        return paths
    meant = {name: [path for path in paths if _is_called(path, name)] for name in only}
    chosen = [path for path in paths if any(path in found for found in meant.values())]
    known = {name for name, found in meant.items() if found}
    if unknown := [name for name in only if name not in known]:
        listed = ", ".join(path.stem for path in paths)
        explores = all(name and name.zfill(2)[:2] == EXPLORE for name in unknown)
        fault = "records nothing for a report: open it with make lab" if explores else "does not exist"
        raise ParameterError(f"notebook {', '.join(unknown)} {fault}. Valid: {listed}.")
    return chosen


def _is_called(path: Path, name: str) -> bool:
    """Tell whether a notebook is meant by its name or number; nothing is meant by an empty one."""
    return path.stem == name or (bool(name) and path.stem.split("_")[0] == name.zfill(2))


def reads_earlier(stem: str) -> bool:
    """Tell whether a notebook reads what those before it left: the synthesis, and what comes after it."""
    return stem[:2].isdigit() and stem[:2] >= SYNTHESIS


def backwards(paths: Sequence[Path]) -> list[Path]:
    """Give notebooks from the last to the first, but those that read what the others left still after these.

    Two languages that begin at either end find, from where they meet, what the other has computed (`kloof.memo`). In
    one order they would be at the same step at the same time, and both compute everything.
    """
    late = [path for path in paths if reads_earlier(path.stem)]
    return [*(path for path in reversed(paths) if path not in late), *reversed(late)]


def cells_of(path: Path) -> list[dict[str, Any]]:
    """Read the cells of a notebook without what it put out. Raises NotebookError for a file that is no notebook."""
    cells = _saved(path)
    shape = {"cell_type": str, "metadata": dict, "source": str | list}
    for number, cell in enumerate(cells, 1):
        lacking = [key for key, kind in shape.items() if not isinstance(cell.get(key), kind)]
        if not lacking and not all(isinstance(line, str) for line in cell["source"]):
            lacking = ["source"]
        if lacking:
            raise NotebookError(f"{path} is not a notebook: its cell {number} has no {', no '.join(lacking)}.")
    return [{key: value for key, value in cell.items() if key not in OUTPUT} for cell in cells]


def holds_output(path: Path) -> bool:
    """Tell whether a notebook holds an output or an execution count; a file that is no notebook holds none."""
    try:
        code = [cell for cell in _saved(path) if cell.get("cell_type") == "code"]
    except NotebookError:
        return False
    return any(cell.get(key) not in ([], None) for cell in code for key in OUTPUT)


def _saved(path: Path) -> list[dict[str, Any]]:
    """Read the cells of a notebook as they were saved. Raises NotebookError naming the file."""
    try:
        notebook = json.loads(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as problem:
        raise NotebookError(f"{path} cannot be read: {problem}. Give the file of a notebook (.ipynb).") from None
    except (ValueError, RecursionError) as problem:
        fault = f"it is not JSON: {problem}"
    else:
        cells = notebook.get("cells") if isinstance(notebook, dict) else None
        if isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells):
            return cells
        fault = "it holds no list of cells, which a notebook of format 4 has"
    raise NotebookError(f"{path} is not a notebook: {fault}. Give the file of a notebook (.ipynb).")


def declared(path: Path) -> dict[str, str]:
    """Give the parameters that a notebook declares, with their types, as papermill reads them.

    papermill itself takes over a second of work to load, which `kloof show` has no other use for. Raises NotebookError
    for a file that is no notebook, and for a cell of parameters that is no Python.
    """
    own = next((cell for cell in cells_of(path) if PARAMETERS in cell["metadata"].get("tags", [])), None)
    if own is None:
        return {}
    try:
        lines = ast.parse("".join(own["source"])).body
    except (SyntaxError, ValueError) as problem:  # ValueError: a null character
        raise NotebookError(f"{path.name}: its cell of parameters is no Python: {problem}.") from None
    found: dict[str, str] = {}
    for line in lines:
        if isinstance(line, ast.AnnAssign) and line.value is not None and isinstance(line.target, ast.Name):
            found[line.target.id] = ast.unparse(line.annotation)
        elif isinstance(line, ast.Assign):
            found |= {name.id: "None" for name in line.targets if isinstance(name, ast.Name)}
    return found
