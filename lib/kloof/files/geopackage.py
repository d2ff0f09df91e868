"""Reads a GeoPackage with the map of wijken and buurten: attributes and boundaries of each of its layers.

A GeoPackage is a SQLite database. A reader of geographic formats (pyogrio) would add 33 MB to read this one; the shape
of a row is a head of at least 8 bytes and then well-known binary, which shapely reads (OGC 12-128, clause 2.1.3).
"""

from typing import Any

import pandas as pd

from kloof.ceilings import database, database_table
from kloof.errors import SourceError, examples
from kloof.files.maps import Layer, code_title, map_reading, read_layer, with_code
from kloof.files.municipalities import Known
from kloof.files.opening import Opened
from kloof.files.reading import Reading
from kloof.files.shapes import Geometry, collection, system, wkb_shapes
from kloof.files.vocabularies import Vocabularies

ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}  # bytes of the box in the head of a shape, by the bits that say which
_LAYERS = """select contents.table_name, columns.column_name, columns.srs_id from gpkg_contents as contents
    left join gpkg_geometry_columns as columns using (table_name) order by contents.table_name"""


def read_geopackage(opened: Opened, words: Vocabularies, known: Known) -> Reading | None:
    """Read every layer that has area codes; None when the database is no GeoPackage.

    Raises SourceError when no layer has codes, when it is damaged, or when its coordinates are in another system.
    """
    with database(opened.path) as base:
        if not base.execute("select 1 from sqlite_master where name = 'gpkg_contents'").fetchall():
            return None
    with database(opened.path, "GeoPackage") as base:
        tables = [(*layer, *database_table(base, layer[0])) for layer in base.execute(_LAYERS).fetchall()]
    layers: list[tuple[str, Layer]] = []
    columns, systems, other = [], set(), []
    shapes: list[tuple[str, Geometry]] = []
    for table, geometry, number, titles, rows in tables:
        cells = pd.DataFrame(rows, columns=titles, dtype="object")
        if code_title(titles) is None:
            other.append(f"{table} ({examples(titles)})")
            continue
        where = f"{opened.name}, {table}"
        attributes = cells.drop(columns=[geometry] if geometry else [])
        layers.append((where, read_layer(opened, table, attributes, words, known)))
        columns.append(len(attributes.columns))
        if geometry:
            there = cells[geometry].notna()
            found = with_code(layers[-1][1].code[there], _shapes(cells[geometry][there], where))
            systems.add(system(f"EPSG:{number}", [shape for _, shape in found], where))
            shapes += found
    if not layers:
        raise SourceError(f"{opened.name} is a GeoPackage without area codes. Its layers: {examples(other) or 'none'}.")
    if len(systems) > 1:
        raise SourceError(f"{opened.name} has layers in {' and '.join(sorted(systems))}. Keep those of one system.")
    if not systems:
        return map_reading(opened, layers, columns)
    return map_reading(opened, layers, columns, *collection(shapes, systems.pop()))


def _shapes(cells: "pd.Series[Any]", where: str) -> list[Geometry]:
    """Read shapes behind the head that a GeoPackage puts before each."""
    try:
        bodies = [blob[8 + ENVELOPES[blob[3] >> 1 & 7] :] for blob in cells if blob[:2] == b"GP"]
    except (KeyError, IndexError, TypeError) as problem:
        raise SourceError(f"{where} has damaged shapes ({problem}). Download it again.") from None
    if len(bodies) != len(cells):
        odd = len(cells) - len(bodies)
        raise SourceError(f"{where}: {odd} shapes do not begin as a GeoPackage says. Download it again.")
    return wkb_shapes(bodies, where)
