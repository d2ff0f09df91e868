"""Computes indices from a tidy table: one shape in, one shape out, all municipalities, years and replicates at once.

`measure` takes a tidy table, or one that `counts.prepare` made ready, and returns one row per key and index.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.errors import ParameterError, SchemaError, faults
from kloof.measures.counts import REST, RESULT, Prepared, choose, examine, group_faults, keep
from kloof.measures.rank_order import Ordered
from kloof.measures.registry import INDICES, Index, get_index, index_fault
from kloof.measures.spatial import neighbourhood
from kloof.measures.tables import FloatArray, Groups, Segments
from kloof.typed import typed

ALL = "all"
_PLACES = {
    "parents": ("parent",),
    "areas": ("area",),
    "coordinates": ("east", "north"),
    "means_and_coordinates": ("east", "north"),
}
_MEANS = {"means", "means_and_coordinates"}
_OF_UNITS = "units"


@dataclass(frozen=True)
class Choice:
    """What one or more indices are computed over: the groups compared, and which units must be known."""

    group: object
    against: object
    needing: tuple[str, ...]
    others: bool
    weighing: bool


@typed
def measure(
    table: pd.DataFrame | Prepared,
    index: Sequence[str] | str,
    group: object = None,
    against: object = None,
    by: Sequence[str] | str = (),
) -> pd.DataFrame:
    """Compute indices for every key of `by`: municipality, year, wijk, replicate, or none.

    table: tidy counts (unit, group, count; see `counts.prepare`), or tidy means (unit, value, weight) for the indices
    of means, or what `prepare` made of one of these. index: ids of the registry, with a parameter in brackets where an
    index has one: `atkinson(0.9)`. Indices of two groups compare `group` with `against`, or with all others together;
    without `group` every group is compared with the rest, a row each. With `against`, only those two groups count:
    isolation is then the share in the two together (`exposure` keeps everybody in the denominator). Indices of many
    groups take all groups of the table; `mutual_information` those two when a group is named.
    A unit with a missing count (or no row) for a group that is used is set aside whole, and counted in n_missing.

    Returns one row per key (sorted), index and group: keys, index, group ("all" for many groups), against ("rest" = all
    others, "" for many groups), estimate, n_units (with known counts, also the uninhabited), n_missing, n_total (people
    of all sides in n_units), reason (None, or why estimate is NaN: no_units, nobody, group_is_empty,
    group_is_everyone, against_is_empty, one_group, too_few_classes, thresholds_too_close, no_weight, not_defined).
    Local indices give one row per unit, with a column `unit` after the keys.
    Raises SchemaError (table) or ParameterError (index or group), with all faults in one message.
    """
    wanted = [index] if isinstance(index, str) else list(index)
    prepared = made_ready(table, wanted, by, (group, against))
    entries = [get_index(name) for name in wanted]
    blocks = _Blocks(prepared)
    if entries[0].needs == _OF_UNITS:
        return blocks.of_units(entries)
    rows = [blocks.row(entry, choice) for entry in entries for choice in _choices(entry, prepared, group, against)]
    return _laid_out(prepared.keys, rows)


def made_ready(
    table: pd.DataFrame | Prepared,
    index: Sequence[str],
    by: Sequence[str] | str = (),
    compare: tuple[object, object] = (None, None),
) -> Prepared:
    """Prepare a table for these indices; compare: group and against.

    Raises SchemaError or ParameterError with every fault of the table and of the choice.
    """
    prepared, in_table = _examined(table, index, by)
    of_means = prepared.of_means if prepared else None
    in_choice = _choice_faults(index, of_means)
    if not of_means:
        in_choice += group_faults(prepared.groups if prepared else _groups_of(table), *compare)
    elif compare != (None, None):
        in_choice.append("an index of means takes no group")
    if prepared is None or in_table or in_choice:
        kind = ParameterError if prepared or not in_table else SchemaError
        where = "the choice" if prepared or not in_table else "counts"
        raise kind(faults(where, in_table + in_choice, "Mend these, then measure again."))
    return prepared


def comparisons(
    prepared: Prepared, index: Sequence[str], group: object = None, against: object = None
) -> Iterator[tuple[Index, Prepared]]:
    """Give every index with the complete counts it is computed over, in the order of the rows of `measure` per key."""
    blocks = _Blocks(prepared)
    for entry in map(get_index, index):
        for choice in _choices(entry, prepared, group, against):
            yield entry, blocks.over(choice)


def _examined(
    table: pd.DataFrame | Prepared, wanted: Sequence[str], by: Sequence[str] | str
) -> tuple[Prepared | None, list[str]]:
    """Give the prepared table, or the faults of the table."""
    if isinstance(table, Prepared):
        return table, ["a prepared table has its keys already; give `by` to prepare"] if by else []
    of_means = any(get_index(name).needs in _MEANS for name in wanted if index_fault(name) is None)
    if of_means and "count" in table.columns and "value" not in table.columns:
        of_means = False  # a wrong choice for this table of counts, not a wrong table
    return examine(table, [by] if isinstance(by, str) else list(by), of_means)


def _groups_of(table: pd.DataFrame | Prepared) -> Sequence[object]:
    """Give the groups of a table that could not be prepared, to name the right ones beside its faults."""
    if isinstance(table, Prepared) or list(table.columns).count("group") != 1:
        return ()
    if not all(isinstance(cell, Hashable) for cell in table["group"]):
        return ()
    return list(table["group"].dropna().unique())


def _choice_faults(wanted: Sequence[str], of_means: bool | None) -> list[str]:
    """List what is wrong with the indices asked for; of_means: what the table holds, None when it is not known."""
    found = [fault for name in wanted if (fault := index_fault(name))]
    if not wanted:
        found.append(f"no index was asked for. Known: {', '.join(INDICES)}.")
    needs = {name: get_index(name).needs for name in wanted if index_fault(name) is None}
    for name, need in needs.items():
        if of_means is False and need in _MEANS:
            found.append(f'index "{name}" needs means and weights (columns value, weight), not counts')
        elif of_means and need not in _MEANS:
            found.append(f'index "{name}" needs counts (columns group, count), not means')
    if _OF_UNITS in needs.values() and set(needs.values()) != {_OF_UNITS}:
        found.append("a local index gives a row per unit: ask for it apart from the others")
    return found


def _choices(entry: Index, prepared: Prepared, group: object, against: object) -> Iterator[Choice]:
    """Say what an index is computed over: one comparison, all groups, or each group against the rest."""
    needing = _PLACES.get(entry.needs, ())
    weighing = entry.needs in _MEANS
    if entry.groups in {"many", "ordered", "means"} or (entry.groups == "any" and group is None):
        yield Choice(None, None, needing, False, weighing)
        return
    compared = prepared.groups if group is None else (group,)
    for one in compared:
        yield Choice(one, against, needing, entry.needs == "counts_and_others", weighing)


def _laid_out(keys: pd.DataFrame, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """One row per key and block, keys first."""
    per_key = np.repeat(np.arange(len(keys)), len(rows))
    made = keys.iloc[per_key].reset_index(drop=True)
    for name in RESULT:
        values = [np.broadcast_to(row[name], len(keys)) for row in rows]
        kind = object if name in {"index", "group", "against", "reason"} else None
        made[name] = pd.Series(np.stack(values, axis=-1).ravel(), dtype=kind)
    return made


class _Blocks:
    """The estimates of one prepared table; what several indices share is made once."""

    def __init__(self, prepared: Prepared):
        self.prepared = prepared
        self.chosen: dict[Choice, Prepared] = {}
        self.tables: dict[tuple[Any, ...], Any] = {}

    def over(self, choice: Choice) -> Prepared:
        """Give the complete counts of a choice."""
        if choice not in self.chosen:
            made = choose(self.prepared, choice.group, choice.against, choice.needing, choice.others)
            if choice.weighing and choice.needing:  # a unit without weight is nobody's neighbour
                made = keep(made, made.counts[1] > 0, made.counts, missing=False)
            self.chosen[choice] = made
        return self.chosen[choice]

    def row(self, entry: Index, choice: Choice) -> dict[str, Any]:
        """One index over one choice, for all keys."""
        chosen = self.over(choice)
        size = entry.parameter.default if entry.parameter and entry.neighbourhood else None
        key = (choice, entry.function.table, entry.neighbourhood, size)
        if key not in self.tables:
            self.tables[key] = _table(entry, chosen)
        found = np.asarray(entry.function.of(self.tables[key]), dtype=np.float64)
        totals = Segments(chosen.starts, chosen.units.size).total(chosen.counts)
        against = "" if choice.group is None else REST if choice.against is None else choice.against
        return {
            "index": entry.id,
            "group": ALL if choice.group is None else choice.group,
            "against": against,
            "estimate": found,
            "n_units": chosen.n_units,
            "n_missing": chosen.missing,
            "n_total": totals[1] if choice.weighing else totals.sum(axis=0),
            "reason": _reasons(entry, self.tables[key], chosen, found),
        }

    def of_units(self, entries: Sequence[Index]) -> pd.DataFrame:
        """Local indices: one row per key, unit and index."""
        chosen = self.over(Choice(None, None, (), False, False))
        cut = Segments(chosen.starts, chosen.units.size)
        people = chosen.counts.sum(axis=0)
        keys = chosen.keys.iloc[cut.of_unit].reset_index(drop=True).assign(unit=chosen.units)
        table = Groups(chosen.counts, chosen.starts)
        rows = []
        for entry in entries:
            found = entry.function.of(table)
            reason = np.full(found.size, None, dtype=object)
            reason[np.isnan(found)] = "nobody"
            rows.append(
                {
                    "index": entry.id, "group": ALL, "against": "", "estimate": found, "n_total": people,
                    "n_units": np.ones(found.size, dtype=np.intp), "n_missing": chosen.missing[cut.of_unit],
                    "reason": reason,
                }
            )  # fmt: skip
        return _laid_out(keys, rows)


def _table(entry: Index, chosen: Prepared) -> Any:
    """Make the table that an index is computed over, from complete counts."""
    counts, starts, place = chosen.counts, chosen.starts, chosen.place
    if entry.needs in {"groups", "units", "ordered", "counts_and_others"}:
        return entry.function.table(counts, starts)
    if entry.needs == "parents":
        return entry.function.table(counts, place["parent"], starts)
    if entry.needs == "areas":
        return entry.function.table(counts[0], counts[1], place["area"], starts)
    if entry.neighbourhood and entry.parameter:
        itself = entry.needs == "coordinates"
        size = float(entry.parameter.default or 0)
        weights = neighbourhood(place["east"], place["north"], starts, entry.neighbourhood, size, itself)
        return entry.function.table(counts[0], counts[1], weights, starts)
    return entry.function.table(counts[0], counts[1], starts)


def _reasons(entry: Index, table: Any, chosen: Prepared, found: FloatArray) -> NDArray[Any]:
    """Say per key why there is no number, None where there is one."""
    totals = Segments(chosen.starts, chosen.units.size).total(chosen.counts)
    reason = np.full(found.size, "not_defined", dtype=object)
    if entry.needs in _MEANS:
        reason[totals[1] == 0] = "no_weight"
    elif entry.groups == "two":
        reason[totals[1] == 0] = "against_is_empty" if entry.needs == "counts_and_others" else "group_is_everyone"
        reason[totals[0] == 0] = "group_is_empty"
    else:
        if isinstance(table, Ordered):
            reason[~table.enough] = "thresholds_too_close"
            reason[table.classes < 3] = "too_few_classes"
        reason[np.count_nonzero(totals, axis=0) == 1] = "one_group"
        reason[totals.sum(axis=0) == 0] = "nobody"
    reason[chosen.n_units == 0] = "no_units"
    reason[~np.isnan(found)] = None
    return reason
