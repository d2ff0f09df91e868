"""ReportView → one HTML file that needs nothing else: no request, its own letters, one script of its own.

Every number is a `<data>` element that says where in results.json it stands: `audit` reads it back.
"""

import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape, unescape
from importlib.resources import files
from importlib.util import find_spec
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from kloof.errors import ReportError, faults
from kloof.findings import VERDICTS
from kloof.words.sentences import Number, Sentence, templates, text_of

if TYPE_CHECKING:
    from jinja2 import Template

    from kloof.report.views import FigureView, PortraitView, ReportView, StoryView, TableView, VerdictCell


# Symbols of a coded table cell; those of verdicts are the ones of the verdict strip.
SIGNS = {
    "SUPPORTED": "●",
    "CONTRADICTED": "○",
    "MIXED": "◐",
    "NEGLIGIBLE": "≈",
    "UNDECIDED": "?",
    "NOT_TESTABLE": "–",
    "GREW": "↑",
    "SHRANK": "↓",
    "STAYED": "≈",
    "WITHIN_ROUNDING": "?",
    "NO_FIGURES": "–",
    "HIGHER": "↑",
    "LOWER": "↓",
    "SAME": "≈",
    "UNCLEAR": "?",
    "NOT_COMPARABLE": "≠",
    "NOT_COMPUTABLE": "–",
}

FACES = (  # family in the style sheet, weight, package, file
    ("Kloof Serif", 400, "font_source_serif_pro", "SourceSerifPro-Regular.otf"),
    ("Kloof Serif", 600, "font_source_serif_pro", "SourceSerifPro-Semibold.otf"),
    ("Kloof Sans", 400, "font_source_sans_pro", "SourceSansPro-Regular.otf"),
    ("Kloof Sans", 600, "font_source_sans_pro", "SourceSansPro-Semibold.otf"),
)
REPERTOIRE = frozenset(  # what nearly every page uses: ASCII, letters of Dutch words and names, signs; some of `rest`
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    "áàâäçéèêëíîïñóôöúûüÉ\u00a0–‘’“”‹›…·€²³×−≈≠→↑↓●○◐"
)
LETTERS = "/* <letters> */"  # where the fonts go in a style sheet; no text of a page can hold it: its < is &lt;
FEATURES = ("kern", "liga", "ccmp", "locl", "mark", "case", "lnum", "tnum", "pnum")

PHONE = 40  # letters of a table that fit across the narrowest screen
GUTTER = 2  # letters of white between two columns

UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")  # control, format, unassigned, private; separators of lines
_SPACES = re.compile(r"[ \u00a0]+")

# What may stand inside a text part: `code`, ‹reference›, a DOI, a web address.
INLINE = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|‹(?P<cite>[^›]+)›"
    r"|(?P<doi>(?:doi:|https://doi\.org/)10\.\d{4,9}/[^\s;,)›]*[^\s;,.)›])"
    r"|(?P<link>https?://[^\s)›]*[^\s;,.)›])"
)


@dataclass(frozen=True)
class Piece:
    """A run of a sentence: text, number, code, cite or link."""

    kind: str
    text: str
    pointer: str = ""
    value: str = ""
    href: str = ""


def words(language: str, part: str = "page") -> dict[str, Any]:
    """Give the fixed words of page and PDF in one language, nested as in page.toml; or another part of the words."""

    def pick(place: Mapping[str, Any]) -> Any:
        return place[language] if language in place else {key: pick(inner) for key, inner in place.items()}

    return {key: pick(inner) for key, inner in templates()[part].items()}


def pieces(sentence: Sentence, language: str) -> tuple[Piece, ...]:
    """Split a sentence in numbers and runs of text; mark code, references, DOIs and addresses in the text."""
    found: list[Piece] = []
    for part in sentence:
        if isinstance(part, Number):
            found.append(Piece("number", part.text, pointer=part.pointer, value=machine_value(part.text, language)))
            continue
        end = 0
        for match in INLINE.finditer(part):
            found.append(Piece("text", part[end : match.start()]))
            end = match.end()
            kind = str(match.lastgroup)
            text = match[kind]
            href = {
                "doi": "https://doi.org/" + re.sub(r"^(doi:|https://doi\.org/)", "", text),
                "link": text,
            }.get(kind, "")
            found.append(Piece("link" if href else kind, text, href=href))
        found.append(Piece("text", part[end:]))
    return tuple(piece for piece in found if piece.text)


def machine_value(text: str, language: str) -> str:
    """Write a printed number so that a program can read it: `€ 27.300` → `27300`, `fewer than 10` → `<10`."""
    match = re.search(r"\d[\d.,]*", text)
    if match is None:
        return text
    thousands, decimal = (".", ",") if language == "nl" else (",", ".")
    plain = match[0].rstrip(".,").replace(thousands, "").replace(decimal, ".")
    before = text[: match.start()]
    if re.search(r"[^\W\d_]", before):
        return "<" + plain
    return ("-" if "\u2212" in before else "") + plain


@dataclass(frozen=True)
class Shape:
    """How a table is laid out: which columns hold numbers, its style classes, why cells are empty."""

    numeric: tuple[bool, ...]
    classes: str
    reasons: tuple[str, ...]


def shape(table: "TableView") -> Shape:
    """Look at the cells of a table once, for both renderings."""
    columns = range(len(table.head))
    if uneven := [str(place) for place, row in enumerate(table.rows) if len(row) != len(table.head)]:
        raise ReportError(
            f"table {table.id}: rows {', '.join(uneven[:5])} have not as many cells as the head has columns."
        )
    numeric = tuple(any(row[column].numeric for row in table.rows) for column in columns)
    names = {
        "wide": len(columns) > 4 or narrowest(table, numeric) > PHONE,
        "columns-8": len(columns) > 7,
        "tall": len(table.rows) > 40,
        "fill": len(columns) > 4 or numeric.count(False) > 1,
    }
    reasons = dict.fromkeys(cell.title for row in table.rows for cell in row if cell.title is not None)
    return Shape(numeric, " ".join(name for name, holds in names.items() if holds), tuple(reasons))


def narrowest(table: "TableView", numeric: Sequence[bool]) -> int:
    """Count the letters across that a table needs at least: numbers stay on one line, words break between them."""
    letters = 0
    for column, whole in enumerate(numeric):
        texts = [table.head[column], *(text_of(row[column].content) for row in table.rows)]
        pieces = [text for one in texts[1:] for text in ([one] if whole else re.split("[ -]", one))]
        letters += max(map(len, [*pieces, *re.split(r"[ -]", texts[0])]), default=0) + GUTTER
    return letters


def slug(name: str) -> str:
    """Turn an id such as `03.gap` into something that can stand behind `#`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def legend(strip: Sequence["VerdictCell"]) -> list["VerdictCell"]:
    """Take one cell for each verdict that occurs, in fixed order."""
    first = {cell.verdict: cell for cell in reversed(strip)}
    return [first[verdict] for verdict in VERDICTS if verdict in first]


def check_view(view: "ReportView") -> None:
    """Refuse a report that would be incomplete: a section without its limits, two parts with one anchor.

    Raises ReportError with all faults.
    """
    found = [
        f"section {part.id} does not say what it does not say (limits)" for part in view.sections if not part.limits
    ]
    anchors = [part.anchor for part in (*view.sections, *view.back)]
    found += [f"anchor {anchor} is used twice" for anchor in dict.fromkeys(anchors) if anchors.count(anchor) > 1]
    found += [
        f"verdict {cell.claim} leads to {cell.anchor}, which is not a section"
        for cell in view.strip
        if cell.anchor.removeprefix("#") not in anchors
    ]
    figures = [
        view.lead_figure,
        *(figure for part in (*view.sections, *view.back) for figure in part.figures),
    ]
    found += [
        f"figure {figure.id} has no alt text" for figure in figures if figure is not None and not figure.alt.strip()
    ]
    if found:
        raise ReportError(faults(f"the {view.language} report", found, "Complete the view in report.py."))


def inline_svg(figure: "FigureView", prefix: str) -> str:
    """Make an SVG fit to stand inside a page: named, scalable, its ids `prefix` and a number.

    Raises ReportError when it is not well-formed, has no viewBox, holds a script, or points outside itself.
    """
    try:
        root = ElementTree.fromstring(figure.svg)
    except ElementTree.ParseError as problem:
        raise ReportError(f"figure {figure.id} is not well-formed SVG: {problem}; draw it again.") from None
    found = ["has no viewBox"] if "viewBox" not in root.attrib else []
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if name in ("script", "foreignObject"):
            found.append(f"holds a <{name}>")
        for key, value in element.attrib.items():
            local = key.rpartition("}")[2]
            if local == "href" and not value.startswith(("#", "data:image/")):
                found.append(f"points outside itself ({value})")
            if local.lower().startswith("on"):
                found.append(f"holds a script ({local})")
    if found:
        raise ReportError(faults(f"figure {figure.id}", list(dict.fromkeys(found)), "Draw it without."))
    text = figure.svg[figure.svg.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    short = {name: f"{prefix}-{number}" for number, name in enumerate(re.findall(r'\bid="([^"]+)"', text), 1)}
    text = re.sub(r'(\bid="|href="#|url\(#)([^")]+)', lambda match: match[1] + short.get(match[2], match[2]), text)
    opening, rest = text.split(">", 1)
    opening = re.sub(r'\s(width|height|role|aria-label)="[^"]*"', "", opening)
    label = figure.alt.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f'{opening} role="img" aria-label="{label}">{rest}'.strip()


def font_faces(letters: frozenset[str]) -> str:
    """Embed the letters a page uses: Source Serif Pro, Source Sans Pro, and DejaVu Sans for signs they lack.

    All of `REPERTOIRE` is there, used or not: cutting fonts is slow, and pages without other letters share one cut. The
    same letters give the same bytes: the fonts keep the date they were made with.
    """
    letters |= REPERTOIRE
    sources = [(family, weight, package_folder(package) / "files" / name) for family, weight, package, name in FACES]
    covered = frozenset.intersection(*(_covered(path) for _, _, path in sources))
    signs = package_folder("matplotlib") / "mpl-data/fonts/ttf/DejaVuSans.ttf"
    rest = frozenset(letter for letter in letters - covered if letter.isprintable()) & _covered(signs)
    if rest:
        sources.append(("Kloof Signs", 400, signs))
    rules = []
    for family, weight, path in sources:
        wanted = rest if family == "Kloof Signs" else letters & _covered(path)
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-display: block;'
            f' src: url(data:font/woff2;base64,{_subset(path, "".join(sorted(wanted)))}) format("woff2"); }}'
        )
    return "\n".join(rules)


def package_folder(name: str) -> Path:
    """Find the folder of an installed package without importing it; raises ReportError when there is none."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ReportError(f"package {name} is not installed; run: pip install -r requirements.txt")
    return Path(spec.origin).parent


@cache
def covered() -> frozenset[str]:
    """List the letters that every font of a report has."""
    paths = [package_folder(package) / "files" / file for _, _, package, file in FACES]
    return frozenset.intersection(*map(_covered, paths))


def displayable(name: str) -> str:
    r"""Write the name of an area with letters that the fonts of a report have, of others their number: `[U+200F]`.

    So nothing of a name vanishes, and page, picture and PDF say the same. Letters that are put together from signs are
    one letter, and spaces one space.

    >>> displayable("De Wijk\tOost")
    'De Wijk[U+0009]Oost'
    """
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", name)).strip(" ")
    return "".join(letter if letter in REPERTOIRE or _is_seen(letter) else f"[U+{ord(letter):04X}]" for letter in text)


@cache
def _is_seen(letter: str) -> bool:
    """Tell whether a letter shows, and is in every font."""
    shows = unicodedata.category(letter) not in UNSEEN and not unicodedata.decomposition(letter).startswith("<")
    return shows and letter in covered()


@cache
def _covered(path: Path) -> frozenset[str]:
    """List the letters a font has."""
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


@cache
def _subset(path: Path, letters: str) -> str:
    """Cut a font down to these letters, as base64 WOFF2."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options(layout_features=list(FEATURES), hinting=False, desubroutinize=True, name_IDs=[0, 1, 2, 13, 14])
    options.drop_tables = [*options.drop_tables, "FFTM"]  # when the font was edited, which no reader needs
    font = TTFont(path, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(text=letters)
    subsetter.subset(font)
    font.flavor = "woff2"
    buffer = BytesIO()
    font.save(buffer, reorderTables=True)
    return b64encode(buffer.getvalue()).decode("ascii")


def inline_script(content: Mapping[str, Any]) -> str:
    """Write JSON that can stand inside a page: nothing in it ends the script it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def script_hash(script: str) -> str:
    """Name the one script that a page may run, as a Content Security Policy does (CSP 3, section 2.3.1)."""
    return "sha256-" + b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")


def explorer_script() -> str:
    """Give the one script that a page has: it moves through map and list."""
    return _beside("explorer.js")


def _beside(name: str) -> str:
    """Read a file that stands beside the templates."""
    return files("kloof.report").joinpath(f"templates/{name}").read_text(encoding="utf-8")


@cache
def template(name: str = "data") -> "Template":
    """Give a template, of the data page or the story, compiled once in a process."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context

    environment = Environment(
        loader=PackageLoader("kloof.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "pieces": pass_context(lambda context, sentence: pieces(sentence, context["view"].language)),
        "shape": shape,
        "slug": slug,
        "legend": legend,
        "bare_anchor": lambda anchor: anchor.removeprefix("#"),
    }
    return environment.get_template(f"{name}.html.j2")


def render_html(view: "ReportView") -> str:
    """Write the page of a report in the language of the view; the same view gives the same text.

    Raises ReportError when the view is incomplete or a figure cannot stand inside a page.
    """
    check_view(view)
    return _rendered("data", view, back=template_word(view.language))


def template_word(language: str) -> str:
    """Give the words of the link from the data page to the report."""
    return str(words(language, "story")["words"]["back_to_report"])


def render_story(view: "StoryView") -> str:
    """Write the report that is read, in the language of its view; the same view gives the same text."""
    from markupsafe import Markup

    drawings = count(1)

    def spark(one: "PortraitView") -> Markup:
        label = escape(one.alt, quote=True)
        text = (one.picture or "").replace("<svg ", f'<svg role="img" aria-label="{label}" id="s{next(drawings)}" ', 1)
        return Markup(text)

    return _rendered("story", view, said=words(view.language, "story")["words"], spark=spark)


def _rendered(name: str, view: Any, **more: Any) -> str:
    """Fill a template: the style, the script and the letters that are used go with it."""
    from markupsafe import Markup

    drawings = count(1)
    script, css = explorer_script(), _beside("page.css")
    html = template(name).render(
        view=view,
        **more,
        words=words(view.language),
        signs=SIGNS,
        inline_svg=lambda figure: Markup(inline_svg(figure, f"f{next(drawings)}")),
        style=Markup(f"{LETTERS}\n{css}"),
        script=Markup(script),
        script_hash=script_hash(script),
    )
    return html.replace(LETTERS, font_faces(frozenset(unescape(html))), 1)
