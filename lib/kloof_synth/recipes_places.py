"""Synthetic municipalities whose housing, liveability, resources and money do what is set.

See `recipes`; here the effect too is in the unit of the claim's own finding, beyond the line between true and false.
"""

from collections.abc import Callable

import numpy as np

from kloof.methods.arrays import Array
from kloof.methods.gap import RELATIVE
from kloof.schema import empty_observations
from kloof.study.load import price_index
from kloof_synth.recipes import EARLY, INCOME, LATE, LOW_INCOME, USUAL, lasting
from kloof_synth.town import (
    MUNICIPALITY,
    PER_DWELLING,
    Figure,
    Places,
    Setting,
    World,
    drawn,
    opened,
    places,
    shared,
    vary,
    whole,
    years_from,
)

CORPORATION = Figure(0.5, 0.9, 0.4, RELATIVE, 0.02, 0.005)  # odds of a corporation dwelling
SCORE = 0.12  # points of liveability that go with one standard deviation of need

# ------------------------------------------------------------------ housing


def _corporation(where: Places, years: int, rng: np.random.Generator) -> Array:
    """Draw the share of corporation dwellings, percent."""
    odds = drawn(where, CORPORATION, years, rng)
    return np.asarray(100 * odds / (1 + odds))


def piled(setting: Setting, rng: np.random.Generator) -> World:
    """Let low incomes go ever more with corporation dwellings: the effect is points per 10 points more, each year."""
    world, years = opened(setting, rng, USUAL)
    corporation = _corporation(world.where, len(years), rng)
    steeper = (0.1 + setting.effect / 10 * np.arange(len(years))) * (corporation - corporation.mean(axis=0))
    value = 9.0 + steeper + 8.0 * lasting(world.where, LOW_INCOME, len(years), rng)
    world.put("housing_corporation_share", years, corporation)
    world.put("low_income_households_share", years, np.maximum(value, 0.5))
    return world


def mixed(limit: Callable[[float, int, float], float], setting: Setting, rng: np.random.Generator) -> World:
    """Let the corporation share of the focus buurten fall by so many points that the claim is true by the effect.

    `limit` gives the points from first to last year, from the distance to the city in the last, the years and the
    effect.
    """
    world, years = opened(setting, rng, USUAL)
    where = world.where
    held = where.size / PER_DWELLING
    value = _corporation(where, len(years), rng)
    inside = where.is_focus
    moved = 0.0
    for _ in range(20):  # the distance at the end depends on how far they moved
        focus = float(held[inside] @ value[inside, 0] / held[inside].sum()) - moved
        city = float(held @ value[:, 0] / held.sum()) - moved * float(held[inside].sum() / held.sum())
        moved = limit(focus - city, len(years) - 1, setting.effect)
    world.put("housing_corporation_share", years, np.clip(value - inside[:, None] * moved * whole(len(years)), 0, 100))
    return world


def half_of_needed(distance: float, years: int, effect: float) -> float:
    """Give the points of half the pace needed to cover the distance in twenty years, the effect a year less."""
    return (0.5 * distance / 20 - effect) * years


def two_points(distance: float, years: int, effect: float) -> float:
    """Give the smallest change of a tenure share that matters, less the effect."""
    del distance, years
    return 2.0 - effect


# ------------------------------------------------------------------ liveability


def _waves(years: int) -> tuple[int, ...]:
    return tuple(range(EARLY, EARLY + years, 2))


def _liveable(world: World, waves: tuple[int, ...], up: float, rng: np.random.Generator) -> Array:
    """Draw the score of liveability (standard deviations of need), the focus buurten up by `up` from first to last."""
    where = world.where
    count = len(waves)
    shocks = 0.15 * shared(where.near, rng.standard_normal((2, len(where.size), count)))
    shocks[:, 0] = 0.0
    level = -where.need + 0.4 * rng.standard_normal(len(where.size))
    noise = 0.05 * rng.standard_normal((len(where.size), count))
    moved = vary(where, INCOME)[:, None] * (shocks.cumsum(axis=1) + noise)
    return np.asarray(level[:, None] + moved + up * where.is_focus[:, None] * whole(count))


def classes(setting: Setting, rng: np.random.Generator) -> World:
    """Let the class of liveability in the list rise by the smallest change that matters, less the effect."""
    world, _ = opened(setting, rng, EARLY)
    waves = _waves(setting.years)
    score = _liveable(world, waves, 0.0, rng) * 0.9 + 5.2
    up = (0.5 - setting.effect) * world.where.is_focus[:, None] * whole(len(waves))
    world.put("livability_class", waves, np.clip(np.round(score + up), 1, 9))
    return world


def scores(setting: Setting, rng: np.random.Generator) -> World:
    """Let the score of the list come nearer to the rest by the smallest change that matters, less the effect."""
    world, _ = opened(setting, rng, EARLY)
    waves = _waves(setting.years)
    up = (0.067 - setting.effect) / SCORE
    world.put("livability_score_relative", waves, SCORE * _liveable(world, waves, up, rng))
    return world


def safer(setting: Setting, rng: np.random.Generator) -> World:
    """Let the score of safety in the list rise by the effect."""
    world, _ = opened(setting, rng, EARLY)
    waves = _waves(setting.years)
    score = SCORE * _liveable(world, waves, setting.effect / SCORE, rng)
    world.put("livability_safety_relative", waves, score)
    return world


def followed(setting: Setting, rng: np.random.Generator) -> World:
    """Let fewer low incomes follow where safety improved: by the smallest part that matters (0.2), less the effect."""
    world, _ = opened(setting, rng, EARLY)
    waves = _waves(setting.years)
    where, count = world.where, len(waves)
    safer = 0.05 * shared(where.near, rng.standard_normal((2, len(where.size), count)))
    part = 0.2 - setting.effect
    change = shared(where.near, rng.standard_normal((2, len(where.size), count))) * np.sqrt(1 - part**2)
    change[:, 1:] -= part * safer[:, :-1] / 0.05  # a fall of low incomes is for the better
    base = 9.0 * np.exp(0.3 * where.need)
    world.put("livability_safety_relative", waves, safer.cumsum(axis=1) - SCORE * where.need[:, None])
    world.put("low_income_households_share", waves, np.maximum(base[:, None] + 0.8 * change.cumsum(axis=1), 0.1))
    return world


def better_alone(setting: Setting, rng: np.random.Generator) -> World:
    """Let liveability and safety of the list improve, and low incomes fall by 1 point less the effect."""
    world, years = opened(setting, rng, EARLY)
    waves = _waves(setting.years)
    world.put("livability_class", waves, np.clip(np.round(_liveable(world, waves, 1.2, rng) + 5.2), 1, 9))
    world.put("livability_safety_relative", waves, SCORE * _liveable(world, waves, 2.0, rng))
    value = drawn(world.where, LOW_INCOME, len(years), rng)
    down = (1.0 - setting.effect) * world.where.is_focus[:, None] * whole(len(years))
    world.put("low_income_households_share", years, np.maximum(value - down, 0.1))
    return world


# ------------------------------------------------------------------ what carries the differences, and money


def carried(measure: str, setting: Setting, rng: np.random.Generator) -> World:
    """Let resources carry as much of the differences in income as housing, and as liveability, and the effect more.

    `measure`: percent of the gap between list and rest, or points of R² between all buurten.
    """
    world, years = opened(setting, rng, LATE)
    where, last = world.where, years[-1:]
    own = rng.standard_normal((3, len(where.size)))
    parts = [0.7 * where.need + 0.71 * draw for draw in own]  # resources, housing, liveability: alike in need
    lead = setting.effect / 100
    for_gap = np.array([(1 + 2 * lead) / 3, (1 - lead) / 3, (1 - lead) / 3])
    weights = for_gap if measure == "gap" else _for_r_squared(lead)
    income = 27 - 4.0 * (weights @ np.stack(parts)) + 0.8 * rng.standard_normal(len(where.size))
    world.put("mean_income_per_inhabitant", last, income[:, None])
    world.put("net_participation_share", last, (68 - 6 * parts[0])[:, None])
    world.put("owner_occupied_share", last, (55 - 12 * parts[1])[:, None])
    world.put("livability_safety_relative", last, (-SCORE * parts[2])[:, None])
    return world


def _for_r_squared(lead: float) -> Array:
    """Give weights of three figures that resemble each other (0.49) so that the first leads each other by `lead`."""
    from kloof.methods.shapley import lmg_shares

    crossed = np.full((4, 4), 0.49)
    np.fill_diagonal(crossed, 1.0)

    def led(first: float) -> float:
        weights = np.array([first, 0.5, 0.5])
        table = crossed.copy()
        inner = table[1:, 1:]
        table[0, 1:] = table[1:, 0] = inner @ weights
        table[0, 0] = weights @ inner @ weights + 0.04 * (weights @ inner @ weights)
        scale = np.sqrt(np.diag(table))
        made = lmg_shares((table / np.outer(scale, scale))[None], {str(at): np.array([at + 1]) for at in range(3)})
        return float(made["0"][0] - made["1"][0])

    low, high = 0.1, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if led(middle) < lead else (low, middle)
    weights = np.array([low, 0.5, 0.5])
    return np.asarray(weights / weights.sum())


def squeezed(setting: Setting, rng: np.random.Generator) -> World:
    """Let municipalities spend the effect (euro per head) more on the social domain and less on planning from 2015.

    There are as many municipalities as the setting has buurten; years end in 2016, before the fields were redrawn.
    """
    world = World(places(15, 3, rng))
    years = years_from(2017 - setting.years, setting.years)
    prices, _ = price_index(empty_observations(), years)
    codes = [f"GM{number}" for number in range(int(MUNICIPALITY[2:]), int(MUNICIPALITY[2:]) + setting.buurten)]
    people = np.round(40_000 * np.exp(0.9 * rng.standard_normal(len(codes))))
    for year in years:
        world.others.append(("NL00", year, "consumer_price_index", prices[year] / prices[2015] * 100))
    fields = (
        ("spending_social_domain", 1200.0, 1.0),
        ("spending_housing_and_planning", 500.0, -1.0),
        ("spending_roads_and_traffic", 250.0, -1.0),
    )
    for at, code in enumerate(codes):
        world.others += [(code, year, "inhabitants", float(people[at])) for year in years]
        for name, level, sign in fields:
            start = level * np.exp(0.25 * rng.standard_normal())
            walk = (level * 0.03 * rng.standard_normal(len(years))).cumsum()
            noise = level * 0.08 * rng.standard_normal(len(years))
            after = np.array([year >= 2015 for year in years])
            real = start + walk + noise + sign * setting.effect * after
            for year, amount in zip(years, real, strict=True):
                price = prices[year] / prices[years[-1]]
                world.others.append((code, year, name, float(round(amount * price * people[at] / 1000))))
    return world
