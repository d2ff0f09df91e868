"""Makes a report again from what it recorded, and says whether everything is the same; if not, what and why."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kloof.errors import ParameterError
from kloof.results import read_results
from kloof.run import provenance
from kloof.run.execute import How, Progress, execute_languages
from kloof.run.notebooks import notebook_paths
from kloof.run.report import complete
from kloof.study.parameters import coerce
from kloof.study.study import open_study

NAMES = {"input": "file of data", "rule": "file", "module": "module of the library", "notebook": "notebook"}


@dataclass(frozen=True)
class Change:
    """One thing that differs: its kind (verdict, finding, table, figure), its id, and before and after.

    `before` or `after` is None where it is only in the other document; for a table they are its rows.
    """

    kind: str
    id: str
    before: Any
    after: Any


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
    old = read_results(folder, any_format=True)
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
        new, now = read_results(work), provenance.read(work)
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


def _say_nothing(step: Any) -> None:
    del step


Document = Mapping[str, Any]


def changes(old: Document, new: Document) -> list[Change]:
    """List everything that differs in what two documents found, verdicts first, each kind in the order of the old one.

    Words, parameters and hashes do not count; `reasons` says how those differ.
    """
    return [change for found in (_overall, _findings, _tables, _figures) for change in found(old, new)]


def _pairs(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Change(kind, name, old.get(name), new.get(name))


def _overall(old: Document, new: Document) -> Iterator[Change]:
    yield from _pairs("verdict", old["overall"], new["overall"])


def _findings(old: Document, new: Document) -> Iterator[Change]:
    yield from _pairs("finding", old["findings"], new["findings"])


def _tables(old: Document, new: Document) -> Iterator[Change]:
    yield from _pairs("table", old["tables"], new["tables"])


def _figures(old: Document, new: Document) -> Iterator[Change]:
    yield from _pairs("figure", old["figures"], new["figures"])


def reasons(old: Document, new: Document) -> list[str]:
    """Say how two runs differ in parameters, data and registry, a sentence each."""
    found = []
    for name in sorted({*old["parameters"], *new["parameters"]}):
        before, after = old["parameters"].get(name), new["parameters"].get(name)
        if before != after:
            found.append(f"The parameter {name} was {written(before)} and is {written(after)}.")
    files = [{entry["file"]: entry["sha256"] for entry in document["inputs"]} for document in (old, new)]
    found += named("file of data", *files)
    found += [
        f"The {name} registry differs."
        for name in old["registry"]
        if old["registry"][name] != new["registry"].get(name)
    ]
    if old["kloof"] != new["kloof"]:
        found.append(f"kloof was version {old['kloof']} and is {new['kloof']}.")
    return found


def named(what: str, old: Mapping[str, str], new: Mapping[str, str], *, hashes: bool = True) -> list[str]:
    """Say which of some named things are other, gone or new; versions are told, hashes are not."""
    found = []
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            found.append(f"The {what} {name} is gone.")
        elif name not in old:
            found.append(f"The {what} {name} is new.")
        elif old[name] != new[name]:
            tail = "differs" if hashes else f"was {old[name]} and is {new[name]}"
            found.append(f"The {what} {name} {tail}.")
    return found


def written(value: Any) -> str:
    """Write a value of a parameter."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value) if value not in (None, "") else "nothing"


def ranged(finding: Mapping[str, Any] | None) -> str:
    """Write the number of a finding with its range and unit, or why there is none."""
    if finding is None:
        return "not there"
    if finding["estimate"] is None:
        return f"not computed ({finding['reason']})"
    number = f"{finding['estimate']:.6g}"
    if finding["low"] is not None and finding["high"] is not None:
        number += f" ({finding['low']:.6g} to {finding['high']:.6g})"
    return f"{number} {finding['unit']}"


def rows_that_differ(before: Any, after: Any) -> int:
    """Count the rows of a table that differ, by their place."""
    old, new = (list((table or {"rows": []})["rows"]) for table in (before, after))
    shared = sum(bool(one != other) for one, other in zip(old, new, strict=False))
    return shared + abs(len(old) - len(new))
