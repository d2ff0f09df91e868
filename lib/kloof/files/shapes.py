"""Boundaries as GeoJSON geometries, from well-known binary and from shapefiles, and the system of their coordinates."""

import io
import json
import re
import struct
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kloof.ceilings import too_much
from kloof.errors import SourceError, examples
from kloof.schema import SetAside

RD, DEGREES = "EPSG:28992", "EPSG:4326"
SYSTEMS = ((re.compile(r"28992|RD_New|RD New"), RD), (re.compile(r'CRS84|4326|^GEOGCS\["(?:GCS_)?WGS'), DEGREES))
POINTS, POINT, DEEP = 6_000_000, 16, 100  # of all boundaries of a file; bytes of one; shapes in shapes
TYPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
COLLECTION = (b"\x01\x07\x00\x00\x00", b"\x00\x00\x00\x00\x07")  # begin of a collection in well-known binary
Geometry = Mapping[str, Any]


def wkb_shapes(bodies: Iterable[object], where: str) -> list[Geometry]:
    """Read shapes in well-known binary. Raises SourceError when they are damaged."""
    import shapely

    bodies = list(bodies)
    _count_points(where, sum(len(one) for one in bodies if isinstance(one, bytes)))
    if any(isinstance(one, bytes) and sum(map(one.count, COLLECTION)) > DEEP for one in bodies):
        raise SourceError(f"{where} has shapes in shapes, more than {DEEP} deep. Bring polygons.")
    try:
        with np.errstate(invalid="ignore"):  # no numbers among the coordinates are refused by `collection`
            return [json.loads(text) for text in shapely.to_geojson(shapely.from_wkb(np.array(bodies, dtype=object)))]
    except (shapely.errors.ShapelyError, TypeError) as problem:
        raise SourceError(f"{where} has damaged shapes ({problem}). Download it again.") from None


def shapefile_shapes(data: bytes, where: str) -> list[Geometry | None]:
    """Read the shapes of a shapefile; None where a row has none. Raises SourceError when they are damaged."""
    import shapefile

    _count_points(where, len(data))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", shapefile.PossiblyCorruptFileHeader)  # cut off: a warning for pyshp
            reader = shapefile.Reader(shp=io.BytesIO(data))
        there = [shape if shape and shape.shapeType != shapefile.NULL else None for shape in reader.shapes()]
        return [dict(shape.__geo_interface__) if shape else None for shape in there]
    except (shapefile.ShapefileException, Warning, ValueError, LookupError, TypeError, struct.error) as problem:
        raise SourceError(f"{where} has damaged shapes ({problem}). Download it again.") from None


def _count_points(where: str, size: int) -> None:
    """Refuse more points than memory holds, by the bytes they take."""
    if size > POINTS * POINT:
        way_out = "Bring the generalised boundaries, or those of fewer areas."
        raise too_much(where, f"has some {size // POINT:,} points of boundaries", POINTS, "points", way_out)


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
        if not _is_drawable(geometry):
            raise SourceError(
                f"the boundary of {code} is no shape of points: its type is not one of GeoJSON, or a coordinate is no "
                "finite number. Correct it, or leave its geometry out."
            )
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


def _is_drawable(geometry: Geometry, levels: int = 3) -> bool:
    """Tell whether a geometry has a known type and finite numbers for coordinates; collections few levels deep."""
    if geometry.get("type") not in TYPES:
        return False
    parts = geometry.get("geometries")
    if geometry["type"] == TYPES[-1]:
        if not isinstance(parts, list) or not levels:
            return False
        return all(isinstance(one, dict) and _is_drawable(one, levels - 1) for one in parts)
    return _are_numbers(geometry.get("coordinates"))


def _are_numbers(coordinates: Any, levels: int = 3) -> bool:
    """Tell whether points, or lists of them up to `levels` deep, hold finite numbers and nothing else."""
    if not isinstance(coordinates, (list, tuple)):
        return False
    try:
        array = np.asarray(coordinates)
        return array.dtype.kind in "iuf" and bool(np.isfinite(array).all())
    except ValueError:  # parts of different lengths
        return levels > 0 and all(_are_numbers(part, levels - 1) for part in coordinates)
