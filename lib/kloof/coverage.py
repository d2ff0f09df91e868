"""What is known: which figures exist, how complete, how rounded, how comparable, and whether they add up."""

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import Finding, Side
from kloof.panel import series, sizes
from kloof.study import Study, comparable_run, usable_years

ENOUGH = "measured"
PARTLY = "partly"
MISSING = "missing"
ABSENT = "absent"


def cells_of(study: Study, name: str) -> pd.DataFrame:
    """Give the status of every buurt in every year of the window for which the source has rows: code, year, status.

    That includes years in which no buurt has a value at all, which a series leaves out. A figure that is made of two
    counts has rows where its numerator has.
    """
    table = series(study.data, study.known, name)[["code", "year", "status"]]
    own = (study.known.indicator(name).derive or {}).get("numerator", name)
    observed = study.data.observations
    empty = (observed["indicator"] == own) & (observed["status"] != "measured") & ~observed["year"].isin(table["year"])
    rows = observed[empty & observed["code"].isin(study.data.units())][["code", "year", "status"]]
    both: pd.DataFrame = pd.concat([table, rows], ignore_index=True)
    return both[both["year"].between(study.p.year_from, study.p.year_to)]


def coverage_table(study: Study) -> pd.DataFrame:
    """Give one row per indicator × year of the window: state, share of the universe measured, buurten, reason.

    States: measured (at least the registered minimum), partly, missing (rows without a value), absent (no rows).
    """
    rows = []
    names = dict.fromkeys((*study.p.indicators, *study.p.levels))
    for name in names:
        table = cells_of(study, name)
        _, covered = usable_years(study, name, study.p.year_from, study.p.year_to)
        for year in range(study.p.year_from, study.p.year_to + 1):
            here = table[table["year"] == year]
            measured = int((here["status"] == "measured").sum())
            share = covered.get(year, 0.0)
            state = ENOUGH if share >= study.coverage_minimum else PARTLY
            if not measured:
                state = ABSENT if here.empty else MISSING
            reasons = here.loc[here["status"] != "measured", "status"].mode()
            reason = None if reasons.empty else str(reasons.iloc[0])
            rows.append((name, year, state, share, measured, len(study.data.units()), reason))
    columns = ["indicator", "year", "state", "share", "buurten", "all_buurten", "reason"]
    return pd.DataFrame(rows, columns=columns)


def coverage_finding(study: Study, table: pd.DataFrame, number: str) -> Finding:
    """Give the percentage of indicator × year cells that the followed indicators fill well enough."""
    cells = table[table["indicator"].isin(study.p.indicators)]
    filled = int((cells["state"] == ENOUGH).sum())
    share = 100 * filled / len(cells)
    years = range(study.p.year_from, study.p.year_to + 1)
    details = {
        "filled": {"value": filled, "unit": "number"},
        "cells": {"value": len(cells), "unit": "number"},
        "minimum": {"value": study.coverage_minimum, "unit": "percent", "decimals": 0},
        "buurten": {"value": len(study.data.units()), "unit": "number"},
        "wijken": {"value": len(study.data.units("wijk")), "unit": "number"},
    }
    return Finding(
        id=number, kind="coverage", measure="share_of_cells", unit="percent", decimals=0, estimate=share, low=share,
        high=share, a=Side(year=years[0]), b=Side(year=years[-1], n_units=len(study.data.units())), details=details,
        focus=study.focus.name, flags=("register",),
    )  # fmt: skip


def missing_table(study: Study) -> pd.DataFrame:
    """Count the cells without a value, per indicator and reason; missing is never zero."""
    rows = []
    for name in dict.fromkeys((*study.p.indicators, *study.p.levels)):
        cells = cells_of(study, name)
        window = cells[cells["status"] != "measured"]
        counts = window.groupby("status", as_index=False).agg(cells=("code", "size"), buurten=("code", "nunique"))
        rows += [(name, row.status, row.cells, row.buurten) for row in counts.itertuples()]
    return pd.DataFrame(rows, columns=["indicator", "status", "cells", "buurten"])


def rounding_table(study: Study) -> pd.DataFrame:
    """Set the rounding step of each indicator beside the spread between buurten, which it might hide."""
    rows = []
    for name in dict.fromkeys((*study.p.indicators, *study.p.levels)):
        table = series(study.data, study.known, name)
        window = table[table["year"].between(study.p.year_from, study.p.year_to) & (table["status"] == "measured")]
        if window.empty:
            continue
        year = int(window["year"].max())
        last = window[window["year"] == year]
        spread = float(np.subtract(*np.percentile(last["value"], [75, 25])))
        rows.append(
            (
                name,
                year,
                float((last["high"] - last["low"]).median()),
                spread,
                study.known.indicator(name).unit,
            )
        )
    return pd.DataFrame(rows, columns=["indicator", "year", "step", "spread", "unit"])


def comparability_table(study: Study) -> pd.DataFrame:
    """List, per followed indicator, the comparable run of years and the breaks that end it."""
    rows = []
    for name in study.p.indicators:
        years, covered = usable_years(study, name, study.p.year_from, study.p.year_to)
        run, met = comparable_run(study, name, years)
        lost = [year for year, share in covered.items() if year not in years]
        broken = ", ".join(f"{before}–{after}" for before, after, _ in met)
        crossed = ";".join(code for _, _, codes in met for code in codes)
        first, last = (run[0], run[-1]) if run else (None, None)
        rows.append((name, first, last, len(run), broken or None, crossed or None, len(lost)))
    return pd.DataFrame(rows, columns=["indicator", "first", "last", "years", "broken", "break", "too_thin"])


def totals_table(study: Study) -> pd.DataFrame:
    """Compare what the buurten and wijken add up to with the published row of the municipality.

    Counts are summed; shares, means and rates are weighed by their universe. `allowed` is what rounding explains: its
    reach for every area and for the municipality itself. Only indicators the report uses. A row beyond it whose
    weights are a substitute, or which lacks an area, says so instead of blaming the figures.
    """
    rows = []
    observed = study.data.observations
    named = {*study.p.indicators, *study.p.levels, "inhabitants", "households", "dwellings"}
    named |= {part for name in study.p.groups for part in vars(study.known.group(name)).values()}
    named |= {
        part
        for name in tuple(named)
        if name in study.known.indicators
        for part in (study.known.indicator(name).derive or {}).values()
    }
    whole = observed[(observed["code"] == study.p.municipality) & (observed["status"] == "measured")]
    for name in whole["indicator"].unique():
        if name not in named:
            continue
        indicator = study.known.indicator(name)
        if indicator.kind == "class" or indicator.derive:
            continue
        for level in ("wijk", "buurt"):
            table = series(study.data, study.known, name, level)
            for year, published in whole.loc[whole["indicator"] == name, ["year", "value"]].itertuples(index=False):
                here = table[table["year"] == year].set_index("code")
                row = _total(study, name, here, int(year), level)
                if row is not None:
                    rows.append((name, level, int(year), float(published), *row))
    table = pd.DataFrame(
        rows,
        columns=["indicator", "level", "year", "published", "recomputed", "allowed", "share", "by", "exact"],
    )
    table["difference"] = table["recomputed"] - table["published"]
    table["unit"] = [study.known.indicator(name).unit for name in table["indicator"]]
    table["difference_unit"] = [study.known.units[unit]["change"] for unit in table["unit"]]
    inside = table["difference"].abs() <= table["allowed"] + 1e-9
    table["within"] = np.select(
        [inside, ~table["exact"].astype(bool)], ["within_rounding", "weights_approximate"], "beyond_rounding"
    )
    order = (table["difference"].abs() / table["allowed"].where(table["allowed"] > 0)).fillna(0)
    return table.iloc[order.argsort()[::-1]].reset_index(drop=True)


def _total(
    study: Study, name: str, here: pd.DataFrame, year: int, level: str
) -> tuple[float, float, float, str, bool] | None:
    """Add one indicator up over the areas of a level.

    Gives the total, what rounding explains, the share of the universe measured (percent), what was added up by, and
    whether that is exact: every area measured, and weighed by its own universe of that very year.
    """
    indicator = study.known.indicator(name)
    measured = here[here["status"] == "measured"]
    if measured.empty:
        return None
    if indicator.kind == "count":
        if len(measured) < len(here):
            return None
        return float(measured["value"].sum()), indicator.reach * (len(measured) + 1), 100.0, "sum", True
    try:
        size = sizes(study.data, study.known, indicator.adds_up_by, year, level)
    except NotComputableError:
        return None
    weight = size.value.reindex(here.index)
    share = size.share(list(measured.index))
    if share < study.coverage_minimum or weight[measured.index].isna().any():
        return None
    exact = size.name == indicator.universe and size.year == year and len(measured) == len(here)
    total = float((measured["value"] * weight[measured.index]).sum() / weight[measured.index].sum())
    return total, 2 * indicator.reach, share, size.name, exact


def agreement_table(study: Study) -> pd.DataFrame:
    """Compare figures that two sources both give: pairs, equal pairs and the largest difference."""
    checks = study.data.checks
    if checks is None or checks.empty:
        return pd.DataFrame(columns=["indicator", "year", "source", "source_other", "pairs", "equal", "largest"])
    own = checks[checks["code"].str[2:6].eq(study.p.municipality[2:6])]
    own = own.assign(gap=(own["value"] - own["value_other"]).abs())
    grouped = own.groupby(["indicator", "year", "source", "source_other"], as_index=False)
    return grouped.agg(
        pairs=("gap", "size"), equal=("gap", lambda gaps: int((gaps == 0).sum())), largest=("gap", "max")
    )
