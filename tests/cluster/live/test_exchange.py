"""Requests over a connection that is there already: the second one of each, which does without urllib3."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.cluster.live.test_silent_servers import KUBECONFIG, PATIENCE
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.connection import connect
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterError, ClusterUnreachableError

Said = bytes | Callable[[socket.socket], None] | None
"""What a server says to a request: some bytes, or whatever it does; None: it hangs up."""

FIRST = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"


class Server:
    """Says what it is told to, a connection at a time, and keeps what it was asked."""

    def __init__(self, *connections: Sequence[Said]) -> None:
        self._connections = list(connections)
        self.asked: list[list[bytes]] = []

    def serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for answers in self._connections:
                client, _ = listening.accept()
                self.asked.append([])
                with client:
                    for said in answers:
                        self._one(client, said)

    def _one(self, client: socket.socket, said: Said) -> None:
        request = client.recv(65536)
        head, _, body = request.partition(b"\r\n\r\n")
        length = int((head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) or 0)
        while len(body) < length:
            body += client.recv(65536)
        self.asked[-1].append(head + b"\r\n\r\n" + body)
        if callable(said):
            said(client)
        elif said is not None:
            client.sendall(said)


@contextlib.contextmanager
def api_of(tmp_path: Path, server: Server) -> Iterator[Api]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=server.serve, args=(listening,), daemon=True).start()
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(port=listening.getsockname()[1]))
        yield Api(connect(None, {"KUBECONFIG": str(path)}), timeout=PATIENCE)


def in_pieces(*pieces: bytes) -> Callable[[socket.socket], None]:
    def say(client: socket.socket) -> None:
        for piece in pieces:
            client.sendall(piece)
            time.sleep(0.02)

    return say


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (SECOND, b"second"),
        (b"HTTP/1.1 201 Created\r\ncontent-length:  6\r\n\r\nsecond", b"second"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n",
            b"second",
        ),
        (
            in_pieces(
                b"HTTP/1.1 200 OK\r\nTransf",
                b"er-Encoding: chunked\r\n\r\n6\r\nse",
                b"cond\r\n0\r\n",
                b"\r\n",
            ),
            b"second",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + SECOND, b"second"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (in_pieces(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n", b"x" * 300000), b"x" * 300000),
    ],
)
def test_answers_are_read_whole(tmp_path: Path, said: Said, body: bytes) -> None:
    server = Server([FIRST, said, SECOND])
    with api_of(tmp_path, server) as api:
        assert api.send("GET", "/one") == b"first"
        assert api.send("GET", "/two") == body
        assert api.send("GET", "/three") == b"second"
    assert len(server.asked) == 1


def test_both_ways_ask_the_same(tmp_path: Path) -> None:
    """But for what urllib3 adds of its own."""
    server = Server([FIRST, SECOND])
    with api_of(tmp_path, server) as api:
        for _ in range(2):
            api.send("PATCH", "/a", {"force": "true"}, {"a": "ä"}, "application/apply-patch+yaml")
    first, second = ({line.lower() for line in asked.splitlines()} for asked in server.asked[0])
    assert second <= first
    assert first - second <= {b"accept-encoding: identity"}
    assert {b"authorization: bearer secret", b"content-length: 10"} <= second
    assert server.asked[0][1].endswith('\r\n\r\n{"a":"ä"}'.encode())


def test_a_connection_that_the_server_ends_is_not_used_again(tmp_path: Path) -> None:
    last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecond"
    server = Server([FIRST, last], [FIRST])
    with api_of(tmp_path, server) as api:
        assert [api.send("POST", f"/{number}", body={}) for number in range(3)] == [
            b"first",
            b"second",
            b"first",
        ]
    assert [len(asked) for asked in server.asked] == [2, 1]


def test_one_that_was_closed_meanwhile_is_not_used_again(tmp_path: Path) -> None:
    """A server closes what was idle for long; a write that was not sent there is sent all the same."""
    server = Server([FIRST], [SECOND])
    with api_of(tmp_path, server) as api:
        assert api.send("POST", "/one", body={}) == b"first"
        time.sleep(0.1)
        assert api.send("POST", "/two", body={}) == b"second"


BROKEN: list[Said] = [
    None,
    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsec",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsec",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecond",
    b"SSH-2.0-OpenSSH_9.2\r\n",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_breaks_off_is_asked_for_again(tmp_path: Path, broken: Said) -> None:
    server = Server([FIRST, broken], [SECOND])
    with api_of(tmp_path, server) as api:
        assert api.send("GET", "/one") == b"first"
        assert api.send("PATCH", "/two", body={}) == b"second"


@pytest.mark.parametrize("broken", BROKEN)
def test_but_for_a_post(tmp_path: Path, broken: Said) -> None:
    """It may have been carried out."""
    server = Server([FIRST, broken], [SECOND])
    with api_of(tmp_path, server) as api:
        api.send("GET", "/one")
        with pytest.raises(ClusterUnreachableError, match="the connection breaks off"):
            api.send("POST", "/two", body={})
        assert api.send("GET", "/three") == b"second"


def silence(client: socket.socket) -> None:
    while client.recv(65536):
        pass


def drips(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            client.sendall(b" ")
            time.sleep(PATIENCE / 5)


@pytest.mark.parametrize("slow", [silence, drips])
def test_nobody_is_waited_for_without_end(tmp_path: Path, slow: Said) -> None:
    with api_of(tmp_path, Server([FIRST, slow], [slow])) as api:
        api.send("GET", "/one")
        with pytest.raises(ClusterError, match="it does not answer in time"):
            api.send("GET", "/two")


def test_what_is_refused_for_a_moment(tmp_path: Path) -> None:
    busy = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
    server = Server([FIRST, busy, SECOND])
    with api_of(tmp_path, server) as api:
        api.send("GET", "/one")
        assert api.send("POST", "/two", body={}) == b"second"
    assert [asked.split()[1].rpartition(b"/")[2] for asked in server.asked[0]] == [b"one", b"two", b"two"]


def test_what_is_refused(tmp_path: Path) -> None:
    status = b'{"kind":"Status","message":"not\\nhere","reason":"NotFound"}'
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(status) + status
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with api_of(tmp_path, Server([FIRST, gone, moved])) as api:
        api.send("GET", "/one")
        for code, what in ((404, "not here"), (302, "HTTP status 302")):
            with pytest.raises(RefusedError, match=what) as refused:
                api.send("GET", "/api/v1/x")
            assert refused.value.code == code


def test_a_strange_name_is_no_request_of_its_own(tmp_path: Path) -> None:
    server = Server([FIRST, SECOND, SECOND])
    with api_of(tmp_path, server) as api:
        api.send("GET", "/one")
        api.send("GET", "/a b\r\nX: y")
        api.send("GET", "/ä")
    lines = [asked.partition(b"\r\n")[0].rpartition(b"/")[0].rpartition(b"/")[2] for asked in server.asked[0]]
    assert lines == [b"one HTTP", b"a%20b%0D%0AX:%20y HTTP", b"%C3%A4 HTTP"]


def test_a_proxy_is_asked_for_the_whole_address(tmp_path: Path) -> None:
    server = Server([FIRST, SECOND])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=server.serve, args=(listening,), daemon=True).start()
        path = tmp_path / "kubeconfig"
        proxy = f", proxy-url: http://127.0.0.1:{listening.getsockname()[1]}"
        path.write_text(KUBECONFIG.format(port=1).replace(':1"', f':1"{proxy}'))
        api = Api(connect(None, {"KUBECONFIG": str(path)}), timeout=PATIENCE)
        assert [api.send("GET", "/one"), api.send("GET", "/two")] == [b"first", b"second"]
    assert [asked.split()[1] for asked in server.asked[0]] == [
        b"http://127.0.0.1:1/one",
        b"http://127.0.0.1:1/two",
    ]
