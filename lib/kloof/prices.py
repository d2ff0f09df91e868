"""Puts money of different years in the prices of one year."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kloof.errors import ParameterError, examples, faults

Array = NDArray[np.float64]


def price_factors(years: ArrayLike, index: Mapping[int, float], price_year: int) -> Array:
    """Give the factors that turn amounts of `years` into prices of `price_year`; same shape as `years`.

    `index` holds a price index by year (CBS consumer price index, any base). Raises ParameterError listing the years
    that it lacks and the values that are not above 0.
    """
    asked = np.asarray(years, dtype=np.int64)
    needed = sorted({int(year) for year in np.unique(asked)} | {price_year})
    absent = [year for year in needed if year not in index]
    bad = [f"{year} = {index[year]}" for year in needed if year in index and not index[year] > 0]
    found = [f"no value for {examples(absent)}"] * bool(absent) + [f"not above 0: {examples(bad)}"] * bool(bad)
    if found:
        raise ParameterError(faults("the price index", found, "Give the index of every year that is compared."))
    level = {year: index[price_year] / index[year] for year in needed}
    return np.array([level[int(year)] for year in asked.ravel()], dtype=np.float64).reshape(asked.shape)


def deflated(amounts: ArrayLike, years: ArrayLike, index: Mapping[int, float], price_year: int) -> Array:
    """Put amounts in the prices of one year. `amounts` (..., years) and `years` must broadcast; see `price_factors`."""
    return np.asarray(np.asarray(amounts, dtype=np.float64) * price_factors(years, index, price_year))
