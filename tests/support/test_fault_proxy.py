"""Each fault does what it says, and everything else goes through as it is."""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import pytest

from tests.support.fault_proxy import FaultProxy, faults
from tests.support.faults import (
    ALWAYS,
    BLOBS,
    UPLOADS,
    Answer,
    BodyLimit,
    Cut,
    CutAnswer,
    Fault,
    Redirect,
    RetryLater,
    Stall,
    StallAnswer,
    Unauthorized,
)
from tests.support.lies import AnswerHeaders, Location, OtherBytes, ShortAnswer, WrongDigest
from tests.support.running_registry import RunningRegistry

CONTENT = os.urandom(1_000_000)
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """The plainest client: one connection, no retries."""

    def __init__(self, proxy: FaultProxy | RunningRegistry, repository: str) -> None:
        self.base = f"/v2/{repository}"
        ca = proxy.ca if isinstance(proxy, RunningRegistry) else proxy.registry.ca
        context = ssl.create_default_context(cafile=ca)
        self.connection = (
            http.client.HTTPSConnection(proxy.host, timeout=30, context=context)
            if ca
            else http.client.HTTPConnection(proxy.host, timeout=30)
        )

    def ask(self, method: str, path: str, body: bytes | Iterator[bytes] = b"", **headers: str) -> Reply:
        self.connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = self.connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())

    def begin(self) -> str:
        return self.ask("POST", f"{self.base}/blobs/uploads/").headers["Location"]

    def upload(self, body: bytes | Iterator[bytes] = CONTENT, **headers: str) -> Reply:
        return self.ask("PUT", f"{self.begin()}&digest={DIGEST}", body, **headers)

    def get(self, path: str = f"/blobs/{DIGEST}", **headers: str) -> Reply:
        return self.ask("GET", f"{self.base}{path}", b"", **headers)


Connect = Callable[[FaultProxy | RunningRegistry], Client]


@pytest.fixture
def connect(repository: str) -> Iterator[Connect]:
    clients = []

    def make(proxy: FaultProxy | RunningRegistry) -> Client:
        clients.append(Client(proxy, repository))
        return clients[-1]

    yield make
    for client in clients:
        client.connection.close()


@pytest.fixture
def there(plain_registry: RunningRegistry, connect: Connect) -> RunningRegistry:
    """The registry, with the blob in the repository."""
    assert connect(plain_registry).upload().status == 201
    return plain_registry


def test_everything_goes_through_and_is_recorded(plain_registry: RunningRegistry, connect: Connect) -> None:
    with faults(plain_registry) as proxy:
        client = connect(proxy)
        assert client.upload().status == 201
        assert client.get().body == CONTENT
        assert client.ask("HEAD", f"{client.base}/blobs/{DIGEST}").headers["Content-Length"] == "1000000"
        assert client.get("/tags/list").status == 404
        seen = proxy.requests()
    assert [one.method for one in seen] == ["POST", "PUT", "GET", "HEAD", "GET"]
    assert [one.status for one in seen] == [202, 201, 200, 200, 404]
    assert [one.received for one in seen] == [0, 1_000_000, 0, 0, 0]
    assert [one.sent for one in seen[:4]] == [0, 0, 1_000_000, 0]
    assert {one.connection for one in seen} == {1}
    assert seen[1].headers["host"] == proxy.host
    assert proxy.most_at_once == 1


def test_a_body_in_chunks_goes_through(plain_registry: RunningRegistry, connect: Connect) -> None:
    with faults(plain_registry) as proxy:
        parts = (CONTENT[start : start + 300_000] for start in range(0, 1_000_000, 300_000))
        client = connect(proxy)
        assert client.upload(parts).status == 201
        assert client.get().body == CONTENT
        assert proxy.requests("PUT")[0].received == 1_000_000
    assert plain_registry.blob(DIGEST).read_bytes() == CONTENT


def test_it_speaks_tls_for_a_registry_that_does(tls_registry: RunningRegistry, connect: Connect) -> None:
    with faults(tls_registry, Answer("POST", UPLOADS, status=503)) as proxy:
        assert proxy.url.startswith("https://")
        client = connect(proxy)
        assert client.ask("POST", f"{client.base}/blobs/uploads/").status == 503
        assert client.upload().status == 201
        assert client.get().body == CONTENT


def test_a_fault_happens_to_the_nth_request_that_matches(
    plain_registry: RunningRegistry, connect: Connect
) -> None:
    with faults(plain_registry, Answer("GET", "/tags/", status=500, nth=2, times=2)) as proxy:
        client = connect(proxy)
        assert client.get("/other").status == 404
        assert [client.get("/tags/list").status for _ in range(4)] == [404, 500, 500, 404]
        assert proxy.count("GET", "/tags/") == 4


def test_a_fault_that_does_not_happen_is_a_mistake(plain_registry: RunningRegistry) -> None:
    with pytest.raises(AssertionError, match="did not happen"), faults(plain_registry, Fault("PUT", "")):
        pass


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("resumable", [True, False])
def test_an_upload_is_cut(
    plain_registry: RunningRegistry, connect: Connect, reset: bool, resumable: bool
) -> None:
    cut = Cut("PATCH", UPLOADS, after=400_000, reset=reset, resumable=resumable)
    with faults(plain_registry, cut) as proxy:
        client = connect(proxy)
        place = client.begin()
        with pytest.raises(OSError, match=r"[Rr]eset|[Bb]roken|closed"):
            client.ask("PATCH", place, CONTENT)
        client.connection.close()
        (seen,) = proxy.requests("PATCH")
        assert (seen.received, seen.status) == (400_000, None)
        state = client.ask("GET", place)
        if resumable:
            assert (state.status, state.headers["Range"]) == (204, "0-399999")
            assert client.ask("PUT", f"{place}&digest={DIGEST}", CONTENT[400_000:]).status == 201
            assert client.get().body == CONTENT
        else:
            assert state.status == 404


def test_an_upload_goes_on_after_a_chunk_that_did_not_arrive(
    plain_registry: RunningRegistry, connect: Connect
) -> None:
    with faults(plain_registry, Cut("PATCH", UPLOADS, nth=2)) as proxy:
        client = connect(proxy)
        place = client.ask("PATCH", client.begin(), CONTENT[:300_000]).headers["Location"]
        with pytest.raises(OSError, match=r"[Rr]eset|[Bb]roken|closed"):
            client.ask("PATCH", place, CONTENT[300_000:])
        client.connection.close()
        assert client.ask("GET", place).headers["Range"] == "0-299999"
        assert client.ask("PUT", f"{place}&digest={DIGEST}", CONTENT[300_000:]).status == 201


def test_the_answer_to_a_whole_upload_is_lost(plain_registry: RunningRegistry, connect: Connect) -> None:
    with faults(plain_registry, Cut("PUT", UPLOADS, after=None)) as proxy:
        client = connect(proxy)
        with pytest.raises(ConnectionError):
            client.upload()
        client.connection.close()
        assert client.get().body == CONTENT


def test_a_download_is_cut(there: RunningRegistry, connect: Connect) -> None:
    with faults(there, CutAnswer("GET", BLOBS, after=300_000)) as proxy:
        client = connect(proxy)
        with pytest.raises(http.client.IncompleteRead) as caught:
            client.get()
        assert caught.value.partial == CONTENT[:300_000]


def test_a_download_is_short_and_consistent(there: RunningRegistry, connect: Connect) -> None:
    with faults(there, ShortAnswer("GET", BLOBS, missing=10)) as proxy:
        client = connect(proxy)
        short = client.get()
        assert (short.headers["Content-Length"], short.body) == ("999990", CONTENT[:-10])
        assert client.get().body == CONTENT


def test_silence_until_the_end(plain_registry: RunningRegistry, connect: Connect) -> None:
    with faults(plain_registry, Stall("GET", "")) as proxy:
        client = connect(proxy)
        client.connection.timeout = 0.05
        with pytest.raises(TimeoutError):
            client.get()
        assert proxy.requests()[0].status is None


def test_silence_for_a_while(there: RunningRegistry, connect: Connect) -> None:
    quiet, done = threading.Event(), threading.Event()

    def until() -> None:
        quiet.set()
        done.wait()

    with faults(
        there, Stall("GET", BLOBS, until=until), StallAnswer("GET", BLOBS, nth=2, after=7, until=until)
    ) as proxy:
        for sent in (0, 7):
            got: list[Reply] = []
            thread = threading.Thread(target=lambda got=got: got.append(connect(proxy).get()))
            thread.start()
            quiet.wait()
            assert (proxy.requests()[-1].sent, got) == (sent, [])
            done.set()
            thread.join()
            assert got[0].body == CONTENT
            quiet.clear()
            done.clear()


@pytest.mark.parametrize("status", [401, 413, 429, 500, 502, 503])
@pytest.mark.parametrize("after", [None, 0, 100_000])
def test_an_answer_half_way_through_an_upload(
    plain_registry: RunningRegistry, connect: Connect, status: int, after: int | None
) -> None:
    with faults(plain_registry, Answer("PUT", UPLOADS, status=status, after=after, body=b"no")) as proxy:
        client = connect(proxy)
        place = f"{client.begin()}&digest={DIGEST}"
        reply = client.ask("PUT", place, CONTENT)
        assert (reply.status, reply.body) == (status, b"no")
        assert proxy.requests("PUT")[0].received == (1_000_000 if after is None else after)
        assert client.ask("PUT", place, CONTENT).status == 201
        assert proxy.requests()[-1].connection == (1 if after is None else 2)


def test_retry_after_is_a_number_or_a_date(plain_registry: RunningRegistry, connect: Connect) -> None:
    script = RetryLater("", "", seconds=3), RetryLater("", "", nth=2, date=True, status=503)
    with faults(plain_registry, *script) as proxy:
        client = connect(proxy)
        replies = [client.get("/tags/list") for _ in range(2)]
    assert [reply.status for reply in replies] == [429, 503]
    assert replies[0].headers["Retry-After"] == "3"
    assert parsedate_to_datetime(replies[1].headers["Retry-After"]).tzinfo


def test_long_bodies_are_refused(plain_registry: RunningRegistry, connect: Connect) -> None:
    with faults(plain_registry, BodyLimit("", "", limit=600_000)) as proxy:
        client = connect(proxy)
        assert client.upload().status == 413
        place = client.begin()
        for start in (0, 500_000):
            place = client.ask("PATCH", place, CONTENT[start : start + 500_000]).headers["Location"]
        assert client.ask("PUT", f"{place}&digest={DIGEST}").status == 201


def test_the_registry_itself_says_401(
    token_registry: RunningRegistry, connect: Connect, repository: str
) -> None:
    script = Unauthorized("GET", "/tags/"), Unauthorized("GET", "/tags/", nth=2, challenge=False)
    with faults(token_registry, *script) as proxy:
        client = connect(proxy)
        first, second = (client.get("/tags/list", Authorization="Bearer x") for _ in range(2))
    assert (first.status, second.status) == (401, 401)
    assert f'scope="repository:{repository}:pull"' in first.headers["Www-Authenticate"]
    assert "Www-Authenticate" not in second.headers


def test_a_redirect_leads_to_a_storage_that_lets_anyone_in(
    password_registry: RunningRegistry, connect: Connect
) -> None:
    basic = password_registry.basic
    with (
        faults(password_registry, address="127.0.0.2", authorization=basic) as storage,
        faults(password_registry, Redirect("GET", BLOBS, to=storage.url, query="Signature=s")) as proxy,
    ):
        client = connect(proxy)
        place = client.ask("POST", f"{client.base}/blobs/uploads/", Authorization=basic).headers["Location"]
        client.ask("PUT", f"{place}&digest={DIGEST}", CONTENT, Authorization=basic)
        reply = client.get(Authorization=basic)
        assert reply.status == 307
        assert reply.headers["Location"].startswith(f"http://127.0.0.2:{storage.host.rpartition(':')[2]}/v2/")
        address = urlsplit(reply.headers["Location"])
        assert connect(storage).ask("GET", f"{address.path}?{address.query}").body == CONTENT
        (seen,) = storage.requests()
        assert "authorization" not in seen.headers
        assert seen.path.endswith("?Signature=s")


def test_lies(there: RunningRegistry, connect: Connect) -> None:
    script = (
        WrongDigest("GET", BLOBS),
        OtherBytes("GET", BLOBS, nth=2, at=500_000),
        AnswerHeaders("GET", BLOBS, nth=3, changed={"Docker-Content-Digest": None, "X-More": "1"}),
    )
    with faults(there, *script) as proxy:
        client = connect(proxy)
        wrong, other, changed, right = (client.get() for _ in range(4))
    assert wrong.headers["Docker-Content-Digest"] == f"sha256:{'0' * 64}"
    assert (wrong.body, changed.body) == (CONTENT, CONTENT)
    assert [place for place in range(1_000_000) if other.body[place] != CONTENT[place]] == [500_000]
    assert "Docker-Content-Digest" not in changed.headers
    assert changed.headers["X-More"] == "1"
    assert right.headers["Docker-Content-Digest"] == DIGEST


def test_upload_addresses_in_every_style(plain_registry: RunningRegistry, connect: Connect) -> None:
    for style, start in (("absolute", "http://"), ("path", "/v2/"), ("relative", "")):
        with faults(plain_registry, Location("POST", UPLOADS, style=style, query="a=b")) as proxy:
            client = connect(proxy)
            place = client.begin()
            assert place.startswith(start)
            assert place.endswith("&a=b")
            if style == "relative":
                assert "/" not in place.partition("?")[0]
            address = urlsplit(urljoin(f"{proxy.url}{client.base}/blobs/uploads/", place))
            assert address.netloc == proxy.host
            reply = client.ask("PUT", f"{address.path}?{address.query}&digest={DIGEST}", CONTENT)
            assert reply.status == 201


def test_a_proxy_ends_although_clients_are_connected(
    plain_registry: RunningRegistry, connect: Connect
) -> None:
    with faults(plain_registry, Stall("PUT", UPLOADS, after=5, times=ALWAYS)) as proxy:
        client = connect(proxy)
        place = client.begin()

        def ask() -> None:
            with pytest.raises(OSError, match=r"reset|closed|[Bb]roken"):
                client.ask("PUT", place, CONTENT)

        thread = threading.Thread(target=ask)
        thread.start()
        while not proxy.requests("PUT"):
            pass
    thread.join()
