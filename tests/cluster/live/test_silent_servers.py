"""API servers that do not answer, or never come to an end."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vddkctl.cluster.live.api import Api, patience
from vddkctl.cluster.live.connection import connect
from vddkctl.errors import ClusterError

PATIENCE = 0.3
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: me, user: {{token: secret}}}}]
"""


@contextlib.contextmanager
def served(tmp_path: Path, answer: Callable[[socket.socket], None]) -> Iterator[tuple[Api, list[int]]]:
    """A server of which each connection is handed to ``answer``; how many there were is in the list."""
    seen: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    seen.append(1)
                    threading.Thread(target=answer, args=(client,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(port=port))
        yield Api(connect(None, {"KUBECONFIG": str(path)}), timeout=PATIENCE), seen


def silence(client: socket.socket) -> None:
    with client:
        while client.recv(65536):
            pass


def drips(client: socket.socket) -> None:
    """A byte at a time, more often than anybody's patience ends."""
    client.recv(65536)
    with client, contextlib.suppress(OSError):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        while True:
            client.sendall(b" ")
            time.sleep(PATIENCE / 5)


@pytest.mark.parametrize("answer", [silence, drips])
def test_they_are_asked_twice_and_given_up(tmp_path: Path, answer: Callable[[socket.socket], None]) -> None:
    with served(tmp_path, answer) as (api, seen):
        with pytest.raises(ClusterError) as raised:
            api.send("GET", "/version")
        assert "it does not answer in time" in str(raised.value)
        assert len(seen) == 2


def test_a_write_that_may_have_been_done_is_not_repeated(tmp_path: Path) -> None:
    with served(tmp_path, silence) as (api, seen):
        with pytest.raises(ClusterError):
            api.send("POST", "/version", body={})
        assert len(seen) == 1


def test_the_patience_can_be_set() -> None:
    assert (patience({}), patience({"VDDKCTL_CLUSTER_TIMEOUT": "2.5"})) == (30.0, 2.5)
    for wrong in ("soon", "0", "-1", "inf", "nan"):
        with pytest.raises(ClusterError, match="VDDKCTL_CLUSTER_TIMEOUT"):
            patience({"VDDKCTL_CLUSTER_TIMEOUT": wrong})
