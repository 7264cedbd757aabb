"""What an image's tag names now, read only as far as it is asked for."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from vddkctl.oci.annotations import Origin
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.reference import Reference
from vddkctl.places import Places
from vddkctl.plan.observed import PushedImage
from vddkctl.registry.base import Registry


class Tagged(Struct, frozen=True, eq=False, dict=True):
    """A located reference, and the descriptor that its tag names (None: the tag is not there)."""

    places: Places
    reference: Reference
    found: Descriptor | None

    @cached_property
    def registry(self) -> Registry:
        """The place of the image. What has a digest is not asked for twice."""
        from vddkctl.prepare.bases import documents
        from vddkctl.registry.cached import CachedRegistry

        registry = self.places.registry(self.reference)
        return CachedRegistry(registry, documents(self.places)) if self.guarded else registry

    @cached_property
    def origin(self) -> Origin:
        """Where the image says that it comes from. Raises RegistryError."""
        from vddkctl.registry.read import read_origin

        if self.found is None or (
            not self.guarded and not self.registry.has_manifest(self.reference, self.found)
        ):
            return Origin()
        return read_origin(self.registry, self.reference, self.found)

    def pushed(self, expected: str) -> PushedImage | None:
        """The image, for comparing it with the digest that is ``expected`` there. Raises RegistryError."""
        from vddkctl.registry.read import read_pushed

        if self.found is None:
            return None
        if self.guarded and self.found.digest == expected:
            return PushedImage(self.found.digest)
        return read_pushed(self.registry, self.reference, self.found, parts=not self.guarded)

    @property
    def guarded(self) -> bool:
        """Whether its place guards it: a registry sees to it that an image is whole; a folder has nobody who does."""
        return self.reference.transport == "docker"
