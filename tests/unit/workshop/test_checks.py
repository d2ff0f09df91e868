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

from kloof.findings import SAME, UNCLEAR, happened, judge
from kloof.methods.gap import ABSOLUTE, REAL, RELATIVE
from kloof_workshop import answers, checks, exercise, lesson, sketch
from kloof_workshop.checks import check, kind_of, variable
from kloof_workshop.exercise import NOT_DONE, OTHER, RIGHT, Answer

FIXED = [number for number in answers.exercises() if number[0] != "4"]


def say(number: str, value: Any, language: str = "en") -> checks.Feedback:
    return check(number, {variable(number): value, "language": language})


# Typical wrong answers as a participant makes them: worked here from the tables of the notebook, by other code than
# `answers`. Each names the kind of mistake that the check must tell.
def wrong_by_hand(number: str) -> list[tuple[str, Any]]:
    makers = {"1": wrong_gaps, "2": wrong_segregation, "3": wrong_changes, "5": wrong_readings}
    return makers[number[0]]()[number]


def weighted(table: pd.DataFrame, year: int) -> float:
    pairs = list(zip(table[f"income_{year}"], table["inhabitants"], strict=True))
    return float(sum(value * people for value, people in pairs) / sum(people for _, people in pairs))


def wrong_gaps() -> dict[str, list[tuple[str, Any]]]:
    places, lines = lesson.places(), lesson.two_lines()
    first, last = (int(lines["year"].iloc[place]) for place in (0, -1))
    then, now = f"income_{first}", f"income_{last}"
    listed, rest = places[places["listed"]], places[~places["listed"]]
    own, other = weighted(listed, last), weighted(rest, last)
    gap, gap_then = other - own, weighted(rest, first) - weighted(listed, first)
    part, part_then = 100 * gap / other, 100 * gap_then / weighted(rest, first)
    low = places[places[then] < 20]
    return {
        "1.1": [
            ("wrong_year", places[then].max()), ("wrong_column", places["inhabitants"].max()),
            ("wrong_end", places[now].min()), ("mean_for_highest", places[now].mean()),
            ("brackets_forgotten", places[now].max), ("table_for_number", places[now]),
            ("text_for_number", "51.8"), ("euro_for_thousand", 1000 * places[now].max()),
        ],
        "1.2": [
            ("all_for_listed", len(places)), ("wrong_side", len(places[places[then] >= 20])),
            ("wrong_year", len(places[places[now] < 20])), ("share_for_count", len(low) / len(places)),
            ("sum_for_count", low[then].sum()), ("cells_counted", low.size), ("table_for_number", low),
            ("truth_for_number", True),
        ],
        "1.3": [
            ("wrong_group", listed[now].mean()), ("all_for_rest", places[now].mean()),
            ("wrong_year", rest[then].mean()), ("sum_for_mean", rest[now].sum()), ("weighted_too_soon", other),
            ("brackets_forgotten", rest[now].mean), ("wrong_column", rest["inhabitants"].mean()),
        ],
        "1.4": [
            ("weights_forgotten", rest[now].mean()), ("wrong_group", own), ("wrong_year", weighted(rest, first)),
            ("all_for_rest", weighted(places, last)), ("not_divided", other * rest["inhabitants"].sum()),
            ("wrong_divisor", other * rest["inhabitants"].sum() / places["inhabitants"].sum()),
            ("divided_by_places", (rest[now] * rest["inhabitants"]).mean()), ("euro_for_thousand", 1000 * other),
            ("table_for_number", rest[now] * rest["inhabitants"]), ("not_a_number", float("nan")),
        ],
        "1.5": [
            ("weights_forgotten", rest[now].mean() - listed[now].mean()), ("sign_turned", own - other),
            ("wrong_year", gap_then), ("level_for_gap", other), ("sum_for_gap", own + other),
            ("relative_for_absolute", part), ("euro_for_thousand", 1000 * gap),
        ],
        "1.6": [
            ("absolute_for_relative", gap), ("share_for_percentage", gap / other), ("wrong_base", 100 * gap / own),
            ("sign_turned", -part), ("wrong_year", part_then), ("ratio_for_gap", 100 * own / other),
        ],
        "1.7": [
            ("growth_for_points", 100 * (gap / gap_then - 1)), ("sign_turned", gap_then - gap),
            ("level_for_change", gap), ("one_group_only", weighted(rest, last) - weighted(rest, first)),
            ("relative_for_absolute", part - part_then),
        ],
        "1.8": [
            ("growth_for_points", 100 * (part / part_then - 1)), ("absolute_for_relative", gap - gap_then),
            ("sign_turned", part_then - part), ("share_for_percentage", (part - part_then) / 100),
            ("level_for_change", part),
        ],
    }  # fmt: skip


def wrong_segregation() -> dict[str, list[tuple[str, Any]]]:
    low, counts, years = lesson.low(), lesson.counts(), lesson.d_by_year().set_index("year")
    first, last = years.index[0], years.index[-1]
    then, now = low[low["year"] == first], low[low["year"] == last]
    ten = counts.head(10)
    part = ten["group"] / ten["group"].sum() - ten["rest"] / ten["rest"].sum()
    change = years.loc[last, "D"] - years.loc[first, "D"]
    wide = years.loc[last, "high"] - years.loc[last, "low"]
    return {
        "2.1": [
            ("rows_counted", len(low)), ("buurt_for_wijk", low["wijk"].nunique()),
            ("wrong_column", low["year"].nunique()), ("known_only", now["share"].count()),
            ("brackets_forgotten", low["name"].nunique), ("table_for_number", low["name"].unique()),
        ],
        "2.2": [
            ("missing_as_zero", (then["share"] == 0).sum()), ("measured_for_missing", then["share"].count()),
            ("all_years", low["share"].isna().sum()), ("wrong_year", now["share"].isna().sum()),
            ("all_for_listed", len(then)), ("table_for_number", then["share"].isna()),
        ],
        "2.3": [
            ("rows_for_columns", ten["group"].iloc[0] / (ten["group"] + ten["rest"]).iloc[0]),
            ("percentage_for_share", 100 * ten["group"].iloc[0] / ten["group"].sum()),
            ("all_for_ten", counts["group"].iloc[0] / counts["group"].sum()),
            ("wrong_group", ten["rest"].iloc[0] / ten["rest"].sum()),
            ("count_for_share", ten["group"].iloc[0]),
        ],
        "2.4": [
            ("half_forgotten", part.abs().sum()), ("signs_cancel", part.sum() / 2),
            ("mean_for_sum", part.abs().mean() / 2), ("squares_for_size", (part**2).sum() / 2),
            ("percentage_for_share", 50 * part.abs().sum()), ("table_for_number", part.abs() / 2),
        ],
        "2.5": [
            ("ten_for_all", part.abs().sum() / 2), ("percentage_for_share", 100 * by_formula(counts)),
            ("half_forgotten", 2 * by_formula(counts)), ("table_for_number", counts),
            ("share_for_index", counts["group"].sum() / (counts["group"] + counts["rest"]).sum()),
        ],
        "2.6": [
            ("buurt_for_wijk", by_formula(counts)),
            ("mean_of_parts", np.mean([by_formula(one) for _, one in counts.groupby("wijk")])),
            ("averaged_not_added", by_formula(counts.groupby("wijk")[["group", "rest"]].mean())),
            ("ten_for_all", part.abs().sum() / 2),
        ],
        "2.7": [
            ("sign_turned", -change), ("level_for_change", years.loc[last, "D"]),
            ("growth_for_points", 100 * change / years.loc[first, "D"]),
            ("wrong_column", years.loc[last, "low"] - years.loc[first, "low"]),
        ],
        "2.8": [
            ("end_for_width", years.loc[last, "high"]), ("estimate_for_range", years.loc[last, "D"]),
            ("one_side_only", years.loc[last, "high"] - years.loc[last, "D"]), ("half_for_width", wide / 2),
            ("percentage_for_share", 100 * wide), ("below_zero", -wide),
        ],
    }  # fmt: skip


def wrong_changes() -> dict[str, list[tuple[str, Any]]]:
    lines, scales, prices = lesson.two_lines(), lesson.scales(), lesson.prices()
    was, became = lines["gap"].iloc[0], lines["gap"].iloc[-1]
    absolute = lesson.change(ABSOLUTE)
    return {
        "3.1": [
            ("prices_forgotten", was), ("figure_for_thought", became), ("wrong_year", became * prices),
            ("divided_for_multiplied", was / prices), ("rise_for_level", was * (prices - 1)),
            ("added_for_multiplied", was + prices), ("euro_for_thousand", 1000 * was * prices),
        ],
        "3.2": [
            ("prices_forgotten", became - was), ("sign_turned", was * prices - became),
            ("level_for_change", was * prices), ("growth_for_points", 100 * (became / (was * prices) - 1)),
        ],
        "3.3": [
            ("all_for_listed", len(scales)), ("wrong_side", (scales["happened"] != "GREW").sum()),
            ("share_for_count", (scales["happened"] == "GREW").mean()), ("text_for_number", "absolute"),
            ("cells_counted", scales[scales["happened"] == "GREW"].size),
        ],
        "3.4": [
            ("estimate_for_range", became - was), ("wrong_end", absolute.high), ("text_for_number", "low"),
            ("end_for_width", absolute.high - absolute.low), ("smallest_effect_for_range", 0.5),
            ("rounding_for_chance", absolute.rounding_low),
        ],
        "3.5": [
            ("direction_from_estimate", "LOWER"), ("unclear_is_not_same", SAME), ("verdict_for_judgement", "UNDECIDED"),
            ("absolute_for_relative", "HIGHER"), ("happened_for_judgement", "SHRANK"), ("not_a_choice", "MAYBE"),
            ("number_for_word", -2.6),
        ],
        "3.6": experiment_mistakes(0), "3.7": experiment_mistakes(1), "3.8": calibrated_mistakes(),
    }  # fmt: skip


def wrong_readings() -> dict[str, list[tuple[str, Any]]]:
    parts = lesson.parts()
    said = parts[parts["counts"]]
    untested = (parts["verdict"] == "NOT_TESTABLE").sum()
    return {
        "5.1": [
            ("all_for_listed", len(parts)), ("wrong_side", (parts["verdict"] != "SUPPORTED").sum()),
            ("other_verdict", (parts["verdict"] == "CONTRADICTED").sum()), ("no_say", len(said)),
            ("share_for_count", 1 / len(parts)),
        ],
        "5.2": [
            ("no_say", (parts["verdict"] == "SUPPORTED").sum()), ("all_for_listed", len(said)),
            ("other_verdict", (said["verdict"] == "CONTRADICTED").sum()),
        ],
        "5.3": [
            ("count_for_share", untested), ("share_for_percentage", untested / len(parts)),
            ("rest_of_part", 100 - 100 * untested / len(parts)), ("wrong_base", 100 * untested / len(said)),
        ],
        "5.4": [
            ("wrong_side", (parts["agree"] == parts["of"]).sum()), ("all_for_listed", (parts["of"] > 0).sum()),
            ("share_for_count", (parts["agree"] < parts["of"]).mean()),
        ],
        "5.5": [
            ("part_for_whole", "SUPPORTED"), ("judgement_for_verdict", "UNCLEAR"), ("testable_it_was", "NOT_TESTABLE"),
            ("not_a_choice", "PARTLY"),
        ],
        "5.6": [
            ("no_say", "A"), ("part_for_whole", "B"), ("no_proof_no_change", "D"), ("not_a_choice", "E"),
            ("number_for_word", 3),
        ],
    }  # fmt: skip


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
            ("chosen_on_truth", gap("year_1", "truth")), ("wrong_year", gap("year_2", "year_1")),
            ("sign_turned", -gap("year_1", "year_1")), ("truth_for_figures", gap("truth", "year_1")),
        ]  # fmt: skip
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
    assert say("3.5", " unclear ").kind == RIGHT


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
        for name in ("checks", "answers", "answers_change", "answers_own", "answers_reading")
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
    """What the texts say in words, without a number: if it no longer holds, rewrite them."""
    absolute, relative, real = (lesson.change(measure) for measure in (ABSOLUTE, RELATIVE, REAL))
    assert (judge(absolute), judge(relative), happened(relative)) == ("HIGHER", UNCLEAR, "SHRANK")
    assert (real.rounding_high or 0) < 0  # the gap grew less than prices alone would have made it
    assert answers.fixed("3.2").right == pytest.approx(real.estimate)  # by hand what the report calls real
    places, lines = lesson.places(), lesson.two_lines()
    listed, rest = (places[places["listed"] == side] for side in (True, False))
    now = f"income_{lines['year'].iloc[-1]}"
    assert abs(weighted(listed, 2023) - listed[now].mean()) < 0.05 < rest[now].mean() - weighted(rest, 2023)
    right = {number: float(answers.fixed(number).right) for number in ("2.5", "2.6", "2.7", "2.8", "3.7")}
    assert right["2.6"] < right["2.5"]  # the coarser scale hides
    assert abs(right["2.7"]) < right["2.8"]  # less than the source leaves open
    assert right["3.7"] < 0  # the list seems to recover
    parts = lesson.parts().set_index("part")
    assert list(parts.index[parts["verdict"] == "SUPPORTED"]) == ["mean_dwelling_value.absolute"]
    said = parts.loc[parts["counts"], "verdict"].value_counts()
    assert (said["MIXED"], said["CONTRADICTED"] > 1, said["NEGLIGIBLE"] > 1) == (1, True, True)
    in_proportion = parts.loc[["mean_income_per_inhabitant.relative", "mean_dwelling_value.relative"], "verdict"]
    assert not in_proportion.isin(["SUPPORTED", "MIXED"]).any()


def test_a_scale_below_zero_has_its_lines_too() -> None:
    drawn = sketch.lines("t", [0, 1], [("a", [-3.0, 5.0])], comma=",")
    assert re.findall(r">(-?\d+)</text>", drawn)[:6] == ["-4", "-2", "0", "2", "4", "6"]
    spots = [float(y) for y in re.findall(r'cy="([0-9.-]+)"', drawn)]
    lines = [float(y) for y in re.findall(r'x2="[0-9.]+" y1="([0-9.-]+)"', drawn)]
    assert lines[-1] < spots[1] < spots[0] < lines[0]  # upwards, and each within the scale
    assert lines[-1] == sketch.TOP  # nothing is drawn above the picture
