"""Computes an index from a table of counts: one registry, one shape in, one shape out.

`INDICES` holds what each index says, its weak side, its source and its function from `formulas`; `measure`
takes a tidy table and returns one row per key and index.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import inf

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kloof import formulas
from kloof.errors import ParameterError, SchemaError, examples, faults
from kloof.formulas import FloatArray, expected_under_evenness

__all__ = ["INDICES", "Index", "expected_under_evenness", "get_index", "measure"]

REST = "rest"
_RESULT = ("index", "group", "against", "estimate", "n_units", "n_missing", "n_total", "reason")
_DUNCAN = "10.2307/2088328"
_BELL = "10.2307/2574118"
_WILLIAMSON = "10.1086/450136"


@dataclass(frozen=True)
class Index:
    """One index: what it says, its weak side, where it comes from, and the function that computes it.

    `function(a, b, starts)` is batched, see `formulas`; `needs` says what a and b are: "counts" of group and
    rest, or "means", a value and its weight. `lowest` and `highest` are the ends of its scale.
    """

    id: str
    family: str
    name_nl: str
    name_en: str
    what_nl: str
    what_en: str
    weakness_nl: str
    weakness_en: str
    formula: str
    source: str
    doi: str
    lowest: float
    highest: float
    function: Callable[[ArrayLike, ArrayLike, ArrayLike], FloatArray]
    needs: str


_ALL = (
    Index(
        id="dissimilarity",
        family="evenness",
        name_nl="dissimilariteitsindex",
        name_en="dissimilarity index",
        what_nl="Het deel van de groep dat moet verhuizen om in elke buurt hetzelfde aandeel te krijgen.",
        what_en="The part of the group that would have to move to get the same share in every neighbourhood.",
        weakness_nl="Verhuizen tussen twee buurten die allebei boven het gemiddelde liggen, verandert niets.",
        weakness_en="A move between two neighbourhoods that are both above the average changes nothing.",
        formula="D = ½ Σ |aᵢ/A − bᵢ/B|",
        source="Duncan & Duncan 1955",
        doi=_DUNCAN,
        lowest=0.0,
        highest=1.0,
        function=formulas.dissimilarity,
        needs="counts",
    ),
    Index(
        id="isolation",
        family="exposure",
        name_nl="isolatie-index",
        name_en="isolation index",
        what_nl="Het aandeel van de eigen groep in de buurt van een gemiddeld lid van de groep.",
        what_en="The share of the own group in the neighbourhood of an average member of the group.",
        weakness_nl="Stijgt ook als de groep overal even hard groeit en er niemand verhuist.",
        weakness_en="Also rises when the group grows everywhere at the same rate, while nobody moves.",
        formula="xPx = Σ aᵢ/A · aᵢ/(aᵢ+bᵢ)",
        source="Bell 1954",
        doi=_BELL,
        lowest=0.0,
        highest=1.0,
        function=formulas.isolation,
        needs="counts",
    ),
    Index(
        id="interaction",
        family="exposure",
        name_nl="interactie-index",
        name_en="interaction index",
        what_nl="Het aandeel van de anderen in de buurt van een gemiddeld lid van de groep.",
        what_en="The share of the others in the neighbourhood of an average member of the group.",
        weakness_nl="Zegt wie er in de buurt woont, niet of mensen elkaar ontmoeten.",
        weakness_en="Says who lives nearby, not whether people meet.",
        formula="xPy = Σ aᵢ/A · bᵢ/(aᵢ+bᵢ)",
        source="Bell 1954",
        doi=_BELL,
        lowest=0.0,
        highest=1.0,
        function=formulas.interaction,
        needs="counts",
    ),
    Index(
        id="gini",
        family="evenness",
        name_nl="gini-index",
        name_en="Gini index",
        what_nl="Hoe ver de aandelen van buurten uit elkaar liggen: 0 is overal gelijk, 1 is gescheiden.",
        what_en="How far apart the shares of neighbourhoods are: 0 is equal everywhere, 1 is fully apart.",
        weakness_nl="Het getal is niet te lezen als een aantal mensen dat moet verhuizen.",
        weakness_en="The number can't be read as a number of people who would have to move.",
        formula="G = Σᵢ Σⱼ tᵢ tⱼ |pᵢ − pⱼ| / (2T²P(1−P))",
        source="James & Taeuber 1985",
        doi="10.2307/270845",
        lowest=0.0,
        highest=1.0,
        function=formulas.gini,
        needs="counts",
    ),
    Index(
        id="theil_h",
        family="evenness",
        name_nl="informatie-index H van Theil",
        name_en="Theil's information index H",
        what_nl="Hoeveel minder gemengd buurten zijn dan de gemeente: 0 is even gemengd, 1 is gescheiden.",
        what_en="How much less mixed neighbourhoods are than the municipality: 0 is as mixed, 1 is apart.",
        weakness_nl="Lage waarden lijken klein: een H van 0,1 kan al een grote scheiding zijn.",
        weakness_en="Low values look small: an H of 0.1 can already be a wide separation.",
        formula="H = Σ tᵢ (E − Eᵢ) / (T E), E = −P ln P − (1−P) ln(1−P)",
        source="Theil & Finizza 1971",
        doi="10.1080/0022250X.1971.9989795",
        lowest=0.0,
        highest=1.0,
        function=formulas.theil_h,
        needs="counts",
    ),
    Index(
        id="correlation_ratio",
        family="evenness",
        name_nl="correlatieverhouding (eta-kwadraat)",
        name_en="correlation ratio (eta squared)",
        what_nl="De isolatie zonder de invloed van de groepsgrootte: 0 is overal gelijk, 1 is gescheiden.",
        what_en="Isolation without the influence of group size: 0 is equal everywhere, 1 is fully apart.",
        weakness_nl="Reageert sterk op enkele buurten met een zeer hoog aandeel.",
        weakness_en="Reacts strongly to a few neighbourhoods with a very high share.",
        formula="η² = (xPx − P) / (1 − P)",
        source="Bell 1954",
        doi=_BELL,
        lowest=0.0,
        highest=1.0,
        function=formulas.correlation_ratio,
        needs="counts",
    ),
    Index(
        id="weighted_sd",
        family="means",
        name_nl="gewogen standaardafwijking",
        name_en="weighted standard deviation",
        what_nl="Hoe ver buurten meestal van het gemiddelde liggen, in de eenheid van het cijfer.",
        what_en="How far neighbourhoods usually lie from the average, in the unit of the figure.",
        weakness_nl="Groeit mee als alle bedragen stijgen, ook als de verhoudingen gelijk blijven.",
        weakness_en="Grows when all amounts rise, even when their ratios stay the same.",
        formula="√(Σ wᵢ (yᵢ − ȳ)² / W)",
        source="Williamson 1965",
        doi=_WILLIAMSON,
        lowest=0.0,
        highest=inf,
        function=formulas.weighted_sd,
        needs="means",
    ),
    Index(
        id="coefficient_of_variation",
        family="means",
        name_nl="variatiecoëfficiënt",
        name_en="coefficient of variation",
        what_nl="De spreiding tussen buurten als deel van het gemiddelde van de gemeente.",
        what_en="The spread between neighbourhoods as a part of the average of the municipality.",
        weakness_nl="Heeft geen betekenis als het gemiddelde nul of negatief kan zijn.",
        weakness_en="Has no meaning when the average can be zero or negative.",
        formula="√(Σ wᵢ (yᵢ − ȳ)² / W) / ȳ",
        source="Williamson 1965",
        doi=_WILLIAMSON,
        lowest=0.0,
        highest=inf,
        function=formulas.coefficient_of_variation,
        needs="means",
    ),
    Index(
        id="theil_between",
        family="means",
        name_nl="Theil-index tussen buurten",
        name_en="Theil index between neighbourhoods",
        what_nl="De ongelijkheid die er zou zijn als iedereen het gemiddelde van zijn buurt had.",
        what_en="The inequality there would be if everyone had the average of their neighbourhood.",
        weakness_nl="Ziet de verschillen binnen een buurt niet.",
        weakness_en="Doesn't see the differences inside a neighbourhood.",
        formula="T = Σ wᵢ/W · yᵢ/ȳ · ln(yᵢ/ȳ)",
        source="Shorrocks 1980",
        doi="10.2307/1913126",
        lowest=0.0,
        highest=inf,
        function=formulas.theil_between,
        needs="means",
    ),
)
INDICES: dict[str, Index] = {index.id: index for index in _ALL}


def _nearest(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.4)
    return f'did you mean "{close[0]}"? ' if close else ""


def _unknown_index(index_id: str, known: Sequence[str]) -> str:
    return f'index "{index_id}" is not known; {_nearest(index_id, known)}Known: {", ".join(known)}.'


def get_index(index_id: str) -> Index:
    """Return the entry of the registry; raises ParameterError that names the known ones and the nearest."""
    if index_id not in INDICES:
        raise ParameterError(faults("the index", [_unknown_index(index_id, list(INDICES))], ""))
    return INDICES[index_id]


def _where(rows: pd.DataFrame, names: Sequence[str]) -> str:
    """Show the first rows by their keys: `(BU01 2016, …)`."""
    return examples([" ".join(str(value) for value in row) for row in rows[list(names)].itertuples(index=False)])


def _table_faults(counts: pd.DataFrame, by: Sequence[str]) -> list[str]:
    names = [*by, "unit", "group"]
    found = [f'column "{name}" is missing' for name in [*names, "count"] if name not in counts.columns]
    taken = [name for name in by if name in {"unit", "group", "count", *_RESULT}]
    if taken:
        found.append(f"a key can't be called {examples(taken)}")
    if found:
        return found
    if counts.empty:
        return ["there are no rows"]
    empty = counts[names].isna().any(axis=1)
    if empty.any():
        found.append(f"{int(empty.sum())} rows have an empty key, unit or group ({_where(counts[empty], names)})")
    double = counts.duplicated(names)
    if double.any():
        found.append(f"{int(double.sum())} rows repeat a unit and group ({_where(counts[double], names)})")
    if not pd.api.types.is_numeric_dtype(counts["count"]) or pd.api.types.is_bool_dtype(counts["count"]):
        return [*found, f"count is {counts['count'].dtype}, not a number"]
    values = counts["count"].to_numpy(dtype=np.float64, na_value=np.nan)
    for wrong, what in ((values < 0, "count < 0"), (np.isinf(values), "count is infinite")):
        if wrong.any():
            found.append(f"{what} in {int(wrong.sum())} rows ({_where(counts[wrong], names)})")
    return found


def _choice_faults(counts: pd.DataFrame, indices: Sequence[str], group: str, against: str | None) -> list[str]:
    known = [name for name, index in INDICES.items() if index.needs == "counts"]
    found = [_unknown_index(name, known) for name in indices if name not in INDICES]
    found += [
        f'index "{name}" needs means and weights, not counts' for name in indices if name in set(INDICES) - set(known)
    ]
    if not indices:
        found.append(f"no index was asked for. Known: {', '.join(known)}.")
    if "group" in counts.columns:
        groups = list(counts["group"].dropna().unique())
        for role, name in (("group", group), ("against", against)):
            if name is not None and name not in groups:
                found.append(
                    f'{role} "{name}" is not in the table; {_nearest(name, [str(one) for one in groups])}'
                    f"Groups: {examples(groups)}."
                )
        if against is None and groups == [group]:
            found.append(f'"{group}" is the only group, so there is no rest to compare it with')
    if group == against:
        found.append(f'group and against are both "{group}"')
    return found


def measure(
    counts: pd.DataFrame,
    indices: Sequence[str] | str,
    group: str,
    against: str | None = None,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Compute indices of `group` against another group, or against all others together, per key of `by`.

    counts: tidy, columns unit, group, count and those in `by`; count in people or households, NaN = missing.
    A unit with a missing count (or no row) for one of the groups compared is set aside whole, and counted in
    n_missing. With `against`, only those two groups count: isolation is then the share in the two together.
    Returns one row per key (sorted) and index: keys, index, group, against ("rest" = all others), estimate,
    n_units (with known counts, also the uninhabited), n_missing, n_total (people of both sides in n_units),
    reason (None, or why estimate is NaN: no_units, group_is_empty, group_is_everyone).
    Raises SchemaError (table) or ParameterError (index or group), with all faults in one message.
    """
    wanted = [indices] if isinstance(indices, str) else list(indices)
    keys = [by] if isinstance(by, str) else list(by)
    in_table, in_choice = _table_faults(counts, keys), _choice_faults(counts, wanted, group, against)
    if in_table or in_choice:
        kind = SchemaError if in_table else ParameterError
        raise kind(
            faults(
                "counts" if in_table else "the choice",
                in_table + in_choice,
                "Mend these, then measure again.",
            )
        )

    unit_of_row = counts.groupby([*keys, "unit"], observed=True).ngroup().to_numpy().astype(np.intp)
    first_row = np.unique(unit_of_row, return_index=True)[1]
    units = counts.iloc[first_row][keys].reset_index(drop=True)
    key_of_unit = (
        units.groupby(keys, observed=True).ngroup().to_numpy() if keys else np.zeros(len(units), dtype=np.intp)
    )
    values = counts["count"].to_numpy(dtype=np.float64, na_value=np.nan)
    in_group = (counts["group"] == group).to_numpy(dtype=bool)
    in_rest = ~in_group if against is None else (counts["group"] == against).to_numpy(dtype=bool)
    members, rest = (_per_unit(values[chosen], unit_of_row[chosen], len(units)) for chosen in (in_group, in_rest))
    rest_rows = np.bincount(unit_of_row[in_rest], minlength=len(units))
    # an absent row is as unknown as an empty one: the rest is only known when all its groups are
    rest[rest_rows < counts.loc[in_rest, "group"].nunique()] = np.nan

    known = ~(np.isnan(members) | np.isnan(rest))
    n_keys = int(key_of_unit[-1]) + 1
    n_units = np.bincount(key_of_unit[known], minlength=n_keys)
    starts = np.cumsum(n_units) - n_units
    members, rest = members[known], rest[known]
    cut = formulas.Segments(starts, members.size)
    group_total, rest_total = cut.total(members), cut.total(rest)
    reason = np.full(n_keys, None, dtype=object)
    reason[rest_total == 0] = "group_is_everyone"
    reason[group_total == 0] = "group_is_empty"
    reason[n_units == 0] = "no_units"
    estimates = np.stack([INDICES[name].function(members, rest, starts) for name in wanted], axis=-1)

    per_key = np.repeat(np.arange(n_keys), len(wanted))
    result = units.groupby(keys, observed=True).head(1).reset_index(drop=True) if keys else units.head(1)
    result = result.iloc[per_key].reset_index(drop=True)
    return result.assign(
        index=wanted * n_keys,
        group=group,
        against=REST if against is None else against,
        estimate=estimates.ravel(),
        n_units=n_units[per_key],
        n_missing=(np.bincount(key_of_unit, minlength=n_keys) - n_units)[per_key],
        n_total=(group_total + rest_total)[per_key],
        reason=pd.Series(reason[per_key], dtype=object),
    )


def _per_unit(values: FloatArray, unit: NDArray[np.intp], n_units: int) -> FloatArray:
    """Add up the counts of each unit; a missing count makes the sum missing, and so does no row."""
    sums = np.bincount(unit, weights=values, minlength=n_units).astype(np.float64)
    sums[np.bincount(unit, minlength=n_units) == 0] = np.nan
    return sums
