"""A blob that stays in its registry until someone reads it."""

from __future__ import annotations

from typing import BinaryIO

from msgspec import Struct

from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.reference import Reference
from vddkctl.registry.base import Registry


class RegistryBlob(Struct, frozen=True):
    """Where a blob is: pushed to another repository of the same registry, it is mounted and not moved."""

    registry: Registry
    reference: Reference
    descriptor: Descriptor

    def open(self) -> BinaryIO:
        """A stream of its bytes, checked at their end."""
        return self.registry.open_blob(self.reference, self.descriptor)
