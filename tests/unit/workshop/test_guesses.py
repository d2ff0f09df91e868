"""Predict first: a guess is kept by the notebook and shown beside what came out; nothing is judged."""

from typing import Any

import pytest

from kloof_workshop import answers
from kloof_workshop.checks import check, variable
from kloof_workshop.guesses import compare, guess, with_comma

CELL = {"guess": guess, "compare": compare, "check": check}


def run(code: str, language: str = "en", **names: Any) -> str:
    """Run one line as a cell of a notebook would."""
    return str(eval(code, {**CELL, "language": language, **names}))


@pytest.mark.parametrize(
    ("typed", "language", "said"),
    [
        ("40", "en", "Your guess: **40**."), ("229.5", "nl", "Jouw gok: **229,5**."),
        ("229,5", "nl", "Jouw gok: **229,5**."),  # as Dutch people write it: for Python these are two numbers
        ("229,5", "en", "Your guess: **229.5**."), ("12345.678", "en", "Your guess: **12346**."),
        ("'grows'", "en", "Your guess: **grows**."), ("...", "en", "Write down first what you expect"),
        ("...", "nl", "Schrijf eerst"), ("None", "en", "Write down first what you expect"),
        ("1, 2, 3", "en", "Write down first what you expect"),
    ],
)  # fmt: skip
def test_a_guess_is_said_back(typed: str, language: str, said: str) -> None:
    assert said in run(f"guess('1.2', {typed})", language)


def test_a_guess_stands_beside_what_came_out() -> None:
    assert run("[guess('1.2', 300), compare('1.2', 269.34)][1]") == "Your guess was **300**; it is **269.3**."
    assert run("compare('1.2', 269.34)", "nl") == "Hier was geen gok opgeschreven."
    taken_back = "[guess('1.2', 300), guess('1.2', ...), compare('1.2', 5)][2]"
    assert run(taken_back) == "No guess was written down here."


def test_the_check_shows_the_guess_only_beside_a_right_answer() -> None:
    right = answers.fixed("1.1").right
    both = "[guess('1.1', 4), check('1.1')][1]"
    assert "Your guess was **4**; it is **" in run(both, **{variable("1.1"): right})
    assert "guess" not in run(both, **{variable("1.1"): right + 100})
    assert "guess" not in run("check('1.1')", **{variable("1.1"): right})


@pytest.mark.parametrize(
    ("parts", "number"),
    [
        ((229, 5), 229.5), ((-3, 75), -3.75), ((1.229, 5), 1229.5), ((0, 5), 0.5),
        ((229,), None), ((1, 2, 3), None), ((229, -5), None), ((1.5, 2.5), None), ((True, 5), None), ([229, 5], None),
        ((0.12345, 5), None), (("229", 5), None),
    ],
)  # fmt: skip
def test_what_is_a_decimal_comma_and_what_is_not(parts: Any, number: float | None) -> None:
    assert with_comma(parts) == number
