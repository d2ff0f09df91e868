"""What the workshop's tests take out of a notebook."""

from collections.abc import Mapping
from typing import Any


def code_cells(notebook: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def text_of(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])
