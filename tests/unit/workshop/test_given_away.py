"""Nothing in the folder that participants open gives an answer away: no code of a solution, no digits of an answer."""

import ast
import json
import math
import re
from functools import cache

import pytest

from kloof_workshop import answers, sessions
from kloof_workshop.checks import close

SESSIONS = [one for one in sessions.sessions() if one.number]
FIXED = [number for number in answers.exercises() if number[0] != "4"]
DIGITS = re.compile(r"-?\d+(?:[.,\u00a0\u202f]\d+)*")
BY_CHANCE = {("3.1", 10100.0)}  # the mean of 500 worlds without change happens to be as large
NAMES = {f"{language}/{one.names[language]}.ipynb": one.number for one in SESSIONS for language in one.names}


@cache
def texts() -> dict[str, str]:
    """What participants can read in each file of their folder."""
    found = {}
    for path in sorted(sessions.folder().rglob("*")):
        if path.is_file() and ".ipynb_checkpoints" not in path.parts:
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".ipynb":
                text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
            found[path.relative_to(sessions.folder()).as_posix()] = text
    return found


def test_the_folder_holds_the_exercises_and_nothing_else() -> None:
    assert set(texts()) == {"index.ipynb", *NAMES}


def bare(code: str) -> str:
    """Code without spaces, in one kind of quotes."""
    return re.sub(r"\s+", "", code).replace("'", '"')


@pytest.mark.parametrize("one", SESSIONS, ids=lambda one: f"session {one.number}")
def test_no_file_holds_the_code_of_a_solution(one: sessions.Session) -> None:
    """What an exercise leaves to the participant stands nowhere, not in a hint either; a few letters may."""
    flat = {name: bare(text) for name, text in texts().items()}
    for language in one.names:
        for cell in sessions.build(one, language, sessions.SOLUTION)["cells"]:
            if "exercise" not in cell["metadata"].get("tags", []):
                continue
            whole = "".join(cell["source"])
            given = {bare(line) for line in exercise_of(one, language, cell["id"]).splitlines()}
            for statement in ast.parse(whole).body:
                code = bare(re.sub(r"^(answer_\d_\d) = ", "", ast.unparse(statement)))
                if bare(ast.unparse(statement)) not in given and len(code) >= 12:
                    assert not [name for name, text in flat.items() if code in text], ast.unparse(statement)


def exercise_of(one: sessions.Session, language: str, name: str) -> str:
    """The cell as the participant gets it."""
    return "".join(next(cell["source"] for cell in sessions.build(one, language)["cells"] if cell["id"] == name))


def numbers(text: str, language: str) -> set[float]:
    """All numbers of a text; in Dutch a comma is the decimal sign, but code is English in both."""
    found = set()
    for one in DIGITS.findall(text.replace("\u2212", "-")):
        dutch = language == "nl" and (re.fullmatch(r"-?[1-9]\d{0,2}(\.\d{3})+(,\d+)?", one) or "," in one)
        for thousands, point in ((".", ","),) if dutch else ((",", "."),):
            plain = re.sub(r"[\u00a0\u202f]", "", one).replace(thousands, "").replace(point, ".")
            found |= {float(plain)} if re.fullmatch(r"-?\d+(\.\d+)?", plain) else set()
    return found


@pytest.mark.parametrize("number", FIXED)
def test_no_file_holds_the_digits_of_an_answer(number: str) -> None:
    """In the notebooks of its session; an answer of one or two digits stands in any text."""
    answer = answers.fixed(number)
    if isinstance(answer.right, str):
        return
    right, decimals = float(answer.right), max(0, math.ceil(-math.log10(2 * answer.within)))
    counted = answer.unit == "number" and answer.within < 0.5
    asked = f"{abs(right):.{0 if counted else decimals}f}"
    if len((asked.rstrip("0") if "." in asked else asked).replace(".", "").lstrip("0")) < 3:
        return
    factors = (1, 1000) if answer.unit == "thousand_euro" else (1,)
    for name, text in texts().items():
        if NAMES.get(name) == int(number[0]):
            for one in numbers(text, name[:2]):
                if (number, one) in BY_CHANCE:
                    continue
                told = [close(abs(one), abs(right) * factor, answer.within * factor) for factor in factors]
                assert not any(told), f"{name} tells {number}: {one}; say it in fewer digits"
