"""How an index of segregation grew or shrank in every municipality, and what all of them together say of each.

A change is over the buurten that have counts in both years, as a growth: the logarithm of a ratio, after what small
counts add is taken off. All growths are judged by the model that gaps are judged by (`methods.hierarchical`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kloof.country.counted import DISSIMILARITY, MEASURES, Subject, complete
from kloof.country.gaps import FEWEST, LEVEL, EveryPlace, pooled, prior_of
from kloof.errors import NotComputableError
from kloof.measures.chance import bias_corrected
from kloof.measures.country import Everywhere
from kloof.measures.intervals import Limits, interval
from kloof.measures.resample import Difference, Drawing, Measure, weighted
from kloof.measures.tables import FloatArray, Segments, divide
from kloof.measures.two_groups import dissimilarity, expected_under_evenness
from kloof.methods.hierarchical import Posterior, ranks
from kloof.schema import SetAside
from kloof.shown import ends_of
from kloof.study.panel import JUMP
from kloof.study.places import names

FEWEST_BUURTEN = 10  # fewer, drawn anew, do not say how far a change could have been otherwise
RESAMPLES = 999  # of the buurten
CLEARLY = 2.0  # times what chance alone gives: from there on an index can be said to grow
_NOTHING = 1e-12  # an index, or a spread, below this is 0
GROWTH = ("before", "after", "estimate", "low", "high", "error", "degrees", "size", "buurten")


@dataclass(frozen=True, repr=False)
class Change(EveryPlace):
    """How the index changed in all municipalities together: `mean` and `spread` with their 90 percent ranges.

    All in percent of the index. `places` has a row for each: municipality, name, before (the index), estimate
    (corrected for what small counts add), own_low, own_high (the buurten drawn anew, each with both its years),
    expected, low, high (with what all say), above_zero, above_smallest, below_smallest (probabilities; the smallest
    effect is in index points), rank, rank_low, rank_high (1 grew most), buurten; sorted by rank.
    """

    years: tuple[int, int]
    smallest_effect: float
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]
    places: pd.DataFrame

    def in_short(self) -> dict[str, object]:
        """Give the mean and the spread, and in how many municipalities it surely grew or shrank."""
        return {
            "years": f"{self.years[0]}–{self.years[1]}", "municipalities": len(self.places),
            "mean": ends_of(*self.mean, "percent"), "spread": ends_of(*self.spread, "percent"),
            "grew": f"{self.grew:.0f} percent", "shrank": f"{self.shrank:.0f} percent",
        }  # fmt: skip


@dataclass(frozen=True)
class Logarithm:
    """The logarithm of a measure, so that a difference of it is a growth; nan where the measure is 0."""

    measure: Measure

    def __call__(self, counts: FloatArray, starts: ArrayLike = (0,)) -> FloatArray:
        """Give it of counts (..., G, N), one number per segment."""
        return _log(self.measure(counts, starts))

    def weighted(self, weights: FloatArray, counts: FloatArray) -> FloatArray:
        """Give it of counts (S, 1, ..., G, N) under weights (S, R, N)."""
        return _log(weighted(self.measure, weights, counts))


def _log(value: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.where(value > _NOTHING, value, np.nan)))


def growth_of(
    index: str, counts: FloatArray, starts: NDArray[np.intp], rng: np.random.Generator, draws: int = RESAMPLES
) -> pd.DataFrame:
    """Give how an index grew in every municipality, out of counts of two years (2, G, N), buurt by buurt.

    Columns: before, after (corrected for what small counts add), estimate (the logarithm of their ratio), low-high (90
    percent, its own), error, degrees, size, buurten. As a growth the spread of what chance does hangs on the size of a
    place and hardly on the index itself, which the model of all needs. `error` is of the buurten drawn anew, each with
    both its years; `size` is how many of equal weight they amount to. The range is that of t, widened because the
    buurten drawn are as many as there are; `degrees` are half of what equal normal influences would have, as those of
    buurten on an index have heavy tails (both measured in data/segregation_calibration.csv). A row is nan where there
    is nothing to grow: in one of the years the group lives less than twice as far apart (dissimilarity) as the same
    people would at random, so that the index is mostly what small counts make of nothing.
    """
    from scipy.special import stdtrit

    measure = Difference(Logarithm(MEASURES[index]))
    found = interval({index: measure}, counts, Drawing(rng, draws), "unit_bootstrap", starts, Limits(confidence=LEVEL))
    before, after = (corrected(index, year, starts, rng) for year in counts)
    moved = _log(after) - _log(before)
    cut = Segments(starts, counts.shape[-1])
    weight = counts.sum(axis=(0, 1))
    size = divide(cut.total(weight) ** 2, cut.total(weight**2), 1.0)
    error = found["standard_error"].to_numpy(float)
    error = np.where(error > _NOTHING, error, np.nan)
    degrees = np.maximum(size - 1, _NOTHING)
    margin = stdtrit(degrees, (1 + LEVEL) / 2) * np.sqrt(size / degrees) * error
    made = pd.DataFrame(
        {"before": before, "after": after, "estimate": moved, "low": moved - margin, "high": moved + margin,
         "error": error, "degrees": degrees / 2, "size": size, "buurten": cut.lengths}
    )  # fmt: skip
    more = np.logical_and.reduce([_more_than_chance(year, starts) for year in counts])
    return made.where(made[["estimate", "error"]].notna().all(axis=1) & more)


def _more_than_chance(counts: FloatArray, starts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell of each municipality whether a group, or the lowest class, lives clearly further apart than at random."""
    sides = counts[0], counts[1:].sum(axis=0)
    return np.asarray(dissimilarity(*sides, starts) >= CLEARLY * expected_under_evenness(*sides, starts))


def corrected(
    index: str, counts: FloatArray, starts: NDArray[np.intp], rng: np.random.Generator, draws: int = 100
) -> FloatArray:
    """Give an index less what small counts add: of dissimilarity exactly, of the others by the people drawn anew."""
    if index == DISSIMILARITY:
        return bias_corrected(counts[0], counts[1:].sum(axis=0), starts)
    made = interval({index: MEASURES[index]}, counts, Drawing(rng, draws), "people_bootstrap", starts)
    return np.asarray(made["estimate"] - made["bias"], dtype=np.float64)


def of_both_years(
    subject: Subject, first: Everywhere, last: Everywhere
) -> tuple[FloatArray, NDArray[np.str_], tuple[SetAside, ...]]:
    """Lay out the buurten that have counts in both years, (2, G, N), of the municipalities that can be compared.

    Those are municipalities in which they hold enough of the base in both years (`coverage_minimum`), and not too much
    of it lies in buurten that became another: their people changed by more than a quarter under the same code.
    """
    years = [complete(subject, one) for one in (first, last)]
    codes = years[0].units[np.isin(years[0].units, years[1].units)].astype(str)
    counts = np.stack([year.counts[:, np.searchsorted(year.units.astype(str), codes)] for year in years])
    people = counts.sum(axis=1)
    place = pd.Series("GM" + pd.Series(codes, dtype="str").str[2:6], dtype="str")
    least = float(subject.known.settings["coverage_minimum"]) / 100
    jumped = np.abs(people[1] / people[0] - 1) > JUMP
    held = pd.Series(people[1], dtype="float64").groupby(place).sum()
    other = pd.Series(np.where(jumped, people[1], 0.0)).groupby(place).sum() / held > 1 - least
    lacks = pd.Series(data=False, index=held.index)
    for everywhere, own in zip((first, last), people, strict=True):
        cut = Segments(everywhere.counts.starts, everywhere.counts.units.size)
        counted_here = cut.total(np.nan_to_num(everywhere.counts.counts.sum(axis=0)))
        whole = pd.Series(
            100 * divide(counted_here, everywhere.coverage, np.nan), index=everywhere.counts.keys["municipality"]
        )
        lacks |= pd.Series(own).groupby(place).sum() / whole.reindex(held.index) < least
    number = place.groupby(place).size()
    few = (number < FEWEST_BUURTEN) | (_equal(people.sum(axis=0), place) < FEWEST_BUURTEN / 2)
    only = first.counts.keys["municipality"].isin(set(held.index) - set(held.index[lacks]))
    aside = (
        SetAside("municipalities", int((~only).sum()), "no_figure_in_both_years"),
        SetAside("municipalities", int((other & ~lacks).sum()), "jumped_in_a_year"),
        SetAside("municipalities", int((few & ~other & ~lacks).sum()), "too_few_buurten"),
    )
    kept = place.map(~(lacks | other | few)).to_numpy(bool)
    return counts[..., kept], codes[kept], tuple(one for one in aside if one.rows)


def _equal(weight: FloatArray, place: "pd.Series[str]") -> "pd.Series[float]":
    """Give how many buurten of equal weight those of each municipality amount to."""
    both = pd.DataFrame({"weight": weight, "square": weight**2}).groupby(place).sum()
    return both["weight"] ** 2 / both["square"]


def growths(
    subject: Subject, first: Everywhere, last: Everywhere, rng: np.random.Generator
) -> tuple[pd.DataFrame, tuple[SetAside, ...]]:
    """Give the growth of the index in every municipality that can be compared: municipality, name and `growth_of`."""
    counts, codes, aside = of_both_years(subject, first, last)
    if not len(codes):
        return pd.DataFrame(columns=["municipality", "name", *GROWTH]), aside
    place = np.array([f"GM{code[2:6]}" for code in codes])
    starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
    made = growth_of(subject.index, counts, starts, rng)
    called = names()
    made.insert(0, "municipality", place[starts])
    made.insert(1, "name", [called.get(code, code) for code in place[starts]])
    known = made["estimate"].notna()
    lost = int((~known).sum())
    aside = (*aside, SetAside("municipalities", lost, "no_more_than_chance")) if lost else aside
    return made[known].reset_index(drop=True), aside


def posterior_of(table: pd.DataFrame, least: float) -> Posterior:
    """Fit the model to growths; `least` is what matters, in index points, and taken at the median index before."""
    posterior, _ = pooled(table, prior_of(float(np.log1p(least / np.median(table["before"])))))
    return posterior


def together(table: pd.DataFrame, years: tuple[int, int], least: float) -> Change:
    """Judge the growths of all municipalities by the hierarchical model; `least` is what matters, in index points.

    Raises NotComputableError(too_few_municipalities).
    """
    if len(table) < FEWEST:
        raise NotComputableError(
            "too_few_municipalities", f"{len(table)} municipalities have a change; together they need {FEWEST}."
        )
    before = table["before"].to_numpy(float)
    posterior = posterior_of(table, least)
    low, high = posterior.effects.interval(LEVEL)
    expected, best, worst = ranks(posterior, LEVEL)
    places = table[["municipality", "name", "before"]].assign(
        estimate=_percent(table["estimate"]), own_low=_percent(table["low"]), own_high=_percent(table["high"]),
        expected=_percent(posterior.effects.average), low=_percent(low), high=_percent(high),
        above_zero=posterior.effects.above(0.0), above_smallest=posterior.effects.above(np.log1p(least / before)),
        below_smallest=1 - posterior.effects.above(_log(np.maximum(1 - least / before, 2 * _NOTHING))),
        rank=expected, rank_low=best.astype(int), rank_high=worst.astype(int), buurten=table["buurten"].astype(int),
    )  # fmt: skip
    ends = posterior.coefficients.interval(LEVEL)
    mean = _percent(np.array([posterior.coefficients.average[0], ends[0][0], ends[1][0]]))
    tau = [posterior.tau_quantile(p) for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)]
    spread = _percent(np.array([posterior.tau_mean, *tau]))
    return Change(
        years, least, (float(mean[0]), float(mean[1]), float(mean[2])),
        (float(spread[0]), float(spread[1]), float(spread[2])),
        places.sort_values(["rank", "municipality"], kind="stable").reset_index(drop=True),
    )  # fmt: skip


def _percent(growth: ArrayLike) -> FloatArray:
    return np.asarray(100 * np.expm1(growth), dtype=np.float64)
