"""A stand-in for Forklift's inventory service, which cannot run here: its paths, its token, its fields."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.certificates import Certificate


def provider(uid: str, name: str, namespace: str, *machines: dict[str, Any]) -> dict[str, Any]:
    """What it answers for one provider: an entry of the list, and its machines."""
    return {
        "listed": {"uid": uid, "name": name, "namespace": namespace},
        "path": f"/providers/vsphere/{uid}/vms?detail=4",
        "machines": list(machines),
    }


def machine(name: str, *capacities: int, **more: Any) -> dict[str, Any]:
    """A machine with disks of so many bytes."""
    return {"id": f"vm-{name}", "name": name, "disks": [{"capacity": size} for size in capacities], **more}


@contextmanager
def inventory(
    *providers: Mapping[str, Any], token: str, certificate: Certificate | None = None
) -> Iterator[str]:
    """Its address (``127.0.0.1:PORT``), while it runs. It speaks TLS where it has a certificate."""
    answers = {"/providers/vsphere?detail=1": [each["listed"] for each in providers]}
    answers |= {each["path"]: each["machines"] for each in providers}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers.get("Authorization") == f"Bearer {token}"
            body = json.dumps(answers.get(self.path, {})).encode() if allowed else b"no"
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
