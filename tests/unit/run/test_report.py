"""What happens when a run goes wrong: the earlier report stays whole, and the message says where."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from earlier import FIRST, earlier_report, files, keep_only_first, leftovers

from kloof.errors import NotebookError, ParameterError, ReportError
from kloof.run import report
from kloof.run.execute import STOCK, How, execute_languages
from kloof.run.notebooks import notebook_paths

pytestmark = pytest.mark.xdist_group("run")


def plant(path: Path, source: str, after: int = 6) -> int:
    """Put a code cell into a notebook; return its number, counted from 1."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = {
        "cell_type": "code",
        "id": "planted0",
        "metadata": {},
        "source": [source],
        "outputs": [],
        "execution_count": None,
    }
    notebook["cells"].insert(after, cell)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return after + 1


def test_a_failing_notebook_leaves_the_earlier_report_whole(home: Path) -> None:
    before = earlier_report(home)
    number = plant(keep_only_first(home), "raise ValueError('the planted fault')")
    with pytest.raises(NotebookError) as caught:
        report.make_report("breda", {}, ("nl",))
    message = str(caught.value)
    assert (
        f"{FIRST}, cell {number + 1}: ValueError: the planted fault" in message
    )  # papermill adds a cell with parameters
    assert files(home) == before
    assert leftovers(home) == []
    kept = json.loads((home / "reports" / "failed" / f"nl_{FIRST}").read_text(encoding="utf-8"))
    kinds = [output["output_type"] for cell in kept["cells"] for output in cell.get("outputs", [])]
    assert "error" in kinds, "the notebook up to the fault is kept with its message"


@pytest.mark.parametrize("abreast", [True, False])
def test_two_languages_side_by_side_begin_at_either_end(tmp_path: Path, abreast: bool) -> None:
    """So that each finds what the other computed; what reads the others' parts still comes after all of these."""
    paths, begun = notebook_paths(), {"nl": list[str](), "en": list[str]()}

    def kept(path: Path, language: str, _: Path) -> bool:
        begun[language].append(path.stem)
        return True

    execute_languages(paths, tmp_path, {}, ("nl", "en"), lambda _: None, How(kept=kept, abreast=abreast))
    stems = [path.stem for path in paths]
    assert stems[-2:] == ["12_verdict", "13_is_this_place_special"]
    assert begun["nl"] == stems
    assert begun["en"] == ([*stems[-3::-1], *stems[:-3:-1]] if abreast else stems)


def test_a_warning_is_an_error(home: Path) -> None:
    plant(keep_only_first(home), "import warnings; warnings.warn('planted warning')")
    with pytest.raises(NotebookError, match="planted warning"):
        report.make_report("breda", {}, ("nl",))
    assert leftovers(home) == []


def test_stopping_leaves_the_earlier_report_whole(home: Path) -> None:
    before = earlier_report(home)
    marker = home / "started"
    plant(keep_only_first(home), f"import pathlib, time; pathlib.Path({str(marker)!r}).touch(); time.sleep(120)")
    command = [sys.executable, "-m", "kloof.cli.main", "run", "--language", "nl"]
    before_it = signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell in the background lets it be ignored
    process = subprocess.Popen(
        command, env={**os.environ, "KLOOF_HOME": str(home)}, stderr=subprocess.PIPE, start_new_session=True
    )
    signal.signal(signal.SIGINT, before_it)
    deadline = time.monotonic() + 60
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert marker.exists(), "the notebook did not start"
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"stopped" in errors
    assert b"Traceback" not in errors
    assert files(home) == before
    assert leftovers(home) == []


def test_a_killed_worker_is_reported(home: Path) -> None:
    plant(keep_only_first(home), "import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    with pytest.raises(NotebookError, match="ended unexpectedly"):
        report.make_report("breda", {}, ("nl",), how=How(STOCK))
    assert leftovers(home) == []


def test_only_runs_the_chosen_notebook_and_makes_no_report(home: Path) -> None:
    folder = report.make_report("breda", {}, ("nl",), ["1"])
    assert folder.name == "breda-only"
    assert [path.name for path in folder.rglob("*.ipynb")] == [FIRST]
    assert not (home / "reports" / "breda").exists()


def test_only_keeps_what_ran_before_and_leaves_the_report_whole(home: Path) -> None:
    before = earlier_report(home)
    kept = home / "reports" / "breda-only"
    for place in ("en/notebooks/02_x.ipynb", "nl/notebooks/02_x.ipynb", "found/02_x.json", f"nl/notebooks/{FIRST}"):
        (kept / place).parent.mkdir(parents=True, exist_ok=True)
        (kept / place).write_text("of an earlier run")
    folder = report.make_report("breda", {}, ("nl",), ["1"])
    own = FIRST.replace(".ipynb", ".json")
    held = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    notebooks = {"en/notebooks/02_x.ipynb", "nl/notebooks/02_x.ipynb", f"nl/notebooks/{FIRST}"}
    assert held == {*notebooks, "found/02_x.json", f"found/{own}"}
    assert json.loads((folder / "nl" / "notebooks" / FIRST).read_text())["cells"]  # the new one
    found = report.found_by(folder, [home / "notebooks" / FIRST])
    assert [section["id"] for section in found["sections"]] == [FIRST.removesuffix(".ipynb")]
    assert files(home) == before
    plant(keep_only_first(home), "1 / 0")
    with pytest.raises(NotebookError):
        report.make_report("breda", {}, ("nl",), ["1"])
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == held


def test_unknown_notebook_and_parameter_are_refused_before_anything_starts(home: Path) -> None:
    with pytest.raises(ParameterError, match=r"17 does not exist\. Valid: 01_what_do_we_know"):
        report.notebook_paths(["17"])
    paths = report.notebook_paths(["01"])
    report.check_overrides({"draws": 999}, paths)  # in the settings of a notebook that does not declare it
    with pytest.raises(ParameterError, match=r"drawz: no notebook of this run has this parameter. Valid: .*focus"):
        report.check_overrides({"drawz": 999}, paths)


def test_languages_that_found_different_things_are_refused(tmp_path: Path) -> None:
    part = {
        "id": "01_x",
        "headline": None,
        "order": {k: [] for k in ("findings", "tables", "figures")},
        "findings": {},
        "tables": {},
    }
    part |= {"figures": {}, "verdicts": [], "set_aside": [], "header": {"parameters": {}, "place": {"code": "GM0758"}}}
    for language, rows in (("nl", []), ("en", [{"step": "x", "rows": 1, "reason": "y", "detail": ""}])):
        (tmp_path / language).mkdir()
        (tmp_path / language / "01_x.json").write_text(json.dumps({**part, "set_aside": rows}), encoding="utf-8")
    with pytest.raises(ReportError, match="different things in Dutch and in English"):
        report.collect(tmp_path, ["nl", "en"], "kloof run")


def test_notebooks_that_ran_with_other_parameters_are_refused(tmp_path: Path) -> None:
    part = {"order": {k: [] for k in ("findings", "tables", "figures")}, "findings": {}, "tables": {}, "headline": None}
    part |= {"figures": {}, "verdicts": [], "set_aside": []}
    (tmp_path / "nl").mkdir()
    for name, code in (("01_x", "GM0758"), ("02_y", "GM0758"), ("03_z", "GM0014")):
        header = {"parameters": {}, "place": {"code": code}}
        (tmp_path / "nl" / f"{name}.json").write_text(json.dumps({**part, "id": name, "header": header}))
    with pytest.raises(ReportError, match=r"The notebooks \(nl\) did not run with the same parameters and data"):
        report.collect(tmp_path, ["nl"], "kloof run")
    (tmp_path / "nl" / "03_z.json").unlink()
    assert report.collect(tmp_path, ["nl"], "kloof run")["place"] == {"code": "GM0758"}


def test_a_report_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, target = tmp_path / ".making-x", tmp_path / "breda"
    for folder, text in ((new, "new"), (target, "old")):
        folder.mkdir()
        (folder / "page").write_text(text, encoding="utf-8")
    original = Path.rename

    def refuse(self: Path, where: Path) -> Path:
        if self == new:
            raise OSError("disk is full")
        return original(self, where)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="disk is full"):
        report.replace_folder(new, target)
    assert (target / "page").read_text(encoding="utf-8") == "old"
    monkeypatch.undo()
    report.replace_folder(new, target)
    assert (target / "page").read_text(encoding="utf-8") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["breda"]
