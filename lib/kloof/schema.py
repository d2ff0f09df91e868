"""The one tidy shape, and the check that refuses anything else with all its faults.

*Observations*: one row per area, year and indicator, with the columns of `COLUMNS`. A row whose status is not
`measured` has no value; its status is the reason. Missing is never zero.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kloof.errors import SchemaError, examples, faults

COLUMNS = ("code", "year", "indicator", "value", "unit", "status", "source")
AREA = ("code", "name", "level", "parent_code")
SOURCE = ("source_id", "publisher", "title", "table_id", "licence", "looked_up_in", "retrieved")
KEY = ["code", "year", "indicator", "source"]

STATUSES = {
    "measured": "a value was published",
    "suppressed": "too few people or dwellings to publish",
    "not_measured": "nothing was measured or asked there, where it was elsewhere",
    "not_applicable": "nobody lives there, or nothing stands there, of which it could be a figure",
    "not_published": "the publisher gives no value for this area and year",
    "zero_means_missing": "the source prints 0 where it has no value",
    "suspect": "the value in the copy that was read looks like a typing error and was left out",
}

COUNT_UNITS = frozenset({"persons", "households", "dwellings", "crimes", "hectare", "cars"})
# an x marks a local code: made here from names, for a file that carries none
CODE = re.compile(r"(NL00|GM[0-9]{4}|WK[0-9]{4}([0-9A-Z]{2}|x[0-9]{3})|BU[0-9]{4}([0-9A-Z]{4}|x[0-9]{3})|PC[0-9]{4})")

LEVELS = {"NL": "land", "GM": "gemeente", "WK": "wijk", "BU": "buurt", "PC": "postcode"}


@dataclass(frozen=True)
class SetAside:
    """Rows that were left out of a computation, and why: they travel with the result.

    `reason` is a code that the reports have words for; `detail` names examples (codes, names, sums), language-free.
    A notice about a file that leaves no row out has 0 rows.
    """

    step: str
    rows: int
    reason: str
    detail: str = ""


def level_of(code: str) -> str:
    """Name the level of an area code: land, gemeente, wijk, buurt or postcode."""
    return LEVELS[code[:2]]


def empty_observations() -> pd.DataFrame:
    """Make an observations table without rows."""
    return pd.DataFrame(
        {column: pd.Series(dtype="float64" if column == "value" else "str") for column in COLUMNS}
    ).astype({"year": "int64"})


def check_observations(table: pd.DataFrame, where: str | Path) -> pd.DataFrame:
    """Return `table` with its columns in order when it is a valid observations table.

    Takes any frame; returns rows sorted by code, indicator, year, source, columns `COLUMNS`, year as integer.
    Raises SchemaError naming `where` and every kind of fault with examples: missing columns, codes without
    prefix, years that are no year, unknown status, a value without status `measured` or the reverse,
    duplicates, counts below 0, percentages outside 0-100.
    """
    absent = [column for column in COLUMNS if column not in table.columns]
    if absent:
        raise SchemaError(
            faults(
                str(where),
                [f"column {name} is missing" for name in absent],
                f"It needs: {', '.join(COLUMNS)}.",
            )
        )
    found = _row_faults(table)
    if found:
        raise SchemaError(faults(str(where), found, "Correct these rows, or leave them out and say why."))
    ordered = table.loc[:, list(COLUMNS)].astype({"year": "int64", "value": "float64"})
    return ordered.sort_values(["code", "indicator", "year", "source"], ignore_index=True)


def _row_faults(table: pd.DataFrame) -> list[str]:
    """List what is wrong with the rows, one entry per kind of fault."""
    found: list[str] = []

    def note(bad: "pd.Series[bool]", what: str) -> None:
        if bad.any():
            rows = table[bad]
            shown = [f"{row.code} {row.year} {row.indicator} = {row.value}" for row in rows.itertuples()]
            found.append(f"{what} in {len(rows)} row{'s' * (len(rows) > 1)} ({examples(shown)})")

    code = table["code"].astype("str")
    note(~code.str.fullmatch(CODE), "not an area code with its prefix (GM, WK, BU, PC)")
    year = pd.to_numeric(table["year"], errors="coerce")
    note(~year.between(1990, 2100) | (year % 1 != 0), "not a year")
    status = table["status"].astype("str")
    note(~status.isin(list(STATUSES)), f"unknown status (known: {', '.join(STATUSES)})")
    value = pd.to_numeric(table["value"], errors="coerce")
    note((status == "measured") & value.isna(), "no number although the status says measured")
    note((status != "measured") & value.notna(), "a number although the status says missing")
    note(table["unit"].isin(list(COUNT_UNITS)) & (value < 0), "negative count")
    note((table["unit"] == "percent") & ~value.between(0, 100) & value.notna(), "percentage outside 0-100")
    note(table.duplicated(KEY, keep=False), "duplicate code, year, indicator and source")
    return found
