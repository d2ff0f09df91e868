"""Reads the embedded figures of Breda with nothing but the csv module: a second way to every golden number."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "data" / "breda"

FILES = (
    "figures.csv",
    "kwb_breda.csv",
    "kwb_other.csv",
    "kwb_panel.csv",
    "leefbaarometer3.csv",
    "crimes_2012_2022.csv",
)


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of one file, every cell as text."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@cache
def figures(indicator: str, source: str, year: int, prefix: str = "BU0758") -> dict[str, float]:
    """Value of an indicator by code in one source and year; what missing.csv calls suspect is left out."""
    suspect = {
        (row["code"], row["year"], row["indicator"]) for row in rows("missing.csv") if row["reason"] == "suspect"
    }
    return {
        row["code"]: float(row["value"])
        for name in FILES
        for row in rows(name)
        if (row["indicator"], row["source_id"], row["year"]) == (indicator, source, str(year))
        and row["code"].startswith(prefix)
        and (row["code"], row["year"], row["indicator"]) not in suspect
    }


@cache
def focus(name: str = "union") -> frozenset[str]:
    """Codes of a registered list."""
    return frozenset(
        row["buurt_code"] for row in rows("focus_lists.csv") if row["list_id"] == name and row["buurt_code"]
    )


def mean(values: dict[str, float], weights: dict[str, float], codes: set[str]) -> float:
    """Weighted mean over codes, in a loop."""
    top = bottom = 0.0
    for code in sorted(codes):
        top, bottom = top + values[code] * weights[code], bottom + weights[code]
    return top / bottom
