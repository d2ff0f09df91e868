"""Says whether an answer of the workshop is right, not there yet, or which kind of mistake it is; never the answer.

A mistake is recognised by its number: for every exercise `answers` computes from the data what comes out when weights
are forgotten, the wrong year is taken, and so on. Only the standard library, so that the browser edition has it too.
"""

import math
from collections.abc import Mapping, MutableMapping
from typing import Any

from kloof_workshop import record
from kloof_workshop.exercise import NOT_DONE, OTHER, RIGHT, STOPPED, Answer, opens, unfolding, words
from kloof_workshop.guesses import beside, with_comma
from kloof_workshop.notebook import calling, language_of, watch, why_stopped

ROUGH = 10  # a number this many times the tolerance away may come of rounding in between
ROUGH_PART = 0.02  # and so may one this part of the right number away, unless that is a count

# What the right number becomes by a slip that any exercise in this unit invites: the kind and the factor.
SLIPS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "share": (("percentage_for_share", 100.0), ("below_zero", -1.0)),
    "index": (("percentage_for_share", 100.0), ("below_zero", -1.0)),
    "change_of_index": (("percentage_for_share", 100.0), ("sign_turned", -1.0)),
    "percent": (("share_for_percentage", 0.01), ("sign_turned", -1.0)),
    "points": (("share_for_percentage", 0.01), ("sign_turned", -1.0)),
    "thousand_euro": (("euro_for_thousand", 1000.0), ("sign_turned", -1.0)),
    "number": (("below_zero", -1.0), ("thousands_point", 0.001)),
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


def check(number: str, names: MutableMapping[str, Any] | None = None, *, word: str = "") -> Feedback:
    """Say how the answer to an exercise such as "1.3" stands; it is read from the variable `answer_1_3`.

    A right answer also shows the score and the worked solution (folded). With the teacher's `word` the
    solution is shown whatever the answer. `names` are the variables of the notebook; without it those of the cell that
    calls. The language is that of the notebook's variable `language`.
    """
    from kloof_workshop import answers

    watch()
    names = calling() if names is None else names
    language = language_of(names)
    known = answers.exercises()
    if number not in known:
        listed = ", ".join(one for one in known if one[0] == str(number)[:1]) or ", ".join(known)
        return Feedback(words()["say"]["unknown"][language].format(number=number, known=listed), "unknown")
    if word:
        return _on_the_word(number, word, language)
    given = names.get(variable(number), ...)
    if given is None or given is ...:
        reason = why_stopped(variable(number), names)
        return told(number, STOPPED if reason else NOT_DONE, language, reason)
    answer = answers.answer(number, names)
    kind = kind_of(given, answer)
    record.note(names, number, kind, given)
    parts = [told(number, kind, language), comma_read(given, answer, language)]
    if kind == RIGHT:
        session = number[0]
        parts[0] += " " + record.score(names, session, sum(one[0] == session for one in known))
        parts.append(beside(number, with_comma(given) or given, names))
        parts.append(unfolding(number, language))
    return Feedback("\n\n".join(filter(None, parts)), kind)


def _on_the_word(number: str, word: str, language: str) -> Feedback:
    """Show the solution when the word is that of the exercise."""
    if opens(number, word):
        return Feedback(unfolding(number, language), "shown")
    return Feedback(words()["solution"]["not_the_word"][language].format(number=number), "not_the_word")


def variable(number: str) -> str:
    """Name the variable that holds the answer to an exercise: `answer_1_3`."""
    return "answer_" + number.replace(".", "_")


def told(number: str, kind: str, language: str, reason: str = "") -> Feedback:
    """Put the outcome of a check in words; `reason` says why the cell of the answer stopped, if it did."""
    table = words()
    if kind in (RIGHT, NOT_DONE, STOPPED):
        text = table["say"][kind][language].format(number=number, variable=variable(number))
        if kind == STOPPED:
            known = table["stopped"].get(reason, table["stopped"]["any"])
            text = f"{text} {known[language].format(error=reason)}"
    else:
        entry = table["kind"][kind]
        text = table["say"]["wrong"][language].format(
            number=number, title=entry[f"title_{language}"], text=entry[language]
        )
    return Feedback(text, kind)


def kind_of(given: Any, answer: Answer) -> str:
    """Give the kind of mistake of an answer, `RIGHT`, or `OTHER` when no known mistake leads to it."""
    if callable(given):
        return "brackets_forgotten"
    if answer.judge is not None:
        return answer.judge(given)
    if isinstance(answer.right, str):
        return _kind_of_word(given, answer)
    number = _number(given)
    if isinstance(number, str):
        return number
    if with_comma(given) is not None and given[0] == 0 and close(-number, answer.right, answer.within):
        return "minus_lost"
    return _kind_of_number(number, answer.right, answer)


def _kind_of_number(number: float, right: float, answer: Answer) -> str:
    """Judge a number: right, a known mistake, the right one after rounding in between, or a mistake after that."""
    if close(number, right, answer.within):
        return RIGHT
    known = [(kind, value, answer.within) for kind, value in answer.wrong if not isinstance(value, str)]
    known += [
        (kind, right * factor, answer.within * abs(factor))
        for kind, factor in SLIPS.get(answer.unit, ())
        if right * factor != right
    ]
    for kind, value, within in known:
        if close(number, value, within):
            return kind
    counted = answer.unit == "number" and answer.within < 0.5
    if close(number, right, ROUGH * answer.within if counted else max(ROUGH * answer.within, ROUGH_PART * abs(right))):
        return "rounded_too_much"
    near = [] if counted else [one for one in known if close(number, one[1], ROUGH * one[2])]
    return min(near, key=lambda one: abs(number - one[1]))[0] if near else OTHER


def comma_read(given: Any, answer: Answer, language: str) -> str:
    """Say how an answer with a decimal comma was read; empty for any other."""
    if answer.judge is not None or isinstance(answer.right, str):
        return ""
    number = with_comma(given)
    if number is None:
        text = given.strip().lstrip("-+") if isinstance(given, str) else ""
        before, comma, after = text.partition(",")
        typed = comma and before.replace(".", "").isdecimal() and after.isdecimal()
        return str(words()["say"]["comma_in_text"][language]) if typed else ""
    return str(words()["say"]["comma"][language].format(number=number))


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
    if (read := with_comma(given)) is not None:
        return read
    if getattr(given, "shape", ()) != () or isinstance(given, list | tuple | dict | set):
        return "table_for_number"
    try:
        number = float(given)
    except (TypeError, ValueError):
        return "table_for_number"
    return number if math.isfinite(number) else "not_a_number"
