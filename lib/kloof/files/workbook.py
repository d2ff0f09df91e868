"""Reads the sheets of an Excel workbook as rows of cells, without what stands far from the table of a sheet.

Real workbooks have such a cell, often a blank or a forgotten sum. Calamine lays a sheet out whole, up to its last cell,
and a text each time that a cell refers to it: both are counted before it is asked.
"""

import io
import pickle
import re
import subprocess
import sys
import zipfile
from array import array
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from kloof.ceilings import CELLS, UNPACKED, check_size, too_much, unpacked, zipped
from kloof.errors import SourceError, examples
from kloof.schema import SetAside

OLE = b"\xd0\xcf\x11\xe0"  # begin of an old Excel workbook, and of one with a password
AHEAD = 30  # bytes in which a cell begins and says where it stands
MOST_MEMORY, MOST_SECONDS = 2_000_000_000, 60  # bytes, that an old workbook may take
GAP, FAR_CELLS = (1_000, 50), 100  # empty rows and columns behind which cells are far, when they are at most so many
PLACED = 3_000_000  # cells of a sheet whose places are read one by one: some five seconds
REFERENCE = re.compile(r"([A-Za-z]{1,6})([0-9]{1,9})")
OF_TEXT = re.compile(rb't="s"[^>]*>\s*<v>([0-9]{1,9})</v>')
ASIDE = re.compile(r"xl/(?:media|drawings|charts|pivotCache|externalLinks|embeddings|comments)|customXml/|docProps/")


def workbook_sheets(name: str, data: bytes) -> tuple[dict[str, list[list[Any]]], tuple[SetAside, ...]]:
    """Read the sheets of an Excel workbook, xls or xlsx; count what stands far from the tables, which is left out."""
    aside: list[SetAside] = []
    if data.startswith(OLE):
        sheets = _old_workbook(name, data)
        for title, rows in sheets.items():
            sheets[title] = _near_rows(title, rows, aside)
    else:
        sheets = _in_calamine(name, _screened(name, data, aside))
    cells = 0
    for title, rows in sheets.items():
        width = max(map(len, rows), default=0)
        cells += len(rows) * width
        check_size(f"{name}, {title}", width, cells)
    return sheets, tuple(aside)


def _in_calamine(name: str, data: bytes) -> dict[str, list[list[Any]]]:
    """Read the sheets of a workbook that was looked at before."""
    import python_calamine

    sheets: dict[str, list[list[Any]]] = {}
    cells = 0
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for title in book.sheet_names:
            sheet = book.get_sheet_by_name(title)
            cells += sheet.total_height * sheet.total_width
            check_size(f"{name}, {title}", sheet.total_width, cells)
            sheets[title] = sheet.to_python(skip_empty_area=False)
        return sheets
    except (python_calamine.CalamineError, OSError, ValueError) as problem:
        raise SourceError(f"{name} is a damaged Excel workbook ({problem}). Download it again.") from None
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":  # Rust that gave up, which is no Exception
            raise
        raise SourceError(f"{name} is a damaged Excel workbook. Open it in Excel, and save it again.") from None


_OLD = """
import io, pickle, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
except (ImportError, ValueError):
    pass
from python_calamine import CalamineWorkbook
try:
    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    found = {}
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        above, before = sheet.start or (0, 0)
        found[name] = [[] for _ in range(above)]
        for row in sheet.iter_rows():
            while row and row[-1] == "":
                row.pop()
            found[name].append([""] * before + row if row else [])
except Exception as problem:
    sys.exit(str(problem))
pickle.dump(found, sys.stdout.buffer)
"""


def _old_workbook(name: str, data: bytes) -> dict[str, list[list[Any]]]:
    """Read the sheets of an xls in a process of its own: a cell of it can ask for more memory than there is."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise SourceError(f"{name} has a password. Open it in Excel, and save it without.")
    words = [sys.executable, "-c", _OLD, str(MOST_MEMORY)]
    try:
        ended = subprocess.run(words, input=data, capture_output=True, check=False, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        raise SourceError(f"{name} takes more than {MOST_SECONDS} seconds to read. Save it as xlsx or CSV.") from None
    if ended.returncode:
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        if ended.returncode == 1 and said and len(said) == 1:
            raise SourceError(f"{name} is a damaged Excel workbook ({said[0][:200]}). Download it again.")
        raise SourceError(f"{name} is a damaged Excel workbook, or too large. Save it as xlsx or CSV.")
    sheets: dict[str, list[list[Any]]] = pickle.loads(ended.stdout)
    return sheets


def _near_rows(title: str, rows: list[list[Any]], aside: list[SetAside]) -> list[list[Any]]:
    """Leave the few cells out that stand far from the table of a sheet, and the empty rows and columns up to them."""
    full = [(n, m) for n, row in enumerate(rows) if any(row) for m, cell in enumerate(row) if cell != ""]
    if not full:
        return []
    row, column = np.array(full, dtype=np.int64).T
    far = _far(row, column)
    if far.any():
        _tell(title, row[far] + 1, column[far] + 1, aside)
    high, wide = int(row[~far].max()) + 1, int(column[~far].max()) + 1
    check_size(title, wide, high * wide)
    return [line[:wide] + [""] * (wide - len(line)) for line in rows[:high]]


def _screened(name: str, data: bytes, aside: list[SetAside]) -> bytes:
    """Give a workbook with what calamine reads of it, not packed, and without cells far from the tables.

    Calamine lays a sheet out whole, up to its last cell, and a text each time that a cell refers to it: either is
    counted here first. Raises SourceError when it is damaged or above a ceiling.
    """
    clean = io.BytesIO()
    left, longest, texts, most_texts, sheets = UNPACKED, 0, np.zeros(0, dtype=np.int64), 0, 1
    with zipped(name, data) as (archive, members), zipfile.ZipFile(clean, "w") as kept:
        if len({one.filename.casefold() for one in members}) < len(members):
            raise SourceError(f"{name} is a damaged Excel workbook: a part of it stands twice. Download it again.")
        own = [
            one for one in members if one.filename.lower().endswith((".xml", ".rels")) and not ASIDE.match(one.filename)
        ]
        for member in sorted(own, key=lambda one: not one.filename.endswith("sharedStrings.xml")):
            xml = unpacked(name, archive, member, left)
            left -= len(xml)
            if member.filename.endswith("sharedStrings.xml"):
                texts = np.array([len(one) for one in xml.split(b"</si>")], dtype=np.int64)
                longest = int(texts.max())
            elif member.filename.endswith("workbook.xml"):
                sheets = max(1, xml.count(b"<sheet ") + xml.count(b":sheet "))
            else:
                xml = _near_cells(name, Path(member.filename).stem, xml, aside)
                most_texts = max(most_texts, _length_of_texts(xml, texts, longest))
            kept.writestr(member.filename, xml)
    if most_texts * sheets > 2 * UNPACKED:
        way_out = "Leave out the columns with long texts."
        raise too_much(name, f"repeats its texts up to {most_texts:,} bytes a sheet", 2 * UNPACKED, "bytes", way_out)
    return clean.getvalue()


def _length_of_texts(xml: bytes, texts: NDArray[np.int64], longest: int) -> int:
    """Tell how long all texts are together that the cells of a sheet refer to, at most."""
    number = xml.count(b'"s"') + xml.count(b"'s'")
    if number * longest <= UNPACKED:
        return number * longest
    places = np.array(OF_TEXT.findall(xml), dtype=np.int64)
    inside = places[places < len(texts)]
    return int(texts[inside].sum()) + (number - len(inside)) * longest


def _near_cells(name: str, title: str, xml: bytes, aside: list[SetAside]) -> bytes:
    """Leave the few cells of a sheet out that stand far from its table; others are left where they are."""
    box = _box(xml)
    if box is not None:
        cells, high, wide = box
        if high * wide <= 2 * cells or (high <= GAP[0] and wide <= GAP[1]) or PLACED < cells <= high * wide <= CELLS:
            check_size(f"{name}, {title}", wide, cells)
            return xml
    if (cells := xml.count(b"<c") + xml.count(b":c")) > PLACED:
        way_out = "Save it again in Excel, without what stands far from the table."
        raise too_much(f"{name}, {title}", f"has {cells:,} cells in an unusual order", PLACED, "of these", way_out)
    row, column, begin, end = _places(name, title, xml)
    far = _far(row, column)
    near = ~far
    if near.any():
        check_size(f"{name}, {title}", int(column[near].max()), int(row[near].max()) * int(column[near].max()))
    if not far.any():
        return xml
    _tell(title, row[far], column[far], aside)
    edges = [0, *np.column_stack([begin[far], end[far]]).ravel().tolist(), len(xml)]
    return b"".join(xml[first:last] for first, last in zip(edges[::2], edges[1::2], strict=True))


def _box(xml: bytes) -> tuple[int, int, int] | None:
    """Count the cells of a sheet, its rows and its columns; None when cells are not written as Excel does."""
    if b":c" in xml or b"\x00" in xml[:AHEAD]:
        return None
    sign = np.frombuffer(xml + bytes(AHEAD), dtype=np.uint8)
    begins = np.flatnonzero((sign[:-1] == ord("<")) & (sign[1:] == ord("c")))
    third = sign[begins + 2]
    cell = begins[third == ord(" ")]
    other = third[third != ord(" ")] | 32  # small letters; of names such as <cols> and <cfRule>
    usual = all((sign[cell + 3 + n] == code).all() for n, code in enumerate(b'r="'))
    if not usual or ((other < ord("a")) | (other > ord("z"))).any():
        return None
    place, column, row = cell + 6, np.zeros(len(cell), dtype=np.int64), np.zeros(len(cell), dtype=np.int64)
    for number, base, low, high, most in ((column, 26, ord("A"), ord("Z"), 3), (row, 10, ord("0"), ord("9"), 8)):
        for _ in range(most):
            now = sign[place].astype(np.int64)
            own = (now >= low) & (now <= high)
            number[own] = number[own] * base + now[own] - low + (base == 26)
            place = place + own
    if (sign[place] != ord('"')).any():
        return None
    return len(cell), int(row.max(initial=0)), int(column.max(initial=0))


def _places(name: str, title: str, xml: bytes) -> tuple[NDArray[np.int64], ...]:
    """Read where the cells of a sheet with something in them stand: row, column, first and last byte of each."""
    parser = expat.ParserCreate()
    row, column, begin, full = 0, 0, 0, False
    found: tuple[array[int], ...] = tuple(array("q") for _ in range(4))

    def start(tag: str, given: Mapping[str, str]) -> None:
        nonlocal row, column, begin, full
        tag = tag.rpartition(":")[2]
        if tag == "row":
            row, column = int(given["r"]) if "r" in given else row + 1, 0
        elif tag == "c":
            begin, full, column = parser.CurrentByteIndex, False, column + 1
            if match := REFERENCE.fullmatch(given.get("r", "")):
                column = reduce(lambda before, sign: 26 * before + ord(sign) - 64, match[1].upper(), 0)
                row = int(match[2])
        elif tag in ("v", "is"):
            full = True

    def stop(tag: str) -> None:
        if full and tag.rpartition(":")[2] == "c":
            end = xml.find(b">", parser.CurrentByteIndex) + 1
            for place, number in zip(found, (row, column, begin, end), strict=True):
                place.append(number)

    def refuse(*_: object) -> None:
        raise ValueError("it declares a type of document")

    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = start, stop, refuse
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, OverflowError) as problem:
        raise SourceError(f"{name} is a damaged Excel workbook ({title}: {problem}). Download it again.") from None
    return tuple(np.array(place, dtype=np.int64) for place in found)


def _far(row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the cells that wide empty strips part from most others; none when these are not a few."""
    far = np.zeros(len(row), dtype=bool)
    for place, gap in zip((row, column), GAP, strict=True):
        used = np.unique(place[~far])
        edges = used[:-1][np.diff(used) > gap]
        if len(edges):
            block = np.searchsorted(edges, place)
            far |= block != np.bincount(block[~far]).argmax()
    return far if far.sum() <= min(FAR_CELLS, (~far).sum() - 1) else np.zeros(len(row), dtype=bool)


def _tell(title: str, row: NDArray[np.int64], column: NDArray[np.int64], aside: list[SetAside]) -> None:
    """Count cells that are left out, with where they stand: XFD1048576."""
    named = []
    for high, wide in zip(row.tolist(), column.tolist(), strict=True):
        letters, rest = "", wide
        while rest:
            letters, rest = chr(65 + (rest - 1) % 26) + letters, (rest - 1) // 26
        named.append(f"{letters}{high}")
    aside.append(SetAside("cells", len(named), "far_from_the_table", f"{title}: {examples(named)}"))
