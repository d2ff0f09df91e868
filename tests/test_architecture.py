"""The rules of the house, read from the imports: the order of rooms, what each may use, that nothing is dead."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import structure
from structure import LIB, PROJECT, ROOMS, RULES, TOOLS, Module, modules

import kloof
from kloof.run.warm import FIRST

MODULES = modules()
MOST_FILES, MOST_LINES = 28, 600
HEAVY = {package: set(names.split()) for package, names in RULES["heavy"].items()}
COMPUTING, PAGES = (tuple(RULES["rooms"][name]) for name in ("computing", "pages"))
NETWORK, SPEAKS, OWN = (set(RULES["edge"][name].split()) for name in ("network", "speaks", "own"))
FACES = [module for module in MODULES.values() if module.is_package]


def each(names: object = None) -> pytest.MarkDecorator:
    """Run a test on every module, or on some."""
    chosen = list(MODULES.values()) if names is None else [MODULES[name] for name in sorted(names)]  # type: ignore[call-overload]
    return pytest.mark.parametrize("module", chosen, ids=[module.name for module in chosen])


def ours(module: Module) -> set[Module]:
    """Give the modules of ours that a module imports; the public names are a way in for notebooks only."""
    return {MODULES[name] for name in structure.imports(module) if name in MODULES}


def allowed(room: str) -> set[str]:
    """Give the rooms that a room may import from: those before it, and itself; a tool: all of kloof, and itself."""
    return {*ROOMS, room} if room in TOOLS else set(ROOMS[: ROOMS.index(room) + 1])


@each([name for name in MODULES if name != "kloof"])
def test_imports_run_one_way(module: Module) -> None:
    against = {one.name for one in ours(module) if one.room not in allowed(module.room)}
    assert not against, f"{module.name} may not import {sorted(against)}: see the order in tests/architecture.toml"


def test_every_module_stands_in_a_room() -> None:
    assert {module.room for module in MODULES.values()} == {*ROOMS, *TOOLS}


def test_no_circle() -> None:
    assert structure.circles() == []


@pytest.mark.parametrize("folder", [LIB, PROJECT / "tests"], ids=["lib", "tests"])
def test_a_folder_can_be_read_at_a_glance(folder: Path) -> None:
    counts = {
        path: len([one for one in path.iterdir() if one.is_file()]) for path in folder.rglob("*") if path.is_dir()
    }
    counts = {path: count for path, count in counts.items() if "__pycache__" not in path.parts}
    full = {str(path.relative_to(PROJECT)): count for path, count in counts.items() if count > MOST_FILES}
    assert not full, f"more than {MOST_FILES} files: {full}"


@each()
def test_a_module_has_one_idea(module: Module) -> None:
    lines = module.text.count("\n")
    assert lines <= MOST_LINES, f"{module.name} has {lines} lines: it holds more than one idea"


@pytest.mark.parametrize("room", [*ROOMS, *TOOLS])
def test_a_public_name_has_one_home(room: str) -> None:
    found = structure.homes(module for module in MODULES.values() if module.room == room)
    double = {name: places for name, places in found.items() if len(places) > 1}
    assert not double, f"{room}: {double}"


def test_nothing_is_kept_alive_by_a_test() -> None:
    assert structure.unreached() == []


@pytest.mark.parametrize("face", FACES, ids=[face.name for face in FACES])
def test_a_package_says_its_idea_and_what_others_may_use(face: Module) -> None:
    said = ast.get_docstring(face.tree) or ""
    assert said.split("\n")[0].endswith("."), "the first line is its idea, a sentence"
    if face.name in ("kloof", ROOMS[-1], *TOOLS):
        return
    match = re.search(r"Others may use: ([a-z_0-9, \n]+)\.", said)
    assert match, f"{face.name} does not say what others may use"
    listed = set(re.split(r",\s+", match[1]))
    used = {
        one.name.rpartition(".")[2]
        for module in MODULES.values()
        if module.room != face.name
        for one in ours(module)
        if one.room == face.name
    }
    assert listed == used


@each([name for name, module in MODULES.items() if module.room in COMPUTING])
def test_computing_knows_nothing_of_files_or_pages(module: Module) -> None:
    assert not structure.imports(module) & {"requests", "urllib", "pathlib", "os", "subprocess", "jinja2"}


@each([name for name, module in MODULES.items() if module.room in PAGES])
def test_pages_do_not_compute(module: Module) -> None:
    rooms = {one.room for one in ours(module)}
    assert not rooms & set(RULES["rooms"]["not_for_pages"])


@each()
def test_heavy_packages_are_imported_where_they_are_used(module: Module) -> None:
    at_once, anywhere = structure.imports_when_loaded(module), structure.imports(module)
    for package, users in HEAVY.items():
        assert package not in at_once, f"{module.name} imports {package} when it is loaded"
        if package in anywhere:
            assert module.name in users, f"{module.name} may not use {package}"


@each([name for name in MODULES if name not in NETWORK])
def test_only_one_module_opens_the_network(module: Module) -> None:
    own = {"socket"} if module.name in OWN else set()
    assert not structure.imports(module) & {"requests", "urllib", "urllib3", "http", "socket", "httpx"} - own


@each(OWN)
def test_a_pair_of_sockets_is_no_network(module: Module) -> None:
    calls = {
        node.func.attr for node in ast.walk(module.tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")
    }
    assert not calls & {"connect", "bind", "listen", "accept", "create_connection", "create_server"}


@each([name for name in MODULES if name not in SPEAKS])
def test_reports_and_runs_do_not_download(module: Module) -> None:
    assert not structure.imports(module) & SPEAKS - {"kloof.cli.main", "kloof.cli.data"}


def test_the_rules_name_modules_that_exist() -> None:
    named = NETWORK | SPEAKS | OWN | set().union(*HEAVY.values())
    assert named <= set(MODULES), f"not there: {sorted(named - set(MODULES))}"


def test_the_entry_points_are_those_of_the_project() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["scripts"], *project["entry-points"].values()]
    assert {entry for group in groups for entry in group.values()} == set(RULES["rooms"]["entries"])


def test_public_names_exist_and_are_few() -> None:
    assert len(set(kloof.__all__)) == len(kloof.__all__)
    assert all(getattr(kloof, name).__module__.startswith("kloof.") for name in kloof.__all__ if name != "INDICES")
    typed = {name: place for name, (place, _) in MODULES["kloof"].imported.items() if place in MODULES}
    assert {name: f"kloof.{home}" for name, home in kloof._HOME.items()} == typed
    assert set(typed) == set(kloof.__all__) <= set(dir(kloof))
    with pytest.raises(AttributeError, match="no attribute 'gap'"):
        kloof.gap  # noqa: B018
    assert len(kloof.__all__) <= 30


@each()
def test_no_path_of_a_machine_and_no_todo(module: Module) -> None:
    assert not re.search(r"[\"'](/(home|root|Users|work)/|[A-Z]:\\\\)", module.text)
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", module.text)


@each()
def test_loading_a_module_does_nothing(module: Module) -> None:
    calls = [
        ast.unparse(node.value.func)
        for node in module.tree.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    registers = ("add_typer(", "command(")  # a group of commands, as a decorator adds one
    assert [call for call in calls if not f"{call}(".endswith(registers) and not call.endswith("command()")] == []


def test_only_tables_of_words_hold_prose() -> None:
    packaged = {path.relative_to(LIB).as_posix() for path in LIB.rglob("*.toml")}
    assert packaged == set(RULES["words"]["tables"])


def test_the_picture_of_the_house_is_of_this_house() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = re.findall(r"^│ (\w+) ", text, flags=re.MULTILINE)
    assert drawn == [*(room.rpartition(".")[2] for room in ROOMS[:0:-1]), "the"]  # the hall lies at the bottom
    assert all(tool in text for tool in TOOLS)
    assert all(f" {path.stem}" in text for path in (LIB / "kloof").glob("[a-z]*.py"))


def test_the_warm_parent_has_loaded_what_the_notebooks_import() -> None:
    """A copy that has to load a module of ours does so anew for every notebook of every municipality."""
    asked = {place for name, tree in structure.callers().items() if "/" not in name.removeprefix("notebooks/")
             for place, _ in structure.imported(tree).values() if place in MODULES}  # fmt: skip
    asked |= {name for name in structure.imports(MODULES["kloof.questions.answers"]) if name in MODULES}
    code = f"from kloof.run.warm import LOADED; import sys; [__import__(name) for name in LOADED]\n{FIRST[0]}\n"
    code += f"print(sorted({asked!r} - set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(asked) > 10
    assert done.stdout.strip() == "[]"
