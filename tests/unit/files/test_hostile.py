"""Files that are hostile or damaged are refused in words, or read as they are: in seconds, with little memory."""

import os

import pytest
from hostile import RESIDENT, SECONDS, Verdict, every, judged

FEWEST = 300
WORKERS = min(2, os.cpu_count() or 1)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    return judged(tmp_path_factory.mktemp("hostile"), WORKERS)


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
