"""The gap of a list that a place has of its own, with what all other municipalities teach of how gaps changed.

Everywhere else the same rule makes the list. Here the row of the place is that of its own list, by the same estimator:
given mean and spread of all, which the others set, its change is drawn in as theirs are.
"""

from dataclasses import dataclass

import pandas as pd

from kloof.catalogue import Catalogue
from kloof.country.gaps import (
    FEWEST,
    SHARED,
    SURE,
    Question,
    changes_of,
    pooled,
    prior_of,
    smallest_effect,
)
from kloof.errors import NotComputableError
from kloof.methods.by_place import Common

RANGE = 2 * SURE - 1  # of it: wholly above 0 exactly where the gap grew with the probability that counts as sure


@dataclass(frozen=True)
class OwnList:
    """How the gap of a place's own list changed: by itself (`own`), and `expected` with `low`-`high`, with all others.

    `low`-`high` is an 80 percent range, so that either end is passed with a probability of 10 percent. `above_zero`,
    `above_smallest` and `below_smallest` are the probabilities that the gap grew, that it grew by more than the
    smallest effect, and that it shrank by more. `others` are the municipalities beside it.
    """

    own: float
    expected: float
    low: float
    high: float
    above_zero: float
    above_smallest: float
    below_smallest: float
    others: int


def of_own_list(
    known: Catalogue, question: Question, place: str, buurten: pd.DataFrame, table: pd.DataFrame
) -> OwnList:
    """Judge the change of the gap of a list of one's own beside the changes of all other municipalities.

    `buurten` are those of the place: before, after, weight and listed by code; `table` is what `every_change` gives, of
    which the row of the place is left out; `question.focus` has no say in the list. Raises NotComputableError:
    too_few_buurten (fewer than two on the list or beside it, or nothing varies), too_few_municipalities.
    """
    others = table[table["municipality"] != place]
    if len(others) < FEWEST - 1:
        raise NotComputableError(
            "too_few_municipalities", f"{len(others)} other municipalities have a change; this needs {FEWEST - 1}."
        )
    common = Common(*(float(others[name].iloc[0]) for name in SHARED))
    row, _ = changes_of(known, question, buurten.sort_index(), common)
    if row.empty:
        raise NotComputableError("too_few_buurten", f"The list of {place} has no change of which the error is known.")
    least = smallest_effect(known, question)
    posterior, _ = pooled(pd.concat([others, row], ignore_index=True), prior_of(least))
    low, high = posterior.effects.interval(RANGE)
    return OwnList(
        float(row["estimate"].iloc[0]), float(posterior.effects.average[-1]), float(low[-1]), float(high[-1]),
        float(posterior.effects.above(0.0)[-1]), float(posterior.effects.above(least)[-1]),
        float(1 - posterior.effects.above(-least)[-1]), len(others),
    )  # fmt: skip
