"""What municipalities spend per inhabitant on a task field, in prices of one year, and what changed at a break.

Accounts (Iv3) before 2017 are by function, from 2017 by task field: fields that were redrawn are not comparable across
that year. Their levels are then compared only within a side. A break that is itself the question (the decentralisations
of 2015) is the `event`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kloof.errors import NotComputableError, ParameterError, SchemaError, examples, faults
from kloof.methods.arrays import Array
from kloof.methods.regression import Estimate, from_t, one_sided

COLUMNS = ("code", "year", "field", "euro", "inhabitants")


@dataclass(frozen=True)
class FieldBreak:
    """A year from which the fields named were defined anew; `bridged` ones were recoded and may be compared."""

    at: int
    fields: frozenset[str]
    bridged: frozenset[str] = frozenset()

    def cuts(self, field: str, first: int, last: int) -> bool:
        """Tell whether the years first-last of a field lie on both sides of this break, unbridged."""
        return field in self.fields - self.bridged and first < self.at <= last


def real_per_inhabitant(table: pd.DataFrame, index: Mapping[int, float], price_year: int) -> pd.DataFrame:
    """Give euros of `price_year` per inhabitant: the table with a column `real`, sorted by code, field, year.

    `table` has one row per municipality, year and field with `COLUMNS`; a missing amount stays missing. Raises
    SchemaError with all faults (columns, a row twice, inhabitants missing or not above 0) and ParameterError on the
    price index.
    """
    found = [f"column {name} is missing" for name in COLUMNS if name not in table.columns]
    if not found:
        twice = table.index[table.duplicated(["code", "year", "field"])].tolist()
        nobody = table.index[~(table["inhabitants"] > 0)].tolist()
        found += [f"the same municipality, year and field twice in row {examples(twice)}"] * bool(twice)
        found += [f"inhabitants are missing or not above 0 in row {examples(nobody)}"] * bool(nobody)
    if found:
        raise SchemaError(faults("the accounts", found, "Give one row per municipality, year and field."))
    real = deflated(table["euro"].to_numpy(float), table["year"].to_numpy(), index, price_year)
    return table.assign(real=real / table["inhabitants"]).sort_values(["code", "field", "year"], ignore_index=True)


def change_at_event(real: pd.DataFrame, field: str, event: int, breaks: Sequence[FieldBreak] = ()) -> pd.DataFrame:
    """Give each municipality's mean real spending before and from the event, and the change, euros per inhabitant.

    Columns: code, inhabitants (mean before the event), before, after, change. Only municipalities with an amount in
    every year of the field are kept; `attrs["left_out"]` counts the others. Raises NotComputableError: no_figures,
    too_few_years (no year on a side), broken_series (an unbridged break within the years: the levels on its two sides
    cannot be compared; one in the year of the event would be taken for it).
    """
    rows = _of_field(real, field)
    years = sorted(rows["year"].unique())
    if not years[0] < event <= years[-1]:
        raise NotComputableError("too_few_years", f"{field} has no year on both sides of {event}.")
    if cut := [one.at for one in breaks if one.cuts(field, years[0], years[-1])]:
        raise NotComputableError(
            "broken_series", f"{field} was defined anew in {examples(cut)}; take years on one side of it."
        )
    kept = _complete(rows, years)
    side = np.where(kept["year"] >= event, "after", "before")
    means = kept.assign(side=side).pivot_table(index="code", columns="side", values="real", aggfunc="mean")
    people = kept[kept["year"] < event].groupby("code")["inhabitants"].mean()
    made = pd.DataFrame({"inhabitants": people, "before": means["before"], "after": means["after"]})
    made = made.assign(change=made["after"] - made["before"]).reset_index()
    made.attrs["left_out"] = rows["code"].nunique() - len(made)
    return made


@dataclass(frozen=True)
class ClassChange:
    """Changes by size class: one row per class with size_class, municipalities, estimate, low, high, p_value.

    `differences` has one row per class but the reference: the class minus the reference, same columns.
    """

    levels: pd.DataFrame
    differences: pd.DataFrame


def change_by_class(changes: pd.DataFrame, size_class: Mapping[str, str], reference: str) -> ClassChange:
    """Compare the mean change of municipalities by size class; every municipality counts alike.

    Welch's test for the differences. A change that all municipalities of a class share cannot be told from the
    event itself. Raises SchemaError (a municipality without class), NotComputableError(too_few_municipalities) when a
    class has fewer than three. Source: Welch 1947, doi:10.1093/biomet/34.1-2.28.
    """
    unknown = sorted(set(changes["code"]) - set(size_class))
    if unknown:
        raise SchemaError(f"No size class for {examples(unknown)}; give one for every municipality.")
    classes = changes["code"].map(size_class)
    values = {name: group["change"].to_numpy(float) for name, group in changes.groupby(classes)}
    few = [name for name, held in values.items() if len(held) < 3]
    if few or reference not in values:
        raise NotComputableError(
            "too_few_municipalities", f"Fewer than three municipalities in {examples(few or [reference])}."
        )
    own = {name: (float(held.mean()), float(held.var(ddof=1)) / len(held), len(held)) for name, held in values.items()}
    levels = {name: from_t(mean, variance**0.5, n - 1, n, n) for name, (mean, variance, n) in own.items()}
    apart = {name: _welch(own[name], own[reference]) for name in own if name != reference}
    return ClassChange(_class_table(levels), _class_table(apart))


def _welch(one: tuple[float, float, int], other: tuple[float, float, int]) -> Estimate:
    variance = one[1] + other[1]
    df = variance**2 / (one[1] ** 2 / (one[2] - 1) + other[1] ** 2 / (other[2] - 1)) if variance > 0 else 0.0
    return from_t(one[0] - other[0], variance**0.5, df, one[2] + other[2], one[2] + other[2])


def _class_table(found: Mapping[str, Estimate]) -> pd.DataFrame:
    rows = [(name, one.clusters, one.estimate, one.low, one.high, one.p_value) for name, one in found.items()]
    return pd.DataFrame(rows, columns=["size_class", "municipalities", "estimate", "low", "high", "p_value"])


@dataclass(frozen=True)
class Squeeze:
    """Did one field rise while another fell? Means over municipalities, euros per inhabitant, and the joint test.

    `p_value` is small when the first rose AND the second fell (intersection-union: the larger p-value); `p_against`
    when the first fell OR the second rose (twice the smaller one). `left_out` municipalities lack one of the fields.
    """

    risen: Estimate
    fallen: Estimate
    p_value: float
    p_against: float
    left_out: int


def squeezed(first: pd.DataFrame, second: pd.DataFrame) -> Squeeze:
    """Test jointly that the first field rose and the second fell, from two tables of `change_at_event`.

    Municipalities count alike; t on (municipalities - 1) degrees of freedom. What moves all municipalities in one year
    is in the estimate, not in the interval. Raises NotComputableError: too_few_municipalities (fewer than three),
    no_variation. Source: Berger 1982, doi:10.1080/00401706.1982.10487790.
    """
    both = first.merge(second, on="code", suffixes=("_first", "_second"), validate="one_to_one")
    n = len(both)
    if n < 3:
        raise NotComputableError("too_few_municipalities", f"{n} municipalities have both fields; three are needed.")
    risen, fallen = (
        from_t(float(both[name].mean()), float(both[name].std(ddof=1)) / n**0.5, n - 1, n, n)
        for name in ("change_first", "change_second")
    )
    (up, down), (back_up, back_down) = one_sided(risen), one_sided(fallen)
    against = min(1.0, 2 * min(down, back_up))
    return Squeeze(risen, fallen, max(up, back_down), against, len(first) + len(second) - 2 * n)


def standing(changes: pd.DataFrame, code: str) -> tuple[float, int]:
    """Give the part (0-1) of the other municipalities whose change was below that of `code`, ties half, and how many.

    Give only the municipalities of its class to compare within. Raises NotComputableError(no_figures) without `code`
    and too_few_municipalities without another one.
    """
    own = changes.loc[changes["code"] == code, "change"]
    others = changes.loc[changes["code"] != code, "change"]
    if own.empty:
        raise NotComputableError("no_figures", f"{code} has no change of this field.")
    if others.empty:
        raise NotComputableError("too_few_municipalities", f"There is no municipality to compare {code} with.")
    value = float(own.iloc[0])
    return float(((others < value).sum() + (others == value).sum() / 2) / len(others)), len(others)


def _of_field(real: pd.DataFrame, field: str) -> pd.DataFrame:
    rows = real[(real["field"] == field) & real["real"].notna()]
    if rows.empty:
        raise NotComputableError("no_figures", f"There is no amount for {field}.")
    return rows


def _complete(rows: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    counted = rows.groupby("code")["year"].transform("nunique")
    return rows[counted == len(years)]


def price_factors(years: ArrayLike, index: Mapping[int, float], price_year: int) -> Array:
    """Give the factors that turn amounts of `years` into prices of `price_year`; same shape as `years`.

    `index` holds a price index by year (CBS consumer price index, any base). Raises ParameterError listing the years
    that it lacks and the values that are not above 0.
    """
    asked = np.asarray(years, dtype=np.int64)
    needed = sorted({int(year) for year in np.unique(asked)} | {price_year})
    absent = [year for year in needed if year not in index]
    bad = [f"{year} = {index[year]}" for year in needed if year in index and not index[year] > 0]
    found = [f"no value for {examples(absent)}"] * bool(absent) + [f"not above 0: {examples(bad)}"] * bool(bad)
    if found:
        raise ParameterError(faults("the price index", found, "Give the index of every year that is compared."))
    level = {year: index[price_year] / index[year] for year in needed}
    return np.array([level[int(year)] for year in asked.ravel()], dtype=np.float64).reshape(asked.shape)


def deflated(amounts: ArrayLike, years: ArrayLike, index: Mapping[int, float], price_year: int) -> Array:
    """Put amounts in the prices of one year. `amounts` (..., years) and `years` must broadcast; see `price_factors`."""
    return np.asarray(np.asarray(amounts, dtype=np.float64) * price_factors(years, index, price_year))
