"""A command that is stopped, or whose disk or reader is gone, says so in a line and leaves nothing half made."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from misshapen import stand_in

from conftest import PROJECT, copy_project

pytestmark = [
    pytest.mark.xdist_group("wrong_requests"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="signals are those of POSIX"),
]
KLOOF = [sys.executable, "-m", "kloof.cli.main"]
STOPPED = "kloof: stopped; earlier reports are untouched.\n"
SYNTH = ["synth", "--switch", "C1.relative=large", "--buurten", "12", "--years", "4", "--out"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("stopped") / "home")
    stand_in(folder / "reports" / "good", (PROJECT / "reports" / "example" / "results.json").read_bytes())
    return folder


def hear() -> None:
    """Let a command hear Ctrl-C, also when these tests run in the background and do not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(home: Path, *words: object, **more: Any) -> "subprocess.Popen[str]":
    settings: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": home}
    settings["preexec_fn"] = hear
    environment = {**os.environ, "KLOOF_HOME": str(home), "COLUMNS": "200", **more.pop("env", {})}
    return subprocess.Popen([*KLOOF, *map(str, words)], env=environment, **{**settings, **more})


def ends(command: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for the end of a command: exit code, output, errors."""
    try:
        out, err = command.communicate(timeout=120)
    finally:
        command.kill()
    return command.returncode, out or "", err or ""


def litter(home: Path) -> list[str]:
    """Name what must not be left: half reports, temporary files."""
    found = [path for pattern in (".making-*", ".*.??????*") for path in home.rglob(pattern)]
    return [path.relative_to(home).as_posix() for path in found if path.name != ".lock"]


def running(home: Path) -> list[str]:
    """Name the processes that work for a project."""
    found, mark = [], f"KLOOF_HOME={home}".encode()
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in place.read_bytes().split(b"\0") and place.parent.name != str(os.getpid()):
                found.append((place.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def until(holds: Callable[[], Any], seconds: float = 90.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)


SITE, RUN = ["site", "reports/good", "--out", "new/site"], ["run", "--only", "03"]


@pytest.mark.parametrize(
    ("words", "name"), [(RUN, "SIGTERM"), (SITE, "SIGTERM"), (SITE, "SIGHUP"), (SITE, "SIGINT")], ids=str
)
def test_a_signal_clears_away_what_was_being_made(home: Path, words: list[str], name: str) -> None:
    before = sorted(home.rglob("*"))
    for _ in range(20):  # on a busy machine all may be done before the signal comes
        command = started(home, *words)
        until(lambda command=command: [*home.glob("*/.making-*")] or command.poll() is not None)
        command.send_signal(getattr(signal, name))
        command.send_signal(getattr(signal, name))  # does not cut the clearing off
        code, out, err = ends(command)
        if code:
            break
        shutil.rmtree(home / "new", ignore_errors=True)
        shutil.rmtree(home / "reports" / "breda-only", ignore_errors=True)
    assert (code, out) == (130, "")
    assert err.endswith(STOPPED)
    assert "Traceback" not in err
    assert litter(home) == []
    assert [path for path in sorted(home.rglob("*")) if path not in before] == []
    until(lambda: not running(home), 20)


def heeds(pid: int, number: int) -> bool:
    """Tell whether a process has something to do at a signal: before that it is still being loaded."""
    caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), flags=re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (number - 1) & 1)


def test_a_signal_that_is_ignored_stays_so(home: Path) -> None:
    command = started(home, "run", "--only", "99", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    until(lambda: command.poll() is not None or heeds(command.pid, signal.SIGTERM))
    assert not heeds(command.pid, signal.SIGHUP)
    command.send_signal(signal.SIGHUP)
    assert ends(command)[0] == 2


@pytest.mark.parametrize("after", [0.0, 0.05, 0.15])
@pytest.mark.parametrize("words", [["list", "presets"], ["check"]], ids=" ".join)
def test_ctrl_c_in_a_short_command_is_one_line(home: Path, words: list[str], after: float) -> None:
    command = started(home, *words)
    until(lambda: command.poll() is not None or heeds(command.pid, signal.SIGTERM))
    time.sleep(after)
    command.send_signal(signal.SIGINT)
    code, _, err = ends(command)
    assert (code, err) in ((130, STOPPED), (0, ""), (-signal.SIGINT, ""))  # the last two when it was done already


def test_a_reader_that_is_gone_is_no_fault(home: Path) -> None:
    read, write = os.pipe()
    command = started(home, "list", stdout=write)
    os.close(write)
    os.close(read)
    assert ends(command)[::2] == (130, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", [["list", "presets"], ["measure", "--help"], ["check"], ["glossary"]], ids=" ".join)
def test_what_is_printed_may_not_fit(home: Path, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        code, _, err = ends(started(home, *words, stdout=full))
    assert code == 2
    assert re.match(
        r"kloof: what is printed.* cannot be read or written: the disk is full \(\[Errno 28\] No space left on ", err
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [[*SYNTH, "new/synthetic"], ["site", "reports/good", "--out", "new/site"], ["workshop", "build"],
     ["data", "coverage", "--municipality", "GM0758", "--source", "breda", "--svg", "new/a.svg", "--csv", "new/a.csv"]],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_disk_that_gets_full_leaves_what_was_there(home: Path, words: list[str]) -> None:
    shutil.rmtree(home / "new", ignore_errors=True)
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    limit = 6_000  # bytes that a file may have: some of what is written fits, and some does not
    command = started(home, *words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    code, _, err = ends(command)
    assert code == 2, err
    assert "the file would be too large for this system" in err
    assert "Traceback" not in err
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before
    assert not (home / "new").exists()


def test_letters_that_a_terminal_does_not_know_are_numbers(home: Path) -> None:
    code, out, err = ends(started(home, "glossary", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}))
    assert (code, err) == (0, "")
    assert "\\u2265" in out or "\\xe9" in out
