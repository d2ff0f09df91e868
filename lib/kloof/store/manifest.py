"""Where the parts of the store lie: one folder, one small manifest that says what counts, one lock for writers.

Every part gets a name of its own and is on disk before the manifest is replaced in one step; readers only follow the
manifest. A writer that is killed leaves files to which nothing points, and the next writer removes them.
"""

import errno
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kloof.catalogue import OWN
from kloof.errors import SourceError
from kloof.paths import project_folder, write_whole

if TYPE_CHECKING:
    import duckdb


MANIFEST = "manifest.json"
LOCK = ".lock"
PART = ".parquet"
FORMAT = 1
WAIT = 600.0  # seconds a writer waits for another one, which may be adding a national file
TRIES = 5  # times a reader starts again because a writer renewed the store under it
AGAIN = "Remove the folder data/store and add the files again: kloof data add FILE…"
ENGINE: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
Answer = TypeVar("Answer")


def store_folder() -> Path:
    """Folder of the store: data/store of the project."""
    return project_folder() / "data" / "store"


def engine() -> "duckdb.DuckDBPyConnection":
    """Start an engine in memory; it never goes to the network for an extension, and keeps nothing of a file."""
    import duckdb

    base = duckdb.connect(config=ENGINE)
    base.execute("set enable_external_file_cache = false")
    return base


@cache
def _running() -> "duckdb.DuckDBPyConnection":
    """Start the engine of this process's readers once: that takes longer than to read a municipality."""
    return engine()


@contextmanager
def reading() -> "Iterator[duckdb.DuckDBPyConnection]":
    """Give a reader its own place in the running engine."""
    cursor = _running().cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what the store consists of; without a manifest, nothing.

    Raises SourceError when the manifest is damaged or of another version, or when the engine cannot name the folder.
    """
    if set("*?[") & set(str(folder)):
        raise SourceError(f"The store cannot lie in {folder}: * ? and [ are patterns to its engine. Move the project.")
    try:
        content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"format": FORMAT, "generation": 0, "areas": None, "files": []}
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise SourceError(f"data/store/{MANIFEST} is damaged ({problem}). {AGAIN}") from None
    if content.get("format") != FORMAT:
        raise SourceError(f"data/store was made by another version of kloof. {AGAIN}")
    return content


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
                raise SourceError(f"data/store cannot be read: {problem} {AGAIN}") from None
    raise SourceError("data/store was renewed again and again while it was read. Try again when adding is done.")


@contextmanager
def writing(folder: Path) -> Iterator[dict[str, Any]]:
    """Wait for the turn to write, and give the manifest as it is then; what is written and does not count goes again.

    Raises SourceError when another writer does not finish in `WAIT` seconds, OSError when the disk takes no more.
    """
    import duckdb
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=WAIT):
            try:
                yield read_manifest(folder)
            except duckdb.IOException as problem:
                raise _of_the_system(problem, folder) from None
            finally:
                _sweep(folder, read_manifest(folder))
    except Timeout:
        raise SourceError(f"Another kloof has been writing to data/store for {WAIT:.0f} seconds. Try later.") from None


def logged(content: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """Add a line to the log of what was added, replaced and removed; the manifest carries it."""
    return {**content, "log": [*content.get("log", []), dict(line)]}


def replace_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Let a new manifest count; the writer removes parts to which it does not point, at its end.

    The indicators that mappings of its files register are written for the catalogue: before it counts those of it and
    of the one before, so that no row is ever of an indicator that is not known, and then those of it alone.
    """
    own, before = _own_indicators(content), _own_indicators(read_manifest(folder))
    if own or before:
        write_whole(folder / OWN.name, json.dumps({**before, **own}, ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / MANIFEST, json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n")
    if own != {**before, **own}:
        write_whole(folder / OWN.name, json.dumps(own, ensure_ascii=False, indent=1) + "\n")


def _sweep(folder: Path, content: Mapping[str, Any]) -> None:
    """Remove parts to which a manifest does not point, and what is unfinished."""
    pointed = {content["areas"]}
    pointed |= {entry.get(part) for entry in content["files"] for part in ("observations", "whole", "geometry")}
    for path in folder.iterdir():
        unfinished = path.name.startswith(".") and path.name != LOCK
        if unfinished or (path.suffix == PART and path.name not in pointed):
            path.unlink(missing_ok=True)


def _of_the_system(problem: Exception, folder: Path) -> Exception:
    """Give what the engine could not do to a file as the error of the system behind it, which it tells in words."""
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


def paths(folder: Path, entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Paths of the parts with observations."""
    return [str(folder / entry["observations"]) for entry in entries]
