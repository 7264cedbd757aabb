"""What can go wrong between a client and a registry. A list of these is a script for :mod:`tests.support.fault_proxy`.

More of them, in which the answer arrives but is not true, are in :mod:`tests.support.lies`.

Each names the requests that it happens to: a method (``""``: any), a pattern somewhere in the path and query, and
which of the requests that match: from the ``nth``, that many ``times``.
"""

from __future__ import annotations

import http
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from email.utils import formatdate

from tests.support.exchange import Exchange, Headers, Seen

UPLOADS, BLOBS, MANIFESTS = r"/blobs/uploads/", r"/blobs/sha256:", r"/manifests/"
"""Patterns of paths."""
ALWAYS = 1_000_000_000
"""For ``times``."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Nothing goes wrong; what all of them have in common."""

    method: str
    path: str
    _: KW_ONLY
    nth: int = 1
    times: int = 1

    def matches(self, seen: Seen) -> bool:
        """Is this a request of the kind that it happens to?"""
        return self.method in ("", seen.method) and re.search(self.path, seen.path) is not None

    def act(self, exchange: Exchange) -> None:
        """Let it happen."""
        exchange.send()
        exchange.receive()
        exchange.pass_on()


@dataclass(frozen=True, slots=True)
class Cut(Fault):
    """The connection breaks when the registry has got this much of the request's body (``None``: all of it)."""

    _: KW_ONLY
    after: int | None = 0
    reset: bool = True
    """RST (connection reset) or FIN (end of file)."""
    resumable: bool = False
    """Can the upload go on from there? By itself docker-registry answers 404 to that; others can."""

    def act(self, exchange: Exchange) -> None:
        if self.resumable and self.after:
            exchange.send_part(self.after)
        else:
            exchange.send(self.after)
            exchange.drop()
        exchange.cut(reset=self.reset)


@dataclass(frozen=True, slots=True)
class CutAnswer(Fault):
    """The connection breaks after this much of the answer's body: shorter than its Content-Length."""

    _: KW_ONLY
    after: int = 0
    reset: bool = False

    def act(self, exchange: Exchange) -> None:
        exchange.send()
        exchange.receive()
        exchange.pass_on(self.after)
        exchange.drop()
        exchange.cut(reset=self.reset)


@dataclass(frozen=True, slots=True)
class Stall(Fault):
    """Silence when this much of the request's body was read; until that returns, or for good."""

    _: KW_ONLY
    after: int = 0
    until: Callable[[], object] | None = None

    def act(self, exchange: Exchange) -> None:
        if self.after:
            exchange.send(self.after)
        exchange.wait(self.until)
        Fault.act(self, exchange)


@dataclass(frozen=True, slots=True)
class StallAnswer(Fault):
    """Silence after this much of the answer's body; until that returns, or for good."""

    _: KW_ONLY
    after: int = 0
    until: Callable[[], object] | None = None

    def act(self, exchange: Exchange) -> None:
        exchange.send()
        exchange.receive()
        exchange.pass_on(self.after)
        exchange.wait(self.until)
        exchange.pass_on()


@dataclass(frozen=True, slots=True)
class Answer(Fault):
    """An answer that the registry never gave."""

    _: KW_ONLY
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: int | None = None
    """How much of the request's body is read before (``None``: all). Then the connection ends with the answer."""

    def act(self, exchange: Exchange) -> None:
        exchange.read(self.after)
        exchange.answer(
            self.status, http.HTTPStatus(self.status).phrase, list(self.headers.items()), self.body
        )


@dataclass(frozen=True, slots=True)
class RetryLater(Fault):
    """429 (or 503) with Retry-After."""

    _: KW_ONLY
    seconds: int = 0
    date: bool = False
    """As an HTTP date (of whole seconds), not as a number."""
    status: int = 429

    def act(self, exchange: Exchange) -> None:
        value = formatdate(time.time() + self.seconds, usegmt=True) if self.date else str(self.seconds)
        headers = {"Retry-After": value}
        Answer(self.method, self.path, status=self.status, headers=headers).act(exchange)


@dataclass(frozen=True, slots=True)
class BodyLimit(Fault):
    """413 to every request whose body is longer than this, before the body is read: a proxy with a limit."""

    _: KW_ONLY
    limit: int
    times: int = ALWAYS

    def matches(self, seen: Seen) -> bool:
        return Fault.matches(self, seen) and int(seen.headers.get("content-length", 0)) > self.limit

    def act(self, exchange: Exchange) -> None:
        Answer(self.method, self.path, status=413, after=0).act(exchange)


@dataclass(frozen=True, slots=True)
class Unauthorized(Fault):
    """The registry's own 401: it gets the request without its Authorization. For registries that want one."""

    _: KW_ONLY
    challenge: bool = True
    """With its WWW-Authenticate, or without."""
    after: int | None = None
    """As of :class:`Answer`."""

    def act(self, exchange: Exchange) -> None:
        exchange.read(self.after)
        exchange.send_head_alone(without={"authorization"})
        exchange.receive(lambda headers: headers if self.challenge else drop(headers, "WWW-Authenticate"))
        assert exchange.seen.status == 401, f"a registry that lets anyone in: {exchange.seen}"
        exchange.pass_on()


@dataclass(frozen=True, slots=True)
class Redirect(Fault):
    """To the same path elsewhere: ``to`` is the address of a host, ``""`` is the same."""

    _: KW_ONLY
    to: str = ""
    query: str = ""
    """Added to the address, as in ``X-Signature=abc``."""
    status: int = 307
    after: int | None = None
    """As of :class:`Answer`."""

    def act(self, exchange: Exchange) -> None:
        mark = "&" if "?" in exchange.seen.path else "?"
        location = f"{self.to}{exchange.seen.path}" + (f"{mark}{self.query}" if self.query else "")
        headers = {"Location": location}
        Answer(self.method, self.path, status=self.status, headers=headers, after=self.after).act(exchange)


def drop(headers: Headers, *names: str) -> Headers:
    """Headers without those of these names."""
    lower = {name.lower() for name in names}
    return [pair for pair in headers if pair[0].lower() not in lower]
