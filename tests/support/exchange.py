"""One request on its way through the fault proxy, and the steps that can be taken with it."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import parse_qs, quote, urlsplit

if TYPE_CHECKING:
    from tests.support.faults import Fault

Headers = list[tuple[str, str]]
BYTES_AT_ONCE = 128 * 1024
_OF_ONE_HOP = {"connection", "expect", "keep-alive", "transfer-encoding"}


class GoneError(OSError):
    """A side closed its connection before its turn was over."""


@dataclass(slots=True)
class Seen:
    """A request, as far as it came."""

    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    """By lower-case name."""
    connection: int
    """Which of the clients' connections it came on, from 1."""
    received: int = 0
    """How many bytes of its body the proxy has read."""
    status: int | None = None
    """What it was answered; ``None``: nothing."""
    sent: int = 0
    """How many bytes of the answer's body were passed on."""
    fault: Fault | None = field(default=None, repr=False)


class Exchange:
    """The steps: ``send`` the request on, ``receive`` and ``pass_on`` the answer; or ``answer``, ``wait``, ``cut``."""

    def __init__(
        self,
        seen: Seen,
        headers: Headers,
        client: tuple[socket.socket, BinaryIO],
        upstream: HTTPConnection,
        closing: threading.Event,
        states: dict[str, str],
    ) -> None:
        self.seen = seen
        self.over = False
        """Is the client's connection at its end?"""
        self._headers = headers
        self._client, self._reader = client
        self._upstream = upstream
        self._closing, self._states = closing, states
        self._expects = seen.headers.get("expect", "").lower() == "100-continue"
        self._chunked = "chunked" in seen.headers.get("transfer-encoding", "").lower()
        self._left = 0 if self._chunked else int(seen.headers.get("content-length", 0))
        self._whole = not self._chunked and not self._left
        self._under_way = False
        self._response: HTTPResponse | None = None
        self._answer_chunked = False

    @property
    def scheme(self) -> str:
        """In which the client speaks to the proxy."""
        return "https" if isinstance(self._client, ssl.SSLSocket) else "http"

    # The request

    def read(self, upto: int | None = None) -> None:
        """Read the request's body up to this byte (``None``: all of it), and drop it."""
        while self._next(upto):
            pass

    def send(self, upto: int | None = None, *, without: Iterable[str] = ()) -> None:
        """Pass the request on: its head, unless that was done, and its body up to this byte (``None``: all)."""
        if not self._under_way:
            self._send_head(set(without) | _OF_ONE_HOP)
        while data := self._next(upto):
            if not self._to_upstream(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data):
                return
        if self._whole and self._chunked:
            self._to_upstream(b"0\r\n\r\n")

    def send_head_alone(self, *, without: Iterable[str]) -> None:
        """Pass the head on, as of a request without a body."""
        self._chunked = False
        self._send_head(set(without) | _OF_ONE_HOP | {"content-length"}, [("Content-Length", "0")])

    def send_part(self, size: int) -> None:
        """Let the registry have this much of the body as an upload of its own, and keep it.

        docker-registry keeps what it got before a connection broke, but refuses to go on from there: the client
        still has the old ``_state`` of the upload. Others do not mind, so the old one stands for the new one here.
        """
        self._chunked = False
        without = _OF_ONE_HOP | {"content-length", "content-range"}
        self._send_head(without, [("Content-Length", str(size))], "PATCH")
        while data := self._next(size):
            self._upstream.sock.sendall(data)
        response = self._upstream.getresponse()
        response.read()
        assert response.status == 202, f"{response.status} for a part of {self.seen}"
        old, new = (
            parse_qs(urlsplit(place).query) for place in (self.seen.path, response.headers["Location"])
        )
        self._states[quote(old["_state"][0], safe="")] = quote(new["_state"][0], safe="")

    def _send_head(self, without: set[str], more: Headers | None = None, method: str = "") -> None:
        self._under_way = True
        path = self.seen.path
        for old, new in self._states.items():
            path = path.replace(old, new)
        self._upstream.putrequest(method or self.seen.method, path, skip_host=True, skip_accept_encoding=True)
        more = (more or []) + ([("Transfer-Encoding", "chunked")] if self._chunked else [])
        for name, value in [pair for pair in self._headers if pair[0].lower() not in without] + more:
            self._upstream.putheader(name, value)
        self._upstream.endheaders()

    def _next(self, upto: int | None) -> bytes:
        size = BYTES_AT_ONCE if upto is None else min(BYTES_AT_ONCE, upto - self.seen.received)
        if size <= 0 or self._whole:
            return b""
        if self._expects:
            self._expects = False
            self._client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._chunked and not self._left:
            self._left = int(self._reader.readline().partition(b";")[0] or b"0", 16)
            if not self._left:
                while self._reader.readline().strip():
                    pass
                self._whole = True
                return b""
        data = self._reader.read(min(size, self._left))
        if not data:
            raise GoneError
        self.seen.received += len(data)
        self._left -= len(data)
        if self._chunked and not self._left:
            self._reader.readline()
        self._whole = not self._chunked and not self._left
        return data

    def _to_upstream(self, data: bytes) -> bool:
        """False when it does not want to hear more, since it has answered already."""
        connection = self._upstream.sock
        plain = not isinstance(connection, ssl.SSLSocket)  # TLS sends things of its own
        if plain and select.select([connection], [], [], 0)[0]:
            return False
        try:
            connection.sendall(data)
        except OSError:
            return False
        return True

    # The answer

    def receive(self, headers: Callable[[Headers], Headers] = list) -> None:
        """Wait for the registry's answer, and pass its head on, with its headers changed."""
        response = self._response = self._upstream.getresponse()
        kept = [pair for pair in response.getheaders() if pair[0].lower() not in _OF_ONE_HOP]
        self._answer_chunked = response.chunked and self.seen.method != "HEAD"
        if self._answer_chunked:
            kept.append(("Transfer-Encoding", "chunked"))
        self._head(response.status, response.reason, headers(kept))

    def pass_on(self, upto: int | None = None, change: Callable[[bytes, int], bytes] | None = None) -> None:
        """Pass the answer's body on, up to this byte; ``change`` gets the bytes and where they begin."""
        assert self._response
        while size := BYTES_AT_ONCE if upto is None else min(BYTES_AT_ONCE, upto - self.seen.sent):
            data = self._response.read(size)
            if not data:
                if self._answer_chunked:
                    self._client.sendall(b"0\r\n\r\n")
                return
            data = change(data, self.seen.sent) if change else data
            self.seen.sent += len(data)
            self._client.sendall(b"%x\r\n%b\r\n" % (len(data), data) if self._answer_chunked else data)

    @property
    def size(self) -> int:
        """How long the registry says that its answer's body is."""
        return int(self._response.headers.get("Content-Length", 0)) if self._response else 0

    def answer(self, status: int, reason: str, headers: Headers, body: bytes) -> None:
        """Answer without the registry."""
        length = [("Content-Length", str(len(body)))]
        self._head(status, reason, [*headers, *length])
        self.seen.sent = 0 if self.seen.method == "HEAD" else len(body)
        self._client.sendall(body[: self.seen.sent])

    def _head(self, status: int, reason: str, headers: Headers) -> None:
        if not self._whole:  # the rest of the body would be taken for the next request
            self.over = True
            headers = [*headers, ("Connection", "close")]
        self.seen.status = status
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers), "", ""]
        self._client.sendall("\r\n".join(lines).encode("latin-1"))

    # Interruptions

    def wait(self, until: Callable[[], object] | None) -> None:
        """Do nothing until this returns; ``None``: until the proxy is closed."""
        if until is not None:
            until()
            return
        self._closing.wait()
        raise GoneError

    def drop(self) -> None:
        """Leave the registry alone: it learns that the request ends here, and has come to terms with that."""
        if not self._under_way or self._response:
            pass
        elif self._whole:
            with contextlib.suppress(OSError, HTTPException):
                self._upstream.getresponse().read()
        else:
            connection = self._upstream.sock
            connection.settimeout(10)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(BYTES_AT_ONCE):
                    pass
        self._upstream.close()

    def cut(self, *, reset: bool) -> None:
        """Close the client's connection: at once and rudely, or as if all were said."""
        self.over = True
        if reset:
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._reader.close()
            self._client.close()
        raise GoneError
