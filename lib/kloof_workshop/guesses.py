"""Predict first: a guess is written down before a cell is run, and shown beside what came out.

A guess is the notebook's variable `guess_1_2`, as an answer is `answer_1_2`. Only the standard library.
"""

from collections.abc import Mapping
from typing import Any

from kloof_workshop.exercise import words
from kloof_workshop.notebook import as_written, calling, language_of, watch


class Said(str):
    """A sentence that a notebook shows as text."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


def guess(number: str, *value: Any) -> Said:
    """Write down a guess for an exercise such as "1.2": a number (also with a decimal comma) or a word.

    Nothing is judged: without a guess (`...`) the notebook goes on.
    """
    watch()
    names = calling()
    said, language = words()["guess"], language_of(names)
    given = value[0] if len(value) == 1 else with_comma(value)
    if given is None or given is ...:
        names.pop(variable_of_guess(number), None)
        return Said(said["none"][language])
    names[variable_of_guess(number)] = given
    return Said(said["kept"][language].format(guess=as_written(given, language)))


def compare(number: str, result: Any) -> Said:
    """Show the guess for an exercise beside what came out."""
    names = calling()
    return Said(beside(number, result, names) or words()["guess"]["no_guess"][language_of(names)])


def beside(number: str, result: Any, names: Mapping[str, Any]) -> str:
    """Write the guess for an exercise and what came out; empty when there was no guess."""
    given = names.get(variable_of_guess(number))
    if given is None:
        return ""
    language = language_of(names)
    text: str = words()["guess"]["beside"][language]
    return text.format(guess=as_written(given, language), result=as_written(result, language))


def variable_of_guess(number: str) -> str:
    """Name the variable that holds a guess: `guess_1_2`."""
    return "guess_" + number.replace(".", "_")


def with_comma(parts: Any) -> float | None:
    """Read what Python takes for two numbers as one number with a decimal comma: (229, 5) is 229.5.

    None when it is not that. The first may have a point for the thousands: (1.229, 5) is 1229.5.
    """
    if not isinstance(parts, tuple) or len(parts) != 2:
        return None
    whole, digits = parts
    if isinstance(whole, bool) or isinstance(digits, bool) or not isinstance(digits, int) or digits < 0:
        return None
    if isinstance(whole, float):
        thousands = whole * 1000
        whole = round(thousands)
        if abs(thousands - whole) > 1e-6:
            return None
    return float(f"{whole}.{digits}") if isinstance(whole, int) else None
