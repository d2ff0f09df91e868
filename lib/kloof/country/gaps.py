"""What all municipalities of the store say together of how a gap changed, and where each of them stands among all.

One municipality cannot tell a change that matters from chance; together they can (`methods.hierarchical`). Everywhere
the same registered rule makes the list, from figures of the first year.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from math import floor
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import MONEY, Catalogue, catalogue
from kloof.country.figures import (
    FILL,
    Covariate,
    by_municipality,
    check_covariates,
    held,
    of_nearest_year,
    standardised,
    weights_of,
)
from kloof.errors import NotComputableError, ParameterError
from kloof.methods.arrays import Array
from kloof.methods.by_place import Common, Layout, differences
from kloof.methods.gap import ABSOLUTE, REAL, RELATIVE
from kloof.methods.hierarchical import (
    DEGREES,
    LogPrior,
    Posterior,
    averaged,
    drawn_in_variance,
    fit,
    fit_heavy,
    flat_in_variance,
    ranks,
)
from kloof.methods.spending import price_factors
from kloof.paths import data_folder
from kloof.schema import SetAside
from kloof.shown import Shown, ends_of
from kloof.study.load import price_index
from kloof.study.panel import RULE
from kloof.study.places import code_of, names
from kloof.typed import typed

FEWEST = 30  # municipalities: with fewer the spread between them is what its prior says
EACH_SCALE = (ABSOLUTE, REAL, RELATIVE)  # by place a list of the lowest can only climb, everywhere
FILE = "national.csv"
FiguresOf = Callable[[str], pd.DataFrame]  # the figures of an indicator: code × year
SHARED = tuple(field.name for field in fields(Common))  # columns that are one number for the whole country
CHANGE_COLUMNS = ("municipality", "name", "estimate", "error", "degrees", "listed", "buurten", "size", *SHARED)
EXAMPLE = "lowest:20%:mean_dwelling_value:first"
NORMAL, HEAVY, AVERAGED = "normal", "heavy", "averaged"
WIDE = 5.0  # times the smallest effect that matters: the scale of the prior of what places differ
LEVEL = 0.9  # of the ranges of places and of the mean
SURE = 0.9  # probability from which on a change is called more than chance
OWN_RANGE = 2 * SURE - 1  # of it: wholly above 0 exactly where the gap grew with the probability that counts as sure
WITHOUT = "no_covariate"  # why a municipality was left out
ONLY_STORE = f"Covariates come out of the store; data/{FILE} holds none. {FILL}."


@dataclass(frozen=True)
class Question:
    """What is asked of every municipality: the gap of an indicator between a list and the rest, from year to year.

    `scale`: absolute (as printed), real (constant prices) or relative (percent of the rest); `focus`: a rule with a
    percentage and `first`, such as `lowest:20%:mean_dwelling_value:first`.
    """

    indicator: str
    first: int
    last: int
    scale: str = RELATIVE
    focus: str = EXAMPLE


_ASKED = [field.name for field in fields(Question)]


class EveryPlace(Shown):
    """An answer with a row for each municipality: `above_zero` is the probability that its number grew."""

    places: pd.DataFrame

    @property
    def grew(self) -> float:
        """Percentage of the municipalities in which it grew with a probability of 90 percent or more."""
        return 100 * float((self.places["above_zero"] >= SURE).mean())

    @property
    def shrank(self) -> float:
        """Percentage of the municipalities in which it shrank with a probability of 90 percent or more."""
        return 100 * float((self.places["above_zero"] <= 1 - SURE).mean())


@dataclass(frozen=True, repr=False)
class National(EveryPlace):
    """The answer: `mean` and `spread` over municipalities with their 90 percent ranges, and a row for each of them.

    Above 0 the gap grew. `places` has municipality, name, estimate, own_error (its own), error (drawn in to what its
    size makes usual), expected, low, high (with what all say), above_zero, above_smallest, below_smallest
    (probabilities), rank, rank_low, rank_high (1 grew most), listed, buurten; sorted by rank. `mean` and `spread` are
    (estimate, low, high) in the unit of `unit`, the spread being half the width in which two in three of them lie;
    `place` is the municipality that is told beside all, or nothing. `model` says how municipalities differ: normal,
    heavy (tails), or averaged; `heavy` is how probable tails are, in percent. `covariates` say what goes with the
    change; `spread` is then what is left beside them.
    """

    question: Question
    unit: str
    smallest_effect: float
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]
    places: pd.DataFrame
    set_aside: tuple[SetAside, ...]
    place: str = ""
    model: str = NORMAL
    heavy: float = 0.0
    covariates: tuple[Covariate, ...] = ()

    def in_short(self) -> dict[str, object]:
        """Give the question, the mean with its range, and in how many municipalities the gap surely grew or shrank."""
        asked = self.question
        return {
            "indicator": asked.indicator, "years": f"{asked.first}–{asked.last}", "scale": asked.scale,
            "list": asked.focus, "municipalities": len(self.places), "model": self.model,
            "heavy": f"{self.heavy:.0f} percent" if self.model == AVERAGED else None,
            "mean": ends_of(*self.mean, self.unit), "spread": ends_of(*self.spread, self.unit),
            "grew": f"{self.grew:.0f} percent", "shrank": f"{self.shrank:.0f} percent",
            "covariates": {one.indicator: f"{ends_of(*one.change, self.unit)}, {one.year}" for one in self.covariates},
            "without_covariate": sum(one.rows for one in self.set_aside if one.reason == WITHOUT) or None,
        }  # fmt: skip


def smallest_effect(known: Catalogue, question: Question) -> float:
    """Give the registered smallest change of a gap that matters, on the scale of the question."""
    entry = known.indicator(question.indicator)
    if question.scale == RELATIVE:
        return known.smallest_on(question.scale, question.indicator)
    if entry.smallest_effect is None:
        raise ParameterError(
            f"{question.indicator} has no smallest effect in the catalogue, so no change of it counts."
        )
    return float(entry.smallest_effect)


def prior_of(least: float) -> LogPrior:
    """Give the prior of how far municipalities differ, where `least` is the smallest change that matters."""
    return flat_in_variance(WIDE * least)


def every_change(
    known: Catalogue, question: Question, figures_of: FiguresOf | None = None
) -> tuple[pd.DataFrame, tuple[SetAside, ...]]:
    """Give the change of the gap in every municipality that has one: a row each, and what was left out, counted.

    Columns: municipality, name, estimate, error, degrees, listed, buurten, size (1 / size is the variance per unit of
    that of a buurt of the rest), and resemblance, across, ratio, which all have in common. The error is CR2, and counts
    how much buurten of a wijk resemble each other in the whole country (`methods.by_place`). Only buurten with a figure
    in both years and a weight count. `figures_of` gives the figures of an indicator; without it the store does.
    Raises ParameterError (a year, scale or rule that is not there) and NotComputableError(no_price_index).
    """
    rule = rule_of(known, question)
    figures_of = figures_of or partial(held, known)
    figures = figures_of(question.indicator)
    years = [int(year) for year in figures.columns]
    if lacking := [year for year in (question.first, question.last) if year not in years]:
        raise ParameterError(
            f"the store has no {question.indicator} by buurt of {' and '.join(map(str, lacking))}; it has "
            f"{', '.join(map(str, sorted(years))) or 'no year at all'}."
        )
    made = _table(known, question, rule, figures, figures_of)
    wholly = made[["before", "after", "weight"]].notna().all(axis=1) & (made["weight"] > 0)
    set_aside = [SetAside("not in both years", int((~wholly).sum()), "no_figure_in_both_years")]
    table, small = changes_of(known, question, made[wholly].sort_index())
    set_aside.append(SetAside("municipalities", small, "too_few_buurten"))
    return table, tuple(one for one in set_aside if one.rows)


def rule_of(known: Catalogue, question: Question) -> re.Match[str]:
    """Give the parts of the rule. Raises ParameterError for a name, scale, rule or years that cannot be asked."""
    known.indicator(question.indicator)  # raises where there is none of that name
    if question.scale not in EACH_SCALE:
        raise ParameterError(f"scale {question.scale!r} is not known. Valid: {', '.join(EACH_SCALE)}.")
    match = RULE.fullmatch(question.focus)
    if match is None or not match[2].endswith("%") or match[4] != "first":
        raise ParameterError(
            f"focus {question.focus!r} does not go for every municipality; give a rule such as {EXAMPLE}."
        )
    if question.first >= question.last:
        raise ParameterError(f"{question.first} is not before {question.last}.")
    return match


def _table(
    known: Catalogue, question: Question, rule: re.Match[str], figures: pd.DataFrame, figures_of: FiguresOf
) -> pd.DataFrame:
    """Lay out before, after, weight and listed, by buurt."""
    lists = turns(known, question, rule, figures, figures_of)
    table = pd.DataFrame({"before": figures[question.first], "after": figures[question.last], "turn": lists})
    table["weight"] = weights(known, question, table.index, figures_of)
    table["listed"] = table["turn"] <= 1
    return table


def turn_of(
    values: "pd.Series[float]", people: "pd.Series[float]", known: Catalogue, rule: re.Match[str]
) -> "pd.Series[float]":
    """Give the place of each buurt in the order of a rule with a percentage, in lengths of the list of its place.

    By `values` of one year; `people` are the inhabitants by buurt: one with too few is on no list, and gets nan.
    """
    large = values.where(people.reindex(values.index) >= float(known.settings["list_minimum_inhabitants"]))
    place = values.index.str.slice(2, 6)
    order = large.groupby(place).rank(method="first", ascending=rule[1] == "lowest")
    part = float(rule[2].removesuffix("%")) / 100
    made: pd.Series[float] = order / np.maximum(1, np.floor(part * large.groupby(place).transform("count") + 0.5))
    return made


def chosen_by(
    values: "pd.Series[float]", people: "pd.Series[float]", known: Catalogue, rule: re.Match[str]
) -> "pd.Series[bool]":
    """Tell which buurten a rule with a percentage puts on the list of their municipality; see `turn_of`."""
    listed: pd.Series[bool] = turn_of(values, people, known, rule) <= 1
    return listed


def turns(
    known: Catalogue,
    question: Question,
    rule: re.Match[str],
    figures: pd.DataFrame,
    figures_of: FiguresOf | None = None,
) -> "pd.Series[float]":
    """Give the place of each buurt in the order of the rule, in lengths of the list of its municipality.

    Up to 1 it is on the list, above 1 and up to 2 it would be on the next one; nan when it has no figure or too few
    inhabitants, in the year nearest to the first, to be on any.
    """
    figures_of = figures_of or partial(held, known)
    chosen = figures if rule[3] == question.indicator else figures_of(rule[3])
    if question.first not in chosen.columns:
        raise ParameterError(f"the store has no {rule[3]} by buurt of {question.first}, by which the list is made.")
    people = of_nearest_year(figures_of("inhabitants"), question.first)
    by = chosen[question.first].reindex(chosen.index.union(figures.index))
    return turn_of(by, people, known, rule)


def weights(
    known: Catalogue, question: Question, codes: pd.Index, figures_of: FiguresOf | None = None
) -> "pd.Series[float]":
    """Give what each buurt weighs: its universe, in the year nearest to the first."""
    return weights_of(known, question.indicator, question.first, codes, figures_of or partial(held, known))


def prices(known: Catalogue, indicator: str, years: Sequence[int]) -> Array:
    """Give what amounts of each year are multiplied by to be in prices of the last.

    Raises NotComputableError(no_price_index).
    """
    dated = [floor(year + known.indicator(indicator).measured) for year in years]
    empty = pd.DataFrame(columns=["indicator", "code", "year", "value", "status", "source"])
    index, _ = price_index(empty, dated)
    if not set(dated) <= index.keys():
        lacking = sorted(set(dated) - index.keys())
        raise NotComputableError("no_price_index", f"There is no price index of {' or '.join(map(str, lacking))}.")
    return np.asarray(price_factors(dated, index, dated[-1]), dtype=float)


def changes_of(
    known: Catalogue, question: Question, made: pd.DataFrame, common: Common | None = None
) -> tuple[pd.DataFrame, int]:
    """Give the change of every municipality, above 0 where the list fell further behind, and how many have none.

    `made` has before, after, weight and listed by code of a buurt; `common` is what all municipalities have in common
    where these are not all (see `by_place.differences`). Columns as `every_change`.
    """
    entry = known.indicator(question.indicator)
    better = entry.better
    if question.scale == REAL and entry.unit in MONEY:
        factor = float(prices(known, question.indicator, (question.first, question.last))[0])
        made = made.assign(before=made["before"] * factor)
    codes = made.index.str.slice(2, 6)
    sides = made["listed"].groupby(codes).agg(["sum", "size"])
    two = (sides["sum"] >= 2) & (sides["size"] - sides["sum"] >= 2)
    if question.scale == RELATIVE:  # a growth factor needs a mean above 0 in both groups and years
        weighed = made[["before", "after"]].mul(made["weight"], axis=0).groupby([codes, made["listed"]]).sum()
        two &= (weighed > 0).all(axis=1).groupby(level=0).all()
    made = made[two.reindex(codes).to_numpy(bool)]
    if made.empty:
        return pd.DataFrame(columns=list(CHANGE_COLUMNS)), len(two)
    place, found = pd.factorize(made.index.str.slice(2, 6))
    cluster, _ = pd.factorize(made.index.str.slice(2, 8))
    before, after, weight = (made[name].to_numpy(float) for name in ("before", "after", "weight"))
    layout = Layout(weight, made["listed"].to_numpy(bool), place, cluster, len(found))
    starts = layout.means(before)
    focus, rest = starts[::2], starts[1::2]
    sign = np.full(len(found), -float(better)) if better else np.where(focus < rest, -1.0, 1.0)
    contrast = after - before
    if question.scale == RELATIVE:  # what each buurt adds to the log growth of its own group, as `gap.log_growth`
        first, last = starts[layout.side], layout.means(after)[layout.side]
        contrast = after / last - before / first + np.log(last / first)
    change = differences(contrast, layout, common)
    estimate, error = change.estimate, np.sqrt(change.variance)
    if question.scale == RELATIVE:
        estimate, error = 100 * focus / rest * np.expm1(estimate), np.abs(100 * focus / rest) * error
    called, municipalities = names(), [f"GM{code}" for code in found]
    table = pd.DataFrame(
        {
            "municipality": municipalities, "name": [called.get(code, code) for code in municipalities],
            "estimate": sign * estimate, "error": error, "degrees": change.degrees,
            "listed": np.bincount(place, layout.is_focus).astype(int), "buurten": np.bincount(place),
            "size": change.size, **asdict(change.common),
        }
    )  # fmt: skip
    kept = table[~change.flat].reset_index(drop=True)
    return kept, len(two) - len(kept)


def answer(
    known: Catalogue, question: Question, model: str = "", place: str = "", covariates: Sequence[str] = ()
) -> National:
    """Answer a question for all municipalities together: those of the store, or those of data/national.csv.

    That file holds the changes of some questions, made from the whole country, for whoever has no such store. `model`
    is normal, heavy, or empty: both, each by how probable it makes the changes. `place` is the code of the municipality
    that is told beside all. `covariates` are indicators out of the store, of the year nearest to the first, with which
    the change may go; the model is then the normal one.
    Raises what `every_change` raises, ParameterError (model, covariates), and NotComputableError
    (too_few_municipalities) with fewer than thirty.
    """
    if model not in (NORMAL, HEAVY, ""):
        raise ParameterError(f"model {model!r} is not known. Valid: {NORMAL}, {HEAVY}.")
    if covariates and model == HEAVY:
        raise ParameterError("heavy tails take no covariates: leave out the model, which is normal with them.")
    check_covariates(known, covariates)
    rule_of(known, question)
    table, set_aside, beside, told = _with_covariates(known, question, covariates)
    if len(table) < FEWEST:
        raise NotComputableError(
            "too_few_municipalities",
            f"{len(table)} municipalities have a change{' and every covariate' * bool(covariates)}; together they need "
            f"{FEWEST}.{f' {ONLY_STORE}' * bool(covariates)}",
        )
    least = smallest_effect(known, question)
    design, found = standardised(beside, told)
    posterior, error = pooled(table, prior_of(least), model, design)
    return National(
        question, unit_of(known, question), least, mean_of(posterior), spread_of(posterior),
        _places(table, error, posterior, least), set_aside, place,
        model or (NORMAL if covariates else AVERAGED), 100 * posterior.heavy, _changes_with(found, posterior),
    )  # fmt: skip


def pooled(
    table: pd.DataFrame, prior: LogPrior, model: str = "", covariates: Array | None = None
) -> tuple[Posterior, Array]:
    """Fit the model to the changes of all municipalities; give it with the standard error that each was given (k).

    `table` has estimate, error (its own), degrees and size, as `every_change` makes them. Without `model` both are
    averaged, normal and heavy tails. With `covariates` (k × c, centred) it is the normal one: the first coefficient
    stays the mean of all.
    """
    error, degrees, size = (table[name].to_numpy(float) for name in ("error", "degrees", "size"))
    made = np.sqrt(drawn_in_variance(error**2, degrees, size))
    estimate = table["estimate"].to_numpy(float)
    if covariates is not None:
        return fit(estimate, made, prior, covariates), made
    tails = {NORMAL: (np.inf,), HEAVY: (DEGREES,)}.get(model, (np.inf, DEGREES))
    return averaged({one: fit_heavy(estimate, made, prior, one) for one in tails}), made


@typed
def country_change(  # noqa: PLR0913 (each is a part of one question)
    indicator: str,
    years: tuple[int, int],
    scale: str = RELATIVE,
    focus: str = "",
    place: str = "",
    model: str = "",
    *,
    covariates: Sequence[str] = (),
) -> National:
    """Say how the gap of a figure changed in all municipalities together, and where one of them stands.

    `years`: the first and the last. `scale`: absolute (as printed), real (constant prices), relative (percent of the
    rest). `focus` is the rule that makes each list, by figures of the first year; empty: the lowest fifth of this
    figure. `place` is a municipality by name or code. `model`: normal, heavy (tails), or empty: both, averaged. Out of
    the store when it holds both years by buurt for thirty municipalities, else out of data/national.csv.
    `covariates`: indicators with which the change may go, out of the store alone; the model is then normal. Of each the
    answer has the change per standard deviation: of a mean or share over the buurten of a municipality, of a count in
    all of it, in the year nearest to the first. Raises ParameterError (a name, year, scale, rule, model or covariate
    that is not there) and NotComputableError (too_few_municipalities, no_price_index).

    >>> found = country_change("mean_dwelling_value", (2017, 2024), scale="real", place="Breda")
    >>> len(found.places), round(found.grew)
    (242, 87)
    """
    known = catalogue()
    known.indicator(indicator)
    asked = Question(indicator, *years, scale, focus or f"lowest:20%:{indicator}:first")
    return answer(known, asked, model, code_of(place) if place else "", covariates)


def _with_covariates(
    known: Catalogue, question: Question, names: Sequence[str]
) -> tuple[pd.DataFrame, tuple[SetAside, ...], pd.DataFrame, list[int]]:
    """Give the changes, what was left out, the covariates beside the changes (k × c), and the year of each of these.

    With covariates only the store can say; a municipality that lacks one is left out.
    """
    if not names:
        return *held_or_embedded(known, question), pd.DataFrame(), []
    try:
        table, set_aside = every_change(known, question)
    except ParameterError as problem:
        raise ParameterError(f"{problem} {ONLY_STORE}") from None
    found = [by_municipality(known, name, question.first, partial(held, known)) for name in names]
    places = table["municipality"]
    values = pd.DataFrame({name: one.reindex(places) for name, (one, _) in zip(names, found, strict=True)})
    has = values.notna().all(axis=1).to_numpy(bool)
    if not has.all():
        set_aside = (*set_aside, SetAside("municipalities", int((~has).sum()), WITHOUT))
    return table[has].reset_index(drop=True), set_aside, values[has], [year for _, year in found]


def _changes_with(covariates: Sequence[Covariate], posterior: Posterior) -> tuple[Covariate, ...]:
    """Give each covariate what goes with it, by the model."""
    low, high = posterior.coefficients.interval(LEVEL)
    average = posterior.coefficients.average
    return tuple(
        replace(one, change=(float(average[at]), float(low[at]), float(high[at])))
        for at, one in enumerate(covariates, start=1)
    )


def held_or_embedded(known: Catalogue, question: Question) -> tuple[pd.DataFrame, tuple[SetAside, ...]]:
    """Give the changes out of the store, or those that the project holds where the store has too few."""
    kept = embedded(question)
    try:
        table, set_aside = every_change(known, question)
    except ParameterError:
        if kept is None:
            raise
        return kept, ()
    return (kept, ()) if kept is not None and len(table) < FEWEST else (table, set_aside)


def _kept() -> pd.DataFrame:
    """Read data/national.csv; without that file it has no rows."""
    path = data_folder() / FILE
    return pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=_ASKED)


def embedded(question: Question) -> pd.DataFrame | None:
    """Give the changes that data/national.csv holds of a question; None when it has none."""
    table = _kept()
    own = table[(table[_ASKED] == list(asdict(question).values())).all(axis=1)]
    return None if own.empty else own.drop(columns=_ASKED).reset_index(drop=True)


def embedded_questions() -> list[Question]:
    """List the questions of which data/national.csv holds the changes; none without that file."""
    return [Question(*row) for row in _kept()[_ASKED].drop_duplicates().itertuples(index=False)]


def to_embed(known: Catalogue, questions: Sequence[Question]) -> pd.DataFrame:
    """Make the table of data/national.csv out of the store: the changes of each question, to six digits."""
    made = []
    for question in questions:
        table, _ = every_change(known, question)
        asked = pd.DataFrame([asdict(question)] * len(table))
        made.append(pd.concat([asked, table], axis=1))
    whole = pd.concat(made, ignore_index=True)
    rounded = {
        name: [float(f"{value:.6g}") for value in whole[name]]
        for name in ("estimate", "error", "degrees", "size", *SHARED)
    }
    return whole.assign(**rounded)


def unit_of(known: Catalogue, question: Question) -> str:
    """Name the unit of a change."""
    if question.scale == RELATIVE:
        return "points"
    return str(known.units[known.indicator(question.indicator).unit]["change"])


def mean_of(posterior: Posterior) -> tuple[float, float, float]:
    """Give the mean over municipalities with its 90 percent range."""
    low, high = posterior.coefficients.interval(LEVEL)
    return float(posterior.coefficients.average[0]), float(low[0]), float(high[0])


def spread_of(posterior: Posterior) -> tuple[float, float, float]:
    """Give how far municipalities differ (τ) with its 90 percent range."""
    ends = (posterior.tau_quantile(p) for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    low, high = ends
    return posterior.tau_mean, low, high


def _places(table: pd.DataFrame, error: Array, posterior: Posterior, least: float) -> pd.DataFrame:
    """Lay out what is known of each municipality with what all say."""
    low, high = posterior.effects.interval(LEVEL)
    expected, best, worst = ranks(posterior, LEVEL)
    columns: dict[str, Any] = {
        "municipality": table["municipality"], "name": table["name"],
        "estimate": table["estimate"], "own_error": table["error"],
        "error": error, "expected": posterior.effects.average, "low": low, "high": high,
        "above_zero": posterior.effects.above(0.0), "above_smallest": posterior.effects.above(least),
        "below_smallest": 1 - posterior.effects.above(-least), "rank": expected,
        "rank_low": best.astype(int), "rank_high": worst.astype(int),
        "listed": table["listed"], "buurten": table["buurten"],
    }  # fmt: skip
    return pd.DataFrame(columns).sort_values(["rank", "municipality"], kind="stable").reset_index(drop=True)


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

    Everywhere else the same rule makes the list. Here the row of the place is that of its own list, by the same
    estimator: given mean and spread of all, which the others set, its change is drawn in as theirs are.

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
    low, high = posterior.effects.interval(OWN_RANGE)
    return OwnList(
        float(row["estimate"].iloc[0]), float(posterior.effects.average[-1]), float(low[-1]), float(high[-1]),
        float(posterior.effects.above(0.0)[-1]), float(posterior.effects.above(least)[-1]),
        float(1 - posterior.effects.above(-least)[-1]), len(others),
    )  # fmt: skip
