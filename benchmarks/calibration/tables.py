"""What each script of this folder asks on its command line, and how it writes its table."""

import argparse
import os
from pathlib import Path

import pandas as pd

from kloof.paths import data_folder
from kloof_synth.calibration import write_table


def asked(about: str, trials: int) -> argparse.Namespace:
    """Give `trials`, `workers` and the folder `out`; `trials` are as many as without an option."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=trials, help=f"number of synthetic countries; {trials}")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="number of processes; all cores")
    parser.add_argument("--out", type=Path, default=data_folder(), help="folder of the table; data")
    return parser.parse_args()


def written(path: Path, table: pd.DataFrame) -> None:
    """Write a table whole, and say how long it is."""
    write_table(path, table)
    print(f"{path}: {len(table)} rows.")
