"""A part of the store: the rows of one file, or of what is left of them, and what an entry of the manifest says of it.

An entry has two parts. `observations` are the rows that count; `whole` are all rows the file had, so that those which
made way for a newer file come back when that one is removed. They are one part until something makes way.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kloof.schema import COLUMNS

if TYPE_CHECKING:
    import duckdb


SCOPE = "source, year, indicator, municipality, level"
# postcodes and the country belong to no municipality; they are kept under the prefix of their code
MUNICIPALITY = """case when substr(code, 1, 2) in ('GM', 'WK', 'BU') then 'GM' || substr(code, 3, 4)
    else substr(code, 1, 2) end as municipality"""
LEVEL = "substr(code, 1, 2) as level"
ORDER = "order by municipality, code, indicator, year, source"


def rows_of(folder: Path, name: str) -> str:
    """Write the rows of a part, with their level, as something to select from."""
    return f"(select *, {LEVEL} from read_parquet('{quoted(folder / name)}'))"


def quoted(path: Path) -> str:
    """Write a path inside a text of the engine's language."""
    return str(path).replace("'", "''")


def whole_of(entry: Mapping[str, Any]) -> str:
    """Name the part with all rows that a file had."""
    return str(entry.get("whole") or entry["observations"])


def sources_of(entry: Mapping[str, Any]) -> set[str]:
    """Name the sources that a file describes."""
    return {one["source_id"] for one in entry["sources"]}


def copy(base: "duckdb.DuckDBPyConnection", path: Path, query: str) -> None:
    """Write a query to a parquet file that exists whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    base.execute(f"copy ({query}) to '{quoted(unfinished)}' (format parquet, compression zstd)")
    unfinished.replace(path)


def write_part(base: "duckdb.DuckDBPyConnection", folder: Path, name: str, query: str) -> dict[str, Any]:
    """Write rows as a part; give its name and what is in it."""
    base.execute(f"create or replace temporary table part as {query}")
    columns = ", ".join((*COLUMNS, "municipality"))
    copy(base, folder / name, f"select {columns} from part {ORDER}")
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


def make_way(
    base: "duckdb.DuckDBPyConnection", folder: Path, entry: Mapping[str, Any], generation: int
) -> Mapping[str, Any]:
    """Take the rows of table `scope` out of what counts of a file, into a part of its own; its whole stays."""
    part = rows_of(folder, entry["observations"])
    if not base.execute(f"select 1 from {part} semi join scope using ({SCOPE}) limit 1").fetchall():
        return entry
    name = part_name(entry, generation)
    kept = write_part(base, folder, name, f"select * from {part} anti join scope using ({SCOPE})")
    return {**entry, **kept, "whole": whole_of(entry)}


def part_name(entry: Mapping[str, Any], generation: int, what: str = "") -> str:
    """Name a new part of a file."""
    return f"{entry['sha256'][:16]}-{generation}{what}.parquet"


def renew_areas(
    base: "duckdb.DuckDBPyConnection", folder: Path, before: str | None, kept: Iterable[str], own: str, generation: int
) -> str:
    """Write the areas of the files that are kept, by their hash, and those that `own` selects beside them, if any."""
    shas = ", ".join(f"'{sha}'" for sha in kept) or "''"
    parts = [own] if own else []
    parts += [f"select * from read_parquet('{quoted(folder / before)}') where sha256 in ({shas})"] if before else []
    name = f"areas-{generation}.parquet"
    copy(base, folder / name, f"select * from ({' union all by name '.join(parts)}) order by municipality, code, place")
    return name
