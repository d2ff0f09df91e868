"""Reads the accounts of municipalities (Iv3) and the consumer price index as `kloof data fetch` keeps them.

A raw Iv3 table has a row per municipality, task field (or function, before 2017), category and report; amounts are in
1,000 euro as the municipality sent them. Only spending (categories L…) in the accounts (report …X005) is used, added up
by chapter: the first digit of a task field or a function. The names of columns and marks were read in public programs,
not tried against the server: `FunctieKostenplaatsBalanspost` with `k_1stePlaatsing_1` in the older tables,
`TaakveldBalanspost` with `k_1ePlaatsing_1` in the later ones, -99998 for nothing sent in.
"""

import re

import numpy as np
import pandas as pd

from kloof.errors import SourceError, examples
from kloof.files.cells import clean
from kloof.files.opening import Opened
from kloof.files.reading import Grid, Reading, list_areas, read_codes
from kloof.files.vocabularies import Vocabularies
from kloof.schema import SetAside

FIELDS = ("TaakveldBalanspost", "FunctieKostenplaatsBalanspost")
DELIVERIES = (re.compile(r"k_2d?ePlaatsing_\d+"), re.compile(r"k_1(?:st)?ePlaatsing_\d+"))  # the later one goes first
REPORT = re.compile(r"((?:19|20)[0-9]{2})X005")
NOTHING_SENT = -99998.0
ALL_SPENDING = "T001112"  # of the consumer price index: all expenditure together
_YEAR = re.compile(r"((?:19|20)[0-9]{2})JJ00")
CHAPTER = re.compile(r"(\d)(?:\.\d+|\d\d)?")  # 6, 6.71 and 650 are of chapter 6; 0.10 of chapter 0; A1 of none


def read_accounts(opened: Opened, words: Vocabularies) -> Reading | None:
    """Read a raw Iv3 table; None when it is none.

    Raises SourceError when no row is of accounts, when no category is of spending, or when no column has amounts.
    """
    table = _table(opened)
    if table is None:
        return None
    field = next((name for name in FIELDS if name in table.columns), None)
    if field is None or not {"Gemeenten", "Categorie", "Verslagsoort"} <= set(table.columns):
        return None
    code, aside = read_codes(table["Gemeenten"], opened.name)
    report = table["Verslagsoort"].map(clean).astype("str")
    category = table["Categorie"].map(clean).astype("str")
    chapter = table[field].map(clean).astype("str").str.extract(f"^{CHAPTER.pattern}$", expand=False)
    of_accounts, spent = report.str.fullmatch(REPORT), category.str.startswith("L")
    for right, what, seen in ((of_accounts, "reports of accounts (…X005)", report), (spent, "spending (L…)", category)):
        if not right.any():
            raise SourceError(f"{opened.name} has no {what}; it has {examples(sorted(seen.unique()))}.")
    used = of_accounts & spent & chapter.notna() & code.notna()
    amount = _amounts(table, opened.name)
    rows = pd.DataFrame(
        {"code": code, "year": report.str.slice(0, 4), "chapter": chapter, "amount": amount}
    )[used].astype({"year": "int64"})  # fmt: skip
    sums = rows.groupby(["code", "year", "chapter"])["amount"].sum(min_count=1).unstack("chapter")
    sums = sums.where(sums.sum(axis=1) != 0)  # a municipality with 0 everywhere sent nothing in
    known = {title: column for title in sums.columns if (column := words["accounts"].column(title))}
    sums = sums.reset_index()
    aside = [*aside, SetAside("rows", int((~of_accounts & code.notna()).sum()), "not_of_accounts")]
    aside.append(SetAside("rows", int((of_accounts & ~spent & code.notna()).sum()), "no_spending"))
    years = sorted(int(year) for year in sums["year"].unique())
    named = {str(column): words["accounts"].why_aside(str(column)) for column in table.columns}
    return Reading(
        kind="accounts",
        edition=f"Iv3 {', '.join(map(str, years))}",
        tables=((opened.name, len(table), len(table.columns)),),
        grids=(Grid(opened.name, sums["code"].astype("str"), sums["year"], sums[list(known)], known),),
        areas=list_areas(code, _names(opened, "Gemeenten", code)),
        identity=tuple((title, why) for title, why in named.items() if why),
        set_aside=tuple(one for one in aside if one.rows),
    )


def read_prices(opened: Opened, words: Vocabularies) -> Reading | None:
    """Read a raw table of the consumer price index, the years of all expenditure together; None when it is none.

    Raises SourceError when no row is of a year.
    """
    table = _table(opened)
    if table is None or not {"Bestedingscategorieen", "Perioden"} <= set(table.columns):
        return None
    known = {
        str(title): column
        for title in table.columns
        if (column := words["prices"].column(str(title), numbered=True)) is not None
    }
    if not known:
        return None
    period = table["Perioden"].map(clean).astype("str")
    whole = table["Bestedingscategorieen"].map(clean) == ALL_SPENDING
    used = period.str.fullmatch(_YEAR) & whole
    if not used.any():
        raise SourceError(f"{opened.name} has no year ({examples(sorted(period.unique()))}) of {ALL_SPENDING}.")
    cells = table[used].reset_index(drop=True)
    code = pd.Series("NL00", index=cells.index, dtype="str")
    year = period[used].str.slice(0, 4).astype("int64").reset_index(drop=True)
    named = {str(title): words["prices"].why_aside(str(title), numbered=True) for title in table.columns}
    left_out = int((~used).sum())
    return Reading(
        kind="prices",
        edition=f"CPI {year.min()}-{year.max()}",
        tables=((opened.name, len(table), len(table.columns)),),
        grids=(Grid(opened.name, code, year, cells[list(known)], known),),
        areas=list_areas(code, pd.Series("Nederland", index=code.index, dtype="str")),
        identity=tuple((title, why) for title, why in named.items() if why),
        set_aside=(SetAside("rows", left_out, "periods_that_are_no_years"),) if left_out else (),
    )


def _table(opened: Opened) -> pd.DataFrame | None:
    """Give the rows of a parquet file or of an answer of OData version 3."""
    if opened.form == "parquet" and opened.table is not None:
        return opened.table.reset_index(drop=True)
    content = opened.content if opened.form == "json" else None
    rows = content.get("value") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return None
    return pd.DataFrame(rows)


def _amounts(table: pd.DataFrame, where: str) -> "pd.Series[float]":
    """Give the amount of each row: of the second delivery where it is there, else of the first."""
    found = [
        next((str(name) for name in table.columns if pattern.fullmatch(str(name))), None) for pattern in DELIVERIES
    ]
    if not any(found):
        raise SourceError(f"{where} has no column with amounts (k_1ePlaatsing_1); it has {examples(list(table))}.")
    amount = pd.Series(np.nan, index=table.index, dtype="float64")
    for name in found:
        if name is not None:
            value = pd.to_numeric(table[name].map(clean), errors="coerce").astype("float64")
            amount = amount.fillna(value.where(value != NOTHING_SENT))
    return amount


def _names(opened: Opened, dimension: str, code: "pd.Series[str]") -> "pd.Series[str]":
    """Name each area as the labels beside the table do, else by its code."""
    labels = {clean(key): clean(name) for key, name in opened.beside().get("labels", {}).get(dimension, {}).items()}
    return pd.Series([labels.get(one, one) for one in code], index=code.index, dtype="str")
