"""The commands about indices: `kloof measure` on any tidy or wide file, and `kloof glossary`."""

import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kloof.ceilings import check_text, content_of, is_there
from kloof.errors import ParameterError, SchemaError, SourceError, examples, faults, nearest
from kloof.files.numbers import Expected, look, settle
from kloof.files.opening import read_parquet
from kloof.measures.counts import PLACE, Prepared
from kloof.measures.measure import comparisons, made_ready, measure
from kloof.measures.registry import Index

NUMBERS = ("count", "value", "weight", *(name for name in PLACE if name != "parent"))
ENDS = ("low", "high", "range_kind")
Interval = Callable[[Prepared, Index, np.random.Generator], pd.DataFrame]
ZERO, MISSING = "zero", "missing"
ABSENT = ("n_absent", "absent")


@dataclass(frozen=True)
class Layout:
    """How the table is laid out.

    `unit` is the column with units. `counts` are the columns with a count per group, of a wide table; without them it
    is tidy: columns group and count. `absent` says what a group without a row of its unit is: zero (nobody) or missing
    (not known); empty when nothing was said, which is missing. `decimal` is the sign before decimals: , or . or, when
    it must show from the cells, nothing.
    """

    unit: str = "unit"
    counts: tuple[str, ...] = ()
    absent: str = ""
    decimal: str = ""

    def __post_init__(self) -> None:
        if self.absent not in ("", ZERO, MISSING):
            raise ParameterError(f"--absent {self.absent!r} is not known. Valid: {ZERO}, {MISSING}.")
        if self.decimal not in ("", ",", "."):
            raise ParameterError(f"--decimal {self.decimal!r} is no sign before decimals. Valid: , and .")


TIDY = Layout()


def read_table(path: Path, layout: Layout = TIDY) -> pd.DataFrame:
    """Read a CSV (comma or semicolon, UTF-8) or Parquet file; text stays text, so that codes keep their zeros.

    A column of counts, values, weights, areas or coordinates becomes numbers when all its cells are; an empty cell is
    missing. Raises SourceError when the file is not there or can't be read, SchemaError when 1.054 in it may be a
    thousand and something or one and something.
    """
    if not is_there(path):
        raise SourceError(f"{path} is not a file; give a CSV or Parquet file with the columns unit, group, count.")
    try:
        data = content_of(path)
        if path.suffix.lower() in {".parquet", ".pq"}:
            table = read_parquet(path.name, data)
        else:
            mark = check_text(path.name, data, ",;")
            table = pd.read_csv(
                io.BytesIO(data), sep=mark, dtype="str", encoding="utf-8-sig", keep_default_na=False, na_values=[""]
            )
    except (UnicodeDecodeError, ValueError, OSError, ImportError) as problem:
        if isinstance(problem, OSError) and problem.errno:
            raise  # of the system, not of what is in the file
        raise SourceError(f"{path} can't be read as a table: {problem}") from None
    if not isinstance(table.index, pd.RangeIndex):  # what pandas makes of the first column
        raise SourceError(f"{path} can't be read as a table: its rows have more cells than there are titles.")
    table = _numbers(table, path, layout)
    for name in (*NUMBERS, *layout.counts):
        if name in table.columns and pd.api.types.is_numeric_dtype(table[name]):
            odd = np.flatnonzero(np.isinf(table[name].to_numpy(dtype="float64", na_value=np.nan)))
            if len(odd):
                rows = examples((odd + 1).tolist())
                raise SchemaError(f"{path.name}, column {name}: no finite number in row {rows} below the titles.")
    return table


def _numbers(table: pd.DataFrame, path: Path, layout: Layout) -> pd.DataFrame:
    """Make numbers of columns of text whose cells all are; a sign that parts thousands or decimals is decided."""
    names = [name for name in (*NUMBERS, *layout.counts)
             if name in table.columns and not pd.api.types.is_numeric_dtype(table[name])]  # fmt: skip
    if layout.decimal:
        for name in names:
            numbers = pd.to_numeric(_plainly(table[name], layout.decimal), errors="coerce")
            if numbers.notna().eq(table[name].notna()).all():
                table[name] = numbers
        return table
    seen = {name: look(table[name]) for name in names}
    signs = {sign for cells in seen.values() for sign in cells.signs()}
    decimal = next(iter(signs)) if len(signs) == 1 else ""
    unclear = []
    for name, cells in seen.items():
        read = settle(cells, Expected(step=1.0 if name in ("count", *layout.counts) else 0.0), decimal)
        if read.unclear:
            unclear.append(f"column {name}: {read.unclear}")
        if (read.empty == table[name].isna()).all() and not read.wrong.any():
            table[name] = read.value
    if unclear or len(signs) > 1:
        shown = unclear or [f"decimals have {' and '.join(sorted(signs))}"]
        way_out = "Say which sign stands before decimals: --decimal , or --decimal ."
        found = [f"a sign that can part thousands or decimals in {one}" for one in shown]
        raise SchemaError(faults(path.name, found, way_out))
    return table


def _plainly(cells: "pd.Series[str]", decimal: str) -> "pd.Series[str]":
    """Write numbers with a point before decimals and nothing between thousands, as `decimal` says."""
    texts = cells.dropna().astype("str").str.strip()
    signed = texts[texts.str.contains("[.,]", regex=True)]
    if signed.empty:
        return cells
    other = "," if decimal == "." else "."
    whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{re.escape(other)}\d{{3}})+)"
    proper = texts.str.fullmatch(rf"-?{whole}(?:{re.escape(decimal)}\d+)?")
    plain = texts.str.replace(other, "", regex=False).str.replace(decimal, ".", regex=False)
    return plain.where(proper, texts).reindex(cells.index)


def measure_file(
    path: Path,
    index: Sequence[str],
    compare: tuple[str | None, str | None] = (None, None),
    by: Sequence[str] = (),
    draws: tuple[Interval, int] | None = None,
    layout: Layout = TIDY,
) -> pd.DataFrame:
    """Measure the indices of a file: the rows of `measure.measure`, with low, high and range_kind given `draws`.

    compare: group and against, or None. `draws` is an interval and its seed; every index draws from the seed anew, so
    that its rows don't depend on which others are asked for. When groups have no row of a unit, or `layout` says what
    that means, n_absent and absent say how many per key and what they were taken for. Raises SourceError, SchemaError,
    ParameterError.
    """
    group, against = compare
    table = _keys_as_numbers(_tidy(read_table(path, layout), by, layout), by)
    table, absent = _filled(table, by, layout)
    prepared = made_ready(table, index, by, compare)
    found = measure(prepared, index, group, against)
    if draws:
        found = _with_ends(found, prepared, index, compare, draws)
    if absent is None:
        return found
    number: Any = len(absent)
    if keys := list(by):
        counted = absent[keys].value_counts().rename(ABSENT[0]).reset_index()
        number = found[keys].merge(counted, how="left", on=keys)[ABSENT[0]].fillna(0).astype("int64").to_numpy()
    return found.assign(**{ABSENT[0]: number, ABSENT[1]: layout.absent or MISSING})


def _with_ends(
    found: pd.DataFrame, prepared: Prepared, index: Sequence[str], compare: tuple[str | None, str | None],
    draws: tuple[Interval, int],
) -> pd.DataFrame:  # fmt: skip
    """Put low, high and range_kind behind each estimate."""
    if "unit" in found.columns:
        raise ParameterError("A local index has no interval; ask for it without --ci.")
    interval, seed = draws
    ends: list[pd.DataFrame] = []
    for entry, chosen in comparisons(prepared, index, *compare):
        ends.append(interval(chosen, entry, np.random.default_rng(seed)).loc[:, list(ENDS)].reset_index(drop=True))
    order = np.arange(len(found)).reshape(-1, len(ends)).T.ravel()
    joined = pd.concat(ends, ignore_index=True).set_axis(order).sort_index()
    place = list(found.columns).index("estimate") + 1
    for at, name in enumerate(ENDS):
        found.insert(place + at, name, joined[name].to_numpy())
    return found


def _tidy(table: pd.DataFrame, by: Sequence[str], layout: Layout) -> pd.DataFrame:
    """Give a table with the columns unit, group and count; of a wide one every count becomes a row."""
    wanted = [layout.unit, *layout.counts, *by] if layout.counts else [layout.unit] * (layout.unit != "unit")
    titles = list(map(str, table.columns))
    if absent := [f'column "{name}" is missing; {nearest(name, titles)}' for name in wanted if name not in titles]:
        raise SchemaError(faults("counts", absent, f"It has {examples(titles, 12)}."))
    if len(set(layout.counts)) < len(layout.counts):
        raise ParameterError(f"--counts names a column twice: {', '.join(layout.counts)}.")
    if layout.unit != "unit":
        table = table.drop(columns="unit", errors="ignore").rename(columns={layout.unit: "unit"})
    if not layout.counts:
        return table
    kept = [*by, "unit", *(name for name in PLACE if name in table.columns)]
    rows = table.melt(kept, list(layout.counts), var_name="group", value_name="count")
    return rows.assign(group=pd.Categorical(rows["group"], layout.counts))


def _filled(table: pd.DataFrame, by: Sequence[str], layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Find the groups that have no row of a unit, and write nobody there when that is what it means.

    Gives None for these rows when there are none and nothing was said of them. A table that lacks columns goes on.
    """
    keys = [*by, "unit"]
    if not {*keys, "group", "count"} <= {*table.columns} or table[[*keys, "group"]].isna().any(axis=None):
        return table, None
    about = [*keys, *(name for name in PLACE if name in table.columns)]
    groups = pd.DataFrame({"group": table["group"].unique()}).astype({"group": table["group"].dtype})
    every = table[about].drop_duplicates(keys).merge(groups, how="cross")
    there = pd.MultiIndex.from_frame(table[[*keys, "group"]])
    absent = every[~pd.MultiIndex.from_frame(every[[*keys, "group"]]).isin(there)]
    if absent.empty and not layout.absent:
        return table, None
    if layout.absent == ZERO:
        table = pd.concat([table, absent.assign(count=0)], ignore_index=True).astype({"group": table["group"].dtype})
    return table, absent


def _keys_as_numbers(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Make a key of whole numbers without leading zeros (a year) a number again; codes stay text."""
    for name in by:
        if name in table.columns and table[name].dtype == "str" and table[name].str.fullmatch(r"0|[1-9]\d*").all():
            table[name] = table[name].astype("int64")
    return table


def as_json(rows: pd.DataFrame) -> str:
    """Write rows as a JSON list; what is missing is null."""
    records = [{name: _plain(value) for name, value in row.items()} for row in rows.to_dict("records")]
    return json.dumps(records, ensure_ascii=False, indent=1, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, float):
        return None if value is pd.NA else value
    if isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def as_text(rows: pd.DataFrame) -> str:
    """Write rows as a table to read, with what was left out below it."""
    hidden = [name for name in ("reason",) if rows[name].isna().all()]
    hidden += [name for name in ABSENT if name in rows.columns]
    shown = rows.drop(columns=hidden).fillna({"reason": ""} if "reason" not in hidden else {})
    lines = [shown.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.6g}")]
    places = rows.drop_duplicates([name for name in rows.columns if name not in {"index", "estimate", "reason", *ENDS}])
    left_out = int(places["n_missing"].sum())
    if left_out:
        lines.append(f"Units left out because a count is missing: {left_out} (column n_missing).")
    if "absent" in rows.columns:
        said = rows["absent"].iloc[0]
        meaning = "counted as zero" if said == ZERO else f"taken as missing; --absent {ZERO} counts nobody there"
        lines.append(f"Groups without a row of a unit: {int(places['n_absent'].sum())}, {meaning}.")
    undefined = rows.loc[rows["reason"].notna(), "reason"].value_counts()
    if not undefined.empty:
        lines.append(f"No number: {examples([f'{name} {count} ×' for name, count in undefined.items()])}.")
    return "\n".join(lines)


def people_interval(chosen: Prepared, index: Index, rng: np.random.Generator) -> pd.DataFrame:
    """Give the 95 % interval of a bootstrap of people: low, high and range_kind among its columns, one row per key.

    It is bias-corrected, and cut at the ends of the index's range (`intervals.limits` says what that means).
    Raises ParameterError for an index that needs more than counts (areas, coordinates, parents, means).
    """
    from kloof.measures.intervals import Limits, interval
    from kloof.measures.resample import Drawing

    index.of_counts(chosen.counts[:, :0])  # refuse before drawing anything
    how = Limits(scale=(index.lowest, index.highest))
    return interval({index.id: index.of_counts}, chosen.counts, Drawing(rng), "people_bootstrap", chosen.starts, how)
