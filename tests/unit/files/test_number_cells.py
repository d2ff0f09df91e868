"""A column of numbers, however it is written, comes back as it was or is refused: never as other numbers."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.files.numbers import MARKS, Expected, Parsed, look, settle

STEPS = {"1": 0, "0.1": 1, "0.01": 2, "0": 3}  # step of rounding that is known of a column, and decimals it can have

ANY = Expected()


def read(*cells: object, expected: Expected = ANY, decimal: str = "") -> Parsed:
    return settle(look(pd.Series(cells, dtype="object")), expected, decimal)


def written(number: float, decimals: int, signs: tuple[str, str], short: bool) -> str:
    grouping, decimal = signs
    whole, _, part = f"{number:,.{decimals}f}".partition(".")
    part = part.rstrip("0") if short else part
    return whole.replace(",", grouping) + (decimal + part if part else "")


@given(
    st.sampled_from(sorted(STEPS)),
    st.lists(st.integers(0, 3_000_000), min_size=1, max_size=8),
    st.sampled_from([(",", "."), (".", ","), ("", "."), ("", ",")]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([inf, 1.0, 3.0]),
)
def test_a_column_comes_back_or_is_refused(
    step: str, steps: list[int], signs: tuple[str, str], short: bool, told: bool, room: float
) -> None:
    decimals = STEPS[step]
    numbers = [one / 10**decimals for one in steps]
    expected = Expected(0, max(numbers) * room if room < inf else inf, float(step))
    cells = [written(one, decimals, signs, short) for one in numbers]
    parsed = read(*cells, expected=expected, decimal=signs[1] if told else "")
    assert not parsed.wrong.any()
    if not parsed.unclear:
        assert parsed.value.tolist() == pytest.approx(numbers), cells


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**9), st.floats(0, 1e9)), min_size=1))
def test_numbers_stay_what_they_are(numbers: list[float | None]) -> None:
    parsed = read(*numbers)
    np.testing.assert_array_equal(parsed.value, np.array(numbers, dtype="float64"))
    assert parsed.empty.tolist() == [one is None for one in numbers]


@pytest.mark.parametrize(
    ("cells", "expected", "values"),
    [
        (["1,054", "243"], Expected(20, 5000, 1), [1054, 243]),  # a dwelling value, in thousands of euros
        (["1,054"], Expected(20, 5000, 1), [1054]),
        (["1.000", "250"], Expected(0, 2e7, 1), [1000, 250]),  # persons
        (["1.054", "2.5"], Expected(), [1.054, 2.5]),
        (["1.054", "1,054,000"], Expected(), [1.054, 1054000]),
        (["1.054", "12.345,5"], Expected(), [1054, 12345.5]),
        (["1.054", "1054"], Expected(), [1.054, 1054]),
    ],
)
def test_the_column_decides(cells: list[str], expected: Expected, values: list[float]) -> None:
    assert read(*cells, expected=expected).value.tolist() == values


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["1,054"], "1,054 can be 1054 or 1.054"),
        (["1.000", "5"], "1.000 can be 1000 or 1"),
        (["1,054", "1.054"], "1,054 can be 1054 or 1.054; 1.054 can be 1054 or 1.054"),
        (["1.054.000", "2.5"], "1.054.000, 2.5"),
    ],
)
def test_what_nothing_decides_is_told_with_both_readings(cells: list[str], told: str) -> None:
    parsed = read(*cells)
    assert parsed.unclear == told


@pytest.mark.parametrize("mark", MARKS)
def test_marks_of_cbs_are_no_numbers_as_text_and_as_number(mark: int) -> None:
    for cells in ((mark, 3.0), (f"{mark}", "3"), (f"{mark}.0", "3")):
        parsed = read(*cells)
        assert (parsed.empty.tolist(), parsed.value[1], parsed.text[0]) == ([True, False], 3, str(mark))
        assert parsed.withheld.tolist() == [mark != -99995, False]  # -99995: not published yet


@pytest.mark.parametrize("cell", ["n.b.", "1 054", "< 5", "1.05.4", True, ["1"]])
def test_other_text_is_wrong(cell: object) -> None:
    assert read(cell, 2).wrong.tolist() == [True, False]
