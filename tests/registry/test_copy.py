from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.registry.copies import attested, nested, place, put, reference_in, whole
from tests.registry.samples import AMD64, ARM64, base_image, tree
from tests.support.fault_proxy import FaultProxy, faults
from tests.support.faults import MANIFESTS, Stall
from tests.support.lies import OtherBytes
from tests.support.registries import new_repository
from tests.support.running_registry import RunningRegistry
from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.assemble import index
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.digest import digest_of
from vddkctl.oci.reference import Reference, parse
from vddkctl.progress import Silent
from vddkctl.registry.copy import Copied, copy
from vddkctl.registry.whole import Whole

LAYOUT = parse("oci:there:1")


def carry(root: Path, source: Reference, destination: Reference) -> Copied:
    return copy(whole(root, source), place(root, destination), destination, Silent())


def parts(image: Whole) -> list[tuple[str, bytes]]:
    """Every document and every blob, by its digest."""
    documents = [(each.descriptor.digest, each.content) for each in image.documents]
    blobs = []
    for blob in image.all_blobs:
        with blob.source.open() as stream:
            blobs.append((blob.descriptor.digest, stream.read()))
    return [*documents, *sorted(blobs)]


def writes(proxy: FaultProxy) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in proxy.requests() if seen.method not in {"GET", "HEAD"}]


@pytest.mark.parametrize("source", ["layout", "registry"])
@pytest.mark.parametrize("destination", ["layout", "registry", "other registry"])
@pytest.mark.parametrize("kind", ["image", "index", "nested"])
def test_every_byte_is_the_same_wherever_it_goes(
    tmp_path: Path,
    plain_registry: RunningRegistry,
    own_registry: RunningRegistry,
    repository: str,
    source: str,
    destination: str,
    kind: str,
) -> None:
    here = parse("oci:here:1") if source == "layout" else reference_in(plain_registry, repository)
    there = {
        "layout": LAYOUT,
        "registry": reference_in(plain_registry, new_repository()),
        "other registry": reference_in(own_registry, repository),
    }[destination]
    if kind == "nested":
        nested(tmp_path, here)
    else:
        put(tmp_path, here, base_image() if kind == "image" else attested())
    original = whole(tmp_path, here)
    copied = carry(tmp_path, here, there)
    assert (copied.digest, copied.before, copied.unchanged) == (original.descriptor.digest, None, False)
    assert parts(whole(tmp_path, there)) == parts(original)
    again = carry(tmp_path, here, there)
    assert (again.before, again.sent, again.unchanged) == (original.descriptor.digest, 0, True)


def test_what_a_registry_has_is_mounted_and_never_read(
    tmp_path: Path, plain_registry: RunningRegistry
) -> None:
    staging, production = new_repository(), new_repository()
    with faults(plain_registry) as proxy:
        put(tmp_path, reference_in(proxy.front, staging), attested())
        before = proxy.count("GET", r"/blobs/")
        copied = carry(tmp_path, reference_in(proxy.front, staging), reference_in(proxy.front, production))
        assert (copied.sent, copied.unchanged) == (0, False)
        assert copied.size > 0
        assert proxy.count("GET", r"/blobs/") == before
    assert plain_registry.layers(production) == plain_registry.layers(staging)
    assert plain_registry.tags(production) == {"1": copied.digest}


def test_a_copy_that_is_there_already_writes_nothing(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    here, there = parse("oci:here:1"), reference_in(plain_registry, repository)
    put(tmp_path, here, attested())
    carry(tmp_path, here, there)
    with faults(plain_registry) as proxy:
        assert carry(tmp_path, here, reference_in(proxy.front, repository)).unchanged
        assert writes(proxy) == []


def test_only_what_is_missing_is_sent(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    amd64, arm64 = base_image(AMD64), base_image(ARM64, content=b"another base")
    put(tmp_path, parse("oci:here:1"), index([amd64, arm64], {}))
    put(tmp_path, reference_in(plain_registry, repository), amd64)
    there = reference_in(plain_registry, repository, "2")
    copied = carry(tmp_path, parse("oci:here:1"), there)
    assert copied.sent == arm64.size
    assert copied.size == amd64.size + arm64.size


def test_a_tag_that_is_moved_is_told(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    old, there = base_image(content=b"old"), reference_in(plain_registry, repository)
    put(tmp_path, there, old)
    put(tmp_path, parse("oci:here:1"), base_image())
    copied = carry(tmp_path, parse("oci:here:1"), there)
    assert (copied.before, copied.unchanged) == (old.descriptor.digest, False)
    assert plain_registry.tags(repository) == {"1": copied.digest}


def test_without_a_tag_it_is_there_by_its_digest_alone(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    put(tmp_path, parse("oci:here:1"), attested())
    there = reference_in(plain_registry, repository).bare()
    copied = carry(tmp_path, parse("oci:here:1"), there)
    assert copied.before is None
    assert plain_registry.tags(repository) == {}
    assert copied.digest in plain_registry.manifests(repository)
    assert carry(tmp_path, parse("oci:here:1"), there).unchanged


def test_a_destination_of_another_digest_is_refused(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    put(tmp_path, parse("oci:here:1"), base_image())
    other = replace(reference_in(plain_registry, repository), digest=digest_of(b"another"))
    with pytest.raises(RegistryError, match=r"the image is sha256:[0-9a-f]{64}, another one"):
        carry(tmp_path, parse("oci:here:1"), other)
    assert plain_registry.tags(repository) == {}


def test_a_tag_that_someone_else_moves_meanwhile_stays_there(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    there, theirs = reference_in(plain_registry, repository), base_image(content=b"theirs")
    put(tmp_path, parse("oci:here:1"), base_image())
    moved = Stall("PUT", MANIFESTS, until=lambda: put(tmp_path, there, theirs))
    with (
        faults(plain_registry, moved) as proxy,
        pytest.raises(RegistryError, match=f"the tag names {theirs.descriptor.digest} now"),
    ):
        carry(tmp_path, parse("oci:here:1"), reference_in(proxy.front, repository))
    assert plain_registry.tags(repository) == {"1": theirs.descriptor.digest}


@pytest.mark.parametrize("damage", ["gone", "other bytes"])
def test_a_source_that_lacks_a_part_gets_no_tag_there(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str, damage: str
) -> None:
    image = base_image()
    put(tmp_path, parse("oci:here:1"), image)
    layer = tmp_path / "here/blobs/sha256" / image.blobs[0].descriptor.digest.removeprefix("sha256:")
    content = layer.read_bytes()
    layer.unlink()
    if damage == "other bytes":
        layer.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(RegistryError) as told:
        carry(tmp_path, parse("oci:here:1"), reference_in(plain_registry, repository))
    assert image.blobs[0].descriptor.digest.removeprefix("sha256:") in str(told.value)
    assert plain_registry.tags(repository) == {}
    assert plain_registry.manifests(repository) == set()


def test_a_registry_that_lies_about_a_blob_is_told_and_nothing_is_published(
    tmp_path: Path, plain_registry: RunningRegistry, repository: str
) -> None:
    image = base_image()
    put(tmp_path, reference_in(plain_registry, repository), image)
    layer = image.blobs[0].descriptor.digest
    with (
        faults(
            plain_registry, OtherBytes("GET", f"/blobs/{layer}", at=30, times=9), all_happen=False
        ) as proxy,
        pytest.raises(RegistryError, match=f"its bytes are of sha256:[0-9a-f]+, not of {layer}"),
    ):
        carry(tmp_path, reference_in(proxy.front, repository), LAYOUT)
    written = tree(tmp_path / "there")
    assert (
        written["index.json"]
        == b'{"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}'
    )
    assert f"blobs/sha256/{layer.removeprefix('sha256:')}" not in written


def test_an_index_without_one_of_its_images_is_refused_with_a_way_out(tmp_path: Path) -> None:
    image = index([base_image(AMD64), base_image(ARM64)], {})
    put(tmp_path, parse("oci:here:1"), image)
    gone = image.images[1].descriptor.digest.removeprefix("sha256:")
    (tmp_path / "here/blobs/sha256" / gone).unlink()
    with pytest.raises(RegistryError) as told:
        carry(tmp_path, parse("oci:here:1"), LAYOUT)
    assert gone in str(told.value)
    assert told.value.hint == "it is the part for linux/arm64; --platform takes another one alone"
    assert not (tmp_path / "there").exists()


def test_an_entry_that_is_no_manifest_is_refused(tmp_path: Path) -> None:
    image = base_image()
    strange = replace(image, descriptor=replace(image.descriptor, media_type="text/plain"))
    put(tmp_path, parse("oci:here:1"), index([strange], {}))
    with pytest.raises(ImageError, match='"text/plain" is neither a manifest nor an index'):
        carry(tmp_path, parse("oci:here:1"), LAYOUT)


def test_what_one_layout_remarks_on_an_image_does_not_travel(tmp_path: Path) -> None:
    image = base_image()
    remarked = {"io.containerd.image.name": "example.com/here:1"}
    put(
        tmp_path,
        parse("oci:here:1"),
        replace(image, descriptor=replace(image.descriptor, annotations=remarked)),
    )
    carry(tmp_path, parse("oci:here:1"), LAYOUT)
    assert b"containerd" in (tmp_path / "here/index.json").read_bytes()
    found = place(tmp_path, LAYOUT).resolve(LAYOUT)
    assert isinstance(found, Descriptor)
    assert found.annotations == {"org.opencontainers.image.ref.name": "1"}
