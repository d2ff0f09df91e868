"""What an answer of an exercise is, which kinds of mistake there are, and its worked solution. Standard library only.

Solutions are shown folded, after a right answer or on the teacher's word. They stand in solutions.json, made from the
sources, in the teacher's folder; in the browser edition in the package.
"""

import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

DEFAULT_LANGUAGE = "en"
SOLUTIONS = "solutions.json"
CONSONANTS, VOWELS = "bdklmnprst", "aeiou"

RIGHT, NOT_DONE, STOPPED, OTHER = "right", "not_done", "stopped", "other"


@dataclass(frozen=True)
class Answer:
    """What is right for one exercise, and what typical mistakes come to.

    `right` is a number in `unit`, or a word. `within` is the tolerance: a number counts as equal when it is at most
    this far off (half of the last digit that the exercise asks for). `wrong` pairs a kind of mistake with the answer it
    leads to; the first that fits is told. `choices` are the words one can choose from (none: any word). `judge` is for
    an answer that is no number or word: it gives the kind of mistake, or `RIGHT`.
    """

    right: float | str = 0.0
    wrong: tuple[tuple[str, float | str], ...] = ()
    within: float = 0.0
    unit: str = "number"
    choices: tuple[str, ...] = ()
    judge: Callable[[Any], str] | None = None


@cache
def words() -> dict[str, Any]:
    """Read workshop.toml: every message in Dutch and English side by side."""
    return tomllib.loads(files("kloof_workshop").joinpath("workshop.toml").read_text(encoding="utf-8"))


def _path() -> Any:
    """Find the solutions: in the package of the browser edition, else in the project."""
    inside = files("kloof_workshop").joinpath(SOLUTIONS)
    if inside.is_file():
        return inside
    from kloof.paths import project_folder

    return project_folder() / "notebooks" / "workshop-teacher" / SOLUTIONS


def unfolding(number: str, language: str) -> str:
    """Write the solution of an exercise so that it opens with a click.

    Empty where there are no solutions: a participant's machine may lack the teacher's folder.
    """
    path = _path()
    if not path.is_file():
        return ""
    code = json.loads(path.read_text(encoding="utf-8"))[language][number]
    title = words()["solution"]["title"][language]
    return f"<details><summary>{title}</summary>\n\n```python\n{code}\n```\n\n</details>"


def word_of(number: str) -> str:
    """Give the word with which the teacher opens the solution of an exercise: three syllables to say aloud."""
    digest = hashlib.sha256(f"the teacher's word for {number}".encode()).digest()
    return "".join(CONSONANTS[one % 10] + VOWELS[one // 10 % 5] for one in digest[:3])


def opens(number: str, word: str) -> bool:
    """Tell whether a word is that of an exercise."""
    return word.strip().casefold() == word_of(number)
