"""What one table may cost at most: bytes, memory, questions and time. A server that never ends is ended by these."""

from dataclasses import dataclass, field
from time import monotonic

from kloof.errors import FetchError

MEGA = 1_000_000


class UnfitError(FetchError):
    """What the server gives is not to be taken, now or at the next try: nothing of the table is kept."""


@dataclass(frozen=True)
class Bounds:
    """The most that one table may cost; none that is known comes near.

    The longest page that is known, 10,000 rows with all key figures, has 40 MB and takes 200 MB of memory; the longest
    table, the same figures of the whole country with a row for each, has about 300 MB in some twenty pages.

    Of one answer: `answer` bytes, as sent and as unpacked, `memory` bytes once its JSON is read, `file` bytes where
    it is a file that is taken as it is. Of one table: `table` bytes unpacked, `questions` (pages, lists, second tries
    and redirections together), `seconds`. `idle` is how many seconds the next whole answer may take, with all tries
    and waits; `redirects` of one question, `empty` pages without rows one after another, and `lists` pages of the names
    of one dimension.
    """

    answer: int = 64 * MEGA
    memory: int = 280 * MEGA
    file: int = 256 * MEGA
    table: int = 1_000 * MEGA
    questions: int = 1_500
    seconds: float = 3_600.0
    idle: float = 110.0
    redirects: int = 5
    empty: int = 3
    lists: int = 50


@dataclass
class Spent:
    """What one table has cost so far, held against the bounds."""

    bounds: Bounds
    begin: float = field(default_factory=monotonic)
    questions: int = 0
    bytes: int = 0

    def until(self, what: str) -> float:
        """Give the moment at which the next answer must be whole. Raises FetchError when the table took too long."""
        now, end = monotonic(), self.begin + self.bounds.seconds
        if now >= end:
            raise FetchError(
                f"{what}: this table took more than {self.bounds.seconds:,.0f} seconds. What is finished is kept: run "
                f"the same command again, from a faster network or for one municipality at a time."
            )
        return min(now + self.bounds.idle, end)

    def ask(self, what: str) -> None:
        """Count one question. Raises UnfitError for one too many."""
        if self.questions >= self.bounds.questions:
            raise UnfitError(
                f"{what}: after {self.questions:,} questions this table still does not end, and no table is that long. "
                f"{NOTHING}"
            )
        self.questions += 1

    def hold(self, what: str, size: int, most: int) -> None:
        """Hold the bytes of an answer so far against the bounds. Raises UnfitError when they are more."""
        if size > most:
            raise UnfitError(f"{what}: the answer is longer than {most:,} bytes and still does not end. {NOTHING}")
        if self.bytes + size > self.bounds.table:
            raise UnfitError(
                f"{what}: this table is longer than {self.bounds.table:,} bytes and still does not end. {NOTHING} If "
                f"it is right, take one municipality at a time, or bring its file with: kloof data add."
            )


NOTHING = "Nothing of it was stored. Try again later; if it stays so, see: kloof data doctor."
