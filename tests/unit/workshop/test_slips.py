"""Slips that any exercise invites: a comma, forgotten brackets, rounding in between, a cell that stopped."""

import re
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kloof_workshop import exercise, notebook
from kloof_workshop.checks import check, kind_of, told
from kloof_workshop.exercise import NOT_DONE, OTHER, RIGHT, STOPPED, Answer

EURO = Answer(162.7, (("weights_forgotten", 140.04),), 0.05, "thousand_euro")
INDEX = Answer(0.243, (("half_forgotten", 0.486),), 0.0005, "index")
COUNT = Answer(11, (("all_for_listed", 56),), 0.001)
LARGE = Answer(1591.2, (("wrong_group", 9000.0),), 0.6)
FALL = Answer(-0.5, (), 0.05, "points")
WORD = Answer("SAME", unit="code", choices=("SAME", "HIGHER"))


@pytest.mark.parametrize(
    ("given", "answer", "kind"),
    [
        ((162, 7), EURO, RIGHT), ((0, 243), INDEX, RIGHT), ((1.591, 2), LARGE, RIGHT),
        ((162, 8), EURO, "rounded_too_much"), ((140, 0), EURO, "weights_forgotten"), ((11, 5), COUNT, OTHER),
        ((162, 7, 1), EURO, "table_for_number"), ([162, 7], EURO, "table_for_number"), ((0, 5), FALL, "minus_lost"),
        ("162,7", EURO, "text_for_number"), (pd.Series([1]).nunique, COUNT, "brackets_forgotten"),
        ("x".upper, WORD, "brackets_forgotten"), (len, FALL, "brackets_forgotten"), ((1, 2), WORD, "number_for_word"),
        (163, EURO, "rounded_too_much"), (160, EURO, "rounded_too_much"), (0.24, INDEX, "rounded_too_much"),
        (1600, LARGE, "rounded_too_much"), (140.3, EURO, "weights_forgotten"), (0.49, INDEX, "half_forgotten"),
        (12, COUNT, OTHER), (57, COUNT, OTHER), (11.2, COUNT, OTHER), (150, EURO, OTHER),
        (-0.243, INDEX, "below_zero"), (-11, COUNT, "below_zero"), (-162.7, EURO, "sign_turned"),
        (0.5, FALL, "sign_turned"), (1.591, LARGE, "thousands_point"), (24, INDEX, "percentage_for_share"),
    ],
)  # fmt: skip
def test_a_slip_has_its_kind(given: Any, answer: Answer, kind: str) -> None:
    assert kind_of(given, answer) == kind


@pytest.mark.parametrize(
    ("typed", "language", "said"),
    [
        ((162, 7), "en", "Read as 162.7"), ((162, 7), "nl", "Gelezen als 162.7"), ("162,7", "en", "is a point"),
        ("-1.234,5", "nl", "komma van een getal een punt"), ("a,b", "en", ""), (162.7, "en", ""),
    ],
)  # fmt: skip
def test_how_a_comma_was_read_is_said(typed: Any, language: str, said: str) -> None:
    text = str(check("1.4", {"answer_1_4": typed, "language": language}))
    assert said in text
    assert bool(said) == ("omma" in text or "point" in text)


# --- a cell that stopped ---


class Interpreter:
    """Runs cells as IPython does, and tells what watches them."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {"language": "en"}

    def run(self, cell: str) -> None:
        before = after = None
        try:
            code = compile(cell, "cell", "exec")
        except SyntaxError as problem:
            before = problem
        else:
            try:
                exec(code, self.user_ns)
            except BaseException as problem:  # noqa: BLE001 - as IPython does
                after = problem
        info = SimpleNamespace(raw_cell=cell)
        notebook.take_back(SimpleNamespace(error_before_exec=before, error_in_exec=after, info=info), self.user_ns)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("answer_1_1 = tidi", "NameError"), ("answer_1_1 = (5", "SyntaxError"), ("answer_1_1 = 0,05", "is a point"),
        ("answer_1_1 = ____", "Fill something in"), ("answer_1_1 = {}['x']", "KeyError"),
        ("answer_1_1 = 1 / 0", "ZeroDivisionError"), ("answer_1_1 = 5\nanswer_1_1.x()", "AttributeError"),
        ("raise KeyboardInterrupt\nanswer_1_1 = 4", "KeyboardInterrupt"), ("answer_1_1 = 'a' + 1", "TypeError"),
        ("answer_1_1: int = 1 / 0", "ZeroDivisionError"), ("answer_1_1 += 'a'", "TypeError"),
    ],
)  # fmt: skip
def test_an_answer_of_a_cell_that_stopped_does_not_count(cell: str, says: str) -> None:
    shell = Interpreter()
    shell.run("answer_1_1 = 51.8")
    assert check("1.1", shell.user_ns).kind == RIGHT
    shell.run(cell)
    said = check("1.1", shell.user_ns)
    assert said.kind == STOPPED
    assert says in said
    shell.run("answer_1_1 = 51.8")
    assert check("1.1", shell.user_ns).kind == RIGHT


@pytest.mark.parametrize(
    "cell", ["answer_1_1", "answer_1_1 <= 1 / 0", "answer_1_1 == 1 / 0", "x = 1 / 0", "# answer_1_1 = 5\n1 / 0"]
)
def test_a_cell_that_gives_no_answer_takes_none_away(cell: str) -> None:
    shell = Interpreter()
    shell.run("answer_1_1 = 51.8")
    shell.run(cell)
    assert check("1.1", shell.user_ns).kind == RIGHT


def test_every_reason_has_words_in_both_languages() -> None:
    for reason in (*exercise.words()["stopped"], "RuntimeError"):
        for language in ("nl", "en"):
            assert "{" not in told("1.1", STOPPED, language, reason)
    assert told("1.1", NOT_DONE, "en").kind == NOT_DONE


def test_a_message_fits_its_exercise() -> None:
    """What any exercise may be told speaks of no gap, year, neighbourhood or unit that its question may not have."""
    table = exercise.words()["kind"]
    anywhere = ("sign_turned", "below_zero", "minus_lost", "rounded_too_much", "brackets_forgotten", "thousands_point",
                "percentage_for_share", "share_for_percentage", "text_for_number", "table_for_number")  # fmt: skip
    for kind in anywhere:
        text = " ".join(table[kind].values()).lower()
        assert not re.search("gap|kloof|verschil|jaar|year|buurt|neighbourhood|euro", text), kind
