"""No test sees what somebody stored, made or set in the checkout or at home."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PROJECT
from kloof.paths import project_folder

SEEN = """
import os
from pathlib import Path
from kloof.paths import project_folder

def test_what_there_is():
    home = project_folder()
    places = [*home.rglob("*"), *Path.home().rglob("*")]
    print("SEEN", *sorted(path.name for path in places), *sorted(name for name in os.environ if "KLOOF" in name))
"""
KEPT = ("data/catalogue.toml", "notebooks/01.ipynb", "notebooks/presets/breda.toml", "reports/example/results.json")
OWN = (
    "data/store/figures.duckdb", "data/raw/lock.json", "reports/breda/other.json", "notebooks/presets/my_town.toml",
    "notebooks/workshop/nl/1_antwoorden_x.ipynb", "notebooks/workshop/en/my_work_1.json",
)  # fmt: skip


@pytest.mark.parametrize("processes", ["0", "1"])
def test_a_run_sees_the_project_without_what_is_somebodys_own(tmp_path: Path, processes: str) -> None:
    checkout, person = tmp_path / "checkout", tmp_path / "person"
    for path in [*(checkout / name for name in (*KEPT, *OWN)), person / ".jupyter" / "custom.py"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    shutil.copytree(PROJECT / "tests" / "support", checkout / "tests" / "support")
    shutil.copy(PROJECT / "tests" / "conftest.py", checkout / "tests")
    (checkout / "tests" / "test_it.py").write_text(SEEN, encoding="utf-8")
    (checkout / "pytest.ini").write_text("[pytest]\npythonpath = tests/support\n", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    given = {**kept, "HOME": str(person), "USERPROFILE": str(person), "KLOOF_HOME": str(checkout), "KLOOF_KEEP": "1"}
    words = [sys.executable, "-m", "pytest", "-q", "-n", processes, "-rP", "tests"]
    done = subprocess.run(words, cwd=checkout, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("SEEN ")]
    seen = set(line.split())
    assert {Path(name).name for name in KEPT} <= seen
    assert not {Path(name).name for name in (*OWN, ".jupyter/custom.py", "data/store", "KLOOF_KEEP")} & seen
    assert "KLOOF_HOME" in seen


def test_this_run_is_set_apart() -> None:
    """Also where the fault would be a setting of this run, such as an option of make or a plugin."""
    assert project_folder() != PROJECT
    assert not any((project_folder() / "data" / name).exists() for name in ("store", "raw"))
    assert Path.home().parent == project_folder().parent
