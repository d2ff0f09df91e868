"""Names what can go wrong. Every message says what is wrong, where, and how to go on."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from linecache import getline
from traceback import walk_tb

LONG = 400  # signs of an example that are shown


class KloofError(Exception):
    """Anything kloof refuses to do. The command line prints it and ends with exit code 2."""

    def _render_traceback_(self) -> list[str]:
        """Write it in a notebook: the message, then the lines of the reader's own that led here."""
        places = [
            f"Line {number}: {getline(frame.f_code.co_filename, number).strip()}"
            for frame, number in walk_tb(self.__traceback__)
            if frame.f_globals.get("__name__") == "__main__"
        ]
        return [f"{type(self).__name__}: {self}", *places]


class SchemaError(KloofError):
    """A table has not the shape it should have; the message lists all faults, not the first."""


class SourceError(KloofError):
    """A file is missing, damaged, or not what its name promises."""


class FetchError(KloofError):
    """A download that could not be finished; the message says what was kept and how to go on."""


class ParameterError(KloofError):
    """A preset, parameter, code, year or list that kloof does not know."""


class CatalogueError(KloofError):
    """The catalogue, a claim or a sentence table contradicts itself."""


class NotComputableError(KloofError):
    """A number that these data do not allow; `reason` is a code the report can explain."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


class NotebookError(KloofError):
    """A notebook stopped; the message names notebook, cell and cause."""


class BatchError(KloofError):
    """A batch that cannot go on: no scheduler, or no room; what is done is kept."""


class ReportError(KloofError):
    """A page could not be made, or says something that is not in results.json."""


def faults(what: str, found: Sequence[str], way_out: str) -> str:
    """Write all faults in one message: `2 faults in counts. (1) … (2) … way out`."""
    noun = "fault" if len(found) == 1 else "faults"
    listed = " ".join(f"({number}) {fault}" for number, fault in enumerate(found, 1))
    return f"{len(found)} {noun} in {what}. {listed} {way_out}".rstrip()


def examples(values: Sequence[object], most: int = 5) -> str:
    """Show at most five examples, the begin of long ones, and how many more there are."""
    texts = map(str, values[:most])
    shown = ", ".join(text if len(text) <= LONG else f"{text[:LONG]}… ({len(text):,} signs)" for text in texts)
    return shown if len(values) <= most else f"{shown}, and {len(values) - most} more"


def nearest(name: str, known: Iterable[str]) -> str:
    """Write `did you mean "…"? ` with the nearest known name whatever its capitals, or nothing."""
    folded = {one.casefold(): one for one in known}
    close = get_close_matches(name.strip().casefold(), list(folded), n=1, cutoff=0.4)
    return f'did you mean "{folded[close[0]]}"? ' if close else ""
