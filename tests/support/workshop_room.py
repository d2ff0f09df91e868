"""A room for the workshop's tests: notebooks run as a participant would run them, and answers typed in."""

import ast
from collections.abc import Mapping
from typing import Any

from kloof_workshop import checks


def code_cells(notebook: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def text_of(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def run_here(notebook: Mapping[str, Any], names: dict[str, Any] | None = None) -> tuple[dict[str, Any], list[Any]]:
    """Run the code cells in this process, as Jupyter would; give the variables and what the check cells said."""
    names = {"__name__": "workshop"} if names is None else names
    said = []
    for cell in code_cells(notebook):
        body = ast.parse(text_of(cell)).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            if "check" in cell["metadata"].get("tags", []):
                said.append(shown)
    return names, said


def kinds(said: list[checks.Feedback]) -> list[str]:
    return [one.kind for one in said]
