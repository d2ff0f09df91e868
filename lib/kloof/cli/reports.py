"""Commands about finished reports: `audit`, `verify`, `diff`, `verdicts`."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kloof.cli.complete import one_of
from kloof.cli.options import AS_JSON, check_language, print_json

if TYPE_CHECKING:
    from kloof.run.verify import Change


MOST = 20  # lines of one kind that are shown


def audit(
    folder: Annotated[Path, typer.Argument(help="folder of a report, such as reports/breda")],
    source: Annotated[str, typer.Option(help="file it was made from, when that was one of your own")] = "",
    again: Annotated[bool, typer.Option("--again", help="make every page, picture and table again as well")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Read a finished report, its data page and the PDFs of both back against its results.json.

    A page, picture or table that is not as it was made is made again from results.json, to say where they differ. The
    report is left as it is.
    """
    from kloof.run.audited import audit_report

    found = audit_report(folder, source, again=again)
    if as_json:
        print_json({"faults": found.faults, "notes": found.notes})
        if found.faults:
            raise typer.Exit(1)
        return
    lines = _short([f"✗ {fault}" for fault in found.faults])
    if not found.faults:
        lines = [f"Every number and verdict in {folder} is in its results.json, and the PDFs say what the pages say."]
        held = "is what its results.json gives, byte for byte" if again else "has the hash of what was made"
        lines += [] if found.notes else [f"Every page, picture and table {held}."]
    print("\n".join([*lines, *found.notes]))
    if found.faults:
        raise typer.Exit(1)


def verify(
    folder: Annotated[Path, typer.Argument(help="folder of a report, such as reports/breda")],
    source: Annotated[str, typer.Option(help="file it was made from, when that was one of your own")] = "",
    as_json: AS_JSON = False,
) -> None:
    """Make a report again from its recorded inputs, and tell whether every number, table and figure is the same.

    If not: which differ, and in what data, code or versions of packages the two runs do. The report is left as it is.
    """
    from kloof.run.verify import verify as verified

    found = verified(folder, source)
    if as_json:
        content = {
            "same": found.same, "changes": [{"kind": one.kind, "id": one.id} for one in found.changes],
            "files": list(found.files), "edited": list(found.edited), "reasons": list(found.reasons),
        }  # fmt: skip
        print_json(content)
    else:
        print("\n".join(_verified_lines(found, folder)))
    if not found.same:
        raise typer.Exit(1)


def _verified_lines(found: Any, folder: Path) -> list[str]:
    counted = ", ".join(f"{number} {name}" for name, number in found.counted.items())
    if found.same:
        lines = [f"{folder} is the same when it is made again: {counted}, and every page."]
        return lines + [f"  (since then) {reason}" for reason in found.reasons[:MOST]]
    lines = _short([f"✗ {text}" for text in _texts(found.changes)])
    other = [name for name in found.files if name != "results.json"]
    lines += _short([f"✗ {name} comes out differently." for name in other])
    lines += _short([f"✗ In the report itself, {fault}." for fault in found.edited])
    lines.append("Why:" if found.reasons else "Data, code and versions are those recorded.")
    return lines + _short([f"  {reason}" for reason in found.reasons])


def diff(
    old: Annotated[Path, typer.Argument(help="folder of a report, or its results.json")],
    new: Annotated[Path, typer.Argument(help="folder of another report, or its results.json")],
    language: Annotated[str, typer.Option(help="language of the sentences of findings: nl or en")] = "en",
    as_json: AS_JSON = False,
) -> None:
    """Say which verdicts and numbers differ between two reports, in sentences, and in what they were made otherwise."""
    from kloof.results import read_results
    from kloof.run.verify import changes, reasons

    check_language(language)
    before, after = (read_results(one, any_format=True) for one in (old, new))
    found, why = changes(before, after), reasons(before, after)
    if as_json:
        content = [{"kind": one.kind, "id": one.id, "before": one.before, "after": one.after} for one in found]
        print_json({"changes": content, "reasons": why})
        return
    if not found:
        print("Both reports found the same.")
    print("\n".join([*_sentences(found, before, after, language), *why]))


def _sentences(
    found: Sequence["Change"], before: Mapping[str, Any], after: Mapping[str, Any], language: str
) -> list[str]:
    """Write verdicts with their words, and findings by the sentences the reports print.

    A document of another format lacks what today's sentences tell: both are then told with bare numbers.
    """
    from kloof.catalogue import catalogue
    from kloof.results import FORMAT
    from kloof.words.sentences import Narrator, text_of

    if any(document.get("format") != FORMAT for document in (before, after)):
        return _texts(found)

    known = catalogue()
    tellers = [Narrator(document, known, language) for document in (before, after)]

    def told(teller: Any, finding: Any) -> str:
        return text_of(teller.sentence(finding)) if finding else "–"

    lines = []
    for change in found:
        if change.kind == "finding":
            sentences = [told(*pair) for pair in zip(tellers, (change.before, change.after), strict=True)]
            if sentences[0] != sentences[1]:
                lines.append(f"{change.id}\n  was: {sentences[0]}\n  is:  {sentences[1]}")
                continue
        lines += _texts([change])
    return lines


def _texts(found: Sequence["Change"]) -> list[str]:
    """Write changes with bare numbers and codes."""
    from kloof.run.verify import ranged, rows_that_differ

    lines = []
    for one in found:
        if one.kind == "verdict":
            was, now = (str(verdict or "not judged").lower().replace("_", " ") for verdict in (one.before, one.after))
            lines.append(f"The verdict on {one.id} was {was} and is {now}.")
        elif one.kind == "finding":
            was, now = ranged(one.before), ranged(one.after)
            tail = "differs beside its number" if was == now else f"was {was} and is {now}"
            lines.append(f"The finding {one.id} {tail}.")
        elif one.kind == "table":
            lines.append(f"The table {one.id} differs in {rows_that_differ(one.before, one.after)} rows.")
        else:
            lines.append(f"The figure {one.id} is drawn from something else.")
    return lines


def _short(lines: list[str]) -> list[str]:
    """Show at most `MOST` lines and how many more there are."""
    return lines if len(lines) <= MOST else [*lines[:MOST], f"  … and {len(lines) - MOST} more"]


def verdicts(
    preset: Annotated[
        str, typer.Option(help="named set of parameters; see: kloof list presets", autocompletion=one_of("presets"))
    ] = "breda",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="parameter to change, such as focus=bredavandaag; repeat for more")
    ] = None,
    as_json: AS_JSON = False,
    parts: Annotated[
        bool, typer.Option("--parts", help="print also every indicator and measure of each claim")
    ] = False,
) -> None:
    """Print the verdict on every claim: number, range, what is missing, and which part of all ways to test agrees.

    The numbers come from reports/<preset>/results.json when it was made with these parameters, data and registry;
    otherwise the report is made first.
    """
    from kloof.cli.options import read_overrides
    from kloof.results import read_results
    from kloof.run.report import make_report
    from kloof.run.verdicts import fresh_results, table_of

    overrides = read_overrides(set_ or [])
    document = fresh_results(preset, overrides)
    if document is None:
        print("kloof: there is no report with these parameters, data and claims; making it first.", file=sys.stderr)
        folder: Path = make_report(preset, overrides)
        document = read_results(folder)
    table = table_of(document)
    if as_json:
        print_json(table)
        return
    for row in table:
        print(verdict_line(row))
        for part in row["parts"] if parts else ():
            print(verdict_line({"id": "", **part}))
    print(f"\nNext: kloof verdicts --preset {preset} --json")


def verdict_line(row: dict[str, Any]) -> str:
    """Write one row: the number with its range and unit, then what is missing or how many ways agree."""
    number = "–" if row["estimate"] is None else f"{row['estimate']:.4g}"
    if row["low"] is not None and row["high"] is not None:
        number += f" ({row['low']:.4g} to {row['high']:.4g})"
    unit = row["unit"] or ""
    share = row.get("agree_share")
    tail = f"missing: {', '.join(row['missing'])}" if row["missing"] else ""
    tail = f"{100 * share:.0f} % agree" if share is not None else tail
    return f"{row['id']:<4} {row['part'] or '':<46} {row['verdict']:<13} {number:<30} {unit:<14} {tail}".rstrip()
