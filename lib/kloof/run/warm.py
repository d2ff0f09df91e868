"""The warm parent: a process that has loaded everything once, and forks a copy of itself for every notebook.

Run as a script by `kloof.run.pool`, so that the package, and pandas with it, is loaded in a shell, as in a notebook.
It has one thread, or a fork could not be trusted: the variables of `ALONE` keep the libraries from starting more. Every
copy is a clean slate that dies with its notebook, so nothing that a notebook does (modules, settings, random numbers,
folder, environment) reaches the next one.
"""

import contextlib
import gc
import os
import pickle
import random
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Mapping
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ALONE = {
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYTHONWARNINGS": "default", "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # glibc keeps what arrays gave back, instead of asking the system anew for each: a thirtieth of a batch's time
    "MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "1073741824", "MALLOC_TOP_PAD_": "67108864",
}  # fmt: skip
LOADED = (
    "kloof", "kloof.figures.draw", "kloof.figures.maps", "kloof.figures.plots", "kloof.run.in_notebook",
    "kloof.study.load", "kloof.report.publish", "seaborn",
    "statsmodels.formula.api",
    "statsmodels.regression.linear_model", "statsmodels.stats.meta_analysis",
    "statsmodels.miscmodels.ordinal_model",
    "scipy.optimize", "scipy.stats", "duckdb", "pyarrow.parquet", "shapely", "fontTools.subset", "jinja2", "typst",
    "pikepdf", "pypdfium2", "scour.scour", "matplotlib.pyplot", "matplotlib_inline.backend_inline",
    "IPython.core.interactiveshell",
)  # fmt: skip
FIRST = (
    "from kloof import *",
    "from matplotlib import pyplot; pyplot.plot([0, 1]); pyplot.title('a'); pyplot.close()",
    "from kloof.report.page import font_faces, template; font_faces(frozenset()); template()",
    "from kloof.words.sentences import templates; templates()",
    "from kloof.run.warm import read_registries; read_registries()",
)
RARELY = 50_000  # objects made before garbage is looked for: a copy does not live long
FINISHED = b"."
STOPPING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
MEMORY = "KLOOF_MEMORY"  # bytes that a copy may take for itself


def serve(control: socket.socket) -> None:
    """Fork a copy for every connection that comes in over `control`; end, with all copies, when it is closed."""
    prepare()
    running: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        running -= _ended(running)
        if not message:
            break
        pid = os.fork()
        if pid == 0:
            control.close()
            _be_a_copy(descriptors[0])
        os.close(descriptors[0])
        running.add(pid)
    for pid in running:
        end(pid)


def end(pid: int) -> None:
    """Kill a copy and what it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _ended(running: set[int]) -> set[int]:
    """Take leave of the copies that are done."""
    return {pid for pid in running if os.waitpid(pid, os.WNOHANG)[0]}


def prepare() -> None:
    """Load what notebooks use, and draw one picture in a shell that is thrown away: both are slow the first time.

    A warning is an error here: one that was shown before the fork would be kept back from the notebooks.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shell = _shell([])
        for source in (*(f"import {name}" for name in LOADED), *FIRST):  # in the shell: pandas looks for one
            shell.run_cell(source).raise_error()
        _forget_shell(shell)
    gc.collect()
    gc.freeze()  # what every copy shares is not garbage in any: it need not be looked at, or copied for it
    gc.set_threshold(RARELY)


def read_registries() -> None:
    """Parse the catalogue and the claims of this project, as long as they are valid; a run says what is wrong."""
    from kloof.catalogue import catalogue
    from kloof.errors import KloofError
    from kloof.study.claims import registry

    with contextlib.suppress(KloofError, OSError):
        catalogue()
        registry()


def _forget_shell(shell: Any) -> None:
    """Leave no trace of the shell in which the warming was done."""
    from matplotlib_inline.backend_inline import configure_inline_support
    from matplotlib_inline.config import InlineBackend

    shell.reset(new_session=True)
    vars(configure_inline_support).pop("current_backend")  # or the next shell is given no formats of figures
    InlineBackend.clear_instance()
    type(shell).clear_instance()


def _be_a_copy(descriptor: int) -> None:
    """Do what is asked over the connection, and end: nothing of the parent's way out may run here."""
    code = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for name in STOPPING:
            signal.signal(name, signal.SIG_DFL)
        warnings.simplefilter("default")  # forgets what was shown already
        warnings.filters.pop(0)  # type: ignore[attr-defined]
        random.seed()
        sys.modules["numpy"].random.seed()
        connection = Connection(descriptor)
        _obey(connection, connection.recv())
        code = 0
    except BrokenPipeError:
        pass  # who asked is gone
    finally:
        os._exit(code)


def _obey(connection: Any, job: Mapping[str, Any]) -> None:
    """Settle in the folder and environment of who asks, and run the cells or the function."""
    connection.send(("pid", os.getpid()))
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    _bound_memory(int(os.environ.get(MEMORY, "0")))
    if "call" in job:
        connection.send(("answer", *_call(*job["call"])))
    else:
        run_cells(connection, job["cells"])


def _bound_memory(allowance: int) -> None:
    """Let this copy take so many bytes beyond what is loaded, where the system can tell; more is a MemoryError."""
    held = Path("/proc/self/statm")
    if not allowance or not held.is_file():
        return
    import resource

    limit = int(held.read_text(encoding="ascii").split()[5]) * resource.getpagesize() + allowance
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _call(module: str, function: str, arguments: tuple[Any, ...]) -> tuple[Any, BaseException | None]:
    """Call a function by its name; give its answer, or what it raised."""
    try:
        return getattr(import_module(module), function)(*arguments), None
    except Exception as problem:  # noqa: BLE001 – it is raised again where it was asked for
        try:
            pickle.loads(pickle.dumps(problem))
        except Exception:  # noqa: BLE001 – an exception may refuse in any way to be packed
            return None, RuntimeError(f"{type(problem).__name__}: {problem}")
        return None, problem


def run_cells(connection: Any, cells: list[tuple[int, str, bool]]) -> None:
    """Run cells in a shell of their own, and tell before and after each; the first that fails is the last.

    A cell is its place in the notebook, its source, and whether it may fail. Sends ("start", place), then ("end",
    place, outputs, execution count, (name, message) of the exception or None); outputs are as nbformat has them.
    """
    outputs: list[dict[str, Any]] = []
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        below = {"stdout": out, "stderr": err}
        _redirect(below)
        shell = _shell(outputs)
        for place, source, may_fail in cells:
            connection.send(("start", place))
            outputs.clear()
            result = shell.run_cell(source, store_history=True, silent=False)
            for name, file in below.items():
                if text := _news(file):
                    add_text(outputs, name, text)
            problem = result.error_before_exec or result.error_in_exec
            told = None if problem is None or may_fail else (type(problem).__name__, str(problem))
            connection.send(("end", place, list(outputs), shell.execution_count - 1, told))
            if told:
                return


def _redirect(below: Mapping[str, Any]) -> None:
    """Catch what is written below Python, by libraries and other programs."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, file in enumerate(below.values(), 1):
        os.dup2(file.fileno(), number)


def _news(file: Any) -> str:
    """Read what was written since the last time; who writes shares the place in the file, so it starts anew."""
    file.seek(0)
    text: str = file.read().decode("utf-8", errors="replace")
    file.seek(0)
    file.truncate()
    return text


def add_text(outputs: list[dict[str, Any]], name: str, text: str) -> None:
    """Add text to a stream; what follows the same stream directly is one output."""
    last = outputs[-1] if outputs else {}
    if not text:
        return
    if last.get("output_type") == "stream" and last["name"] == name:
        last["text"] += text
    else:
        outputs.append({"output_type": "stream", "name": name, "text": text})


def _shell(outputs: list[dict[str, Any]]) -> Any:
    """Make an IPython shell that collects what cells show, in the shapes a kernel gives."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        def write_output_prompt(self) -> None:
            """Show nothing: the number is part of the output."""

        def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
            shown = {"data": _as_text(format_dict), "metadata": md_dict or {}}
            outputs.append({"output_type": "execute_result", "execution_count": self.prompt_count, **shown})

    class Publisher(DisplayPublisher):
        def publish(self, data: Any, metadata: Any = None, source: Any = None, **more: Any) -> None:
            del source
            transient, update = more.get("transient"), more.get("update")
            shown = {"data": _as_text(data), "metadata": metadata or {}}
            name = (transient or {}).get("display_id")
            for place, earlier in enumerate(outputs) if update else ():
                if ids.get(id(earlier)) == name:
                    outputs[place].update(shown)
            if not update:
                outputs.append({"output_type": "display_data", **shown})
                ids[id(outputs[-1])] = name

        def clear_output(self, wait: bool = False) -> None:  # noqa: ARG002
            outputs.clear()

    class Stream:
        encoding, errors, closed = "utf-8", "strict", False

        def __init__(self, name: str, number: int):
            self.name, self.number = f"<{name}>", number
            self.stream = name

        def write(self, text: str) -> int:
            add_text(outputs, self.stream, text)
            return len(text)

        def writelines(self, lines: Any) -> None:
            for line in lines:
                self.write(line)

        def flush(self) -> None:
            """Nothing waits."""

        def isatty(self) -> bool:
            return False

        def writable(self) -> bool:
            return True

        def fileno(self) -> int:
            return self.number

    class ZmqLikeShell(InteractiveShell):  # pandas writes for a notebook when it finds zmq in this name, and a kernel
        kernel = True
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
            told = {"ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)}
            outputs.append({"output_type": "error", **told})

        def enable_gui(self, gui: Any = None) -> None:
            """Know of no windows."""

    ids: dict[int, Any] = {}
    sys.stdout, sys.stderr = Stream("stdout", 1), Stream("stderr", 2)
    shell = ZmqLikeShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    if "" not in sys.path:
        sys.path.insert(0, "")
    shell.enable_matplotlib("inline")  # type: ignore[no-untyped-call]
    return shell


def _as_text(data: Mapping[str, Any]) -> dict[str, Any]:
    """Write pictures as a notebook file does."""
    from base64 import b64encode

    return {kind: b64encode(value).decode() if isinstance(value, bytes) else value for kind, value in data.items()}


def main() -> None:
    """Serve over the socket whose number was given; a signal to stop is for who asked, who then closes it."""
    for name in (signal.SIGINT, *STOPPING):
        signal.signal(name, signal.SIG_IGN)
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
