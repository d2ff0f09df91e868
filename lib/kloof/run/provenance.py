"""What a report was made from, as an RO-Crate: every file with its hash, inputs, rules, parameters, code and versions.

RO-Crate 1.1 (Soiland-Reyes et al., 2022, doi:10.3233/DS-210053): JSON-LD in `ro-crate-metadata.json`, made by one
CreateAction. It has no clock and no path of a machine, so that the same run gives the same bytes.
"""

import hashlib
import json
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kloof.errors import ParameterError
from kloof.paths import dump, sha256, write_whole
from kloof.run import depends
from kloof.study.parameters import as_typed

CRATE = "ro-crate-metadata.json"
VERSION = "https://w3id.org/ro/crate/1.1"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
LOCK = "requirements.lock"
BESIDE = ("made.json", "parts.json.gz")  # the bookkeeping of a batch is no part of the report
KINDS = ("input", "rule", "module", "notebook", "package", "parameter")

Entity = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """What a crate says: preset, overrides as typed, languages; hashes and versions by kind and name; its files."""

    preset: str
    overrides: Mapping[str, str]
    languages: tuple[str, ...]
    by_kind: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]


def ground(document: Mapping[str, Any], source: str, notebooks: Sequence[Path]) -> dict[str, dict[str, str]]:
    """Give what results rest on by kind: input, rule, module, notebook (hashes), package (versions)."""
    rules = {**depends.rules(source), **depends.debate(document["place"]["code"])}
    lock = Path(__file__).resolve().parents[3] / LOCK
    if lock.is_file():
        rules[LOCK] = sha256(lock)
    inputs = {str(entry["file"]): str(entry["sha256"]) for entry in document["inputs"]}
    return {
        "input": inputs,
        "rule": {name: value for name, value in rules.items() if name not in inputs},
        "module": depends.modules(),
        "notebook": {path.stem: sha256(path) for path in notebooks},
        "package": dict(depends.versions()),
    }


def write(
    folder: Path, document: Mapping[str, Any], given: Mapping[str, Any], source: str, notebooks: Sequence[Path]
) -> None:
    """Write the crate of a finished report folder; `given` holds preset, languages and the overrides as parameters."""
    by_kind = ground(document, source, notebooks)
    if "source" in given:
        given = {**given, "source": Path(given["source"]).name}  # a file is named without its folder
    write_whole(folder / CRATE, dump(crate(folder, document, given, by_kind)))


def crate(
    folder: Path, document: Mapping[str, Any], given: Mapping[str, Any], by_kind: Mapping[str, Mapping[str, str]]
) -> Entity:
    """Describe a report folder; entities are sorted by their id."""
    place = document["areas"].get(document["place"]["code"], document["place"]["code"])
    files = [_file(path, folder) for path in sorted(folder.rglob("*")) if _counts(path, folder)]
    parts = {kind: [_entity(kind, name, value) for name, value in found.items()] for kind, found in by_kind.items()}
    parameters = [_entity("parameter", name, as_typed(value)) for name, value in document["parameters"].items()]
    asked = [_entity("asked", name, as_typed(value)) for name, value in given.items()]
    objects = [*parts["input"], *parts["rule"], *parts["notebook"], *parameters, *asked]
    graph: list[Entity] = [
        {"@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": VERSION}, "about": {"@id": "./"}},
        {
            "@id": "./", "@type": "Dataset", "name": f"kloof: {place}", "datePublished": document["data_date"],
            "description": f"Differences between neighbourhoods of {place}: figures, findings, verdicts and pages.",
            "license": {"@id": LICENCE}, "hasPart": _ids(files), "mentions": [{"@id": "#run"}],
        },
        {
            "@id": "#run", "@type": "CreateAction", "name": document["command"], "object": _ids(objects),
            "instrument": [{"@id": "#kloof"}], "result": [{"@id": "./"}],
        },
        {
            "@id": "#kloof", "@type": "SoftwareApplication", "name": "kloof", "version": document["kloof"],
            "hasPart": _ids(parts["module"]), "softwareRequirements": _ids(parts["package"]),
        },
        {"@id": LICENCE, "@type": "CreativeWork", "name": "CC BY 4.0"},
        *files, *parts["module"], *parts["package"], *objects,
    ]  # fmt: skip
    context = [f"{VERSION}/context", {"sha256": "https://schema.org/sha256"}]
    return {"@context": context, "@graph": sorted(graph, key=lambda entity: str(entity["@id"]))}


def _counts(path: Path, folder: Path) -> bool:
    """Tell whether a path is a file of the report; what a run keeps aside is not."""
    inner = path.relative_to(folder)
    return path.is_file() and inner.parts[0] != "parts" and inner.as_posix() not in (CRATE, *BESIDE)


def _file(path: Path, folder: Path) -> Entity:
    kind = {".ipynb": "application/x-ipynb+json"}.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return {
        "@id": path.relative_to(folder).as_posix(), "@type": "File", "name": path.name, "sha256": sha256(path),
        "contentSize": str(path.stat().st_size), "encodingFormat": kind or "application/octet-stream",
    }  # fmt: skip


def _entity(kind: str, name: str, value: str) -> Entity:
    """Describe something that is not in the folder."""
    types = {"package": "SoftwareApplication", "module": "SoftwareSourceCode", "notebook": "SoftwareSourceCode"}
    field = {"package": "version", "parameter": "value", "asked": "value"}.get(kind, "sha256")
    named = {"@id": f"#{kind}-{name}", "@type": types.get(kind, "CreativeWork"), "name": name, field: value}
    return {**named, "@type": "PropertyValue"} if field == "value" else named


def _ids(entities: Sequence[Entity]) -> list[dict[str, str]]:
    return [{"@id": str(entity["@id"])} for entity in entities]


def read(folder: Path) -> Recorded:
    """Read the crate of a report; raises ParameterError when there is none, or one that cannot be understood."""
    path = folder / CRATE
    if not path.is_file():
        raise ParameterError(f"{folder} has no {CRATE}: give the folder of a report, or make the report again.")
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        found: dict[str, dict[str, str]] = {kind: {} for kind in (*KINDS, "asked")}
        for entity in graph:
            kind = entity["@id"].removeprefix("#").partition("-")[0]
            if entity["@id"].startswith("#") and kind in found:
                value = next(entity[key] for key in ("sha256", "version", "value") if key in entity)
                found[kind][entity["name"]] = value
        files = {entity["@id"]: entity["sha256"] for entity in graph if entity["@type"] == "File"}
        asked = found.pop("asked")
        preset, languages = asked.pop("preset"), tuple(asked.pop("languages").split(","))
    except (json.JSONDecodeError, KeyError, StopIteration, AttributeError, TypeError) as problem:
        name = type(problem).__name__
        raise ParameterError(f"{path} is not a crate of kloof ({name}); make the report again.") from None
    return Recorded(preset, asked, languages, found, files)


def edited(folder: Path, recorded: Recorded) -> list[str]:
    """List the files of a report that are gone, were changed since, or are not of it."""
    return sorted(f"{name} {fault}" for name, fault in damage(folder, recorded).items())


def damage(folder: Path, recorded: Recorded) -> dict[str, str]:
    """Say of each file of a report that is not what was made what is wrong with it; a link is never what was made."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if _stands(path, folder)}
    found = {name: "is gone" for name in recorded.files if name not in there}
    found |= {name: "was added" for name in there if name not in recorded.files}
    changed = {name for name in there if name not in found and intact(folder, name, recorded) is None}
    return found | dict.fromkeys(changed, "is not what was made")


def intact(folder: Path, name: str, recorded: Recorded) -> bytes | None:
    """Read a file of a report as it was made; None when it is not there, is another, or a link leads to it."""
    path, inner = folder / name, PurePosixPath(name)
    if name not in recorded.files or inner.is_absolute() or ".." in inner.parts:
        return None
    if any((folder / one).is_symlink() for one in (inner, *inner.parents[:-1])):
        return None
    try:
        content = path.read_bytes() if path.is_file() else None
    except OSError:
        return None
    return content if content is not None and hashlib.sha256(content).hexdigest() == recorded.files[name] else None


def _stands(path: Path, folder: Path) -> bool:
    """Tell whether something in a report's folder must be a file of the report: all but its folders and bookkeeping."""
    inner = path.relative_to(folder)
    return (path.is_symlink() or not path.is_dir()) and inner.as_posix() not in (CRATE, *BESIDE)
