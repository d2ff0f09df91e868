"""Gets what is asked for and not there yet: plans, downloads a few tables at a time, keeps the lock file.

What is there is not asked for again. A revised table is put beside the copy in use and the difference is reported; it
takes its place only when it is accepted. Two downloads into one folder wait for each other.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

from kloof.catalogue import Catalogue
from kloof.errors import FetchError, KloofError, ParameterError, SourceError, examples, faults
from kloof.fetch.bounds import Bounds, Spent
from kloof.fetch.download import Desk, Job, News, describe, download, understood
from kloof.fetch.rawstore import (
    PARTIAL,
    ROWS,
    Entry,
    Held,
    discard,
    fault,
    folder,
    read_lock,
    read_meta,
    read_raw,
    sweep,
    write_lock,
)
from kloof.fetch.registry import ALL, Source, choose, moved
from kloof.fetch.revisions import Difference, difference
from kloof.fetch.table import Column
from kloof.fetch.web import Line, Patience, host, offline, silent

MOST_WORKERS = 4  # questions at once: public servers are shared
_BY_HAND = "page"


@dataclass(frozen=True)
class How:
    """How to go about it.

    `offline` never touches the network; `refresh` asks of what is there whether it was revised; `accept` puts a
    revision in use. `workers` questions at once, `wait` seconds for another download to end, `addresses` is source →
    address instead of the one in the registry, `today` the date of retrieval (empty: that of the clock, UTC). `bounds`
    are the most that one table may cost.
    """

    offline: bool = False
    refresh: bool = False
    accept: bool = False
    workers: int = 2
    wait: float = 600.0
    patience: Patience = field(default_factory=Patience)
    bounds: Bounds = field(default_factory=Bounds)
    addresses: Mapping[str, str] = field(default_factory=dict)
    today: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    `state` is present, fetched, absent (the municipality is not in the table), unchanged, changed (a revision lies
    beside), accepted, by_hand (no address for a machine) or failed; `detail` says more.
    """

    job: Job
    state: str
    rows: int = 0
    bytes: int = 0
    detail: str = ""
    difference: Difference | None = None


@dataclass(frozen=True)
class Report:
    """Outcomes in the order of the plan, what was remarkable on the way, and municipalities that were nowhere."""

    outcomes: tuple[Outcome, ...]
    notices: tuple[str, ...] = ()
    nowhere: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise FetchError with all that failed; what did not fail is stored."""
        failed = list(dict.fromkeys(outcome.detail for outcome in self.outcomes if outcome.state == "failed"))
        failed += [
            f"{region} is in none of these tables; is the code right, and was it a municipality in these years?"
            for region in self.nowhere
        ]
        if failed:
            done = sum(outcome.state not in ("failed", "by_hand") for outcome in self.outcomes)
            what = f"the download ({done} of {len(self.outcomes)} tables are there)"
            raise FetchError(faults(what, failed, "The same command goes on from here."))


@dataclass(frozen=True)
class Wish:
    """What is wanted: sources and years (all when empty), municipalities or `all`, and whether all columns."""

    sources: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    regions: tuple[str, ...] = (ALL,)
    all_columns: bool = False


def fetch(
    home: Path,
    registry: Mapping[str, Source],
    catalogue: Catalogue,
    wish: Wish,
    how: How,
    tell: Callable[[News | str], None],
) -> Report:
    """Get what is asked for and not there yet, into `home`/data/raw.

    `tell` hears how far each table is, and when another download is waited for. Returns what became of each table; one
    that failed does not stop the others (`Report.check` raises). Raises ParameterError (what is asked), SourceError (a
    damaged lock file), FetchError (offline and not there, or another download that does not end).
    """
    if not 1 <= how.workers <= MOST_WORKERS:
        raise ParameterError(f"workers is 1 to {MOST_WORKERS}, not {how.workers}: public servers are shared.")
    jobs = plan(registry, wish, how.addresses)
    if how.offline:
        return _offline(home, catalogue, jobs, wish)
    today = how.today or datetime.now(UTC).date().isoformat()
    with _alone(home, how.wait, tell):
        sweep(home)
        desk = Desk(home, catalogue, Line(how.patience, spent=Spent(how.bounds)), today, tell)
        held = read_lock(home)
        outcomes = _run(jobs, desk, held, how)
    return Report(tuple(outcomes[job.key] for job in jobs), tuple(desk.notices), _nowhere(outcomes.values()))


def _offline(home: Path, catalogue: Catalogue, jobs: Sequence[Job], wish: Wish) -> Report:
    """Say what is there, or list all that is not."""
    held = read_lock(home)
    outcomes, lacking = [], []
    for job in jobs:
        entry, why = present(job, home, held, catalogue)
        if entry:
            outcomes.append(_there(job, entry))
        elif job.source.service == _BY_HAND:
            outcomes.append(_by_hand(job))
        else:
            lacking.append(f"{job}: {why}.")
    if lacking:
        regions = "--all" if wish.regions == (ALL,) else " ".join(f"--municipality {region}" for region in wish.regions)
        years = f" --years {','.join(map(str, wish.years))}" if wish.years else ""
        names = "".join(f" --source {name}" for name in wish.sources)
        raise FetchError(
            faults(
                "what is here", lacking, f"Get it where there is a network: kloof data fetch {regions}{years}{names}"
            )
        )
    return Report(tuple(outcomes))


@contextmanager
def _alone(home: Path, wait: float, tell: Callable[[News | str], None]) -> Iterator[None]:
    """Hold the folder while downloading; wait for another download to end."""
    from filelock import FileLock, Timeout

    folder(home).mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder(home) / ".fetch.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(f"another kloof data fetch is at work in {folder(home)}; waiting for it")
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise FetchError(
                f"another kloof data fetch has been at work in {folder(home)} for more than {wait:g} seconds. Let it "
                f"end, or stop it, and run the same command again."
            ) from None
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True)
class _Task:
    """One table under way: the jobs it serves, the whole copy that is there, and whether that one lacks columns."""

    jobs: list[Job]
    before: Entry | None
    narrow: bool = False


def _run(jobs: Sequence[Job], desk: Desk, held: dict[str, Held], how: How) -> dict[str, Outcome]:
    """Do all jobs, a few at a time; the lock file is written after each, by this thread alone."""
    outcomes: dict[str, Outcome] = {}  # by key of the job
    pool = ThreadPoolExecutor(how.workers, thread_name_prefix="fetch")
    waiting: dict[Future[Entry], _Task] = {}
    asked: dict[str, list[Job]] = {}  # jobs of several municipalities may be served by one copy of the whole country
    there = {job.key: present(job, desk.home, held, desk.catalogue) for job in jobs}
    no_way = _unreached([job for job in jobs if how.refresh or there[job.key][0] is None], len(jobs))
    try:
        for job in jobs:
            entry, why = there[job.key]
            if job.source.service == _BY_HAND:
                outcomes[job.key] = _by_hand(job)
            elif (entry is None or how.refresh) and (name := host(job.source.where(job.year))) in no_way:
                outcomes[job.key] = Outcome(job, "failed", detail=f"{name} cannot be reached ({no_way[name]})")
            elif entry is None:
                desk.notices.extend([] if why == NEVER else [f"{job}: {why}; downloaded again"])
                narrow = held[job.key].current if why == NARROW and job.key in held else None
                if narrow and fault(desk.home, narrow):
                    narrow = None
                waiting[pool.submit(_told, download, job, desk)] = _Task([job], narrow, narrow is not None)
            elif how.refresh and entry.key in asked:
                asked[entry.key].append(job)
            elif how.refresh:
                asked[entry.key] = [job]
                waiting[pool.submit(_told, _renewed, job, desk, held[entry.key])] = _Task(asked[entry.key], entry)
            elif how.accept:
                outcomes[job.key] = _accepted(job, entry, desk.home, held)
            else:
                outcomes[job.key] = _there(job, entry)
                if beside := held[entry.key].beside:
                    desk.notices.append(f"{job}: a revision ({beside.version or beside.retrieved}) waits for --accept")
        for future in as_completed(waiting):
            task = waiting[future]
            outcome = _settle(task, future, desk.home, held)
            if how.accept and outcome.state == "changed" and task.before:
                accepted = _accepted(task.jobs[0], task.before, desk.home, held)
                outcome = replace(accepted, difference=outcome.difference)
            outcomes |= {job.key: replace(outcome, job=job) for job in task.jobs}
    except BaseException:
        desk.line.stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return outcomes


def _unreached(jobs: Sequence[Job], asked: int) -> dict[str, str]:
    """Find the servers of these jobs that cannot be reached, and why. Raises FetchError when that is all of them."""
    addresses = [job.source.where(job.year) for job in jobs if job.source.service != _BY_HAND]
    found = silent(addresses)
    if found and len(found) == len(set(map(host, addresses))):
        raise offline(
            found, f"{asked - len(addresses)} of {asked} tables are here or by hand, and untouched. What it would do: "
            "--plan; only what is here: --offline; another address: --address SOURCE=ADDRESS."
        )  # fmt: skip
    return found


def _told(work: Callable[..., Entry], job: Job, *given: Any) -> Entry:
    """Do a piece of work; its error comes without the frames it arose in, which hold the pages of a table."""
    try:
        return work(job, *given)
    except KloofError as problem:
        said = str(problem)
    except MemoryError:
        said = f"{job}: there is no memory for this table. Nothing of it was stored; take one municipality at a time."
    raise FetchError(said)


def _renewed(job: Job, desk: Desk, known: Held) -> Entry:
    """Get a table again when its version is another, or its server gives none; else give back what is there."""
    own = replace(job, region=known.current.region, all_columns=known.current.columns == ALL)
    if job.source.service != "file" and known.current.version:
        version = describe(desk.line.anew(), own).version
        for entry in (known.current, known.beside):
            if entry and entry.version == version and not fault(desk.home, entry):
                return entry
    return download(own, desk)


def _settle(task: _Task, future: "Future[Entry]", home: Path, held: dict[str, Held]) -> Outcome:
    """Enter what a task brought in the lock file: in use when nothing whole was there, else beside what is.

    What says the same takes its place at once: the same rows, or the same values and the columns that lacked.
    """
    job, before = task.jobs[0], task.before
    try:
        entry = future.result()
    except KloofError as problem:
        return Outcome(job, "failed", detail=str(problem))
    known = held.get(entry.key)
    earlier = known.earlier if known else ()
    found = None
    if before is None or not before.file:
        state = "fetched" if entry.file else "absent"
        _enter(home, held, Held(entry, None, earlier))
    elif entry.sha256 == before.sha256:
        state = "unchanged"
        _enter(home, held, Held(entry, None, earlier))
        if entry.file != before.file:
            discard(home, before)
    else:
        found = _compare(home, before, entry)
        wider = task.narrow and found is not None and replace(found, columns_added=()).is_none
        state = "fetched" if wider else "changed"
        _enter(home, held, Held(entry if wider else before, None if wider else entry, earlier))
        found = None if wider else found
    rmtree(folder(home) / PARTIAL / replace(job, region=entry.region).name, ignore_errors=True)
    return Outcome(job, state, entry.rows, entry.bytes, difference=found)


def _enter(home: Path, held: dict[str, Held], one: Held) -> None:
    """Write one key of the lock file."""
    if held.get(one.current.key) != one:
        write_lock(home, {**held, one.current.key: one})
        held[one.current.key] = one


def _accepted(job: Job, entry: Entry, home: Path, held: dict[str, Held]) -> Outcome:
    """Put the revision that lies beside a copy in use; the copy it replaces stays on disk."""
    known = held[entry.key]
    if known.beside is None:
        return _there(job, entry)
    _enter(home, held, Held(known.beside, None, (*known.earlier, known.current)))
    return Outcome(job, "accepted", known.beside.rows, known.beside.bytes)


def _compare(home: Path, before: Entry, after: Entry) -> Difference | None:
    """Compare two copies cell by cell; None where there are no rows to compare."""
    if not (before.file.endswith(ROWS) and after.file.endswith(ROWS)):
        return None
    return difference(read_raw(folder(home) / before.file), read_raw(folder(home) / after.file))


def _there(job: Job, entry: Entry) -> Outcome:
    """Outcome of what was there already."""
    return Outcome(job, "present" if entry.file else "absent", entry.rows, entry.bytes)


def _by_hand(job: Job) -> Outcome:
    """Outcome of a source without an address for a machine."""
    where = job.source.where(job.year)
    return Outcome(job, "by_hand", detail=f"find it at {where} and bring it with: kloof data add FILE")


def _nowhere(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Municipalities that were in none of the tables they were looked for in."""
    states: dict[str, set[str]] = {}
    for outcome in outcomes:
        states.setdefault(outcome.job.region, set()).add(outcome.state)
    return tuple(region for region, found in states.items() if region != ALL and found == {"absent"})


MUNICIPALITY = re.compile(r"GM\d{4}")
NEVER = "not downloaded yet"
NARROW = "it has not all the columns that are wanted"


def plan(registry: Mapping[str, Source], wish: Wish, addresses: Mapping[str, str]) -> list[Job]:
    """List the tables to get, in order of source and year; `addresses` are as in `How`.

    Raises ParameterError with every code, source or year that makes no sense.
    """
    elsewhere = {name: moved(choose(registry, [name])[0], where) for name, where in addresses.items()}
    sources = choose({**registry, **elsewhere}, wish.sources)
    found = [
        f"municipality {region!r} is no CBS code; write GM and four digits, such as GM0758."
        for region in wish.regions
        if region != ALL and not MUNICIPALITY.fullmatch(region)
    ]
    known = {year for source in sources for year in source.years}
    if odd := sorted(set(wish.years) - known):
        found.append(f"no source has {examples(odd)} (there are {min(known)} to {max(known)}).")
    if found:
        raise ParameterError(faults("what is asked", found, "See: kloof data fetch --help."))
    jobs = []
    for source in sources:
        regions = (ALL,) if source.takes_all else wish.regions
        years = [year for year in source.years if not wish.years or year in wish.years]
        jobs += [Job(source, year, region, wish.all_columns) for year in years for region in dict.fromkeys(regions)]
    return jobs


def present(job: Job, home: Path, held: Mapping[str, Held], catalogue: Catalogue) -> tuple[Entry | None, str]:
    """Find a copy that serves a job, its own or one of the whole country; else say why there is none."""
    why = NEVER
    for region in dict.fromkeys((job.region, ALL)):
        known = held.get(replace(job, region=region).key)
        if known is None:
            continue
        if problem := fault(home, known.current):
            why = problem
        elif not _lacks(job, home, known.current, catalogue):
            return known.current, ""
        elif known.beside and not fault(home, known.beside) and not _lacks(job, home, known.beside, catalogue):
            return known.current, ""  # what lacks waits to be accepted, with values that differ
        else:
            why = NARROW
    return None, why


def _lacks(job: Job, home: Path, entry: Entry, catalogue: Catalogue) -> bool:
    """Whether a copy lacks columns: the catalogue may understand more since, or all may be wanted."""
    if entry.columns == ALL or not entry.file:
        return False
    if job.columns == ALL:
        return True
    try:
        others = [Column(**column) for column in read_meta(folder(home) / entry.file)["other_columns"]]
    except (SourceError, KeyError, TypeError):
        return True  # metadata that do not say what is not there
    return bool(understood(others, catalogue))
