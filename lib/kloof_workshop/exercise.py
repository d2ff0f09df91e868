"""What an answer of an exercise is, and which kinds of mistake there are."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

DEFAULT_LANGUAGE = "en"

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
