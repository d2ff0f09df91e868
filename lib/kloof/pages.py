"""Keeps the pages of a download that is under way on disk, so that an interruption costs at most one page."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kloof.rawstore import PARTIAL, folder, write_whole
from kloof.remote import Page, Row


class Pages:
    """Pages of one download, in order.

    `stamp` is what the pages belong to: the address, the version of the table, its number of rows. Pages of another
    stamp are thrown away and counted in `thrown_away`; pages that were kept are in `done`, `resumed` of them from an
    earlier run.
    """

    def __init__(self, home: Path, name: str, stamp: Mapping[str, Any]):
        self.place = folder(home) / PARTIAL / name
        self.done: list[Page] = []
        self.thrown_away = 0
        head, wanted = self.place / "stamp.json", json.dumps(stamp, sort_keys=True)
        if head.is_file() and head.read_text(encoding="utf-8") == wanted:
            self._read()
        else:
            self.thrown_away = len(list(self.place.glob("page_*.json")))
            self.discard()
            write_whole(head, wanted.encode())
        self.resumed = len(self.done)

    def _read(self) -> None:
        """Read pages up to the first that is not there or not whole."""
        while (path := self._path(len(self.done) + 1)).is_file():
            try:
                parts = json.loads(path.read_text(encoding="utf-8"))
                self.done.append(Page(parts["rows"], parts["next"], parts["size"], parts["total"]))
            except (ValueError, KeyError, TypeError):
                return

    def _path(self, number: int) -> Path:
        return self.place / f"page_{number:06}.json"

    def add(self, page: Page) -> None:
        """Keep one more page."""
        text = json.dumps({"next": page.next, "size": page.size, "total": page.total, "rows": page.rows})
        write_whole(self._path(len(self.done) + 1), text.encode())
        self.done.append(page)

    @property
    def rows(self) -> list[Row]:
        """All rows so far, in order."""
        return [row for page in self.done for row in page.rows]

    @property
    def size(self) -> int:
        """Bytes that came over the line for these pages."""
        return sum(page.size for page in self.done)

    def discard(self) -> None:
        """Throw everything away."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.done = []
