"""Knows what every kind of file calls an indicator, whose figures those are, and which columns hold none.

The words are data: vocabularies.toml. A title is matched whole, without regard to capitals, invisible signs and the
number that StatLine puts behind a field name; a year in a title is read through a template.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kloof.catalogue import Catalogue
from kloof.documents import ANY, read_toml
from kloof.errors import CatalogueError, faults
from kloof.files.cells import clean

YEAR_SIGN = re.compile(r"\\\{(yyyy|yy)\\\}")
FIELD_NUMBER = re.compile(r"_\d{1,3}$")
NOT_IN_CATALOGUE = "not_in_catalogue"  # the reason of [aside] of a known figure without an indicator
PARTS = ("vocabulary", "publication", "aside")


@dataclass(frozen=True)
class Column:
    """What a title means: an indicator, of `year` when the title names one, to be multiplied by `times`."""

    indicator: str
    publication: str
    year: int | None = None
    times: float = 1.0


@dataclass(frozen=True)
class Publication:
    """Whose figures: one entry of [publication]; `table` may differ by year.

    `blank` is what an empty cell without a mark stands for (a status) where its column has figures.
    """

    id: str
    publisher: str
    title: str
    licence: str
    table: str | Mapping[str, str] = ""
    yearly: bool = False
    blank: str = "not_published"

    def source(self, year: int) -> str:
        """Name the source of a figure of this year."""
        return f"{self.id}_{year}" if self.yearly else self.id

    def sources(self, year: "NDArray[Any]") -> "NDArray[np.object_]":
        """Name the source of the figures of each of these years."""
        years, place = np.unique(year, return_inverse=True)
        return np.array([self.source(one) for one in years.tolist()], dtype=object)[place]

    def table_id(self, year: int) -> str:
        """Table that a figure of this year stands in; blank when it is not known."""
        return self.table if isinstance(self.table, str) else self.table.get(str(year), "")


@dataclass(frozen=True)
class Vocabulary:
    """The titles of one kind of file: those with a figure, and those known to hold none, with the reason."""

    kind: str
    names: Mapping[str, Column]
    templates: tuple[tuple[re.Pattern[str], Column], ...]
    aside: Mapping[str, str]

    def column(self, title: str, *, numbered: bool = False) -> Column | None:
        """Find what a title means. `numbered`: a field name of OData, whose closing number counts for nothing."""
        key = _key(title, numbered)
        if key in self.names:
            return self.names[key]
        for pattern, found in self.templates:
            if match := pattern.fullmatch(key):
                year = int(match["year"])
                return Column(found.indicator, found.publication, year if year > 99 else 2000 + year, found.times)
        return None

    def why_aside(self, title: str, *, numbered: bool = False) -> str | None:
        """Find why a title holds no figure: a key of [aside]."""
        return self.aside.get(_key(title, numbered))

    def known(self, titles: list[str], *, numbered: bool = False) -> int:
        """Count the titles that this vocabulary knows."""
        return sum(
            self.column(title, numbered=numbered) is not None or self.why_aside(title, numbered=numbered) is not None
            for title in titles
        )


@dataclass(frozen=True)
class Vocabularies:
    """Everything in vocabularies.toml."""

    kinds: Mapping[str, Vocabulary]
    publications: Mapping[str, Publication]
    reasons: Mapping[str, Mapping[str, str]]

    def __getitem__(self, kind: str) -> Vocabulary:
        return self.kinds[kind]


def _key(title: str, numbered: bool) -> str:
    """Title as it is compared."""
    text = clean(title)
    return (FIELD_NUMBER.sub("", text) if numbered else text).casefold()


@cache
def _read(path: Path, _changed: int) -> dict[str, Any]:
    """Parse the file once per version of it, told apart by its time of change."""
    return read_toml(path, CatalogueError, wanted={f"{part}?": {ANY: {}} for part in PARTS})


def read_vocabularies(path: Path, catalogue: Catalogue) -> Vocabularies:
    """Read and check the vocabularies.

    Raises CatalogueError listing every title that leads to an unknown indicator, publication or reason, every title
    that stands twice, and keys that do not belong.
    """
    raw = _read(path, path.stat().st_mtime_ns)
    if absent := [part for part in PARTS if part not in raw]:
        raise CatalogueError(f"{path.name} has no [{'], no ['.join(absent)}].")
    try:
        publications = {name: Publication(id=name, **entry) for name, entry in raw["publication"].items()}
        kinds = {kind: _vocabulary(kind, entry) for kind, entry in raw["vocabulary"].items()}
    except (TypeError, KeyError) as problem:
        raise CatalogueError(f"{path.name}: {problem}; its head says which keys an entry has.") from None
    found = [
        fault
        for vocabulary in kinds.values()
        for fault in _contradictions(vocabulary, catalogue, publications, raw["aside"])
    ]
    found += [f"{kind}: {fault}" for kind, entry in raw["vocabulary"].items() for fault in _twice(entry)]
    if found:
        raise CatalogueError(faults(path.name, found, "Correct these lines."))
    return Vocabularies(kinds, publications, raw["aside"])


def _vocabulary(kind: str, entry: dict[str, Any]) -> Vocabulary:
    """Turn one table of the file into a Vocabulary."""
    names, templates = {}, []
    for title, meaning in entry["indicators"].items():
        given = {"indicator": meaning} if isinstance(meaning, str) else meaning
        column = Column(**{"publication": entry["publication"], **given})
        key = _key(title, numbered=False)
        if "{yy" in key:
            text = YEAR_SIGN.sub(lambda sign: f"(?P<year>[0-9]{{{len(sign[1])}}})", re.escape(key))
            templates.append((re.compile(text), column))
        else:
            names[key] = column
    aside = {_key(title, numbered=False): reason for title, reason in entry["aside"].items()}
    return Vocabulary(kind, names, tuple(templates), aside)


def _twice(entry: dict[str, Any]) -> list[str]:
    """List titles that differ in capitals only, or that stand under both headings."""
    keys = [_key(title, numbered=False) for title in (*entry["indicators"], *entry["aside"])]
    return [f"{key!r} stands twice" for key in sorted({key for key in keys if keys.count(key) > 1})]


def _contradictions(
    vocabulary: Vocabulary,
    catalogue: Catalogue,
    publications: Mapping[str, Publication],
    reasons: Mapping[str, Any],
) -> list[str]:
    """List what leads nowhere."""
    found = []
    for column in (*vocabulary.names.values(), *(column for _, column in vocabulary.templates)):
        if column.indicator not in catalogue.indicators:
            found.append(f"{vocabulary.kind}: indicator {column.indicator} is not in the catalogue")
        if column.publication not in publications:
            found.append(f"{vocabulary.kind}: publication {column.publication} is not there")
    found += [
        f"{vocabulary.kind}: {title!r} has unknown reason {reason}"
        for title, reason in vocabulary.aside.items()
        if reason not in reasons
    ]
    return list(dict.fromkeys(found))
