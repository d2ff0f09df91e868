"""Whatever is asked wrongly is one message with exit code 2, and the project holds afterwards what it held before."""

import errno
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from misshapen import DEPTH, LONG, SHAPES, contents, presets, stand_in

from conftest import PROJECT, CommandLine, copy_project, home_at
from kloof.run import report, verify

pytestmark = pytest.mark.xdist_group("wrong_requests")
COUNTS = "unit,group,count\nA,x,10\nA,y,5\nB,x,3\nB,y,9\n"


@dataclass(frozen=True)
class Room:
    """A project to ask in, and beside it a folder with things that are not what is asked for."""

    home: Path
    wrong: Path

    def words(self, asked: Sequence[str]) -> list[str]:
        """Put the folders in the place of their names."""
        return [word.replace("{wrong}", str(self.wrong)).replace("{home}", str(self.home)) for word in asked]

    def held(self) -> dict[str, tuple[int, int]]:
        """Everything there is, with size and time of change."""
        found = {}
        for folder in (self.home, self.wrong):
            for path in folder.rglob("*"):
                seen = path.lstat()
                if not path.is_dir() and path.name != ".lock":
                    found[str(path)] = seen.st_size, seen.st_mtime_ns
                elif path.is_dir():
                    found[str(path)] = 0, 0
        return found


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    home, wrong = tmp_path_factory.mktemp("wrong") / "home", tmp_path_factory.mktemp("things")
    copy_project(home)
    (home / "data" / "store").mkdir()
    (wrong / "folder").mkdir()
    (wrong / "folder" / "chapter.docx").write_text("mine")
    (wrong / "note.txt").write_text("mine")
    (wrong / "counts.csv").write_text(COUNTS)
    (wrong / "loop").symlink_to(wrong / "loop")
    (wrong / "gone").symlink_to(wrong / "nowhere")
    (wrong / "latin.toml").write_bytes(b'name = "caf\xe9"\n')
    (wrong / "deep.toml").write_bytes(b"GM0758 = " + b"[" * DEPTH + b"]" * DEPTH)
    (wrong / "deep.json").write_bytes(b"[" * DEPTH + b"]" * DEPTH)
    stand_in(wrong / "good", (PROJECT / "reports" / "example" / "results.json").read_bytes())
    with home_at(home):
        yield Room(home, wrong)


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is asked here may start a kernel."""

    def never(*_: object) -> None:
        raise AssertionError("a notebook was started")

    for module in (report, verify):
        monkeypatch.setattr(module, "execute_languages", never)
    monkeypatch.setenv("COLUMNS", "200")


def refused(room: Room, command_line: CommandLine, asked: Sequence[str], *says: str, code: int = 2) -> str:
    """Ask, and see one message and nothing else; give what was said."""
    before = room.held()
    ended, out, err = command_line(*room.words(asked))
    assert ended == code, (out, err)
    if code == 2:
        assert err.count("kloof: ") == 1, err
        said = err[err.index("kloof: ") :]
        assert "Next:" not in out
    else:
        said = out
    assert "Traceback" not in err
    assert len(said) < 20_000
    for one in says:
        assert one in " ".join(said.split()), said
    assert room.held() == before
    return said


# ------------------------------------------------------------------ what should be a file or a folder, and is not

PLACES = {
    "folder": "{wrong}/folder", "missing": "{wrong}/nowhere", "loop": "{wrong}/loop", "gone": "{wrong}/gone",
    "long": "{wrong}/" + LONG, "under_a_file": "{wrong}/note.txt/x", "empty": "",
}  # fmt: skip
READERS: dict[str, list[str]] = {
    "add": ["data", "add", "@"],
    "add_map": ["data", "add", "{wrong}/counts.csv", "--map", "@"],
    "map": ["data", "map", "@", "--out", "{wrong}/new.toml"],
    "coverage": ["data", "coverage", "--municipality", "GM0758", "--source", "@"],
    "measure": ["measure", "@", "--index", "dissimilarity"],
    "audit": ["audit", "@"],
    "verify": ["verify", "@"],
    "diff_old": ["diff", "@", "{wrong}/good"],
    "diff_new": ["diff", "{wrong}/good", "@"],
    "site": ["site", "@", "--out", "{wrong}/new"],
    "source": ["run", "--set", "source=@"],
    "verify_source": ["verify", "{wrong}/good", "--source", "@"],
}
EVERYTHING_THERE = {("verify_source", "empty"), ("coverage", "empty")}  # an empty text says: as recorded


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("reader", READERS)
def test_what_cannot_be_read(room: Room, command_line: CommandLine, reader: str, place: str) -> None:
    if (reader, place) in EVERYTHING_THERE:
        pytest.skip("that says: as it was")
    said = refused(room, command_line, [word.replace("@", PLACES[place]) for word in READERS[reader]])
    assert Path(PLACES[place] or ".").name[:20] in said.replace("\n", "") or place == "empty"


WRITERS: dict[str, list[str]] = {
    "site": ["site", "{wrong}/good", "--out", "@"],
    "synth": ["synth", "--switch", "C1.relative=large", "--buurten", "12", "--years", "4", "--out", "@/synthetic"],
    "map": ["data", "map", "{wrong}/counts.csv", "--out", "@"],
    "csv": ["data", "coverage", "--municipality", "GM0758", "--source", "breda", "--csv", "@"],
    "svg": ["data", "coverage", "--municipality", "GM0758", "--source", "breda", "--svg", "@"],
    "calibrate": ["calibrate", "--claims", "C1", "--trials", "1", "--count", "15", "--workers", "1", "--out", "@"],
}
TARGETS = {"folder": "{wrong}/folder", "long": "{wrong}/" + LONG, "under_a_file": "{wrong}/note.txt/x", "dot": "."}
TARGETS |= {"loop": "{wrong}/loop/x", "full": "/dev/full"}
FINE = {("synth", "folder"), ("synth", "dot")}  # a new folder in one that is there


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_cannot_be_written(
    room: Room, command_line: CommandLine, writer: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (writer, target) in FINE:
        pytest.skip("that can be")
    monkeypatch.chdir(room.wrong)
    refused(room, command_line, [word.replace("@", TARGETS[target]) for word in WRITERS[writer]])


# ------------------------------------------------------------------ results of another shape

READ_BACK = {
    "audit": ["audit", "{wrong}/shape"],
    "verify": ["verify", "{wrong}/shape"],
    "diff": ["diff", "{wrong}/shape", "{wrong}/good"],
    "site": ["site", "{wrong}/shape", "--out", "{wrong}/new"],
}


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((PROJECT / "reports" / "example" / "results.json").read_text("utf-8"))
    return content


@pytest.mark.parametrize("shape", SHAPES)
def test_results_of_another_shape(room: Room, command_line: CommandLine, example: dict[str, Any], shape: str) -> None:
    stand_in(room.wrong / "shape", contents(example, shape))
    for asked in READ_BACK.values():
        refused(room, command_line, asked, "results.json")
    shutil.rmtree(room.wrong / "shape")


# ------------------------------------------------------------------ presets that cannot be

PRESETS = dict(presets())
CHECKED = ("no_utf8", "deep_table", "digits", "parameters_list", "report_long", "seed_-1", "focus_table")


@pytest.mark.parametrize("name", PRESETS)
def test_presets_that_cannot_be(room: Room, command_line: CommandLine, name: str) -> None:
    path = room.home / "notebooks" / "presets" / "wrong.toml"
    path.write_bytes(PRESETS[name])
    try:
        refused(room, command_line, ["run", "--preset", "wrong"])
        refused(room, command_line, ["show", "03", "--preset", "wrong"])
        if name in CHECKED:
            refused(room, command_line, ["check"], "preset wrong", code=1)
    finally:
        path.unlink()


@pytest.mark.parametrize("words", [["list", "presets"], ["data", "fetch", "--plan"], ["list"]])
@pytest.mark.parametrize("name", ["no_utf8", "deep_list", "parameters_number", "digits", "deep_table"])
def test_a_preset_that_cannot_be_stops_what_reads_all(
    room: Room, command_line: CommandLine, name: str, words: list[str]
) -> None:
    path = room.home / "notebooks" / "presets" / "wrong.toml"
    path.write_bytes(PRESETS[name])
    try:
        refused(room, command_line, words, "wrong")
    finally:
        path.unlink()


TABLES = ("notebooks/claims.toml", "notebooks/debates/GM0758.toml", "data/catalogue.toml", "data/sources.toml",
          "data/vocabularies.toml", "notebooks/hypotheses/mine.toml")  # fmt: skip
NO_TOML = {"no_utf8": b'x = "\xff"\n', "deep": b"x = " + b"[" * DEPTH + b"]" * DEPTH, "digits": b"x = " + b"9" * 10_000}


@pytest.mark.parametrize("fault", NO_TOML)
@pytest.mark.parametrize("table", TABLES)
def test_tables_of_the_project_that_are_no_text(room: Room, command_line: CommandLine, table: str, fault: str) -> None:
    path = room.home / table
    before = path.read_bytes() if path.is_file() else None
    path.write_bytes(NO_TOML[fault])
    words = ["hypothesis", "list"] if "hypotheses" in table else ["data", "fetch", "--plan", "--municipality", "GM0758"]
    if "debates" in table:
        words = ["check"]
    if "claims" in table:
        words = ["verdicts"]
    if "vocabularies" in table:
        words = ["data", "add", "{wrong}/counts.csv"]
    try:
        refused(room, command_line, words, path.name, code=1 if words == ["check"] else 2)
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)


# ------------------------------------------------------------------ numbers out of range, and what is no command

ASKED: dict[str, tuple[list[str], str]] = {
    "measure seed": (["measure", "{wrong}/counts.csv", "--index", "gini", "--ci", "--seed", "-1"], "--seed"),
    "measure seed text": (["measure", "{wrong}/counts.csv", "--index", "gini", "--seed", "x"], "--seed"),
    "measure seed digits": (["measure", "{wrong}/counts.csv", "--index", "gini", "--seed", "9" * 5000], "--seed"),
    "synth seed": (["synth", "--out", "{wrong}/synthetic", "--switch", "C1.relative=large", "--seed", "-1"], "--seed"),
    "synth switch nan": (["synth", "--out", "{wrong}/synthetic", "--switch", "C1.relative=nan"], "nan"),
    "synth switch inf": (["synth", "--out", "{wrong}/synthetic", "--switch", "C1.relative=inf"], "inf"),
    "synth switch huge": (["synth", "--out", "{wrong}/synthetic", "--switch", "C1.relative=1e400"], "1e400"),
    "run seed": (["run", "--set", "seed=-1"], "seed"),
    "run seed huge": (["run", "--set", f"seed=1{'0' * 30}"], "seed"),
    "run seed digits": (["run", "--set", f"seed={'9' * 5000}"], "seed"),
    "run draws few": (["run", "--set", "draws=198"], "draws"),
    "run draws many": (["run", "--set", "draws=100000001"], "draws"),
    "run draws digits": (["run", "--set", f"draws={'9' * 5000}"], "draws"),
    "run draws negative": (["run", "--set", "draws=-1999"], "draws"),
    "run year digits": (["run", "--set", f"year_from={'9' * 5000}"], "year_from"),
    "run focus rule huge": (["run", "--set", f"focus=lowest:{'9' * 30}:mean_dwelling_value:2016"], "focus"),
    "run focus rule digits": (["run", "--set", f"focus=lowest:{'9' * 5000}:mean_dwelling_value:2016"], "focus"),
    "run focus year digits": (["run", "--set", f"focus=lowest:11:mean_dwelling_value:{'9' * 5000}"], "focus"),
    "run municipality long": (["run", "--set", f"municipality={LONG}"], "municipality"),
    "run preset long": (["run", "--preset", LONG], "preset"),
    "run preset path": (["run", "--preset", "../presets/breda"], "preset"),
    "run only long": (["run", "--only", LONG], "notebook"),
    "run only nothing": (["run", "--only", ""], "notebook"),
    "show nothing": (["show", ""], "notebook"),
    "show digits": (["show", "9" * 5000], "notebook"),
    "reset": (["workshop", "reset", "99"], "session 99"),
    "reset negative": (["workshop", "reset", "--", "-1"], "greater than or equal to 1"),
    "reset digits": (["workshop", "reset", "9" * 5000], "number"),
    "reset text": (["workshop", "reset", "one"], "number"),
    "fetch years": (["data", "fetch", "--years", "0000-9999", "--plan"], "no source has"),
    "remove nothing": (["data", "remove", ""], ""),
    "remove long": (["data", "remove", LONG], ""),
    "translate path": (["hypothesis", "translate", "../../x", "--language", "nl", "--text", "t"], "x"),
    "translate long": (["hypothesis", "translate", LONG, "--language", "nl", "--text", "t"], "n"),
    "new path": (["hypothesis", "new", "../x", "--expected", "HIGHER", "--smallest-effect", "1", "--en", "x",
                  "--indicator", "mean_dwelling_value"], "name"),
    "new long": (["hypothesis", "new", LONG, "--expected", "HIGHER", "--smallest-effect", "1", "--en", "x",
                  "--indicator", "mean_dwelling_value"], "name"),
    "no command": (["runn"], "No such command"),
    "no option": (["run", "--speed", "9"], "No such option"),
    "no value": (["run", "--preset"], "requires an argument"),
    "too much": (["check", "all"], "unexpected extra argument"),
    "lacking": (["measure"], "Missing argument"),
    "lacking option": (["measure", "{wrong}/counts.csv"], "Missing option"),
    "no group": (["data"], ""),
    "no number": (["synth", "--out", "x", "--buurten", "many"], "--buurten"),
    "no yes": (["list", "--all"], "No such option"),
    "glossary": (["glossary", "--language", "fr"], "fr"),
    "map deep": (["data", "add", "{wrong}/counts.csv", "--map", "{wrong}/deep.toml"], "deep.toml"),
    "map latin": (["data", "add", "{wrong}/counts.csv", "--map", "{wrong}/latin.toml"], "latin.toml"),
    "resume": (["batch", "--resume"], "no batch"),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_out_of_range(room: Room, command_line: CommandLine, name: str) -> None:
    asked, says = ASKED[name]
    if name == "no group":
        ended, _, err = command_line(*asked)
        assert (ended, "Next: " in err) == (2, True)
        return
    refused(room, command_line, asked, says)


# ------------------------------------------------------------------ what the system refuses

SAYS = {
    errno.ENOSPC: "full", errno.EDQUOT: "full", errno.EFBIG: "large", errno.EACCES: "permission",
    errno.EPERM: "permission", errno.EROFS: "only be read", errno.EMFILE: "open at once", errno.EIO: "disk",
    errno.ENOMEM: "memory", errno.EBUSY: "in use",
}  # fmt: skip
WRITING = {
    "synth": ["synth", "--switch", "C1.relative=large", "--buurten", "12", "--years", "4", "--out",
              "{wrong}/synthetic"],
    "site": ["site", "{wrong}/good", "--out", "{wrong}/new"],
    "map": ["data", "map", "{wrong}/counts.csv", "--out", "{wrong}/new.toml"],
    "csv": ["data", "coverage", "--municipality", "GM0758", "--source", "breda", "--csv", "{wrong}/new.csv"],
    "workshop": ["workshop", "build"],
    "reset": ["workshop", "reset", "1"],
    "run": ["run"],
    "only": ["run", "--only", "04"],
    "new": ["hypothesis", "new", "mine", "--expected", "HIGHER", "--smallest-effect", "10", "--en", "It grew",
            "--indicator", "mean_dwelling_value"],
    "batch": ["batch", "--municipality", "GM0758"],
}  # fmt: skip
READING = {
    "list": ["list", "presets"], "show": ["show", "03"],
    "measure": ["measure", "{wrong}/counts.csv", "--index", "gini"],
    "audit": ["audit", "{wrong}/good"], "diff": ["diff", "{wrong}/good", "{wrong}/good"], "check": ["check"],
    "verdicts": ["verdicts"], "coverage": ["data", "coverage", "--municipality", "GM0758", "--source", "breda"],
}  # fmt: skip


class Refusing:
    """Lets the system refuse to open or make anything in some folders, as a full or locked disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folders: Sequence[Path], number: int, *, writing: bool):
        self.folders, self.number, self.writing, self.met = [str(folder) for folder in folders], number, writing, 0
        for owner, name in ((io, "open"), (os, "open"), (os, "mkdir"), (os, "rename"), (os, "replace")):
            monkeypatch.setattr(owner, name, self.wrapped(getattr(owner, name), name))

    def wrapped(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(place: Any, *more: Any, **named: Any) -> Any:
            if isinstance(place, str | os.PathLike) and self.refuses(os.fspath(place), name, more, named):
                self.met += 1
                raise OSError(self.number, os.strerror(self.number), os.fspath(place))
            return real(place, *more, **named)

        return call

    def refuses(self, place: Any, name: str, more: tuple[Any, ...], named: dict[str, Any]) -> bool:
        if not isinstance(place, str) or not any(os.path.abspath(place).startswith(one) for one in self.folders):  # noqa: PTH100
            return False
        if not self.writing:
            return name == "open"
        if name != "open":
            return True
        mode = more[0] if more else named.get("mode", "r")
        return bool(mode & (os.O_WRONLY | os.O_RDWR)) if isinstance(mode, int) else any(one in mode for one in "wax+")


SEEN = [("synth", number) for number in SAYS]  # each refusal in one command, and the usual ones in all
SEEN += [(command, number) for command in WRITING for number in (errno.ENOSPC, errno.EROFS) if command != "synth"]


@pytest.mark.parametrize(("command", "number"), SEEN, ids=lambda one: errno.errorcode.get(one, one))
def test_a_disk_that_takes_nothing(
    room: Room, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, command: str, number: int
) -> None:
    with pytest.MonkeyPatch.context() as only_here:
        if command == "reset":
            (room.home / "notebooks" / "workshop" / "en" / "1_what_is_a_gap.ipynb").write_text("{}")
        refusing = Refusing(only_here, [room.home, room.wrong], number, writing=True)
        refused(room, command_line, WRITING[command], SAYS[number])
        assert refusing.met


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE], ids=errno.errorcode.get)
@pytest.mark.parametrize("command", READING)
def test_a_disk_that_gives_nothing(room: Room, command_line: CommandLine, command: str, number: int) -> None:
    with pytest.MonkeyPatch.context() as only_here:
        refusing = Refusing(only_here, [room.home, room.wrong], number, writing=False)
        refused(room, command_line, READING[command], SAYS[number])
        assert refusing.met
