"""The browser edition with all sessions: built with stand-ins for what the internet gives, and run as in a page."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import types
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kloof.errors import SourceError
from kloof.words.numbers import LANGUAGES
from kloof_workshop import lite, sessions

# As in pyodide's lock file: what was built for the browser. seaborn and babel are pure and come from PyPI.
BUILT = {"numpy": [], "python-dateutil": ["six"], "six": [], "scipy": ["numpy"], "pillow": [],
         "pandas": ["numpy", "python-dateutil"], "statsmodels": ["pandas", "scipy"],
         "matplotlib": ["numpy", "pillow", "six"]}  # fmt: skip
PURE = {"micropip": ["packaging"], "packaging": [], "ipython": [], "jedi": []}
# What a page can import besides the standard library, when those were bundled.
ALLOWED = "numpy pandas scipy matplotlib mpl_toolkits seaborn babel cycler contourpy kiwisolver PIL pyparsing dateutil"
ALLOWED += " six packaging fontTools pytz tzdata matplotlib_inline IPython traitlets pygments comm typing_extensions"
ALLOWED += " micropip jedi statsmodels patsy"


def wheel_of(name: str, version: str) -> bytes:
    return f"a stand-in for {name} {version}".encode()


def entry(name: str, depends: Sequence[str], version: str = "2.5.1") -> dict[str, Any]:
    tag = "cp313-cp313-pyemscripten_2026_0_wasm32" if name in BUILT else "py3-none-any"
    return {"name": name, "version": version, "depends": list(depends), "imports": [name], "package_type": "package",
            "file_name": f"{name.replace('-', '_')}-{version}-{tag}.whl", "install_dir": "site",
            "sha256": hashlib.sha256(wheel_of(name, version)).hexdigest()}  # fmt: skip


LOCK = {"info": {"python": "3.13.2"}, "packages": {name: entry(name, needs) for name, needs in (BUILT | PURE).items()}}
LOCK["packages"]["sympy"] = entry("sympy", [])


@pytest.fixture
def builds(tmp_path: Path) -> Path:
    """The folder that a teacher filled once, with internet."""
    folder = tmp_path / "builds"
    folder.mkdir()
    for name in BUILT:
        (folder / LOCK["packages"][name]["file_name"]).write_bytes(wheel_of(name, "2.5.1"))
    for name in ("seaborn", "babel"):
        (folder / f"{name}-0.13.2-py3-none-any.whl").write_bytes(wheel_of(name, "0.13.2"))
    return folder


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stand-ins for npm, pip and jupyter lite; what they were asked."""
    asked = []

    def command(words: Sequence[str], where: Path) -> str:
        asked.append(list(words))
        if words[0] == "npm":
            for name in lite.CORE:
                (where / name).write_text(json.dumps(LOCK) if name.endswith("json") else name)
            with tarfile.open(where / "pyodide.tgz", "w:gz") as archive:
                for name in lite.CORE:
                    archive.add(where / name, f"package/{name}")
            return "pyodide.tgz\n"
        if "download" in words:
            dest = Path(words[words.index("--dest") + 1])
            for pin in (word for word in words if "==" in word):
                name, version = pin.split("==")
                (dest / f"{name}-{version}-py3-none-any.whl").write_bytes(wheel_of(name, version))
            return ""
        assert words[2:4] == ["jupyter", "lite"]
        made = Path(words[words.index("--output-dir") + 1])
        (made / "lab").mkdir(parents=True)
        (made / "index.html").write_text("JupyterLite's own, that opens the launcher")
        (made / "lab" / "index.html").write_text("lab")
        (where / "files").rename(made / "files")
        (where / "static").rename(made / "static")
        (where / "jupyter-lite.json").rename(made / "jupyter-lite.json")
        return ""

    monkeypatch.setattr(lite, "_command", command)
    kernel = types.ModuleType("jupyterlite_pyodide_kernel.constants")
    kernel.PYODIDE_VERSION = "0.31.0"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jupyterlite_pyodide_kernel", types.ModuleType("jupyterlite_pyodide_kernel"))
    monkeypatch.setitem(sys.modules, "jupyterlite_pyodide_kernel.constants", kernel)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: True)
    return asked


def files_of(edition: Path) -> set[str]:
    return {path.relative_to(edition / "files").as_posix() for path in (edition / "files").rglob("*.ipynb")}


def test_with_the_builds_every_session_is_in_the_edition(home: Path, builds: Path, tools: list[list[str]]) -> None:
    edition, said = lite.build_edition(builds)
    assert edition == home / "reports" / "workshop" / "lite"
    names = {f"{one}/{each.names[one]}.ipynb" for each in sessions.sessions() if each.number for one in LANGUAGES}
    assert files_of(edition) == {"index.ipynb", *names}
    # the lock file names only what is there, with its bytes; nothing else of pyodide is asked for
    lock = json.loads((edition / "static" / "pyodide" / "pyodide-lock.json").read_text())["packages"]
    assert set(lock) == {*BUILT, *PURE, "comm", "seaborn", "babel", "kloof"}
    for one in lock.values():
        content = (edition / "static" / "pyodide" / one["file_name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
    chosen = (edition / "jupyter-lite.json").read_text()
    assert set(lite.WANTED) < set(re.findall(r'"(\w+)"', chosen))
    assert "http" not in chosen
    assert any(one.startswith("pandas 2.5.1 was never tried") for one in said)  # the stand-in's version
    assert not any(one.startswith("seaborn") for one in said)
    downloaded = [word for words in tools if "download" in words for word in words if "==" in word]
    assert not [pin for pin in downloaded if pin.split("==")[0] in (*BUILT, "seaborn", "babel")]


def test_the_edition_opens_at_the_start_page(home: Path, tools: list[list[str]]) -> None:
    edition, said = lite.build_edition()
    page = (edition / "index.html").read_text(encoding="utf-8")
    assert 'url=lab/index.html?path=index.ipynb"' in page
    assert len(said) == 1
    assert "--bundle FOLDER" in said[0]
    first = sessions.session(1)
    assert files_of(edition) == {"index.ipynb", *(f"{one}/{first.names[one]}.ipynb" for one in LANGUAGES)}
    text = (edition / "files" / "index.ipynb").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", text)
    assert len(links) == 2
    assert set(links) < files_of(edition)


def test_all_that_lacks_is_said_at_once_and_nothing_is_left_behind(
    home: Path, builds: Path, tools: list[list[str]]
) -> None:
    (numpy,) = builds.glob("numpy-*")
    numpy.unlink()
    (pandas,) = builds.glob("pandas-*")
    pandas.write_bytes(b"half of it")
    (builds / "babel-2.0-py3-none-any.whl").write_bytes(b"another")
    (builds / "seaborn-0.13.2-py3-none-any.whl").unlink()
    with pytest.raises(SourceError) as caught:
        lite.build_edition(builds)
    text = str(caught.value)
    assert "4 faults in" in text
    assert f"{numpy.name} is not there: https://cdn.jsdelivr.net/pyodide/v0.31.0/full/{numpy.name}" in text
    assert f"{pandas.name} has other bytes than pyodide 0.31.0 expects" in text
    assert "babel-…-py3-none-any.whl is there 2 times" in text
    assert "seaborn-…-py3-none-any.whl is not there: pip download --no-deps seaborn" in text
    assert list((home / "reports" / "workshop").iterdir()) == []


def test_a_bundle_that_is_no_folder_is_said(tmp_path: Path, command_line: Any) -> None:
    code, out, err = command_line("workshop", "lite", "--bundle", str(tmp_path / "nowhere"))
    assert (code, out) == (2, "")
    assert "nowhere is not a folder" in err


PROGRAM = """
import ast, importlib.abc, json, os, sys
from importlib import metadata
here, allowed = sys.argv[1], set(sys.argv[2].split())
sys.path.insert(0, here)
third = set(metadata.packages_distributions()) - {"kloof", "kloof_workshop"}
class Page(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in third - allowed:
            raise ModuleNotFoundError(f"not in a page: {name}", name=name)
sys.meta_path.insert(0, Page())
import subprocess
def no(*_, **__): raise OSError("no programs in a page")
subprocess.Popen = subprocess.run = no
os.environ["MPLBACKEND"] = "agg"
for path in sys.argv[3:]:
    names, said = {"__name__": path}, []
    for cell in json.load(open(path, encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        body = ast.parse("".join(cell["source"])).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), path, "exec"), names)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), path, "eval"), names)
            said += [(shown.kind, "<details>" in shown)] if "check" in cell["metadata"].get("tags", []) else []
    print(json.dumps(said))
import kloof
assert kloof.__file__.startswith(here), kloof.__file__
"""


def test_every_session_runs_on_what_a_page_has(tmp_path: Path) -> None:
    """Solutions run to right answers on the package of the page, without other programs or other packages.

    The sessions take turns in Dutch and English: code and figures of both are the same.
    """
    lite.wheel(tmp_path, every=True)
    (packed,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "page")
    paths = []
    for one in sessions.sessions():
        if one.number:
            made = sessions.build(one, LANGUAGES[one.number % 2], sessions.SOLUTION)
            paths.append(tmp_path / f"{one.number}.ipynb")
            paths[-1].write_text(sessions.dumped({**made, "cells": lite.runs(made["cells"])}), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-E", "-W", "ignore", "-c", PROGRAM, str(tmp_path / "page"), ALLOWED, *map(str, paths)],
        capture_output=True, text=True, check=False, encoding="utf-8", cwd=tmp_path, timeout=300,
        env={name: value for name, value in os.environ.items() if not name.startswith("KLOOF")},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    said = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("[[")]
    assert len(said) == len(paths)
    kinds = [kind for one in said for kind in one]
    assert {tuple(kind) for kind in kinds} <= {("right", True), ("not_done", False)}
    assert kinds.count(["not_done", False]) <= 1  # the report
