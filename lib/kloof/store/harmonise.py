"""One geography for all years: figures of old areas put together into areas of a chosen year.

Counts add up; shares and rates go through their denominators, means through their weights; classes, modelled
estimates and figures without a universe cannot be put together and are left out. A whole with a missing part is
missing. Figures of different sources, and different indicators, never meet. What rests on a part of an area (a split)
is apportioned: it is listed with its share of the total, for the caller to use or leave.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue, Indicator
from kloof.errors import examples
from kloof.paths import data_folder, write_whole
from kloof.schema import COLUMNS, SetAside, check_observations, empty_observations
from kloof.store.mapping import (
    MAPPING_COLUMNS,
    OWN_MAPPING,
    WEIGHT_KINDS,
    all_mappings,
    check_mapping,
    created,
    propose_mapping,
    read_mapping,
    transfer,
)
from kloof.store.read import Held

STEP = "harmonise"
APPORTIONED = ("code", "year", "indicator", "source", "share")
REASONS = (  # of a whole that cannot be made, in the order in which they are looked at
    "class_cannot_be_combined", "modelled_estimates_do_not_add_up", "no_universe_to_weigh_by", "split_without_weight",
    "part_without_a_figure", "part_without_a_weight",
)  # fmt: skip
REFUSED = REASONS[:3]  # nothing is missing: the figure cannot exist, so there is no row
# whose reason a whole gets
MISSING_FIRST = ("suppressed", "not_measured", "not_published", "zero_means_missing", "suspect", "not_applicable")
KIND_OF_UNIT = {"persons": "persons", "households": "households", "dwellings": "dwellings", "hectare": "area"}


@dataclass(frozen=True)
class Harmonised:
    """Observations in the division of one year, what in them is apportioned, and what was left out and why.

    `apportioned`: code, year, indicator, source and the share (percent) of the figure that comes from split areas.
    """

    observations: pd.DataFrame
    apportioned: pd.DataFrame
    set_aside: tuple[SetAside, ...]


def harmonise(
    observations: pd.DataFrame,
    mapping: pd.DataFrame,
    to_year: int,
    catalogue: Catalogue,
    divisions: Mapping[tuple[str, int], int] | None = None,
) -> Harmonised:
    """Give observations in the division of `to_year`.

    Figures of a year are taken to be in the division of that year, unless `divisions` says otherwise for their source
    and year, or they carry a code that is younger: then in the division in which it appeared (RIVM publishes 2012 in
    the division of 2020). Give `divisions` when `observations` are a part of what a source published (`division_of`).
    A figure put together from counts that were rounded is as precise as their sum. Areas of a municipality that no
    longer exists and that the mapping does not know are set aside. Raises ParameterError for an indicator that is not
    in the catalogue, SchemaError when `observations` are not valid.
    """
    rows = check_observations(observations, "observations to harmonise")
    starts = created(mapping)
    young = rows["code"].map(starts).fillna(0).astype("int64")
    own = young.groupby([rows["source"], rows["year"]]).transform("max").clip(lower=rows["year"])
    stated = pd.Series(list(zip(rows["source"], rows["year"], strict=True)), index=rows.index).map(divisions or {})
    division = stated.fillna(own).astype("int64")
    made: list[pd.DataFrame] = []
    apportioned: list[pd.DataFrame] = []
    aside: list[SetAside] = []
    for year, part in rows.groupby(division):
        one = _from_division(part, mapping, (int(year), to_year), catalogue)
        made.append(one.observations)
        apportioned.append(one.apportioned)
        aside += one.set_aside
    empty = pd.DataFrame(columns=list(APPORTIONED))
    table = pd.concat(made, ignore_index=True) if made else empty_observations()
    return Harmonised(
        check_observations(table, "harmonised observations"),
        pd.concat([part for part in apportioned if len(part)] or [empty], ignore_index=True),
        _joined(aside),
    )


def division_of(year: int, codes: Iterable[str], starts: Mapping[str, int]) -> int:
    """Say in which division of the country the figures of a year stand, from all codes they were published for.

    `starts` is the year from which each new code exists (`kloof.store.mapping.created`).
    """
    return max(year, *(starts.get(code, year) for code in codes))


def _joined(aside: list[SetAside]) -> tuple[SetAside, ...]:
    """Add up what was left out for the same reason."""
    found: dict[str, list[SetAside]] = {}
    for row in aside:
        found.setdefault(row.reason, []).append(row)
    return tuple(
        SetAside(
            STEP, sum(row.rows for row in rows), reason, examples(sorted({row.detail for row in rows if row.detail}))
        )
        for reason, rows in sorted(found.items())
    )


def _from_division(
    part: pd.DataFrame, mapping: pd.DataFrame, years: tuple[int, int], catalogue: Catalogue
) -> Harmonised:
    """Bring the figures that stand in one division to another."""
    change = transfer(mapping, *years)
    changed = part["code"].isin(change.links["from_code"])
    municipality = "GM" + part["code"].str[2:6]
    lost = ~changed & part["code"].str.match("WK|BU") & municipality.isin(change.gone)
    aside = [
        SetAside(STEP, int(lost.sum()), "area_without_mapping", code) for code in sorted(set(municipality[lost]))[:1]
    ]
    stay, old = part[~changed & ~lost], part[changed]
    if old.empty:
        return Harmonised(stay, pd.DataFrame(columns=list(APPORTIONED)), tuple(aside))
    cells = _weighed(_cells(old, change.links, catalogue), part)
    keys = ["to_code", "year", "indicator", "source"]
    cells = cells.sort_values([*keys, "from_code"], ignore_index=True)
    whole = _put_together(cells, keys)
    if years[1] < years[0]:
        whole["reason"] = whole["reason"].replace("split_without_weight", "merger_cannot_be_undone")
    bad = whole["reason"].notna()
    for reason, found in whole[bad].groupby("reason"):
        aside.append(SetAside(STEP, int(found["given"].sum()), str(reason), str(found["to_code"].iloc[0])))
    rows = whole[~whole["reason"].isin(REFUSED)].rename(columns={"to_code": "code"})
    apportioned = rows[rows["reason"].isna() & (rows["share"] > 0)][list(APPORTIONED)]
    both = pd.concat([stay, rows[list(COLUMNS)]], ignore_index=True)
    return Harmonised(both, apportioned.reset_index(drop=True), tuple(aside))


def _cells(old: pd.DataFrame, links: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Give one row per part of each figure of a new area that any of its parts has, with the weight of the part."""
    known = {name: catalogue.indicator(name) for name in old["indicator"].unique()}
    key = ["year", "indicator", "source"]
    wanted = old.merge(links[["from_code", "to_code"]], left_on="code", right_on="from_code")
    wanted = wanted[["to_code", *key, "unit"]].drop_duplicates(["to_code", *key])
    cells = wanted.merge(links, on="to_code").merge(
        old.rename(columns={"code": "from_code"}).drop(columns="unit"), on=["from_code", *key], how="left"
    )
    kinds = cells["indicator"].map({name: _weight_kind(entry, catalogue) for name, entry in known.items()})
    weights = cells[list(WEIGHT_KINDS)].to_numpy()
    cells["weight"] = weights[np.arange(len(cells)), kinds.map(WEIGHT_KINDS.index).to_numpy()]
    cells["given"] = cells["status"].notna()
    cells["status"] = cells["status"].fillna("not_published")
    for key_, values in (("kind", "kind"), ("universe", "universe"), ("modelled", "modelled")):
        cells[key_] = cells["indicator"].map({name: getattr(entry, values) for name, entry in known.items()})
    return cells.drop(columns=list(WEIGHT_KINDS))


def _weight_kind(indicator: Indicator, catalogue: Catalogue) -> str:
    """Say by what a split area is divided for this indicator: by what it counts, or is a share of; else by people."""
    counted = (
        indicator if indicator.kind == "count" or not indicator.universe else catalogue.indicator(indicator.universe)
    )
    return KIND_OF_UNIT.get(counted.unit, "persons")


def _weighed(cells: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Add the size of each part: its universe in that year, of the same source or else of the one that has most."""
    sizes = figures[(figures["status"] == "measured") & figures["indicator"].isin(cells["universe"].dropna())]
    sizes = sizes.rename(columns={"code": "from_code", "indicator": "universe", "value": "size"})
    key = ["from_code", "year", "universe"]
    own = cells.merge(sizes[[*key, "source", "size"]], on=[*key, "source"], how="left")["size"]
    covered = sizes.groupby(["year", "universe", "source"])["size"].transform("size")
    ranked = sizes.assign(covered=covered).sort_values(["covered", "source"], ascending=[False, True], kind="stable")
    first = ranked.drop_duplicates(["year", "universe"])[["year", "universe", "source"]]
    fullest = sizes.merge(first, on=["year", "universe", "source"])
    other = cells.merge(fullest[[*key, "size"]], on=key, how="left")["size"]
    part = ["to_code", "year", "indicator", "source"]
    complete = own.notna().groupby([cells[name] for name in part]).transform("all")
    return cells.assign(size=own.where(complete, other))  # one source for all parts of a whole, never a mixture


def _put_together(cells: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Make each figure of a new area from its parts, or say why it cannot be made."""
    measured = cells["status"] == "measured"
    single = (cells.groupby(keys)["from_code"].transform("size") == 1) & (cells["weight"] == 1)
    counted = (cells["kind"] == "count") | single
    base = cells["weight"].where(counted, cells["weight"] * cells["size"])
    nobody = ~counted & (base == 0)
    split = cells["weight"].isna()
    faults = {
        "class_cannot_be_combined": ~single & (cells["kind"] == "class"),
        "modelled_estimates_do_not_add_up": ~single & cells["modelled"],
        "no_universe_to_weigh_by": ~counted & cells["universe"].isna(),
        "split_without_weight": split,
        "part_without_a_figure": ~measured & ~nobody,
        "part_without_a_weight": ~counted & base.isna(),
    }
    amount = (base * cells["value"]).mask(nobody, 0.0)
    of_total = amount.where(counted, base)
    order = cells["status"].map({name: place for place, name in enumerate(MISSING_FIRST)}).where(~measured & ~nobody)
    table = cells.assign(
        amount=amount, base=base, of_total=of_total.abs(), order=order,
        of_split=of_total.abs().where(cells["weight"] != 1, 0.0), counted=counted,
        **{name: faults[name] for name in REASONS},
    )  # fmt: skip
    whole = table.groupby(keys, as_index=False).agg(
        unit=("unit", "first"), given=("given", "sum"), amount=("amount", "sum"), base=("base", "sum"),
        counted=("counted", "all"), of_total=("of_total", "sum"), of_split=("of_split", "sum"), order=("order", "min"),
        **{name: (name, "any") for name in REASONS},
    )  # fmt: skip
    hit = whole[list(REASONS)].to_numpy(dtype=bool)
    reason = pd.Series([REASONS[row.argmax()] if row.any() else None for row in hit], index=whole.index, dtype="object")
    empty = ~whole["counted"] & (whole["base"] == 0) & reason.isna()
    reason = reason.mask(empty, "part_without_a_weight")
    value = whole["amount"].where(whole["counted"], whole["amount"] / whole["base"].where(whole["base"] > 0))
    names = dict(enumerate(MISSING_FIRST))
    status = pd.Series("measured", index=whole.index).mask(
        reason.notna(), whole["order"].map(names).fillna("not_published")
    )
    share = (100 * whole["of_split"] / whole["of_total"].where(whole["of_total"] > 0)).fillna(0.0)
    return whole.assign(reason=reason, value=value.where(reason.isna()), status=status, share=share)


EDITIONS = "cbs_kwb_"  # key figures of a year stand in the division of that year; other sources may not
NEAR = (80.0, 125.0)  # inhabitants after, in percent of before, between which a name stands for the same buurt
SOURCE = "same name within the municipality and nearly as many inhabitants; accepted by the user of this store"


def proposals(held: Held) -> pd.DataFrame:
    """Compare each edition of a municipality in the store with the next one.

    Returns the columns of `mapping.propose_mapping` and from_year, to_year, accepted_by_rule (the same name once
    on both sides, inhabitants within `NEAR` percent). Fewer than two editions give an empty frame.
    """
    rows = held.observations[held.observations["source"].str.startswith(EDITIONS)]
    rows = rows[(rows["indicator"] == "inhabitants") & rows["code"].str.match("WK|BU")]
    years = sorted(int(year) for year in rows["year"].unique())
    made = [_between(held, rows, *pair) for pair in pairwise(years)]
    filled = [one for one in made if not one.empty]
    return pd.concat(filled, ignore_index=True) if filled else _between(held, rows.iloc[:0], 0, 0)


def _between(held: Held, rows: pd.DataFrame, before: int, after: int) -> pd.DataFrame:
    """Propose between two editions."""
    sides = []
    for year in (before, after):
        people = rows[rows["year"] == year].set_index("code")["value"]
        areas = held.areas[held.areas["code"].isin(people.index)]
        sides.append(areas.assign(inhabitants=areas["code"].map(people)))
    found = propose_mapping(*sides)
    near = found["ratio"].between(*NEAR)
    return found.assign(from_year=before, to_year=after, accepted_by_rule=(found["evidence"] == "same_name") & near)


def accept(municipality: str, proposed: pd.DataFrame) -> Path:
    """Put the proposals that follow the rule in the store's own mapping, instead of what stood there of this place.

    Raises SchemaError when the whole is no valid mapping; the file is then as it was.
    """
    chosen = proposed[proposed["accepted_by_rule"]]
    made = pd.DataFrame(
        {
            "from_code": chosen["from_code"], "from_year": chosen["to_year"] - 1, "to_code": chosen["to_code"],
            "to_year": chosen["to_year"], "weight_kind": "persons", "weight": 1.0, "kind": "recoded",
            "source": SOURCE, "proof": "not_verified",
        }
    )[list(MAPPING_COLUMNS)]  # fmt: skip
    path = data_folder() / OWN_MAPPING
    others = made.iloc[:0]
    if path.is_file():
        others = read_mapping(path)
        others = others.loc[others["to_code"].str[2:6] != municipality[2:6], list(MAPPING_COLUMNS)]
    own = pd.concat([part for part in (others, made) if len(part)] or [made], ignore_index=True)
    check_mapping(pd.concat([all_mappings(own=False), own], ignore_index=True), path.name)
    write_whole(path, own.to_csv(index=False, lineterminator="\n"))
    return path
