"""Gives municipalities their code by their name, for files without codes; only where one municipality has that name."""

import difflib
import re
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.errors import SourceError, examples
from kloof.files.areas import name_key
from kloof.files.cells import clean
from kloof.files.plain import table_of
from kloof.schema import SetAside

TITLES = ("gemeentenaam", "gm_naam", "gemeente", "gemeenten", "regio's", "regios")
COUNTRY = "nederland"
# what StatLine puts behind a name: Utrecht (gemeente), Bergen (NH.); another kind of area is (PV), (CR) or (LD)
BEHIND = re.compile(r" \((?:gemeente|[A-Z][A-Za-z]{0,2}\.)\)$")
_FEWEST = 0.8  # share of the names that must be known, or it is the wrong list

Known = tuple[Path | None, pd.DataFrame]  # a codebook, and the areas that are known: code, name
Book = tuple[dict[str, set[str]], dict[str, set[str]]]  # codes by whole name, and by the name without what is behind it


def code_municipalities(names: "pd.Series[Any]", known: Known, where: str) -> "tuple[pd.Series[str], list[SetAside]]":
    """Give each row the code of its municipality; names of nothing known have none, and are counted.

    Raises SourceError when a name is of several municipalities, or when fewer than 80 % of the names are known.
    """
    codes, areas = known
    book = codes_by_name(areas if codes is None else table_of(codes))
    found: dict[str, str | None] = {}
    unclear: list[str] = []
    shown = names.map(clean).astype("str")
    for name in shown.unique():
        hits = find_codes(name, book)
        if len(hits) > 1:
            unclear.append(f"{name} is {' or '.join(hits)}")
        found[name] = "NL00" if name.casefold() == COUNTRY else next(iter(hits), None)
    if unclear:
        raise SourceError(
            f"{where} carries names of municipalities and no codes, and {len(unclear)} are of several "
            f"({examples(unclear)}). Put a column gemeentecode beside them."
        )
    unknown = [name for name, code in found.items() if code is None]
    if len(found) - len(unknown) < _FEWEST * len(found):
        every = sorted({one.title() for one in book[1]})
        near = [f"{name}, nearest {hit[0]}" if (hit := difflib.get_close_matches(name, every, 1)) else name
                for name in unknown[:3]]  # fmt: skip
        raise SourceError(
            f"{where} carries names of municipalities and no codes, and {len(unknown)} of {len(found)} names are not "
            f"known ({'; '.join(near)}). Add a file first that has codes and names, or give them: --codes FILE, a CSV "
            "with columns code, name."
        )
    code = shown.map(found).astype("str")
    lost = shown[code.isna()]
    aside = [SetAside("names", len(lost), "name_not_known", examples(list(lost.unique())))] if len(lost) else []
    return code, aside


def codes_by_name(areas: pd.DataFrame) -> Book:
    """List the codes of municipalities by whole name, and by the name without what is put behind it.

    `areas` has code and name; those that are no municipality are passed over.
    """
    whole: dict[str, set[str]] = {}
    short: dict[str, set[str]] = {}
    for code, name in zip(areas["code"].map(clean), areas["name"].map(clean), strict=True):
        if code.startswith("GM"):
            whole.setdefault(name_key(name), set()).add(code)
            short.setdefault(name_key(BEHIND.sub("", name)), set()).add(code)
    return whole, short


def find_codes(name: str, book: Book) -> list[str]:
    """Give the codes of the municipalities that a name can mean, in order; a whole name goes before a part of one."""
    whole, short = book
    return sorted(whole.get(name_key(name)) or short.get(name_key(BEHIND.sub("", name)), set()))
