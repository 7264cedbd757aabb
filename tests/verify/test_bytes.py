"""Manifest, config and layers: their bytes are what their digests, sizes, types and diff IDs say."""

import gzip
from pathlib import Path

import pytest

from tests.verify.made import (
    BASE,
    Layout,
    RawLayer,
    as_it_is,
    copied,
    failures,
    file,
    only,
    said,
    stored,
    tar,
    warnings,
    zipped,
)
from vddkctl.demo.sample import make_archive
from vddkctl.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    OCI_LAYER_ZSTD,
    Descriptor,
)
from vddkctl.oci.digest import digest_of
from vddkctl.verify import Status


@pytest.fixture
def whole(layout: Layout, archive: Path) -> Layout:
    """A layout with an image in which all is well."""
    layout.put(zipped(BASE), as_it_is(archive))
    return layout


def flip(path: Path, place: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_all_is_well(whole: Layout, archive: Path) -> None:
    verification = whole.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], [])


def test_another_byte_in_the_archives_layer(whole: Layout, archive: Path) -> None:
    layer = as_it_is(archive).descriptor
    flip(whole.blob(layer.digest), layer.size // 2)
    verification = whole.verify(archive)
    assert failures(verification) == ["layer", "archive"]
    check = only(verification, "layer")
    assert check.subject == layer.digest
    assert check.message.startswith("its bytes are of sha256:")
    assert check.message.endswith(f"not of {layer.digest}")
    assert "push the image again" in check.hint
    assert {"user", "entrypoint", "program", "secrets"} <= {each.check for each in verification.checks}


def test_another_byte_in_a_base_layer_leaves_the_rest_to_be_verified(whole: Layout, archive: Path) -> None:
    base = zipped(BASE).descriptor
    flip(whole.blob(base.digest), base.size // 2)
    verification = whole.verify(archive)
    assert (failures(verification), warnings(verification)) == (["layer", "program"], ["changes"])
    assert said(verification, "secrets")[0].endswith(" looks like a secret, but 1 could not be read")
    assert "is the vendor's archive itself" in said(verification, "archive", Status.PASS)[0]


def test_damage_that_breaks_the_unpacking_is_told_by_the_digest(layout: Layout, tmp_path: Path) -> None:
    """Long before the end, where the digest could be compared."""
    archive = make_archive(tmp_path / "large.tar.gz", size=2_000_000)
    layout.put(zipped(BASE), as_it_is(archive))
    flip(layout.blob(as_it_is(archive).descriptor.digest), 0)
    assert only(layout.verify(archive), "layer").message.startswith("its bytes are of sha256:")


def test_two_manifests_that_do_not_agree_on_a_layers_size(layout: Layout, archive: Path) -> None:
    base, vendor = zipped(BASE).descriptor, as_it_is(archive).descriptor
    right = layout.put(zipped(BASE), as_it_is(archive), tag=None)
    other = {**vendor.to_json(), "size": vendor.size + 1}
    wrong = layout.put(
        zipped(BASE), as_it_is(archive), tag=None, Labels={}, manifest={"layers": [base.to_json(), other]}
    )
    layout.index(right.to_json(), wrong.to_json())
    verification = layout.verify(archive)
    assert failures(verification) == ["layer"]
    assert said(verification, "layer", Status.PASS)[2:] == []


def test_a_layer_that_is_cut(whole: Layout, archive: Path) -> None:
    layer = as_it_is(archive).descriptor
    path = whole.blob(layer.digest)
    path.write_bytes(path.read_bytes()[:-100])
    assert (
        only(whole.verify(archive), "layer").message
        == f"it is not {layer.size} bytes long, as its descriptor says"
    )


def test_a_layer_that_is_gone(whole: Layout, archive: Path) -> None:
    whole.blob(as_it_is(archive).descriptor.digest).unlink()
    assert only(whole.verify(archive), "layer").message == "there is no such blob"


def test_another_byte_in_the_config(whole: Layout, archive: Path) -> None:
    descriptor = whole.registry.resolve(whole.reference)
    assert descriptor
    config = Path(whole.blob(descriptor.digest)).read_text().partition('"config": {')[2]
    digest = config.partition('"digest": "')[2][:71]
    flip(whole.blob(digest))
    verification = whole.verify(archive)
    assert failures(verification) == ["config"]
    assert only(verification, "config").subject == digest
    assert {"archive", "links", "libraries", "access"} <= {each.check for each in verification.checks}
    assert not {"user", "entrypoint"} & {each.check for each in verification.checks}


def test_another_byte_in_the_manifest(whole: Layout, archive: Path) -> None:
    descriptor = whole.registry.resolve(whole.reference)
    assert descriptor
    flip(whole.blob(descriptor.digest))
    verification = whole.verify(archive)
    assert failures(verification) == ["manifest"]
    assert only(verification, "manifest").message.startswith("its bytes are of sha256:")


def test_a_manifest_of_another_size_than_is_named(layout: Layout, archive: Path) -> None:
    made = layout.put(zipped(BASE), as_it_is(archive))
    verification = layout.verify(archive, descriptor=Descriptor(made.media_type, made.digest, made.size + 1))
    assert failures(verification) == ["manifest"]
    assert (
        only(verification, "manifest").message
        == f"it is {made.size} bytes long, and listed with {made.size + 1}"
    )


def test_a_diff_id_of_other_contents(layout: Layout, archive: Path) -> None:
    layer = as_it_is(archive)
    layout.put(zipped(BASE), RawLayer(layer.content, digest_of(b"other")))
    verification = layout.verify(archive)
    assert failures(verification) == ["layer"]
    assert only(verification, "layer").message.startswith(
        f"it unpacks to {layer.diff_id}, and the config says"
    )


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_diff_ids_than_of_layers(layout: Layout, archive: Path, count: int) -> None:
    ids = [digest_of(BASE), as_it_is(archive).diff_id, digest_of(b"other")][:count]
    layout.put(zipped(BASE), as_it_is(archive), document={"rootfs": {"type": "layers", "diff_ids": ids}})
    verification = layout.verify(archive)
    assert failures(verification) == ["config"]
    assert only(verification, "config").message == f"it has {count} diff IDs, and the manifest 2 layers"


def test_dockers_types_and_plain_tars(layout: Layout, archive: Path) -> None:
    base, vendor = stored(BASE), as_it_is(archive)
    config = layout.put(base, vendor).digest
    made = layout.blob(config).read_text()
    for theirs, ours in (
        (DOCKER_MANIFEST, "application/vnd.oci.image.manifest.v1+json"),
        (DOCKER_CONFIG, "application/vnd.oci.image.config.v1+json"),
        (DOCKER_LAYER_GZIP, "application/vnd.oci.image.layer.v1.tar+gzip"),
        (DOCKER_LAYER, "application/vnd.oci.image.layer.v1.tar"),
    ):
        made = made.replace(f'"{ours}"', f'"{theirs}"')
    content = made.encode()
    descriptor = Descriptor(DOCKER_MANIFEST, digest_of(content), len(content))
    layout.registry.put_manifest(layout.reference, descriptor, content)
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], [])


def test_a_plain_tar_that_is_called_gzip(layout: Layout, archive: Path) -> None:
    layout.put(RawLayer(BASE, digest_of(BASE)), as_it_is(archive))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], ["layer"])
    assert (
        only(verification, "layer", Status.WARN).message
        == "its type says gzip, and its bytes are a plain tar"
    )


def test_zstd_cannot_be_looked_into_and_says_so(layout: Layout, archive: Path) -> None:
    """A frame of one raw block (RFC 8878, 3.1.1)."""
    frame = b"\x28\xb5\x2f\xfd\x20\x05" + (5 << 3 | 1).to_bytes(3, "little") + b"hello"
    layout.put(zipped(BASE), RawLayer(frame, digest_of(b"hello"), OCI_LAYER_ZSTD))
    verification = layout.verify(archive)
    assert failures(verification) == ["layer", "archive"]
    check = only(verification, "layer")
    assert "cannot be looked into: it is compressed with zstd" in check.message
    assert check.message.startswith("its bytes are of its digest, but it ")
    assert "--compression-format gzip" in check.hint
    flip(layout.blob(digest_of(frame)))
    assert only(layout.verify(archive), "layer").message.startswith("its bytes are of sha256:")


def test_gzip_that_was_pushed_broken(layout: Layout, archive: Path) -> None:
    """The digest is right, so that no registry would notice."""
    content = as_it_is(archive).content[:-9]
    layout.put(zipped(BASE), RawLayer(content, digest_of(b"")))
    check = only(layout.verify(archive), "layer")
    assert check.message == "its bytes are of its digest, but it is truncated: its gzip stream has no end"
    assert check.hint == "build the image again, and push it"


def test_data_behind_the_end_of_a_layer(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE + tar(file("hidden"))), as_it_is(archive))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], ["layer"])
    assert "more data follows" in only(verification, "layer", Status.WARN).message
    layout.put(RawLayer(gzip.compress(BASE) + b"hidden", digest_of(BASE)), as_it_is(archive))
    assert "has other data after its gzip stream" in only(layout.verify(archive), "layer").message


def test_a_layer_of_no_known_type(layout: Layout, archive: Path) -> None:
    layout.put(RawLayer(zipped(BASE).content, digest_of(BASE), "text/plain"), as_it_is(archive))
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], ["layer"])


def test_an_empty_layer_again_and_again(layout: Layout, archive: Path) -> None:
    """As Docker has them for steps that change no file."""
    empty = zipped(bytes(1024))
    layout.put(zipped(BASE), empty, as_it_is(archive), empty, empty)
    verification = layout.verify(archive)
    assert (failures(verification), warnings(verification)) == ([], [])
    assert len(said(verification, "layer")) == 3


def test_an_image_without_layers(layout: Layout, archive: Path) -> None:
    layout.put()
    assert failures(layout.verify(archive)) == ["archive", "program"]


def test_another_packing_is_told_by_its_own_digest(layout: Layout, archive: Path) -> None:
    layout.put(zipped(BASE), copied(archive))
    assert failures(layout.verify(archive)) == []
