"""Does the study reproduce? Published figures beside what the open data give, row by row.

A row is reproduced only when an open figure that is not the study's own says the same: same thing, same year, same
definition, equal as printed. Everything less has a status of its own. That the study contradicts itself is found by
comparing every published growth with the published levels it should follow from.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kloof.errors import SourceError, faults
from kloof.findings import Finding, Side, in_unit
from kloof.paths import data_folder
from kloof.results import Section
from kloof.study.panel import series
from kloof.study.step import step
from kloof.study.study import Study
from kloof.words.numbers import rounded

REPRODUCED = "reproduced"
DIFFERS = "differs"
OTHER_YEAR = "other_year"  # of another year, or of one that its source does not state
OTHER_DEFINITION = "other_definition"
OWN_SUM = "repeats_own_sum"
NO_SOURCE = "no_open_source"
INCONSISTENT = "inconsistent_in_study"
STATUSES = (REPRODUCED, DIFFERS, OTHER_YEAR, OTHER_DEFINITION, OWN_SUM, NO_SOURCE, INCONSISTENT)
COMPARED = (REPRODUCED, DIFFERS)
RECIPES = {  # what a recipe must name
    "none": (),
    "municipal": ("indicator", "edition", "definition"),
    "published_share": ("indicator",),
    "published_change": ("indicator",),
    "focus_size": (),
}
DEFINITIONS = ("same", "other")
GROWTH = re.compile(r"(?:growth|change) of (?P<measure>.+)")
PERIOD = re.compile(r"(\d{4})-(\d{4})")


@dataclass(frozen=True)
class Recomputed:
    """A recomputed value and where it comes from.

    `unit` is that of the value (None: as printed). `edition` is the year in the name of the source, `about` the year
    its figure is about (None: it does not say).
    `same_definition` tells whether it counts what the study counts, `own_sum` whether it was made of figures the study
    prints itself, `within` what the rounding of those leaves open. `equal_editions` of `editions` give the very figure
    that the study prints: where no source says which year an edition is about, that is all there is to compare.
    """

    value: float
    trace: str
    unit: str | None = None
    edition: int | None = None
    about: int | None = None
    same_definition: bool = True
    own_sum: bool = False
    source: str | None = None
    indicator: str | None = None
    within: tuple[float, float] | None = None
    editions: int = 0
    equal_editions: int = 0


def has_study(study: Study) -> bool:
    """Tell whether there are published figures to replicate."""
    return bool(study.p.published) and study.data.published is not None


def replication_table(study: Study) -> pd.DataFrame:
    """Give one row per published figure.

    Columns: id, period, unit, published, recomputed and its unit, difference (missing when the units differ),
    published_step, status, about (the year the open figure is about, missing when its source does not say), trace (and
    its source, indicator and edition apart), needs, editions and equal_editions. `published_step` is the precision of
    the printed figure; two figures agree when they are equal at that precision. Raises SourceError when the recipes
    name an unknown row, indicator or recipe.
    """
    published, recipes = study.data.published, _recipes(study)
    assert published is not None
    rows = []
    for row in published.to_dict("records"):
        name, value = str(row["id"]), float(row["value"])
        recipe = recipes.loc[name].to_dict() if name in recipes.index else None
        made = implied_growth(published, name) or (None if recipe is None else _recompute(study, row, recipe))
        step = printed_step(str(row["printed_as"]), value)
        status = status_of(made, value, step, str(row["period"]))
        needs = None if recipe is None or status in (REPRODUCED, INCONSISTENT) else recipe["needs"] or None
        unit = row["unit"] if made is None or made.unit is None else made.unit
        said = defaultdict[str, Any](lambda: None, vars(made) if made else {"editions": 0, "equal_editions": 0})
        rows.append({
            "id": name, "dimension": row["dimension"], "period": str(row["period"]), "unit": row["unit"],
            "recomputed_unit": unit, "difference_unit": "points" if row["unit"] == "percent" else row["unit"],
            "published": value, "recomputed": said["value"], "published_step": step, "status": status, "needs": needs,
            "difference": None if made is None or unit != row["unit"] else made.value - value,
            "about": said["about"], "trace": said["trace"], "trace_source": said["source"],
            "trace_indicator": said["indicator"], "trace_year": said["edition"],
            "editions": said["editions"], "equal_editions": said["equal_editions"],
        })  # fmt: skip
    return pd.DataFrame(rows).astype({"about": "Int64", "trace_year": "Int64"})


def status_of(made: Recomputed | None, value: float, step: float, period: str) -> str:
    """Compare a recomputed figure with the printed one, at the precision at which it was printed.

    Nothing counts as reproduced that could not have come out otherwise: a sum of the study's own figures repeats it,
    and an edition that says nothing of its year cannot have that year found by the figure it should confirm.
    """
    if made is None:
        return NO_SOURCE
    if made.within is not None:
        possible = made.within[0] <= value + step / 2 and value - step / 2 <= made.within[1]
        return OWN_SUM if possible else INCONSISTENT
    if made.own_sum:
        return OWN_SUM
    if not made.same_definition:
        return OTHER_DEFINITION
    if PERIOD.fullmatch(period) or str(made.about) != period[:4]:
        return OTHER_YEAR
    return REPRODUCED if _equal(made.value, value, step) else DIFFERS


def _equal(value: float, printed: float, step: float) -> bool:
    return rounded(value / step, 0) == rounded(printed / step, 0)


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
    return Recomputed(100 * (end / start - 1), trace, own_sum=True, source=trace, within=within)


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
    years = ["edition", "about"]
    recipes = pd.read_csv(
        path, dtype=dict.fromkeys(years, "Int64"), keep_default_na=False, na_values={key: [""] for key in years}
    ).set_index("id")
    assert study.data.published is not None
    published = set(study.data.published["id"])
    found = [f"row {name} is not in published.csv" for name in recipes.index if name not in published]
    for name, recipe in recipes.iterrows():
        if recipe["recipe"] not in RECIPES:
            found.append(f"row {name} has recipe {recipe['recipe']!r}; known: {', '.join(RECIPES)}")
            continue
        needed = RECIPES[recipe["recipe"]]
        if "indicator" in needed and recipe["indicator"] not in study.known.indicators:
            found.append(f"row {name} needs indicator {recipe['indicator']!r}, which is not in the catalogue")
        if "edition" in needed and pd.isna(recipe["edition"]):
            found.append(f"row {name} needs an edition")
        if "definition" in needed and recipe["definition"] not in DEFINITIONS:
            found.append(f"row {name} needs a definition: {' or '.join(DEFINITIONS)}")
    if found:
        raise SourceError(faults(path.name, found, "Correct these rows, and register the file anew."))
    return recipes


def _recompute(study: Study, row: Mapping[Any, Any], recipe: Mapping[Any, Any]) -> Recomputed | None:
    """Follow the recipe of one published figure."""
    kind, indicator = str(recipe["recipe"]), str(recipe["indicator"])
    if kind == "focus_size":
        return _size_of_list(study)
    if kind == "published_share":
        return _own_share(study, row, indicator, str(row["period"]))
    if kind == "published_change":
        return _own_change(study, row, indicator)
    return _municipal(study, row, recipe) if kind == "municipal" else None


def _size_of_list(study: Study) -> Recomputed | None:
    """Count a registered list; whoever made it, it is not the list that the study counts.

    A rule takes as many as it is told, which confirms nothing.
    """
    if study.focus.name not in study.data.focus_lists:
        return None
    trace = f"focus_lists.csv {study.focus.name}"
    return Recomputed(float(len(study.focus.codes)), trace, same_definition=False, source=trace)


def _of_municipality(study: Study, indicator: str) -> dict[int, dict[str, Any]]:
    """Give the municipality's own figure in every edition that has one: year → code, year, value, source."""
    table = series(study.data, study.known, indicator, "gemeente", study.p.municipality)
    own = table[(table["code"] == study.p.municipality) & (table["status"] == "measured")]
    return {int(row["year"]): {str(key): value for key, value in row.items()} for row in own.to_dict("records")}


def _trace(study: Study, here: Mapping[str, Any], indicator: str) -> str:
    return f"{study.data.files.get(here['source'], '')} {here['source']} {here['code']} {here['year']} {indicator}"


def _municipal(study: Study, row: Mapping[Any, Any], recipe: Mapping[Any, Any]) -> Recomputed | None:
    """Take the municipality's own figure from one edition, and count the editions that give the printed one."""
    indicator, edition = str(recipe["indicator"]), int(recipe["edition"])
    table, unit = _of_municipality(study, indicator), study.known.indicator(indicator).unit
    if edition not in table:
        return None
    scale, unit = (1000.0, "euro") if (unit, row["unit"]) == ("thousand_euro", "euro") else (1.0, unit)
    printed = float(row["value"])
    step = printed_step(str(row["printed_as"]), printed)
    here = table[edition]
    return Recomputed(
        scale * here["value"],
        _trace(study, here, indicator),
        unit,
        edition,
        None if pd.isna(recipe["about"]) else int(recipe["about"]),
        recipe["definition"] == "same",
        source=str(here["source"]),
        indicator=indicator,
        editions=len(table),
        equal_editions=sum(_equal(scale * other["value"], printed, step) for other in table.values()),
    )


def _own_share(study: Study, row: Mapping[Any, Any], indicator: str, period: str) -> Recomputed | None:
    """Divide a count that the study prints for a year by the municipality's own total of that year, in percent."""
    published = study.data.published
    assert published is not None
    same = (published["dimension"] == row["dimension"]) & (published["unit"] == study.known.indicator(indicator).unit)
    counts = published[same & (published["period"] == period)]
    table = _of_municipality(study, indicator)
    if counts.empty or int(period) not in table:
        return None
    here, year = table[int(period)], int(period)
    share = 100 * float(counts["value"].iloc[0]) / here["value"]
    trace = f"published.csv {counts['id'].iloc[0]} / {_trace(study, here, indicator)}"
    return Recomputed(
        share, trace, "percent", year, year, own_sum=True, source=str(here["source"]), indicator=indicator
    )


def _own_change(study: Study, row: Mapping[Any, Any], indicator: str) -> Recomputed | None:
    """Give the change of such a share over the printed period, in points."""
    period = PERIOD.fullmatch(str(row["period"]))
    ends = [_own_share(study, row, indicator, year) for year in period.groups()] if period else []
    if not ends or ends[0] is None or ends[1] is None:
        return None
    first, last = ends[0], ends[1]
    source = "|".join(dict.fromkeys((str(first.source), str(last.source))))
    trace, change = f"{last.trace} − {first.trace}", last.value - first.value
    return Recomputed(
        change, trace, "points", last.edition, last.about, own_sum=True, source=source, indicator=indicator
    )


def replication_findings(study: Study, table: pd.DataFrame, number: str) -> list[Finding]:
    """Count how the published figures fared, and single out each that stands by itself.

    The share is that of the figures which an open figure of the same year and definition stands beside, in percent of
    all printed figures. Singled out are those that the study contradicts, and those of which no source says what year
    the edition is about.
    """
    count = table["status"].value_counts()
    compared = int(table["status"].isin(COMPARED).sum())
    counted = {status: int(count.get(status, 0)) for status in STATUSES} | {"rows": len(table), "compared": compared}
    share = 100 * compared / len(table)
    shared: dict[str, Any] = {"kind": "replication", "focus": study.focus.name, "flags": ("partial",)}
    details = in_unit("number", **counted)
    told: dict[str, Any] = {"measure": "rows", "unit": "percent", "decimals": 0, "details": details}
    sides: dict[str, Any] = {"estimate": share, "low": share, "high": share, "b": Side(n_units=len(table))}
    found = [Finding(id=f"{number}.rows", **shared, **told, **sides)]
    for row in table.to_dict("records"):
        value = {"estimate": row["recomputed"], "low": row["recomputed"], "high": row["recomputed"]}
        printed = in_unit(row["unit"], 0, printed=row["published"])
        if row["status"] == INCONSISTENT:
            told = {"measure": "inconsistent", "unit": row["unit"], "decimals": 1, "details": printed}
            found.append(Finding(id=f"{number}.{row['id']}", **shared, **told, **value))
        elif row["status"] == OTHER_YEAR and pd.isna(row["about"]):
            editions = in_unit("number", editions=row["editions"], equal_editions=row["equal_editions"])
            edition = in_unit("year", edition=int(row["trace_year"]))
            told = {"measure": "year_unknown", "unit": row["unit"], "indicator": row["trace_indicator"]}
            told |= {"decimals": 0, "details": printed | editions | edition, "b": Side(int(row["period"][:4]))}
            found.append(Finding(id=f"{number}.{row['id']}", **shared, **told, **value))
    return found


@step
def replicate(section: Section, study: Study) -> pd.DataFrame:
    """Record the replication table and whether the study can be recomputed (K2); without a study, nothing."""
    if not has_study(study):
        return pd.DataFrame()
    table = replication_table(study)
    findings = replication_findings(study, table, "02.replication")
    section.add(*findings)
    shown = table.assign(trace=table["trace"].fillna(table["needs"]))
    columns = "id=published period published:@unit recomputed:@recomputed_unit difference:@difference_unit "
    columns += "status=code about=year trace trace_source,trace_indicator,trace_year,published_step=hidden "
    section.table("02.replication", f"{columns} unit,recomputed_unit,difference_unit=unit", shown)
    return table
