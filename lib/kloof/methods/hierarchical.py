"""What many places together say of each: the normal hierarchical model, integrated over its spread without sampling.

Every place m has an estimate y_m with standard error s_m: y_m ~ Normal(θ_m, s_m²), and the truths differ:
θ_m ~ Normal(x_m β, τ²), or with heavier tails a t with few degrees of freedom. β has a flat prior, τ a half-normal one.
Given τ all of it is normal, so the posterior is a mixture of normals over a grid of τ, exact to the last printed digit.

Sources: Röver 2020, doi:10.18637/jss.v093.i06 (the normal model, as R's bayesmeta computes it); Gelman 2006,
doi:10.1214/06-BA117A (priors for τ); Smyth 2004, doi:10.2202/1544-6115.1027 (variances drawn in to their trend).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kloof.errors import NotComputableError
from kloof.methods.arrays import LEVEL, Array
from kloof.methods.meta import check_effects

FEWEST = 3  # places: with two τ is what the prior says
NODES = 240  # of τ; twice as many move no result by a part in 10⁸ (tests/unit/methods/test_hierarchical.py)
_NEGLIGIBLE = 36.0  # log density below the highest, 2·10⁻¹⁶: what lies beyond has no weight
_REACH = 60  # doublings in search of where the density is negligible

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
        """Give the p-quantile of each mixture (k), by bisection: to 10⁻¹² of the spread."""
        reach = 10 * self.deviation.max(axis=0)
        low, high = self.mean.min(axis=0) - reach, self.mean.max(axis=0) + reach
        for _ in range(60):
            middle = (low + high) / 2
            below = self.above(middle) > 1 - p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)

    def interval(self, level: float = LEVEL) -> tuple[Array, Array]:
        """Give the central interval of each quantity (k, k)."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


@dataclass(frozen=True)
class Posterior:
    """What is known of all places after the data: τ on a grid with the weight of each value, and normals given τ.

    `below` is the probability that τ lies below each value. `coefficients` is the mixture of β (1 or as many as
    covariates and 1), `effects` that of the θ of each place.
    """

    tau: Array
    weight: Array
    below: Array
    coefficients: Normals
    effects: Normals

    @property
    def tau_mean(self) -> float:
        """Posterior mean of τ."""
        return float(self.weight @ self.tau)

    def tau_quantile(self, p: float) -> float:
        """Give the p-quantile of τ."""
        from scipy.interpolate import PchipInterpolator

        known = np.concatenate([[True], np.diff(self.below) > 0])  # far in a tail nothing is added any more
        return float(PchipInterpolator(self.below[known], self.tau[known])(p))


def half_normal(scale: float) -> LogPrior:
    """Give the log density of a half-normal prior of τ, up to a constant; 95 percent of it lies below 1.96 `scale`."""

    def log_density(tau: Array) -> Array:
        return -0.5 * (tau / scale) ** 2

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
    check_effects(estimate, standard_error, FEWEST + design.shape[1] - 1)

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
    node, share = np.polynomial.legendre.leggauss(NODES)
    v = (ends[1] - ends[0]) / 2 * node + (ends[0] + ends[1]) / 2
    tau = np.maximum(top + width * np.sinh(v), 0.0)
    density = np.exp(log_density(tau) - highest) * np.cosh(v)
    weight = density * share / (density @ share)
    curve = CubicSpline(np.concatenate([[ends[0]], v, [ends[1]]]), np.concatenate([density[:1], density, [0.0]]))
    area = curve.antiderivative()
    return tau, np.asarray(weight), np.asarray((area(v) - area(ends[0])) / (area(ends[1]) - area(ends[0])))


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


DEGREES = 4.0  # of the t with heavy tails: few enough that one odd place does not set τ
_TAU_NODES, _CENTRE_NODES, _MIX_NODES = 40, 24, 24
_TAIL = 1e-8  # probability of a mixture variable that is left out on either side


def fit_heavy(estimate: Array, standard_error: Array, prior: LogPrior, degrees: float = DEGREES) -> Posterior:
    """Fit the model with truths from a t distribution around one mean, by quadrature in its mean, τ and its mixture.

    A t is a normal whose variance is τ² / λ, λ from a gamma distribution: given μ, τ and λ all is normal again. τ is
    the scale of the t. Raises as `fit`.
    """
    from scipy.special import gammainccinv, gammaincinv, gammaln, logsumexp

    start = fit(estimate, standard_error, prior)
    node, share = np.polynomial.legendre.leggauss(_MIX_NODES)
    half = degrees / 2
    ends = np.log(gammaincinv(half, _TAIL) / half), np.log(gammainccinv(half, _TAIL) / half)
    mix = np.exp((ends[1] - ends[0]) / 2 * node + (ends[0] + ends[1]) / 2)
    log_mix = half * (np.log(half) + np.log(mix)) - gammaln(half) - half * mix + np.log(share * (ends[1] - ends[0]) / 2)
    log_mix -= logsumexp(log_mix)
    spread = float(start.coefficients.standard_deviation[0])
    node, share = np.polynomial.legendre.leggauss(_CENTRE_NODES)
    centre = float(start.coefficients.average[0]) + 7 * spread * node
    high = start.tau_quantile(0.999999) * 1.3
    t_node, t_share = np.polynomial.legendre.leggauss(_TAU_NODES)
    tau = high * (t_node + 1) / 2
    variance = tau[:, None, None] ** 2 / mix[:, None] + standard_error**2  # τ × λ × place
    logs = np.empty((len(tau), len(centre), len(mix), len(estimate)))
    for at, mu in enumerate(centre):
        logs[:, at] = log_mix[:, None] - 0.5 * (np.log(variance) + (estimate - mu) ** 2 / variance)
    by_place = logsumexp(logs, axis=2)  # τ × μ × place
    joint = by_place.sum(axis=2) + prior(tau)[:, None] + np.log(t_share)[:, None] + np.log(share)
    joint = np.exp(joint - logsumexp(joint))
    kept = joint > 1e-7 * joint.max()
    rows, columns = np.nonzero(kept)
    weight = joint[kept] / joint[kept].sum()
    given = np.exp(logs[kept] - by_place[kept][:, None, :]) * weight[:, None, None]  # kept × λ × place
    scale = tau[rows][:, None, None] ** 2 / mix[:, None]
    own = scale / (scale + standard_error**2)
    mean = own * estimate + (1 - own) * centre[columns][:, None, None]
    deviation = np.sqrt(own) * standard_error
    count = len(estimate)
    effects = Normals(given.reshape(-1, count), mean.reshape(-1, count), deviation.reshape(-1, count))
    marginal = joint.sum(axis=1)
    mu_weight = joint.sum(axis=0)
    step = 7 * spread * share / 2
    middle = Normals((mu_weight / mu_weight.sum())[:, None], centre[:, None], np.maximum(step, 1e-300)[:, None])
    return Posterior(tau, marginal, np.cumsum(marginal) - marginal / 2, middle, effects)


_POINTS = 256  # of a fixed sequence: twice as many move no end of a range of ranks by more than one place


def ranks(posterior: Posterior, level: float = 0.9) -> tuple[Array, Array, Array]:
    """Give the expected rank of each place among all (k), 1 for the highest effect, and the range that holds it.

    Given τ and a place's own effect each other one is above it or not with its own probability. Their number is
    (nearly) normal, with the sum of p as mean and that of p (1 - p) as variance, which is averaged over a fixed
    sequence of points, so no seed has a say. What all places share through β is left out: with dozens of them it is
    little beside each one's own spread. Source: Laird & Louis 1989, doi:10.3102/10769986014001029.
    """
    from scipy.special import ndtr, ndtri
    from scipy.stats import qmc

    effects = posterior.effects
    count = effects.mean.shape[1]
    points = qmc.Sobol(2, scramble=False).random(_POINTS) + 0.5 / _POINTS
    weights = np.broadcast_to(effects.weight, effects.mean.shape)
    expected, low, high = np.empty(count), np.empty(count), np.empty(count)
    places = np.arange(1, count + 1)
    for which in range(count):
        upto = np.cumsum(weights[:, which])
        chosen = np.minimum(np.searchsorted(upto / upto[-1], points[:, 0]), len(upto) - 1)
        own = effects.mean[chosen, which] + effects.deviation[chosen, which] * ndtri(points[:, 1])
        above = ndtr((effects.mean[chosen] - own[:, None]) / effects.deviation[chosen])
        above[:, which] = 0.0
        middle = 1 + above.sum(axis=1)
        spread = np.sqrt((above * (1 - above)).sum(axis=1) + 1e-12)
        upto = ndtr((places[:, None] + 0.5 - middle) / spread).mean(axis=1)
        expected[which] = middle.mean()
        low[which], high[which] = (
            min(int(np.searchsorted(upto, p)) + 1, count) for p in ((1 - level) / 2, (1 + level) / 2)
        )
    return expected, low, high


def drawn_in_variance(variance: Array, degrees: Array, size: Array) -> Array:
    """Draw estimated variances (k) in towards their straight line on log size, by how far they differ from it.

    A variance of few units is itself a guess, and a place whose units happened to do alike would seem sure of itself.
    `degrees` of freedom (k) of each, which must not hang on the figures themselves, `size` what precision grows with
    (k, above 0). The log variances differ more than chance alone allows, or not: that gives the degrees of freedom d₀
    of the line, and each place gets (d₀ · line + d · own) / (d₀ + d). On the log scale, for a few places whose buurten
    did very different things must not set the line for all.
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
        coefficient = np.linalg.solve((design.T * weight) @ design, (design.T * weight) @ log)
        residual = log - design @ coefficient
        beyond = max(0.0, float(weight**2 @ (residual**2 - noise * (1 - 2 / len(size))) / (weight**2).sum()))
    line = design @ coefficient
    if beyond == 0:  # all alike: then their plain mean is right, whatever the shape of their errors
        return np.asarray(np.exp(line) * np.mean(variance / np.exp(line)))
    prior = 2 * _inverse_trigamma(beyond)
    middle = np.exp(line + digamma(prior / 2) - np.log(prior / 2))
    return np.asarray((prior * middle + degrees * variance) / (prior + degrees))


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
