"""From a tidy table to one row per key and index: shapes, missing units, reasons, faults."""

import numpy as np
import pandas as pd
import pytest

from kloof.errors import ParameterError, SchemaError
from kloof.measures import measure


def small() -> pd.DataFrame:
    """Two years, three units, groups x y z; 2016 has a missing count of z in unit u3."""
    rows = []
    for year, cells in ((2014, "10 5 25 20 10 10 30 5 5"), (2016, "10 5 25 20 10 10 30 5 nan")):
        for at, count in enumerate(cells.split()):
            rows.append((year, f"u{at // 3 + 1}", "xyz"[at % 3], float(count)))
    return pd.DataFrame(rows, columns=["year", "unit", "group", "count"])


def test_measure_sets_a_unit_with_a_missing_count_aside_and_counts_it() -> None:
    counts = small()
    before = counts.copy()
    found = measure(counts, ["dissimilarity", "isolation"], "x", by=["year"])
    pd.testing.assert_frame_equal(counts, before)
    assert list(found.columns) == [
        *("year", "index", "group", "against", "estimate"),
        *("n_units", "n_missing", "n_total", "reason"),
    ]
    assert found["year"].tolist() == [2014, 2014, 2016, 2016]
    # 2014 is the table worked above; 2016 lacks u3: group 10 20, rest 30 20,
    # D = ½(|1/3 − 3/5| + |2/3 − 2/5|) = 4/15, isolation = 10/30·¼ + 20/30·½ = 5/12
    np.testing.assert_allclose(found["estimate"], [1 / 3, 7 / 12, 4 / 15, 5 / 12], atol=1e-14)
    assert found["n_units"].tolist() == [3, 3, 2, 2]
    assert found["n_missing"].tolist() == [0, 0, 1, 1]
    assert found["n_total"].tolist() == [120, 120, 80, 80]
    assert found["reason"].tolist() == [None] * 4
    assert set(found["against"]) == {"rest"}


def test_measure_against_one_group_ignores_the_others() -> None:
    found = measure(small(), "dissimilarity", "x", against="y", by="year")
    # x 10 20 30 against y 5 10 5: D = ½(|1/6 − 1/4| + |1/3 − 1/2| + |1/2 − 1/4|) = ¼; z may be missing
    np.testing.assert_allclose(found["estimate"], [0.25, 0.25], atol=1e-14)
    assert found["n_missing"].tolist() == [0, 0]
    assert found["against"].tolist() == ["y", "y"]


def test_measure_without_keys_and_in_any_row_order() -> None:
    counts = small().query("year == 2014").drop(columns="year")
    shuffled = counts.sample(frac=1, random_state=3)
    for table in (counts, shuffled):
        assert measure(table, "gini", "x")["estimate"].tolist() == [pytest.approx(4 / 9, abs=1e-14)]


def test_an_absent_row_is_missing_not_zero() -> None:
    counts = small()
    absent = counts.dropna()
    pd.testing.assert_frame_equal(
        measure(absent, "theil_h", "x", by=["year"]), measure(counts, "theil_h", "x", by=["year"])
    )


def test_measure_says_why_there_is_no_number() -> None:
    rows = [
        ("A", "u1", 0, 4),
        ("B", "u1", 4, 0),
        ("C", "u1", np.nan, 1),
        ("D", "u1", 1, 2),
        ("D", "u2", 3, np.nan),
    ]
    counts = pd.concat(
        pd.DataFrame({"city": city, "unit": unit, "group": ["x", "y"], "count": [x, y]}) for city, unit, x, y in rows
    )
    found = measure(counts, ["gini"], "x", by=["city"]).set_index("city")
    assert found["reason"].to_dict() == {
        "A": "group_is_empty",
        "B": "group_is_everyone",
        "C": "no_units",
        "D": None,
    }
    assert found["estimate"].isna().tolist() == [True, True, True, False]
    assert found["n_units"].tolist() == [1, 1, 0, 1]
    assert found["n_missing"].tolist() == [0, 0, 1, 1]
    assert found["n_total"].tolist() == [4, 4, 0, 3]


def test_measure_lists_all_faults_of_the_table() -> None:
    counts = pd.concat([small(), small().head(1)])
    counts.iloc[1, 3] = -4
    counts.iloc[2, 3] = np.inf
    with pytest.raises(SchemaError) as caught:
        measure(counts, ["ginny"], "q", by=["year"])
    message = str(caught.value)
    assert message.startswith("5 faults in counts.")
    for part in (
        "1 rows repeat a unit and group (row 19: 2014 u1 x)",
        "count < 0 in 1 rows (row 2: 2014 u1 y)",
        "count is infinite in 1 rows (row 3: 2014 u1 z)",
        'index "ginny" is not known; did you mean "gini"?',
        'group "q" is not in the table; Groups: x, y, z.',
    ):
        assert part in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"columns": {"unit": "buurt", "count": "n"}},
            '2 faults in counts. (1) column "unit" is missing (2) column "count"',
        ),
        ({"columns": {"year": "index"}}, "a key can't be called index"),
    ],
)
def test_measure_refuses_wrong_columns(change: dict[str, dict[str, str]], message: str) -> None:
    by = ["index"] if "index" in change["columns"].values() else ["year"]
    with pytest.raises(SchemaError) as caught:
        measure(small().rename(**change), "gini", "x", by=by)  # type: ignore[call-overload]
    assert message in str(caught.value)


def test_measure_refuses_text_empty_keys_and_no_rows() -> None:
    with pytest.raises(SchemaError, match="not a number"):
        measure(small().astype({"count": str}), "gini", "x", by=["year"])
    with pytest.raises(SchemaError, match="there are no rows"):
        measure(small().head(0), "gini", "x", by=["year"])
    holes = small()
    holes.loc[0, "unit"] = None
    with pytest.raises(SchemaError, match="1 rows have an empty key, unit or group"):
        measure(holes, "gini", "x", by=["year"])


@pytest.mark.parametrize(
    ("indices", "group", "against", "message"),
    [
        ("weighted_sd", "x", None, 'index "weighted_sd" needs means and weights'),
        ([], "x", None, "no index was asked for"),
        ("gini", "x", "x", 'group and against are both "x"'),
        ("gini", "x", "w", 'against "w" is not in the table'),
    ],
)
def test_measure_refuses_a_wrong_choice(
    indices: str | list[str], group: str, against: str | None, message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        measure(small(), indices, group, against, by=["year"])


def test_measure_refuses_a_group_without_a_rest() -> None:
    with pytest.raises(ParameterError, match='"x" is the only group'):
        measure(small().query("group == 'x'"), "gini", "x", by=["year"])
