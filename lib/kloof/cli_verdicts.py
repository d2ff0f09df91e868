"""`kloof verdicts`: one line per claim of a preset, out of its report; without a fresh one the report is made first."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def verdicts(
    preset: Annotated[str, typer.Option(help="named set of parameters; see: kloof list presets")] = "breda",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="change a parameter: --set focus=bredavandaag")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON: one object per claim, parts inside")] = False,
    parts: Annotated[bool, typer.Option("--parts", help="also every indicator and measure of each claim")] = False,
) -> None:
    """Print the verdict on every claim: number, range, what is missing, and which part of all ways to test agrees.

    The numbers come from reports/<preset>/results.json when it was made with these parameters, data and registry;
    otherwise the report is made first.
    """
    from kloof.cli import read_overrides
    from kloof.run import make_report
    from kloof.verdicts import fresh_results, table_of

    overrides = read_overrides(set_ or [])
    document = fresh_results(preset, overrides)
    if document is None:
        print("kloof: there is no report with these parameters, data and claims; making it first.", file=sys.stderr)
        folder: Path = make_report(preset, overrides)
        document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    table = table_of(document)
    if as_json:
        print(json.dumps(table, indent=1, ensure_ascii=False))
        return
    for row in table:
        print(_line(row))
        for part in row["parts"] if parts else ():
            print(_line({"id": "", **part}))
    print(f"\nNext: kloof verdicts --preset {preset} --json")


def _line(row: dict[str, Any]) -> str:
    """Write one row: the number with its range and unit, then what is missing or how many ways agree."""
    number = "–" if row["estimate"] is None else f"{row['estimate']:.4g}"
    if row["low"] is not None and row["high"] is not None:
        number += f" ({row['low']:.4g} to {row['high']:.4g})"
    unit = row["unit"] or ""
    share = row.get("agree_share")
    tail = f"missing: {', '.join(row['missing'])}" if row["missing"] else ""
    tail = f"{100 * share:.0f} % agree" if share is not None else tail
    return f"{row['id']:<4} {row['part'] or '':<46} {row['verdict']:<13} {number:<30} {unit:<14} {tail}".rstrip()
