"""kloof: is the gap between neighbourhoods growing? What you may touch is listed here; the rest may change."""

from kloof.catalogue import read_catalogue
from kloof.errors import KloofError
from kloof.files.kwb import read_kwb
from kloof.findings import Finding, Verdict, judge, verdict_of
from kloof.measures.measure import measure
from kloof.measures.registry import INDICES
from kloof.questions.gaps import follow, follow_all, gap_change, gap_table
from kloof.questions.verdict import synthesise
from kloof.report.notebook import earlier, finish, limits, picture, say
from kloof.results import Column, Section
from kloof.study.load import load
from kloof.study.panel import series
from kloof.study.study import Study, open_study

__all__ = [
    "INDICES",
    "Column",
    "Finding",
    "KloofError",
    "Section",
    "Study",
    "Verdict",
    "earlier",
    "finish",
    "follow",
    "follow_all",
    "gap_change",
    "gap_table",
    "judge",
    "limits",
    "load",
    "measure",
    "open_study",
    "picture",
    "read_catalogue",
    "read_kwb",
    "say",
    "series",
    "synthesise",
    "verdict_of",
]
