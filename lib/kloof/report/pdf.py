"""ReportView → one accessible PDF (PDF/UA-1), typeset by typst.

Text travels as JSON and is looped over by the template, so that no name or sentence is ever read as markup.
"""

import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any

from kloof.errors import ReportError
from kloof.report.page import SIGNS, check_view, legend, package_folder, pieces, shape, words
from kloof.words.sentences import Number, Sentence

if TYPE_CHECKING:
    from kloof.report.views import (
        Cell,
        FigureView,
        Line,
        Paragraph,
        PartView,
        ReportView,
        SectionView,
        StoryView,
        TableView,
    )  # fmt: skip


WIDEST = 34  # letters of one column that count for its width; longer text wraps, unless it is one word
HYPHEN = re.compile(r"(?<=[^\W\d])-")  # between words, where a line may end; not in a date
TEXT_WIDTH = 168.0  # millimetres, A4 without its margins
HIGHEST = 130.0  # millimetres that a figure may be high on the data page,
BRIEF = 92.0  # and in the report,
WHOLE = 215.0  # and one that is long: the height of a page without title and note
LONG = 1.5  # times as high as wide
LARGEST = 0.88  # of the text width
USUAL = 640.0  # units that most figures are wide
LONG_UNIT = re.compile("\u00a0(?=[a-z]{5})")  # the space before a unit that is a word
FULL = 72  # letters a table needs before it takes the whole width of the page
MOST = 118  # letters that fit across the page: beyond them columns give way, down to their longest word


def render_pdf(view: "ReportView", timestamp: datetime) -> bytes:
    """Typeset a report; the same view and timestamp give the same bytes.

    `timestamp` is the date of the data, never the clock. Raises ReportError when the view is incomplete or
    typst refuses it (for PDF/UA-1 it refuses, for instance, a figure without alt text).
    """
    check_view(view)
    return _typeset("data", as_data(view), view.language, timestamp)


def render_story_pdf(view: "StoryView", timestamp: datetime) -> bytes:
    """Typeset the report that is read; the same view and timestamp give the same bytes."""
    return _typeset("story", story_as_data(view), view.language, timestamp)


def _typeset(name: str, content: dict[str, Any], language: str, timestamp: datetime) -> bytes:
    """Typeset what a template makes of its data."""
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(package_folder(name) / "files") for name in ("font_source_serif_pro", "font_source_sans_pro")],
    )
    folder = files("kloof.report").joinpath("templates")
    template = b"".join(folder.joinpath(f"{part}.typ").read_bytes() for part in ("common", name))
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", typst.TypstWarning)
            made = typst.compile(
                template,
                format="pdf",
                font_paths=fonts,
                sys_inputs={"view": text},
                pdf_standards=["ua-1"],
                timestamp=timestamp,
            )
    except (typst.TypstError, typst.TypstWarning) as problem:
        raise ReportError(f"the {language} PDF could not be typeset: {problem}") from problem
    if not isinstance(made, bytes):
        raise ReportError(f"the {language} PDF could not be typeset: typst gave {type(made).__name__}.")
    return _packed(made)


def _packed(made: bytes) -> bytes:
    """Put the many small objects of a tagged PDF together and compress them: the same document in a third of the bytes.

    typst writes each tag of each cell as plain text.
    """
    import pikepdf

    packed = BytesIO()
    with pikepdf.open(BytesIO(made)) as document:
        document.save(packed, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return packed.getvalue()


def _run(sentence: Sentence, language: str) -> list[dict[str, str]]:
    """Lay a sentence out as its runs of text."""
    return [{"kind": piece.kind, "text": piece.text, "href": piece.href} for piece in pieces(sentence, language)]


def as_data(view: "ReportView") -> dict[str, Any]:
    """Lay a view out as plain lists and texts, in the shape that templates/data.typ reads."""
    language = view.language
    texts = words(language)

    run = partial(_run, language=language)

    told: set[tuple[str, int]] = set()

    def paragraph(entry: "Paragraph", part: str) -> dict[str, Any]:
        notes = []
        for number in entry.sources:
            first = (part, number) not in told
            told.add((part, number))
            notes.append({"number": str(number), "label": f"noot-{part}-{number}", "first": first})
        return {"sentences": [run(sentence) for sentence in entry.sentences], "notes": notes}

    def kept_in(*paths: str) -> list[dict[str, str]]:
        return [{"href": path, "text": path.removeprefix("../")} for path in paths]

    def figure(entry: "FigureView") -> dict[str, Any]:
        return {
            "title": run(entry.title),
            "alt": entry.alt,
            "note": entry.note,
            "svg": entry.svg,
            "width": figure_width(entry),
            "files": kept_in(entry.file, entry.csv),
            "data": "",
        }

    def cell(entry: "Cell") -> dict[str, Any]:
        sign = SIGNS.get(entry.code or "", "") if entry.title is None else ""
        return {"content": run(breakable(entry.content)), "code": entry.code or "", "sign": sign, "anchor": ""}

    def as_text(entry: dict[str, Any]) -> str:
        sign = entry["sign"] + "\u00a0" if entry["sign"] else ""
        return sign + "".join(piece["text"] for piece in entry["content"])

    def table(entry: "TableView") -> dict[str, Any]:
        looks = shape(entry)
        rows = [[cell(one) for one in row] for row in entry.rows]
        weights, width = column_widths(entry.head, [[as_text(one) for one in row] for row in rows])
        return {
            "caption": run(entry.caption),
            "head": list(entry.head),
            "rows": rows,
            "columns": len(entry.head),
            "numeric": list(looks.numeric),
            "weights": weights,
            "width": width,
            "under": [],
            "files": kept_in(entry.csv),
            "notes": [
                *([entry.note] if entry.note else []),
                *(["– " + "; ".join(looks.reasons)] if looks.reasons else []),
            ],
        }

    def section(entry: "SectionView") -> dict[str, Any]:
        return {
            "anchor": entry.anchor,
            "question": entry.question,
            "answer": paragraph(entry.answer, entry.anchor) if entry.answer is not None else None,
            "figures": [figure(one) for one in entry.figures],
            "nuances": [paragraph(one, entry.anchor) for one in entry.nuances],
            "tables": [table(one) for one in entry.tables],
            "how": [run(one) for one in entry.how],
            "limits": [run(one) for one in entry.limits],
            "told": f"{texts['told_in']} {entry.told_in[1]}" if entry.told_in else "",
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
        "lead": [paragraph(one, "lead") for one in view.lead],
        "lead_figure": figure(view.lead_figure) if view.lead_figure is not None else None,
        "strip": [verdict(one) for one in view.strip],
        "legend": [verdict(one) for one in legend(view.strip)],
        "sections": [section(one) for one in view.sections],
        "back": [section(one) for one in view.back],
        "sources": sources(view.sources, view.files, texts) if view.sources else None,
        "cited": {
            str(at): {"name": f"{publisher}, {title}.", "file": view.files[at - 1] if view.files else ""}
            for at, (publisher, title, *_) in enumerate(view.sources, 1)
        },
        "command": view.command,
        "audited": run((texts["again_audit"],)),
        "attribution": view.attribution,
        "data_date": view.data_date,
    }


def story_as_data(view: "StoryView") -> dict[str, Any]:
    """Lay the report that is read out as plain lists and texts, in the shape that templates/story.typ reads."""
    language = view.language
    texts = words(language)

    run = partial(_run, language=language)

    def line(entry: "Line") -> dict[str, Any]:
        return {"sentences": [run(sentence) for sentence in entry.sentences], "link": entry.link or ""}

    def figure(entry: "FigureView | None") -> dict[str, Any] | None:
        if entry is None:
            return None
        return {
            "title": run(entry.title), "alt": entry.alt, "note": entry.note, "svg": entry.svg,
            "width": figure_width(entry, BRIEF), "files": [], "data": entry.data or "",
        }  # fmt: skip

    def part(entry: "PartView") -> dict[str, Any]:
        return {
            "id": entry.id, "title": entry.title, "lines": [line(one) for one in entry.lines],
            "figures": [figure(one) for one in entry.figures], "map": figure(entry.map),
            "cards": [
                {
                    "tile": vars(one.tile), "quote": one.quote, "who": run((one.who,)),
                    "lines": [line(row) for row in one.lines], "limit": one.limit, "change": one.change,
                }
                for one in entry.cards
            ],
            "portraits": [
                {
                    "name": one.name, "lines": [line(row) for row in one.lines],
                    "picture": one.picture or "", "alt": one.alt,
                }
                for one in entry.portraits
            ],
            "lists": [{"head": one.head, "rows": [run(item) for item in one.items]} for one in entry.lists],
        }  # fmt: skip

    return {
        "language": language, "words": texts, "said": words(language, "story")["words"],
        "keywords": [view.place, *texts["keywords"].split(", ")], "title": view.title, "place": view.place,
        "headline": line(view.headline), "lead": [line(one) for one in view.lead],
        "lead_figure": figure(view.lead_figure),
        "sides": [{"asked": asked, "answer": [line(row) for row in rows]} for asked, rows in view.sides],
        "tiles": [vars(one) for one in view.tiles], "voices": [vars(one) for one in view.voices],
        "parts": [part(one) for one in view.parts], "data_date": view.data_date, "cited": {},
    }  # fmt: skip


def figure_width(figure: "FigureView", highest: float = HIGHEST) -> float:
    """Give the part of the page width for a figure: at most `LARGEST`, and `highest`, or a long one `WHOLE`, high."""
    box = re.search(r'viewBox="([^"]+)"', figure.svg)
    size = [float(number) for number in re.split(r"[\s,]+", box[1].strip())] if box else []
    if len(size) != 4 or min(size[2:]) <= 0:
        raise ReportError(f"figure {figure.id} has no viewBox with a size; draw it again.")
    highest = WHOLE if highest == HIGHEST and size[3] > LONG * size[2] else highest
    return round(min(LARGEST * min(1.0, size[2] / USUAL), highest * size[2] / (TEXT_WIDTH * size[3])), 3)


def sources(rows: Sequence[Sequence[str]], files: Sequence[str], texts: dict[str, Any]) -> dict[str, Any]:
    """Lay the list of sources out as a table, numbered, with under each the file it was looked up in."""
    head = [texts["source"][name] for name in ("publisher", "title", "table", "licence", "retrieved")]
    numbered = [[f"{at} {row[0]}", *row[1:]] for at, row in enumerate(rows, 1)]
    weights, width = column_widths(head, numbered)

    def cell(text: str, anchor: str) -> dict[str, Any]:
        return {"content": [{"kind": "text", "text": text, "href": ""}], "code": "", "sign": "", "anchor": anchor}

    return {
        "caption": [],  # its heading names it
        "head": head,
        "rows": [
            [cell(text, "" if column else f"bron-{at}") for column, text in enumerate(row)]
            for at, row in enumerate(numbered, 1)
        ],
        "columns": len(head),
        "numeric": [False] * len(head),
        "weights": weights,
        "width": width,
        "under": list(files),
        "files": [],
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
    narrower than its longest word would need.
    """
    needs, wants = list[float](), list[float]()
    for column, name in enumerate(head):
        texts = [row[column] for row in rows]
        word = max((len(part) for text in (name, *texts) for part in HYPHEN.sub("- ", text).split(" ")), default=1)
        longest = max((len(text) for text in texts), default=1)
        needs.append(max(word, 4) + 2)
        wants.append(max(word, min(longest, WIDEST), 4) + 2)
    share = min(1.0, MOST / (sum(wants) or 1))
    tight = [need if want * share < need else 0.0 for need, want in zip(needs, wants, strict=True)]
    others = sum(want for want, kept in zip(wants, tight, strict=True) if not kept)
    share = min(1.0, max(0.0, MOST - sum(tight)) / (others or 1))
    weights = [round(max(need, want * share), 2) for need, want in zip(needs, wants, strict=True)]
    return weights, round(min(1.0, max(0.35, sum(weights) / FULL)), 3)
