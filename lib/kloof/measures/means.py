"""The formula of every index of a mean: how far apart the units are on an average, such as income per inhabitant.

Each takes the value and the weight of every unit (the mean of the unit, and the people or dwellings it is over), both
(..., N), and the offsets `starts` of the segments; returns (..., n_segments). Units without weight add nothing; no
weight at all gives nan, never 0.
"""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from kloof.measures.tables import FloatArray, Formula, Segments, divide, times_log


class Means:
    """Value and weight per unit, (..., N), with their totals per segment."""

    def __init__(self, value: ArrayLike, weight: ArrayLike, starts: ArrayLike = (0,)):
        """Take the two numbers of each unit and the offsets of the segments; raises ParameterError on bad offsets."""
        self.value, self.weight = np.broadcast_arrays(
            np.asarray(value, dtype=np.float64), np.asarray(weight, dtype=np.float64)
        )
        self.cut = Segments(starts, self.value.shape[-1])

    @cached_property
    def total(self) -> FloatArray:
        """Weight per segment."""
        return self.cut.total(self.weight)

    @cached_property
    def mean(self) -> FloatArray:
        """Weighted mean per segment."""
        return divide(self.cut.total(self.weight * self.value), self.total)

    @cached_property
    def spread(self) -> FloatArray:
        """Weighted standard deviation per segment."""
        off = self.value - self.cut.level(self.mean)
        return np.sqrt(divide(self.cut.total(self.weight * off**2), self.total))


def _weighted_sd(table: Means) -> FloatArray:
    """√(Σ wᵢ(yᵢ − ȳ)²/W) with ȳ = Σ wᵢyᵢ/W, in the unit of y. Source: Williamson 1965, doi:10.1086/450136."""
    return table.spread


def _coefficient_of_variation(table: Means) -> FloatArray:
    """Weighted standard deviation over the weighted mean; nan when the mean is not positive.

    Source: Williamson 1965, equation for V_w, doi:10.1086/450136.
    """
    return divide(table.spread, table.mean)


def _theil_between(table: Means) -> FloatArray:
    """T between units: Σ wᵢ/W · yᵢ/ȳ · ln(yᵢ/ȳ), 0 ln 0 = 0; nan when a value with weight is below 0.

    Source: Shorrocks 1980, between-group part of the class at c = 1, doi:10.2307/1913126.
    """
    relative = divide(table.value, np.broadcast_to(table.cut.level(table.mean), table.value.shape))
    negative = table.cut.total(((table.value < 0) & (table.weight > 0)).astype(np.float64)) > 0
    apart = divide(table.cut.total(table.weight * times_log(relative, relative)), table.total)
    return np.where(negative, np.nan, apart)


weighted_sd = Formula(Means, _weighted_sd)
coefficient_of_variation = Formula(Means, _coefficient_of_variation)
theil_between = Formula(Means, _theil_between)
