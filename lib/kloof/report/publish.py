"""results.json → the files of a report: pages, PDFs, pictures and tables, each read back before it counts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kloof.catalogue import Catalogue
from kloof.errors import ReportError, faults
from kloof.figures import draw, maps
from kloof.paths import csv_of, dump, write_whole
from kloof.report import audit, build, explorer, links, page, pdf, pdfback, story
from kloof.report.readback import Blocks, differences
from kloof.report.views import Line, TableView
from kloof.results import read_results
from kloof.study import claims
from kloof.words.numbers import LANGUAGES
from kloof.words.sentences import Narrator, text_of

Publishing = Callable[[Sequence[tuple[Any, ...]]], list[Blocks]]
REPORT, DATA = ("index.html", "report.pdf"), ("data.html", "data.pdf")
ANSWER = "04.answer"  # the picture made for the first screen
FILES = (*REPORT, *DATA)  # of each language: the report that is read and the data page, each as page and PDF


def publish(
    document: Mapping[str, Any],
    catalogue: Catalogue,
    folder: Path,
    languages: Sequence[str],
    geometry: Mapping[str, Any] | None,
    each: Publishing | None = None,
) -> None:
    """Write everything a report holds under `folder`.

    `each` may call `publish_language` with each of the arguments it gets in a process of its own; it gives the answers.
    Raises ReportError when a page says what results.json does not, a PDF something else than its page, or the languages
    differ in a number.
    """
    for name, content in make_shared(document).items():
        write_whole(folder / name, content)
    asked = [(document, catalogue, folder, language, geometry) for language in languages]
    said = dict(zip(languages, (each or _in_turns)(asked), strict=True))
    if len(said) == len(LANGUAGES) and (found := differences(*(said[language] for language in LANGUAGES))):
        raise ReportError(
            faults("the two languages", found, "Dutch and English must carry the same numbers and verdicts.")
        )


def _in_turns(each: Sequence[tuple[Any, ...]]) -> list[Blocks]:
    """Publish one language after the other."""
    return [publish_language(*arguments) for arguments in each]


def publish_language(
    document: Mapping[str, Any],
    catalogue: Catalogue,
    folder: Path,
    language: str,
    geometry: Mapping[str, Any] | None,
) -> Blocks:
    """Write pictures, report and data page in one language; give what those in the other language must carry too.

    Raises ReportError when a page is not faithful, or a PDF says something else than its page.
    """
    made = make_language(document, catalogue, language, geometry)
    names, still = audit.labels(catalogue, language), f"{language}/figures/{explorer.STATIC}.svg"
    pictures = [made[still].decode("utf-8")] if still in made else []  # the page has a map that moves instead
    said: Blocks = {}
    for files in (REPORT, DATA):  # one after the other: a page that was read is at hand for its PDF
        html, paper = made[f"{language}/{files[0]}"].decode("utf-8"), made[f"{language}/{files[1]}"]
        carried = audit.check(html, document, language, names, whole=files == DATA)
        said |= {f"{files[0]}, {part}": blocks for part, blocks in carried.items()}
        pdfback.check_pdf(pdfback.texts(paper), html, language, pictures)
    for name, content in made.items():
        write_whole(folder / name, content)
    return said


def make_shared(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Make what a report holds in no language: the results and each table; by path below its folder."""
    tables = {f"tables/{name}.csv": table_csv(table) for name, table in document["tables"].items()}
    return _encoded({"results.json": dump(document), **tables})


def make_language(
    document: Mapping[str, Any], catalogue: Catalogue, language: str, geometry: Mapping[str, Any] | None
) -> dict[str, bytes]:
    """Make all that a report holds in one language, and write nothing: files by path below its folder.

    Raises ReportError when a page is incomplete or a picture cannot be drawn.
    """
    entries = claims.registry().entries
    codes = {code for code in document["areas"] if code.startswith(f"BU{document['place']['code'][2:]}")}
    shapes = maps.paths(geometry, codes) if geometry and codes else None
    stamp = datetime.fromisoformat(document["data_date"]).replace(tzinfo=UTC)
    teller = Narrator(document, catalogue, language)
    pictures = {name: draw.draw(name, teller, geometry) for name in document["figures"]}
    overall = {claim: document["overall"][claim] for claim in entries if claim in document["overall"]}
    view = explorer.placed(build.build(document, catalogue, language, pictures, entries, overall), teller, shapes)
    told = story.story(build.Builder(teller, entries, pictures, overall), explorer.explorer(teller, shapes))
    tables = {f"tables/{table.id}.{language}.csv": view_csv(table) for part in view.back for table in part.tables}
    view, told = links.linked(view, told)
    made: dict[str, str | bytes] = {f"{language}/figures/{name}.svg": svg for name, svg in pictures.items()}
    made |= tables
    pages = page.render_story(told), page.render_html(view)
    papers = pdf.render_story_pdf(told, stamp), pdf.render_pdf(view, stamp)
    for files, html, paper in zip((REPORT, DATA), pages, papers, strict=True):
        made |= {f"{language}/{files[0]}": html, f"{language}/{files[1]}": paper}
    return _encoded(made)


def _encoded(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    """Give files as they are written."""
    return {name: text.encode("utf-8") if isinstance(text, str) else text for name, text in files.items()}


def table_csv(table: Mapping[str, Any]) -> str:
    """Write a table as CSV: codes and full numbers, missing cells empty."""
    return csv_of([column["key"] for column in table["columns"]], table["rows"])


def view_csv(table: TableView) -> str:
    """Write a table of the back matter as it is printed."""
    return csv_of(table.head, [[text_of(cell.content).strip("`") for cell in row] for row in table.rows])


def first_screen(teller: Narrator) -> tuple[Line, str | None]:
    """Give the sentence that answers the question of a report, and the name of the picture that shows it.

    That is the one made for it, else that of the gap which the sentence is about, else the first there is.
    """
    told = story.Storyteller(build.Builder(teller, {}, {}, {}))
    changes, figures = told.changes(), teller.results["figures"]
    own = [f"04.{changes[0]['own']['indicator']}"] if changes else []
    return told.headline(changes), next((name for name in (ANSWER, *own, *figures) if name in figures), None)


def headlines(folder: Path, catalogue: Catalogue, language: str) -> list[str]:
    """Give the answer of a finished report and the lines below it."""
    document = read_results(folder)
    told = story.Storyteller(build.Builder(Narrator(document, catalogue, language), {}, {}, {}))
    changes = told.changes()
    return [" ".join(map(text_of, line.sentences)) for line in (told.headline(changes), *told.lead(changes))]
