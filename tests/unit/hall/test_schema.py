"""A table is an observations table, or refused with every kind of fault at once."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from kloof.errors import SchemaError
from kloof.schema import CODE, COLUMNS, LEVELS, STATUSES, check_observations, empty_observations, level_of

GOOD = {
    "code": "BU07580106", "year": 2019, "indicator": "inhabitants", "value": 120.0, "unit": "persons",
    "status": "measured", "source": "cbs",
}  # fmt: skip


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{**GOOD, **row} for row in rows])


def message_of(frame: pd.DataFrame) -> str:
    with pytest.raises(SchemaError) as caught:
        check_observations(frame, "figures.csv")
    return str(caught.value)


def test_a_valid_table_comes_back_sorted_with_its_columns_in_order_and_is_not_changed() -> None:
    given_rows = table({"year": "2020"}, {"code": "BU07580100"}, {"value": 7}).assign(note="x")[
        ["note", *reversed(COLUMNS)]
    ]
    before = given_rows.copy(deep=True)
    checked = check_observations(given_rows, "figures.csv")
    assert tuple(checked.columns) == COLUMNS
    assert checked[["code", "year", "value"]].to_numpy().tolist() == [
        ["BU07580100", 2019, 120.0], ["BU07580106", 2019, 7.0], ["BU07580106", 2020, 120.0],
    ]  # fmt: skip
    assert checked["year"].dtype == "int64"
    assert_frame_equal(given_rows, before)


def test_missing_columns_are_all_named_with_what_is_needed() -> None:
    text = message_of(table({}).drop(columns=["unit", "status"]))
    assert text == (
        "2 faults in figures.csv. (1) column unit is missing (2) column status is missing It needs: "
        + ", ".join(COLUMNS)
        + "."
    )


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"code": "07580106"}, "not an area code with its prefix"),
        ({"code": "BU075801"}, "not an area code with its prefix"),
        ({"code": "GM0758 "}, "not an area code with its prefix"), ({"code": None}, "not an area code with its prefix"),
        ({"year": "2014/15"}, "not a year"), ({"year": 2014.5}, "not a year"), ({"year": 14}, "not a year"),
        ({"year": None}, "not a year"), ({"status": "guessed", "value": None}, "unknown status (known: measured,"),
        ({"value": None}, "no number although the status says measured"),
        ({"value": "."}, "no number although the status says measured"),
        ({"status": "suppressed"}, "a number although the status says missing"),
        ({"status": "not_published", "value": 0.0}, "a number although the status says missing"),
        ({"value": -5.0}, "negative count"), ({"unit": "percent", "value": 100.1}, "percentage outside 0-100"),
        ({"unit": "percent", "value": -0.1}, "percentage outside 0-100"),
    ],
)  # fmt: skip
def test_each_kind_of_fault_is_found_and_shown(row: dict[str, object], fault: str) -> None:
    text = message_of(table({"code": "GM0758"}, row))
    assert text.startswith("1 fault in figures.csv. (1) " + fault)
    assert "in 1 row (" in text
    assert "2019 inhabitants = " in text or "year" in row
    assert text.endswith("leave them out and say why.")


@pytest.mark.parametrize(
    "row",
    [
        {"unit": "percent", "value": 0.0},
        {"unit": "percent", "value": 100.0},
        {"unit": "thousand_euro", "value": -3.0},
        {"value": 0.0},
        *({"status": status, "value": None} for status in STATUSES if status != "measured"),
        *(
            {"code": code}
            for code in ("NL00", "GM0758", "WK075801", "WK0758x001", "BU0758x012", "BU075801AB", "PC4811")
        ),
    ],
)
def test_what_looks_strange_and_is_allowed(row: dict[str, object]) -> None:
    assert len(check_observations(table(row), "figures.csv")) == 1


def test_the_same_figure_twice_is_refused_and_two_sources_are_not() -> None:
    assert len(check_observations(table({}, {"source": "municipality"}), "figures.csv")) == 2
    assert "duplicate code, year, indicator and source in 2 rows" in message_of(table({}, {"value": 7.0}))


def test_all_faults_come_in_one_message_and_five_examples_are_enough() -> None:
    rows = [{"code": f"7580{place:04}", "value": -1.0} for place in range(7)]
    text = message_of(table(*rows, {"status": "guessed", "value": None}))
    assert text.startswith("3 faults in figures.csv. (1) ")
    assert "(2) unknown status" in text
    assert "(3) negative count in 7 rows" in text
    first = text[text.index("(1)") : text.index("(2)")]
    assert first.count("inhabitants") == 5
    assert "and 2 more" in first


def test_levels_of_codes() -> None:
    codes = {"NL00": "land", "GM0758": "gemeente", "WK075801": "wijk", "BU07580106": "buurt", "PC4811": "postcode"}
    assert {code: level_of(code) for code in codes} == codes
    assert set(codes.values()) == set(LEVELS.values())
    assert all(CODE.fullmatch(code) for code in codes)


def test_an_empty_table_is_a_valid_one() -> None:
    empty = empty_observations()
    assert list(check_observations(empty, "nothing").columns) == list(COLUMNS)
    assert len(empty) == 0


keys = st.tuples(st.integers(0, 4), st.integers(2015, 2018), st.sampled_from(["inhabitants", "households"]))


@settings(max_examples=40)
@given(
    st.dictionaries(keys, st.none() | st.integers(0, 500), min_size=1, max_size=12), st.randoms(use_true_random=False)
)
def test_the_order_of_rows_does_not_matter(cells: dict[tuple[int, int, str], int | None], random: object) -> None:
    rows = [
        {"code": f"BU0758010{place}", "year": year, "indicator": name, "value": value,
         "status": "suppressed" if value is None else "measured"}
        for (place, year, name), value in cells.items()
    ]  # fmt: skip
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert_frame_equal(check_observations(table(*rows), "a"), check_observations(table(*shuffled), "a"))
