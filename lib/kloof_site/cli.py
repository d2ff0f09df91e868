"""`kloof site`: finished reports as a site of plain files."""

from pathlib import Path
from typing import Annotated

import typer


def add_commands(app: typer.Typer) -> None:
    """Add the command of the site to those of kloof."""
    app.command()(site)


def site(
    reports: Annotated[
        list[Path] | None, typer.Argument(help="folders of finished reports; without any: all of reports/")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="folder to write the site to; an earlier site there is replaced whole")
    ] = Path("site"),
) -> None:
    """Make a site of finished reports: index, ranking, comparison, verdicts, methods, calibration, data (nl and en)."""
    from kloof.catalogue import catalogue
    from kloof.paths import folders_for
    from kloof_site.atlas import read_reports
    from kloof_site.site import build_site

    read = read_reports(list(reports) if reports else finished())
    with folders_for(out):
        folder = build_site(read, catalogue(), out)
    counted = "1 municipality" if len(read) == 1 else f"{len(read)} municipalities"
    print(f"The site of {counted}: {folder}/nl/index.html   {folder}/en/index.html")
    print("It opens from disk; to serve it, copy the folder to any web server.")


def finished() -> list[Path]:
    """Give the folders of reports/ that hold a report, or what is left of one; the committed example has no crate."""
    from kloof.paths import project_folder
    from kloof.run.batch import MADE
    from kloof.run.provenance import CRATE

    reports = project_folder() / "reports"
    found = {path.parent for name in ("results.json", CRATE, MADE) for path in reports.glob(f"*/{name}")}
    return sorted(folder for folder in found if folder.name != "example" and not folder.name.startswith("."))
