"""Names what can go wrong. Every message says what is wrong, where, and how to go on."""

import errno
import re
from collections.abc import Iterable, Mapping, Sequence
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
    """Work that was handed out and cannot go on: no scheduler, or no room; of a batch, what is done is kept."""


class ReportError(KloofError):
    """A page could not be made, or says something that is not in results.json."""


MOST_FAULTS = 20  # that one message lists


def faults(what: str, found: Sequence[str], way_out: str) -> str:
    """Write all faults in one message: `2 faults in counts. (1) … (2) … way out`; of many the first, and how many."""
    noun = "fault" if len(found) == 1 else "faults"
    listed = " ".join(f"({number}) {fault}" for number, fault in enumerate(found[:MOST_FAULTS], 1))
    more = f" … and {len(found) - MOST_FAULTS} more." if len(found) > MOST_FAULTS else ""
    return f"{len(found)} {noun} in {what}. {listed}{more} {way_out}".rstrip()


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


def without(package: str) -> str:
    """Say that a package is not installed, and how to come by it."""
    return (
        f"the package {package} is not installed. A plain kloof measures and makes tables; what it needs for reports, "
        "batches and the workshop is installed with: pip install 'kloof[all]'"
    )


AGAIN = "type the same again"
NAMELESS = "what is printed, or a file,"  # the system does not say which
_REFUSALS: Mapping[tuple[int, ...], tuple[str, str]] = {
    (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)): ("the disk is full", f"Make room, then {AGAIN}."),
    (errno.EFBIG,): ("the file would be too large for this system", f"Raise its limit (ulimit -f), then {AGAIN}."),
    (errno.EACCES, errno.EPERM): ("you have no permission", "Ask for it, or name another place."),
    (errno.EROFS,): ("the disk can only be read", "Name another place."),
    (errno.ENOENT,): ("it is not there", "Look whether the name is right."),
    (errno.EEXIST, errno.ENOTEMPTY): ("something else is there already", "Name another place, or move that away."),
    (errno.EISDIR,): ("it is a folder, and a file is meant", "Name a file."),
    (errno.ENOTDIR,): ("a file is where a folder is meant", "Name another place, or move that file away."),
    (errno.ENAMETOOLONG,): ("the name is longer than the system allows", "Name a shorter one."),
    (errno.ELOOP,): ("it is a link that leads back to itself", "Mend the link, or name what it should lead to."),
    (errno.EMFILE, errno.ENFILE): ("too many files are open at once", f"Raise the limit (ulimit -n), then {AGAIN}."),
    (errno.ENOMEM,): ("there is not enough memory", f"End other programs, then {AGAIN}."),
    (errno.EIO,): ("the disk fails", "Look after the disk, or name a place on another one."),
    (errno.EBUSY, getattr(errno, "ETXTBSY", errno.EBUSY)): ("it is in use", f"End what uses it, then {AGAIN}."),
    (errno.EXDEV,): ("it lies on two disks", "Name a place on one disk."),
}
_NUMBER = re.compile(r"\[Errno (\d+)\]")


def refusal(problem: OSError) -> str:
    """Say what the system refused: where, why in plain words with its own in brackets, and what to do.

    Of a copy of many files (`shutil.Error`) that of the first one.
    """
    number, place, said = problem.errno, problem.filename2 or problem.filename, problem.strerror or str(problem)
    if number is None and problem.args and isinstance(problem.args[0], list) and problem.args[0]:
        _, place, said = problem.args[0][0]
        number = int(found[1]) if (found := _NUMBER.search(said)) else None
    own = f"[Errno {number}] {_NUMBER.sub('', said).strip()}" if number else said
    for numbers, (why, way_out) in _REFUSALS.items():
        if number in numbers:
            return f"{place or NAMELESS} cannot be read or written: {why} ({own}). {way_out}"
    return f"{place or NAMELESS} cannot be read or written ({own})."
