"""How a run ends, whatever ends it: what is half made goes, and what a killed run left is known by nobody holding it.

A folder in which something is made is locked (flock on the folder itself) by the process that makes it, so that no
list or clock is needed to tell a half-made folder that grows from one that was left behind.
"""

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from kloof.run.warm import STOPPING

HEEDED = (signal.SIGINT, *STOPPING)
HALF = ".making-"  # how the folder of something half made is called


@contextlib.contextmanager
def heeding() -> Iterator[list[int]]:
    """Let any signal to stop end this process as Ctrl-C does, so that everything on the way out is done.

    Gives a list that holds the signal's number afterwards. A second one changes nothing, or it would cut off what the
    first began; one that was ignored before (nohup) stays so. Other threads than the first hear no signals.
    """
    heard: list[int] = []

    def stop(number: int, frame: object) -> None:
        del frame
        if not heard:  # two may come at once, before either could be ignored
            heard.append(number)
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    before = {number: signal.getsignal(number) for number in HEEDED}
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    try:
        for number in before:
            signal.signal(number, stop)
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def making(place: Path, name: str = "") -> Iterator[Path]:
    """Give an empty folder in `place` in which something is made; it is gone afterwards, if it was not renamed.

    With a `name`, who calls sees to it that only one at a time makes it.
    """
    while True:
        folder = place / f"{HALF}{name or token_hex(4)}"
        with contextlib.ExitStack() as until:
            until.callback(take_away, folder)  # before it is made: a signal in between must not leave it
            take_away(folder)
            folder.mkdir()
            with contextlib.suppress(OSError):  # a disk that knows no locks: what is left there stays
                until.enter_context(_held(folder))
            if folder.is_dir():  # else it was taken for left behind before it was held
                yield folder
                return


def sweep(place: Path) -> None:
    """Take away what killed runs left in a folder: half-made folders that nobody holds, and replaced ones."""
    for folder in place.glob(f"{HALF}*"):
        with contextlib.suppress(OSError), _held(folder, wait=False):
            take_away(folder)
    for old in place.glob(".*.old"):
        if (place / old.name[1 : -len(".old")]).exists():
            take_away(old)


def take_away(path: Path) -> None:
    """Remove a folder, a file or a link, whichever it is; nothing that a link leads to."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _held(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a folder until the end of this, or of this process.

    Raises OSError where folders cannot be held, and, unless it may wait, when another process holds it.
    """
    try:
        import fcntl
    except ImportError:
        raise OSError("this system has no flock") from None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
