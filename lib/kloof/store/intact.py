"""Whether the store is as it was written: its manifest carries the sha256 of every part, and a hash of itself.

A part is hashed when a process first reads it, and again when its file has changed. One that was written before kloof
kept hashes gets its hash when a file is added or removed; until then damage shows only where it cannot be read at all.
"""

import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kloof.errors import faults

if TYPE_CHECKING:
    import duckdb


HASHES = "hashes"  # of the parts, by name
NAMELESS = "without_areas"  # hashes of files whose areas were lost with a damaged part
LACKS = "lacks what was lost with an earlier one"
WHAT = {"areas": "the areas", "observations": "figures", "whole": "figures", "geometry": "boundaries"}
FETCHED = ".rows.parquet"
_SIGNED = re.compile(r'\{"check": "([0-9a-f]{64})", ')
_NAMES = re.compile(r'"name": ("(?:[^"\\]|\\.)*"), "observations"')
_LISTS = ("editions", "indicators", "municipalities", "set_aside", "source_ids", "sources", "years")
_KEYS = ("collection", "geometry", "kind", "name", "observations", "rows", "rows_read", "sha256")


def signed(content: Mapping[str, Any]) -> str:
    """Write a manifest with the hash of its own text at the front."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"
    return f'{{"check": "{_hash_of_text(text)}", {text[1:]}'


def opened(text: str) -> dict[str, Any]:
    """Read the text of a manifest. Raises ValueError that says what is wrong with it."""
    sign = _SIGNED.match(text)
    body = "{" + text[sign.end() :] if sign else text
    if sign and _hash_of_text(body) != sign[1]:
        raise ValueError("it is not what was written")
    content = json.loads(body)
    if not isinstance(content, dict) or "format" not in content:
        raise ValueError("it is no manifest")
    if HASHES in content and not sign:
        raise ValueError("the hash of its text is gone")
    return content


def unlike(content: Mapping[str, Any]) -> str:
    """Say what a manifest without a hash of its own lacks to be one; nothing when it has all it needs."""
    files = content.get("files")
    if not isinstance(content.get("generation"), int) or "areas" not in content or not isinstance(files, list):
        return "generation, areas or files are gone"
    for number, entry in enumerate(files, 1):
        if not isinstance(entry, dict) or not set(_KEYS) <= set(entry):
            return f"file {number} lacks keys"
        if odd := [key for key in _LISTS if not isinstance(entry.get(key), list)]:
            return f"file {number} has no {', '.join(odd)}"
    return ""


def _hash_of_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def named_in(text: str) -> list[str]:
    """Name the files of which a damaged manifest still speaks."""
    return list(dict.fromkeys(json.loads(name, strict=False) for name in _NAMES.findall(text)))


def pointed(content: Mapping[str, Any]) -> dict[str, tuple[str, list[Mapping[str, Any]]]]:
    """Name the parts that count: what each holds, and the entries of the files that this is of."""
    found: dict[str, tuple[str, list[Mapping[str, Any]]]] = {}
    if content["areas"]:
        lost = [entry for entry in content["files"] if entry["sha256"] in content.get(NAMELESS, ())]
        found[content["areas"]] = ("areas", lost or list(content["files"]))
    for entry in content["files"]:
        for kind in ("observations", "whole", "geometry"):
            if name := entry.get(kind):
                entries = found.setdefault(name, (kind, []))[1]
                entries += [entry] * (entry not in entries)
    return found


def unhashed(content: Mapping[str, Any]) -> list[str]:
    """Name the parts that were written before kloof kept hashes."""
    return [name for name in pointed(content) if name not in content.get(HASHES, {})]


@lru_cache(maxsize=4096)
def _hash_of_file(path: Path, *state: int) -> str:
    """Hash a file; `state` tells it from what stood there before."""
    del state
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of(path: Path) -> str:
    """Hash a part, once a process as long as its file does not change. Raises OSError."""
    now = path.stat()
    return _hash_of_file(path, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)


def damaged(folder: Path, content: Mapping[str, Any], names: Iterable[str] | None = None) -> dict[str, str]:
    """Say what is wrong with each of these parts (or of all) that is not as it was written."""
    found = {}
    for name in pointed(content) if names is None else names:
        wanted = content.get(HASHES, {}).get(name)
        try:
            if wanted and hash_of(folder / name) != wanted:
                found[name] = "is not what was written"
            elif not (folder / name).is_file():
                found[name] = "is gone"
            elif name == content["areas"] and content.get(NAMELESS):
                found[name] = LACKS
        except FileNotFoundError:
            found[name] = "is gone"
        except OSError as problem:
            found[name] = f"cannot be read ({problem.strerror})"
    return found


def part(folder: Path, content: Mapping[str, Any], name: str) -> str:
    """Give the path of a part that is as it was written. Raises OSError when it is not."""
    for one, what in damaged(folder, content, [name]).items():
        raise OSError(f"{one} {what}")
    return str(folder / name)


def unreadable(base: "duckdb.DuckDBPyConnection", folder: Path, content: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong with each damaged part; one without a hash is read whole to see whether that can be done."""
    import duckdb

    found = damaged(folder, content)
    for name in set(unhashed(content)) - found.keys():
        try:
            base.sql("select * from read_parquet($path)", params={"path": str(folder / name)}).to_arrow_table()
        except duckdb.Error as problem:
            found[name] = f"cannot be read ({str(problem).splitlines()[0]})"
    return found


def told(found: Mapping[str, str], content: Mapping[str, Any]) -> str:
    """Write which parts are damaged, the files they are of, and how to have them whole again."""
    parts, said = pointed(content), []
    again: dict[str, Mapping[str, Any]] = {}
    for name, what in found.items():
        kind, entries = parts[name]
        said.append(f"{name} ({WHAT[kind]} of {', '.join(entry['name'] for entry in entries)}) {what}.")
        again |= {entry["name"]: entry for entry in entries}
    files = "it" if len(again) == 1 else "them"
    ways = " and ".join(command(entry["name"], entry.get("options", ())) for entry in again.values())
    return faults(
        "data/store", said,
        f"The rest is whole. Add {files} again: {ways}. Without the file: kloof data remove "
        f"{shlex.quote(next(iter(again)))}.",
    )  # fmt: skip


def command(name: str, options: Iterable[str] = ()) -> str:
    """Write the command that adds a file as it was added before."""
    said = " ".join([shlex.quote(name), *(one for one in options if one != "--replace")])
    return f"kloof data add {said}" + (" (it lies below data/raw)" if name.endswith(FETCHED) else "")
