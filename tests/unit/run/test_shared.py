"""What is about the whole country is computed once for a batch, and every report still knows what it rests on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kloof import memo
from kloof.store import read, shared
from kloof.store.shared import common


@pytest.fixture
def asked_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Be the run of another municipality: a memory and a list of questions of its own, a common folder with others."""

    def be(name: str) -> Path:
        monkeypatch.setenv(shared.FOLDER, str(tmp_path / "commons"))
        monkeypatch.setenv(memo.FOLDER, str(tmp_path / name / "memo"))
        monkeypatch.setenv(read.ASKED_FILE, str(tmp_path / f"{name}.asked"))
        return tmp_path / f"{name}.asked"

    return be


def country(made: list[int]) -> list[int]:
    read.asked("indicator", "inhabitants")
    made.append(1)
    return [len(made)]


def test_the_second_municipality_gets_a_copy_and_the_questions_behind_it(asked_by: Callable[[str], Path]) -> None:
    made: list[int] = []
    first, second = asked_by("GM0001"), asked_by("GM0002")
    asked_by("GM0001")
    one = common("country", lambda: ("65+", 2024), lambda: country(made))
    one.append(9)
    asked_by("GM0002")
    assert common("country", lambda: ("65+", 2024), lambda: country(made)) == [1]
    assert common("country", lambda: ("65+", 2023), lambda: country(made)) == [2]
    assert first.read_text() == "indicator inhabitants\n"
    assert second.read_text() == "indicator inhabitants\n" * 2


def test_without_a_batch_it_is_remembered_within_the_run(
    asked_by: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[int] = []
    asked_by("GM0001")
    monkeypatch.delenv(shared.FOLDER)
    for _ in range(2):
        assert common("country", lambda: 1, lambda: country(made)) == [1]
    assert not (tmp_path / "commons").exists()


def test_what_failed_is_asked_again(asked_by: Callable[[str], Path]) -> None:
    def fail() -> int:
        raise ValueError("not now")

    asked_by("GM0001")
    with pytest.raises(ValueError, match="not now"):
        common("country", lambda: 1, fail)
    assert common("country", lambda: 1, lambda: 3) == 3
