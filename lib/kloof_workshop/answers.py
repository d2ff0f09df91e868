"""The right answer of every exercise of the workshop, and what typical mistakes come to: all computed from the data.

Sessions 1 and 2 are here, 3 in `answers_change`, 4 in `answers_own`; `checks` compares.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from kloof.measures.bounds import dissimilarity_range
from kloof.measures.two_groups import dissimilarity, interaction, isolation, theil_h
from kloof.study.panel import series
from kloof_workshop import answers_change, answers_own, lesson
from kloof_workshop.exercise import Answer

Makers = Mapping[str, Callable[[], Answer]]


@cache
def _makers() -> Makers:
    return {
        "1.1": listed,
        "1.2": missing,
        "1.3": mean_listed,
        "1.4": gap_absolute,
        "1.5": gap_relative,
        "1.6": change_absolute,
        "1.7": change_relative,
        "1.8": strongest_pull,
        "2.1": part_of_group,
        "2.2": by_hand,
        "2.3": by_library,
        "2.4": isolated,
        "2.5": entropy,
        "2.6": by_wijk,
        "2.7": range_width,
        "2.8": households_to_move,
        **answers_change.MAKERS_OF_CHANGE,
    }


def exercises() -> tuple[str, ...]:
    """Name all exercises, in order."""
    return (*_makers(), *answers_own.MAKERS_OF_OWN)


def answer(number: str, names: Mapping[str, Any]) -> Answer:
    """Give the answer to an exercise; those of session 4 depend on what the participant registered (`names`)."""
    if number in answers_own.MAKERS_OF_OWN:
        return answers_own.MAKERS_OF_OWN[number](names)
    return fixed(number)


@cache
def fixed(number: str) -> Answer:
    """Compute the answer to an exercise on the embedded figures, once."""
    return _makers()[number]()


def listed() -> Answer:
    """1.1: the number of buurten on the list."""
    study, table = lesson.study(), lesson.tidy()
    every, chosen = len(study.data.units()), len(study.focus.codes)
    rows = int(table["listed"].sum())
    wrong = (
        ("all_for_listed", every),
        ("wrong_group", every - chosen),
        ("rows_counted", rows),
        ("rows_counted", rows // 2),
        ("rows_counted", len(table)),
        ("share_for_count", chosen / every),
        ("share_for_count", 100 * chosen / every),
    )
    return Answer(chosen, wrong, 0.001)


def missing() -> Answer:
    """1.2: the number of buurten without a dwelling value in the first year."""
    study = lesson.study()
    first = lesson.panel().years[0]
    table = series(study.data, study.known, lesson.DWELLINGS)
    table = table[table["year"].between(study.p.year_from, study.p.year_to)]
    own = table[table["year"] == first]
    empty = int(own["value"].isna().sum())
    last = table[table["year"] == lesson.panel().years[-1]]
    wrong = (
        ("missing_as_zero", 0),
        ("measured_for_missing", len(own) - empty),
        ("all_years", int(table["value"].isna().sum())),
        ("wrong_year", int(last["value"].isna().sum())),
        ("all_for_listed", len(own)),
        ("share_for_count", empty / len(own)),
        ("share_for_count", 100 * empty / len(own)),
    )
    return Answer(empty, wrong, 0.001)


def _means(place: int, side: str, *, weighted: bool = True) -> float:
    """Give the mean dwelling value of a side (listed, rest, all) in the year at a place of the panel."""
    kept = lesson.panel()
    weight = kept.weight if weighted else np.ones(len(kept.weight))
    inside = {"listed": kept.is_focus, "rest": ~kept.is_focus, "all": np.ones(len(weight), bool)}[side]
    return float(np.average(kept.value[inside, place], weights=weight[inside]))


def gap_at(place: int, *, weighted: bool = True) -> float:
    """Give the rest minus the listed buurten in the year at a place of the panel, thousand euro."""
    return _means(place, "rest", weighted=weighted) - _means(place, "listed", weighted=weighted)


def relative_at(place: int, *, weighted: bool = True, base: str = "rest") -> float:
    """Give the gap in percent of the level of a side."""
    return 100 * gap_at(place, weighted=weighted) / _means(place, base, weighted=weighted)


def mean_listed() -> Answer:
    """1.3: the mean dwelling value of the listed buurten in the last year, weighted by households."""
    kept = lesson.panel()
    total = float(kept.value[kept.is_focus, -1] @ kept.weight[kept.is_focus])
    wrong = (
        ("weights_forgotten", _means(-1, "listed", weighted=False)),
        ("wrong_group", _means(-1, "rest")),
        ("all_for_listed", _means(-1, "all")),
        ("wrong_year", _means(0, "listed")),
        ("all_for_listed", _means(-1, "all", weighted=False)),
        ("wrong_group", _means(-1, "rest", weighted=False)),
        ("wrong_divisor", total / kept.weight.sum()),
    )
    return Answer(_means(-1, "listed"), wrong, 0.05, "thousand_euro")


def gap_absolute() -> Answer:
    """1.4: the absolute gap in the last year."""
    wrong = (
        ("weights_forgotten", gap_at(-1, weighted=False)),
        ("relative_for_absolute", relative_at(-1)),
        ("relative_for_absolute", relative_at(-1) / 100),
        ("wrong_year", gap_at(0)),
        ("level_for_gap", _means(-1, "rest")),
        ("level_for_gap", _means(-1, "listed")),
        ("all_for_rest", _means(-1, "all") - _means(-1, "listed")),
    )
    return Answer(gap_at(-1), wrong, 0.05, "thousand_euro")


def gap_relative() -> Answer:
    """1.5: the gap in the last year in percent of the rest."""
    wrong = (
        ("absolute_for_relative", gap_at(-1)),
        ("wrong_base", relative_at(-1, base="listed")),
        ("wrong_base", relative_at(-1, base="all")),
        ("weights_forgotten", relative_at(-1, weighted=False)),
        ("wrong_year", relative_at(0)),
        ("ratio_for_gap", 100 - relative_at(-1)),
    )
    return Answer(relative_at(-1), wrong, 0.05, "percent")


def change_absolute() -> Answer:
    """1.6: the change of the absolute gap from the first year to the last."""
    wrong = (
        ("growth_for_points", 100 * (gap_at(-1) / gap_at(0) - 1)),
        ("level_for_change", gap_at(-1)),
        ("relative_for_absolute", relative_at(-1) - relative_at(0)),
        ("weights_forgotten", gap_at(-1, weighted=False) - gap_at(0, weighted=False)),
        ("one_group_only", _means(-1, "listed") - _means(0, "listed")),
        ("one_group_only", _means(-1, "rest") - _means(0, "rest")),
    )
    return Answer(gap_at(-1) - gap_at(0), wrong, 0.05, "thousand_euro")


def change_relative() -> Answer:
    """1.7: the change of the relative gap, in percentage points."""
    wrong = (
        ("growth_for_points", 100 * (relative_at(-1) / relative_at(0) - 1)),
        ("absolute_for_relative", gap_at(-1) - gap_at(0)),
        ("absolute_for_relative", 100 * (gap_at(-1) / gap_at(0) - 1)),
        ("level_for_change", relative_at(-1)),
        ("weights_forgotten", relative_at(-1, weighted=False) - relative_at(0, weighted=False)),
        ("wrong_base", relative_at(-1, base="listed") - relative_at(0, base="listed")),
    )
    return Answer(relative_at(-1) - relative_at(0), wrong, 0.05, "points")


def strongest_pull() -> Answer:
    """1.8: the listed buurt that changes the gap of the last year most when it is left out."""
    table = lesson.homes()
    own = table[table["listed"]].reset_index(drop=True)
    value, weight = own[f"value_{lesson.panel().years[-1]}"], own["households"]
    mean = float(np.average(value, weights=weight))
    without = np.array([np.average(value.drop(row), weights=weight.drop(row)) for row in own.index])
    plain = np.array([value.drop(row).mean() for row in own.index]) - value.mean()
    right = str(own["name"][int(np.abs(without - mean).argmax())])
    typical = (
        ("largest_pulls", own["name"][int(weight.argmax())]),
        ("lowest_pulls", own["name"][int(value.argmin())]),
        ("highest_pulls", own["name"][int(value.argmax())]),
        ("weights_forgotten", own["name"][int(np.abs(plain).argmax())]),
        ("least_for_most", own["name"][int(np.abs(without - mean).argmin())]),
    )
    wrong = [(kind, str(name)) for kind, name in typical if name != right]
    wrong += [("wrong_group", str(name)) for name in table.loc[~table["listed"], "name"]]
    return Answer(right, tuple(wrong), unit="name", choices=tuple(lesson.tidy()["name"].unique()))


def _ten() -> pd.DataFrame:
    return lesson.counts().head(lesson.TEN)


def part_of_group() -> Answer:
    """2.1: the part of the group of the ten buurten that lives in the first of them."""
    ten = _ten()
    group, rest = ten["group"].to_numpy(), ten["rest"].to_numpy()
    everyone = group + rest
    wrong = (
        ("rows_for_columns", group[0] / everyone[0]),
        ("wrong_group", rest[0] / rest.sum()),
        ("everyone_for_group", everyone[0] / everyone.sum()),
        ("all_for_ten", group[0] / lesson.counts()["group"].sum()),
        ("count_for_share", group[0]),
    )
    return Answer(float(group[0] / group.sum()), wrong, 0.0005, "share")


def by_hand() -> Answer:
    """2.2: D of the ten buurten, from the formula."""
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
        ("squares_for_size", float((apart**2).sum() / 2)),
        ("all_for_ten", float(dissimilarity(*_all())[0])),
    )
    return Answer(float(dissimilarity(group, rest)[0]), wrong, 0.0005, "index")


def _all() -> tuple[np.ndarray, np.ndarray]:
    counts = lesson.group_counts()
    return counts.group, counts.rest


def _other_indices() -> dict[str, float]:
    group, rest = _all()
    return {
        "D": float(dissimilarity(group, rest)[0]),
        "isolation": float(isolation(group, rest)[0]),
        "interaction": float(interaction(group, rest)[0]),
        "H": float(theil_h(group, rest)[0]),
        "share": float(group.sum() / (group.sum() + rest.sum())),
    }


def by_library() -> Answer:
    """2.3: D of all buurten that have figures."""
    found = _other_indices()
    wrong = (
        ("ten_for_all", float(dissimilarity(_ten()["group"], _ten()["rest"])[0])),
        ("half_forgotten", 2 * found["D"]),
        ("other_index", found["isolation"]),
        ("other_index", found["H"]),
        ("buurt_for_wijk", _wijken()),
    )
    return Answer(found["D"], wrong, 0.0005, "index")


def isolated() -> Answer:
    """2.4: the isolation index of the group."""
    found, (group, rest) = _other_indices(), _all()
    own_share = group / (group + rest)
    wrong = (
        ("share_for_isolation", found["share"]),
        ("other_index", found["D"]),
        ("other_index", found["H"]),
        ("interaction_for_isolation", found["interaction"]),
        ("weights_forgotten", float(own_share.mean())),
        ("wrong_group", float(isolation(rest, group)[0])),
    )
    return Answer(found["isolation"], wrong, 0.0005, "share")


def entropy() -> Answer:
    """2.5: Theil's H of the group."""
    found, ten = _other_indices(), _ten()
    wrong = (
        ("other_index", found["D"]),
        ("other_index", found["isolation"]),
        ("ten_for_all", float(theil_h(ten["group"], ten["rest"])[0])),
        ("complement", 1 - found["H"]),
    )
    return Answer(found["H"], wrong, 0.0005, "index")


def _wijken() -> float:
    table = lesson.counts().groupby("wijk")[["group", "rest"]].sum()
    return float(dissimilarity(table["group"], table["rest"])[0])


def by_wijk() -> Answer:
    """2.6: D over wijken instead of buurten."""
    table = lesson.counts()
    inside = [float(dissimilarity(part["group"], part["rest"])[0]) for _, part in table.groupby("wijk")]
    first = table.groupby("wijk")[["group", "rest"]].mean()
    wrong = (
        ("buurt_for_wijk", _other_indices()["D"]),
        ("mean_of_parts", float(np.mean(inside))),
        ("averaged_not_added", float(dissimilarity(first["group"], first["rest"])[0])),
        ("ten_for_all", float(dissimilarity(_ten()["group"], _ten()["rest"])[0])),
    )
    return Answer(_wijken(), wrong, 0.0005, "index")


def rounding_ends() -> tuple[float, float]:
    """Give the lowest and highest D that the rounding of the measured buurten allows."""
    counts = lesson.group_counts()
    measured = len(counts.group)
    found = dissimilarity_range(
        counts.group_low[:measured],
        counts.group_high[:measured],
        counts.rest_low[:measured],
        counts.rest_high[:measured],
    )
    return found.low, found.high


def full_ends() -> tuple[float, float]:
    """Give the lowest and highest D when the buurten without figures may hold anything."""
    counts = lesson.group_counts()
    found = dissimilarity_range(counts.group_low, counts.group_high, counts.rest_low, counts.rest_high)
    return found.low, found.high


def range_width() -> Answer:
    """2.7: how far D can lie from low to high when the missing buurten may hold anything."""
    (low, high), (tight_low, tight_high), middle = full_ends(), rounding_ends(), _other_indices()["D"]
    wrong = (
        ("end_for_width", high),
        ("end_for_width", low),
        ("estimate_for_range", middle),
        ("missing_as_zero", tight_high - tight_low),
        ("half_for_width", (high - low) / 2),
        ("one_side_only", high - middle),
        ("one_side_only", middle - low),
    )
    return Answer(high - low, wrong, 0.0005, "index")


def households_to_move() -> Answer:
    """2.8: the households of the group that would have to move to get the same share everywhere."""
    group, rest = _all()
    found = _other_indices()
    wrong = (
        ("everyone_for_group", found["D"] * float(group.sum() + rest.sum())),
        ("wrong_group", found["D"] * float(rest.sum())),
        ("share_for_count", found["D"]),
        ("half_for_width", found["D"] * float(group.sum()) / 2),
        ("ten_for_all", float(dissimilarity(_ten()["group"], _ten()["rest"])[0] * _ten()["group"].sum())),
        ("all_for_listed", float(group.sum())),
    )
    return Answer(found["D"] * float(group.sum()), wrong, 0.6)
