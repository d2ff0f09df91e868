"""A damaged store says so: which part, of which file, how to mend it; no figure is ever silently another one."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from readable import file
from test_store import FIRST, A, B, whole

from kloof.errors import SourceError
from kloof.store import add, intact, manifest, read
from kloof.store.remove import remove

SHAPES = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
        for code in ("BU00140000", "BU03440000")
    ],
}
FILES = (
    file("a b.csv", [*FIRST, ("BU00140000", 2022, "inhabitants", 190, "cbs_2022")]),
    file("new.csv", [(*row[:3], 301 if row[3] == 300 else row[3], row[4]) for row in FIRST[:5]]),
    file("map.geojson", [(B, 2020, "inhabitants", 40, "map")], geometry=SHAPES),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three files, of which the second took rows of the first and the third has boundaries."""
    folder = tmp_path_factory.mktemp("sound") / "store"
    for one in FILES:
        add.add(one, folder, replacing=True, options=["--replace", "--year 2023"])
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "store"))


def part_of(folder: Path, kind: str, number: int = 0) -> Path:
    content = manifest.read_manifest(folder)
    return folder / (content["areas"] if kind == "areas" else content["files"][number][kind])


def answers(folder: Path) -> list[object]:
    """Everything that can be asked of the store."""
    held = [read.municipality(code, folder) for code in (A, B)]
    tables = [read.indicator("inhabitants", folder), read.areas(folder), read.sources(folder), read.contents(folder)]
    tables += [one.observations for one in held] + [one.areas for one in held]
    return [*(table.to_json() for table in tables), *((one.inputs, one.files, one.geometry) for one in held)]


def flipped(path: Path, rng: np.random.Generator) -> bytes:
    """Turn one random bit of a file round; give what it was."""
    before = path.read_bytes()
    turned = bytearray(before)
    turned[rng.integers(len(turned))] ^= 1 << int(rng.integers(8))
    path.write_bytes(turned)
    intact._hash_of_file.cache_clear()  # as in another process
    return before


def refused(ask: Callable[[], object]) -> str:
    """Give what is said when the store does not answer; nothing when it does."""
    try:
        ask()
    except SourceError as problem:
        assert "emove the folder" not in str(problem)
        return str(problem)
    return ""


def test_of_300_turned_bits_none_changes_a_figure(folder: Path) -> None:
    rng, before, seen = np.random.default_rng(19), answers(folder), 0
    parts = sorted(folder.glob("*.parquet"))
    assert len(parts) == 6  # figures of three files, all that the first one had, boundaries, areas
    for number in range(300):
        path = parts[number % len(parts)]
        content = flipped(path, rng)
        [told] = manifest.damage(folder)
        assert re.search(rf"{path.name} \(.* of .*\) is not what was written.*kloof data add", told)
        said = refused(lambda: (read.municipality(A, folder), read.indicator("inhabitants", folder)))
        assert said == told or (not said and answers(folder) == before)
        seen += bool(said)
        path.write_bytes(content)
    intact._hash_of_file.cache_clear()
    assert seen == 250  # all but those in what made way, which is not read
    assert answers(folder) == before and manifest.damage(folder) == []


def test_a_part_is_hashed_once_as_long_as_it_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intact._hash_of_file.cache_clear()
    first = answers(folder)
    hashed = intact._hash_of_file.cache_info().misses
    assert (answers(folder), intact._hash_of_file.cache_info().misses) == (first, hashed)
    assert hashed == 5


def test_the_copy_of_a_damaged_manifest_is_followed_and_both_are_written_again(folder: Path) -> None:
    rng, before = np.random.default_rng(3), answers(folder)
    for name in (manifest.MANIFEST, manifest.COPY):
        for _ in range(30):
            content = flipped(folder / name, rng)
            assert answers(folder) == before
            (folder / name).write_bytes(content)
        (folder / name).unlink()
        assert answers(folder) == before
        assert manifest.damage(folder) == [
            f"data/store/{name} is gone; the other is followed, and the next kloof data add writes both"
        ]
        (folder / name).write_text('{"format"')
        [told] = manifest.damage(folder)
        assert told.startswith(f"data/store/{name} is damaged (Expecting")
        add.add(file("more.csv", [(A, 2019, "inhabitants", len(name), name)]), folder)
        assert manifest.damage(folder) == []
        before = answers(folder)


def test_a_manifest_without_a_whole_copy_names_the_files_and_removes_nothing(folder: Path) -> None:
    text = (folder / manifest.MANIFEST).read_text()
    for name in (manifest.MANIFEST, manifest.COPY):
        (folder / name).write_text(text.replace('"municipality"', '"mvnicipality"').replace("GM0014", "GM0015"))
    for ask in (lambda: read.contents(folder), lambda: add.add(FILES[0], folder), lambda: remove("new.csv", folder)):
        said = refused(ask)
        assert said.startswith(
            "data/store/manifest.json is damaged (it is not what was written); data/store/manifest.c"
        )
        assert said.endswith("Rename data/store, so that nothing in it is lost, and add its files again: "
                             "kloof data add 'a b.csv' new.csv map.geojson")  # fmt: skip
    assert manifest.damage(folder) == [said]
    assert len(list(folder.glob("*.parquet"))) == 6
    for name in (manifest.MANIFEST, manifest.COPY):
        (folder / name).write_text("[]")
    assert "(it is no manifest)" in refused(lambda: read.contents(folder))


@pytest.mark.parametrize("lost", ["flipped", "gone"])
@pytest.mark.parametrize(("kind", "number"), [("observations", 0), ("whole", 0), ("observations", 1), ("geometry", 2)])
def test_the_file_of_a_damaged_part_mends_it_in_its_old_place(folder: Path, kind: str, number: int, lost: str) -> None:
    before, rows = answers(folder), whole(folder)
    path, entry = part_of(folder, kind, number), FILES[number]
    if lost == "gone":
        path.unlink()
    else:
        flipped(path, np.random.default_rng(1))
    command = f"kloof data add {'a b.csv' if not number else entry.name} --year 2023".replace("a b.csv", "'a b.csv'")
    assert command in manifest.damage(folder)[0]
    change = add.add(entry, folder)
    assert (change.outcome, change.added, change.removed) == ("mended", 0, 0)
    assert manifest.damage(folder) == []
    assert (answers(folder), whole(folder)) == (before, rows)
    line = manifest.read_manifest(folder)["log"][-1]
    assert (line["what"], line["name"], line["made_way"]) == ("mended", entry.name, 0)
    assert remove("new.csv", folder).rows == 5  # what had made way is still there to come back
    back = {key[0]: value for key, value in whole(folder).items() if key[1:3] == (2023, "inhabitants")}
    assert back[A][0] == 300


def test_the_areas_of_all_files_are_mended_by_all_of_them(folder: Path) -> None:
    before = answers(folder)
    part_of(folder, "areas").write_bytes(b"PAR1 not whole PAR1")
    names = "'a b.csv' --year 2023 and kloof data add new.csv --year 2023 and kloof data add map.geojson --year 2023"
    assert f"Add them again: kloof data add {names}." in refused(lambda: read.areas(folder))
    newer = file("newer.csv", [(A, 2024, "inhabitants", 310, "cbs_2024")])
    assert "the areas of" in refused(lambda: add.add(newer, folder))
    assert len(read.indicator("inhabitants", folder)) == 8  # figures have no need of them
    behind: list[tuple[str, str, str]] = [("a", "", ""), ("", "new", "")]
    for one, left in zip(reversed(FILES), (behind, behind[:1], []), strict=True):
        assert add.add(one, folder).outcome == "mended"
        said = refused(lambda: read.municipality(A, folder))
        assert re.findall(r"kloof data add (?:'(a) b.csv'|(new).csv|(map).\S+)", said) == left
    assert answers(folder) == before
    assert manifest.damage(folder) == []


def test_areas_that_were_lost_go_with_their_file(folder: Path) -> None:
    part_of(folder, "areas").unlink()
    remove("map.geojson", folder)
    assert add.add(FILES[0], folder).outcome == "mended"
    assert "the areas of new.csv" in refused(lambda: read.areas(folder))
    remove("new.csv", folder)
    assert read.areas(folder)["code"].tolist() == sorted({row[0] for row in FIRST})
    assert manifest.damage(folder) == []


@pytest.mark.parametrize("number", [0, 1])
def test_a_file_whose_parts_are_damaged_can_be_removed(folder: Path, number: int) -> None:
    for kind in ("observations", "whole"):
        part_of(folder, kind, number).unlink(missing_ok=True)
    name = FILES[number].name
    never = folder.with_name("never")
    for one in FILES:
        if one.name != name:
            add.add(one, never)
    assert "Without the file: kloof data remove" in refused(lambda: read.municipality(A, folder))
    for what in ("cbs_2023", "2023"):
        assert "is gone" in refused(lambda what=what: remove(what, folder))
    done = remove(name, folder)
    assert done.back == ((("a b.csv", 5),) if number else ())
    assert whole(folder) == whole(never)
    assert manifest.damage(folder) == []


def test_what_stood_behind_two_damaged_files_is_named(folder: Path) -> None:
    """Of the first it can't be told any more what made way for whom: it is named, and nothing comes back by guess."""
    third = file("third.csv", [(*FIRST[0][:3], 302, "cbs_2023"), *FIRST[1:3]])
    add.add(third, folder, replacing=True)
    for number in (1, 3):
        part_of(folder, "observations", number).unlink()
    done = remove("new.csv", folder)
    assert (done.back, done.again) == ((), ("a b.csv",))


def test_a_file_that_is_read_otherwise_mends_nothing(folder: Path) -> None:
    part_of(folder, "observations", 1).unlink()
    for other in (
        replace(FILES[1], observations=FILES[1].observations.iloc[1:]),
        replace(FILES[1], kind="read by other means"),
    ):
        said = refused(lambda other=other: add.add(other, folder))
        assert said.endswith(f"kloof data remove {FILES[1].sha256[:12]}, then kloof data add new.csv")
    assert "new.csv" in manifest.damage(folder)[0]


def test_a_newer_file_cannot_be_compared_with_a_damaged_one(folder: Path) -> None:
    part_of(folder, "observations", 1).unlink()
    said = refused(lambda: add.add(file("third.csv", FIRST[:2]), folder))
    assert "(figures of new.csv) is gone" in said
    other = file("other.csv", [(A, 2001, "inhabitants", 1, "other")])
    assert add.add(other, folder).outcome == "added"  # it has nothing to do with that
    assert "new.csv" in manifest.damage(folder)[0]  # and did not make the damage look whole


def older(folder: Path) -> Path:
    """Write the manifest as it was before kloof kept hashes."""
    content = manifest.read_manifest(folder)
    del content[intact.HASHES], content[intact.NAMELESS]
    (folder / manifest.MANIFEST).write_text(json.dumps(content, sort_keys=True) + "\n")
    (folder / manifest.COPY).unlink()
    return folder


def test_a_store_without_hashes_is_read_and_gets_them_with_the_next_file(folder: Path) -> None:
    before = answers(folder)
    assert answers(older(folder)) == before
    assert manifest.damage(folder) == []
    assert len(intact.unhashed(manifest.read_manifest(folder))) == 6
    assert add.add(file("more.csv", [(A, 2019, "inhabitants", 1, "more")]), folder).outcome == "added"
    assert intact.unhashed(manifest.read_manifest(folder)) == []
    flipped(part_of(folder, "observations", 1), np.random.default_rng(2))
    assert "figures of new.csv" in refused(lambda: read.municipality(A, folder))


def test_a_part_without_a_hash_that_cannot_be_read_is_mended_too(folder: Path) -> None:
    before = answers(older(folder))
    path = part_of(folder, "observations", 1)
    path.write_bytes(b"PAR1 not whole PAR1")
    said = refused(lambda: read.municipality(A, folder))
    assert re.search(rf"{path.name} \(figures of new.csv\) cannot be read \(.*kloof data add new.csv", said)
    assert said in manifest.damage(folder)
    assert add.add(FILES[1], folder).outcome == "mended"
    assert answers(folder) == before


def test_a_manifest_without_a_hash_is_never_a_traceback(folder: Path) -> None:
    rng, path, told = np.random.default_rng(5), older(folder) / manifest.MANIFEST, 0
    for _ in range(200):
        before = flipped(path, rng)
        told += bool(refused(lambda: manifest.read_manifest(folder)))
        path.write_bytes(before)
    assert told > 50
