"""Sixteen synthetic worlds of which it is known what happened, and what was planted.

In every world three figures of every buurt are followed over eight years: dwelling value, income and low incomes. They
begin where the registered smallest effects of the figure as printed and in proportion are the same thing (a rest of
333 thousand euro, of which 10 is 3 percent), so that "twice the smallest effect" means one thing. Unless a story says
otherwise all buurten get the same lot, nothing in real terms, beside shocks that stay and noise that does not; prices
stay as they are.

`World.figures` is what truly happened, unrounded and in the prices of each year; `Made.planted` is what each buurt
could expect from where it started, in the prices of the last year: what chance is measured against. Where an outlier or
a redrawn buurt lies and which way it goes is drawn, so that no buurt can expect any of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import floor

import numpy as np

from kloof.catalogue import Catalogue, Indicator, catalogue
from kloof.methods.arrays import Array
from kloof.methods.gap import RELATIVE
from kloof.study.dataset import COUNTRY, PRICES
from kloof.study.panel import Focus
from kloof.study.study import Study
from kloof_synth.calibration import YEARS
from kloof_synth.recipes import DWELLINGS, INCOME
from kloof_synth.town import (
    FEW,
    LIST,
    PER_DWELLING,
    PER_HOUSEHOLD,
    Figure,
    Places,
    World,
    drawn,
    focus_codes,
    lowest,
    places,
    printed,
    ramp,
    study,
    vary,
    whole,
    years_from,
)

SIZES = {56: 11, 15: 5, 200: 40}  # buurten, and how many of them are listed
FIRST = 2015
EVENT = "2020-03"  # between the fifth and the sixth year of an income, the seventh and the eighth of a dwelling value
INFLATION = 1.46  # from the first year to the last, where prices rise
SPREAD = 0.45  # part of the usual differences in level between buurten, where the list is chosen on a figure
OUTLIER = 10.0  # standard deviations of a shock
REDRAWN = (1.6, 0.3)  # times as many people or as few, and the part by which figures jump along
VALUE, EARNED, LOW = "mean_dwelling_value", "mean_income_per_inhabitant", "low_income_households_share"
HIGHEST = 98.0  # percent: more a share never is

# Shocks and noise as in `recipes`, the share of low incomes as in Breda's 46 buurten of 2016-2024: a year apart they
# differ by 2.6 percent of their level beside what all did, seven years apart by 5.8.
BASE = {
    VALUE: replace(DWELLINGS, scale=RELATIVE, growth=0.0),
    EARNED: replace(INCOME, scale=RELATIVE, growth=0.0, movement=0.0),
    LOW: Figure(33.0, 0.22, 0.12, RELATIVE, 0.02, 0.011),
}
Profile = Callable[[int], Array]


def late(count: int) -> Array:
    """All in the last third of the years."""
    return ramp(count, count - 1 - count // 3, count - 1)


def turned_back(count: int) -> Array:
    """All in the first half of the years; by the last, half of it is gone."""
    up = ramp(count, 0, (count - 1) // 2)
    return np.asarray(up - 0.5 * ramp(count, (count - 1) // 2, count - 1))


@dataclass(frozen=True)
class Story:
    """What happens in a world beside shocks and noise.

    `effect`: how far the list falls behind at its farthest, in smallest effects (below 0: it gets ahead), along
    `profile`. `growth`: times that every figure becomes in real terms. `inflation`: times that prices become. `shock`
    and `noise`: times what is usual, `factor`: the same for the list alone. `chosen`: the list is the lowest printed
    dwelling values of the first year, in a place where levels differ little. `together` and `tails`: as in `Figure`.
    `outlier`: one buurt is struck by a shock of `OUTLIER` standard deviations. `redrawn`: one buurt jumps.
    """

    name: str
    effect: float = 0.0
    profile: Profile = whole
    growth: float = 1.0
    inflation: float = 1.0
    shock: float = 1.0
    noise: float = 1.0
    factor: float = 1.0
    chosen: bool = False
    together: float | None = None
    tails: float | None = None
    outlier: bool = False
    redrawn: bool = False


STORIES = (
    Story("nothing"),
    Story("list_on_noise", shock=0.0, noise=4.0, chosen=True),
    Story("list_on_lasting", shock=4 / 3, noise=0.0, chosen=True),
    Story("heavy_tails", tails=3.0, outlier=True),
    Story("neighbours", together=0.6),
    Story("prices", inflation=INFLATION),
    Story("doubled", growth=2.0),
    Story("redrawn", redrawn=True),
    Story("list_varies_more", factor=3.0),
    Story("list_varies_less", factor=1 / 3),
    Story("grows_once", 1.0),
    Story("grows_twice", 2.0),
    Story("grows_four_times", 4.0),
    Story("shrinks_twice", -2.0),
    Story("grows_late", 2.0, late),
    Story("turns_back", 4.0, turned_back),
)


@dataclass(frozen=True)
class Made:
    """One synthetic municipality of a world.

    `world` holds the true figures, `planted` what was to be expected (buurt × year, in the prices of the last year);
    `factors` takes the figures of each year to the prices of the last.
    """

    story: Story
    world: World
    planted: Mapping[str, Array]
    factors: Mapping[str, Array]


@cache
def of_worlds() -> Catalogue:
    """Give the catalogue without the breaks of published series: a break belongs to a source, and this is another."""
    every = catalogue()
    own = {name: replace(every.indicator(name), breaks=()) for name in BASE}
    return replace(every, indicators={**every.indicators, **own})


def price(story: Story, year: float) -> float:
    """Give the consumer price index at a year: 100 in the year before the first."""
    return 100.0 * float(story.inflation ** ((year - FIRST + 1) / (YEARS - 1)))


@dataclass(frozen=True)
class Struck:
    """A buurt to which something happens of its own: which, in which years it is there (0 or 1), and which way."""

    buurt: int
    since: Array
    way: float


def make(story: Story, buurten: int, rng: np.random.Generator) -> Made:
    """Make one synthetic municipality of a world."""
    years = years_from(FIRST, YEARS)
    world = World(places(buurten, SIZES[buurten], rng))
    buurt, place, way = int(rng.integers(buurten)), int(rng.integers(1, YEARS)), float(rng.choice([-1.0, 1.0]))
    struck = Struck(buurt, np.asarray(np.arange(YEARS) >= place, dtype=np.float64), way)
    courses = {name: _course(story, name, world.where, struck, int(rng.integers(2**31))) for name in BASE}
    if story.chosen:
        shown = np.where(world.where.size < FEW, np.inf, printed(courses[VALUE][0][:, 0], _entry(VALUE).rounding))
        world.where = replace(world.where, is_focus=lowest(shown, SIZES[buurten]))
    planted, factors = dict[str, Array](), dict[str, Array]()
    for name, (own, expected) in courses.items():
        index = np.array([price(story, year) for year in _dated(name, years)])
        behind = world.where.is_focus[:, None] * _behind(story, name)
        factors[name] = index[-1] / index
        planted[name] = (expected + behind) * (index[-1] / index[0])
        most = HIGHEST if _entry(name).unit == "percent" else np.inf
        world.put(name, years, np.minimum(own + behind, most) * (index / index[0]))
    people = np.tile(world.where.size[:, None], (1, YEARS))
    if story.redrawn:
        people[buurt] *= np.where(struck.since > 0, REDRAWN[0] ** way, 1.0)
    for name, per in (("inhabitants", 1.0), ("households", PER_HOUSEHOLD), ("dwellings", PER_DWELLING)):
        world.put(name, years, people / per)
    world.others = [(COUNTRY, year, PRICES, price(story, year)) for year in (FIRST - 1, *years)]
    return Made(story, world, planted, factors)


def _entry(name: str) -> Indicator:
    """Give what is registered of a figure."""
    return of_worlds().indicator(name)


def _dated(name: str, years: tuple[int, ...]) -> list[int]:
    """Give the years whose prices the amounts of each year are in; what is no money is in the same all along."""
    entry = _entry(name)
    return [floor(year + entry.measured) if entry.unit == "thousand_euro" else FIRST for year in years]


def _behind(story: Story, name: str) -> Array:
    """Give how much is added to the figure of the list in each year."""
    entry = _entry(name)
    return np.asarray(-entry.better * story.effect * float(entry.smallest_effect or 0.0) * story.profile(YEARS))


def _course(story: Story, name: str, where: Places, struck: Struck, seed: int) -> tuple[Array, Array]:
    """Draw a figure of every buurt in constant prices, and what could be expected of it from the same start.

    The rest starts where the smallest effect as printed is the smallest effect in proportion.
    """
    figure, entry = _figure(story, name), _entry(name)
    still = replace(figure, shock=0.0, noise=0.0)
    own, expected = (drawn(where, one, YEARS, np.random.default_rng(seed)) for one in (figure, still))
    start = 100 * float(entry.smallest_effect or 0.0) / float(entry.smallest_effect_relative or 1.0)
    rest = float(np.average(expected[~where.is_focus, 0], weights=where.size[~where.is_focus]))
    part = start / rest / story.growth
    own, expected = part * own, part * expected
    better = struck.way * entry.better * struck.since
    if story.outlier:
        shock = figure.shock * part * figure.level * float(vary(where, figure)[struck.buurt])
        own[struck.buurt] += OUTLIER * shock * better
    if story.redrawn:
        own[struck.buurt] *= 1 + REDRAWN[1] * better
    return own, expected


def _figure(story: Story, name: str) -> Figure:
    """Give how a figure behaves in a world: tails have no mean as factors, so there shocks are amounts."""
    base = BASE[name]
    part = SPREAD if story.chosen else 1.0
    figure = replace(
        base, by_need=part * base.by_need, spread=part * base.spread, shock=story.shock * base.shock,
        noise=story.noise * base.noise, focus_factor=story.factor, growth=float(np.log(story.growth)) / (YEARS - 1),
        tails=story.tails, together=base.together if story.together is None else story.together,
    )  # fmt: skip
    return figure if story.tails is None else replace(figure, scale="absolute")


def study_of_world(made: Made, draws: int, seed: int) -> Study:
    """Open a synthetic municipality as a study, with its list and the rule by which that was chosen."""
    listed = focus_codes(made.world)
    name = f"lowest:{len(listed)}:{VALUE}:{FIRST}" if made.story.chosen else LIST
    changes = {"year_from": FIRST, "year_to": FIRST + YEARS - 1, "trend_from": FIRST, "event": EVENT, "focus": name,
               "focus_variants": (name,), "indicators": tuple(BASE), "draws": draws, "seed": seed}  # fmt: skip
    opened = study(made.world, of_worlds(), changes)
    focus = Focus(name, listed, VALUE, FIRST) if made.story.chosen else Focus(name, listed)
    return replace(opened, focus=focus, variants=(focus,))
