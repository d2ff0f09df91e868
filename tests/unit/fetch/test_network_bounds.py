"""A server may misbehave in any way: its table ends in a clear error, within bounds, and the other tables come."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from traceback import walk_tb
from typing import Any

import pytest
from misbehaving import BAD, COLUMNS, GOOD, ROWS, Answers, Asked, Reply, Rogue, http, misbehaving, open_ended, row

from kloof.catalogue import Catalogue, read_catalogue
from kloof.errors import FetchError, SourceError
from kloof.fetch import odata, rawstore, web, wfs
from kloof.fetch.bounds import Bounds, Spent, UnfitError, parsed
from kloof.fetch.download import Desk, Job, download
from kloof.fetch.get import How, Report, Wish, fetch
from kloof.fetch.rawstore import HALF, PARTIAL, folder, read_lock, read_meta
from kloof.fetch.registry import Source, read_registry
from kloof.fetch.web import Answer, Line, Patience

BOUNDS = Bounds(
    answer=200_000, memory=2_000_000, file=300_000, table=600_000, questions=40, seconds=60, idle=1.0, lists=5
)
HASTY = Patience(tries=2, first_wait=0, longest_wait=0, connect=5, silence=5, whole=5, asked=1)
BOTH = Wish(("kwb",), (2023, 2024), ("GM0758",))
NAME = f"table {BAD}"


@dataclass(frozen=True)
class Case:
    """One misbehaviour: which answers are wrong and how, and words of the error it ends in.

    `asked` is how many questions about this table there may be; `kept` says that finished pages wait for the next run.
    """

    name: str
    says: str
    answers: Answers
    asked: int = 16
    kept: bool = False


def rows_are(value: Any, **more: Any) -> Answers:
    """The first page of rows is something else."""
    return {"rows": lambda _: http({"value": value, **more})}


def body_is(body: bytes, place: str = "rows", **headers: str) -> Answers:
    """The body at a place is something else."""
    return {place: lambda _: http(body, **headers)}


def raw(*parts: bytes | float) -> Answers:
    """The bytes of the first page are these."""
    return {"rows": lambda _: parts}


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Answers:
    """The answer has a begin and no end."""

    def reply(_: Asked) -> Iterator[bytes | float]:
        yield head
        while True:
            yield piece
            if pause:
                yield pause

    return {"rows": reply}


def leads_to(link: Any) -> Answers:
    """The first page leads to somewhere."""
    return {"rows": lambda asked: http({"value": ROWS[:1], "odata.nextLink": link(asked) if callable(link) else link})}


def uncounted(rows: Callable[[Asked], Reply]) -> Answers:
    """The server does not count; so nothing tells when there are rows enough."""
    return {"rows": rows, "count": lambda _: http(b"no", "404 Not Found")}


def page(rows: list[Any], link: str) -> Reply:
    """Write a page that leads on."""
    return http({"value": rows, "odata.nextLink": link})


def cell(value: str) -> Answers:
    """A cell is something else; given as JSON."""
    first = json.dumps(row("NL00")).replace('"       0"', value)
    return body_is(f'{{"value":[{first}]}}'.encode())


def sent_on(where: Callable[[Asked], str], status: str = "302 Found") -> Answers:
    """The server sends us elsewhere."""
    return {"rows": lambda asked: http(b"", status, Location=where(asked))}


def wait(seconds: str) -> Answers:
    """The server asks to wait."""
    return {"rows": lambda _: http(b"busy", "429 Too Many Requests", Retry_After=seconds)}


def column(number: int, **more: Any) -> Answers:
    """The description of a column is something else."""
    changed = [{**one, **more} if place == number else one for place, one in enumerate(COLUMNS)]
    return {"columns": lambda _: http({"value": changed})}


def listed(rows: Callable[[int], list[Any]]) -> Answers:
    """The names of codes come in pages without end."""
    return {"names": lambda asked: page(rows(asked.number), asked.next(page=asked.number))}


def packed(body: bytes, bits: int = 31) -> bytes:
    """Pack by gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    return packer.compress(body) + packer.flush()


def bomb(size: int) -> Iterator[bytes]:
    """Pack blanks once, and send them again and again: a full flush makes a piece that may follow itself."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(b" " * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    yield HEAD
    for _ in range(size // 1_000_000):
        yield piece


HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # the head of a gzip
GZIP = ("Content-Encoding: gzip",)
DEEP = b'{"value": ' + b"[" * 10_000
GROUPS = [{"ID": n, "ParentID": n + 1, "Type": "TopicGroup", "Key": "", "Title": "g", "Unit": ""} for n in range(1, 40)]
TRIES = r"no whole answer after 2 tries"
DAMAGED = f"{TRIES}; the last one: JSON that breaks off or is damaged"
SLOW = r"no whole answer after 1 try; the last one: the answer was not whole after 1 seconds"
WITHOUT_END = r"longer than 200,000 bytes and still does not end\. Nothing of it was stored"
ELSEWHERE = "sends us on to .*another server or a less safe way"
LINK = "links its next page to another server"
CASES = (
    # next links
    Case("pages of one row without end", "after 40 questions this table still does not end",
         uncounted(lambda a: page([row(f"BU0758{a.number:04}")], a.next(page=a.number))), 40),
    Case("long pages without end", "this table is longer than 600,000 bytes and still does not end",
         uncounted(lambda a: page([row(f"BU0758{a.number:02}{n:02}x", n) for n in range(100)] * 10,
                                  a.next(page=a.number)))),
    Case("more pages than rows are counted", "4 rows came and the server counts 3",
         {"rows": lambda a: page([row(f"BU0758{a.number:04}")], a.next(page=a.number))}, 30),
    Case("a page that links to itself", "page 1 links to a page that was read before, 3 times over",
         leads_to(lambda a: f"{a.base}{a.path}")),
    Case("two pages that link to each other", "page 3 links to a page that was read before, 3 times over",
         uncounted(lambda a: page([row("NL00", a.get("page"))], a.next(page=1 - a.get("page")))), 30),
    Case("a link that differs by what a server never sees", "links to a page that was read before",
         leads_to(lambda a: f"{a.base}{a.path}#page{a.number}")),
    Case("pages without rows without end", "4 pages one after another have no rows and lead on",
         {"rows": lambda a: page([], a.next(page=a.number))}),
    Case("a link to another server", LINK, leads_to("https://example.org/next")),
    Case("a link to another server without scheme", LINK, leads_to("//example.org/next")),
    Case("a link to a server behind a name", LINK, leads_to(lambda a: a.next(p=1).replace("//", "//a@"))),
    Case("a link to another port", LINK, leads_to(lambda a: a.base[:-1] + "0/x")),
    Case("a link to a file", LINK, leads_to("file:///etc/passwd")),
    Case("a link to a script", LINK, leads_to("javascript:alert(1)")),
    Case("a link that is no address", "the link to the next page is no address", leads_to("http://[::1/x")),
    Case("a link that is a number", "the link to the next page is no text", leads_to(7)),
    Case("a link that is a list", "the link to the next page is no text", leads_to([["x"]])),
    Case("a link without end", "the link to the next page has 9,0[0-9]+ characters",
         leads_to(lambda a: a.next(p="x" * 9_000))),
    # counts
    Case("fewer rows than counted", "2 rows came and the server counts 3, 3 times over", rows_are(ROWS[:2])),
    Case("more rows than counted", "4 rows came and the server counts 3", rows_are([*ROWS, row("BU07580001")])),
    *(Case(f"a count of {said}", "which is no number of rows", body_is(said.encode(), "count"))
      for said in ("many", "-3", "3.5", "1e3", "²", "٣", "", "null", "9" * 5_000)),
    Case("a count without end", "longer than 65,536 bytes", body_is(b"1" * 100_000, "count")),
    *(Case(f"a count among the rows of {told!r}", "which is no number of rows",
           {**uncounted(lambda _: http([])), **rows_are(ROWS, **{"odata.count": told})})
      for told in ("three", True, -1, 1.5, [3])),
    # rows
    Case("rows that are numbers", "row 1 is no row but a number", rows_are([1, 2, 3])),
    Case("a row that is null", "row 4 is no row but nothing", rows_are([*ROWS, None])),
    Case("rows that are texts", "row 1 is no row but the text 'x'", rows_are(["x"])),
    Case("rows that are lists", "row 1 is no row but a list", rows_are([[1], [2]])),
    Case("rows in an object", "no list of rows under `value`", rows_are({"0": ROWS[0]})),
    Case("no rows at all", "no list of rows under `value`", body_is(b"{}")),
    *(Case(f"a body of {said}", "no list of rows under `value`", body_is(said.encode()))
      for said in ("null", "[]", '"value"', "0")),
    Case("a table of no rows", "the table has no rows for 2024",
         {"rows": lambda _: http({"value": []}), "count": lambda _: http(b"0")}),
    Case("empty rows", "the rows are not as the list of columns says", rows_are([{}, {}, {}])),
    Case("a column that is not served", "without WijkenEnBuurten", rows_are([{"ID": 1, "AantalInwoners_1": "1"}])),
    Case("a column that was not described", "besides it more", rows_are([row("NL00", more=1)])),
    Case("columns that move", "the columns of rows 1 and 2 differ", rows_are([ROWS[0], row("GM0758", more=1)])),
    Case("a column without a name", "a column is named ''", rows_are([row("NL00") | {" ": 1}])),
    Case("a column with a name without end", "a column is named 'xxx", rows_are([row("NL00") | {"x" * 5_000: 1}])),
    Case("rows of another municipality", "the server ignored the filter", rows_are([ROWS[0], row("GM0363"), ROWS[2]])),
    Case("a code that is null", "the server ignored the filter", rows_are([row("NL00") | {"WijkenEnBuurten": None}])),
    Case("a row twice", "1 rows came twice", rows_are([ROWS[0], ROWS[1], ROWS[1]]), 18),
    Case("texts and numbers in one column", "column AantalInwoners_1 mixes kinds of cells",
         rows_are([ROWS[0], {**ROWS[1], "AantalInwoners_1": 5}, ROWS[2]])),
    # cells and JSON
    *(Case(f"a cell that is {said[:12]}", says, cell(said)) for said, says in (
        ("[1, 2]", "is a list, which is no cell"), ('{"a": 1}', "is an object, which is no cell"),
        ("NaN", "NaN is no number"), ("-Infinity", "-Infinity is no number"),
        ("1e999", "a number beyond all bounds, which is no cell"), ("9" * 30, "a number beyond all bounds"),
        ("7" * 10_000, "a number has thousands of digits"), (f'"{"x" * 20_000}"', "a text of 20,000 characters"),
        ('"\\ud800"', "a text holds half a character"),
        ('1, "AantalInwoners_1": 2', "'AantalInwoners_1' stands twice in one object"),
    )),
    Case("rows twice in one body", "'value' stands twice", body_is(b'{"value": [], "value": []}')),
    Case("JSON without bottom", "nested too deeply", body_is(DEEP)),
    Case("JSON nested beyond reason", "nested too deeply", body_is(b'{"value": ' + b"[" * 2_000 + b"]" * 2_000 + b"}")),
    Case("JSON that fills memory", "its JSON would take about [0-9,]+ bytes of memory",
         body_is(b'{"value": [' + b"{}," * 30_000 + b"{}]}")),
    Case("JSON that breaks off", DAMAGED, body_is(b'{"value": [{"ID": 1')),
    Case("JSON and more", DAMAGED, body_is(json.dumps({"value": ROWS}).encode() + b"{}")),
    Case("no UTF-8", DAMAGED, body_is(b'{"value": ["\xff\xfe"]}')),
    Case("UTF-16", DAMAGED, body_is('{"value": []}'.encode("utf-16"))),
    Case("an empty body", DAMAGED, body_is(b"")),
    Case("a page for people", "text/html instead of JSON", body_is(b"<html>", kind="text/html")),
    Case("no kind of contents", "nothing instead of JSON", body_is(b"{}", kind="")),
    Case("signs that move a cursor", r"instead of JSON, beginning '.\[2J.\[31mred'",
         body_is(b"\x1b[2J\x1b[31mred", kind="text/plain")),
    # bodies
    Case("a body without end", WITHOUT_END, endless(open_ended(), b" " * 65_536)),
    Case("chunks without end", WITHOUT_END,
         endless(open_ended("Transfer-Encoding: chunked"), b"2000\r\n" + b" " * 8192 + b"\r\n")),
    Case("a length of a terabyte", WITHOUT_END, endless(open_ended("Content-Length: 1000000000000"), b" " * 65_536)),
    Case("a gzip bomb", WITHOUT_END, {"rows": lambda _: [open_ended(*GZIP), *bomb(50_000_000)]}),
    Case("gzip that unpacks to nothing without end", WITHOUT_END,
         endless(open_ended(*GZIP) + b"\x1f\x8b\x08\x08\0\0\0\0\0\xff", b"x" * 65_536)),
    Case("many gzips in one", WITHOUT_END, endless(open_ended(*GZIP), packed(b" " * 1_000) * 10)),
    Case("damaged gzip", "a packed answer that breaks off or is damaged",
         body_is(packed(b"{}")[:-9] + b"xxxxxxxxx", Content_Encoding="gzip")),
    Case("gzip that breaks off", "a packed answer that breaks off or is damaged",
         body_is(packed(json.dumps({"value": ROWS}).encode())[:-12], Content_Encoding="gzip")),
    Case("gzip that is none", "a packed answer that breaks off or is damaged",
         body_is(b'{"value": []}', Content_Encoding="gzip")),
    *(Case(f"packed by {how}", "which was not asked for", body_is(b"x", Content_Encoding=how))
      for how in ("br", "zstd", "deflate", "gzip, gzip, gzip")),
    Case("an error without end", f"{TRIES}; the last one: HTTP 500: xxx",
         endless(b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n", b"x" * 65_536)),
    # lines of HTTP
    Case("no HTTP", TRIES, raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")),
    Case("nothing at all", TRIES, raw()),
    Case("a thousand headers", TRIES, raw(open_ended(*(f"X-{n}: x" for n in range(1_000))))),
    Case("a header without end", TRIES, endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65_536)),
    Case("a chunk of negative length", TRIES + "|" + WITHOUT_END,
         raw(open_ended("Transfer-Encoding: chunked"), b"-5\r\nxxxxx\r\n0\r\n\r\n")),
    Case("a chunk of no length", "the connection was cut before the answer was whole",
         raw(open_ended("Transfer-Encoding: chunked"), b"xyz\r\n{}\r\n0\r\n\r\n")),
    Case("half of what the length says", "the connection was cut", raw(open_ended("Content-Length: 999"), b"{}")),
    # slowness
    Case("a body that drips", SLOW, endless(open_ended("Content-Length: 99999"), b" ", 0.05)),
    Case("headers that drip", SLOW, endless(b"HTTP/1.1 200 OK\r\n", b"X", 0.05)),
    Case("continue without end", SLOW, endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    Case("trailers without end", SLOW,
         endless(open_ended("Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n", b"X: x\r\n", 0.01)),
    Case("silence", SLOW, raw(30.0)),
    # redirections
    Case("sent to another server", ELSEWHERE, sent_on(lambda _: "https://example.org/x")),
    Case("sent to a server of like name", ELSEWHERE, sent_on(lambda a: a.base.replace("0.1", "0.1.example.org"))),
    Case("sent to another port", ELSEWHERE, sent_on(lambda a: a.base[:-1] + "0/x", "307 Temporary Redirect")),
    Case("sent to another protocol", ELSEWHERE, sent_on(lambda a: a.base.replace("http", "ftp") + "/x")),
    Case("sent to a file", ELSEWHERE, sent_on(lambda _: "file:///etc/passwd")),
    Case("sent to what is no address", "no address", sent_on(lambda _: "http://[::1/x")),
    Case("sent in a ring", "sends us on more than 5 times", sent_on(lambda a: a.path)),
    Case("sent on without end", "sends us on more than 5 times", sent_on(lambda a: a.next(n=a.number), "308 Moved")),
    Case("sent nowhere", "HTTP 302: no text", {"rows": lambda _: http(b"", "302 Found")}),
    # statuses
    *(Case(f"HTTP {status}", f"HTTP {status[:3]}: no text", {"rows": lambda _, status=status: http(b"", status)})
      for status in ("204 No Content", "206 Partial", "304 Not Modified", "401 No", "404 No", "410 Gone", "999 ?")),
    *(Case(f"wait for {said}", "the server asks to wait", wait(said), kept=True)
      for said in ("3600", "1.5", "9" * 12, "Wed, 21 Oct 2099 07:28:00 GMT")),
    *(Case(f"wait for {said!r}", f"{TRIES}; the last one: HTTP 429: busy", wait(said))
      for said in ("soon", "-5", "0x10", "1e9", "inf", "²", "\xb2\xb3", "Wed, 99 Oct 2099 99:99:99 GMT",
                   "Wed, 21 Oct 99999999 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", "0.1")),
    # descriptions
    Case("no description", "has no description or no columns", {"info": lambda _: http({"value": []})}),
    Case("a description that is a number", "row 1 is no row but a number", {"info": lambda _: http({"value": [5]})}),
    Case("a version that is an object", "Modified is an object, where a short text should be",
         {"info": lambda _: http({"value": [{"Modified": {"a": 1}}]})}),
    Case("a title without end", "Title has 5,000 characters", column(2, Title="x" * 5_000)),
    Case("a column that is a number", "row 1 is no row but a number", {"columns": lambda _: http({"value": [1]})}),
    Case("a key that is a list", "Key is a list", column(2, Key=["a"])),
    Case("a title that is a list", "Title is a list", column(2, Title=["a"])),
    Case("a type that is a list", "Type is a list", column(2, Type=["a"])),
    Case("a group that is a list", "ParentID is a list", column(2, ParentID=["a"])),
    Case("one key for two columns", "1 columns are described in two ways", column(1, Key="AantalInwoners_1")),
    Case("areas described as figures", "has no dimension WijkenEnBuurten", column(1, Type="Topic")),
    Case("areas under another name", "has no dimension WijkenEnBuurten", column(1, Key="RegioS")),
    Case("groups without bottom", "more than 20 groups above one column",
         {"columns": lambda _: http({"value": [*GROUPS, *COLUMNS[1:]]})}),
    Case("columns without end", "6,000 lines, and no table has more than 5,000",
         {"columns": lambda _: http({"value": [{}] * 6_000})}),
    Case("another description each time", "the table was revised while it was read, 3 times over",
         {"info": lambda a: http({"value": [{"Title": "x", "Modified": a.number}]})}, 24),
    # names of codes
    Case("names without end", "names of codes: after 5 pages they still do not end",
         listed(lambda number: [{"Key": f"BU0758{number}", "Title": "x"}])),
    Case("the same names without end", "has no code that was not there before",
         listed(lambda _: [{"Key": "GM0758", "Title": "x"}])),
    Case("pages of no names without end", "has no code that was not there before", listed(lambda _: [])),
    Case("names that are texts", "row 1 is no row but the text 'x'", listed(lambda _: ["x"])),
    Case("names of nothing", "Identifier is nothing", listed(lambda _: [{"Title": "x"}])),
    Case("a name that is a list", "Title is a list", listed(lambda _: [{"Key": "GM0758", "Title": ["x"]}])),
    Case("a name without end", "Title has 9,999 characters", listed(lambda _: [{"Key": "BU", "Title": "x" * 9_999}])),
    Case("names that lead elsewhere", LINK,
         {"names": lambda _: page([{"Key": "GM0758", "Title": "x"}], "https://example.org/x")}),
)  # fmt: skip


@pytest.fixture(scope="module")
def rogue() -> Iterator[Rogue]:
    with misbehaving() as running:
        yield running


@dataclass
class Place:
    """Where one download goes, and what it knows."""

    home: Path
    registry: dict[str, Source]
    catalogue: Catalogue
    base: str
    bounds: Bounds = BOUNDS
    heard: list[object] = field(default_factory=list)

    def fetch(self, wish: Wish = BOTH, **how: Any) -> Report:
        given = {"patience": HASTY, "bounds": self.bounds, "addresses": {"kwb": self.base}, "today": "2026-11-24"} | how
        return fetch(self.home, self.registry, self.catalogue, wish, How(**given), self.heard.append)

    def files(self) -> dict[str, bytes]:
        """Everything that is stored."""
        there = folder(self.home)
        return {str(path.relative_to(there)): path.read_bytes() for path in there.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def known(project: Path) -> tuple[dict[str, Source], Catalogue]:
    return read_registry(project / "data" / "sources.toml"), read_catalogue(project / "data" / "catalogue.toml")


@pytest.fixture
def place(known: tuple[dict[str, Source], Catalogue], rogue: Rogue, tmp_path: Path) -> Iterator[Place]:
    yield Place(tmp_path, *known, rogue.base)
    rogue.begin({})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_table_that_misbehaves_is_an_error_and_the_others_come(case: Case, place: Place, rogue: Rogue) -> None:
    rogue.begin(case.answers)
    report = place.fetch()
    assert [outcome.state for outcome in report.outcomes] == ["fetched", "failed"]
    with pytest.raises(FetchError, match=rf"1 fault in the download \(1 of 2 tables are there\).*{NAME}") as problem:
        report.check()
    said = str(problem.value)
    with pytest.raises(FetchError, match=case.says):
        raise problem.value
    assert len(said) < 2_000
    assert said.isprintable()
    assert list(read_lock(place.home)) == [f"kwb/{GOOD}/2023/GM0758"]
    left = [name for name in place.files() if BAD in name]
    assert all(case.kept and name.startswith(PARTIAL) for name in left if not name.endswith("stamp.json"))
    assert not [name for name in place.files() if name.endswith(HALF)]
    assert len(rogue.asked) <= case.asked
    assert rogue.sent < HASTY.tries * (BOUNDS.answer + 8_000_000)  # what lies in the sockets of both sides, and some


@pytest.mark.parametrize(
    "name", ["more pages than rows are counted", "a cell that is NaN", "names without end", "wait for 3600"]
)
def test_a_revision_that_misbehaves_leaves_what_there_is(name: str, place: Place, rogue: Rogue) -> None:
    place.fetch().check()
    before = place.files()
    case = next(case for case in CASES if case.name == name)
    revised = {"info": lambda _: http({"value": [{"Title": "x", "Modified": "2027-01-01"}]})}
    rogue.begin({**revised, **case.answers})
    report = place.fetch(refresh=True)
    assert [outcome.state for outcome in report.outcomes] == ["unchanged", "failed"]
    after = place.files()
    assert {name: content for name, content in after.items() if not name.startswith(PARTIAL)} == before
    rogue.begin({})
    assert [outcome.state for outcome in place.fetch(refresh=True).outcomes] == ["unchanged", "unchanged"]


WHOLE = json.dumps({"value": ROWS}).encode()
FINE = {
    "a mark at the begin": body_is(b"\xef\xbb\xbf" + WHOLE),
    "packed by gzip": body_is(packed(WHOLE), Content_Encoding="gzip"),
    "packed in two parts": body_is(packed(WHOLE[:20]) + packed(WHOLE[20:]), Content_Encoding="X-GZip"),
    "not packed, as it says": body_is(WHOLE, Content_Encoding="identity"),
    "without a length": raw(open_ended(), WHOLE),
    "sent on, on the same server": {
        "rows": lambda asked: http({"value": ROWS}) if asked.get("n") else http(b"", "301 Moved", Location="?n=1")
    },
    "pages without rows between": {
        "rows": lambda asked: http({"value": ROWS[1:]})
        if asked.number == 5
        else page(ROWS[: asked.number == 1], asked.next(page=asked.number))
    },
    "a page more that is empty": {
        "rows": lambda asked: http({"value": []}) if asked.get("page") else page(ROWS, asked.next(page=1))
    },
    "a pair of half characters": body_is(WHOLE.replace(b"       0", b"\\ud83d\\ude00")),
    "no count": {"count": lambda _: http(b"no", "404 Not Found")},
    "names refused": {"names": lambda _: http(b"no", "404 Not Found")},
    "a wait that passes": {
        "rows": lambda asked: http({"value": ROWS})
        if asked.number > 1
        else http(b"busy", "503 Busy", Retry_After="0.01")
    },
    "headers in pieces": raw(*(bytes([sign]) for sign in open_ended()), WHOLE),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_is_odd_and_right_is_taken(name: str, place: Place, rogue: Rogue) -> None:
    rogue.begin(FINE[name])
    report = place.fetch()
    report.check()
    assert [outcome.rows for outcome in report.outcomes] == [3, 3]


@pytest.mark.parametrize("way", [sent_on, leads_to])
def test_nothing_is_asked_of_another_server_even_if_it_would_answer(
    way: Callable[[Callable[[Asked], str]], Answers], place: Place, rogue: Rogue
) -> None:
    with misbehaving() as other:
        rogue.begin(way(lambda asked: other.base + asked.path))
        assert [outcome.state for outcome in place.fetch().outcomes] == ["fetched", "failed"]
        assert other.asked == []


@pytest.mark.parametrize(
    ("here", "there", "onward"),
    [
        ("https://a.nl/x", "/y?z=1", "https://a.nl/y?z=1"),
        ("https://a.nl/x", "https://A.nl:443/y", "https://A.nl:443/y"),
        ("http://a.nl/x", "https://a.nl/x", "https://a.nl/x"), ("https://a.nl/x", "http://a.nl/x", ""),
        ("https://a.nl/x", "http://a.nl:443/x", ""), ("https://a.nl/x", "https://a.nl:444/x", ""),
        ("https://a.nl/x", "https://www.a.nl/x", ""), ("https://a.nl/x", "https://a.nl@b.nl/x", ""),
        ("https://a.nl/x", "//b.nl", ""), ("https://a.nl/x", "data:text/plain,x", ""),
    ],
)  # fmt: skip
def test_a_redirection_stays_on_its_server_and_as_safe(here: str, there: str, onward: str) -> None:
    if onward:
        assert web._onward(here, there, "page 1") == onward
        return
    with pytest.raises(UnfitError, match=r"page 1: https://a\.nl sends us on to .*--address SOURCE=ADDRESS"):
        web._onward(here, there, "page 1")


def test_a_handshake_that_drips_is_cut() -> None:
    """A hello of TLS that never ends: every byte begins the time-out of a socket anew."""
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
            while not over.wait(0.05):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        line = Line(HASTY, spent=Spent(replace(BOUNDS, idle=0.6)))
        with pytest.raises(FetchError, match=r"after 1 try; the last one: the answer was not whole after 0\.6 seconds"):
            web.get(line, f"https://127.0.0.1:{server.getsockname()[1]}/x", "table x")
        over.set()
        thread.join(5)


def test_the_time_of_a_table_has_an_end(place: Place, rogue: Rogue) -> None:
    rogue.begin({"count": lambda _: [0.3, *http(b"3", kind="text/plain")]})
    place.bounds = replace(BOUNDS, seconds=0.2)
    report = place.fetch()
    assert report.outcomes[1].state == "failed"
    assert "no whole answer after 1 try" in report.outcomes[1].detail
    spent = Spent(replace(BOUNDS, seconds=0.0))
    with pytest.raises(FetchError, match=r"table x: this table took more than 0 seconds\. What is finished is kept"):
        web.get(Line(HASTY, spent=spent), rogue.base, "table x")


def test_bytes_of_tries_that_failed_count_too(rogue: Rogue) -> None:
    rogue.begin(raw(open_ended("Content-Length: 999999"), b" " * 180_000))
    line = Line(replace(HASTY, tries=10), spent=Spent(BOUNDS))
    longer = "table x: this table is longer than 600,000 bytes and still does not end"
    with pytest.raises(UnfitError, match=longer) as problem:
        web.get(line, f"{rogue.base}/{BAD}/UntypedDataSet", "table x")
    frames = [frame.f_code.co_name for frame, _ in walk_tb(problem.value.__traceback__)]
    assert (frames[-1], problem.value.__context__) == ("get", None)  # deeper ones hold the bytes
    assert len(rogue.asked) == 4
    assert (line.anew().spent.bytes, line.anew().spent.bounds) == (0, BOUNDS)


def test_the_bounds_stand_in_the_documentation(project: Path) -> None:
    bounds, page = Bounds(), " ".join((project / "data" / "README.md").read_text(encoding="utf-8").split())
    sizes = [f"{size // 10**6:,} MB" for size in (bounds.answer, bounds.memory, bounds.table)]
    for said in (*sizes, f"{bounds.questions:,} questions", f"within {bounds.idle:g} seconds"):
        assert said in page.partition("**What has no end is ended.**")[2]
    assert (bounds.seconds, bounds.redirects) == (3_600, 5)  # an hour, five times


def test_text_is_weighed_before_it_is_read() -> None:
    """Of 1,000 characters each: two bytes for each, or eight as soon as one is wide; then what the signs stand for."""
    names = ",".join(f'"{number}":1' for number in range(600))
    light = ['["' + "x" * 1_000 + '"]', "[" + "1," * 600 + "1]", f"{{{names[:3_000]}1}}"]
    heavy = ['["\N{GRINNING FACE}' + "x" * 1_000 + '"]', "[" + "[]," * 330 + "1]", "[" + "{}," * 330 + "1]"]
    for text in light:
        assert parsed(text.encode(), "page 1", 40_000)
    for text in heavy:
        with pytest.raises(UnfitError, match=r"page 1: its JSON would take about [0-9,]+ bytes of memory"):
            parsed(text.encode(), "page 1", 8_000)
    with pytest.raises(UnfitError, match=r"its JSON would take"):  # more names than a row has columns
        parsed(f"{{{names}}}".encode(), "page 1", 70_000)


def test_a_file_without_end_is_not_stored(place: Place, rogue: Rogue) -> None:
    source = replace(
        place.registry["kwb"], service="file", address=f"{rogue.base}/{BAD}/UntypedDataSet", tables={2024: "list.xlsx"}
    )
    place.registry, wish = {"kwb": source}, replace(BOTH, years=(2024,))
    rogue.begin(endless(open_ended(), b"x" * 65_536))
    report = place.fetch(wish, addresses={})
    with pytest.raises(FetchError, match=r"\(table list\.xlsx, GM0758\): the answer is longer than 300,000 bytes"):
        report.check()
    assert not [name for name in place.files() if "list" in name]
    rogue.begin({"rows": lambda _: [open_ended(), b"half", 5.0]})  # without a length only time tells that it is half
    place.bounds = replace(BOUNDS, idle=0.5)
    with pytest.raises(FetchError, match=r"the answer was not whole after 0\.5 seconds"):
        place.fetch(wish, addresses={}).check()
    assert read_lock(place.home) == {}


@pytest.mark.parametrize("damage", ["{", "[]", "\xff", '{"rows": [[1]], "next": null, "size": 1, "total": 3}'])
def test_a_page_kept_from_an_earlier_run_that_is_damaged_is_asked_for_again(
    damage: str, place: Place, rogue: Rogue
) -> None:
    second = wait("3600")["rows"]
    rogue.begin({"rows": lambda asked: second(asked) if asked.get("page") else page(ROWS[:2], asked.next(page=1))})
    place.fetch()
    kept = next(iter((folder(place.home) / PARTIAL).glob("*/page_000001.json")))
    kept.write_bytes(damage.encode("latin-1"))
    rogue.begin({})
    report = place.fetch()
    report.check()
    assert rogue.asked.count("rows") == 1
    kept.parent.mkdir(parents=True)
    (kept.parent / "stamp.json").write_bytes(damage.encode("latin-1"))
    assert [outcome.state for outcome in place.fetch(refresh=True).outcomes] == ["unchanged", "unchanged"]


def test_a_page_that_is_lost_meanwhile_is_an_error(place: Place) -> None:
    def lose(_: object) -> None:
        for kept in (folder(place.home) / PARTIAL).glob(f"*{BAD}*/page_000001.json"):
            kept.unlink()

    how = How(patience=HASTY, addresses={"kwb": place.base}, today="2026-11-24")
    report = fetch(place.home, place.registry, place.catalogue, BOTH, how, lose)
    assert [outcome.state for outcome in report.outcomes] == ["fetched", "failed"]
    assert f"kwb_{BAD}_2024_GM0758: page 1 is no longer what it was" in report.outcomes[1].detail
    place.fetch().check()


@pytest.mark.parametrize("damage", ["{", "[]", "[" * 5_000, "\xff", "null", '"x"'])
def test_damaged_metadata_are_a_message(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "x.rows.parquet"
    rawstore.meta_path(path).write_bytes(damage.encode("latin-1"))
    with pytest.raises(SourceError, match=r"x\.meta\.json is damaged \(.*Get it again: kloof data fetch"):
        read_meta(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("file", "../../x"), ("file", "/etc/passwd"), ("file", 5), ("rows", "68"), ("sha256", None), ("year", True)],
)
def test_an_entry_of_the_lock_file_that_cannot_be_is_a_message(name: str, value: object, place: Place) -> None:
    place.fetch().check()
    lock = folder(place.home) / rawstore.LOCK
    parts = json.loads(lock.read_text(encoding="utf-8"))
    next(iter(parts["files"].values()))["current"][name] = value
    lock.write_text(json.dumps(parts), encoding="utf-8")
    with pytest.raises(SourceError, match=r"kloof\.lock\.json is damaged \(.*Put a copy of it back"):
        place.fetch()


# What each service says of one small table, as JSON under the end of its address.
SAID: dict[str, dict[str, Any]] = {
    "odata3": {
        "TableInfos": {"value": [{"Title": "Kerncijfers", "Modified": "2026-01-01", "Period": "2024"}]},
        "DataProperties": {"value": COLUMNS}, "$count": 3,
        "UntypedDataSet": {"value": ROWS, "odata.nextLink": None, "odata.count": "3"},
        "WijkenEnBuurten": {"value": [{"Key": "GM0758", "Title": "Breda"}], "odata.nextLink": None},
    },
    "odata4": {
        "Properties": {"Title": "Kerncijfers", "Modified": "2026-01-01", "Version": "1", "TemporalCoverage": "2024"},
        "Dimensions": {"value": [{"Identifier": "WijkenEnBuurten", "Title": "Wijken", "Kind": "GeoDimension"}]},
        "MeasureCodes": {"value": [{"Identifier": "M1", "Title": "Inwoners", "Unit": "x", "MeasureGroupId": "1"}]},
        "MeasureGroups": {"value": [{"Id": "1", "Title": "Bevolking", "ParentId": None}]}, "$count": 1,
        "Observations": {
            "value": [{"Id": 1, "Measure": "M1", "ValueAttribute": "None", "Value": 5.0, "WijkenEnBuurten": "GM0758"}],
            "@odata.nextLink": None,
        },
        "WijkenEnBuurtenCodes": {"value": [{"Identifier": "GM0758", "Title": "Breda"}]},
    },
    "wfs": {
        "": {
            "numberMatched": 1, "crs": {"properties": {"name": "EPSG:28992"}},
            "features": [
                {"id": "a.1", "properties": {"WijkenEnBuurten": "BU1"}, "geometry": {"coordinates": [[1.5, 2.5]]}},
            ],
        },
    },
}  # fmt: skip
ODD = (None, True, -1, 1e400, 10**30, "", "\x1b[2J" + "x" * 20_000, [], [None], {}, {"a": [1]}, [{"Key": 1}])


def inside(part: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List the ways to every place in a piece of JSON."""
    yield way
    names = part if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for name in names:
        yield from inside(part[name], (*way, name))


def changed(part: Any, way: tuple[Any, ...], value: Any) -> Any:
    """Copy a piece of JSON with something else at one place."""
    if not way:
        return value
    copy = dict(part) if isinstance(part, dict) else list(part)
    copy[way[0]] = changed(part[way[0]], way[1:], value)
    return copy


@pytest.mark.parametrize("service", SAID)
def test_anything_anywhere_is_taken_or_an_error_of_ours(
    service: str, known: tuple[dict[str, Source], Catalogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every place in what a service says is put in turn to everything odd."""
    source = replace(known[0]["kwb"], service=service, columns="all", whole=service == "wfs")
    job = Job(source, 2024, "all" if service == "wfs" else "GM0758")
    said: dict[str, Any] = {}

    def get(line: Line, where: str, what: str, kind: str = "json", **_: object) -> Answer:
        found = said[where.partition("?")[0].rpartition("/")[2] if service != "wfs" else ""]
        return Answer(9, str(found).encode()) if kind == "text" else Answer(9, json=found)

    for module in (odata, wfs):
        monkeypatch.setattr(module, "get", get)
    monkeypatch.setattr(rawstore.os, "fsync", lambda _: None)
    ends: Counter[str] = Counter()
    for name, whole in SAID[service].items():
        for way in inside(whole):
            for value in ODD:
                said = SAID[service] | {name: changed(whole, way, value)}
                desk = Desk(tmp_path, known[1], Line(HASTY), "2026-11-24", lambda _: None)
                try:
                    ends["stored" if download(job, desk).file else "absent"] += 1
                except FetchError as problem:
                    assert len(str(problem)) < 3_000
                    assert str(problem).isprintable()
                    assert "kwb 2024" in str(problem)
                    ends["error"] += 1
    assert ends["error"] > 50
    assert ends["stored"] > 20


HEAVY = """
import json, re, resource, sys, time
from pathlib import Path
from kloof.catalogue import read_catalogue
from kloof.fetch.bounds import Bounds
from kloof.fetch.get import How, Wish, fetch
from kloof.fetch.registry import read_registry
from kloof.fetch.web import Patience
from kloof.paths import data_folder
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
data = data_folder()
registry, catalogue = read_registry(data / "sources.toml"), read_catalogue(data / "catalogue.toml")
for line in sys.stdin:
    home, base, regions, bounds = json.loads(line)
    Path("/proc/self/clear_refs").write_text("5")  # the most memory from now on
    begin = time.monotonic()
    how = How(patience=Patience(tries=2, first_wait=0, longest_wait=0), bounds=Bounds(**bounds), workers=1,
        addresses={"kwb": base}, today="2026-11-24")
    wish = Wish(("kwb",), (2023, 2024), tuple(regions))
    report = fetch(Path(home), registry, catalogue, wish, how, lambda _: None)
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
    said = {"states": [one.state for one in report.outcomes], "said": report.outcomes[3].detail}
    print(json.dumps({**said, "peak": int(peak) * 1024, "seconds": time.monotonic() - begin}), flush=True)
"""


@pytest.fixture(scope="module")
def child() -> Iterator["subprocess.Popen[str]"]:
    """A process that fetches, and may not have more than 1.5 GB."""
    with subprocess.Popen(
        [sys.executable, "-c", HEAVY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        yield running
        running.kill()


BIG = [row(f"BU0758{number:04}", number) for number in range(10_000)]
WIDE = b'{"value": ["\xf0\x9f\x98\x80'  # a character of four bytes makes all others so wide
LARGE = {
    "a body without end": (endless(open_ended(), b" " * 1_000_000), "longer than 64,000,000 bytes"),
    "a gzip bomb": ({"rows": lambda _: chain([open_ended(*GZIP)], bomb(4 * 10**9))}, "longer than 64,000,000 bytes"),
    "a body that fills memory": ({"rows": lambda _: http(WIDE + b"x" * 34_900_000 + b'"]}')}, "row 1 is no row"),
    "a body that would fill memory": (
        {"rows": lambda _: http(b'{"value": [' + b"{}," * 9_000_000 + b"{}]}")}, "its JSON would take about",
    ),
    "long pages without end": (
        uncounted(lambda asked: page(BIG, asked.next(page=asked.number))), "this table is longer than 6,000,000 bytes",
    ),
}  # fmt: skip


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is read as Linux tells it")
@pytest.mark.parametrize("name", LARGE)
def test_what_has_no_end_takes_no_more_memory_than_is_said(
    name: str, rogue: Rogue, tmp_path: Path, child: "subprocess.Popen[str]"
) -> None:
    answers, says = LARGE[name]
    rogue.begin(answers)
    assert child.stdin
    assert child.stdout
    regions = ["GM0758", "GM0001", "GM0002"]  # three tables that misbehave, one after another
    bounds = {"table": 6_000_000} if "pages" in name else {}
    child.stdin.write(json.dumps([str(tmp_path), rogue.base, regions, bounds]) + "\n")
    child.stdin.flush()
    found = json.loads(child.stdout.readline())
    rogue.begin({})
    print(f"{name}: {found['peak'] / 1e6:.0f} MB at most, {found['seconds']:.1f} s")  # noqa: T201  pytest -s shows it
    assert found["states"] == ["fetched", *["failed"] * 5]
    assert says in found["said"]
    assert found["peak"] < 500_000_000
