"""The store on a synthetic national panel: opening one municipality, one indicator for all areas, adding a file.

Builds the panel in a temporary folder (about 350 MB of rows in memory at a time), measures, and removes it. Prints a
table with median, lowest and highest of the rounds; --json prints JSON; --small takes a hundredth of the size.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from national import Size, synthetic_files

from kloof.schema import COLUMNS
from kloof.store import add, read

ROUNDS = 9


def rounds(name: str, call: Callable[[], pd.DataFrame]) -> dict[str, object]:
    """Time a call that gives rows, after one call that does not count."""
    rows = call()
    assert tuple(rows.columns) == COLUMNS, "the rows are not observations"
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    return summary(name, len(rows), took)


def summary(name: str, rows: int, took: list[float]) -> dict[str, object]:
    """Give median, lowest and highest in milliseconds."""
    numbers = {"median_ms": statistics.median(took), "lowest_ms": min(took), "highest_ms": max(took)}
    return {"what": name, "rows": rows, **{key: round(1000 * value, 1) for key, value in numbers.items()}}


def measure(size: Size, folder: Path) -> list[dict[str, object]]:
    """Fill the store year by year and time it."""
    took, total, last = [], 0, None
    for last in synthetic_files(size, np.random.default_rng(2013)):
        start = time.perf_counter()
        change = add.add(last, folder)
        took.append(time.perf_counter() - start)
        total += change.rows
        assert change.outcome == "added", change
    rows = [summary(f"add a file of one year ({len(took)} files, {total:,} rows in all)", total // len(took), took)]
    buurten = read.areas(folder).assign(place=lambda table: table["code"].str[2:6])
    order = buurten.groupby("place").size().sort_values().index
    for word, code in (("median", order[len(order) // 2]), ("largest", order[-1])):
        rows.append(
            rounds(
                f"open the {word} municipality", lambda code=code: read.municipality(f"GM{code}", folder).observations
            )
        )
    rows.append(rounds("open one indicator for all areas", lambda: read.indicator("synthetic_07", folder)))
    again = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        assert add.add(last, folder).outcome == "known"
        again.append(time.perf_counter() - start)
    rows.append(summary("add the last file again: nothing changes", len(last.observations), again))
    size_on_disk = sum(path.stat().st_size for path in folder.iterdir())
    return [*rows, {"what": f"on disk: {size_on_disk / 1e6:.0f} MB", "rows": total}]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--small", action="store_true", help="a hundredth of the size, to see that it runs")
    choice = parser.parse_args()
    size = replace(Size(), municipalities=12, buurten=400, indicators=20) if choice.small else Size()
    with tempfile.TemporaryDirectory(prefix="kloof-synthetic-") as folder:
        rows = measure(size, Path(folder))
    if choice.json:
        print(json.dumps({"processors": os.cpu_count(), "rows": rows}, indent=1))
    else:
        print(pd.DataFrame(rows).to_string(index=False, na_rep=""))


if __name__ == "__main__":
    main()
