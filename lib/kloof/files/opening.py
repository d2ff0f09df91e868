"""Opens a file by what is in it, not by its name: SQLite, parquet, a workbook, JSON, a zip with one table, or text.

Anything else is refused by what it looks like. The bytes are read once; their hash travels along.
"""

import csv
import difflib
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.errors import SourceError, examples
from kloof.files.cells import SQLITE

PLAINLY_ELSE = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG photo",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-zip archive",
    b"Rar!": "a RAR archive",
}
MARKUP = ("<!doctype html", "<html", "<?xml", "<")
ROWS, META = ".rows.parquet", ".meta.json"
DELIMITERS = ",;|\t"
HEAD = 30  # lines looked at to see what separates the cells


@dataclass(frozen=True)
class Opened:
    """A file: its name, hash and bytes, and its content by `form`.

    `sqlite`: the bytes only; `parquet`: `table`; `workbook`: `sheets` by name; `json`: `content`; `text`: `rows` of
    cells. `inside` is the name of the member when it came out of a zip.
    """

    path: Path
    sha256: str
    data: bytes
    form: str
    table: pd.DataFrame | None = None
    sheets: dict[str, list[list[Any]]] | None = None
    content: Any = None
    rows: list[list[str]] | None = None
    inside: str = ""

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    def beside(self) -> dict[str, Any]:
        """Read what `kloof data fetch` noted about a table it got; empty for a file that somebody brought.

        Holds table, year, retrieved, columns (key, title with its topics, unit, type) and labels of codes. Raises
        SourceError when it is damaged.
        """
        place = self.path.with_name(self.path.name.removesuffix(ROWS) + META)
        if not self.path.name.endswith(ROWS) or not place.is_file():
            return {}
        try:
            return dict(json.loads(place.read_text(encoding="utf-8")))
        except (TypeError, ValueError) as problem:
            raise SourceError(f"{place.name} is damaged ({problem}). Get it again: kloof data fetch.") from None


def open_file(path: Path) -> Opened:
    """Read a file and tell its form. Raises SourceError saying what it looks like when nothing here reads it."""
    if not path.is_file():
        there = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, there, n=3, cutoff=0.4)
        hint = f" Nearest in that folder: {', '.join(near)}." if near else ""
        raise SourceError(f"{path.name} is not there.{hint}")
    data = path.read_bytes()
    if not data.strip():
        raise SourceError(f"{path.name} is empty. Download it again.")
    sha = hashlib.sha256(data).hexdigest()
    for start, what in PLAINLY_ELSE.items():
        if data.startswith(start):
            raise SourceError(f"{path.name} is {what}; kloof reads tables. Bring the table it was made from.")
    if data.startswith(SQLITE):
        return Opened(path, sha, data, "sqlite")
    if data.startswith(b"PAR1"):
        return Opened(path, sha, data, "parquet", table=_parquet(path, data))
    if data.startswith(b"PK"):
        return _zipped(path, sha, data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return Opened(path, sha, data, "workbook", sheets=_workbook(path.name, data))
    return _text(path, sha, data, path.name)


def _parquet(path: Path, data: bytes) -> pd.DataFrame:
    """Read a parquet file."""
    import pyarrow as pa

    try:
        return pd.read_parquet(io.BytesIO(data), engine="pyarrow")
    except (OSError, pa.ArrowException) as problem:
        reason = str(problem).partition("\n")[0]
        raise SourceError(f"{path.name} is a damaged parquet file ({reason}). Download it again.") from None


def _workbook(name: str, data: bytes) -> dict[str, list[list[Any]]]:
    """Read the sheets of an Excel workbook, xls or xlsx."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        return {sheet: book.get_sheet_by_name(sheet).to_python(skip_empty_area=False) for sheet in book.sheet_names}
    except (python_calamine.CalamineError, OSError, ValueError) as problem:
        raise SourceError(f"{name} is a damaged Excel workbook ({problem}). Download it again.") from None


def _zipped(path: Path, sha: str, data: bytes) -> Opened:
    """Open an xlsx, or the only table in a zip; files that macOS adds to a zip do not count."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" in names:
                return Opened(path, sha, data, "workbook", sheets=_workbook(path.name, data))
            members = [name for name in names if not name.startswith("__MACOSX/") and not name.endswith("/")]
            if len(members) != 1:
                raise SourceError(
                    f"{path.name} holds {len(members)} files ({examples(members)}). Unpack it and add its tables."
                )
            content = archive.read(members[0])
    except zipfile.BadZipFile as problem:
        raise SourceError(f"{path.name} is a damaged zip file ({problem}). Download it again.") from None
    return _text(path, sha, content, members[0])


def _text(path: Path, sha: str, data: bytes, name: str) -> Opened:
    """Read JSON or a table of text."""
    inside = name if name != path.name else ""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(
            f"{path.name} is neither text in UTF-8 nor a format that kloof reads. Save it as CSV UTF-8."
        ) from None
    start = text.lstrip()[:200].lower()
    if start.startswith(MARKUP):
        raise SourceError(
            f"{path.name} is a web page or XML, not a table: the download probably answered with a page. "
            "Download it again, and look at it in a browser first."
        )
    if start.startswith(("{", "[")):
        try:
            return Opened(path, sha, data, "json", content=json.loads(text), inside=inside)
        except json.JSONDecodeError as problem:
            raise SourceError(f"{path.name} is damaged JSON ({problem}). Download it again.") from None
    if "\x00" in text:
        raise SourceError(f"{path.name} is no text: it holds null bytes. Bring the table as CSV.")
    return Opened(path, sha, data, "text", rows=_cells(path, text), inside=inside)


def _cells(path: Path, text: str) -> list[list[str]]:
    """Split text into cells by the sign that splits most of its first lines."""
    head = text.splitlines()[:HEAD]
    delimiter = max(DELIMITERS, key=lambda sign: sum(_outside_quotes(line, sign) for line in head))
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if row]
    except csv.Error as problem:
        raise SourceError(f"{path.name} is a damaged CSV ({problem}). Download it again.") from None
    if not any(cell.strip() for row in rows for cell in row):
        raise SourceError(f"{path.name} is empty. Download it again.")
    return rows


def _outside_quotes(line: str, sign: str) -> int:
    """Count a sign outside quotes."""
    return sum(part.count(sign) for part in line.split('"')[::2])
