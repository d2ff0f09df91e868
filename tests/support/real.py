"""Reads the embedded figures of Breda with nothing but the csv module: a second way to every golden number."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "data" / "breda"

FILES = (
    "figures.csv", "kwb_breda.csv", "kwb_other.csv", "kwb_panel.csv", "leefbaarometer3.csv", "crimes_2012_2022.csv",
    "municipal_2015_2018.csv",
)  # fmt: skip


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of one file, every cell as text."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@cache
def suspect() -> frozenset[tuple[str, str, str, str]]:
    """Code, year, indicator and source of what missing.csv calls suspect."""
    keys = ("code", "year", "indicator", "source_id")
    found = (row for row in rows("missing.csv") if row["reason"] == "suspect")
    return frozenset(tuple(row[key] for key in keys) for row in found)  # type: ignore[misc]


@cache
def by_what() -> dict[tuple[str, str, str], dict[str, str]]:
    """Printed value by code of every indicator, source and year; the last of the files has the last word."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in (row for name in FILES for row in rows(name)):
        if (row["code"], row["year"], row["indicator"], row["source_id"]) not in suspect():
            found.setdefault((row["indicator"], row["source_id"], row["year"]), {})[row["code"]] = row["value"]
    return found


@cache
def figures(indicator: str, source: str, year: int, prefix: str = "BU0758") -> dict[str, float]:
    """Value of an indicator by code in one source and year; what missing.csv calls suspect is left out."""
    printed = by_what().get((indicator, source, str(year)), {})
    return {code: float(value) for code, value in printed.items() if code.startswith(prefix)}


@cache
def focus(name: str = "union") -> frozenset[str]:
    """Codes of a registered list."""
    return frozenset(
        row["buurt_code"] for row in rows("focus_lists.csv") if row["list_id"] == name and row["buurt_code"]
    )


PANEL = "cbs_kwb_panel"


def dwelling_values(
    first: int = 2015, last: int = 2024
) -> tuple[dict[int, dict[str, float]], set[str], dict[str, float]]:
    """Dwelling values by year, buurten measured in all of them, households of 2016 (the first year with any).

    Source: kwb_panel.csv from 2016 on; for 2015 and a buurt that the panel leaves open figures.csv of the municipality,
    and for a buurt that this leaves open the value recalculated to later boundaries.
    """
    sources = ("breda_dwelling_value_recalculated", "breda_dwelling_value", PANEL)
    values: dict[int, dict[str, float]] = {}
    for year in range(first, last + 1):
        values[year] = {}
        for source in sources:
            values[year] |= figures("mean_dwelling_value", source, year)
    homes = figures("households", PANEL, 2016)
    complete = set.intersection(*(set(by_code) for by_code in values.values()))
    return values, {code for code in complete if homes.get(code, 0) > 0}, homes


def mean(values: dict[str, float], weights: dict[str, float], codes: set[str]) -> float:
    """Weighted mean over codes, in a loop."""
    top = bottom = 0.0
    for code in sorted(codes):
        top, bottom = top + values[code] * weights[code], bottom + weights[code]
    return top / bottom
