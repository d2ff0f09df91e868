"""The structure of the library, read from its source: rooms, modules, who imports whom, and what nothing reaches."""

import ast
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LIB = PROJECT / "lib"
RULES = tomllib.loads((PROJECT / "tests" / "architecture.toml").read_text(encoding="utf-8"))
ROOMS: tuple[str, ...] = tuple(RULES["rooms"]["order"])
TOOLS: tuple[str, ...] = tuple(RULES["rooms"]["tools"])

Name = tuple[str, str]  # module, and a name at its top level


@dataclass(frozen=True)
class Module:
    """One file of the library by its dotted name; the `__init__` of a package by the name of the package."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """The source."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The source parsed."""
        return ast.parse(self.text)

    @property
    def is_package(self) -> bool:
        """Is this the face of a package."""
        return self.path.name == "__init__.py"

    @property
    def room(self) -> str:
        """The package the module stands in."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @cached_property
    def defined(self) -> dict[str, ast.stmt]:
        """Names defined at the top level, each with its statement."""
        return {name: node for node in self.tree.body for name in _names(node)}

    @cached_property
    def imported(self) -> dict[str, Name]:
        """What each imported name stands for, lazy imports too."""
        return imported(self.tree)


def _names(node: ast.stmt) -> Iterator[str]:
    """Name what a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


@cache
def modules() -> dict[str, Module]:
    """Find every module below lib by its dotted name."""
    found = {}
    for path in sorted(LIB.rglob("*.py")):
        parts = path.relative_to(LIB).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path)
    return found


def imported(tree: ast.AST) -> dict[str, Name]:
    """Say what each imported name stands for: (module, name), or (module, "") for a whole module."""
    found: dict[str, Name] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found[alias.asname or alias.name] = (whole, "") if whole in modules() else (node.module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name] = (alias.name, "")
    return found


def imports(module: Module) -> set[str]:
    """Name what a module imports anywhere in it, also lazily or for types: modules of ours, others by package."""
    places = {place for place, _ in module.imported.values()}
    return {place if place in modules() else place.split(".")[0] for place in places} - {module.name}


def imports_when_loaded(module: Module) -> set[str]:
    """Name the packages that loading a module imports by itself."""
    tops = [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {place.split(".")[0] for node in tops for place, _ in imported(ast.Module([node], [])).values()}


def circles() -> list[str]:
    """Name the modules that cannot be put in an order in which each imports only those before it."""
    waiting = {name: (imports(module) & set(modules())) - {"kloof"} for name, module in modules().items()}
    while ready := {name for name, needs in waiting.items() if not needs & set(waiting)}:
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}
    return sorted(waiting)


def callers() -> dict[str, ast.Module]:
    """Give the code outside the library that may call it, tests and benchmarks not: notebooks, lessons, a template."""
    home, found = PROJECT / "notebooks", {}
    lessons = (home / "workshop-teacher" / "source").glob("*.py")
    for path in sorted([*home.rglob("*.ipynb"), *LIB.rglob("*.ipynb"), *lessons]):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        found[str(path.relative_to(PROJECT))] = ast.parse(text)
    return found


class Reach:
    """What is reached, and every attribute that is asked for on the way, from code that runs or may be called.

    Followed from notebooks, lessons, the public names, the entry points of pyproject.toml and what modules do when they
    are loaded (a command registers itself so). A text that is the name of something counts as a use of it, since
    functions are also found by name; a method counts as used when anything reached asks for an attribute of its name.
    """

    def __init__(self) -> None:
        self.names: set[Name] = set()
        self.attributes: set[str] = set()
        self._called: dict[str, set[Name]] = defaultdict(set)
        for module in modules().values():
            for name in module.defined:
                self._called[name].add((module.name, name))
        for page in LIB.rglob("templates/*"):  # a page asks for fields and methods by name
            self.attributes |= set(re.findall(r"\w+", page.read_text(encoding="utf-8")))
        waiting = list(self._roots())
        while waiting:
            here = waiting.pop()
            if here in self.names:
                continue
            self.names.add(here)
            module = modules()[here[0]]
            waiting += self._uses(module.defined[here[1]], module.imported, module)

    def _roots(self) -> Iterator[Name]:
        for tree in callers().values():
            yield from self._uses(tree, imported(tree), None)
        for module in modules().values():
            for node in module.tree.body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    continue  # what is only imported is not used
                called = any(name.startswith("__") for name in _names(node))  # by Python itself
                if called or not list(_names(node)) or _registers(node):
                    yield from self._uses(node, module.imported, module)
                    yield from ((module.name, name) for name in _names(node))
        for place in modules()["kloof"].imported.values():
            yield from self._found(*place)
        for entry in RULES["rooms"]["entries"]:
            yield from self._found(*entry.split(":"))

    def _found(self, place: str, name: str) -> Iterator[Name]:
        """Follow a name to where it is defined."""
        module = modules().get(place)
        if module is None:
            return
        if name in module.defined:
            yield place, name
        elif name in module.imported:
            yield from self._found(*module.imported[name])

    def _uses(self, tree: ast.AST, names: dict[str, Name], module: Module | None) -> Iterator[Name]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in names:
                yield from self._found(*names[node.id])
            elif isinstance(node, ast.Name) and module is not None and node.id in module.defined:
                yield module.name, node.id
            elif isinstance(node, ast.Attribute):
                self.attributes.add(node.attr)
                if isinstance(node.value, ast.Name) and node.value.id in names:
                    yield from self._found(names[node.value.id][0], node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.attributes.add(node.value)
                yield from self._called.get(node.value, ())
                if node.value.startswith("from kloof"):  # code that is run elsewhere
                    code = ast.parse(node.value)
                    yield from self._uses(code, imported(code), None)


def _registers(node: ast.stmt) -> bool:
    """Does a decorator hand the function to somebody who calls it: a command line, another library, the claim runner.

    That a claim asks for each kind that the runner is given is tested where the runner is.
    """
    decorators = [ast.unparse(one) for one in getattr(node, "decorator_list", ())]
    return any("command" in one or "callback" in one or one.startswith(("kind(", "of_lists(")) for one in decorators)


def _is_called_from_outside(node: ast.ClassDef, module: Module) -> bool:
    """Does a class fill in methods of a class of another library, which calls them; or is it handed to one."""
    if f"{module.name}:{node.name}" in RULES["rooms"]["entries"]:
        return True
    names = {ast.unparse(base).split("[")[0].split(".")[0] for base in node.bases}
    return any(module.imported.get(name, ("kloof", ""))[0].split(".")[0] not in {"kloof", *TOOLS} for name in names)


def unreached() -> list[str]:
    """List names and methods that nothing but a test reaches, with their lines."""
    reach = Reach()
    found = []
    for module in modules().values():
        for name, node in module.defined.items():
            where = f"{module.name}:{node.lineno} {name} ({node.end_lineno - node.lineno + 1} lines)"
            if name.startswith("__"):
                continue
            if (module.name, name) not in reach.names:
                found.append(where)
            elif isinstance(node, ast.ClassDef) and not _is_called_from_outside(node, module):
                found += [
                    f"{module.name}:{method.lineno} {name}.{method.name}"
                    for method in node.body
                    if isinstance(method, ast.FunctionDef)
                    and not method.name.startswith(("__", "_repr_", "_render_"))
                    and method.name not in reach.attributes
                ]
    return found


def homes(names: Iterable[Module]) -> dict[str, list[str]]:
    """Say where each public name is defined, for modules of one package."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in names:
        for name in module.defined:
            if not name.startswith("_"):
                found[name].append(module.name)
    return found
