"""Servers that are no registries, or speak HTTP in ways of their own: raw bytes, as they come over the wire."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import pytest

from tests.registry.clients import MEBIBYTE, blob_of, noise
from tests.support.certificates import Authority, make_authority
from vddkctl.errors import RegistryError, UnreachableError
from vddkctl.oci.descriptor import OCI_MANIFEST
from vddkctl.oci.reference import Reference, parse
from vddkctl.progress import Silent
from vddkctl.registry.http.access import Access
from vddkctl.registry.http.patience import Patience
from vddkctl.registry.http.registry import HttpRegistry

MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": {}, "layers": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
FULL = (
    f"Content-Type: {OCI_MANIFEST}\r\nDocker-Content-Digest: {DIGEST}\r\nContent-Length: {len(MANIFEST)}\r\n"
)


Answers = Callable[[bytes], bytes]
"""What to answer to a request with this head."""


@dataclass
class Server:
    """Answers each request with raw bytes."""

    host: str
    answer: Answers
    ca: Path | None
    reads: bool
    heads: list[bytes] = field(default_factory=list)

    @property
    def reference(self) -> Reference:
        return parse(f"{self.host}/vddk:8")

    def client(self) -> HttpRegistry:
        known = {"VDDKCTL_REGISTRY_TIMEOUT": "10"}
        access = Access(self.host, "https" if self.ca else "http", ca_file=self.ca, environment=known)
        return HttpRegistry(access, None, Silent(), Patience(4, 0.01))

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            while head := b"".join(takewhile(lambda line: line != b"\r\n", iter(stream.readline, b""))):
                self.heads.append(head)
                if self.reads and (length := re.search(rb"(?i)content-length: (\d+)", head)):
                    stream.read(int(length[1]))
                answer = self.answer(head)
                connection.sendall(answer)
                if not answer.startswith(b"HTTP/1.1") or b"\r\nConnection: close" in answer:
                    return


@contextmanager
def server(
    *answers: bytes | Answers, authority: Authority | None = None, reads: bool = False
) -> Iterator[Server]:
    """Raw answers, one after the other, the last one again and again; or one that is made for each request.

    ``reads``: the bodies of requests, before it answers.
    """
    left = list(answers)

    def answer(head: bytes) -> bytes:
        following = left.pop(0) if len(left) > 1 else left[0]
        return following(head) if callable(following) else following

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if authority:
        signed = authority.sign("server")
        context.load_cert_chain(signed.certificate, signed.key)
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        made = Server(host, answer, authority.certificate if authority else None, reads)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    if authority:
                        connection = context.wrap_socket(connection, server_side=True)
                    connections.append(connection)
                    threads.append(threading.Thread(target=made.serve, args=(connection,), daemon=True))
                    threads[-1].start()

        threads = [threading.Thread(target=accept, daemon=True)]
        threads[0].start()
        try:
            yield made
        finally:
            for one in (listener, *connections):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(10)


def ok(body: bytes = b"", head: str = "") -> bytes:
    length = (
        ""
        if "ncoding: chunked" in head or "content-length" in head.lower()
        else f"Content-Length: {len(body)}\r\n"
    )
    return f"HTTP/1.1 200 OK\r\n{head}{length}\r\n".encode() + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = f"Content-Type: {OCI_MANIFEST}\r\nTransfer-Encoding: chunked\r\n"
    return ok(b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end, head)


# --- answers that are no HTTP -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail.company.com ESMTP\r\n",
        b"\x00\x01\x02\xff" * 100,
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000 + b"\r\n",
    ],
)
def test_an_answer_that_is_no_http(answer: bytes) -> None:
    with server(answer) as strange:
        with pytest.raises(UnreachableError) as caught:
            strange.client().resolve(strange.reference)
        assert str(caught.value) == (
            f"{strange.reference}: cannot read the tag 8: {strange.host}: its answer is not HTTP as it should be\n"
            f"  is that a registry, and is registries.{strange.host}.tls right?"
        )
        assert len(strange.heads) == 1


def test_somebody_who_hangs_up() -> None:
    with (
        server(b"") as strange,
        pytest.raises(UnreachableError, match="the connection breaks off\n  try again"),
    ):
        strange.client().resolve(strange.reference)


# --- HTTP in ways of its own --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answers",
    [
        [ok(b"", FULL)],
        [f"HTTP/1.0 200 OK\r\n{FULL}\r\n".encode()],
        [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n" + MANIFEST],
        [ok(), chunked(MANIFEST)],
        [ok(), chunked(*(MANIFEST[at : at + 1] for at in range(len(MANIFEST))))],
        [ok(b"", FULL.replace("sha256", "sha512")), ok(MANIFEST)],
        [ok(b"", FULL.replace(f"Content-Length: {len(MANIFEST)}", "Content-Length: many")), ok(MANIFEST)],
        [
            ok(b"", FULL.replace(f"Content-Length: {len(MANIFEST)}", f"Content-Length: {'9' * 30}")),
            ok(MANIFEST),
        ],
        [ok(b"", FULL.replace("manifest.v1", "MANIFEST.v2")), ok(MANIFEST)],
        [ok(b"", FULL.lower().replace("+json", "+json ; charset=utf-8"))],
        [b"HTTP/1.1 200 \r\n" + FULL.encode() + b"\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"", FULL)],
        [ok(b"", FULL + "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-Empty:\r\n")],
    ],
)
def test_registries_that_speak_another_dialect(answers: list[bytes]) -> None:
    with server(*answers) as strange:
        found = strange.client().resolve(strange.reference)
        assert found is not None
        assert (found.digest, found.size, found.media_type) == (DIGEST, len(MANIFEST), OCI_MANIFEST)


@pytest.mark.parametrize("end", [b"", b"zz\r\n", b"-1\r\n"])
def test_chunks_without_an_end(end: bytes) -> None:
    broken = chunked(MANIFEST[:20], end=end).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with server(broken, broken, chunked(MANIFEST)) as strange:
        assert strange.client().manifest(strange.reference, DIGEST) == MANIFEST


def test_nothing_is_unpacked_on_the_way() -> None:
    """A server that compresses what nobody asked it to."""
    with server(ok(b"\x1f\x8b" + bytes(100), "Content-Encoding: gzip\r\n")) as strange:
        with pytest.raises(RegistryError, match="the registry answers with sha256:"):
            strange.client().manifest(strange.reference, DIGEST)
        assert b"Accept-Encoding: identity" in strange.heads[0]


def test_a_blob_whose_end_is_not_told(authority: Authority) -> None:
    content = noise(2 * MEBIBYTE)
    blob = blob_of(content)
    answers = {
        "until the connection closes": b"HTTP/1.0 200 OK\r\n\r\n" + content,
        "in chunks": chunked(content),
        "in chunks, and the last one is lost": chunked(content, end=b"").replace(
            b"\r\n", b"\r\nConnection: close\r\n", 1
        ),
    }
    for answer in answers.values():
        for ca in (None, authority):
            with (
                server(answer, authority=ca) as strange,
                strange.client().open_blob(strange.reference, blob.descriptor) as stream,
            ):
                assert stream.read(len(content)) == content
                assert stream.read() == b""


def test_a_404_with_a_body_to_a_head() -> None:
    """A body that must not be there is not taken for the next answer."""
    absent = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot found"
    with server(absent) as strange:
        client = strange.client()
        for _ in range(3):
            assert client.resolve(strange.reference) is None


def test_headers_do_not_steer_the_terminal() -> None:
    answer = b"HTTP/1.1 403 \x1b[31mNo\r\nContent-Length: 14\r\n\r\n\x1b]0;title\x07\r\nno"
    with server(answer) as strange:
        with pytest.raises(RegistryError) as caught:
            strange.client().tags(strange.reference)
        assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
@pytest.mark.parametrize("pieces", [False, True])
def test_uploads_are_taken_in_other_words(status: str, pieces: bool) -> None:
    absent = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    taken = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"  # only the first one says where it goes on
    begun = taken.replace("\r\n", "\r\nLocation: /upload/1\r\n", 1)
    too_large = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    blob = blob_of(noise(MEBIBYTE))

    def answer(head: bytes) -> bytes:
        method = head.partition(b" ")[0]
        whole = b"Content-Length: %d\r\n" % MEBIBYTE in head
        if method in {b"HEAD", b"GET"} or (pieces and whole):
            return absent if method != b"PUT" else too_large
        return begun.encode() if method == b"POST" else taken.encode()

    with server(answer, reads=True) as strange:
        strange.client().put_blob(strange.reference, blob, Silent())
        methods = [head.partition(b" ")[0].decode() for head in strange.heads]
    if pieces:
        assert methods == ["HEAD", "POST", "PUT", "GET", "HEAD", "POST", "PATCH", "PATCH", "PUT"]
    else:
        assert methods == ["HEAD", "POST", "PUT"]


# --- answers that come early --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("413 Too Large", "413 Request Entity Too Large"),
        ("403 Forbidden", "403 Forbidden"),
        ("507 Full", "its disk is full"),
    ],
)
def test_an_answer_before_the_upload_is_sent_whole(
    authority: Authority, tls: bool, status: str, message: str
) -> None:
    """And the connection is closed at once, with all that was sent unread."""
    absent = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    begun = b"HTTP/1.1 202 Accepted\r\nLocation: /v2/vddk/blobs/uploads/1\r\nContent-Length: 0\r\n\r\n"
    refused = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()

    by_method = {b"HEAD": absent, b"POST": begun, b"GET ": absent}
    with server(lambda head: by_method.get(head[:4], refused), authority=authority if tls else None) as early:
        with pytest.raises(RegistryError, match=message):
            early.client().put_blob(early.reference, blob_of(noise(8 * MEBIBYTE)), Silent())
        assert len(early.heads) < 40
