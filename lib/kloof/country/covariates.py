"""What municipalities differ in beforehand, to see how far that goes with how their gaps changed: covariates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.country.figures import nearest, weights_of
from kloof.errors import ParameterError
from kloof.methods.arrays import Array

COUNT = "count"
FILL = "Fill the store with all municipalities: kloof data fetch --all"


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
