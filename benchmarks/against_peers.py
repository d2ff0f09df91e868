"""kloof against its peers on the workloads of ../shared/peers/bench.py, in one run and in turns; no assert on a clock.

    python benchmarks/against_peers.py [--only a,e] [--rounds 5] [--json] [--write]

Needs the peers (requirements-bench.txt, in an environment of its own). Peer and kloof are timed in turns, each from its
own prepared input: PySAL a wide frame, kloof its counts (groups × units). A peer that takes longer than SLOW seconds
runs once. Printed: the ratio peer / kloof (median, lowest, highest), whether the results are equal, the floor that the
project sets, and the *limit*: what this machine needs to read the input once from memory, and to take the logarithms,
roots and sorts that the workload can't do without, measured in the same run. A ratio travels between machines, seconds
don't.
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
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from kloof import formulas, manygroups, rankorder
from kloof.counts import Prepared, choose, prepare
from kloof.segments import FloatArray, Groups, Pair

PROJECT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("KLOOF_SHARED", PROJECT.parent / "shared"))
SLOW = 2.0  # seconds
LEAST = 0.004  # seconds that one timing lasts, by repeating short work

TWO_GROUPS = (
    formulas.atkinson, formulas.concentration_profile, formulas.correlation_ratio, formulas.dissimilarity,
    formulas.theil_h, formulas.gini, formulas.interaction, formulas.isolation, formulas.minmax,
)  # fmt: skip
MANY_GROUPS = (
    manygroups.multigroup_dissimilarity, manygroups.mutual_information, manygroups.entropy, manygroups.multigroup_gini,
    manygroups.multigroup_theil_h, manygroups.normalised_exposure, manygroups.relative_diversity,
    manygroups.squared_coefficient_of_variation, manygroups.simpson_concentration, manygroups.simpson_interaction,
)  # fmt: skip


@dataclass(frozen=True)
class Need:
    """What a workload can't do without: bytes read, logarithms, roots, units sorted (in `sorts` sorts of one size)."""

    bytes: int = 0
    logs: int = 0
    roots: int = 0
    sorts: tuple[int, int] = (0, 0)
    drawn: int = 0


@dataclass(frozen=True)
class Workload:
    """A peer's workload by its name in bench.py, what kloof does for it, the number to compare, and its floor."""

    peer: str
    what: str
    run: Callable[[], Any] | None
    value: Callable[[Any], float]
    tolerance: float = 1e-9
    floor: float | None = None
    need: Need = Need()
    note: str = ""


def peers() -> ModuleType:
    """Load bench.py from beside the project."""
    path = SHARED / "peers" / "bench.py"
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("peer_bench", path)
    if spec is None or spec.loader is None or not path.is_file():
        sys.exit(f"{path} is not there; set KLOOF_SHARED to the folder that holds peers/.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError as problem:
        sys.exit(f"The peers are not installed ({problem}); make an environment from requirements-bench.txt.")
    return module


@cache
def frame() -> pd.DataFrame:
    """The tidy frame of 70,000 rows."""
    return pd.read_csv(SHARED / "peers" / "cases" / "nation_14000x5.csv")


@cache
def municipalities() -> Prepared:
    """The same, prepared: 342 municipalities behind each other."""
    return choose(prepare(frame(), ["municipality"]))


@cache
def nation() -> Prepared:
    """The same as one whole."""
    return replace(municipalities(), starts=np.zeros(1, dtype=np.intp), keys=pd.DataFrame(index=[0]))


@cache
def group_b() -> tuple[FloatArray, FloatArray]:
    """Group b and the rest of the nation."""
    counts = choose(nation(), "b").counts
    return counts[0].copy(), counts[1].copy()


def three_per_municipality(prepared: Prepared) -> tuple[FloatArray, ...]:
    """D of group b, multigroup H and M of every municipality, from tables that share their totals."""
    groups = Groups(prepared.counts, prepared.starts)
    members = prepared.counts[1]
    pair = Pair(members, groups.both - members, prepared.starts)
    return (
        formulas.dissimilarity.of(pair),
        manygroups.multigroup_theil_h.of(groups),
        manygroups.mutual_information.of(groups),
    )


def as_the_peer_adds_up(found: tuple[FloatArray, ...]) -> float:
    """PySAL gives no H where a group is absent (12 municipalities); its sum leaves those out."""
    prepared = municipalities()
    present = (Groups(prepared.counts, prepared.starts).members > 0).all(axis=0)
    return float(found[0].sum() + found[1][present].sum() + found[2].sum())


def two_groups(group: FloatArray, rest: FloatArray, wanted: tuple[Any, ...] = TWO_GROUPS) -> list[float]:
    """Indices of two groups of the nation, from one table."""
    table = Pair(group, rest)
    return [float(formula.of(table)[0]) for formula in wanted]


def many_groups(prepared: Prepared, wanted: tuple[Any, ...] = MANY_GROUPS) -> list[float]:
    """Indices of many groups of the nation, from one table."""
    table = Groups(prepared.counts, prepared.starts)
    return [float(formula.of(table)[0]) for formula in wanted]


def from_the_frame() -> float:
    """Convert the tidy frame, then workloads a, f (without corrections) and h."""
    ready = choose(prepare(frame(), ["municipality"]))
    total = float(sum(part.sum() for part in three_per_municipality(ready)))
    whole = replace(ready, starts=np.zeros(1, dtype=np.intp))
    pair = choose(whole, "b").counts
    return total + sum(two_groups(pair[0], pair[1])) + sum(many_groups(whole))


def income_arrays(income: FloatArray, unit: Any) -> rankorder.Ordered:
    """Rank and count the persons."""
    return rankorder.classes_of_values(income, unit, classes=14)


@cache
def persons() -> tuple[FloatArray, Any]:
    """Income and unit of the 1,000 persons."""
    table = pd.read_csv(SHARED / "peers" / "cases" / "income_20x50.csv")
    return table["income"].to_numpy(dtype=float), pd.factorize(table["unit"])[0]


def a_hundred_rank_orders() -> float:
    """H^R of degree 4, a hundred times, from the persons."""
    found = 0.0
    for _ in range(100):
        found = float(rankorder.rank_order_theil_h.of(income_arrays(*persons()), value=4)[0])
    return found


def integrations(prepared: Prepared) -> FloatArray:
    """1 − integration of every municipality."""
    return 1 - manygroups.integration(prepared.counts, prepared.starts)


def workloads() -> dict[str, Workload]:
    """Every workload; `run` is None where the functions stand in other modules, which fill `OTHER`."""
    units, cells = nation().units.size, nation().counts.size
    whole = 8 * cells
    logs = cells
    mine = {
        "a": Workload(
            "a", "D, H, M of 342 municipalities", lambda: three_per_municipality(municipalities()), as_the_peer_adds_up,
            floor=500, need=Need(whole, logs),
        ),
        "e": Workload(
            "e", "Gini, 14,000 units", lambda: two_groups(*group_b(), (formulas.gini,)), sum, floor=15,
            need=Need(16 * units, sorts=(1, units)),
        ),
        "e_multi": Workload(
            "e_multi", "multigroup Gini, 14,000 × 5", lambda: many_groups(nation(), (manygroups.multigroup_gini,)), sum,
            floor=5000, need=Need(whole, sorts=(5, units)),
        ),
        "f_fast": Workload(
            "f_fast", "nine indices of two groups", lambda: two_groups(*group_b()),
            # the peer ignores b (the same at ½) and integrates the profile over a grid of 1000 (off by 4.6e-4)
            sum, tolerance=2e-3, need=Need(16 * units, 2 * units, 2 * units, (1, units)),
            note="equal within the peer's grid for the concentration profile",
        ),
        "h": Workload(
            "h", "ten indices of many groups", lambda: many_groups(nation()), sum, floor=4000,
            need=Need(whole, logs, sorts=(5, units)),
        ),
        "h_fast": Workload(
            "h_fast", "nine of them, without Gini",
            lambda: many_groups(nation(), tuple(one for one in MANY_GROUPS if one is not manygroups.multigroup_gini)),
            sum, need=Need(whole, logs),
        ),
        "k": Workload(
            "k", "1 − integration of 342 municipalities", lambda: integrations(municipalities()), np.sum,
            need=Need(whole),
        ),
        "l": Workload(
            "l", "seven indices of two groups",
            lambda: two_groups(
                *group_b(),
                (formulas.dissimilarity, formulas.gini, formulas.theil_h, formulas.atkinson, formulas.isolation,
                 formulas.interaction, formulas.correlation_ratio),
            ),
            sum, need=Need(16 * units, 2 * units, 2 * units, (1, units)),
        ),
        "m": Workload(
            "m", "H^R of 1,000 incomes, 100 times", a_hundred_rank_orders, float, tolerance=1e-6,
            need=Need(100 * 16_000, 100 * 13 * 20 * 2, sorts=(100, 1_000)),
            note="the peer nudges shares of 0 and 1 by 1e-6",
        ),
    }  # fmt: skip
    asked = {
        "b": Workload("b", "bootstrap of units, D and H, 500 × 20", None, float, floor=1000),
        "b_people": Workload("b", "bootstrap of people, D and H, 500 × 20", None, float, floor=60),
        "c": Workload("c", "permutation null of D, 500 × 100 units", None, float, floor=500),
        "d": Workload("d", "bias-corrected D, 14,000 units", None, float, floor=5000),
        "f": Workload("f", "twelve indices with corrections", None, float, floor=5000),
        "g": Workload("g", "change decomposition of D, 500 times", None, float, floor=150),
    }
    return mine | asked | OTHER


# workloads of the modules on uncertainty and change, by the names above
OTHER: dict[str, Workload] = {}


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
        "sorted": small.size / best(lambda: np.argsort(small)),
    }


def limit(need: Need) -> float | None:
    """Seconds that a workload can't do without on this machine."""
    speed = machine()
    whole = need.bytes / speed["bytes"] + need.logs / speed["logs"] + need.roots / speed["roots"]
    whole += need.sorts[0] * need.sorts[1] / speed["sorted"]
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
    own_value, floor_time = float(load.value(found)), limit(load.need)
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
        "equal": bool(abs(own_value - their_value) <= load.tolerance),
        "difference": abs(own_value - their_value),
        "limit_ms": None if floor_time is None else round(1e3 * floor_time, 4),
        "times_limit": None if floor_time is None else round(own_seconds / floor_time, 1),
        "bytes": load.need.bytes,
        "drawn": load.need.drawn,
        "note": load.note,
    }


def end_to_end(rounds: int) -> dict[str, Any]:
    """Time the way from a tidy frame of 70,000 rows to the results of a, f and h."""
    from_the_frame()
    found = [seconds(from_the_frame) for _ in range(rounds)]
    return {
        "workload": "from_the_frame",
        "what": "conversion of 70,000 rows, then a, f_fast and h",
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
