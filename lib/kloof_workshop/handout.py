"""The handout: one printed page with goals, rules, questions, commands and the glossary of the index registry."""

import json
import warnings
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from kloof.errors import ReportError
from kloof.paths import write_whole
from kloof.report.page import package_folder
from kloof.words.numbers import LANGUAGES
from kloof_workshop import lesson
from kloof_workshop.exercise import words
from kloof_workshop.facts import AT_CHOICE, glossary
from kloof_workshop.sessions import Session, sessions, solutions_folder, title

FONT_PACKAGES = ("font_source_serif_pro", "font_source_sans_pro")

# the indices that the sessions use, so that they fit one page; all are in the teacher's notes and in `kloof glossary`
TAUGHT = (
    "dissimilarity", "isolation", "interaction", "gini", "theil_h", "correlation_ratio",
    "weighted_sd", "coefficient_of_variation", "theil_between",
)  # fmt: skip


def goals(source: Session, language: str) -> list[str]:
    """Give the goals of a session: the list in its first cell."""
    cell = next(cell for cell in source.cells if language in cell["tags"])
    text = str(cell["source"])
    return [line.removeprefix("* ").rstrip(";. ") for line in text.splitlines() if line.startswith("* ")]


def as_data(language: str) -> dict[str, Any]:
    """Lay the handout out as plain texts, in the shape that templates/handout.typ reads."""
    text = words()["handout"]
    listed = [
        {
            "number": str(one.number),
            "title": title(one, language),
            "minutes": str(one.minutes),
            "goals": goals(one, language),
        }
        for one in sessions()
        if one.number and one.number not in AT_CHOICE
    ]
    titles = {f"{name}_title": text[name][language] for name in ("sessions", "rules", "ask", "commands", "glossary")}
    return {
        **titles,
        "language": language,
        "title": text["title"][language],
        "sessions": listed,
        "rules": text["rule"][language],
        "questions": text["question"][language],
        "commands": text["command"][language],
        "minutes": text["minutes"][language],
        "head": text["head"][language],
        "rows": glossary(language, TAUGHT),
        "key": text["key"][language],
    }


def handout_pdf(language: str) -> bytes:
    """Typeset the handout as PDF/UA-1, dated by the figures; the same inputs give the same bytes.

    Raises ReportError when typst refuses it.
    """
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(package_folder(name) / "files") for name in FONT_PACKAGES],
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", typst.TypstWarning)
            made = typst.compile(
                files("kloof_workshop").joinpath("templates/handout.typ").read_bytes(),
                format="pdf",
                font_paths=fonts,
                sys_inputs={"view": json.dumps(as_data(language), ensure_ascii=False, sort_keys=True)},
                pdf_standards=["ua-1"],
                timestamp=datetime.fromisoformat(lesson.study(language).data.data_date).replace(tzinfo=UTC),
            )
    except (typst.TypstError, typst.TypstWarning) as problem:
        raise ReportError(f"the {language} handout could not be typeset: {problem}") from problem
    return bytes(made)


def write_handouts() -> list[Path]:
    """Write the handouts to reports/workshop."""
    made = []
    for language in LANGUAGES:
        path = solutions_folder() / f"handout-{language}.pdf"
        write_whole(path, handout_pdf(language))
        made.append(path)
    return made
