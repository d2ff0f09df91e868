"""Knows where open figures are published: one entry per source in data/sources.toml.

Which libraries fetch them, and why. `requests` sends the questions: one HTTP client, the one most people have already.
`tenacity` decides on another try (backoff, jitter, a limit), because a home-made loop gets exactly that wrong.
`filelock` keeps two downloads out of each other's way on every operating system. There is no cache library
(requests-cache, hishel, pooch were weighed): they keep answers by address until a time has passed, and an address of
CBS answers something else after a revision. What a report is built on must be named by its content, with the version
of the table, its rows and its date beside it, and a revision must come *beside* it: that is `rawstore`, a folder
of files named by their hash and one lock file. The clients for CBS (cbsodata, cbsodata4) read a table in one go: no
resumption, no check of what arrived.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from kloof.catalogue import Break, known
from kloof.documents import ANY, read_toml
from kloof.errors import CatalogueError, ParameterError, faults
from kloof.schema import LEVELS

SERVICES = {
    "odata3": "CBS OData version 3: a column per topic",
    "odata4": "CBS OData version 4: a row per figure",
    "wfs": "WFS of PDOK or a ministry: features with geometry",
    "file": "one file, taken as it is",
    "page": "a page where a person finds the file; bring it with: kloof data add",
}
COLUMNS = ("understood", "all")
YEARS = range(1990, 2101)
ADDRESS = re.compile(r"https://\S+|http://127\.0\.0\.1[:/]\S*")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
PREFIXES = {level: prefix for prefix, level in LEVELS.items()}


@dataclass(frozen=True)
class Source:
    """One source: who publishes what, where, for which years, and what is known to break.

    `tables` is year → table id (layer of a WFS, name of a file). `region` and `period` are the dimensions that hold the
    area code and the year; `keep` is dimension → values to which a download is limited, `{year}` being the year.
    `columns` says whether a download takes the columns the catalogue understands or all, `whole` that a table is always
    taken for the whole country. `title` holds words that the
    title of the table must contain. `verified` is true only where address and tables were tried by hand or by
    `kloof data doctor`; `doubt` says what is not certain.
    """

    id: str
    publisher: str
    title_nl: str
    title_en: str
    service: str
    address: str
    licence: str
    attribution: str
    levels: tuple[str, ...]
    tables: Mapping[int, str]
    update: str
    verified: bool
    title: str
    region: str = ""
    period: str = ""
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: str = "all"
    whole: bool = False
    breaks: tuple[Break, ...] = ()
    doubt: str = ""

    @property
    def years(self) -> tuple[int, ...]:
        """Years that can be had, in order."""
        return tuple(sorted(self.tables))

    def where(self, year: int) -> str:
        """Address for one year."""
        return self.address.format(year=year, table=self.tables[year])

    def prefixes(self, region: str) -> tuple[str, ...]:
        """First characters of the area codes of one municipality at the levels of this source; () is everything.

        For GM0758 at gemeente, wijk, buurt: GM0758, WK0758, BU0758. Codes are padded with blanks in the tables, so they
        are compared by how they start.
        """
        if region == ALL or self.takes_all:
            return ()
        return tuple(PREFIXES[level] + (region[2:] if level != "land" else "") for level in self.levels)

    @property
    def takes_all(self) -> bool:
        """Whether a download is the same for every municipality."""
        return self.whole or not self.region

    def limits(self, year: int) -> dict[str, tuple[str, ...]]:
        """Dimension → first characters of the values wanted of it, for one year."""
        limits = {
            name: tuple(value.format(year=year) for value in values) for name, values in sorted(self.keep.items())
        }
        return limits | ({self.period: (str(year),)} if self.period else {})


ALL = "all"
KEYS = {part.name for part in fields(Source)} - {"id"} | {"table", "years"}
REQUIRED = {part.name for part in fields(Source) if part.default is MISSING and part.default_factory is MISSING}
TEXTS = ("publisher", "title_nl", "title_en", "service", "address", "licence", "attribution", "update", "title")


def read_registry(path: Path) -> dict[str, Source]:
    """Read and check the source registry.

    Returns source id → Source, in the order of the file. Raises CatalogueError listing, by entry, every key that is
    unknown or missing, every year without table or table without year, and every value that makes no sense.
    """
    try:
        raw = read_toml(path, CatalogueError, wanted={"source?": {ANY: {}}})
    except FileNotFoundError:
        raise CatalogueError(f"{path.name} is not in {path.parent}; restore it: git checkout data.") from None
    found = [f"[{key}] is not known here" for key in raw if key != "source"]
    entries = raw.get("source", {})
    if not entries:
        found.append("there is no [source.NAME]")
    sources = {}
    for name, entry in entries.items():
        wrong = _faults(entry)
        found += [f"source {name}: {fault}" for fault in wrong]
        if not wrong:
            sources[name] = _source(name, entry)
    if found:
        raise CatalogueError(faults(path.name, found, "The head of the file says which keys there are."))
    return sources


def _faults(entry: Mapping[str, Any]) -> list[str]:
    """List what is wrong with one entry."""
    found = [f"unknown key {key}" for key in entry if key not in KEYS]
    absent = sorted((REQUIRED - {"id", "tables"} | {"years"}) - entry.keys())
    found += [f"no {key}" for key in absent]
    if ("table" in entry) == ("tables" in entry):
        found.append("needs either table, one id for all years, or tables, an id per year")
    found += [f"{key} is empty" for key in TEXTS if isinstance(entry.get(key), str) and not entry[key].strip()]
    found += [f"{key} is no text" for key in (*TEXTS, "region", "period") if not isinstance(entry.get(key, ""), str)]
    if found:
        return found
    found += _year_faults(entry)
    if entry["service"] not in SERVICES:
        found.append(f"service {entry['service']!r} is not known; known: {', '.join(SERVICES)}")
    if not isinstance(entry["verified"], bool):
        found.append("verified is true or false")
    if not ADDRESS.fullmatch(entry["address"]):
        found.append(f"address {entry['address']!r} does not begin with https://")
    strange = sorted(set(PLACEHOLDER.findall(entry["address"])) - {"year", "table"})
    found += [f"address has {{{name}}}; known: {{year}}, {{table}}" for name in strange]
    found += [f"level {level!r} is not known" for level in entry["levels"] if level not in PREFIXES]
    if entry.get("columns", "all") not in COLUMNS:
        found.append(f"columns {entry['columns']!r} is not known; known: {', '.join(COLUMNS)}")
    if str(entry["service"]).startswith("odata"):
        if set(entry["levels"]) - {"land"} and not entry.get("region"):
            found.append("has areas below the country and no region: name the dimension with the area codes")
        if len(entry["years"]) > 1 and "table" in entry and not entry.get("period"):
            found.append("has several years in one table and no period: name the dimension with the year")
    found += [f"break {part} needs at, kind, nl, en" for part in entry.get("breaks", []) if set(part) != BREAK]
    return found


BREAK = {"at", "kind", "nl", "en"}


def _year_faults(entry: Mapping[str, Any]) -> list[str]:
    """List years without table, tables without year, and what is no year."""
    years, tables = entry["years"], entry.get("tables", {})
    if not isinstance(years, list) or not years:
        return ["years is a list of at least one year"]
    found = [f"{year!r} is no year" for year in years if not isinstance(year, int) or year not in YEARS]
    if len(set(map(str, years))) != len(years):
        found.append("a year stands twice in years")
    if "tables" in entry:
        found += [f"year {year} has no table" for year in years if str(year) not in tables]
        found += [
            f"table {tables[year]!r} stands at {year}, not in years" for year in tables if _number(year) not in years
        ]
        found += [f"the table of {year} is empty" for year, table in tables.items() if not str(table).strip()]
    elif not str(entry["table"]).strip():
        found.append("table is empty")
    return found


def _number(text: str) -> int:
    """Read a year that TOML gives as a key; 0 for what is none."""
    return int(text) if text.isdigit() else 0


def _source(name: str, entry: Mapping[str, Any]) -> Source:
    """Turn a checked entry into a Source."""
    parts = {key: value for key, value in entry.items() if key not in ("table", "years", "tables")}
    tables = entry.get("tables", {})
    parts["tables"] = {year: str(tables.get(str(year), entry.get("table"))) for year in entry["years"]}
    parts["levels"] = tuple(entry["levels"])
    parts["keep"] = {key: tuple(values) for key, values in entry.get("keep", {}).items()}
    parts["breaks"] = tuple(Break(**part) for part in entry.get("breaks", []))
    return Source(id=name, **parts)


def choose(registry: Mapping[str, Source], names: Iterable[str]) -> list[Source]:
    """Look sources up by name; without names all of them. An unknown name is a ParameterError with the nearest."""
    wanted = list(dict.fromkeys(names))
    return [known(name, registry, "source") for name in wanted] if wanted else list(registry.values())


def moved(source: Source, address: str) -> Source:
    """Give a source another address: a mirror, or a server on this machine."""
    if not ADDRESS.fullmatch(address):
        raise ParameterError(f"address {address!r} of {source.id} does not begin with https:// or http://127.0.0.1.")
    return replace(source, address=address)
