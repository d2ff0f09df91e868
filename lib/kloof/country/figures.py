"""The figures of every buurt of the store, a table for each indicator."""

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import ParameterError
from kloof.store import read


def held(known: Catalogue, name: str) -> pd.DataFrame:
    """Give an indicator of all buurten of the store: code × year; one source per year, that with most buurten."""
    parts = known.indicator(name).derive
    if parts:
        top, bottom = (held(known, parts[key]) for key in ("numerator", "denominator"))
        years = [year for year in top.columns if year in bottom.columns]
        return float(parts["per"]) * top[years] / bottom[years].where(bottom[years] > 0)
    try:
        rows = read.indicator(name)
    except ParameterError:
        return pd.DataFrame()
    rows = rows[rows["code"].str.startswith("BU") & (rows["status"] == "measured")]
    width = rows.groupby(["year", "source"])["code"].size().reset_index(name="buurten")
    width = width.sort_values(["year", "buurten", "source"], ascending=[True, False, True]).drop_duplicates("year")
    kept = rows.merge(width[["year", "source"]], on=["year", "source"], validate="many_to_one")
    return kept.pivot(index="code", columns="year", values="value")


def of_nearest_year(table: pd.DataFrame, year: int) -> "pd.Series[float]":
    """Give the counts of the nearest year; none when there is no year."""
    if table.empty:
        return pd.Series(dtype="float64")
    nearest = min((int(column) for column in table.columns), key=lambda candidate: (abs(candidate - year), candidate))
    counts: pd.Series[float] = table[nearest]
    return counts
