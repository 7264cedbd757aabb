"""Makes images of archives and bases."""

from __future__ import annotations

from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field

from vddkctl.errors import ArchiveError, VddkctlError
from vddkctl.oci.image import Image, ImageIndex
from vddkctl.oci.platform import Platform, parse_platform
from vddkctl.oci.reference import Reference, parse
from vddkctl.places import Places
from vddkctl.plan.observed import BuiltImage
from vddkctl.progress import Progress
from vddkctl.site.model import ImageSpec
from vddkctl.threads import start
from vddkctl.vddk.archive import ArchiveFacts

if TYPE_CHECKING:
    from vddkctl.build.archive.inspection import Remembered
    from vddkctl.build.cache import Cache
    from vddkctl.prepare.bases import Bases, Ground
    from vddkctl.prepare.material import FromArchive, Material
    from vddkctl.prepare.tags import Tags


class Prepared(Struct, frozen=True):
    """An image, and what the planner wants to know about it."""

    built: BuiltImage
    image: Image | ImageIndex


class Preparation(Struct, frozen=True, eq=False, dict=True):
    """Prepares images; what was learned of an archive is remembered between runs.

    ``archives`` stands for what is kept of archives, where somebody has begun to read one.
    """

    places: Places
    progress: Progress
    archives: Remembered | None = None
    _begun: dict[tuple[str | None, ...], Future[ArchiveFacts]] = field(default_factory=dict)

    def begin(self, spec: ImageSpec) -> None:
        """Begin to read the spec's archive, which :meth:`material` then waits for."""
        if self.has_archive(spec):
            wanted = _wanted(spec)
            self._begun[wanted] = start(self.archive, *wanted)

    def archive(self, path: str, sha256: str | None = None, *platforms: str | None) -> ArchiveFacts:
        """The facts of an archive. Raises ArchiveError when it is not what is asked for."""
        from vddkctl.build.archive import check_platform, inspect

        file = self.places.path(path)
        facts = inspect(file, declared_sha256=sha256, progress=self.progress, cache=self._facts)
        for platform in filter(None, platforms):
            check_platform(facts, platform, allow=False, where=str(file))
        return facts

    def has_archive(self, spec: ImageSpec) -> bool:
        """Whether anything at all is where the archive should be."""
        try:
            return self.places.path(spec.archive.path).exists()
        except VddkctlError:  # ${VAR} is not set on this machine
            return False
        except OSError:
            return True

    def forget_archive(self, path: str) -> None:
        """Read the archive anew the next time, although it looks the same: its bytes were not as remembered."""
        from vddkctl.build.archive import forget

        forget(self.places.path(path), self._facts)

    def facts(self, spec: ImageSpec) -> ArchiveFacts:
        """The facts of the spec's archive, and that it fits the spec's platforms. Raises ArchiveError."""
        wanted = _wanted(spec)
        begun = self._begun.pop(wanted, None)
        return begun.result() if begun else self.archive(*wanted)

    def material(self, spec: ImageSpec) -> FromArchive:
        """The layer for the spec's archive, which is read for it. Raises ArchiveError."""
        from vddkctl.build.layer import layer_of
        from vddkctl.prepare.material import FromArchive

        facts = self.facts(spec)
        path = self.places.path(spec.archive.path)
        try:
            layer, source = layer_of(path, facts, self._cache.layers, self.progress)
        except ArchiveError:
            self.forget_archive(spec.archive.path)
            raise
        return FromArchive(facts, layer, source)

    def on(self, spec: ImageSpec, material: Material, ground: Ground) -> Image | ImageIndex:
        """Put the layer on a base. Raises ImageError when that cannot carry it."""
        from vddkctl.build.native import build

        base = _public_name(parse(spec.base))
        return build(
            material.contents, material.layer, material.source, platforms_of(spec), ground.images, base
        )

    def prepared(self, spec: ImageSpec, material: FromArchive, ground: Ground) -> Prepared:
        """The same, with what the planner wants to know of it."""
        image = self.on(spec, material, ground)
        built = BuiltImage(
            digest=image.descriptor.digest,
            size=image.size,
            base_digest=ground.digest,
            layer=material.layer,
            archive=material.contents,
            archive_path=spec.archive.path,
        )
        return Prepared(built, image)

    @cached_property
    def tags(self) -> Tags:
        """What tags name."""
        from vddkctl.prepare.tags import Tags

        return Tags(self.places)

    @cached_property
    def bases(self) -> Bases:
        """What images stand on."""
        from vddkctl.prepare.bases import Bases

        return Bases(self.places, self.tags)

    @property
    def _facts(self) -> Remembered:
        return self.archives or self._cache.facts

    @cached_property
    def _cache(self) -> Cache:
        from vddkctl.build.cache import Cache

        return Cache(self.places.cache)


def _wanted(spec: ImageSpec) -> tuple[str, str | None, *tuple[str, ...]]:
    """The arguments of :meth:`Preparation.archive` for a spec."""
    platforms = () if spec.allow_platform_mismatch else spec.platforms
    return (spec.archive.path, spec.archive.sha256, *platforms)


def platforms_of(spec: ImageSpec) -> list[Platform]:
    """The platforms that an image is for."""
    return [parse_platform(platform) for platform in spec.platforms]


def _public_name(reference: Reference) -> str:
    """What the image may say of its base: a folder's path would make the bytes depend on the machine."""
    return "" if reference.transport == "oci" else str(reference)
