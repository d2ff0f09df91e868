"""data/ADDING.md is followed line by line: every block is written, every command is typed, in the order of the text."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import requests

from conftest import PROJECT, CommandLine
from kloof.catalogue import catalogue
from kloof.cli.options import read_overrides
from kloof.store import read
from kloof.study.parameters import preset_parameters
from kloof.study.study import open_study

TEXT = (PROJECT / "data" / "ADDING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*) ?(\S*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, _, block in BLOCKS if not kind for line in block.splitlines()]
KWB = [
    ["gwb_code_10", "regio", "gm_naam", "recs", "a_inw", "a_hh", "g_woz"],
    ["GM0344", "Utrecht", "Utrecht", "Gemeente", 200, 100, 300],
    ["WK034400", "Noord", "Utrecht", "Wijk", 200, 100, 300],
    ["BU03440001", "Hoek", "Utrecht", "Buurt", 120, 60, 320],
    ["BU03440002", "Veld", "Utrecht", "Buurt", 80, 40, 270],
]
OFFLINE = "kloof data fetch --municipality GM0344 --years 2016-2020"  # there is no network in a test


@pytest.fixture
def place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in, a home with a download in it, and no network."""

    def head(*_: object, **__: object) -> None:
        raise requests.exceptions.ConnectTimeout

    monkeypatch.setattr(requests, "head", head)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "Downloads").mkdir()
    book = openpyxl.Workbook()
    for row in KWB:
        book.active.append(row)
    book.save(tmp_path / "Downloads" / "kwb-2020.xlsx")
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def write(kind: str, name: str, block: str, folder: Path) -> None:
    """Do with a block what the text says: a new file, lines at the end of one of the data, or changed lines."""
    if kind == "csv":
        (folder / name).write_text(block, encoding="utf-8")
        return
    path = folder / "home" / name if name.startswith("data/") else folder / name
    text = path.read_text(encoding="utf-8")
    lines, _, rest = block.partition("\n[") if not name.startswith("data/") else ("", "[", block[1:])
    for line in lines.splitlines():
        key = re.escape(line.partition(" = ")[0])
        text, changed = re.subn(rf"^(?:# )?{key} = .*$", line, text, flags=re.MULTILINE)
        assert changed == 1, line
    path.write_text(f"{text}\n[{rest}", encoding="utf-8")


def test_every_line_is_followed(place: Path, command_line: CommandLine) -> None:
    said: dict[str, str] = {}
    for kind, name, block in BLOCKS:
        if kind:
            write(kind, name, block, place)
            continue
        for line in block.splitlines():
            program, *words = shlex.split(line)
            assert program == "kloof", line
            if words[0] == "run":
                options = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
                assert preset_parameters(words[words.index("--preset") + 1]) and read_overrides(options)
                continue  # a report is made in tests/reports
            code, out, err = command_line(*map(os.path.expanduser, words))
            assert code == (2 if line == OFFLINE else 0), f"{line}\n{out}{err}"
            said[line] = said.get(line, "") + out + err
    assert "a_inw → inhabitants (2020)" in said["kloof data add ~/Downloads/kwb-2020.xlsx --dry-run"]
    assert "store           added: 12 rows new" in said["kloof data add ~/Downloads/kwb-2020.xlsx"]
    assert "4 doubts" in said["kloof data map benches_2020.csv"]
    mapped = said["kloof data add benches_2020.csv --map benches_2020.csv.toml --dry-run"]
    assert "bankjes         → benches (2020)" in mapped
    assert "4 of         4 rows" in said["kloof data log"] and "--map benches_2020.csv.toml" in said["kloof data log"]
    assert "Removed file benches_2020.csv: 4 rows" in said["kloof data remove benches_2020.csv"]
    assert "you seem to be offline" in said[OFFLINE]
    assert "Nothing was asked of the network" in said[OFFLINE.replace("fetch", "fetch --plan")]
    assert "Benches (number)" in said["kloof list indicators"]
    assert "Playgrounds (number)" in said["kloof list indicators"]
    assert "benches" not in catalogue().indicators  # its file was removed
    held = read.indicator("playgrounds")
    assert held["value"].tolist() == [5, 12]
    study = open_study({"preset": "breda", **read_overrides(["levels=playgrounds"])})
    assert study.p.levels == ("playgrounds",)


def test_the_commands_in_the_running_text_exist(place: Path, command_line: CommandLine) -> None:
    typed = set(re.findall(r"`(kloof [a-z]+(?: [a-z]+)?)", TEXT)) | {" ".join(line.split()[:3]) for line in COMMANDS}
    for line in sorted(typed):
        words = [word for word in line.split()[1:] if not word.startswith("-")]
        code, out, _ = command_line(*words[: 2 if words[0] == "data" else 1], "--help")
        assert code == 0 and "Usage" in out, line
    options = set(re.findall(r"--[a-z-]+", TEXT)) - {"--preset", "--set"}
    told = "".join(command_line("data", name, "--help")[1] for name in ("add", "fetch", "coverage", "recode", "doctor"))
    assert {option for option in options if option not in told} == set()
