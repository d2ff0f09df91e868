"""Steps of notebook 07: whether spending on the social domain rose while the physical neighbourhood got less (C5).

Spending comes as observations of municipalities in 1,000 euro, prices as the index of the country. The event is the
year of the decentralisations. Years on the far side of a redefinition of the fields (2017) are left out: the levels on
its two sides cannot be compared.
"""

from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPUTABLE, Finding, Side, in_unit, judge
from kloof.methods.spending import FieldBreak, change_at_event, change_by_class, real_per_inhabitant, squeezed, standing
from kloof.questions.runner import ALL_ALIKE, Part, Ways, kind, record
from kloof.results import Section
from kloof.study import claims
from kloof.study.dataset import PRICES
from kloof.study.load import price_index
from kloof.study.step import step
from kloof.study.study import Study

CLASSES = ((0, "under_50"), (50_000, "to_100"), (100_000, "to_250"), (250_000, "from_250"))  # from so many inhabitants


def _registered(key: str) -> Any:
    return claims.registry().claims["C5"][key]


def needed(study: Study) -> pd.DataFrame:
    """Say of every series that is needed whether it is there in each year: indicator, year, state, share.

    Of the municipality itself, and of the country for prices (`load.price_index`); from two years before the event.
    """
    rows, data = [], study.data.observations
    years = range(int(_registered("event")) - 2, study.p.year_to + 1)
    own = data[(data["code"] == study.p.municipality) & (data["status"] == "measured")]
    for name in (*_registered("needs"), "inhabitants"):
        there = set(price_index(data, years)[0] if name == PRICES else own.loc[own["indicator"] == name, "year"])
        rows += [(name, year, *(("measured", 100.0) if year in there else ("absent", 0.0))) for year in years]
    return pd.DataFrame(rows, columns=["indicator", "year", "state", "share"])


def accounts(study: Study, names: tuple[str, ...]) -> pd.DataFrame:
    """Give real spending by municipality, year and field, euros per inhabitant: see `spending.real_per_inhabitant`.

    Of all municipalities in the data, up to the first redefinition of a field after the event, in prices of the last
    year. Raises NotComputableError: no_accounts, no_prices, too_few_years (no year on both sides of the event).
    """
    event = int(_registered("event"))
    data = study.data.observations
    data = data[(data["status"] == "measured") & data["code"].str.startswith("GM")]
    people = data[data["indicator"] == "inhabitants"].set_index(["code", "year"])["value"].rename("inhabitants")
    rows = data[data["indicator"].isin(names)]
    if lacking := sorted(set(names) - set(rows["indicator"])):
        raise NotComputableError("no_accounts", f"There are no accounts of {', '.join(lacking)}.")
    later = [gap.at for name in names for gap in study.known.indicator(name).breaks if gap.at > event]
    rows = rows[rows["year"] < min(later, default=9999)].join(people, on=["code", "year"], how="inner")
    years = sorted(int(year) for year in rows["year"].unique())
    if not years or not years[0] < event <= years[-1]:
        raise NotComputableError("too_few_years", f"The accounts have {years or 'no year'}, the event is {event}.")
    index, _ = price_index(study.data.observations, years)
    if not set(years) <= set(index):
        raise NotComputableError("no_prices", f"No price index of {sorted(set(years) - set(index))}.")
    table = rows.assign(field=rows["indicator"], euro=1000 * rows["value"])
    return real_per_inhabitant(table[["code", "year", "field", "euro", "inhabitants"]], index, years[-1])


def _breaks(study: Study, name: str) -> list[FieldBreak]:
    return [FieldBreak(gap.at, frozenset({name})) for gap in study.known.indicator(name).breaks]


def squeeze_finding(study: Study, rises: str, falls: str, number: str) -> Finding:
    """Judge jointly whether the first field rose and the second fell at the event, over the municipalities in the data.

    `estimate` is the smaller of the rise and the fall, euros per inhabitant: above 0 both happened. The range runs from
    the smaller of the two lower ends to the smaller of the two upper ends (intersection-union test, Berger 1982).
    """
    base: dict[str, Any] = {
        "kind": "squeeze", "measure": "spending", "indicator": falls, "unit": "euro", "decimals": 0,
        "flags": ("as_sent_in", "one_event"),
    }  # fmt: skip
    event = int(_registered("event"))
    try:
        real = accounts(study, (rises, falls))
        first, second = (change_at_event(real, name, event, _breaks(study, name)) for name in (rises, falls))
        found = squeezed(first, second)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **base)
    up, down = found.risen, found.fallen
    years = sorted(int(year) for year in real["year"].unique())
    rows = study.data.observations
    used = rows.loc[rows["indicator"].isin((rises, falls)) & (rows["status"] == "measured"), "source"]
    n = up.clusters
    details = in_unit(
        "euro", 0, risen=up.estimate, risen_low=up.low, risen_high=up.high,
        fallen=down.estimate, fallen_low=down.low, fallen_high=down.high,
    )  # fmt: skip
    details |= in_unit("number", municipalities=n, degrees=min(up.df, down.df))
    a, b = (Side(year, "all", n_units=n, n_missing=found.left_out) for year in (years[0], years[-1]))
    return Finding(
        id=number, estimate=min(up.estimate, -down.estimate), low=min(up.low, -down.high),
        high=min(up.high, -down.low), a=a, b=b, range_kind=("process",),
        sources=tuple(sorted({*used, *price_index(rows, years)[1]})),
        details=details | in_unit("year", event=event, price_year=years[-1]), **base,
    )  # fmt: skip


def standing_finding(study: Study, name: str, number: str) -> Finding:
    """Say what part of the other municipalities had a lower change of a field than this one."""
    base: dict[str, Any] = {
        "kind": "standing", "measure": "spending", "indicator": name, "unit": "percent", "decimals": 0,
        "flags": ("as_sent_in",),
    }  # fmt: skip
    event = int(_registered("event"))
    try:
        changes = change_at_event(accounts(study, (name,)), name, event, _breaks(study, name))
        part, others = standing(changes, study.p.municipality)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **base)
    own = float(changes.loc[changes["code"] == study.p.municipality, "change"].iloc[0])
    details = in_unit("euro", 0, own=own) | in_unit("number", others=others) | in_unit("year", event=event)
    return Finding(id=number, estimate=100 * part, details=details, **base)


def field_table(study: Study, names: tuple[str, ...]) -> pd.DataFrame:
    """Give the mean over municipalities of each field before and from the event, and by size class.

    Columns: indicator, size_class (`all` or a class), municipalities, mean_before, mean_after, mean_change, low, high.
    Classes with fewer than three municipalities leave the split by class out.
    """
    event, rows = int(_registered("event")), list[tuple[Any, ...]]()
    for name in names:
        try:
            changes = change_at_event(accounts(study, (name,)), name, event, _breaks(study, name))
        except NotComputableError:
            continue
        means = {key: float(changes[key].mean()) for key in ("before", "after", "change")}
        rows.append((name, "all", len(changes), means["before"], means["after"], means["change"], np.nan, np.nan))
        sizes = {code: _class(people) for code, people in zip(changes["code"], changes["inhabitants"], strict=True)}
        try:
            levels = change_by_class(changes, sizes, min(sizes.values(), key=[one for _, one in CLASSES].index)).levels
        except NotComputableError:
            continue
        by_class = changes.assign(size_class=changes["code"].map(sizes)).groupby("size_class")
        means_of = by_class[["before", "after"]].mean().to_dict("index")
        for row in levels.to_dict("records"):
            size = str(row["size_class"])
            ends = (row["estimate"], row["low"], row["high"])
            rows.append((name, size, row["municipalities"], means_of[size]["before"], means_of[size]["after"], *ends))
    columns = ["indicator", "size_class", "municipalities", "mean_before", "mean_after", "mean_change", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _class(people: float) -> str:
    """Name the size class of a municipality."""
    return next(name for least, name in reversed(CLASSES) if people >= least)


@step
def what_is_there(section: Section, study: Study) -> pd.DataFrame:
    """Record which of the series that are needed exist in which year, with the picture of it (after `crowding_out`)."""
    table = needed(study)
    section.table("07.needed", "indicator year state=code share:percent:0", table)
    section.figure("07.needed", "coverage", "07.needed", section.headline)
    return table


@kind("squeeze")
def crowded_out(study: Study, part: Part) -> Ways:
    """Compute how much more the social domain rose than one physical field."""
    return {ALL_ALIKE: squeeze_finding(study, str(part.entry["rises"]), part.name, part.number)}


@step
def crowding_out(section: Section, study: Study) -> list[Finding]:
    """Record whether the social domain rose while each physical field fell (C5), and where this municipality stands."""
    rises, falls = str(_registered("rises")), [str(name) for name in _registered("falls")]
    found = record(section, study, "C5")
    places = [standing_finding(study, name, f"07.standing.{name}") for name in (rises, *falls)]
    section.add(*[place for place in places if judge(place) != NOT_COMPUTABLE])
    table = field_table(study, (rises, *falls))
    if not table.empty:
        columns = "indicator size_class=code municipalities:number mean_before,mean_after,mean_change,low,high:euro:0"
        section.table("07.fields", columns, table)
    return found
