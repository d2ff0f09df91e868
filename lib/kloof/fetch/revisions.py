"""Says what a revision changed: which values, which rows, which columns.

A column is the same when its title means the same, whatever number the table gives it; a row is the same when its
dimensions are.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pandas as pd

from kloof.errors import examples
from kloof.fetch.table import NUMBER, TOPIC
from kloof.files.cells import normalise

MOST = 3  # examples of a column


@dataclass(frozen=True)
class Changed:
    """One column with other values: how many cells, and examples (row, value before, value after)."""

    title: str
    cells: int
    examples: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Difference:
    """What differs between two copies of one table."""

    cells: int
    columns: tuple[Changed, ...]
    rows_added: tuple[str, ...]
    rows_removed: tuple[str, ...]
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether the two say the same."""
        return not (self.cells or self.rows_added or self.rows_removed or self.columns_added or self.columns_removed)

    def lines(self) -> list[str]:
        """Write the difference for a terminal, one fact a line."""
        if self.is_none:
            return ["the same values; only the version of the table is another"]
        found = (
            [
                f"{_counted(self.cells, 'value')} {'differs' if self.cells == 1 else 'differ'} in "
                f"{_counted(len(self.columns), 'column')}"
            ]
            if self.cells
            else []
        )
        for column in self.columns:
            shown = [f"{row}: {was or 'nothing'} → {now or 'nothing'}" for row, was, now in column.examples]
            found.append(f"  {column.title}: {column.cells:,} ({'; '.join(shown)})")
        parts = (
            ("row", "added", self.rows_added),
            ("row", "removed", self.rows_removed),
            ("column", "added", self.columns_added),
            ("column", "removed", self.columns_removed),
        )
        return found + [f"{_counted(len(them), what)} {how} ({examples(them)})" for what, how, them in parts if them]


def _counted(number: int, what: str) -> str:
    """Write `1 row`, `2 rows`."""
    return f"{number:,} {what}{'s' if number != 1 else ''}"


Copy = tuple[pd.DataFrame, Mapping[str, Any]]


def difference(before: Copy, after: Copy) -> Difference:
    """Compare two copies of a table as `rawstore.read_raw` gives them (rows, metadata).

    Blanks around a value and another way to write the same number (35.0, 35.00) are no difference.
    """
    old, new = _laid_out(*before), _laid_out(*after)
    shared = [title for title in old.columns if title in new.columns]
    rows = old.index.intersection(new.index, sort=False)
    columns, cells = [], 0
    for title in shared:
        was, now = old.loc[rows, title], new.loc[rows, title]
        differs = (was != now) & ~_same_number(was, now)
        if not differs.any():
            continue
        cells += int(differs.sum())
        sample = [(str(row), str(was[row]), str(now[row])) for row in rows[differs][:MOST]]
        columns.append(Changed(title, int(differs.sum()), tuple(sample)))
    return Difference(
        cells,
        tuple(columns),
        tuple(map(str, new.index.difference(old.index, sort=False))),
        tuple(map(str, old.index.difference(new.index, sort=False))),
        tuple(title for title in new.columns if title not in old.columns),
        tuple(title for title in old.columns if title not in new.columns),
    )


def _laid_out(rows: pd.DataFrame, meta: Mapping[str, Any]) -> pd.DataFrame:
    """Index by the dimensions, name columns by what their titles mean, cells as bare text."""
    kinds = {column["key"]: column for column in meta["columns"]}
    names = [key for key, column in kinds.items() if key in rows and column["type"] not in (TOPIC, NUMBER)]
    text = rows.astype("str").apply(lambda column: column.str.strip()).fillna("")
    index = reduce(lambda left, right: left + " " + right, (text[name] for name in names))
    topics = {
        key: normalise(column["title"]) for key, column in kinds.items() if key in rows and column["type"] == TOPIC
    }
    twice = {title for title, times in Counter(topics.values()).items() if times > 1}
    titles = {key: f"{title} ({key})" if title in twice else title for key, title in topics.items()}
    table: pd.DataFrame = text[list(titles)].rename(columns=titles)
    table.index = pd.Index(index)
    return table


def _same_number(was: "pd.Series[str]", now: "pd.Series[str]") -> "pd.Series[bool]":
    """Where two texts are the same number."""
    return pd.to_numeric(was, errors="coerce") == pd.to_numeric(now, errors="coerce")
