"""A server on this machine of which one table misbehaves, byte by byte as a case says, and another behaves.

It knows nothing of the code that asks it. Requests and bytes of the table that misbehaves are counted here, where they
go out, so that a bound is seen from the other side.
"""

import json
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

GOOD, BAD = "85618NED", "85984NED"  # tables of kwb in 2023 and 2024
YEARS = {GOOD: 2023, BAD: 2024}
CODES = ("NL00", "GM0758", "BU07580000")
Reply = Iterable[bytes | float]  # bytes to send as they are, and seconds to wait
Place = str  # info, columns, count, rows or names


def http(body: Any, status: str = "200 OK", kind: str = "application/json", **headers: str) -> list[bytes | float]:
    """Write a whole answer; what is no bytes goes out as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(raw)}", "Connection: close"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ["\r\n".join([*lines, "\r\n"]).encode("latin-1"), raw]


def open_ended(*lines: str) -> bytes:
    """Write the head of an answer that says nothing of its length."""
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Connection: close", *lines]
    return "\r\n".join([*head, "\r\n"]).encode()


def row(code: str, number: int = 0, **more: Any) -> dict[str, Any]:
    """Give one row of the table."""
    return {"ID": number, "WijkenEnBuurten": f"{code:<10}", "AantalInwoners_1": f"{number:>8}", **more}


ROWS = [row(code, number) for number, code in enumerate(CODES)]
COLUMNS = [
    {"ID": 1, "ParentID": None, "Type": "TopicGroup", "Key": "", "Title": "Bevolking", "Unit": ""},
    {"ID": 2, "ParentID": None, "Type": "GeoDetail", "Key": "WijkenEnBuurten", "Title": "Wijken", "Unit": ""},
    {"ID": 3, "ParentID": 1, "Type": "Topic", "Key": "AantalInwoners_1", "Title": "Aantal inwoners", "Unit": "aantal"},
]  # fmt: skip


def right(place: Place, table: str) -> Reply:
    """Answer as CBS does."""
    info = {"ID": 0, "Title": f"Kerncijfers wijken en buurten {YEARS[table]}", "Modified": "2026-01-01", "Period": "x"}
    if place == "count":
        return http(str(len(ROWS)).encode(), kind="text/plain")
    names = [{"Key": code, "Title": f"name of {code}"} for code in CODES]
    return http({"value": {"info": [info], "columns": COLUMNS, "rows": ROWS, "names": names}[place]})


@dataclass(frozen=True)
class Asked:
    """One question: its number among those at this place (from 1), its address, and the address of the server."""

    number: int
    path: str
    base: str

    def next(self, **query: Any) -> str:
        """Write the address of a page of the same list."""
        parts = "&".join(f"{name}={value}" for name, value in query.items())
        return f"{self.base}{urlsplit(self.path).path}?{parts}"

    def get(self, name: str) -> int:
        """Read a number of the query, 0 without."""
        return int(parse_qs(urlsplit(self.path).query).get(name, ["0"])[0])


Answers = dict[Place, Callable[[Asked], Reply]]


@dataclass
class Rogue:
    """How the bad table misbehaves now, and what that cost."""

    answers: Answers = field(default_factory=dict)
    base: str = ""
    asked: list[Place] = field(default_factory=list)
    sent: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    one: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, answers: Answers) -> None:
        """Misbehave in this way from now on."""
        self.over.set()  # answers of an earlier way end
        self.over = threading.Event()
        self.answers, self.asked, self.sent = answers, [], 0

    def reply(self, path: str) -> tuple[Reply, bool]:
        """Give the answer to a question, and whether it is counted."""
        steps = urlsplit(path).path.split("/")
        table = next((step for step in steps if step in YEARS), GOOD)
        last = steps[-1] if steps[-1] != "$count" else "count"
        places = {"TableInfos": "info", "DataProperties": "columns", "count": "count", "UntypedDataSet": "rows"}
        place = places.get(last, "names")
        if table == GOOD:
            return right(place, table), False
        with self.one:
            self.asked.append(place)
            number = self.asked.count(place)
        if place in self.answers:
            return self.answers[place](Asked(number, path, self.base)), True
        return right(place, table), True


class _Handler(socketserver.StreamRequestHandler):
    rogue: Rogue

    def handle(self) -> None:
        """Read one question, write its answer, hang up."""
        try:
            head = self.rfile.readline(65_536).split()
            while self.rfile.readline(65_536).strip():
                pass
            if len(head) > 1:
                self.answer(head[0].decode(), head[1].decode())
        except OSError:
            pass  # the other side hung up, as it should

    def answer(self, method: str, path: str) -> None:
        """Write what the case says, until it ends or is over."""
        if method == "HEAD":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            return
        over = self.rogue.over
        reply, counted = self.rogue.reply(path)
        for part in reply:
            if over.is_set():
                return
            if isinstance(part, float):
                over.wait(part)
            else:
                self.wfile.write(part)
                self.rogue.sent += len(part) if counted else 0


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads, block_on_close, allow_reuse_address, request_queue_size = True, False, True, 64


@contextmanager
def misbehaving() -> Iterator[Rogue]:
    """Serve on a free port of this machine."""
    rogue = Rogue()
    with _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"rogue": rogue})) as server:
        rogue.base = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield rogue
        finally:
            rogue.over.set()
            server.shutdown()
            thread.join(5)
