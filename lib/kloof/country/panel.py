"""How every gap changed in all municipalities: each indicator, on each scale, from its first year to each later one."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial

import pandas as pd

from kloof.catalogue import MONEY, Catalogue
from kloof.country.figures import held
from kloof.country.gaps import (
    EACH_SCALE,
    FEWEST,
    LEVEL,
    SURE,
    FiguresOf,
    Question,
    every_change,
    pooled,
    prior_of,
    smallest_effect,
    unit_of,
)
from kloof.errors import NotComputableError, ParameterError
from kloof.methods.gap import REAL

Rows = list[dict[str, object]]
Each = Callable[[Callable[[str], Rows], Sequence[str]], Iterable[Rows]]
ANSWER_COLUMNS = (
    "indicator", "scale", "first", "last", "municipalities", "unit", "heavy", "mean", "low", "high", "spread", "grew",
    "shrank", "reason",
)  # fmt: skip


def panel(
    known: Catalogue,
    indicators: Sequence[str] = (),
    scales: Sequence[str] = EACH_SCALE,
    each: Each = map,
    figures_of: FiguresOf | None = None,
) -> pd.DataFrame:
    """Answer the question of `gaps` for every indicator, scale and pair of years: a row each (`ANSWER_COLUMNS`).

    Of each indicator with a smallest effect that matters (or of those named) the first year of the store and each later
    one; the list is the lowest fifth of the figure in the first year. `mean` with its 90 percent range and `spread` of
    all municipalities, in `unit`; `grew` and `shrank`: percent of the municipalities in which it surely did. A question
    without an answer has its `reason`. The scale real is not asked of what is not money. Indicators are divided over
    `workers` processes; `figures_of`, which must be able to travel to them, gives the figures of an indicator; without
    it the store does.
    Raises ParameterError (an indicator or a scale that is not known).
    """
    if wrong := [scale for scale in scales if scale not in EACH_SCALE]:
        raise ParameterError(f"scale {', '.join(wrong)} is not known. Valid: {', '.join(EACH_SCALE)}.")
    asked = [name for name in indicators or known.indicators if known.indicator(name).smallest_effect is not None]
    if lacking := [name for name in indicators if name not in asked]:
        raise ParameterError(f"{', '.join(lacking)}: no smallest effect in the catalogue, so no change of it counts.")
    answered = partial(of_indicator, known, scales=scales, figures_of=figures_of)
    return pd.DataFrame([row for rows in each(answered, asked) for row in rows], columns=list(ANSWER_COLUMNS))


def of_indicator(
    known: Catalogue, name: str, scales: Sequence[str] = EACH_SCALE, figures_of: FiguresOf | None = None
) -> Rows:
    """Answer the questions of one indicator; none when there are no two years of it."""
    once = cache(figures_of or partial(held, known))
    entry = known.indicator(name)
    years = sorted(int(year) for year in once(name).columns)
    kept = [scale for scale in scales if scale != REAL or entry.unit in MONEY]
    return [
        _answered(known, Question(name, years[0], last, scale, f"lowest:20%:{name}:first"), once)
        for scale in kept
        for last in years[1:]
    ]


def _answered(known: Catalogue, question: Question, figures_of: FiguresOf) -> dict[str, object]:
    """Answer one question, or say why there is no answer."""
    row: dict[str, object] = {
        "indicator": question.indicator, "scale": question.scale, "first": question.first, "last": question.last,
        "municipalities": 0, "unit": unit_of(known, question), "reason": "",
    }  # fmt: skip
    try:
        table, _ = every_change(known, question, figures_of)
    except ParameterError:  # years and scale are there: what lacks are the counts to weigh by
        return {**row, "reason": "no_weights"}
    except NotComputableError as problem:
        return {**row, "reason": problem.reason}
    row["municipalities"] = len(table)
    if len(table) < FEWEST:
        return {**row, "reason": "too_few_municipalities"}
    posterior, _ = pooled(table, prior_of(smallest_effect(known, question)))
    low, high = posterior.coefficients.interval(LEVEL)
    above = posterior.effects.above(0.0)
    return {
        **row, "heavy": 100 * posterior.heavy, "mean": float(posterior.coefficients.average[0]), "low": float(low[0]),
        "high": float(high[0]), "spread": posterior.tau_mean, "grew": 100 * float((above >= SURE).mean()),
        "shrank": 100 * float((above <= 1 - SURE).mean()),
    }  # fmt: skip
