"""Boundaries as GeoJSON geometries, from well-known binary and from shapefiles, and the system of their coordinates."""

import io
import json
import re
import struct
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kloof.errors import SourceError, examples
from kloof.schema import SetAside

RD, DEGREES = "EPSG:28992", "EPSG:4326"
SYSTEMS = ((re.compile(r"28992|RD_New|RD New"), RD), (re.compile(r'CRS84|4326|^GEOGCS\["(?:GCS_)?WGS'), DEGREES))
Geometry = Mapping[str, Any]


def wkb_shapes(bodies: Iterable[object], where: str) -> list[Geometry]:
    """Read shapes in well-known binary. Raises SourceError when they are damaged."""
    import shapely

    try:
        return [json.loads(text) for text in shapely.to_geojson(shapely.from_wkb(np.array(list(bodies), dtype=object)))]
    except (shapely.errors.ShapelyError, TypeError) as problem:
        raise SourceError(f"{where} has damaged shapes ({problem}). Download it again.") from None


def shapefile_shapes(data: bytes, where: str) -> list[Geometry | None]:
    """Read the shapes of a shapefile; None where a row has none. Raises SourceError when they are damaged."""
    import shapefile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", shapefile.PossiblyCorruptFileHeader)  # cut off: a warning for pyshp
            reader = shapefile.Reader(shp=io.BytesIO(data))
        there = [shape if shape and shape.shapeType != shapefile.NULL else None for shape in reader.shapes()]
        return [dict(shape.__geo_interface__) if shape else None for shape in there]
    except (shapefile.ShapefileException, Warning, ValueError, IndexError, struct.error) as problem:
        raise SourceError(f"{where} has damaged shapes ({problem}). Download it again.") from None


def system(declared: str, shapes: Sequence[Geometry], where: str) -> str:
    """Find the coordinate system: as declared; without, degrees (RFC 7946), when the numbers can be degrees.

    Raises SourceError for a system that is not read, and when the numbers contradict it.
    """
    known = next((name for pattern, name in SYSTEMS if pattern.search(declared)), None)
    x, y = _first(shapes)
    in_degrees = abs(x) <= 180 and abs(y) <= 90
    if declared and known is None:
        raise SourceError(f"{where} has coordinates in {declared[:200]}; kloof reads {RD} and {DEGREES}.")
    if (known or DEGREES) == DEGREES and not in_degrees:
        raise SourceError(f"{where} has coordinates such as {x:g}, {y:g}, which are no degrees. Declare its crs.")
    if known == RD and in_degrees and shapes:
        raise SourceError(f"{where} declares {RD}, but {x:g}, {y:g} are degrees. Correct its crs.")
    return known or DEGREES


def _first(shapes: Sequence[Geometry]) -> tuple[float, float]:
    """Give the first point of the first shape."""
    for shape in shapes:
        point = shape.get("coordinates")
        while isinstance(point, (list, tuple)) and point and isinstance(point[0], (list, tuple)):
            point = point[0]
        if isinstance(point, (list, tuple)) and len(point) > 1 and all(isinstance(n, (int, float)) for n in point):
            return float(point[0]), float(point[1])
    return 0.0, 0.0


def collection(shapes: Iterable[tuple[str, Geometry]], crs: str) -> tuple[dict[str, Any], list[SetAside]]:
    """Make GeoJSON of codes and geometries, an area a feature; parts of one area are put together and counted."""
    found: dict[str, dict[str, Any]] = {}
    joined = set()
    for code, geometry in shapes:
        if code in found:
            found[code] = {"type": "MultiPolygon", "coordinates": [*_polygons(found[code]), *_polygons(geometry)]}
            joined.add(code)
        else:
            found[code] = dict(geometry)
    named = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": geometry} for code, geometry in found.items()
    ]
    aside = [SetAside("shapes", 0, "coordinates", crs)]
    if joined:
        aside.append(SetAside("shapes", 0, "shapes_of_one_area_joined", f"{len(joined)}: {examples(sorted(joined))}"))
    return {"type": "FeatureCollection", "crs": named, "features": features}, aside


def _polygons(geometry: Geometry) -> list[Any]:
    """List the polygons of a geometry."""
    if geometry["type"] not in ("Polygon", "MultiPolygon"):
        raise SourceError(f"two shapes of one area, of which one is a {geometry['type']}; kloof joins polygons only.")
    return list(geometry["coordinates"]) if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
