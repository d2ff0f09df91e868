"""kloof: is the gap between neighbourhoods growing? What you may touch is listed here; the rest may change.

A name is loaded when it is first asked for, so that a command that needs no figures does not wait for pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "catalogue": "read_catalogue",
    "errors": "KloofError",
    "files.kwb": "read_kwb",
    "findings": "Finding Verdict judge verdict_of",
    "measures.measure": "measure",
    "measures.registry": "INDICES",
    "questions.gaps": "follow follow_all gap_change gap_table",
    "questions.verdict": "synthesise",
    "report.notebook": "earlier finish limits picture say",
    "results": "Column Section",
    "study.load": "load",
    "study.panel": "series",
    "study.study": "Study open_study",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

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


def __getattr__(name: str) -> Any:
    """Load a public name from its home. Raises AttributeError for a name that is not public."""
    if name not in _HOME:
        raise AttributeError(f"module 'kloof' has no attribute {name!r}")
    return getattr(import_module(f"kloof.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, also those that nobody asked for yet."""
    return sorted({*globals(), *__all__})
