"""How far policy carries: what of a movement arrives in the list, what is left of a gap, who left social assistance."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import NOT_COMPUTABLE, Finding, Side, in_unit, judge, verdict_of
from kloof.methods.arrays import Array
from kloof.methods.contrast import difference
from kloof.methods.gap import ABSOLUTE, RELATIVE, gap, gap_bounds, weighted_means
from kloof.methods.pass_through import by_buurten, group_elasticities, leave_one_out, pass_through
from kloof.methods.power import Town, detectable, variance_parts, years_needed, years_to_close
from kloof.methods.ratio import BOUNDED, Ratio
from kloof.methods.regression import t_quantile
from kloof.questions import gap_changes
from kloof.questions.gap_changes import Followed, follow, rule_of
from kloof.questions.runner import Part, of_lists, record
from kloof.results import Section
from kloof.study import claims
from kloof.study.geographies import change_in_group, lay_out, rounding_in_group
from kloof.study.panel import Focus
from kloof.study.step import step
from kloof.study.study import Study


def _entry(claim: str) -> Any:
    return claims.registry().claims[claim]


def _ends(track: Followed, units: int) -> tuple[Side, Side]:
    missing = len(track.panel.missing) if track.panel else 0
    return Side(track.years[0], "gap", n_units=units, n_missing=missing), Side(track.years[-1], "gap", n_units=units)


def _started(study: Study, track: Followed, focus: Focus) -> tuple[dict[str, Any], str | None]:
    """Give the shared fields of a finding on a followed indicator, and why it cannot be made, if it cannot.

    A list chosen on this very figure in one of the years moves by that choice; no pace or slope is read from it.
    """
    base = gap_changes.shared_fields(study, track, "", ABSOLUTE, focus)
    if track.panel is None:
        return base, track.reason or "no_figures"
    return base, "chosen_on_outcome" if rule_of(track, focus) is not None else None


# ------------------------------------------------------------------ what arrives


def arrives(study: Study, name: str, number: str, focus: Focus) -> Finding:
    """Judge how much less of the movement of all other buurten arrives in the list than in the rest (C12), in percent.

    100 · (elasticity of the list / that of the rest - 1), with the widest of two of Fieller's ranges where both are one
    interval: as far as years differ, and as far as buurten do (`by_buurten`: the movement is mostly the rest's own, so
    the first alone finds too often that less arrives). With fewer than the registered years there is no range; where
    the municipality did not move for the better there is no answer.
    """
    track, entry = follow(study, name, focus), _entry("C12")
    base, reason = _started(study, track, focus)
    base |= {"kind": "pass_through", "measure": "elasticity", "unit": "percent", "decimals": 0}
    base["smallest_effect"] = float(entry["smallest_effect"])
    panel = track.panel
    if panel is None or reason:
        return gap_changes.absent(track, number, base, reason)
    whole = panel.weight @ panel.value / panel.weight.sum()
    better = study.known.indicator(name).better
    if better * (whole[-1] - whole[0]) <= 0:
        return gap_changes.absent(track, number, base, "no_improvement")
    try:
        movement = leave_one_out(panel.value, panel.weight)
        focus_part, rest_part = group_elasticities(panel.value, movement, panel.weight, panel.is_focus)
        found = each = None
        if len(panel.years) >= int(entry["years_for_range"]):
            image = entry["image"][0] / entry["image"][1]
            found = pass_through(panel.value, movement, panel.weight, panel.is_focus, image)
            each = by_buurten(panel.value, movement, panel.weight, panel.is_focus)
        if rest_part <= 0:
            raise NotComputableError("rest_moves_against", "The rest does not follow the movement of the others.")
    except NotComputableError as problem:
        return gap_changes.absent(track, number, base, problem.reason)
    ratios = [one for one in (found and found.ratio, each) if one]
    low, high = _limits(ratios)
    if found is None:
        base["flags"] = (*base["flags"], "too_few_years_for_range")
    if low is None:
        base["measure"] = "elasticity_alone"
    a, b = _ends(track, len(panel.codes))
    details = in_unit("percent", 0, arrives_focus=100 * focus_part, arrives_rest=100 * rest_part)
    details |= in_unit("number", years=len(panel.years))
    if found is not None:
        details |= in_unit("probability", p_image=found.p_registered)
    if low is not None:
        details |= in_unit("probability", p_value=max(one.p_alike for one in ratios))
        details |= in_unit("number", degrees=min(one.degrees for one in ratios))
    return Finding(
        id=number, estimate=100 * (focus_part / rest_part - 1), low=low, high=high, a=a, b=b,
        range_kind=("process",) if low is not None else (), details=details, **base,
    )  # fmt: skip


def _limits(found: list[Ratio]) -> tuple[float | None, float | None]:
    """Give the widest range of the ratios in percent from alike; none when one of them is not one interval."""
    if not found or any(ratio.shape != BOUNDED for ratio in found):
        return None, None
    return 100 * (min(ratio.low for ratio in found) - 1), 100 * (max(ratio.high for ratio in found) - 1)


def image(finding: Finding, number: str) -> Finding | None:
    """Set what arrives beside the author's image: does it lie in the range? None without a range."""
    if finding.low is None or finding.high is None:
        return None
    top, bottom = _entry("C12")["image"]
    point = 100 * (top / bottom - 1)
    details = in_unit("percent", 0, image=point) | in_unit("number", works_here=top, works_there=bottom)
    measure = "inside" if finding.low <= point <= finding.high else "outside"
    return replace(finding, id=number, kind="image", measure=measure, details=details)


# ------------------------------------------------------------------ what is left


def left(study: Study, name: str, measure: str, number: str, focus: Focus) -> Finding:
    """Judge what is left of the gap after the registered years at the pace so far (C13), in the unit of the gap.

    Gap and pace are those of each buurt's straight line through all years, taken at the last one; above 0 the list is
    behind. The range is that of the sum of both (t, Welch's degrees of freedom), stretched by the worst rounding.
    """
    track, entry = follow(study, name, focus, study.p.trend_from), _entry("C13")
    base, reason = _started(study, track, focus)
    relative = measure == RELATIVE
    base |= {"kind": "gap_left", "measure": measure, "smallest_effect": None}
    base["unit"] = "percent" if relative else study.known.unit_of_change(name)
    base["decimals"] = None if relative else base["decimals"]
    panel, horizon = track.panel, float(entry["within_years"])
    if panel is None or reason or len(track.years) < 3:
        return gap_changes.absent(track, number, base, reason or "too_few_years")
    try:
        times = np.array(track.times)
        now, pace = _line(times)
        gap_by_year, contrasts, reach = _oriented(track, measure)
        found = difference(contrasts @ np.column_stack([now, pace]), panel.weight, panel.is_focus)
        gap_now, per_year = float(gap_by_year @ now), float(gap_by_year @ pace)
        degrees = float(found.degrees.min())
        closing = years_to_close(gap_now, per_year, found.covariance, degrees)
    except NotComputableError as problem:
        return gap_changes.absent(track, number, base, problem.reason)
    counts = now + horizon * pace
    each = np.array([1.0, horizon])
    margin = t_quantile(degrees) * float(np.sqrt(each @ found.covariance @ each))
    rounding = float(np.abs(counts) @ reach)
    estimate = float(gap_by_year @ counts)
    if gap_now < 0:
        return gap_changes.absent(track, number, base, "not_behind")
    a, b = _ends(track, len(panel.codes))
    unit = base["unit"]
    details = in_unit(unit, base["decimals"], gap_now=gap_now) | in_unit("number", degrees=degrees)
    details |= in_unit(unit, 2 if unit in ("points", "percent") else None, pace=abs(per_year))
    years = {"horizon": horizon, "closes": closing.years, "earliest": closing.earliest, "latest": closing.latest}
    details |= in_unit("years", 0, **{key: value for key, value in years.items() if value is not None})
    return Finding(
        id=number, estimate=estimate, low=estimate - margin - rounding, high=estimate + margin + rounding, a=a, b=b,
        range_kind=("process", "rounding"), details=details, **base,
    )  # fmt: skip


def _line(times: Array) -> tuple[Array, Array]:
    """Give what each year counts in a straight line at the last year, and in its slope per year."""
    design = np.column_stack([np.ones(len(times)), times])
    solved = np.linalg.pinv(design)
    return np.asarray(design[-1] @ solved), np.asarray(solved[1])


def _oriented(track: Followed, measure: str) -> tuple[Array, Array, Array]:
    """Give the gap per year (above 0: behind), each buurt's share in it, and how far rounding can move it each year.

    A relative gap is linearised around both means in each year (delta method), so that a difference of the shares has
    its variance.
    """
    panel, sign = track.panel, track.orientation
    assert panel is not None
    focus, rest = weighted_means(panel.value, panel.weight, panel.is_focus)
    bounds = [
        gap_bounds(panel.low[:, at], panel.high[:, at], panel.weight, panel.is_focus, measure)
        for at in range(len(panel.years))
    ]
    reach = np.array([max(high - low, 0.0) / 2 for low, high in bounds])
    if measure == ABSOLUTE:
        return np.asarray(sign * (focus - rest)), sign * panel.value, reach
    own = np.where(panel.is_focus[:, None], panel.value / rest, panel.value * focus / rest**2)
    return np.asarray(sign * 100 * (focus / rest - 1)), sign * 100 * own, reach


def town(study: Study, track: Followed) -> tuple[Town, float]:
    """Give the municipality to plan for, and its gap in the last year (absolute, above 0: behind).

    Variances per year: the lasting part per measurement is divided by the mean number of years between two of them.
    Raises NotComputableError: see `variance_parts`, and the reason of a series that cannot be followed.
    """
    panel = track.panel
    if panel is None:
        raise NotComputableError(track.reason or "no_figures", f"{track.indicator} cannot be followed.")
    shock, noise = variance_parts(panel.value, panel.is_focus, study.known.indicator(track.indicator).rounding)
    step = (track.times[-1] - track.times[0]) / (len(track.times) - 1)
    apart = track.orientation * gap(panel.value[:, -1], panel.weight, panel.is_focus, ABSOLUTE)
    return Town(panel.weight, panel.is_focus, shock / step, noise), apart


def programme_seen(study: Study, name: str, number: str) -> tuple[Finding, dict[int, float]]:
    """Give how long a programme must run to be seen, and by number of years the smallest change that would be.

    The programme closes the gap in the registered years, the same part each year. The estimate is in years (power 80
    percent, two-sided 5 percent); no judgement is made of it.
    """
    track, entry = follow(study, name, study.focus, study.p.trend_from), _entry("C13")
    base, _ = _started(study, track, study.focus)
    base |= {"kind": "seen", "measure": "absolute", "unit": "years", "decimals": 0, "smallest_effect": None}
    horizon = float(entry["within_years"])
    try:
        place, gap = town(study, track)
        if gap <= 0:
            raise NotComputableError("not_behind", "The list is not behind, so there is nothing to close.")
        smallest = detectable(place, tuple(int(years) for years in entry["horizons"]))
        first = years_needed(place, lambda years: gap * years / horizon)
    except NotComputableError as problem:
        return gap_changes.absent(track, number, base, problem.reason), {}
    if first is None:
        return gap_changes.absent(track, number, base, "never_seen"), smallest
    digits = study.known.indicator(name).decimals
    details = in_unit("years", 0, horizon=horizon) | in_unit(study.known.unit_of_change(name), digits, gap_now=gap)
    a, b = _ends(track, len(place.weight))
    return Finding(id=number, estimate=float(first), low=float(first), high=float(first), a=a, b=b, details=details,
                   **base), smallest  # fmt: skip


# ------------------------------------------------------------------ who left


def fell_less(study: Study, name: str, measure: str, number: str, focus: Focus) -> Finding:
    """Judge whether the list fell behind in a figure of which less is better: the change of its gap (H7)."""
    found = gap_changes.change_of_gap(study, follow(study, name, focus), measure, number, focus)
    unit = "points" if measure == RELATIVE else study.known.unit_of_change(name)
    chance = {key: found.details[key] for key in ("p_value", "degrees") if key in found.details}
    return replace(found, kind="fell_less", measure=measure, unit=unit, details=chance)


def fell(study: Study, name: str, group: str, number: str, focus: Focus) -> Finding:
    """Judge the change of the mean of the list or of the rest (H7): below 0 it fell."""
    track = follow(study, name, focus)
    base, _ = _started(study, track, focus)
    indicator = study.known.indicator(name)
    base |= {"kind": "fell", "measure": group, "unit": study.known.unit_of_change(name)}
    if track.panel is None:
        return gap_changes.absent(track, number, base, track.reason)
    try:
        laid = lay_out(study, name, "buurt", track.years, focus, {})
        members = laid.is_focus if group == "focus" else ~laid.is_focus
        found, low, high = change_in_group(laid, members, 1)
        exact = rounding_in_group(laid, members, 1)
    except NotComputableError as problem:
        return gap_changes.absent(track, number, base, problem.reason)
    means = laid.weight[members] @ laid.value[members] / laid.weight[members].sum()
    moved = laid.value[members, -1] - laid.value[members, 0]
    details = in_unit(indicator.unit, was=float(means[0]), became=float(means[-1]))
    details |= in_unit("number", fallen=int((moved < 0).sum()), of=len(moved), degrees=found.df)
    units = int(members.sum())
    a = Side(laid.years[0], group, n_units=units, n_missing=laid.missing)
    return Finding(
        id=number, estimate=found.estimate, low=low, high=high, rounding_low=exact[0], rounding_high=exact[1], a=a,
        b=Side(laid.years[-1], group, n_units=units), range_kind=("process", "rounding"), details=details, **base,
    )  # fmt: skip


@of_lists("pass_through")
def arriving(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute what arrives in a list of a movement of the municipality."""
    return arrives(study, part.name, number, focus)


@of_lists("fell", "fell_less")
def falling(study: Study, part: Part, number: str, focus: Focus) -> Finding:
    """Compute how far the mean of a list or of the rest fell, or whether a list fell behind where less is better."""
    return (fell if part.kind == "fell" else fell_less)(study, part.name, part.measure, number, focus)


@step
def does_it_arrive(section: Section, study: Study) -> list[Finding]:
    """Record what arrives in the list of a movement of the municipality, under every list, beside the image (C12)."""
    found = record(section, study, "C12")
    shown = [finding for finding in found if finding.estimate is not None]
    for finding in shown:
        beside = image(finding, f"{finding.id}.image")
        section.add(*([beside] if beside else []))
    if shown:
        columns = "indicator arrives_focus,arrives_rest,estimate,low,high:percent:0 years:number"
        section.table("11.arrives", columns, pd.DataFrame([_arrival(finding) for finding in shown]))
        first = min(shown, key=_rank)
        options = {"unit": "percent", "indicator": first.indicator, "smallest_effect": first.smallest_effect}

        def make(focus: Focus) -> Finding:
            return arrives(study, str(first.indicator), f"{first.id}.{focus.name}", focus)

        _specification(section, study, ("11.arrives_lists", first), make, options)
    return found


def _rank(finding: Finding) -> int:
    """Order findings: those with a range, those without one, those that could not be computed."""
    return 2 if judge(finding) == NOT_COMPUTABLE else 1 if finding.low is None else 0


def _arrival(finding: Finding) -> dict[str, Any]:
    parts = {key: finding.details[key]["value"] for key in ("arrives_focus", "arrives_rest", "years")}
    ends = {"estimate": finding.estimate, "low": finding.low, "high": finding.high}
    return {"indicator": finding.indicator, **parts, **ends}


def _specification(
    section: Section, study: Study, named: tuple[str, Finding], make: Callable[[Focus], Finding], options: Any
) -> None:
    """Record what arrives under every registered list, and its picture."""
    name, headline = named
    expected = str(_entry("C12")["expected"])
    rows = []
    for focus in study.variants:
        finding = headline if focus == study.focus else make(focus)
        numbers = {key: getattr(finding, key) for key in ("estimate", "low", "high")}
        verdict = verdict_of(finding, expected)
        rows.append({"variant": focus.name, **numbers, "verdict": verdict, "headline": focus == study.focus})
    columns = f"variant estimate,low,high:{options['unit']}:{headline.decimals} verdict headline"
    section.table(name, columns, pd.DataFrame(rows))
    section.figure(name, "specification", name, headline.id, **options)


@step
def how_long(section: Section, study: Study) -> list[Finding]:
    """Record what is left of each gap after the registered years, and when a programme would be seen (C13)."""
    entry, found, seen, rows = _entry("C13"), [], [], []
    for name in entry["indicators"]:
        for measure in entry["measures"]:
            finding = left(study, name, measure, f"11.{name}.left.{measure}", study.focus)
            if judge(finding) != NOT_COMPUTABLE or name in entry["needs"]:
                found.append(finding)
        programme, smallest = programme_seen(study, name, f"11.{name}.seen")
        rows += [_horizon(study, name, years, change, programme) for years, change in smallest.items()]
        seen += [programme] if smallest else []
    section.add(*sorted(found, key=_rank), *seen)
    if rows:
        section.table("11.horizons", "indicator horizon:years:0 smallest,gap:@unit unit", pd.DataFrame(rows))
    return found


def _horizon(study: Study, name: str, years: int, smallest: float, programme: Finding) -> dict[str, Any]:
    """Give the row of one number of years: the smallest change that would be seen, and today's gap."""
    gap = programme.details.get("gap_now", {}).get("value")
    unit = study.known.unit_of_change(name)
    return {"indicator": name, "horizon": years, "smallest": smallest, "gap": gap, "unit": unit}


@step
def who_left_assistance(section: Section, study: Study) -> list[Finding]:
    """Record whether social assistance fell in the list and in the rest, and less in the list (H7)."""
    return record(section, study, "H7")
