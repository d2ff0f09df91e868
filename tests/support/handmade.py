"""A municipality of five buurten, small enough to work every number out by hand."""

from collections.abc import Mapping, Sequence

import pandas as pd

from kloof.catalogue import Break, Catalogue, Group, Indicator
from kloof.methods.ratio import BOUNDED, EVERYTHING, Ratio
from kloof.schema import COLUMNS, check_observations
from kloof.study.dataset import DataSet

CITY = "GM0001"
B1, B2, B3, B4, B5 = BUURTEN = tuple(f"BU0001000{place}" for place in range(1, 6))
ELSEWHERE = "BU00020001"

Cell = float | str  # a value, or the status of a cell without one
Cells = Mapping[str, Mapping[int, Sequence[Cell | None]]]  # indicator → year → one cell per buurt; None: no row

INDICATORS = (
    Indicator("inhabitants", "Inwoners", "Inhabitants", "persons", "count", "population", rounding=5),
    Indicator("households", "Huishoudens", "Households", "households", "count", "population", rounding=5),
    Indicator("dwellings", "Woningen", "Dwellings", "dwellings", "count", "population", rounding=5),
    Indicator("crimes", "Misdrijven", "Crimes", "crimes", "count", "population", rounding=5),
    Indicator("workers", "Werkenden", "Workers", "persons", "count", "population", rounding=100),
    Indicator(
        "income", "Inkomen", "Income", "thousand_euro", "mean", "population", better=1, rounding=0.1,
        universe="inhabitants", smallest_effect=1.0,
    ),
    Indicator(
        "poor", "Arm", "Poor", "percent", "share", "population", better=-1, rounding=1.0, universe="households",
    ),
    Indicator(
        "crime_rate", "Misdrijven per 1.000", "Crimes per 1,000", "per_thousand", "rate", "population",
        universe="inhabitants", derive={"numerator": "crimes", "denominator": "inhabitants", "per": 1000},
    ),
    Indicator(
        "work_share", "Werkenden", "Workers", "percent", "share", "population", universe="inhabitants",
        derive={"numerator": "workers", "denominator": "inhabitants", "per": 100},
    ),
)  # fmt: skip


def known(**changes: Indicator) -> Catalogue:
    """Make the catalogue; an indicator may be replaced by its id."""
    units = {name: {"change": "points" if name == "percent" else name} for name in {entry.unit for entry in INDICATORS}}
    return Catalogue(
        {entry.id: entry for entry in INDICATORS} | changes,
        {"all": Group("all", "allen", "all", "inhabitants", "inhabitants")},
        units,
        {"population": {"nl": "Bevolking", "en": "Population"}},
        {},
        {
            "coverage_minimum": 80.0,
            "smallest_effect_relative": 2.0,
            "smallest_effect_place": 5.0,
            "smallest_effect_index": 0.01,
        },
    )


def broken(
    indicator: str,
    at: int,
    *,
    bridged: bool = False,
    sources: frozenset[str] = frozenset(),
    spares: frozenset[str] = frozenset(),
) -> Indicator:
    """Give an indicator with a break, and a bridge over it if wanted."""
    entry = next(entry for entry in INDICATORS if entry.id == indicator)
    gap = Break(at, "definition", "breuk", "break", sources, spares)
    return Indicator(**{**vars(entry), "breaks": (gap,), "bridges": (gap,) if bridged else ()})


def data(cells: Cells, sources: Mapping[int, str] | None = None, **fields: object) -> DataSet:
    """Make a data set of the cells; `sources` names the source of a year, elsewhere it is cbs."""
    units = {entry.id: entry.unit for entry in INDICATORS}
    rows = [
        (
            code, year, indicator, None if isinstance(cell, str) else float(cell), units[indicator],
            cell if isinstance(cell, str) else "measured", (sources or {}).get(year, "cbs"),
        )
        for indicator, years in cells.items()
        for year, row in years.items()
        for code, cell in zip(BUURTEN, row, strict=True)
        if cell is not None
    ]  # fmt: skip
    codes = [CITY, "WK000100", *BUURTEN, "GM0002", ELSEWHERE]
    levels = ["gemeente", "wijk", *["buurt"] * 5, "gemeente", "buurt"]
    areas = pd.DataFrame({"code": codes, "name": codes, "level": levels, "parent_code": ""})
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": "float64"})
    base: dict[str, object] = {
        "name": "handmade",
        "municipality": CITY,
        "observations": check_observations(frame, "handmade"),
        "areas": areas,
        "sources": pd.DataFrame({"source_id": ["cbs"], "retrieved": [""]}),
        "inputs": (),
    }
    return DataSet(**{**base, **fields})  # type: ignore[arg-type]


def holds(found: Ratio, ratio: float) -> bool:
    """Tell whether a ratio is not rejected: what tests of coverage count."""
    inside = found.low <= ratio <= found.high
    return found.shape == EVERYTHING or (inside if found.shape == BOUNDED else not found.low < ratio < found.high)
