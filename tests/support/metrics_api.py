"""A stand-in for the metrics server, reached through the real API server's aggregation (an APIService).

The service is an ExternalName for this very machine, since nothing here routes to the addresses of a cluster.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.certificates import make_authority
from tests.support.running_apiserver import RunningApiServer

GROUP = "/apis/metrics.k8s.io/v1beta1"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = "v1beta1.metrics.k8s.io"


@contextmanager
def serve_metrics(
    server: RunningApiServer, folder: Path, namespace: str, usage: Mapping[str, tuple[str, str]]
) -> Iterator[None]:
    """Tell what pods of a namespace take: CPU and memory by the pod's name, half of it in each of two containers."""
    signed = make_authority(folder / "metrics").sign("metrics")
    items = [
        {
            "metadata": {"name": pod, "namespace": namespace},
            "containers": [{"name": "one", "usage": {"cpu": cpu, "memory": memory}}] * 2,
        }
        for pod, (cpu, memory) in usage.items()
    ]
    resource = {"name": "pods", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
    answers: dict[str, Any] = {
        GROUP: {"kind": "APIResourceList", "groupVersion": "metrics.k8s.io/v1beta1", "resources": [resource]},
        f"{GROUP}/namespaces/{namespace}/pods": {"kind": "PodMetricsList", "metadata": {}, "items": items},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(
                self.path.partition("?")[0], {"kind": "PodMetricsList", "metadata": {}, "items": []}
            )
            body = json.dumps({"apiVersion": "metrics.k8s.io/v1beta1", **found}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.certificate, signed.key)
    serving.socket = context.wrap_socket(serving.socket, server_side=True)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    port = serving.server_address[1]
    service = {
        "metadata": {"name": "metrics"},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    server.create(f"/api/v1/namespaces/{namespace}/services", service)
    spec = {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "service": {"name": "metrics", "namespace": namespace, "port": port},
        "insecureSkipTLSVerify": True,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    server.create(SERVICES, {"metadata": {"name": NAME}, "spec": spec})
    try:
        _wait(server, f"{GROUP}/namespaces/{namespace}/pods", 200)
        yield
    finally:
        server.request("DELETE", f"{SERVICES}/{NAME}")
        _wait(server, GROUP, 404)
        serving.shutdown()
        serving.server_close()
        thread.join()


def _wait(server: RunningApiServer, path: str, code: int) -> None:
    end = time.monotonic() + 60
    while (answer := server.request("GET", path))[0] != code:
        assert time.monotonic() < end, answer
        time.sleep(0.05)
