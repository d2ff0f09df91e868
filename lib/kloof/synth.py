"""Synthetic municipalities with a known truth, to measure how often a test is wrong. Never part of a report's data.

A synthetic municipality has the shape of a real one: few focus buurten among many, lognormal levels and sizes, small
buurten that vary more than large ones, shocks that last beside noise that does not, and printed figures that are
rounded. What the gap truly does is set by a switch. The sizes of shocks, noise and levels are of the order of those in
the dwelling values of Breda, 2015-2022; nothing else of Breda is in it.
"""

from dataclasses import dataclass

import numpy as np

from kloof.dealing import Array, Flags
from kloof.models import ABSOLUTE, Paths, weighted_means


@dataclass(frozen=True)
class Truth:
    """How a synthetic municipality is made.

    `scale`: the measure on which nothing happens unless `effect` is set: absolute (all buurten get the same amount) or
    relative (the same percentage). `effect`: how far the focus buurten truly fall behind from the first to the last
    year, in units of the figure or in points of the relative gap; it builds up in equal steps from the place
    `effect_from` on. `shock` and `noise`: standard deviation per year, as a part of the level, of changes that stay
    and of deviations that do not; a buurt of half the size has 2^`size_power` times as much of both, a focus buurt
    `focus_factor` times. `rounding`: printed in multiples of it; 0 is not rounded. `selected`: the focus list is the
    lowest printed figures of the first year; otherwise it is chosen on a figure of its own that goes with the level.
    """

    scale: str = ABSOLUTE
    effect: float = 0.0
    effect_from: int = 1
    buurten: int = 56
    focus: int = 11
    years: int = 8
    level: float = 240.0
    spread: float = 0.42
    shock: float = 0.03
    noise: float = 0.015
    growth: float = 0.05
    size: float = 2000.0
    size_spread: float = 1.0
    size_power: float = 0.25
    focus_factor: float = 1.0
    rounding: float = 1.0
    selected: bool = False


def municipality(truth: Truth, rng: np.random.Generator) -> Paths:
    """Draw one synthetic municipality: figures of every buurt (buurt × year) with rounding bounds, sizes, focus."""
    years = np.arange(truth.years, dtype=np.float64)
    size = 5 * np.maximum(np.round(truth.size * np.exp(truth.size_spread * rng.standard_normal(truth.buurten)) / 5), 10)
    deviation = truth.spread * rng.standard_normal(truth.buurten)
    level = truth.level * np.exp(deviation)
    is_focus = _lowest(deviation + truth.spread / 2 * rng.standard_normal(truth.buurten), truth.focus)
    vary = (size / truth.size) ** -truth.size_power * np.where(is_focus, truth.focus_factor, 1.0)
    shape = truth.buurten, truth.years
    shocks = truth.shock * vary[:, None] * rng.standard_normal(shape)
    shocks[:, 0] = 0.0
    noise = truth.noise * vary[:, None] * rng.standard_normal(shape)
    moved = shocks.cumsum(axis=1) + noise
    if truth.scale == ABSOLUTE:
        figures = level[:, None] + truth.level * (truth.growth * years + moved)
    else:
        variance = vary[:, None] ** 2 * (truth.shock**2 * years + truth.noise**2)  # so that the mean stays what it is
        figures = level[:, None] * np.exp(truth.growth * years + moved - variance / 2)
    if truth.selected:
        is_focus = _lowest(_printed(figures[:, 0], truth.rounding), truth.focus)
    steps = np.clip(years - truth.effect_from + 1, 0, None)
    behind = is_focus[:, None] * truth.effect * steps / steps[-1]
    if truth.scale == ABSOLUTE:
        figures = figures - behind
    else:
        focus, rest = weighted_means(level, size, is_focus)
        figures = figures * (1 - behind / 100 * float(rest / focus))
    printed, half = _printed(figures, truth.rounding), truth.rounding / 2
    return Paths(printed, printed - half, printed + half, years, size, is_focus)


def _lowest(figures: Array, count: int) -> Flags:
    """Mark the lowest figures; of equal ones the first."""
    return np.asarray(figures.argsort(kind="stable").argsort() < count)


def _printed(figures: Array, step: float) -> Array:
    """Round to multiples of a step, at least one of them: a figure is never printed as 0."""
    return np.asarray(np.maximum(np.round(figures / step), 1.0) * step) if step else figures
