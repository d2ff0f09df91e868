"""Bias corrections: what small counts add to an index, taken off again, in closed form.

An index of unevenness computed from whole people is pushed up by chance, the more so the fewer members of the group a
unit has: with some 5 members per unit D is easily 0.05 too high, with 100 it no longer matters. Three questions, three
families: what would the same people at random give (`modified`, `carrington_troske`, `winship`: a D of 0 then means "no
more than chance"); what is D of the chances behind the counts (`bias_corrected`, `density_corrected`: for comparing
places of different size); and the same for M and H (`jackknife`). A corrected value is another number than the index,
to be shown beside it, never under its name. All functions answer per segment, (..., n_segments); nan where undefined.
"""

import numpy as np
from numpy.typing import ArrayLike

from kloof import formulas
from kloof.chance import expected_dissimilarity, expected_gini
from kloof.errors import ParameterError
from kloof.segments import FloatArray, Segments, divide
from kloof.sums import times_log

_SMALL = 5  # below this count a cell is summed out
_FAR = 6.5  # standard errors from which |x| and its mean no longer differ (1e-11 of a standard error)


def carrington_troske(index: ArrayLike, expected: ArrayLike) -> FloatArray:
    """Return (D − E)/(1 − E), and (D − E)/E below the expected value: 1 apart, 0 as chance, −1 perfectly even.

    index, expected: the index and its value without segregation (`chance.expected_dissimilarity`, permutation: the same
    people in the same homes). Matters when units hold few members and places differ in that.
    Source: Carrington & Troske 1997, doi:10.1080/07350015.1997.10524718.
    """
    value, chance = np.asarray(index, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    above = divide(value - chance, 1 - chance)
    return np.where(value >= chance, above, divide(value - chance, chance))


def winship(index: ArrayLike, expected: ArrayLike) -> FloatArray:
    """Return (D − E)/(1 − E) on both sides of the expected value E; it can fall below 0 without reaching −1.

    Matters as `carrington_troske`, from which it differs only where D lies under chance.
    Source: Winship 1977, doi:10.1093/sf/55.4.1058.
    """
    value, chance = np.asarray(index, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    return divide(value - chance, 1 - chance)


def modified_dissimilarity(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return D corrected for its expected value under evenness, without simulation (group a, rest b, (..., N)).

    Matters when the group is small in each unit. Source: Carrington & Troske 1997, doi:10.1080/07350015.1997.10524718,
    with `chance.expected_dissimilarity` in place of draws.
    """
    return carrington_troske(formulas.dissimilarity(a, b, starts), expected_dissimilarity(a, b, starts, "evenness"))


def modified_gini(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return the Gini corrected for its expected value under evenness, without simulation (group a, rest b, (..., N)).

    Matters when the group is small in each unit; see `chance.expected_gini` for where its closed form stops to hold.
    Source: Carrington & Troske 1997, doi:10.1080/07350015.1997.10524718.
    """
    return carrington_troske(formulas.gini(a, b, starts), expected_gini(a, b, starts))


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


def expected_when_drawn(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return the mean of D when each group's people are drawn anew over the units (multinomial), in closed form.

    Per unit E|X/A − Y/B|: |p − q| where a side is empty or the sides are far apart; a folded normal with skewness and
    kurtosis (Edgeworth) elsewhere, right to 3e-4 of a standard error from 5 people on; summed out below that.
    """
    return _drawn_anew(a, b, starts)[1]


def bias_corrected(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return 2D − E D*, D* the D of people drawn anew per group: the bootstrap correction without its draws.

    Matters when the group is small and places of different size are compared; it takes off only part of the bias when
    most units have fewer than some 5 members. Source: Allen, Burgess, Davidson & Windmeijer 2015,
    doi:10.1111/ectj.12039.
    """
    plain, drawn = _drawn_anew(a, b, starts)
    return 2 * plain - drawn


def density_corrected(a: ArrayLike, b: ArrayLike, starts: ArrayLike = (0,)) -> FloatArray:
    """Return D with each |p − q| replaced by the mean μ of the folded normal under which it is most likely.

    In standard errors, θ = |p − q|/s: μ = 0 up to θ = 1, above that the root of μ = θ tanh(μθ), by Newton from θ, where
    the likelihood can't underflow. Matters as `bias_corrected`, of which it takes off less when units differ truly.
    Source: Allen, Burgess, Davidson & Windmeijer 2015, doi:10.1111/ectj.12039.
    """
    group, rest, group_total, rest_total, people, others = _pieces(a, b, starts)
    p, q = group / people, rest / others
    error = np.sqrt(p * (1 - p) / people + q * (1 - q) / others)
    apart = np.abs(p - q)
    ratio = divide(apart, error, np.inf)
    # from 5 standard errors on (or without any error) tanh is 1 to the last digit: the unit stays as it is
    bent = (ratio > 1) & (ratio < 5)
    theta = ratio[bent]
    root = theta.copy()
    for _ in range(60):
        bow = np.tanh(root * theta)
        step = (theta * bow - root) / (theta * theta * (1 - bow * bow) - 1)
        root -= step
        if not step.size or np.abs(step).max() < 1e-15 * 5:
            break
    apart[bent] = error[bent] * root
    apart[ratio <= 1] = 0.0
    total = Segments(starts, group.shape[-1]).total(apart)
    return np.where((group_total > 0) & (rest_total > 0), total / 2, np.nan)


def jackknife(counts: ArrayLike, starts: ArrayLike = (0,), index: str = "mutual_information") -> FloatArray:
    """Return M or H (nats) of counts (..., G, N) less its bias by leaving out one person at a time, without a loop.

    T θ − (T − 1) Σ nᵢg θ₍ᵢg₎ / T: people of the same unit and group leave the same table behind, which differs from the
    whole in four counts. Takes off the part of the bias that goes with 1/people: (cells − units − groups + 1)/2T for M.
    Matters when units hold few people per group; with many empty cells it takes off too much.
    index: "mutual_information" or "theil_h". nan when the index is, or with one person in all; H also when one person
    makes up a group of two. Source: Miller 1974, doi:10.1093/biomet/61.1.1; entropies: Zahl 1977, doi:10.2307/1936227.
    Raises ParameterError (index).
    """
    if index not in {"mutual_information", "theil_h"}:
        raise ParameterError(f'index "{index}" has no jackknife here: mutual_information or theil_h.')
    table = np.asarray(counts, dtype=np.float64)
    cut = Segments(starts, table.shape[-1])
    units = table.sum(axis=-2)
    groups, people = cut.total(table), cut.total(units)

    def loss(values: FloatArray) -> FloatArray:
        return times_log(values) - times_log(np.maximum(values - 1, 0.0))

    cell_sum = cut.total(times_log(table).sum(axis=-2))
    unit_sum, group_sum = cut.total(times_log(units)), times_log(groups).sum(axis=-2)
    whole, less = times_log(people), times_log(np.maximum(people - 1, 0.0))
    information = divide(cell_sum - unit_sum - group_sum + whole, people)
    entropy = divide(whole - group_sum, people)
    remaining = cut.spread(people - 1)
    left_information = (
        cut.spread(cell_sum - unit_sum - group_sum + less)[..., None, :]
        - loss(table)
        + loss(units)[..., None, :]
        + cut.spread(loss(groups))
    )
    left_information = divide(left_information, remaining[..., None, :])
    value, left = information, left_information
    if index == "theil_h":
        left_entropy = divide(less[..., None, :] - group_sum[..., None, :] + loss(groups), (people - 1)[..., None, :])
        value = divide(information, entropy)
        left = divide(left_information, cut.spread(np.where(left_entropy > 1e-15, left_entropy, 0.0)))
    mean = divide(cut.total(np.where(table > 0, table * left, 0.0).sum(axis=-2)), people)
    return people * value - (people - 1) * mean
