"""A synthetic municipality as files: read as any data set, named synthetic everywhere, and judged as it was made."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kloof.cli import main
from kloof.errors import ParameterError, SourceError
from kloof.findings import CONTRADICTED, SUPPORTED
from kloof.questions import gap_changes as gaps
from kloof.questions import gap_tables, tenures
from kloof.results import Section
from kloof.run import in_notebook as notebook
from kloof.study.load import load
from kloof.study.study import Study, open_study
from kloof_synth import files, trials
from kloof_synth.town import LIST, MUNICIPALITY, Setting, observations

WORDS = ["--switch", "C1.relative=large", "--switch", "C9=large", "--switch", "C6.corporation=0.6", "--seed", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "synthetic_town"
    done = CliRunner().invoke(main.program(), ["synth", "--out", str(out), *WORDS])
    assert done.exit_code == 0, done.output
    assert "Next: cp" in done.output
    return out


def opened(folder: Path) -> Study:
    changes = {"year_from": 2015, "year_to": 2022, "indicators": ["mean_dwelling_value"], "draws": 299}
    nothing = {"levels": ["none"], "groups": ["none"]}
    place = {"municipality": MUNICIPALITY, "source": str(folder), "focus": LIST, "focus_variants": [LIST]}
    return open_study({"preset": "municipality", "language": "en", **place, **changes, **nothing})


def test_what_was_written_is_what_was_made(folder: Path) -> None:
    chosen = files.read_switches(WORDS[1:6:2])
    world = files.together(chosen, Setting(), 2)
    wanted = observations(world, trials.known()).sort_values(["code", "indicator", "year"], ignore_index=True)
    data = load(str(folder), MUNICIPALITY, trials.known())
    read = data.observations.sort_values(["code", "indicator", "year"], ignore_index=True)
    pd.testing.assert_frame_equal(read, wanted[list(read.columns)], check_dtype=False, rtol=1e-12)
    assert set(data.sources["publisher"]) == {"synthetic"}
    assert data.areas["name"].str.startswith("synthetic").all()
    assert data.name == "synthetic_town"
    notice = (folder / files.NOTICE).read_text(encoding="utf-8")
    assert "no figure here is about a real place" in notice
    assert "C1.relative: 9" in notice


def test_the_notebooks_find_what_is_true_in_it(folder: Path) -> None:
    study, section = opened(folder), Section("04_did_the_gap_grow")
    gap_tables.changes(section, study, gaps.follow_all(study))
    tenures.mixing(section, study)
    tenures.fewer_or_others(section, study)
    verdicts = {(row.claim, row.row): row.verdict for row in section.verdicts if row.finding}
    assert verdicts["C1", "mean_dwelling_value.relative"] == SUPPORTED
    assert verdicts["C6", "housing_corporation_share"] == SUPPORTED
    assert verdicts["C9", "low_income_households"] == SUPPORTED
    assert CONTRADICTED not in {verdicts["C1", "mean_dwelling_value.absolute"]}
    told = notebook.say(study, section)
    assert "synthetic municipality GM9001" in told


def test_the_same_seed_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "synthetic_town"
    CliRunner().invoke(main.program(), ["synth", "--out", str(again), *WORDS])
    for path in folder.iterdir():
        if path.name not in (files.PRESET, "registry.csv"):  # the preset holds its own place
            assert path.read_bytes() == (again / path.name).read_bytes()


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "synthetic_town"
    CliRunner().invoke(main.program(), ["synth", "--out", str(out), *WORDS])
    with (out / "figures.csv").open("a", encoding="utf-8") as file:
        file.write("BU90010000,2015,crime_rate,1,per_thousand,synthetic\n")
    with pytest.raises(SourceError, match=r"figures\.csv has sha256"):
        load(str(out), MUNICIPALITY, trials.known())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["C99=large"], "C99=large"), (["C1.nothing=large"], "is not CLAIM"),
        (["C1.relative=enormous"], "none of off, small, registered, large, nor a number"),
        (["C8=large"], "none of off, small, registered, nor"), (["C1"], "is not CLAIM"),
    ],
)  # fmt: skip
def test_a_switch_that_is_none_is_refused(given: list[str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        files.read_switches(given)


def test_two_truths_about_one_figure_are_refused() -> None:
    both = files.read_switches(["C1.relative=large", "H1.relative=off"])
    with pytest.raises(ParameterError, match=r"C1\.relative and H1\.relative both set mean_dwelling_value"):
        files.together(both, Setting(), 1)
    with pytest.raises(ParameterError, match="needs a switch"):
        files.together([], Setting(), 1)


def test_all_switches_of_one_municipality_have_the_same_places() -> None:
    one, other = (files.together(files.read_switches([name]), Setting(), 5) for name in ("C1.relative=large", "C9=off"))
    np.testing.assert_array_equal(one.where.size, other.where.size)
    np.testing.assert_array_equal(one.where.is_focus, other.where.is_focus)


def test_a_name_that_could_be_taken_for_real_is_refused(tmp_path: Path) -> None:
    for name, message in (("breda", "begins with 'synthetic'"), ("synthetic_full", "other files")):
        (tmp_path / "synthetic_full").mkdir(exist_ok=True)
        (tmp_path / "synthetic_full" / "thesis.docx").write_text("mine", encoding="utf-8")
        with pytest.raises(ParameterError, match=message):
            CliRunner().invoke(main.program(), ["synth", "--out", str(tmp_path / name), *WORDS], catch_exceptions=False)
    few = CliRunner().invoke(
        main.program(), ["synth", "--out", str(tmp_path / "synthetic_x"), "--buurten", "3", *WORDS]
    )
    assert few.exit_code == 2
    assert "greater than or equal to 12" in few.output
