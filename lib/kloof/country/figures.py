"""The figures of every buurt of the store, a table for each indicator, and of every municipality as covariates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.errors import NotComputableError, ParameterError
from kloof.methods.arrays import Array
from kloof.store import read

COVERED = 0.5  # of the buurten that another year has: a year with fewer says nothing of the country
COUNT = "count"
FILL = "Fill the store with all municipalities: kloof data fetch --all"
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
    return of_widest(rows, rows)


def of_widest(rows: pd.DataFrame, counting: pd.DataFrame) -> pd.DataFrame:
    """Keep of each year the rows of the source with most of the rows `counting`."""
    width = counting.groupby(["year", "source"])["code"].size().reset_index(name="buurten")
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


@dataclass(frozen=True)
class Covariate:
    """A covariate with what goes with it: `change` of the gap (estimate, low, high) per standard deviation more of it.

    `year` is that of its figures; `mean` and `deviation` over municipalities are in the unit of the indicator.
    """

    indicator: str
    year: int
    mean: float
    deviation: float
    change: tuple[float, float, float] = (np.nan, np.nan, np.nan)


def check_covariates(known: Catalogue, names: Sequence[str]) -> None:
    """Raise ParameterError for a covariate that is not known, or is named twice."""
    for name in names:
        known.indicator(name)
    if twice := sorted({name for name in names if list(names).count(name) > 1}):
        raise ParameterError(f"covariate {', '.join(twice)} is named twice: name each once.")


def by_municipality(
    known: Catalogue, name: str, year: int, figures_of: Callable[[str], pd.DataFrame]
) -> tuple["pd.Series[float]", int]:
    """Give a figure of every municipality in the year nearest to `year`, and that year.

    It is the mean over its buurten, weighed by their universe; of a count, their sum. A municipality of which no buurt
    has a figure is not there. Raises ParameterError where the store does not have it.
    """
    figures = figures_of(name)
    if figures.empty:
        raise ParameterError(f"the store has no {name} by buurt, which is asked as a covariate. {FILL}.")
    chosen = nearest(figures, year)
    value: pd.Series[float] = figures[chosen].dropna()
    place = value.index.str.slice(2, 6)
    if known.indicator(name).kind == COUNT:
        made = value.groupby(place).sum()
    else:
        weight = weights_of(known, name, year, value.index, figures_of)
        weight = weight.where(value.notna() & (weight > 0)).dropna()
        value = value.reindex(weight.index)
        place = value.index.str.slice(2, 6)
        made = (value * weight).groupby(place).sum() / weight.groupby(place).sum()
    made.index = "GM" + pd.Index(made.index, dtype="str")
    return made, chosen


def standardised(values: pd.DataFrame, years: Sequence[int]) -> tuple[Array | None, tuple[Covariate, ...]]:
    """Put covariates (municipality × covariate) in standard deviations from their mean; give these with it.

    None where there is none. Raises ParameterError where one is the same everywhere, or follows from the others.
    """
    if values.empty:
        return None, ()
    mean, deviation = values.mean().to_numpy(float), values.std().to_numpy(float)
    if still := [name for name, one, at in zip(values.columns, deviation, mean, strict=True) if one <= 1e-9 * abs(at)]:
        raise ParameterError(f"covariate {', '.join(still)} is the same in every municipality: leave it out.")
    made = (values.to_numpy(float) - mean) / deviation
    if np.linalg.matrix_rank(made, tol=1e-6 * np.sqrt(len(made))) < made.shape[1]:
        raise ParameterError(
            f"covariates {', '.join(values.columns)} say the same: one of them follows from the others. Leave one out."
        )
    return made, tuple(
        Covariate(str(name), year, float(at), float(one))
        for name, year, at, one in zip(values.columns, years, mean, deviation, strict=True)
    )
