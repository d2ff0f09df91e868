"""Finds buurten and wijken that only got another code between two editions, and remembers those a person accepts.

What is accepted stands in data/store/mapping.csv, in the shape of data/mapping.csv, and counts for every data set out
of the store. Nothing is accepted by itself: a name that stays while the people behind it change is another buurt.
"""

from itertools import pairwise
from pathlib import Path

import pandas as pd

from kloof.mapping import COLUMNS, check_mapping, propose_mapping, read_mapping
from kloof.results import write_whole
from kloof.sources import data_folder
from kloof.store import Held
from kloof.stored import OWN_MAPPING, all_mappings

EDITIONS = "cbs_kwb_"  # key figures of a year stand in the division of that year; other sources may not
NEAR = (80.0, 125.0)  # inhabitants after, in percent of before, between which a name stands for the same buurt
SOURCE = "same name within the municipality and nearly as many inhabitants; accepted by the user of this store"


def proposals(held: Held) -> pd.DataFrame:
    """Compare each edition of a municipality in the store with the next one.

    Returns the columns of `kloof.mapping.propose_mapping` and from_year, to_year, accepted_by_rule (the same name once
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
    )[list(COLUMNS)]  # fmt: skip
    path = data_folder() / OWN_MAPPING
    others = made.iloc[:0]
    if path.is_file():
        others = read_mapping(path)
        others = others.loc[others["to_code"].str[2:6] != municipality[2:6], list(COLUMNS)]
    own = pd.concat([part for part in (others, made) if len(part)] or [made], ignore_index=True)
    check_mapping(pd.concat([all_mappings(own=False), own], ignore_index=True), path.name)
    write_whole(path, own.to_csv(index=False, lineterminator="\n"))
    return path
