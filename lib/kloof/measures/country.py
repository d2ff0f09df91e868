"""One index of one group for every municipality at once: counts per area, then a row per municipality, year and index.

`counts_everywhere` makes the counts that `groups.group_counts` makes for one municipality, with the same treatment of
what is missing; `measure_everywhere` computes the indices over them. No step goes municipality by municipality.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.catalogue import Catalogue, Group, Indicator
from kloof.errors import ParameterError, SchemaError, examples, faults
from kloof.measures.bounds import rounding_box, share_counts
from kloof.measures.chance import bias_corrected
from kloof.measures.counts import REST, Prepared, choose
from kloof.measures.measure import measure
from kloof.measures.tables import CountBox, FloatArray, Segments, divide
from kloof.measures.two_groups import expected_under_evenness
from kloof.schema import SetAside, level_of

KEYS = ("municipality", "year")
COUNTRY_COLUMNS = (
    *KEYS, "group", "base", "index", "estimate", "low", "high", "expected", "bias_corrected", "n_units", "n_missing",
    "n_total", "coverage", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Everywhere:
    """Counts of a group per area, the municipalities and years behind each other.

    counts: a row for the group and one for the rest of its base, or one per class; nan where not published; areas whose
    base is 0 are not in it. box: what rounding and suppression leave open of group and rest, in the order of the units
    of `counts`; where nothing bounds an area the box is 0 to 0 and the area is only counted. coverage (n_keys,):
    percent of the base that is measured, 0 without any. set_aside: rows of areas that belong to no municipality.
    """

    counts: Prepared
    box: CountBox
    coverage: FloatArray
    group: str
    base: str
    set_aside: tuple[SetAside, ...]


def own_municipality(codes: Iterable[str], level: str = "buurt") -> "pd.Series[str]":
    """Give the municipality of each buurt (or wijk) code, sorted by code: it is part of the code."""
    own = pd.Series(sorted({code for code in codes if level_of(code) == level}), dtype="str")
    return pd.Series(("GM" + own.str[2:6]).to_numpy(), index=own.to_numpy(), dtype="str", name="municipality")


def counts_everywhere(
    observations: pd.DataFrame,
    known: Catalogue,
    group: Group,
    municipality: "pd.Series[str]",
    classes: Sequence[str] = (),
) -> Everywhere:
    """Make the counts of a group and of the rest of its base for all areas, in every year both are published.

    observations: `schema.COLUMNS`, one source per area, year and indicator; municipality: by area code, of one level
    (`own_municipality`): an area without rows is missing, not absent. classes: the shares of the other
    ordered classes, upwards from that of the group; the counts are then those classes, each a share of the base.
    A suppressed area keeps a place in the box, from nobody to everybody in its base, or in its inhabitants where the
    base is missing too. Bounds come from the rounding registered in `known`.
    Raises SchemaError (several sources of one figure) and ParameterError (no area, no year, classes without a share).
    """
    names = [group.share or group.count or "", *classes, group.base]
    if classes and not group.share:
        raise ParameterError(f"group {group.id} is a count; classes need the share of each class.")
    if municipality.empty:
        raise ParameterError("there are no areas; give the municipality of each area by its code.")
    rows, strangers = _own_rows(observations, [*names, "inhabitants"], municipality)
    years = _years(rows, observations, names)
    grid = _grid(municipality, years)
    figures = {name: _figures(rows, grid, known.indicator(name)) for name in dict.fromkeys([*names, "inhabitants"])}
    base, people = figures[group.base], figures["inhabitants"]
    parts = [figures[name] for name in names[:-1]]
    lived = ~(base[0] == 0)
    grid, base, people = grid[lived], base[:, lived], people[:, lived]
    parts = [part[:, lived] for part in parts]
    whole = base[0] > 0
    counts = np.stack([part[0] / 100 * base[0] if group.share else part[0] for part in parts])
    if not classes:
        counts = np.stack([counts[0], np.maximum(base[0] - counts[0], 0.0)])
    known_here = whole & ~np.isnan(counts).any(axis=0)
    top = np.where(whole, base[2], people[2])
    bounded = ~known_here & (top > 0)
    keys, starts = _keys(grid)
    cut = Segments(starts, len(grid))
    measured = cut.total(np.where(known_here, base[0], 0.0))
    counted = measured + cut.total(np.where(bounded, np.where(whole, base[0], top), 0.0))
    return Everywhere(
        counts=Prepared(
            counts=np.where(known_here, counts, np.nan),
            groups=(group.id, *(classes or [REST])),
            starts=starts,
            keys=keys,
            units=grid["code"].to_numpy(),
            missing=np.zeros(len(keys), dtype=np.intp),
        ),
        box=_box(parts[0], base, known_here, np.where(bounded, top, 0.0), is_share=group.share is not None),
        coverage=100 * divide(measured, counted, 0.0),
        group=group.id,
        base=group.base,
        set_aside=strangers,
    )


def _own_rows(
    observations: pd.DataFrame, names: Sequence[str], municipality: "pd.Series[str]"
) -> tuple[pd.DataFrame, tuple[SetAside, ...]]:
    """Keep the rows of these areas and indicators; count those of the same level that have no municipality."""
    rows = observations[observations["indicator"].isin(list(names))]
    prefix = str(municipality.index[0])[:2]
    rows = rows[rows["code"].str[:2] == prefix]
    own = rows["code"].isin(municipality.index)
    lost = sorted(set(rows.loc[~own, "code"]))
    aside = (SetAside("everywhere", int((~own).sum()), "no_municipality", examples(lost)),) if lost else ()
    rows = rows[own]
    double = rows.duplicated(["code", "year", "indicator"], keep=False)
    if double.any():
        found = [
            f"{name} has {examples(sorted(set(several['source'])))} for {several['code'].nunique()} areas"
            for name, several in rows[double].groupby("indicator")
        ]
        raise SchemaError(faults("the observations", found, "Keep one source per area, year and indicator."))
    return rows, aside


def _years(rows: pd.DataFrame, observations: pd.DataFrame, names: Sequence[str]) -> list[int]:
    """Give the years in which every indicator has a figure somewhere."""
    measured = rows[rows["status"] == "measured"]
    by_name = [set(measured.loc[measured["indicator"] == name, "year"]) for name in names]
    years = set.intersection(*by_name)
    if not years:
        shown = [
            f"{name}: {', '.join(map(str, sorted(held))) or 'no year'}"
            for name, held in zip(names, by_name, strict=True)
        ]
        there = examples(sorted(set(observations["indicator"])), 12)
        raise ParameterError(f"no year has all of {'; '.join(shown)}. The observations hold {there}.")
    return sorted(int(year) for year in years)


def _grid(municipality: "pd.Series[str]", years: Sequence[int]) -> pd.DataFrame:
    """Lay out area × year, sorted by municipality, year and code."""
    areas = pd.DataFrame({"municipality": municipality.to_numpy(), "code": municipality.index})
    return areas.merge(pd.DataFrame({"year": years}), how="cross").sort_values(
        ["municipality", "year", "code"], ignore_index=True
    )


def _figures(rows: pd.DataFrame, grid: pd.DataFrame, indicator: Indicator) -> FloatArray:
    """Give value, low and high of one indicator for every row of the grid, (3, N); nan where there is none."""
    own = rows[rows["indicator"] == indicator.id].set_index(["code", "year"])["value"]
    value = own.reindex(pd.MultiIndex.from_frame(grid[["code", "year"]])).to_numpy(dtype=np.float64)
    if not indicator.reach:
        return np.stack([value, value, value])
    cap = 100.0 if indicator.unit == "percent" else None
    return np.stack([value, *rounding_box(value, 2 * indicator.reach, floor=0.0, cap=cap)])


def _keys(grid: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Give the municipalities and years in order, and where each begins."""
    new = ~grid.duplicated(list(KEYS)).to_numpy()
    return grid.loc[new, list(KEYS)].reset_index(drop=True), np.flatnonzero(new)


def _box(
    part: FloatArray, base: FloatArray, known_here: NDArray[np.bool_], top: FloatArray, *, is_share: bool
) -> CountBox:
    """Bound group and rest per area: by rounding where known, else from nobody to `top`."""
    nobody = np.zeros(top.shape)
    box = [nobody.copy(), top.copy(), nobody.copy(), top.copy()]
    _, low, high = part[:, known_here]
    _, base_low, base_high = base[:, known_here]
    if is_share:
        inside = share_counts(low, high, base_low, base_high) if low.size else CountBox(low, high, low, high)
    else:
        inside = CountBox(low, high, np.maximum(base_low - high, 0), np.maximum(base_high - low, 0))
    for values, bounds in zip(box, inside, strict=True):
        values[known_here] = bounds
    return CountBox(*box)


def measure_everywhere(counted: Everywhere, index: Sequence[str], coverage_minimum: float) -> pd.DataFrame:
    """Compute indices for every municipality and year: one row per municipality, year and index (`COLUMNS`).

    index: ids of indices of counts (`registry.INDICES`); those of two groups compare the group with the rest. low–high
    (dissimilarity only) holds every table that rounding and suppression allow, see `certain_range`. expected and
    bias_corrected stand beside dissimilarity: its mean if the same households were dealt at random, and its value less
    what small counts add (`chance.bias_corrected`). n_units: areas with a count; n_missing: without one; n_total:
    people or households in n_units; coverage: percent of the base. reason: None, or why there is no number:
    no_counts, too_little_measured (below `coverage_minimum` percent), one_area (its 0 would say nothing), or those of
    `measure.measure`.
    Raises ParameterError (index).
    """
    made = measure(counted.counts, list(index), group=counted.group)
    chosen = choose(counted.counts, counted.group)
    members, others = chosen.counts
    beside = {
        "expected": expected_under_evenness(members, others, chosen.starts),
        "bias_corrected": bias_corrected(members, others, chosen.starts),
    }
    beside["low"], beside["high"] = certain_range(counted.box, counted.counts.starts)
    per_key = len(made) // len(counted.counts.keys)
    made["coverage"] = np.repeat(counted.coverage, per_key)
    of_two = (made["index"] == "dissimilarity").to_numpy()
    for name, values in beside.items():
        made[name] = np.where(of_two, np.repeat(values, per_key), np.nan)
    made["low"], made["high"] = made[["low", "estimate"]].min(axis=1), made[["high", "estimate"]].max(axis=1)
    made.loc[~of_two, ["low", "high"]] = np.nan
    reason = made["reason"].to_numpy(dtype=object, copy=True)
    reason[(made["n_units"] == 1).to_numpy()] = "one_area"
    reason[(made["coverage"] < coverage_minimum).to_numpy()] = "too_little_measured"
    reason[(made["coverage"] == 0).to_numpy()] = "no_counts"
    numbers = ["estimate", *beside]
    made.loc[~pd.isna(reason), numbers] = np.nan
    return made.assign(base=counted.base, reason=pd.Series(reason, dtype=object))[list(COUNTRY_COLUMNS)]


def certain_range(box: CountBox, starts: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Give a low and a high that no D of the box goes beyond, per segment: wide, and without a search.

    D is the sum of the positive differences dᵢ = aᵢ/A − bᵢ/B and of the negative ones. Each dᵢ lies between its own
    ends, so D is at least the sum of what is positive (or negative) at the lower ends and at most that at the upper
    ends; the better of the two sums counts. `bounds.dissimilarity_range` is exact, one municipality at a time.
    """
    cut = Segments(starts, box.a_low.size)

    def ends(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
        most_elsewhere, least_elsewhere = cut.spread(cut.total(high)) - high, cut.spread(cut.total(low)) - low
        # subtracting may leave a trace below 0 where nobody can be elsewhere
        most_elsewhere, least_elsewhere = np.maximum(most_elsewhere, 0.0), np.maximum(least_elsewhere, 0.0)
        return divide(low, low + most_elsewhere, 0.0), divide(high, high + least_elsewhere, 0.0)

    (group_least, group_most), (rest_least, rest_most) = ends(*box[:2]), ends(*box[2:])
    least, most = group_least - rest_most, group_most - rest_least
    low = np.maximum(cut.total(np.maximum(least, 0)), cut.total(np.maximum(-most, 0)))
    high = np.minimum(cut.total(np.maximum(most, 0)), cut.total(np.maximum(-least, 0)))
    return low, np.minimum(high, 1.0)
