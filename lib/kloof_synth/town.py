"""Synthetic municipalities with a known truth, to measure how often a test is wrong. Never part of a report's data.

A synthetic municipality has the shape of a real one: few focus buurten among many, near each other; lognormal sizes;
small buurten that vary more than large ones; shocks that last beside noise that does not, part of the shocks shared
with neighbours; printed figures that are rounded. What truly happens is set by a switch. Sizes of shocks, noise and
levels are of the order of those in Breda, 2015-2022 (Moran's I over the five nearest buurten is 0.18 there for the
level of dwelling values and 0.10 to 0.17 for their change); nothing else of Breda is in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.methods.arrays import Array, Flags
from kloof.methods.gap import ABSOLUTE, Paths, weighted_means
from kloof.schema import COLUMNS
from kloof.study.dataset import DataSet
from kloof.study.panel import Focus
from kloof.study.parameters import Parameters
from kloof.study.study import Study

REACH = 0.16  # how far neighbours share what happens, with the municipality as a square of side 1
TOGETHER = 0.4  # part of the variance of the need, and of the shocks, that neighbours share
USUAL_SIZE = 2000.0  # inhabitants of a buurt that varies as a figure says


@dataclass(frozen=True)
class Places:
    """Where people live: `size` (inhabitants), `need` (mean 0, standard deviation 1), who is focus, and `near`.

    `near` (buurt × buurt) turns independent draws into draws that neighbours share, each of variance 1. `stir` is the
    part that is there of all shocks and noise.
    """

    size: Array
    need: Array
    is_focus: Flags
    near: Array
    stir: float = 1.0


@dataclass(frozen=True)
class Figure:
    """How one figure behaves.

    Levels are lognormal around `level`: `by_need` is the change in logarithm per standard deviation of need, `spread`
    what buurten differ beside that. `scale`: changes are amounts, in parts of `level` (absolute), or parts of a
    buurt's own level (relative). `shock` and `noise`: standard deviation per year of changes that stay and of
    deviations that do not, in a buurt of `USUAL_SIZE`; one of half the size has 2^`size_power` times as much, a focus
    buurt `focus_factor` times. `growth` per year; `movement`: the standard deviation of what all share in a year.
    `together`: the part of the variance of the shocks that neighbours share; `tails`: the degrees of freedom of a
    Student-t with the same variance from which what stays is drawn (without it: normal).
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
    together: float = TOGETHER
    tails: float | None = None


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


def shared(near: Array, draws: Array, together: float = TOGETHER) -> Array:
    """Mix two sets of draws (2 × buurt × year, each of variance 1) into one that neighbours partly share."""
    return np.asarray(np.sqrt(together) * (near @ draws[0]) + np.sqrt(1 - together) * draws[1])


def _lasting_draws(figure: Figure, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw what stays, of variance 1: normal, or with heavy tails."""
    if figure.tails is None:
        return rng.standard_normal(shape)
    return np.asarray(rng.standard_t(figure.tails, shape) * np.sqrt((figure.tails - 2) / figure.tails))


def vary(where: Places, figure: Figure) -> Array:
    """How much more than usual each buurt varies."""
    by_size = (where.size / USUAL_SIZE) ** -figure.size_power
    return np.asarray(where.stir * by_size * np.where(where.is_focus, figure.focus_factor, 1.0))


def drawn(where: Places, figure: Figure, years: int, rng: np.random.Generator) -> Array:
    """Draw the figures of every buurt (buurt × year) as they would be if nothing set focus and rest apart.

    The expected change of every buurt is the same: an amount (absolute) or a factor (relative).
    """
    times = np.arange(years, dtype=np.float64)
    deviation = figure.by_need * where.need + figure.spread * rng.standard_normal(len(where.size))
    level = figure.level * np.exp(deviation)[:, None]
    shape = 2, len(where.size), years
    shocks = figure.shock * shared(where.near, _lasting_draws(figure, shape, rng), figure.together)
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


MUNICIPALITY = "GM9001"
SOURCE = "synthetic"
LIST = "synthetic_list"
FOCUS_PART = 11 / 56  # of the buurten, as in Breda
PER_WIJK = 10
FEW = 100  # inhabitants under which a mean or a share of a buurt is suppressed, as CBS does
PER_HOUSEHOLD = 2.2
PER_DWELLING = 2.1
CALM = 0.02  # part of the usual shocks and noise; without any no range could be made


@dataclass(frozen=True)
class Setting:
    """How large the municipality is, over how many years, and how far the claim is true beyond the line.

    `calm`: next to nothing moves but what the effect moves, so that what happens to these very buurten is what is set.
    """

    buurten: int = 56
    years: int = 8
    effect: float = 0.0
    calm: bool = False

    @property
    def focus(self) -> int:
        """Number of focus buurten: the same part as in Breda, at least three."""
        return max(3, round(FOCUS_PART * self.buurten))


@dataclass
class World:
    """The true figures: indicator → years and values (buurt × year); of other municipalities code → year → value.

    `others` holds what is known of whole municipalities (accounts): rows of code, year, indicator, value.
    """

    where: Places
    figures: dict[str, tuple[tuple[int, ...], Array]] = field(default_factory=dict)
    others: list[tuple[str, int, str, float]] = field(default_factory=list)

    def put(self, name: str, years: Iterable[int], value: Array) -> None:
        """Set the true figures of an indicator in some years (buurt × year)."""
        self.figures[name] = tuple(years), value

    def count(self, years: Iterable[int]) -> None:
        """Set inhabitants, households and dwellings: the same in all years but for what rounding does to them."""
        every = tuple(years)
        for name, per in (("inhabitants", 1.0), ("households", PER_HOUSEHOLD), ("dwellings", PER_DWELLING)):
            self.put(name, every, np.tile(self.where.size[:, None] / per, (1, len(every))))

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the buurten."""
        return tuple(
            f"BU{MUNICIPALITY[2:]}{at // PER_WIJK:02d}{at % PER_WIJK:02d}" for at in range(len(self.where.size))
        )


def years_from(first: int, count: int) -> tuple[int, ...]:
    """Give a number of years."""
    return tuple(range(first, first + count))


def ramp(count: int, first: int, last: int) -> Array:
    """Rise from 0 at place `first` to 1 at place `last` in equal steps, and stay."""
    return np.asarray(np.clip((np.arange(count) - first) / (last - first), 0.0, 1.0))


def opened(setting: Setting, rng: np.random.Generator, first: int) -> tuple[World, tuple[int, ...]]:
    """Draw where people live and count them, in the years from the first."""
    where = places(setting.buurten, setting.focus, rng)
    world = World(replace(where, stir=CALM) if setting.calm else where)
    years = years_from(first, setting.years)
    world.count(years)
    return world, years


def whole(count: int) -> Array:
    """Rise from 0 in the first of a number of years to 1 in the last."""
    return ramp(count, 0, count - 1)


def observations(world: World, known: Catalogue) -> pd.DataFrame:
    """Print the true figures as a publisher would: rounded, shares within 0-100, those of small buurten suppressed."""
    codes, few = world.codes, world.where.size < FEW
    parts = []
    for name, (years, value) in world.figures.items():
        indicator = known.indicator(name)
        step = indicator.rounding
        shown = np.round(value / step) * step if step else value
        if indicator.unit == "percent":
            shown = np.clip(shown, 0.0, 100.0)
        if indicator.kind == "class":
            shown = np.clip(shown, 1.0, 9.0)
        if indicator.kind == "count":
            shown = np.maximum(shown, 0.0)
        hidden = np.repeat(few, len(years)) & (indicator.kind != "count") & (indicator.kind != "class")
        parts.append(
            pd.DataFrame(
                {
                    "code": np.repeat(codes, len(years)),
                    "year": np.tile(years, len(codes)),
                    "indicator": name,
                    "value": np.where(hidden, np.nan, shown.ravel()),
                    "unit": indicator.unit,
                    "status": np.where(hidden, "suppressed", "measured"),
                    "source": SOURCE,
                }
            )
        )
    if world.others:
        frame = pd.DataFrame(world.others, columns=["code", "year", "indicator", "value"])
        units = frame["indicator"].map(lambda name: known.indicator(name).unit)
        parts.append(frame.assign(unit=units, status="measured", source=SOURCE))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def areas(world: World) -> pd.DataFrame:
    """List the municipality, its wijken and its buurten, and the other municipalities: code, name, level, parent."""
    wijken = sorted({f"WK{code[2:8]}" for code in world.codes})
    others = sorted({row[0] for row in world.others if row[0].startswith("GM")} - {MUNICIPALITY})
    rows = [(code, f"synthetic municipality {code}", "gemeente", "") for code in (MUNICIPALITY, *others)]
    rows += [(code, f"synthetic wijk {code}", "wijk", MUNICIPALITY) for code in wijken]
    rows += [(code, f"synthetic buurt {code}", "buurt", f"WK{code[2:8]}") for code in world.codes]
    return pd.DataFrame(rows, columns=["code", "name", "level", "parent_code"])


def sources_table() -> pd.DataFrame:
    """Describe the one source."""
    row = {
        "source_id": SOURCE, "publisher": "synthetic", "title": "synthetic municipality", "table_id": "synthetic",
        "licence": "none: synthetic", "looked_up_in": "kloof_synth.town", "retrieved": "",
    }  # fmt: skip
    return pd.DataFrame([row])


def focus_codes(world: World) -> tuple[str, ...]:
    """Codes of the focus buurten."""
    return tuple(code for code, listed in zip(world.codes, world.where.is_focus, strict=True) if listed)


PARAMETERS = Parameters(
    preset="municipality", language="en", municipality=MUNICIPALITY, source=SOURCE, year_from=2015, year_to=2022,
    trend_from=2015, event="2020-03", focus=LIST, focus_variants=(LIST,), indicators=("mean_dwelling_value",),
    levels=(), groups=(), comparisons=(), smallest_effects={}, published="", apportioned="left_out",
    draws=299, seed=1,
)  # fmt: skip


def study(world: World, known: Catalogue, changes: Mapping[str, Any]) -> Study:
    """Open a synthetic municipality as a study; `changes` to `PARAMETERS`. The focus list is the only one."""
    data = DataSet(SOURCE, MUNICIPALITY, observations(world, known), areas(world), sources_table(), ())
    focus = Focus(LIST, focus_codes(world))
    return Study(replace(PARAMETERS, **changes), data, known, focus, (focus,))
