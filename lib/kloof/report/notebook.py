"""What a notebook shows and leaves behind: sentences and pictures in its language, and its part of results.json."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from kloof.errors import ReportError
from kloof.paths import dump, plain, project_folder, sha256, write_whole
from kloof.results import FORMAT, Section, join_sections
from kloof.study import claims
from kloof.study.parameters import PARAMETER_NAMES
from kloof.study.study import Study
from kloof.words.sentences import Narrator, fill, has, section_limits, text_of

VERSION = "0.1.0"
NOT_IN_RESULTS = ("language",)
SYNTHESIS = "12"  # notebooks from this number on read what the earlier ones left


class Text(str):
    """Sentences that a notebook cell can end with."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


def header(study: Study) -> dict[str, Any]:
    """Describe the run without language, clock or path: parameters, place, inputs with hashes, sources, registry."""
    key = "header", repr(vars(replace(study.p, language="")))
    return dict(study.data.once(study.known, key, lambda: _described(study)))


def _described(study: Study) -> dict[str, Any]:
    """Make the header."""
    given = {name: getattr(study.p, name) for name in PARAMETER_NAMES if name not in NOT_IN_RESULTS}
    given["source"] = study.data.name
    own = study.data.areas["code"].str[2:6] == study.p.municipality[2:6]
    cities = study.data.areas["code"].isin([study.p.municipality, *study.p.comparisons])
    named = study.data.areas[own | cities]
    sources = study.data.sources.set_index("source_id")
    catalogue = project_folder() / "data" / "catalogue.toml"
    content: dict[str, Any] = plain(
        {
            "format": FORMAT,
            "kloof": VERSION,
            "parameters": given,
            "place": {
                "code": study.p.municipality,
                "buurten": study.data.count("buurt", study.p.year_to),
                "focus": len(study.focus.codes),
            },
            "areas": dict(zip(named["code"], named["name"], strict=True)),
            "focus": list(study.focus.codes),
            "variants": {focus.name: list(focus.codes) for focus in study.variants},
            "data_date": study.data.data_date,
            "inputs": list(study.data.inputs),
            "sources": {name: dict(row) for name, row in sources.iterrows()},
            "registry": {"claims": claims.registry().sha256, "catalogue": sha256(catalogue)},
            "set_aside": [vars(row) for row in study.data.set_aside if row.rows or row.detail],
        }
    )
    return content


def parts_folder() -> Path:
    """Folder in which the notebooks of one run leave their parts."""
    return Path(os.environ.get("KLOOF_PARTS", project_folder() / "reports" / "work"))


def narrator(study: Study, section: Section) -> Narrator:
    """Give a narrator over what this notebook has found so far."""
    return Narrator(join_sections(header(study), [section.as_json()]), study.known, study.p.language)


def say(study: Study, section: Section, *names: str) -> Text:
    """Write the sentences of findings (all of the section without names), one paragraph each."""
    teller = narrator(study, section)
    chosen = names or tuple(section.findings)
    if not chosen and has("section", section.id, "left_out"):
        return Text(teller.word("section", section.id, "left_out"))
    return Text("\n\n".join(text_of(teller.sentence(teller.results["findings"][name])) for name in chosen))


def picture(study: Study, section: Section, name: str) -> Any:
    """Draw a figure of the section, in the study's language; a figure that could not be recorded is said so."""
    from kloof.figures import draw

    teller = narrator(study, section)
    if name not in section.figures:
        return Text(teller.word("page_extra", "no_figure"))
    return draw.show(name, teller, study.data.geometry)


def verdicts(study: Study, section: Section) -> Text:
    """Write the verdict of every claim this notebook judges, and what would change it."""
    teller = narrator(study, section)
    lines = []
    entries = claims.registry().claims
    for claim, verdict in claims.overall(teller.results["verdicts"]).items():
        word = teller.word("verdict", verdict)
        change = entries[claim][f"change_{study.p.language}"]
        values = {"claim": entries[claim][study.p.language], "word": word, "change": change}
        lines.append(text_of(fill(teller.word("verdict_line"), values)))
    return Text("\n\n".join(lines) or teller.word("page_extra", "no_claim"))


def limits(study: Study, section: Section) -> Text:
    """Write what these figures cannot show, from the flags of the findings."""
    teller = narrator(study, section)
    return Text("\n\n".join(f"* {text_of(line)}" for line in section_limits(teller, section.as_json())))


def finish(study: Study, section: Section) -> Text:
    """Leave this notebook's part for the report, and write its verdict with its limits."""
    content = {"header": header(study), **section.as_json()}
    write_whole(parts_folder() / f"{section.id}.json", dump(content))
    return verdicts(study, section)


def earlier(study: Study) -> list[dict[str, Any]]:
    """Read the parts of the notebooks before the synthesis.

    Raises ReportError when there are none, or when one was made with other parameters or data.
    """
    import json

    found = []
    for path in sorted(parts_folder().glob("*.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        if part["id"][:2].isdigit() and part["id"][:2] >= SYNTHESIS:
            continue
        if part["header"] != header(study):
            raise ReportError(
                f"{path.name} was made with other parameters or data. Run all: kloof run --preset {study.p.preset}."
            )
        found.append(part)
    if not found:
        raise ReportError(
            f"No notebook has left its part yet. Run them in order, or: kloof run --preset {study.p.preset}."
        )
    return found
