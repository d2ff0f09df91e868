"""An object as a card in a notebook: HTML of one screen, in the language of the study that was opened last.

Also the notebook itself in that language: text cells carry a mark of theirs, and those of the other are hidden.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from kloof.catalogue import Catalogue, catalogue
from kloof.errors import KloofError
from kloof.findings import DIFFERENCES, Finding, Verdict, error_of, happened, judge
from kloof.results import Table
from kloof.schema import SetAside
from kloof.shown import Shown, shorten
from kloof.words import numbers
from kloof.words.sentences import Narrator, fill, has, text_of

MOST_ROWS, MOST_SIGNS = 16, 400
CODES = {  # key → tables of words in which its codes may stand
    "source": ("claim_source", "source_title"), "sources": ("source_title",), "status": ("status",),
    "question": ("code.question",), "expected": ("judgement",), "verdict": ("verdict",), "judgement": ("judgement",),
    "happened": ("happened",), "chance": ("by_chance",), "group": ("group",), "side": ("group",),
    "measure": ("measure",), "measures": ("measure",), "reason": ("reason",),
}  # fmt: skip
# keys under which stand names of indicators and groups, areas, lists
FIGURES = ("indicator", "indicators", "levels", "groups", "group", "missing", "needs", "weight", "covariates")
RULE = 3  # colons in a rule that makes a list
COUNTS = ("observations", "buurten", "listed")
AREAS = ("area", "municipality", "comparisons", "codes")
LISTS = ("focus", "list", "lists", "other lists", "focus_variants")


@dataclass(frozen=True)
class Place:
    """What a card takes from the study that was opened last: its language, catalogue, place, areas and list."""

    language: str = numbers.LANGUAGES[0]
    known: Catalogue | None = None
    code: str = ""
    areas: Mapping[str, str] = field(default_factory=dict)
    focus: str = ""

    def narrator(self, language: str) -> Narrator:
        """Give a narrator who knows this place, and no results."""
        results = {"place": {"code": self.code}, "areas": self.areas, "parameters": {"focus": self.focus}}
        known = self.known or catalogue()
        return Narrator({**results, "sources": {}, "findings": {}, "verdicts": []}, known, language)


_opened = [Place()]


def speak(place: Place) -> None:
    """Let cards of what has no language of its own be in that of this place from now on."""
    _opened[0] = place


def show_language(language: str) -> None:
    """Hide the text cells of the other language in the notebook that is run; does nothing elsewhere.

    JupyterLab lets what a notebook just made style the page. A cell is known by the mark that ends it (`mark`).
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or not hasattr(shell, "kernel"):
        return
    shell.display_pub.publish({"text/html": style(language)})


def mark(language: str) -> str:
    """Give the line that ends a text cell of a notebook and says its language, also to a screen reader."""
    return f'<div lang="{language}"></div>'


def style(language: str) -> str:
    """Give the HTML that hides cells with the mark of another language, in the notebook that it stands in."""
    others = [other for other in numbers.LANGUAGES if other != language]
    cells = ", ".join(
        f'.jp-Notebook:has(.kloof-{language}) .jp-MarkdownCell:has(.jp-MarkdownOutput div[lang="{other}"]:empty)'
        for other in others
    )
    return f'<div class="kloof-{language}" hidden></div><style>{cells} {{ display: none; }}</style>'


def name_of_part(row: str) -> str:
    """Name a part of a claim, such as `mean_dwelling_value.relative`, in the language that was opened last."""
    return _Card(_opened[0].narrator(_opened[0].language)).part(row)


def word(*path: str) -> str:
    """Give a word of the tables in the language that was opened last."""
    return _opened[0].narrator(_opened[0].language).word(*path)


def html(thing: Shown) -> str:
    """Write the card of an object: a head, and a row for each thing to know of it; nothing in it is markup."""
    language = str(getattr(getattr(thing, "p", thing), "language", _opened[0].language))
    card = _Card(_opened[0].narrator(language))
    if isinstance(thing, Table):
        return card.table(thing)
    if isinstance(thing, Finding):
        return card.laid_out(thing.id, card.finding(thing))
    if isinstance(thing, Verdict):
        return card.laid_out(f"{thing.claim}: {card.part(thing.row)}", card.verdict(thing))
    return card.laid_out(card.label(type(thing).__name__), card.rows(thing.in_card()))


@dataclass(frozen=True)
class _Card:
    """Writes one card with the words of a narrator."""

    teller: Narrator

    @property
    def language(self) -> str:
        return self.teller.language

    def label(self, key: str) -> str:
        """Name a row."""
        name = "statement" if key == self.language else key.replace(" ", "_").removesuffix(f"_{self.language}")
        tables = (table for table in ("card", "column", "parameter") if has(table, name))
        return next((self.teller.word(table, name) for table in tables), key)

    def part(self, row: str) -> str:
        """Name a part of a claim: its figure, and how it is measured."""
        name, _, measure = row.partition(".")
        figure = self.code("indicator", name)
        return ", ".join([figure, *(self.code("measure", piece) for piece in measure.split(".") if piece)])

    def rows(self, said: Mapping[str, object]) -> list[tuple[str, str]]:
        """Write what is said, without what is empty or in another language."""
        others = [language for language in numbers.LANGUAGES if language != self.language]
        if {"list", "listed", "buurten"} <= said.keys():
            filled = {name: self.said(name, said[name]) for name in ("list", "listed", "buurten")}
            counted = text_of(fill(self.teller.word("card", "list_of"), filled))
            said = {name: counted if name == "list" else value for name, value in said.items()
                    if name not in ("listed", "buurten")}  # fmt: skip
        return [
            (self.label(key), self.said(key, value))
            for key, value in said.items()
            if value is not None and value not in ("", (), [], {})
            and key not in others and not key.endswith(tuple(f"_{other}" for other in others))
        ]  # fmt: skip

    def said(self, key: str, value: object) -> str:
        """Write one value: codes in words, numbers as the language writes them."""
        if isinstance(value, Mapping):
            return "; ".join(f"{self.said(key, name)}: {self.said('verdict', one)}" for name, one in value.items())
        if isinstance(value, Verdict):
            return f"{value.claim} {self.part(value.row)}: {self.code('verdict', value.verdict)}"
        if isinstance(value, Finding):
            return self.estimate(value)
        if isinstance(value, SetAside):
            reason = self.teller.word("set_aside", value.reason) if has("set_aside", value.reason) else value.reason
            return f"{self.number(value.rows)} {reason}"
        if isinstance(value, list | tuple):
            return "; ".join(dict.fromkeys(self.said(key, one) for one in value))
        if isinstance(value, bool):
            return self.teller.word("card", "yes" if value else "no")
        if isinstance(value, float) and key == "coverage":
            return self.number(value, "percent", 0)
        if isinstance(value, float):
            return numbers.digits(value, self.language, 0 if value.is_integer() else 2)
        if isinstance(value, int) and key in COUNTS:
            return self.number(value)
        return self.code(key, str(value))

    def code(self, key: str, code: str) -> str:
        """Put a code in words where its key has a table of them."""
        known = self.teller.catalogue
        if key in FIGURES and (code in known.indicators or code in known.groups):
            return self.teller.noun(code)
        if key in AREAS:
            return self.teller.area(code)
        if key in LISTS and (code in known.focus or code.count(":") == RULE):
            return self.teller.focus(code)
        tables = [tuple(table.split(".")) for table in CODES.get(key, ())]
        return next((self.teller.word(*table, code) for table in tables if has(*table, code)), code)

    def number(self, value: float | None, unit: str = "number", decimals: int | None = None) -> str:
        """Write a number with its unit."""
        return numbers.number(value, unit, self.language, decimals)

    def estimate(self, finding: Finding) -> str:
        """Write the number of a finding with its range; nothing when there is none."""
        if finding.estimate is None:
            return ""
        unit = finding.unit
        change = str(self.teller.catalogue.units.get(unit, {}).get("change", unit))
        unit = change if finding.kind in DIFFERENCES else unit
        low, high = finding.low, finding.high
        reach = None if low is None or high is None else high - low
        digits = numbers.decimals_for(unit, reach) if finding.decimals is None else finding.decimals
        said = self.number(finding.estimate, unit, digits)
        if reach is None:
            return said
        held = numbers.decimals_held(unit, digits, error_of(vars(finding)))
        ends = [self.number(end, unit, held) for end in (low, high)]
        return f"{said} ({ends[0]} {self.teller.word('range_to')} {ends[1]})"

    def finding(self, finding: Finding) -> list[tuple[str, str]]:
        """Give the rows of a finding: its sentence, number, range, counts, coverage, sources and both answers."""
        sides = [side for side in (finding.a, finding.b) if side.n_units]
        return self.rows({
            "sentence": self.sentence(finding), "indicator": finding.indicator, "measure": finding.measure,
            "estimate": self.estimate(finding),
            "reason": "" if finding.reason is None else text_of(self.teller.reason(finding.as_json())),
            "buurten": [f"{side.year}: {side.n_units}" if side.year else str(side.n_units) for side in sides],
            "coverage": finding.coverage, "focus": finding.focus, "sources": finding.sources,
            "happened": happened(finding), "chance": judge(finding),
        })  # fmt: skip

    def sentence(self, finding: Finding) -> str:
        """Write the sentence of a finding where it can be told without the others of its notebook, else nothing."""
        if finding.kind == "mixed":
            return ""
        try:
            return text_of(self.teller.sentence(finding.as_json()))
        except KloofError:
            return ""

    def verdict(self, verdict: Verdict) -> list[tuple[str, str]]:
        """Give the rows of a verdict on a part of a claim."""
        return self.rows({"verdict": verdict.verdict, **verdict.in_card()})

    def table(self, table: Table) -> str:
        """Write a table of results, its first rows on a screen."""
        columns = [(at, one) for at, one in enumerate(table["columns"]) if one["kind"] not in ("hidden", "headline")]
        head = [self.label(column["key"]) for _, column in columns]
        body = [[self.cell(column, row[at]) for at, column in columns] for row in table["rows"][:MOST_ROWS]]
        return self.framed("", head, body, len(table["rows"]) - len(body))

    def cell(self, column: Mapping[str, Any], value: object) -> str:
        """Write a cell by the kind of its column; a unit that stands in its row is not said."""
        if value is None or value == "":
            return numbers.MISSING
        if column["kind"] in ("number", "range") and isinstance(value, int | float):
            unit = str(column["unit"] or "number")
            plain = unit.startswith("@")
            decimals = 2 if plain and column["decimals"] is None else column["decimals"]
            return self.number(value, "number" if plain else unit, decimals)
        return shorten(self.said(str(column["kind"]), value), 80)

    def laid_out(self, head: str, rows: list[tuple[str, str]]) -> str:
        """Write a head with its rows, what does not fit counted."""
        shown = rows if len(rows) <= MOST_ROWS + 2 else rows[:MOST_ROWS]
        lines = [(label, shorten(text, MOST_SIGNS)) for label, text in shown]
        return self.framed(head, (), lines, len(rows) - len(lines))

    def framed(self, head: str, titles: Iterable[str], rows: Iterable[Iterable[str]], more: int) -> str:
        """Write the HTML: everything escaped, texts to the left, no colour of its own."""
        left = ' style="text-align: left"'
        over = "".join(f"<th{left}>{escape(title)}</th>" for title in titles)
        tag = "td" if over else "th"
        lines = []
        for row in rows:
            first, *rest = [escape(text) for text in row]
            cells = "".join(f"<td{left}>{text}</td>" for text in rest)
            lines.append(f"<tr><{tag}{left}>{first}</{tag}>{cells}</tr>")
        above = f"<strong>{escape(head)}</strong>" if head else ""
        inside = f"<thead><tr>{over}</tr></thead>" if over else ""
        below = f"<p>… {self.number(more)} {escape(self.teller.word('card', 'more'))}</p>" if more else ""
        return f'<div lang="{self.language}">{above}<table>{inside}<tbody>{"".join(lines)}</tbody></table>{below}</div>'
