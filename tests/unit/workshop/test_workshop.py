"""One source per session: exercises and solutions in both languages run, say the same, and lose nothing."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from workshop_room import code_cells, text_of

from conftest import PROJECT
from kloof.errors import NotebookError, ParameterError
from kloof.findings import HIGHER, LOWER, SAME, SUPPORTED, UNCLEAR, UNDECIDED, VERDICTS, judge, verdict_of
from kloof.study import hypotheses
from kloof.words.numbers import LANGUAGES
from kloof_workshop import answers, experiments, facts, laptop, sessions
from kloof_workshop import own as classroom
from kloof_workshop.checks import check
from kloof_workshop.exercise import NOT_DONE, RIGHT

NUMBERS = [1, 2, 3, 4, 5]
BOTH = [(number, language) for number in NUMBERS for language in LANGUAGES]


@cache
def built(number: int, language: str, edition: str = sessions.EXERCISE, *, lite: bool = False) -> dict[str, Any]:
    return sessions.build(sessions.session(number), language, edition, lite=lite)


# --- 1. they run; test_in_a_kernel.py walks through all of them ---


@pytest.mark.xdist_group("workshop_report")
def test_the_last_session_runs_in_a_kernel_up_to_its_report(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is made with the command a reader would type."""
    from kloof_workshop import slides

    executed = slides.executed(built(4, "en", sessions.SOLUTION), sessions.folder())
    outputs = [cell.outputs[0].data for cell in executed.cells if "check" in cell.metadata.get("tags", [])]
    said = [output["text/markdown"] for output in outputs]
    assert len(said) == 7
    assert [one for one in said if "Right." not in one] == []
    page = (home / "reports" / "my_health_en" / "en" / "index.html").read_text(encoding="utf-8")
    assert "Breda" in page
    own = classroom.read_hypothesis("my_health_en")
    assert classroom.preset_of(home / "reports" / own.name) == own.name


def test_the_browser_edition_of_session_1_is_the_same_each_time_and_needs_only_the_standard_library(
    tmp_path: Path,
) -> None:
    from kloof_workshop import lite

    packed = lite.wheel(tmp_path)
    before = packed.read_bytes()
    assert lite.wheel(tmp_path).read_bytes() == before
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(page := tmp_path / "page")
    for language, (edition, kind) in product(LANGUAGES, ((sessions.EXERCISE, NOT_DONE), (sessions.SOLUTION, RIGHT))):
        cells = [text_of(cell) for cell in code_cells(built(1, language, edition, lite=True))]
        program = "\n".join(re.sub(r"^check\((.+)\)$", r"print(check(\1).kind)", cell, flags=re.M) for cell in cells)
        ended = subprocess.run(
            [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, {str(page)!r})\n{program}"],
            capture_output=True, text=True, check=True, cwd=tmp_path, encoding="utf-8",
        )  # fmt: skip
        assert ended.stdout.split() == [kind] * 8, (language, edition)


# --- 2. the own hypothesis: kinds of mistakes ---

CLAIM = {
    "indicator": "good_perceived_health_share", "measure": "absolute", "expected": "HIGHER", "smallest_effect": 2,
    "because": "x",
}  # fmt: skip


def test_a_hypothesis_is_judged_by_kind(home: Path) -> None:
    own = classroom.register("my_own", CLAIM)
    names: dict[str, Any] = {"answer_4_1": own}

    def said(number: str, given: Any) -> str:
        return check(number, {**names, f"answer_{number.replace('.', '_')}": given}).kind

    assert said("4.1", own) == RIGHT
    assert said("4.1", "the gap grows") == "text_for_hypothesis"
    assert said("4.1", dict(CLAIM)) == "not_registered"
    finding = next(iter(classroom.tested(own, own.study("en")).values()))
    assert said("4.1", finding) == "result_for_hypothesis"
    drawn = classroom.register(
        "my_rule", {**CLAIM, "indicator": "mean_dwelling_value"}, focus="lowest:11:mean_dwelling_value:2015"
    )
    assert said("4.1", drawn) == "chosen_on_outcome"
    # 4.2 to 4.4: the interval holds 0 and reaches beyond nothing that matters, whatever the data become
    judgement, verdict = judge(finding), verdict_of(finding, own.expected)
    assert (said("4.2", judgement), said("4.2", 3), said("4.3", verdict)) == (RIGHT, "number_for_word", RIGHT)
    others = {said("4.2", code) for code in (HIGHER, LOWER, SAME, UNCLEAR, SUPPORTED, UNDECIDED) if code != judgement}
    told = {said("4.3", code) for code in (*VERDICTS, HIGHER, UNCLEAR) if code != verdict}
    assert "judgement_for_verdict" in told
    assert min(len(others), len(told)) >= 3
    assert RIGHT not in others | told
    votes = [verdict_of(one, own.expected) for one in classroom.tested(own, own.study("en")).values()]
    agree = votes.count(votes[0])
    assert said("4.4", agree) == RIGHT
    assert said("4.4", len(votes) + 1) == "counted_too_many"
    assert said("4.4", agree / len(votes)) in ("share_for_count", RIGHT)
    assert said("4.4", str(agree)) == "text_for_number"
    assert said("4.4", agree - 1) in ("headline_not_counted", "rest_of_part")
    # 4.5
    assert said("4.5", "reports/nothing") == "no_report"
    assert said("4.5", "reports/breda/nl/index.html") == "file_for_folder"
    assert said("4.5", 5) == "folder_for_report"
    (home / "reports" / "other").mkdir()
    shutil.copy(PROJECT / "reports" / "example" / "results.json", home / "reports" / "other")
    assert said("4.5", "reports/other") == "report_of_another"
    # 4.6 and 4.7
    assert [said("4.6", letter) for letter in "ABCDE"] == [
        "cause_claimed", "people_for_places", RIGHT, "no_proof_no_change", "not_a_choice",
    ]  # fmt: skip
    assert said("4.7", own) == "same_as_first"
    assert said("4.7", classroom.register("my_list", CLAIM, focus="bndestem")) == RIGHT
    assert said("4.7", "another") == "text_for_hypothesis"
    # the file was changed by hand: what was registered is no longer there
    path = classroom.path_of("my_own")
    path.write_text(path.read_text().replace("HIGHER", "LOWER"))
    assert said("4.1", own) == "changed_after_registration"
    path.unlink()
    assert said("4.1", own) == "not_registered"
    assert said("4.2", "HIGHER") == "register_first"


def test_a_hypothesis_is_registered_once_and_not_changed(home: Path) -> None:
    first = classroom.register("my_own", CLAIM, focus="bndestem")
    again = classroom.register("my_own", CLAIM, focus="bndestem")
    assert first == again
    assert first.study("nl").focus.name == "bndestem"
    assert first.study("nl").smallest_effect(CLAIM["indicator"]) == 2
    with pytest.raises(ParameterError, match=r"registered already with other content.*my_own_2"):
        classroom.register("my_own", {**CLAIM, "expected": "LOWER"}, focus="bndestem")
    assert classroom.read_hypothesis("my_own") == first


def test_a_hypothesis_that_cannot_be_leaves_no_file(home: Path) -> None:
    with pytest.raises(ParameterError, match="is not a list of this data set"):
        classroom.register("my_own", CLAIM, focus="nowhere")
    assert not classroom.path_of("my_own").exists()
    with pytest.raises(ParameterError, match="5 faults in the hypothesis"):
        classroom.register("mine", {**CLAIM, "indicator": "x", "measure": "y", "expected": "z", "smallest_effect": -1})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("my_own", {"indicator": "good_percieved_health_share"}), ("my_own", {"measure": "both"}),
        ("my_own", {"measure": ["absolute"]}), ("my_own", {"expected": "UP"}), ("my_own", {"smallest_effect": True}),
        ("my_own", {"smallest_effect": float("inf")}), ("my_own", {"because": " "}),
        ("my_own", {"focus": "union"}),  # that is a parameter, passed beside the claim
        ("my_Own", {}), ("mine", {}),
    ],
)  # fmt: skip
def test_what_a_hypothesis_must_be_is_one_rule(home: Path, name: str, changes: dict[str, Any]) -> None:
    """Said in the words with which the command refuses it, and nothing is written."""
    [fault] = hypotheses.faults_of_new(name, {**CLAIM, **changes}, classroom.NEEDED, (), "my_")
    with pytest.raises(ParameterError, match=re.escape(f"1 fault in the hypothesis. (1) {fault} Correct it")):
        classroom.register(name, {**CLAIM, **changes})
    assert not classroom.path_of(name).exists()


def test_the_registered_smallest_effect_judges_also_in_proportion(home: Path) -> None:
    own = classroom.register("my_own", {**CLAIM, "measure": "relative", "smallest_effect": 50})
    found = classroom.tested(own, own.study("en"))
    assert {finding.smallest_effect for finding in found.values()} == {50.0}
    assert judge(next(iter(found.values()))) == SAME


@pytest.mark.shared
def test_a_file_one_brings_can_be_registered_and_tested(home: Path, shared: Path) -> None:
    source = str(shared / "data" / "kwb" / "heerlen_2016_2020.db")
    rule = "lowest:11:mean_income_per_inhabitant:2016"
    claim = {**CLAIM, "indicator": "mean_dwelling_value", "smallest_effect": 10}
    where = {"municipality": "GM0917", "source": source, "year_from": 2016, "year_to": 2020, "trend_from": 2016}
    own = classroom.register("my_heerlen", claim, **where, focus=rule)
    assert check("4.1", {"answer_4_1": own}).kind == RIGHT
    found = classroom.tested(own, own.study("en"))
    assert list(found) == [rule]
    assert found[rule].estimate is not None


# --- 3. languages ---


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("edition", [sessions.EXERCISE, sessions.SOLUTION])
def test_both_languages_have_the_same_cells_numbers_and_code(number: int, edition: str) -> None:
    nl, en = (built(number, language, edition)["cells"] for language in LANGUAGES)
    for dutch, english in zip(nl, en, strict=True):
        assert (dutch["cell_type"], dutch["metadata"]) == (english["cell_type"], english["metadata"])
        if dutch["cell_type"] == "code":
            assert skeleton(text_of(dutch)) == skeleton(text_of(english))
        else:
            assert numbers(text_of(dutch), "nl") == numbers(text_of(english), "en")
            assert headings(text_of(dutch)) == headings(text_of(english))
            assert marked(text_of(dutch)) == marked(text_of(english))


def numbers(text: str, language: str) -> list[str]:
    """Read all numbers of a text, in one notation."""
    text = text.replace("\u00a0", " ").replace("\u2212", "-")
    found = re.findall(r"-?\d+(?:[.,]\d+)*", text)
    thousands, point = (".", ",") if language == "nl" else (",", ".")
    made = []
    for one in found:
        grouped = re.fullmatch(rf"-?\d{{1,3}}(?:\{thousands}\d{{3}})+(?:\{point}\d+)?", one)
        made.append((one.replace(thousands, "") if grouped else one).replace(",", "."))
    return sorted(made)


def headings(text: str) -> list[int]:
    return [len(line) - len(line.lstrip("#")) for line in text.splitlines() if line.startswith("#")]


def marked(text: str) -> list[str]:
    """Code words and formulas, which are the same in both languages; words in quotes may be translated."""
    found = re.findall(r"`([^`\n]+)`|\$([^$\n]+)\$", text)
    own = [one or two for one, two in found]
    words = r"tabel|table|aantal|count|jaar|year|oordeel|judgement|verwachting|expectation|index|groep|group"
    words += r"|pad/naar/bestand|path/to/file|weakness_nl|weakness_en"
    return sorted(re.sub(words, "…", one) for one in own)


def skeleton(code: str) -> str:
    """Code without what is said in it: texts in quotes and comments."""
    code = re.sub(r"#.*", "", code)
    return re.sub(r'"[^"\n]*"', '""', code)


# buurt and wijk stay Dutch in both
DUTCH = {
    "de", "het", "een", "van", "niet", "zijn", "geef", "jaar", "je", "wordt", "dat", "meer", "elke", "voor",
}  # fmt: skip
ENGLISH = {
    "the", "and", "not", "what", "it", "neighbourhoods", "give", "year", "you", "that", "with", "every", "which",
    "their",
}  # fmt: skip


@pytest.mark.parametrize(("number", "language"), BOTH)
def test_no_text_mixes_the_languages(number: int, language: str) -> None:
    strange = ENGLISH if language == "nl" else DUTCH
    own = DUTCH if language == "nl" else ENGLISH
    for edition in (sessions.EXERCISE, sessions.SOLUTION):
        for cell in built(number, language, edition)["cells"]:
            text = text_of(cell)
            assert "[[" not in text or "||" not in text
            assert "{{" not in text
            if cell["cell_type"] == "code":
                text = " ".join(re.findall(r"#(.*)", re.sub(r"answer_\d_\d = .*____.*", "", text)))
            else:
                text = re.sub(r"`[^`]*`|\*[^*\n]*\*|<[^>]*>|\"[^\"]*\"", " ", text)
            words = re.findall(r"[a-zé]+", text.lower())
            assert not strange & set(words), text
            assert len(words) < 15 or own & set(words), text


@pytest.mark.parametrize("number", NUMBERS)
def test_a_session_has_what_a_session_needs(number: int) -> None:
    source = sessions.session(number)
    assert source.minutes == (35 if number == 5 else 50)
    cells = built(number, "en")["cells"]
    tags = [tag for cell in cells for tag in cell["metadata"].get("tags", [])]
    asked = [cell for cell in cells if re.search(r"^## (Extra: e|E)xercise", text_of(cell), flags=re.M)]
    wanted = [name for name in answers.exercises() if name.startswith(f"{number}.")]
    assert len(asked) == len(wanted) <= 8
    assert tags.count("check") == tags.count("hint") == len(wanted)
    assert "stretch" in tags
    texts = [text_of(cell) for cell in cells]
    assert text_of(cells[0]).count("\n* ") >= 3  # goals
    assert any(text.startswith("## The story") for text in texts)
    assert any(text.startswith("## What you may now say\n\n> ") for text in texts)
    assert 2 <= tags.count("predict") <= 3
    assert sum(text.startswith("## What often goes wrong") for text in texts) == 1
    hints = [text_of(cell) for cell in cells if "hint" in cell["metadata"].get("tags", [])]
    assert all(hint.count("<details>") == hint.count("</details>") == 2 for hint in hints)
    order = [one for one in (cell["metadata"].get("tags", []) for cell in cells) if {"hint", "check"} & set(one)]
    assert order == [["hint"], ["check"]] * len(wanted)


def test_exercises_hold_no_solution() -> None:
    for number, language in BOTH:
        for edition, lite in ((sessions.EXERCISE, False), (sessions.EXERCISE, True)):
            for cell in code_cells(built(number, language, edition, lite=lite)):
                for line in text_of(cell).splitlines():
                    assert not re.match(r"answer_\d_\d = (?!\.\.\.  # )", line), line
                    assert "# given" not in line


def test_the_stub_keeps_what_is_given_and_opens_the_answer() -> None:
    code = "# a comment\nimport x  # given\ny = f(\n    x\n)\nanswer_1_1 = y + 1\nz = [\n    1,\n]  # given"
    assert (
        sessions.stub(code, "nl")
        == "# a comment\nimport x\nanswer_1_1 = ...  # schrijf hier je antwoord\nz = [\n    1,\n]"
    )


# --- 4. committed files, reset, doctor ---


def test_what_is_committed_is_what_the_sources_make() -> None:
    assert sessions.drift() == [], "run: kloof workshop build"


def test_drift_is_found(home: Path) -> None:
    path = sessions.folder() / "nl" / "2_segregatie_meten.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("Het verhaal", "Het verhaaltje"), encoding="utf-8")
    (sessions.folder() / "en" / "1_what_is_a_gap.ipynb").unlink()
    assert sessions.drift() == ["workshop/en/1_what_is_a_gap.ipynb", "workshop/nl/2_segregatie_meten.ipynb"]


def test_a_figure_that_does_not_exist_stops_the_build() -> None:
    source = sessions.session(1)
    cell = {"kind": "markdown", "tags": ["nl"], "source": "Er zijn {{unicorns}} en {{dragons}}."}
    broken = replace(source, cells=(*source.cells, cell))
    with pytest.raises(NotebookError, match=r"2 faults in 1_wat_is_een_kloof.*unicorns.*dragons"):
        sessions.build(broken, "nl")


def test_reset_restores_a_session_and_keeps_every_answer(home: Path) -> None:
    path = sessions.folder() / "nl" / "2_segregatie_meten.ipynb"
    fresh = path.read_bytes()
    assert sessions.reset(2) == [(path, None), (sessions.folder() / "en" / "2_measuring_segregation.ipynb", None)]
    for count, answer in enumerate((b"first answers", b"second answers \xff not even text"), 1):
        path.write_bytes(answer)
        aside = path.with_name(f"2_segregatie_meten_antwoorden_{count}.ipynb")
        assert sessions.reset(2, ["nl"]) == [(path, aside)]
        assert path.read_bytes() == fresh
        assert aside.read_bytes() == answer
    assert path.with_name("2_segregatie_meten_antwoorden_1.ipynb").read_bytes() == b"first answers"
    path.unlink()
    assert sessions.reset(2, ["nl"]) == [(path, None)]
    assert path.read_bytes() == fresh
    with pytest.raises(ParameterError, match=r"session 9 does not exist\. Valid: 1, 2, 3, 4, 5"):
        sessions.reset(9)


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def kloof_command(command_line: Command) -> Command:
    return partial(command_line, "workshop")


def test_the_commands_say_what_they_did(home: Path, kloof_command: Command) -> None:
    path = sessions.folder() / "en" / "3_did_it_grow.ipynb"
    path.write_text("mine")
    code, out, _ = kloof_command("reset", "3", "--language", "en")
    assert code == 0
    assert "your answers are in 3_did_it_grow_answers_1.ipynb" in out
    assert kloof_command("build", "--check")[0] == 0
    path.write_text("mine")
    code, out, _ = kloof_command("build", "--check")
    assert (code, "✗ workshop/en/3_did_it_grow.ipynb" in out) == (1, True)
    assert kloof_command("build")[0] == 0
    assert sessions.drift() == []
    solution = home / "reports" / "workshop" / "nl" / "1_wat_is_een_kloof.ipynb"
    assert "answer_1_6 = 100 * answer_1_5 / answer_1_4" in solution.read_text(encoding="utf-8")
    code, out, err = kloof_command("reset", "7")
    assert (code, out, err) == (2, "", "kloof: session 7 does not exist. Valid: 1, 2, 3, 4, 5.\n")
    assert kloof_command("reset", "2", "--language", "fr")[0] == 2


def test_the_doctor_finds_a_good_laptop_good(home: Path) -> None:
    looks = laptop.examine()
    assert {look.what: look.state for look in looks if look.state == "bad"} == {}
    for language in LANGUAGES:
        screen = laptop.screen(looks, language)
        assert len(screen.splitlines()) <= 24
        assert all(len(line) <= 120 for line in screen.splitlines())


def test_the_doctor_finds_what_is_wrong(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {look.what: look.state for look in laptop.examine()}
    assert set(found) == {"python", "packages", "widgets", "kernel", "fonts", "data", "write_access", "room"}
    (home / "data" / "breda" / "areas.csv").write_text("code,name\n")
    monkeypatch.setattr(
        laptop, "requirements", lambda: [("pandas", "<2"), ("no-such-package", ">=1"), ("ipywidgets", ">1")]
    )
    monkeypatch.setattr(laptop, "FONTS", {"font_source_sans_pro": "NoSuchFont", "no_such_package": "Either"})
    monkeypatch.setattr(laptop, "writable", lambda folder: folder.name != "presets")
    monkeypatch.setattr(laptop, "OLDEST", (3, 99))
    looks = {look.what: look for look in laptop.examine()}
    bad = {what for what, look in looks.items() if look.state == "bad"}
    assert bad == {"python", "packages", "fonts", "data", "write_access"}
    assert "no-such-package" in looks["packages"].seen
    assert "pandas" in looks["packages"].seen
    assert looks["write_access"].seen == "notebooks/presets"
    screen = laptop.screen(list(looks.values()), "nl")
    assert "nog niet klaar" in screen
    assert screen.count("✗") == 6  # five, and the advice


def test_the_doctor_reads_what_a_package_asks_for_on_a_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["pandas<4,>=3.1", "typst>=0.15; extra == 'all'", "colorama; sys_platform == 'nowhere'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: asked)
    assert laptop.requirements() == [("pandas", "<4,>=3.1"), ("typst", ">=0.15")]


def test_the_doctor_tries_to_write(tmp_path: Path) -> None:
    assert laptop.writable(tmp_path / "not" / "yet")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert not laptop.writable(tmp_path / "file" / "under")


def test_the_doctor_command_exits_with_1_when_something_is_wrong(home: Path, kloof_command: Command) -> None:
    code, out, _ = kloof_command("doctor")
    assert (code, "This laptop is ready." in out) == (0, True)
    (home / "data" / "breda" / "registry.csv").unlink()
    code, out, _ = kloof_command("doctor", "--language", "nl")
    assert code == 1
    assert "✗ cijfers" in out


# --- experiments ---


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", [experiments.rounding, experiments.noise])
def test_a_slider_moves_and_degrades_to_one_picture(make: Any, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    play = make(language)
    bundle = play._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert "application/vnd.jupyter.widget-view+json" in bundle
    box = play.slider()
    moved, shown = box.children
    before = shown.value
    moved.value = len(play.positions) - 1
    assert shown.value == play.pictures[-1] != before
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert set(play._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}


def test_the_bars_of_all_positions_share_a_scale() -> None:
    scales = []
    for one in experiments.noise("en").pictures:
        wide = re.findall(r'height="16" width="([\d.]+)"|width="([\d.]+)" height="16"', one)
        said = [float(text.replace(",", "")) for text in re.findall(r"€([\d,]+)<", one)]
        scales += [float(a or b) / value for (a, b), value in zip(wide, said[-2:], strict=True)]
    assert len(scales) == 10
    assert max(scales) == pytest.approx(min(scales), rel=0.01)


def test_without_noise_nothing_happens_and_with_more_noise_the_list_recovers_more() -> None:
    still = experiments.replay("en", 0, 11)
    assert still[0] == pytest.approx(still[1], abs=1e-9)
    falls = [first - second for first, second in (experiments.replay("en", noise, 11) for noise in (1, 2, 4))]
    assert falls == sorted(falls)
    assert falls[0] > 0


def test_the_timetable_adds_up() -> None:
    minutes = {one.number: one.minutes for one in sessions.sessions()}
    for language in LANGUAGES:
        rows = facts.timetable(language, minutes, sessions.walked(language)[0])
        at = [int(start.split(":")[0]) * 60 + int(start.split(":")[1]) for start, _, _ in rows]
        assert [after - before for before, after in pairwise(at)] == [length for _, length, _ in rows[:-1]]
        assert sum(length for _, length, _ in rows) == sum(minutes[one] for one in (1, 2, 3, 4)) + 10 + 10 + 3 * 10
        assert at[-1] + rows[-1][1] - at[0] <= 270
        assert all(length > 0 for _, length, _ in rows)


def test_teachers_notes_hold_every_answer_and_index(project: Path) -> None:
    from kloof.measures.registry import INDICES

    for name, part in (("INSTRUCTOR.md", "en"), ("INSTRUCTOR.nl.md", "nl")):
        text = (project / "notebooks" / "workshop-teacher" / name).read_text(encoding="utf-8")
        assert all(f"| {number} |" in text for number in answers.exercises())
        assert all(getattr(index, f"name_{part}") in text for index in INDICES.values())


def test_the_start_page_links_to_every_session(project: Path) -> None:
    folder = project / "notebooks" / "workshop"
    text = json.dumps(json.loads((folder / "index.ipynb").read_text(encoding="utf-8")))
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", text)
    assert len(links) == 2 * len(NUMBERS)
    assert all((folder / link).is_file() for link in links)
