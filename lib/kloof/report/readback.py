"""Reads a finished page back: its elements, its visible text, and the numbers printed in it.

Shares nothing with `words` or `page`: what one writes wrong, the other must not read right.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, cached_property, lru_cache
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
HIDDEN = frozenset({"style", "script", "template", "metadata"})
SPOKEN = ("alt", "aria-label", "title")  # attributes that a reader sees or hears

FEWER = {"nl": "minder dan ", "en": "fewer than "}
GROUPED = {
    "nl": r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d{1,3}(?:,\d+)?",
    "en": r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d+)?",
}


@cache
def watched() -> Mapping[str, Any]:
    """Read the word lists of the audit once."""
    return tomllib.loads(files("kloof.words").joinpath("audit.toml").read_text(encoding="utf-8"))


@cache
def signs(language: str) -> Mapping[str, frozenset[str]]:
    """Give what may stand before or behind a number in a language, and the units it may mean."""
    found: dict[str, frozenset[str]] = {}
    for entry in watched()["unit"].values():
        for sign in entry[language]:
            found[sign] = found.get(sign, frozenset()) | frozenset(entry["means"])
    return found


def verdict_word(text: str, language: str) -> str | None:
    """Give the verdict word of a text, or all of them when it has several; “klopt niet” is one, not two."""
    words = sorted((entry[language] for entry in watched()["verdict"].values()), key=len, reverse=True)
    found = re.findall(rf"\b(?:{'|'.join(words)})\b", text.lower())
    return " / ".join(dict.fromkeys(found)) or None


@dataclass
class Node:
    """An element of a page."""

    tag: str
    attrs: Mapping[str, str] = field(default_factory=dict)
    parent: "Node | None" = None
    children: list["Node | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        """Go through this element and all below it, in the order of the page."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += [child for child in reversed(node.children) if isinstance(child, Node)]

    def ancestors(self) -> Iterator["Node"]:
        """Go from this element upwards, itself first."""
        place: Node | None = self
        while place is not None:
            yield place
            place = place.parent

    @cached_property
    def marks(self) -> frozenset[str]:
        """List the tags and classes (as `.name`) of this element and all around it, which never change."""
        own = {self.tag, *(f".{name}" for name in self.attrs.get("class", "").split())}
        return frozenset(own) if self.parent is None else self.parent.marks | own

    def nearest(self, attribute: str) -> str | None:
        """Give an attribute of this element or of the nearest one around it that has it."""
        return next((node.attrs[attribute] for node in self.ancestors() if attribute in node.attrs), None)

    @cached_property
    def pointer(self) -> str | None:
        """Give where the number of this element stands; in a table from the row on, after the table's own place."""
        told = self.attrs.get("data-ref")
        return told if told is None or told.startswith("/") else f"{self.nearest('data-base') or ''}{told}"

    @property
    def place(self) -> str:
        """Say where the element stands: section, then table, figure, finding or claim."""
        keys = ("data-section", "data-table", "data-figure", "data-finding", "data-claim")
        found = [f"{key.removeprefix('data-')} {value}" for key in keys if (value := self.nearest(key)) is not None]
        return ", ".join(found) or f"<{self.tag}>"

    def has_class(self, name: str) -> bool:
        """Tell whether the element has a class."""
        return name in self.attrs.get("class", "").split()

    def text(self, data: str | None = None) -> str:
        """Give the visible text; with `data`, that stands in the place of every traced number."""
        if self.tag in HIDDEN:
            return ""
        if data is not None and self.tag == "data":
            return data
        parts = (child if isinstance(child, str) else child.text(data) for child in self.children)
        return "".join(parts)


class _Builder(HTMLParser):
    """Builds the tree; a closing tag closes everything opened since."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("")
        self.place = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self.place)
        self.place.children.append(node)
        if tag not in VOID:
            self.place = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.place.children.append(Node(tag, {name: value or "" for name, value in attrs}, self.place))

    def handle_endtag(self, tag: str) -> None:
        for node in self.place.ancestors():
            if node.tag == tag and node.parent is not None:
                self.place = node.parent
                return

    def handle_data(self, data: str) -> None:
        self.place.children.append(data)

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002 – the base class counts lines from i to j
        """Count no lines: nobody asks where an element stands in the file."""
        return j


@lru_cache(maxsize=1)  # a page is held against its results and then against its PDF
def parse(html: str) -> Node:
    """Read a page into a tree of elements, which nobody changes."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


@dataclass(frozen=True)
class Printed:
    """A number as it stands on the page: value, digits behind the comma, sign of its unit, bound or not."""

    value: Decimal
    decimals: int
    sign: str
    fewer: bool = False


def read_number(text: str, language: str) -> Printed | None:
    """Read a printed number in the notation of a language; None when it is not one.

    Knows grouped thousands, decimal comma or point, a true minus (a hyphen is refused), the euro sign in
    front, a unit of `audit.toml` behind, `fewer than`, and a year of four digits.
    """
    plain = re.sub(r"[\s\u00a0\u202f]+", " ", text).strip()
    fewer = plain.lower().startswith(FEWER[language])
    if fewer:
        plain = plain[len(FEWER[language]) :]
    shape = rf"(?P<minus>\u2212)?(?P<euro>€ ?)?(?P<n>{GROUPED[language]}|(?:19|2\d)\d\d)(?P<tail>[ %].*)?"
    match = re.fullmatch(shape, plain, re.ASCII)
    if match is None:
        return None
    tail = (match["tail"] or "").strip()
    if (tail and tail not in signs(language)) or (tail and match["euro"]):
        return None
    point = "," if language == "nl" else "."
    whole, _, digits = match["n"].partition(point)
    value = Decimal(re.sub(r"\D", "", whole) + ("." + digits if digits else ""))
    signed = -value if match["minus"] else value
    return Printed(signed, len(digits), "€" if match["euro"] else tail, fewer)


def agrees(printed: Printed, value: float, unit: str | None, *, signed: bool) -> bool:
    """Tell whether a printed number is `value` (in `unit`) rounded half up at the printed precision.

    Without `signed` the sign may be in the words: "€ 110.000 lower". Thousands of euro are printed in euro.
    """
    exact = Decimal(repr(value))
    if printed.fewer:
        return 0 < exact < printed.value
    steps = [Decimal(1).scaleb(-printed.decimals)]
    if unit == "thousand_euro":
        exact *= 1000
        steps = [step for step in map(Decimal, (1, 10, 100, 1000)) if printed.value % step == 0]
    if not signed and printed.value >= 0:
        exact = abs(exact)
    return any((exact / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step == printed.value for step in steps)


Blocks = dict[str, list[tuple[str, ...]]]  # per section of a page: what each paragraph, cell or picture carries


def differences(dutch: Blocks, english: Blocks) -> list[str]:
    """List where two pages differ, block by block in reading order.

    Within one paragraph or cell numbers may change places, as words do.
    """
    found = []
    for part in dict.fromkeys((*dutch, *english)):
        ours, theirs = dutch.get(part, []), english.get(part, [])
        differing = next((pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]), None)
        if differing is not None:
            found.append(f"{part}: nl has {', '.join(differing[0])} where en has {', '.join(differing[1])}")
        elif len(ours) != len(theirs):
            found.append(f"{part}: nl has {len(ours)} blocks with numbers or findings, en has {len(theirs)}")
    return found


def blocks(root: Node) -> Blocks:
    """Give per section the findings, verdicts and pointers of each block, in the order of the page."""
    found: Blocks = {}
    for node in root.walk():
        said = [
            f"{key} {node.attrs[key]}"
            for key in ("data-finding", "data-judgement", "data-verdict")
            if key in node.attrs
        ]
        if node.tag in ("p", "li", "td", "th", "svg"):
            said += sorted(inner.pointer for inner in node.walk() if inner.pointer is not None)
        if said:
            found.setdefault(node.nearest("data-section") or "first screen", []).append(tuple(said))
    return found
