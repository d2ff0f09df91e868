"""How large what comes in may be: a file, what is packed in it, a row, a cell, a database that is asked.

What is larger, or no file at all, is refused by name, with the ceiling and with what to do, before it is taken apart:
in seconds and in less than a gigabyte. The ceilings lie far above the largest tables that CBS, RIVM and the police
publish.
"""

import csv
import io
import json
import sqlite3
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any

from kloof.errors import SourceError, refusal

MILLION = 1_000_000
FILE = 500 * MILLION  # bytes of a file
TEXT = 125 * MILLION  # bytes of text or JSON, packed or not
WRITTEN = 5 * MILLION  # bytes of a text that a person wrote, such as a mapping
UNPACKED = 250 * MILLION  # bytes of all that is unpacked from one file, whatever its head says
MEMBERS = 10_000  # files in a zip
WIDEST = 16_384  # of a table; Excel has no more
CELLS = 10 * MILLION  # of all tables of a file; in JSON values, of which an object is four
ROW = 16 * MILLION  # signs of a row of text
BLOB = 64 * MILLION  # bytes of a cell of a database
SECONDS = 10.0  # that a database may take to answer
STEPS = 100 * MILLION  # the same, in steps; ten million cells take 20 million
OFTEN = 1_000  # steps of a database after which it is looked at
CENTRAL = b"PK\x01\x02"  # begin of the entry of a file in the list at the end of a zip
NO_FILES = {
    stat.S_IFDIR: "a folder; name the files in it",
    stat.S_IFIFO: "a pipe; write what comes out of it to a file first",
    stat.S_IFSOCK: "a socket, no file with a table",
    stat.S_IFCHR: "a device, no file with a table",
    stat.S_IFBLK: "a device, no file with a table",
    stat.S_IFLNK: "a link; bring the file that it leads to",
}


def too_much(where: str, what: str, ceiling: int | float, unit: str, way_out: str) -> SourceError:
    """Make the error that says what is above which ceiling, and what to do."""
    return SourceError(f"{where} {what}; kloof reads at most {ceiling:,.0f} {unit}. {way_out}")


def is_there(path: Path) -> bool:
    """Tell whether there is a file; raise SourceError for a link that leads nowhere and for what is no file."""
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError):  # not there; a name too long, with a null byte, behind a loop of links, not ours
        if path.is_symlink():
            raise SourceError(f"{path.name} is a link that leads nowhere. Bring the file itself.") from None
        return False
    if kind != stat.S_IFREG:
        raise SourceError(f"{path.name} is {NO_FILES.get(kind, 'no file')}.")
    return True


def content_of(path: Path, most: int = FILE) -> bytes:
    """Read a file whole. Raises SourceError when it is no file, cannot be opened, or is larger than `most` bytes."""
    is_there(path)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            data = file.read(most + 1) if size <= most else b""
    except OSError as problem:
        raise SourceError(refusal(problem)) from None
    if size > most or len(data) > most:
        size = max(size, len(data))
        raise too_much(path.name, f"has {size:,} bytes", most, "bytes", "Leave out what is not needed, or split it.")
    return data


@contextmanager
def in_bounds(name: str) -> Iterator[None]:
    """Turn what Python gives up on in the content of a file into a SourceError."""
    try:
        yield
    except RecursionError:
        raise SourceError(f"{name} has values in values, hundreds deep. Bring a table: rows and columns.") from None
    except MemoryError:
        raise SourceError(f"{name} takes more memory than there is. Leave out what is not needed.") from None
    except UnicodeEncodeError as problem:
        raise SourceError(f"{name} holds half a sign ({problem.object[problem.start]!a}). Correct it.") from None
    except OverflowError as problem:
        raise SourceError(f"{name} holds a number that is too large ({problem}). Correct it.") from None


def parsed_json(name: str, data: bytes) -> Any:
    """Parse JSON in UTF-8. Raises SourceError when it is damaged, or holds too many values or too long a number."""
    if len(data) > TEXT:
        raise too_much(name, f"holds {len(data):,} bytes of JSON", TEXT, "bytes", "Split it.")
    values = data.count(b",") + data.count(b"[") + 3 * data.count(b"{")
    if values > CELLS:
        raise too_much(name, f"holds some {values:,} values", CELLS, "values", "Split it, or leave out detail.")
    with in_bounds(name):
        try:
            return json.loads(data.decode("utf-8-sig"))
        except json.JSONDecodeError as problem:
            raise SourceError(f"{name} is damaged JSON ({problem}). Download it again.") from None
        except UnicodeDecodeError:
            raise SourceError(f"{name} is no JSON in UTF-8. Save it as UTF-8.") from None
        except ValueError:  # what int() says of a number above its own ceiling
            most = sys.get_int_max_str_digits()
            raise SourceError(f"{name} holds a number of more than {most:,} digits. Correct it.") from None


def split_rows(name: str, data: bytes, delimiter: str, newline: str = "\n") -> list[list[str]]:
    """Split text in UTF-8 into rows of cells, without empty rows.

    Raises SourceError when it is damaged (such as a quote that never closes) or a row, a cell, the columns or all
    cells are above their ceiling.
    """
    if len(data) > TEXT:
        raise too_much(name, f"holds {len(data):,} bytes of text", TEXT, "bytes", "Split it, or leave out columns.")
    pending = 0

    def lines() -> Iterator[str]:
        nonlocal pending
        for line in io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=newline):
            pending += len(line)
            if pending > ROW:
                where = f"{name}, line {reader.line_num + 1},"
                raise too_much(where, "is in a row without end", ROW, "signs", "Is it a table? Look at its quotes.")
            yield line

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    rows, cells = [], 0
    try:
        for row in reader:
            pending = 0
            if row:
                rows.append(row)
                cells += len(row)
                check_size(f"{name}, line {reader.line_num},", len(row), cells)
    except csv.Error as problem:
        line = reader.line_num
        if "field limit" in str(problem):
            raise too_much(
                f"{name}, line {line},", "has a cell without end", csv.field_size_limit(), "signs",
                "A quote is probably not closed: look there.",
            ) from None  # fmt: skip
        raise SourceError(f"{name} is a damaged CSV at line {line} ({problem}). Download it again.") from None
    return rows


def check_text(name: str, data: bytes, signs: str) -> str:
    """Refuse text above a ceiling before another program splits it; give which of `signs` parts its titles."""
    if len(data) > TEXT:
        raise too_much(name, f"holds {len(data):,} bytes of text", TEXT, "bytes", "Split it, or leave out columns.")
    if b"\x00" in data:
        raise SourceError(f"{name} is no text: it holds null bytes. Bring the table as CSV in UTF-8.")
    head = data[:ROW].partition(b"\n")[0]
    mark = max(signs, key=lambda sign: head.count(sign.encode()))
    columns = head.count(mark.encode()) + 1
    check_size(name, columns, columns * (data.count(b"\n") + 1))
    return mark


def check_size(where: str, columns: int, cells: int = 0, most: int = CELLS) -> None:
    """Refuse a table with too many columns, or a file with too many cells."""
    if columns > WIDEST:
        raise too_much(where, f"has {columns:,} columns", WIDEST, "columns", "Bring areas as rows, figures as columns.")
    if cells > most:
        way_out = "Split the file, or leave out the rows and columns that are not needed."
        raise too_much(where, f"goes on after {most:,} cells", most, "cells", way_out)


ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, OverflowError, RuntimeError, struct.error,
    ValueError,
)  # fmt: skip


@contextmanager
def zipped(name: str, data: bytes) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """Open a zip and give what is in it, folders apart.

    Raises SourceError when it is damaged, also in what is done with it, or holds too many files.
    """
    number = data.count(CENTRAL)
    if number > MEMBERS:
        raise too_much(name, f"holds {number:,} files", MEMBERS, "files", "Bring the one with the table.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive, [one for one in archive.infolist() if not one.is_dir()]
    except ZIP_FAULTS as problem:
        raise SourceError(f"{name} is a damaged zip file ({problem}). Download it again.") from None


def unpacked(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int = UNPACKED) -> bytes:
    """Unpack a file in a zip, counting its bytes while they come out: what its head says is not believed.

    Raises SourceError when it is encrypted, a link or a device, packed in a rare way, or larger than `most`.
    """
    where = f"{name}: {member.filename}"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise SourceError(f"{where} in it is {NO_FILES.get(kind, 'no file')}.")
    if member.flag_bits & 1:
        raise SourceError(f"{where} in it is encrypted. Unpack it with its password, and bring what is in it.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise SourceError(
            f"{where} in it is packed in a way that few programs read. Unpack it, and bring what is in it."
        )
    with archive.open(member) as packed:
        return _counted(where, packed, member.compress_size, most)


def gunzipped(name: str, data: bytes) -> bytes:
    """Unpack gzip, counting the bytes while they come out. Raises SourceError when it is damaged or too large."""
    import gzip

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            return _counted(name, packed, len(data), UNPACKED)
    except (OSError, EOFError, zlib.error) as problem:
        raise SourceError(f"{name} is a damaged gzip archive ({problem}). Download it again.") from None


def _counted(where: str, packed: Any, size: int, most: int) -> bytes:
    """Read what is packed in `size` bytes up to a ceiling."""
    found = bytearray()
    while part := packed.read(MILLION):
        found += part
        if len(found) > most:
            told = f"unpacks {size:,} bytes to more than {most:,}"
            raise too_much(where, told, UNPACKED, "bytes of one file", "Unpack it, and bring the part that is needed.")
    return bytes(found)


@contextmanager
def database(path: Path, what: str = "SQLite database") -> Iterator[sqlite3.Connection]:
    """Open a SQLite database to read it; one that does not come to an end is stopped.

    Raises SourceError when it is damaged, also in what is asked of it, or takes too long to answer.
    """
    until, steps = monotonic() + SECONDS, 0

    def enough() -> bool:
        nonlocal steps
        steps += OFTEN
        return steps > STEPS or monotonic() > until

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, BLOB)
            base.execute("PRAGMA trusted_schema = OFF")
            base.set_progress_handler(enough, OFTEN)
            yield base
    except (sqlite3.DatabaseError, UnicodeDecodeError) as problem:
        if str(problem) == "interrupted":
            raise SourceError(
                f"{path.name} does not come to an end: a table in it is computed, and takes more than {STEPS:,} steps. "
                "Bring its tables as CSV."
            ) from None
        raise SourceError(f"{path.name} is a damaged {what} ({problem}). Download it again.") from None


def database_table(base: sqlite3.Connection, table: str) -> tuple[list[str], list[Any]]:
    """Read a table of a SQLite database: its titles and its rows. Raises SourceError above a ceiling."""
    quoted = '"{}"'.format(table.replace('"', '""'))
    computed = any(row[6] for row in base.execute(f"PRAGMA table_xinfo({quoted})")) or _is_view(base, table)
    cursor = base.execute(f"SELECT * FROM {quoted}")
    titles = [column[0] for column in cursor.description]
    rows: list[Any] = []
    size = 0
    while part := cursor.fetchmany(1 if computed else OFTEN):
        rows += part
        check_size(f"table {table}", len(titles), len(rows) * len(titles))
        if computed:  # what is stored is not larger than the file
            size += sum(map(sys.getsizeof, chain.from_iterable(part)))
            if size > UNPACKED:
                raise too_much(f"table {table}", "is computed, and goes on", UNPACKED, "bytes", "Bring it as CSV.")
    return titles, rows


def _is_view(base: sqlite3.Connection, table: str) -> bool:
    """Tell whether a table is a view: a question that is asked again each time."""
    return bool(base.execute("SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = ?", [table]).fetchall())
