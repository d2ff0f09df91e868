"""What a notebook shows and leaves behind: sentences and pictures in its language, and its part of results.json."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kloof import claims
from kloof.errors import ReportError
from kloof.findings import NOT_TESTABLE, SUPPORTED, VERDICTS, Finding
from kloof.narrate import Narrator, fill, has, section_limits, text_of
from kloof.presets import PARAMETER_NAMES
from kloof.results import FORMAT, Column, Section, dump, join_sections, plain, write_whole
from kloof.sources import project_folder, sha256
from kloof.study import Study

VERSION = "0.1.0"
NOT_IN_RESULTS = ("language",)


class Text(str):
    """Sentences that a notebook cell can end with."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


def header(study: Study) -> dict[str, Any]:
    """Describe the run without language, clock or path: parameters, place, inputs with hashes, sources, registry."""
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
                "buurten": len(study.data.units()),
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
    from kloof import plots

    teller = narrator(study, section)
    if name not in section.figures:
        return Text(teller.word("page_extra", "no_figure"))
    return plots.show(name, teller, study.data.geometry)


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
    return Text("\n\n".join(lines))


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
    for path in sorted(parts_folder().glob("[0-9][0-9]_*.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        if part["id"] == "12_verdict":
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


def _count(rows: Sequence[Mapping[str, Any]], claim: str, verdict: str | None = None) -> int:
    """Count the parts of a claim, all or those with a verdict."""
    return sum(row["claim"] == claim and verdict in (None, row["verdict"]) for row in rows)


def synthesise(study: Study, section: Section, parts: Sequence[Mapping[str, Any]]) -> Any:
    """Record the verdict table and the score of the debate over all parts."""
    rows = [row for part in parts for row in part["verdicts"]]
    votes = [row["verdict"] for row in rows]
    details = {name.lower(): {"value": votes.count(name), "unit": "number"} for name in VERDICTS}
    tested = len(votes) - votes.count(NOT_TESTABLE)
    details["parts"] = {"value": tested, "unit": "number"}
    section.add(
        Finding(
            id="12.score",
            kind="score",
            measure="parts",
            unit="number",
            estimate=tested,
            low=tested,
            high=tested,
            details=details,
            focus=study.focus.name,
        )
    )
    findings = {name: finding for part in parts for name, finding in part["findings"].items()}
    summary = [
        {
            "claim": claim,
            "verdict": verdict,
            "supported": _count(rows, claim, SUPPORTED),
            "of": _count(rows, claim),
            "change": claim,
        }
        for claim, verdict in claims.overall(rows).items()
    ]
    columns = [Column("claim", "claim"), Column("verdict", "verdict"), Column("supported", "number", "number")]
    columns += [Column("of", "number", "number"), Column("change", "change")]
    section.table("12.claims", columns, pd.DataFrame(summary))
    table = claims.verdict_table(rows, findings)
    table = table.rename(columns={"indicator": "part"}).assign(part=lambda rows: rows["part"].fillna("all"))
    columns = [
        Column("claim", "claim"),
        Column("part", "part"),
        Column("measure", "hidden"),
        Column("verdict", "verdict"),
        *[Column(key, "number", "@unit") for key in ("estimate", "low", "high")],
        Column("agree", "agree"),
        Column("of", "hidden", "number"),
        Column("flips_at", "hidden"),
        Column("unit", "unit"),
    ]
    section.table("12.verdicts", columns, table)
    counts = claims.score(rows)
    if not counts.empty:
        names = [name for name in counts.columns if name != "claim"]
        section.table(
            "12.score",
            [Column("claim", "claim"), *[Column(name, "number", "number") for name in names]],
            counts,
        )
    return table
