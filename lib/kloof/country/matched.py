"""The listed buurten of one place beside buurten elsewhere in the country that were like them: a design for one place.

Alike are buurten of the same level, tenure and size. The level is read from a year before the change begins wherever
the store has one: chance that made a figure low is gone the next time, and it made the listed low because they are
listed, not because they are like their neighbours. Matching on the first year of the change itself would count that
return as a change (regression to the mean); where there is no other year, `same_year_level` says so.
What moved the place as a whole is part of what its list did. So the other buurten of the place are held against
neighbours of their own, and what the list did beyond that stands beside it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kloof.catalogue import MONEY, Catalogue, catalogue
from kloof.country.figures import COVERED, Range, check_comparable, held, nearest, of_nearest_year
from kloof.country.gaps import Question, prices, rule_of, smallest_effect, turns, unit_of, weights
from kloof.errors import NotComputableError, ParameterError
from kloof.findings import HIGHER, LOWER, SAME, UNCLEAR
from kloof.methods.arrays import LEVEL, Flags
from kloof.methods.gap import REAL, RELATIVE, weighted_means
from kloof.methods.matching import Matched, beside_neighbours, beyond_another
from kloof.schema import SetAside
from kloof.shown import Shown, ends_of
from kloof.study.places import code_of

TENURES = ("owner_occupied_share", "housing_corporation_share")  # the first that the store has
NEIGHBOURS = 5
CALIPER = 0.5  # standard deviations that a neighbour may differ in all, at most
SAME_YEAR = "same_year_level"  # the level is of the year in which the change begins
LATER_TENURE, NO_TENURE, NO_OTHERS = "later_tenure", "no_tenure", "no_others"


@dataclass(frozen=True, repr=False)
class Beside(Shown):
    """What the list of one place did beyond its neighbours elsewhere; above 0 it fell behind. Ranges are 95 percent.

    `change` is with the bias correction, `plain` without; `others` the same of the buurten of the place that are not
    listed, `beyond` what the list did beyond them. `balance` has name, year, listed, candidates, neighbours, before and
    after (how far the list is from all candidates and from its neighbours, in standard deviations); `buurten` has code,
    neighbours (how many) and nearest (how far). `unmatched` listed buurten have no neighbour near enough.
    `candidates` could be one, `used` are, the busiest of them `most` of the whole. `judgement` is of `change` and `own`
    of `beyond`: HIGHER, LOWER, SAME or UNCLEAR.
    """

    question: Question
    place: str
    unit: str
    smallest_effect: float
    change: Range
    plain: float
    others: Range
    beyond: Range
    balance: pd.DataFrame
    buurten: pd.DataFrame
    candidates: int
    used: int
    most: float
    judgement: str
    own: str
    flags: tuple[str, ...]
    set_aside: tuple[SetAside, ...]

    @property
    def unmatched(self) -> int:
        """Listed buurten that nowhere have a neighbour near enough."""
        return int((self.buurten["neighbours"] == 0).sum())

    def in_short(self) -> dict[str, object]:
        """Give what was asked, what the list did beyond its neighbours and beyond its place, and how alike they are."""
        asked = self.question
        return {
            "indicator": asked.indicator, "years": f"{asked.first}–{asked.last}", "scale": asked.scale,
            "place": self.place, "list": asked.focus, "change": ends_of(*self.change, self.unit),
            "uncorrected": f"{self.plain:.4g} {self.unit}", "others": ends_of(*self.others, self.unit),
            "beyond_others": ends_of(*self.beyond, self.unit),
            "smallest_effect": f"{self.smallest_effect:g} {self.unit}",
            "matched": f"{len(self.buurten) - self.unmatched} of {len(self.buurten)} buurten, with {self.used} of "
            f"{self.candidates}; the busiest counts {100 * self.most:.0f} percent",
            "judgement": self.judgement, "beyond_its_place": self.own, "flags": list(self.flags),
        }  # fmt: skip


@dataclass(frozen=True)
class Alike:
    """Who counts as alike: how many neighbours and how near, from the same municipality too, and by their trend too."""

    neighbours: int = NEIGHBOURS
    caliper: float = CALIPER
    same_municipality: bool = False
    trend: bool = False


def matched(
    indicator: str,
    place: str,
    years: tuple[int, int],
    scale: str = RELATIVE,
    focus: str = "",
    alike: Alike = Alike(),
) -> Beside:
    """Say what the listed buurten of a place did beyond buurten like them in the rest of the country.

    `scale`: absolute, real or relative (growth in percent). `focus` is the rule that makes the list; empty: the lowest
    fifth of the figure. Raises ParameterError (a name, year, scale or rule that is not there) and
    NotComputableError (no_similar_buurten, too_few_buurten, no_variation, no_price_index, series_broken).
    """
    known = catalogue()
    known.indicator(indicator)
    asked = Question(indicator, *years, scale, focus or f"lowest:20%:{indicator}:first")
    return beside(known, asked, code_of(place), alike)


def beside(
    known: Catalogue, question: Question, place: str, alike: Alike, listed: Sequence[str] | None = None
) -> Beside:
    """Answer a question for one municipality out of the store; `listed` are the codes of a list of its own."""
    rule = rule_of(known, question)
    if alike.neighbours < 1 or not alike.caliper > 0:
        raise ParameterError(f"{alike.neighbours} neighbours within {alike.caliper:g}: give 1 or more, and above 0.")
    table, about, flags = _table(known, question, rule, alike, listed)
    own = (table.index.str.slice(2, 6) == place[2:]).astype(bool)
    on_list: Flags = own & table["listed"].to_numpy(bool)
    if not on_list.any():
        raise NotComputableError("no_group_left", f"{place} has no listed buurt with figures of both years.")
    wholly: Flags = (table[["change", *about]].notna().all(axis=1) & (table["weight"] > 0)).to_numpy(bool)
    aside = (
        SetAside(f"listed {place}", int((on_list & ~wholly).sum()), "no_figure_in_both_years"),
        SetAside("candidates", int((~own & ~wholly).sum()), "no_figure_in_both_years"),
    )
    table, own, on_list = table[wholly], own[wholly], on_list[wholly]
    donors = ~on_list if alike.same_municipality else ~own
    found = _compared(table, on_list, donors, list(about), alike)
    sign = _sign(known.indicator(question.indicator).better, table, on_list, donors)
    change = _ranged(sign, found)
    others = beyond = (np.nan, np.nan, np.nan)
    try:
        rest = _compared(table, own & ~on_list, ~own, list(about), alike)
        others, beyond = _ranged(sign, rest), oriented(sign, beyond_another(found, rest, LEVEL))
    except NotComputableError:  # too few others that are like anything: then there is only the list
        flags = (*flags, NO_OTHERS)
    least = smallest_effect(known, question)
    return Beside(
        question, place, unit_of(known, question), least, change, sign * found.plain, others, beyond,
        _balance(table, on_list, donors, found, about), _buurten(table, on_list, found), int(donors.sum()),
        int((found.used > 0).sum()), float(found.used.max()), judged_range(change, least),
        judged_range(beyond, least), flags,
        tuple(one for one in aside if one.rows),
    )  # fmt: skip


def _table(
    known: Catalogue, question: Question, rule: re.Match[str], alike: Alike, listed: Sequence[str] | None
) -> tuple[pd.DataFrame, dict[str, int], tuple[str, ...]]:
    """Lay out by buurt its change, weight and what it was before; say of which year each of the latter is."""
    figures = held(known, question.indicator)
    if lacking := [year for year in (question.first, question.last) if year not in figures.columns]:
        raise ParameterError(
            f"the store has no {question.indicator} by buurt of {' and '.join(map(str, lacking))}; it has "
            f"{', '.join(map(str, sorted(figures.columns))) or 'no year at all'}."
        )
    check_comparable(known, question.indicator, (question.first, question.last))
    counts = figures.notna().sum()
    earlier = [
        year for year in map(int, figures.columns)
        if year < question.first and counts[year] >= COVERED * counts[question.first]
    ]  # fmt: skip
    by = max(earlier, default=question.first)
    flags = () if earlier else (SAME_YEAR,)
    before, after = figures[question.first], figures[question.last]
    if question.scale == REAL and known.indicator(question.indicator).unit in MONEY:
        before = before * float(prices(known, question.indicator, (question.first, question.last))[0])
    change = 100 * (after / before.where(before > 0) - 1) if question.scale == RELATIVE else after - before
    table = pd.DataFrame({"change": change, "before": before, "weight": weights(known, question, figures.index)})
    about = {"level": by}
    table["level"] = figures[by]
    if alike.trend:
        first = min(earlier, default=by)
        if first == by:
            raise ParameterError(f"the trend before {question.first} needs two earlier years; the store has {earlier}.")
        table["trend"] = (figures[by] - figures[first]) / (by - first)
        about["trend"] = first
    for name in TENURES:
        tenure = held(known, name)
        if not tenure.empty:
            about[name] = nearest(tenure, by)
            table[name] = tenure[about[name]].reindex(table.index)
            flags = flags if about[name] <= question.first else (*flags, LATER_TENURE)
            break
    else:
        flags = (*flags, NO_TENURE)
    people = held(known, "inhabitants")
    about["log_inhabitants"] = nearest(people, by)
    size = of_nearest_year(people, by).reindex(table.index)
    table["log_inhabitants"] = np.log(size.where(size > 0))
    if listed is None:
        asked = Question(question.indicator, by, question.last, question.scale, question.focus)
        table["listed"] = turns(known, asked, rule, figures).reindex(table.index) <= 1
    else:
        table["listed"] = table.index.isin(listed)
    return table, about, flags


def _compared(table: pd.DataFrame, units: Flags, donors: Flags, about: list[str], alike: Alike) -> Matched:
    """Hold some buurten against their neighbours among others."""
    change, were = table["change"].to_numpy(float), table[about].to_numpy(float)
    heavy = table["weight"].to_numpy(float)[units]
    sides = (change[units], change[donors]), (were[units], were[donors])
    return beside_neighbours(*sides, heavy, alike.neighbours, alike.caliper)


def _sign(better: int, table: pd.DataFrame, units: Flags, donors: Flags) -> float:
    """Give what turns list minus neighbours into falling behind, or away from the others where no end is better."""
    if better:
        return -float(better)
    both = units | donors
    value, weight = (table[name].to_numpy(float)[both] for name in ("before", "weight"))
    focus, rest = weighted_means(value, weight, units[both])
    return float(np.sign(focus - rest)) or 1.0


def _ranged(sign: float, found: Matched) -> Range:
    """Give what the buurten did beyond their neighbours, as falling behind."""
    return oriented(sign, (found.estimate, *found.interval(LEVEL)))


def oriented(sign: float, found: Range) -> Range:
    """Turn a range about."""
    low, high = sorted(sign * end for end in found[1:])
    return sign * found[0], low, high


def judged_range(change: Range, least: float) -> str:
    """Judge a range against 0 and the smallest effect, as `findings.judge` does."""
    _, low, high = change  # of nan nothing is so
    if -least <= low and high <= least:
        return SAME
    return HIGHER if low > 0 else LOWER if high < 0 else UNCLEAR


def _balance(table: pd.DataFrame, units: Flags, donors: Flags, found: Matched, about: dict[str, int]) -> pd.DataFrame:
    """Lay out how alike the list and its neighbours are, in standard deviations of all candidates and the list."""
    weight = np.where(found.found, table["weight"].to_numpy(float)[units], 0.0)
    rows = []
    for name, year in about.items():
        value = table[name].to_numpy(float)
        own, theirs = np.average(value[units], weights=weight), value[donors].mean()
        near = float(found.used @ value[donors])
        spread = float(np.std(value[units | donors], ddof=1))
        rows.append([name, year, own, theirs, near, (own - theirs) / spread, (own - near) / spread])
    return pd.DataFrame(rows, columns=["name", "year", "listed", "candidates", "neighbours", "before", "after"])


def _buurten(table: pd.DataFrame, units: Flags, found: Matched) -> pd.DataFrame:
    """Lay out how many neighbours every listed buurt has, and how far the nearest is."""
    return pd.DataFrame({"code": table.index[units], "neighbours": found.near, "nearest": found.distance})
