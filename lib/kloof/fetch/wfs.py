"""Speaks WFS 2.0 as PDOK and GeoServer do: features with their geometry, a page at a time, as GeoJSON.

Filters on attributes are ignored by some of these servers without a word, so a layer is always taken whole. A WFS gives
no version: a revision shows only by comparing what arrives.
"""

import json
import re
from typing import Any

from kloof.errors import FetchError
from kloof.fetch.bounds import UnfitError, objects, one, text, unfit
from kloof.fetch.registry import Source
from kloof.fetch.table import DIMENSION, REGION, TOPIC, Column, Page, Question, Row, Table
from kloof.fetch.web import Line, address, get

PAGE = 1000  # what PDOK serves at most
FEATURE, GEOMETRY = "feature", "geometry"
START = re.compile(r"(?<=startIndex=)\d+")


def describe_layer(line: Line, source: Source, year: int) -> Table:
    """Learn the columns of a layer from its first feature. Raises FetchError when there is none."""
    layer = source.tables[year]
    what = f"{source.id} {year} (layer {layer}), its first feature"
    parts = _collection(line, _where(source, year, 0, 1), what)
    if not parts["features"]:
        raise FetchError(
            f"{source.id} {year} (layer {layer}) has no features at {source.where(year)}. See: kloof data doctor."
        )
    columns = [Column(FEATURE, FEATURE, "", DIMENSION)]
    columns += [
        Column(name, name, "", REGION if name == source.region else TOPIC)
        for name in _properties(parts["features"][0], what)
    ]
    return Table(layer, layer, "", str(year), (*columns, Column(GEOMETRY, GEOMETRY, _system(parts, what), TOPIC)))


def layer_question(source: Source, year: int) -> Question:
    """Ask for all features of a layer."""
    return Question(_where(source, year, 0, PAGE), "", "", {})


def layer_page(line: Line, where: str, what: str) -> Page:
    """Get one page of features as rows: feature (its id), its properties, geometry (GeoJSON text)."""
    parts = _collection(line, where, what)
    rows: list[Row] = [
        {FEATURE: part.get("id"), **_properties(part, what), GEOMETRY: _border(part.get("geometry"), what)}
        for part in parts["features"]
    ]
    told = parts.get("numberMatched", parts.get("totalFeatures"))
    total = told if isinstance(told, int) and not isinstance(told, bool) else None  # GeoServer may say "unknown"
    start = START.search(where)
    after = (int(start[0]) if start else 0) + len(rows)
    more = bool(rows) and (after < total if total is not None else len(rows) == PAGE)
    return Page(rows, START.sub(str(after), where) if more else None, parts["size"], total)


def _where(source: Source, year: int, start: int, most: int) -> str:
    """Address of a page of features."""
    query = {
        "service": "WFS",
        "version": "2.0.0",
        "request": "GetFeature",
        "typeNames": source.tables[year],
        "outputFormat": "application/json",
        "count": str(most),
        "startIndex": str(start),
    }
    return address(source.where(year), "", query)


def _collection(line: Line, where: str, what: str) -> dict[str, Any]:
    """Get a GeoJSON collection and its size in bytes."""
    answer = get(line, where, what)
    if not isinstance(answer.json, dict) or not isinstance(answer.json.get("features"), list):
        raise UnfitError(f"{what}: the answer is no collection of features. Address: {where}")
    return {**answer.json, "features": objects(answer.json["features"], what), "size": answer.size}


def _properties(feature: Row, what: str) -> Row:
    """Give the columns of a feature. Raises UnfitError when one has the name of a column that kloof adds."""
    found = one(feature.get("properties") or {}, what)
    if found.keys() & {FEATURE, GEOMETRY}:
        raise unfit(what, f"a property is named {FEATURE} or {GEOMETRY}, as the columns beside them")
    return found


def _system(parts: dict[str, Any], what: str) -> str:
    """Name the coordinate system a collection gives; without one GeoJSON is longitude, latitude."""
    return text(one(one(parts.get("crs") or {}, what).get("properties") or {}, what), "name", what)


def _border(geometry: Any, what: str) -> str | None:
    """Write a geometry as GeoJSON text."""
    if geometry is None:
        return None
    try:
        return json.dumps(geometry, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise unfit(what, "a border has a coordinate or a depth without end") from None
