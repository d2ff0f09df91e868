"""How a command ends: what went wrong as one message, and exit codes that are the same for all commands."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

import typer

from kloof.errors import AGAIN, KloofError, refusal, without

REFUSED, STOPPED = 2, 130
OURS = "kloof"  # a module of this name that is not there is a fault of ours
EXIT_CODES = (
    "Exit codes: 0 done; 1 something is wrong with what was looked at or made (faults, differences, what could not be "
    "made); 2 asked wrongly or refused, with a message; 130 stopped (Ctrl-C, TERM, HUP, or nobody reads on)."
)
REPORT = "kloof: this is a fault of kloof itself. Please report it, with all lines above."
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
PATIENCE = 5.0  # seconds for what is under way to be cleared away; another signal in them does not cut that off


def ended(command: Callable[[], Any]) -> int:
    """Run a command and give its exit code; what refuses or stops it is told on the error stream.

    What nobody foresaw is raised as it is, with a line that asks to report it.
    """
    stop = Stop()
    try:
        with stop:
            code = int(command() or 0)  # what typer.Exit carries is returned, not raised; 130 after Ctrl-C
            _deliver()
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except SystemExit as ending:  # how typer takes it that nobody reads on
        if isinstance(ending.__context__, BrokenPipeError):
            return _refused(ending.__context__)
        raise
    except Exception as problem:  # noqa: BLE001 – what is no refusal is raised by what looks at it
        if not stop.came:
            return _refused(problem)
        code = STOPPED
    if code == STOPPED:
        _tell("kloof: stopped; earlier reports are untouched.")
    return code


def _refused(problem: Exception) -> int:
    """Tell why a command was refused, and give its exit code; raises what is no refusal."""
    if isinstance(problem, BrokenPipeError):  # `| head` has what it wanted
        _say_no_more()
        return STOPPED
    if isinstance(problem, KloofError):
        message = str(problem)
    elif isinstance(problem, OSError):
        message = refusal(problem)
    elif isinstance(problem, UnicodeEncodeError):
        message = f"{problem.object[:80]!r} holds bytes that are no letters in UTF-8. Rename what is called so."
    elif isinstance(problem, ModuleNotFoundError) and not (problem.name or OURS).startswith(OURS):
        message = without(str(problem.name).partition(".")[0])
    elif isinstance(problem, MemoryError):
        message = f"there is not enough memory for this. End other programs, or ask for less, then {AGAIN}."
    elif type(problem).__module__.startswith(("click", "typer")):  # typer carries a click of its own
        message = getattr(problem, "format_message", lambda: str(problem))()
        message = f"{message} See: kloof --help" if message else ""
    else:
        problem.add_note(REPORT)
        raise problem
    _tell(f"kloof: {message}" if message else "Next: kloof list")
    return REFUSED


def _tell(line: str) -> None:
    """Print a line on the error stream, after what was printed before it."""
    try:
        _deliver()
    except OSError:
        _say_no_more()
    print(line, file=sys.stderr)


def _deliver() -> None:
    """Hand over all that was printed, while it can still be told when that fails."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as problem:
        problem.filename = "what is printed"
        raise


def _say_no_more() -> None:
    """Let what was printed go nowhere, or the interpreter tries again at its end and complains."""
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def any_letter() -> None:
    """Print a letter that a terminal or pipe cannot show as its number, instead of ending there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class StopError(KeyboardInterrupt):
    """A signal that ends a command; of its own kind, as for a bare KeyboardInterrupt Python may end by that signal."""


class Stop:
    """Lets TERM and HUP end what runs inside as Ctrl-C does, so that what it was making is cleared away.

    A signal that is ignored stays so (nohup). `came` tells whether one came, whatever became of it on its way: a
    library may turn it into an error of its own.
    """

    def __init__(self) -> None:
        self._last = -PATIENCE
        self._before: dict[int, Any] = {}

    @property
    def came(self) -> bool:
        """Tell whether a signal came."""
        return self._last >= 0

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():  # no other thread hears signals
            for name in SIGNALS:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._hear)
        return self

    def _hear(self, number: int, frame: object) -> None:
        del number, frame
        now = time.monotonic()
        if now - self._last >= PATIENCE:
            self._last = now
            raise StopError

    def __exit__(self, *problem: object) -> None:
        for number, how in self._before.items():
            signal.signal(number, how)
