"""Executes notebooks with papermill, warm or stock, languages side by side; what they leave has no clock or path."""

import json
import multiprocessing
import os
import queue as queues
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kloof import memo
from kloof.errors import KloofError, NotebookError, refusal
from kloof.paths import project_folder, write_whole
from kloof.run import engine as engines
from kloof.run.ending import heeding
from kloof.run.notebooks import backwards, declared
from kloof.run.pool import StoppedError, workers
from kloof.store.read import ASKED_FILE
from kloof.store.shared import FOLDER
from kloof.study.parameters import SETTINGS, is_given

WARM, STOCK = "warm", "stock"
ENGINES = (WARM, STOCK)
USUAL = WARM if hasattr(os, "fork") else STOCK  # a system that cannot fork has no warm copies
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


@dataclass(frozen=True)
class How:
    """How notebooks are executed.

    The engine; seconds a cell may take; languages side by side or in turns; `kept` is asked before a notebook is
    executed in a language, and may put in its place what an earlier run left; `stop` ends what runs; `common` is the
    folder of what many runs share; `look` runs the cells that show an analysis by hand and that no report needs.
    """

    engine: str = USUAL
    limit: float = NOTEBOOK_TIMEOUT
    abreast: bool = True
    kept: Callable[[Path, str, Path], bool] | None = None
    stop: threading.Event | None = None
    common: Path | None = None
    look: bool = True


DEFAULT = How()


def execute(
    path: Path,
    target: Path,
    parameters: Mapping[str, Any],
    parts: Path,
    tell: Progress,
    how: How = DEFAULT,
) -> None:
    """Execute one notebook with papermill; leave the executed one at `target`, without clock or path.

    The engine is WARM, a copy of a process that has everything loaded, or STOCK, papermill's own with a new kernel:
    both leave the same bytes. Raises NotebookError naming notebook, cell and message, also when a cell takes too
    long; the notebook up to there is kept at `target`. A warning that a cell prints is an error too.
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    known = declared(path)
    given_now = {name: value for name, value in parameters.items() if is_given(value)}
    own = {name: value for name, value in given_now.items() if name in known}
    if others := {name: value for name, value in given_now.items() if name not in own}:
        own[SETTINGS] = others  # every notebook must know the whole assignment, or their parts do not fit together
    language = str(parameters["language"])

    def at(cells: list[Any], place: int) -> None:
        tell(Step(language, path.stem, place + 1, len(cells), _heading(cells, place, language)))

    for folder in (target.parent, parts.parent):
        folder.mkdir(parents=True, exist_ok=True)
    engines.register()
    given: dict[str, Any] = {
        "parameters": own, "kernel_name": "python3", "progress_bar": False, "log_output": False,
        "execution_timeout": how.limit, "tell": at, "look": how.look,
    }  # fmt: skip
    wanted = {
        "KLOOF_PARTS": str(parts), "KLOOF_HOME": str(project_folder()), "PYTHONWARNINGS": "default",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }  # fmt: skip
    message = None
    try:
        if how.engine == WARM:
            given |= {"environment": {**wanted, **_beside(parts.parent, how.common)}, "stop": how.stop}
            given |= {"request_save_on_cell_execute": False, "rescue": str(target)}
            papermill.execute_notebook(str(path), str(target), engine_name="kloof", **given)
        else:
            with _environment(wanted), _reached_over_files() as config:
                papermill.execute_notebook(str(path), str(target), engine_name="kloof-stock", config=config, **given)
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


def _beside(parts: Path, common: Path | None) -> dict[str, str]:
    """Say where the copies of a run remember what they computed, and write down what they asked for."""
    shared = {FOLDER: str(common)} if common else {}
    return {memo.FOLDER: str(parts / "memo"), ASKED_FILE: str(parts / "asked"), **shared}


@contextmanager
def remembering(parts: Path) -> Iterator[None]:
    """Let this process know what the copies of a run remembered."""
    with _environment({memo.FOLDER: str(parts / "memo")}):
        yield


@contextmanager
def _reached_over_files() -> Iterator[Any]:
    """Give the settings by which a kernel is reached over files (ipc), not over a network port."""
    from traitlets.config import Config

    with tempfile.TemporaryDirectory(prefix="kloof-") as sockets:
        yield Config(
            KernelManager={"transport": "ipc", "ip": f"{sockets}/kernel"},
            # a kernel told to stop may log the interrupt as an error; what a cell raises comes another way
            NotebookClient={"extra_arguments": ["--log-level=50"]},
        )


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
    """Find text that a cell wrote to the error stream; of a cell that only looks, nothing reaches a report."""
    for number, cell in enumerate(notebook["cells"], 1):
        if engines.LOOK in cell["metadata"].get("tags", []):
            continue
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream" and output["name"] == "stderr":
                return f"cell {number}: {''.join(output['text']).strip()[:300]}"
    return None


def _work(paths: Sequence[Path], folder: Path, parameters: Mapping[str, Any], queue: Any, how: How) -> None:
    """Run all notebooks of one language in order; report steps and the outcome, also of being stopped."""
    language = parameters["language"]
    try:
        with heeding():
            for path in paths:
                if how.kept is not None and how.kept(path, language, folder):
                    continue
                target = folder / language / "notebooks" / path.name
                execute(path, target, parameters, folder / "parts" / language, queue.put, how)
        queue.put((language, None))
    except KloofError as problem:
        queue.put((language, str(problem)))
    except KeyboardInterrupt:
        queue.put((language, "interrupted"))
    except StoppedError:
        return
    except OSError as problem:
        queue.put((language, refusal(problem)))
    except Exception as problem:
        queue.put((language, f"{type(problem).__name__}: {problem}"))
        raise


def execute_languages(
    paths: Sequence[Path],
    folder: Path,
    parameters: Mapping[str, Any],
    languages: Sequence[str],
    tell: Progress,
    how: How = DEFAULT,
) -> None:
    """Run the notebooks once per language; what one has computed need not be computed again for the next.

    Raises NotebookError when one stops; the others are stopped with it.
    """
    import papermill  # noqa: F401 – where it is not installed that is told here, not by threads

    stop = threading.Event()
    stock = how.engine == STOCK
    context = multiprocessing.get_context("spawn")  # kernels take their environment from the process that starts them
    queue: Any = context.Queue() if stock else queues.SimpleQueue()
    start: Any = context.Process if stock else threading.Thread
    each = how if stock else replace(how, stop=stop)
    at_work = {}
    for turn, language in enumerate(languages):
        ordered = backwards(paths) if how.abreast and turn % 2 else paths
        told = (ordered, folder, {**parameters, "language": language}, queue, each)
        at_work[language] = start(target=_work, args=told, daemon=not stock)
    failures: list[str] = []
    try:
        for group in [list(languages)] if how.abreast else [[language] for language in languages]:
            failures += _follow({language: at_work[language] for language in group}, queue, tell)
            if failures:
                break
    finally:
        stop.set()
        for worker in at_work.values():
            if stock and worker.is_alive():
                worker.terminate()
            if worker.ident is not None:
                worker.join()
    if failures:
        raise NotebookError("; ".join(dict.fromkeys(failures)))


def _follow(workers: Mapping[str, Any], queue: Any, tell: Progress) -> list[str]:
    """Start workers and pass on what they tell until all are done or one failed; give the failures."""
    for worker in workers.values():
        worker.start()
    waiting = set(workers)
    while waiting:
        try:
            news = queue.get(timeout=1)
        except queues.Empty:
            dead = [name for name in waiting if not workers[name].is_alive() and queue.empty()]
            if dead:
                return [f"the process of language {name} ended unexpectedly" for name in dead]
            continue
        if isinstance(news, Step):
            tell(news)
            continue
        language, failure = news
        waiting.discard(language)
        if failure:
            return [failure]
    return []


def call_each(
    module: str, function: str, each: Sequence[tuple[Any, ...]], parts: Path, how: How = DEFAULT
) -> list[Any]:
    """Call a function of the library with each of the arguments, side by side in warm copies that share a run's memory.

    Gives the answers; raises what the first that fails raised.
    """
    environment = {**os.environ, memo.FOLDER: str(parts / "memo")}
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=len(each) if how.abreast else 1) as pool:
        calls = [pool.submit(workers().call, module, function, arguments, environment, stop) for arguments in each]
        try:
            return [call.result() for call in calls]
        finally:
            stop.set()
