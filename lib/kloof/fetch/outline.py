"""Says what a download would do, how much that is and how long it takes, without asking anything of the network.

Sizes are estimates: a table has a row per area, a row has as many bytes as rows of its kind turned out to have in the
raw files that kloof was tried on. Where a table has more dimensions than its areas, nobody knows before asking.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kloof.catalogue import Catalogue
from kloof.fetch.doctor import BY_HAND
from kloof.fetch.download import Job
from kloof.fetch.get import NEVER, How, Wish, plan, present
from kloof.fetch.rawstore import Held, read_lock
from kloof.fetch.registry import ALL, Source

# areas in the country in 2024, and in a municipality on average
COUNTRY = {"land": 1, "gemeente": 342, "wijk": 3_393, "buurt": 14_574, "postcode": 4_068}
AVERAGE = {"land": 1, "gemeente": 1, "wijk": 10, "buurt": 43, "postcode": 12}
ROW = {"odata3": 3_500, "odata4": 20_000, "wfs": 8_000}  # bytes on the line: 110 topics with their names; a border
SPEED = 1_000_000  # bytes a second
QUESTIONS = 3.0  # seconds for the questions about a table: what it is, how many rows, whether it changed meanwhile
TO_GET, TO_RENEW, HERE = "to download", "to compare", "here"


@dataclass(frozen=True)
class Step:
    """What would become of one job; rows and bytes are None where nobody knows before asking."""

    job: Job
    state: str
    why: str = ""
    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Outline:
    """All steps, in order, with the number of questions at once."""

    steps: tuple[Step, ...]
    workers: int

    @property
    def asking(self) -> tuple[Step, ...]:
        """The steps that ask something of a server."""
        return tuple(step for step in self.steps if step.state in (TO_GET, TO_RENEW))

    @property
    def bytes(self) -> int:
        """Bytes of the steps of which these are known."""
        return sum(step.bytes or 0 for step in self.asking)

    @property
    def unknown(self) -> int:
        """How many steps have a size that nobody knows."""
        return sum(step.bytes is None for step in self.asking)

    @property
    def seconds(self) -> float:
        """How long it takes at `SPEED`, with the workers asking side by side."""
        return len(self.asking) * QUESTIONS / self.workers + self.bytes / SPEED


def outline(home: Path, registry: Mapping[str, Source], catalogue: Catalogue, wish: Wish, how: How) -> Outline:
    """Say what `get.fetch` would do with the same wish. Raises what that raises of a wish that makes no sense."""
    jobs, held = plan(registry, wish, how.addresses), read_lock(home)
    return Outline(tuple(_step(job, home, held, catalogue, how) for job in jobs), how.workers)


def _step(job: Job, home: Path, held: Mapping[str, Held], catalogue: Catalogue, how: How) -> Step:
    """Say what would become of one job."""
    if job.source.service == "page":
        return Step(job, BY_HAND, f"find it at {job.source.where(job.year)}")
    entry, why = present(job, home, held, catalogue)
    if entry and not how.refresh:
        return Step(job, HERE, "", entry.rows, entry.bytes)
    rows = entry.rows if entry else _rows(job, held.values())
    size = ROW.get(job.source.service)
    amount = rows, rows * size if rows is not None and size else None
    return Step(job, TO_RENEW, "", *amount) if entry else Step(job, TO_GET, "" if why == NEVER else why, *amount)


def _rows(job: Job, held: Iterable[Held]) -> int | None:
    """Estimate the rows of a table: as many as another year of it has, else one for each of its areas."""
    others = [one.current for one in held if one.current.source == job.source.id and one.current.region == job.region]
    if others:
        return max(one.rows for one in others)
    by_area = job.source.service == "wfs" or {"buurt", "wijk"} & set(job.source.levels)
    if job.source.service == "file" or not by_area:
        return None
    whole = job.region == ALL or job.source.takes_all
    return sum((COUNTRY if whole else AVERAGE)[level] for level in job.source.levels)
