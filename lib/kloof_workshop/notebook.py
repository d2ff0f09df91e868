"""The notebook that calls: its variables, its language, how it writes a number. Only the standard library.

An answer whose cell stopped is taken back: what an earlier run of the cell left behind is no answer. That works where
IPython runs the cells, so also in the browser edition; elsewhere there is nothing to watch.
"""

import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

from kloof_workshop.exercise import DEFAULT_LANGUAGE

LONG = 60  # letters of an answer that are shown again
ANSWERED = re.compile(r"^[ \t]*(answer_\d_\d)[ \t]*(?::[^=\n]*|[-+*/%@&|^]+)?=(?!=)", flags=re.MULTILINE)
REMEMBERED = "_stopped"  # the variable of the notebook that remembers which answers those are, and why


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


def watch() -> None:
    """Look at every cell from now on, once."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and REMEMBERED not in shell.user_ns:
        shell.user_ns[REMEMBERED] = {}
        shell.events.register("post_run_cell", lambda result: take_back(result, shell.user_ns))


def take_back(result: Any, names: dict[str, Any]) -> None:
    """Open the answers of a cell that stopped, and remember why; `result` is what IPython says of the cell."""
    problem = result.error_before_exec or result.error_in_exec
    stopped = names.setdefault(REMEMBERED, {})
    for name in ANSWERED.findall(result.info.raw_cell if result.info else ""):
        stopped.pop(name, None)
        if problem is not None:
            names[name] = ...
            stopped[name] = reason(problem)


def reason(problem: BaseException) -> str:
    """Name why a cell stopped: its error, or the slip of a beginner that it comes from."""
    text = str(problem)
    if isinstance(problem, SyntaxError) and "leading zeros" in text:
        return "decimal_comma"  # 0,05
    if isinstance(problem, NameError) and "'____'" in text:
        return "blank"
    return type(problem).__name__


def why_stopped(variable: str, names: Mapping[str, Any]) -> str:
    """Tell why the cell of an answer stopped; empty when it did not."""
    return str(names.get(REMEMBERED, {}).get(variable, ""))
