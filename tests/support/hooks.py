"""A webhook's server of ours: it keeps what it is sent, and answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG, DRIP = -1, -2
"""Instead of a status: say nothing at all, or a byte now and then."""


@dataclass(frozen=True)
class Received:
    """One request: header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Hook:
    """``answers`` are statuses, one a request; the last one stays."""

    url: str
    answers: list[int]
    headers: dict[str, str]
    received: list[Received] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def hook(answers: Sequence[int] = (200,), **headers: str) -> Iterator[Hook]:
    """Serve until the block ends."""
    made = Hook("", list(answers), headers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = {name.lower(): value for name, value in self.headers.items()}
            made.received.append(Received(self.path, names, body))
            status = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            if status == DRIP:
                while not made.ended.wait(0.2):
                    self.wfile.write(b"H")
            elif status == HANG:
                made.ended.wait()
            else:
                self._answer(status)

        def _answer(self, status: int) -> None:
            said = b"no token=abcdefghijklmnopqrstuvwxyz0123456789 here"
            self.send_response(status)
            for name, value in {**made.headers, "Content-Length": str(len(said))}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that has given up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
