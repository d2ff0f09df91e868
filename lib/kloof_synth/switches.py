"""The switch of each claim: false by as little as can be, or true by a known size, and what judges it.

With a switch off the number that judges the claim lies exactly on the line between true and false; on, it lies `effect`
beyond that line, in the unit of the claim's own finding. What judges it is the step of the notebook that judges the
claim in a report (see `trials`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
    by_dissimilarity,
    by_effective_number,
    diluted,
    fell,
    from_event,
    gap,
    gap_left,
    gathered,
    in_study,
    moved_up,
    outranked,
    passed_on,
    turned,
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
    scores,
    squeezed,
    two_points,
    within_corporations,
)
from kloof_synth.town import Setting, World, whole

Recipe = Callable[[Setting, np.random.Generator], World]


@dataclass(frozen=True)
class Switch:
    """One row of one claim: how its municipality is made, and what judges it.

    `sizes`: the effect that is small, registered and large, in `unit`. `step` names the notebook's step and `row` the
    row of its verdicts; `parameters` those of the study. `units` says what there are many of: buurten, or
    municipalities.
    """

    claim: str
    part: str
    unit: str
    sizes: tuple[float, ...]
    make: Recipe
    step: str
    row: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    units: str = "buurten"


_INCOME = "mean_income_per_inhabitant"
_VALUE = "mean_dwelling_value"
_EVENT = {"event": "2015-03", "year_from": LATE, "year_to": LATE + 7, "trend_from": LATE, "indicators": (_INCOME,)}
_PLACED = {"year_from": LATE, "year_to": LATE + 7}
_STUDY = {"year_from": EARLY, "year_to": EARLY + 7, "trend_from": EARLY}
_THOUSAND, _POINTS = "thousand_euro", "points"


def _both(
    claim: str, course: Course, step: str, sizes: tuple[float, float, float], unit: str, parameters: Mapping[str, Any]
) -> list[Switch]:
    """Make the switches of a gap that is judged in units and in proportion."""
    made = []
    for scale, own, effects in ((ABSOLUTE, unit, sizes), (RELATIVE, _POINTS, (1.0, 2.0, 6.0))):
        recipe = partial(gap, replace(course, scale=scale))
        made.append(Switch(claim, scale, own, effects, recipe, step, f"{course.name}.{scale}", parameters))
    return made


def switches() -> tuple[Switch, ...]:
    """Give the switches of all claims that chance has a say in."""
    return (*_of_gaps(), *_of_people(), *_of_places())


def _of_gaps() -> list[Switch]:
    value = Course(_VALUE, DWELLINGS, ABSOLUTE, USUAL, whole)
    income = Course(_INCOME, INCOME, ABSOLUTE, LATE, whole)
    hard = Course("difficulty_making_ends_meet_share", HARD, ABSOLUTE, USUAL, whole)
    event, of_value, of_income = "before_and_since", (5.0, 10.0, 30.0), (0.25, 0.5, 1.5)
    made = [
        *_both("C1", value, "changes", of_value, _THOUSAND, {}),
        *_both("H1", replace(value, first=EARLY, profile=in_study), "window", of_value, _THOUSAND, _STUDY),
        *_both("C3", replace(income, profile=until_event), event, of_income, _THOUSAND, _EVENT),
        *_both("C2", replace(income, profile=from_event), event, of_income, _THOUSAND, _EVENT),
        *_both("M1", replace(income, profile=turned), event, of_income, _THOUSAND, _EVENT),
        *_both("H5", hard, "ends_meet", (0.5, 1.0, 3.0), _POINTS, {}),
    ]
    for scale, sizes in ((ABSOLUTE, (0.25, 0.5, 3.0)), (RELATIVE, (1.0, 2.0, 40.0))):
        row = f"social_assistance_share.{scale}"
        made.append(Switch("H7", scale, _POINTS, sizes, partial(fell, scale), "left_assistance", row))
    for scale, unit, sizes in ((ABSOLUTE, _THOUSAND, (5.0, 10.0, 300.0)), (RELATIVE, _POINTS, (1.0, 2.0, 60.0))):
        made.append(Switch("C13", scale, unit, sizes, partial(gap_left, scale), "how_long", f"{_VALUE}.{scale}"))
    return [*made, Switch("C12", "elasticity", "percent", (5.0, 10.0, 45.0), passed_on, "arrives", _INCOME, _PLACED)]


def _of_people() -> list[Switch]:
    fifth, gathering, low = (0.25, 0.5, 1.5), "low_income_households", "low_income"
    both, top, bottom = (
        partial(moved_up, 3.0, 0.5, 1.0),
        partial(moved_up, 0.0, 0.0, 0.0),
        partial(moved_up, 0.0, 0.0, 1.0),
    )
    uneven, fewer = partial(gathered, by_dissimilarity, 0.01), partial(gathered, by_effective_number, 0.0)
    return [
        Switch("C4", ABSOLUTE, _THOUSAND, fifth, both, "matthew", f"{_INCOME}.absolute", _PLACED),
        Switch("C4", "ranks", "rank_points", (2.5, 5.0, 15.0), outranked, "matthew", f"{_INCOME}.ranks", _PLACED),
        Switch("H2", "top", _THOUSAND, fifth, top, "matthew", f"{_INCOME}.top", _PLACED),
        Switch("H3", "behind", _THOUSAND, fifth, bottom, "behind", f"{_INCOME}.behind.absolute", _PLACED),
        Switch("H11", low, "index", (0.005, 0.01, 0.03), uneven, "sorting", gathering),
        Switch("H4", low, "neighbourhoods", (0.5, 1.0, 4.0), fewer, "fewer_buurten", gathering),
        Switch("C9", low, _POINTS, (0.5, 1.0, 3.0), diluted, "dilution", gathering),
    ]


def _of_places() -> list[Switch]:
    low, share = "low_income", "low_income_households_share"
    mix, held = "corporation", "housing_corporation_share"
    slow, still = partial(mixed, half_of_needed), partial(mixed, two_points)
    gap_part, all_parts = partial(carried, "gap"), partial(carried, "r_squared")
    accounts = {"year_from": 2009, "year_to": 2016}
    score, safe = "livability_score_relative", "livability_safety_relative"
    return [
        Switch("C11", low, _POINTS, (0.05, 0.1, 0.3), piled, "slope", share),
        Switch("H10", low, _POINTS, (0.5, 1.0, 15.0), within_corporations, "bounds", share),
        Switch("C6", mix, _POINTS, (0.15, 0.3, 0.6), slow, "pace", held),
        Switch("H6", mix, _POINTS, (0.5, 1.0, 2.0), still, "stock", held),
        Switch("C7", "class", "classes", (0.25, 0.5, 1.5), classes, "improves", "livability_class", _STUDY),
        Switch("C7", "score", "score_points", (0.034, 0.067, 0.2), scores, "improves", score, _STUDY),
        Switch("C8", "safety", "index", (0.1, 0.2), followed, "follows", safe, _STUDY),
        Switch("H8", "liveability", _POINTS, (0.5, 1.0, 3.0), better_alone, "liveability_alone", "liveability", _STUDY),
        Switch("H8", "safety", _POINTS, (0.5, 1.0, 3.0), better_alone, "safety_alone", "safety", _STUDY),
        Switch("C10", "gap", "percent", (5.0, 10.0, 60.0), gap_part, "who_leads", f"{_INCOME}.gap", _PLACED),
        Switch("C10", "r_squared", _POINTS, (5.0, 10.0, 60.0), all_parts, "who_leads", f"{_INCOME}.r_squared", _PLACED),
        Switch(
            "C5", "planning", "euro", (10.0, 20.0, 60.0), squeezed, "squeeze", "spending_housing_and_planning",
            accounts, "municipalities",
        ),
    ]  # fmt: skip
