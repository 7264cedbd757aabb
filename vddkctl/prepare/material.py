"""What an image has beyond its base: the vendor's archive, or what a pushed image says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from vddkctl.oci.descriptor import BlobSource
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts

if TYPE_CHECKING:
    from vddkctl.build.native import Contents


class Material(Struct, frozen=True):
    """The layer to put on a base, and what the image is to say of the archive that it was made of."""

    contents: Contents
    layer: LayerFacts
    source: BlobSource


class FromArchive(Material, frozen=True):
    """Material from the archive itself."""

    contents: ArchiveFacts


class Said(Struct, frozen=True):
    """What a pushed image says of its archive, as :class:`~vddkctl.build.native.Contents`."""

    sha256: str
    version: str
    released: int
