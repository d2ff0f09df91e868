"""What a notebook asks for: its question answered for all, sentences and pictures, and its part of results.json."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from kloof import __version__
from kloof.catalogue import known
from kloof.errors import NotComputableError, ParameterError, ReportError
from kloof.findings import Finding, Verdict
from kloof.paths import dump, plain, project_folder, sha256, write_whole
from kloof.questions.all_questions import answered
from kloof.questions.all_tests import family
from kloof.questions.verdict import rows_of
from kloof.report.page import displayable
from kloof.results import FORMAT, SYNTHESIS, Section, join_sections
from kloof.shown import Shown
from kloof.study import claims
from kloof.study.parameters import PARAMETER_NAMES
from kloof.study.study import Study
from kloof.typed import shown, typed
from kloof.words.sentences import Narrator, fill, has, section_limits, text_of

NOT_IN_RESULTS = ("language",)
SAME_TO = 1e-9  # relative difference up to which a number by hand is that of the library


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
            "kloof": __version__,
            "parameters": given,
            "place": {
                "code": study.p.municipality,
                "buurten": study.data.count("buurt", study.p.year_to),
                "focus": len(study.focus.codes),
            },
            "areas": {code: displayable(name) or code for code, name in zip(named["code"], named["name"], strict=True)},
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


@runtime_checkable
class Told(Protocol):
    """A judged claim, as `say` takes it."""

    claim: str
    verdict: str
    study: Study
    section: Section
    parts: Sequence[tuple[Finding | None, Verdict]]


@typed
def say(thing: Study | Told, section: Section | None = None, *names: str) -> Text:
    """Write what was found, in the language of the study: of a claim by itself, or of a section.

    `say(claim)`: the claim in words with its verdict, the sentence of every part that was computed, and what would
    change the verdict. `say(study, section, *names)`: the sentences of these findings (all of the section without
    names), one paragraph each.

    >>> from kloof import judge_claim, open_study
    >>> said = say(judge_claim(open_study("breda", language="en"), Section("own"), "C6"))
    >>> said.startswith("**"), "What would change this" in said
    (True, True)
    """
    if not isinstance(thing, Study):
        return _claim_in_words(thing)
    if section is None:
        raise ParameterError("say needs a judged claim, or a study with a section: say(study, section).")
    teller = narrator(thing, section)
    chosen = names or tuple(section.findings)
    if not chosen and has("section", section.id, "left_out"):
        return Text(teller.word("section", section.id, "left_out"))
    for name in chosen:
        known(name, section.findings, "finding")
    return Text("\n\n".join(text_of(teller.sentence(teller.results["findings"][name])) for name in chosen))


def _claim_in_words(claim: Told) -> Text:
    """Write a claim: its words and verdict, its parts, what would change it."""
    teller = narrator(claim.study, claim.section)
    findings = teller.results["findings"]
    told = dict.fromkeys(finding.id for finding, _ in claim.parts if finding is not None and finding.id in findings)
    sentences = [text_of(teller.sentence(findings[name])) for name in told]
    return Text("\n\n".join([_verdict_line(teller, claim.claim, claim.verdict), *sentences]))


@dataclass(frozen=True, repr=False)
class Agreement(Shown):
    """A number made by hand beside that of the library; `same` up to one in a thousand million."""

    by_hand: float
    library: float
    unit: str

    @property
    def same(self) -> bool:
        """Tell whether both are the same number."""
        return math.isclose(self.by_hand, self.library, rel_tol=SAME_TO, abs_tol=SAME_TO)

    def in_short(self) -> dict[str, object]:
        """Give both numbers, and their difference when they are not the same."""
        apart = None if self.same else f"{self.by_hand - self.library:+.6g}"
        return {
            "by hand": f"{self.by_hand:.10g} {self.unit}", "library": f"{self.library:.10g} {self.unit}",
            "same": self.same, "difference": apart,
        }  # fmt: skip


def agree(by_hand: float, finding: Finding | float) -> Agreement:
    """Set a number made by hand beside that of the library: the same to nine digits, or how far apart.

    `finding` is a finding or a number of the library, in the unit of `by_hand`. Nothing is raised when they differ: who
    changes a cell wants to see by how much. Raises ParameterError when either of them is no number,
    NotComputableError when the finding has none.

    >>> agree(0.1 + 0.2, 0.3)
    Agreement
      by hand  0.3
      library  0.3
      same     True
    >>> agree(1.2, 1.0).same
    False
    """
    library, unit = (finding.estimate, finding.unit) if isinstance(finding, Finding) else (finding, "")
    if library is None:
        reason, name = getattr(finding, "reason", None), getattr(finding, "id", "the library")
        raise NotComputableError(
            reason or "no_figures", f"{name} has no number to set beside one made by hand: {reason or 'no figures'}."
        )
    pair: tuple[object, object] = by_hand, library
    if not all(isinstance(one, Real) for one in pair):
        raise ParameterError(f"agree compares two numbers; it is given {' and '.join(map(shown, pair))}.")
    made = Agreement(float(by_hand), float(library), unit)
    if not math.isfinite(made.by_hand):
        raise ParameterError(f"by hand there is {made.by_hand}, which is no number: look at the cell that made it.")
    if not math.isfinite(made.library):
        raise ParameterError(f"of the library there is {made.library}, which is no number to set one beside.")
    return made


@typed
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
    overall = claims.overall(teller.results["verdicts"])
    lines = [_verdict_line(teller, claim, verdict) for claim, verdict in overall.items()]
    return Text("\n\n".join(lines) or teller.word("page_extra", "no_claim"))


def _verdict_line(teller: Narrator, claim: str, verdict: str) -> str:
    """Write a claim in words with its verdict, and what would change it."""
    entry = claims.registry().claims[claim]
    change = entry[f"change_{teller.language}"]
    values = {"claim": entry[teller.language], "word": teller.word("verdict", verdict), "change": change}
    return text_of(fill(teller.word("verdict_line"), values))


@typed
def limits(study: Study, section: Section) -> Text:
    """Write what these figures cannot show, from the flags of the findings."""
    teller = narrator(study, section)
    return Text("\n\n".join(f"* {text_of(line)}" for line in section_limits(teller, section.as_json())))


@typed
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


@typed
def answer(study: Study, question: str) -> Section:
    """Answer the question of a notebook for all: record every finding, table, picture and verdict that belongs to it.

    `question` is the name of a notebook, such as 04_did_the_gap_grow; 12_verdict is asked of what the notebooks before
    it left. Raises ParameterError for an unknown question, ReportError for a synthesis without those notebooks.

    >>> from kloof import open_study
    >>> section = answer(open_study("breda"), "02_does_it_reproduce")
    >>> section.id, len(section.findings) > 0
    ('02_does_it_reproduce', True)
    """
    return answered(study, question, earlier)


def tests_made(study: Study) -> pd.DataFrame:
    """Give every test for chance that the notebooks before a synthesis made: claim, part, verdict, p.

    `verdict` is what it says by itself and `p` the p-value of that. What could not be tested, has no say, or is about
    what happened is no such test. Raises ReportError without those notebooks, NotComputableError when none was made.
    """
    verdicts, p_values = family(*rows_of(earlier(study)), claims.registry())
    if not p_values:
        raise NotComputableError("no_figures", "No claim was tested for chance here.")
    named = [name.partition("/")[::2] for name in p_values]
    table = pd.DataFrame(named, columns=["claim", "part"])
    return table.assign(verdict=list(verdicts.values()), p=list(p_values.values()))
