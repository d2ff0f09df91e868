"""`kloof calibrate`: how often every claim's test would be wrong, measured on synthetic municipalities."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kloof.calibration import Told


def calibrate(
    claims: Annotated[list[str] | None, typer.Option(help="only this claim (more than once: these)")] = None,
    trials: Annotated[int, typer.Option(help="synthetic municipalities for each claim, switch and size")] = 400,
    count: Annotated[
        list[int] | None, typer.Option(help="buurten (or municipalities) of each; without it 56, 15 and 200")
    ] = None,
    workers: Annotated[int, typer.Option(help="processes; 0: as many as there are cores")] = 0,
    out: Annotated[Path | None, typer.Option(help="table to fill; without it data/calibration.csv")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="make everything anew, also what is there")] = False,
) -> None:
    """Fill the table of error rates, and go on where an earlier run stopped."""
    import time

    from kloof import calibration
    from kloof.errors import ParameterError
    from kloof.sources import data_folder

    if trials < 1:
        raise ParameterError(f"trials {trials} is not a number of synthetic municipalities; give 1 or more.")
    path = out or data_folder() / "calibration.csv"
    chosen = calibration.cells(claims or (), count or calibration.COUNTS)
    before = calibration.empty() if fresh else calibration.read(path)
    started = time.monotonic()
    for table, told in calibration.calibrate(chosen, trials, before, workers=workers or os.cpu_count() or 1):
        calibration.write(path, table)
        print(f"{line_of(told)}   {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(f"{path}: {len(chosen)} cells of {trials} or more synthetic municipalities.\nNext: kloof run --only 12")


def line_of(told: "Told") -> str:
    """Say which cell is done and what came of it."""
    claim, part, switch, count, years = told.cell.key
    shares = ", ".join(f"{name.lower()} {share:.0f} %" for name, share in told.shares.items() if share)
    return f"{told.number}/{told.of} {claim} {part} {switch} ({count} × {years}): {shares}"
