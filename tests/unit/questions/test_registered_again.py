"""The claims were registered a second time, after figures were known: the first verdicts stay in sight (fault 16)."""

import tomllib
from datetime import date

import pytest

from kloof.findings import CONTRADICTED, MIXED, NOT_TESTABLE, SUPPORTED, UNDECIDED, VERDICTS
from kloof.paths import project_folder
from kloof.questions import verdict
from kloof.results import Section
from kloof.study import claims, load
from kloof.study.study import open_study
from kloof.words.sentences import has, template


def row(claim: str, vote: str, *, counts: bool = True) -> dict[str, object]:
    """One row of verdicts as results.json has it."""
    return {"claim": claim, "row": "x", "verdict": vote, "finding": None, "counts": counts}


def test_the_first_verdicts_are_kept_of_every_claim_that_had_one() -> None:
    table = load.earlier_verdicts()
    assert sorted(table["claim"]) == sorted(claims.registry().claims)
    assert set(table["verdict"]) <= set(VERDICTS) - {MIXED}  # in part did not exist
    assert table["verdict"].value_counts()[[UNDECIDED, NOT_TESTABLE]].to_list() == [12, 12]
    assert all(has("code", "registered_again", why) for why in table["registered_again"])


def test_the_register_says_when_it_was_made_and_the_page_that_it_was_not_beforehand() -> None:
    content = tomllib.loads((project_folder() / "notebooks" / "claims.toml").read_text(encoding="utf-8"))
    assert content["registered"] == date(2026, 11, 29)
    told = {language: template(language, "section", "12_verdict", "how_a") for language in ("nl", "en")}
    assert "opnieuw geregistreerd nadat de cijfers bekend waren" in told["nl"]
    assert "registered again after the figures were known" in told["en"]


@pytest.mark.parametrize(
    ("votes", "whole"), [([SUPPORTED, CONTRADICTED], MIXED), ([UNDECIDED], UNDECIDED), ([CONTRADICTED], CONTRADICTED)]
)
def test_the_new_verdict_stands_beside_the_old_one(votes: list[str], whole: str) -> None:
    section, study = Section("12_verdict"), open_study({"preset": "breda"})
    parts = [{"verdicts": [row("C1", vote) for vote in votes], "findings": {}}]
    table = verdict.registered_again(section, study, parts).set_index("claim")
    assert table.loc["C1", ["before", "verdict"]].to_list() == [UNDECIDED, whole]
    assert table.loc[["K1", "C13", "H10"], "verdict"].isna().all()  # no claims any more
    assert section.tables["12.again"]["rows"][0][0] == "K1"
