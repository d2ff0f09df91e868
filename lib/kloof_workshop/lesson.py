"""The tables that the workshop's notebooks start from: small, tidy, and computed from the same panel as the report."""

from functools import cache

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import Finding, happened
from kloof.measures.bounds import dissimilarity_range
from kloof.measures.two_groups import dissimilarity
from kloof.questions import gap_changes, groups
from kloof.questions.all_questions import JudgedClaim, judge_claim
from kloof.questions.gap_changes import Followed
from kloof.questions.groups import GroupCounts
from kloof.results import Section
from kloof.study.panel import Balanced, series
from kloof.study.study import Study, open_study

PRESET = "breda"
INCOME = "mean_income_per_inhabitant"
LOW = "low_income_households"
TEN = 10
LINE = 20  # thousand euro: below it an income is called low in the first exercises
CLAIM = "C1"  # the one whose parts session 5 reads


@cache
def study(language: str = "en") -> Study:
    """Open the study that sessions 1 to 3 are about: the embedded figures, offline."""
    return open_study({"preset": PRESET, "language": language})


@cache
def followed(language: str = "en") -> Followed:
    """Follow incomes over their comparable years."""
    return gap_changes.follow(study(language), INCOME)


def panel(language: str = "en") -> Balanced:
    """Give the buurten that have an income in every comparable year; raises NotComputableError without."""
    found = followed(language).panel
    if found is None:
        raise NotComputableError("no_figures", f"{PRESET}: {INCOME} cannot be followed.")
    return found


def names(of: Study) -> "pd.Series[str]":
    """Give the name of every area by its code."""
    return of.data.areas.set_index("code")["name"]


def places(language: str = "en") -> pd.DataFrame:
    """Lay out mean incomes per inhabitant (thousand euro) of the first and last comparable year: one row per buurt.

    Columns: name, listed (on the list of vulnerable buurten), inhabitants (of the first year: the weights of the
    report), income_<first>, income_<last>.
    """
    kept = panel(language)
    first, last = kept.years[0], kept.years[-1]
    return pd.DataFrame(
        {
            "name": [names(study(language))[code] for code in kept.codes],
            "listed": kept.is_focus,
            "inhabitants": kept.weight,
            f"income_{first}": kept.value[:, 0],
            f"income_{last}": kept.value[:, -1],
        }
    )


def two_lines(language: str = "en") -> pd.DataFrame:
    """Give the weighted mean income (thousand euro) of both groups in each comparable year.

    Columns: year, listed (the mean of the buurten on the list), rest, gap (rest minus listed), relative (the gap in
    percent of the rest).
    """
    table = gap_changes.picture_table(study(language), followed(language))
    table = table[table["year"].isin(followed(language).years)]
    table = table.rename(columns={"focus": "listed"})
    return table[["year", "listed", "rest", "gap", "relative"]].reset_index(drop=True)


def prices(language: str = "en") -> float:
    """Tell how many times as high prices were in the last comparable year as in the first."""
    real = gap_changes.in_constant_prices(study(language), followed(language)).panel
    if real is None:
        raise NotComputableError("no_price_index", f"{PRESET}: there is no price index for {INCOME}.")
    return float((real.value[:, 0] / panel(language).value[:, 0]).mean())


@cache
def change(measure: str) -> Finding:
    """Judge the change of the income gap from the first year to the last on one scale, as the report does."""
    return gap_changes.change_of_gap(study(), followed(), measure, f"04.{INCOME}.{measure}")


def scales(language: str = "en") -> pd.DataFrame:
    """Set the change of the income gap on every scale side by side.

    Columns: scale, was and became (the gap of the first and last year), change, happened (GREW, SHRANK, STAYED,
    WITHIN_ROUNDING).
    """
    found = {measure: change(measure) for measure in gap_changes.scales_of(study(language), INCOME)}
    return pd.DataFrame(
        {
            "scale": list(found),
            "was": [one.a.estimate for one in found.values()],
            "became": [one.b.estimate for one in found.values()],
            "change": [one.estimate for one in found.values()],
            "happened": [happened(one) for one in found.values()],
        }
    )


@cache
def group_counts(language: str = "en") -> tuple[GroupCounts, ...]:
    """Count the households with a low income and the others, in every year that has them."""
    usable = [counts for counts in groups.group_counts(study(language), LOW) if not counts.undefined]
    if not usable:
        raise NotComputableError("no_counts", f"{PRESET}: {LOW} is not measured by buurt.")
    return tuple(usable)


def low(language: str = "en") -> pd.DataFrame:
    """Lay out the households with a low income tidily: one row per buurt and year, also where nothing is known.

    Columns: year, name, wijk, households, share (percent with a low income; empty where there is none), group
    (households with a low income), rest (all other households).
    """
    own = study(language)
    known = own.known.group(LOW)
    years = [counts.year for counts in group_counts(language)]
    parts = [
        series(own.data, own.known, name).set_index(["year", "code"])["value"]
        for name in (known.base, known.share or "")
    ]
    table = pd.concat(parts, axis=1, keys=["households", "share"]).reset_index()
    table = table[table["year"].isin(years)]
    parents = own.data.areas.set_index("code")["parent_code"]
    called = names(own)
    table["name"] = table["code"].map(called)
    table["wijk"] = table["code"].map(parents).map(called)
    table["group"] = table["share"] / 100 * table["households"]
    table["rest"] = table["households"] - table["group"]
    table = table[["year", "name", "wijk", "households", "share", "group", "rest"]]
    return table.sort_values(["year", "name"], ignore_index=True, kind="stable")


def counts(language: str = "en") -> pd.DataFrame:
    """Lay out the households with a low income by buurt in the last year, largest buurt first.

    Columns: name, wijk, group (households with a low income), rest (all other households). Only buurten with both.
    """
    table = low(language)
    table = table[
        (table["year"] == group_counts(language)[-1].year) & table["share"].notna() & (table["households"] > 0)
    ]
    order = np.argsort(-table["households"].to_numpy(), kind="stable")
    return table[["name", "wijk", "group", "rest"]].iloc[order].reset_index(drop=True)


def d_by_year(language: str = "en") -> pd.DataFrame:
    """Give the dissimilarity D of the households with a low income in every year, and what the source leaves open.

    Columns: year, D (of the buurten with figures), low and high (the lowest and highest D that fit the rounding, and
    whatever lives in the buurten without figures).
    """
    rows = []
    for one in group_counts(language):
        ends = dissimilarity_range(one.group_low, one.group_high, one.rest_low, one.rest_high)
        rows.append((one.year, float(dissimilarity(one.group, one.rest)[0]), ends.low, ends.high))
    return pd.DataFrame(rows, columns=["year", "D", "low", "high"])


def long(table: pd.DataFrame, unit: str = "name") -> pd.DataFrame:
    """Turn a table of group and rest into the shape that `kloof.measure` takes: unit, group, count."""
    made = table.melt(id_vars=unit, value_vars=["group", "rest"], var_name="group", value_name="count")
    return made.rename(columns={unit: "unit"})


@cache
def _judged(claim: str) -> JudgedClaim:
    return judge_claim(study(), Section("12_verdicts"), claim)


def parts(claim: str = CLAIM) -> pd.DataFrame:
    """Lay out the parts of a claim as the report judges them: one row per figure and scale.

    Columns: part (figure.scale), verdict, counts (whether it has a say in the verdict on the claim), agree (lists that
    give the same verdict), of (lists that were tried; 0 where nothing could be tested).
    """
    rows = [row.as_json() for _, row in _judged(claim).parts]
    table = pd.DataFrame(rows).rename(columns={"row": "part"})
    return table[["part", "verdict", "counts", "agree", "of"]]


def verdict_on(claim: str = CLAIM) -> str:
    """Give the verdict of the report on a claim."""
    return _judged(claim).verdict
