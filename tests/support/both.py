"""The report that is read and its data page, from the committed run of Breda, with stand-ins for the drawings."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from kloof.catalogue import catalogue
from kloof.figures import draw
from kloof.paths import project_folder
from kloof.report import build, explorer, links, page, pdf, story
from kloof.report.views import ReportView, StoryView
from kloof.study import claims
from kloof.study.debates import debate
from kloof.words.sentences import Narrator

DAY = datetime(2026, 11, 24, tzinfo=UTC)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 330"><path d="M10 10H600" stroke="#000"/></svg>'


@cache
def document() -> dict[str, Any]:
    """The committed results, with the debate on Breda."""
    content: dict[str, Any] = json.loads((project_folder() / "reports/example/results.json").read_text("utf-8"))
    return content | {"debate": debate("GM0758")}


@cache
def views(language: str) -> tuple[ReportView, StoryView]:
    """Data page and report in one language, each with its links to the other."""
    results, entries = document(), claims.registry().entries
    teller = Narrator(results, catalogue(), language)
    pictures = dict.fromkeys(results["figures"], SVG)
    panels = [name for name, figure in results["figures"].items() if figure["kind"] == "multiples"]
    pictures |= {name: draw.draw(name, teller) for name in panels}  # its words are held against what happened
    overall = {claim: results["overall"][claim] for claim in entries if claim in results["overall"]}
    data = explorer.placed(build.build(results, catalogue(), language, pictures, entries, overall), teller, None)
    told = story.story(build.Builder(teller, entries, pictures, overall), explorer.explorer(teller, None))
    return links.linked(data, told)


@cache
def pages(language: str) -> tuple[str, str]:
    """Data page and report as HTML."""
    data, told = views(language)
    return page.render_html(data), page.render_story(told)


@cache
def papers(language: str) -> tuple[bytes, bytes]:
    """Data page and report as PDF."""
    data, told = views(language)
    return pdf.render_pdf(data, DAY), pdf.render_story_pdf(told, DAY)
