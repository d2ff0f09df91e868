"""A batch makes what changed and nothing else, comes through kills and full disks, and keeps a fault to its report."""

import contextlib
import errno
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import distributed.config  # noqa: F401 – its settings must be there before a test changes some
import psutil
import pytest
from errands import falls, fills, orders, told, waits
from readable import Row, file
from test_engine import KERNEL

from conftest import CommandLine
from kloof.cli import batch as cli_batch
from kloof.errors import BatchError, ReportError
from kloof.paths import dump, write_whole
from kloof.report.publish import FILES
from kloof.run import batch, depends, dispatch
from kloof.run.batch import DONE, FAILED, UNCHANGED, Order, Outcome, fulfil
from kloof.run.dispatch import give_out
from kloof.run.ending import take_away
from kloof.run.execute import USUAL, WARM
from kloof.run.provenance import CRATE
from kloof.store.add import add as put_in
from kloof.study import study

pytestmark = pytest.mark.xdist_group("run")

FIRST, SECOND, LAST = "01_what_do_we_know", "02_does_it_reproduce", "12_verdict"
HERE, THERE = "GM0344", "GM0363"
PARAMETERS = 'preset: str = "breda"  # p\nlanguage: str = "nl"  # l\nmunicipality: str = ""  # m\nseed: int = 0  # s'
OPEN = (
    "import kloof\nfrom kloof.questions import coverage\n"
    "study = kloof.open_study(globals())\nsection = kloof.Section({0!r})"
)
TABLE = "coverage.{0}(section, study)"
AFTER = "from kloof.run.in_notebook import earlier\n[part['id'] for part in earlier(study)]"
FINISH = "kloof.finish(study, section)"


def rows(code: str, value: float) -> list[Row]:
    """Figures of ten buurten of a municipality."""
    buurten = [f"BU{code[2:]}{number:04d}" for number in range(10)]
    years = {"good_perceived_health_share": (2012, 2016, 2020), "owner_occupied_share": (2024,)}
    return [
        (code, 2024, "inhabitants", 10_000, "cbs"),
        *[(buurt, 2024, "inhabitants", 1000, "cbs") for buurt in buurten],
        *[(buurt, 2024, "mean_dwelling_value", value + 10 * n, "cbs") for n, buurt in enumerate(buurten)],
        *[
            (buurt, year, name, 50 + n, f"source_{name}")
            for name, those in years.items()
            for year in those
            for n, buurt in enumerate(buurten)
        ],
    ]


def write(home: Path, stem: str, *cells: str) -> None:
    """Write a short notebook under the name of a real one."""
    content = [
        {
            "cell_type": "code", "id": f"c{place}", "metadata": {"tags": [] if place else ["parameters"]},
            "source": source, "outputs": [], "execution_count": None,
        }
        for place, source in enumerate([PARAMETERS, OPEN.format(stem), *cells, FINISH])
    ]  # fmt: skip
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": content}
    (home / "notebooks" / f"{stem}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture
def estate(home: Path) -> Path:
    """Two municipalities in the store, and three short notebooks, the last of which reads what the others left."""
    for path in (home / "notebooks").glob("*.ipynb"):
        path.unlink()
    write(home, FIRST, TABLE.format("what_is_missing"))
    write(home, SECOND, TABLE.format("how_rounded"))
    write(home, LAST, AFTER)
    for code, value in ((HERE, 200), (THERE, 300)):
        put_in(file(f"{code}.csv", rows(code, value), {code: code}))
    return home


@pytest.fixture
def quick(estate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with a first notebook and a page that take no time to make."""
    write(estate, FIRST)

    def publish(document: Any, folder: Path, languages: Any, *rest: Any) -> None:
        write_whole(folder / "results.json", dump(document))
        write_whole(folder / "tables" / "01.csv", "code\n")
        for language in languages:
            for name in (*FILES, "figures/01.svg"):
                write_whole(folder / language / name, "page")

    monkeypatch.setattr(batch, "publish_beside", publish)
    return estate


def order(code: str = HERE, **more: Any) -> Order:
    """Ask for a report in Dutch."""
    return Order("municipality", code, languages=("nl",), **more)


def again(code: str = HERE, **more: Any) -> list[str] | str:
    """Fulfil an order; give the short names of the notebooks that were executed, or its state when it is no other."""
    outcome = fulfil(order(code, **more))
    assert outcome.state != FAILED, outcome.problem
    return outcome.state if outcome.state == UNCHANGED else [name.split("/")[1][:2] for name in outcome.executed]


def in_toml(home: Path, name: str, old: str, new: str) -> None:
    """Change a text file of the project."""
    path = home / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def remark(path: Path) -> None:
    """Add a line that says nothing to a TOML file."""
    path.write_text(path.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")


def add(name: str, code: str) -> None:
    """Add a file about one municipality to the store."""
    put_in(file(f"{name}.csv", [(code, 2023, "inhabitants", 900, f"source_{name}")], {code: code}))


def argue(home: Path, code: str) -> None:
    """Let there be a debate on a municipality: that on Breda."""
    debates = home / "notebooks" / "debates"
    (debates / f"{code}.toml").write_bytes((debates / "GM0758.toml").read_bytes())


CHANGES: dict[str, tuple[Callable[[Path], object], list[str] | str]] = {
    "nothing": (Path.exists, UNCHANGED),
    "words of a notebook": (lambda home: write(home, SECOND, TABLE.format("how_rounded"), "# a remark"), ["02"]),
    "results of a notebook": (lambda home: write(home, SECOND, TABLE.format("how_comparable")), ["02", "12"]),
    "the last notebook": (lambda home: write(home, LAST, AFTER, "1"), ["12"]),
    "a value of the preset": (
        lambda home: in_toml(home, "notebooks/presets/municipality.toml", "1999", "999"), ["01", "02", "12"]
    ),
    "a remark in the preset": (
        lambda home: in_toml(home, "notebooks/presets/municipality.toml", "report =", "# a remark\nreport ="), UNCHANGED
    ),
    "another preset": (lambda home: in_toml(home, "notebooks/presets/breda.toml", "1999", "999"), UNCHANGED),
    "the claims": (lambda home: remark(home / "notebooks" / "claims.toml"), ["01", "02", "12"]),
    "the catalogue": (lambda home: remark(home / "data" / "catalogue.toml"), ["01", "02", "12"]),
    "an embedded set": (lambda home: in_toml(home, "data/breda/figures.csv", "code", "Code"), UNCHANGED),
    "figures of its own": (lambda _: add("more", HERE), ["01", "02", "12"]),
    "figures of another": (lambda _: add("other", THERE), UNCHANGED),
    "its page": (lambda home: (home / "reports" / HERE / "nl" / "index.html").unlink(), []),
    "the PDF of its data page": (lambda home: (home / "reports" / HERE / "nl" / "data.pdf").unlink(), []),
    "what is said of it": (lambda home: argue(home, HERE), []),
    "what is said of another": (lambda home: argue(home, THERE), UNCHANGED),
    "an executed notebook": (
        lambda home: (home / "reports" / HERE / "nl" / "notebooks" / f"{LAST}.ipynb").unlink(), ["12"]
    ),
    "what it was made with": (lambda home: (home / "reports" / HERE / batch.MADE).unlink(), ["01", "02", "12"]),
    "a notebook more": (lambda home: write(home, "03_how_segregated", "1"), ["03", "12"]),
}  # fmt: skip


def test_what_depends_on_a_change_is_executed_again_and_nothing_else(quick: Path) -> None:
    assert again() == ["01", "02", "12"]
    found = {}
    for name, (change, _) in CHANGES.items():
        change(quick)
        found[name] = again()
        assert UNCHANGED in (found[name], again()), name
    assert found == {name: wanted for name, (_, wanted) in CHANGES.items()}


ALL = ["01", "02", "12"]
OTHER = gzip.compress(json.dumps({FIRST: {f"{FIRST}.json": "{}"}}).encode())


def written(name: str, content: bytes | None = None) -> Callable[[Path], object]:
    """Write another content in a file of a report; without one, the half of what it holds."""

    def write(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)

    return write


def gone(name: str) -> Callable[[Path], object]:
    """Remove a file of a report."""
    return lambda folder: (folder / name).unlink()


def linked(name: str) -> Callable[[Path], object]:
    """Put a link to the same content in the place of a file or folder of a report."""
    return lambda folder: (
        (folder / name).rename(folder.parent / "elsewhere") and (folder / name).symlink_to(folder.parent / "elsewhere")
    )


def in_made(**changes: Any) -> Callable[[Path], object]:
    """Change what a report says it rests on."""
    return lambda folder: (folder / batch.MADE).write_text(
        json.dumps({**json.loads((folder / batch.MADE).read_text()), **changes})
    )


def as_a_file(folder: Path) -> None:
    """Put a file in the place of a report."""
    shutil.rmtree(folder)
    folder.write_text("no folder")


DAMAGE: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "an edited page": (written("nl/index.html", b"edited"), []),
    "an empty page": (written("nl/data.html", b""), []),
    "a halved PDF": (written("nl/report.pdf"), []),
    "a removed PDF": (gone("nl/data.pdf"), []),
    "edited results": (written("results.json", b"{}"), []),
    "halved results": (written("results.json"), []),
    "removed results": (gone("results.json"), []),
    "an edited picture": (written("nl/figures/01.svg", b"<svg/>"), []),
    "a removed picture": (gone("nl/figures/01.svg"), []),
    "an edited table": (written("tables/01.csv", b"code\nBU1\n"), []),
    "an edited notebook": (written(f"nl/notebooks/{SECOND}.ipynb", b"{}"), ["02"]),
    "a removed notebook": (gone(f"nl/notebooks/{FIRST}.ipynb"), ["01"]),
    "an edited crate": (lambda folder: in_toml(folder, CRATE, '"name": "kloof', '"name": "gap'), ALL),
    "an added file": (written("nl/more.html", b"page"), []),
    "an added file where parts stood": (written("parts/01.json", b"{}"), []),
    "a page that is a link": (linked("nl/index.html"), []),
    "pictures behind a link": (linked("nl/figures"), []),
    "a page that is a folder": (lambda folder: gone("nl/index.html")(folder) or (folder / "nl/index.html").mkdir(), []),
    "half of what it rests on": (written(batch.MADE), ALL),
    "other things that notebooks left": (written(batch.PARTS, OTHER), ALL),
    "a file in its place": (as_a_file, ALL),
    "a report set aside by a run that was killed": (lambda folder: folder.rename(folder.parent / f".{HERE}.old"), []),
}  # fmt: skip


# as in rows above, all is made again: that it is seen is enough
SEEN: dict[str, Callable[[Path], object]] = {
    "a halved crate": written(CRATE),
    "a removed crate": gone(CRATE),
    "a list of what it rests on": written(batch.MADE, b"[]"),
    "another thing it rests on": in_made(library="other"),
    "nothing it rests on": in_made(asked=[], figures=depends.digest([])),
    "no word of what it rests on": gone(batch.MADE),
    "half of what notebooks left": written(batch.PARTS),
    "no gzip of what notebooks left": written(batch.PARTS, b"parts"),
    "nothing that notebooks left": gone(batch.PARTS),
}


def test_what_is_not_what_was_made_is_made_again_and_nothing_else(quick: Path) -> None:
    assert again() == ALL
    folder = quick / "reports" / HERE
    as_made = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    unseen = []
    for name, spoil in SEEN.items():
        spoil(folder)
        wanted = batch.plan(order(), batch.Ground())
        if wanted.known is not None or (wanted.made and wanted.crate and wanted.earlier):
            unseen.append(name)
        for kept in (batch.MADE, batch.PARTS, CRATE):
            (folder / kept).write_bytes(as_made[kept])
    assert (unseen, again()) == ([], UNCHANGED)
    before, found = sorted(path.name for path in folder.parent.iterdir()), {}
    for name, (spoil, _) in DAMAGE.items():
        spoil(folder)
        found[name] = again() if name != list(DAMAGE)[-1] else [] if again() == UNCHANGED else ["made"]
        there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert (name, there) == (name, as_made)
        assert not [path for path in folder.rglob("*") if path.is_symlink()], name
        take_away(folder.parent / "elsewhere")
        assert sorted(path.name for path in folder.parent.iterdir()) == before, name
        assert again() == UNCHANGED, name
    assert found == {name: wanted for name, (_, wanted) in DAMAGE.items()}


def test_a_changed_module_concerns_the_notebooks_that_reach_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted((project / "notebooks").glob("[0-9]*.ipynb"))
    before = {path.stem[:2]: depends.notebook(path) for path in paths}
    known = depends._library()

    def with_other(name: str) -> list[str]:
        changed = {**known, name: ("other", known[name][1])}
        monkeypatch.setattr(depends, "_library", lambda: changed)
        depends.library.cache_clear()
        return [path.stem[:2] for path in paths if depends.notebook(path) != before[path.stem[:2]]]

    assert with_other("kloof.questions.tenures") == list(before), "each asks for the answers of its question"
    whole = depends.whole_library()
    assert with_other("kloof.cli.measure") == []
    assert re.fullmatch("[0-9a-f]{64}", whole) and depends.whole_library() != whole
    depends.library.cache_clear()


def test_what_is_imported_is_found_wherever_it_stands() -> None:
    source = "import kloof\nfrom kloof import a, b\ndef f():\n    from kloof.c import d\n    import kloof.e, other.g"
    assert depends.imported(source) == {"kloof", "kloof.a", "kloof.b", "kloof.c", "kloof.c.d", "kloof.e"}


def test_a_report_of_a_batch_is_that_of_a_run(estate: Path) -> None:
    from kloof.run.report import make_report

    assert again() == ["01", "02", "12"]
    folder = estate / "reports" / HERE
    made = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert make_report("municipality", {"municipality": HERE}, ("nl",)) == folder
    alone = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {name: text for name, text in made.items() if name.name not in (batch.MADE, batch.PARTS)} == alone


def test_a_report_made_while_the_store_changed_is_made_again(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = batch.publish_beside

    def meanwhile(*given: Any) -> None:
        made(*given)
        add("meanwhile", HERE)

    with monkeypatch.context() as patch:
        patch.setattr(batch, "publish_beside", meanwhile)
        assert again() == ["01", "02", "12"]
    [path] = quick.glob(f"reports/*{HERE}*/{batch.MADE}")
    assert json.loads(path.read_text(encoding="utf-8"))["figures"] == batch.CHANGED_MEANWHILE
    assert again() == ["01", "02", "12"]
    assert json.loads(path.read_text(encoding="utf-8"))["figures"] != batch.CHANGED_MEANWHILE
    assert again() == UNCHANGED


def test_a_fault_stays_with_its_report_and_leaves_the_earlier_one_whole(quick: Path) -> None:
    assert again(THERE) == ["01", "02", "12"]
    write(quick, SECOND, "if municipality == 'GM0363': raise ValueError('planted')")
    before = (quick / "reports" / THERE / batch.MADE).read_bytes()
    outcomes = {code: fulfil(order(code)) for code in ("GM0001", THERE, HERE)}
    assert [outcome.state for outcome in outcomes.values()] == [FAILED, FAILED, DONE]
    assert "no GM0001" in outcomes["GM0001"].problem
    assert f"{SECOND}.ipynb, cell 4: ValueError: planted" in outcomes[THERE].problem
    assert (quick / "reports" / "failed" / THERE / f"nl_{SECOND}.ipynb").is_file()
    assert (quick / "reports" / THERE / batch.MADE).read_bytes() == before
    assert sorted(path.name for path in (quick / "reports").iterdir()) == [".batch", HERE, THERE, "failed"]


def test_what_these_figures_cannot_carry_is_tried_again_only_after_a_change(quick: Path) -> None:
    """A fault that may pass is tried again at once."""
    write(
        quick, SECOND, f"raise kloof.errors.ParameterError('one buurt') if municipality == {HERE!r} else SystemError()"
    )
    first, second = fulfil(order()), fulfil(order())
    assert (first.state, first.problem) == (second.state, second.problem)
    assert f"{SECOND}.ipynb, cell 4: ParameterError: one buurt" in first.problem
    kept = quick / "reports" / "failed" / HERE
    aside = kept.stat().st_mtime_ns
    assert fulfil(order()).state == FAILED
    assert kept.stat().st_mtime_ns == aside  # nothing was executed
    refused = kept / batch.REFUSED
    whole = refused.read_bytes()
    for spoilt in (b"", b"{", b"[]", whole[:60], whole.replace(b"one buurt", b"two")):
        refused.write_bytes(spoilt)
        assert batch.plan(order(), batch.Ground()).refusal == "", spoilt
    assert (fulfil(order()).problem, refused.read_bytes()) == (first.problem, whole)
    aside = kept.stat().st_mtime_ns
    add("more", THERE)
    assert fulfil(order()).state == FAILED
    assert kept.stat().st_mtime_ns != aside
    write(quick, SECOND, "1")
    assert again() == ["01", "02", "12"]
    write(quick, SECOND, "raise ValueError('planted')")
    assert fulfil(order(THERE)).state == FAILED
    assert not (quick / "reports" / "failed" / THERE / batch.REFUSED).exists()


def test_a_page_that_is_not_faithful_is_made_again_only_after_a_change(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def publish(*_: object) -> None:
        made.append(1)
        raise ReportError("1 fault in the nl page.")

    monkeypatch.setattr(batch, "publish_beside", publish)
    add("more", HERE)
    first, second = fulfil(order()), fulfil(order())
    assert (first.state, first.problem, len(made)) == (FAILED, "1 fault in the nl page.", 1)
    assert second.problem == first.problem
    add("most", HERE)
    assert fulfil(order()).state == FAILED
    assert len(made) == 2


def test_a_notebook_that_loops_fails_in_time_and_a_worker_with_another_library_is_refused(quick: Path) -> None:
    write(quick, FIRST, "while True: pass")
    for given, problem in (({"limit": 1.0}, f"{FIRST}.ipynb: A cell timed out"),
                           ({"library": "other"}, "another version of the library")):  # fmt: skip
        outcome = fulfil(order(**given))
        assert (outcome.state, problem in outcome.problem) == (FAILED, True), outcome.problem


def test_a_full_disk_leaves_the_earlier_report_and_is_known_as_such(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert again() == ["01", "02", "12"]
    write(quick, SECOND, "2")
    before = (quick / "reports" / HERE / batch.MADE).read_bytes()

    def full(path: Path, content: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as now:
        now.setattr(batch, "write_whole", full)
        outcome = fulfil(order())
    assert (outcome.state, outcome.disk_full) == (FAILED, True)
    assert (quick / "reports" / HERE / batch.MADE).read_bytes() == before
    assert again() == ["02", "12"]


def test_two_batches_at_once_make_a_report_once_of_figures_read_once(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process, too, takes what the notebooks opened; what a killed batch left half is taken away."""
    opened, found = list[Any](), list[Outcome]()
    monkeypatch.setattr(study, "_opened", opened.append)
    half = quick / "reports" / f".making-{HERE}"
    (half / "nl").mkdir(parents=True)
    both = [threading.Thread(target=lambda: found.append(fulfil(order()))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    made = sorted((outcome.state, [name[3:5] for name in outcome.executed]) for outcome in found)
    assert made == [(DONE, ["01", "02", "12"]), (UNCHANGED, [])]
    assert not half.exists()
    if USUAL == WARM:  # only in warm copies, which not every system can make, notebooks remember
        assert opened == []


def test_a_killed_worker_is_replaced_and_an_order_that_kills_them_all_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "DEATHS", 1)  # each death takes the start of a worker
    found = {outcome.municipality: outcome for outcome in give_out(orders(tmp_path, 3), 2, do=falls)}
    assert {code: outcome.state for code, outcome in found.items()} == {
        "GM0000": FAILED, "GM0001": DONE, "GM0002": DONE,
    }  # fmt: skip
    assert "ended unexpectedly again and again" in found["GM0000"].problem


def test_a_full_disk_ends_the_batch(tmp_path: Path) -> None:
    given = give_out(orders(tmp_path, 12), 1, do=fills)
    found = []
    with pytest.raises(BatchError, match=r"The disk is full: no space\. Make room\. .*--resume"):
        found.extend(given)
    assert len(list(tmp_path.iterdir())) < 12


def certificate(folder: Path) -> dict[str, str]:
    """Make a certificate that is its own authority, and give Dask's settings that name it."""
    if (tool := shutil.which("openssl")) is None:
        pytest.skip("no openssl to make a certificate with")
    key, cert = folder / "key.pem", folder / "cert.pem"
    made = [tool, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
    subprocess.run([*made, "-subj", "/CN=kloof"], check=True, capture_output=True)
    roles = {f"distributed.comm.tls.{role}": {"cert": str(cert), "key": str(key)} for role in ("client", "worker")}
    return {"distributed.comm.tls.ca-file": str(cert), **roles}  # type: ignore[dict-item]


@contextmanager
def cluster(folder: Path, protocol: str, *places: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler and a worker in processes of their own; its address, and the scheduler. By tcp: as was asked for.

    The worker can import what lies in `places`.
    """
    settings: dict[str, Any] = {"distributed.comm.require-encryption": False}
    there, safe = folder / "scheduler.json", []
    if protocol == "tls":
        settings = certificate(folder)
        files = {"ca-file": "cert", "cert": "cert", "key": "key"}
        safe = [word for name, file in files.items() for word in (f"--tls-{name}", str(folder / f"{file}.pem"))]
    tool = [sys.executable, "-m", "dask"]
    reached = os.pathsep.join([*map(str, places), *sys.path])
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    quiet["env"] = {**os.environ, "PYTHONPATH": reached}
    files = [*safe, "--no-dashboard", "--scheduler-file", str(there)]
    where = ["--protocol", protocol, "--host", "127.0.0.1", "--port", "0"]
    started = [
        subprocess.Popen([*tool, "scheduler", *where, *files], **quiet),
        subprocess.Popen([*tool, "worker", "--nthreads", "1", "--death-timeout", "60", *files], **quiet),
    ]
    try:
        for _ in range(600):
            if there.exists() and there.read_text():
                break
            time.sleep(0.1)
        with dask.config.set(settings):
            yield json.loads(there.read_text())["address"], started[0]
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait()


@pytest.fixture(params=["tls", "tcp"])
def elsewhere(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """By tls, and by tcp where that was asked for."""
    with cluster(tmp_path, request.param, Path(__file__).parent) as found:
        yield found


@pytest.mark.calibration
def test_another_scheduler_serves_and_when_it_is_killed_the_batch_ends(
    tmp_path: Path, elsewhere: tuple[str, subprocess.Popen[bytes]]
) -> None:
    address, scheduler = elsewhere
    place = tmp_path / "asked"
    place.mkdir()
    given = give_out(orders(place, 2), 1, address, do=waits)
    assert next(given).municipality == "GM0000"
    scheduler.kill()
    with pytest.raises(BatchError, match=r"The scheduler went away .*What is done is kept.*--resume"):
        next(given)


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dispatch, "CONNECT", 1)
    said = r"answers at tls://127\.0\.0\.1:9 .*--tls-cert"
    with dask.config.set(certificate(tmp_path)), pytest.raises(BatchError, match=said):
        list(give_out(orders(tmp_path, 1), 1, "tls://127.0.0.1:9"))
    with pytest.raises(BatchError, match=said):
        list(give_out(orders(tmp_path, 1), 1, "tls://127.0.0.1:9"))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:9", "ws://127.0.0.1:9"])
def test_a_scheduler_without_certificates_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(BatchError, match=r"has no certificates: whoever reaches it can run code.*tls://.*=false"):
        list(give_out(orders(tmp_path, 1), 1, address))


def test_nothing_listens_for_the_workers_of_this_machine(tmp_path: Path) -> None:
    given = give_out(orders(tmp_path, 3), 2, do=told)
    next(given)
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = [(one.name(), at) for one in family for at in one.net_connections("all") if at.status == "LISTEN"]
    assert listening == []
    assert len(list(given)) == 2
    assert not [one for one in psutil.Process().children() if "spawn_main" in " ".join(one.cmdline())]


def test_the_command_makes_lists_and_logs(
    quick: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "give_out", lambda orders, *_: map(fulfil, orders))
    write(quick, SECOND, "if municipality == 'GM0363': raise ValueError('planted')")
    code, out, _ = command_line("batch", "--all", "--language", "nl")
    assert code == 1
    assert out.splitlines()[0] == "1 done, 1 failed"
    assert out.splitlines()[1].startswith(f"✗ {THERE}: {SECOND}.ipynb, cell 4: ValueError: planted")
    write(quick, SECOND, "2")
    code, out, _ = command_line("batch", "--resume", "--json")
    assert (code, [(one["municipality"], one["state"]) for one in json.loads(out)]) == (
        0, [(HERE, DONE), (THERE, DONE)],
    )  # fmt: skip
    assert command_line("batch", "--resume")[1].splitlines()[0] == "2 unchanged"
    log = (quick / "reports" / ".batch" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    states = [json.loads(line)["state"] for line in log]
    assert states == [
        "begun", DONE, FAILED, "ended", "begun", DONE, DONE, "ended", "begun", UNCHANGED, UNCHANGED, "ended",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"{}", "plan", "codes", "limit", "languages", "more"],
)
def test_a_damaged_plan_is_named(home: Path, command_line: CommandLine, content: bytes | str) -> None:
    plan = {"preset": "municipality", "codes": [HERE], "overrides": {}, "languages": ["nl"], "limit": 600}
    spoilt: dict[Any, Any] = {"codes": [5], "limit": float("nan"), "languages": "nl", "more": 1}
    path = home / "reports" / ".batch" / "plan.json"
    path.parent.mkdir()
    asked = {**plan, content: spoilt[content]} if content in spoilt else {"preset": "municipality"}
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(asked).encode())
    code, _, err = command_line("batch", "--resume")
    assert (code, "plan.json, which says what the last batch was asked, is damaged. Ask it again" in err) == (2, True)


def test_all_are_those_of_today(home: Path) -> None:
    # Uden went into Maashorst in 2022
    merged = [
        ("GM1991", 2024, "inhabitants", 300, "cbs"),
        ("GM0856", 2019, "inhabitants", 200, "cbs"),
    ]  # Maashorst, Uden
    put_in(file("kwb.csv", [*rows(HERE, 200), *merged]))
    assert cli_batch.codes_of(every=True, given=[], preset="manifest") == [HERE, "GM1991"]


def test_a_preset_may_say_which(home: Path) -> None:
    fifteen = cli_batch.codes_of(every=False, given=[], preset="manifest")
    assert (len(set(fifteen)), "GM0758" in fifteen) == (15, True)
    assert cli_batch.codes_of(every=False, given=[HERE], preset="manifest") == [HERE]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Say which municipalities"),
        (("--all", "--municipality", HERE), "Say which municipalities"),
        (("--municipality", "Atlantis"), "municipality .Atlantis. is not known"),
        (("--all", "--language", "nl,fr"), "language 'nl,fr' is not known"),
        (("--all", "--set", "municipality=GM0344"), "a batch has an option of its own"),
        (("--all", "--set", "workers=2"), "unknown parameter 'workers'"),
        (("--all",), r"The store \(data/store\) is empty"),
        (("--resume",), "There is no batch to go on with"),
        (("--resume", "--all"), "give no others"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    home: Path, command_line: CommandLine, words: tuple[str, ...], message: str
) -> None:
    code, _, err = command_line("batch", *words)
    assert code == 2
    assert re.search(message, err)


SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def alive(home: Path) -> list[psutil.Process]:
    """Processes that work in a project."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("KLOOF_HOME") == str(home):
                found.append(process)
    return [one for one in found if one.pid != os.getpid()]


def wait_until(true: Callable[[], object], seconds: float = 120) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


RUN = ("run", "--preset", "municipality", "--set", f"municipality={HERE}", "--language", "nl")
BATCH = ("batch", "--all", "--workers", "2", "--language", "nl")


@pytest.mark.calibration
@pytest.mark.parametrize(
    ("words", "number"),
    [*((BATCH, number) for number in SIGNALS), (RUN, signal.SIGTERM), ((*RUN, "--engine", "stock"), signal.SIGTERM)],
)  # fmt: skip
def test_who_is_told_to_stop_leaves_nothing_half_made_and_nobody_behind(
    estate: Path, words: tuple[str, ...], number: signal.Signals
) -> None:
    """As a system, a terminal that closes, and Ctrl-C do: the last reaches all processes of the terminal."""
    write(estate, LAST, f"import pathlib, time\npathlib.Path({str(estate)!r}, 'at work').touch()\ntime.sleep(600)")
    command = [sys.executable, "-m", "kloof.cli.main", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True, text=True)
    wait_until(lambda: (estate / "at work").exists() or process.poll() is not None)
    assert list((estate / "reports").glob(".making-*"))
    send = os.kill if number == signal.SIGTERM else os.killpg
    send(process.pid, number)
    _, said = process.communicate(timeout=240)  # a busy machine is slow to end
    assert process.returncode == 130, said
    assert said.endswith("kloof: stopped; earlier reports are untouched.\n")
    assert "Traceback" not in said
    assert [path.name for path in (estate / "reports").glob(".making-*")] == []
    wait_until(lambda: not alive(estate), 10)


def test_after_kill_9_a_batch_goes_on_without_doing_anything_twice(
    quick: Path, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = f"while municipality == {THERE!r} and not pathlib.Path({str(quick / 'go on')!r}).exists(): time.sleep(0.1)"
    write(quick, LAST, AFTER, f"import pathlib, time\n{wait}")
    command = [sys.executable, "-m", "kloof.cli.main", "batch", "--workers", "1", "--language", "nl", "--all"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    reports = quick / "reports"
    wait_until((reports / f".making-{THERE}").exists, 240)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not alive(quick), 30)
    (reports / ".making-half" / "nl").mkdir(parents=True)
    first = (reports / HERE / batch.MADE).stat().st_mtime_ns
    assert not (reports / THERE).exists()
    (quick / "go on").touch()
    monkeypatch.setattr(dispatch, "give_out", lambda orders, *_: map(fulfil, orders))
    code, out, _ = command_line("batch", "--resume", "--json")
    states = {one["municipality"]: one["state"] for one in json.loads(out)}
    assert (code, states) == (0, {HERE: UNCHANGED, THERE: DONE})
    assert (reports / HERE / batch.MADE).stat().st_mtime_ns == first
    assert list(reports.glob(".making-*")) == []
