"""A file is opened by what is in it; what is no table is refused by what it looks like."""

import gzip
import io
import json
import struct
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.errors import KloofError, SourceError
from kloof.files.opening import open_file


def save(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("photo.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF", r"photo\.csv is a JPEG photo; kloof reads tables"),
        ("photo.png", b"\x89PNG\r\n", r"a PNG image"),
        ("report.csv", b"%PDF-1.7", r"a PDF"),
        ("kwb.csv", b"\xef\xbb\xbf\n  <!DOCTYPE html><html>", r"a web page or XML.*download"),
        ("kwb.xml", b"<?xml version='1.0'?><a/>", r"a web page or XML"),
        ("kwb.gz", b"\x1f\x8b\x08\x00", r"a damaged gzip archive"),
        ("kwb.csv", b" \n", r"is empty"),
        ("kwb.csv", b"naam;\xe9\xe9n", r"neither text in UTF-8"),
        ("kwb.json", b'{"value": [', r"damaged JSON"),
        ("kwb.csv", b"a,b\x00c", r"null bytes"),
        ("kwb.csv", b'a,"b\nc', r"damaged CSV"),
        ("kwb.zip", b"PK\x03\x04" + b"\x00" * 60, r"damaged zip"),
        ("kwb.xls", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, r"damaged Excel workbook"),
        ("kwb.parquet", b"PAR1" + b"\x00" * 60 + b"PAR1", r"damaged parquet"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_file(save(tmp_path, name, content))


def test_an_absent_file_lists_its_neighbours(tmp_path: Path) -> None:
    save(tmp_path, "kwb-2020.xlsx", b"x")
    with pytest.raises(SourceError, match=r"kwb-2022\.xlsx is not there\. Nearest in that folder: kwb-2020\.xlsx\."):
        open_file(tmp_path / "kwb-2022.xlsx")
    with pytest.raises(SourceError, match=r"kwb-2022\.xlsx is not there\. Nothing like it is in nowhere\."):
        open_file(tmp_path / "nowhere" / "kwb-2022.xlsx")


@pytest.mark.parametrize("sign", [",", ";", "|", "\t"])
def test_the_separator_is_found_outside_quotes(tmp_path: Path, sign: str) -> None:
    text = f'"a,b;c|d"{sign}e{sign}f\n1{sign}2{sign}3\n'
    assert open_file(save(tmp_path, "x.txt", text.encode())).rows == [["a,b;c|d", "e", "f"], ["1", "2", "3"]]


def test_forms_are_told_by_content(tmp_path: Path) -> None:
    frame = pd.DataFrame({"code": ["GM0758"], "n": [1.5]})
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    found = open_file(save(tmp_path, "a.csv", buffer.getvalue()))
    assert found.form == "parquet" and found.table is not None
    pd.testing.assert_frame_equal(found.table, frame)
    buffer = io.BytesIO()
    frame.to_excel(buffer, index=False)
    book = open_file(save(tmp_path, "b.csv", buffer.getvalue()))
    assert book.form == "workbook" and book.sheets == {"Sheet1": [["code", "n"], ["GM0758", 1.5]]}
    assert open_file(save(tmp_path, "c.csv", b'\xef\xbb\xbf{"a": 1}')).content == {"a": 1}


def test_a_zip_with_one_table_is_opened_and_what_macos_adds_does_not_count(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Crime.csv", "a;b\n1;2\n")
        archive.writestr("__MACOSX/._Crime.csv", b"\x00\x05\x16\x07")
    found = open_file(save(tmp_path, "crime.zip", buffer.getvalue()))
    assert found.rows == [["a", "b"], ["1", "2"]] and found.inside == "Crime.csv"


@pytest.mark.parametrize("name", ["kwb_2017.csv.gz", "kwb_2017.zip"])
def test_a_packed_table_is_read_as_itself(tmp_path: Path, name: str) -> None:
    text = b"a\tb\n1\t2\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("kwb_2017.csv", text)
    packed = gzip.compress(text) if name.endswith("gz") else buffer.getvalue()
    found = open_file(save(tmp_path, name, packed))
    assert (found.rows, found.inside, found.data) == ([["a", "b"], ["1", "2"]], "kwb_2017.csv", text)
    assert found.one_year(found.stem) == 2017
    twice = save(tmp_path, "twice.csv.gz", gzip.compress(packed))
    with pytest.raises(SourceError, match=r"twice\.csv\.gz is packed, and twice\.csv in it is packed again"):
        open_file(twice)


def dbase(rows: list[tuple[str, float]], encoding: str) -> bytes:
    """A dBase III table of two fields, written by hand after the description of the format."""
    fields = b"".join(
        struct.pack("<11sc4xBB14x", name, kind, size, places)
        for name, kind, size, places in ((b"NAAM", b"C", 20, 0), (b"INW", b"N", 9, 1))
    )
    body = b"".join(b" " + name.encode(encoding).ljust(20) + f"{value:9.1f}".encode() for name, value in rows)
    return struct.pack("<4BIHH20x", 3, 254, 1, 1, len(rows), 32 + 64 + 1, 1 + 20 + 9) + fields + b"\r" + body + b"\x1a"


CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0))  # clockwise, as a shapefile has the outside of a polygon


def shp(rows: int) -> bytes:
    """Shapes of a shapefile, one triangle a row and then none, by hand after the description of the format."""
    triangle = struct.pack("<i4diii", 5, 0, 0, 1, 1, 1, 4, 0) + b"".join(struct.pack("<2d", *one) for one in CORNERS)
    shapes = [triangle] * (rows - 1) + [struct.pack("<i", 0)]
    body = b"".join(struct.pack(">ii", n, len(one) // 2) + one for n, one in enumerate(shapes, 1))
    return (
        struct.pack(">i20xi", 9994, (100 + len(body)) // 2) + struct.pack("<ii8d", 1000, 5, 0, 0, 1, 1, *[0] * 4) + body
    )


def test_a_dbase_table_comes_with_the_shapefile_beside_it(tmp_path: Path) -> None:
    path = save(tmp_path, "wijk.dbf", dbase([("A", 1.0), ("B", 2.0)], "utf-8"))
    before = open_file(path)
    shapes = save(tmp_path, "wijk.shp", shp(2))
    save(tmp_path, "wijk.prj", b'PROJCS["RD_New",GEOGCS["GCS_Amersfoort"]]')
    found = open_file(shapes)
    assert (found.path, found.form) == (path, "dbase") and found.sha256 != before.sha256
    first, second = found.shapes
    assert first is not None and second is None and found.projection.startswith('PROJCS["RD_New"')
    assert first["type"] == "Polygon" and [tuple(one) for one in first["coordinates"][0]] == list(CORNERS)
    save(tmp_path, "wijk.shp", shp(3))
    with pytest.raises(SourceError, match=r"wijk\.dbf has 2 rows and 3 shapes"):
        open_file(path)
    save(tmp_path, "wijk.shp", shp(2)[:120])
    with pytest.raises(SourceError, match=r"wijk\.dbf has damaged shapes"):
        open_file(path)
    path.unlink()
    with pytest.raises(SourceError, match=r"wijk\.dbf is not there"):
        open_file(shapes)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_dbase_table_is_read_in_its_own_letters(tmp_path: Path, encoding: str) -> None:
    rows = [("Súdwest-Fryslân", 89_999.0), ("Één", -99997.0)]
    alone = save(tmp_path, "wijk.dbf", dbase(rows, encoding))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("wijk.dbf", dbase(rows, encoding))
        archive.writestr("wijk.shp", shp(2))
        archive.writestr("wijk.prj", 'PROJCS["RD_New"]')
        archive.writestr("wijk.shp.xml", b"<x/>")
    for path in (alone, save(tmp_path, "kaart.zip", buffer.getvalue())):
        found = open_file(path)
        assert found.form == "dbase" and found.table is not None
        assert found.table.to_numpy().tolist() == [list(row) for row in rows]
        assert len(found.shapes) == (0 if path == alone else 2) and bool(found.projection) == (path != alone)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("buurt.dbf", dbase(rows, encoding))
    with pytest.raises(SourceError, match=r"holds 5 files .*Unpack it and add its tables"):
        open_file(save(tmp_path, "kaart.zip", buffer.getvalue()))


def test_what_fetch_noted_is_read_beside_its_table(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"a": [1]}).to_parquet(buffer)
    path = save(tmp_path, "85984NED.rows.parquet", buffer.getvalue())
    assert open_file(path).beside() == {}
    save(tmp_path, "85984NED.meta.json", json.dumps({"table": "85984NED"}).encode())
    assert open_file(path).beside() == {"table": "85984NED"}
    save(tmp_path, "85984NED.meta.json", b"{")
    with pytest.raises(SourceError, match=r"85984NED\.meta\.json is damaged.*kloof data fetch"):
        open_file(path).beside()


@given(content=st.binary(max_size=200))
def test_any_bytes_are_opened_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = save(tmp_path_factory.getbasetemp(), "any.dat", content)
    try:
        assert open_file(path).form in ("text", "json", "sqlite", "workbook", "parquet", "dbase")
    except KloofError as problem:
        assert "any.dat" in str(problem)
