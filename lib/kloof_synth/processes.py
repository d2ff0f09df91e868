"""Processes that make synthetic municipalities side by side, and end when the one that asked for them does."""

import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


def processes(workers: int, ready: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """Give so many processes, each of which calls `ready` first.

    Ctrl-C reaches all of them: the one that asked heeds it, and the others would each tell where they were.
    """
    return ProcessPoolExecutor(workers, initializer=_begin, initargs=(ready,))


def _begin(ready: Callable[[], None] | None) -> None:
    """Leave signals to who asked, as a process that was not copied from it has them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if ready is not None:
        ready()
