"""A cell is a number, or the reason why there is none; a cell that is neither is refused with its place."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.catalogue import Catalogue, Indicator
from kloof.errors import SchemaError
from kloof.files.reading import Grid, observations
from kloof.files.vocabularies import Column, Publication
from kloof.schema import COLUMNS, check_observations

KNOWN = Catalogue(
    {
        "people": Indicator("people", "p", "p", "persons", "count", "population", rounding=5),
        "share": Indicator("share", "s", "s", "percent", "share", "housing", universe="people"),
        "value": Indicator("value", "v", "v", "thousand_euro", "mean", "housing"),
    },
    {},
    {"percent": {"plausible": [0, 100]}},
    {},
    {},
)
FROM = {"cbs": Publication("cbs", "CBS", "Kerncijfers", "CC BY 4.0", yearly=True, blank="suppressed")}
CODES = ["GM0758", "WK075800", "BU07580000", "BU07580001"]


def grid(cells: Mapping[str, list], codes: list[str | None] | None = None, **options: object) -> Grid:
    columns = {title: Column(title.partition(" ")[0], "cbs") for title in cells}
    code = pd.Series(codes or CODES[: len(next(iter(cells.values())))], dtype="str")
    return Grid("the table", code, 2020, pd.DataFrame(cells), columns, **options)  # type: ignore[arg-type]


def read(one: Grid) -> tuple[list[tuple], dict[str, int]]:
    rows, aside, _ = observations([one], KNOWN, FROM)
    check_observations(rows, "the table")
    assert tuple(rows.columns) == COLUMNS
    shown = rows["value"].where(rows["status"] == "measured", rows["status"].astype("object"))
    return list(zip(rows["code"], rows["indicator"], shown.tolist(), strict=True)), {a.reason: a.rows for a in aside}


@pytest.mark.parametrize(
    "cells",
    [
        ["1200", "  300", ".", "0"],
        ["1200", "3e2", "", "0"],
        [1200, 300, None, 0],
        [1200.0, 300.0, np.nan, 0.0],
        ["1200", "300", "NA", "0"],
        [1200.0, "300", -99997, 0],
        [1200, 300, -99999999, 0],
        ["1200", "300", "-99997,0", "0"],
    ],
)  # fmt: skip
def test_every_way_to_write_a_number_or_none(cells: list) -> None:
    assert read(grid({"people": cells}))[0] == [
        ("GM0758", "people", 1200), ("WK075800", "people", 300), ("BU07580000", "people", "suppressed"),
        ("BU07580001", "people", 0),
    ]  # fmt: skip


def test_a_level_without_any_value_is_not_published() -> None:
    cells = {"value": [24.5, None, 30.0, None]}
    assert [row[2] for row in read(grid(cells))[0]] == [24.5, "not_published", 30.0, "suppressed"]
    rows, aside = read(grid(cells, levels_apart=True))
    assert [row[2] for row in rows] == [24.5, 30.0, "suppressed"]
    assert aside == {"no_figures_of_this_level_and_year": 1}


def test_marks_zeros_and_rows_set_aside() -> None:
    assert [row[2] for row in read(grid({"share": ["-99997", "x", "5", "."]}, marks={"x": "suspect"}))[0]] == [
        "not_published", "suspect", 5.0, "suppressed",
    ]  # fmt: skip
    zero = grid({"value": [0, 0, 240, 0]}, zero_is_missing=frozenset({"value"}))
    assert [row[2] for row in read(zero)[0]] == [
        "zero_means_missing", "zero_means_missing", 240.0, "zero_means_missing",
    ]  # fmt: skip
    lost = grid({"people": [None, 5, None, 7], "value": [1, 2, 3, None]}, zero_was_lost=frozenset({"people"}))
    rows, aside = read(lost)
    assert [row[:2] for row in rows if row[1] == "people"] == [("WK075800", "people"), ("BU07580001", "people")]
    assert aside == {"zero_or_missing_cannot_be_told": 2}
    kept = grid({"people": [1, 2, "veel", 4]}, ["GM0758", "WK075800", None, "BU07580001"])
    assert len(read(kept)[0]) == 3  # a row that was set aside is not read


def test_units_years_and_sources() -> None:
    columns = {
        "a": Column("value", "cbs", 2015, 0.001),
        "b": Column("value", "cbs", 2016, 0.001),
        "c": Column("people", "cbs"),
    }
    cells = pd.DataFrame({"a": ["175000", "0"], "b": [181555, None], "c": [1, 2]})
    one = Grid("t", pd.Series(["BU07580000", "BU07580001"], dtype="str"), pd.Series([2020, 2021]), cells, columns)
    rows, _, _ = observations([one], KNOWN, FROM)
    got = rows[["year", "value", "source"]].dropna().to_numpy().tolist()
    assert got == [
        [2015, 175.0, "cbs_2015"], [2015, 0.0, "cbs_2015"], [2016, 181.555, "cbs_2016"], [2020, 1.0, "cbs_2020"],
        [2021, 2.0, "cbs_2021"],
    ]  # fmt: skip
    assert one.understood() == [
        (2015, "a", "value"), (2016, "b", "value"), (2020, "c", "people"), (2021, "c", "people"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"people": ["1.054", "985"]}, [1054, 985]),  # a count is whole
        ({"people": ["1,054", "2,000"]}, [1054, 2000]),
        ({"people": ["1.000", "985"]}, [1000, 985]),  # who writes 1 as 1.000 writes 985 as 985.000
        ({"people": ["1.000", "985.000", "1054.000"]}, [1, 985, 1054]),  # the last says that the point is decimal
        ({"people": ["1.234.567", "1.054"]}, [1234567, 1054]),
        ({"people": ["1 054", "7"]}, None),
        ({"people": ["1.000", "2.000"]}, None),  # one and two, or a thousand and two thousand
        ({"people": ["1.054", "1,054"]}, None),
        ({"people": ["1.234.567", "1,234,567"]}, None),
        ({"share": ["35.125", "7"]}, [35.125, 7]),  # no percentage is 35,125
        ({"value": ["1.054", "350"]}, None),  # nothing is known of this column
        ({"value": ["1.054", "35.7"]}, [1.054, 35.7]),  # the point is decimal in the column
        ({"value": ["1.054", "35,7"]}, [1054, 35.7]),
        ({"value": ["1,054", "35.7", "."]}, [1054, 35.7, "suppressed"]),
        ({"value": ["1.054", "350"], "share": ["1,5", "2"]}, [1054, 350]),  # the file has decimal commas
        ({"value": ["1.054", "350"], "share": ["1.5", "2"]}, None),
        ({"value": ["1.234,5", "1.054"]}, [1234.5, 1054]),
        ({"value": ["0.125", "1.054"]}, [0.125, 1.054]),  # no thousands begin with a 0
        ({"value": ["1.054", "1.2345"]}, [1.054, 1.2345]),
        ({"value": ["1.054.000", "1.5"]}, None),
    ],
)  # fmt: skip
def test_a_sign_for_thousands_or_decimals_is_decided_or_refused(cells: dict, expected: list | None) -> None:
    codes = [f"BU0758{n:04d}" for n in range(len(next(iter(cells.values()))))]
    if expected is None:
        with pytest.raises(SchemaError, match=r"thousands or decimals|no number"):
            read(grid(cells, codes))
    else:
        assert [row[2] for row in read(grid(cells, codes))[0]][: len(expected)] == expected


def test_the_two_readings_are_told() -> None:
    with pytest.raises(SchemaError, match=r"column 'value': 1\.054 can be 1054 or 1\.054 \(so can 1 more: 2\.105\)"):
        read(grid({"value": ["1.054", "2.105"]}))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"people": ["1", "veel"]},
         r"1 fault in the table\. \(1\) no number in 1 cells \(WK075800, column 'people': veel"),
        ({"people": [True, False]}, r"no number in 2 cells"),
        ({"people": [1, -5]}, r"negative in 1 cells \(WK075800, column 'people': -5\)"),
        ({"people": [1, -99998]}, r"unknown mark for missing in 1 cells"),
        ({"share": [1, 100.5]}, r"percentage above 100 in 1 cells"),
        ({"people": [1, 2.5]}, r"count that is not whole in 1 cells"),
        ({"share": ["1,5", "2"], "value": ["1", "2.5"]},
         r"decimal commas and decimal points: GM0758, column 'share': 1,5"),
        ({"people": [-1, "veel"]}, r"2 faults"),
    ],
)  # fmt: skip
def test_cells_that_are_refused(cells: dict, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        read(grid(cells))


def test_a_negative_amount_is_an_amount() -> None:
    assert read(grid({"value": ["-12.5"]}))[0] == [("GM0758", "value", -12.5)]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6).map(lambda x: round(x, 3))), min_size=1, max_size=12))
def test_text_and_numbers_read_alike(numbers: list[float | None]) -> None:
    codes = [f"BU0758{n:04d}" for n in range(len(numbers))]
    typed = read(grid({"value": numbers}, codes))
    written = grid({"value": ["." if one is None else repr(one) for one in numbers]}, codes)
    try:
        assert read(written) == typed
    except SchemaError as problem:  # 1.054 without a cell that says which
        assert "thousands or decimals" in str(problem)


def test_a_national_table_takes_no_loop_over_cells(tmp_path: Path) -> None:
    """600,000 cells of text with few different ones: each different text is read once."""
    codes = [f"BU{n:08d}" for n in range(15_000)]
    texts = [f"{n % 97}" for n in range(15_000)]
    columns = {f"c{n}": Column("share", "cbs", 2000 + n) for n in range(40)}
    one = Grid("t", pd.Series(codes, dtype="str"), 2020, pd.DataFrame(dict.fromkeys(columns, texts)), columns)
    rows, _, _ = observations([one], KNOWN, FROM)
    assert len(rows) == 600_000 and rows["value"].sum() == 40 * sum(n % 97 for n in range(15_000))
