"""Downloads that go wrong on the way: they go on where they broke off, or end in a clear error."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from tests.registry.clients import MEBIBYTE, QUICK, blob_of, client, noise, reference_in
from tests.support.fault_proxy import FaultProxy, faults
from tests.support.faults import (
    ALWAYS,
    BLOBS,
    Answer,
    Cut,
    CutAnswer,
    Fault,
    Redirect,
    RetryLater,
    StallAnswer,
)
from tests.support.lies import AnswerHeaders, OtherBytes, ShortAnswer
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import RegistryError, UnreachableError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.progress import Silent

SIZE = 3 * MEBIBYTE
CONTENT = noise(SIZE)
BLOB = blob_of(CONTENT)
SHORT = BLOB.descriptor.short


@pytest.fixture
def stored(plain_registry: RunningRegistry, repository: str) -> str:
    """A repository with the blob in it."""
    client(plain_registry).put_blob(reference_in(plain_registry, repository), BLOB, Silent())
    return repository


def read(
    proxy: FaultProxy, repository: str, descriptor: Descriptor = BLOB.descriptor, **options: object
) -> bytes:
    registry = client(proxy.front, **options)  # type: ignore[arg-type]
    with registry.open_blob(reference_in(proxy.front, repository), descriptor) as stream:
        return stream.read()


def ranges(proxy: FaultProxy) -> list[str | None]:
    return [one.headers.get("range") for one in proxy.requests("GET", BLOBS)]


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ([CutAnswer("GET", BLOBS, after=0)], [None, None]),
        ([CutAnswer("GET", BLOBS, after=1)], [None, "bytes=1-"]),
        ([CutAnswer("GET", BLOBS, after=MEBIBYTE)], [None, f"bytes={MEBIBYTE}-"]),
        ([CutAnswer("GET", BLOBS, after=SIZE - 1)], [None, f"bytes={SIZE - 1}-"]),
        (
            [CutAnswer("GET", BLOBS, nth=n, after=1000) for n in (1, 2, 3)],
            [None, "bytes=1000-", "bytes=2000-", "bytes=3000-"],
        ),
        ([Cut("GET", BLOBS)], [None, None]),
        ([Answer("GET", BLOBS, status=500), RetryLater("GET", BLOBS, nth=2)], [None, None, None]),
    ],
)
def test_it_goes_on_where_it_broke_off(
    plain_registry: RunningRegistry, stored: str, script: Sequence[Fault], asked: list[str | None]
) -> None:
    with faults(plain_registry, *script) as proxy:
        assert read(proxy, stored) == CONTENT
        assert ranges(proxy) == asked


def test_a_reset_loses_at_most_what_was_on_the_way(plain_registry: RunningRegistry, stored: str) -> None:
    with faults(plain_registry, CutAnswer("GET", BLOBS, after=MEBIBYTE, reset=True)) as proxy:
        assert read(proxy, stored) == CONTENT
        assert proxy.count("GET", BLOBS) == 2


def test_silence_is_borne_for_so_long(plain_registry: RunningRegistry, stored: str) -> None:
    with faults(plain_registry, StallAnswer("GET", BLOBS, after=MEBIBYTE)) as proxy:
        assert read(proxy, stored, environment={"VDDKCTL_REGISTRY_TIMEOUT": "0.3"}) == CONTENT
        assert ranges(proxy) == [None, f"bytes={MEBIBYTE}-"]


def test_a_registry_that_knows_no_ranges_starts_anew(plain_registry: RunningRegistry, stored: str) -> None:
    whole = Answer("GET", BLOBS, nth=2, status=200, body=CONTENT)
    with faults(plain_registry, CutAnswer("GET", BLOBS, after=MEBIBYTE), whole) as proxy:
        assert read(proxy, stored) == CONTENT


def test_a_break_while_what_is_known_is_skipped(plain_registry: RunningRegistry, stored: str) -> None:
    short = Answer("GET", BLOBS, nth=2, status=200, body=CONTENT[:MEBIBYTE])
    with faults(plain_registry, CutAnswer("GET", BLOBS, after=2 * MEBIBYTE), short) as proxy:
        assert read(proxy, stored) == CONTENT
        assert proxy.count("GET", BLOBS) == 3


@pytest.mark.parametrize(
    "told", [None, f"bytes 0-{SIZE - 1}/{SIZE}", f"bytes {MEBIBYTE + 1}-{SIZE - 1}/{SIZE}"]
)
def test_another_range_than_was_asked_for_is_not_taken(
    plain_registry: RunningRegistry, stored: str, told: str | None
) -> None:
    script = (
        CutAnswer("GET", BLOBS, after=MEBIBYTE),
        AnswerHeaders("GET", BLOBS, nth=2, changed={"Content-Range": told}),
    )
    with (
        faults(plain_registry, *script) as proxy,
        pytest.raises(RegistryError, match=f"cannot read {SHORT}: it does not go on where it broke off"),
    ):
        read(proxy, stored)


def test_breaks_without_an_end(plain_registry: RunningRegistry, stored: str) -> None:
    with faults(plain_registry, CutAnswer("GET", BLOBS, after=0, times=ALWAYS)) as proxy:
        with pytest.raises(
            UnreachableError, match=f"cannot read {SHORT}: {proxy.host}: the connection breaks off"
        ):
            read(proxy, stored)
        assert proxy.count("GET") == QUICK.attempts


def test_a_registry_that_gives_a_byte_at_a_time_is_given_up(
    plain_registry: RunningRegistry, stored: str
) -> None:
    with faults(plain_registry, CutAnswer("GET", BLOBS, after=1, times=ALWAYS)) as proxy:
        with pytest.raises(UnreachableError, match="the connection breaks off"):
            read(proxy, stored)
        assert proxy.count("GET") == QUICK.attempts


def test_progress_is_patience(plain_registry: RunningRegistry, repository: str) -> None:
    large = blob_of(noise(6 * MEBIBYTE))
    client(plain_registry).put_blob(reference_in(plain_registry, repository), large, Silent())
    with faults(plain_registry, CutAnswer("GET", BLOBS, after=MEBIBYTE, times=5)) as proxy:
        read(proxy, repository, large.descriptor)
        assert proxy.count("GET") == 6 > QUICK.attempts


def test_other_bytes_are_found(plain_registry: RunningRegistry, stored: str) -> None:
    for at in (0, SIZE - 1):
        with (
            faults(plain_registry, OtherBytes("GET", BLOBS, at=at)) as proxy,
            pytest.raises(
                RegistryError, match=f"{stored}: {BLOB.descriptor.digest}: its bytes are of sha256:"
            ),
        ):
            read(proxy, stored)


def test_other_bytes_after_a_break_are_found(plain_registry: RunningRegistry, stored: str) -> None:
    script = (CutAnswer("GET", BLOBS, after=MEBIBYTE), OtherBytes("GET", BLOBS, nth=2, at=7))
    with (
        faults(plain_registry, *script) as proxy,
        pytest.raises(RegistryError, match="its bytes are of sha256:"),
    ):
        read(proxy, stored)


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1])
def test_a_size_that_is_not_the_blobs_own(plain_registry: RunningRegistry, stored: str, size: int) -> None:
    wrong = replace(BLOB.descriptor, size=size)
    with faults(plain_registry) as proxy, pytest.raises(RegistryError) as caught:
        read(proxy, stored, wrong)
    assert f"cannot read {SHORT}: it is not {size} bytes long there, as its descriptor says\n" in str(
        caught.value
    )


def test_an_answer_that_is_short_and_says_so(plain_registry: RunningRegistry, stored: str) -> None:
    with (
        faults(plain_registry, ShortAnswer("GET", BLOBS)) as proxy,
        pytest.raises(RegistryError, match=f"cannot read {SHORT}: it is not {SIZE} bytes long there"),
    ):
        read(proxy, stored)


# --- redirects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["password_registry", "token_registry"])
def test_a_storage_elsewhere_never_hears_of_the_login(
    request: pytest.FixtureRequest, plain_registry: RunningRegistry, repository: str, kind: str
) -> None:
    place: RunningRegistry = request.getfixturevalue(kind)
    for one in (place, plain_registry):
        client(one).put_blob(reference_in(one, repository), BLOB, Silent())
    with faults(plain_registry, CutAnswer("GET", BLOBS, after=MEBIBYTE), address="127.0.0.2") as storage:
        script = Redirect("GET", BLOBS, to=storage.url, query="X-Signature=abc", nth=2, times=2)
        with faults(place, script) as proxy:
            assert read(proxy, repository) == CONTENT
            assert [one.status for one in proxy.requests("GET", BLOBS)] == [401, 307, 307]
        assert [one.headers.get("range") for one in storage.requests()] == [None, f"bytes={MEBIBYTE}-"]
        assert all("authorization" not in one.headers for one in storage.requests())


def test_another_port_is_another_host(
    plain_registry: RunningRegistry, password_registry: RunningRegistry, repository: str
) -> None:
    for place in (plain_registry, password_registry):
        client(place).put_blob(reference_in(place, repository), BLOB, Silent())
    with (
        faults(plain_registry) as storage,
        faults(password_registry, Redirect("GET", BLOBS, to=storage.url)) as proxy,
    ):
        assert read(proxy, repository) == CONTENT
        assert all("authorization" not in one.headers for one in storage.requests())


def test_a_redirect_to_itself_keeps_the_login(password_registry: RunningRegistry, repository: str) -> None:
    client(password_registry).put_blob(reference_in(password_registry, repository), BLOB, Silent())
    with faults(password_registry, Redirect("GET", BLOBS, nth=2, status=302)) as proxy:
        assert read(proxy, repository) == CONTENT


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_of_every_kind(plain_registry: RunningRegistry, stored: str, status: int) -> None:
    with faults(plain_registry, Redirect("GET", BLOBS, status=status)) as proxy:
        assert read(proxy, stored) == CONTENT


def test_redirects_without_an_end(plain_registry: RunningRegistry, stored: str) -> None:
    with faults(plain_registry, Redirect("GET", BLOBS, times=ALWAYS)) as proxy:
        with pytest.raises(
            RegistryError, match=f"cannot read {SHORT}: {proxy.host} redirects without an end"
        ):
            read(proxy, stored)
        assert proxy.count() == 6


def test_a_redirect_out_of_tls_is_not_followed(
    tls_registry: RunningRegistry, plain_registry: RunningRegistry, repository: str
) -> None:
    client(tls_registry).put_blob(reference_in(tls_registry, repository), BLOB, Silent())
    with faults(plain_registry) as storage:
        script = Redirect("GET", BLOBS, to=storage.url, query="X-Signature=abc")
        with faults(tls_registry, script) as proxy, pytest.raises(RegistryError) as caught:
            read(proxy, repository)
        assert storage.count() == 0
    assert f"cannot read {SHORT}: {proxy.host} sends us on to http://{storage.host}, without TLS\n" in str(
        caught.value
    )
    assert "X-Signature" not in str(caught.value)


def test_a_redirect_into_tls_is_followed_and_checked(
    tls_registry: RunningRegistry, plain_registry: RunningRegistry, stored: str
) -> None:
    script = Redirect("GET", BLOBS, to=tls_registry.url)
    with faults(plain_registry, script) as proxy, pytest.raises(UnreachableError) as caught:
        read(proxy, stored)
    assert f"cannot read {SHORT}: {tls_registry.host}: its certificate is not trusted" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"), (401, b"")],
)
def test_a_storage_that_refuses_is_named(
    plain_registry: RunningRegistry, stored: str, status: int, body: bytes
) -> None:
    with faults(plain_registry, Answer("GET", "", status=status, body=body), address="127.0.0.2") as storage:
        script = Redirect("GET", BLOBS, to=storage.url, query="X-Signature=abc")
        with faults(plain_registry, script) as proxy, pytest.raises(RegistryError) as caught:
            read(proxy, stored)
    assert f"cannot read {SHORT}: {storage.host}: {status} " in str(caught.value)
    assert f"it is where {proxy.host} sends us; try again" in str(caught.value)
    assert "X-Signature" not in str(caught.value)


def test_a_storage_that_is_down_is_named(plain_registry: RunningRegistry, stored: str) -> None:
    with faults(plain_registry, address="127.0.0.2") as storage:
        gone = storage.host
    with (
        faults(plain_registry, Redirect("GET", BLOBS, to=f"http://{gone}", times=ALWAYS)) as proxy,
        pytest.raises(UnreachableError, match=f"cannot read {SHORT}: {gone}: the connection is refused"),
    ):
        read(proxy, stored)
