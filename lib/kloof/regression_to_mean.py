"""Regression to the mean: how far a group chosen on noisy figures moves although nothing happens to it.

A figure is truth plus noise that does not last. Who is chosen on low figures is also chosen on low noise, and that
part comes back in other years. `counts` are one number per year: those of the change that is measured (after minus
before), and those of the figures the group was chosen on (summing to 1: one year, or the mean of several).

Sources: Galton 1886, doi:10.2307/2841583; James 1973, doi:10.2307/2529133; Davis 1976,
doi:10.1093/oxfordjournals.aje.a112321; Barnett, van der Pols & Dobson 2005, doi:10.1093/ije/dyh299.
"""

from dataclasses import dataclass

import numpy as np

from kloof.dealing import Array, Flags
from kloof.differences import difference
from kloof.errors import NotComputableError
from kloof.models import Paths, weighted_means


def cutoff_effect(between: float, within: float, cutoff: float, measurements: int = 1) -> float:
    """Give the expected move towards the mean of those whose mean of measurements lies beyond a cut-off.

    `between` and `within` are variances of truth and noise, `cutoff` the distance of the cut-off from the mean of all,
    in the unit of the figure, counted outwards. 0 or more. Source: Barnett et al. 2005, with several measurements at
    the base: (σ_w²/m) / sqrt(σ_w²/m + σ_b²) · φ(z) / (1 - Φ(z)).
    Raises NotComputableError(no_spread) when nothing varies.
    """
    from scipy.special import log_ndtr

    if between < 0 or within < 0 or between + within == 0 or measurements < 1:
        raise NotComputableError("no_spread", "Regression to the mean needs variances that are not both 0.")
    noise = within / measurements
    total = np.sqrt(noise + between)
    z = cutoff / total
    hazard = np.exp(-(z**2) / 2 - np.log(2 * np.pi) / 2 - log_ndtr(-z))
    return float(noise / total * hazard)


def variance_parts(value: Array, is_focus: Flags, rounding: float = 0.0) -> tuple[float, float]:
    """Split what buurten do from year to year in lasting shocks and passing noise: two variances per year.

    `value` buurt × year. What each group shared in a year is taken out. A passing deviation is undone in the next year,
    so neighbouring changes have covariance -noise; a change has variance shock + 2 noise. Noise is never less than what
    rounding to multiples of `rounding` makes; neither part is below 0. Raises NotComputableError(too_few_years) with
    fewer than three years, too_few_buurten with fewer than two in a group.
    Source: Abowd & Card 1989, doi:10.2307/1912561; Carroll & Samwick 1997, doi:10.1016/S0304-3932(97)00055-6.
    """
    if value.shape[1] < 3:
        raise NotComputableError(
            "too_few_years", f"Lasting and passing changes cannot be told apart in {value.shape[1]} years; three can."
        )
    if min(is_focus.sum(), (~is_focus).sum()) < 2:
        raise NotComputableError("too_few_buurten", "Each group needs two buurten to see what one did of its own.")
    moved = np.diff(value, axis=1)
    own = np.empty_like(moved)
    for side in (is_focus, ~is_focus):
        own[side] = moved[side] - moved[side].mean(axis=0)
    free = len(value) - 2
    neighbours = float((own[:, 1:] * own[:, :-1]).sum() / (free * (own.shape[1] - 1)))
    spread = float((own**2).sum() / (free * own.shape[1]))
    noise = min(max(-neighbours, rounding**2 / 12, 0.0), max(spread / 2, rounding**2 / 12))
    return max(spread - 2 * noise, 0.0), noise


def reliability(value: Array, chosen_on: Array, noise: Array) -> float:
    """Part of the spread of the figures a group was chosen on that lasts: between 0 and 1.

    `value` buurt × year, `noise` year × year covariance of what does not last. Raises NotComputableError(no_spread).
    """
    spread = float(np.var(value @ chosen_on, ddof=1))
    if spread <= 0:
        raise NotComputableError("no_spread", "All buurten have the same figure, so none was chosen on it.")
    return float(np.clip(1 - chosen_on @ noise @ chosen_on / spread, 0.0, 1.0))


def expected_change(value: Array, counts: Array, chosen_on: Array, noise: Array) -> Array:
    """Change each buurt is expected to show because of noise alone, given its figures a choice was made on.

    cov(change, choice) / var(choice) · (choice - mean of all): for one base year and a later one this is
    -(1 - reliability)(base - mean). `value` buurt × year, `noise` year × year; one value per buurt, in the unit of the
    figure. Raises NotComputableError(no_spread). Source: James 1973; normal truth and noise, buurten alike.
    """
    chosen = value @ chosen_on
    spread = float(np.var(chosen, ddof=1))
    if spread <= 0:
        raise NotComputableError("no_spread", "All buurten have the same figure, so none was chosen on it.")
    ceiling = max(spread, float(chosen_on @ noise @ chosen_on))
    return np.asarray(float(counts @ noise @ chosen_on) / ceiling * (chosen - chosen.mean()))


def corrected(paths: Paths, counts: Array, chosen_on: Array, noise: Array) -> Array:
    """Give the change of every buurt with its expected regression to the mean taken off.

    The contrast to judge with `differences` or `studentised` in place of the measured one.
    """
    return np.asarray(paths.value @ counts - expected_change(paths.value, counts, chosen_on, noise))


@dataclass(frozen=True)
class Selection:
    """How a focus list was chosen: the `size` lowest (or highest) of the mean of some years' figures."""

    chosen_on: Array
    size: int
    lowest: bool = True

    def chosen(self, value: Array) -> Flags:
        """Mark the chosen buurten (… × buurt) from figures (… × buurt × year); of equal ones the first."""
        ranked = value @ self.chosen_on * (1 if self.lowest else -1)
        order = ranked.argsort(axis=-1, kind="stable").argsort(axis=-1, kind="stable")
        return np.asarray(order < self.size)


def placebo(
    paths: Paths, counts: Array, selection: Selection, deviation: Array, rng: np.random.Generator, draws: int = 1999
) -> Array:
    """Replay the change of the gap with a constant truth, noise, and the list chosen anew on the noisy figures.

    `deviation` standard deviation of the noise of each buurt. The truth of a buurt is its mean over the years, drawn in
    towards the mean of all by what noise adds to the spread of such means. Gives the change of every draw.
    Source: Davis 1976; the drawing in: James & Stein 1961.
    """
    means = paths.value.mean(axis=1)
    spread = float(np.var(means, ddof=1))
    added = float((deviation**2).mean()) / paths.value.shape[1]
    kept = np.sqrt(max(1 - added / spread, 0.0)) if spread > 0 else 0.0
    truth = means.mean() + kept * (means - means.mean())
    shape = draws, *paths.value.shape
    figures = truth[:, None] + deviation[:, None] * rng.standard_normal(shape)
    focus = selection.chosen(figures) * paths.weight
    rest = paths.weight - focus
    change = figures @ counts
    return np.asarray((focus * change).sum(axis=1) / focus.sum(axis=1) - (rest * change).sum(axis=1) / rest.sum(axis=1))


@dataclass(frozen=True)
class Shown:
    """Percentage of municipalities without any change in which a change of the gap was claimed, and the mean change."""

    naive: float
    corrected: float
    naive_change: float
    corrected_change: float


def demonstration(rng: np.random.Generator, replications: int = 200, noise: float = 0.5, size: int = 11) -> Shown:
    """Show what regression to the mean does: constant truth, noise, the focus list chosen on the noisy first year.

    56 buurten × 8 years; truth has standard deviation 1, `noise` is that of every figure. The naive test takes the list
    as given; the corrected one takes off what `expected_change` expects, with noise estimated by `variance_parts`.
    """
    buurten, years = 56, 8
    counts = np.zeros(years)
    counts[0], counts[-1] = -1.0, 1.0
    base = (np.arange(years) == 0).astype(np.float64)
    claimed, moved = np.zeros(2), np.zeros(2)
    for _ in range(replications):
        value = rng.standard_normal(buurten)[:, None] + noise * rng.standard_normal((buurten, years))
        weight = np.exp(0.5 * rng.standard_normal(buurten))
        is_focus = Selection(base, size).chosen(value)
        paths = Paths(value, value, value, np.arange(float(years)), weight, is_focus)
        passing = variance_parts(value[:, 1:], is_focus)[1] * np.eye(years)
        for place, contrast in enumerate((value @ counts, corrected(paths, counts, base, passing))):
            focus, rest = weighted_means(contrast, weight, is_focus)
            moved[place] += float(focus - rest)
            claimed[place] += float(difference(contrast[:, None], weight, is_focus).p_value()[0]) <= 0.05
    shares, means = 100 * claimed / replications, moved / replications
    return Shown(float(shares[0]), float(shares[1]), float(means[0]), float(means[1]))
