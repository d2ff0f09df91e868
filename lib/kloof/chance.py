"""What a measure would be without segregation: expected values in closed form, and "more than chance?".

With whole people, units differ by chance even when nobody sorts. Two nulls are told apart: "permutation" deals the same
people over the same homes (both margins fixed, hypergeometric); "evenness" draws the group of each resident anew with
the city's share (sizes of units fixed, binomial). The expected D is exact, in closed form; that of the Gini uses a
normal approximation and says so. `more_than_chance` simulates, for any measure.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kloof.errors import ParameterError
from kloof.resample import Drawing, replicates
from kloof.segments import FloatArray, Segments, divide
from kloof.sums import Measure
from kloof.uncertainty import COLUMNS, inhabited, mean_and_error, p_value, quantiles, reasons

NULLS = ("permutation", "evenness", "systematic")
_FEW = 16
_MANY = 20_000  # members from which the spread of their number is a correction of at most 3/8A = 2e-5


@cache
def _small_errors() -> FloatArray:
    from scipy.special import gammaln

    n = np.arange(1, _FEW, dtype=np.float64)
    errors = gammaln(n + 1) - (0.5 * np.log(2 * np.pi * n) + n * np.log(n) - n)
    return np.concatenate([[0.0], errors])


def _stirling_error(n: FloatArray) -> FloatArray:
    """Return ln n! minus Stirling's formula for n ≥ 1: from a table below 16, by its series from there on."""
    square = 1 / np.square(np.maximum(n, 1.0))
    series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / np.maximum(
        n, 1
    )
    return np.where(n < _FEW, _small_errors()[np.minimum(n, _FEW - 1).astype(np.intp)], series)


def _deviance(cell: FloatArray, expected: FloatArray, off: FloatArray) -> FloatArray:
    """Return x ln(x/e) − (x − e) for x > 0 and off = x − e, without cancellation."""
    return np.asarray(cell * np.log1p(off / np.maximum(expected, 1e-300)) - off)


def binomial_deviation(n: ArrayLike, p: ArrayLike) -> FloatArray:
    """Return E|X − np| for X binomial(n, p): 2 m (1 − p) Pr(X = m), m the first whole number above np (de Moivre).

    n: whole numbers from 0. Pr by its saddle-point form (Loader 2000), to some 1e-12. Source: Diaconis & Zabell 1991,
    Statistical Science 6(3), doi:10.1214/ss/1177011699.
    """
    size, chance = np.broadcast_arrays(np.asarray(n, dtype=np.float64), np.asarray(p, dtype=np.float64))
    above = np.floor(size * chance) + 1
    possible = (above <= size) & (chance > 0) & (chance < 1)
    inner = possible & (above < size)
    m, t, mean = (np.where(inner, v, d) for v, d in ((above, 1.0), (size, 2.0), (size * chance, 1.0)))
    rest, off = t - m, m - mean
    log_chance = (
        _stirling_error(t)
        - _stirling_error(m)
        - _stirling_error(rest)
        - _deviance(m, mean, off)
        - _deviance(rest, t - mean, -off)
        + 0.5 * np.log(t / (2 * np.pi * m * rest))
    )
    # when m is all of them, Pr = pⁿ
    at_end = np.where(possible, chance, 0.5) ** size
    return np.where(possible, 2 * above * (1 - chance) * np.where(inner, np.exp(log_chance), at_end), 0.0)


def hypergeometric_deviation(total: ArrayLike, members: ArrayLike, size: ArrayLike) -> FloatArray:
    """Return E|X − tP|, X the members among t people drawn from T of whom A are members, P = A/T; whole numbers.

    2 m (T − A − t + m)/T · Pr(X = m), m the first whole number above tP, by the same telescoping as de Moivre's; Pr
    from the four cells of the table of drawn × member, in saddle-point form, to some 1e-12.
    """
    people, group, drawn = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (total, members, size)))
    expected = divide(drawn * group, people, 0.0)
    above = np.floor(expected) + 1
    others = people - group - drawn + above
    possible = (above <= drawn) & (above <= group) & (others > 0) & (drawn < people)
    inner = possible & (above < drawn) & (above < group)
    cells = [
        np.where(inner, cell, stand_in)
        for cell, stand_in in ((above, 1.0), (drawn - above, 1.0), (group - above, 1.0), (others, 1.0))
    ]
    t, a, everyone = (np.where(inner, value, other) for value, other in ((drawn, 2.0), (group, 2.0), (people, 4.0)))
    off = np.where(inner, above - expected, 0.0)
    log_chance = -sum(
        _stirling_error(cell) + _deviance(cell, cell - sign * off, sign * off)
        for cell, sign in zip(cells, (1, -1, -1, 1), strict=True)
    )
    for margin, sign in ((t, 1), (everyone - t, 1), (a, 1), (everyone - a, 1), (everyone, -1)):
        log_chance = log_chance + sign * _stirling_error(margin)
    log_chance = log_chance + 0.5 * np.log(
        t
        / cells[0]
        * (a / cells[1])
        * ((everyone - t) / cells[2])
        * ((everyone - a) / cells[3])
        / (2 * np.pi * everyone)
    )
    chance = np.asarray(np.exp(log_chance))
    ends = possible & ~inner
    if ends.any():  # all who are drawn are members, or all members are drawn
        from scipy.stats import hypergeom

        chance[ends] = hypergeom.pmf(above[ends], people[ends], group[ends], drawn[ends])
    return np.where(possible, 2 * above * others / np.where(people > 0, people, 1.0) * chance, 0.0)


def expected_dissimilarity(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,), null: str = "evenness") -> FloatArray:
    """Return the expected D without segregation, (..., n_segments), for group a and rest b (..., N), in whole people.

    permutation: exact, as `formulas.expected_under_evenness`, T/2AB · Σ E|aᵢ − tᵢP|. evenness: given how many members
    are drawn in all, the draw is a permutation, so it is the mean of that over A binomial(T, P) without A = 0: summed
    up to some ten members or others, over 31 of the possible A above that (right to 2e-4 of it), and with one
    term for the spread of A from 20,000 on. nan when nobody is in the group or in the rest.
    Source: Cortese, Falk & Cohen 1976, doi:10.2307/2094840 (the idea). Raises ParameterError (null).
    """
    if null not in {"permutation", "evenness"}:
        raise ParameterError(f'null "{null}" has no closed form here: permutation or evenness.')
    group, rest = (np.rint(np.asarray(side, dtype=np.float64)) for side in (a, b))
    cut = Segments(starts, group.shape[-1])
    size = group + rest
    members, people = cut.total(group), cut.total(size)
    defined = (members > 0) & (members < people)
    if null == "permutation":
        return np.where(defined, _permuted(members, people, size, cut), np.nan)
    share = divide(members, people, 0.5)
    uneven = np.where(defined, share * (1 - share), 0.25)
    if not (defined & (np.minimum(members, people - members) < _MANY)).any():
        # D goes with 1/√(A(T − A)): what the spread of A adds is then below 1e-5 of it
        more = 1 + ((0.75 * (1 - 2 * share) ** 2) / uneven + 1) / (2 * np.maximum(people, 1.0))
        return np.where(defined, _permuted(members, people, size, cut) * more, np.nan)
    from scipy.stats import binom

    # 31 numbers of members within five standard deviations, one apart as long as that reaches so far
    apart = np.maximum(np.rint(np.sqrt(people * uneven) / 3), 1.0)
    steps = np.arange(-15.0, 16.0).reshape(-1, *(1,) * members.ndim)
    nodes = np.clip(members + steps * apart, 1, np.maximum(people - 1, 1))
    weights = np.where(nodes == members + steps * apart, binom.pmf(nodes, people, share), 0.0)
    values = _permuted(nodes, people, size, cut)
    return np.where(defined, divide((weights * values).sum(axis=0), weights.sum(axis=0)), np.nan)


def _permuted(members: FloatArray, people: FloatArray, size: FloatArray, cut: Segments) -> FloatArray:
    apart = cut.total(hypergeometric_deviation(cut.spread(people), cut.spread(members), size))
    return divide(apart * people, 2 * members * (people - members))


def expected_gini(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return the expected Gini under evenness, (..., n_segments), in O(units): no pairs, no simulation.

    E G = Σᵢⱼ tᵢtⱼ E|pᵢ − pⱼ| / 2T²PQ with E|pᵢ − pⱼ| = √(2PQ(1/tᵢ + 1/tⱼ)/π), so Σ √(tᵢtⱼ(tᵢ + tⱼ)) is needed, i ≠ j.
    √s = ∫ (1 − e^(−su)) u^(−3/2) du / 2√π makes it a single integral of (Σ√tᵢ)² − (Σ √tᵢ e^(−tᵢu))², done on a grid of
    ln u (trapezoid, to 1e-9). The normal approximation holds where units have some five members and five others;
    with fewer, simulate (`more_than_chance`). nan when nobody is in the group or in the rest.
    """
    group, rest = (np.asarray(side, dtype=np.float64) for side in (a, b))
    cut = Segments(starts, group.shape[-1])
    size = group + rest
    members, people = cut.total(group), cut.total(size)
    share = divide(members, people, 0.0)
    largest = size.max(initial=1.0)
    smallest = np.where(size > 0, size, largest).min(initial=largest)
    step = 0.25
    grid = np.arange(-np.log(largest) - 46.0, -np.log(smallest) + 40.0, step)
    root = np.sqrt(size)
    whole = cut.total(root)
    area = np.zeros_like(people)
    for log_u in grid:
        u = np.exp(log_u)
        # (Σ√t)² − (Σ√t e^−tu)² without cancellation for small u
        lost = cut.total(root * -np.expm1(-u * size))
        area = area + lost * (2 * whole - lost) * np.exp(-0.5 * log_u) * step
    pairs = area / (2 * np.sqrt(np.pi)) - cut.total(size * np.sqrt(2 * size))
    spread = np.sqrt(2 / np.pi * share * (1 - share))
    return divide(spread * np.maximum(pairs, 0.0), 2 * people**2 * share * (1 - share))


def more_than_chance(
    measures: Mapping[str, Measure],
    counts: ArrayLike,
    drawing: Drawing,
    starts: ArrayLike = (0,),
    null: str = "permutation",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Test each measure of counts (G, N) against a null: rows as `uncertainty.COLUMNS`, with expected and p_value.

    low and high are the range that chance alone gives (range_kind "null"), not an interval around the estimate; bias
    is nan; p_value is (b + 1)/(m + 1), one-sided. null: permutation, evenness or systematic, see `draws`. A reason for
    what is missing: no_units, group_is_empty, group_is_everyone, one_group, one_unit. Raises ParameterError (null).
    """
    if null not in NULLS:
        raise ParameterError(f'null "{null}" is not known: {", ".join(NULLS)}.')
    table = np.asarray(counts, dtype=np.float64)
    drawn = replicates(measures, table, starts, null, drawing)
    why = reasons(table, starts)
    single = inhabited(table, starts) < 2
    reason = pd.Series(
        [said or ("one_unit" if alone else None) for said, alone in zip(why, single, strict=True)], dtype=object
    )
    missing = reason.notna().to_numpy()
    found = []
    for name, measure in measures.items():
        estimate = measure(table, starts)
        low, high = quantiles(drawn[name], ((1 - confidence) / 2, (1 + confidence) / 2))
        expected, error = mean_and_error(drawn[name])
        shown = {"low": low, "high": high, "expected": expected, "standard_error": error}
        shown["p_value"] = p_value(estimate, drawn[name])
        found.append(
            pd.DataFrame(
                {
                    "segment": np.arange(estimate.size),
                    "index": name,
                    "estimate": estimate,
                    **{key: np.where(missing, np.nan, values) for key, values in shown.items()},
                    "range_kind": "null",
                    "method": null,
                    "confidence": confidence,
                    "bias": np.nan,
                    "draws": drawing.draws,
                    "draws_used": np.isfinite(drawn[name]).sum(axis=0),
                    "reason": reason,
                }
            )
        )
    return pd.concat(found, ignore_index=True).loc[:, [*COLUMNS, "expected", "p_value"]]
