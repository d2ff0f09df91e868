"""The verdicts of a finished report as rows, one per claim, and whether that report is still what would be made."""

from collections.abc import Mapping
from typing import Any

from kloof.errors import ParameterError, ReportError
from kloof.paths import project_folder
from kloof.questions import all_tests
from kloof.questions.verdict import unit_of
from kloof.results import RESULTS, read_results
from kloof.run import provenance
from kloof.run.in_notebook import header
from kloof.study import claims
from kloof.study.parameters import report_name
from kloof.study.study import open_study


def fresh_results(preset: str, overrides: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the results of a preset's report, or None when there is none made with these parameters, data and claims."""
    study = open_study({**overrides, "preset": preset, "language": "nl"})
    folder = project_folder() / "reports" / report_name(study.p)
    wanted = header(study)
    try:
        recorded = provenance.read(folder) if (folder / provenance.CRATE).is_file() else None
        document = read_results(folder)
    except (ParameterError, ReportError):  # not there, or damaged
        return None
    edited = recorded is not None and provenance.intact(folder, RESULTS, recorded) is None
    same = all(document.get(key) == value for key, value in wanted.items())
    return document if same and not edited else None


def table_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give one row per claim, as registered: id, verdict, number with range and unit, what is missing, agree_share.

    `parts` holds a row per indicator and measure with the same keys. `agree_share` (0-1) is the part of all ways to
    test the claim that gives its verdict; for a part, of the focus lists.
    """
    findings = document["findings"]
    shares, registered = _shares(document), claims.registry().claims
    order = {claim: place for place, claim in enumerate(registered)}
    made = []
    for claim, verdict in sorted(document["overall"].items(), key=lambda item: order.get(item[0], len(order))):
        rows = [row for row in document["verdicts"] if row["claim"] == claim]
        first = all_tests.one_number(rows, findings, verdict)
        missing = dict.fromkeys(name for row in rows for name in row["missing"])
        own = _row(first, findings) | {"verdict": verdict, "missing": list(missing), "agree_share": shares.get(claim)}
        mark = registered.get(claim, {}).get("exploratory")
        extra = {} if mark is None else {"exploratory": mark}
        made.append({"id": claim, **own, **extra, "parts": [_row(row, findings) for row in rows]})
    return made


def _row(row: Mapping[str, Any], findings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    finding = findings.get(row["finding"] or "") or {}
    ranged = bool(finding.get("range_kind"))
    return {
        "part": row["row"], "verdict": row["verdict"], "estimate": finding.get("estimate"),
        "low": finding.get("low") if ranged else None, "high": finding.get("high") if ranged else None,
        "unit": unit_of(finding), "missing": list(row["missing"]),
        "agree_share": row["agree"] / row["of"] if row["of"] > 1 else None,
    }  # fmt: skip


def _shares(document: Mapping[str, Any]) -> dict[str, float]:
    """Read the part of all ways that agrees, per claim, from the table of the synthesis (without it: nothing)."""
    table = document["tables"].get("12.robustness")
    if table is None:
        return {}
    keys = [column["key"] for column in table["columns"]]
    rows = [dict(zip(keys, row, strict=True)) for row in table["rows"]]
    return {row["claim"]: row["agree_share"] / 100 for row in rows if row["agree_share"] is not None}
