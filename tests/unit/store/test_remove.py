"""What is removed is gone, what had made way for it is back, and the log tells it in order."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from readable import Row, file
from test_store import FIRST, ROWS, A, B, names, whole

from kloof.errors import ParameterError
from kloof.store import add, manifest, read
from kloof.store.remove import Removal, remove

WRONG: list[Row] = [(*row[:3], row[3] * 10 if isinstance(row[3], int) else row[3], row[4]) for row in FIRST]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_a_wrong_file_first_then_the_right_one(folder: Path) -> None:
    """The way back is two commands: remove the wrong one, add the right one."""
    wrong, right = file("wrong.csv", WRONG), file("right.csv", [*FIRST, (A, 2023, "households", 140, "cbs_2023")])
    add.add(wrong, folder)
    assert add.add(right, folder).outcome == "differs"
    assert remove("wrong.csv", folder) == Removal("file", "wrong.csv", (("wrong.csv", 7),), sha256=wrong.sha256)
    assert add.add(right, folder).outcome == "added"
    assert {key[:3]: value[0] for key, value in whole(folder).items()} == {
        row[:3]: None if isinstance(row[3], str) else row[3] for row in (*FIRST, (A, 2023, "households", 140, ""))
    }
    lines = manifest.read_manifest(folder)["log"]
    assert [(line["what"], line["name"], line["rows"]) for line in lines] == [
        ("added", "wrong.csv", 7), ("removed", "wrong.csv", 7), ("added", "right.csv", 8),
    ]  # fmt: skip


def test_what_made_way_comes_back(folder: Path) -> None:
    """The wrong file came second, over a right one, with --replace; a third file took a part of both."""
    add.add(file("right.csv", FIRST), folder)
    before = whole(folder)
    add.add(file("wrong.csv", WRONG), folder, replacing=True)
    assert read.contents(folder)[["name", "rows", "rows_read"]].to_numpy().tolist() == [
        ["right.csv", 0, 7], ["wrong.csv", 7, 7],
    ]  # fmt: skip
    assert read.sources(folder)["source_id"].tolist() == ["cbs_2023"]
    tried = remove("wrong.csv", folder, trying=True)
    assert (tried.gone, tried.back) == ((("wrong.csv", 7),), (("right.csv", 7),))
    assert {name for _, _, name in whole(folder).values()} == {"wrong.csv"}
    remove("wrong.csv", folder)
    assert whole(folder) == before
    assert read.contents(folder)["name"].tolist() == ["right.csv"]
    assert read.municipality(B, folder).observations["value"].tolist() == [50, 50]
    add.add(file("wrong.csv", WRONG), folder, replacing=True)
    add.add(file("third.csv", [FIRST[5], (*FIRST[6][:3], 51, "cbs_2023")]), folder, replacing=True)
    done = remove("wrong.csv", folder)
    assert done.back == (("right.csv", 5),)  # the municipality of which the third file speaks stays with it
    assert {key[0]: name for key, (_, _, name) in whole(folder).items()}["BU03440000"] == "third.csv"
    assert remove("third.csv", folder).back == (("right.csv", 2),)
    assert whole(folder) == before


def test_a_removal_that_is_stopped_leaves_the_store_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add.add(file("right.csv", FIRST), folder)
    add.add(file("wrong.csv", WRONG[:3]), folder, replacing=True)
    before = whole(folder)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("kloof.store.remove.replace_manifest", stop)
        for what in ("wrong.csv", "2023", "cbs_2023"):
            with pytest.raises(KeyboardInterrupt):
                remove(what, folder)
            assert whole(folder) == before
    remove("wrong.csv", folder)
    assert len(whole(folder)) == 7 and len(names(folder)) == 5  # manifest, its copy, lock, areas, one part


def test_names_of_areas_go_and_come_with_their_file(folder: Path) -> None:
    add.add(file("right.csv", FIRST, {A: "Assen"}), folder)
    extra: Row = ("BU00140009", 2023, "inhabitants", 1, "cbs_2023")
    add.add(file("wrong.csv", [*WRONG, extra], {A: "Zzz"}), folder, replacing=True)
    assert read.areas(folder).set_index("code").loc[A, "name"] == "Zzz"
    remove("wrong.csv", folder)
    areas = read.areas(folder).set_index("code")["name"]
    assert areas[A] == "Assen" and "BU00140009" not in areas.index
    remove("right.csv", folder)
    assert read.areas(folder).empty and names(folder) == {"manifest.json", "manifest.copy.json", ".lock"}


def test_a_source_and_a_year(folder: Path) -> None:
    other: Row = (A, 2022, "inhabitants", 7, "cbs_2022")
    add.add(file("a.csv", [*FIRST, other]), folder)
    add.add(file("b.csv", [(*row[:3], row[3], "rivm") for row in FIRST]), folder)
    assert remove("rivm", folder) == Removal("source", "rivm", (("b.csv", 7),))
    assert read.contents(folder)["name"].tolist() == ["a.csv"]
    assert remove("2023", folder).gone == (("a.csv", 7),)
    assert [key[1] for key in whole(folder)] == [2022]
    assert add.add(file("a.csv", [*FIRST, other]), folder).added == 7
    # a year that made way goes as well: it does not come back when the newer file is removed
    add.add(file("c.csv", [(*row[:3], row[3], row[4]) for row in WRONG]), folder, replacing=True)
    remove("2023", folder)
    assert read.contents(folder)[["name", "rows"]].to_numpy().tolist() == [["a.csv", 1]]


def test_what_is_meant_is_said_or_refused(folder: Path) -> None:
    with pytest.raises(ParameterError, match="is empty: there is nothing to remove"):
        remove("2023", folder)
    add.add(file("a.csv", FIRST), folder)
    twin = file("a.csv", [(A, 2021, "inhabitants", 1, "2021")])
    add.add(twin, folder)
    with pytest.raises(ParameterError, match=r"2 files in the store are called a\.csv. Name one by its hash: "):
        remove("a.csv", folder)
    with pytest.raises(ParameterError, match="2021 is the name of a source and of a year"):
        remove("2021", folder)
    with pytest.raises(ParameterError, match=r'no file, source or year \'cbs_2024\'; did you mean "cbs_2023"\?'):
        remove("cbs_2024", folder)
    assert remove(twin.sha256[:8], folder).what == "a.csv"
    assert len(whole(folder)) == 7


def test_a_store_that_did_not_keep_what_made_way_says_which_file_to_add_again(folder: Path) -> None:
    add.add(file("old.csv", FIRST), folder)
    add.add(file("new.csv", WRONG[:2]), folder, replacing=True)
    content = manifest.read_manifest(folder)
    for entry in content["files"]:
        del entry["whole"]
    manifest.replace_manifest(folder, content)
    assert remove("new.csv", folder).again == ("old.csv",)


@settings(
    max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.lists(ROWS, min_size=2, max_size=4, unique_by=str), st.data())
def test_without_a_file_the_store_is_as_if_it_had_never_come(
    tmp_path: Path, files: list[dict[tuple[str, int, str, str], float | str]], data: st.DataObject
) -> None:
    leaving = data.draw(st.integers(0, len(files) - 1))
    made = [
        file(f"{n}.csv", [(*key[:3], cell, key[3]) for key, cell in cells.items()]) for n, cells in enumerate(files)
    ]
    stores = []
    for name, without in (("with", None), ("never", leaving)):
        folder = tmp_path / name
        shutil.rmtree(folder, ignore_errors=True)
        for number, one in enumerate(made):
            if number != without:
                add.add(one, folder, replacing=True)
        if without is None:
            remove(f"{leaving}.csv", folder)
        stores.append(whole(folder))
    assert stores[0] == stores[1]
