"""Turns a tidy table into arrays once, so that many indices can use them: one conversion, all municipalities.

`prepare` reads counts (unit, group, count), `examine` also values with their weights (unit, value, weight); both keep
what is not known as nan. `choose` picks the groups that are compared, sets the units aside of which a number is
missing, and counts them.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.errors import ParameterError, SchemaError, examples, faults, nearest
from kloof.measures.tables import FloatArray, Segments

REST = "rest"
RESULT = ("index", "group", "against", "estimate", "n_units", "n_missing", "n_total", "reason")
PLACE = ("parent", "area", "east", "north")  # optional columns, one value per unit
_TAKEN = {"unit", "group", "count", "value", "weight", *PLACE, *RESULT}


@dataclass(frozen=True)
class Prepared:
    """Numbers per unit, all keys behind each other.

    counts (G, N): a row per group, nan = not known (no row, or an empty count); for means the rows are value and
    weight. groups: the names of the rows, in order. starts (S,): offset of each key's units. keys: one row per key,
    sorted (one row without columns when there are no keys). units (N,): names. missing (S,): units that were set aside
    per key. place: what else is known per unit, each (N,): parent (a number per name), area, east, north.
    of_means: whether the rows are value and weight.
    """

    counts: FloatArray
    groups: tuple[Any, ...]
    starts: NDArray[np.intp]
    keys: pd.DataFrame
    units: NDArray[Any]
    missing: NDArray[np.intp]
    place: dict[str, FloatArray] = field(default_factory=dict)
    of_means: bool = False

    @property
    def n_units(self) -> NDArray[np.intp]:
        """Units per key, (S,)."""
        return Segments(self.starts, self.units.size).lengths


def prepare(table: pd.DataFrame, by: Sequence[str] = ()) -> Prepared:
    """Turn tidy counts into arrays: columns unit, group, count, the keys in `by`, and any of parent, area, east, north.

    count in people or households, empty = missing; a unit has one row per group, and one value of parent (its wijk),
    area and coordinates (metres). Groups keep the order of a categorical; else they are sorted, numbers by size.
    Raises SchemaError with every fault: columns, empty keys, repeated rows, counts that are text, negative, infinite.
    """
    prepared, found = examine(table, by)
    if prepared is None:
        raise SchemaError(faults("counts", found, "Mend these, then measure again."))
    return prepared


def examine(table: pd.DataFrame, by: Sequence[str] = (), of_means: bool = False) -> tuple[Prepared | None, list[str]]:
    """As `prepare`, with the faults instead of an error: one of the two results is empty.

    of_means: the table holds means: columns unit, value (in any unit, also negative) and weight (people or dwellings,
    not negative) instead of group and count, one row per unit.
    """
    keys = [by] if isinstance(by, str) else list(by)
    numbers = ("value", "weight") if of_means else ("count",)
    names = [*keys, "unit", *([] if of_means else ["group"])]
    found = _column_faults(table, keys, names, numbers)
    if found:
        return None, found
    places = [name for name in PLACE if name in table.columns]
    empty = table[names].isna().any(axis=1).to_numpy()
    if empty.any():
        found.append(f"{int(empty.sum())} rows have an empty key, unit or group ({_where(table, names, empty)})")
    found += _number_faults(table, names, numbers, places)
    if empty.any():
        return None, found

    segment, first_key = _numbered([table[key] for key in keys], len(table))
    unit, first_unit = _numbered([segment, table["unit"]], len(table))
    units = int(first_unit.size)
    groups, group = (list(numbers), np.zeros(len(table), dtype=np.intp)) if of_means else labels(table["group"])
    cell = group * units + unit
    if np.bincount(cell).max() > 1:
        double = pd.Series(cell).duplicated().to_numpy()
        what = "unit" if of_means else "unit and group"
        found.append(f"{int(double.sum())} rows repeat a {what} ({_where(table, names, double)})")
    place = {}
    for name in places:
        if name != "parent" and not pd.api.types.is_numeric_dtype(table[name]):
            continue
        values = _place(table[name], name)
        place[name] = values[first_unit]
        here = place[name][unit]
        apart = (values != here) & ~(np.isnan(values) & np.isnan(here))
        if apart.any():
            found.append(f"{name} differs within a unit in {int(apart.sum())} rows ({_where(table, names, apart)})")
    if found:
        return None, found

    counts = np.full((len(groups), units), np.nan)
    for row, name in enumerate(numbers):
        counts.ravel()[cell + row * units] = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    of_unit = segment[first_unit]
    made = Prepared(
        counts=counts,
        groups=tuple(groups),
        starts=np.searchsorted(of_unit, np.arange(first_key.size)),
        keys=table[keys].iloc[first_key].reset_index(drop=True),
        units=table["unit"].to_numpy()[first_unit],
        missing=np.zeros(first_key.size, dtype=np.intp),
        place=place,
        of_means=of_means,
    )
    return made, []


def _where(table: pd.DataFrame, names: Sequence[str], chosen: NDArray[np.bool_]) -> str:
    """Show the chosen rows by number (from 1) and keys: `row 3: BU01 2016 a, …`."""
    rows = table.loc[chosen, list(names)].itertuples(index=False)
    numbered = zip(np.flatnonzero(chosen) + 1, rows, strict=True)
    return examples([f"row {number}: {' '.join(str(value) for value in row)}" for number, row in numbered])


def _column_faults(table: pd.DataFrame, keys: Sequence[str], names: Sequence[str], numbers: Sequence[str]) -> list[str]:
    found = [f'column "{name}" is missing' for name in [*names, *numbers] if name not in table.columns]
    if found:
        found[-1] += f" (columns: {examples(list(table.columns), 12)})"
    there = [name for name in dict.fromkeys([*names, *numbers]) if name in table.columns]
    if several := [name for name in there if list(table.columns).count(name) > 1]:
        found.append(f"there are several columns {examples(several)}")
    odd = [name for name in there if name not in several and table[name].dtype == object
           and not all(isinstance(cell, Hashable) for cell in table[name])]  # fmt: skip
    if odd:
        found.append(f"{examples(odd)} holds lists or tables, not a name or a number in each cell")
    taken = [name for name in keys if name in _TAKEN]
    if taken:
        found.append(f"a key can't be called {examples(taken)}")
    twice = [name for name in dict.fromkeys(keys) if list(keys).count(name) > 1]
    if twice:
        found.append(f"key {examples(twice)} is given twice")
    return found or (["there are no rows"] if table.empty else [])


def _number_faults(
    table: pd.DataFrame, names: Sequence[str], numbers: Sequence[str], places: Sequence[str]
) -> list[str]:
    found = []
    for name in [*numbers, *(place for place in places if place != "parent")]:
        column = table[name]
        kinds = pd.api.types
        if not kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column) or kinds.is_complex_dtype(column):
            found.append(_text_fault(table, name, names))
            continue
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        for wrong, what in ((values < 0, "< 0"), (np.isinf(values), "is infinite")):
            if wrong.any() and not (what == "< 0" and name in {"value", "east", "north"}):
                found.append(f"{name} {what} in {int(wrong.sum())} rows ({_where(table, names, wrong)})")
    return found


def _text_fault(table: pd.DataFrame, name: str, names: Sequence[str]) -> str:
    """Name the cells of a column of text that are no number."""
    read = pd.to_numeric(table[name], errors="coerce")
    wrong = (read.isna() & table[name].notna()).to_numpy(dtype=bool)
    if not wrong.any():
        return f"{name} is {table[name].dtype}, not a number"
    first = [f'"{cell}"' for cell in table.loc[wrong, name].head(5)]
    return (
        f"{name} is not a number in {int(wrong.sum())} rows: {', '.join(first)} "
        f"({_where(table, names, wrong)}); leave a missing number empty"
    )


def labels(column: "pd.Series[Any]") -> tuple[list[Any], NDArray[np.intp]]:
    """Give the values of a column in order and the number of each row's value, as `prepare` orders groups."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        return list(column.cat.categories), np.asarray(column.cat.codes, dtype=np.intp)
    codes, found = pd.factorize(column)
    values = list(found)
    if all(isinstance(value, str) and value.lstrip("-").isdecimal() for value in values):
        rank = sorted(range(len(values)), key=lambda at: (int(values[at]), values[at]))
    else:
        try:
            rank = sorted(range(len(values)), key=lambda at: values[at])
        except TypeError:  # numbers and text in one column
            rank = sorted(range(len(values)), key=lambda at: str(values[at]))
    number: NDArray[np.intp] = np.empty(len(values), dtype=np.intp)
    number[rank] = np.arange(len(values))
    return [values[at] for at in rank], np.asarray(number[codes], dtype=np.intp)


def _numbered(columns: Sequence[Any], size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give combinations of the columns a number in sorted order: the number of each row, and the first row of each."""
    number, first = np.zeros(size, dtype=np.intp), np.zeros(1, dtype=np.intp)
    for column in columns:
        codes = column if isinstance(column, np.ndarray) else labels(column)[1]
        combined = number * (int(codes.max()) + 1) + codes
        _, first, number = np.unique(combined, return_index=True, return_inverse=True)
    return number.astype(np.intp), first.astype(np.intp)


def _place(column: "pd.Series[Any]", name: str) -> FloatArray:
    """Give a number per row: a number per name for parents, nan where nothing is known."""
    if name != "parent":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = pd.factorize(column)[0].astype(np.float64)
    codes[codes < 0] = np.nan
    return codes


def group_faults(groups: Sequence[object], group: object, against: object) -> list[str]:
    """List what is wrong with the groups asked for."""
    names = [str(one) for one in groups]
    found: list[str] = []
    if not names:
        return found
    for role, name in (("group", group), ("against", against)):
        if name is not None and name not in groups:
            known = f"{nearest(str(name), names)}Groups: {examples(names, 12)}."
            found.append(f'{role} "{name}" is not in the table; {known}')
    if group is None and against is not None:
        found.append(f'against "{against}" needs a group to set against it')
    if group is not None and group == against:
        found.append(f'group and against are both "{group}"')
    if against is None and group is not None and list(groups) == [group]:
        found.append(f'"{group}" is the only group, so there is no rest to compare it with')
    return found


def choose(
    prepared: Prepared,
    group: object = None,
    against: object = None,
    needing: Sequence[str] = (),
    others: bool = False,
) -> Prepared:
    """Pick what is compared and set the units aside of which a number is not known: counts are then complete.

    Without group: all rows. With group: two rows, the group and `against`, or the group and all others together
    ("rest"); with others=True a third row, everybody else. needing: what must be known of the place of a unit.
    With `against`, a missing count of a third group is no matter (unless others are asked for).
    Raises ParameterError on groups that are not there, and SchemaError when a place column is.
    """
    found = group_faults(prepared.groups, group, against)
    if found:
        raise ParameterError(faults("the choice", found, "Mend these, then measure again."))
    absent = [name for name in needing if name not in prepared.place]
    if absent:
        shown = [f'column "{name}" is missing, and this index needs it' for name in absent]
        raise SchemaError(faults("counts", shown, "Add it, with one value per unit."))
    rows, groups = prepared.counts, prepared.groups
    if group is not None:
        chosen = [groups.index(one) for one in (group, against) if one is not None]
        rest = np.delete(rows, chosen, axis=0).sum(axis=0)  # added up, not subtracted: never below 0
        parts = [*rows[chosen], rest] if against is None or others else list(rows[chosen])
        if against is None and others:
            parts.append(np.where(np.isnan(rest), np.nan, 0.0))
        groups = (group, REST if against is None else against, *(["others"] if others else []))
        rows = np.stack(parts)
    known = ~np.isnan(rows.sum(axis=0))
    for name in needing:
        known &= ~np.isnan(prepared.place[name])
    return replace(keep(prepared, known, rows), groups=groups)


def keep(prepared: Prepared, known: NDArray[np.bool_], rows: FloatArray, missing: bool = True) -> Prepared:
    """Keep some of the units, with `rows` (G, N) as their counts; `missing` says whether the others count as such."""
    if known.all():
        return replace(prepared, counts=rows)
    kept = Segments(prepared.starts, known.size).total(known.astype(np.float64)).astype(np.intp)
    return replace(
        prepared,
        counts=rows[:, known],
        starts=np.cumsum(kept) - kept,
        units=prepared.units[known],
        missing=prepared.missing + (prepared.n_units - kept if missing else 0),
        place={name: values[known] for name, values in prepared.place.items()},
    )
