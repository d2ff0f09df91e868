"""Remembers, inside one run, what slow pure functions gave, so that the second language need not compute it again.

A value lies under the hash of everything it depends on, in a folder that belongs to the run and goes with it: nothing
here can outlive a change of data or code. Without a folder (KLOOF_MEMO) everything is computed.
"""

import hashlib
import io
import os
import pickle
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

from kloof.paths import write_whole

FOLDER = "KLOOF_MEMO"
T = TypeVar("T")


def remembered(purpose: str, key: Callable[[], Any], compute: Callable[[], T]) -> T:
    """Give what `compute` gives, or gave in this run under the same purpose and key.

    What `key` gives holds everything the value depends on and can be pickled; the value is a copy of its own for
    whoever asks. The first who asks computes, and the others wait for it.
    """
    folder = os.environ.get(FOLDER)
    return once(Path(folder) / name_of(purpose, key()), compute)[0] if folder else compute()


def once(path: Path, compute: Callable[[], T]) -> tuple[T, bool]:
    """Give what lies at `path`, or compute it and lay it there; and whether it was computed here."""
    if not path.is_file():
        from filelock import FileLock

        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            with suppress(OSError):  # a folder that cannot be locked: then both compute it
                held.enter_context(FileLock(path.with_suffix(".lock")))
            if not path.is_file():  # somebody else may have computed it meanwhile
                made = compute()
                write_whole(path, pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL))
                return made, True
    kept: T = pickle.loads(path.read_bytes())
    return kept, False


def name_of(purpose: str, key: Any) -> str:
    """Name the file of what was computed for a purpose and a key: equal keys have one name.

    Packed without memory of what came before, or it would matter which parts of a key are one object.
    """
    packed = io.BytesIO()
    pickler = pickle.Pickler(packed, protocol=4)  # from 5 on, how an array lies in memory is told too
    pickler.fast = True
    pickler.dump((purpose, key))
    return hashlib.sha256(packed.getvalue()).hexdigest()
