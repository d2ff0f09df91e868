"""From a tidy table to one row per key and index: shapes, missing units, reasons, faults."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kloof.errors import ParameterError, SchemaError
from kloof.measures.counts import choose, prepare
from kloof.measures.measure import measure
from kloof.measures.registry import INDICES
from kloof.measures.spatial import neighbourhood
from kloof.measures.two_groups import gini


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


# ------------------------------------------------------------------ every kind of index from one table


def town() -> pd.DataFrame:
    """Two cities, five units each, groups x y z, with wijk, area and place; in city B one count of z is missing."""
    rng = np.random.default_rng(8)
    rows = []
    for city in "BA":
        for at in range(5):
            place = {"parent": f"W{city}{at // 2}", "area": 1.0 + at, "east": 500.0 * at, "north": 0.0}
            for group in "zxy":
                count = float(rng.integers(1, 60))
                rows.append({"city": city, "unit": f"u{at}", "group": group, "count": count, **place})
    table = pd.DataFrame(rows)
    table.loc[(table["city"] == "B") & (table["unit"] == "u3") & (table["group"] == "z"), "count"] = np.nan
    return table.sample(frac=1, random_state=1, ignore_index=True)


COUNTED = [name for name, index in INDICES.items() if index.family != "means" and "means" not in index.needs]
GLOBAL = [name for name in COUNTED if INDICES[name].needs != "units"]


def by_hand(name: str, part: pd.DataFrame, group: str, against: str | None) -> float:
    """The function of the registry on the arrays of one city, made here."""
    index = INDICES[name]
    wide = part.pivot(index="unit", columns="group", values="count")
    if against is None or index.groups in {"many", "ordered"}:
        wide = wide.dropna()
    units = part.drop_duplicates("unit").set_index("unit").loc[wide.index]
    rest = wide.drop(columns=group).sum(axis=1) if against is None else wide[against]
    if index.needs in {"counts", "coordinates", "areas"}:
        extra = []
        if index.needs == "areas":
            extra = [units["area"]]
        if index.neighbourhood:
            assert index.parameter is not None
            size = float(index.parameter.default or 0)
            extra = [neighbourhood(units["east"], units["north"], [0], index.neighbourhood, size)]
        return float(index.function(wide[group], rest, *extra, (0,))[0])
    if name == "exposure":
        kept = wide.dropna()
        other = kept.drop(columns=group).sum(axis=1) if against is None else kept[against]
        return float(index.function(np.stack([kept[group], other, kept.sum(axis=1) - kept[group] - other]))[0])
    if name == "mutual_information":
        return float(index.function(np.stack([wide[group], rest]))[0])
    if index.needs == "parents":
        return float(index.function(wide.T, units["parent"].factorize()[0], (0,))[0])
    return float(index.function(wide.T, (0,))[0])


@pytest.mark.parametrize("against", [None, "y"])
def test_every_index_of_counts_from_one_table(against: str | None) -> None:
    table = town()
    found = measure(table, GLOBAL, "x", against, by="city")
    assert found["city"].tolist() == ["A"] * len(GLOBAL) + ["B"] * len(GLOBAL)
    assert found["index"].tolist() == GLOBAL * 2
    for row in found.to_dict("records"):
        expected = by_hand(row["index"], table[table["city"] == row["city"]], "x", against)
        assert row["estimate"] == pytest.approx(expected, abs=1e-12, nan_ok=True), row["index"]
        assert (row["reason"] is None) == (not np.isnan(expected))
    many = found["index"].map(lambda name: INDICES[name].groups in {"many", "ordered"})
    assert set(found.loc[many, "group"]) == {"all"}
    assert set(found.loc[many, "against"]) == {""}
    assert set(found.loc[~many, "group"]) == {"x"}
    assert set(found.loc[~many, "against"]) == {against or "rest"}
    # city B misses a count of z: only a comparison of x and y can do without it
    pair = ~many & (found["index"] != "exposure") if against else many & False
    assert (found["n_missing"] == ((found["city"] == "B") & ~pair).astype(int)).all()


def test_without_a_group_every_group_is_compared_with_the_rest() -> None:
    table = town().query("city == 'A'")
    found = measure(table, ["gini", "mutual_information"])
    assert found[["index", "group", "against"]].to_numpy().tolist() == [
        ["gini", "x", "rest"],
        ["gini", "y", "rest"],
        ["gini", "z", "rest"],
        ["mutual_information", "all", ""],
    ]
    for group, value in zip("xyz", found["estimate"], strict=False):
        assert value == measure(table, "gini", group)["estimate"][0]
    for group in (None, "x"):  # the other name is always of all groups
        other = measure(table, ["multigroup_mutual_information"], group)
        assert other[["index", "group"]].to_numpy().tolist() == [["multigroup_mutual_information", "all"]]
        assert other["estimate"].tolist() == [found["estimate"][3]]
    assert "multigroup_mutual_information" not in list(INDICES)
    assert INDICES["multigroup_mutual_information"].function is INDICES["mutual_information"].function


def test_local_indices_give_a_row_per_unit_that_adds_up() -> None:
    table = town()
    found = measure(table, ["local_linkage", "local_mutual_information"], by=["city"])
    assert list(found.columns[:3]) == ["city", "unit", "index"]
    assert len(found) == 2 * (5 + 4)  # the unit with a missing count is not there
    parts = found[found["index"] == "local_mutual_information"].groupby("city")["estimate"].sum()
    whole = measure(table, "mutual_information", by=["city"]).set_index("city")["estimate"]
    np.testing.assert_allclose(parts, whole, atol=1e-13)
    assert (found["n_missing"] == (found["city"] == "B")).all()
    with pytest.raises(ParameterError, match="a row per unit: ask for it apart"):
        measure(table, ["local_linkage", "gini"], "x", by="city")


def test_means_from_a_table_of_values_and_weights() -> None:
    table = pd.DataFrame(
        {"year": [1, 1, 1, 2, 2], "unit": list("abcab"), "value": [1, 3, np.nan, 4, 4], "weight": [3, 1, 5, 0, 0]}
    )
    found = measure(table, ["weighted_sd", "theil_between"], by="year")
    assert found["estimate"].to_numpy() == pytest.approx(
        [0.75**0.5, 0.5 * np.log(4 / 3), np.nan, np.nan], abs=1e-14, nan_ok=True
    )
    assert found["reason"].tolist() == [None, None, "no_weight", "no_weight"]
    assert found["n_missing"].tolist() == [1, 1, 0, 0]
    assert found["n_total"].tolist() == [4, 4, 0, 0]
    with pytest.raises(ParameterError, match="takes no group"):
        measure(table, "weighted_sd", "a", by="year")
    with pytest.raises(ParameterError, match='index "gini" needs counts'):
        measure(table, ["weighted_sd", "gini"], by="year")


def test_moran_leaves_out_a_unit_without_weight_and_asks_for_places() -> None:
    table = pd.DataFrame({"unit": list("abcd"), "value": [1.0, 2, 99, 6], "weight": [1.0, 1, 0, 1]})
    with pytest.raises(SchemaError, match='column "east" is missing'):
        measure(table, "moran_i(1)")
    # without c, the line at 0, 1 and 10 that tests/unit/measures/test_spatial.py works out
    found = measure(table.assign(east=[0.0, 1, 1.2, 10], north=0.0), "moran_i(1)")
    assert found["estimate"][0] == pytest.approx(1 / 14, abs=1e-14)
    assert (found["n_units"][0], found["n_missing"][0]) == (3, 0)


def test_every_reason() -> None:
    cells = {
        "nobody": [(0, 0, 0)],
        "one_group": [(5, 0, 0)],
        "group_is_empty": [(0, 1, 1)],
        "group_is_everyone": [(5, 0, 0)],
        "against_is_empty": [(1, 0, 5)],
        "no_units": [(np.nan, 1, 1)],
        "too_few_classes": [(5, 5, 0)],
        "thresholds_too_close": [(90, 6, 4), (91, 5, 4)],
    }
    rows = [
        {"city": city, "unit": f"u{at}", "group": group, "count": count}
        for city, units in cells.items()
        for at, counts in enumerate(units)
        for group, count in zip("xyz", counts, strict=True)
    ]
    asked = ["multigroup_theil_h", "gini", "exposure", "rank_order_theil_h(1)"]
    found = measure(pd.DataFrame(rows), asked, "x", "y", by="city")
    reasons = {(row["city"], row["index"]): row["reason"] for row in found.to_dict("records")}
    assert reasons["nobody", "multigroup_theil_h"] == "nobody"
    assert reasons["nobody", "gini"] == "group_is_empty"
    assert reasons["one_group", "multigroup_theil_h"] == "one_group"
    assert reasons["group_is_empty", "gini"] == "group_is_empty"
    assert reasons["group_is_everyone", "gini"] == "group_is_everyone"
    assert reasons["against_is_empty", "exposure"] == "against_is_empty"
    assert {reasons["no_units", name] for name in asked} == {"no_units"}
    assert reasons["too_few_classes", "rank_order_theil_h(1)"] == "too_few_classes"
    assert reasons["thresholds_too_close", "rank_order_theil_h(1)"] == "thresholds_too_close"
    assert (found["estimate"].isna() == found["reason"].notna()).all()


# ------------------------------------------------------------------ prepared once


def test_prepared_counts_give_what_the_table_gives() -> None:
    table = town()
    prepared = prepare(table, ["city"])
    assert prepared.groups == ("x", "y", "z")
    assert prepared.counts.shape == (3, 10)
    assert prepared.starts.tolist() == [0, 5]
    assert prepared.units.tolist() == [f"u{at}" for at in range(5)] * 2
    pd.testing.assert_frame_equal(measure(prepared, GLOBAL, "x"), measure(table, GLOBAL, "x", by="city"))
    chosen = choose(prepared, "x", "y")
    table = measure(prepared, "gini", "x", "y")
    np.testing.assert_array_equal(gini(*chosen.counts, chosen.starts), table["estimate"])
    with pytest.raises(ParameterError, match="has its keys already"):
        measure(prepared, "gini", "x", by="city")
    with pytest.raises(ParameterError, match='group "w" is not in the table'):
        choose(prepared, "w")


def test_chosen_counts_are_complete_and_say_what_was_left_out() -> None:
    chosen = choose(prepare(town(), ["city"]), "x")
    assert chosen.groups == ("x", "rest")
    assert chosen.n_units.tolist() == [5, 4]
    assert chosen.missing.tolist() == [0, 1]
    assert np.isfinite(chosen.counts).all()
    assert chosen.place["area"].size == 9


def test_groups_come_in_the_order_of_a_categorical_or_of_their_numbers() -> None:
    table = pd.DataFrame({"unit": ["u"] * 3, "group": ["10", "9", "2"], "count": [1, 2, 3]})
    assert prepare(table).groups == ("2", "9", "10")
    ordered = pd.CategoricalDtype(["low", "middle", "high"], ordered=True)
    table["group"] = pd.Series(["high", "low", "middle"], dtype=ordered)
    assert prepare(table).groups == ("low", "middle", "high")
    np.testing.assert_array_equal(prepare(table).counts, [[2], [3], [1]])


def test_places_that_differ_within_a_unit_are_refused() -> None:
    table = town()
    table.loc[table.index[0], "area"] += 1
    table.loc[table.index[4], "east"] = -np.inf
    with pytest.raises(SchemaError) as caught:
        prepare(table, ["city"])
    for part in ("area differs within a unit in", "east is infinite in 1 rows (row 5:"):
        assert part in str(caught.value)
    with pytest.raises(SchemaError, match='column "parent" is missing, and this index needs it'):
        measure(town().drop(columns="parent"), "theil_h_within_parents", by="city")


def test_text_in_a_column_of_counts_is_named() -> None:
    table = town().astype({"count": object})
    table.loc[2, "count"] = "<5"
    with pytest.raises(
        SchemaError, match=r'count is not a number in 1 rows: "<5" \(row 3: .*leave a missing number empty'
    ):
        prepare(table, ["city"])


def test_a_key_may_not_be_given_twice_or_have_the_name_of_a_result() -> None:
    table = town().assign(estimate=1)
    with pytest.raises(SchemaError, match="a key can't be called estimate"):
        prepare(table, ["city", "estimate"])
    with pytest.raises(SchemaError, match="key city is given twice"):
        prepare(table, ["city", "city"])


@pytest.mark.shared
def test_a_national_table_of_numbered_keys(shared: Path) -> None:
    """Municipality and year together, from rows in any order: the same numbers as one municipality at a time."""
    table = pd.read_csv(shared / "peers" / "cases" / "nation_14000x5.csv")
    years = pd.concat([table.assign(year=2023), table.assign(year=2024, count=table["count"] * 2)])
    found = measure(years.sample(frac=1, random_state=2), ["gini", "multigroup_gini"], "b", by=["year", "municipality"])
    assert len(found) == 2 * 342 * 2
    first, second = (found[found["year"] == year].reset_index(drop=True) for year in (2023, 2024))
    np.testing.assert_allclose(first["estimate"], second["estimate"], atol=1e-12)
    assert (2 * first["n_total"] == second["n_total"]).all()
    for place in ("GM0002", "GM0100", "GM0342"):
        alone = measure(table[table["municipality"] == place], ["gini", "multigroup_gini"], "b")
        np.testing.assert_allclose(first.loc[first["municipality"] == place, "estimate"], alone["estimate"], atol=1e-12)
