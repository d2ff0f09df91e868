"""A report says what it was made from, can be made again and compared, and two reports can be told apart."""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_batch import HERE, SECOND, TABLE, add, estate, write

from conftest import CommandLine
from kloof.paths import sha256
from kloof.run import provenance
from kloof.run.provenance import CRATE, Recorded
from kloof.run.report import make_report
from kloof.run.verify import Change, changes, named, ranged, reasons, rows_that_differ, why

__all__ = ["estate"]
pytestmark = pytest.mark.xdist_group("run")


def made(home: Path) -> Path:
    """Make the report of one municipality in Dutch."""
    del home
    return make_report("municipality", {"municipality": HERE, "seed": 7}, ("nl",))


def references(place: Any) -> list[str]:
    """List the entities that an entity points to."""
    if isinstance(place, Mapping):
        return (
            [place["@id"]] if set(place) == {"@id"} else [one for inner in place.values() for one in references(inner)]
        )
    return [one for inner in place for one in references(inner)] if isinstance(place, list) else []


def test_the_crate_describes_the_report_and_can_be_checked(estate: Path, command_line: CommandLine) -> None:
    folder = made(estate)
    content = json.loads((folder / CRATE).read_text(encoding="utf-8"))
    graph = {entity["@id"]: entity for entity in content["@graph"]}
    assert len(graph) == len(content["@graph"]), "an id is used once"
    assert content["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    assert graph[CRATE]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert graph[CRATE]["about"] == {"@id": "./"}
    assert {"name", "description", "datePublished", "license", "hasPart"} <= graph["./"].keys()
    pointed = {one for entity in graph.values() for one in references(entity)} - {"https://w3id.org/ro/crate/1.1"}
    assert pointed <= graph.keys()
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert {part["@id"] for part in graph["./"]["hasPart"]} == files.keys() - {CRATE}
    assert all(graph[name]["sha256"] == sha256(path) for name, path in files.items() if name != CRATE)
    action = graph["#run"]
    assert action["@type"] == "CreateAction"
    objects = {one["@id"] for one in action["object"]}
    assert {f"#input-{HERE}.csv", "#rule-notebooks/claims.toml", f"#notebook-{SECOND}", "#parameter-draws"} <= objects
    assert graph["#asked-seed"]["value"] == "7"
    assert graph["#package-numpy"]["version"]
    text = (folder / CRATE).read_text(encoding="utf-8")
    assert str(estate) not in text
    assert not re.search(r"\d\d:\d\d:\d\d", text), "a time of day"

    code, out, _ = command_line("verify", folder)
    assert (code, out.splitlines()[0].endswith("and every page.")) == (0, True), out
    assert sorted(path.name for path in (estate / "reports").iterdir()) == [HERE]


def test_what_differs_is_named_with_its_reason(estate: Path, command_line: CommandLine) -> None:
    folder = made(estate)
    page = folder / "nl" / "index.html"
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", "x</body>"), encoding="utf-8")
    (folder / "note.txt").write_text("mine", encoding="utf-8")
    add("more", HERE)
    write(estate, SECOND, TABLE.format("how_comparable"))
    code, out, _ = command_line("verify", folder)
    assert code == 1
    for line in (
        "✗ The table 01.rounding differs in", "✗ The table 01.comparability differs in",
        f"✗ nl/notebooks/{SECOND}.ipynb comes out differently.",
        "✗ In the report itself, nl/index.html is not what was made.",
        "✗ In the report itself, note.txt was added.", "  The file of data more.csv is new.",
        f"  The notebook {SECOND} differs.",
    ):  # fmt: skip
        assert line in out, f"{line}\n{out}"
    code, out, _ = command_line("verify", folder, "--json")
    told = json.loads(out)
    assert (code, told["same"]) == (1, False)
    assert {"kind": "table", "id": "01.rounding"} in told["changes"]


def test_what_is_no_report_is_refused(tmp_path: Path, command_line: CommandLine) -> None:
    code, _, err = command_line("verify", tmp_path)
    assert (code, "has no ro-crate-metadata.json" in err) == (2, True)
    (tmp_path / CRATE).write_text('{"@graph": []}', encoding="utf-8")
    code, _, err = command_line("verify", tmp_path)
    assert (code, "is not a crate of kloof (KeyError)" in err) == (2, True)
    code, _, err = command_line("diff", tmp_path, tmp_path)
    assert (code, "has no results.json: give the folder of a report" in err) == (2, True)


def test_code_and_versions_are_reasons_too() -> None:
    empty: dict[str, dict[str, str]] = {kind: {} for kind in provenance.KINDS}
    old = Recorded(
        "breda", {}, ("nl",), {**empty, "package": {"numpy": "1", "scipy": "2"}, "module": {"a.py": "x"}}, {}
    )
    new = replace(old, by_kind={**empty, "package": {"numpy": "3", "scipy": "2"}, "module": {"a.py": "y", "b.py": "z"}})
    assert why(old, new) == [
        "The module of the library a.py differs.", "The module of the library b.py is new.",
        "The version of numpy was 1 and is 3.",
    ]  # fmt: skip
    assert why(old, old) == []
    assert named("file", {"a": "1"}, {}) == ["The file a is gone."]


@pytest.fixture
def two(project: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results of the example, twice."""
    content = json.loads((project / "reports" / "example" / "results.json").read_text(encoding="utf-8"))
    return content, copy.deepcopy(content)


def test_the_same_results_do_not_differ(
    two: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path, command_line: CommandLine
) -> None:
    assert changes(*two) == []
    assert reasons(*two) == []
    (tmp_path / "results.json").write_text(json.dumps(two[0]), encoding="utf-8")
    assert command_line("diff", tmp_path, tmp_path / "results.json")[:2] == (0, "Both reports found the same.\n\n")


def test_what_moved_is_told_in_sentences(
    two: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path, command_line: CommandLine
) -> None:
    old, new = two
    gap = next(one for one in new["findings"].values() if one["kind"] == "gap_change" and one["estimate"] is not None)
    was = ranged(gap)
    gap["estimate"] *= 1.5
    gap["high"] *= 1.5
    new["overall"]["C1"] = "SUPPORTED"
    table = next(iter(new["tables"]))
    new["tables"][table]["rows"].pop()
    new["parameters"]["draws"] = 999
    new["inputs"][0]["sha256"] = "other"
    assert changes(old, new)[0] == Change("verdict", "C1", old["overall"]["C1"], "SUPPORTED")
    for name, content in (("old", old), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    code, out, _ = command_line("diff", tmp_path / "old.json", tmp_path / "new.json")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == f"The verdict on C1 was {old['overall']['C1'].lower()} and is supported."
    assert lines[1] == gap["id"]
    assert lines[2].startswith("  was: ")
    assert lines[3].startswith("  is:  ")
    assert lines[2].removeprefix("  was: ") != lines[3].removeprefix("  is:  ")
    assert lines[4:] == [
        f"The table {table} differs in 1 rows.",
        f"The parameter draws was {old['parameters']['draws']} and is 999.",
        f"The file of data {new['inputs'][0]['file']} differs.",
    ]
    assert was != ranged(gap)
    told = json.loads(command_line("diff", tmp_path / "old.json", tmp_path / "new.json", "--json")[1])
    assert [one["kind"] for one in told["changes"]] == ["verdict", "finding", "table"]


def test_a_report_of_an_earlier_format_is_compared_by_its_numbers(
    two: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path, command_line: CommandLine
) -> None:
    """It has no answer to what happened, so that no sentence of today can tell its findings."""
    old, new = two
    old["format"] = new["format"] = 1
    for finding in old["findings"].values():
        for key in ("happened", "rounding_low", "rounding_high"):
            finding.pop(key, None)
    new["findings"] = copy.deepcopy(old["findings"])
    gap = next(one for one in new["findings"].values() if one["kind"] == "gap_change" and one["estimate"] is not None)
    gap |= {"estimate": 7.5, "low": 6.25, "high": 9.0, "unit": "percent", "happened": "GREW"}
    for name, content in (("old", old), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    code, out, err = command_line("diff", tmp_path / "old.json", tmp_path / "new.json")
    assert (code, err) == (0, "")
    [line] = out.splitlines()
    assert line.startswith(f"The finding {gap['id']} was ")
    assert line.endswith(" and is 7.5 (6.25 to 9) percent.")


def test_rows_are_counted_by_their_place() -> None:
    assert rows_that_differ({"rows": [[1], [2]]}, {"rows": [[1], [3], [4]]}) == 2
    assert rows_that_differ(None, {"rows": [[1]]}) == 1
    assert rows_that_differ({"rows": [[1]]}, {"rows": [[1]]}) == 0
