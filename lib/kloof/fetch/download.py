"""Downloads one table for one year and one municipality, and stores it only when it is whole and right.

What may be over at the next attempt (a page served twice, a revision between two pages) is started again; what is left
then is an error, and nothing is stored. Pages that were finished before an interruption are not asked for again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kloof.catalogue import Catalogue
from kloof.errors import FetchError, examples
from kloof.fetch import odata, wfs
from kloof.fetch.bounds import UnfitError, cells, shown, unfit
from kloof.fetch.rawstore import Entry, Pages, parquet, stem, store
from kloof.fetch.registry import ALL, PREFIXES, Source
from kloof.fetch.table import NUMBER, TOPIC, Column, Question, Row, Table
from kloof.fetch.web import Line, RefusedError, follow, get
from kloof.files.cells import CODE_TITLES, FIELD, NAME_TITLES, OTHER_IDENTITY, normalise

ATTEMPTS = 3  # of a whole download, when what arrives contradicts itself


@dataclass(frozen=True)
class Job:
    """One table to get: a source, a year, a municipality or `all`, and whether all its columns are wanted."""

    source: Source
    year: int
    region: str
    all_columns: bool = False

    @property
    def table(self) -> str:
        """Table id or layer."""
        return self.source.tables[self.year]

    @property
    def key(self) -> str:
        """Name of its entry in the lock file."""
        return f"{self.source.id}/{self.table}/{self.year}/{self.region}"

    @property
    def name(self) -> str:
        """Name of the folder of its unfinished pages."""
        return f"{self.source.id}_{stem(self.table, self.year, self.region)}"

    @property
    def columns(self) -> str:
        """Which columns are stored: understood or all."""
        return "all" if self.all_columns else self.source.columns

    def __str__(self) -> str:
        return f"{self.source.id} {self.year} (table {self.table}, {self.region})"


@dataclass(frozen=True)
class News:
    """How far a job is: rows and bytes so far, and how many rows there will be (None when the server does not tell)."""

    job: Job
    rows: int
    expected: int | None
    bytes: int


@dataclass(frozen=True)
class Desk:
    """What all downloads of one run share: where to store, what is understood, the line, the date, who hears of it."""

    home: Path
    catalogue: Catalogue
    line: Line
    today: str
    tell: Callable[[News], None]
    notices: list[str] = field(default_factory=list)


def describe(line: Line, job: Job) -> Table:
    """Ask what the table of a job is."""
    if job.source.service == "wfs":
        return wfs.describe_layer(line, job.source, job.year)
    return odata.describe_table(line, job.source, job.year)


def download(job: Job, desk: Desk) -> Entry:
    """Get one table and store it; the lock file is not touched.

    Returns the entry for the lock file; one with 0 rows says that this municipality is not in this table. What was
    resumed, thrown away or started again is added to the notices of the desk. Raises FetchError, naming the job, when
    the table cannot be had whole and right, within the bounds of the line.
    """
    desk = replace(desk, line=desk.line.anew())
    if job.source.service == "file":
        return _file(job, desk)
    said = ""
    for _ in range(ATTEMPTS):
        try:
            return _attempt(job, desk)
        except ContradictionError as problem:
            said = str(problem)
            desk.notices.append(f"{job}: {said}; started again")
    raise FetchError(
        f"{job}: {said}, {ATTEMPTS} times over. Nothing was stored and what you had is untouched. Run the same command "
        f"again later."
    )


def _attempt(job: Job, desk: Desk) -> Entry:
    """Get all pages, check them, store them. Pages that cannot be right are thrown away."""
    table = describe(desk.line, job)
    question = _question(job, table, _wanted(job, table, desk.catalogue))
    total = odata.count(desk.line, question.count, f"{job}, number of rows") if question.count else None
    if question.count and total is None:
        desk.notices.append(f"{job}: the server does not count its rows; only that none came twice was checked")
    pages = Pages(desk.home, job.name, {"address": question.first, "version": table.version, "total": total})
    if pages.thrown_away:
        desk.notices.append(f"{job}: changed since the interrupted download; {pages.thrown_away} old pages thrown away")
    if pages.resumed:
        desk.notices.append(f"{job}: went on after page {pages.resumed} of the interrupted download")
    try:
        _gather(job, desk, table, question, pages, total)
        if describe(desk.line, job).version != table.version:
            raise ContradictionError("the table was revised while it was read")
        rows = pages.all_rows()
        check_once(rows, table)
        entry = _entry(job, desk, table.version, question.filter)
        if not _own(rows, job):
            return _absent(job, desk, table, entry)
        return _store(job, desk, table, question, replace(entry, rows=len(rows)), rows)
    except (ContradictionError, UnfitError):
        pages.discard()  # also when all pages are there: the next run has to ask for them anew
        raise


def _wanted(job: Job, table: Table, catalogue: Catalogue) -> tuple[str, ...]:
    """Topics to keep: all (an empty tuple), or those the catalogue understands."""
    if job.columns == "all":
        return ()
    if keys := understood(table.columns, catalogue):
        return keys
    raise FetchError(
        f"{job}: none of its {len(table.columns)} columns is understood. Take them all with --all-columns, or add "
        f"their titles to data/catalogue.toml."
    )


def _question(job: Job, table: Table, keep: tuple[str, ...]) -> Question:
    """Write what is asked, in the language of the service."""
    if job.source.service == "wfs":
        return wfs.layer_question(job.source, job.year)
    return odata.table_question(job.source, table, job.year, job.region, keep)


def _gather(job: Job, desk: Desk, table: Table, question: Question, pages: Pages, total: int | None) -> None:
    """Read pages up to the last one, each checked before it is kept.

    Raises ContradictionError for what may be right at the next attempt, UnfitError for what will not.
    """
    read, border = (wfs.layer_page, wfs.GEOMETRY) if job.source.service == "wfs" else (odata.table_page, "")
    where: str | None = pages.done[-1].next if pages.done else question.first
    seen = {question.first, *(page.next for page in pages.done)}
    empty = 0
    while where:
        what = f"{job}, page {len(pages.done) + 1}"
        page = read(desk.line, where, what)
        link = follow(question.first, page.next, what) if page.next else None
        if link in seen:
            raise ContradictionError(f"page {len(pages.done) + 1} links to a page that was read before")
        cells(page.rows, what, border)
        check_rows(page.rows, pages.rows, pages.keys, question, table, what)
        empty = 0 if page.rows else empty + 1
        if link and empty > desk.line.spent.bounds.empty:
            raise unfit(what, f"{empty} pages one after another have no rows and lead on")
        pages.add(replace(page, next=link))
        seen.add(link)
        total = page.total if total is None else total
        desk.tell(News(job, pages.rows, total, pages.size))
        if total is not None and pages.rows > total:
            break
        where = link
    check_count(pages.rows, total)


def _own(rows: list[Row], job: Job) -> bool:
    """Whether there are rows of the municipality itself; the nation's row always comes along."""
    if job.region == ALL:
        return bool(rows)
    return any(not str(row[job.source.region]).startswith(PREFIXES["land"]) for row in rows)


def _names(job: Job, desk: Desk, where: str) -> dict[str, str]:
    """Names of the codes of a dimension; without them the codes have to do, and a notice says so."""
    what, most = f"{job}, names of codes", desk.line.spent.bounds.lists
    found: dict[str, str] = {}
    link: str | None = where
    try:
        for _ in range(most):
            page = odata.table_page(desk.line, str(link), what)
            before = len(found)
            found |= odata.names(page.rows, what)
            link = follow(where, page.next, what) if page.next else None
            if not link:
                return found
            if len(found) == before:
                raise unfit(what, "a page that leads on has no code that was not there before")
    except RefusedError as problem:
        desk.notices.append(f"{job}: codes without names, because {problem}")
        return found
    raise unfit(what, f"after {most} pages they still do not end")


def _store(job: Job, desk: Desk, table: Table, question: Question, entry: Entry, rows: list[Row]) -> Entry:
    """Write rows and metadata."""
    labels = {name: _names(job, desk, where) for name, where in question.lists.items()}
    rows, fields = kept(rows, question, table)
    meta = {
        "table": table.id,
        "title": table.title,
        "version": table.version,
        "period": table.period,
        "source": job.source.id,
        "service": job.source.service,
        "year": job.year,
        "region": job.region,
        "retrieved": desk.today,
        "filter": question.filter,
        "rows": len(rows),
        **columns_of(fields, question, table),
        "labels": labels,
    }
    return store(desk.home, replace(entry, rows=len(rows)), parquet(rows, fields, str(job)), meta)


def _absent(job: Job, desk: Desk, table: Table, entry: Entry) -> Entry:
    """Tell a municipality that is not in a table from a table that is empty."""
    if job.region != ALL:
        everything = odata.table_question(job.source, table, job.year, ALL)
        if odata.count(desk.line, everything.count, f"{job}, rows of all municipalities"):
            return entry
    raise UnfitError(
        f"{job}: the table has no rows for {job.year}. It may be withdrawn or not filled yet; see kloof data doctor "
        f"--source {job.source.id}. Nothing was stored."
    )


def _entry(job: Job, desk: Desk, version: str, narrow: str) -> Entry:
    """Begin the entry of a job; `rawstore.store` fills in the file."""
    return Entry(job.source.id, job.table, job.year, job.region, job.columns, version, narrow, desk.today)


def _file(job: Job, desk: Desk) -> Entry:
    """Get one file as it is."""
    where = job.source.where(job.year)
    body = get(desk.line, where, str(job), kind="any").body
    if not body:
        raise FetchError(f"{job}: the file is empty. Address: {where}")
    desk.tell(News(job, 0, None, len(body)))
    last = where.partition("?")[0].rpartition("/")[2]
    meta = {"table": job.table, "source": job.source.id, "service": "file", "year": job.year, "retrieved": desk.today}
    return store(desk.home, _entry(job, desk, "", ""), body, meta, Path(last).suffix or ".bin")


RUNNING = Column("ID", "ID", "", NUMBER)  # beside the columns that version 3 describes
IDENTITY = frozenset((*NAME_TITLES, *CODE_TITLES, *OTHER_IDENTITY)) - {""}
PLACE = ("regioaanduiding", "postcode")  # groups of columns that say where, not how many


class ContradictionError(Exception):
    """What arrived contradicts itself or what the server said; it may be right at the next attempt."""


def understood(columns: Iterable[Column], catalogue: Catalogue) -> tuple[str, ...]:
    """Keys of the topics that an indicator of the catalogue is read from, by meaning, and of those that name areas.

    A title is compared with its groups (`Wonen|Koopwoningen`), as `cells.normalise` leaves it. A table may name
    its groups otherwise, so a field name that ends the column of an indicator counts too: a column too many is no harm.
    """
    meanings = {normalise(name) for indicator in catalogue.indicators.values() for name in indicator.columns}
    found = []
    for column in columns:
        title, short = normalise(column.title), normalise(column.key)
        by_key = FIELD.fullmatch(column.key) and any(meaning.endswith(f" {short}") for meaning in meanings)
        names_area = normalise(column.title.split("|")[-1]) in IDENTITY or title.startswith(PLACE)
        if column.type == TOPIC and (title in meanings or by_key or names_area):
            found.append(column.key)
    return tuple(found)


def check_count(rows: int, total: int | None) -> None:
    """See that as many rows came as the server counts. Raises ContradictionError."""
    if total is not None and rows != total:
        raise ContradictionError(f"{rows:,} rows came and the server counts {total:,}")


def check_rows(
    rows: Sequence[Row], before: int, keys: Set[str], question: Question, table: Table, what: str
) -> None:  # fmt: skip
    """See that the rows of a page are what was asked for, with the columns of the first row of all.

    `before` rows came already, the first of them with columns `keys`. Raises ContradictionError for what may be over at
    the next attempt (columns that move), UnfitError for what will not (columns that are not served, a filter that is
    ignored).
    """
    if not rows:
        return
    first = keys or rows[0].keys()
    odd = next((number for number, row in enumerate(rows, before + 1) if row.keys() != first), None)
    if odd is not None:
        moved = sorted(rows[odd - before - 1].keys() ^ first)
        raise ContradictionError(f"the columns of rows 1 and {odd:,} differ ({_few(moved)})")
    described, long = {column.key for column in table.columns}, _is_long(table)
    topics = () if long else question.keep or (described - {*table.dimensions})
    lacking = sorted({*table.dimensions, *topics, *question.limits} - first)
    unknown = [] if long else sorted(first - described - {RUNNING.key})
    if lacking or unknown:
        raise UnfitError(
            f"{what}: the rows are not as the list of columns says (without {_few(lacking) or 'none'}, besides it "
            f"{_few(unknown) or 'none'}): the columns of the table moved. Nothing was stored; try again later, and "
            f"if it stays, report it."
        )
    for name, values in question.limits.items():
        strange = [str(row[name]).strip() for row in rows if not str(row[name]).startswith(values)]
        if strange:
            raise UnfitError(
                f"{what}: the server ignored the filter {question.filter}: {len(strange):,} rows have another {name} "
                f"({_few(dict.fromkeys(strange))}). Nothing was stored. Take the whole table with --all."
            )


def _few(values: Iterable[str]) -> str:
    """Show some values that a server gave."""
    return examples(list(map(shown, values)))


def check_once(rows: Sequence[Row], table: Table) -> None:
    """See that each row came once. Raises ContradictionError."""
    times = Counter(tuple(row[name] for name in table.dimensions) for row in rows)
    twice = [" ".join(str(part).strip() for part in key) for key, number in times.items() if number > 1]
    if twice:
        raise ContradictionError(f"{len(twice):,} rows came twice ({_few(twice)})")


def _is_long(table: Table) -> bool:
    """Whether a table has a row per figure (version 4): measures are values there, not columns."""
    return "Measure" in table.dimensions


def kept(rows: list[Row], question: Question, table: Table) -> tuple[list[Row], list[str]]:
    """Leave out what was not asked for but came along; return rows and the names of their columns, in order."""
    served = list(rows[0]) if rows else []
    if not question.keep:
        return rows, served
    if _is_long(table):
        return [row for row in rows if row["Measure"] in question.keep], served
    wanted = {RUNNING.key, *table.dimensions, *question.keep}
    return rows, [name for name in served if name in wanted]


def columns_of(names: Sequence[str], question: Question, table: Table) -> dict[str, list[dict[str, Any]]]:
    """Describe the columns that are stored (`columns`) and those that are not (`other_columns`)."""
    have = {*names, *question.keep}
    if not question.keep:
        have |= {column.key for column in table.columns}
    stored = [RUNNING] * (RUNNING.key in names) + [column for column in table.columns if column.key in have]
    others = [column for column in table.columns if column.key not in have]
    return {"columns": [asdict(column) for column in stored], "other_columns": [asdict(column) for column in others]}
