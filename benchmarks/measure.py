"""Speed as ratios against a plain peer in the same run, alternating; nothing here is asserted on a clock in a test.

Peers: the same index in a pandas group-by loop (as most notebooks write it), the same table read with the standard
library, and stock papermill on the same notebook. Prints a table; with --write also benchmarks/last_run.csv.
"""

import argparse
import csv
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from kloof.catalogue import catalogue
from kloof.files.recognise import recognise
from kloof.measures import two_groups
from kloof.paths import project_folder

ROUNDS = 5
SHARED = Path(os.environ.get("KLOOF_SHARED", project_folder().parent / "shared"))


def timed(function: Callable[[], object]) -> float:
    """Seconds one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(name: str, size: str, ours: Callable[[], object], peer: Callable[[], object]) -> dict[str, object]:
    """Time both in turns and give the ratio peer / ours: median, lowest and highest."""
    ours(), peer()
    pairs = [(timed(ours), timed(peer)) for _ in range(ROUNDS)]
    ratios = [other / own for own, other in pairs]
    return {
        "workload": name,
        "size": size,
        "kloof_ms": round(1000 * statistics.median(own for own, _ in pairs), 2),
        "peer_ms": round(1000 * statistics.median(other for _, other in pairs), 2),
        "ratio": round(statistics.median(ratios), 1),
        "lowest": round(min(ratios), 1),
        "highest": round(max(ratios), 1),
    }


def nation() -> dict[str, object]:
    """Dissimilarity of one group in 342 municipalities: one call against a group-by loop."""
    counts = pd.read_csv(SHARED / "peers" / "cases" / "nation_14000x5.csv")
    wide = counts.pivot(index=["municipality", "unit"], columns="group", values="count").sort_index()
    group, rest = wide["b"].to_numpy(float), wide.drop(columns="b").sum(axis=1).to_numpy(float)
    starts = np.flatnonzero(np.r_[True, np.diff(wide.index.get_level_values("municipality").factorize()[0]) != 0])
    tidy = pd.DataFrame({"place": wide.index.get_level_values("municipality"), "a": group, "b": rest})

    def loop() -> pd.Series:
        def one(rows: pd.DataFrame) -> float:
            return float(0.5 * (rows["a"] / rows["a"].sum() - rows["b"] / rows["b"].sum()).abs().sum())

        return tidy.groupby("place").apply(one)

    own = two_groups.dissimilarity(group, rest, starts)
    other = loop().to_numpy()
    known = ~np.isnan(own) & ~np.isnan(other)
    assert np.allclose(own[known], other[known], atol=1e-12), "the two do not give the same numbers"
    return compare(
        "D, 342 municipalities", "14,000 buurten", lambda: two_groups.dissimilarity(group, rest, starts), loop
    )


def importer() -> dict[str, object]:
    """Read, check and harmonise the Heerlen database, against only reading its cells."""
    path, known = SHARED / "data" / "kwb" / "heerlen_2016_2020.db", catalogue()

    def cells() -> list[object]:
        with sqlite3.connect(path) as connection:
            names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
            return [connection.execute(f'select * from "{name}"').fetchall() for name in names]

    def read() -> object:
        return recognise(path, known, municipality="GM0917")

    return compare("read a KWB database", "408 rows × 95 columns", read, cells)


def notebook() -> dict[str, object]:
    """Run notebook 01 as a report does, against stock papermill on the command line."""
    path = project_folder() / "notebooks" / "01_what_do_we_know.ipynb"
    with tempfile.TemporaryDirectory() as folder:
        surroundings = {**os.environ, "KLOOF_PARTS": folder, "PYTHONWARNINGS": "ignore"}

        def stock() -> None:
            command = [sys.executable, "-m", "papermill", "--no-progress-bar", str(path), f"{folder}/stock.ipynb"]
            subprocess.run(command, check=True, env=surroundings, capture_output=True)

        def own() -> None:
            from kloof.run.execute import execute

            parameters = {"preset": "breda", "language": "nl"}
            execute(path, Path(folder) / "own.ipynb", parameters, Path(folder), str)

        return compare("notebook 01", "25 cells, 1 figure", own, stock)


def main() -> None:
    """Run all workloads and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="also write benchmarks/last_run.csv")
    parser.add_argument("--json", action="store_true", help="print JSON")
    choice = parser.parse_args()
    rows = [nation(), importer(), notebook()]
    if choice.json:
        print(json.dumps(rows, indent=1))
    else:
        print(pd.DataFrame(rows).to_string(index=False))
    if choice.write:
        with (Path(__file__).parent / "last_run.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
