"""Uploads that go wrong on the way: each ends in the whole image or in a clear error, never in a broken tag."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tests.registry.clients import MEBIBYTE, QUICK, blob_of, client, image_of, noise, reference_in
from tests.registry.samples import FileSource
from tests.support.fault_proxy import FaultProxy, faults
from tests.support.faults import (
    ALWAYS,
    MANIFESTS,
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
from tests.support.lies import AnswerHeaders, Location
from tests.support.registries import serve_plain
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Skopeo
from vddkctl.errors import DeniedError, RegistryError, UnreachableError
from vddkctl.oci.descriptor import Blob
from vddkctl.oci.image import Image
from vddkctl.progress import Silent
from vddkctl.registry.http.patience import Patience
from vddkctl.registry.push import push

SIZE = 6 * MEBIBYTE
LARGE = noise(SIZE)
DIGEST = f"sha256%3A{hashlib.sha256(LARGE).hexdigest()}"
"""As it stands in the query of the PUT."""
PIECE = 4 * MEBIBYTE

IMPATIENT = {"VDDKCTL_REGISTRY_TIMEOUT": "0.3"}


@pytest.fixture
def image() -> Image:
    """Two small layers, and a large one."""
    return image_of(noise(1000), LARGE, noise(1000))


@dataclass(frozen=True)
class Pushed:
    """A repository whose tag stands on an older image."""

    place: RunningRegistry
    repository: str
    skopeo: Skopeo
    old: Image

    def push(self, proxy: FaultProxy, image: Image, **options: object) -> None:
        registry = client(proxy.front, **options)  # type: ignore[arg-type]
        push(registry, reference_in(proxy.front, self.repository), image, Silent())

    def stands_on(self, image: Image) -> bool:
        """Whether the tag names this image, and all of it can be pulled."""
        digest = self.place.tags(self.repository)["1"]
        assert self.skopeo.inspect(At(self.place, f"{self.repository}:1"))["Digest"] == digest
        self.skopeo.copy(At(self.place, f"{self.repository}:1"), f"dir:{self.skopeo.folder}/pulled")
        return digest == image.descriptor.digest


@pytest.fixture
def pushed(plain_registry: RunningRegistry, repository: str, skopeo: Skopeo) -> Pushed:
    old = image_of(b"old")
    push(client(plain_registry), reference_in(plain_registry, repository), old, Silent())
    return Pushed(plain_registry, repository, skopeo, old)


# --- what passes --------------------------------------------------------------------------------------------------

LAYER = rf"/blobs/uploads/.*digest={DIGEST}"


@pytest.mark.parametrize(
    "script",
    [
        [Cut("PUT", LAYER, after=0)],
        [Cut("PUT", LAYER, after=1)],
        [Cut("PUT", LAYER, after=1_000_000, reset=False)],
        [Cut("PUT", LAYER, after=SIZE - 1)],
        [Cut("PUT", LAYER, after=SIZE)],
        [Cut("PUT", LAYER, after=None)],
        [Cut("PUT", LAYER, after=3 * MEBIBYTE), Cut("PATCH", UPLOADS, nth=2, after=MEBIBYTE)],
        [Cut("PUT", LAYER, after=3 * MEBIBYTE), Cut("PATCH", UPLOADS, nth=2, after=None)],
        [Cut("PUT", LAYER, after=3 * MEBIBYTE), Cut("PUT", LAYER, nth=2, after=None)],
        [Cut("PUT", LAYER, after=3 * MEBIBYTE), Answer("PATCH", UPLOADS, nth=2, status=500)],
        [Cut("POST", UPLOADS)],
        [Cut("POST", UPLOADS, after=None), CutAnswer("HEAD", "/blobs/")],
        [Cut("PUT", MANIFESTS, after=10)],
        [Cut("PUT", MANIFESTS, after=None)],
        [Cut("PUT", "/manifests/1$", after=None)],
        [Cut("GET", MANIFESTS)],
        [CutAnswer("GET", MANIFESTS, after=20)],
        [CutAnswer("GET", MANIFESTS, after=20, reset=True)],
        [Answer("PUT", LAYER, status=500)],
        [Answer("PUT", LAYER, status=503, after=MEBIBYTE)],
        [Answer("PUT", LAYER, status=404)],
        [Answer("PUT", LAYER, status=404, after=0)],
        [Answer("PUT", LAYER, status=416)],
        [Answer("POST", UPLOADS, status=502, times=3)],
        [Answer("HEAD", "", status=503, times=3)],
        [Answer("PUT", MANIFESTS, status=504)],
        [RetryLater("PUT", LAYER)],
        [RetryLater("PUT", LAYER, date=True)],
        [RetryLater("POST", UPLOADS, status=503, times=2)],
        [BodyLimit("", UPLOADS, limit=PIECE)],
        [BodyLimit("", UPLOADS, limit=PIECE - 1)],
        [BodyLimit("", UPLOADS, limit=70_000)],
    ],
    ids=lambda script: " ".join(type(fault).__name__ + fault.method for fault in script),
)
def test_a_fault_that_passes_is_borne(pushed: Pushed, image: Image, script: Sequence[Fault]) -> None:
    with faults(pushed.place, *script) as proxy:
        pushed.push(proxy, image)
    assert pushed.stands_on(image)


@pytest.mark.parametrize(
    "script",
    [
        [Stall("PUT", LAYER)],
        [Stall("PUT", LAYER, after=MEBIBYTE)],
        [StallAnswer("PUT", LAYER)],
        [Stall("POST", UPLOADS)],
        [StallAnswer("GET", MANIFESTS, after=10)],
        [Stall("HEAD", MANIFESTS)],
    ],
    ids=lambda script: " ".join(type(fault).__name__ + fault.method for fault in script),
)
def test_silence_is_borne_for_so_long(pushed: Pushed, image: Image, script: Sequence[Fault]) -> None:
    with faults(pushed.place, *script) as proxy:
        pushed.push(proxy, image, environment=IMPATIENT)
    assert pushed.stands_on(image)


def test_a_pause_is_as_long_as_the_registry_asks(pushed: Pushed, image: Image) -> None:
    paused: list[str] = []

    class Listening(Silent):
        def task(self, label: str, total: int | None, unit: str = "bytes"):  # type: ignore[no-untyped-def]
            paused.append(f"{label}: {total} {unit}")
            return super().task(label, total, unit)

    with faults(pushed.place, RetryLater("PUT", LAYER, seconds=1)) as proxy:
        pushed.push(proxy, image, progress=Listening(), patience=Patience(4, 100))
        assert paused == [f"waiting for {proxy.host} (429 Too Many Requests): 1 seconds"]
    assert pushed.stands_on(image)


# --- what does not ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        (
            [Cut("PUT", UPLOADS, after=0, times=ALWAYS), Cut("PATCH", UPLOADS, times=ALWAYS)],
            UnreachableError,
            "cannot upload sha256:{}: {host}: the connection breaks off",
        ),
        (
            [Cut("", "", times=ALWAYS)],
            UnreachableError,
            "cannot look for sha256:{}: {host}: the connection breaks off",
        ),
        (
            [Answer("PUT", UPLOADS, status=500, times=ALWAYS)],
            RegistryError,
            "cannot upload sha256:{}: 500 Internal Server Error",
        ),
        (
            [Answer("PUT", UPLOADS, status=507)],
            RegistryError,
            "cannot upload sha256:{}: 507 Insufficient Storage\n  its disk is full",
        ),
        (
            [Answer("PUT", UPLOADS, status=404, times=ALWAYS)],
            RegistryError,
            "cannot upload sha256:{}: 404 Not Found",
        ),
        ([Answer("PUT", UPLOADS, status=416, times=ALWAYS)], RegistryError, "cannot upload sha256:{}: 416 "),
        (
            [Answer("PUT", UPLOADS, status=400, body=b'{"errors":[{"code":"SIZE_INVALID"}]}')],
            RegistryError,
            "cannot upload sha256:{}: 400 Bad Request (SIZE_INVALID)",
        ),
        (
            [Answer("POST", UPLOADS, status=404)],
            RegistryError,
            "cannot begin to upload sha256:{}: 404 Not Found\n  look at the repository's name",
        ),
        (
            [Answer("POST", UPLOADS, status=403)],
            DeniedError,
            "cannot begin to upload sha256:{}: 403 Forbidden; no login was used\n  ask for the right",
        ),
        (
            [Answer("POST", UPLOADS, status=200, body=b"<html>")],
            RegistryError,
            "cannot upload sha256:{}: 200 OK without an address to send it to\n  is that a registry?",
        ),
        (
            [RetryLater("PUT", UPLOADS, seconds=1000)],
            RegistryError,
            "cannot upload sha256:{}: 429 Too Many Requests\n  it limits how often",
        ),
        (
            [RetryLater("PUT", MANIFESTS, seconds=1000, date=True)],
            RegistryError,
            "cannot put the manifest sha256:{}: 429 Too Many Requests",
        ),
        (
            [BodyLimit("", UPLOADS, limit=60_000)],
            RegistryError,
            "cannot upload sha256:{}: 413 Request Entity Too Large\n  something on the way",
        ),
        (
            [Answer("PUT", MANIFESTS, status=500, times=ALWAYS)],
            RegistryError,
            "cannot put the manifest sha256:{}: 500 ",
        ),
        (
            [Answer("PUT", "/manifests/1$", status=500, times=ALWAYS)],
            RegistryError,
            "cannot move the tag 1: 500 ",
        ),
    ],
)
def test_a_fault_that_stays_is_a_clear_error(
    pushed: Pushed, image: Image, script: Sequence[Fault], kind: type[RegistryError], message: str
) -> None:
    with faults(pushed.place, *script, all_happen=False) as proxy:
        with pytest.raises(kind) as caught:
            pushed.push(proxy, image)
        assert proxy.count() < 100
        text = str(caught.value)
    assert text.startswith(f"{proxy.host}/{pushed.repository}")
    before, _, after = message.partition("{}")
    assert before in text
    assert after.format("", host=proxy.host) in text
    assert pushed.stands_on(pushed.old)


def test_silence_without_an_end_is_a_clear_error(pushed: Pushed, image: Image) -> None:
    with (
        faults(
            pushed.place,
            Stall("PUT", UPLOADS, times=ALWAYS),
            Stall("PATCH", "", times=ALWAYS),
            all_happen=False,
        ) as proxy,
        pytest.raises(UnreachableError, match="it stays silent\n  is it up"),
    ):
        pushed.push(proxy, image, environment=IMPATIENT, patience=Patience(2, 0.01))
    assert pushed.stands_on(pushed.old)


def test_a_registry_that_dies_half_way(tmp_path: Path, repository: str) -> None:
    with ExitStack() as life:
        place = life.enter_context(serve_plain(tmp_path / "mortal"))

        class Kills(BytesIO):
            def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
                if self.tell() > MEBIBYTE:
                    life.close()
                return super().readinto(buffer)

        class Source:
            def open(self) -> BinaryIO:
                return Kills(LARGE)

        blob = Blob(blob_of(LARGE).descriptor, Source())
        with pytest.raises(UnreachableError, match="the connection is refused\n  is the registry running"):
            client(place).put_blob(reference_in(place, repository), blob, Silent())
    assert place.layers(repository) == set()


# --- how it goes on -----------------------------------------------------------------------------------------------


def put(proxy: FaultProxy, repository: str, content: bytes = LARGE, **options: object) -> None:
    client(proxy.front, **options).put_blob(reference_in(proxy.front, repository), blob_of(content), Silent())  # type: ignore[arg-type]


def sent(proxy: FaultProxy) -> list[tuple[str, str]]:
    """The requests with a body, each with its range."""
    found = [*proxy.requests("PUT", UPLOADS), *proxy.requests("PATCH", UPLOADS)]
    return [(one.method, one.headers.get("content-range", "")) for one in proxy.requests() if one in found]


def test_after_a_break_it_goes_in_pieces_from_where_the_registry_stands(
    plain_registry: RunningRegistry, repository: str
) -> None:
    with faults(
        plain_registry,
        Cut("PUT", UPLOADS, after=1_000_000, resumable=True),
        Cut("PATCH", UPLOADS, nth=2, after=0),
    ) as proxy:
        put(proxy, repository)
        second = 1_000_000 + PIECE
        assert sent(proxy) == [
            ("PUT", ""),
            ("PATCH", f"1000000-{second - 1}"),
            ("PATCH", f"{second}-{SIZE - 1}"),
            ("PATCH", f"{second}-{SIZE - 1}"),
            ("PUT", ""),
        ]
        assert sum(one.received for one in proxy.requests()) == SIZE
        assert proxy.count("POST") == 1


def test_an_upload_that_is_forgotten_begins_anew(plain_registry: RunningRegistry, repository: str) -> None:
    with faults(plain_registry, Cut("PUT", UPLOADS, after=3_000_000)) as proxy:
        put(proxy, repository)
        assert proxy.count("POST") == 2
        assert sent(proxy)[1] == ("PATCH", f"0-{PIECE - 1}")


def test_an_answer_that_is_lost_is_not_asked_for_twice(
    plain_registry: RunningRegistry, repository: str
) -> None:
    with faults(plain_registry, Cut("PUT", UPLOADS, after=None)) as proxy:
        put(proxy, repository)
        assert sent(proxy) == [("PUT", "")]
        assert proxy.requests()[-1].method == "HEAD"


def test_a_wrong_count_of_the_registry_costs_one_more_upload(
    plain_registry: RunningRegistry, repository: str
) -> None:
    """As one that counts a byte too many: the digest is wrong in the end, and so is nothing else."""
    status = {"Range": f"0-{3_000_000}"}
    script = (
        Cut("PUT", UPLOADS, after=3_000_000, resumable=True),
        AnswerHeaders("GET", UPLOADS, changed=status),
    )
    with faults(plain_registry, *script) as proxy:
        put(proxy, repository)
        assert proxy.count("POST") == 2
        assert sent(proxy)[-1] == ("PUT", "")


@pytest.mark.parametrize(("limit", "piece"), [(PIECE, PIECE), (PIECE - 1, PIECE // 2), (70_000, 64 * 1024)])
def test_what_is_too_large_goes_in_pieces(
    plain_registry: RunningRegistry, repository: str, limit: int, piece: int
) -> None:
    content = LARGE if limit > MEBIBYTE else LARGE[:MEBIBYTE]
    with faults(plain_registry, BodyLimit("", UPLOADS, limit=limit)) as proxy:
        put(proxy, repository, content)
        pieces = [one for one in proxy.requests("PATCH") if one.status == 202]
        assert {one.received for one in pieces[:-1]} == {piece}
        assert sum(one.received for one in pieces) == len(content)


def test_a_registry_that_takes_no_small_pieces_gets_none(
    plain_registry: RunningRegistry, repository: str
) -> None:
    script = (
        AnswerHeaders("POST", UPLOADS, changed={"OCI-Chunk-Min-Length": str(5 * MEBIBYTE)}, times=ALWAYS),
        BodyLimit("", UPLOADS, limit=5 * MEBIBYTE),
    )
    with faults(plain_registry, *script) as proxy:
        put(proxy, repository)
        pieces = [one.received for one in proxy.requests("PATCH")]
        assert pieces == [5 * MEBIBYTE, MEBIBYTE]
    script = (script[0], BodyLimit("", UPLOADS, limit=PIECE))
    with faults(plain_registry, *script) as proxy, pytest.raises(RegistryError, match="413"):
        put(proxy, f"{repository}-2")


def test_a_busy_registry_gets_it_in_one_piece_later(plain_registry: RunningRegistry, repository: str) -> None:
    with faults(plain_registry, RetryLater("PUT", UPLOADS, times=2)) as proxy:
        put(proxy, repository)
        assert sent(proxy) == [("PUT", "")] * 3


def test_progress_is_patience(plain_registry: RunningRegistry, repository: str) -> None:
    """More faults than patience would bear in a row, but each after another piece."""
    script = (
        BodyLimit("PUT", UPLOADS, limit=1),
        *(Cut("PATCH", UPLOADS, nth=2 * number, after=0) for number in range(1, 11)),
    )
    with faults(plain_registry, BodyLimit("", UPLOADS, limit=MEBIBYTE), *script, all_happen=False) as proxy:
        put(proxy, repository)
        assert len([one for one in proxy.requests("PATCH") if one.status is None]) > QUICK.attempts


# --- where it goes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Location("", UPLOADS, style="absolute"),
        Location("", UPLOADS, style="path"),
        Location("", UPLOADS, style="relative"),
        Location("", UPLOADS, style="path", query="more=a%2Fb%3D"),
    ],
    ids=lambda fault: f"{fault.style}{fault.query}",
)
@pytest.mark.parametrize("limit", [ALWAYS, MEBIBYTE])
def test_addresses_of_every_kind(
    password_registry: RunningRegistry, repository: str, fault: Location, limit: int
) -> None:
    with faults(password_registry, BodyLimit("", UPLOADS, limit=limit), fault, all_happen=False) as proxy:
        put(proxy, repository, LARGE[: 2 * MEBIBYTE])
        if fault.query:
            assert all(fault.query in one.path for one in proxy.requests("PUT", UPLOADS))
    assert len(password_registry.layers(repository)) == 1


def test_an_upload_to_another_host_gets_no_login(password_registry: RunningRegistry, repository: str) -> None:
    with faults(password_registry, address="127.0.0.2", authorization=password_registry.basic) as storage:
        script = Location("POST", UPLOADS, style="absolute", host=storage.host)
        with faults(password_registry, script) as proxy:
            put(proxy, repository)
        assert [one.method for one in storage.requests()] == ["PUT"]
        assert all("authorization" not in one.headers for one in storage.requests())
    assert len(password_registry.layers(repository)) == 1


def test_another_host_that_wants_a_login_gets_none(
    password_registry: RunningRegistry, repository: str
) -> None:
    with faults(password_registry, address="127.0.0.2") as storage:
        script = Location("POST", UPLOADS, style="absolute", host=storage.host)
        with faults(password_registry, script) as proxy, pytest.raises(RegistryError) as caught:
            put(proxy, repository)
        assert (
            f": {storage.host}: 401 Unauthorized (authentication required)\n  it is where {proxy.host} sends us"
            in str(caught.value)
        )
        assert all("authorization" not in one.headers for one in storage.requests())


@pytest.mark.parametrize("location", ["ftp://elsewhere/x", "http://[", "https://h:99999/x"])
def test_an_address_that_is_none(plain_registry: RunningRegistry, repository: str, location: str) -> None:
    with (
        faults(plain_registry, AnswerHeaders("POST", UPLOADS, changed={"Location": location})) as proxy,
        pytest.raises(RegistryError, match=r"cannot upload sha256:.*sends us on to no address of a registry"),
    ):
        put(proxy, repository)


def test_an_upload_that_is_redirected_goes_there(password_registry: RunningRegistry, repository: str) -> None:
    with faults(password_registry, address="127.0.0.2", authorization=password_registry.basic) as storage:
        with faults(
            password_registry, Redirect("PUT", UPLOADS, to=storage.url, query="X-Signature=abc")
        ) as proxy:
            put(proxy, repository)
        assert all("authorization" not in one.headers for one in storage.requests())
        assert [(one.method, one.received) for one in storage.requests()] == [("PUT", SIZE)]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_an_upload_is_not_redirected_into_a_download(
    plain_registry: RunningRegistry, repository: str, status: int
) -> None:
    with (
        faults(plain_registry, Redirect("POST", UPLOADS, status=status)) as proxy,
        pytest.raises(RegistryError) as caught,
    ):
        put(proxy, repository)
    assert f"{proxy.host} answers a POST with {status} " in str(caught.value)
    assert "is that the registry's own address?" in str(caught.value)


# --- logins that end half-way -------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, MEBIBYTE, None])
def test_a_401_half_way_is_answered_by_a_login(
    token_registry: RunningRegistry, repository: str, after: int | None
) -> None:
    with faults(token_registry, Unauthorized("PUT", UPLOADS, after=after)) as proxy:
        put(proxy, repository)
        used = [one.headers["authorization"] for one in proxy.requests("PUT")]
        assert used[0] != used[1]
    assert len(token_registry.layers(repository)) == 1


def test_a_password_that_changes_half_way(password_registry: RunningRegistry, repository: str) -> None:
    with (
        faults(password_registry, Unauthorized("PUT", UPLOADS, after=0)) as proxy,
        pytest.raises(DeniedError, match='does not take the login of user "pusher"'),
    ):
        put(proxy, repository)


def test_tokens_that_expire_between_the_pieces(token_registry: RunningRegistry, repository: str) -> None:
    with faults(
        token_registry,
        BodyLimit("", UPLOADS, limit=MEBIBYTE),
        *(Unauthorized("PATCH", UPLOADS, nth=number) for number in (4, 6, 8)),
        all_happen=False,
    ) as proxy:
        put(proxy, repository)
        assert len([one for one in proxy.requests("PATCH") if one.status == 401]) == 3
    assert len(token_registry.layers(repository)) == 1


def test_a_token_that_really_expires_half_way(token_registry: RunningRegistry, repository: str) -> None:
    tokens = token_registry.tokens
    with tokens.behaving(lifetime=1, says=300):
        stall = Stall("PUT", UPLOADS, until=tokens.wait_until_expired)
        with faults(token_registry, stall) as proxy:
            put(proxy, repository)
            assert 401 in [one.status for one in proxy.requests("PUT")]
    assert len(token_registry.layers(repository)) == 1


def test_a_401_without_an_end(token_registry: RunningRegistry, repository: str) -> None:
    with (
        faults(token_registry, Unauthorized("PUT", UPLOADS, times=ALWAYS)) as proxy,
        pytest.raises(DeniedError) as caught,
    ):
        put(proxy, repository)
    assert "401 Unauthorized (authentication required); the login is user" in str(caught.value)
    assert proxy.count("PUT", UPLOADS) == 3


def test_a_401_that_asks_for_nothing(token_registry: RunningRegistry, repository: str) -> None:
    with (
        faults(token_registry, Unauthorized("PUT", UPLOADS, challenge=False)) as proxy,
        pytest.raises(DeniedError),
    ):
        put(proxy, repository)
    assert proxy.count("PUT", UPLOADS) == 1


# --- what is sent is not what it was ------------------------------------------------------------------------------


def test_a_file_that_changed_is_not_taken(
    plain_registry: RunningRegistry, repository: str, tmp_path: Path
) -> None:
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(LARGE[::-1])
    blob = Blob(blob_of(LARGE).descriptor, FileSource(path))
    reference = reference_in(plain_registry, repository)
    with pytest.raises(RegistryError) as caught:
        client(plain_registry).put_blob(reference, blob, Silent())
    assert str(caught.value) == (
        f"{reference}: cannot upload {blob.descriptor.short}: the registry got other bytes than those it was made of\n"
        "  something writes to the file it comes from; run again when that is done"
    )
    assert plain_registry.layers(repository) == set()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda path: path.write_bytes(LARGE[:-1]),
            r"sha256:[0-9a-f]{64}: it is shorter than it was when it was looked at",
        ),
        (
            lambda path: path.unlink(),
            r"archive\.tar\.gz: its bytes cannot be read: No such file or directory",
        ),
        (
            lambda path: (path.unlink(), path.mkdir()),
            r"archive\.tar\.gz: its bytes cannot be read: Is a directory",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_no_fault_of_the_registry(
    plain_registry: RunningRegistry,
    repository: str,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    message: str,
) -> None:
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(LARGE)
    spoil(path)
    blob = Blob(blob_of(LARGE).descriptor, FileSource(path))
    with faults(plain_registry) as proxy:
        with pytest.raises(RegistryError, match=message):
            client(proxy.front).put_blob(reference_in(proxy.front, repository), blob, Silent())
        assert proxy.count("PUT") <= 1
    assert plain_registry.layers(repository) == set()


class Trickle:
    """A stream that is no file: nothing can be sought in it, and it gives little at a time."""

    def __init__(self) -> None:
        self._stream = BytesIO(LARGE)
        self.close = self._stream.close

    def seekable(self) -> bool:
        return False

    def read(self, size: int) -> bytes:
        return self._stream.read(min(size, 10_000))


def test_a_stream_that_cannot_be_sought_is_read_again(
    plain_registry: RunningRegistry, repository: str
) -> None:
    opened: list[Trickle] = []

    class Source:
        def open(self) -> BinaryIO:
            opened.append(Trickle())
            return cast("BinaryIO", opened[-1])

    blob = Blob(blob_of(LARGE).descriptor, Source())
    with faults(plain_registry, Cut("PUT", UPLOADS, after=1_000_000, resumable=True)) as proxy:
        client(proxy.front).put_blob(reference_in(proxy.front, repository), blob, Silent())
        assert sum(one.received for one in proxy.requests()) == SIZE
    assert len(opened) == 3
