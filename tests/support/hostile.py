# ruff: noqa: E501 (files are one line each)
"""Hostile files, all synthetic, and a judge that reads each in a process of its own with little memory and time.

`files(folder)` makes them as they are asked for. What a file becomes is either a refusal, a pattern that its message
must match, or the inhabitants that it holds by code: nothing else is right.
"""

import gzip
import io
import json
import os
import random
import socket
import stat
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, redirect_stdout, suppress
from dataclasses import dataclass
from math import isnan
from pathlib import Path

MEMORY, SECONDS = 2_000_000_000, 20  # of one file: bytes of addresses, and time
RESIDENT = 1_000_000_000  # bytes that are really used
MILLION = 1_000_000
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false",
         "ARROW_DEFAULT_MEMORY_POOL": "system"}  # fmt: skip
CODES = {"GM0344": 300.0, "WK034401": 300.0, "BU03440101": 100.0, "BU03440102": 200.0}
MISSING = {**CODES, "BU03440102": None}
TITLES = ["gwb_code_10", "regio", "recs", "a_inw", "a_hh"]
KINDS = {"GM": "Gemeente", "WK": "Wijk", "BU": "Buurt"}
Outcome = str | Mapping[str, float | None]


@dataclass(frozen=True)
class Hostile:
    """A file that is hostile: its name, how it is made at a path, what must become of it, and how kloof is called."""

    name: str
    make: Callable[[Path], object]
    outcome: Outcome
    call: tuple[str, ...] = ("data", "add", "{file}", "--dry-run")
    reason: str = ""  # why something of a file that is read must be set aside


# ------------------------------------------------------------------ tables of text


def rows(last: object = 200, code: object = "BU03440102") -> list[list[object]]:
    """The table that most files hold, with another last figure or code."""
    made: list[list[object]] = [
        [one, f"{KINDS[one[:2]]} {n}", KINDS[one[:2]], round(value), 50 if one[:2] == "BU" else 100]
        for n, (one, value) in enumerate(CODES.items())
    ]
    made[-1][0], made[-1][3] = code, last
    return [list(TITLES), *made]


def text(table: Sequence[Sequence[object]], end: str = "\n") -> bytes:
    return end.join(";".join(map(str, row)) for row in table).encode() + end.encode()


def sparse(size: int, begin: bytes = b"gwb_code_10;regio\n") -> Callable[[Path], object]:
    """A file that is larger than the disk gives it room for."""

    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.write(begin)
            file.truncate(size)

    return make


def put(content: "bytes | Callable[[], bytes]") -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content() if callable(content) else content)


def tables_of_text() -> Iterator[Hostile]:
    whole = text(rows())

    def csv(what: str, content: "bytes | Callable[[], bytes]", outcome: Outcome) -> Hostile:
        return Hostile(f"text_{what}/kwb_2020.csv", put(content), outcome)

    def last(what: str, cell: object, outcome: Outcome, code: object = "BU03440102") -> Hostile:
        return csv(what, text(rows(cell, code)), outcome)

    yield csv("whole", whole, CODES)
    yield csv("nothing", b"", "is empty")
    yield csv("blanks", b" \n\n\t", "is empty")
    yield csv("null_bytes", whole.replace(b"Wijk", b"\x00"), "null bytes")
    yield csv("utf_16", whole.decode().encode("utf-16"), "neither text in UTF-8")
    yield csv("utf_16_bare", whole.decode().encode("utf-16-le"), "null bytes")
    yield csv("utf_32", whole.decode().encode("utf-32"), "neither text in UTF-8")
    yield csv("windows_1252", whole.replace(b"Wijk", b"Wijk \xe9"), "neither text in UTF-8")
    yield csv("wrong_at_the_end", lambda: whole + b"x" * MILLION + b"\xff", "neither text in UTF-8")
    yield csv("byte_order_mark", b"\xef\xbb\xbf" + whole, CODES)
    yield csv("two_byte_order_marks", b"\xef\xbb\xbf\xef\xbb\xbf" + whole, CODES)
    yield csv("mixed_line_ends", whole.replace(b"\n", b"\r\n", 2), CODES)
    yield csv("old_line_ends", whole.replace(b"\n", b"\r"), "damaged CSV")
    yield csv("open_quote", whole.replace(b"Wijk", b'"Wijk', 1), "damaged CSV at line")
    yield csv("open_quote_30_mb", lambda: whole.replace(b";Wijk 1", b';"Wijk 1') + b"1;2;3\n" * 5 * MILLION,
              "a cell without end.*131,072 signs")  # fmt: skip
    yield csv("field_of_200_kb", text(rows("9" * 200_000)), "cell without end.*131,072")
    yield csv("field_of_100_mb", lambda: text(rows("9" * 100 * MILLION)), "row without end.*16,000,000")
    yield csv("text_of_150_mb", sparse_bytes(150), "bytes of text.*125,000,000")
    yield Hostile("text_field_of_1_gb/kwb_2020.csv", sparse(1_000 * MILLION), r"1,000,000,000 bytes.*500,000,000")
    yield csv("wide_signs_60_mb", lambda: text(rows("x")) + "🏘;".encode() * 12 * MILLION, "row without end")
    yield csv("columns_100_000", lambda: text([[*TITLES, *(f"c{n}" for n in range(100_000))]]), "16,384 columns")
    yield csv("columns_16_385", lambda: text([[*TITLES, *(f"c{n}" for n in range(16_380))]]), "16,384 columns")
    yield csv("columns_16_000", lambda: text([[*row, *(f"c{n}{m}" for m in range(15_995))] for n, row in
                                              enumerate(rows())]), "2,000 to propose|same title|twice|KWB|cells")  # fmt: skip
    yield csv("cells_11_million", lambda: whole + b"1;2;3;4;5\n" * 2_200_000, "10,000,000 cells")
    yield csv("separators_only", lambda: whole + b";" * 20 * MILLION, "row without end|columns")
    yield csv("quoted_line_ends", lambda: whole + b'"a\n";' * 5 * MILLION, "row without end")
    yield csv("quotes_only", lambda: whole + b'"' * 20 * MILLION, "row without end|cell without end")
    yield csv("cells_cut_off", whole.replace(b";50", b"", 1), "row 1 below the titles|damaged")
    yield csv("cells_too_many", whole.replace(b";50", b";50;60", 1), "row 1 below the titles|damaged")
    yield csv("title_of_100_kb", lambda: whole.replace(b"a_hh", b"a" * 100_000), CODES)
    yield csv("title_twice", whole.replace(b"a_hh", b"a_inw"), "twice|same title|both mean")
    yield csv("page", b"<html>" * 1000, "web page")
    yield csv("noise", random.Random(1).randbytes(100_000), "neither text in UTF-8")
    for sign in ("1e400", "-1e400", "inf", "-Infinity", "1" * 10_000, "9" * 400 + ",5", "0x1F4", "1_000", "=1+1", "−5",
                 "12²", "Ⅻ", "½", "1e-5.5", "--5", "5-", "#DIV/0!", "true", "\u202e002", "1\u066c000"):  # fmt: skip
        yield last(f"cell_{sign[:9].encode('unicode_escape').decode()}".replace("/", "_"), sign, "no number in 1 cell")
    for sign in ("nan", "NaN", "NULL", "", "x", "."):
        yield last(f"missing_{sign or 'blank'}", sign, MISSING)
    for sign in ("٢٠٠", "２００", "२००", "2٠0", "2e2", "200.0", "+200", "\u00a0200 "):
        yield last(f"digits_{sign.strip().encode('unicode_escape').decode()}", sign, CODES)
    yield last("tiny_number", "0." + "3" * 10_000, "no number|not whole")
    for code in ("BU٠٣٤٤٠١٠٢", "BU０３４４０１０２", "BU034401\u0660\u0662"):
        yield last(f"code_{code.encode('unicode_escape').decode()}", 200, "codes", code)
    yield last("code_of_100_kb", 200, r"codes.*…", "BU" + "0" * 100_000)
    yield Hostile("text_year/kwb_２０２０.csv", put(whole), "--year|year")


def sparse_bytes(millions: int) -> Callable[[], bytes]:
    return lambda: b"a;b\n" * (millions * MILLION // 4)


# ------------------------------------------------------------------ what is no file


def no_files() -> Iterator[Hostile]:
    def server(path: Path) -> None:
        with closing(socket.socket(socket.AF_UNIX)) as one:
            here = Path.cwd()
            os.chdir(path.parent)  # the name of a socket may not be long
            try:
                one.bind(path.name)
            finally:
                os.chdir(here)

    def loop(path: Path) -> None:
        path.with_name("other.csv").symlink_to(path)
        path.symlink_to(path.with_name("other.csv"))

    for call in (
        ("data", "add", "{file}", "--dry-run"),
        ("data", "map", "{file}"),
        ("measure", "{file}", "--index", "d"),
    ):
        name = call[-2] if call[0] == "data" and call[1] == "add" else call[1]
        name = {"{file}": call[0] + call[1][:3]}.get(name, name).strip("{}")
        yield Hostile(f"no_file_folder_{name}/kwb_2020.csv", Path.mkdir, "a folder; name the files", call)
        yield Hostile(f"no_file_pipe_{name}/kwb_2020.csv", os.mkfifo, "a pipe", call)
        yield Hostile(f"no_file_socket_{name}/kwb_2020.csv", server, "a socket", call)
        yield Hostile(f"no_file_zeros_{name}/kwb_2020.csv", lambda path: path.symlink_to("/dev/zero"), "a device", call)
        yield Hostile(
            f"no_file_link_{name}/kwb_2020.csv", lambda path: path.symlink_to("nowhere"), "leads nowhere", call
        )
        yield Hostile(f"no_file_loop_{name}/kwb_2020.csv", loop, "leads nowhere", call)
        yield Hostile(f"no_file_absent_{name}/kwb_2020.csv", lambda _: None, "is not there|is not a file", call)


# ------------------------------------------------------------------ JSON


def odata(last: str = "200") -> bytes:
    made = [
        f'{{"WijkenEnBuurten": "{code}", "Perioden": "2020JJ00", "AantalInwoners_5": '
        f"{last if code.endswith('02') else round(value)}}}"
        for code, value in CODES.items()
    ]
    return f'{{"odata.metadata": "84799NED", "value": [{", ".join(made)}]}}'.encode()


SQUARE = "[[[0, 0], [0, 1000], [1000, 1000], [0, 0]]]"


def geojson(coordinates: str = SQUARE, kind: str = "Polygon", crs: bool = True) -> bytes:
    found = []
    for code, value in CODES.items():
        own = (kind, coordinates) if code.endswith("02") else ("Polygon", SQUARE)
        key = "geometries" if own[0] == "GeometryCollection" else "coordinates"
        geometry = f'{{"type": "{own[0]}", "{key}": {own[1]}}}'
        head = f'"statcode": "{code}", "statnaam": "x", "aantal_inwoners": {round(value)}'
        found.append(f'{{"type": "Feature", "properties": {{{head}}}, "geometry": {geometry}}}')
    system = '"crs": {"type": "name", "properties": {"name": "EPSG:28992"}}, ' if crs else ""
    square = SQUARE.replace("1000", "201000").replace(" 0,", " 200000,").replace("[0,", "[200000,").replace("0]", "0]")
    return f'{{"type": "FeatureCollection", {system}"features": [{", ".join(found)}]}}'.replace(SQUARE, square).encode()


def json_files() -> Iterator[Hostile]:
    def js(what: str, content: "bytes | Callable[[], bytes]", outcome: Outcome) -> Hostile:
        return Hostile(f"json_{what}/84799NED_2020.json", put(content), outcome)

    def geo(what: str, content: "bytes | Callable[[], bytes]", outcome: Outcome) -> Hostile:
        return Hostile(f"geojson_{what}/buurten_2020.geojson", put(content), outcome)

    yield js("whole", odata(), CODES)
    yield js("byte_order_mark", b"\xef\xbb\xbf" + odata(), CODES)
    yield js("deep_lists", b"[" * 100_000, "hundreds deep|damaged JSON")
    yield js("deep_objects", b'{"a":' * 100_000, "hundreds deep|damaged JSON")
    for depth in (200, 900):
        yield js(f"deep_cell_{depth}", odata("[" * depth + "]" * depth), "no number|hundreds deep")
    yield js("digits_10_000", odata("1" * 10_000), "more than 4,300 digits")
    yield js("digits_4_000", odata("1" * 4_000), "no number in 1 cell")
    yield js("infinite_number", odata("1e400"), "no number in 1 cell")
    yield js("infinity", odata("-Infinity"), "no number in 1 cell")
    yield js("not_a_number", odata("NaN"), MISSING)
    yield js("list_cell", odata("[200]"), "no number in 1 cell")
    yield js("object_cell", odata('{"a": 200}'), "no number in 1 cell|AantalInwoners")
    yield js("true_cell", odata("true"), "no number in 1 cell")
    yield js("cut_off", odata()[:-20], "damaged JSON")
    yield js("lone_surrogate", odata('"\\ud800"'), "no number in 1 cell")
    yield js("key_of_1_mb", lambda: odata('200, "' + "k" * MILLION + '": 5'), CODES)
    yield js("text_of_20_mb", lambda: odata('"' + "9" * 20 * MILLION + '"'), "no number in 1 cell")
    yield js("values_12_million", lambda: b"[" + b"1," * 12 * MILLION + b"1]", "10,000,000 values")
    yield js("objects_5_million", lambda: b"[" + b"{}," * 5 * MILLION + b"{}]", "10,000,000 values")
    yield js("utf_16", odata().decode().encode("utf-16"), "neither text in UTF-8")
    yield js("one_number", b"[5]", "does not recognise")
    yield js("null", b"[null]", "does not recognise")
    yield js("no_rows", b'{"value": []}', "without rows|no table|recognise")
    yield js("mixed_rows", b'{"value": [{"WijkenEnBuurten": "GM0344"}, 5]}', "does not recognise")
    yield geo("whole", geojson(), CODES)
    yield geo("not_a_number", geojson("[[[0, 0], [0, NaN], [1, 1], [0, 0]]]"), "no .*finite number")
    yield geo("infinite", geojson("[[[0, 0], [0, 1e400], [1, 1], [0, 0]]]"), "no .*finite number")
    yield geo("null_coordinate", geojson("[[[0, 0], [0, null], [1, 1], [0, 0]]]"), "no .*finite number")
    yield geo("text_coordinate", geojson('[[["0", "0"], ["0", "1"], ["1", "1"]]]'), "no .*finite number")
    yield geo("object_coordinates", geojson('{"x": 5}'), "no .*finite number|shape")
    yield geo("deep_coordinates", geojson("[" * 300 + "]" * 300), "no .*finite number|hundreds deep")
    yield geo("unknown_type", geojson(kind="Circle"), "its type is not one of GeoJSON")
    yield geo("deep_collection", lambda: geojson(
        '[{"type": "GeometryCollection", "geometries": ' * 300 + "[]" + "}]" * 300, "GeometryCollection"),
        "hundreds deep|shape of points")  # fmt: skip
    yield geo("digits_400", geojson("[[[0, 0], [0, " + "1" * 400 + "], [1, 1], [0, 0]]]"), "no .*finite number")
    crossing = "[[[200000, 200000], [201000, 201000], [201000, 200000], [200000, 201000], [200000, 200000]]]"
    yield geo("crossing_itself", geojson(crossing), CODES)
    yield geo("points_4_million", lambda: geojson("[[" + "[0,0]," * 4 * MILLION + "[0,0]]]"), "10,000,000 values")
    yield geo("feature_is_a_number", b'{"type": "FeatureCollection", "features": [5]}', "some that are none")
    yield geo("no_features", b'{"type": "FeatureCollection", "features": []}', "without features")


# ------------------------------------------------------------------ zip and gzip


def zipped(*members: "tuple[str | zipfile.ZipInfo, bytes]", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content, method)
    return made.getvalue()


def bomb(size: int) -> bytes:
    """Zeros, packed: the same megabyte again and again."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = pack.compress(b"1;" * (MILLION // 2)) + pack.flush(zlib.Z_FULL_FLUSH)
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    return part * (size // MILLION) + pack.flush()


def raw_zip(name: str, packed: bytes, says: int, flags: int = 0, method: int = 8) -> bytes:
    """A zip written by hand, whose head says what it likes."""
    crc, at = 0, name.encode()
    head = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, flags, method, 0, 0, crc, len(packed), says, len(at), 0) + at
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, flags, method, 0, 0, crc, len(packed), says, len(at),
                        0, 0, 0, 0, 0, 0) + at  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(head) + len(packed), 0)
    return head + packed + entry + end


def with_mode(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (mode | 0o644) << 16
    return info


def packed_files() -> Iterator[Hostile]:
    whole, name = text(rows()), "kwb_2020.csv"
    good = zipped((name, whole))

    def archive(what: str, content: "bytes | Callable[[], bytes]", outcome: Outcome, end: str = "zip") -> Hostile:
        return Hostile(f"packed_{what}/kwb_2020.{end}", put(content), outcome)

    def broken(place: int) -> bytes:
        return good[:place] + bytes([good[place] ^ 255]) + good[place + 1 :]

    yield archive("whole", good, CODES)
    yield archive("stored", zipped((name, whole), method=zipfile.ZIP_STORED), CODES)
    yield archive("encrypted", raw_zip(name, whole, len(whole), flags=1, method=0), "is encrypted")
    yield archive("wrong_crc", raw_zip(name, whole, len(whole), method=0), "damaged zip.*CRC")
    yield archive("broken", broken(60), "damaged zip")
    yield archive("cut_off", good[:-30], "damaged zip")
    yield archive("head_only", good[:40], "damaged zip")
    yield archive("not_packed", whole, CODES)
    yield archive("zip_in_zip", zipped(("kwb_2020.zip", good)), "packed again")
    yield archive("gzip_in_zip", zipped(("kwb_2020.csv.gz", gzip.compress(whole))), "packed again")
    yield archive("absolute_name", zipped(("/etc/kwb_2020.csv", whole)), CODES)
    yield archive("name_above", zipped(("../../kwb_2020.csv", whole)), CODES)
    yield archive("link", zipped((with_mode(name, stat.S_IFLNK), b"/etc/passwd")), "is a link")
    yield archive("pipe", zipped((with_mode(name, stat.S_IFIFO), b"")), "is a pipe")
    yield archive("device", zipped((with_mode(name, stat.S_IFCHR), b"")), "is a device")
    yield archive("folder_only", zipped(("folder/", b"")), "holds 0 files")
    yield archive("no_members", zipped(), "damaged zip|holds 0 files")
    yield archive("two_tables", zipped((name, whole), ("kwb_2021.csv", whole)), "holds 2 files")
    yield archive("one_name_twice", raw_zip(name, whole, len(whole), method=0)[:-22] + good, CODES)
    yield archive("bzip2", zipped((name, whole), method=zipfile.ZIP_BZIP2), "few programs read")
    yield archive("lzma", zipped((name, whole), method=zipfile.ZIP_LZMA), "few programs read")
    yield archive("rare_method", raw_zip(name, whole, len(whole), method=97), "few programs read")
    yield archive("members_20_000", lambda: zipped(*((f"{n}.csv", b"a") for n in range(20_000))), "10,000 files")
    yield archive("bomb_7_gb", lambda: raw_zip(name, bomb(7_000 * MILLION), 7_000 * MILLION % 2**32), "250,000,000")
    yield archive("bomb_that_lies", lambda: raw_zip(name, bomb(7_000 * MILLION), 1000), "250,000,000|damaged zip")
    yield archive("size_4_gb_lie", raw_zip(name, bomb(1 * MILLION), 2**32 - 1), "damaged zip|250,000,000")
    yield archive("other_disk", good[:-18] + struct.pack("<2H", 7, 7) + good[-14:], CODES)
    yield archive("gzip_bomb", lambda: gzip.compress(b"1;" * (MILLION // 2)) * 300, "250,000,000", "csv.gz")
    yield archive("gzip_cut_off", gzip.compress(whole)[:-9], "damaged gzip", "csv.gz")
    yield archive("gzip_wrong_crc", gzip.compress(whole)[:-8] + bytes(8), "damaged gzip", "csv.gz")
    yield archive("gzip_and_more", gzip.compress(whole) + b"more", "damaged gzip", "csv.gz")
    yield archive("gzip_twice", gzip.compress(gzip.compress(whole)), "packed again", "csv.gz")
    yield archive("gzip_text_of_150_mb", lambda: gzip.compress(b"a;b\n" * 100_000) * 375, "125,000,000", "csv.gz")
    yield archive("openoffice", zipped(("mimetype", b"x"), ("content.xml", b"<a/>")), "OpenDocument", "ods")
    yield archive("word", zipped(("word/document.xml", b"<a/>")), "a Word document", "docx")
    yield archive("binary_workbook", zipped(("xl/workbook.bin", b"x")), "binary Excel workbook", "xlsb")


# ------------------------------------------------------------------ texts that a person writes, and counts to measure

MAP = '[table]\nareas = "gwb_code_10"\nyear = 2020\n[source]\nid = "own_x"\n[columns]\na_inw = "inhabitants"\n'


def mappings() -> Iterator[Hostile]:
    def map_(what: str, content: "str | bytes | Callable[[Path], object]", outcome: Outcome) -> Hostile:
        def make(path: Path) -> None:
            path.write_bytes(text(rows()))
            other = path.with_name("map.toml")
            if callable(content):
                content(other)
            else:
                other.write_bytes(content if isinstance(content, bytes) else content.encode())

        call = ("data", "add", "{file}", "--map", "{folder}/map.toml", "--dry-run")
        return Hostile(f"mapping_{what}/benches.csv", make, outcome, call)

    yield map_("whole", MAP, CODES)
    yield map_("deep", "a = " + "[" * 5_000, "nested deeper than 32 levels")
    yield map_("digits_10_000", f"a = {'1' * 10_000}", "not valid TOML")
    yield map_("no_utf_8", MAP.encode() + b"# \xe9", "not text in UTF-8")
    yield map_("null_bytes", MAP.encode("utf-16"), "not text in UTF-8")
    yield map_("of_1_gb", sparse(1_000 * MILLION, b"# "), "5,000,000 bytes")
    yield map_("folder", Path.mkdir, "a folder")
    yield map_("pipe", os.mkfifo, "a pipe")
    yield map_("no_tables", 'table = 5\nsource = []\ncolumns = "x"\n', "3 faults.*not a table")
    column = 'a_inw = "inhabitants"'
    for what, line in (("infinite", "inf"), ("nan", "nan"), ("zero", "0"), ("text", '"x"'), ("list", "[1]")):
        new = f'a_inw = {{ indicator = "inhabitants", times = {line} }}'
        yield map_(f"times_{what}", MAP.replace(column, new), "times is a number above 0")
    yield map_("column_is_a_number", MAP.replace('"inhabitants"', "5"), "is an indicator or a table, not 5")
    for line in (
        'header = "x"',
        'header = ["a"]',
        "header = 1e99",
        "areas = 5",
        "year = 1.5",
        "keep = [1]",
        "sheet = {}",
    ):
        yield map_(f"table_{line.replace(' ', '_')}".replace('"', ""), MAP.replace("[table]", f"[table]\n{line}")
                   .replace('areas = "gwb_code_10"\n', "" if line.startswith("areas") else 'areas = "gwb_code_10"\n')
                   .replace("year = 2020\n", "" if line.startswith("year") else "year = 2020\n"),
                   "cannot be|names rows by their number")  # fmt: skip


COUNTS = [["unit", "group", "count"], ["a", "x", 10], ["a", "y", 30], ["b", "x", 20], ["b", "y", 20]]


def counts() -> Iterator[Hostile]:
    call = ("measure", "{file}", "--index", "dissimilarity", "--group", "x")

    def csv(what: str, content: "bytes | Callable[[], bytes]", outcome: Outcome) -> Hostile:
        return Hostile(f"measure_{what}/counts.csv", put(content), outcome, call)

    def last(what: str, cell: object, outcome: Outcome) -> Hostile:
        return csv(f"cell_{what}", text([*COUNTS[:-1], ["b", "y", cell]]), outcome)

    good = text(COUNTS)
    yield csv("whole", good, {})
    for what, cell in (("infinite", "1e400"), ("inf", "inf"), ("word", "many"), ("digits_10_000", "1" * 10_000),
                       ("hex", "0x14"), ("deep", "1e99999")):  # fmt: skip
        yield last(what, cell, "count")
    yield last("other_digits", "٢٠", {})
    yield csv("null_bytes", good.replace(b"a", b"\x00", 1), "null bytes")
    yield csv("utf_16", good.decode().encode("utf-16"), "null bytes")
    yield csv("open_quote", good.replace(b"b;y", b'b;"y'), "can't be read as a table")
    yield csv("cells_too_many", good.replace(b";20", b";20;5"), "more cells than|can't be read")
    yield csv(
        "one_title_less", good.replace(b"unit;group;count", b"group;count"), "more cells than|can't be read|missing"
    )
    yield csv("columns_100_000", lambda: text([[f"c{n}" for n in range(100_000)]]), "16,384 columns")
    yield csv("cells_11_million", lambda: good + b"a;x;1\n" * 4 * MILLION, "10,000,000 cells")
    yield csv("text_of_150_mb", sparse_bytes(150), "125,000,000")
    yield Hostile("measure_of_1_gb/counts.csv", sparse(1_000 * MILLION), "500,000,000", call)

    def parquet(**columns: "list[object]") -> Callable[[Path], object]:
        def make(path: Path) -> None:
            import pandas as pd

            pd.DataFrame({"unit": ["a", "a", "b", "b"], "group": ["x", "y", "x", "y"], **columns}).to_parquet(path)

        return make

    yield Hostile("measure_parquet_whole/c.parquet", parquet(count=[1, 2, 3, 4]), {}, call)
    yield Hostile("measure_parquet_infinite/c.parquet", parquet(count=[1, 2, 3, float("inf")]), "finite", call)
    yield Hostile("measure_parquet_lists/c.parquet", parquet(count=[[1], [2], [3], [4]]), "count", call)
    yield Hostile("measure_parquet_bomb/c.parquet", bomb_of_texts, "250,000,000", call)


def bomb_of_texts(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    same = pa.DictionaryArray.from_arrays(pa.array([0] * 4 * MILLION, pa.int32()), pa.array(["x" * 1000]))
    pq.write_table(pa.table({"unit": same}), path)


# ------------------------------------------------------------------ the judge


@dataclass(frozen=True)
class Verdict:
    """What became of a file: whether that is right, what was said, and the time and memory that it took."""

    name: str
    right: bool
    said: str
    seconds: float
    resident: int


def every() -> list[Hostile]:
    """List all hostile files."""
    import hostile_binary as binary

    makers = (tables_of_text, no_files, json_files, packed_files, binary.workbooks, binary.parquet_files, binary.databases,
              binary.shapefiles, mappings, counts)  # fmt: skip
    return [one for make in makers for one in make()]


def judged(folder: Path, only: str = "") -> list[Verdict]:
    """Judge all files, or those whose name begins with `only`, in copies of one process that has one thread.

    It takes a project without a store for its own: with one, reading it would start the threads of an engine.
    """
    from conftest import copy_project

    code = "import sys; sys.path.insert(0, sys.argv[3]); import hostile; hostile.serve(*sys.argv[1:3])"
    words = [sys.executable, "-c", code, str(folder / "files"), only, str(Path(__file__).parent)]
    env = {**os.environ, **ALONE, "COLUMNS": "200", "KLOOF_HOME": str(copy_project(folder / "home"))}
    told = subprocess.run(words, stdout=subprocess.PIPE, env=env, check=True).stdout
    return [Verdict(**json.loads(line)) for line in told.splitlines()]


def serve(folder: str, only: str) -> None:
    """Make, judge and throw away every file; write a line of JSON for each."""
    import pyarrow.parquet  # noqa: F401 (loaded once, for all that are copied from this process)

    from kloof.cli import data_map, main, measure  # noqa: F401
    from kloof.files import propose, recognise  # noqa: F401
    from kloof.study import places  # noqa: F401

    whole = Path(folder, "kwb_2020.csv")
    whole.parent.mkdir(parents=True)
    whole.write_bytes(text(rows()))
    sys.argv = ["kloof", "data", "add", str(whole), "--dry-run"]
    with redirect_stdout(io.StringIO()), suppress(SystemExit):
        main.main()  # what is loaded and read on the way is there for all copies
    for one in every():
        if one.name.startswith(only):
            sys.stdout.write(json.dumps(vars(_verdict(one, Path(folder)))) + "\n")
            sys.stdout.flush()


def _verdict(one: Hostile, folder: Path) -> Verdict:
    """Judge a file: make it in one copy of this process, read it in another."""
    path = folder / one.name
    path.parent.mkdir(parents=True)
    _in_a_copy(lambda: one.make(path), folder / "made", 120)
    status, resident, seconds, said = _in_a_copy(lambda: _call(one, path), folder / "said", 6 * SECONDS)
    for left in path.parent.iterdir():
        left.rmdir() if left.is_dir() and not left.is_symlink() else left.unlink()
    path.parent.rmdir()
    right = _is_right(one.outcome, status, said) and resident < RESIDENT
    return Verdict(one.name, right, f"{status}: {said[-600:]}", seconds, resident)


def _is_right(outcome: Outcome, status: int, said: str) -> bool:
    """Tell whether a file was refused in words that fit, or read as it is."""
    import re

    if "Traceback" in said:
        return False
    if isinstance(outcome, str):
        return status == 2 and re.search(rf"^kloof: .*(?:{outcome})", said, re.DOTALL | re.MULTILINE) is not None
    return status == 0 and "not right" not in said


def _call(one: Hostile, path: Path) -> None:
    """Call kloof on a file with little memory, and compare what it read."""
    import resource

    from kloof.catalogue import catalogue
    from kloof.cli import main
    from kloof.files.mapped import read_map
    from kloof.files.recognise import recognise

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    sys.argv = ["kloof", *(word.format(file=path, folder=path.parent) for word in one.call)]
    main.main()
    if not one.outcome or one.call[0] != "data":
        return
    known, mapping = catalogue(), None
    if "--map" in one.call:
        mapping, known = read_map(path.with_name("map.toml"), known)
    read = recognise(path, known, mapping=mapping)
    found = read.observations[read.observations["indicator"] == "inhabitants"]
    values = {code: None if isnan(value) else value for code, value in zip(found["code"], found["value"], strict=True)}
    if values != one.outcome or (one.reason and one.reason not in {row.reason for row in read.set_aside}):
        sys.stdout.write(f"not right: {values} {read.set_aside}")


def _in_a_copy(work: Callable[[], object], log: Path, limit: int) -> tuple[int, int, float, str]:
    """Do work in a copy of this process: give how it ended, most memory and time of a core it had, what it said."""
    threads = Path("/proc/self/task")
    if threads.is_dir() and len(list(threads.iterdir())) > 1:
        raise RuntimeError("threads have started here: a copy has none of them, and may wait for one without end")
    child = os.fork()
    if not child:
        code = 70
        try:
            handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
            try:
                work()
                code = 0
            except SystemExit as ending:
                code = ending.code if isinstance(ending.code, int) else 71
            except BaseException:  # noqa: BLE001 (what is not caught is what is looked for)
                import traceback

                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    until = time.monotonic() + limit
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > until:
            os.kill(child, 9)
            _, status, usage = os.wait4(child, 0)
            break
        time.sleep(0.005)
    said = log.read_text(encoding="utf-8", errors="replace")
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime, said
