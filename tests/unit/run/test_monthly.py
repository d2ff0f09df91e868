"""The recipe for reports every month: what it prints when something moved, and nothing when nothing did."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml
from test_engine import KERNEL

from conftest import PROJECT
from kloof.cli.data import _show
from kloof.fetch.download import Job
from kloof.fetch.get import Outcome, Report
from kloof.fetch.registry import read_registry

pytestmark = [
    pytest.mark.xdist_group("run"),
    pytest.mark.skipif(not shutil.which("sh"), reason="the recipe is a script of the shell"),
]
RECIPE = PROJECT / "docs" / "how-to" / "monthly.sh"
HERE = "GM0344"
Month = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def month(tmp_path: Path) -> Month:
    """Run the recipe with a kloof that stands first in the path: exit code, and the lines that were printed."""

    def run(home: Path, *codes: str, **settings: str) -> tuple[int, list[str]]:
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        asked = {"KLOOF_HOME": str(home), "PATH": path, "PYTHONPATH": str(PROJECT / "lib"), **settings}
        done = subprocess.run(
            ["sh", str(RECIPE), *(codes or (HERE,))], env={**os.environ, **asked}, cwd=tmp_path, capture_output=True,
            text=True, check=False, timeout=600,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).splitlines()

    (tmp_path / "bin").mkdir()
    return run


def program(folder: Path, *lines: str) -> None:
    """Put a program called kloof in a folder."""
    path = folder / "bin" / "kloof"
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)


# ------------------------------------------------------------------ with kloof itself


def figures(path: Path, widening: float) -> Path:
    """Write dwelling values of twenty buurten in eleven years, between which the gap grows, or shrinks."""
    lines = ["code,year,indicator,value,unit,source,status"]

    def add(code: str, year: int, indicator: str, value: float, unit: str) -> None:
        lines.append(f"{code},{year},{indicator},{value:.0f},{unit},cbs_kwb_{year},measured")

    for year in range(2014, 2025):
        add(HERE, year, "inhabitants", 20_000, "persons")
        for n in range(20):
            buurt, since = f"BU0344{n:04d}", year - 2014
            add(buurt, year, "inhabitants", 1000, "persons")
            add(buurt, year, "households", 440, "households")
            value = 150 + 10 * n + since * (8 + widening * n) + (n * 7 + year * 3) % 5
            add(buurt, year, "mean_dwelling_value", value, "thousand_euro")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def only_the_gap(home: Path) -> None:
    """Leave one short notebook, that asks of the gap."""
    for path in (home / "notebooks").glob("*.ipynb"):
        path.unlink()
    stem = "04_did_the_gap_grow"
    sources = [
        'preset: str = "breda"  # p\nlanguage: str = "nl"  # l\nmunicipality: str = ""  # m\nsettings: dict = {}  # s',
        f"import kloof\nstudy = kloof.open_study(globals())\nsection = kloof.answer(study, {stem!r})",
        "kloof.finish(study, section)",
    ]
    cells = [
        {
            "cell_type": "code", "id": f"c{place}", "metadata": {"tags": [] if place else ["parameters"]},
            "source": source, "outputs": [], "execution_count": None,
        }
        for place, source in enumerate(sources)
    ]  # fmt: skip
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": cells}
    (home / "notebooks" / f"{stem}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def test_three_months(home: Path, month: Month, tmp_path: Path) -> None:
    only_the_gap(home)
    kloof = f'exec "{sys.executable}" -m kloof.cli.main'
    new = f'case "$1 $2" in "data fetch") {kloof} data add "$FIGURES" --replace ;; esac'  # for lack of a network
    program(tmp_path, new, f'{kloof} "$@"')
    few = "--language en --set draws=199 --set year_from=2014 --set focus_variants=lowest:20%:mean_dwelling_value:first"
    few += " --set indicators=mean_dwelling_value --set levels=mean_dwelling_value"
    grown, shrunk = figures(tmp_path / "first.csv", 0.9), figures(tmp_path / "revised.csv", -0.9)

    assert month(home, FIGURES=str(grown), KLOOF_BATCH=few) == (0, [f"{HERE}: the first report, in reports/{HERE}."])
    code, said = month(home, FIGURES=str(shrunk), KLOOF_BATCH=few)
    assert (code, said[0].startswith(f"{HERE}, since 2")) == (0, True)
    assert "The verdict on C1 was mixed and is contradicted." in said
    told = said.index("04.mean_dwelling_value.relative")
    was, now = said[told + 1 : told + 3]
    assert was.startswith("  was: In proportion the gap in mean dwelling value grew: from 37.2% to 42.0%")
    assert now.startswith("  is:  In proportion the gap in mean dwelling value shrank: from 37.2% to 3.9%")
    assert said[-2:] == ["The file of data first.csv is gone.", "The file of data revised.csv is new."]
    assert month(home, FIGURES=str(shrunk), KLOOF_BATCH=few) == (0, [])

    kept = sorted((home / "reports" / "kept" / HERE).iterdir())
    assert len(kept) == 2
    last = home / "reports" / HERE / "results.json"
    assert (kept[1] / "results.json").read_bytes() == last.read_bytes() != (kept[0] / "results.json").read_bytes()
    assert (kept[1] / "diff.txt").read_text(encoding="utf-8").splitlines() == said[1:]
    assert (kept[1] / "en" / "report.pdf").is_file()
    assert (home / "site" / "en" / "index.html").is_file()
    assert "1 unchanged" in (home / "reports" / "kept" / "log.txt").read_text(encoding="utf-8")


# ------------------------------------------------------------------ with a stand-in that does as it is told

STAND_IN = (
    'case "$1 $2" in',
    '"data fetch") cat "$FETCHED" 2> /dev/null; echo "$*" >> asked; exit "${FETCH_CODE:-0}" ;;',
    '"batch "*) for code in $MADE; do mkdir -p "reports/$code"; echo "$FOUND" > "reports/$code/results.json"; done',
    '  [ -z "${FAILED:-}" ] || { echo "✗ $FAILED"; exit 1; } ;;',
    '"site "*) mkdir -p site && echo "$*" > site/made ;;',
    '"diff "*) [ -n "${SAME:-}" ] && echo "Both reports found the same."; printf "line %s\\n" $(seq "${LONG:-1}") ;;',
    "esac",
)


@pytest.fixture
def told(month: Month, tmp_path: Path) -> Month:
    """Run the recipe with a stand-in that leaves what it is told to leave."""
    program(tmp_path, *STAND_IN)
    (tmp_path / "home").mkdir()

    def run(*codes: str, **settings: str) -> tuple[int, list[str]]:
        given: Mapping[str, str] = {"MADE": " ".join(codes or (HERE,)), "FOUND": "1", **settings}
        return month(tmp_path / "home", *codes, **given)

    return run


def test_what_is_asked_wrongly_is_refused_before_anything(told: Month, tmp_path: Path) -> None:
    assert told("Utrecht") == (2, ["Utrecht is no code of a municipality, such as GM0344."])
    assert told("GM0344", "GM0363; rm -rf x")[0] == 2
    assert not [*(tmp_path / "home").iterdir()]
    done = subprocess.run(["sh", str(RECIPE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_what_fails_is_told_and_the_rest_is_done(told: Month, tmp_path: Path) -> None:
    offline = tmp_path / "offline"
    offline.write_text("kloof: you seem to be offline.\n", encoding="utf-8")
    code, said = told(HERE, "GM0363", MADE=HERE, FAILED="GM0363: no figures", FETCHED=str(offline), FETCH_CODE="2")
    assert (code, said) == (
        1, ["kloof: you seem to be offline.", "✗ GM0363: no figures", f"{HERE}: the first report, in reports/{HERE}."],
    )  # fmt: skip
    made = (tmp_path / "home" / "site" / "made").read_text(encoding="utf-8")
    assert made == f"site reports/{HERE} --out site\n"


def test_it_keeps_as_many_as_asked(told: Month, tmp_path: Path) -> None:
    kept = tmp_path / "home" / "reports" / "kept" / HERE
    names: list[str] = []
    for number in range(4):
        code, said = told(FOUND=str(number), KLOOF_KEEP="2", LONG="70")
        assert code == 0
        names += sorted({path.name for path in kept.iterdir()} - {*names})
        assert len(said) == (62 if number else 1)
    assert said[-1] == f"… and 10 lines more, in reports/kept/{HERE}"
    assert sorted(path.name for path in kept.iterdir()) == sorted(names)[-2:]
    assert len((kept / names[-1] / "diff.txt").read_text(encoding="utf-8").splitlines()) == 70
    assert told(FOUND="4", SAME="yes", LONG="0") == (0, [])  # it was made anew, and found the same


def test_revised_figures_are_told_until_they_are_accepted(
    told: Month, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = read_registry(PROJECT / "data" / "sources.toml")["kwb"]
    _show(Report((Outcome(Job(source, 2023, HERE), "changed"), Outcome(Job(source, 2024, HERE), "unchanged"))))
    revised, unchanged = capsys.readouterr().out.splitlines()
    values = ["    1 value differs in 1 column", "      a: 1 (BU03440001: 1 → 2)"]
    (tmp_path / "fetched").write_text("\n".join([revised, *values, unchanged, ""]), encoding="utf-8")
    asked = tmp_path / "home" / "asked"
    for _ in range(2):
        code, said = told(FETCHED=str(tmp_path / "fetched"))
        assert (code, said[1:4]) == (0, [revised, *values])
        assert said[0].endswith(f"To use them: KLOOF_ACCEPT=yes docs/how-to/monthly.sh {HERE}")
    assert "--accept" not in asked.read_text(encoding="utf-8")
    assert told(FETCHED=str(tmp_path / "fetched"), KLOOF_ACCEPT="yes") == (0, [])
    assert asked.read_text(encoding="utf-8").endswith(f"data fetch --accept --municipality {HERE}\n")


def test_the_example_for_actions_calls_the_recipe() -> None:
    flow = yaml.safe_load(RECIPE.with_suffix(".yml").read_text(encoding="utf-8"))
    (job,) = flow["jobs"].values()
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert any("docs/how-to/monthly.sh $MUNICIPALITIES > moved.txt" in run for run in runs)
    for run in runs:
        subprocess.run(["sh", "-n"], input=run.replace("${{", "${").replace("}}", "}"), text=True, check=True)
    assert flow[True]["schedule"]  # YAML takes `on` for yes
    assert not (PROJECT / ".github" / "workflows" / "monthly.yml").exists()
