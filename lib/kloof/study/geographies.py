"""Lays an indicator out by buurt, postcode area or wijk, and says which of those areas stand for the focus list.

A focus list is a list of buurten. Some figures are known by wijk or postcode only: there the list is bridged, by a rule
that is registered beforehand, and every finding carries a flag that says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.measures.bounds import mean_range
from kloof.methods.arrays import Flags
from kloof.methods.regression import Estimate, weighted_mean
from kloof.study.panel import Complete, Focus, complete, series, sizes
from kloof.study.study import Study, comparable_run, usable_years

LEVELS = ("buurt", "postcode", "wijk")  # the finest first; a postcode area is smaller than most wijken
FLAGS = {"buurt": (), "postcode": ("by_postcode",), "wijk": ("by_wijk",)}


@dataclass(frozen=True)
class Laid(Complete):
    """An indicator over comparable years at one level; `is_focus` marks the areas that stand for the list."""

    indicator: str
    level: str
    years: tuple[int, ...]
    is_focus: Flags

    @property
    def missing(self) -> int:
        """Number of areas with inhabitants that had no figure in some year."""
        return len(self.left_out)

    @property
    def flags(self) -> tuple[str, ...]:
        """Say what a reader must know about the geography; each flag has its sentence."""
        later = ("later_weights",) if self.size.year > self.years[0] else ()
        return (*FLAGS[self.level], *later, *(("few_focus",) if self.is_focus.sum() < 5 else ()))


def levels_with(study: Study, name: str, years: tuple[int, int], fewest: int = 2) -> list[str]:
    """List the levels, the finest first, at which an indicator has `fewest` or more comparable years with figures."""
    found = []
    for level in LEVELS:
        usable, _ = usable_years(study, name, *years, level)
        if len(comparable_run(study, name, usable, level)[0]) >= fewest:
            found.append(level)
    return found


def lay_out(
    study: Study, name: str, level: str, years: Sequence[int], focus: Focus | None, rule: Mapping[str, Any]
) -> Laid:
    """Keep the areas with a figure in all `years`, weighed in the first of them (or the nearest year there is).

    `rule` says which postcode areas stand for the list. Without a focus no area is marked. Raises NotComputableError:
    no_group_left (no focus area or no other one is left), no_weights, no_bridge (nothing says which areas stand for
    it).
    """
    made = complete(study.data, study.known, name, years, level)
    marked = set() if focus is None else standing_for(study, level, focus, min(years), rule)
    is_focus = np.isin(made.codes, sorted(marked))
    if focus is not None and (not is_focus.any() or is_focus.all()):
        raise NotComputableError(
            "no_group_left", f"{name} by {level}: no area of the list, or no other, has all years."
        )
    return Laid(**vars(made), indicator=name, level=level, years=tuple(years), is_focus=is_focus)


def standing_for(study: Study, level: str, focus: Focus, year: int, rule: Mapping[str, Any]) -> set[str]:
    """Give the areas of a level that stand for a focus list.

    Buurten: its members. Wijken: those of which most inhabitants live in its members, in `year` or the nearest year.
    Postcode areas: those whose class of the rule's indicator, in the rule's year, is at most `highest`; that has
    nothing to do with the list, and a postcode area may hold parts of several buurten.
    """
    if level == "buurt":
        return set(focus.codes)
    if level == "wijk":
        people = sizes(study.data, study.known, ("inhabitants",), year).value.fillna(0.0)
        wijk = "WK" + people.index.str[2:8]
        listed = people.where(people.index.isin(focus.codes), 0.0)
        share = listed.groupby(wijk).sum() / people.groupby(wijk).sum()
        return set(share.index[share > 0.5])
    table = series(study.data, study.known, str(rule["indicator"]), "postcode")
    table = table[(table["year"] == rule["year"]) & (table["status"] == "measured")]
    if table.empty:
        raise NotComputableError("no_bridge", f"Nothing says which areas by {level} stand for the focus list.")
    return set(table.loc[table["value"] <= rule["highest"], "code"])


def finest(study: Study, name: str, years: tuple[int, int], focus: Focus | None, rule: Mapping[str, Any]) -> Laid:
    """Lay an indicator out over its comparable years at the finest level at which that can be done.

    Raises NotComputableError with the reason of the finest level at which there are figures; no_figures, one_year_only
    or too_little_measured when there is none with two comparable years.
    """
    problem = None
    for level in levels_with(study, name, years):
        run, _ = comparable_run(study, name, usable_years(study, name, *years, level)[0], level)
        try:
            return lay_out(study, name, level, run, focus, rule)
        except NotComputableError as found:
            problem = problem or found
    if problem is not None:
        raise problem
    covered = usable_years(study, name, *years)[1]
    single = any(len(usable_years(study, name, *years, level)[0]) == 1 for level in LEVELS)
    reason = "one_year_only" if single else "too_little_measured" if any(covered.values()) else "no_figures"
    raise NotComputableError(reason, f"{name} has no two comparable years by buurt, postcode or wijk.")


def change_in_group(laid: Laid, members: Flags, better: int) -> tuple[Estimate, float, float]:
    """Give the weighted mean change of a group of areas from first to last year, a change for the better above 0.

    Returns the estimate (HC3, t on areas - 1 degrees of freedom) and its interval stretched by the worst rounding of
    both years. `better` -1 where less is better. Raises NotComputableError: too_few_buurten, no_variation.
    """
    weight = laid.weight[members]
    found = weighted_mean(better * (laid.value[members, -1] - laid.value[members, 0]), weight)
    ends = rounding_in_group(laid, members, better)
    low = found.low + min(ends[0] - found.estimate, 0.0)
    high = found.high + max(ends[1] - found.estimate, 0.0)
    return found, low, high


def rounding_in_group(laid: Laid, members: Flags, better: int) -> tuple[float, float]:
    """Give the range of that change when every figure of both years lies anywhere in its rounding interval."""
    weight = laid.weight[members]
    first, last = (mean_range(laid.low[members, at], laid.high[members, at], weight, weight) for at in (0, -1))
    low, high = sorted((better * (last[0] - first[1]), better * (last[1] - first[0])))
    return low, high


def group_means(laid: Laid) -> pd.DataFrame:
    """Give the weighted mean of focus and rest per year with the range of rounding: year, group, value, low, high."""
    rows = []
    for group, members in (("focus", laid.is_focus), ("rest", ~laid.is_focus)):
        weight = laid.weight[members]
        for at, year in enumerate(laid.years):
            low, high = mean_range(laid.low[members, at], laid.high[members, at], weight, weight)
            mean = float(weight @ laid.value[members, at] / weight.sum())
            rows.append({"year": year, "group": group, "value": mean, "low": low, "high": high})
    return pd.DataFrame(rows).sort_values(["year", "group"], ignore_index=True)
