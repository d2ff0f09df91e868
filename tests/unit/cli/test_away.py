"""An installed kloof outside a project: what needs none works, anything else says what it needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PROJECT, copy_project

NEEDS = (
    "list", "list notebooks", "list presets", "list municipalities", "list indicators", "show 03", "run", "check",
    "verdicts", "batch --all", "data coverage --municipality Breda", "data add counts.csv",
    "data fetch --plan --municipality GM0344", "data log", "hypothesis list",
)  # fmt: skip
NEEDS_NONE = ("--help", "list indices", "glossary", "measure counts.csv --index dissimilarity --group a")
WHAT = "kloof: there is no project here. kloof needs a folder with notebooks and data"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as it is installed, and a folder with a table and no project around it."""
    root = tmp_path_factory.mktemp("away")
    site = root / "lib" / "python" / "site-packages"
    shutil.copytree(PROJECT / "lib" / "kloof", site / "kloof", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "desk").mkdir()
    (root / "desk" / "counts.csv").write_text("unit,group,count\nx,a,1\nx,b,2\ny,a,3\ny,b,1\n", encoding="utf-8")
    return root


def run(installed: Path, folder: Path, each: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Call commands one after the other in a process of its own: exit code, output and errors of each."""
    code = (
        "import io, sys, json, contextlib\nfrom kloof.cli import main\nfound = []\n"
        "for words in json.load(sys.stdin):\n"
        "    sys.argv, out, err, code = ['kloof', *words.split()], io.StringIO(), io.StringIO(), 0\n"
        "    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):\n"
        "        try:\n            main.main()\n"
        "        except SystemExit as ending:\n            code = ending.code or 0\n"
        "    found.append((code, out.getvalue(), err.getvalue()))\n"
        "print(json.dumps(found))\n"
    )
    import json

    where = {name: value for name, value in os.environ.items() if not name.startswith("KLOOF_")}
    where["PYTHONPATH"] = str(installed / "lib" / "python" / "site-packages")
    ended = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(each), cwd=folder, env=where, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return [(one[0], one[1], one[2]) for one in json.loads(ended.stdout)]


def test_what_needs_a_project_says_so_and_what_needs_none_works(installed: Path) -> None:
    before = sorted(installed.rglob("*"))
    said = run(installed, installed / "desk", (*NEEDS, *NEEDS_NONE))
    for words, (code, out, err) in zip(NEEDS, said, strict=False):
        assert (words, code, out) == (words, 2, "")
        assert err.startswith(WHAT), words
    for words, (code, out, err) in zip(NEEDS_NONE, said[len(NEEDS) :], strict=True):
        assert (words, code, err) == (words, 0, "")
        assert out
    assert [one for one in sorted(installed.rglob("*")) if one not in before and "__pycache__" not in one.parts] == []


def test_inside_a_project_it_is_found_from_any_folder_of_it(installed: Path, tmp_path: Path) -> None:
    home = copy_project(tmp_path / "home")
    [(code, out, err)] = run(installed, home / "data" / "breda", ("list presets",))
    assert (code, err) == (0, "")
    assert "  breda " in out
