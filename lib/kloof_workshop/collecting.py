"""Gathers what participants handed in: one row for each participant and exercise.

The files come from other people's machines, so whatever is not in their format is refused by name and left out.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from kloof.errors import ParameterError
from kloof.paths import csv_of, no_formula
from kloof_workshop.exercise import OTHER, RIGHT, words
from kloof_workshop.record import FORMAT, HANDED_IN, LONGEST_NAME

LARGEST = 1_000_000  # bytes: an afternoon is a few thousand
NUMBER = re.compile(r"\d\.\d")


@dataclass(frozen=True)
class Row:
    """How one participant did one exercise: `right` after the last try, how many tries, and the mistakes on the way."""

    participant: str
    name: str
    exercise: str
    right: bool
    tries: int
    mistakes: str


def collect(places: Iterable[Path]) -> tuple[list[Row], list[str]]:
    """Read all handed-in files in folders (and below), or the files themselves.

    Returns the rows, sorted, and what was left out and why. Raises ParameterError for a place that does not exist.
    A participant who handed in twice counts once: of each start of Python the longest series of tries is taken.
    """
    paths, lacking = list[Path](), list[str]()
    for place in places:
        if not place.exists():
            lacking.append(str(place))
        paths += sorted(place.rglob("my_work_*.json")) if place.is_dir() else [place]
    if lacking:
        raise ParameterError(f"not found: {', '.join(lacking)}. Give the folders in which the handed-in files are.")
    named, found, left_out = dict[str, str](), dict[str, dict[tuple[str, str], list[list[str]]]](), list[str]()
    for path in dict.fromkeys(path.resolve() for path in paths):
        try:
            work = _read(path)
        except (ValueError, OSError) as problem:
            left_out.append(f"{path.name}: {problem}")
            continue
        who = work["participant"]
        named[who] = work["name"] or named.get(who, "")
        runs = found.setdefault(who, {})
        for session, starts in work["sessions"].items():
            for start, tries in starts.items():
                runs[session, start] = max(runs.get((session, start), []), tries, key=len)
    rows = [row for who, runs in found.items() for row in _rows(who, named[who], runs.values())]
    return sorted(rows, key=lambda row: (row.name.casefold(), row.participant, row.exercise)), left_out


def _read(path: Path) -> dict[str, Any]:
    """Read one file. Raises ValueError with what is wrong in it."""
    once = re.sub(r"[ _]?\(\d+\)(?=\.json$)", "", path.name)  # a browser numbers what it downloads again
    if not HANDED_IN.fullmatch(once):
        raise ValueError("its name is not my_work_… as hand_in writes it")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST:,} bytes")
    try:
        work = json.loads(path.read_bytes())
    except UnicodeDecodeError:
        raise ValueError("not text") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"not JSON (line {problem.lineno}: {problem.msg})") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(work, dict) or work.get("format") != FORMAT:
        raise ValueError(f"not of format {FORMAT} of `hand_in`")
    who, name, sessions = (work.get(key) for key in ("participant", "name", "sessions"))
    if not (isinstance(who, str) and re.fullmatch("[0-9a-f]{6}", who) and isinstance(name, str)):
        raise ValueError("participant or name is not what `hand_in` writes")
    kinds = {RIGHT, OTHER, *words()["kind"]}
    starts = list(sessions.values()) if isinstance(sessions, dict) else [None]
    runs = [run for one in starts for run in (one.values() if isinstance(one, dict) else [None])]
    for run in runs:
        if not isinstance(run, list) or not all(_is_try(one, kinds) for one in run):
            raise ValueError("a try in it is not an exercise and a kind of mistake")
    return {"participant": who, "name": _plain(name), "sessions": sessions}


def _is_try(one: Any, kinds: set[str]) -> bool:
    return (
        isinstance(one, list)
        and len(one) == 2
        and all(isinstance(part, str) for part in one)
        and NUMBER.fullmatch(one[0]) is not None
        and one[1] in kinds
    )


def _plain(name: str) -> str:
    """Write a name on one line, so that no spreadsheet calculates with it."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())[:LONGEST_NAME]
    return str(no_formula(text))


def _rows(who: str, name: str, runs: Iterable[Sequence[Sequence[str]]]) -> list[Row]:
    by_exercise = dict[str, list[str]]()
    for run in runs:
        for number, kind in run:
            by_exercise.setdefault(number, []).append(kind)
    return [
        Row(
            who, name, number, kinds[-1] == RIGHT, len(kinds),
            "; ".join(dict.fromkeys(kind for kind in kinds if kind != RIGHT)),
        )
        for number, kinds in by_exercise.items()
    ]  # fmt: skip


def as_csv(rows: Iterable[Row]) -> str:
    """Write the rows as CSV; right is yes or no."""
    cells = ({**asdict(row), "right": "yes" if row.right else "no"}.values() for row in rows)
    return csv_of((field.name for field in fields(Row)), cells)
