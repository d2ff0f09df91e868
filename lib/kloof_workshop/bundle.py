"""What the teacher bundles so that every session runs in a browser: builds of numpy and its kin, and kloof as a whole.

The builds are fetched once, by a person with internet; here they are only looked at and copied.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import kloof
from kloof.errors import SourceError, faults
from kloof.paths import data_folder, project_folder
from kloof.words.numbers import LANGUAGES

# what the sessions import, and all below them
WANTED = ("numpy", "pandas", "scipy", "statsmodels", "matplotlib", "seaborn", "babel")
MADE_AT = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"  # where the makers of pyodide keep their builds
ANYWHERE = "-py3-none-any.whl"  # how the name of a pure wheel ends
HOME = "kloof_workshop/home"  # where the project's figures are in the page
DOWNLOADED = ("raw", "store")  # folders of data that are not for others
AT_HOME = f'''"""kloof in a browser: the project is inside the package."""

import os
from pathlib import Path

os.environ.setdefault("KLOOF_HOME", str(Path(__file__).with_name("{HOME.rpartition("/")[2]}")))
'''


def whole() -> dict[str, bytes]:
    """Give the files of kloof, the workshop and the figures and claims they read, as they stand in the page."""
    library = Path(kloof.__file__).parents[1]
    made = dict[str, bytes]()
    for room in ("kloof", "kloof_workshop"):
        made |= _files(library / room, room)
    made |= _files(data_folder(), f"{HOME}/data", without=DOWNLOADED)
    notebooks = project_folder() / "notebooks"
    for name in ("presets", "debates"):
        made |= _files(notebooks / name, f"{HOME}/notebooks/{name}")
    made[f"{HOME}/notebooks/claims.toml"] = (notebooks / "claims.toml").read_bytes()
    own = [name for name in made if name.startswith(f"{HOME}/notebooks/presets/my_")]
    return {name: content for name, content in made.items() if name not in own} | {
        "kloof_workshop/__init__.py": AT_HOME.encode("utf-8")
    }


def _files(folder: Path, name: str, without: Sequence[str] = ()) -> dict[str, bytes]:
    found = {}
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in ("__pycache__", *without))
        for one in sorted(files):
            path = Path(place) / one
            found[f"{name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return found


def copied(
    bundle: Path, named: Mapping[str, Mapping[str, Any]], pure: Sequence[str], target: Path, version: str
) -> None:
    """Copy the builds that a lock file names, and pure wheels by name, from the teacher's folder.

    Raises SourceError with all that lack or have other bytes than the lock file says, and where they are to be had.
    """
    wrong, kept = list[str](), list[Path]()
    for entry in named.values():
        path = bundle / str(entry["file_name"])
        if not path.is_file():
            wrong.append(f"{path.name} is not there: {MADE_AT.format(version=version)}{path.name}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            wrong.append(f"{path.name} has other bytes than pyodide {version} expects: fetch it again")
        else:
            kept.append(path)
    for name in pure:
        found = sorted(bundle.glob(f"{name}-*{ANYWHERE}"))
        if len(found) == 1:
            kept.append(found[0])
        else:
            said = "is not there" if not found else f"is there {len(found)} times"
            wrong.append(f"{name}-…{ANYWHERE} {said}: pip download --no-deps {name}")
    if wrong:
        raise SourceError(faults(str(bundle), wrong, "They are fetched once, with internet."))
    for path in kept:
        shutil.copyfile(path, target / path.name)


def unknown_versions(named: Mapping[str, Mapping[str, Any]], ranges: Sequence[tuple[str, str]]) -> list[str]:
    """Say which builds have a version with which kloof was never tried."""
    from packaging.specifiers import SpecifierSet

    return [
        f"{name} {named[name]['version']} was never tried with kloof (tried: {tried})."
        for name, tried in ranges
        if name in named and not SpecifierSet(tried).contains(str(named[name]["version"]), prereleases=True)
    ]


def runs(cells: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out of a notebook what starts another program: there is none in a page."""
    return [cell for cell in cells if "report" not in cell["metadata"].get("tags", [])]


def start_page(title: str) -> str:
    """Write the page at the root: it opens the workshop's start page instead of JupyterLab's launcher."""
    to = "lab/index.html?path=index.ipynb"
    return (
        f'<!doctype html>\n<html lang="{LANGUAGES[0]}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta http-equiv="refresh" content="0; url={to}">\n</head>\n'
        f'<body><p><a href="{to}">{title}</a></p></body>\n</html>\n'
    )
