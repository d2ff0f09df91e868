"""An atlas of reports → a folder of plain pages in two languages that opens from disk and from any web server.

Every number is a `<data>` element that says in which report (or in which file of data/) it stands; `siteback` reads
each page back before it counts. Everything is made beside its place and put there whole, or not at all.
"""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kloof.catalogue import Catalogue
from kloof.errors import ReportError, examples, faults
from kloof.findings import VERDICTS
from kloof.measures.registry import FAMILIES, INDICES
from kloof.paths import data_folder, write_whole
from kloof.report import audit
from kloof.report.build import METHODS, SYMBOLS
from kloof.report.page import LETTERS, font_faces, inline_script, pieces, script_hash, words
from kloof.run.ending import making
from kloof.run.provenance import intact
from kloof.run.report import replace_folder
from kloof.study import claims
from kloof.words.numbers import LANGUAGES, MISSING, digits
from kloof.words.sentences import Number, Part, Sentence, has, template
from kloof_site import siteback
from kloof_site.atlas import Atlas, Measure, Report

if TYPE_CHECKING:
    from jinja2 import Template

PAGES = ("index", "ranking", "compare", "verdicts", "methods", "calibration", "data")
POSITIONS = ("off", "small", "registered", "large")  # how true a claim is in a synthetic municipality
JOINED, USUAL = "joined", "56"  # a claim as a whole; buurten of the synthetic municipalities shown of it
OF_SCALES = ("happened_wrong", "happened_told", "chance_wrong", "chance_seen")
OF_CLAIMS = ("joined_wrong", "joined_overstated", "joined_silent", "joined_true")


VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True)
class Picture:
    """A drawn figure of a report: its name, where it is seen from a page, what it shows, its width and height."""

    figure: str
    file: str
    alt: str
    size: tuple[str, ...] | None


@dataclass(frozen=True)
class Site:
    """What the pages of one language say."""

    atlas: Atlas

    @property
    def language(self) -> str:
        """Language of the pages."""
        return self.atlas.language

    @property
    def reports(self) -> tuple[Report, ...]:
        """The reports, by the name of their municipality."""
        return self.atlas.reports

    @cached_property
    def entries(self) -> dict[str, Mapping[str, Any]]:
        """The claims that any report judges, in registered order."""
        judged = {claim for report in self.reports for claim in report.document["overall"]}
        return {name: entry for name, entry in claims.registry().entries.items() if name in judged}

    @cached_property
    def verdict_words(self) -> dict[str, str]:
        """The word of each verdict."""
        return {verdict: template(self.language, "verdict", verdict) for verdict in VERDICTS}

    def home(self, report: Report) -> str:
        """Where a report stands, seen from a page; in the other language when it has no page in this one."""
        language = self.language if self.language in report.languages else report.languages[0]
        return f"../reports/{report.code}/{language}"

    def picture(self, report: Report, name: str | None) -> Picture | None:
        """Give a picture of a report as it stands there; None when it is not there."""
        from kloof.figures import draw

        inner = f"{self.home(report).rpartition('/')[2]}/figures/{name}.svg"
        if name is None or not (report.folder / inner).is_file():
            return None
        box = VIEW_BOX.search((report.folder / inner).read_text(encoding="utf-8"))
        said = draw.alt(name, self.atlas.tellers[report.code])
        return Picture(name, f"../reports/{report.code}/{inner}", said, box.groups() if box else None)

    def printed(self, measure: Measure, at: int) -> dict[str, Part | Sentence]:
        """Write the outcome, range and years of one municipality on a measure."""
        standing = measure.standings[at]
        finding = standing.report.document["findings"][measure.finding]
        values = self.atlas.tellers[standing.report.code].values(finding)
        size = measure.finding.startswith("03.level.") and finding["low"] * finding["high"] > 0
        names = ("size", "nearest", "farthest") if size else ("estimate", "chance_low", "chance_high")
        years = [values[side] for side in ("year_a", "year_b") if side in values]
        texts = {year.text for year in years if isinstance(year, Number)}
        return {
            **dict(zip(("estimate", "low", "high"), (values[name] for name in names), strict=True)),
            "years": tuple(_between(years if len(texts) > 1 else years[:1], "–")),
        }

    def comparison(self) -> str:
        """Give the columns of all municipalities as JSON that can stand in a page."""
        rows = [{"id": measure.finding, "label": self.atlas.title(measure.finding)} for measure in self.atlas.measures]
        cells: dict[str, list[Any]] = {report.code: [] for report in self.reports}
        for measure in self.atlas.measures:
            own = {standing.report.code: at for at, standing in enumerate(measure.standings)}
            for code, column in cells.items():
                texts = None
                if code in own:
                    printed = self.printed(measure, own[code])
                    texts = [_text(printed[name]) for name in ("estimate", "low", "high", "years")]
                column.append(texts)
        for name, entry in self.entries.items():
            rows.append({"id": name, "label": f"{entry[f'short_{self.language}']} ({name})"})
            for report in self.reports:
                cells[report.code].append(report.document["overall"].get(name))
        return inline_script(
            {
                "rows": rows,
                "places": [
                    {"code": report.code, "name": report.name, "cells": cells[report.code]} for report in self.reports
                ],
                "verdicts": {code: [SYMBOLS[code], word] for code, word in self.verdict_words.items()},
                "words": {name: template(self.language, "site", "compare", name) for name in ("pick", "what", "none")},
                "to": template(self.language, "site", "ranking", "to"),
            }
        )

    def labels(self) -> str:
        """Give the short name of each claim as JSON, for what a page says when a verdict is pointed at."""
        return inline_script({name: str(entry[f"short_{self.language}"]) for name, entry in self.entries.items()})

    def sources(self) -> list[tuple[Mapping[str, Any], str, list[str]]]:
        """Give every source once: what is known of it, its title in this language, and where it is used."""
        found: dict[str, tuple[Mapping[str, Any], str, list[str]]] = {}
        for report in self.reports:
            teller = self.atlas.tellers[report.code]
            for name, entry in report.document["sources"].items():
                title = teller.word("source_title", name) if has("source_title", name) else str(entry["title"])
                found.setdefault(name, ({**entry, "publisher": teller.publisher(name)}, title, []))[2].append(
                    report.name
                )
        return sorted(found.values(), key=lambda item: (str(item[0]["publisher"]), item[1]))

    def worlds(self, joined: bool) -> list[dict[str, Any]]:
        """Give how often answers were wrong in synthetic worlds: a row per world, size and scale.

        With `joined` a row per world and claim, of the usual size. A column per question and outcome, each with its row
        in the file.
        """
        made: dict[tuple[str, ...], dict[str, Any]] = {}
        for at, row in enumerate(_read("worlds")):
            if (row["question"] == JOINED) == joined and (not joined or row["buurten"] == USUAL):
                own = made.setdefault((row["world"], row["buurten"], row["about"]), {"at": at, **row})
                own[f"{row['question']}_{row['outcome']}"] = (at, row["share"])
        return list(made.values())

    def claim_rates(self) -> list[dict[str, Any]]:
        """Give how often each claim came out supported: a row per size of place, a column per size of the truth."""
        made: dict[tuple[str, ...], dict[str, Any]] = {}
        for at, row in enumerate(_read("calibration")):
            if row["verdict"] == "SUPPORTED":
                key = tuple(row[name] for name in ("claim", "part", "count", "years"))
                own = made.setdefault(key, {"at": at, **row})
                own[row["switch"]] = (at, row["share"])
        return list(made.values())

    def intervals(self) -> list[dict[str, Any]]:
        """Give how often each kind of range holds the truth, each with its row in the file."""
        return [{"at": at, **row} for at, row in enumerate(_read("interval_coverage"))]


def _between(parts: Sequence[Part | Sentence], mark: str) -> list[Any]:
    """Put a mark between parts."""
    return [piece for at, part in enumerate(parts) for piece in ((part,) if at == 0 else (mark, part))]


def _text(part: Part | Sentence) -> str:
    """Give the text of a part, or of several."""
    if isinstance(part, Number):
        return part.text
    return part if isinstance(part, str) else "".join(map(_text, part))


def _read(name: str) -> list[dict[str, str]]:
    """Read a file of data/ as text; one that was not made yet has no rows."""
    if not (data_folder() / f"{name}.csv").is_file():
        return []
    with (data_folder() / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _page(language: str) -> "Template":
    """Compile the page of a language once: that takes longer than to write it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("kloof_site", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {"pieces": lambda sentence: pieces(sentence, language), "markup": Markup}
    environment.globals |= {
        "language": language, "pages": PAGES, "symbols": SYMBOLS, "missing": MISSING,
        "said": words(language, "site"), "page_words": words(language),
        "positions": POSITIONS, "of_scales": OF_SCALES, "of_claims": OF_CLAIMS,
        "word": lambda *path: template(language, *path), "methods": METHODS, "registry": INDICES,
        "other": {"nl": "en", "en": "nl"}[language],
        "indices": [(family, [one for one in INDICES.values() if one.family == family]) for family in FAMILIES],
        "number": lambda text, decimals: digits(float(text), language, decimals),
    }  # fmt: skip
    return environment.get_template("site.html.j2")


def render(site: Site, name: str) -> str:
    """Write one page of the site, still without its letters."""
    from markupsafe import Markup

    templates = files("kloof_site").joinpath("templates")
    script, own = (templates.joinpath(file).read_text(encoding="utf-8") for file in ("site.js", "site.css"))
    css = files("kloof.report").joinpath("templates/page.css").read_text(encoding="utf-8") + own
    return _page(site.language).render(
        site=site, atlas=site.atlas, name=name, style=Markup(f"{LETTERS}\n{css}"), script=Markup(script),
        script_hash=script_hash(script),
    )  # fmt: skip


def lettered(made: Mapping[str, str]) -> dict[str, str]:
    """Put the letters into all pages: one set for the whole site, cut to what any page uses."""
    faces = font_faces(frozenset(letter for html in made.values() for letter in unescape(html)))
    return {name: html.replace(LETTERS, faces, 1) for name, html in made.items()}


def build_site(reports: Sequence[Report], catalogue: Catalogue, out: Path) -> Path:
    """Write the site of finished reports to `out`, which is replaced whole at the end or not touched.

    Raises ReportError when a page says what no report says, when `out` holds something that is not a site, or when a
    report lies in it or it in a report.
    """
    for place in (report.folder for report in reports if _one_in_the_other(report.folder.resolve(), out.resolve())):
        raise ReportError(f"{out} and the report in {place} lie one in the other; give another folder with --out.")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "site.json").is_file())):
        raise ReportError(f"{out} holds something that is not a site of kloof; give another folder with --out.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with making(out.parent) as folder:
        known = {report.code: report.document for report in reports}
        made, found = {}, []
        for language in LANGUAGES:
            site = Site(Atlas(tuple(reports), catalogue, language))
            names = audit.labels(catalogue, language)
            for name in PAGES:
                html = made[f"{language}/{name}"] = render(site, name)
                found += [f"{language}/{name}: {fault}" for fault in siteback.faults_of(html, known, language, names)]
        if found:
            raise ReportError(faults("the site", found, "Correct the template or the atlas, not the page."))
        for name, html in lettered(made).items():
            write_whole(folder / f"{name}.html", html)
        for report in reports:
            _publish(report, folder / "reports" / report.code)
        write_whole(folder / "index.html", _door())
        contents = {"reports": {report.code: report.name for report in reports}}
        write_whole(folder / "site.json", json.dumps(contents, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        replace_folder(folder, out)
    return out


def _one_in_the_other(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _publish(report: Report, place: Path) -> None:
    """Copy the files of a report that a site has, each as its crate says it is and no link, and read them back."""
    for name in report.published:
        content = intact(report.folder, name, report.crate)
        if content is None:
            raise ReportError(f"{report.folder}: {name} changed while the site was made. Make it again: kloof site")
        write_whole(place / name, content)
    if lost := [name for name in report.published if intact(place, name, report.crate) is None]:
        raise ReportError(f"{place}: {examples(lost)} cannot be read back as written. Is the disk full or failing?")


def _door() -> str:
    """Write the first page: a choice between the languages."""
    links = "".join(
        f'<li><a href="{language}/index.html" lang="{language}" hreflang="{language}">'
        f"{template(language, 'site', 'name')}</a></li>"
        for language in LANGUAGES
    )
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    style = ":root{color-scheme:light dark}body{font:1.4rem/1.6 system-ui,sans-serif;max-width:30rem;margin:12vh auto}"
    head += f'<link rel="icon" href="data:,"><title>kloof</title><style>{style}</style>'
    body = f"<main><h1>kloof</h1><ul>{links}</ul></main>"
    return f'<!doctype html>\n<html lang="nl"><head>{head}</head><body>{body}</body></html>\n'
