"""Reads GeoJSON that carries figures of the map of wijken and buurten: the figures, and the boundaries themselves."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from kloof.errors import SourceError
from kloof.files.cells import one_year
from kloof.files.opening import Opened
from kloof.files.reading import ABROAD, Grid, Reading, list_areas, read_codes, sort_titles
from kloof.files.vocabularies import Vocabularies, Vocabulary
from kloof.schema import SetAside

CODES = ("BU_CODE", "buurtcode", "WK_CODE", "wijkcode", "GM_CODE", "gemeentecode", "statcode", "code")
NAMES = ("BU_NAAM", "buurtnaam", "WK_NAAM", "wijknaam", "GM_NAAM", "gemeentenaam", "statnaam", "name")
RD, DEGREES = "EPSG:28992", "EPSG:4326"
CRS = ((re.compile(r"28992"), RD), (re.compile(r"CRS84|4326"), DEGREES))


def read_shapes(opened: Opened, words: Vocabularies) -> Reading | None:
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
    cells = pd.DataFrame([feature.get("properties") or {} for feature in features])
    titles = [str(title) for title in cells.columns]
    by_name = {title.casefold(): title for title in titles}
    code_title = next((by_name[name.casefold()] for name in CODES if name.casefold() in by_name), None)
    if code_title is None:
        raise SourceError(
            f"{opened.name} is GeoJSON without area codes: its properties are {', '.join(titles[:6])}. One of "
            f"{', '.join(CODES)} should be among them."
        )
    name_title = next((by_name[name.casefold()] for name in NAMES if name.casefold() in by_name), code_title)
    vocabulary = max((words["map"], words["panel"], words["leefbaarometer3"]), key=lambda one: one.known(titles))
    found = sort_titles(titles, vocabulary, opened.name)
    code, aside = read_codes(cells[code_title], opened.name)
    year = _year(opened, cells, content)
    grids = (Grid(opened.name, code, year, cells[list(found.columns)], found.columns),) if found.columns else ()
    crs = _crs(opened, content)
    return Reading(
        kind="geojson",
        edition=f"{_what(vocabulary)} {year}, {crs}",
        tables=((opened.name, len(cells), len(titles)),),
        grids=grids,
        areas=list_areas(code, cells[name_title].astype("str")),
        identity=found.identity,
        not_understood=tuple((year, title) for title in found.unknown),
        set_aside=(*aside, SetAside("shapes", 0, "coordinates", crs)),
        geometry=_shapes(content, cells[code_title], crs),
    )


def _is_feature(feature: Any) -> bool:
    """Tell whether this is a feature: properties and a geometry, either of which may be null."""
    return isinstance(feature, dict) and all(
        isinstance(feature.get(part), dict | None) for part in ("properties", "geometry")
    )


def _what(vocabulary: Vocabulary) -> str:
    """Name what the properties are."""
    return {"map": "wijk- en buurtkaart", "panel": "gemeentekaart", "leefbaarometer3": "Leefbaarometer 3.0"}[
        vocabulary.kind
    ]


def _year(opened: Opened, cells: pd.DataFrame, content: Mapping[str, Any]) -> int:
    """Find the year: in JRSTATCODE, in the metadata, else in the name of the file."""
    if "JRSTATCODE" in cells:
        return one_year(opened.path, " ".join(sorted({str(one)[:4] for one in cells["JRSTATCODE"]})))
    metadata = content.get("metadata")
    if isinstance(metadata, dict) and re.fullmatch(r"(?:19|20)\d\d", str(metadata.get("year"))):
        return int(metadata["year"])
    return one_year(opened.path, opened.path.stem)


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


def _shapes(content: Mapping[str, Any], code: "pd.Series[Any]", crs: str) -> dict[str, Any]:
    """Keep the boundaries, with nothing but the code."""
    features = [
        {"type": "Feature", "properties": {"code": str(one).strip()}, "geometry": feature["geometry"]}
        for one, feature in zip(code, content["features"], strict=True)
        if feature.get("geometry") and str(one).strip() != ABROAD
    ]
    named = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
    return {"type": "FeatureCollection", "crs": named, "features": features}


def shapes_by_row(opened: Opened, code: "pd.Series[Any]") -> dict[str, Any] | None:
    """Keep the boundaries of the features at the rows that have a code; None when the file has none."""
    content = opened.content
    if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
        return None
    last = {one: content["features"][place] for place, one in code.dropna().items()}
    kept = {**content, "features": [feature for feature in last.values() if feature.get("geometry")]}
    if not kept["features"]:
        return None
    codes = pd.Series([one for one, feature in last.items() if feature.get("geometry")], dtype="str")
    return _shapes(kept, codes, _crs(opened, kept))
