"""Hands the orders of a batch to Dask's workers and gives the outcomes as they come; a cluster here, or one elsewhere.

A worker does one order at a time, so that as many reports are in memory as there are workers, and on this machine a
notebook may take no more than its worker's part. A worker that is killed is replaced and its order given to another; a
scheduler that is gone ends the batch, and what is done stays done.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from kloof.errors import BatchError
from kloof.run.batch import FAILED, Order, Outcome, fulfil
from kloof.run.warm import ALONE, MEMORY

AGAIN = "What is done is kept. Go on with: kloof batch --resume"
MOST = 0.8  # part of the machine's memory that notebooks may take together
CONNECT = 10  # seconds in which a scheduler must answer
DEATHS = 2  # workers that an order may lose before it is set apart


def give_out(
    orders: Sequence[Order], workers: int, scheduler: str = "", do: Callable[[Order], Outcome] = fulfil
) -> Iterator[Outcome]:
    """Fulfil orders on `workers` processes of this machine, or on those of the scheduler at an address.

    Gives each outcome as soon as it is there, in no order. Raises BatchError when the scheduler cannot be reached or
    goes away, or when the disk is full: then no other order could be fulfilled, and those that wait are not begun.
    """
    with _client(min(workers, len(orders)), scheduler) as client:
        from distributed import as_completed

        suspects: list[Order] = []
        waiting = {client.submit(do, order, pure=False): order for order in orders}
        for future in as_completed(list(waiting), loop=client.loop):  # type: ignore[no-untyped-call]
            outcome = _outcome(future)
            if outcome is None:
                suspects.append(waiting[future])
                continue
            yield outcome
            if outcome.disk_full:
                client.cancel(list(waiting))
                raise BatchError(f"The disk is full: {outcome.problem}. Make room. {AGAIN}")
        for order in suspects:  # one at a time: what dies now dies by itself
            problem = "its worker ended unexpectedly again and again"
            alone = _outcome(client.submit(do, order, pure=False))
            yield alone or Outcome(order.municipality, FAILED, problem=problem)


def _outcome(future: Any) -> Outcome | None:
    """Take the outcome out of a future; None when its workers died, perhaps by another order that lay there too."""
    from distributed import KilledWorker

    try:
        outcome: Outcome = future.result()
    except KilledWorker:
        return None
    except (CancelledError, OSError, TimeoutError) as problem:
        raise BatchError(f"The scheduler went away ({type(problem).__name__}). {AGAIN}") from None
    return outcome


def _memory_each(workers: int) -> int:
    """Give the bytes that the notebook of one worker may take: its part of what this machine has, some left over."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return int(MOST * whole / workers)


@contextmanager
def _client(workers: int, scheduler: str) -> Iterator[Any]:
    """Connect to a scheduler, or start one with workers that end with this."""
    import dask
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.comm.timeouts.connect": f"{CONNECT}s",
        "distributed.client.heartbeat": "2s",
        "distributed.admin.log-format": "%(message)s",
    }
    with dask.config.set(settings):
        if scheduler:
            try:
                client = Client(scheduler, timeout=CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
            except (OSError, TimeoutError, ValueError) as problem:
                raise BatchError(
                    f"No scheduler answers at {scheduler} ({type(problem).__name__}). Start one: dask scheduler"
                ) from None
            with client:
                yield client
            return
        given = {**ALONE, MEMORY: str(_memory_each(workers))}
        before = {name: os.environ.get(name) for name in given}
        with (
            LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL,
                env={name: value for name, value in given.items() if before[name] is None},
            ) as cluster,
            Client(cluster, set_as_default=False) as client,  # type: ignore[no-untyped-call]
        ):  # fmt: skip
            yield client
