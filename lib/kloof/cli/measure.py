"""The commands about indices: `kloof measure` on any tidy file, and `kloof glossary`."""

import json
from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import ParameterError, SourceError, examples, faults
from kloof.files.numbers import Expected, look, settle
from kloof.measures.counts import PLACE, Prepared
from kloof.measures.measure import comparisons, made_ready, measure
from kloof.measures.registry import Index

NUMBERS = ("count", "value", "weight", *(name for name in PLACE if name != "parent"))
ENDS = ("low", "high", "range_kind")
Interval = Callable[[Prepared, Index, np.random.Generator], pd.DataFrame]


def read_table(path: Path) -> pd.DataFrame:
    """Read a tidy CSV (comma or semicolon, UTF-8) or Parquet file; text stays text, so that codes keep their zeros.

    A column of counts, values, weights, areas or coordinates becomes numbers when all its cells are; an empty cell is
    missing. Raises SourceError when the file is not there or can't be read.
    """
    if not path.is_file():
        raise SourceError(f"{path} is not a file; give a CSV or Parquet file with the columns unit, group, count.")
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            table = pd.read_parquet(path)
        else:
            with path.open(encoding="utf-8-sig") as file:
                head = file.readline()
            mark = ";" if head.count(";") > head.count(",") else ","
            table = pd.read_csv(
                path, sep=mark, dtype="str", encoding="utf-8-sig", keep_default_na=False, na_values=[""]
            )
    except (UnicodeDecodeError, ValueError, OSError, ImportError) as problem:
        raise SourceError(f"{path} can't be read as a table: {problem}") from None
    return _numbers(table, path)


def _numbers(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Make numbers of columns of text whose cells all are; a sign that parts thousands or decimals is decided."""
    seen = {
        name: look(table[name])
        for name in NUMBERS
        if name in table.columns and not pd.api.types.is_numeric_dtype(table[name])
    }
    signs = {sign for cells in seen.values() for sign in cells.signs()}
    unclear = []
    for name, cells in seen.items():
        read = settle(
            cells, Expected(step=1.0 if name == "count" else 0.0), next(iter(signs)) if len(signs) == 1 else ""
        )
        if read.unclear:
            unclear.append(f"column {name}: {read.unclear}")
        if (read.empty == table[name].isna()).all() and not read.wrong.any():
            table[name] = read.value
    if unclear or len(signs) > 1:
        shown = unclear or [f"decimals have {' and '.join(sorted(signs))}"]
        way_out = "Write the numbers without a sign between thousands, and decimals with a point."
        found = [f"a sign that can part thousands or decimals in {one}" for one in shown]
        raise SourceError(faults(path.name, found, way_out))
    return table


def measure_file(
    path: Path,
    index: Sequence[str],
    compare: tuple[str | None, str | None] = (None, None),
    by: Sequence[str] = (),
    interval: Interval | None = None,
    seed: int = 1,
) -> pd.DataFrame:
    """Measure the indices of a file: the rows of `measure.measure`, with low, high and range_kind given `interval`.

    compare: group and against, or None. Every index draws from `seed` anew, so that its rows don't depend on which
    others are asked for. Raises SourceError, SchemaError, ParameterError.
    """
    group, against = compare
    prepared = made_ready(_keys_as_numbers(read_table(path), by), index, by, compare)
    found = measure(prepared, index, group, against)
    if interval is None:
        return found
    if "unit" in found.columns:
        raise ParameterError("A local index has no interval; ask for it without --ci.")
    ends: list[pd.DataFrame] = []
    for entry, chosen in comparisons(prepared, index, group, against):
        ends.append(interval(chosen, entry, np.random.default_rng(seed)).loc[:, list(ENDS)].reset_index(drop=True))
    order = np.arange(len(found)).reshape(-1, len(ends)).T.ravel()
    joined = pd.concat(ends, ignore_index=True).set_axis(order).sort_index()
    place = list(found.columns).index("estimate") + 1
    for at, name in enumerate(ENDS):
        found.insert(place + at, name, joined[name].to_numpy())
    return found


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
    shown = rows.drop(columns=hidden).fillna({"reason": ""} if "reason" not in hidden else {})
    lines = [shown.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.6g}")]
    places = rows.drop_duplicates([name for name in rows.columns if name not in {"index", "estimate", "reason", *ENDS}])
    left_out = int(places["n_missing"].sum())
    if left_out:
        lines.append(f"Units left out because a count is missing: {left_out} (column n_missing).")
    undefined = rows.loc[rows["reason"].notna(), "reason"].value_counts()
    if not undefined.empty:
        lines.append(f"No number: {examples([f'{name} {count} ×' for name, count in undefined.items()])}.")
    return "\n".join(lines)


def people_interval(chosen: Prepared, index: Index, rng: np.random.Generator) -> pd.DataFrame:
    """Give the 95 % interval of a bootstrap of people: low, high and range_kind among its columns, one row per key.

    Raises ParameterError for an index that needs more than counts (areas, coordinates, parents, means).
    """
    from kloof.measures.intervals import interval
    from kloof.measures.resample import Drawing

    index.of_counts(chosen.counts[:, :0])  # refuse before drawing anything
    return interval({index.id: index.of_counts}, chosen.counts, Drawing(rng), "people_bootstrap", chosen.starts)
