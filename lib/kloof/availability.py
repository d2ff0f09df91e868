"""Which figures exist of a municipality: every indicator against every year, with one of five states.

present: enough areas have a value; suppressed: too many have none (how many is said); absent: none has one; broken: the
first year after a registered break; apportioned: some value rests on a part of an area that was split.
"""

from collections.abc import Collection

import pandas as pd

from kloof.catalogue import BROKEN, Catalogue

PREFIXES = {"buurt": "BU", "wijk": "WK", "gemeente": "GM"}
PRESENT, SUPPRESSED, ABSENT, APPORTIONED = "present", "suppressed", "absent", "apportioned"
MEASURED, NOT_PUBLISHED = "measured", "not_published"
COLUMNS = ("indicator", "year", "state", "without", "measured", "areas", "break")
FIGURE = ("code", "year", "indicator")


def availability(
    observations: pd.DataFrame,
    known: Catalogue,
    municipality: str,
    level: str = "buurt",
    apportioned: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give the state of every indicator that has a figure, in every year from the first to the last.

    Takes observations with one source per figure, and the apportioned figures (`kloof.harmonise`) when there are any.
    Returns indicator, year, state, without (percent of the areas without a value), measured, areas (those of this
    level of which there is any row in that year), break (identifiers of the registered breaks since the previous year
    with figures), in the order of the catalogue. An apportioned state hides a broken one, and that a suppressed one;
    the other columns still say so. An indicator that is made of two counts is there where both are.
    """
    own = observations["code"].str.startswith(f"{PREFIXES[level]}{municipality[2:]}")
    rows = observations[own & observations["indicator"].isin(list(known.indicators))]
    areas = rows.groupby("year")["code"].nunique()
    rows = pd.concat([rows, *_derived(rows, known)], ignore_index=True)
    measured = rows[rows["status"] == MEASURED]
    withheld = rows[~rows["status"].isin([MEASURED, NOT_PUBLISHED])]
    counts = measured.groupby(["indicator", "year"])["code"].nunique()
    empty = withheld.groupby(["indicator", "year"])["code"].nunique()
    sources = measured.groupby(["indicator", "year"])["source"].agg(frozenset)
    marked = _marked(measured, apportioned)
    named = [name for name in known.indicators if name in set(counts.index.get_level_values("indicator"))]
    years = range(int(rows["year"].min()), int(rows["year"].max()) + 1) if named else range(0)
    least = 1 - float(known.settings["coverage_minimum"]) / 100
    cells = []
    for name in named:
        before: int | None = None
        for year in years:
            there, with_value = int(areas.get(year, 0)), int(counts.get((name, year), 0))
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
    return pd.DataFrame(cells, columns=list(COLUMNS))


def _derived(rows: pd.DataFrame, known: Catalogue) -> list[pd.DataFrame]:
    """Make the rows of the indicators that are two counts divided, one row for the source of each."""
    made = []
    for name, indicator in known.indicators.items():
        if not indicator.derive:
            continue
        parts = (indicator.derive["numerator"], indicator.derive["denominator"])
        top, bottom = (rows[rows["indicator"] == part] for part in parts)
        both = top.merge(bottom, on=["code", "year"], suffixes=("", "_below"))
        status = both["status"].where(both["status"] != MEASURED, both["status_below"])
        status = status.where((status != MEASURED) | (both["value_below"] > 0), NOT_PUBLISHED)
        rest = both[["code", "year"]].assign(indicator=name, status=status)
        made += [rest.assign(source=both[source]) for source in ("source", "source_below")]
    return made


def _marked(measured: pd.DataFrame, apportioned: pd.DataFrame | None) -> Collection[tuple[str, int]]:
    """List indicator and year of the cells in which a value is apportioned."""
    if apportioned is None or apportioned.empty:
        return frozenset()
    both = measured[list(FIGURE)].merge(apportioned[list(FIGURE)])
    return frozenset(zip(both["indicator"], both["year"], strict=True))
