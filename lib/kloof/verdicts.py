"""The verdicts of a report as rows: out of results.json, and only when it was made with what is asked for."""

import json
from collections.abc import Mapping
from typing import Any

from kloof import claims, standing
from kloof.notebook import header
from kloof.presets import report_name
from kloof.sources import project_folder
from kloof.study import open_study
from kloof.synthesis import unit_of


def fresh_results(preset: str, overrides: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the results of a preset's report, or None when there is none made with these parameters, data and claims."""
    study = open_study({**overrides, "preset": preset, "language": "nl"})
    path = project_folder() / "reports" / report_name(study.p) / "results.json"
    if not path.is_file():
        return None
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    wanted = header(study)
    return document if all(document.get(key) == value for key, value in wanted.items()) else None


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
        first = standing.one_number(rows, findings, verdict)
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
