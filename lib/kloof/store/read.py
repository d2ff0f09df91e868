"""Keeps what files said about every municipality, and gives one municipality or one indicator back in a moment.

One part per file that was added (parquet), its rows sorted by municipality, code, indicator and year, so that the
engine reads a few row groups for one municipality and skips most of every column for one indicator. `manifest`
says where the parts lie, `add` how a file is added.

Chosen by measuring 12.8 million synthetic rows in 12 parts on 2 cores, pandas frame included: a municipality of 31,000
rows, the largest of 225,000, one indicator of all areas (213,000). DuckDB on one copy in row groups of 122,880 (21 MB):
7 ms, 18 ms and 0.20 s; pyarrow.dataset on the same: 58 ms, 61 ms and 0.43 s, and in its best row groups (32,768) 25 ms,
28 ms and 0.54 s. A second copy sorted by indicator makes the last one 0.04 s for 2.5 times as much on disk: not needed.
To start an engine takes 11 ms, so a process keeps one. `benchmarks/store.py` measures the whole, sorted, again.
A process hashes parts when it first reads them (`intact`): 14 ms for 18 MB, where the median municipality took 25 ms
and one indicator 140; afterwards nothing. Checksums of pages would verify only what is read; DuckDB ignores them.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.errors import ParameterError, examples, nearest
from kloof.schema import AREA, COLUMNS, SOURCE, SetAside
from kloof.store.intact import part
from kloof.store.manifest import follow, read_manifest, reading, store_folder

ASKED = ("municipality", "indicator")
ASKED_FILE = "KLOOF_ASKED"
_listening: list[list[tuple[str, str]]] = []
CONTENTS = (
    "name", "kind", "sha256", "rows", "rows_read", "municipalities", "indicators", "first_year", "last_year", "sources",
)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What the store has about one municipality.

    `observations` have `schema.COLUMNS`, with all sources beside each other; `inputs` names the files its rows come
    from with their sha256, `files` the file in which each source stands; `geometry` holds its own boundaries.
    """

    observations: pd.DataFrame
    areas: pd.DataFrame
    sources: pd.DataFrame
    inputs: tuple[Mapping[str, Any], ...]
    files: Mapping[str, str]
    set_aside: tuple[SetAside, ...]
    geometry: Mapping[str, Any] | None


def asked(kind: str, name: str) -> None:
    """Write down what is asked of the store (`ASKED`), where a run wants to know what its results rest on."""
    for heard in _listening:
        heard.append((kind, name))
    if path := os.environ.get(ASKED_FILE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{kind} {name}\n")


@contextmanager
def overheard() -> Iterator[list[tuple[str, str]]]:
    """Listen to what is asked of the store inside."""
    heard: list[tuple[str, str]] = []
    _listening.append(heard)
    try:
        yield heard
    finally:
        _listening.remove(heard)


def municipality(code: str, folder: Path | None = None) -> Held:
    """Give everything about one municipality, its wijken and its buurten, sorted by code, indicator, year, source.

    Postcode areas belong to no municipality and are not among them. Raises ParameterError when the store is empty or
    has no such municipality: it says what there is and which command to type; SourceError when the store is damaged.
    """
    place = folder or store_folder()
    asked("municipality", code)

    def ask(manifest: Mapping[str, Any]) -> Held:
        entries = [entry for entry in manifest["files"] if code in entry["municipalities"]]
        if not entries:
            raise ParameterError(_absent(code, manifest))
        rows = _rows(place, manifest, entries, ("municipality", code))
        used = set(rows["source"].unique())
        return Held(
            observations=rows,
            areas=_areas(place, manifest, code),
            sources=_sources(entries, used),
            inputs=tuple({"file": entry["name"], "sha256": entry["sha256"]} for entry in entries),
            files={name: entry["name"] for entry in entries for name in entry["source_ids"] if name in used},
            set_aside=tuple(
                SetAside(**{**row, "step": f"{entry['name']} {row['step']}"})
                for entry in entries
                for row in entry["set_aside"]
            ),
            geometry=_shapes(place, manifest, code),
        )

    return follow(place, ask)


def indicator(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Give one indicator for all areas, years and sources (`schema.COLUMNS`), sorted by code, year, source.

    Raises ParameterError when no file has it, naming those there are; SourceError when the store is damaged.
    """
    place = folder or store_folder()
    asked("indicator", name)

    def ask(manifest: Mapping[str, Any]) -> pd.DataFrame:
        entries = [entry for entry in manifest["files"] if name in entry["indicators"]]
        if not entries:
            here = sorted({one for entry in manifest["files"] for one in entry["indicators"]})
            raise ParameterError(f"The store (data/store) has no {name}. It has: {', '.join(here) or 'nothing yet'}.")
        return _rows(place, manifest, entries, ("indicator", name))

    return follow(place, ask)


def _rows(
    folder: Path, manifest: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], where: tuple[str, str]
) -> pd.DataFrame:
    """Select observations of some parts, where a column has a value."""
    with reading() as base:
        query = f"select {', '.join(COLUMNS)} from read_parquet($parts) where {where[0]} = $value"
        parts = [part(folder, manifest, entry["observations"]) for entry in entries]
        found = base.sql(query, params={"parts": parts, "value": where[1]}).to_arrow_table()
    rows: pd.DataFrame = found.to_pandas()
    return rows.sort_values(["code", "indicator", "year", "source"], ignore_index=True)


def _areas(folder: Path, manifest: Mapping[str, Any], code: str | None = None) -> pd.DataFrame:
    """Give one row per area, with name and parent of the last year in which a file has figures of it."""
    with reading() as base:
        idle = ", ".join(f"'{entry['sha256']}'" for entry in manifest["files"] if not counts(entry))
        wanted = [f"sha256 not in ({idle})"] * bool(idle) + ["municipality = $code"] * bool(code)
        where = f"where {' and '.join(wanted)}" if wanted else ""
        query = f"""select {", ".join(AREA)} from read_parquet($path) {where}
            qualify row_number() over (partition by code order by last_year desc, place desc) = 1 order by code"""
        values = {"path": part(folder, manifest, manifest["areas"])} | ({"code": code} if code else {})
        found: pd.DataFrame = base.sql(query, params=values).to_arrow_table().to_pandas()
        return found


def counts(entry: Mapping[str, Any]) -> bool:
    """Tell whether anything of a file counts; all its rows may have made way for those of newer files."""
    return bool(entry["rows"] or entry["geometry"])


def _sources(entries: Iterable[Mapping[str, Any]], used: Iterable[str] | None = None) -> pd.DataFrame:
    """Give one row per source, as the file that was added last describes it."""
    rows = {source["source_id"]: source for entry in entries for source in entry["sources"] if counts(entry)}
    kept = [rows[name] for name in sorted(rows if used is None else rows.keys() & set(used))]
    return pd.DataFrame(kept, columns=list(SOURCE)).astype("str")


def _shapes(folder: Path, manifest: Mapping[str, Any], code: str) -> Mapping[str, Any] | None:
    """Give the boundaries of one municipality's buurten (GeoJSON) from the file that was added last and has them."""
    for entry in reversed(manifest["files"]):
        if entry["geometry"]:
            with reading() as base:
                query = "select shape from read_parquet($path) where municipality = $code and code like 'BU%'"
                values = {"path": part(folder, manifest, entry["geometry"]), "code": code}
                own = [json.loads(shape) for (shape,) in base.sql(query, params=values).fetchall()]
            if own:
                return {**entry["collection"], "features": own}
    return None


def _absent(code: str, manifest: Mapping[str, Any]) -> str:
    """Say what the store has instead, and how to fill it."""
    here = sorted({name for entry in manifest["files"] for name in entry["municipalities"]})
    way_out = f"Fill it: kloof data fetch --municipality {code}, or kloof data add FILE… for files you have."
    if not here:
        return f"The store (data/store) is empty. {way_out}"
    files = examples([entry["name"] for entry in manifest["files"] if counts(entry)])
    count = f"{len(here)} municipalit{'y' if len(here) == 1 else 'ies'}"
    has = f"It has {count} ({examples(here)}), from {files}: {nearest(code, here)}"
    return f"The store (data/store) has no {code}. {has}{way_out}"


def municipalities(folder: Path | None = None) -> list[str]:
    """Codes of the municipalities that have rows in the store, in order."""
    return sorted(
        {code for entry in read_manifest(folder or store_folder())["files"] for code in entry["municipalities"]}
    )


def held_indicators(folder: Path | None = None) -> set[str]:
    """Names of the indicators of which any file in the store has rows."""
    return {name for entry in read_manifest(folder or store_folder())["files"] for name in entry["indicators"]}


def editions(folder: Path | None = None) -> dict[tuple[str, int], set[str]]:
    """Give the municipalities of which each source has figures of each year: (source, year) → codes.

    They tell in which division of the country a source gives a year.
    """
    found: dict[tuple[str, int], set[str]] = {}
    for entry in read_manifest(folder or store_folder())["files"]:
        for edition in entry["editions"]:
            for source, year in edition["of"]:
                found.setdefault((source, year), set()).update(edition["municipalities"])
    return found


def areas(folder: Path | None = None) -> pd.DataFrame:
    """Give all areas: code, name, level, parent_code, as in the last year in which a file has figures of them."""
    place = folder or store_folder()
    empty = pd.DataFrame(columns=list(AREA)).astype("str")
    return follow(place, lambda manifest: _areas(place, manifest) if manifest["areas"] else empty)


def sources(folder: Path | None = None) -> pd.DataFrame:
    """Give all sources: source_id, publisher, title, table_id, licence, looked_up_in, retrieved."""
    return _sources(read_manifest(folder or store_folder())["files"])


def contents(folder: Path | None = None) -> pd.DataFrame:
    """List the files in the store in the order they came: what counts of each now, and how many rows it had."""
    rows = [
        {
            **{key: entry[key] for key in ("name", "kind", "sha256", "rows", "rows_read")},
            **{key: len(entry[key]) for key in ("municipalities", "indicators")},
            "first_year": min(entry["years"], default=None),
            "last_year": max(entry["years"], default=None),
            "sources": ", ".join(entry["source_ids"]),
        }
        for entry in read_manifest(folder or store_folder())["files"]
    ]
    return pd.DataFrame(rows, columns=list(CONTENTS))
