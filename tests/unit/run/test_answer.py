"""What a synthesis is asked of: the tests that the notebooks before it made, with their p-values."""

from pathlib import Path

import pytest
from statsmodels.stats.multitest import multipletests

import kloof
from kloof.errors import NotComputableError, ReportError
from kloof.questions.verdict import all_tests
from kloof.run.in_notebook import tests_made as made_by  # a name that pytest does not take for a test


def test_the_tests_of_the_earlier_notebooks_can_be_counted_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLOOF_PARTS", str(tmp_path))
    study = kloof.open_study("breda")
    with pytest.raises(ReportError, match="left its part"):
        made_by(study)
    nothing = kloof.Section("02_does_it_reproduce")
    kloof.finish(study, nothing)
    with pytest.raises(NotComputableError, match="No claim was tested"):
        made_by(study)

    section = kloof.answer(study, "09_liveability")
    kloof.finish(study, section)
    made = made_by(study)
    by_chance = [row for row in section.verdicts if row.question == "chance" and row.counts]
    assert list(zip(made["claim"], made["part"], strict=True)) == [(row.claim, row.row) for row in by_chance]
    decided = made["verdict"].isin(["SUPPORTED", "CONTRADICTED", "NEGLIGIBLE"])
    kept = decided & (multipletests(made["p"], method="holm")[1] <= 0.05)
    own = kloof.Section("12_verdict")
    all_tests(own, study, [section.as_json()])
    assert own.findings["12.holm"].estimate == kept.sum()
    assert own.findings["12.holm"].details["tests"]["value"] == len(made)
