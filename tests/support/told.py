"""The report on Breda that is read, of the committed results and without a notebook: page and PDF in both languages."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from kloof.figures import draw
from kloof.questions.levels import people_of_list
from kloof.report import audit, build, explorer, page, pdf, pdfback, story
from kloof.report.views import StoryView
from kloof.study import claims
from kloof.study.debates import debate
from kloof.study.study import open_study
from kloof.words.sentences import Narrator

EXAMPLE = Path(__file__).resolve().parents[2] / "reports" / "example" / "results.json"
PEOPLE = {"area": ("area", None), "year": ("year", None), "persons": ("number", "persons")}


class Drawn(dict[str, str]):
    """Draws a picture when it is asked for: the report that is read shows a few of them."""

    def __init__(self, teller: Narrator, geometry: Any) -> None:
        super().__init__()
        self.teller, self.geometry = teller, geometry

    def __missing__(self, name: str) -> str:
        """Draw it."""
        self[name] = draw.draw(name, self.teller, self.geometry)
        return self[name]


@dataclass(frozen=True)
class Told:
    """One report in one language."""

    results: dict[str, Any]
    language: str
    html: str
    pages: tuple[str, ...]

    @cached_property
    def plain(self) -> str:
        """Give the page with usual spaces, in which a fault is planted; without the explorer, which is long."""
        return re.sub(
            r'<section class="explorer.*?</section>|<style>.*?</style>', "", self.html, flags=re.DOTALL
        ).replace("\u00a0", " ")

    @cached_property
    def faultless(self) -> bool:
        """Tell whether that page has no fault of its own."""
        return self.faults(self.plain) == []

    def faults(self, html: str) -> list[str]:
        """Read a page back."""
        return audit.audit_html(html, self.results, self.language, labels(self.language), whole=False)


@cache
def labels(language: str) -> frozenset[str]:
    """Give the names that a page may use; to open the study takes longer than to read a page back."""
    return audit.labels(open_study({"preset": "breda"}).known, language)


@cache
def results() -> dict[str, Any]:
    """Read the committed results; what a run adds since they were made is added."""
    document: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    document["debate"] = debate("GM0758")
    if "03.people" not in document["tables"]:
        rows = people_of_list(open_study({"preset": "breda"})).values.tolist()
        columns = [{"key": key, "kind": kind, "unit": unit, "decimals": None} for key, (kind, unit) in PEOPLE.items()]
        document["tables"]["03.people"] = {"columns": columns, "rows": rows}
    return document


def view(document: dict[str, Any], language: str) -> StoryView:
    """Compose the report of a document on Breda in one language."""
    study = open_study({"preset": "breda"})
    teller = Narrator(document, study.known, language)
    entries = claims.registry().entries
    overall = {claim: document["overall"][claim] for claim in entries if claim in document["overall"]}
    drawn = Drawn(teller, study.data.geometry)
    return story.story(build.Builder(teller, entries, drawn, overall), explorer.explorer(teller, None))


@cache
def told(language: str) -> Told:
    """Make the report in one language."""
    made = view(results(), language)
    stamp = datetime.fromisoformat(results()["data_date"]).replace(tzinfo=UTC)
    paper = tuple(pdfback.texts(pdf.render_story_pdf(made, stamp)))
    return Told(results(), language, page.render_story(made), paper)
