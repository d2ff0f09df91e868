"""Speed of chance and change: bootstraps, nulls, a correction, a decomposition, and the whole national panel.

`python benchmarks/chance.py [--json] [--workers 2] [--panel]` times kloof from its prepared counts, five rounds after a
warm-up, beside the seconds of PySAL `segregation` on the same workload (bench_result.json of the peers' folder, two
cores; single runs where PySAL is slow). On a busy machine look at the lowest and at `cpu_ms`, the time of the
processors, which with one worker is the time on an idle one. `limit_ms` is what only drawing the random numbers costs
here, in the same run: uniforms for units, one binomial or hypergeometric number per cell for people. The panel is
measured on one year and one grouping of the country at 1,000 draws and multiplied by 36, its cost shown at four sizes.
"""

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from kloof.measures import chance, decompose, many_groups, resample, two_groups
from kloof.measures.resample import Drawing, replicates
from kloof.paths import project_folder

SHARED = Path(os.environ.get("KLOOF_SHARED", project_folder().parent / "shared"))
CASES = SHARED / "peers" / "cases"
ROUNDS = 5
FLOORS = {"b": 1000, "b_people": 60, "c": 500, "d": 5000}


def nation() -> tuple[np.ndarray, np.ndarray]:
    """Counts (5, 14,000) and the offsets of 342 municipalities."""
    rows = pd.read_csv(CASES / "nation_14000x5.csv")
    wide = rows.pivot(index=["municipality", "unit"], columns="group", values="count").sort_index()
    place = wide.index.get_level_values(0).factorize()[0]
    return wide.to_numpy(float).T, np.flatnonzero(np.r_[True, np.diff(place) != 0])


def twenty(counts: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The municipalities that bench.py takes for its bootstrap."""
    parts = np.split(counts, starts[1:], axis=1)
    fit = [part for part in parts if (part.sum(axis=1) > 0).all() and part.shape[1] >= 10]
    fit = fit[::17][:20] if len(fit) >= 340 else fit[:: max(1, len(fit) // 20)][:20]
    return np.concatenate(fit, axis=1), np.cumsum([0, *(part.shape[1] for part in fit[:-1])])


def against_rest(counts: np.ndarray, group: int) -> np.ndarray:
    """Counts (2, N) of a group and all others."""
    return np.stack([counts[group], counts.sum(axis=0) - counts[group]])


def timed(function: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Milliseconds of a call, after one to warm up: median, lowest, and the least time of the processors."""
    function()
    wall, cpu = [], []
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        function()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return 1000 * statistics.median(wall), 1000 * min(wall), 1000 * min(cpu)


def workloads(workers: int) -> list[dict[str, object]]:
    """Time each workload and its limit."""
    whole, starts = nation()
    some, places = twenty(whole, starts)
    wide = pd.read_csv(CASES / "city_100x3.csv").pivot(index="unit", columns="group", values="count")
    city = against_rest(wide.to_numpy(float).T, 0)
    rows = pd.read_csv(CASES / "two_period_56x4.csv")
    years = [
        part.pivot(index="unit", columns="group", values="count").to_numpy(float).T
        for _, part in rows.groupby("period")
    ]
    measures = {"d": resample.Dissimilarity(1), "h": resample.theil_h_of_sums}
    group, rest = against_rest(whole, 1)
    many = [np.repeat(year[None], 500, axis=0) for year in years]

    def draw(counts: np.ndarray, at: object, model: str, which: dict[str, resample.Measure]) -> Callable[[], object]:
        return lambda: replicates(which, counts, at, model, Drawing(np.random.default_rng(1), 500, workers))

    cells = some.shape[1] * 500
    rng = np.random.default_rng(1)
    binomials = timed(lambda: rng.binomial(1000, 0.2, size=cells))[2] / cells
    uniforms = timed(lambda: rng.random(cells))[2] / cells
    geometric = timed(lambda: rng.hypergeometric(10_000, 30_000, np.full(50_000, 400)))[2] / 50_000
    only_d = {"d": resample.Dissimilarity(0)}
    pairs = 99 * 500
    people = draw(some, places, "people_within_units", measures)
    spread = draw(city, (0,), "systematic", only_d)
    found = [
        ("b", "bootstrap of units, D and H, 500 × 19", draw(some, places, "units", measures), uniforms * cells),
        ("b_people", "bootstrap of people, D and H, 500 × 19", people, 4 * binomials * cells),
        ("c", "permutation null of D, 500 × 100 units", draw(city, (0,), "permutation", only_d), geometric * pairs),
        ("c_sys", "systematic null of D, 500 × 100 units", spread, 2 * binomials * pairs),
        ("d", "bias-corrected D, 14,000 units", lambda: chance.bias_corrected(group, rest), None),
        ("g_margins", "change of M by margins, 500 times", lambda: decompose.decompose(*many), None),
    ]  # fmt: skip
    peer = {
        row["workload"]: row["seconds"]
        for row in json.loads((SHARED / "peers" / "bench_result.json").read_text())["lines"]
    }
    peer["b_people"] = peer["b"]
    table = []
    for name, what, function, limit in found:
        median, best, cpu = timed(function)
        seconds = peer.get(name)
        table.append(
            {
                "name": name,
                "workload": what,
                "kloof_ms": round(median, 3),
                "lowest_ms": round(best, 3),
                "cpu_ms": round(cpu, 3),
                "limit_ms": None if limit is None else round(limit, 3),
                "peer_s": seconds,
                "ratio": None if seconds is None else round(1000 * seconds / median),
                "ratio_lowest": None if seconds is None else round(1000 * seconds / best),
                "ratio_cpu": None if seconds is None else round(1000 * seconds / cpu),
                "floor": FLOORS.get(name),
            }
        )
    return table


def twelve() -> dict[str, resample.Measure]:
    """Give twelve indices of counts, by name."""
    names = (
        "dissimilarity", "isolation", "interaction", "gini", "theil_h", "correlation_ratio", "atkinson", "hutchens",
        "minmax", "concentration_profile",
    )  # fmt: skip
    measures: dict[str, resample.Measure] = {name: resample.two_groups(getattr(two_groups, name)) for name in names}
    measures |= {
        "mutual_information": resample.mutual_information_of_sums,
        "simpson_interaction": many_groups.simpson_interaction,
    }
    return measures


def whole_panel(workers: int, draws: int = 1000) -> list[dict[str, object]]:
    """Run the panel itself: 12 years × 3 groupings of the country, counts drawn anew per year; intervals are kept."""
    nation_now, starts = nation()
    measures, kept = twelve(), 0
    begin, spent = time.perf_counter(), time.process_time()
    for year in range(12):
        counts = np.random.default_rng(year).poisson(nation_now).astype(np.float64)
        for group in range(3):
            drawing = Drawing(np.random.default_rng([year, group]), draws, workers)
            found = replicates(measures, against_rest(counts, group), starts, "people_within_units", drawing)
            kept += sum(np.nanquantile(drawn, (0.025, 0.975), axis=0).size for drawn in found.values())
    return [
        {
            "municipalities": starts.size, "years": 12, "groupings": 3, "indices": len(measures), "draws": draws,
            "intervals": kept // 2, "minutes": round((time.perf_counter() - begin) / 60, 2),
            "cpu_minutes": round((time.process_time() - spent) / 60, 2),
            "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        }
    ]  # fmt: skip


def panel(workers: int, draws: int = 1000) -> list[dict[str, object]]:
    """Bootstrap of people for a country: twelve indices of counts, at four sizes."""
    whole, starts = nation()
    counts = against_rest(whole, 1)
    measures = twelve()
    table = []
    for part in (8, 4, 2, 1):
        some = starts[: -(-starts.size // part)]
        size = counts.shape[1] if part == 1 else int(starts[some.size])
        begin, spent = time.perf_counter(), time.process_time()
        replicates(
            measures, counts[:, :size], some, "people_within_units", Drawing(np.random.default_rng(1), draws, workers)
        )
        wall, cpu = time.perf_counter() - begin, time.process_time() - spent
        table.append(
            {
                "units": size,
                "municipalities": some.size,
                "draws": draws,
                "indices": len(measures),
                "seconds": round(wall, 2),
                "cpu_seconds": round(cpu, 2),
                "ns_per_unit_and_draw": round(cpu / size / draws * 1e9, 1),
                "panel_minutes_on_2_cores": round(cpu * 36 * counts.shape[1] / size / 120, 2),
                "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
            }
        )
    return table


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--panel", action="store_true", help="also the national panel (some minutes)")
    parser.add_argument("--workers", type=int, default=2)
    choice = parser.parse_args()
    tables = {"workloads": workloads(choice.workers)}
    if choice.panel:
        tables["panel"] = panel(choice.workers)
        tables["whole_panel"] = whole_panel(choice.workers)
    if choice.json:
        print(json.dumps(tables, indent=1))
    else:
        for table in tables.values():
            print(pd.DataFrame(table).to_string(index=False), end="\n\n")


if __name__ == "__main__":
    main()
