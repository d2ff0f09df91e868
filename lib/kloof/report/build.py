"""results.json → what a page says, in one language. HTML and PDF are two renderings of this one view.

No computing here: every number comes from results.json with the place where it stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kloof.catalogue import Catalogue
from kloof.findings import told
from kloof.report.tables import TableWriter
from kloof.report.views import Cell, FigureView, Paragraph, ReportView, SectionView, TableView, VerdictCell
from kloof.words.sentences import Narrator, fill, has, section_limits, text_of

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
