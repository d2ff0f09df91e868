"""What is the same for every municipality of a batch is computed once for all of them: the country beside each.

It lies in a folder that belongs to one state of library, rules and store (KLOOF_COMMON, which a batch sets). What was
asked of the store on the way is written down again for whoever gets the answer, as his report rests on it too.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kloof.memo import name_of, once, remembered
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

    def overheard() -> tuple[T, list[tuple[str, str]]]:
        with read.overheard() as questions:
            value = compute()
        return value, questions

    (value, questions), asked_here = once(Path(folder) / name_of(purpose, key()), overheard)
    for question in [] if asked_here else questions:
        read.asked(*question)
    return value
