"""Reads a finished PDF back against the page in its language: both are made from one view, and must say the same.

What the page says stands in the PDF, block by block: a sentence, a caption, a row of a table. What is left of the PDF
(pictures, notes, contents) holds no number and no direction that the page does not have.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from kloof.errors import ReportError, faults
from kloof.report.audit import directions, visible
from kloof.report.readback import Node, parse

BLOCKS = frozenset({"p", "li", "h1", "h2", "h3", "tr"})
ON_SCREEN = frozenset({"header", "nav", "footer", "svg", ".explorer", ".files", ".hint", ".sr"})  # not said on paper
NO_WORDS = frozenset({"svg", "style", "script"})
_BESIDE = frozenset({"deep", "notes", "sr"})  # classes of what stands in a block but is no part of what it says
LOOSE = re.compile(
    r"[\s\x00-\x1f\xad\u200b-\u200f\u2010\u2011\u2060\ufeff\ufffe-]"
)  # what the end of a line may change
PAGE_OF = re.compile(r"(?:\. ?){3,}[\s\u2060]*\d+\s*$", re.MULTILINE)  # in the contents
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
LINE_ENDS = re.compile(r"(?<=[\s/?!|…–—-])|(?<=[^\W\d])(?=[^\W\d])")  # also in a word or an address, never in a number
NAMED = 8  # letters of a name that is looked for on every page; a shorter one could be a part of a number
LONGEST = 60  # letters of a block that a fault shows


def texts(made: bytes) -> list[str]:
    """Read the text of each page of a PDF; raises ReportError when it cannot be read."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(made) as document:
            return [page.get_textpage().get_text_bounded() for page in document]
    except pypdfium2.PdfiumError as problem:
        raise ReportError(f"the PDF cannot be read: {problem}") from problem


def check_pdf(pages: Sequence[str], html: str, language: str, pictures: Iterable[str] = ()) -> None:
    """Raise ReportError with all in which a PDF differs from its page."""
    if found := audit_pdf(pages, html, language, pictures):
        raise ReportError(faults(f"the {language} PDF", found, "Make both from one view."))


def audit_pdf(pages: Sequence[str], html: str, language: str, pictures: Iterable[str] = ()) -> list[str]:
    """List what a page says and its PDF does not, and the numbers and directions of the PDF that the page lacks.

    `pages` is the text of each page, `pictures` are the SVG of those that the page moves and paper cannot.
    """
    root = parse(html)
    titles = (node for node in root.walk() if node.tag == "h1" or node.has_class("place"))
    header = _squeezed("".join(_said(node) for node in sorted(titles, key=lambda node: node.tag)))
    sheets = [_Sheet(text, header) for text in pages]
    heads = [_Block(cells) for cells in _blocks(root, heads=True)]  # on every page to which its table goes on
    missing = [head for head in heads if not any(head.squeezed in sheet.squeezed for sheet in sheets)]
    blocks = [block for block in map(_Block, _blocks(root)) if block.squeezed]
    blocks.sort(key=lambda block: -len(block.squeezed))  # a short one may also be a part of a longer
    blocks = [block for block in blocks if not (block.whole(sheets) or block.goes_on(sheets))]
    missing += blocks  # a row stands on one page, and so does what is left
    found = [f"the PDF does not say “{block.shown}”" for block in missing]
    again = sorted({text for text in _repeated(root) if len(text) >= NAMED}, key=lambda text: (-len(text), text))
    for sheet in sheets:
        for text in again:
            while sheet.take(text):
                pass
    drawn = [text for one in (root, *map(parse, pictures)) for _, text, attribute in visible(one) if not attribute]
    numbers = {token for text in drawn for token in NUMBER.findall(text)}
    notes = {
        node.attrs["href"].removeprefix("#bron-") for node in root.walk() if node.tag == "a" and "href" in node.attrs
    }
    words = {word for text in drawn for word in directions(text, language)}
    for place, sheet in enumerate(sheets, 1):
        rest = sheet.rest(place)
        strange = [token for token in NUMBER.findall(rest) if token not in numbers and not {*token.split(",")} <= notes]
        strange += [word for word in directions(rest, language) if word not in words]
        found += [f"PDF page {place}: {token} is not on the HTML page" for token in dict.fromkeys(strange)]
    return found


def _squeezed(text: str) -> str:
    """Write a text without spaces and hyphens, of which the end of a line makes others, and without ligatures."""
    return LOOSE.sub("", unicodedata.normalize("NFKC", text))


def _said(node: Node) -> str:
    """Give the text of a block, without pictures, links to itself and numbers of notes."""
    if node.tag in NO_WORDS or any(node.has_class(name) for name in _BESIDE):
        return ""
    return "".join(child if isinstance(child, str) else _said(child) for child in node.children)


def _blocks(root: Node, *, heads: bool = False) -> Iterator[list[str]]:
    """Go through all that both must say: the text of each block, a row of a table cell by cell; or the heads of tables.

    The list of sources has another shape on paper, and is quoted; its words are known as those of notes.
    """
    for node in root.walk():
        if node.tag not in BLOCKS or not ON_SCREEN.isdisjoint(node.marks) or ("thead" in node.marks) != heads:
            continue
        if node.tag != "tr":
            yield [_said(node)]
        elif node.nearest("data-table") is not None:
            yield [_said(cell) for cell in node.children if isinstance(cell, Node)]


def _repeated(root: Node) -> Iterator[str]:
    """Go through what may stand on any page: title and headings, heads of tables, sources and names of files."""
    for node in root.walk():
        if node.tag in ("h1", "h2", "thead", "cite", "code", "time"):
            yield _squeezed(_said(node))
        elif "download" in node.attrs:
            yield _squeezed(node.attrs["href"].removeprefix("../"))


@dataclass
class _Sheet:
    """The text of one page of a PDF, from which is taken what the page accounts for."""

    text: str
    header: str
    squeezed: str = field(init=False)  # spaces in it stand where something was taken
    loose: set[str] = field(init=False)  # letters of it that the end of a line may change
    places: list[int] = field(init=False)  # where in `text` each letter of `squeezed` stands

    def __post_init__(self) -> None:
        """Leave out the header: what stands first is what goes on from the page before."""
        self.text = unicodedata.normalize("NFKC", self.text)
        self.loose = {letter for letter in set(self.text) if LOOSE.match(letter)}
        self.places = [place for place, letter in enumerate(self.text) if letter not in self.loose]
        if self.header and _squeezed(self.text).startswith(self.header):
            self.places = self.places[len(self.header) :]
        self.squeezed = "".join(self.text[place] for place in self.places)

    def take(self, squeezed: str) -> bool:
        """Take a text away where it stands first; tell whether it stood there."""
        at = self.squeezed.find(squeezed) if squeezed else -1
        if at < 0:
            return False
        end = at + len(squeezed)
        self.squeezed = f"{self.squeezed[:at]}{' ' * len(squeezed)}{self.squeezed[end:]}"
        return True

    def rest(self, number: int) -> str:
        """Give what was not taken, without the number of this page and those in the contents."""
        letters = [letter if letter in self.loose else " " for letter in self.text]
        for place, letter in zip(self.places, self.squeezed, strict=True):
            letters[place] = letter
        lines = "".join(letters).splitlines()
        return PAGE_OF.sub("", "\n".join(line for line in lines if line.strip() != str(number)))


class _Block:
    """A block of the page; `cells` has one text, or one for each cell of a row."""

    def __init__(self, cells: list[str]) -> None:
        self.cells = cells
        self.squeezed = _squeezed("".join(cells))

    @property
    def shown(self) -> str:
        """Gives the beginning of the text, for people."""
        text = " ".join(" ".join(self.cells).split())
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

    def whole(self, sheets: Sequence[_Sheet]) -> bool:
        """Take it from the page on which it stands."""
        return any(sheet.take(self.squeezed) for sheet in sheets)

    def goes_on(self, sheets: Sequence[_Sheet]) -> bool:
        """Take a text from two pages when it is cut where a line may end, and goes on where the next page begins."""
        [text, *others] = self.cells
        parts = [] if others else _parts(text, LINE_ENDS)
        for ends, begins in pairwise(sheets):
            part = _cut(parts, ends.squeezed.__contains__, begins.squeezed.startswith)
            if part and all(part):
                return ends.take(part[0]) and begins.take(part[1])
        return False


def _parts(text: str, ends: re.Pattern[str]) -> list[tuple[str, str]]:
    """List the ways to cut a text in two where a line may end, the latest first."""
    pieces = [_squeezed(piece) for piece in ends.split(text)]
    return [("".join(pieces[:at]), "".join(pieces[at:])) for at in range(len(pieces), -1, -1)]


def _cut(
    parts: Iterable[tuple[str, str]], ended: Callable[[str], bool], begun: Callable[[str], bool]
) -> tuple[str, str] | None:
    """Find where a text is cut; None when its two parts do not stand there."""
    return next(((first, second) for first, second in parts if begun(second) and ended(first)), None)
