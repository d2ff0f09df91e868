"""Decides which columns to ask for, and whether the rows that arrived are whole and right.

Whole: as many rows as the server counts, none twice. Right: every row is what was asked for, every column that was
wanted is there. No files, no network.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from kloof.catalogue import Catalogue
from kloof.errors import FetchError, examples
from kloof.remote import NUMBER, TOPIC, Column, Question, Row, Table
from kloof.sheets import CODE_TITLES, FIELD, NAME_TITLES, OTHER_IDENTITY, normalise

RUNNING = Column("ID", "ID", "", NUMBER)  # beside the columns that version 3 describes
IDENTITY = frozenset((*NAME_TITLES, *CODE_TITLES, *OTHER_IDENTITY)) - {""}
PLACE = ("regioaanduiding", "postcode")  # groups of columns that say where, not how many


class ContradictionError(Exception):
    """What arrived contradicts itself or what the server said; it may be right at the next attempt."""


def understood(columns: Iterable[Column], catalogue: Catalogue) -> tuple[str, ...]:
    """Keys of the topics that an indicator of the catalogue is read from, by meaning, and of those that name areas.

    A title is compared with its groups (`Wonen|Koopwoningen`), as `kloof.sheets.normalise` leaves it. A table may name
    its groups otherwise, so a field name that ends the column of an indicator counts too: a column too many is no harm.
    """
    meanings = {normalise(name) for indicator in catalogue.indicators.values() for name in indicator.columns}
    found = []
    for column in columns:
        title, short = normalise(column.title), normalise(column.key)
        by_key = FIELD.fullmatch(column.key) and any(meaning.endswith(f" {short}") for meaning in meanings)
        names_area = normalise(column.title.split("|")[-1]) in IDENTITY or title.startswith(PLACE)
        if column.type == TOPIC and (title in meanings or by_key or names_area):
            found.append(column.key)
    return tuple(found)


def check_count(rows: int, total: int | None) -> None:
    """See that as many rows came as the server counts. Raises ContradictionError."""
    if total is not None and rows != total:
        raise ContradictionError(f"{rows:,} rows came and the server counts {total:,}")


def check_rows(rows: Sequence[Row], question: Question, table: Table) -> None:
    """See that the rows are what was asked for, each once, all with the same columns.

    Raises ContradictionError for what may be over at the next attempt (rows twice, columns that move), FetchError for
    what will not (columns that are not served, a filter that is ignored).
    """
    if not rows:
        return
    first = rows[0].keys()
    odd = next((number for number, row in enumerate(rows) if row.keys() != first), None)
    if odd is not None:
        moved = sorted(rows[odd].keys() ^ first)
        raise ContradictionError(f"the columns of rows 1 and {odd + 1:,} differ ({examples(moved)})")
    described, long = {column.key for column in table.columns}, _is_long(table)
    topics = () if long else question.keep or (described - {*table.dimensions})
    lacking = sorted({*table.dimensions, *topics} - first)
    unknown = [] if long else sorted(first - described - {RUNNING.key})
    if lacking or unknown:
        raise FetchError(
            f"the rows are not as the list of columns says (without {examples(lacking) or 'none'}, besides it "
            f"{examples(unknown) or 'none'}): the columns of the table moved. Nothing was stored; try again later, and "
            f"if it stays, report it."
        )
    for name, values in question.limits.items():
        strange = [str(row[name]).strip() for row in rows if not str(row[name]).startswith(values)]
        if strange:
            raise FetchError(
                f"the server ignored the filter {question.filter}: {len(strange):,} rows have another {name} "
                f"({examples(list(dict.fromkeys(strange)))}). Nothing was stored. Take the whole table with --all."
            )
    times = Counter(tuple(row[name] for name in table.dimensions) for row in rows)
    twice = [" ".join(str(part).strip() for part in key) for key, number in times.items() if number > 1]
    if twice:
        raise ContradictionError(f"{len(twice):,} rows came twice ({examples(twice)})")


def _is_long(table: Table) -> bool:
    """Whether a table has a row per figure (version 4): measures are values there, not columns."""
    return "Measure" in table.dimensions


def kept(rows: list[Row], question: Question, table: Table) -> tuple[list[Row], list[str]]:
    """Leave out what was not asked for but came along; return rows and the names of their columns, in order."""
    served = list(rows[0]) if rows else []
    if not question.keep:
        return rows, served
    if _is_long(table):
        return [row for row in rows if row["Measure"] in question.keep], served
    wanted = {RUNNING.key, *table.dimensions, *question.keep}
    return rows, [name for name in served if name in wanted]


def columns_of(names: Sequence[str], question: Question, table: Table) -> dict[str, list[dict[str, Any]]]:
    """Describe the columns that are stored (`columns`) and those that are not (`other_columns`)."""
    have = {*names, *question.keep}
    if not question.keep:
        have |= {column.key for column in table.columns}
    stored = [RUNNING] * (RUNNING.key in names) + [column for column in table.columns if column.key in have]
    others = [column for column in table.columns if column.key not in have]
    return {"columns": [asdict(column) for column in stored], "other_columns": [asdict(column) for column in others]}
