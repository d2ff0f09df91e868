"""A town of twelve buurten, the first four of them focus: large enough for an interval, small enough to read."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import handmade
import pandas as pd

from kloof.catalogue import Indicator
from kloof.schema import COLUMNS, check_observations
from kloof.study.dataset import DataSet
from kloof.study.panel import Focus
from kloof.study.parameters import parameters
from kloof.study.study import Study

BUURTEN = tuple(f"BU0001{place:04d}" for place in range(1, 13))
FOCUS = BUURTEN[:4]
PEOPLE = tuple(100 * place for place in range(5, 17))

Cell = float | str | None  # a value, the status of a cell without one, or no row
Cells = Mapping[str, Mapping[int, Sequence[Cell]]]


def indicator(name: str, **changes: Any) -> Indicator:
    """Give one of the handmade indicators with some of its registration changed."""
    entry = next(entry for entry in handmade.INDICATORS if entry.id == name)
    return dataclasses.replace(entry, **changes)


def town(cells: Cells, *entries: Indicator, focus: Focus | None = None, **changes: Any) -> Study:
    """Make a study of the cells: indicator → year → one cell per buurt. Inhabitants are there unless given."""
    poor = indicator("poor", smallest_effect=1.0)
    known = handmade.known(**{entry.id: entry for entry in (poor, *entries)})
    known = dataclasses.replace(
        known, units={**known.units, **{unit: {"change": unit} for unit in ("points", "rank_points")}}
    )
    years = sorted({year for rows in cells.values() for year in rows})
    given = {"inhabitants": {years[0]: PEOPLE}, **cells}
    rows = [
        (code, year, name, None if isinstance(cell, str) else float(cell), known.indicator(name).unit,
         cell if isinstance(cell, str) else "measured", "cbs")
        for name, by_year in given.items()
        for year, row in by_year.items()
        for code, cell in zip(BUURTEN, row, strict=True)
        if cell is not None
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": "float64"})
    codes = [handmade.CITY, *BUURTEN]
    areas = pd.DataFrame({"code": codes, "name": codes, "level": ["gemeente", *["buurt"] * 12], "parent_code": ""})
    sources = pd.DataFrame({"source_id": ["cbs"], "retrieved": [""]})
    data = DataSet("town", handmade.CITY, check_observations(frame, "town"), areas, sources, ())
    p = dataclasses.replace(
        parameters({"preset": "breda"}),
        **{"year_from": years[0], "year_to": years[-1], "trend_from": years[0], "draws": 999, "groups": (), **changes},
    )
    chosen = focus or Focus("four", FOCUS)
    return Study(p, data, known, chosen, (chosen,))
