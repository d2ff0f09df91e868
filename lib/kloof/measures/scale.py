"""What the size of the units does to an index: the modifiable areal unit problem, as a table.

The same index at the units (buurten), at their parents (wijken), and over random re-partitions: the units of each key
dealt at random over as many parts as there are parents, each with as many units as a parent has. Joining units lowers
an index by itself; parents that keep more of it than random parts of the same size follow a border that people live by.
Source of the problem: Openshaw & Taylor 1979, "A million or so correlation coefficients".
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import ParameterError, faults
from kloof.measures.counts import REST, Prepared, keep
from kloof.measures.many_groups import Nested
from kloof.measures.measure import ALL, comparisons
from kloof.measures.registry import ON_COUNTS, Index, get_index
from kloof.measures.tables import FloatArray

SCALES = ("unit", "parent", "random")
_COLUMNS = ("index", "group", "against", "scale", "estimate", "low", "high", "n_units", "partitions")
_CELLS = 2**22  # numbers of the partitions that are in memory at once


def by_scale(
    prepared: Prepared,
    index: Sequence[str],
    rng: np.random.Generator,
    partitions: int = 100,
    compare: tuple[object, object] = (None, None),
) -> pd.DataFrame:
    """Compute indices at unit, parent and over random partitions, for every key at once.

    prepared: counts with a parent per unit (`counts.prepare` with a column parent); a unit without one is set aside.
    index: ids of indices that need counts only; compare: group and against, as in `measure.measure`. The same
    partitions are used for every index. Returns one row per key, index, group and scale: keys, index, group, against,
    scale (unit, parent, random), estimate (random: the mean of the partitions), low and high (random: their 2.5 and
    97.5 percent points; else missing), n_units (units or parts), partitions (random: how many gave a number; else 0).
    Raises ParameterError, with all faults, without parents, on other indices, and on fewer than 1 partition.
    """
    found = [] if "parent" in prepared.place else ["the table has no column parent"]
    found += [f"{name} needs more than counts" for name in index if get_index(name).needs not in ON_COUNTS]
    if partitions < 1:
        found.append(f"partitions must be 1 or more, got {partitions}")
    if found:
        raise ParameterError(faults("the scales", found, "Give counts with a parent per unit."))
    seed = int(rng.integers(2**63))
    group, against = compare
    rows = []
    for entry, complete in comparisons(prepared, index, group, against):
        chosen = keep(complete, ~np.isnan(complete.place["parent"]), complete.counts)
        named: dict[str, Any] = {"index": entry.id, "group": ALL, "against": ""}
        if chosen.groups != prepared.groups:
            named |= {"group": chosen.groups[0], "against": REST if against is None else against}
        rows += [named | row for row in _scales(entry, chosen, np.random.default_rng(seed), partitions)]
    per_key = np.repeat(np.arange(len(prepared.keys)), len(rows))
    made = prepared.keys.iloc[per_key].reset_index(drop=True)
    for name in _COLUMNS:
        values = [np.broadcast_to(row[name], len(prepared.keys)) for row in rows]
        made[name] = np.stack(values, axis=-1).ravel()
    return made


def _scales(entry: Index, chosen: Prepared, rng: np.random.Generator, partitions: int) -> list[dict[str, Any]]:
    """One index at the three scales, each a number per key."""
    nested = Nested(chosen.counts, chosen.place["parent"], chosen.starts)
    drawn = _drawn(entry, nested, rng, partitions)
    some = ~np.isnan(drawn).all(axis=0)
    mean, low, high = np.full((3, some.size), np.nan)
    if some.any():
        mean[some] = np.nanmean(drawn[:, some], axis=0)
        low[some], high[some] = np.nanquantile(drawn[:, some], [0.025, 0.975], axis=0)
    parts = nested.parents.cut.lengths
    blank = np.full(some.size, np.nan)
    none = np.zeros(some.size, dtype=np.intp)
    at_units = entry.of_counts(chosen.counts, chosen.starts)
    at_parents = entry.of_counts(nested.parents.counts, nested.starts)
    counted = np.count_nonzero(~np.isnan(drawn), axis=0)
    scales = (
        (at_units, blank, blank, chosen.n_units, none),
        (at_parents, blank, blank, parts, none),
        (mean, low, high, parts, counted),
    )
    names = ("estimate", "low", "high", "n_units", "partitions")
    return [
        {"scale": scale, **dict(zip(names, values, strict=True))} for scale, values in zip(SCALES, scales, strict=True)
    ]


def _drawn(entry: Index, nested: Nested, rng: np.random.Generator, partitions: int) -> FloatArray:
    """Compute the index over random parts, (partitions, n_keys): units in random order, cut where the parents end."""
    counts, inner = nested.inside.counts, nested.inside.cut
    keys = nested.units.cut.of_unit  # sorting by segment and parent leaves the segments where they were
    found = []
    at_once = max(1, _CELLS // max(1, counts.size))
    for first in range(0, partitions, at_once):
        draws = min(at_once, partitions - first)
        order = np.argsort(keys + rng.random((draws, keys.size)), axis=-1)
        parts = np.moveaxis(inner.total(counts[:, order]), 0, 1) if keys.size else np.zeros((draws, *counts.shape))
        found.append(entry.of_counts(parts, nested.starts))
    return np.concatenate(found)
