"""The rules of the house, read from the imports: the order of rooms, what each may use, that nothing is dead."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
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


def within(*rooms: str) -> list[Module]:
    """Give the modules of some rooms; there are some."""
    found = [module for module in MODULES.values() if module.room in rooms]
    assert found, rooms
    return found


def ours(module: Module) -> set[Module]:
    """Give the modules of ours that a module imports; the public names are a way in for notebooks only."""
    return {MODULES[name] for name in structure.imports(module) if name in MODULES}


def allowed(room: str) -> set[str]:
    """Give the rooms that a room may import from: those before it, and itself; a tool: all of kloof, and itself."""
    return {*ROOMS, room} if room in TOOLS else set(ROOMS[: ROOMS.index(room) + 1])


def test_imports_run_one_way() -> None:
    against = [
        f"{module.name} may not import {one.name}: see the order in tests/architecture.toml"
        for module in MODULES.values()
        if module.name != "kloof"
        for one in ours(module)
        if one.room not in allowed(module.room)
    ]
    assert against == []


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


def test_a_module_has_one_idea() -> None:
    lines = {module.name: module.text.count("\n") for module in MODULES.values()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}, "it holds more than one idea"


def test_a_public_name_has_one_home() -> None:
    found = {room: structure.homes(within(room)) for room in (*ROOMS, *TOOLS)}
    double = {(room, name): places for room in found for name, places in found[room].items() if len(places) > 1}
    assert double == {}


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


def used(modules: Iterable[Module], names: set[str]) -> dict[str, set[str]]:
    """Give what modules import of what they may not."""
    found = {module.name: structure.imports(module) & names for module in modules}
    return {name: imported for name, imported in found.items() if imported}


def test_computing_knows_nothing_of_files_or_pages() -> None:
    assert used(within(*COMPUTING), {"requests", "urllib", "pathlib", "os", "subprocess", "jinja2"}) == {}


def test_pages_do_not_compute() -> None:
    rooms = {module.name: {one.room for one in ours(module)} for module in within(*PAGES)}
    forbidden = set(RULES["rooms"]["not_for_pages"])
    assert {name: found & forbidden for name, found in rooms.items() if found & forbidden} == {}


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    for package, users in HEAVY.items():
        at_once = {module.name for module in MODULES.values() if package in structure.imports_when_loaded(module)}
        assert at_once == set(), f"{package} is imported when these are loaded"
        others = [module for module in MODULES.values() if module.name not in users]
        assert used(others, {package}) == {}, f"these may not use {package}"


def test_only_one_module_opens_the_network() -> None:
    others = [module for module in MODULES.values() if module.name not in NETWORK]
    opened = used(others, {"requests", "urllib", "urllib3", "http", "socket", "httpx"})
    assert {name: found for name, found in opened.items() if found != {"socket"} or name not in OWN} == {}


def test_a_pair_of_sockets_is_no_network() -> None:
    for module in (MODULES[name] for name in OWN):
        nodes = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        calls = {node.func.attr for node in nodes if hasattr(node.func, "attr")}
        assert not calls & {"connect", "bind", "listen", "accept", "create_connection", "create_server"}, module.name


def test_reports_and_runs_do_not_download() -> None:
    others = [module for module in MODULES.values() if module.name not in SPEAKS]
    assert used(others, SPEAKS - {"kloof.cli.main", "kloof.cli.data"}) == {}


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


def test_no_path_of_a_machine_and_no_todo() -> None:
    for refused in (r"[\"'](/(home|root|Users|work)/|[A-Z]:\\\\)", r"\b(TODO|FIXME|XXX)\b"):
        assert [module.name for module in MODULES.values() if re.search(refused, module.text)] == []


def test_loading_a_module_does_nothing() -> None:
    calls = [
        ast.unparse(node.value.func)
        for module in MODULES.values()
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
    asked |= {name for name in structure.imports(MODULES["kloof.questions.all_questions"]) if name in MODULES}
    code = f"from kloof.run.warm import LOADED; import sys; [__import__(name) for name in LOADED]\n{FIRST[0]}\n"
    code += f"print(sorted({asked!r} - set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(asked) > 10
    assert done.stdout.strip() == "[]"
