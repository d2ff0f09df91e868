"""The notebook that calls: its variables and its language, and how it writes a number. Only the standard library."""

import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

from kloof_workshop.exercise import DEFAULT_LANGUAGE

LONG = 60  # letters of an answer that are shown again


def calling() -> MutableMapping[str, Any]:
    """Give the variables of the notebook whose cell called the function that asks this."""
    return sys._getframe(2).f_globals


def language_of(names: Mapping[str, Any]) -> str:
    """Give the language of a notebook: its variable `language`."""
    language = names.get("language", DEFAULT_LANGUAGE)
    return language if language in ("nl", "en") else DEFAULT_LANGUAGE


def as_written(value: Any, language: str) -> str:
    """Write a number in four digits, or all that stand before the decimal sign, and a word as it is."""
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        return str(value)[:LONG].replace("|", "\\|")
    number = float(value)
    text = f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"
    return text.replace(".", ",") if language == "nl" else text
