"""What was computed in one language is there for the other, and nowhere else."""

import errno
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from filelock import FileLock

from kloof import memo
from kloof.memo import remembered


def kept(folder: Path) -> list[Path]:
    """What is remembered in a folder; a lock says nothing."""
    return [path for path in folder.iterdir() if path.suffix != ".lock"]


def test_without_a_folder_everything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(memo.FOLDER, raising=False)
    made: list[int] = []
    for _ in range(2):
        remembered("purpose", lambda: 1, lambda: made.append(1))
    assert made == [1, 1]


def test_the_same_question_is_computed_once_and_each_gets_a_copy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(memo.FOLDER, str(tmp_path / "memo"))
    made: list[tuple[str, object]] = []

    def ask(purpose: str, key: object) -> list[int]:
        return remembered(purpose, lambda: key, lambda: made.append((purpose, key)) or [len(made)])

    first, again = ask("a", (1, "x")), ask("a", (1, "x"))
    assert (first, again) == ([1], [1])
    first.append(9)
    assert ask("a", (1, "x")) == [1], "what one asker does to its copy does not reach another"
    assert [ask("a", (1, "y")), ask("b", (1, "x")), ask("a", (1.5, "x"))] == [[2], [3], [4]]
    assert len(made) == len(kept(tmp_path / "memo")) == 4


def test_who_asks_while_it_is_computed_waits_and_gets_a_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(memo.FOLDER, str(tmp_path / "memo"))
    made: list[int] = []
    both = Barrier(2)

    def compute() -> list[int]:
        made.append(1)
        time.sleep(0.5)
        return [len(made)]

    def ask(_: int) -> list[int]:
        both.wait()
        return remembered("a", lambda: 1, compute)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, range(2))
    assert (first, second, made) == ([1], [1], [1])
    assert first is not second


def test_in_a_folder_that_cannot_be_locked_it_is_remembered_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    monkeypatch.setenv(memo.FOLDER, str(tmp_path))
    made: list[int] = []
    for _ in range(2):
        assert remembered("a", lambda: 1, lambda: made.append(1) or 3) == 3
    assert made == [1]


def test_equal_questions_are_one_whichever_of_their_parts_are_one_object() -> None:
    word = "gemeente"
    other = "".join(["geme", "ente"])
    assert word is not other
    assert memo.name_of("a", (word, word)) == memo.name_of("a", (word, other))
    row = np.arange(6.0)
    assert memo.name_of("a", row[::2]) == memo.name_of("a", np.array([0.0, 2.0, 4.0]))
    assert memo.name_of("a", (word, 1)) != memo.name_of("a", (word, 1.5))


def test_what_failed_is_not_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(memo.FOLDER, str(tmp_path))

    def fail() -> int:
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        remembered("a", lambda: 1, fail)
    assert kept(tmp_path) == []
    assert remembered("a", lambda: 1, lambda: 3) == 3
