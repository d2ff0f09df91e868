"""Hypotheses of a researcher: one file each in notebooks/hypotheses, registered with a date and a stamp.

A hypothesis counts as registered before the run when no report with findings on its indicator existed as it was
registered, and its file has not been changed since; otherwise what is found on it is exploratory, and marked so.
"""

import difflib
import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kloof.catalogue import MONEY, catalogue
from kloof.errors import CatalogueError
from kloof.findings import HIGHER, LOWER
from kloof.methods.gap import ABSOLUTE, REAL, RELATIVE
from kloof.paths import project_folder, write_whole

TESTS = ("gap", "gap_change", "gap_change_before", "beyond_trend")
MEASURES = (ABSOLUTE, REAL, RELATIVE)
NAME = re.compile(r"[a-z][a-z0-9_]{2,39}")
TEXTS = ("nl", "en", "short_nl", "short_en", "change_nl", "change_en")
_NEEDED = ("id", "registered", "seen_in", *TEXTS, "indicator", "test", "measures", "expected", "smallest_effect")
OPTIONAL = ("year_from", "year_to", "focus", "stamp")
STAMP = re.compile(r'^stamp = ".*"\n', re.MULTILINE)


def folder() -> Path:
    """Folder of the hypotheses and their notebooks."""
    return project_folder() / "notebooks" / "hypotheses"


def files() -> list[Path]:
    """List the registered files by name."""
    return sorted(folder().glob("*.toml"))


def notebooks() -> list[Path]:
    """Notebooks of the registered hypotheses."""
    return [path for path in (place.with_suffix(".ipynb") for place in files()) if path.is_file()]


def stamp_of(content: str) -> str:
    """Hash what a file says, without its stamp."""
    return hashlib.sha256(STAMP.sub("", content).encode("utf-8")).hexdigest()


def read_all() -> dict[str, dict[str, Any]]:
    """Give the registered hypotheses as claims: id → entry, with `exploratory` and where its notebook is.

    Raises CatalogueError listing every fault of every file.
    """
    made: dict[str, dict[str, Any]] = {}
    found: list[str] = []
    for path in files():
        content = path.read_text(encoding="utf-8")
        try:
            entry = tomllib.loads(content)
        except tomllib.TOMLDecodeError as problem:
            found.append(f"{path.name} is not valid TOML: {problem}")
            continue
        wrong = faults_of(entry)
        if entry.get("id") in made:
            wrong.append(f"id {entry['id']} belongs to {made[entry['id']]['notebook']}.toml too")
        if wrong:
            found.append(f"{path.name}: {'; '.join(wrong)}")
            continue
        changed = entry.get("stamp") != stamp_of(content)
        made[entry["id"]] = {
            **entry, "source": "own", "notebook": path.stem, "kind": entry["test"], "indicators": [entry["indicator"]],
            "changed": changed, "exploratory": changed or bool(entry["seen_in"]),
        }  # fmt: skip
    if found:
        raise CatalogueError(
            f"notebooks/hypotheses: {'. '.join(found)}. Correct the file, or make it anew: kloof hypothesis new."
        )
    return made


def faults_of(
    entry: Mapping[str, Any], needed: Sequence[str] = _NEEDED, optional: Sequence[str] = OPTIONAL
) -> list[str]:
    """List everything that is wrong with a hypothesis, apart from whether its indicator and years exist.

    `needed` and `optional` are what it must and may have; it has `measures`, or one `measure`.
    """
    found = [f"it has no {name}" for name in needed if name not in entry]
    found += [f"{name} is not something a hypothesis has" for name in entry if name not in (*needed, *optional)]
    if "id" in entry and not re.fullmatch(r"X[1-9]\d*", str(entry["id"])):
        found.append(f"id must be X and a number, not {entry['id']!r}")
    if entry.get("test", TESTS[0]) not in TESTS:
        found.append(f"test {entry['test']!r} is not known; valid: {', '.join(TESTS)}")
    if entry.get("expected", HIGHER) not in (HIGHER, LOWER):
        found.append(f"expected {entry['expected']!r} is not known; valid: {HIGHER}, {LOWER}")
    if entry.get("measure", ABSOLUTE) not in MEASURES:
        found.append(f"measure {entry['measure']!r} is not known; valid: {', '.join(MEASURES)}")
    measures = entry.get("measures", [ABSOLUTE])
    if not isinstance(measures, list | tuple) or not measures or any(one not in MEASURES for one in measures):
        found.append(f"measures {measures!r} must hold one or more of {', '.join(MEASURES)}")
    elif entry.get("test") == "gap" and list(measures) != [ABSOLUTE]:
        found.append("a test of a level (gap) has the measure absolute only")
    size = entry.get("smallest_effect", 1.0)
    if isinstance(size, bool) or not isinstance(size, int | float) or not 0 < size < math.inf:
        found.append(f"smallest_effect must be a number above 0, not {size!r}")
    found += [f"{name} is empty" for name in (*TEXTS, "because") if name in entry and not str(entry[name]).strip()]
    found += [
        f"{name} holds a number; the report puts the numbers beside it"
        for name in ("short_nl", "short_en")
        if re.search(r"\d", str(entry.get(name, "")))
    ]
    years = entry.get("year_from", 0), entry.get("year_to", 0)
    if odd := [year for year in years if isinstance(year, bool) or not isinstance(year, int)]:
        found.append(f"year_from and year_to must be whole years, not {odd[0]!r}")
    elif all(years) and not years[0] < years[1]:
        found.append(f"year_from ({years[0]}) must lie before year_to ({years[1]})")
    return found


def faults_of_new(
    name: str, entry: Mapping[str, Any], needed: Sequence[str] = _NEEDED, optional: Sequence[str] = OPTIONAL,
    begin: str = "",
) -> list[str]:  # fmt: skip
    """List everything that keeps a hypothesis from being registered under a name, which must `begin` so.

    That is what `faults_of` finds, an indicator that is not in the catalogue, and a name that cannot be one.
    """
    found = []
    known = catalogue().indicators
    if "indicator" in entry and (wanted := str(entry["indicator"])) not in known:
        near = difflib.get_close_matches(wanted, list(known), n=3, cutoff=0.5)
        hint = f" (nearest: {', '.join(near)})" if near else ""
        found.append(f"indicator {wanted!r} is not in the catalogue{hint}; see: kloof list indicators")
    found += faults_of(entry, needed, optional)
    found += _faults_of_prices(entry)
    if not (NAME.fullmatch(name) and name.startswith(begin)):
        begin = begin or "a letter"
        found.append(f"name {name!r} must be 3 to 40 small letters, digits and _, and begin with {begin}")
    return found


def measures_of(indicator: str, test: str) -> tuple[str, ...]:
    """Give the measures of a test that names none: of money in constant prices, since prices alone move amounts."""
    known = catalogue().indicators
    money = indicator in known and known[indicator].unit in MONEY
    return (ABSOLUTE,) if test == "gap" else (REAL, RELATIVE) if money else (ABSOLUTE, RELATIVE)


def _faults_of_prices(entry: Mapping[str, Any]) -> list[str]:
    """List measures that cannot decide about this indicator."""
    name, measures = str(entry.get("indicator")), entry.get("measures", ())
    if entry.get("test") == "gap" or name not in catalogue().indicators or not isinstance(measures, list | tuple):
        return []
    if catalogue().indicators[name].unit not in MONEY:
        return [f"measure {REAL} is of amounts of money only, and {name} has another unit"] if REAL in measures else []
    if set(measures) == {ABSOLUTE}:
        why = f"prices alone move {name} in the prices of each year, so that it gets no verdict"
        return [f"{why}: add measure {REAL} or {RELATIVE}"]
    return []


def seen_in(indicator: str) -> list[str]:
    """Name the reports that hold a finding on an indicator: whoever made one may have seen it.

    Results of many municipalities together (`kloof manifest`) are files named by their codes beside each other.
    """
    seen = []
    reports = project_folder() / "reports"
    for path in sorted([*reports.glob("*/results.json"), *reports.glob("*/GM[0-9][0-9][0-9][0-9].json")]):
        findings = json.loads(path.read_text(encoding="utf-8"))["findings"].values()
        if any(finding["indicator"] == indicator and finding["estimate"] is not None for finding in findings):
            seen.append(path.parent.name)
    return list(dict.fromkeys(seen))


def next_id() -> str:
    """Give the first number that no hypothesis has."""
    taken = [int(str(entry["id"])[1:]) for entry in read_all().values()]
    return f"X{max(taken, default=0) + 1}"


def register(name: str, entry: Mapping[str, Any], notebook: str) -> tuple[Path, Path]:
    """Write a hypothesis with its stamp and its notebook; give both paths.

    Raises CatalogueError listing every fault: those of `faults_of_new`, and a name that is taken.
    """
    found = faults_of_new(name, entry)
    target = folder() / f"{name}.toml"
    if target.exists():
        found.append(f"notebooks/hypotheses/{target.name} exists; a registered hypothesis is not written over")
    if found:
        raise CatalogueError(f"This hypothesis cannot be registered. {'; '.join(found)}.")
    content = as_toml(entry)
    write_whole(target, f'{content}stamp = "{stamp_of(content)}"\n')
    write_whole(target.with_suffix(".ipynb"), notebook)
    return target, target.with_suffix(".ipynb")


def as_toml(entry: Mapping[str, Any]) -> str:
    """Write an entry as TOML, a line for each field; the same content gives the same bytes."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in entry.items())


def _value(value: Any) -> str:
    """Write a value: text, number, date, yes or no, a list or a mapping of them."""
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_value(item)}' for key, item in value.items())} }}"
    return str(value)
