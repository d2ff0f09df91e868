"""Calibration of hypotheses of one's own: in synthetic towns where nothing is so, how often is the verdict wrong?

A hundred and fifty towns a kind. Off: what is expected is not so, and "supported" is an error (at most 5 percent,
within what so many towns can show). On: it is so, and most towns show it. The change of a gap and the list
beside buurten that started alike are calibrated in data/calibration.csv.
"""

import dataclasses
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kloof.findings import SUPPORTED
from kloof.measures.two_groups import dissimilarity
from kloof.methods.arrays import Array
from kloof.questions import gap_tables
from kloof.results import Section
from kloof.study import claims
from kloof.study.hypotheses import in_both_languages
from kloof.study.study import Study
from kloof_synth import town
from kloof_synth.town import Setting, World, opened, shared
from kloof_synth.trials import known

TOWNS, FEWER = 150, 30  # where nothing is so, and where it is
AT_MOST = 0.05 + 2 * np.sqrt(0.05 * 0.95 / TOWNS)  # 5 percent, and two standard errors of so many towns
GROUP, SHARE = "low_income_households", "low_income_households_share"
INCOME, HOUSING = "mean_income_per_inhabitant", "housing_corporation_share"
REGISTRY = claims.registry()
Make = Callable[[np.random.Generator, bool], Study]


def wrong_or_seen(monkeypatch: pytest.MonkeyPatch, make: Make, *, on: bool, towns: int = TOWNS, **says: Any) -> float:
    """Part of the towns (`towns` where nothing is so) in which a hypothesis is supported."""
    entry = {"id": "X1", "registered": date(2026, 1, 1), "seen_in": [], "en": "So.", "short_en": "so", "change_nl": "-",
             "change_en": "-", "expected": "HIGHER", "exploratory": False, "changed": False, "notebook": "mine",
             "source": "own", **says}  # fmt: skip
    about = {"groups": [says["group"]]} if "group" in says else {"indicators": [says["indicator"]]}
    registry = dataclasses.replace(REGISTRY, claims={**REGISTRY.claims, "X1": {**in_both_languages(entry), **about}})
    monkeypatch.setattr(claims, "registry", lambda: registry)
    monkeypatch.setattr("gc.collect", lambda *_: 0)  # statsmodels asks for it with every adjusted p-value
    found = []
    towns = FEWER if on else towns // 3 if says["kind"] == "beside_places" else towns  # a town of those is six
    for seed in range(towns):
        section = Section("mine")
        gap_tables.own_hypothesis(section, make(np.random.default_rng([17, seed]), on), "X1")
        found += [verdict.verdict for verdict in section.verdicts]
    assert len(found) == towns
    return found.count(SUPPORTED) / len(found)


def opened_study(world: World, years: tuple[int, ...], **changes: Any) -> Study:
    return town.study(world, known(), {"year_from": years[0], "year_to": years[-1], "draws": 199, **changes})


def spread(world: World, rng: np.random.Generator) -> Array:
    """Deviations that neighbours share, each of variance 1."""
    return shared(world.where.near, rng.standard_normal((2, len(world.where.size), 1)))[:, 0]


def shares(world: World, rng: np.random.Generator, apart: float, years: int) -> Array:
    """Percent of a group that goes with the need, with noise that does not last; `apart` stretches the last year."""
    stretch = np.where(np.arange(years) == years - 1, apart, 1.0)
    odds = np.exp(
        -2 + 0.5 * world.where.need[:, None] * stretch + 0.15 * rng.standard_normal((len(world.where.size), years))
    )
    return np.asarray(100 * odds / (1 + odds))


def gathering(rng: np.random.Generator, on: bool) -> Study:
    world, years = opened(Setting(years=2), rng, 2018)
    world.put(SHARE, years, shares(world, rng, 1.5 if on else 1.0, 2))
    return opened_study(world, years)


def one_year(rng: np.random.Generator, on: bool) -> Study:
    del on
    world, years = opened(Setting(years=1), rng, 2018)
    world.put(SHARE, years, shares(world, rng, 1.0, 1))
    return opened_study(world, years)


def true_index() -> float:
    """Mean dissimilarity of four hundred towns, each measured without rounding."""
    made = []
    for seed in range(400):
        rng = np.random.default_rng([18, seed])
        world, _ = opened(Setting(years=1), rng, 2018)
        group = world.where.size * shares(world, rng, 1.0, 1)[:, 0] / 100
        made.append(float(dissimilarity(group, world.where.size - group, (0,))[0]))
    return float(np.mean(made))


def going_along(rng: np.random.Generator, on: bool) -> Study:
    world, years = opened(Setting(years=1), rng, 2018)
    housing = np.clip(35 + 15 * spread(world, rng), 0, 100)
    income = 30 + (0.2 if on else 0.0) * housing + 4 * spread(world, rng)
    world.put(HOUSING, years, housing[:, None])
    world.put(INCOME, years, income[:, None])
    return opened_study(world, years)


def beside(rng: np.random.Generator, on: bool) -> Study:
    """A town and five others; in each the mean moves by an amount of its own, here by four deviations more."""
    worlds: list[World] = []
    parts, areas = [], []
    for place in range(1, 7):
        world, years = opened(Setting(buurten=8, years=2), rng, 2018)
        moved = 10 + 1.5 * rng.standard_normal() + (6.0 if on and place == 1 else 0.0)
        level = 25 + 4 * rng.standard_normal((8, 1)) + 0.3 * rng.standard_normal((8, 2)) + np.array([0.0, moved])
        world.put(INCOME, years, level)
        own = [town.observations(world, known()), town.areas(world)]
        parts.append(own[0].assign(code=own[0]["code"].str.replace("9001", f"900{place}")))
        names = ["code", "parent_code"]
        areas.append(own[1].assign(**{key: own[1][key].str.replace("9001", f"900{place}") for key in names}))
        worlds.append(world)
    others = tuple(f"GM900{place}" for place in range(2, 7))
    study = opened_study(worlds[0], years, comparisons=others)
    rows = [pd.concat(tables, ignore_index=True) for tables in (parts, areas)]
    return dataclasses.replace(study, data=dataclasses.replace(study.data, observations=rows[0], areas=rows[1]))


CASES: dict[str, tuple[Make, dict[str, Any]]] = {
    "index_change": (gathering, {"group": GROUP, "measures": ["dissimilarity"], "smallest_effect": 0.01}),
    "index_change theil_h": (gathering, {"group": GROUP, "measures": ["theil_h"], "smallest_effect": 0.005}),
    "relation": (going_along, {"indicator": INCOME, "other": HOUSING, "measures": ["slope"], "smallest_effect": 0.02}),
    "relation correlation": (
        going_along, {"indicator": INCOME, "other": HOUSING, "measures": ["correlation"], "smallest_effect": 0.1},
    ),
    "beside_places": (beside, {"indicator": INCOME, "measures": ["mean"], "smallest_effect": 0.5}),
}  # fmt: skip


@pytest.mark.calibration
@pytest.mark.parametrize("case", CASES)
def test_what_is_not_so_is_seldom_supported_and_what_is_so_is_seen(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, says = CASES[case]
    says = {"kind": case.split(maxsplit=1)[0], **says}
    assert wrong_or_seen(monkeypatch, make, on=False, **says) <= AT_MOST
    assert wrong_or_seen(monkeypatch, make, on=True, **says) >= 0.5


@pytest.mark.parametrize("towns", [40, pytest.param(TOWNS, marks=pytest.mark.calibration)])
def test_an_index_beside_a_number(towns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = true_index()
    says = {"kind": "group_index", "group": GROUP, "measures": ["dissimilarity"], "smallest_effect": 0.01}
    assert wrong_or_seen(monkeypatch, one_year, on=False, than=truth, towns=towns, **says) <= AT_MOST
    assert wrong_or_seen(monkeypatch, one_year, on=True, than=truth - 0.1, **says) >= 0.5
