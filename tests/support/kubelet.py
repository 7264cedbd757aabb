"""A stand-in for a kubelet, which cannot run here: it serves what containers have written, as the API server asks for it.

The API server itself is real, and so is its way here: it takes the address and the port from the Node object.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.certificates import make_authority


@dataclass
class Kubelet:
    """``logs`` by ``namespace/pod/container``; what is asked with ``follow`` stays open until :meth:`end`."""

    port: int = 0
    logs: dict[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, list[str]]]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def end(self) -> None:
        """The containers have ended."""
        self._ended.set()

    def wait(self) -> None:
        """Until they have, or for ten seconds."""
        self._ended.wait(10)


@contextmanager
def serve_kubelet(folder: Path) -> Iterator[Kubelet]:
    """On loopback, over TLS with a certificate that nobody knows, as kubelets have."""
    kubelet = Kubelet()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            _, kind, *names = parts.path.split("/")
            query = parse_qs(parts.query)
            key = "/".join(names)
            kubelet.asked.append((key, query))
            if kind != "containerLogs" or key not in kubelet.logs:
                self.send_error(404)
                return
            lines = kubelet.logs[key]
            if "tailLines" in query:
                lines = lines[len(lines) - int(query["tailLines"][0]) :]
            self.send_response(200)
            self.end_headers()
            self.wfile.write("".join(f"{line}\n" for line in lines).encode())
            self.wfile.flush()
            if query.get("follow") == ["true"]:
                kubelet.wait()

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    certificate = make_authority(folder / "kubelet-ca").sign("kubelet")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    kubelet.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kubelet
    finally:
        kubelet.end()
        server.shutdown()
        server.server_close()
        time.sleep(0)
