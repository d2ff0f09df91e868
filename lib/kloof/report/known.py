"""Knows what results.json allows a page to say: names with digits, years, units, numbers of a figure."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from kloof.catalogue import catalogue
from kloof.findings import DIFFERENCES
from kloof.report.readback import Node, agrees, read_number, signs

FOCUS_RULE = re.compile(r"\w+:(\d+):\w+:(\d{4})")  # a focus list made by a rule names a size and a year
FOCUS_CODES = re.compile(r"BU\d{8}(?:\s*,\s*BU\d{8})+")  # or it is given by its buurten
STANDS_IN = frozenset({"p", "li", "tr", "figure"})
YEAR = re.compile(r"(?:19|2\d)\d\d")  # a year of arrival may lie far ahead
DIGIT = re.compile(r"\d")
SPACES = re.compile(r"\s+")
COUNTED = frozenset({"n_units", "n_missing", "n_total", "year"})
Known = tuple[float, str | None]  # a number and its unit; a unit that is not recorded is None


@dataclass(frozen=True)
class Knowledge:
    """One results document, in one language; `extra` are labels beside the names it holds itself."""

    results: Mapping[str, Any]
    language: str
    extra: tuple[str, ...] = ()

    @cached_property
    def texts(self) -> frozenset[str]:
        """List the text values of the results."""
        return frozenset(strings(self.results))

    @cached_property
    def names(self) -> re.Pattern[str]:
        """Match proper names and labels, which may hold digits and any word."""
        areas = frozenset(self.results["areas"].values())
        mixed = {text for text in self.texts | areas if DIGIT.search(text) and re.search(r"[^\W\d_]", text)}
        known = {*areas, *(mixed - self.identifiers), *self.extra}
        spaced = {SPACES.sub(" ", text) for text in known if len(text) > 2 or text in mixed & areas}
        begun: dict[str, list[str]] = {}  # by two letters: no word of a page need be held against a thousand names
        for text in sorted(spaced, key=lambda text: (-len(text), text)):
            begun.setdefault(text[:2].lower(), []).append(text)
        groups = (
            f"{re.escape(texts[0][:2])}(?:{'|'.join(re.escape(text[2:]) for text in texts)})"
            for texts in begun.values()
        )
        return re.compile(rf"(?<!\w)(?:{'|'.join(groups)})(?!\w)", re.IGNORECASE)

    @cached_property
    def lines(self) -> frozenset[str]:
        """List the beginnings and ends, of two words or more, of the labels: what a line of a drawing may hold."""
        split = [label.lower().split() for label in self.extra]
        return self.tails | {" ".join(words[:at]) for words in split for at in range(2, len(words))}

    @cached_property
    def tails(self) -> frozenset[str]:
        """List the ends, of two words or more, of the labels."""
        split = [label.lower().split() for label in self.extra]
        return frozenset(" ".join(words[at:]) for words in split for at in range(1, len(words) - 1))

    @cached_property
    def places(self) -> frozenset[str]:
        """List the names of areas."""
        return frozenset(SPACES.sub(" ", name).strip().lower() for name in self.results["areas"].values())

    @cached_property
    def pieces(self) -> frozenset[str]:
        """List what a line of a drawing may hold of an area's name: words of it in a row, or one with a hyphen."""
        split = [name.split(" ") for name in self.places]
        runs = {
            " ".join(words[at:end])
            for words in split
            for at in range(len(words))
            for end in range(at + 2, len(words) + 1)
        }
        return frozenset(runs | {word for words in split for word in words if "-" in word.strip("-")})

    def is_piece(self, text: str) -> bool:
        """Tell whether a text is what a drawing had room for of one name: a line of it, or its beginning and dots."""
        line = SPACES.sub(" ", text).strip().lower()
        if line.endswith("…"):
            return any(name.startswith(line[:-1]) for name in self.places)
        return line in self.lines or line in self.pieces

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """List the ids of findings, tables, figures and sections: no reader should see one."""
        found = {name for kind in ("findings", "tables", "figures") for name in self.results[kind]}
        return frozenset(found | {section["id"] for section in self.results["sections"]})

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """List the identifiers that can be told from a word."""
        return tuple(sorted(name for name in self.identifiers if re.search(r"[._]", name)))

    @cached_property
    def years(self) -> frozenset[str]:
        """List the years that occur in parameters, findings, tables and rules."""
        found = {str(value) for value in self.results["parameters"].values()}
        for finding in self.results["findings"].values():
            found |= {str(finding[side]["year"]) for side in ("a", "b")}
            details = (detail for detail in finding["details"].values() if isinstance(detail, Mapping))
            found |= {str(detail.get("value")) for detail in details}
        for table in self.results["tables"].values():
            kinds = [column["kind"] for column in table["columns"]]
            for row in table["rows"]:
                found |= {str(value) for kind, value in zip(kinds, row, strict=True) if kind == "year"}
            found |= {year for column in table["columns"] for year in YEAR.findall(column["key"])}
        return frozenset(text for text in found | {year for _, year in ruled(self.texts)} if YEAR.fullmatch(text))

    @cached_property
    def always(self) -> frozenset[str]:
        """List the years that may stand anywhere: those in the name of a focus list, and of the event."""
        event = str(self.results["parameters"].get("event", ""))[:4]
        return frozenset({year for _, year in ruled(self.texts)} | {event}) - {""}

    def years_by(self, node: Node) -> frozenset[str]:
        """List the years that plain text may name: those of the numbers, the finding, figure or table it stands by.

        Text that stands by none of these may name any year of the results.
        """
        block = next((place for place in node.ancestors() if place.tag in STANDS_IN), node)
        if id(block) not in self._by:
            told = [inner.pointer for inner in block.walk() if inner.tag == "data" and inner.pointer]
            told += [f"/findings/{name}" for name in (block.nearest("data-finding"),) if name]
            figure = block.nearest("data-figure")
            entry = self.results["figures"].get(figure, {})
            told += [f"/tables/{name}" for name in (block.nearest("data-table"), entry.get("table")) if name]
            told += [f"/findings/{entry['finding']}"] if entry.get("finding") else []
            found = self.always.union(*map(self._years_at, told))
            self._by[id(block)] = found if told and figure is None else self.years
        return self._by[id(block)]

    @cached_property
    def _by(self) -> dict[int, frozenset[str]]:
        """Keep what was listed for a block: it holds many texts."""
        return {}

    def _years_at(self, pointer: str) -> frozenset[str]:
        """List the years of what stands at a pointer: of a finding, or of a row of a table and of its column."""
        kind, name, *steps = [*pointer.strip("/").split("/"), ""]
        if kind == "findings" and name in self.results["findings"]:
            return self._years_of(name)
        table = self.results["tables"].get(name) if kind == "tables" else None
        if table is None:
            return frozenset()
        keys, kinds = ([column[part] for column in table["columns"]] for part in ("key", "kind"))
        rows, at = table["rows"], None
        if len(steps) == 4 and steps[1].isdigit() and steps[2].isdigit():
            rows, at = rows[int(steps[1]) :][:1], int(steps[2])
        found = {str(value) for row in rows for kind, value in zip(kinds, row, strict=True) if kind == "year"}
        found |= {year for key in (keys if at is None else keys[at : at + 1]) for year in YEAR.findall(key)}
        return frozenset(found)

    def _years_of(self, finding: str) -> frozenset[str]:
        """List the years of a finding: of both sides, of its details, and those whose prices its amounts are in."""
        entry = self.results["findings"][finding]
        found = {entry[side]["year"] for side in ("a", "b")} - {None} | self._prices.get(entry["indicator"], set())
        found |= {value for _, value in numbers(entry["details"]) if value.is_integer()}
        return frozenset(str(int(value)) for value in found)

    @cached_property
    def _prices(self) -> dict[str | None, set[int]]:
        """List by indicator the years in whose prices amounts may be: when the last figure of a series was true."""
        known, found = catalogue().indicators, dict[str | None, set[int]]()
        for entry in self.results["findings"].values():
            if entry["indicator"] in known and (last := entry["b"]["year"]) is not None:
                found.setdefault(entry["indicator"], set()).add(math.floor(last + known[entry["indicator"]].measured))
        return found

    @cached_property
    def sizes(self) -> frozenset[str]:
        """List the sizes of focus lists made by a rule or given by codes, which stand in the name of the list."""
        given = {text for text in self.texts if FOCUS_CODES.fullmatch(text)}
        counts = {str(len({code.strip() for code in text.split(",")})) for text in given}
        return frozenset(counts | {size for size, _ in ruled(self.texts)})

    def finding_of(self, figure: str | None) -> Mapping[str, Any] | None:
        """Give the finding that a figure states."""
        entry = self.results["figures"].get(figure)
        return self.results["findings"].get(entry["finding"]) if entry else None

    def numbers_near(self, node: Node) -> list[Known]:
        """List the numbers that plain text in or under a figure or table may hold; none outside them."""
        figure, table = node.nearest("data-figure"), node.nearest("data-table")
        if figure is None and table is None:
            return []
        if (figure, table) not in self._near:
            self._near[figure, table] = self._numbers_of(figure, table)
        return self._near[figure, table]

    @cached_property
    def _near(self) -> dict[tuple[str | None, str | None], list[Known]]:
        """Keep what was listed: a table has many cells."""
        return {}

    def _numbers_of(self, figure: str | None, table: str | None) -> list[Known]:
        """List the numbers of a figure and a table."""
        entry = self.results["figures"].get(figure, {})
        found: list[Known] = [(value, None) for _, value in numbers(self.results["parameters"])]
        options = entry.get("options", {})
        found += [(value, unit) for _, value in numbers(options) for unit in (None, options.get("unit"))]
        if (finding := self.finding_of(figure)) is not None:
            place = f"/findings/{finding['id']}"
            found.append((float(finding["a"]["n_units"] + finding["b"]["n_units"]), "neighbourhoods"))
            found += [(value, self.unit_at(place + inner)) for inner, value in numbers(finding)]
        content = self.results["tables"].get(table or entry.get("table"))
        if content is not None:
            shown = table or entry.get("table")
            for line, row in enumerate(content["rows"]):
                found += [
                    (float(value), self.unit_at(f"/tables/{shown}/rows/{line}/{at}"))
                    for at, value in enumerate(row)
                    if is_number(value)
                ]
            found += [(float(count), "neighbourhoods") for count in range(len(content["rows"]) + 1)]
        return found

    def unit_at(self, pointer: str) -> str | None:
        """Tell the unit of the number at a pointer; None when results.json does not say."""
        kind, name, *steps = pointer.strip("/").split("/")
        if kind == "tables" and len(steps) == 3:
            table = self.results["tables"][name]
            unit = table["columns"][int(steps[2])]["unit"]
            if unit and unit.startswith("@"):  # each row says its own unit, in the column of that name
                keys = [column["key"] for column in table["columns"]]
                unit = table["rows"][int(steps[1])][keys.index(unit[1:])]
            return str(unit) if unit else None
        if kind != "findings":
            return None
        finding = self.results["findings"][name]
        if steps[-1] in COUNTED:
            return "number"
        if steps[0] in ("coverage", "coverage_minimum"):
            return "percent"
        if steps[0] == "details":
            detail = finding["details"].get(steps[1])
            return str(detail["unit"]) if isinstance(detail, Mapping) and "unit" in detail else None
        changes = steps[0] not in ("a", "b") and finding["kind"] in DIFFERENCES
        return "points" if changes and finding["unit"] == "percent" else str(finding["unit"])

    def sign_fits(self, sign: str, unit: str | None) -> bool:
        """Tell whether the sign of a unit may stand for a unit; a bare number (no sign) may."""
        return not sign or unit is None or unit in signs(self.language)[sign]

    def among(self, token: str, known: Sequence[Known]) -> bool:
        """Tell whether a printed number is one of these, in a unit that its sign allows."""
        printed = read_number(token, self.language)
        return printed is not None and any(
            self.sign_fits(printed.sign, unit) and agrees(printed, value, unit, signed=False) for value, unit in known
        )

    def clear_of(self, text: str, signs: re.Pattern[str]) -> str:
        """Take out the names of areas that hold such a sign, as they are written: a buurt may be called {so}."""
        if signs.search(text):
            for name in sorted(filter(signs.search, self.results["areas"].values()), key=len, reverse=True):
                text = text.replace(name, " ")
        return text

    def nameless(self, text: str) -> str:
        """Take names out of a text; signs of units stay. A line of a label that a drawing broke in two is one too."""
        if text not in self._nameless:
            self._nameless[text] = self._without_names(text)
        return self._nameless[text]

    @cached_property
    def _nameless(self) -> dict[str, str]:
        """Keep what was left of a text: it is asked by several rules, and stands at several places."""
        return {}

    def _without_names(self, text: str) -> str:
        if self.is_piece(text):
            return " "
        plain = self.names.sub(lambda match: match[0] if match[0].lower() in signs(self.language) else " ", text)
        words = plain.split()
        for end in range(len(words) - 1, 1, -1):  # a line that ends one label and goes on
            if " ".join(words[:end]).lower() in self.tails:
                return " ".join(words[end:])
        return plain

    def loose_numbers(self, text: str) -> list[str]:
        """List the numbers of a text with their signs; those in names and `per 1.000 inwoners` are none."""
        if not DIGIT.search(text):
            return []
        alone, number = _shapes(self.language)
        plain = alone.sub(" ", self.nameless(text))
        return [match.strip() for match in number.findall(plain)]

    def is_year_or_size(self, token: str, years: frozenset[str] | None = None) -> bool:
        """Tell whether a number is one of these years, or of all in the results, or the size of a focus list."""
        number, _, sign = token.partition(" ")
        counts = not sign or "neighbourhoods" in signs(self.language).get(sign, frozenset())
        return token in (self.years if years is None else years) or (counts and number in self.sizes)


@cache
def _shapes(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Match a sign that holds a number of its own (`per 1.000 inwoners`), and a number with the sign of its unit."""
    ordered = sorted(signs(language), key=len, reverse=True)
    behind = "|".join(re.escape(sign) for sign in ordered if sign != "€")
    alone = "|".join(re.escape(sign) for sign in ordered if re.search(r"\d", sign))
    number = rf"\u2212?(?:€\s?)?\d+(?:[.,]\d+)*(?:\s?(?:{behind})(?!\w))?"
    return re.compile(rf"(?<![\d.,]\s)(?:{alone})", re.IGNORECASE), re.compile(number)


def ruled(texts: Iterable[str]) -> list[tuple[str, str]]:
    """List size and year of each focus list among these texts that a rule made."""
    found = (FOCUS_RULE.fullmatch(text) for text in texts)
    return [(match[1], match[2]) for match in found if match]


def strings(place: Any) -> Iterator[str]:
    """Go through all text values of a document (never its keys)."""
    if isinstance(place, str):
        yield place
    elif isinstance(place, Mapping | list | tuple):
        for inner in place.values() if isinstance(place, Mapping) else place:
            yield from strings(inner)


def is_number(value: Any) -> bool:
    """Tell a number from text, nothing and yes or no."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def numbers(place: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Go through all numbers of a document with the path to each."""
    if is_number(place):
        yield path, float(place)
    elif isinstance(place, Mapping | list | tuple):
        for key, inner in place.items() if isinstance(place, Mapping) else enumerate(place):
            yield from numbers(inner, f"{path}/{key}")
