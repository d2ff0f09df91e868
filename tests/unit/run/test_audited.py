"""What an audit says of a folder that is damaged, incomplete, of another version, or without its figures."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import CommandLine
from kloof.errors import ReportError
from kloof.figures import draw
from kloof.report import page, pdf, publish
from kloof.results import RESULTS, read_results
from kloof.run import audited, provenance
from kloof.run.audited import audit_report

EXAMPLE = Path(__file__).resolve().parents[3] / "reports" / "example"
CRATE = provenance.CRATE
PICTURE = "nl/figures/04.answer.svg"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The committed report with a crate, of which one picture is made again and pages are not read: both are slow."""
    place = shutil.copytree(EXAMPLE, tmp_path / "example")
    results = read_results(place / RESULTS)
    provenance.write(place, results, {"preset": "breda", "languages": ["nl", "en"]}, "breda", [])
    made = {PICTURE: (place / PICTURE).read_bytes()}
    monkeypatch.setattr(publish, "make_language", lambda *_: made)
    monkeypatch.setattr(audited, "_read_back", lambda *_: [])
    return place


def edit(path: Path, old: str, new: str) -> None:
    """Put a text in the place of another."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_report_as_it_was_made_has_no_fault(folder: Path) -> None:
    for again in (False, True):
        found = audit_report(folder, again=again)
        assert (found.faults, found.notes) == ([], [])


def test_only_what_is_in_doubt_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forged crate is caught when all is made again; else what a hash vouches for costs no time."""
    made: list[str] = []
    pictures = {PICTURE: (folder / PICTURE).read_bytes()}
    monkeypatch.setattr(publish, "make_language", lambda *given: made.append(given[2]) or pictures)
    audit_report(folder)
    assert made == []
    edit(folder / "tables" / "03.levels.csv", "2024", "2025")
    assert any("03.levels" in fault for fault in audit_report(folder).faults)
    assert made == []
    edit(folder / PICTURE, "2016", "2061")
    assert any("says “2061”" in fault for fault in audit_report(folder).faults)
    assert made == [PICTURE.partition("/")[0]]
    content = json.loads((folder / CRATE).read_text(encoding="utf-8"))
    next(one for one in content["@graph"] if one["@id"] == PICTURE)["sha256"] = provenance.sha256(folder / PICTURE)
    (folder / CRATE).write_text(json.dumps(content), encoding="utf-8")
    assert not any("2061" in fault for fault in audit_report(folder).faults)
    assert any("says “2061”" in fault for fault in audit_report(folder, again=True).faults)


def test_an_edit_of_the_results_is_told_first(folder: Path) -> None:
    edit(folder / RESULTS, '"Geeren-zuid"', '"Geeren-noord"')
    edit(folder / "tables" / "03.levels.csv", "2024", "2025")
    code = next(code for code, name in read_results(folder / RESULTS)["areas"].items() if name == "Geeren-noord")
    found = audit_report(folder).faults
    assert found[0] == f"{RESULTS} is not what was made"
    assert f"{RESULTS}: calls {code} “Geeren-noord”, breda calls it “Geeren-zuid”" in found
    assert any(fault.startswith("tables/03.levels.csv: row 2, column year: says “2025”") for fault in found)


def test_results_that_are_written_otherwise_are_found(folder: Path) -> None:
    """A name twice in an object: a reader takes the last one, people see the first."""
    edit(folder / RESULTS, '"kloof": "0.1.0"', '"kloof": "9",\n "kloof": "0.1.0"')
    assert any("kloof" in fault and "9" in fault for fault in audit_report(folder).faults if RESULTS in fault)


def test_another_place_than_that_of_the_parameters_is_found(folder: Path) -> None:
    edit(folder / RESULTS, '"code": "GM0758"', '"code": "GM0855"')
    assert f"{RESULTS}: is of GM0855, its parameters say GM0758" in audit_report(folder).faults


def test_what_is_not_made_again_is_held_by_its_hash(folder: Path) -> None:
    edit(folder / "nl" / "index.html", "Breda", "Tilburg")
    (folder / "note.txt").write_text("mine", encoding="utf-8")
    (folder / "en" / "data.pdf").unlink()
    assert audit_report(folder).faults == [
        "en/data.pdf is gone", "nl/index.html is not what was made", "note.txt was added",
    ]  # fmt: skip


@pytest.mark.parametrize("entity", ["#module-kloof.figures.charts", "#rule-data/catalogue.toml", "#package-matplotlib"])
def test_pages_of_another_version_are_named_and_not_listed(folder: Path, entity: str) -> None:
    content = json.loads((folder / CRATE).read_text(encoding="utf-8"))
    one = next(one for one in content["@graph"] if one["@id"] == entity)
    one["version" if "package" in entity else "sha256"] = "other"
    edit(folder / PICTURE, "2016", "2061")
    listed = next(one for one in content["@graph"] if one["@id"] == PICTURE)
    listed["sha256"] = provenance.sha256(folder / PICTURE)  # as that version made it
    (folder / CRATE).write_text(json.dumps(content), encoding="utf-8")
    found = audit_report(folder, again=True)
    assert found.faults == []
    [note] = found.notes
    assert "is not the one that made them" in note
    assert f"({PICTURE})" in note
    edit(folder / PICTURE, "2061", "2016 ")  # edited since then, whoever made it
    assert audit_report(folder, again=True).faults == [f"{PICTURE} is not what was made"]


def test_a_module_that_makes_no_page_is_no_other_version(folder: Path) -> None:
    content = json.loads((folder / CRATE).read_text(encoding="utf-8"))
    next(one for one in content["@graph"] if one["@id"] == "#module-kloof.run.batch")["sha256"] = "other"
    (folder / CRATE).write_text(json.dumps(content), encoding="utf-8")
    edit(folder / PICTURE, "2016", "2061")
    found = audit_report(folder)
    assert found.notes == []
    assert any("says “2061”" in fault for fault in found.faults)


def test_a_report_without_a_crate_is_made_again_all_the_same(folder: Path) -> None:
    (folder / CRATE).unlink()
    edit(folder / PICTURE, "2016", "2061")
    found = audit_report(folder)
    assert [fault.partition(":")[0] for fault in found.faults] == [PICTURE]
    assert [f"has no {CRATE}" in note for note in found.notes] == [True]


def test_without_a_crate_the_registries_tell_another_version(folder: Path) -> None:
    (folder / CRATE).unlink()
    results = read_results(folder / RESULTS)
    edit(folder / RESULTS, results["registry"]["claims"], "0" * 64)
    edit(folder / PICTURE, "2016", "2061")
    found = audit_report(folder)
    assert found.faults == []
    assert any("The claims registry differs." in note for note in found.notes)


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"@graph": [{"@id": 3}]}'])
def test_a_broken_crate_is_a_fault(folder: Path, text: str) -> None:
    (folder / CRATE).write_text(text, encoding="utf-8")
    found = audit_report(folder)
    assert any("is not a crate of kloof" in fault for fault in found.faults)


def test_figures_that_are_not_here_can_be_given(folder: Path, tmp_path: Path) -> None:
    edit(folder / RESULTS, '"source": "breda"', '"source": "my.csv"')
    found = audit_report(folder)
    assert any("the figures are not here" in note for note in found.notes)
    found = audit_report(folder, "breda")
    assert not any("the figures are not here" in note for note in found.notes)


def test_results_that_cannot_be_published_are_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> dict[str, bytes]:
        raise KeyError("odd")

    monkeypatch.setattr(publish, "make_language", refuse)
    assert any(
        "cannot be made again from results.json (KeyError: 'odd')" in fault
        for fault in audit_report(folder, again=True).faults
    )


def strange(value: Any, dice: random.Random) -> Any:
    """Change one thing somewhere in a document."""
    if isinstance(value, dict) and value and dice.random() < 0.95:
        name = dice.choice(list(value))
        return {**value, name: strange(value[name], dice)} if dice.random() < 0.9 else {**value, f"{name}x": 1}
    if isinstance(value, list) and value and dice.random() < 0.9:
        at = dice.randrange(len(value))
        return [*value[:at], strange(value[at], dice), *value[at + 1 :]]
    return dice.choice([None, True, -1, 1e400, "", "x" * 10, [], {}, [[]], "{0}", "\x00"])


def test_no_change_of_the_results_ends_in_anything_but_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred changes are refused or read; pages of the first that are read are made, without their drawings."""
    content = json.loads((EXAMPLE / RESULTS).read_text(encoding="utf-8"))
    monkeypatch.setattr(draw, "draw", lambda *_: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"></svg>')
    for name in ("render_pdf", "render_story_pdf"):
        monkeypatch.setattr(pdf, name, lambda *_: b"")
    monkeypatch.setattr(page, "font_faces", lambda _: "")
    monkeypatch.setattr(audited, "compare", lambda *_: [])
    dice, read = random.Random(2026), 0
    for _ in range(100):
        (tmp_path / RESULTS).write_text(json.dumps(strange(content, dice)), encoding="utf-8")
        try:
            results = read_results(tmp_path / RESULTS)
        except ReportError as problem:
            assert RESULTS in str(problem)
            continue
        read += 1
        if read <= 6:
            found = audited.Audited()
            audited._compared(EXAMPLE, results, ["en"], SimpleNamespace(geometry=None), [], found)  # type: ignore[arg-type]
            assert all(isinstance(fault, str) for fault in found.faults)
    assert 20 < read < 80


def test_a_page_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    place = tmp_path / "nl"
    place.mkdir()
    results: dict[str, Any] = {"areas": {}, "place": {"code": ""}}
    pages: dict[str, Callable[[Path], object]] = {
        "index.html": lambda path: path.write_bytes(b"\xff"),
        "data.html": lambda path: path.write_text("<div>" * 20_000, encoding="utf-8"),
    }
    for name, write in pages.items():
        write(place / name)
    for name in ("report.pdf", "data.pdf"):
        (place / name).write_bytes(b"")
    found = [*audited._read_back(tmp_path, results, ["nl"])]
    assert [fault.partition(" (")[0] for fault in found] == [
        f"nl/{name}: cannot be read back" for name in ("index.html", "data.html")
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "has no results.json"),
        ("{", RESULTS),
        ("{}", "is not a results document"),
        ("[]", "is not a results document"),
    ],
)
def test_the_command_refuses_in_words(
    content: str | None, told: str, tmp_path: Path, command_line: CommandLine
) -> None:
    (tmp_path / "nl").mkdir()
    (tmp_path / "nl" / "index.html").write_text("<p>", encoding="utf-8")
    if content is not None:
        (tmp_path / RESULTS).write_text(content, encoding="utf-8")
    code, out, error = command_line("audit", tmp_path)
    assert (code, out) == (2, "")
    assert told in error
    assert "Traceback" not in error


def test_the_command_shows_twenty_faults_and_counts_the_rest(folder: Path, command_line: CommandLine) -> None:
    for path in sorted((folder / "tables").glob("*.csv"))[:30]:
        path.write_text("x\n", encoding="utf-8")
    code, out, _ = command_line("audit", folder)
    lines = out.splitlines()
    assert code == 1
    assert len([line for line in lines if line.startswith("✗")]) == 20
    assert lines[20].startswith("  … and ")
