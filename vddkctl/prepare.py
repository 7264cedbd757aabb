"""From an image's part of the spec to the image itself, with nothing pushed yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from vddkctl.errors import ArchiveError
from vddkctl.oci.image import BaseImage, Image, ImageIndex
from vddkctl.oci.platform import Platform, parse_platform
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.plan.observed import BuiltImage
from vddkctl.progress import Progress
from vddkctl.site.model import ImageSpec
from vddkctl.vddk.archive import ArchiveFacts

if TYPE_CHECKING:
    from vddkctl.build.cache import Cache


@dataclass(frozen=True, slots=True)
class Prepared:
    """An image, and what the planner wants to know about it."""

    built: BuiltImage
    image: Image | ImageIndex


@dataclass(frozen=True)
class Preparation:
    """Prepares images; what was learned of an archive is remembered between runs."""

    places: Places
    progress: Progress

    def archive(self, path: str, sha256: str | None = None, *platforms: str | None) -> ArchiveFacts:
        """The facts of an archive. Raises ArchiveError when it is not what is asked for."""
        from vddkctl.build.archive import check_platform, inspect

        file = self.places.path(path)
        facts = inspect(file, declared_sha256=sha256, progress=self.progress, cache=self._cache.facts)
        for platform in filter(None, platforms):
            check_platform(facts, platform, allow=False, where=str(file))
        return facts

    def forget_archive(self, path: str) -> None:
        """Read the archive anew the next time, although it looks the same: its bytes were not as remembered."""
        from vddkctl.build.archive import forget

        forget(self.places.path(path), self._cache.facts)

    def image(self, spec: ImageSpec) -> Prepared:
        """The image that the spec asks for. Raises ArchiveError, ImageError and RegistryError."""
        from vddkctl.build.layer import layer_of
        from vddkctl.build.native import base_digest, build

        wanted = () if spec.allow_platform_mismatch else spec.platforms
        facts = self.archive(spec.archive.path, spec.archive.sha256, *wanted)
        path = self.places.path(spec.archive.path)
        try:
            layer, source = layer_of(path, facts, self._cache.layers, self.progress)
        except ArchiveError:
            self.forget_archive(spec.archive.path)
            raise
        platforms = [parse_platform(platform) for platform in spec.platforms]
        reference = parse(spec.base)
        bases = {platform: self._base(reference, platform) for platform in platforms}
        image = build(facts, layer, source, platforms, bases, _public_name(reference))
        return Prepared(
            BuiltImage(
                digest=image.descriptor.digest,
                size=image.size,
                base_digest=base_digest(platforms, bases),
                base_floating=not reference.pinned,
                layer=layer,
                archive=facts,
                archive_path=spec.archive.path,
            ),
            image,
        )

    def _base(self, reference: Reference, platform: Platform) -> BaseImage:
        from vddkctl.registry.read import read_base

        located = self.places.located(reference)
        return read_base(self.places.registry(located), located, platform)

    @cached_property
    def _cache(self) -> Cache:
        from vddkctl.build.cache import Cache

        return Cache(self.places.cache)


def _public_name(reference: Reference) -> str:
    """What the image may say of its base: a folder's path would make the bytes depend on the machine."""
    return "" if reference.transport == "oci" else str(reference)
