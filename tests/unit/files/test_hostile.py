"""Files that are hostile or damaged are refused in words, or read as they are: in seconds, with little memory."""

from pathlib import Path

import pytest
from hostile import RESIDENT, SECONDS, Verdict, every, judged
from readable import file

from kloof.store.add import add

FEWEST = 300


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    return judged(tmp_path_factory.mktemp("hostile"))


def test_each_is_refused_in_words_or_read_as_it_is(verdicts: list[Verdict]) -> None:
    wrong = [f"{one.name}: {one.said}" for one in verdicts if not one.right]
    assert not wrong, "\n\n".join(wrong)


def test_none_takes_long_or_much(verdicts: list[Verdict]) -> None:
    assert max(one.seconds for one in verdicts) < SECONDS
    assert max(one.resident for one in verdicts) < RESIDENT


def test_all_are_tried(verdicts: list[Verdict]) -> None:
    names = [one.name for one in every()]
    assert len(set(names)) == len(names) >= FEWEST
    assert {one.name for one in verdicts} == set(names)


def test_they_are_judged_where_the_project_has_a_store(home: Path, tmp_path: Path) -> None:
    """Its engine has threads, which a copy of a process does not have: each file would wait for its time limit."""
    add(file("kwb.csv", [("GM0344", 2020, "inhabitants", 300, "cbs"), ("BU03440101", 2020, "inhabitants", 300, "cbs")]))
    assert (home / "data" / "store").is_dir()
    [one] = judged(tmp_path / "judged", "text_whole")
    assert (one.name, one.right) == ("text_whole/kwb_2020.csv", True)
