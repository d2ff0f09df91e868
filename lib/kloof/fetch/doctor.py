"""Tries the addresses of the source registry and says which lines of it to change. It changes none itself."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kloof.errors import FetchError, examples
from kloof.fetch import odata, wfs
from kloof.fetch.registry import Source
from kloof.fetch.table import Table
from kloof.fetch.web import Line, Patience, RefusedError, get
from kloof.files.cells import normalise

VERIFIED, UNREACHABLE, MISMATCH, BY_HAND = "verified", "unreachable", "mismatch", "by hand"
SHORT = Patience(tries=2, first_wait=1.0, longest_wait=5.0, connect=10.0, silence=20.0, whole=60.0, asked=10.0)


@dataclass(frozen=True)
class Finding:
    """What one table of a source turned out to be; `detail` says why it is no match, or what else was seen."""

    source: str
    years: tuple[int, ...]
    table: str
    verdict: str
    detail: str = ""


def examine(sources: Iterable[Source], line: Line, workers: int, tell: Callable[[Finding], None]) -> list[Finding]:
    """Try every table of these sources: whether it is there, is what its entry says, and holds the years.

    `tell` hears each finding as it comes. Never raises for what a server does: that is a finding.
    """
    tables = [(source, table, years) for source in sources for table, years in _tables(source).items()]
    found = []
    with ThreadPoolExecutor(workers, thread_name_prefix="doctor") as pool:
        for finding in pool.map(lambda one: _examine(one[0], one[1], one[2], line.anew()), tables):
            tell(finding)
            found.append(finding)
    return found


def _tables(source: Source) -> dict[str, tuple[int, ...]]:
    """Tables of a source with their years; a layer that is at another address each year counts each year."""
    found: dict[tuple[str, str], list[int]] = {}
    for year in source.years:
        found.setdefault((source.tables[year], source.where(year)), []).append(year)
    if len({table for table, _ in found}) == len(found):
        return {table: tuple(years) for (table, _), years in found.items()}
    return {f"{table} {years[0]}": tuple(years) for (table, _), years in found.items()}


def _examine(source: Source, name: str, years: tuple[int, ...], line: Line) -> Finding:
    """Try one table."""
    try:
        if source.service in ("file", "page"):
            get(line, source.where(years[0]), f"{source.id} {years[0]}", kind="any")
            return Finding(
                source.id, years, name, BY_HAND if source.service == "page" else VERIFIED, "the address answers"
            )
        if source.service == "wfs":
            table = wfs.describe_layer(line, source, years[0])
            faults, more = _columns(source, table), ""
        else:
            table = odata.describe_table(line, source, years[0])
            faults, more = _odata(source, table, years, line)
    except RefusedError as problem:
        return Finding(source.id, years, name, MISMATCH, str(problem))
    except FetchError as problem:
        return Finding(source.id, years, name, UNREACHABLE, str(problem))
    return Finding(source.id, years, name, MISMATCH if faults else VERIFIED, "; ".join(faults) or more)


def _odata(source: Source, table: Table, years: tuple[int, ...], line: Line) -> tuple[list[str], str]:
    """Compare title, dimensions, years and wanted values of a CBS table with its entry."""
    found = []
    title = set(normalise(table.title).split())
    if lacking := [word for word in normalise(source.title).split() if word not in title]:
        found.append(f"its title is {table.title!r}, without {examples(lacking)}")
    if not source.period and str(years[0]) not in f"{table.title} {table.period}":
        found.append(f"it is not about {years[0]}: its title is {table.title!r}, its period {table.period!r}")
    found += _columns(source, table)
    if found:
        return found, ""
    more = ""
    wanted = dict(source.keep) | ({source.period: tuple(map(str, years))} if source.period else {})
    lists = odata.table_question(source, table, years[0], "all").lists
    for dimension, values in wanted.items():
        where = lists[dimension].partition("&$filter")[0].partition("?$filter")[0]
        what = f"{source.id}, codes of {dimension}"
        codes = list(odata.names(odata.table_page(line, where, what).rows, what))
        asked = [value.format(year=years[0]) for value in values]
        if absent := [value for value in asked if not any(code.startswith(value) for code in codes)]:
            found.append(f"{dimension} has no {examples(absent)} (it has {examples(codes)})")
        elif dimension == source.period:
            beyond = sorted({code[:4] for code in codes} - {value[:4] for value in asked})
            more = f"it also has {examples(beyond)}" if beyond else ""
    return found, more


def _columns(source: Source, table: Table) -> list[str]:
    """Name the dimensions of the entry that the table has not."""
    have = {column.key for column in table.columns}
    wanted = [name for name in (source.region, source.period, *source.keep) if name]
    return [f"it has no dimension {name} (it has {', '.join(table.dimensions)})" for name in wanted if name not in have]


def lines_to_change(sources: Mapping[str, Source], findings: Iterable[Finding]) -> list[str]:
    """Lines of data/sources.toml to write after this examination."""
    by_source: dict[str, list[Finding]] = {}
    for finding in findings:
        by_source.setdefault(finding.source, []).append(finding)
    lines = []
    for name, found in by_source.items():
        source = sources[name]
        change = []
        if all(finding.verdict == VERIFIED for finding in found) and not source.verified:
            change.append("verified = true")
        wrong = [finding for finding in found if finding.verdict == MISMATCH]
        if wrong and source.verified:
            change.append("verified = false")
        change += [f"# {', '.join(map(str, f.years))}: {f.table}: {f.detail}" for f in wrong]
        lines += [f"[source.{name}]", *change] if change else []
    return lines
