"""The worked solution of an exercise, folded, for after its check or on the teacher's word. Only the standard library.

They stand in solutions.json, made from the sources, in the teacher's folder; in the browser edition in the package.
"""

import hashlib
import json
from importlib.resources import files
from typing import Any

from kloof_workshop.exercise import words

FILE = "solutions.json"
CONSONANTS, VOWELS = "bdklmnprst", "aeiou"


def _path() -> Any:
    """Find the solutions: in the package of the browser edition, else in the project."""
    inside = files("kloof_workshop").joinpath(FILE)
    if inside.is_file():
        return inside
    from kloof.paths import project_folder

    return project_folder() / "notebooks" / "workshop-teacher" / FILE


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
