"""The figures of every buurt of the store, a table for each indicator."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import NotComputableError, ParameterError
from kloof.store import read

COVERED = 0.5  # of the buurten that another year has: a year with fewer says nothing of the country
Range = tuple[float, float, float]  # an estimate with the ends of its range


def held(known: Catalogue, name: str, apart: int = 0) -> pd.DataFrame:
    """Give an indicator of all buurten of the store: code × year; one source per year, that with most buurten.

    Of a figure made of two counts the lower one may be of another year, the nearest at most `apart` years away.
    """
    parts = known.indicator(name).derive
    if parts:
        top, bottom = (held(known, parts[key]) for key in ("numerator", "denominator"))
        near = {int(year): nearest(bottom, int(year)) for year in top.columns if len(bottom.columns)}
        near = {year: other for year, other in near.items() if abs(other - year) <= apart}
        below = pd.DataFrame({year: bottom[other] for year, other in near.items()}).reindex(top.index)
        return float(parts["per"]) * top[list(near)] / below.where(below > 0)
    return _widest(name).pivot(index="code", columns="year", values="value")


def _widest(name: str) -> pd.DataFrame:
    """Give the rows of an indicator by buurt of the source with most of them, year by year."""
    try:
        rows = read.indicator(name)
    except ParameterError:
        return pd.DataFrame(columns=["code", "year", "source", "value"])
    rows = rows[rows["code"].str.startswith("BU") & (rows["status"] == "measured")]
    width = rows.groupby(["year", "source"])["code"].size().reset_index(name="buurten")
    width = width.sort_values(["year", "buurten", "source"], ascending=[True, False, True]).drop_duplicates("year")
    return rows.merge(width[["year", "source"]], on=["year", "source"], validate="many_to_one")


def check_comparable(known: Catalogue, name: str, years: Sequence[int]) -> None:
    """Raise NotComputableError(series_broken) where a break that no bridge spans lies between two of these years."""
    parts = known.indicator(name).derive
    read_from = [parts[key] for key in ("numerator", "denominator")] if parts else [name]
    used: dict[int, set[str]] = {}
    for one in read_from:
        for year, source in _widest(one)[["year", "source"]].drop_duplicates().itertuples(index=False):
            used.setdefault(int(year), set()).update(source.split("|"))
    for before, after in pairwise(years):
        found = known.indicator(name).compare(before, after, used.get(before, set()) | used.get(after, set()))
        if found.status == "broken":
            raise NotComputableError(
                "series_broken",
                f"{name} of {before} and of {after} are not the same figure: {found.crossed[0].en}. Compare years on "
                "one side of that break (--from, --to).",
            )


def weights_of(
    known: Catalogue, name: str, year: int, codes: pd.Index, figures_of: Callable[[str], pd.DataFrame]
) -> "pd.Series[float]":
    """Give what each buurt weighs for an indicator: its universe, in the year nearest to `year`.

    Raises ParameterError where the store has neither that nor what may stand for it.
    """
    wanted = known.indicator(name).weighed_by
    for one in wanted:
        counts = of_nearest_year(figures_of(one), year)
        if counts.notna().any():
            return counts.reindex(codes)
    raise ParameterError(f"the store has no {' or '.join(wanted)} by buurt, by which {name} is weighed.")


def of_nearest_year(table: pd.DataFrame, year: int) -> "pd.Series[float]":
    """Give the counts of the nearest year; none when there is no year."""
    if table.empty:
        return pd.Series(dtype="float64")
    counts: pd.Series[float] = table[nearest(table, year)]
    return counts


def nearest(table: pd.DataFrame, year: int) -> int:
    """Give the year of a table that lies nearest to a year, of two as near the earlier."""
    return min((int(column) for column in table.columns), key=lambda other: (abs(other - year), other))
