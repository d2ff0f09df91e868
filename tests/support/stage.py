"""A place to download into, a server to download from, and an independent reader to compare with."""

import csv
import itertools
import multiprocessing
import os
import signal
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from odata_server import World

from kloof.catalogue import Catalogue, read_catalogue
from kloof.fetch.get import How, Report, Wish, fetch
from kloof.fetch.rawstore import HALF, PARTIAL, fault, folder, read_lock, read_raw
from kloof.fetch.registry import Source, read_registry
from kloof.fetch.web import Patience
from kloof.paths import data_folder

QUICK = Patience(tries=3, first_wait=0, longest_wait=0, connect=5, silence=5, whole=10, asked=5)
AMSTERDAM = Wish(("kwb",), (2017,), ("GM0363",), True)
KEY = "kwb/83765NED/2017/GM0363"
FORKED = multiprocessing.get_context("forkserver")  # what a download loads is loaded once for all processes
FORKED.set_forkserver_preload(["stage", "pyarrow.parquet", "requests", "tenacity", "filelock"])


def knowing(catalogue: Catalogue, *names: str) -> Catalogue:
    """A catalogue that understands a few indicators only."""
    return replace(catalogue, indicators={name: catalogue.indicators[name] for name in names})


@dataclass
class Child:
    """A process that downloads, and what it says."""

    process: BaseProcess
    said: Connection


def download(home: Path, base: str, write: int, refresh: bool, tell: Connection) -> None:
    """Download, and tell what is said on the way and what became of it; kill -9 just before a write takes its place."""
    move, moves = Path.replace, itertools.count(1)

    def killed(path: Path, target: Path) -> Path:
        if next(moves) == write:
            os.kill(os.getpid(), signal.SIGKILL)
        return move(path, target)

    Path.replace = killed  # type: ignore[method-assign, assignment]
    known = read_registry(data_folder() / "sources.toml"), read_catalogue(data_folder() / "catalogue.toml")
    how = How(addresses={"kwb": base}, refresh=refresh, today="2026-11-24")
    report = fetch(home, *known, AMSTERDAM, how, lambda news: tell.send(news) if isinstance(news, str) else None)
    report.check()
    tell.send(report.outcomes[0].state)


@dataclass
class Stage:
    """Everything one download needs."""

    world: World
    home: Path
    registry: dict[str, Source]
    catalogue: Catalogue
    csv: Path
    patience: Patience = QUICK

    def fetch(self, wish: Wish = AMSTERDAM, **how: Any) -> Report:
        addresses = dict.fromkeys(("kwb", "crime"), self.world.base)
        given = {"patience": self.patience, "addresses": addresses, "today": "2026-11-24", **how}
        return fetch(self.home, self.registry, self.catalogue, wish, How(**given), lambda _: None)

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self.world.faults.clear()
        self.world.gate.set()

    def cells(self, key: str = KEY) -> list[list[str]]:
        """Cells of the stored copy as text: name of the area, then its columns in order."""
        rows, meta = read_raw(folder(self.home) / read_lock(self.home)[key].current.file)
        names = meta["labels"]["WijkenEnBuurten"]
        kept = rows.drop(columns=["ID", "WijkenEnBuurten"])
        return [
            [names[code.strip()], *cells]
            for code, cells in zip(rows["WijkenEnBuurten"], kept.astype("str").values.tolist(), strict=True)
        ]

    def expected(self) -> list[list[str]]:
        """The same cells out of the raw file, by the csv module."""
        with self.csv.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))[1:]
        return [[line[1].strip(), *line[2:]] for line in lines]

    def faults_of_cache(self) -> list[str]:
        """Everything that is pointed to and not what it should be."""
        held = read_lock(self.home)
        entries = [entry for one in held.values() for entry in (one.current, one.beside, *one.earlier) if entry]
        return [problem for entry in entries if (problem := fault(self.home, entry))]

    def leftovers(self) -> list[str]:
        """Half files and unfinished pages."""
        there = folder(self.home)
        pages = [path.name for path in (there / PARTIAL).glob("*")] if there.is_dir() else []
        return pages + [path.name for path in there.rglob(f"*{HALF}")]

    def child(self, write: int = 0, *, refresh: bool = False) -> "Child":
        """Start a process of its own that downloads into the same folder, as `download` does."""
        said, tell = FORKED.Pipe(duplex=False)
        process = FORKED.Process(target=download, args=(self.home, self.world.base, write, refresh, tell), daemon=True)
        process.start()
        tell.close()
        return Child(process, said)

    def killed(self, write: int, *, refresh: bool = False) -> int | None:
        """Give the exit code of such a process that is killed at a write."""
        child = self.child(write, refresh=refresh)
        child.process.join(60)
        return child.process.exitcode

    def patient(self, **patience: Any) -> None:
        """Change how long to wait."""
        self.patience = replace(self.patience, **patience)
