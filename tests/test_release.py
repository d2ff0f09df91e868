"""What a release carries for who wants to trust it: licences, a citation, one version, tests that end in time."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import PROJECT
from kloof import __version__

FINE = r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|OFL|CC0"
# no part of what runs a report: docutils makes the site of the docs (parts of it are under GPL), the other serves tests
ELSEWHERE = {"docutils", "axe-playwright-python"}


def read(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def stated() -> dict[str, str]:
    """What every installed package says of its licence, by its name."""
    asked = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    return {one["Name"].lower(): one["License"] for one in json.loads(done.stdout)}


def test_every_package_states_a_licence_that_goes_with_ours() -> None:
    listed = stated()
    assert {"numpy", "papermill", "distributed", "jupyterlab"} <= listed.keys()
    others = {name: text for name, text in listed.items() if not re.search(FINE, text) or re.search(r"\bA?GPL\b", text)}
    assert others.keys() <= ELSEWHERE, others


def test_what_is_installed_agrees_with_itself() -> None:
    """No package lacks what it asks for, and none has a version that another refuses."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_there_is_one_version() -> None:
    declared = re.search(r'^version = "(.*)"', read("pyproject.toml"), re.MULTILINE)
    assert declared
    assert declared[1] == __version__
    assert f"\nversion: {__version__}\n" in read("CITATION.cff")
    assert re.search(rf"^## {re.escape(__version__)} \(", read("CHANGELOG.md"), re.MULTILINE)


def test_the_citation_has_what_the_format_asks_for() -> None:
    """The required keys of CFF 1.2.0, and a date that is one; the schema itself is not in the project."""
    content: dict[str, Any] = yaml.safe_load(read("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= content.keys()
    assert content["cff-version"] == "1.2.0"
    assert content["license"] == "MIT"
    assert content["date-released"].isoformat() >= "2026-11-30"
    assert all(author.keys() & {"name", "family-names"} for author in content["authors"])
    assert all({"type", "title", "authors"} <= one.keys() for one in content["references"])


@pytest.mark.parametrize(
    "path", sorted((PROJECT / ".github" / "ISSUE_TEMPLATE").glob("*_*.yml")), ids=lambda path: path.stem
)
def test_an_issue_form_asks_for_what_is_needed(path: Any) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    kinds = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert all(part["type"] in kinds and part["attributes"]["label"] for part in form["body"])
    assert len({part["id"] for part in form["body"]}) == len(form["body"])


def test_the_container_and_the_environments_name_files_that_are_there() -> None:
    environment = yaml.safe_load(read("environment.yml"))
    (pip,) = (one["pip"] for one in environment["dependencies"] if isinstance(one, dict))
    assert pip == ["-r requirements.txt"]
    assert '"../Containerfile"' in read(".devcontainer/devcontainer.json")
    steps = read("Containerfile")
    assert "USER kloof" in steps
    assert "RUN make setup" in steps


def test_what_the_tests_of_a_file_share_is_made_in_one_process(tmp_path: Path) -> None:
    """A pytest in which pytest-xdist loses sight of its groups deals tests one by one: each process makes it all."""
    shutil.copy(PROJECT / "tests" / "conftest.py", tmp_path)
    shutil.copytree(PROJECT / "tests" / "support", tmp_path / "support")
    for name in ("one", "other"):
        told = f"    open({name!r}, 'a').write(f'{{os.getpid()}}\\n')\n    time.sleep(0.1)\n"
        body = "import os, time\n" + "".join(f"def test_{at}():\n{told}" for at in range(6))
        (tmp_path / f"test_{name}.py").write_text(body, encoding="utf-8")
    options = re.search(r"-m pytest (-n 2 .*)", read("Makefile"))
    assert options
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = support\n", encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", *options[1].split()]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made = [(tmp_path / name).read_text(encoding="utf-8").split() for name in ("one", "other")]
    assert [len(one) for one in made] == [6, 6]
    assert [len(set(one)) for one in made] == [1, 1]
    assert made[0][0] != made[1][0]
