"""The notebooks as committed: anatomy, languages, parameters."""

import copy
import json
import re
from pathlib import Path
from typing import Any, get_type_hints

import papermill
import pytest

from kloof.run import notebooks, slips
from kloof.run import project as listing
from kloof.study.parameters import Parameters, preset_names, read_preset

PATHS = notebooks.notebook_paths()
EVERY = notebooks.notebook_paths(explore=True)


def load(path: Path) -> dict[str, Any]:
    """Read a notebook."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_the_anatomy_holds(path: Path) -> None:
    assert listing.notebook_faults(load(path)) == []


def test_a_text_cell_without_the_mark_of_its_language_is_a_fault() -> None:
    notebook = load(PATHS[0])
    notebook["cells"][1]["source"] = notebook["cells"][0]["source"]
    assert listing.notebook_faults(notebook) == ['cell 2 must end with an empty line and <div lang="en"></div>']


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_title_is_a_question_and_it_ends_with_verdict_and_limits(path: Path) -> None:
    cells = load(path)["cells"]
    assert listing.title(path, "nl").endswith("?")
    assert listing.title(path, "en").endswith("?")
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert code[-2:] == ["kloof.finish(study, section)", "kloof.limits(study, section)"]


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_parameters_are_known_empty_and_explained(path: Path) -> None:
    (source,) = (
        "".join(one["source"]) for one in load(path)["cells"] if "parameters" in one["metadata"].get("tags", [])
    )
    assert [*slips.strange_parameters(source), *slips.own_values(source)] == []
    read = papermill.inspect_notebook(str(path))
    assert notebooks.declared(path) == {name: entry["inferred_type_name"] for name, entry in read.items()}


def test_no_notebook_or_module_branches_on_a_municipality(project: Path) -> None:
    code = re.compile(r"GM\d{4}|[Bb]reda|[Hh]eerlen")
    for path in sorted((project / "lib").rglob("*.py")):
        logic = re.sub(r'(?s)""".*?"""|#[^\n]*', "", path.read_text(encoding="utf-8"))
        found = [
            line.strip()
            for line in logic.splitlines()
            if code.search(line) and re.search(r"\b(if|elif|match|case)\b|==", line)
        ]
        assert found == [], f"{path.name} decides by a municipality's name"
    for path in EVERY:
        logic = "\n".join(
            "".join(c["source"])
            for c in load(path)["cells"]
            if c["cell_type"] == "code" and not c["metadata"].get("tags")
        )
        assert not code.search(logic), f"{path.name} names a municipality in a cell"


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_names_everything(name: str) -> None:
    given = read_preset(name)["parameters"]
    wanted = {
        "source", "year_from", "year_to", "event", "focus", "focus_variants", "indicators", "levels", "groups", "seed",
    }  # fmt: skip
    assert "municipality" in given or name in ("municipality", "manifest")
    assert wanted <= given.keys() <= get_type_hints(Parameters).keys()


def last_code(notebook: dict[str, Any]) -> dict[str, Any]:
    """Give the last cell that runs."""
    found: dict[str, Any] = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
    return found


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda n: last_code(n).update(outputs=[{"output_type": "stream"}]), "holds output"),
        (lambda n: last_code(n).update(execution_count=3), "holds output"),
        (lambda n: last_code(n).update(source=["def f():\n", "    return 1"]), "defines something"),
        (lambda n: last_code(n).update(source=["x = 1\n"] * 13), "more than twelve lines"),
        (lambda n: n["cells"].pop(0), "come in pairs"),
        (lambda n: n["cells"][0].update(source=["## Wat?"]), "same levels"),
        (lambda n: n["cells"][2]["metadata"].update(tags=[]), "tagged parameters"),
        (lambda n: n["cells"][2]["source"].append("\nx = derived + 1"), "is not `name: type = value"),
    ],
)
def test_a_departure_from_the_anatomy_is_found(spoil: Any, message: str) -> None:
    notebook = copy.deepcopy(load(PATHS[0]))
    spoil(notebook)
    assert any(message in fault for fault in listing.notebook_faults(notebook))


def test_the_index_names_every_notebook(project: Path) -> None:
    index = (project / "notebooks" / "README.md").read_text(encoding="utf-8")
    for path in EVERY:
        assert f"`{path.stem}`" in index
        assert listing.title(path, "en") in index
        assert listing.title(path, "nl") in index
