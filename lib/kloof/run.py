"""Preset → papermill → report. Everything is made in a temporary place and put there whole, or not at all."""

import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from kloof import claims, hypotheses
from kloof.errors import KloofError, NotebookError, ParameterError, ReportError
from kloof.fmt import LANGUAGES
from kloof.notebook import SYNTHESIS
from kloof.presets import HELP, as_typed, is_given, report_name
from kloof.results import dump, join_sections, write_whole
from kloof.sources import catalogue, project_folder
from kloof.study import Study, open_study

STRAY = ("execution", "papermill")
NOTEBOOK_TIMEOUT = 600  # seconds a single cell may take


@dataclass(frozen=True)
class Step:
    """What a worker tells while it runs: which notebook, which cell of how many."""

    language: str
    notebook: str
    cell: int
    cells: int
    heading: str


Progress = Callable[[Step], None]


def notebooks_folder() -> Path:
    """Folder of the notebooks."""
    return project_folder() / "notebooks"


def notebook_paths(only: Sequence[str] = ()) -> list[Path]:
    """Give the numbered notebooks in reading order; `only` picks them by number (03) or name.

    Those of a researcher's own hypotheses come before the synthesis, which reads them too. Raises ParameterError with
    the valid numbers when one does not exist.
    """
    numbered = sorted(notebooks_folder().glob("[0-9][0-9]_*.ipynb"))
    first = next((place for place, path in enumerate(numbered) if path.stem[:2] >= SYNTHESIS), len(numbered))
    paths = [*numbered[:first], *hypotheses.notebooks(), *numbered[first:]]
    if not only:
        return paths
    chosen = [
        path for path in paths if any(path.stem == name or path.stem.split("_")[0] == name.zfill(2) for name in only)
    ]
    known = {name for name in only for path in paths if path.stem == name or path.stem.split("_")[0] == name.zfill(2)}
    if unknown := [name for name in only if name not in known]:
        listed = ", ".join(path.stem for path in paths)
        raise ParameterError(f"notebook {', '.join(unknown)} does not exist. Valid: {listed}.")
    return chosen


def declared(path: Path) -> dict[str, Mapping[str, Any]]:
    """Give the parameters a notebook declares: name → type, default and help, as papermill reads them."""
    import papermill

    found: dict[str, Mapping[str, Any]] = papermill.inspect_notebook(str(path))
    return found


def check_overrides(overrides: Mapping[str, Any], paths: Sequence[Path]) -> None:
    """Refuse a parameter that none of the notebooks declares, before any kernel starts."""
    known = {name for path in paths for name in declared(path)}
    if unknown := [name for name in overrides if name not in known]:
        lines = ", ".join(f"{name} ({HELP[name]})" for name in HELP if name in known)
        raise ParameterError(f"{', '.join(unknown)}: no notebook of this run has this parameter. Valid: {lines}.")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the kernels that start inside, and put them back."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def execute(path: Path, target: Path, parameters: Mapping[str, Any], parts: Path, tell: Progress) -> None:
    """Execute one notebook with papermill; leave the executed one at `target`, without clock or path.

    Raises NotebookError naming notebook, cell and message; the notebook up to there is kept at `target`. A warning that
    a cell prints is an error too. The kernel is reached over files (ipc), not over a network port.
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    own = {name: value for name, value in parameters.items() if name in declared(path) and is_given(value)}
    target.parent.mkdir(parents=True, exist_ok=True)
    _register_engine()
    wanted = {
        "KLOOF_PARTS": str(parts), "KLOOF_HOME": str(project_folder()), "PYTHONWARNINGS": "default",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }  # fmt: skip
    message = None
    with _environment(wanted), tempfile.TemporaryDirectory(prefix="kloof-") as sockets:
        config = Config(
            KernelManager={"transport": "ipc", "ip": f"{sockets}/kernel"},
            # a kernel told to stop may log the interrupt as an error; what a cell raises comes another way
            NotebookClient={"extra_arguments": ["--log-level=50"]},
        )
        try:
            papermill.execute_notebook(
                str(path),
                str(target),
                parameters=own,
                engine_name="kloof",
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                execution_timeout=NOTEBOOK_TIMEOUT,
                config=config,
                tell=tell,
                spoken=str(parameters["language"]),
                stem=path.stem,
            )
        except papermill.PapermillExecutionError as problem:
            message = f"{path.name}, cell {problem.cell_index + 1}: {problem.ename}: {problem.evalue}"
        except (CellTimeoutError, DeadKernelError) as problem:
            message = f"{path.name}: {problem}"
    executed = _tidy(json.loads(target.read_text(encoding="utf-8")), str(parameters.get("source", "")))
    write_whole(target, json.dumps(executed, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    if message:
        raise NotebookError(message)
    if printed := _stray_output(executed):
        raise NotebookError(f"{path.name} printed a warning, which a report does not allow: {printed}")


def _register_engine() -> None:
    """Register an engine that is papermill's own and tells at each cell where it is."""
    from papermill.engines import NBClientEngine, papermill_engines

    class TellingEngine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            tell, language, stem = (options.pop(name) for name in ("tell", "spoken", "stem"))
            cells = nb_man.nb.cells
            start = nb_man.cell_start

            def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> None:
                tell(
                    Step(
                        language,
                        stem,
                        (cell_index or 0) + 1,
                        len(cells),
                        _heading(cells, cell_index or 0, language),
                    )
                )
                start(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("kloof", TellingEngine)


def _heading(cells: Sequence[Any], place: int, language: str) -> str:
    """Give the last heading above a cell in the language of the run."""
    for cell in reversed(cells[: place + 1]):
        if cell.cell_type == "markdown" and language in cell.metadata.get("tags", []):
            return str(cell.source.splitlines()[0].lstrip("# "))
    return ""


def _tidy(notebook: dict[str, Any], source: str) -> dict[str, Any]:
    """Take clock, paths and kernel details out of an executed notebook; a file is named without its folder."""
    notebook["metadata"].pop("papermill", None)
    notebook["metadata"]["language_info"] = {"name": "python"}
    for cell in notebook["cells"]:
        for name in STRAY:
            cell["metadata"].pop(name, None)
        if "injected-parameters" in cell["metadata"].get("tags", []):
            cell["id"] = "injected"
            if source:
                cell["source"] = "".join(cell["source"]).replace(source, Path(source).name).splitlines(keepends=True)
    return notebook


def _stray_output(notebook: Mapping[str, Any]) -> str | None:
    """Find text that a cell wrote to the error stream."""
    for number, cell in enumerate(notebook["cells"], 1):
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream" and output["name"] == "stderr":
                return f"cell {number}: {''.join(output['text']).strip()[:300]}"
    return None


def _work(paths: Sequence[Path], folder: Path, parameters: Mapping[str, Any], queue: Any) -> None:
    """Run all notebooks of one language in order, in a process of their own; report steps and the outcome."""
    language = parameters["language"]
    try:
        for path in paths:
            target = folder / language / "notebooks" / path.name
            execute(path, target, parameters, folder / "parts" / language, queue.put)
        queue.put((language, None))
    except KloofError as problem:
        queue.put((language, str(problem)))
    except KeyboardInterrupt:
        queue.put((language, "interrupted"))
    except Exception as problem:
        queue.put((language, f"{type(problem).__name__}: {problem}"))
        raise


def execute_languages(
    paths: Sequence[Path],
    folder: Path,
    parameters: Mapping[str, Any],
    languages: Sequence[str],
    tell: Progress,
) -> None:
    """Run the notebooks once per language, the languages side by side. Raises NotebookError when one stops."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = {
        language: context.Process(target=_work, args=(paths, folder, {**parameters, "language": language}, queue))
        for language in languages
    }
    waiting, failures = set(languages), []
    try:
        for worker in workers.values():
            worker.start()
        while waiting:
            try:
                news = queue.get(timeout=1)
            except Empty:
                dead = [name for name in waiting if not workers[name].is_alive() and queue.empty()]
                failures += [f"the process of language {name} ended unexpectedly" for name in dead]
                waiting -= set(dead)
                continue
            if isinstance(news, Step):
                tell(news)
                continue
            language, failure = news
            waiting.discard(language)
            if failure:
                failures.append(failure)
                break
    finally:
        for worker in workers.values():
            if worker.is_alive() and (failures or waiting):
                worker.terminate()
            worker.join()
    if failures:
        raise NotebookError("; ".join(dict.fromkeys(failures)))


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
        texts[language] = dump(document)
    if len(set(texts.values())) != 1:
        raise ReportError(
            "The notebooks found different things in Dutch and in English; a report may only differ in words."
        )
    result: dict[str, Any] = json.loads(texts[languages[0]])
    return result


def lead(document: Mapping[str, Any]) -> list[str]:
    """Choose the three sentences of the first screen.

    The first gap that could be followed, in units and in proportion, and what it did before the event; failing that,
    the headline of each notebook in order.
    """
    ordered = [document["findings"][name] for section in document["sections"] for name in section["findings"]]
    told = [finding for finding in ordered if finding["estimate"] is not None and finding["comparability"] != "broken"]
    first = next((finding for finding in told if finding["kind"] == "gap_change"), None)
    chosen = []
    if first is not None:
        own = [finding for finding in told if finding["indicator"] == first["indicator"]]
        for kind, measure in (
            ("gap_change", "absolute"),
            ("gap_change", "relative"),
            ("gap_change_before", "absolute"),
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
) -> Path:
    """Run a preset and put its report in reports/<preset>, or in the folder that the preset names; return that folder.

    An earlier report is replaced whole at the end, and not touched when anything fails; what a failing notebook had
    done is kept in reports/failed. With `only`, the chosen notebooks run and no report is made: the executed
    notebooks are put in that folder with `-only` behind its name.
    """
    from kloof.publish import publish

    paths = notebook_paths(only)
    check_overrides(overrides, paths)
    study = open_study({**overrides, "preset": preset, "language": languages[0]})
    reports = project_folder() / "reports"
    reports.mkdir(exist_ok=True)
    name = report_name(study.p)
    target = reports / (f"{name}-only" if only else name)
    folder = Path(tempfile.mkdtemp(prefix=".making-", dir=reports))
    try:
        parameters = {**overrides, "preset": preset}
        try:
            execute_languages(paths, folder, parameters, languages, tell or _say_nothing)
        except NotebookError as problem:
            kept = _keep_failed(folder, reports / "failed")
            raise NotebookError(f"{problem} The notebook up to there is in {kept}.") from None
        if not only:
            document = collect(folder / "parts", languages, command_of(study, preset, overrides))
            publish(document, catalogue(), folder, languages, study.data.geometry)
        shutil.rmtree(folder / "parts")
        replace_folder(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return target


def command_of(study: Study, preset: str, overrides: Mapping[str, Any]) -> str:
    """Write the command that makes this very report again; a file is named without its folder."""
    parts = [f"kloof run --preset {preset}"]
    for name, value in overrides.items():
        parts.append(f"--set {name}={study.data.name if name == 'source' else as_typed(value)}")
    return " ".join(parts)


def _keep_failed(folder: Path, kept: Path) -> str:
    """Keep the notebooks of a failed run for inspection, outside every report."""
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for path in folder.glob("*/notebooks/*.ipynb"):
        shutil.copy2(path, kept / f"{path.parent.parent.name}_{path.name}")
    return f"reports/{kept.name}"


def replace_folder(new: Path, target: Path) -> None:
    """Put a finished folder in the place of an earlier one with two renames; on failure the earlier one comes back."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    new.chmod(0o755)
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
