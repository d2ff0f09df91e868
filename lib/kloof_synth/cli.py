"""`kloof calibrate` and `kloof synth`: how often every claim's test is wrong, and synthetic municipalities for it."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kloof_synth.calibration import Told


def add_commands(app: typer.Typer) -> None:
    """Add the commands about synthetic municipalities to those of kloof."""
    for command in (calibrate, synth):
        app.command()(command)


def calibrate(
    claims: Annotated[list[str] | None, typer.Option(help="claim that is tested alone; repeat for more")] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="number of synthetic municipalities for each claim, switch and size; without it 400, 200 of gaps, and "
            "of worlds 400 (100 for joined claims)",
        ),
    ] = None,
    count: Annotated[
        list[int] | None,
        typer.Option(
            min=1, help="number of buurten (or municipalities) of each; repeat for more; without it 56 and 15"
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="number of processes; 0: one for each core")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="table to fill; without it data/calibration.csv, gap_calibration.csv or worlds.csv"),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="make everything anew, also what is there")] = False,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="make the other table: the change of a gap, judged in several ways")
    ] = False,
    worlds: Annotated[
        bool, typer.Option("--worlds", help="make a third table: both questions and joined claims in sixteen worlds")
    ] = False,
) -> None:
    """Fill the table of error rates, and go on where an earlier run stopped; that of --gaps is made in one go."""
    import time

    from kloof.errors import ParameterError
    from kloof.paths import data_folder
    from kloof_synth import calibration

    if gaps and worlds:
        raise ParameterError("--gaps and --worlds are different tables: make one, then the other.")
    other = "gap_calibration" if gaps else "worlds" if worlds else ""
    path = out or data_folder() / f"{other or 'calibration'}.csv"
    processes = workers or os.cpu_count() or 1
    if other:
        if claims or count:
            raise ParameterError("--claims and --count choose cases of the first table; this one has its own cases.")
        if worlds:
            make_worlds_table(path, trials, processes, fresh=fresh)
        else:
            make_gap_table(path, trials or 200, processes)
        return
    trials = trials or 400
    chosen = calibration.cells(claims or (), count or calibration.COUNTS)
    before = calibration.empty() if fresh else calibration.read(path)
    started = time.monotonic()
    for table, told in calibration.fill(chosen, trials, before, workers=processes):
        calibration.write_table(path, table)
        print(f"{line_of(told)}   {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(f"{path}: {len(chosen)} cells of {trials} or more synthetic municipalities.\nNext: kloof run --only 12")


def make_gap_table(path: Path, trials: int, workers: int) -> None:
    """Make the table of error rates of the change of a gap anew."""
    from kloof_synth import calibration, gap_calibration

    cases = gap_calibration.cases()
    print(f"{len(cases)} cases of {trials} synthetic municipalities each …", file=sys.stderr)
    calibration.write_table(path, gap_calibration.calibrate_gaps(cases, trials, workers=workers))
    print(f"{path}: {len(cases)} cases of {trials} synthetic municipalities.\nNext: kloof run --only 12")


def make_worlds_table(path: Path, trials: int | None, workers: int, *, fresh: bool) -> None:
    """Fill the table of the sixteen worlds, and go on where an earlier run stopped."""
    import time

    from kloof_synth import calibration, world_trials

    before = calibration.empty() if fresh else calibration.read(path)
    started, every = time.monotonic(), len(world_trials.world_cells())
    for table, done in world_trials.fill_worlds(before, trials, workers):
        calibration.write_table(path, table)
        print(f"{done}   {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(f"{path}: {every} cells.\nNext: kloof run --only 12")


def line_of(told: "Told") -> str:
    """Say which cell is done and what came of it."""
    claim, part, switch, count, years = told.cell.key
    shares = ", ".join(f"{name.lower()} {share:.0f} %" for name, share in told.shares.items() if share)
    return f"{told.number}/{told.of} {claim} {part} {switch} ({count} × {years}): {shares}"


def synth(
    out: Annotated[Path, typer.Option(help="folder to write; its name begins with synthetic")],
    switch: Annotated[
        list[str] | None,
        typer.Option(
            help="claim with its size (off, small, registered, large or a number), such as C1.relative=large; repeat "
            "for more"
        ),
    ] = None,
    buurten: Annotated[int, typer.Option(min=12, max=990, help="number of buurten")] = 56,
    years: Annotated[int, typer.Option(min=4, max=12, help="number of years")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="seed of all that is drawn")] = 1,
) -> None:
    """Write a synthetic municipality whose truth is known: which claims hold in it, and by how much."""
    from kloof.catalogue import catalogue
    from kloof_synth import files
    from kloof_synth.town import MUNICIPALITY, Setting

    chosen = files.read_switches(switch or [])
    world = files.together(chosen, Setting(buurten, years), seed)
    truth = {f"{one.claim}.{one.part}": effect for one, effect in chosen}
    files.write_files(out, world, catalogue(), truth)
    listed = ", ".join(f"{name} {size:g}" for name, size in truth.items())
    print(f"Synthetic municipality {MUNICIPALITY} in {out}: {listed}")
    made = shlex.quote(f"{out}/{files.PRESET}")
    print(f"Next: cp {made} notebooks/presets/my_synthetic.toml; kloof run --preset my_synthetic")
