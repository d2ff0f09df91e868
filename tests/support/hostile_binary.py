# ruff: noqa: E501, PLR0915 (files are one line each)
"""Hostile workbooks, parquet files, databases and shapefiles, all synthetic; see `hostile`."""

import io
import random
import re
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
from hostile import CODES, MILLION, MISSING, Hostile, Outcome, bomb_of_texts, put, rows, zipped

# ------------------------------------------------------------------ workbooks

SHEET, TEXTS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
END = "</row></sheetData>"


def parts(last: object = 200) -> dict[str, str]:
    """The parts of a small workbook, cells written as Excel does."""
    lines = []
    for n, row in enumerate(rows(last), 1):
        cells = [
            f'<c r="{chr(65 + m)}{n}"><v>{cell}</v></c>' if n > 1 and m > 2
            else f'<c r="{chr(65 + m)}{n}" t="inlineStr"><is><t>{cell}</t></is></c>'
            for m, cell in enumerate(row)
        ]  # fmt: skip
        lines.append(f'<row r="{n}">{"".join(cells)}')
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    return {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{office}/officeDocument" '
        f'Target="{BOOK}"/></Relationships>',
        BOOK: f'<workbook {main} xmlns:r="{office}"><sheets><sheet name="2020" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" '
        f'Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        TEXTS: f"<sst {main}><si><t>x</t></si></sst>",
        SHEET: f'<worksheet {main}><dimension ref="A1:E5"/><sheetData>{"</row>".join(lines)}</row></sheetData></worksheet>',
    }


def book(made: "dict[str, str] | None" = None, **changed: "tuple[str, str]") -> bytes:
    """A workbook, with a text in its sheet, texts or book put in the place of another."""
    whole = dict(made or parts())
    for key, (before, after) in changed.items():
        name = {"sheet": SHEET, "texts": TEXTS, "book": BOOK}[key]
        assert before in whole[name]
        whole[name] = whole[name].replace(before, after)
    return zipped(*((name, content.encode()) for name, content in whole.items()))


def workbooks() -> Iterator[Hostile]:
    def xlsx(what: str, content: "bytes | Callable[[], bytes]", outcome: Outcome, far: bool = False) -> Hostile:
        reason = "far_from_the_table" if far else ""
        return Hostile(f"workbook_{what}/kwb-2020.xlsx", put(content), outcome, reason=reason)

    def stray(what: str, cell: str, row: str = "") -> Hostile:
        return xlsx(what, book(sheet=(END, f"</row>{row}{cell}{END}" if row else f"{cell}{END}")), CODES, far=True)

    def last(what: str, cell: str, outcome: Outcome) -> Hostile:
        return xlsx(f"cell_{what}", book(sheet=("<v>200</v>", cell)), outcome)

    yield xlsx("whole", book(), CODES)
    far = '<c r="XFD1048576"><v>1</v></c>'
    yield stray("stray_at_the_end", far, '<row r="1048576">')
    yield stray("stray_blank_text", '<c r="XFD1048576" t="inlineStr"><is><t> </t></is></c>', '<row r="1048576">')
    yield stray("stray_column", '<c r="XFD5"><v>1</v></c>')
    yield stray("stray_row", '<c r="A1048576"><v>1</v></c>', '<row r="1048576">')
    yield stray("stray_near", '<c r="Z5000"><v>1</v></c>', '<row r="5000">')
    yield stray("stray_other_quotes", far.replace('"', "'"), "<row r='1048576'>")
    yield stray("stray_attributes_first", '<c s="0" r="XFD1048576"><v>1</v></c>', '<row r="1048576">')
    yield stray("stray_entity", '<c r="&#88;FD1048576"><v>1</v></c>', '<row r="1048576">')
    yield stray("stray_small_letters", far.replace("XFD", "xfd"), '<row r="1048576">')
    yield stray("stray_four_letters", '<c r="ZZZZ9"><v>1</v></c>', '<row r="9">')
    yield stray("stray_row_99_million", '<c r="B99999999"><v>1</v></c>', '<row r="99999999">')
    yield stray("strays_20", "".join(f'<c r="A{n}"><v>1</v></c>' for n in range(900_000, 900_020)), '<row r="900000">')
    many = "".join(f'<c r="A{n}"><v>1</v></c>' for n in range(900_000, 900_090))
    yield xlsx("strays_more_than_cells", book(sheet=(END, f'</row><row r="900000">{many}{END}')), "does not recognise")
    blank = '<row r="1048576"><c r="XFD1048576" s="0"/>'
    yield xlsx("blank_cell_at_the_end", book(sheet=(END, f"</row>{blank}{END}")), CODES)
    wide = parts()
    wide[SHEET] = re.sub(r"(</?)(\w)", r"\1x:\2", wide[SHEET]).replace("xmlns=", "xmlns:x=")
    wide[SHEET] = wide[SHEET].replace(
        "</x:row></x:sheetData>",
        f"</x:row><x:row>{far.replace('c', 'x:c').replace('v>', 'x:v>')}</x:row></x:sheetData>",
    )
    yield xlsx("stray_prefix", book(wide), CODES, far=True)
    yield xlsx("without_places", book(made={**parts(), SHEET: re.sub(r' r="\w+"', "", parts()[SHEET])}), CODES)
    many = "".join(f'</row><row r="{n}"><c r="XFD{n}"><v>1</v></c>' for n in range(900_000, 900_400))
    yield xlsx("strays_400", book(sheet=(END, many + END)), "10,000,000 cells")
    pair = {**parts(), SHEET: f'<worksheet><sheetData><row><c r="A1"><v>1</v></c>{far}</row></sheetData></worksheet>'}
    yield xlsx("only_two_cells", book(pair), "10,000,000 cells|16,384|recognise")
    yield xlsx("says_it_is_large", book(sheet=('ref="A1:E5"', 'ref="A1:XFD1048576"')), CODES)
    yield xlsx("texts_4_billion", book(texts=("<si>", ' count="4000000000" uniqueCount="4000000000"><si>')), CODES)
    yield xlsx("text_repeated", lambda: book(
        texts=("<t>x", f"<t>{'x' * 32_000}"), sheet=(END, '<c r="F5" t="s"><v>0</v></c>' * 300_000 + END)),
        "repeats its texts.*500,000,000")  # fmt: skip
    yield xlsx("sheet_listed_500_times", lambda: book(
        texts=("<t>x", f"<t>{'x' * 2 * MILLION}"), sheet=(END, '<c r="F5" t="s"><v>0</v></c>' + END),
        book=("</sheets>", "".join(f'<sheet name="n{n}" sheetId="{n}" r:id="rId1"/>' for n in range(2, 502)) + "</sheets>")),
        "repeats its texts.*500,000,000")  # fmt: skip
    yield xlsx("cells_4_million", lambda: book(
        sheet=(END, "</row>" + f"<row>{'<c><v>1</v></c>' * 4_000}</row>" * 1000 + "</sheetData>")),
        "3,000,000 of these")  # fmt: skip
    yield xlsx("sheet_of_300_mb", lambda: book(sheet=(END, END + " " * 300 * MILLION)), "250,000,000")
    yield xlsx("entities", book(sheet=("<worksheet", '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><worksheet')),
               CODES)  # fmt: skip
    yield xlsx("deep", book(sheet=("<v>200</v>", "<v>" * 50_000 + "</v>" * 50_000)), MISSING)
    yield xlsx("cut_in_a_tag", book(sheet=("</sheetData></worksheet>", "<row")), "damaged Excel workbook")
    yield xlsx("noise_for_a_sheet", book({**parts(), SHEET: "\x00\x01" * 500}), "damaged Excel|recognise")
    yield xlsx(
        "no_sheet", book({name: one for name, one in parts().items() if name != SHEET}), "damaged Excel workbook"
    )
    yield xlsx("no_book", book({**parts(), BOOK: ""}), "damaged|recognise")
    doubled = book()[:-22]
    yield xlsx("cut_off", doubled, "damaged zip")
    yield xlsx("part_twice", zipped(*[(name, one.encode()) for name, one in parts().items()],
                                    (SHEET.upper(), b"<x/>")), "stands twice")  # fmt: skip
    yield xlsx("password", b"\xd0\xcf\x11\xe0" + bytes(2000) + "EncryptedPackage".encode("utf-16-le"), "has a password")
    yield xlsx("old_noise", b"\xd0\xcf\x11\xe0" + random.Random(2).randbytes(5000), "damaged Excel workbook")
    yield last("infinite", "<v>1e400</v>", "no number in 1 cell")
    yield last("nan", "<v>NaN</v>", MISSING)
    yield last("digits_10_000", f"<v>{'1' * 10_000}</v>", "no number in 1 cell")
    yield last("empty", "<v></v>", MISSING)
    yield last("other_digits", "<v>٢٠٠</v>", CODES)
    yield Hostile("workbook_old_far/kwb-2020.xls", put(old_book([(0, 0, 1.0), (65_535, 65_535, 2.0)])),
                  "damaged Excel workbook, or too large|cells|columns")  # fmt: skip
    yield Hostile(
        "workbook_old_far_row/kwb-2020.xls", put(old_book([(0, 0, 1.0), (0, 1, 2.0), (9, 300, 2.0)])), "recognise"
    )
    yield Hostile("workbook_old_end/kwb-2020.xls", put(old_book([(0, 0, 1.0), (0, 1, 2.0), (1, 0, 3.0), (29_999, 255, 2.0)])),
                  "does not recognise")  # fmt: skip


def old_book(cells: "list[tuple[int, int, float]]") -> bytes:
    """An Excel 97 workbook of numbers, by hand: a compound file with one stream of records."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<2H", kind, len(content)) + content

    begin = struct.pack("<4H2I", 0x0600, 5, 0x0DBB, 0x07CC, 0, 6)
    sheet = record(0x809, struct.pack("<4H2I", 0x0600, 0x10, 0x0DBB, 0x07CC, 0, 6))
    sheet += b"".join(record(0x203, struct.pack("<3Hd", row, column, 0, value)) for row, column, value in cells)
    sheet += record(0x0A, b"")
    size = len(record(0x809, begin)) + 4 + 6 + 2 + 1 + 4
    head = record(0x809, begin) + record(0x85, struct.pack("<IBBBB", size, 0, 0, 1, 0) + b"a") + record(0x0A, b"")
    stream = (head + sheet).ljust(4096, b"\x00")
    sectors = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")

    def entry(name: str, kind: int, child: int, start: int, long: int) -> bytes:
        at = name.encode("utf-16-le") + b"\x00\x00"
        return struct.pack("<64sH2B3I16sI8s8sIQ", at, len(at), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, b"", 0, b"", b"",
                           start, long)  # fmt: skip

    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    first = struct.pack("<8s16s5H6x9I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096,
                        0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)  # fmt: skip
    return first + table + folder.ljust(512, b"\x00") + stream


# ------------------------------------------------------------------ parquet


def parquet_files() -> Iterator[Hostile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    titles, *body = rows()
    names = {"gwb_code_10": "statcode", "regio": "statnaam", "a_inw": "aantal_inwoners"}
    frame = pd.DataFrame(body, columns=titles).rename(columns=names)[list(names.values())]

    def write(table: "pa.Table | Callable[[], pa.Table]", **more: object) -> Callable[[Path], object]:
        return lambda path: pq.write_table(table() if callable(table) else table, path, **more)

    def parquet(what: str, make: Callable[[Path], object], outcome: Outcome) -> Hostile:
        return Hostile(f"parquet_{what}/buurten_2020.parquet", make, outcome)

    def last(what: str, values: "list[object]", outcome: Outcome, kind: "pa.DataType | None" = None) -> Hostile:
        column = pa.array(values, type=kind)
        return parquet(f"cells_{what}", write(whole.set_column(2, "aantal_inwoners", column)), outcome)

    whole = pa.Table.from_pandas(frame)
    good = io.BytesIO()
    pq.write_table(whole, good, compression="none", use_dictionary=False)
    data = good.getvalue()
    yield parquet("whole", put(data), CODES)
    yield parquet("cut_off", put(data[:-20]), "damaged parquet|neither")
    yield parquet("footer_lies", put(data[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1"), "damaged parquet")
    yield parquet("head_only", put(b"PAR1"), "damaged parquet")
    yield parquet("encrypted", put(b"PARE" + data[4:-4] + b"PARE"), "neither text in UTF-8|null bytes")
    place = data.index(b"BU03440102")
    yield parquet("broken_page", put(data[: place - 9] + b"\xff" * 9 + data[place:]), "damaged parquet")

    def long() -> "pa.Table":
        return pa.table({"a": pa.concat_arrays([pa.array(["x" * 100_000 + str(n) for n in range(1000)])] * 10)})

    yield parquet("dictionary_bomb", bomb_of_texts, "250,000,000 bytes")
    yield parquet("long_texts", write(long, compression="zstd"), "250,000,000")
    yield parquet("same_begin", write(long, use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"}),
                  "250,000,000")  # fmt: skip
    yield parquet(
        "rows_60_million", write(lambda: pa.table({"a": pa.nulls(60 * MILLION, pa.int8())})), "50,000,000 cells"
    )
    yield parquet("columns_20_000", write(lambda: pa.table({f"c{n}": [1] for n in range(20_000)})), "16,384 columns")
    listed = pa.array([[200.0]] * 4)
    yield last("listed", [[100]] * 4, "no number in 4 cells")
    yield last("tables", [{"a": 100}] * 4, "no number in 4 cells")
    yield parquet("another_list", write(whole.append_column("extra", listed)), CODES)
    yield parquet("list_of_12_million", write(lambda: pa.table({"a": pa.ListArray.from_arrays(
        pa.array([0, 12 * MILLION], pa.int32()), pa.nulls(12 * MILLION, pa.int8()))})), "50,000,000 cells")  # fmt: skip
    yield last("infinite", [300.0, 300.0, 100.0, float("inf")], "no number in 1 cell")
    yield last("nan", [300.0, 300.0, 100.0, float("nan")], MISSING)
    yield last("bytes", [b"300", b"300", b"100", b"200"], "no number in 4 cells")
    yield last("dates", [1, 2, 3, 4], "no number in 4 cells", pa.date32())
    yield last("times", [2**62] * 4, "damaged parquet|no number in 4 cells|too large", pa.timestamp("us"))
    yield last("true", [True] * 4, "no number in 4 cells")
    yield last("whole_2_63", [300, 300, 100, 2**63], r"\[\w+\]|cannot|above", pa.uint64())
    yield parquet("title_twice", write(pa.Table.from_arrays([whole[n] for n in (0, 1, 2, 2)],
                  [*whole.column_names, "aantal_inwoners"])), "stands twice|damaged parquet")  # fmt: skip
    for what, about in (("noise", b"\xff\xfe"), ("deep", b"[" * 100_000), ("list", b"[]"),
                        ("no_columns", b'{"primary_column": "statcode"}'),
                        ("wrong_shapes", b'{"primary_column": "statcode", "columns": {"statcode": {}}}')):  # fmt: skip
        yield parquet(f"geo_{what}", write(whole.replace_schema_metadata({b"geo": about})), "damaged|hundreds deep")
    for what, about in (
        ("noise", b"{"),
        (
            "index",
            b'{"index_columns": [{"kind": "range", "start": 0, "stop": 9e18, "step": 1, "name": null}], "columns": [], "column_indexes": []}',
        ),
    ):
        yield parquet(
            f"pandas_{what}",
            write(whole.replace_schema_metadata({b"pandas": about})),
            "damaged" if what == "noise" else CODES,
        )
    yield parquet("no_rows", write(whole.slice(0, 0)), {})
    yield parquet("no_columns", write(pa.table({})), "recognise|damaged")


# ------------------------------------------------------------------ databases

KWB = "Kerncijfers_wijken_en_buurten_2020"
ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n AS statcode FROM t"


def database(*script: str, values: "tuple[object, ...]" = ()) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with closing(sqlite3.connect(path)) as base:
            for line in script:
                base.execute(line, values if "?" in line else ())
            base.commit()

    return make


def kwb_tables(last: str = "200") -> "list[str]":
    titles = '"Codering_3", "Gemeentenaam_1", "Bevolking|Aantal inwoners"'
    found = [f'CREATE TABLE {KWB} ("Wijken en buurten", {titles})']
    for code, value in CODES.items():
        cell = last if code.endswith("02") else str(value)
        found.append(f"INSERT INTO {KWB} VALUES ('{code}', '{code}', 'x', {cell})")
    return found


def package(*more: str, blob: bytes = b"", zeros: int = 0) -> Callable[[Path], object]:
    """A GeoPackage of which the last area has another shape."""
    import shapely

    square = b"GP\x00\x01" + struct.pack("<i", 28992) + shapely.to_wkb(shapely.box(200_000, 400_000, 201_000, 401_000))

    def make(path: Path) -> None:
        with closing(sqlite3.connect(path)) as base:
            base.execute("CREATE TABLE gpkg_contents (table_name, data_type)")
            base.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id)")
            base.execute("INSERT INTO gpkg_contents VALUES ('buurten_2020', 'features')")
            base.execute("INSERT INTO gpkg_geometry_columns VALUES ('buurten_2020', 'geom', 28992)")
            base.execute("CREATE TABLE buurten_2020 (statcode, statnaam, aantal_inwoners, geom)")
            for code, value in CODES.items():
                own = blob + bytes(zeros) if blob and code.endswith("02") else square
                base.execute("INSERT INTO buurten_2020 VALUES (?, 'x', ?, ?)", [code, value, own])
            for line in more:
                base.execute(line)
            base.commit()

    return make


def databases() -> Iterator[Hostile]:
    def db(what: str, make: Callable[[Path], object], outcome: Outcome) -> Hostile:
        return Hostile(f"database_{what}/kwb.db", make, outcome)

    def gpkg(what: str, make: Callable[[Path], object], outcome: Outcome) -> Hostile:
        return Hostile(f"geopackage_{what}/buurten_2020.gpkg", make, outcome)

    def changed(change: Callable[[bytes], bytes], own: Callable[[Path], object]) -> Callable[[Path], object]:
        def make(path: Path) -> None:
            own(path)
            path.write_bytes(change(path.read_bytes()))

        return make

    plain = database(*kwb_tables())
    yield db("whole", plain, CODES)
    yield db("infinite", database(*kwb_tables("9e999")), "no number in 1 cell")
    yield db("bytes", database(*kwb_tables("x'ff'")), "no number in 1 cell")
    yield db("no_text", database(*kwb_tables("CAST(x'ff' AS TEXT)")), "damaged SQLite")
    yield db("cut_off", changed(lambda data: data[:-4096], plain), "cut off|damaged")
    yield db("head_only", put(b"SQLite format 3\x00" + bytes(84)), "damaged|no table")
    yield db("noise", changed(lambda data: data[:100] + random.Random(3).randbytes(len(data) - 100), plain), "damaged")
    yield db("last_page_noise", changed(lambda data: data[:-4096] + b"\xff" * 4096, plain), "damaged SQLite")
    yield db("page_size_lies", changed(lambda data: data[:16] + b"\x00\x07" + data[18:], plain), "damaged")
    yield db("endless_view", database(*kwb_tables(), f"CREATE VIEW other AS {ENDLESS}"), CODES)
    yield db("computed_cells", database(
        f"CREATE TABLE {KWB} (a, b AS (zeroblob(50000000)))", f"INSERT INTO {KWB} (a) SELECT value FROM (" + " UNION ALL "
        .join(f"SELECT {n} AS value" for n in range(200)) + ")"), "is computed.*250,000,000")  # fmt: skip
    yield db("computed_too_long", database(f"CREATE TABLE {KWB} (a, b AS (zeroblob(900000000)))",
                                           f"INSERT INTO {KWB} (a) VALUES (1)"), "too big")  # fmt: skip
    yield db("trigger", database(*kwb_tables(), f"CREATE TRIGGER t AFTER INSERT ON {KWB} BEGIN DELETE FROM {KWB}; END"),
             CODES)  # fmt: skip
    yield db("tables_3_000", database(*(f"CREATE TABLE t{n} (a)" for n in range(3_000))), "no table named like")
    yield db("no_tables", database("PRAGMA user_version = 1"), "no table|no ")
    wide = ", ".join(f"c{n}" for n in range(1_900))
    yield db("columns_1_900", database(f"CREATE TABLE {KWB} (Codering_3, {wide})"), "KWB|column|no |.")
    yield gpkg("whole", package(), CODES)
    layer = "INSERT INTO gpkg_contents VALUES ('endless', 'attributes')"
    yield gpkg(
        "endless_layer", package(f"CREATE VIEW endless AS {ENDLESS}", layer), "does not come to an end|10,000,000"
    )
    counted = ENDLESS.replace("n AS statcode", "sum(length(hex(zeroblob(1000000)))) AS statcode")
    yield gpkg("endless_sum", package(f"CREATE VIEW endless AS {counted}", layer), "does not come to an end")
    yield gpkg("list_is_a_view", database(f"CREATE VIEW gpkg_contents AS {ENDLESS.replace('statcode', 'table_name')}",
               "CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id)"), "does not come to an end|damaged")  # fmt: skip
    yield gpkg("layer_absent", package("INSERT INTO gpkg_contents VALUES ('absent', 'features')"), "damaged GeoPackage")
    head = b"GP\x00\x01" + struct.pack("<i", 28992)
    begin = struct.pack("<BI", 1, 3)
    for what, blob in (
        ("no_head", b"XX" + bytes(30)), ("head_only", b"GP"), ("wrong_box", b"GP\x00\x0f" + bytes(40)),
        ("rings_4_billion", head + begin + struct.pack("<I", 2**32 - 1)),
        ("points_4_billion", head + begin + struct.pack("<2I", 1, 2**32 - 1)),
        ("type_unknown", head + struct.pack("<BI", 1, 99) + bytes(40)),
        ("deep", head + struct.pack("<BII", 1, 7, 1) * 200_000),
        ("not_a_number", head + begin + struct.pack("<2I8d", 1, 4, 0, 0, 0, float("nan"), 1, 1, 0, 0)),
        ("infinite", head + begin + struct.pack("<2I8d", 1, 4, 0, 0, 0, float("inf"), 1, 1, 0, 0)),
    ):  # fmt: skip
        yield gpkg(
            f"shape_{what}", package(blob=blob), "damaged shapes|begin as|finite number|deep|6,000,000 points|too big"
        )
    many = package(blob=head + begin + struct.pack("<2I", 1, MILLION), zeros=16 * MILLION)
    yield gpkg("points_1_million", many, CODES)
    yield gpkg("points_7_million", package(blob=head + begin, zeros=16 * 7 * MILLION), "too big")
    yield gpkg("system_unknown", package("UPDATE gpkg_geometry_columns SET srs_id = 3857"), "coordinates in EPSG:3857")


# ------------------------------------------------------------------ dBase and shapefiles


def dbase(last: str = "      200", rows_say: int = 4, long_says: int = 0, kind: bytes = b"N") -> bytes:
    fields = ((b"STATCODE", b"C", 12), (b"STATNAAM", b"C", 12), (b"AANT_INW", kind, 9))
    heads = b"".join(struct.pack("<11sc4xBB14x", name, sort, size, 0) for name, sort, size in fields)
    body = b""
    for code, value in CODES.items():
        figure = last if code.endswith("02") else f"{value:9.0f}"
        body += b" " + code.encode().ljust(12) + b"x".ljust(12) + figure.encode()[:9]
    head = struct.pack("<4BIHH20x", 3, 120, 1, 1, rows_say, 32 + 96 + 1, long_says or 34)
    return head + heads + b"\r" + body + b"\x1a"


def shp(points: "list[tuple[float, float]] | None" = None, says: int = 4) -> bytes:
    found = points or [(2e5, 4e5), (2e5, 5e5), (2.1e5, 5e5), (2e5, 4e5)]
    square = struct.pack("<i4diii", 5, 0, 0, 1, 1, 1, says, 0) + b"".join(struct.pack("<2d", *one) for one in found)
    body = b"".join(struct.pack(">ii", n, len(square) // 2) + square for n in range(1, 5))
    return (
        struct.pack(">i20xi", 9994, (100 + len(body)) // 2) + struct.pack("<ii8d", 1000, 5, 0, 0, 1, 1, *[0] * 4) + body
    )


def shapefiles() -> Iterator[Hostile]:
    def pair(what: str, table: bytes, shapes: bytes, outcome: Outcome, more: int = 0) -> Hostile:
        def make(path: Path) -> None:
            path.write_bytes(table)
            path.with_suffix(".prj").write_text('PROJCS["RD_New"]')
            if shapes:
                path.with_suffix(".shp").write_bytes(shapes + bytes(more))

        return Hostile(f"shapefile_{what}/buurten_2020.dbf", make, outcome)

    good = dbase()
    refused = "damaged shapes|rows and|finite number|damaged dBase|does not recognise|neither text|null bytes|points"
    yield pair("whole", good, shp(), CODES)
    yield pair("table_alone", good, b"", CODES)
    yield pair("rows_2_billion", dbase(rows_say=2**31), shp(), refused)
    yield pair("rows_without_length", dbase(rows_say=2**32 - 1, long_says=1), shp(), refused)
    yield pair("rows_fewer", dbase(rows_say=3), shp(), "3 rows and 4 shapes")
    yield pair("infinite", dbase("    1e400"), shp(), "too large|no number in 1 cell")
    yield pair("stars", dbase("*********"), shp(), MISSING)
    yield pair("kind_unknown", dbase(kind=b"?"), shp(), "damaged dBase")
    yield pair("cut_off", good[:100], shp(), refused)
    yield pair("points_2_billion", good, shp(says=2**31 - 1), refused)
    yield pair("points_below_0", good, shp(says=-5), refused)
    yield pair("not_a_number", good, shp([(2e5, 4e5), (2e5, float("nan")), (2.1e5, 5e5), (2e5, 4e5)]), refused)
    yield pair("cut_in_a_shape", good, shp()[:300], refused)
    yield pair("length_lies", good, shp()[:24] + struct.pack(">i", 2**31 - 1) + shp()[28:], refused)
    yield pair("shape_length_lies", good, shp()[:104] + struct.pack(">i", 2**31 - 1) + shp()[108:], refused)
    yield pair("shape_length_0", good, shp()[:104] + struct.pack(">i", 0) + shp()[108:], refused)
    yield pair("shape_length_below_0", good, shp()[:104] + struct.pack(">i", -60) + shp()[108:], refused)
    yield pair("shapes_120_mb", good, shp(), refused, 120 * MILLION)
