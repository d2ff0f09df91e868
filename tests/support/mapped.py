"""The sample report with a map and a list: six buurten in a row, two indicators, four years."""

from typing import Any

import sample

from kloof.catalogue import Catalogue
from kloof.figures.maps import paths
from kloof.report.explorer import TABLE, placed
from kloof.report.views import ReportView
from kloof.words.sentences import Narrator

CODES = [code for code in sample.AREAS if code.startswith("BU")]
YEARS = (2015, 2016, 2017, 2024)
EURO = [
    (118, 120, 122, 150),
    (201.4, 204, None, 260),
    (96.5, None, None, 141),
    (310, 311, 325, 410),
    (402, 398, 399.6, 500),
]
EURO += [(109.5, 112, 118, 149)]  # fmt: skip
SHARE = [(None, 12.25, None, 11.0), (None, 3.75, None, 4.0), (None, 22.0, None, 21.9)]
SHARE += [(None, 0.05, None, 0.1), (None, 7.5, None, None), (None, 20.0, None, 19.0)]
LISTED = (CODES[0], CODES[2])


def document() -> dict[str, Any]:
    """The results of the sample, with the table behind map and list."""
    results = sample.results()
    keys = [("indicator", "indicator", None), ("area", "area", None), ("group", "hidden", None)]
    keys += [("unit", "unit", None), ("breaks", "hidden", None)]
    keys += [(f"y{year}", "number", "@unit") for year in YEARS]
    rows: list[list[Any]] = []
    for name, unit, breaks, figures, city in (
        ("mean_dwelling_value", "thousand_euro", "2024", EURO, (206.2, 229, 241.1, 268.3)),
        ("low_income_households_share", "percent", "", SHARE, (None, 10.9, None, 11.2)),
    ):
        for code, values in zip(CODES, figures, strict=True):
            rows.append([name, code, "focus" if code in LISTED else "rest", unit, breaks, *values])
        rows.append([name, "GM0758", "city", unit, breaks, *city])
    columns = [{"key": key, "kind": kind, "unit": unit, "decimals": None} for key, kind, unit in keys]
    results["tables"][TABLE] = {"columns": columns, "rows": rows}
    next(section for section in results["sections"] if section["id"] == "03.gap")["tables"].append(TABLE)
    return results


def boundaries() -> dict[str, Any]:
    """A row of squares of one kilometre; the last buurt has no boundaries."""
    squares = []
    for number, code in enumerate(CODES[:-1]):
        west, east = number * 1000.0, (number + 1) * 1000.0
        ring = [[west, 0.0], [east, 0.0], [east, 1000.0], [west, 1000.0], [west, 0.0]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        squares.append({"type": "Feature", "properties": {"code": code}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": squares}


def view(language: str, catalogue: Catalogue, *, drawn: bool = True) -> ReportView:
    """The sample report with map and list, or without boundaries with a list alone."""
    results = document()
    shapes = paths(boundaries(), set(CODES)) if drawn else None
    return placed(sample.view(language, results), Narrator(results, catalogue, language), shapes)
