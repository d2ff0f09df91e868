"""What an undecided verdict would need: how many buurten, or more years, to see the smallest effect that matters.

The standard error is read from the interval that left the verdict undecided, rounding and all. With more buurten of the
same kind it shrinks with the root of their number. With more years shocks add up while noise does not, and an effect
that goes on at the same pace grows (`power`). Seen means in 80 % of cases, at 5 % two-sided.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kloof import claims, equivalence, policy, standing
from kloof.dealing import LEVEL
from kloof.errors import NotComputableError
from kloof.findings import STAYS_AWAY, UNDECIDED, Finding, Side
from kloof.gaps import follow
from kloof.power import POWER, Town, least_count, power_of
from kloof.results import Column, Section
from kloof.study import Study
from kloof.synthesis import Parts, rows_of, unit_of

MOST_BUURTEN = 20_000  # more than the country has
MOST_YEARS = 50
MANY = 500  # degrees of freedom from which a t is a normal distribution
OVER_YEARS = ("gap_change", "gap_change_before", "gap_change_window", "fell_less")  # grow when the change goes on
BOTH, BUURTEN, NOTHING, ENOUGH = "needed", "needed_buurten", "needed_nothing", "needed_enough"


@dataclass(frozen=True)
class Needed:
    """What would show an effect of `smallest` (in the finding's unit): buurten now and needed, years now and more.

    `buurten` is None when the whole country would not be enough, `years` when more years cannot be reckoned with, or
    fifty would not be enough.
    """

    smallest: float
    buurten_now: int
    buurten: int | None
    years_now: int
    years: int | None


def of_finding(finding: Mapping[str, Any], *, stays_away: bool, town: Town | None = None) -> Needed | None:
    """Say what an undecided finding needs; None without an interval, a smallest effect or buurten.

    `stays_away`: the claim is that something stays away, so what must be seen is that an effect of 0 is within the
    smallest one. `town`: the variances per year of the figure behind it; without it years are not reckoned with.
    """
    low, high, estimate, smallest = (finding[name] for name in ("low", "high", "estimate", "smallest_effect"))
    now = finding["b"]["n_units"] or finding["a"]["n_units"]
    if None in (low, high, estimate) or not smallest or now < 4:
        return None
    degrees = float(finding["details"].get("degrees", {}).get("value") or now - 1)
    error = max(high - estimate, estimate - low) / _quantile(degrees)
    if not error > 0:
        return None

    def seen(effect: float, spread: float, free: float) -> bool:
        chance = equivalence.power(spread, free, effect) if stays_away else power_of(effect, spread, free)
        return chance >= POWER

    def with_buurten(count: int) -> bool:
        free = degrees * count / now
        return seen(smallest, error * float(np.sqrt(now / count)), free if free < MANY else np.inf)

    years_now = max((finding["b"]["year"] or 0) - (finding["a"]["year"] or 0), 0)
    years = None
    if town is not None and years_now and not stays_away:
        years = _first(lambda more: seen(*_after(smallest, error, town, (years_now, more)), degrees), MOST_YEARS)
    return Needed(smallest, now, least_count(with_buurten, now, MOST_BUURTEN), years_now, years)


def _after(smallest: float, error: float, town: Town, years: tuple[int, int]) -> tuple[float, float]:
    """Give an effect that goes on at the same pace, and the standard error, some years later."""
    now, more = years
    variances = [town.shock * count + 2 * town.noise for count in (now, now + more)]
    return smallest * (now + more) / now, error * float(np.sqrt(variances[1] / variances[0]))


def _first(holds: Callable[[int], bool], most: int) -> int | None:
    """Give the first number from 1 for which it holds."""
    return next((count for count in range(1, most + 1) if holds(count)), None)


def _quantile(degrees: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + LEVEL) / 2))


def _town(study: Study, finding: Mapping[str, Any]) -> Town | None:
    """Give the variances per year of the figure behind a change of a gap; None when they cannot be told apart."""
    if finding["kind"] not in OVER_YEARS:
        return None
    try:
        made = policy.town(study, follow(study, finding["indicator"]))[0]
    except NotComputableError:
        return None
    return made if made.shock + made.noise > 0 else None


def what_is_needed(section: Section, study: Study, parts: Parts) -> pd.DataFrame:
    """Record beside each undecided verdict what would show the smallest effect that matters.

    A table with a row per undecided part, and one finding for each claim that is undecided as a whole.
    """
    rows, findings = rows_of(parts)
    entries = claims.registry().claims
    undecided = [
        row
        for row in rows
        if row["verdict"] == UNDECIDED
        and row["finding"] in findings
        and entries[row["claim"]]["kind"] not in standing.NO_TEST
    ]
    table, made = [], dict[str, Needed]()
    for row in undecided:
        finding = findings[row["finding"]]
        stays = entries[row["claim"]]["expected"] in STAYS_AWAY
        found = of_finding(finding, stays_away=stays, town=_town(study, finding))
        if found is None:
            continue
        made[f"{row['claim']}/{row['row']}"] = found
        table.append(
            {
                "claim": row["claim"], "part": finding["indicator"] or "all", "measure": finding["measure"],
                "smallest": found.smallest, "buurten_now": found.buurten_now, "buurten_needed": found.buurten,
                "years_now": found.years_now or None, "years_more": found.years, "unit": unit_of(finding),
            }
        )  # fmt: skip
    if table:
        counts = [Column(key, "number", "number", 0) for key in ("buurten_now", "buurten_needed")]
        spans = [Column(key, "number", "number", 0) for key in ("years_now", "years_more")]
        columns = [
            Column("claim", "claim"), Column("part", "part"), Column("measure", "hidden"),
            Column("smallest", "number", "@unit"), *counts, *spans, Column("unit", "unit"),
        ]  # fmt: skip
        section.table("12.needed", columns, pd.DataFrame(table))
    _tell(section, study, (undecided, findings), made)
    return pd.DataFrame(table)


def _tell(
    section: Section, study: Study, known: tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]],
    made: Mapping[str, Needed],
) -> None:  # fmt: skip
    """Record one finding per claim with an undecided part that something is known of."""
    rows, findings = known
    power = {"power": {"value": 100 * POWER, "unit": "percent", "decimals": 0}}
    for claim in dict.fromkeys(row["claim"] for row in rows):
        own = [row for row in rows if row["claim"] == claim and f"{claim}/{row['row']}" in made]
        row = standing.one_number(own, findings, UNDECIDED)
        if row is None:
            continue
        finding, found = findings[row["finding"]], made[f"{claim}/{row['row']}"]
        counts = {"buurten_now": found.buurten_now, "buurten_needed": found.buurten, "years_more": found.years}
        kind = NOTHING if found.buurten is None else BUURTEN if found.years is None else BOTH
        kind = ENOUGH if found.buurten == found.buurten_now else kind
        section.add(
            Finding(
                id=f"12.needed.{claim}", kind=kind, measure=claim, unit=unit_of(finding) or "number",
                indicator=finding["indicator"], estimate=found.smallest, low=found.smallest, high=found.smallest,
                decimals=finding["decimals"], focus=study.focus.name, a=Side(), b=Side(),
                details=power | {key: {"value": n, "unit": "number"} for key, n in counts.items() if n is not None},
            )
        )  # fmt: skip
