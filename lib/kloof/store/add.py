"""Takes a file that was recognised into the store, or says how it contradicts what is there.

A newer file speaks about the rows of its own scope: the sources, years, indicators, municipalities and levels of which
it has rows. What it says there is compared with what the store has; older rows in that scope make way as a whole, and
never without a report of every value that changes or disappears.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from kloof.errors import SchemaError, examples, faults
from kloof.paths import dump
from kloof.schema import AREA, COLUMNS, SOURCE, SetAside, check_observations, level_of
from kloof.store.manifest import engine, paths, replace_manifest, store_folder, writing

if TYPE_CHECKING:
    import duckdb


SCOPE = "source, year, indicator, municipality, level"
DIFFERENCE = ("code", "year", "indicator", "source", "before", "status_before", "after", "status_after", "file")

# postcodes and the country belong to no municipality; they are kept under the prefix of their code
MUNICIPALITY = """case when substr(code, 1, 2) in ('GM', 'WK', 'BU') then 'GM' || substr(code, 3, 4)
    else substr(code, 1, 2) end as municipality"""
LEVEL = "substr(code, 1, 2) as level"
ORDER = "order by municipality, code, indicator, year, source"


class Readable(Protocol):
    """What was recognised in one file: all its figures, areas and sources; `geometry` (GeoJSON) where it has any."""

    @property
    def name(self) -> str:
        """Name of the file."""

    @property
    def sha256(self) -> str:
        """Hash of the file."""

    @property
    def kind(self) -> str:
        """What kind of file it is."""

    @property
    def observations(self) -> pd.DataFrame:
        """Figures of all areas in it (`schema.COLUMNS`)."""

    @property
    def areas(self) -> pd.DataFrame:
        """Its areas: code, name, level, parent_code."""

    @property
    def sources(self) -> pd.DataFrame:
        """Its sources: source_id, publisher, title, table_id, licence, looked_up_in, retrieved."""

    @property
    def set_aside(self) -> Sequence[SetAside]:
        """What was left out of it, and why."""


@dataclass(frozen=True)
class Change:
    """What adding a file did to the store.

    `outcome`: added (nothing it says contradicts the store), replaced (older rows made way), known (it says nothing
    new) or differs (it contradicts the store, and nothing was changed). `added`, `removed`, `changed` and `equal` count
    rows against what the store had in the scope of the file. `differences` holds the removed and changed ones: code,
    year, indicator, source, before, status_before, after, status_after, file (the older one).
    """

    outcome: str
    name: str
    rows: int
    added: int
    removed: int
    changed: int
    equal: int
    differences: pd.DataFrame


def add(recognised: Readable, folder: Path | None = None, *, replacing: bool = False) -> Change:
    """Add what was recognised in a file; the same reading of the same file again changes nothing.

    When it says the same as the store and more, it is added. When it changes or lacks a row that the store has in its
    scope, nothing is written and the differences come back (outcome `differs`), unless `replacing`.
    Raises SchemaError when its tables are not valid, SourceError when the store is damaged or stays locked.
    """
    import pyarrow as pa

    place = folder or store_folder()
    rows = check_observations(recognised.observations, recognised.name)
    _check_tables(recognised, rows)
    with writing(place) as manifest, engine() as base:
        base.register("given", pa.Table.from_pandas(rows, preserve_index=False))
        base.execute(f"create table new as select *, {MUNICIPALITY}, {LEVEL} from given")
        base.execute(f"create table scope as select distinct {SCOPE} from new")
        return _take(base, place, manifest, recognised, replacing)


def _check_tables(recognised: Readable, rows: pd.DataFrame) -> None:
    """Refuse areas and sources that do not describe the observations."""
    found = [f"areas have no column {name}" for name in AREA if name not in recognised.areas]
    found += [f"sources have no column {name}" for name in SOURCE if name not in recognised.sources]
    if not found:
        nameless = sorted(set(rows["source"]) - set(recognised.sources["source_id"]))
        found += [f"sources do not describe {examples(nameless)}"] if nameless else []
    if found:
        raise SchemaError(faults(recognised.name, found, "Let the reader of this kind of file give them."))


def _take(
    base: "duckdb.DuckDBPyConnection", place: Path, manifest: Mapping[str, Any], recognised: Readable, replacing: bool
) -> Change:
    """Compare, write the new parts, and let the new manifest count."""
    ids = {name for (name,) in base.sql("select distinct source from scope").fetchall()}
    same = next((entry for entry in manifest["files"] if entry["sha256"] == recognised.sha256), None)
    touched = [entry for entry in manifest["files"] if entry is same or ids & set(entry["source_ids"])]
    change = _compare(base, place, touched, recognised)
    about = _about(recognised)
    contradicts = bool(change.removed or change.changed)
    told = same is not None and all(same[key] == value for key, value in about.items())
    if told and not (change.added or contradicts):
        return change
    if contradicts and not replacing:
        return replace(change, outcome="differs")
    generation = manifest["generation"] + 1
    others = [entry for entry in manifest["files"] if entry is not same]
    kept = [_make_way(base, place, entry, generation) if entry in touched else entry for entry in others]
    entry = {"name": recognised.name, "rows_read": change.rows, **about}
    entry |= _write_part(base, place, f"{recognised.sha256[:16]}-{generation}.parquet", "select * from new")
    if about["geometry"]:
        _write_geometry(base, place / about["geometry"], recognised.geometry)  # type: ignore[attr-defined]
    files = [*[old for old in kept if old["rows"] or old["geometry"]], entry]
    areas = _write_areas(base, place, manifest["areas"], recognised, [one["sha256"] for one in files], generation)
    replace_manifest(place, {**manifest, "generation": generation, "areas": areas, "files": files})
    return replace(change, outcome="replaced" if contradicts else "added")


def _about(recognised: Readable) -> dict[str, Any]:
    """Describe a file, apart from its name and rows; when this changes, the file is read differently than before."""
    areas = recognised.areas[list(AREA)].astype("str").sort_values("code").to_csv(index=False)
    shapes = getattr(recognised, "geometry", None)
    return {
        "sha256": recognised.sha256,
        "kind": recognised.kind,
        "sources": recognised.sources[list(SOURCE)].astype("str").to_dict("records"),
        "set_aside": [dict(vars(row)) for row in recognised.set_aside],
        "area_names": hashlib.sha256(areas.encode("utf-8")).hexdigest(),
        "geometry": f"geometry-{hashlib.sha256(dump(shapes).encode('utf-8')).hexdigest()[:16]}.parquet"
        if shapes
        else None,
        "collection": {key: value for key, value in shapes.items() if key != "features"} if shapes else None,
    }


def _compare(
    base: "duckdb.DuckDBPyConnection", place: Path, touched: Sequence[Mapping[str, Any]], recognised: Readable
) -> Change:
    """Count what the new rows change in their scope; of the same file read again, everything it had counts."""
    base.execute("create table old as select *, '' as file from new limit 0")
    for entry in touched:
        inside = "" if entry["sha256"] == recognised.sha256 else f"semi join scope using ({SCOPE})"
        values = {"parts": paths(place, [entry]), "file": entry["name"]}
        base.execute(
            f"""insert into old by name select {", ".join(COLUMNS)}, municipality, level, $file as file
            from (select *, {LEVEL} from read_parquet($parts)) {inside}""",
            values,
        )
    base.execute("""create table joined as
        select coalesce(n.code, o.code) as code, coalesce(n.year, o.year) as year,
            coalesce(n.indicator, o.indicator) as indicator, coalesce(n.source, o.source) as source,
            o.value as before, o.status as status_before, n.value as after, n.status as status_after, o.file as file,
            case when o.code is null then 'added' when n.code is null then 'removed'
                when o.value is distinct from n.value or o.status <> n.status or o.unit <> n.unit then 'changed'
                else 'equal' end as what
        from new n full outer join old o
            on n.code = o.code and n.year = o.year and n.indicator = o.indicator and n.source = o.source""")
    counted = dict(base.sql("select what, count(*) from joined group by what").fetchall())
    query = f"""select {", ".join(DIFFERENCE)} from joined where what in ('removed', 'changed')
        order by code, indicator, year, source"""
    return Change(
        outcome="known",
        name=recognised.name,
        rows=len(recognised.observations),
        **{what: int(counted.get(what, 0)) for what in ("added", "removed", "changed", "equal")},
        differences=base.sql(query).to_arrow_table().to_pandas(),
    )


def _write_part(base: "duckdb.DuckDBPyConnection", place: Path, name: str, query: str) -> dict[str, Any]:
    """Write rows as a part; give its name and what is in it."""
    base.execute(f"create or replace temporary table part as {query}")
    columns = ", ".join((*COLUMNS, "municipality"))
    _copy(base, place / name, f"select {columns} from part {ORDER}")
    found: dict[str, Any] = {"observations": name, "rows": int(base.sql("select * from part").shape[0])}
    for key, column in (("source_ids", "source"), ("years", "year"), ("indicators", "indicator")):
        found[key] = [one for (one,) in base.sql(f"select distinct {column} from part order by 1").fetchall()]
    query = """select source, year, list(distinct municipality order by municipality) from part
        where municipality like 'GM%' group by source, year order by source, year"""
    editions: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for source, year, codes in base.sql(query).fetchall():
        editions.setdefault(tuple(codes), []).append((source, int(year)))
    found["editions"] = [{"municipalities": list(codes), "of": of} for codes, of in editions.items()]
    return {**found, "municipalities": sorted({code for codes in editions for code in codes})}


def _copy(base: "duckdb.DuckDBPyConnection", path: Path, query: str) -> None:
    """Write a query to a parquet file that exists whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    base.execute(f"copy ({query}) to '{_quoted(unfinished)}' (format parquet, compression zstd)")
    unfinished.replace(path)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _make_way(
    base: "duckdb.DuckDBPyConnection", place: Path, entry: Mapping[str, Any], generation: int
) -> Mapping[str, Any]:
    """Take the rows of the new file's scope out of an older file, into a part of its own."""
    part = f"(select *, {LEVEL} from read_parquet('{_quoted(place / entry['observations'])}'))"
    if not base.execute(f"select 1 from {part} semi join scope using ({SCOPE}) limit 1").fetchall():
        return entry
    name = f"{entry['sha256'][:16]}-{generation}.parquet"
    return {**entry, **_write_part(base, place, name, f"select * from {part} anti join scope using ({SCOPE})")}


def _write_geometry(base: "duckdb.DuckDBPyConnection", path: Path, shapes: Mapping[str, Any]) -> None:
    """Write boundaries as one row per area, so that one municipality can be read alone."""
    import pyarrow as pa

    codes = [str(shape["properties"]["code"]) for shape in shapes["features"]]
    texts = [json.dumps(shape, ensure_ascii=False) for shape in shapes["features"]]
    base.register("shapes", pa.table({"code": codes, "shape": texts}))
    _copy(base, path, f"select *, {MUNICIPALITY} from shapes order by municipality, code")


def _write_areas(
    base: "duckdb.DuckDBPyConnection", place: Path, before: str | None, recognised: Readable, kept: Iterable[str],
    generation: int,
) -> str:  # fmt: skip
    """Write the areas of all files, each with the last year in which its file has figures of it."""
    import pyarrow as pa

    last = dict(base.sql("select code, max(year) from new group by code").fetchall())
    own = recognised.areas[list(AREA)].astype("str")
    nameless = sorted(last.keys() - set(own["code"]))
    extra = pd.DataFrame({"code": nameless, "name": nameless, "level": map(level_of, nameless), "parent_code": ""})
    own = pd.concat([own, extra], ignore_index=True).astype("str")
    own["last_year"] = [int(last.get(code, 0)) for code in own["code"]]
    own = own.assign(place=generation, sha256=recognised.sha256)
    base.register("own_areas", pa.Table.from_pandas(own, preserve_index=False))
    query = f"select *, {MUNICIPALITY} from own_areas"
    if before:
        shas = ", ".join(f"'{sha}'" for sha in kept if sha != recognised.sha256) or "''"
        query += f" union all by name select * from read_parquet('{_quoted(place / before)}') where sha256 in ({shas})"
    name = f"areas-{generation}.parquet"
    _copy(base, place / name, f"select * from ({query}) order by municipality, code, place")
    return name
