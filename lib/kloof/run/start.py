"""A project of your own: the notebooks, presets and embedded figures that kloof carries, copied into a folder."""

import shutil
from pathlib import Path

from kloof.errors import ParameterError
from kloof.paths import FOLDERS, folders_for
from kloof.run.ending import making

_HOUSE = Path(__file__).resolve().parents[1]
OWN = (  # what a checkout holds beside that, and what was made in it
    "raw", "store", "__pycache__", ".ipynb_checkpoints", "my_*.toml", "my_work_*", "*_antwoorden_*", "*_answers_*",
)  # fmt: skip


def carried() -> Path:
    """Folder of what is copied: it lies in an installed kloof, and in a checkout it is the checkout."""
    packed = _HOUSE / "project"
    return packed if packed.is_dir() else _HOUSE.parents[1]


def empty(folder: Path) -> bool:
    """Tell whether a folder holds nothing, but for what is hidden."""
    return all(path.name.startswith(".") for path in folder.iterdir())


def start(folder: Path) -> Path:
    """Copy notebooks and data into a folder, which is made when it is not there; wholly, or not at all.

    Raises ParameterError where there are notebooks or data already: nothing of one's own is written over.
    """
    if there := [name for name in FOLDERS if (folder / name).exists()]:
        raise ParameterError(
            f"{folder} has {' and '.join(there)} already, and nothing is written over. Give a folder without."
        )
    target = folder.resolve()
    with folders_for(target / FOLDERS[0]), making(target) as made:
        for name in FOLDERS:
            shutil.copytree(carried() / name, made / name, ignore=shutil.ignore_patterns(*OWN))
        for name in FOLDERS:
            (made / name).rename(target / name)
    return target
