"""The tables that the workshop's notebooks start from: small, tidy, and computed from the same panel as the report."""

from functools import cache

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.questions import gaps, groups
from kloof.questions.gaps import Followed
from kloof.questions.groups import GroupCounts
from kloof.study.panel import Balanced, series
from kloof.study.study import Study, open_study

PRESET = "breda"
DWELLINGS = "mean_dwelling_value"
POOR = "households_around_social_minimum"
TEN = 10


@cache
def study(language: str = "en") -> Study:
    """Open the study that sessions 1 to 3 are about: the embedded figures, offline."""
    return open_study({"preset": PRESET, "language": language})


@cache
def followed(language: str = "en") -> Followed:
    """Follow dwelling values over their comparable years."""
    return gaps.follow(study(language), DWELLINGS)


def panel(language: str = "en") -> Balanced:
    """Give the buurten that have a dwelling value in every comparable year; raises NotComputableError without."""
    found = followed(language).panel
    if found is None:
        raise NotComputableError("no_figures", f"{PRESET}: {DWELLINGS} cannot be followed.")
    return found


def names(of: Study) -> "pd.Series[str]":
    """Give the name of every area by its code."""
    return of.data.areas.set_index("code")["name"]


def tidy(language: str = "en") -> pd.DataFrame:
    """Lay out dwelling values and households tidily: one row per buurt, year and indicator.

    Columns: name, listed (on the list of vulnerable buurten), year, indicator, value (thousand euro or households,
    empty where there is none), unit, status (why it is empty).
    """
    own = study(language)
    made = []
    for indicator in (DWELLINGS, "households"):
        rows = series(own.data, own.known, indicator)
        rows = rows[rows["year"].between(own.p.year_from, own.p.year_to)]
        made.append(rows.assign(indicator=indicator, unit=own.known.indicator(indicator).unit))
    table = pd.concat(made, ignore_index=True)
    table["name"] = table["code"].map(names(own))
    table["listed"] = table["code"].isin(own.focus.codes)
    return table[["name", "listed", "year", "indicator", "value", "unit", "status"]]


def homes(language: str = "en") -> pd.DataFrame:
    """Lay out dwelling values (thousand euro) of the first and last comparable year: one row per buurt.

    Columns: name, listed, households (of the first year with a count: the weights of the report), value_<first>,
    value_<last>.
    """
    kept = panel(language)
    first, last = kept.years[0], kept.years[-1]
    return pd.DataFrame(
        {
            "name": [names(study(language))[code] for code in kept.codes],
            "listed": kept.is_focus,
            "households": kept.weight,
            f"value_{first}": kept.value[:, 0],
            f"value_{last}": kept.value[:, -1],
        }
    )


def two_lines(language: str = "en") -> pd.DataFrame:
    """Give the weighted mean dwelling value (thousand euro) of both groups in each comparable year.

    Columns: year, listed (the mean of the buurten on the list), rest, gap (rest minus listed), relative (the gap in
    percent of the rest).
    """
    table = gaps.picture_table(study(language), followed(language))
    table = table[table["year"].isin(followed(language).years)]
    table = table.rename(columns={"focus": "listed"})
    return table[["year", "listed", "rest", "gap", "relative"]].reset_index(drop=True)


@cache
def group_counts(language: str = "en") -> GroupCounts:
    """Count the households around the social minimum and the others, in the year that has them."""
    own = study(language)
    usable = [counts for counts in groups.group_counts(own, POOR) if not counts.undefined]
    if not usable:
        raise NotComputableError("no_counts", f"{PRESET}: {POOR} is not measured by buurt.")
    return usable[-1]


def counts(language: str = "en") -> pd.DataFrame:
    """Lay out the households around the social minimum by buurt, largest buurt first.

    Columns: name, wijk, group (households around the minimum), rest (all other households). Only buurten with both.
    """
    own, year = study(language), group_counts(language).year
    group = own.known.group(POOR)
    parts = [series(own.data, own.known, name) for name in (group.share or "", group.base)]
    share, base = (part[part["year"] == year].set_index("code")["value"] for part in parts)
    base = base.reindex(share.index)
    both = share.notna() & (base > 0)
    table = pd.DataFrame({"group": (share / 100 * base)[both], "rest": ((1 - share / 100) * base)[both]})
    called = names(own).to_dict()
    parents = own.data.areas.set_index("code")["parent_code"].to_dict()
    table["name"] = [called[code] for code in table.index]
    table["wijk"] = [called[parents[code]] for code in table.index]
    order = np.argsort(-(table["group"] + table["rest"]).to_numpy(), kind="stable")
    return table[["name", "wijk", "group", "rest"]].iloc[order].reset_index(drop=True)


def long(table: pd.DataFrame, unit: str = "name") -> pd.DataFrame:
    """Turn a table of group and rest into the shape that `kloof.measure` takes: unit, group, count."""
    made = table.melt(id_vars=unit, value_vars=["group", "rest"], var_name="group", value_name="count")
    return made.rename(columns={unit: "unit"})
