"""Reads a finished page back against results.json: a number or direction word without a source is an error.

Independent of what wrote the page: it parses the printed text, follows each pointer and compares. Letters
drawn as shapes inside a chart are not text and cannot be read back; the areas of a map can, by their titles.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

from kloof.catalogue import Catalogue
from kloof.errors import ReportError, faults
from kloof.findings import (
    ANSWERS,
    GREW,
    HIGHER,
    JUDGEMENTS,
    LOWER,
    SAME,
    SHRANK,
    STAYED,
    UNCLEAR,
    VERDICTS,
    WITHIN_ROUNDING,
    told,
)
from kloof.report.fits import misfits
from kloof.report.known import SPACES, Knowledge, is_number, strings
from kloof.report.plain import faults_of_language
from kloof.report.readback import (
    HIDDEN,
    SPOKEN,
    Blocks,
    Node,
    Printed,
    agrees,
    blocks,
    parse,
    read_number,
    verdict_word,
    watched,
)
from kloof.results import look_up
from kloof.study import claims

LEFT_OVER = re.compile(
    r"\{\{|\{%|\{\w*\}|\bundefined\b|\bNone\b(?! of)|\b[Nn]a[Nn]\b|\b[a-z]+(?:_[a-z0-9]+)+\b"
    rf"|\b(?:{'|'.join((*ANSWERS, *JUDGEMENTS, *VERDICTS))})\b"
)
DIRECTIONS = ("rise", "fall")
WORTH = ("better", "worse")
UPWARD, DOWNWARD = (HIGHER, GREW), (LOWER, SHRANK)
OPEN = (UNCLEAR, SAME, WITHIN_ROUNDING, STAYED)
GAPS = ("gap_change", "beyond_trend")  # kinds of finding of which more is worse
WORDED = ("refused", "number", "foreign")
QUOTED = frozenset({"cite", "code", "time", ".ref"})
BESIDE = frozenset({".note", ".sr"})
EXPLAINED = frozenset({".how", ".limits"})
IN_HEAD = {  # a column of this unit must say so in its head or caption
    "percent": ("%", "procent", "percent"),
    "points": ("punt", "point"),
    "euro": ("€", "euro"),
    "thousand_euro": ("€", "euro"),
}


def audit_html(
    html: str, results: Mapping[str, Any], language: str, names: Collection[str] = (), *, whole: bool = True
) -> list[str]:
    """List every fault of a page; an empty list means that all it says is in results.json.

    `names` are names and labels that may hold digits or number words (see `labels`); the names of areas
    and every text value of results.json are known already. The report that is read is not `whole`: it need not tell
    every headline, and its language is checked.
    """
    return _faults(parse(html), results, language, names, whole=whole)


def _faults(root: Node, results: Mapping[str, Any], language: str, names: Collection[str], *, whole: bool) -> list[str]:
    page = _Page(root, results, language, Knowledge(results, language, tuple(names)))
    rules = [page.numbers, page.moving, page.heads, page.judgements, page.verdicts, page.codes, page.texts]
    rules += [page.headlines] if whole else [page.plain, page.chances, page.portraits, page.quotes]
    found = [fault for rule in rules for fault in rule()]
    return list(dict.fromkeys([*found, *misfits(root, results, language)]))


def check(
    html: str, results: Mapping[str, Any], language: str, names: Collection[str] = (), *, whole: bool = True
) -> Blocks:
    """Raise ReportError with all faults when a page says something that results.json does not.

    Gives what the page in the other language must carry too: reading a page is slow.
    """
    root = parse(html)
    if found := _faults(root, results, language, names, whole=whole):
        raise ReportError(faults(f"the {language} page", found, "Correct the template or the view, not the page."))
    return blocks(root)


def labels(catalogue: Catalogue, language: str) -> frozenset[str]:
    """List the labels of the catalogue, which may hold digits and number words (`lijst van zestien`)."""
    indicators = catalogue.indicators.values()
    found = {text for entry in indicators for text in (entry.label(language), entry.subject(language))}
    found |= {str(getattr(group, language)) for group in catalogue.groups.values()}
    found |= {str(getattr(gap, language)) for entry in indicators for gap in (*entry.breaks, *entry.bridges)}
    for table in (catalogue.focus, catalogue.units, catalogue.dimensions):
        found |= {str(entry[language]) for entry in table.values()}
    found |= {str(entry.get(f"made_{language}", "")) for entry in catalogue.focus.values()}
    return frozenset(found - {""})


@cache
def _whole(kind: str, language: str) -> re.Pattern[str]:
    """Match any word of one list of audit.toml, as a whole word in any case."""
    words = (re.escape(word).replace(r"\*", r"\w*") for word in watched()[kind][language])
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)".replace(r"\ …\ ", r"\b[^.;]*\b"), re.IGNORECASE)


@cache
def _hint(kinds: tuple[str, ...], language: str) -> re.Pattern[str]:
    """Match where a word of these lists may begin: where it finds nothing, `_whole` does not either, nor without names.

    For every word begins with a letter, and what is left of a name is a space.
    """
    first = {word.split()[0] for kind in kinds for word in watched()[kind][language]}
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(re.escape(word.rstrip('*')) for word in first))})", re.IGNORECASE)


def directions(text: str, language: str) -> list[str]:
    """List the direction words of a text, as they are written."""
    return [word for kind in DIRECTIONS for word in _whole(kind, language).findall(text)]


def contrary(text: str, language: str, code: str, kind: str = "") -> list[str]:
    """List the words of a text that say another direction than the code that it tells, of a finding of some kind.

    What is higher or grew has no word for down, nor one for worse unless it is a gap, and the other way around; what
    stayed or is open has as many words for either way, what was not compared has none. What is said aside is let be.
    """
    plain = _whole("aside", language).sub(" ", text)
    up, down, better, worse = (_whole(words, language).findall(plain) for words in (*DIRECTIONS, *WORTH))
    if kind.startswith(GAPS):
        better, worse = worse, better
    if code in UPWARD + DOWNWARD:
        return [*down, *worse] if code in UPWARD else [*up, *better]
    ways = ((up, down), (better, worse))
    return [word for one, other in ways for word in (*one, *other) if code not in OPEN or len(one) != len(other)]


def visible(root: Node) -> Iterator[tuple[Node, str, str]]:
    """Go through all a reader sees or hears: element, text, and the attribute it stands in (or nothing)."""
    for node in root.walk():
        said = [(node.attrs[name], name) for name in SPOKEN if name in node.attrs]
        said += [(child, "") for child in node.children if isinstance(child, str)]
        if said and HIDDEN.isdisjoint(node.marks):
            yield from ((node, SPACES.sub(" ", text), attribute) for text, attribute in said if text.strip())


def _where(node: Node) -> str:
    """Say where an element stands."""
    return node.place


@dataclass(frozen=True)
class _Page:
    """A page, and the results it must agree with."""

    root: Node
    results: Mapping[str, Any]
    language: str
    known: Knowledge

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """List all elements once: every rule goes through them."""
        return tuple(self.root.walk())

    def numbers(self) -> Iterator[str]:
        """Check each traced number: pointer, notation, value at printed precision, unit."""
        for node in self.nodes:
            pointer = node.pointer
            if node.tag == "data" and pointer is None:
                yield f"{_where(node)}: {node.text()} has no pointer"
            if pointer is None:
                continue
            text = " ".join(node.text().split())
            try:
                value = look_up(self.results, pointer)
            except ReportError:
                yield f"{_where(node)}: {text} points at {pointer}, where results.json has nothing"
                continue
            check_one = self.printed if node.tag == "data" else self.drawn
            yield from (f"{_where(node)}: {text} {fault} ({pointer})" for fault in check_one(node, text, value))

    def printed(self, node: Node, text: str, value: Any) -> Iterator[str]:
        """Check one printed number against the value at its pointer."""
        pointer = str(node.pointer)
        number = read_number(text, self.language)
        if not is_number(value):
            yield f"stands where results.json has no number but {value!r}"
            return
        if number is None:
            yield f"is not written as a number in {self.language}"
            return
        unit = self.known.unit_at(pointer)
        cell = next((place for place in node.ancestors() if place.tag in ("td", "th")), None)
        if not agrees(number, float(value), unit, signed=cell is not None):
            yield f"stands for {value!r}"
        if not self.known.sign_fits(number.sign, unit):
            yield f"has the sign of another unit than {unit}"
        if unit in IN_HEAD and not number.sign and cell is None:
            yield f"lacks the sign of its unit, {unit}"
        machine = node.attrs.get("value", "").removeprefix("<")
        if not re.fullmatch(r"-?\d+(\.\d+)?", machine) or Decimal(machine) != number.value:
            yield f"says {node.attrs.get('value')!r} to programs"
        row = next((place for place in node.ancestors() if place.tag == "tr"), None)
        if row is not None and (own := self.area_of(pointer)) is not None and own not in row.text():
            yield f"stands in another row than that of {own}"

    def moving(self) -> Iterator[str]:
        """Check what a map that moves can show: each value as its table has it, each name that of its code."""
        for node in (node for node in self.nodes if "data-values" in node.attrs):
            name, shown = node.attrs["data-values"], json.loads("".join(map(str, node.children)))
            where, table = _where(node), self.results["tables"].get(name)
            if table is None:
                yield f"{where}: shows table {name}, which results.json does not have"
                continue
            keys = [column["key"] for column in table["columns"]]
            known = {(row[keys.index("indicator")], row[keys.index("area")]): row for row in table["rows"]}
            places = [*(code for code, *_ in shown["areas"]), self.results["place"]["code"]]
            names = [*(called for _, called, *_ in shown["areas"]), shown["city"]]
            yield from (
                f"{where}: calls {code} “{called}”"
                for code, called in zip(places, names, strict=True)
                if self.results["areas"].get(code, code) != called
            )
            for entry in shown["indicators"]:
                for at, year in enumerate(shown["years"]):
                    values = entry["values"][at] or [None] * len(shown["areas"])
                    for code, value in zip(places, [*values, entry["city"][at]], strict=True):
                        row = known.get((entry["id"], code))
                        true = None if row is None else row[keys.index(f"y{year}")]
                        place = f"{where}: {entry['id']}, {code}, {year}"
                        yield from (f"{place} {fault}" for fault in self.moved(value, true, entry))

    @staticmethod
    def moved(value: float | None, true: float | None, entry: Mapping[str, Any]) -> Iterator[str]:
        """Check one value that a map can show."""
        if value is None or true is None:
            if value is not true:
                yield f"is {value!r}, results.json says {true!r}"
            return
        unit = "thousand_euro" if "€" in entry["pattern"] and not entry["decimals"] else None
        amount = Decimal(repr(value))
        if not any(agrees(Printed(amount, entry["decimals"], ""), float(true), of, signed=True) for of in {unit, None}):
            yield f"stands for {true!r}, it is {value!r}"

    def area_of(self, pointer: str) -> str | None:
        """Name the area that the row of a table is about."""
        kind, name, *steps = pointer.strip("/").split("/")
        if kind == "tables" and len(steps) == 3:
            table = self.results["tables"][name]
            for column, value in zip(table["columns"], table["rows"][int(steps[1])], strict=True):
                if column["kind"] == "area":
                    return str(self.results["areas"].get(value, value))
        return None

    def drawn(self, node: Node, text: str, value: Any) -> Iterator[str]:
        """Check the title of a drawn area: its number is the one at the pointer, and it has no other."""
        known = [(float(value), self.known.unit_at(str(node.pointer)))] if is_number(value) else []
        said = [token for token in self.known.loose_numbers(text) if token not in self.known.years]
        if known and not said:
            yield f"does not say its number {value!r}"
        yield from (f"says {token}, it stands for {value!r}" for token in said if not self.known.among(token, known))

    def heads(self) -> Iterator[str]:
        """Check that a table says in its head or caption in which unit a column is."""
        for table in (node for node in self.nodes if "data-table" in node.attrs):
            heads = [node.text() for node in table.walk() if node.tag == "th" and node.attrs.get("scope") == "col"]
            caption = " ".join(node.text() for node in table.walk() if node.has_class("caption"))
            asked: dict[int, str] = {}
            for row in (node for node in table.walk() if node.tag == "tr"):
                cells = [cell for cell in row.children if isinstance(cell, Node)]
                for place, cell in enumerate(cells):
                    for number in (node for node in cell.walk() if node.tag == "data" and node.pointer):
                        printed = read_number(number.text(), self.language)
                        if printed is not None and not printed.sign and self.leads_somewhere(number):
                            asked[place] = self.known.unit_at(str(number.pointer)) or ""
            for place, unit in asked.items():
                head = heads[place] if place < len(heads) else ""
                if unit in IN_HEAD and not any(sign in (head + caption).lower() for sign in IN_HEAD[unit]):
                    yield f"{_where(table)}: column “{head}” does not say its unit, {unit}"
                if unit == "thousand_euro" and re.search(r"1[.,]000", head):
                    yield f"{_where(table)}: column “{head}” says thousands, its cells are in whole euros"

    def leads_somewhere(self, number: Node) -> bool:
        """Tell whether results.json has something at the pointer of a number; `numbers` says so when not."""
        try:
            look_up(self.results, str(number.pointer))
        except ReportError:
            return False
        return True

    def judgements(self) -> Iterator[str]:
        """Check judgements against results.json, and direction words against judgements.

        Also in what stands under a figure, and in what is said of it to who cannot see it.
        """
        for node in self.nodes:
            if "data-finding" in node.attrs:
                finding = self.results["findings"].get(node.attrs["data-finding"])
                spoken = [node.text("·")]
            elif "data-figure" in node.attrs:
                finding = self.known.finding_of(node.attrs["data-figure"])
                spoken = [inner.text("·") for inner in node.walk() if inner.tag == "figcaption"]
                spoken += [inner.attrs.get("aria-label", "") for inner in node.walk() if inner.tag == "svg"]
                if node.attrs["data-figure"] not in self.results["figures"]:
                    yield f"{_where(node)}: is not in results.json"
            else:
                continue
            if finding is None:
                if "data-finding" in node.attrs:
                    yield f"{_where(node)}: is not in results.json"
                elif self.results["figures"].get(node.attrs["data-figure"], {}).get("options", {}).get("findings"):
                    yield from self.panels(node, spoken)
                continue
            judged = told(finding)
            if (said := node.attrs.get("data-judgement", judged)) != judged:
                yield f"{_where(node)}: is worded as {said}, results.json says {judged}"
            for text in spoken:
                if not _hint(DIRECTIONS + WORTH, self.language).search(text):
                    continue
                readings = [self.known.nameless(text), *([text] if self._called_so else [])]
                wrong = [contrary(reading, self.language, judged, finding["kind"])[:1] for reading in readings]
                if all(wrong):
                    yield f"{_where(node)}: says “{wrong[0][0]}”, but its judgement is {judged}"

    @cached_property
    def _called_so(self) -> bool:
        """Tell whether an area is called as a direction: where it stands, it may be the name or the word."""
        names = self.results["areas"].values()
        return any(_whole(kind, self.language).fullmatch(name) for kind in DIRECTIONS for name in names)

    def panels(self, node: Node, spoken: list[str]) -> Iterator[str]:
        """Check a figure with a finding for each panel: a direction word in its title is what happened in one of them.

        In the drawing each direction stands as often as it happened: once under the name of each such panel.
        """
        ids = self.results["figures"][node.attrs["data-figure"]]["options"]["findings"].values()
        known = [self.results["findings"][one] for one in ids if one in self.results["findings"]]
        happened = [told(one) for one in known if not one["measure"].endswith("_reversed")]
        drawn = [inner.text() for inner in node.walk() if inner.tag == "text"]
        for kind, code in zip(DIRECTIONS, (GREW, SHRANK), strict=True):
            whole = _whole(kind, self.language)  # a word alone is no name, also where a buurt is called so
            said, inside = ([text if whole.fullmatch(text) else self.known.nameless(text) for text in texts]
                            for texts in (spoken, drawn))  # fmt: skip
            words = [word for text in said for word in whole.findall(text)]
            if words and code not in map(told, known):
                yield f"{_where(node)}: says “{words[0]}”, which happened in no panel"
            count = sum(bool(whole.search(text)) for text in inside)
            if count != happened.count(code):
                yield f"{_where(node)}: {count} panels say that it is {code}, it is so in {happened.count(code)}"

    def plain(self) -> Iterator[str]:
        """Check the language of the report that is read."""
        return faults_of_language(self.root, self.known.loose_numbers, self.known.is_year_or_size)

    def chances(self) -> Iterator[str]:
        """Check that what is said to have stayed, to be open or to be beyond chance is what was found."""
        for node in (node for node in self.nodes if "data-finding" in node.attrs):
            finding = self.results["findings"].get(node.attrs["data-finding"])
            if finding is None:
                continue
            clause = node.tag == "span"  # of a headline, in a paragraph that has no finding of its own
            chance, happened = finding["judgement"], told(finding)
            allowed = {
                "still": happened in (STAYED, SAME), "open": happened == WITHIN_ROUNDING,
                "beyond": chance in (HIGHER, LOWER), "doubtful": chance == UNCLEAR,
            }  # fmt: skip
            text = " ".join(node.text("·").split())
            for kind, fits in allowed.items():
                said = _whole(kind, self.language).search(text)
                if said and not fits:
                    yield f"{_where(node)}: says “{said[0]}”, but it was found {happened}, by chance {chance}"
                elif kind == "still" and clause and fits and not said:
                    yield f"{_where(node)}: does not say that it stayed, as was found"

    def quotes(self) -> Iterator[str]:
        """Check that what is quoted of a debate stands in results.json, and a claim in the registry, word for word."""
        debate = frozenset(strings(self.results.get("debate", {})))
        if not debate:
            return
        registered = claims.registry().entries
        for node in (node for node in self.nodes if node.tag == "cite" and node.nearest("data-figure") is None):
            text = " ".join(node.text().split())
            card = next((place.attrs["id"] for place in node.ancestors() if place.has_class("heard")), None)
            if ".quote" in node.marks and card is not None and not node.marks & {".who"}:
                claim = registered.get(card.removeprefix("claim-").upper(), {})
                if text != claim.get(self.language):
                    yield f"{card}: quotes “{text}”, which the registry does not say"
            elif not node.marks & {".who", "footer"} and text not in debate:
                yield f"{_where(node)}: quotes “{text}”, which results.json does not have"

    def portraits(self) -> Iterator[str]:
        """Check that a portrait is of its own neighbourhood, and what it says of its pace."""
        for node in (node for node in self.nodes if node.has_class("portrait")):
            code = node.attrs.get("id", "").removeprefix("buurt-")
            name = " ".join(next((inner.text() for inner in node.walk() if inner.tag == "h3"), "").split())
            if name not in (called for area, called in self.results["areas"].items() if area.lower() == code):
                yield f"portrait of {code}: is called “{name}”"
            for inner in (inner for inner in node.walk() if inner.tag == "data" and inner.pointer):
                kind, _, *steps = str(inner.pointer).strip("/").split("/")
                area = self.area_of(str(inner.pointer)) if kind == "tables" and len(steps) == 3 else None
                if area not in (name, self.results["areas"].get(self.results["place"]["code"])):
                    yield f"portrait of {name}: {inner.text()} is a figure of {area}"
            yield from self.pace(node, name)

    def pace(self, node: Node, name: str) -> Iterator[str]:
        """Check direction words of a portrait against the figures it prints of its first indicator."""
        cells: dict[str, list[tuple[str, float]]] = {}
        for inner in (inner for inner in node.walk() if inner.tag == "data" and "/03.by_year/" in str(inner.pointer)):
            *_, row, column = str(inner.pointer).split("/")
            table = self.results["tables"]["03.by_year"]
            value = table["rows"][int(row)][int(column)]
            if is_number(value):
                cells.setdefault(row, []).append((table["columns"][int(column)]["key"], float(value)))
        moved = next((sorted(found) for found in cells.values() if len({key for key, _ in found}) > 1), None)
        if moved is None:
            return
        said = " ".join(inner.text("·") for inner in node.walk() if inner.tag == "p")
        text = self.known.nameless(said)
        up, down = (_whole(kind, self.language).findall(text) for kind in DIRECTIONS)
        change = moved[-1][1] - moved[0][1]
        if (up and change <= 0) or (down and change >= 0):
            yield f"portrait of {name}: says “{(up + down)[0]}”, its figures differ by {change:g}"
        row = next(row for row, found in cells.items() if sorted(found) == moved)
        beside = self.beside(int(row), moved[0][0], moved[-1][0])
        ahead, behind = (_whole(kind, self.language).findall(text) for kind in ("faster", "slower"))
        own = moved[-1][1] / moved[0][1] if moved[0][1] else None
        if own is not None and beside is not None and ((ahead and own < beside) or (behind and own > beside)):
            said = (ahead + behind)[0]
            yield f"portrait of {name}: says “{said}”, it moved by {own:.3f}, the whole place by {beside:.3f}"

    def beside(self, row: int, first: str, last: str) -> float | None:
        """Give how the figure of a row moved in the whole place, as a part of where it began."""
        table = self.results["tables"]["03.by_year"]
        keys = [column["key"] for column in table["columns"]]
        indicator, area = keys.index("indicator"), keys.index("area")
        asked = table["rows"][row][indicator], self.results["place"]["code"]
        whole = next((entry for entry in table["rows"] if (entry[indicator], entry[area]) == asked), None)
        ends = [whole[keys.index(key)] for key in (first, last)] if whole is not None else [None, None]
        return float(ends[1] / ends[0]) if is_number(ends[1]) and ends[0] else None

    def headlines(self) -> Iterator[str]:
        """Check that the headline finding of each section appears."""
        said = {node.attrs["data-finding"] for node in self.nodes if "data-finding" in node.attrs}
        for section in self.results["sections"]:
            if section["headline"] is not None and section["headline"] not in said:
                yield f"section {section['id']}: its headline finding {section['headline']} does not appear"

    def verdicts(self) -> Iterator[str]:
        """Check each verdict: that on the claim as a whole, its word and no other, and how its answer begins."""
        recorded = self.results["overall"]
        for node in (node for node in self.nodes if "data-claim" in node.attrs):
            claim, verdict = node.attrs["data-claim"], node.attrs.get("data-verdict", "")
            if verdict != recorded.get(claim):
                yield f"{_where(node)}: shows {verdict}, results.json says {recorded.get(claim, 'nothing')}"
            else:
                word = next((inner for inner in node.walk() if inner.has_class("word")), node)
                yield from (f"{_where(node)}: {fault}" for fault in self.called(word, verdict))
        for node in (node for node in self.nodes if node.has_class("heard")):
            claim = node.attrs.get("id", "").removeprefix("claim-").upper()
            for line in (" ".join(inner.text().split()) for inner in node.walk() if inner.has_class("nuance")):
                for reply in watched()["reply"].values():
                    begins, fits = reply[self.language], recorded.get(claim) in reply["means"]
                    if re.match(rf"{begins}\b", line) and not fits:
                        yield f"claim {claim}: its answer begins with “{begins}”, its verdict is {recorded.get(claim)}"

    def called(self, node: Node, verdict: str) -> Iterator[str]:
        """Check that an element has the word that belongs to a verdict, and no other."""
        text = " ".join(node.text().split())
        if (word := watched()["verdict"][verdict][self.language]) != verdict_word(text, self.language):
            yield f"{verdict} must be called “{word}”, it says “{text}”"

    def codes(self) -> Iterator[str]:
        """Check the words of each cell, and of the legend, that has the colour of a verdict or of what happened."""
        for node in self.nodes:
            coloured = node.parent if node.tag == "b" and node.parent is not None else node
            code = next((name for name in coloured.attrs.get("class", "").split() if name in VERDICTS + ANSWERS), None)
            if code is None or node.tag not in ("td", "th", "b"):
                continue
            text = " ".join(node.text().split())
            if code in VERDICTS:
                yield from (f"{_where(node)}: {fault}" for fault in self.called(node, code))
                continue
            needs = {GREW: "rise", SHRANK: "fall", STAYED: "still"}.get(code)
            lacks = needs is not None and not _whole(needs, self.language).search(text)
            if lacks or contrary(text, self.language, code):
                yield f"{_where(node)}: says “{text}” of what is {code}"

    def texts(self) -> Iterator[str]:
        """Check all visible text, element by element, except quotations and traced numbers."""
        for node, text, attribute in visible(self.root):
            if node.tag == "data" or not QUOTED.isdisjoint(node.marks):
                continue
            found = [*self.worded(node, text, attribute)]
            found += [f"holds {token}, which is not traced" for token in self.untraced(node, text, attribute)]
            shown = text.strip() if len(text) <= 60 else text.strip()[:57] + "…"
            yield from (f"{_where(node)}{f' ({attribute})' if attribute else ''}: “{shown}” {fault}" for fault in found)

    def worded(self, node: Node, text: str, attribute: str) -> Iterator[str]:
        """Find left-over marks, identifiers, number words, refused words and words of the other language.

        How a method works and what it does not say may be explained with `because` and `two`; what an alt
        text sees may be counted in letters ("two lines").
        """
        if text not in self._left:
            self._left[text] = [
                *(f"holds {match[0]}" for match in LEFT_OVER.finditer(self.known.clear_of(text, LEFT_OVER))),
                *(f"shows the identifier {name}" for name in self.known.codes if name in text),
            ]
        yield from self._left[text]
        if not _hint(WORDED, self.language).search(text):
            return
        plain = self.known.nameless(text)
        explains = not EXPLAINED.isdisjoint(node.marks)
        kinds = {} if explains else {"refused": "says “{}”, which no design here carries"}
        if not explains and not attribute:
            kinds["number"] = "writes “{}” without a source"
        if (node.nearest("lang") or self.language) == self.language:
            kinds["foreign"] = "holds “{}” of the other language"
        for kind, message in kinds.items():
            yield from (message.format(word) for word in _whole(kind, self.language).findall(plain))

    @cached_property
    def _left(self) -> dict[str, list[str]]:
        """Keep the marks and identifiers that were found: a text may stand at many places."""
        return {}

    def untraced(self, node: Node, text: str, attribute: str) -> list[str]:
        """List the numbers in a plain text for which neither a year nor its figure or table accounts.

        A drawn area is checked with its pointer, and the scale of an axis states nothing.
        """
        drawing = "svg" in node.marks
        if drawing and not attribute and (".scale" in node.marks or node.nearest("data-ref") is not None):
            return []
        loose = self.known.loose_numbers(text)
        years = self.known.years_by(node) if loose else frozenset()
        loose = [token for token in loose if not self.known.is_year_or_size(token, years)]
        beside = attribute or drawing or not BESIDE.isdisjoint(node.marks)
        near = self.known.numbers_near(node) if loose and beside else []
        return [token for token in loose if not self.known.among(token, near)]
