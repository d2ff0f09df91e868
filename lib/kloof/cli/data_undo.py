"""`kloof data remove` and `kloof data log`: take back what was added, and see what was done to the store."""

import shlex
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from kloof.cli.options import AS_JSON, print_json

SIDES = ("gone", "back")  # of a removal: rows that go, and rows that count again
FETCHED = ".rows.parquet"  # how files of kloof data fetch are called


def remove(
    what: Annotated[str, typer.Argument(help="file (its name, or the begin of its sha256), source, or year")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would go, and remove nothing")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Take a file, a source or a year out of the store; rows that had made way for the file count again."""
    from kloof.store.remove import remove as take_out

    done = take_out(what, trying=dry_run)
    if as_json:
        counted = {side: [{"file": name, "rows": count} for name, count in getattr(done, side)] for side in SIDES}
        print_json({"kind": done.kind, "what": done.what, "rows": done.rows, **counted, "again": done.again})
        return
    print(f"{'Would remove' if dry_run else 'Removed'} {done.kind} {done.what}: {done.rows} rows")
    for name, count in done.gone:
        print(f"  {count:>9} rows go           {name}")
    for name, count in done.back:
        print(f"  {count:>9} rows count again  {name}")
    if any(name.endswith(FETCHED) for name, _ in done.gone):
        print("  what was downloaded stays in data/raw, and the next kloof data fetch of it puts it back")
    for name in done.again:
        print(f"  which of its rows made way is not known; add it again: kloof data add {shlex.quote(name)}")
    if dry_run:
        print(f"Next: kloof data remove {shlex.quote(what)}")
    else:
        print("The files themselves are where they were. Next: kloof data add FILE, or kloof data log")


def log(as_json: AS_JSON = False) -> None:
    """Show what was added, replaced and removed, in order, and what counts of each file now."""
    from kloof.store.intact import unhashed
    from kloof.store.manifest import read_manifest, store_folder
    from kloof.store.read import contents

    content, files = read_manifest(store_folder()), contents()
    lines = content.get("log", [])
    if as_json:
        print_json({"log": lines, "files": files.to_dict("records")})
        return
    for number, line in enumerate(lines, 1):
        print(f"{number:>4}  {line['what']:<9} {line['rows']:>9} rows  {line['name']}  {_more(line)}".rstrip())
    if not lines:
        print("Nothing was added yet." if files.empty else "These files were added before kloof kept a log.")
    if not files.empty:
        print("\nIn the store now:")
    for row in files.to_dict("records"):
        span = f"{row['first_year']:.0f}–{row['last_year']:.0f}" if row["rows"] else "no row of it counts"
        print(f"  {row['rows']:>9} of {row['rows_read']:>9} rows  {row['sha256'][:8]}  {row['name']}  {span}")
    if count := len(unhashed(content)):
        print(f"{count} parts have no hash yet, so that damage to them may go unseen; the next kloof data add gives it")
    print("Next: kloof data add FILE" if files.empty else "Next: kloof data remove FILE, SOURCE or YEAR")


def _more(line: Mapping[str, Any]) -> str:
    """Write years, sources, date of the data and options of a line of the log."""
    if line["what"] == "removed":
        back = "".join(f", {count} rows of {name} count again" for name, count in line["back"])
        return f"({line['kind']}{back})"
    years = line["years"]
    parts = [f"{years[0]}–{years[-1]}" if len(years) > 1 else "".join(map(str, years)), ", ".join(line["sources"][:3])]
    parts += [f"and {len(line['sources']) - 3} more sources"] * (len(line["sources"]) > 3)
    parts += [f"retrieved {line['retrieved']}"] * bool(line["retrieved"])
    parts += [f"{line['made_way']} rows made way"] * bool(line["made_way"])
    parts += [*line["options"]]
    return "; ".join(part for part in parts if part)
