"""A step of notebook 03: where this municipality stands among all those in the store, on the same measure.

Only a store knows the whole country; with an embedded set or a file of one place there is nothing to record.
"""

from typing import Any

import pandas as pd

from kloof import among, store
from kloof.catalogue import Catalogue, Group
from kloof.commons import common
from kloof.errors import ParameterError
from kloof.everywhere import counts_everywhere, measure_everywhere, own_municipality
from kloof.levels import group_counts
from kloof.results import Column, Section
from kloof.sources import STORE
from kloof.steps import step
from kloof.study import Study

FEWEST = 30  # municipalities with a number: with fewer this is no country
QUANTILES = {"p10": 0.1, "p25": 0.25, "middle": 0.5, "p75": 0.75, "p90": 0.9}
EDGES = ("p10", "p90")  # only drawn
NUMBERS = ("estimate", "low", "high", "expected", *QUANTILES)
COUNTS = (*among.RANKS, "municipalities", "without")


@step
def country_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record the dissimilarity of each group here and in all municipalities, in the last year of this one.

    Columns: group_name, year, estimate, low-high (what rounding and suppression allow at most), expected (what chance
    alone would give here), rank (1 is the furthest apart), rank_low-rank_high (the places that the ranges allow),
    municipalities, without (those that have no number: one buurt, too little measured), and the value below which 10,
    25, 50, 75 and 90 percent of the municipalities lie. Groups for which fewer than 30 municipalities have a number
    are left out.
    """
    made = [_of_group(study, name) for name in study.p.groups] if study.data.name == STORE else []
    rows = []
    for name, table in [one for one in made if one]:
        finding = among.place_finding(study, table, f"03.country.{name}")
        section.add(finding)
        own = table[table["area"] == study.p.municipality].iloc[0]
        row: dict[str, Any] = {"group_name": name, "municipalities": len(table)}
        row |= {key: own[key] for key in ("year", *NUMBERS[:4], *COUNTS) if key in own}
        row |= {key: table["estimate"].quantile(share) for key, share in QUANTILES.items()}
        rows.append(row)
    country = pd.DataFrame(rows, columns=["group_name", "year", *NUMBERS, *COUNTS])
    if not country.empty:
        columns = [
            Column("group_name", "group_name"), Column("year", "year"),
            *[Column(key, "hidden" if key in EDGES else "number", "index") for key in NUMBERS],
            *[Column(key, "number", "number") for key in COUNTS],
        ]  # fmt: skip
        section.table("03.country", columns, country)
        section.figure("03.country", "country", "03.country")
    return country


def _of_group(study: Study, name: str) -> tuple[str, pd.DataFrame] | None:
    """Give the measure of a group for every municipality of the store that has one, with its rank; None for too few."""
    own = [counts for counts in group_counts(study, name) if not counts.undefined]
    if not own:
        return None
    edition, least = (own[-1].year, own[-1].sources), study.coverage_minimum
    key = (name, edition, least)
    table = common("among", lambda: key, lambda: _among_all(study.known, name, edition, least))
    return (name, table) if len(table) >= FEWEST and study.p.municipality in set(table["area"]) else None


def _among_all(known: Catalogue, name: str, edition: tuple[int, tuple[str, ...]], least: float) -> pd.DataFrame:
    """Measure a group in every municipality in a year and from some sources, and rank those that have a number."""
    group = known.group(name)
    rows = _rows(group, *edition)
    counted = counts_everywhere(rows, known, group, own_municipality(rows["code"].unique()))
    found = measure_everywhere(counted, [among.EVENNESS], least)
    table = found[found["estimate"].notna()].rename(columns={"municipality": "area", "n_units": "buurten"})
    without = int(found["municipality"].nunique() - len(table))
    return table.assign(subject=name, without=without, **among.ranks(table))


def _rows(group: Group, year: int, sources: tuple[str, ...]) -> pd.DataFrame:
    """Get the figures of all buurten for the year and the sources that a municipality's counts are made of."""
    found: list[pd.DataFrame] = []
    for name in dict.fromkeys((group.share or group.count or "", group.base, "inhabitants")):
        try:
            found.append(store.indicator(name))
        except ParameterError:  # the store has no such figure at all: the counts then say so
            continue
    rows = pd.concat(found, ignore_index=True)
    buurten = rows["code"].str.startswith("BU") & (rows["year"] == year)
    chosen: pd.DataFrame = rows[buurten & rows["source"].isin(sources)].reset_index(drop=True)
    return chosen
