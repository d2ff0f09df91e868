"""ReportView → one accessible PDF (PDF/UA-1), typeset by typst.

Text travels as JSON and is looped over by the template, so that no name or sentence is ever read as markup.
"""

import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kloof.errors import ReportError
from kloof.narrate import Number, Sentence, text_of
from kloof.page import SIGNS, check_view, legend, package_folder, pieces, shape, words

if TYPE_CHECKING:
    from kloof.views import Cell, FigureView, Paragraph, ReportView, SectionView, TableView

WIDEST = 34  # letters of one column that count for its width; longer text wraps
TEXT_WIDTH = 168.0  # millimetres, A4 without its margins
HIGHEST = 130.0  # millimetres that a figure may be high
LARGEST = 0.88  # of the text width
LONG_UNIT = re.compile("\u00a0(?=[a-z]{5})")  # the space before a unit that is a word
FULL = 72  # letters a table needs before it takes the whole width of the page


def render_pdf(view: "ReportView", timestamp: datetime) -> bytes:
    """Typeset a report; the same view and timestamp give the same bytes.

    `timestamp` is the date of the data, never the clock. Raises ReportError when the view is incomplete or
    typst refuses it (for PDF/UA-1 it refuses, for instance, a figure without alt text).
    """
    import typst

    check_view(view)
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(package_folder(name) / "files") for name in ("font_source_serif_pro", "font_source_sans_pro")],
    )
    template = files("kloof").joinpath("templates/report.typ").read_bytes()
    content = json.dumps(as_data(view), ensure_ascii=False, sort_keys=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", typst.TypstWarning)
            made = typst.compile(
                template,
                format="pdf",
                font_paths=fonts,
                sys_inputs={"view": content},
                pdf_standards=["ua-1"],
                timestamp=timestamp,
            )
    except (typst.TypstError, typst.TypstWarning) as problem:
        raise ReportError(f"the {view.language} PDF could not be typeset: {problem}") from problem
    if not isinstance(made, bytes):
        raise ReportError(f"the {view.language} PDF could not be typeset: typst gave {type(made).__name__}.")
    return made


def as_data(view: "ReportView") -> dict[str, Any]:
    """Lay a view out as plain lists and texts, in the shape that templates/report.typ reads."""
    language = view.language
    texts = words(language)

    def run(sentence: Sentence) -> list[dict[str, str]]:
        return [{"kind": piece.kind, "text": piece.text, "href": piece.href} for piece in pieces(sentence, language)]

    def paragraph(entry: "Paragraph") -> dict[str, Any]:
        return {"sentences": [run(sentence) for sentence in entry.sentences]}

    def figure(entry: "FigureView") -> dict[str, Any]:
        return {
            "title": run(entry.title),
            "alt": entry.alt,
            "note": entry.note,
            "svg": entry.svg,
            "width": figure_width(entry),
        }

    def cell(entry: "Cell") -> dict[str, Any]:
        sign = SIGNS.get(entry.code or "", "") if entry.title is None else ""
        return {"content": run(breakable(entry.content)), "code": entry.code or "", "sign": sign}

    def table(entry: "TableView") -> dict[str, Any]:
        looks = shape(entry)
        weights, width = column_widths(
            entry.head, [[text_of(breakable(one.content)) for one in row] for row in entry.rows]
        )
        return {
            "caption": run(entry.caption),
            "head": list(entry.head),
            "rows": [[cell(one) for one in row] for row in entry.rows],
            "columns": len(entry.head),
            "numeric": list(looks.numeric),
            "weights": weights,
            "width": width,
            "notes": [
                *([entry.note] if entry.note else []),
                *(["– " + "; ".join(looks.reasons)] if looks.reasons else []),
            ],
        }

    def section(entry: "SectionView") -> dict[str, Any]:
        return {
            "anchor": entry.anchor,
            "question": entry.question,
            "answer": paragraph(entry.answer) if entry.answer is not None else None,
            "figures": [figure(one) for one in entry.figures],
            "nuances": [paragraph(one) for one in entry.nuances],
            "tables": [table(one) for one in entry.tables],
            "how": [run(one) for one in entry.how],
            "limits": [run(one) for one in entry.limits],
        }

    def verdict(entry: Any) -> dict[str, str]:
        return {
            **vars(entry),
            "anchor": entry.anchor.removeprefix("#"),
            "meaning": texts["meaning"][entry.verdict],
        }

    return {
        "language": language,
        "words": texts,
        "keywords": [view.place, *texts["keywords"].split(", ")],
        "title": view.title,
        "place": view.place,
        "lead": [paragraph(one) for one in view.lead],
        "lead_figure": figure(view.lead_figure) if view.lead_figure is not None else None,
        "strip": [verdict(one) for one in view.strip],
        "legend": [verdict(one) for one in legend(view.strip)],
        "sections": [section(one) for one in view.sections],
        "back": [section(one) for one in view.back],
        "sources": sources(view.sources, texts) if view.sources else None,
        "command": view.command,
        "attribution": view.attribution,
        "data_date": view.data_date,
    }


def figure_width(figure: "FigureView") -> float:
    """Give the part of the page width for a figure: no higher than `HIGHEST`, no wider than `LARGEST`."""
    box = re.search(r'viewBox="([^"]+)"', figure.svg)
    size = [float(number) for number in re.split(r"[\s,]+", box[1].strip())] if box else []
    if len(size) != 4 or min(size[2:]) <= 0:
        raise ReportError(f"figure {figure.id} has no viewBox with a size; draw it again.")
    return round(min(LARGEST, HIGHEST * size[2] / (TEXT_WIDTH * size[3])), 3)


def sources(rows: Sequence[Sequence[str]], texts: dict[str, Any]) -> dict[str, Any]:
    """Lay the list of sources out as a table."""
    head = [texts["source"][name] for name in ("publisher", "title", "table", "licence", "retrieved")]
    weights, width = column_widths(head, rows)

    def cell(text: str) -> dict[str, Any]:
        return {"content": [{"kind": "text", "text": text, "href": ""}], "code": "", "sign": ""}

    return {
        "caption": [],  # its heading names it
        "head": head,
        "rows": [[cell(text) for text in row] for row in rows],
        "columns": len(head),
        "numeric": [False] * len(head),
        "weights": weights,
        "width": width,
        "notes": [],
    }


def breakable(content: Sentence) -> Sentence:
    """Let a number in a cell and the long word of its unit stand on two lines: on paper a column may be narrow."""
    return tuple(
        replace(part, text=LONG_UNIT.sub(" ", part.text)) if isinstance(part, Number) else part for part in content
    )


def column_widths(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[float], float]:
    """Share the width of the page over the columns by the text they hold.

    Gives a weight per column and the part of the page that the table takes (0.35-1). A column is never
    narrower than its longest word would need, up to `WIDEST` letters.
    """
    weights = []
    for column, name in enumerate(head):
        texts = [row[column] for row in rows]
        word = max((len(part) for text in (name, *texts) for part in text.replace("-", "- ").split(" ")), default=1)
        longest = max((len(text) for text in texts), default=1)
        weights.append(float(min(WIDEST, max(word, min(longest, WIDEST), 4)) + 2))
    return weights, round(min(1.0, max(0.35, sum(weights) / FULL)), 3)
