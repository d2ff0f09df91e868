"""Where the project keeps its files, and how one is written: whole or not at all, the same bytes each time."""

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from kloof.errors import ParameterError

SHORT = 160  # letters of an object that stands on one line


def plain(value: Any) -> Any:
    """Turn numpy, pandas and nested values into what JSON knows, floats to 12 significant digits."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        ordered = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in ordered]
    if value is None or value is pd.NA or isinstance(value, str | bool):
        return None if value is pd.NA else value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        short = float(f"{value:.12g}")
        return int(short) if short.is_integer() and abs(short) < 1e15 else short
    return value


def dump(content: Any) -> str:
    """Write JSON in one canonical way: keys sorted, one space a level, a row of a table a line, real letters."""
    return _lines(plain(content), "\n") + "\n"


def _lines(value: Any, line: str) -> str:
    """Write plain values; `line` is a new line with the spaces of its level.

    A list of single values is one line, and so is a short object of them.
    """
    if isinstance(value, dict):
        if not _nested(value.values()) and len(short := _short(value)) <= SHORT:
            return short
        return _block("{}", (f"{_short(key)}: {_lines(value[key], f'{line} ')}" for key in sorted(value)), line)
    if isinstance(value, list) and _nested(value):
        return _block("[]", (_lines(item, f"{line} ") for item in value), line)
    return _short(value)


def _nested(values: Iterable[Any]) -> bool:
    """Tell whether there is a list or an object among the values."""
    return any(isinstance(value, dict | list) for value in values)


def _block(around: str, parts: Iterable[str], line: str) -> str:
    """Write parts on lines of their own between two brackets."""
    return f"{around[0]}{line} {f',{line} '.join(parts)}{line}{around[1]}"


_short = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True).encode


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file to a temporary place beside it and rename, so that a half file never exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


REGISTRY = "registry.csv"


FOLDERS = ("data", "notebooks")  # folders by which a project is known


def project_folder() -> Path:
    """Folder that holds data, notebooks and reports: KLOOF_HOME, the checkout, or where you are and the folders above.

    Raises ParameterError, saying how to come by one, where there is no project: kloof was installed without it.
    """
    if home := os.environ.get("KLOOF_HOME"):
        places, where = [Path(home)], f"KLOOF_HOME is {home}, which has"
    else:
        here = Path.cwd()
        places, where = [Path(__file__).resolve().parents[2], here, *here.parents], f"{here} and the folders above have"
    enough = any if home else all  # a folder that is named may be half a project
    for place in places:
        if enough((place / part).is_dir() for part in FOLDERS):
            return place
    raise ParameterError(
        f"there is no project here. kloof needs a folder with notebooks and data, and {where} none: get the source of "
        "kloof, which is such a folder, and work in it, or name it: KLOOF_HOME=FOLDER. Without one there are kloof "
        "measure, kloof list indices and kloof glossary."
    )


def data_folder() -> Path:
    """Folder of the embedded data."""
    return project_folder() / "data"


def embedded() -> list[str]:
    """Names of the embedded data sets: folders under data/ with a registry."""
    return sorted(path.parent.name for path in data_folder().glob(f"*/{REGISTRY}"))


def sha256(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
