"""Answers the question of a notebook, a synthesis with what the notebooks before it left."""

from kloof.questions.answers import answered
from kloof.report.notebook import earlier
from kloof.results import Section
from kloof.study.study import Study


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
