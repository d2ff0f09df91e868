"""The right answer of every exercise of the workshop, and what typical mistakes come to: all computed from the data.

Sessions 1 and 2 are here, 3 in `answers_change`, 4 in `answers_own`, 5 in `answers_reading`; `checks` compares.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from kloof.measures.two_groups import dissimilarity, isolation, theil_h
from kloof_workshop import answers_change, answers_own, answers_reading, lesson
from kloof_workshop.exercise import Answer

Makers = Mapping[str, Callable[[], Answer]]


@cache
def _makers() -> Makers:
    return {
        "1.1": highest,
        "1.2": below_line,
        "1.3": plain_mean,
        "1.4": weighted_mean,
        "1.5": gap_absolute,
        "1.6": gap_relative,
        "1.7": change_absolute,
        "1.8": change_relative,
        "2.1": distinct,
        "2.2": missing,
        "2.3": part_of_group,
        "2.4": by_hand,
        "2.5": by_library,
        "2.6": by_wijk,
        "2.7": change_of_d,
        "2.8": range_width,
        **answers_change.MAKERS_OF_CHANGE,
        **answers_reading.MAKERS_OF_READING,
    }


def exercises() -> tuple[str, ...]:
    """Name all exercises, in order."""
    return tuple(sorted((*_makers(), *answers_own.MAKERS_OF_OWN)))


def answer(number: str, names: Mapping[str, Any]) -> Answer:
    """Give the answer to an exercise; those of session 4 depend on what the participant registered (`names`)."""
    if number in answers_own.MAKERS_OF_OWN:
        return answers_own.MAKERS_OF_OWN[number](names)
    return fixed(number)


@cache
def fixed(number: str) -> Answer:
    """Compute the answer to an exercise on the embedded figures, once."""
    return _makers()[number]()


def _incomes(place: int, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Give incomes and weights of a side (listed, rest, all) in the year at a place of the panel."""
    kept = lesson.panel()
    inside = {"listed": kept.is_focus, "rest": ~kept.is_focus, "all": np.ones(len(kept.weight), bool)}[side]
    return kept.value[inside, place], kept.weight[inside]


def _mean(place: int, side: str, *, weighted: bool = True) -> float:
    value, weight = _incomes(place, side)
    return float(np.average(value, weights=weight if weighted else None))


def highest() -> Answer:
    """1.1: the highest income of a buurt in the last year."""
    (first, _), (last, people) = _incomes(0, "all"), _incomes(-1, "all")
    wrong = (
        ("wrong_year", float(first.max())),
        ("wrong_end", float(last.min())),
        ("wrong_end", float(first.min())),
        ("wrong_column", float(people.max())),
        ("mean_for_highest", float(last.mean())),
        ("sum_for_one", float(last.sum())),
        ("count_for_value", len(last)),
    )
    return Answer(float(last.max()), wrong, 0.05, "thousand_euro")


def below_line() -> Answer:
    """1.2: the number of buurten with an income below the line in the first year."""
    (first, _), (last, _) = _incomes(0, "all"), _incomes(-1, "all")
    below = int((first < lesson.LINE).sum())
    wrong = (
        ("all_for_listed", len(first)),
        ("wrong_side", len(first) - below),
        ("wrong_year", int((last < lesson.LINE).sum())),
        ("wrong_group", int(lesson.panel().is_focus.sum())),
        ("share_for_count", below / len(first)),
        ("share_for_count", 100 * below / len(first)),
        ("sum_for_count", float(first[first < lesson.LINE].sum())),
        ("cells_counted", below * lesson.places().shape[1]),
    )
    return Answer(below, wrong, 0.001)


def plain_mean() -> Answer:
    """1.3: the plain mean of the incomes of the buurten that are not on the list, last year."""
    value, people = _incomes(-1, "rest")
    wrong = (
        ("wrong_group", _mean(-1, "listed", weighted=False)),
        ("all_for_rest", _mean(-1, "all", weighted=False)),
        ("wrong_year", _mean(0, "rest", weighted=False)),
        ("weighted_too_soon", _mean(-1, "rest")),
        ("sum_for_mean", float(value.sum())),
        ("wrong_column", float(people.mean())),
        ("mean_for_highest", float(value.max())),
    )
    return Answer(_mean(-1, "rest", weighted=False), wrong, 0.05, "thousand_euro")


def weighted_mean() -> Answer:
    """1.4: the mean income of the buurten that are not on the list in the last year, weighted by inhabitants."""
    value, people = _incomes(-1, "rest")
    total = float(value @ people)
    wrong = (
        ("weights_forgotten", _mean(-1, "rest", weighted=False)),
        ("wrong_group", _mean(-1, "listed")),
        ("all_for_rest", _mean(-1, "all")),
        ("wrong_year", _mean(0, "rest")),
        ("wrong_divisor", total / float(lesson.panel().weight.sum())),
        ("divided_by_places", total / len(value)),
        ("not_divided", total),
    )
    return Answer(_mean(-1, "rest"), wrong, 0.05, "thousand_euro")


def gap_at(place: int, *, weighted: bool = True) -> float:
    """Give the rest minus the listed buurten in the year at a place of the panel, thousand euro."""
    return _mean(place, "rest", weighted=weighted) - _mean(place, "listed", weighted=weighted)


def relative_at(place: int, *, weighted: bool = True, base: str = "rest") -> float:
    """Give the gap in percent of the level of a side."""
    return 100 * gap_at(place, weighted=weighted) / _mean(place, base, weighted=weighted)


def gap_absolute() -> Answer:
    """1.5: the absolute gap in the last year."""
    wrong = (
        ("weights_forgotten", gap_at(-1, weighted=False)),
        ("weights_forgotten", _mean(-1, "rest", weighted=False) - _mean(-1, "listed")),
        ("relative_for_absolute", relative_at(-1)),
        ("relative_for_absolute", relative_at(-1) / 100),
        ("wrong_year", gap_at(0)),
        ("level_for_gap", _mean(-1, "rest")),
        ("level_for_gap", _mean(-1, "listed")),
        ("sum_for_gap", _mean(-1, "rest") + _mean(-1, "listed")),
        ("all_for_rest", _mean(-1, "all") - _mean(-1, "listed")),
    )
    return Answer(gap_at(-1), wrong, 0.05, "thousand_euro")


def gap_relative() -> Answer:
    """1.6: the gap in the last year in percent of the rest."""
    wrong = (
        ("absolute_for_relative", gap_at(-1)),
        ("wrong_base", relative_at(-1, base="listed")),
        ("wrong_base", relative_at(-1, base="all")),
        ("weights_forgotten", relative_at(-1, weighted=False)),
        ("wrong_year", relative_at(0)),
        ("ratio_for_gap", 100 - relative_at(-1)),
        ("ratio_for_gap", 100 * _mean(-1, "rest") / _mean(-1, "listed")),
    )
    return Answer(relative_at(-1), wrong, 0.05, "percent")


def change_absolute() -> Answer:
    """1.7: the change of the absolute gap from the first year to the last."""
    wrong = (
        ("growth_for_points", 100 * (gap_at(-1) / gap_at(0) - 1)),
        ("level_for_change", gap_at(-1)),
        ("level_for_change", gap_at(0)),
        ("relative_for_absolute", relative_at(-1) - relative_at(0)),
        ("weights_forgotten", gap_at(-1, weighted=False) - gap_at(0, weighted=False)),
        ("one_group_only", _mean(-1, "listed") - _mean(0, "listed")),
        ("one_group_only", _mean(-1, "rest") - _mean(0, "rest")),
    )
    return Answer(gap_at(-1) - gap_at(0), wrong, 0.05, "thousand_euro")


def change_relative() -> Answer:
    """1.8: the change of the relative gap, in percentage points."""
    wrong = (
        ("growth_for_points", 100 * (relative_at(-1) / relative_at(0) - 1)),
        ("absolute_for_relative", gap_at(-1) - gap_at(0)),
        ("absolute_for_relative", 100 * (gap_at(-1) / gap_at(0) - 1)),
        ("level_for_change", relative_at(-1)),
        ("level_for_change", relative_at(0)),
        ("weights_forgotten", relative_at(-1, weighted=False) - relative_at(0, weighted=False)),
    )
    return Answer(relative_at(-1) - relative_at(0), wrong, 0.05, "points")


def distinct() -> Answer:
    """2.1: the number of buurten in a table with a row for every year."""
    table = lesson.low()
    every = int(table["name"].nunique())
    wrong = (
        ("rows_counted", len(table)),
        ("buurt_for_wijk", int(table["wijk"].nunique())),
        ("wrong_column", int(table["year"].nunique())),
        ("wrong_column", int(table["share"].nunique())),
        ("wrong_column", int(table["households"].nunique())),
        ("known_only", len(lesson.counts())),
        ("known_only", int(table["share"].count())),
    )
    return Answer(every, wrong, 0.001)


def missing() -> Answer:
    """2.2: the number of buurten without a share in the first year."""
    table = lesson.low()
    years = table["year"].unique()
    own, last = (table.loc[table["year"] == year, "share"] for year in (years[0], years[-1]))
    empty = int(own.isna().sum())
    wrong = (
        ("missing_as_zero", int((own == 0).sum())),
        ("measured_for_missing", len(own) - empty),
        ("all_years", int(table["share"].isna().sum())),
        ("wrong_year", int(last.isna().sum())),
        ("all_for_listed", len(own)),
        ("share_for_count", empty / len(own)),
        ("share_for_count", 100 * empty / len(own)),
    )
    return Answer(empty, wrong, 0.001)


def _ten() -> pd.DataFrame:
    return lesson.counts().head(lesson.TEN)


def part_of_group() -> Answer:
    """2.3: the part of the group of the ten buurten that lives in the first of them."""
    ten = _ten()
    group, rest = ten["group"].to_numpy(), ten["rest"].to_numpy()
    everyone = group + rest
    wrong = (
        ("rows_for_columns", group[0] / everyone[0]),
        ("wrong_group", rest[0] / rest.sum()),
        ("everyone_for_group", everyone[0] / everyone.sum()),
        ("everyone_for_group", group[0] / everyone.sum()),
        ("all_for_ten", group[0] / lesson.counts()["group"].sum()),
        ("count_for_share", group[0]),
        ("count_for_share", group.sum()),
    )
    return Answer(float(group[0] / group.sum()), wrong, 0.0005, "share")


def by_hand() -> Answer:
    """2.4: D of the ten buurten, from the formula."""
    ten = _ten()
    group, rest = ten["group"].to_numpy(), ten["rest"].to_numpy()
    everyone = group + rest
    apart = group / group.sum() - rest / rest.sum()
    share = group / everyone
    wrong = (
        ("half_forgotten", float(np.abs(apart).sum())),
        ("signs_cancel", float(apart.sum() / 2)),
        ("everyone_for_rest", float(np.abs(group / group.sum() - everyone / everyone.sum()).sum() / 2)),
        ("rows_for_columns", float(np.abs(share - group.sum() / everyone.sum()).sum() / 2)),
        ("mean_for_sum", float(np.abs(apart).mean() / 2)),
        ("mean_for_sum", float(np.abs(apart).mean())),
        ("squares_for_size", float((apart**2).sum() / 2)),
        ("all_for_ten", float(dissimilarity(*_all())[0])),
    )
    return Answer(float(dissimilarity(group, rest)[0]), wrong, 0.0005, "index")


def _all() -> tuple[np.ndarray, np.ndarray]:
    counts = lesson.group_counts()[-1]
    return counts.group, counts.rest


def _other_indices() -> dict[str, float]:
    group, rest = _all()
    return {
        "D": float(dissimilarity(group, rest)[0]),
        "isolation": float(isolation(group, rest)[0]),
        "H": float(theil_h(group, rest)[0]),
        "share": float(group.sum() / (group.sum() + rest.sum())),
    }


def by_library() -> Answer:
    """2.5: D of all buurten that have figures."""
    found = _other_indices()
    wrong = (
        ("ten_for_all", float(dissimilarity(_ten()["group"], _ten()["rest"])[0])),
        ("half_forgotten", 2 * found["D"]),
        ("other_index", found["isolation"]),
        ("other_index", found["H"]),
        ("share_for_index", found["share"]),
        ("buurt_for_wijk", _wijken()),
        ("wrong_year", float(lesson.d_by_year()["D"].iloc[0])),
    )
    return Answer(found["D"], wrong, 0.0005, "index")


def _wijken() -> float:
    table = lesson.counts().groupby("wijk")[["group", "rest"]].sum()
    return float(dissimilarity(table["group"], table["rest"])[0])


def by_wijk() -> Answer:
    """2.6: D over wijken instead of buurten."""
    table = lesson.counts()
    inside = [float(dissimilarity(part["group"], part["rest"])[0]) for _, part in table.groupby("wijk")]
    means = table.groupby("wijk")[["group", "rest"]].mean()
    sums = table.groupby("wijk")[["group", "rest"]].sum()
    wrong = (
        ("buurt_for_wijk", _other_indices()["D"]),
        ("mean_of_parts", float(np.mean(inside))),
        ("averaged_not_added", float(dissimilarity(means["group"], means["rest"])[0])),
        ("other_index", float(isolation(sums["group"], sums["rest"])[0])),
        ("other_index", float(theil_h(sums["group"], sums["rest"])[0])),
        ("ten_for_all", float(dissimilarity(_ten()["group"], _ten()["rest"])[0])),
        ("half_forgotten", 2 * _wijken()),
    )
    return Answer(_wijken(), wrong, 0.0005, "index")


def change_of_d() -> Answer:
    """2.7: the change of D from the first year to the last."""
    table = lesson.d_by_year()
    first, last = table.iloc[0], table.iloc[-1]
    wrong = (
        ("sign_turned", float(first["D"] - last["D"])),
        ("level_for_change", float(last["D"])),
        ("level_for_change", float(first["D"])),
        ("growth_for_points", float(100 * (last["D"] / first["D"] - 1))),
        ("wrong_column", float(last["low"] - first["low"])),
        ("wrong_column", float(last["high"] - first["high"])),
        ("wrong_year", float(last["D"] - table["D"].iloc[1])),
        ("wrong_year", float(table["D"].iloc[-2] - first["D"])),
        ("wrong_year", float(table["D"].max() - first["D"])),
        ("wrong_year", float(last["D"] - table["D"].max())),
    )
    return Answer(float(last["D"] - first["D"]), wrong, 0.00005, "change_of_index")


def range_width() -> Answer:
    """2.8: how far D of the last year can lie from low to high."""
    last = lesson.d_by_year().iloc[-1]
    low, high, middle = float(last["low"]), float(last["high"]), float(last["D"])
    first = lesson.d_by_year().iloc[0]
    wrong = (
        ("end_for_width", high),
        ("end_for_width", low),
        ("estimate_for_range", middle),
        ("half_for_width", (high - low) / 2),
        ("one_side_only", high - middle),
        ("one_side_only", middle - low),
        ("wrong_year", float(first["high"] - first["low"])),
        ("wrong_year", float(high - first["low"])),
    )
    return Answer(high - low, wrong, 0.00005, "index")
