"""Where the parts of the store lie: one folder, one small manifest that says what counts, one lock for writers.

Every part gets a name of its own and is on disk before the manifest is replaced in one step; readers only follow the
manifest. A writer that is killed leaves files to which nothing points, and the next writer removes them. The manifest
lies there twice: where the first is damaged, readers and writers follow its copy.
"""

import errno
import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

from kloof.catalogue import OWN
from kloof.errors import SourceError
from kloof.paths import project_folder, write_whole
from kloof.store import intact

if TYPE_CHECKING:
    import duckdb


MANIFEST, COPY = "manifest.json", "manifest.copy.json"
LOCK = ".lock"
PART = ".parquet"
FORMAT = 1
WAIT = 600.0  # seconds a writer waits for another one, which may be adding a national file
TRIES = 5  # times a reader starts again because a writer renewed the store under it
ANEW = "Rename data/store, so that nothing in it is lost, and add its files again:"
ENGINE: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
Answer = TypeVar("Answer")
_engines: dict[int, "duckdb.DuckDBPyConnection"] = {}  # by process


def store_folder() -> Path:
    """Folder of the store: data/store of the project."""
    return project_folder() / "data" / "store"


def engine() -> "duckdb.DuckDBPyConnection":
    """Start an engine in memory; it never goes to the network for an extension, and keeps nothing of a file."""
    import duckdb

    base = duckdb.connect(config=ENGINE)
    base.execute("set enable_external_file_cache = false")
    return base


def _running() -> "duckdb.DuckDBPyConnection":
    """Give the engine of this process's readers, started once: that takes longer than to read a municipality.

    A copy of the process has none of the engine's threads, and would wait for them without end: it starts its own.
    """
    own = os.getpid()
    if own not in _engines:
        _engines[own] = engine()
    return _engines[own]


@contextmanager
def reading() -> "Iterator[duckdb.DuckDBPyConnection]":
    """Give a reader its own place in the running engine."""
    cursor = _running().cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what the store consists of; without a manifest, nothing. Where it is damaged its copy says the same.

    Raises SourceError when both are damaged or of another version, or when the engine cannot name the folder.
    """
    if set("*?[") & set(str(folder)):
        raise SourceError(f"The store cannot lie in {folder}: * ? and [ are patterns to its engine. Move the project.")
    spoilt: dict[str, str] = {}
    for name in (MANIFEST, COPY):
        try:
            content = intact.opened((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (ValueError, OSError) as problem:
            spoilt[name] = str(problem)
            continue
        if content["format"] != FORMAT:
            made = f"data/store was made by another version of kloof (format {content['format']}, not {FORMAT})."
            raise SourceError(f"{made} Use that one, or begin anew. {ANEW} kloof data add FILE…")
        if not (lack := intact.unlike(content)):
            return content
        spoilt[name] = lack
    if not spoilt:
        return {"format": FORMAT, "generation": 0, "areas": None, "files": []}
    whole = "; ".join(f"data/store/{name} is damaged ({problem})" for name, problem in spoilt.items())
    left = " ".join((folder / name).read_text(encoding="utf-8", errors="replace") for name in spoilt)
    again = " ".join(map(quote, intact.named_in(left))) or "FILE…"
    raise SourceError(f"{whole}, and no whole copy lies beside it. {ANEW} kloof data add {again}")


def damage(folder: Path | None = None) -> list[str]:
    """Look at the whole store, every part of it: say what is damaged, and how to mend it."""
    place = folder or store_folder()
    try:
        content = read_manifest(place)
    except SourceError as problem:
        return [str(problem)]
    way_out, found = "the other is followed, and the next kloof data add writes both", []
    for name in (MANIFEST, COPY):
        try:
            intact.opened((place / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            if intact.HASHES in content:
                found.append(f"data/store/{name} is gone; {way_out}")
        except (ValueError, OSError) as problem:
            found.append(f"data/store/{name} is damaged ({problem}); {way_out}")
    return found + list(filter(None, [_told(place, content)]))


def _told(folder: Path, content: Mapping[str, Any]) -> str:
    """Say which parts are damaged; nothing when none is."""
    with reading() as base:
        spoilt = intact.unreadable(base, folder, content)
    return intact.told(spoilt, content) if spoilt else ""


def follow(folder: Path, ask: Callable[[Mapping[str, Any]], Answer]) -> Answer:
    """Answer a question from the manifest; start again when a writer renewed the store in the meantime.

    Raises SourceError when a part is missing or damaged.
    """
    import duckdb

    for _ in range(TRIES):
        manifest = read_manifest(folder)
        try:
            return ask(manifest)
        except (duckdb.Error, OSError) as problem:
            if read_manifest(folder)["generation"] == manifest["generation"]:
                raise SourceError(_explained(folder, manifest, problem)) from None
    raise SourceError("data/store was renewed again and again while it was read. Try again when adding is done.")


def _explained(folder: Path, manifest: Mapping[str, Any], problem: Exception) -> str:
    """Say which parts make that the store cannot be read, or that none of them is damaged."""
    whole = f"data/store cannot be read: {problem} Its parts are whole: look at memory and disk, then try again."
    return _told(folder, manifest) or whole


@contextmanager
def writing(folder: Path) -> Iterator[dict[str, Any]]:
    """Wait for the turn to write, and give the manifest as it is then; what is written and does not count goes again.

    Raises SourceError when another writer does not finish in `WAIT` seconds or a part turns out to be damaged, OSError
    when the disk takes no more.
    """
    import duckdb
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=WAIT):
            manifest = read_manifest(folder)
            try:
                yield manifest
            except duckdb.Error as problem:
                raise _not_written(folder, manifest, problem) from None
            finally:
                _sweep(folder, read_manifest(folder))
    except Timeout:
        raise SourceError(f"Another kloof has been writing to data/store for {WAIT:.0f} seconds. Try later.") from None


def logged(content: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """Add a line to the log of what was added, replaced and removed; the manifest carries it."""
    return {**content, "log": [*content.get("log", []), dict(line)]}


def replace_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Let a new manifest count; the writer removes parts to which it does not point, at its end.

    It gets the hash of each part that has none in it: those that were just written.

    The indicators that mappings of its files register are written for the catalogue: before it counts those of it and
    of the one before, so that no row is ever of an indicator that is not known, and then those of it alone.
    """
    own, before = _own_indicators(content), _own_indicators(read_manifest(folder))
    if own or before:
        write_whole(folder / OWN.name, json.dumps({**before, **own}, ensure_ascii=False, indent=1) + "\n")
    here = {entry["sha256"] for entry in content["files"]}
    content = {**content, intact.NAMELESS: [sha for sha in content.get(intact.NAMELESS, ()) if sha in here]}
    hashes = content.get(intact.HASHES, {})
    hashes = {name: hashes.get(name) or intact.hash_of(folder / name) for name in sorted(intact.pointed(content))}
    for name in (MANIFEST, COPY):
        write_whole(folder / name, intact.signed({**content, intact.HASHES: hashes}))
    if own != {**before, **own}:
        write_whole(folder / OWN.name, json.dumps(own, ensure_ascii=False, indent=1) + "\n")


def _sweep(folder: Path, content: Mapping[str, Any]) -> None:
    """Remove parts to which a manifest does not point, and what is unfinished."""
    pointed = intact.pointed(content)
    for path in folder.iterdir():
        unfinished = path.name.startswith(".") and path.name != LOCK
        if unfinished or (path.suffix == PART and path.name not in pointed):
            path.unlink(missing_ok=True)


def _not_written(folder: Path, manifest: Mapping[str, Any], problem: Exception) -> Exception:
    """Give what the engine could not do: a damaged part, else the error of the system behind it, told in words."""
    if told := _told(folder, manifest):
        return SourceError(told)
    for number in errno.errorcode:
        if os.strerror(number) in str(problem):
            return OSError(number, os.strerror(number), str(folder))
    return SourceError(f"data/store cannot be written: {problem}")


def _own_indicators(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give the indicators that the mappings of the files register."""
    found: dict[str, Any] = {}
    for entry in content["files"]:
        if entry.get("mapping"):
            found |= tomllib.loads(entry["mapping"]["text"]).get("indicator", {})
    return found
