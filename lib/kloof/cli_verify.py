"""`kloof verify` and `kloof diff`: is a report what its inputs give, and what moved between two of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kloof.difference import Change

MOST = 20  # lines of one kind that are shown


def verify(
    folder: Annotated[Path, typer.Argument(help="folder of a report, such as reports/breda")],
    source: Annotated[str, typer.Option(help="the file it was made from, when that was one of your own")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Make a report again from its recorded inputs, and tell whether every number, table and figure is the same.

    If not: which differ, and in what data, code or versions of packages the two runs do. The report is left as it is.
    """
    from kloof.verify import verify as verified

    found = verified(folder, source)
    if as_json:
        content = {
            "same": found.same, "changes": [{"kind": one.kind, "id": one.id} for one in found.changes],
            "files": list(found.files), "edited": list(found.edited), "reasons": list(found.reasons),
        }  # fmt: skip
        print(json.dumps(content, indent=1, ensure_ascii=False))
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
    new: Annotated[Path, typer.Argument(help="another one")],
    language: Annotated[str, typer.Option(help="language of the findings' sentences: nl or en")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Say which verdicts and numbers differ between two reports, in sentences, and in what they were made otherwise."""
    from kloof.difference import changes, reasons
    from kloof.errors import ParameterError
    from kloof.fmt import LANGUAGES

    if language not in LANGUAGES:
        raise ParameterError(f"language {language!r} is not known. Valid: {', '.join(LANGUAGES)}.")
    before, after = _document(old), _document(new)
    found, why = changes(before, after), reasons(before, after)
    if as_json:
        content = [{"kind": one.kind, "id": one.id, "before": one.before, "after": one.after} for one in found]
        print(json.dumps({"changes": content, "reasons": why}, indent=1, ensure_ascii=False))
        return
    if not found:
        print("Both reports found the same.")
    print("\n".join([*_sentences(found, before, after, language), *why]))


def _document(path: Path) -> dict[str, Any]:
    """Read a results document; raises ParameterError when there is none."""
    from kloof.errors import ParameterError

    place = path / "results.json" if path.is_dir() else path
    try:
        content: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise ParameterError(
            f"{place} cannot be read ({type(problem).__name__}): give the folder of a report."
        ) from None
    if missing := [key for key in ("overall", "findings", "tables", "figures", "parameters") if key not in content]:
        raise ParameterError(f"{place} is no results.json of a report: it has no {', '.join(missing)}.")
    return content


def _sentences(
    found: Sequence["Change"], before: Mapping[str, Any], after: Mapping[str, Any], language: str
) -> list[str]:
    """Write verdicts with their words, and findings by the sentences the reports print."""
    from kloof.narrate import Narrator, text_of
    from kloof.sources import catalogue

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
    from kloof.difference import ranged, rows_that_differ

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
