"""The score, the file that a participant hands in, the teacher's table of it, and the solution after the check."""

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from kloof.errors import ParameterError
from kloof_workshop import answers, checks, collecting, record
from kloof_workshop.checks import check
from kloof_workshop.exercise import RIGHT, word_of


def done(names: dict[str, Any], *given: tuple[str, Any]) -> list[checks.Feedback]:
    """Type answers one after the other, and check each."""
    said = []
    for number, value in given:
        names[checks.variable(number)] = value
        said.append(check(number, names))
    return said


def handed_in(names: dict[str, Any], session: int = 1, name: str = "") -> str:
    """Run the last cell of a notebook."""
    names |= {"hand_in": record.hand_in}
    return str(eval(f"hand_in({session}, {name!r})", names))


def right(number: str) -> Any:
    return answers.fixed(number).right


# --- the score and the solution ---


def test_a_right_answer_has_its_score_and_a_wrong_one_has_none() -> None:
    names: dict[str, Any] = {"language": "en"}
    said = done(names, ("1.1", 23), ("1.1", right("1.1")), ("1.2", right("1.2")), ("1.1", 23), ("2.1", right("2.1")))
    assert ["Score" in one for one in said] == [False, True, True, False, True]
    assert "Score: **1 of 8** right." in said[1]
    assert "Score: **2 of 8** right." in said[2]
    assert "Score: **1 of 8** right." in said[4]  # another session
    assert record.right_of(names, "1") == 1  # the last try counts


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("number", [one for one in answers.exercises() if one[0] in "123"])
def test_the_solution_is_folded_below_a_right_answer_only(number: str, language: str) -> None:
    names: dict[str, Any] = {"language": language}
    wrong, good = done(names, (number, "not this"), (number, right(number)))
    assert "<details>" not in wrong
    title = {"nl": "Een uitwerking", "en": "A worked solution"}[language]
    assert re.search(rf"<details><summary>{title}</summary>\n\n```python\n(?s:.+)\n```\n\n</details>", good)
    assert f"answer_{number.replace('.', '_')} =" in good.split("<details>")[1]


def test_the_teachers_word_opens_a_solution_and_no_other_does() -> None:
    words = {number: word_of(number) for number in answers.exercises()}
    assert len(set(words.values())) == len(words)
    names: dict[str, Any] = {"language": "en"}
    assert check("1.3", names, word=words["1.4"]).kind == "not_the_word"
    assert "<details>" not in check("1.3", names, word=words["1.4"])
    said = check("1.3", names, word=f" {words['1.3'].upper()} ")
    assert "answer_1_3 =" in said
    assert record.right_of(names, "1") == 0  # shown is not done
    assert handed_in(names).startswith("Nothing to hand in yet")


def test_a_machine_without_the_teachers_folder_checks_all_the_same(home: Path) -> None:
    (home / "notebooks" / "workshop-teacher" / "solutions.json").unlink()
    (said,) = done({"language": "en"}, ("1.1", right("1.1")))
    assert said.kind == RIGHT
    assert "<details>" not in said


# --- handing in ---


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a notebook."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_holds_kinds_and_no_answers_and_no_name(desk: Path) -> None:
    names: dict[str, Any] = {"language": "en"}
    done(names, ("1.1", 23), ("1.1", 23), ("1.1", "secret"), ("1.1", right("1.1")))
    said = handed_in(names)
    (path,) = desk.iterdir()
    assert path.name in said
    assert "Name in it: none." in said
    assert said.startswith("Score: **1 of 8** right.")
    work = json.loads(path.read_text(encoding="utf-8"))
    assert work["name"] == ""
    (tries,) = work["sessions"]["1"].values()
    assert tries == [["1.1", "wrong_end"], ["1.1", "text_for_number"], ["1.1", "right"]]
    assert "secret" not in path.read_text(encoding="utf-8")


def test_all_sessions_of_a_participant_come_in_one_file(desk: Path) -> None:
    first: dict[str, Any] = {"language": "nl"}
    assert "Nog niets om in te leveren" in handed_in(first)
    assert list(desk.iterdir()) == []
    done(first, ("1.1", 23))
    handed_in(first, name="  Ada \n Lovelace ")
    done(first, ("1.1", right("1.1")))
    handed_in(first)  # again, with more
    again: dict[str, Any] = {"language": "nl"}  # Python was started again
    done(again, ("1.1", right("1.1")), ("2.1", right("2.1")))
    handed_in(again)
    assert "Naam erin: Ada Lovelace" in handed_in(again, 2)
    (path,) = desk.iterdir()
    work = json.loads(path.read_text(encoding="utf-8"))
    assert [len(tries) for tries in work["sessions"]["1"].values()] in ([2, 1], [1, 2])
    rows, left_out = collecting.collect([desk])
    assert left_out == []
    assert [(row.name, row.exercise, row.right, row.tries, row.mistakes) for row in rows] == [
        ("Ada Lovelace", "1.1", True, 3, "wrong_end"), ("Ada Lovelace", "2.1", True, 1, ""),
    ]  # fmt: skip


BARE = '{"participant": "ffffff"}'


@pytest.mark.parametrize("content", ["", "{", "[]", BARE, BARE[:-1] + ', "sessions": [1]}', "{}"])
def test_a_damaged_file_is_left_alone_and_another_begun(desk: Path, content: str) -> None:
    damaged = desk / "my_work_ffffff.json"
    damaged.write_text(content)
    names: dict[str, Any] = {"language": "en"}
    done(names, ("1.1", 23))
    handed_in(names)
    assert damaged.read_text() == content
    assert len(list(desk.iterdir())) == 2


# --- collecting ---


def write(folder: Path, who: str = "a1b2c3", name: str = "", **sessions: Any) -> Path:
    path = folder / f"my_work_{who}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": 1, "participant": who, "name": name, "sessions": sessions}))
    return path


def test_one_table_of_all_participants(tmp_path: Path, command_line: Any) -> None:
    write(tmp_path / "x" / "deep", "aaaaaa", "Zoë", **{"1": {"r": [["1.1", "right"]]}})
    write(tmp_path / "y", "bbbbbb", "", **{"1": {"r": [["1.1", "other"], ["1.1", "wrong_group"], ["1.2", "right"]]}})
    earlier = write(tmp_path / "z", "aaaaaa", "", **{"1": {"r": []}, "2": {"q": [["2.1", "wrong_group"]]}})
    earlier.rename(earlier.with_name("my_work_aaaaaa (1).json"))  # handed in twice
    (tmp_path / "x" / "holiday.json").write_text("{}")  # not ours, and not asked for
    code, out, err = command_line("workshop", "collect", str(tmp_path / "x"), str(tmp_path / "y"), str(tmp_path / "z"))
    assert code == 0
    rows = list(csv.reader(StringIO(out)))
    assert rows == [
        ["participant", "name", "exercise", "right", "tries", "mistakes"],
        ["bbbbbb", "", "1.1", "no", "2", "other; wrong_group"], ["bbbbbb", "", "1.2", "yes", "1", ""],
        ["aaaaaa", "Zoë", "1.1", "yes", "1", ""], ["aaaaaa", "Zoë", "2.1", "no", "1", "wrong_group"],
    ]  # fmt: skip
    assert err == "2 participants, 4 exercises tried\n"
    code, out, _ = command_line("workshop", "collect", str(tmp_path), "--json")
    assert [one["exercise"] for one in json.loads(out)] == ["1.1", "1.2", "1.1", "2.1"]


GOOD = {"format": 1, "participant": "a1b2c3", "name": "", "sessions": {"1": {"r": [["1.1", "right"]]}}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"), (b"\xff\xfe\x00", "not "), (b"[" * 100_000, "deep"), (b"[]", "not of format 1"),
        ({**GOOD, "format": 2}, "not of format 1"), ({**GOOD, "participant": "../../x"}, "participant or name"),
        ({**GOOD, "name": ["x"]}, "participant or name"), ({**GOOD, "sessions": [1]}, "a try in it"),
        ({**GOOD, "sessions": {"1": [["1.1", "right"]]}}, "a try in it"),
        ({**GOOD, "sessions": {"1": {"r": [["1.1", "=cmd()"]]}}}, "a try in it"),
        ({**GOOD, "sessions": {"1": {"r": [["=1+1", "right"]]}}}, "a try in it"),
        ({**GOOD, "sessions": {"1": {"r": [["1.1", {"right": 1}]]}}}, "a try in it"), (b" " * 1_000_001, "larger than"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_hand_in_is_named_and_left_out(tmp_path: Path, content: Any, reason: str) -> None:
    bad = tmp_path / "my_work_ffffff.json"
    bad.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    write(tmp_path, **{"1": {"r": [["1.1", "right"]]}})
    rows, left_out = collecting.collect([tmp_path])
    assert [row.exercise for row in rows] == ["1.1"]
    assert len(left_out) == 1
    assert left_out[0].startswith("my_work_ffffff.json: ")
    assert reason in left_out[0]


def test_a_name_is_one_line_and_no_formula(tmp_path: Path) -> None:
    write(tmp_path, "aaaaaa", "=HYPERLINK(1)\n\x1b[31m" + "x" * 500, **{"1": {"r": [["1.1", "right"]]}})
    rows, _ = collecting.collect([tmp_path])
    assert rows[0].name.startswith("'=HYPERLINK(1) [31mxxx")
    assert len(rows[0].name) <= 61
    assert len(collecting.as_csv(rows).splitlines()) == 2


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, command_line: Any) -> None:
    with pytest.raises(ParameterError, match=r"not found: .*nowhere"):
        collecting.collect([tmp_path / "nowhere", tmp_path])
    assert command_line("workshop", "collect", str(tmp_path / "nowhere"))[0] == 2
    code, out, _ = command_line("workshop", "collect", str(tmp_path))
    assert (code, out) == (0, "participant,name,exercise,right,tries,mistakes\n")
    (tmp_path / "my_work_ffffff.json").write_text("x")
    code, _, err = command_line("workshop", "collect", str(tmp_path))
    assert code == 1
    assert "! left out: my_work_ffffff.json: not JSON" in err
