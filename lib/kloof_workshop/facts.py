"""The figures that the texts of the workshop quote, written in their language: none of them is typed by hand."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np

from kloof.measures.registry import INDICES
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.study import claims
from kloof.words.numbers import SPACE, digits, number
from kloof_workshop import answers, answers_change, experiments, lesson
from kloof_workshop.checks import variable
from kloof_workshop.exercise import Answer, word_of, words
from kloof_workshop.steps import Count, Need

START_OF_DAY = 13 * 60  # minutes after midnight: an afternoon
WELCOME, BREAK, CLOSING = 10, 10, 10
BREAK_AFTER = (1, 2, 3)
OWN_HYPOTHESIS = 4  # the session whose answers depend on what was registered
FINE = 0.0001  # below this tolerance an exercise asks for four decimals
AT_CHOICE = (5,)  # sessions that are not part of the afternoon
SIX_COLUMNS = "\n" + "| --- " * 6 + "|"
LABELS = {
    "nl": {
        "welcome": "Welkom, laptops nakijken (`kloof workshop doctor`)",
        "break": "Pauze",
        "closing": "Afsluiting: wat neem je mee, en wat mag je morgen zeggen?",
        "story": "verhaal aan het scherm",
        "exercises": "oefenen in tweetallen",
        "talk": "nabespreken, en speling",
        "steps": "| sessie | verhaal | voorbeelden en opgaven | nabespreken | samen | speling |" + SIX_COLUMNS,
        "needs": "| opgave | wat nodig is (voorgedaan vóór opgave) |\n| --- | --- |",
        "session": "Sessie {n}: {part}",
        "head": "| tijd | minuten | wat |\n| --- | --- | --- |",
        "answers": "| opgave | antwoord | `variabele` | woord | herkende vergissingen |\n| --- | --- | --- | --- | --- |",  # noqa: E501
        "depends": "hangt af van de hypothese",
        "glossary": "| index | wat het zegt | zwakke plek | formule |\n| --- | --- | --- | --- |",
    },
    "en": {
        "welcome": "Welcome, check the laptops (`kloof workshop doctor`)",
        "break": "Break",
        "closing": "Closing: what do you take home, and what may you say tomorrow?",
        "story": "story at the screen",
        "exercises": "exercises in pairs",
        "talk": "discussion, and slack",
        "steps": "| session | story | examples and exercises | discussion | together | slack |" + SIX_COLUMNS,
        "needs": "| exercise | what it needs (shown before exercise) |\n| --- | --- |",
        "session": "Session {n}: {part}",
        "head": "| time | minutes | what |\n| --- | --- | --- |",
        "answers": "| exercise | answer | `variable` | word | mistakes recognised |\n| --- | --- | --- | --- | --- |",
        "depends": "depends on the hypothesis",
        "glossary": "| index | what it says | weakness | formula |\n| --- | --- | --- | --- |",
    },
}  # fmt: skip


@cache
def figures(language: str) -> dict[str, str]:
    """Compute every figure that a story quotes and write it in a language; years and counts are bare numbers.

    What is asked in an exercise, a story rounds so far that it does not give the answer.
    """
    study, kept, lines = lesson.study(), lesson.panel(), lesson.two_lines()
    counts, years = lesson.group_counts(), lesson.d_by_year()

    def euro(value: float, decimals: int = 0) -> str:
        return number(value, "thousand_euro", language, decimals)

    def percent(value: float, decimals: int = 1) -> str:
        return number(value, "percent", language, decimals)

    def index(value: float) -> str:
        return digits(value, language, 3)

    def right(name: str) -> float:
        return float(answers.fixed(name).right)

    absolute, relative = lesson.change(ABSOLUTE), lesson.change(RELATIVE)
    outside, last = kept.weight[~kept.is_focus], counts[-1]
    worlds = experiments.replay(language, experiments.NOISE, experiments.CHOSEN)
    return {
        "place": str(lesson.names(study)[study.p.municipality]),
        "buurten": str(len(study.data.units())),
        "wijken": str(len(study.data.units("wijk"))),
        "listed": str(len(study.focus.codes)),
        "followed": str(len(kept.codes)),
        "left_out": str(len(study.data.units()) - len(kept.codes)),
        "line": str(lesson.LINE),
        "first": str(kept.years[0]),
        "last": str(kept.years[-1]),
        "listed_first": euro(float(lines["listed"].iloc[0])),
        "listed_last": euro(float(lines["listed"].iloc[-1])),
        "rest_first": euro(float(lines["rest"].iloc[0])),
        "rest_last": euro(float(lines["rest"].iloc[-1])),
        "gap_first": euro(float(lines["gap"].iloc[0])),
        "gap_last": euro(float(lines["gap"].iloc[-1])),
        "relative_first": percent(float(lines["relative"].iloc[0]), 0),
        "relative_last": percent(float(lines["relative"].iloc[-1]), 0),
        "growth": euro(absolute.estimate or 0, 1),
        "growth_low": euro(absolute.low or 0, 1),
        "growth_high": euro(absolute.high or 0, 1),
        "shift_low": number(relative.low, "points", language),
        "shift_high": number(relative.high, "points", language),
        "matters": euro(absolute.smallest_effect or 0, 1),
        "matters_relative": number(relative.smallest_effect, "points", language, 0),
        "prices_rise": percent(100 * (lesson.prices() - 1)),
        "priced": euro(right("3.1"), 1),
        "beyond": euro(right("3.2"), 1),
        "lists": str(len(study.variants)),
        "scales": str(len(lesson.scales())),
        "smallest": digits(float(outside.min()), language, 0),
        "largest": digits(float(outside.max()), language, 0),
        "group_first": str(counts[0].year),
        "group_year": str(last.year),
        "group_total": digits(float(last.group.sum()), language, 0),
        "group_share": percent(100 * float(last.group.sum() / (last.group.sum() + last.rest.sum()))),
        "group_buurten": str(len(last.group)),
        "group_missing": str(last.n_missing),
        "ten": str(lesson.TEN),
        "largest_buurt": str(lesson.counts()["name"].iloc[0]),
        "dissimilarity": index(right("2.5")),
        "dissimilarity_wijk": index(right("2.6")),
        "dissimilarity_rough": digits(right("2.5"), language, 2),
        "dissimilarity_low": index(float(years["low"].iloc[-1])),
        "dissimilarity_high": index(float(years["high"].iloc[-1])),
        "coarsest": str(experiments.STEPS[-1]),
        "noise": euro(experiments.NOISE),
        "chosen": str(experiments.CHOSEN),
        "repeats": str(experiments.REPEATS),
        "world_first": euro(worlds[0], 1),
        "world_second": euro(worlds[1], 1),
        "error": percent(right("3.8")),
        "seen": percent(answers_change.rate("on_1x", "HIGHER")),
        "claim": str(claims.registry().claims[lesson.CLAIM][language]),
        "parts": str(len(lesson.parts())),
        "supported": str(answers.fixed("5.1").right),
        "list_matters": str(answers.fixed("5.4").right),
    }


def clock(minutes: int) -> str:
    """Write a time of day."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def timetable(language: str, minutes: Mapping[int, int], counts: Mapping[int, Count]) -> list[tuple[str, int, str]]:
    """Lay out the afternoon to the minute: start, length and what happens.

    Each session has three parts, as long as its counted steps; what is left of its minutes is slack, after the last.
    """
    text, rows = LABELS[language], list[tuple[int, str]]()
    rows.append((WELCOME, text["welcome"]))
    for one in sorted(name for name in minutes if name and name not in AT_CHOICE):
        story, work = math.ceil(counts[one].story), round(counts[one].work)
        for length, part in ((story, "story"), (work, "exercises"), (minutes[one] - story - work, "talk")):
            rows.append((length, text["session"].format(n=one, part=text[part])))
        if one in BREAK_AFTER:
            rows.append((BREAK, text["break"]))
    rows.append((CLOSING, text["closing"]))
    starts = START_OF_DAY + np.concatenate([[0], np.cumsum([length for length, _ in rows])[:-1]])
    return [(clock(int(start)), length, what) for start, (length, what) in zip(starts, rows, strict=True)]


def for_teacher(
    language: str, minutes: Mapping[int, int], counts: Mapping[int, Count], needs: Sequence[Need]
) -> dict[str, str]:
    """Make the tables of the teacher's notes: timetable, steps, what is needed, answers per session, glossary."""
    text = LABELS[language]
    rows = timetable(language, minutes, counts)
    made = {
        "timetable": "\n".join([text["head"], *[f"| {start} | {length} | {what} |" for start, length, what in rows]])
    }
    made["steps"] = "\n".join(
        [text["steps"], *[_counted(one, minutes[one], counts[one], language) for one in sorted(counts)]]
    )
    made["needs"] = "\n".join([text["needs"], *[_needed(one) for one in needs]])
    made["starts"], last = rows[0][0], rows[-1]
    hours, rest = last[0].split(":")
    made["ends"] = clock(int(hours) * 60 + int(rest) + last[1])
    for session in sorted(name for name in minutes if name):
        lines = [text["answers"]]
        for name in answers.exercises():
            if name[0] != str(session):
                continue
            known = answers.answer(name, {}) if session != OWN_HYPOTHESIS else None
            said = shown(known, language) if known else text["depends"]
            kinds = ", ".join(dict.fromkeys(_title(kind, language) for kind, _ in known.wrong)) if known else ""
            lines.append(f"| {name} | {said} | `{variable(name)}` | {word_of(name)} | {kinds} |")
        made[f"answers_{session}"] = "\n".join(lines)
    rows_of = ["| " + " | ".join(_bar(part) for part in row) + " |" for row in glossary(language, INDICES)]
    made["glossary"] = "\n".join([text["glossary"], *rows_of])
    return made


def glossary(language: str, names: Iterable[str]) -> list[list[str]]:
    """List indices of the registry: name, what, weakness, formula."""
    parts = [f"{part}_{language}" for part in ("name", "what", "weakness")] + ["formula"]
    return [[str(getattr(INDICES[name], part)) for part in parts] for name in names]


def _counted(session: int, minutes: int, found: Count, language: str) -> str:
    """Write a row of the table of counted minutes."""
    shown = [digits(value, language, 0) for value in (found.story, found.work, found.talk, found.total)]
    return f"| {session} | {' | '.join(shown)} | {digits(minutes - found.total, language, 0)} |"


def _needed(need: Need) -> str:
    """Write a row of the table of operations: each with the exercise before which it was shown."""
    return f"| {need.number} | {', '.join(f'`{name}` ({where})' for name, where in need.shown.items())} |"


def _bar(text: str) -> str:
    """Keep a vertical bar from ending a cell of a table."""
    return text.replace("|", "\\|")


def _title(kind: str, language: str) -> str:
    return str(words()["kind"][kind][f"title_{language}"])


def shown(answer: Answer, language: str) -> str:
    """Write a right answer for the teacher, with its unit."""
    if isinstance(answer.right, str):
        return f"`{answer.right}`"
    if answer.unit == "thousand_euro":
        return f"{digits(answer.right, language, 1)} ({number(answer.right, 'thousand_euro', language, 1)})"
    if answer.unit in ("percent", "points"):
        return number(answer.right, answer.unit, language, 1)
    if answer.unit in ("share", "index", "change_of_index"):
        return digits(answer.right, language, 3 if answer.within > FINE else 4)
    return digits(answer.right, language, 0).replace(SPACE, " ")
