"""Where the project keeps its files, and how one is written: whole or not at all, the same bytes each time."""

import csv
import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import StringIO
from pathlib import Path
from secrets import token_hex
from typing import Any

import pandas as pd

from kloof.errors import ParameterError

SHORT = 160  # letters of an object that stands on one line
SHOWN = 40  # letters of a file's name that its temporary one has: a longer one might be too long for the system


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


FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")
PRINTED = re.compile(r"[+-]?\d[\d.,\s\u00a0\u202f]*(?:[eE][+-]?\d+)?\s*%?")


def no_formula(value: Any) -> Any:
    """Write a cell of a CSV so that no spreadsheet takes its text for a formula: an apostrophe before what begins one.

    One may begin a text, or what follows in it on a sign that parts columns or rows. Numbers stay, printed ones too.
    """
    if not isinstance(value, str) or PRINTED.fullmatch(value):
        return value
    return FORMULA.sub("'", value)


def csv_of(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """Write a CSV to look at in a spreadsheet: what is missing is empty, and no text is a formula."""
    content = StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(map(no_formula, head))
    writer.writerows([["" if value is None else no_formula(value) for value in row] for row in rows])
    return content.getvalue()


def frame_csv(table: pd.DataFrame) -> str:
    """Write a frame as CSV, as `csv_of` does."""
    texts = table.select_dtypes(exclude="number").columns
    safe = table.assign(**{name: table[name].map(no_formula) for name in texts})
    return safe.rename(columns=no_formula).to_csv(index=False, lineterminator="\n")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file to a temporary place beside it and rename, so that a half file never exists."""
    write_together({path: content})


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Write files that belong together: each to a temporary place beside it, and all renamed when all are there.

    When one cannot be written, every file and folder is as it was. What is no file of its own, such as /dev/stdout, is
    written straight away.
    """
    temporary: dict[Path, Path] = {}
    with ExitStack() as stack:
        try:
            for path, content in contents.items():
                data = content.encode("utf-8") if isinstance(content, str) else content
                with _blamed_on(path):
                    if path.exists() and not path.is_file():
                        path.write_bytes(data)
                        continue
                    stack.enter_context(folders_for(path))
                    # named before it is made: a signal in between must not leave it behind
                    temporary[path] = path.with_name(f".{path.name[:SHOWN]}.{token_hex(4)}")
                    with temporary[path].open("xb") as file:
                        file.write(data)
                    temporary[path].chmod(0o644)
            for path, beside in temporary.items():
                with _blamed_on(path):
                    beside.replace(path)
        finally:
            for beside in temporary.values():
                beside.unlink(missing_ok=True)


@contextmanager
def _blamed_on(path: Path) -> Iterator[None]:
    """Let an error of the system name the file that was meant, not the temporary one beside it."""
    try:
        yield
    except OSError as problem:
        problem.filename, problem.filename2 = str(path), None
        raise


@contextmanager
def folders_for(path: Path) -> Iterator[None]:
    """Make the folders in which a path lies; when what is done then fails, those that were not there go again."""
    new = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in new:
            with suppress(OSError):  # it was not made, or somebody else put something in it
                folder.rmdir()
        raise


REGISTRY = "registry.csv"


FOLDERS = ("data", "notebooks")  # folders by which a project is known


def project_folder() -> Path:
    """Folder that holds data, notebooks and reports: KLOOF_HOME, the checkout, or where you are and the folders above.

    Raises ParameterError, saying how to come by one, where there is no project.
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
        f"there is no project here. kloof needs a folder with notebooks and data, and {where} none. Put them in a "
        "folder (kloof init FOLDER) and work in it, or name it: KLOOF_HOME=FOLDER. Without one there are kloof "
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
