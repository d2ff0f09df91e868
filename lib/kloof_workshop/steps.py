"""Walks a session as a first-timer would: which operations an exercise needs, where each was shown, how long it takes.

An operation is shown by a cell tagged `worked`. What an exercise needs is what its solution has beyond its start.
The minutes are counted by the rates below; they are a rule to plan by, not a measurement.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORDS = 120  # a minute: text with numbers in it, in a second language for some
LETTERS = 60  # a minute: code typed by who does not type code
COPY = 0.25  # minutes: to copy a line and fill its blank in
RUN_CELL = 0.15  # minutes: to run a cell and look at what it shows
LOOK = 0.5  # an example: to see what it does
NEW = 0.5  # an operation that was not shown before
FILL, WRITE = 0.5, 1.5  # to think: a line with a blank, a line of one's own
NEED = 0.2  # an operation that an exercise needs
REPLY = 0.5  # to read what a check says, and the solution
GUESS = 0.75  # to guess, and to say why
PLAY, REPORT = 2.0, 2.0  # a slider, and a report that is made
PAIRS = 3.0  # to defend it before a neighbour
TALK = 3.5  # what often goes wrong, and what one may say
MODULES = ("kloof", "lesson", "own")
OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Invert: "~", ast.Not: "not", ast.USub: "-",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "< >", ast.Gt: "< >", ast.LtE: "<= >=", ast.GtE: "<= >=",
}  # fmt: skip

Cells = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Need:
    """What an exercise needs: each operation with the exercise before which it was shown ("" when it never was)."""

    number: str
    fill_in: bool
    shown: Mapping[str, str]

    @property
    def unseen(self) -> tuple[str, ...]:
        """The operations that were not shown before."""
        return tuple(name for name, where in self.shown.items() if not where)


@dataclass(frozen=True)
class Count:
    """The minutes of a session: the story before the first code, examples and exercises, and the talk after."""

    story: float
    work: float
    talk: float = TALK

    @property
    def total(self) -> float:
        """All of it."""
        return self.story + self.work + self.talk


def operations(code: str | ast.AST) -> list[str]:
    """Name the operations in a piece of code, each once, in alphabetical order."""
    tree = ast.parse(code) if isinstance(code, str) else code
    found = set[str]()
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    taken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.add(_called(node.func))
            if _called(node.func) == "help()":  # what it explains is shown
                found |= {_called(one) for one in node.args}
            found |= {f"{word.arg}=" for word in node.keywords}
        elif isinstance(node, ast.Subscript):
            found.add(_taken(node))
        elif isinstance(node, ast.Attribute) and id(node) not in called | taken and not _module(node.value):
            found.add("a.name")
        elif isinstance(node, ast.BinOp | ast.UnaryOp):
            found |= {OPERATORS[type(node.op)]} if type(node.op) in OPERATORS else set()
        elif isinstance(node, ast.Compare):
            found |= {OPERATORS[type(sign)] for sign in node.ops if type(sign) in OPERATORS}
        elif isinstance(node, ast.comprehension):
            found |= {"for"} | ({"if"} if node.ifs else set())
        elif isinstance(node, ast.Dict):
            found.add("{ }")
        elif isinstance(node, ast.Assign):
            found.add("name =")
    return sorted(found)


def _module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in MODULES


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        before = ast.unparse(function.value) if _module(function.value) else ""
        return f"{before}.{function.attr}()"
    return f"{ast.unparse(function)}()"


def _taken(node: ast.Subscript) -> str:
    """Name what is taken with brackets: a column, columns, rows, one place, or by .loc and .iloc."""
    if isinstance(node.value, ast.Attribute) and node.value.attr in ("loc", "iloc"):
        return f".{node.value.attr}[ ]"
    if isinstance(node.slice, ast.List):
        return "[[columns]]"
    if isinstance(node.slice, ast.Constant):
        return '["column"]' if isinstance(node.slice.value, str) else "[place]"
    return "[rows]"


def walk(notebooks: Mapping[int, tuple[Cells, Cells]]) -> list[Need]:
    """List what every exercise needs, and where that was shown; for each session its exercises and its solutions."""
    seen, made = dict[str, str](), list[Need]()
    for number in sorted(notebooks):
        made += _needs(*notebooks[number], seen)
    return made


def _needs(asked: Cells, solved: Cells, seen: dict[str, str]) -> Iterator[Need]:
    waiting = list[str]()
    for before, after in _paired(asked, solved):
        if after["cell_type"] != "code":
            continue
        tags, code = after["metadata"].get("tags", []), _text(after)
        if "worked" in tags:
            waiting += operations(code)
        elif answer := _answer(tags, code):
            for name in waiting:
                seen.setdefault(name, answer)
            waiting.clear()
            needs = sorted({name for part in _own(_text(before), code) for name in operations(part)})
            yield Need(answer, "____" in _text(before), {name: seen.get(name, "") for name in needs})


def _paired(asked: Cells, solved: Cells) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Pair each cell of the solutions with what it starts from: what comes after an answer has no start."""
    starts = {cell["id"]: cell for cell in asked}
    return [(starts.get(cell["id"], cell), cell) for cell in solved]


def _answer(tags: Sequence[str], code: str) -> str:
    """Name the exercise that a cell answers, such as 1.3; empty for any other cell."""
    found = re.search(r"^answer_(\d)_(\d) =", code, flags=re.MULTILINE)
    return f"{found[1]}.{found[2]}" if found and "exercise" in tags else ""


def _own(start: str, code: str) -> list[ast.stmt]:
    """Give the statements of a solution that its start does not have."""
    given = {ast.unparse(one) for one in ast.parse(start).body}
    return [one for one in ast.parse(code).body if ast.unparse(one) not in given]


def count_all(notebooks: Mapping[int, tuple[Cells, Cells]]) -> dict[int, Count]:
    """Count the minutes of every session by the rates above; an operation is new once."""
    seen = set[str]()
    return {number: _count(*notebooks[number], seen) for number in sorted(notebooks)}


def _count(asked: Cells, solved: Cells, seen: set[str]) -> Count:
    story, work, started = 0.0, 0.0, False
    for before, after in _paired(asked, solved):
        tags, text = after["metadata"].get("tags", []), _text(after)
        if after["cell_type"] != "code":
            minutes = 0.0 if "hint" in tags else len(re.findall(r"\w+", text)) / WORDS
            minutes += PAIRS if "pairs" in tags else 0.0
        else:
            minutes, started = RUN_CELL + _minutes(tags, _text(before), text, seen), True
        if started:
            work += minutes
        else:
            story += minutes
    return Count(story, work)


def _minutes(tags: Sequence[str], start: str, code: str, seen: set[str]) -> float:
    """Count the minutes of a cell of code beyond running it; what it shows is seen from then on."""
    if "worked" in tags:
        new = set(operations(code)) - seen
        seen |= new
        return LOOK + NEW * len(new)
    if _answer(tags, code):
        own = _own(start, code)
        needs = {name for one in own for name in operations(one)}
        typed = sum(len(ast.unparse(one)) for one in own) / LETTERS
        minutes = FILL + COPY if "____" in start else WRITE + typed
        return minutes + NEED * len(needs) + (REPORT if "report" in tags else 0.0)
    return {"check": REPLY, "predict": GUESS, "play": PLAY}.get(next(iter(tags), ""), 0.0)


def _text(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])
