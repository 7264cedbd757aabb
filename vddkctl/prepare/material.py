"""What an image has beyond its base: the vendor's archive, or what a pushed image says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vddkctl.oci.descriptor import BlobSource
from vddkctl.vddk.archive import ArchiveFacts, LayerFacts

if TYPE_CHECKING:
    from vddkctl.build.native import Contents


@dataclass(frozen=True, slots=True)
class Material:
    """The layer to put on a base, and what the image is to say of the archive that it was made of."""

    contents: Contents
    layer: LayerFacts
    source: BlobSource


@dataclass(frozen=True, slots=True)
class FromArchive(Material):
    """Material from the archive itself."""

    contents: ArchiveFacts


@dataclass(frozen=True, slots=True)
class Said:
    """What a pushed image says of its archive, as :class:`~vddkctl.build.native.Contents`."""

    sha256: str
    version: str
    released: int
