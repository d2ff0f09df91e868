"""Does the study reproduce? Published figures beside what the open data give, row by row.

A row is reproduced, differs, is for another year, has no open source, or contradicts the study's own figures: that
last one is found by comparing every published growth with the published levels it should follow from.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kloof.errors import SourceError, faults
from kloof.findings import Finding, Side
from kloof.paths import data_folder
from kloof.results import CHANGE, UNIT, Section, columns_of
from kloof.study import claims
from kloof.study.panel import series, sizes
from kloof.study.step import step
from kloof.study.study import Study
from kloof.words.numbers import rounded

REPRODUCED = "reproduced"
DIFFERS = "differs"
OTHER_YEAR = "other_year"
NO_SOURCE = "no_open_source"
INCONSISTENT = "inconsistent_in_study"
RECIPES = {"none": False, "weighted_mean": True, "published_share": True, "focus_size": False}  # of figures by buurt?
GROWTH = re.compile(r"(?:growth|change) of (?P<measure>.+)")
PERIOD = re.compile(r"(\d{4})-(\d{4})")


@dataclass(frozen=True)
class Recomputed:
    """A recomputed value and where it comes from."""

    value: float
    trace: str
    areas: int
    year: int | None
    source: str | None = None
    indicator: str | None = None
    within: tuple[float, float] | None = None  # what the rounding of printed figures it was made of leaves open


def has_study(study: Study) -> bool:
    """Tell whether there are published figures to replicate."""
    return bool(study.p.published) and study.data.published is not None


def replication_table(study: Study) -> pd.DataFrame:
    """Give one row per published figure.

    Columns: id, period, unit, published, recomputed, difference, published_step, status, trace (and its source,
    indicator and year apart), needs, areas.
    `published_step` is the precision of the printed figure; two figures agree when they are equal at that precision.
    Raises SourceError when the recipes name an unknown row, indicator or recipe.
    """
    published, recipes = study.data.published, _recipes(study)
    assert published is not None
    rows = []
    for row in published.to_dict("records"):
        name, value, period = str(row["id"]), float(row["value"]), str(row["period"])
        recipe = recipes.loc[name].to_dict() if name in recipes.index else None
        implied = implied_growth(published, name)
        made = implied or (None if recipe is None else _recompute(study, published, name, recipe))
        step = printed_step(str(row["printed_as"]), value)
        status = _status(made, value, step, period)
        needs = None if recipe is None or status in (REPRODUCED, INCONSISTENT) else recipe["needs"] or None
        rows.append(
            {
                "id": name,
                "dimension": row["dimension"],
                "period": period,
                "unit": row["unit"],
                "difference_unit": "points" if row["unit"] == "percent" else row["unit"],
                "published": value,
                "recomputed": None if made is None else made.value,
                "difference": None if made is None else made.value - value,
                "published_step": step,
                "status": status,
                "trace": None if made is None else made.trace,
                "trace_source": None if made is None else made.source,
                "trace_indicator": None if made is None else made.indicator,
                "trace_year": None if made is None else made.year,
                "needs": needs,
                "areas": None if made is None else made.areas,
            }
        )
    return pd.DataFrame(rows)


def _status(made: Recomputed | None, value: float, step: float, period: str) -> str:
    """Compare a recomputed figure with the printed one, at the precision at which it was printed."""
    if made is None:
        return NO_SOURCE
    if made.within is not None:
        possible = made.within[0] <= value + step / 2 and value - step / 2 <= made.within[1]
        return REPRODUCED if possible else INCONSISTENT
    if made.year is not None and str(made.year) != period[:4]:
        return OTHER_YEAR
    return REPRODUCED if rounded(made.value / step, 0) == rounded(value / step, 0) else DIFFERS


def implied_growth(published: pd.DataFrame, name: str) -> Recomputed | None:
    """Compute the growth that the study's own levels imply for one published growth row, if it prints both levels.

    Works for any row whose measure reads "growth of M" or "change of M" over a period a-b, in percent, when the same
    table holds M for a and for b at the same place. `within` is the growth between any two levels that would be
    printed so.
    """
    row = published.set_index("id").loc[name]
    measure, period = GROWTH.fullmatch(str(row["measure"])), PERIOD.fullmatch(str(row["period"]))
    if not measure or not period or row["unit"] != "percent":
        return None
    same = published[(published["measure"] == measure["measure"]) & (published["place"] == row["place"])]
    levels = same.set_index("period")
    if not {period[1], period[2]} <= set(levels.index):
        return None
    first, last = (levels.loc[[end]].to_dict("records")[0] for end in (period[1], period[2]))
    start, end = float(first["value"]), float(last["value"])
    half = [printed_step(str(row["printed_as"]), float(row["value"])) / 2 for row in (first, last)]
    within = 100 * ((end - half[1]) / (start + half[0]) - 1), 100 * ((end + half[1]) / (start - half[0]) - 1)
    trace = f"published.csv {first['id']}, {last['id']}"
    return Recomputed(100 * (end / start - 1), trace, 1, None, trace, within=within)


def printed_step(printed: str, value: float) -> float:
    """Give the precision at which a figure was printed: `25.600` in hundreds, `4%` in ones, `8.525` in ones."""
    match = re.search(r"\d[\d.]*(?:,(\d+))?", printed)
    if match and match[1]:
        return float(10 ** -len(match[1]))
    if value >= 10_000 and value % 100 == 0:
        return 100.0
    return 1.0


def _recipes(study: Study) -> pd.DataFrame:
    """Read how each published figure would be recomputed."""
    path = data_folder() / study.data.name / "recipes.csv"
    recipes = pd.read_csv(path, dtype={"year": "Int64"}, keep_default_na=False, na_values={"year": [""]}).set_index(
        "id"
    )
    assert study.data.published is not None
    published = set(study.data.published["id"])
    found = [f"row {name} is not in published.csv" for name in recipes.index if name not in published]
    for name, recipe in recipes.iterrows():
        if recipe["recipe"] not in RECIPES:
            found.append(f"row {name} has recipe {recipe['recipe']!r}; known: {', '.join(RECIPES)}")
        elif RECIPES[recipe["recipe"]]:
            if recipe["indicator"] not in study.known.indicators:
                found.append(f"row {name} needs indicator {recipe['indicator']!r}, which is not in the catalogue")
            if pd.isna(recipe["year"]):
                found.append(f"row {name} needs a year")
    if found:
        raise SourceError(faults(path.name, found, "Correct these rows, and register the file anew."))
    return recipes


def _recompute(study: Study, published: pd.DataFrame, name: str, recipe: Mapping[Any, Any]) -> Recomputed | None:
    """Follow one recipe."""
    kind, indicator = str(recipe["recipe"]), str(recipe["indicator"])
    if kind == "none":
        return None
    if kind == "focus_size":
        if study.focus.name not in study.data.focus_lists:  # a rule takes as many as it is told: that confirms nothing
            return None
        size = len(study.focus.codes)
        trace = f"focus_lists.csv {study.focus.name}"
        return Recomputed(float(size), trace, size, None, trace)
    year = int(str(recipe["year"]))
    table = series(study.data, study.known, indicator)
    here = table[(table["year"] == year) & (table["status"] == "measured")].set_index("code")
    if here.empty:
        return None
    sources = sorted(set(here["source"]))
    files = " ".join(dict.fromkeys(study.data.files.get(source, "") for source in sources))
    trace = f"{files} {' '.join(sources)} {here.index.min()}–{here.index.max()} {year} {indicator}"
    if kind == "weighted_mean":
        people = sizes(study.data, study.known, study.known.indicator(indicator).weighed_by, year)
        here = here[people.value.reindex(here.index).notna()]
        weight = people.value.reindex(here.index)
        counts = series(study.data, study.known, people.name).set_index("year").loc[[people.year]].set_index("code")
        of_sizes = " ".join(sorted(set(counts.loc[here.index, "source"])))
        scale = 1000 if study.known.indicator(indicator).unit == "thousand_euro" else 1
        value = scale * float((here["value"] * weight).sum() / weight.sum())
        trace = f"{trace} × {of_sizes} {people.year} {people.name}"
        return Recomputed(value, trace, len(here), year, "|".join(sources), indicator)
    row = published.set_index("id").loc[name]
    counts = published[(published["dimension"] == row["dimension"]) & (published["unit"] == "households")]
    same_year = counts[counts["period"] == row["period"]]
    if same_year.empty:
        return None
    count = float(same_year["value"].iloc[0])
    share = 100 * count / float(here["value"].sum())
    trace = f"published.csv {same_year['id'].iloc[0]} / {trace}"
    return Recomputed(share, trace, len(here), year, "|".join(sources), indicator)


def replication_findings(study: Study, table: pd.DataFrame, number: str) -> list[Finding]:
    """Count how the published figures fared, and single out each that the study itself contradicts."""
    count = table["status"].value_counts()
    recomputed = int(table["recomputed"].notna().sum())
    agree = int(count.get(REPRODUCED, 0))
    details = {
        "rows": {"value": len(table), "unit": "number"},
        "recomputed": {"value": recomputed, "unit": "number"},
        "reproduced": {"value": agree, "unit": "number"},
        "inconsistent": {"value": int(count.get(INCONSISTENT, 0)), "unit": "number"},
        "other_year": {"value": int(count.get(OTHER_YEAR, 0)), "unit": "number"},
        "no_source": {"value": int(count.get(NO_SOURCE, 0)), "unit": "number"},
    }
    share = 100 * recomputed / len(table)
    shared: dict[str, Any] = {"kind": "replication", "focus": study.focus.name, "flags": ("partial",)}
    counted: dict[str, Any] = {"measure": "rows", "unit": "percent", "decimals": 0, "details": details}
    sides: dict[str, Any] = {"estimate": share, "low": share, "high": share, "b": Side(n_units=len(table))}
    found = [Finding(id=f"{number}.rows", **shared, **counted, **sides)]
    for row in table[table["status"] == INCONSISTENT].to_dict("records"):
        growth = float(row["recomputed"])
        printed = {"printed": {"value": row["published"], "unit": row["unit"], "decimals": 0}}
        told: dict[str, Any] = {"measure": "inconsistent", "unit": row["unit"], "decimals": 1, "details": printed}
        found.append(Finding(id=f"{number}.{row['id']}", estimate=growth, low=growth, high=growth, **shared, **told))
    return found


@step
def replicate(section: Section, study: Study) -> pd.DataFrame:
    """Record the replication table and whether the study can be recomputed (K2); without a study, nothing."""
    if not has_study(study):
        return pd.DataFrame()
    table = replication_table(study)
    findings = replication_findings(study, table, "02.replication")
    section.add(*findings)
    section.decide(claims.threshold_verdict("K2", findings[0]))
    kinds = {
        "id": "published",
        "period": "period",
        "published": "number",
        "recomputed": "number",
        "difference": "number",
    }
    kinds |= {"status": "code", "trace": "trace", "trace_source": "hidden", "trace_indicator": "hidden"}
    kinds |= {
        "trace_year": "hidden",
        "areas": "hidden",
        "published_step": "hidden",
        "unit": "unit",
        "difference_unit": "unit",
    }
    shown = table.assign(trace=table["trace"].fillna(table["needs"]))
    columns = columns_of(kinds, published=UNIT, recomputed=UNIT, difference=CHANGE, areas="number")
    section.table("02.replication", columns, shown)
    return table
