"""The formula of every index of two groups, for all cities, years and replicates at once.

Every index takes two arrays of shape (..., N) and the offsets `starts` of the segments along the last axis (one
segment = one municipality in one year; one city: `starts=(0,)`); it returns (..., n_segments). Leading axes are
replicates. `a` is the group and `b` the rest, in people or households. Units with nobody in them add nothing. What is
not defined (nobody in the group, nobody in the rest) is nan, never 0. A unit with a missing count must not be in the
arrays: `counts.choose` sets it aside. In the formulas A and B are the totals, T = A + B, tᵢ = aᵢ + bᵢ, P = A/T.
"""

import numpy as np
from numpy.typing import ArrayLike

from kloof.measures.tables import FloatArray, Formula, Groups, Pair, divide


def _dissimilarity(table: Pair) -> FloatArray:
    """D = ½ Σ |aᵢ/A − bᵢ/B|, 0–1. Source: Duncan & Duncan 1955, doi:10.2307/2088328.

    Written as Σ |aᵢB − bᵢA| / 2AB: with whole counts a proportional table gives exactly 0.
    """
    return table.cut.total(np.abs(table.off)) / (2 * table.pairs)


def _isolation(table: Pair) -> FloatArray:
    """Share of the own group around the average member: Σ aᵢ/A · aᵢ/(aᵢ+bᵢ), share of the group–1.

    Source: Bell 1954, doi:10.2307/2574118. nan when there is no rest (it would be 1 by definition, not by
    segregation).
    """
    own = table.cut.total(table.group * table.group / table.divisor)
    return own * table.others / table.pairs


def _interaction(table: Pair) -> FloatArray:
    """Share of the rest around the average member of the group: Σ aᵢ/A · bᵢ/(aᵢ+bᵢ) = 1 − isolation.

    Source: Bell 1954, doi:10.2307/2574118.
    """
    other = table.cut.total(table.group * table.rest / table.divisor)
    return other * table.others / table.pairs


def _gini(table: Pair) -> FloatArray:
    """Twice the area between the segregation curve and the diagonal, 0–1, by one sort: O(N log N).

    With units sorted by share, G = Σ aᵢ (2Bᵢ − bᵢ) / AB − 1, Bᵢ the running sum of b; units with equal shares
    lie on one straight piece, so their order is no matter. Source: James & Taeuber 1985, doi:10.2307/270845.
    """
    area = table.cut.curve(table.group, table.rest, table.group / table.divisor)
    return np.maximum(area / table.pairs - 1, 0.0)


def _theil_h(table: Pair) -> FloatArray:
    """H: mutual information of unit and group over the entropy of the groups, 0–1.

    H = Σ [aᵢ ln(aᵢT/Atᵢ) + bᵢ ln(bᵢT/Btᵢ)] / [A ln(T/A) + B ln(T/B)]; the same for any base of the logarithm.
    Source: Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795.
    """
    group, rest = table.members, table.others
    entropy = group * np.log1p(divide(rest, group)) + rest * np.log1p(divide(group, rest))
    return divide(table.information, entropy)


def _correlation_ratio(table: Pair) -> FloatArray:
    """η² = (isolation − P)/(1 − P): variance of the shares over its maximum P(1 − P), 0–1.

    Written as Σ (aᵢB − bᵢA)²/tᵢ / TAB: never negative. Source: Bell 1954, doi:10.2307/2574118.
    """
    return table.cut.total(table.off**2 / table.divisor) / (table.pairs * (table.members + table.others))


def _atkinson(table: Pair, value: float = 0.5) -> FloatArray:
    """1 − [Σ (aᵢ/A)^β (bᵢ/B)^(1−β)]^(1/(1−β)), 0–1; β (0–1) says how much units with a high share count.

    Source: James & Taeuber 1985, doi:10.2307/270845. At β = ½ it equals 1 − (1 − Hutchens)².
    """
    if value == 0.5:
        apart = _hutchens(table)
        return apart * (2 - apart)
    first, second = _shares(table)
    alike = table.cut.total(first**value * second ** (1 - value))
    return np.where(np.isnan(table.pairs), np.nan, np.maximum(1 - alike ** (1 / (1 - value)), 0.0))


def _shares(table: Pair) -> tuple[FloatArray, FloatArray]:
    """Part of the group and part of the rest that lives in each unit; 0 where there is no group or no rest."""
    level = table.cut.level
    per_member, per_other = (divide(np.ones_like(sums), sums, 0.0) for sums in (table.members, table.others))
    return table.group * level(per_member), table.rest * level(per_other)


def _hutchens(table: Pair) -> FloatArray:
    """Square-root index ½ Σ (√(aᵢ/A) − √(bᵢ/B))² = 1 − Σ √(aᵢ/A · bᵢ/B), 0–1.

    Source: Hutchens 2004, doi:10.1111/j.1468-2354.2004.00136.x. Written as squares: never negative.
    """
    first, second = _shares(table)
    apart = table.cut.total((np.sqrt(first) - np.sqrt(second)) ** 2) / 2
    return np.where(np.isnan(table.pairs), np.nan, apart)


def _minmax(table: Pair) -> FloatArray:
    """1 − Σ min(aᵢ/A, bᵢ/B) / Σ max(aᵢ/A, bᵢ/B) = 2D/(1 + D), 0–1. Source: O'Sullivan & Wong 2007."""
    apart = _dissimilarity(table)
    return 2 * apart / (1 + apart)


def _concentration_profile(table: Pair) -> FloatArray:
    """R = Σ aᵢ/A · |pᵢ − P| / (1 − P), the two integrals of the profile taken exactly, 0–2 (above 1 only if P > ½).

    The profile v(θ) is the part of the group that lives where its share is at least θ, a step function, so that the
    areas below P (1 − v) and above P (v) are sums of min(pᵢ, P) and max(pᵢ − P, 0).
    Source: Hong & Sadahiro 2014, Journal of Geographical Systems 16(2); doi:10.1371/journal.pone.0113767.
    """
    return table.cut.total(table.group * np.abs(table.off) / table.divisor) / table.pairs


def _exposure(table: Groups) -> FloatArray:
    """Share of the second group among all residents around the average member of the first: Σ aᵢ/A · cᵢ/tᵢ, 0–1.

    counts (..., 3, N): group, other group, everybody else. Source: Bell 1954, doi:10.2307/2574118; Lieberson 1981.
    nan when one of the two groups is not there.
    """
    group, other = table.counts[..., 0, :], table.counts[..., 1, :]
    met = table.cut.total(group * other / table.divisor)
    return divide(met, np.where(table.members[..., 1, :] == 0, np.nan, table.members[..., 0, :]))


dissimilarity = Formula(Pair, _dissimilarity)
isolation = Formula(Pair, _isolation)
interaction = Formula(Pair, _interaction)
gini = Formula(Pair, _gini)
theil_h = Formula(Pair, _theil_h)
correlation_ratio = Formula(Pair, _correlation_ratio)
atkinson = Formula(Pair, _atkinson)
hutchens = Formula(Pair, _hutchens)
minmax = Formula(Pair, _minmax)
concentration_profile = Formula(Pair, _concentration_profile)
exposure = Formula(Groups, _exposure)


def expected_under_evenness(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return the D to expect when the same people lived at random in the same homes (exact, no simulation).

    Small counts push D up by chance alone. Each unit keeps its size tᵢ and the city its A and B, so aᵢ is
    hypergeometric and E D = T/2AB · Σ E|aᵢ − tᵢP|. With m the first whole number above tᵢP, the mean absolute
    deviation is 2m(T − A − tᵢ + m)/T · Pr(aᵢ = m), because (x − tᵢP)·Pr(x) telescopes. Counts are rounded to
    whole people.
    Source: Cortese, Falk & Cohen 1976 (the idea), doi:10.2307/2094840; Diaconis & Zabell 1991 (such sums),
    Statistical Science 6(3).
    """
    from scipy.special import gammaln

    def log_choose(among: FloatArray, chosen: FloatArray) -> FloatArray:
        return np.asarray(gammaln(among + 1) - gammaln(chosen + 1) - gammaln(among - chosen + 1))

    table = Pair(a, b, starts)
    group, rest, cut = table.group, table.rest, table.cut
    both = np.rint(group) + np.rint(rest)
    group_total, rest_total = cut.total(np.rint(group)), cut.total(np.rint(rest))
    everyone = group_total + rest_total
    people, members = cut.spread(everyone), cut.spread(group_total)
    above = np.floor(divide(both * members, people, 0.0)) + 1
    possible = (above <= both) & (above <= members)
    others = np.where(possible, people - members - both + above, 0.0)
    above = np.where(possible, above, 0.0)
    log_chance = (
        log_choose(members, above)
        + log_choose(people - members, np.where(possible, both - above, 0.0))
        - log_choose(people, both)
    )
    deviation = np.where(possible, 2 * above * others * np.exp(np.where(possible, log_chance, 0.0)), 0.0)
    return divide(cut.total(deviation), 2 * group_total * rest_total)
