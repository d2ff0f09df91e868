"""The switch of each claim: false by as little as can be, or true by a known size, and which row of it is judged.

With a switch off the number that judges the row lies exactly on the line between true and false; on, it lies `effect`
beyond that line, in the unit of the row's own finding. What is judged is a row of the claim as it is registered, by the
runner that judges a report (see `trials`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof_synth.recipes import (
    DWELLINGS,
    EARLY,
    HARD,
    INCOME,
    LATE,
    USUAL,
    Course,
    behind_alike,
    by_dissimilarity,
    by_effective_number,
    diluted,
    fell,
    from_event,
    gap,
    gathered,
    in_study,
    moved_up,
    outranked,
    passed_on,
    until_event,
)
from kloof_synth.recipes_places import (
    better_alone,
    carried,
    classes,
    followed,
    half_of_needed,
    mixed,
    piled,
    safer,
    scores,
    squeezed,
    two_points,
)
from kloof_synth.town import Setting, World, whole

Recipe = Callable[[Setting, np.random.Generator], World]


@dataclass(frozen=True)
class Switch:
    """One row of one claim: how its municipality is made, and what is judged.

    `sizes`: the effect that is small, registered and large, in `unit`. `row` names the row of the claim's verdicts;
    `parameters` those of the study. `calm`: the row is about what happened to these very buurten, so that nothing else
    may move them; the others are about chance. `units` says what there are many of: buurten, or municipalities.
    """

    claim: str
    part: str
    unit: str
    sizes: tuple[float, ...]
    make: Recipe
    row: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    calm: bool = False
    units: str = "buurten"


_INCOME = "mean_income_per_inhabitant"
_VALUE = "mean_dwelling_value"
_HARD = "difficulty_making_ends_meet_share"
_EVENT = {"event": "2015-03", "year_from": LATE, "year_to": LATE + 7, "trend_from": LATE, "indicators": (_INCOME,)}
_PLACED = {"year_from": LATE, "year_to": LATE + 7}
_STUDY = {"year_from": EARLY, "year_to": EARLY + 7, "trend_from": EARLY}
_THOUSAND, _POINTS = "thousand_euro", "points"


def switches() -> tuple[Switch, ...]:
    """Give the switches of all claims that get a verdict from figures: every row that is judged by chance has one.

    Of rows about what happened, which cannot be wrong but by rounding, one stands for those of its kind.
    """
    return (*_of_gaps(), *_of_people(), *_of_places())


def _of_gaps() -> list[Switch]:
    value = Course(_VALUE, DWELLINGS, RELATIVE, USUAL, whole)
    study = Course(_VALUE, DWELLINGS, RELATIVE, EARLY, in_study)
    before, since = (Course(_INCOME, INCOME, RELATIVE, LATE, profile) for profile in (until_event, from_event))
    shrinks = Course(_INCOME, INCOME, RELATIVE, LATE, until_event, way=-1.0)
    away = Course(_INCOME, INCOME, RELATIVE, LATE, from_event, line=2.0, way=-1.0)
    hard = Course(_HARD, HARD, ABSOLUTE, USUAL, whole)
    of_value, of_income, own = (1.5, 3.0, 9.0), (1.0, 2.0, 6.0), f"{_INCOME}.relative"
    return [
        Switch("C1", RELATIVE, _POINTS, of_value, partial(gap, value), f"{_VALUE}.relative", calm=True),
        Switch("H1", RELATIVE, _POINTS, of_value, partial(gap, study), f"{_VALUE}.relative", _STUDY, calm=True),
        Switch("C3", "before", _POINTS, of_income, partial(gap, before), own, _EVENT, calm=True),
        Switch("C3", "beyond", _POINTS, of_income, partial(gap, away), f"{own}.beyond", _EVENT),
        Switch("C2", "since", _POINTS, of_income, partial(gap, since), own, _EVENT, calm=True),
        Switch("C2", "beyond", _POINTS, of_income, partial(gap, since), f"{own}.beyond", _EVENT),
        Switch("M1", "before", _POINTS, of_income, partial(gap, shrinks), f"{own}.before", _EVENT),
        Switch("M1", "beyond", _POINTS, of_income, partial(gap, since), f"{own}.beyond", _EVENT),
        Switch("H5", ABSOLUTE, _POINTS, (0.5, 1.0, 3.0), partial(gap, hard), f"{_HARD}.absolute", calm=True),
        Switch("H7", "fell_less", _POINTS, (0.25, 0.5, 3.0), fell, "social_assistance_share.absolute", calm=True),
        Switch("C12", "elasticity", "percent", (5.0, 10.0, 45.0), passed_on, _INCOME, _PLACED),
    ]


def _of_people() -> list[Switch]:
    fifth, gathering, low = (0.25, 0.5, 1.5), "low_income_households", "low_income"
    both, top, bottom = (
        partial(moved_up, 3.0, 0.5, 1.0),
        partial(moved_up, 0.0, 0.0, 0.0),
        partial(moved_up, 0.0, 0.0, 1.0),
    )
    uneven, fewer = partial(gathered, by_dissimilarity, 0.01), partial(gathered, by_effective_number, 0.0)
    return [
        Switch("C4", ABSOLUTE, _THOUSAND, fifth, both, f"{_INCOME}.absolute", _PLACED),
        Switch("C4", "ranks", "rank_points", (2.5, 5.0, 60.0), outranked, f"{_INCOME}.ranks", _PLACED),
        Switch("H2", "top", _THOUSAND, fifth, top, f"{_INCOME}.top", _PLACED, calm=True),
        Switch("H3", "behind", _THOUSAND, fifth, bottom, f"{_INCOME}.behind.absolute", _PLACED, calm=True),
        Switch("H3", "similar", _THOUSAND, fifth, behind_alike, f"{_INCOME}.similar.absolute", _PLACED),
        Switch("H11", low, "index", (0.005, 0.01, 0.03), uneven, gathering, calm=True),
        Switch("H4", low, "neighbourhoods", (0.5, 1.0, 4.0), fewer, gathering, calm=True),
        Switch("C9", low, _POINTS, (0.5, 1.0, 3.0), diluted, gathering, calm=True),
    ]


def _of_places() -> list[Switch]:
    low, share = "low_income", "low_income_households_share"
    mix, held = "corporation", "housing_corporation_share"
    slow, still = partial(mixed, half_of_needed), partial(mixed, two_points)
    gap_part, all_parts = partial(carried, "gap"), partial(carried, "r_squared")
    accounts = {"year_from": 2009, "year_to": 2016}
    score, safe = "livability_score_relative", "livability_safety_relative"
    return [
        Switch("C11", low, _POINTS, (0.05, 0.1, 0.3), piled, share),
        Switch("C6", mix, _POINTS, (0.15, 0.3, 0.6), slow, held, calm=True),
        Switch("H6", mix, _POINTS, (0.5, 1.0, 2.0), still, held, calm=True),
        Switch("C7", "class", "classes", (0.25, 0.5, 1.5), classes, "livability_class.gap", _STUDY),
        Switch("C7", "score", "score_points", (0.034, 0.067, 0.2), scores, f"{score}.gap", _STUDY),
        Switch("C8", "safety", "index", (0.1, 0.2), followed, safe, _STUDY),
        Switch("H8", "safety", "score_points", (0.02, 0.04, 0.12), safer, "safety", _STUDY, calm=True),
        Switch("H8", "position", _POINTS, (0.5, 1.0, 3.0), better_alone, "liveability.position", _STUDY, calm=True),
        Switch("C10", "gap", "percent", (5.0, 10.0, 60.0), gap_part, f"{_INCOME}.gap", _PLACED),
        Switch("C10", "r_squared", _POINTS, (5.0, 10.0, 60.0), all_parts, f"{_INCOME}.r_squared", _PLACED),
        Switch(
            "C5", "planning", "euro", (10.0, 20.0, 60.0), squeezed, "spending_housing_and_planning", accounts,
            units="municipalities",
        ),
    ]  # fmt: skip
