"""Asks one question over HTTP until a whole answer is there, or says why there is none.

The only module that opens the network. A question is tried again after what passes by itself (no connection, silence,
429 and 5xx, a body that is cut, a page of another kind than asked), with growing waits and jitter, never sooner than
the server asks (Retry-After). What will not pass by itself is an error at once.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from kloof.errors import FetchError

if TYPE_CHECKING:
    import requests
    from tenacity import RetryCallState


LONGEST_ADDRESS = 2000  # servers of Microsoft refuse a query string above 2,048 characters unless told otherwise
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
PIECE = 1 << 16
REACH = 4.0  # seconds in which a server must let itself be reached
SIGNS = "$,'():/"  # signs of OData that may stand in an address as they are
_SHOWN = 120  # characters of a strange answer that an error shows


@dataclass(frozen=True)
class Patience:
    """How long to go on, in seconds: number of tries, waits between them, and limits within one try.

    `silence` is the longest time without a byte, `whole` the longest for one answer however it trickles in, `asked` the
    longest wait a server may ask for before we give up instead.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    connect: float = 15.0
    silence: float = 60.0
    whole: float = 600.0
    asked: float = 300.0


@dataclass(frozen=True)
class Line:
    """What every question of one download shares: patience, and a flag that stops it."""

    patience: Patience = field(default_factory=Patience)
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Answer:
    """A whole answer: its bytes, and its JSON when that was asked for."""

    body: bytes
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

    Some servers link by http, or relative. Raises FetchError, naming `what`, when the link leads to another server.
    """
    asked, wanted = urlsplit(base), urlsplit(urljoin(base, link))
    if wanted.netloc != asked.netloc:
        raise FetchError(
            f"{what}: {asked.netloc} links its next page to another server, {wanted.netloc}. Nothing is fetched from "
            f"there; give the right address: kloof data fetch --address SOURCE=ADDRESS."
        )
    return urlunsplit((asked.scheme, *wanted[1:]))


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
        requests.head(server, timeout=seconds, allow_redirects=False, headers={"User-Agent": "kloof"}).close()
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

    `what` names it in errors (table and page); `kind` is json or any; `final` tells from the text of a failure that
    asking again is useless, whatever its status. Raises RefusedError for what will not pass, FetchError when all tries
    are used up, StoppedError when the line is told to stop.
    """
    from tenacity import (
        Retrying,
        retry_if_exception_type,
        sleep_using_event,
        stop_after_attempt,
        wait_random_exponential,
    )

    patience = line.patience
    usual = wait_random_exponential(multiplier=patience.first_wait, max=patience.longest_wait)

    def wait(state: "RetryCallState") -> float:
        problem = state.outcome.exception() if state.outcome else None
        return max(getattr(problem, "asked", None) or 0.0, usual(state))

    tries = Retrying(
        stop=stop_after_attempt(patience.tries),
        wait=wait,
        retry=retry_if_exception_type(_PassingError),
        sleep=sleep_using_event(line.stop),
        reraise=True,
    )
    try:
        return tries(_once, line, where, what, kind, final)
    except _PassingError as problem:
        raise FetchError(
            f"{what}: no whole answer after {patience.tries} tries; the last one: {problem}. What is finished is kept: "
            f"run the same command again, later or from another network. Address: {where}"
        ) from None


def _once(line: Line, where: str, what: str, kind: str, final: Callable[[str], bool] | None) -> Answer:
    """Ask one time."""
    import requests
    from urllib3.exceptions import HTTPError

    if line.stop.is_set():
        raise StoppedError
    patience = line.patience
    headers = {"Accept": "application/json" if kind == "json" else "*/*", "User-Agent": "kloof"}
    try:
        with requests.get(
            where, headers=headers, timeout=(patience.connect, patience.silence), stream=True
        ) as response:
            body = _body(line, response)
    except requests.exceptions.SSLError as problem:
        raise FetchError(
            f"{what}: the certificate of the server is not accepted ({_short(problem)}). {where}"
        ) from None
    except requests.exceptions.Timeout:
        raise _PassingError(f"silence for more than {patience.silence:g} seconds") from None
    except (requests.RequestException, HTTPError, OSError) as problem:
        raise _PassingError(_reason(problem)) from None
    return _judge(response, body, what, kind, final, patience)


def _body(line: Line, response: "requests.Response") -> bytes:
    """Read the body as it arrives, within the time for one answer, and see that nothing is missing."""
    begin, pieces = monotonic(), []
    while piece := response.raw.read1(PIECE, decode_content=True):
        pieces.append(piece)
        if line.stop.is_set():
            raise StoppedError
        if monotonic() - begin > line.patience.whole:
            raise _PassingError(f"the answer was not whole after {line.patience.whole:g} seconds")
    return b"".join(pieces)


def _judge(
    response: "requests.Response",
    body: bytes,
    what: str,
    kind: str,
    final: Callable[[str], bool] | None,
    patience: Patience,
) -> Answer:
    """Tell a good answer from a passing failure and from a refusal."""
    status, said = response.status_code, _shown(body)
    if status != 200:
        asked = _asked(response.headers.get("Retry-After", ""))
        if asked and asked > patience.asked:
            raise RefusedError(
                f"{what}: the server asks to wait {asked:.0f} seconds (HTTP {status}). What is finished is kept: run "
                f"the same command again after that.",
                status,
                said,
            )
        if status in PASSING and not (final and final(said)):
            raise _PassingError(f"HTTP {status}{f': {said}' if said else ''}", asked)
        raise RefusedError(f"{what}: HTTP {status}: {said or 'no text'}. Address: {response.url}", status, said)
    if kind != "json":
        return Answer(body)
    given = response.headers.get("Content-Type", "nothing")
    if "json" not in given.lower():
        raise _PassingError(f"{given.split(';')[0]} instead of JSON, beginning {said!r}")
    try:
        return Answer(body, json.loads(body))
    except ValueError:
        raise _PassingError(
            f"JSON that breaks off or is damaged, {len(body)} bytes, ending {_shown(body[-40:])!r}"
        ) from None


def _asked(text: str) -> float | None:
    """Read Retry-After: seconds, or a date (RFC 9110, section 10.2.3)."""
    if text.strip().isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else None


def _shown(body: bytes) -> str:
    """Show the beginning of a body on one line."""
    text = " ".join(body[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")


def _short(problem: BaseException) -> str:
    """Name a problem without the address it repeats."""
    return type(problem).__name__


def _reason(problem: BaseException) -> str:
    """Say in plain words why there was no answer."""
    name = type(problem).__name__
    if name == "ReadTimeoutError":
        return "the server fell silent"
    if name in ("IncompleteRead", "ProtocolError", "ChunkedEncodingError", "ConnectionResetError"):
        return "the connection was cut before the answer was whole"
    return f"no connection ({name})"
