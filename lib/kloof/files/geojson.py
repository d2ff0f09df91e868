"""Reads GeoJSON that carries figures of the map of wijken and buurten: the figures, and the boundaries themselves."""

import json
from dataclasses import replace
from typing import Any

import pandas as pd

from kloof.errors import SourceError, examples
from kloof.files.maps import CODES, code_title, map_reading, read_layer, with_code
from kloof.files.municipalities import Known
from kloof.files.opening import Opened
from kloof.files.reading import Reading
from kloof.files.shapes import collection, system
from kloof.files.vocabularies import Vocabularies
from kloof.schema import SetAside


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
            f"{opened.name} is GeoJSON without area codes: its properties are {examples(titles, 6)}. One of "
            f"{', '.join(CODES)} should be among them."
        )
    metadata = content.get("metadata")
    layer = read_layer(opened, "", cells, words, known, metadata if isinstance(metadata, dict) else None)
    geometry, notices = boundaries(opened, layer.code)
    reading = map_reading(opened, [(opened.name, layer)], [len(titles)], geometry, notices)
    crs = next(one.detail for one in notices if one.reason == "coordinates")
    return replace(reading, edition=f"{reading.edition}, {crs}")


def boundaries(opened: Opened, code: "pd.Series[Any]") -> tuple[dict[str, Any], list[SetAside]]:
    """Give the boundaries of the rows that have a code, by their place in the file, and what is to be said of them."""
    content = opened.content or {}
    every = [feature.get("geometry") for feature in content.get("features", ())] or opened.shapes
    declared = json.dumps(content["crs"]) if content.get("crs") else opened.projection
    shapes = [every[row] for row in code.index]
    return collection(with_code(code, shapes), system(declared, [shape for shape in shapes if shape], opened.name))


def _is_feature(feature: Any) -> bool:
    """Tell whether this is a feature: properties and a geometry, either of which may be null."""
    return isinstance(feature, dict) and all(
        isinstance(feature.get(part), dict | None) for part in ("properties", "geometry")
    )
