"""A synthetic municipality as observations of the catalogue: codes, counts, rounding and suppression as in real tables.

Its code is GM9001 (CBS has given numbers up to 2000), and its source, publisher and every area are named synthetic.
Never part of a report on a real place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue
from kloof.dealing import Array
from kloof.panel import Focus
from kloof.presets import Parameters
from kloof.schema import COLUMNS
from kloof.sources import DataSet
from kloof.study import Study
from kloof.synth import Places, places

MUNICIPALITY = "GM9001"
SOURCE = "synthetic"
LIST = "synthetic_list"
FOCUS_PART = 11 / 56  # of the buurten, as in Breda
PER_WIJK = 10
FEW = 100  # inhabitants under which a mean or a share of a buurt is suppressed, as CBS does
PER_HOUSEHOLD = 2.2
PER_DWELLING = 2.1


@dataclass(frozen=True)
class Setting:
    """How large the municipality is, over how many years, and how far the claim is true beyond the line."""

    buurten: int = 56
    years: int = 8
    effect: float = 0.0

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
    world = World(places(setting.buurten, setting.focus, rng))
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
        "licence": "none: synthetic", "looked_up_in": "kloof.world", "retrieved": "",
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
