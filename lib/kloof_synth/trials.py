"""One trial of one claim: a synthetic municipality is judged by the runner that judges a real one.

Many are made side by side, by processes that end when the one that asked for them does.
"""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np

from kloof.catalogue import Catalogue, catalogue
from kloof.findings import NOT_TESTABLE, Finding, Verdict
from kloof.questions import (  # noqa: F401 (each registers the kinds it computes)
    carried,
    gap_tables,
    groups_over_time,
    ladder,
    liveability,
    policy,
    runner,
    spending,
    tenures,
)
from kloof_synth.switches import Switch
from kloof_synth.town import Setting, study


@cache
def known() -> Catalogue:
    """Read the catalogue once per process."""
    return catalogue()


def judged(switch: Switch, setting: Setting, seed: Sequence[int], draws: int) -> list[tuple[Finding, Verdict]]:
    """Make one synthetic municipality and judge the switch's part of its claim, as the notebooks do."""
    rng = np.random.default_rng(list(seed))
    world = switch.make(replace(setting, calm=switch.calm), rng)
    made = study(world, known(), {**switch.parameters, "draws": draws, "seed": int(rng.integers(2**31))})
    return runner.judged(made, switch.claim, (switch.row,))


def verdict(switch: Switch, setting: Setting, seed: Sequence[int], draws: int) -> str:
    """Give the verdict on the switch's part of its claim in one synthetic municipality."""
    found = judged(switch, setting, seed, draws)
    return found[0][1].verdict if found else NOT_TESTABLE


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
