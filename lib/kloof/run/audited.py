"""Reads a finished report back whole: its results, every page by rules, and every file against what was made.

A file is held by its hash in the crate. What is not as it was made, and everything where there is no crate or when
asked, is made again in memory from results.json, by the code that made it, to say where they differ; maps take their
boundaries from the data. Executed notebooks are held by their hash alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kloof import __version__
from kloof.catalogue import catalogue
from kloof.errors import KloofError, ParameterError, examples
from kloof.paths import data_folder, sha256
from kloof.report import audit, pdfback, publish
from kloof.report.compared import compare
from kloof.report.explorer import STATIC
from kloof.report.readback import Blocks, blocks, differences, parse
from kloof.results import RESULTS, read_results
from kloof.run import depends, provenance
from kloof.run.verify import named
from kloof.study import claims
from kloof.study.dataset import STORE, DataSet
from kloof.study.load import load
from kloof.study.parameters import COUNTED
from kloof.words.numbers import LANGUAGES

MAKER = ("kloof.report.publish",)  # what it reaches makes the files of a report out of its results
RULES = ("data/catalogue.toml", "notebooks/claims.toml", "notebooks/hypotheses/", provenance.LOCK)  # that it reads
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


@dataclass
class Audited:
    """What an audit found: faults, and in notes what it could not hold against what, and why."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def audit_report(folder: Path, source: str = "", *, again: bool = False) -> Audited:
    """Audit a finished report; `source` is the file it was made from, when that was one of your own.

    With `again` every file is made again, also where its hash is that of what was made.

    Raises ParameterError when the folder has no results.json or no page to read, ReportError when its results cannot be
    understood.
    """
    if not (folder / RESULTS).is_file():
        raise ParameterError(f"{folder} has no {RESULTS}: give the folder of a report, such as reports/breda.")
    languages = [language for language in LANGUAGES if (folder / language / publish.REPORT[0]).is_file()]
    if not languages:
        raise ParameterError(
            f"{folder} has no page ({', '.join(LANGUAGES)}/{publish.REPORT[0]}): make the report again."
        )
    results = read_results(folder / RESULTS)
    found = Audited()
    recorded, edited = _recorded(folder, found)
    data = _data(results, source, found)
    others = _maker_differs(results, recorded, data)
    wanted = languages if again or recorded is None else _in_doubt(edited, languages)
    told = {} if data is None or wanted is None else _compared(folder, results, wanted, data, others, found)
    if others and told:
        kept = {fault.partition(" is ")[0] for fault in edited}
        away = [name for name in told if name not in kept]
        found.notes.append(
            f"This kloof makes {len(told)} of the files otherwise, and is not the one that made them: {others[0]}"
            f"{f' And {len(others) - 1} more.' if others[1:] else ''} Words and drawings of these "
            f"({examples(away or [*told], 3)}) are held by the hashes of {provenance.CRATE} only, and their numbers, "
            "verdicts and directions by the rules for reading them."
        )
    else:
        found.faults += [f"{name}: {fault}" for name, faults in told.items() for fault in faults]
        edited = [fault for fault in edited if fault.partition(" is ")[0] not in told or fault.startswith(RESULTS)]
    found.faults[:0] = sorted(edited, key=lambda fault: not fault.startswith(RESULTS))
    found.faults += _read_back(folder, results, languages)
    return found


def _recorded(folder: Path, found: Audited) -> tuple[provenance.Recorded | None, list[str]]:
    """Give what the crate recorded, and the files that are not what it says they were."""
    if not (folder / provenance.CRATE).is_file():
        found.notes.append(
            f"{folder} has no {provenance.CRATE}: which kloof made it is not known, and {RESULTS} and the notebooks "
            "were not held against the hashes of what was made."
        )
        return None, []
    try:
        recorded = provenance.read(folder)
    except ParameterError as problem:
        found.faults.append(str(problem))
        return None, []
    return recorded, provenance.edited(folder, recorded)


def _in_doubt(edited: Sequence[str], languages: Sequence[str]) -> Sequence[str] | None:
    """Give the languages whose pages must be made again for what is not as it was made; None when all of it is."""
    names = [name for fault in edited if "/notebooks/" not in (name := fault.partition(" is ")[0])]
    if not any(name == RESULTS or name.partition("/")[0] in (*languages, "tables") for name in names):
        return None
    if any(name == RESULTS for name in names):
        return languages
    return [language for language in languages if any(name.startswith(f"{language}/") for name in names)]


def _data(results: Mapping[str, Any], source: str, found: Audited) -> DataSet | None:
    """Load the figures that a report was made from, for boundaries and names; None when they are not here."""
    given = results["parameters"]
    asked = source or str(given["source"])
    try:
        data = load(
            asked, given["municipality"], catalogue(), given["comparisons"], apportioned=given["apportioned"] == COUNTED
        )
    except KloofError as problem:
        found.notes.append(f"Nothing was made again, for the figures are not here: {problem}")
        return None
    if not _inputs_differ(results, data):
        names = dict(zip(data.areas["code"], data.areas["name"], strict=True))
        found.faults += [
            f"{RESULTS}: calls {code} “{name}”, {data.name} calls it “{names[code]}”"
            for code, name in results["areas"].items()
            if names.get(code, name) != name
        ]
    if results["place"]["code"] != given["municipality"]:
        found.faults.append(f"{RESULTS}: is of {results['place']['code']}, its parameters say {given['municipality']}")
    return data


def _inputs_differ(results: Mapping[str, Any], data: DataSet) -> list[str]:
    """Say in what files of data the figures that are here differ from those a report was made from."""
    then, now = ({entry["file"]: entry["sha256"] for entry in inputs} for inputs in (results["inputs"], data.inputs))
    return named("file of data", then, now)


def _maker_differs(results: Mapping[str, Any], recorded: provenance.Recorded | None, data: DataSet | None) -> list[str]:
    """Say in what this kloof and its data differ from those that made the pages; nothing when they do not."""
    found = [] if data is None else _inputs_differ(results, data)
    if results["kloof"] != __version__:
        found.append(f"kloof was version {results['kloof']} and is {__version__}.")
    if recorded is None:
        own = {"claims": claims.registry().sha256, "catalogue": sha256(data_folder() / "catalogue.toml")}
        return found + [f"The {name} registry differs." for name in own if results["registry"].get(name) != own[name]]
    reached = depends.reached(MAKER)
    modules = {name: value for name, value in depends.modules().items() if name in reached or "/" in name}
    known = recorded.by_kind["module"]
    was = {name: value for name, value in known.items() if name in modules or "/" in name}
    found += named("module of the library", was, modules)
    ground = provenance.ground(results, STORE, ())
    rules = [
        {name: value for name, value in place.items() if name.startswith(RULES)}
        for place in (recorded.by_kind["rule"], ground["rule"])
    ]
    return (
        found
        + named("file", *rules)
        + named("version of", recorded.by_kind["package"], ground["package"], hashes=False)
    )


def _compared(
    folder: Path,
    results: Mapping[str, Any],
    languages: Sequence[str],
    data: DataSet,
    others: Sequence[str],
    found: Audited,
) -> dict[str, list[str]]:
    """Make every file again and list, file by file, in what those in the folder differ."""
    known = catalogue()
    try:
        made = publish.make_shared(results)
        for language in languages:
            made |= publish.make_language(results, known, language, data.geometry)
    except (KloofError, *UNREADABLE) as problem:
        told = f"The pages cannot be made again from {RESULTS} ({type(problem).__name__}: {problem})."
        (found.notes if others else found.faults).append(told)
        return {}
    told_of = {name: _held(folder / name, name, content) for name, content in made.items()}
    return {name: faults for name, faults in told_of.items() if faults}


def _held(path: Path, name: str, made: bytes) -> list[str]:
    """Compare one file with the same made again."""
    return compare(name, path.read_bytes(), made) if path.is_file() else ["is not there"]


def _read_back(folder: Path, results: Mapping[str, Any], languages: Sequence[str]) -> Iterator[str]:
    """List what the rules for reading a page find: in its results, its PDF, and the page in the other language."""
    carried: dict[str, Blocks] = {}
    for language in languages:
        for files in (publish.REPORT, publish.DATA):
            try:
                faults, said = _document(folder / language, files, results, language)
            except (KloofError, *UNREADABLE) as problem:
                faults, said = [f"{files[0]}: cannot be read back ({type(problem).__name__}: {problem})"], {}
            yield from (f"{language}/{fault}" for fault in faults)
            carried.setdefault(language, {}).update({f"{files[0]}, {part}": told for part, told in said.items()})
    if len(languages) == len(LANGUAGES):
        yield from differences(*carried.values())


def _document(
    folder: Path, files: tuple[str, str], results: Mapping[str, Any], language: str
) -> tuple[list[str], Blocks]:
    """List the faults of one document, page and PDF, and give what it must carry in the other language too."""
    page, paper = (folder / name for name in files)
    if missing := [f"{path.name}: is not there; make the report again" for path in (page, paper) if not path.is_file()]:
        return missing, {}
    html, still = page.read_text(encoding="utf-8"), folder / "figures" / f"{STATIC}.svg"
    faults = audit.audit_html(html, results, language, audit.labels(catalogue(), language), whole=files == publish.DATA)
    found = [f"{page.name}: {fault}" for fault in faults]
    try:
        pictures = [still.read_text(encoding="utf-8")] if still.is_file() else []
        differing = pdfback.audit_pdf(pdfback.texts(paper.read_bytes()), html, language, pictures)
    except KloofError as problem:
        differing = [str(problem)]
    return [*found, *(f"{paper.name}: {fault}" for fault in differing)], blocks(parse(html))
