"""Checks that a finding can be said under any judgement, with all its numbers filled in."""

import dataclasses

from kloof.catalogue import catalogue
from kloof.findings import Finding
from kloof.results import Section, join_sections
from kloof.run import in_notebook as notebook
from kloof.study.study import Study
from kloof.words.sentences import Narrator, section_limits, text_of


def check_spoken(study: Study, base: Finding, ends: tuple[float, float], section_id: str, language: str) -> None:
    """Give a finding the interval `ends`, and demand a whole sentence and whole limits in the language."""
    low, high = ends
    section = Section(section_id)
    section.add(dataclasses.replace(base, estimate=(low + high) / 2, low=low, high=high))
    results = join_sections(notebook.header(study), [section.as_json()])
    teller = Narrator(results, catalogue(), language)
    text = text_of(teller.sentence(results["findings"][base.id]))
    assert "{" not in text
    assert text[0].isupper()
    assert text.endswith(".")
    assert all(text_of(line) for line in section_limits(teller, section.as_json()))
