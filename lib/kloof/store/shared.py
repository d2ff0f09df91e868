"""What is the same for every municipality of a batch is computed once for all of them: the country beside each.

It lies in a folder that belongs to one state of library, rules and store (KLOOF_COMMON, which a batch sets). What was
asked of the store on the way is written down again for whoever gets the answer, as his report rests on it too.
"""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kloof.memo import name_of, remembered
from kloof.paths import write_whole
from kloof.store import read

FOLDER = "KLOOF_COMMON"
T = TypeVar("T")


def common(purpose: str, key: Callable[[], Any], compute: Callable[[], T]) -> T:
    """Give what `compute` gives, or gave for another municipality of the batch under the same purpose and key.

    `compute` may rest on the store, on registered rules and on the key, and on nothing of one municipality. Without a
    batch it is remembered within the run. The first who asks computes, and the others wait for it.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return remembered(purpose, key, compute)
    from filelock import FileLock

    path = Path(folder) / name_of(purpose, key())
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not path.is_file():
            with read.overheard() as questions:
                value = compute()
            write_whole(path, pickle.dumps((value, questions), protocol=pickle.HIGHEST_PROTOCOL))
            return value
        kept: tuple[T, list[tuple[str, str]]] = pickle.loads(path.read_bytes())
    for question in kept[1]:
        read.asked(*question)
    return kept[0]
