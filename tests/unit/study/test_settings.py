"""A parameter that only some notebooks use reaches all of them: their parts must fit together."""

import json
from pathlib import Path

import pytest

from kloof.errors import ParameterError
from kloof.run import notebooks, report
from kloof.study.parameters import HELP, SETTINGS, parameters


def test_settings_are_parameters_and_what_stands_beside_them_goes_first() -> None:
    p = parameters({"preset": "breda", SETTINGS: {"draws": 299, "seed": 7}, "seed": 8, "year_from": 0})
    assert (p.draws, p.seed, p.year_from) == (299, 8, parameters({"preset": "breda"}).year_from)
    with pytest.raises(ParameterError, match=r"unknown parameter 'fokus' \(did you mean \"focus\"\?\)"):
        parameters({"preset": "breda", SETTINGS: {"fokus": "union"}})
    with pytest.raises(ParameterError, match="settings must be a table of parameters by name, not 'draws=299'"):
        parameters({"preset": "breda", SETTINGS: "draws=299"})


def test_every_notebook_takes_what_it_does_not_declare() -> None:
    for path in notebooks.notebook_paths():
        assert SETTINGS in notebooks.declared(path), path.stem


@pytest.mark.parametrize("name", ["focus_variants", "smallest_effects", "published"])
def test_there_are_parameters_that_not_every_notebook_declares(name: str) -> None:
    assert name in HELP
    assert not all(name in notebooks.declared(path) for path in notebooks.notebook_paths())


def test_a_run_with_such_a_parameter_goes_through_to_the_synthesis(home: Path) -> None:
    chosen = {"focus_variants": ["union"], "draws": 199}
    made = report.make_report("breda", chosen, ["nl"], only=["03", "04", "12"])
    [path] = made.rglob("03_how_segregated.ipynb")
    injected = [
        "".join(cell["source"])
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if "injected-parameters" in cell["metadata"].get("tags", [])
    ]
    assert 'settings = {"focus_variants": ["union"], "draws": 199}' in injected[0]
    assert list(made.rglob("12_verdict.ipynb"))
