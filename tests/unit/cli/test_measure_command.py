"""`kloof measure` and `kloof glossary`: files in, rows out, and errors that name what is there."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kloof.cli.measure import Layout, as_json, measure_file, people_interval, read_table
from kloof.errors import ParameterError, SchemaError, SourceError
from kloof.measures.counts import Prepared
from kloof.measures.intervals import interval
from kloof.measures.measure import measure
from kloof.measures.registry import INDICES, ON_COUNTS, Index, get_index
from kloof.measures.resample import Drawing

Answer = tuple[int, str, str]
Kloof = Callable[..., Answer]

# tests/unit/measures/test_indices.py works out this table: D = 1/3, isolation = 7/12
ROWS = """municipality,year,unit,group,count
0363,2016,u1,x,10
0363,2016,u1,y,30
0363,2016,u2,x,20
0363,2016,u2,y,20
0363,2016,u3,x,30
0363,2016,u3,y,10
0758,2016,u1,x,5
0758,2016,u1,y,
0758,2016,u2,x,0
0758,2016,u2,y,4
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "counts.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_json_rows_with_keys_estimates_and_what_was_left_out(command_line: Kloof, file: Path) -> None:
    code, out, err = command_line(
        "measure",
        str(file),
        "--index",
        "dissimilarity,isolation",
        "--by",
        "municipality,year",
        "--group",
        "x",
        "--json",
    )
    assert (code, err) == (0, "")
    rows = json.loads(out)
    assert [list(row) for row in rows] == [
        ["municipality", "year", "index", "group", "against", "estimate", "n_units", "n_missing", "n_total", "reason"]
    ] * 4
    assert rows[0] == {
        "municipality": "0363", "year": 2016, "index": "dissimilarity", "group": "x", "against": "rest",
        "estimate": pytest.approx(1 / 3), "n_units": 3, "n_missing": 0, "n_total": 120, "reason": None,
    }  # fmt: skip
    assert rows[1]["estimate"] == pytest.approx(7 / 12)
    assert rows[2] == {
        "municipality": "0758", "year": 2016, "index": "dissimilarity", "group": "x", "against": "rest",
        "estimate": None, "n_units": 1, "n_missing": 1, "n_total": 4, "reason": "group_is_empty",
    }  # fmt: skip


def test_a_table_to_read_says_what_was_left_out(command_line: Kloof, file: Path) -> None:
    code, out, _ = command_line(
        "measure", str(file), "--index", "gini", "--index", "minmax", "--by", "municipality", "--by", "year"
    )
    assert code == 0
    assert "Units left out because a count is missing: 2 (column n_missing)." in out
    assert "No number: group_is_empty 2 ×, group_is_everyone 2 ×." in out
    assert "0.444444" in out


def test_semicolons_parquet_and_a_mark_in_front(tmp_path: Path, file: Path) -> None:
    expected = measure_file(file, ["gini"], ("x", None), ["municipality", "year"])
    other = tmp_path / "counts2.csv"
    other.write_text("\ufeff" + ROWS.replace(",", ";"), encoding="utf-8")
    pd.testing.assert_frame_equal(measure_file(other, ["gini"], ("x", None), ["municipality", "year"]), expected)
    pytest.importorskip("pyarrow")
    parquet = tmp_path / "counts.parquet"
    read_table(file).to_parquet(parquet)
    pd.testing.assert_frame_equal(measure_file(parquet, ["gini"], ("x", None), ["municipality", "year"]), expected)


@pytest.mark.parametrize(
    ("change", "words", "message"),
    [
        (
            {},
            ["--index", "disimilarity"],
            'index "disimilarity" is not known; did you mean "dissimilarity"? Known: diss',
        ),
        (
            {},
            ["--index", "gini", "--by", "gemeente"],
            'column "gemeente" is missing (columns: municipality, year, unit',
        ),
        (
            {"count": "n"},
            ["--index", "gini"],
            'column "count" is missing (columns: municipality, year, unit, group, n)',
        ),
        ({"30\n": "-30\n"}, ["--index", "gini"], "count < 0 in 1 rows (row 2: 0363 2016 u1 y)"),
        ({",4\n": ",<5\n"}, ["--index", "gini"], 'count is not a number in 1 rows: "<5" (row 10: 0758 2016 u2 y)'),
        ({}, ["--index", "gini", "--group", "z"], 'group "z" is not in the table; Groups: x, y.'),
        ({}, ["--index", "gini", "--against", "y"], 'against "y" needs a group to set against it'),
        ({}, ["--index", "atkinson(2)"], "b must be above 0 and below 1"),
        ({}, ["--index", "weighted_sd"], 'index "weighted_sd" needs means and weights (columns value, weight)'),
        ({}, ["--index", "delta", "--group", "x"], 'column "area" is missing, and this index needs it'),
        ({}, ["--index", ","], "no index was asked for. Known: dissimilarity, "),
    ],
)
def test_errors_name_what_is_wrong_and_what_is_there(
    command_line: Kloof, file: Path, change: dict[str, str], words: list[str], message: str
) -> None:
    text = ROWS
    for old, new in change.items():
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    keys = [] if "--by" in words else ["--by", "municipality,year"]
    code, out, err = command_line("measure", str(file), *words, *keys)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_sign_that_can_part_thousands_or_decimals(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("unit;group;count\nA;a;1.054\nA;b;985\nB;a;2.000\nB;b;\n", encoding="utf-8")
    assert read_table(path)["count"].tolist()[:3] == [1054, 985, 2000]
    path.write_text("unit;group;count\nA;a;1.000\nA;b;2.000\n", encoding="utf-8")
    with pytest.raises(
        SchemaError, match=r"counts\.csv.*column count: 1\.000 can be 1000 or 1 \(so can 1 more: 2\.000\)"
    ):
        read_table(path)
    path.write_text("unit;value;weight\nA;1,5;2.5\n", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"decimals have , and \."):
        read_table(path)


def test_files_that_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match="is not a file; give a CSV or Parquet file with the columns unit, group, count"
    ):
        read_table(tmp_path / "absent.csv")
    for name, content in (("a.csv", b""), ("b.csv", b"unit,group\n\xff\xfe,1\n"), ("c.parquet", b"no parquet")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match=r"can't be read as a table|damaged parquet"):
            read_table(tmp_path / name)


def test_a_key_keeps_its_zeros_and_a_year_is_a_number(file: Path) -> None:
    found = measure_file(file, ["gini"], ("x", None), ["municipality", "year"])
    assert found["municipality"].tolist() == ["0363", "0758"]
    assert found["year"].tolist() == [2016, 2016]


def test_what_is_no_number_becomes_null_and_nothing_else() -> None:
    rows = pd.DataFrame({"a": [np.nan, 0.0, 2.5], "b": [None, "x", pd.NA], "n": [1, 2, 3]}).astype({"b": object})
    assert json.loads(as_json(rows)) == [
        {"a": None, "b": None, "n": 1},
        {"a": 0, "b": "x", "n": 2},
        {"a": 2.5, "b": None, "n": 3},
    ]


def ends(chosen: Prepared, index: Index, rng: np.random.Generator) -> pd.DataFrame:
    """Stand in for the bootstrap: the estimate, and the estimate plus a draw."""
    value = index.of_counts(chosen.counts, chosen.starts)
    return pd.DataFrame(
        {"low": value, "high": value + rng.random(), "range_kind": f"{index.id} {chosen.groups[0]}", "draws": 9}
    )


def test_the_ends_of_an_interval_stand_beside_their_estimate(file: Path) -> None:
    keys = ["municipality", "year"]
    found = measure_file(file, ["gini", "mutual_information"], (None, None), keys, (ends, 5))
    assert list(found.columns[2:8]) == ["index", "group", "against", "estimate", "low", "high"]
    np.testing.assert_array_equal(found["low"], found["estimate"])
    assert found["range_kind"].tolist() == ["gini x", "gini y", "mutual_information x"] * 2
    # an index's draws depend on the seed and on nothing else that is asked for
    alone = measure_file(file, ["mutual_information"], (None, None), keys, (ends, 5))
    assert (
        alone["high"].dropna().tolist() == found.loc[found["index"] == "mutual_information", "high"].dropna().tolist()
    )
    other = measure_file(file, ["mutual_information"], (None, None), keys, (ends, 6))
    assert alone["high"][0] != other["high"][0]
    with pytest.raises(ParameterError, match="A local index has no interval"):
        measure_file(file, ["local_linkage"], (None, None), keys, (ends, 1))


def test_an_interval_needs_counts_only() -> None:
    two = Prepared(
        np.ones((2, 2)), ("x", "rest"), np.array([0]), pd.DataFrame(index=[0]), np.array(["u", "v"]), np.array([0])
    )
    for name in ("delta", "distance_decay_isolation", "weighted_sd", "theil_h_within_parents"):
        with pytest.raises(ParameterError, match="needs more than counts"):
            people_interval(two, get_index(name), np.random.default_rng(0))


@pytest.mark.parametrize("name", [name for name, index in INDICES.items() if index.needs in ON_COUNTS])
def test_an_interval_stays_within_the_range_of_its_index(name: str) -> None:
    """Units of a few people: the push of chance, taken off twice, puts ends below 0 and above what an index can be."""
    index = get_index(name)
    few = np.array([[1.0] * 8, [2.0] * 8, [1.0] * 8])
    apart = np.array([[5.0, 4, 5, 0, 0, 0, 0, 0], [0.0, 0, 0, 5, 4, 5, 6, 4], [0.0, 0, 1, 0, 0, 0, 0, 0]])
    free = []
    for counts in (few, apart):
        groups = 2 if index.groups == "two" and index.needs == "counts" else 3
        chosen = Prepared(counts[:groups], ("x", "y", "z")[:groups], np.array([0]), pd.DataFrame(index=[0]),
                          np.arange(8), np.array([0]))  # fmt: skip
        row = people_interval(chosen, index, np.random.default_rng(1)).iloc[0]
        if row["reason"] is not None:
            assert np.isnan([row["low"], row["high"]]).all()
            continue
        assert index.lowest <= row["low"] <= row["high"] <= index.highest
        uncut = interval(
            {name: index.of_counts}, counts[:groups], Drawing(np.random.default_rng(1)), "people_bootstrap"
        )
        assert (row["low"], row["high"]) == tuple(
            np.clip(uncut.iloc[0][["low", "high"]].astype(float), index.lowest, index.highest)
        )
        free += uncut.iloc[0][["low", "high"]].tolist()
    if name == "dissimilarity":
        assert min(free) < -0.1


def test_the_help_lists_every_option(command_line: Kloof, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _, out, _ = command_line("measure", "--help")
    for option in (
        "--unit",
        "--counts",
        "--absent",
        "--decimal",
        "--index",
        "--by",
        "--group",
        "--against",
        "--ci",
        "--seed",
        "--json",
    ):
        assert option in out


def test_the_glossary_is_printed_as_it_is(command_line: Kloof) -> None:
    code, out, err = command_line("glossary", "--language", "en")
    assert (code, err) == (0, "")
    assert out.startswith("# Glossary of the indices\n")
    code, _, err = command_line("glossary", "--language", "fr")
    assert code == 2
    assert "'fr' is not known" in err


@pytest.mark.shared
def test_the_command_as_a_user_types_it(shared: Path) -> None:
    path = shared / "peers" / "cases" / "city_56x5.csv"
    words = [sys.executable, "-m", "kloof.cli.main", "measure", str(path), "--json", "--by", "municipality"]
    done = subprocess.run(
        [*words, "--index", "mutual_information,multigroup_gini"], capture_output=True, text=True, check=True
    )
    rows = json.loads(done.stdout)
    expected = measure(pd.read_csv(path), ["mutual_information", "multigroup_gini"], by=["municipality"])
    assert [row["estimate"] for row in rows] == expected["estimate"].tolist()
    assert [row["municipality"] for row in rows] == ["GM9056"] * 2


# the table of ROWS with a column per group, and the one of 0758 without its empty cell
WIDE = """gemeente;jaar;buurt;huur;koop;rest
0363;2016;u1;10;30;9
0363;2016;u2;20;20;9
0363;2016;u3;30;10;9
"""


def test_a_wide_table(command_line: Kloof, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(WIDE, encoding="utf-8")
    words = ("measure", path, "--index", "dissimilarity", "--by", "gemeente,jaar", "--unit", "buurt", "--json")
    code, out, err = command_line(*words, "--counts", "huur,koop", "--group", "huur")
    assert (code, err) == (0, "")
    (row,) = json.loads(out)
    assert (row["gemeente"], row["jaar"], row["group"], row["against"]) == ("0363", 2016, "huur", "rest")
    assert (row["estimate"], row["n_units"], row["n_total"]) == (pytest.approx(1 / 3), 3, 120)
    assert "absent" not in row
    code, _, err = command_line(*words, "--counts", "huur,kop")
    assert code == 2 and 'column "kop" is missing; did you mean "koop"?' in err
    code, _, err = command_line(*words, "--counts", "huur,huur")
    assert code == 2 and "--counts names a column twice" in err
    code, _, err = command_line("measure", path, "--index", "gini", "--unit", "wijk")
    assert code == 2 and 'column "wijk" is missing' in err


def test_a_row_that_is_absent_means_what_is_said(command_line: Kloof, file: Path) -> None:
    """u1 has 10 x and 30 y; without the row of y, it has 10 x and nobody else, or is left out."""
    file.write_text(ROWS.replace("0363,2016,u1,y,30\n", ""), encoding="utf-8")
    words = ("measure", file, "--index", "dissimilarity", "--by", "municipality,year", "--group", "x")
    code, out, _ = command_line(*words)
    assert (
        code == 0 and "Groups without a row of a unit: 1, taken as missing; --absent zero counts nobody there." in out
    )
    out = command_line(*words, "--absent", "zero")[1]
    assert "Groups without a row of a unit: 1, counted as zero." in out
    found = {}
    for absent in ("zero", "missing"):
        rows = json.loads(command_line(*words, "--absent", absent, "--json")[1])
        assert [(row["n_absent"], row["absent"]) for row in rows] == [(1, absent), (0, absent)]
        found[absent] = rows[0]
    # x: 10, 20, 30 of 60; y: 0, 20, 10 of 30, or without u1: 20, 30 of 50 and 20, 10 of 30
    zero = (abs(10 / 60 - 0) + abs(20 / 60 - 20 / 30) + abs(30 / 60 - 10 / 30)) / 2
    missing = (abs(20 / 50 - 20 / 30) + abs(30 / 50 - 10 / 30)) / 2
    assert (found["zero"]["estimate"], found["zero"]["n_units"]) == (pytest.approx(zero), 3)
    assert (found["missing"]["estimate"], found["missing"]["n_units"]) == (pytest.approx(missing), 2)
    code, _, err = command_line(*words, "--absent", "none")
    assert code == 2 and "--absent 'none' is not known. Valid: zero, missing." in err


@pytest.mark.parametrize(
    ("cells", "decimal", "read"),
    [
        (("1.000", "2.000"), "", None),
        (("1.054", "2.100"), "", [1054, 2100]),  # nobody counts in parts
        (("1,054", "20"), "", [1054, 20]),
        (("1.054", "2.100"), ",", [1054, 2100]),
        (("1.054", "2.100"), ".", [1.054, 2.1]),
        (("1.054.200", "2.100"), "", [1054200, 2100]),
        (("1,054,200", "2"), "", [1054200, 2]),
        (("1.054,5", "2.100"), "", [1054.5, 2100]),
        (("1.054", "0.5"), "", [1.054, 0.5]),
        (("1,5", "20"), "", [1.5, 20]),
        (("1054", "20.25"), "", [1054, 20.25]),
    ],
)
def test_a_number_that_may_be_two_is_refused(
    tmp_path: Path, cells: tuple[str, str], decimal: str, read: list[float] | None
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("unit;group;count\n" + "".join(f"u;{n};{cell}\n" for n, cell in enumerate(cells)), "utf-8")
    layout = Layout(decimal=decimal)
    if read is None:
        with pytest.raises(SchemaError, match=r"1\.000 can be 1000 or 1.*Say which sign stands before decimals"):
            read_table(path, layout)
    else:
        assert read_table(path, layout)["count"].tolist() == read
