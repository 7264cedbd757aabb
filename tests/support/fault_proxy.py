"""A proxy of ours in front of a real registry: it passes everything on, records it, and lets things go wrong.

``with faults(registry, Cut("PUT", UPLOADS, after=1_000_000)) as proxy: …``; clients talk to ``proxy.host``.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection, parse_headers
from typing import BinaryIO

from tests.support.exchange import BYTES_AT_ONCE, Exchange, Seen
from tests.support.faults import Fault
from tests.support.running_registry import RunningRegistry


@contextmanager
def faults(
    registry: RunningRegistry,
    *script: Fault,
    address: str = "127.0.0.1",
    authorization: str = "",
    all_happen: bool = True,
) -> Iterator[FaultProxy]:
    """A proxy in front of a registry, by HTTPS with the registry's certificate if the registry does that.

    Of several faults that match a request, the first in the script happens. At the end each must have happened,
    unless ``all_happen`` is false. ``address`` may be ``127.0.0.2``: another host. ``authorization`` is put in
    for what clients send: a storage that lets in whoever has the address.
    """
    proxy = FaultProxy(registry, script, address, authorization)
    try:
        yield proxy
    finally:
        proxy.close()
    assert not proxy.errors, proxy.errors
    seen = {id(request.fault) for request in proxy.requests()}
    missed = [fault for fault in script if id(fault) not in seen]
    assert not (missed and all_happen), f"did not happen: {missed}; the requests were {proxy.requests()}"


class FaultProxy:
    """Use :func:`faults`."""

    def __init__(
        self, registry: RunningRegistry, script: tuple[Fault, ...], address: str, authorization: str
    ) -> None:
        self.registry = registry
        self.errors: list[Exception] = []
        """What went wrong here, and was not meant to."""
        self.most_at_once = 0
        """The most requests that were under way at the same time."""
        self._script, self._counts = script, [0] * len(script)
        self._authorization = authorization
        self._requests: list[Seen] = []
        self._at_once = 0
        self._states: dict[str, str] = {}
        self._lock, self._closing = threading.Lock(), threading.Event()
        self._listener = socket.create_server((address, 0), backlog=128)
        self.host = f"{address}:{self._listener.getsockname()[1]}"
        """As in a reference."""
        self._tls = _server_context(registry)
        self._clients: dict[threading.Thread, socket.socket] = {}
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    @property
    def url(self) -> str:
        """``http://…`` or ``https://…``, without a slash at the end."""
        return self.front.url

    @property
    def front(self) -> RunningRegistry:
        """The registry as clients see it through the proxy."""
        return replace(self.registry, host=self.host)

    def requests(self, method: str = "", path: str = "") -> list[Seen]:
        """What was asked so far, in order: of this method, with this pattern somewhere in path and query."""
        with self._lock:
            seen = [replace(one) for one in self._requests]
        return [one for one in seen if method in ("", one.method) and re.search(path, one.path)]

    def count(self, method: str = "", path: str = "") -> int:
        """How many requests there were so far."""
        return len(self.requests(method, path))

    def close(self) -> None:
        """Break all connections and end all silence."""
        self._closing.set()
        for connection in (self._listener, *self._clients.values()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        for thread in list(self._clients):
            thread.join(10)
            assert not thread.is_alive(), f"a fault still waits: {self.requests()}"

    def _accept(self) -> None:
        number = 0
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            thread = threading.Thread(target=self._serve, args=(client, number), daemon=True)
            self._clients[thread] = client
            thread.start()

    def _serve(self, client: socket.socket, number: int) -> None:
        """All requests of one connection, over one connection to the registry."""
        upstream = self._connection()
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                client = self._tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
                self._clients[threading.current_thread()] = client
            with client, client.makefile("rb") as reader:
                if isinstance(client, ssl.SSLSocket):
                    client.do_handshake()
                while self._one_request(client, reader, upstream, number):
                    pass
        except (OSError, HTTPException):
            pass  # a side that went away
        except Exception as error:
            self.errors.append(error)
        finally:
            upstream.close()

    def _one_request(
        self, client: socket.socket, reader: BinaryIO, upstream: HTTPConnection, number: int
    ) -> bool:
        """False when it was the last one of its connection."""
        line = reader.readline().decode("latin-1").split()
        if not line:
            return False
        headers = [(name, str(value)) for name, value in parse_headers(reader).items()]
        seen = Seen(line[0], line[1], {name.lower(): value for name, value in headers}, number)
        if self._authorization:
            headers = [pair for pair in headers if pair[0].lower() != "authorization"]
            headers.append(("Authorization", self._authorization))
        fault = self._begin(seen)
        exchange = Exchange(seen, headers, (client, reader), upstream, self._closing, self._states)
        try:
            fault.act(exchange)
        finally:
            with self._lock:
                self._at_once -= 1
        if (
            exchange.over
        ):  # the answer would be lost if the connection were closed while the client still sends
            client.shutdown(socket.SHUT_WR)
            while client.recv(BYTES_AT_ONCE):
                pass
        return not exchange.over

    def _begin(self, seen: Seen) -> Fault:
        with self._lock:
            self._requests.append(seen)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            for place, fault in enumerate(self._script):
                if fault.matches(seen):
                    self._counts[place] += 1
                    if not seen.fault and fault.nth <= self._counts[place] < fault.nth + fault.times:
                        seen.fault = fault
        return seen.fault or _NOTHING

    def _connection(self) -> HTTPConnection:
        registry = self.registry
        if not registry.ca:
            return HTTPConnection(registry.host, timeout=60)
        context = ssl.create_default_context(cafile=registry.ca)
        if registry.client:
            context.load_cert_chain(registry.client.certificate, registry.client.key)
        return HTTPSConnection(registry.host, timeout=60, context=context)


_NOTHING = Fault("", "")


def _server_context(registry: RunningRegistry) -> ssl.SSLContext | None:
    if not registry.server:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(registry.server.certificate, registry.server.key)
    if registry.client:
        context.load_verify_locations(registry.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
