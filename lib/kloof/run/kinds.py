"""Knows what kloof's modules and objects have, by the kinds that its functions name, to read a cell without running it.

Of a study, a section or a judged claim it is known what it has, and of a function what it takes; of anything that is
not kloof's own nothing is said.
"""

import ast
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, get_args, get_origin, get_type_hints

import kloof
from kloof.catalogue import catalogue
from kloof.errors import KloofError, nearest, without
from kloof.measures.registry import index_fault
from kloof.methods.gap import ABSOLUTE, PLACE, REAL, RELATIVE
from kloof.questions.all_questions import QUESTIONS, SYNTHESIS
from kloof.schema import LEVELS
from kloof.study import claims
from kloof.study.parameters import HELP, SETTINGS, unknown_names
from kloof.typed import UNIONS, unbound

OURS = "kloof"
DRAWING = ("matplotlib", "seaborn")  # what our own notebooks draw with, left out of a plain install
Fault = tuple[int, str]


@dataclass(frozen=True)
class Kind:
    """What an expression is: a module, class or function itself, or something `made` of a class.

    `bound` tells of a function that its first argument is filled in: it is a method of something made.
    """

    thing: Any
    made: bool = False
    bound: bool = False


@cache
def _valid() -> Mapping[str, tuple[str, ...]]:
    """Give the names that an argument may have, by the name of the argument."""
    known = catalogue()
    return {
        "indicator": tuple(known.indicators), "preferred": (*known.indicators, *known.groups),
        "group": tuple(known.groups), "claim": tuple(claims.registry().claims),
        "question": (*QUESTIONS, SYNTHESIS), "level": tuple(LEVELS.values()),
        "scale": (ABSOLUTE, REAL, RELATIVE, PLACE),
    }  # fmt: skip


@cache
def _homes() -> frozenset[str]:
    """Give the modules of the public functions, whose arguments mean the same everywhere."""
    return frozenset(getattr(getattr(kloof, name), "__module__", "") for name in kloof.__all__)


class Reader:
    """Reads cells in order; what a cell makes is known in those after it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.kinds: dict[str, Kind] = {}

    def faults(self, tree: ast.Module) -> Iterator[Fault]:
        """Find what kloof does not have or take in a cell, with its line."""
        for statement in tree.body:
            hidden = {name: self.kinds.pop(name) for name in _inside(statement) if name in self.kinds}
            for node in ast.walk(statement):
                if isinstance(node, ast.Import | ast.ImportFrom) and not isinstance(statement, ast.Try):
                    yield from ((node.lineno, fault) for fault in self._imported(node))
                elif isinstance(node, ast.Attribute) and (base := self.kind(node.value)) is not None:
                    if fault := _missing(base, node.attr):
                        yield node.lineno, fault
                elif isinstance(node, ast.Call) and (called := self.kind(node.func)) is not None:
                    yield from ((node.lineno, fault) for fault in _miscalled(called, node))
            self.kinds |= hidden
            self._make(statement)

    def kind(self, node: ast.AST) -> Kind | None:
        """Give what an expression is, where that is known."""
        if isinstance(node, ast.Name):
            return self.kinds.get(node.id)
        if isinstance(node, ast.Attribute):
            base = self.kind(node.value)
            return None if base is None or _missing(base, node.attr) else _member(base, node.attr)
        if isinstance(node, ast.Call) and (called := self.kind(node.func)) is not None and not called.made:
            return Kind(called.thing, made=True) if inspect.isclass(called.thing) else _returned(called.thing)
        return None

    def _make(self, statement: ast.stmt) -> None:
        """Learn what a statement makes; what is made in a loop or a branch may be anything."""
        value = getattr(statement, "value", None)
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        simple = isinstance(statement, ast.Assign | ast.AnnAssign) and len(targets) == 1
        found = self.kind(value) if simple and value is not None else None
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
                    self.kinds.pop(node.id, None)
        if found is not None and isinstance(targets[0], ast.Name):
            self.kinds[targets[0].id] = found

    def _imported(self, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        """Find modules and names that there are not, and learn those of kloof."""
        asked = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
        if isinstance(node, ast.ImportFrom) and node.level:
            return
        for name in asked:
            if fault := self._no_module(name):
                yield fault
                return
        for one in node.names:
            if isinstance(node, ast.Import):
                path = one.name if one.asname else one.name.partition(".")[0]
                self._learn(one.asname or path, Kind(sys.modules[path]) if path.split(".")[0] == OURS else None)
            elif asked[0].split(".")[0] == OURS and one.name != "*":
                home = Kind(import_module(asked[0]))
                if fault := _missing(home, one.name):
                    yield fault
                else:
                    self._learn(one.asname or one.name, _member(home, one.name))

    def _learn(self, name: str, kind: Kind | None) -> None:
        """Keep what a name is, or forget what it was."""
        self.kinds.pop(name, None)
        if kind is not None:
            self.kinds[name] = kind

    def _no_module(self, name: str) -> str:
        """Say that there is no such module, and which is nearest; nothing where there is. Only kloof's are loaded."""
        top = name.partition(".")[0]
        if top != OURS:
            beside = any((folder / one).exists() for folder in (self.folder, Path.cwd()) for one in (top, f"{top}.py"))
            if beside or top in sys.modules or find_spec(top) is not None:
                return ""
            if top in DRAWING:
                return without(top)
            near = nearest(top, {*packages_distributions(), *sys.stdlib_module_names})
            return f"there is no module {top!r} here: {near}It must be installed, or stand beside the notebook".strip()
        try:
            import_module(name)
        except ImportError:
            above, _, last = name.rpartition(".")
            fault = self._no_module(above)
            modules = [] if fault else [one.name for one in iter_modules(import_module(above).__path__)]
            return fault or f"there is no module {name}{_near(last, modules)}"
        return ""


def _inside(statement: ast.stmt) -> set[str]:
    """Give the names that stand for something else inside a comprehension, a function or a block of a statement."""
    found = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
    for node in ast.walk(statement):
        if isinstance(node, ast.comprehension):
            found |= {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
        elif hasattr(statement, "body") and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def _near(name: str, among: Any) -> str:
    """Write what is nearest behind a fault."""
    near = nearest(name, [one for one in among if not one.startswith("_")]).strip()
    return f": {near}" if near else ""


def _missing(kind: Kind, name: str) -> str:
    """Say that something of kloof has no such name, and what is nearest; nothing where it has, or is not kloof's."""
    thing = kind.thing
    if inspect.ismodule(thing):
        if hasattr(thing, name) or not thing.__name__.startswith(OURS):
            return ""
        try:
            import_module(f"{thing.__name__}.{name}")
        except ImportError:
            return f"{thing.__name__} has no {name!r}{_near(name, dir(thing))}"
        return ""
    if not inspect.isclass(thing) or not thing.__module__.startswith(OURS) or hasattr(thing, "__getattr__"):
        return ""
    there = {*dir(thing), *(one for home in thing.__mro__ for one in getattr(home, "__annotations__", {}))}
    what = f"a {thing.__name__}" if kind.made else thing.__name__
    return "" if name in there else f"{what} has no {name!r}{_near(name, there)}"


def _member(kind: Kind, name: str) -> Kind | None:
    """Give what a name of something is, where that is known."""
    if inspect.isclass(kind.thing) and kind.made:
        found = inspect.getattr_static(kind.thing, name, None)
        if isinstance(found, property):
            return _returned(found.fget)
        if inspect.isfunction(found):
            return Kind(found, bound=True)
        return _of_hint(_hints(kind.thing).get(name))
    found = getattr(kind.thing, name, None)
    is_plain = inspect.ismodule(found) or inspect.isclass(found) or inspect.isfunction(found)
    return Kind(found) if is_plain else None


def _hints(thing: Any) -> Mapping[str, Any]:
    """Give the kinds that a function or class names; none where one of them is loaded later."""
    try:
        return get_type_hints(thing)
    except (NameError, TypeError):
        return {}


def _returned(function: Any) -> Kind | None:
    """Give what a function makes."""
    return _of_hint(_hints(function).get("return"))


def _of_hint(hint: Any) -> Kind | None:
    """Give the one class that a hint names, None left aside."""
    kinds = [one for one in get_args(hint) if one is not types.NoneType] if get_origin(hint) in UNIONS else [hint]
    return Kind(kinds[0], made=True) if len(kinds) == 1 and inspect.isclass(kinds[0]) else None


def _miscalled(called: Kind, node: ast.Call) -> Iterator[str]:
    """Find arguments that a function of kloof does not take, and names among them that there are not."""
    function = called.thing
    if called.made or not getattr(function, "__module__", "").startswith(OURS):
        return
    if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
        return
    signature = inspect.signature(function)
    given: list[Any] = [None, *node.args] if called.bound else list(node.args)
    named = {str(one.arg): one.value for one in node.keywords}
    try:
        bound = signature.bind(*given, **named)
    except TypeError as problem:
        yield f"{function.__name__}: {unbound(str(problem), signature, named)}"
        return
    if function.__module__ not in _homes():
        return
    for name, value in bound.arguments.items():
        if name == "keywords":
            strange = [one for one in value if one not in (*HELP, SETTINGS)]
            yield from (f"{function.__name__}: unknown parameter {unknown_names([one])}" for one in strange)
        else:
            yield from _unknown_names(function, name, value)


def _unknown_names(function: Callable[..., Any], name: str, value: Any) -> Iterator[str]:
    """Find texts that must be names which there are, and are not."""
    several = value if isinstance(value, tuple) else value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    texts = [one.value for one in several if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    for text in texts:
        if name == "index":
            if fault := index_fault(text):
                yield f"{function.__name__}: {fault}"
        elif text not in (valid := _valid_of(function, name)) and valid:
            yield f"{function.__name__}: {name} {text!r} is not known{_near(text, valid)}"


def _valid_of(function: Callable[..., Any], name: str) -> tuple[str, ...]:
    """Give the names that an argument may have, none where it may have any; a group of a table is its own."""
    if name == "group" and not function.__qualname__.startswith("Study."):
        return ()
    try:
        return _valid().get(name, ())
    except KloofError:  # the catalogue or the claims are wrong, which is told elsewhere
        return ()
