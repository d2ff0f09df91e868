"""A step is taken over in the other language, and computed wherever anything but the language differs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kloof import memo
from kloof.results import Column, Section
from kloof.study import step as steps
from kloof.study.step import step
from kloof.study.study import Study, open_study

COMPUTED = list[str]()


@step
def levels(section: Section, study: Study, parts: Sequence[Any] = (), *, extra: float = 0.0) -> pd.DataFrame:
    """Record a table, and say that it was computed."""
    COMPUTED.append(study.p.language)
    found = pd.DataFrame({"value": [1.5, extra], "name": ["a", None]})
    section.table(f"00.levels{len(section.tables)}", [Column("value", "number", "percent")], found)
    return found


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda"})


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(memo.FOLDER, str(tmp_path))
    COMPUTED.clear()


def in_turn(study: Study, languages: Sequence[str], *given: Any, **named: Any) -> list[tuple[Section, pd.DataFrame]]:
    """Take the step in the notebooks of some languages, each a process of its own."""
    made = []
    for language in languages:
        steps._calls.clear()
        section = Section("00_levels")
        made.append((section, levels(section, replace(study, p=replace(study.p, language=language)), *given, **named)))
    return made


def test_the_other_language_takes_over_what_a_step_left_and_gave(breda: Study) -> None:
    (first, given), (second, taken) = in_turn(breda, ["nl", "en"], extra=2.0)
    assert COMPUTED == ["nl"]
    assert first == second
    pd.testing.assert_frame_equal(given, taken)
    assert taken is not given


def test_without_a_run_every_step_is_computed(breda: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(memo.FOLDER)
    in_turn(breda, ["nl", "en"])
    assert COMPUTED == ["nl", "en"]


def test_equals_are_alike_however_they_were_made(breda: Study) -> None:
    """A name that is one object twice, and two that are equal; figures that lie apart in memory, and together."""
    name = "".join(["bu", "urt"])
    table = np.arange(12.0).reshape(3, 4)
    in_turn(breda, ["nl"], [name, name, table[:, 1]])
    in_turn(breda, ["en"], [name, "".join(["buu", "rt"]), np.array([1.0, 5.0, 9.0])])
    assert COMPUTED == ["nl"]


@pytest.mark.parametrize("what", ["argument", "named", "parameter", "focus", "section", "turn"])
def test_what_differs_is_computed(breda: Study, what: str) -> None:
    in_turn(breda, ["nl"])
    other = Section("00_levels")
    study = {
        "parameter": replace(breda, p=replace(breda.p, year_to=breda.p.year_to - 1)),
        "focus": replace(breda, focus=breda.variants[-1]),
    }.get(what, breda)
    if what == "section":
        other.headline = "00.other"
    if what != "turn":
        steps._calls.clear()
    levels(other, study, *([["x"]] if what == "argument" else []), **({"extra": 1.0} if what == "named" else {}))
    assert len(COMPUTED) == 2


def test_a_step_that_fails_leaves_nothing_behind(breda: Study, tmp_path: Path) -> None:
    @step
    def failing(section: Section, study: Study) -> None:
        """Fail half-way."""
        del section, study
        COMPUTED.append("")
        raise ValueError("planted")

    for _ in range(2):
        steps._calls.clear()
        with pytest.raises(ValueError, match="planted"):
            failing(Section("00_levels"), breda)
    assert len(COMPUTED) == 2
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == []
