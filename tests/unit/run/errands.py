"""What the workers of a test do: a module of its own, for each loads it before it begins."""

import os
import signal
import time
from pathlib import Path

from kloof.run.batch import DONE, FAILED, Order, Outcome


def orders(folder: Path, count: int) -> list[Order]:
    """Orders for functions of a test, which find their folder as home."""
    return [Order("x", f"GM{number:04d}", home=str(folder)) for number in range(count)]


def falls(order: Order) -> Outcome:
    """Kill the worker: always at GM0000, once at GM0001."""
    marker = Path(order.home) / order.municipality
    if order.municipality == "GM0000" or (order.municipality == "GM0001" and not marker.exists()):
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(order.municipality, DONE)


def fills(order: Order) -> Outcome:
    """Find the disk full at the second."""
    (Path(order.home) / order.municipality).touch()
    full = order.municipality == "GM0001"
    time.sleep(0.2)
    return Outcome(order.municipality, FAILED if full else DONE, problem="no space" if full else "", disk_full=full)


def waits(order: Order) -> Outcome:
    """Take longer than a test."""
    (Path(order.home) / order.municipality).touch()
    if order.municipality != "GM0000":
        time.sleep(300)
    return Outcome(order.municipality, DONE)


def told(order: Order) -> Outcome:
    """Do nothing."""
    return Outcome(order.municipality, DONE)
