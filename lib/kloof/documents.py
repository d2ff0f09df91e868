"""Reads the TOML and JSON files of a project; what is wrong with one is said with its name, whatever it is.

What one must hold is described by an example of it (`misfits`): `(str,)` is a text and `(int, float)` a number,
`[(str,)]` is a list of texts, `[]` of whatever, `{"a": …, "b?": …, ANY: …}` a table with a, perhaps b, and others.
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kloof.ceilings import TEXT, WRITTEN, is_there, too_much
from kloof.errors import KloofError, SourceError, faults

KEPT = 64
ANY = "*"
MOST_TOLD = 5  # faults of one file that are told
DEEPEST = 32  # levels of lists and tables in one another; what kloof reads and writes has eight


@lru_cache(maxsize=KEPT)
def parsed(text: str) -> Mapping[str, Any]:
    """Parse TOML; who asks for the same text gets the same content and must not change it.

    Raises tomllib.TOMLDecodeError.
    """
    return tomllib.loads(text)


def read_toml(path: Path, error: type[KloofError], name: str = "", wanted: Any = None) -> dict[str, Any]:
    """Read a TOML file; the tables in it are shared with who reads the same, and are not to be changed.

    Raises `error`, naming the file as `name` or by its own, when it is no UTF-8, no TOML, nested too deep, or not as
    `wanted` describes it.
    """
    content: Mapping[str, Any] = _read(path, error, name or path.name, "TOML", parsed)
    if found := list(misfits(content, wanted or {})):
        raise error(faults(name or path.name, found[:MOST_TOLD], "Correct the file."))
    return dict(content)


def read_json(path: Path, error: type[KloofError], name: str = "") -> Any:
    """Read a JSON file. Raises `error` as `read_toml` does."""
    return _read(path, error, name or path.name, "JSON", json.loads)


def _read(path: Path, error: type[KloofError], name: str, kind: str, parse: Callable[[str], Any]) -> Any:
    """Read a file of a kind."""
    deep = f"{name} is nested deeper than {DEEPEST} levels, which nothing that kloof reads is."
    try:
        most = WRITTEN if kind == "TOML" else TEXT
        if is_there(path) and (size := path.stat().st_size) > most:
            raise too_much(path.name, f"has {size:,} bytes", most, "bytes", "Is it what it is called?")
        content = parse(path.read_text(encoding="utf-8-sig"))
    except SourceError as problem:
        raise error(str(problem)) from None
    except UnicodeDecodeError as problem:
        wrong = f"{problem.reason} at byte {problem.start + 1}"
        raise error(f"{name} is not text in UTF-8 ({wrong}). Save it as UTF-8.") from None
    except ValueError as problem:  # a number of thousands of digits too
        raise error(f"{name} is not valid {kind}: {problem}.") from None
    except RecursionError:
        raise error(deep) from None
    if _is_deep(content):
        raise error(deep)
    return content


def _is_deep(content: Any) -> bool:
    """Tell whether lists and tables lie too deep in one another, without going down into each."""
    level, depth = [content], 0
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        if depth > DEEPEST:
            return True
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return False


_WORDS = {
    str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list", dict: "a table",
    type(None): "nothing",
}  # fmt: skip


def misfits(value: Any, wanted: Any, place: str = "") -> Iterator[str]:
    """Say of every part that is not as described where it stands, what it is and what it should be."""
    if isinstance(wanted, tuple):
        if type(value) not in wanted:
            yield f"{place} is {_word(type(value))}, not {' or '.join(dict.fromkeys(map(_word, wanted)))}"
    elif type(value) is not type(wanted):
        yield f"{place or 'the whole'} is {_word(type(value))}, not {_word(type(wanted))}"
    elif isinstance(wanted, list):
        for at, one in enumerate(value if wanted else ()):
            yield from misfits(one, wanted[0], f"{place}/{at}")
    else:
        if lacks := [name for name in wanted if name != ANY and not name.endswith("?") and name not in value]:
            yield f"{place or 'it'} lacks {', '.join(lacks)}"
        for name, one in value.items():
            if (how := wanted.get(name, wanted.get(f"{name}?", wanted.get(ANY)))) is not None:
                yield from misfits(one, how, f"{place}/{name}")


def _word(kind: type) -> str:
    return _WORDS.get(kind, f"a {kind.__name__}")
