"""Remembers, inside one run, what slow pure functions gave, so that the second language need not compute it again.

A value lies under the hash of everything it depends on, in a folder that belongs to the run and goes with it: nothing
here can outlive a change of data or code. Without a folder (KLOOF_MEMO) everything is computed.
"""

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kloof.results import write_whole

FOLDER = "KLOOF_MEMO"
T = TypeVar("T")


def remembered(purpose: str, key: Callable[[], Any], compute: Callable[[], T]) -> T:
    """Give what `compute` gives, or gave in this run under the same purpose and key.

    What `key` gives holds everything the value depends on and can be pickled; the value is a copy of its own for
    whoever asks.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return compute()
    path = Path(folder) / name_of(purpose, key())
    if path.is_file():
        value: T = pickle.loads(path.read_bytes())
        return value
    made = compute()
    write_whole(path, pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL))
    return made


def name_of(purpose: str, key: Any) -> str:
    """Name the file of what was computed for a purpose and a key."""
    return hashlib.sha256(pickle.dumps((purpose, key), protocol=pickle.HIGHEST_PROTOCOL)).hexdigest()
