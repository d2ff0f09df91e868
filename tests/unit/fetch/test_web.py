"""One question is asked until its answer is whole; what will not pass by itself is an error at once."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from odata_server import Fault, Table, World, serving
from stage import QUICK
from urllib3.exceptions import MaxRetryError, NameResolutionError

from kloof.errors import FetchError
from kloof.fetch import web
from kloof.fetch.web import Line, Patience, RefusedError, StoppedError, address, follow, get, offline, silent


@pytest.fixture
def world() -> Iterator[World]:
    row = {"ID": 0, "RegioS": "GM0758", "Inwoners_1": "1"}
    topics = [{"ID": 1, "ParentID": None, "Type": "Topic", "Key": "Inwoners_1", "Title": "Inwoners", "Unit": ""}]
    table = Table("1NED", "Een", "2020", "2020-01-01", topics, {"RegioS": "GeoDimension"}, {"RegioS": {}}, [row])
    with serving(World({"1NED": table}, files={"/plain": b"text"})) as running:
        yield running


def rows(world: World, patience: Patience = QUICK) -> object:
    return get(Line(patience), f"{world.base}/ODataFeed/odata/1NED/UntypedDataSet", "table 1NED, page 1").json["value"]


def test_an_answer_comes_with_its_bytes_and_its_json(world: World) -> None:
    assert rows(world) == [{"ID": 0, "RegioS": "GM0758", "Inwoners_1": "1"}]
    assert get(Line(QUICK), f"{world.base}/plain", "a file", kind="any").body == b"text"


@pytest.mark.parametrize("kind", ["429", "500", "503", "cut", "cut_chunked", "truncated", "html"])
def test_a_passing_fault_is_asked_again_once_for_each_time(world: World, kind: str) -> None:
    world.faults = [Fault(kind, 1, 2, "0")]
    assert rows(world)
    assert len(world.asked) == 3


def test_waits_grow_have_jitter_and_are_never_shorter_than_the_server_asks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("tenacity.sleep_using_event", lambda _: waited.append)
    world.faults = [Fault("500", 1, 4), Fault("429", 1, 1, "3")]
    rows(world, replace(QUICK, tries=6, first_wait=0.25, longest_wait=1.5))
    assert len(waited) == 5
    for number, wait in enumerate(waited[:4]):
        assert 0 <= wait <= min(0.25 * 2**number, 1.5)  # full jitter: uniform below a doubling limit
    assert len(set(waited[:4])) == 4
    assert waited[4] == 3.0


def test_a_date_in_retry_after_is_understood(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("tenacity.sleep_using_event", lambda _: waited.append)
    world.faults = [Fault("429", 1, 1, format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True))]
    rows(world)
    assert 2.0 < waited[0] <= 4.0
    assert web._asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert [web._asked(said) for said in ("soon", "", "１２", "٣", "-5", "1e9", "nan")] == [None] * 7
    assert [web._asked(said) for said in (" 12 ", "1.5", "9" * 40)] == [12.0, 1.5, float("inf")]


def test_what_will_not_pass_is_asked_once(world: World) -> None:
    with pytest.raises(RefusedError, match="page 1: HTTP 404: ") as problem:
        get(Line(QUICK), f"{world.base}/ODataFeed/odata/9NED/UntypedDataSet", "table 9NED, page 1")
    assert problem.value.status == 404
    assert "Resource not found" in problem.value.said
    assert len(world.asked) == 1


def test_a_failure_with_a_text_that_says_so_is_final(world: World) -> None:
    world.faults = [Fault("500", 1, -1)]
    where = f"{world.base}/ODataFeed/odata/1NED/UntypedDataSet"
    with pytest.raises(RefusedError, match="HTTP 500: An error has occurred"):
        get(Line(QUICK), where, "table 1NED", final=lambda said: "error has" in said)
    assert len(world.asked) == 1


def test_no_connection_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(
        FetchError, match=r"page 1: no whole answer after 3 tries; the last one: no connection"
    ) as problem:
        get(Line(QUICK), "http://127.0.0.1:9/x", "table 1NED, page 1")
    assert "run the same command again, later or from another network" in str(problem.value)


def test_a_line_that_is_told_to_stop_stops(world: World) -> None:
    line = Line(replace(QUICK, asked=60))
    world.faults = [Fault("429", 1, -1, "30")]  # a wait the server asks for: one drawn at random may be over at once

    def tell() -> None:
        while not world.asked:
            time.sleep(0.01)
        line.stop.set()

    teller = threading.Thread(target=tell)
    teller.start()
    with pytest.raises(StoppedError):
        get(line, f"{world.base}/ODataFeed/odata/1NED/UntypedDataSet", "table 1NED")
    teller.join()
    assert len(world.asked) == 1


def test_addresses_keep_the_signs_of_odata() -> None:
    query = {"$filter": "startswith(RegioS,'GM 0758')", "$select": "ID,RegioS"}
    assert address("https://a.nl/x/", "Data", query) == (
        "https://a.nl/x/Data?$filter=startswith(RegioS,'GM%200758')&$select=ID,RegioS"
    )
    assert address("https://a.nl/x", "Data") == "https://a.nl/x/Data"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("http://a.nl/x?$skip=2", "https://a.nl/x?$skip=2"),
        ("x?$skip=2", "https://a.nl/o/x?$skip=2"),
        ("/p/x?$skip=2", "https://a.nl/p/x?$skip=2"),
        *((link, "") for link in ("https://b.nl/x", "//b.nl/x", "https://a.nl.b.nl/x", "https://a.nl@b.nl/x")),
    ],
)
def test_a_link_is_followed_on_the_same_server_and_scheme(link: str, expected: str) -> None:
    if expected:
        assert follow("https://a.nl/o/x?$filter=1", link, "page 2") == expected
        return
    with pytest.raises(FetchError, match=r"page 2: a\.nl links its next page to another server"):
        follow("https://a.nl/o/x", link, "page 2")


def test_servers_that_cannot_be_reached_are_named_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(World({})) as world, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
        found = silent([f"{world.base}/a", f"{world.base}/b", f"{closed}/x"], 2)
    assert found == {closed.removeprefix("http://"): "no connection"}
    assert world.asked == []
    begin, over = time.monotonic(), threading.Event()

    def head(*_: object, **__: object) -> None:
        over.wait(30)
        raise requests.exceptions.ReadTimeout

    monkeypatch.setattr(requests.Session, "head", head)
    assert silent(["https://a.invalid", "https://b.invalid"], 0.2) == {
        "a.invalid": "no answer within 0.2 seconds", "b.invalid": "no answer within 0.2 seconds",
    }  # fmt: skip
    assert time.monotonic() - begin < 5
    over.set()
    said = str(offline({"a.invalid": "no connection"}, "Nothing was tried."))
    assert said == "you seem to be offline: no server could be reached.\n  a.invalid: no connection\nNothing was tried."


NOT_FOUND = MaxRetryError(None, "/", NameResolutionError("a.invalid", None, socket.gaierror()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        (requests.exceptions.ConnectionError(NOT_FOUND), "its name cannot be looked up"),
        (requests.exceptions.ConnectTimeout(), "no connection within 2 seconds"),
        (requests.exceptions.ProxyError(), "the proxy gives no connection"), (requests.exceptions.ReadTimeout(), ""),
        (requests.exceptions.ConnectionError("cut off"), ""), (requests.exceptions.SSLError(), ""),
    ],
)  # fmt: skip
def test_any_answer_is_one(monkeypatch: pytest.MonkeyPatch, problem: Exception, why: str) -> None:
    def head(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(requests.Session, "head", head)
    assert silent(["https://a.invalid"], 2) == ({"a.invalid": why} if why else {})
