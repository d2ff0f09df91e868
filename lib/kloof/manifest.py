"""Many municipalities at once: each gets its results, one at a time kept, so that a run that stops can go on.

What one municipality lacks stops that one only, and is told.
"""

import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kloof.errors import KloofError, ParameterError, faults
from kloof.execution import execute_languages
from kloof.notebook import header
from kloof.presets import MUNICIPALITY, read_preset
from kloof.results import dump, write_whole
from kloof.run import collect, command_of, notebook_paths
from kloof.sources import project_folder
from kloof.study import open_study

LANGUAGE = "en"  # of the notebooks that are run for their results only
Tell = Callable[[str, str], None]


def municipalities(preset: str) -> tuple[list[str], str]:
    """Give the municipalities of a preset that has several, and the one whose place is told.

    Raises ParameterError when the preset has none, or a code is not one.
    """
    content = read_preset(preset)
    codes = content.get("municipalities")
    if not codes:
        raise ParameterError(f"preset {preset} has one municipality: kloof run --preset {preset}.")
    wrong = [f"{code!r} is not GM and four digits" for code in codes if not MUNICIPALITY.fullmatch(str(code))]
    place = str(content.get("place", codes[0]))
    if place not in codes:
        wrong.append(f"place {place!r} is not one of its municipalities")
    if wrong:
        raise ParameterError(faults(f"preset {preset}", wrong, "Correct notebooks/presets."))
    return [str(code) for code in codes], place


def read_areas(path: Path, wanted: Sequence[str]) -> dict[str, str]:
    """Read the areas per municipality (TOML: GM0344 = ["BU…", …]) as focus lists: codes joined by commas.

    Raises ParameterError listing every fault: no such file, no TOML, a municipality that is not in the preset or has
    none, a code that is no buurt of it.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ParameterError(f"{path.name} cannot be read as TOML: {problem}.") from None
    odd = [code for code, buurten in content.items() if not isinstance(buurten, list)]
    found = [f"{code} is not in the preset" for code in content if code not in wanted]
    found += [f"{code} must be a list of codes, not {content[code]!r}" for code in odd]
    found += [f"{code} has no areas" for code in wanted if code not in odd and not content.get(code)]
    found += [
        f"{code} has {buurt!r}, which is no buurt of it"
        for code, buurten in content.items()
        for buurt in (() if code in odd else buurten)
        if not str(buurt).startswith(f"BU{code[2:]}")
    ]
    if found:
        raise ParameterError(faults(path.name, found, 'Give per municipality a line: GM0344 = ["BU03440101", …].'))
    return {code: ",".join(sorted(content[code])) for code in wanted}


def folder_of(preset: str) -> Path:
    """Folder in which the results of the municipalities are kept."""
    return project_folder() / "reports" / preset


def run_each(
    preset: str, codes: Sequence[str], overrides: Mapping[str, Mapping[str, Any]], workers: int, tell: Tell
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Run all notebooks for each municipality; give the results by code, and why others have none.

    `overrides` are parameters by municipality. Results that were made with the same parameters, data and claims are
    kept as they are; each is written as soon as it is there. `tell` hears code and state.
    """

    def one(code: str) -> tuple[str, dict[str, Any] | None, str]:
        try:
            document = _results(preset, {"municipality": code, **overrides.get(code, {})}, tell)
        except KloofError as problem:
            tell(code, "failed")
            return code, None, str(problem)
        return code, document, ""

    with ThreadPoolExecutor(max_workers=max(workers, 1)) as pool:
        found = list(pool.map(one, codes))
    made = {code: document for code, document, _ in found if document is not None}
    return made, {code: problem for code, document, problem in found if document is None}


def _results(preset: str, given: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Give the results of one municipality: those kept when they are fresh, else of a run of the notebooks."""
    code = str(given["municipality"])
    study = open_study({**given, "preset": preset, "language": LANGUAGE})
    kept = folder_of(preset) / f"{code}.json"
    wanted = header(study)
    if kept.is_file():
        document: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        if all(document.get(key) == value for key, value in wanted.items()):
            tell(code, "kept")
            return document
    tell(code, "running")
    work = Path(tempfile.mkdtemp(prefix="kloof-manifest-"))
    try:
        parameters = {**given, "preset": preset}
        execute_languages(notebook_paths(), work, parameters, (LANGUAGE,), lambda _: None)
        document = collect(work / "parts", (LANGUAGE,), command_of(study, preset, given))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    write_whole(kept, dump(document))
    tell(code, "done")
    return document
