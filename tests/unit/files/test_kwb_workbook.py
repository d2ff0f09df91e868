"""kwb-YYYY.xls and .xlsx as CBS publishes them, written out small, and the workbooks that are refused."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from real_files import cells_of_a_year

from kloof.catalogue import Catalogue
from kloof.errors import SchemaError, SourceError
from kloof.files.recognise import recognise

HEAD = ["gwb_code_10", "gwb_code_8", "regio", "gm_naam", "recs", "gwb_code", "ind_wbz"]
FIGURES = ["a_inw", "a_00_14", "a_15_24", "g_ink_pi", "p_hh_110", "p_hh_120", "a_opl_lg", "g_woz", "pst_mvp"]
ROWS: list[list[Any]] = [
    ["NL00", "0", "Nederland", "Nederland", "Land", "NL00", ".", 17407585, 2726000, 2130000, 26.5, 9.1, 12.2, 3400000,
     270, "."],
    ["GM0758", "0758", "Breda", "Breda", "Gemeente", "GM0758", 1, 184126, 28000, 23000, 27.9, 8.4, 11, 40000, 270, "."],
    ["WK075800", "075800", "Breda centrum", "Breda", "Wijk", "WK075800", 1, 15000, 800, 3000, "    30.1", 9, 12, 2000,
     240, "4811"],
    ["BU07580000", "07580000", "Valkenberg", "Breda", "Buurt", "BU07580000", 1, 1990, 100, 440, ".", ".", ".", 0, 187,
     "4811"],
]  # fmt: skip


def xlsx(path: Path, rows: list[list[Any]], sheet: str = "KWB2020") -> Path:
    book = openpyxl.Workbook()
    book.create_sheet("toelichting", 0).append(["Toelichting bij de variabelen"])
    target = book["Sheet"]
    target.title = sheet
    for row in rows:
        target.append(row)
    content = io.BytesIO()
    book.save(content)
    path.write_bytes(content.getvalue())
    return path


def xls(path: Path, rows: list[list[Any]], sheet: str = "KWB2020") -> Path:
    book = xlwt.Workbook()
    target = book.add_sheet(sheet)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            target.write(y, x, cell)
    book.save(str(path))
    return path


def text(path: Path, rows: list[list[Any]]) -> Path:
    path.write_text("\n".join(";".join(map(str, row)) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["xlsx", "xls", "csv"])
def test_an_edition_by_its_short_names(tmp_path: Path, catalogue: Catalogue, kind: str) -> None:
    rows = [HEAD + FIGURES, *ROWS]
    path = tmp_path / f"kwb-2020.{kind}"
    found = recognise({"xlsx": xlsx, "xls": xls, "csv": text}[kind](path, rows), catalogue)
    assert found.kind == "kwb_workbook" and found.edition == "KWB 2020"
    assert (found.rows, found.columns) == (4, 16)
    assert found.share_understood == 100 and len(found.understood) == 8 and len(found.identity) == 8
    read = cells_of_a_year(found)
    assert len(read) == 4 * 8
    assert read["GM0758", "inhabitants"] == 184126 and read["NL00", "inhabitants_aged_15_24"] == 2130000
    assert read["WK075800", "mean_income_per_inhabitant"] == 30.1
    # names that differ in their last sign only: 110 and 120 percent of the social minimum
    assert read["GM0758", "households_below_110_social_minimum_share"] == 8.4
    assert read["GM0758", "households_below_120_social_minimum_share"] == 11
    assert read["BU07580000", "mean_income_per_inhabitant"] == "not_published"  # no buurt has one here
    assert read["BU07580000", "low_education_persons"] == 0
    assert set(found.sources["source_id"]) == {"cbs_kwb_2020"} and found.sources["table_id"].tolist() == ["84799NED"]
    assert found.areas.to_numpy().tolist() == [
        ["BU07580000", "Valkenberg", "buurt", "WK075800"], ["GM0758", "Breda", "gemeente", ""],
        ["NL00", "Nederland", "land", ""], ["WK075800", "Breda centrum", "wijk", "GM0758"],
    ]  # fmt: skip


def test_an_early_edition_has_its_codes_in_gwb_code_and_shares_for_counts(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = [
        ["gwb_code", "regio", "recs", "a_inw", "p_00_14", "p_nw_all", "g_woz", "g_wodief"],
        ["GM0758", "Breda", "Gemeente", 178140, 16, 12, 245, 9],
        ["BU07580000", "Valkenberg", "Buurt", 1900, 5, ".", 187, 11],
    ]
    found = recognise(xls(tmp_path / "kwb-2013.xls", rows, "data"), catalogue)
    assert found.edition == "KWB 2013" and set(found.sources["table_id"]) == {"82339NED"}
    assert cells_of_a_year(found)["GM0758", "aged_0_14_share"] == 16
    assert cells_of_a_year(found)["GM0758", "burglary_rate"] == 9


def test_new_columns_are_listed_and_one_municipality_is_kept(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = [
        ["gwb_code_10", "regio", "recs", "a_inw", "a_nieuw"],
        ["GM0758", "Breda", "Gemeente", 5, 7],
        ["GM0344", "Utrecht", "Gemeente", 6, 8],
    ]
    found = recognise(xlsx(tmp_path / "kwb-2024.xlsx", rows, "KWB2024"), catalogue, municipality="GM0344")
    assert found.not_understood == ((2024, "a_nieuw"),) and found.share_understood == 50
    assert cells_of_a_year(found) == {("GM0344", "inhabitants"): 6}
    assert found.areas["code"].tolist() == ["GM0344"]
    assert [(one.reason, one.rows, one.detail) for one in found.set_aside] == [
        ("sheet_not_read", 1, "toelichting"),
        ("other_areas", 1, "GM0758"),
    ]


BASE = [
    ["gwb_code_10", "regio", "recs", "a_inw"],
    ["GM0758", "Breda", "Gemeente", 5],
    ["BU07580000", "Valkenberg", "Buurt", 5],
]


def changed(row: int, column: int, value: Any) -> list[list[Any]]:
    rows = [list(one) for one in BASE]
    rows[row][column] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (changed(0, 2, "a_inw"), SchemaError, r"two columns have the same title \(a_inw\)"),
        (changed(0, 2, "A_INW "), SchemaError, r"columns 'A_INW' and 'a_inw' both mean inhabitants"),
        ([*BASE[:2], BASE[1]], SchemaError, r"1 areas have more than one row \(GM0758\)\. Keep one each\.$"),
        (changed(2, 2, "Wijk"), SchemaError, r"1 codes are not of the kind in recs \(BU07580000 Wijk\)"),
        (changed(2, 0, "07580000"), SchemaError, r"1 codes without their prefix.*'07580000'"),
        (changed(2, 3, "veel"), SchemaError, r"no number in 1 cells \(BU07580000, column 'a_inw': veel\)"),
        (changed(2, 3, -99990), SchemaError, r"unknown mark for missing"),
        (changed(0, 0, "code"), SourceError, r"does not recognise: it has sheets toelichting, KWB2020"),
        ([["x"]], SourceError, r"workbook file that kloof does not recognise.*beginning with Toelichting"),
    ],
)
def test_workbooks_that_are_refused(
    tmp_path: Path, catalogue: Catalogue, rows: list[list[Any]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        recognise(xlsx(tmp_path / "kwb-2020.xlsx", rows), catalogue)


def test_an_edition_without_a_year_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(SourceError, match=r"the year is read from the name"):
        recognise(xlsx(tmp_path / "kwb.xlsx", BASE, "Blad1"), catalogue)
