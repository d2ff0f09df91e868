"""A project with an earlier report in it, to see that it stays whole whatever goes wrong."""

from pathlib import Path

FIRST = "01_what_do_we_know.ipynb"


def keep_only_first(home: Path) -> Path:
    """Leave one notebook, so that a run is short; return its path."""
    for path in (home / "notebooks").glob("*.ipynb"):
        if path.name != FIRST:
            path.unlink()
    return home / "notebooks" / FIRST


def earlier_report(home: Path) -> dict[str, bytes]:
    """Make a stand-in for an earlier report; return its files."""
    folder = home / "reports" / "breda" / "nl"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("earlier", encoding="utf-8")
    return files(home)


def files(home: Path) -> dict[str, bytes]:
    """Give every file of the report folder."""
    root = home / "reports" / "breda"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def leftovers(home: Path) -> list[str]:
    """List half-made folders."""
    return [path.name for path in (home / "reports").iterdir() if path.name.startswith(".")]
