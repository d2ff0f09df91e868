"""Takes the tables out of an opened file as they stand, whatever its form; what they mean is for others."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.ceilings import database, database_table
from kloof.errors import ParameterError, SourceError, examples, nearest
from kloof.files.cells import clean, tabulate
from kloof.files.opening import Opened, open_file

Rows = list[list[Any]]


def tables_of(opened: Opened) -> dict[str, "Rows | pd.DataFrame"]:
    """Give every table of a file by name: rows of cells where the titles must still be found, else a frame.

    Raises SourceError when its content is no table.
    """
    if opened.sheets:
        return {name: rows for name, rows in opened.sheets.items() if any(map(any, rows))}
    if opened.rows is not None:
        return {opened.inside or opened.name: opened.rows}
    if opened.form == "sqlite":
        return _of_database(opened)
    frame = opened.table if opened.table is not None else _of_json(opened)
    return {opened.inside or opened.name: frame.set_axis(distinct(list(frame.columns)), axis=1).astype("object")}


def table_of(path: Path) -> pd.DataFrame:
    """Read the only table of a file, its titles in the first row."""
    opened = open_file(path)
    return framed(opened.name, chosen(opened.name, tables_of(opened), "")[1], (1,))


def chosen(where: str, tables: "Mapping[str, Rows | pd.DataFrame]", sheet: str) -> "tuple[str, Rows | pd.DataFrame]":
    """Give one table by name; without a name, the only one. Raises ParameterError naming those there are."""
    if sheet in tables:
        return sheet, tables[sheet]
    if not sheet and len(tables) == 1:
        return next(iter(tables.items()))
    hint = nearest(sheet, list(tables)) if sheet else ""
    raise ParameterError(f"{where} has no sheet {sheet!r}; {hint}it has {examples(list(tables))}.")


def framed(where: str, table: "Rows | pd.DataFrame", header: Sequence[int]) -> pd.DataFrame:
    """Put rows under the titles of the rows `header` (counted from 1), joined where there are more.

    Every row below must have as many cells. Raises ParameterError when there is no such row, SourceError when rows
    were cut off.
    """
    if isinstance(table, pd.DataFrame):
        return table
    if not header or not all(1 <= row <= len(table) for row in header):
        raise ParameterError(f"{where}: header must be a row between 1 and {len(table)}, not {list(header)}.")
    above = [table[row - 1] for row in header]
    width = max(map(len, above))
    titles = [" ".join(part for row in above if (part := clean(_cell(row, place)))) for place in range(width)]
    return tabulate(where, distinct(titles), [list(row) for row in table[max(header) :] if any(map(_full, row))])


def distinct(titles: Sequence[object]) -> list[str]:
    """Clean titles; one that stands more than once gets its number: `total`, `total (2)`."""
    seen: Counter[str] = Counter()
    found = []
    for title in map(clean, titles):
        seen[title] += 1
        found.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return found


def text_of(cell: object) -> str:
    """Write a cell as a person sees it: a whole number without decimals, nothing for an empty cell."""
    if cell is None or cell is pd.NA or cell != cell:  # noqa: PLR0124 (nan is not itself)
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    return clean(cell)


def texts(cells: "pd.Series[Any]") -> "pd.Series[str]":
    """Write all cells of a column, each different one once."""
    return each(cells, text_of).astype("str")


def each(cells: "pd.Series[Any]", read: Callable[[Any], Any]) -> "pd.Series[Any]":
    """Read every cell of a column, each different one once."""
    plain = cells.map(repr) if any(isinstance(one, list | dict) for one in cells) else cells
    places, values = pd.factorize(plain.to_numpy(dtype="object"), use_na_sentinel=True)
    known = pd.Series([*map(read, values), read(None)], dtype="object")
    return known.iloc[places].set_axis(cells.index)


def _cell(row: Sequence[Any], place: int) -> Any:
    return row[place] if place < len(row) else None


def _full(cell: object) -> bool:
    return text_of(cell) != ""


def _of_json(opened: Opened) -> pd.DataFrame:
    """Make a frame of records: GeoJSON (its properties), a list of objects, or objects by code."""
    content = opened.content
    if isinstance(content, Mapping) and isinstance(content.get("features"), list):
        content = [one.get("properties") or {} for one in content["features"] if isinstance(one, Mapping)]
    elif isinstance(content, Mapping) and isinstance(content.get("value"), list):
        content = content["value"]
    elif isinstance(content, Mapping) and content and all(isinstance(one, Mapping) for one in content.values()):
        content = [{"code": code, **one} for code, one in content.items()]
    if not isinstance(content, list) or not content or not all(isinstance(one, Mapping) for one in content):
        raise SourceError(f"{opened.name} is JSON without a list of records, so it is no table. Bring it as CSV.")
    return pd.DataFrame(content)


def _of_database(opened: Opened) -> dict[str, "Rows | pd.DataFrame"]:
    """Read every table of a SQLite database."""
    with database(opened.path) as base:
        names = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, Rows | pd.DataFrame] = {}
        for name in names:
            titles, rows = database_table(base, name)
            found[name] = pd.DataFrame(rows, columns=distinct(titles), dtype="object")
        return found
