"""Asks one question over HTTP until a whole answer is there, or says why there is none.

The only module that opens the network. A question is tried again after what passes by itself (no connection, silence,
429 and 5xx, a body that is cut, a page of another kind than asked), with growing waits and jitter, never sooner than
the server asks (Retry-After). What will not pass by itself is an error at once, and so is what has no end: bytes,
questions and time of one table have bounds (`bounds`), and a redirection stays on its server.
"""

import re
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from math import inf
from socket import SHUT_RDWR, socket
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from kloof.errors import FetchError
from kloof.fetch.bounds import Bounds, Spent, UnfitError, parsed, shown, unfit

if TYPE_CHECKING:
    import requests
    from tenacity import RetryCallState


LONGEST_ADDRESS = 2000  # servers of Microsoft refuse a query string above 2,048 characters unless told otherwise
LONGEST_LINK = 8000  # characters of an address that a server gives itself
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
ONWARD = frozenset({301, 302, 303, 307, 308})
PIECE = 1 << 16
BRIEF = 1 << 16  # bytes of an answer that is a number, or says why there is none
GZIP = 16 + zlib.MAX_WBITS
PORTS = {"http": 80, "https": 443}
REACH = 4.0  # seconds in which a server must let itself be reached
SIGNS = "$,'():/"  # signs of OData that may stand in an address as they are
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]*)?")


@dataclass(frozen=True)
class Patience:
    """How long to go on, in seconds: number of tries, waits between them, and limits within one try.

    `silence` is the longest time without a byte, `whole` the longest for one answer however it trickles in, `asked` the
    longest wait a server may ask for before we give up instead. All tries of one answer together have `Bounds.idle`.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    connect: float = 15.0
    silence: float = 60.0
    whole: float = 110.0
    asked: float = 90.0


@dataclass(frozen=True)
class Line:
    """What the questions about one table share: patience, a flag that stops them, and what they cost, within bounds."""

    patience: Patience = field(default_factory=Patience)
    stop: threading.Event = field(default_factory=threading.Event)
    spent: Spent = field(default_factory=lambda: Spent(Bounds()))

    def anew(self) -> "Line":
        """Give the line for another table, that has cost nothing yet."""
        return replace(self, spent=Spent(self.spent.bounds))


@dataclass(frozen=True)
class Answer:
    """A whole answer: its number of bytes, and its JSON when that was asked for, else the bytes."""

    size: int
    body: bytes = b""
    json: Any = None


class RefusedError(FetchError):
    """The server will not answer this, and asking again will not help; `status` is the HTTP status, `said` its text."""

    def __init__(self, message: str, status: int, said: str):
        super().__init__(message)
        self.status = status
        self.said = said


class StoppedError(Exception):
    """The download was told to stop."""


class _PassingError(Exception):
    """Something that may be over at the next try; `asked` is how long the server wants us to wait."""

    def __init__(self, what: str, asked: float | None = None):
        super().__init__(what)
        self.asked = asked


def address(base: str, path: str = "", query: Mapping[str, str] | None = None) -> str:
    """Write an address; OData's own signs stay readable."""
    whole = f"{base.rstrip('/')}/{path}" if path else base
    return f"{whole}?{urlencode(query, quote_via=quote, safe=SIGNS)}" if query else whole


def follow(base: str, link: str, what: str) -> str:
    """Turn the link to a next page into an address on the server that was asked.

    Some servers link by http, or relative. Raises UnfitError, naming `what`, when the link leads to another server, or
    nowhere.
    """
    try:
        asked, wanted = urlsplit(base), urlsplit(urljoin(base, link))
    except ValueError:
        raise unfit(what, f"the link to the next page is no address: {shown(link)!r}") from None
    if len(link) > LONGEST_LINK:
        raise unfit(what, f"the link to the next page has {len(link):,} characters")
    if wanted.netloc != asked.netloc:
        raise UnfitError(
            f"{what}: {asked.netloc} links its next page to another server, {shown(wanted.netloc or link)}. Nothing is "
            f"fetched from there; give the right address: kloof data fetch --address SOURCE=ADDRESS."
        )
    return urlunsplit((asked.scheme, *wanted[1:4], ""))


def host(where: str) -> str:
    """Give the server of an address."""
    return urlsplit(where).netloc


def silent(addresses: Iterable[str], seconds: float = REACH) -> dict[str, str]:
    """Name the servers of these addresses with which no connection can be made, and why, in a few seconds.

    Every server is asked once, all at the same time; any answer at all, also a refusal, is one. A name that is looked
    up for longer than that counts as no connection.
    """
    servers = {host(where): f"{urlsplit(where).scheme}://{host(where)}" for where in addresses}
    found: dict[str, str] = dict.fromkeys(servers, f"no answer within {seconds:g} seconds")

    def ask(name: str) -> None:
        why = _no_connection(servers[name], seconds)
        if why:
            found[name] = why
        else:
            del found[name]

    asking = [threading.Thread(target=ask, args=(name,), daemon=True) for name in servers]
    until = monotonic() + seconds + 1
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(max(0.0, until - monotonic()))
    return {name: found[name] for name in servers if name in found}


def _no_connection(server: str, seconds: float) -> str:
    """Say why a server cannot be reached; nothing when it can."""
    import requests
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    try:
        with _timed(seconds) as (session, _):
            session.head(server, timeout=seconds, headers={"User-Agent": "kloof"}).close()
    except requests.exceptions.ConnectTimeout:
        return f"no connection within {seconds:g} seconds"
    except requests.exceptions.ProxyError:
        return "the proxy gives no connection"
    except requests.RequestException as problem:
        reason = getattr(problem.args[0] if problem.args else None, "reason", None)
        if isinstance(reason, NameResolutionError):
            return "its name cannot be looked up"
        return "no connection" if isinstance(reason, NewConnectionError) else ""
    return ""


def offline(found: Mapping[str, str], kept: str) -> FetchError:
    """Say that no server at all was reached, one line each; `kept` says what there is all the same."""
    lines = "".join(f"\n  {name}: {why}" for name, why in found.items())
    return FetchError(f"you seem to be offline: no server could be reached.{lines}\n{kept}")


def get(line: Line, where: str, what: str, *, kind: str = "json", final: Callable[[str], bool] | None = None) -> Answer:
    """Get the whole answer at an address.

    `what` names it in errors (table and page); `kind` is json, text (a line) or any; `final` tells from the text of a
    failure that asking again is useless, whatever its status. Raises RefusedError for what will not pass, UnfitError
    for what is not to be taken, FetchError when tries or time are used up, StoppedError when the line is told to stop.
    """
    from tenacity import (
        Retrying,
        retry_if_exception_type,
        sleep_using_event,
        stop_after_attempt,
        stop_any,
        stop_before_delay,
        wait_random_exponential,
    )

    patience, until = line.patience, line.spent.until(what)
    usual = wait_random_exponential(multiplier=patience.first_wait, max=patience.longest_wait)

    def wait(state: "RetryCallState") -> float:
        problem = state.outcome.exception() if state.outcome else None
        return max(getattr(problem, "asked", None) or 0.0, usual(state))

    tries = Retrying(
        stop=stop_any(stop_after_attempt(patience.tries), stop_before_delay(until - monotonic())),
        wait=wait,
        retry=retry_if_exception_type(_PassingError),
        sleep=sleep_using_event(line.stop),
        reraise=True,
    )
    try:
        return tries(_once, line, where, what, kind, final, until)
    except _PassingError as problem:
        _strip(problem)
        count = tries.statistics["attempt_number"]
        found = FetchError(
            f"{what}: no whole answer after {count} {'try' if count == 1 else 'tries'}; the last one: {problem}. What "
            f"is finished is kept: run the same command again, later or from another network. Address: {where}"
        )
    except FetchError as problem:
        _strip(problem)
        found = problem
    raise found


def _strip(problem: Exception) -> None:
    """Take from an error the frames it arose in: they hold all that was read, and tenacity holds the error."""
    problem.__context__ = problem.__traceback__ = None


def _once(
    line: Line, where: str, what: str, kind: str, final: Callable[[str], bool] | None, until: float
) -> Answer:  # fmt: skip
    """Ask one time."""
    import requests
    from urllib3.exceptions import HTTPError

    if line.stop.is_set():
        raise StoppedError
    bounds, seconds = line.spent.bounds, max(0.0, min(line.patience.whole, until - monotonic()))
    with _timed(seconds) as (session, over):
        try:
            with _response(line, session, where, what, kind) as response:
                good = response.status_code == 200
                most = {"json": bounds.answer, "text": BRIEF}.get(kind, bounds.file) if good else BRIEF
                body = _body(line, response, what, most)
        except (requests.RequestException, HTTPError, OSError, zlib.error) as problem:
            if over.is_set():
                raise _PassingError(f"the answer was not whole after {seconds:.3g} seconds") from None
            if isinstance(problem, requests.exceptions.SSLError):
                raise FetchError(
                    f"{what}: the certificate of the server is not accepted ({type(problem).__name__}). {where}"
                ) from None
            if isinstance(problem, requests.exceptions.Timeout):
                raise _PassingError(f"silence for more than {line.patience.silence:g} seconds") from None
            raise _PassingError(_reason(problem)) from None
    if over.is_set():  # a body without a length ends where the connection is cut
        raise _PassingError(f"the answer was not whole after {seconds:.3g} seconds")
    if not good:
        said, longest = shown(body.decode("utf-8", "replace")), min(line.patience.asked, until - monotonic())
        raise _failure(response, said, what, final, longest)
    return _answer(response.headers.get("Content-Type", "nothing"), body, what, kind, bounds.memory)


@contextmanager
def _timed(seconds: float) -> "Iterator[tuple[requests.Session, threading.Event]]":
    """Give a session whose connections are cut after so many seconds, and what tells that they were.

    A time-out of a socket begins anew with every byte, also of a handshake or of a header without end.
    """
    import requests
    from requests.adapters import HTTPAdapter

    opened: list[socket] = []
    over = threading.Event()

    class Timed(HTTPAdapter):
        def get_connection_with_tls_context(self, *given: Any, **named: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*given, **named)
            kind = pool.ConnectionCls

            def opening(connection: Any) -> socket:
                made: socket = kind._new_conn(connection)
                opened.append(made.dup())  # the handshake takes the socket itself away
                if over.is_set():
                    raise TimeoutError
                return made

            pool.ConnectionCls = type("TimedConnection", (kind,), {"_new_conn": opening})
            return pool

    def cut() -> None:
        over.set()
        for one in opened:
            with suppress(OSError):  # closed already
                one.shutdown(SHUT_RDWR)

    clock = threading.Timer(seconds, cut)
    clock.daemon = True
    clock.start()
    try:
        with requests.Session() as session:
            session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]  # noqa: ARG005
            for scheme in PORTS:
                session.mount(f"{scheme}://", Timed())
            yield session, over
    finally:
        clock.cancel()
        clock.join()
        for one in opened:
            one.close()


def _response(
    line: Line, session: "requests.Session", where: str, what: str, kind: str
) -> "requests.Response":  # fmt: skip
    """Ask, and follow where the server sends us on, as long as that is on the same server and as safe."""
    patience = line.patience
    accept = "application/json" if kind == "json" else "*/*"
    headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": "kloof"}
    here = where
    for _ in range(line.spent.bounds.redirects + 1):
        line.spent.ask(what)
        response = session.get(here, headers=headers, timeout=(patience.connect, patience.silence), stream=True)
        if response.status_code not in ONWARD or "Location" not in response.headers:
            return response
        response.close()
        here = _onward(here, response.headers["Location"], what)
    raise unfit(what, f"{host(where)} sends us on more than {line.spent.bounds.redirects} times, last to {shown(here)}")


def _onward(here: str, there: str, what: str) -> str:
    """See that a redirection stays on the server that was asked, and never goes from https to http."""
    try:
        asked, wanted = urlsplit(here), urlsplit(urljoin(here, there))
        servers = [(one.hostname, one.port or PORTS.get(one.scheme)) for one in (asked, wanted)]
    except ValueError:
        raise unfit(what, f"{host(here)} sends us on to {shown(there)!r}, no address") from None
    ways = (asked.scheme, wanted.scheme)
    safer = ways == ("http", "https") and wanted.hostname == asked.hostname
    if (ways[0] == ways[1] and servers[0] == servers[1]) or safer:
        return wanted.geturl()
    raise UnfitError(
        f"{what}: {asked.scheme}://{host(here)} sends us on to {wanted.scheme}://{shown(wanted.netloc)}, another "
        f"server or a less safe way. Nothing is fetched from there; if it is right, give that address: kloof data "
        f"fetch --address SOURCE=ADDRESS."
    )


def _body(line: Line, response: "requests.Response", what: str, most: int) -> bytes:
    """Read the body as it arrives, unpacked, and see that nothing is missing and that it ends.

    Raises UnfitError when a good answer is longer than `most` bytes; of a failure the begin is enough.
    """
    good = response.status_code == 200
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip"):
        raise unfit(what, f"the answer is packed as {shown(packing)!r}, which was not asked for")
    unpacked = _unpacked if packing.endswith("gzip") else iter
    whole, sent = BytesIO(), 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        while piece := response.raw.read1(PIECE, decode_content=False):
            sent += len(piece)
            yield piece

    try:
        for part in unpacked(pieces()):
            whole.write(part)
            if line.stop.is_set():
                raise StoppedError
            size = max(sent, whole.tell())
            if size > most and not good:
                break
            line.spent.hold(what, size, most)
    finally:
        line.spent.bytes += max(sent, whole.tell())
    return whole.getvalue()


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip a little at a time. Raises zlib.error when it is damaged or breaks off."""
    inside = zlib.decompressobj(GZIP)
    for piece in pieces:
        rest = piece
        while rest:
            if inside.eof:
                inside = zlib.decompressobj(GZIP)  # another part follows
            yield inside.decompress(rest, PIECE)
            rest = inside.unconsumed_tail or inside.unused_data
    yield inside.flush()
    if not inside.eof:
        raise zlib.error("breaks off")


def _failure(
    response: "requests.Response", said: str, what: str, final: Callable[[str], bool] | None, longest: float
) -> Exception:
    """Tell a failure that may pass from a refusal."""
    status, asked = response.status_code, _asked(response.headers.get("Retry-After", ""))
    if asked and asked > longest:
        return FetchError(
            f"{what}: the server asks to wait {f'{asked:.0f} seconds' if asked < inf else 'without end'} (HTTP "
            f"{status}). What is finished is kept: run the same command again after that."
        )
    if status in PASSING and not (final and final(said)):
        return _PassingError(f"HTTP {status}{f': {said}' if said else ''}", asked)
    return RefusedError(f"{what}: HTTP {status}: {said or 'no text'}. Address: {response.url}", status, said)


def _answer(given: str, body: bytes, what: str, kind: str, memory: int) -> Answer:
    """Read a whole body."""
    if kind != "json":
        return Answer(len(body), body)
    if "json" not in given.lower():
        said = shown(body[:BRIEF].decode("utf-8", "replace"))
        raise _PassingError(f"{shown(given.partition(';')[0])} instead of JSON, beginning {said!r}")
    try:
        return Answer(len(body), json=parsed(body, what, memory))
    except ValueError:
        end = shown(body[-40:].decode("utf-8", "replace"))
        raise _PassingError(f"JSON that breaks off or is damaged, {len(body)} bytes, ending {end!r}") from None


def _asked(said: str) -> float | None:
    """Read Retry-After: seconds, or a date (RFC 9110, section 10.2.3). What is neither asks nothing."""
    if _SECONDS.fullmatch(said.strip()):
        return float(said)
    if said.strip().isascii() and said.strip().isdigit():
        return inf
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else None


def _reason(problem: BaseException) -> str:
    """Say in plain words why there was no answer."""
    name = type(problem).__name__
    if name == "ReadTimeoutError":
        return "the server fell silent"
    if isinstance(problem, zlib.error):
        return "a packed answer that breaks off or is damaged"
    if name in ("IncompleteRead", "ProtocolError", "ChunkedEncodingError", "ConnectionResetError"):
        return "the connection was cut before the answer was whole"
    return f"no connection ({name})"
