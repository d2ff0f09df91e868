"""A place to download into, a server to download from, and an independent reader to compare with."""

import csv
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from odata_server import World

from kloof.catalogue import Catalogue
from kloof.fetch.get import How, Report, Wish, fetch
from kloof.fetch.rawstore import HALF, PARTIAL, fault, folder, read_lock, read_raw
from kloof.fetch.registry import Source
from kloof.fetch.web import Patience

QUICK = Patience(tries=3, first_wait=0, longest_wait=0, connect=5, silence=5, whole=10, asked=5)
AMSTERDAM = Wish(("kwb",), (2017,), ("GM0363",), True)
KEY = "kwb/83765NED/2017/GM0363"


def knowing(catalogue: Catalogue, *names: str) -> Catalogue:
    """A catalogue that understands a few indicators only."""
    return replace(catalogue, indicators={name: catalogue.indicators[name] for name in names})


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

    def child(self, code: str, *words: str) -> "subprocess.Popen[str]":
        """Start a process of its own that downloads into the same folder."""
        command = [sys.executable, "-c", code, str(self.home), self.world.base, *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def patient(self, **patience: Any) -> None:
        """Change how long to wait."""
        self.patience = replace(self.patience, **patience)
