"""What many places together say of each: the normal hierarchical model, integrated over its spread without sampling.

Every place m has an estimate y_m with standard error s_m: y_m ~ Normal(θ_m, s_m²), and the truths differ:
θ_m ~ Normal(x_m β, τ²), or with heavier tails a t with few degrees of freedom. β has a flat prior, τ a half-normal one
or one that is 0 at 0. Given τ all of it is normal, so the posterior is a mixture of normals over a grid of τ, exact to
the last printed digit.

Sources: Röver 2020, doi:10.18637/jss.v093.i06 (the normal model, as R's bayesmeta computes it); Gelman 2006,
doi:10.1214/06-BA117A (priors for τ); Smyth 2004, doi:10.2202/1544-6115.1027 (variances drawn in to their trend).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from kloof.errors import NotComputableError
from kloof.methods.arrays import LEVEL, Array

FEWEST = 3  # places: with two τ is what the prior says
NODES = 240  # of τ; twice as many move no result by a part in 10⁸ (tests/unit/methods/test_hierarchical.py)
_NEGLIGIBLE = 36.0  # log density below the highest, 2·10⁻¹⁶: what lies beyond has no weight
_REACH = 60  # doublings in search of where the density is negligible
_ADDED = 1e-15  # probability: a step that adds less, far in a tail, has a slope that no curve can be drawn by
_NOTHING = 1e-7  # part of the largest weight below which one is left out

LogPrior = Callable[[Array], Array]


@dataclass(frozen=True)
class Normals:
    """Mixtures of normal distributions, one for each of k quantities: `weight`, `mean` and `deviation`, all g × k."""

    weight: Array
    mean: Array
    deviation: Array

    @cached_property
    def average(self) -> Array:
        """Mean of each mixture (k)."""
        return np.asarray((self.weight * self.mean).sum(axis=0))

    @cached_property
    def standard_deviation(self) -> Array:
        """Standard deviation of each mixture (k)."""
        return np.asarray(np.sqrt((self.weight * (self.deviation**2 + (self.mean - self.average) ** 2)).sum(axis=0)))

    def above(self, c: Array | float) -> Array:
        """Give the probability that each quantity is above c (k)."""
        from scipy.special import ndtr

        return np.asarray((self.weight * ndtr((self.mean - c) / self.deviation)).sum(axis=0))

    def quantile(self, p: float) -> Array:
        """Give the p-quantile of each mixture (k), to 10⁻¹² of the spread."""
        from scipy.optimize.elementwise import find_root
        from scipy.special import ndtr

        wide = int(self.weight.shape[1] > 1)
        reach = 10 * self.deviation.max(axis=0)
        ends = self.mean.min(axis=0) - reach, self.mean.max(axis=0) + reach

        def too_much(x: Array, at: Array) -> Array:
            below = ndtr((x - self.mean[:, at]) / self.deviation[:, at])
            return np.asarray((self.weight[:, at * wide] * below).sum(axis=0) - p)

        exact = {"xatol": 0.0, "xrtol": 1e-14, "fatol": 1e-13}
        return np.asarray(find_root(too_much, ends, args=(np.arange(self.mean.shape[1]),), tolerances=exact).x)

    def interval(self, level: float = LEVEL) -> tuple[Array, Array]:
        """Give the central interval of each quantity (k, k)."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


@dataclass(frozen=True)
class Posterior:
    """What is known of all places after the data: τ on a grid with the weight of each value, and normals given τ.

    `below` is the probability that τ lies below each value. `coefficients` is the mixture of β (1 or as many as
    covariates and 1), `effects` that of the θ of each place. `evidence` is the log probability of the data, up to what
    all models with one prior have in common; `fit` leaves it 0, `fit_heavy` gives it. `heavy` is the probability that
    the truths have tails: 0 or 1 but where models were averaged.
    """

    tau: Array
    weight: Array
    below: Array
    coefficients: Normals
    effects: Normals
    evidence: float = 0.0
    heavy: float = 0.0

    @property
    def tau_mean(self) -> float:
        """Posterior mean of τ."""
        return float(self.weight @ self.tau)

    def tau_quantile(self, p: float) -> float:
        """Give the p-quantile of τ."""
        from scipy.interpolate import PchipInterpolator

        known = np.concatenate([[True], np.diff(self.below) > _ADDED])
        return float(PchipInterpolator(self.below[known], self.tau[known])(p))


def half_normal(scale: float) -> LogPrior:
    """Give the log density of a half-normal prior of τ, up to a constant; 95 percent of it lies below 1.96 `scale`."""

    def log_density(tau: Array) -> Array:
        return -0.5 * (tau / scale) ** 2

    return log_density


def flat_in_variance(scale: float) -> LogPrior:
    """Give the log density of a prior that is flat in τ² and falls off as the half-normal one: τ exp(−½(τ/scale)²).

    A half-normal prior is highest at 0, which draws τ in where it is small beside the standard errors: then the ranges
    of places hold the truth too seldom. Source: Chung et al. 2013, doi:10.1007/s11336-013-9328-2.
    """
    falls_off = half_normal(scale)

    def log_density(tau: Array) -> Array:
        return np.asarray(np.log(np.maximum(tau, 1e-300)) + falls_off(tau))

    return log_density


def fit(estimate: Array, standard_error: Array, prior: LogPrior, covariates: Array | None = None) -> Posterior:
    """Fit the normal hierarchical model to k estimates with their standard errors (k), β with a flat prior.

    `covariates` (k × c) stand beside the constant; give them centred and the first coefficient is the mean of all.
    Raises NotComputableError: too_few_municipalities (fewer than three more than coefficients), no_spread (an estimate
    that is not finite, or a standard error that is not above 0).

    >>> effect, error = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
    >>> round(float(fit(effect, error, half_normal(25)).coefficients.average[0]), 2)
    7.91
    """
    design = np.ones((len(estimate), 1))
    if covariates is not None:
        design = np.column_stack([design, covariates])
    _check_effects(estimate, standard_error, FEWEST + design.shape[1] - 1)

    def log_density(tau: Array) -> Array:
        return _given(tau, estimate, standard_error, design)[0] + prior(tau)

    tau, weight, below = _grid(log_density, float(np.median(standard_error)))
    _, centre, covariance = _given(tau, estimate, standard_error, design)
    shared = weight[:, None]
    coefficients = Normals(shared, centre, np.sqrt(np.einsum("gii->gi", covariance)))
    own = tau[:, None] ** 2 / (tau[:, None] ** 2 + standard_error**2)  # what the place's own estimate weighs
    fitted = centre @ design.T
    error = np.einsum("ki,gij,kj->gk", design, covariance, design)
    mean = own * estimate + (1 - own) * fitted
    deviation = np.sqrt(own * standard_error**2 + (1 - own) ** 2 * error)
    return Posterior(tau, weight, below, coefficients, Normals(shared, mean, deviation))


def _check_effects(effect: Array, standard_error: Array, least: int) -> None:
    """Raise NotComputableError for too few municipalities, or one without a standard error above 0."""
    if len(effect) < least:
        raise NotComputableError(
            "too_few_municipalities", f"{len(effect)} municipalities have an estimate; this needs {least}."
        )
    if not (np.isfinite(effect).all() and (standard_error > 0).all() and np.isfinite(standard_error).all()):
        raise NotComputableError("no_spread", "Every municipality needs an estimate and a standard error above 0.")


def _given(tau: Array, estimate: Array, error: Array, design: Array) -> tuple[Array, Array, Array]:
    """Give for each τ the log likelihood with β integrated out, and mean and covariance of β (g; g × c; g × c × c)."""
    weight = 1 / (tau[:, None] ** 2 + error**2)
    information = np.einsum("ki,gk,kj->gij", design, weight, design)
    covariance = np.linalg.inv(information)
    centre = np.einsum("gij,kj,gk->gi", covariance, design, weight * estimate)
    residual = estimate - centre @ design.T
    logs = np.log(weight).sum(axis=1) - np.linalg.slogdet(information)[1] - (weight * residual**2).sum(axis=1)
    return 0.5 * logs, centre, covariance


def _grid(log_density: LogPrior, scale: float) -> tuple[Array, Array, Array]:
    """Lay nodes of τ where its density is not negligible; give each its weight (they sum to 1) and what lies below it.

    Gauss and Legendre's nodes in v, where τ = top + width · sinh(v): close together near the top of the density, and
    ever further apart in a tail, however long.
    """
    from scipy.interpolate import CubicSpline

    coarse = scale * np.concatenate([[0.0], np.geomspace(1e-6, 1e6, 400)])
    found = log_density(coarse)
    at = int(found.argmax())
    near = np.linspace(coarse[max(at - 1, 0)], coarse[min(at + 1, len(coarse) - 1)], 400)
    fine = log_density(near)
    top, highest = float(near[fine.argmax()]), float(fine.max())
    width = _half_width(log_density, top, highest, scale)
    high = _end(log_density, highest, top, width)
    low = max(0.0, -_end(lambda tau: log_density(np.abs(tau)), highest, -top, width)) if top > 0 else 0.0
    if float(log_density(np.array([0.0]))[0]) > highest - _NEGLIGIBLE:
        low = 0.0
    ends = np.arcsinh((low - top) / width), np.arcsinh((high - top) / width)
    node, share = _nodes(NODES)
    v = (ends[1] - ends[0]) / 2 * node + (ends[0] + ends[1]) / 2
    tau = np.maximum(top + width * np.sinh(v), 0.0)
    density = np.exp(log_density(tau) - highest) * np.cosh(v)
    weight = density * share / (density @ share)
    curve = CubicSpline(np.concatenate([[ends[0]], v, [ends[1]]]), np.concatenate([density[:1], density, [0.0]]))
    area = curve.antiderivative()
    return tau, np.asarray(weight), np.asarray((area(v) - area(ends[0])) / (area(ends[1]) - area(ends[0])))


@cache
def _nodes(count: int) -> tuple[Array, Array]:
    """Give Gauss and Legendre's nodes and weights; making them costs a third of a whole fit."""
    node, share = np.polynomial.legendre.leggauss(count)
    return np.asarray(node), np.asarray(share)


def _half_width(log_density: LogPrior, top: float, highest: float, scale: float) -> float:
    """Give how far above its top the density has fallen to a part of e^-½: a standard deviation of a normal one."""
    low, high = 0.0, scale * 1e-6
    while high < scale * 1e12 and float(log_density(np.array([top + high]))[0]) > highest - 0.5:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        if float(log_density(np.array([top + middle]))[0]) > highest - 0.5:
            low = middle
        else:
            high = middle
    return high


def _end(log_density: LogPrior, highest: float, top: float, width: float) -> float:
    """Give a value above `top` from which on the density is negligible."""
    step = width
    for _ in range(_REACH):
        if float(log_density(np.array([top + step]))[0]) < highest - _NEGLIGIBLE:
            break
        step *= 2
    return top + step


DEGREES = 3.0  # of the t with heavy tails: the fewest, of whole numbers, with which truths have a variance
_TAU_NODES, _CENTRE_NODES, _MIX_NODES = 40, 24, 24  # half as many again move no result by a part in ten thousand
_FAR = 7.0  # standard deviations of μ on either side
_FITS, _FILLS = 0.7, 0.4  # parts of the grid of μ and of τ that the posterior must take; else they are laid anew
_PASSES = 20
_TAIL = 1e-8  # probability of a mixture variable that is left out on either side


def fit_heavy(estimate: Array, standard_error: Array, prior: LogPrior, degrees: float = DEGREES) -> Posterior:
    """Fit the model with truths from a t distribution around one mean, by quadrature in its mean, τ and its mixture.

    A t is a normal whose variance is τ² / λ, λ from a gamma distribution: given μ, τ and λ all is normal again. τ is
    the scale of the t; `degrees` np.inf gives the normal model, with its evidence. Of what is left of μ given τ and λ
    mean and variance are kept. Raises as `fit`.
    """
    start = fit(estimate, standard_error, prior)
    mixture = _mixture(degrees)
    middle, spread = float(start.coefficients.average[0]), float(start.coefficients.standard_deviation[0])
    high = start.tau_quantile(0.999999) * 1.3
    c_node, share = _nodes(_CENTRE_NODES)
    t_node, weight = _nodes(_TAU_NODES)
    for _ in range(_PASSES):  # an odd place moves the normal model far off, and makes its grid too coarse
        tau, centre = high * (t_node + 1) / 2, middle + _FAR * spread * c_node
        given = [_at(value, mixture, (centre, share), estimate, standard_error) for value in tau]
        logs = np.array([one[0] for one in given]) + prior(tau) + np.log(weight)
        density = np.exp(logs - logs.max())
        evidence = float(logs.max() + np.log(density.sum() * high / 2 * _FAR * spread))
        density /= density.sum()
        kept = np.flatnonzero(density > _NOTHING * density.max())
        means, deviations = np.array([one[1] for one in given]).T
        middle = float(density @ means)
        found = float(np.sqrt(density @ (deviations**2 + (means - middle) ** 2)))
        end = tau[min(kept[-1] + 1, len(tau) - 1)]
        if found > _FITS * spread and end > _FILLS * high:
            break
        spread, high = min(spread, max(found, 0.3 * spread)), min(high, 1.2 * end)
    held = density[kept] / density[kept].sum()
    effects = Normals(
        np.concatenate([part * given[at][2].weight for part, at in zip(held, kept, strict=True)]),
        np.concatenate([given[at][2].mean for at in kept]),
        np.concatenate([given[at][2].deviation for at in kept]),
    )
    coefficients = Normals(held[:, None], means[kept, None], deviations[kept, None])
    return Posterior(
        tau, density, np.cumsum(density) - density / 2, coefficients, effects, evidence, float(np.isfinite(degrees))
    )


def _mixture(degrees: float) -> tuple[Array, Array]:
    """Give values of λ and the logs of their weights; of a normal one value, 1."""
    from scipy.special import gammainccinv, gammaincinv, gammaln, logsumexp

    if np.isinf(degrees):
        return np.ones(1), np.zeros(1)
    half = degrees / 2
    node, share = _nodes(_MIX_NODES)
    ends = np.log(gammaincinv(half, _TAIL) / half), np.log(gammainccinv(half, _TAIL) / half)
    mix = np.exp((ends[1] - ends[0]) / 2 * node + (ends[0] + ends[1]) / 2)
    log_mix = half * (np.log(half) + np.log(mix)) - gammaln(half) - half * mix + np.log(share * (ends[1] - ends[0]) / 2)
    return mix, np.asarray(log_mix - logsumexp(log_mix))


def _at(
    tau: float, mixture: tuple[Array, Array], middles: tuple[Array, Array], estimate: Array, error: Array
) -> tuple[float, tuple[float, float], Normals]:
    """Give the log likelihood of one τ, mean and deviation of μ given it, and the effects as normals (λ × place).

    `mixture`: values of λ and the logs of their weights; `middles`: values of μ and their weights.
    """
    (mix, log_mix), (centre, share) = mixture, middles
    between = tau**2 / mix[:, None]
    whole = between + error**2  # λ × place
    logs = (log_mix[:, None] - 0.5 * np.log(whole))[:, None] - 0.5 * (estimate - centre[:, None]) ** 2 / whole[:, None]
    top = logs.max(axis=0)  # μ × place
    given = np.exp(logs - top)
    by_place = given.sum(axis=0)
    joint = (np.log(by_place) + top).sum(axis=1)
    of_centre = np.exp(joint - joint.max()) * share
    likelihood = float(joint.max() + np.log(of_centre.sum()))
    of_centre /= of_centre.sum()
    mean = float(of_centre @ centre)
    middle = mean, float(np.sqrt(of_centre @ (centre - mean) ** 2))
    given *= of_centre[:, None] / by_place
    weight = np.maximum(given.sum(axis=1), 1e-300)
    first = np.einsum("lck,c->lk", given, centre - mean) / weight
    second = np.maximum(np.einsum("lck,c->lk", given, (centre - mean) ** 2) / weight - first**2, 0.0)
    own = between / whole
    deviation = np.sqrt(own * error**2 + (1 - own) ** 2 * second)
    return likelihood, middle, Normals(weight, own * estimate + (1 - own) * (mean + first), deviation)


def averaged(by_degrees: Mapping[float, Posterior]) -> Posterior:
    """Average the fits of `fit_heavy` by degrees of freedom, each by how probable it makes the estimates.

    All are as probable beforehand. As the scale of a t is less than what truths differ by, τ becomes one thing of all:
    half the width in which two in three of the truths lie (68.3 percent), of normal ones their standard deviation.
    Source: Hoeting et al. 1999, doi:10.1214/ss/1009212519.
    """
    from scipy.special import logsumexp, ndtr, stdtrit

    evidence = float(logsumexp([one.evidence for one in by_degrees.values()]))
    parts = []
    for degrees, one in by_degrees.items():
        share = float(np.exp(one.evidence - evidence))
        if share > _NOTHING:
            wide = float(stdtrit(degrees, ndtr(1.0))) if np.isfinite(degrees) else 1.0
            parts.append((share, replace(one, tau=wide * one.tau)))
    every = np.concatenate([one.tau for _, one in parts])
    order = np.argsort(every, kind="stable")
    tau, weight = every[order], np.concatenate([share * one.weight for share, one in parts])[order]
    below = np.sum([share * np.interp(tau, one.tau, one.below, 0.0, 1.0) for share, one in parts], axis=0)
    return Posterior(
        tau, weight, below, _joined([(share, one.coefficients) for share, one in parts]),
        _joined([(share, one.effects) for share, one in parts]),
        evidence, sum(share * one.heavy for share, one in parts),
    )  # fmt: skip


def _joined(parts: Sequence[tuple[float, Normals]]) -> Normals:
    """Join mixtures of the same quantities, each in its share."""
    return Normals(
        np.concatenate([share * one.weight for share, one in parts]),
        np.concatenate([one.mean for _, one in parts]),
        np.concatenate([one.deviation for _, one in parts]),
    )


_POINTS = 256  # of a place's own effect; twice as many move no end of a range of ranks by more than one place
_STEPS = 1000  # of the effect, on which what lies above it is counted


def ranks(posterior: Posterior, level: float = 0.9) -> tuple[Array, Array, Array]:
    """Give the expected rank of each place among all (k), 1 for the highest effect, and the range that holds it.

    Given a place's own effect each other one is above it or not with its own probability. Their number is (nearly)
    normal, with the sum of p as mean and that of p (1 - p) as variance, which is averaged over the quantiles of the own
    effect, so no seed has a say. What all places share through β and τ is left out: with dozens of them it is little
    beside each one's own spread. Source: Laird & Louis 1989, doi:10.3102/10769986014001029.
    """
    from scipy.special import ndtr

    effects = posterior.effects
    count = effects.mean.shape[1]
    low, high = (effects.quantile(p) for p in (0.5 / _POINTS, 1 - 0.5 / _POINTS))
    value = np.linspace(low.min(), high.max(), _STEPS)
    above = np.stack([effects.above(one) for one in value])  # step × place
    points, places = (np.arange(_POINTS) + 0.5) / _POINTS, np.arange(1, count + 1)
    expected, first, last = np.empty(count), np.empty(count), np.empty(count)
    for which in range(count):
        own = np.interp(points, 1 - above[:, which], value)
        others = np.delete(above, which, axis=1)
        middle = 1 + np.interp(own, value, others.sum(axis=1))
        spread = np.sqrt(np.interp(own, value, (others * (1 - others)).sum(axis=1)) + 1e-12)
        upto = ndtr((places[:, None] + 0.5 - middle) / spread).mean(axis=1)
        expected[which] = middle.mean()
        first[which], last[which] = (
            min(int(np.searchsorted(upto, p)) + 1, count) for p in ((1 - level) / 2, (1 + level) / 2)
        )
    return expected, first, last


def drawn_in_variance(variance: Array, degrees: Array, size: Array) -> Array:
    """Draw estimated variances (k) in towards their straight line on log size, by how far they differ from it.

    A variance of few units is itself a guess, and a place whose units happened to do alike would seem sure of itself.
    `degrees` of freedom (k) of each, which must not hang on the figures themselves, `size` what precision grows with
    (k, above 0). The log variances differ more than chance alone allows, or not: that gives the degrees of freedom d₀
    of the line, and of what each place is left with, (d₀ · line + d · own) / (d₀ + d), the middle on the log scale is
    given. On the log scale, for a few places whose buurten did very different things must not set the line for all, and
    a variance that is itself unsure must neither make a place sure (as its most probable value would) nor take what
    places differ for chance (as its mean would).
    Raises NotComputableError(too_few_municipalities).
    Source: Smyth 2004, doi:10.2202/1544-6115.1027, section 6.2 (squeezed variances, with a trend).
    """
    from scipy.special import digamma, polygamma

    if len(variance) < FEWEST + 1:
        raise NotComputableError(
            "too_few_municipalities", f"{len(variance)} variances; a line through them needs {FEWEST + 1}."
        )
    log = np.log(variance) - digamma(degrees / 2) + np.log(degrees / 2)
    noise = polygamma(1, degrees / 2)
    design = np.column_stack([np.ones(len(size)), np.log(size)])
    beyond = 0.0
    for _ in range(100):  # weights need the spread around the line, and the spread the line
        weight = 1 / (noise + beyond)
        root = np.sqrt(weight)  # least squares also where all sizes are one
        coefficient = np.linalg.lstsq(design * root[:, None], log * root)[0]
        residual = log - design @ coefficient
        beyond = max(0.0, float(weight**2 @ (residual**2 - noise * (1 - 2 / len(size))) / (weight**2).sum()))
    line = design @ coefficient
    if beyond == 0:  # all alike: then their plain mean is right, whatever the shape of their errors
        return np.asarray(np.exp(line) * np.mean(variance / np.exp(line)))
    prior = 2 * _inverse_trigamma(beyond)
    middle = np.exp(line + digamma(prior / 2) - np.log(prior / 2))
    half = (prior + degrees) / 2
    return np.asarray((prior * middle + degrees * variance) / (prior + degrees) * np.exp(np.log(half) - digamma(half)))


def _inverse_trigamma(value: float) -> float:
    """Give x with ψ′(x) = value, by Newton's method on 1 / ψ′ (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(50):
        third = float(polygamma(1, x))
        step = third * (1 - third / value) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-10 * x:
            break
    return x
