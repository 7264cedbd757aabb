"""Descriptors and media types (OCI image specification 1.1, "Content Descriptors")."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, BinaryIO, Protocol

from msgspec import Struct, field

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_LAYER_ZSTD = "application/vnd.docker.image.rootfs.diff.tar.zstd"

MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES = frozenset({OCI_INDEX, DOCKER_INDEX})


class Descriptor(Struct, frozen=True):
    """What a blob is called: its type, its digest (``sha256:<hex>``) and its size in bytes."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, str] | None = None

    @property
    def short(self) -> str:
        """The digest as people read it: ``sha256:5f0c81d2…``."""
        return f"{self.digest[:15]}…"

    def to_json(self) -> dict[str, Any]:
        """The descriptor as it stands in a manifest."""
        data: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.platform:
            data["platform"] = dict(self.platform)
        if self.annotations:
            data["annotations"] = dict(self.annotations)
        return data


class BlobSource(Protocol):
    """Where the bytes of a blob come from. Opening it twice gives the same bytes twice."""

    def open(self) -> BinaryIO:
        """A stream of the blob's bytes; the caller closes it."""
        ...


class Content(Struct, frozen=True):
    """Bytes at hand, as a :class:`BlobSource`: a config, a small layer."""

    content: bytes

    def open(self) -> BinaryIO:
        """A stream of them."""
        return io.BytesIO(self.content)


class Blob(Struct, frozen=True):
    """A descriptor and where its bytes are."""

    descriptor: Descriptor
    source: BlobSource
