"""Wherever a table is printed, `--json` prints it for a program: an object or a list of them, and nothing beside it."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

import kloof.fetch.get  # noqa: F401 – loaded before what it takes from `web` is another for a test
from conftest import PROJECT, CommandLine, copy_project, home_at
from kloof.cli.main import program
from kloof.cli.options import print_json
from kloof.fetch import doctor, web
from kloof.fetch.doctor import Finding
from kloof.run import audited, report

EXAMPLE = PROJECT / "reports" / "example"
# what these print is no table: a file they made, a text, a number
WITHOUT = {
    "glossary", "init", "calibrate", "synth", "site", "data map", "hypothesis new",
    "hypothesis translate", "workshop reset", "workshop build", "workshop print", "workshop lite",
}  # fmt: skip
# those are asked of what takes a store of the country or a run; the tests of their rooms read what they print
ELSEWHERE = {
    "run", "batch", "verify", "verdicts", "country events", "country matched", "country mechanisms",
    "workshop collect",
}  # fmt: skip
FIGURES = "buurtcode,buurtnaam,jaar,aantal_inwoners\nBU07580101,Één,2023,800\nBU07580102,Twee,2023,900\n"
MINE = ["--expected", "HIGHER", "--smallest-effect", "1", "--indicator", "mean_dwelling_value", "--en", "It grew."]
ASKED = {
    "list": [],
    **{f"list {kind}": [] for kind in ("notebooks", "municipalities", "indicators", "indices", "focus", "sources")},
    "show 04": [],
    "check": [],
    "audit": ["reports/breda"],
    "diff": [str(EXAMPLE), str(EXAMPLE)],
    "measure": ["{home}/counts.csv", "--index", "dissimilarity"],
    "country change": ["--place", "Breda"],
    "country segregation": [],
    "country gaps": [],
    "data add": ["{home}/figures.csv"],
    "data coverage": ["--municipality", "GM0758", "--source", "breda"],
    "data log": [],
    "data remove": ["figures.csv", "--dry-run"],
    "data recode": ["--municipality", "Breda"],
    "data fetch": ["--plan", "--municipality", "GM0758"],
    "data doctor": [],
    "hypothesis list": [],
    "hypothesis check": [],
    "workshop doctor": [],
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of its own, with two files to add or to measure."""
    home = copy_project(tmp_path_factory.mktemp("json") / "home")
    (home / "figures.csv").write_text(FIGURES, encoding="utf-8")
    (home / "counts.csv").write_text("unit,group,count\nA,é,10\nA,y,5\nB,é,3\nB,y,9\n", encoding="utf-8")
    shutil.copy2(PROJECT / "requirements.txt", home)
    with home_at(home):
        yield home


def commands(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Walk over the commands, groups left out."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(names), command
    for name, one in (inner or {}).items():
        yield from commands(one, *names, name)


def read(out: str) -> Any:
    """Read what was printed as strict JSON, of which letters stand as they are and nothing has a colour."""

    def never(sign: str) -> None:
        raise AssertionError(f"{sign} is no JSON")

    assert "\x1b" not in out
    assert not re.search(r"\\u00[a-f]", out)
    return json.loads(out, parse_constant=never)


def test_every_command_that_prints_a_table_has_it() -> None:
    every = dict(commands(typer.main.get_command(program())))
    lacking = {name for name, one in every.items() if not any("--json" in option.opts for option in one.params)}
    assert lacking == WITHOUT
    tried = {" ".join(name.split()[:2]) if name.split()[0] in ("data", "country", "hypothesis", "workshop") else
             name.split()[0] for name in ASKED}  # fmt: skip
    assert tried | WITHOUT | ELSEWHERE == set(every)


@pytest.mark.parametrize("name", ASKED)
def test_what_is_printed_is_an_object_or_a_list_of_them(
    room: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tried = [Finding("kwb", (2023,), "tabel één", doctor.MISMATCH, "–")]
    monkeypatch.setattr(web, "silent", lambda _: {})
    monkeypatch.setattr(doctor, "examine", lambda *_: tried)
    words = [word.replace("{home}", str(room)) for word in ASKED[name]]
    monkeypatch.setattr(audited, "audit_report", lambda *_, **__: SimpleNamespace(faults=["één"], notes=[]))
    if name in ("data remove", "data recode"):
        assert command_line("data", "add", room / "figures.csv", "--json")[0] == 0
    if name.startswith("hypothesis") and not (room / "notebooks" / "hypotheses" / "mine.toml").exists():
        assert command_line("hypothesis", "new", "mine", *MINE)[0] == 0
    code, out, err = command_line(*name.split(), *words, "--json")
    assert code == (1 if name in ("audit", "data doctor", "workshop doctor") else 0) or name == "workshop doctor", err
    assert err == ""
    content = read(out)
    assert isinstance(content, dict) or all(isinstance(one, dict) for one in content)
    assert content or name == "country gaps"


def test_it_says_what_the_text_says(room: Path, command_line: CommandLine) -> None:
    rows = read(command_line("list", "indices", "--json")[1])
    assert all(f"  {row['name']:<46} {row['text']}\n" in command_line("list", "indices")[1] for row in rows[:3])
    assert {"code": "GM0758", "name": "Breda"}.items() <= next(
        row for row in read(command_line("list", "municipalities", "--json")[1]) if row["code"] == "GM0758"
    ).items()
    shown = read(command_line("show", "04", "--json")[1])
    assert {"name": "municipality", "type": "str", "value": "GM0758"}.items() <= shown["parameters"][2].items()
    assert read(command_line("diff", EXAMPLE, EXAMPLE, "--json")[1]) == {"changes": [], "reasons": []}
    (added,) = read(command_line("data", "add", room / "figures.csv", "--dry-run", "--json")[1])
    assert (added["file"], added["figures"], added["store"]) == ("figures.csv", 2, None)
    states = {row["state"] for row in read(command_line("data", "coverage", "--municipality", "Breda", "--source",
                                                        "breda", "--json")[1])}  # fmt: skip
    assert "present" in states


def test_a_refusal_is_no_json(room: Path, command_line: CommandLine) -> None:
    code, out, err = command_line("list", "indexes", "--json")
    assert (code, out) == (2, "")
    assert err.startswith("kloof: 'indexes' cannot be listed")


def test_a_number_that_is_missing_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([{"naam": "één", "value": float("nan"), "whole": 3.0}])
    assert capsys.readouterr().out == '[\n {\n  "naam": "één",\n  "value": null,\n  "whole": 3\n }\n]\n'


RUN = [
    (["--language", "en"], ("en",)),
    (["--language", "nl"], ("nl",)),
    ([], ("nl", "en")),
]


@pytest.fixture
def run(room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[tuple[str, ...]]]]:
    """Let a run leave the example as its report, and tell which languages it was asked in."""
    asked: list[tuple[str, ...]] = []

    def make(preset: str, overrides: Any, languages: Any, *_: Any, **__: Any) -> Path:
        asked.append(tuple(languages))
        folder = room / "reports" / "made"
        folder.mkdir(exist_ok=True)
        (folder / "results.json").write_bytes((EXAMPLE / "results.json").read_bytes())
        return folder

    monkeypatch.setattr(report, "make_report", make)
    yield lambda: asked


@pytest.mark.parametrize(("words", "languages"), RUN, ids=[" ".join(words) or "neither" for words, _ in RUN])
def test_the_answer_of_a_run_is_in_the_language_asked(
    run: Callable[[], list[tuple[str, ...]]], command_line: CommandLine, words: list[str], languages: tuple[str, ...]
) -> None:
    code, out, err = command_line("run", *words)
    assert (code, run()) == (0, [languages]), err
    dutch, english = (bool(re.search(rf"\b({words})\b", out)) for words in ("het|van|een", "the gap|of|did"))
    assert (dutch, english) == (languages[0] == "nl", languages[0] == "en"), out
    content = read(command_line("run", *words, "--json")[1])
    assert tuple(content["headlines"]) == languages
    assert all(line in out for line in content["headlines"][languages[0]])


def test_the_language_has_an_option_of_its_own(
    run: Callable[[], list[tuple[str, ...]]], command_line: CommandLine
) -> None:
    code, _, err = command_line("run", "--set", "language=en")
    assert (code, run()) == (2, [])
    assert "language has an option of its own: --language en" in err
