"""Opens a file by what is in it, not by its name: SQLite, parquet, a workbook, JSON, dBase or text, packed or not.

Anything else is refused by what it looks like. The bytes are read once; their hash travels along.
"""

import csv
import difflib
import gzip
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.errors import SourceError, examples
from kloof.files.cells import SQLITE, one_year
from kloof.files.shapes import Geometry, shapefile_shapes, wkb_shapes

PLAINLY_ELSE = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG photo",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF",
    b"7z\xbc\xaf": "a 7-zip archive",
    b"Rar!": "a RAR archive",
}
MARKUP = ("<!doctype html", "<html", "<?xml", "<")
ROWS, META = ".rows.parquet", ".meta.json"
SHAPEFILE, BESIDE = b"\x00\x00\x27\x0a", (".shp", ".prj")
GZIP = b"\x1f\x8b"
DBASE_HEAD = 32  # bytes before the fields, and of each field
DELIMITERS = ",;|\t"
HEAD = 30  # lines looked at to see what separates the cells


@dataclass(frozen=True)
class Opened:
    """A file: its name, the hash of its bytes, and its content by `form`.

    `sqlite`: nothing more; `parquet` and `dbase`: `table`; `workbook`: `sheets` by name; `json`: `content`; `text`:
    `rows` of cells. `data` are the bytes of the table itself. `inside` is the name of the member when it came out of a
    zip or gzip. `year` is the year that a person says it is of, where the file does not. `shapes` has the boundary of
    each row of `table` where it has any, `projection` what is said of their coordinates.
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
    year: int | None = None
    shapes: Sequence[Geometry | None] = ()
    projection: str = ""

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    @property
    def stem(self) -> str:
        """Name of the file and of the member in it, without what they end in."""
        return f"{self.path.stem} {Path(self.inside).stem}" if self.inside else self.path.stem

    def one_year(self, text: str) -> int:
        """Take the only year that `text` names, or that a person says. Raises SourceError for none, or several."""
        return one_year(self.path, text, self.year)

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


def open_file(path: Path, year: int | None = None) -> Opened:
    """Read a file and tell its form; a dBase table comes with the shapefile beside it.

    Raises SourceError saying what it looks like when nothing here reads it.
    """
    if not path.is_file():
        there = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, there, n=3, cutoff=0.4)
        hint = f" Nearest in that folder: {', '.join(near)}." if near else ""
        raise SourceError(f"{path.name} is not there.{hint}")
    data = path.read_bytes()
    if data.startswith(SHAPEFILE):
        return open_file(path.with_suffix(".dbf"), year)
    opened = _opened(path, hashlib.sha256(data).hexdigest(), data)
    if opened.form == "dbase" and not opened.inside:
        beside = {end: path.with_suffix(end) for end in BESIDE}
        opened = _with_shapes(opened, {end: one.read_bytes() for end, one in beside.items() if one.is_file()})
    return replace(opened, year=year)


def _opened(path: Path, sha: str, data: bytes, inside: str = "") -> Opened:
    """Tell the form of a file, or of the one table packed in it."""
    if not data.strip():
        raise SourceError(f"{path.name} is empty. Download it again.")
    for start, what in PLAINLY_ELSE.items():
        if data.startswith(start):
            raise SourceError(f"{path.name} is {what}; kloof reads tables. Bring the table it was made from.")
    packed = data.startswith(GZIP) or (data.startswith(b"PK") and not _is_workbook(path, data))
    if inside and (packed or data.startswith(SQLITE)):
        raise SourceError(f"{path.name} is packed, and {inside} in it is packed again or a database. Unpack it first.")
    if data.startswith(SQLITE):
        return Opened(path, sha, data, "sqlite")
    if data.startswith(b"PAR1"):
        table, shapes, projection = _parquet(path, data)
        return Opened(path, sha, data, "parquet", table, inside=inside, shapes=shapes, projection=projection)
    if packed:
        if data.startswith(GZIP):
            return _opened(path, sha, _gunzipped(path, data), path.stem)
        member, content, beside = _only_member(path, data)
        opened = _opened(path, sha, content, member)
        return _with_shapes(opened, beside) if opened.form == "dbase" else opened
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return Opened(path, sha, data, "workbook", sheets=_workbook(path.name, data), inside=inside)
    if _is_dbase(data):
        return Opened(path, sha, data, "dbase", table=_dbase(path, data), inside=inside)
    return _text(path, sha, data, inside)


def _parquet(path: Path, data: bytes) -> tuple[pd.DataFrame, Sequence[Geometry | None], str]:
    """Read a parquet file, and its shapes where it says that it has them (GeoParquet)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pd.read_parquet(io.BytesIO(data), engine="pyarrow")
        about = json.loads((pq.read_schema(io.BytesIO(data)).metadata or {}).get(b"geo", b"{}"))
        column = about.get("primary_column", "")
        if column not in table:
            return table, (), ""
        there = table[column].notna()
        found = iter(wkb_shapes(table[column][there], path.name))
        projection = json.dumps(about["columns"][column].get("crs") or "OGC:CRS84")
        return table, [next(found) if one else None for one in there], projection
    except (OSError, pa.ArrowException, ValueError, KeyError, AttributeError) as problem:
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


def _is_workbook(path: Path, data: bytes) -> bool:
    """Tell a workbook from another zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile as problem:
        raise SourceError(f"{path.name} is a damaged zip file ({problem}). Download it again.") from None


def _only_member(path: Path, data: bytes) -> tuple[str, bytes, dict[str, bytes]]:
    """Unpack the only table in a zip, and what stands beside a dBase table; what macOS adds does not count."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [one for one in archive.namelist() if not one.startswith("__MACOSX/") and not one.endswith("/")]
            names = {Path(one).name.partition(".")[0] for one in members}
            tables = members if len(members) == 1 else [one for one in members if one.lower().endswith(".dbf")]
            if len(tables) != 1 or len(names) > 1:
                raise SourceError(
                    f"{path.name} holds {len(members)} files ({examples(members)}). Unpack it and add its tables."
                )
            ends = {Path(one).suffix.lower(): one for one in members}
            beside = {end: archive.read(ends[end]) for end in BESIDE if end in ends}
            return tables[0], archive.read(tables[0]), beside
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as problem:
        raise SourceError(f"{path.name} is a damaged zip file ({problem}). Download it again.") from None


def _gunzipped(path: Path, data: bytes) -> bytes:
    """Unpack gzip."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as problem:
        raise SourceError(f"{path.name} is a damaged gzip archive ({problem}). Download it again.") from None


def _with_shapes(opened: Opened, beside: Mapping[str, bytes]) -> Opened:
    """Put the shapes and the projection that stand beside a dBase table with it."""
    if ".shp" not in beside or opened.table is None:
        return opened
    shapes = shapefile_shapes(beside[".shp"], opened.name)
    if len(shapes) != len(opened.table):
        raise SourceError(f"{opened.name} has {len(opened.table)} rows and {len(shapes)} shapes. Download it again.")
    sha = hashlib.sha256(opened.data + beside[".shp"]).hexdigest() if not opened.inside else opened.sha256
    return replace(opened, sha256=sha, shapes=shapes, projection=beside.get(".prj", b"").decode("utf-8", "replace"))


def _is_dbase(data: bytes) -> bool:
    """Tell a dBase table: a field of 32 bytes after another, then a closing sign, then rows of one length."""
    if len(data) < DBASE_HEAD + 1:
        return False
    rows, head, length = struct.unpack("<IHH", data[4:12])
    fields, rest = divmod(head - DBASE_HEAD - 1, DBASE_HEAD)
    return bool(fields > 0 and rest == 0 and data[head - 1 : head] == b"\r" and len(data) >= head + rows * length)


def _dbase(path: Path, data: bytes) -> pd.DataFrame:
    """Read a dBase table; its text is UTF-8, or else Windows-1252."""
    import shapefile

    try:
        data[struct.unpack("<H", data[8:10])[0] :].decode("utf-8")  # the rows, without the head
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    try:
        reader = shapefile.Reader(dbf=io.BytesIO(data), encoding=encoding)
        titles = [field[0] for field in reader.fields if field[0] != "DeletionFlag"]
        return pd.DataFrame([list(row) for row in reader.iterRecords() if row], columns=titles)
    except (shapefile.ShapefileException, ValueError, struct.error) as problem:
        raise SourceError(f"{path.name} is a damaged dBase table ({problem}). Download it again.") from None


def _text(path: Path, sha: str, data: bytes, inside: str) -> Opened:
    """Read JSON or a table of text."""
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
