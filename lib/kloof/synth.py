"""Synthetic municipalities with a known truth, to measure how often a test is wrong. Never part of a report's data.

A synthetic municipality has the shape of a real one: few focus buurten among many, near each other; lognormal sizes;
small buurten that vary more than large ones; shocks that last beside noise that does not, part of the shocks shared
with neighbours; printed figures that are rounded. What truly happens is set by a switch. Sizes of shocks, noise and
levels are of the order of those in Breda, 2015-2022 (Moran's I over the five nearest buurten is 0.18 there for the
level of dwelling values and 0.10 to 0.17 for their change); nothing else of Breda is in it.
"""

from dataclasses import dataclass

import numpy as np

from kloof.dealing import Array, Flags
from kloof.models import ABSOLUTE, Paths, weighted_means

REACH = 0.16  # how far neighbours share what happens, with the municipality as a square of side 1
TOGETHER = 0.4  # part of the variance of the need, and of the shocks, that neighbours share
USUAL_SIZE = 2000.0  # inhabitants of a buurt that varies as a figure says


@dataclass(frozen=True)
class Places:
    """Where people live: `size` (inhabitants), `need` (mean 0, standard deviation 1), who is focus, and `near`.

    `near` (buurt × buurt) turns independent draws into draws that neighbours share, each of variance 1.
    """

    size: Array
    need: Array
    is_focus: Flags
    near: Array


@dataclass(frozen=True)
class Figure:
    """How one figure behaves.

    Levels are lognormal around `level`: `by_need` is the change in logarithm per standard deviation of need, `spread`
    what buurten differ beside that. `scale`: changes are amounts, in parts of `level` (absolute), or parts of a
    buurt's own level (relative). `shock` and `noise`: standard deviation per year of changes that stay and of
    deviations that do not, in a buurt of `USUAL_SIZE`; one of half the size has 2^`size_power` times as much, a focus
    buurt `focus_factor` times. `growth` per year; `movement`: the standard deviation of what all share in a year.
    """

    level: float
    by_need: float = 0.0
    spread: float = 0.0
    scale: str = ABSOLUTE
    shock: float = 0.0
    noise: float = 0.0
    growth: float = 0.0
    movement: float = 0.0
    size_power: float = 0.25
    focus_factor: float = 1.0


def places(buurten: int, focus: int, rng: np.random.Generator, size_spread: float = 1.0) -> Places:
    """Draw where people live. The focus list is chosen on a figure of its own that goes with the need."""
    where = rng.random((buurten, 2))
    apart = ((where[:, None] - where[None]) ** 2).sum(axis=2)
    near = np.exp(-apart / (2 * REACH**2))
    near = near / np.sqrt((near**2).sum(axis=1, keepdims=True))
    size = 5 * np.maximum(np.round(USUAL_SIZE * np.exp(size_spread * rng.standard_normal(buurten)) / 5), 10)
    need = shared(near, rng.standard_normal((2, buurten, 1)))[:, 0]
    listed = need + rng.standard_normal(buurten) / 2
    need = (need - need.mean()) / need.std()
    return Places(size, need, lowest(-listed, focus), near)


def shared(near: Array, draws: Array) -> Array:
    """Mix two sets of draws (2 × buurt × year, each of variance 1) into one that neighbours partly share."""
    return np.asarray(np.sqrt(TOGETHER) * (near @ draws[0]) + np.sqrt(1 - TOGETHER) * draws[1])


def vary(where: Places, figure: Figure) -> Array:
    """How much more than usual each buurt varies."""
    by_size = (where.size / USUAL_SIZE) ** -figure.size_power
    return np.asarray(by_size * np.where(where.is_focus, figure.focus_factor, 1.0))


def drawn(where: Places, figure: Figure, years: int, rng: np.random.Generator) -> Array:
    """Draw the figures of every buurt (buurt × year) as they would be if nothing set focus and rest apart.

    The expected change of every buurt is the same: an amount (absolute) or a factor (relative).
    """
    times = np.arange(years, dtype=np.float64)
    deviation = figure.by_need * where.need + figure.spread * rng.standard_normal(len(where.size))
    level = figure.level * np.exp(deviation)[:, None]
    shape = 2, len(where.size), years
    shocks = figure.shock * shared(where.near, rng.standard_normal(shape))
    shocks[:, 0] = 0.0
    noise = figure.noise * rng.standard_normal(shape[1:])
    common = figure.movement * rng.standard_normal(years)
    common[0] = 0.0
    factor = vary(where, figure)[:, None]
    moved = figure.growth * times + common.cumsum() + factor * (shocks.cumsum(axis=1) + noise)
    if figure.scale == ABSOLUTE:
        return np.asarray(level + figure.level * moved)
    variance = factor**2 * (figure.shock**2 * times + figure.noise**2)  # so that the mean stays what it is
    return np.asarray(level * np.exp(moved - variance / 2))


def fallen_behind(where: Places, figures: Array, scale: str, behind: Array) -> Array:
    """Let the focus buurten fall `behind` (one value per year; below 0: get ahead), in units or in relative points.

    Relative points are those of 100 (focus / rest - 1), weighed by inhabitants in the first year.
    """
    if scale == ABSOLUTE:
        return np.asarray(figures - where.is_focus[:, None] * behind)
    focus, rest = weighted_means(figures[:, 0], where.size, where.is_focus)
    return np.asarray(figures * (1 - where.is_focus[:, None] * behind / 100 * float(rest / focus)))


@dataclass(frozen=True)
class Truth:
    """How a synthetic municipality with one figure is made.

    `scale`: the measure on which nothing happens unless `effect` is set: absolute (all buurten get the same amount) or
    relative (the same percentage). `effect`: how far the focus buurten truly fall behind from the first to the last
    year, in units of the figure or in points of the relative gap; it builds up in equal steps from the place
    `effect_from` on. `spread`, `shock`, `noise`, `growth` and `focus_factor` as in `Figure`; `rounding`: printed in
    multiples of it, 0 is not rounded. `selected`: the focus list is the lowest printed figures of the first year;
    otherwise it is chosen on a figure of its own.
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
    focus_factor: float = 1.0
    rounding: float = 1.0
    selected: bool = False


def municipality(truth: Truth, rng: np.random.Generator) -> Paths:
    """Draw one synthetic municipality: figures of every buurt (buurt × year) with rounding bounds, sizes, focus."""
    where = places(truth.buurten, truth.focus, rng)
    by_need = 0.9 * truth.spread  # most of what sets levels apart goes with the need
    figure = Figure(
        truth.level, -by_need, float(np.sqrt(truth.spread**2 - by_need**2)), truth.scale, truth.shock, truth.noise,
        truth.growth, focus_factor=truth.focus_factor,
    )  # fmt: skip
    figures = drawn(where, figure, truth.years, rng)
    if truth.selected:
        listed = lowest(printed(figures[:, 0], truth.rounding), truth.focus)
        where = Places(where.size, where.need, listed, where.near)
    years = np.arange(truth.years, dtype=np.float64)
    steps = np.clip(years - truth.effect_from + 1, 0, None)
    figures = fallen_behind(where, figures, truth.scale, truth.effect * steps / steps[-1])
    shown, half = printed(figures, truth.rounding), truth.rounding / 2
    return Paths(shown, shown - half, shown + half, years, where.size, where.is_focus)


def lowest(figures: Array, count: int) -> Flags:
    """Mark the lowest figures; of equal ones the first."""
    return np.asarray(figures.argsort(kind="stable").argsort() < count)


def printed(figures: Array, step: float) -> Array:
    """Round to multiples of a step, at least one of them: a figure is never printed as 0."""
    return np.asarray(np.maximum(np.round(figures / step), 1.0) * step) if step else figures
