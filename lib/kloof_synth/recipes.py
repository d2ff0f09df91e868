"""Synthetic municipalities in which gaps grow, buurten move up and groups gather: by how much is set.

A recipe makes the true figures of a place of some size; the effect is in the unit of the claim's own finding, beyond
the line between true and false. Source of the sizes of shocks and noise: see `town`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kloof.measures.two_groups import dissimilarity
from kloof.methods import shares
from kloof.methods.arrays import Array, Flags
from kloof.methods.gap import ABSOLUTE, RELATIVE, weighted_means
from kloof.methods.mobility import percentile_ranks
from kloof.methods.spending import price_factors
from kloof.questions.dilution import effective_number
from kloof.schema import empty_observations
from kloof.study.load import price_index
from kloof_synth.town import (
    PER_HOUSEHOLD,
    Figure,
    Places,
    Setting,
    World,
    drawn,
    fallen_behind,
    opened,
    ramp,
    shared,
    vary,
    whole,
)

LATE = 2010  # first year of a series of incomes, whose definition changes in 2018
USUAL = 2015
EARLY = 2012  # first year of liveability and of the window of the study
INCOME = Figure(27.0, -0.14, 0.08, ABSOLUTE, 0.012, 0.006, 0.02, 0.008)
DWELLINGS = Figure(280.0, -0.28, 0.15, ABSOLUTE, 0.03, 0.015, 0.05)
LOW_INCOME = Figure(8.0, 0.45, 0.2, RELATIVE, 0.04, 0.03)
ASSISTANCE = Figure(5.0, 0.5, 0.2, RELATIVE, 0.04, 0.02)
HARD = Figure(15.0, 0.35, 0.1, RELATIVE, 0.02, 0.02)
LASTS = 0.8  # part of a deviation that is left after a year, where the spread must stay the same

# ------------------------------------------------------------------ gaps


@dataclass(frozen=True)
class Course:
    """Which figure the focus buurten fall behind in, on which scale, from which year, and how it builds up.

    `profile` gives the part of it that is there in each of a number of years. They fall behind by `line` and `way`
    times the effect: where a claim says that something stays away or shrinks, it is true on the other side of its line.
    """

    name: str
    figure: Figure
    scale: str
    first: int
    profile: Callable[[int], Array]
    line: float = 0.0
    way: float = 1.0


def gap(course: Course, setting: Setting, rng: np.random.Generator) -> World:
    """Let the focus buurten fall behind in a figure along a course."""
    world, years = opened(setting, rng, course.first)
    figure = course.figure
    own = replace(figure, scale=course.scale) if figure.growth else figure
    value = drawn(world.where, own, len(years), rng)
    worse = -1.0 if figure.by_need > 0 else 1.0  # where a higher figure is worse, falling behind is a rise
    behind = worse * (course.line + course.way * setting.effect) * course.profile(len(years))
    world.put(course.name, years, fallen_behind(world.where, value, course.scale, behind))
    return world


def in_study(count: int) -> Array:
    """From 2014 to 2019 only, of years that start in 2012."""
    return ramp(count, 2, min(7, count - 1))


def until_event(count: int) -> Array:
    """Until the last year before the event, which leaves three years since."""
    return ramp(count, 0, count - 4)


def from_event(count: int) -> Array:
    """All at once from the event on."""
    return np.asarray((np.arange(count) >= count - 3) * 1.0)


def fell(setting: Setting, rng: np.random.Generator) -> World:
    """Let social assistance fall by 2.5 points in the focus buurten, and elsewhere by the effect more.

    Every buurt of a group falls by the same part of its share, so that none ends below 0.
    """
    world, years = opened(setting, rng, USUAL)
    where = world.where
    share = 2 * drawn(where, ASSISTANCE, len(years), rng)
    focus, rest = weighted_means(share[:, 0], where.size, where.is_focus)
    part = np.where(where.is_focus, 2.5 / focus, (2.5 + setting.effect) / rest)
    share = share * (1 - part[:, None] * whole(len(years)))
    world.put("social_assistance_recipients", years, share / 100 * where.size[:, None])
    return world


def passed_on(setting: Setting, rng: np.random.Generator) -> World:
    """Let the focus buurten follow a movement for the better by the effect (percent) less than the rest."""
    world, years = opened(setting, rng, LATE)
    base = replace(INCOME, scale=RELATIVE, growth=0.0, movement=0.0)
    value = drawn(world.where, base, len(years), rng)
    moved = np.concatenate([[0.0], np.abs(0.02 + 0.02 * rng.standard_normal(len(years) - 1))]).cumsum()
    part = np.where(world.where.is_focus, 1 - setting.effect / 100, 1.0)
    world.put("mean_income_per_inhabitant", years, value * np.exp(part[:, None] * moved))
    return world


# ------------------------------------------------------------------ who moved up


def _real(years: tuple[int, ...]) -> Array:
    """Turn constant prices into those of each year: incomes are dated halfway their year."""
    return 1 / price_factors(list(years), price_index(empty_observations(), years)[0], years[0])


def _fifths(where: Places, level: Array) -> tuple[Flags, Flags]:
    """Mark the buurten that hold the lowest and the highest fifth of the people."""
    order = level.argsort()
    below = np.empty(len(level))
    below[order] = (where.size[order].cumsum() - where.size[order] / 2) / where.size.sum()
    return below < 0.2, below > 0.8


def moved_up(top: float, bottom: float, by: float, setting: Setting, rng: np.random.Generator) -> World:
    """Let the lowest fifth rise by `bottom` thousand euro, less `by` times the effect, and all others by `top`.

    In constant prices. With `by` 0 the effect is added to the top.
    """
    world, years = opened(setting, rng, LATE)
    value = drawn(world.where, replace(INCOME, growth=0.0, movement=0.0), len(years), rng)
    low, _ = _fifths(world.where, value[:, 0])
    to_top, to_bottom = (top, bottom - by * setting.effect) if by else (top + setting.effect, bottom)
    change = np.where(low, to_bottom, to_top)
    world.put(
        "mean_income_per_inhabitant",
        years,
        (value + change[:, None] * ramp(len(years), 1, len(years) - 1)) * _real(years),
    )
    return world


def behind_alike(setting: Setting, rng: np.random.Generator) -> World:
    """Let the focus buurten fall behind by the effect from the second year to the last, in constant prices."""
    world, years = opened(setting, rng, LATE)
    value = drawn(world.where, replace(INCOME, growth=0.0, movement=0.0), len(years), rng)
    behind = setting.effect * ramp(len(years), 1, len(years) - 1)
    prices = _real(years) / _real(years)[1]
    world.put("mean_income_per_inhabitant", years, fallen_behind(world.where, value, ABSOLUTE, behind) * prices)
    return world


def outranked(setting: Setting, rng: np.random.Generator) -> World:
    """Let the highest fifth rise in rank by the effect (percentile points), from the second year to the last.

    They start the second year so much lower in rank, and are back where they were in the last; nobody else moves.
    """
    world, years = opened(setting, rng, LATE)
    still = replace(INCOME, growth=0.0, movement=0.0)
    value = drawn(world.where, still, len(years), rng)
    high = _fifths(world.where, value[:, 0])[1]

    def rank(down: float) -> float:
        ranks = percentile_ranks(value[:, 0] - down * high, world.where.size)
        return 100 * float(ranks[high] @ world.where.size[high] / world.where.size[high].sum())

    near, far = 0.0, float(np.ptp(value[:, 0]))
    for _ in range(40):
        middle = (near + far) / 2
        near, far = (middle, far) if rank(0.0) - rank(middle) < setting.effect else (near, middle)
    back = np.concatenate([[0.0], 1 - whole(len(years) - 1)])
    world.put(
        "mean_income_per_inhabitant", years, (value - far * (setting.effect > 0) * high[:, None] * back) * _real(years)
    )
    return world


# ------------------------------------------------------------------ where a group lives


def lasting(where: Places, figure: Figure, years: int, rng: np.random.Generator) -> Array:
    """Draw deviations (logarithms, buurt × year) whose spread stays the same over the years."""
    scale = figure.shock / np.sqrt(1 - LASTS**2)
    draws = np.stack([shared(where.near, rng.standard_normal((2, len(where.size), 1)))[:, 0] for _ in range(years)])
    state = scale * draws[0]
    made = [state]
    for draw in draws[1:]:
        state = LASTS * state + figure.shock * draw
        made.append(state)
    noise = figure.noise * rng.standard_normal((len(where.size), years))
    return np.asarray(vary(where, figure)[:, None] * (np.stack(made, axis=1) + noise))


def gathered(
    measure: Callable[[Array, Array], float], line: float, setting: Setting, rng: np.random.Generator
) -> World:
    """Let households with a low income gather until a measure of it changed by `line` minus the effect."""
    world, years = opened(setting, rng, USUAL)
    where, households = world.where, world.where.size / PER_HOUSEHOLD
    deviation = lasting(where, LOW_INCOME, len(years), rng)
    own = LOW_INCOME.by_need * where.need + LOW_INCOME.spread * rng.standard_normal(len(where.size))

    def share(factor: float) -> Array:
        raw = np.exp((1 + factor) * own)
        return np.asarray(np.minimum(LOW_INCOME.level / 100 * raw * households.sum() / (households @ raw), 0.9))

    def of(factor: float) -> float:
        held = households * share(factor)
        return measure(held, households - held)

    wanted, low, high = of(0.0) + line - setting.effect, -0.9, 3.0
    rising = of(high) > of(low)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if (of(middle) < wanted) == rising else (low, middle)
    steps = np.column_stack([share(low * part) for part in whole(len(years))])
    world.put("low_income_households_share", years, 100 * np.minimum(steps * np.exp(deviation), 0.95))
    return world


def by_dissimilarity(group: Array, rest: Array) -> float:
    """Measure how unevenly a group lives."""
    return float(dissimilarity(group, rest, (0,))[0])


def by_effective_number(group: Array, rest: Array) -> float:
    """Measure over how many buurten a group is spread."""
    del rest
    return effective_number(group)


def diluted(setting: Setting, rng: np.random.Generator) -> World:
    """Let the share of low incomes in the focus buurten fall 3 points, by others the effect more than by themselves."""
    from scipy.optimize import fsolve

    world, years = opened(setting, rng, USUAL)
    where = world.where
    share = np.minimum(LOW_INCOME.level / 100 * np.exp(LOW_INCOME.by_need * where.need) * 1.5, 0.6)
    households = where.size / PER_HOUSEHOLD
    group, others = households * share, households * (1 - share)
    inside = where.is_focus
    own, around = float(group[inside].sum()), float(others[inside].sum())
    wanted = np.array([-1.5 + setting.effect / 2, -1.5 - setting.effect / 2])

    def off(grown: Array) -> Array:
        counted = shares.Counted(*(np.array([part]) for part in (own, around, own * grown[0], around * grown[1])))
        split = shares.share_change(counted)
        return np.asarray(np.array([split.fewer_vulnerable, split.more_others]) - wanted)

    factors = fsolve(off, np.array([0.9, 1.1]))
    steps = whole(len(years))
    made = []
    for part, factor in ((group, factors[0]), (others, factors[1])):
        change = np.where(inside[:, None], 1 + (factor - 1) * steps, 1.0)
        made.append(part[:, None] * change * np.exp(lasting(where, LOW_INCOME, len(years), rng) / 2))
    total = made[0] + made[1]
    world.put("households", years, total)
    world.put("low_income_households_share", years, 100 * made[0] / total)
    return world
