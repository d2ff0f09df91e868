"""Nothing that is asked is passed over: a wrong option, preset, file, cell or call is an error that says what is right.

The rows stand in tests/support/wrong_requests.py. None may end in a traceback, and none may run as if it had not been
asked.
"""

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import wrong_requests as asked

import kloof
from conftest import copy_project, home_at
from kloof.cli import main
from kloof.errors import KloofError
from kloof.run import notebooks, project, report, slips
from kloof.study import debates, hypotheses
from kloof.study import study as opening

Answer = tuple[int, str]
MOST_LETTERS = 4000  # of a message: who reads more


class StartedError(Exception):
    """A notebook was started: what was asked was not refused."""


def _start(*_: object, **__: object) -> None:
    raise StartedError


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of its own in which no notebook may start, and each data set is read once."""
    load, patch = opening.load, pytest.MonkeyPatch()
    once = cache(lambda source, place, beside: load(source, place, opening.catalogue(), beside))
    patch.setattr(opening, "load", lambda source, place, _, beside=(), **__: once(source, place, tuple(beside)))
    patch.setattr(report, "execute_languages", _start)
    with home_at(copy_project(tmp_path_factory.mktemp("desk") / "home")) as home:
        yield home
    patch.undo()


def command(*words: str) -> Answer:
    """Call the command line: exit code, and what it prints."""
    said, before = io.StringIO(), sys.argv
    sys.argv = ["kloof", *words]
    code = 0
    try:
        with redirect_stdout(said), redirect_stderr(said):
            main.main()
    except SystemExit as ending:
        code = int(ending.code or 0)
    finally:
        sys.argv = before
    return code, " ".join(said.getvalue().split())


def refused(call: Callable[[], object]) -> str:
    """Call, and give the message of the error of ours that it ends with."""
    with pytest.raises(KloofError) as caught:
        call()
    return str(caught.value)


def says(message: str, near: str) -> None:
    """Hold a message to what it must name, and to a length that can be read."""
    assert near in message
    assert len(message) < MOST_LETTERS


# ------------------------------------------------------------------ options and presets


@pytest.mark.parametrize(("option", "near"), asked.SETS, ids=lambda text: text[:60])
def test_an_option_that_cannot_be_is_refused_before_anything_runs(desk: Path, option: str, near: str) -> None:
    words = [word for item in option.split("|") for word in ("--set", item)]
    code, said = command("run", *words)
    assert code == 2
    says(said, near)


def preset_with(home: Path, line: str) -> str:
    """Write a preset that is Breda's but for one line; one that begins with ^ stands above its parameters."""
    text = (home / "notebooks" / "presets" / "breda.toml").read_text(encoding="utf-8")
    key = line.lstrip("^").partition(" = ")[0]
    kept = [one for one in text.splitlines() if not one.startswith(f"{key} =")]
    lines = [line.removeprefix("^"), *kept] if line.startswith("^") else [*kept, line]
    (home / "notebooks" / "presets" / "mine.toml").write_text("\n".join(lines), encoding="utf-8")
    return "mine"


@pytest.fixture
def presets(desk: Path) -> Iterator[Path]:
    yield desk
    (desk / "notebooks" / "presets" / "mine.toml").unlink(missing_ok=True)


@pytest.mark.parametrize(("line", "near"), asked.PRESETS, ids=lambda text: text[:60])
def test_a_preset_that_cannot_be_is_refused(presets: Path, line: str, near: str) -> None:
    says(refused(lambda: kloof.open_study(preset_with(presets, line))), near)


@pytest.mark.parametrize(("content", "near"), asked.WHOLE_PRESETS, ids=lambda text: str(text)[:60])
def test_a_file_that_is_no_preset_is_refused(presets: Path, content: bytes, near: str) -> None:
    (presets / "notebooks" / "presets" / "mine.toml").write_bytes(content)
    says(refused(lambda: kloof.open_study("mine")), near)
    assert any(near in fault for fault in project.faults_of_presets())


# ------------------------------------------------------------------ files


def hypothesis_with(home: Path, line: str) -> None:
    """Write a hypothesis that is sound but for one line."""
    key = line.partition(" = ")[0]
    kept = [one for one in asked.HYPOTHESIS.splitlines() if not one.startswith(f"{key} =")]
    content = "\n".join([*kept, line, ""])
    (home / "notebooks" / "hypotheses" / "mine.toml").write_text(content, encoding="utf-8")


@pytest.fixture
def own_files(desk: Path) -> Iterator[Path]:
    """The project, from which files that a test writes beside others are taken away again."""
    folder = desk / "notebooks"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    yield desk
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path not in before:
            path.unlink()
        elif path.read_bytes() != before[path]:
            path.write_bytes(before[path])


@pytest.mark.parametrize(("line", "near"), asked.HYPOTHESES, ids=lambda text: text[:60])
def test_a_hypothesis_that_cannot_be_is_refused(own_files: Path, line: str, near: str) -> None:
    hypothesis_with(own_files, line)
    says(refused(hypotheses.read_all), near)


@pytest.mark.parametrize(("name", "content", "near"), asked.DEBATES, ids=lambda text: str(text)[:60])
def test_a_debate_that_cannot_be_is_refused(own_files: Path, name: str, content: bytes, near: str) -> None:
    (own_files / "notebooks" / "debates" / name).write_bytes(content)
    says(refused(debates.read_debates), near)


# ------------------------------------------------------------------ a notebook of one's own

MINE = "14_mine.ipynb"


def notebook_with(home: Path, source: str, *, parameter: str = "") -> Path:
    """Write a notebook as they are, with a cell of one's own behind the others, or a line among its parameters."""
    content = json.loads((home / "notebooks" / "04_did_the_gap_grow.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    if parameter:
        code[0]["source"] = [*code[0]["source"], f"\n{parameter}"]
    own = [source, "later = 1"] if source else []
    cells = [
        {"cell_type": "code", "id": f"mine{at}", "metadata": {}, "outputs": [], "execution_count": None,
         "source": one.splitlines(keepends=True)}
        for at, one in enumerate(["counts = study.counts('low_income_households')", *own])
    ]  # fmt: skip
    content["cells"] += cells
    path = home / "notebooks" / MINE
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_sound_notebook_of_ones_own_has_no_fault(own_files: Path) -> None:
    path = notebook_with(own_files, "")
    assert slips.faults_of(path) == []


@pytest.mark.parametrize(("source", "near"), asked.CELLS, ids=lambda text: text[:60])
def test_a_slip_in_a_notebook_is_named_before_it_runs(own_files: Path, source: str, near: str) -> None:
    [fault] = slips.faults_of(notebook_with(own_files, source))
    assert fault.startswith(f"{MINE}, cell ")
    says(fault, near)


@pytest.mark.parametrize(("line", "near"), asked.PARAMETER_LINES, ids=lambda text: text[:60])
def test_a_slip_among_the_parameters_of_a_notebook_is_named(own_files: Path, line: str, near: str) -> None:
    path = notebook_with(own_files, "", parameter=line)
    [fault] = [one for one in project.notebook_faults({"cells": notebooks.cells_of(path)}) if "parameter" in one]
    says(fault, near)


@pytest.mark.parametrize(
    "words",
    ["check", "run", "run --only 14", "run --only 04 --only 14", "verdicts", "batch --municipality GM0344"],
)
def test_every_command_that_would_run_a_notebook_names_its_slip(own_files: Path, words: str) -> None:
    """A batch names it once, not for each municipality, and is no batch to go on with."""
    notebook_with(own_files, "study.tabel('inhabitants')")
    code, said = command(*words.split())
    assert code == (1 if words == "check" else 2)
    assert said.count("a Study has no 'tabel': did you mean \"table\"?") == 1
    assert f"{MINE}, cell " in said
    assert not (own_files / "reports" / ".batch" / "plan.json").exists()


def test_notebooks_that_do_not_run_need_not_be_sound(own_files: Path) -> None:
    notebook_with(own_files, "study.tabel('inhabitants')")
    with pytest.raises(StartedError):
        command("run", "--only", "04")


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["batch", "--municipality", "GM0344", "--set", "indicators=crime_rat"], '"crime_rate"'),
        (["batch", "--municipality", "GM0344", "--set", "language=en"], "--language en"),
        (["batch", "--municipality", "GM0344", "--set", "municipality=GM0363"], "a batch has an option"),
        (["batch", "--municipality", "GM0344", "--set", "draws=5"], "199 or more"),
        (["batch", "--preset", "manifest", "--set", "preset=breda"], "preset has an option"),
        (["verdicts", "--set", "language=en"], "--language en"),
    ],
    ids=str,
)
def test_what_no_municipality_can_be_run_with_is_refused_once(desk: Path, words: list[str], near: str) -> None:
    code, said = command(*words)
    assert code == 2
    assert near in said


def test_check_names_what_presets_and_debates_ask_for_in_vain(own_files: Path) -> None:
    preset_with(own_files, 'levels = ["crime_rat"]')
    (own_files / "notebooks" / "debates" / "GM9999.toml").write_text('clams = ["C1"]', encoding="utf-8")
    code, said = command("check")
    assert code == 1
    assert "preset mine: 1 fault in the parameters. (1) indicator 'crime_rat' is not in the catalogue" in said
    assert "(1) clams is no part of a debate did you mean" in said


SOUND = [
    "%matplotlib inline\nvalues = !ls\nlen(values)",
    "%%time\nslow = study.panel('mean_dwelling_value')",
    "%%bash\necho $HOME",
    "import math as m, numpy as np\nm.pi + np.pi\nstudy.panel?",
    "from math import *\nprint(sqrt(2))",
    "study = study if section else kloof.open_study(globals())\nstudy.anything",
    "for study in []:\n    study.tabel()",
    "[study.tabel for study in []]",
    "def own(a, *b, c=1, **d):\n    return later + a\nlater = 1",
    "try:\n    import seabron\nexcept ImportError:\n    seabron = None",
    "with open('x') as file, open('y'):\n    rows = {key: value for key, value in file}\nprint(file, rows)",
    "match section:\n    case kloof.Section(id=name):\n        print(name)",
    "await_me = 1\nasync def f():\n    await f()\nawait f()",
    "class Own:\n    x = 1\n    def f(self):\n        return self.x\nOwn().g",
    "kloof.table('inhabitants', years=2016).anything",
    "kloof.open_study(**{'preset': 'breda'})\nkloof.measure(*[counts, 'gini'])",
    "kloof.measure(counts, ['gini', 'atkinson(0.9)'], 'any group', by='year')",
    "study.leading('mean_dwelling_value', *study.p.levels)\nstudy.leading_group('low_income_households')",
    "print(_, __, In, Out, display, get_ipython, __name__)",
    "x: int\nx = 1\nx += 1\ndel x",
    "'\\d' + r'\\d'",
]


@pytest.mark.parametrize("source", SOUND, ids=lambda text: text[:40])
def test_what_is_no_slip_is_let_pass(own_files: Path, source: str) -> None:
    assert slips.faults_of(notebook_with(own_files, source)) == []


@pytest.mark.parametrize("tag", ["skip-execution", "raises-exception"])
def test_a_cell_that_may_fail_or_does_not_run_is_left_aside(own_files: Path, tag: str) -> None:
    path = notebook_with(own_files, "study.tabel(")
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][-2]["metadata"]["tags"] = [tag]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert slips.faults_of(path) == []


@pytest.mark.parametrize(("content", "near"), asked.WHOLE_NOTEBOOKS, ids=lambda text: str(text)[:60])
def test_a_file_that_is_no_notebook_is_named(own_files: Path, content: bytes, near: str) -> None:
    (own_files / "notebooks" / MINE).write_bytes(content)
    code, said = command("check")
    assert code == 1
    assert MINE in said
    says(said, near)


# ------------------------------------------------------------------ in Python


@pytest.fixture(scope="module")
def names(desk: Path) -> dict[str, Any]:
    """What the calls are made with."""
    study = kloof.open_study("breda", draws=199)
    panel = study.panel("mean_income_per_inhabitant")
    counts = study.counts("low_income_households")
    section = kloof.Section("04_did_the_gap_grow")
    finding = kloof.gap_change(study, "mean_income_per_inhabitant")
    section.add(finding)
    return {
        "kloof": kloof, "pd": pd, "np": np, "nan": float("nan"), "study": study, "panel": panel, "counts": counts,
        "section": section, "finding": finding, "gaps": kloof.gap_table(panel),
        "indices": kloof.measure(counts, "gini", "low_income_households", by="year"),
    }  # fmt: skip


@pytest.mark.parametrize(("call", "near"), asked.CALLS, ids=lambda text: text[:80])
def test_a_wrong_call_says_what_is_wrong(names: dict[str, Any], call: str, near: str) -> None:
    says(refused(lambda: eval(call, dict(names))), near)


def test_the_rows_are_many() -> None:
    tables = (asked.SETS, asked.PRESETS, asked.WHOLE_PRESETS, asked.HYPOTHESES, asked.DEBATES,
              asked.CELLS, asked.PARAMETER_LINES, asked.WHOLE_NOTEBOOKS, asked.CALLS)  # fmt: skip
    assert sum(map(len, tables)) >= 450
