"""`kloof batch` beside stock papermill: wall time, reports a minute, peak memory, and what is not made again.

The peer makes the same reports the plain way: papermill's own engine, a new kernel for each notebook, one notebook
after the other, one language after the other. It is timed on `--peers` municipalities spread over the batch's, half of
them before the batch and half after it, and the ratio is of seconds per report. Everything happens in a temporary copy
of the project. `--synthetic N` fills the store with a synthetic panel of N municipalities instead of files; its names
say synthetic.

    python benchmarks/batch.py ../shared/data/national/buurten_2024.parquet ../shared/data/rivm/*.xlsx --count 60
    python benchmarks/batch.py --synthetic 342
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from national import Size, SyntheticFile, synthetic_files

from kloof.cli.batch import codes_of
from kloof.schema import level_of
from kloof.store import add

PROJECT = Path(__file__).resolve().parents[1]
NAMES = (
    "inhabitants", "good_perceived_health_share", "mean_dwelling_value", "owner_occupied_share", "crime_rate",
    "mean_income_per_inhabitant",
)  # fmt: skip
YEARS = (2012, 2016, 2020, 2024)


def home_in(folder: Path) -> Path:
    """Copy what a run needs."""
    home = folder / "home"
    for name in ("data", "notebooks"):
        shutil.copytree(
            PROJECT / name, home / name, ignore=shutil.ignore_patterns("raw", "store", ".ipynb_checkpoints")
        )
    (home / "reports").mkdir()
    return home


def named_as_real(made: SyntheticFile) -> SyntheticFile:
    """Give the indicators of a synthetic file names that reports know; areas and sources stay synthetic by name."""
    rows = made.observations
    known = dict(zip(dict.fromkeys(rows["indicator"]), NAMES, strict=False))
    rows = rows.assign(indicator=rows["indicator"].map(known))
    people = rows["indicator"] == "inhabitants"
    level = rows["code"].map(level_of)
    counts = (20 * rows["value"].fillna(10)).round() * level.map({"buurt": 1, "wijk": 5, "gemeente": 40})
    rows = rows.assign(value=counts.where(people, rows["value"]), status=rows["status"].where(~people, "measured"))
    units = {
        "inhabitants": "persons",
        "mean_dwelling_value": "thousand_euro",
        "mean_income_per_inhabitant": "thousand_euro",
    }
    return replace(made, observations=rows.assign(unit=rows["indicator"].map(units).fillna("percent")))


def fill(synthetic: int, files: Sequence[str]) -> None:
    """Fill the store."""
    if synthetic:
        size = Size(synthetic, max(synthetic, round(14_000 * synthetic / 342)), len(NAMES), YEARS)
        for made in synthetic_files(size, np.random.default_rng(2012)):
            add.add(named_as_real(made))
        return
    subprocess.run(
        [sys.executable, "-m", "kloof.cli.main", "data", "add", *files], check=True, stdout=subprocess.DEVNULL
    )


class Peak:
    """Watches the memory of this process and all below it (proportional set size), in megabytes."""

    def __init__(self) -> None:
        self.highest = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Peak":
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        own = psutil.Process()
        while not self._over.wait(1.0):
            total = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
            self.highest = max(self.highest, total / 2**20)


def timed(what: Callable[[], object]) -> float:
    """Give the seconds something takes."""
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def batch(codes: Sequence[str], workers: int) -> list[dict[str, Any]]:
    """Run the command; give its outcomes."""
    words = ["batch", "--municipality", ",".join(codes), "--workers", str(workers), "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "kloof.cli.main", *words], capture_output=True, text=True, check=False
    )
    if not ended.stdout.strip():
        sys.exit(ended.stderr)
    found: list[dict[str, Any]] = json.loads(ended.stdout)
    for failed in (one for one in found if one["state"] == "failed"):
        print(f"{failed['municipality']} failed: {failed['problem']}", file=sys.stderr)
    return found


def stock(code: str) -> None:
    """Make one report the plain way."""
    from kloof.run.execute import STOCK, How
    from kloof.run.report import make_report

    make_report("municipality", {"municipality": code}, how=How(STOCK, abreast=False))


def measure(codes: Sequence[str], peers: int, workers: int) -> dict[str, Any]:
    """Time peer, batch and peer, then a batch with nothing changed and one with new figures of one municipality."""
    reports = Path(os.environ["KLOOF_HOME"]) / "reports"
    chosen = [codes[at * len(codes) // peers] for at in range(peers)]
    plain: list[float] = []
    found: dict[str, bytes] = {}

    def peer(code: str) -> None:
        plain.append(timed(lambda: stock(code)))
        found[code] = (reports / code / "results.json").read_bytes()

    memory = Peak()
    with memory:
        for code in chosen[::2]:
            peer(code)
            shutil.rmtree(reports / code)
        outcomes: list[dict[str, Any]] = []
        took = timed(lambda: outcomes.extend(batch(codes, workers)))
        finished = sum(one["state"] != "failed" for one in outcomes)
        made = {code: (reports / code / "results.json").read_bytes() for code in chosen}
        for code in chosen[1::2]:
            kept = (reports / code).rename(reports / f"{code}-batch")
            peer(code)
            shutil.rmtree(reports / code)
            kept.rename(reports / code)
    assert made == found, "the two ways found different things"
    again = timed(lambda: batch(codes, workers))
    add_own(codes[0], f"BU{codes[0][2:]}0000")
    changed: list[dict[str, Any]] = []
    once = timed(lambda: changed.extend(batch(codes, workers)))
    redone = sorted(one["municipality"] for one in changed if one["state"] != "unchanged")
    each = took / finished  # what was refused took its time too, and is no report
    return {
        "reports": 2 * finished, "refused": len(codes) - finished, "workers": workers, "batch_seconds": round(took, 1),
        "reports_a_minute": round(120 * finished / took, 1), "peak_megabytes": round(memory.highest),
        "stock_seconds_a_municipality": [round(one, 1) for one in plain],
        "batch_seconds_a_municipality": round(each, 1),
        "ratio": round(sum(plain) / len(plain) / each, 1) if plain else None,
        "nothing_changed_seconds": round(again, 1), "one_changed_seconds": round(once, 1), "redone": redone,
        "load": [round(one, 1) for one in os.getloadavg()],
    }  # fmt: skip


def add_own(code: str, buurt: str) -> None:
    """Add a figure about one municipality to the store: invented, under a name that says so."""
    import pandas as pd

    from kloof.schema import COLUMNS, SOURCE

    row = (buurt, 2023, "cancer_deaths_share", 30.0, "percent", "measured", "synthetic_change")
    rows = pd.DataFrame([row], columns=list(COLUMNS))
    areas = pd.DataFrame({"code": [buurt], "name": ["synthetic"], "level": ["buurt"], "parent_code": [code]})
    source = dict.fromkeys(SOURCE, "synthetic") | {"source_id": "synthetic_change", "retrieved": ""}
    described = pd.DataFrame([source], columns=list(SOURCE))
    add.add(SyntheticFile("synthetic_change.csv", "0" * 64, "synthetic", rows, areas, described))


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="files for kloof data add")
    parser.add_argument("--synthetic", type=int, default=0, help="municipalities of a synthetic panel instead")
    parser.add_argument("--count", type=int, default=0, help="municipalities of the batch; 0: all")
    parser.add_argument("--peers", type=int, default=3, help="municipalities that stock papermill makes too")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    choice = parser.parse_args()
    if not choice.synthetic and not choice.files:
        parser.error("give files, or --synthetic N")
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KLOOF_HOME"] = str(home_in(Path(folder)))
        fill(choice.synthetic, choice.files)
        held = codes_of(every=True, given=[])
        codes = held[:: max(1, len(held) // choice.count)][: choice.count] if choice.count else held
        print(json.dumps(measure(codes, min(choice.peers, len(codes)), choice.workers), indent=1))


if __name__ == "__main__":
    main()
