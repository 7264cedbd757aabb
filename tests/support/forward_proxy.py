"""A forward proxy, as ``HTTPS_PROXY`` and ``HTTP_PROXY`` name one: the only way to a registry whose name nobody knows."""

from __future__ import annotations

import base64
import contextlib
import io
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import parse_headers

from tests.support.running_registry import RunningRegistry


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asked the proxy for: ``CONNECT name:443``, or ``GET http://name/…``."""

    method: str
    target: str
    headers: dict[str, str]
    """By lower-case name."""


@contextmanager
def forward_proxy(registry: RunningRegistry, *, credentials: str = "") -> Iterator[ForwardProxy]:
    """Whatever host is asked for, this registry answers; ``credentials``: the ``name:password`` that it demands."""
    proxy = ForwardProxy(registry, credentials)
    try:
        yield proxy
    finally:
        proxy.close()


class ForwardProxy:
    """Use :func:`forward_proxy`."""

    def __init__(self, registry: RunningRegistry, credentials: str) -> None:
        self.asked: list[Asked] = []
        self._registry = registry
        self._wanted = f"Basic {base64.b64encode(credentials.encode()).decode()}" if credentials else ""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        """Without credentials."""
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Break all connections."""
        for connection in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:  # the first is the one that starts the others
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        """One request, or one tunnel."""
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (data := client.recv(65536)):
                    return
                head += data
            head, _, body = head.partition(b"\r\n\r\n")
            line, _, rest = head.partition(b"\r\n")
            method, target, _ = line.decode("latin-1").split()
            fields = parse_headers(io.BytesIO(rest + b"\r\n\r\n"))
            asked = Asked(method, target, {name.lower(): str(value) for name, value in fields.items()})
            self.asked.append(asked)
            if self._wanted not in ("", asked.headers.get("proxy-authorization")):
                words = ("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="proxy"')
                client.sendall(
                    "\r\n".join(["HTTP/1.1 " + words[0], words[1], "Content-Length: 0", "", ""]).encode()
                )
                return
            host, _, port = self._registry.host.partition(":")
            with socket.create_connection((host, int(port))) as upstream:
                self._open.append(upstream)
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    upstream.sendall(body)
                else:  # one request a connection, so that each is seen here
                    rest = re.sub(rb"(?im)^(proxy-[^:]*|connection):.*\r\n", b"", rest + b"\r\n")
                    upstream.sendall(line + b"\r\n" + rest + b"Connection: close\r\n\r\n" + body)
                back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
                back.start()
                _pump(client, upstream)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
