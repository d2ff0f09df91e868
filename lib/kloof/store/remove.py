"""Takes a file, a source or a year out of the store; what had made way for a file that goes comes back.

The store is then as if the file had never been added and the others had come in the order they did. Nothing is changed
in place: new parts are written, and one new manifest lets them count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kloof.errors import ParameterError, SourceError, examples, nearest
from kloof.store import intact
from kloof.store.manifest import engine, logged, read_manifest, replace_manifest, store_folder, writing
from kloof.store.parts import SCOPE, part_name, renew_areas, rows_of, sources_of, whole_of, write_part

if TYPE_CHECKING:
    import duckdb


SHORTEST_HASH = 6  # letters of a hash that name a file
A_FILE, A_SOURCE, A_YEAR = "file", "source", "year"


@dataclass(frozen=True)
class Removal:
    """What was removed, or would be: `kind` is file, source or year, `what` its name.

    `gone` lists each file with the rows that go, `back` each file with the rows that count again; `again` names files
    of which it is not known what made way, from before kloof kept it or since a part is damaged: add them again.
    """

    kind: str
    what: str
    gone: tuple[tuple[str, int], ...]
    back: tuple[tuple[str, int], ...] = ()
    again: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def rows(self) -> int:
        """How many rows go."""
        return sum(count for _, count in self.gone)


def remove(what: str, folder: Path | None = None, *, trying: bool = False) -> Removal:
    """Remove a file (its name or the begin of its sha256), a source or a year; only say what goes when `trying`.

    A file can be removed although its own parts are damaged. Raises ParameterError when nothing in the store is called
    that, or several things are; SourceError when the store stays locked, or a part is damaged that holds the source or
    the year.
    """
    place = folder or store_folder()
    if not read_manifest(place)["files"]:
        raise ParameterError("The store (data/store) is empty: there is nothing to remove.")
    with writing(place) as manifest, engine() as base:
        spoilt = intact.unreadable(base, place, manifest)
        work = _Work(base, place, manifest["generation"] + 1, trying, spoilt)
        kind, chosen = _find(what, manifest["files"])
        files = manifest["files"]
        if spoilt and kind != A_FILE:
            raise SourceError(intact.told(spoilt, manifest))
        kept, done = work.without_file(files, chosen) if kind == A_FILE else work.without(files, kind, what)
        if not trying:
            work.replace(manifest, kept, done)
        return done


def _find(what: str, files: Sequence[Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    """Find what is meant: the kind, and the file when it is one."""
    named = [entry for entry in files if what in (entry["name"], entry["sha256"])]
    if not named and len(what) >= SHORTEST_HASH:
        named = [entry for entry in files if entry["sha256"].startswith(what.lower())]
    sources = set().union(*map(sources_of, files))
    years = {str(year) for entry in files for year in entry["years"]}
    kinds = [kind for kind, found in ((A_FILE, named), (A_SOURCE, what in sources), (A_YEAR, what in years)) if found]
    if len(named) > 1:
        hashes = examples([entry["sha256"][:12] for entry in named])
        raise ParameterError(f"{len(named)} files in the store are called {what}. Name one by its hash: {hashes}.")
    if len(kinds) > 1:
        hint = f"the file is also called {named[0]['sha256'][:12]}" if named else "rename one"
        raise ParameterError(f"{what} is the name of a {' and of a '.join(kinds)} in the store; {hint}.")
    if not kinds:
        names = [entry["name"] for entry in files]
        hint = nearest(what, [*names, *sorted(sources), *sorted(years)])
        span = f"years {min(years)} to {max(years)}" if years else "no year"
        raise ParameterError(
            f"The store (data/store) has no file, source or year {what!r}; {hint}It has files {examples(names)}; "
            f"sources {examples(sorted(sources))}; {span}. See: kloof data log."
        )
    return kinds[0], (named[0] if named else files[0])


@dataclass(frozen=True)
class _Work:
    """An engine, the store's folder, the generation to make, whether to write nothing, and which parts are damaged."""

    base: "duckdb.DuckDBPyConnection"
    place: Path
    generation: int
    trying: bool
    spoilt: Mapping[str, str]

    def without_file(
        self, files: Sequence[Mapping[str, Any]], leaving: Mapping[str, Any]
    ) -> tuple[list[Mapping[str, Any]], Removal]:
        """Leave one file out, and let count again what made way for it and for nothing that stays."""
        rest = [entry for entry in files if entry is not leaving]
        beside = [entry for entry in rest if sources_of(entry) & sources_of(leaving)]
        name, gone, sha = str(leaving["name"]), int(leaving["rows"]), str(leaving["sha256"])
        speaking = beside if self._is_damaged(leaving) else [leaving]  # of what it spoke is not known
        if not speaking or any(map(self._is_damaged, beside)):
            unclear = tuple(str(entry["name"]) for entry in beside if entry["rows"] < entry["rows_read"])
            return rest, Removal(A_FILE, name, ((name, gone),), (), unclear, sha)
        scopes = " union ".join(f"select {SCOPE} from {self._whole(entry)}" for entry in speaking)
        self.base.execute(f"create table gone as {scopes}")
        self.base.execute("create table spoken as select 0 as place, * from gone limit 0")
        for number, entry in [place for place in enumerate(rest) if place[1] in beside]:
            found = f"select distinct {number}, {SCOPE} from {self._whole(entry)} semi join gone using ({SCOPE})"
            self.base.execute(f"insert into spoken {found}")
        kept, back, again = [], [], []
        for number, entry in enumerate(rest):
            renewed = self._come_back(entry, number) if entry in beside else entry
            if renewed["rows"] > entry["rows"]:
                back.append((str(entry["name"]), int(renewed["rows"] - entry["rows"])))
            if not entry.get("whole") and entry["rows"] < entry["rows_read"] and entry in beside:
                again.append(str(entry["name"]))
            kept.append(renewed)
        return kept, Removal(A_FILE, name, ((name, gone),), tuple(back), tuple(again), sha)

    def without(
        self, files: Sequence[Mapping[str, Any]], kind: str, what: str
    ) -> tuple[list[Mapping[str, Any]], Removal]:
        """Leave the rows of a source or a year out of all files, also those that had made way."""
        condition = f"year = {int(what)}" if kind == A_YEAR else "source = '{}'".format(what.replace("'", "''"))
        kept, gone = [], []
        for entry in files:
            whole = f"select * from {self._whole(entry)} where not ({condition})"
            left = self._count(whole)
            if left == self._count(f"select * from {self._whole(entry)}"):
                kept.append(entry)
                continue
            renewed = self._write(entry, whole, left, "-whole")
            renewed["whole"] = renewed["observations"]
            if whole_of(entry) != entry["observations"]:
                counting = f"select * from {rows_of(self.place, entry['observations'])} where not ({condition})"
                renewed |= self._write(entry, counting, self._count(counting)) | {"whole": renewed["whole"]}
            gone.append((str(entry["name"]), int(entry["rows"]) - int(renewed["rows"])))
            about = [one for one in entry["sources"] if kind != A_SOURCE or one["source_id"] != what]
            kept += [{**renewed, "sources": about}] if left or entry["geometry"] else []
        return kept, Removal(kind, what, tuple(gone))

    def replace(self, manifest: Mapping[str, Any], kept: Sequence[Mapping[str, Any]], done: Removal) -> None:
        """Let what is kept count, and log it."""
        shas = [entry["sha256"] for entry in kept]
        areas = manifest["areas"] if kept else None
        if areas and self.spoilt.get(areas, intact.LACKS) == intact.LACKS:
            areas = renew_areas(self.base, self.place, areas, shas, "", self.generation)
        line = {
            "what": "removed", "kind": done.kind, "name": done.what, "sha256": done.sha256, "rows": done.rows,
            "files": [list(one) for one in done.gone], "back": [list(one) for one in done.back],
        }  # fmt: skip
        content = {**manifest, "generation": self.generation, "areas": areas, "files": list(kept)}
        replace_manifest(self.place, logged(content, line))

    def _is_damaged(self, entry: Mapping[str, Any]) -> bool:
        return bool({whole_of(entry), entry["observations"]} & self.spoilt.keys())

    def _whole(self, entry: Mapping[str, Any]) -> str:
        return rows_of(self.place, whole_of(entry))

    def _count(self, query: str) -> int:
        return int(self.base.sql(f"select count(*) from ({query})").fetchall()[0][0])

    def _come_back(self, entry: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        """Give a file back the rows in table `gone` about which no file behind it speaks."""
        if whole_of(entry) == entry["observations"]:
            return entry
        free = f"""select * from {self._whole(entry)} semi join gone using ({SCOPE})
            anti join (select * from spoken where place > {number}) using ({SCOPE})"""
        counting = f"select * from {rows_of(self.place, entry['observations'])} anti join gone using ({SCOPE})"
        query = f"{counting} union all by name {free}"
        rows = self._count(query)
        if rows == entry["rows"]:
            return entry
        renewed = self._write(entry, query, rows)
        is_whole = rows == self._count(f"select * from {self._whole(entry)}")
        return renewed | {"whole": renewed["observations"] if is_whole else whole_of(entry)}

    def _write(self, entry: Mapping[str, Any], query: str, rows: int, what: str = "") -> dict[str, Any]:
        """Write a new part of a file, or only count its rows."""
        if self.trying:
            return {**entry, "rows": rows}
        return {**entry, **write_part(self.base, self.place, part_name(entry, self.generation, what), query)}
