"""An admission webhook of ours: refuses what a test says, over TLS, as a cluster wants it."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.certificates import make_authority
from tests.support.running_apiserver import RunningApiServer

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


@contextmanager
def webhook(
    server: RunningApiServer, folder: Path, namespace: str, refuses: Callable[[Any], str | None]
) -> Iterator[None]:
    """Judge every change of a Provider in a namespace: ``refuses`` gets the request and says why not, or None."""
    authority = make_authority(folder / "webhook")
    signed = authority.sign("webhook")

    class Judge(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            why = refuses(request) if request["namespace"] == namespace else None
            answer = {"uid": request["uid"], "allowed": why is None, "status": {"message": why or ""}}
            review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
            body = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    judge = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.certificate, signed.key)
    judge.socket = context.wrap_socket(judge.socket, server_side=True)
    thread = threading.Thread(target=judge.serve_forever, daemon=True)
    thread.start()
    name = f"judge-{namespace}"
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["providers"], "operations": ["*"]}
    hook = {
        "name": "judge.tests.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {
            "url": f"https://127.0.0.1:{judge.server_address[1]}/",
            "caBundle": base64.b64encode(authority.certificate.read_bytes()).decode(),
        },
        "rules": [rule],
    }
    server.create(CONFIGURATIONS, {"metadata": {"name": name}, "webhooks": [hook]})
    try:
        yield
    finally:
        server.request("DELETE", f"{CONFIGURATIONS}/{name}")
        judge.shutdown()
        judge.server_close()
        thread.join()
