"""How often does the interval hold the truth? Written to data/interval_coverage.csv, the same bytes at every run.

A synthetic city has units with known true shares. Its people are drawn from them once (what a register would show),
and the interval is made from that one table: does it hold the index of the true shares? Repeated for `cities`
cities per row; `share` is the percentage that held it, `mc_error` the standard error of that percentage, `below` and
`above` how often the truth lay under the low or over the high end. Nominal: 95 %.
"""

import argparse
import csv
import sys
from itertools import product
from pathlib import Path

import numpy as np

from kloof.measures import intervals, resample, two_groups
from kloof.measures.resample import Drawing, replicates

SEED = 20210323
CITIES = 2000
DRAWS = 400
UNITS = (15, 56, 200)
SHARES = (0.02, 0.30)
PEOPLE = (200, 1000)
MEASURES = {
    "dissimilarity": resample.Dissimilarity(0),
    "theil_h": resample.theil_h_of_sums,
    "isolation": resample.two_groups(two_groups.isolation),
    "mutual_information": resample.mutual_information_of_sums,
}
COLUMNS = (
    "municipality",
    "units",
    "group_share",
    "people_per_unit",
    "index",
    "method",
    "truth",
    "bias",
    "share",
    "mc_error",
    "below",
    "above",
    "cities",
    "draws",
)
TARGET = Path(__file__).resolve().parents[1] / "data" / "interval_coverage.csv"


def city(units: int, share: float, people: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of the units and true shares of the group: D is about 0.3, sizes vary as those of buurten do."""
    sizes = np.rint(people * np.exp(rng.normal(0, 0.5, units)))
    odds = share / (1 - share) * np.exp(rng.normal(0, 0.8, units))
    return sizes, odds / (1 + odds)


def row(
    units: int, share: float, people: int, cities: int = CITIES, draws: int = DRAWS, seed: int = SEED
) -> list[dict[str, object]]:
    """All indices and methods for one kind of city."""
    rng = np.random.default_rng([seed, units, round(1000 * share), people])
    sizes, chance = city(units, share, people, np.random.default_rng([SEED, units, round(1000 * share), people]))
    members = rng.binomial(sizes.astype(int), chance, size=(cities, units)).ravel().astype(float)
    counts = np.stack([members, np.tile(sizes, cities) - members])
    starts = np.arange(cities) * units
    drawn = replicates(MEASURES, counts, starts, "people_within_units", Drawing(rng, draws))
    found = []
    for name, measure in MEASURES.items():
        truth = float(measure(np.stack([sizes * chance, sizes * (1 - chance)]), (0,))[0])
        estimate = measure(counts, starts)
        for method in intervals.METHODS:
            low, high = intervals.limits(estimate, drawn[name], intervals.Limits(method, 0.95, (0.0, 1.0)))
            below, above = truth < low, truth > high
            held = 100 * float((~below & ~above).mean())
            found.append(
                {
                    "municipality": "synthetic",
                    "units": units,
                    "group_share": share,
                    "people_per_unit": people,
                    "index": name,
                    "method": method,
                    "truth": round(truth, 4),
                    "bias": round(float(np.nanmean(estimate)) - truth, 4),
                    "share": round(held, 2),
                    "mc_error": round(
                        100 * float(np.sqrt(max(held, 0.5) / 100 * (1 - min(held, 99.5) / 100) / cities)), 2
                    ),
                    "below": round(100 * float(below.mean()), 2),
                    "above": round(100 * float(above.mean()), 2),
                    "cities": cities,
                    "draws": draws,
                }
            )
    return found


def main() -> None:
    """Simulate all kinds of city, and write or compare the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write data/interval_coverage.csv")
    choice = parser.parse_args()
    rows = [one for kind in product(UNITS, SHARES, PEOPLE) for one in row(*kind)]
    rows.sort(key=lambda one: (one["index"], one["method"], one["units"], one["group_share"], one["people_per_unit"]))
    with TARGET.open("w", newline="", encoding="utf-8") if choice.write else sys.stdout as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
