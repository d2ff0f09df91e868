"""A text in a CSV never becomes a formula, and a number stays one."""

import csv
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kloof.paths import csv_of, frame_csv, no_formula
from kloof.report.publish import table_csv, view_csv
from kloof.report.views import Cell, TableView

FORMULAS = {
    '=HYPERLINK("http://x","y")': '\'=HYPERLINK("http://x","y")', "+31 (0)6": "'+31 (0)6",
    "-1+1|' /C calc'!A0": "'-1+1|' /C calc'!A0", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t'=1", "\r=1": "'\r'=1",
    " =1+1": "' =1+1", "＝1+1": "'＝1+1",
    "Noord;=1+1": "Noord;'=1+1",  # where ; parts columns, as in a Dutch Excel, what follows is a cell of its own
    "Noord\n=1+1": "Noord\n'=1+1", "-": "'-",
}  # fmt: skip
NUMBERS = ["-1.5", "+3", "-1,5", "-1.234,5", "-12 %", "-1e-05", -1.5, np.float64(-2.5), -3, None, True]
TEXTS = ["Breda", "Haagse Beemden-Noord", "a=b", "‘s-Gravenhage", "–", "−1,5 punt", "", "x; y", "1 + 1 = 2"]


@pytest.mark.parametrize(("text", "safe"), FORMULAS.items())
def test_what_a_spreadsheet_would_compute_is_text(text: str, safe: str) -> None:
    assert no_formula(text) == safe
    assert no_formula(safe) == safe


@pytest.mark.parametrize("value", [*NUMBERS, *TEXTS])
def test_numbers_and_other_texts_stay_as_they_are(value: Any) -> None:
    assert no_formula(value) is value


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline="")))


def test_every_writer_of_tables_that_hold_names_sees_to_it() -> None:
    """The tables of a report, by codes and as printed, and those of commands: head and cells, with -1.5 a number."""
    wanted = [["'@head", "value"], ["'=cmd|x", "-1.5"]]
    assert cells(csv_of(["@head", "value"], [["=cmd|x", -1.5]])) == wanted
    table = {"columns": [{"key": "@head"}, {"key": "value"}], "rows": [["=cmd|x", -1.5], ["Breda", None]]}
    assert cells(table_csv(table)) == [*wanted, ["Breda", ""]]
    view = TableView(
        "x", ("x",), ("@head", "value"), (tuple(Cell((text,)) for text in ("=cmd|x", "-1.5")),), None, "x.csv"
    )
    assert cells(view_csv(view)) == wanted
    for kind in ("str", "object", "category"):
        frame = pd.DataFrame({"@head": pd.Series(["=cmd|x", None], dtype=kind), "value": [-1.5, np.nan]})
        assert cells(frame_csv(frame)) == [*wanted, ["", ""]]
