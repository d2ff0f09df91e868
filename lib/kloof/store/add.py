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

from kloof.errors import SchemaError, SourceError, examples, faults
from kloof.paths import dump
from kloof.schema import AREA, COLUMNS, SOURCE, SetAside, check_observations, level_of
from kloof.store import intact
from kloof.store.manifest import engine, logged, replace_manifest, store_folder, writing
from kloof.store.parts import (
    LEVEL,
    MUNICIPALITY,
    SCOPE,
    copy,
    make_way,
    part_name,
    renew_areas,
    rows_of,
    sources_of,
    whole_of,
    write_part,
)

if TYPE_CHECKING:
    import duckdb


DIFFERENCE = ("code", "year", "indicator", "source", "before", "status_before", "after", "status_after", "file")


class Readable(Protocol):
    """What was recognised in one file: all its figures, areas and sources; `geometry` (GeoJSON) where it has any.

    `mapping` (name, text) is the file by which somebody said what its columns mean, where one did.
    """

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
    new), mended (it is in the store, and damaged parts of it were written anew) or differs (it contradicts the store,
    and nothing was changed). `added`, `removed`, `changed` and `equal` count
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


def add(
    recognised: Readable, folder: Path | None = None, *, replacing: bool = False, options: Sequence[str] = ()
) -> Change:
    """Add what was recognised in a file; the same reading of the same file again changes nothing.

    When it says the same as the store and more, it is added. When it changes or lacks a row that the store has in its
    scope, nothing is written and the differences come back (outcome `differs`), unless `replacing`: then older rows
    make way, until this file is removed again. `options` are what was said to have it taken; the log keeps them.
    Raises SchemaError when its tables are not valid, SourceError when the store stays locked, or when a part is damaged
    that this file does not mend.
    """
    import pyarrow as pa

    place = folder or store_folder()
    rows = check_observations(recognised.observations, recognised.name)
    _check_tables(recognised, rows)
    with writing(place) as manifest, engine() as base:
        base.register("given", pa.Table.from_pandas(rows, preserve_index=False))
        base.execute(f"create table new as select *, {MUNICIPALITY}, {LEVEL} from given")
        base.execute(f"create table scope as select distinct {SCOPE} from new")
        return _take(base, place, manifest, recognised, replacing, options)


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
    base: "duckdb.DuckDBPyConnection", place: Path, manifest: Mapping[str, Any], recognised: Readable, replacing: bool,
    options: Sequence[str],
) -> Change:  # fmt: skip
    """Compare, write the new parts, and let the new manifest count."""
    ids = {name for (name,) in base.sql("select distinct source from scope").fetchall()}
    same = next((entry for entry in manifest["files"] if entry["sha256"] == recognised.sha256), None)
    touched = [entry for entry in manifest["files"] if entry is same or ids & set(entry["source_ids"])]
    spoilt = intact.unreadable(base, place, manifest)
    of = {name: entries for name, (_, entries) in intact.pointed(manifest).items() if name in spoilt}
    if same is not None and any(same in entries for entries in of.values()):
        return _mend(base, place, manifest, recognised, same, spoilt)
    _refuse(manifest, {name: what for name, what in spoilt.items()
                       if name == manifest["areas"] or any(entry in touched for entry in of[name])})  # fmt: skip
    change = _compare(base, place, touched, recognised)
    about = _about(recognised)
    contradicts = bool(change.removed or change.changed)
    told = same is not None and all(same.get(key) == value for key, value in about.items())
    if told and not (change.added or contradicts):
        return change
    if contradicts and not replacing:
        return replace(change, outcome="differs")
    generation = manifest["generation"] + 1
    others = [entry for entry in manifest["files"] if entry is not same]
    kept = [make_way(base, place, entry, generation) if entry in touched else entry for entry in others]
    entry = {"name": recognised.name, "rows_read": change.rows, "options": list(options), **about}
    entry |= write_part(base, place, part_name(entry, generation), "select * from new")
    entry["whole"] = entry["observations"]
    if about["geometry"]:
        _write_geometry(base, place / about["geometry"], recognised.geometry)  # type: ignore[attr-defined]
    files = [*kept, entry]
    areas = _write_areas(
        base, place, manifest["areas"], recognised, [one["sha256"] for one in files], (generation, generation)
    )
    outcome = "replaced" if contradicts else "added"
    hashes = {name: one for name, one in manifest.get(intact.HASHES, {}).items() if name != about["geometry"]}
    content = {**manifest, "generation": generation, "areas": areas, "files": files, intact.HASHES: hashes}
    replace_manifest(place, logged(content, _line(outcome, entry, change.removed + change.changed)))
    return replace(change, outcome=outcome)


def _refuse(manifest: Mapping[str, Any], in_the_way: Mapping[str, str]) -> None:
    """Refuse to go on where damaged parts would have to be read."""
    if in_the_way:
        raise SourceError(intact.told(in_the_way, manifest))


def _mend(
    base: "duckdb.DuckDBPyConnection", place: Path, manifest: Mapping[str, Any], recognised: Readable,
    same: Mapping[str, Any], spoilt: Mapping[str, str],
) -> Change:  # fmt: skip
    """Write the damaged parts of a file anew, in its old place: what made way for later files still makes way.

    Raises SourceError when they would not be what they were, or when later files of its sources are damaged too.
    """
    files, generation, about = manifest["files"], manifest["generation"] + 1, _about(recognised)
    number, entry, areas = files.index(same), {**same}, manifest["areas"]
    later = [one for one in files[number + 1 :] if sources_of(one) & sources_of(same)]
    alike = all(same.get(key) == value for key, value in about.items())
    if {same["observations"], whole_of(same)} & spoilt.keys():
        _refuse(manifest, {name: what for name, what in spoilt.items() if name in map(whole_of, later)})
        base.execute(f"create table spoken as select {SCOPE} from new limit 0")
        for one in later:
            base.execute(f"insert into spoken select distinct {SCOPE} from {rows_of(place, whole_of(one))}")
        left = f"select * from new anti join spoken using ({SCOPE})"
        made = json.loads(json.dumps(write_part(base, place, part_name(same, generation), left)))
        entry |= {"observations": made["observations"], "whole": made["observations"]}
        if later:
            entry["whole"] = part_name(same, generation, "-whole")
            write_part(base, place, entry["whole"], "select * from new")
        alike &= all(same[key] == value for key, value in made.items() if key != "observations")
    if not alike:
        again = f"kloof data remove {same['sha256'][:12]}, then {intact.command(same['name'])}"
        raise SourceError(
            f"{recognised.name} is read otherwise than when it was added, so it cannot mend data/store: {again}"
        )
    if about["geometry"] in spoilt:
        _write_geometry(base, place / about["geometry"], recognised.geometry)  # type: ignore[attr-defined]
    nameless = set(manifest.get(intact.NAMELESS, ()))
    if areas in spoilt:
        nameless = nameless or {one["sha256"] for one in files}
        before = areas if spoilt[areas] == intact.LACKS else None
        kept = [one["sha256"] for one in files if one is not same]
        areas = _write_areas(base, place, before, recognised, kept, (generation, number))
        nameless -= {same["sha256"]}
    hashes = {name: one for name, one in manifest.get(intact.HASHES, {}).items() if name not in spoilt}
    files = [entry if one is same else one for one in files]
    content = {**manifest, "generation": generation, "areas": areas, "files": files, intact.HASHES: hashes}
    content[intact.NAMELESS] = sorted(nameless)
    replace_manifest(place, logged(content, _line("mended", entry, 0)))
    return Change("mended", recognised.name, len(recognised.observations), 0, 0, 0, 0, pd.DataFrame(columns=DIFFERENCE))


def _line(what: str, entry: Mapping[str, Any], made_way: int) -> dict[str, Any]:
    """Write what happened to a file as a line of the log."""
    return {
        "what": what, "name": entry["name"], "sha256": entry["sha256"], "rows": entry["rows"],
        "years": entry["years"], "sources": entry["source_ids"], "made_way": made_way,
        "retrieved": max((row["retrieved"] for row in entry["sources"]), default=""), "options": entry["options"],
        "mapping": (entry["mapping"] or {}).get("name", ""),
    }  # fmt: skip


def _about(recognised: Readable) -> dict[str, Any]:
    """Describe a file, apart from its name and rows; when this changes, the file is read differently than before."""
    areas = recognised.areas[list(AREA)].astype("str").sort_values("code").to_csv(index=False)
    shapes, mapping = (getattr(recognised, name, None) for name in ("geometry", "mapping"))
    return {
        "sha256": recognised.sha256,
        "kind": recognised.kind,
        "sources": recognised.sources[list(SOURCE)].astype("str").to_dict("records"),
        "set_aside": [dict(vars(row)) for row in recognised.set_aside],
        "area_names": hashlib.sha256(areas.encode("utf-8")).hexdigest(),
        "geometry": f"geometry-{hashlib.sha256(dump(shapes).encode('utf-8')).hexdigest()[:16]}.parquet"
        if shapes
        else None,
        "mapping": dict(mapping) if mapping else None,
        "collection": {key: value for key, value in shapes.items() if key != "features"} if shapes else None,
    }


def _compare(
    base: "duckdb.DuckDBPyConnection", place: Path, touched: Sequence[Mapping[str, Any]], recognised: Readable
) -> Change:
    """Count what the new rows change in their scope; of the same file read again, everything it had counts."""
    base.execute("create table old as select *, '' as file from new limit 0")
    for entry in touched:
        inside = "" if entry["sha256"] == recognised.sha256 else f"semi join scope using ({SCOPE})"
        values = {"part": str(place / entry["observations"]), "file": entry["name"]}
        base.execute(
            f"""insert into old by name select {", ".join(COLUMNS)}, municipality, level, $file as file
            from (select *, {LEVEL} from read_parquet($part)) {inside}""",
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


def _write_geometry(base: "duckdb.DuckDBPyConnection", path: Path, shapes: Mapping[str, Any]) -> None:
    """Write boundaries as one row per area, so that one municipality can be read alone."""
    import pyarrow as pa

    codes = [str(shape["properties"]["code"]) for shape in shapes["features"]]
    texts = [json.dumps(shape, ensure_ascii=False) for shape in shapes["features"]]
    base.register("shapes", pa.table({"code": codes, "shape": texts}))
    copy(base, path, f"select *, {MUNICIPALITY} from shapes order by municipality, code")


def _write_areas(
    base: "duckdb.DuckDBPyConnection", place: Path, before: str | None, recognised: Readable, kept: Iterable[str],
    at: tuple[int, int],
) -> str:  # fmt: skip
    """Write the areas of all files, each with the last year in which its file has figures of it.

    `at` is the generation, and the place of the file among the others, which breaks ties.
    """
    import pyarrow as pa

    last = dict(base.sql("select code, max(year) from new group by code").fetchall())
    own = recognised.areas[list(AREA)].astype("str")
    nameless = sorted(last.keys() - set(own["code"]))
    extra = pd.DataFrame({"code": nameless, "name": nameless, "level": map(level_of, nameless), "parent_code": ""})
    own = pd.concat([own, extra], ignore_index=True).astype("str")
    own["last_year"] = [int(last.get(code, 0)) for code in own["code"]]
    own = own.assign(place=at[1], sha256=recognised.sha256)
    base.register("own_areas", pa.Table.from_pandas(own, preserve_index=False))
    query = f"select *, {MUNICIPALITY} from own_areas"
    others = [sha for sha in kept if sha != recognised.sha256]
    return renew_areas(base, place, before, others, query, at[0])
