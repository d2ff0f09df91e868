"""The browser edition: JupyterLite with Python in the page, all it needs in one folder, nothing from a CDN.

The interpreter comes from the npm package `pyodide`, the pure packages it needs from PyPI in the versions its lock file
names. numpy, pandas and matplotlib exist for the browser only on the server of pyodide's makers; PyPI and npm have no
build of them. A teacher who fetched those once gives their folder (`bundle`), and every session is in the edition.
Without, session 1 is, written a second time in plain Python (cells tagged `lite`).
"""

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

import kloof
from kloof import __version__
from kloof.errors import SourceError, faults
from kloof.paths import data_folder, project_folder
from kloof.run.report import replace_folder
from kloof.words.numbers import LANGUAGES
from kloof_workshop import answers, laptop, lesson, sessions
from kloof_workshop.exercise import SOLUTIONS

SESSION = 1
LOADED = ("micropip", "ipython", "jedi")  # what the kernel loads before it starts, as pyodide's lock file names it
BESIDE = ("comm",)  # what it loads besides: pure, and already here as a dependency of ipykernel
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
SHARED = (  # the very files of the library
    "exercise.py", "notebook.py", "guesses.py", "record.py", "checks.py", "sketch.py", "workshop.toml",
)  # fmt: skip
STUBS = {"lesson.py": "lite_lesson.py.txt", "answers.py": "lite_answers.py.txt"}
TITLE = "kloof"
# what the sessions import, and all below them
WANTED = ("numpy", "pandas", "scipy", "statsmodels", "matplotlib", "seaborn", "babel")
MADE_AT = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"  # where the makers of pyodide keep their builds
ANYWHERE = "-py3-none-any.whl"  # how the name of a pure wheel ends
HOME = "kloof_workshop/home"  # where the project's figures are in the page
DOWNLOADED = ("raw", "store")  # folders of data that are not for others
AT_HOME = f'''"""kloof in a browser: the project is inside the package."""

import os
from pathlib import Path

os.environ.setdefault("KLOOF_HOME", str(Path(__file__).with_name("{HOME.rpartition("/")[2]}")))
'''
LEFT_OUT = (
    "Only session 1 is in this edition: numpy, pandas, scipy and matplotlib for the browser are on neither PyPI nor "
    "npm, only on the server of pyodide's makers. Fetch them once, with internet, then give their folder: "
    "--bundle FOLDER.",
)
LEFT_OUT_WITH_BUNDLE = (
    "Sliders are still pictures in this edition.",
    "A report cannot be made in a page: the exercise that makes one is not in this edition.",
)


def stored() -> dict[str, Any]:
    """Compute the tables, answers and typical mistakes of session 1, as plain values."""

    def rows(table: Any) -> list[dict[str, Any]]:
        plain: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
        return plain

    made = {}
    for number in answers.exercises():
        if number.startswith(f"{SESSION}."):
            known = answers.fixed(number)
            wrong = [[kind, value if isinstance(value, str) else float(value)] for kind, value in known.wrong]
            right = known.right if isinstance(known.right, str) else float(known.right)
            made[number] = {
                "right": right, "wrong": wrong, "within": known.within, "unit": known.unit,
                "choices": list(known.choices),
            }  # fmt: skip
    tables = {"places": rows(lesson.places()), "two_lines": rows(lesson.two_lines())}
    return {**tables, "answers": made}


def whole() -> dict[str, bytes]:
    """Give the files of kloof, the workshop and the figures and claims they read, as they stand in the page."""
    library = Path(kloof.__file__).parents[1]
    made = dict[str, bytes]()
    for room in ("kloof", "kloof_workshop"):
        made |= _files(library / room, room)
    made |= _files(data_folder(), f"{HOME}/data", without=DOWNLOADED)
    notebooks = project_folder() / "notebooks"
    for name in ("presets", "debates"):
        made |= _files(notebooks / name, f"{HOME}/notebooks/{name}")
    made[f"{HOME}/notebooks/claims.toml"] = (notebooks / "claims.toml").read_bytes()
    own = [name for name in made if name.startswith(f"{HOME}/notebooks/presets/my_")]
    return {name: content for name, content in made.items() if name not in own} | {
        "kloof_workshop/__init__.py": AT_HOME.encode("utf-8")
    }


def _files(folder: Path, name: str, without: Sequence[str] = ()) -> dict[str, bytes]:
    found = {}
    for place, folders, inside in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in ("__pycache__", *without))
        for one in sorted(inside):
            path = Path(place) / one
            found[f"{name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return found


def package(*, every: bool = False) -> dict[str, bytes]:
    """Give the files that the browser edition imports: a small package of session 1, or kloof as a whole (`every`)."""
    if every:
        return _wheel_of(whole() | _solutions({one: sessions.solutions(one) for one in LANGUAGES}))
    here = files("kloof_workshop")
    made = {"kloof_workshop/__init__.py": b'"""kloof, the part of it that runs in a browser."""\n'}
    made |= {f"kloof_workshop/{name}": here.joinpath(name).read_bytes() for name in SHARED}
    made |= {
        f"kloof_workshop/{name}": here.joinpath("templates", source).read_bytes() for name, source in STUBS.items()
    }
    made["kloof_workshop/stored.json"] = json.dumps(stored(), ensure_ascii=False, sort_keys=True).encode("utf-8")
    first = sessions.session(SESSION)
    return _wheel_of(made | _solutions({one: sessions.worked(first, one, lite=True) for one in LANGUAGES}))


def _solutions(every: Mapping[str, Any]) -> dict[str, bytes]:
    return {f"kloof_workshop/{SOLUTIONS}": json.dumps(every, ensure_ascii=False, sort_keys=True).encode("utf-8")}


def _wheel_of(made: dict[str, bytes]) -> dict[str, bytes]:
    """Add what makes a wheel of files."""
    about = f"kloof-{__version__}.dist-info"
    made[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: kloof\nVersion: {__version__}\n".encode()
    made[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: kloof\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    lines = []
    for name, content in made.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    made[f"{about}/RECORD"] = "\n".join([*lines, f"{about}/RECORD,,", ""]).encode()
    return made


def wheel(folder: Path, *, every: bool = False) -> Path:
    """Write the package as a wheel; the same figures give the same bytes."""
    path = folder / f"kloof-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in package(every=every).items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def closure(packages: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """List packages of a lock file with all they depend on. Raises SourceError for one that is not in it."""
    found, waiting = list[str](), list(wanted)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in packages:
            raise SourceError(
                f"pyodide's lock file has no {name}; this version of jupyterlite-pyodide-kernel is not known."
            )
        found.append(name)
        waiting += [
            one.replace("_", "-") if one.replace("_", "-") in packages else one for one in packages[name]["depends"]
        ]
    return sorted(found)


def _command(words: Sequence[str], where: Path) -> str:
    """Run a command; raises SourceError with its last words when it fails or does not exist."""
    try:
        ended = subprocess.run(words, cwd=where, capture_output=True, text=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        raise SourceError(
            f"{words[0]} is not on this machine; the browser edition needs it once, to be built."
        ) from None
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().splitlines()
        raise SourceError(f"{' '.join(words[:4])} failed: {' '.join(said[-3:])}")
    return ended.stdout


def copied(
    builds: Path, named: Mapping[str, Mapping[str, Any]], pure: Sequence[str], target: Path, version: str
) -> None:
    """Copy the builds that a lock file names, and pure wheels by name, from the teacher's folder.

    Raises SourceError with all that lack or have other bytes than the lock file says, and where they are to be had.
    """
    wrong, kept = list[str](), list[Path]()
    for entry in named.values():
        path = builds / str(entry["file_name"])
        if not path.is_file():
            wrong.append(f"{path.name} is not there: {MADE_AT.format(version=version)}{path.name}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            wrong.append(f"{path.name} has other bytes than pyodide {version} expects: fetch it again")
        else:
            kept.append(path)
    for name in pure:
        found = sorted(builds.glob(f"{name}-*{ANYWHERE}"))
        if len(found) == 1:
            kept.append(found[0])
        else:
            said = "is not there" if not found else f"is there {len(found)} times"
            wrong.append(f"{name}-…{ANYWHERE} {said}: pip download --no-deps {name}")
    if wrong:
        raise SourceError(faults(str(builds), wrong, "They are fetched once, with internet."))
    for path in kept:
        shutil.copyfile(path, target / path.name)


def unknown_versions(named: Mapping[str, Mapping[str, Any]], ranges: Sequence[tuple[str, str]]) -> list[str]:
    """Say which builds have a version with which kloof was never tried."""
    from packaging.specifiers import SpecifierSet

    return [
        f"{name} {named[name]['version']} was never tried with kloof (tried: {tried})."
        for name, tried in ranges
        if name in named and not SpecifierSet(tried).contains(str(named[name]["version"]), prereleases=True)
    ]


def interpreter(folder: Path, version: str, builds: Path | None = None) -> list[str]:
    """Put pyodide and the packages its kernel loads in a folder, with a lock file that names only what is there.

    `builds` is the teacher's folder with builds of numpy and its kin. Returns what is to be said of their versions.
    """
    with tempfile.TemporaryDirectory() as scratch:
        packed = Path(scratch) / _command(["npm", "pack", f"pyodide@{version}", "--silent"], Path(scratch)).split()[-1]
        with tarfile.open(packed) as archive:
            for name in CORE:
                member = archive.extractfile(f"package/{name}")
                if member is None:
                    raise SourceError(f"the npm package pyodide {version} has no {name}.")
                (folder / name).write_bytes(member.read())
    lock = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))
    every = lock["packages"]
    kept = {name: every[name] for name in closure(every, LOADED)}
    kept |= {name: _entry(name, metadata.version(name)) for name in BESIDE}
    named, said = dict[str, Any](), list[str]()
    if builds is not None:
        pure = [name for name in WANTED if name not in every]
        named = {name: every[name] for name in closure(every, [one for one in WANTED if one in every])}
        named = {name: entry for name, entry in named.items() if name not in kept}
        copied(builds, named, pure, folder, version)
        said = unknown_versions(named, laptop.requirements())
        for name in pure:
            (path,) = folder.glob(f"{name}-*{ANYWHERE}")
            named[name] = _entry(name, path.name.split("-")[1])
            _point_to(folder, named[name])
    pins = [f"{entry['name']}=={entry['version']}" for entry in kept.values()]
    tags = ["--python-version", lock["info"]["python"], "--implementation", "py", "--abi", "none", "--platform", "any"]
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", *tags]
    _command([*words, "--dest", str(folder), *pins], folder)
    for entry in kept.values():
        _point_to(folder, entry)
    wheel(folder, every=builds is not None)
    kept["kloof"] = _entry("kloof", __version__)
    _point_to(folder, kept["kloof"])
    kept |= named
    (folder / "pyodide-lock.json").write_text(json.dumps({**lock, "packages": kept}, sort_keys=True), encoding="utf-8")
    return said


def _entry(name: str, version: str) -> dict[str, Any]:
    """Make an entry of a lock file for a pure package without dependencies."""
    return {
        "depends": [], "file_name": "", "imports": [name], "install_dir": "site", "name": name,
        "package_type": "package", "sha256": "", "unvendored_tests": False, "version": version,
    }  # fmt: skip


def _point_to(folder: Path, entry: dict[str, Any]) -> None:
    """Let an entry of the lock file name the wheel that was downloaded, with its hash."""
    stem = entry["name"].replace("-", "_").lower()
    found = [path for path in folder.glob("*.whl") if path.name.lower().startswith(f"{stem}-{entry['version']}-")]
    if len(found) != 1:
        raise SourceError(f"no pure wheel of {entry['name']} {entry['version']} was downloaded.")
    entry["file_name"] = found[0].name
    entry["sha256"] = hashlib.sha256(found[0].read_bytes()).hexdigest()


def settings(packages: Sequence[str]) -> dict[str, Any]:
    """Tell JupyterLite to take Python from its own folder, and to look nowhere else."""
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": list(packages), "lockFileURL": "./static/pyodide/pyodide-lock.json"},
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "kloof",
            "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
        },
    }


def contents(folder: Path, *, every: bool = False) -> None:
    """Write the notebooks of the edition: the start page, and session 1 or all."""
    chosen = [one for one in sessions.sessions() if every or one.number in (0, SESSION)]
    for one in chosen:
        for language in LANGUAGES if one.number else ("en",):
            made = sessions.build(one, language, lite=not every, only={one.number for one in chosen})
            made = {**made, "cells": runs(made["cells"]) if every else made["cells"]}
            path = (
                folder / f"{one.names[language]}.ipynb"
                if not one.number
                else (folder / language / f"{one.names[language]}.ipynb")
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(sessions.dumped(made), encoding="utf-8")


def runs(cells: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out of a notebook what starts another program: there is none in a page."""
    return [cell for cell in cells if "report" not in cell["metadata"].get("tags", [])]


def start_page(title: str) -> str:
    """Write the page at the root: it opens the workshop's start page instead of JupyterLab's launcher."""
    to = "lab/index.html?path=index.ipynb"
    return (
        f'<!doctype html>\n<html lang="{LANGUAGES[0]}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta http-equiv="refresh" content="0; url={to}">\n</head>\n'
        f'<body><p><a href="{to}">{title}</a></p></body>\n</html>\n'
    )


def build_edition(builds: Path | None = None) -> tuple[Path, tuple[str, ...]]:
    """Build the edition in reports/workshop/lite; return the folder and what is not in it.

    With `builds`, the teacher's folder with builds of numpy and its kin, all sessions are in it. Raises SourceError
    when those, the packages of requirements-lite.txt or npm are not there.
    """
    if importlib.util.find_spec("jupyterlite_pyodide_kernel") is None:
        raise SourceError("the browser edition needs more packages: pip install -r requirements-lite.txt")
    from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

    target = sessions.solutions_folder() / "lite"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".lite-", dir=target.parent) as scratch:
        lite = Path(scratch)
        (lite / "static" / "pyodide").mkdir(parents=True)
        said = interpreter(lite / "static" / "pyodide", PYODIDE_VERSION, builds)
        chosen = settings([*LOADED, *BESIDE, *(WANTED if builds else ()), "kloof"])
        (lite / "jupyter-lite.json").write_text(json.dumps(chosen, indent=1), encoding="utf-8")
        contents(lite / "files", every=builds is not None)
        words = [sys.executable, "-m", "jupyter", "lite", "build", "--lite-dir", str(lite), "--contents", "files"]
        _command([*words, "--output-dir", str(lite / "made"), "--apps", "lab", "--no-sourcemaps"], lite)
        (lite / "made" / "index.html").write_text(start_page(TITLE), encoding="utf-8")
        replace_folder(lite / "made", target)
    return target, (*(LEFT_OUT if builds is None else LEFT_OUT_WITH_BUNDLE), *said)
