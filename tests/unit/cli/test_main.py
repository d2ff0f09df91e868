"""The command line answers, or says on one line what is wrong; an earlier report is never touched."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from conftest import PROJECT, copy_project
from kloof.measures.registry import INDICES
from kloof.run import audited as reading
from kloof.run import execute, report
from kloof.run import project as listing

EXAMPLE = PROJECT / "reports" / "example" / "results.json"
Answer = tuple[int, str, str]
Kloof = Callable[..., Answer]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of its own, with a finished report in it."""
    home = copy_project(tmp_path_factory.mktemp("copied") / "home")
    report = home / "reports" / "breda"
    report.mkdir()
    (report / "results.json").write_text('{"earlier": true}\n')
    return home


@pytest.fixture
def home(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KLOOF_HOME", str(copied))
    return copied


@pytest.fixture
def kloof_(home: Path, monkeypatch: pytest.MonkeyPatch, command_line: Kloof) -> Kloof:
    """Call the command line: exit code, standard output, standard error. Nothing it is told here may start a kernel."""

    def never(*_: object) -> None:
        raise AssertionError("a notebook was started")

    monkeypatch.setattr(report, "execute_languages", never)
    monkeypatch.setenv("COLUMNS", "200")

    return command_line


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_list_shows_every_kind_and_the_next_command(kloof_: Kloof) -> None:
    code, out, err = kloof_("list")
    assert (code, err) == (0, "")
    for line in (
        "notebooks\n  00_explore",
        "presets\n  breda",
        "municipalities\n  GM0505  Dordrecht",
        "indicators\n  inhabitants",
        "indices\n  dissimilarity",
        "focus\n  union",
        "sources\n  cbs_kwb_2024",
    ):
        assert line in out
    assert "What do we know about" in out
    assert "GM0758, 2014-2024, source breda" in out
    assert "lowest:11:mean_income_per_inhabitant:2016" in out
    assert out.endswith("Next: kloof show 03\n")


def test_list_shows_one_kind(kloof_: Kloof) -> None:
    code, out, _ = kloof_("list", "indices")
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert listed == list(INDICES)
    assert INDICES["dissimilarity"].what_en in out


def test_show_gives_the_parameters_of_a_notebook_with_their_values(kloof_: Kloof) -> None:
    code, out, err = kloof_("show", "03")
    assert (code, err) == (0, "")
    assert out.startswith("03_how_segregated: ")
    assert "municipality       str   name of the municipality, or its CBS code, GM and four digits" in out
    assert "breda: GM0758" in out
    assert "groups             list  groups of which a segregation index is computed" in out
    assert "Next: kloof run --preset breda --only 03" in out
    _, other, _ = kloof_("show", "3", "--preset", "heerlen")
    assert "heerlen: GM0917" in other


def test_check_finds_the_project_in_order(kloof_: Kloof) -> None:
    code, out, err = kloof_("check")
    assert (code, err) == (0, "")
    assert out == "Data, notebooks, presets, claims and texts are in order.\nNext: kloof run\n"


def test_check_lists_every_fault_and_fails(kloof_: Kloof, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = home.parent / f"{home.name}-spoilt"
    shutil.copytree(home, other)
    monkeypatch.setenv("KLOOF_HOME", str(other))
    (other / "data" / "breda" / "areas.csv").write_text("spoilt")
    (other / "notebooks" / "presets" / "mine.toml").write_text("not toml")
    code, out, err = kloof_("check")
    assert code == 1
    assert err == ""
    assert "✗ 1 fault in data/breda. (1) areas.csv has sha256" in out
    assert "✗ preset mine: notebooks/presets/mine.toml is not valid TOML" in out
    assert "in order" not in out


def test_help_and_no_command_show_what_there_is(kloof_: Kloof) -> None:
    code, out, err = kloof_("--help")
    assert (code, err) == (0, "")
    for name in ("run", "list", "show", "check", "audit"):
        assert f" {name} " in out
    assert "Exit codes: 0 done; 1 something is wrong" in " ".join(out.split())
    code, out, err = kloof_()
    assert code == 2
    assert " check " in out
    assert err == "Next: kloof list\n"


ERRORS = [
    (["run", "--preset", "breada"], "preset 'breada' does not exist: did you mean \"breda\"? Valid: breda, heerlen"),
    (
        ["run", "--set", "foo=1"],
        "unknown parameter 'foo' (did you mean \"focus\"?). Valid: preset, language",
    ),
    (["run", "--set", "foucs=union"], "unknown parameter 'foucs' (did you mean \"focus\"?)"),
    (["run", "--set", "year_from=abc"], "year_from must be a whole number, not 'abc' (first year compared)."),
    (["run", "--set", "focus"], "--set 'focus' is not name=value"),
    (["run", "--set", "year_from=x", "--set", "bar=2"], "not 'x' (first year compared). unknown parameter 'bar' ("),
    (["run", "--set", "municipality=0758"], "municipality '0758' is not known: did you mean \"GM0758\"?"),
    (
        ["run", "--set", "municipality=GM0363"],
        "municipality 'GM0363' is not in the embedded data 'breda' (which has: GM",
    ),
    (["run", "--set", "focus=BU03630001"], "focus 'BU03630001': BU03630001 not in GM0758, which has BU07580001"),
    (["run", "--set", "focus=onion"], "focus 'onion' is not a list of this data set (audit_office_16, bndestem"),
    (["run", "--set", "focus="], "focus= says nothing"),
    (["run", "--set", "focus=,"], "focus ',' is not a list"),
    (["run", "--set", "focus=lowest:0:mean_dwelling_value:2016"], "is empty: name at least one buurt."),
    (["run", "--set", "focus=lowest:99:mean_dwelling_value:2016"], "buurten: leave at least one to compare with."),
    (["run", "--set", "focus=lowest:11:mean_dwelling_value:1999"], "mean_dwelling_value has no value by buurt in 1999"),
    (["run", "--set", "year_from=1996", "--set", "year_to=1999"], "breda has no year from 1996 to 1999; it has"),
    (["run", "--set", "year_from=2024"], "year_from (2024) must lie before year_to (2024)"),
    (["run", "--set", "source=nowhere.db"], "source 'nowhere.db' is neither an embedded data set (breda) nor a file"),
    (["run", "--set", "indicators=wealth"], "indicator 'wealth' is not in the catalogue"),
    (["run", "--only", "99"], "notebook 99 does not exist. Valid: 01_what_do_we_know, "),
    (["run", "--only", "02", "--set", "drawz=500"], "unknown parameter 'drawz' (did you mean \"draws\"?)"),
    (["run", "--language", "de"], "language 'de' is not known. Valid: nl, en, both."),
    (["show", "99"], "notebook 99 does not exist. Valid: 00_explore, 01_what_do_we_know, "),
    (["show", "03", "--preset", "nope"], "preset 'nope' does not exist. Valid: breda, heerlen"),
    (
        ["list", "indexes"],
        "'indexes' cannot be listed: did you mean \"indices\"? Valid: notebooks, presets, municipalities, ",
    ),
    (["audit", "reports/nothing"], "reports/nothing has no results.json: give the folder of a report"),
    (["runn"], "No such command 'runn'."),
    (["show"], "Missing argument 'notebook'."),
    (["run", "--speed", "9"], "No such option: --speed"),
]


@pytest.mark.parametrize(("words", "message"), ERRORS, ids=[" ".join(words) for words, _ in ERRORS])
def test_an_error_is_one_message_on_stderr_with_exit_code_2(
    kloof_: Kloof, home: Path, words: Sequence[str], message: str
) -> None:
    before = tree(home)
    code, out, err = kloof_(*words)
    assert code == 2
    assert "Next:" not in out
    said = err[err.index("kloof: ") :]  # after the bar, if one was drawn
    assert message in " ".join(said.split())
    assert "Traceback" not in err
    assert tree(home) == before
    assert sorted(path.name for path in (home / "reports").iterdir()) == ["breda"]


def test_all_buurten_as_focus_are_refused(kloof_: Kloof, home: Path) -> None:
    codes = ",".join(f"BU{line.split(',')[0][2:]}" for line in buurten(home))
    code, _, err = kloof_("run", "--set", f"focus={codes}")
    assert code == 2
    assert "holds all 56 buurten: leave at least one to compare with." in " ".join(err.split())


def buurten(home: Path) -> list[str]:
    lines = (home / "data" / "breda" / "areas.csv").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("BU0758")]


def test_what_is_not_an_error_of_ours_is_not_hidden(kloof_: Kloof, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise ZeroDivisionError("a fault in the code")

    monkeypatch.setattr(listing, "notebooks", broken)
    with pytest.raises(ZeroDivisionError) as caught:
        kloof_("list", "notebooks")
    assert caught.value.__notes__ == ["kloof: this is a fault of kloof itself. Please report it, with all lines above."]


def test_stopping_says_that_earlier_reports_are_untouched(kloof_: Kloof, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "notebooks", stopped)
    code, _, err = kloof_("list", "notebooks")
    assert code == 130
    assert err == "kloof: stopped; earlier reports are untouched.\n"


def test_a_stop_that_a_library_made_an_error_of_its_own_is_a_stop(
    kloof_: Kloof, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> Any:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except KeyboardInterrupt:
            raise RuntimeError("query interrupted") from None

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(listing, "notebooks", interrupted)
    assert kloof_("list", "notebooks") == (130, "", "kloof: stopped; earlier reports are untouched.\n")
    assert signal.getsignal(signal.SIGTERM) == before


def test_overrides_and_languages_reach_the_run(kloof_: Kloof, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, ...]] = []

    def make(preset: str, overrides: Any, languages: Any, only: Any, tell: Callable[[Any], None], *, how: Any) -> Path:
        assert how.engine == "stock"
        tell(execute.Step(languages[0], "03_how_segregated", 2, 4, "Indices"))
        told.append((preset, dict(overrides), tuple(languages), list(only)))
        return home / "reports" / f"{preset}-only"

    monkeypatch.setattr(report, "make_report", make)
    code, out, _ = kloof_(
        "run", "--preset", "heerlen", "--language", "en", "--only", "03", "--set", "seed=7", "--set", "groups=a,b",
        "--engine", "stock",
    )  # fmt: skip
    assert code == 0
    assert told == [("heerlen", {"seed": 7, "groups": ["a", "b"]}, ("en",), ["03"])]
    assert out == "Executed notebooks: reports/heerlen-only/en/notebooks\n"


def test_a_run_of_one_notebook_prints_its_verdicts(kloof_: Kloof, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "reports" / "breda-only"
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    own = [row for row in example["verdicts"] if row["claim"] in ("C1", "H1")]
    findings = {row["finding"]: example["findings"][row["finding"]] for row in own if row["finding"]}
    part = {
        "header": {}, "id": "04_did_the_gap_grow", "headline": None, "set_aside": [], "findings": findings,
        "tables": {}, "figures": {}, "verdicts": own, "order": {"findings": [*findings], "tables": [], "figures": []},
    }  # fmt: skip
    for place in ("found/04_did_the_gap_grow.json", "nl/notebooks/02_does_it_reproduce.ipynb"):
        (folder / place).parent.mkdir(parents=True)
        (folder / place).write_text(json.dumps(part))
    monkeypatch.setattr(report, "make_report", lambda *_, **__: folder)
    code, out, _ = kloof_("run", "--only", "04", "--language", "nl")
    lines = out.splitlines()
    assert (code, [line[:4].strip() for line in lines[:2]]) == (0, ["C1", "H1"])
    assert [example["overall"][name] in line for name, line in zip(("C1", "H1"), lines, strict=False)] == [True] * 2
    assert lines[2:] == [
        "Executed notebooks: reports/breda-only/nl/notebooks", "Kept of earlier runs: 02_does_it_reproduce.ipynb",
    ]  # fmt: skip
    shutil.rmtree(folder)


SAVED = b'"outputs" :  [\r\n {"output_type": "stream", "name": "stdout", "text": "]}"} ]'


def test_notebooks_saved_after_a_run_are_no_fault_for_a_reader_and_one_for_a_commit(
    kloof_: Kloof, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "notebooks" / "03_how_segregated.ipynb"
    before = path.read_bytes()
    spaced = before.replace(b'"outputs": []', SAVED, 1)
    path.write_bytes(spaced.replace(b'"execution_count": null', b'"execution_count": 7', 1))
    code, out, _ = kloof_("check")
    assert code == 0
    clear = "jupyter nbconvert --clear-output notebooks/03_how_segregated.ipynb"
    assert f"Saved with outputs, which is no fault: 03_how_segregated.ipynb. To clear them: {clear}\n" in out
    code, out, _ = kloof_("check", "--committed")
    assert (code, out) == (
        1, f"✗ 03_how_segregated.ipynb: saved with outputs; clear them before committing: {clear}\n",
    )  # fmt: skip
    subprocess.run([sys.executable, "-m", *clear.split()[1:]], check=True, capture_output=True, cwd=home, timeout=120)
    assert path.read_bytes() == before, "what is typed leaves the file as it is committed"
    assert kloof_("check", "--committed")[0] == 0


def test_the_installed_command_starts_and_fails_without_a_traceback(home: Path) -> None:
    command = [sys.executable, "-m", "kloof.cli.main", "run", "--set", "foo=1"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.startswith("kloof: unknown parameter 'foo' (did you mean \"focus\"?).")
    assert ended.stdout == ""


def cell(kind: str, source: str, *tags: str, **more: Any) -> dict[str, Any]:
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "source": source.splitlines(True), "metadata": {"tags": list(tags)}, **code, **more}


def text(source: str, language: str) -> dict[str, Any]:
    return cell("markdown", f'{source}\n\n<div lang="{language}"></div>', language)


PARAMETERS = cell("code", 'preset: str = "breda"  # named set\nseed: int = 0  # start', "parameters")
NL, EN = text("# Vraag?", "nl"), text("# Question?", "en")


def test_a_clean_notebook_has_no_faults() -> None:
    assert listing.notebook_faults({"cells": [NL, EN, PARAMETERS, cell("code", "import kloof")]}) == []


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ([NL, EN], "0 cells are tagged parameters; there must be one"),
        ([PARAMETERS, PARAMETERS], "2 cells are tagged parameters; there must be one"),
        ([PARAMETERS, cell("code", "1", outputs=[{}])], "cell 2 holds output; clear it before committing"),
        ([PARAMETERS, cell("code", "1", execution_count=4)], "cell 2 holds output; clear it before committing"),
        ([PARAMETERS, cell("code", "x\n" * 13)], "cell 2 has more than twelve lines; move the work to the library"),
        ([PARAMETERS, cell("code", "def f():\n    pass")], "cell 2 defines something; move it to the library"),
        (
            [PARAMETERS, cell("markdown", "# Vraag?", "nl"), EN],
            'cell 2 must end with an empty line and <div lang="nl"></div>',
        ),
        ([PARAMETERS, NL], "1 Dutch and 0 English text cells; they come in pairs"),
        ([PARAMETERS, NL, text("## Q", "en")], "Dutch and English headings do not have the same levels"),
        (
            [cell("code", "seed = 3", "parameters")],
            "parameter line 'seed = 3' is not `name: type = value  # help`",
        ),
        (
            [cell("code", "sede: int = 3  # start", "parameters")],
            "parameter 'sede' (did you mean \"seed\"?) is not one that kloof knows",
        ),
    ],
)
def test_each_departure_from_the_anatomy_is_found(cells: list[dict[str, Any]], fault: str) -> None:
    assert listing.notebook_faults({"cells": cells}) == [fault]


def test_a_report_without_pages_is_not_called_sound(kloof_: Kloof, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    code, out, err = kloof_("audit", str(tmp_path))
    assert code == 2
    assert "has no page (nl, en/index.html): make the report again." in err
    assert out == ""


def by_rules_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a folder be a report of which nothing is made again."""
    (folder / "results.json").write_text("{}")
    for name, given in (("read_results", {}), ("_data", None), ("_maker_differs", [])):
        monkeypatch.setattr(reading, name, lambda *_, given=given: given)


def test_audit_reads_both_documents_and_their_papers(
    kloof_: Kloof, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en").mkdir()
    shutil.copy(EXAMPLE, tmp_path)
    by_rules_alone(tmp_path, monkeypatch)
    for name, content in (("index.html", "<p>42</p>"), ("data.html", "<p>43</p>"), ("data.pdf", "no PDF")):
        (tmp_path / "en" / name).write_text(content)
    asked: list[tuple[str, str, bool]] = []

    def audited(page: str, results: Any, language: str, names: Any, *, whole: bool) -> list[str]:
        asked.append((page, language, whole))
        return ["42 is nowhere"] if "42" in page else []

    monkeypatch.setattr(reading.audit, "audit_html", audited)
    code, out, _ = kloof_("audit", str(tmp_path))
    assert (code, out.splitlines()[0]) == (1, "✗ en/report.pdf: is not there; make the report again")
    assert out.splitlines()[1].startswith("✗ en/data.pdf: the PDF cannot be read")
    assert asked == [("<p>43</p>", "en", True)]
    (tmp_path / "en" / "report.pdf").write_bytes(b"")
    monkeypatch.setattr(reading.pdfback, "texts", lambda made: ["42"] if made else ["41"])
    code, out, _ = kloof_("audit", str(tmp_path))
    assert code == 1
    assert out.splitlines()[:-1] == [
        "✗ en/index.html: 42 is nowhere",
        "✗ en/report.pdf: the PDF does not say “42”", "✗ en/report.pdf: PDF page 1: 41 is not on the HTML page",
        "✗ en/data.pdf: the PDF does not say “43”", "✗ en/data.pdf: PDF page 1: 42 is not on the HTML page",
    ]  # fmt: skip
    monkeypatch.setattr(reading.audit, "audit_html", lambda *_, **__: [])
    monkeypatch.setattr(reading.pdfback, "audit_pdf", lambda *_: [])
    code, out, _ = kloof_("audit", str(tmp_path))
    said = f"Every number and verdict in {tmp_path} is in its results.json, and the PDFs say what the pages say."
    assert (code, out.splitlines()[:-1]) == (0, [said])
    assert "has no ro-crate-metadata.json" in out.splitlines()[-1]


def test_audit_holds_the_languages_against_each_other(
    kloof_: Kloof, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    by_rules_alone(tmp_path, monkeypatch)
    for language, place in (("nl", "/a"), ("en", "/b")):
        (tmp_path / language).mkdir()
        for name in ("index.html", "report.pdf", "data.html", "data.pdf"):
            (tmp_path / language / name).write_text(f'<p><data data-ref="{place}">1</data></p>')
    monkeypatch.setattr(reading.audit, "audit_html", lambda *_, **__: [])
    monkeypatch.setattr(reading.pdfback, "texts", lambda _: ["1"])
    code, out, _ = kloof_("audit", str(tmp_path))
    assert (code, out.splitlines()[:-1]) == (
        1, [f"✗ {name}.html, first screen: nl has /a where en has /b" for name in ("index", "data")],
    )  # fmt: skip
