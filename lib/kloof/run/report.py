"""Preset → papermill → report. Everything is made in a temporary place and put there whole, or not at all."""

import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kloof.errors import NotebookError, ParameterError, ReportError
from kloof.paths import plain, project_folder
from kloof.report.publish import publish
from kloof.results import join_sections
from kloof.run import provenance, slips
from kloof.run.ending import making, take_away
from kloof.run.execute import DEFAULT, WARM, How, Progress, Step, call_each, execute_languages
from kloof.run.notebooks import declared, notebook_paths
from kloof.study import claims
from kloof.study.debates import debate
from kloof.study.parameters import ANY, HELP, SETTINGS, as_typed, parameters, report_name
from kloof.study.study import Study, check_names, open_study
from kloof.words.numbers import LANGUAGES

FOUND = "found"  # beside the notebooks that ran alone: what each of them found


def check_overrides(overrides: Mapping[str, Any], paths: Sequence[Path]) -> None:
    """Refuse a parameter that none of the notebooks takes, before any kernel starts.

    What a notebook does not declare it is given in its `settings`, so that one with these takes every parameter.
    """
    known = {name for path in paths for name in declared(path)}
    known |= set(HELP) if SETTINGS in known else set()
    if unknown := [name for name in overrides if name not in known]:
        lines = ", ".join(f"{name} ({HELP[name]})" for name in HELP if name in known)
        raise ParameterError(f"{', '.join(unknown)}: no notebook of this run has this parameter. Valid: {lines}.")


def check_run(preset: str, overrides: Mapping[str, Any], paths: Sequence[Path]) -> None:
    """Refuse what no municipality could be run with, once for all of them: slips in notebooks, names that are none.

    Raises NotebookError for the notebooks, ParameterError for the parameters.
    """
    slips.check(paths)
    check_overrides(overrides, paths)
    check_names(parameters({"municipality": ANY, **overrides, "preset": preset}))


def collect(parts: Path, languages: Sequence[str], command: str) -> dict[str, Any]:
    """Join the parts into one results document. Raises ReportError when the languages found different things."""
    texts = {}
    for language in languages:
        found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((parts / language).glob("*.json"))]
        headers = [part.pop("header") for part in found]
        if any(header != headers[0] for header in headers):
            raise ReportError(f"The notebooks ({language}) did not run with the same parameters and data.")
        document = join_sections(headers[0], found)
        document |= {
            "lead": lead(document),
            "overall": claims.overall(document["verdicts"]),
            "command": command,
        }
        if (argued := debate(document["place"]["code"])) is not None:
            document["debate"] = argued
        texts[language] = json.dumps(plain(document), sort_keys=True, allow_nan=False)
    if len(set(texts.values())) != 1:
        raise ReportError(
            "The notebooks found different things in Dutch and in English; a report may only differ in words."
        )
    result: dict[str, Any] = json.loads(texts[languages[0]])
    return result


def lead(document: Mapping[str, Any]) -> list[str]:
    """Choose the three sentences of the first screen.

    The first gap that could be followed: over all years in constant prices (or as printed, of what is not money) and in
    proportion, and in proportion within the years of the study; failing that, the headline of each notebook in order.
    """
    ordered = [document["findings"][name] for section in document["sections"] for name in section["findings"]]
    told = [finding for finding in ordered if finding["estimate"] is not None and finding["comparability"] != "broken"]
    first = next((finding for finding in told if finding["kind"] == "gap_change"), None)
    chosen = []
    if first is not None:
        own = [finding for finding in told if finding["indicator"] == first["indicator"]]
        first_scale = "real" if any(f["measure"].startswith("real") for f in own) else "absolute"
        for kind, measure in (
            ("gap_change", first_scale),
            ("gap_change", "relative"),
            ("gap_change_window", "relative"),
        ):
            chosen += [f["id"] for f in own if f["kind"] == kind and f["measure"].startswith(measure)][:1]
    heads = [section["headline"] for section in document["sections"] if section["headline"]]
    return list(dict.fromkeys([*chosen, *heads]))[:3]


def _say_nothing(step: Step) -> None:
    """Let a run go on without a word."""
    del step


def make_report(
    preset: str,
    overrides: Mapping[str, Any],
    languages: Sequence[str] = LANGUAGES,
    only: Sequence[str] = (),
    tell: Progress | None = None,
    *,
    how: How = DEFAULT,
) -> Path:
    """Run a preset and put its report in reports/<preset>, or in the folder that the preset names; return that folder.

    An earlier report is replaced whole at the end, and not touched when anything fails; what a failing notebook had
    done is kept in reports/failed. With `only`, the chosen notebooks run and no report is made: the executed
    notebooks, and in `found` what each found, are put in that folder with `-only` behind its name, beside those of
    notebooks that ran so before. A report that is there stays as it is.
    """
    paths = notebook_paths(only)
    slips.check(paths)
    check_overrides(overrides, paths)
    study = open_study({**overrides, "preset": preset, "language": languages[0]})
    debate(study.p.municipality)  # is refused now, not when the notebooks have run
    reports = project_folder() / "reports"
    reports.mkdir(exist_ok=True)
    name = report_name(study.p)
    target = reports / (f"{name}-only" if only else name)
    with making(reports) as folder:
        parameters = {**overrides, "preset": preset}
        try:
            execute_languages(paths, folder, parameters, languages, tell or _say_nothing, how)
        except NotebookError as problem:
            kept = keep_failed(folder, reports / "failed")
            raise NotebookError(f"{problem} The notebook up to there is in {kept}.") from None
        if not only:
            complete(folder, study, parameters, languages, paths, how)
        else:
            _keep_found(folder, languages)
            _keep_earlier(target, folder)
        shutil.rmtree(folder / "parts")
        replace_folder(folder, target)
    return target


def _keep_found(folder: Path, languages: Sequence[str]) -> None:
    """Keep what each notebook of a run found. Raises ReportError when the languages found different things."""
    collect(folder / "parts", languages, "")
    (folder / FOUND).mkdir()
    for path in sorted((folder / "parts" / languages[0]).glob("*.json")):
        shutil.copy2(path, folder / FOUND / path.name)


def _keep_earlier(target: Path, folder: Path) -> None:
    """Put beside the notebooks of a run those that ran before and did not run now, and what these found."""
    for pattern in ("*/notebooks/*.ipynb", f"{FOUND}/*.json"):
        for path in sorted(target.glob(pattern)):
            place = folder / path.relative_to(target)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place)


def found_by(folder: Path, paths: Sequence[Path]) -> dict[str, Any]:
    """Join what some notebooks of a run with `only` found, as a results document without a report's pages."""
    places = [folder / FOUND / f"{path.stem}.json" for path in paths]
    parts = [json.loads(place.read_text(encoding="utf-8")) for place in places if place.is_file()]
    headers = [part.pop("header") for part in parts]
    document = join_sections(headers[0] if headers else {}, parts)
    return document | {"overall": claims.overall(document["verdicts"])}


def complete(
    folder: Path,
    study: Study,
    parameters: Mapping[str, Any],
    languages: Sequence[str],
    paths: Sequence[Path],
    how: How = DEFAULT,
) -> None:
    """Turn what the notebooks left in a folder into a report with its provenance; `parameters` are those given."""
    overrides = {name: value for name, value in parameters.items() if name != "preset"}
    document = collect(folder / "parts", languages, command_of(study, study.p.preset, overrides))
    publish_beside(document, folder, languages, study, how)
    given = {**parameters, "languages": list(languages)}
    provenance.write(folder, document, given, study.p.source, paths)


def publish_beside(document: Mapping[str, Any], folder: Path, languages: Sequence[str], study: Study, how: How) -> None:
    """Publish the languages in warm copies; the stock engine has none, and publishes here.

    Raises ReportError when a page is not faithful.
    """

    def each(arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        return call_each("kloof.report.publish", "publish_language", arguments, folder / "parts", how)

    publish(document, study.known, folder, languages, study.data.geometry, each if how.engine == WARM else None)


def command_of(study: Study, preset: str, overrides: Mapping[str, Any]) -> str:
    """Write the command that makes this very report again; a file is named without its folder."""
    parts = [f"kloof run --preset {preset}"]
    for name, value in overrides.items():
        typed = study.data.name if name == "source" else as_typed(value)
        parts.append(f"--set {shlex.quote(f'{name}={typed}')}")
    return " ".join(parts)


def keep_failed(folder: Path, kept: Path) -> str:
    """Keep the notebooks of a failed run for inspection, outside every report."""
    shutil.rmtree(kept, ignore_errors=True)
    try:
        kept.mkdir(parents=True)
        for path in folder.glob("*/notebooks/*.ipynb"):
            shutil.copy2(path, kept / f"{path.parent.parent.name}_{path.name}")
    except OSError:
        shutil.rmtree(kept, ignore_errors=True)  # some of them would pass for all
        raise
    return kept.relative_to(project_folder()).as_posix()


def replace_folder(new: Path, target: Path) -> None:
    """Put a finished folder in the place of an earlier one with two renames; on failure the earlier one comes back."""
    old = _aside(target)
    take_away(old)
    new.chmod(0o755)
    if target.exists() or target.is_symlink():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        bring_back(target)
        raise
    take_away(old)


def bring_back(target: Path) -> None:
    """Put back the folder that was set aside for another which never came, as when a run was killed in between."""
    if not target.exists() and _aside(target).exists():
        _aside(target).rename(target)


def _aside(target: Path) -> Path:
    """Where a folder waits while another takes its place."""
    return target.with_name(f".{target.name}.old")
