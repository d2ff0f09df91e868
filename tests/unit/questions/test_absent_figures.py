"""Figures that are not there never stop a report: each question is answered, and each claim judged, without them."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pytest

from kloof.findings import NOT_COMPUTABLE, NOT_TESTABLE, Finding, Verdict, judge
from kloof.questions.all_questions import QUESTIONS, answered
from kloof.questions.runner import judged
from kloof.study import claims
from kloof.study.study import Study, open_study
from kloof.words.sentences import has

ASKED = [name for name in QUESTIONS if "04" <= name[:2] <= "11"]  # these judge the claims; K3 is judged by itself
BASES = {"inhabitants", "households", "dwellings"}
ACCOUNTS = {"C5"}  # leans on the accounts of the municipality


@pytest.fixture(scope="module")
def breda() -> Study:
    """Breda under two lists, with few draws: no number counts here."""
    study = open_study({"preset": "breda"})
    return dataclasses.replace(study, p=dataclasses.replace(study.p, draws=19), variants=study.variants[:2])


def _strings(entry: Any) -> Iterator[str]:
    """Give every text of an entry of the registry, at any depth, with the keys."""
    if isinstance(entry, Mapping):
        entry = [*entry, *entry.values()]
    if isinstance(entry, str):
        yield from entry.split("|")
    elif isinstance(entry, list | tuple):
        for one in entry:
            yield from _strings(one)


def _figures(study: Study) -> set[str]:
    """Name the figures of all claims: those they register, those of their groups, and by which they are weighed."""
    named = {name for entry in claims.registry().claims.values() for name in _strings(entry)}
    groups = [group for name, group in study.known.groups.items() if name in named]
    counts = [study.known.indicator(name).derive for name in named & set(study.known.indicators)]
    parts = {count[key] for count in counts if count for key in ("numerator", "denominator")}
    return named | parts | {group.share or str(group.count) for group in groups} | BASES


def _gone(study: Study, what: str, where: str) -> "pd.Series[bool]":
    """Tell which rows are taken away: of the figures of the claims, of the counts that weigh them, or of both."""
    rows = study.data.observations
    every = _figures(study)
    figures = {"figures": every - BASES, "weights": BASES, "both": every}[what]
    own = rows["indicator"].isin(figures)
    inside = rows[own & rows["year"].between(study.p.year_from, study.p.year_to)]
    ends = inside.groupby("indicator")["year"].agg(["min", "median", "max"])
    first, middle, last = (rows["indicator"].map(ends[key]) for key in ends)
    even = rows["code"].str[-1].isin(list("02468"))
    return (
        own
        & {"first year": rows["year"] == first, "last year": rows["year"] == last, "all years": own,
           "half of the buurten early, the other half late": (rows["year"] <= middle) == even}[where]
    )  # fmt: skip


def _answered(study: Study) -> tuple[list[Finding], list[Verdict]]:
    """Answer the questions; give all findings and verdicts."""
    sections = [answered(study, question, lambda _: []) for question in ASKED]
    alone = judged(study, "K3")
    found = [finding for section in sections for finding in section.findings.values()]
    said = [verdict for section in sections for verdict in section.verdicts]
    return [*found, *(one for one, _ in alone)], said


@pytest.mark.parametrize(("what", "where"), [
    ("figures", "first year"), ("figures", "last year"), ("figures", "all years"), ("weights", "all years"),
    ("both", "half of the buurten early, the other half late"),  # enough is measured each year, never the same
])  # fmt: skip
def test_a_report_goes_on_without_the_figures(breda: Study, what: str, where: str) -> None:
    """Every judged claim has a verdict, and what cannot be computed says why in words."""
    rows = breda.data.observations[~_gone(breda, what, where)].reset_index(drop=True)
    found, said = _answered(dataclasses.replace(breda, data=dataclasses.replace(breda.data, observations=rows)))
    entries = claims.registry().claims
    wanted = {name for name in entries if claims.is_judged(name) and entries[name]["notebook"] in ASKED}
    assert {verdict.claim for verdict in said} == wanted
    assert [one.id for one in found if judge(one) == NOT_COMPUTABLE and not has("reason", one.reason)] == []
    if (what, where) == ("figures", "all years"):
        assert {v.claim for v in said if v.verdict != NOT_TESTABLE} <= ACCOUNTS
