"""The verdicts as rows: one per claim with the number behind it; read only from a report made with the same things."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from atlases import write_crate

from conftest import PROJECT, CommandLine
from kloof.findings import NOT_TESTABLE, SUPPORTED, UNDECIDED, VERDICTS, Finding, Verdict
from kloof.paths import dump
from kloof.run import report, verdicts
from kloof.run.in_notebook import header
from kloof.run.provenance import CRATE
from kloof.study import claims
from kloof.study.study import open_study

COLUMNS = {"id", "verdict", "estimate", "low", "high", "unit", "missing", "agree_share"}


def document(**more: Any) -> dict[str, Any]:
    """Results of two claims, by hand: C1 in two parts, C12 without figures."""
    findings = [
        Finding("a", "gap_change", "absolute", "percent", estimate=3.0, low=2.5, high=3.5, range_kind=("process",)),
        Finding("b", "gap_change", "relative", "percent", estimate=1.0, low=0.5, high=1.5),
        Finding("d", "pass_through", "all", "number", reason="no_figures"),
    ]
    four = (("one", SUPPORTED), ("two", SUPPORTED), ("three", UNDECIDED), ("four", SUPPORTED))
    rows = [
        Verdict("C1", SUPPORTED, "a", "x.absolute", "HIGHER", four),
        Verdict("C1", SUPPORTED, "b", "x.relative", "HIGHER", (("one", SUPPORTED),)),
        Verdict("C12", NOT_TESTABLE, "d", "all", "LOWER", (("all", NOT_TESTABLE),), ("p", "q")),
        Verdict("C12", NOT_TESTABLE, None, "y", "LOWER", (), ("q", "r")),
    ]
    as_rows = [row.as_json() for row in rows]
    columns = [
        {"key": key, "kind": kind, "unit": None, "decimals": None}
        for key, kind in (("claim", "claim"), ("verdict", "verdict"), ("agree_share", "number"))
    ]
    return {
        "figures": {},
        "sections": [],
        "lead": [],
        "command": "kloof run --preset breda",
        "findings": {finding.id: finding.as_json() for finding in findings},
        "verdicts": as_rows,
        "overall": claims.overall(as_rows),
        "tables": {
            "12.robustness": {"columns": columns, "rows": [["C1", SUPPORTED, 62.5], ["C12", NOT_TESTABLE, None]]}
        },
        **more,
    }


def test_a_row_per_claim_with_what_was_asked_for() -> None:
    first, last = verdicts.table_of(document())
    assert set(first) >= COLUMNS
    assert {key: first[key] for key in COLUMNS} == {
        "id": "C1", "verdict": SUPPORTED, "estimate": 3.0, "low": 2.5, "high": 3.5, "unit": "points", "missing": [],
        "agree_share": 0.625,
    }  # fmt: skip
    assert {key: last[key] for key in COLUMNS} == {
        "id": "C12", "verdict": NOT_TESTABLE, "estimate": None, "low": None, "high": None, "unit": "number",
        "missing": ["p", "q", "r"], "agree_share": None,
    }  # fmt: skip
    assert "exploratory" not in first


def test_a_part_has_the_share_of_its_focus_lists_and_a_range_only_if_it_is_one() -> None:
    absolute, relative = verdicts.table_of(document())[0]["parts"]
    assert absolute["agree_share"] == pytest.approx(3 / 4)
    assert relative["agree_share"] is None  # one list is no agreement
    assert (relative["low"], relative["high"]) == (None, None)  # it does not say what its range is about
    assert set(absolute) == {*COLUMNS - {"id"}, "part"}


def test_without_a_synthesis_no_share_is_made_up() -> None:
    assert [row["agree_share"] for row in verdicts.table_of(document(tables={}))] == [None, None]


def test_the_example_has_every_registered_claim_once() -> None:
    results = json.loads((PROJECT / "reports" / "example" / "results.json").read_text(encoding="utf-8"))
    table = verdicts.table_of(results)
    assert [row["id"] for row in table] == [name for name in claims.registry().claims if claims.is_judged(name)]
    for row in table:
        assert row["verdict"] in VERDICTS
        own = [part for part in results["verdicts"] if part["claim"] == row["id"]]
        assert len(row["parts"]) == len(own)
        if row["estimate"] is not None:
            assert row["estimate"] in [part["estimate"] for part in row["parts"]]
        if row["agree_share"] is not None:
            assert 0 <= row["agree_share"] <= 1
        if row["verdict"] == NOT_TESTABLE:
            assert row["missing"] or row["id"] == "H9"
        assert row["low"] is None or row["low"] <= row["estimate"] <= row["high"]


# ------------------------------------------------------------------ the command


def place_report(home: Path, **header_changes: Any) -> Path:
    """Put a report with the header that the preset now has, or another."""
    study = open_study({"preset": "breda", "language": "nl"})
    path = home / "reports" / "breda" / "results.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump({**document(), **header(study), **header_changes}), encoding="utf-8")
    return path


@pytest.fixture
def made(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every report that was made instead of read: its overrides."""
    calls: list[dict[str, Any]] = []

    def make_report(preset: str, overrides: dict[str, Any]) -> Path:
        calls.append({"preset": preset, **overrides})
        return place_report(home).parent

    monkeypatch.setattr(report, "make_report", make_report)
    return calls


def test_a_fresh_report_is_read_and_not_made(command_line: CommandLine, home: Path, made: list[Any]) -> None:
    place_report(home)
    code, out, err = command_line("verdicts", "--json")
    assert (code, err, made) == (0, "", [])
    assert json.loads(out) == json.loads(json.dumps(verdicts.table_of(document())))
    code, out, _ = command_line("verdicts", "--parts")
    lines = out.splitlines()
    assert " ".join(lines[0].split()) == "C1 x.absolute SUPPORTED 3 (2.5 to 3.5) points 62 % agree"
    assert " ".join(lines[1].split()) == "x.absolute SUPPORTED 3 (2.5 to 3.5) points 75 % agree"
    assert " ".join(lines[3].split()) == "C12 all NOT_TESTABLE – number missing: p, q, r"
    assert lines[-1] == "Next: kloof verdicts --preset breda --json"


@pytest.mark.parametrize("what", ["nothing", "parameters", "registry", "inputs"])
def test_a_report_that_was_made_with_other_things_is_made_again(
    command_line: CommandLine, home: Path, made: list[Any], what: str
) -> None:
    if what != "nothing":
        place_report(home, **{what: {"other": 1}})
    code, out, err = command_line("verdicts")
    assert code == 0
    assert made == [{"preset": "breda"}]
    assert err.startswith("kloof: there is no report with these parameters, data and claims; making it first.")
    assert out.startswith("C1 ")


DAMAGE: dict[str, tuple[Callable[[Path], object], bool]] = {
    "an edited verdict": (lambda path: path.write_text(path.read_text().replace("SUPPORTED", "UNDECIDED", 1)), True),
    "half of the results": (lambda path: path.write_text(path.read_text()[:99]), True),
    "a list of results": (lambda path: path.write_text("[]"), True),
    "half a crate": (lambda path: (path.parent / CRATE).write_text("{"), True),
    "nothing": (Path.exists, False),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_report_that_is_not_as_it_was_made_is_made_again(
    command_line: CommandLine, home: Path, made: list[Any], damage: str
) -> None:
    path = place_report(home)
    write_crate(path.parent)
    spoil, again = DAMAGE[damage]
    spoil(path)
    code, out, _ = command_line("verdicts")
    assert (code, len(made), out.startswith("C1 ")) == (0, int(again), True)


def test_parameters_belong_to_what_makes_it_fresh(command_line: CommandLine, home: Path, made: list[Any]) -> None:
    place_report(home)
    code, *_ = command_line("verdicts", "--set", "focus=bredavandaag", "--set", "draws=299")
    assert (code, made) == (0, [{"preset": "breda", "focus": "bredavandaag", "draws": 299}])
    code, out, err = command_line("verdicts", "--set", "fokus=union")
    assert (code, out) == (2, "")
    assert 'did you mean "focus"?' in err
