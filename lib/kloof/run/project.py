"""What there is to choose from, and whether the project itself is in order."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from kloof.catalogue import catalogue
from kloof.documents import read_toml
from kloof.errors import CatalogueError, KloofError, NotebookError, refusal
from kloof.paths import data_folder, embedded, project_folder
from kloof.run.notebooks import PARAMETERS, cells_of, declared, holds_output, notebook_paths
from kloof.study.dataset import STORE
from kloof.study.parameters import ANY, HELP, SETTINGS, preset_names, preset_parameters, read_preset
from kloof.study.places import Place, places
from kloof.words import opposites, sentences
from kloof.words.cards import mark
from kloof.words.numbers import LANGUAGES

Rows = Iterable[tuple[str, str]]


def title(path: Path, language: str) -> str:
    """Give the question a notebook asks."""
    try:
        cells = cells_of(path)
    except NotebookError:
        return path.stem
    for cell in cells:
        if cell["cell_type"] == "markdown" and language in cell["metadata"].get("tags", []):
            return "".join(cell["source"]).split("\n", maxsplit=1)[0].lstrip("# ").strip()
    return path.stem


def kinds() -> dict[str, Callable[[], Rows]]:
    """Give what can be listed: a kind, and how its rows of a name and what it is are found."""
    return {
        "notebooks": notebooks, "presets": presets, "municipalities": held_municipalities, "indicators": indicators,
        "indices": indices, "focus": focus_lists, "sources": sources,
    }  # fmt: skip


def notebooks() -> Rows:
    """List the notebooks with their questions."""
    return [(path.stem, title(path, "en")) for path in notebook_paths(explore=True)]


def presets() -> Rows:
    """List the presets with their municipality and years."""
    rows = []
    for name in preset_names():
        values = {"municipality": "any municipality (--set municipality=NAME)", **read_preset(name)["parameters"]}
        rows.append(
            (
                name,
                f"{values['municipality']}, {values['year_from']}-{values['year_to']}, source {values['source']}",
            )
        )
    return rows


def held_municipalities() -> Rows:
    """List the municipalities that have figures here: code and name, and where they are, with the years."""
    return [
        (f"{place.code}  {place.name}", "; ".join(_held(place, where) for where in place.years)) for place in places()
    ]


def _held(place: Place, where: str) -> str:
    """Say the years in an embedded set or the store; a span has all of its years."""
    years = place.years[where]
    spans: list[list[int]] = []
    for year in years:
        if spans and spans[-1][-1] == year - 1:
            spans[-1].append(year)
        else:
            spans.append([year])
    written = ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans)
    return f"{where if where == STORE else f'embedded in {where}'} {written}"


def indicators() -> Rows:
    """List the indicators with label and unit."""
    return [(name, f"{entry.en} ({entry.unit})") for name, entry in catalogue().indicators.items()]


def indices() -> Rows:
    """List the indices with what they say."""
    from kloof.measures.registry import INDICES

    return [(name, entry.what_en) for name, entry in INDICES.items()]


def focus_lists() -> Rows:
    """List the focus lists of the embedded data."""
    known = catalogue()
    rows = [(name, entry["en"]) for name, entry in known.focus.items()]
    return [
        *rows,
        (
            "lowest:11:mean_income_per_inhabitant:2016",
            "a rule: the 11 lowest on an indicator in a year (or highest:…, 20% for 11, first for the year)",
        ),
    ]


def sources() -> Rows:
    """List the sources of the embedded data."""
    from kloof.study.load import load

    known, rows = catalogue(), []
    for name in embedded():
        preset = next(
            (read_preset(p)["parameters"] for p in preset_names() if read_preset(p)["parameters"]["source"] == name),
            None,
        )
        if preset:
            table = load(name, preset["municipality"], known).sources
            rows += [
                (str(entry.source_id), f"{entry.title} ({entry.publisher}; {entry.licence})")
                for entry in table.itertuples()
            ]
    return rows


def parameters_of(notebook: str, preset: str) -> tuple[str, list[tuple[str, str, Any, str]]]:
    """Give a notebook's question and its parameters: name, type, value under a preset, meaning."""
    path = notebook_paths([notebook], explore=True)[0]
    values = preset_parameters(preset)
    rows = []
    for name, kind in declared(path).items():
        if name == SETTINGS:
            continue
        value = getattr(values, name, "–")
        shown = "yours: --set municipality=NAME" if value == ANY else value
        rows.append((name, kind, shown, HELP.get(name, "no parameter that kloof knows; see: kloof check")))
    return f"{path.stem}: {title(path, 'en')}", rows


def faults_of_project() -> list[str]:
    """List everything that is wrong with data, catalogue, store, presets, claims, texts and notebooks.

    That notebooks hold outputs is no fault here: whoever runs them in JupyterLab saves them so (`notebooks_run`).
    """
    from kloof.fetch.registry import read_registry
    from kloof.files.vocabularies import read_vocabularies
    from kloof.run import slips
    from kloof.store.manifest import damage
    from kloof.store.mapping import read_mapping
    from kloof.study import claims, debates
    from kloof.study.load import verify

    checks: list[Callable[[], object]] = [partial(verify, data_folder() / name) for name in embedded()]
    checks += [
        partial(read_mapping, data_folder() / "mapping.csv"),
        partial(read_registry, data_folder() / "sources.toml"),
        lambda: read_vocabularies(data_folder() / "vocabularies.toml", catalogue()),
        claims.registry,
        debates.read_debates,
        lambda: found.extend(sentences.complete(catalogue())),
        lambda: found.extend(_languages_differ()),
    ]
    found = faults_of_presets()
    for check in checks:
        try:
            check()
        except KloofError as problem:
            found.append(str(problem))
        except OSError as problem:
            found.append(refusal(problem))
    found += damage()
    for path in notebook_paths(explore=True):
        found += slips.faults_of(path)
        try:
            notebook = {"cells": cells_of(path)}
        except NotebookError:
            continue  # which is told as a slip
        found += [told for fault in notebook_faults(notebook) if (told := f"{path.name}: {fault}") not in found]
    return found


def faults_of_presets() -> list[str]:
    """List what is wrong with the presets: their files, their values, and names that the catalogue does not have."""
    from kloof.study.study import check_names

    found = []
    for name in preset_names():
        try:
            check_names(preset_parameters(name))
        except KloofError as problem:
            told = str(problem)
            found.append(told if name in told else f"preset {name}: {told}")
    return found


def _languages_differ() -> list[str]:
    """List where Dutch and English say what the other does not."""
    return [fault for path in prose() for fault in opposites.faults(path.name, read_toml(path, CatalogueError))]


def prose() -> list[Path]:
    """List the files with texts in Dutch and English: of the library, the claims, the catalogue and the debates."""
    library = [Path(str(resources.files("kloof.words").joinpath(name))) for name in sentences.TABLES]
    library.append(Path(str(resources.files("kloof.measures").joinpath("indices.toml"))))
    study = project_folder() / "notebooks"
    known = [data_folder() / name for name in ("catalogue.toml", "sources.toml")]
    return [*library, study / "claims.toml", *sorted(study.glob("debates/*.toml")), *known]


def notebooks_run() -> list[Path]:
    """Give the notebooks that hold outputs or execution counts, as they are saved after a run."""
    return [path for path in notebook_paths(explore=True) if holds_output(path)]


def notebook_faults(notebook: dict[str, Any]) -> list[str]:
    """List where a notebook departs from the anatomy: outputs, long cells, definitions, languages, parameters."""
    from kloof.run import slips

    cells = notebook["cells"]
    found = []
    tagged = [cell for cell in cells if PARAMETERS in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        found.append(f"{len(tagged)} cells are tagged parameters; there must be one")
    for number, cell in enumerate(cells, 1):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        if cell.get("outputs") or cell.get("execution_count") is not None:
            found.append(f"cell {number} holds output; clear it before committing")
        if cell in tagged:
            found += [*slips.strange_parameters(source), *slips.own_values(source)]
        elif len(source.splitlines()) > 12:
            found.append(f"cell {number} has more than twelve lines; move the work to the library")
        if re.search(r"^\s*(def|class) ", source, flags=re.MULTILINE):
            found.append(f"cell {number} defines something; move it to the library")
    found += _unmarked(cells)
    found += _language_faults(cells)
    return found


def _unmarked(cells: list[dict[str, Any]]) -> list[str]:
    """List text cells of a language without the mark by which JupyterLab shows those of one language only."""
    return [
        f"cell {number} must end with an empty line and {mark(language)}"
        for number, cell in enumerate(cells, 1)
        for language in LANGUAGES
        if cell["cell_type"] == "markdown"
        and language in cell["metadata"].get("tags", [])
        and not "".join(cell["source"]).endswith(f"\n\n{mark(language)}")
    ]


def _language_faults(cells: list[dict[str, Any]]) -> list[str]:
    """List where Dutch and English text cells do not come in pairs with equal headings."""
    texts = {
        language: [c for c in cells if c["cell_type"] == "markdown" and language in c["metadata"].get("tags", [])]
        for language in LANGUAGES
    }
    if len(texts["nl"]) != len(texts["en"]):
        return [f"{len(texts['nl'])} Dutch and {len(texts['en'])} English text cells; they come in pairs"]
    levels = {
        language: [len(text) - len(text.lstrip("#")) for text in ("".join(cell["source"]) for cell in own)]
        for language, own in texts.items()
    }
    return [] if levels["nl"] == levels["en"] else ["Dutch and English headings do not have the same levels"]
