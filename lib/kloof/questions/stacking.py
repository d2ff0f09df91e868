"""Does vulnerability pile up in corporation housing? What figures by buurt can say, and what they can only bound.

C11 is judged by the change of a slope over buurten, H10 by the Duncan–Davis bounds in two years. Neither is a statement
about households: see `kloof.methods.ecological`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kloof.country.mechanisms import CORPORATION, STEP
from kloof.errors import NotComputableError
from kloof.findings import Finding, Side, in_unit, with_range
from kloof.methods.arrays import Array
from kloof.methods.ecological import FLAGS, Margins, WithinBounds, slope_by_year, within_corporation
from kloof.study import claims
from kloof.study.panel import series, sizes
from kloof.study.study import Study, comparable_run, usable_years

_COUNTED = "housing_corporation_counted_share"  # made of two counts: postcodes publish shares in whole tens
ENDS = ("value", "low", "high")


@dataclass(frozen=True)
class Both:
    """The share of a group and of corporation dwellings in the years that have both, buurt × year (nan where missing).

    `low`, `high` and the same of `corporation` are what rounding leaves open; `weight` is the size of each buurt in the
    first year; `sources` name where both come from.
    """

    indicator: str
    codes: tuple[str, ...]
    years: tuple[int, ...]
    share: Array
    low: Array
    high: Array
    corporation: Array
    corporation_low: Array
    corporation_high: Array
    weight: Array
    coverage: float
    sources: tuple[str, ...]


def both_shares(study: Study, name: str, level: str = "buurt", corporation: str = CORPORATION) -> Both:
    """Lay a share and the corporation share out over the comparable years that have both.

    Raises NotComputableError: no_figures, too_little_measured, no_corporation_figures.
    """
    asked = {}
    for one in (name, corporation):
        years, covered = _covered(study, one, level)
        run, _ = comparable_run(study, one, years) if level == "buurt" else (years, [])
        if not run:
            reason = "too_little_measured" if any(covered.values()) else "no_figures"
            raise NotComputableError("no_corporation_figures" if one == corporation else reason, f"{one} by {level}")
        asked[one] = run
    years = [year for year in asked[name] if year in asked[corporation]]
    if not years:
        raise NotComputableError("no_corporation_figures", f"{name} and {corporation} have no year in common.")
    size = sizes(study.data, study.known, study.known.indicator(name).weighed_by, years[0], level)
    held = size.value[size.value > 0]
    wide: dict[str, Array] = {}
    used: set[str] = set()
    for one, prefix in ((name, ""), (corporation, "corporation_")):
        rows = series(study.data, study.known, one, level)
        rows = rows[rows["year"].isin(years) & rows["code"].isin(held.index)]
        used |= {part for source in rows["source"] for part in source.split("|") if part}
        for key in ENDS:
            table = rows.pivot(index="code", columns="year", values=key).reindex(index=held.index, columns=years)
            wide[f"{prefix}{key}"] = table.to_numpy(float)
    known: NDArray[np.bool_] = np.asarray(
        (np.isfinite(wide["value"]) & np.isfinite(wide["corporation_value"])).any(axis=1)
    )
    codes = tuple(str(code) for code, kept in zip(held.index, known, strict=True) if kept)
    weight = np.array(held, dtype=np.float64)
    cells = {f"{prefix}{key}": wide[f"{prefix}{key}"][known] for prefix in ("", "corporation_") for key in ENDS}
    return Both(
        indicator=name, codes=codes, years=tuple(years),
        share=cells["value"], low=cells["low"], high=cells["high"], corporation=cells["corporation_value"],
        corporation_low=cells["corporation_low"], corporation_high=cells["corporation_high"],
        weight=weight[known], coverage=size.share(codes), sources=tuple(sorted(used)),
    )  # fmt: skip


def _covered(study: Study, name: str, level: str) -> tuple[list[int], dict[int, float]]:
    """Give the years of the window in which enough is measured at a level, and how much in each year."""
    if level == "buurt":
        return usable_years(study, name, study.p.year_from, study.p.year_to)
    table = series(study.data, study.known, name, level)
    table = table[table["year"].between(study.p.year_from, study.p.year_to) & (table["status"] == "measured")]
    covered = {}
    for year in sorted(int(value) for value in table["year"].unique()):
        size = sizes(study.data, study.known, study.known.indicator(name).weighed_by, year, level)
        covered[year] = size.share(list(table.loc[table["year"] == year, "code"]))
    return [year for year, share in covered.items() if share >= study.coverage_minimum], covered


def _base(study: Study, name: str, kind: str, measure: str) -> dict[str, Any]:
    flags = ("register", *FLAGS) if study.known.indicator(name).universe == "households" else ("register", FLAGS[0])
    return {
        "kind": kind, "measure": measure, "indicator": name, "unit": "points", "decimals": 2,
        "coverage_minimum": study.coverage_minimum, "flags": flags,
    }  # fmt: skip


def slope_finding(study: Study, name: str, number: str) -> Finding:
    """Judge whether the share rises ever more steeply with the corporation share of a buurt (C11).

    `estimate` is the change per year of the points that go with `STEP` more points of corporation dwellings, over all
    years; sides a and b hold the slope in the first and in the last year. Rounding of the shares acts as noise on every
    buurt and is in the process interval.
    """
    base = _base(study, name, "slope_change", "per_year")
    base["smallest_effect"] = float(claims.registry().claims["C11"]["smallest_effect"])
    try:
        both = both_shares(study, name)
        found = slope_by_year(both.share, both.corporation, both.weight, np.array(both.years))
        if found.per_year is None:
            raise NotComputableError("one_year_only", f"{name} and {CORPORATION} share one year: {both.years[0]}.")
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, coverage=0.0, **base)
    a, b = (_slope_side(found.table.iloc[place]) for place in (0, -1))
    details = in_unit("points", 0, step=STEP) | in_unit("number", degrees=found.per_year.df)
    return Finding(
        id=number, **with_range(found.per_year, STEP), a=a, b=b, coverage=both.coverage, sources=both.sources,
        range_kind=("process",), details=details, **base,
    )  # fmt: skip


def _slope_side(row: "pd.Series[float]") -> Side:
    """Give the slope of one year for `STEP` points."""
    low, estimate, high = (STEP * float(row[key]) for key in ("low", "estimate", "high"))
    return Side(int(row["year"]), "all", estimate, low, high, int(row["buurten"]))


def slope_now(study: Study, name: str, number: str) -> Finding:
    """Tell how much more of a group goes with `STEP` more points of corporation dwellings, in the last year of both.

    By buurt where that can be had, else by four-digit postcode (measure `postcode`); HC3 over the areas.
    """
    tried = (("buurt", CORPORATION), ("postcode", _COUNTED))
    reason = None
    for level, corporation in tried:
        base = _base(study, name, "slope_now", level)
        try:
            both = both_shares(study, name, level, corporation)
            last = np.array(both.years[-1:])
            found = slope_by_year(both.share[:, -1:], both.corporation[:, -1:], both.weight, last).table.iloc[0]
        except NotComputableError as problem:
            reason = reason or problem.reason
            continue
        year, n = int(last[0]), int(found["buurten"])
        ends: dict[str, Any] = {key: STEP * float(found[key]) for key in ("estimate", "low", "high")}
        side = Side(year, "all", n_units=n)
        told = in_unit("points", 0, step=STEP) | in_unit("number", areas=n)
        shared: dict[str, Any] = {"coverage": both.coverage, "sources": both.sources, "range_kind": ("process",)}
        if level == "postcode":
            base["flags"] = (*base["flags"], "postcodes")
        return Finding(id=number, a=side, b=side, details=told, **ends, **shared, **base)
    return Finding(id=number, reason=reason, coverage=0.0, **_base(study, name, "slope_now", "buurt"))


def slope_table(study: Study, name: str) -> pd.DataFrame:
    """Give the slope of every year: indicator, year, buurten, estimate, low, high, per `STEP` points."""
    both = both_shares(study, name)
    found = slope_by_year(both.share, both.corporation, both.weight, np.array(both.years)).table
    ends = {key: STEP * found[key] for key in ("estimate", "low", "high")}
    return found.assign(indicator=name, **ends)[["indicator", "year", "buurten", "estimate", "low", "high"]]


def bounds_of(study: Study, both: Both, year: int) -> WithinBounds:
    """Bound the share within corporation housing in one year, over the buurten that have both figures.

    Raises NotComputableError as `ecological.within_corporation`, no_weights when households are not counted, and
    too_little_measured when no buurt has all three.
    """
    place = both.years.index(year)
    size = sizes(study.data, study.known, ("households",), year)
    if size.year != year:
        raise NotComputableError("no_weights", f"Households are not counted in {year}.")
    low, high = (np.array(end.reindex(list(both.codes)), dtype=np.float64) for end in (size.low, size.high))
    keep = np.isfinite(both.share[:, place]) & np.isfinite(both.corporation[:, place]) & np.isfinite(high)
    keep &= size.value.reindex(list(both.codes)).notna().to_numpy()
    if not keep.any():
        raise NotComputableError("too_little_measured", f"No buurt has both shares and its households in {year}.")
    return within_corporation(
        Margins(
            vulnerable=(both.low[keep, place], both.high[keep, place]),
            corporation=(both.corporation_low[keep, place], both.corporation_high[keep, place]),
            households=(low[keep], high[keep]),
        )
    )


def bounds_table(study: Study, name: str) -> pd.DataFrame:
    """Give the bounds of every year: indicator, year, within_low, within_high, elsewhere_low, elsewhere_high."""
    both = both_shares(study, name)
    rows = []
    for year in both.years:
        found = bounds_of(study, both, year)
        rows.append((name, year, found.low, found.high, found.elsewhere_low, found.elsewhere_high))
    columns = ["indicator", "year", "within_low", "within_high", "elsewhere_low", "elsewhere_high"]
    return pd.DataFrame(rows, columns=columns)


def within_findings(study: Study, name: str, numbers: tuple[str, str]) -> tuple[Finding, Finding]:
    """Give the bounds on corporation minus other housing in the last year, and judge the change of the share (H10).

    A bound is all that the figures say: `low`-`high` is what is possible, and `estimate` only its middle. Both are not
    computable for the same reasons.
    """
    level, change = (_base(study, name, kind, "bounds") for kind in ("within", "within_change"))
    change["smallest_effect"] = study.smallest_effect(name)
    level["decimals"] = change["decimals"] = 1
    try:
        both = both_shares(study, name)
        first, last = both.years[0], both.years[-1]
        found = {year: bounds_of(study, both, year) for year in (first, last)}
    except NotComputableError as problem:
        absent = [
            Finding(id=number, reason=problem.reason, coverage=0.0, **base)
            for number, base in zip(numbers, (level, change), strict=True)
        ]
        return absent[0], absent[1]
    shared: dict[str, Any] = {"coverage": both.coverage, "sources": both.sources, "range_kind": ("bounds",)}
    now, then = found[last], found[first]
    n = len(both.codes)
    ends = {"within": (now.low, now.high), "elsewhere": (now.elsewhere_low, now.elsewhere_high)}
    side = Side(last, "all", n_units=n)
    told = Finding(
        id=numbers[0], estimate=(now.difference_low + now.difference_high) / 2, low=now.difference_low,
        high=now.difference_high, a=side, b=side, details=_ends(ends), **shared, **level,
    )  # fmt: skip
    if first == last:
        return told, Finding(id=numbers[1], reason="one_year_only", coverage=both.coverage, **change)
    low, high = now.low - then.high, now.high - then.low
    a, b = (Side(year, "all", (at.low + at.high) / 2, at.low, at.high, n) for year, at in ((first, then), (last, now)))
    judged = Finding(
        id=numbers[1], estimate=(low + high) / 2, low=low, high=high, a=a, b=b,
        details=_ends({"before": (then.low, then.high), "after": (now.low, now.high)}), **shared, **change,
    )  # fmt: skip
    return told, judged


def _ends(pairs: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """Give both ends of each range as details, in percent."""
    ends = {f"{name}_{end}": pair[place] for name, pair in pairs.items() for place, end in enumerate(("low", "high"))}
    return in_unit("percent", 1, **ends)


def inflow_finding(study: Study, number: str) -> Finding:
    """Say that who moved into corporation dwellings is not published by buurt (H9)."""
    return Finding(
        id=number, kind="inflow", measure="moves", unit="percent", indicator=CORPORATION, reason="no_moves_by_income",
        focus=study.focus.name, coverage_minimum=study.coverage_minimum,
    )  # fmt: skip
