"""Opens a file by what is in it, not by its name: SQLite, parquet, a workbook, JSON, dBase or text, packed or not.

Anything else is refused by what it looks like, and what is above a ceiling (`kloof.ceilings`) before it is taken apart.
The bytes are read once; their hash travels along.
"""

import difflib
import hashlib
import io
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.ceilings import (
    CELLS,
    UNPACKED,
    check_size,
    content_of,
    gunzipped,
    in_bounds,
    is_there,
    parsed_json,
    split_rows,
    too_much,
    unpacked,
    zipped,
)
from kloof.errors import SourceError, examples
from kloof.files.cells import one_year
from kloof.files.shapes import Geometry, shapefile_shapes, wkb_shapes
from kloof.files.workbook import OLE, workbook_sheets
from kloof.schema import SetAside

PLAINLY_ELSE = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG photo",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF",
    b"7z\xbc\xaf": "a 7-zip archive",
    b"Rar!": "a RAR archive",
}
MARKUP = ("<!doctype html", "<html", "<?xml", "<")
SQLITE = b"SQLite format 3\x00"
ROWS, META = ".rows.parquet", ".meta.json"
SHAPEFILE, BESIDE = b"\x00\x00\x27\x0a", (".shp", ".prj")
GZIP = b"\x1f\x8b"
DBASE_HEAD = 32  # bytes before the fields, and of each field
DELIMITERS = ",;|\t"
HEAD, SEEN = 30, 4_000_000  # lines, and signs, looked at to see what separates the cells
GEO = "geo"
STORED_CELLS = 5 * CELLS  # of a parquet file, whose columns are not taken apart
BYTES_OF = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8, "BYTE_ARRAY": 4}
OFFICE = {
    "xl/workbook.bin": "a binary Excel workbook (xlsb)",
    "content.xml": "an OpenDocument file",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
}


@dataclass(frozen=True)
class Opened:
    """A file: its name, the hash of its bytes, and its content by `form`.

    `sqlite`: nothing more; `parquet` and `dbase`: `table`; `workbook`: `sheets` by name; `json`: `content`; `text`:
    `rows` of cells. `data` are the bytes of the table itself. `inside` is the name of the member when it came out of a
    zip or gzip. `year` is the year that a person says it is of, where the file does not. `shapes` has the boundary of
    each row of `table` where it has any, `projection` what is said of their coordinates. `aside`
    counts cells that stand far from every table.
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
    aside: tuple[SetAside, ...] = ()

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
            return dict(parsed_json(place.name, content_of(place)))
        except (TypeError, ValueError, SourceError) as problem:
            raise SourceError(f"{place.name} is damaged ({problem}). Get it again: kloof data fetch.") from None


def open_file(path: Path, year: int | None = None) -> Opened:
    """Read a file and tell its form; a dBase table comes with the shapefile beside it.

    Raises SourceError saying what it looks like when nothing here reads it.
    """
    if not is_there(path):
        there = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, there, n=3, cutoff=0.4)
        hint = f"Nearest in that folder: {', '.join(near)}." if near else f"Nothing like it is in {path.parent.name}."
        raise SourceError(f"{path.name} is not there. {hint}")
    data = content_of(path)
    if data.startswith(SHAPEFILE):
        return open_file(path.with_suffix(".dbf"), year)
    with in_bounds(path.name):
        opened = _opened(path, hashlib.sha256(data).hexdigest(), data)
        if opened.form == "dbase" and not opened.inside:
            beside = {end: path.with_suffix(end) for end in BESIDE}
            opened = _with_shapes(opened, {end: content_of(one) for end, one in beside.items() if is_there(one)})
    return replace(opened, year=year)


def _opened(path: Path, sha: str, data: bytes, inside: str = "") -> Opened:
    """Tell the form of a file, or of the one table packed in it."""
    if not data or data.isspace():
        raise SourceError(f"{path.name} is empty. Download it again.")
    for start, what in PLAINLY_ELSE.items():
        if data.startswith(start):
            raise SourceError(f"{path.name} is {what}; kloof reads tables. Bring the table it was made from.")
    packed = data.startswith(GZIP) or (data.startswith(b"PK") and not _is_workbook(path, data))
    if inside and (packed or data.startswith(SQLITE)):
        raise SourceError(f"{path.name} is packed, and {inside} in it is packed again or a database. Unpack it first.")
    if data.startswith(SQLITE):
        # size of a page and number of pages: sqlite.org/fileformat.html, section 1.3
        page = int.from_bytes(data[16:18], "big")
        promised = (65536 if page == 1 else page) * int.from_bytes(data[28:32], "big")
        if len(data) < promised:
            raise SourceError(f"{path.name} is cut off: {len(data)} of {promised} bytes are there. Download it again.")
        return Opened(path, sha, data, "sqlite")
    if data.startswith(b"PAR1"):
        table, shapes, projection = _parquet(path, data)
        return Opened(path, sha, data, "parquet", table, inside=inside, shapes=shapes, projection=projection)
    if packed:
        if data.startswith(GZIP):
            return _opened(path, sha, gunzipped(path.name, data), path.stem)
        member, content, beside = _only_member(path, data)
        opened = _opened(path, sha, content, member)
        return _with_shapes(opened, beside) if opened.form == "dbase" else opened
    if data.startswith((b"PK", OLE)):
        sheets, aside = workbook_sheets(path.name, data)
        return Opened(path, sha, data, "workbook", sheets=sheets, inside=inside, aside=aside)
    if _is_dbase(data):
        return Opened(path, sha, data, "dbase", table=_dbase(path, data), inside=inside)
    return _text(path, sha, data, inside)


def _parquet(path: Path, data: bytes) -> tuple[pd.DataFrame, Sequence[Geometry | None], str]:
    """Read a parquet file, and its shapes where it says that it has them (GeoParquet)."""
    table = read_parquet(path.name, data)
    try:
        about = json.loads(table.attrs.pop(GEO, b"{}"))
        column = about.get("primary_column", "")
        if column not in table:
            return table, (), ""
        there = table[column].notna()
        found = iter(wkb_shapes(table[column][there], path.name))
        projection = json.dumps(about["columns"][column].get("crs") or "OGC:CRS84")
        return table, [next(found) if one else None for one in there], projection
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        reason = str(problem).partition("\n")[0]
        raise SourceError(f"{path.name} is a damaged parquet file ({reason}). Download it again.") from None


def read_parquet(name: str, data: bytes) -> pd.DataFrame:
    """Read a parquet file; a list or a table in a cell becomes its text, what is said of shapes the attribute `geo`.

    Raises SourceError when it is damaged, or above a ceiling once it is unpacked.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        _count_parquet(name, data)
        table: pd.DataFrame = pd.read_parquet(io.BytesIO(data), engine="pyarrow")
        schema = pq.read_schema(io.BytesIO(data))
        for field in schema:
            if pa.types.is_nested(field.type) and field.name in table:
                cells = pq.read_table(io.BytesIO(data), columns=[field.name])[field.name].to_pylist()
                table[field.name] = [None if cell is None else repr(cell) for cell in cells]
        table.attrs[GEO] = (schema.metadata or {}).get(GEO.encode(), b"{}")
        return table
    except (OSError, pa.ArrowException, ValueError, KeyError, AttributeError, TypeError, IndexError) as problem:
        reason = str(problem).partition("\n")[0]
        raise SourceError(f"{name} is a damaged parquet file ({reason}). Download it again.") from None


def _count_parquet(name: str, data: bytes) -> None:
    """Count what a parquet file becomes: a text that stands once in it may be that of a million cells."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(data))
    about, names = file.metadata, file.schema_arrow.names
    nested = {field.name for field in file.schema_arrow if pa.types.is_nested(field.type)}
    cells, size = about.num_rows * (len(names) - len(nested)), 0
    repeated: dict[str, set[str]] = {"DICTIONARY": set(), "DELTA_BYTE_ARRAY": set()}
    for group in map(about.row_group, range(about.num_row_groups)):
        for place in range(about.num_columns):
            chunk, what = group.column(place), about.schema.column(place)
            size += max(chunk.total_uncompressed_size, chunk.num_values * BYTES_OF.get(what.physical_type, what.length))
            if chunk.path_in_schema.partition(".")[0] in nested:
                cells += chunk.num_values * (STORED_CELLS // CELLS)
            for encoding, columns in repeated.items():
                if what.physical_type == "BYTE_ARRAY" and any(one.endswith(encoding) for one in chunk.encodings):
                    columns.add(chunk.path_in_schema)
    check_size(name, len(names), cells, STORED_CELLS)
    for encoding, columns in repeated.items():  # a text that stands once, or the begin of one
        if not columns or size > UNPACKED:
            continue
        whole = encoding == "DICTIONARY"
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=sorted(columns) if whole else [])
        for batch in file.iter_batches(batch_size=65_536 if whole else 100, columns=sorted(columns)):
            size += sum(map(_length, batch.columns))
            if size > UNPACKED:
                break
    if size > UNPACKED:
        way_out = "Leave out the columns with long texts, or split it."
        raise too_much(name, f"unpacks {len(data):,} bytes to more", UNPACKED, "bytes of one file", way_out)


def _length(column: Any) -> int:
    """Tell how many bytes the texts of a column are, each as often as a cell has it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        lengths = pc.binary_length(column.dictionary)
        return int(pc.sum(lengths.take(column.indices)).as_py() or 0)
    if pa.types.is_nested(column.type):
        inside = column.flatten()
        return sum(map(_length, inside if isinstance(inside, list) else [inside]))
    return int(column.nbytes)


def _is_workbook(path: Path, data: bytes) -> bool:
    """Tell a workbook from another zip. Raises SourceError for one of another office."""
    with zipped(path.name, data) as (_, members):
        names = {one.filename for one in members}
    for name, what in OFFICE.items():
        if name in names:
            raise SourceError(f"{path.name} is {what}. Save it as an Excel workbook (xlsx) or CSV.")
    return "xl/workbook.xml" in names


def _only_member(path: Path, data: bytes) -> tuple[str, bytes, dict[str, bytes]]:
    """Unpack the only table in a zip, and what stands beside a dBase table; what macOS adds does not count."""
    with zipped(path.name, data) as (archive, every):
        members = [one for one in every if not one.filename.startswith("__MACOSX/")]
        names = {Path(one.filename).name.partition(".")[0] for one in members}
        tables = members if len(members) == 1 else [one for one in members if one.filename.lower().endswith(".dbf")]
        if len(tables) != 1 or len(names) > 1:
            shown = examples([one.filename for one in members])
            raise SourceError(f"{path.name} holds {len(members)} files ({shown}). Unpack it and add its tables.")
        ends = {Path(one.filename).suffix.lower(): one for one in members}
        beside = {end: unpacked(path.name, archive, ends[end]) for end in BESIDE if end in ends}
        return tables[0].filename, unpacked(path.name, archive, tables[0]), beside


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
    whole = fields > 0 and rest == 0 and data[head - 1 : head] == b"\r" and len(data) >= head + rows * length
    return bool(whole and length > fields)


def _dbase(path: Path, data: bytes) -> pd.DataFrame:
    """Read a dBase table; its text is UTF-8, or else Windows-1252."""
    import shapefile

    rows, head = struct.unpack("<IH", data[4:10])
    fields = head // DBASE_HEAD - 1
    check_size(path.name, fields, rows * fields)
    try:
        data[head:].decode("utf-8")  # the rows, without the head
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    try:
        reader = shapefile.Reader(dbf=io.BytesIO(data), encoding=encoding)
        titles = [field[0] for field in reader.fields if field[0] != "DeletionFlag"]
        return pd.DataFrame([list(row) for row in reader.iterRecords() if row], columns=titles)
    except (shapefile.ShapefileException, ValueError, LookupError, TypeError, struct.error) as problem:
        raise SourceError(f"{path.name} is a damaged dBase table ({problem!r:.100}). Download it again.") from None


def _text(path: Path, sha: str, data: bytes, inside: str) -> Opened:
    """Read JSON or a table of text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(
            f"{path.name} is neither text in UTF-8 nor a format that kloof reads. Save it as CSV UTF-8."
        ) from None
    start = text[:SEEN].lstrip()[:200].lower()
    if start.startswith(MARKUP):
        raise SourceError(
            f"{path.name} is a web page or XML, not a table: the download probably answered with a page. "
            "Download it again, and look at it in a browser first."
        )
    if start.startswith(("{", "[")):
        return Opened(path, sha, data, "json", content=parsed_json(path.name, data), inside=inside)
    if "\x00" in text:
        raise SourceError(f"{path.name} is no text: it holds null bytes. Bring the table as CSV.")
    head = text[:SEEN].splitlines()[:HEAD]
    delimiter = max(DELIMITERS, key=lambda sign: sum(_outside_quotes(line, sign) for line in head))
    del text
    rows = split_rows(path.name, data, delimiter)
    if not any(cell.strip() for row in rows for cell in row):
        raise SourceError(f"{path.name} is empty. Download it again.")
    return Opened(path, sha, data, "text", rows=rows, inside=inside)


def _outside_quotes(line: str, sign: str) -> int:
    """Count a sign outside quotes."""
    return sum(part.count(sign) for part in line.split('"')[::2])
