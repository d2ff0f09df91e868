"""The engine that runs notebooks in warm, isolated copies, and papermill's own; both tell where they are.

papermill finds the first by its entry point: `papermill --engine kloof IN OUT`. It knows a cell's time limit, kills
what goes over it, and gives the same bytes as a kernel started for the notebook.

A cell tagged `look` shows an analysis by hand that no report needs. Where the figures of a place do not allow it, it
says so and the notebook goes on; a batch leaves such cells out.
"""

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kloof.run.pool import DiedError, LateError, workers

SKIPPED = "skip-execution"
MAY_FAIL = "raises-exception"
LOOK = "look"
_Tell = Callable[[list[Any], int], None]


class WarmEngine:
    """What papermill asks of an engine; its own base class is too slow to load here."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,  # noqa: ARG003 – papermill gives it by this name
        output_path: str | None = None,
        progress_bar: bool = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        **options: Any,
    ) -> Any:
        """Execute a notebook; papermill's manager keeps the states of cells and saves the file."""
        from papermill.engines import NotebookExecutionManager

        manager = NotebookExecutionManager(
            nb, output_path, log_output=log_output, progress_bar=progress_bar, autosave_cell_every=autosave_cell_every
        )
        manager.notebook_start()
        try:
            run_warm(manager, options)
        except Exception:
            manager.output_path = output_path or options.get("rescue")
            raise
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Give the kernel's name, which only chooses the language here."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Give the language of the notebook."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))


def run_warm(manager: Any, options: Mapping[str, Any]) -> None:
    """Run the cells of a papermill manager's notebook in a copy of the warm parent.

    Options: `execution_timeout` (seconds a cell may take), `environment` (variables beside this process's), `tell`,
    `look` (run the cells that only look: yes without it), `stop` (an event that ends it), `rescue` (where to save what
    there is when it ends before its time, for who asks papermill not to save after every cell, which takes longer than
    most cells). Raises nbclient's CellTimeoutError and DeadKernelError, as papermill's own engine does.
    """
    with _looking(manager, look=options.get("look", True)):
        _run_warm(manager, options)


def _run_warm(manager: Any, options: Mapping[str, Any]) -> None:
    """Run the cells as their tags say."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from nbformat import from_dict

    cells = manager.nb.cells
    tell: _Tell = options.get("tell") or (lambda *_: None)
    environment = {**os.environ, **options.get("environment", {})}
    wanted = [
        (place, cell.source, MAY_FAIL in cell.metadata.get("tags", []))
        for place, cell in enumerate(cells)
        if _runs(cell)
    ]
    limit: Any = options.get("execution_timeout")
    news = workers().run(wanted, environment, limit, options.get("stop"))
    at = 0
    try:
        for place, cell in enumerate(cells):
            tell(cells, place)
            manager.cell_start(cell, place)
            if not _runs(cell):
                manager.cell_complete(cell, cell_index=place)
                continue
            at = place
            next(news)
            _, _, outputs, count, problem = next(news)
            cell.outputs = from_dict(outputs)  # type: ignore[no-untyped-call]
            cell.execution_count = count
            if problem:
                manager.cell_exception(cell, cell_index=place)
            manager.cell_complete(cell, cell_index=place)
            if problem:
                break
    except LateError as problem:
        manager.cell_complete(cells[at], cell_index=at)
        raise CellTimeoutError.error_from_timeout_and_cell(
            "A cell timed out while it was being executed", limit, cells[at]
        ) from problem
    except DiedError as problem:
        raise DeadKernelError(f"cell {at + 1}: {problem}") from None
    finally:
        news.close()  # type: ignore[attr-defined]
    manager.nb.metadata["language_info"] = {"name": "python", "version": platform.python_version()}


@contextmanager
def _looking(manager: Any, *, look: bool) -> Iterator[None]:
    """Let cells that only look fail without ending the notebook, or leave them out; their tags are put back after it.

    One that lacks figures, and those that rest on what it would have made, say so instead of failing.
    """
    cells = [cell for cell in manager.nb.cells if LOOK in cell.metadata.get("tags", [])]
    complete, lacking, failed = manager.cell_complete, [False], [False]

    def settled(cell: Any, cell_index: int | None = None, **more: Any) -> None:
        if LOOK in cell.metadata.get("tags", []):
            lacking[0] |= _say_what_lacks(cell, after=lacking[0])
            errors = [output for output in cell.outputs if output.output_type == "error"]
            if failed[0]:  # what follows the first error may rest on it: that one is told
                cell.outputs = [output for output in cell.outputs if output not in errors]
            failed[0] |= bool(errors)
        complete(cell, cell_index=cell_index, **more)

    for cell in cells:
        cell.metadata["tags"] = [*cell.metadata["tags"], MAY_FAIL if look else SKIPPED]
    manager.cell_complete = settled
    try:
        yield
    finally:
        manager.cell_complete = complete
        for cell in cells:
            cell.metadata["tags"] = cell.metadata["tags"][:-1]


def _say_what_lacks(cell: Any, *, after: bool) -> bool:
    """Put the message of a number that the figures do not allow in the place of its error, and tell whether there was.

    `after` another such cell a name that was not made is no error either: that cell said why.
    """
    from nbformat.v4 import new_output

    kept, lacking = [], False
    for output in cell.outputs:
        if output.output_type == "error" and output.ename == "NotComputableError":
            lacking = True
            said = {"text/plain": output.evalue, "text/markdown": f"*{output.evalue}*"}
            kept.append(new_output("display_data", data=said))  # type: ignore[no-untyped-call]
        elif not (after and output.output_type == "error" and output.ename == "NameError"):
            kept.append(output)
    cell.outputs = kept
    return lacking


def _runs(cell: Any) -> bool:
    """Tell whether there is something to run, as nbclient does."""
    return bool(cell.cell_type == "code" and cell.source.strip() and SKIPPED not in cell.metadata.get("tags", []))


def register() -> None:
    """Make both engines known to papermill: `kloof`, also without an installed entry point, and `kloof-stock`."""
    from papermill.engines import NBClientEngine, papermill_engines

    class TellingEngine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            tell, look, start = options.pop("tell"), options.pop("look"), nb_man.cell_start

            def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> None:
                tell(nb_man.nb.cells, cell_index or 0)
                start(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            with _looking(nb_man, look=look):
                return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("kloof", WarmEngine)
    papermill_engines.register("kloof-stock", TellingEngine)
