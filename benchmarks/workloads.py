"""What kloof does for each workload of ../shared/peers/bench.py, and what of it no program can do without."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kloof.measures import chance, resample
from kloof.measures.counts import Prepared, choose, prepare
from kloof.measures.many_groups import (
    entropy,
    integration,
    multigroup_dissimilarity,
    multigroup_gini,
    multigroup_theil_h,
    mutual_information,
    normalised_exposure,
    relative_diversity,
    simpson_concentration,
    simpson_interaction,
    squared_coefficient_of_variation,
)
from kloof.measures.tables import FloatArray, Groups, Pair
from kloof.measures.two_groups import (
    atkinson,
    concentration_profile,
    correlation_ratio,
    dissimilarity,
    gini,
    interaction,
    isolation,
    minmax,
    theil_h,
)

SHARED = Path(os.environ.get("KLOOF_SHARED", Path(__file__).resolve().parents[2] / "shared"))

TWO_GROUPS = (
    atkinson, concentration_profile, correlation_ratio, dissimilarity,
    theil_h, gini, interaction, isolation, minmax,
)  # fmt: skip
MANY_GROUPS = (
    multigroup_dissimilarity, mutual_information, entropy, multigroup_gini,
    multigroup_theil_h, normalised_exposure, relative_diversity,
    squared_coefficient_of_variation, simpson_concentration, simpson_interaction,
)  # fmt: skip


@dataclass(frozen=True)
class Need:
    """What a workload can't do without: bytes read, logarithms, roots, sorts (how many, of how many), numbers drawn."""

    bytes: int = 0
    logs: int = 0
    roots: int = 0
    sorts: tuple[int, int] = (0, 0)
    drawn: int = 0


@dataclass(frozen=True)
class Workload:
    """A peer's workload by its name in bench.py, what kloof does for it, the number to compare, and its floor."""

    peer: str
    what: str
    run: Callable[[], Any] | None
    value: Callable[[Any], float] | None
    tolerance: float = 1e-9
    floor: float | None = None
    need: Need = Need()
    note: str = ""


@cache
def frame() -> pd.DataFrame:
    """The tidy frame of 70,000 rows."""
    return pd.read_csv(SHARED / "peers" / "cases" / "nation_14000x5.csv")


@cache
def municipalities() -> Prepared:
    """The same, prepared: 342 municipalities behind each other."""
    return choose(prepare(frame(), ["municipality"]))


@cache
def nation() -> Prepared:
    """The same as one whole."""
    return replace(municipalities(), starts=np.zeros(1, dtype=np.intp), keys=pd.DataFrame(index=[0]))


@cache
def group_b() -> tuple[FloatArray, FloatArray]:
    """Group b and the rest of the nation."""
    counts = choose(nation(), "b").counts
    return counts[0].copy(), counts[1].copy()


def three_per_municipality(prepared: Prepared) -> tuple[FloatArray, ...]:
    """D of group b, multigroup H and M of every municipality, from tables that share their totals."""
    groups = Groups(prepared.counts, prepared.starts)
    members = prepared.counts[1]
    pair = Pair(members, groups.both - members, prepared.starts)
    return (
        dissimilarity.of(pair),
        multigroup_theil_h.of(groups),
        mutual_information.of(groups),
    )


def as_the_peer_adds_up(found: tuple[FloatArray, ...]) -> float:
    """PySAL gives no H where a group is absent (12 municipalities); its sum leaves those out."""
    prepared = municipalities()
    present = (Groups(prepared.counts, prepared.starts).members > 0).all(axis=0)
    return float(found[0].sum() + found[1][present].sum() + found[2].sum())


def two_groups(group: FloatArray, rest: FloatArray, wanted: tuple[Any, ...] = TWO_GROUPS) -> list[float]:
    """Indices of two groups of the nation, from one table."""
    table = Pair(group, rest)
    return [float(formula.of(table)[0]) for formula in wanted]


def many_groups(prepared: Prepared, wanted: tuple[Any, ...] = MANY_GROUPS) -> list[float]:
    """Indices of many groups of the nation, from one table."""
    table = Groups(prepared.counts, prepared.starts)
    return [float(formula.of(table)[0]) for formula in wanted]


def from_the_frame() -> float:
    """Convert the tidy frame, then workloads a, f_fast, d and h."""
    ready = choose(prepare(frame(), ["municipality"]))
    total = float(sum(part.sum() for part in three_per_municipality(ready)))
    whole = replace(ready, starts=np.zeros(1, dtype=np.intp))
    pair = choose(whole, "b").counts
    corrected = float(chance.bias_corrected(pair[0], pair[1])[0])
    return total + sum(two_groups(pair[0], pair[1])) + corrected + sum(many_groups(whole))


def integrations(prepared: Prepared) -> FloatArray:
    """1 − integration of every municipality."""
    return 1 - integration(prepared.counts, prepared.starts)


def workloads() -> dict[str, Workload]:
    """Give every workload by its name."""
    units, cells = nation().units.size, nation().counts.size
    whole = 8 * cells
    logs = cells
    mine = {
        "a": Workload(
            "a", "D, H, M of 342 municipalities", lambda: three_per_municipality(municipalities()), as_the_peer_adds_up,
            floor=500, need=Need(whole, logs),
        ),
        "e": Workload(
            "e", "Gini, 14,000 units", lambda: two_groups(*group_b(), (gini,)), sum, floor=15,
            need=Need(16 * units, sorts=(1, units)),
        ),
        "e_multi": Workload(
            "e_multi", "multigroup Gini, 14,000 × 5", lambda: many_groups(nation(), (multigroup_gini,)), sum,
            floor=5000, need=Need(whole, sorts=(5, units)),
        ),
        "f_fast": Workload(
            "f_fast", "nine indices of two groups", lambda: two_groups(*group_b()),
            with_the_profile_of_the_peer, need=Need(16 * units, 2 * units, 2 * units, (1, units)),
            note="compared with the concentration profile over the peer's grid of 1000, which is off by 4.6e-4",
        ),
        "h": Workload(
            "h", "ten indices of many groups", lambda: many_groups(nation()), sum, floor=4000,
            need=Need(whole, logs, sorts=(5, units)),
        ),
        "h_fast": Workload(
            "h_fast", "nine of them, without Gini",
            lambda: many_groups(nation(), tuple(one for one in MANY_GROUPS if one is not multigroup_gini)),
            sum, need=Need(whole, logs),
        ),
        "k": Workload(
            "k", "1 − integration of 342 municipalities", lambda: integrations(municipalities()), np.sum,
            need=Need(whole),
        ),
        "l": Workload(
            "l", "seven indices of two groups",
            lambda: two_groups(
                *group_b(),
                (dissimilarity, gini, theil_h, atkinson, isolation,
                 interaction, correlation_ratio),
            ),
            sum, need=Need(16 * units, 2 * units, 2 * units, (1, units)),
        ),
    }  # fmt: skip
    return mine | of_chance()


@cache
def twenty() -> tuple[FloatArray, Any]:
    """The municipalities that bench.py takes for its bootstraps: counts (5, N) and offsets."""
    prepared = municipalities()
    parts = np.split(prepared.counts, prepared.starts[1:], axis=1)
    fit = [part for part in parts if (part.sum(axis=1) > 0).all() and part.shape[1] >= 10]
    fit = fit[::17][:20] if len(fit) >= 340 else fit[:: max(1, len(fit) // 20)][:20]
    return np.concatenate(fit, axis=1), np.cumsum([0, *(part.shape[1] for part in fit[:-1])])


def case(name: str) -> FloatArray:
    """Counts (G, N) of a case."""
    return prepare(pd.read_csv(SHARED / "peers" / "cases" / f"{name}.csv")).counts


def of_chance() -> dict[str, Workload]:
    """Bootstraps, a null and a correction."""
    asked = {
        "b": ("b", "bootstrap of units, D and H, 500 × 19", 1000),
        "b_people": ("b", "bootstrap of people, D and H, 500 × 19", 60),
        "c": ("c", "permutation null of D, 500 × 100 units", 500),
        "d": ("d", "bias-corrected D, 14,000 units", 5000),
    }
    bare = {name: Workload(peer, what, None, None, floor=floor) for name, (peer, what, floor) in asked.items()}

    def draw(counts: FloatArray, starts: Any, model: str, measures: dict[str, Any]) -> Callable[[], Any]:
        return lambda: resample.replicates(
            measures, counts, starts, model, resample.Drawing(np.random.default_rng(20240117), 500)
        )

    (some, places), city = twenty(), case("city_100x3")
    three, both = city[0], city.sum(axis=0)
    units, cells, drawn = nation().units.size, some.shape[1] * 500, some.size * 500
    two = {"d": resample.Dissimilarity(1), "h": resample.theil_h_of_sums}

    return {
        "b": replace(
            bare["b"], run=draw(some, places, "units", two), tolerance=1e-3, need=Need(8 * some.size, drawn=cells),
            value=lambda found: float(np.mean([np.std(part, axis=0) for part in found.values()])),
            note="equal within five standard errors of the mean of 38 standard deviations",
        ),
        "b_people": replace(
            bare["b_people"], run=draw(some, places, "people_within_units", two), need=Need(8 * some.size, drawn=drawn),
            note="PySAL has no bootstrap of people: its bootstrap of units is the yardstick, the results differ",
        ),
        "c": replace(
            bare["c"], run=draw(np.stack([three, both - three]), (0,), "permutation", {"d": resample.Dissimilarity(0)}),
            value=lambda found: float(found["d"].mean()), tolerance=1.1e-3, need=Need(16 * both.size, drawn=500 * 99),
            note="equal within five standard errors",
        ),
        "d": replace(
            bare["d"], run=lambda: chance.bias_corrected(*group_b()), value=lambda found: float(found[0]),
            tolerance=5e-4, need=Need(16 * units, roots=2 * units),
            note="closed form; equal within five standard errors of the peer's 500 draws",
        ),
    }  # fmt: skip


def with_the_profile_of_the_peer(found: list[float]) -> float:
    """Add up the nine with the concentration profile as PySAL's grid of 1000 has it."""
    profile = sys.modules["peer_bench"].SG.ConProf(sys.modules["peer_bench"].nation()[0], "b", "T").statistic
    exact = two_groups(*group_b(), (concentration_profile,))[0]
    return float(sum(found) - exact + profile)
