"""Images to carry: of several platforms, with what other tools put beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.registry.samples import AMD64, ARM64, base_image
from tests.support.running_registry import RunningRegistry
from vddkctl.oci.assemble import index
from vddkctl.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Blob,
    Content,
    Descriptor,
)
from vddkctl.oci.digest import digest_of
from vddkctl.oci.document import encode
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.progress import Silent
from vddkctl.registry.base import Registry
from vddkctl.registry.found import found
from vddkctl.registry.push import push
from vddkctl.registry.whole import Whole, read_whole


def reference_in(place: RunningRegistry, repository: str, tag: str = "1") -> Reference:
    """A tag in a registry."""
    return parse(f"{place.host}/{repository}:{tag}")


def place(root: Path, reference: Reference) -> Registry:
    """The registry of a reference; layouts are below ``root``."""
    return Places(root).registry(reference)


def put(root: Path, reference: Reference, image: Image | ImageIndex) -> None:
    """Push it."""
    push(place(root, reference), reference, image, Silent())


def whole(root: Path, reference: Reference) -> Whole:
    """Read it back, all of it."""
    registry = place(root, reference)
    return read_whole(registry, reference, found(registry, reference))


def document(media_type: str, data: dict[str, Any], *blobs: Blob, **described: Any) -> Image:
    """A manifest that says just that, whatever it is."""
    content = encode({"schemaVersion": 2, "mediaType": media_type, **data})
    descriptor = Descriptor(media_type, digest_of(content), len(content), **described)
    return Image(descriptor, content, b"", blobs)


def artifact(content: bytes = b"signed", config: str = "application/vnd.oci.empty.v1+json") -> Image:
    """A manifest that is no image: a signature, or an attestation."""
    parts = [
        Blob(Descriptor(media_type, digest_of(part), len(part)), Content(part))
        for media_type, part in ((config, b"{}"), ("application/vnd.in-toto+json", content))
    ]
    data = {"config": parts[0].descriptor.to_json(), "layers": [parts[1].descriptor.to_json()]}
    return document(OCI_MANIFEST, data, *parts)


def docker_image() -> Image:
    """One as Docker pushes it: schema 2, the same bytes under other names."""
    image = base_image(ARM64)
    *layers, config = [
        replace(
            blob,
            descriptor=replace(blob.descriptor, media_type=DOCKER_LAYER_GZIP, annotations={}, platform=None),
        )
        for blob in image.blobs
    ]
    config = replace(config, descriptor=replace(config.descriptor, media_type=DOCKER_CONFIG))
    data = {
        "config": config.descriptor.to_json(),
        "layers": [layer.descriptor.to_json() for layer in layers],
    }
    return document(DOCKER_MANIFEST, data, *layers, config, platform=ARM64.to_json())


def attested() -> ImageIndex:
    """An index as BuildKit pushes it: an image, one of Docker's kind, and an attestation that tells of the first."""
    image = base_image(AMD64)
    attestation = artifact(config="application/vnd.oci.image.config.v1+json")
    told = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": image.descriptor.digest,
    }
    unknown = {"os": "unknown", "architecture": "unknown"}
    attestation = replace(
        attestation, descriptor=replace(attestation.descriptor, annotations=told, platform=unknown)
    )
    return index([image, docker_image(), attestation, artifact(b"by cosign")], {"a": "b"})


def nested(root: Path, reference: Reference) -> None:
    """Push an index that lists an index."""
    inner = attested()
    put(root, reference.with_digest(inner.descriptor.digest), inner)
    content = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [inner.descriptor.to_json()]})
    registry = place(root, reference)
    registry.put_manifest(reference, Descriptor(OCI_INDEX, digest_of(content), len(content)), content)
