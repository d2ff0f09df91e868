"""The notebook that explores: from a municipality to a table, a picture, a regression and an index, for no report."""

import json
from pathlib import Path
from typing import Any

import pytest

from kloof.cli.main import show
from kloof.errors import ParameterError
from kloof.run import execute, notebooks, project

EXPLORE, *OTHERS = notebooks.notebook_paths(explore=True)


def executed(folder: Path, **given: Any) -> list[dict[str, Any]]:
    """Give the code cells of the notebook after a run."""
    target = folder / "out.ipynb"
    execute.execute(EXPLORE, target, {"preset": "breda", **given}, folder / "parts", lambda _: None)
    cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def outputs(cells: list[dict[str, Any]]) -> str:
    return json.dumps([cell["outputs"] for cell in cells])


def test_it_stands_in_the_list_and_in_no_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert EXPLORE.stem == next(name for name, _ in project.notebooks()) == "00_explore"
    assert notebooks.notebook_paths() == OTHERS
    with pytest.raises(ParameterError, match="notebook 0 records nothing for a report: open it with make lab"):
        notebooks.notebook_paths(["0"])
    show("00")
    assert capsys.readouterr().out.endswith("Next: make lab\n")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_ten_cells_go_from_a_place_to_an_index(tmp_path: Path, language: str) -> None:
    cells = executed(tmp_path, language=language)
    declared, injected, *work = cells
    assert (len([declared, *work]), injected["metadata"]["tags"]) == (10, ["injected-parameters"])
    assert all(cell["outputs"] for cell in work)
    shown = outputs(work)
    assert shown.count("image/png") == 2
    assert "listed[T.True]:since" in shown
    assert "dissimilarity" in shown
    assert "stderr" not in shown
    assert not (tmp_path / "parts").exists()


def test_where_no_group_is_counted_it_says_so_and_goes_on(tmp_path: Path) -> None:
    shown = outputs(executed(tmp_path, language="en", year_from=2013, year_to=2014))
    assert "No group of this study is counted by buurt in Breda" in shown
    assert '"error"' not in shown
