"""Holds a file of a finished report against the same file made again: what it says, and what should stand there.

Two files that differ in a single byte differ: where no text, attribute, cell or line can be named, the byte is.
"""

import csv
import io
from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import TypeVar

from kloof.errors import ReportError
from kloof.report import pdfback
from kloof.report.readback import Node, parse

SHOWN = 60  # letters of a text that a fault shows,
BEFORE = 24  # of them before the first that differs
MANY = 4_000_000  # pairs of items that are not compared one by one
GIVES = "results.json gives"
T = TypeVar("T")


def compare(name: str, found: bytes, made: bytes) -> list[str]:
    """List in what a file of a report is not what is made again; nothing when both have the same bytes."""
    if found == made:
        return []
    tell = _KINDS.get(PurePosixPath(name).suffix, _lines)
    try:
        told = [*tell(found, made)]
    except UnicodeDecodeError as problem:
        return [f"is no text: byte {problem.start} is no UTF-8"]
    except ReportError as problem:
        return [str(problem)]
    except RecursionError:
        return ["cannot be read: its elements stand too deep in each other"]
    return told or [_bytewise(found, made)]


def _bytewise(found: bytes, made: bytes) -> str:
    """Say where two files begin to differ."""
    at = next((at for at, pair in enumerate(zip(found, made, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(found), len(made)) if at is None else at
    line = found.count(b"\n", 0, at) + 1
    here, there = (part[max(0, at - BEFORE) : at + BEFORE].decode("utf-8", "replace") for part in (found, made))
    return f"is written otherwise from byte {at} (line {line}) on: “{_spaced(here)}”, {GIVES} “{_spaced(there)}”"


def _spaced(text: str) -> str:
    """Write a text on one line."""
    return " ".join(text.split())


def _both(ours: str, theirs: str) -> tuple[str, str]:
    """Show two texts from shortly before where they differ, cut where they are long."""
    ours, theirs = _spaced(ours), _spaced(theirs)
    same = next((at for at, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
    begin = max(0, (min(len(ours), len(theirs)) if same is None else same) - BEFORE)
    return _cut(ours, begin), _cut(theirs, begin)


def _cut(text: str, begin: int = 0) -> str:
    """Show a text from some letter on, with dots where it goes on."""
    begin = begin if len(text) > SHOWN else 0
    return f"{'…' if begin else ''}{text[begin : begin + SHOWN]}{'…' if len(text) > begin + SHOWN else ''}"


def _says(ours: str, theirs: str) -> str:
    """Say of two texts which one stands there and which one should."""
    here, there = _both(ours, theirs)
    if here == there:
        return f"has other spaces in “{here}”"
    return f"says “{here}”, {GIVES} “{there}”"


def _unequal(
    found: Sequence[T], made: Sequence[T], key: Callable[[T], Hashable]
) -> Iterator[tuple[T | None, T | None]]:
    """Pair what differs in two rows of things, in order; None stands for what is in one of them only."""
    ours, theirs = [key(one) for one in found], [key(one) for one in made]
    begin, end = 0, 0
    shorter = min(len(ours), len(theirs))
    while begin < shorter and ours[begin] == theirs[begin]:
        begin += 1
    while end < shorter - begin and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    first, last = (slice(begin, len(row) - end) for row in (ours, theirs))
    ours, theirs, found, made = ours[first], theirs[last], found[first], made[last]
    if len(ours) * len(theirs) > MANY:
        steps = [("replace", 0, len(ours), 0, len(theirs))]
    else:
        steps = [*SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()]
    for kind, from_ours, to_ours, from_theirs, to_theirs in steps:
        if kind != "equal":
            for pair in zip_longest(range(from_ours, to_ours), range(from_theirs, to_theirs)):
                at, other = pair
                if at is None or other is None or ours[at] != theirs[other]:
                    yield None if at is None else found[at], None if other is None else made[other]


def _lines(found: bytes, made: bytes) -> Iterator[str]:
    """Compare two texts line by line."""
    rows = [[*enumerate(text.decode("utf-8").splitlines(), 1)] for text in (found, made)]
    yield from _told(rows[0], rows[1], "line")


def _told(found: Sequence[tuple[int, str]], made: Sequence[tuple[int, str]], what: str) -> Iterator[str]:
    """Compare texts that have a number: of a line, of a page."""
    for ours, theirs in _unequal(found, made, lambda row: row[1]):
        if ours is None:
            assert theirs is not None
            yield f"{what} {theirs[0]}: lacks “{_cut(_spaced(theirs[1]))}”"
        elif theirs is None:
            yield f"{what} {ours[0]}: has “{_cut(_spaced(ours[1]))}”, which results.json does not give"
        else:
            yield f"{what} {ours[0]}: {_says(ours[1], theirs[1])}"


def _cells(found: bytes, made: bytes) -> Iterator[str]:
    """Compare two tables cell by cell."""
    ours, theirs = ([*enumerate(csv.reader(io.StringIO(text.decode("utf-8"))), 1)] for text in (found, made))
    head = theirs[0][1] if theirs else []
    for one, other in _unequal(ours, theirs, lambda row: tuple(row[1])):
        if one is None or other is None or len(one[1]) != len(other[1]):
            rows = [[(row[0], ", ".join(row[1]))] if row else [] for row in (one, other)]
            yield from _told(rows[0], rows[1], "row")
            continue
        for column, here, there in zip(head, one[1], other[1], strict=False):
            if here != there:
                yield f"row {one[0]}, column {column}: {_says(here, there)}"


def _papers(found: bytes, made: bytes) -> Iterator[str]:
    """Compare two PDFs line by line; where every line is the same, they are drawn otherwise."""
    ours, theirs = (
        [(number, line) for number, page in enumerate(pdfback.texts(paper), 1) for line in page.splitlines()]
        for paper in (found, made)
    )
    told = [*_told(ours, theirs, "page")]
    yield from told or ["is drawn otherwise: its words are those that results.json gives, its bytes are not"]


def _trees(found: bytes, made: bytes) -> Iterator[str]:
    """Compare two pages or pictures element by element."""
    trees = [parse(text.decode("utf-8")) for text in (found, made)]
    keys: dict[int, Hashable] = {}
    for tree in trees:
        for node in reversed([*tree.walk()]):  # what stands in an element before the element itself
            inner = tuple(child if isinstance(child, str) else keys[id(child)] for child in node.children)
            keys[id(node)] = hash((node.tag, tuple(node.attrs.items()), inner))
    yield from _elements(trees[0], trees[1], lambda one: one if isinstance(one, str) else keys[id(one)])


def _elements(ours: Node, theirs: Node, key: Callable[[Node | str], Hashable]) -> Iterator[str]:
    """Compare two elements that stand in the same place: attributes, text, and what stands in them."""
    place = _place(ours)
    for name in dict.fromkeys((*ours.attrs, *theirs.attrs)):
        here, there = ours.attrs.get(name), theirs.attrs.get(name)
        if here is None:
            yield f"{place}: <{ours.tag}> has no {name}, {GIVES} “{_cut(_spaced(there or ''))}”"
        elif there is None:
            yield f"{place}: <{ours.tag}> has {name} “{_cut(_spaced(here))}”, which results.json does not give"
        elif here != there:
            yield f"{place}: {name} of <{ours.tag}> {_says(here, there)}"
    for one, other in _unequal(ours.children, theirs.children, key):
        if isinstance(one, Node) and isinstance(other, Node) and one.tag == other.tag:
            yield from _elements(one, other, key)
        elif isinstance(one, str) and isinstance(other, str):
            yield f"{place}: {_says(one, other)}"
        else:
            if one is not None:
                yield f"{place}: has {_shown(one)}, which results.json does not give"
            if other is not None:
                yield f"{place}: lacks {_shown(other)}"


def _place(node: Node) -> str:
    """Say where an element stands, in a table with the head of its row."""
    row = next((place for place in node.ancestors() if place.tag == "tr"), None)
    head = next((one for one in row.children if isinstance(one, Node)), None) if row else None
    return node.place if head is None else f"{node.place}, row “{_cut(_spaced(head.text()))}”"


def _shown(part: Node | str) -> str:
    """Show a text, or an element with what it says."""
    if isinstance(part, str):
        return f"“{_cut(_spaced(part))}”"
    said = "".join(map(str, part.children)) if part.tag in ("script", "style") else part.text()
    return f"<{part.tag}> “{_cut(_spaced(said))}”"


_KINDS: dict[str, Callable[[bytes, bytes], Iterator[str]]] = {
    ".html": _trees, ".svg": _trees, ".csv": _cells, ".pdf": _papers,
}  # fmt: skip
