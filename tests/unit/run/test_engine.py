"""Notebooks in forked copies of a warm process: the bytes of a kernel of their own, nothing shared, killed in time."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kloof.errors import NotebookError
from kloof.report import page
from kloof.run import warm
from kloof.run.execute import STOCK, WARM, How, execute
from kloof.run.pool import DiedError, Workers, workers

pytestmark = pytest.mark.xdist_group("run")
LOOK = "# look\n"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
EVERYTHING = [
    "import kloof",
    "import numpy as np, pandas as pd",
    "print('één'); print('two', end='')",
    "pd.DataFrame(np.arange(60).reshape(2, 30))",
    "from IPython.display import SVG, Markdown, display\ndisplay(Markdown('*m*')); 7 + number",
    "from matplotlib import pyplot as plt\nplt.plot([1, 3, 2]); plt.title('t')",
    "class Shown:\n    def _repr_svg_(self): return '<svg/>'\n    def __repr__(self): return 's'\nShown()",
    "8;",
    "   ",
    "number = In[1] == 'import kloof'; number",
    "await __import__('asyncio').sleep(0, 'waited')",
    "_, __",
    "%who_ls int",
]


def write(path: Path, cells: Sequence[str]) -> Path:
    """Write a notebook of code cells; the first is the parameter cell."""
    kinds = [(["parameters"], 'language: str = "nl"  # language\nnumber: int = 0  # a number')]
    kinds += [(["look"] if source.startswith(LOOK) else [], source) for source in cells]
    content = [
        {
            "cell_type": "code", "id": f"cell{place}", "metadata": {"tags": tags}, "source": source, "outputs": [],
            "execution_count": None,
        }
        for place, (tags, source) in enumerate(kinds)
    ]  # fmt: skip
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": content}), encoding="utf-8"
    )
    return path


def run(
    folder: Path, cells: Sequence[str], engine: str = WARM, limit: float = 60, number: int = 3, *, look: bool = True
) -> dict[str, Any]:
    """Execute cells; give the executed notebook."""
    path, target = write(folder / "given.ipynb", cells), folder / f"{engine}.ipynb"
    how = How(engine, limit, look=look)
    execute(path, target, {"language": "nl", "number": number}, folder / "parts", lambda _: None, how)
    content: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return content


def shown(notebook: dict[str, Any]) -> list[str]:
    """Give the text of what the cells printed or ended with."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return ["".join(o["text"] if "text" in o else o["data"]["text/plain"]) for o in outputs]


def gone(pid: int, seconds: float = 20) -> bool:
    """Tell whether a process is gone, or will be soon."""
    for _ in range(int(seconds * 10)):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


def test_both_engines_leave_the_same_bytes(tmp_path: Path) -> None:
    for engine in (WARM, STOCK):
        run(tmp_path, EVERYTHING, engine)
    warm, stock = ((tmp_path / f"{engine}.ipynb").read_text(encoding="utf-8") for engine in (WARM, STOCK))
    assert warm == stock
    kinds = {
        kind for cell in json.loads(warm)["cells"] for output in cell["outputs"] for kind in output.get("data", ())
    }
    assert {"image/png", "image/svg+xml", "text/markdown", "text/html"} <= kinds, "the comparison is about something"


def test_what_is_written_below_python_is_caught(tmp_path: Path) -> None:
    cells = ["import os; _ = os.system('echo below')", "_ = os.system('echo again')"]
    assert shown(run(tmp_path, cells)) == ["below\n", "again\n"]
    with pytest.raises(NotebookError, match="printed a warning, which a report does not allow: cell 3: wrong"):
        run(tmp_path, ["import os; os.write(2, b'wrong');"])


def test_both_engines_name_the_same_fault(tmp_path: Path) -> None:
    told = []
    for engine in (WARM, STOCK):
        with pytest.raises(NotebookError) as caught:
            run(tmp_path, ["a = 1", "1 / 0", "a = 2"], engine)
        kept = json.loads((tmp_path / f"{engine}.ipynb").read_text(encoding="utf-8"))
        outputs = [output for cell in kept["cells"] for output in cell.get("outputs", [])]
        told.append((str(caught.value), [output["output_type"] for output in outputs], outputs[-1].get("ename")))
    assert told[0] == told[1]
    assert told[0][0] == "given.ipynb, cell 4: ZeroDivisionError: division by zero"


STATE = {
    "module": "import statistics; value = getattr(statistics, 'planted', None)",
    "builtin": "import builtins; value = getattr(builtins, 'planted', None)",
    "library": "import kloof.paths; value = getattr(kloof.paths, 'planted', None)",
    "rcParams": "import matplotlib; value = matplotlib.rcParams['lines.linewidth']",
    "pandas": "import pandas; value = pandas.get_option('display.max_rows')",
    "numpy": "import numpy; value = numpy.get_printoptions()['precision']",
    "folder": "import os; value = os.getcwd()",
    "environment": "import os; value = os.environ.get('PLANTED')",
    "path": "import sys; value = list(sys.path)",
    "warnings": "import warnings; value = [str(f) for f in warnings.filters]",
    "recursion": "import sys; value = sys.getrecursionlimit()",
    "names": "value = 'planted' in globals()",
}
SPOILED = [
    "import builtins, os, random, statistics, sys, warnings",
    "import kloof.paths, matplotlib, numpy, pandas",
    "statistics.planted = builtins.planted = kloof.paths.planted = planted = 1",
    "matplotlib.rcParams['lines.linewidth'] = 9",
    "pandas.set_option('display.max_rows', 3)\nnumpy.set_printoptions(precision=2)",
    "os.chdir('/')\nos.environ['PLANTED'] = 'yes'\nsys.path.insert(0, '/planted')",
    "warnings.simplefilter('ignore')\nsys.setrecursionlimit(4321)",
    "random.seed(1); numpy.random.seed(1)",
]


LACKS = 'from kloof.errors import NotComputableError\nraise NotComputableError("one_year_only", "only 2024 here")'


def test_a_cell_that_only_looks_may_lack_figures_and_the_notebook_goes_on(tmp_path: Path) -> None:
    cells = [f"{LOOK}{LACKS}\npanel = 1", f"{LOOK}panel + 1", f"{LOOK}'other'", "'needed'"]
    made = [run(tmp_path, cells, engine) for engine in (WARM, STOCK)]
    assert made[0] == made[1]
    assert shown(made[0]) == ["only 2024 here", "'other'", "'needed'"]
    assert [cell["metadata"]["tags"] for cell in made[0]["cells"][-4:]] == [["look"], ["look"], ["look"], []]


@pytest.mark.parametrize("engine", [WARM, STOCK])
def test_a_slip_in_a_cell_that_only_looks_is_an_error(tmp_path: Path, engine: str) -> None:
    for cells in ([f"{LOOK}panle + 1"], [f"{LOOK}{LACKS}", f"{LOOK}1 / 0"], [LACKS]):
        with pytest.raises(NotebookError, match=r"cell \d: (NameError|ZeroDivisionError|NotComputableError)"):
            run(tmp_path, cells, engine)


def test_a_batch_leaves_out_the_cells_that_only_look(tmp_path: Path) -> None:
    made = [run(tmp_path, [f"{LOOK}'by hand'", "'needed'"], engine, look=False) for engine in (WARM, STOCK)]
    assert made[0] == made[1]
    assert shown(made[0]) == ["'needed'"]
    assert made[0]["cells"][-2]["metadata"]["tags"] == ["look"]


def test_nothing_a_notebook_does_reaches_the_next(tmp_path: Path) -> None:
    look = [f"{source}\nprint({name!r}, value)" for name, source in STATE.items()]
    before = shown(run(tmp_path, look))
    spoiled = shown(run(tmp_path, [*SPOILED, *look]))
    after = shown(run(tmp_path, look))
    same = [name for name, one, other in zip(STATE, before, spoiled, strict=True) if one == other]
    assert same == [], "what is planted must be seen where it is planted"
    assert after == before


def test_random_numbers_without_a_seed_differ_from_notebook_to_notebook(tmp_path: Path) -> None:
    draw = ["import random, numpy\nprint(random.random(), numpy.random.random())"]
    first, second = (shown(run(tmp_path, draw))[0].split() for _ in range(2))
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_a_notebook_that_loops_is_killed_with_what_it_started_and_kept(tmp_path: Path) -> None:
    cells = [
        "print('before')",
        f"""import os, pathlib, subprocess
other = subprocess.Popen(['sleep', '300'])
pathlib.Path({str(tmp_path / "pids")!r}).write_text(f'{{os.getpid()}} {{other.pid}}');""",
        "while True: pass",
    ]
    with pytest.raises(NotebookError, match=r"given\.ipynb: A cell timed out"):
        run(tmp_path, cells, limit=1)
    assert all(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())
    assert shown(json.loads((tmp_path / "warm.ipynb").read_text(encoding="utf-8"))) == ["before\n"]


def test_a_copy_that_dies_is_reported_and_the_next_notebook_runs(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="ended unexpectedly"):
        run(tmp_path, ["import os; os._exit(3)"])
    assert shown(run(tmp_path, ["print(number)"])) == ["3\n"]


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="this system cannot tell what a process holds")
def test_a_notebook_that_takes_too_much_memory_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = ["import numpy; numpy.ones(100_000_000).sum()"]
    assert shown(run(tmp_path, cells)) == ["np.float64(100000000.0)"]
    monkeypatch.setenv(warm.MEMORY, str(400_000_000))
    with pytest.raises(NotebookError, match=r"cell 3: MemoryError"):
        run(tmp_path, cells)
    assert shown(run(tmp_path, ["numpy_is_small = sum([1, 2]); numpy_is_small"])) == ["3"]


def test_another_warm_parent_is_started_when_it_was_killed(tmp_path: Path) -> None:
    run(tmp_path, ["1"])
    pid = workers().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    assert shown(run(tmp_path, ["print(number)"])) == ["3\n"]
    assert workers().pid != pid


@pytest.fixture
def crew() -> Iterator[Workers]:
    """Workers of their own."""
    made = Workers()
    yield made
    made.close()


def test_the_warm_parent_has_one_thread(crew: Workers) -> None:
    if not Path("/proc/self/task").is_dir():
        pytest.skip("this system does not list threads")
    assert crew.call("os", "getpid", (), os.environ) > 0
    assert len(list(Path(f"/proc/{crew.pid}/task").iterdir())) == 1


def test_a_call_gives_its_answer_or_what_it_raised(crew: Workers) -> None:
    assert crew.call("math", "factorial", (5,), os.environ) == 120
    with pytest.raises(ValueError, match="negative"):
        crew.call("math", "factorial", (-5,), os.environ)
    with pytest.raises(DiedError, match=r"os\._exit ended unexpectedly"):
        crew.call("os", "_exit", (2,), os.environ)


def test_fonts_cut_ahead_of_time_have_the_same_bytes(crew: Workers) -> None:
    for letters in (frozenset("De kloof: 1.234,5 procent (één)"), frozenset("Þorp")):
        assert crew.call("kloof.report.page", "font_faces", (letters,), os.environ) == page.font_faces(letters)


def test_copies_end_with_who_asked_for_them(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    path = write(
        tmp_path / "given.ipynb",
        [f"import os, pathlib\npathlib.Path({str(marker)!r}).write_text(str(os.getpid()))\nwhile True: pass"],
    )
    code = (
        "import sys; from pathlib import Path; from kloof.run.execute import execute\n"
        "execute(Path(sys.argv[1]), Path(sys.argv[2]), {'language': 'nl'}, Path(sys.argv[3]), lambda _: None)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, path, tmp_path / "out.ipynb", tmp_path / "parts"])
    for _ in range(600):
        if marker.exists() and marker.read_text():
            break
        time.sleep(0.1)
    pid = int(marker.read_text())
    process.kill()
    process.wait()
    assert gone(pid)


def test_papermill_finds_the_engine(project: Path, tmp_path: Path) -> None:
    entry = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    module, name = entry["papermill.engine"]["kloof"].split(":")
    engine = getattr(import_module(module), name)
    import papermill
    from papermill.engines import papermill_engines

    papermill_engines.register("kloof", engine)
    path = write(tmp_path / "given.ipynb", ["print(number)"])
    made = papermill.execute_notebook(
        str(path), str(tmp_path / "out.ipynb"), {"number": 5}, engine_name="kloof", kernel_name="python3",
        progress_bar=False,
    )  # fmt: skip
    assert [output["text"] for cell in made["cells"] for output in cell.get("outputs", [])] == ["5\n"]
