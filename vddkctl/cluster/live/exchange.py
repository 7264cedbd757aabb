"""One request over a connection that is there: what thousands of small writes cost is mostly what goes around them.

urllib3 makes the connections, with all that belongs to them: certificates, proxies, how long they may take. Once one
is there, a request goes out in one piece and Python's own parser reads the answer, in less than half of the time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool
    from urllib3.connection import HTTPConnection

_PART = 1 << 20
_WHOLE = 10.0
"""An answer that comes in drips is given up after so many times its patience."""


class Request(Struct, frozen=True):
    """What is sent. ``target`` is the path and the query, or for a proxy that forwards, the whole URL."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Answer(Struct, frozen=True):
    """What came back, all of it."""

    status: int
    body: bytes
    retry_after: str = ""


def exchange(pool: HTTPConnectionPool, request: Request, timeout: float) -> Answer:
    """Send a request, and read the whole answer. Redirects are answers, too, and nothing is sent twice.

    ``timeout``: seconds without a byte. Raises urllib3's HTTPError.
    """
    connection = pool._get_conn()  # noqa: SLF001 - as urllib3's own responses do
    if connection.is_closed or pool.proxy is not None:
        pool._put_conn(connection)  # noqa: SLF001
        return _as_always(pool, request, timeout)
    kept = False
    try:
        answer, kept = _over(connection, pool, request, timeout)
        return answer
    finally:
        if not kept:
            connection.close()
        pool._put_conn(connection)  # noqa: SLF001


def _over(
    connection: HTTPConnection, pool: HTTPConnectionPool, request: Request, timeout: float
) -> tuple[Answer, bool]:
    """The answer, and whether the connection can be used again."""
    from urllib3.exceptions import ProtocolError, ReadTimeoutError

    until = monotonic() + timeout * _WHOLE
    try:
        connection.sock.settimeout(timeout)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the answer may be there all the same
            connection.sock.sendall(_words(pool, request))
        with HTTPResponse(connection.sock, method=request.method) as response:
            response.begin()
            parts = []
            while part := response.read1(_PART):
                parts.append(part)
                if monotonic() > until:
                    raise TimeoutError
            if response.length:  # read1 takes an end for the end
                raise ProtocolError("the answer breaks off")
            found = Answer(response.status, b"".join(parts), response.headers.get("Retry-After", ""))
            return found, not response.will_close
    except TimeoutError as error:
        raise ReadTimeoutError(pool, request.target, "no answer in time") from error
    except (OSError, HTTPException) as error:
        raise ProtocolError("the connection breaks off", error) from error


def _words(pool: HTTPConnectionPool, request: Request) -> bytes:
    """The request as it is sent."""
    host = f"[{pool.host}]" if ":" in pool.host else pool.host
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {host}:{pool.port}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body is not None:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (request.body or b"")


def _as_always(pool: HTTPConnectionPool, request: Request, timeout: float) -> Answer:
    """By way of urllib3 alone: the first request of each connection, and those through a proxy."""
    from urllib3.exceptions import ReadTimeoutError

    answer = pool.urlopen(
        request.method,
        request.target,
        body=request.body,
        headers=request.headers,
        timeout=timeout,
        retries=False,
        redirect=False,
        assert_same_host=False,
        preload_content=False,
    )
    until = monotonic() + timeout * _WHOLE
    parts = []
    while part := answer.read1(_PART):
        parts.append(part)
        if monotonic() > until:
            answer.close()
            raise ReadTimeoutError(pool, request.target, "the answer does not end")
    answer.release_conn()
    return Answer(answer.status, b"".join(parts), answer.headers.get("Retry-After", ""))
