"""A wrong file added first, then the right one: the way back on the command line is two commands, and is logged."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from kloof.catalogue import catalogue
from kloof.files.recognise import recognise
from kloof.run.project import faults_of_project
from kloof.store import intact, manifest, read
from kloof.store.manifest import store_folder

Kloof = Callable[..., tuple[int, str, str]]
HEAD = "code,year,indicator,value,unit,source,status\n"


def tidy(people: dict[str, int], year: int = 2020) -> str:
    return HEAD + "".join(
        f"{code},{year},inhabitants,{n},persons,cbs_kwb_{year},measured\n" for code, n in people.items()
    )


RIGHT = {"GM0344": 300, "BU03440001": 100, "BU03440002": 200}
WRONG = {"GM0344": 3000, "BU03440001": 1000, "BU03440002": 2000}


@pytest.fixture
def data(home: Path, command_line: Kloof) -> Kloof:
    return partial(command_line, "data")


@pytest.fixture
def right(tmp_path: Path) -> Path:
    path = tmp_path / "right.csv"
    path.write_text(tidy(RIGHT), encoding="utf-8")
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.csv"
    path.write_text(tidy(WRONG), encoding="utf-8")
    return path


def held() -> dict[str, float]:
    return dict(read.municipality("GM0344").observations[["code", "value"]].to_numpy().tolist())


def test_the_wrong_file_first(data: Kloof, wrong: Path, right: Path) -> None:
    assert data("add", wrong)[0] == 0
    code, _, err = data("add", right)
    assert code == 2
    assert "right.csv contradicts what is in the store in 3 figures. In wrong.csv" in err
    # the two commands that it says
    assert f"kloof data remove wrong.csv, then kloof data add {right}." in err
    code, out, _ = data("remove", "wrong.csv")
    assert code == 0 and out.startswith("Removed file wrong.csv: 3 rows\n")
    assert data("add", right)[0] == 0
    assert held() == RIGHT


@pytest.mark.shared
def test_a_real_table_of_another_year_first(data: Kloof, shared: Path, tmp_path: Path) -> None:
    """The table of 2017 goes in as that of 2019, against a warning; all is put right, and what was there stays."""
    first, second = (shared / "data" / name for name in ("national/raw/GM0363.json", "kwb/amsterdam_2019.csv"))
    mistaken = tmp_path / "kwb_2019.csv"
    mistaken.write_bytes((shared / "data" / "kwb" / "amsterdam_2017.csv").read_bytes())
    assert data("add", first)[0] == 0
    code, _, err = data("add", mistaken)
    assert code == 2 and "17081507 inhabitants of 2017, not those of 2019 [year]" in err
    assert data("add", mistaken, "--accept", "year")[0] == 0
    code, _, err = data("add", second)
    assert code == 2 and "In kwb_2019.csv (sources cbs_kwb_2019): BU03630000 2019 address_density is 6662 there" in err
    assert "and 6718 here" in err and f"To prefer amsterdam_2019.csv: kloof data add {second}" in err
    assert "To prefer kwb_2019.csv, do nothing." in err
    # the two commands that it says
    assert f"kloof data remove kwb_2019.csv, then kloof data add {second}." in err
    assert data("remove", "kwb_2019.csv")[0] == 0
    assert data("add", second)[0] == 0
    there = read.municipality("GM0363").observations
    known = catalogue()
    made = pd.concat([recognise(path, known).observations for path in (first, second)])
    made = made[made["code"].str[2:6] == "0363"].sort_values(["code", "indicator", "year", "source"])
    pd.testing.assert_frame_equal(there, made.reset_index(drop=True))
    lines = [line.split() for line in data("log")[1].splitlines()[:4]]
    assert [line[1] for line in lines] == ["added", "added", "removed", "added"]
    assert [line[4] for line in lines] == [first.name, mistaken.name, mistaken.name, second.name]
    assert lines[1][-2:] == ["--accept", "year"]


def test_the_wrong_file_second(data: Kloof, wrong: Path, right: Path) -> None:
    data("add", right)
    assert "3 made way: kloof data remove wrong.csv brings them back" in data("add", wrong, "--replace")[1]
    code, out, _ = data("remove", "wrong.csv", "--dry-run")
    assert code == 0 and "Would remove file wrong.csv: 3 rows" in out and "3 rows count again  right.csv" in out
    assert held() == WRONG
    data("remove", "wrong.csv")
    assert held() == RIGHT
    code, out, _ = data("log")
    lines = [line.split() for line in out.splitlines()]
    done = [("added", "right.csv"), ("replaced", "wrong.csv"), ("removed", "wrong.csv")]
    assert [(line[1], line[4]) for line in lines[:3]] == done
    assert "2020; cbs_kwb_2020; 3 rows made way; --replace" in out
    assert "(file, 3 rows of right.csv count again)" in out
    assert lines[5][:4] == ["3", "of", "3", "rows"] and "right.csv  2020–2020" in out
    assert data("remove", "2020")[0] == 0
    assert read.contents().empty


def test_an_empty_store_and_an_unknown_name(data: Kloof, right: Path) -> None:
    assert data("log")[1] == "Nothing was added yet.\nNext: kloof data add FILE\n"
    code, _, err = data("remove", "right.csv")
    assert code == 2 and "is empty: there is nothing to remove" in err
    data("add", right)
    code, _, err = data("remove", "rigth.csv")
    assert code == 2 and 'did you mean "right.csv"?' in err and "See: kloof data log." in err


def test_a_damaged_part_is_told_and_mended_by_its_file(data: Kloof, right: Path) -> None:
    """From a store without hashes to one that tells of a turned bit, names the command, and is mended by it."""
    data("add", right)
    content = manifest.read_manifest(store_folder())
    del content[intact.HASHES]
    (store_folder() / manifest.MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    assert "2 parts have no hash yet" in data("log")[1]
    other = right.with_name("other.csv")
    other.write_text(tidy({"GM0758": 9}), encoding="utf-8")
    assert data("add", other)[0] == 0
    assert "no hash" not in data("log")[1]
    part = store_folder() / content["files"][0]["observations"]
    whole = part.read_bytes()
    part.write_bytes(whole[:40] + bytes([whole[40] ^ 4]) + whole[41:])
    told = (
        f"{part.name} (figures of right.csv) is not what was written. The rest is whole. Add it again: kloof data add"
    )
    code, _, err = data("coverage", "--municipality", "GM0344")
    assert code == 2 and told in err
    assert [fault for fault in faults_of_project() if told in fault] == [err.removeprefix("kloof: ").strip()]
    code, out, _ = data("add", right)
    assert code == 0 and "mended: it was there, and its damaged parts were written anew" in out
    assert held() == RIGHT and part.name not in {path.name for path in store_folder().iterdir()}


def test_a_file_of_which_no_figure_is_understood_is_kept_and_told(data: Kloof, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("buurtcode,buurtnaam,jaar,inwoners\nBU03440001,Een,2023,800\n", encoding="utf-8")
    code, out, err = data("add", tmp_path / "none.csv")
    assert (code, err) == (0, "")
    assert "store           added: 0 rows new" in out
    code, out, _ = data("log")
    assert (code, out.count("none.csv")) == (0, 2)
    assert data("remove", "none.csv")[0] == 0
