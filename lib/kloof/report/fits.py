"""Holds the names on a page against results.json: places, areas, indicators, sources, words, years, what may run.

Each rule finds what a template or view does wrong. What was edited in a page since is found by making it again.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from kloof.catalogue import Catalogue, catalogue
from kloof.errors import ReportError
from kloof.report.known import is_number
from kloof.report.page import explorer_script, script_hash
from kloof.report.readback import Node, read_number, watched
from kloof.results import look_up
from kloof.words.sentences import templates

UNSHOWN = frozenset({"hidden", "unit", "headline"})  # kinds of columns that a page does not print
HASH = re.compile(r"script-src '(sha256-[^']+)'")
HANDLER = re.compile(r"on[a-z]+")
CALLED = ("area", "indicator")  # kinds of columns whose cells are names,
PRINTED = ("number", "year")  # and of those whose cells are one number
RANGES = (("high", "low"), ("rounding_high", "rounding_low"))
FOREIGN = frozenset({"iframe", "object", "embed", "base", "frame", "applet", "portal"})
ASKING = frozenset({"src", "srcset", "action", "formaction", "poster", "ping", "background"})
SOURCE = "#bron-"  # where a note leads


@dataclass(frozen=True)
class Fit:
    """A page, and the results whose names it must give."""

    root: Node
    results: Mapping[str, Any]
    language: str

    def faults(self) -> Iterator[str]:
        """List every name that is another than results.json gives."""
        for rule in (self.place, self.areas, self.rows, self.ranges, self.notes, self.legend, self.scripts):
            yield from rule()

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """List all elements once."""
        return tuple(self.root.walk())

    @cached_property
    def _known(self) -> Catalogue:
        """Read the catalogue once."""
        return catalogue()

    def place(self) -> Iterator[str]:
        """Check that the page is called after the place it is about."""
        name = self.results["areas"].get(self.results["place"]["code"])
        for node in self.nodes if name else ():
            if node.tag not in ("h1", "title", "span") or "svg" in node.marks:
                continue
            said = _said(node) if node.tag != "span" or node.has_class("place") else name
            if not {"h1": name in said, "title": said.endswith(f" {name}"), "span": said == name}[node.tag]:
                yield f"<{node.tag}>: says “{said}”, the place is {name}"

    def areas(self) -> Iterator[str]:
        """Check that each area of a map and of a list is called by its own name."""
        for node in self.nodes:
            name = self.results["areas"].get(node.attrs.get("data-code", ""))
            told = [one for one in node.walk() if one.tag == "title" or one.has_class("name")] if name else []
            yield from (
                f"{node.place}: calls {node.attrs['data-code']} “{_said(one)}”, which is called “{name}”"
                for one in told
                if not re.match(rf"{re.escape(' '.join(str(name).split()))}(?!\w)", _said(one))
            )

    def rows(self) -> Iterator[str]:
        """Check that each row of a table names the area and the indicator of that row, and has no number of another."""
        for node in self.nodes:
            name = node.attrs.get("data-table", "")
            if name not in self.results["tables"]:
                continue
            table = self.results["tables"][name]
            kinds = [column["kind"] for column in table["columns"]]
            shown = [at for at, kind in enumerate(kinds) if kind not in UNSHOWN]
            bodies = [row for row in node.walk() if row.tag == "tr" and "tbody" in row.marks]
            if len(bodies) > len(table["rows"]):
                yield f"{node.place}: has {len(bodies)} rows, its table has {len(table['rows'])}"
            for number, (row, values) in enumerate(zip(bodies, table["rows"], strict=False)):
                cells = [cell for cell in row.children if isinstance(cell, Node)]
                if len(cells) != len(shown):
                    yield f"{node.place}: row {number + 1} has {len(cells)} cells for {len(shown)} columns"
                    continue
                ends = dict(zip((column["key"] for column in table["columns"]), values, strict=True))
                low, high = (
                    float(end or 0.0) if is_number(end) else math.nan for end in map(ends.get, ("low", "high"))
                )
                if low > high:
                    yield f"{node.place}: row {number + 1} has a range from {low} to {high}"
                for at, cell in zip(shown, cells, strict=True):
                    yield from self._cell(cell, f"/tables/{name}/rows/{number}", at, kinds[at], values[at])

    def _cell(self, cell: Node, row: str, at: int, kind: str, value: Any) -> Iterator[str]:
        """Check one cell."""
        called = self._called(kind, str(value)) if value is not None and kind in CALLED else None
        if called is not None and (said := _said(cell)) != called:
            yield f"{cell.place}: says “{said}” for {value}, which is called “{called}”"
        for inner in cell.walk():
            if inner.tag == "data" and (pointer := inner.pointer) is not None:
                own = pointer == f"{row}/{at}" if kind in PRINTED else pointer.startswith(f"{row}/")
                if not own:
                    yield f"{cell.place}: {_said(inner)} is the number of another cell ({pointer})"

    def _called(self, kind: str, code: str) -> str | None:
        """Give the name of an area or an indicator; None where there is none."""
        if kind == "area":
            name = self.results["areas"].get(code)
        else:
            group, own = self._known.groups.get(code), self._known.indicators.get(code)
            name = getattr(group, self.language) if group else own.label(self.language) if own else None
        return None if name is None else " ".join(str(name).split())

    def ranges(self) -> Iterator[str]:
        """Check that of the two ends of a range the lower one is printed first.

        Ends below 0 may be told as sizes, nearest to 0 first; of a range with 0 in it one end is a fall and one a rise.
        """
        for node in self.nodes:
            if node.tag not in ("p", "li", "td", "th"):
                continue
            told = [inner for inner in node.walk() if inner.tag == "data" and inner.pointer]
            for one, other in pairwise(told):
                places = {str(end.pointer).rpartition("/")[0] for end in (one, other)}
                ends = {str(end.pointer).rpartition("/")[2]: end for end in (one, other)}
                if len(places) > 1 or tuple(sorted(ends)) not in RANGES:
                    continue
                high, low = (self._number(str(ends[name].pointer)) for name in sorted(ends))
                printed = [read_number(end.text(), self.language) for end in (one, other)]
                if low > high:
                    yield f"{node.place}: a range goes from {low} to {high} ({one.pointer})"
                elif low * high >= 0 and printed[0] and printed[1] and printed[0].value > printed[1].value:
                    yield f"{node.place}: prints the upper end of a range first: {_said(one)}, {_said(other)}"

    def _number(self, pointer: str) -> float:
        """Give the number at a pointer; one that is not there is told elsewhere."""
        try:
            value = look_up(self.results, pointer)
        except ReportError:
            return 0.0
        return float(value) if is_number(value) else 0.0

    def notes(self) -> Iterator[str]:
        """Check that the notes of a paragraph are the sources of its finding, and that each is called as it is."""
        listed = list(self.results["sources"])
        for node in self.nodes:
            if node.tag == "p" and (finding := self.results["findings"].get(node.attrs.get("data-finding"))):
                links = [one for one in node.walk() if one.attrs.get("href", "").startswith(SOURCE)]
                told = [one.attrs["href"].removeprefix(SOURCE) for one in links]
                true = [str(at) for at, name in enumerate(listed, 1) if name in finding["sources"]]
                if told and told != true:
                    yield f"{node.place}: leads to the sources {', '.join(told)}, its finding has {', '.join(true)}"
                yield from (
                    f"{node.place}: a note says “{_said(one)}” and leads to {number}"
                    for one, number in zip(links, told, strict=True)
                    if _said(one) != number or one.attrs.get("aria-label", number).split()[-1:] != [number]
                )
            elif node.tag == "tr" and node.attrs.get("id", "").startswith(SOURCE[1:]):
                number = node.attrs["id"].removeprefix(SOURCE[1:])
                name = listed[int(number) - 1] if number.isdigit() and 0 < int(number) <= len(listed) else None
                said = [_said(one) for one in node.walk() if one.tag == "cite"][:1]
                if name is None or said != [self._publisher(name)]:
                    yield f"source {number}: says {' '.join(said)}, results.json has {name and self._publisher(name)}"

    def _publisher(self, source: str) -> str:
        """Name who published a source."""
        own = templates()["publisher"].get(source, {}).get(self.language)
        return " ".join(str(own or self.results["sources"][source]["publisher"]).split())

    def legend(self) -> Iterator[str]:
        """Check that each verdict word of the legend has its own meaning behind it."""
        words, meanings = watched()["verdict"], templates()["page"]["meaning"]
        for node in self.nodes:
            if node.tag == "li" and ".legend" in node.marks:
                said = _said(node)
                code = node.attrs.get("class", "")
                known = words.get(code, {}).get(self.language), meanings.get(code, {}).get(self.language)
                if not said.endswith(f" {known[0]}: {known[1]}"):
                    yield f"legend: says “{said}”, {code} means “{known[0]}: {known[1]}”"

    def scripts(self) -> Iterator[str]:
        """Check that nothing can run but the script that the program makes, and that nothing is asked for."""
        policies = [node.attrs.get("content", "") for node in self.nodes if "http-equiv" in node.attrs]
        allowed = [hashed for policy in policies for hashed in HASH.findall(policy)]
        own = script_hash(explorer_script())
        if policies and allowed != [own]:
            yield f"<meta>: lets run {', '.join(allowed) or 'nothing'}, and not the one script of kloof"
        for node in self.nodes:
            runs = node.tag == "script" and node.attrs.get("type") != "application/json"
            if runs and (script_hash("".join(map(str, node.children))) != own or node.attrs):
                yield f"{node.place}: has a script that is not that of kloof"
            if node.tag in FOREIGN:
                yield f"{node.place}: has <{node.tag}>"
            for name, value in node.attrs.items():
                asks = name in ASKING or (
                    name.endswith("href") and re.match(r"\s*(?:javascript|data|vbscript):", value)
                )
                if HANDLER.fullmatch(name) or (asks and value != "data:,"):
                    yield f"{node.place}: has {name} “{value[:60]}”"


def _said(node: Node) -> str:
    """Give what an element says, on one line."""
    return " ".join(node.text().split())


def misfits(root: Node, results: Mapping[str, Any], language: str) -> Sequence[str]:
    """List what a page calls otherwise than results.json and the words of the program do."""
    return [*Fit(root, results, language).faults()]
