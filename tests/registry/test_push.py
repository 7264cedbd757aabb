"""Pushing to real registries: what is sent, in which order, and what is believed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.registry.clients import (
    MEBIBYTE,
    blob_of,
    client,
    digests,
    image_of,
    noise,
    reference_in,
    sent_blobs,
)
from tests.registry.samples import AMD64, ARM64, base_image, on_layout
from tests.support.fault_proxy import faults
from tests.support.faults import ALWAYS, BLOBS, MANIFESTS, UPLOADS, Answer, Stall
from tests.support.lies import OtherBytes, WrongDigest
from tests.support.registries import PASSWORD, READER
from tests.support.running_registry import RunningRegistry
from tests.support.witnesses import At, Skopeo
from vddkctl.errors import DeniedError, RegistryError
from vddkctl.oci.assemble import index
from vddkctl.oci.digest import digest_of
from vddkctl.progress import Silent, Task
from vddkctl.registry.http.login import Login
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push

# --- what is sent ---------------------------------------------------------------------------------------------------


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
        assert sent_blobs(proxy) == []
        push(client(proxy.front), reference_in(proxy.front, repository, "2"), larger, Silent())
        assert sent_blobs(proxy) == [digest_of(new)]


def test_every_blob_is_sent_once_and_in_one_piece(plain_registry: RunningRegistry, repository: str) -> None:
    layer = noise(MEBIBYTE)
    image = image_of(layer, *(noise(1000) for _ in range(4)), layer)
    with faults(plain_registry) as proxy:
        push(client(proxy.front), reference_in(proxy.front, repository), image, Silent())
        assert sorted(sent_blobs(proxy)) == sorted(digests(image))
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
        assert amount >= 0
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


def test_a_damaged_layout_is_read_and_written_and_counted_once(tmp_path: Path) -> None:
    layout, reference, image = on_layout(tmp_path)
    push(layout, reference, image, Silent())
    for path in (tmp_path / "images/blobs/sha256").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    progress = Counting()
    push(LayoutRegistry(tmp_path), reference, image, progress)
    assert progress.done == progress.total == image.size


# --- the tag --------------------------------------------------------------------------------------------------------


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
        "  someone else pushes to it; look, and run again"
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


def test_a_tag_beside_a_digest_moves_and_is_looked_at(
    plain_registry: RunningRegistry, repository: str
) -> None:
    first, second = base_image(content=b"first"), base_image(content=b"second")
    reference = reference_in(plain_registry, repository)
    push(client(plain_registry), reference, first, Silent())
    both = replace(reference, digest=second.descriptor.digest)
    with faults(plain_registry) as proxy:
        through = replace(both, repository=f"{proxy.host}/{repository}")
        with pytest.raises(RegistryError, match=f"the tag names {first.descriptor.digest} now"):
            push(client(proxy.front), through, second, Silent(), expected=None)
        push(client(proxy.front), through, second, Silent(), expected=first.descriptor.digest)
        assert proxy.requests()[-1].path.endswith("/manifests/1")
    assert plain_registry.tags(repository) == {"1": second.descriptor.digest}


def test_a_tag_that_is_gone_is_not_made_again(plain_registry: RunningRegistry, repository: str) -> None:
    reference, image = reference_in(plain_registry, repository), base_image()
    with pytest.raises(RegistryError, match="the tag names nothing now"):
        push(client(plain_registry), reference, image, Silent(), expected=f"sha256:{'1' * 64}")
    assert plain_registry.tags(repository) == {}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (WrongDigest("PUT", MANIFESTS), "the registry calls it sha256:0000"),
        (OtherBytes("GET", MANIFESTS, at=3), "the registry answers with sha256:"),
        (Answer("GET", MANIFESTS, status=404, times=ALWAYS), "there is no manifest sha256:"),
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
        "  someone else pushes to it; look, and run again"
    ) in str(caught.value)


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
