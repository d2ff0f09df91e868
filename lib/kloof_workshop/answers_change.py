"""The answers of session 3: what happened on four scales, what chance could do, and regression to the mean."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from kloof.errors import NotComputableError
from kloof.findings import GREW, HIGHER, JUDGEMENTS, LOWER, SAME, UNCLEAR, judge
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.study.load import error_rates
from kloof_workshop import experiments, lesson
from kloof_workshop.exercise import Answer


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


def prices_only() -> Answer:
    """3.1: what the gap of the last year would be if only prices had risen since the first."""
    table, prices = lesson.two_lines(), lesson.prices()
    first, last = table.iloc[0], table.iloc[-1]
    wrong = (
        ("prices_forgotten", float(first["gap"])),
        ("figure_for_thought", float(last["gap"])),
        ("wrong_year", float(last["gap"]) * prices),
        ("divided_for_multiplied", float(first["gap"]) / prices),
        ("divided_for_multiplied", float(last["gap"]) / prices),
        ("rise_for_level", float(first["gap"]) * (prices - 1)),
        ("level_for_gap", float(first["listed"]) * prices),
        ("level_for_gap", float(first["rest"]) * prices),
        ("added_for_multiplied", float(first["gap"]) + prices),
        ("relative_for_absolute", float(first["relative"]) * prices),
    )
    return Answer(float(first["gap"]) * prices, wrong, 0.05, "thousand_euro")


def change_beyond_prices() -> Answer:
    """3.2: what the gap did beyond the prices."""
    table = lesson.two_lines()
    first, last = float(table["gap"].iloc[0]), float(table["gap"].iloc[-1])
    priced = first * lesson.prices()
    wrong = (
        ("prices_forgotten", last - first),
        ("level_for_change", priced),
        ("level_for_change", last),
        ("level_for_change", first),
        ("growth_for_points", 100 * (last / priced - 1)),
        ("rise_for_level", priced - first),
        ("relative_for_absolute", float(table["relative"].iloc[-1] - table["relative"].iloc[0])),
    )
    return Answer(last - priced, wrong, 0.05, "thousand_euro")


def scales_that_grew() -> Answer:
    """3.3: on how many scales the gap of these buurten grew."""
    table = lesson.scales()
    grew = int((table["happened"] == GREW).sum())
    wrong = (
        ("all_for_listed", len(table)),
        ("wrong_side", len(table) - grew),
        ("share_for_count", grew / len(table)),
        ("share_for_count", 100 * grew / len(table)),
        ("sum_for_count", float(table["change"].sum())),
        ("cells_counted", grew * table.shape[1]),
    )
    return Answer(grew, wrong, 0.001)


def lowest_change() -> Answer:
    """3.4: the smallest growth of the gap that chance allows."""
    found, other = lesson.change(ABSOLUTE), lesson.change(RELATIVE)
    low, high, middle = found.low or 0.0, found.high or 0.0, found.estimate or 0.0
    wrong = (
        ("estimate_for_range", middle),
        ("wrong_end", high),
        ("end_for_width", high - low),
        ("relative_for_absolute", other.low or 0.0),
        ("smallest_effect_for_range", found.smallest_effect or 0.0),
        ("rounding_for_chance", found.rounding_low or 0.0),
    )
    return Answer(low, wrong, 0.05, "thousand_euro")


def judgement_relative() -> Answer:
    """3.5: the judgement on the relative gap."""
    found = lesson.change(RELATIVE)
    right = judge(found)
    by_sign = HIGHER if (found.estimate or 0) > 0 else LOWER
    wrong = (
        ("direction_from_estimate", by_sign),
        ("unclear_is_not_same", SAME),
        ("absolute_for_relative", judge(lesson.change(ABSOLUTE))),
        ("verdict_for_judgement", "UNDECIDED"),
        ("verdict_for_judgement", "SUPPORTED"),
        ("verdict_for_judgement", "CONTRADICTED"),
        ("verdict_for_judgement", "NEGLIGIBLE"),
        ("verdict_for_judgement", "NOT_TESTABLE"),
        ("happened_for_judgement", "SHRANK"),
        ("happened_for_judgement", "GREW"),
        ("happened_for_judgement", "STAYED"),
        ("happened_for_judgement", "WITHIN_ROUNDING"),
        ("too_soon_unclear", UNCLEAR),
    )
    return Answer(right, tuple(pair for pair in wrong if pair[1] != right), unit="code", choices=JUDGEMENTS)


def _lowest(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.argsort(kind="stable").argsort(kind="stable") < experiments.CHOSEN)


def _world() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = experiments.world("en")
    return table["truth"].to_numpy(), table["year_1"].to_numpy(), table["year_2"].to_numpy()


def chosen_gap() -> Answer:
    """3.6: the gap in year 1 between the rest and the buurten that were lowest in that year."""
    truth, first, second = _world()
    chosen, gap = _lowest(first), experiments.gap_of
    wrong = (
        ("chosen_on_truth", gap(first, _lowest(truth))),
        ("wrong_year", gap(second, chosen)),
        ("wrong_end", gap(first, _lowest(-first))),
        ("truth_for_figures", gap(truth, chosen)),
        ("all_for_rest", float(first.mean() - first[chosen].mean())),
        ("level_for_gap", float(first[chosen].mean())),
        ("level_for_gap", float(first[~chosen].mean())),
    )
    return Answer(gap(first, chosen), wrong, 0.05, "thousand_euro")


def chosen_change() -> Answer:
    """3.7: what happens to that gap in year 2, when the same buurten are followed."""
    truth, first, second = _world()
    chosen, gap = _lowest(first), experiments.gap_of
    wrong = (
        ("chosen_anew", gap(second, _lowest(second)) - gap(first, chosen)),
        ("chosen_on_truth", gap(second, _lowest(truth)) - gap(first, _lowest(truth))),
        ("level_for_change", gap(second, chosen)),
        ("level_for_change", gap(first, chosen)),
        ("growth_for_points", 100 * (gap(second, chosen) / gap(first, chosen) - 1)),
        ("one_group_only", float(second[chosen].mean() - first[chosen].mean())),
        ("one_group_only", float(second[~chosen].mean() - first[~chosen].mean())),
        ("truth_for_figures", 0.0),
    )
    return Answer(gap(second, chosen) - gap(first, chosen), wrong, 0.05, "thousand_euro")


def rate(switch: str, judgement: str) -> float:
    """Give how often (percent) the test gives a judgement in a kind of world."""
    table = rates()
    return float(table.loc[table["switch"] == switch, judgement].iloc[0])


def error_rate() -> Answer:
    """3.8: how often this test calls a gap larger or smaller when nothing changed."""
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


MAKERS_OF_CHANGE: Mapping[str, Callable[[], Answer]] = {
    "3.1": prices_only,
    "3.2": change_beyond_prices,
    "3.3": scales_that_grew,
    "3.4": lowest_change,
    "3.5": judgement_relative,
    "3.6": chosen_gap,
    "3.7": chosen_change,
    "3.8": error_rate,
}
