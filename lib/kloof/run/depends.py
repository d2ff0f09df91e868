"""What a report rests on, as hashes: notebooks, the library they reach, packages, rules, and the figures asked for.

The library is followed from import to import, so that a notebook rests on the modules it reaches and no others. Of the
store a report rests on the files that hold what its notebooks asked for (`asked` writes that down as they run).
"""

import ast
import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kloof.errors import ParameterError
from kloof.paths import data_folder, dump, embedded, plain, project_folder, sha256, write_whole
from kloof.store.read import ASKED
from kloof.study.dataset import STORE

PACKAGES = (
    "numpy", "pandas", "scipy", "statsmodels", "seaborn", "matplotlib", "shapely", "pyarrow", "duckdb", "babel",
    "jinja2", "fonttools", "typst", "papermill", "nbformat", "ipython",
)  # fmt: skip
PACKAGE = "kloof"
HASH = "hash"  # under which a file of the bookkeeping holds that of all else in it
ALWAYS = ("kloof", "kloof.run.warm")  # what runs around every notebook
PUBLISHING = ("kloof.report.publish", "kloof.run.report")


def digest(content: Any) -> str:
    """Hash anything that JSON knows."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()


def read_hashed(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds its own hash; nothing when it is not there, or not as it was written."""
    try:
        content = json.loads(path.read_bytes())
        own = content.pop(HASH)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return {}
    return content if own == digest(content) else {}


def write_hashed(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that holds its own hash."""
    written = plain(content)
    write_whole(path, dump({**written, HASH: digest(written)}))


@cache
def versions() -> dict[str, str]:
    """Give the versions of Python and of the packages that numbers and pictures come from."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def _home() -> Path:
    """Folder of the package that holds everything a report is made with."""
    return Path(__file__).resolve().parents[1]


@cache
def _library() -> dict[str, tuple[str, frozenset[str]]]:
    """Give hash and imports of every module; read once, as a process loads its library once."""
    found = {}
    for path in sorted(_home().rglob("*.py")):
        parts = path.relative_to(_home().parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = sha256(path), imported(path.read_text(encoding="utf-8"))
    return found


@cache
def _prose() -> dict[str, str]:
    """Give the hashes of the texts and templates of the library."""
    paths = [path for path in sorted(_home().rglob("*")) if path.suffix == ".toml" or path.parent.name == "templates"]
    return {path.relative_to(_home()).as_posix(): sha256(path) for path in paths if path.is_file()}


def imported(source: str) -> frozenset[str]:
    """Name the modules of kloof that a piece of code may import, anywhere in it: a name may be one of a module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if _ours(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] == PACKAGE


@cache
def library(roots: frozenset[str]) -> str:
    """Hash the modules that are reached from some, with all texts."""
    known = _library()
    return digest([sorted((name, known[name][0]) for name in reached(roots)), _prose()])


def reached(roots: Iterable[str]) -> set[str]:
    """Name the modules that are reached from some, import by import."""
    known = _library()
    found: set[str] = set()
    waiting = [name for name in roots if name in known]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for other in known[name][1] if other in known]
    return found


def modules() -> dict[str, str]:
    """Give the hash of every module and text of the library."""
    return {**{name: code for name, (code, _) in _library().items()}, **_prose()}


def whole_library() -> str:
    """Hash every module and text."""
    return library(frozenset(_library()))


def publishing() -> str:
    """Hash what turns results into pages."""
    return digest([library(frozenset(PUBLISHING)), versions()])


def notebook(path: Path) -> str:
    """Hash a notebook with the library it reaches and the versions of packages."""
    content = path.read_bytes()
    cells = json.loads(content)["cells"]
    code = [_plain("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    roots = frozenset(ALWAYS).union(*(imported(source) for source in code))
    return digest([hashlib.sha256(content).hexdigest(), library(roots), versions()])


def _plain(source: str) -> str:
    """Leave out lines that only a notebook understands."""
    return "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())


def rules(source: str) -> dict[str, str]:
    """Give the hashes of the files beside the figures that any result may rest on, and of an embedded set or own file.

    Raises ParameterError when `source` is a file that is not there.
    """
    home = project_folder()
    paths = [path for path in data_folder().iterdir() if path.suffix in (".toml", ".csv")]
    paths += [home / "notebooks" / "claims.toml", *sorted((home / "notebooks" / "hypotheses").glob("*.toml"))]
    if source in embedded():
        paths += [path for path in (data_folder() / source).iterdir() if path.is_file()]
    elif source != STORE:
        own = next((place for place in (Path(source), home / source) if place.is_file()), None)
        if own is None:
            raise ParameterError(f"source {source!r} is no file. Give one you have: --set source=PATH.")
        return {**_hashes(paths, home), own.name: sha256(own)}
    return _hashes(paths, home)


def debate(municipality: str) -> dict[str, str]:
    """Give the hash of the file with the debate on a municipality, of which its report tells; nothing without one."""
    home = project_folder()
    path = home / "notebooks" / "debates" / f"{municipality}.toml"
    return _hashes([path], home) if path.is_file() else {}


def _hashes(paths: Iterable[Path], home: Path) -> dict[str, str]:
    return {path.relative_to(home).as_posix(): sha256(path) for path in sorted(paths)}


def read_asked(path: Path) -> list[list[str]]:
    """Read what the notebooks of a run asked the store, each question once."""
    if not path.is_file():
        return []
    return [line.split(" ") for line in sorted(set(path.read_text(encoding="utf-8").splitlines()))]


class Figures:
    """The hashes of what the store answers, out of its manifest alone: its parts never change."""

    def __init__(self, manifest: Mapping[str, Any]):
        """Look at a manifest once for many questions."""
        self._files = manifest["files"]
        kept = ("name", "sha256", "kind", "rows", "sources", "source_ids", "set_aside")
        self._entries = [digest({key: entry[key] for key in kept}) for entry in self._files]
        self._by: dict[str, dict[str, list[int]]] = {"municipalities": {}, "indicators": {}}
        self._editions: dict[tuple[str, int], set[str]] = {}
        for place, entry in enumerate(self._files):
            for kind, found in self._by.items():
                for name in entry[kind]:
                    found.setdefault(name, []).append(place)
            for edition in entry["editions"]:
                for source, year in edition["of"]:
                    self._editions.setdefault((source, year), set()).update(edition["municipalities"])
        self._divisions = {key: digest(sorted(codes)) for key, codes in self._editions.items()}

    @property
    def whole(self) -> str:
        """Hash of all that the store holds."""
        return digest(self._entries)

    def of(self, asked: Iterable[Iterable[str]]) -> str:
        """Hash the answers to questions: ["municipality", code] or ["indicator", name]."""
        return digest([[*question, self._answer(*question)] for question in asked])

    def _answer(self, kind: str, name: str) -> Any:
        if kind == ASKED[1]:
            return [self._entries[place] for place in self._by["indicators"].get(name, [])]
        places = self._by["municipalities"].get(name, [])
        own = {
            (source, year)
            for place in places
            for edition in self._files[place]["editions"]
            if name in edition["municipalities"]
            for source, year in edition["of"]
        }
        return [[self._entries[place] for place in places], sorted((*key, self._divisions[key]) for key in own)]
