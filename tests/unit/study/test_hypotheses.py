"""A researcher's hypothesis: put on record, tested as registered, marked when exploratory; and its page is true."""

import dataclasses
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import BUURTEN, Cell, indicator, town

from conftest import PROJECT, CommandLine, copy_project, home_at
from kloof.cli import reports
from kloof.errors import CatalogueError, ParameterError
from kloof.findings import NOT_TESTABLE, SUPPORTED, Finding
from kloof.questions import gap_tables, levels
from kloof.questions.all_tests import one_number
from kloof.results import Section
from kloof.run.in_notebook import narrator
from kloof.study import claims, hypotheses
from kloof.study.panel import Focus
from kloof.study.study import open_study
from kloof.words.sentences import text_of

SIZE = "mean_household_size"


def entry(**changes: Any) -> dict[str, Any]:
    """A hypothesis as `kloof hypothesis new` writes it."""
    base = {
        "id": "X1", "registered": date(2026, 11, 25), "seen_in": [], "nl": "Het groeide.", "en": "It grew.",
        "short_nl": "groei", "short_en": "growth", "change_nl": "Meer.", "change_en": "More.", "indicator": SIZE,
        "test": "gap_change", "measures": ["absolute"], "expected": "HIGHER", "smallest_effect": 0.1,
    }  # fmt: skip
    return {**base, **changes}


def registered(name: str = "mine", **changes: Any) -> Path:
    return hypotheses.register(name, entry(**changes), "{}")[0]


def report(home: Path, folder: str, indicator_: str, estimate: float | None) -> None:
    """A report that holds one finding."""
    found = Finding("x", "gap", "absolute", "percent", indicator=indicator_, estimate=estimate)
    place = home / "reports" / folder
    place.mkdir(exist_ok=True)
    (place / "results.json").write_text(json.dumps({"findings": {"x": found.as_json()}}))


# ------------------------------------------------------------------ on record


def test_what_was_written_is_read_back_with_its_mark(home: Path) -> None:
    path = registered(nl='Een "zin" met \\ en é', year_from=2016, focus="bndestem")
    found = hypotheses.read_all()["X1"]
    said = entry(nl='Een "zin" met \\ en é')
    assert said.pop("test") == found["kind"]  # the word that the first files had for it
    assert {key: found[key] for key in said} == said
    assert (found["year_from"], found["focus"]) == (2016, "bndestem")
    assert (found["exploratory"], found["changed"], found["notebook"]) == (False, False, "mine")
    assert (found["kind"], found["indicators"]) == ("gap_change", [SIZE])
    assert hypotheses.notebooks() == [path.with_suffix(".ipynb")]
    assert path.parent == home / "notebooks" / "hypotheses"


@given(st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=30))
@settings(deadline=None, max_examples=30)
def test_any_text_survives_the_file(text: str) -> None:
    entry = {"x": text, "of": [text, 1], "in": {"a": text, "b": 0.5}, "yes": True}
    assert tomllib.loads(hypotheses.as_toml(entry)) == entry


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("smallest_effect = 0.1", "smallest_effect = 0.01"),
        lambda text: text.replace('expected = "HIGHER"', 'expected = "LOWER"'),
        lambda text: text.replace("seen_in = []", 'seen_in = ["x"]'),
        lambda text: re.sub(r'stamp = ".', 'stamp = "_', text),
        lambda text: re.sub(r"stamp = .*\n", "", text),
        lambda text: text.replace("registered = 2026-11-25", "registered = 2020-01-01"),
    ],
)
def test_any_change_of_the_file_makes_it_exploratory_and_undoing_it_does_not(home: Path, change: Any) -> None:
    path = registered()
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before
    found = hypotheses.read_all()["X1"]
    assert found["exploratory"]
    assert found["changed"]
    path.write_text(before)
    assert not hypotheses.read_all()["X1"]["exploratory"]


def test_the_registry_holds_it_and_its_hash_covers_the_file(home: Path) -> None:
    bare = claims.registry().sha256
    path = registered()
    first = claims.registry()
    assert first.claims["X1"]["notebook"] == "mine"
    assert first.sha256 != bare
    path.write_text(path.read_text().replace("0.1", "0.2"))
    assert claims.registry().sha256 not in (bare, first.sha256)
    path.unlink()
    assert claims.registry().sha256 == bare


def test_what_a_report_showed_was_seen(home: Path) -> None:
    report(home, "one", SIZE, 0.2)
    report(home, "two", SIZE, None)  # it could not be computed: nothing was seen
    report(home, "three", "crime_rate", 4.0)
    report(home, "four", SIZE, 0.1)
    assert hypotheses.seen_in(SIZE) == ["four", "one"]
    registered(seen_in=["one"])
    assert hypotheses.read_all()["X1"]["exploratory"]
    assert not hypotheses.read_all()["X1"]["changed"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": "C1"}, "id must be X and a number, not 'C1'"),
        ({"test": "growth"}, "kind 'growth' is not known; valid: gap, gap_change"),
        ({"expected": "UP"}, "expected 'UP' is not known; valid: HIGHER, LOWER"),
        ({"measures": ["both"]}, "measures ['both'] must hold one or more of absolute, real, relative"),
        ({"measures": ["real"]}, f"measure real is of amounts of money only, and {SIZE} has another unit"),
        ({"indicator": "mean_dwelling_value"}, "prices alone move mean_dwelling_value in the prices of each year"),
        ({"measures": []}, "measures [] must hold one or more"),
        ({"measures": [["absolute"]]}, "measures [['absolute']] must hold one or more"),
        ({"measures": 5}, "measures 5 must hold one or more"),
        ({"test": "gap", "measures": ["relative"]}, "a test of a level (gap) has the measure absolute only"),
        ({"smallest_effect": 0}, "smallest_effect must be a number above 0, not 0"),
        ({"smallest_effect": float("inf")}, "smallest_effect must be a number above 0, not inf"),
        ({"smallest_effect": float("nan")}, "smallest_effect must be a number above 0, not nan"),
        ({"smallest_effect": True}, "smallest_effect must be a number above 0, not True"),
        ({"nl": " "}, "nl is empty"),
        ({"short_en": "grew 5"}, "short_en holds a number"),
        ({"year_from": 2020, "year_to": 2018}, "year_from (2020) must lie before year_to (2018)"),
        ({"year_from": "2016", "year_to": 2018}, "must be whole years, not '2016'"),
        ({"colour": "red"}, "colour is not something a hypothesis has"),
        ({"test": "index_change"}, "it has no group"),
        ({"test": "group_index", "group": "x", "measures": ["isolation"]}, "it has no than"),
        ({"test": "relation", "other": SIZE, "measures": ["slope"]}, "other must be another figure than indicator"),
        (
            {"test": "relation", "other": "crime_rates", "measures": ["slope"]},
            "other 'crime_rates' is not in the",
        ),
        ({"test": "relation", "other": "crime_rate", "measures": ["slope", "correlation"]}, "has one measure, which"),
        ({"test": "relation", "other": "crime_rate", "measures": ["slope"], "per": 0}, "per must be a number above 0"),
        ({"test": "relation", "other": "crime_rate"}, "['absolute'] must hold one or more of slope, correlation"),
        ({"test": "beside_places", "measures": ["isolation"]}, "measure isolation is of a group"),
        ({"test": "beside_places", "measures": ["mean"], "places": ["Breda"]}, "must hold codes of municipalities"),
    ],
)
def test_each_fault_is_named_and_nothing_is_written(home: Path, changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(fault)):
        registered(**changes)
    assert hypotheses.files() == []


def test_all_faults_of_all_files_at_once(home: Path) -> None:
    registered("first")
    registered("second")
    (hypotheses.folder() / "third.toml").write_text("id = ")
    (hypotheses.folder() / "fourth.toml").write_text('id = "X4"\n')
    with pytest.raises(CatalogueError) as caught:
        hypotheses.read_all()
    for part in (
        "second.toml: id X1 belongs to first.toml too", "third.toml is not valid TOML",
        "fourth.toml: it has no registered", "it has no nl", "kloof hypothesis new",
    ):  # fmt: skip
        assert part in str(caught.value)


# ------------------------------------------------------------------ tested as it was registered

POOR = np.array([14.0, 12, 11, 9, 9.5, 8, 12.5, 7, 6, 7.5, 5, 10])
NOISE = np.array([0.2, -0.1, 0.15, -0.2, 0.1, -0.15, 0.2, -0.1, 0.05, -0.2, 0.1, 0.0])
YEARS = (2014, 2016, 2018, 2019, 2021, 2022)


def in_town(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[Section, list[Finding]]:
    """Test a hypothesis on a town in which the first four buurten move away from the rest."""
    rows: dict[int, list[Cell]] = {
        year: [float(v) for v in POOR + place * NOISE + np.where(np.arange(12) < 4, 1.5 * place, 0.0)]
        for place, year in enumerate(YEARS)
    }
    made = town({"poor": rows}, indicator("poor", smallest_effect=50.0, rounding=0.0), draws=199)
    other = Focus("chosen", BUURTEN[:3], indicator="poor", year=2014)
    study = dataclasses.replace(made, variants=(*made.variants, other))
    own = entry(indicator="poor", smallest_effect=1.0, **changes)
    known = claims.registry()
    full = {**hypotheses.as_kind(own), "source": "own", "indicators": ["poor"], "exploratory": False, "changed": False,
            "notebook": "mine"}  # fmt: skip
    monkeypatch.setattr(claims, "registry", lambda: dataclasses.replace(known, claims={**known.claims, "X1": full}))
    section = Section("mine")
    return section, gap_tables.own_hypothesis(section, study, "X1")


def gap(year: int) -> float:
    """Focus minus rest, people weighed."""
    place = YEARS.index(year)
    value = POOR + place * NOISE + np.where(np.arange(12) < 4, 1.5 * place, 0.0)
    people = np.array([100.0 * size for size in range(5, 17)])
    return float(np.average(value[:4], weights=people[:4]) - np.average(value[4:], weights=people[4:]))


@pytest.mark.parametrize(
    ("test", "wanted"),
    [("gap_change", (2014, 2022)), ("gap_change_before", (2014, 2019))],
)
def test_a_change_is_that_of_the_registered_test(
    monkeypatch: pytest.MonkeyPatch, test: str, wanted: tuple[int, int]
) -> None:
    section, [found] = in_town(monkeypatch, test=test)
    assert found.estimate == pytest.approx(gap(wanted[1]) - gap(wanted[0]))
    assert (found.a.year, found.b.year) == wanted
    assert found.smallest_effect == 1.0  # that of the hypothesis, not the 50 of the catalogue
    assert found.flags[0] == "registered_before"
    [verdict] = section.verdicts
    assert (verdict.claim, verdict.verdict) == ("X1", SUPPORTED)
    assert [name for name, _ in verdict.variants] == ["four", "chosen"]
    assert list(section.figures) == ["X1.poor"]


def test_its_own_years_and_list_go_before_those_of_the_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = ",".join(BUURTEN[1:4])
    section, [found] = in_town(monkeypatch, year_from=2016, year_to=2021, focus=codes)
    assert (found.a.year, found.b.year) == (2016, 2021)
    [verdict] = section.verdicts
    assert verdict.variants[0][0] == found.focus
    assert found.a.n_units == 12


def test_both_measures_give_a_part_each(monkeypatch: pytest.MonkeyPatch) -> None:
    section, found = in_town(monkeypatch, measures=["absolute", "relative"])
    assert [row.row for row in section.verdicts] == ["poor.absolute", "poor.relative"]
    assert [finding.id for finding in found] == ["X1.poor.absolute", "X1.poor.relative"]  # two findings, two numbers
    assert [finding.unit for finding in found] == ["points", "percent"]


def test_a_level_is_no_test_of_a_list_that_was_chosen_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list chosen on this very figure has no vote on its level; as headline it leaves nothing to test."""
    section, [found] = in_town(monkeypatch, test="gap")
    assert found.estimate == pytest.approx(gap(2022))
    [verdict] = section.verdicts
    assert verdict.variants == (("four", SUPPORTED),)
    assert section.figures == {}
    section, [found] = in_town(monkeypatch, test="gap", focus="highest:4:poor:2014")
    assert "chosen_on_it" in found.flags
    [verdict] = section.verdicts
    assert (verdict.verdict, verdict.missing) == (NOT_TESTABLE, ())


def test_what_is_not_registered_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study({"preset": "breda", "draws": 199})
    with pytest.raises(ParameterError, match=r"X9 is not a registered hypothesis of your own \(there is: none\)"):
        gap_tables.own_hypothesis(Section("mine"), study, "X9")
    with pytest.raises(ParameterError, match="C1 is not a registered hypothesis"):
        gap_tables.own_hypothesis(Section("mine"), study, "C1")
    with pytest.raises(ParameterError, match="X1: indicator 'nothing' is not in the catalogue"):
        gap_tables.as_registered(study, entry(indicator="nothing"))


# ------------------------------------------------------------------ the command line

NEW = ("--indicator", SIZE, "--expected", "HIGHER", "--smallest-effect", "0.1", "--nl", "Groei.", "--en", "Growth.")


def new(command_line: CommandLine, name: str, *more: str) -> tuple[int, str, str]:
    return command_line("hypothesis", "new", name, *NEW, *more)


def test_names_numbers_and_measures(command_line: CommandLine, home: Path) -> None:
    assert new(command_line, "size_one")[0] == 0
    code, out, _ = new(command_line, "size_two", "--test", "gap", "--seen", "a paper")
    assert code == 0
    assert out.startswith("X2 is on record: size_two.toml and size_two.ipynb")
    assert f"It is exploratory: figures on {SIZE} were seen before (a paper)." in out
    assert new(command_line, "value", "--indicator", "mean_dwelling_value")[0] == 0
    found = hypotheses.read_all()
    assert found["X3"]["measures"] == ["real", "relative"]  # prices alone move amounts
    assert found["X1"]["measures"] == ["absolute", "relative"]
    assert found["X2"]["measures"] == ["absolute"]
    assert (found["X1"]["short_nl"], found["X1"]["exploratory"], found["X2"]["exploratory"]) == (
        "size one",
        False,
        True,
    )
    code, out, _ = command_line("hypothesis", "list")
    assert [line.split("  ")[-1] for line in out.splitlines() if line.startswith("X")] == [
        "registered before the run", "exploratory", "registered before the run",
    ]  # fmt: skip


def test_the_same_name_twice_and_other_impossible_things(command_line: CommandLine, home: Path) -> None:
    assert new(command_line, "size_one")[0] == 0
    kept = (hypotheses.folder() / "size_one.toml").read_bytes()
    code, out, err = new(command_line, "size_one", "--expected", "LOWER")
    assert (code, out) == (2, "")
    assert "size_one.toml exists; a registered hypothesis is not written over" in err
    assert (hypotheses.folder() / "size_one.toml").read_bytes() == kept
    code, _, err = new(command_line, "Size!", "--indicator", "mean_houshold_size", "--smallest-effect", "-1")
    assert code == 2
    for part in (
        "indicator 'mean_houshold_size' is not in the catalogue (nearest: mean_household_size",
        "smallest_effect must be a number above 0, not -1.0",
        "name 'Size!' must be 3 to 40 small letters",
    ):
        assert part in err
    code, _, err = new(command_line, "size_two", "--preset", "bredaa")
    assert code == 2
    assert 'did you mean "breda"?' in err
    assert [path.stem for path in hypotheses.files()] == ["size_one"]


def test_the_notebook_is_clean_and_asks_what_was_registered(command_line: CommandLine, home: Path) -> None:
    assert new(command_line, "size_one", "--nl", "Zin met {accolades}.")[0] == 0
    notebook = json.loads((hypotheses.folder() / "size_one.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert any("X1" in cell and "Zin met {accolades}." in cell for cell in cells)
    assert any('section = kloof.Section("size_one")' in cell for cell in cells)
    assert any('gap_tables.own_hypothesis(section, study, "X1")' in cell for cell in cells)
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    code, out, _ = command_line("check")
    assert (code, "in order" in out) == (0, True), out


OF_GROUP = ("--kind", "index_change", "--group", "inhabitants_aged_65_plus", "--expected", "HIGHER")
OF_GROUP = (*OF_GROUP, "--smallest-effect", "0.01")


def test_one_language_is_enough_and_the_other_may_follow(command_line: CommandLine, home: Path) -> None:
    assert command_line("hypothesis", "new", "old_age", *OF_GROUP)[0] == 2  # none is not
    code, out, _ = command_line("hypothesis", "new", "old_age", *OF_GROUP, "--nl", "Ouderen wonen apart: “é”.")
    assert code == 0
    assert "kloof hypothesis translate old_age\n  --language en" in out
    found = hypotheses.read_all()["X1"]
    assert (found["en"], found["short_en"]) == ("Ouderen wonen apart: “é”. (not translated)", "old age")
    assert found["groups"] == ["inhabitants_aged_65_plus"]
    notebook = hypotheses.folder() / "old_age.ipynb"
    assert "Own hypothesis X1 · Ouderen wonen apart: “é”. (not translated)" in notebook.read_text(encoding="utf-8")
    add = ("hypothesis", "translate", "old_age", "--language", "en", "--text", "The old live apart.")
    assert command_line(*add)[0] == 0
    found = hypotheses.read_all()["X1"]
    assert (found["en"], found["nl"], found["changed"]) == ("The old live apart.", "Ouderen wonen apart: “é”.", False)
    assert "Own hypothesis X1 · The old live apart." in notebook.read_text(encoding="utf-8")
    assert "translated_en is there already" in command_line(*add)[2]
    assert "has its text in 'nl' already" in command_line(*add[:4], "nl", "--text", "Anders.")[2]
    assert "has no nothing.toml. There is: old_age" in command_line("hypothesis", "translate", "nothing", *add[3:])[2]
    path = hypotheses.folder() / "old_age.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("apart: ", "samen: "), encoding="utf-8")
    assert hypotheses.read_all()["X1"]["changed"]


def test_what_has_no_figures_in_its_years_is_refused_with_the_years_there_are(
    command_line: CommandLine, home: Path
) -> None:
    code, _, err = new(command_line, "size_one", "--year-from", "2018")
    assert code == 2
    assert (
        f"no figures to test it with in 2018-2024 (GM0758 has figures for enough buurten in these years: {SIZE}: 2017, "
        in err
    )
    code, _, err = new(command_line, "size_two", "--kind", "gap", "--indicator", "one_person_households_share")
    assert (code, "one_person_households_share: none)" in err) == (2, True)
    code, _, err = new(command_line, "income", "--kind", "beside_places", "--indicator", "mean_income_per_inhabitant")
    assert (code, "fewer than three other municipalities have figures in two of its years" in err) == (2, True)
    assert hypotheses.files() == []
    registered("size_three", year_from=2018, short_en="size")
    code, out, _ = command_line("hypothesis", "check", "size_three")
    assert (code, f"     {SIZE}: 2017, 2024\n     ✗ no figures" in out) == (1, True)
    code, _, err = command_line("hypothesis", "check", "size_four")
    assert (code, "There is: size_three" in err) == (2, True)


def test_a_relation_is_that_of_weighted_least_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Income as a line through poverty with noise: the slope by the normal equations, its verdict and its sentence."""
    poor = town({"poor": {2020: list(POOR)}, "income": {2020: list(30 - 0.8 * POOR + 10 * NOISE)}}, indicator("poor"))
    people = np.array([100.0 * size for size in range(5, 17)])
    value, design = 30 - 0.8 * POOR + 10 * NOISE, np.column_stack([POOR, np.ones(12)])
    wanted = np.linalg.solve(design.T @ (people[:, None] * design), design.T @ (people * value))[0]
    found = levels.relation_finding(poor, ("income", "poor"), "X1", "slope", (2.0, 0.1))
    assert found.estimate == pytest.approx(2 * wanted)
    assert found.b.n_units == 12
    assert found.high is not None
    assert found.high < 0
    centred = np.stack([value, POOR]) - np.average(np.stack([value, POOR]), axis=1, weights=people)[:, None]
    both = (people * centred) @ centred.T
    correlation = levels.relation_finding(poor, ("income", "poor"), "X1", "correlation", (1.0, 0.1))
    assert correlation.estimate == pytest.approx(both[0, 1] / np.sqrt(both[0, 0] * both[1, 1]))


# ------------------------------------------------------------------ the page of the worked example

PAGE = PROJECT / "notebooks" / "hypotheses" / "README.md"


def blocks(kind: str) -> list[str]:
    """The fenced blocks of a kind, in order."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def steps() -> list[tuple[list[str], list[str]]]:
    """Commands of the page with the lines that they print."""
    made = []
    for block in blocks("console"):
        typed, _, printed = block.replace("\\\n", " ").removeprefix("$ ").partition("\n")
        words = shlex.split(typed)
        assert words[0] == "kloof"
        made.append((words[1:], printed.rstrip("\n").split("\n")))
    return made


def as_quoted(printed: str, quoted: list[str]) -> bool:
    """Tell whether something was printed as the page has it, where … stands for anything."""
    pattern = "\n".join("….*" if line == "…" else line for line in quoted)
    pattern = re.escape(pattern).replace(re.escape("….*"), "(?:.|\n)*?").replace("…", "[^\n]*?")
    return re.fullmatch(pattern + r"(?:\n|$)", printed) is not None


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project as it is cloned: with the example report, without hypotheses."""
    folder = copy_project(tmp_path_factory.mktemp("page") / "home")
    (folder / "reports" / "example").mkdir()
    results = (PROJECT / "reports" / "example" / "results.json").read_bytes()
    (folder / "reports" / "example" / "results.json").write_bytes(results)
    with home_at(folder):
        yield folder


def said(notebook: Path) -> str:
    """What the cells of an executed notebook say."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    outputs = [output.get("data", {}) for cell in content["cells"] for output in cell.get("outputs", [])]
    return "\n\n".join("".join(data.get("text/markdown", "")) for data in outputs)


def test_a_newcomer_who_follows_the_page_sees_what_it_quotes(clone: Path, command_line: CommandLine) -> None:
    quotes = re.findall(r"^> (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(steps()) == 6
    assert len(quotes) == 3
    for words, quoted in steps():
        if words[:2] == ["hypothesis", "list"]:
            path = clone / "notebooks" / "hypotheses" / "household_size.toml"
            [(before, after)] = re.findall(r"make `(.*?)` into `(.*?)`", PAGE.read_text(encoding="utf-8"))
            assert before in path.read_text()
            path.write_text(path.read_text().replace(before, after))
        code, out, err = command_line(*words)
        refused = quoted[0].startswith("kloof: ")
        assert code == (2 if refused else 0)
        shown = err if refused else out
        if words[:2] == ["list", "indicators"]:
            shown = shown.rstrip("\n")
        assert as_quoted(shown, quoted), (words, shown)
        if words[0] == "run":
            text = said(clone / "reports" / "breda-only" / "en" / "notebooks" / "household_size.ipynb")
            assert [quote for quote in quotes if quote not in text] == [], text
    # back to what it was, and it is what it was
    path.write_text(path.read_text().replace(after, before))
    assert not hypotheses.read_all()["X1"]["exploratory"]


def test_the_line_of_verdicts_that_the_page_quotes(clone: Path, command_line: CommandLine) -> None:
    """Computed without a report: the part that stands for X1, as `kloof verdicts` writes it."""
    if not hypotheses.files():  # the test before this one may have run elsewhere
        assert [command_line(*words)[0] for words, _ in steps() if words[:2] == ["hypothesis", "new"]][:1] == [0]
    assert (clone / "notebooks" / "hypotheses" / "household_size.toml").is_file()
    study = open_study({"preset": "breda", "language": "en"})
    section = Section("household_size")
    gap_tables.own_hypothesis(section, study, "X1")
    content = section.as_json()
    row = one_number(content["verdicts"], content["findings"], claims.overall(content["verdicts"])["X1"])
    number = content["findings"][row["finding"]]
    line = reports.verdict_line(
        {"id": "X1", "part": row["row"], "verdict": row["verdict"], "missing": row["missing"], "unit": number["unit"],
         **{key: number[key] for key in ("estimate", "low", "high")}}
    )  # fmt: skip
    [quoted] = blocks("text")
    assert quoted.startswith(line)
    assert "{" not in text_of(narrator(study, section).sentence(number))
