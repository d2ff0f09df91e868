"""Are the indices plausible? Their distribution over municipalities on real files, and what the unit does to it.

Reads the files of ../shared/data (KLOOF_SHARED says where else), prints the table as Markdown, and with --write renews
data/plausibility.csv, the same bytes at every run. Only quantiles are written, never a row of a file.
"""

import argparse
import csv
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue, Group, catalogue
from kloof.files.recognise import Recognised, recognise
from kloof.measures.country import Everywhere, counts_everywhere, measure_everywhere, own_municipality
from kloof.measures.scale import by_scale
from kloof.study.dataset import DataSet
from kloof.study.load import load

PROJECT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("KLOOF_SHARED", PROJECT.parent / "shared")) / "data"
TARGET = PROJECT / "data" / "plausibility.csv"
BREDA, HEERLEN, AMSTERDAM = "GM0758", "GM0917", "GM0363"
PLACES = {"breda": BREDA, "heerlen": HEERLEN, "amsterdam": AMSTERDAM}
QUINTILES = tuple(f"households_income_quintile_{number}_share" for number in range(1, 6))
LARGE = 50_000  # inhabitants in 2024, from which CBS has called a municipality larger in its reports on segregation
FEWEST = 4  # municipalities that make a distribution
PARTITIONS, SEED = 20, 20210323
COLUMNS = (
    "group", "base", "year", "unit", "municipalities", "index", "number", "without", "areas", "coverage_lowest",
    "lowest", "quarter", "median", "three_quarters", "highest", "expected", "bias_corrected", *PLACES,
)  # fmt: skip


@dataclass(frozen=True)
class Bridge:
    """Which municipality each postcode is taken to lie in, and how far that is from true.

    municipality: by area code. Of the codes `several` lie in more than one municipality; `elsewhere` is the percent of
    the weight that lies outside the municipality its area was given to.
    """

    municipality: "pd.Series[str]"
    several: int
    elsewhere: float


@dataclass(frozen=True)
class Files:
    """The real files, read."""

    known: Catalogue
    national: Recognised
    incomes: Recognised
    postcodes: Recognised
    amsterdam: Mapping[int, Recognised]
    heerlen: Recognised
    embedded: DataSet
    bridge: Bridge


def read_files(folder: Path = SHARED) -> Files:
    """Read the national table, the two postcode files, Amsterdam, Heerlen, and the embedded figures of six cities."""
    known = catalogue()
    national = recognise(folder / "national" / "buurten_2024.parquet", known)
    own = national.areas[national.areas["code"].str[2:6] == HEERLEN[2:]]
    return Files(
        known=known,
        national=national,
        incomes=recognise(folder / "pc4" / "cbs_pc4_median_income.xlsx", known),
        postcodes=recognise(folder / "pc4" / "cbs_pc4_2017.csv", known),
        amsterdam={year: recognise(folder / "kwb" / f"amsterdam_{year}.csv", known) for year in (2017, 2019)},
        heerlen=recognise(folder / "kwb" / "heerlen_2016_2020.db", known, municipality=HEERLEN, areas=own),
        embedded=load("breda", BREDA, known),
        bridge=bridge(links(folder / "national" / "buurten_2024.parquet")),
    )


def links(path: Path) -> pd.DataFrame:
    """Link each postcode to the municipalities of the buurten in which it is the most frequent one, by inhabitants."""
    table = pd.read_parquet(path, columns=["level", "gemeente_code", "postcode4", "inwoners"])
    table = table[table["level"] == "buurt"].dropna()
    return pd.DataFrame(
        {"code": "PC" + table["postcode4"], "municipality": table["gemeente_code"], "weight": table["inwoners"]}
    )


def bridge(links: pd.DataFrame) -> Bridge:
    """Give each area the municipality in which most of it lies; equal weights go to the first in order.

    links: rows of code, municipality, weight: the parts of which an area consists.
    """
    parts = links.groupby(["code", "municipality"])["weight"].sum().reset_index()
    parts = parts.sort_values(["code", "weight", "municipality"], ascending=[True, False, True], ignore_index=True)
    chosen = parts.drop_duplicates("code").set_index("code")
    return Bridge(
        municipality=chosen["municipality"].astype("str"),
        several=int((parts.groupby("code").size() > 1).sum()),
        elsewhere=100 * (1 - float(chosen["weight"].sum()) / float(parts["weight"].sum())),
    )


def rounded(known: Catalogue, **steps: float) -> Catalogue:
    """Register another rounding than that of buurten: postcode files are coarser."""
    coarse = {name: replace(known.indicator(name), rounding=step, rounding_reach=None) for name, step in steps.items()}
    return replace(known, indicators={**known.indicators, **coarse})


def lowest_quintile(files: Files) -> Everywhere:
    """Count the five income quintiles by postcode, for all municipalities: households are printed in hundreds."""
    group = Group("lowest_income_quintile", "", "", base="households", share=QUINTILES[0])
    coarse = rounded(files.known, households=100)
    return counts_everywhere(files.incomes.observations, coarse, group, files.bridge.municipality, QUINTILES[1:])


def owner_occupied(files: Files, level: str) -> Everywhere:
    """Count owner-occupied against all other dwellings; the file has no dwellings, so households stand for them."""
    group = replace(files.known.group("owner_occupied_dwellings"), base="households")
    return counts_everywhere(
        files.national.observations, files.known, group, own_municipality(files.national.areas["code"], level)
    )


def aged_65_plus(files: Files, level: str) -> Everywhere:
    """Count inhabitants of 65 or older against the younger: by buurt and wijk 2024, by postcode 2017."""
    group = files.known.group("inhabitants_aged_65_plus")
    if level == "postcode":
        return counts_everywhere(files.postcodes.observations, files.known, group, files.bridge.municipality)
    own = own_municipality(files.national.areas["code"], level)
    return counts_everywhere(files.national.observations, files.known, group, own)


def social_minimum(files: Files) -> Everywhere:
    """Count households around the social minimum in Breda and five other cities, 2017: the embedded figures."""
    group = files.known.group("households_around_social_minimum")
    own = own_municipality(files.embedded.areas["code"])
    return counts_everywhere(files.embedded.observations, files.known, group, own)


def low_income(files: Files, share: str) -> Everywhere:
    """Count a low-income group of households in Amsterdam and Heerlen, in the years that both files have."""
    both = (*files.amsterdam.values(), files.heerlen)
    rows = pd.concat([read.observations for read in both])
    group = Group(share.removesuffix("_share"), "", "", base="households", share=share)
    in_both = rows["year"].isin(files.amsterdam)
    own = own_municipality(code for read in both for code in read.areas["code"])
    return counts_everywhere(rows[in_both], files.known, group, own)


def large_municipalities(files: Files) -> list[str]:
    """List the municipalities of at least 50,000 inhabitants."""
    rows = files.national.observations
    people = rows[(rows["indicator"] == "inhabitants") & rows["code"].str.startswith("GM")]
    return sorted(people.loc[people["value"] >= LARGE, "code"])


def summaries(
    counted: Everywhere, index: Sequence[str], unit: str, minimum: float, large: Sequence[str] = ()
) -> Iterator[dict[str, object]]:
    """Describe each index over the municipalities, and over the large ones."""
    made = measure_everywhere(counted, index, minimum)
    for (year, name), rows in made.groupby(["year", "index"], sort=False):
        places = rows["municipality"].nunique()
        scopes = {f"all {places}" if large else f"these {places}": rows}
        if large:
            scopes[f"{LARGE} inhabitants or more"] = rows[rows["municipality"].isin(large)]
        for scope, chosen in scopes.items():
            named = {"group": counted.group, "base": counted.base, "year": int(year), "unit": unit, "index": name}
            yield {**named, "municipalities": scope, **describe(chosen)}


def describe(rows: pd.DataFrame) -> dict[str, object]:
    """Quantiles over municipalities, where there are enough of them, and the values of three places."""
    defined = rows[rows["estimate"].notna()]
    enough = len(defined) >= FEWEST
    ends = np.quantile(defined["estimate"], [0, 0.25, 0.5, 0.75, 1]) if enough else np.full(5, np.nan)
    by_place = rows.set_index("municipality")["estimate"].reindex(PLACES.values())
    numbers = {
        **dict(zip(("lowest", "quarter", "median", "three_quarters", "highest"), ends, strict=True)),
        "expected": defined["expected"].median(),
        "bias_corrected": defined["bias_corrected"].median(),
        **dict(zip(PLACES, by_place, strict=True)),
    }
    return {
        "number": len(defined),
        "without": len(rows) - len(defined),
        "areas": f"{defined['n_units'].median():g}",
        "coverage_lowest": f"{defined['coverage'].min():.1f}",
        **{key: "" if np.isnan(value) else f"{value:.3f}" for key, value in numbers.items()},
    }


def random_parts(files: Files, minimum: float) -> dict[str, object]:
    """Describe D of owner-occupied over random parts as large as wijken, made of the buurten of a municipality."""
    counted = owner_occupied(files, "buurt")
    wijk = pd.factorize(pd.Series(counted.counts.units).str[2:8])[0].astype(np.float64)
    placed = replace(counted.counts, place={"parent": wijk})
    compare = (counted.group, None)
    scales = by_scale(placed, ["dissimilarity"], np.random.default_rng(SEED), PARTITIONS, compare)
    drawn = scales[scales["scale"] == "random"].set_index("municipality")
    rows = measure_everywhere(counted, ["dissimilarity"], minimum).set_index("municipality")
    defined = rows["estimate"].notna() & (drawn["n_units"] > 1)  # one part alone would say nothing
    rows = rows.assign(estimate=drawn["estimate"].where(defined), n_units=drawn["n_units"], expected=np.nan)
    named = {"group": counted.group, "base": counted.base, "year": 2024, "unit": "random parts as large as wijken"}
    described = describe(rows.assign(bias_corrected=np.nan).reset_index())
    return {**named, "index": "dissimilarity", "municipalities": f"all {len(rows)}", **described}


def table(files: Files) -> list[dict[str, object]]:
    """Make all rows."""
    minimum = float(files.known.settings["coverage_minimum"])
    large = large_municipalities(files)
    evenness = ("dissimilarity", "gini", "theil_h")
    rows: list[dict[str, object]] = []
    for level in ("buurt", "wijk"):
        rows += summaries(owner_occupied(files, level), evenness, level, minimum, large)
    rows.append(random_parts(files, minimum))
    for level in ("buurt", "postcode", "wijk"):
        rows += summaries(aged_65_plus(files, level), ["dissimilarity"], level, minimum, large)
    ordered = (*evenness, "rank_order_theil_h", "rank_order_relative_diversity")
    rows += summaries(lowest_quintile(files), ordered, "postcode", minimum, large)
    rows += summaries(social_minimum(files), evenness, "buurt", minimum)
    for share in ("households_below_low_income_line_share", "low_income_households_share"):
        rows += summaries(low_income(files, share), ["dissimilarity"], "buurt", minimum)
    return rows


def write(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Write the table whole, or leave what was there."""
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    unfinished.replace(path)


def main() -> None:
    """Make the table, print it, and write it when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write data/plausibility.csv")
    choice = parser.parse_args()
    rows = table(read_files())
    if choice.write:
        write(rows, TARGET)
    lines = [COLUMNS, ["---"] * len(COLUMNS), *([str(row[name]) for name in COLUMNS] for row in rows)]
    sys.stdout.write("".join(f"| {' | '.join(line)} |\n" for line in lines))


if __name__ == "__main__":
    main()
