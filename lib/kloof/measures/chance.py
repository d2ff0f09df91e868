"""What a measure would be without segregation: "more than chance?", and D with what chance adds taken off.

With whole people, units differ by chance even when nobody sorts: by as much as when the same people are dealt over the
same homes (both margins fixed, hypergeometric). `bias_corrected` is another number than D, to be shown beside it.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kloof.measures.intervals import COLUMNS, LEVEL, inhabited, laid_out, mean_and_error, p_value, quantiles, reasons
from kloof.measures.resample import Drawing, Measure, replicates
from kloof.measures.tables import FloatArray, Segments

NULL = "permutation"


def more_than_chance(
    measures: Mapping[str, Measure], counts: ArrayLike, drawing: Drawing, starts: ArrayLike = (0,)
) -> pd.DataFrame:
    """Test each measure of counts (G, N): rows as `intervals.COLUMNS`, with expected and p_value.

    The null deals the same people over the same homes. low and high are the range that chance alone gives (range_kind
    "null"), not an interval around the estimate; bias is nan; p_value is (b + 1)/(m + 1), one-sided. A reason for what
    is missing: no_units, group_is_empty, group_is_everyone, one_group, one_unit.
    """
    table = np.asarray(counts, dtype=np.float64)
    drawn = replicates(measures, table, starts, NULL, drawing)
    single = inhabited(table, starts) < 2
    why = [said or ("one_unit" if alone else None) for said, alone in zip(reasons(table, starts), single, strict=True)]
    found = []
    for name, measure in measures.items():
        estimate = measure(table, starts)
        low, high = quantiles(drawn[name], ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        expected, error = mean_and_error(drawn[name])
        chance = p_value(estimate, drawn[name])
        shown = {"low": low, "high": high, "expected": expected, "standard_error": error, "p_value": chance}
        told = {"range_kind": "null", "method": NULL, "confidence": LEVEL, "bias": np.nan, "draws": drawing.draws}
        used = np.isfinite(drawn[name]).sum(axis=0)
        found.append(laid_out(name, estimate, why, shown, {**told, "draws_used": used}))
    return pd.concat(found, ignore_index=True).loc[:, [*COLUMNS, "expected", "p_value"]]


_SMALL = 5  # below this count a cell is summed out
_FAR = 6.5  # standard errors from which |x| and its mean no longer differ (1e-11 of a standard error)


def _pieces(a: ArrayLike, b: ArrayLike, starts: ArrayLike) -> tuple[FloatArray, ...]:
    group, rest = (np.asarray(side, dtype=np.float64) for side in (a, b))
    cut = Segments(starts, group.shape[-1])
    totals = [cut.total(side) for side in (group, rest)]
    spread = [cut.spread(np.where(total > 0, total, 1.0)) for total in totals]
    return group, rest, *totals, *spread


def _folded(mean: FloatArray, variance: FloatArray, third: FloatArray, fourth: FloatArray) -> FloatArray:
    """E|X| from the first four cumulants of X: a folded normal with its Edgeworth terms to second order."""
    from scipy.special import erf

    error = np.sqrt(variance)
    z = mean / error
    skew, excess = third / (variance * error), fourth / (variance * variance)
    square = z * z
    terms = 2 - skew / 3 * z + excess / 12 * (square - 1) + skew * skew / 36 * (square * (square - 6) + 3)
    density = np.exp(-0.5 * square) / np.sqrt(2 * np.pi)
    return np.asarray(error * (density * terms + z * erf(z / np.sqrt(2.0))), dtype=np.float64)


def _cumulants(share: FloatArray, people: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Second to fourth cumulant of X/n, X binomial(n, share)."""
    variance = share * (1 - share) / people
    third = variance * (1 - 2 * share) / people
    return variance, third, variance * (1 - 6 * share * (1 - share)) / (people * people)


def _mean_distance(group: FloatArray, rest: FloatArray, people: FloatArray, others: FloatArray) -> FloatArray:
    """E|X/A − Y/B| for X binomial(A, a/A) and Y binomial(B, b/B), both with some people."""
    p, q = group / people, rest / others
    one, two = _cumulants(p, people), _cumulants(q, others)
    return _folded(p - q, one[0] + two[0], one[1] - two[1], one[2] + two[2])


def _chances(count: FloatArray, people: FloatArray) -> FloatArray:
    """Pr(X = 0 … 24) for X binomial(people, count/people), few counts: (25, cells)."""
    from scipy.special import gammaln, xlog1py, xlogy

    values = np.arange(25.0)[:, None]
    left = np.maximum(people - values, 0.0)
    log_choose = gammaln(people + 1) - gammaln(values + 1) - gammaln(left + 1)
    share = count / people
    return np.where(values <= people, np.exp(log_choose + xlogy(values, share) + xlog1py(left, -share)), 0.0)


def _summed_out(group: FloatArray, rest: FloatArray, people: FloatArray, others: FloatArray) -> FloatArray:
    """Sum out the draws of the side with few people, and the other's where those are few too: the same distance."""
    swap = rest < group
    few, many = np.where(swap, rest, group), np.where(swap, group, rest)
    people, others = np.where(swap, others, people), np.where(swap, people, others)
    values = np.arange(25.0)[:, None]
    distance = np.empty((values.size, few.size))
    both = many < _SMALL
    if both.any():
        apart = np.abs(values[:, None] / people[both] - values[None, :] / others[both])
        distance[:, both] = (apart * _chances(many[both], others[both])[None]).sum(axis=1)
    if not both.all():
        variance, third, fourth = _cumulants(many[~both] / others[~both], others[~both])
        mean = values / people[~both] - many[~both] / others[~both]
        distance[:, ~both] = _folded(mean, variance, -third, fourth)
    return np.asarray((_chances(few, people) * distance).sum(axis=0), dtype=np.float64)


def _drawn_anew(a: ArrayLike, b: ArrayLike, starts: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return D and the mean of D when each group's people are drawn anew over the units."""
    group, rest, group_total, rest_total, people, others = _pieces(a, b, starts)
    p, q = group / people, rest / others
    apart = np.abs(p - q)
    both = p * q  # 0 when one side is empty, 1 when nobody can be elsewhere: the distance is then certain
    uncertain = (np.square(apart) < _FAR**2 * (p / people + q / others)) & (both > 0) & (both < 1)
    few = uncertain & (np.minimum(group, rest) < _SMALL)
    mean = apart.copy()
    for at, distance in ((np.nonzero(uncertain & ~few), _mean_distance), (np.nonzero(few), _summed_out)):
        mean[at] = distance(group[at], rest[at], people[at], others[at])
    cut = Segments(starts, group.shape[-1])
    defined = (group_total > 0) & (rest_total > 0)
    plain, drawn = (np.where(defined, cut.total(one) / 2, np.nan) for one in (apart, mean))
    return plain, drawn


def bias_corrected(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return 2D − E D*, D* the D of people drawn anew per group: the bootstrap correction without its draws.

    Matters when the group is small and places of different size are compared; it takes off only part of the bias when
    most units have fewer than some 5 members. Source: Allen, Burgess, Davidson & Windmeijer 2015,
    doi:10.1111/ectj.12039.
    """
    plain, drawn = _drawn_anew(a, b, starts)
    return 2 * plain - drawn
