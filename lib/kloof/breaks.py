"""Looks for a break in the gap at a year nobody named beforehand, and says which years it could be.

Every candidate year gets the t of its break term; the largest |t| is judged against the largest |t| of the same figures
with the labels of the focus list dealt anew. Critical values of long series do not hold for eight years; dealing needs
no length, only buurten.

Sources: Andrews 1993, doi:10.2307/2951764, and 2003, doi:10.1111/1468-0262.00405 (sup-Wald); Elliott & Müller 2007,
doi:10.1016/j.jeconom.2007.02.001 (confidence set: the years that leave no second break); `studentised` (dealing).
"""

from dataclasses import dataclass

import numpy as np

from kloof.dealing import LEVEL, Array
from kloof.errors import NotComputableError
from kloof.eventstudy import estimate, of_regressors
from kloof.models import ABSOLUTE, Paths
from kloof.studentised import greatest

MEAN = "mean"  # the gap steps from one constant to another
LEVEL_BREAK = "level"  # the gap steps aside from a line and goes on at the same slope
SLOPE = "slope"  # the gap takes another slope, without a step
KINDS = (MEAN, LEVEL_BREAK, SLOPE)


@dataclass(frozen=True)
class Break:
    """The test of a break at an unknown year. Years are given as places in the run: the first year that is different.

    `t` has one value per candidate. `place` is the one beside which a second break shows least (the largest t may stand
    a year off, since neighbouring terms resemble each other), `size` the break there: in the unit of the figure, or per
    year for a slope. `confident` holds the places not rejected as the only break: all, when there may be none.
    """

    candidates: tuple[int, ...]
    t: Array
    place: int
    size: float
    p_value: float
    confident: tuple[int, ...]


def candidates(years: int, least: int) -> tuple[int, ...]:
    """Places where a break may begin, with at least `least` years on each side."""
    return tuple(range(least, years - least + 1))


def term(times: Array, place: int, kind: str) -> Array:
    """Break term of one candidate, one value per year: a step at its year, or the years since the year before it."""
    if kind == SLOPE:
        return np.asarray(np.clip(times - times[place - 1], 0.0, None))
    return np.asarray(np.arange(len(times)) >= place, dtype=np.float64)


def _counts(times: Array, terms: tuple[int, ...], kind: str) -> Array:
    """Give the counts of the last of some break terms beside the others and the trend: one value per year."""
    trend = [] if kind == MEAN else [times]
    return of_regressors(np.column_stack([*trend, *(term(times, place, kind) for place in terms)]))[:, -1]


def sup_test(paths: Paths, kind: str, labels: Array, measure: str = ABSOLUTE, least: int = 2) -> Break:
    """Test for one break at an unknown year and say which years it could be.

    `labels` are draws × buurten (`dealing.deal`); `kind` is MEAN, LEVEL_BREAK or SLOPE; `least` years on each side.
    Raises NotComputableError: too_few_years (no candidate, or no year left to see a spread), and what
    `studentised.greatest` raises.
    """
    years = len(paths.times)
    places = candidates(years, least)
    terms = 2 if kind == MEAN else 3
    if not places or years <= terms:
        raise NotComputableError(
            "too_few_years", f"{years} years are too few to look for a {kind} break with {least} on each side."
        )
    counts = np.column_stack([_counts(paths.times, (place,), kind) for place in places])
    found = estimate(paths, counts, measure)
    t, p = greatest(found.contrasts, paths.weight, paths.is_focus, labels)
    left = [_left_over(paths, place, places, (kind, measure), labels) for place in places]
    best = min(range(len(places)), key=lambda number: (left[number][0], -abs(t[number])))
    kept = tuple(place for place, (_, chance) in zip(places, left, strict=True) if chance > 1 - LEVEL)
    return Break(places, t, places[best], float(found.found.estimate[best]), p, kept)


def _left_over(
    paths: Paths, place: int, places: tuple[int, ...], how: tuple[str, str], labels: Array
) -> tuple[float, float]:
    """Give the largest |t| of a second break beside one at a place, and its p-value; 0 and 1 when none can be tried."""
    kind, measure = how
    columns = []
    for other in places:
        if other == place:
            continue
        try:
            columns.append(_counts(paths.times, (place, other), kind))
        except NotComputableError:  # in so few years the second term adds nothing to the first
            continue
    if not columns:
        return 0.0, 1.0
    contrasts = estimate(paths, np.column_stack(columns), measure).contrasts
    t, p = greatest(contrasts, paths.weight, paths.is_focus, labels)
    return float(np.abs(t).max()), p
