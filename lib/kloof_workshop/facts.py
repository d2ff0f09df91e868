"""The figures that the texts of the workshop quote, written in their language: none of them is typed by hand."""

from functools import cache

import numpy as np

from kloof.measures.registry import INDICES
from kloof.methods.gap import ABSOLUTE, RELATIVE
from kloof.questions import events
from kloof.words.numbers import SPACE, digits, number
from kloof_workshop import answers, answers_change, experiments, lesson
from kloof_workshop.checks import variable
from kloof_workshop.exercise import Answer

START_OF_DAY = 13 * 60  # minutes after midnight: an afternoon
WELCOME, BREAK, CLOSING = 10, 10, 10
BREAK_AFTER = (1, 2, 3)
PARTS = ((0.16, "story"), (0.66, "exercises"), (0.18, "talk"))
LABELS = {
    "nl": {
        "welcome": "Welkom, laptops nakijken (`kloof workshop doctor`)",
        "break": "Pauze",
        "closing": "Afsluiting: wat neem je mee, en wat mag je morgen zeggen?",
        "story": "verhaal aan het scherm",
        "exercises": "oefenen in tweetallen",
        "talk": "nabespreken",
        "session": "Sessie {n}: {part}",
        "head": "| tijd | minuten | wat |\n| --- | --- | --- |",
        "answers": "| opgave | antwoord | `variabele` | herkende vergissingen |\n| --- | --- | --- | --- |",
        "depends": "hangt af van de hypothese",
        "glossary": "| index | wat het zegt | zwakke plek | formule |\n| --- | --- | --- | --- |",
    },
    "en": {
        "welcome": "Welcome, check the laptops (`kloof workshop doctor`)",
        "break": "Break",
        "closing": "Closing: what do you take home, and what may you say tomorrow?",
        "story": "story at the screen",
        "exercises": "exercises in pairs",
        "talk": "discussion",
        "session": "Session {n}: {part}",
        "head": "| time | minutes | what |\n| --- | --- | --- |",
        "answers": "| exercise | answer | `variable` | mistakes recognised |\n| --- | --- | --- | --- |",
        "depends": "depends on the hypothesis",
        "glossary": "| index | what it says | weakness | formula |\n| --- | --- | --- | --- |",
    },
}  # fmt: skip


@cache
def figures(language: str) -> dict[str, str]:
    """Compute every figure that a story quotes and write it in a language; years and counts are bare numbers."""
    study, kept, lines = lesson.study(), lesson.panel(), lesson.two_lines()
    counts = lesson.group_counts()

    def euro(value: float, decimals: int = 0) -> str:
        return number(value, "thousand_euro", language, decimals)

    def percent(value: float, decimals: int = 1) -> str:
        return number(value, "percent", language, decimals)

    def index(value: float) -> str:
        return digits(value, language, 3)

    def right(name: str) -> float:
        return float(answers.fixed(name).right)

    absolute, relative = answers_change.change(ABSOLUTE), answers_change.change(RELATIVE)
    before = events.last_before(events.is_before(lesson.study(), lesson.followed()))
    own = kept.is_focus
    ends = answers.full_ends()
    table = lesson.counts()
    worlds = experiments.replay(language, experiments.NOISE, experiments.CHOSEN)
    known = study.known.indicator(lesson.DWELLINGS)
    group = study.known.group(lesson.POOR)
    return {
        "place": str(lesson.names(study)[study.p.municipality]),
        "buurten": str(len(study.data.units())),
        "wijken": str(len(study.data.units("wijk"))),
        "listed": str(len(study.focus.codes)),
        "followed": str(len(kept.codes)),
        "left_out": str(len(study.data.units()) - len(kept.codes)),
        "first": str(kept.years[0]),
        "last": str(kept.years[-1]),
        "years": str(len(kept.years)),
        "before": str(kept.years[before]),
        "listed_first": euro(float(lines["listed"].iloc[0])),
        "listed_last": euro(float(lines["listed"].iloc[-1])),
        "rest_first": euro(float(lines["rest"].iloc[0])),
        "rest_last": euro(float(lines["rest"].iloc[-1])),
        "gap_first": euro(float(lines["gap"].iloc[0])),
        "gap_last": euro(float(lines["gap"].iloc[-1])),
        "relative_first": percent(float(lines["relative"].iloc[0])),
        "relative_last": percent(float(lines["relative"].iloc[-1])),
        "growth": euro(absolute.estimate or 0),
        "growth_low": euro(absolute.low or 0),
        "growth_high": euro(absolute.high or 0),
        "shift": number(relative.estimate, "points", language),
        "shift_low": number(relative.low, "points", language),
        "shift_high": number(relative.high, "points", language),
        "matters": euro(absolute.smallest_effect or 0),
        "matters_relative": number(relative.smallest_effect, "points", language, 0),
        "smallest": digits(float(kept.weight[own].min()), language, 0),
        "largest": digits(float(kept.weight[own].max()), language, 0),
        "indicator": known.label(language).lower().replace("woz", "WOZ"),
        "group": str(getattr(group, language)),
        "group_year": str(counts.year),
        "group_total": digits(float(counts.group.sum()), language, 0),
        "group_share": percent(100 * float(counts.group.sum() / (counts.group.sum() + counts.rest.sum()))),
        "group_buurten": str(len(counts.group)),
        "group_missing": str(counts.n_missing),
        "ten": str(lesson.TEN),
        "largest_buurt": str(table["name"].iloc[0]),
        "dissimilarity": index(right("2.3")),
        "dissimilarity_wijk": index(right("2.6")),
        "dissimilarity_low": index(ends[0]),
        "dissimilarity_high": index(ends[1]),
        "coarsest": str(experiments.STEPS[-1]),
        "noise": euro(experiments.NOISE),
        "chosen": str(experiments.CHOSEN),
        "repeats": str(experiments.REPEATS),
        "world_first": euro(worlds[0]),
        "world_second": euro(worlds[1]),
        "error": percent(right("3.7")),
        "seen": percent(answers_change.rate("on_1x", "HIGHER")),
        "part_before": percent(right("3.6"), 0),
        "other_list": answers_change.OTHER_LIST,
    }


def clock(minutes: int) -> str:
    """Write a time of day."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def timetable(language: str, minutes: dict[int, int]) -> list[tuple[str, int, str]]:
    """Lay out the afternoon to the minute: start, length and what happens; each session in three parts."""
    text, rows = LABELS[language], list[tuple[int, str]]()
    rows.append((WELCOME, text["welcome"]))
    for one in sorted(name for name in minutes if name):
        lengths = [round(minutes[one] * part) for part, _ in PARTS]
        lengths[1] += minutes[one] - sum(lengths)
        for length, (_, part) in zip(lengths, PARTS, strict=True):
            rows.append((length, text["session"].format(n=one, part=text[part])))
        if one in BREAK_AFTER:
            rows.append((BREAK, text["break"]))
    rows.append((CLOSING, text["closing"]))
    starts = START_OF_DAY + np.concatenate([[0], np.cumsum([length for length, _ in rows])[:-1]])
    return [(clock(int(start)), length, what) for start, (length, what) in zip(starts, rows, strict=True)]


def for_teacher(language: str, minutes: dict[int, int]) -> dict[str, str]:
    """Make the tables of the teacher's notes: timetable, answers per session, glossary."""
    text = LABELS[language]
    rows = timetable(language, minutes)
    made = {
        "timetable": "\n".join([text["head"], *[f"| {start} | {length} | {what} |" for start, length, what in rows]])
    }
    made["starts"], last = rows[0][0], rows[-1]
    hours, rest = last[0].split(":")
    made["ends"] = clock(int(hours) * 60 + int(rest) + last[1])
    for session in sorted(name for name in minutes if name):
        lines = [text["answers"]]
        for name in answers.exercises():
            if name[0] != str(session):
                continue
            known = answers.answer(name, {}) if session < 4 else None
            said = shown(known, language) if known else text["depends"]
            kinds = ", ".join(dict.fromkeys(_title(kind, language) for kind, _ in known.wrong)) if known else ""
            lines.append(f"| {name} | {said} | `{variable(name)}` | {kinds} |")
        made[f"answers_{session}"] = "\n".join(lines)
    entries = [
        (index.name_nl, index.what_nl, index.weakness_nl, index.formula)
        if language == "nl"
        else (index.name_en, index.what_en, index.weakness_en, index.formula)
        for index in INDICES.values()
    ]
    made["glossary"] = "\n".join(
        [text["glossary"], *["| " + " | ".join(_bar(part) for part in row) + " |" for row in entries]]
    )
    return made


def _bar(text: str) -> str:
    """Keep a vertical bar from ending a cell of a table."""
    return text.replace("|", "\\|")


def _title(kind: str, language: str) -> str:
    from kloof_workshop.exercise import words

    return str(words()["kind"][kind][f"title_{language}"])


def shown(answer: Answer, language: str) -> str:
    """Write a right answer for the teacher, with its unit."""
    if isinstance(answer.right, str):
        return f"`{answer.right}`"
    if answer.unit == "thousand_euro":
        return f"{digits(answer.right, language, 1)} ({number(answer.right, 'thousand_euro', language, 1)})"
    if answer.unit in ("percent", "points"):
        return number(answer.right, answer.unit, language, 1)
    if answer.unit in ("share", "index"):
        return digits(answer.right, language, 3)
    return digits(answer.right, language, 0).replace(SPACE, " ")
