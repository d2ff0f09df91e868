"""One indicator for the buurten of one municipality: year by year, with the bounds its rounding leaves.

Also resolves the focus list: a registered list, or a rule such as `lowest:11:mean_income_per_inhabitant:2016` or
`lowest:20%:mean_dwelling_value:first`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import Catalogue, Indicator
from kloof.errors import NotComputableError, ParameterError, SourceError, examples, nearest
from kloof.schema import SetAside
from kloof.shown import Shown, years_of
from kloof.study.dataset import DataSet, drawn_in
from kloof.typed import shown

FIRST = "first"  # in the place of the year of a rule: the first year of the window that can be used
RULE = re.compile(rf"(lowest|highest):(\d{{1,6}}%?):(\w+):(\d{{4}}|{FIRST})")
CAPPED = {"percent": 100.0}
NOTHING = pd.DataFrame(
    {"code": pd.Series(dtype="str"), "year": pd.Series(dtype="int64")}
    | {key: pd.Series(dtype="float64") for key in ("value", "low", "high")}
    | {key: pd.Series(dtype="str") for key in ("status", "source")}
)


def series(
    data: DataSet, known: Catalogue, name: str, level: str = "buurt", municipality: str | None = None
) -> pd.DataFrame:
    """Give one indicator for every year in which any area of a level has a value, and every area there was then.

    Returns code, year, value, low, high, status, source: one row per area × year, by code. `low`-`high` is what
    rounding leaves open. An area without a row in the source gets status `not_published`. An indicator that is derived
    from two counts is made here, and its bounds from theirs. No year at all gives an empty frame. What was made before
    is kept with the data; each caller gets a copy of its own.
    """
    key = name, level, municipality
    return pd.DataFrame(data.once(known, key, lambda: _laid_out(data, known, name, level, municipality)))


def _laid_out(data: DataSet, known: Catalogue, name: str, level: str, municipality: str | None) -> pd.DataFrame:
    """Make the series of one indicator."""
    indicator = known.indicator(name)
    if indicator.derive:
        return _derived(data, known, indicator, level, municipality)
    names = np.array(data.units(level, municipality), dtype=object)
    codes = pd.Index(names, dtype="str")
    rows = _rows_of(data, known, name)
    place = codes.get_indexer(pd.Index(rows["code"]))
    rows, place = rows[place >= 0], place[place >= 0]
    status, when = rows["status"].to_numpy(object), rows["year"].to_numpy()
    years = np.unique(when[status == "measured"])
    if not years.size:
        return NOTHING.copy()
    column = np.searchsorted(years, when)
    kept = np.isin(when, years)
    cell = place[kept] * years.size + column[kept]
    if np.unique(cell).size < cell.size:
        raise SourceError(f"{name} has more than one figure for an area and a year; one source must be chosen first.")
    value = np.full(len(codes) * years.size, np.nan)
    why, source = np.full(value.size, "not_published", dtype=object), np.full(value.size, "", dtype=object)
    value[cell], why[cell] = rows["value"].to_numpy()[kept], status[kept]
    source[cell] = rows["source"].to_numpy(object)[kept]
    low, high = _bounds(value, indicator)
    grid = {"code": codes.repeat(years.size), "year": np.tile(years, len(codes)), "value": value}
    table = pd.DataFrame({**grid, "low": low, "high": high, "status": _text(why), "source": _text(source)})
    there = np.zeros((len(codes), years.size), dtype=bool)
    there.flat[cell] = True
    areas = data.units_by_year(level, municipality)
    for at, year in enumerate(years.tolist()):
        own = frozenset(names[there[:, at]])
        if (drawn := drawn_in(own, areas[year])) != own:
            there[:, at] = [name in drawn for name in names]
    return table if there.all() else table[there.ravel()].reset_index(drop=True)


def _rows_of(data: DataSet, known: Catalogue, name: str) -> pd.DataFrame:
    """Give the observations of one indicator; what stands where is looked up once."""
    where = data.once(known, ("rows",), lambda: data.observations.groupby("indicator", sort=False).indices)
    rows: pd.DataFrame = data.observations.iloc[where.get(name, [])]
    return rows


def _text(words: np.ndarray) -> "pd.Series[str]":
    return pd.Series(words, dtype="str")


def _bounds(value: np.ndarray, indicator: Indicator) -> tuple[np.ndarray, np.ndarray]:
    """Give the interval that rounding leaves: its reach on each side, never below 0 or above 100 percent."""
    floor = 0.0 if indicator.kind in ("count", "share", "rate") else -np.inf
    cap = CAPPED.get(indicator.unit, np.inf)
    return np.maximum(value - indicator.reach, floor), np.minimum(value + indicator.reach, cap)


def _derived(
    data: DataSet, known: Catalogue, indicator: Indicator, level: str, municipality: str | None
) -> pd.DataFrame:
    """Divide two counts.

    A percentage that the rounding of small counts lifts above 100 is cut there, the value with its bounds.
    """
    parts = indicator.derive or {}
    top = series(data, known, parts["numerator"], level, municipality)
    bottom = series(data, known, parts["denominator"], level, municipality)
    if top.empty or bottom.empty:
        return NOTHING.copy()
    both = divided(top, bottom)
    per = float(parts["per"])
    ends = {
        "value": per * both["value_n"] / both["value_d"],
        "low": per * both["low_n"] / both["high_d"],
        "high": (per * both["high_n"] / both["low_d"].where(both["low_d"] > 0)).fillna(np.inf),
    }
    measured, cap = both["status"] == "measured", CAPPED.get(indicator.unit, np.inf)
    return both[["code", "year"]].assign(
        **{name: numbers.where(measured).clip(upper=cap) for name, numbers in ends.items()},
        status=both["status"],
        source=both["source"],
    )


def divided(top: pd.DataFrame, bottom: pd.DataFrame) -> pd.DataFrame:
    """Lay the rows of two counts beside each other (`_n`, `_d`), with the status and the source of their quotient.

    There is a quotient where both counts have a row. It is measured where both are and the lower one is above 0; else
    its status is that of the missing one, the upper first, and `not_published` where there is nobody to divide by.
    """
    both = top.merge(bottom, on=["code", "year"], suffixes=("_n", "_d"), validate="one_to_one")
    status = both["status_n"].where(both["status_n"] != "measured", both["status_d"])
    status = status.where((status != "measured") | (both["value_d"] > 0), "not_published")
    source = both["source_n"].where(both["source_n"] == both["source_d"], both["source_n"] + "|" + both["source_d"])
    return both.assign(status=status, source=source)


ANOTHER_SOURCE = "another_source"


def base_of(
    data: DataSet,
    known: Catalogue,
    name: str,
    part: pd.DataFrame,
    level: str = "buurt",
    municipality: str | None = None,
) -> pd.DataFrame:
    """Give the count that a group is part of for each area and year of the group's series `part`, of the same source.

    Two sources may draw an area differently, and then neither people of one over people of the other nor their
    difference means anything. Where the group has a source the count is what that source says, also when another was
    chosen for it; where that source does not give it, it has status `another_source` and no value. Returns the columns
    of `series`, for the years that both have.
    """
    base = series(data, known, name, level, municipality)
    both = base.merge(part[["code", "year", "source"]], on=["code", "year"], suffixes=("", "_part"))
    apart = (both["status"] == "measured") & (both["source_part"] != "") & (both["source"] != both["source_part"])
    if not apart.any():
        return both.drop(columns="source_part")
    other = _of_others(data, name).reindex(pd.MultiIndex.from_frame(both[["code", "year", "source_part"]]))
    there = pd.Series(other.to_numpy(float), index=both.index)
    value = both["value"].where(~apart, there)
    low, high = _bounds(value.to_numpy(float), known.indicator(name))
    return both.assign(
        value=value,
        low=both["low"].where(~apart, low),
        high=both["high"].where(~apart, high),
        status=both["status"].where(~apart | there.notna(), ANOTHER_SOURCE),
        source=both["source"].where(~apart, both["source_part"]),
    ).drop(columns="source_part")


def _of_others(data: DataSet, name: str) -> "pd.Series[float]":
    """Give what the sources that were not chosen say of one indicator, by code, year and source."""
    if data.checks is None:
        return pd.Series(dtype="float64", index=pd.MultiIndex.from_arrays([[], [], []]))
    rows = data.checks[data.checks["indicator"] == name]
    return rows.set_index(["code", "year", "source_other"])["value_other"]


@dataclass(frozen=True)
class Sizes:
    """How large each area is by one count of one year: what a mean is weighed by.

    `value`, `low`, `high` have one number per area of the level. `low`-`high` is what rounding leaves open. Where the
    count is missing `value` is missing, and the range goes from 0 to the area's inhabitants; where these are missing
    too, `high` is missing.
    """

    value: "pd.Series[float]"
    low: "pd.Series[float]"
    high: "pd.Series[float]"
    name: str
    year: int

    def share(self, codes: Sequence[str]) -> float:
        """Give the percent of the whole that these areas hold, each missing count elsewhere taken at its highest."""
        whole = float(self.value.fillna(self.high).sum())
        return 100 * float(self.value.reindex(list(codes)).sum()) / whole if whole > 0 else 0.0

    def inhabited(self) -> "pd.Series[bool]":
        """Tell which areas hold anybody, as far as is known: a missing count counts as somebody."""
        return (self.value > 0) | (self.value.isna() & ~(self.high == 0))


def sizes(data: DataSet, known: Catalogue, names: Sequence[str], year: int, level: str = "buurt") -> Sizes:
    """Give the size of each area in a base year.

    The first of `names` that is published at this level counts; the nearest year not after `year`, failing that the
    first one after it. The caller reports which. What was found before is kept with the data.
    Raises NotComputableError(no_weights) when there is none.
    """
    key = "sizes", tuple(names), year, level
    value, low, high, name, chosen = data.once(known, key, lambda: _sizes(data, known, names, year, level))
    return Sizes(pd.Series(value), pd.Series(low), pd.Series(high), name, chosen)


def _sizes(data: DataSet, known: Catalogue, names: Sequence[str], year: int, level: str) -> tuple[Any, ...]:
    """Find the parts of `Sizes`."""
    for name in names:
        if (found := _of_year(by_year(data, known, name, level), year)) is None:
            continue
        chosen, table = found
        people = _of_year(by_year(data, known, "inhabitants", level), year)
        missing = table["value"].isna()
        most = people[1]["high"].reindex(table.index) if people else table["high"]
        low, high = table["low"].mask(missing, 0.0), table["high"].mask(missing, most)
        return table["value"], low, high, name, chosen
    raise NotComputableError("no_weights", f"There is no count of {' or '.join(names) or 'anything'} by {level}.")


def _of_year(tables: Mapping[int, pd.DataFrame], year: int) -> tuple[int, pd.DataFrame] | None:
    """Take the rows of the nearest year not after `year`, or else the first after it; None when there is no year."""
    if not tables:
        return None
    chosen = max((candidate for candidate in tables if candidate <= year), default=min(tables))
    return chosen, tables[chosen]


def by_year(data: DataSet, known: Catalogue, name: str, level: str = "buurt") -> Mapping[int, pd.DataFrame]:
    """Give a series year by year, in order, each by code. It is kept with the data: do not change a table of it."""

    def split() -> dict[int, pd.DataFrame]:
        table = series(data, known, name, level)
        return {int(str(year)): rows.set_index("code") for year, rows in table.groupby("year")}

    tables: Mapping[int, pd.DataFrame] = data.once(known, ("by_year", name, level), split)
    return tables


@dataclass(frozen=True, repr=False)
class Focus(Shown):
    """The focus list of a run: its members and how it was made.

    A rule has an `indicator` and a `year`; `passed_over` areas have a figure then and too few inhabitants to be listed.
    """

    name: str
    codes: tuple[str, ...]
    indicator: str | None = None
    year: int | None = None
    passed_over: int = 0

    def in_short(self) -> dict[str, object]:
        """Give its name, how many buurten there are on it and which."""
        return {"name": self.name, "buurten": len(self.codes), "codes": self.codes}


def resolve_focus(data: DataSet, known: Catalogue, name: str, year_from: int = 0) -> Focus:
    """Turn a focus parameter into buurten.

    `name` is a list of the data set, codes joined by commas, or a rule `lowest:N:INDICATOR:YEAR`. With a percentage for
    N it is that part of the buurten that can be listed, rounded, at least one; with `first` for YEAR it is the first
    year from `year_from` on in which enough is measured. A list made at the end of the window would select on the
    outcome: whoever fell is on it. The focus is named by the number and the year it is. Areas with fewer inhabitants
    than `list_minimum_inhabitants` of the catalogue, in that year or the nearest one before, are passed over.
    Raises ParameterError when it is unknown, holds a buurt of another municipality, is empty, or leaves no buurt to
    compare with.
    """
    units = data.units()
    if match := RULE.fullmatch(name):
        return _by_rule(data, known, match, year_from)
    if name in data.focus_lists:
        codes = data.focus_lists[name]
    elif name.replace(",", "").strip() and all(part.strip().startswith("BU") for part in name.split(",")):
        codes = tuple(sorted({part.strip() for part in name.split(",")}))
    else:
        listed = ", ".join(sorted(data.focus_lists)) or "none in this data set"
        raise ParameterError(
            f"focus {shown(name)} is not a list of this data set ({listed}), not codes of buurten joined by commas, "
            "and not a rule such as lowest:11:mean_income_per_inhabitant:2016. "
            f"{nearest(name, data.focus_lists)}".strip()
        )
    strangers = [code for code in codes if code not in units]
    if strangers:
        raise ParameterError(
            f"focus {name!r}: {examples(strangers)} not in {data.municipality}, which has {examples(units)}: "
            f"{nearest(strangers[0], units)}A rule goes for any: lowest:20%:mean_dwelling_value:first."
        )
    return _sound(Focus(name, codes), units)


def _sound(focus: Focus, units: Sequence[str]) -> Focus:
    if not focus.codes:
        raise ParameterError(f"focus {focus.name!r} is empty: name at least one buurt.")
    if len(units) == 1:
        raise ParameterError(
            f"focus {focus.name!r} has only {units[0]} to choose from: a gap between buurten needs two of them. "
            f"Choose another municipality."
        )
    if len(focus.codes) >= len(units):
        raise ParameterError(
            f"focus {focus.name!r} holds all {len(units)} buurten: leave at least one to compare with."
        )
    return focus


def _by_rule(data: DataSet, known: Catalogue, match: re.Match[str], year_from: int) -> Focus:
    extreme, indicator = match[1], match[3]
    tables = by_year(data, known, indicator)
    year = _first_year(data, known, indicator, year_from) if match[4] == FIRST else int(match[4])
    rows = tables.get(year)
    values = pd.Series(dtype="float64") if rows is None else rows["value"][rows["status"] == "measured"]
    if values.empty:
        covered = ", ".join(map(str, tables)) or "no year at all"
        lacks = f"values for enough buurten from {year_from} on" if match[4] == FIRST else f"value by buurt in {year}"
        raise ParameterError(f"focus {match[0]!r}: {indicator} has no {lacks}; it has {covered}.")
    large = values[~_is_small(data, known, list(values.index), year)]
    if large.empty:
        least = known.settings["list_minimum_inhabitants"]
        raise ParameterError(f"focus {match[0]!r}: no buurt had {least} inhabitants or more in {year}.")
    size = int(match[2].removesuffix("%"))
    if match[2].endswith("%") and size:
        size = max(1, math.floor(size * len(large) / 100 + 0.5))
    name = f"{extreme}:{size}:{indicator}:{year}"
    ranked = large.sort_index().sort_values(ascending=extreme == "lowest", kind="stable")
    focus = Focus(name, tuple(sorted(ranked.index[:size])), indicator, year, len(values) - len(large))
    return _sound(focus, list(large.index))


def _first_year(data: DataSet, known: Catalogue, indicator: str, year_from: int) -> int:
    """Give the first year from `year_from` on in which enough of the buurten that can be listed have a figure.

    Enough is the catalogue's `coverage_minimum`, in percent. 0 when there is no such year.
    """
    for year, rows in by_year(data, known, indicator).items():
        measured = rows["status"] == "measured"
        people = _most_inhabitants(data, known, list(rows.index), year)
        nobody = people is not None and people.isna() & ~measured  # neither people nor a figure: water, a dock
        measured = measured[~(_is_small(data, known, list(rows.index), year) | nobody)]
        if year >= year_from and len(measured) and 100 * measured.mean() >= float(known.settings["coverage_minimum"]):
            return year
    return 0


def _is_small(data: DataSet, known: Catalogue, codes: Sequence[str], year: int) -> "pd.Series[bool]":
    """Tell which areas have too few inhabitants to be listed by a rule, as far as that is known."""
    least = float(known.settings.get("list_minimum_inhabitants", 0))
    most = _most_inhabitants(data, known, codes, year)
    return pd.Series(data=False, index=list(codes)) if most is None else most < least


def _most_inhabitants(data: DataSet, known: Catalogue, codes: Sequence[str], year: int) -> "pd.Series[float] | None":
    """Give how many people live in each area at most, in a year or the nearest one before; None when no year is."""
    found = _of_year(by_year(data, known, "inhabitants"), year)
    return None if found is None else found[1]["value"].fillna(found[1]["high"]).reindex(list(codes))


JUMP = 0.25  # a part of a buurt's people or households by which it changes in a year only when it became another
SMALL = 50  # inhabitants: below this in both years a quarter is a handful of people
HEADS = ("inhabitants", "households")


def jumps(data: DataSet, known: Catalogue, years: Sequence[int], level: str = "buurt") -> pd.DataFrame:
    """List the areas that keep their code and whose inhabitants or households jump from one year to the next.

    A jump is a change of more than a quarter between two consecutive years within `years` (from the first to the last
    of them): a boundary that moved, a block that was pulled down or built. Areas with fewer than 50 inhabitants in
    both years are passed over. Returns code, year (the later one), indicator, before, after, factor (after / before).
    """
    first, last = min(years), max(years)

    def within() -> pd.DataFrame:
        found = data.once(known, ("jumps", level), lambda: _jumps(data, known, level))
        return pd.DataFrame(found[(found["year"] > first) & (found["year"] <= last)]).reset_index(drop=True)

    return pd.DataFrame(data.once(known, ("jumps", level, first, last), within))


def _jumps(data: DataSet, known: Catalogue, level: str) -> pd.DataFrame:
    """List every jump between two consecutive years."""
    grids = {
        name: series(data, known, name, level).pivot(index="code", columns="year", values="value") for name in HEADS
    }
    people = grids[HEADS[0]]
    made = [pd.DataFrame(columns=["code", "year", "indicator", "before", "after", "factor"])]
    for name, grid in grids.items():
        years = grid.columns.to_numpy(np.int64)
        later = years[np.isin(years - 1, years)]
        pairs = later - 1, later
        before, after = (grid[pair].to_numpy() for pair in pairs)
        held = np.fmax(*(people.reindex(index=grid.index, columns=pair).to_numpy() for pair in pairs))
        counted = np.isin(pairs, people.columns.to_numpy(np.int64)).any(axis=0)
        is_small = np.where(counted, held, before) < SMALL
        factor = after / np.where(before > 0, before, np.nan)
        area, when = np.nonzero((np.abs(factor - 1) > JUMP) & ~is_small)
        moved = {"before": before[area, when], "after": after[area, when], "factor": factor[area, when]}
        made.append(pd.DataFrame({"code": grid.index[area], "year": later[when], "indicator": name, **moved}))
    found = pd.concat([table for table in made if len(table)] or made[:1], ignore_index=True)
    return found.sort_values(["code", "year", "indicator"], ignore_index=True)


@dataclass(frozen=True, repr=False)
class Balanced(Shown):
    """Buurten measured in every year compared, laid out for computing.

    `value`, `low`, `high`: buurt × year; `weight`: buurt; `is_focus`: buurt. `coverage` is the share (percent) of the
    universe in these buurten; `set_aside` says which buurten were left out and why.
    """

    codes: tuple[str, ...]
    years: tuple[int, ...]
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    is_focus: np.ndarray
    weight_name: str
    weight_year: int
    coverage: float
    sources: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    missing: tuple[str, ...]

    def in_short(self) -> dict[str, object]:
        """Give how many buurten there are in it, on the list and beside it, and what was left out."""
        return {
            "years": years_of(self.years), "buurten": len(self.codes), "listed": int(self.is_focus.sum()),
            "weight": f"{self.weight_name} {self.weight_year}", "coverage": f"{self.coverage:.0f} percent",
            "sources": self.sources, "set aside": sum(row.rows for row in self.set_aside) or None,
        }  # fmt: skip

    def in_card(self) -> dict[str, object]:
        """Give the same, with the reasons why something was set aside."""
        weight = (self.weight_name, str(self.weight_year))
        return {**self.in_short(), "weight": weight, "coverage": self.coverage, "set aside": self.set_aside}

    def column(self, year: int) -> int:
        """Place of a year."""
        return self.years.index(year)


def balance(
    data: DataSet, known: Catalogue, name: str, years: Sequence[int], focus: Focus, *, steady: bool = False
) -> Balanced:
    """Keep the buurten that are measured in all `years`, weighed in the first of them.

    With `steady` those that jump between the first and the last year (`jumps`) are left out, and counted.
    Raises NotComputableError when no focus buurt or no other buurt is left, or when there are no weights.
    """
    made = complete(data, known, name, years)
    jumped = sorted(set(jumps(data, known, years)["code"]) & set(made.codes)) if steady else []
    made = _without(made, jumped)
    is_focus = np.isin(made.codes, focus.codes)
    if not is_focus.any() or is_focus.all():
        raise NotComputableError(
            "no_group_left",
            f"{name}: no {'focus' if not is_focus.any() else 'other'} buurt has all of {list(years)}.",
        )
    step = f"balance {name} {min(years)}-{max(years)}"
    aside = [SetAside(step, len(made.left_out) - made.no_size, "not_measured_in_every_year")]
    if made.no_size:
        aside.append(SetAside(step, made.no_size, "size_not_known"))
    if focus.passed_over:
        aside.append(SetAside(f"list {focus.name}", focus.passed_over, "too_few_inhabitants_to_be_listed"))
    if jumped:
        aside.append(SetAside(step, len(jumped), "jumped_in_a_year", ", ".join(jumped)))
    return Balanced(
        codes=made.codes,
        years=tuple(years),
        value=made.value,
        low=made.low,
        high=made.high,
        weight=made.weight,
        is_focus=is_focus,
        weight_name=made.size.name,
        weight_year=made.size.year,
        coverage=made.coverage,
        sources=made.sources,
        set_aside=tuple(aside),
        missing=made.left_out,
    )


@dataclass(frozen=True)
class Complete:
    """The areas of a level that have a size and a figure in every year asked: arrays area × year.

    `left_out` are the other areas that hold anybody; `no_size` of them have all figures and lack a size only.
    """

    codes: tuple[str, ...]
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    size: Sizes
    coverage: float
    left_out: tuple[str, ...]
    no_size: int
    sources: tuple[str, ...]


def _without(made: Complete, codes: Sequence[str]) -> Complete:
    """Leave some areas out."""
    if not codes:
        return made
    kept = ~np.isin(made.codes, list(codes))
    arrays = {key: getattr(made, key)[kept] for key in ("value", "low", "high", "weight")}
    left = tuple(code for code, stays in zip(made.codes, kept, strict=True) if stays)
    return replace(made, codes=left, coverage=made.size.share(left), **arrays)


def complete(data: DataSet, known: Catalogue, name: str, years: Sequence[int], level: str = "buurt") -> Complete:
    """Lay an indicator out over the areas that are measured in all `years`, weighed in the first of them.

    Raises NotComputableError(no_weights) when there are no weights.
    """
    table = series(data, known, name, level)
    table = table[table["year"].isin(list(years))]
    size = sizes(data, known, known.indicator(name).weighed_by, min(years), level)
    values = {
        key: table.pivot(index="code", columns="year", values=key).reindex(columns=list(years))
        for key in ("value", "low", "high")
    }
    measured = values["value"].notna().all(axis=1)
    usable = measured & (size.value.reindex(measured.index) > 0)
    kept = list(usable.index[usable])
    lost = size.inhabited().reindex(usable.index, fill_value=False) & ~usable
    used = table.loc[table["code"].isin(kept), "source"]
    return Complete(
        codes=tuple(kept),
        value=values["value"].loc[kept].to_numpy(float),
        low=values["low"].loc[kept].to_numpy(float),
        high=values["high"].loc[kept].to_numpy(float),
        weight=size.value.loc[kept].to_numpy(float),
        size=size,
        coverage=size.share(kept),
        left_out=tuple(usable.index[lost]),
        no_size=int((measured & lost).sum()),
        sources=tuple(sorted({part for source in used for part in source.split("|") if part})),
    )
