"""A synthetic national panel: every area of an invented country, to measure how fast the store is. Never in a report.

Names say synthetic everywhere: sources, indicators, publisher and areas. Municipalities are numbered from GM9001, which
no real one is. Sizes are those of the Netherlands in 2024: 342 municipalities of very unequal size with 14,000 buurten.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kloof.schema import SetAside, level_of

FIRST = 9001  # number of the first municipality; CBS has given numbers up to 2000, and 9999 for nowhere
UNITS = ("persons", "percent", "thousand_euro", "households")
SUPPRESSED = 0.12  # part of the figures without a value
MOST_WIJKEN = 99


@dataclass(frozen=True)
class SyntheticFile:
    """One year of the synthetic panel, in the shape of a file that was recognised."""

    name: str
    sha256: str
    kind: str
    observations: pd.DataFrame
    areas: pd.DataFrame
    sources: pd.DataFrame
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True)
class Size:
    """How large the synthetic country is."""

    municipalities: int = 342
    buurten: int = 14_000
    indicators: int = 60
    years: tuple[int, ...] = tuple(range(2013, 2025))


def synthetic_areas(size: Size, rng: np.random.Generator) -> pd.DataFrame:
    """Give the areas of the synthetic country: code, name, level, parent_code; a fifth as many wijken as buurten."""
    share = rng.dirichlet(np.full(size.municipalities, 1.5))
    buurten = np.maximum(1, np.round(share * size.buurten)).astype(int)
    buurten[buurten.argmax()] += size.buurten - buurten.sum()
    rows = []
    for number, count in enumerate(buurten, FIRST):
        wijken = min(max(1, int(count) // 5), MOST_WIJKEN)
        rows.append((f"GM{number}", ""))
        rows += [(f"WK{number}{wijk:02d}", f"GM{number}") for wijk in range(wijken)]
        placed = sorted((buurt % wijken, buurt // wijken) for buurt in range(int(count)))
        rows += [(f"BU{number}{wijk:02d}{buurt:02d}", f"WK{number}{wijk:02d}") for wijk, buurt in placed]
    codes, parents = zip(*rows, strict=True)
    names = [f"synthetic {code}" for code in codes]
    levels = [level_of(code) for code in codes]
    return pd.DataFrame({"code": codes, "name": names, "level": levels, "parent_code": parents})


def synthetic_files(size: Size, rng: np.random.Generator) -> Iterator[SyntheticFile]:
    """Give the panel year by year: every area × indicator has a row, and an eighth of them no value."""
    areas = synthetic_areas(size, rng)
    names = [f"synthetic_{number:02d}" for number in range(1, size.indicators + 1)]
    for year in size.years:
        yield _file(areas, names, year, rng)


def _file(areas: pd.DataFrame, names: Sequence[str], year: int, rng: np.random.Generator) -> SyntheticFile:
    """Draw one year."""
    count = len(areas) * len(names)
    value = np.minimum(np.round(rng.gamma(3.0, 8.0, count), 1), 100.0)
    missing = rng.random(count) < SUPPRESSED
    units = [UNITS[number % len(UNITS)] for number in range(len(names))]
    source = f"synthetic_{year}"
    observations = pd.DataFrame(
        {
            "code": np.repeat(areas["code"].to_numpy(), len(names)),
            "year": year,
            "indicator": np.tile(np.array(names), len(areas)),
            "value": np.where(missing, np.nan, value),
            "unit": np.tile(np.array(units), len(areas)),
            "status": np.where(missing, "suppressed", "measured"),
            "source": source,
        }
    )
    described = {
        "source_id": source, "publisher": "synthetic", "title": f"synthetic panel {year}", "table_id": "synthetic",
        "licence": "none: synthetic", "looked_up_in": "benchmarks/national.py", "retrieved": "",
    }  # fmt: skip
    digest = f"{year:064d}"
    return SyntheticFile(f"synthetic_{year}.csv", digest, "synthetic", observations, areas, pd.DataFrame([described]))
