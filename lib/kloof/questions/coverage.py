"""What is known: which figures exist, how complete, how rounded, how comparable, and whether they add up."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from kloof.catalogue import BROKEN, Catalogue
from kloof.errors import NotComputableError
from kloof.findings import Finding, Side, in_unit
from kloof.results import Section, layout
from kloof.study.dataset import areas_by_year, drawn_in
from kloof.study.panel import divided, jumps, series, sizes
from kloof.study.step import step
from kloof.study.study import Study, comparable_run, usable_years

_ENOUGH = "measured"
_PARTLY = "partly"
MISSING = "missing"


def cells_of(study: Study, name: str) -> pd.DataFrame:
    """Give the status of every buurt in every year of the window for which the source has rows: code, year, status.

    That includes years in which no buurt has a value at all, which a series leaves out.
    """
    table = series(study.data, study.known, name)[["code", "year", "status"]]
    observed = study.data.observations
    rows = _rows_of(observed[observed["code"].isin(study.data.units())], study.known, name)
    empty = rows.loc[~rows["year"].isin(table["year"]), ["code", "year", "status"]]
    both: pd.DataFrame = pd.concat([table, empty], ignore_index=True)
    return both[both["year"].between(study.p.year_from, study.p.year_to)]


def _rows_of(rows: pd.DataFrame, known: Catalogue, name: str) -> pd.DataFrame:
    """Take the rows of one indicator; one that is made of two counts has a row where both have."""
    parts = known.indicator(name).derive
    if not parts:
        return rows[rows["indicator"] == name]
    return divided(*(_rows_of(rows, known, parts[key]) for key in ("numerator", "denominator")))


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
            state = _ENOUGH if share >= study.coverage_minimum else _PARTLY
            if not measured:
                state = ABSENT if here.empty else MISSING
            reasons = here.loc[here["status"] != "measured", "status"].mode()
            reason = None if reasons.empty else str(reasons.iloc[0])
            rows.append((name, year, state, share, measured, reason))
    columns = ["indicator", "year", "state", "share", "buurten", "reason"]
    return pd.DataFrame(rows, columns=columns)


def coverage_finding(study: Study, table: pd.DataFrame, number: str) -> Finding:
    """Give the percentage of indicator × year cells that the followed indicators fill well enough."""
    cells = table[table["indicator"].isin(study.p.indicators)]
    filled = int((cells["state"] == _ENOUGH).sum())
    share = 100 * filled / len(cells)
    years = range(study.p.year_from, study.p.year_to + 1)
    buurten = study.data.count("buurt", years[-1])
    details = in_unit("percent", 0, minimum=study.coverage_minimum) | in_unit(
        "number", filled=filled, cells=len(cells), buurten=buurten, wijken=study.data.count("wijk", years[-1])
    )
    return Finding(
        id=number, kind="coverage", measure="share_of_cells", unit="percent", decimals=0, estimate=share, low=share,
        high=share, a=Side(year=years[0]), b=Side(year=years[-1], n_units=buurten), details=details,
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
        step_there = float((last["high"] - last["low"]).median())
        rows.append((name, year, step_there, spread, study.known.indicator(name).unit))
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


AVAILABILITY = layout("indicator year state=code without:percent:0 measured,areas:number break")


@step
def what_exists(section: Section, study: Study) -> pd.DataFrame:
    """Record which figures exist per indicator and year, and whether that covers the period (K1)."""
    table = coverage_table(study)
    finding = coverage_finding(study, table, "01.coverage")
    section.add(finding)
    columns = "indicator year state=code share:percent:0 buurten:number reason=status"
    section.table("01.coverage", columns, table)
    section.figure("01.coverage", "coverage", "01.coverage", "01.coverage")
    return table


@step
def everything_that_exists(section: Section, study: Study) -> pd.DataFrame:
    """Record the state of every indicator of the data in every year of the window, whether it is followed or not."""
    table = availability(study.data.observations, study.known, study.p.municipality, apportioned=study.data.apportioned)
    table = table[table["year"].between(study.p.year_from, study.p.year_to)]
    filled = table.loc[table["state"] != ABSENT, "indicator"].unique()
    table = table[table["indicator"].isin(filled)]
    if not table.empty:
        section.table("01.availability", AVAILABILITY, table)
        section.figure("01.availability", "availability", "01.availability")
    return table


@step
def what_is_missing(section: Section, study: Study) -> pd.DataFrame:
    """Record how many cells have no value, and why."""
    table = missing_table(study)
    section.table("01.missing", "indicator status cells,buurten:number", table)
    return table


@step
def how_rounded(section: Section, study: Study) -> pd.DataFrame:
    """Record the step of rounding beside the spread between buurten."""
    table = rounding_table(study)
    section.table("01.rounding", "indicator year step,spread:@unit:1 unit", table)
    return table


@step
def how_comparable(section: Section, study: Study) -> pd.DataFrame:
    """Record the comparable run of years per indicator, and the breaks that end it."""
    table = comparability_table(study)
    section.table("01.comparability", "indicator first,last=year years:number break", table)
    return table


@step
def what_jumped(section: Section, study: Study) -> pd.DataFrame:
    """Record the buurten that kept their code while their inhabitants or households jumped in a year of the window."""
    found = jumps(study.data, study.known, (study.p.year_from, study.p.year_to))
    table = found.rename(columns={"code": "area", "before": "number_before", "after": "number_after"})
    table["jump"] = 100 * (table["factor"].astype("float64") - 1)
    if not table.empty:
        section.table("01.jumps", "area year indicator number_before,number_after:number jump:percent:0", table)
    return table


@step
def do_totals_agree(section: Section, study: Study) -> pd.DataFrame:
    """Record what areas add up to beside the municipality's published figure, largest difference first."""
    table = totals_table(study)
    columns = "indicator level=code year published,recomputed:@unit difference:@difference_unit within=code"
    section.table("01.totals", f"{columns} unit,difference_unit=unit", table)
    return table


@step
def do_sources_agree(section: Section, study: Study) -> pd.DataFrame:
    """Record how often two sources of the same figure differ."""
    table = agreement_table(study)
    if not table.empty:
        section.table("01.agreement", "indicator year source,source_other=source pairs,equal,largest:number", table)
    return table


PREFIXES = {"buurt": "BU", "wijk": "WK", "gemeente": "GM"}
PRESENT, SUPPRESSED, ABSENT, APPORTIONED = "present", "suppressed", "absent", "apportioned"
MEASURED = "measured"
NOT_THERE = ("not_published", "not_measured", "not_applicable")
_COLUMNS = ("indicator", "year", "state", "without", "measured", "areas", "break")
FIGURE = ("code", "year", "indicator")


def availability(
    observations: pd.DataFrame,
    known: Catalogue,
    municipality: str,
    level: str = "buurt",
    apportioned: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give the state of every indicator that has a figure, in every year from the first to the last.

    Takes observations with one source per figure, and the apportioned figures (`harmonise`) when there are any.
    Returns indicator, year, state, without (percent of the areas without a value), measured, areas (those of this
    level in that year), break (identifiers of the registered breaks since the previous year
    with figures), in the order of the catalogue. An apportioned state hides a broken one, and that a suppressed one;
    the other columns still say so. An indicator that is made of two counts is there where both are.
    """
    own = observations["code"].str.startswith(f"{PREFIXES[level]}{municipality[2:]}")
    rows = observations[own & observations["indicator"].isin(list(known.indicators))]
    areas = areas_by_year(rows)
    made = [_rows_of(rows, known, name).assign(indicator=name) for name, one in known.indicators.items() if one.derive]
    rows = pd.concat([rows, *made], ignore_index=True)
    measured = rows[rows["status"] == MEASURED]
    withheld = rows[~rows["status"].isin([MEASURED, *NOT_THERE])]
    counts = measured.groupby(["indicator", "year"])["code"].nunique()
    listed = dict(rows.groupby(["indicator", "year"])["code"].unique())
    empty = withheld.groupby(["indicator", "year"])["code"].nunique()
    each = measured.assign(source=measured["source"].str.split("|")).explode("source")
    sources = each.groupby(["indicator", "year"])["source"].agg(frozenset)
    marked = _marked(measured, apportioned)
    named = [name for name in known.indicators if name in set(counts.index.get_level_values("indicator"))]
    years = range(int(rows["year"].min()), int(rows["year"].max()) + 1) if named else range(0)
    least = 1 - float(known.settings["coverage_minimum"]) / 100
    cells = []
    for name in named:
        before: int | None = None
        for year in years:
            drawn = drawn_in(frozenset(listed.get((name, year), ())), areas.get(year, frozenset()))
            there, with_value = len(drawn), int(counts.get((name, year), 0))
            without = 100 * (there - with_value) / there if there else 100.0
            state, crossed = ABSENT, ""
            if with_value:
                state = PRESENT if without <= 100 * least + 1e-9 else SUPPRESSED
                if before is not None:
                    used = sources[name, before] | sources[name, year]
                    verdict = known.indicator(name).compare(before, year, used)
                    if verdict.status == BROKEN:
                        state, crossed = BROKEN, ";".join(f"{name}@{gap.at}" for gap in verdict.crossed)
                if (name, year) in marked:
                    state = APPORTIONED
                before = year
            elif empty.get((name, year), 0):
                state = SUPPRESSED
            cells.append((name, year, state, without, with_value, there, crossed or None))
    return pd.DataFrame(cells, columns=list(_COLUMNS))


def _marked(measured: pd.DataFrame, apportioned: pd.DataFrame | None) -> Collection[tuple[str, int]]:
    """List indicator and year of the cells in which a value is apportioned."""
    if apportioned is None or apportioned.empty:
        return frozenset()
    both = measured[list(FIGURE)].merge(apportioned[list(FIGURE)])
    return frozenset(zip(both["indicator"], both["year"], strict=True))
