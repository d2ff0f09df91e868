"""What a table on a server looks like to a download, whatever language the server speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Limits = Mapping[str, tuple[str, ...]]

TOPIC, REGION, PERIOD, DIMENSION, NUMBER = "topic", "region", "period", "dimension", "row"


@dataclass(frozen=True)
class Column:
    """One column: `key` in the rows, `title` with the groups above it (`Wonen|Koopwoningen`), unit and type.

    The type is topic (a figure), region, period, dimension, or row (a running number).
    """

    key: str
    title: str
    unit: str
    type: str


@dataclass(frozen=True)
class Table:
    """What a server says about a table: title, the version that changes with every revision, and its columns."""

    id: str
    title: str
    version: str
    period: str
    columns: tuple[Column, ...]

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Keys of the columns that name a row."""
        return tuple(column.key for column in self.columns if column.type in (REGION, PERIOD, DIMENSION))


@dataclass(frozen=True)
class Question:
    """What is asked of a table.

    `first` is the address of the first page, `count` that of the number of rows (empty where there is none). Each row
    must start with one of the values of `limits` in that column. `keep` are the columns (or measures) wanted, all when
    empty. `lists` is dimension → address of its codes and names.
    """

    first: str
    count: str
    filter: str
    limits: Limits
    keep: tuple[str, ...] = ()
    lists: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Rows as they came, the address of the next page (None at the end), bytes, and the number of all rows if told."""

    rows: list[Row]
    next: str | None
    size: int
    total: int | None = None
