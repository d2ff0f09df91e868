"""The wheel in an empty folder: it carries notebooks and figures, and a system that cannot fork makes the same."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from conftest import PROJECT
from kloof.errors import KloofError, ParameterError
from kloof.run import kinds, slips, start
from kloof.run.report import notebook_paths

pytestmark = pytest.mark.xdist_group("installed")
WINDOWS = PROJECT / "tests" / "support" / "as_on_windows"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel of this checkout puts where Python looks for packages."""
    folder = tmp_path_factory.mktemp("wheel")
    made = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(made, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def call(site: Path, folder: Path, *words: str, beside: Path | None = None) -> tuple[int, str, str]:
    """Call `kloof …` of the wheel in a folder: exit code, output, errors."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KLOOF_")}
    environment["PYTHONPATH"] = os.pathsep.join(str(path) for path in (beside, site) if path)
    ended = subprocess.run(
        [sys.executable, "-m", "kloof.cli.main", *words], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout, ended.stderr


def committed(folder: str) -> set[str]:
    """Name the files of a folder that are part of the project."""
    known = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder], cwd=PROJECT, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    return {name for name in known.stdout.splitlines() if (PROJECT / name).is_file()}


def test_the_wheel_carries_notebooks_and_figures_and_nothing_that_was_downloaded_or_made(site: Path) -> None:
    carried = {
        path.relative_to(site / "kloof" / "project").as_posix() for path in (site / "kloof" / "project").rglob("*")
    }
    files = {name for name in carried if (site / "kloof" / "project" / name).is_file()}
    assert files == committed("data") | committed("notebooks")
    assert not list(site.rglob("test_*.py"))


def test_an_empty_folder_becomes_a_project_and_a_run_is_the_same_without_fork(site: Path, tmp_path: Path) -> None:
    asked = ("run", "--only", "03", "--language", "nl")
    desk = tmp_path / "desk"
    desk.mkdir()
    code, out, err = call(site, desk, *asked, beside=WINDOWS)
    assert code == 0, err
    assert "Notebooks and data are put in this empty folder" in err
    assert {path.name for path in desk.iterdir()} == {"data", "notebooks", "reports"}

    code, out, err = call(site, tmp_path, "init", "other")
    assert (code, err) == (0, "")
    assert "Next: cd other && kloof run" in out
    code, _, err = call(site, tmp_path / "other", *asked)
    assert code == 0, err
    found = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(tmp_path.glob("*/reports/breda-only/found/*.json"))
    ]
    assert len(found) == 2
    assert found[0] == found[1]


def test_what_lies_there_is_not_written_over(site: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.csv").write_text("1", encoding="utf-8")
    code, out, err = call(site, tmp_path, "init")
    assert (code, out) == (2, "")
    assert err == "kloof: . has data already, and nothing is written over. Give a folder without.\n"
    code, _, err = call(site, tmp_path, "run")  # no project, and not empty either
    assert code == 2
    assert "kloof init FOLDER" in err
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "mine.csv"]


def test_a_start_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("figures.csv", "raw/whole.zip", "store/part.parquet"):
        path = tmp_path / "from" / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1", encoding="utf-8")
    monkeypatch.setattr(start, "carried", lambda: tmp_path / "from")
    with pytest.raises(OSError, match="notebooks"):
        start.start(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()
    with pytest.raises(ParameterError, match="has data already"):
        start.start(tmp_path / "from")
    (tmp_path / "from" / "notebooks").mkdir()
    made = start.start(tmp_path / "new" / "folder")  # downloads and the store stay where they are
    assert {path.relative_to(made).as_posix() for path in made.rglob("*")} == {"data", "notebooks", "data/figures.csv"}


@pytest.mark.parametrize(("without", "words"), [("seaborn", ["run"]), ("papermill", ["run", "--only", "03"])])
def test_a_plain_install_says_what_to_install_for_more(
    site: Path, tmp_path: Path, without: str, words: list[str]
) -> None:
    """Packages of an extra are taken away by a module that stands before them and is not there."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.abc, sys\n"
        "class Gone(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name.partition('.')[0] == {without!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Gone())\n",
        encoding="utf-8",
    )
    start.start(tmp_path / "home")
    code, _, err = call(site, tmp_path / "home", *words, beside=tmp_path)
    assert code == 2
    assert f"the package {without} is not installed" in err
    assert "pip install 'kloof[all]'" in err
    assert "Traceback" not in err
    assert call(site, tmp_path / "home", "list", "indices", beside=tmp_path)[0] == 0


def test_a_notebook_that_draws_without_what_draws_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "seaborn", raising=False)
    monkeypatch.setattr(kinds, "find_spec", lambda _: None)
    with pytest.raises(KloofError, match=r"the package seaborn is not installed.*kloof\[all\]"):
        slips.check(notebook_paths(["03"]))


def test_uv_installs_the_versions_of_the_lock() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
    lines = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert settings["constraint-dependencies"] == [line for line in lines if not line.startswith("#")]


def test_the_wheel_asks_for_what_requirements_ask_for() -> None:
    """One list of versions in two files: what stands in both must be the same."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    every = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    asked = {one for one in every if not one.startswith("kloof[")}
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert asked == {line.partition("#")[0].strip() for line in lines if line and not line.startswith(("#", "-"))}
