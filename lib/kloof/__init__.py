"""kloof: is the gap between neighbourhoods growing? What you may touch is listed here; the rest may change."""

from kloof.catalogue import read_catalogue
from kloof.cbs import read_kwb
from kloof.errors import KloofError
from kloof.findings import Finding, Verdict, judge, verdict_of
from kloof.gaps import follow, follow_all, gap_change, gap_table
from kloof.indices import INDICES
from kloof.measures import measure
from kloof.notebook import earlier, finish, limits, picture, say
from kloof.panel import series
from kloof.results import Column, Section
from kloof.sources import load
from kloof.study import Study, open_study
from kloof.synthesis import synthesise

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
