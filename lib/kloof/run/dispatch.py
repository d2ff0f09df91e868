"""Hands the orders of a batch to workers and gives the outcomes as they come: processes here, or Dask's elsewhere.

Other work that is done name by name goes elsewhere over the same connection (`over`).

A worker does one order at a time, so that as many reports are in memory as there are workers, and on this machine a
notebook may take no more than its worker's part. A worker that is killed is replaced and its order given to another; a
scheduler that is gone ends the batch, and what is done stays done.

The workers of this machine are spoken to over pipes, so that nothing listens which another could send code to. A
scheduler listens by its nature: one without certificates is not used, unless Dask's own settings say so.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

from kloof.errors import BatchError, KloofError
from kloof.paths import project_folder
from kloof.run.batch import FAILED, Order, Outcome, fulfil, stand_in
from kloof.run.depends import whole_library
from kloof.run.ending import heeding
from kloof.run.warm import ALONE, MEMORY

AGAIN = "What is done is kept. Go on with: kloof batch --resume"
ANEW = "Nothing of it is kept: ask it again."
MOST = 0.8  # part of the machine's memory that notebooks may take together
CONNECT = 10  # seconds in which a scheduler must answer
DEATHS = 2  # workers that an order may lose before it is set apart
TLS = "tls://"
START = (
    "Start one: dask scheduler --tls-ca-file CA.pem --tls-cert CERT.pem --tls-key KEY.pem, and its workers with the "
    "same options; name them to kloof as DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT, …__CLIENT__KEY."
)
UNSAFE = (
    "whoever reaches it can run code on its workers and, by what they answer, here. Give the address of one that has "
    f"(tls://…). {START} Where nobody else can reach it, say so: DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=false."
)
STOP = 20  # seconds in which a worker must have put things in order when it is stopped
Do = Callable[[Order], Outcome]
_Given = Generator[tuple[Order, Outcome | None], None, None]  # None when the workers of an order died, again and again
_HandOut = Callable[[Do, Sequence[Order]], _Given]
Each = Callable[[Callable[[str], Any], Sequence[str]], Iterator[Any]]  # does something with every name, as map does


def give_out(orders: Sequence[Order], workers: int, scheduler: str = "", do: Do = fulfil) -> Iterator[Outcome]:
    """Fulfil orders on `workers` processes of this machine, or on those of the scheduler at an address.

    Gives each outcome as soon as it is there, in no order. Raises BatchError when the scheduler cannot be reached or
    goes away, or when the disk is full: then no other order could be fulfilled, and those that wait are not begun.
    """
    with _elsewhere(scheduler) if scheduler else _here(min(workers, len(orders))) as hand_out:
        suspects: list[Order] = []
        with contextlib.closing(hand_out(do, orders)) as given:
            for order, outcome in given:
                if outcome is None:
                    suspects.append(order)
                    continue
                yield outcome
                if outcome.disk_full:
                    raise BatchError(f"The disk is full: {outcome.problem}. Make room. {AGAIN}")
        for order in suspects:  # one at a time: what dies now dies by itself
            problem = "its worker ended unexpectedly again and again"
            ((_, alone),) = hand_out(do, [order])
            yield alone or Outcome(order.municipality, FAILED, problem=problem)


class _Worker:
    """A process that does one order at a time, and doesn't outlive this one however that ends."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would hold what this process has open
        self.line, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(there,))
        with _unless_set(environment):
            self.process.start()
        there.close()

    def ask(self, do: Do, order: Order) -> None:
        """Give it an order; whether it is there to hear it shows when the answer is taken."""
        with contextlib.suppress(OSError):
            self.line.send((do, order))

    def answer(self) -> Outcome | None:
        """Take its answer; None when it died."""
        try:
            outcome: Outcome = self.line.recv()
        except (EOFError, OSError):
            return None
        return outcome

    def stop(self) -> None:
        """Let it put things in order, and end."""
        self.line.close()
        self.process.terminate()
        self.process.join(STOP)
        self.process.kill()
        self.process.join()


def _serve(line: Any) -> None:
    """Be a worker: do what comes over the line until that is closed or who asked is gone. Ctrl-C is for who asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_who_asked, daemon=True).start()
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt), heeding():
        while True:
            do, order = line.recv()
            line.send(do(order))


def _end_with_who_asked() -> None:
    """End this process as soon as the one that started it has ended."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _here(workers: int) -> Iterator[_HandOut]:
    """Keep workers on this machine until this ends."""
    given = {**ALONE, MEMORY: str(_memory_each(workers))}
    crew = list[_Worker]()

    def hand_out(do: Do, orders: Sequence[Order]) -> _Given:
        waiting, idle = deque((order, 0) for order in orders), deque(crew)
        busy: dict[Any, tuple[_Worker, Order, int]] = {}
        while waiting or busy:
            while waiting and idle:
                worker, (order, deaths) = idle.popleft(), waiting.popleft()
                worker.ask(do, order)
                busy[worker.line] = worker, order, deaths
            for line in wait(list(busy)):
                worker, order, deaths = busy.pop(line)
                outcome = worker.answer()
                if outcome is None:
                    worker.stop()
                    crew.remove(worker)
                    crew.append(worker := _Worker(given))
                idle.append(worker)
                if outcome is None and deaths < DEATHS:
                    waiting.append((order, deaths + 1))
                else:
                    yield order, outcome

    try:
        for _ in range(workers):
            crew.append(_Worker(given))
        yield hand_out
    finally:
        for worker in crew:
            worker.process.terminate()
        for worker in crew:
            worker.stop()


@contextmanager
def _unless_set(values: Mapping[str, str]) -> Iterator[None]:
    """Set the environment variables that are not set, for the processes that start inside."""
    new = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)


def _outcome(future: Any) -> Outcome | None:
    """Take the outcome out of a future; None when its workers died, perhaps by another order that lay there too."""
    from distributed import KilledWorker

    try:
        outcome: Outcome = _result(future, AGAIN)
    except KilledWorker:
        return None
    return outcome


def _result(future: Any, advice: str) -> Any:
    """Take what was made out of a future, or say that the scheduler went away and what to do."""
    try:
        return future.result()
    except (CancelledError, OSError, TimeoutError) as problem:
        raise BatchError(f"The scheduler went away ({type(problem).__name__}). {advice}") from None


def _memory_each(workers: int) -> int:
    """Give the bytes that the notebook of one worker may take: its part of what this machine has, some left over."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return int(MOST * whole / workers)


@contextmanager
def over(scheduler: str) -> Iterator[Each]:
    """Do something with every name on the workers of a scheduler, in the project that is asked from.

    They must see that folder, and run the same library. Raises BatchError as `give_out`, and where a name loses its
    workers again and again.
    """
    from distributed import KilledWorker

    home, library = str(project_folder()), whole_library()
    with _connected(scheduler) as client:

        def each(do: Callable[[str], Any], names: Sequence[str]) -> Iterator[Any]:
            waiting = [client.submit(_there, do, name, home, library, pure=False) for name in names]
            try:
                for name, future in zip(names, waiting, strict=True):
                    try:
                        yield _result(future, ANEW)
                    except KilledWorker:
                        raise BatchError(f"{name}: its worker ended unexpectedly again and again. {ANEW}") from None
            finally:
                client.cancel(waiting)

        yield each


def _there(do: Callable[[str], Any], name: str, home: str, library: str) -> Any:
    """Do it on a worker elsewhere. What its system refuses is no fault of the connection, and is told as its own."""
    stand_in(home, library)
    try:
        return do(name)
    except OSError as problem:
        raise KloofError(f"{name}: a worker that works in {home} cannot do this: {problem}") from None


@contextmanager
def _elsewhere(scheduler: str) -> Iterator[_HandOut]:
    """Give orders to the workers of a scheduler."""
    from distributed import as_completed

    with _connected(scheduler) as client:

        def hand_out(do: Do, orders: Iterable[Order]) -> _Given:
            waiting = {client.submit(do, order, pure=False): order for order in orders}
            try:
                for future in as_completed(list(waiting), loop=client.loop):  # type: ignore[no-untyped-call]
                    yield waiting[future], _outcome(future)
            finally:
                client.cancel(list(waiting))

        yield hand_out


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    """Connect to a scheduler; one without certificates is refused."""
    import dask
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.comm.timeouts.connect": f"{CONNECT}s",
        "distributed.client.heartbeat": "2s",
        "distributed.admin.log-format": "%(message)s",
    }
    with dask.config.set(settings):
        if not scheduler.startswith(TLS) and dask.config.get("distributed.comm.require-encryption", None) is not False:
            raise BatchError(f"The scheduler {scheduler} has no certificates: {UNSAFE}")
        try:
            client = Client(scheduler, timeout=CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError, ValueError, TypeError) as problem:
            raise BatchError(
                f"No scheduler answers at {scheduler} ({type(problem).__name__}: {problem}). {START}"
            ) from None
        with client:
            yield client
