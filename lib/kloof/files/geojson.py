"""Reads GeoJSON that carries figures of the map of wijken and buurten: the figures, and the boundaries themselves."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from kloof.errors import SourceError
from kloof.files.maps import CODES, DEGREES, RD, code_title, collection, map_reading, read_layer
from kloof.files.municipalities import Known
from kloof.files.opening import Opened
from kloof.files.reading import Reading
from kloof.files.vocabularies import Vocabularies

CRS = ((re.compile(r"28992"), RD), (re.compile(r"CRS84|4326"), DEGREES))


def read_shapes(opened: Opened, words: Vocabularies, known: Known) -> Reading | None:
    """Read a FeatureCollection with an area code in the properties; None when it is none.

    `geometry` of the result is GeoJSON with only the code as property; its crs is EPSG:28992 (metres) or EPSG:4326
    (degrees). Raises SourceError when codes, the year or the coordinate system cannot be told.
    """
    content = opened.content
    if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
        return None
    features = content.get("features")
    if not isinstance(features, list) or not features or not all(map(_is_feature, features)):
        raise SourceError(f"{opened.name} is GeoJSON without features, or with some that are none. Download it again.")
    matched = content.get("numberMatched")
    more = any(isinstance(link, dict) and link.get("rel") == "next" for link in content.get("links") or ())
    if more or (isinstance(matched, int) and matched > len(features)):
        raise SourceError(
            f"{opened.name} is one page of several: it has {len(features)} of {matched or 'more'} areas. Ask for all "
            "of them (limit=), or use kloof data fetch."
        )
    cells = pd.DataFrame([feature.get("properties") or {} for feature in features])
    titles = [str(title) for title in cells.columns]
    if code_title(titles) is None:
        raise SourceError(
            f"{opened.name} is GeoJSON without area codes: its properties are {', '.join(titles[:6])}. One of "
            f"{', '.join(CODES)} should be among them."
        )
    metadata = content.get("metadata")
    layer = read_layer(opened, "", cells, words, known, metadata if isinstance(metadata, dict) else None)
    shapes = [
        (code, feature["geometry"])
        for code, feature in zip(layer.code, features, strict=True)
        if isinstance(code, str) and feature.get("geometry")
    ]
    geometry, notices = collection(shapes, _crs(opened, content))
    reading = map_reading(opened, [(opened.name, layer)], [len(titles)], geometry, notices)
    return replace(reading, edition=f"{reading.edition}, {notices[0].detail}")


def _is_feature(feature: Any) -> bool:
    """Tell whether this is a feature: properties and a geometry, either of which may be null."""
    return isinstance(feature, dict) and all(
        isinstance(feature.get(part), dict | None) for part in ("properties", "geometry")
    )


def _crs(opened: Opened, content: Mapping[str, Any]) -> str:
    """Find the coordinate system: as declared; without, degrees (RFC 7946), when the numbers can be degrees."""
    declared = json.dumps(content["crs"]) if content.get("crs") else ""
    known = next((name for pattern, name in CRS if pattern.search(declared)), None)
    x, y = _first(content)
    in_degrees = abs(x) <= 180 and abs(y) <= 90
    if declared and known is None:
        raise SourceError(f"{opened.name} has coordinates in {declared}; kloof reads {RD} and {DEGREES}.")
    if (known or DEGREES) == DEGREES and not in_degrees:
        raise SourceError(f"{opened.name} has coordinates such as {x:g}, {y:g}, which are no degrees. Declare its crs.")
    if known == RD and in_degrees:
        raise SourceError(f"{opened.name} declares {RD}, but {x:g}, {y:g} are degrees. Correct its crs.")
    return known or DEGREES


def _first(content: Mapping[str, Any]) -> tuple[float, float]:
    """Give the first point of the first shape."""
    for feature in content["features"]:
        point = (feature.get("geometry") or {}).get("coordinates")
        while isinstance(point, list) and point and isinstance(point[0], list):
            point = point[0]
        if isinstance(point, list) and len(point) > 1 and all(isinstance(one, (int, float)) for one in point):
            return float(point[0]), float(point[1])
    return 0.0, 0.0
