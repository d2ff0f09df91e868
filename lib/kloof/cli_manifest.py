"""`kloof manifest`: all municipalities of the manifest, each with its verdicts, and what they say together."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def manifest(
    preset: Annotated[str, typer.Option(help="preset with several municipalities")] = "manifest",
    areas: Annotated[Path | None, typer.Option(help='the areas, as TOML: GM0344 = ["BU03440101", …]')] = None,
    only: Annotated[list[str] | None, typer.Option(help="run only this municipality (more than once: these)")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="change a parameter for all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Run every municipality of a preset and write reports/<preset>: verdicts.csv, summary.csv and claims.csv.

    A municipality that was run before with the same data and claims is not run again; one that cannot be run is told.
    """
    import json

    from kloof import together
    from kloof.cli import read_overrides
    from kloof.errors import ParameterError
    from kloof.manifest import folder_of, municipalities, read_areas, run_each
    from kloof.results import write_whole

    wanted, place = municipalities(preset)
    lists = read_areas(areas, wanted) if areas else {}
    shared = read_overrides(set_ or [])
    if unknown := [code for code in only or [] if code not in wanted]:
        raise ParameterError(f"{', '.join(unknown)} is not in preset {preset}, which has {', '.join(wanted)}.")
    codes = [code for code in wanted if not only or code in only]
    own: dict[str, dict[str, Any]] = {code: dict(shared) for code in codes}
    for code, focus in lists.items():
        own.setdefault(code, {}).update(focus=focus, focus_variants=[focus])
    documents, failed = run_each(preset, codes, own, os.cpu_count() or 1, _tell)
    if not documents:
        reasons = " ".join(f"{code}: {reason}" for code, reason in failed.items())
        raise ParameterError(f"No municipality of preset {preset} could be run. {reasons}")
    tables = {
        "verdicts": together.each(documents),
        "summary": together.summaries(documents, place),
        "claims": together.per_claim(documents, place),
    }
    folder = folder_of(preset)
    for name, table in tables.items():
        write_whole(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    people = together.headcount(documents, wanted, with_areas=bool(areas))
    if as_json:
        content = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
        print(json.dumps({**content, "people": people, "failed": failed}, indent=1, ensure_ascii=False))
        return
    print("\n".join(_lines(tables, people, place)))
    for code, reason in failed.items():
        print(f"{code} has no results: {reason}")
    print(f"\nTables: reports/{preset}/verdicts.csv, summary.csv, claims.csv")
    print(f"Next: kloof run --preset {preset} --set municipality={place}")


def _tell(code: str, state: str) -> None:
    """Say on the error stream where the run is."""
    print(f"{code} {state}", file=sys.stderr)


def _or_dash(value: Any) -> str:
    """Write a verdict, or a dash where there is none."""
    return value if isinstance(value, str) else "–"


def _lines(tables: dict[str, Any], people: dict[str, Any], place: str) -> list[str]:
    """Write what the municipalities say together: counts per claim, then the summary of each part."""
    heads = ("supported", "contradicted", "negligible", "undecided", "not testable")
    lines = [f"{'':<4} {'together':<14}{''.join(f'{head:>13}' for head in heads)}   {place}"]
    for row in tables["claims"].to_dict("records"):
        numbers = [row[name] for name in ("SUPPORTED", "CONTRADICTED", "NEGLIGIBLE", "UNDECIDED", "NOT_TESTABLE")]
        counted = "".join(f"{number:>13}" for number in numbers)
        lines.append(f"{row['claim']:<4} {_or_dash(row['together']):<14}{counted}   {_or_dash(row['place'])}")
    lines.append("")
    for row in tables["summary"].to_dict("records"):
        number = f"{row['estimate']:.3g} ({row['low']:.3g} to {row['high']:.3g}) {row['unit']}"
        spread = f"I² {row['i_squared']:.0f} %, n {row['municipalities']}"
        rank = "" if row["place_rank"] != row["place_rank"] else f"; {place} is {row['place_rank']:.0f} from below"
        lines.append(f"{row['claim']:<4} {row['part']:<46} {row['verdict']:<13} {number}; {spread}{rank}")
    needs = f" (missing: {', '.join(people['missing'])})" if people["missing"] else ""
    lines += ["", f"M2   {people['people']:,.0f} people live in these lists: {people['verdict']}{needs}"]
    return lines
