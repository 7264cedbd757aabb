"""What pods use, from the metrics API: a small server of ours says what it would, since nothing here can serve it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from kubernetes.client import ApiClient, Configuration

from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.connection import Connection
from vddkctl.cluster.live.pods import quantity, used


@pytest.mark.parametrize(
    ("text", "value"),
    [("250m", 0.25), ("1", 1.0), ("12345678n", 0.012345678), ("512Mi", 512 * 2**20), ("1Gi", 2.0**30), ("2k", 2000.0), ("", 0.0), ("many", 0.0)],
)  # fmt: skip
def test_quantities(text: str, value: float) -> None:
    assert quantity(text) == pytest.approx(value)


class _Metrics(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        there = urlsplit(self.path).path.startswith("/apis/metrics.k8s.io/v1beta1/namespaces/vms/pods")
        usage = [
            {"name": "a", "usage": {"cpu": "250m", "memory": "1Mi"}},
            {"name": "b", "usage": {"cpu": "1"}},
        ]
        page = {"metadata": {}, "items": [{"metadata": {"name": "importer"}, "containers": usage}]}
        self.send_response(200 if there else 404)
        self.end_headers()
        self.wfile.write(json.dumps(page if there else {"kind": "Status", "code": 404}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture
def api() -> Iterator[Api]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Metrics)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    client = ApiClient(Configuration(host=f"http://127.0.0.1:{server.server_port}"))
    try:
        yield Api(Connection(client, "stand-in"))
    finally:
        client.close()
        server.shutdown()
        thread.join()
        server.server_close()


def test_containers_are_added_up(api: Api) -> None:
    found = used(api, "vms")
    assert found is not None
    assert (found["importer"].cpu, found["importer"].memory) == (1.25, 2.0**20)


def test_no_metrics_api(api: Api) -> None:
    assert used(api, "elsewhere") is None
