"""The store: what goes in comes out, once; contradictions are reported; it is whole after every accident."""

import itertools
import json
import multiprocessing
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import duckdb
import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from readable import File, Row, file, observations

from kloof.errors import ParameterError, SchemaError, SourceError
from kloof.schema import COLUMNS, SetAside, check_observations
from kloof.store import add, manifest
from kloof.store import read as store

A, B = "GM0014", "GM0344"
FIRST: list[Row] = [
    (A, 2023, "inhabitants", 300, "cbs_2023"), ("WK001400", 2023, "inhabitants", 300, "cbs_2023"),
    ("BU00140000", 2023, "inhabitants", 200, "cbs_2023"), ("BU00140001", 2023, "inhabitants", 100, "cbs_2023"),
    ("BU00140001", 2023, "owner_occupied_share", "suppressed", "cbs_2023"),
    (B, 2023, "inhabitants", 50, "cbs_2023"), ("BU03440000", 2023, "inhabitants", 50, "cbs_2023"),
]  # fmt: skip


@pytest.fixture(scope="module")
def national(project: Path) -> ModuleType:
    """The synthetic country with which the benchmarks fill a store."""
    sys.path.insert(0, str(project / "benchmarks"))
    try:
        import national
    finally:
        sys.path.pop(0)
    return national


@pytest.fixture
def shelf_folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def whole(folder: Path) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Everything in the store, read part by part with pandas, which knows nothing of our queries."""
    found: dict[tuple[object, ...], tuple[object, ...]] = {}
    for entry in json.loads((folder / "manifest.json").read_text())["files"]:
        for row in pd.read_parquet(folder / entry["observations"]).to_dict("records"):
            key = row["code"], row["year"], row["indicator"], row["source"]
            assert key not in found, f"{key} stands in two parts"
            found[key] = (None if np.isnan(row["value"]) else row["value"], row["status"], entry["name"])
    return found


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_goes_in_comes_out(shelf_folder: Path) -> None:
    aside = (SetAside("kwb_rows", 3, "other_areas", "GM9"),)
    given = file("a.csv", FIRST, set_aside=aside)
    change = add.add(given, shelf_folder)
    assert (change.outcome, change.rows, change.added, change.differences.empty) == ("added", 7, 7, True)
    held = store.municipality(A, shelf_folder)
    expected = check_observations(observations(FIRST[:5]), "by hand")
    pd.testing.assert_frame_equal(held.observations, expected)
    assert held.areas["code"].tolist() == ["BU00140000", "BU00140001", A, "WK001400"]
    assert held.areas.iloc[0].tolist() == ["BU00140000", "name of BU00140000", "buurt", "WK001400"]
    assert held.inputs == ({"file": "a.csv", "sha256": given.sha256},)
    assert held.files == {"cbs_2023": "a.csv"}
    assert held.sources["title"].tolist() == ["title of cbs_2023"]
    assert held.set_aside == (SetAside("a.csv kwb_rows", 3, "other_areas", "GM9"),)
    assert held.geometry is None
    everywhere = store.indicator("inhabitants", shelf_folder)
    assert everywhere["value"].tolist() == [200, 100, 50, 300, 50, 300]
    assert tuple(everywhere.columns) == COLUMNS
    assert store.municipalities(shelf_folder) == [A, B]
    assert len(store.areas(shelf_folder)) == 6
    assert store.sources(shelf_folder)["source_id"].tolist() == ["cbs_2023"]
    [row] = store.contents(shelf_folder).to_dict("records")
    assert (row["rows"], row["municipalities"], row["indicators"], row["first_year"]) == (7, 2, 2, 2023)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # of Python 3.12: that is what is tried
def test_a_copy_of_a_process_that_has_read_reads_for_itself(shelf_folder: Path) -> None:
    add.add(file("a.csv", FIRST), shelf_folder)
    read = store.indicator("inhabitants", shelf_folder)
    with multiprocessing.get_context("fork").Pool(1) as copy:
        again = copy.apply_async(store.indicator, ("inhabitants", shelf_folder)).get(timeout=60)
    pd.testing.assert_frame_equal(again, read)


def test_the_same_file_again_changes_nothing(shelf_folder: Path) -> None:
    given = file("a.csv", FIRST)
    add.add(given, shelf_folder)
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in shelf_folder.iterdir()}
    for again in (given, replace(given, name="copy of a.csv"), replace(given, observations=given.observations[::-1])):
        change = add.add(again, shelf_folder)
        assert (change.outcome, change.equal, change.added) == ("known", 7, 0)
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in shelf_folder.iterdir()} == before


def test_equal_contents_give_equal_bytes(national: ModuleType, tmp_path: Path) -> None:
    for name in ("one", "two"):
        for made in national.synthetic_files(national.Size(5, 60, 4, (2013, 2014)), np.random.default_rng(1)):
            add.add(made, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_contradiction_is_reported_and_not_swapped_in(shelf_folder: Path) -> None:
    add.add(file("a.csv", FIRST), shelf_folder)
    before = whole(shelf_folder)
    newer = [*FIRST[:2], (*FIRST[3][:3], 105, "cbs_2023"), (*FIRST[4][:3], 40, "cbs_2023"), FIRST[5]]
    more: Row = ("BU00140001", 2023, "households", 60, "cbs_2023")
    change = add.add(file("b.csv", [*newer, more]), shelf_folder)
    assert (change.outcome, change.added, change.changed, change.removed, change.equal) == ("differs", 1, 2, 1, 3)
    assert change.differences.astype("object").fillna("").to_numpy().tolist() == [
        ["BU00140000", 2023, "inhabitants", "cbs_2023", 200, "measured", "", "", "a.csv"],
        ["BU00140001", 2023, "inhabitants", "cbs_2023", 100, "measured", 105, "measured", "a.csv"],
        ["BU00140001", 2023, "owner_occupied_share", "cbs_2023", "", "suppressed", 40, "measured", "a.csv"],
    ]
    assert whole(shelf_folder) == before
    assert store.contents(shelf_folder)["name"].tolist() == ["a.csv"]
    change = add.add(file("b.csv", [*newer, more]), shelf_folder, replacing=True)
    assert (change.outcome, len(change.differences)) == ("replaced", 3)
    assert {key[0]: value for key, value in whole(shelf_folder).items() if key[2] == "inhabitants"} == {
        A: (300, "measured", "b.csv"), "WK001400": (300, "measured", "b.csv"), B: (50, "measured", "b.csv"),
        "BU00140001": (105, "measured", "b.csv"), "BU03440000": (50, "measured", "a.csv"),
    }  # fmt: skip
    assert store.contents(shelf_folder)[["name", "rows"]].to_numpy().tolist() == [["a.csv", 1], ["b.csv", 6]]
    assert len(names(shelf_folder)) == 7  # manifest, its copy, lock, two parts, all that the first one had, areas


def test_a_file_speaks_only_about_its_own_scope(shelf_folder: Path) -> None:
    """Another municipality, level, indicator, year or source of the same kind stands beside it."""
    add.add(file("a.csv", FIRST), shelf_folder)
    others: list[list[Row]] = [
        [("GM0758", 2023, "inhabitants", 9, "cbs_2023")], [("BU03440000", 2023, "households", 9, "cbs_2023")],
        [("BU03440000", 2022, "inhabitants", 9, "cbs_2023")], [("BU03440000", 2023, "inhabitants", 9, "rivm_2023")],
        [("WK034400", 2023, "inhabitants", 9, "cbs_2023")],
    ]  # fmt: skip
    for number, rows in enumerate(others):
        change = add.add(file(f"{number}.csv", rows), shelf_folder)
        assert (change.outcome, change.added, change.equal) == ("added", 1, 0)
    assert len(whole(shelf_folder)) == 12
    # one of the municipalities of the first file again, with the same figures and one more
    part = [*FIRST[5:], ("BU03440001", 2023, "inhabitants", 0, "cbs_2023")]
    assert add.add(file("part.csv", part), shelf_folder).outcome == "added"
    owners = {
        key[0]: name
        for key, (_, _, name) in whole(shelf_folder).items()
        if key[1:] == (2023, "inhabitants", "cbs_2023")
    }
    assert owners["BU03440000"] == "part.csv"
    assert owners["BU00140000"] == "a.csv"
    first = store.contents(shelf_folder).iloc[0]
    assert (first["rows_read"], first["rows"], first["municipalities"]) == (7, 5, 1)


def test_a_file_that_is_read_better_is_taken_again(shelf_folder: Path) -> None:
    """Another entry in the catalogue makes more of the same file; an entry that goes makes less, and that is said."""
    given = file("a.csv", FIRST)
    add.add(given, shelf_folder)
    better = replace(given, observations=observations([*FIRST, (A, 2023, "households", 140, "cbs_2023")]))
    change = add.add(better, shelf_folder)
    assert (change.outcome, change.added, change.equal) == ("added", 1, 7)
    assert store.indicator("households", shelf_folder)["value"].tolist() == [140]
    change = add.add(given, shelf_folder)
    assert (change.outcome, change.removed) == ("differs", 1)
    renamed = replace(better, areas=better.areas.assign(name="new"))
    assert add.add(renamed, shelf_folder).outcome == "added"
    assert set(store.areas(shelf_folder)["name"]) == {"new"}
    assert len(store.contents(shelf_folder)) == 1


def test_an_area_is_called_what_the_last_year_calls_it(shelf_folder: Path) -> None:
    late = file("late.csv", [("BU00140000", 2024, "inhabitants", 1, "s24")], {"BU00140000": "Binnenstad"})
    early = file("early.csv", [("BU00140000", 2014, "inhabitants", 1, "s14")], {"BU00140000": "Centrum"})
    add.add(late, shelf_folder)
    add.add(early, shelf_folder)
    assert store.areas(shelf_folder)["name"].tolist() == ["Binnenstad"]
    unnamed = replace(late, sha256="0" * 64, observations=observations([("BU00140009", 2024, "inhabitants", 1, "s24")]))
    add.add(unnamed, shelf_folder, replacing=True)
    row = store.areas(shelf_folder).set_index("code").loc["BU00140009"]
    assert row.tolist() == ["BU00140009", "buurt", ""]


def test_postcodes_and_the_country_belong_to_no_municipality(shelf_folder: Path) -> None:
    rows: list[Row] = [
        ("PC1234", 2019, "inhabitants", 7, "pc"), ("NL00", 2019, "inhabitants", 9, "pc"),
        ("GM1234", 2019, "inhabitants", 8, "pc"),
    ]  # fmt: skip
    add.add(file("pc.csv", rows), shelf_folder)
    assert store.municipality("GM1234", shelf_folder).observations["code"].tolist() == ["GM1234"]
    assert store.indicator("inhabitants", shelf_folder)["code"].tolist() == ["GM1234", "NL00", "PC1234"]
    assert store.municipalities(shelf_folder) == ["GM1234"]


def test_boundaries_come_with_their_own_municipality(shelf_folder: Path) -> None:
    shapes = [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Point", "coordinates": [0, 0]}}
        for code in ("BU00140000", "BU03440000", "WK001400")
    ]
    geometry = {"type": "FeatureCollection", "crs": {"name": "EPSG:28992"}, "features": shapes}
    add.add(file("map.geojson", FIRST, geometry=geometry), shelf_folder)
    held = store.municipality(A, shelf_folder).geometry
    assert held == {**geometry, "features": shapes[:1]}
    moved = [{**shape, "geometry": {"type": "Point", "coordinates": [9, 9]}} for shape in shapes[:1]]
    add.add(
        file("later.geojson", [("PC1234", 2020, "inhabitants", 1, "map")], geometry={**geometry, "features": moved}),
        shelf_folder,
    )
    assert store.municipality(A, shelf_folder).geometry == {**geometry, "features": moved}
    # the figures of the map make way for a better file; the boundaries stay
    add.add(file("b.csv", [*FIRST, ("BU00140000", 2023, "households", 1, "cbs_2023")]), shelf_folder)
    assert store.municipality(B, shelf_folder).geometry == {**geometry, "features": shapes[1:2]}
    assert store.contents(shelf_folder)["rows"].tolist() == [0, 1, 8]


CODES = st.sampled_from([A, "BU00140000", "BU00140001", B, "BU03440000", "PC1234"])
ROWS = st.dictionaries(
    st.tuples(CODES, st.sampled_from([2022, 2023]), st.sampled_from(["inhabitants", "households"]),
              st.sampled_from("st")),
    st.one_of(st.integers(0, 3), st.sampled_from(["suppressed", "not_published"])), min_size=1, max_size=12,
)  # fmt: skip


def scope(key: tuple[str, int, str, str]) -> tuple[object, ...]:
    """Source, year, indicator, level and municipality of a row."""
    code, year, name, source = key
    return source, year, name, code[:2], code[2:6] if code[0] in "GWB" else ""


# a failing example is shown as it was drawn: each try fills a store, and hundreds would be needed to make it smaller
@settings(
    max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.lists(ROWS, min_size=2, max_size=4))
def test_any_row_of_files_gives_what_a_dictionary_gives(
    tmp_path: Path, files: list[dict[tuple[str, int, str, str], float | str]]
) -> None:
    """The rule once more, row by row: a newer file takes the whole of each scope it speaks about."""
    folder = tmp_path / "any"
    shutil.rmtree(folder, ignore_errors=True)
    model: dict[tuple[str, int, str, str], float | str] = {}
    for number, cells in enumerate(files):
        own = {scope(key) for key in cells}
        old = {key: cell for key, cell in model.items() if scope(key) in own}
        change = add.add(
            file(f"{number}.csv", [(*key[:3], cell, key[3]) for key, cell in cells.items()]), folder, replacing=True
        )
        assert change.added == len(cells.keys() - old.keys())
        assert change.removed == len(old.keys() - cells.keys())
        assert change.changed == sum(cells[key] != old[key] for key in old.keys() & cells.keys())
        model = {key: cell for key, cell in model.items() if scope(key) not in own} | cells
    got = {key: status if value is None else value for key, (value, status, _) in whole(folder).items()}
    assert got == model
    parts = {entry[part] for entry in manifest.read_manifest(folder)["files"] for part in ("observations", "whole")}
    assert names(folder) - parts == {"manifest.json", "manifest.copy.json", ".lock", f"areas-{len(files)}.parquet"}


# ------------------------------------------------------------------ accidents

FORKED = multiprocessing.get_context("forkserver")  # what a writer loads is loaded once for all processes
FORKED.set_forkserver_preload(["duckdb", "hypothesis.strategies", "kloof.store.read", "readable"])
OTHER: list[Row] = [(A, 2024, "inhabitants", 310, "cbs_2024"), *[(*row[:3], row[3], "cbs_2023") for row in FIRST[:5]]]
ACCIDENTS = {
    "before anything": "intake._compare = die", "after the first part": "intake.make_way = intake._write_areas = die",
    "between part and its name": "Path.replace = die", "before the manifest": "intake.replace_manifest = die",
}  # fmt: skip


def _add_and_die(folder: Path, accident: str) -> None:
    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    exec(accident, {"intake": add, "Path": Path, "die": die})
    add.add(file("other.csv", OTHER), folder)


def killed(folder: Path, accident: str) -> bool:
    """Add a file in a process of its own; tell whether it was killed at the accident."""
    writer = FORKED.Process(target=_add_and_die, args=(folder, accident))
    writer.start()
    writer.join()
    return writer.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("name", ACCIDENTS)
def test_a_writer_that_is_killed_leaves_the_store_as_it_was(shelf_folder: Path, name: str) -> None:
    add.add(file("a.csv", FIRST), shelf_folder)
    before = whole(shelf_folder)
    assert killed(shelf_folder, ACCIDENTS[name])
    assert whole(shelf_folder) == before
    pd.testing.assert_frame_equal(
        store.municipality(A, shelf_folder).observations, check_observations(observations(FIRST[:5]), "by hand")
    )
    assert add.add(file("other.csv", OTHER), shelf_folder).outcome == "added"
    assert len(whole(shelf_folder)) == 8
    # manifest, copy, lock, two parts, all that the first one had, areas: what the killed one left is gone
    assert len(names(shelf_folder)) == 7


@pytest.mark.parametrize(
    ("said", "kind", "says"),
    [
        ('IO Error: {"exception_message":"Could not write file: No space left on device"}', OSError, "left on device"),
        ("IO Error: something of its own", SourceError, "data/store cannot be written: IO Error: something of its own"),
    ],
)
def test_a_writer_whose_disk_is_full_leaves_the_store_as_it_was(
    shelf_folder: Path, monkeypatch: pytest.MonkeyPatch, said: str, kind: type[Exception], says: str
) -> None:
    add.add(file("a.csv", FIRST), shelf_folder)
    before = {path.name: path.read_bytes() for path in shelf_folder.iterdir()}

    def full(*_: object) -> str:
        (shelf_folder / ".half.parquet").write_bytes(b"half")
        raise duckdb.IOException(said)

    monkeypatch.setattr(add, "_write_areas", full)
    with pytest.raises(kind, match=says) as caught:
        add.add(file("other.csv", OTHER), shelf_folder)
    assert getattr(caught.value, "filename", None) in (None, str(shelf_folder))
    assert {path.name: path.read_bytes() for path in shelf_folder.iterdir()} == before


def test_a_writer_that_is_killed_after_the_manifest_has_done_its_work(shelf_folder: Path) -> None:
    add.add(file("a.csv", FIRST), shelf_folder)
    assert killed(shelf_folder, "Path.iterdir = die")
    assert len(whole(shelf_folder)) == 8
    assert add.add(file("other.csv", OTHER), shelf_folder).outcome == "known"


def _add_many(folder: Path, place: int) -> None:
    for year in range(2013, 2017):
        rows: list[Row] = [(f"GM{place:04d}", year, "inhabitants", year, f"cbs_{year}")]
        assert add.add(file(f"{place} {year}.csv", rows), folder).outcome == "added"


def test_two_adds_at_once_take_turns(shelf_folder: Path) -> None:
    workers = [FORKED.Process(target=_add_many, args=(shelf_folder, place)) for place in (14, 344)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(store.contents(shelf_folder)) == len(whole(shelf_folder)) == 8
    assert store.municipality(A, shelf_folder).observations["value"].tolist() == list(range(2013, 2017))


def test_a_reader_starts_again_when_the_store_was_renewed(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add.add(file("a.csv", FIRST), shelf_folder)
    stale = manifest.read_manifest(shelf_folder)
    changed = [(*FIRST[0][:3], 301, "cbs_2023"), *FIRST[1:]]
    add.add(file("b.csv", changed), shelf_folder, replacing=True)
    read = manifest.read_manifest
    answers = [stale]
    monkeypatch.setattr(manifest, "read_manifest", lambda folder: answers.pop() if answers else read(folder))
    rows = store.municipality(A, shelf_folder).observations
    assert rows.loc[rows["code"] == A, "value"].tolist() == [301]
    ticks = itertools.count(100)
    monkeypatch.setattr(manifest, "read_manifest", lambda _: {**stale, "generation": next(ticks)})
    with pytest.raises(SourceError, match="renewed again and again"):
        store.municipality(A, shelf_folder)


def test_a_store_that_cannot_be_read_is_an_error_that_says_what_to_do(
    shelf_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here no part is damaged; test_intact.py damages them."""

    def no_room(*_: object) -> None:
        raise OSError("No room.")

    add.add(file("a.csv", FIRST), shelf_folder)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_rows", no_room)
        with pytest.raises(
            SourceError, match=r"cannot be read: No room\. Its parts are whole: look at memory and disk"
        ):
            store.municipality(A, shelf_folder)
    for name in ("manifest.json", "manifest.copy.json"):
        (shelf_folder / name).write_text('{"format": 0}')
    for ask in (lambda: store.contents(shelf_folder), lambda: add.add(file("b.csv", FIRST), shelf_folder)):
        with pytest.raises(SourceError, match=r"another version of kloof \(format 0, not 1\).*Rename data/store"):
            ask()
    with pytest.raises(SourceError, match="patterns to its engine"):
        store.contents(shelf_folder / "a[b]")


def test_a_store_that_stays_locked(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf_folder.mkdir()
    monkeypatch.setattr(manifest, "WAIT", 0.05)
    with FileLock(shelf_folder / ".lock"), pytest.raises(SourceError, match="Another kloof has been writing"):
        add.add(file("a.csv", FIRST), shelf_folder)
    assert add.add(file("a.csv", FIRST), shelf_folder).outcome == "added"


def test_what_is_not_there_is_said_with_the_command_to_type(shelf_folder: Path) -> None:
    with pytest.raises(ParameterError) as problem:
        store.municipality(B, shelf_folder)
    assert str(problem.value) == (
        "The store (data/store) is empty. Fill it: kloof data fetch --municipality GM0344, or kloof data add FILE… for "
        "files you have."
    )
    assert store.contents(shelf_folder).empty
    assert store.areas(shelf_folder).empty
    assert store.sources(shelf_folder).empty
    assert store.municipalities(shelf_folder) == []
    add.add(file("a.csv", FIRST[:5]), shelf_folder)
    with pytest.raises(
        ParameterError,
        match=r"has no GM0344\. It has 1 municipality \(GM0014\), from a\.csv: did you mean .GM0014.\? Fill it",
    ):
        store.municipality(B, shelf_folder)
    with pytest.raises(ParameterError, match=r"has no cars\. It has: inhabitants, owner_occupied_share\."):
        store.indicator("cars", shelf_folder)


def test_a_file_whose_tables_do_not_fit_is_refused(shelf_folder: Path) -> None:
    given: File = file("a.csv", FIRST)
    broken = replace(given, areas=given.areas.drop(columns="name"), sources=given.sources.drop(columns="licence"))
    with pytest.raises(SchemaError, match=r"2 faults in a\.csv.*areas have no column name.*no column licence"):
        add.add(broken, shelf_folder)
    with pytest.raises(SchemaError, match="sources do not describe cbs_2023"):
        add.add(replace(given, sources=given.sources.iloc[:0]), shelf_folder)
    with pytest.raises(SchemaError, match="duplicate code, year, indicator and source"):
        add.add(replace(given, observations=pd.concat([given.observations] * 2)), shelf_folder)
    assert not (shelf_folder / "manifest.json").exists()


# ------------------------------------------------------------------ the synthetic panel


def test_the_synthetic_panel_is_as_large_as_it_says_and_says_that_it_is_synthetic(
    national: ModuleType, shelf_folder: Path
) -> None:
    size = national.Size(municipalities=9, buurten=200, indicators=5, years=(2013, 2014))
    files = list(national.synthetic_files(size, np.random.default_rng(3)))
    for made in files:
        assert add.add(made, shelf_folder).outcome == "added"
    areas = store.areas(shelf_folder)
    assert (areas["level"] == "buurt").sum() == 200
    assert len(store.municipalities(shelf_folder)) == 9
    assert set(areas.loc[areas["parent_code"] != "", "parent_code"]) <= set(areas["code"])
    rows = store.indicator("synthetic_03", shelf_folder)
    assert len(rows) == 2 * len(areas)
    assert 0.05 < (rows["status"] == "suppressed").mean() < 0.2
    texts = [
        *store.sources(shelf_folder)["title"], *store.contents(shelf_folder)["name"], *areas["name"], *rows["source"],
    ]  # fmt: skip
    assert all("synthetic" in text for text in texts)
    assert all(9000 < int(code[2:]) < 9343 for code in store.municipalities(shelf_folder))
