"""Steps of notebook 03 about groups: what chance, the years between, and the size of the areas do to an index.

Four kinds of uncertainty stand beside each other and are never mixed: the range of rounding and empty cells is in
`levels`; here are chance in who lives where, what chance alone would give, and, for a change, which buurten make up
the town.
"""

from typing import Any

import numpy as np
import pandas as pd

from kloof import formulas
from kloof.chance import more_than_chance
from kloof.change import decompose
from kloof.corrections import bias_corrected
from kloof.counts import prepare
from kloof.levels import GroupCounts, group_counts
from kloof.record import columns_of
from kloof.resample import Drawing
from kloof.results import Column, Section
from kloof.scale import by_scale
from kloof.steps import step
from kloof.study import Study
from kloof.sums import Difference, Dissimilarity, Measure, theil_h, two_groups
from kloof.uncertainty import interval

MEASURES: dict[str, Measure] = {
    "dissimilarity": Dissimilarity(0),
    "isolation": two_groups(formulas.isolation, 0),
    "theil_h": theil_h,
}
DRAWS = 999
PARTITIONS = 200
SPLIT = {
    "additions": "appeared",
    "removals": "disappeared",
    "structural": "structure",
    "unit_marginal": "sizes",
    "group_marginal": "group_size",
}


def _counted(study: Study, name: str) -> list[GroupCounts]:
    """Give the years in which a group has an index."""
    return [counts for counts in group_counts(study, name) if not counts.undefined]


@step
def chance_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record, for the last year of each group, how far chance in who lives where can move its indices.

    Columns: group_name, year, index, estimate, low-high (95 percent, people of each buurt drawn anew), expected (what
    nobody choosing would give: the same people dealt over the same homes), p_value of that, corrected (D without the
    upward push of chance).
    """
    rows = []
    for name in study.p.groups:
        for counts in _counted(study, name)[-1:]:
            table = np.stack([counts.group, counts.rest])
            drawn = interval(
                MEASURES, table, Drawing(study.rng(f"people {name}"), DRAWS), "people_bootstrap"
            ).set_index("index")
            null = more_than_chance(MEASURES, table, Drawing(study.rng(f"null {name}"), DRAWS)).set_index("index")
            for index in MEASURES:
                one, other = drawn.loc[index], null.loc[index]
                corrected = float(bias_corrected(*table)[0]) if index == "dissimilarity" else None
                rows.append(
                    (name, counts.year, index, one["estimate"], one["low"], one["high"], other["expected"], corrected,
                     other["p_value"])
                )  # fmt: skip
    columns = ["group_name", "year", "index", "estimate", "low", "high", "expected", "corrected", "p_value"]
    made = pd.DataFrame(rows, columns=columns)
    if not made.empty:
        kinds = {"group_name": "group_name", "year": "year", "index": "index"}
        numbers = ("estimate", "low", "high", "expected", "corrected")
        kinds |= dict.fromkeys(numbers, "number") | {"p_value": "hidden"}
        section.table("03.chance", columns_of(kinds, **dict.fromkeys(numbers, "index")), made)
    return made


@step
def change_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record how the dissimilarity of each group changed between its first and last comparable year, and of what.

    Columns: group_name, first and last year, index_then, index_later, moved, low-high (the buurten drawn anew, the same
    in both years), and parts that sum to it: appeared, disappeared (buurten that were empty in one year), structure
    (who lives with whom), sizes (of the buurten) and group_size; over the buurten measured in both years.
    """
    rows = []
    for name in study.p.groups:
        made = _pair(study, name)
        if made is None:
            continue
        years, table = made
        found = interval(
            {"change": Difference(MEASURES["dissimilarity"])}, table,
            Drawing(study.rng(f"units {name}"), DRAWS), "unit_bootstrap",
        ).iloc[0]  # fmt: skip
        parts = decompose(table[0], table[1], measure=MEASURES["dissimilarity"])
        split = [float(parts[part][0]) for part in SPLIT]
        rows.append(
            (name, *years, float(parts["first"][0]), float(parts["second"][0]), float(parts["change"][0]),
             found["low"], found["high"], *split, table.shape[-1])
        )  # fmt: skip
    numbers = ("index_then", "index_later", "moved", "low", "high", *SPLIT.values())
    changes = pd.DataFrame(rows, columns=["group_name", "first", "last", *numbers, "buurten"])
    if not changes.empty:
        kinds = {"group_name": "group_name", "first": "year", "last": "year", **dict.fromkeys(numbers, "number")}
        kinds |= {"appeared": "hidden", "disappeared": "hidden", "buurten": "number"}
        units = {**dict.fromkeys(numbers, "index"), "buurten": "number"}
        section.table("03.change", columns_of(kinds, **units), changes)
    return changes


def _pair(study: Study, name: str) -> tuple[tuple[int, int], np.ndarray] | None:
    """Lay out the first and last year of a group that may be compared: years × (group, rest) × buurten of both."""
    group = study.known.group(name)
    indicator = study.known.indicator(group.share or group.count or "")
    made = _counted(study, name)
    for first in made[:-1]:
        last = made[-1]
        verdict = indicator.compare(first.year, last.year, {*first.sources, *last.sources})
        both = [code for code in first.codes if code in set(last.codes)]
        if verdict.status != "broken" and len(both) > 1:
            years = []
            for counts in (first, last):
                place = [counts.codes.index(code) for code in both]
                years.append(np.stack([counts.group[place], counts.rest[place]]))
            return (first.year, last.year), np.stack(years)
    return None


@step
def scale_of_groups(section: Section, study: Study) -> pd.DataFrame:
    """Record the dissimilarity of each group by buurt, by wijk, and over random parts as large as a wijk.

    Columns: group_name, year, by_buurt, by_wijk, at_random, low-high (95 percent of the random partitions), wijken.
    """
    parents = study.data.areas.set_index("code")["parent_code"]
    rows = []
    for name in study.p.groups:
        for counts in _counted(study, name)[-1:]:
            wijk = parents.reindex(list(counts.codes))
            if wijk.isna().any() or wijk.nunique() < 2:
                continue
            sides: list[dict[str, Any]] = [
                {"unit": code, "parent": above, "group": side, "count": count}
                for side, values in (("group", counts.group), ("rest", counts.rest))
                for code, above, count in zip(counts.codes, wijk, values, strict=True)
            ]
            prepared = prepare(pd.DataFrame(sides))
            found = by_scale(
                prepared, ["dissimilarity"], study.rng(f"scale {name}"), PARTITIONS, ("group", None)
            ).set_index("scale")
            random = found.loc["random"]
            rows.append(
                (name, counts.year, found.loc["unit", "estimate"], found.loc["parent", "estimate"],
                 random["estimate"], random["low"], random["high"], wijk.nunique())
            )  # fmt: skip
    columns = ["group_name", "year", "by_buurt", "by_wijk", "at_random", "low", "high", "wijken"]
    made = pd.DataFrame(rows, columns=columns)
    if not made.empty:
        numbers = ("by_buurt", "by_wijk", "at_random", "low", "high")
        section.table(
            "03.scale",
            [
                Column("group_name", "group_name"),
                Column("year", "year"),
                *[Column(key, "number", "index") for key in numbers],
                Column("wijken", "number", "number"),
            ],
            made,
        )
        section.figure("03.scale", "scales", "03.scale")
    return made
