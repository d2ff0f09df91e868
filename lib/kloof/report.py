"""results.json → what a page says, in one language. HTML and PDF are two renderings of this one view.

No computing here: every number comes from results.json with the place where it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kloof import fmt
from kloof.catalogue import Catalogue
from kloof.narrate import Narrator, Number, Sentence, fill, has, section_limits, text_of

EXTRA_PARTS = ("chance", "places", "partial")  # sentences a finding may add to its main one
DRAWN_ONLY = ("01.coverage", "03.ranked", "03.map", "03.distribution")
METHODS = ("gap", "interval", "placebo", "index", "bounds", "verdict")


@dataclass(frozen=True)
class Paragraph:
    """Sentences of one finding, with the judgement that chose their words."""

    finding: str
    judgement: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Cell:
    """One table cell: `content` is a number with its pointer or text; `title` explains a missing value."""

    content: Sentence
    numeric: bool = False
    title: str | None = None
    code: str | None = None  # verdict or judgement behind the cell, for its symbol and colour


@dataclass(frozen=True)
class TableView:
    """A table as it is printed; `csv` is its file beside the page, relative to the language folder."""

    id: str
    caption: Sentence
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None
    csv: str


@dataclass(frozen=True)
class FigureView:
    """A figure: title that states its finding, alt text, source note, and the SVG itself."""

    id: str
    title: Sentence
    alt: str
    note: str
    svg: str
    file: str
    csv: str


@dataclass(frozen=True)
class VerdictCell:
    """One cell of the verdict strip: word + symbol + colour."""

    claim: str
    label: str
    verdict: str
    word: str
    symbol: str
    anchor: str


@dataclass(frozen=True)
class SectionView:
    """One question: answer, figures, nuance, tables, how we know, what this does not say."""

    id: str
    anchor: str
    question: str
    answer: Paragraph | None
    figures: tuple[FigureView, ...]
    nuances: tuple[Paragraph, ...]
    tables: tuple[TableView, ...]
    how: tuple[Sentence, ...]
    limits: tuple[Sentence, ...]


@dataclass(frozen=True)
class ReportView:
    """A whole report in one language."""

    language: str
    title: str
    place: str
    lead: tuple[Paragraph, ...]
    lead_figure: FigureView | None
    strip: tuple[VerdictCell, ...]
    sections: tuple[SectionView, ...]
    back: tuple[SectionView, ...]
    sources: tuple[tuple[str, str, str, str, str], ...]  # publisher, title, table id, licence, retrieved
    attribution: str
    command: str
    data_date: str
    other_language: str


STATUS_COLUMNS = ("status", "reason")
HIDDEN = ("unit", "headline", "difference_unit")
SYMBOLS = {"SUPPORTED": "●", "CONTRADICTED": "○", "NEGLIGIBLE": "≈", "UNDECIDED": "?", "NOT_TESTABLE": "–"}


@dataclass(frozen=True)
class Builder:
    """Turns one results document into the view of one language."""

    teller: Narrator
    pictures: Mapping[str, str]
    entries: Mapping[str, Mapping[str, Any]]  # registered claims
    overall: Mapping[str, str]

    @property
    def results(self) -> Mapping[str, Any]:
        """Give the results document."""
        return self.teller.results

    @property
    def language(self) -> str:
        """Give the language of the page."""
        return self.teller.language

    def word(self, *path: str) -> str:
        """Give a fixed text."""
        return self.teller.word(*path)

    def paragraph(self, name: str) -> Paragraph:
        """Write everything one finding has to say."""
        finding = self.results["findings"][name]
        parts = ("main", *EXTRA_PARTS)
        said = [
            self.teller.sentence(finding, part)
            for part in parts
            if part == "main" or self.teller.has_part(finding, part)
        ]
        return Paragraph(name, finding["judgement"], tuple(said))

    def figure(self, name: str) -> FigureView:
        """Give a figure with a title that states its finding."""
        from kloof import plots

        entry = self.results["figures"][name]
        finding = self.results["findings"].get(entry["finding"])
        if finding is not None and self.teller.has_part(finding, "title"):
            title = self.teller.sentence(finding, "title")
        else:
            title = (self.word("figure_title", entry["kind"]),)
        return FigureView(
            id=name, title=title, alt=plots.alt(name, self.teller), note=plots.note(name, self.teller), svg=self.pictures[name],
            file=f"figures/{name}.svg", csv=f"../tables/{entry['table']}.csv",
        )  # fmt: skip

    def table(self, name: str) -> TableView:
        """Give a table as it is printed, its first column first, units in the head."""
        entry = self.results["tables"][name]
        columns = entry["columns"]
        shown = [place for place, column in enumerate(columns) if column["key"] not in HIDDEN]
        rows = tuple(
            tuple(self.cell(name, number, place, row) for place in shown) for number, row in enumerate(entry["rows"])
        )  # fmt: skip
        note = self.word("table_note", name) if has("table_note", name) else None
        return TableView(
            id=name, caption=(self.caption(name),), head=tuple(self.head(columns[place]) for place in shown),
            rows=rows, note=note, csv=f"../tables/{name}.csv",
        )  # fmt: skip

    def caption(self, name: str) -> str:
        """Name a table: its own caption, or that of the kind of figure it is behind, with its indicator."""
        if has("table", name):
            return self.word("table", name)
        figure = next(entry for entry in self.results["figures"].values() if entry["table"] == name)
        return f"{self.word('table', figure['kind'])}: {self.teller.noun(figure['options']['indicator'])}"

    def head(self, column: Mapping[str, Any]) -> str:
        """Head a column, with the unit when all its numbers share one."""
        label = self.word("column", column["key"])
        unit = column["unit"]
        if column["kind"] != "number" or not unit or unit.startswith("@") or unit in ("number", "index", "year"):
            return label
        sign = "€" if unit == "thousand_euro" else str(self.teller.catalogue.units[unit][self.language])
        return f"{label} ({sign})" if sign else label

    def cell(self, table: str, number: int, place: int, row: Sequence[Any]) -> Cell:
        """Write one cell by the kind of its column."""
        columns = self.results["tables"][table]["columns"]
        column, value = columns[place], row[place]
        pointer = f"/tables/{table}/rows/{number}/{place}"
        if value is None or value == "":
            reason = next((row[at] for at, other in enumerate(columns) if other["kind"] == "status" and row[at]), None)
            explained = self.word("status", reason) if reason else self.word("status", "empty")
            return Cell((fmt.MISSING,), column["kind"] == "number", explained)
        if column["kind"] == "number":
            return Cell((self._number(pointer, column, columns, value, row),), True)
        if column["kind"] == "year":
            return Cell((Number(str(value), pointer),), True)
        text, code = self._text(column, str(value))
        return Cell((text,), False, None, code)

    def _number(
        self,
        pointer: str,
        column: Mapping[str, Any],
        columns: Sequence[Mapping[str, Any]],
        value: float,
        row: Sequence[Any],
    ) -> Number:
        unit, decimals = column["unit"] or "number", column["decimals"]
        if not unit.startswith("@"):
            return Number(fmt.number(value, unit, self.language, decimals, bare=True), pointer)
        keys = {other["key"]: row[at] for at, other in enumerate(columns)}
        unit = str(keys[unit[1:]])
        name = keys.get("indicator")
        known = self.teller.catalogue.indicators
        if decimals is None and name in known and unit in (known[name].unit, "thousand_euro"):
            decimals = known[name].decimals
        return Number(fmt.number(value, unit, self.language, decimals), pointer)

    def _text(self, column: Mapping[str, Any], value: str) -> tuple[str, str | None]:
        """Write a code as words; give the code too where the page shows its symbol."""
        teller, kind = self.teller, column["kind"]
        if kind == "area":
            return teller.area(value), None
        if kind == "indicator":
            return (
                teller.catalogue.indicator(value).label(self.language)
                if value in teller.catalogue.indicators
                else value
            ), None
        if kind in ("verdict", "judgement"):
            return self.word(kind, value), value
        if kind == "group_name":
            return str(getattr(teller.catalogue.group(value), self.language)), None
        if kind == "claim":
            return f"‹{value}› {self.entries[value][f'short_{self.language}']}", None
        if kind == "source":
            return "; ".join(f"{teller.publisher(part)} `{part}`" for part in value.split("|")), None
        if kind == "variant":
            return (self.word("variant", value) if has("variant", value) else teller.focus(value)), None
        if kind == "break":
            return teller.breaks(value.split(";")), None
        if kind == "trace":
            return f"`{value}`", None
        if kind == "period":
            return f"‹{value}›", None
        if kind == "published":
            return f"‹{value}› {self.word('published', value)}", None
        if kind == "status":
            return self.word("status", value), None
        if kind == "group":
            return self.word("group", value), None
        if kind == "index":
            return self.word("index_name", value), None
        if kind == "measure":
            return self.word("measure", value), None
        return self.word("code", column["key"], value), None

    def section(self, entry: Mapping[str, Any]) -> SectionView:
        """Give one question with its answer, figures, nuance, tables, method and limits."""
        name = entry["id"]
        first = entry["headline"]
        nuances, told = [], set()
        if first:
            told.add(text_of(self.paragraph(first).sentences[0]))
        for finding in entry["findings"]:
            if finding == first:
                continue
            paragraph = self.paragraph(finding)
            text = text_of(paragraph.sentences[0])
            if text not in told:
                told.add(text)
                nuances.append(paragraph)
        keys = [key for key in ("how_a", "how_b", "how_c") if has("section", name, key)]
        return SectionView(
            id=name,
            anchor=name.replace("_", "-"),
            question=text_of(
                fill(
                    self.word("section", name, "question"),
                    {"place": self.teller.area(self.results["place"]["code"])},
                )
            ),
            answer=self.paragraph(first) if first else None,
            figures=tuple(self.figure(figure) for figure in entry["figures"]),
            nuances=tuple(nuances),
            tables=tuple(self.table(table) for table in entry["tables"] if not self.drawn_only(table)),
            how=tuple((self.word("section", name, key),) for key in keys),
            limits=tuple(section_limits(self.teller, entry)),
        )

    def drawn_only(self, table: str) -> bool:
        """Tell whether a table is only the data behind a figure, one row per buurt and year: it is a file, not a page."""
        return table in DRAWN_ONLY

    def strip(self) -> tuple[VerdictCell, ...]:
        """Give one cell per claim, in registered order."""
        return tuple(
            VerdictCell(
                claim=claim, label=str(self.entries[claim][f"short_{self.language}"]), verdict=verdict, word=self.word("verdict", verdict),
                symbol=SYMBOLS[verdict], anchor=str(self.entries[claim]["notebook"]).replace("_", "-"),
            )
            for claim, verdict in self.overall.items()
        )  # fmt: skip

    def lead(self) -> tuple[Paragraph, ...]:
        """Give the three sentences of the first screen: those the synthesis chose."""
        return tuple(self.paragraph(name) for name in self.results["lead"])

    def lead_figure(self) -> FigureView | None:
        """Give the one picture of the first screen: that of the first lead sentence."""
        first = next(iter(self.results["lead"]), None)
        return next(
            (self.figure(name) for name, entry in self.results["figures"].items() if entry["finding"] == first),
            None,
        )


def build(
    results: Mapping[str, Any], catalogue: Catalogue, language: str, pictures: Mapping[str, str], entries: Mapping[str, Mapping[str, Any]],
    overall: Mapping[str, str],
) -> ReportView:  # fmt: skip
    """Build the page of one language from results.json; `pictures` are the drawn figures by name, `entries` the claims."""
    teller = Narrator(results, catalogue, language)
    builder = Builder(teller, pictures, entries, overall)
    told = [entry for entry in results["sections"] if entry["findings"] or entry["tables"]]
    place = teller.area(results["place"]["code"])
    return ReportView(
        language=language,
        title=text_of(fill(teller.word("report", "title"), {"place": place})),
        place=place,
        lead=builder.lead(),
        lead_figure=builder.lead_figure(),
        strip=builder.strip(),
        sections=tuple(builder.section(entry) for entry in told),
        back=tuple(back_matter(builder)),
        sources=tuple(
            (
                teller.publisher(name),
                source_title(teller, name),
                entry["table_id"],
                entry["licence"],
                entry["retrieved"],
            )
            for name, entry in results["sources"].items()
        ),
        attribution=teller.word("report", "attribution"),
        command=str(results["command"]),
        data_date=str(results["data_date"]),
        other_language={"nl": "en", "en": "nl"}[language],
    )


def source_title(teller: Narrator, name: str) -> str:
    """Name a source in the language of the page, or as its publisher does."""
    return (
        teller.word("source_title", name)
        if has("source_title", name)
        else str(teller.results["sources"][name]["title"])
    )


def back_matter(builder: Builder) -> list[SectionView]:
    """Give what is always in the back: registered claims, parameters, inputs with hashes, what was left out, methods."""
    results, word = builder.results, builder.word
    language = builder.language
    claims_rows = tuple(
        (
            Cell((f"`{name}`",)),
            Cell((str(entry[language]),)),
            Cell((word("claim_source", str(entry["source"])),)),
            Cell((str(entry[f"change_{language}"]),)),
        )
        for name, entry in builder.entries.items()
    )
    given = tuple(
        (Cell((word("parameter", name),)), Cell((f"`{_as_text(value)}`",)))
        for name, value in results["parameters"].items()
        if _as_text(value)
    )
    inputs = tuple((Cell((f"`{entry['file']}`",)), Cell((f"`{entry['sha256']}`",))) for entry in results["inputs"])
    steps = list(
        dict.fromkeys(
            (row["step"], row["reason"], row["rows"])
            for group in (results, *results["sections"])
            for row in group["set_aside"]
        )
    )
    left_out = tuple(
        (Cell((f"`{step}`",)), Cell((word("set_aside", reason),)), Cell((f"`{rows}`",), True))
        for step, reason, rows in steps
    )
    tables = [
        (
            "claims",
            ("claim", "statement", "said_by", "change"),
            claims_rows,
            f"`{results['registry']['claims']}`",
        ),
        ("parameters", ("parameter", "value"), given, None),
        ("inputs", ("file", "sha256"), inputs, None),
        ("left_out", ("step", "why", "rows"), left_out, None),
    ]
    made = []
    for name, head, rows, stamp in tables:
        if not rows:
            continue
        intro = word("back", name, "intro")
        lines = ((intro,),) if stamp is None else ((f"{intro} {stamp}",),)
        view = TableView(
            f"back.{name}",
            (word("back", name, "caption"),),
            tuple(word("column", key) for key in head),
            rows,
            None,
            f"../tables/back.{name}.csv",
        )
        made.append(
            SectionView(f"back_{name}", f"back-{name}", word("back", name, "title"), None, (), (), (view,), lines, ())
        )
    methods = tuple((word("method", key),) for key in METHODS)
    made.append(
        SectionView("back_methods", "back-methods", word("back", "methods", "title"), None, (), (), (), methods, ())
    )
    return made


def _as_text(value: Any) -> str:
    """Write a parameter as it would be typed."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}:{item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
