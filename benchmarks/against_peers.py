"""kloof against its peers on the workloads of ../shared/peers/bench.py, in one run and in turns; no assert on a clock.

    python benchmarks/against_peers.py [--only a,e] [--rounds 5] [--json] [--write]

Needs the peers (requirements-bench.txt, in an environment of its own). Peer and kloof are timed in turns, each from its
own prepared input: PySAL a wide frame, kloof its counts (groups × units). A peer that takes longer than SLOW seconds
runs once. Printed: the ratio peer / kloof (median, lowest, highest), whether the results are equal, the floor that the
project sets, and the *limit*: what this machine needs to read the input once from memory, and to take the logarithms,
roots, sorts and random numbers that the workload can't do without, measured in the same run. A ratio travels between
machines, seconds don't.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from workloads import SHARED, Need, Workload, frame, from_the_frame, workloads

from kloof.measures.counts import Prepared, prepare

SLOW = 2.0  # seconds
LEAST = 0.004  # seconds that one timing lasts, by repeating short work


def peers() -> ModuleType:
    """Load bench.py from beside the project."""
    path = SHARED / "peers" / "bench.py"
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("peer_bench", path)
    if spec is None or spec.loader is None or not path.is_file():
        sys.exit(f"{path} is not there; set KLOOF_SHARED to the folder that holds peers/.")
    module = sys.modules["peer_bench"] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError as problem:
        sys.exit(f"The peers are not installed ({problem}); make an environment from requirements-bench.txt.")
    return module


def seconds(function: Callable[[], Any], times: int = 1) -> float:
    """Seconds one call takes, over `times` calls."""
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) / times


def often(function: Callable[[], Any]) -> int:
    """How often to call a function so that a timing lasts long enough to be read."""
    return max(1, int(LEAST / max(seconds(function), 1e-7)))


def best(function: Callable[[], Any]) -> float:
    """Least seconds of nine timings."""
    times = often(function)
    return min(seconds(function, times) for _ in range(9))


@cache
def machine() -> dict[str, float]:
    """What this machine does per second, on one core: bytes from memory, logarithms, roots, and per sorted unit."""
    large = np.random.default_rng(1).random(8_000_000)
    middle, small = large[:70_000].copy(), large[:14_000].copy()
    room = np.empty_like(middle)
    return {
        "bytes": large.nbytes / best(large.sum),
        "logs": middle.size / best(lambda: np.log(middle, out=room)),
        "roots": middle.size / best(lambda: np.sqrt(middle, out=room)),
        "sorted": small.size / best(lambda: np.sort(small)),
        "drawn": small.size / best(lambda: np.random.default_rng(1).random(small.size)),
    }


def limit(need: Need) -> float | None:
    """Seconds that a workload can't do without on this machine."""
    speed = machine()
    whole = need.bytes / speed["bytes"] + need.logs / speed["logs"] + need.roots / speed["roots"]
    whole += need.sorts[0] * need.sorts[1] / speed["sorted"] + need.drawn / speed["drawn"]
    return whole or None


def compare(name: str, load: Workload, bench: ModuleType, rounds: int) -> dict[str, Any]:
    """Time peer and kloof in turns, and compare their results."""
    if load.run is None:
        return {"workload": name, "what": load.what, "floor": load.floor, "note": "not measured"}
    peer = bench.WORKLOADS[load.peer][0]
    with contextlib.redirect_stderr(io.StringIO()):
        start = time.perf_counter()
        their_value = float(peer())
        first = time.perf_counter() - start
        found = load.run()
        times = often(load.run)
        pairs = [(seconds(load.run, times), first if first > SLOW else seconds(peer)) for _ in range(rounds)]
    ratios = [other / own for own, other in pairs]
    floor_time = limit(load.need)
    difference = None if load.value is None else abs(float(load.value(found)) - their_value)
    own_seconds = statistics.median(own for own, _ in pairs)
    return {
        "workload": name,
        "what": load.what,
        "kloof_ms": round(1e3 * own_seconds, 4),
        "peer_ms": round(1e3 * statistics.median(other for _, other in pairs), 3),
        "ratio": round(statistics.median(ratios), 1),
        "lowest": round(min(ratios), 1),
        "highest": round(max(ratios), 1),
        "floor": load.floor,
        "equal": None if difference is None else bool(difference <= load.tolerance),
        "difference": difference,
        "limit_ms": None if floor_time is None else round(1e3 * floor_time, 4),
        "times_limit": None if floor_time is None else round(own_seconds / floor_time, 1),
        "bytes": load.need.bytes,
        "drawn": load.need.drawn,
        "note": load.note,
    }


def end_to_end(rounds: int) -> dict[str, Any]:
    """Time the way from a tidy frame of 70,000 rows to the results of a, f_fast, d and h."""
    from_the_frame()
    found = [seconds(from_the_frame) for _ in range(rounds)]
    return {
        "workload": "from_the_frame",
        "what": "conversion of 70,000 rows, then a, f_fast, d and h",
        "kloof_ms": round(1e3 * statistics.median(found), 1),
        "conversion_ms": round(1e3 * statistics.median(seconds(convert) for _ in range(rounds)), 1),
        "most_ms": 250,
        "kept": statistics.median(found) < 0.25,
    }


def convert() -> Prepared:
    """Convert the tidy frame only."""
    return prepare(frame(), ["municipality"])


COLUMNS = (
    "workload",
    "what",
    "kloof_ms",
    "peer_ms",
    "ratio",
    "lowest",
    "highest",
    "floor",
    "equal",
    "limit_ms",
    "times_limit",
)


def main() -> None:
    """Run the workloads asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="workloads, with commas")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of peer and kloof in turns")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="also write benchmarks/peers_last_run.csv")
    choice = parser.parse_args()
    known = workloads()
    names = [name for name in choice.only.split(",") if name] or list(known)
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"No workload {', '.join(unknown)}. Known: {', '.join(known)}.")
    bench = peers()
    bench.nation(), bench.parts(), bench.twenty()
    bench.SG.Gini(pd.DataFrame({"b": [1, 5, 9], "T": [10, 10, 10]}), "b", "T")  # compiles outside the clock
    rows = [compare(name, known[name], bench, choice.rounds) for name in names]
    whole = end_to_end(choice.rounds)
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    if choice.json:
        speed = {name: round(value) for name, value in machine().items()}
        shown = {"rows": rows, "from_the_frame": whole, "machine_per_second": speed, "cores": os.cpu_count()}
        print(json.dumps(shown, indent=1))
    else:
        print(table.to_string(index=False, na_rep="-"))
        print(" · ".join(f"{name} {value}" for name, value in whole.items()))
    if choice.write:
        table.to_csv(Path(__file__).parent / "peers_last_run.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
