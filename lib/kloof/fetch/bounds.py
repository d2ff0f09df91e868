"""What of a server is not to be taken: nothing is guessed, and what has no end is ended.

One table may cost so many bytes, questions and seconds at most (`Bounds`, `Spent`). Of JSON nothing is read that would
not fit in memory, and nothing is kept that is no row, no cell or no title.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from threading import Lock
from time import monotonic
from typing import Any

from kloof.errors import FetchError
from kloof.fetch.table import Row

MEGA = 1_000_000
NOTHING = "Nothing of it was stored. Try again later; if it stays so, see: kloof data doctor."
LONGEST_TEXT = 1_000  # characters of a key, a title or a name; the longest of CBS have some hundred
LONGEST_CELL = 10_000  # characters of a cell that is no border
_SHORT = 60
_ONE = Lock()  # side by side two tables would need the memory of both
BEYOND = 1 << 63  # where whole numbers end
# bytes in memory, as measured: for each sign (a value, half the head of a text, a list, an object, its name), for a
# name in an object that has more of them than any row, and for every character when one of them needs so many
WEIGHTS = {b",": 40, b'"': 10, b"[": 64, b"{": 100, b":": 20}
NAMES, EXTRA = 500, 150
WIDE = ((re.compile(rb"[\xf0-\xff]"), 4), (re.compile(rb"[\xc4-\xef]"), 2))


class UnfitError(FetchError):
    """What the server gives is not to be taken, now or at the next try: nothing of the table is kept."""


def unfit(what: str, why: str) -> UnfitError:
    """Make the error that says why something of the table or page `what` is not to be taken."""
    return UnfitError(f"{what}: {why}. {NOTHING}")


@dataclass(frozen=True)
class Bounds:
    """The most that one table may cost; none that is known comes near.

    The longest page that is known, 10,000 rows with all key figures, has 40 MB and takes 200 MB of memory; the longest
    table, the same figures of the whole country with a row for each, has about 300 MB in some twenty pages.

    Of one answer: `answer` bytes, as sent and as unpacked, `memory` bytes once its JSON is read, `file` bytes where
    it is a file that is taken as it is. Of one table: `table` bytes unpacked, `questions` (pages, lists, second tries
    and redirections together), `seconds`. `idle` is how many seconds the next whole answer may take, with all tries
    and waits; `redirects` of one question, `empty` pages without rows one after another, and `lists` pages of the names
    of one dimension.
    """

    answer: int = 64 * MEGA
    memory: int = 280 * MEGA
    file: int = 256 * MEGA
    table: int = 1_000 * MEGA
    questions: int = 1_500
    seconds: float = 3_600.0
    idle: float = 110.0
    redirects: int = 5
    empty: int = 3
    lists: int = 50


@dataclass
class Spent:
    """What one table has cost so far, held against the bounds."""

    bounds: Bounds
    begin: float = field(default_factory=monotonic)
    questions: int = 0
    bytes: int = 0

    def until(self, what: str) -> float:
        """Give the moment at which the next answer must be whole. Raises FetchError when the table took too long."""
        now, end = monotonic(), self.begin + self.bounds.seconds
        if now >= end:
            raise FetchError(
                f"{what}: this table took more than {self.bounds.seconds:,.0f} seconds. What is finished is kept: run "
                f"the same command again, from a faster network or for one municipality at a time."
            )
        return min(now + self.bounds.idle, end)

    def ask(self, what: str) -> None:
        """Count one question. Raises UnfitError for one too many."""
        if self.questions >= self.bounds.questions:
            after = f"after {self.questions:,} questions this table still does not end"
            raise unfit(what, f"{after}, and no table is that long")
        self.questions += 1

    def hold(self, what: str, size: int, most: int) -> None:
        """Hold the bytes of an answer so far against the bounds. Raises UnfitError when they are more."""
        if size > most:
            raise unfit(what, f"the answer is longer than {most:,} bytes and still does not end")
        if self.bytes + size > self.bounds.table:
            raise UnfitError(
                f"{what}: this table is longer than {self.bounds.table:,} bytes and still does not end. {NOTHING} If "
                f"it is right, take one municipality at a time, or bring its file with: kloof data add."
            )


def parsed(body: bytes, what: str, memory: int) -> Any:
    """Read JSON (RFC 8259) that may take so many bytes of memory.

    Raises ValueError when it breaks off or is damaged, UnfitError, naming `what`, when it is whole and not to be taken.
    """
    if (weight := _weight(body)) > memory:
        needed = f"its JSON would take about {weight:,} bytes of memory"
        raise unfit(what, f"{needed}, more than the {memory:,} that any known table needs")
    try:
        with _ONE:
            text = body.decode("utf-8-sig")
            found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
            if "\\ud" in text or "\\uD" in text:
                json.dumps(found, ensure_ascii=False).encode()
            return found
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise
    except RecursionError:
        why = "it is nested too deeply"
    except _OddError as problem:
        why = str(problem)
    except UnicodeEncodeError:
        why = "a text holds half a character"
    except ValueError:  # the only other one: Python reads no whole number of more than 4,300 digits
        why = "a number has thousands of digits"
    raise unfit(what, f"its JSON cannot be taken: {why}")


class _OddError(ValueError):
    """JSON that can be read in two ways, or that is none."""


def _weight(body: bytes) -> int:
    """Estimate how many bytes a JSON text, its characters twice, and what is read from it take."""
    wide = 1 if body.isascii() else next((width for signs, width in WIDE if signs.search(body)), 1)
    times = {sign: body.count(sign) for sign in WEIGHTS}
    extra = EXTRA * max(0, times[b":"] - NAMES * times[b"{"])
    return 2 * wide * len(body) + extra + sum(each * times[sign] for sign, each in WEIGHTS.items())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs, of which none may have the name of another."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise _OddError(f"{shown(twice)!r} stands twice in one object")
    return found


def _no_number(text: str) -> Any:
    """Refuse what Python reads as a number and JSON does not know."""
    raise _OddError(f"{text} is no number")


def objects(found: object, what: str) -> list[Row]:
    """See that a list holds objects only, such as rows are. Raises UnfitError, naming the first that is none."""
    if not isinstance(found, list):
        raise unfit(what, f"where a list of rows should be is {_kind(found)}")
    odd = next((number for number, row in enumerate(found, 1) if not isinstance(row, dict)), None)
    if odd is not None:
        raise unfit(what, f"row {odd:,} is no row but {_kind(found[odd - 1])}")
    return found


def one(found: object, what: str) -> Row:
    """See that something is one object. Raises UnfitError when it is not."""
    if not isinstance(found, dict):
        raise unfit(what, f"where an object should be is {_kind(found)}")
    return found


def text(row: Mapping[str, Any], name: str, what: str, *, needed: bool = False) -> str:
    """Give a cell as a text; null is an empty one.

    Raises UnfitError when it is no text or number, longer than any title, or needed and not there.
    """
    cell = row.get(name)
    if (cell is None and not needed) or (isinstance(cell, str | int) and not isinstance(cell, bool)):
        found = "" if cell is None else str(cell)
        if len(found) <= LONGEST_TEXT and not (needed and not found.strip()):
            return found
    why = f"has {len(cell):,} characters" if isinstance(cell, str) and cell else f"is {_kind(cell)}"
    raise unfit(what, f"{name} {why}, where a short text should be")


def cells(rows: Sequence[Row], what: str, border: str) -> None:
    """See that every cell can be kept: a text, a number, true, false or null; in column `border` a text of any length.

    Raises UnfitError for the first other, and for a column without a name or with one without end.
    """
    if odd := [name for name in (rows[0] if rows else ()) if not 0 < len(name.strip()) <= LONGEST_TEXT]:
        raise unfit(what, f"a column is named {shown(odd[0])!r}")
    for number, row in enumerate(rows, 1):
        for name, cell in row.items():
            if not _can_be_kept(cell) and not (name == border and isinstance(cell, str)):
                raise unfit(what, f"column {shown(name)!r} of row {number:,} is {_kind(cell)}, which is no cell")


def _can_be_kept(cell: object) -> bool:
    """Whether a cell fits in a table."""
    if isinstance(cell, str):
        return len(cell) <= LONGEST_CELL
    if isinstance(cell, int):
        return -BEYOND <= cell < BEYOND
    return cell is None or (isinstance(cell, float) and isfinite(cell))


def _kind(value: object) -> str:
    """Name what something is, without its contents, which may be endless."""
    if isinstance(value, str):
        return f"a text of {len(value):,} characters" if len(value) > _SHORT else f"the text {shown(value)!r}"
    if isinstance(value, bool) or value is None:
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return "a number" if isfinite(value) and abs(value) < BEYOND else "a number beyond all bounds"
    return "a list" if isinstance(value, list) else "an object"


def shown(value: str, most: int = 120) -> str:
    """Show something strange on one line, without the signs that move the cursor of a terminal."""
    line = " ".join(value[: 4 * most].split())
    line = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return line[:most] + ("…" if len(line) > most else "")
