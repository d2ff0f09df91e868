"""Claims on mechanisms, asked of all municipalities at once: what one has too few buurten and years for.

What municipalities differ in is taken out, and so is the noise in the figure that a claim leans on: without that, many
buurten together prove that nothing helps (`methods.pooled`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import BROKEN, Catalogue
from kloof.country.figures import held, nearest, of_nearest_year
from kloof.country.gaps import EXAMPLE, FEWEST, chosen_by
from kloof.errors import NotComputableError
from kloof.findings import Finding, Side
from kloof.methods.arrays import Array
from kloof.methods.gap import log_growth
from kloof.methods.lagged import match_years
from kloof.methods.pooled import Cause, Growths, Pooled, arrived, followed, steeper
from kloof.methods.ratio import BOUNDED
from kloof.methods.regression import clustered
from kloof.store.shared import common
from kloof.study import claims
from kloof.study.panel import RULE

APART = 4  # years between a count and what it is divided by, or between a list and the first year: as C10 registers
CORPORATION = "housing_corporation_share"
STEP = 10.0  # points of corporation share for which a slope is told
OTHER_LIST = "mean_income_per_inhabitant"  # makes the list where the usual figure is the outcome itself


def mechanisms(known: Catalogue) -> dict[str, tuple[Finding, ...]]:
    """Give the findings on C8, C11, C12 and H8 within all municipalities of the store together, by claim.

    What cannot be computed is a finding with its reason. It is about every municipality, so it is computed once for a
    whole batch.
    """
    return common("mechanisms", lambda: claims.registry().sha256, lambda: _mechanisms(known))


def _mechanisms(known: Catalogue) -> dict[str, tuple[Finding, ...]]:
    """Read the store and judge."""
    store, entries = Store(known), claims.registry().claims
    return {
        "C8": tuple(_first(_asked(store, one, _follows)) for one in entries["C8"]["surroundings"]),
        "C11": tuple(_steeper(store, one) for one in entries["C11"]["indicators"]),
        "C12": tuple(_arrives(store, one) for one in entries["C12"]["indicators"]),
        "H8": tuple(one for side in entries["H8"]["improved"] for one in _both_sides(store, side)),
    }


@dataclass(frozen=True)
class Store:
    """The figures of all buurten of the store, each read once."""

    known: Catalogue
    read: dict[str, pd.DataFrame] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """Give a figure: code × year, over the longest run of years that may be compared."""
        if name not in self.read:
            self.read[name] = self._compared(name, held(self.known, name, APART))
        return self.read[name]

    def _compared(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        indicator, runs = self.known.indicator(name), list[list[int]]()
        for year in sorted(int(column) for column in table.columns):
            if runs and indicator.compare(runs[-1][-1], year).status != BROKEN:
                runs[-1].append(year)
            else:
                runs.append([year])
        return table[max(runs, key=lambda run: (len(run), run[-1]))] if runs else table

    def weight(self, names: Iterable[str], year: int, codes: pd.Index) -> Array:
        """Give what buurten weigh, the first count that there is in the nearest year; 0 where it is not known.

        Raises NotComputableError(no_weights).
        """
        for name in names:
            counts = of_nearest_year(held(self.known, name), year)
            if counts.notna().any():
                return np.asarray(np.nan_to_num(counts.reindex(codes).to_numpy(float), nan=0.0))
        raise NotComputableError("no_weights", f"The store has no {' or '.join(names)} by buurt.")

    def noise(self, name: str, table: pd.DataFrame) -> Array | None:
        """Give what `noise_of` says of a figure, code × year."""
        people = self.weight(("inhabitants",), int(table.columns[0]), table.index)
        return noise_of(self.known, name, table.to_numpy(float), np.where(people > 0, people, np.nan)[:, None])

    def listed(self, name: str, year: int, codes: pd.Index) -> pd.Series:
        """Tell which buurten are on the list of their municipality: the registered rule, by the nearest year there is.

        A figure does not choose its own list. Raises NotComputableError(no_figures).
        """
        rule = RULE.fullmatch(EXAMPLE)
        assert rule is not None
        by = rule[3] if rule[3] != name else OTHER_LIST
        chosen = held(self.known, by)
        at = nearest(chosen, year) if len(chosen.columns) else year
        if at not in chosen.columns or abs(at - year) > APART:
            raise NotComputableError("no_figures", f"The store has no {by} within {APART} years of {year}.")
        people = of_nearest_year(held(self.known, "inhabitants"), at)
        return chosen_by(chosen[at], people, self.known, rule).reindex(codes, fill_value=False)


def noise_of(known: Catalogue, name: str, value: Array, people: Array) -> Array | None:
    """Give the variance of the noise in figures as it is known beforehand; None of a model's.

    Rounding spreads evenly over its reach; a number of events per thousand of `people` varies as a count does
    (Poisson).
    """
    indicator = known.indicator(name)
    if indicator.modelled:
        return None
    counted = indicator.kind == "rate" and indicator.unit == "per_thousand"
    return np.asarray(indicator.reach**2 / 3 + (1000 * value / people if counted else np.zeros_like(value)))


def _town(codes: pd.Index) -> Any:
    """Name the municipality of each buurt by its code."""
    return np.asarray(codes.str.slice(2, 6), dtype=str)


def _first(made: Iterable[Finding]) -> Finding:
    """Give the first that can be computed, or else the first."""
    found = list[Finding]()
    for one in made:
        found.append(one)
        if one.estimate is not None:
            return one
    return found[0]


def _asked(store: Store, names: str, make: Callable[[Store, str], Finding]) -> Iterable[Finding]:
    """Make a finding of each of the figures that stand for each other ("a|b")."""
    return (make(store, name) for name in names.split("|"))


def _enough(municipalities: int) -> None:
    if municipalities < FEWEST:
        raise NotComputableError(
            "too_few_municipalities", f"{municipalities} municipalities have the figures; together they need {FEWEST}."
        )


def _fields(store: Store, kind: str, measure: str, outcome: str, others: Sequence[str] = ()) -> dict[str, Any]:
    """Give what all findings share: of which figures, and what a reader must know of these."""
    of = [store.known.indicator(name) for name in (outcome, *others)]
    modelled = ["modelled" if one.dimension == "health" else "modelled_liveability" for one in of if one.modelled]
    flags = (*dict.fromkeys(modelled or ["register"]), "all_municipalities")
    unit = str(store.known.units[of[0].unit]["change"])
    digits = 2 if unit == "points" else of[0].decimals
    return {
        "kind": kind, "measure": measure, "indicator": outcome, "unit": unit, "decimals": digits, "flags": flags,
        "smallest_effect": of[0].smallest_effect,
    }  # fmt: skip


def _told(fields: Mapping[str, Any], number: str, found: Pooled, years: tuple[int, int], factor: float) -> Finding:
    """Make a finding of a pooled relation, `factor` times it; beside it stands what it is with the noise left in."""
    estimate, low, high = (factor * one for one in found.ends)
    digits = {"unit": fields["unit"], "decimals": fields["decimals"]}
    plain = {"plain": found.plain.estimate, "plain_low": found.plain.low, "plain_high": found.plain.high}
    details: dict[str, Any] = {name: {"value": factor * one, **digits} for name, one in plain.items()}
    if found.reliability is not None:
        details["reliability"] = {"value": 100 * found.reliability, "unit": "percent", "decimals": 0}
    details |= {
        "degrees": {"value": (found.corrected or found.plain).df, "unit": "number"},
        "buurten": {"value": found.buurten, "unit": "number", "decimals": 0},
        "municipalities": {"value": found.municipalities, "unit": "number", "decimals": 0},
    }
    flags = (*fields["flags"], "noise_unknown" if found.corrected is None else "noise_taken_off")
    a, b = (Side(year, "all", n_units=found.buurten) for year in years)
    return Finding(
        id=number, estimate=estimate, low=low, high=high, a=a, b=b, range_kind=("process",), details=details,
        **{**fields, "flags": flags},
    )  # fmt: skip


# ------------------------------------------------------------------ C8: does position follow surroundings


def _follows(store: Store, surroundings: str) -> Finding:
    """Judge what position later did where surroundings improved by one deviation more than in the municipality."""
    positions = claims.registry().claims["C8"]["positions"]
    return _first(_position(store, position, surroundings) for position in positions)


def _position(store: Store, position: str, surroundings: str) -> Finding:
    """Judge one position beside one kind of surroundings."""
    entry, number = claims.registry().claims["C8"], f"09.{surroundings}.everywhere"
    fields = _fields(store, "follows_everywhere", surroundings, position, (surroundings,))
    try:
        cause, years, taken_off = _surroundings(store, surroundings)
        outcome = store.table(position)
        waves = match_years([int(year) for year in outcome.columns], years, int(entry["years_apart"]))
        if not waves:
            raise NotComputableError("no_common_years", f"{position} and {surroundings} have no year in common.")
        codes = outcome.index.intersection(cause.index)
        weight = store.weight(("inhabitants",), min(year for wave in waves for year in wave if year), codes)
        codes, weight = codes[weight > 0], weight[weight > 0]
        better = store.known.indicator(position).better, store.known.indicator(surroundings).better
        moved = better[0] * _laid(outcome, codes, [wave[0] for wave in waves])
        around = better[1] * _laid(cause, codes, [wave[1] for wave in waves])
        if len(waves) < 3:
            raise NotComputableError("too_few_years", f"{position} and {surroundings} have no two changes in a row.")
        noise = store.noise(surroundings, cause)
        if noise is not None:
            each = _laid(pd.DataFrame(noise, cause.index, cause.columns), codes, [wave[1] for wave in waves])
            noise = (each[:, 1:] + each[:, :-1])[:, :-1]
        leaned = Cause(np.diff(around, axis=1)[:, :-1], _laid(cause, codes, years), noise)
        found = followed(np.diff(moved, axis=1)[:, 1:], leaned, weight, _town(codes))
        _enough(found.municipalities)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **fields)
    small = float(entry["smallest_part"]) * found.farthest
    fields["smallest_effect"] = min(float(fields["smallest_effect"]), small)
    fields["flags"] = (*fields["flags"], *([] if taken_off is None else [taken_off]))
    causes = [wave[1] for wave in waves if wave[1] is not None]
    outcomes = [wave[0] for wave in waves if wave[0] is not None]
    return _told(fields, number, found, (causes[0], outcomes[-1]), 1.0)


def _laid(table: pd.DataFrame, codes: pd.Index, years: Sequence[int | None]) -> Array:
    """Lay a figure out as buurt × measurement, missing where it has none."""
    empty = pd.Series(np.nan, codes)
    columns = [empty if year is None else table[year].reindex(codes) for year in years]
    return np.column_stack([column.to_numpy(float) for column in columns])


def _surroundings(store: Store, name: str) -> tuple[pd.DataFrame, list[int], str | None]:
    """Give a figure of surroundings, its years, and what is said of the part of it that is made of residents.

    That part is taken off in the years that have it (C8 registers which may be); without any the score counts as it is.
    """
    table, parts = store.table(name), claims.registry().claims["C8"]["without"].get(name)
    if parts is None:
        return table, [int(year) for year in table.columns], None
    both = {part: [year for year in table.columns if year in store.table(part).columns] for part in parts}
    part = max(both, key=lambda one: len(both[one]))
    if len(both[part]) < 2:
        return table, [int(year) for year in table.columns], "with_residents"
    left = table[both[part]] - store.table(part)[both[part]]
    cohesion = "without_cohesion" if "cohesion" in part else "without_residents"
    return left, [int(year) for year in left.columns], cohesion


# ------------------------------------------------------------------ C11: does it pile up in corporation housing


def _steeper(store: Store, name: str) -> Finding:
    """Judge whether the share rises ever more steeply with that of corporation dwellings, within municipalities."""
    number = f"08.slope.{name}.everywhere"
    fields = _fields(store, "steeper_everywhere", "per_year", name)
    fields |= {"unit": "points", "decimals": 2}
    fields["smallest_effect"] = float(claims.registry().claims["C11"]["smallest_effect"])
    fields["flags"] = (*fields["flags"], "ecological", "dwellings_as_households")
    try:
        outcome, cause = store.table(name), store.table(CORPORATION)
        for table, reason in ((outcome, "no_figures"), (cause, "no_corporation_figures")):
            if table.empty:
                raise NotComputableError(reason, f"The store lacks {name} or {CORPORATION} by buurt.")
        years = [int(year) for year in outcome.columns if year in cause.columns]
        codes = outcome.index.intersection(cause.index)
        if len(years) < 2:
            raise NotComputableError("one_year_only", f"{name} and {CORPORATION} do not have two years in common.")
        weight = store.weight(store.known.indicator(name).weighed_by, years[0], codes)
        codes, weight = codes[weight > 0], weight[weight > 0]
        laid = _laid(outcome, codes, years), _laid(cause, codes, years)
        noise = store.noise(CORPORATION, cause.loc[codes, years])
        found = steeper(
            *laid,
            np.zeros_like(laid[1]) if noise is None else noise,
            weight,
            (_town(codes), np.array(years, dtype=np.float64)),
        )
        _enough(found.municipalities)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **fields)
    made = _told(fields, number, found, (years[0], years[-1]), STEP)
    return replace(made, details={**made.details, "step": {"value": STEP, "unit": "points", "decimals": 0}})


# ------------------------------------------------------------------ C12: what arrives of a movement


def _arrives(store: Store, name: str) -> Finding:
    """Judge how much less of the movement of a municipality arrives on its list than in the rest, in percent."""
    entry, number = claims.registry().claims["C12"], f"11.{name}.everywhere"
    fields = _fields(store, "arrives_everywhere", "elasticity", name)
    fields |= {"unit": "percent", "decimals": 0, "smallest_effect": float(entry["smallest_effect"])}
    try:
        table = store.table(name)
        years = [int(year) for year in table.columns]
        if len(years) < 2:
            raise NotComputableError("no_figures" if not years else "one_year_only", f"{name} has {len(years)} years.")
        weight = pd.Series(store.weight(store.known.indicator(name).weighed_by, years[0], table.index), table.index)
        ends = table[[years[0], years[-1]]].notna().all(axis=1)
        change = float((weight * (table[years[-1]] - table[years[0]]))[ends].sum())
        if store.known.indicator(name).better * change <= 0:
            raise NotComputableError("no_improvement", f"{name} did not change for the better from first to last.")
        found = arrived(_growths(table, years, weight, store.listed(name, years[0], table.index)))
        _enough(found.municipalities)
        if found.rest <= 0:
            raise NotComputableError("rest_moves_against", "The rest does not follow the movement of the others.")
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **fields)
    ratio = found.ratio
    ends_of = (100 * (ratio.low - 1), 100 * (ratio.high - 1)) if ratio.shape == BOUNDED else (None, None)
    if ratio.shape != BOUNDED:
        fields["measure"] = "elasticity_alone"
    parts = {"arrives_focus": 100 * found.focus, "arrives_rest": 100 * found.rest}
    details: dict[str, Any] = {key: {"value": one, "unit": "percent", "decimals": 0} for key, one in parts.items()}
    details |= {
        "years": {"value": len(years), "unit": "number"}, "p_value": {"value": ratio.p_alike, "unit": "probability"},
        "degrees": {"value": ratio.degrees, "unit": "number"},
        "buurten": {"value": found.buurten, "unit": "number", "decimals": 0},
        "municipalities": {"value": found.municipalities, "unit": "number", "decimals": 0},
    }  # fmt: skip
    a, b = (Side(year, "gap", n_units=found.buurten) for year in (years[0], years[-1]))
    return Finding(
        id=number, estimate=100 * (ratio.estimate - 1), low=ends_of[0], high=ends_of[1], a=a, b=b,
        range_kind=("process",) if ends_of[0] is not None else (), details=details,
        **{**fields, "flags": (*fields["flags"], "noise_alike")},
    )  # fmt: skip


def _growths(table: pd.DataFrame, years: Sequence[int], weight: pd.Series, listed: pd.Series) -> Growths:
    """Lay out the growth of every buurt from each year to the next.

    Only buurten with both figures and a weight count, in municipalities with some of them on the list and some off it;
    where a mean is not above 0 there is no growth.
    """
    made: list[tuple[Any, ...]] = []
    town = pd.Series(_town(table.index), table.index)
    for pair, (first, last) in enumerate(pairwise(years)):
        whole = table[[first, last]].notna().all(axis=1) & (weight > 0)
        for name, part in table.loc[whole, [first, last]].groupby(town[whole]):
            own, on = weight[part.index].to_numpy(float), listed[part.index].to_numpy(bool)
            before, after = part[first].to_numpy(float), part[last].to_numpy(float)
            means = [one[side] @ own[side] for one in (before, after) for side in (on, ~on)]
            if on.any() and not on.all() and min(means) > 0:
                growth = log_growth(before, after, own, on)
                made.append((growth, own, on, np.full(len(on), name), np.full(len(on), pair)))
    if not made:
        raise NotComputableError("no_group_left", "No municipality has buurten on the list and off it in two years.")
    return Growths(*(np.concatenate(column) for column in zip(*made, strict=True)))


# ------------------------------------------------------------------ H8: did both sides improve


def _both_sides(store: Store, side: str) -> tuple[Finding, Finding]:
    """Give the change of surroundings on all lists together, and that of position in the same years, give or take."""
    entry = claims.registry().claims["H8"]
    names = [name for name in entry["improved"][side] if store.known.indicator(name).kind != "class"]
    around = _first(_improved(store, name, f"09.{side}.everywhere") for name in names)
    number = f"09.{side}.position.everywhere"
    if around.a.year is None or around.b.year is None:
        return around, replace(around, id=number)
    apart = int(entry["years_apart"])
    years = around.a.year - apart, around.b.year + apart
    return around, _first(_improved(store, name, number, years) for name in entry["positions"])


def _improved(store: Store, name: str, number: str, years: tuple[int, int] | None = None) -> Finding:
    """Judge whether the lists of all municipalities together became better by a figure; above 0 is better."""
    indicator, fields = store.known.indicator(name), _fields(store, "improved_everywhere", "mean", name)
    try:
        table = store.table(name)
        own = [int(year) for year in table.columns if years is None or years[0] <= int(year) <= years[1]]
        if len(own) < 2:
            raise NotComputableError("no_figures" if not own else "one_year_only", f"{name} has {len(own)} years.")
        ends = table[[own[0], own[-1]]].dropna()
        weight = store.weight(indicator.weighed_by, own[0], ends.index)
        on = store.listed(name, own[0], ends.index).to_numpy(bool) & (weight > 0)
        values, weight = ends.to_numpy(float)[on], weight[on]
        town = _town(ends.index[on])
        _enough(len(np.unique(town)))
        change = indicator.better * (values[:, 1] - values[:, 0])
        found = clustered(change, np.ones((len(change), 1)), weight, town)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **fields)
    means = weight @ values / weight.sum()
    details: dict[str, Any] = {
        key: {"value": float(one), "unit": indicator.unit} for key, one in zip(("was", "became"), means, strict=True)
    }
    details |= {
        "degrees": {"value": found.df, "unit": "number"},
        "buurten": {"value": len(change), "unit": "number", "decimals": 0},
        "municipalities": {"value": found.clusters, "unit": "number", "decimals": 0},
    }
    a, b = (Side(year, "focus", n_units=len(change)) for year in (own[0], own[-1]))
    reach = 2 * indicator.reach
    return Finding(
        id=number, estimate=found.estimate, low=found.low - reach, high=found.high + reach,
        rounding_low=found.estimate - reach, rounding_high=found.estimate + reach, a=a, b=b,
        range_kind=("process", "rounding"), details=details, **fields,
    )  # fmt: skip
