"""What every test may ask for."""

import csv
import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# continuous integration tries the same examples each time; elsewhere new ones are looked for
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

pytest_plugins = ["raw_files"]  # tests/support
CommandLine = Callable[..., tuple[int, str, str]]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

PROJECT = Path(__file__).resolve().parents[1]
WAITING = PROJECT / "benchmarks" / "waiting.csv"  # seconds of every file of tests, as they were measured
LEFT = pytest.StashKey[list[int]]()  # how many tests of a process are left to `make calibration`
APART = pytest.StashKey[Path]()  # folder with the copy of the project and the home folder of this run
FOR_TESTS = ("KLOOF_SHARED", "KLOOF_CALIBRATION")  # what somebody tells the tests themselves
SETTINGS = ("KLOOF_", "JUPYTER", "IPYTHON", "XDG_", "MPLCONFIGDIR", "MATPLOTLIBRC")
OWN = (  # what .gitignore keeps out of data and notebooks: downloads, what was stored, what a person wrote
    ".ipynb_checkpoints", "raw", "store", "my_*.toml", "my_work_*.json", "*_antwoorden_*.ipynb", "*_answers_*.ipynb",
)  # fmt: skip
SHARED = Path(os.environ.get("KLOOF_SHARED", PROJECT.parent / "shared"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, where what they share is made once.

    The group that takes longest comes first: the processes end together, and none is left alone with it.
    """
    sizes = Counter(_file(item) for item in items)
    taken, seconds = _measured(), Counter[str]()
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_file(item)))
        seconds[_group(item)] += taken.get(_file(item), 0) / sizes[_file(item)]
    items.sort(key=lambda item: -seconds[_group(item)])


def _file(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]


def _group(item: pytest.Item) -> str:
    return str(next(item.iter_markers("xdist_group")).args[0])


def _measured() -> dict[str, float]:
    """Read what every file took when that was last measured; a new one, or without the table, took nothing."""
    if not WAITING.is_file():
        return {}
    with WAITING.open(encoding="utf-8", newline="") as file:
        return {row["name"]: float(row["seconds"]) for row in csv.DictReader(file) if row["kind"] == "file"}


def pytest_configure(config: pytest.Config) -> None:
    """Set the run apart from this machine, once: the processes of pytest-xdist are started by the one that does.

    Hear signals also when started by nohup or in the background, which ignore them: what tests start would too.
    """
    if not hasattr(config, "workerinput"):
        config.stash[APART] = Path(tempfile.mkdtemp(prefix="kloof-tests-"))
        set_apart(config.stash[APART])
    heard = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    for name, handler in heard.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what is left to `make calibration`, in the process that collects."""
    left = sum(item.get_closest_marker("calibration") is not None for item in items)
    if left:
        items[0].session.stash.setdefault(LEFT, []).append(left)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear from a process of pytest-xdist how many it left."""
    node.config.stash.setdefault(LEFT, []).append(node.workeroutput.get("left", 0))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell how many were left: the process that prints, or the one that started this."""
    left = max(session.stash.get(LEFT, [0]))
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left"] = left
    else:
        session.config.stash.setdefault(LEFT, []).append(left)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take away what set this run apart, and say in the last line what was not tried."""
    if folder := config.stash.get(APART, None):
        shutil.rmtree(folder, ignore_errors=True)
    if left := max(config.stash.get(LEFT, [0])):
        print(f"Left to `make calibration`: {left} tests of worlds, calibrations and whole batches.")  # noqa: T201


def pytest_collection() -> None:
    """Leave what is collected alone: it is kept to the end, and every round of the garbage collector looks at it."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage again, but not among what ten thousand tests are made of."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def project() -> Path:
    """Folder of this checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the real raw files; skips without them, and fails in CI where they must be."""
    if (SHARED / "data").is_dir() and (SHARED / "peers").is_dir():
        return SHARED
    message = f"the real raw files are not at {SHARED}; set KLOOF_SHARED to the folder that holds data/ and peers/"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def copy_project(target: Path) -> Path:
    """Copy data and notebooks, as they are committed, to a folder in which a test may run and break things."""
    for name in ("data", "notebooks"):
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, target / name, ignore=shutil.ignore_patterns(*OWN))
    (target / "reports").mkdir(parents=True)
    return target


def set_apart(folder: Path) -> None:
    """Let this process, and those that it starts, take a copy for the project and an empty folder for the home."""
    for name in [name for name in os.environ if name.startswith(SETTINGS) and name not in FOR_TESTS]:
        del os.environ[name]
    # git is told in the home folder whose checkouts it may read
    os.environ.setdefault("GIT_CONFIG_GLOBAL", str(Path.home() / ".gitconfig"))
    (folder / "person").mkdir()
    os.environ["HOME"] = os.environ["USERPROFILE"] = str(folder / "person")
    home = copy_project(folder / "project")
    if (PROJECT / "reports" / "example").is_dir():
        shutil.copytree(PROJECT / "reports" / "example", home / "reports" / "example")
    os.environ["KLOOF_HOME"] = str(home)


@contextmanager
def home_at(folder: Path) -> Iterator[Path]:
    """Let kloof take `folder` for the project, and put things back."""
    before = os.environ.get("KLOOF_HOME")
    os.environ["KLOOF_HOME"] = str(folder)
    try:
        yield folder
    finally:
        if before is None:
            os.environ.pop("KLOOF_HOME")
        else:
            os.environ["KLOOF_HOME"] = before


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A copy of the project's data and notebooks, with an empty reports folder."""
    with home_at(copy_project(tmp_path / "home")) as folder:
        yield folder


@pytest.fixture(scope="session")
def breda_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Breda report, made from end to end in a folder of its own."""
    from kloof.run.report import make_report

    with home_at(copy_project(tmp_path_factory.mktemp("breda") / "home")):
        return make_report("breda", {})


@pytest.fixture(scope="session")
def heerlen_report(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """The report of Heerlen from the real database, made from end to end in a folder of its own."""
    from kloof.run.report import make_report

    source = str(shared / "data" / "kwb" / "heerlen_2016_2020.db")
    with home_at(copy_project(tmp_path_factory.mktemp("heerlen") / "home")):
        return make_report("heerlen", {"source": source})


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Call `kloof …` in this process: exit code, standard output, standard error."""
    from kloof.cli import main

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kloof", *map(str, words)])
        code = 0
        try:
            main.main()
        except SystemExit as ending:
            code = int(ending.code or 0)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@contextmanager
def jupyterlab(folder: Path, root: Path, *given: str) -> Iterator[str]:
    """A JupyterLab on a project, with settings of its own in `folder`; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    settings = {name: str(folder / name) for name in (*names, "JUPYTERLAB_WORKSPACES_DIR")} | {"KLOOF_HOME": str(root)}
    options = {
        "port": str(port), "ServerApp.port_retries": "0", "IdentityProvider.token": "", "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }  # fmt: skip
    words = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", *given]
    words += [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(words, env={**os.environ, **settings}, stdout=log, stderr=log, cwd=root)
    for _ in range(240):
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.5)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:  # on a busy machine it takes its time to let kernels go
            server.kill()
            server.wait()


def wait_for_kernel(notebook: Any) -> None:
    """Wait until the kernel of a notebook in JupyterLab waits, and still does so a second later.

    It is said to wait once before it is reached, and cells that are run meanwhile are forgotten.
    """
    waits = notebook.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    for _ in range(60):
        waits.wait_for(timeout=120_000)
        notebook.page.wait_for_timeout(1_000)
        if waits.count():
            return


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium; skips without it, and fails in CI where it must be."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        message = "no Chromium on this system; install the package chromium to run the browser tests"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()
