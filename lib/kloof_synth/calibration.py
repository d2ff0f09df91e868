"""How often would each claim's test be wrong, and how often does it see a true effect? Measured on synthetic places.

`kloof calibrate` (or `make calibration`) fills data/calibration.csv. Each row says how often (`share`, percent of `n`
synthetic municipalities, with the standard error `mc_error` of that percentage) one part of one claim got one verdict,
with its switch `off` (the claim is false, by as little as can be), `small`, `registered` or `large` (true by `effect`
in `unit`), in a place of `count` buurten (or municipalities: `units`) over `years`. A run that is broken off goes on
where it was, and a larger `n` adds to what is there: every synthetic municipality has its own seed.
"""

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd

from kloof.errors import ParameterError
from kloof.findings import VERDICTS
from kloof.paths import write_whole
from kloof_synth.switches import Switch, switches
from kloof_synth.town import Setting
from kloof_synth.trials import processes, verdict

OFF, SMALL, REGISTERED, LARGE = "off", "small", "registered", "large"
POSITIONS = (OFF, SMALL, REGISTERED, LARGE)
COUNTS = (56, 15)
YEARS = 8
SEED = 20210323
DRAWS = 299
BLOCK = 20  # synthetic municipalities that a worker makes at a time
KEY = ("claim", "part", "switch", "count", "years")
COLUMNS = (
    "municipality", "claim", "part", "switch", "effect", "unit", "units", "count", "years", "verdict", "share",
    "mc_error", "n",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One switch in one position, in a place of one size."""

    switch: Switch
    position: str
    setting: Setting

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """Names the cell in the table."""
        return self.switch.claim, self.switch.part, self.position, self.setting.buurten, self.setting.years


def cells(claims: Sequence[str] = (), counts: Sequence[int] = COUNTS) -> tuple[Cell, ...]:
    """Give the cells of some claims (or all), the usual size first.

    Raises ParameterError naming the claims that can be calibrated.
    """
    every = switches()
    valid = sorted({one.claim for one in every})
    if unknown := [claim for claim in claims if claim not in valid]:
        raise ParameterError(f"{', '.join(unknown)} cannot be calibrated. Valid: {', '.join(valid)}.")
    made = []
    for count in counts:
        for one in every:
            if claims and one.claim not in claims:
                continue
            for position, effect in zip(POSITIONS, (0.0, *one.sizes), strict=False):
                made.append(Cell(one, position, Setting(count, YEARS, effect)))
    return tuple(made)


def judged_cell(cell: Cell, seed: int, draws: int, replicates: range) -> Counter[str]:
    """Count the verdicts on some synthetic municipalities; the same ones in every position of a switch."""
    own = zlib.crc32(f"{cell.switch.claim} {cell.switch.part} {cell.setting.buurten}".encode())
    return Counter(verdict(cell.switch, cell.setting, (seed, own, at), draws) for at in replicates)


def error_of(count: int, n: int) -> float:
    """Give the standard error of a percentage: by Agresti & Coull 1998, not 0 where nothing was seen."""
    middle = (count + 2) / (n + 4)
    return round(100 * float(np.sqrt(middle * (1 - middle) / (n + 4))), 2)


def tally(cell: Cell, counted: Counter[str]) -> list[tuple[object, ...]]:
    """Lay the counts of a cell out as rows of the table."""
    n, switch = counted.total(), cell.switch
    rows: list[tuple[object, ...]] = []
    for name in VERDICTS:
        head = ("synthetic", switch.claim, switch.part, cell.position, cell.setting.effect, switch.unit, switch.units)
        size = cell.setting.buurten, cell.setting.years
        rows.append((*head, *size, name, round(100 * counted[name] / n, 2), error_of(counted[name], n), n))
    return rows


def empty() -> pd.DataFrame:
    """Make a table without rows."""
    return pd.DataFrame(columns=list(COLUMNS))


def read(path: Path) -> pd.DataFrame:
    """Read a table that was written before; without the file an empty one."""
    return pd.read_csv(path) if path.is_file() else empty()


def _known(table: pd.DataFrame, cell: Cell) -> Counter[str]:
    """Read back the counts of a cell; none when it was made with another effect."""
    own = table[(table[list(KEY)] == list(cell.key)).all(axis=1)]
    if own.empty or not math.isclose(float(own["effect"].iloc[0]), cell.setting.effect, abs_tol=1e-12):
        return Counter()
    counts = (own["share"] * own["n"] / 100).round().astype(int)
    return Counter(dict(zip(own["verdict"], counts, strict=True)))


@dataclass(frozen=True)
class Told:
    """What is told of a cell that is done: which, of how many, and the shares of its verdicts."""

    number: int
    of: int
    cell: Cell
    shares: dict[str, float]


def fill(
    chosen: Sequence[Cell], n: int, before: pd.DataFrame, draws: int = DRAWS, seed: int = SEED, workers: int = 1
) -> Iterator[tuple[pd.DataFrame, Told]]:
    """Fill the table cell by cell up to `n` synthetic municipalities each; give it after each cell that was worked on.

    What stands in `before` with as many or more is kept. The table is the same for any number of workers and whether or
    not it was made in one go.
    """
    table = before
    pool: Executor | None = processes(workers) if workers > 1 else None
    with pool or nullcontext():
        for number, cell in enumerate(chosen, 1):
            counted = _known(table, cell)
            if counted.total() >= n:
                continue
            blocks = [range(at, min(at + BLOCK, n)) for at in range(counted.total(), n, BLOCK)]
            run: Callable[..., Iterator[Counter[str]]] = map if pool is None else pool.map
            for part in run(judged_cell, repeat(cell), repeat(seed), repeat(draws), blocks):
                counted += part
            rows = pd.DataFrame(tally(cell, counted), columns=list(COLUMNS))
            others = table[~(table[list(KEY)] == list(cell.key)).all(axis=1)]
            table = _ordered(rows if others.empty else pd.concat([others, rows], ignore_index=True))
            shares = dict(zip(rows["verdict"], rows["share"].astype(float), strict=True))
            yield table, Told(number, len(chosen), cell, shares)


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Order the rows as the cells are, whatever the order in which they were made."""
    place = {cell.key: at for at, cell in enumerate(cells())}
    keys = [tuple(row) for row in table[list(KEY)].itertuples(index=False)]
    rank = [place.get((str(a), str(b), str(c), int(d), int(e)), len(place)) for a, b, c, d, e in keys]
    order = table.assign(_rank=rank).sort_values("_rank", kind="stable", ignore_index=True)
    return order.drop(columns="_rank")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write the table whole."""
    write_whole(path, table.to_csv(index=False, lineterminator="\n"))
