"""Whole images, ready to be pushed, and the images they stand on."""

from __future__ import annotations

from msgspec import Struct

from vddkctl.oci.config import Config
from vddkctl.oci.descriptor import Blob, Descriptor
from vddkctl.oci.platform import Platform


class BaseImage(Struct, frozen=True):
    """What an image stands on, for one platform.

    ``digest`` is of the manifest for that platform, None for an empty base. ``named_digest`` is what the
    reference led to: the same, or the index that the manifest was chosen from.
    """

    digest: str | None
    named_digest: str | None
    config: Config
    layers: tuple[Blob, ...]


def scratch(platform: Platform) -> BaseImage:
    """The empty base."""
    return BaseImage(None, None, Config(platform, (), (), {}, {}), ())


class Image(Struct, frozen=True):
    """An image for one platform: ``descriptor`` is the manifest's, ``blobs`` are its config and layers."""

    descriptor: Descriptor
    manifest: bytes
    config: bytes
    blobs: tuple[Blob, ...]

    @property
    def all_blobs(self) -> tuple[Blob, ...]:
        """Every blob once."""
        return _unique(self.blobs)

    @property
    def size(self) -> int:
        """Bytes of all blobs together: what a push moves at the most."""
        return sum(blob.descriptor.size for blob in self.all_blobs)


class ImageIndex(Struct, frozen=True):
    """Several images under one name, one for each platform."""

    descriptor: Descriptor
    manifest: bytes
    images: tuple[Image, ...]

    @property
    def all_blobs(self) -> tuple[Blob, ...]:
        """Every blob of every image once: platforms share the archive's layer."""
        return _unique(tuple(blob for image in self.images for blob in image.blobs))

    @property
    def size(self) -> int:
        """Bytes of all blobs together: what a push moves at the most."""
        return sum(blob.descriptor.size for blob in self.all_blobs)


def _unique(blobs: tuple[Blob, ...]) -> tuple[Blob, ...]:
    first: dict[str, Blob] = {}
    for blob in blobs:
        first.setdefault(blob.descriptor.digest, blob)
    return tuple(first.values())
