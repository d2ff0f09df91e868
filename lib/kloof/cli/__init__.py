"""The commands: what is typed, what is printed, what to type next."""

import sys
from types import TracebackType

_before = sys.excepthook


def _stopped_early(kind: type[BaseException], problem: BaseException, where: TracebackType | None) -> None:
    """Tell of Ctrl-C while the commands themselves are being loaded in one line; of all else as ever."""
    if issubclass(kind, KeyboardInterrupt):
        print("kloof: stopped.", file=sys.stderr)
    else:
        _before(kind, problem, where)


sys.excepthook = _stopped_early
