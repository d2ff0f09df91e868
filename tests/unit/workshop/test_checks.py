"""Checks that teach: the right answer of every exercise passes, every typical mistake gets its own kind."""

import csv
import math
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kloof.findings import SAME, UNCLEAR, judge
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof_workshop import answers, checks, exercise, lesson, sketch
from kloof_workshop.checks import check, kind_of, variable
from kloof_workshop.exercise import NOT_DONE, OTHER, RIGHT, Answer

FIXED = [number for number in answers.exercises() if number[0] in "123"]


def say(number: str, value: Any, language: str = "en") -> checks.Feedback:
    return check(number, {variable(number): value, "language": language})


# Typical wrong answers as a participant makes them: worked here from the tables of the notebook, by other code than
# `answers`. Each names the kind of mistake that the check must tell.
def wrong_by_hand(number: str) -> list[tuple[str, Any]]:
    tidy, homes, lines, counts = lesson.tidy(), lesson.homes(), lesson.two_lines(), lesson.counts()
    first, last = (int(lines["year"].iloc[place]) for place in (0, -1))
    listed, rest = homes[homes["listed"]], homes[~homes["listed"]]
    value = f"value_{last}"
    own, other = lines.iloc[-1], lines.iloc[0]
    ten = counts.head(10)
    part = ten["group"] / ten["group"].sum() - ten["rest"] / ten["rest"].sum()
    by_gap = lines["gap"].to_numpy()
    gap = lines.set_index("year")["gap"]
    values = tidy[tidy["indicator"] == "mean_dwelling_value"]
    table: dict[str, list[tuple[str, Any]]] = {
        "1.1": [
            ("all_for_listed", tidy["name"].nunique()),
            ("rows_counted", int(tidy["listed"].sum())),
            ("wrong_group", tidy.loc[~tidy["listed"], "name"].nunique()),
            ("share_for_count", tidy.groupby("name")["listed"].first().mean()),
            ("text_for_number", "11"),
            ("truth_for_number", True),
        ],
        "1.2": [
            ("missing_as_zero", int((values.loc[values["year"] == first, "value"] == 0).sum())),
            ("measured_for_missing", int(values.loc[values["year"] == first, "value"].count())),
            ("all_years", int(values["value"].isna().sum())),
            ("wrong_year", int(values.loc[values["year"] == last, "value"].isna().sum())),
            ("table_for_number", values["value"].isna()),
        ],
        "1.3": [
            ("weights_forgotten", listed[value].mean()),
            ("wrong_group", float(np.average(rest[value], weights=rest["households"]))),
            ("wrong_year", float(np.average(listed[f"value_{first}"], weights=listed["households"]))),
            ("euro_for_thousand", 1000 * own["listed"]),
            ("not_a_number", float("nan")),
            ("table_for_number", listed[value]),
        ],
        "1.4": [
            ("weights_forgotten", rest[value].mean() - listed[value].mean()),
            ("relative_for_absolute", own["relative"]),
            ("sign_turned", own["listed"] - own["rest"]),
            ("wrong_year", other["gap"]),
            ("euro_for_thousand", 1000 * own["gap"]),
        ],
        "1.5": [
            ("absolute_for_relative", own["gap"]),
            ("share_for_percentage", own["gap"] / own["rest"]),
            ("wrong_base", 100 * own["gap"] / own["listed"]),
            ("sign_turned", -own["relative"]),
            ("wrong_year", other["relative"]),
        ],
        "1.6": [
            ("growth_for_points", 100 * (own["gap"] / other["gap"] - 1)),
            ("sign_turned", other["gap"] - own["gap"]),
            ("level_for_change", own["gap"]),
            ("one_group_only", own["listed"] - other["listed"]),
        ],
        "1.7": [
            ("growth_for_points", 100 * (own["relative"] / other["relative"] - 1)),
            ("absolute_for_relative", own["gap"] - other["gap"]),
            ("sign_turned", other["relative"] - own["relative"]),
            ("share_for_percentage", (own["relative"] - other["relative"]) / 100),
        ],
        "1.8": [
            ("highest_pulls", listed.loc[listed[value].idxmax(), "name"]),
            ("lowest_pulls", listed.loc[listed[value].idxmin(), "name"]),
            ("wrong_group", str(rest["name"].iloc[0])),
            ("number_for_word", 3),
            ("not_a_choice", "Duckstad"),
            ("table_for_word", listed["name"]),
        ],
        "2.1": [
            ("rows_for_columns", ten["group"].iloc[0] / (ten["group"] + ten["rest"]).iloc[0]),
            ("percentage_for_share", 100 * ten["group"].iloc[0] / ten["group"].sum()),
            ("all_for_ten", counts["group"].iloc[0] / counts["group"].sum()),
            ("count_for_share", ten["group"].iloc[0]),
        ],
        "2.2": [
            ("half_forgotten", part.abs().sum()),
            ("signs_cancel", part.sum() / 2),
            ("mean_for_sum", part.abs().mean() / 2),
            ("percentage_for_share", 50 * part.abs().sum()),
        ],
        "2.3": [
            ("ten_for_all", part.abs().sum() / 2),
            ("percentage_for_share", 100 * by_formula(counts)),
            ("half_forgotten", 2 * by_formula(counts)),
            ("table_for_number", counts),
        ],
        "2.4": [
            ("share_for_isolation", counts["group"].sum() / (counts["group"] + counts["rest"]).sum()),
            ("other_index", by_formula(counts)),
            ("weights_forgotten", (counts["group"] / (counts["group"] + counts["rest"])).mean()),
        ],
        "2.5": [
            ("other_index", by_formula(counts)),
            ("percentage_for_share", 100 * answers.fixed("2.5").right),
            ("sign_turned", -answers.fixed("2.5").right),
        ],
        "2.6": [
            ("buurt_for_wijk", by_formula(counts)),
            ("mean_of_parts", np.mean([by_formula(part) for _, part in counts.groupby("wijk")])),
            ("averaged_not_added", by_formula(counts.groupby("wijk")[["group", "rest"]].mean())),
        ],
        "2.7": [
            ("estimate_for_range", by_formula(counts)),
            ("end_for_width", answers.full_ends()[1]),
            ("percentage_for_share", 100 * (answers.full_ends()[1] - answers.full_ends()[0])),
        ],
        "2.8": [
            ("everyone_for_group", by_formula(counts) * (counts["group"] + counts["rest"]).sum()),
            ("share_for_count", by_formula(counts)),
            ("all_for_listed", counts["group"].sum()),
        ],
        "3.1": experiment_mistakes(0),
        "3.2": experiment_mistakes(1),
        "3.3": [
            ("estimate_for_range", gap[last] - gap[first]),
            ("text_for_number", "low"),
            ("sign_turned", -answers.fixed("3.3").right),
        ],
        "3.4": [
            ("direction_from_estimate", "LOWER"),
            ("unclear_is_not_same", SAME),
            ("verdict_for_judgement", "UNDECIDED"),
            ("absolute_for_relative", "HIGHER"),
            ("not_a_choice", "MAYBE"),
        ],
        "3.5": [
            ("all_years", np.polyfit(lines["year"], by_gap, 1)[0]),
            ("ends_for_line", (gap[2021] - gap[first]) / (2021 - first)),
            ("intercept_for_slope", np.polyfit(lines["year"][:7], by_gap[:7], 1)[1]),
            ("table_for_number", np.polyfit(lines["year"][:7], by_gap[:7], 1)),
        ],
        "3.6": [
            ("level_for_change", 100 * gap[2021] / gap[last]),
            ("share_for_percentage", (gap[2021] - gap[first]) / (gap[last] - gap[first])),
            ("year_of_table", 100 * (gap[2020] - gap[first]) / (gap[last] - gap[first])),
            ("rest_of_part", 100 * (gap[last] - gap[2021]) / (gap[last] - gap[first])),
        ],
        "3.7": calibrated_mistakes(),
        "3.8": [
            ("same_list", gap[last] - gap[first]),
            ("sign_turned", -answers.fixed("3.8").right),
            ("euro_for_thousand", 1000 * answers.fixed("3.8").right),
        ],
    }  # fmt: skip
    return table[number]


def by_formula(table: pd.DataFrame) -> float:
    """D written out: half the sum of the sizes of the differences."""
    a, b = list(table["group"]), list(table["rest"])
    return sum(abs(x / sum(a) - y / sum(b)) for x, y in zip(a, b, strict=True)) / 2


def experiment_mistakes(which: int) -> list[tuple[str, Any]]:
    from kloof_workshop import experiments

    world = experiments.world("en")

    def gap(year: str, by: str) -> float:
        low = set(world.sort_values(by)["name"].head(11))
        inside = world["name"].isin(low)
        return world.loc[~inside, year].mean() - world.loc[inside, year].mean()

    if which == 0:
        return [
            ("chosen_on_truth", gap("year_1", "truth")),
            ("wrong_year", gap("year_2", "year_1")),
            ("sign_turned", -gap("year_1", "year_1")),
            ("truth_for_figures", gap("truth", "year_1")),
        ]
    return [
        ("chosen_anew", gap("year_2", "year_2") - gap("year_1", "year_1")),
        ("sign_turned", gap("year_1", "year_1") - gap("year_2", "year_1")),
        ("level_for_change", gap("year_2", "year_1")),
        ("truth_for_figures", 0),
    ]


def calibrated_mistakes() -> list[tuple[str, Any]]:
    path = Path(__file__).parents[3] / "data" / "gap_calibration.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [
            row
            for row in csv.DictReader(lines)
            if (row["test"], row["measure"], row["years"], row["buurten"], row["focus"])
            == ("ends", "absolute", "8", "56", "11")
        ]
    share = {(row["switch"], row["judgement"]): float(row["share"]) for row in rows}
    return [
        ("one_side_only", share["off", "HIGHER"]),
        ("unclear_is_no_error", share["off", "UNCLEAR"]),
        ("power_for_error", share["on_1x", "HIGHER"]),
        ("share_for_percentage", (share["off", "HIGHER"] + share["off", "LOWER"]) / 100),
    ]


@pytest.mark.parametrize("number", FIXED)
def test_typical_mistakes_get_their_own_kind(number: str) -> None:
    typical = wrong_by_hand(number)
    assert len({kind for kind, _ in typical}) >= 3
    for kind, value in typical:
        told = say(number, value)
        assert told.kind == kind, f"{value} was told to be {told.kind}"
        assert exercise.words()["kind"][kind]["title_en"] in told


@pytest.mark.parametrize("number", FIXED)
def test_every_mistake_in_the_table_is_told_and_none_passes(number: str) -> None:
    answer = answers.fixed(number)
    assert len({kind for kind, _ in answer.wrong}) >= 3
    for kind, value in answer.wrong:
        told = kind_of(value, answer)
        same_number = [other for other, same in answer.wrong if same == value or close(same, value, answer)]
        assert told != RIGHT
        assert told in (kind, *same_number[:1])


def close(one: Any, other: Any, answer: Answer) -> bool:
    return not isinstance(one, str) and not isinstance(other, str) and abs(one - other) <= answer.within


@pytest.mark.parametrize("number", [number for number in FIXED if not isinstance(answers.fixed(number).right, str)])
def test_the_right_number_passes_as_it_may_be_written_and_not_beyond_the_tolerance(number: str) -> None:
    answer = answers.fixed(number)
    right = float(answer.right)
    for given_ in (right, np.float64(right), round(right, 4), right + 0.9 * answer.within, right - 0.9 * answer.within):
        assert say(number, given_).kind == RIGHT
    assert say(number, right + 1.5 * answer.within + 1e-6).kind != RIGHT
    assert say(number, right + 5 * answer.within).kind in ("rounded_too_much", *[kind for kind, _ in answer.wrong])
    assert say(number, 1.37 * right + 1000.7).kind == OTHER


@pytest.mark.parametrize("number", FIXED)
def test_nothing_done_is_said_kindly_in_both_languages(number: str) -> None:
    for language, words in (("nl", "Nog niet gedaan"), ("en", "Not done yet")):
        for nothing in (..., None):
            told = say(number, nothing, language)
            assert told.kind == NOT_DONE
            assert words in told
        assert check(number, {"language": language}).kind == NOT_DONE


@pytest.mark.parametrize("odd", ["", "abc", [], {}, object(), math.inf, -math.inf, pd.NA, pd.NaT, np.array([1, 2]), 1j])
def test_odd_answers_never_pass_and_never_stop_the_check(odd: Any) -> None:
    for number in FIXED:
        assert say(number, odd).kind not in (RIGHT, NOT_DONE)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_far_from_right_passes(number: float) -> None:
    answer = Answer(12.5, (("wrong_year", 20.0),), 0.05, "percent")
    assert (kind_of(number, answer) == RIGHT) == (abs(number - 12.5) <= 0.05 + 1e-9 * 12.5)


def test_words_may_be_typed_in_any_case_and_with_spaces() -> None:
    assert say("3.4", " unclear ").kind == RIGHT


def test_an_exercise_that_does_not_exist_is_said_with_those_that_do() -> None:
    told = check("1.9", {"language": "nl"})
    assert told.kind == "unknown"
    assert "Opgave 1.9 bestaat niet" in told
    assert "1.8" in told


def test_no_message_gives_an_answer_away() -> None:
    table = exercise.words()
    for kind, entry in table["kind"].items():
        for language in ("nl", "en"):
            text = entry[language] + entry[f"title_{language}"]
            assert not re.search(r"\d", text), f"{kind} holds a number: {text}"
    shown = re.compile(r"\*\*\d\.\d\*\*|`answer_\d_\d`")
    for number in FIXED:
        for _, value in answers.fixed(number).wrong:
            said = shown.sub("", say(number, value))
            assert not re.search(r"\d", said)
            assert not isinstance(answers.fixed(number).right, str) or str(answers.fixed(number).right) not in said


def test_every_kind_has_words_in_both_languages_and_is_used() -> None:
    table = exercise.words()["kind"]
    used = {kind for number in FIXED for kind, _ in answers.fixed(number).wrong}
    used |= {kind for slips in checks.SLIPS.values() for kind, _ in slips} | {OTHER, "rounded_too_much", "not_a_choice"}
    source = "".join(
        (Path(checks.__file__).parent / f"{name}.py").read_text()
        for name in ("checks", "answers", "answers_change", "answers_own")
    )
    for kind, entry in table.items():
        assert set(entry) == {"nl", "en", "title_nl", "title_en"}
        assert all(entry.values())
        assert kind in used or f'"{kind}"' in source, f"{kind} is never told"
    assert used <= set(table)


def test_the_file_of_words_is_valid_and_pairs_every_language() -> None:
    path = Path(checks.__file__).with_name("workshop.toml")
    lone: list[str] = []

    def walk(entry: Any, name: str) -> None:
        if not isinstance(entry, dict):
            return
        pairs: dict[str, set[str]] = {}
        for key in entry:
            if found := re.fullmatch(r"(?:(.*)_)?(nl|en)", key):
                pairs.setdefault(found[1] or "", set()).add(found[2])
        lone.extend(f"{name}.{stem}" for stem, languages in pairs.items() if languages != {"nl", "en"})
        for key, inside in entry.items():
            walk(inside, f"{name}.{key}")

    walk(tomllib.loads(path.read_text(encoding="utf-8")), "")
    assert lone == []


def test_the_story_still_holds() -> None:
    """The texts say that the gap grew in euros and that in proportion it can't be told: if not, rewrite them."""
    from kloof_workshop import answers_change

    assert judge(answers_change.change(ABSOLUTE)) == "HIGHER"
    assert judge(answers_change.change(RELATIVE)) == UNCLEAR
    assert answers.fixed("3.2").right < 0  # the list seems to recover
    assert answers.fixed("2.6").right < answers.fixed("2.3").right  # the coarser scale hides
    assert answers.fixed("3.6").right > 50  # most of it was there before


def test_a_scale_below_zero_has_its_lines_too() -> None:
    drawn = sketch.lines("t", [0, 1], [("a", [-3.0, 5.0])], comma=",")
    assert re.findall(r">(-?\d+)</text>", drawn)[:6] == ["-4", "-2", "0", "2", "4", "6"]
    spots = [float(y) for y in re.findall(r'cy="([0-9.-]+)"', drawn)]
    lines = [float(y) for y in re.findall(r'x2="[0-9.]+" y1="([0-9.-]+)"', drawn)]
    assert lines[-1] < spots[1] < spots[0] < lines[0]  # upwards, and each within the scale
    assert lines[-1] == sketch.TOP  # nothing is drawn above the picture
