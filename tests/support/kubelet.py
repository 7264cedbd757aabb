"""A stand-in for a node's kubelet: the real API server asks it for the logs of containers, over TLS.

Only ``/containerLogs`` is there, with ``follow``, ``tailLines`` and what was asked for. Pods are objects alone.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.certificates import make_authority
from tests.support.running_apiserver import RunningApiServer

NODES = "/api/v1/nodes"
MERGE = "application/merge-patch+json"


@dataclass
class Log:
    """What a container has written so far; ``ended`` when it writes no more."""

    text: bytes = b""
    ended: bool = False


@dataclass
class Kubelet:
    """``node`` is the Node object's name; ``asked`` are queries by container, in order."""

    node: str
    logs: dict[str, Log] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    most: int = 0
    """How many logs were open at the same time, at the most."""
    open: int = 0
    together: int = 0
    """Nobody gets an answer until so many logs were open at the same time."""

    def write(self, pod: str, container: str, *lines: str, ended: bool = False) -> None:
        """A container writes lines."""
        with self.changed:
            log = self.logs.setdefault(f"{pod}/{container}", Log())
            log.text += "".join(f"{line}\n" for line in lines).encode()
            log.ended = ended
            self.changed.notify_all()

    def wait_for_more(self, log: Log, sent: int) -> None:
        """Until there is more than was sent, or never will be."""
        self.changed.wait_for(lambda: len(log.text) > sent or log.ended, timeout=60)


@contextmanager
def serve_kubelet(server: RunningApiServer, folder: Path, name: str) -> Iterator[Kubelet]:
    """A Node object whose address is the stand-in's."""
    kubelet = Kubelet(name)
    signed = make_authority(folder / "kubelet").sign("kubelet")
    serving = ThreadingHTTPServer(("127.0.0.1", 0), _handler(kubelet))
    serving.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.certificate, signed.key)
    serving.socket = context.wrap_socket(serving.socket, server_side=True)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    server.create(NODES, {"metadata": {"name": name}})
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": serving.server_address[1]}},
    }
    code, answer = server.request("PATCH", f"{NODES}/{name}/status", {"status": status}, kind=MERGE)
    assert code == 200, answer
    try:
        yield kubelet
    finally:
        server.request("DELETE", f"{NODES}/{name}")
        with kubelet.changed:
            for log in kubelet.logs.values():
                log.ended = True
            kubelet.changed.notify_all()
        serving.shutdown()
        serving.server_close()
        thread.join()


def _handler(kubelet: Kubelet) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            _, _, _, pod, container = address.path.split("/")
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            with kubelet.changed:
                log = kubelet.logs.get(f"{pod}/{container}")
                kubelet.asked.append((f"{pod}/{container}", query))
                kubelet.open += 1
                kubelet.most = max(kubelet.most, kubelet.open)
                kubelet.changed.notify_all()
                kubelet.changed.wait_for(lambda: kubelet.most >= kubelet.together, timeout=20)
            try:
                self._answer(pod, container, log, query)
            finally:
                with kubelet.changed:
                    kubelet.open -= 1

        def _answer(self, pod: str, container: str, log: Log | None, query: dict[str, str]) -> None:
            if log is None:
                body = f'container "{container}" in pod "{pod}" is not available'.encode()
                self.send_response(500)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            sent = 0
            if "tailLines" in query:
                count = int(query["tailLines"])
                kept = log.text.splitlines(keepends=True)[-count:] if count else []
                sent = len(log.text) - len(b"".join(kept))
            while True:
                with kubelet.changed:
                    if query.get("follow") == "true" and len(log.text) <= sent and not log.ended:
                        kubelet.wait_for_more(log, sent)
                    piece, sent = log.text[sent:], len(log.text)
                    over = log.ended or query.get("follow") != "true"
                if piece:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                if over:
                    self.wfile.write(b"0\r\n\r\n")
                    return

        def log_message(self, *_: object) -> None:
            pass

    return Handler


SIDE_CAR, VOLUME = "vddk-side-car", "vddk-vol-mount"


def vddk_spec(image: str, container: str, node: str = "", *, endpoint: str = "") -> dict[str, Any]:
    """A pod as Forklift and CDI make them: an init container that brings VDDK, and one that has its volume, too."""
    mounts = [{"name": VOLUME, "mountPath": "/opt"}]
    env = [{"name": "IMPORTER_ENDPOINT", "value": endpoint}] if endpoint else []
    return {
        **({"nodeName": node} if node else {}),
        "volumes": [{"name": VOLUME, "emptyDir": {}}],
        "initContainers": [{"name": SIDE_CAR, "image": image, "volumeMounts": mounts}],
        "containers": [
            {"name": container, "image": "quay.io/worker", "volumeMounts": mounts, "env": env},
            {"name": "proxy", "image": "quay.io/proxy"},
        ],
    }


def pod_status(phase: str, side_car: dict[str, Any], container: str, state: dict[str, Any]) -> dict[str, Any]:
    """What a kubelet says of such a pod."""

    def told(name: str, how: dict[str, Any]) -> dict[str, Any]:
        common = {"name": name, "image": "i", "imageID": "", "ready": False, "restartCount": 0}
        return {**common, "state": how}

    return {
        "phase": phase,
        "initContainerStatuses": [told(SIDE_CAR, side_car)],
        "containerStatuses": [told(container, state)],
    }


WHEN = "2026-11-20T10:00:00Z"
RUNS: dict[str, Any] = {"running": {"startedAt": WHEN}}
DONE: dict[str, Any] = {"terminated": {"exitCode": 0, "reason": "Completed"}}
STARTS: dict[str, Any] = {"waiting": {"reason": "PodInitializing"}}
NO_PULL: dict[str, Any] = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
