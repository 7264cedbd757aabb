"""Whole images, ready to be pushed."""

from __future__ import annotations

from dataclasses import dataclass

from vddkctl.oci.descriptor import Blob, Descriptor


@dataclass(frozen=True, slots=True)
class Image:
    """An image for one platform: ``descriptor`` is the manifest's, ``blobs`` are its config and layers."""

    descriptor: Descriptor
    manifest: bytes
    config: bytes
    blobs: tuple[Blob, ...]


@dataclass(frozen=True, slots=True)
class ImageIndex:
    """Several images under one name, one for each platform."""

    descriptor: Descriptor
    manifest: bytes
    images: tuple[Image, ...]
