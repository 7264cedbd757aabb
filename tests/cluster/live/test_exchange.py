"""Requests over a connection that is there already: the second one of each, which does without urllib3."""

import contextlib
import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.cluster.live.test_silent_servers import KUBECONFIG, PATIENCE, silence
from vddkctl.cluster.live.api import Api
from vddkctl.cluster.live.connection import connect
from vddkctl.cluster.live.refusal import RefusedError
from vddkctl.errors import ClusterDeniedError, ClusterError, ClusterUnreachableError

Said = bytes | Callable[[socket.socket], None] | None
"""What a server says to a request: some bytes, or whatever it does; None: it hangs up."""

FIRST = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"


class Server:
    """Says what it is told to over each connection, and keeps what it was asked."""

    def __init__(self, *connections: Sequence[Said]) -> None:
        self._connections = list(connections)
        self.asked: list[list[bytes]] = []

    def serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for answers in self._connections:
                client, _ = listening.accept()
                self.asked.append([])
                threading.Thread(
                    target=self._talk, args=(client, answers, self.asked[-1]), daemon=True
                ).start()

    def _talk(self, client: socket.socket, answers: Sequence[Said], asked: list[bytes]) -> None:
        with client, contextlib.suppress(OSError):
            for said in answers:
                asked.append(_request(client))
                if callable(said):
                    said(client)
                elif said is not None:
                    client.sendall(said)


def _request(client: socket.socket) -> bytes:
    head, end, body = client.recv(65536).partition(b"\r\n\r\n")
    length = int((head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) or 0)
    while len(body) < min(length, 1000):  # nobody reads what is larger
        body += client.recv(65536)
    return head + end + body


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
    server = Server([FIRST, SECOND])
    with api_of(tmp_path, server) as api:
        for _ in range(2):
            api.send("PATCH", "/a", {"force": "true"}, {"a": "ä"}, "application/apply-patch+yaml")
    first, second = (sorted(line.lower() for line in asked.splitlines()) for asked in server.asked[0])
    assert second == first
    assert {b"authorization: bearer secret", b"content-length: 10", b"accept-encoding: identity"} <= {*second}
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


def kept_open(said: bytes) -> Callable[[socket.socket], None]:
    """It says that it ends the connection, and does not; whoever goes on with it gets another answer."""

    def say(client: socket.socket) -> None:
        client.sendall(said)
        if client.recv(65536):
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")

    return say


def test_an_end_that_is_announced_is_one(tmp_path: Path) -> None:
    last = kept_open(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecond")
    with api_of(tmp_path, Server([FIRST, last], [FIRST])) as api:
        assert [api.send("GET", f"/{number}") for number in range(3)] == [b"first", b"second", b"first"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "head", [b"HTTP/1.0 403 Forbidden\r\n", b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n"]
)
def test_an_answer_that_ends_with_the_connection(tmp_path: Path, method: str, head: bytes) -> None:
    """As pages of proxies do."""

    def said(client: socket.socket) -> None:
        client.sendall(head + b'\r\n{"message": "not you"}')
        client.shutdown(socket.SHUT_WR)

    server = Server([FIRST, said], [SECOND])
    with api_of(tmp_path, server) as api:
        api.send("GET", "/one")
        with pytest.raises(ClusterDeniedError, match="not you"):
            api.send(method, "/two")
        assert api.send("GET", "/three") == b"second"


@pytest.mark.parametrize(
    "more", [b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", b"junk", b"\0"]
)
def test_what_comes_behind_an_answer_is_none(tmp_path: Path, more: bytes) -> None:
    server = Server([FIRST, kept_open(SECOND + more)], [FIRST])
    with api_of(tmp_path, server) as api:
        assert [api.send("POST", f"/{number}") for number in range(3)] == [b"first", b"second", b"first"]


def test_an_answer_that_comes_before_all_was_sent(tmp_path: Path) -> None:
    """The server hangs up without reading the rest."""
    status = b'{"message": "too much"}'
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n" % len(status) + status

    def refuse(client: socket.socket) -> None:
        client.sendall(refusal)
        client.close()

    with api_of(tmp_path, Server([FIRST, refuse])) as api:
        api.send("GET", "/one")
        with pytest.raises(RefusedError, match="too much"):
            api.send("POST", "/two", body="x" * 20_000_000)


def test_a_late_answer_is_not_taken_for_the_next(tmp_path: Path) -> None:
    """The server answers the one that nobody waits for any more, once it is asked for something else."""

    def late(client: socket.socket) -> None:
        if client.recv(65536):
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    with api_of(tmp_path, Server([FIRST, late], [SECOND])) as api:
        api.send("GET", "/one")
        assert api.send("GET", "/two") == b"second"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError])
def test_what_is_raised_within_the_parser_is_not_the_servers_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]
) -> None:
    def stop(self: object) -> None:
        raise raised

    with api_of(tmp_path, Server([FIRST, SECOND], [SECOND])) as api:
        api.send("GET", "/one")
        monkeypatch.setattr("vddkctl.cluster.live.exchange._Reading.on_headers_complete", stop)
        with pytest.raises(raised):
            api.send("GET", "/two")
        monkeypatch.undo()
        assert api.send("GET", "/three") == b"second"


def test_the_second_does_without_urllib3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with api_of(tmp_path, Server([FIRST, SECOND])) as api:
        api.send("GET", "/one")
        monkeypatch.delattr(type(api.connection.pool), "urlopen")
        assert api.send("GET", "/two") == b"second"


def test_nothing_of_an_answer_is_kept(tmp_path: Path) -> None:
    """A run does without the garbage collector, and may ask for days."""
    gc.collect()
    gc.disable()
    try:
        with api_of(tmp_path, Server([FIRST, SECOND, SECOND])) as api:
            for number in range(3):
                api.send("GET", f"/{number}")
        assert not [each for each in gc.get_objects() if type(each).__name__ == "_Reading"]
    finally:
        gc.enable()


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
