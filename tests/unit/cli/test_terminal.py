"""What is printed cannot steer the terminal, or a shell in which a printed command is typed; no count is impossible."""

import io
import json
import os
import shlex
import sys
from pathlib import Path

import pytest
from atlases import write_crate
from rich.console import Console

from conftest import CommandLine
from kloof.cli import batch as cli_batch
from kloof.cli.terminal import STEERING, guarded, harmless

CLEAR, TITLE, TURNED = "\x1b[2J", "\x1b]0;pwned\x07", "\u202egnp.exe\u2066"
HOSTILE = f"a{CLEAR}b{TITLE}c{TURNED}d\x9b31me\x7f\u2028f"


def test_signs_that_steer_are_written_by_their_number() -> None:
    assert harmless(f"x{CLEAR}y\ud800") == "x\\u001b[2Jy\\ud800"
    assert harmless("één\tregel\n– € 5 🏘") == "één\tregel\n– € 5 🏘"
    assert json.loads(harmless(json.dumps(HOSTILE, ensure_ascii=False))) == HOSTILE


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_name_in_a_file_does_not_steer_the_terminal(command_line: CommandLine, tmp_path: Path, form: str) -> None:
    path = tmp_path / "counts.csv"
    lines = [f'"{HOSTILE}",{unit},{group},{5 + len(group)}' for unit in "uv" for group in ("a", "bb")]
    path.write_text("\n".join(["place,unit,group,count", *lines]) + "\n", encoding="utf-8")
    code, out, err = command_line(
        "measure", path, "--index", "dissimilarity", "--by", "place", *["--json"] * (form == "json")
    )
    assert (code, err) == (0, "")
    assert not STEERING.search(out)
    assert "a\\u001b[2Jb" in out
    if form == "json":
        assert {row["place"] for row in json.loads(out)} == {HOSTILE}


@pytest.mark.parametrize("name", [f"{HOSTILE}.csv", os.fsdecode(b"caf\xe9.csv")], ids=["steers", "no letters"])
@pytest.mark.parametrize("words", [("measure", "{}", "--index", "gini"), ("data", "map", "{}"), ("data", "add", "{}")])
def test_the_name_of_a_file_does_not_steer_the_terminal(
    home: Path, command_line: CommandLine, tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    (tmp_path / name).write_text("no table\n", encoding="utf-8")
    code, out, err = command_line(*(word.replace("{}", str(tmp_path / name)) for word in words))
    assert code == 2
    assert err.startswith("kloof: ")
    assert not STEERING.search(out + err)


def test_a_bar_may_steer_and_goes_around(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with guarded():
        Console(stderr=True, force_terminal=True, color_system="standard").print("[red]bar[/red]")
        sys.stderr.writelines([f"name{CLEAR}\n"])
    assert "\x1b[31mbar" in stream.getvalue()
    assert stream.getvalue().endswith("name\\u001b[2J\n")
    assert sys.stderr is stream


def test_a_printed_command_can_be_typed_as_it_stands(home: Path, command_line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "$(touch pwned) 'x'; y.csv"
    path.write_text("buurtcode,jaar,inwoners\nBU07580101,2024,800\nBU07580102,2024,900\n", encoding="utf-8")
    code, out, err = command_line("data", "map", path)
    assert code == 0, err
    wanted = ["kloof", "data", "add", str(path), "--map", f"{path}.toml", "--dry-run"]
    assert shlex.split(out.rpartition(", then ")[2]) == wanted
    lines = Path(f"{path}.toml").read_text(encoding="utf-8").splitlines()
    (comment,) = [line.removeprefix("# Then: ") for line in lines if line.startswith("# Then: ")]
    assert shlex.split(comment.partition("   (")[0])[3:] == [path.name, "--map", f"{path.name}.toml"]
    code, out, err = command_line("data", "map", path)
    assert shlex.split(err.partition("Use it: ")[2].partition(";  or")[0])[:5] == [*wanted[:5]]
    code, out, err = command_line("data", "remove", "$(touch pwned)", "--dry-run")
    assert code == 2, out


def test_a_file_name_of_two_lines_stays_in_its_comment(home: Path, command_line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "a\nyear = 1900\n#.csv"
    path.write_text("buurtcode,jaar,inwoners\nBU07580101,2024,800\nBU07580102,2024,900\n", encoding="utf-8")
    code, _, err = command_line("data", "map", path, "--out", tmp_path / "made.toml")
    assert code == 0, err
    assert "year = 1900" not in (tmp_path / "made.toml").read_text("utf-8").splitlines()


@pytest.mark.parametrize("words", ["audit", "verify"])
def test_a_damaged_report_is_named(home: Path, command_line: CommandLine, tmp_path: Path, words: str) -> None:
    (tmp_path / "results.json").write_text("{", encoding="utf-8")
    (tmp_path / "nl").mkdir()
    (tmp_path / "nl" / "index.html").write_text("page", encoding="utf-8")
    write_crate(tmp_path)
    code, out, err = command_line(words, tmp_path)
    assert (code, out) == (2, "")
    assert "results.json is not valid JSON" in err


REFUSED = [
    ("batch", "--all", "--workers", "-1"),
    *(("batch", "--all", "--limit", value) for value in ("nan", "inf", "-inf", "0", "-5")),
    ("data", "fetch", "--offline", "--workers", "0"),
    ("data", "doctor", "--workers", "-1"),
    ("data", "add", "x.csv", "--year", "0"),
    ("measure", "x.csv", "--index", "gini", "--seed", "-1"),
    ("calibrate", "--workers", "-1"),
    ("calibrate", "--count", "0"),
    ("calibrate", "--trials", "0"),
    ("synth", "--out", "synthetic", "--buurten", "0"),
    ("synth", "--out", "synthetic", "--seed", "-1"),
    ("synth", "--out", "synthetic", "--switch", "H6=nan"),
    ("workshop", "reset", "0"),
]


@pytest.mark.parametrize("words", REFUSED, ids=[" ".join(words) for words in REFUSED])
def test_a_count_that_cannot_be_is_refused_before_anything_runs(
    home: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(cli_batch, "codes_of", lambda *_: pytest.fail("it went on"))
    code, out, err = command_line(*words)
    assert (code, out) == (2, "")
    assert err.startswith("kloof: "), err
    assert f"Invalid value for '{words[-2] if words[-2] != 'reset' else 'number'}'" in err or "is none of" in err
