"""Files as if they had been recognised, small enough to see every row."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kloof.schema import COLUMNS, SOURCE, SetAside, level_of

Cell = float | str  # a value, or the status of a cell without one
Row = tuple[str, int, str, Cell, str]  # code, year, indicator, cell, source
UNITS = {
    "inhabitants": "persons",
    "inhabitants_aged_65_plus": "persons",
    "households": "households",
    "mean_dwelling_value": "thousand_euro",
}


@dataclass(frozen=True)
class File:
    """A file as the store wants it."""

    name: str
    sha256: str
    kind: str
    observations: pd.DataFrame
    areas: pd.DataFrame
    sources: pd.DataFrame
    set_aside: tuple[SetAside, ...] = ()
    geometry: Mapping[str, Any] | None = None


def observations(rows: Sequence[Row]) -> pd.DataFrame:
    """Make observations of rows; the unit goes with the indicator."""
    made = [
        (code, year, name, None if isinstance(cell, str) else float(cell), UNITS.get(name, "percent"),
         cell if isinstance(cell, str) else "measured", source)
        for code, year, name, cell, source in rows
    ]  # fmt: skip
    return pd.DataFrame(made, columns=list(COLUMNS)).astype({"value": "float64", "year": "int64"})


def file(name: str, rows: Sequence[Row], names: Mapping[str, str] | None = None, **more: Any) -> File:
    """Make a file; its hash is that of its name and rows, its areas are those of the rows."""
    frame = observations(rows)
    codes = sorted({row[0] for row in rows})
    above = {"GM": "", "WK": "GM", "BU": "WK", "PC": "", "NL": ""}
    areas = pd.DataFrame(
        {
            "code": codes,
            "name": [(names or {}).get(code, f"name of {code}") for code in codes],
            "level": [level_of(code) for code in codes],
            "parent_code": [above[code[:2]] and f"{above[code[:2]]}{code[2:-2]}"[:8] for code in codes],
        }
    )
    sources = pd.DataFrame(
        [
            dict.fromkeys(SOURCE, "") | {"source_id": one, "publisher": "CBS", "title": f"title of {one}"}
            for one in sorted({row[4] for row in rows})
        ],
        columns=list(SOURCE),
    )
    base = {
        "name": name, "sha256": hashlib.sha256(f"{name}{rows}".encode()).hexdigest(), "kind": "handmade",
        "observations": frame, "areas": areas, "sources": sources,
    }  # fmt: skip
    return File(**{**base, **more})
