"""Keeps what was downloaded, as it was served: files named by their hash, and one lock file that says which hold.

    data/raw/kloof.lock.json                                              what there is; the only pointer to a file
    data/raw/kwb/83765NED/83765NED_2017_GM0758.1a2b3c4d5e6f.rows.parquet   all columns as served
    data/raw/kwb/83765NED/83765NED_2017_GM0758.1a2b3c4d5e6f.meta.json      table, version, columns, names of codes
    data/raw/.partial/…                                                    pages of a download that was not finished

A file is written beside its place and moved there; a new version gets another name, so nothing that is pointed to is
ever written over. Whatever is cut off at whatever moment leaves the old lock file, and the pages that were finished.
"""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from kloof.errors import FetchError, SourceError
from kloof.fetch.bounds import UnfitError
from kloof.fetch.table import Page, Row

LOCK = "kloof.lock.json"
FORM = 1  # of the lock file
PARTIAL = ".partial"
ROWS, META = ".rows.parquet", ".meta.json"
HALF = ".half"  # of a file that is being written
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_SHOWN = 12  # characters of a hash in a name


@dataclass(frozen=True)
class Entry:
    """One file of the lock: what it holds, of which version, when it came.

    A file with 0 rows and no name records that the table has nothing for this area: it is not asked for again.
    """

    source: str
    table: str
    year: int
    region: str
    columns: str
    version: str
    filter: str
    retrieved: str
    file: str = ""
    sha256: str = ""
    meta_sha256: str = ""
    rows: int = 0
    bytes: int = 0

    @property
    def key(self) -> str:
        """Name of the entry in the lock file."""
        return f"{self.source}/{self.table}/{self.year}/{self.region}"


@dataclass(frozen=True)
class Held:
    """What the lock says of one key: the copy in use, one that waits to be accepted, and those it replaced."""

    current: Entry
    beside: Entry | None = None
    earlier: tuple[Entry, ...] = ()


def folder(home: Path) -> Path:
    """Folder of everything downloaded."""
    return home / "data" / "raw"


def read_lock(home: Path) -> dict[str, Held]:
    """Read the lock file; without one there is nothing. Raises SourceError when it is damaged."""
    path = folder(home) / LOCK
    if not path.is_file():
        return {}
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        if parts["form"] != FORM:
            raise SourceError(f"{path.name} has form {parts['form']}; this kloof reads form {FORM}. Update kloof.")
        return {key: _held(part) for key, part in parts["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise SourceError(
            f"data/raw/{path.name} is damaged ({problem}). Put a copy of it back, or move it away and run kloof data "
            f"fetch again, which then downloads everything anew."
        ) from None


def _held(part: Mapping[str, Any]) -> Held:
    """Read one key of the lock file."""
    beside = part.get("beside")
    earlier = tuple(_entry(entry) for entry in part.get("earlier", []))
    return Held(_entry(part["current"]), _entry(beside) if beside else None, earlier)


def _entry(part: Mapping[str, Any]) -> Entry:
    """Read one entry. Raises ValueError when something in it cannot be, such as a file elsewhere."""
    entry = Entry(**part)
    for about in fields(Entry):
        if type(part[about.name]) is not about.type:
            raise ValueError(f"{about.name} of {entry.source}/{entry.table} is {part[about.name]!r}")
    if (place := PurePosixPath(entry.file)).is_absolute() or ".." in place.parts:
        raise ValueError(f"{entry.file} is not a file in data/raw")
    return entry


def write_lock(home: Path, held: Mapping[str, Held]) -> None:
    """Write the lock file whole, sorted, so that two machines with the same files have the same lock."""
    files = {}
    for key in sorted(held):
        part: dict[str, Any] = {"current": asdict(held[key].current)}
        if beside := held[key].beside:
            part["beside"] = asdict(beside)
        if held[key].earlier:
            part["earlier"] = [asdict(entry) for entry in held[key].earlier]
        files[key] = part
    text = json.dumps({"form": FORM, "files": files}, indent=1, sort_keys=True, ensure_ascii=False)
    write_whole(folder(home) / LOCK, (text + "\n").encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in one move: beside its place, to the disk, then renamed.

    Raises FetchError when the disk is full; what stood there before still stands there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}{HALF}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as problem:
        beside.unlink(missing_ok=True)
        if problem.errno in FULL:
            raise FetchError(
                f"the disk is full: {len(data):,} bytes for {path.name} do not fit in {path.parent}. What was there is "
                f"untouched and finished pages are kept: make room and run the same command again."
            ) from None
        raise


def sweep(home: Path) -> None:
    """Remove what was half written when an earlier download was cut off. Only while no other download runs."""
    for half in folder(home).rglob(f".*{HALF}"):
        half.unlink(missing_ok=True)


def sha256(data: bytes) -> str:
    """Hash bytes."""
    return hashlib.sha256(data).hexdigest()


def fault(home: Path, entry: Entry) -> str:
    """Say what is wrong with the file of an entry; empty when it is there and its hash fits."""
    if not entry.file:
        return ""
    path = folder(home) / entry.file
    for place, expected in ((path, entry.sha256), (meta_path(path), entry.meta_sha256)):
        if not place.is_file():
            return f"{place.name} is not there"
        got = sha256(place.read_bytes())
        if got != expected:
            return f"{place.name} has sha256 {got[:_SHOWN]}…, the lock file says {expected[:_SHOWN]}…"
    return ""


def meta_path(path: Path) -> Path:
    """Metadata file that belongs to a file of rows, or to a file taken as it is."""
    return path.with_name(path.name.removesuffix(ROWS) + META)


def stem(table: str, year: int, region: str) -> str:
    """Begin of a file name, safe on every system."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', table)}_{year}_{region}"


def store(home: Path, entry: Entry, data: bytes, meta: Mapping[str, Any], suffix: str = ROWS) -> Entry:
    """Write rows and metadata, both whole, and return the entry with name, hashes and size. The lock is not touched.

    The name carries a hash of both: another version of the same rows is another file.
    """
    content = sha256(data)
    text = (json.dumps({**meta, "sha256": content}, indent=1, ensure_ascii=False) + "\n").encode()
    table = re.sub(r"[^A-Za-z0-9]+", "-", entry.table)
    both = sha256(data + text)[:_SHOWN]
    name = f"{entry.source}/{table}/{stem(entry.table, entry.year, entry.region)}.{both}{suffix}"
    path = folder(home) / name
    write_whole(path, data)
    write_whole(meta_path(path), text)
    return replace(entry, file=name, sha256=content, meta_sha256=sha256(text), bytes=len(data))


def discard(home: Path, entry: Entry) -> None:
    """Remove the files of an entry that the lock file no longer names."""
    path = folder(home) / entry.file
    meta_path(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def parquet(rows: Sequence[Row], columns: Sequence[str], where: str) -> bytes:
    """Write rows as parquet, every cell as it was served: texts stay texts with their blanks.

    Raises UnfitError when one column holds texts and numbers at once.
    """
    import pyarrow as pa
    from pyarrow import parquet as pq

    arrays = {}
    for name in columns:
        try:
            arrays[name] = pa.array([row.get(name) for row in rows])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as problem:
            raise UnfitError(
                f"{where}: column {name} mixes kinds of cells ({str(problem)[:80]}). Nothing of it was stored."
            ) from None
    whole = BytesIO()
    pq.write_table(pa.table(arrays), whole, compression="zstd")
    return whole.getvalue()


def read_meta(path: Path) -> dict[str, Any]:
    """Read the metadata of a file. Raises SourceError when they are damaged."""
    beside = meta_path(path)
    try:
        meta = json.loads(beside.read_text(encoding="utf-8"))
        if isinstance(meta, dict):
            return meta
        why = "they are no object"
    except (ValueError, RecursionError) as problem:
        why = str(problem)
    raise SourceError(f"{beside.name} is damaged ({why}). Get it again: kloof data fetch.")


def read_raw(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a downloaded table: its rows as they were served, and its metadata.

    Takes the path of a `….rows.parquet`. The metadata hold table, title, version, source, year, region, retrieved,
    filter, `columns` and `other_columns` (not stored), each with key, title, unit, type, and `labels` (dimension →
    code → name). Text columns are pandas `str`; a cell the server gave as null is missing.
    Raises SourceError when either file is missing or not what it was when it was written.
    """
    beside = meta_path(path)
    if absent := [place.name for place in (path, beside) if not place.is_file()]:
        raise SourceError(f"{', '.join(absent)}: not in {path.parent}. Get it again: kloof data fetch.")
    data, meta = path.read_bytes(), read_meta(path)
    if sha256(data) != meta.get("sha256"):
        raise SourceError(
            f"{path.name} is damaged: its hash is not that of its metadata. Get it again: kloof data fetch."
        )
    return pd.read_parquet(BytesIO(data)), meta


@dataclass(frozen=True)
class Done:
    """A finished page: its rows, the address of the next page, bytes that came, and the number of all rows if told."""

    rows: int
    next: str | None
    size: int
    total: int | None


class Pages:
    """Pages of one download, in order, on disk: a table may be larger than memory before it is known to be right.

    `stamp` is what the pages belong to: the address, the version of the table, its number of rows. Pages of another
    stamp are thrown away and counted in `thrown_away`; pages that were kept are in `done`, `resumed` of them from an
    earlier run. `keys` are the columns of the first row.
    """

    def __init__(self, home: Path, name: str, stamp: Mapping[str, Any]):
        self.place = folder(home) / PARTIAL / name
        self.done: list[Done] = []
        self.keys: frozenset[str] = frozenset()
        self.thrown_away = 0
        head, wanted = self.place / "stamp.json", json.dumps(stamp, sort_keys=True).encode()
        if head.is_file() and head.read_bytes() == wanted:
            while page := self._page(len(self.done) + 1):
                self._enter(page)
        else:
            self.thrown_away = len(list(self.place.glob("page_*.json")))
            self.discard()
            write_whole(head, wanted)
        self.resumed = len(self.done)

    def _page(self, number: int) -> Page | None:
        """Read one page; None when it is not there or not whole."""
        try:
            parts = json.loads(self._path(number).read_text(encoding="utf-8"))
            page = Page(parts["rows"], parts["next"], parts["size"], parts["total"])
            return page if all(isinstance(row, dict) for row in page.rows) else None
        except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _path(self, number: int) -> Path:
        return self.place / f"page_{number:06}.json"

    def _enter(self, page: Page) -> None:
        """Count one more page."""
        if page.rows and not self.keys:
            self.keys = frozenset(page.rows[0])
        self.done.append(Done(len(page.rows), page.next, page.size, page.total))

    def add(self, page: Page) -> None:
        """Keep one more page."""
        text = json.dumps({"next": page.next, "size": page.size, "total": page.total, "rows": page.rows})
        write_whole(self._path(len(self.done) + 1), text.encode())
        self._enter(page)

    def all_rows(self) -> list[Row]:
        """Read all rows so far, in order. Raises FetchError when a page is no longer what it was."""
        found: list[Row] = []
        for number in range(1, len(self.done) + 1):
            page = self._page(number)
            if page is None or len(page.rows) != self.done[number - 1].rows:
                self.discard()
                raise FetchError(
                    f"{self.place.name}: page {number} is no longer what it was. Run the same command again."
                )
            found += page.rows
        return found

    @property
    def rows(self) -> int:
        """Number of rows so far."""
        return sum(page.rows for page in self.done)

    @property
    def size(self) -> int:
        """Bytes that came over the line for these pages."""
        return sum(page.size for page in self.done)

    def discard(self) -> None:
        """Throw everything away."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.done, self.keys = [], frozenset()
