from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.registry.samples import AMD64, ARM64, Sample, base_image, on_layout, pushed_base, tree
from vddkctl.errors import ImageError, RegistryError
from vddkctl.oci.assemble import index
from vddkctl.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Content,
    Descriptor,
)
from vddkctl.oci.digest import digest_of, hex_of
from vddkctl.oci.document import encode
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.platform import Platform, parse_platform
from vddkctl.oci.reference import Reference, parse
from vddkctl.plan.observed import PushedImage
from vddkctl.progress import Silent
from vddkctl.registry.layout import LayoutRegistry
from vddkctl.registry.push import push
from vddkctl.registry.read import read_base, read_pushed

BASE = parse("oci:base:1")
RELEASED = "2023-03-28T10:40:00Z"


def pushed(registry: LayoutRegistry, reference: Reference) -> PushedImage | None:
    """What a tag names, and whether that is whole."""
    found = registry.resolve(reference)
    return read_pushed(registry, reference, found, parts=True) if found else None


def put(registry: LayoutRegistry, media_type: str, content: bytes, tag: str = "1") -> str:
    descriptor = Descriptor(media_type, digest_of(content), len(content))
    registry.put_manifest(replace(BASE, tag=tag), descriptor, content)
    return descriptor.digest


def multi_platform(root: Path, *platforms: str) -> LayoutRegistry:
    registry = LayoutRegistry(root)
    images = [base_image(parse_platform(text), content=text.encode()) for text in platforms]
    push(registry, BASE, index(images, {}), Silent())
    return registry


def test_a_base_is_read_with_its_config_and_layers(tmp_path: Path) -> None:
    image, base = base_image(), pushed_base(tmp_path)
    assert base.digest == base.named_digest == image.descriptor.digest
    assert base.config.runtime["Env"] == ["PATH=/bin"]
    assert [layer.descriptor for layer in base.layers] == [image.blobs[0].descriptor]
    with base.layers[0].source.open() as stream, image.blobs[0].source.open() as original:
        assert stream.read() == original.read()


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64", "linux/arm64/v8"),
    ],
)
def test_the_image_for_the_platform_is_chosen_from_an_index(tmp_path: Path, wanted: str, chosen: str) -> None:
    registry = multi_platform(tmp_path, "linux/s390x", "linux/amd64", "linux/amd64/v3", "linux/arm64/v8")
    base = read_base(registry, BASE, parse_platform(wanted))
    platform = parse_platform(chosen)
    assert base.digest == base_image(platform, content=chosen.encode()).descriptor.digest
    named = registry.resolve(BASE)
    assert named is not None
    assert base.named_digest == named.digest != base.digest


def test_a_base_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        RegistryError,
        match=r"^oci:base:1: there is no such image\n  put one there, as with: skopeo copy docker://IMAGE oci:base:1$",
    ):
        read_base(LayoutRegistry(tmp_path), BASE, AMD64)


def test_an_index_without_the_platform_says_which_there_are(tmp_path: Path) -> None:
    registry = multi_platform(tmp_path, "linux/s390x", "linux/arm64/v8")
    with pytest.raises(ImageError) as caught:
        read_base(registry, BASE, AMD64)
    assert str(caught.value) == (
        "oci:base:1: it is not for linux/amd64\n  it is for linux/arm64/v8, linux/s390x; choose another one"
    )


def test_an_image_for_another_platform_is_refused_by_its_config(tmp_path: Path) -> None:
    pushed_base(tmp_path, ARM64)
    with pytest.raises(ImageError, match=r"it is not for linux/amd64\n  it is for linux/arm64;"):
        read_base(LayoutRegistry(tmp_path), BASE, AMD64)


def test_attestations_are_no_platforms(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    images = [base_image(), base_image(Platform("unknown", "unknown"), content=b"attestation")]
    push(registry, BASE, index(images, {}), Silent())
    assert read_base(registry, BASE, AMD64).digest == images[0].descriptor.digest
    with pytest.raises(ImageError, match=r"it is for linux/amd64; choose"):
        read_base(registry, BASE, ARM64)


def test_an_only_entry_without_a_platform_is_judged_by_its_config(tmp_path: Path) -> None:
    registry, image = LayoutRegistry(tmp_path), base_image()
    push(registry, replace(BASE, tag="child"), image, Silent())
    entry = {"mediaType": OCI_MANIFEST, "digest": image.descriptor.digest, "size": image.descriptor.size}
    put(registry, OCI_INDEX, encode({"schemaVersion": 2, "manifests": [entry]}))
    assert read_base(registry, BASE, AMD64).digest == image.descriptor.digest
    with pytest.raises(ImageError, match="it is not for linux/arm64"):
        read_base(registry, BASE, ARM64)


def test_an_index_in_an_index_is_followed_but_not_for_ever(tmp_path: Path) -> None:
    registry = multi_platform(tmp_path, "linux/amd64", "linux/arm64")
    for depth in range(1, 5):
        named = registry.resolve(BASE)
        assert named is not None
        assert read_base(registry, BASE, AMD64).config.platform == AMD64 if depth < 4 else True
        entry = Descriptor(OCI_INDEX, named.digest, named.size).to_json()
        put(registry, OCI_INDEX, encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}))
    with pytest.raises(ImageError, match="an index of indexes without an end"):
        read_base(registry, BASE, AMD64)


def test_a_docker_base_gives_an_oci_image_with_the_same_layers(tmp_path: Path) -> None:
    registry, image = LayoutRegistry(tmp_path), base_image()
    push(registry, replace(BASE, tag="oci"), image, Silent())
    manifest = json.loads(image.manifest)
    docker = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": {**manifest["config"], "mediaType": DOCKER_CONFIG},
        "layers": [{**manifest["layers"][0], "mediaType": DOCKER_LAYER_GZIP}],
    }
    put(registry, DOCKER_MANIFEST, encode(docker))
    built = Sample().image({AMD64: read_base(registry, BASE, AMD64)})
    same = Sample().image({AMD64: read_base(registry, replace(BASE, tag="oci"), AMD64)})
    assert isinstance(built, Image)
    assert json.loads(built.manifest)["layers"] == json.loads(same.manifest)["layers"]
    push(registry, parse("oci:images:1"), built, Silent())


def test_a_config_that_is_not_what_its_digest_says_is_refused(tmp_path: Path) -> None:
    registry, image = LayoutRegistry(tmp_path), base_image()
    push(registry, BASE, image, Silent())
    path = tmp_path / "base" / "blobs" / "sha256" / hex_of(digest_of(image.config))
    path.write_bytes(image.config.replace(b"PATH=/bin", b"PATH=/bad"))
    with pytest.raises(RegistryError, match=rf"^{path}: its bytes are of sha256:"):
        read_base(registry, BASE, AMD64)


def test_a_pushed_image_says_where_it_comes_from(tmp_path: Path) -> None:
    registry, reference, image = on_layout(tmp_path)
    assert pushed(registry, reference) is None
    push(registry, reference, image, Silent())
    assert pushed(registry, reference) == PushedImage(
        image.descriptor.digest,
        digest_of(Sample().archive)[7:],
        base_image().descriptor.digest,
        version="8.0.1",
        created=RELEASED,
    )


def damage(path: Path, how: str) -> None:
    if how == "gone":
        path.unlink()
    elif how == "short":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("platforms", [1, 2])
@pytest.mark.parametrize(
    ("part", "how"),
    [
        *[(part, how) for part in ("named", "manifest", "config", "layer") for how in ("gone", "short")],
        ("named", "zeroed"),
        ("manifest", "zeroed"),
    ],
)
def test_an_image_that_lacks_a_part_is_incomplete_and_a_push_restores_it(
    tmp_path: Path, platforms: int, part: str, how: str
) -> None:
    bases = {AMD64: pushed_base(tmp_path / "a"), ARM64: pushed_base(tmp_path / "b", ARM64)}
    image, reference = Sample().image(dict([*bases.items()][:platforms])), parse("oci:images:1")
    push(LayoutRegistry(tmp_path), reference, image, Silent())
    whole, before = pushed(LayoutRegistry(tmp_path), reference), tree(tmp_path / "images")
    assert whole is not None
    assert not whole.incomplete
    last = image.images[-1] if isinstance(image, ImageIndex) else image
    digest = {
        "named": image.descriptor.digest,
        "manifest": last.descriptor.digest,
        "config": digest_of(last.config),
        "layer": digest_of(Sample().archive),
    }[part]
    damage(tmp_path / "images" / "blobs" / "sha256" / hex_of(digest), how)

    found = pushed(LayoutRegistry(tmp_path), reference)
    assert found is not None
    assert (found.digest, found.incomplete) == (image.descriptor.digest, True)

    push(LayoutRegistry(tmp_path), reference, image, Silent(), expected=found.digest)
    assert pushed(LayoutRegistry(tmp_path), reference) == whole
    assert tree(tmp_path / "images") == before


def test_an_entry_with_the_wrong_size_is_incomplete_and_a_push_mends_it(tmp_path: Path) -> None:
    registry, reference, image = on_layout(tmp_path)
    push(registry, reference, image, Silent())
    index = tmp_path / "images" / "index.json"
    right = index.read_bytes()
    index.write_bytes(right.replace(b'"size":%d' % image.descriptor.size, b'"size":1'))
    assert index.read_bytes() != right
    assert pushed(registry, reference) == PushedImage(image.descriptor.digest, incomplete=True)
    push(registry, reference, image, Silent())
    assert index.read_bytes() == right


def test_an_index_of_another_tool_is_known_by_its_first_image(tmp_path: Path) -> None:
    registry, reference, image = on_layout(tmp_path)
    assert isinstance(image, Image)
    bare = index([image], {})
    push(registry, reference, bare, Silent())
    assert pushed(registry, reference) == PushedImage(
        bare.descriptor.digest,
        digest_of(Sample().archive)[7:],
        base_image().descriptor.digest,
        version="8.0.1",
        created=RELEASED,
        index=True,
    )


@pytest.mark.parametrize(
    "content",
    [
        b'{"schemaVersion": 1, "name": "old"}',
        b'{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}',
        (
            b'{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"mediaType":'
            b' "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:'
            + b"00" * 32
            + b'", "size": 3}]}'
        ),
        b'{"schemaVersion": 2, "config": {"mediaType": "text/plain"}, "annotations": {"a": 1}}',
    ],
)
def test_what_another_tool_pushed_has_a_digest_and_nothing_more(tmp_path: Path, content: bytes) -> None:
    registry = LayoutRegistry(tmp_path)
    digest = put(registry, OCI_MANIFEST, content)
    assert pushed(registry, BASE) == PushedImage(digest, incomplete=b'"size": 3' in content)


def test_a_push_under_another_digest_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    registry, reference, image = on_layout(tmp_path)
    other = base_image(content=b"other").descriptor.digest
    with pytest.raises(RegistryError, match=f"the image is {image.descriptor.digest}, another one"):
        push(registry, reference.with_digest(other), image, Silent())
    assert not (tmp_path / "images").exists()


def test_a_push_by_digest_is_found_by_that_digest(tmp_path: Path) -> None:
    registry, reference, image = on_layout(tmp_path)
    by_digest = reference.with_digest(image.descriptor.digest)
    push(registry, by_digest, image, Silent())
    assert registry.resolve(by_digest) is not None
    assert registry.resolve(reference) is None


class Elsewhere(LayoutRegistry):
    """A layout in which another writer moves each tag on at once, or the bytes come back changed."""

    def __init__(self, root: Path, found: Descriptor | None, content: bytes | None = None) -> None:
        super().__init__(root)
        self.found = found
        self.content = content

    def resolve(self, reference: object) -> Descriptor | None:
        return self.found

    def manifest(self, reference: object, digest: str) -> bytes:
        return self.content or b""


def test_a_push_that_does_not_stand_in_the_end_is_told(tmp_path: Path) -> None:
    image, other = base_image(), base_image(content=b"other").descriptor
    pushed = f"{image.descriptor.digest} was pushed, and the tag names"
    for found, content, message in (
        (other, image.manifest, f"{pushed} {other.digest} now"),
        (None, image.manifest, f"{pushed} nothing now"),
        (image.descriptor, b"", f"other bytes than were pushed came back for {image.descriptor.digest}"),
    ):
        with pytest.raises(RegistryError, match=message):
            push(Elsewhere(tmp_path, found, content), BASE, image, Silent())


def test_a_config_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    registry, image = LayoutRegistry(tmp_path), base_image()
    push(registry, BASE, image, Silent())
    manifest = json.loads(image.manifest)
    manifest["config"]["size"] = 5 * 1024 * 1024
    put(registry, OCI_MANIFEST, encode(manifest))
    with pytest.raises(ImageError, match="config is larger than 4 MiB"):
        read_base(registry, BASE, AMD64)
    assert Content(b"x").open().read() == b"x"
