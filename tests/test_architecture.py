"""The rules of the house, read from the imports: who may know whom, what may touch files, how large a module is."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import kloof

FOLDER = Path(kloof.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")

RULES = tomllib.loads((Path(__file__).parent / "architecture.toml").read_text(encoding="utf-8"))
COMPUTING, EDGE, OWN, NETWORK, SPEAKS, WRITES_PAGES = (
    set(" ".join(RULES["layer"][name]).split()) for name in ("computing", "edge", "own", "network", "speaks", "pages")
)
HEAVY = {package: set(modules.split()) for package, modules in RULES["heavy"].items()}


def tree(name: str) -> ast.Module:
    """Parse a module."""
    return ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))


def imports(name: str, *, top_only: bool = False) -> set[str]:
    """Names a module imports: `kloof.x` as x, others by their first part."""
    module = tree(name)
    typing_only = {
        id(n)
        for node in module.body
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for n in ast.walk(node)
    }
    nodes = module.body if top_only else list(ast.walk(module))
    found: set[str] = set()
    for node in nodes:
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "kloof":
                found |= {alias.name for alias in node.names}
            else:
                found.add(
                    node.module.removeprefix("kloof.")
                    if node.module.startswith("kloof.")
                    else node.module.split(".")[0]
                )
    return found


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_small(name: str) -> None:
    lines = (FOLDER / f"{name}.py").read_text(encoding="utf-8").count("\n")
    assert lines <= 400, f"{name} has {lines} lines: it holds more than one idea"


@pytest.mark.parametrize("name", sorted(COMPUTING))
def test_computing_knows_nothing_of_files_pages_or_language(name: str) -> None:
    assert not imports(name) & (
        EDGE | {"narrate", "fmt", "requests", "urllib", "pathlib", "os"} - ({"pathlib"} if name == "schema" else set())
    )


@pytest.mark.parametrize("name", sorted(WRITES_PAGES))
def test_pages_do_not_compute(name: str) -> None:
    assert not imports(name) & {
        "indices",
        "formulas",
        "bounds",
        "models",
        "gaps",
        "events",
        "levels",
        "coverage",
        "panel",
        "study",
    }


@pytest.mark.parametrize("name", MODULES)
def test_heavy_packages_are_imported_where_they_are_used(name: str) -> None:
    at_top, anywhere = imports(name, top_only=True), imports(name)
    for package, allowed in HEAVY.items():
        assert package not in at_top, f"{name} imports {package} when it is loaded"
        if package in anywhere:
            assert name in allowed, f"{name} may not use {package}"


@pytest.mark.parametrize("name", [name for name in MODULES if name not in NETWORK])
def test_only_one_module_opens_the_network(name: str) -> None:
    allowed = {"socket"} if name in OWN else set()
    assert not imports(name) & {"requests", "urllib", "urllib3", "http", "socket", "httpx"} - allowed


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_pair_of_sockets_is_no_network(name: str) -> None:
    calls = {
        node.func.attr for node in ast.walk(tree(name)) if isinstance(node, ast.Call) and hasattr(node.func, "attr")
    }
    assert not calls & {"connect", "bind", "listen", "accept", "create_connection", "create_server"}


@pytest.mark.parametrize("name", [name for name in MODULES if name not in SPEAKS])
def test_reports_and_runs_do_not_download(name: str) -> None:
    assert not imports(name) & SPEAKS - {"cli", "cli_data"}


def test_the_rules_name_modules_that_exist() -> None:
    named = COMPUTING | EDGE | NETWORK | SPEAKS | WRITES_PAGES | set().union(*HEAVY.values())
    assert named <= set(MODULES), f"not there: {sorted(named - set(MODULES))}"


def test_no_cycle() -> None:
    waiting = {name: imports(name, top_only=True) & set(MODULES) for name in MODULES}
    while ready := [name for name, needs in waiting.items() if not needs]:
        waiting = {name: needs - set(ready) for name, needs in waiting.items() if name not in ready}
    assert not waiting, f"modules that import each other: {sorted(waiting)}"


def test_public_names_exist_and_are_few() -> None:
    assert len(set(kloof.__all__)) == len(kloof.__all__)
    assert all(hasattr(kloof, name) for name in kloof.__all__)
    assert len(kloof.__all__) <= 30


@pytest.mark.parametrize("name", MODULES)
def test_no_path_of_a_machine_and_no_todo(name: str) -> None:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert not re.search(r"[\"'](/(home|root|Users|work)/|[A-Z]:\\\\)", text)
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)


@pytest.mark.parametrize("name", MODULES)
def test_loading_a_module_does_nothing(name: str) -> None:
    calls = [
        ast.unparse(node.value.func)
        for node in tree(name).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert [call for call in calls if call != "app.add_typer"] == []  # a group of commands, as a decorator adds one


def test_only_tables_of_words_hold_prose(project: Path) -> None:
    packaged = {path.name for path in FOLDER.glob("*.toml")}
    assert packaged == {
        "sentences.toml",
        "words.toml",
        "page.toml",
        "figures.toml",
        "audit.toml",
        "indices.toml",
        "workshop.toml",
        "site.toml",
    }
