"""Says whether an answer of the workshop is right, not there yet, or which kind of mistake it is; never the answer.

A mistake is recognised by its number: for every exercise `answers` computes from the data what comes out when weights
are forgotten, the wrong year is taken, and so on. Only the standard library, so that the browser edition has it too.
"""

import inspect
import math
from collections.abc import Mapping
from typing import Any

from kloof_workshop.exercise import DEFAULT_LANGUAGE, NOT_DONE, OTHER, RIGHT, Answer, words

ROUGH = 10  # a number this many times the tolerance away is the right one, rounded too much

# What the right number becomes by a slip that any exercise in this unit invites: the kind and the factor.
SLIPS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "share": (("percentage_for_share", 100.0), ("sign_turned", -1.0)),
    "index": (("percentage_for_share", 100.0), ("sign_turned", -1.0)),
    "percent": (("share_for_percentage", 0.01), ("sign_turned", -1.0)),
    "points": (("share_for_percentage", 0.01), ("sign_turned", -1.0)),
    "thousand_euro": (("euro_for_thousand", 1000.0), ("sign_turned", -1.0)),
    "number": (("sign_turned", -1.0),),
}


class Feedback(str):
    """What a check says; `kind` is the code behind the words."""

    kind: str

    def __new__(cls, text: str, kind: str) -> "Feedback":
        """Keep the code beside the text."""
        made = super().__new__(cls, text)
        made.kind = kind
        return made

    def _repr_markdown_(self) -> str:
        return str(self)


def check(number: str, names: Mapping[str, Any] | None = None) -> Feedback:
    """Say how the answer to an exercise such as "1.3" stands; it is read from the variable `answer_1_3`.

    `names` are the variables of the notebook; without it those of the cell that calls. The language is that of the
    notebook's variable `language`.
    """
    from kloof_workshop import answers

    if names is None:
        frame = inspect.currentframe()
        names = frame.f_back.f_globals if frame is not None and frame.f_back is not None else {}
    language = names.get("language", DEFAULT_LANGUAGE)
    language = language if language in ("nl", "en") else DEFAULT_LANGUAGE
    known = answers.exercises()
    if number not in known:
        listed = ", ".join(one for one in known if one[0] == str(number)[:1]) or ", ".join(known)
        return Feedback(words()["say"]["unknown"][language].format(number=number, known=listed), "unknown")
    given = names.get(variable(number), ...)
    kind = NOT_DONE if given is None or given is ... else kind_of(given, answers.answer(number, names))
    return told(number, kind, language)


def variable(number: str) -> str:
    """Name the variable that holds the answer to an exercise: `answer_1_3`."""
    return "answer_" + number.replace(".", "_")


def told(number: str, kind: str, language: str) -> Feedback:
    """Put the outcome of a check in words."""
    table = words()
    if kind in (RIGHT, NOT_DONE):
        text = table["say"][kind][language].format(number=number, variable=variable(number))
    else:
        entry = table["kind"][kind]
        text = table["say"]["wrong"][language].format(
            number=number, title=entry[f"title_{language}"], text=entry[language]
        )
    return Feedback(text, kind)


def kind_of(given: Any, answer: Answer) -> str:
    """Give the kind of mistake of an answer, `RIGHT`, or `OTHER` when no known mistake leads to it."""
    if answer.judge is not None:
        return answer.judge(given)
    if isinstance(answer.right, str):
        return _kind_of_word(given, answer)
    number = _number(given)
    if isinstance(number, str):
        return number
    if close(number, answer.right, answer.within):
        return RIGHT
    for kind, value in answer.wrong:
        if not isinstance(value, str) and close(number, value, answer.within):
            return kind
    for kind, factor in SLIPS.get(answer.unit, ()):
        slipped = answer.right * factor
        if slipped != answer.right and close(number, slipped, answer.within * abs(factor)):
            return kind
    return "rounded_too_much" if close(number, answer.right, ROUGH * answer.within) else OTHER


def close(number: float, value: float, within: float) -> bool:
    """Tell whether two numbers are equal up to the tolerance (and what floating point adds)."""
    return abs(number - value) <= within + 1e-9 * max(1.0, abs(value))


def _kind_of_word(given: Any, answer: Answer) -> str:
    """Judge an answer that should be a word: a name, a letter or a code."""
    if not isinstance(given, str):
        return "number_for_word" if isinstance(_number(given), float) else "table_for_word"
    said = given.strip().casefold()
    if said == str(answer.right).casefold():
        return RIGHT
    for kind, value in answer.wrong:
        if said == str(value).casefold():
            return kind
    known = {choice.casefold() for choice in answer.choices}
    return "not_a_choice" if known and said not in known else OTHER


def _number(given: Any) -> float | str:
    """Read one number, or give the kind of mistake: text, a whole table, true or false, or no number at all."""
    if isinstance(given, str):
        return "text_for_number"
    if isinstance(given, bool) or type(given).__name__ == "bool":
        return "truth_for_number"
    if getattr(given, "shape", ()) != () or isinstance(given, list | tuple | dict | set):
        return "table_for_number"
    try:
        number = float(given)
    except (TypeError, ValueError):
        return "table_for_number"
    return number if math.isfinite(number) else "not_a_number"
