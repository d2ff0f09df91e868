"""kloof: is the gap between neighbourhoods growing? What you may touch is listed here; the rest may change.

A name is loaded when it is first asked for, so that a command that needs no figures does not wait for pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"  # every report says by which one it was made

if TYPE_CHECKING:
    from kloof.country.gaps import country_change
    from kloof.errors import KloofError
    from kloof.figures.plots import plot
    from kloof.findings import Finding, Verdict, judge, verdict_of
    from kloof.measures.measure import measure
    from kloof.measures.registry import INDICES
    from kloof.methods.gap import gap_table
    from kloof.questions.all_questions import gap_change, judge_claim
    from kloof.results import Section
    from kloof.run.in_notebook import agree, answer, finish, limits, picture, say
    from kloof.study.study import Study, open_study, table

_HOMES = {
    "country.gaps": "country_change",
    "errors": "KloofError",
    "figures.plots": "plot",
    "findings": "Finding Verdict judge verdict_of",
    "measures.measure": "measure",
    "measures.registry": "INDICES",
    "methods.gap": "gap_table",
    "questions.all_questions": "gap_change judge_claim",
    "results": "Section",
    "run.in_notebook": "agree answer finish limits picture say",
    "study.study": "Study open_study table",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "INDICES",
    "Finding",
    "KloofError",
    "Section",
    "Study",
    "Verdict",
    "agree",
    "answer",
    "country_change",
    "finish",
    "gap_change",
    "gap_table",
    "judge",
    "judge_claim",
    "limits",
    "measure",
    "open_study",
    "picture",
    "plot",
    "say",
    "table",
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
