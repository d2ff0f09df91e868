"""Answers the question of a notebook, a synthesis with what the notebooks before it left."""

import pandas as pd

from kloof.errors import NotComputableError
from kloof.questions.all_tests import family
from kloof.questions.answers import answered
from kloof.questions.verdict import rows_of
from kloof.report.notebook import earlier
from kloof.results import Section
from kloof.study import claims
from kloof.study.study import Study
from kloof.typed import typed


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
