"""results.json → what a page says, in one language. HTML and PDF are two renderings of this one view.

No computing here: every number comes from results.json with the place where it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kloof.catalogue import Catalogue
from kloof.findings import END_ERROR, told
from kloof.report.views import Cell, FigureView, Paragraph, ReportView, SectionView, TableView, VerdictCell
from kloof.words import numbers
from kloof.words.sentences import Narrator, Number, Sentence, fill, has, section_limits, text_of

FIRST_ROWS = {"01.totals": 10}  # of these tables the page shows the first rows, the file all of them
_ERRORS = {  # hidden columns that tell the error by drawing of the ends in others
    **dict.fromkeys(("low", "high", "range"), END_ERROR),
    **dict.fromkeys(("chance_low", "chance_high"), "chance_error"),
}
_HIDDEN = ("hidden", "unit", "headline")  # kinds of columns that only serve the others


@dataclass(frozen=True)
class TableWriter:
    """Writes the tables of one results document in one language; `entries` are the registered claims."""

    teller: Narrator
    entries: Mapping[str, Mapping[str, Any]]

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

    def source_title(self, name: str) -> str:
        """Name a source in the language of the page, or as its publisher does."""
        entry = self.results["sources"].get(name)
        if entry is None:
            return name
        return self.word("source_title", name) if has("source_title", name) else str(entry["title"])

    def source_as_read(self, name: str) -> str:
        """Name a source, with the checks whose findings in its file were accepted."""
        checks = f"{self.results['sources'][name]['looked_up_in']} checks"
        rows = [row for row in self.results["set_aside"] if row["step"] == checks]
        accepted = [self.word("set_aside", row["reason"]) for row in rows]
        return f"{self.source_title(name)} ({'; '.join(accepted)})" if accepted else self.source_title(name)

    def table(self, name: str) -> TableView:
        """Give a table as it is printed, its first column first, units in the head."""
        entry = self.results["tables"][name]
        columns = entry["columns"]
        shown = [at for at, column in enumerate(columns) if column["kind"] not in _HIDDEN]
        printed = entry["rows"][: FIRST_ROWS.get(name)]
        rows = tuple(
            tuple(self.cell(name, number, place, row) for place in shown) for number, row in enumerate(printed)
        )
        note = self.word("table_note", name) if has("table_note", name) else None
        return TableView(
            id=name, caption=(self.caption(name),), head=tuple(self.head(columns[place]) for place in shown),
            rows=rows, note=note, csv=f"../tables/{name}.csv",
        )  # fmt: skip

    def caption(self, name: str) -> str:
        """Name a table: its own caption, or that of the kind of figure it is behind, with its indicator."""
        if has("table", name):
            return self.word("table", name)
        figures = (entry for entry in self.results["figures"].values() if entry["table"] == name)
        figure = next(entry for entry in figures if has("table", entry["kind"]))
        return f"{self.word('table', figure['kind'])}: {self.teller.noun(figure['options']['indicator'])}"

    def head(self, column: Mapping[str, Any]) -> str:
        """Head a column, with the unit when all its numbers share one."""
        label = self.word("column", column["key"])
        unit = column["unit"]
        if (
            column["kind"] != "number"
            or not unit
            or unit.startswith("@")
            or unit in ("number", "index", "year", "probability")
        ):
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
            return Cell((numbers.MISSING,), column["kind"] == "number", explained)
        if column["kind"] == "number":
            return Cell((self._number(pointer, column, columns, value, row),), True)
        if column["kind"] == "year":
            return Cell((Number(str(value), pointer),), True)
        if column["kind"] == "range":
            high = next(at for at, other in enumerate(columns) if other["key"] == "high")
            above = self._number(f"{pointer.rsplit('/', 1)[0]}/{high}", columns[high], columns, row[high], row)
            return Cell((self._number(pointer, column, columns, value, row), f" {self.word('range_to')} ", above), True)
        if column["kind"] in ("trace", "agree", "part"):
            return Cell(self._joined(column["kind"], pointer, columns, row), column["kind"] == "agree")
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
        keys = {other["key"]: row[at] for at, other in enumerate(columns)}
        error = float(keys.get(_ERRORS.get(column["key"], "")) or 0.0)
        if not unit.startswith("@"):
            held = numbers.decimals_held(unit, decimals, error) if error else decimals
            return Number(numbers.number(value, unit, self.language, held, bare=True), pointer)
        unit = str(keys[unit[1:]])
        name = str(keys.get("indicator") or keys.get("part"))
        known = self.teller.catalogue.indicators
        if decimals is None and name in known and unit in (known[name].unit, "thousand_euro"):
            decimals = known[name].decimals
        if column["key"] == "published" and (keys.get("published_step") or 0) >= 1:
            decimals = 0  # as the study printed it
        decimals = numbers.decimals_held(unit, decimals, error) if error else decimals
        return Number(numbers.number(value, unit, self.language, decimals), pointer)

    def _joined(self, kind: str, pointer: str, columns: Sequence[Mapping[str, Any]], row: Sequence[Any]) -> Sentence:
        """Write a cell that joins several columns of its row: where a number comes from, how many lists agree."""
        at = {column["key"]: place for place, column in enumerate(columns)}
        near = pointer.rsplit("/", 1)[0]
        if kind == "agree":
            return (
                Number(str(row[at["agree"]]), f"{near}/{at['agree']}"),
                "\u00a0/\u00a0",
                Number(str(row[at["of"]]), f"{near}/{at['of']}"),
            )
        if kind == "part":
            name, measure = str(row[at["part"]]), row[at["measure"]]
            label = self._text({"kind": "indicator", "key": "indicator"}, name)[0] if name != "all" else ""
            return (
                f"{label}, {self.word('measure', measure)}"
                if label and measure
                else label or (self.word("measure", str(measure)) if measure else numbers.MISSING),
            )
        if not row[at["trace_source"]]:
            return (self.word("code", "needs", str(row[at["trace"]])),)
        parts = str(row[at["trace_source"]]).split("|")
        source = "; ".join(
            f"‹{self.source_title(part) if part in self.results['sources'] else part}›" for part in parts
        )
        name = row[at["trace_indicator"]]
        if not name:
            return (source,)
        label = self.teller.noun(str(name))
        year = Number(str(row[at["trace_year"]]), f"{near}/{at['trace_year']}")
        areas = Number(str(row[at["areas"]]), f"{near}/{at['areas']}") if "areas" in at else None
        return (f"{source}: {label}, ", year, *((" (", areas, f" {self.word('unit_of_areas')})") if areas else ()))

    def _text(self, column: Mapping[str, Any], value: str) -> tuple[str, str | None]:
        """Write a code as words; give the code too where the page shows its symbol."""
        teller, kind = self.teller, column["kind"]
        if kind == "area":
            return teller.area(value), None
        if kind == "choices":
            return "; ".join(self.word("code", "choice", part) for part in value.split(";")), None
        if kind == "indicator" and value in teller.catalogue.groups:
            return teller.noun(value), None
        if kind == "indicator":
            return (
                teller.catalogue.indicator(value).label(self.language)
                if value in teller.catalogue.indicators
                else value
            ), None
        if kind in ("verdict", "judgement", "happened"):
            return self.word(kind, value), value
        if kind == "chance":
            return self.word("by_chance", value), None
        if kind == "group_name":
            return str(getattr(teller.catalogue.group(value), self.language)), None
        if kind == "claim":
            entry = self.entries.get(value, {})
            mark = f" ({self.word('exploratory')})" if entry.get("exploratory") else ""
            return f"‹{value}› {entry.get(f'short_{self.language}', '')}{mark}".strip(), None
        if kind == "source":
            return "; ".join(
                f"{teller.publisher(part)}, ‹{self.source_title(part)}›" for part in value.split("|")
            ), None
        if kind == "variant":
            return (self.word("variant", value) if has("variant", value) else teller.focus(value)), None
        if kind == "change":
            return f"‹{self.entries[value][f'change_{self.language}']}›", None
        if kind == "break":
            return teller.breaks(value.split(";")), None
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


EXTRA_PARTS = ("chance", "places", "partial")  # sentences a finding may add to its main one
DRAWN_ONLY = (
    "01.coverage", "01.availability", "03.people", "03.ranked", "03.map", "03.by_year", "03.distribution",
    "03.indices", "03.spread",
    "04.multiples", "07.needed", "08.ranked", "08.parts", "08.where", "09.score", "12.curve", "13.country", "13.first",
)  # fmt: skip
REPORT_ONLY = ("answer", "multiples", "curve_short")
METHODS = ("gap", "interval", "placebo", "index", "bounds", "verdict")
SYMBOLS = {
    "SUPPORTED": "●",
    "CONTRADICTED": "○",
    "MIXED": "◐",
    "NEGLIGIBLE": "≈",
    "UNDECIDED": "?",
    "NOT_TESTABLE": "–",
}


@dataclass(frozen=True)
class Builder(TableWriter):
    """Turns one results document into the view of one language: the tables of its base, and all around them."""

    pictures: Mapping[str, str]
    overall: Mapping[str, str]

    def paragraph(self, name: str) -> Paragraph:
        """Write everything one finding has to say."""
        finding = self.results["findings"][name]
        parts = ("main", *EXTRA_PARTS)
        said = [
            self.teller.sentence(finding, part)
            for part in parts
            if part == "main" or self.teller.has_part(finding, part)
        ]
        listed = list(self.results["sources"])
        sources = tuple(sorted(listed.index(source) + 1 for source in finding["sources"] if source in listed))
        return Paragraph(name, told(finding), tuple(said), sources)

    def figure(self, name: str) -> FigureView:
        """Give a figure with a title that states its finding; a kind of figure may have a title of its own there."""
        from kloof.figures import draw

        entry = self.results["figures"][name]
        finding = self.results["findings"].get(entry["finding"])
        parts = [
            part for part in (entry["kind"], "title") if finding is not None and self.teller.has_part(finding, part)
        ]
        title = self.teller.sentence(finding, parts[0]) if finding and parts else (draw.title(name, self.teller),)
        return FigureView(
            id=name,
            title=title,
            alt=draw.alt(name, self.teller),
            note=draw.note(name, self.teller),
            svg=self.pictures[name],
            file=f"figures/{name}.svg",
            csv=f"../tables/{entry['table']}.csv",
        )

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
            question=self.question(name),
            answer=self.paragraph(first) if first else None,
            figures=tuple(self.figure(figure) for figure in entry["figures"] if not self.of_report(figure)),
            nuances=tuple(nuances),
            tables=tuple(self.table(table) for table in entry["tables"] if not self.drawn_only(table)),
            how=tuple((self.word("section", name, key),) for key in keys),
            limits=tuple(section_limits(self.teller, entry)),
        )

    def question(self, name: str) -> str:
        """Give the question of a section; that of a researcher's hypothesis is by what it is about."""
        if has("section", name, "question"):
            place = self.teller.area(self.results["place"]["code"])
            return text_of(fill(self.word("section", name, "question"), {"place": place}))
        about = next(
            entry.get("indicator") or entry["group"] for entry in self.entries.values() if entry.get("notebook") == name
        )
        return text_of(fill(self.word("own_hypothesis"), {"noun": self.teller.noun(about)}))

    def of_report(self, figure: str) -> bool:
        """Tell whether only the report that is read shows a figure: the data page has the same in full."""
        return self.results["figures"][figure]["kind"] in REPORT_ONLY

    def drawn_only(self, table: str) -> bool:
        """Tell whether a table is only the data behind a figure or a wider table: it is a file, not a page."""
        return table in DRAWN_ONLY or table.rsplit(".", 1)[0] in DRAWN_ONLY

    def strip(self) -> tuple[VerdictCell, ...]:
        """Give one cell per claim, in registered order."""
        return tuple(
            VerdictCell(
                claim=claim,
                label=str(self.entries[claim][f"short_{self.language}"]),
                verdict=verdict,
                word=self.word("verdict", verdict),
                symbol=SYMBOLS[verdict],
                anchor=str(self.entries[claim]["notebook"]).replace("_", "-"),
            )
            for claim, verdict in self.overall.items()
        )

    def lead(self) -> tuple[Paragraph, ...]:
        """Give the three sentences of the first screen: those the synthesis chose."""
        return tuple(self.paragraph(name) for name in self.results["lead"])

    def lead_figure(self) -> FigureView | None:
        """Give the one picture of the first screen: that of the first lead sentence."""
        first = next(iter(self.results["lead"]), None)
        return next(
            (
                self.figure(name)
                for name, entry in self.results["figures"].items()
                if entry["finding"] == first and not self.of_report(name)
            ),
            None,
        )


def build(
    results: Mapping[str, Any],
    catalogue: Catalogue,
    language: str,
    pictures: Mapping[str, str],
    entries: Mapping[str, Mapping[str, Any]],
    overall: Mapping[str, str],
) -> ReportView:
    """Build the page of one language; `pictures` are the drawn figures by name, `entries` the registered claims."""
    teller = Narrator(results, catalogue, language)
    builder = Builder(teller, entries, pictures, overall)
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
                builder.source_as_read(name),
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
        files=tuple(str(entry["looked_up_in"]) for entry in results["sources"].values()),
    )


def back_matter(builder: Builder) -> list[SectionView]:
    """Give what is always in the back: claims, settings, files with hashes, what was left out, methods."""
    results, word = builder.results, builder.word
    language = builder.language
    claims_rows = tuple(
        (
            Cell((f"`{name}`",)),
            Cell((f"‹{entry[language]}›",)),
            Cell((word("claim_source", str(entry["source"])),)),
            Cell((f"‹{entry[f'change_{language}']}›" if "change_nl" in entry else word("back", "claims", "ought"),)),
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
            f"../tables/back.{name}.{language}.csv",
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
