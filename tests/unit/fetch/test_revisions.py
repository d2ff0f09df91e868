"""A revision is told as what it changed: values, rows and columns, by meaning and not by number."""

import pandas as pd

from kloof.fetch.revisions import Difference, difference


def copy(rows: dict[str, list[object]], titles: dict[str, str]) -> tuple[pd.DataFrame, dict[str, object]]:
    columns = [{"key": "ID", "title": "ID", "unit": "", "type": "row"},
               {"key": "RegioS", "title": "RegioS", "unit": "", "type": "region"}]  # fmt: skip
    columns += [{"key": key, "title": title, "unit": "", "type": "topic"} for key, title in titles.items()]
    return pd.DataFrame(rows), {"columns": columns}


BEFORE = copy(
    {"ID": [0, 1, 2], "RegioS": ["GM0001  ", "GM0002  ", "GM0003  "], "Inwoners_1": ["   10", "    .", "30"],
     "Huishoudens_2": [" 5", " 6", None]},
    {"Inwoners_1": "Bevolking|Inwoners", "Huishoudens_2": "Bevolking|Huishoudens"},
)  # fmt: skip


def test_the_same_is_no_difference() -> None:
    found = difference(BEFORE, BEFORE)
    assert found == Difference(0, (), (), (), (), ())
    assert found.is_none
    assert found.lines() == ["the same values; only the version of the table is another"]


def test_padding_numbers_of_columns_order_of_rows_and_ways_to_write_a_number_do_not_count() -> None:
    after = copy(
        {"ID": [7, 8, 9], "RegioS": ["GM0003", "GM0001", "GM0002"], "Huishoudens_3": [None, "5.0", "6"],
         "Inwoners_2": ["30", "10", "."]},
        {"Inwoners_2": "Bevolking | Inwoners", "Huishoudens_3": "Bevolking|Huishoudens"},
    )  # fmt: skip
    assert difference(BEFORE, after).is_none


def test_values_rows_and_columns_that_differ_are_counted_with_examples() -> None:
    after = copy(
        {"ID": [0, 1, 2], "RegioS": ["GM0001", "GM0002", "GM0004"], "Inwoners_1": ["11", "20", "40"],
         "Woningen_2": ["1", "2", "3"]},
        {"Inwoners_1": "Bevolking|Inwoners", "Woningen_2": "Wonen|Woningen"},
    )  # fmt: skip
    found = difference(BEFORE, after)
    assert found.cells == 2
    assert [(column.title, column.cells) for column in found.columns] == [("bevolking inwoners", 2)]
    assert found.columns[0].examples == (("GM0001", "10", "11"), ("GM0002", ".", "20"))
    assert (found.rows_added, found.rows_removed) == (("GM0004",), ("GM0003",))
    assert (found.columns_added, found.columns_removed) == (("wonen woningen",), ("bevolking huishoudens",))
    assert found.lines() == [
        "2 values differ in 1 column", "  bevolking inwoners: 2 (GM0001: 10 → 11; GM0002: . → 20)",
        "1 row added (GM0004)", "1 row removed (GM0003)", "1 column added (wonen woningen)",
        "1 column removed (bevolking huishoudens)",
    ]  # fmt: skip


def test_a_value_that_came_or_went_is_a_difference() -> None:
    after = copy(
        {"ID": [0, 1, 2], "RegioS": ["GM0001", "GM0002", "GM0003"], "Inwoners_1": ["", ".", "30"],
         "Huishoudens_2": ["5", "6", "7"]},
        {"Inwoners_1": "Bevolking|Inwoners", "Huishoudens_2": "Bevolking|Huishoudens"},
    )  # fmt: skip
    found = difference(BEFORE, after)
    assert [column.examples for column in found.columns] == [(("GM0001", "10", ""),), (("GM0003", "", "7"),)]
    assert "GM0001: 10 → nothing" in found.lines()[1]


def test_columns_whose_titles_mean_the_same_are_told_apart_by_their_key() -> None:
    both = copy(
        {"ID": [0], "RegioS": ["GM0001"], "Man_1": ["1"], "Man_2": ["2"]}, {"Man_1": "Mannen", "Man_2": "Mannen"}
    )  # fmt: skip
    after = copy(
        {"ID": [0], "RegioS": ["GM0001"], "Man_1": ["1"], "Man_2": ["3"]}, {"Man_1": "Mannen", "Man_2": "Mannen"}
    )  # fmt: skip
    assert [column.title for column in difference(both, after).columns] == ["mannen (Man_2)"]
