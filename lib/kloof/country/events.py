"""Before and since an event in all municipalities together: what the gap did beyond its own line before it.

Every municipality has its own list by the same registered rule, its own line and its own departure from it; together
they say how large the departure is (`gaps.pooled`). It is called one only where it is larger than what earlier years,
taken as the event, depart from theirs, and stands whatever year the line begins in (placebos in time), and where the
buurten that would have been listed next did not do much the same (placebo in place): what moves everywhere along the
ladder says nothing of a list.
Sources: Abadie, Diamond & Hainmueller 2010, doi:10.1198/jasa.2009.ap08746 (both placebos); `methods.gap` (lines).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.catalogue import MONEY, Catalogue, catalogue
from kloof.country.figures import COVERED, Range, check_comparable, held
from kloof.country.gaps import (
    FEWEST,
    Question,
    mean_of,
    pooled,
    prices,
    prior_of,
    rule_of,
    smallest_effect,
    spread_of,
    turns,
    unit_of,
    weights,
)
from kloof.errors import NotComputableError, ParameterError
from kloof.findings import HIGHER, LOWER, SAME, UNCLEAR
from kloof.methods.arrays import Array, Flags
from kloof.methods.contrast import Parts, combination, size_and_degrees_of
from kloof.methods.gap import REAL, RELATIVE, STALE, beyond_line, false_events, weighted_means
from kloof.schema import SetAside
from kloof.shown import Shown, ends_of, years_of

FEWEST_YEARS = 3  # before the event
SHORTEST = 3  # years of the shortest line before the event: what bent later than that can't be told from the event
LINE, LAST_YEAR = "line", "last_year"  # what the years since an event are held against
CHANCE, UNTESTED, BENT, EVERYWHERE = "within_chance", "line_not_tested", "line_does_not_hold", "everywhere"
_NOTHING = 1e-9  # of the largest figure: a spread that is smaller is only floating point


@dataclass(frozen=True)
class Panel:
    """The figures of every buurt of the country over the years, oriented by no one yet.

    `value` buurt × year; `weight`, `turn` (see `gaps.turns`) and `municipality` one per buurt, `times` one per year.
    `better` is 1 or -1 (0: the gap is above 0 where it was so in the first year); `relative` measures in percent of the
    rest. `skipped` is 1 where the list was made of the first of these very figures: chance that lifted a buurt onto it
    is gone a year later, which a line through that year would take for a trend.
    """

    value: Array
    weight: Array
    turn: Array
    municipality: NDArray[Any]
    years: tuple[int, ...]
    times: Array
    better: int
    relative: bool
    skipped: int


@dataclass(frozen=True, repr=False)
class Events(Shown):
    """What the gap did around an event in all municipalities; above 0 it grew, each number with its 90 percent range.

    `departure` is the mean over the years since, `spread` (τ) how far municipalities differ in it. `yearly` has year,
    period (before, base, since), change, change_low, change_high, change_spread (since the base, the last year before)
    and beyond, beyond_low, beyond_high, beyond_spread (beyond the line). `in_time` has a row for each earlier year
    taken as the event: year, departure, low, high, and lead_low: how far the real departure goes beyond it at least,
    whatever its direction. `by_line` has the departure from shorter lines, from each later `year` on: where the gap
    bent before the event, some line begins at the bend. `elsewhere` is the departure of those who would have been
    listed next, `own` what the list did beyond twice that. `judgement` HIGHER, LOWER, SAME or UNCLEAR, `reason` why it
    is not clear.
    """

    question: Question
    event: float
    against: str
    unit: str
    smallest_effect: float
    municipalities: int
    yearly: pd.DataFrame
    departure: Range
    spread: Range
    in_time: pd.DataFrame
    by_line: pd.DataFrame
    elsewhere: Range
    own: Range
    judgement: str
    reason: str
    set_aside: tuple[SetAside, ...] = ()

    def in_short(self) -> dict[str, object]:
        """Give what was asked, the departure since the event, what both placebos do, and the judgement."""
        largest = self.in_time["departure"].abs().max()
        return {
            "indicator": self.question.indicator, "scale": self.question.scale, "list": self.question.focus,
            "event": f"{self.event:g}", "years": years_of([int(year) for year in self.yearly["year"]]),
            "against": self.against, "municipalities": self.municipalities,
            "departure": ends_of(*self.departure, self.unit), "spread": ends_of(*self.spread, self.unit),
            "smallest_effect": f"{self.smallest_effect:g} {self.unit}",
            "in_time": f"{len(self.in_time)} false events, the largest {largest:.4g}" if len(self.in_time) else "",
            "elsewhere": ends_of(*self.elsewhere, self.unit), "own": ends_of(*self.own, self.unit),
            "judgement": f"{self.judgement} ({self.reason})" if self.reason else self.judgement,
        }  # fmt: skip


def around_event(
    indicator: str,
    event: float,
    years: tuple[int | None, int | None] = (None, None),
    scale: str = RELATIVE,
    focus: str = "",
    against: str = LINE,
) -> Events:
    """Say what the gap of an indicator did since an event in all municipalities of the store together.

    `event` is a moment in years (March 2020 is 2020.17): a figure that holds for an earlier moment is before it.
    `years` are the first and the last (none: as far as the store has enough); the list is made of figures of the first.
    `against`: line (each municipality's own straight line before the event), or last_year.
    Raises ParameterError (a name, year, scale or rule that is not there) and NotComputableError
    (no_figures, too_few_years_before, no_year_since, no_year_just_before, too_few_municipalities, no_price_index,
    series_broken).
    """
    known = catalogue()
    known.indicator(indicator)
    counts = held(known, indicator).notna().sum()
    full = [int(year) for year in counts.index if counts[year] >= COVERED * counts.max()]
    if not full:
        raise NotComputableError(
            "no_figures", f"The store has no {indicator} by buurt. To get it: kloof data fetch --all."
        )
    first, last = years[0] or min(full), years[1] or max(full)
    asked = Question(indicator, first, last, scale, focus or f"lowest:20%:{indicator}:first")
    return since(known, asked, event, against)


def since(known: Catalogue, question: Question, event: float, against: str = LINE) -> Events:
    """Answer a question for an event out of the store; see `around_event`."""
    if against not in (LINE, LAST_YEAR):
        raise ParameterError(f"{against!r} is nothing to hold years against. Valid: {LINE}, {LAST_YEAR}.")
    panel, set_aside = panel_of(known, question)
    found = judged(panel, question, event, smallest_effect(known, question), against)
    return replace(found, unit=unit_of(known, question), set_aside=(*set_aside, *found.set_aside))


def panel_of(known: Catalogue, question: Question) -> tuple[Panel, tuple[SetAside, ...]]:
    """Lay out the figures of all buurten that have one in every year that counts, and what was left out, counted.

    A year in which fewer than half as many buurten have a figure as in the fullest does not count; the first must, for
    the list rests on it. Raises ParameterError and NotComputableError(no_price_index, series_broken).
    """
    rule = rule_of(known, question)
    entry = known.indicator(question.indicator)
    figures = held(known, question.indicator)
    counts = figures.notna().sum()
    asked = [year for year in sorted(map(int, figures.columns)) if question.first <= year <= question.last]
    if question.first not in asked:
        raise ParameterError(
            f"the store has no {question.indicator} by buurt of {question.first}; it has "
            f"{', '.join(map(str, sorted(figures.columns))) or 'no year at all'}."
        )
    full = [year for year in asked if counts[year] >= COVERED * counts[asked].max()]
    thin = [SetAside(f"year {year}", int(counts[year]), "too_little_measured") for year in asked if year not in full]
    if question.first not in full:
        raise ParameterError(
            f"{question.first} has {question.indicator} of {counts[question.first]} buurten, against "
            f"{counts[asked].max()} in another year: start in a later year (--from)."
        )
    check_comparable(known, question.indicator, full)
    turn = turns(known, question, rule, figures).reindex(figures.index)
    weight = weights(known, question, figures.index)
    whole = figures[full].notna().all(axis=1) & (weight > 0)
    thin.append(SetAside("not in every year", int((~whole).sum()), "not_measured_in_every_year"))
    value = figures.loc[whole, full].to_numpy(np.float64)
    heavy: Array = np.asarray(weight[whole], dtype=np.float64)
    municipality = "GM" + figures.index[whole].str.slice(2, 6).to_numpy(str)
    if question.scale == REAL and entry.unit in MONEY:
        value = value * prices(known, question.indicator, full)
    made = Panel(
        value, heavy, np.asarray(turn[whole], dtype=np.float64), municipality, tuple(full),
        np.array(full) + entry.measured, entry.better, question.scale == RELATIVE, int(rule[3] == question.indicator),
    )  # fmt: skip
    return made, tuple(one for one in thin if one.rows)


def rows_of(labels: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Give the rows of each label, in the order of the labels."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(labels[order][1:] != labels[order][:-1]) + 1
    return np.split(order, starts)


Key = tuple[str, int]  # what is asked of the years, and of which year; the departure is of none
DEPARTURE: Key = ("departure", 0)
YEARLY = ("change", "beyond")


def asked_of(panel: Panel, event: float, against: str) -> dict[Key, Array]:
    """Work out what each year counts in every number that is asked of a municipality's gaps.

    "change" of each year since the last before the event, "beyond" of each year since it, the departure, "false" of
    each earlier year that is taken as the event, and "shorter" of each later year in which the line may begin. Raises
    NotComputableError as `around_event` does.
    """
    times, skipped = panel.times, panel.skipped
    before = times < event
    count = int(before.sum())
    if count < FEWEST_YEARS:
        raise NotComputableError(
            "too_few_years_before",
            f"Before {event:g} there are {count} years of figures (of {years_of(list(panel.years))}); what came before "
            f"can be told from what came since with {FEWEST_YEARS} or more.",
        )
    if before.all():
        raise NotComputableError("no_year_since", f"There is no year of figures since {event:g}.")
    if event - times[count - 1] > STALE:
        raise NotComputableError(
            "no_year_just_before", f"The last figure before {event:g} is true of {times[count - 1]:g}: too long before."
        )
    each = np.eye(len(times))
    base = each[count - 1]
    made: dict[Key, Array] = {("change", at): each[at] - base for at in range(len(times)) if at != count - 1}
    if against == LINE:
        design = np.column_stack([np.ones(len(times)), times])
        drawn = np.zeros((len(times), len(times)))
        drawn[:, skipped:count] = design @ np.linalg.pinv(design[skipped:count])
        first, last = beyond_line(times[skipped:], list(before[skipped:]))
        made[DEPARTURE] = np.concatenate([np.zeros(skipped), last - first])
        for at, (line, after) in enumerate(false_events(times, list(before), skipped), skipped + 2):
            made["false", at] = after - line
        for at in range(skipped + 1, count - SHORTEST + 1):
            line, after = beyond_line(times[at:], list(before[at:]))
            made["shorter", at] = np.concatenate([np.zeros(at), after - line])
    else:
        drawn = np.tile(base, (len(times), 1))
        made[DEPARTURE] = each[count:].mean(axis=0) - base
        for at in range(skipped + 1, count):
            made["false", at] = each[at:count].mean(axis=0) - each[at - 1]
    return made | {("beyond", at): each[at] - drawn[at] for at in range(count, len(times))}


def judged(
    panel: Panel, question: Question, event: float, least: float, against: str = LINE, *, by_year: bool = True
) -> Events:
    """Pool what all municipalities of a panel did around an event, and judge it. Raises as `around_event`.

    `by_year` asks for every year by itself too, which the judgement does not need.
    """
    asked = asked_of(panel, event, against)
    if not by_year:
        asked = {key: counts for key, counts in asked.items() if key[0] not in YEARLY}
    falses = [at for kind, at in asked if kind == "false"]
    for at in falses:  # is the departure larger than that of the false event, whatever the direction of the latter?
        asked["less", at] = asked[DEPARTURE] - asked["false", at]
        asked["more", at] = asked[DEPARTURE] + asked["false", at]
    tables, set_aside = estimates(panel, asked)
    count = len(tables["own"][DEPARTURE])
    if count < FEWEST:
        raise NotComputableError(
            "too_few_municipalities", f"{count} municipalities have lists to compare; together they need {FEWEST}."
        )

    def ranged(key: Key, kind: str = LISTED) -> tuple[Range, Range]:
        posterior, _ = pooled(tables[kind][key], prior_of(least))
        return mean_of(posterior), spread_of(posterior)

    departure, spread = ranged(DEPARTURE)
    rows = []
    for at in falses:
        mean, both = ranged(("false", at))[0], [ranged((kind, at))[0] for kind in ("less", "more")]
        lead = min(one[1] for one in both) if departure[0] > 0 else -max(one[2] for one in both)
        rows.append([panel.years[at], *mean, lead])
    in_time = pd.DataFrame(rows, columns=["year", "departure", "low", "high", "lead_low"])
    shorter = [[panel.years[at], *ranged((kind, at))[0]] for kind, at in asked if kind == "shorter"]
    by_line = pd.DataFrame(shorter, columns=["year", "departure", "low", "high"])
    own = ranged(DEPARTURE, OWN)[0]
    judgement, reason = judgement_of(departure, in_time, by_line, own, least)
    yearly = _yearly(panel.years if by_year else (), asked, ranged)
    return Events(
        question, event, against, "", least, count, yearly, departure, spread, in_time, by_line,
        ranged(DEPARTURE, NEXT)[0], own, judgement, reason, set_aside,
    )  # fmt: skip


def _yearly(
    years: tuple[int, ...], asked: dict[Key, Array], ranged: Callable[[Key], tuple[Range, Range]]
) -> pd.DataFrame:
    """Lay out the change since the last year before and the departure, year by year; missing where nothing is asked."""
    rows = []
    for at, year in enumerate(years):
        period = "since" if ("beyond", at) in asked else "before" if ("change", at) in asked else "base"
        row: list[Any] = [year, period]
        for kind in YEARLY:
            mean, spread = ranged((kind, at)) if (kind, at) in asked else ((np.nan,) * 3, (np.nan,) * 3)
            row += [*mean, spread[0]]
        rows.append(row)
    names = [f"{name}{end}" for name in YEARLY for end in ("", "_low", "_high", "_spread")]
    return pd.DataFrame(rows, columns=["year", "period", *names])


def judgement_of(
    departure: Range, in_time: pd.DataFrame, by_line: pd.DataFrame, own: Range, least: float
) -> tuple[str, str]:
    """Judge a departure by its range and both placebos: HIGHER, LOWER, SAME or UNCLEAR, and why it is not clear.

    SAME needs the whole range within the smallest effect, also when it is widened to hold the largest false event that
    is as large, and no shorter line that departs by more: a bend and an event may cancel. A direction needs a range on
    one side of 0, from every shorter line too, a lead on every false event, and a list that did more than twice what
    those did who would be listed next.
    """
    estimate, low, high = departure
    if in_time.empty:
        return UNCLEAR, UNTESTED
    largest = float(in_time["departure"].abs().max())
    reach = largest if largest >= abs(estimate) else 0.0
    if -least <= min(low, estimate - reach) and max(high, estimate + reach) <= least:
        return (SAME, "") if (by_line["departure"].abs() <= least).all() else (UNCLEAR, BENT)
    if low <= 0 <= high:
        return UNCLEAR, CHANCE
    ahead = by_line["low"] if estimate > 0 else -by_line["high"]
    if (in_time["lead_low"] <= 0).any() or (ahead <= 0).any():
        return UNCLEAR, BENT
    if (own[1] if estimate > 0 else -own[2]) <= 0:
        return UNCLEAR, EVERYWHERE
    return (HIGHER if estimate > 0 else LOWER), ""


LISTED, NEXT, OWN = "listed", "next", "own"
Tables = dict[str, dict[Key, pd.DataFrame]]


def estimates(panel: Panel, asked: Mapping[Key, Array]) -> tuple[Tables, tuple[SetAside, ...]]:
    """Estimate what was asked of the gap in every municipality, and what was left out, counted.

    "listed": the list against all others; of the departure also "next": those who would be listed next against the
    rest, and "own": what the list did beyond twice that, both against the rest. Each is a table for `gaps.pooled`.
    Every group needs two buurten, and every number a spread.
    """
    keys = list(asked)
    numbers = {LISTED: np.column_stack([asked[key] for key in keys])}
    numbers[NEXT] = numbers[OWN] = asked[DEPARTURE][:, None]
    found: dict[str, list[tuple[Array, Array, float, float]]] = {kind: [] for kind in numbers}
    left_out = dict.fromkeys(("too_few_buurten", "no_spread", "rest_is_zero"), 0)
    for rows in rows_of(panel.municipality):
        value, weight, turn = panel.value[rows], panel.weight[rows], panel.turn[rows]
        listed, following = turn <= 1, (turn > 1) & (turn <= 2)
        rest = ~listed & ~following
        parts: dict[str, Parts] = {
            LISTED: ((listed, 1.0), (~listed, -1.0)),
            NEXT: ((following, 1.0), (rest, -1.0)),
            OWN: ((listed, 1.0), (following, -2.0), (rest, 1.0)),
        }
        try:
            sign = _sign(panel.better, value[:, 0], weight, listed)
            made = {kind: _one(panel, value, weight, parts[kind], sign * numbers[kind]) for kind in parts}
        except NotComputableError as problem:
            left_out[problem.reason] += 1
            continue
        for kind, one in made.items():
            found[kind].append(one)
    tables = {kind: _tables(rows, keys if kind == LISTED else [DEPARTURE]) for kind, rows in found.items()}
    aside = tuple(SetAside("municipalities", count, reason) for reason, count in left_out.items() if count)
    return tables, aside


def _sign(better: int, first: Array, weight: Array, listed: Flags) -> float:
    """Give what turns list minus rest into a gap: above 0 where the list is worse off, or was above 0 at first."""
    if better:
        return -float(better)
    focus, rest = weighted_means(first, weight, listed)
    return float(np.sign(focus - rest)) or 1.0


def _one(panel: Panel, value: Array, weight: Array, parts: Parts, numbers: Array) -> tuple[Array, Array, float, float]:
    """Estimate numbers (years × k) of one municipality: estimates and errors (k), degrees and size."""
    if min(side.sum() for side, _ in parts) < 2:
        raise NotComputableError("too_few_buurten", "A group has fewer than two buurten, so no spread.")
    figures = _in_percent(value, weight, parts) if panel.relative else value
    contrasts = figures @ numbers
    made = combination(contrasts, weight, parts)
    if (made.standard_error <= _NOTHING * np.abs(figures).max()).any():
        raise NotComputableError("no_spread", "All buurten of every group did the same.")
    size, degrees = size_and_degrees_of(weight, parts)
    return made.estimate, made.standard_error, degrees, size


def _in_percent(value: Array, weight: Array, parts: Parts) -> Array:
    """Turn figures into what each buurt adds to the ratio of its group to the rest, in percent, year by year.

    The `combination` of the parts is then that of the ratios themselves, and its spread theirs (delta method): with
    group means M and that of the rest R, the last part, M / R moves by 1 / R with M and by -M / R² with R.
    """
    means = [weight[side] @ value[side] / weight[side].sum() for side, _ in parts]
    rest = means[-1]
    if rest.min() <= 0:
        raise NotComputableError("rest_is_zero", "The rest has a mean that is not above 0, so there is no ratio.")
    made = 100 * value / rest
    side, times = parts[-1]
    slope = sum(part[1] * mean for part, mean in zip(parts[:-1], means[:-1], strict=True)) / rest**2
    made[side] = 100 - 100 * slope / times * (value[side] - rest)
    return np.asarray(made)


def _tables(rows: Sequence[tuple[Array, Array, float, float]], keys: Sequence[Key]) -> dict[Key, pd.DataFrame]:
    """Lay the estimates of all municipalities out as a table for each number."""
    degrees, size = ([row[part] for row in rows] for part in (2, 3))
    return {
        key: pd.DataFrame({
            "estimate": [row[0][at] for row in rows], "error": [row[1][at] for row in rows],
            "degrees": degrees, "size": size,
        })
        for at, key in enumerate(keys)
    }  # fmt: skip
