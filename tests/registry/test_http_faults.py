"""Uploads that go wrong on the way: each ends in the whole image or in a clear error, never in a broken tag."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.registry.clients import MEBIBYTE, blob_of, client, image_of, noise, reference_in
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
    RetryLater,
    Stall,
    StallAnswer,
)
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
            "cannot upload sha256:{}: 429 Too Many Requests\n  it asks to wait 1,000 seconds",
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
