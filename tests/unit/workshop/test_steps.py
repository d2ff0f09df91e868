"""A first-timer's walk: nothing is asked that was not shown, and the steps fit the minutes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kloof.errors import NotebookError
from kloof.words.numbers import LANGUAGES
from kloof_workshop import answers, sessions, steps


def code(text: str, *tags: str) -> dict[str, Any]:
    name = "answer" if "answer" in text else text
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": [text], "id": name}


def said(words: int, *tags: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {"tags": list(tags)}, "source": ["word " * words], "id": str(words)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('places["x"].max()', ['["column"]', ".max()"]), ('places["x"].max', ['["column"]', "a.name"]),
        ('t[t["x"] < 3]', ['["column"]', "< >", "[rows]"]), ("t[~chosen]", ["[rows]", "~"]),
        ('t.loc[2016, "gap"]', [".loc[ ]"]), ('t["x"].iloc[0] - 1', ["-", '["column"]', ".iloc[ ]"]),
        ('t.groupby("w")[["a", "b"]].sum()', [".groupby()", ".sum()", "[[columns]]"]),
        ('kloof.measure(t, "D")["estimate"]', ['["column"]', "kloof.measure()"]), ("kloof.INDICES", []),
        ("found[0].low", ["[place]", "a.name"]),
        ('own.register("my_x", claim, focus="y")', ["focus=", "own.register()"]),
        ("[f(one) for one in many if not one]", ["f()", "for", "if", "not"]), ("a = {1: 2}", ["name =", "{ }"]),
        ("help(own.report)", ["help()", "own.report()"]),
    ],
)  # fmt: skip
def test_operations_are_named(text: str, names: list[str]) -> None:
    assert steps.operations(text) == sorted(names)


def built(language: str, *, lite: bool = False) -> Mapping[int, tuple[Any, Any]]:
    def cells(one: sessions.Session, edition: str) -> Any:
        return sessions.build(one, language, edition, lite=lite)["cells"]

    return {
        one.number: (cells(one, sessions.EXERCISE), cells(one, sessions.SOLUTION))
        for one in sessions.sessions()
        if one.number == 1 or (one.number and not lite)
    }


@pytest.mark.parametrize("lite", [False, True])
def test_no_exercise_asks_for_what_was_not_shown(lite: bool) -> None:
    walked = steps.walk(built("en", lite=lite))
    assert {need.number: need.unseen for need in walked if need.unseen} == {}
    wanted = [number for number in answers.exercises() if not lite or number[0] == "1"]
    assert [need.number for need in walked] == wanted
    assert all(need.shown for need in walked)
    later = [need.number for need in walked if any(where > need.number for where in need.shown.values())]
    assert later == []


def test_what_is_new_is_first_filled_in() -> None:
    """The exercise right after an operation was shown for the first time, and needs it, has a line with a blank."""
    for need in steps.walk(built("en")):
        new = [name for name, where in need.shown.items() if where == need.number]
        assert need.fill_in or new in ([], [".loc[ ]"], [".count()"]), need.number


def test_an_operation_that_was_not_shown_is_found() -> None:
    start, solution = code("answer_1_1 = ..."), code('answer_1_1 = t["x"].median()', "exercise")
    shown = code('t["x"].max()', "worked")
    cells = [shown, code("t.median()"), start]  # a cell that is no example shows nothing
    [need] = steps.walk({1: (cells, [shown, code("t.median()"), solution])})
    assert need.unseen == (".median()", "name =")
    assert need.shown['["column"]'] == "1.1"
    [one, two] = steps.walk({1: ([shown, start], [shown, solution]), 2: ([start], [solution])})
    assert (one.shown, two.shown) == (two.shown, one.shown)  # what is shown stays shown in the sessions after


def test_the_build_refuses_an_exercise_that_asks_for_what_was_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = sessions.session(1)
    cells = [{**cell, "tags": [tag for tag in cell["tags"] if tag != "worked"]} for cell in asked.cells]
    broken = replace(asked, cells=tuple(cells))
    monkeypatch.setattr(sessions, "sessions", lambda: [broken])
    with pytest.raises(NotebookError, match=r"8 faults in what no example showed.*1\.1 needs .*\.max\(\)"):
        sessions.walked("en")


def test_what_is_given_is_not_asked() -> None:
    start, solution = code("y = t.mean()\nanswer_1_1 = ..."), code("y = t.mean()\nanswer_1_1 = 2 * y", "exercise")
    [need] = steps.walk({1: ([start], [solution])})
    assert sorted(need.shown) == ["*", "name ="]


def test_minutes_are_counted_by_the_rates() -> None:
    cells = [
        said(120), code("t.max()", "worked"), said(60), said(600, "hint"), code("guess(...)", "predict"),
        code("answer_1_1 = ...\n# ____"), code('check("1.1")', "check"), said(0, "pairs"),
    ]  # fmt: skip
    solved = [*cells]
    solved[5] = code("answer_1_1 = t.max()", "exercise")
    found = steps.count_all({1: (cells, solved)})[1]
    assert found.story == 1.0
    runs = 4 * steps.RUN_CELL
    example, fill_in = steps.LOOK + steps.NEW, steps.FILL + steps.COPY + 2 * steps.NEED
    wanted = runs + example + 0.5 + steps.GUESS + fill_in + steps.REPLY + steps.PAIRS
    assert found.work == pytest.approx(wanted)
    assert found.total == pytest.approx(found.story + found.work + steps.TALK)
    twice = steps.count_all({1: (cells, solved), 2: (cells, solved)})
    assert twice[1].work - twice[2].work == pytest.approx(steps.NEW)  # new only once


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_steps_of_a_session_fill_its_minutes_and_fit(language: str) -> None:
    counts, _ = sessions.walked(language)
    for number, found in counts.items():
        most = sessions.session(number).minutes
        assert most - 5 <= found.total <= most - 0.5, f"session {number}: {found.total:.1f} of {most} minutes"
