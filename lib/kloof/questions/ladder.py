"""Says whether the top group rose, the bottom one stood still or fell behind, and the focus list most.

The groups hold as many people each and are made by `starting_place`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import MONEY
from kloof.errors import NotComputableError
from kloof.findings import Finding, Side, in_unit
from kloof.methods import gap, mobility
from kloof.methods.arrays import Array
from kloof.methods.gap import ABSOLUTE
from kloof.methods.mobility import RANKS
from kloof.methods.randomisation import PERCENTILE, error_of_ends
from kloof.methods.regression import Estimate, clustered, one_sided, t_quantile, weighted_mean
from kloof.questions import gap_changes, starting_place
from kloof.questions.gap_changes import follow, scales_of
from kloof.questions.runner import Part, Ways, kind, of_lists, record
from kloof.questions.starting_place import Placed, fields_of, in_first_prices, place, placed_variants, smallest
from kloof.results import Section
from kloof.study import claims
from kloof.study.panel import Focus
from kloof.study.step import step
from kloof.study.study import Study

_DEALT = 20  # times the draws that are asked for: groups dealt anew
NARROW = 20.0  # thousands of euro: a range below it is told in hundreds


def _told(study: Study, fields: dict[str, Any], numbers: Mapping[str, float], smallest_effect: float) -> dict[str, Any]:
    """Give numbers as details of one unit, thousands of euro in hundreds when they are few."""
    unit = str(study.known.units[fields["unit"]]["change"])
    few = unit == "thousand_euro" and max(abs(value) for value in numbers.values()) < NARROW
    decimals = 1 if few else fields["decimals"]
    return in_unit(unit, decimals, **numbers, stagnation=smallest_effect)


def _slack(placed: Placed, measure: str) -> tuple[Array, Array]:
    """Give how much lower and how much higher rounding allows each buurt's change to be; for ranks nothing."""
    panel, moves = placed.track.panel, placed.moves
    change = mobility.change_of(moves, measure)
    if panel is None or measure == RANKS:
        return np.zeros(len(change)), np.zeros(len(change))
    low, high = panel.low[:, [placed.start, -1]], panel.high[:, [placed.start, -1]]
    least = mobility.change_of(replace(moves, before=high[:, 0], after=low[:, 1]), measure)
    most = mobility.change_of(replace(moves, before=low[:, 0], after=high[:, 1]), measure)
    return change - least, most - change


def matthew(study: Study, placed: Placed, measure: str, number: str, groups: int, *, strict: bool = False) -> Finding:
    """Judge whether the top group rose and the bottom one did not (C4).

    The estimate is the lesser of two numbers: the top's change, and what the bottom's stays under the smallest change
    that matters (`strict`: under 0). It is above 0 when the claim holds. Its low end is the lesser of both low ends at
    95 % (intersection-union), its high end the lesser of both high ends at 97.5 % (the claim fails when either part
    does). When both groups' intervals lie within ± the smallest change, nothing moved: only then is that the smallest
    effect of the finding.
    """
    fields = fields_of(study, placed, "matthew", measure)
    least = smallest(study, placed.track.indicator, measure)
    at_most = 0.0 if strict else least
    try:
        found = mobility.quantile_mobility(placed.moves, measure, at_most, groups)
    except NotComputableError as problem:
        return gap_changes.absent(placed.track, number, fields, problem.reason)
    moves = placed.moves
    down, up = _slack(placed, measure)
    at = mobility.quantiles(moves.base, moves.weight, groups)
    bottom, top = (_widened(part, moves.weight, at == group, down, up) for part, group in
                   ((found.bottom, 0), (found.top, groups - 1)))  # fmt: skip
    still = max(abs(end) for pair in (bottom[:2], top[:2]) for end in pair) <= least
    numbers = {"bottom": found.bottom.estimate, "bottom_low": bottom[0], "bottom_high": bottom[1],
               "top": found.top.estimate, "top_low": top[0], "top_high": top[1]}  # fmt: skip
    fewest = min(found.bottom.df, found.top.df)  # either group may decide: the wider t
    alike = max(
        _alike(part, moves.weight, at == group, down, up, least)
        for part, group in ((found.bottom, 0), (found.top, groups - 1))
    )
    details = _told(study, fields, numbers, least) | _based(placed, groups, fewest)
    details |= in_unit("number", bottom_buurten=found.bottom.rows, top_buurten=found.top.rows)
    details |= in_unit("probability", p_value=found.p_value, p_against=found.p_against, p_alike=alike)
    fields["flags"] = (*fields["flags"], *found.flags)
    if top[3] < 0 and not still:  # the claim fails by its first half; otherwise, when it fails, the bottom rose
        fields["measure"] = f"{measure}_top_fell"
    missing = len(placed.track.panel.missing) if placed.track.panel else 0
    a, b = (Side(year, n_units=len(moves.base), n_missing=missing) for year in placed.years)
    return Finding(
        id=number, estimate=min(found.top.estimate, at_most - found.bottom.estimate),
        low=min(top[0], at_most - bottom[1]), high=min(top[3], at_most - bottom[2]), a=a, b=b,
        range_kind=("process",) if measure == RANKS else ("process", "rounding"),
        smallest_effect=least if still else None, details=details, **fields,
    )  # fmt: skip


def _widened(
    found: Estimate, weight: Array, inside: Array, down: Array, up: Array
) -> tuple[float, float, float, float]:
    """Give low and high at 95 %, then at 97.5 %, each with what rounding adds."""
    below, above = (float(np.average(part[inside], weights=weight[inside])) for part in (down, up))
    wide = t_quantile(found.df, 0.975) * found.se
    return found.low - below, found.high + above, found.estimate - wide - below, found.estimate + wide + above


def _alike(found: Estimate, weight: Array, inside: Array, down: Array, up: Array, least: float) -> float:
    """Give the p-value of two one-sided tests that a group stayed within ± the smallest change, rounding undone."""
    below, above = (float(np.average(part[inside], weights=weight[inside])) for part in (down, up))
    high, low = replace(found, estimate=found.estimate + above), replace(found, estimate=found.estimate - below)
    return max(one_sided(high, least)[1], one_sided(low, -least)[0])


def _based(placed: Placed, groups: int, degrees: float) -> dict[str, Any]:
    """Say on which year the groups are based, how many there are, and the degrees of freedom of the t."""
    return in_unit("year", year_base=placed.base_year) | in_unit("number", groups=groups, degrees=degrees)


def top_change(study: Study, placed: Placed, number: str, groups: int) -> Finding:
    """Judge whether the top group rose (H2)."""
    fields = fields_of(study, placed, "top_change", ABSOLUTE)
    fields["smallest_effect"] = study.smallest_effect(placed.track.indicator)
    try:
        moves = placed.moves
        at = mobility.quantiles(moves.base, moves.weight, groups) == groups - 1
        found = weighted_mean(mobility.change_of(moves, ABSOLUTE)[at], moves.weight[at])
    except NotComputableError as problem:
        return gap_changes.absent(placed.track, number, fields, problem.reason)
    slack = _slack(placed, ABSOLUTE)
    low, high, *_ = _widened(found, moves.weight, at, *slack)
    below, above = (float(np.average(part[at], weights=moves.weight[at])) for part in slack)
    a, b = (
        Side(year, "top", float(np.average(value[at], weights=moves.weight[at])), n_units=int(at.sum()))
        for year, value in zip(placed.years, (moves.before, moves.after), strict=True)
    )
    fields["flags"] = (*fields["flags"], *(("small_quantile",) if at.sum() < 5 else ()))
    details = _based(placed, groups, found.df)
    return Finding(id=number, estimate=found.estimate, low=low, high=high, rounding_low=found.estimate - below,
                   rounding_high=found.estimate + above, a=a, b=b, range_kind=("process", "rounding"),
                   details=details, **fields)  # fmt: skip


def behind(study: Study, placed: Placed, measure: str, number: str, groups: int) -> Finding:
    """Judge how far the bottom group fell behind all others (H3): their mean change minus its own."""
    fields = fields_of(study, placed, "behind", measure)
    fields["smallest_effect"] = smallest(study, placed.track.indicator, measure)
    try:
        moves = placed.moves
        at = mobility.quantiles(moves.base, moves.weight, groups) == 0
        change, units = mobility.change_of(moves, measure), np.arange(len(moves.base))
        found = clustered(change, np.column_stack([~at, np.ones(len(at))]).astype(float), moves.weight, units)
    except NotComputableError as problem:
        return gap_changes.absent(placed.track, number, fields, problem.reason)
    down, up = _slack(placed, measure)
    own, rest = (
        [float(np.average(part[side], weights=moves.weight[side])) for part in (down, up)] for side in (at, ~at)
    )
    a, b = (
        Side(year, "bottom", float(np.average(value[at], weights=moves.weight[at])), n_units=len(at))
        for year, value in zip(placed.years, (moves.before, moves.after), strict=True)
    )
    fields["flags"] = (*fields["flags"], *(("small_quantile",) if at.sum() < 5 else ()))
    details = _based(placed, groups, found.df)
    below, above = rest[0] + own[1], rest[1] + own[0]
    return Finding(id=number, estimate=found.estimate, low=found.low - below, high=found.high + above,
                   rounding_low=found.estimate - below, rounding_high=found.estimate + above, a=a, b=b,
                   range_kind=("process", "rounding"), details=details, **fields)  # fmt: skip


def behind_similar(study: Study, name: str, measure: str, number: str, focus: Focus) -> Finding:
    """Judge how far a focus list fell behind the other buurten that started at its level (H3, "the list most").

    Who started alike is read from the first year, the change from the second on: both groups then start without the
    chance that placed them. With two years only the first serves both, and a flag says so.
    """
    track = in_first_prices(study, follow(study, name, focus))
    if track.panel is None:
        base = gap_changes.shared_fields(study, track, "behind_similar", measure, focus)
        return gap_changes.absent(track, number, base, track.reason)
    start = min(1, len(track.years) - 2)
    comparison = gap.two_years(len(track.years), start, -1)
    years = track.years[start], track.years[-1]
    change = gap_changes.Change(number, "behind_similar", measure, comparison, years, "similar")
    found = gap_changes.computed(study, track, change, focus)[0]
    more: tuple[str, ...] = ("constant_prices",) if study.known.indicator(name).unit in MONEY else ()
    more += () if start else ("same_year_base",)
    return replace(found, measure=measure, flags=(*found.flags, *more))


def group_table(study: Study, placed: Placed, measure: str, groups: int) -> pd.DataFrame:
    """Give the picture's table: per group its change with range, and what it would be had chance made the groups.

    `chance_low`-`chance_high` hold 95 % of a group's changes when its members are drawn at random, as many of them;
    `chance_error` is the standard error of these ends, had others been drawn.
    """
    moves = placed.moves
    found = mobility.quantile_mobility(moves, measure, 0.0, groups).table
    at = mobility.quantiles(moves.base, moves.weight, groups)
    draws = _DEALT * study.p.draws
    dealt = study.rng("chance").permuted(np.tile(at, (draws, 1)), axis=1)
    heavy, change = moves.weight, mobility.change_of(moves, measure)
    means = [(dealt == group) @ (heavy * change) / ((dealt == group) @ heavy) for group in range(groups)]
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    errors = [error_of_ends(*ends, draws, PERCENTILE) for ends in zip(low, high, strict=True)]
    made = found.rename(columns={"quantile": "group_number"})
    return made.assign(chance_low=low, chance_high=high, chance_error=errors)


def first_of(found: Sequence[Finding]) -> list[Finding]:
    """Put what could be computed first, each part in its own order."""
    return sorted(found, key=lambda finding: finding.estimate is None)


def place_all(study: Study) -> list[Placed]:
    """Place the buurten of every indicator that C4 names."""
    return [place(study, name) for name in claims.registry().claims["C4"]["indicators"]]


def _groups() -> int:
    """Give the registered number of groups."""
    return int(claims.registry().claims["C4"]["groups"])


def _named(part: Part, way: str) -> str:
    """Name the finding of a variant; the headline keeps the plain name."""
    return part.number if way == f"groups_{_groups()}" else f"{part.number}.{way}"


@kind("matthew")
def top_rose_bottom_not(study: Study, part: Part) -> Ways:
    """Compute whether the top rose while the bottom did not, also for a bottom that may not rise at all."""
    placed = place(study, part.name)
    made = {way: matthew(study, own, part.measure, _named(part, way), groups)
            for way, (own, groups) in placed_variants(placed).items()}  # fmt: skip
    strict = matthew(study, placed, part.measure, f"{part.number}.strict", _groups(), strict=True)
    return {**made, "strict": strict}


@kind("top_change")
def top_rose(study: Study, part: Part) -> Ways:
    """Compute how far the top group rose."""
    return {way: top_change(study, own, _named(part, way), groups)
            for way, (own, groups) in placed_variants(place(study, part.name)).items()}  # fmt: skip


@kind("behind", applies=lambda study, name, measure: measure in scales_of(study, name))
def bottom_behind(study: Study, part: Part) -> Ways:
    """Compute how far the bottom group fell behind all others."""
    return {way: behind(study, own, part.measure, _named(part, way), groups)
            for way, (own, groups) in placed_variants(place(study, part.name)).items()}  # fmt: skip


@of_lists("behind_similar", applies=lambda study, name, measure: measure in scales_of(study, name))
def list_behind(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute how far a list fell behind the buurten that started alike."""
    return behind_similar(study, part.name, part.measure, number, focus)


@step
def top_and_bottom(section: Section, study: Study, started: Sequence[Placed]) -> list[Finding]:
    """Record whether the top rose while the bottom did not (C4), and whether the top rose (H2).

    Each is repeated with other numbers of groups and with every buurt counted alike; C4 also with a bottom that may not
    rise at all.
    """
    for placed in started:
        section.leave_out(placed.track.panel.set_aside if placed.track.panel else ())
    return record(section, study, "C4", "H2")


@step
def fell_behind(section: Section, study: Study, started: Sequence[Placed]) -> list[Finding]:
    """Record whether the bottom group fell behind the others, and the list those that started alike (H3)."""
    del started
    return record(section, study, "H3")


@step
def group_pictures(section: Section, study: Study, started: Sequence[Placed]) -> list[pd.DataFrame]:
    """Record the change of each group with what chance alone would give, for each indicator that could be placed."""
    tables = []
    for placed in started:
        name, number = placed.track.indicator, f"06.{placed.track.indicator}"
        if placed.track.panel is None or section.findings[f"{number}.{ABSOLUTE}"].estimate is None:
            continue
        indicator = study.known.indicator(name)
        unit = study.known.unit_of_change(name)
        for measure, own, decimals in ((ABSOLUTE, unit, indicator.decimals), (RANKS, "rank_points", 1)):
            if section.findings[f"{number}.{measure}"].estimate is None:  # all of a group moved alike: no range
                continue
            table = group_table(study, placed, measure, _groups())
            few = unit == "thousand_euro" and table[["low", "high"]].abs().max().max() < NARROW
            places = 1 if few and measure == ABSOLUTE else decimals
            columns = f"group_number,buurten:number estimate,low,high,chance_low,chance_high:{own}:{places}"
            section.table(f"{number}.groups.{measure}", f"{columns} chance_error=hidden", table)
            tables.append(table)
        section.figure(
            number, "groups", f"{number}.groups.{ABSOLUTE}", f"{number}.{ABSOLUTE}", unit=unit, indicator=name,
            sources=list(placed.track.panel.sources),
        )  # fmt: skip
    return tables


@step
def ranks_kept(section: Section, study: Study, started: Sequence[Placed]) -> list[Finding]:
    """Record how far the ranking of the buurten was shuffled, and from which group to which."""
    found = []
    for placed in started:
        number = f"06.{placed.track.indicator}.mobility"
        finding, table = starting_place.stayed(study, placed, number, _groups())
        found.append(finding)
        if not table.empty:
            to = ",".join(key for key in table.columns if key != "from_group")
            section.table(number, f"from_group:number {to}:percent:0", table)
    section.add(*first_of(found))
    return found


@step
def grown_together(section: Section, study: Study, started: Sequence[Placed]) -> pd.DataFrame:
    """Record whether distances shrank (beta, sigma), and what noise in the first year would have made of it."""
    found, tables = [], []
    for placed in started:
        name = placed.track.indicator
        made, table = starting_place.converged(study, placed, f"06.{name}")
        found += made
        tables += [] if table.empty else [table.assign(indicator=name)]
    section.add(*first_of(found))
    if not tables:
        return pd.DataFrame()
    joined = pd.concat(tables, ignore_index=True).dropna(subset=["estimate"])
    section.table("06.convergence", "indicator method=code estimate,low,high:percent:1", joined)
    return joined
