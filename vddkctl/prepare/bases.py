"""The bases that images stand on, read with as few requests as it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from vddkctl.errors import DeniedError, RegistryError, UnreachableError
from vddkctl.oci.descriptor import Descriptor
from vddkctl.oci.image import BaseImage
from vddkctl.oci.platform import Platform
from vddkctl.oci.reference import Reference
from vddkctl.places import Places
from vddkctl.prepare.tags import Tags
from vddkctl.registry.documents import Documents


class Ground(Struct, frozen=True):
    """One base for each platform. ``digest`` is what the image says of it: see ``build.native.base_digest``."""

    images: Mapping[Platform, BaseImage]
    digest: str


class Bases:
    """Reads bases. What a tag names is asked for once; what has a digest, never again on this machine."""

    def __init__(self, places: Places, tags: Tags) -> None:
        self._places = places
        self._tags = tags
        self._read: dict[tuple[str, Platform], BaseImage] = {}

    def ground(self, reference: Reference, platforms: Sequence[Platform]) -> Ground:
        """The base that a spec's reference names. Raises RegistryError and ImageError."""
        from vddkctl.build.native import base_digest

        images = {platform: self._base(reference, platform) for platform in platforms}
        return Ground(images, base_digest(platforms, images))

    def at(
        self, reference: Reference, digest: str, platforms: Sequence[Platform], gone: RegistryError
    ) -> Ground:
        """The base of this digest in the repository of ``reference``. Raises ``gone`` when it is there no more."""
        try:
            return self.ground(reference.with_digest(digest), platforms)
        except (DeniedError, UnreachableError):
            raise
        except RegistryError:
            if self.has(reference, digest):
                raise
            raise gone from None

    def has(self, reference: Reference, digest: str) -> bool:
        """Whether the repository of ``reference`` holds this digest: the place itself is asked."""
        located = self._places.located(reference).with_digest(digest)
        registry = self._places.registry(located)
        found = registry.resolve(located)
        # The index of a folder may list what was removed from it.
        return found is not None and (located.transport == "docker" or registry.has_manifest(located, found))

    def _base(self, reference: Reference, platform: Platform) -> BaseImage:
        from vddkctl.registry.read import read_base

        key = (str(reference), platform)
        if key not in self._read:
            located = self._places.located(reference)
            # A folder is as near as the cache, and what is gone from it shall be missed.
            documents = self._documents if reference.transport == "docker" else None
            registry, named = self._places.registry(located), self._named(reference)
            self._read[key] = read_base(registry, located, platform, named=named, documents=documents)
        return self._read[key]

    def _named(self, reference: Reference) -> Descriptor | None:
        """What a tag names; a digest is looked for among the documents first, by whoever reads it."""
        return None if reference.pinned else self._tags.named(reference)

    @cached_property
    def _documents(self) -> Documents:
        return documents(self._places)


def documents(places: Places) -> Documents:
    """Where documents of registries are kept."""
    return Documents(places.cache / "documents")
