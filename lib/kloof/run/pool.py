"""Asks the warm parent for copies of itself: one per notebook or task, each watched and killed on a time limit."""

import atexit
import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kloof.errors import KloofError
from kloof.run import warm

GRACE = 2  # seconds in which the warm parent ends its copies; one that is still loading has none
GLANCE = 0.25  # seconds between looks at whether the time is over or the work not wanted any more
Cell = tuple[int, str, bool]


class DiedError(KloofError):
    """A copy, or the warm parent itself, ended before it was done."""


class LateError(Exception):
    """A cell or task took longer than it may; its copy was killed. `place` is the cell's."""

    def __init__(self, place: int, seconds: float):
        super().__init__(f"cell {place + 1} took longer than {seconds:g} seconds")
        self.place = place


class StoppedError(Exception):
    """What ran is not wanted any more."""


class Workers:
    """One warm parent, started at the first job and again when it was killed; may be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parent: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def _start(self) -> socket.socket:
        """Give the line to the warm parent."""
        if self._control is None or self._parent is None or self._parent.poll() is not None:
            self.close()
            here, there = socket.socketpair()
            with there:
                self._parent = subprocess.Popen(
                    [sys.executable, "-P", warm.__file__, str(there.fileno())],
                    pass_fds=[there.fileno()],
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, **warm.ALONE},
                    start_new_session=True,
                )
            self._control = here
        return self._control

    @property
    def pid(self) -> int | None:
        """Number of the warm parent, when there is one."""
        return self._parent.pid if self._parent else None

    def _ask(self, job: Mapping[str, Any]) -> Connection:
        """Hand a job to a copy of its own."""
        here, there = socket.socketpair()
        with there, self._lock:
            try:
                socket.send_fds(self._start(), [warm.FINISHED], [there.fileno()])
            except OSError:
                here.close()
                raise DiedError("the warm parent ended unexpectedly") from None
        connection = Connection(here.detach())
        try:
            connection.send(job)
        except OSError:
            connection.close()
            raise DiedError("the warm parent ended unexpectedly") from None
        return connection

    def run(
        self,
        cells: Sequence[Cell],
        environment: Mapping[str, str],
        seconds: float | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Run the cells of one notebook; give what `warm.run_cells` tells, as it comes.

        Raises LateError when a cell takes more than `seconds`, DiedError when the process ended before it was done,
        StoppedError when `stop` was set.
        """
        job = {"cells": list(cells), "environment": dict(environment), "folder": str(Path.cwd())}
        last = cells[-1][0] if cells else -1
        at = -1
        for news in self._listen(job, seconds, stop):
            at = news[1]
            yield news
            if news[0] == "end" and (news[4] or at == last):
                return
        raise DiedError("the process of the notebook ended unexpectedly")

    def call(
        self,
        module: str,
        function: str,
        arguments: tuple[Any, ...],
        environment: Mapping[str, str],
        stop: threading.Event | None = None,
    ) -> Any:
        """Call a function of the library in a copy; give its answer or raise what it raised.

        Raises DiedError when the process ended before it was done, StoppedError when `stop` was set.
        """
        job = {"call": (module, function, arguments), "environment": dict(environment), "folder": str(Path.cwd())}
        for news in self._listen(job, stop=stop):
            answer, problem = news[1:]
            if problem is not None:
                raise problem
            return answer
        raise DiedError(f"the process of {module}.{function} ended unexpectedly")

    def _listen(
        self, job: Mapping[str, Any], seconds: float | None = None, stop: threading.Event | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Give the news of a copy until it ends; whatever happens here, it doesn't outlive this."""
        connection = self._ask(job)
        pid, at = None, -1
        try:
            while True:
                self._wait(connection, at, seconds if pid else None, stop)
                try:
                    news = connection.recv()
                except (EOFError, OSError):
                    return
                if news[0] == "pid":
                    pid = news[1]
                    continue
                at = news[1] if news[0] == "start" else at
                yield news
        finally:
            connection.close()
            if pid:
                warm.end(pid)

    @staticmethod
    def _wait(connection: Connection, at: int, seconds: float | None, stop: threading.Event | None) -> None:
        """Wait for news, at most so many seconds."""
        until = None if seconds is None else time.monotonic() + seconds
        while not select.select([connection], [], [], GLANCE)[0]:
            if stop is not None and stop.is_set():
                raise StoppedError
            if until is not None and time.monotonic() > until:
                raise LateError(at, seconds or 0)

    def close(self) -> None:
        """End the warm parent and every copy."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._parent is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._parent.wait(timeout=GRACE)
            self._parent.kill()
            self._parent.wait()
            self._parent = None


_own: dict[int, Workers] = {}


def workers() -> Workers:
    """Give the workers of this process; they end with it."""
    pid = os.getpid()  # a fork must not talk over its parent's line
    if pid not in _own:
        _own[pid] = Workers()
        atexit.register(_own[pid].close)
    return _own[pid]
