"""Makes a report again from what it recorded, and says whether everything is the same; if not, what and why."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kloof import provenance
from kloof.difference import Change, changes, named
from kloof.errors import ParameterError
from kloof.execution import How, Progress, execute_languages
from kloof.presets import coerce
from kloof.run import complete, notebook_paths
from kloof.study import open_study

RESULTS = "results.json"
NAMES = {"input": "file of data", "rule": "file", "module": "module of the library", "notebook": "notebook"}


@dataclass(frozen=True)
class Verified:
    """What a verification found: results that differ, pictures and pages that do, edited files, and why."""

    counted: dict[str, int]
    changes: tuple[Change, ...]
    files: tuple[str, ...]
    edited: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Tell whether every number, table, figure and page is what it was, and no file was edited."""
        return not (self.changes or self.files or self.edited)


def verify(folder: Path, source: str = "", tell: Progress | None = None, how: How | None = None) -> Verified:
    """Execute the notebooks of a report again with the recorded parameters, beside it, and compare.

    `source` is the path of the file that the report was made from, when that was a file of one's own: a report names
    it without its folder. Raises ParameterError when the folder is no report, or its source or preset is not there any
    more, and NotebookError when a notebook stops.
    """
    recorded = provenance.read(folder)
    old = _results(folder)
    given: dict[str, Any] = {name: coerce(name, text) for name, text in recorded.overrides.items()}
    given |= {"preset": recorded.preset} | ({"source": source} if source else {})
    try:
        study = open_study({**given, "language": recorded.languages[0]})
    except ParameterError as problem:
        raise ParameterError(f"{folder} cannot be made again: {problem}") from None
    paths = notebook_paths()
    work = Path(tempfile.mkdtemp(prefix="kloof-verify-"))
    try:
        execute_languages(paths, work, given, recorded.languages, tell or _say_nothing, how or How())
        complete(work, study, given, recorded.languages, paths)
        new, now = _results(work), provenance.read(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Verified(
        counted={name: len(old[name]) for name in ("findings", "tables", "figures")},
        changes=tuple(changes(old, new)),
        files=tuple(sorted(name for name, value in recorded.files.items() if now.files.get(name) != value)),
        edited=tuple(provenance.edited(folder, recorded)),
        reasons=tuple(why(recorded, now)),
    )


def why(old: provenance.Recorded, new: provenance.Recorded) -> list[str]:
    """Say in what data, code, rules and versions two runs differ."""
    found = [text for kind, name in NAMES.items() for text in named(name, old.by_kind[kind], new.by_kind[kind])]
    return found + named("version of", old.by_kind["package"], new.by_kind["package"], hashes=False)


def _results(folder: Path) -> dict[str, Any]:
    path = folder / RESULTS
    if not path.is_file():
        raise ParameterError(f"{folder} has no {RESULTS}: give the folder of a report, such as reports/breda.")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _say_nothing(step: Any) -> None:
    del step
