"""The engine that runs notebooks in warm, isolated copies, and papermill's own; both tell where they are.

papermill finds the first by its entry point: `papermill --engine kloof IN OUT`. It knows a cell's time limit, kills
what goes over it, and gives the same bytes as a kernel started for the notebook.
"""

import os
import platform
from collections.abc import Callable, Mapping
from typing import Any

from kloof.run.pool import DiedError, LateError, workers

SKIPPED = "skip-execution"
MAY_FAIL = "raises-exception"
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
    `stop` (an event that ends it), `rescue` (where to save what there is when it ends before its time, for who asks
    papermill not to save after every cell, which takes longer than most cells). Raises nbclient's CellTimeoutError and
    DeadKernelError, as papermill's own engine does.
    """
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


def _runs(cell: Any) -> bool:
    """Tell whether there is something to run, as nbclient does."""
    return bool(cell.cell_type == "code" and cell.source.strip() and SKIPPED not in cell.metadata.get("tags", []))


def register() -> None:
    """Make both engines known to papermill: `kloof`, also without an installed entry point, and `kloof-stock`."""
    from papermill.engines import NBClientEngine, papermill_engines

    class TellingEngine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            tell, start = options.pop("tell"), nb_man.cell_start

            def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> None:
                tell(nb_man.nb.cells, cell_index or 0)
                start(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("kloof", WarmEngine)
    papermill_engines.register("kloof-stock", TellingEngine)
