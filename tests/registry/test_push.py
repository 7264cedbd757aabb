"""Pushing to real registries: what is sent, in which order, and what is believed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

import pytest

from tests.registry.clients import MEBIBYTE, blob_of, client, image_of, login_of, noise, reference_in
from tests.registry.samples import AMD64, ARM64, base_image, on_layout, tree
from tests.support.fault_proxy import FaultProxy, faults
from tests.support.faults import ALWAYS, BLOBS, MANIFESTS, UPLOADS, Answer, Stall
from tests.support.lies import OtherBytes
from tests.support.registries import PASSWORD, READER
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Skopeo
from vddkctl.errors import DeniedError, RegistryError
from vddkctl.oci.assemble import index
from vddkctl.oci.descriptor import Blob
from vddkctl.oci.digest import digest_of
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.progress import Progress, Silent, Task
from vddkctl.registry.blob import RegistryBlob
from vddkctl.registry.http.login import Login
from vddkctl.registry.http.registry import HttpRegistry
from vddkctl.registry.push import push


def sent(proxy: FaultProxy) -> list[str]:
    """The digests of the blobs whose bytes went to the registry."""
    return [
        unquote(one.path.partition("digest=")[2]) for one in proxy.requests("PUT", UPLOADS) if one.received
    ]


def digests(image: Image | ImageIndex) -> list[str]:
    return [blob.descriptor.digest for blob in image.all_blobs]


# --- what is sent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["plain_registry", "password_registry", "tls_registry", "mutual_tls_registry", "token_registry"]
)
def test_skopeo_finds_what_was_pushed(
    tmp_path: Path, request: pytest.FixtureRequest, repository: str, skopeo: Skopeo, kind: str
) -> None:
    place: RunningRegistry = request.getfixturevalue(kind)
    _, _, image = on_layout(tmp_path)
    push(client(place), reference_in(place, repository), image, Silent())
    skopeo.copy(At(place, f"{repository}:1"), f"oci:{tmp_path}/pulled:1")
    assert skopeo.inspect(At(place, f"{repository}:1"))["Digest"] == image.descriptor.digest
    for blob in image.all_blobs:
        with blob.source.open() as stream:
            path = tmp_path / "pulled/blobs/sha256" / blob.descriptor.digest.partition(":")[2]
            assert path.read_bytes() == stream.read()


def test_an_index_is_pushed_whole(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo
) -> None:
    both = index([base_image(AMD64), base_image(ARM64)], {})
    push(client(plain_registry), reference_in(plain_registry, repository), both, Silent())
    skopeo.copy(At(plain_registry, f"{repository}:1"), f"oci:{tmp_path}/pulled:1", "--all")
    assert plain_registry.tags(repository) == {"1": both.descriptor.digest}
    assert len(plain_registry.manifests(repository)) == 3
    assert len(list((tmp_path / "pulled/blobs/sha256").iterdir())) == 3 + len(both.all_blobs)


def test_what_is_there_is_not_sent_again(plain_registry: RunningRegistry, repository: str) -> None:
    old, new = noise(1000), noise(1000)
    image, larger = image_of(old), image_of(old, new)
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    with faults(plain_registry) as proxy:
        push(client(proxy.front), reference_in(proxy.front, repository), image, Silent())
        assert proxy.count("POST") == 0
        assert sent(proxy) == []
        push(client(proxy.front), reference_in(proxy.front, repository, "2"), larger, Silent())
        assert sent(proxy) == [digest_of(new)]


def test_every_blob_is_sent_once_and_in_one_piece(plain_registry: RunningRegistry, repository: str) -> None:
    layer = noise(MEBIBYTE)
    image = image_of(layer, *(noise(1000) for _ in range(4)), layer)
    with faults(plain_registry) as proxy:
        push(client(proxy.front), reference_in(proxy.front, repository), image, Silent())
        assert sorted(sent(proxy)) == sorted(digests(image))
        assert (proxy.count("POST"), proxy.count("PATCH")) == (6, 0)  # 5 layers and the config


def test_an_empty_blob_is_a_blob(plain_registry: RunningRegistry, repository: str) -> None:
    registry, reference, empty = (
        client(plain_registry),
        reference_in(plain_registry, repository),
        blob_of(b""),
    )
    registry.put_blob(reference, empty, Silent())
    assert registry.has_blob(reference, empty.descriptor)
    with registry.open_blob(reference, empty.descriptor) as stream:
        assert stream.read() == b""


def test_blobs_are_sent_at_the_same_time_but_not_too_many(
    plain_registry: RunningRegistry, repository: str
) -> None:
    four = threading.Barrier(4)
    image = image_of(*(noise(1000) for _ in range(7)))
    with faults(plain_registry, Stall("PUT", UPLOADS, times=8, until=lambda: four.wait(20))) as proxy:
        push(client(proxy.front), reference_in(proxy.front, repository, None), image, Silent())
        assert proxy.most_at_once == 4


class Counting(Silent):
    """Progress that is counted."""

    def __init__(self) -> None:
        self.label, self.total, self.done = "", 0, 0
        self.lock = threading.Lock()

    @contextmanager
    def task(self, label: str, total: int | None, unit: str = "bytes") -> Iterator[Task]:
        assert not self.label, "one line is enough for a push"
        self.label, self.total = label, total or 0
        yield self

    def advance(self, amount: int) -> None:
        with self.lock:
            self.done += amount


@pytest.mark.parametrize("where", ["a registry", "a layout"])
def test_progress_counts_every_byte_once(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, where: str
) -> None:
    layout, inside, _ = on_layout(tmp_path)
    image = image_of(*(noise(300_000) for _ in range(6)))
    registry = client(plain_registry) if where == "a registry" else layout
    reference = reference_in(plain_registry, repository, None) if where == "a registry" else inside.bare()
    for _ in range(2):  # the second time, all of it is there
        progress = Counting()
        push(registry, reference, image, progress)
        assert progress.label == f"push {reference}"
        assert progress.done == progress.total == image.size


# --- from one repository to another -------------------------------------------------------------------------------


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
        before = len(sent(proxy))
        copied = from_repository(registry, proxy.front, repository, image)
        push(registry, reference_in(proxy.front, target), copied, Silent())
        assert len(sent(proxy)) == before
        assert proxy.count("GET", BLOBS) == 0
        assert [one.status for one in proxy.requests("POST", "mount=")] == [201, 201]
    assert skopeo.inspect(At(place, f"{target}:1"))["Digest"] == image.descriptor.digest
    if place.issuer:
        [both] = [one for one in place.issuer.issued if len(one.asked) == 2]
        assert both.asked == both.granted == (f"repository:{target}:pull,push", f"repository:{repository}:pull")


def test_what_cannot_be_mounted_is_sent(plain_registry: RunningRegistry, repository: str) -> None:
    image, target = base_image(content=noise(1000)), f"{repository}-target"
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    refusals = (
        Answer("POST", "mount=", nth=1, status=405),
        Answer("POST", "mount=", nth=2, status=403),
    )
    with faults(plain_registry, *refusals) as proxy:
        registry = client(proxy.front)
        copied = from_repository(registry, proxy.front, repository, image)
        push(registry, reference_in(proxy.front, target), copied, Silent())
        assert sorted(sent(proxy)) == sorted(digests(image))
    assert plain_registry.tags(target) == {"1": image.descriptor.digest}


def renamed(blob: Blob, place: RunningRegistry) -> Blob:
    """Says that it is in ``place``, and is read from where it is."""
    source = blob.source
    assert isinstance(source, RegistryBlob)

    class Renamed(RegistryBlob):
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
        assert sorted(sent(proxy)) == sorted(digests(image))


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


# --- the tag ------------------------------------------------------------------------------------------------------


def test_the_tag_moves_last(plain_registry: RunningRegistry, repository: str) -> None:
    image = base_image(content=noise(1000))
    with faults(plain_registry) as proxy:
        push(client(proxy.front), reference_in(proxy.front, repository), image, Silent())
        writes = [one.path.rpartition("/")[2] for one in proxy.requests("PUT")]
        assert writes[-2:] == [image.descriptor.digest, "1"]
        last = proxy.requests()[-3:]
        assert [one.method for one in last] == ["GET", "PUT", "HEAD"]  # read back, move the tag, look at it


def test_a_push_without_a_tag_makes_none(plain_registry: RunningRegistry, repository: str) -> None:
    image = base_image()
    push(client(plain_registry), reference_in(plain_registry, repository, None), image, Silent())
    assert plain_registry.tags(repository) == {}
    assert plain_registry.manifests(repository) == {image.descriptor.digest}


def test_another_digest_than_the_image_has_is_refused(
    plain_registry: RunningRegistry, repository: str
) -> None:
    image, other = base_image(), f"sha256:{'1' * 64}"
    reference = reference_in(plain_registry, repository).with_digest(other)
    with pytest.raises(RegistryError, match=f"the image is {image.descriptor.digest}, another one"):
        push(client(plain_registry), reference, image, Silent())
    assert plain_registry.manifests(repository) == set()


@pytest.mark.parametrize("before", [None, "an image"])
def test_a_tag_that_moved_meanwhile_stays(
    plain_registry: RunningRegistry, repository: str, before: str | None
) -> None:
    """``before`` is what the plan saw; someone else has moved it since."""
    registry, reference = client(plain_registry), reference_in(plain_registry, repository)
    other, image = base_image(content=b"theirs"), base_image(content=b"ours")
    push(registry, reference, other, Silent())
    expected = None if before is None else f"sha256:{'1' * 64}"
    with pytest.raises(RegistryError) as caught:
        push(registry, reference, image, Silent(), expected=expected)
    assert str(caught.value) == (
        f"{reference}: the tag names {other.descriptor.digest} now\n"
        "  someone else pushes to it; make a new plan with: vddkctl plan"
    )
    assert plain_registry.tags(repository) == {"1": other.descriptor.digest}


def test_a_tag_that_is_as_it_was_expected_moves(plain_registry: RunningRegistry, repository: str) -> None:
    registry, reference = client(plain_registry), reference_in(plain_registry, repository)
    first, second = base_image(content=b"first"), base_image(content=b"second")
    push(registry, reference, first, Silent(), expected=None)
    push(registry, reference, second, Silent(), expected=first.descriptor.digest)
    push(
        registry, reference, second, Silent(), expected=first.descriptor.digest
    )  # it is what it is to become
    assert plain_registry.tags(repository) == {"1": second.descriptor.digest}


def test_a_tag_that_is_gone_is_not_made_again(plain_registry: RunningRegistry, repository: str) -> None:
    reference, image = reference_in(plain_registry, repository), base_image()
    with pytest.raises(RegistryError, match="the tag names nothing now"):
        push(client(plain_registry), reference, image, Silent(), expected=f"sha256:{'1' * 64}")
    assert plain_registry.tags(repository) == {}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (OtherBytes("GET", MANIFESTS, at=3), "the registry answers with sha256:"),
        (Answer("GET", MANIFESTS, status=404), "there is no manifest sha256:"),
        (Answer("HEAD", BLOBS, nth=3, status=404, times=ALWAYS), " was pushed, and is not there"),
        (Answer("PUT", r"/manifests/sha256:", status=400), "cannot put the manifest sha256:"),
    ],
)
def test_the_tag_stays_where_what_was_pushed_does_not_come_back(
    plain_registry: RunningRegistry, repository: str, fault: Answer, message: str
) -> None:
    old, new = base_image(content=b"old"), base_image(content=noise(1000))
    push(client(plain_registry), reference_in(plain_registry, repository), old, Silent())
    with faults(plain_registry, fault) as proxy, pytest.raises(RegistryError, match=message):
        push(client(proxy.front), reference_in(proxy.front, repository), new, Silent())
    assert plain_registry.tags(repository) == {"1": old.descriptor.digest}


def test_a_tag_that_someone_else_moves_at_once_is_told(
    plain_registry: RunningRegistry, repository: str
) -> None:
    theirs, image = base_image(content=b"theirs"), base_image(content=b"ours")
    registry, direct = client(plain_registry), reference_in(plain_registry, repository)

    def meddle() -> None:
        push(registry, direct, theirs, Silent())

    with (
        faults(plain_registry, Stall("HEAD", "/manifests/1", until=meddle)) as proxy,
        pytest.raises(RegistryError) as caught,
    ):
        push(client(proxy.front), reference_in(proxy.front, repository), image, Silent())
    assert (
        f"{image.descriptor.digest} was pushed, and the tag names {theirs.descriptor.digest} now\n"
        "  someone else pushes to it; run again when that is done"
    ) in str(caught.value)


# --- rights -------------------------------------------------------------------------------------------------------


def test_a_reader_may_not_push(token_registry: RunningRegistry, repository: str) -> None:
    reader, image = Login(READER, PASSWORD, source="~/.docker/config.json"), base_image()
    reference = reference_in(token_registry, repository)
    with pytest.raises(DeniedError) as caught:
        push(client(token_registry, reader), reference, image, Silent())
    assert str(caught.value).startswith(f"{reference}: cannot begin to upload sha256:")
    assert 'the login is user "reader" (~/.docker/config.json)\n  ask for the right to do that there' in str(
        caught.value
    )
    assert token_registry.layers(repository) == set()
    assert token_registry.manifests(repository) == set()


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


# --- into a layout ------------------------------------------------------------------------------------------------


def test_from_a_registry_into_a_layout(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, skopeo: Skopeo
) -> None:
    image = base_image(content=noise(MEBIBYTE))
    push(client(plain_registry), reference_in(plain_registry, repository), image, Silent())
    copied = from_repository(client(plain_registry), plain_registry, repository, image)
    layout, reference, _ = on_layout(tmp_path)
    push(layout, reference, copied, Silent())
    assert skopeo.inspect(f"oci:{tmp_path}/images:8.0.1")["Digest"] == image.descriptor.digest


def test_an_interrupted_push_into_a_layout_leaves_no_half_files(tmp_path: Path) -> None:
    layout, reference, image = on_layout(tmp_path)
    push(layout, reference, base_image(content=b"old"), Silent())
    before = tree(tmp_path / "images")

    class Interrupts(Silent):
        @contextmanager
        def task(self, label: str, total: int | None, unit: str = "bytes") -> Iterator[Task]:
            yield self

        def advance(self, amount: int) -> None:
            raise KeyboardInterrupt

    interrupts: Progress = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        push(layout, reference, image, interrupts)
    assert tree(tmp_path / "images") == before
