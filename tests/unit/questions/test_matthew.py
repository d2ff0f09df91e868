"""Notebooks 06 and 10 on Breda and Heerlen: every step records what it gives back, and the verdicts of the registry."""

import inspect
import re
from dataclasses import replace
from typing import Any

import pytest

from kloof.findings import CONTRADICTED, NEGLIGIBLE, NOT_COMPUTABLE, NOT_TESTABLE, SUPPORTED, UNDECIDED, Finding, judge
from kloof.paths import dump, plain
from kloof.questions import carried, ladder
from kloof.questions.carried import GAP
from kloof.questions.explanations import Explanation, Facet, leans_on_itself
from kloof.results import Section
from kloof.run import in_notebook as notebook
from kloof.study import claims
from kloof.study.study import Study, open_study
from kloof.words import sentences
from kloof.words.sentences import section_limits, text_of

S, C, N, U, X = SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE


def steps_of_06(study: Study) -> tuple[Section, dict[str, Any]]:
    section, given = Section("06_matthew"), {}
    started = given["place_all"] = ladder.place_all(study)
    for name in ("top_and_bottom", "group_pictures", "fell_behind", "ranks_kept", "grown_together"):
        given[name] = getattr(ladder, name)(section, study, started)
    return section, given


def steps_of_10(study: Study) -> tuple[Section, dict[str, Any]]:
    section, given = Section("10_resources"), {}
    laid = given["lay_out_all"] = carried.lay_out_all(section, study)
    given["who_leads"] = carried.who_leads(section, study, laid)
    for name in ("meeting_ends", "all_municipalities"):
        given[name] = getattr(carried, name)(section, study)
    return section, given


@pytest.fixture(scope="module")
def breda() -> Study:
    return open_study({"preset": "breda", "draws": 199})


@pytest.fixture(scope="module")
def six(breda: Study) -> tuple[Section, dict[str, Any]]:
    return steps_of_06(breda)


@pytest.fixture(scope="module")
def ten(breda: Study) -> tuple[Section, dict[str, Any]]:
    return steps_of_10(breda)


def verdicts_of(section: Section) -> dict[tuple[str, str], str]:
    rows = {(row.claim, row.row): row.verdict for row in section.verdicts}
    assert len(rows) == len(section.verdicts)
    return rows


def test_every_step_is_tried_here(six: Any, ten: Any) -> None:
    for module, given in ((ladder, six[1]), (carried, ten[1])):
        steps = {name for name, item in inspect.getmembers(module, inspect.isfunction)
                 if item.__module__ == module.__name__ and hasattr(item, "__wrapped__")}  # fmt: skip
        assert given.keys() - {"place_all"} == steps - {"place_all"}


def test_ranks_without_a_range_have_no_picture(breda: Study) -> None:
    """As in a small place where all of a group moved as many ranks."""
    section, started = Section("06_matthew"), ladder.place_all(breda)
    ladder.top_and_bottom(section, breda, started)
    lost = [number for number in section.findings if number.endswith(".ranks")]
    for number in lost:
        section.findings[number] = replace(section.findings[number], estimate=None, low=None, high=None)
    ladder.group_pictures(section, breda, started)
    drawn = {number.rpartition(".")[2] for number in section.tables}
    assert (bool(lost), drawn) == (True, {"absolute"})


def test_tables_and_figures_belong_together(six: Any, ten: Any) -> None:
    for section, given in (six, ten):
        for figure in section.figures.values():
            assert figure["table"] in section.tables and figure["finding"] in section.findings
        for table in section.tables.values():
            assert table["rows"]
            for column in table["columns"]:
                assert column["kind"] != "number" or column["unit"]
        assert given
    assert {figure["kind"] for figure in six[0].figures.values()} == {"groups"}
    assert {figure["kind"] for figure in ten[0].figures.values()} == {"waterfall"}
    rows = six[0].tables["06.mean_dwelling_value.groups.absolute"]["rows"]
    keys = ["group_number", "buurten", "estimate", "low", "high", "chance_low", "chance_high", "chance_error"]
    frames = six[1]["group_pictures"]
    assert rows in [[[plain(row[key]) for key in keys] for row in frame.to_dict("records")] for frame in frames]


def test_the_verdicts_of_breda_on_who_moved_up(six: Any) -> None:
    """Figures of data/breda; prices of CBS. In euros both ends rose, in ranks nobody can be told to move."""
    woz, income = "mean_dwelling_value", "mean_income_per_inhabitant"
    found = verdicts_of(six[0])
    assert found == {
        ("C4", f"{woz}.absolute"): C, ("C4", f"{woz}.ranks"): U,
        ("C4", "good_perceived_health_share.absolute"): C, ("C4", "good_perceived_health_share.ranks"): U,
        ("C4", f"{income}.absolute"): U, ("C4", f"{income}.ranks"): U,
        ("H2", f"{woz}.top"): S, ("H2", f"{income}.top"): N, ("H2", "low_education_persons"): X,
        ("H3", f"{woz}.behind.absolute"): S, ("H3", f"{woz}.behind.relative"): C,
        ("H3", f"{woz}.similar.absolute"): U, ("H3", f"{woz}.similar.relative"): U,
        ("H3", f"{income}.behind.absolute"): C, ("H3", f"{income}.behind.relative"): C,
        ("H3", f"{income}.similar.absolute"): U, ("H3", f"{income}.similar.relative"): U,
        ("H3", "low_education_persons"): X,
    }  # fmt: skip
    rows = {(row.claim, row.row): row for row in six[0].verdicts}
    # contradicted on its own, and not when all six parts that were tested for chance count
    assert rows["C4", f"{income}.absolute"].alone == C
    assert all(row.question == ("happened" if ".behind." in name or claim == "H2" else "chance")
               for (claim, name), row in rows.items() if row.finding)  # fmt: skip
    ways = [name for name, _ in rows["C4", f"{woz}.absolute"].variants]
    assert ways == ["groups_5", "groups_3", "groups_4", "unweighted", "strict"]
    assert [name for name, _ in rows["H3", f"{woz}.similar.absolute"].variants][:3] == [
        "union", "bredavandaag", "bndestem",
    ]  # fmt: skip
    assert six[0].findings["06.good_perceived_health_share.absolute"].measure == "absolute_top_fell"


def test_the_verdicts_of_breda_on_resources(ten: Any) -> None:
    found = verdicts_of(ten[0])
    ends = "difficulty_making_ends_meet_share"
    assert {key: value for key, value in found.items() if key[0] == "H5"} == {
        ("H5", f"{ends}.absolute"): X, ("H5", f"{ends}.relative"): X, ("H5", f"{ends}.place"): X,
    }  # fmt: skip
    assert {key[1] for key in found if key[0] == "C10"} == {
        f"{outcome}.{measure}"
        for outcome in claims.registry().claims["C10"]["outcomes"]
        for measure in ("gap", "r_squared")
    }
    assert S not in found.values()  # all resources of Breda are made of the same data as the outcome
    assert next(row for row in ten[0].verdicts if row.claim == "H5").missing == (ends,)
    parts = {row[0]: row[1] for row in ten[0].tables[f"10.good_perceived_health_share.{GAP}"]["rows"]}
    assert sum(value for name, value in parts.items() if name != "gap") == pytest.approx(parts["gap"])


def test_support_that_rests_on_the_outcome_itself_is_withheld() -> None:
    """What is made of the same figures as the outcome cannot support that it explains it: by all of its columns."""
    own = Facet("resources", "income", "mean_income_per_inhabitant", 2020, True)
    free = Facet("resources", "work", "net_participation_share", 2020, False)
    found = {S: (2.0, 4.0), C: (-4.0, -2.0)}
    for columns, expected in (((own,), U), ((own, free), S), ((free,), S)):
        laid = Explanation("good_perceived_health_share", 2020, columns)
        flags = ("leans_on_itself",) if leans_on_itself(laid) else ()
        for verdict, (low, high) in found.items():
            made = Finding("x", "lead", "gap", "points", estimate=(low + high) / 2, low=low, high=high, flags=flags)
            assert claims.part_verdict(made, claims.judging("C10")) == (expected if verdict == S else C)


@pytest.mark.shared
def test_heerlen_is_computed_as_far_as_its_years_reach(shared: Any) -> None:
    """Source: KWB Heerlen 2016-2020. Income has two years: its buurten are placed by their dwelling value of 2016."""
    source = str(shared / "data" / "kwb" / "heerlen_2016_2020.db")
    study = open_study({"preset": "heerlen", "source": source, "draws": 199})
    section, given = steps_of_06(study)
    placed = {one.track.indicator: one for one in given["place_all"]}
    assert placed["mean_income_per_inhabitant"].years == (2016, 2017)
    assert "placed_otherwise" in placed["mean_income_per_inhabitant"].flags
    assert (placed["mean_dwelling_value"].base_year, placed["mean_dwelling_value"].years) == (2016, (2017, 2019))
    found = verdicts_of(section)
    woz, income = "mean_dwelling_value", "mean_income_per_inhabitant"
    assert [found["C4", f"{name}.{measure}"] for name in (income, woz) for measure in ("absolute", "ranks")] == [
        U, N, U, N,
    ]  # fmt: skip
    assert [found["H2", f"{name}.top"] for name in (income, woz)] == [U, S]
    assert [found["H3", f"{woz}.{part}.absolute"] for part in ("behind", "similar")] == [N, N]
    # less than the smallest change in two years is standing still, but not to those who allow no rise at all
    ways = dict(next(row for row in section.verdicts if (row.claim, row.row) == ("C4", f"{woz}.absolute")).variants)
    assert ways == {"groups_5": S, "groups_3": S, "groups_4": S, "unweighted": S, "strict": C}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_all_of_it_is_told_without_anything_raw(breda: Study, six: Any, ten: Any, language: str) -> None:
    for section, _ in (six, ten):
        teller = sentences.Narrator(notebook.narrator(breda, section).results, breda.known, language)
        for name in section.findings:
            text = text_of(teller.sentence(teller.results["findings"][name]))
            assert not re.search(r"[{}]|[a-z]_[a-z]|None|nan", text), text
        limits = [text_of(line) for line in section_limits(teller, section.as_json())]
        assert len(limits) > 5
        assert not any(re.search(r"[{}]|[a-z]_[a-z]", line) for line in limits)


def test_the_same_run_gives_the_same_bytes(breda: Study, six: Any, ten: Any) -> None:
    assert dump(steps_of_06(breda)[0].as_json()) == dump(six[0].as_json())
    assert dump(steps_of_10(breda)[0].as_json()) == dump(ten[0].as_json())


def test_a_step_that_cannot_be_computed_leaves_a_finding_with_its_reason(six: Any, ten: Any) -> None:
    absent = [
        finding
        for section, _ in (six, ten)
        for finding in section.findings.values()
        if judge(finding) == NOT_COMPUTABLE
    ]
    assert {finding.reason for finding in absent} == {"no_figures"}
    assert judge(next(iter(six[0].findings.values()))) != NOT_COMPUTABLE  # the headline says something
    assert judge(next(iter(ten[0].findings.values()))) != NOT_COMPUTABLE
