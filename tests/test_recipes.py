"""CONTRIBUTING.md is followed to the letter: what it says to write is written into a copy, and the new thing works."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from inspect import unwrap
from pathlib import Path

import pytest
import real

import kloof
from conftest import PROJECT, CommandLine, copy_project, home_at
from kloof.catalogue import catalogue
from kloof.findings import HAPPENED, HIGHER, join, verdict_of
from kloof.questions import gap_changes as gaps
from kloof.questions import gap_tables, runner
from kloof.questions.runner import KINDS
from kloof.run.project import faults_of_project
from kloof.study import claims

TEXT = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))

FORMULA, TABLE = "lib/kloof/measures/many_groups.py", "lib/kloof/measures/indices.toml"
REGISTRY = "lib/kloof/measures/registry.py"
INDEX, INDICATOR, CLAIM = "largest_group", "low_purchasing_power_households_share", "H12"


def typed(pattern: str) -> str:
    """A line that a step gives in the running text."""
    (line,) = re.findall(rf"`({pattern})`", TEXT)
    return str(line)


def append(file: str) -> Callable[[Path], None]:
    """Put a block of the text at the end of its file."""

    def write(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as opened:
            opened.write(f"\n{BLOCKS[file]}")

    return write


def test_every_block_names_a_file_of_the_project() -> None:
    assert set(BLOCKS) == {FORMULA, TABLE, "data/catalogue.toml", "notebooks/claims.toml"}
    assert TEXT.count("```") == 2 * len(BLOCKS) + 4  # and the picture of the house, and the way of one figure
    assert all((PROJECT / file).is_file() for file in BLOCKS)


def test_every_file_and_name_that_it_mentions_is_there() -> None:
    tops = [PROJECT / name for name in ("lib", "data", "notebooks", "tests", "docs")]
    files = [path for top in tops for path in top.rglob("*.*") if path.suffix in (".py", ".toml")]
    for name in re.findall(r"`([\w/]+\.(?:toml|py))`", TEXT):
        assert any(path.as_posix().endswith(f"/{name}") for path in files), name
    for name, file in re.findall(r"`(\w+)` of `(\w+\.py)`", TEXT):
        codes = [path.read_text(encoding="utf-8") for path in files if path.name == file]
        assert any(re.search(rf"^(def )?{name}\b", code, re.MULTILINE) for code in codes), name


# ------------------------------------------------------------------ an index


def register(folder: Path) -> None:
    """Name the function among those of the registry."""
    path = folder / REGISTRY
    code = path.read_text(encoding="utf-8")
    start = code.index("_FUNCTIONS:")
    end = code.index("\n}", start)
    line = typed(rf'"{INDEX}": [\w.]+,')
    path.write_text(f"{code[:end]}\n    {line}{code[end:]}", encoding="utf-8")


STEPS = {"formula": append(FORMULA), "registry": register, "table": append(TABLE)}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the library, and of the tests of an index of many groups."""
    folder = tmp_path_factory.mktemp("recipe")
    shutil.copytree(PROJECT / "lib", folder / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "tests/unit/measures/test_many_groups.py", folder)
    return folder


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run Python on the copied library."""
    where = {**os.environ, "PYTHONPATH": str(folder / "lib"), "KLOOF_HOME": str(PROJECT)}
    return subprocess.run(
        [sys.executable, *words], env=where, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


# 30 + 20 + 10 people of x, 10 of y, 20 + 10 of z: the largest group is 60 of 100
COUNTS = "unit,group,count\na,x,30\na,y,10\na,z,0\nb,x,20\nb,y,0\nb,z,20\nc,x,10\nc,y,0\nc,z,10\n"


def test_an_index(copied: Path) -> None:
    for step in STEPS.values():
        step(copied)
    (copied / "counts.csv").write_text(COUNTS, encoding="utf-8")
    done = run(copied, "-m", "kloof.cli.main", "measure", "counts.csv", "--index", INDEX, "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["index"], row["estimate"], row["n_units"]) == (INDEX, 0.6, 3)
    asked = "from kloof.words.glossary import glossary; print(glossary('nl'))"
    assert f"### aandeel van de grootste groep (`{INDEX}`)" in run(copied, "-X", "utf8", "-c", asked).stdout
    # the value worked by hand is the third step: the tests of the room ask for it
    tests = copied / "test_many_groups.py"
    only = ("-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests), "-k", f"{INDEX} or scale or size_order")
    without = run(copied, *only)
    assert f"KeyError: '{INDEX}'" in without.stdout
    by_hand = typed(rf'"{INDEX}": [\d /]+,')
    code = tests.read_text(encoding="utf-8")
    tests.write_text(code.replace("WORKED = {\n", f"WORKED = {{\n    {by_hand}\n"), encoding="utf-8")
    assert run(copied, *only).returncode == 0


@pytest.mark.parametrize(
    ("left_out", "told"),
    [("formula", "largest_group"), ("registry", "has no function"), ("table", "is missing")],
)
def test_a_step_of_an_index_that_is_left_out_is_told(tmp_path: Path, left_out: str, told: str) -> None:
    room = tmp_path / "lib" / "kloof"
    room.mkdir(parents=True)
    for path in (PROJECT / "lib" / "kloof").glob("*.py"):
        shutil.copy(path, room)
    (room / "__init__.py").write_text("", encoding="utf-8")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "lib" / "kloof" / "measures", room / "measures", ignore=ignore)
    for name, step in STEPS.items():
        if name != left_out:
            step(tmp_path)
    done = run(tmp_path, "-c", "import kloof.measures.registry")
    assert done.returncode != 0
    assert INDEX in done.stderr
    assert told in done.stderr


# ------------------------------------------------------------------ an indicator

YEARS = (2014, 2015)
TITLES = ("Wijk_Buurt", "Bevolking_Aantal_inwoners", "Bevolking_Particuliere_huishoudens_Huishoudens_totaal")
TITLE = "Inkomen_Inkomen_van_huishoudens_Huishoudens_met_lage_koopkracht"
# percent in each year of six buurten of 100 households: the two highest first, 20 and 22 against 8, later 24 and 26
SHARES = {2014: (20, 22, 8, 8, 8, 8), 2015: (24, 26, 8, 8, 8, 8)}


def kwb(path: Path) -> Path:
    """A database of CBS key figures of a municipality, with the new column in both years."""
    database = sqlite3.connect(path)
    for year in YEARS:
        table = f"Kerncijfers_wijken_en_buurten_{year}"
        columns = ", ".join(f'"{title}"' for title in (*TITLES, TITLE))
        database.execute(f"CREATE TABLE {table} ({columns})")
        places = [("Heerlen", 1200, 600, 12), ("Wijk 01 Noord", 1200, 600, 12)]
        places += [(f"Buurt {place}", 200, 100, share) for place, share in enumerate(SHARES[year])]
        database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", places)
    database.commit()
    database.close()
    return path


def test_an_indicator(home: Path, tmp_path: Path, command_line: CommandLine) -> None:
    source = kwb(tmp_path / "kwb.db")
    asked = ("data", "add", source, "--municipality", "GM0917", "--dry-run")
    assert f"not understood  2 columns\n    {TITLE}: 2014, 2015" in command_line(*asked)[1]
    append("data/catalogue.toml")(home)
    code, out, _ = command_line(*asked)
    assert code == 0
    assert "not understood  0 columns" in out
    assert re.search(rf"{TITLE}\s+→ {INDICATOR} \(2014–2015, 2 years\)", out)
    assert "Households with low purchasing power (percent)" in command_line("list", "indicators")[1]
    assert faults_of_project() == []
    rule = f"highest:2:{INDICATOR}:2014"
    given = {"year_from": 2014, "year_to": 2015, "focus": rule, "focus_variants": [rule], "groups": []}
    named = {"indicators": [INDICATOR], "levels": [INDICATOR], "municipality": "GM0917", "source": str(source)}
    study = kloof.open_study({"preset": "heerlen", "language": "en", **given, **named})
    followed = gaps.follow(study, INDICATOR)
    assert (followed.years, followed.reason, followed.orientation) == (YEARS, None, 1)
    # 21 − 8 and 25 − 8, each buurt with as many households
    assert gaps.picture_table(study, followed)["gap"].tolist() == pytest.approx([13, 17])
    assert study.smallest_effect(INDICATOR) == catalogue().indicator(INDICATOR).smallest_effect == 1.0


# ------------------------------------------------------------------ a claim


def test_a_claim_of_an_existing_kind(tmp_path: Path) -> None:
    cell = typed(r"runner\.\w+\(section, study, \S+\)")
    assert unwrap(KINDS["gap_change"]) is gap_tables.changed
    with home_at(copy_project(tmp_path / "home")) as folder:
        append("notebooks/claims.toml")(folder)
        assert faults_of_project() == []
        study = kloof.open_study({"preset": "breda", "draws": 199})
        section = kloof.Section("04_did_the_gap_grow")
        by_id = {one.id: one for one in eval(cell, {"runner": runner, "section": section, "study": study})}
        assert CLAIM in claims.registry().claims
        rows = [one.as_json() for one in section.verdicts]
        assert claims.overall(rows) == {CLAIM: join([one["verdict"] for one in rows], "all")}
    parts = [f"mean_dwelling_value.{scale}" for scale in ("real", "relative")]
    assert [(one["claim"], one["row"], one["question"]) for one in rows] == [(CLAIM, part, HAPPENED) for part in parts]
    assert list(by_id) == [f"04.{CLAIM}.{part}" for part in parts]
    assert [one["verdict"] for one in rows] == [verdict_of(one, HIGHER, HAPPENED) for one in by_id.values()]
    # in proportion: how far the list lies behind the others, in percent of these, from the files in a loop
    values, everyone, homes = real.dwelling_values(2016, 2020)
    listed, behind = real.focus(), {}
    for year in (2016, 2020):
        own, rest = (real.mean(values[year], homes, side) for side in (everyone & listed, everyone - listed))
        behind[year] = 100 * (rest - own) / rest
    found = by_id[f"04.{CLAIM}.{parts[1]}"]
    assert (found.a.year, found.b.year) == (2016, 2020)
    assert (found.a.estimate, found.b.estimate) == pytest.approx((behind[2016], behind[2020]))
    assert found.estimate == pytest.approx(behind[2020] - behind[2016])
