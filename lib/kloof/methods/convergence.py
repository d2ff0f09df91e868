"""Do the buurten grow towards each other? Beta: the low ones grow faster. Sigma: they lie closer together than before.

Noise in the level at the start makes beta convergence out of nothing: what was measured too low by chance grows next.
`beta_convergence` therefore takes the start from an earlier year, or uses that year as an instrument. Sigma does not
have this fault, but noise that differs between the years moves it. Arrays have one entry per buurt, the same buurten
in every year.
"""

from dataclasses import dataclass, field, replace
from math import log

import numpy as np

from kloof.errors import NotComputableError, ParameterError
from kloof.methods.arrays import LEVEL, Array
from kloof.methods.randomisation import BOTH_SIDES, error_of_ends
from kloof.methods.regression import Estimate, check_design, clustered, from_t

SAME_YEAR = "same_year"
EARLIER_YEAR = "earlier_year"
INSTRUMENT = "instrument"
SPREADS = ("weighted_sd", "coefficient_of_variation", "theil_between")


@dataclass(frozen=True)
class Growth:
    """What grew: `base` and `final` levels `years` apart, weights, the level in an `earlier` year, and conditions.

    Give levels in logarithms to speak of growth rates. `conditions` (buurt × column) are held constant: conditional
    convergence; without columns it is unconditional.
    """

    base: Array
    final: Array
    years: float
    weight: Array
    earlier: Array | None = None
    conditions: Array = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def rate(self) -> Array:
        """Growth per year."""
        return (self.final - self.base) / self.years

    def controls(self) -> Array:
        """Give the constant and the conditions as columns."""
        ones = np.ones((len(self.base), 1))
        return np.hstack([ones, self.conditions]) if self.conditions.size else ones


@dataclass(frozen=True)
class Beta:
    """Growth per year by the level at the start: below 0 the buurten converge, above 0 they diverge.

    `speed` is the part of the distance that closes per year and `half_life` the years that close half of it; both are
    None unless the estimate lies between no convergence and closing the whole distance at once. `first_stage` is the
    F of the instrument. Flags: `noise_makes_convergence` where the start is the base year itself.
    """

    found: Estimate
    method: str
    speed: float | None
    half_life: float | None
    first_stage: float | None = None
    flags: tuple[str, ...] = ()


def beta_convergence(growth: Growth, method: str = INSTRUMENT) -> Beta:
    """Regress growth per year on the level at the start.

    `method` "same_year" takes the start as measured: noise in it pulls beta below 0. "earlier_year" takes the level of
    an earlier year: under no convergence its slope is 0 whatever the noise, otherwise it is too near to 0. "instrument"
    takes the part of the start that the earlier year predicts: consistent when the noise of both years is independent;
    its interval (HC3) holds however weak the instrument. Noise that lasts from the earlier year into the base year
    biases the last two as well, in the same direction as the first.

    Raises ParameterError (unknown method; no earlier year), NotComputableError: weak_instrument when the interval would
    be without end, and what `regression.clustered` raises.
    Sources: Barro & Sala-i-Martin 1992, doi:10.1086/261816, eq. 8 (speed); Friedman 1992,
    https://www.jstor.org/stable/2727976 (the fallacy); Anderson & Rubin 1949, doi:10.1214/aoms/1177730090 (interval).
    """
    if method not in (SAME_YEAR, EARLIER_YEAR, INSTRUMENT):
        raise ParameterError(f"method {method!r} is unknown; known: {SAME_YEAR}, {EARLIER_YEAR}, {INSTRUMENT}.")
    if method != SAME_YEAR and growth.earlier is None:
        raise ParameterError(f"method {method!r} needs the level in an earlier year; give `earlier`.")
    first_stage = None
    if method == INSTRUMENT:
        found, first_stage = _instrumented(growth)
    else:
        start = growth.base if method == SAME_YEAR else np.asarray(growth.earlier)
        design = np.column_stack([start, growth.controls()])
        found = clustered(growth.rate, design, growth.weight, np.arange(len(start)))
    closes = -found.estimate * growth.years
    speed = -log(1 - closes) / growth.years if 0 < closes < 1 else None
    flags = ("noise_makes_convergence",) if method == SAME_YEAR else ()
    return Beta(found, method, speed, log(2) / speed if speed else None, first_stage, flags)


def _instrumented(growth: Growth) -> tuple[Estimate, float]:
    """Two-stage least squares with one instrument, and the set of betas that its reduced form does not reject."""
    from scipy.special import stdtr, stdtrit

    controls, root = growth.controls(), np.sqrt(growth.weight / growth.weight.mean())
    design = np.column_stack([np.asarray(growth.earlier), controls])
    check_design(design, len(root))
    scaled = design * root[:, None]
    both = np.column_stack([growth.rate, growth.base]) * root[:, None]
    solve = np.linalg.pinv(scaled)
    residual = both - scaled @ (solve @ both)
    leverage = np.einsum("ij,ji->i", scaled, solve)
    score = solve[0][:, None] * residual / (1 - leverage)[:, None]
    on_rate, on_base = solve[0] @ both
    covariance = score.T @ score
    df = len(root) - 1

    def accepted(level: float) -> tuple[float, float]:
        limit = float(stdtrit(df, (1 + level) / 2)) ** 2
        square = on_base**2 - limit * covariance[1, 1]
        linear = on_rate * on_base - limit * covariance[0, 1]
        loose = on_rate**2 - limit * covariance[0, 0]
        if square <= 0:
            raise NotComputableError(
                "weak_instrument", "The earlier year says too little about the base year for an interval with an end."
            )
        reach = np.sqrt(max(linear**2 - square * loose, 0.0))
        return float((linear - reach) / square), float((linear + reach) / square)

    estimate = on_rate / on_base
    spread = covariance[0, 0] - 2 * estimate * covariance[0, 1] + estimate**2 * covariance[1, 1]
    found = from_t(float(estimate), float(np.sqrt(spread) / abs(on_base)), df, len(root), len(root))
    low, high = accepted(LEVEL)
    low_90, high_90 = accepted(2 * LEVEL - 1)
    chance = float(2 * stdtr(df, -abs(on_rate) / np.sqrt(covariance[0, 0])))
    found = replace(found, low=low, high=high, low_90=low_90, high_90=high_90, p_value=chance)
    return found, float(on_base**2 / covariance[1, 1])


@dataclass(frozen=True)
class Sigma:
    """The spread before and after, its change with an interval, and the classical test beside it.

    `critical` is what the change over its standard error was compared with, `end_error` the standard error of the ends
    had other years traded places, 0 where the t value is larger. `pitman_morgan` is the p-value of equal
    variances for normal figures, without weights: skewed figures make it far too small, so nothing is judged by it.
    """

    spread: str
    before: float
    after: float
    found: Estimate
    critical: float
    end_error: float
    pitman_morgan: float


def sigma_convergence(
    before: Array, after: Array, weight: Array, spread: str, rng: np.random.Generator, draws: int = 999
) -> Sigma:
    """Give the change of the spread between the same buurten: below 0 they converge.

    `spread` is one of `SPREADS`. The standard error is the delete-one jackknife over buurten, both years at once. It is
    multiplied by the t value on (buurten - 1) degrees of freedom or, when that is larger, by the value that 95 % of
    the changes stay below when the two years (each as a deviation from its mean, or as a part of it) trade places in
    buurten drawn at random. The p-value is the larger one too.

    Raises ParameterError (spread), NotComputableError: too_few_buurten (fewer than five), not_positive (a mean that is
    not above 0, or for Theil a figure), no_variation.
    Sources: Barro & Sala-i-Martin 1992, doi:10.1086/261816 (sigma); Tukey 1958, doi:10.1214/aoms/1177706647
    (jackknife); Janssen 1997, doi:10.1016/S0167-7152(97)00043-6 (permutations of a studentised number); Pitman 1939,
    doi:10.1093/biomet/31.1-2.9, and Morgan 1939, doi:10.1093/biomet/31.1-2.13.
    """
    from scipy.stats import pearsonr

    if spread not in SPREADS:
        raise ParameterError(f"spread {spread!r} is unknown; known: {', '.join(SPREADS)}.")
    if len(before) < 5:
        raise NotComputableError("too_few_buurten", f"{len(before)} buurten are too few to judge a change of spread.")
    years = np.stack([before, after])
    means = years @ weight / weight.sum()
    positive = years.min() > 0 if spread == "theil_between" else means.min() > 0
    if spread != "weighted_sd" and not positive:
        raise NotComputableError("not_positive", "A spread in parts of the mean needs figures above 0.")
    own = _spread(years, weight, spread)
    change, error = _studentised(years, weight, spread)
    found = from_t(float(change), float(error), len(before) - 1, len(before), len(before))
    level = years - means[:, None] if spread == "weighted_sd" else years / means[:, None]
    swapped = rng.random((draws, len(before))) < 0.5
    traded = np.stack([np.where(swapped, level[1], level[0]), np.where(swapped, level[0], level[1])])
    moved, errors = _studentised(traded, weight, spread)
    chances = np.sort(np.abs(moved) / np.maximum(errors, np.finfo(float).tiny))
    observed = abs(found.estimate) / found.se
    limits = {share: _critical(chances, share) for share in (LEVEL, 2 * LEVEL - 1)}
    by_t = found.high - found.estimate
    wide = max(limits[LEVEL] * found.se, by_t)
    narrow = max(limits[2 * LEVEL - 1] * found.se, found.high_90 - found.estimate)
    p_value = max(found.p_value, (int((chances >= observed - 1e-12).sum()) + 1) / (draws + 1))
    found = replace(
        found,
        low=found.estimate - wide,
        high=found.estimate + wide,
        low_90=found.estimate - narrow,
        high_90=found.estimate + narrow,
        p_value=p_value,
    )
    classical = float(pearsonr(before + after, after - before).pvalue) if np.ptp(before + after) > 0 else 1.0
    by_draws = error_of_ends(-wide, wide, draws, BOTH_SIDES) if wide > by_t else 0.0
    return Sigma(spread, float(own[0]), float(own[1]), found, wide / found.se, by_draws, classical)


def _critical(ordered: Array, share: float) -> float:
    """Give the value that this share of the draws, and the observed one, stays below."""
    outside = int(np.floor((1 - share) * (len(ordered) + 1)))
    if outside < 1:
        raise NotComputableError("too_few_draws", f"{len(ordered)} draws are too few; take 99 or more.")
    return float(ordered[-outside])


def _spread(value: Array, weight: Array, spread: str, *, leave_one_out: bool = False) -> Array:
    """Spread along the last axis; with `leave_one_out` one per unit that is left out.

    Each spread is a function of three sums, so leaving a unit out is a subtraction.
    """
    terms = value * np.log(value) if spread == "theil_between" else value**2
    sums = [np.broadcast_to(weight, value.shape), weight * value, weight * terms]
    if leave_one_out:
        size, first, second = (part.sum(axis=-1, keepdims=True) - part for part in sums)
    else:
        size, first, second = (part.sum(axis=-1) for part in sums)
    mean = first / size
    if spread == "theil_between":
        return np.asarray(second / first - np.log(mean))
    deviation = np.sqrt(np.maximum(second / size - mean**2, 0.0))
    return np.asarray(deviation if spread == "weighted_sd" else deviation / mean)


def _studentised(years: Array, weight: Array, spread: str) -> tuple[Array, Array]:
    """Change of the spread from the first to the second entry of the first axis, and its jackknife standard error."""
    centred = years - (years @ weight / weight.sum())[..., None] if spread == "weighted_sd" else years
    whole, without = (_spread(centred, weight, spread, leave_one_out=flag) for flag in (False, True))
    change, parts = whole[1] - whole[0], without[1] - without[0]
    units = parts.shape[-1]
    off = parts - parts.mean(axis=-1, keepdims=True)
    return np.asarray(change), np.asarray(np.sqrt((units - 1) / units * (off**2).sum(axis=-1)))
