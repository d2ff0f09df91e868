"""Notebook 09: liveability in the list, what follows a change of it, and whether residents moved along."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kloof.catalogue import Indicator
from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPUTABLE, Finding, Side, in_unit, judge, verdict_of, with_range
from kloof.methods import gap
from kloof.methods.arrays import Array
from kloof.methods.gap import ABSOLUTE
from kloof.methods.lagged import UNIT_AND_YEAR, YEAR, Direction, Lagged, Wave, Waves, lagged_changes, match_years
from kloof.methods.ordinal import Classes, ordinal_trend
from kloof.methods.regression import from_t, t_quantile
from kloof.questions import gap_changes
from kloof.questions.runner import Part, Ways, kind, of_lists, record
from kloof.results import Section
from kloof.study import claims
from kloof.study.geographies import FLAGS, LEVELS, Laid, change_in_group, finest, group_means, rounding_in_group
from kloof.study.panel import Focus, series, sizes
from kloof.study.step import step
from kloof.study.study import Study, comparable_run, usable_years


def low_status() -> Mapping[str, Any]:
    """Give the registered rule by which postcode areas stand for the list."""
    rule: Mapping[str, Any] = claims.registry().claims["C7"]["low_status"]
    return rule


def window(study: Study) -> tuple[int, int]:
    """Give the years that count: liveability is measured every other year, so from the first year of the trend."""
    return study.p.trend_from, study.p.year_to


def _base(study: Study, indicator: Indicator, kind: str, measure: str, focus: Focus) -> dict[str, Any]:
    unit = "classes" if indicator.kind == "class" else study.known.unit_of_change(indicator.id)
    return {
        "kind": kind, "measure": measure, "indicator": indicator.id, "unit": unit, "decimals": indicator.decimals,
        "focus": focus.name, "smallest_effect": study.smallest_effect(indicator.id),
    }  # fmt: skip


def modelled(study: Study, name: str) -> str:
    """Give the flag of a figure that is a model estimate: health and liveability have each their own."""
    return "modelled" if study.known.indicator(name).dimension == "health" else "modelled_liveability"


def _of(laid: Laid, study: Study) -> dict[str, Any]:
    """Give the fields of a finding that say which areas it is about."""
    estimated = study.known.indicator(laid.indicator).modelled
    return {
        "coverage": laid.coverage, "coverage_minimum": study.coverage_minimum, "sources": laid.sources,
        "flags": (modelled(study, laid.indicator) if estimated else "register", *laid.flags),
    }  # fmt: skip


def _ends(laid: Laid, group: str, units: int) -> tuple[Side, Side]:
    first, last = laid.years[0], laid.years[-1]
    return Side(first, group, n_units=units, n_missing=laid.missing), Side(last, group, n_units=units)


def class_trend(study: Study, name: str, number: str, focus: Focus, kind: str = "class_trend") -> Finding:
    """Judge the trend of the class in the list over the whole window, in classes; above 0 is better.

    Ordinal model (`ordinal_trend`), its average marginal effect on the class times the years. The list has few areas:
    its variance gets the factor m / (m - 1) and the t distribution m - 1 degrees of freedom, m the areas of the list.
    """
    base = _base(study, study.known.indicator(name), kind, "class", focus)
    try:
        laid = finest(study, name, window(study), focus, low_status())
        areas, years = laid.value.shape
        rows = Classes(
            classes=laid.value.ravel().astype(np.int64),
            years=np.tile(np.array(laid.years, dtype=np.int64), areas),
            areas=np.repeat(np.array(laid.codes), years),
            is_focus=np.repeat(laid.is_focus, years),
            versions=np.full(areas * years, "one"),
        )
        trend = ordinal_trend(rows)
        own = trend.effects[(trend.effects["group"] == "focus") & (trend.effects["class"] == 0)].iloc[0]
        span, listed = laid.years[-1] - laid.years[0], int(laid.is_focus.sum())
        margin = float(own["high"] - own["low"]) / 2 / t_quantile(areas - 1)
        error = span * margin * np.sqrt(listed / (listed - 1))
        found = from_t(span * float(own["estimate"]), float(error), listed - 1, len(rows.classes), listed)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **base)
    moved = laid.value[laid.is_focus, -1] - laid.value[laid.is_focus, 0]
    counts = {"up": moved > 0, "down": moved < 0, "still": moved == 0, "listed": np.isfinite(moved)}
    details = in_unit("number", **{key: int(which.sum()) for key, which in counts.items()}, degrees=listed - 1)
    a, b = _ends(laid, "focus", listed)
    return Finding(
        id=number, **with_range(found), a=a, b=b, range_kind=("process",), details=details, **base,
        **_of(laid, study) | {"flags": (*_of(laid, study)["flags"], *trend.flags)},
    )  # fmt: skip


def score_gap(study: Study, name: str, number: str, focus: Focus) -> Finding:
    """Judge how the list moved against the rest from first to last year: above 0 it came nearer, or got further ahead.

    The interval is that of any change of a gap (`gap.change_of_gap`).
    """
    indicator = study.known.indicator(name)
    base = _base(study, indicator, "score_gap", "score", focus)
    try:
        laid = finest(study, name, window(study), focus, low_status())
        times = np.array(laid.years, dtype=np.float64)
        paths = gap.Paths(laid.value, laid.low, laid.high, times, laid.weight, laid.is_focus)
        states = gap.states_of(paths, gap.two_years(len(times), 0, -1))
        interval = gap_changes.interval_of(study, states, ABSOLUTE)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **base)
    better = indicator.better
    levels = [gap.gap(state, laid.weight, laid.is_focus, ABSOLUTE) for state in (states.before, states.after)]
    low, high = sorted((better * interval.low, better * interval.high))
    details = in_unit(base["unit"], apart_a=better * levels[0], apart_b=better * levels[1])
    details |= gap_changes.chance_details(states, interval, base["unit"])
    a, b = _ends(laid, "gap", len(laid.codes))
    return Finding(
        id=number, estimate=better * interval.estimate, low=low, high=high, a=a, b=b,
        range_kind=("process", "rounding"), details=details, **base, **_of(laid, study),
    )  # fmt: skip


def improved(study: Study, name: str, number: str, focus: Focus, years: tuple[int, int] | None = None) -> Finding:
    """Judge whether the list became better by a figure, from first to last comparable year; above 0 is better.

    `years` limits the years that are compared.
    """
    indicator = study.known.indicator(name)
    if indicator.kind == "class":
        return class_trend(study, name, number, focus, "improved")
    base = _base(study, indicator, "improved", "mean", focus)
    try:
        laid = finest(study, name, years or window(study), focus, low_status())
        found, low, high = change_in_group(laid, laid.is_focus, indicator.better)
        exact = rounding_in_group(laid, laid.is_focus, indicator.better)
    except NotComputableError as problem:
        return Finding(id=number, reason=problem.reason, **base)
    a, b = _ends(laid, "focus", int(laid.is_focus.sum()))
    means = laid.weight[laid.is_focus] @ laid.value[laid.is_focus] / laid.weight[laid.is_focus].sum()
    details = in_unit(indicator.unit, was=float(means[0]), became=float(means[-1]))
    details |= in_unit("number", degrees=found.df)
    return Finding(
        id=number, estimate=found.estimate, low=low, high=high, rounding_low=exact[0], rounding_high=exact[1], a=a, b=b,
        range_kind=("process", "rounding"), details=details, **base, **_of(laid, study),
    )  # fmt: skip


# ------------------------------------------------------------------ what follows


RESIDENTS = {  # what the finding says of the part of a score that is made of residents
    "livability_residents_relative": "without_residents",
    "livability_social_cohesion_relative": "without_cohesion",
    None: "with_residents",
}


@dataclass(frozen=True)
class FollowedPair:
    """One pair set beside each other at one level, with the effects taken out.

    `waves` are the years that were joined; `spreads` the standard deviations of the later changes of the position and
    of the surroundings, between areas in the same years. `taken_off` is the part made of residents that was taken off.
    """

    position: str
    level: str
    waves: tuple[Wave, ...]
    weight_year: int
    lagged: Lagged
    spreads: tuple[float, float]
    sources: tuple[str, ...]
    taken_off: str | None

    def years(self, cause: int) -> tuple[int, int]:
        """Give the first year of the earlier change (of series `cause` of a wave) and the last of the later one."""
        causes, outcomes = ([wave[at] for wave in self.waves if wave[at] is not None] for at in (cause, 1 - cause))
        return int(causes[0] or 0), int(outcomes[-1] or 0)


def set_beside(study: Study, position: str, surroundings: str, effects: str = YEAR) -> FollowedPair:
    """Set later changes of a position beside earlier ones of surroundings, at the finest level where both are known.

    Both are turned so that more is better. Raises NotComputableError with the reason of the finest level that has both;
    no_figures when none has.
    """
    entry = claims.registry().claims["C8"]
    problem: NotComputableError | None = None
    for level in LEVELS:
        around, taken_off = _without_residents(study, surroundings, level)
        years = usable_years(study, position, *window(study), level)[0]
        waves = match_years(years, around, int(entry["years_apart"]))
        if not waves:
            continue
        try:
            return _beside(study, position, (surroundings, taken_off), level, waves, effects)
        except NotComputableError as found:
            problem = problem or found
    raise problem or NotComputableError("no_common_years", f"{position} and {surroundings} have no year in common.")


def _without_residents(study: Study, name: str, level: str) -> tuple[list[int], str | None]:
    """Give the years of surroundings, and the part made of residents that can be taken off in all of these years.

    Of the registered parts the one that is published in most years counts. Without any the score stays as it is, over
    years of one version of the model.
    """
    parts = claims.registry().claims["C8"]["without"].get(name)
    years = usable_years(study, name, *window(study), level)[0]
    if parts is None:
        return years, None
    there = {part: set(usable_years(study, part, *window(study), level)[0]) for part in parts}
    both = {part: [year for year in years if year in known] for part, known in there.items()}
    part = max(both, key=lambda name: len(both[name]))
    if len(both[part]) > 1:
        return both[part], part
    return comparable_run(study, name, years, level)[0], None


def _beside(
    study: Study, position: str, surroundings: tuple[str, str | None], level: str, waves: Sequence[Wave], effects: str
) -> FollowedPair:
    name, taken_off = surroundings
    first = min(year for wave in waves for year in wave if year is not None)
    size = sizes(study.data, study.known, ("inhabitants",), first, level)
    codes = list(size.value.index[size.value > 0])
    weight = np.asarray(size.value.loc[codes], dtype=np.float64)
    moved, sources = _matrix(study, position, level, codes, [wave[0] for wave in waves])
    around, more = _matrix(study, name, level, codes, [wave[1] for wave in waves])
    if taken_off is not None:
        around = around - _matrix(study, taken_off, level, codes, [wave[1] for wave in waves])[0]
    moved, around = study.known.indicator(position).better * moved, study.known.indicator(name).better * around
    smallest = study.smallest_effect(position), study.smallest_effect(name)
    lagged = lagged_changes(Waves(moved, around, weight), *smallest, effects)
    spreads = _spread_of_later(moved, weight), _spread_of_later(around, weight)
    used = tuple(sorted({*sources, *more}))
    return FollowedPair(position, level, tuple(waves), size.year, lagged, spreads, used, taken_off)


def _spread_of_later(value: Array, weight: Array) -> float:
    """Give the standard deviation of all changes but the first between areas in the same years."""
    later = np.diff(value, axis=1)[:, 1:]
    known = np.isfinite(later)
    held = np.where(known, weight[:, None], 0.0)
    later = np.where(known, later, 0.0)
    mean = (held * later).sum(axis=0) / np.maximum(held.sum(axis=0), 1e-300)
    return float(np.sqrt((held * (later - mean) ** 2).sum() / held.sum())) if held.sum() > 0 else 0.0


def _matrix(
    study: Study, name: str, level: str, codes: Sequence[str], years: Sequence[int | None]
) -> tuple[Array, set[str]]:
    """Lay a series out as area × measurement, missing where it has no figure."""
    table = series(study.data, study.known, name, level)
    wide = table.pivot(index="code", columns="year", values="value")
    wide = wide.reindex(index=list(codes))
    empty = np.full(len(codes), np.nan)
    columns = [empty if year is None else wide[year].to_numpy(np.float64) for year in years]
    used = table.loc[table["year"].isin(years) & (table["status"] == "measured"), "source"]
    return np.column_stack(columns), {part for source in used for part in source.split("|")}


def follows(study: Study, surroundings: str, number: str, effects: str = YEAR) -> tuple[Finding, Finding | None]:
    """Judge what later happened to residents' position where surroundings improved, and the other way around.

    The first registered position that can be set beside the surroundings counts. The finding gives, in the unit of the
    position, what followed an improvement one standard deviation larger than elsewhere.
    """
    problem = None
    for position in claims.registry().claims["C8"]["positions"]:
        try:
            found = set_beside(study, position, surroundings, effects)
        except NotComputableError as one:
            problem = problem if problem and problem.reason != "no_common_years" else one
            continue
        return _directions(study, found, surroundings, number)
    return Finding(id=number, reason=problem.reason if problem else "no_figures", **_absent(study, surroundings)), None


def _absent(study: Study, surroundings: str) -> dict[str, Any]:
    """Give the fields of a finding about surroundings that nothing can be set beside."""
    return _base(study, study.known.indicator(surroundings), "follows", surroundings, study.focus)


def _directions(study: Study, found: FollowedPair, surroundings: str, number: str) -> tuple[Finding, Finding | None]:
    entry = claims.registry().claims["C8"]
    names = (found.position, surroundings)
    flags = ["register", *[modelled(study, name) for name in names if study.known.indicator(name).modelled]]
    single = found.lagged.forward.rows == found.lagged.forward.units
    flags += [*FLAGS[found.level], *found.lagged.flags, *(["one_lag"] if single else []), "noise_hides"]
    flags += [RESIDENTS[found.taken_off]] if surroundings in entry["without"] else []
    flags += ["later_weights"] if found.weight_year > min(found.years(0)[0], found.years(1)[0]) else []
    made: list[Finding | None] = []
    for at, direction in ((0, found.lagged.forward), (1, found.lagged.backward)):
        if direction is None:
            made.append(None)
            continue
        kind, outcome, cause = ("follows", *names) if at == 0 else ("precedes", *names[::-1])
        base = _base(study, study.known.indicator(outcome), kind, cause, study.focus)
        smallest = min(base["smallest_effect"], float(entry["smallest_part"]) * found.spreads[at])
        base["decimals"] = 2 if base["unit"] == "points" else base["decimals"]
        base |= {"sources": found.sources, "flags": tuple(dict.fromkeys(flags)), "smallest_effect": smallest}
        label = number if at == 0 else f"{number}.back"
        made.append(_direction(label, found.years(1 - at), direction, base, study.known.indicator(cause)))
    forward, backward = made
    return forward or Finding(id=number, reason="no_figures", **_absent(study, surroundings)), backward


def _direction(
    number: str, years: tuple[int, int], found: Direction, base: dict[str, Any], cause: Indicator
) -> Finding:
    estimate, low, high = found.per_spread
    unit = "points" if cause.unit == "percent" else cause.unit
    details = in_unit(unit, cause.decimals, spread=found.spread)
    details |= in_unit("number", pairs=found.rows, areas=found.units, degrees=found.found.df)
    a, b = Side(years[0], "all", n_units=found.units), Side(years[1], "all", n_units=found.units)
    return Finding(id=number, estimate=estimate, low=low, high=high, a=a, b=b, range_kind=("process",),
                   details=details, **base)  # fmt: skip


def with_unit_effects(study: Study, surroundings: str, number: str) -> Finding:
    """Judge the same with what each area always does taken out too: the registered variant."""
    return follows(study, surroundings, number, UNIT_AND_YEAR)[0]


@of_lists("of_liveability")
def beside_the_rest(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute how the score of a list moved against the rest, or where only a class is known, its trend."""
    is_class = study.known.indicator(part.name).kind == "class"
    return (class_trend if is_class else score_gap)(study, part.name, number, focus)


@of_lists("level_improved")
def level_improved(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute whether a figure itself became better in a list."""
    return improved(study, part.name, number, focus)


@step
def does_it_improve(section: Section, study: Study) -> list[Finding]:
    """Record how liveability moved in the list itself, and how it moved against the rest (C7)."""
    return record(section, study, "C7")


@step
def score_picture(section: Section, study: Study) -> pd.DataFrame:
    """Record the mean score of the list and of the rest per year, and its picture."""
    laid = _first_score(study)
    if laid is None:
        return pd.DataFrame()
    name, table = laid.indicator, group_means(laid)
    indicator = study.known.indicator(name)
    section.table("09.score", f"year group value,low,high:{indicator.unit}:{indicator.decimals}", table)
    options = {"unit": indicator.unit, "indicator": name, "sources": list(laid.sources), "level": laid.level}
    section.figure("09.score", "slope", "09.score", f"09.{name}", **options)
    return table


def _first_score(study: Study) -> Laid | None:
    """Lay out the first registered score that has figures; None without any."""
    named = [name for one in claims.registry().claims["C7"]["scores"] for name in one.split("|")]
    for name in (name for name in named if study.known.indicator(name).kind != "class"):
        try:
            return finest(study, name, window(study), study.focus, low_status())
        except NotComputableError:
            continue
    return None


@kind("follows")
def after_surroundings(study: Study, part: Part) -> Ways:
    """Compute what residents' position did after one kind of surroundings changed, by what is taken out.

    The year, and where it can be computed each area's own trend too.
    """
    made = {YEAR: follows(study, part.name, part.number)[0]}
    if judge(made[YEAR]) != NOT_COMPUTABLE:
        strict = with_unit_effects(study, part.name, f"{part.number}.units")
        made |= {UNIT_AND_YEAR: strict} if judge(strict) != NOT_COMPUTABLE else {}
    return made


@step
def does_position_follow(section: Section, study: Study) -> list[Finding]:
    """Record for each kind of surroundings what residents' position did afterwards, and the other way around (C8)."""
    found, rows = record(section, study, "C8"), []
    for forward in found:
        if forward.estimate is None:
            continue
        name = forward.measure
        backward = follows(study, name, forward.id)[1]
        strict = with_unit_effects(study, name, f"{forward.id}.units")
        ways = ((forward, "follows"), (strict, "strict"), (backward, "precedes"))
        rows += [_scaled(one, name, way) for one, way in ways if one is not None and one.estimate is not None]
        section.add(*([] if backward is None else [backward]))
    if rows:
        table = pd.DataFrame(rows)
        table["headline"] = [row == 0 for row in range(len(table))]
        section.table("09.follows", "variant estimate,low,high:times_smallest verdict headline", table)
        first = next(finding.id for finding in found if finding.estimate is not None)
        section.figure("09.follows", "specification", "09.follows", first, smallest_effect=1.0, unit="times_smallest")
    return found


def _scaled(finding: Finding, name: str, way: str) -> dict[str, Any]:
    """Give a finding in multiples of its smallest effect, so that figures of different units stand in one picture."""
    small = finding.smallest_effect or 1.0
    numbers = {key: (getattr(finding, key) or 0.0) / small for key in ("estimate", "low", "high")}
    expected = str(claims.registry().claims["C8"]["expected"])
    return {"variant": f"{way}.{name}", **numbers, "verdict": verdict_of(finding, expected)}


@of_lists("improved")
def side_improved(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute whether the surroundings became better in a list, by the first figure of this side that is known."""
    return _better(study, part, number, focus)


@of_lists("position_beside")
def position_improved(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute whether residents' position became better in the years in which this side is known.

    Beside a side that no figure tells of there is nothing to set a position: the claim is on both together.
    """
    side = _better(study, part, number, focus)
    if judge(side) == NOT_COMPUTABLE:  # nothing to set the position beside
        return side
    apart = int(part.entry["years_apart"])
    years = (side.a.year - apart, side.b.year + apart) if side.a.year and side.b.year else None
    return _first(improved(study, name, number, focus, years) for name in part.entry["positions"])


def _better(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Give the change of the first figure of a side that can be computed."""
    return _first(improved(study, name, number, focus) for name in part.entry["improved"][part.name])


def _first(found: Iterable[Finding]) -> Finding:
    """Give the first finding that can be computed, or else the first; those behind it are not made."""
    made: list[Finding] = []
    for one in found:
        made.append(one)
        if judge(one) != NOT_COMPUTABLE:
            return one
    return made[0]


@step
def better_without_position(section: Section, study: Study) -> list[Finding]:
    """Record whether the list became more liveable and safer while residents' position did not improve (H8)."""
    return record(section, study, "H8")
