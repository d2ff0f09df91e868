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
        typer.Option(
            help="table to fill; without it data/calibration.csv, gap_calibration.csv, worlds.csv, "
            "national_calibration.csv, segregation_calibration.csv, "
            "event_calibration.csv or mechanism_calibration.csv"
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="make everything anew, also what is there")] = False,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="make the other table: the change of a gap, judged in several ways")
    ] = False,
    worlds: Annotated[
        bool, typer.Option("--worlds", help="make a third table: both questions and joined claims in sixteen worlds")
    ] = False,
    national: Annotated[
        bool,
        typer.Option("--national", help="make a fourth: what all municipalities say together, in synthetic countries"),
    ] = False,
    segregation: Annotated[
        bool, typer.Option("--segregation", help="make a fifth: segregation in all municipalities, in nine countries")
    ] = False,
    events: Annotated[
        bool, typer.Option("--events", help="make a sixth: what they say of an event, and matched buurten of one place")
    ] = False,
    mechanisms: Annotated[
        bool, typer.Option("--mechanisms", help="make a seventh: claims on mechanisms within all municipalities")
    ] = False,
) -> None:
    """Fill the table of error rates, and go on where an earlier run stopped; that of --gaps is made in one go."""
    import time

    from kloof.errors import ParameterError
    from kloof.paths import data_folder
    from kloof_synth import calibration

    others = {
        "gap_calibration": gaps,
        "worlds": worlds,
        "national_calibration": national,
        "segregation_calibration": segregation,
        "event_calibration": events,
        "mechanism_calibration": mechanisms,
    }  # fmt: skip
    asked = [name for name, wanted in others.items() if wanted]
    if len(asked) > 1:
        raise ParameterError(
            "--gaps, --worlds, --national, --segregation, --events and --mechanisms are different tables: "
            "make one, then the other."
        )
    path = out or data_folder() / f"{(asked or ['calibration'])[0]}.csv"
    processes = workers or os.cpu_count() or 1
    if asked:
        if claims or count:
            raise ParameterError("--claims and --count choose cases of the first table; this one has its own cases.")
        if worlds:
            make_worlds_table(path, trials, processes, fresh=fresh)
        elif gaps:
            make_gap_table(path, trials or 200, processes)
        elif segregation:
            make_segregation_table(path, trials or 40, processes)
        elif events:
            make_event_table(path, trials or 40, processes)
        elif mechanisms:
            make_mechanism_table(path, trials or 200, processes)
        else:
            make_national_table(path, trials or 100, processes)
        return
    trials = trials or 400
    chosen = calibration.cells(claims or (), count or calibration.COUNTS)
    before = calibration.empty() if fresh else calibration.read(path)
    started = time.monotonic()
    for table, told in calibration.fill(chosen, trials, before, workers=workers or os.cpu_count() or 1):
        calibration.write_table(path, table)
        print(f"{line_of(told)}   {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(f"{path}: {len(chosen)} cells of {trials} or more synthetic municipalities.\nNext: kloof run --only 12")


def make_national_table(path: Path, trials: int, workers: int) -> None:
    """Fill both tables of the synthetic countries in one go: the second, of power, beside the first."""
    from kloof_synth.calibration import write_table
    from kloof_synth.country_trials import POWER, country_trials

    tables = country_trials(trials, workers)
    for place, table in zip((path, path.with_name(POWER)), tables, strict=True):
        write_table(place, table.round(1))
    print(f"{path}: {len(tables[0])} countries of synthetic municipalities, {trials} times each; {POWER} beside it.")


def make_segregation_table(path: Path, trials: int, workers: int) -> None:
    """Fill the table of segregation in the nine synthetic countries in one go."""
    from kloof_synth.calibration import write_table
    from kloof_synth.segregation_trials import segregation_trials

    table = segregation_trials(trials, workers).round(dict.fromkeys(("truth", "plain", "corrected"), 4))
    write_table(path, table.round(dict.fromkeys(table.columns[5:-1], 1)))
    print(f"{path}: {len(table)} countries of synthetic municipalities, {trials} times each; rank_order a quarter.")


def make_event_table(path: Path, trials: int, workers: int) -> None:
    """Fill the table of events and of matched buurten in one go."""
    from kloof_synth.calibration import write_table
    from kloof_synth.event_trials import event_trials

    table = event_trials(trials, workers)
    write_table(path, table.round(1))
    print(f"{path}: {len(table)} rows; every event {trials} times, every matched list {10 * trials} times.")


def make_mechanism_table(path: Path, trials: int, workers: int) -> None:
    """Fill the table of mechanisms in synthetic countries in one go."""
    from kloof_synth.calibration import write_table
    from kloof_synth.country_mechanism_trials import mechanism_trials

    table = mechanism_trials(trials, workers)
    write_table(path, table.round(1))
    print(f"{path}: {len(table)} mechanisms in synthetic countries, {trials} times each.")


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
