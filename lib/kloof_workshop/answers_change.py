"""The answers of session 3: regression to the mean, the trend before corona, and a verdict with its error rate."""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import HIGHER, JUDGEMENTS, LOWER, SAME, UNCLEAR, Finding, judge
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.questions import events, gaps
from kloof.study.load import error_rates
from kloof.study.panel import resolve_focus
from kloof_workshop import experiments, lesson
from kloof_workshop.exercise import Answer

OTHER_LIST = "bredavandaag"


@cache
def change(measure: str) -> Finding:
    """Judge the change of the gap from the first year to the last, as the report does."""
    return gaps.change_of_gap(lesson.study(), lesson.followed(), measure, f"04.{lesson.DWELLINGS}.{measure}")


@cache
def change_elsewhere() -> Finding:
    """Judge the same change under the other focus list."""
    study = lesson.study()
    focus = resolve_focus(study.data, study.known, OTHER_LIST)
    track = gaps.follow(study, lesson.DWELLINGS, focus)
    return gaps.change_of_gap(study, track, ABSOLUTE, f"04.{lesson.DWELLINGS}.{ABSOLUTE}.{OTHER_LIST}", focus)


def rates() -> pd.DataFrame:
    """Give the error rates of the two-year test on municipalities as large as this one, with a list like its own.

    One row per switch, in percent. A size that was not calibrated is an error here: the texts would be about another.
    How many years lie between the two hardly matters to this test: the number calibrated nearest to it counts.

    Columns: switch, effect (thousand euro), HIGHER, LOWER, SAME, UNCLEAR.
    """
    table = error_rates()
    study = lesson.study()
    same = {"test": "ends", "measure": ABSOLUTE, "buurten": len(study.data.units()), "focus": len(study.focus.codes)}
    for column, value in same.items():
        table = table[table[column] == value]
    if table.empty:
        raise NotComputableError("not_calibrated", f"data/gap_calibration.csv has no rows for {same}.")
    years = len(lesson.panel().years)
    nearest = min((int(calibrated) for calibrated in table["years"]), key=lambda calibrated: abs(calibrated - years))
    made = table[table["years"] == nearest].pivot(index=["switch", "effect"], columns="judgement", values="share")
    return made.reset_index().rename_axis(columns=None).sort_values("effect", ignore_index=True, kind="stable")


def _lowest(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.argsort(kind="stable").argsort(kind="stable") < experiments.CHOSEN)


def _world() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = experiments.world("en")
    return table["truth"].to_numpy(), table["year_1"].to_numpy(), table["year_2"].to_numpy()


def chosen_gap() -> Answer:
    """3.1: the gap in year 1 between the rest and the buurten that were lowest in that year."""
    truth, first, second = _world()
    chosen, gap = _lowest(first), experiments.gap_of
    wrong = (
        ("chosen_on_truth", gap(first, _lowest(truth))),
        ("wrong_year", gap(second, chosen)),
        ("wrong_end", gap(first, _lowest(-first))),
        ("truth_for_figures", gap(truth, chosen)),
        ("all_for_rest", float(first.mean() - first[chosen].mean())),
        ("level_for_gap", float(first[chosen].mean())),
    )
    return Answer(gap(first, chosen), wrong, 0.05, "thousand_euro")


def chosen_change() -> Answer:
    """3.2: what happens to that gap in year 2, when the same buurten are followed."""
    truth, first, second = _world()
    chosen, gap = _lowest(first), experiments.gap_of
    wrong = (
        ("chosen_anew", gap(second, _lowest(second)) - gap(first, chosen)),
        ("chosen_on_truth", gap(second, _lowest(truth)) - gap(first, _lowest(truth))),
        ("level_for_change", gap(second, chosen)),
        ("growth_for_points", 100 * (gap(second, chosen) / gap(first, chosen) - 1)),
        ("one_group_only", float(second[chosen].mean() - first[chosen].mean())),
        ("truth_for_figures", 0.0),
    )
    return Answer(gap(second, chosen) - gap(first, chosen), wrong, 0.05, "thousand_euro")


def lowest_change() -> Answer:
    """3.3: the smallest growth of the gap that still fits the figures."""
    found, other = change(ABSOLUTE), change(RELATIVE)
    low, high, middle = found.low or 0.0, found.high or 0.0, found.estimate or 0.0
    wrong = (
        ("estimate_for_range", middle),
        ("wrong_end", high),
        ("end_for_width", high - low),
        ("relative_for_absolute", other.low or 0.0),
        ("smallest_effect_for_range", found.smallest_effect or 0.0),
    )
    return Answer(low, wrong, 0.05, "thousand_euro")


def judgement_relative() -> Answer:
    """3.4: the judgement on the relative gap."""
    found = change(RELATIVE)
    right = judge(found)
    by_sign = HIGHER if (found.estimate or 0) > 0 else LOWER
    wrong = (
        ("direction_from_estimate", by_sign),
        ("unclear_is_not_same", SAME),
        ("absolute_for_relative", judge(change(ABSOLUTE))),
        ("verdict_for_judgement", "UNDECIDED"),
        ("verdict_for_judgement", "SUPPORTED"),
        ("verdict_for_judgement", "CONTRADICTED"),
        ("verdict_for_judgement", "NEGLIGIBLE"),
        ("verdict_for_judgement", "NOT_TESTABLE"),
        ("too_soon_unclear", UNCLEAR),
    )
    return Answer(right, tuple(pair for pair in wrong if pair[1] != right), unit="code", choices=JUDGEMENTS)


def slope_before() -> Answer:
    """3.5: how much the gap grew per year on the straight line before corona."""
    table = lesson.two_lines()
    years, gap = table["year"].to_numpy(float), table["gap"].to_numpy()
    before = np.array(events.is_before(lesson.study(), lesson.followed()))
    fit = np.polyfit(years[before], gap[before], 1)
    ends = (gap[before][-1] - gap[before][0]) / (years[before][-1] - years[before][0])
    wrong = (
        ("all_years", float(np.polyfit(years, gap, 1)[0])),
        ("ends_for_line", float(ends)),
        ("intercept_for_slope", float(fit[1])),
        ("relative_for_absolute", float(np.polyfit(years[before], table["relative"].to_numpy()[before], 1)[0])),
        ("one_group_only", float(np.polyfit(years[before], table["rest"].to_numpy()[before], 1)[0])),
        ("one_group_only", float(np.polyfit(years[before], table["listed"].to_numpy()[before], 1)[0])),
        ("whole_for_year", float(gap[before][-1] - gap[before][0])),
    )
    return Answer(float(fit[0]), wrong, 0.05, "thousand_euro")


def part_before() -> Answer:
    """3.6: the percentage of the growth of the gap that was there by the last figure from before corona."""
    table = lesson.two_lines()
    gap = table["gap"].to_numpy()
    before = events.last_before(events.is_before(lesson.study(), lesson.followed()))
    part = 100 * (gap[before] - gap[0]) / (gap[-1] - gap[0])
    wrong = (
        ("level_for_change", float(100 * gap[before] / gap[-1])),
        ("rest_of_part", float(100 - part)),
        ("year_of_table", float(100 * (gap[before - 1] - gap[0]) / (gap[-1] - gap[0]))),
        ("year_of_table", float(100 * (gap[before - 2] - gap[0]) / (gap[-1] - gap[0]))),
        ("count_for_share", float(gap[before] - gap[0])),
        ("wrong_base", float(100 * (gap[before] - gap[0]) / gap[0])),
    )
    return Answer(float(part), wrong, 0.05, "percent")


def rate(switch: str, judgement: str) -> float:
    """Give how often (percent) the test gives a judgement in a kind of world."""
    table = rates()
    return float(table.loc[table["switch"] == switch, judgement].iloc[0])


def error_rate() -> Answer:
    """3.7: how often this test calls a gap larger or smaller when nothing changed."""
    higher, lower, unclear = (rate("off", name) for name in (HIGHER, LOWER, UNCLEAR))
    wrong = (
        ("one_side_only", higher),
        ("one_side_only", lower),
        ("unclear_is_no_error", unclear),
        ("unclear_is_no_error", unclear + higher + lower),
        ("power_for_error", rate("on_1x", HIGHER)),
        ("power_for_error", rate("on_4x", HIGHER)),
        ("nominal_for_measured", 5.0),
    )
    return Answer(higher + lower, wrong, 0.02, "percent")


def change_other_list() -> Answer:
    """3.8: the growth of the gap under the other focus list."""
    found, own = change_elsewhere(), change(ABSOLUTE)
    wrong = (
        ("same_list", own.estimate or 0.0),
        ("wrong_end", found.low or 0.0),
        ("wrong_end", found.high or 0.0),
        ("level_for_change", found.b.estimate or 0.0),
        ("level_for_change", found.a.estimate or 0.0),
    )
    return Answer(found.estimate or 0.0, wrong, 0.05, "thousand_euro")


MAKERS_OF_CHANGE: Mapping[str, Callable[[], Answer]] = {
    "3.1": chosen_gap,
    "3.2": chosen_change,
    "3.3": lowest_change,
    "3.4": judgement_relative,
    "3.5": slope_before,
    "3.6": part_before,
    "3.7": error_rate,
    "3.8": change_other_list,
}
