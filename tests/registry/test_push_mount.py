"""Pushing what is in another repository, or in another registry: mounted, or passed on."""

from __future__ import annotations

import sys
import threading
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from msgspec.structs import replace

from tests.registry.clients import (
    MEBIBYTE,
    client,
    digests,
    image_of,
    login_of,
    noise,
    reference_in,
    sent_blobs,
)
from tests.registry.samples import base_image, on_layout
from tests.support.fault_proxy import faults
from tests.support.faults import BLOBS, UPLOADS, Answer, BodyLimit
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Skopeo
from vddkctl.errors import DeniedError
from vddkctl.oci.descriptor import Blob
from vddkctl.oci.image import Image
from vddkctl.progress import Silent
from vddkctl.registry.blob import RegistryBlob
from vddkctl.registry.http.registry import HttpRegistry
from vddkctl.registry.push import push


def from_repository(registry: HttpRegistry, place: RunningRegistry, repository: str, image: Image) -> Image:
    """The image with blobs that are where it was pushed."""
    source = reference_in(place, repository, None)
    blobs = (Blob(blob.descriptor, RegistryBlob(registry, source, blob.descriptor)) for blob in image.blobs)
    return replace(image, blobs=tuple(blobs))


@pytest.mark.parametrize("kind", ["plain_registry", "password_registry", "token_registry"])
def test_blobs_of_another_repository_are_mounted(
    request: pytest.FixtureRequest, repository: str, skopeo: Skopeo, kind: str
) -> None:
    place: RunningRegistry = request.getfixturevalue(kind)
    image, target = base_image(content=noise(1000)), f"{repository}-target"
    with faults(place) as proxy:
        registry = client(proxy.front)
        push(registry, reference_in(proxy.front, repository), image, Silent())
        before = len(sent_blobs(proxy))
        copied = from_repository(registry, proxy.front, repository, image)
        push(registry, reference_in(proxy.front, target), copied, Silent())
        assert len(sent_blobs(proxy)) == before
        assert proxy.count("GET", BLOBS) == 0
        assert [one.status for one in proxy.requests("POST", "mount=")] == [201, 201]
    assert skopeo.inspect(At(place, f"{target}:1"))["Digest"] == image.descriptor.digest
    if place.issuer:
        [both] = [one for one in place.issuer.issued if len(one.asked) == 2]
        assert (
            both.asked == both.granted == (f"repository:{target}:pull,push", f"repository:{repository}:pull")
        )


def test_what_cannot_be_mounted_is_sent(plain_registry: RunningRegistry, repository: str) -> None:
    image, target = image_of(noise(1000), noise(1000)), f"{repository}-target"
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    refusals = (
        Answer("POST", "mount=", nth=1, status=405),
        Answer("POST", "mount=", nth=2, status=403),
        Answer("POST", "mount=", nth=3, status=501),
    )
    with faults(plain_registry, *refusals) as proxy:
        registry = client(proxy.front)
        copied = from_repository(registry, proxy.front, repository, image)
        push(registry, reference_in(proxy.front, target), copied, Silent())
        assert sorted(sent_blobs(proxy)) == sorted(digests(image))
    assert plain_registry.tags(target) == {"1": image.descriptor.digest}


def renamed(blob: Blob, place: RunningRegistry) -> Blob:
    """Says that it is in ``place``, and is read from where it is."""
    source = blob.source
    assert isinstance(source, RegistryBlob)

    class Renamed(RegistryBlob, frozen=True):
        def open(self) -> BinaryIO:
            return source.open()

    reference = replace(source.reference, repository=f"{place.host}/{source.reference.path}")
    return Blob(blob.descriptor, Renamed(source.registry, reference, blob.descriptor))


def test_a_mount_of_what_the_registry_does_not_have_begins_an_upload(
    plain_registry: RunningRegistry, own_registry: RunningRegistry, repository: str
) -> None:
    image = base_image(content=noise(1000))
    push(client(own_registry), reference_in(own_registry, repository), image, Silent())
    image = from_repository(client(own_registry), own_registry, repository, image)
    with faults(plain_registry) as proxy:
        elsewhere = replace(image, blobs=tuple(renamed(blob, proxy.front) for blob in image.blobs))
        push(client(proxy.front), reference_in(proxy.front, f"{repository}-target"), elsewhere, Silent())
        assert [one.status for one in proxy.requests("POST")] == [202, 202]
        assert sorted(sent_blobs(proxy)) == sorted(digests(image))


OPENED: list[str] = []
LISTENING = threading.Event()


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and LISTENING.is_set():
        mode, flags = arguments[1], arguments[2]
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & 3):
            OPENED.append(str(arguments[0]))


def test_from_registry_to_registry_no_disk_is_touched(
    plain_registry: RunningRegistry, password_registry: RunningRegistry, repository: str, skopeo: Skopeo
) -> None:
    image = base_image(content=noise(2 * MEBIBYTE))
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    copied = from_repository(client(plain_registry), plain_registry, repository, image)
    sys.addaudithook(_hear)
    LISTENING.set()
    try:
        push(client(password_registry), reference_in(password_registry, repository), copied, Silent())
    finally:
        LISTENING.clear()
    assert OPENED == []
    assert skopeo.inspect(At(password_registry, f"{repository}:1"))["Digest"] == image.descriptor.digest


def test_a_base_that_may_not_be_read_cannot_be_mounted_and_is_named(
    token_registry: RunningRegistry, repository: str
) -> None:
    """The blob is in a repository of the same registry from which this user may not pull: it is read from there."""
    image = base_image(content=noise(1000))
    push(client(token_registry), reference_in(token_registry, repository), image, Silent())
    stranger = client(token_registry, anonymous=True)
    copied = from_repository(stranger, token_registry, repository, image)
    target = reference_in(token_registry, f"{repository}-target")
    with faults(token_registry, Answer("POST", "mount=", status=403, times=2)) as proxy:
        moved = replace(target, repository=target.repository.replace(token_registry.host, proxy.host))
        sources = tuple(renamed(blob, proxy.front) for blob in copied.blobs)
        with pytest.raises(DeniedError, match=r"cannot read sha256:.*no login was used"):
            push(
                client(proxy.front, login_of(token_registry)), moved, replace(copied, blobs=sources), Silent()
            )
    assert token_registry.tags(f"{repository}-target") == {}


def test_from_a_registry_into_a_layout(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo
) -> None:
    image = base_image(content=noise(MEBIBYTE))
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    copied = from_repository(client(plain_registry), plain_registry, repository, image)
    layout, reference, _ = on_layout(tmp_path)
    push(layout, reference, copied, Silent())
    assert skopeo.inspect(f"oci:{tmp_path}/images:8.0.1")["Digest"] == image.descriptor.digest


def test_a_layout_is_written_by_the_thread_that_is_interrupted(tmp_path: Path) -> None:
    """Another one would die with the process, and leave half a file behind."""
    threads: list[threading.Thread] = []

    class Source:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def open(self) -> BinaryIO:
            threads.append(threading.current_thread())
            return BytesIO(self.content)

    layout, reference, _ = on_layout(tmp_path)
    contents = [noise(1000) for _ in range(5)]
    config, *layers = image_of(*contents).blobs
    blobs = (
        config,
        *(replace(layer, source=Source(content)) for layer, content in zip(layers, contents, strict=True)),
    )
    push(layout, reference, replace(image_of(*contents), blobs=blobs), Silent())
    assert threads == [threading.main_thread()] * 5


def test_what_goes_in_pieces_is_read_once_from_afar(
    plain_registry: RunningRegistry, own_registry: RunningRegistry, repository: str
) -> None:
    image = image_of(noise(3 * MEBIBYTE))
    push(client(own_registry), reference_in(own_registry, repository), image, Silent())
    with (
        faults(own_registry) as source,
        faults(plain_registry, BodyLimit("", UPLOADS, limit=MEBIBYTE)) as proxy,
    ):
        copied = from_repository(client(source.front), source.front, repository, image)
        push(client(proxy.front), reference_in(proxy.front, repository), copied, Silent())
        assert len([one for one in proxy.requests("PATCH") if one.status == 202]) == 4
        [config, layer] = digests(image)
        # Once for the whole, which was too much, once for half of it, which was too much, too; then read on and on.
        assert source.count("GET", layer) == 3
        assert source.count("GET", config) == 1
    assert plain_registry.tags(repository) == {"1": image.descriptor.digest}
